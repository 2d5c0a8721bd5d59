/* The life of a text: review, publication, archive, restoring, and what jobs do of it. Each function is one
 * transaction's worth: whatever is killed when, a text is published whole, with its revision, redirect, index and
 * event, or not at all. */
#include "kb/edit_private.h"
#include "kb/find.h"

static enum rc open_for(struct db_tx *tx, struct arena *a, const struct actor *who, int64_t page, struct str lang,
                        int64_t version, struct kb_draft *d, struct err *err)
{
	enum rc rc = kb_agents_only(who, err);

	if (rc == RC_OK)
		rc = kb_draft_open(tx, a, page, lang, d, err);
	if (rc == RC_OK && version != d->version)
		return fail_code(err, RC_CONFLICT, "stale",
		                 "Somebody else saved this text meanwhile. Nothing was done: read it again first.");
	return rc;
}

static enum rc need_draft(const struct kb_draft *d, struct err *err)
{
	if (d->state == KB_ARCHIVED)
		return fail_code(err, RC_CONFLICT, "archived",
		                 "This page is archived. Take it out of the archive first.");
	if (!d->version || d->state == KB_PUBLISHED)
		return fail_code(err, RC_CONFLICT, "unchanged",
		                 "There is nothing new: what you see is what readers get.");
	return RC_OK;
}

static enum rc set(struct db_tx *tx, const struct actor *who, struct instant now, struct kb_draft *d, enum kb_state to,
                   const char *what, struct err *err)
{
	d->state = to;
	enum rc rc = kb_row_draft_set(tx, d, err);

	return rc == RC_OK ? kb_tell(tx, who, now, d->page, what, d->lang, err) : rc;
}

enum rc kb_submit(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t page,
                  struct str lang, int64_t version, struct agent_id reviewer, struct str comment, struct err *err)
{
	struct kb_draft d;
	enum rc rc = open_for(tx, a, who, page, lang, version, &d, err);

	if (rc == RC_OK)
		rc = need_draft(&d, err);
	if (rc == RC_OK && str_trim(comment).n)
		rc = kb_comment_add(tx, who, now, page, lang, comment, err);
	if (rc != RC_OK)
		return rc;
	d.reviewer = reviewer;
	d.publish_at = (struct instant){ 0 };
	return set(tx, who, now, &d, KB_REVIEW, "submitted", err);
}

enum rc kb_return(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t page,
                  struct str lang, int64_t version, struct str comment, struct err *err)
{
	struct kb_draft d;
	enum rc rc = open_for(tx, a, who, page, lang, version, &d, err);

	if (rc == RC_OK && d.state != KB_REVIEW && d.state != KB_SCHEDULED)
		return fail(err, RC_CONFLICT, "This text does not wait for a review. Nothing was changed.");
	if (rc == RC_OK && d.state == KB_REVIEW && !str_trim(comment).n)
		return fail_field(err, RC_INVALID, "text", "Say what shall change, so that the writers know.");
	if (rc == RC_OK && str_trim(comment).n)
		rc = kb_comment_add(tx, who, now, page, lang, comment, err);
	if (rc != RC_OK)
		return rc;
	d.reviewer.v = 0;
	d.publish_at = (struct instant){ 0 };
	return set(tx, who, now, &d, KB_DRAFT, "returned", err);
}

/* ---- publication ---- */

/* The address changes: the old one leads here for ever, and one it had before is its own again. */
static enum rc readdress(struct db_tx *tx, const struct kb_draft *d, const struct article *was, struct err *err)
{
	enum rc rc = kb_redirect_drop(tx, d->slug, d->page, err);

	if (rc != RC_OK || !was->id.v || str_eq(was->slug, d->slug))
		return rc;
	rc = kb_redirect_add(tx, was->slug, d->lang, d->page, err);
	return rc == RC_OK ? kb_row_article_slug(tx, was->id, d->slug, err) : rc;
}

static enum rc put_live(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now,
                        struct kb_draft *d, struct str note, struct instant expires_at, struct err *err)
{
	struct kb_page p;
	struct article was = { 0 }, next;
	struct article_id id;
	int64_t revision = 0;
	enum rc rc = kb_page_find(tx, a, d->page, &p, err);

	if (rc == RC_OK && time_is_set(p.deleted_at))
		return fail_code(err, RC_CONFLICT, "deleted", "This page is in the recycle bin. Restore it first.");
	if (rc == RC_OK)
		rc = kb_row_article(tx, a, d->page, d->lang, &was, &revision, err);
	if (rc == RC_OK || rc == RC_NOT_FOUND)
		rc = readdress(tx, d, &was, err);
	if (rc != RC_OK)
		return rc == RC_CONFLICT ? fail_field(err, RC_INVALID, "slug",
		                                      "Another page has this address: choose another one.")
		                         : rc;
	next = (struct article){ .slug = d->slug,
		                 .lang = d->lang,
		                 .title = d->title,
		                 .summary = d->summary,
		                 .markdown = d->markdown,
		                 .kind = p.kind,
		                 .visibility = p.visibility,
		                 .published_at = time_is_set(was.published_at) ? was.published_at : now,
		                 .expires_at = expires_at,
		                 .source_revision = d->source_revision,
		                 .note = note };
	rc = kb_save(tx, a, who, now, &next, &id, err);
	if (rc == RC_OK)
		rc = kb_row_article(tx, a, d->page, d->lang, &was, &revision, err);
	if (rc != RC_OK)
		return rc;
	d->base = revision;
	d->publish_at = (struct instant){ 0 };
	d->expires_at = expires_at;
	d->reviewer.v = 0;
	return set(tx, who, now, d, KB_PUBLISHED, "published", err);
}

static enum rc dates_ok(struct instant at, struct instant expires, struct err *err)
{
	if (time_is_set(expires) && !time_before(at, expires))
		return fail_field(err, RC_INVALID, "expires_at",
		                  "It would expire before readers get it: choose a later day.");
	return RC_OK;
}

enum rc kb_publish(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t page,
                   struct str lang, int64_t version, struct str note, struct instant expires_at, struct err *err)
{
	struct kb_draft d;
	enum rc rc = open_for(tx, a, who, page, lang, version, &d, err);

	if (rc == RC_OK)
		rc = need_draft(&d, err);
	if (rc == RC_OK)
		rc = dates_ok(now, expires_at, err);
	if (rc == RC_OK && (note.n > 500 || !str_utf8_valid(note) || str_has_control(note)))
		return fail_field(err, RC_INVALID, "note", "The note has at most 500 bytes.");
	return rc == RC_OK ? put_live(tx, a, who, now, &d, note, expires_at, err) : rc;
}

enum rc kb_schedule(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t page,
                    struct str lang, int64_t version, struct instant at, struct instant expires_at, struct err *err)
{
	struct kb_draft d;
	enum rc rc = open_for(tx, a, who, page, lang, version, &d, err);

	if (rc == RC_OK)
		rc = need_draft(&d, err);
	if (rc == RC_OK && !time_before(now, at))
		return fail_field(err, RC_INVALID, "publish_at",
		                  "This moment is over: choose a later one, or publish now.");
	if (rc == RC_OK)
		rc = dates_ok(at, expires_at, err);
	if (rc != RC_OK)
		return rc;
	d.publish_at = at;
	d.expires_at = expires_at;
	return set(tx, who, now, &d, KB_SCHEDULED, "scheduled", err);
}

/* ---- archive, bin ---- */

static enum rc unpublish(struct db_tx *tx, const struct article *was, struct err *err)
{
	enum rc rc = kb_index_drop(tx, was->id, err);

	return rc == RC_OK ? kb_row_article_drop(tx, was->id, was->page, was->lang, err) : rc;
}

static enum rc archive(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t page,
                       struct str lang, const char *what, struct err *err)
{
	struct kb_draft d;
	struct article was = { 0 };
	int64_t revision;
	enum rc rc = kb_draft_open(tx, a, page, lang, &d, err);

	if (rc == RC_OK && d.state == KB_ARCHIVED)
		return fail(err, RC_CONFLICT, "This page is archived already.");
	if (rc == RC_OK)
		rc = kb_row_article(tx, a, page, lang, &was, &revision, err);
	if (rc == RC_OK)
		rc = unpublish(tx, &was, err);
	if (rc == RC_NOT_FOUND)
		rc = RC_OK;
	/* Readers who kept its address find it again when it comes back under another one. */
	if (rc == RC_OK && was.id.v && !str_eq(was.slug, d.slug))
		rc = kb_redirect_add(tx, was.slug, lang, page, err);
	if (rc != RC_OK)
		return rc;
	d.publish_at = d.expires_at = (struct instant){ 0 };
	d.reviewer.v = 0;
	d.saved_by = d.saved_by.p ? d.saved_by : STR("");
	d.saved_at = now;
	d.state = KB_ARCHIVED;
	rc = d.version ? kb_row_draft_set(tx, &d, err) : kb_row_draft_add(tx, &d, err);
	return rc == RC_OK ? kb_tell(tx, who, now, page, what, lang, err) : rc;
}

enum rc kb_archive(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t page,
                   struct str lang, struct err *err)
{
	enum rc rc = kb_agents_only(who, err);

	return rc == RC_OK ? archive(tx, a, who, now, page, lang, "archived", err) : rc;
}

enum rc kb_unarchive(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t page,
                     struct str lang, struct err *err)
{
	struct kb_draft d;
	enum rc rc = kb_agents_only(who, err);

	if (rc == RC_OK)
		rc = kb_draft_open(tx, a, page, lang, &d, err);
	if (rc == RC_OK && d.state != KB_ARCHIVED)
		return fail(err, RC_CONFLICT, "This page is not archived.");
	if (rc != RC_OK)
		return rc;
	d.expires_at = (struct instant){ 0 };
	return set(tx, who, now, &d, KB_DRAFT, "unarchived", err);
}

enum rc kb_page_purge(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t page,
                      struct err *err)
{
	struct kb_line *at = NULL;
	size_t n = 0;
	enum rc rc = actor_is_admin(who) ? RC_OK : fail(err, RC_DENIED, "Deleting for good is for administrators.");

	if (rc == RC_OK)
		rc = kb_page_langs(tx, a, page, &at, &n, err);
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		struct article was = { 0 };
		int64_t revision;

		rc = kb_row_article(tx, a, page, at[i].lang, &was, &revision, err);
		if (rc == RC_OK)
			rc = unpublish(tx, &was, err);
		if (rc == RC_NOT_FOUND)
			rc = RC_OK;
	}
	if (rc == RC_OK)
		rc = kb_row_page_purge(tx, page, err);
	return rc == RC_OK ? kb_tell(tx, who, now, page, "purged", STR(""), err) : rc;
}

/* ---- revisions ---- */

static enum rc mark(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now,
                    const struct kb_draft *d, struct str note, int64_t *ret, struct err *err)
{
	struct kb_revision text = { .title = d->title, .summary = d->summary, .markdown = d->markdown, .note = note };

	return kb_revision_add(tx, a, who, now, d->page, d->lang, false, &text, ret, err);
}

enum rc kb_revision_mark(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t page,
                         struct str lang, struct str note, int64_t *ret, struct err *err)
{
	struct kb_draft d;
	enum rc rc = kb_agents_only(who, err);

	if (rc == RC_OK)
		rc = kb_draft_open(tx, a, page, lang, &d, err);
	if (rc == RC_OK && (note.n > 500 || !str_utf8_valid(note) || str_has_control(note)))
		return fail_field(err, RC_INVALID, "note", "The note has at most 500 bytes.");
	return rc == RC_OK ? mark(tx, a, who, now, &d, note, ret, err) : rc;
}

enum rc kb_revision_restore(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now,
                            int64_t page, struct str lang, int64_t number, struct err *err)
{
	struct kb_draft d;
	struct kb_revision old;
	int64_t kept, version;
	enum rc rc = kb_agents_only(who, err);

	if (rc == RC_OK)
		rc = kb_draft_open(tx, a, page, lang, &d, err);
	if (rc == RC_OK)
		rc = kb_revision_find(tx, a, page, lang, number, &old, err);
	if (rc == RC_OK && d.version && d.state != KB_PUBLISHED)
		rc = mark(tx, a, who, now, &d, STR("before an older revision was restored"), &kept, err);
	if (rc != RC_OK)
		return rc;
	d.title = old.title;
	d.summary = old.summary;
	d.markdown = old.markdown;
	rc = kb_draft_save(tx, a, who, now, &d, &version, err);
	return rc == RC_OK ? kb_tell(tx, who, now, page, "restored-revision", lang, err) : rc;
}

/* ---- jobs ---- */

enum rc kb_due_step(struct db_tx *tx, struct arena *a, struct instant now, struct err *err)
{
	static const struct actor program = { .kind = ACTOR_SYSTEM, .name = STR_INIT("Carrel") };
	int64_t page;
	struct str lang;
	struct kb_draft d;
	enum rc rc = kb_row_due(tx, a, now, &page, &lang, err);

	if (rc == RC_OK) {
		rc = kb_draft_open(tx, a, page, lang, &d, err);
		if (rc == RC_OK)
			rc = put_live(tx, a, &program, now, &d, STR("as scheduled"), d.expires_at, err);
		/* Binned, or its address is taken meanwhile: it waits for its writers, not for ever at the head of the
		 * queue. */
		if (rc == RC_CONFLICT || rc == RC_INVALID || rc == RC_LIMIT) {
			rc = kb_draft_open(tx, a, page, lang, &d, err);
			d.publish_at = (struct instant){ 0 };
			if (rc == RC_OK)
				rc = set(tx, &program, now, &d, KB_DRAFT, "not-published", err);
		}
		return rc;
	}
	if (rc == RC_NOT_FOUND)
		rc = kb_row_expired(tx, a, now, &page, &lang, err);
	return rc == RC_OK ? archive(tx, a, &program, now, page, lang, "expired", err) : rc;
}

enum rc kb_bin_step(struct db_tx *tx, struct arena *a, struct instant now, struct err *err)
{
	static const struct actor program = { .kind = ACTOR_SYSTEM, .name = STR_INIT("Carrel") };
	int64_t page;
	enum rc rc = kb_row_bin_due(tx, time_add(now, -KB_BIN_DAYS * DAY_US), &page, err);

	return rc == RC_OK ? kb_page_purge(tx, a, &program, now, page, err) : rc;
}

/* What writers may do with pages and drafts. Life (review, publication, archive) is life.c's, rows are edit_store.c's.
 */
#include "kb/edit_private.h"
#include "kb/text.h"
#include "kb/extra.h"
#include "markdown/markdown.h"
#include "util/crypt.h"

#define BROTHERS_MAX 1000
#define WORDS_MAX    400 /* bytes of releases, tags */

const char *kb_state_name(enum kb_state s)
{
	static const char *const name[] = { "", "draft", "review", "scheduled", "published", "archived" };

	return s >= KB_DRAFT && s <= KB_ARCHIVED ? name[s] : "";
}

enum rc kb_agents_only(const struct actor *who, struct err *err)
{
	return actor_is_agent(who) ? RC_OK : fail(err, RC_DENIED, "Only agents write articles; nothing was saved.");
}

enum rc kb_stale(struct err *err)
{
	return fail_code(
	        err, RC_CONFLICT, "stale",
	        "Somebody else saved this text meanwhile. Yours is kept here and was not saved; compare both.");
}

enum rc kb_tell(struct db_tx *tx, const struct actor *who, struct instant now, int64_t page, const char *what,
                struct str lang, struct err *err)
{
	struct event e = { .at = now, .kind = STR_INIT(EV_ARTICLE) };
	struct json j;
	AUTO_BUF data;

	buf_init(&data, 4096);
	json_init(&j, &data);
	json_obj(&j);
	json_ki64(&j, "page", page);
	json_kstr(&j, "what", str_of(what));
	json_kstr(&j, "lang", lang);
	json_end_obj(&j);
	e.data = buf_str(&data);
	event_by(&e, who);
	enum rc rc = event_append(tx, &e, NULL, err);

	if (rc == RC_OK)
		rc = kb_touch(tx, err);
	return rc == RC_OK ? kb_refresh_includes(tx, now, err) : rc;
}

/* ---- checks ---- */

static bool one_line(struct str s)
{
	return str_utf8_valid(s) && !str_has_control(s) && str_find_byte(s, '\n') == STR_NONE;
}

static enum rc text_ok(const struct kb_draft *d, struct err *err)
{
	if (!kb_slug_ok(d->slug))
		return fail_field(err, RC_INVALID, "slug",
		                  "The address of a page is words of lower-case letters and digits with hyphens between"
		                  " them, at most %d signs.",
		                  KB_SLUG_MAX);
	if (!str_trim(d->title).n || d->title.n > KB_TITLE_MAX || !one_line(d->title))
		return fail_field(err, RC_INVALID, "title", "A page needs a title of one line, at most %d bytes.",
		                  KB_TITLE_MAX);
	if (d->summary.n > KB_SUMMARY_MAX || !str_utf8_valid(d->summary))
		return fail_field(err, RC_INVALID, "summary", "The summary has at most %d bytes.", KB_SUMMARY_MAX);
	if (d->markdown.n > KB_MARKDOWN_MAX)
		return fail_field(err, RC_LIMIT, "markdown", "The text is larger than %d KiB; it was not saved.",
		                  KB_MARKDOWN_MAX >> 10);
	if (!str_utf8_valid(d->markdown))
		return fail_field(err, RC_INVALID, "markdown", "The text is not UTF-8; it was not saved.");
	return RC_OK;
}

static enum rc slug_free(struct db_tx *tx, struct str slug, int64_t page, struct err *err)
{
	enum rc rc = kb_row_slug_taken(tx, slug, page, NULL);

	if (rc == RC_OK)
		return fail_field(err, RC_INVALID, "slug",
		                  "Another page has this address, or had it: choose another one.");
	return rc == RC_NOT_FOUND ? RC_OK : fail(err, rc, "The address could not be looked up. Try again.");
}

/* " a b c ": lower case, single blanks, blanks around. */
static enum rc words(struct arena *a, const char *field, struct str s, struct str *ret, struct err *err)
{
	struct str lower = str_lower(a, s.p ? s : STR("")), rest = lower, word;
	AUTO_BUF b;

	buf_init(&b, 2 * WORDS_MAX);
	for (size_t i = 0; i < lower.n; i++)
		if (lower.p[i] == ',' || lower.p[i] == '\t' || lower.p[i] == '\n')
			((char *)(uintptr_t)lower.p)[i] = ' '; /* our own copy */
	while (str_cut(&rest, ' ', &word))
		if (word.n) {
			buf_addz(&b, b.n ? "" : " ");
			buf_adds(&b, word);
			buf_addc(&b, ' ');
		}
	if (b.n > WORDS_MAX || !str_utf8_valid(buf_str(&b)) || str_has_control(buf_str(&b)))
		return fail_field(err, RC_INVALID, field, "These are words with blanks between them, at most %d bytes.",
		                  WORDS_MAX);
	*ret = arena_str(a, buf_str(&b));
	return RC_OK;
}

/* ---- pages ---- */

/* An address of a title that nobody has: "quiz", "quiz-2", ... */
static enum rc slug_for(struct db_tx *tx, struct arena *a, struct str title, struct str *ret, struct err *err)
{
	struct str stem = markdown_slug(a, title, KB_SLUG_MAX - 8);

	if (!stem.n)
		stem = STR("page");
	*ret = stem;
	for (int i = 2; i < 100; i++) {
		enum rc rc = kb_row_slug_taken(tx, *ret, 0, err);

		if (rc != RC_OK)
			return rc == RC_NOT_FOUND ? RC_OK : rc;
		*ret = arena_strf(a, STR_F "-%d", STR_A(stem), i);
	}
	*ret = arena_strf(a, STR_F "-" STR_F, STR_A(stem), STR_A(str_lower(a, str_sub(random_token(a), 0, 6))));
	return kb_slug_ok(*ret) ? RC_OK : fail_field(err, RC_INVALID, "slug", "Write an address for this page.");
}

static enum rc key_for(struct db_tx *tx, struct arena *a, struct str slug, struct str *ret, struct err *err)
{
	enum rc rc = kb_row_key_taken(tx, slug, err);

	*ret = rc == RC_OK ? arena_strf(a, STR_F "~" STR_F, STR_A(slug), STR_A(str_sub(random_token(a), 0, 10))) : slug;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_page_create(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now,
                       const struct kb_new *n, int64_t *ret, struct err *err)
{
	struct kb_page p = { .kind = n->kind,
		             .visibility = n->visibility ? n->visibility : VISIBLE_INTERNAL,
		             .source_lang = n->lang,
		             .parent = n->parent,
		             .owner = who->agent };
	struct kb_draft d = { .lang = n->lang,
		              .state = KB_DRAFT,
		              .title = str_trim(n->title),
		              .slug = n->slug,
		              .summary = n->summary.p ? n->summary : STR(""),
		              .markdown = n->markdown.p ? n->markdown : STR(""),
		              .saved_by = who->name.p ? who->name : STR(""),
		              .saved_at = now };
	enum rc rc = kb_agents_only(who, err);

	if (rc != RC_OK)
		return rc;
	if (n->kind < ARTICLE_DOC || n->kind > ARTICLE_DEMO)
		return fail_field(err, RC_INVALID, "kind", "Choose what kind of page it is.");
	if (!kb_lang_ok(n->lang))
		return fail_field(err, RC_INVALID, "lang", "The language is a short code like en or es.");
	if (p.visibility < VISIBLE_PUBLIC || p.visibility > VISIBLE_INTERNAL)
		return fail_field(err, RC_INVALID, "visibility", "Choose who may read it.");
	if (!d.slug.n && (rc = slug_for(tx, a, d.title, &d.slug, err)) != RC_OK)
		return rc;
	rc = text_ok(&d, err);
	if (rc == RC_OK)
		rc = slug_free(tx, d.slug, 0, err);
	if (rc == RC_OK)
		rc = key_for(tx, a, d.slug, &p.key, err);
	p.parent = 0; /* kb_page_move() checks the place */
	if (rc == RC_OK)
		rc = kb_row_page_last(tx, 0, &p.position, err);
	p.position++;
	if (rc == RC_OK)
		rc = kb_row_page_add(tx, now, &p, ret, err);
	d.page = *ret;
	if (rc == RC_OK)
		rc = kb_row_draft_add(tx, &d, err);
	if (rc == RC_OK && n->parent)
		rc = kb_page_move(tx, who, now, *ret, n->parent, err);
	return rc == RC_OK ? kb_tell(tx, who, now, *ret, "created", n->lang, err) : rc;
}

enum rc kb_page_change(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now,
                       const struct kb_page *given, struct err *err)
{
	struct kb_page p = *given, was;
	struct kb_extra x;
	enum rc rc = kb_agents_only(who, err);

	if (rc == RC_OK)
		rc = kb_page_find(tx, a, p.id, &was, err);
	if (rc != RC_OK)
		return rc;
	if (p.kind < ARTICLE_DOC || p.kind > ARTICLE_DEMO)
		return fail_field(err, RC_INVALID, "kind", "Choose what kind of page it is.");
	if (p.visibility < VISIBLE_PUBLIC || p.visibility > VISIBLE_INTERNAL)
		return fail_field(err, RC_INVALID, "visibility", "Choose who may read it.");
	if (p.visibility == VISIBLE_PLANS && !p.n_plans)
		return fail_field(err, RC_INVALID, "plans",
		                  "Choose at least one plan; until then nobody would see it.");
	if (p.visibility == VISIBLE_ACCOUNTS && !p.n_accounts)
		return fail_field(err, RC_INVALID, "accounts",
		                  "Name at least one account; until then nobody would see it.");
	p.product = str_trim(p.product);
	p.product = p.product.p ? p.product : STR("");
	if (p.product.n > 100 || !one_line(p.product))
		return fail_field(err, RC_INVALID, "product", "The product is one line, at most 100 bytes.");
	rc = words(a, "releases", p.releases, &p.releases, err);
	if (rc == RC_OK)
		rc = words(a, "tags", p.tags, &p.tags, err);
	if (rc != RC_OK)
		return rc;
	kb_extra_read(a, p.extra, &x);
	rc = kb_extra_write(a, p.kind, &x, &p.extra, err);
	if (rc == RC_OK)
		rc = kb_row_page_set(tx, now, &p, err);
	if (rc == RC_OK)
		rc = kb_extra_changed(tx, a, p.id, was.extra, p.extra, err);
	return rc == RC_OK ? kb_tell(tx, who, now, p.id, p.visibility != was.visibility ? "visibility" : "properties",
	                             STR(""), err)
	                   : rc;
}

static enum rc place_ok(struct db_tx *tx, int64_t page, int64_t parent, struct err *err)
{
	int64_t up = parent, below = 0;
	int depth = 1;
	enum rc rc = kb_row_page_depth(tx, page, &below, err);

	while (rc == RC_OK && up) {
		if (up == page)
			return fail_field(err, RC_INVALID, "parent", "A page cannot stand below itself.");
		if (depth++ + below > KB_DEPTH)
			return fail_field(err, RC_INVALID, "parent", "A book has at most %d levels.", KB_DEPTH);
		rc = kb_row_page_up(tx, up, &up, err);
	}
	return rc == RC_NOT_FOUND ? fail_field(err, RC_INVALID, "parent", "The page above is not there any more.") : rc;
}

enum rc kb_page_move(struct db_tx *tx, const struct actor *who, struct instant now, int64_t page, int64_t parent,
                     struct err *err)
{
	int64_t last = 0;
	enum rc rc = kb_agents_only(who, err);

	if (rc == RC_OK)
		rc = place_ok(tx, page, parent, err);
	if (rc == RC_OK)
		rc = kb_row_page_last(tx, parent, &last, err);
	if (rc == RC_OK)
		rc = kb_row_page_place(tx, page, parent, last + 1, err);
	return rc == RC_OK ? kb_tell(tx, who, now, page, "moved", STR(""), err) : rc;
}

/* Positions may be alike (imports, migrations): those that must differ are written anew. */
enum rc kb_page_shift(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t page,
                      bool up, struct err *err)
{
	struct kb_brother *b = NULL;
	int64_t parent = 0;
	size_t n = 0, at = 0;
	enum rc rc = kb_agents_only(who, err);

	if (rc == RC_OK)
		rc = kb_row_page_up(tx, page, &parent, err);
	if (rc == RC_OK)
		rc = kb_row_brothers(tx, a, parent, &b, &n, err);
	if (rc != RC_OK)
		return rc;
	while (at < n && b[at].page != page)
		at++;
	if (at == n || (up ? at == 0 : at + 1 == n))
		return RC_OK;
	size_t other = up ? at - 1 : at + 1;
	struct kb_brother moved = b[at];

	b[at] = b[other];
	b[other] = moved;
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		if (b[i].position != (int64_t)i + 1)
			rc = kb_row_page_place(tx, b[i].page, parent, (int64_t)i + 1, err);
	return rc == RC_OK ? kb_tell(tx, who, now, page, "moved", STR(""), err) : rc;
}

enum rc kb_page_bin(struct db_tx *tx, const struct actor *who, struct instant now, int64_t page, bool bin,
                    struct err *err)
{
	int64_t parent;
	enum rc rc = kb_agents_only(who, err);

	if (rc == RC_OK)
		rc = kb_row_page_up(tx, page, &parent, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, rc, "There is no such page. It may have been deleted for good.");
	if (rc == RC_OK)
		rc = kb_row_page_bin(tx, page, bin ? now : (struct instant){ 0 }, bin ? who->name : STR(""), err);
	return rc == RC_OK ? kb_tell(tx, who, now, page, bin ? "deleted" : "restored", STR(""), err) : rc;
}

/* ---- drafts ---- */

static bool same_text(const struct kb_draft *x, const struct kb_draft *y)
{
	return str_eq(x->slug, y->slug) && str_eq(x->title, y->title) && str_eq(x->summary, y->summary) &&
	       str_eq(x->markdown, y->markdown) && x->source_revision == y->source_revision;
}

enum rc kb_draft_save(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now,
                      const struct kb_draft *given, int64_t *ret_version, struct err *err)
{
	struct kb_draft d = *given, is;
	enum rc rc = kb_agents_only(who, err);

	if (rc == RC_OK)
		rc = kb_draft_open(tx, a, d.page, d.lang, &is, err);
	if (rc != RC_OK)
		return rc;
	*ret_version = is.version;
	d.summary = d.summary.p ? d.summary : STR("");
	d.markdown = d.markdown.p ? d.markdown : STR("");
	if (d.source_revision > is.source_now)
		d.source_revision = is.source_now;
	if (same_text(&d, &is) && (is.version || is.live))
		return RC_OK; /* also: the answer to an earlier try was lost */
	if (d.version != is.version)
		return kb_stale(err);
	if (is.state == KB_ARCHIVED)
		return fail_code(err, RC_CONFLICT, "archived",
		                 "This page is archived. Take it out of the archive to change it.");
	rc = text_ok(&d, err);
	if (rc == RC_OK && !str_eq(d.slug, is.slug))
		rc = slug_free(tx, d.slug, d.page, err);
	if (rc != RC_OK)
		return rc;
	/* A reviewer may mend what he reads; what would publish itself is looked at again. */
	d.state = is.state == KB_REVIEW ? KB_REVIEW : KB_DRAFT;
	d.base = is.state == KB_PUBLISHED ? is.live_revision : is.base;
	d.expires_at = is.expires_at;
	d.publish_at = (struct instant){ 0 };
	d.reviewer = is.state == KB_REVIEW ? is.reviewer : (struct agent_id){ 0 };
	d.saved_by = who->name.p ? who->name : STR("");
	d.saved_at = now;
	rc = is.version ? kb_row_draft_set(tx, &d, err) : kb_row_draft_add(tx, &d, err);
	if (rc == RC_OK)
		*ret_version = is.version + 1;
	return rc;
}

enum rc kb_draft_drop(struct db_tx *tx, const struct actor *who, struct instant now, int64_t page, struct str lang,
                      struct err *err)
{
	AUTO_ARENA a;
	struct kb_draft d;
	enum rc rc = kb_agents_only(who, err);

	arena_init(&a);
	if (rc == RC_OK)
		rc = kb_draft_open(tx, &a, page, lang, &d, err);
	if (rc == RC_OK && !d.live)
		return fail(err, RC_CONFLICT,
		            "Nothing is published that the text could go back to. Use the recycle bin instead.");
	if (rc == RC_OK)
		rc = kb_row_draft_drop(tx, page, lang, err);
	return rc == RC_OK ? kb_tell(tx, who, now, page, "dropped", lang, err) : rc;
}

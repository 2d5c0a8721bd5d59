/* What readers get of a page, in a handful of queries whatever the size of its book. */
#include "kb/kb_private.h"
#include "kb/read.h"
#include "util/json.h"
#include "util/time.h"

#define SIBLINGS 500
#define A_MONTH  30
#define ARTICLE                                                                                                        \
	"a.id, a.page_id, a.slug, a.lang, a.title, a.summary, p.kind, p.visibility, a.published_at, a.updated_at"
#define FROM  " FROM article a JOIN kb_page p ON p.id = a.page_id"
#define SHOWN KB_SEES " AND " KB_LIVE("a")

/* The address of any language leads to the page; the reader's language comes first, then the source's, then English. */
DB_QUERY(q_read, "kb.read",
         "SELECT " ARTICLE
         ", a.html, a.source_revision, p.extra, p.product, p.releases, p.tags, p.source_lang, p.parent_id,"
         " p.position, COALESCE((SELECT o.revision FROM article o WHERE o.page_id = p.id AND o.lang = p.source_lang), "
         "0),"
         " COALESCE(d.checked_at, 0), COALESCE(d.ok, 0)" FROM " LEFT JOIN kb_demo_check d ON d.page_id = p.id"
         " WHERE a.page_id = (SELECT x.page_id FROM article x WHERE x.slug = :slug AND " KB_LIVE(
                 "x") " ORDER BY CASE WHEN x.lang = :lang THEN 0 ELSE 1 END LIMIT 1) AND " SHOWN
                      " ORDER BY CASE WHEN a.lang = :lang THEN 0 WHEN a.lang = 'en' THEN 1 ELSE 2 END LIMIT 1");
DB_QUERY(q_langs, "kb.read-langs",
         "SELECT a.slug, a.lang, a.title" FROM " WHERE a.page_id = :page AND " SHOWN " ORDER BY a.lang LIMIT 40");
DB_QUERY(q_crumbs, "kb.read-crumbs",
         "WITH RECURSIVE up (id, parent_id, depth) AS (SELECT id, parent_id, 0 FROM kb_page WHERE id = :page"
         " UNION ALL SELECT k.id, k.parent_id, up.depth + 1 FROM kb_page k JOIN up ON k.id = up.parent_id"
         " WHERE up.depth < 8) SELECT a.slug, a.lang, a.title FROM up JOIN article a ON a.page_id = up.id"
         " JOIN kb_page p ON p.id = up.id WHERE up.depth > 0 AND " SHOWN " AND " KB_LANG " ORDER BY up.depth DESC");
/* Brothers and children in one: parent, position, what to show. */
DB_QUERY(q_near, "kb.read-near",
         "SELECT p.id, p.parent_id, a.slug, a.lang, a.title" FROM
         " WHERE (p.parent_id = :page OR p.parent_id = :parent) AND " SHOWN " AND " KB_LANG
         " ORDER BY p.position, p.id LIMIT :max");
DB_QUERY(q_shelves, "kb.shelves", "SELECT p.kind, COUNT(*)" FROM " WHERE " SHOWN " AND " KB_LANG " GROUP BY p.kind");
DB_QUERY(q_popular, "kb.popular",
         "SELECT " ARTICLE FROM " LEFT JOIN (SELECT page_id, SUM(n) AS n FROM kb_count WHERE day >= :since AND what = 1"
         " GROUP BY page_id) c ON c.page_id = p.id WHERE " SHOWN " AND " KB_LANG
         " AND (CAST(:kind AS BIGINT) = 0 OR p.kind = :kind)"
         " ORDER BY p.pinned DESC, COALESCE(c.n, 0) DESC, a.updated_at DESC, a.id LIMIT :max");
DB_QUERY(q_published, "kb.published",
         "SELECT " ARTICLE FROM " WHERE p.visibility = 1 AND p.deleted_at IS NULL AND " KB_LIVE(
                 "a") " AND (CAST(:lang AS TEXT) = '' OR a.lang = :lang) ORDER BY a.updated_at DESC, a.id DESC LIMIT "
                      ":max");
#define ANYBODYS FROM " WHERE p.visibility = 1 AND p.deleted_at IS NULL AND " KB_LIVE("a")
DB_QUERY(q_public_last, "kb.public-last", "SELECT COALESCE(MAX(p.id), 0)" ANYBODYS);
DB_QUERY(q_public_part, "kb.public-part",
         "SELECT " ARTICLE ANYBODYS " AND p.id >= :from AND p.id < :to ORDER BY p.id, a.lang LIMIT 20000");
DB_QUERY(q_stamp, "kb.stamp", "SELECT value FROM counter WHERE name = 'kb'");
DB_QUERY(q_next, "kb.next-change",
         "SELECT COALESCE(MIN(t), 9223372036854775807) FROM (SELECT MIN(published_at) AS t FROM article WHERE "
         "published_at > :now"
         " UNION ALL SELECT MIN(expires_at) FROM article WHERE expires_at > :now) AS x");
DB_QUERY(q_touch, "kb.touch", "UPDATE counter SET value = value + 1 WHERE name = 'kb'");
DB_QUERY(q_feedback, "kb.feedback",
         "INSERT INTO kb_feedback (page_id, lang, helpful, reason, comment, contact_id, at)"
         " VALUES (:page, :lang, :helpful, :reason, :comment, :contact, :now)");
DB_QUERY(q_open, "kb.feedback-open",
         "SELECT f.id, f.page_id, f.lang, a.title, a.slug, f.comment, COALESCE(c.name, ''), f.reason, f.at FROM "
         "kb_feedback f"
         " JOIN kb_page p ON p.id = f.page_id JOIN article a ON a.page_id = f.page_id AND a.lang = f.lang"
         " LEFT JOIN contact c ON c.id = f.contact_id WHERE f.helpful = 0 AND f.done_at IS NULL"
         " AND (CAST(:owner AS BIGINT) = 0 OR p.owner_id = :owner) ORDER BY f.id LIMIT 100");
DB_QUERY(q_done, "kb.feedback-done",
         "UPDATE kb_feedback SET done_at = :now, done_by = :by WHERE id = :id AND done_at IS NULL");

static void row(struct db_rows *r, struct arena *out, struct article *a)
{
	*a = (struct article){ .id = { db_col_i64(r, 0) },
		               .page = db_col_i64(r, 1),
		               .slug = db_col_str(r, 2, out),
		               .lang = db_col_str(r, 3, out),
		               .title = db_col_str(r, 4, out),
		               .summary = db_col_str(r, 5, out),
		               .kind = (enum article_kind)db_col_i64(r, 6),
		               .visibility = (enum visibility)db_col_i64(r, 7),
		               .published_at = db_col_time(r, 8),
		               .updated_at = db_col_time(r, 9) };
}

static struct kb_link link_at(struct db_rows *r, int i, struct arena *out)
{
	return (struct kb_link){ db_col_str(r, i, out), db_col_str(r, i + 1, out), db_col_str(r, i + 2, out) };
}

static enum rc links(struct db_tx *tx, struct arena *out, const struct db_query *q, struct db_args args,
                     struct kb_link **ret, size_t *ret_n, struct err *err)
{
	VEC(struct kb_link) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, args, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = link_at(&r, 0, out);
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc near(struct db_tx *tx, struct arena *out, const struct actor *who, struct str lang, struct instant now,
                    int64_t parent, struct kb_reading *k, struct err *err)
{
	VEC(struct kb_link) below = { 0 };
	AUTO_ROWS r = { 0 };
	bool met = false;
	enum rc rc = db_select(tx, &q_near,
	                       DB_ARGS(db_i64("page", k->a.page), db_id("parent", parent), db_str("lang", lang),
	                               db_i64("max", SIBLINGS), KB_READER(who, now)),
	                       &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		int64_t id = db_col_i64(&r, 0);
		struct kb_link l = link_at(&r, 2, out);

		if (db_col_i64(&r, 1) == k->a.page)
			*VEC_ADD(out, &below) = l;
		else if (id == k->a.page)
			met = true;
		else if (!met)
			k->prev = l;
		else if (!k->next.slug.n)
			k->next = l;
	}
	k->below = below.at;
	k->n_below = below.n;
	if (k->n_below)
		k->next = k->below[0];
	if (!k->prev.slug.n && k->n_crumbs)
		k->prev = k->crumbs[k->n_crumbs - 1];
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_read(struct db_tx *tx, struct arena *out, const struct actor *who, struct str slug, struct str lang,
                struct instant now, struct kb_reading *ret, struct err *err)
{
	int64_t parent = 0;
	enum rc rc;

	*ret = (struct kb_reading){ 0 };
	{
		AUTO_ROWS r = { 0 };

		rc = db_select(tx, &q_read, DB_ARGS(db_str("slug", slug), db_str("lang", lang), KB_READER(who, now)),
		               &r, err);
		if (rc == RC_OK)
			rc = db_next(&r, err);
		if (rc == RC_NOT_FOUND)
			return fail(err, RC_NOT_FOUND, "There is no such article");
		if (rc != RC_OK)
			return rc;
		row(&r, out, &ret->a);
		ret->a.html = db_col_str(&r, 10, out);
		ret->stale = db_col_i64(&r, 11) < db_col_i64(&r, 19);
		kb_extra_read(out, db_col_peek(&r, 12), &ret->extra);
		ret->product = db_col_str(&r, 13, out);
		ret->releases = db_col_str(&r, 14, out);
		ret->tags = db_col_str(&r, 15, out);
		ret->source_lang = db_col_str(&r, 16, out);
		parent = db_col_i64(&r, 17);
		ret->checked_at = db_col_time(&r, 20);
		ret->reachable = db_col_i64(&r, 21) != 0;
		ret->stale = ret->stale && !str_eq(ret->a.lang, ret->source_lang);
	}
	rc = links(tx, out, &q_langs, DB_ARGS(db_i64("page", ret->a.page), KB_READER(who, now)), &ret->langs,
	           &ret->n_langs, err);
	if (rc == RC_OK && parent)
		rc = links(tx, out, &q_crumbs,
		           DB_ARGS(db_i64("page", ret->a.page), db_str("lang", lang), KB_READER(who, now)),
		           &ret->crumbs, &ret->n_crumbs, err);
	if (rc == RC_OK && ret->a.kind == ARTICLE_DOC)
		rc = near(tx, out, who, lang, now, parent, ret, err);
	return rc;
}

enum rc kb_shelves(struct db_tx *tx, const struct actor *who, struct str lang, struct instant now, int64_t ret[7],
                   struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_shelves, DB_ARGS(db_str("lang", lang), KB_READER(who, now)), &r, err);

	memset(ret, 0, 7 * sizeof(ret[0]));
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		int64_t kind = db_col_i64(&r, 0), n = db_col_i64(&r, 1);

		if (kind >= ARTICLE_DOC && kind <= ARTICLE_DEMO)
			ret[kind] = n;
		ret[0] += n;
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc articles(struct db_tx *tx, struct arena *out, const struct db_query *q, struct db_args args,
                        struct article **ret, size_t *ret_n, struct err *err)
{
	VEC(struct article) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, args, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		row(&r, out, VEC_ADD(out, &v));
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_popular(struct db_tx *tx, struct arena *out, const struct actor *who, struct str lang, int kind,
                   struct instant now, size_t max, struct article **ret, size_t *ret_n, struct err *err)
{
	return articles(tx, out, &q_popular,
	                DB_ARGS(db_str("lang", lang), db_i64("kind", kind), db_i64("since", now.us / DAY_US - A_MONTH),
	                        db_i64("max", (int64_t)(max > 200 ? 200 : max)), KB_READER(who, now)),
	                ret, ret_n, err);
}

enum rc kb_published(struct db_tx *tx, struct arena *out, struct instant now, struct str lang, size_t max,
                     struct article **ret, size_t *ret_n, struct err *err)
{
	return articles(
	        tx, out, &q_published,
	        DB_ARGS(db_str("lang", lang), db_i64("max", (int64_t)(max > 5000 ? 5000 : max)), db_i64("now", now.us)),
	        ret, ret_n, err);
}

enum rc kb_public_last(struct db_tx *tx, struct instant now, int64_t *ret, struct err *err)
{
	return db_get_i64(tx, &q_public_last, DB_ARGS(db_i64("now", now.us)), ret, err);
}

enum rc kb_public_part(struct db_tx *tx, struct arena *out, struct instant now, int64_t from, int64_t to,
                       struct article **ret, size_t *ret_n, struct err *err)
{
	return articles(tx, out, &q_public_part, DB_ARGS(db_i64("now", now.us), db_i64("from", from), db_i64("to", to)), ret,
	                ret_n, err);
}

enum rc kb_touch(struct db_tx *tx, struct err *err)
{
	return db_exec(tx, &q_touch, DB_NO_ARGS, NULL, err);
}

enum rc kb_stamp(struct db_tx *tx, int64_t *ret, struct err *err)
{
	enum rc rc = db_get_i64(tx, &q_stamp, DB_NO_ARGS, ret, err);

	if (rc == RC_NOT_FOUND)
		*ret = 0;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_next_change(struct db_tx *tx, struct instant now, struct instant *ret, struct err *err)
{
	return db_get_i64(tx, &q_next, DB_ARGS(db_i64("now", now.us)), &ret->us, err);
}

/* ---- did this help? ---- */

enum rc kb_feedback_add(struct db_tx *tx, const struct actor *who, struct instant now, int64_t page, struct str lang,
                        bool helpful, enum kb_why why, struct str comment, struct err *err)
{
	comment = str_trim(comment);
	if (comment.n > 2000 || !str_utf8_valid(comment))
		return fail_field(err, RC_INVALID, "comment", "A comment has at most 2000 bytes of text.");
	return db_exec(tx, &q_feedback,
	               DB_ARGS(db_i64("page", page), db_str("lang", lang), db_i64("helpful", helpful),
	                       db_i64("reason", helpful ? 0 : why), db_str("comment", comment.p ? comment : STR("")),
	                       db_id("contact", who->kind == ACTOR_CONTACT ? who->contact.v : 0),
	                       db_i64("now", now.us)),
	               NULL, err);
}

enum rc kb_feedback_open(struct db_tx *tx, struct arena *out, struct agent_id owner, struct kb_word **ret,
                         size_t *ret_n, struct err *err)
{
	VEC(struct kb_word) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_open, DB_ARGS(db_i64("owner", owner.v)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct kb_word){ .id = db_col_i64(&r, 0),
			                              .page = db_col_i64(&r, 1),
			                              .lang = db_col_str(&r, 2, out),
			                              .title = db_col_str(&r, 3, out),
			                              .slug = db_col_str(&r, 4, out),
			                              .comment = db_col_str(&r, 5, out),
			                              .who = db_col_str(&r, 6, out),
			                              .why = (enum kb_why)db_col_i64(&r, 7),
			                              .at = db_col_time(&r, 8) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_feedback_done(struct db_tx *tx, const struct actor *who, struct instant now, int64_t id, struct err *err)
{
	if (!actor_is_agent(who) || who->token_scope == SCOPE_READ)
		return fail(err, RC_DENIED, "Only agents deal with what readers say.");
	return db_exec(tx, &q_done, DB_ARGS(db_i64("id", id), db_str("by", who->name), db_i64("now", now.us)), NULL,
	               err);
}

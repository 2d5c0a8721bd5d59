/* The tables kb_page and article. What a reader may see is part of every query, not of what is done with its rows
 * (S-34): KB_SEES and KB_LIVE of kb_private.h. */
#include "kb/kb_private.h"

#define COLUMNS                                                                                                        \
	"a.id, a.page_id, a.slug, a.lang, a.title, a.summary, p.kind, p.visibility, a.published_at, a.updated_at"
#define FROM " FROM article a JOIN kb_page p ON p.id = a.page_id"
/* The address of any language leads to the page; the reader's language comes first, then English, then that address. */
DB_QUERY(q_find, "kb.find",
         "SELECT " COLUMNS ", a.markdown, a.html" FROM
         " WHERE a.page_id = (SELECT x.page_id FROM article x WHERE x.slug = :slug AND " KB_LIVE(
                 "x") " ORDER BY CASE WHEN x.lang = :lang THEN 0 ELSE 1 END LIMIT 1) AND " KB_SEES
                      " AND " KB_LIVE("a") " ORDER BY CASE WHEN a.lang = :lang THEN 0 WHEN a.lang = 'en' THEN 1 ELSE 2 "
                                           "END LIMIT 1");
DB_QUERY(q_list, "kb.list",
         "SELECT " COLUMNS FROM " WHERE " KB_SEES " AND " KB_LIVE(
                 "a") " AND " KB_LANG
                      " AND (CAST(:kind AS BIGINT) = 0 OR p.kind = :kind) ORDER BY p.kind, a.title, a.id LIMIT 200");
/* An address is one page's, in all languages; what is not published has one, too. */
DB_QUERY(q_page, "kb.page",
         "SELECT x.page_id FROM (SELECT 1 AS n, page_id FROM article WHERE slug = :slug UNION ALL"
         " SELECT 2, page_id FROM kb_draft WHERE slug = :slug UNION ALL"
         " SELECT 3, id FROM kb_page WHERE key = :slug) x ORDER BY x.n LIMIT 1");
DB_QUERY(q_add_page, "kb.add-page",
         "INSERT INTO kb_page (key, kind, visibility, source_lang, created_at, updated_at)"
         " VALUES (:slug, :kind, :visibility, :lang, :now, :now) RETURNING id");
DB_QUERY(q_put_page, "kb.put-page",
         "UPDATE kb_page SET kind = :kind, visibility = :visibility, updated_at = :now WHERE id = :page");
DB_QUERY(q_put, "kb.put",
         "INSERT INTO article (page_id, slug, lang, title, summary, markdown, html, body, published_at, updated_at)"
         " VALUES (:page, :slug, :lang, :title, :summary, :markdown, :html, :body, :published, :now)"
         " ON CONFLICT (slug, lang) DO UPDATE SET title = excluded.title, summary = excluded.summary,"
         " markdown = excluded.markdown, html = excluded.html, body = excluded.body,"
         " published_at = excluded.published_at, updated_at = excluded.updated_at RETURNING id");

static void row(struct db_rows *r, struct arena *out, struct article *a)
{
	*a = (struct article){
		.id = { db_col_i64(r, 0) },
		.page = db_col_i64(r, 1),
		.slug = db_col_str(r, 2, out),
		.lang = db_col_str(r, 3, out),
		.title = db_col_str(r, 4, out),
		.summary = db_col_str(r, 5, out),
		.kind = (enum article_kind)db_col_i64(r, 6),
		.visibility = (enum visibility)db_col_i64(r, 7),
		.published_at = db_col_time(r, 8),
		.updated_at = db_col_time(r, 9),
	};
}

enum rc kb_find(struct db_tx *tx, struct arena *out, const struct actor *who, struct str slug, struct str lang,
                struct article *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(
	        tx, &q_find, DB_ARGS(db_str("slug", slug), db_str("lang", lang), KB_READER(who, time_now())), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, RC_NOT_FOUND, "There is no such article");
	if (rc == RC_OK) {
		row(&r, out, ret);
		ret->markdown = db_col_str(&r, 10, out);
		ret->html = db_col_str(&r, 11, out);
	}
	return rc;
}

enum rc kb_list(struct db_tx *tx, struct arena *out, const struct actor *who, struct str lang, int kind,
                struct article **ret, size_t *ret_n, struct err *err)
{
	VEC(struct article) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(
	        tx, &q_list, DB_ARGS(db_str("lang", lang), db_i64("kind", kind), KB_READER(who, time_now())), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		row(&r, out, VEC_ADD(out, &v));
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

static enum rc page_put(struct db_tx *tx, struct instant now, const struct article *a, int64_t *page, struct err *err)
{
	enum rc rc = db_get_i64(tx, &q_page, DB_ARGS(db_str("slug", a->slug)), page, err);

	if (rc == RC_OK)
		return db_exec(tx, &q_put_page,
		               DB_ARGS(db_i64("page", *page), db_i64("kind", a->kind),
		                       db_i64("visibility", a->visibility), db_i64("now", now.us)),
		               NULL, err);
	if (rc != RC_NOT_FOUND)
		return rc;
	return db_get_i64(tx, &q_add_page,
	                  DB_ARGS(db_str("slug", a->slug), db_str("lang", a->lang), db_i64("kind", a->kind),
	                          db_i64("visibility", a->visibility), db_i64("now", now.us)),
	                  page, err);
}

enum rc article_put(struct db_tx *tx, struct instant now, struct article *a, struct str body, struct article_id *ret,
                    struct err *err)
{
	enum rc rc = page_put(tx, now, a, &a->page, err);

	if (rc != RC_OK)
		return rc;
	return db_get_i64(tx, &q_put,
	                  DB_ARGS(db_i64("page", a->page), db_str("slug", a->slug), db_str("lang", a->lang),
	                          db_str("title", a->title), db_str("summary", a->summary),
	                          db_str("markdown", a->markdown), db_str("html", a->html), db_str("body", body),
	                          db_time("published", a->published_at), db_i64("now", now.us)),
	                  &ret->v, err);
}

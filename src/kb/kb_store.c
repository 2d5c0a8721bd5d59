/* The article table. What a reader may see is part of every query, not of what is done with its rows (S-34):
 * visibility, published, and not only from tomorrow on. */
#include "kb/kb_private.h"

#define COLUMNS "a.id, a.slug, a.lang, a.title, a.summary, a.kind, a.visibility, a.published_at, a.updated_at"
#define SEEN    "a.visibility <= :visibility AND a.published_at <= :now"
DB_QUERY(q_find, "kb.find",
         "SELECT " COLUMNS
         ", a.markdown, a.html FROM article a WHERE a.slug = :slug AND a.lang IN (:lang, 'en') AND " SEEN
         " ORDER BY CASE WHEN a.lang = :lang THEN 0 ELSE 1 END LIMIT 1");
/* English stands in for a translation that is missing, or that the reader may not see. */
DB_QUERY(q_list, "kb.list",
         "SELECT " COLUMNS " FROM article a WHERE " SEEN " AND (a.lang = :lang OR (a.lang = 'en' AND NOT EXISTS"
         " (SELECT 1 FROM article o WHERE o.slug = a.slug AND o.lang = :lang AND o.visibility <= :visibility"
         " AND o.published_at <= :now))) AND (CAST(:kind AS BIGINT) = 0 OR a.kind = :kind)"
         " ORDER BY a.kind, a.title, a.id LIMIT 200");
DB_QUERY(q_put, "kb.put",
         "INSERT INTO article (slug, lang, kind, title, summary, markdown, html, visibility, published_at, updated_at)"
         " VALUES (:slug, :lang, :kind, :title, :summary, :markdown, :html, :visibility, :published, :now)"
         " ON CONFLICT (slug, lang) DO UPDATE SET kind = excluded.kind, title = excluded.title, summary = "
         "excluded.summary,"
         " markdown = excluded.markdown, html = excluded.html, visibility = excluded.visibility,"
         " published_at = excluded.published_at, updated_at = excluded.updated_at RETURNING id");

static void row(struct db_rows *r, struct arena *out, struct article *a)
{
	*a = (struct article){
		.id = { db_col_i64(r, 0) },
		.slug = db_col_str(r, 1, out),
		.lang = db_col_str(r, 2, out),
		.title = db_col_str(r, 3, out),
		.summary = db_col_str(r, 4, out),
		.kind = (enum article_kind)db_col_i64(r, 5),
		.visibility = (enum visibility)db_col_i64(r, 6),
		.published_at = db_col_time(r, 7),
		.updated_at = db_col_time(r, 8),
	};
}

enum rc kb_find(struct db_tx *tx, struct arena *out, const struct actor *who, struct str slug, struct str lang,
                struct article *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_find,
	                       DB_ARGS(db_str("slug", slug), db_str("lang", lang), db_i64("visibility", kb_sees(who)),
	                               db_i64("now", time_now().us)),
	                       &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, RC_NOT_FOUND, "There is no such article");
	if (rc == RC_OK) {
		row(&r, out, ret);
		ret->markdown = db_col_str(&r, 9, out);
		ret->html = db_col_str(&r, 10, out);
	}
	return rc;
}

enum rc kb_list(struct db_tx *tx, struct arena *out, const struct actor *who, struct str lang, int kind,
                struct article **ret, size_t *ret_n, struct err *err)
{
	VEC(struct article) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_list,
	                       DB_ARGS(db_str("lang", lang), db_i64("visibility", kb_sees(who)), db_i64("kind", kind),
	                               db_i64("now", time_now().us)),
	                       &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		row(&r, out, VEC_ADD(out, &v));
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

enum rc article_put(struct db_tx *tx, struct instant now, const struct article *a, struct article_id *ret,
                    struct err *err)
{
	return db_get_i64(tx, &q_put,
	                  DB_ARGS(db_str("slug", a->slug), db_str("lang", a->lang), db_i64("kind", a->kind),
	                          db_str("title", a->title), db_str("summary", a->summary),
	                          db_str("markdown", a->markdown), db_str("html", a->html),
	                          db_i64("visibility", a->visibility), db_time("published", a->published_at),
	                          db_i64("now", now.us)),
	                  &ret->v, err);
}

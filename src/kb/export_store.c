/* What an export reads: texts that readers get now, and the media in them. */
#include "kb/export_private.h"
#include "kb/kb_private.h"

DB_QUERY(
        q_pages, "kb-export.pages",
        "SELECT p.id, COALESCE(p.parent_id, 0), p.position, p.kind, p.tags, a.slug, a.title, a.summary, a.markdown, "
        "a.html"
        " FROM article a JOIN kb_page p ON p.id = a.page_id WHERE a.lang = :lang AND p.deleted_at IS NULL AND " KB_LIVE(
                "a") " AND (p.visibility = 1 OR (p.visibility = 2 AND CAST(:visibility AS BIGINT) >= 2)"
                     " OR CAST(:visibility AS BIGINT) = 5) ORDER BY COALESCE(p.parent_id, 0), p.position, a.title, "
                     "p.id LIMIT 20000");
DB_QUERY(q_media, "kb-export.media",
         "SELECT DISTINCT m.token, m.name, m.type, m.sha256, m.thumb FROM kb_media m JOIN kb_media_use u ON u.media_id "
         "= m.id"
         " JOIN kb_page p ON p.id = u.page_id WHERE u.live = 1 AND u.lang = :lang AND p.deleted_at IS NULL"
         " AND (p.visibility = 1 OR (p.visibility = 2 AND CAST(:visibility AS BIGINT) >= 2)"
         " OR CAST(:visibility AS BIGINT) = 5) ORDER BY m.token LIMIT 100000");

enum rc export_read(struct db_tx *tx, void *arg, struct err *err)
{
	struct export_state *x = arg;
	struct db_arg lang = db_str("lang", x->ex->lang), visibility = db_i64("visibility", x->ex->visibility);
	AUTO_ROWS r = { 0 };
	AUTO_ROWS m = { 0 };
	enum rc rc = db_select(tx, &q_pages, DB_ARGS(lang, visibility, db_i64("now", time_now().us)), &r, err);

	x->pages.n = x->media.n = 0; /* it may run again */
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(x->a, &x->pages) = (struct export_page){ .id = db_col_i64(&r, 0),
			                                          .parent_id = db_col_i64(&r, 1),
			                                          .position = db_col_i64(&r, 2),
			                                          .kind = (enum article_kind)db_col_i64(&r, 3),
			                                          .tags = db_col_str(&r, 4, x->a),
			                                          .slug = db_col_str(&r, 5, x->a),
			                                          .title = db_col_str(&r, 6, x->a),
			                                          .summary = db_col_str(&r, 7, x->a),
			                                          .markdown = db_col_str(&r, 8, x->a),
			                                          .html = db_col_str(&r, 9, x->a),
			                                          .parent = STR_NONE,
			                                          .top = STR_NONE };
	if (rc == RC_NOT_FOUND)
		rc = db_select(tx, &q_media, DB_ARGS(lang, visibility), &m, err);
	while (rc == RC_OK && (rc = db_next(&m, err)) == RC_OK)
		*VEC_ADD(x->a, &x->media) = (struct export_media){ .token = db_col_str(&m, 0, x->a),
			                                           .name = db_col_str(&m, 1, x->a),
			                                           .type = db_col_str(&m, 2, x->a),
			                                           .sha256 = db_col_str(&m, 3, x->a),
			                                           .thumb = db_col_str(&m, 4, x->a) };
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

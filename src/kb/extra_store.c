/* Films, captions and files that a page has besides its text are seen by those who see the page: they are noted as the
 * media of its text are (kb_media_use), with each publication and each change of the page's properties. */
#include "kb/edit_private.h"
#include "kb/extra.h"
#include "kb/text.h"

DB_QUERY(q_extra, "kb.extra", "SELECT extra FROM kb_page WHERE id = :page");
DB_QUERY(q_add, "kb.extra-media-add",
         "INSERT INTO kb_media_use (media_id, page_id, lang, live) SELECT m.id, a.page_id, a.lang, 1 FROM kb_media m,"
         " article a WHERE a.page_id = :page AND m.token = :token ON CONFLICT DO NOTHING");
DB_QUERY(q_drop, "kb.extra-media-drop",
         "DELETE FROM kb_media_use WHERE page_id = :page AND live = 1 AND media_id IN (SELECT id FROM kb_media WHERE"
         " token = :token) AND lang IN (SELECT a.lang FROM article a WHERE a.page_id = :page AND a.markdown NOT LIKE"
         " '%' || CAST(:token AS TEXT) || '%')");

typedef VEC(struct str) token_list;

static token_list tokens(struct arena *a, struct str extra)
{
	struct kb_extra x;
	token_list v = { 0 };

	kb_extra_read(a, extra, &x);
	if (x.media.n)
		*VEC_ADD(a, &v) = x.media;
	for (size_t i = 0; i < x.n_captions; i++)
		*VEC_ADD(a, &v) = x.captions[i].media;
	return v;
}

enum rc kb_extra_media(struct db_tx *tx, struct arena *a, int64_t page, struct markdown_page *p, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_extra, DB_ARGS(db_i64("page", page)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc != RC_OK)
		return rc;
	token_list v = tokens(a, db_col_peek(&r, 0));
	struct str *all = arena_array(a, struct str, p->n_media + v.n + 1);

	if (p->n_media)
		memcpy(all, p->media, p->n_media * sizeof(*all));
	if (v.n)
		memcpy(all + p->n_media, v.at, v.n * sizeof(*all));
	p->media = all;
	p->n_media += v.n;
	return RC_OK;
}

static bool among(const token_list *v, struct str token)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->at[i], token))
			return true;
	return false;
}

enum rc kb_extra_changed(struct db_tx *tx, struct arena *a, int64_t page, struct str before, struct str after,
                         struct err *err)
{
	token_list was = tokens(a, before), is = tokens(a, after);
	enum rc rc = RC_OK;

	for (size_t i = 0; i < was.n && rc == RC_OK; i++)
		if (!among(&is, was.at[i]))
			rc = db_exec(tx, &q_drop, DB_ARGS(db_i64("page", page), db_str("token", was.at[i])), NULL, err);
	for (size_t i = 0; i < is.n && rc == RC_OK; i++)
		rc = db_exec(tx, &q_add, DB_ARGS(db_i64("page", page), db_str("token", is.at[i])), NULL, err);
	return rc;
}

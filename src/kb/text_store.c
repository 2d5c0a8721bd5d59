/* What a page's text needs of the database: texts to include and media, looked up while it is rendered. */
#include "account/account.h"
#include "kb/kb_private.h"
#include "kb/text.h"
#include "kb/find.h"
#include "util/json.h"

/* What readers of a page of :visibility all may read. */
DB_QUERY(q_include, "kb.include",
         "SELECT a.markdown FROM article a JOIN kb_page p ON p.id = a.page_id WHERE a.page_id IN"
         " (SELECT x.page_id FROM article x WHERE x.slug = :slug) AND p.deleted_at IS NULL AND " KB_LIVE(
                 "a") " AND (p.visibility = 1 OR (p.visibility = 2 AND CAST(:visibility AS BIGINT) >= 2)"
                      " OR CAST(:visibility AS BIGINT) = 5)"
                      " ORDER BY CASE WHEN a.lang = :lang THEN 0 WHEN a.lang = 'en' THEN 1 ELSE 2 END LIMIT 1");
DB_QUERY(q_medium, "kb.medium", "SELECT name, type, width, height, thumb, alt FROM kb_media WHERE token = :token");
DB_QUERY(q_forget_uses, "kb.forget-uses",
         "DELETE FROM kb_media_use WHERE page_id = :page AND lang = :lang AND live = :live");
DB_QUERY(q_use, "kb.use-media",
         "INSERT INTO kb_media_use (media_id, page_id, lang, live)"
         " SELECT id, :page, :lang, :live FROM kb_media WHERE token = :token ON CONFLICT DO NOTHING");

DB_QUERY(q_forget_includes, "kb.forget-includes", "DELETE FROM kb_include WHERE page_id = :page AND lang = :lang");
DB_QUERY(q_note_include, "kb.note-include",
         "INSERT INTO kb_include (page_id, lang, slug) VALUES (:page, :lang, :slug) ON CONFLICT DO NOTHING");
DB_QUERY(q_including, "kb.including",
         "SELECT a.id, a.page_id, a.lang, a.slug, a.title, p.visibility, a.markdown, a.html FROM article a"
         " JOIN kb_page p ON p.id = a.page_id WHERE EXISTS (SELECT 1 FROM kb_include i WHERE i.page_id = a.page_id"
         " AND i.lang = a.lang) ORDER BY a.id LIMIT 500");
DB_QUERY(q_remade, "kb.remade", "UPDATE article SET html = :html, body = :body, updated_at = :now WHERE id = :id");

#define BODY_MAX (256 << 10)
#define THUMB    960 /* pixels of the longer side */

struct lookup {
	struct db_tx *tx;
	enum visibility visibility;
	struct str lang;
	struct instant now;
	enum rc rc;
	struct err *err;
};

static bool include(void *arg, struct arena *a, struct str slug, struct str *ret)
{
	struct lookup *l = arg;
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(l->tx, &q_include,
	                       DB_ARGS(db_str("slug", slug), db_str("lang", l->lang),
	                               db_i64("visibility", l->visibility), db_i64("now", l->now.us)),
	                       &r, l->err);

	if (rc == RC_OK)
		rc = db_next(&r, l->err);
	if (rc == RC_OK)
		*ret = db_col_str(&r, 0, a);
	else if (rc != RC_NOT_FOUND)
		l->rc = rc;
	return rc == RC_OK;
}

static bool medium(void *arg, struct arena *a, struct str token, struct markdown_media *ret)
{
	struct lookup *l = arg;
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(l->tx, &q_medium, DB_ARGS(db_str("token", token)), &r, l->err);

	if (rc == RC_OK)
		rc = db_next(&r, l->err);
	if (rc != RC_OK) {
		l->rc = rc == RC_NOT_FOUND ? l->rc : rc;
		return false;
	}
	int64_t w = db_col_i64(&r, 2), h = db_col_i64(&r, 3), longer = w > h ? w : h;
	*ret = (struct markdown_media){ .name = db_col_str(&r, 0, a),
		                        .type = db_col_str(&r, 1, a),
		                        .thumb = db_col_peek(&r, 4).n > 0,
		                        .alt = db_col_str(&r, 5, a) };
	if (ret->thumb && longer > THUMB) {
		w = w * THUMB / longer > 0 ? w * THUMB / longer : 1;
		h = h * THUMB / longer > 0 ? h * THUMB / longer : 1;
	}
	ret->width = (int)w;
	ret->height = (int)h;
	return true;
}

enum rc kb_render(struct db_tx *tx, struct arena *a, enum visibility v, struct str lang, struct instant now,
                  struct str markdown, struct markdown_page *ret, struct err *err)
{
	struct lookup l = { tx, v, lang, now, RC_OK, err };
	const struct i18n *in = i18n_lang(lang);
	struct markdown_words words = { .note = _(in, "Note"),
		                        .tip = _(in, "Tip"),
		                        .important = _(in, "Important"),
		                        .warning = _(in, "Warning"),
		                        .caution = _(in, "Caution"),
		                        .back = _(in, "Back to the text") };
	struct markdown_options o = { .words = &words, .include = include, .media = medium, .arg = &l };

	markdown_render(a, markdown, &o, ret);
	if (l.rc != RC_OK)
		return l.rc;
	for (size_t i = 0; i < ret->n_problems; i++)
		if (ret->problems[i].what == MARKDOWN_TOO_LARGE)
			return fail_field(err, RC_LIMIT, "markdown", "The page would be too large; nothing was saved");
	return RC_OK;
}

enum rc kb_note_media(struct db_tx *tx, int64_t page, struct str lang, bool live, const struct markdown_page *p,
                      struct err *err)
{
	struct db_arg id = db_i64("page", page), in = db_str("lang", lang), is = db_i64("live", live);
	enum rc rc = db_exec(tx, &q_forget_uses, DB_ARGS(id, in, is), NULL, err);

	for (size_t i = 0; i < p->n_media && rc == RC_OK; i++)
		rc = db_exec(tx, &q_use, DB_ARGS(id, in, is, db_str("token", p->media[i])), NULL, err);
	if (rc != RC_OK || !live)
		return rc;
	rc = db_exec(tx, &q_forget_includes, DB_ARGS(id, in), NULL, err);
	for (size_t i = 0; i < p->n_includes && rc == RC_OK; i++)
		rc = db_exec(tx, &q_note_include, DB_ARGS(id, in, db_str("slug", p->includes[i])), NULL, err);
	for (size_t i = 0; i < p->n_problems && rc == RC_OK; i++) /* what is not there may come */
		if (p->problems[i].what == MARKDOWN_INCLUDE_MISSING)
			rc = db_exec(tx, &q_note_include, DB_ARGS(id, in, db_str("slug", p->problems[i].detail)), NULL,
			             err);
	return rc;
}

/* ---- texts that hold others ---- */

static enum rc tell_remade(struct db_tx *tx, const struct article *x, struct instant now, struct err *err)
{
	struct event e = { .at = now, .kind = STR_INIT(EV_ARTICLE) };
	struct actor who = actor_system();
	struct json j;
	AUTO_BUF data;

	buf_init(&data, 4096);
	json_init(&j, &data);
	json_obj(&j);
	json_ki64(&j, "id", x->id.v);
	json_ki64(&j, "page", x->page);
	json_kstr(&j, "what", STR("included"));
	json_kstr(&j, "slug", x->slug);
	json_kstr(&j, "lang", x->lang);
	json_end_obj(&j);
	e.data = buf_str(&data);
	event_by(&e, &who);
	return event_append(tx, &e, NULL, err);
}

static enum rc remake(struct db_tx *tx, struct arena *a, const struct article *x, struct instant now, struct err *err)
{
	struct markdown_page page;
	enum rc rc = kb_render(tx, a, x->visibility, x->lang, now, x->markdown, &page, err);

	if (rc == RC_LIMIT || (rc == RC_OK && str_eq(page.html, x->html)))
		return RC_OK;
	if (rc == RC_OK)
		rc = db_exec(tx, &q_remade,
		             DB_ARGS(db_i64("id", x->id.v), db_str("html", page.html),
		                     db_str("body", str_utf8_clip(page.plain, BODY_MAX)), db_i64("now", now.us)),
		             NULL, err);
	if (rc == RC_OK)
		rc = kb_note_media(tx, x->page, x->lang, true, &page, err);
	if (rc == RC_OK)
		rc = kb_index_put(tx, x->id, err);
	return rc == RC_OK ? tell_remade(tx, x, now, err) : rc;
}

enum rc kb_refresh_includes(struct db_tx *tx, struct instant now, struct err *err)
{
	VEC(struct article) v = { 0 };
	AUTO_ARENA a;
	enum rc rc;

	arena_init(&a);
	{
		AUTO_ROWS r = { 0 };

		rc = db_select(tx, &q_including, DB_NO_ARGS, &r, err);
		while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
			*VEC_ADD(&a, &v) = (struct article){ .id = { db_col_i64(&r, 0) },
				                             .page = db_col_i64(&r, 1),
				                             .lang = db_col_str(&r, 2, &a),
				                             .slug = db_col_str(&r, 3, &a),
				                             .title = db_col_str(&r, 4, &a),
				                             .visibility = (enum visibility)db_col_i64(&r, 5),
				                             .markdown = db_col_str(&r, 6, &a),
				                             .html = db_col_str(&r, 7, &a) };
	}
	rc = rc == RC_NOT_FOUND ? RC_OK : rc;
	for (size_t i = 0; i < v.n && rc == RC_OK; i++)
		rc = remake(tx, &a, &v.at[i], now, err);
	return rc;
}

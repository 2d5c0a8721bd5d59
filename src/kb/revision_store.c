/* Revisions: what was published and what authors marked, and what goes along with a publication: its addresses
 * elsewhere, the revision of the source it follows, addresses it had before. */
#include "kb/edit_private.h"

#define REVISIONS_MAX 200
#define LINKS_MAX     300 /* of one article are checked */

DB_QUERY(q_newest, "kb.revision-newest",
         "SELECT number, published, title, summary, markdown FROM kb_revision WHERE page_id = :page AND lang = :lang"
         " ORDER BY number DESC LIMIT 1");
DB_QUERY(q_add, "kb.revision-add",
         "INSERT INTO kb_revision (page_id, lang, number, published, title, summary, markdown, note, author, agent_id,"
         " at) VALUES (:page, :lang, :number, :published, :title, :summary, :markdown, :note, :author, :agent, :now)");
DB_QUERY(q_article, "kb.revision-article", "SELECT page_id FROM article WHERE id = :id");
DB_QUERY(q_revised, "kb.revised",
         "UPDATE article SET revision = :revision, expires_at = :expires, source_revision ="
         " CASE WHEN CAST(:source AS BIGINT) > 0 THEN CAST(:source AS BIGINT) ELSE COALESCE((SELECT s.revision FROM"
         " article s JOIN kb_page p ON p.id = s.page_id WHERE s.page_id = article.page_id AND s.lang = p.source_lang"
         " AND s.id <> article.id), 0) END WHERE id = :id");
DB_QUERY(q_list, "kb.revisions",
         "SELECT number, published, title, note, author, at FROM kb_revision WHERE page_id = :page AND lang = :lang"
         " ORDER BY number DESC LIMIT :max");
DB_QUERY(q_find, "kb.revision-find",
         "SELECT number, published, title, note, author, at, summary, markdown FROM kb_revision"
         " WHERE page_id = :page AND lang = :lang AND number = :number");
DB_QUERY(q_unlink, "kb.links-drop", "DELETE FROM kb_link WHERE page_id = :page AND lang = :lang");
DB_QUERY2(q_link, "kb.links-put",
          "INSERT INTO kb_link (page_id, lang, url) SELECT DISTINCT :page, :lang, value FROM json_each(:urls)",
          "INSERT INTO kb_link (page_id, lang, url) SELECT DISTINCT CAST(:page AS BIGINT), CAST(:lang AS TEXT), value"
          " FROM json_array_elements_text(CAST(:urls AS json))");
DB_QUERY(
        q_redirect, "kb.redirect-find",
        "SELECT a.slug, a.lang FROM kb_redirect r JOIN kb_page p ON p.id = r.page_id JOIN article a ON a.page_id = p.id"
        " WHERE r.slug = :slug AND " KB_SEES " AND " KB_LIVE(
                "a") " AND (a.lang = :lang OR a.lang = r.lang OR a.lang = 'en')"
                     " ORDER BY CASE WHEN a.lang = :lang THEN 0 WHEN a.lang = r.lang THEN 1 ELSE 2 END LIMIT 1");
DB_QUERY(q_redirect_add, "kb.redirect-add",
         "INSERT INTO kb_redirect (slug, lang, page_id) VALUES (:slug, :lang, :page)"
         " ON CONFLICT (slug, lang) DO UPDATE SET page_id = excluded.page_id");
DB_QUERY(q_redirect_drop, "kb.redirect-drop", "DELETE FROM kb_redirect WHERE slug = :slug AND page_id = :page");

/* ---- revisions ---- */

struct newest {
	int64_t number;
	bool published;
	struct str title, summary, markdown;
};

static enum rc newest(struct db_tx *tx, struct arena *out, int64_t page, struct str lang, struct newest *ret,
                      struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_newest, DB_ARGS(db_i64("page", page), db_str("lang", lang)), &r, err);

	*ret = (struct newest){ 0 };
	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK)
		*ret = (struct newest){ db_col_i64(&r, 0), db_col_i64(&r, 1) != 0, db_col_str(&r, 2, out),
			                db_col_str(&r, 3, out), db_col_str(&r, 4, out) };
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_revision_add(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now,
                        int64_t page, struct str lang, bool published, const struct kb_revision *text, int64_t *ret,
                        struct err *err)
{
	struct newest n;
	enum rc rc = newest(tx, scratch, page, lang, &n, err);

	if (rc != RC_OK)
		return rc;
	*ret = n.number;
	if (n.number && n.published == published && str_eq(n.title, text->title) && str_eq(n.summary, text->summary) &&
	    str_eq(n.markdown, text->markdown))
		return RC_OK;
	*ret = n.number + 1;
	return db_exec(tx, &q_add,
	               DB_ARGS(db_i64("page", page), db_str("lang", lang), db_i64("number", *ret),
	                       db_i64("published", published), db_str("title", text->title),
	                       db_str("summary", text->summary), db_str("markdown", text->markdown),
	                       db_str("note", text->note.p ? text->note : STR("")),
	                       db_str("author", who->name.p ? who->name : STR("")), db_id("agent", who->agent.v),
	                       db_i64("now", now.us)),
	               NULL, err);
}

/* Our own HTML writes no other reference into an address. */
static struct str ampersands(struct arena *a, struct str url)
{
	char *to = arena_alloc(a, url.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < url.n; i++) {
		to[n++] = url.p[i];
		if (str_starts(str_from(url, i), STR("&amp;")))
			i += 4;
	}
	return (struct str){ to, n };
}

/* A JSON array of the addresses elsewhere that our own clean HTML links to. */
static struct str links_of(struct arena *a, struct str html)
{
	static const struct str mark = STR_INIT("href=\"http");
	struct json j;
	AUTO_BUF b;
	size_t at, n = 0;

	buf_init(&b, 1 << 20);
	json_init(&j, &b);
	json_arr(&j);
	while (n < LINKS_MAX && (at = str_find(html, mark)) != STR_NONE) {
		html = str_from(html, at + 6);
		struct str url = str_sub(html, 0, str_find_byte(html, '"'));

		if (url.n > 2000)
			continue;
		json_str(&j, ampersands(a, url));
		n++;
	}
	json_end_arr(&j);
	return b.full ? STR("[]") : arena_str(a, buf_str(&b));
}

enum rc kb_revise(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now,
                  const struct article *a, struct article_id id, struct err *err)
{
	struct kb_revision text = {
		.title = a->title, .summary = a->summary, .markdown = a->markdown, .note = a->note
	};
	int64_t page = 0, number = 0;
	enum rc rc = db_get_i64(tx, &q_article, DB_ARGS(db_i64("id", id.v)), &page, err);

	if (rc == RC_OK)
		rc = kb_revision_add(tx, scratch, who, now, page, a->lang, true, &text, &number, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_revised,
		             DB_ARGS(db_i64("id", id.v), db_i64("revision", number), db_time("expires", a->expires_at),
		                     db_i64("source", a->source_revision)),
		             NULL, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_unlink, DB_ARGS(db_i64("page", page), db_str("lang", a->lang)), NULL, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_link,
		             DB_ARGS(db_i64("page", page), db_str("lang", a->lang),
		                     db_str("urls", links_of(scratch, a->html))),
		             NULL, err);
	return rc == RC_OK ? kb_touch(tx, err) : rc;
}

static struct kb_revision revision_row(struct db_rows *r, struct arena *out)
{
	return (struct kb_revision){ .number = db_col_i64(r, 0),
		                     .published = db_col_i64(r, 1) != 0,
		                     .title = db_col_str(r, 2, out),
		                     .note = db_col_str(r, 3, out),
		                     .author = db_col_str(r, 4, out),
		                     .at = db_col_time(r, 5) };
}

enum rc kb_revisions(struct db_tx *tx, struct arena *out, int64_t page, struct str lang, struct kb_revision **ret,
                     size_t *ret_n, struct err *err)
{
	VEC(struct kb_revision) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_list,
	                       DB_ARGS(db_i64("page", page), db_str("lang", lang), db_i64("max", REVISIONS_MAX)), &r,
	                       err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = revision_row(&r, out);
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_revision_find(struct db_tx *tx, struct arena *out, int64_t page, struct str lang, int64_t number,
                         struct kb_revision *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_find,
	                       DB_ARGS(db_i64("page", page), db_str("lang", lang), db_i64("number", number)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, RC_NOT_FOUND, "There is no such revision.");
	if (rc == RC_OK) {
		*ret = revision_row(&r, out);
		ret->summary = db_col_str(&r, 6, out);
		ret->markdown = db_col_str(&r, 7, out);
	}
	return rc;
}

/* ---- addresses it had before ---- */

enum rc kb_redirect_add(struct db_tx *tx, struct str slug, struct str lang, int64_t page, struct err *err)
{
	return db_exec(tx, &q_redirect_add, DB_ARGS(db_str("slug", slug), db_str("lang", lang), db_i64("page", page)),
	               NULL, err);
}

enum rc kb_redirect_drop(struct db_tx *tx, struct str slug, int64_t page, struct err *err)
{
	return db_exec(tx, &q_redirect_drop, DB_ARGS(db_str("slug", slug), db_i64("page", page)), NULL, err);
}

enum rc kb_redirect_find(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                         struct str slug, struct str lang, struct str *ret_slug, struct str *ret_lang, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_redirect,
	                       DB_ARGS(db_str("slug", slug), db_str("lang", lang), KB_READER(who, now)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, RC_NOT_FOUND, "There is no such article");
	if (rc == RC_OK) {
		*ret_slug = db_col_str(&r, 0, out);
		*ret_lang = db_col_str(&r, 1, out);
	}
	return rc;
}

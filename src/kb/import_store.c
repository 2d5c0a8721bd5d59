/* Rows of an import: what is there of a book, and a page put in. */
#include "kb/import_private.h"
#include "kb/kb_private.h"
#include "kb/text.h"
#include "kb/find.h"
#include "util/json.h"
#include <stdlib.h>

/* Keys of one book lie between its prefix and the sign behind ':'. A text is edited when its newest revision is not the
 * import's, or when somebody has a draft that is not what is published. */
DB_QUERY(
        q_known, "kb-import.known",
        "SELECT p.id, p.key, COALESCE(p.parent_id, 0), p.position, p.tags, CASE WHEN p.deleted_at IS NOT NULL"
        " THEN 1 WHEN EXISTS (SELECT 1 FROM kb_draft d WHERE d.page_id = p.id AND d.lang = :lang AND d.state = 5) THEN "
        "2"
        " ELSE 0 END,"
        " a.slug, a.title, a.summary, a.markdown, COALESCE((SELECT r.author FROM kb_revision r WHERE r.page_id = p.id"
        " AND r.lang = :lang ORDER BY r.number DESC LIMIT 1), ''),"
        " CASE WHEN EXISTS (SELECT 1 FROM kb_draft d WHERE d.page_id = p.id AND d.lang = :lang AND d.state <= 3) THEN 1"
        " ELSE 0 END FROM kb_page p LEFT JOIN article a ON a.page_id = p.id AND a.lang = :lang"
        " WHERE p.key >= :from AND p.key < :to ORDER BY p.key LIMIT 40000");
DB_QUERY(q_media, "kb-import.media",
         "SELECT source_key, token FROM kb_media WHERE source_key >= :from AND source_key < :to LIMIT 100000");
DB_QUERY(q_taken, "kb-import.slug-taken",
         "SELECT 1 FROM kb_page p WHERE p.key <> :key AND (EXISTS (SELECT 1 FROM article a WHERE a.page_id = p.id"
         " AND a.slug = :slug) OR EXISTS (SELECT 1 FROM kb_draft d WHERE d.page_id = p.id AND d.slug = :slug)"
         " OR EXISTS (SELECT 1 FROM kb_redirect r WHERE r.page_id = p.id AND r.slug = :slug)) LIMIT 1");
DB_QUERY(q_add_page, "kb-import.add-page",
         "INSERT INTO kb_page (key, kind, visibility, source_lang, parent_id, position, tags, created_at, updated_at)"
         " VALUES (:key, :kind, :visibility, :lang, :parent, :position, :tags, :now, :now) RETURNING id");
DB_QUERY(
        q_set_page, "kb-import.set-page",
        "UPDATE kb_page SET parent_id = :parent, position = :position, tags = :tags, updated_at = :now WHERE id = :id");
DB_QUERY(q_visibility, "kb-import.visibility", "SELECT visibility FROM kb_page WHERE id = :id");
DB_QUERY(q_revision, "kb-import.revision",
         "INSERT INTO kb_revision (page_id, lang, number, published, title, summary, markdown, note, author, at)"
         " VALUES (:page, :lang, (SELECT COALESCE(MAX(number), 0) + 1 FROM kb_revision WHERE page_id = :page AND lang "
         "= :lang),"
         " 1, :title, :summary, :markdown, :note, :author, :now) RETURNING number");
/* A translation is of the source as it is now. */
DB_QUERY(q_article, "kb-import.article",
         "INSERT INTO article (page_id, slug, lang, title, summary, markdown, html, body, revision, source_revision,"
         " published_at, updated_at) VALUES (:page, :slug, :lang, :title, :summary, :markdown, :html, :body, :revision,"
         " COALESCE((SELECT s.revision FROM article s JOIN kb_page p ON p.id = s.page_id WHERE s.page_id = :page"
         " AND s.lang = p.source_lang AND s.lang <> :lang), 0), :now, :now)"
         " ON CONFLICT (page_id, lang) DO UPDATE SET slug = excluded.slug, title = excluded.title,"
         " summary = excluded.summary, markdown = excluded.markdown, html = excluded.html, body = excluded.body,"
         " revision = excluded.revision, source_revision = excluded.source_revision,"
         " updated_at = excluded.updated_at RETURNING id");
DB_QUERY(q_redirect, "kb-import.redirect",
         "INSERT INTO kb_redirect (slug, lang, page_id) VALUES (:slug, :lang, :page) ON CONFLICT (slug, lang) DO "
         "NOTHING");
DB_QUERY(q_drop_drafts, "kb-import.drop-drafts", "DELETE FROM kb_draft WHERE page_id = :page AND lang = :lang AND state = 4"); /* nobody's work is lost */

#define AUTHOR STR("import")

static int by_key(const void *x, const void *y)
{
	return str_cmp((*(struct import_page *const *)x)->key, (*(struct import_page *const *)y)->key);
}

static struct import_page *find(struct import_page **sorted, size_t n, struct str key)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = str_cmp(key, sorted[mid]->key);

		if (c == 0)
			return sorted[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

static void note_known(struct import_state *s, struct import_page *p, struct db_rows *r)
{
	struct str author = db_col_peek(r, 10);

	p->exists = true;
	p->id = db_col_i64(r, 0);
	p->parent_id = db_col_i64(r, 2);
	p->binned = db_col_i64(r, 5) == 1;
	p->archived = db_col_i64(r, 5) == 2;
	p->old_slug = db_col_str(r, 6, s->a);
	p->old_markdown = db_col_str(r, 9, s->a);
	p->edited = (author.n && !str_eq(author, AUTHOR)) || db_col_i64(r, 11);
	/* The text is compared later, when its links are ours. */
	p->same = str_eq(db_col_peek(r, 7), p->title) && str_eq(db_col_peek(r, 4), p->tags) &&
	          db_col_i64(r, 3) == p->position && (!p->summary.n || str_eq(db_col_peek(r, 8), p->summary));
}

enum rc import_known(struct db_tx *tx, struct import_state *s, struct str **ret_gone, size_t *ret_n, struct err *err)
{
	struct import_page **sorted = arena_array(s->a, struct import_page *, s->pages.n + 1);
	struct db_arg from = db_str("from", str_concat(s->a, s->prefix, STR(":"))),
	              to = db_str("to", str_concat(s->a, s->prefix, STR(";")));
	VEC(struct str) gone = { 0 };
	AUTO_ROWS r = { 0 };
	AUTO_ROWS m = { 0 };

	for (size_t i = 0; i < s->pages.n; i++)
		sorted[i] = &s->pages.at[i];
	qsort(sorted, s->pages.n, sizeof(*sorted), by_key);
	enum rc rc = db_select(tx, &q_known, DB_ARGS(from, to, db_str("lang", s->im->lang)), &r, err);
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		struct import_page *p = find(sorted, s->pages.n, db_col_peek(&r, 1));

		if (p)
			note_known(s, p, &r);
		else if (!db_col_i64(&r, 5))
			*VEC_ADD(s->a, &gone) = db_col_str(&r, 1, s->a);
	}
	if (rc == RC_NOT_FOUND)
		rc = db_select(tx, &q_media, DB_ARGS(from, to), &m, err);
	while (rc == RC_OK && (rc = db_next(&m, err)) == RC_OK) {
		struct str path = str_from(db_col_peek(&m, 0), s->prefix.n + 1);
		size_t at = import_media_at(s, path);

		if (at != STR_NONE)
			s->media.at[at].token = db_col_str(&m, 1, s->a);
	}
	*ret_gone = gone.at;
	*ret_n = gone.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc import_slug_taken(struct db_tx *tx, struct str slug, struct str key, struct err *err)
{
	int64_t one;

	return db_get_i64(tx, &q_taken, DB_ARGS(db_str("slug", slug), db_str("key", key)), &one, err);
}

static enum rc tell(struct db_tx *tx, struct import_state *s, const struct import_page *p, struct article_id id,
                    enum visibility v, struct instant now, struct err *err)
{
	struct event e = { .at = now, .kind = STR_INIT(EV_ARTICLE) };
	struct json j;
	AUTO_BUF data;

	buf_init(&data, 4096);
	json_init(&j, &data);
	json_obj(&j);
	json_ki64(&j, "id", id.v);
	json_ki64(&j, "page", p->id);
	json_kstr(&j, "what", STR("imported"));
	json_kstr(&j, "slug", p->slug);
	json_kstr(&j, "lang", s->im->lang);
	json_ki64(&j, "visibility", v);
	json_kbool(&j, "published", true);
	json_end_obj(&j);
	e.data = buf_str(&data);
	event_by(&e, s->who);
	return event_append(tx, &e, NULL, err);
}

static enum rc put_page(struct db_tx *tx, struct import_state *s, struct import_page *p, struct instant now,
                        int64_t *visibility, struct err *err)
{
	int64_t parent = p->parent == STR_NONE ? 0 : s->pages.at[p->parent].id;
	struct db_arg place[] = { db_id("parent", parent), db_i64("position", p->position), db_str("tags", p->tags),
		                  db_i64("now", now.us) };

	*visibility = (int64_t)s->im->visibility;
	if (!p->exists)
		return db_get_i64(tx, &q_add_page,
		                  DB_ARGS(db_str("key", p->key), db_i64("kind", s->im->kind),
		                          db_i64("visibility", s->im->visibility), db_str("lang", s->im->lang),
		                          place[0], place[1], place[2], place[3]),
		                  &p->id, err);
	enum rc rc = db_exec(tx, &q_set_page, DB_ARGS(db_i64("id", p->id), place[0], place[1], place[2], place[3]),
	                     NULL, err);
	return rc == RC_OK ? db_get_i64(tx, &q_visibility, DB_ARGS(db_i64("id", p->id)), visibility, err) : rc;
}

enum rc import_put(struct db_tx *tx, struct import_state *s, struct import_page *p, struct instant now, struct err *err)
{
	struct markdown_page page = { 0 };
	struct article_id id = { 0 };
	int64_t revision = 0, v = 0;
	struct db_arg lang = db_str("lang", s->im->lang);
	enum rc rc = put_page(tx, s, p, now, &v, err);

	if (rc == RC_OK)
		rc = kb_render(tx, s->a, (enum visibility)v, s->im->lang, now, p->markdown, &page, err);
	if (rc != RC_OK)
		return rc;
	struct str summary = p->summary.n ? p->summary : kb_summary(s->a, page.plain);
	struct db_arg id_arg = db_i64("page", p->id), title = db_str("title", p->title),
	              sum = db_str("summary", summary), text = db_str("markdown", p->markdown),
	              at = db_i64("now", now.us);
	rc = db_get_i64(tx, &q_revision,
	                DB_ARGS(id_arg, lang, title, sum, text,
	                        db_str("note", str_concat(s->a, STR("Import of "), s->im->book)),
	                        db_str("author", AUTHOR), at),
	                &revision, err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_article,
		                DB_ARGS(id_arg, db_str("slug", p->slug), lang, title, sum, text,
		                        db_str("html", page.html), db_str("body", str_utf8_clip(page.plain, 256 << 10)),
		                        db_i64("revision", revision), at),
		                &id.v, err);
	if (rc == RC_OK && p->old_slug.n && !str_eq(p->old_slug, p->slug))
		rc = db_exec(tx, &q_redirect, DB_ARGS(db_str("slug", p->old_slug), lang, id_arg), NULL, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_drop_drafts, DB_ARGS(id_arg, lang), NULL, err);
	if (rc == RC_OK)
		rc = kb_extra_media(tx, s->a, p->id, &page, err);
	if (rc == RC_OK)
		rc = kb_note_media(tx, p->id, s->im->lang, true, &page, err);
	struct article written = { .lang = s->im->lang, .title = p->title, .summary = summary, .markdown = p->markdown, .html = page.html };
	if (rc == RC_OK)
		rc = kb_revise(tx, s->a, s->who, now, &written, id, err);
	if (rc == RC_OK)
		rc = kb_index_put(tx, id, err);
	for (size_t i = 0; i < page.n_problems && rc == RC_OK; i++)
		if (page.problems[i].what != MARKDOWN_HEADING_ORDER &&
		    !(page.problems[i].what == MARKDOWN_REMOTE_IMAGE &&
		      str_starts(page.problems[i].detail, STR("http"))))
			import_say(s, STR_F ": " STR_F, STR_A(p->path.n ? p->path : p->key),
			           STR_A(kb_problem(s->a, i18n_lang(STR("en")), &page.problems[i])));
	return rc == RC_OK ? tell(tx, s, p, id, (enum visibility)v, now, err) : rc;
}

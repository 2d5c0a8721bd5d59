/* Articles: Markdown to cleaned HTML when written, visibility in every query. */
#include "kb/kb.h"
#include "html/html.h"
#include "search/search.h"
#include "util/json.h"
#include <md4c-html.h>

#define COLUMNS "id, slug, lang, title, summary, kind, visibility, published_at, updated_at"
DB_QUERY(q_find, "kb.find",
	 "SELECT " COLUMNS ", markdown, html FROM article WHERE slug = :slug AND lang IN (:lang, 'en') AND visibility <= :visibility"
	 " AND published_at IS NOT NULL AND published_at <= :now ORDER BY CASE WHEN lang = :lang THEN 0 ELSE 1 END LIMIT 1");
DB_QUERY(q_list, "kb.list",
	 "SELECT " COLUMNS " FROM article WHERE lang = :lang AND visibility <= :visibility AND published_at IS NOT NULL"
	 " AND (CAST(:kind AS BIGINT) = 0 OR kind = :kind) ORDER BY kind, title LIMIT 200");
DB_QUERY(q_save, "kb.save",
	 "INSERT INTO article (slug, lang, kind, title, summary, markdown, html, visibility, published_at, updated_at) VALUES (:slug, :lang, :kind,"
	 " :title, :summary, :markdown, :html, :visibility, :published, :now) ON CONFLICT (slug, lang) DO UPDATE SET kind = excluded.kind,"
	 " title = excluded.title, summary = excluded.summary, markdown = excluded.markdown, html = excluded.html,"
	 " visibility = excluded.visibility, published_at = excluded.published_at, updated_at = excluded.updated_at RETURNING id");

enum visibility kb_sees(const struct actor *who)
{
	return actor_is_agent(who) ? VISIBLE_INTERNAL : who->kind == ACTOR_CONTACT ? VISIBLE_CUSTOMERS : VISIBLE_PUBLIC;
}

const char *article_kind_name(enum article_kind k)
{
	static const char *const name[] = { "", "documentation", "article", "faq", "video", "resource", "demo" };

	return k >= ARTICLE_DOC && k <= ARTICLE_DEMO ? name[k] : "";
}

static void row(struct db_rows *r, struct arena *out, struct article *a)
{
	*a = (struct article){
		.id = { db_col_i64(r, 0) }, .slug = db_col_str(r, 1, out), .lang = db_col_str(r, 2, out), .title = db_col_str(r, 3, out),
		.summary = db_col_str(r, 4, out), .kind = (enum article_kind)db_col_i64(r, 5), .visibility = (enum visibility)db_col_i64(r, 6),
		.published_at = db_col_time(r, 7), .updated_at = db_col_time(r, 8),
	};
}

enum rc kb_find(struct db_tx *tx, struct arena *out, const struct actor *who, struct str slug, struct str lang, struct article *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_find, DB_ARGS(db_str("slug", slug), db_str("lang", lang), db_i64("visibility", kb_sees(who)), db_i64("now", time_now().us)), &r, err);

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

enum rc kb_list(struct db_tx *tx, struct arena *out, const struct actor *who, struct str lang, int kind, struct article **ret, size_t *ret_n, struct err *err)
{
	VEC(struct article) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_list, DB_ARGS(db_str("lang", lang), db_i64("visibility", kb_sees(who)), db_i64("kind", kind)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		row(&r, out, VEC_ADD(out, &v));
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

static void add(const MD_CHAR *p, MD_SIZE n, void *arg)
{
	buf_add(arg, p, n);
}

static bool slug_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] == '-' && i)))
			return false;
	return s.n > 0 && s.n <= 120;
}

enum rc kb_save(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now, const struct article *a, struct article_id *ret, struct err *err)
{
	AUTO_BUF b;
	AUTO_BUF data;

	buf_init(&b, 4 << 20);
	buf_init(&data, 4096);
	if (!slug_ok(a->slug))
		return fail_field(err, RC_INVALID, "slug", "The address of an article has lower-case letters, digits and hyphens");
	if (!a->title.n)
		return fail_field(err, RC_INVALID, "title", "An article needs a title");
	if (md_html(a->markdown.p, (MD_SIZE)a->markdown.n, add, &b, MD_DIALECT_GITHUB | MD_FLAG_NOHTML, 0) != 0 || b.full)
		return fail_field(err, RC_INVALID, "markdown", "The text cannot be shown: it is too large");
	struct html_result clean = html_clean(scratch, buf_str(&b), NULL);
	enum rc rc = db_get_i64(tx, &q_save,
				DB_ARGS(db_str("slug", a->slug), db_str("lang", a->lang), db_i64("kind", a->kind), db_str("title", a->title),
					db_str("summary", a->summary.p ? a->summary : STR("")), db_str("markdown", a->markdown), db_str("html", clean.html.p ? clean.html : STR("")),
					db_i64("visibility", a->visibility), db_time("published", a->published_at), db_i64("now", now.us)),
				&ret->v, err);
	if (rc == RC_OK)
		rc = search_index_article(tx, *ret, a->title, html_to_text(scratch, clean.html), true, err);
	if (rc != RC_OK)
		return rc;
	struct json j;
	json_init(&j, &data);
	json_obj(&j);
	json_ki64(&j, "id", ret->v);
	json_kstr(&j, "what", STR("saved"));
	json_end_obj(&j);
	struct event e = { .at = now, .kind = STR_INIT(EV_ARTICLE), .data = buf_str(&data) };
	event_by(&e, who);
	return event_append(tx, &e, NULL, err);
}

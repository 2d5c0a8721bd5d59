/* The knowledge base as readers see it: the list, the search and one article, for anybody; what they may see is kb/'s
 * and search/'s business. Writing articles is the desk's. */
#include "kb/edit.h"
#include "kb/text.h"
#include "search/search.h"
#include "web/portal_common.h"

struct kb_read {
	struct req *q;
	struct str words;
	struct kb_home home;
	struct article article;
	struct str moved; /* its address now */
};

static enum rc read_hits(struct db_tx *tx, struct kb_read *k, struct err *err)
{
	struct article_hit *hits = NULL;
	size_t n = 0;
	struct req *q = k->q;
	enum rc rc = kb_search(tx, q->arena, &q->actor, k->words, str_of(k->home.lang), 30, &hits, &n, err);

	if (rc != RC_OK)
		return rc;
	k->home.at = arena_array(q->arena, struct article, n + 1);
	k->home.n = n;
	k->home.searched = true;
	for (size_t i = 0; i < n; i++)
		k->home.at[i] = (struct article){ .id = hits[i].id,
			                          .slug = hits[i].slug,
			                          .title = hits[i].title,
			                          .summary = hits[i].summary,
			                          .kind = (enum article_kind)hits[i].kind };
	return RC_OK;
}

static enum rc read_home(struct db_tx *tx, void *arg, struct err *err)
{
	struct kb_read *k = arg;

	if (k->words.n)
		return read_hits(tx, k, err);
	return kb_list(tx, k->q->arena, &k->q->actor, str_of(k->home.lang), 0, &k->home.at, &k->home.n, err);
}

static void draw_home(struct out *o, const void *view)
{
	tmpl_kb_home(o, view);
}

static enum rc get_kb(struct req *q, struct resp *r)
{
	const struct i18n *l = web_lang(q);
	struct kb_read k = { .q = q, .words = req_field(q, "q"), .home.lang = i18n_tag(l) };

	k.home.words = k.words.p ? k.words : STR("");
	enum rc rc = db_read(web_desk(q)->db, read_home, &k, req_err(q));

	return rc == RC_OK ? portal_show(q, r, _(l, "Knowledge base"), NAV_KB, draw_home, &k.home) : rc;
}

static enum rc read_article(struct db_tx *tx, void *arg, struct err *err)
{
	struct kb_read *k = arg;
	struct req *q = k->q;
	enum rc rc = kb_find(tx, q->arena, &q->actor, req_path(q, "slug"), str_of(k->home.lang), &k->article, err);
	struct str lang;

	if (rc == RC_NOT_FOUND)
		return kb_redirect_find(tx, q->arena, &q->actor, q->now, req_path(q, "slug"), str_of(k->home.lang),
		                        &k->moved, &lang, err);
	return rc == RC_OK ? kb_fill(tx, q->arena, &q->actor, web_lang(q), k->article.html, &k->article.html, err) : rc;
}

static void draw_article(struct out *o, const void *view)
{
	tmpl_kb_article(o, view);
}

static enum rc get_article(struct req *q, struct resp *r)
{
	struct kb_read k = { .q = q, .home.lang = i18n_tag(web_lang(q)) };
	enum rc rc = db_read(web_desk(q)->db, read_article, &k, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (k.moved.n) {
		rc = resp_redirect(r, arena_strf(q->arena, "/kb/" STR_F, STR_A(k.moved)));
		r->status = 301;
		return rc;
	}
	struct kb_article v = { .a = &k.article,
		                .body.s = k.article.html,
		                .fallback = !str_is(k.article.lang, k.home.lang),
		                .signed_in = q->actor.kind != ACTOR_NOBODY };

	return portal_show(q, r, str_z(q->arena, k.article.title), NAV_KB, draw_article, &v);
}

static const struct field kb_fields[] = {
	{"q",  FIELD_TEXT, 200, false, NULL, "Words to search for" },
	{ .name = NULL},
};

const struct route kb_routes[] = {
	{HTTP_GET,    "/kb", CAP_PUBLIC, get_kb, kb_fields, ROUTE_LENIENT, "Articles, all or by words", NULL, NULL },
	{ HTTP_GET, "/kb/{slug}", CAP_PUBLIC, get_article, NULL, 0, "One article", NULL, NULL },
	{ .path = NULL },
};

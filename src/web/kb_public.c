/* The public knowledge base for programs and for later: a feed (RFC 4287), the list of pages for search engines
 * (sitemaps.org 0.9 with languages), robots.txt (RFC 9309), and a page as one file to read without a network. Only what
 * anybody may read is in any of these, whoever asks. */
#include "blob/blob.h"
#include "html/html.h"
#include "kb/media.h"
#include "kb/read.h"
#include "kb/text.h"
#include "tmpl.h"
#include "util/crypt.h"
#include "web/assets.h"
#include "web/kb_keep.h"
#include "web/kb_view.h"
#include "web/portal_common.h"

#define FEED_MAX    40
#define PART_PAGES  2000 /* numbers of pages in a part of the sitemap */
#define PARTS_MAX   1000
#define SAVED_MAX   (12u << 20) /* bytes of pictures inside a saved page; the rest stays where it is */
#define PICTURE_MAX (4u << 20)

/* Text of XML 1.0: escaped, and without the control characters it does not know. */
static void put_xml(struct req *q, struct buf *b, struct str s)
{
	char *clean = arena_alloc(q->arena, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		clean[i] = (unsigned char)s.p[i] < ' ' ? ' ' : s.p[i];
	buf_adds(b, html_escape(q->arena, (struct str){ clean, s.n }));
}

static void put_tag(struct req *q, struct buf *b, const char *tag, struct str text)
{
	buf_addf(b, "<%s>", tag);
	put_xml(q, b, text);
	buf_addf(b, "</%s>\n", tag);
}

static struct str page_url(struct req *q, struct str slug, struct str lang)
{
	return arena_strf(q->arena, STR_F "/kb/" STR_F "?lang=" STR_F, STR_A(web_kb_base(q)), STR_A(slug),
	                  STR_A(lang));
}

/* ---- feed ---- */

struct listed {
	struct req *q;
	struct str lang;
	struct article *at;
	size_t n;
	int64_t part, last;
};

static enum rc read_feed(struct db_tx *tx, void *arg, struct err *err)
{
	struct listed *x = arg;

	return kb_published(tx, x->q->arena, x->q->now, x->lang, FEED_MAX, &x->at, &x->n, err);
}

static enum rc get_feed(struct req *q, struct resp *r)
{
	struct str lang = req_field(q, "lang"), base = web_kb_base(q);
	struct listed x = { .q = q, .lang = lang.n && lang.n < 13 ? lang : str_of(i18n_tag(web_lang(q))) };
	struct instant newest = { 0 };
	int64_t stamp = -1;

	r->type = STR("application/atom+xml; charset=utf-8");
	if (kb_kept(q, r, &stamp))
		return RC_OK;
	enum rc rc = db_read(web_desk(q)->db, read_feed, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < x.n; i++)
		newest = x.at[i].updated_at.us > newest.us ? x.at[i].updated_at : newest;
	struct buf *b = r->body;
	struct str self = arena_strf(q->arena, STR_F "/kb/feed.atom?lang=" STR_F, STR_A(base), STR_A(x.lang));

	buf_addz(b,
	         "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"");
	put_xml(q, b, x.lang);
	buf_addz(b, "\">\n");
	put_tag(q, b, "id", self);
	put_tag(q, b, "title",
	        arena_strf(q->arena, STR_F ": %s", STR_A(web_settings(q).product), _(web_lang(q), "Knowledge base")));
	put_tag(q, b, "updated", time_iso(q->arena, newest));
	buf_addz(b, "<author><name>");
	put_xml(q, b, web_settings(q).product);
	buf_addz(b, "</name></author>\n<link rel=\"self\" href=\"");
	put_xml(q, b, self);
	buf_addz(b, "\"/>\n<link rel=\"alternate\" type=\"text/html\" href=\"");
	put_xml(q, b, arena_strf(q->arena, STR_F "/kb", STR_A(base)));
	buf_addz(b, "\"/>\n");
	for (size_t i = 0; i < x.n; i++) {
		const struct article *a = &x.at[i];
		struct str url = page_url(q, a->slug, a->lang);

		buf_addz(b, "<entry>\n");
		put_tag(q, b, "id",
		        arena_strf(q->arena, STR_F "/kb#%lld-" STR_F, STR_A(base), (long long)a->page, STR_A(a->lang)));
		put_tag(q, b, "title", a->title);
		put_tag(q, b, "published", time_iso(q->arena, a->published_at));
		put_tag(q, b, "updated", time_iso(q->arena, a->updated_at));
		put_tag(q, b, "summary", a->summary);
		buf_addz(b, "<link rel=\"alternate\" type=\"text/html\" href=\"");
		put_xml(q, b, url);
		buf_addz(b, "\"/>\n</entry>\n");
	}
	buf_addz(b, "</feed>\n");
	kb_keep(q, r, stamp, 0);
	return RC_OK;
}

/* ---- for search engines ---- */

static enum rc read_last(struct db_tx *tx, void *arg, struct err *err)
{
	struct listed *x = arg;

	return kb_public_last(tx, x->q->now, &x->last, err);
}

static enum rc get_sitemap(struct req *q, struct resp *r)
{
	struct listed x = { .q = q };
	struct str base = web_kb_base(q);
	int64_t stamp = -1;

	r->type = STR("application/xml; charset=utf-8");
	if (kb_kept(q, r, &stamp))
		return RC_OK;
	enum rc rc = db_read(web_desk(q)->db, read_last, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	buf_addz(r->body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	                  "<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n");
	for (int64_t i = 0; x.last && i <= x.last / PART_PAGES && i < PARTS_MAX; i++) {
		buf_addz(r->body, "<sitemap>");
		put_tag(q, r->body, "loc",
		        arena_strf(q->arena, STR_F "/kb/sitemap.xml?part=%lld", STR_A(base), (long long)i));
		buf_addz(r->body, "</sitemap>\n");
	}
	buf_addz(r->body, "</sitemapindex>\n");
	kb_keep(q, r, stamp, 0);
	return RC_OK;
}

static enum rc read_part(struct db_tx *tx, void *arg, struct err *err)
{
	struct listed *x = arg;

	return kb_public_part(tx, x->q->arena, x->q->now, x->part * PART_PAGES, (x->part + 1) * PART_PAGES, &x->at,
	                      &x->n, err);
}

static enum rc get_sitemap_part(struct req *q, struct resp *r)
{
	struct listed x = { .q = q };
	int64_t stamp = -1;

	r->type = STR("application/xml; charset=utf-8");
	if (!req_int(q, "part", &x.part) || x.part < 0 || x.part >= PARTS_MAX)
		x.part = 0;
	if (kb_kept(q, r, &stamp))
		return RC_OK;
	enum rc rc = db_read(web_desk(q)->db, read_part, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	buf_addz(r->body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset "
	                  "xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\""
	                  " xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">\n");
	for (size_t i = 0, from = 0; i < x.n; i++) {
		const struct article *a = &x.at[i];

		from = a->page == x.at[from].page ? from : i;
		buf_addz(r->body, "<url>");
		put_tag(q, r->body, "loc", page_url(q, a->slug, a->lang));
		put_tag(q, r->body, "lastmod", time_iso(q->arena, a->updated_at));
		for (size_t k = from; k < x.n && x.at[k].page == a->page; k++) {
			buf_addz(r->body, "<xhtml:link rel=\"alternate\" hreflang=\"");
			put_xml(q, r->body, x.at[k].lang);
			buf_addz(r->body, "\" href=\"");
			put_xml(q, r->body, page_url(q, x.at[k].slug, x.at[k].lang));
			buf_addz(r->body, "\"/>\n");
		}
		buf_addz(r->body, "</url>\n");
	}
	buf_addz(r->body, "</urlset>\n");
	kb_keep(q, r, stamp, 0);
	return RC_OK;
}

static enum rc get_robots(struct req *q, struct resp *r)
{
	r->type = STR("text/plain; charset=utf-8");
	r->cache = STR("public, max-age=3600");
	buf_addf(r->body,
	         "User-agent: *\nAllow: /kb\nAllow: /assets\nDisallow: /kb?\nDisallow: /kb/*/help\nDisallow: "
	         "/kb/*/saved\n"
	         "Disallow: /\nSitemap: " STR_F "/sitemap.xml\n",
	         STR_A(web_kb_base(q)));
	return RC_OK;
}

/* ---- a page as one file ---- */

struct saving {
	struct req *q;
	struct kb_reading k;
	struct buf *out;
	size_t bytes; /* of pictures so far */
};
struct medium {
	struct saving *s;
	struct str token;
	struct kb_media m;
};

static enum rc read_saved(struct db_tx *tx, void *arg, struct err *err)
{
	struct saving *x = arg;
	struct req *q = x->q;
	struct str lang = req_field(q, "lang");
	enum rc rc = kb_read(tx, q->arena, &q->actor, req_path(q, "slug"),
	                     lang.n && lang.n < 13 ? lang : str_of(i18n_tag(web_lang(q))), q->now, &x->k, err);

	return rc == RC_OK ? kb_fill(tx, q->arena, &q->actor, web_lang(q), x->k.a.html, &x->k.a.html, err) : rc;
}

static enum rc read_medium(struct db_tx *tx, void *arg, struct err *err)
{
	struct medium *x = arg;

	return kb_media_find(tx, x->s->q->arena, &x->s->q->actor, x->s->q->now, x->token, &x->m, err);
}

/* The picture at an address of ours as data:, "" when it is too large or none. The small one is enough to read. */
static struct str picture(struct saving *s, struct str url)
{
	struct req *q = s->q;
	struct medium x = { .s = s, .token = str_from(url, sizeof("/kb/media/") - 1) };
	size_t slash = str_find_byte(x.token, '/');
	bool small = slash != STR_NONE;
	struct str bytes;

	x.token = str_sub(x.token, 0, small ? slash : x.token.n);
	if (db_read(web_desk(q)->db, read_medium, &x, NULL) != RC_OK || !kb_media_is_picture(x.m.type))
		return STR("");
	small = small && x.m.thumb.n;
	if (blob_read(q->arena, web_desk(q)->blobs, small ? x.m.thumb : x.m.sha256, PICTURE_MAX, &bytes, NULL) !=
	            RC_OK ||
	    s->bytes + bytes.n > SAVED_MAX)
		return STR("");
	s->bytes += bytes.n;
	return arena_strf(q->arena, "data:" STR_F ";base64," STR_F, STR_A(small ? STR("image/webp") : x.m.type),
	                  STR_A(base64_encode(q->arena, bytes)));
}

/* Attributes of our own rendering that lead to this desk: pictures come along, links become whole addresses. */
static void bring(struct saving *s, struct str html)
{
	struct str base = web_kb_base(s->q);

	while (html.n) {
		size_t src = str_find(html, STR(" src=\"/kb/media/")), href = str_find(html, STR("=\"/"));
		size_t at = src < href ? src + sizeof(" src=\"") - 1 : href == STR_NONE ? STR_NONE : href + 2;

		if (at == STR_NONE)
			break;
		buf_adds(s->out, str_sub(html, 0, at));
		html = str_from(html, at);
		size_t n = str_find_byte(html, '"');
		struct str url = str_sub(html, 0, n == STR_NONE ? html.n : n),
		           data = src < href ? picture(s, url) : STR("");

		if (!data.n)
			buf_adds(s->out, base);
		buf_adds(s->out, data.n ? data : url);
		html = str_from(html, url.n);
	}
	buf_adds(s->out, html);
}

static enum rc get_saved(struct req *q, struct resp *r)
{
	AUTO_BUF out = { 0 };
	struct saving x = { .q = q, .out = &out };
	enum rc rc = db_read(web_desk(q)->db, read_saved, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	const struct asset *css = asset_find(str_of(asset_url("app.css")));
	struct kb_saved v = {
		.a = &x.k.a,
		.product = web_settings(q).product,
		.url = page_url(q, x.k.a.slug, x.k.a.lang),
	};

	buf_init(&out, SAVED_MAX * 2);
	bring(&x, x.k.a.html);
	v.body.s = buf_str(&out);
	v.css.s = arena_strf(q->arena, "<style>" STR_F "</style>", STR_A(css->bytes));
	struct out o = web_out(q, r);

	tmpl_kb_saved(&o, &v);
	resp_header(r, "Content-Disposition",
	            blob_disposition(q->arena, arena_strf(q->arena, STR_F ".html", STR_A(x.k.a.slug)), false));
	return RC_OK;
}

static const struct field lang_fields[] = {
	{"lang", FIELD_TEXT, 12, false, NULL, "Language of the texts" },
	{ .name = NULL   },
};
static const struct field part_fields[] = {
	{"part", FIELD_INT, 0, false, NULL, "As the index names them" },
	{ .name = NULL    },
};

const struct route kb_public_routes[] = {
	{HTTP_GET,                 "/kb/feed.atom", CAP_PUBLIC, get_feed, lang_fields, ROUTE_LENIENT | ROUTE_CACHE,
         "What is new, as a feed", NULL, NULL },
	{ HTTP_GET,              "/sitemap.xml", CAP_PUBLIC, get_sitemap, NULL, ROUTE_CACHE, "Parts of the list of pages", NULL,
         NULL },
	{ HTTP_GET,             "/kb/sitemap.xml", CAP_PUBLIC, get_sitemap_part, part_fields, ROUTE_LENIENT | ROUTE_CACHE,
         "Pages for search engines", NULL, NULL },
	{ HTTP_GET, "/robots.txt", CAP_PUBLIC, get_robots, NULL, ROUTE_CACHE, "What search engines may read", NULL,
         NULL },
	{ HTTP_GET,	            "/kb/{slug}/saved", CAP_PUBLIC, get_saved, lang_fields, ROUTE_LENIENT, "A page as one file", NULL,
         NULL },
	{ .path = NULL               },
};

/* The knowledge base as its readers meet it: the first page, the list of a kind, a page by its kind, and whether it
 * helped. What anybody may see is kb/'s business. Pages that are the same for everybody are kept whole (kb_keep.c).
 * Writing is kb_edit.c's and its neighbours'. */
#include "html/html.h"
#include "kb/edit.h"
#include "kb/text.h"
#include "tmpl.h"
#include "web/kb_keep.h"
#include "web/kb_view.h"
#include "web/portal_common.h"

#define FRONT_SHOWN 4
#define LIST_MAX    100

static const struct {
	enum article_kind kind;
	const char *word, *name, *icon;
} shelves[6] = {
	{ARTICLE_DOC,       "documentation", N_("Documentation"),      "book-open"  },
	{ ARTICLE_ARTICLE,  "article",       N_("Technical articles"), "file-text"  },
	{ ARTICLE_FAQ,      "faq",           N_("Frequent questions"), "circle-help"},
	{ ARTICLE_VIDEO,    "video",         N_("Video guides"),       "play"       },
	{ ARTICLE_RESOURCE, "resource",      N_("Resources"),          "paperclip"  },
	{ ARTICLE_DEMO,     "demo",          N_("Demo site"),          "globe"      },
};

const char *kb_reader_kind(const struct i18n *l, enum article_kind k)
{
	for (size_t i = 0; i < COUNT(shelves); i++)
		if (shelves[i].kind == k)
			return tr(l, shelves[i].name);
	return "";
}

/* The language of the text: asked for in the address, else the reader's. */
struct str kb_reader_lang(const struct req *q)
{
	struct str l = req_field(q, "lang");

	for (size_t i = 0; i < l.n; i++)
		if (!((l.p[i] >= 'a' && l.p[i] <= 'z') || (l.p[i] == '-' && i >= 2)))
			l = STR("");
	return l.n >= 2 && l.n <= 12 ? l : str_of(i18n_tag(web_lang(q)));
}

/* A language by its own name. */
static const char *lang_name(const struct req *q, struct str lang)
{
	static const struct {
		const char *tag, *name;
	} known[] = {
		{"en",     "English"            },
                { "es",    "Español"           },
                { "pt",    "Português"         },
                { "pt-br", "Português (Brasil)"},
		{ "fr",    "Français"          },
                { "de",    "Deutsch"            },
                { "it",    "Italiano"           }
	};

	for (size_t i = 0; i < COUNT(known); i++)
		if (str_is(lang, known[i].tag))
			return known[i].name;
	return str_z(q->arena, lang);
}

struct str kb_reader_url(const struct req *q, struct str slug, struct str lang)
{
	if (str_is(lang, i18n_tag(web_lang(q))) && !web_lang_asked(q).n)
		return str_concat(q->arena, STR("/kb/"), slug);
	return arena_strf(q->arena, "/kb/" STR_F "?lang=" STR_F, STR_A(slug), STR_A(lang));
}

/* ---- the first page, lists, hits ---- */

struct reading {
	struct req *q;
	struct str lang, words;
	enum article_kind kind;
	struct kb_front front;
	struct kb_reading k;
	struct str moved; /* where an old address leads */
};

static enum rc read_front(struct db_tx *tx, void *arg, struct err *err)
{
	struct reading *x = arg;
	struct req *q = x->q;
	int64_t n[7];

	if (x->kind)
		return kb_popular(tx, q->arena, &q->actor, x->lang, x->kind, q->now, LIST_MAX, &x->front.at,
		                  &x->front.n, err);
	enum rc rc = kb_shelves(tx, &q->actor, x->lang, q->now, n, err);

	for (size_t i = 0; i < COUNT(shelves) && rc == RC_OK; i++) {
		struct kb_shelf *s = &x->front.shelf[i];

		s->n = n[shelves[i].kind];
		if (s->n)
			rc = kb_popular(tx, q->arena, &q->actor, x->lang, shelves[i].kind, q->now, FRONT_SHOWN, &s->at,
			                &s->shown, err);
	}
	return rc;
}

static void draw_front(struct out *o, const void *view)
{
	const struct kb_front *v = view;

	if (v->listing)
		tmpl_kb_listing(o, v);
	else
		tmpl_kb_front(o, v);
}

static enum article_kind kind_asked(const struct req *q)
{
	struct str w = req_field(q, "kind");

	for (size_t i = 0; i < COUNT(shelves); i++)
		if (str_is(w, shelves[i].word))
			return shelves[i].kind;
	return 0;
}

void kb_reader_show(struct req *q, struct resp *r, const char *title, const struct kb_head *head,
                    void (*draw)(struct out *o, const void *view), const void *view)
{
	struct out o = web_out(q, r);
	struct page page;
	AUTO_BUF b;

	buf_init(&b, 64 << 10);
	struct out h = { .b = &b, .lang = o.lang, .zone = o.zone, .now = q->now, .arena = q->arena };

	tmpl_rkb_head(&h, head);
	web_page_init(&page, q, r, title);
	page.nav = NAV_KB;
	page.head.s = arena_str(q->arena, buf_str(&b));
	tmpl_portal_head(&o, &page);
	draw(&o, view);
	tmpl_portal_foot(&o, &page);
}

static enum rc get_kb(struct req *q, struct resp *r)
{
	const struct i18n *l = web_lang(q);
	struct reading x = { .q = q, .lang = kb_reader_lang(q), .words = req_field(q, "q"), .kind = kind_asked(q) };
	const char *title = x.kind ? kb_reader_kind(l, x.kind) : _(l, "Knowledge base");
	int64_t stamp = -1;

	if (x.words.n)
		return kb_hits(q, r, x.lang, (int)x.kind);
	if (kb_kept(q, r, &stamp))
		return RC_OK;
	enum rc rc = db_read(web_desk(q)->db, read_front, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	x.front.words = x.words.p ? x.words : STR("");
	x.front.lang = i18n_tag(l);
	x.front.title = title;
	x.front.listing = x.kind != 0;
	for (size_t i = 0; i < COUNT(shelves); i++) {
		x.front.shelf[i].name = tr(l, shelves[i].name);
		x.front.shelf[i].icon = shelves[i].icon;
		x.front.shelf[i].url = arena_strf(q->arena, "/kb?kind=%s", shelves[i].word);
	}
	struct kb_head head = { .title = str_of(title),
		                .feed = arena_strf(q->arena, "/kb/feed.atom?lang=" STR_F, STR_A(x.lang)) };

	kb_reader_show(q, r, title, &head, draw_front, &x.front);
	kb_keep(q, r, stamp, 0);
	return RC_OK;
}

/* ---- a page ---- */

static enum rc read_page(struct db_tx *tx, void *arg, struct err *err)
{
	struct reading *x = arg;
	struct req *q = x->q;
	struct str slug = req_path(q, "slug"), new_slug, new_lang;
	enum rc rc = kb_read(tx, q->arena, &q->actor, slug, x->lang, q->now, &x->k, err);

	if (rc == RC_NOT_FOUND &&
	    kb_redirect_find(tx, q->arena, &q->actor, q->now, slug, x->lang, &new_slug, &new_lang, NULL) == RC_OK) {
		x->moved = kb_reader_url(q, new_slug, new_lang);
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	return kb_fill(tx, q->arena, &q->actor, web_lang(q), x->k.a.html, &x->k.a.html, err);
}

static struct kb_place *places(const struct req *q, const struct kb_link *at, size_t n)
{
	struct kb_place *p = arena_array(q->arena, struct kb_place, n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (struct kb_place){ at[i].title, kb_reader_url(q, at[i].slug, at[i].lang) };
	return p;
}

/* Headings of the text, from their anchors: what render wrote is the only thing that can be there. */
static struct markdown_heading *toc_of(struct arena *a, struct str html, size_t *n)
{
	VEC(struct markdown_heading) v = { 0 };
	struct str rest = html;

	for (size_t at; (at = str_find(rest, STR(" id=\"s-"))) != STR_NONE && v.n < 60;) {
		char level = at >= 1 ? rest.p[at - 1] : 0;
		bool heading = at >= 3 && rest.p[at - 2] == 'h' && rest.p[at - 3] == '<' &&
		               (level == '2' || level == '3');
		size_t end, close;

		rest = str_from(rest, at + 5);
		end = str_find_byte(rest, '"');
		if (end == STR_NONE)
			break;
		struct str anchor = str_sub(rest, 0, end);
		close = str_find(rest, STR("</h"));
		size_t open = str_find_byte(rest, '>');
		if (heading && close != STR_NONE && open != STR_NONE && open < close)
			*VEC_ADD(a, &v) = (struct markdown_heading){
				level - '0', html_to_text(a, str_sub(rest, open + 1, close - open - 1)), anchor
			};
	}
	*n = v.n;
	return v.at;
}

static void fill_langs(const struct req *q, const struct kb_reading *k, struct kb_page_view *v)
{
	v->langs = arena_array(q->arena, struct kb_alternate, k->n_langs + 1);
	for (size_t i = 0; i < k->n_langs; i++)
		v->langs[v->n_langs++] = (struct kb_alternate){
			.lang = k->langs[i].lang,
			.url = arena_strf(q->arena, "/kb/" STR_F "?lang=" STR_F, STR_A(k->langs[i].slug),
			                  STR_A(k->langs[i].lang)),
			.name = lang_name(q, k->langs[i].lang),
			.current = str_eq(k->langs[i].lang, k->a.lang),
		};
}

static struct str media_url(struct arena *a, struct str token)
{
	return token.n ? str_concat(a, STR("/kb/media/"), token) : STR("");
}

/* No template makes one: this is the only place of the program that shows somebody else's page. */
static struct html frame_of(const struct req *q, struct str src, struct str title)
{
	static const char begin[] = "<iframe allow=\"fullscreen\" referrerpolicy=\"no-referrer\" src=\"",
	                  middle[] = "\" title=\"", end[] = "\"></iframe>";
	AUTO_BUF b;

	buf_init(&b, 8192);
	struct out o = { .b = &b, .lang = web_lang(q), .now = q->now, .arena = q->arena };

	out_raw(&o, begin, sizeof(begin) - 1);
	out_href(&o, src);
	out_raw(&o, middle, sizeof(middle) - 1);
	out_attr(&o, title);
	out_raw(&o, end, sizeof(end) - 1);
	return (struct html){ arena_str(q->arena, buf_str(&b)) };
}

static void fill_film(struct req *q, struct resp *r, const struct kb_extra *x, const struct kb_extra_text *t,
                      struct kb_page_view *v)
{
	struct arena *a = q->arena;
	struct str rest = x->embed, host;

	v->film = media_url(a, x->media);
	v->length = x->duration ? kb_clock(a, x->duration) : STR("");
	v->transcript = t ? t->transcript : STR("");
	v->tracks = arena_array(a, struct kb_track, x->n_captions + 1);
	for (size_t i = 0; i < x->n_captions; i++)
		v->tracks[v->n_tracks++] = (struct kb_track){ x->captions[i].lang, x->captions[i].label,
			                                      media_url(a, x->captions[i].media) };
	v->chapters = arena_array(a, struct kb_step, t ? t->n_chapters + 1 : 1);
	for (size_t i = 0; t && i < t->n_chapters; i++)
		v->chapters[v->n_chapters++] = (struct kb_step){
			.title = t->chapters[i].title,
			.at = kb_clock(a, t->chapters[i].at),
			.url = v->film.n ? arena_strf(a, STR_F "#t=%lld", STR_A(v->film), (long long)t->chapters[i].at)
			                 : STR(""),
		};
	if (!x->embed.n || !str_starts(x->embed, STR("https://")))
		return;
	rest = str_from(rest, 8);
	host = str_sub(rest, 0, str_find_byte(rest, '/') == STR_NONE ? rest.n : str_find_byte(rest, '/'));
	v->embed = x->embed;
	v->embed_host = host;
	v->play_url = arena_strf(a, "%s?play=1&lang=" STR_F "#film", str_z(a, q->path), STR_A(v->k->a.lang));
	v->playing = str_is(req_field(q, "play"), "1");
	/* Only now, and only there: nobody elsewhere learns who reads before the reader says so. */
	if (v->playing)
		v->frame = frame_of(q, x->embed, v->k->a.title);
	if (v->playing)
		r->csp = arena_strf(a,
		                    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
		                    "font-src 'self';"
		                    " connect-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none';"
		                    " frame-ancestors 'none'; frame-src https://" STR_F,
		                    STR_A(host));
}

static void fill_kind(struct req *q, struct resp *r, const struct kb_reading *k, struct kb_page_view *v)
{
	const struct kb_extra *x = &k->extra;
	const struct kb_extra_text *t = kb_extra_text(x, k->a.lang);
	struct arena *a = q->arena;

	if (k->a.kind == ARTICLE_VIDEO)
		fill_film(q, r, x, t, v);
	if (k->a.kind == ARTICLE_RESOURCE) {
		v->get = x->media.n ? media_url(a, x->media) : x->link;
		v->get_label = x->label;
	}
	if (k->a.kind != ARTICLE_DEMO)
		return;
	v->host = x->host;
	v->host_url = x->host.n ? str_concat(a, STR("https://"), x->host) : STR("");
	v->sign_in = t ? t->sign_in : STR("");
	v->down = time_is_set(k->checked_at) && !k->reachable;
	v->tours = arena_array(a, struct kb_step, t ? t->n_tours + 1 : 1);
	for (size_t i = 0; t && i < t->n_tours; i++)
		v->tours[v->n_tours++] = (struct kb_step){ .title = t->tours[i].title,
			                                   .hint = t->tours[i].hint,
			                                   .url = str_concat(a, v->host_url, t->tours[i].path) };
}

static void draw_page(struct out *o, const void *view)
{
	tmpl_kb_page(o, view);
}

/* " redwood sumac " as people write them. */
struct str kb_reader_releases(struct arena *a, struct str words)
{
	struct str one;
	AUTO_BUF b;

	buf_init(&b, 1000);
	while (str_cut(&words, ' ', &one)) {
		if (!one.n)
			continue;
		if (b.n)
			buf_addz(&b, ", ");
		buf_addc(&b, one.p[0] >= 'a' && one.p[0] <= 'z' ? one.p[0] - 32 : one.p[0]);
		buf_adds(&b, str_from(one, 1));
	}
	return arena_str(a, buf_str(&b));
}

static enum rc get_article(struct req *q, struct resp *r)
{
	const struct i18n *l = web_lang(q);
	struct reading x = { .q = q, .lang = kb_reader_lang(q) };
	struct arena *a = q->arena;
	int64_t stamp = -1;

	kb_opened_from(q, x.lang);
	if (kb_kept(q, r, &stamp))
		return RC_OK;
	enum rc rc = db_read(web_desk(q)->db, read_page, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (x.moved.n) { /* for ever: engines and bookmarks learn it */
		rc = resp_redirect(r, x.moved);
		r->status = 301;
		return rc;
	}
	struct kb_reading *k = &x.k;
	struct kb_page_view v = {
		.k = k,
		.kind = kb_reader_kind(l, k->a.kind),
		.releases = kb_reader_releases(a, k->releases),
		.body.s = k->a.html,
		.crumbs = places(q, k->crumbs, k->n_crumbs),
		.n_crumbs = k->n_crumbs,
		.below = places(q, k->below, k->n_below),
		.n_below = k->n_below,
		.fallback = !str_eq(k->a.lang, x.lang),
		.fallback_name = lang_name(q, k->a.lang),
		.stale = k->stale,
		.is_agent = actor_is_agent(&q->actor),
		.help_yes = arena_strf(a, "/kb/" STR_F "/help?is=yes&lang=" STR_F, STR_A(k->a.slug), STR_A(k->a.lang)),
		.help_no = arena_strf(a, "/kb/" STR_F "/help?is=no&lang=" STR_F, STR_A(k->a.slug), STR_A(k->a.lang)),
		.ask_url = arena_strf(a, "/support/new?article=" STR_F, STR_A(k->a.slug)),
		.saved_url = arena_strf(a, "/kb/" STR_F "/saved?lang=" STR_F, STR_A(k->a.slug), STR_A(k->a.lang)),
		.edit_url = arena_strf(a, "/desk/kb/%lld/" STR_F, (long long)k->a.page, STR_A(k->a.lang)),
	};

	if (k->prev.slug.n)
		v.prev = places(q, &k->prev, 1)[0];
	if (k->next.slug.n)
		v.next = places(q, &k->next, 1)[0];
	v.toc = toc_of(a, k->a.html, &v.n_toc);
	fill_langs(q, k, &v);
	fill_kind(q, r, k, &v);
	kb_tally_add(web_desk(q)->tally, k->a.page, KB_READ, q->now);
	struct kb_head head = { .title = k->a.title, .article = k->a.visibility == VISIBLE_PUBLIC };

	if (head.article) {
		head.canonical = arena_strf(a, STR_F "/kb/" STR_F "?lang=" STR_F, STR_A(web_kb_base(q)),
		                            STR_A(k->a.slug), STR_A(k->a.lang));
		head.summary = k->a.summary;
		head.langs = v.langs;
		head.n_langs = v.n_langs;
		head.product = web_settings(q).product;
	}
	kb_reader_show(q, r, str_z(a, k->a.title), &head, draw_page, &v);
	if (head.article && !v.playing)
		kb_keep(q, r, stamp, k->a.page);
	return RC_OK;
}

/* ---- did this help? ---- */

struct helping {
	struct req *q;
	struct str lang;
	struct article a;
	bool yes;
};

static enum rc read_help(struct db_tx *tx, void *arg, struct err *err)
{
	struct helping *x = arg;

	return kb_find(tx, x->q->arena, &x->q->actor, req_path(x->q, "slug"), x->lang, &x->a, err);
}

static enum rc write_help(struct db_tx *tx, void *arg, struct err *err)
{
	struct helping *x = arg;
	struct req *q = x->q;
	int64_t why = 0;
	enum rc rc = read_help(tx, arg, err);

	req_int(q, "why", &why);
	return rc == RC_OK ? kb_feedback_add(tx, &q->actor, q->now, x->a.page, x->a.lang, x->yes,
	                                     why > 0 && why < KB_WHYS ? (enum kb_why)why : KB_WHY_NONE,
	                                     req_field(q, "comment"), err)
	                   : rc;
}

static void draw_help(struct out *o, const void *view)
{
	tmpl_kb_help(o, view);
}

static enum rc show_help(struct req *q, struct resp *r, struct helping *x, bool done)
{
	const struct i18n *l = web_lang(q);
	struct kb_help v = { .a = &x->a,
		             .url = arena_strf(q->arena, "/kb/" STR_F "/help?lang=" STR_F, STR_A(x->a.slug),
		                               STR_A(x->a.lang)),
		             .comment = web_field_value(q, "comment", STR("")),
		             .ask_url = arena_strf(q->arena, "/support/new?article=" STR_F, STR_A(x->a.slug)),
		             .yes = x->yes,
		             .done = done };

	return portal_show(q, r, _(l, "Did this help?"), NAV_KB, draw_help, &v);
}

static enum rc get_help(struct req *q, struct resp *r)
{
	struct helping x = { .q = q, .lang = kb_reader_lang(q), .yes = str_is(req_field(q, "is"), "yes") };
	enum rc rc = db_read(web_desk(q)->db, read_help, &x, req_err(q));

	return rc == RC_OK ? show_help(q, r, &x, str_is(req_field(q, "done"), "1")) : rc;
}

static enum rc post_help(struct req *q, struct resp *r)
{
	struct helping x = { .q = q, .lang = kb_reader_lang(q), .yes = str_is(req_field(q, "is"), "yes") };

	if (web_fields_wrong(q, r))
		return get_help(q, r);
	enum rc rc = db_write(web_desk(q)->db, write_help, &x, req_err(q));

	if (web_form_failed(q, r, rc))
		return get_help(q, r);
	if (rc == RC_OK && x.yes)
		kb_tally_add(web_desk(q)->tally, x.a.page, KB_SOLVED, q->now);
	return rc == RC_OK ? resp_redirect(r, arena_strf(q->arena, "/kb/" STR_F "/help?done=1&is=%s&lang=" STR_F,
	                                                 STR_A(x.a.slug), x.yes ? "yes" : "no", STR_A(x.a.lang)))
	                   : rc;
}

static const struct field kb_fields[] = {
	{"q",           FIELD_TEXT, 200, false, NULL, "Words to search for" },
	{ "kind",          FIELD_CHOICE, 0, false, "documentation|article|faq|video|resource|demo", "Only these" },
	{ "lang",         FIELD_TEXT, 12, false, NULL, "Language of the texts" },
	{ "product",            FIELD_TEXT, 100, false, NULL, "Only of this product" },
	{ "release",FIELD_TEXT, 40, false, NULL, "Only for this release of Open edX" },
	{ "sort",        FIELD_CHOICE, 0, false, "best|new", "Order" },
	{ "from", FIELD_INT, 0, false, NULL, "How many to leave out" },
	{ .name = NULL      },
};
static const struct field page_fields[] = {
	{"lang", FIELD_TEXT, 12, false, NULL, "Language of the text" },
	{ "play",    FIELD_CHOICE, 0, false, "1", "The reader wants to see the film from elsewhere" },
	{ .name = NULL },
};
static const struct field help_fields[] = {
	{"is",          FIELD_CHOICE, 0, false, "yes|no", "Whether it helped" },
	{ "done",            FIELD_CHOICE, 0, false, "1", "It was said" },
	{ "why",     FIELD_INT, 0, false, NULL, "1 not clear, 2 wrong, 3 out of date, 4 something else" },
	{ "comment",            FIELD_LINES, 2000, false, NULL, "In words" },
	{ "lang",FIELD_TEXT, 12, false, NULL, "Language of the text" },
	{ .name = NULL       },
};

const struct route kb_routes[] = {
	{HTTP_GET,	                            "/kb", CAP_PUBLIC, get_kb, kb_fields, ROUTE_LENIENT | ROUTE_CACHE,
         "The knowledge base, one kind, or by words", NULL, NULL },
	{ HTTP_GET,	                         "/kb/{slug}", CAP_PUBLIC, get_article, page_fields, ROUTE_LENIENT | ROUTE_CACHE, "One page", NULL,
         NULL },
	{ HTTP_GET,	                          "/kb/{slug}/help", CAP_PUBLIC, get_help, help_fields, ROUTE_LENIENT, "Did it help?", NULL, NULL },
	{ HTTP_POST, "/kb/{slug}/help", CAP_PUBLIC, post_help, help_fields, ROUTE_LENIENT, "A reader's word", NULL,
         NULL },
	{ .path = NULL	                              },
};

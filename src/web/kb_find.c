/* Searching in the knowledge base: the list of hits, what is proposed while one types, and for agents what people
 * looked for in vain, words that stand for others and pages chosen for words. How things are found is kb/find.h's. */
#include "tmpl.h"
#include "util/json.h"
#include "web/csv.h"
#include "web/kb_find_view.h"
#include "web/kb_view.h"
#include "web/portal_common.h"

#define HITS_SHOWN   20
#define PROPOSED     8
#define POPULAR      6
#define RELEASE_DAYS (365 * 86400)

/* ---- hits ---- */

struct hitting {
	struct req *q;
	struct kb_query k;
	struct kb_found f;
	struct article *popular;
	size_t n_popular;
};

static struct str or_empty(struct str s)
{
	return s.p ? s : STR("");
}

static enum rc read_hits(struct db_tx *tx, void *arg, struct err *err)
{
	struct hitting *x = arg;
	struct req *q = x->q;
	enum rc rc = kb_look(tx, q->arena, &q->actor, &x->k, q->now, &x->f, err);

	if (rc == RC_OK && !x->f.total)
		rc = kb_popular(tx, q->arena, &q->actor, x->k.lang, 0, q->now, POPULAR, &x->popular, &x->n_popular,
		                err);
	return rc;
}

/* The address of these hits with something else in it. */
static struct str hits_url(const struct req *q, struct str words, const struct kb_query *k, size_t from)
{
	AUTO_BUF b;
	struct out u = { .b = &b };

	buf_init(&b, 4000);
	buf_addz(&b, "/kb?q=");
	out_url_part(&u, words);
	if (str_null(req_field(q, "lang")) == false) {
		buf_addz(&b, "&lang=");
		out_url_part(&u, k->lang);
	}
	if (k->kind)
		buf_addf(&b, "&kind=%s", article_kind_name((enum article_kind)k->kind));
	if (k->product.n) {
		buf_addz(&b, "&product=");
		out_url_part(&u, k->product);
	}
	if (k->release.n) {
		buf_addz(&b, "&release=");
		out_url_part(&u, k->release);
	}
	if (k->newest)
		buf_addz(&b, "&sort=new");
	if (from)
		buf_addf(&b, "&from=%zu", from);
	return b.full ? STR("/kb") : arena_str(q->arena, buf_str(&b));
}

static struct kb_facet_link *facet_links(const struct hitting *x, const struct kb_facet *at, size_t n,
                                         struct str chosen, bool release, size_t *ret_n)
{
	struct arena *a = x->q->arena;
	struct kb_facet_link *v = arena_array(a, struct kb_facet_link, n + 1);

	*ret_n = 0;
	for (size_t i = 0; i < n; i++) {
		struct kb_query k = x->k;
		bool is = str_eq(at[i].value, chosen);

		if (release)
			k.release = is ? STR("") : at[i].value;
		else
			k.product = is ? STR("") : at[i].value;
		v[(*ret_n)++] = (struct kb_facet_link){ release ? kb_reader_releases(a, at[i].value) : at[i].value,
			                                hits_url(x->q, k.words, &k, 0), at[i].n, is };
	}
	return v;
}

static void fill_facets(const struct hitting *x, struct kb_hits_view *v)
{
	const struct i18n *l = web_lang(x->q);

	v->kinds = arena_array(x->q->arena, struct kb_facet_link, 7);
	for (int kind = 1; kind <= 6; kind++) {
		struct kb_query k = x->k;
		bool is = x->k.kind == kind;

		k.kind = is ? 0 : kind;
		if (x->f.kinds[kind] || is)
			v->kinds[v->n_kinds++] = (struct kb_facet_link){
				str_of(kb_reader_kind(l, (enum article_kind)kind)), hits_url(x->q, k.words, &k, 0),
				x->f.kinds[kind], is
			};
	}
	v->products = facet_links(x, x->f.products, x->f.n_products, x->k.product, false, &v->n_products);
	v->releases = facet_links(x, x->f.releases, x->f.n_releases, x->k.release, true, &v->n_releases);
}

static void fill_urls(struct hitting *x, struct kb_hits_view *v)
{
	struct kb_query k = x->k;
	struct req *q = x->q;

	k.newest = false;
	v->best_url = hits_url(q, k.words, &k, 0);
	k.newest = true;
	v->newest_url = hits_url(q, k.words, &k, 0);
	if (x->k.from + x->f.n < x->f.total)
		v->next_url = hits_url(q, k.words, &x->k, x->k.from + x->f.n);
	if (x->k.from)
		v->before_url = hits_url(q, k.words, &x->k, x->k.from > HITS_SHOWN ? x->k.from - HITS_SHOWN : 0);
	k = x->k;
	k.kind = 0;
	k.product = k.release = STR("");
	v->all_url = hits_url(q, k.words, &k, 0);
	if (x->f.meant.n)
		v->meant_url = hits_url(q, x->f.meant, &k, 0);
	v->filtered = x->k.kind || x->k.product.n || x->k.release.n;
}

static void draw_hits(struct out *o, const void *view)
{
	tmpl_kb_hits(o, view);
}

static struct str one_word(struct str s)
{
	bool fine = s.n > 0 && s.n <= 40;

	for (size_t i = 0; i < s.n && fine; i++)
		fine = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || strchr(".-_", s.p[i]);
	return fine ? s : STR("");
}

enum rc kb_hits(struct req *q, struct resp *r, struct str lang, int kind)
{
	const struct i18n *l = web_lang(q);
	struct hitting x = {
		.q = q,
		.k = {.words = req_field(q, "q"),
                      .lang = lang,
                      .kind = kind,
                      .product = or_empty(req_field(q, "product")),
                      .release = one_word(req_field(q, "release")),
                      .runs = one_word(req_cookie(q, "release")),
                      .newest = str_is(req_field(q, "sort"), "new"),
                      .max = HITS_SHOWN}
	};
	int64_t from = 0;

	req_int(q, "from", &from);
	x.k.from = from > 0 && from < KB_LOOKED_AT ? (size_t)from : 0;
	enum rc rc = db_read(web_desk(q)->db, read_hits, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	struct kb_hits_view v = { .words = x.k.words,
		                  .lang = x.k.lang,
		                  .f = &x.f,
		                  .n = x.f.n,
		                  .newest = x.k.newest,
		                  .popular = x.popular,
		                  .n_popular = x.n_popular,
		                  .rows = arena_array(q->arena, struct kb_hit_row, x.f.n + 1) };

	for (size_t i = 0; i < x.f.n; i++)
		v.rows[i] = (struct kb_hit_row){ &x.f.at[i], kb_reader_url(q, x.f.at[i].slug, x.f.at[i].lang),
			                         kb_reader_kind(l, x.f.at[i].kind) };
	fill_facets(&x, &v);
	fill_urls(&x, &v);
	/* Whoever chooses a release has it: other searches prefer it. */
	if (x.k.release.n)
		resp_cookie(r, "release", x.k.release, RELEASE_DAYS);
	if (!actor_is_agent(&q->actor) && !x.k.from && !v.filtered)
		kb_tally_query(web_desk(q)->tally, x.k.lang, x.k.words, x.f.how == KB_SOME_WORDS ? 0 : x.f.total,
		               q->now);
	struct kb_head head = { .title = str_of(_(l, "Knowledge base")) };

	kb_reader_show(q, r, _(l, "Knowledge base"), &head, draw_hits, &v);
	return RC_OK;
}

/* ---- a hit is opened ---- */

/* "+" and %XX of a query; what is not well-formed stays as it is. */
static struct str decoded(struct arena *a, struct str s)
{
	AUTO_BUF b;

	buf_init(&b, 1000);
	for (size_t i = 0; i < s.n; i++) {
		char hex[3] = { 0 };

		if (s.p[i] == '%' && i + 2 < s.n) {
			char *end;

			memcpy(hex, s.p + i + 1, 2);
			long c = strtol(hex, &end, 16);
			if (*end == 0 && c >= 32) {
				buf_addc(&b, (char)c);
				i += 2;
				continue;
			}
		}
		buf_addc(&b, s.p[i] == '+' ? ' ' : s.p[i]);
	}
	return arena_str(a, buf_str(&b));
}

void kb_opened_from(const struct req *q, struct str lang)
{
	struct str from = req_header(q, "Referer"), part, words = STR("");
	size_t at = str_find(from, STR("/kb?"));

	/* Only our own pages send it here (Referrer-Policy: same-origin); it decides a number in a report, no more. */
	if (at == STR_NONE || from.n > 2000 || actor_is_agent(&q->actor))
		return;
	from = str_from(from, at + 4);
	while (str_cut(&from, '&', &part))
		if (str_starts(part, STR("q=")))
			words = decoded(q->arena, str_from(part, 2));
	if (words.n && str_utf8_valid(words))
		kb_tally_opened(web_desk(q)->tally, lang, words, q->now);
}

/* ---- while one types ---- */

struct proposing {
	struct req *q;
	struct str lang;
	struct article_hit *at;
	size_t n;
};

static enum rc read_proposals(struct db_tx *tx, void *arg, struct err *err)
{
	struct proposing *x = arg;
	struct req *q = x->q;

	return kb_suggest(tx, q->arena, &q->actor, req_field(q, "q"), x->lang, or_empty(req_field(q, "course")), 0,
	                  PROPOSED, &x->at, &x->n, err);
}

static enum rc get_suggest(struct req *q, struct resp *r)
{
	struct proposing x = { .q = q, .lang = kb_reader_lang(q) };
	enum rc rc = db_read(web_desk(q)->db, read_proposals, &x, req_err(q));
	struct json j;

	if (rc != RC_OK)
		return rc;
	json_init(&j, r->body);
	json_arr(&j);
	for (size_t i = 0; i < x.n; i++) {
		json_obj(&j);
		json_kstr(&j, "title", x.at[i].title);
		json_kstr(&j, "summary", x.at[i].summary);
		json_kstr(&j, "kind", str_of(kb_reader_kind(web_lang(q), (enum article_kind)x.at[i].kind)));
		json_kstr(&j, "url", kb_reader_url(q, x.at[i].slug, x.lang));
		json_end_obj(&j);
	}
	json_end_arr(&j);
	return resp_json(r, 200);
}

/* ---- gaps ---- */

struct missing {
	struct req *q;
	struct kb_gap *gaps;
	struct kb_numbers *numbers;
	size_t n, n_numbers;
	int64_t days;
	bool csv;
	struct view_counts counts;
};

static enum rc read_gaps(struct db_tx *tx, void *arg, struct err *err)
{
	struct missing *x = arg;
	struct req *q = x->q;
	int64_t since = q->now.us / DAY_US - x->days;
	enum rc rc = kb_gaps(tx, q->arena, since, x->csv, &x->gaps, &x->n, err);

	if (rc == RC_OK)
		rc = kb_numbers(tx, q->arena, 0, q->now, since, KB_BY_NO, &x->numbers, &x->n_numbers, err);
	return rc == RC_OK ? desk_counts(tx, q, &x->counts, err) : rc;
}

static struct instant day_of(int64_t day)
{
	return (struct instant){ day * DAY_US };
}

static void gaps_csv(const struct missing *x, struct resp *r)
{
	struct buf *b = r->body;
	struct arena *a = x->q->arena;

	r->type = STR("text/csv; charset=utf-8");
	resp_header(r, "Content-Disposition", STR("attachment; filename=\"searched-in-vain.csv\""));
	buf_addz(b, "day,language,words,searched,answers,opened\r\n");
	for (size_t i = 0; i < x->n; i++) {
		const struct kb_gap *g = &x->gaps[i];

		csv_cell(b, str_sub(time_iso(a, day_of(g->day)), 0, 10), ',');
		csv_cell(b, g->lang, ',');
		csv_cell(b, g->words, ',');
		buf_addf(b, "%lld,%lld,%lld\r\n", (long long)g->n, (long long)g->hits, (long long)g->opened);
	}
}

static void draw_gaps(struct out *o, const void *v)
{
	tmpl_kb_gaps(o, v);
}

static struct str with_words(struct arena *a, const char *before, struct str words, struct str lang)
{
	AUTO_BUF b;
	struct out u = { .b = &b };

	buf_init(&b, 2000);
	buf_addz(&b, before);
	out_url_part(&u, words);
	buf_addz(&b, "&lang=");
	out_url_part(&u, lang);
	return arena_str(a, buf_str(&b));
}

static enum rc get_gaps(struct req *q, struct resp *r)
{
	struct missing x = { .q = q, .days = 30, .csv = str_is(req_field(q, "as"), "csv") };
	struct kb_gaps_view v = { 0 };

	req_int(q, "days", &x.days);
	x.days = x.days < 1 ? 1 : x.days > 3660 ? 3660 : x.days;
	enum rc rc = db_read(web_desk(q)->db, read_gaps, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (x.csv) {
		gaps_csv(&x, r);
		return RC_OK;
	}
	v.days = x.days;
	v.csv_url = arena_strf(q->arena, "/desk/kb/gaps?days=%lld&as=csv", (long long)x.days);
	v.at = arena_array(q->arena, struct kb_gap_row, x.n + 1);
	for (size_t i = 0; i < x.n; i++)
		v.at[v.n++] = (struct kb_gap_row){ x.gaps[i], day_of(x.gaps[i].day),
			                           with_words(q->arena, "/desk/kb/new?title=", x.gaps[i].words,
			                                      x.gaps[i].lang),
			                           with_words(q->arena, "/kb?q=", x.gaps[i].words, x.gaps[i].lang) };
	v.poor = arena_array(q->arena, struct kb_numbers, x.n_numbers + 1);
	for (size_t i = 0; i < x.n_numbers; i++)
		if (x.numbers[i].no > x.numbers[i].yes)
			v.poor[v.n_poor++] = x.numbers[i];
	return kb_show(q, r, _(web_lang(q), "Searched in vain"), &x.counts, draw_gaps, &v);
}

/* ---- words that stand for others, pages chosen for words ---- */

struct choosing {
	struct req *q;
	struct kb_finding_view v;
	struct view_counts counts;
};

static enum rc read_finding(struct db_tx *tx, void *arg, struct err *err)
{
	struct choosing *x = arg;
	struct req *q = x->q;
	enum rc rc = kb_synonyms(tx, q->arena, &x->v.synonyms, &x->v.n_synonyms, err);

	if (rc == RC_OK)
		rc = kb_pins(tx, q->arena, &x->v.pins, &x->v.n_pins, err);
	return rc == RC_OK ? desk_counts(tx, q, &x->counts, err) : rc;
}

static void draw_finding(struct out *o, const void *v)
{
	tmpl_kb_finding(o, v);
}

static enum rc show_finding(struct req *q, struct resp *r)
{
	struct choosing x = { .q = q };
	struct err spare = { 0 };
	enum rc rc = db_read(web_desk(q)->db, read_finding, &x, desk_err(q, r, &spare));
	bool pin = str_is(req_field(q, "act"), "pin");

	if (rc != RC_OK)
		return rc;
	struct str words = or_empty(req_field(q, "words")), lang = or_empty(req_field(q, "lang")),
	           e_words = web_field_error(q, "words");

	x.v.words = pin ? STR("") : words;
	x.v.lang = pin ? STR("") : lang;
	x.v.pin_words = pin ? words : STR("");
	x.v.pin_lang = pin ? lang : STR("");
	x.v.pin_page = or_empty(req_field(q, "page"));
	x.v.e_words = pin ? STR("") : e_words;
	x.v.e_pin_words = pin ? e_words : STR("");
	x.v.e_lang = web_field_error(q, "lang");
	x.v.e_pin_page = web_field_error(q, "page");
	return kb_show(q, r, _(web_lang(q), "Words and chosen pages"), &x.counts, draw_finding, &x.v);
}

static enum rc write_finding(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	struct str act = req_field(q, "act"), words = or_empty(req_field(q, "words")),
	           lang = or_empty(req_field(q, "lang"));
	int64_t id = 0;

	req_int(q, "id", &id);
	if (str_is(act, "pin"))
		return kb_pin_put(tx, q->arena, lang, words, or_empty(req_field(q, "page")), err);
	if (str_is(act, "unpin"))
		return kb_pin_drop(tx, lang, words, id, err);
	if (str_is(act, "forget"))
		return kb_synonym_drop(tx, id, err);
	return kb_synonym_put(tx, q->arena, lang, words, err);
}

static enum rc post_finding(struct req *q, struct resp *r)
{
	if (web_fields_wrong(q, r))
		return show_finding(q, r);
	enum rc rc = db_write(web_desk(q)->db, write_finding, q, req_err(q));

	if (web_form_failed(q, r, rc))
		return show_finding(q, r);
	return rc == RC_OK
	               ? web_done(r, _(web_lang(q), "Kept: searches go by it from now on."), STR("/desk/kb/finding"))
	               : rc;
}

static const struct field suggest_fields[] = {
	{"q",   FIELD_TEXT, 200, true, NULL, "What was typed so far" },
	{ "lang",  FIELD_TEXT, 12, false, NULL, "Language of the texts" },
	{ "course", FIELD_TEXT, 255, false, NULL, "The reader's course" },
	{ .name = NULL   },
};
static const struct field gaps_fields[] = {
	{"days", FIELD_INT, 0, false, NULL, "How many days" },
	{ "as",     FIELD_CHOICE, 0, false, "csv", "As a table for a spreadsheet" },
	{ .name = NULL },
};
static const struct field finding_fields[] = {
	{"act",	           FIELD_CHOICE, 0, false, "add|forget|pin|unpin", "What to do" },
	{ "words",	              FIELD_TEXT, 500, false, NULL, "Words" },
	{ "lang", FIELD_TEXT, 12, false, NULL, "Language, empty for all" },
	{ "page",	              FIELD_TEXT, 300, false, NULL, "Address of the page" },
	{ "id",FIELD_INT, 0, false, NULL, "Which one" },
	{ .name = NULL                 },
};

/* clang-format off */
const struct route kb_find_routes[] = {
	{ HTTP_GET, "/kb/suggest", CAP_PUBLIC, get_suggest, suggest_fields, 0, "Pages while one types", NULL, NULL },
	{ HTTP_GET, "/desk/kb/gaps", CAP_AGENT, get_gaps, gaps_fields, ROUTE_LENIENT, "Searched in vain", NULL, NULL },
	{ HTTP_GET, "/desk/kb/finding", CAP_AGENT, show_finding, finding_fields, ROUTE_LENIENT, "Words and chosen pages", NULL, NULL },
	{ HTTP_POST, "/desk/kb/finding", CAP_AGENT, post_finding, finding_fields, ROUTE_LENIENT, "Change them", NULL, NULL },
	{ .path = NULL },
};
/* clang-format on */

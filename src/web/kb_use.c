/* What the knowledge base does for the desk, for agents: numbers of pages as a table and as CSV, what readers said and
 * who deals with it, tickets of a page, articles of a ticket, and the list behind the "?" of the composer. */
#include "kb/read.h"
#include "kb/use.h"
#include "tmpl.h"
#include "util/json.h"
#include "web/csv.h"
#include "web/kb_use_view.h"
#include "web/portal_common.h"

#define PICK_MAX 8

/* ---- numbers ---- */

struct reporting {
	struct req *q;
	struct kb_report_view v;
	struct view_counts counts;
};

static enum rc read_report(struct db_tx *tx, void *arg, struct err *err)
{
	struct reporting *x = arg;
	struct req *q = x->q;
	enum rc rc = kb_numbers(tx, q->arena, 0, q->now, q->now.us / DAY_US - x->v.days, x->v.by, &x->v.at, &x->v.n,
	                        err);

	return rc == RC_OK ? desk_counts(tx, q, &x->counts, err) : rc;
}

static void write_csv(const struct kb_report_view *v, struct resp *r)
{
	struct buf *b = r->body;

	r->type = STR("text/csv; charset=utf-8");
	resp_header(r, "Content-Disposition", STR("attachment; filename=\"knowledge-base.csv\""));
	buf_addz(b, "address,title,owner,read,offered,solved,helped,did not help,tickets,changed,stale\r\n");
	for (size_t i = 0; i < v->n; i++) {
		const struct kb_numbers *n = &v->at[i];

		csv_cell(b, n->slug, ',');
		csv_cell(b, n->title, ',');
		csv_cell(b, n->owner, ',');
		buf_addf(b, "%lld,%lld,%lld,%lld,%lld,%lld,", (long long)n->reads, (long long)n->offered,
		         (long long)n->solved, (long long)n->yes, (long long)n->no, (long long)n->tickets);
		csv_cell(b, str_sub(time_iso(v->q->arena, n->updated_at), 0, 10), ',');
		buf_addz(b, n->stale ? "1\r\n" : "0\r\n");
	}
}

static void draw_report(struct out *o, const void *v)
{
	tmpl_kb_report(o, v);
}

static enum rc get_report(struct req *q, struct resp *r)
{
	static const char *const orders[] = { "reads", "no", "solved", "age" };
	struct reporting x = {
		.q = q, .v = {.q = q, .days = 30}
	};
	struct kb_report_view *v = &x.v;

	req_int(q, "days", &v->days);
	v->days = v->days < 1 ? 1 : v->days > 3660 ? 3660 : v->days;
	for (size_t i = 0; i < COUNT(orders); i++)
		if (str_is(req_field(q, "by"), orders[i]))
			v->by = (enum kb_order)i;
	v->by_word = orders[v->by];
	/* What is counted in memory only belongs to the numbers somebody looks at now. */
	enum rc rc = kb_tally_flush(web_desk(q)->tally, web_desk(q)->db, req_err(q));

	if (rc == RC_OK)
		rc = db_read(web_desk(q)->db, read_report, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (str_is(req_field(q, "as"), "csv")) {
		write_csv(v, r);
		return RC_OK;
	}
	for (size_t i = 0; i < v->n; i++) {
		const struct kb_numbers *n = &v->at[i];

		v->sum.reads += n->reads;
		v->sum.offered += n->offered;
		v->sum.solved += n->solved;
		v->sum.yes += n->yes;
		v->sum.no += n->no;
		v->sum.tickets += n->tickets;
	}
	v->csv_url = arena_strf(q->arena, "/desk/kb/reports?days=%lld&by=%s&as=csv", (long long)v->days, v->by_word);
	return kb_show(q, r, _(web_lang(q), "What is read, and what helps"), &x.counts, draw_report, v);
}

/* ---- what readers said ---- */

struct hearing {
	struct req *q;
	struct kb_words v;
	struct view_counts counts;
};

static const char *why_word(const struct i18n *l, enum kb_why w)
{
	static const char *const word[KB_WHYS] = { "", N_("It is not clear"), N_("It is wrong"),
		                                   N_("It is out of date"), N_("It is about something else") };

	return w > 0 && w < KB_WHYS ? _(l, word[w]) : "";
}

static enum rc read_words(struct db_tx *tx, void *arg, struct err *err)
{
	struct hearing *x = arg;
	struct req *q = x->q;
	struct agent_id owner = { x->v.mine ? q->actor.agent.v : 0 };
	enum rc rc = kb_feedback_open(tx, q->arena, owner, &x->v.at, &x->v.n, err);

	return rc == RC_OK ? desk_counts(tx, q, &x->counts, err) : rc;
}

static void draw_words(struct out *o, const void *v)
{
	tmpl_kb_words(o, v);
}

static enum rc get_words(struct req *q, struct resp *r)
{
	struct hearing x = { .q = q, .v.mine = str_is(req_field(q, "mine"), "1") };
	enum rc rc = db_read(web_desk(q)->db, read_words, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	x.v.why = arena_array(q->arena, const char *, x.v.n + 1);
	for (size_t i = 0; i < x.v.n; i++)
		x.v.why[i] = why_word(web_lang(q), x.v.at[i].why);
	return kb_show(q, r, _(web_lang(q), "What readers said"), &x.counts, draw_words, &x.v);
}

static enum rc write_done(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	int64_t id = 0;

	req_int(q, "id", &id);
	return kb_feedback_done(tx, &q->actor, q->now, id, err);
}

static enum rc post_words(struct req *q, struct resp *r)
{
	enum rc rc = db_write(web_desk(q)->db, write_done, q, req_err(q));

	return rc == RC_OK ? web_done(r, _(web_lang(q), "Done: it is not in the list any more."),
	                              str_is(req_field(q, "mine"), "1") ? STR("/desk/kb/words?mine=1")
	                                                                : STR("/desk/kb/words"))
	                   : rc;
}

/* ---- one page ---- */

struct looking {
	struct req *q;
	struct kb_use_view v;
	struct view_counts counts;
};

static enum rc read_use(struct db_tx *tx, void *arg, struct err *err)
{
	struct looking *x = arg;
	struct req *q = x->q;
	size_t n = 0;
	struct kb_numbers *numbers;
	enum rc rc = kb_head_read(tx, q, "use", &x->v.h, err);

	if (rc == RC_OK)
		rc = kb_used_for(tx, q->arena, x->v.h.p.id, &x->v.used, &x->v.n_used, err);
	if (rc == RC_OK)
		rc = kb_numbers(tx, q->arena, x->v.h.p.id, q->now, q->now.us / DAY_US - 30, KB_BY_READS, &numbers, &n,
		                err);
	if (rc == RC_OK && n)
		x->v.numbers = &numbers[0];
	return rc == RC_OK ? desk_counts(tx, q, &x->counts, err) : rc;
}

static void draw_use(struct out *o, const void *v)
{
	tmpl_kb_use(o, v);
}

static enum rc get_use(struct req *q, struct resp *r)
{
	struct looking x = { .q = q };
	struct err spare = { 0 };
	enum rc rc = db_read(web_desk(q)->db, read_use, &x, desk_err(q, r, &spare));

	if (rc != RC_OK)
		return rc;
	x.v.q = q;
	x.v.rows = kb_used_rows(q, x.v.used, x.v.n_used);
	return kb_show(q, r, str_z(q->arena, x.v.h.title), &x.counts, draw_use, &x.v);
}

const char *kb_how_word(const struct i18n *l, enum kb_how how)
{
	switch (how) {
	case KB_ANSWERED:
		return _(l, "answered with it");
	case KB_NOT_ENOUGH:
		return _(l, "was read before and was not enough");
	case KB_MADE_FROM:
		return _(l, "was made of it");
	}
	return "";
}

struct kb_used_row *kb_used_rows(const struct req *q, const struct kb_used *at, size_t n)
{
	struct kb_used_row *rows = arena_array(q->arena, struct kb_used_row, n + 1);

	for (size_t i = 0; i < n; i++)
		rows[i] = (struct kb_used_row){
			.title = at[i].number ? at[i].subject : at[i].title,
			.number = at[i].number ? portal_number(q, at[i].number) : STR(""),
			.url = at[i].number ? desk_ticket_url(q, at[i].number)
			                    : str_concat(q->arena, STR("/kb/"), at[i].slug),
			.how = kb_how_word(web_lang(q), at[i].how),
			.at = at[i].at,
		};
	return rows;
}

/* ---- "?" in the composer ---- */

struct picking {
	struct req *q;
	struct article_hit *at;
	size_t n;
};

static enum rc read_pick(struct db_tx *tx, void *arg, struct err *err)
{
	struct picking *x = arg;
	struct req *q = x->q;
	struct str lang = req_field(q, "lang");

	return kb_search(tx, q->arena, &q->actor, req_field(q, "q"), lang.n ? lang : str_of(i18n_tag(web_lang(q))),
	                 PICK_MAX, &x->at, &x->n, err);
}

static enum rc get_pick(struct req *q, struct resp *r)
{
	struct picking x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, read_pick, &x, req_err(q));
	struct json j;

	if (rc != RC_OK)
		return rc;
	json_init(&j, r->body);
	json_arr(&j);
	for (size_t i = 0; i < x.n; i++) {
		json_obj(&j);
		json_kstr(&j, "title", x.at[i].title);
		json_kstr(&j, "summary", x.at[i].summary);
		json_kstr(&j, "url",
		          arena_strf(q->arena, STR_F "/kb/" STR_F, STR_A(web_kb_base(q)), STR_A(x.at[i].slug)));
		json_end_obj(&j);
	}
	json_end_arr(&j);
	return resp_json(r, 200);
}

static const struct field report_fields[] = {
	{"days", FIELD_INT, 0, false, NULL, "How many days" },
	{ "by",     FIELD_CHOICE, 0, false, "reads|no|solved|age", "Order" },
	{ "as",  FIELD_CHOICE, 0, false, "csv", "As a table for a spreadsheet" },
	{ .name = NULL    },
};
static const struct field words_fields[] = {
	{"mine", FIELD_CHOICE, 0, false, "1", "Of pages that I own" },
	{ "id",     FIELD_INT, 0, false, NULL, "The one that is dealt with" },
	{ .name = NULL  },
};
static const struct field pick_fields[] = {
	{"q",   FIELD_TEXT, 200, true, NULL, "Words" },
	{ "lang",  FIELD_TEXT, 12, false, NULL, "Language of the customer" },
	{ .name = NULL},
};

/* clang-format off */
const struct route kb_use_routes[] = {
	{ HTTP_GET, "/desk/kb/reports", CAP_AGENT, get_report, report_fields, ROUTE_LENIENT, "What is read, and what helps", NULL, NULL },
	{ HTTP_GET, "/desk/kb/words", CAP_AGENT, get_words, words_fields, ROUTE_LENIENT, "What readers said", NULL, NULL },
	{ HTTP_POST, "/desk/kb/words", CAP_AGENT, post_words, words_fields, 0, "Somebody dealt with it", NULL, NULL },
	{ HTTP_GET, "/desk/kb/pick", CAP_AGENT, get_pick, pick_fields, 0, "Articles for an answer", NULL, NULL },
	{ HTTP_GET, "/desk/kb/{page}/{lang}/use", CAP_AGENT, get_use, NULL, 0, "How a page is used", NULL, NULL },
	{ .path = NULL },
};
/* clang-format on */

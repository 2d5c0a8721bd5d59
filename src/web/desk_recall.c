/* What agents' pages keep between requests because it costs more than it is worth to read anew: how many tickets each
 * view holds, a ticket's relatives, the sentence of its promise. True while no event was written (event_stamp()); what
 * has no event, a calendar for example, is at most KEEP_US old. */
#include "entitlement/promise.h"
#include "event/event.h"
#include "tmpl.h"
#include "util/recall.h"
#include "web/clock_view.h"
#include "web/desk_view.h"
#include "web/web.h"

#define KEEP_US (10 * SECOND_US)
#define RELATED 8

static bool known(const struct req *q, struct str key, int64_t stamp, struct str *ret)
{
	return recall_get(web_desk(q)->recall, key, stamp, q->now, KEEP_US, q->arena, ret);
}

static void keep(const struct req *q, struct str key, int64_t stamp, const void *p, size_t n)
{
	recall_put(web_desk(q)->recall, key, stamp, q->now, (struct str){ p, n });
}

/* One for all parts of a page: they are read in one snapshot. */
static enum rc stamp_of(struct db_tx *tx, struct desk_load *x, int64_t *ret, struct err *err)
{
	enum rc rc = x->has_stamp ? RC_OK : event_stamp(tx, &x->stamp, err);

	x->has_stamp = rc == RC_OK;
	*ret = x->stamp;
	return rc;
}

static enum rc counts_at(struct db_tx *tx, const struct req *q, int64_t stamp, struct view_counts *ret,
                         struct err *err);

enum rc desk_counts_of(struct db_tx *tx, struct desk_load *x, struct err *err)
{
	int64_t stamp = 0;
	enum rc rc = stamp_of(tx, x, &stamp, err);

	return rc == RC_OK ? counts_at(tx, x->q, stamp, &x->counts, err) : rc;
}

enum rc desk_counts(struct db_tx *tx, const struct req *q, struct view_counts *ret, struct err *err)
{
	int64_t stamp = 0;
	enum rc rc = event_stamp(tx, &stamp, err);

	return rc == RC_OK ? counts_at(tx, q, stamp, ret, err) : rc;
}

static enum rc counts_at(struct db_tx *tx, const struct req *q, int64_t stamp, struct view_counts *ret, struct err *err)
{
	struct str key = arena_strf(q->arena, "counts/%lld/%lld", (long long)q->actor.agent.v,
	                            (long long)q->actor.account.v);
	struct str have;

	if (web_is_agent(q) && known(q, key, stamp, &have) && have.n >= sizeof(*ret)) {
		memcpy(ret, have.p, sizeof(*ret));
		ret->team_lines = str_from(have, sizeof(*ret));
		return RC_OK;
	}
	enum rc rc = ticket_counts(tx, q->arena, &q->actor, ret, err);
	AUTO_BUF b;

	buf_init(&b, 200 << 10);
	if (rc != RC_OK)
		return rc;
	buf_add(&b, ret, sizeof(*ret));
	buf_adds(&b, ret->team_lines);
	if (!b.full)
		keep(q, key, stamp, b.p, b.n);
	return rc;
}

/* ---- lists: "NEXT NUL MARKUP" ---- */

/* Nothing of the reader but what is in the key may be in the markup: it is written without his tokens, so that a form
 * in a row would not work rather than work for somebody else. */
static struct html list_markup(const struct req *q, const struct ticket_row *rows, size_t n, struct buf *b)
{
	struct out o = { .b = b, .lang = web_lang(q), .zone = web_zone(q), .now = q->now, .arena = q->arena };

	if (n)
		tmpl_desk_row_list(&o, desk_rows(q, rows, n), n);
	return (struct html){ b->full ? STR("") : arena_str(q->arena, buf_str(b)) };
}

enum rc desk_listing_read(struct db_tx *tx, void *listing, struct err *err)
{
	struct desk_listing *x = listing;
	const struct req *q = x->q;
	struct str key = arena_strf(q->arena, "list/%s/%lld/%lld/%lld/%s/" STR_F "/" STR_F, x->view, (long long)x->query.team.v,
	                            (long long)q->actor.agent.v, (long long)q->actor.account.v, i18n_tag(web_lang(q)),
	                            STR_A(web_zone(q)), STR_A(x->query.after));
	struct ticket_row *rows;
	struct str have;
	int64_t stamp = 0;
	size_t n;
	AUTO_BUF b;

	buf_init(&b, 1 << 20);
	enum rc rc = event_stamp(tx, &stamp, err);

	if (rc == RC_OK)
		rc = counts_at(tx, q, stamp, &x->counts, err);
	if (rc != RC_OK)
		return rc;
	if (web_is_agent(q) && known(q, key, stamp, &have) && str_cut(&have, 0, &x->next)) {
		x->rows.s = have.p ? have : STR("");
		return RC_OK;
	}
	rc = ticket_list(tx, q->arena, &q->actor, &x->query, &rows, &n, &x->next, err);
	if (rc != RC_OK)
		return rc;
	x->rows = list_markup(q, rows, n, &b);
	struct str both = arena_strf(q->arena, STR_F "%c" STR_F, STR_A(x->next), 0, STR_A(x->rows.s));

	keep(q, key, stamp, both.p, both.n);
	return RC_OK;
}

/* ---- relatives: of each row what the page shows of it ---- */

struct kin {
	int64_t number;
	int state, waiting_for, kind;
	size_t subject_n; /* its bytes follow */
};

static void pack(struct buf *b, const struct ticket_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct kin k = { rows[i].number, rows[i].state, rows[i].waiting_for, rows[i].kind, rows[i].subject.n };

		buf_add(b, &k, sizeof(k));
		buf_adds(b, rows[i].subject);
	}
}

static void unpack(struct arena *a, struct str s, struct ticket_row **ret, size_t *ret_n)
{
	struct ticket_row *rows = arena_array(a, struct ticket_row, RELATED);
	struct kin k;
	size_t n = 0;

	for (size_t at = 0; n < RELATED && at + sizeof(k) <= s.n; at += sizeof(k) + k.subject_n, n++) {
		memcpy(&k, s.p + at, sizeof(k));
		rows[n] = (struct ticket_row){ .number = k.number,
			                       .state = (enum ticket_state)k.state,
			                       .waiting_for = (enum waiting_for)k.waiting_for,
			                       .kind = (enum ticket_kind)k.kind,
			                       .subject = str_sub(s, at + sizeof(k), k.subject_n) };
	}
	*ret = rows;
	*ret_n = n;
}

enum rc desk_related(struct db_tx *tx, struct desk_load *x, struct err *err)
{
	const struct req *q = x->q;
	struct str key = arena_strf(q->arena, "related/%lld/%lld", (long long)x->view.t.id.v,
	                            (long long)q->actor.account.v);
	struct str have;
	int64_t stamp = 0;
	AUTO_BUF b;

	buf_init(&b, 64 << 10);
	enum rc rc = stamp_of(tx, x, &stamp, err);

	if (rc != RC_OK)
		return rc;
	if (known(q, key, stamp, &have)) {
		unpack(q->arena, have, &x->related, &x->n_related);
		return RC_OK;
	}
	rc = ticket_related(tx, q->arena, &q->actor, &x->view.t, RELATED, &x->related, &x->n_related, err);
	if (rc != RC_OK)
		return rc;
	pack(&b, x->related, x->n_related);
	if (!b.full)
		keep(q, key, stamp, b.p, b.n);
	return RC_OK;
}

/* ---- agents: of each what the form for assigning shows ---- */

struct colleague {
	int64_t id, disabled_at;
	size_t name_n; /* its bytes follow */
};

enum rc desk_agents(struct db_tx *tx, struct desk_load *x, struct err *err)
{
	const struct req *q = x->q;
	VEC(struct agent) v = { 0 };
	struct colleague c;
	struct str have;
	int64_t stamp = 0;
	AUTO_BUF b;

	buf_init(&b, 200 << 10);
	enum rc rc = stamp_of(tx, x, &stamp, err);

	if (rc == RC_OK && known(q, STR("agents"), stamp, &have)) {
		for (size_t at = 0; at + sizeof(c) <= have.n; at += sizeof(c) + c.name_n) {
			memcpy(&c, have.p + at, sizeof(c));
			*VEC_ADD(q->arena, &v) = (struct agent){ .id = { c.id },
				                                 .disabled_at = { c.disabled_at },
				                                 .name = str_sub(have, at + sizeof(c), c.name_n) };
		}
		x->agents = v.at;
		x->n_agents = v.n;
		return RC_OK;
	}
	if (rc == RC_OK)
		rc = agent_list(tx, q->arena, &x->agents, &x->n_agents, err);
	for (size_t i = 0; rc == RC_OK && i < x->n_agents; i++) {
		c = (struct colleague){ x->agents[i].id.v, x->agents[i].disabled_at.us, x->agents[i].name.n };
		buf_add(&b, &c, sizeof(c));
		buf_adds(&b, x->agents[i].name);
	}
	if (rc == RC_OK && !b.full)
		keep(q, STR("agents"), stamp, b.p, b.n);
	return rc;
}

/* ---- time left: the four previews, each with a NUL, then the markup of the clocks ---- */

static enum rc make_clocks(struct db_tx *tx, struct desk_load *x, struct buf *b, struct err *err)
{
	const struct req *q = x->q;
	const struct ticket *t = &x->view.t;
	struct out o = { .b = b, .lang = web_lang(q), .zone = web_zone(q), .now = q->now, .arena = q->arena };
	struct clock_cycle *cycles;
	size_t n = 0, n_lines;
	enum rc rc = clock_find(tx, q->arena, t->id, q->now, &cycles, &n, err);

	if (rc == RC_OK && t->state <= STATE_WAITING)
		rc = clock_preview_texts(tx, q, t->id, x->preview, err);
	struct clock_line *lines = clock_lines(q, cycles, rc == RC_OK ? n : 0, false, &n_lines);

	if (n_lines)
		tmpl_clock_list(&o, lines, n_lines);
	x->clocks.s = b->full ? STR("") : arena_str(q->arena, buf_str(b));
	return rc;
}

enum rc desk_clocks(struct db_tx *tx, struct desk_load *x, struct err *err)
{
	const struct req *q = x->q;
	struct str key = arena_strf(q->arena, "clocks/%s/%lld/" STR_F, i18n_tag(web_lang(q)), (long long)x->view.t.id.v,
	                            STR_A(web_zone(q)));
	struct str have;
	int64_t stamp = 0;
	AUTO_BUF b;

	buf_init(&b, 64 << 10);
	enum rc rc = stamp_of(tx, x, &stamp, err);

	if (rc != RC_OK)
		return rc;
	if (known(q, key, stamp, &have)) {
		for (int k = 1; k <= 4; k++)
			if (!str_cut(&have, 0, &x->preview[k]))
				x->preview[k] = STR("");
		x->clocks.s = have.p ? have : STR("");
		return RC_OK;
	}
	rc = make_clocks(tx, x, &b, err);
	if (rc != RC_OK)
		return rc;
	buf_clear(&b);
	for (int k = 1; k <= 4; k++) {
		buf_adds(&b, x->preview[k]);
		buf_addc(&b, 0);
	}
	buf_adds(&b, x->clocks.s);
	if (!b.full)
		keep(q, key, stamp, b.p, b.n);
	return RC_OK;
}

/* ---- the promise: "NAME NUL SENTENCE" ---- */

/* The plan may be gone since: then there is no sentence about it, only its code. */
static enum rc make_promise(struct db_tx *tx, struct desk_load *x, struct err *err)
{
	struct arena *a = x->q->arena;
	const struct ticket *t = &x->view.t;
	struct plan plan;
	struct calendar calendar;
	bool has_calendar = false;
	enum rc rc = t->plan_code.n ? plan_find_code(tx, a, t->plan_code, &plan, NULL) : RC_NOT_FOUND;

	if (rc == RC_OK && plan.calendar.v) {
		rc = calendar_find(tx, a, plan.calendar, &calendar, NULL);
		has_calendar = rc == RC_OK;
		if (rc == RC_NOT_FOUND)
			rc = RC_OK;
	}
	if (rc == RC_OK) {
		x->plan_name = plan.name;
		x->promise = promise_text(a, web_lang(x->q), &plan, has_calendar ? &calendar : NULL, t->kind,
		                          t->criticality);
	} else if (rc == RC_NOT_FOUND) {
		x->plan_name = t->plan_code;
		x->promise = STR("");
	} else {
		return fail(err, rc, "The plan of this ticket cannot be read at the moment.");
	}
	return RC_OK;
}

enum rc desk_promise(struct db_tx *tx, struct desk_load *x, struct err *err)
{
	const struct req *q = x->q;
	const struct ticket *t = &x->view.t;
	struct str key = arena_strf(q->arena, "promise/%s/%d/%d/" STR_F, i18n_tag(web_lang(q)), t->kind, t->criticality,
	                            STR_A(t->plan_code));
	struct str have;
	int64_t stamp = 0;
	enum rc rc = stamp_of(tx, x, &stamp, err);

	if (rc != RC_OK)
		return rc;
	if (known(q, key, stamp, &have)) {
		x->promise = STR("");
		if (str_cut(&have, 0, &x->plan_name))
			x->promise = have.p ? have : STR("");
		return RC_OK;
	}
	rc = make_promise(tx, x, err);
	if (rc != RC_OK)
		return rc;
	struct str both = arena_strf(q->arena, STR_F "%c" STR_F, STR_A(x->plan_name), 0, STR_A(x->promise));

	keep(q, key, stamp, both.p, both.n);
	return RC_OK;
}

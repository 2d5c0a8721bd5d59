/* Clocks as people read them: what is left, what was promised before, and each minute with its reason. Agents and
 * customers read the same: a promise that is explained to one side only is none. */
#include "tmpl.h"
#include "web/clock_view.h"
#include "web/web.h"

#define PARTS_SHOWN 400

struct str clock_length(struct arena *a, int64_t us)
{
	long long min = (us < 0 ? -us : us) / MINUTE_US;

	if (min >= 24 * 60)
		return arena_strf(a, "%lld d %02lld h", min / (24 * 60), min / 60 % 24);
	if (min >= 60)
		return arena_strf(a, "%lld h %02lld min", min / 60, min % 60);
	return arena_strf(a, "%lld min", min);
}

/* Of working time: a day of it is no day of the calendar's, so hours it stays. */
struct str clock_work_length(struct arena *a, int64_t us)
{
	long long min = (us < 0 ? -us : us) / MINUTE_US;

	return min >= 60 ? arena_strf(a, min % 60 ? "%lld h %02lld min" : "%lld h", min / 60, min % 60) : arena_strf(a, "%lld min", min);
}

const char *clock_metric(const struct i18n *l, enum metric m)
{
	switch (m) {
	case METRIC_FIRST_RESPONSE:
		return _(l, "First answer");
	case METRIC_NEXT_RESPONSE:
		return _(l, "Next answer");
	case METRIC_UPDATE:
		return _(l, "Next update");
	case METRIC_SOLUTION:
		return _(l, "Solution");
	}
	return "";
}

static struct str left_text(const struct req *q, enum clock_state state, struct instant due, int64_t remaining, int64_t goal, int64_t elapsed, bool broken,
			    const char **look)
{
	const struct i18n *l = web_lang(q);
	struct arena *a = q->arena;
	int64_t wall = due.us - q->now.us;

	if (state == CLOCK_STOPPED) {
		*look = broken ? "over" : "ok";
		return broken ? TR_FILL(a, _(l, "late: it took {time}"), { "time", clock_work_length(a, elapsed) })
			      : TR_FILL(a, _(l, "kept in {time}"), { "time", clock_work_length(a, elapsed) });
	}
	*look = "paused";
	if (state == CLOCK_CANCELLED)
		return str_of(_(l, "no longer promised"));
	if (broken) {
		*look = "over";
		return time_is_set(due) ? TR_FILL(a, _(l, "{time} late"), { "time", clock_length(a, wall) }) : str_of(_(l, "late"));
	}
	if (state == CLOCK_PAUSED)
		return TR_FILL(a, _(l, "paused, {time} left"), { "time", clock_work_length(a, remaining) });
	*look = remaining * 4 <= goal ? "soon" : "ok";
	return time_is_set(due) ? TR_FILL(a, _(l, "{time} left"), { "time", clock_length(a, wall) }) : clock_work_length(a, remaining);
}

struct str clock_left(const struct req *q, const struct clock_row *c, const char **look)
{
	struct instant due = c->due_at;
	int64_t share = time_is_set(due) && due.us > c->started_at.us ? (due.us - q->now.us) * 100 / (due.us - c->started_at.us) : 100;

	/* The row's elapsed time is of when it was looked at; on a board the wall clock decides the colour. */
	return left_text(q, c->state, due, share <= 25 ? 0 : c->goal - c->elapsed, c->goal, c->elapsed,
			 time_is_set(c->breached_at) || (time_is_set(due) && time_before(due, q->now)), look);
}

static void earlier(const struct req *q, const struct clock_cycle *c, struct clock_line *v)
{
	v->was = arena_array(q->arena, struct clock_was, c->n_promises + 1);
	for (size_t i = 0; i + 1 < c->n_promises; i++) {
		const struct clock_promise *p = &c->promises[i], *next = &c->promises[i + 1];

		v->was[v->n_was++] = (struct clock_was){ .due = p->due,
							 .since = next->since,
							 .goal = clock_work_length(q->arena, p->goal),
							 .who = next->who.n ? next->who : STR("Carrel"),
							 .why = next->why.p ? next->why : STR(""),
							 .criticality = p->criticality,
							 .broken = p->breached };
	}
}

static struct clock_line line(const struct req *q, const struct clock_cycle *c)
{
	bool broken = time_is_set(c->breached_at);
	struct clock_line v = { .name = clock_metric(web_lang(q), c->metric),
				.goal = clock_work_length(q->arena, c->goal),
				.elapsed = clock_work_length(q->arena, c->elapsed),
				.due = c->due_at,
				.since = c->started_at,
				.ongoing = c->state == CLOCK_RUNNING || c->state == CLOCK_PAUSED,
				.late = broken,
				.paused = c->state == CLOCK_PAUSED };

	v.left = left_text(q, c->state, c->due_at, clock_remaining(c), c->goal, c->elapsed, broken, &v.look);
	earlier(q, c, &v);
	return v;
}

struct clock_line *clock_lines(const struct req *q, const struct clock_cycle *c, size_t n, bool all, size_t *ret_n)
{
	struct clock_line *v = arena_array(q->arena, struct clock_line, n + 1);

	*ret_n = 0;
	for (size_t i = 0; i < n; i++)
		if (all || i + 1 == n || c[i + 1].metric != c[i].metric)
			v[(*ret_n)++] = line(q, &c[i]);
	return v;
}

/* ---- each minute ---- */

static struct str why_text(const struct req *q, const struct clock_span *s)
{
	const struct i18n *l = web_lang(q);
	struct str text = STR("");

	switch (s->why) {
	case CLOCK_HOURS:
		text = str_of(_(l, "working hours"));
		break;
	case CLOCK_OUTSIDE:
		text = str_of(_(l, "outside working hours"));
		break;
	case CLOCK_DAY_OFF:
		text = str_of(_(l, "no working day"));
		break;
	case CLOCK_HOLIDAY:
		text = str_of(_(l, "holiday"));
		break;
	case CLOCK_EXCEPTION:
		text = str_of(_(l, "other hours on that day"));
		break;
	case CLOCK_WAITING_CUSTOMER:
		text = str_of(_(l, "paused: waiting for the customer"));
		break;
	case CLOCK_WAITING_OTHERS:
		text = str_of(_(l, "paused: waiting for others"));
		break;
	case CLOCK_RESOLVED:
		text = str_of(_(l, "paused: it counted as solved"));
		break;
	}
	return s->name.n ? arena_strf(q->arena, STR_F ": " STR_F, STR_A(text), STR_A(s->name)) : text;
}

static enum rc explain(const struct req *q, const struct clock_cycle *c, struct clock_explained *v, struct err *err)
{
	struct arena *a = q->arena;
	struct str zone = c->target->calendar && c->target->calendar->zone.n ? c->target->calendar->zone : web_zone(q);
	struct clock_span *s;
	size_t n = 0;
	int64_t sum = 0;
	enum rc rc = clock_explain(c, a, &s, &n, err);

	if (rc != RC_OK)
		return rc;
	v->line = line(q, c);
	v->cycle = c->cycle;
	v->zone = zone;
	v->more = n > PARTS_SHOWN;
	v->parts = arena_array(a, struct clock_part, (v->more ? PARTS_SHOWN : n) + 1);
	for (size_t i = 0; i < n; i++) {
		sum += s[i].counted ? s[i].to.us - s[i].from.us : 0;
		if (i + PARTS_SHOWN < n)
			continue;
		v->parts[v->n_parts++] = (struct clock_part){ .from = i18n_date(a, web_lang(q), s[i].from, zone, DATE_MINUTE),
							      .to = i18n_date(a, web_lang(q), s[i].to, zone, DATE_MINUTE),
							      .length = clock_work_length(a, s[i].to.us - s[i].from.us),
							      .why = why_text(q, &s[i]),
							      .counted = s[i].counted };
	}
	v->sum = clock_work_length(a, sum);
	return RC_OK;
}

static enum rc estimate(struct db_tx *tx, const struct req *q, const struct ticket *t, struct clock_page *ret, struct err *err)
{
	int days = 0;
	enum rc rc = clock_estimate_days(tx, q->arena, t->complexity, &days, err);

	ret->wanted_on = t->wanted_on.p ? t->wanted_on : STR("");
	ret->estimate = days ? TR_FILL(q->arena, tr_n(web_lang(q), "{n} working day", "{n} working days", days), { "n", arena_strf(q->arena, "%d", days) })
			     : STR("");
	return rc;
}

enum rc clock_page_load(struct db_tx *tx, const struct req *q, const struct ticket *t, struct clock_page *ret, struct err *err)
{
	struct clock_cycle *c;
	size_t n = 0;
	enum rc rc = clock_find(tx, q->arena, t->id, q->now, &c, &n, err);

	ret->subject = t->subject;
	ret->number = desk_number(q, t->number);
	ret->request = t->kind == TICKET_REQUEST;
	ret->cycles = arena_array(q->arena, struct clock_explained, n + 1);
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = explain(q, &c[i], &ret->cycles[ret->n++], err);
	return rc == RC_OK && ret->request ? estimate(tx, q, t, ret, err) : rc;
}

/* ---- a regrade, before it is saved ---- */

enum rc clock_preview_texts(struct db_tx *tx, const struct req *q, struct ticket_id t, struct str ret[5], struct err *err)
{
	struct clock_cycle *c[5];
	size_t n[5];
	enum rc rc = clock_previews(tx, q->arena, t, q->now, c, n, err);

	for (int k = 1; rc == RC_OK && k <= 4; k++) {
		AUTO_BUF b;

		buf_init(&b, 2000);
		for (size_t i = 0; i < n[k]; i++)
			if ((c[k][i].state == CLOCK_RUNNING || c[k][i].state == CLOCK_PAUSED) && (c[k][i].metric == METRIC_FIRST_RESPONSE || c[k][i].metric == METRIC_SOLUTION)) {
				const char *look;
				struct str left = left_text(q, c[k][i].state, c[k][i].due_at, clock_remaining(&c[k][i]), c[k][i].goal, c[k][i].elapsed,
							    time_is_set(c[k][i].breached_at), &look);

				buf_addf(&b, "%s%s: " STR_F, b.n ? "; " : "", clock_metric(web_lang(q), c[k][i].metric), STR_A(left));
			}
		ret[k] = arena_str(q->arena, buf_str(&b));
	}
	return rc;
}

/* ---- pages ---- */

struct showing {
	struct req *q;
	int64_t number;
	struct ticket t;
	struct clock_page page;
	struct view_counts counts;
};

static enum rc load(struct db_tx *tx, void *arg, struct err *err)
{
	struct showing *x = arg;
	enum rc rc = ticket_find(tx, x->q->arena, &x->q->actor, x->number, &x->t, err);

	if (rc == RC_OK)
		rc = clock_page_load(tx, x->q, &x->t, &x->page, err);
	return rc == RC_OK && web_is_agent(x->q) ? desk_counts(tx, x->q, &x->counts, err) : rc;
}

static enum rc show(struct req *q, struct resp *r, bool agent)
{
	struct showing x = { .q = q, .number = desk_path_number(q) };
	struct page page;

	if (!x.number)
		return web_not_found(q);
	enum rc rc = db_read(web_desk(q)->db, load, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	x.page.url = agent ? desk_ticket_url(q, x.number) : arena_strf(q->arena, "/support/tickets/" STR_F, STR_A(x.page.number));
	struct out o = web_out(q, r);
	const char *title = str_z(q->arena, TR_FILL(q->arena, _(o.lang, "The promise of {number}, minute by minute"), { "number", x.page.number }));

	if (agent) {
		desk_page_init(&page, q, r, title, NAV_NONE, &x.counts);
		tmpl_desk_head(&o, &page);
		tmpl_clock_page(&o, &x.page);
		tmpl_desk_foot(&o, &page);
	} else {
		web_page_init(&page, q, r, title);
		page.nav = NAV_SUPPORT;
		tmpl_portal_head(&o, &page);
		tmpl_clock_page(&o, &x.page);
		tmpl_portal_foot(&o, &page);
	}
	return RC_OK;
}

static enum rc get_desk(struct req *q, struct resp *r)
{
	return show(q, r, true);
}

static enum rc get_portal(struct req *q, struct resp *r)
{
	return show(q, r, false);
}

const struct route clock_routes[] = {
	{ HTTP_GET, "/desk/tickets/{number}/clocks", CAP_AGENT, get_desk, NULL, 0, "Each minute of a promise", NULL, NULL },
	{ HTTP_GET, "/support/tickets/{number}/promise", CAP_CUSTOMER_READ, get_portal, NULL, 0, "Each minute of a promise", NULL, NULL },
	{ .path = NULL },
};

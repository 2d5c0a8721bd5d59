/* clock: from events to cycles. Pure: no database, no clock of the machine.
 *
 * The ticket's own story is a line of marks (active, waiting for whom, resolved). A cycle is a begin and an end on it; what
 * pauses it is decided by its policy when all is read, so that another policy gives another truth about the same facts. */
#include "clock/clock.h"
#include <jansson.h>

enum status { ST_ACTIVE, ST_CUSTOMER, ST_OTHERS, ST_RESOLVED };

struct mark {
	struct instant at;
	enum status status;
	struct event_id by;
};
struct change { /* of a cycle's promise */
	struct instant at;
	int criticality;
	const struct clock_policy *policy;
	size_t n_marks; /* known then */
	struct str who, why;
	struct event_id by;
};
struct run {
	enum metric metric;
	int cycle;
	struct instant started_at, stopped_at;
	struct event_id started_by, stopped_by;
	bool stopped, cancelled, resolved; /* resolved: its end was a resolution, which may be taken back */
	VEC(struct change) changes;
};
struct replay {
	struct arena *out;
	const struct clock_facts *f;
	VEC(struct mark) marks;
	VEC(struct run *) runs;
	struct run *open[5];  /* by metric */
	int cycles[5];
	bool incident, responded;
	int criticality;
	const struct clock_policy *policy;
};

static const struct calendar around_the_clock = { .always = true };

const char *clock_metric_name(enum metric m)
{
	static const char *const name[] = { "", "first-response", "next-response", "update", "solution" };

	return name[m];
}

const char *clock_state_name(enum clock_state s)
{
	static const char *const name[] = { "", "running", "paused", "stopped", "cancelled" };

	return name[s];
}

const char *clock_why_name(enum clock_why w)
{
	static const char *const ours[] = { "waiting-customer", "waiting-others", "resolved" };

	return w < CLOCK_WAITING_CUSTOMER ? calendar_why_name((enum calendar_why)w) : ours[w - CLOCK_WAITING_CUSTOMER];
}

/* ---- reading events ---- */

static struct str text_of(struct arena *a, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_string(v) ? arena_str(a, (struct str){ json_string_value(v), json_string_length(v) }) : STR_NULL;
}

static int64_t number_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static bool is_true(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

/* When it happened: a mail at its receipt, a call when it rang; else when it was written down. */
static struct instant moment(const struct event *e, const json_t *d)
{
	struct instant t;
	const char *z = json_string_value(json_object_get(d, "received"));

	return z && time_parse_iso(str_of(z), &t) == RC_OK && time_before(t, e->at) ? t : e->at;
}

static const struct clock_policy *policy_by(const struct clock_facts *f, int64_t id)
{
	for (size_t i = 0; i < f->n_policies; i++)
		if (f->policies[i].id == id)
			return &f->policies[i];
	return NULL;
}

static int64_t first_policy(const struct clock_facts *f)
{
	for (size_t i = 0; i < f->n_events; i++) {
		if (!str_is(f->events[i].kind, EV_CLOCK_POLICY))
			continue;
		json_t *d = json_loadb(f->events[i].data.p, f->events[i].data.n, 0, NULL);
		int64_t id = number_of(d, "policy");

		json_decref(d);
		return id;
	}
	return f->policy_first;
}

/* ---- the line of marks, and cycles on it ---- */

static enum status status_now(const struct replay *r)
{
	return r->marks.n ? r->marks.at[r->marks.n - 1].status : ST_ACTIVE;
}

static void mark(struct replay *r, struct instant at, enum status s, struct event_id by)
{
	if (r->marks.n && time_before(at, r->marks.at[r->marks.n - 1].at))
		at = r->marks.at[r->marks.n - 1].at; /* the machine's clock was set back */
	if (s != status_now(r))
		*VEC_ADD(r->out, &r->marks) = (struct mark){ at, s, by };
}

static void promise(struct replay *r, struct run *c, struct instant at, struct str who, struct str why, struct event_id by)
{
	*VEC_ADD(r->out, &c->changes) = (struct change){ at, r->criticality, r->policy, r->marks.n, who, why, by };
}

static void start(struct replay *r, enum metric m, struct instant at, const struct event *e)
{
	struct run *c = arena_new(r->out, struct run);

	if (!r->incident || r->open[m])
		return;
	c->metric = m;
	c->cycle = ++r->cycles[m];
	c->started_at = at;
	c->started_by = e->id;
	promise(r, c, at, STR_NULL, STR_NULL, e->id);
	r->open[m] = *VEC_ADD(r->out, &r->runs) = c;
}

static void stop(struct replay *r, enum metric m, struct instant at, const struct event *e)
{
	struct run *c = r->open[m];

	if (!c)
		return;
	c->stopped = true;
	c->stopped_at = time_before(at, c->started_at) ? c->started_at : at;
	c->stopped_by = e->id;
	r->open[m] = NULL;
}

static void cancel_all(struct replay *r, struct instant at, const struct event *e)
{
	for (int m = METRIC_FIRST_RESPONSE; m <= METRIC_SOLUTION; m++) {
		if (r->open[m])
			r->open[m]->cancelled = true;
		stop(r, (enum metric)m, at, e);
	}
}

static void promise_all(struct replay *r, struct instant at, struct str who, struct str why, const struct event *e)
{
	for (int m = METRIC_FIRST_RESPONSE; m <= METRIC_SOLUTION; m++)
		if (r->open[m])
			promise(r, r->open[m], at, who, why, e->id);
}

/* ---- what each event does ---- */

static void opened(struct replay *r, const struct event *e, const json_t *d)
{
	struct instant at = time_is_set(r->f->opened_at) ? r->f->opened_at : moment(e, d);

	r->incident = str_is(text_of(r->out, d, "kind"), "incident");
	r->criticality = (int)number_of(d, "criticality");
	/* Who was with an agent when it was opened has been answered. */
	r->responded = e->actor_kind == ACTOR_AGENT;
	start(r, METRIC_SOLUTION, at, e);
	start(r, r->responded ? METRIC_UPDATE : METRIC_FIRST_RESPONSE, at, e);
}

static void desk_spoke(struct replay *r, struct instant at, const struct event *e)
{
	r->responded = true;
	stop(r, METRIC_FIRST_RESPONSE, at, e);
	stop(r, METRIC_NEXT_RESPONSE, at, e);
	stop(r, METRIC_UPDATE, at, e);
	if (status_now(r) != ST_RESOLVED)
		start(r, METRIC_UPDATE, at, e);
}

static void customer_spoke(struct replay *r, struct instant at, const struct event *e)
{
	struct mark *last = r->marks.n ? &r->marks.at[r->marks.n - 1] : NULL;

	/* A waiting ticket goes on when the answer arrived, not when it was filed; so does one that it opened again. */
	if (status_now(r) == ST_CUSTOMER || status_now(r) == ST_OTHERS)
		mark(r, at, ST_ACTIVE, e->id);
	else if (last && last->status == ST_ACTIVE && last->by.v + 1 == e->id.v && time_before(at, last->at) &&
		 (r->marks.n < 2 || !time_before(at, r->marks.at[r->marks.n - 2].at)))
		last->at = at;
	/* The second message moves nothing: start() leaves a running cycle alone. */
	if (r->responded && status_now(r) != ST_RESOLVED)
		start(r, METRIC_NEXT_RESPONSE, at, e);
}

static void state_changed(struct replay *r, struct instant at, const struct event *e, const json_t *d)
{
	struct str to = text_of(r->out, d, "to"), whom = text_of(r->out, d, "waiting_for");

	mark(r, at, str_is(to, "waiting") ? (str_is(whom, "others") ? ST_OTHERS : ST_CUSTOMER) : ST_ACTIVE, e->id);
}

static void resolved(struct replay *r, struct instant at, const struct event *e)
{
	struct run *solution = r->open[METRIC_SOLUTION];

	if (e->actor_kind == ACTOR_AGENT)
		r->responded = true;
	for (int m = METRIC_FIRST_RESPONSE; m <= METRIC_SOLUTION; m++)
		stop(r, (enum metric)m, at, e);
	if (solution)
		solution->resolved = true;
	mark(r, at, ST_RESOLVED, e->id);
}

/* The solution was none: its cycle goes on, and the time it counted as resolved is a pause. */
static void reopened(struct replay *r, struct instant at, const struct event *e)
{
	mark(r, at, ST_ACTIVE, e->id);
	for (size_t i = 0; i < r->runs.n; i++) {
		struct run *c = r->runs.at[i];

		if (c->metric != METRIC_SOLUTION || !c->resolved || r->open[METRIC_SOLUTION])
			continue;
		c->stopped = c->resolved = false;
		c->stopped_at = (struct instant){ 0 };
		c->stopped_by = (struct event_id){ 0 };
		r->open[METRIC_SOLUTION] = c;
	}
	start(r, METRIC_UPDATE, at, e);
}

static void regraded(struct replay *r, struct instant at, const struct event *e, const json_t *d)
{
	int to = (int)number_of(d, "to");

	if (to < 1 || to > 4)
		return;
	r->criticality = to;
	promise_all(r, at, e->actor, text_of(r->out, d, "reason"), e);
}

static void converted(struct replay *r, struct instant at, const struct event *e, const json_t *d)
{
	r->incident = str_is(text_of(r->out, d, "to"), "incident");
	if (!r->incident) {
		cancel_all(r, at, e);
		return;
	}
	/* No clock ran on the request, and none runs backwards: it begins now. */
	r->criticality = (int)number_of(d, "criticality");
	start(r, METRIC_SOLUTION, at, e);
	start(r, r->responded ? METRIC_UPDATE : METRIC_FIRST_RESPONSE, at, e);
}

static void policy_named(struct replay *r, struct instant at, const struct event *e, const json_t *d)
{
	const struct clock_policy *p = policy_by(r->f, number_of(d, "policy"));

	if (!p || p == r->policy)
		return;
	r->policy = p;
	promise_all(r, at, text_of(r->out, d, "who"), text_of(r->out, d, "why"), e);
}

static void apply(struct replay *r, const struct event *e, const json_t *d)
{
	struct instant at = moment(e, d);

	if (str_is(e->kind, EV_TICKET_OPENED))
		opened(r, e, d);
	else if (str_is(e->kind, EV_MESSAGE) && !is_true(d, "automatic"))
		(e->actor_kind == ACTOR_AGENT ? desk_spoke : customer_spoke)(r, at, e);
	else if (str_is(e->kind, EV_CALLBACK) && is_true(d, "done"))
		desk_spoke(r, at, e);
	else if (str_is(e->kind, EV_STATE))
		state_changed(r, at, e, d);
	else if (str_is(e->kind, EV_RESOLVED))
		resolved(r, at, e);
	else if (str_is(e->kind, EV_REOPENED))
		reopened(r, at, e);
	else if (str_is(e->kind, EV_CRITICALITY))
		regraded(r, at, e, d);
	else if (str_is(e->kind, EV_KIND))
		converted(r, at, e, d);
	else if (str_is(e->kind, EV_CLOCK_POLICY))
		policy_named(r, at, e, d);
	else if (str_is(e->kind, "ticket.merged"))
		cancel_all(r, at, e);
}

/* ---- a cycle counted ---- */

struct counting {
	const struct calendar *cal;
	int64_t goal, warn, elapsed;
	struct instant due, warn_at, breached;
};

/* Adds the stretch [a, b). `last` and not stopped: it goes on behind b. */
static void count(struct counting *k, struct instant a, struct instant b, bool goes_on, bool last)
{
	struct instant d;
	int64_t e = calendar_between(k->cal, a, b);

	if (!time_is_set(k->warn_at) && (goes_on || k->elapsed + e >= k->warn) && k->warn >= k->elapsed &&
	    calendar_add(k->cal, a, k->warn - k->elapsed, &d, NULL) == RC_OK && (goes_on || !time_before(b, d)))
		k->warn_at = d;
	if (!time_is_set(k->breached) && (last || k->elapsed + e >= k->goal) &&
	    calendar_add(k->cal, a, k->goal > k->elapsed ? k->goal - k->elapsed : 0, &d, NULL) == RC_OK) {
		if (goes_on ? !time_before(b, d) : time_before(d, b))
			k->breached = k->due = d;
		else if (last)
			k->due = d;
	}
	k->elapsed += e;
}

static bool pauses(const struct clock_target *t, enum status s)
{
	return s == ST_RESOLVED || (s == ST_CUSTOMER && (t->pauses & PAUSE_CUSTOMER)) || (s == ST_OTHERS && (t->pauses & PAUSE_OTHERS));
}

/* The cycle up to `end`, with what was known when the line had n_marks marks. */
static void measure(const struct replay *r, const struct run *c, size_t n_marks, const struct clock_target *t, struct instant end, bool stopped,
		    struct clock_cycle *ret)
{
	struct counting k = { .cal = t->calendar ? t->calendar : &around_the_clock, .goal = t->goal, .warn = t->goal / 100 * t->warn };
	VEC(struct clock_stretch) v = { 0 };
	enum status s = ST_ACTIVE;
	struct instant at = c->started_at;
	struct event_id by = c->started_by;

	if (time_before(end, at))
		end = at;
	for (size_t i = 0; i <= n_marks; i++) {
		const struct mark *m = i < n_marks ? &r->marks.at[i] : NULL;
		struct instant to = m && time_before(m->at, end) ? m->at : end;
		/* What happened at this very moment holds for a clock that runs, and comes too late for one that stopped. */
		bool last = !m || (stopped ? !time_before(m->at, end) : time_before(end, m->at));

		if (time_before(at, to) || last) {
			bool counts = !pauses(t, s);

			if (counts)
				count(&k, at, to, last && !stopped, last);
			if (v.n && v.at[v.n - 1].counts && counts)
				v.at[v.n - 1].to = to;
			else
				*VEC_ADD(r->out, &v) = (struct clock_stretch){ at, to, counts, (enum clock_why)(CLOCK_WAITING_CUSTOMER + s - ST_CUSTOMER), by };
			at = to;
			ret->state = stopped ? (c->cancelled ? CLOCK_CANCELLED : CLOCK_STOPPED) : counts ? CLOCK_RUNNING : CLOCK_PAUSED;
		}
		if (last)
			break;
		s = m->status;
		by = m->by;
	}
	ret->stretches = v.at;
	ret->n_stretches = v.n;
	ret->goal = t->goal;
	ret->elapsed = k.elapsed;
	ret->due_at = k.due;
	ret->warn_at = k.warn_at;
	ret->breached_at = k.breached;
	if (ret->state == CLOCK_CANCELLED && !time_is_set(k.breached))
		ret->due_at = (struct instant){ 0 };
}

static const struct clock_target *target_of(const struct change *g, enum metric m)
{
	static const struct clock_target none = { 0 };

	return g->policy && g->criticality >= 1 && g->criticality <= 4 ? &g->policy->target[g->criticality][m] : &none;
}

static void promises(const struct replay *r, const struct run *c, struct instant now, struct clock_cycle *ret)
{
	VEC(struct clock_promise) v = { 0 };

	for (size_t i = 0; i < c->changes.n; i++) {
		const struct change *g = &c->changes.at[i];
		const struct clock_target *t = target_of(g, c->metric);
		bool last = i + 1 == c->changes.n;
		struct clock_cycle then = { 0 };

		measure(r, c, last ? r->marks.n : c->changes.at[i + 1].n_marks, t, last ? (c->stopped ? c->stopped_at : now) : c->changes.at[i + 1].at,
			last && c->stopped, &then);
		*VEC_ADD(r->out, &v) = (struct clock_promise){ .since = g->at,
							       .due = then.due_at,
							       .goal = t->goal,
							       .criticality = g->criticality,
							       .plan_code = g->policy ? g->policy->plan_code : STR_NULL,
							       .who = g->who,
							       .why = g->why,
							       .by = g->by,
							       .breached = time_is_set(then.breached_at) };
	}
	ret->promises = v.at;
	ret->n_promises = v.n;
}

static bool finish(const struct replay *r, struct run *c, struct instant now, struct clock_cycle *ret)
{
	size_t k = c->changes.n;

	/* What is promised no longer was promised all the same: such a clock was cancelled by the change. */
	while (k > 0 && !target_of(&c->changes.at[k - 1], c->metric)->goal)
		k--;
	if (k == 0)
		return false;
	if (k < c->changes.n) {
		c->stopped = c->cancelled = true;
		c->stopped_at = c->changes.at[k].at;
		c->stopped_by = c->changes.at[k].by;
		c->changes.n = k;
	}
	const struct change *g = &c->changes.at[k - 1];
	const struct clock_target *t = target_of(g, c->metric);

	*ret = (struct clock_cycle){ .metric = c->metric,
				     .cycle = c->cycle,
				     .criticality = g->criticality,
				     .policy = g->policy,
				     .target = t,
				     .started_at = c->started_at,
				     .stopped_at = c->stopped_at,
				     .started_by = c->started_by,
				     .stopped_by = c->stopped_by };
	measure(r, c, r->marks.n, t, c->stopped ? c->stopped_at : now, c->stopped, ret);
	promises(r, c, now, ret);
	return true;
}

void clock_replay(struct arena *out, const struct clock_facts *f, struct instant now, struct clock_cycle **ret, size_t *ret_n)
{
	struct replay r = { .out = out, .f = f, .policy = policy_by(f, first_policy(f)) };
	struct clock_cycle *v;
	size_t n = 0;

	for (size_t i = 0; i < f->n_events; i++) {
		json_t *d = json_loadb(f->events[i].data.p ? f->events[i].data.p : "", f->events[i].data.n, 0, NULL);

		apply(&r, &f->events[i], d);
		json_decref(d);
	}
	v = arena_array(out, struct clock_cycle, r.runs.n + 1);
	for (int m = METRIC_FIRST_RESPONSE; m <= METRIC_SOLUTION; m++)
		for (size_t i = 0; i < r.runs.n; i++)
			if ((int)r.runs.at[i]->metric == m)
				n += finish(&r, r.runs.at[i], now, &v[n]);
	*ret = v;
	*ret_n = n;
}

int64_t clock_remaining(const struct clock_cycle *c)
{
	return c->goal - c->elapsed;
}

enum rc clock_explain(const struct clock_cycle *c, struct arena *out, struct clock_span **ret, size_t *ret_n, struct err *err)
{
	const struct calendar *cal = c->target->calendar ? c->target->calendar : &around_the_clock;
	VEC(struct clock_span) v = { 0 };

	for (size_t i = 0; i < c->n_stretches; i++) {
		const struct clock_stretch *s = &c->stretches[i];
		struct calendar_span *parts;
		size_t n = 0;

		if (!s->counts) {
			if (time_before(s->from, s->to))
				*VEC_ADD(out, &v) = (struct clock_span){ s->from, s->to, false, s->why, STR_NULL, s->by };
			continue;
		}
		enum rc rc = calendar_explain(cal, out, s->from, s->to, &parts, &n, err);

		if (rc != RC_OK)
			return rc;
		for (size_t k = 0; k < n; k++)
			*VEC_ADD(out, &v) = (struct clock_span){ parts[k].from, parts[k].to, parts[k].counted, (enum clock_why)parts[k].why, parts[k].name, { 0 } };
	}
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

enum rc clock_estimate(const struct calendar *c, struct instant from, int days, struct instant *ret, struct err *err)
{
	const struct zone *z = calendar_zone(c);
	int32_t off = time_zone_span(z, from.us / SECOND_US).offset;
	int64_t today = (from.us / SECOND_US + off) / 86400;

	for (int i = 1; i <= 400 && days > 0; i++) {
		struct civil a = time_civil((struct instant){ (today + i) * DAY_US }), b = time_civil((struct instant){ (today + i + 1) * DAY_US });
		struct instant begins = time_from_civil_in(&a, z), ends = time_from_civil_in(&b, z);
		int64_t open = calendar_between(c, begins, ends);

		if (open > 0 && --days == 0)
			return calendar_add(c, begins, open, ret, err);
	}
	return fail(err, RC_LIMIT, "The calendar has not that many working days within a year.");
}

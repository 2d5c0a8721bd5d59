/* clock: what is stored is brought to what the log says: by the reader of the log after each change of a ticket, and by the
 * scheduler when a moment has come. Both do the same, so it does not matter who is first or whether one of them died in
 * the middle: rows, events and the reader's cursor are one transaction. */
#include "clock/clock_private.h"
#include "jobs/jobs.h"
#include "util/json.h"
#include "util/log.h"
#include <jansson.h>

#define EVENTS_MAX 20000
#define STEP       100 /* tickets a transaction of the reassessment */

struct story {
	struct clock_ticket t;
	struct event *events;
	size_t n_events;
	struct clock_policy *policies;
	size_t n_policies;
	int64_t named; /* the last policy the log names */
};

static int64_t named_by(const struct event *e)
{
	json_t *d = json_loadb(e->data.p ? e->data.p : "", e->data.n, 0, NULL);
	int64_t id = json_integer_value(json_object_get(d, "policy"));

	json_decref(d);
	return id;
}

static enum rc load(struct db_tx *tx, struct arena *a, struct ticket_id id, bool lock, struct story *s, struct err *err)
{
	enum rc rc = clock_ticket(tx, a, id, lock, &s->t, err);

	if (rc == RC_OK)
		rc = event_list(tx, a, id, false, (struct event_id){ 0 }, EVENTS_MAX, &s->events, &s->n_events, err);
	if (rc != RC_OK)
		return rc;
	s->policies = arena_array(a, struct clock_policy, s->n_events + 2);
	for (size_t i = 0; i < s->n_events && rc == RC_OK; i++) {
		bool have = false;

		if (!str_is(s->events[i].kind, EV_CLOCK_POLICY))
			continue;
		s->named = named_by(&s->events[i]);
		for (size_t k = 0; k < s->n_policies; k++)
			have = have || s->policies[k].id == s->named;
		if (!have)
			rc = clock_policy_load(tx, a, s->named, &s->policies[s->n_policies++], err);
	}
	return rc;
}

static struct clock_facts facts(const struct story *s)
{
	return (struct clock_facts){ .events = s->events,
				     .n_events = s->n_events,
				     .policies = s->policies,
				     .n_policies = s->n_policies,
				     .policy_first = s->n_policies ? s->policies[0].id : 0,
				     .opened_at = s->t.opened_at };
}

enum rc clock_find(struct db_tx *tx, struct arena *out, struct ticket_id t, struct instant now, struct clock_cycle **ret, size_t *ret_n, struct err *err)
{
	struct story s = { 0 };
	enum rc rc = load(tx, out, t, false, &s, err);

	*ret = NULL;
	*ret_n = 0;
	if (rc == RC_OK && !s.named) {
		int64_t id;

		if (s.t.kind != TICKET_INCIDENT)
			return RC_OK;
		rc = clock_policy_of(tx, out, s.t.plan_frozen, now, false, &id, &s.policies[s.n_policies++], err);
		if (rc == RC_NOT_FOUND)
			return RC_OK;
	}
	if (rc == RC_OK)
		clock_replay(out, &(struct clock_facts){ .events = s.events, .n_events = s.n_events, .policies = s.policies, .n_policies = s.n_policies,
							 .policy_first = s.policies[0].id, .opened_at = s.t.opened_at }, now, ret, ret_n);
	return rc;
}

enum rc clock_of_opening(struct db_tx *tx, struct arena *out, struct str plan_code, int criticality, struct instant now,
			 struct clock_cycle **ret, size_t *ret_n, struct err *err)
{
	struct event opened = { .id = { 1 },
				.at = now,
				.kind = STR(EV_TICKET_OPENED),
				.data = arena_strf(out, "{\"kind\":\"incident\",\"criticality\":%d}", criticality) };
	struct clock_policy *policy = arena_new(out, struct clock_policy);
	int64_t id;
	enum rc rc = clock_policy_of(tx, out, plan_code, now, false, &id, policy, err);

	*ret = NULL;
	*ret_n = 0;
	if (rc == RC_NOT_FOUND)
		return RC_OK;
	if (rc == RC_OK)
		clock_replay(out, &(struct clock_facts){ .events = &opened, .n_events = 1, .policies = policy, .n_policies = 1,
							 .policy_first = policy->id, .opened_at = now }, now, ret, ret_n);
	return rc;
}

static void replay_as(struct arena *out, const struct story *s, int criticality, struct instant now, struct clock_cycle **ret, size_t *ret_n)
{
	struct story more = *s;
	struct clock_facts f;

	more.events = arena_array(out, struct event, s->n_events + 1);
	if (s->n_events)
		memcpy(more.events, s->events, s->n_events * sizeof(*more.events));
	more.events[more.n_events++] = (struct event){ .id = { INT64_MAX },
						       .at = now,
						       .kind = STR(EV_CRITICALITY),
						       .data = arena_strf(out, "{\"to\":%d}", criticality) };
	f = facts(&more);
	clock_replay(out, &f, now, ret, ret_n);
}

enum rc clock_if_criticality(struct db_tx *tx, struct arena *out, struct ticket_id t, int criticality, struct instant now, struct clock_cycle **ret,
			     size_t *ret_n, struct err *err)
{
	struct story s = { 0 };
	enum rc rc = load(tx, out, t, false, &s, err);

	*ret_n = 0;
	if (rc == RC_OK && s.named)
		replay_as(out, &s, criticality, now, ret, ret_n);
	return rc;
}

enum rc clock_previews(struct db_tx *tx, struct arena *out, struct ticket_id t, struct instant now, struct clock_cycle *ret[5], size_t ret_n[5],
		       struct err *err)
{
	struct story s = { 0 };
	enum rc rc = load(tx, out, t, false, &s, err);

	memset(ret_n, 0, 5 * sizeof(*ret_n));
	for (int c = 1; rc == RC_OK && s.named && c <= 4; c++)
		replay_as(out, &s, c, now, &ret[c], &ret_n[c]);
	return rc;
}

/* ---- events ---- */

struct telling {
	struct db_tx *tx;
	const struct clock_ticket *t;
	const struct clock_cycle *c;
	struct instant now;
	struct buf buf;
	struct json j;
};

static void begin(struct telling *k)
{
	buf_clear(&k->buf);
	json_init(&k->j, &k->buf);
	json_obj(&k->j);
	if (!k->c)
		return;
	json_kstr(&k->j, "metric", str_of(clock_metric_name(k->c->metric)));
	json_ki64(&k->j, "cycle", k->c->cycle);
	json_ki64(&k->j, "criticality", k->c->criticality);
}

static enum rc end(struct telling *k, const char *kind, struct instant at, struct err *err)
{
	struct actor system = actor_system();
	struct event e = { .at = at, .kind = str_of(kind), .ticket = k->t->id, .account = k->t->account };

	json_end_obj(&k->j);
	event_by(&e, &system);
	e.data = buf_str(&k->buf);
	return event_append(k->tx, &e, NULL, err);
}

static enum rc tell_state(struct telling *k, const struct clock_row *old, struct err *err)
{
	const struct clock_cycle *c = k->c;
	const struct clock_stretch *last = &c->stretches[c->n_stretches - 1];

	begin(k);
	switch (c->state) {
	case CLOCK_RUNNING:
		json_ktime(&k->j, "due", c->due_at);
		json_ki64(&k->j, "goal", c->goal / MINUTE_US);
		json_ki64(&k->j, "cause", old ? last->by.v : c->started_by.v);
		return end(k, old ? EV_CLOCK_RESUMED : EV_CLOCK_STARTED, old ? last->from : c->started_at, err);
	case CLOCK_PAUSED:
		json_ki64(&k->j, "remaining", clock_remaining(c) / SECOND_US);
		json_ki64(&k->j, "cause", last->by.v);
		return end(k, EV_CLOCK_PAUSED, last->from, err);
	case CLOCK_STOPPED:
		json_ki64(&k->j, "elapsed", c->elapsed / SECOND_US);
		json_kbool(&k->j, "breached", time_is_set(c->breached_at));
		json_ki64(&k->j, "cause", c->stopped_by.v);
		return end(k, EV_CLOCK_STOPPED, c->stopped_at, err);
	case CLOCK_CANCELLED:
		json_ki64(&k->j, "cause", c->stopped_by.v);
		return end(k, EV_CLOCK_CANCELLED, c->stopped_at, err);
	}
	return RC_OK;
}

static enum rc tell_reset(struct telling *k, const struct clock_row *old, struct err *err)
{
	begin(k);
	json_ki64(&k->j, "goal", k->c->goal / MINUTE_US);
	json_ktime(&k->j, "due", k->c->due_at);
	json_key(&k->j, "was");
	json_obj(&k->j);
	json_ki64(&k->j, "criticality", old->criticality);
	json_ki64(&k->j, "goal", old->goal / MINUTE_US);
	json_ktime(&k->j, "due", old->due_at);
	json_end_obj(&k->j);
	return end(k, EV_CLOCK_RESET, k->now, err);
}

static enum rc tell_due(struct telling *k, const char *kind, struct err *err)
{
	begin(k);
	json_ktime(&k->j, "due", k->c->due_at);
	json_ki64(&k->j, "goal", k->c->goal / MINUTE_US);
	json_kbool(&k->j, "running", k->c->state == CLOCK_RUNNING || k->c->state == CLOCK_PAUSED);
	return end(k, kind, k->now, err);
}

/* ---- one cycle ---- */

static bool same(const struct clock_row *a, const struct clock_row *b)
{
	return a->state == b->state && a->criticality == b->criticality && a->told == b->told && a->policy == b->policy && a->goal == b->goal &&
	       a->started_at.us == b->started_at.us && a->stopped_at.us == b->stopped_at.us && a->due_at.us == b->due_at.us &&
	       a->breached_at.us == b->breached_at.us && a->next_at.us == b->next_at.us;
}

/* Each is told once a promise: a new one may be late anew. */
static enum rc tell_late(struct telling *k, struct clock_row *x, struct err *err)
{
	const struct clock_cycle *c = k->c;
	enum rc rc = RC_OK;

	if (time_is_set(c->breached_at)) {
		if (!(x->told & 2))
			rc = tell_due(k, EV_CLOCK_BREACHED, err);
		x->told |= 3;
	} else if (c->state == CLOCK_RUNNING && !(x->told & 1) && time_is_set(c->warn_at) && !time_before(k->now, c->warn_at)) {
		rc = tell_due(k, EV_CLOCK_WARNED, err);
		x->told |= 1;
	}
	if (c->state == CLOCK_RUNNING && !(x->told & 2))
		x->next_at = !(x->told & 1) && time_is_set(c->warn_at) ? c->warn_at : c->due_at;
	return rc;
}

static enum rc store(struct telling *k, const struct clock_row *old, struct err *err)
{
	const struct clock_cycle *c = k->c;
	struct clock_row x = { .ticket = k->t->id, .metric = c->metric, .cycle = c->cycle, .state = c->state, .criticality = c->criticality,
			       .told = old ? old->told : 0, .policy = c->policy->id, .goal = c->goal, .elapsed = c->elapsed, .started_at = c->started_at,
			       .stopped_at = c->stopped_at, .due_at = c->due_at, .breached_at = c->breached_at };
	bool reset = old && (old->goal != x.goal || old->criticality != x.criticality || old->policy != x.policy);
	enum rc rc = RC_OK;

	if (!old && c->state != CLOCK_RUNNING) { /* its begin was missed: it is told all the same */
		struct clock_cycle began = *c;

		began.state = CLOCK_RUNNING;
		k->c = &began;
		rc = tell_state(k, NULL, err);
		k->c = c;
	}
	if (rc == RC_OK && reset && (rc = tell_reset(k, old, err)) == RC_OK)
		x.told = 0;
	if (rc == RC_OK && (!old ? true : old->state != x.state))
		rc = tell_state(k, !old && c->state == CLOCK_RUNNING ? NULL : old ? old : &x, err);
	if (rc == RC_OK)
		rc = tell_late(k, &x, err);
	if (rc != RC_OK || (old && same(old, &x)))
		return rc;
	return clock_row_save(k->tx, &x, err);
}

static const struct clock_row *find_row(const struct clock_row *rows, size_t n, const struct clock_cycle *c)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].metric == c->metric && rows[i].cycle == c->cycle)
			return &rows[i];
	return NULL;
}

static enum rc name_policy(struct db_tx *tx, struct arena *a, struct story *s, int64_t id, struct instant now, struct str who, struct str why,
			   struct err *err)
{
	struct telling k = { .tx = tx, .t = &s->t, .now = now };

	buf_init(&k.buf, 8192);
	begin(&k);
	json_ki64(&k.j, "policy", id);
	json_kstr(&k.j, "plan", why.p && s->t.plan_now.n ? s->t.plan_now : s->t.plan_frozen);
	json_kstr(&k.j, "who", who);
	json_kstr(&k.j, "why", why);
	enum rc rc = end(&k, EV_CLOCK_POLICY, now, err);

	buf_release(&k.buf);
	if (rc != RC_OK)
		return rc;
	*s = (struct story){ .t = s->t };
	return load(tx, a, s->t.id, false, s, err); /* again: the log is what counts */
}

static enum rc first_policy(struct db_tx *tx, struct arena *a, struct story *s, struct instant now, struct err *err)
{
	int64_t id;
	enum rc rc = clock_policy_of(tx, a, s->t.plan_frozen, now, true, &id, NULL, err);

	return rc == RC_OK ? name_policy(tx, a, s, id, now, STR_NULL, STR_NULL, err) : rc;
}

static enum rc settle(struct db_tx *tx, struct arena *a, struct story *s, struct instant now, struct err *err)
{
	struct telling k = { .tx = tx, .t = &s->t, .now = now };
	struct clock_facts f = facts(s);
	struct clock_cycle *cycles;
	struct clock_row *rows;
	size_t n, n_rows;
	enum rc rc = clock_rows(tx, a, s->t.id, &rows, &n_rows, err);

	/* A clock of the machine that was set back does not undo what happened. */
	if (s->n_events && time_before(now, s->events[s->n_events - 1].at))
		now = k.now = s->events[s->n_events - 1].at;
	if (rc != RC_OK)
		return rc;
	clock_replay(a, &f, now, &cycles, &n);
	buf_init(&k.buf, 8192);
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		k.c = &cycles[i];
		rc = store(&k, find_row(rows, n_rows, k.c), err);
	}
	for (size_t i = 0; i < n_rows && rc == RC_OK; i++) {
		bool there = false;

		for (size_t c = 0; c < n; c++)
			there = there || (cycles[c].metric == rows[i].metric && cycles[c].cycle == rows[i].cycle);
		if (!there)
			rc = clock_row_drop(tx, &rows[i], err);
	}
	buf_release(&k.buf);
	return rc;
}

enum rc clock_refresh(struct db_tx *tx, struct arena *a, struct ticket_id t, struct instant now, struct err *err)
{
	struct story s = { 0 };
	enum rc rc = load(tx, a, t, true, &s, err);

	if (rc == RC_OK && !s.named) {
		if (s.t.kind != TICKET_INCIDENT)
			return RC_OK;
		rc = first_policy(tx, a, &s, now, err);
		if (rc == RC_NOT_FOUND) /* opened without a plan: nothing was promised */
			return RC_OK;
	}
	return rc == RC_OK ? settle(tx, a, &s, now, err) : rc;
}

enum rc clock_reassess(struct db_tx *tx, struct arena *a, struct ticket_id t, struct instant now, struct str who, struct str why, struct err *err)
{
	struct story s = { 0 };
	int64_t id;
	enum rc rc = load(tx, a, t, true, &s, err);

	if (rc != RC_OK || !s.named)
		return rc;
	rc = clock_policy_of(tx, a, s.t.plan_now.n ? s.t.plan_now : s.t.plan_frozen, now, true, &id, NULL, err);
	if (rc == RC_NOT_FOUND || (rc == RC_OK && id == s.named))
		return RC_OK;
	if (rc == RC_OK)
		rc = name_policy(tx, a, &s, id, now, who, why, err);
	return rc == RC_OK ? settle(tx, a, &s, now, err) : rc;
}

/* ---- the reader of the log ---- */

static bool touches_clocks(const struct event *e)
{
	return e->ticket.v && str_starts(e->kind, STR("ticket.")) && !str_is(e->kind, EV_NOTE);
}

/* A plan, a subscription or a calendar changed: what runs is looked at anew, by a job, in steps. */
static enum rc want_reassess(struct db_tx *tx, struct arena *a, const struct event *e, struct err *err)
{
	struct json j;
	AUTO_BUF b;

	buf_init(&b, 4096);
	json_init(&j, &b);
	json_obj(&j);
	json_kstr(&j, "who", e->actor);
	json_kstr(&j, "why", e->kind);
	json_ki64(&j, "cause", e->id.v);
	json_end_obj(&j);
	struct job_new n = { .kind = "clock.reassess",
			     .args = buf_str(&b),
			     .run_at = e->at,
			     .dedupe = arena_strf(a, "clock.reassess:%lld", (long long)e->id.v) };

	return job_add(tx, &n, err);
}

static enum rc handle(struct db_tx *tx, const struct event *events, size_t n, void *arg, struct err *err)
{
	const struct instant *fixed = arg;
	struct instant now = fixed ? *fixed : time_now();
	enum rc rc = RC_OK;
	AUTO_ARENA a;

	arena_init(&a);
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		const struct event *e = &events[i];
		bool again = false;

		if (str_is(e->kind, EV_PLAN) || str_is(e->kind, EV_SUBSCRIPTION) || str_is(e->kind, EV_CALENDAR))
			rc = want_reassess(tx, &a, e, err);
		for (size_t k = i + 1; k < n; k++)
			again = again || (events[k].ticket.v == e->ticket.v && touches_clocks(&events[k]));
		if (rc == RC_OK && touches_clocks(e) && !again)
			rc = clock_refresh(tx, &a, e->ticket, now, err);
	}
	return rc;
}

struct event_reader clock_reader(const struct instant *now)
{
	return (struct event_reader){ .name = "clock", .batch = 50, .handle = handle, .arg = (void *)(uintptr_t)now };
}

/* ---- the reassessment ---- */

struct pass {
	struct ticket_id after, last;
	struct str who, why;
	const struct instant *now;
	size_t n;
};

static enum rc pass_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct pass *p = arg;
	struct ticket_id *ids;
	size_t n;
	AUTO_ARENA a;

	arena_init(&a);
	p->n = 0;
	enum rc rc = clock_running_after(tx, &a, p->after, STEP, &ids, &n, err);

	p->last = p->after;
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		AUTO_ARENA one;

		arena_init(&one);
		rc = clock_reassess(tx, &one, ids[i], p->now ? *p->now : time_now(), p->who, p->why, err);
		p->last = ids[i];
	}
	p->n = n;
	return rc;
}

static struct str why_text(struct str kind)
{
	return str_is(kind, EV_PLAN) ? STR("the plan was changed") : str_is(kind, EV_CALENDAR) ? STR("the calendar was changed") : STR("the subscription was changed");
}

enum rc clock_job_reassess(struct db *db, const struct job *job, const struct instant *now, struct arena *scratch, struct err *err)
{
	json_t *o = json_loadb(job->args.p ? job->args.p : "", job->args.n, 0, NULL);
	const char *who = json_string_value(json_object_get(o, "who")), *why = json_string_value(json_object_get(o, "why"));
	struct pass p = { .who = arena_str(scratch, str_of(who ? who : "Carrel")), .why = why_text(str_of(why)), .now = now };
	enum rc rc;

	json_decref(o);
	do {
		rc = db_write(db, pass_step, &p, err);
		p.after = p.last; /* behind the commit: the step may have run twice */
	} while (rc == RC_OK && p.n == STEP);
	return rc;
}

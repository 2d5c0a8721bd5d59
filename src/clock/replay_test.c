/* Cycles from events made by hand, against a calendar of Monday to Friday 08:00-18:00 UTC. Minute 0 is Monday 08:00. */
#include "clock/clock.h"
#include "test/test.h"

#define MONDAY INT64_C(1795420800000000) /* 2026-11-23T08:00:00Z */
#define MIN(m) ((struct instant){ MONDAY + (int64_t)(m) * MINUTE_US })

struct story {
	struct test *t;
	struct calendar office;
	struct clock_policy policy[2];
	struct event e[64];
	size_t n;
	struct clock_cycle *c;
	size_t n_cycles;
	struct instant opened_at;
};

static void target(struct clock_policy *p, int criticality, enum metric m, int minutes, const struct calendar *c)
{
	p->target[criticality][m] = (struct clock_target){
		.goal = minutes * MINUTE_US, .warn = 75, .pauses = m == METRIC_FIRST_RESPONSE ? PAUSE_NEVER : PAUSE_CUSTOMER, .calendar = c
	};
}

static void begin(struct test *t, struct story *s)
{
	*s = (struct story){ .t = t };
	EXPECT_RC(RC_OK, calendar_parse(&t->arena, STR("{\"mon\":[[\"08:00\",\"18:00\"]],\"tue\":[[\"08:00\",\"18:00\"]],\"wed\":[[\"08:00\",\"18:00\"]],"
						       "\"thu\":[[\"08:00\",\"18:00\"]],\"fri\":[[\"08:00\",\"18:00\"]]}"), &s->office, &t->err));
	for (int p = 0; p < 2; p++) {
		s->policy[p].id = p + 1;
		s->policy[p].plan_code = p ? STR("GOLD") : STR("BASIC");
		for (int c = 1; c <= 4; c++) {
			target(&s->policy[p], c, METRIC_FIRST_RESPONSE, 30 * c / (p + 1), c <= 2 ? NULL : &s->office);
			target(&s->policy[p], c, METRIC_NEXT_RESPONSE, 120, &s->office);
			target(&s->policy[p], c, METRIC_UPDATE, 240, &s->office);
			target(&s->policy[p], c, METRIC_SOLUTION, 300 * c / (p + 1), c <= 2 ? NULL : &s->office);
		}
	}
}

static void add(struct story *s, int minute, enum actor_kind by, const char *kind, const char *data)
{
	s->e[s->n] = (struct event){ .id = { (int64_t)s->n + 1 }, .at = MIN(minute), .kind = str_of(kind), .actor_kind = by, .actor = STR("somebody"), .data = str_of(data) };
	s->n++;
}

static void opening(struct story *s, int criticality)
{
	add(s, 0, ACTOR_CONTACT, EV_TICKET_OPENED, arena_strf(&s->t->arena, "{\"kind\":\"incident\",\"criticality\":%d}", criticality).p);
	add(s, 0, ACTOR_SYSTEM, EV_CLOCK_POLICY, "{\"policy\":1}");
}

static void run(struct story *s, int now)
{
	struct clock_facts f = { .events = s->e, .n_events = s->n, .policies = s->policy, .n_policies = 2, .opened_at = s->opened_at };

	clock_replay(&s->t->arena, &f, MIN(now), &s->c, &s->n_cycles);
}

static const struct clock_cycle *cycle(struct story *s, enum metric m, int n)
{
	for (size_t i = 0; i < s->n_cycles; i++)
		if (s->c[i].metric == m && s->c[i].cycle == n)
			return &s->c[i];
	return NULL;
}

static int64_t minute_of(struct instant t)
{
	return time_is_set(t) ? (t.us - MONDAY) / MINUTE_US : -1;
}

/* One line a cycle: state, elapsed minutes, due minute, breached minute. */
static void expect(struct story *s, const char *why, enum metric m, int n, enum clock_state state, int elapsed, int due, int breached)
{
	struct test *t = s->t;
	const struct clock_cycle *c = cycle(s, m, n);

	if (!EXPECT(why, c != NULL))
		return;
	EXPECT_EQ(why, c->state, state);
	EXPECT_EQ(why, c->elapsed, elapsed * MINUTE_US);
	EXPECT_EQ(why, minute_of(c->due_at), due);
	EXPECT_EQ(why, minute_of(c->breached_at), breached);
}

TEST(clock_first_response_and_solution)
{
	struct story s;

	begin(t, &s);
	opening(&s, 3);
	run(&s, 60);
	expect(&s, "the first response runs", METRIC_FIRST_RESPONSE, 1, CLOCK_RUNNING, 60, 90, -1);
	expect(&s, "nine hundred minutes are a day of six hundred and a half", METRIC_SOLUTION, 1, CLOCK_RUNNING, 60, 24 * 60 + 300, -1);
	EXPECT("nothing else runs yet", !cycle(&s, METRIC_NEXT_RESPONSE, 1) && !cycle(&s, METRIC_UPDATE, 1));
	run(&s, 90);
	expect(&s, "at its moment it is late", METRIC_FIRST_RESPONSE, 1, CLOCK_RUNNING, 90, 90, 90);
	EXPECT_EQ("the warning comes at three quarters", minute_of(cycle(&s, METRIC_FIRST_RESPONSE, 1)->warn_at), 67);
	add(&s, 80, ACTOR_AGENT, EV_MESSAGE, "{}");
	run(&s, 700);
	expect(&s, "an answer in time", METRIC_FIRST_RESPONSE, 1, CLOCK_STOPPED, 80, 90, -1);
	expect(&s, "the night does not count", METRIC_SOLUTION, 1, CLOCK_RUNNING, 600, 24 * 60 + 300, -1);
	expect(&s, "from the answer on the customer is to be kept informed", METRIC_UPDATE, 1, CLOCK_RUNNING, 520, 320, 320);
}

TEST(clock_round_the_clock_for_critical_ones)
{
	struct story s;

	begin(t, &s);
	opening(&s, 1);
	run(&s, 700);
	expect(&s, "it runs at night", METRIC_SOLUTION, 1, CLOCK_RUNNING, 700, 300, 300);
}

TEST(clock_waiting_pauses)
{
	struct story s;

	begin(t, &s);
	opening(&s, 3);
	add(&s, 30, ACTOR_AGENT, EV_MESSAGE, "{}");
	add(&s, 30, ACTOR_AGENT, EV_STATE, "{\"to\":\"waiting\",\"waiting_for\":\"customer\"}");
	run(&s, 100);
	expect(&s, "waiting for the customer pauses", METRIC_SOLUTION, 1, CLOCK_PAUSED, 30, -1, -1);
	add(&s, 130, ACTOR_SYSTEM, EV_MESSAGE, "{\"automatic\":true}");
	run(&s, 140);
	expect(&s, "an absence note does not resume", METRIC_SOLUTION, 1, CLOCK_PAUSED, 30, -1, -1);
	EXPECT("nor wants an answer", !cycle(&s, METRIC_NEXT_RESPONSE, 1));
	add(&s, 210, ACTOR_CONTACT, EV_MESSAGE, "{\"received\":\"2026-11-23T11:00:00Z\"}"); /* minute 180 */
	add(&s, 210, ACTOR_CONTACT, EV_STATE, "{\"to\":\"open\"}");
	run(&s, 240);
	expect(&s, "the answer resumes at its receipt", METRIC_SOLUTION, 1, CLOCK_RUNNING, 90, 24 * 60 + 450, -1);
	expect(&s, "and wants one", METRIC_NEXT_RESPONSE, 1, CLOCK_RUNNING, 60, 300, -1);
	add(&s, 250, ACTOR_CONTACT, EV_MESSAGE, "{}");
	run(&s, 260);
	expect(&s, "a second message moves nothing", METRIC_NEXT_RESPONSE, 1, CLOCK_RUNNING, 80, 300, -1);
	EXPECT("nor makes a second clock", !cycle(&s, METRIC_NEXT_RESPONSE, 2));
	add(&s, 270, ACTOR_AGENT, EV_STATE, "{\"to\":\"waiting\",\"waiting_for\":\"others\"}");
	run(&s, 280);
	expect(&s, "others are our business", METRIC_SOLUTION, 1, CLOCK_RUNNING, 130, 24 * 60 + 450, -1);
}

TEST(clock_resolved_and_reopened)
{
	struct story s;

	begin(t, &s);
	opening(&s, 3);
	add(&s, 100, ACTOR_AGENT, EV_RESOLVED, "{\"resolution\":\"done\"}");
	run(&s, 5000);
	expect(&s, "solved in time", METRIC_SOLUTION, 1, CLOCK_STOPPED, 100, 24 * 60 + 300, -1);
	expect(&s, "a solution is an answer, if a late one", METRIC_FIRST_RESPONSE, 1, CLOCK_STOPPED, 100, 90, 90);
	add(&s, 200, ACTOR_CONTACT, EV_REOPENED, "{}");
	add(&s, 200, ACTOR_CONTACT, EV_MESSAGE, "{}");
	run(&s, 250);
	expect(&s, "it goes on where it stopped", METRIC_SOLUTION, 1, CLOCK_RUNNING, 150, 24 * 60 + 400, -1);
	EXPECT("as the same clock", !cycle(&s, METRIC_SOLUTION, 2));
	expect(&s, "and the customer wants an answer", METRIC_NEXT_RESPONSE, 1, CLOCK_RUNNING, 50, 320, -1);
	add(&s, 260, ACTOR_AGENT, "ticket.merged", "{}");
	run(&s, 900);
	expect(&s, "merged into another one it stops for good", METRIC_SOLUTION, 1, CLOCK_CANCELLED, 160, -1, -1);
}

TEST(clock_regraded)
{
	struct story s;

	begin(t, &s);
	opening(&s, 4);
	add(&s, 60, ACTOR_AGENT, EV_CRITICALITY, "{\"from\":4,\"to\":2,\"reason\":\"Everybody is affected\"}");
	run(&s, 70);
	expect(&s, "counted from the beginning by the new promise", METRIC_SOLUTION, 1, CLOCK_RUNNING, 70, 600, -1);
	expect(&s, "which may be late already", METRIC_FIRST_RESPONSE, 1, CLOCK_RUNNING, 70, 60, 60);
	const struct clock_cycle *c = cycle(&s, METRIC_SOLUTION, 1);

	if (EXPECT_EQ("the earlier promise is kept", c->n_promises, 2)) {
		EXPECT_EQ("with its deadline", minute_of(c->promises[0].due), 24 * 60 + 600);
		EXPECT_STR("who", c->promises[1].who, "somebody");
		EXPECT_STR("and why", c->promises[1].why, "Everybody is affected");
	}
	add(&s, 80, ACTOR_SYSTEM, EV_CLOCK_POLICY, "{\"policy\":2,\"who\":\"the manager\",\"why\":\"the plan was changed\"}");
	run(&s, 90);
	expect(&s, "another plan is another promise", METRIC_SOLUTION, 1, CLOCK_RUNNING, 90, 300, -1);
	EXPECT_EQ("all three are kept", cycle(&s, METRIC_SOLUTION, 1)->n_promises, 3);
}

TEST(clock_none_on_requests)
{
	struct story s;

	begin(t, &s);
	add(&s, 0, ACTOR_CONTACT, EV_TICKET_OPENED, "{\"kind\":\"request\"}");
	add(&s, 1, ACTOR_SYSTEM, EV_CLOCK_POLICY, "{\"policy\":1}");
	add(&s, 5, ACTOR_CONTACT, EV_MESSAGE, "{}");
	run(&s, 1000);
	EXPECT_EQ("no clock runs on a request", s.n_cycles, 0);
	add(&s, 100, ACTOR_AGENT, EV_KIND, "{\"from\":\"request\",\"to\":\"incident\",\"criticality\":3,\"reason\":\"x\"}");
	run(&s, 110);
	expect(&s, "as an incident it starts then", METRIC_SOLUTION, 1, CLOCK_RUNNING, 10, 24 * 60 + 400, -1);
	add(&s, 120, ACTOR_AGENT, EV_KIND, "{\"from\":\"incident\",\"to\":\"request\",\"reason\":\"y\"}");
	run(&s, 500);
	expect(&s, "and ends as a request", METRIC_SOLUTION, 1, CLOCK_CANCELLED, 20, -1, -1);
}

TEST(clock_starts_at_the_call)
{
	struct story s;

	begin(t, &s);
	opening(&s, 1);
	s.opened_at = MIN(-5);
	run(&s, 0);
	expect(&s, "the call, not its ticket", METRIC_FIRST_RESPONSE, 1, CLOCK_RUNNING, 5, 25, -1);
	s.n = 0;
	add(&s, 0, ACTOR_AGENT, EV_TICKET_OPENED, "{\"kind\":\"incident\",\"criticality\":3}");
	add(&s, 0, ACTOR_SYSTEM, EV_CLOCK_POLICY, "{\"policy\":1}");
	run(&s, 10);
	EXPECT("who was with an agent has been answered", !cycle(&s, METRIC_FIRST_RESPONSE, 1));
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void any_event(struct story *s, uint64_t *x, int minute)
{
	static const struct { const char *kind, *data; enum actor_kind by; } any[] = {
		{ EV_MESSAGE, "{}", ACTOR_AGENT }, { EV_MESSAGE, "{}", ACTOR_CONTACT }, { EV_MESSAGE, "{\"automatic\":true}", ACTOR_SYSTEM },
		{ EV_STATE, "{\"to\":\"waiting\",\"waiting_for\":\"customer\"}", ACTOR_AGENT }, { EV_STATE, "{\"to\":\"waiting\",\"waiting_for\":\"others\"}", ACTOR_AGENT },
		{ EV_STATE, "{\"to\":\"open\"}", ACTOR_AGENT }, { EV_CRITICALITY, "{\"to\":1}", ACTOR_AGENT }, { EV_CRITICALITY, "{\"to\":4}", ACTOR_AGENT },
		{ EV_RESOLVED, "{}", ACTOR_AGENT }, { EV_REOPENED, "{}", ACTOR_CONTACT }, { EV_CLOCK_POLICY, "{\"policy\":2}", ACTOR_SYSTEM },
		{ EV_CLOCK_BREACHED, "{}", ACTOR_SYSTEM }, { EV_NOTE, "{}", ACTOR_AGENT }, { EV_CALLBACK, "{\"done\":true}", ACTOR_AGENT },
	};
	size_t i = next_random(x) % COUNT(any);

	add(s, minute, any[i].by, any[i].kind, any[i].data);
}

TEST(clock_explained_minutes_add_up)
{
	uint64_t x = 1181783497276652981U;

	for (int k = 0; k < 300; k++) {
		struct story s;
		int minute = 0, n = (int)(next_random(&x) % 20);

		begin(t, &s);
		opening(&s, (int)(next_random(&x) % 4) + 1);
		for (int i = 0; i < n; i++)
			any_event(&s, &x, minute += (int)(next_random(&x) % 400));
		minute += (int)(next_random(&x) % 3000);
		run(&s, minute);
		for (size_t i = 0; i < s.n_cycles; i++) {
			struct clock_cycle *c = &s.c[i];
			struct clock_span *span;
			size_t n_spans;
			int64_t sum = 0;
			struct instant at = c->started_at;

			EXPECT_RC(RC_OK, clock_explain(c, &t->arena, &span, &n_spans, &t->err));
			for (size_t p = 0; p < n_spans; p++) {
				EXPECT_EQ("no moment is left out", span[p].from.us, at.us);
				at = span[p].to;
				sum += span[p].counted ? span[p].to.us - span[p].from.us : 0;
			}
			EXPECT_EQ("explained minutes are the elapsed ones", sum, c->elapsed);
			EXPECT_EQ("up to its end or now", at.us, time_is_set(c->stopped_at) ? c->stopped_at.us : MIN(minute).us);
			if (c->state == CLOCK_RUNNING)
				EXPECT("late is past the deadline", time_is_set(c->breached_at) == (clock_remaining(c) <= 0));
			if (c->state == CLOCK_STOPPED && clock_remaining(c) < 0)
				EXPECT("too long is late", time_is_set(c->breached_at));
		}
		struct clock_cycle *before = s.c;
		size_t n_before = s.n_cycles;

		run(&s, minute);
		bool same = n_before == s.n_cycles;

		for (size_t i = 0; same && i < n_before; i++)
			same = before[i].elapsed == s.c[i].elapsed && before[i].due_at.us == s.c[i].due_at.us && before[i].state == s.c[i].state;
		EXPECT("the same events give the same clocks", same);
	}
}

TEST(clock_estimate)
{
	struct story s;
	struct instant r;

	begin(t, &s);
	EXPECT_RC(RC_OK, clock_estimate(&s.office, MIN(60), 1, &r, &t->err));
	EXPECT_STR("one working day is the end of tomorrow", time_iso(&t->arena, r), "2026-11-24T18:00:00Z");
	EXPECT_RC(RC_OK, clock_estimate(&s.office, MIN(60), 5, &r, &t->err));
	EXPECT_STR("five pass over the weekend", time_iso(&t->arena, r), "2026-11-30T18:00:00Z");
}

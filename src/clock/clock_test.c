/* Clocks in the database: what the reader keeps, what the scheduler tells, once, and what changes a promise. */
#include "clock/clock_private.h"
#include "jobs/jobs.h"
#include "ticket/ticket_world.h"
#include <poll.h>

DB_QUERY(q_all_events, "test.clock_events", "SELECT COUNT(*) FROM event WHERE kind = :kind");

struct clocks {
	struct world w;
	struct plan plan;
	int64_t number;
	struct ticket_id id;
};

static void plan_with_targets(struct test *t, struct db_tx *tx, struct world *w)
{
	struct plan p;
	struct calendar_id cal;
	struct plan_id id;

	EXPECT_RC(RC_OK, plan_find(tx, &t->arena, w->plan, &p, &t->err));
	EXPECT_RC(RC_OK, calendar_create(tx, STR("Office"), STR("UTC"), STR("{\"always\":true}"), &cal, &t->err));
	p.calendar = cal;
	for (int c = 1; c <= 4; c++) {
		p.target[c][METRIC_FIRST_RESPONSE] = 30 * c;
		p.target[c][METRIC_SOLUTION] = 240 * c;
	}
	EXPECT_RC(RC_OK, plan_save(tx, &w->desk, NOW, &p, &id, &t->err));
}

static void open_one(struct test *t, struct db_tx *tx, struct world *w)
{
	plan_with_targets(t, tx, w);
	world_open(t, tx, &w->writer, 3, "Slow");
	world_open(t, tx, &w->writer, 0, "A question");
}

/* On PostgreSQL readers stop before the oldest transaction of the whole server, also of another test's database: it is waited
 * for. */
static void read_log(struct test *t, struct instant now)
{
	struct event_reader r = clock_reader(&now);
	int64_t lag = 1, until = time_monotonic_us() + 120 * SECOND_US;
	enum rc rc = RC_OK;

	while (lag > 0 && time_monotonic_us() < until) {
		while ((rc = event_read_once(t->db, &r, &t->err)) == RC_OK)
			;
		EXPECT_RC(RC_OK, event_lag(t->db, r.name, &lag, &t->err));
		if (lag > 0)
			poll(NULL, 0, 20);
	}
	EXPECT_EQ("the log is read to its end", rc, RC_NOT_FOUND);
	EXPECT_EQ("all of it", lag, 0);
}

struct look {
	struct test *t;
	struct ticket_id id;
	int64_t number;
	struct clock_row *rows;
	size_t n;
	const char *kind;
	int64_t events;
	struct instant next;
	bool any;
};

static enum rc look(struct db_tx *tx, void *arg, struct err *err)
{
	struct look *l = arg;
	struct actor desk = actor_system();
	struct ticket_query q = { .view = VIEW_INCIDENTS, .max = 10 };
	struct ticket_row *r;
	struct str next;
	size_t n;
	enum rc rc = ticket_list(tx, &l->t->arena, &desk, &q, &r, &n, &next, err);

	if (rc == RC_OK && n) {
		l->id = r[0].id;
		l->number = r[0].number;
		rc = clock_rows(tx, &l->t->arena, l->id, &l->rows, &l->n, err);
	}
	if (rc == RC_OK && l->kind)
		rc = db_get_i64(tx, &q_all_events, DB_ARGS(db_str("kind", str_of(l->kind))), &l->events, err);
	if (rc == RC_OK)
		l->any = clock_next(tx, &l->next, NULL) == RC_OK;
	return rc;
}

static struct look see(struct test *t, const char *kind)
{
	struct look l = { .t = t, .kind = kind };

	EXPECT_RC(RC_OK, db_read(t->db, look, &l, &t->err));
	return l;
}

static void regrade(struct test *t, struct db_tx *tx, struct world *w)
{
	struct ticket_query q = { .view = VIEW_INCIDENTS, .max = 10 };
	struct ticket_row *r;
	struct str next;
	size_t n;

	EXPECT_RC(RC_OK, ticket_list(tx, &t->arena, &w->desk, &q, &r, &n, &next, &t->err));
	EXPECT_RC(RC_OK, ticket_set_criticality(tx, &t->arena, &w->ann, LATER(MINUTE_US), r[0].number, 1, STR("All are affected"), SEEN_NOT, &t->err));
}

static void reassess_all(struct test *t)
{
	struct instant now = LATER(6 * MINUTE_US);
	struct job job = { .args = STR("{\"who\":\"ann\",\"why\":\"plan.changed\"}") };

	EXPECT_RC(RC_OK, clock_job_reassess(t->db, &job, &now, &t->arena, &t->err));
}

static void better_plan(struct test *t, struct db_tx *tx, struct world *w)
{
	struct plan p;
	struct plan_id id;

	EXPECT_RC(RC_OK, plan_find(tx, &t->arena, w->plan, &p, &t->err));
	p.target[1][METRIC_SOLUTION] = 60;
	EXPECT_RC(RC_OK, plan_save(tx, &w->desk, LATER(MINUTE_US), &p, &id, &t->err));
}

static void answer(struct test *t, struct db_tx *tx, struct world *w)
{
	struct ticket_query q = { .view = VIEW_INCIDENTS, .max = 10 };
	struct ticket_row *r;
	struct str next;
	size_t n;

	EXPECT_RC(RC_OK, ticket_list(tx, &t->arena, &w->desk, &q, &r, &n, &next, &t->err));
	EXPECT_RC(RC_OK, world_say(t, tx, &w->ann, LATER(10 * MINUTE_US), r[0].number, "We are on it.", false));
}

TEST_EACH_DB(clock_reader_keeps_deadlines)
{
	struct world w;
	size_t n;

	world_make(t, &w, -1);
	world_run(t, &w, open_one);
	read_log(t, LATER(5 * MINUTE_US));
	struct look l = see(t, EV_CLOCK_STARTED);

	EXPECT_EQ("two clocks, none of them the request's", l.n, 2);
	EXPECT_EQ("each start is an event", l.events, 2);
	EXPECT_EQ("the first answer is due in ninety minutes", l.rows[0].due_at.us, LATER(90 * MINUTE_US).us);
	EXPECT("the scheduler knows when to look", l.any);
	read_log(t, LATER(5 * MINUTE_US));
	EXPECT_EQ("reading its own events makes no more", see(t, EV_CLOCK_STARTED).events, 2);

	EXPECT_RC(RC_OK, clock_tick(t->db, LATER(68 * MINUTE_US), 10, &n, &t->err));
	world_run(t, &w, answer);
	read_log(t, LATER(5 * MINUTE_US));
	l = see(t, EV_CLOCK_STOPPED);
	EXPECT_EQ("the answer stops the first clock", l.rows[0].state, CLOCK_STOPPED);
	EXPECT_EQ("and tells it", l.events, 1);
	EXPECT_EQ("ten minutes it took", l.rows[0].elapsed, 10 * MINUTE_US);
}

TEST_EACH_DB(clock_tells_once)
{
	struct world w;
	size_t n;

	world_make(t, &w, -1);
	world_run(t, &w, open_one);
	struct look l = see(t, NULL);
	struct instant now = LATER(100 * MINUTE_US);

	read_log(t, LATER(5 * MINUTE_US));
	for (int i = 0; i < 3; i++)
		EXPECT_RC(RC_OK, clock_tick(t->db, now, 10, &n, &t->err));
	EXPECT_EQ("a breach is told", see(t, EV_CLOCK_BREACHED).events, 1);
	EXPECT_EQ("a breach warns of nothing", see(t, EV_CLOCK_WARNED).events, 0);
	EXPECT_RC(RC_OK, clock_tick(t->db, LATER(545 * MINUTE_US), 10, &n, &t->err));
	EXPECT_EQ("three quarters are a warning", see(t, EV_CLOCK_WARNED).events, 1);
	EXPECT_RC(RC_OK, clock_tick(t->db, LATER(721 * MINUTE_US), 10, &n, &t->err));
	EXPECT_RC(RC_OK, clock_tick(t->db, LATER(-5 * MINUTE_US), 10, &n, &t->err));
	EXPECT_RC(RC_OK, clock_tick(t->db, LATER(900 * MINUTE_US), 10, &n, &t->err));
	EXPECT_EQ("two breaches, though the machine's clock went back", see(t, EV_CLOCK_BREACHED).events, 2);
	EXPECT("nothing more will happen by itself", !see(t, NULL).any);
	(void)l;
}

TEST_EACH_DB(clock_promises_change)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, open_one);
	read_log(t, LATER(5 * MINUTE_US));
	world_run(t, &w, regrade);
	read_log(t, LATER(5 * MINUTE_US));
	struct look l = see(t, EV_CLOCK_RESET);

	EXPECT_EQ("both clocks have a new promise", l.events, 2);
	EXPECT_EQ("four hours from the beginning", l.rows[1].due_at.us, LATER(240 * MINUTE_US).us);
	world_run(t, &w, better_plan);
	read_log(t, LATER(5 * MINUTE_US));
	reassess_all(t);
	l = see(t, EV_CLOCK_RESET);
	EXPECT_EQ("another plan is another promise for all its running clocks", l.rows[1].due_at.us, LATER(60 * MINUTE_US).us);
	EXPECT_EQ("told for both, whose policy it is", l.events, 4);
	reassess_all(t);
	EXPECT_EQ("and once", see(t, EV_CLOCK_RESET).events, 4);
}

static enum rc find(struct db_tx *tx, void *arg, struct err *err)
{
	struct look *l = arg;
	struct clock_cycle *c;
	size_t n;
	enum rc rc = look(tx, l, err);

	if (rc == RC_OK)
		rc = clock_find(tx, &l->t->arena, l->id, LATER(MINUTE_US), &c, &n, err);
	if (rc == RC_OK) {
		l->n = n;
		l->next = n ? c[0].due_at : (struct instant){ 0 };
		rc = clock_nearest(tx, &l->t->arena, &l->id, 1, &l->rows, &n, err);
		l->events = (int64_t)n;
	}
	return rc;
}

TEST_EACH_DB(clock_pages_do_not_wait_for_the_reader)
{
	struct world w;
	struct look l = { .t = t };

	world_make(t, &w, -1);
	world_run(t, &w, open_one);
	EXPECT_RC(RC_OK, db_read(t->db, find, &l, &t->err));
	EXPECT_EQ("a page shows the clocks before anything is stored", l.n, 2);
	EXPECT_EQ("with the same deadline", l.next.us, LATER(90 * MINUTE_US).us);
	EXPECT_EQ("though none is stored", l.events, 0);
	read_log(t, LATER(5 * MINUTE_US));
	EXPECT_RC(RC_OK, db_read(t->db, find, &l, &t->err));
	EXPECT_EQ("then one is nearest", l.events, 1);
	EXPECT_EQ("the first response", l.rows[0].metric, METRIC_FIRST_RESPONSE);
}

/* Escalations in the database: steps, once each, until somebody takes it. */
#include "jobs/jobs.h"
#include "oncall/oncall_private.h"
#include "ticket/problem.h"
#include "ticket/ticket_world.h"
#include <poll.h>

DB_QUERY(q_mails, "test.oncall_mails", "SELECT COUNT(*) FROM outmail WHERE kind = 'page' AND to_addr = :to AND state = 1");
DB_QUERY(q_page, "test.oncall_page", "SELECT MAX(id) FROM oncall_page");
DB_QUERY(q_kind, "test.oncall_events", "SELECT COUNT(*) FROM event WHERE kind = :kind");

static struct desk *the_desk(struct test *t)
{
	struct desk *d = arena_new(&t->arena, struct desk);

	d->db = t->db;
	d->pin_key = STR("a key of the tests");
	d->config.support_addr = STR("support@desk.example");
	d->config.base_url = STR("https://desk.example");
	d->config.prefix = STR("CAR");
	d->keys.domain = STR("desk.example");
	return d;
}

static enum rc run_step(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct desk *d = app;

	return oncall_job_step(d, job, d->started_at, scratch, err);
}
static const struct job_kind kinds[] = { { .name = "oncall.step", .run = run_step }, { .name = NULL } };

/* Everything due at a moment. */
static int run_until(struct test *t, struct desk *d, struct instant now)
{
	int n = 0;

	d->started_at = now; /* the clock of these tests */
	while (job_run_one(t->db, kinds, d, now, &t->err) == RC_OK)
		n++;
	return n;
}

static void setup(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t schedule = 0, policy = 0;
	struct actor boss = w->desk;

	EXPECT_RC(RC_OK, oncall_save(tx, &t->arena, &boss, NOW, 0, STR("Primary"), STR("UTC"),
				     arena_strf(&t->arena, "[{\"rotation\":\"daily\",\"start\":\"2026-01-01\",\"agents\":[%lld]}]", (long long)w->ann.agent.v), &schedule, &t->err));
	EXPECT_RC(RC_OK, oncall_policy_save(tx, &t->arena, &boss, NOW, 0, STR("Critical"),
					    arena_strf(&t->arena, "{\"steps\":[{\"delay\":0,\"targets\":[\"schedule:%lld\"]},{\"delay\":10,\"targets\":[\"agent:%lld\"]}],\"repeat\":1}",
						       (long long)schedule, (long long)w->ben.agent.v),
					    &policy, &t->err));
	EXPECT_RC(RC_OK, oncall_rule_set(tx, &boss, NOW, 1, TRIGGER_OPENED, policy, &t->err));
	int64_t number = world_open(t, tx, &w->writer, 1, "Nothing works");
	struct ticket ticket = world_ticket(t, tx, w, number);

	EXPECT_RC(RC_OK, oncall_start(tx, &t->arena, ticket.id, policy, TRIGGER_OPENED, STR("event:1"), NOW, &t->err));
	EXPECT_RC(RC_OK, oncall_start(tx, &t->arena, ticket.id, policy, TRIGGER_OPENED, STR("event:1"), NOW, &t->err));
	EXPECT_RC(RC_OK, oncall_start(tx, &t->arena, ticket.id, policy, TRIGGER_OPENED, STR("event:2"), NOW, &t->err));
}

struct seen {
	int64_t ann, ben, page, paged, exhausted, acknowledged;
};

static enum rc look(struct db_tx *tx, void *arg, struct err *err)
{
	struct seen *s = arg;
	enum rc rc = db_get_i64(tx, &q_mails, DB_ARGS(db_str("to", STR("ann@desk.example"))), &s->ann, err);

	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_mails, DB_ARGS(db_str("to", STR("ben@desk.example"))), &s->ben, err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_page, DB_NO_ARGS, &s->page, err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_kind, DB_ARGS(db_str("kind", STR(EV_ONCALL_PAGED))), &s->paged, err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_kind, DB_ARGS(db_str("kind", STR(EV_ONCALL_ACKNOWLEDGED))), &s->acknowledged, err);
	return rc == RC_OK ? db_get_i64(tx, &q_kind, DB_ARGS(db_str("kind", STR(EV_ONCALL_EXHAUSTED))), &s->exhausted, err) : rc;
}

static struct seen see(struct test *t)
{
	struct seen s = { 0 };

	EXPECT_RC(RC_OK, db_read(t->db, look, &s, &t->err));
	return s;
}

TEST_EACH_DB(oncall_escalates_until_nobody_came)
{
	struct world w;
	struct desk *d = the_desk(t);

	world_make(t, &w, -1);
	world_run(t, &w, setup);
	run_until(t, d, NOW);
	struct seen s = see(t);

	EXPECT_EQ("who is on duty is paged at once", s.ann, 1);
	EXPECT_EQ("the next one not yet", s.ben, 0);
	run_until(t, d, LATER(9 * MINUTE_US));
	EXPECT_EQ("nor after nine minutes", see(t).ben, 0);
	run_until(t, d, LATER(10 * MINUTE_US));
	EXPECT_EQ("after ten", see(t).ben, 1);
	run_until(t, d, LATER(15 * MINUTE_US));
	EXPECT_EQ("it begins anew", see(t).ann, 2);
	run_until(t, d, LATER(HOUR_US));
	run_until(t, d, LATER(2 * HOUR_US));
	s = see(t);
	EXPECT_EQ("once", s.ann, 2);
	EXPECT_EQ("both of them", s.ben, 2);
	EXPECT_EQ("each step is an event", s.paged, 4);
	EXPECT_EQ("and that nobody came", s.exhausted, 1);
}

static void acknowledge(struct test *t, struct db_tx *tx, struct world *w)
{
	struct seen s = { 0 };

	EXPECT_RC(RC_OK, look(tx, &s, &t->err));
	EXPECT_RC(RC_OK, oncall_acknowledge(tx, &t->arena, &w->ben, LATER(MINUTE_US), s.page, "desk", &t->err));
	EXPECT_RC(RC_OK, oncall_acknowledge(tx, &t->arena, &w->ben, LATER(MINUTE_US), s.page, "desk", &t->err));
	EXPECT_RC(RC_CONFLICT, oncall_acknowledge(tx, &t->arena, &w->ann, LATER(MINUTE_US), s.page, "desk", &t->err));
	EXPECT_STR("it says that somebody was faster", str_of(t->err.code), "acknowledged");
	EXPECT_RC(RC_DENIED, oncall_acknowledge(tx, &t->arena, &w->writer, LATER(MINUTE_US), s.page, "desk", &t->err));
}

TEST_EACH_DB(oncall_stops_when_somebody_takes_it)
{
	struct world w;
	struct desk *d = the_desk(t);

	world_make(t, &w, -1);
	world_run(t, &w, setup);
	run_until(t, d, NOW);
	world_run(t, &w, acknowledge);
	run_until(t, d, LATER(HOUR_US));
	struct seen s = see(t);

	EXPECT_EQ("nobody else is paged", s.ben, 0);
	EXPECT_EQ("it is told once", s.acknowledged, 1);
}

/* A step whose job comes again, as after a kill between its commit and the end of the job. */
TEST_EACH_DB(oncall_step_twice_pages_once)
{
	struct world w;
	struct desk *d = the_desk(t);
	struct seen s;

	world_make(t, &w, -1);
	world_run(t, &w, setup);
	s = see(t);
	struct job again = { .args = arena_strf(&t->arena, "{\"page\":%lld,\"round\":0,\"step\":0}", (long long)s.page) };

	for (int i = 0; i < 3; i++)
		EXPECT_RC(RC_OK, oncall_job_step(d, &again, NOW, &t->arena, &t->err));
	EXPECT_EQ("the step was done once", see(t).ann, 1);
	EXPECT_EQ("and told once", see(t).paged, 1);
}

TEST(oncall_links)
{
	struct desk *d = the_desk(t);
	struct str link = oncall_link(&t->arena, d, 12, (struct agent_id){ 3 }), other;
	int64_t page = 0;
	struct agent_id agent = { 0 };

	EXPECT_RC(RC_OK, oncall_link_read(&t->arena, d, link, &page, &agent));
	EXPECT_EQ("the page", page, 12);
	EXPECT_EQ("the agent", agent.v, 3);
	other = arena_strf(&t->arena, "12-4-" STR_F, STR_A(str_from(link, 5)));
	EXPECT_RC(RC_NOT_FOUND, oncall_link_read(&t->arena, d, other, &page, &agent));
	EXPECT_RC(RC_NOT_FOUND, oncall_link_read(&t->arena, d, STR("12-3-"), &page, &agent));
	EXPECT_RC(RC_NOT_FOUND, oncall_link_read(&t->arena, d, STR(""), &page, &agent));
}

/* ---- feeds ---- */

struct feeding {
	struct test *t;
	struct world w;
	struct desk *d;
};

static bool opens(struct test *t, struct db_tx *tx, const struct desk *d, struct str token)
{
	struct oncall_feed f;
	enum rc rc = oncall_feed_open(tx, &t->arena, d, token, &f, &t->err);

	EXPECT("it opens or is not there", rc == RC_OK || rc == RC_NOT_FOUND);
	return rc == RC_OK;
}

static struct str token_of(struct test *t, struct db_tx *tx, const struct desk *d, const struct actor *who)
{
	struct oncall_feed *f = NULL;
	size_t n = 0;

	EXPECT_RC(RC_OK, oncall_feeds(tx, &t->arena, who->agent, &f, &n, &t->err));
	return n ? oncall_feed_token(&t->arena, d, &f[0]) : STR("");
}

static enum rc feeds(struct db_tx *tx, void *arg, struct err *err)
{
	struct feeding *x = arg;
	struct test *t = x->t;
	struct actor reader = x->w.ann;
	struct desk other = *x->d;
	int64_t schedule = 0;

	EXPECT_RC(RC_OK, oncall_save(tx, &t->arena, &x->w.desk, NOW, 0, STR("Primary"), STR("UTC"), STR("[]"), &schedule, err));
	EXPECT_EQ("no address without asking", token_of(t, tx, x->d, &x->w.ann).n, 0);
	EXPECT_RC(RC_OK, oncall_feed_renew(tx, &t->arena, &x->w.ann, NOW, schedule, err));
	EXPECT_RC(RC_OK, oncall_feed_renew(tx, &t->arena, &x->w.ben, NOW, schedule, err));
	struct str ann = token_of(t, tx, x->d, &x->w.ann), ben = token_of(t, tx, x->d, &x->w.ben);

	EXPECT("each has their own", !str_eq(ann, ben));
	EXPECT("the secret is long", str_from(ann, 2).n >= 25);
	EXPECT("it opens", opens(t, tx, x->d, ann) && opens(t, tx, x->d, ben));
	other.pin_key = STR("another key");
	EXPECT("not without the desk's key", !opens(t, tx, &other, ann));
	EXPECT("not with a letter less", !opens(t, tx, x->d, str_sub(ann, 0, ann.n - 1)));
	EXPECT("not without its secret", !opens(t, tx, x->d, str_sub(ann, 0, 2)));
	EXPECT("not with the secret of another", !opens(t, tx, x->d, arena_strf(&t->arena, STR_F STR_F, STR_A(str_sub(ann, 0, 2)), STR_A(str_from(ben, 2)))));
	EXPECT_RC(RC_OK, oncall_feed_renew(tx, &t->arena, &x->w.ann, NOW, schedule, err));
	EXPECT("renewed, the old one is gone", !opens(t, tx, x->d, ann));
	EXPECT("the new one opens, and it is another", opens(t, tx, x->d, token_of(t, tx, x->d, &x->w.ann)));
	EXPECT("that of another person stays", opens(t, tx, x->d, ben));
	EXPECT_RC(RC_OK, oncall_feed_end(tx, &x->w.ben, NOW, schedule, err));
	EXPECT("ended is gone", !opens(t, tx, x->d, ben));
	EXPECT_RC(RC_NOT_FOUND, oncall_feed_renew(tx, &t->arena, &x->w.ann, NOW, schedule + 99, &t->err));
	reader.token_scope = SCOPE_READ;
	EXPECT_RC(RC_DENIED, oncall_feed_renew(tx, &t->arena, &reader, NOW, schedule, &t->err));
	EXPECT_RC(RC_DENIED, oncall_feed_renew(tx, &t->arena, &x->w.writer, NOW, schedule, &t->err));
	return RC_OK;
}

TEST_EACH_DB(oncall_feeds_are_ones_own)
{
	struct feeding x = { .t = t, .d = the_desk(t) };

	world_make(t, &x.w, -1);
	EXPECT_RC(RC_OK, db_write(t->db, feeds, &x, &t->err));
}

/* ---- tickets that join a known problem ---- */

DB_QUERY(q_running, "test.oncall_running", "SELECT COUNT(*) FROM oncall_page p JOIN ticket t ON t.id = p.ticket_id WHERE p.state = 1 AND t.number = :number");

struct joining {
	struct test *t;
	struct world w;
	struct desk *d;
	int64_t first, part;
	int c_first, c_part; /* their criticalities */
	int step;            /* what do_step() does */
};

/* Criticality 1 and 2 page Ann, ten minutes later Ben; 3 pages Ben; 4 nobody. */
static enum rc open_both(struct db_tx *tx, void *arg, struct err *err)
{
	struct joining *x = arg;
	struct test *t = x->t;
	struct actor boss = x->w.desk;
	struct problem_new words = { STR("Nothing plays"), STR("We look into it."), true, { 0 } };
	int64_t critical = 0, mild = 0;

	EXPECT_RC(RC_OK, oncall_policy_save(tx, &t->arena, &boss, NOW, 0, STR("Critical"),
					    arena_strf(&t->arena, "{\"steps\":[{\"delay\":0,\"targets\":[\"agent:%lld\"]},{\"delay\":10,\"targets\":[\"agent:%lld\"]}],\"repeat\":0}",
						       (long long)x->w.ann.agent.v, (long long)x->w.ben.agent.v),
					    &critical, err));
	EXPECT_RC(RC_OK, oncall_policy_save(tx, &t->arena, &boss, NOW, 0, STR("Mild"),
					    arena_strf(&t->arena, "{\"steps\":[{\"delay\":0,\"targets\":[\"agent:%lld\"]}],\"repeat\":0}", (long long)x->w.ben.agent.v), &mild, err));
	for (int c = 1; c <= 3; c++)
		EXPECT_RC(RC_OK, oncall_rule_set(tx, &boss, NOW, c, TRIGGER_OPENED, c == 3 ? mild : critical, err));
	x->first = world_open(t, tx, &x->w.writer, x->c_first, "Nothing plays here");
	EXPECT_RC(RC_OK, problem_declare(tx, &t->arena, &x->w.ann, NOW, x->first, &words, SEEN_NOT, err));
	x->part = world_open(t, tx, &x->w.stranger, x->c_part, "Nothing plays there");
	return RC_OK;
}

static enum rc do_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct joining *x = arg;
	struct arena *a = &x->t->arena;

	switch (x->step) {
	case 0:
		return problem_link(tx, a, &x->w.ann, NOW, x->part, x->first, SEEN_NOT, err);
	case 1:
		return problem_link(tx, a, &x->w.ann, NOW, x->part, 0, SEEN_NOT, err);
	case 2:
		return ticket_set_criticality(tx, a, &x->w.ann, NOW, x->part, 1, STR("It is worse"), SEEN_NOT, err);
	default:
		return ticket_assign(tx, a, &x->w.ben, NOW, x->first, x->w.ben.agent, SEEN_NOT, err);
	}
}

/* On PostgreSQL readers stop before the oldest transaction of the whole server, also of another test's database: it is waited
 * for. */
static void read_log(struct test *t, struct instant now)
{
	struct event_reader r = oncall_reader(&now);
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

static void begin_joining(struct test *t, struct joining *x, int c_first, int c_part)
{
	*x = (struct joining){ .t = t, .d = the_desk(t), .c_first = c_first, .c_part = c_part };
	world_make(t, &x->w, -1);
	EXPECT_RC(RC_OK, db_write(t->db, open_both, x, &t->err));
	read_log(t, NOW);
	run_until(t, x->d, NOW);
}

static void now_do(struct joining *x, int step, struct instant now)
{
	struct test *t = x->t;

	x->step = step;
	EXPECT_RC(RC_OK, db_write(t->db, do_step, x, &t->err));
	read_log(t, now);
	run_until(t, x->d, now);
}

static enum rc running_step(struct db_tx *tx, void *arg, struct err *err)
{
	int64_t *n = arg;

	return db_get_i64(tx, &q_running, DB_ARGS(db_i64("number", *n)), n, err);
}

static int64_t running(struct test *t, int64_t number)
{
	EXPECT_RC(RC_OK, db_read(t->db, running_step, &number, &t->err));
	return number;
}

TEST_EACH_DB(oncall_joined_ticket_pages_no_more)
{
	struct joining x;

	begin_joining(t, &x, 2, 2);
	EXPECT_EQ("each paged for itself before", see(t).ann, 2);
	now_do(&x, 0, LATER(MINUTE_US));
	EXPECT_EQ("the paging of the ticket that joined is over", running(t, x.part), 0);
	EXPECT_EQ("that of the first ticket goes on", running(t, x.first), 1);
	run_until(t, x.d, LATER(HOUR_US));
	EXPECT_EQ("the next one is paged once", see(t).ben, 1);
	EXPECT_EQ("the one before not again", see(t).ann, 2);
}

TEST_EACH_DB(oncall_critical_ticket_hands_its_paging_over)
{
	struct joining x;

	begin_joining(t, &x, 4, 1);
	EXPECT_EQ("the critical one pages", see(t).ann, 1);
	now_do(&x, 0, LATER(MINUTE_US));
	EXPECT_EQ("not for itself any more", running(t, x.part), 0);
	EXPECT_EQ("but for the first ticket", running(t, x.first), 1);
	EXPECT_EQ("nobody is paged twice", see(t).ann, 1);
	run_until(t, x.d, LATER(9 * MINUTE_US));
	EXPECT_EQ("it goes on where it was", see(t).ben, 0);
	run_until(t, x.d, LATER(10 * MINUTE_US));
	EXPECT_EQ("and pages the next one in time", see(t).ben, 1);
}

TEST_EACH_DB(oncall_worse_ticket_takes_the_place)
{
	struct joining x;

	begin_joining(t, &x, 3, 1);
	EXPECT("both page", see(t).ann == 1 && see(t).ben == 1);
	now_do(&x, 0, LATER(MINUTE_US));
	EXPECT_EQ("one paging is left, at the first ticket", running(t, x.first), 1);
	run_until(t, x.d, LATER(HOUR_US));
	EXPECT("it is that of the critical one", see(t).ann == 1 && see(t).ben == 2);
}

TEST_EACH_DB(oncall_part_that_becomes_critical_pages_the_first)
{
	struct joining x;

	begin_joining(t, &x, 4, 4);
	now_do(&x, 0, LATER(MINUTE_US));
	EXPECT("nothing to page for", see(t).ann == 0 && see(t).ben == 0);
	now_do(&x, 2, LATER(2 * MINUTE_US));
	EXPECT("the first ticket pages", running(t, x.first) == 1 && running(t, x.part) == 0 && see(t).ann == 1);
	read_log(t, LATER(3 * MINUTE_US));
	run_until(t, x.d, LATER(3 * MINUTE_US));
	EXPECT_EQ("once", see(t).ann, 1);
}

TEST_EACH_DB(oncall_joins_what_somebody_has)
{
	struct joining x;

	begin_joining(t, &x, 4, 1);
	now_do(&x, 3, LATER(MINUTE_US));
	now_do(&x, 0, LATER(2 * MINUTE_US));
	EXPECT("who has the first ticket knows: nobody is paged", running(t, x.first) == 0 && running(t, x.part) == 0);
	run_until(t, x.d, LATER(HOUR_US));
	EXPECT("nor later", see(t).ann == 1 && see(t).ben == 0);
}

TEST_EACH_DB(oncall_taken_out_pages_for_itself)
{
	struct joining x;

	begin_joining(t, &x, 2, 1);
	now_do(&x, 0, LATER(MINUTE_US));
	EXPECT_EQ("one paging", running(t, x.first) + running(t, x.part), 1);
	now_do(&x, 1, LATER(2 * MINUTE_US));
	EXPECT_EQ("it was something else, and nobody has it", running(t, x.part), 1);
	EXPECT_EQ("the known problem pages on", running(t, x.first), 1);
}

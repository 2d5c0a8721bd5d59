/* At least once, in order, with leases, back-off and an end. */
#include "jobs/jobs.h"
#include "jobs/jobs_private.h"
#include "test/test.h"

struct world {
	int runs;
	enum rc outcome;
};

static enum rc work(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct world *w = app;

	w->runs++;
	return w->outcome == RC_OK ? RC_OK : fail(err, w->outcome, "the machine is out of order");
}

static const struct job_kind kinds[] = {
	{.name = "work",  .run = work, .max_tries = 3 },
        { .name = NULL}
};

static enum rc add_two(struct db_tx *tx, void *arg, struct err *err)
{
	struct job_new j = { .kind = "work", .run_at = { 1000 }, .dedupe = STR_INIT("once") };
	enum rc rc = job_add(tx, &j, err);

	return rc == RC_OK ? job_add(tx, &j, err) : rc; /* the same key: no second one */
}

static enum rc count(struct db_tx *tx, void *arg, struct err *err)
{
	return job_count(tx, (struct instant){ 5000 }, arg, err);
}

TEST_EACH_DB(jobs_run_once)
{
	struct world w = { 0 };

	EXPECT_RC(RC_OK, db_write(t->db, add_two, NULL, &t->err));
	EXPECT_RC(RC_NOT_FOUND, job_run_one(t->db, kinds, &w, (struct instant){ 999 }, &t->err));
	EXPECT_RC(RC_OK, job_run_one(t->db, kinds, &w, (struct instant){ 1000 }, &t->err));
	EXPECT_RC(RC_NOT_FOUND, job_run_one(t->db, kinds, &w, (struct instant){ 2000 }, &t->err));
	EXPECT_EQ("a key makes one job", w.runs, 1);
}

TEST_EACH_DB(jobs_give_up_and_are_kept)
{
	struct world w = { .outcome = RC_RETRY };
	struct job_counts n;
	struct instant now = { 1000 };

	EXPECT_RC(RC_OK, db_write(t->db, add_two, NULL, &t->err));
	for (int i = 0; i < 3; i++, now.us += 2 * HOUR_US)
		EXPECT_RC(RC_OK, job_run_one(t->db, kinds, &w, now, &t->err));
	EXPECT_RC(RC_NOT_FOUND, job_run_one(t->db, kinds, &w, now, &t->err));
	EXPECT_EQ("tried as often as it may", w.runs, 3);
	EXPECT_RC(RC_OK, db_read(t->db, count, &n, &t->err));
	EXPECT_EQ("then kept as dead", n.dead, 1);
	EXPECT_EQ("and not waiting", n.waiting, 0);
}

TEST(jobs_back_off)
{
	EXPECT_EQ("five seconds at first", job_backoff_us(1, 0), 5 * SECOND_US);
	EXPECT_EQ("doubling", job_backoff_us(3, 0), 20 * SECOND_US);
	EXPECT_EQ("an hour at most", job_backoff_us(50, 0), HOUR_US);
	EXPECT("jitter adds up to a quarter",
	       job_backoff_us(1, 999) <= 5 * SECOND_US * 5 / 4 && job_backoff_us(1, 999) > 5 * SECOND_US);
}

/* ---- leases ---- */

struct slow {
	struct test *t;
	int runs;
};

static const struct job_kind slow_kinds[];

/* The lease ends while it works, and somebody else takes the job and fails. */
static enum rc work_slowly(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct slow *s = app;
	struct test *t = s->t;

	if (++s->runs == 1)
		EXPECT_RC(RC_OK,
		          job_run_one(t->db, slow_kinds, app, (struct instant){ 1000 + 31 * SECOND_US }, &t->err));
	return s->runs == 1 ? RC_OK : fail(err, RC_RETRY, "the second one failed");
}

static const struct job_kind slow_kinds[] = {
	{.name = "work",  .run = work_slowly, .max_tries = 3, .lease_seconds = 30 },
	{ .name = NULL},
};

TEST_EACH_DB(jobs_lease_ends)
{
	struct slow s = { t, 0 };
	struct job_counts n;

	EXPECT_RC(RC_OK, db_write(t->db, add_two, NULL, &t->err));
	EXPECT_RC(RC_OK, job_run_one(t->db, slow_kinds, &s, (struct instant){ 1000 }, &t->err));
	EXPECT_EQ("taken again after its lease", s.runs, 2);
	EXPECT_RC(RC_OK, db_read(t->db, count, &n, &t->err));
	EXPECT_EQ("who lost the lease cannot end the job of the one who has it", n.waiting, 1);
}

static enum rc add_again(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct slow *s = app;

	return ++s->runs == 1 ? db_write(s->t->db, add_two, NULL, err) : RC_OK;
}

TEST_EACH_DB(jobs_added_while_running)
{
	struct slow s = { t, 0 };
	const struct job_kind k[] = {
		{.name = "work", .run = add_again },
                { .name = NULL            }
	};

	EXPECT_RC(RC_OK, db_write(t->db, add_two, NULL, &t->err));
	EXPECT_RC(RC_OK, job_run_one(t->db, k, &s, (struct instant){ 1000 }, &t->err));
	EXPECT_RC(RC_OK, job_run_one(t->db, k, &s, (struct instant){ 1000 }, &t->err));
	EXPECT_EQ("what changed while it ran makes it run again", s.runs, 2);
}

static enum rc take_and_crash(struct db_tx *tx, void *arg, struct err *err)
{
	AUTO_ARENA a;
	struct job j;

	arena_init(&a);
	return job_take(tx, &a, *(struct instant *)arg, *(struct instant *)arg, &j, err);
}

TEST_EACH_DB(jobs_that_bring_the_program_down_end)
{
	struct world w = { 0 };
	struct instant now = { 1000 };
	struct job_counts n;

	EXPECT_RC(RC_OK, db_write(t->db, add_two, NULL, &t->err));
	for (int i = 0; i < 3; i++)
		EXPECT_RC(RC_OK, db_write(t->db, take_and_crash, &now, &t->err));
	EXPECT_RC(RC_OK, job_run_one(t->db, kinds, &w, now, &t->err));
	EXPECT_EQ("not begun a fourth time", w.runs, 0);
	EXPECT_RC(RC_OK, db_read(t->db, count, &n, &t->err));
	EXPECT_EQ("but kept as dead", n.dead, 1);
}

static enum rc dead_ones(struct db_tx *tx, void *arg, struct err *err)
{
	struct test *t = arg;
	struct job_row *at;
	size_t n = 0;
	enum rc rc = job_list_dead(tx, &t->arena, 10, &at, &n, err);

	if (rc != RC_OK || !EXPECT_EQ("one is dead", n, 1))
		return rc;
	EXPECT_STR("with its reason", at[0].error, "the machine is out of order");
	rc = job_retry(tx, at[0].id, (struct instant){ 1000 }, err);
	if (rc == RC_OK)
		EXPECT_RC(RC_NOT_FOUND, job_drop(tx, at[0].id, err));
	return rc;
}

TEST_EACH_DB(jobs_dead_are_tried_again_by_hand)
{
	struct world w = { .outcome = RC_INVALID };

	EXPECT_RC(RC_OK, db_write(t->db, add_two, NULL, &t->err));
	EXPECT_RC(RC_OK, job_run_one(t->db, kinds, &w, (struct instant){ 1000 }, &t->err));
	EXPECT_RC(RC_OK, db_write(t->db, dead_ones, t, &t->err));
	w.outcome = RC_OK;
	EXPECT_RC(RC_OK, job_run_one(t->db, kinds, &w, (struct instant){ 1000 }, &t->err));
	EXPECT_EQ("it ran once more", w.runs, 2);
}

TEST_EACH_DB(jobs_periodic_come_back)
{
	struct world w = { 0 };
	const struct job_kind k[] = {
		{.name = "work",       .run = work, .every_seconds = 60 },
                { .name = NULL}
	};
	struct job_runner *r = job_runner_start(t->db, k, &w, 2);
	struct instant now = time_now();

	job_runner_stop(r);
	(void)!job_run_one(t->db, k, &w, now, &t->err); /* when the threads were stopped before they began */
	EXPECT("planted and run", w.runs >= 1);
	int before = w.runs;
	EXPECT_RC(RC_NOT_FOUND, job_run_one(t->db, k, &w, time_add(now, 30 * SECOND_US), &t->err));
	EXPECT_RC(RC_OK, job_run_one(t->db, k, &w, time_add(now, 90 * SECOND_US), &t->err));
	EXPECT_EQ("and again a minute later", w.runs, before + 1);
}

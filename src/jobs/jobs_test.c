/* At least once, in order, with leases, back-off and an end. */
#include "jobs/jobs.h"
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

static const struct job_kind kinds[] = { { .name = "work", .run = work, .max_tries = 3 }, { .name = NULL } };

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
	EXPECT("jitter adds up to a quarter", job_backoff_us(1, 999) <= 5 * SECOND_US * 5 / 4 && job_backoff_us(1, 999) > 5 * SECOND_US);
}

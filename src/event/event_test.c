/* The log keeps order, readers see each event once. */
#include "event/event.h"
#include "test/test.h"

struct add {
	int n;
	bool is_public;
};

static enum rc add_events(struct db_tx *tx, void *arg, struct err *err)
{
	struct add *a = arg;
	enum rc rc = RC_OK;

	for (int i = 0; i < a->n && rc == RC_OK; i++) {
		struct event e = { .at = { 1 + i }, .kind = STR_INIT("account.changed"), .is_public = a->is_public, .actor = STR_INIT("the manager") };

		rc = event_append(tx, &e, NULL, err);
	}
	return rc;
}

struct seen {
	int n, calls, after;
	bool fail;
};

static enum rc count(struct db_tx *tx, const struct event *events, size_t n, void *arg, struct err *err)
{
	struct seen *s = arg;

	s->calls++;
	if (s->fail)
		return fail(err, RC_FAULT, "not now");
	s->n += (int)n;
	return RC_OK;
}

static void after(void *arg)
{
	((struct seen *)arg)->after++;
}

TEST_EACH_DB(event_readers_see_each_event_once)
{
	struct add a = { 25, true };
	struct seen s = { 0 };
	struct event_reader r = { .name = "test", .batch = 10, .handle = count, .after = after, .arg = &s };
	int64_t lag = -1;

	EXPECT_RC(RC_OK, db_write(t->db, add_events, &a, &t->err));
	EXPECT_RC(RC_OK, event_lag(t->db, "test", &lag, &t->err));
	EXPECT_EQ("a new reader is behind by all", lag, 25);
	s.fail = true;
	EXPECT_RC(RC_FAULT, event_read_once(t->db, &r, &t->err));
	s.fail = false;
	while (event_read_once(t->db, &r, &t->err) == RC_OK)
		;
	EXPECT_EQ("a failed batch comes again, a good one does not", s.n, 25);
	EXPECT_EQ("three batches were durable", s.after, 3);
	EXPECT_RC(RC_NOT_FOUND, event_read_once(t->db, &r, &t->err));
	EXPECT_RC(RC_OK, event_lag(t->db, "test", &lag, &t->err));
	EXPECT_EQ("nothing is left", lag, 0);
}

TEST_EACH_DB(event_loop_follows)
{
	struct add a = { 5, true };
	struct seen s = { 0 };
	struct event_reader r = { .name = "test", .batch = 10, .handle = count, .arg = &s };
	struct event_loop *l = event_loop_start(t->db, &r, 1);
	int64_t lag = 1, end = time_monotonic_us() + 10 * SECOND_US;

	EXPECT_RC(RC_OK, db_write(t->db, add_events, &a, &t->err));
	while (lag > 0 && time_monotonic_us() < end)
		EXPECT_RC(RC_OK, event_lag(t->db, "test", &lag, &t->err));
	event_loop_stop(l);
	EXPECT_EQ("the thread took them", s.n, 5);
}

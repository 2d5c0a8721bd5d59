/* The log keeps order, readers see each event once. */
#include "event/event.h"
#include "test/test.h"
#include <pthread.h>
#include <semaphore.h>

struct add {
	int n;
	bool is_public;
};

static enum rc add_events(struct db_tx *tx, void *arg, struct err *err)
{
	struct add *a = arg;
	enum rc rc = RC_OK;

	for (int i = 0; i < a->n && rc == RC_OK; i++) {
		struct event e = { .at = { 1 + i },
			           .kind = STR_INIT("account.changed"),
			           .is_public = a->is_public,
			           .actor = STR_INIT("the manager") };

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

/* ---- two transactions at once, PostgreSQL only: SQLite has one writer ---- */

struct late {
	struct test *t;
	struct seen s;
	struct event_reader r;
	pthread_t early;
	sem_t begun, go_on;
};

/* Has its place among the transactions first, but writes its event second, and commits first. */
static enum rc early_transaction(struct db_tx *tx, void *arg, struct err *err)
{
	struct late *l = arg;
	struct add one = { 1, true };
	enum rc rc = add_events(tx, &one, err);

	sem_post(&l->begun);
	while (sem_wait(&l->go_on) != 0)
		;
	return rc == RC_OK ? add_events(tx, &one, err) : rc;
}

static void *early_thread(void *arg)
{
	struct late *l = arg;
	struct err err;

	return db_write(l->t->db, early_transaction, l, &err) == RC_OK ? NULL : l;
}

static enum rc late_transaction(struct db_tx *tx, void *arg, struct err *err)
{
	struct late *l = arg;
	struct test *t = l->t;
	struct add one = { 1, true };
	void *failed = l;
	enum rc rc;

	pthread_create(&l->early, NULL, early_thread, l);
	while (sem_wait(&l->begun) != 0)
		;
	rc = add_events(tx, &one, err); /* an id between the two of the other */
	sem_post(&l->go_on);
	pthread_join(l->early, &failed);
	EXPECT("the early transaction committed", failed == NULL);
	while (event_read_once(t->db, &l->r, &t->err) == RC_OK)
		;
	EXPECT_EQ("its two events can be read, of which one has a higher id", l->s.n, 2);
	return rc;
}

TEST_EACH_DB(event_late_commit_is_not_skipped)
{
	struct late l = {
		.t = t, .r = {.name = "test", .batch = 10, .handle = count}
	};

	if (!db_is_postgres(t->db))
		SKIP("SQLite commits in the order of the ids");
	l.r.arg = &l.s;
	sem_init(&l.begun, 0, 0);
	sem_init(&l.go_on, 0, 0);
	EXPECT_RC(RC_OK, db_write(t->db, late_transaction, &l, &t->err));
	while (event_read_once(t->db, &l.r, &t->err) == RC_OK)
		;
	EXPECT_EQ("the event with the lower id that came later was read, too", l.s.n, 3);
	sem_destroy(&l.begun);
	sem_destroy(&l.go_on);
}

static enum rc list_public(struct db_tx *tx, void *arg, struct err *err)
{
	struct test *t = arg;
	struct event *at;
	size_t n = 9;
	enum rc rc = event_list(tx, &t->arena, (struct ticket_id){ 1 }, true, (struct event_id){ 0 }, 5, &at, &n, err);

	EXPECT_EQ("a ticket without events has none", n, 0);
	return rc;
}

TEST_EACH_DB(event_list_is_of_one_ticket)
{
	struct add a = { 3, true };

	EXPECT_RC(RC_OK, db_write(t->db, add_events, &a, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, list_public, t, &t->err));
}

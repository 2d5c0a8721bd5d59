/* clock: the scheduler. One look at one index when something was committed, when the next moment has come, and once a
 * second besides: another process may have written, or the machine's clock may have been moved. */
#include "clock/clock_private.h"
#include "util/log.h"
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define AT_ONCE 20 /* tickets a transaction */

struct tick {
	struct instant now;
	size_t max, n;
};

static enum rc tick_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct tick *t = arg;
	struct ticket_id *ids;
	size_t n;
	AUTO_ARENA a;

	arena_init(&a);
	t->n = 0;
	enum rc rc = clock_due(tx, &a, t->now, t->max, &ids, &n, err);

	for (size_t i = 0; i < n && rc == RC_OK; i++)
		rc = clock_refresh(tx, &a, ids[i], t->now, err);
	if (rc == RC_OK)
		t->n = n;
	return rc;
}

enum rc clock_tick(struct db *db, struct instant now, size_t max, size_t *ret_n, struct err *err)
{
	struct tick t = { .now = now, .max = max };
	enum rc rc = db_write(db, tick_step, &t, err);

	*ret_n = t.n;
	return rc;
}

struct clock_loop {
	struct db *db;
	atomic_bool stop;
	pthread_t thread;
};

static enum rc look(struct db_tx *tx, void *arg, struct err *err)
{
	return clock_next(tx, arg, err);
}

static void *run(void *arg)
{
	struct clock_loop *l = arg;
	int pause_ms = 0;

	pthread_setname_np(pthread_self(), "clocks");
	while (!atomic_load(&l->stop)) {
		uint64_t seen = db_commits(l->db);
		struct instant next = { 0 }, now = time_now();
		struct err err = { 0 };
		size_t n = 0;
		enum rc rc = db_read(l->db, look, &next, &err);

		if (rc == RC_OK && !time_before(now, next))
			rc = clock_tick(l->db, now, AT_ONCE, &n, &err);
		if (rc != RC_OK && rc != RC_NOT_FOUND) {
			log_warn("clock.loop", { "why", LOG_Z(err.text) });
			pause_ms = pause_ms ? (pause_ms < 10000 ? pause_ms * 2 : 20000) : 500;
			for (int i = 0; i < pause_ms / 100 && !atomic_load(&l->stop); i++)
				poll(NULL, 0, 100);
			continue;
		}
		pause_ms = 0;
		if (n)
			continue;
		int64_t ms = rc == RC_OK ? (next.us - time_now().us) / 1000 + 1 : 1000;

		db_wait_commit(l->db, seen, ms < 1 ? 1 : ms > 1000 ? 1000 : (int)ms);
		poll(NULL, 0, 50); /* a storm of commits is looked at twenty times a second */
	}
	return NULL;
}

struct clock_loop *clock_loop_start(struct db *db)
{
	struct clock_loop *l = xcalloc(1, sizeof(*l));
	pthread_attr_t attr;

	l->db = db;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 512 * 1024);
	if (pthread_create(&l->thread, &attr, run, l) != 0)
		die("cannot start the scheduler of clocks");
	pthread_attr_destroy(&attr);
	return l;
}

void clock_loop_stop(struct clock_loop *l)
{
	struct timespec until;

	if (!l)
		return;
	atomic_store(&l->stop, true);
	/* The thread may have looked at `stop` just before, and go to sleep just after the first wake. */
	do {
		db_wake(l->db);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 50000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
	} while (pthread_timedjoin_np(l->thread, NULL, &until) != 0);
	free(l);
}

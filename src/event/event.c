/* Reading the log: batches in the transaction of the cursor, and a thread a reader. SQL is event_store.c's. */
#include "event/event.h"
#include "event/event_private.h"
#include "util/log.h"
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void event_by(struct event *e, const struct actor *who)
{
	e->actor_kind = who->kind;
	e->actor_id = who->kind == ACTOR_AGENT ? who->agent.v : who->kind == ACTOR_CONTACT ? who->contact.v : 0;
	e->actor = who->name.n ? who->name : STR("Carrel");
}

struct batch {
	const struct event_reader *r;
	struct arena a;
	size_t n;
};

static enum rc read_batch(struct db_tx *tx, void *arg, struct err *err)
{
	struct batch *b = arg;
	size_t max = b->r->batch > 0 ? (size_t)b->r->batch : 100;
	struct cursor at = { 0 };
	struct event *events;

	arena_clear(&b->a);
	b->n = 0;
	enum rc rc = reader_position(tx, b->r->name, &at, err);
	if (rc == RC_OK)
		rc = event_after(tx, &b->a, at, max, &events, &b->n, &at, err);
	if (rc != RC_OK)
		return rc;
	if (b->n == 0)
		return fail(err, RC_NOT_FOUND, "nothing new");
	rc = b->r->handle(tx, events, b->n, b->r->arg, err);
	return rc == RC_OK ? reader_move(tx, b->r->name, at, err) : rc;
}

static enum rc look(struct db_tx *tx, void *name, struct err *err)
{
	enum rc rc = reader_any(tx, name, err);

	return rc == RC_NOT_FOUND ? fail(err, RC_NOT_FOUND, "nothing new") : rc;
}

enum rc event_read_once(struct db *db, const struct event_reader *r, struct err *err)
{
	struct batch b = { .r = r };
	enum rc rc;

	/* A look without writing first: an idle desk must not fsync once a second. */
	if ((rc = db_read(db, look, (void *)(uintptr_t)r->name, err)) != RC_OK)
		return rc;
	arena_init(&b.a);
	rc = db_write_behind(db, read_batch, &b, err);
	if (rc == RC_OK && r->after)
		r->after(r->arg);
	arena_release(&b.a);
	return rc;
}

struct lag {
	const char *name;
	int64_t n;
};

static enum rc read_lag(struct db_tx *tx, void *arg, struct err *err)
{
	struct lag *l = arg;

	return reader_lag(tx, l->name, &l->n, err);
}

enum rc event_lag(struct db *db, const char *reader, int64_t *ret, struct err *err)
{
	struct lag l = { reader, 0 };
	enum rc rc = db_read(db, read_lag, &l, err);

	if (rc == RC_OK)
		*ret = l.n;
	return rc;
}

/* ---- threads ---- */

struct reading {
	struct event_loop *loop;
	struct event_reader r;
	pthread_t thread;
};

struct event_loop {
	struct db *db;
	atomic_bool stop;
	size_t n;
	struct reading at[];
};

static void *follow(void *arg)
{
	struct reading *me = arg;
	struct event_loop *l = me->loop;
	int wait_ms = 1000;
	char name[16]; /* all the kernel keeps */

	snprintf(name, sizeof(name), "%s", me->r.name);
	pthread_setname_np(pthread_self(), name);

	while (!atomic_load(&l->stop)) {
		uint64_t seen = db_commits(l->db);
		struct err err = { 0 };
		enum rc rc = event_read_once(l->db, &me->r, &err);

		if (rc == RC_OK) {
			wait_ms = 1000;
			continue;
		}
		if (rc == RC_NOT_FOUND) {
			/* Another process may have written: look once a second even when nothing was committed here. */
			db_wait_commit(l->db, seen, 1000);
			continue;
		}
		log_warn("event.reader", { "name", LOG_Z(me->r.name) }, { "why", LOG_Z(err.text) },
		         { "again-ms", LOG_I64(wait_ms) });
		for (int i = 0; i < wait_ms / 100 && !atomic_load(&l->stop); i++)
			poll(NULL, 0, 100);
		wait_ms = wait_ms < 30000 ? wait_ms * 2 : 60000;
	}
	return NULL;
}

struct event_loop *event_loop_start(struct db *db, const struct event_reader *readers, size_t n)
{
	struct event_loop *l = xcalloc(1, sizeof(*l) + n * sizeof(l->at[0]));
	pthread_attr_t attr;

	l->db = db;
	l->n = n;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	for (size_t i = 0; i < n; i++) {
		l->at[i] = (struct reading){ .loop = l, .r = readers[i] };
		if (pthread_create(&l->at[i].thread, &attr, follow, &l->at[i]) != 0)
			die("cannot start the readers of the event log");
	}
	pthread_attr_destroy(&attr);
	return l;
}

void event_loop_stop(struct event_loop *l)
{
	atomic_store(&l->stop, true);
	for (size_t i = 0; i < l->n; i++) {
		struct timespec until;

		/* A thread may have looked at `stop` just before, and go to sleep just after the first wake. */
		do {
			db_wake(l->db);
			clock_gettime(CLOCK_REALTIME, &until);
			until.tv_nsec += 50000000;
			until.tv_sec += until.tv_nsec / 1000000000;
			until.tv_nsec %= 1000000000;
		} while (pthread_timedjoin_np(l->at[i].thread, NULL, &until) != 0);
	}
	free(l);
}

/* Taking jobs, running them, and giving up. SQL is jobs_store.c's. */
#include "jobs/jobs.h"
#include "jobs/jobs_private.h"
#include "util/crypt.h"
#include "util/log.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

int64_t job_backoff_us(int tries, uint32_t seed)
{
	int64_t us = 5 * SECOND_US;

	for (int i = 1; i < tries && us < HOUR_US; i++)
		us *= 2;
	if (us > HOUR_US)
		us = HOUR_US;
	return us + us * (int64_t)(seed % 1000) / 4000; /* up to a quarter more, so that herds part */
}

static const struct job_kind *kind_of(const struct job_kind *kinds, struct str name)
{
	for (const struct job_kind *k = kinds; k->name; k++)
		if (str_is(name, k->name))
			return k;
	return NULL;
}

static int most_tries(const struct job_kind *k)
{
	return k && k->max_tries ? k->max_tries : 10;
}

struct step {
	struct instant now;
	const struct job_kind *kinds;
	struct arena *a;
	struct job job;
	enum rc outcome;
	const struct err *why;
	bool found;
};

static enum rc take(struct db_tx *tx, void *arg, struct err *err)
{
	struct step *s = arg;
	enum rc rc = job_take(tx, s->a, s->now, time_add(s->now, MINUTE_US), &s->job, err);

	if (rc == RC_OK) {
		const struct job_kind *k = kind_of(s->kinds, s->job.kind);

		if (k && k->lease_seconds > 0)
			rc = job_lease(tx, s->job.id, time_add(s->now, k->lease_seconds * SECOND_US), err);
	}
	return rc;
}

static enum rc settle(struct db_tx *tx, void *arg, struct err *err)
{
	struct step *s = arg;
	const struct job_kind *k = kind_of(s->kinds, s->job.kind);
	bool again = s->outcome == RC_RETRY || s->outcome == RC_FAULT || s->outcome == RC_FULL;

	if (k && k->every_seconds) /* periodic: done or not, the next time comes */
		return job_again(tx, &s->job, time_add(s->now, k->every_seconds * SECOND_US),
		                 s->outcome == RC_OK ? STR_NULL : str_of(s->why->text), true, err);
	if (s->outcome == RC_OK)
		return job_finish(tx, &s->job, err);
	if (again && s->job.tries < most_tries(k))
		return job_again(tx, &s->job, time_add(s->now, job_backoff_us(s->job.tries, random_below(1000))),
		                 str_of(s->why->text), false, err);
	return job_die(tx, &s->job, str_of(s->why->text), err);
}

enum rc job_run_one(struct db *db, const struct job_kind *kinds, void *app, struct instant now, struct err *err)
{
	AUTO_ARENA a;
	struct err why = { 0 };
	struct step s = { .now = now, .kinds = kinds, .a = &a, .why = &why };
	enum rc rc;

	arena_init(&a);
	int64_t began = time_monotonic_us();
	rc = db_write(db, take, &s, err);
	if (rc != RC_OK)
		return rc;
	const struct job_kind *k = kind_of(kinds, s.job.kind);
	if (!k) /* another desk may run a newer program: leave it to that one for a while */
		s.outcome = fail(&why, RC_RETRY, "this program knows no job of this kind");
	else if (!k->every_seconds && s.job.tries > most_tries(k))
		s.outcome = fail(&why, RC_INVALID, "begun %d times and never ended: it seems to bring the program down",
		                 s.job.tries - 1);
	else
		s.outcome = k->run(app, &s.job, &a, &why);
	if (s.outcome != RC_OK)
		log_warn("job.failed", { "kind", LOG_STR(s.job.kind) }, { "id", LOG_I64(s.job.id.v) },
		         { "tries", LOG_I64(s.job.tries) }, { "why", LOG_Z(why.text) });
	s.now = time_add(now, time_monotonic_us() - began);
	return db_write(db, settle, &s, err);
}

/* ---- threads ---- */

struct job_runner {
	struct db *db;
	const struct job_kind *kinds;
	void *app;
	atomic_bool stop;
	int n;
	pthread_t thread[16];
};

static enum rc plant(struct db_tx *tx, void *arg, struct err *err)
{
	struct job_runner *r = arg;
	struct instant now = time_now();
	enum rc rc = RC_OK;

	for (const struct job_kind *k = r->kinds; k->name && rc == RC_OK; k++)
		if (k->every_seconds) {
			struct job_new j = { .kind = k->name, .run_at = now, .dedupe = str_of(k->name) };

			rc = job_add(tx, &j, err);
		}
	return rc;
}

struct next_due {
	struct instant now, at;
};

static enum rc next_due(struct db_tx *tx, void *arg, struct err *err)
{
	struct next_due *d = arg;

	return job_next(tx, d->now, &d->at, err);
}

static void *run(void *arg)
{
	struct job_runner *r = arg;

	pthread_setname_np(pthread_self(), "jobs");
	while (!atomic_load(&r->stop)) {
		uint64_t seen = db_commits(r->db);
		struct next_due d = { .now = time_now() };
		struct err err = { 0 };
		enum rc rc = db_read(r->db, next_due, &d, &err);

		/* Idle costs a read a second at most, and no write. */
		if (rc == RC_OK && time_is_set(d.at) && d.at.us <= d.now.us) {
			rc = job_run_one(r->db, r->kinds, r->app, d.now, &err);
			if (rc == RC_OK)
				continue;
		}
		if (rc != RC_OK && rc != RC_NOT_FOUND)
			log_warn("job.runner", { "why", LOG_Z(err.text) });
		int64_t ms = rc == RC_OK && time_is_set(d.at) ? (d.at.us - d.now.us) / 1000 : 5000;
		db_wait_commit(r->db, seen, ms < 0 ? 1000 : ms > 5000 ? 5000 : (int)ms + 1);
	}
	return NULL;
}

struct job_runner *job_runner_start(struct db *db, const struct job_kind *kinds, void *app, int threads)
{
	struct job_runner *r = xcalloc(1, sizeof(*r));
	pthread_attr_t attr;
	struct err err = { 0 };

	r->db = db;
	r->kinds = kinds;
	r->app = app;
	r->n = threads < 1 ? 1 : threads > (int)COUNT(r->thread) ? (int)COUNT(r->thread) : threads;
	if (db_write(db, plant, r, &err) != RC_OK)
		log_warn("job.periodic", { "why", LOG_Z(err.text) });
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 512 * 1024);
	for (int i = 0; i < r->n; i++)
		if (pthread_create(&r->thread[i], &attr, run, r) != 0)
			die("cannot start the job runner");
	pthread_attr_destroy(&attr);
	return r;
}

void job_runner_stop(struct job_runner *r)
{
	atomic_store(&r->stop, true);
	for (int i = 0; i < r->n; i++) {
		struct timespec until;

		/* A thread may have looked at `stop` just before, and go to sleep just after the first wake. */
		do {
			db_wake(r->db);
			clock_gettime(CLOCK_REALTIME, &until);
			until.tv_nsec += 50000000;
			until.tv_sec += until.tv_nsec / 1000000000;
			until.tv_nsec %= 1000000000;
		} while (pthread_timedjoin_np(r->thread[i], NULL, &until) != 0);
	}
	free(r);
}

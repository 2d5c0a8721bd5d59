/* jobs: durable queue and clock. "Run this kind with these arguments at T": at least once, leased, retried with
 * back-off, kept as dead with its error when it gives up. Handlers are listed by name in app/wire.c. */
#pragma once
#include "db/db.h"

struct job {
	struct job_id id;
	struct str kind, args; /* args: JSON object */
	int tries;             /* this one included */
};
struct job_kind {
	const char *name;
	/* Not in a transaction; may block. RC_OK: done. RC_RETRY, RC_FAULT, RC_FULL: again later. Others: dead at once. */
	enum rc (*run)(void *app, const struct job *job, struct arena *scratch, struct err *err);
	int max_tries;         /* 0 = 10 */
	int lease_seconds;     /* 0 = 60 */
	int every_seconds;     /* > 0: a periodic job, always scheduled once (dedupe = its name) */
};
struct job_new {
	const char *kind;
	struct str args;       /* STR_NULL = {} */
	struct instant run_at;
	struct str dedupe;     /* STR_NULL = none; an equal waiting job makes this a no-op */
};
MUST_USE enum rc job_add(struct db_tx *tx, const struct job_new *j, struct err *err);

struct job_runner;
struct job_runner *job_runner_start(struct db *db, const struct job_kind *kinds, void *app, int threads); /* kinds end with NULL name */
void job_runner_stop(struct job_runner *r);
/* One due job on the calling thread, for tests and `carrel jobs run`. RC_NOT_FOUND: nothing due at `now`. */
MUST_USE enum rc job_run_one(struct db *db, const struct job_kind *kinds, void *app, struct instant now, struct err *err);
/* Seconds before try n+1 (n from 1): 5 s doubling to one hour, with jitter from `seed`. */
int64_t job_backoff_us(int tries, uint32_t seed);

struct job_row { struct job_id id; struct str kind, args, error; int tries; int state; struct instant run_at, created_at; };
MUST_USE enum rc job_list_dead(struct db_tx *tx, struct arena *out, size_t max, struct job_row **ret, size_t *ret_n, struct err *err);
MUST_USE enum rc job_retry(struct db_tx *tx, struct job_id id, struct instant now, struct err *err);
MUST_USE enum rc job_drop(struct db_tx *tx, struct job_id id, struct err *err);
struct job_counts { int64_t waiting, running, dead; int64_t oldest_due_us; };
MUST_USE enum rc job_count(struct db_tx *tx, struct instant now, struct job_counts *ret, struct err *err);

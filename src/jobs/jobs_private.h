/* What jobs.c asks of jobs_store.c. */
#pragma once
#include "jobs/jobs.h"

MUST_USE enum rc job_take(struct db_tx *tx, struct arena *out, struct instant now, struct instant lease_to,
                          struct job *ret, struct err *err);
MUST_USE enum rc job_lease(struct db_tx *tx, struct job_id id, struct instant to, struct err *err);
MUST_USE enum rc job_finish(struct db_tx *tx, const struct job *j, struct err *err);
MUST_USE enum rc job_again(struct db_tx *tx, const struct job *j, struct instant at, struct str error, bool fresh,
                           struct err *err);
MUST_USE enum rc job_die(struct db_tx *tx, const struct job *j, struct str error, struct err *err);
/* When the next one is due, expired leases included; not set: never. */
MUST_USE enum rc job_next(struct db_tx *tx, struct instant now, struct instant *ret, struct err *err);

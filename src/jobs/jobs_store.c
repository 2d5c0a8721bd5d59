/* The job table. A row is taken by the statement that moves it to "running": two runners never hold one lease. */
#include "jobs/jobs.h"
#include "jobs/jobs_private.h"

DB_QUERY(q_add, "job.add",
         "INSERT INTO job (kind, args, dedupe, state, run_at, created_at) VALUES (:kind, :args, :dedupe, 1, :run_at, "
         ":run_at)"
         " ON CONFLICT (dedupe) DO NOTHING");
/* A periodic job keeps its key (which is its kind) for ever; any other gives it up when it begins, so that what changes
 * while it runs makes a new one. */
#define TAKE                                                                                                           \
	"state = 2, lease_to = :lease, tries = tries + 1, dedupe = CASE WHEN dedupe = kind THEN dedupe ELSE NULL END"
#define TAKEN " RETURNING id, kind, args, tries"
DB_QUERY2(q_take, "job.take",
          "UPDATE job SET " TAKE " WHERE id = COALESCE("
          " (SELECT id FROM job WHERE state = 1 AND run_at <= :now ORDER BY run_at, id LIMIT 1),"
          " (SELECT id FROM job WHERE state = 2 AND lease_to <= :now ORDER BY lease_to LIMIT 1))" TAKEN,
          "UPDATE job SET " TAKE " WHERE id = COALESCE("
          " (SELECT id FROM job WHERE state = 1 AND run_at <= :now ORDER BY run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED),"
          " (SELECT id FROM job WHERE state = 2 AND lease_to <= :now ORDER BY lease_to LIMIT 1 FOR UPDATE SKIP "
          "LOCKED))" TAKEN);
/* Only who still holds the lease may settle a job: the number of tries tells one holder from the next. */
#define MINE "state = 2 AND tries = :tries"
DB_QUERY(q_lease, "job.lease", "UPDATE job SET lease_to = :to WHERE id = :id AND state = 2");
DB_QUERY(q_finish, "job.finish", "DELETE FROM job WHERE id = :id AND " MINE);
DB_QUERY(q_again, "job.again",
         "UPDATE job SET state = 1, run_at = :at, lease_to = NULL, error = :error,"
         " tries = CASE WHEN CAST(:fresh AS BIGINT) = 1 THEN 0 ELSE tries END WHERE id = :id AND " MINE);
DB_QUERY(q_die, "job.die",
         "UPDATE job SET state = 3, lease_to = NULL, error = :error, dedupe = NULL WHERE id = :id AND " MINE);
DB_QUERY(q_next, "job.next",
         "SELECT MIN(at) FROM (SELECT MIN(run_at) AS at FROM job WHERE state = 1"
         " UNION ALL SELECT MIN(lease_to) AS at FROM job WHERE state = 2) AS due");
DB_QUERY(q_dead, "job.dead",
         "SELECT id, kind, args, error, tries, state, run_at, created_at FROM job WHERE state = 3 ORDER BY id DESC "
         "LIMIT :max");
DB_QUERY(q_retry, "job.retry", "UPDATE job SET state = 1, run_at = :now, tries = 0 WHERE id = :id AND state = 3");
DB_QUERY(q_drop, "job.drop", "DELETE FROM job WHERE id = :id AND state = 3");
DB_QUERY(q_count, "job.count", "SELECT state, COUNT(*) FROM job GROUP BY state");
DB_QUERY(q_oldest, "job.oldest", "SELECT MIN(run_at) FROM job WHERE state = 1 AND run_at <= :now");

enum rc job_add(struct db_tx *tx, const struct job_new *j, struct err *err)
{
	return db_exec(tx, &q_add,
	               DB_ARGS(db_str("kind", str_of(j->kind)), db_str("args", j->args.p ? j->args : STR("{}")),
	                       db_str("dedupe", j->dedupe), db_i64("run_at", j->run_at.us)),
	               NULL, err);
}

enum rc job_take(struct db_tx *tx, struct arena *out, struct instant now, struct instant lease_to, struct job *ret,
                 struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_take, DB_ARGS(db_i64("lease", lease_to.us), db_i64("now", now.us)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK)
		*ret = (struct job){ .id = { db_col_i64(&r, 0) },
			             .kind = db_col_str(&r, 1, out),
			             .args = db_col_str(&r, 2, out),
			             .tries = (int)db_col_i64(&r, 3) };
	return rc == RC_NOT_FOUND ? fail(err, RC_NOT_FOUND, "no job is due") : rc;
}

enum rc job_lease(struct db_tx *tx, struct job_id id, struct instant to, struct err *err)
{
	return db_exec(tx, &q_lease, DB_ARGS(db_i64("id", id.v), db_i64("to", to.us)), NULL, err);
}

enum rc job_finish(struct db_tx *tx, const struct job *j, struct err *err)
{
	return db_exec(tx, &q_finish, DB_ARGS(db_i64("id", j->id.v), db_i64("tries", j->tries)), NULL, err);
}

enum rc job_again(struct db_tx *tx, const struct job *j, struct instant at, struct str error, bool fresh,
                  struct err *err)
{
	return db_exec(tx, &q_again,
	               DB_ARGS(db_i64("id", j->id.v), db_i64("tries", j->tries), db_i64("at", at.us),
	                       db_str("error", error), db_i64("fresh", fresh)),
	               NULL, err);
}

enum rc job_die(struct db_tx *tx, const struct job *j, struct str error, struct err *err)
{
	return db_exec(tx, &q_die, DB_ARGS(db_i64("id", j->id.v), db_i64("tries", j->tries), db_str("error", error)),
	               NULL, err);
}

enum rc job_next(struct db_tx *tx, struct instant now, struct instant *ret, struct err *err)
{
	return db_get_i64(tx, &q_next, DB_NO_ARGS, &ret->us, err);
}

enum rc job_list_dead(struct db_tx *tx, struct arena *out, size_t max, struct job_row **ret, size_t *ret_n,
                      struct err *err)
{
	VEC(struct job_row) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_dead, DB_ARGS(db_i64("max", (int64_t)max)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct job_row){
			.id = { db_col_i64(&r, 0) },
			.kind = db_col_str(&r, 1, out),
			.args = db_col_str(&r, 2, out),
			.error = db_col_str(&r, 3, out),
			.tries = (int)db_col_i64(&r, 4),
			.state = (int)db_col_i64(&r, 5),
			.run_at = db_col_time(&r, 6),
			.created_at = db_col_time(&r, 7),
		};
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

static enum rc on_dead(struct db_tx *tx, const struct db_query *q, struct db_args args, struct err *err)
{
	int64_t n = 0;
	enum rc rc = db_exec(tx, q, args, &n, err);

	return rc == RC_OK && n == 0 ? fail(err, RC_NOT_FOUND, "there is no such dead job any more") : rc;
}

enum rc job_retry(struct db_tx *tx, struct job_id id, struct instant now, struct err *err)
{
	return on_dead(tx, &q_retry, DB_ARGS(db_i64("id", id.v), db_i64("now", now.us)), err);
}

enum rc job_drop(struct db_tx *tx, struct job_id id, struct err *err)
{
	return on_dead(tx, &q_drop, DB_ARGS(db_i64("id", id.v)), err);
}

enum rc job_count(struct db_tx *tx, struct instant now, struct job_counts *ret, struct err *err)
{
	int64_t oldest = 0;
	enum rc rc;

	*ret = (struct job_counts){ 0 };
	{
		AUTO_ROWS r = { 0 };

		rc = db_select(tx, &q_count, DB_NO_ARGS, &r, err);
		while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
			int64_t *at[] = { NULL, &ret->waiting, &ret->running, &ret->dead };

			*at[db_col_i64(&r, 0)] = db_col_i64(&r, 1);
		}
	}
	if (rc != RC_NOT_FOUND)
		return rc;
	rc = db_get_i64(tx, &q_oldest, DB_ARGS(db_i64("now", now.us)), &oldest, err);
	if (rc == RC_OK && oldest)
		ret->oldest_due_us = now.us - oldest;
	return rc;
}

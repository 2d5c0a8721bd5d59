/* Tries in a window. Fixed windows: the first try opens one, and the count is forgotten when it ends. */
#include "auth/auth.h"

DB_QUERY(q_throttle_find, "throttle.find", "SELECT since, tries FROM throttle WHERE key = :key");
DB_QUERY(q_throttle_count, "throttle.count",
         "INSERT INTO throttle (key, since, tries) VALUES (:key, :now, 1) ON CONFLICT (key) DO UPDATE SET "
         "tries = CASE WHEN throttle.since <= :edge THEN 1 ELSE throttle.tries + 1 END, "
         "since = CASE WHEN throttle.since <= :edge THEN excluded.since ELSE throttle.since END RETURNING tries");
DB_QUERY(q_throttle_clear, "throttle.clear", "DELETE FROM throttle WHERE key = :key");
DB_QUERY(q_throttle_expire, "throttle.expire", "DELETE FROM throttle WHERE since < :before");

static enum rc too_many(int64_t left_us, int64_t *ret_wait, struct err *err)
{
	int64_t seconds = (left_us + SECOND_US - 1) / SECOND_US;

	if (seconds < 1)
		seconds = 1;
	if (ret_wait)
		*ret_wait = seconds;
	return fail_code(err, RC_LIMIT, "throttled",
	                 "There were too many tries. Please wait %lld minutes and try again.",
	                 (long long)((seconds + 59) / 60));
}

enum rc throttle_try(struct db_tx *tx, struct str key, int max, int64_t window_us, struct instant now,
                     int64_t *ret_wait, struct err *err)
{
	int64_t since = 0, tries = 0, edge = now.us - window_us;
	enum rc rc;

	{
		AUTO_ROWS rows = { 0 };

		if ((rc = db_select(tx, &q_throttle_find, DB_ARGS(db_str("key", key)), &rows, err)) != RC_OK)
			return rc;
		rc = db_next(&rows, err);
		if (rc == RC_OK) {
			since = db_col_i64(&rows, 0);
			tries = db_col_i64(&rows, 1);
		} else if (rc != RC_NOT_FOUND) {
			return rc;
		}
	}
	/* Refused without a write: a flood costs a read each. */
	if (since > edge && tries >= max)
		return too_many(since + window_us - now.us, ret_wait, err);
	rc = db_get_i64(tx, &q_throttle_count, DB_ARGS(db_str("key", key), db_i64("now", now.us), db_i64("edge", edge)),
	                &tries, err);
	if (rc == RC_OK && tries > max)
		return too_many(window_us, ret_wait, err);
	return rc;
}

enum rc throttle_clear(struct db_tx *tx, struct str key, struct err *err)
{
	return db_exec(tx, &q_throttle_clear, DB_ARGS(db_str("key", key)), NULL, err);
}

enum rc throttle_expire(struct db_tx *tx, struct instant before, struct err *err)
{
	return db_exec(tx, &q_throttle_expire, DB_ARGS(db_i64("before", before.us)), NULL, err);
}

/* ticket: idempotency keys. The key's row is written in the transaction of the change it guards: either both are there
 * or neither. A second request with the same key waits for the first one's end (SQLite: one writer; PostgreSQL: the
 * unique index makes it wait), then gets the stored answer. */
#include "ticket/ticket_private.h"

DB_QUERY(q_claim, "idempotency.claim",
         "INSERT INTO idempotency (owner, key, request, status, response, at) VALUES (:owner, :key, :request, 0, '', "
         ":at)"
         " ON CONFLICT (owner, key) DO NOTHING");
DB_QUERY(q_find, "idempotency.find",
         "SELECT request, status, response FROM idempotency WHERE owner = :owner AND key = :key");
DB_QUERY(q_done, "idempotency.done",
         "UPDATE idempotency SET status = :status, response = :response WHERE owner = :owner AND key = :key");
DB_QUERY(q_expire, "idempotency.expire", "DELETE FROM idempotency WHERE at < :before");

enum rc idempotency_begin(struct db_tx *tx, struct arena *out, struct str owner, struct str key,
                          struct str request_sha256, struct instant now, int *ret_status, struct str *ret_response,
                          struct err *err)
{
	AUTO_ROWS r = { 0 };
	int64_t made = 0;
	enum rc rc;

	if (key.n == 0 || key.n > 255 || !str_utf8_valid(key) || str_has_control(key))
		return fail_field(err, RC_INVALID, "Idempotency-Key",
		                  "The idempotency key has 1 to 255 characters that can be shown.");
	rc = db_exec(tx, &q_claim,
	             DB_ARGS(db_str("owner", owner), db_str("key", key), db_str("request", request_sha256),
	                     db_time("at", now)),
	             &made, err);
	if (rc != RC_OK || made)
		return rc;
	rc = db_select(tx, &q_find, DB_ARGS(db_str("owner", owner), db_str("key", key)), &r, err);
	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_NOT_FOUND) /* it expired between the two statements */
		return fail(err, RC_RETRY, "The same request is being worked on. Try again in a moment.");
	if (rc != RC_OK)
		return rc;
	if (!str_eq(db_col_peek(&r, 0), request_sha256))
		return fail_code(
		        err, RC_INVALID, "key-reused",
		        "This idempotency key was used for another request. Nothing was changed; use a fresh key.");
	*ret_status = (int)db_col_i64(&r, 1);
	*ret_response = db_col_str(&r, 2, out);
	if (*ret_status == 0)
		return fail(err, RC_RETRY, "The same request is being worked on. Try again in a moment.");
	return fail_code(err, RC_CONFLICT, "replay", "This request was done already; this is its answer.");
}

enum rc idempotency_done(struct db_tx *tx, struct str owner, struct str key, int status, struct str response,
                         struct err *err)
{
	return db_exec(tx, &q_done,
	               DB_ARGS(db_str("owner", owner), db_str("key", key), db_i64("status", status),
	                       db_str("response", or_empty(response))),
	               NULL, err);
}

enum rc idempotency_expire(struct db_tx *tx, struct instant before, struct err *err)
{
	return db_exec(tx, &q_expire, DB_ARGS(db_i64("before", before.us)), NULL, err);
}

/* Single-use links of mails: signing in, invitation, new password. A newer one ends older ones of its purpose (S-44).
 */
#include "auth/auth.h"
#include "util/crypt.h"

DB_QUERY(q_once_insert, "once.insert",
         "INSERT INTO once_token (hash, purpose, person_kind, person_id, email, created_at, expires_at) "
         "VALUES (:hash, :purpose, :kind, :id, :email, :now, :expires)");
DB_QUERY(q_once_end, "once.end",
         "DELETE FROM once_token WHERE person_kind = :kind AND person_id = :id AND purpose = :purpose AND used_at IS "
         "NULL");
DB_QUERY(q_once_end_all, "once.end_all",
         "DELETE FROM once_token WHERE person_kind = :kind AND person_id = :id AND used_at IS NULL");
DB_QUERY(q_once_peek, "once.peek",
         "SELECT person_kind, person_id, email FROM once_token "
         "WHERE hash = :hash AND purpose = :purpose AND used_at IS NULL AND expires_at > :now");
DB_QUERY(q_once_use, "once.use",
         "UPDATE once_token SET used_at = :now WHERE hash = :hash AND purpose = :purpose AND used_at IS NULL AND "
         "expires_at > :now");
DB_QUERY(q_once_expire, "once.expire", "DELETE FROM once_token WHERE expires_at <= :then");

static int64_t valid_us(enum once_purpose p)
{
	switch (p) {
	case ONCE_MAGIC:
		return 15 * MINUTE_US;
	case ONCE_INVITE:
		return 7 * DAY_US;
	case ONCE_RESET:
		return HOUR_US;
	}
	return 0;
}

static enum rc spent(struct err *err)
{
	return fail_code(
	        err, RC_DENIED, "expired",
	        "This link was used already, or it is too old. Nothing was changed. Please ask for a new one.");
}

enum rc once_make(struct db_tx *tx, struct arena *out, enum once_purpose purpose, struct person p, struct str email,
                  struct instant now, struct str *ret_token, struct err *err)
{
	struct str token = random_token(out);
	enum rc rc = db_exec(tx, &q_once_end,
	                     DB_ARGS(db_i64("kind", p.kind), db_i64("id", p.id), db_i64("purpose", purpose)), NULL,
	                     err);

	if (rc == RC_OK)
		rc = db_exec(tx, &q_once_insert,
		             DB_ARGS(db_str("hash", sha256_hex(out, token)), db_i64("purpose", purpose),
		                     db_i64("kind", p.kind), db_i64("id", p.id), db_str("email", email),
		                     db_i64("now", now.us), db_i64("expires", time_add(now, valid_us(purpose)).us)),
		             NULL, err);
	if (rc == RC_OK)
		*ret_token = token;
	return rc;
}

enum rc once_peek(struct db_tx *tx, struct arena *out, enum once_purpose purpose, struct str token, struct instant now,
                  struct person *ret, struct str *ret_email, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc;

	if (token.n != 32)
		return spent(err);
	rc = db_select(
	        tx, &q_once_peek,
	        DB_ARGS(db_str("hash", sha256_hex(out, token)), db_i64("purpose", purpose), db_i64("now", now.us)),
	        &rows, err);
	if (rc != RC_OK)
		return rc;
	if ((rc = db_next(&rows, err)) != RC_OK)
		return rc == RC_NOT_FOUND ? spent(err) : rc;
	*ret = (struct person){ (enum actor_kind)db_col_i64(&rows, 0), db_col_i64(&rows, 1) };
	if (ret_email)
		*ret_email = db_col_str(&rows, 2, out);
	return RC_OK;
}

enum rc once_use(struct db_tx *tx, enum once_purpose purpose, struct str token, struct instant now, struct person *ret,
                 struct err *err)
{
	AUTO_ARENA a;
	int64_t changed = 0;
	enum rc rc;

	arena_init(&a);
	if ((rc = once_peek(tx, &a, purpose, token, now, ret, NULL, err)) != RC_OK)
		return rc;
	/* Of two who use it at once one changes the row (PostgreSQL; on SQLite there is one writer). */
	rc = db_exec(tx, &q_once_use,
	             DB_ARGS(db_i64("now", now.us), db_str("hash", sha256_hex(&a, token)), db_i64("purpose", purpose)),
	             &changed, err);
	if (rc == RC_OK && changed != 1)
		return spent(err);
	return rc;
}

enum rc once_end_all(struct db_tx *tx, struct person p, struct err *err)
{
	return db_exec(tx, &q_once_end_all, DB_ARGS(db_i64("kind", p.kind), db_i64("id", p.id)), NULL, err);
}

enum rc once_expire(struct db_tx *tx, struct instant now, struct err *err)
{
	return db_exec(tx, &q_once_expire, DB_ARGS(db_i64("then", time_add(now, -DAY_US).us)), NULL, err);
}

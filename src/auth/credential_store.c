/* Rows of credential: at most one a person. Hashing is password.c's, second factors are used up in totp_store.c. */
#include "auth/auth.h"
#include "auth/private.h"

DB_QUERY(q_credential_find, "credential.find",
         "SELECT password, totp, totp_step, recovery, changed_at FROM credential WHERE person_kind = :kind AND "
         "person_id = :id");
DB_QUERY(q_credential_password, "credential.password",
         "INSERT INTO credential (person_kind, person_id, password, changed_at) VALUES (:kind, :id, :password, :now) "
         "ON CONFLICT (person_kind, person_id) DO UPDATE SET password = excluded.password, changed_at = "
         "excluded.changed_at");
DB_QUERY(q_credential_totp, "credential.totp",
         "INSERT INTO credential (person_kind, person_id, totp, totp_step, recovery, changed_at) "
         "VALUES (:kind, :id, :totp, 0, :recovery, :now) "
         "ON CONFLICT (person_kind, person_id) DO UPDATE SET totp = excluded.totp, totp_step = 0, "
         "recovery = excluded.recovery, changed_at = excluded.changed_at");

enum rc credential_find(struct db_tx *tx, struct arena *out, struct person p, struct credential *ret, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc;

	*ret = (struct credential){ .password = STR_INIT(""), .totp = STR_INIT("") };
	if ((rc = db_select(tx, &q_credential_find, DB_ARGS(db_i64("kind", p.kind), db_i64("id", p.id)), &rows, err)) !=
	    RC_OK)
		return rc;
	rc = db_next(&rows, err);
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	if (!db_col_null(&rows, 0))
		ret->password = db_col_str(&rows, 0, out);
	if (!db_col_null(&rows, 1))
		ret->totp = db_col_str(&rows, 1, out);
	ret->totp_step = db_col_i64(&rows, 2);
	ret->has_recovery = db_col_peek(&rows, 3).n > 2; /* longer than "[]" */
	ret->changed_at = db_col_time(&rows, 4);
	return RC_OK;
}

static enum rc end_everything(struct db_tx *tx, struct person p, struct err *err)
{
	enum rc rc = session_end_all(tx, p, STR(""), err);

	return rc == RC_OK ? once_end_all(tx, p, err) : rc;
}

enum rc credential_set_password(struct db_tx *tx, struct person p, struct str hash, struct instant now, struct err *err)
{
	enum rc rc = db_exec(
	        tx, &q_credential_password,
	        DB_ARGS(db_i64("kind", p.kind), db_i64("id", p.id), db_str("password", hash), db_i64("now", now.us)),
	        NULL, err);

	return rc == RC_OK ? end_everything(tx, p, err) : rc;
}

enum rc credential_set_totp(struct db_tx *tx, struct person p, struct str secret_base32,
                            const struct str *recovery_hashes, size_t n, struct instant now, struct err *err)
{
	AUTO_ARENA a;
	enum rc rc;

	arena_init(&a);
	rc = db_exec(
	        tx, &q_credential_totp,
	        DB_ARGS(db_i64("kind", p.kind), db_i64("id", p.id), db_str("totp", secret_base32),
	                db_str("recovery", str_null(secret_base32) ? STR_NULL : recovery_list(&a, recovery_hashes, n)),
	                db_i64("now", now.us)),
	        NULL, err);
	return rc == RC_OK ? end_everything(tx, p, err) : rc;
}

/* API tokens: kept as SHA-256 (160 random bits need no slow hash), shown once when made, revoked but never deleted, so
 * that the list tells who had access. */
#include "auth/auth.h"
#include "util/crypt.h"

#define PREFIX    "carrel_"
#define TOUCH_US  (5 * MINUTE_US)
#define MAX_SHOWN 500

DB_QUERY(q_token_insert, "api_token.insert",
         "INSERT INTO api_token (hash, name, scope, agent_id, account_id, contact_id, created_at, expires_at) "
         "VALUES (:hash, :name, :scope, :agent, :account, :contact, :now, :expires) RETURNING id");
DB_QUERY(q_token_find, "api_token.find",
         "SELECT id, name, scope, agent_id, account_id, contact_id, created_at, used_at, expires_at, revoked_at FROM "
         "api_token "
         "WHERE hash = :hash AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)");
DB_QUERY(q_token_touch, "api_token.touch", "UPDATE api_token SET used_at = :now WHERE id = :id");
DB_QUERY(q_token_revoke, "api_token.revoke",
         "UPDATE api_token SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL");
DB_QUERY(q_token_list, "api_token.list",
         "SELECT id, name, scope, agent_id, account_id, contact_id, created_at, used_at, expires_at, revoked_at FROM "
         "api_token "
         "ORDER BY CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END, id DESC LIMIT :max");

enum rc api_token_make(struct db_tx *tx, struct arena *out, const struct api_token *t, struct instant now,
                       struct token_id *ret, struct str *ret_token, struct err *err)
{
	struct str token = str_concat(out, STR(PREFIX), random_token(out));
	enum rc rc;

	if (t->scope < SCOPE_READ || t->scope > SCOPE_ADMIN)
		return fail_field(err, RC_INVALID, "scope", "Please choose what the token may do.");
	if (str_empty(t->name) || t->name.n > 200)
		return fail_field(err, RC_INVALID, "name",
		                  "Please name what will use the token, in at most 200 characters.");
	if (!t->agent.v && !t->account.v)
		return fail_field(err, RC_INVALID, "agent",
		                  "A token acts as somebody: please choose an agent or an account.");
	if (t->scope == SCOPE_ADMIN && !t->agent.v)
		return fail_field(err, RC_INVALID, "scope",
		                  "A token of a customer's account cannot administer the desk.");
	rc = db_get_i64(tx, &q_token_insert,
	                DB_ARGS(db_str("hash", sha256_hex(out, token)), db_str("name", t->name),
	                        db_i64("scope", t->scope), db_id("agent", t->agent.v), db_id("account", t->account.v),
	                        db_id("contact", t->contact.v), db_i64("now", now.us),
	                        db_time("expires", t->expires_at)),
	                &ret->v, err);
	if (rc == RC_OK)
		*ret_token = token;
	return rc;
}

static void read_row(struct db_rows *rows, struct arena *out, struct api_token *t)
{
	*t = (struct api_token){ .id = { db_col_i64(rows, 0) },
		                 .name = db_col_str(rows, 1, out),
		                 .scope = (enum token_scope)db_col_i64(rows, 2),
		                 .agent = { db_col_i64(rows, 3) },
		                 .account = { db_col_i64(rows, 4) },
		                 .contact = { db_col_i64(rows, 5) },
		                 .created_at = db_col_time(rows, 6),
		                 .used_at = db_col_time(rows, 7),
		                 .expires_at = db_col_time(rows, 8),
		                 .revoked_at = db_col_time(rows, 9) };
}

enum rc api_token_find(struct db_tx *tx, struct arena *out, struct str token, struct instant now, struct api_token *ret,
                       bool *ret_touch, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc;

	*ret_touch = false;
	if (token.n != sizeof(PREFIX) - 1 + 32 || !str_starts(token, STR(PREFIX)))
		return fail(err, RC_NOT_FOUND, "This token is not known, or it was revoked, or it is too old.");
	rc = db_select(tx, &q_token_find, DB_ARGS(db_str("hash", sha256_hex(out, token)), db_i64("now", now.us)), &rows,
	               err);
	if (rc != RC_OK)
		return rc;
	if ((rc = db_next(&rows, err)) != RC_OK)
		return rc == RC_NOT_FOUND
		               ? fail(err, rc, "This token is not known, or it was revoked, or it is too old.")
		               : rc;
	read_row(&rows, out, ret);
	*ret_touch = time_before(time_add(ret->used_at, TOUCH_US), now);
	return RC_OK;
}

enum rc api_token_touch(struct db_tx *tx, struct token_id id, struct instant now, struct err *err)
{
	return db_exec(tx, &q_token_touch, DB_ARGS(db_i64("now", now.us), db_i64("id", id.v)), NULL, err);
}

enum rc api_token_revoke(struct db_tx *tx, struct token_id id, struct instant now, struct err *err)
{
	int64_t changed = 0;
	enum rc rc = db_exec(tx, &q_token_revoke, DB_ARGS(db_i64("now", now.us), db_i64("id", id.v)), &changed, err);

	if (rc == RC_OK && changed != 1)
		return fail(err, RC_NOT_FOUND, "There is no such token, or it was revoked before.");
	return rc;
}

enum rc api_token_list(struct db_tx *tx, struct arena *out, struct api_token **ret, size_t *ret_n, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	VEC(struct api_token) v = { 0 };
	enum rc rc = db_select(tx, &q_token_list, DB_ARGS(db_i64("max", MAX_SHOWN)), &rows, err);

	if (rc != RC_OK)
		return rc;
	while ((rc = db_next(&rows, err)) == RC_OK)
		read_row(&rows, out, VEC_ADD(out, &v));
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

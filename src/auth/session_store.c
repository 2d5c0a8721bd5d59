/* Sessions: a random token in the cookie, its SHA-256 here. Rotated whenever somebody proves more about himself, so a
 * token planted before sign-in is worth nothing after it (S-42). */
#include "auth/auth.h"
#include "util/crypt.h"

#define HALF_US   (10 * MINUTE_US) /* between password and second factor */
#define TOUCH_US  (5 * MINUTE_US)
#define MAX_SHOWN 100

DB_QUERY(q_session_insert, "session.insert",
         "INSERT INTO session (hash, person_kind, person_id, created_at, seen_at, expires_at, proved_at, half, "
         "agent_of) "
         "VALUES (:hash, :kind, :id, :now, :now, :expires, :now, :half, :agent_of)");
DB_QUERY(q_session_find, "session.find",
         "SELECT hash, person_kind, person_id, created_at, seen_at, expires_at, proved_at, half, agent_of FROM session "
         "WHERE hash = :hash AND expires_at > :now AND seen_at > :idle");
DB_QUERY(q_session_touch, "session.touch", "UPDATE session SET seen_at = :now WHERE hash = :hash AND seen_at < :now");
DB_QUERY(q_session_rotate, "session.rotate",
         "UPDATE session SET hash = :new, seen_at = :now, proved_at = :now, half = :half, expires_at = :expires "
         "WHERE hash = :hash AND expires_at > :now");
DB_QUERY(q_session_end, "session.end", "DELETE FROM session WHERE hash = :hash");
DB_QUERY(q_session_end_all, "session.end_all",
         "DELETE FROM session WHERE person_kind = :kind AND person_id = :id AND hash <> :except");
DB_QUERY(q_session_list, "session.list",
         "SELECT hash, person_kind, person_id, created_at, seen_at, expires_at, proved_at, half, agent_of FROM session "
         "WHERE person_kind = :kind AND person_id = :id ORDER BY seen_at DESC, hash LIMIT :max");
DB_QUERY(q_session_second, "session.want_second",
         "UPDATE session SET half = 1, expires_at = :expires WHERE person_kind = :agent AND half = 0 AND NOT EXISTS"
         " (SELECT 1 FROM credential c WHERE c.person_kind = session.person_kind AND c.person_id = session.person_id"
         " AND c.totp IS NOT NULL AND c.totp <> '')");
DB_QUERY(q_session_expire, "session.expire", "DELETE FROM session WHERE expires_at <= :now OR seen_at <= :idle");

static struct instant ends(bool half, struct instant now)
{
	return time_add(now, half ? HALF_US : SESSION_DAYS * DAY_US);
}

enum rc session_start(struct db_tx *tx, struct arena *out, struct person p, bool half, struct str user_agent,
                      struct instant now, struct str *ret_token, struct err *err)
{
	struct str token = random_token(out);
	enum rc rc = db_exec(tx, &q_session_insert,
	                     DB_ARGS(db_str("hash", sha256_hex(out, token)), db_i64("kind", p.kind), db_i64("id", p.id),
	                             db_i64("now", now.us), db_i64("expires", ends(half, now).us), db_i64("half", half),
	                             db_str("agent_of", str_utf8_clip(user_agent, 200))),
	                     NULL, err);

	if (rc == RC_OK)
		*ret_token = token;
	return rc;
}

static void read_row(struct db_rows *rows, struct arena *out, struct session *s)
{
	*s = (struct session){
		.hash = db_col_str(rows, 0, out),
		.person = {(enum actor_kind)db_col_i64(rows, 1), db_col_i64(rows, 2)},
		.created_at = db_col_time(rows, 3),
		.seen_at = db_col_time(rows, 4),
		.expires_at = db_col_time(rows, 5),
		.proved_at = db_col_time(rows, 6),
		.half = db_col_i64(rows, 7) != 0,
		.agent_of = db_col_str(rows, 8, out)
	};
}

enum rc session_find(struct db_tx *tx, struct arena *out, struct str token, struct instant now, struct session *ret,
                     bool *ret_touch, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc;

	*ret_touch = false;
	if (token.n == 0 || token.n > 100)
		return fail(err, RC_NOT_FOUND, "You are not signed in any more. Please sign in again.");
	rc = db_select(tx, &q_session_find,
	               DB_ARGS(db_str("hash", sha256_hex(out, token)), db_i64("now", now.us),
	                       db_i64("idle", time_add(now, -SESSION_IDLE_DAYS * DAY_US).us)),
	               &rows, err);
	if (rc != RC_OK)
		return rc;
	if ((rc = db_next(&rows, err)) != RC_OK)
		return rc == RC_NOT_FOUND ? fail(err, rc, "You are not signed in any more. Please sign in again.") : rc;
	read_row(&rows, out, ret);
	*ret_touch = time_before(time_add(ret->seen_at, TOUCH_US), now);
	return RC_OK;
}

enum rc session_touch(struct db_tx *tx, struct str hash, struct instant now, struct err *err)
{
	return db_exec(tx, &q_session_touch, DB_ARGS(db_i64("now", now.us), db_str("hash", hash)), NULL, err);
}

enum rc session_rotate(struct db_tx *tx, struct arena *out, struct str hash, bool half, struct instant now,
                       struct str *ret_token, struct err *err)
{
	struct str token = random_token(out);
	int64_t changed = 0;
	enum rc rc = db_exec(tx, &q_session_rotate,
	                     DB_ARGS(db_str("new", sha256_hex(out, token)), db_i64("now", now.us), db_i64("half", half),
	                             db_i64("expires", ends(half, now).us), db_str("hash", hash)),
	                     &changed, err);

	if (rc != RC_OK)
		return rc;
	if (changed != 1)
		return fail(err, RC_NOT_FOUND, "You are not signed in any more. Please sign in again.");
	*ret_token = token;
	return RC_OK;
}

enum rc session_end(struct db_tx *tx, struct str hash, struct err *err)
{
	return db_exec(tx, &q_session_end, DB_ARGS(db_str("hash", hash)), NULL, err);
}

enum rc session_end_all(struct db_tx *tx, struct person p, struct str except_hash, struct err *err)
{
	return db_exec(tx, &q_session_end_all,
	               DB_ARGS(db_i64("kind", p.kind), db_i64("id", p.id),
	                       db_str("except", str_null(except_hash) ? STR("") : except_hash)),
	               NULL, err);
}

enum rc session_want_second(struct db_tx *tx, struct instant now, struct err *err)
{
	return db_exec(tx, &q_session_second,
	               DB_ARGS(db_i64("expires", ends(true, now).us), db_i64("agent", ACTOR_AGENT)), NULL, err);
}

enum rc session_list(struct db_tx *tx, struct arena *out, struct person p, struct session **ret, size_t *ret_n,
                     struct err *err)
{
	AUTO_ROWS rows = { 0 };
	VEC(struct session) v = { 0 };
	enum rc rc = db_select(tx, &q_session_list,
	                       DB_ARGS(db_i64("kind", p.kind), db_i64("id", p.id), db_i64("max", MAX_SHOWN)), &rows,
	                       err);

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

enum rc session_expire(struct db_tx *tx, struct instant now, struct err *err)
{
	enum rc rc = db_exec(
	        tx, &q_session_expire,
	        DB_ARGS(db_i64("now", now.us), db_i64("idle", time_add(now, -SESSION_IDLE_DAYS * DAY_US).us)), NULL,
	        err);

	/* The hourly round for everything that ends by time. */
	return rc == RC_OK ? once_expire(tx, now, err) : rc;
}

/* clock: links that show an account's month of promises to whoever has them: made by an agent, for a time, and ended by
 * any agent. The address is a sum under the desk's key, so the database alone opens nothing. */
#include "clock/clock_private.h"
#include "util/crypt.h"
#include "util/json.h"

#define LINKS_MAX 50
#define COLS      "l.id, l.account_id, l.month, l.from_at, l.to_at, l.salt, g.name, l.made_at, l.expires_at, l.revoked_at"
#define FROM      " FROM proof_link l JOIN agent g ON g.id = l.made_by"

DB_QUERY(q_links, "proof.links",
         "SELECT " COLS FROM " WHERE l.account_id = :account AND l.month = :month AND l.revoked_at IS NULL AND "
                             "l.expires_at > :now ORDER BY l.id DESC LIMIT :max");
DB_QUERY(q_link, "proof.link", "SELECT " COLS FROM " WHERE l.id = :id");
DB_QUERY(q_link_add, "proof.link_add",
         "INSERT INTO proof_link (account_id, month, from_at, to_at, salt, made_by, made_at, expires_at)"
         " VALUES (:account, :month, :from, :to, :salt, :by, :at, :expires) RETURNING id");
DB_QUERY(q_link_revoke, "proof.link_revoke",
         "UPDATE proof_link SET revoked_at = :at WHERE id = :id AND account_id = :account AND revoked_at IS NULL");

static struct proof_link row(struct db_rows *r, struct arena *out)
{
	return (struct proof_link){ .id = db_col_i64(r, 0),
		                    .account = { db_col_i64(r, 1) },
		                    .month = db_col_str(r, 2, out),
		                    .from = db_col_time(r, 3),
		                    .to = db_col_time(r, 4),
		                    .salt = db_col_str(r, 5, out),
		                    .made_by = db_col_str(r, 6, out),
		                    .made_at = db_col_time(r, 7),
		                    .expires_at = db_col_time(r, 8),
		                    .revoked_at = db_col_time(r, 9) };
}

static struct str proof(struct arena *a, struct str key, const struct proof_link *l)
{
	return mac_token(a, key, arena_strf(a, "proof:%lld:" STR_F, (long long)l->id, STR_A(l->salt)));
}

struct str proof_link_token(struct arena *a, struct str key, const struct proof_link *l)
{
	return arena_strf(a, "%lld-" STR_F, (long long)l->id, STR_A(proof(a, key, l)));
}

enum rc proof_links(struct db_tx *tx, struct arena *out, struct account_id account, struct str month,
                    struct instant now, struct proof_link **ret, size_t *ret_n, struct err *err)
{
	VEC(struct proof_link) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_links,
	                       DB_ARGS(db_i64("account", account.v), db_str("month", month), db_i64("now", now.us),
	                               db_i64("max", LINKS_MAX)),
	                       &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = row(&r, out);
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc proof_link_open(struct db_tx *tx, struct arena *out, struct str key, struct str token, struct instant now,
                        struct proof_link *ret, struct err *err)
{
	struct str id;
	int64_t n = 0;
	AUTO_ROWS r = { 0 };
	enum rc rc = str_cut(&token, '-', &id) && str_to_i64(id, &n) == RC_OK
	                     ? db_select(tx, &q_link, DB_ARGS(db_i64("id", n)), &r, err)
	                     : RC_NOT_FOUND;

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK) {
		*ret = row(&r, out);
		rc = crypt_equal(token, proof(out, key, ret)) ? RC_OK : RC_NOT_FOUND;
	}
	if (rc == RC_NOT_FOUND)
		return fail(err, rc, "There is no such page. Copy the whole address from the message you got it by.");
	if (rc == RC_OK && (time_is_set(ret->revoked_at) || !time_before(now, ret->expires_at)))
		return fail_code(err, RC_DENIED, "over", "This link is over.");
	return rc;
}

static enum rc tell(struct db_tx *tx, const struct actor *who, struct instant now, const char *what, int64_t id,
                    struct account_id account, struct str month, struct err *err)
{
	struct event e = { .at = now, .kind = STR(EV_ACCOUNT), .account = account };
	struct json j;
	AUTO_BUF b;

	buf_init(&b, 1024);
	json_init(&j, &b);
	json_obj(&j);
	json_kstr(&j, "what", str_of(what));
	json_ki64(&j, "link", id);
	json_kstr(&j, "month", month);
	json_end_obj(&j);
	e.data = buf_str(&b);
	event_by(&e, who);
	return event_append(tx, &e, NULL, err);
}

static enum rc may(const struct actor *who, struct err *err)
{
	return who->kind == ACTOR_AGENT && who->token_scope != SCOPE_READ
	               ? RC_OK
	               : fail(err, RC_DENIED, "Only agents send links to a customer's month. Nothing was changed.");
}

enum rc proof_link_make(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now,
                        const struct proof_link *l, int64_t *ret, struct err *err)
{
	enum rc rc = may(who, err);

	if (rc == RC_OK && (!time_before(now, l->expires_at) || l->expires_at.us - now.us > PROOF_LINK_DAYS * DAY_US))
		rc = fail_field(err, RC_INVALID, "days", "Such a link lasts 1 to 90 days. Nothing was made.");
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_link_add,
		                DB_ARGS(db_i64("account", l->account.v), db_str("month", l->month),
		                        db_i64("from", l->from.us), db_i64("to", l->to.us),
		                        db_str("salt", random_token(a)), db_i64("by", who->agent.v),
		                        db_i64("at", now.us), db_i64("expires", l->expires_at.us)),
		                ret, err);
	if (rc == RC_CONFLICT)
		return fail(err, RC_NOT_FOUND, "There is no such account.");
	return rc == RC_OK ? tell(tx, who, now, "proof shared", *ret, l->account, l->month, err) : rc;
}

enum rc proof_link_revoke(struct db_tx *tx, const struct actor *who, struct instant now, struct account_id account,
                          int64_t id, struct err *err)
{
	int64_t n = 0;
	enum rc rc = may(who, err);

	if (rc == RC_OK)
		rc = db_exec(tx, &q_link_revoke,
		             DB_ARGS(db_i64("at", now.us), db_i64("id", id), db_i64("account", account.v)), &n, err);
	return rc == RC_OK && n ? tell(tx, who, now, "proof link ended", id, account, STR(""), err) : rc;
}

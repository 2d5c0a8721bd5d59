/* oncall: secret addresses of iCalendar feeds, one a person and schedule. The row has a salt, the address a sum of it
 * under the desk's key: who reads the database alone has no address, and another salt ends the old one at once. */
#include "oncall/oncall.h"
#include "util/crypt.h"
#include "util/json.h"

#define FEEDS_MAX 200

DB_QUERY(q_feeds, "oncall.feeds",
         "SELECT id, schedule_id, agent_id, salt, made_at FROM oncall_feed WHERE agent_id = :agent ORDER BY "
         "schedule_id LIMIT :max");
DB_QUERY(
        q_feed, "oncall.feed",
        "SELECT f.id, f.schedule_id, f.agent_id, f.salt, f.made_at FROM oncall_feed f JOIN agent a ON a.id = f.agent_id"
        " WHERE f.id = :id AND a.disabled_at IS NULL");
DB_QUERY(q_feed_put, "oncall.feed_put",
         "INSERT INTO oncall_feed (schedule_id, agent_id, salt, made_at) VALUES (:schedule, :agent, :salt, :at)"
         " ON CONFLICT (schedule_id, agent_id) DO UPDATE SET salt = :salt, made_at = :at");
DB_QUERY(q_feed_drop, "oncall.feed_drop",
         "DELETE FROM oncall_feed WHERE schedule_id = :schedule AND agent_id = :agent");

static struct oncall_feed row(struct db_rows *r, struct arena *out)
{
	return (struct oncall_feed){ .id = db_col_i64(r, 0),
		                     .schedule = db_col_i64(r, 1),
		                     .agent = { db_col_i64(r, 2) },
		                     .salt = db_col_str(r, 3, out),
		                     .made_at = db_col_time(r, 4) };
}

static struct str proof(struct arena *a, const struct desk *d, const struct oncall_feed *f)
{
	return mac_token(a, d->pin_key, arena_strf(a, "oncall-feed:%lld:" STR_F, (long long)f->id, STR_A(f->salt)));
}

struct str oncall_feed_token(struct arena *a, const struct desk *d, const struct oncall_feed *f)
{
	return arena_strf(a, "%lld-" STR_F, (long long)f->id, STR_A(proof(a, d, f)));
}

enum rc oncall_feeds(struct db_tx *tx, struct arena *out, struct agent_id agent, struct oncall_feed **ret,
                     size_t *ret_n, struct err *err)
{
	VEC(struct oncall_feed) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_feeds, DB_ARGS(db_i64("agent", agent.v), db_i64("max", FEEDS_MAX)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = row(&r, out);
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc oncall_feed_open(struct db_tx *tx, struct arena *out, const struct desk *d, struct str token,
                         struct oncall_feed *ret, struct err *err)
{
	struct str id;
	int64_t n = 0;
	AUTO_ROWS r = { 0 };
	enum rc rc = str_cut(&token, '-', &id) && str_to_i64(id, &n) == RC_OK
	                     ? db_select(tx, &q_feed, DB_ARGS(db_i64("id", n)), &r, err)
	                     : RC_NOT_FOUND;

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK) {
		*ret = row(&r, out);
		rc = crypt_equal(token, proof(out, d, ret)) ? RC_OK : RC_NOT_FOUND;
	}
	return rc == RC_NOT_FOUND ? fail(err, rc, "There is no such calendar feed. Its address may have been renewed.")
	                          : rc;
}

static enum rc tell(struct db_tx *tx, const struct actor *who, struct instant now, const char *what, int64_t schedule,
                    struct err *err)
{
	struct event e = { .at = now, .kind = STR(EV_ONCALL) };
	struct json j;
	AUTO_BUF b;

	buf_init(&b, 1024);
	json_init(&j, &b);
	json_obj(&j);
	json_kstr(&j, "what", str_of(what));
	json_ki64(&j, "id", schedule);
	json_end_obj(&j);
	e.data = buf_str(&b);
	event_by(&e, who);
	return event_append(tx, &e, NULL, err);
}

static enum rc may(const struct actor *who, struct err *err)
{
	return who->kind == ACTOR_AGENT && who->token_scope != SCOPE_READ
	               ? RC_OK
	               : fail(err, RC_DENIED, "Only agents have addresses of calendar feeds. Nothing was changed.");
}

enum rc oncall_feed_renew(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now,
                          int64_t schedule, struct err *err)
{
	enum rc rc = may(who, err);

	if (rc == RC_OK)
		rc = db_exec(tx, &q_feed_put,
		             DB_ARGS(db_i64("schedule", schedule), db_i64("agent", who->agent.v),
		                     db_str("salt", random_token(a)), db_i64("at", now.us)),
		             NULL, err);
	if (rc == RC_CONFLICT)
		return fail(err, RC_NOT_FOUND, "There is no such schedule.");
	return rc == RC_OK ? tell(tx, who, now, "feed.renewed", schedule, err) : rc;
}

enum rc oncall_feed_end(struct db_tx *tx, const struct actor *who, struct instant now, int64_t schedule,
                        struct err *err)
{
	int64_t n = 0;
	enum rc rc = may(who, err);

	if (rc == RC_OK)
		rc = db_exec(tx, &q_feed_drop, DB_ARGS(db_i64("schedule", schedule), db_i64("agent", who->agent.v)), &n,
		             err);
	return rc == RC_OK && n ? tell(tx, who, now, "feed.ended", schedule, err) : rc;
}

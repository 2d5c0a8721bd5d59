/* See push.h: the browsers of agents, and the jobs that page them (app/push.c sends). */
#include "jobs/jobs.h"
#include "oncall/push.h"
#include "util/json.h"

DB_QUERY(q_add, "push.add",
         "INSERT INTO push_browser (agent_id, endpoint, p256dh, auth, name, made_at, used_at)"
         " VALUES (:agent, :endpoint, :p256dh, :auth, :name, :now, :now) ON CONFLICT (endpoint) DO UPDATE SET"
         " agent_id = excluded.agent_id, p256dh = excluded.p256dh, auth = excluded.auth, name = excluded.name,"
         " used_at = excluded.used_at");
DB_QUERY(q_trim, "push.trim",
         "DELETE FROM push_browser WHERE agent_id = :agent AND id NOT IN (SELECT id FROM push_browser WHERE agent_id = :agent"
         " ORDER BY used_at DESC, id DESC LIMIT :max)");
DB_QUERY(q_list, "push.list",
         "SELECT id, endpoint, p256dh, auth, name, made_at, used_at FROM push_browser WHERE agent_id = :agent ORDER BY id");
DB_QUERY(q_drop, "push.drop", "DELETE FROM push_browser WHERE id = :id AND agent_id = :agent");
DB_QUERY(q_used, "push.used", "UPDATE push_browser SET used_at = :now WHERE id = :id");

enum rc push_add(struct db_tx *tx, const struct actor *who, struct instant now, const struct push_browser *b, bool inside,
                 struct err *err)
{
	struct push_to to;

	if (!actor_is_agent(who) || !who->agent.v)
		return fail(err, RC_DENIED, "Pages go to agents.");
	if (b->endpoint.n > 1000 || str_has_control(b->endpoint) || str_find_byte(b->endpoint, '"') != STR_NONE ||
	    !(str_starts(b->endpoint, STR("https://")) || (inside && str_starts(b->endpoint, STR("http://")))))
		return fail_field(err, RC_INVALID, "endpoint", "The push service of this browser has no address we can use.");
	enum rc rc = push_keys(b->p256dh, b->auth, &to, err);

	if (rc == RC_OK)
		rc = db_exec(tx, &q_add,
		             DB_ARGS(db_i64("agent", who->agent.v), db_str("endpoint", b->endpoint), db_str("p256dh", b->p256dh),
		                     db_str("auth", b->auth), db_str("name", str_sub(b->name, 0, b->name.n < 200 ? b->name.n : 200)),
		                     db_i64("now", now.us)),
		             NULL, err);
	return rc == RC_OK ? db_exec(tx, &q_trim, DB_ARGS(db_i64("agent", who->agent.v), db_i64("max", PUSH_BROWSERS)), NULL, err)
	                   : rc;
}

enum rc push_list(struct db_tx *tx, struct arena *out, struct agent_id agent, struct push_browser **ret, size_t *ret_n,
                  struct err *err)
{
	VEC(struct push_browser) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_list, DB_ARGS(db_i64("agent", agent.v)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct push_browser){ .id = db_col_i64(&r, 0),
			                                   .endpoint = db_col_str(&r, 1, out),
			                                   .p256dh = db_col_str(&r, 2, out),
			                                   .auth = db_col_str(&r, 3, out),
			                                   .name = db_col_str(&r, 4, out),
			                                   .made_at = db_col_time(&r, 5),
			                                   .used_at = db_col_time(&r, 6) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc push_drop(struct db_tx *tx, struct agent_id agent, int64_t id, struct err *err)
{
	return db_exec(tx, &q_drop, DB_ARGS(db_i64("id", id), db_i64("agent", agent.v)), NULL, err);
}

enum rc push_used(struct db_tx *tx, int64_t id, struct instant now, struct err *err)
{
	return db_exec(tx, &q_used, DB_ARGS(db_i64("id", id), db_i64("now", now.us)), NULL, err);
}

enum rc push_queue(struct db_tx *tx, struct arena *a, struct agent_id agent, struct str title, struct str body,
                   struct str url, struct str tag, struct str dedupe, struct instant now, struct err *err)
{
	struct json j;
	AUTO_BUF text;
	AUTO_BUF args;

	buf_init(&text, 8192);
	buf_init(&args, 20000);
	json_init(&j, &text);
	json_obj(&j);
	json_kstr(&j, "title", str_sub(title, 0, title.n < 300 ? title.n : 300));
	json_kstr(&j, "body", str_sub(body, 0, body.n < 500 ? body.n : 500));
	json_kstr(&j, "url", url);
	json_kstr(&j, "tag", tag);
	json_end_obj(&j);
	json_init(&j, &args);
	json_obj(&j);
	json_ki64(&j, "agent", agent.v);
	json_kstr(&j, "tag", tag);
	json_kstr(&j, "text", buf_str(&text));
	json_end_obj(&j);
	struct job_new n = { .kind = "oncall.push", .args = arena_str(a, buf_str(&args)), .run_at = now, .dedupe = dedupe };

	return job_add(tx, &n, err);
}

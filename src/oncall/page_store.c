/* oncall: rows of pages, and who belongs to a team or supervises. */
#include "oncall/oncall_private.h"

#define COLS "SELECT p.id, p.ticket_id, p.policy_id, p.trigger, p.state, p.step, p.round, p.steps, p.started_at, p.ack_at, p.ack_by, a.name FROM oncall_page p" \
	" LEFT JOIN agent a ON a.id = p.ack_by "
DB_QUERY(q_insert, "page.insert",
	 "INSERT INTO oncall_page (dedupe, ticket_id, policy_id, trigger, steps, state, step, round, started_at)"
	 " VALUES (:dedupe, :ticket, :policy, :trigger, :steps, 1, 0, 0, :at) ON CONFLICT (dedupe) DO NOTHING RETURNING id");
DB_QUERY(q_active, "page.active", "SELECT id FROM oncall_page WHERE ticket_id = :ticket AND policy_id = :policy AND state = 1 LIMIT 1");
DB_QUERY(q_active_of, "page.active_of", "SELECT id FROM oncall_page WHERE ticket_id = :ticket AND state IN (1, 4) ORDER BY id");
DB_QUERY2(q_lock, "page.lock", COLS "WHERE p.id = :id", COLS "WHERE p.id = :id FOR UPDATE OF p");
DB_QUERY(q_find, "page.find", COLS "WHERE p.id = :id");
DB_QUERY(q_of, "page.of", COLS "WHERE p.ticket_id = :ticket ORDER BY p.id DESC LIMIT 20");
DB_QUERY(q_save, "page.save",
	 "UPDATE oncall_page SET state = :state, step = :step, round = :round, ack_by = :ack_by, ack_at = :ack_at WHERE id = :id");
DB_QUERY(q_hand_over, "page.hand_over", "UPDATE oncall_page SET ticket_id = :to WHERE id = :id");
DB_QUERY(q_team, "page.team",
	 "SELECT a.id, a.name, a.email, a.lang, a.zone FROM agent a JOIN agent_team t ON t.agent_id = a.id"
	 " WHERE t.team_id = :team AND a.disabled_at IS NULL ORDER BY a.id LIMIT 200");
DB_QUERY(q_supervisors, "page.supervisors",
	 "SELECT id, name, email, lang, zone FROM agent WHERE role >= 2 AND disabled_at IS NULL ORDER BY role, id LIMIT 200");
DB_QUERY(q_runs, "page.clock_runs", "SELECT COUNT(*) FROM clock WHERE ticket_id = :ticket AND state = 1");

static struct oncall_page row(struct db_rows *r, struct arena *out)
{
	return (struct oncall_page){ .id = db_col_i64(r, 0),
				     .ticket = { db_col_i64(r, 1) },
				     .policy = db_col_i64(r, 2),
				     .trigger = (enum oncall_trigger)db_col_i64(r, 3),
				     .state = (enum oncall_state)db_col_i64(r, 4),
				     .step = (int)db_col_i64(r, 5),
				     .round = (int)db_col_i64(r, 6),
				     .steps = db_col_str(r, 7, out),
				     .started_at = db_col_time(r, 8),
				     .ack_at = db_col_time(r, 9),
				     .ack_by = { db_col_i64(r, 10) },
				     .ack_name = db_col_str(r, 11, out) };
}

enum rc page_insert(struct db_tx *tx, const struct oncall_page *p, struct str dedupe, int64_t *ret, struct err *err)
{
	enum rc rc = db_get_i64(tx, &q_insert,
				DB_ARGS(db_str("dedupe", dedupe), db_i64("ticket", p->ticket.v), db_i64("policy", p->policy), db_i64("trigger", p->trigger),
					db_str("steps", p->steps), db_i64("at", p->started_at.us)),
				ret, err);

	if (rc == RC_NOT_FOUND)
		*ret = 0;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc page_has_active(struct db_tx *tx, struct ticket_id t, int64_t policy, bool *ret, struct err *err)
{
	int64_t id;
	enum rc rc = db_get_i64(tx, &q_active, DB_ARGS(db_i64("ticket", t.v), db_i64("policy", policy)), &id, err);

	*ret = rc == RC_OK;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc one(struct db_tx *tx, struct arena *out, const struct db_query *q, int64_t id, struct oncall_page *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, DB_ARGS(db_i64("id", id)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK)
		*ret = row(&r, out);
	return rc == RC_NOT_FOUND ? fail(err, rc, "There is no such page.") : rc;
}

enum rc page_lock(struct db_tx *tx, struct arena *out, int64_t id, struct oncall_page *ret, struct err *err)
{
	return one(tx, out, &q_lock, id, ret, err);
}

enum rc oncall_page_find(struct db_tx *tx, struct arena *out, int64_t id, struct oncall_page *ret, struct err *err)
{
	return one(tx, out, &q_find, id, ret, err);
}

enum rc oncall_pages(struct db_tx *tx, struct arena *out, struct ticket_id t, struct oncall_page **ret, size_t *ret_n, struct err *err)
{
	VEC(struct oncall_page) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_of, DB_ARGS(db_i64("ticket", t.v)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = row(&r, out);
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc page_save(struct db_tx *tx, const struct oncall_page *p, struct err *err)
{
	return db_exec(tx, &q_save,
		       DB_ARGS(db_i64("id", p->id), db_i64("state", p->state), db_i64("step", p->step), db_i64("round", p->round),
			       db_id("ack_by", p->ack_by.v), db_time("ack_at", p->ack_at)),
		       NULL, err);
}

enum rc page_hand_over(struct db_tx *tx, int64_t id, struct ticket_id to, struct err *err)
{
	return db_exec(tx, &q_hand_over, DB_ARGS(db_i64("id", id), db_i64("to", to.v)), NULL, err);
}

enum rc page_active_of(struct db_tx *tx, struct arena *out, struct ticket_id t, int64_t **ret, size_t *ret_n, struct err *err)
{
	VEC(int64_t) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_active_of, DB_ARGS(db_i64("ticket", t.v)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = db_col_i64(&r, 0);
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc page_people(struct db_tx *tx, struct arena *out, struct team_id team, bool supervisors, struct agent **ret, size_t *ret_n, struct err *err)
{
	VEC(struct agent) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = supervisors ? db_select(tx, &q_supervisors, DB_NO_ARGS, &r, err) : db_select(tx, &q_team, DB_ARGS(db_i64("team", team.v)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct agent){ .id = { db_col_i64(&r, 0) },
						    .name = db_col_str(&r, 1, out),
						    .email = db_col_str(&r, 2, out),
						    .lang = db_col_str(&r, 3, out),
						    .zone = db_col_str(&r, 4, out) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc page_clock_runs(struct db_tx *tx, struct ticket_id t, bool *ret, struct err *err)
{
	int64_t n = 0;
	enum rc rc = db_get_i64(tx, &q_runs, DB_ARGS(db_i64("ticket", t.v)), &n, err);

	*ret = n > 0;
	return rc;
}

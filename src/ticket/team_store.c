/* ticket: which team a ticket is with, what lies with each team, and where a team's open tickets go when it ends. Who
 * is in a team decides nothing here: somebody outside of it may have one of its tickets. */
#include "ticket/ticket_private.h"

#define TEAMS_MAX 200

DB_QUERY(q_work, "team.work",
         "SELECT m.id, m.name, m.about,"
         " (SELECT COUNT(*) FROM agent_team g JOIN agent a ON a.id = g.agent_id WHERE g.team_id = m.id AND "
         "a.disabled_at IS NULL),"
         " (SELECT COUNT(*) FROM (SELECT 1 FROM ticket t WHERE t.team_id = m.id AND t.state <= 3 LIMIT 1000) n)"
         " FROM team m WHERE m.removed_at IS NULL ORDER BY m.name, m.id LIMIT :max");
DB_QUERY(q_open_of, "team.open_tickets",
         "SELECT number FROM ticket WHERE team_id = :team AND state <= 3 ORDER BY updated_at DESC, id DESC LIMIT :max");

enum rc team_work(struct db_tx *tx, struct arena *out, struct team_work **ret, size_t *ret_n, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	VEC(struct team_work) v = { 0 };
	enum rc rc = db_select(tx, &q_work, DB_ARGS(db_i64("max", TEAMS_MAX)), &rows, err);

	while (rc == RC_OK && (rc = db_next(&rows, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct team_work){ .id = { db_col_i64(&rows, 0) },
			                                .name = db_col_str(&rows, 1, out),
			                                .about = db_col_str(&rows, 2, out),
			                                .members = (int)db_col_i64(&rows, 3),
			                                .open = (int)db_col_i64(&rows, 4) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc edit_team(struct edit *c, struct team_id to, struct str name, struct err *err)
{
	AUTO_DATA d = { 0 };

	if (c->t.team.v == to.v)
		return RC_OK;
	edit_data_begin(&d);
	json_kstr(&d.json, "from", c->t.team.v ? c->t.team_name : STR_NULL);
	json_kstr(&d.json, "to", to.v ? name : STR_NULL);
	json_key(&d.json, "to_id");
	if (to.v)
		json_i64(&d.json, to.v);
	else
		json_put_null(&d.json);
	c->t.team = to;
	c->t.team_name = to.v ? name : STR_NULL;
	return edit_tell(c, EV_TEAM, false, (struct message_id){ 0 }, &d, err);
}

enum rc ticket_check_team(struct db_tx *tx, struct arena *out, struct team_id id, struct str *ret_name, struct err *err)
{
	struct team team = { 0 };
	enum rc rc = id.v ? team_find(tx, out, id, &team, err) : RC_OK;

	if (rc == RC_NOT_FOUND || (rc == RC_OK && time_is_set(team.removed_at)))
		return fail_field(err, RC_INVALID, "team",
		                  "This team is not here any more. Choose another one; nothing was changed.");
	*ret_name = team.name;
	return rc;
}

enum rc ticket_set_team(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                        int64_t number, struct team_id to, struct event_id seen, struct err *err)
{
	struct edit c = { .tx = tx, .out = out, .who = who, .now = now };
	struct str name = STR_NULL;
	enum rc rc = edit_begin(&c, number, BY_DESK, seen, err);

	if (rc == RC_OK && c.t.state == STATE_CLOSED)
		rc = edit_is_closed(err);
	if (rc == RC_OK)
		rc = ticket_check_team(tx, out, to, &name, err);
	if (rc == RC_OK)
		rc = edit_team(&c, to, name, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

enum rc ticket_team_leave(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                          struct team_id from, struct team_id to, size_t max, size_t *ret_moved, struct err *err)
{
	VEC(int64_t) v = { 0 };
	enum rc rc;

	*ret_moved = 0;
	if (from.v == to.v)
		return fail_field(err, RC_INVALID, "to",
		                  "Choose another team for its tickets, or none. Nothing was changed.");
	{
		AUTO_ROWS rows = { 0 };

		rc = db_select(tx, &q_open_of, DB_ARGS(db_i64("team", from.v), db_i64("max", (int64_t)max)), &rows,
		               err);
		while (rc == RC_OK && (rc = db_next(&rows, err)) == RC_OK)
			*VEC_ADD(out, &v) = db_col_i64(&rows, 0);
	}
	if (rc != RC_NOT_FOUND)
		return rc;
	rc = RC_OK;
	for (size_t i = 0; i < v.n && rc == RC_OK; i++)
		rc = ticket_set_team(tx, out, who, now, v.at[i], to, (struct event_id){ 0 }, err);
	*ret_moved = v.n;
	return rc;
}

/* ticket: the rows of known problems. What customers get of one is here in the columns: no number, no counts. */
#include "ticket/problem_private.h"

#define OPEN_PROBLEM "t.state <= 3"
#define COLS                                                                                                           \
	"p.ticket_id, t.number, t.criticality, p.shown, t.state, p.title, p.said, COALESCE(t.resolution, ''),"         \
	" p.said_at, p.next_at, p.declared_at"
#define COUNTS                                                                                                         \
	", (SELECT COUNT(DISTINCT x.account_id) FROM ticket x WHERE x.problem_id = p.ticket_id),"                      \
	" (SELECT COUNT(*) FROM ticket x WHERE x.problem_id = p.ticket_id),"                                           \
	" (SELECT COUNT(*) FROM ticket x WHERE x.problem_id = p.ticket_id AND x.id <> p.ticket_id AND x.state <= 3)"
#define FROM " FROM problem p JOIN ticket t ON t.id = p.ticket_id"

DB_QUERY(q_list, "problem.list",
         "SELECT " COLS COUNTS ", 0" FROM " WHERE " OPEN_PROBLEM " ORDER BY p.declared_at DESC LIMIT 20");
/* Of the reader's own account: the ticket he may read, else none. */
DB_QUERY(q_shown, "problem.shown",
         "SELECT " COLS ", 0, 0, 0, COALESCE((SELECT MAX(x.number) FROM ticket x WHERE x.problem_id = p.ticket_id"
         " AND x.account_id = :account AND x.state <= 3), 0)" FROM " WHERE p.shown = 1 AND " OPEN_PROBLEM
         " ORDER BY p.declared_at DESC LIMIT 20");
DB_QUERY(q_find, "problem.find", "SELECT " COLS COUNTS ", 0" FROM " WHERE p.ticket_id = :id");
DB_QUERY(
        q_tickets, "problem.tickets",
        "SELECT t.number, a.name, t.subject, t.state, t.waiting_for FROM ticket t JOIN account a ON a.id = t.account_id"
        " WHERE t.problem_id = :id AND t.id <> :id ORDER BY CASE WHEN t.state <= 3 THEN 0 ELSE 1 END, t.id LIMIT :max");
DB_QUERY(q_insert, "problem.insert",
         "INSERT INTO problem (ticket_id, title, shown, said, said_at, next_at, declared_at)"
         " VALUES (:id, :title, :shown, :said, :now, :next, :now)");
DB_QUERY(q_said, "problem.said",
         "UPDATE problem SET said = :said, said_at = :now, next_at = :next WHERE ticket_id = :id");
DB_QUERY(q_show, "problem.show", "UPDATE problem SET shown = :shown WHERE ticket_id = :id");
DB_QUERY(q_link, "problem.link", "UPDATE ticket SET problem_id = :problem WHERE id = :id");
DB_QUERY(q_own, "problem.own",
         "SELECT number FROM ticket WHERE problem_id = :problem AND account_id = :account AND state <= 3"
         " ORDER BY id LIMIT 1");
DB_QUERY(q_put, "problem.put-update",
         "INSERT INTO problem_update (problem_id, kind, text, agent_id, author, at)"
         " VALUES (:problem, :kind, :text, :agent, :author, :now) RETURNING id");
/* Touching the row also makes a second runner of the same job wait for the first one's end (PostgreSQL). */
DB_QUERY(q_take, "problem.take-update",
         "UPDATE problem_update SET told_to = told_to WHERE id = :id AND done_at IS NULL"
         " RETURNING problem_id, kind, text, agent_id, author, told_to");
DB_QUERY(q_behind, "problem.behind",
         "SELECT id, number FROM ticket WHERE problem_id = :problem AND id > :after AND state <= 3"
         " AND (CAST(:first AS BIGINT) = 1 OR id <> :problem) ORDER BY id LIMIT :max");
DB_QUERY(q_told, "problem.told", "UPDATE problem_update SET told_to = :to, done_at = :done WHERE id = :id");

static void row(struct db_rows *r, struct arena *out, struct problem *p)
{
	*p = (struct problem){ .id = { db_col_i64(r, 0) },
		               .number = db_col_i64(r, 1),
		               .criticality = (int)db_col_i64(r, 2),
		               .shown = db_col_i64(r, 3) != 0,
		               .open = db_col_i64(r, 4) <= STATE_WAITING,
		               .title = db_col_str(r, 5, out),
		               .said = db_col_str(r, 6, out),
		               .resolution = db_col_str(r, 7, out),
		               .said_at = db_col_time(r, 8),
		               .next_at = db_col_time(r, 9),
		               .declared_at = db_col_time(r, 10),
		               .accounts = (int)db_col_i64(r, 11),
		               .tickets = (int)db_col_i64(r, 12),
		               .waiting = (int)db_col_i64(r, 13),
		               .mine = db_col_i64(r, 14) };
}

enum rc problem_list(struct db_tx *tx, struct arena *out, const struct actor *who, struct problem **ret, size_t *ret_n,
                     struct err *err)
{
	VEC(struct problem) v = { 0 };
	AUTO_ROWS r = { 0 };
	bool agent = actor_is_agent(who);

	*ret = NULL;
	*ret_n = 0;
	if (!agent && who->kind != ACTOR_CONTACT)
		return RC_OK;
	enum rc rc = agent ? db_select(tx, &q_list, DB_NO_ARGS, &r, err)
	                   : db_select(tx, &q_shown, DB_ARGS(db_i64("account", who->account.v)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		row(&r, out, VEC_ADD(out, &v));
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc problem_find(struct db_tx *tx, struct arena *out, const struct actor *who, struct ticket_id id,
                     struct problem *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_find, DB_ARGS(db_i64("id", id.v)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, RC_NOT_FOUND, "There is no such known problem.");
	if (rc != RC_OK)
		return rc;
	row(&r, out, ret);
	if (!actor_is_agent(who)) {
		ret->number = ret->accounts = ret->tickets = ret->waiting = 0;
		ret->resolution = STR("");
	}
	return RC_OK;
}

enum rc problem_tickets(struct db_tx *tx, struct arena *out, struct ticket_id id, struct problem_ticket **ret,
                        size_t *ret_n, struct err *err)
{
	VEC(struct problem_ticket) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_tickets, DB_ARGS(db_i64("id", id.v), db_i64("max", PROBLEM_TICKETS)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct problem_ticket){ .number = db_col_i64(&r, 0),
			                                     .account_name = db_col_str(&r, 1, out),
			                                     .subject = db_col_str(&r, 2, out),
			                                     .state = (enum ticket_state)db_col_i64(&r, 3),
			                                     .waiting_for = (enum waiting_for)db_col_i64(&r, 4) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc problem_insert(struct db_tx *tx, struct ticket_id id, struct instant now, const struct problem_new *p,
                       struct err *err)
{
	return db_exec(tx, &q_insert,
	               DB_ARGS(db_i64("id", id.v), db_str("title", p->title), db_i64("shown", p->shown),
	                       db_str("said", p->text), db_i64("now", now.us), db_time("next", p->next_at)),
	               NULL, err);
}

enum rc problem_put_said(struct db_tx *tx, struct ticket_id id, struct instant now, struct str said,
                         struct instant next_at, struct err *err)
{
	return db_exec(
	        tx, &q_said,
	        DB_ARGS(db_i64("id", id.v), db_str("said", said), db_i64("now", now.us), db_time("next", next_at)),
	        NULL, err);
}

enum rc problem_put_shown(struct db_tx *tx, struct ticket_id id, bool shown, struct err *err)
{
	return db_exec(tx, &q_show, DB_ARGS(db_i64("id", id.v), db_i64("shown", shown)), NULL, err);
}

enum rc problem_put_link(struct db_tx *tx, struct ticket_id t, struct ticket_id problem, struct err *err)
{
	return db_exec(tx, &q_link, DB_ARGS(db_i64("id", t.v), db_id("problem", problem.v)), NULL, err);
}

enum rc problem_own(struct db_tx *tx, struct ticket_id problem, struct account_id account, int64_t *ret,
                    struct err *err)
{
	return db_get_i64(tx, &q_own, DB_ARGS(db_i64("problem", problem.v), db_i64("account", account.v)), ret, err);
}

enum rc problem_put_update(struct db_tx *tx, const struct problem_update *u, struct instant now, int64_t *ret,
                           struct err *err)
{
	return db_get_i64(tx, &q_put,
	                  DB_ARGS(db_i64("problem", u->problem.v), db_i64("kind", u->kind), db_str("text", u->text),
	                          db_i64("agent", u->agent.v), db_str("author", u->author), db_i64("now", now.us)),
	                  ret, err);
}

enum rc problem_take_update(struct db_tx *tx, struct arena *a, int64_t id, struct problem_update *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_take, DB_ARGS(db_i64("id", id)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK)
		*ret = (struct problem_update){ .id = id,
			                        .problem = { db_col_i64(&r, 0) },
			                        .kind = (int)db_col_i64(&r, 1),
			                        .text = db_col_str(&r, 2, a),
			                        .agent = { db_col_i64(&r, 3) },
			                        .author = db_col_str(&r, 4, a),
			                        .told_to = db_col_i64(&r, 5) };
	return rc;
}

enum rc problem_behind(struct db_tx *tx, const struct problem_update *u, struct problem_next *to, size_t max,
                       size_t *ret_n, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_behind,
	                       DB_ARGS(db_i64("problem", u->problem.v), db_i64("after", u->told_to),
	                               db_i64("first", u->kind == PROBLEM_SAID), db_i64("max", (int64_t)max)),
	                       &r, err);

	*ret_n = 0;
	while (rc == RC_OK && *ret_n < max && (rc = db_next(&r, err)) == RC_OK)
		to[(*ret_n)++] = (struct problem_next){ db_col_i64(&r, 0), db_col_i64(&r, 1) };
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc problem_told(struct db_tx *tx, int64_t id, int64_t to, struct instant done, struct err *err)
{
	return db_exec(tx, &q_told, DB_ARGS(db_i64("id", id), db_i64("to", to), db_time("done", done)), NULL, err);
}

/* ticket: lists. Each view is one indexed range read from a cursor on: its cost is the page, not the number of tickets.
 * list_test.c asks SQLite for the plan of every one. Names are joined by primary key. */
#include "ticket/ticket_private.h"

#define COLS                                                                                                           \
	"SELECT t.id, t.number, t.kind, t.criticality, t.complexity, t.priority, t.state, t.waiting_for, t.subject,"   \
	" a.name, c.name, g.name, t.resolution, t.account_id, t.assignee_id, t.channel, t.not_phoned, t.opened_at,"    \
	" t.updated_at, t.callback_at, t.last_event_id, t.team_id, m.name FROM ticket t"                              \
	" LEFT JOIN account a ON a.id = t.account_id LEFT JOIN contact c ON c.id = t.contact_id"                       \
	" LEFT JOIN agent g ON g.id = t.assignee_id LEFT JOIN team m ON m.id = t.team_id WHERE "
#define OF_TEAM    " AND (CAST(:team AS BIGINT) = 0 OR t.team_id = :team)"
#define OF_ACCOUNT " AND (CAST(:account AS BIGINT) = 0 OR t.account_id = :account)" OF_TEAM
#define NEWEST     " AND (t.updated_at, t.id) < (:k1, :k2) ORDER BY t.updated_at DESC, t.id DESC LIMIT :max"
#define MY_ACCOUNT "t.account_id = :account AND " REACH_SCOPE

DB_QUERY(q_unassigned, "ticket.list_unassigned", COLS "t.assignee_id IS NULL AND t.state <= 3" OF_ACCOUNT NEWEST);
DB_QUERY(q_mine, "ticket.list_mine", COLS "t.assignee_id = :me AND t.state <= 3" OF_ACCOUNT NEWEST);
DB_QUERY(q_incidents, "ticket.list_incidents",
         COLS "t.kind = 1 AND t.state <= 3" OF_ACCOUNT " AND (t.criticality, t.opened_at, t.id) > (:k0, :k1, :k2)"
              " ORDER BY t.criticality, t.opened_at, t.id LIMIT :max");
DB_QUERY(q_requests, "ticket.list_requests",
         COLS "t.kind = 2 AND t.state <= 3" OF_ACCOUNT " AND (t.priority, t.opened_at, t.id) > (:k0, :k1, :k2)"
              " ORDER BY t.priority, t.opened_at, t.id LIMIT :max");
DB_QUERY(q_waiting, "ticket.list_waiting", COLS "t.state = 3" OF_ACCOUNT NEWEST);
DB_QUERY(q_all, "ticket.list_all", COLS "1 = 1" NEWEST);
DB_QUERY(q_account, "ticket.list_account", COLS "t.account_id = :account" OF_TEAM NEWEST);
DB_QUERY(q_team, "ticket.list_team", COLS "t.team_id = :team" NEWEST);
DB_QUERY(q_team_open, "ticket.list_team_open",
         COLS "t.team_id = :team AND t.state <= 3 AND (CAST(:account AS BIGINT) = 0 OR t.account_id = :account)" NEWEST);
/* The first of each of my teams, then the first of those: as many rows as teams times a page are looked at. */
#define FIRST_OF(team)                                                                                                 \
	"SELECT x.id FROM ticket x WHERE x.team_id = " team " AND x.state <= 3"                                        \
	" AND (CAST(:account AS BIGINT) = 0 OR x.account_id = :account) AND (x.updated_at, x.id) < (:k1, :k2)"         \
	" ORDER BY x.updated_at DESC, x.id DESC LIMIT :max"
#define BY_NEWEST " ORDER BY t.updated_at DESC, t.id DESC LIMIT :max"
DB_QUERY2(q_my_teams, "ticket.my_teams",
          COLS "t.id IN (SELECT j.id FROM agent_team n CROSS JOIN ticket j WHERE n.agent_id = :me AND j.id IN (" FIRST_OF(
                  "n.team_id") "))" BY_NEWEST,
          COLS "t.id IN (SELECT j.id FROM agent_team n CROSS JOIN LATERAL (" FIRST_OF("n.team_id") ") j"
               " WHERE n.agent_id = :me)" BY_NEWEST);
DB_QUERY(q_callbacks, "ticket.list_callbacks",
         COLS "t.callback_at IS NOT NULL" OF_ACCOUNT
              " AND (t.callback_at, t.id) > (:k1, :k2) ORDER BY t.callback_at, t.id LIMIT :max");
DB_QUERY(q_customer_open, "ticket.list_customer_open", COLS MY_ACCOUNT " AND t.state <= 3" NEWEST);
DB_QUERY(q_customer_solved, "ticket.list_customer_solved", COLS MY_ACCOUNT " AND t.state >= 4" NEWEST);
DB_QUERY(q_customer_all, "ticket.list_customer_all", COLS MY_ACCOUNT NEWEST);
/* The plus keeps SQLite on the index of the person. */
#define MY_OWN "t.contact_id = :contact AND +t.account_id = :account AND " REACH_SCOPE
DB_QUERY(q_own_open, "ticket.list_own_open", COLS MY_OWN " AND t.state <= 3" NEWEST);
DB_QUERY(q_own_solved, "ticket.list_own_solved", COLS MY_OWN " AND t.state >= 4" NEWEST);
DB_QUERY(q_own_all, "ticket.list_own_all", COLS MY_OWN NEWEST);
DB_QUERY2(q_ids, "ticket.list_ids", COLS "t.id IN (SELECT value FROM json_each(:ids)) AND " REACH,
          COLS
          "t.id IN (SELECT CAST(v AS BIGINT) FROM json_array_elements_text(CAST(:ids AS JSON)) AS j (v)) AND " REACH);
#define NEAR(n, what)                                                                                                  \
	"SELECT id FROM (SELECT t.id FROM ticket t WHERE " what " AND t.id <> :self AND " REACH                        \
	" ORDER BY t.updated_at DESC LIMIT :max) n" n
DB_QUERY(q_related, "ticket.related",
         COLS "t.id IN (" NEAR("1", "t.unit = :unit") " UNION " NEAR("2", "t.course = :course") " UNION " NEAR(
                 "3", "t.account_id = :of") ")"
                                            " ORDER BY CASE WHEN t.unit = :unit THEN 0 WHEN t.course = :course THEN 1 "
                                            "ELSE 2 END, t.updated_at DESC, t.id DESC LIMIT :max");
#define UP_TO(where) "(SELECT COUNT(*) FROM (SELECT 1 FROM ticket WHERE " where " LIMIT 1000) n)"
#define OPEN_COUNT(where) UP_TO(where " AND state <= 3") ", "
#define COUNTS                                                                                                         \
	"SELECT " OPEN_COUNT("assignee_id IS NULL") OPEN_COUNT("assignee_id = :me") OPEN_COUNT("kind = 1")             \
	        OPEN_COUNT("kind = 2") UP_TO("state = 3") ", " UP_TO("callback_at IS NOT NULL")                        \
	", (SELECT COUNT(*) FROM (SELECT 1 FROM agent_team g JOIN ticket t ON t.team_id = g.team_id"                    \
	" WHERE g.agent_id = :me AND t.state <= 3 LIMIT 1000) n), "
#define LINES(agg) "(SELECT " agg " FROM (SELECT id, name FROM team WHERE removed_at IS NULL ORDER BY name, id LIMIT 200) l)"
DB_QUERY2(q_counts, "ticket.counts", COUNTS LINES("group_concat(id || ' ' || name, char(10))"),
          COUNTS LINES("string_agg(id || ' ' || name, chr(10) ORDER BY name, id)"));

enum order { NEWEST_FIRST, BY_RANK, BY_CALLBACK };
struct view {
	const struct db_query *q, *own;
	enum order order;
	bool customer;
};

static bool view_of(enum ticket_list_view v, struct view *ret)
{
	switch (v) {
	case VIEW_UNASSIGNED:
		*ret = (struct view){ &q_unassigned, NULL, NEWEST_FIRST, false };
		return true;
	case VIEW_MINE:
		*ret = (struct view){ &q_mine, NULL, NEWEST_FIRST, false };
		return true;
	case VIEW_INCIDENTS:
		*ret = (struct view){ &q_incidents, NULL, BY_RANK, false };
		return true;
	case VIEW_REQUESTS:
		*ret = (struct view){ &q_requests, NULL, BY_RANK, false };
		return true;
	case VIEW_WAITING:
		*ret = (struct view){ &q_waiting, NULL, NEWEST_FIRST, false };
		return true;
	case VIEW_ALL:
		*ret = (struct view){ &q_all, NULL, NEWEST_FIRST, false };
		return true;
	case VIEW_CALLBACKS:
		*ret = (struct view){ &q_callbacks, NULL, BY_CALLBACK, false };
		return true;
	case VIEW_TEAMS:
		*ret = (struct view){ &q_my_teams, NULL, NEWEST_FIRST, false };
		return true;
	case VIEW_CUSTOMER_OPEN:
		*ret = (struct view){ &q_customer_open, &q_own_open, NEWEST_FIRST, true };
		return true;
	case VIEW_CUSTOMER_SOLVED:
		*ret = (struct view){ &q_customer_solved, &q_own_solved, NEWEST_FIRST, true };
		return true;
	case VIEW_CUSTOMER_ALL:
		*ret = (struct view){ &q_customer_all, &q_own_all, NEWEST_FIRST, true };
		return true;
	}
	return false;
}

/* ---- cursors: the sort keys of the last row, "k0.k1.k2" ---- */

static enum rc cursor_read(struct str text, enum order order, int64_t key[3], struct err *err)
{
	struct str part;

	for (size_t i = 0; i < 3; i++) {
		key[i] = order == NEWEST_FIRST ? INT64_MAX : INT64_MIN;
		if (str_null(text) || text.n == 0)
			continue;
		if (!str_cut(&text, '.', &part) || str_to_i64(part, &key[i]) != RC_OK)
			return fail_field(err, RC_INVALID, "after",
			                  "This page of the list cannot be found. Start at the first page.");
	}
	return RC_OK;
}

static struct str cursor_of(struct arena *out, const struct ticket_row *r, enum order order)
{
	int64_t k0 = r->kind == TICKET_INCIDENT ? r->criticality : r->priority;
	int64_t k1 = order == NEWEST_FIRST ? r->updated_at.us : order == BY_RANK ? r->opened_at.us : r->callback_at.us;

	return arena_strf(out, "%lld.%lld.%lld", (long long)k0, (long long)k1, (long long)r->id.v);
}

/* ---- rows ---- */

static struct ticket_row read_row(struct db_rows *r, struct arena *out)
{
	return (struct ticket_row){ .id = { db_col_i64(r, 0) },
		                    .number = db_col_i64(r, 1),
		                    .kind = (enum ticket_kind)db_col_i64(r, 2),
		                    .criticality = (int)db_col_i64(r, 3),
		                    .complexity = (int)db_col_i64(r, 4),
		                    .priority = (int)db_col_i64(r, 5),
		                    .state = (enum ticket_state)db_col_i64(r, 6),
		                    .waiting_for = (enum waiting_for)db_col_i64(r, 7),
		                    .subject = db_col_str(r, 8, out),
		                    .account_name = db_col_str(r, 9, out),
		                    .contact_name = db_col_str(r, 10, out),
		                    .assignee_name = db_col_str(r, 11, out),
		                    .resolution = db_col_str(r, 12, out),
		                    .account = { db_col_i64(r, 13) },
		                    .assignee = { db_col_i64(r, 14) },
		                    .channel = (enum channel)db_col_i64(r, 15),
		                    .not_phoned = db_col_i64(r, 16) != 0,
		                    .opened_at = db_col_time(r, 17),
		                    .updated_at = db_col_time(r, 18),
		                    .callback_at = db_col_time(r, 19),
		                    .last_event = { db_col_i64(r, 20) },
		                    .team = { db_col_i64(r, 21) },
		                    .team_name = db_col_str(r, 22, out) };
}

static enum rc read_rows(struct db_tx *tx, struct arena *out, const struct actor *who, const struct db_query *q,
                         struct db_args args, struct ticket_row **ret, size_t *ret_n, struct err *err)
{
	VEC(struct ticket_row) v = { 0 };
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, q, args, &rows, err);

	while (rc == RC_OK && (rc = db_next(&rows, err)) == RC_OK)
		*VEC_ADD(out, &v) = read_row(&rows, out);
	/* A customer's version is what ticket_find() tells: what is hidden must not show by its number (S-32). */
	for (size_t i = 0; i < v.n && !actor_is_agent(who); i++) {
		v.at[i].last_event.v = v.at[i].team.v = 0;
		v.at[i].team_name = STR_NULL; /* how the desk is organised is its own */
	}
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* Search hits, back in the order of the search. */
static enum rc list_ids(struct db_tx *tx, struct arena *out, const struct actor *who, const struct ticket_query *q,
                        struct ticket_row **ret, size_t *ret_n, struct err *err)
{
	struct reach r = reach_of(who);
	struct ticket_row *rows;
	struct json j;
	size_t n = 0;
	AUTO_BUF ids;

	buf_init(&ids, 4096);
	json_init(&j, &ids);
	json_arr(&j);
	for (size_t i = 0; i < q->n_ids; i++)
		json_i64(&j, q->ids[i].v);
	json_end_arr(&j);
	enum rc rc = read_rows(tx, out, who, &q_ids, DB_ARGS(db_str("ids", buf_str(&ids)), REACH_ARGS(r)), &rows, &n,
	                       err);

	*ret = arena_array(out, struct ticket_row, q->n_ids);
	for (size_t i = 0; i < q->n_ids && rc == RC_OK; i++) {
		for (size_t k = 0; k < n; k++) {
			if (rows[k].id.v == q->ids[i].v) {
				(*ret)[(*ret_n)++] = rows[k];
				break;
			}
		}
	}
	return rc;
}

enum rc ticket_list(struct db_tx *tx, struct arena *out, const struct actor *who, const struct ticket_query *q,
                    struct ticket_row **ret, size_t *ret_n, struct str *ret_next, struct err *err)
{
	struct reach r = reach_of(who);
	struct str after = q->after; /* may be what ret_next points to */
	int64_t key[3];
	struct view v;
	size_t max = q->max == 0 ? 50 : q->max > 100 ? 100 : q->max;

	*ret = NULL;
	*ret_n = 0;
	*ret_next = STR_NULL;
	if (q->ids && q->n_ids > 100)
		return fail(err, RC_LIMIT, "A list holds at most 100 tickets.");
	if (q->ids)
		return list_ids(tx, out, who, q, ret, ret_n, err);
	if (!view_of(q->view, &v))
		return fail_field(err, RC_INVALID, "view", "There is no such list of tickets.");
	if (!v.customer && !actor_is_agent(who))
		return fail(err, RC_DENIED, "This list is for agents.");
	if (v.customer && r.account <= 0)
		return fail(err, RC_DENIED, "This list is for customers.");
	if (r.account == 0)
		r.account = q->account.v;
	else if (!v.customer && q->account.v && q->account.v != r.account)
		return RC_OK; /* a token bound to another account sees nothing there */
	const struct db_query *sql = v.customer && q->mine_only ? v.own : v.q;

	if (q->view == VIEW_ALL && r.account)
		sql = &q_account;
	else if (q->view == VIEW_ALL && q->team.v)
		sql = &q_team;
	else if (q->view == VIEW_TEAMS && q->team.v)
		sql = &q_team_open;
	enum rc rc = cursor_read(after, v.order, key, err);

	if (rc == RC_OK)
		rc = read_rows(tx, out, who, sql,
		               DB_ARGS(REACH_ARGS(r), db_i64("me", who->agent.v), db_i64("team", q->team.v), db_i64("k0", key[0]),
		                       db_i64("k1", key[1]), db_i64("k2", key[2]), db_i64("max", (int64_t)max + 1)),
		               ret, ret_n, err);
	if (rc == RC_OK && *ret_n > max) {
		*ret_n = max;
		*ret_next = cursor_of(out, &(*ret)[max - 1], v.order);
	}
	return rc;
}

enum rc ticket_counts(struct db_tx *tx, struct arena *out, const struct actor *who, struct view_counts *ret,
                      struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc;

	*ret = (struct view_counts){ 0 };
	if (!actor_is_agent(who))
		return fail(err, RC_DENIED, "This is for agents.");
	rc = db_select(tx, &q_counts, DB_ARGS(db_i64("me", who->agent.v)), &rows, err);
	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_OK)
		*ret = (struct view_counts){ .unassigned = (int)db_col_i64(&rows, 0),
			                     .mine = (int)db_col_i64(&rows, 1),
			                     .incidents = (int)db_col_i64(&rows, 2),
			                     .requests = (int)db_col_i64(&rows, 3),
			                     .waiting = (int)db_col_i64(&rows, 4),
			                     .callbacks = (int)db_col_i64(&rows, 5),
			                     .teams = (int)db_col_i64(&rows, 6),
			                     .team_lines = db_col_str(&rows, 7, out) };
	return rc;
}

enum rc ticket_related(struct db_tx *tx, struct arena *out, const struct actor *who, const struct ticket *t, size_t max,
                       struct ticket_row **ret, size_t *ret_n, struct err *err)
{
	struct reach r = reach_of(who);

	return read_rows(tx, out, who, &q_related,
	                 DB_ARGS(db_str("unit", t->unit), db_str("course", t->course), db_i64("of", t->account.v),
	                         db_i64("self", t->id.v), REACH_ARGS(r),
	                         db_i64("max", (int64_t)(max > 100 ? 100 : max))),
	                 ret, ret_n, err);
}

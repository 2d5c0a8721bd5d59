/* clock: what the boards show. A column reads a range of an index by deadline, never all open incidents. */
#include "clock/clock_private.h"
#include <stdlib.h>

#define SCAN 400

DB_QUERY(q_running, "board.running",
	 "SELECT ticket_id, metric, cycle, state, criticality, told, policy_id, goal, elapsed, started_at, stopped_at, due_at, breached_at, next_at"
	 " FROM clock WHERE criticality = :criticality AND state <= 2 AND due_at IS NOT NULL ORDER BY due_at LIMIT :max");
DB_QUERY(q_paused, "board.paused",
	 "SELECT ticket_id, metric, cycle, state, criticality, told, policy_id, goal, elapsed, started_at, stopped_at, due_at, breached_at, next_at"
	 " FROM clock WHERE criticality = :criticality AND state = 2 AND due_at IS NULL LIMIT :max");
DB_QUERY(q_plain, "board.plain",
	 "SELECT id FROM ticket WHERE kind = 1 AND state <= 3 AND criticality = :criticality ORDER BY opened_at, id LIMIT :max");
DB_QUERY(q_total, "board.total",
	 "SELECT COUNT(*) FROM (SELECT 1 FROM ticket WHERE kind = 1 AND state <= 3 AND criticality = :criticality LIMIT 1000) AS open_ones");
DB_QUERY(q_grid, "board.grid",
	 "SELECT COALESCE(complexity, 0), priority, COUNT(*) FROM (SELECT complexity, priority FROM ticket WHERE kind = 2 AND state <= 2"
	 " ORDER BY priority, opened_at LIMIT 20000) AS waiting GROUP BY 1, 2");
DB_QUERY(q_agents, "board.agents", "SELECT COUNT(*) FROM agent WHERE disabled_at IS NULL AND role <= 2");
DB_QUERY(q_best, "board.best",
	 "SELECT id, wanted_on, opened_at, COALESCE(complexity, 0), priority FROM ticket WHERE kind = 2 AND state <= 3"
	 " AND state <> 3 ORDER BY priority, opened_at, id LIMIT :max");
DB_QUERY(q_wanted, "board.wanted",
	 "SELECT id, wanted_on, opened_at, COALESCE(complexity, 0), priority FROM ticket WHERE kind = 2 AND state <= 3 AND state <> 3"
	 " AND wanted_on IS NOT NULL ORDER BY wanted_on, id LIMIT :max");

struct column {
	struct arena *out;
	struct ticket_id *ids;
	struct clock_row *clocks;
	size_t n, max;
};

static bool has(const struct column *c, int64_t id)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->ids[i].v == id)
			return true;
	return false;
}

static enum rc gather(struct db_tx *tx, struct column *c, const struct db_query *q, int criticality, bool clocks, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = c->n < c->max ? db_select(tx, q, DB_ARGS(db_i64("criticality", criticality), db_i64("max", SCAN)), &r, err) : RC_NOT_FOUND;

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		int64_t id = db_col_i64(&r, 0);

		if (c->n == c->max)
			return RC_OK;
		if (has(c, id))
			continue;
		if (clocks)
			c->clocks[c->n] = (struct clock_row){ .ticket = { id },
							      .metric = (enum metric)db_col_i64(&r, 1),
							      .cycle = (int)db_col_i64(&r, 2),
							      .state = (enum clock_state)db_col_i64(&r, 3),
							      .criticality = criticality,
							      .goal = db_col_i64(&r, 7),
							      .elapsed = db_col_i64(&r, 8),
							      .started_at = db_col_time(&r, 9),
							      .due_at = db_col_time(&r, 11),
							      .breached_at = db_col_time(&r, 12) };
		c->ids[c->n++].v = id;
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc clock_board(struct db_tx *tx, struct arena *out, const struct actor *who, int criticality, size_t max, struct clock_card **ret, size_t *ret_n,
		    int *ret_total, struct err *err)
{
	struct column c = { .out = out, .ids = arena_array(out, struct ticket_id, max + 1), .clocks = arena_array(out, struct clock_row, max + 1), .max = max };
	struct ticket_row *rows = NULL;
	struct str next;
	int64_t total = 0;
	size_t n = 0;
	enum rc rc = gather(tx, &c, &q_running, criticality, true, err);

	if (rc == RC_OK)
		rc = gather(tx, &c, &q_paused, criticality, true, err);
	if (rc == RC_OK)
		rc = gather(tx, &c, &q_plain, criticality, false, err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_total, DB_ARGS(db_i64("criticality", criticality)), &total, err);
	struct ticket_query query = { .ids = c.ids, .n_ids = c.n, .max = max };

	if (rc == RC_OK && c.n)
		rc = ticket_list(tx, out, who, &query, &rows, &n, &next, err);
	if (rc != RC_OK)
		return rc;
	*ret = arena_array(out, struct clock_card, n + 1);
	*ret_n = 0;
	*ret_total = (int)total;
	for (size_t i = 0; i < n; i++) {
		struct clock_card *card = &(*ret)[*ret_n];

		if (rows[i].state > STATE_WAITING || rows[i].criticality != criticality)
			continue; /* the reader of the log is a moment behind */
		*card = (struct clock_card){ .row = rows[i] };
		for (size_t k = 0; k < c.n; k++)
			if (c.ids[k].v == rows[i].id.v && c.clocks[k].ticket.v) {
				card->clock = c.clocks[k];
				card->has_clock = true;
			}
		(*ret_n)++;
	}
	return RC_OK;
}

DB_QUERY(q_alarms, "board.alarms",
	 "SELECT id FROM ticket WHERE kind = 1 AND state <= 3 AND criticality = 1 AND state <> 3 AND assignee_id IS NULL ORDER BY opened_at, id LIMIT 5");

enum rc clock_alarms(struct db_tx *tx, struct arena *out, const struct actor *who, struct clock_card **ret, size_t *ret_n, struct err *err)
{
	VEC(struct ticket_id) ids = { 0 };
	struct db_rows r = { 0 };
	struct ticket_row *rows = NULL;
	struct str next;
	size_t n = 0;
	enum rc rc = db_select(tx, &q_alarms, DB_NO_ARGS, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &ids) = (struct ticket_id){ db_col_i64(&r, 0) };
	db_rows_end(&r);
	*ret_n = 0;
	if (rc != RC_NOT_FOUND || ids.n == 0)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	struct ticket_query query = { .ids = ids.at, .n_ids = ids.n, .max = ids.n };

	rc = ticket_list(tx, out, who, &query, &rows, &n, &next, err);
	*ret = arena_array(out, struct clock_card, n + 1);
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		(*ret)[(*ret_n)++].row = rows[i];
	return rc;
}

/* ---- requests ---- */

enum rc clock_grid(struct db_tx *tx, struct arena *out, struct clock_grid *ret, struct err *err)
{
	struct db_rows r = { 0 };
	int64_t agents = 0;
	enum rc rc = db_select(tx, &q_grid, DB_NO_ARGS, &r, err);

	*ret = (struct clock_grid){ 0 };
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		int64_t complexity = db_col_i64(&r, 0), priority = db_col_i64(&r, 1);

		if (complexity >= 0 && complexity <= 3 && priority >= 1 && priority <= 4)
			ret->count[complexity][priority] = (int)db_col_i64(&r, 2);
	}
	db_rows_end(&r);
	rc = rc == RC_NOT_FOUND ? RC_OK : rc;
	for (int c = 1; c <= 3 && rc == RC_OK; c++) {
		int days = 0;

		rc = clock_estimate_days(tx, out, c, &days, err);
		for (int p = 1; p <= 4; p++)
			ret->days += ret->count[c][p] * days;
	}
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_agents, DB_NO_ARGS, &agents, err);
	ret->agents = (int)agents;
	return rc;
}

struct candidate {
	struct ticket_id id;
	struct str wanted_on;
	int64_t opened_at;
	int complexity, priority, days;
	enum next_reason why;
};

struct candidates {
	VEC(struct candidate) v;
};

static enum rc collect(struct db_tx *tx, struct arena *out, const struct db_query *q, size_t max, struct candidates *c, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, DB_ARGS(db_i64("max", (int64_t)max)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		struct candidate x = { .id = { db_col_i64(&r, 0) },
				       .wanted_on = db_col_str(&r, 1, out),
				       .opened_at = db_col_i64(&r, 2),
				       .complexity = (int)db_col_i64(&r, 3),
				       .priority = (int)db_col_i64(&r, 4) };
		bool there = false;

		for (size_t i = 0; i < c->v.n; i++)
			there = there || c->v.at[i].id.v == x.id.v;
		if (!there)
			*VEC_ADD(out, &c->v) = x;
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static int by_order(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	bool wx = x->why == NEXT_WANTED, wy = y->why == NEXT_WANTED;
	int cx = x->complexity ? x->complexity : 4, cy = y->complexity ? y->complexity : 4;

	if (wx != wy)
		return wx ? -1 : 1;
	if (wx && str_cmp(x->wanted_on, y->wanted_on) != 0)
		return str_cmp(x->wanted_on, y->wanted_on);
	if (x->priority != y->priority)
		return x->priority - y->priority;
	if (cx != cy)
		return cx - cy;
	return (x->opened_at > y->opened_at) - (x->opened_at < y->opened_at);
}

/* Why it stands before the next one. */
static void name_reasons(struct candidate *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (c[i].why == NEXT_WANTED)
			continue;
		c[i].why = NEXT_OLD;
		if (i + 1 < n && c[i + 1].priority != c[i].priority)
			c[i].why = NEXT_PRIORITY;
		else if (i + 1 < n && c[i + 1].complexity != c[i].complexity)
			c[i].why = NEXT_SMALL;
	}
}

enum rc clock_next_requests(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, size_t max, struct clock_next_request **ret,
			    size_t *ret_n, struct err *err)
{
	struct candidates c = { 0 };
	struct ticket_row *rows = NULL;
	struct str next;
	size_t n = 0;
	int days[4] = { 0 };
	enum rc rc = collect(tx, out, &q_wanted, max, &c, err);

	if (rc == RC_OK)
		rc = collect(tx, out, &q_best, max * 2, &c, err);
	for (int k = 1; k <= 3 && rc == RC_OK; k++)
		rc = clock_estimate_days(tx, out, k, &days[k], err);
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < c.v.n; i++) {
		struct candidate *x = &c.v.at[i];
		struct instant wanted;

		x->days = x->complexity >= 1 && x->complexity <= 3 ? days[x->complexity] : days[2];
		/* Working days are five of seven. */
		if (x->wanted_on.n && time_parse_iso(x->wanted_on, &wanted) == RC_OK &&
		    wanted.us - now.us <= (int64_t)(x->days + 1) * DAY_US * 7 / 5)
			x->why = NEXT_WANTED;
	}
	if (c.v.n)
		qsort(c.v.at, c.v.n, sizeof(*c.v.at), by_order);
	name_reasons(c.v.at, c.v.n);
	struct ticket_query query = { .ids = arena_array(out, struct ticket_id, max + 1), .max = max };

	for (; query.n_ids < max && query.n_ids < c.v.n; query.n_ids++)
		query.ids[query.n_ids] = c.v.at[query.n_ids].id;
	if (query.n_ids)
		rc = ticket_list(tx, out, who, &query, &rows, &n, &next, err);
	*ret = arena_array(out, struct clock_next_request, n + 1);
	*ret_n = 0;
	for (size_t i = 0; i < query.n_ids && rc == RC_OK; i++)
		for (size_t k = 0; k < n; k++)
			if (rows[k].id.v == c.v.at[i].id.v)
				(*ret)[(*ret_n)++] = (struct clock_next_request){ rows[k], c.v.at[i].wanted_on, c.v.at[i].why, c.v.at[i].days };
	return rc;
}

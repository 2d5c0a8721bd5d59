/* clock: how promises were kept, in figures and one by one. A promise belongs to the month in which its clock stopped. */
#include "clock/clock_private.h"
#include <stdlib.h>

DB_QUERY(q_figures, "report.figures",
	 "SELECT t.account_id, a.name, p.plan_code, c.criticality, c.metric, COUNT(*),"
	 " SUM(CASE WHEN c.breached_at IS NULL THEN 0 ELSE 1 END), SUM(c.elapsed) / COUNT(*)"
	 " FROM clock c JOIN ticket t ON t.id = c.ticket_id JOIN account a ON a.id = t.account_id"
	 " JOIN clock_policy p ON p.id = c.policy_id"
	 " WHERE c.state = 3 AND c.stopped_at >= :from AND c.stopped_at < :to"
	 " AND (CAST(:account AS BIGINT) = 0 OR t.account_id = :account)"
	 " GROUP BY t.account_id, a.name, p.plan_code, c.criticality, c.metric"
	 " ORDER BY a.name, t.account_id, p.plan_code, c.criticality, c.metric LIMIT 5000");
DB_QUERY(q_proof, "report.proof",
	 "SELECT c.ticket_id, c.metric, c.cycle, c.criticality, c.goal, c.elapsed, c.started_at, c.stopped_at, c.due_at,"
	 " c.breached_at, p.plan_code FROM clock c JOIN ticket t ON t.id = c.ticket_id JOIN clock_policy p ON p.id = c.policy_id"
	 " WHERE c.state = 3 AND c.stopped_at >= :from AND c.stopped_at < :to AND t.account_id = :account"
	 " ORDER BY c.stopped_at, c.ticket_id, c.metric, c.cycle LIMIT :max");

enum rc clock_figures(struct db_tx *tx, struct arena *out, struct instant from, struct instant to, struct account_id account, struct clock_figure **ret,
		      size_t *ret_n, struct err *err)
{
	VEC(struct clock_figure) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_figures, DB_ARGS(db_i64("from", from.us), db_i64("to", to.us), db_i64("account", account.v)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct clock_figure){ .account = { db_col_i64(&r, 0) },
							   .account_name = db_col_str(&r, 1, out),
							   .plan_code = db_col_str(&r, 2, out),
							   .criticality = (int)db_col_i64(&r, 3),
							   .metric = (enum metric)db_col_i64(&r, 4),
							   .n = db_col_i64(&r, 5),
							   .late = db_col_i64(&r, 6),
							   .mean = db_col_i64(&r, 7) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

#define CHUNK 100

static int by_id(const void *a, const void *b)
{
	const struct ticket_row *x = a, *y = b;

	return (x->id.v > y->id.v) - (x->id.v < y->id.v);
}

/* Tickets that the reader may see, sorted by id: asked for in pieces of a hundred. */
static enum rc visible(struct db_tx *tx, struct arena *out, const struct actor *who, const struct clock_proof *p, size_t n, struct ticket_row **ret,
		       size_t *ret_n, struct err *err)
{
	struct ticket_row *all = arena_array(out, struct ticket_row, n + 1), *some;
	size_t n_all = 0, n_some;
	struct str next;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < n && rc == RC_OK;) {
		struct ticket_query q = { .ids = arena_array(out, struct ticket_id, CHUNK), .max = CHUNK };

		for (; i < n && q.n_ids < CHUNK; i++)
			if (q.n_ids == 0 || q.ids[q.n_ids - 1].v != p[i].clock.ticket.v)
				q.ids[q.n_ids++] = p[i].clock.ticket;
		n_some = 0;
		rc = ticket_list(tx, out, who, &q, &some, &n_some, &next, err);
		for (size_t k = 0; k < n_some && rc == RC_OK && n_all < n; k++)
			all[n_all++] = some[k];
	}
	if (n_all)
		qsort(all, n_all, sizeof(*all), by_id);
	*ret = all;
	*ret_n = n_all;
	return rc;
}

enum rc clock_proofs(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant from, struct instant to, struct account_id account,
		     size_t max, struct clock_proof **ret, size_t *ret_n, struct err *err)
{
	VEC(struct clock_proof) v = { 0 };
	struct db_rows r = { 0 };
	struct ticket_row *rows = NULL;
	size_t n = 0, kept = 0;
	enum rc rc = db_select(tx, &q_proof,
			       DB_ARGS(db_i64("from", from.us), db_i64("to", to.us), db_i64("account", account.v), db_i64("max", (int64_t)max)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct clock_proof){ .clock = { .ticket = { db_col_i64(&r, 0) },
								     .metric = (enum metric)db_col_i64(&r, 1),
								     .cycle = (int)db_col_i64(&r, 2),
								     .state = CLOCK_STOPPED,
								     .criticality = (int)db_col_i64(&r, 3),
								     .goal = db_col_i64(&r, 4),
								     .elapsed = db_col_i64(&r, 5),
								     .started_at = db_col_time(&r, 6),
								     .stopped_at = db_col_time(&r, 7),
								     .due_at = db_col_time(&r, 8),
								     .breached_at = db_col_time(&r, 9) },
							  .plan_code = db_col_str(&r, 10, out) };
	db_rows_end(&r);
	rc = rc == RC_NOT_FOUND ? RC_OK : rc;
	if (rc == RC_OK)
		rc = visible(tx, out, who, v.at, v.n, &rows, &n, err);
	for (size_t i = 0; i < v.n && rc == RC_OK && n; i++) {
		struct ticket_row key = { .id = v.at[i].clock.ticket };
		const struct ticket_row *row = bsearch(&key, rows, n, sizeof(*rows), by_id);

		if (row) {
			v.at[kept] = v.at[i];
			v.at[kept++].row = *row;
		}
	}
	*ret = v.at;
	*ret_n = rc == RC_OK ? kept : 0;
	return rc;
}

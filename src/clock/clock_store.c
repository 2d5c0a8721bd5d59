/* clock: its rows: policies (never changed), and one row a cycle with its next moment for the scheduler. */
#include "clock/clock_private.h"
#include "util/crypt.h"
#include "util/json.h"

#define COLS                                                                                                               \
	"SELECT ticket_id, metric, cycle, state, criticality, told, policy_id, goal, elapsed, started_at, stopped_at,"     \
	" due_at, breached_at, next_at FROM clock "
#define TICKET                                                                                                             \
	"SELECT t.account_id, t.kind, t.criticality, t.opened_at, t.plan_code,"                                            \
	" (SELECT p.code FROM subscription s JOIN plan p ON p.id = s.plan_id WHERE s.id = t.subscription_id)"              \
	" FROM ticket t WHERE t.id = :id"
DB_QUERY(q_ticket, "clock.ticket", TICKET);
DB_QUERY2(q_ticket_lock, "clock.ticket_lock", TICKET, TICKET " FOR NO KEY UPDATE OF t");
DB_QUERY(q_policy, "clock.policy", "SELECT id, plan_code, targets FROM clock_policy WHERE id = :id");
DB_QUERY(q_policy_hash, "clock.policy_hash", "SELECT id FROM clock_policy WHERE hash = :hash");
DB_QUERY(q_policy_add, "clock.policy_add",
	 "INSERT INTO clock_policy (hash, plan_code, targets, at) VALUES (:hash, :plan, :targets, :at)"
	 " ON CONFLICT (hash) DO NOTHING");
DB_QUERY(q_rows, "clock.rows", COLS "WHERE ticket_id = :ticket ORDER BY metric, cycle");
DB_QUERY(q_save, "clock.save",
	 "INSERT INTO clock (ticket_id, metric, cycle, state, criticality, told, policy_id, goal, elapsed, started_at,"
	 " stopped_at, due_at, breached_at, next_at) VALUES (:ticket, :metric, :cycle, :state, :criticality, :told, :policy,"
	 " :goal, :elapsed, :started, :stopped, :due, :breached, :next)"
	 " ON CONFLICT (ticket_id, metric, cycle) DO UPDATE SET state = excluded.state, criticality = excluded.criticality,"
	 " told = excluded.told, policy_id = excluded.policy_id, goal = excluded.goal, elapsed = excluded.elapsed,"
	 " started_at = excluded.started_at, stopped_at = excluded.stopped_at, due_at = excluded.due_at,"
	 " breached_at = excluded.breached_at, next_at = excluded.next_at");
DB_QUERY(q_drop, "clock.drop", "DELETE FROM clock WHERE ticket_id = :ticket AND metric = :metric AND cycle = :cycle");
DB_QUERY(q_due, "clock.due",
	 "SELECT ticket_id FROM clock WHERE next_at IS NOT NULL AND next_at <= :now ORDER BY next_at LIMIT :max");
DB_QUERY(q_next, "clock.next", "SELECT next_at FROM clock WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 1");
DB_QUERY(q_running, "clock.running_after",
	 "SELECT DISTINCT ticket_id FROM clock WHERE state <= 2 AND ticket_id > :after ORDER BY ticket_id LIMIT :max");

enum rc clock_ticket(struct db_tx *tx, struct arena *out, struct ticket_id id, bool lock, struct clock_ticket *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, lock ? &q_ticket_lock : &q_ticket, DB_ARGS(db_i64("id", id.v)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? fail(err, rc, "There is no such ticket.") : rc;
	*ret = (struct clock_ticket){ .id = id,
				      .account = { db_col_i64(&r, 0) },
				      .kind = (enum ticket_kind)db_col_i64(&r, 1),
				      .criticality = (int)db_col_i64(&r, 2),
				      .opened_at = db_col_time(&r, 3),
				      .plan_frozen = db_col_str(&r, 4, out),
				      .plan_now = db_col_str(&r, 5, out) };
	return RC_OK;
}

/* ---- policies ---- */

static enum rc load_calendars(struct db_tx *tx, struct arena *out, struct clock_policy *p, struct err *err)
{
	for (int i = 0; i < 25; i++) {
		struct clock_target *t = &p->target[i / 5][i % 5];
		struct calendar_revision *c;

		if (!t->revision)
			continue;
		for (int k = 0; k < i && !t->calendar; k++)
			if (p->target[k / 5][k % 5].revision == t->revision)
				t->calendar = p->target[k / 5][k % 5].calendar;
		if (t->calendar)
			continue;
		c = arena_new(out, struct calendar_revision);
		enum rc rc = calendar_revision_find(tx, out, t->revision, c, err);

		if (rc != RC_OK)
			return rc;
		t->calendar = &c->rules;
	}
	return RC_OK;
}

/* What targets_text() writes: an array of arrays of whole numbers. Read with each ticket that opens, so not by a reader
 * of all JSON. */
static void parse_targets(const char *z, size_t n, struct clock_policy *p)
{
	int64_t v[6] = { 0 };
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (z[i] >= '0' && z[i] <= '9') {
			if (k < COUNT(v))
				v[k] = v[k] * 10 + (z[i] - '0');
			continue;
		}
		if (z[i] == ',')
			k++;
		if (z[i] != ']' && z[i] != '[')
			continue;
		if (z[i] == ']' && k == 5 && v[0] >= 1 && v[0] <= 4 && v[1] >= 1 && v[1] <= 4)
			p->target[v[0]][v[1]] = (struct clock_target){
				.goal = v[2] * MINUTE_US, .revision = v[3], .warn = (int)v[4], .pauses = (unsigned)v[5]
			};
		memset(v, 0, sizeof(v));
		k = 0;
	}
}

enum rc clock_policy_load(struct db_tx *tx, struct arena *out, int64_t id, struct clock_policy *ret, struct err *err)
{
	struct db_rows r = { 0 };
	enum rc rc = db_select(tx, &q_policy, DB_ARGS(db_i64("id", id)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK) {
		struct str s = db_col_peek(&r, 2);

		*ret = (struct clock_policy){ .id = id, .plan_code = db_col_str(&r, 1, out) };
		parse_targets(s.p, s.n, ret);
	}
	db_rows_end(&r);
	return rc == RC_OK ? load_calendars(tx, out, ret, err) : rc;
}

/* One row a promise, or one with nothing for a plan without any. */
DB_QUERY(q_promises, "clock.promises",
	 "SELECT t.criticality, t.metric, t.minutes, COALESCE(t.calendar_id, p.calendar_id, 0), t.warn, t.pauses"
	 " FROM plan p LEFT JOIN plan_target t ON t.plan_id = p.id WHERE p.code = :code ORDER BY t.criticality, t.metric");

/* The plan's promises as text; calendars by the newest revision. RC_NOT_FOUND: there is no such plan. */
static enum rc targets_text(struct db_tx *tx, struct str plan_code, struct buf *out, struct err *err)
{
	struct json j;
	int64_t asked = 0, revision = 0; /* the calendar is nearly always the same one for all */
	bool any = false;
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_promises, DB_ARGS(db_str("code", plan_code)), &r, err);

	json_init(&j, out);
	json_arr(&j);
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		int metric = (int)db_col_i64(&r, 1);
		int64_t minutes = db_col_i64(&r, 2), calendar = db_col_i64(&r, 3), warn = db_col_i64(&r, 4), pauses = db_col_i64(&r, 5);

		any = true;
		if (!minutes)
			continue;
		if (!calendar)
			revision = 0;
		else if (calendar != asked && (rc = calendar_revision_now(tx, (struct calendar_id){ calendar }, &revision, err)) != RC_OK)
			return rc;
		asked = calendar;
		if (pauses == PAUSE_DEFAULT)
			pauses = metric == METRIC_FIRST_RESPONSE ? PAUSE_NEVER : PAUSE_CUSTOMER;
		json_arr(&j);
		json_i64(&j, db_col_i64(&r, 0));
		json_i64(&j, metric);
		json_i64(&j, minutes);
		json_i64(&j, revision);
		json_i64(&j, warn ? warn : 75);
		json_i64(&j, pauses);
		json_end_arr(&j);
	}
	json_end_arr(&j);
	if (rc != RC_NOT_FOUND)
		return rc;
	return any ? RC_OK : fail(err, RC_NOT_FOUND, "There is no plan with this code.");
}

enum rc clock_policy_of(struct db_tx *tx, struct arena *a, struct str plan_code, struct instant now, bool make, int64_t *ret,
			struct clock_policy *ret_policy, struct err *err)
{
	AUTO_BUF b;

	buf_init(&b, 8192);
	*ret = 0;
	enum rc rc = targets_text(tx, plan_code, &b, err);
	if (rc != RC_OK)
		return rc;
	struct str hash = sha256_hex(a, arena_strf(a, STR_F "\n" STR_F, STR_A(plan_code), STR_A(buf_str(&b))));

	if (make && (rc = db_exec(tx, &q_policy_add,
				  DB_ARGS(db_str("hash", hash), db_str("plan", plan_code), db_str("targets", buf_str(&b)), db_i64("at", now.us)), NULL,
				  err)) != RC_OK)
		return rc;
	rc = db_get_i64(tx, &q_policy_hash, DB_ARGS(db_str("hash", hash)), ret, err);
	if (rc == RC_NOT_FOUND && !make)
		rc = RC_OK; /* a page is quicker than the reader of the log: the promise is known, its row is not there yet */
	if (rc == RC_OK && ret_policy) {
		*ret_policy = (struct clock_policy){ .id = *ret ? *ret : -1, .plan_code = plan_code };
		parse_targets(b.p, b.n, ret_policy);
		rc = load_calendars(tx, a, ret_policy, err);
	}
	return rc;
}

/* ---- cycles ---- */

static struct clock_row row(struct db_rows *r)
{
	return (struct clock_row){ .ticket = { db_col_i64(r, 0) },
				   .metric = (enum metric)db_col_i64(r, 1),
				   .cycle = (int)db_col_i64(r, 2),
				   .state = (enum clock_state)db_col_i64(r, 3),
				   .criticality = (int)db_col_i64(r, 4),
				   .told = (int)db_col_i64(r, 5),
				   .policy = db_col_i64(r, 6),
				   .goal = db_col_i64(r, 7),
				   .elapsed = db_col_i64(r, 8),
				   .started_at = db_col_time(r, 9),
				   .stopped_at = db_col_time(r, 10),
				   .due_at = db_col_time(r, 11),
				   .breached_at = db_col_time(r, 12),
				   .next_at = db_col_time(r, 13) };
}

enum rc clock_rows(struct db_tx *tx, struct arena *out, struct ticket_id id, struct clock_row **ret, size_t *ret_n, struct err *err)
{
	VEC(struct clock_row) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_rows, DB_ARGS(db_i64("ticket", id.v)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = row(&r);
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc clock_row_save(struct db_tx *tx, const struct clock_row *x, struct err *err)
{
	return db_exec(tx, &q_save,
		       DB_ARGS(db_i64("ticket", x->ticket.v), db_i64("metric", x->metric), db_i64("cycle", x->cycle), db_i64("state", x->state),
			       db_i64("criticality", x->criticality), db_i64("told", x->told), db_i64("policy", x->policy), db_i64("goal", x->goal),
			       db_i64("elapsed", x->elapsed), db_i64("started", x->started_at.us), db_time("stopped", x->stopped_at),
			       db_time("due", x->due_at), db_time("breached", x->breached_at), db_time("next", x->next_at)),
		       NULL, err);
}

enum rc clock_row_drop(struct db_tx *tx, const struct clock_row *x, struct err *err)
{
	return db_exec(tx, &q_drop, DB_ARGS(db_i64("ticket", x->ticket.v), db_i64("metric", x->metric), db_i64("cycle", x->cycle)), NULL, err);
}

static enum rc ids(struct db_tx *tx, struct arena *out, const struct db_query *q, struct db_args args, struct ticket_id **ret, size_t *ret_n,
		   struct err *err)
{
	VEC(struct ticket_id) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, args, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct ticket_id){ db_col_i64(&r, 0) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc clock_due(struct db_tx *tx, struct arena *out, struct instant now, size_t max, struct ticket_id **ret, size_t *ret_n, struct err *err)
{
	return ids(tx, out, &q_due, DB_ARGS(db_i64("now", now.us), db_i64("max", (int64_t)max)), ret, ret_n, err);
}

enum rc clock_running_after(struct db_tx *tx, struct arena *out, struct ticket_id after, size_t max, struct ticket_id **ret, size_t *ret_n,
			    struct err *err)
{
	return ids(tx, out, &q_running, DB_ARGS(db_i64("after", after.v), db_i64("max", (int64_t)max)), ret, ret_n, err);
}

enum rc clock_next(struct db_tx *tx, struct instant *ret, struct err *err)
{
	return db_get_i64(tx, &q_next, DB_NO_ARGS, &ret->us, err);
}

enum rc clock_nearest(struct db_tx *tx, struct arena *out, const struct ticket_id *list, size_t n, struct clock_row **ret, size_t *ret_n,
		      struct err *err)
{
	VEC(struct clock_row) v = { 0 };
	AUTO_ROWS r = { 0 };
	AUTO_BUF sql;

	buf_init(&sql, 16384);
	*ret = NULL;
	*ret_n = 0;
	if (n == 0)
		return RC_OK;
	/* Numbers of ours, not text of people: written out, in groups of sizes that repeat. */
	struct db_arg *args = arena_array(out, struct db_arg, 256);
	size_t room = n <= 8 ? 8 : n <= 32 ? 32 : n <= 100 ? 100 : 250;

	buf_addz(&sql, COLS "WHERE state <= 2 AND ticket_id IN (");
	for (size_t i = 0; i < room; i++) {
		struct str name = arena_strf(out, "t%zu", i);

		buf_addf(&sql, "%s:" STR_F, i ? "," : "", STR_A(name));
		args[i] = db_i64(name.p, i < n ? list[i].v : 0);
	}
	buf_addz(&sql, ") ORDER BY ticket_id, due_at IS NULL, due_at");
	enum rc rc = db_select_built(tx, arena_strf(out, "clock.nearest%zu", room), buf_str(&sql), (struct db_args){ args, room }, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		struct clock_row x = row(&r);

		if (v.n == 0 || v.at[v.n - 1].ticket.v != x.ticket.v)
			*VEC_ADD(out, &v) = x;
	}
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc clock_estimate_days(struct db_tx *tx, struct arena *out, int complexity, int *ret, struct err *err)
{
	static const int usual[] = ESTIMATE_DAYS;
	static const char *const key[] = { "", "estimate-s", "estimate-m", "estimate-l" };
	struct str set;
	int64_t days;

	*ret = 0;
	if (complexity < 1 || complexity > 3)
		return RC_OK;
	enum rc rc = setting_get(tx, out, key[complexity], &set, err);

	*ret = rc == RC_OK && str_to_i64(set, &days) == RC_OK && days > 0 && days < 366 ? (int)days : usual[complexity];
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* entitlement: plans as data. A plan is a row, what channels it allows and what times it promises; always read as a
 * whole, for one plan or for all, in three queries. */
#include "entitlement/plan_store.h"
#include "util/json.h"

#define PLANS_MAX 200

#define PLAN_COLS    "SELECT id, code, name, support, rank, calendar_id, quota_month, approval FROM plan "
#define CHANNEL_COLS "SELECT plan_id, kind, criticality, channel FROM plan_channel "
#define TARGET_COLS  "SELECT plan_id, criticality, metric, minutes, calendar_id, warn, pauses FROM plan_target "
DB_QUERY(q_plan, "plan.find", PLAN_COLS "WHERE id = :id");
DB_QUERY(q_plan_code, "plan.find_code", PLAN_COLS "WHERE code = :code");
DB_QUERY(q_channels, "plan.channels", CHANNEL_COLS "WHERE plan_id = :id");
DB_QUERY(q_targets, "plan.targets", TARGET_COLS "WHERE plan_id = :id");
DB_QUERY(q_list, "plan.list", PLAN_COLS "ORDER BY rank, id LIMIT :max");
DB_QUERY(q_list_channels, "plan.list_channels",
         CHANNEL_COLS "WHERE plan_id IN (SELECT id FROM plan ORDER BY rank, id LIMIT :max)");
DB_QUERY(q_list_targets, "plan.list_targets",
         TARGET_COLS "WHERE plan_id IN (SELECT id FROM plan ORDER BY rank, id LIMIT :max)");
DB_QUERY(q_save, "plan.save",
         "INSERT INTO plan (code, name, support, rank, calendar_id, quota_month, approval)"
         " VALUES (:code, :name, :support, :rank, :calendar, :quota, :approval)"
         " ON CONFLICT (code) DO UPDATE SET name = excluded.name, support = excluded.support, rank = excluded.rank,"
         " calendar_id = excluded.calendar_id, quota_month = excluded.quota_month,"
         " approval = excluded.approval RETURNING id");
DB_QUERY(q_clear_channels, "plan.clear_channels", "DELETE FROM plan_channel WHERE plan_id = :id");
DB_QUERY(q_clear_targets, "plan.clear_targets", "DELETE FROM plan_target WHERE plan_id = :id");
DB_QUERY(q_add_channel, "plan.add_channel",
         "INSERT INTO plan_channel (plan_id, kind, criticality, channel) VALUES (:id, :kind, :criticality, :channel)");
DB_QUERY(q_add_target, "plan.add_target",
         "INSERT INTO plan_target (plan_id, criticality, metric, minutes, calendar_id, warn, pauses)"
         " VALUES (:id, :criticality, :metric, :minutes, :calendar, :warn, :pauses)");

static struct plan plan_row(struct db_rows *r, struct arena *out)
{
	return (struct plan){ .id = { db_col_i64(r, 0) },
		              .code = db_col_str(r, 1, out),
		              .name = db_col_str(r, 2, out),
		              .support = db_col_i64(r, 3) != 0,
		              .rank = (int)db_col_i64(r, 4),
		              .calendar = { db_col_i64(r, 5) },
		              .quota_month = db_col_null(r, 6) ? -1 : db_col_i64(r, 6),
		              .approval = db_col_i64(r, 7) != 0 };
}

static bool in_range(int64_t v, int64_t from, int64_t to)
{
	return v >= from && v <= to;
}

static void add_channel(struct plan *p, struct db_rows *r)
{
	int64_t kind = db_col_i64(r, 1), criticality = db_col_i64(r, 2), channel = db_col_i64(r, 3);

	if (p->id.v == db_col_i64(r, 0) && in_range(kind, 1, 2) && in_range(criticality, 0, 4) &&
	    in_range(channel, 1, 7))
		p->channels[kind][criticality] |= (uint8_t)(1U << channel);
}

static void add_target(struct plan *p, struct db_rows *r)
{
	int64_t criticality = db_col_i64(r, 1), metric = db_col_i64(r, 2);

	if (p->id.v != db_col_i64(r, 0) || !in_range(criticality, 1, 4) || !in_range(metric, 1, 4))
		return;
	p->target[criticality][metric] = (int32_t)db_col_i64(r, 3);
	p->target_calendar[criticality][metric] = (struct calendar_id){ db_col_i64(r, 4) };
	p->warn[criticality][metric] = (uint8_t)db_col_i64(r, 5);
	p->pauses[criticality][metric] = (uint8_t)db_col_i64(r, 6);
}

static enum rc each_row(struct db_tx *tx, const struct db_query *q, struct db_args args, struct plan *const *plans,
                        size_t n, void (*add)(struct plan *p, struct db_rows *r), struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, q, args, &rows, err);

	if (rc != RC_OK)
		return rc;
	while ((rc = db_next(&rows, err)) == RC_OK) {
		for (size_t i = 0; i < n; i++)
			add(plans[i], &rows);
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc plan_fill(struct db_tx *tx, const struct db_query *channels, const struct db_query *targets,
                  struct db_args args, struct plan *const *plans, size_t n, struct err *err)
{
	enum rc rc = each_row(tx, channels, args, plans, n, add_channel, err);

	return rc == RC_OK && targets ? each_row(tx, targets, args, plans, n, add_target, err) : rc;
}

static enum rc one_plan(struct db_tx *tx, struct arena *out, const struct db_query *q, struct db_args args,
                        struct plan *ret, struct err *err)
{
	struct db_rows rows = { 0 };
	struct plan p = { 0 }, *one = &p;
	enum rc rc = db_select(tx, q, args, &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_OK)
		p = plan_row(&rows, out);
	db_rows_end(&rows);
	if (rc == RC_OK)
		rc = plan_fill(tx, &q_channels, &q_targets, DB_ARGS(db_i64("id", p.id.v)), &one, 1, err);
	if (rc == RC_OK)
		*ret = p;
	return rc == RC_NOT_FOUND ? fail(err, rc, "There is no such plan.") : rc;
}

enum rc plan_find(struct db_tx *tx, struct arena *out, struct plan_id id, struct plan *ret, struct err *err)
{
	return one_plan(tx, out, &q_plan, DB_ARGS(db_i64("id", id.v)), ret, err);
}

enum rc plan_find_code(struct db_tx *tx, struct arena *out, struct str code, struct plan *ret, struct err *err)
{
	return one_plan(tx, out, &q_plan_code, DB_ARGS(db_str("code", code)), ret, err);
}

enum rc plan_list(struct db_tx *tx, struct arena *out, struct plan **ret, size_t *ret_n, struct err *err)
{
	struct db_rows rows = { 0 };
	VEC(struct plan) v = { 0 };
	struct db_args args = DB_ARGS(db_i64("max", PLANS_MAX));
	enum rc rc = db_select(tx, &q_list, args, &rows, err);

	while (rc == RC_OK && (rc = db_next(&rows, err)) == RC_OK)
		*VEC_ADD(out, &v) = plan_row(&rows, out);
	db_rows_end(&rows);
	if (rc != RC_NOT_FOUND)
		return rc;
	struct plan **each = arena_array(out, struct plan *, v.n + 1);

	for (size_t i = 0; i < v.n; i++)
		each[i] = &v.at[i];
	*ret = v.at;
	*ret_n = v.n;
	return plan_fill(tx, &q_list_channels, &q_list_targets, args, each, v.n, err);
}

/* ---- saving ---- */

static enum rc check_plan(const struct actor *who, const struct plan *p, struct err *err)
{
	if (!actor_is_admin(who) || who->token_scope == SCOPE_READ)
		return fail(err, RC_DENIED, "Only an administrator may change plans. Nothing was changed.");
	if (p->code.n == 0 || p->code.n > 40 || !str_utf8_valid(p->code) || str_has_control(p->code) ||
	    str_find_byte(p->code, ' ') != STR_NONE)
		return fail_field(err, RC_INVALID, "code", "The code is a word of at most 40 characters, like BASIC.");
	if (str_trim(p->name).n == 0 || p->name.n > 200 || !str_utf8_valid(p->name) || str_has_control(p->name))
		return fail_field(err, RC_INVALID, "name", "Give the plan a name of at most 200 characters.");
	for (size_t c = 1; c <= 4; c++) {
		for (size_t m = 1; m <= 4; m++) {
			if (p->target[c][m] < 0)
				return fail_field(err, RC_INVALID, "target",
				                  "A promised time is a number of minutes above zero, or empty.");
			if (p->warn[c][m] > 100)
				return fail_field(err, RC_INVALID, "warn",
				                  "A warning comes after 1 to 100 percent of the time.");
		}
	}
	return RC_OK;
}

static enum rc save_channels(struct db_tx *tx, struct plan_id id, const struct plan *p, struct err *err)
{
	enum rc rc = db_exec(tx, &q_clear_channels, DB_ARGS(db_i64("id", id.v)), NULL, err);

	for (int kind = 1; kind <= 2; kind++) {
		for (int criticality = 0; criticality <= 4; criticality++) {
			for (int channel = 1; channel <= CHANNEL_AGENT && rc == RC_OK; channel++) {
				if (p->channels[kind][criticality] & (1U << channel))
					rc = db_exec(tx, &q_add_channel,
					             DB_ARGS(db_i64("id", id.v), db_i64("kind", kind),
					                     db_i64("criticality", criticality),
					                     db_i64("channel", channel)),
					             NULL, err);
			}
		}
	}
	return rc;
}

static enum rc save_targets(struct db_tx *tx, struct plan_id id, const struct plan *p, struct err *err)
{
	enum rc rc = db_exec(tx, &q_clear_targets, DB_ARGS(db_i64("id", id.v)), NULL, err);

	for (int criticality = 1; criticality <= 4; criticality++) {
		for (int metric = 1; metric <= 4 && rc == RC_OK; metric++) {
			if (p->target[criticality][metric])
				rc = db_exec(tx, &q_add_target,
				             DB_ARGS(db_i64("id", id.v), db_i64("criticality", criticality),
				                     db_i64("metric", metric),
				                     db_i64("minutes", p->target[criticality][metric]),
				                     db_id("calendar", p->target_calendar[criticality][metric].v),
				                     db_i64("warn", p->warn[criticality][metric]
				                                            ? p->warn[criticality][metric]
				                                            : 75),
				                     db_i64("pauses", p->pauses[criticality][metric] & 7)),
				             NULL, err);
		}
	}
	return rc;
}

static enum rc tell(struct db_tx *tx, const struct actor *who, struct instant now, struct plan_id id,
                    const struct plan *p, struct err *err)
{
	struct event e = { .at = now, .kind = STR(EV_PLAN) };
	struct event_id event;
	AUTO_BUF b;
	struct json j;

	buf_init(&b, 4096);
	json_init(&j, &b);
	json_obj(&j);
	json_kstr(&j, "what", STR("saved"));
	json_ki64(&j, "id", id.v);
	json_kstr(&j, "code", p->code);
	json_kstr(&j, "name", p->name);
	json_kbool(&j, "support", p->support);
	json_ki64(&j, "quota_month", p->quota_month);
	json_kbool(&j, "approval", p->approval);
	json_end_obj(&j);
	event_by(&e, who);
	e.data = buf_str(&b);
	return event_append(tx, &e, &event, err);
}

enum rc plan_save(struct db_tx *tx, const struct actor *who, struct instant now, const struct plan *p,
                  struct plan_id *ret, struct err *err)
{
	enum rc rc = check_plan(who, p, err);

	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_save,
		                DB_ARGS(db_str("code", p->code), db_str("name", str_trim(p->name)),
		                        db_i64("support", p->support), db_i64("rank", p->rank),
		                        db_id("calendar", p->calendar.v),
		                        p->quota_month < 0 ? db_id("quota", 0) : db_i64("quota", p->quota_month),
		                        db_i64("approval", p->approval)),
		                &ret->v, err);
	if (rc == RC_OK)
		rc = save_channels(tx, *ret, p, err);
	if (rc == RC_OK)
		rc = save_targets(tx, *ret, p, err);
	if (rc == RC_CONFLICT)
		return fail_field(err, RC_INVALID, "calendar", "There is no such calendar.");
	return rc == RC_OK ? tell(tx, who, now, *ret, p, err) : rc;
}

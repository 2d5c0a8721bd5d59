/* oncall: rows of schedules, overrides, policies and rules. Texts are checked before they are kept. */
#include "oncall/oncall.h"
#include "util/crypt.h"
#include "util/json.h"

#define SCHEDULES_MAX 100
#define OVERRIDES_MAX 500

DB_QUERY(q_find, "oncall.find", "SELECT id, name, zone, layers FROM oncall_schedule WHERE id = :id");
DB_QUERY(q_list, "oncall.list", "SELECT id, name, zone, layers FROM oncall_schedule ORDER BY name, id LIMIT :max");
DB_QUERY(q_add, "oncall.add",
	 "INSERT INTO oncall_schedule (name, zone, layers, feed) VALUES (:name, :zone, :layers, :feed) RETURNING id");
DB_QUERY(q_change, "oncall.change", "UPDATE oncall_schedule SET name = :name, zone = :zone, layers = :layers WHERE id = :id");
DB_QUERY(q_overrides, "oncall.overrides",
	 "SELECT id, from_at, to_at, agent_id, instead_of, made_by FROM oncall_override"
	 " WHERE schedule_id = :schedule AND to_at > :from AND from_at < :to ORDER BY id LIMIT :max");
DB_QUERY(q_override, "oncall.override",
	 "INSERT INTO oncall_override (schedule_id, from_at, to_at, agent_id, instead_of, made_by, made_at)"
	 " VALUES (:schedule, :from, :to, :agent, :instead, :by, :at)");
DB_QUERY(q_drop_override, "oncall.drop_override", "DELETE FROM oncall_override WHERE id = :id AND schedule_id = :schedule");
DB_QUERY(q_policies, "oncall.policies", "SELECT id, name, steps, secret FROM oncall_policy ORDER BY name, id LIMIT :max");
DB_QUERY(q_policy, "oncall.policy", "SELECT id, name, steps, secret FROM oncall_policy WHERE id = :id");
DB_QUERY(q_policy_add, "oncall.policy_add", "INSERT INTO oncall_policy (name, steps, secret) VALUES (:name, :steps, :secret) RETURNING id");
DB_QUERY(q_policy_change, "oncall.policy_change", "UPDATE oncall_policy SET name = :name, steps = :steps WHERE id = :id");
DB_QUERY(q_rules, "oncall.rules", "SELECT criticality, trigger, policy_id FROM oncall_rule");
DB_QUERY(q_rule_drop, "oncall.rule_drop", "DELETE FROM oncall_rule WHERE criticality = :criticality AND trigger = :trigger");
DB_QUERY(q_rule_add, "oncall.rule_add", "INSERT INTO oncall_rule (criticality, trigger, policy_id) VALUES (:criticality, :trigger, :policy)");

static enum rc load_overrides(struct db_tx *tx, struct arena *out, struct instant from, struct instant to, struct oncall_schedule *s, struct err *err)
{
	VEC(struct oncall_override) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_overrides,
			       DB_ARGS(db_i64("schedule", s->id), db_i64("from", from.us), db_i64("to", to.us), db_i64("max", OVERRIDES_MAX)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct oncall_override){ .id = db_col_i64(&r, 0),
							      .from = db_col_time(&r, 1),
							      .to = db_col_time(&r, 2),
							      .agent = { db_col_i64(&r, 3) },
							      .instead_of = { db_col_i64(&r, 4) },
							      .made_by = db_col_str(&r, 5, out) };
	s->overrides = v.at;
	s->n_overrides = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc row(struct db_rows *r, struct arena *out, struct oncall_schedule *ret, struct err *err)
{
	struct str zone = db_col_str(r, 2, out);

	*ret = (struct oncall_schedule){ .id = db_col_i64(r, 0), .name = db_col_str(r, 1, out) };
	return oncall_parse(out, db_col_peek(r, 3), zone, ret, err);
}

static enum rc find(struct db_tx *tx, struct arena *out, const struct db_query *q, struct db_args args, struct instant from, struct instant to,
		    struct oncall_schedule *ret, struct err *err)
{
	struct db_rows r = { 0 };
	enum rc rc = db_select(tx, q, args, &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK)
		rc = row(&r, out, ret, err);
	db_rows_end(&r);
	if (rc == RC_NOT_FOUND)
		return fail(err, rc, "There is no such schedule.");
	return rc == RC_OK ? load_overrides(tx, out, from, to, ret, err) : rc;
}

enum rc oncall_find(struct db_tx *tx, struct arena *out, int64_t id, struct instant from, struct instant to, struct oncall_schedule *ret, struct err *err)
{
	return find(tx, out, &q_find, DB_ARGS(db_i64("id", id)), from, to, ret, err);
}

enum rc oncall_list(struct db_tx *tx, struct arena *out, struct instant from, struct instant to, struct oncall_schedule **ret, size_t *ret_n,
		    struct err *err)
{
	VEC(struct oncall_schedule) v = { 0 };
	struct db_rows r = { 0 };
	enum rc rc = db_select(tx, &q_list, DB_ARGS(db_i64("max", SCHEDULES_MAX)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		rc = row(&r, out, VEC_ADD(out, &v), err);
	db_rows_end(&r);
	rc = rc == RC_NOT_FOUND ? RC_OK : rc;
	for (size_t i = 0; i < v.n && rc == RC_OK; i++)
		rc = load_overrides(tx, out, from, to, &v.at[i], err);
	*ret = v.at;
	*ret_n = v.n;
	return rc;
}

enum rc oncall_on_duty(struct db_tx *tx, struct arena *out, int64_t schedule, struct instant now, struct agent *ret, struct err *err)
{
	struct oncall_schedule s;
	enum rc rc = oncall_find(tx, out, schedule, now, time_add(now, 1), &s, err);

	*ret = (struct agent){ 0 };
	if (rc != RC_OK)
		return rc;
	struct agent_id on = oncall_at(&s, now);

	return on.v ? agent_find(tx, out, on, ret, err) : RC_OK;
}

/* ---- changes ---- */

static enum rc tell(struct db_tx *tx, const struct actor *who, struct instant now, const char *what, int64_t id, struct str name, struct err *err)
{
	struct event e = { .at = now, .kind = STR(EV_ONCALL) };
	struct json j;
	AUTO_BUF b;

	buf_init(&b, 4096);
	json_init(&j, &b);
	json_obj(&j);
	json_kstr(&j, "what", str_of(what));
	json_ki64(&j, "id", id);
	json_kstr(&j, "name", name);
	json_end_obj(&j);
	e.data = buf_str(&b);
	event_by(&e, who);
	return event_append(tx, &e, NULL, err);
}

static enum rc may(const struct actor *who, bool admin, struct err *err)
{
	if (who->token_scope == SCOPE_READ || (admin ? !actor_is_admin(who) : !actor_is_agent(who)))
		return fail(err, RC_DENIED, admin ? "Only administrators change schedules and policies. Nothing was changed."
						   : "Only agents change who is on duty. Nothing was changed.");
	return RC_OK;
}

static enum rc check_name(struct str name, struct err *err)
{
	if (str_trim(name).n == 0 || name.n > 200 || str_has_control(name) || !str_utf8_valid(name))
		return fail_field(err, RC_INVALID, "name", "Give it a name of at most 200 characters.");
	return RC_OK;
}

static enum rc taken(enum rc rc, struct err *err)
{
	return rc == RC_CONFLICT ? fail_field(err, rc, "name", "There is one of this name already. Choose another name.") : rc;
}

enum rc oncall_save(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t id, struct str name, struct str zone,
		    struct str layers_json, int64_t *ret, struct err *err)
{
	struct oncall_schedule s;
	int64_t n = 1;
	enum rc rc = may(who, true, err);

	if (rc == RC_OK)
		rc = check_name(name, err);
	if (rc == RC_OK)
		rc = oncall_parse(a, layers_json, zone, &s, err);
	if (rc != RC_OK)
		return rc;
	*ret = id;
	if (id)
		rc = db_exec(tx, &q_change, DB_ARGS(db_i64("id", id), db_str("name", name), db_str("zone", zone), db_str("layers", layers_json)), &n, err);
	else
		rc = db_get_i64(tx, &q_add,
				DB_ARGS(db_str("name", name), db_str("zone", zone), db_str("layers", layers_json), db_str("feed", random_token(a))), ret, err);
	if (rc == RC_OK && n == 0)
		return fail(err, RC_NOT_FOUND, "There is no such schedule.");
	return rc == RC_OK ? tell(tx, who, now, "schedule", *ret, name, err) : taken(rc, err);
}

enum rc oncall_override(struct db_tx *tx, const struct actor *who, struct instant now, int64_t schedule, const struct oncall_override *o, struct err *err)
{
	enum rc rc = may(who, false, err);

	if (rc == RC_OK && (!time_before(o->from, o->to) || o->to.us - o->from.us > 366 * DAY_US))
		rc = fail_field(err, RC_INVALID, "to", "It ends after it begins, and within a year.");
	if (rc == RC_OK)
		rc = db_exec(tx, &q_override,
			     DB_ARGS(db_i64("schedule", schedule), db_i64("from", o->from.us), db_i64("to", o->to.us), db_id("agent", o->agent.v),
				     db_id("instead", o->instead_of.v), db_str("by", who->name.n ? who->name : STR("Carrel")), db_i64("at", now.us)),
			     NULL, err);
	if (rc == RC_CONFLICT)
		return fail(err, RC_NOT_FOUND, "There is no such schedule or agent.");
	return rc == RC_OK ? tell(tx, who, now, "override", schedule, STR(""), err) : rc;
}

enum rc oncall_drop_override(struct db_tx *tx, const struct actor *who, struct instant now, int64_t schedule, int64_t id, struct err *err)
{
	int64_t n = 0;
	enum rc rc = may(who, false, err);

	if (rc == RC_OK)
		rc = db_exec(tx, &q_drop_override, DB_ARGS(db_i64("id", id), db_i64("schedule", schedule)), &n, err);
	return rc == RC_OK && n ? tell(tx, who, now, "override.dropped", schedule, STR(""), err) : rc;
}

/* ---- policies ---- */

static enum rc policy_row(struct db_rows *r, struct arena *out, struct oncall_policy *ret, struct err *err)
{
	*ret = (struct oncall_policy){ .id = db_col_i64(r, 0), .name = db_col_str(r, 1, out), .secret = db_col_str(r, 3, out) };
	return oncall_policy_parse(out, db_col_peek(r, 2), ret, err);
}

enum rc oncall_policy_list(struct db_tx *tx, struct arena *out, struct oncall_policy **ret, size_t *ret_n, struct err *err)
{
	VEC(struct oncall_policy) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_policies, DB_ARGS(db_i64("max", SCHEDULES_MAX)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		rc = policy_row(&r, out, VEC_ADD(out, &v), err);
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc oncall_policy_find(struct db_tx *tx, struct arena *out, int64_t id, struct oncall_policy *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_policy, DB_ARGS(db_i64("id", id)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, rc, "There is no such policy.");
	return rc == RC_OK ? policy_row(&r, out, ret, err) : rc;
}

enum rc oncall_policy_save(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t id, struct str name, struct str json,
			   int64_t *ret, struct err *err)
{
	struct oncall_policy p;
	int64_t n = 1;
	enum rc rc = may(who, true, err);

	if (rc == RC_OK)
		rc = check_name(name, err);
	if (rc == RC_OK)
		rc = oncall_policy_parse(a, json, &p, err);
	if (rc != RC_OK)
		return rc;
	*ret = id;
	if (id)
		rc = db_exec(tx, &q_policy_change, DB_ARGS(db_i64("id", id), db_str("name", name), db_str("steps", json)), &n, err);
	else
		rc = db_get_i64(tx, &q_policy_add, DB_ARGS(db_str("name", name), db_str("steps", json), db_str("secret", random_token(a))), ret, err);
	if (rc == RC_OK && n == 0)
		return fail(err, RC_NOT_FOUND, "There is no such policy.");
	return rc == RC_OK ? tell(tx, who, now, "policy", *ret, name, err) : taken(rc, err);
}

enum rc oncall_rules(struct db_tx *tx, int64_t ret[5][4], struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_rules, DB_NO_ARGS, &r, err);

	memset(ret, 0, sizeof(int64_t) * 5 * 4);
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		int64_t c = db_col_i64(&r, 0), t = db_col_i64(&r, 1);

		if (c >= 1 && c <= 4 && t >= 1 && t <= 3)
			ret[c][t] = db_col_i64(&r, 2);
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc oncall_rule_set(struct db_tx *tx, const struct actor *who, struct instant now, int criticality, enum oncall_trigger t, int64_t policy,
			struct err *err)
{
	enum rc rc = may(who, true, err);

	if (rc == RC_OK)
		rc = db_exec(tx, &q_rule_drop, DB_ARGS(db_i64("criticality", criticality), db_i64("trigger", t)), NULL, err);
	if (rc == RC_OK && policy)
		rc = db_exec(tx, &q_rule_add, DB_ARGS(db_i64("criticality", criticality), db_i64("trigger", t), db_i64("policy", policy)), NULL, err);
	if (rc == RC_CONFLICT)
		return fail_field(err, RC_INVALID, "policy", "There is no such policy.");
	return rc == RC_OK ? tell(tx, who, now, "rule", policy, str_of(oncall_trigger_name(t)), err) : rc;
}

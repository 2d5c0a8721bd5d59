/* account: teams of agents. A team that is removed stays in its row without members, so that tickets which are done
 * keep its name; one added by the same name is that row again. What becomes of its open tickets is ticket/'s. */
#include "account/change.h"
#include "util/arena.h"

#define TEAMS_MAX 200
#define ABOUT_MAX 500

#define TEAM_COLS "SELECT id, name, about, removed_at FROM team "
DB_QUERY(q_team_list, "team.list", TEAM_COLS "WHERE removed_at IS NULL ORDER BY name, id LIMIT :max");
DB_QUERY(q_team_find, "team.find", TEAM_COLS "WHERE id = :id");
DB_QUERY(q_team_name, "team.find_name", TEAM_COLS "WHERE name = :name");
DB_QUERY(q_team_add, "team.add", "INSERT INTO team (name, about) VALUES (:name, :about) RETURNING id");
DB_QUERY(q_team_save, "team.save",
         "UPDATE team SET name = :name, about = :about, removed_at = :removed WHERE id = :id");
DB_QUERY(q_team_count, "team.count", "SELECT COUNT(*) FROM team WHERE removed_at IS NULL");
DB_QUERY(q_members, "team.members",
         "SELECT a.id, a.name FROM agent_team m JOIN agent a ON a.id = m.agent_id WHERE m.team_id = :team ORDER BY "
         "a.name, a.id"
         " LIMIT 1000");
DB_QUERY(q_member_add, "team.member_add", "INSERT INTO agent_team (agent_id, team_id) VALUES (:agent, :team)");
DB_QUERY(q_member_drop, "team.member_drop", "DELETE FROM agent_team WHERE agent_id = :agent AND team_id = :team");

static enum rc by_admin(const struct actor *who, struct err *err)
{
	if (who->kind == ACTOR_SYSTEM || (actor_is_admin(who) && who->token_scope != SCOPE_READ))
		return RC_OK;
	return fail(err, RC_DENIED, "Only an administrator may change teams. Nothing was changed.");
}

static struct team team_row(struct db_rows *r, struct arena *out)
{
	return (struct team){ .id = { db_col_i64(r, 0) },
		              .name = db_col_str(r, 1, out),
		              .about = db_col_str(r, 2, out),
		              .removed_at = db_col_time(r, 3) };
}

static enum rc one_team(struct db_tx *tx, struct arena *out, const struct db_query *q, struct db_args args,
                        struct team *ret, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, q, args, &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_OK)
		*ret = team_row(&rows, out);
	return rc == RC_NOT_FOUND ? fail_field(err, rc, "team", "There is no such team.") : rc;
}

enum rc team_find(struct db_tx *tx, struct arena *out, struct team_id id, struct team *ret, struct err *err)
{
	return one_team(tx, out, &q_team_find, DB_ARGS(db_i64("id", id.v)), ret, err);
}

enum rc team_find_name(struct db_tx *tx, struct arena *out, struct str name, struct team *ret, struct err *err)
{
	enum rc rc = one_team(tx, out, &q_team_name, DB_ARGS(db_str("name", str_trim(name))), ret, err);

	if (rc == RC_OK && time_is_set(ret->removed_at))
		return fail_field(err, RC_NOT_FOUND, "team", "There is no such team.");
	return rc;
}

enum rc team_list(struct db_tx *tx, struct arena *out, struct team **ret, size_t *ret_n, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	VEC(struct team) v = { 0 };
	enum rc rc = db_select(tx, &q_team_list, DB_ARGS(db_i64("max", TEAMS_MAX)), &rows, err);

	while (rc == RC_OK && (rc = db_next(&rows, err)) == RC_OK)
		*VEC_ADD(out, &v) = team_row(&rows, out);
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc team_members(struct db_tx *tx, struct arena *out, struct team_id id, struct agent **ret, size_t *ret_n,
                     struct err *err)
{
	AUTO_ROWS rows = { 0 };
	VEC(struct agent) v = { 0 };
	enum rc rc = db_select(tx, &q_members, DB_ARGS(db_i64("team", id.v)), &rows, err);

	while (rc == RC_OK && (rc = db_next(&rows, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct agent){ .id = { db_col_i64(&rows, 0) }, .name = db_col_str(&rows, 1, out) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* ---- changes ---- */

static enum rc save(struct db_tx *tx, const struct team *t, struct err *err)
{
	enum rc rc = db_exec(tx, &q_team_save,
	                     DB_ARGS(db_str("name", str_trim(t->name)),
	                             db_str("about", change_or(str_trim(t->about), "")),
	                             db_time("removed", t->removed_at), db_i64("id", t->id.v)),
	                     NULL, err);

	return rc == RC_CONFLICT
	               ? fail_field(err, rc, "name",
	                            "Another team has this name, or had it. Choose another one; nothing was changed.")
	               : rc;
}

static enum rc check(const struct actor *who, const struct team *t, struct err *err)
{
	enum rc rc = by_admin(who, err);

	if (rc == RC_OK)
		rc = rule_name(t->name, "name", err);
	if (rc == RC_OK && str_trim(t->about).n > ABOUT_MAX)
		rc = fail_field(err, RC_INVALID, "about", "What the team is for has at most %d characters.", ABOUT_MAX);
	return rc;
}

enum rc team_add(struct db_tx *tx, const struct actor *who, struct instant now, const struct team *t,
                 struct team_id *ret, struct err *err)
{
	AUTO_CHANGE c = { 0 };
	AUTO_ARENA scratch;
	struct team old = { 0 };
	int64_t n = 0;
	enum rc rc = check(who, t, err);

	arena_init(&scratch);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_team_count, DB_NO_ARGS, &n, err);
	if (rc == RC_OK && n >= TEAMS_MAX)
		rc = fail_field(err, RC_LIMIT, "name", "There are %d teams already. Remove one first.", TEAMS_MAX);
	if (rc != RC_OK)
		return rc;
	rc = one_team(tx, &scratch, &q_team_name, DB_ARGS(db_str("name", str_trim(t->name))), &old, NULL);
	if (rc == RC_OK && !time_is_set(old.removed_at))
		return fail_field(err, RC_CONFLICT, "name",
		                  "There is a team of this name already. Nothing was changed.");
	if (rc == RC_OK) {
		*ret = old.id;
		rc = save(tx, &(struct team){ .id = old.id, .name = t->name, .about = t->about }, err);
	} else if (rc == RC_NOT_FOUND) {
		rc = db_get_i64(
		        tx, &q_team_add,
		        DB_ARGS(db_str("name", str_trim(t->name)), db_str("about", change_or(str_trim(t->about), ""))),
		        &ret->v, err);
	} else {
		return fail(err, rc, "The teams cannot be read at the moment. Nothing was changed.");
	}
	if (rc != RC_OK)
		return rc;
	change_begin(&c, "created", ret->v, str_trim(t->name));
	change_str(&c, "about", STR(""), change_or(str_trim(t->about), ""));
	return change_tell(tx, who, now, EV_TEAM_CHANGED, (struct account_id){ 0 }, &c, err);
}

enum rc team_update(struct db_tx *tx, const struct actor *who, struct instant now, const struct team *t,
                    struct err *err)
{
	AUTO_CHANGE c = { 0 };
	AUTO_ARENA scratch;
	struct team old;
	enum rc rc = check(who, t, err);

	arena_init(&scratch);
	if (rc == RC_OK)
		rc = team_find(tx, &scratch, t->id, &old, err);
	if (rc == RC_OK && time_is_set(old.removed_at))
		rc = fail(err, RC_NOT_FOUND, "This team was removed. Add it again by its name.");
	if (rc != RC_OK)
		return rc;
	change_begin(&c, "changed", t->id.v, str_trim(t->name));
	change_str(&c, "name", old.name, str_trim(t->name));
	change_str(&c, "about", old.about, change_or(str_trim(t->about), ""));
	if (c.n == 0)
		return RC_OK;
	rc = save(tx, t, err);
	return rc == RC_OK ? change_tell(tx, who, now, EV_TEAM_CHANGED, (struct account_id){ 0 }, &c, err) : rc;
}

static bool among(const struct agent *at, size_t n, struct agent_id id)
{
	for (size_t i = 0; i < n; i++)
		if (at[i].id.v == id.v)
			return true;
	return false;
}

static struct str names_of(struct arena *a, const struct agent *at, size_t n)
{
	AUTO_BUF b;

	buf_init(&b, 64 << 10);
	for (size_t i = 0; i < n; i++) {
		buf_addz(&b, i ? ", " : "");
		buf_adds(&b, at[i].name);
	}
	return arena_str(a, buf_str(&b));
}

/* Who of the desk's agents shall be in it, by name; somebody who is not here is an error. */
static enum rc chosen(struct db_tx *tx, struct arena *a, const struct agent_id *ids, size_t n, struct agent **ret,
                      size_t *ret_n, struct err *err)
{
	VEC(struct agent) v = { 0 };
	struct agent *all;
	size_t n_all, found = 0;
	enum rc rc = agent_list(tx, a, &all, &n_all, err);

	for (size_t i = 0; rc == RC_OK && i < n_all; i++) {
		bool in = false;

		for (size_t k = 0; k < n && !in; k++)
			in = ids[k].v == all[i].id.v;
		if (in && !time_is_set(all[i].disabled_at))
			*VEC_ADD(a, &v) = all[i];
		found += in;
	}
	*ret = v.at;
	*ret_n = v.n;
	if (rc == RC_OK && (found != n || v.n != n))
		return fail_field(err, RC_INVALID, "members",
		                  "One of these agents is not here any more. Nothing was changed; choose again.");
	return rc;
}

enum rc team_set_members(struct db_tx *tx, const struct actor *who, struct instant now, struct team_id id,
                         const struct agent_id *ids, size_t n, struct err *err)
{
	AUTO_CHANGE c = { 0 };
	AUTO_ARENA scratch;
	struct agent *was, *will;
	struct team t;
	size_t n_was, n_will;
	enum rc rc = by_admin(who, err);

	arena_init(&scratch);
	if (rc == RC_OK)
		rc = team_find(tx, &scratch, id, &t, err);
	if (rc == RC_OK && time_is_set(t.removed_at))
		rc = fail(err, RC_NOT_FOUND, "This team was removed. Add it again by its name.");
	if (rc == RC_OK)
		rc = team_members(tx, &scratch, id, &was, &n_was, err);
	if (rc == RC_OK)
		rc = chosen(tx, &scratch, ids, n, &will, &n_will, err);
	if (rc != RC_OK)
		return rc;
	change_begin(&c, "members", id.v, t.name);
	for (size_t i = 0; i < n_was && rc == RC_OK; i++)
		if (!among(will, n_will, was[i].id)) {
			rc = db_exec(tx, &q_member_drop, DB_ARGS(db_i64("agent", was[i].id.v), db_i64("team", id.v)),
			             NULL, err);
			c.n++;
		}
	for (size_t i = 0; i < n_will && rc == RC_OK; i++)
		if (!among(was, n_was, will[i].id)) {
			rc = db_exec(tx, &q_member_add, DB_ARGS(db_i64("agent", will[i].id.v), db_i64("team", id.v)),
			             NULL, err);
			c.n++;
		}
	if (rc != RC_OK || c.n == 0)
		return rc;
	change_str(&c, "members", names_of(&scratch, was, n_was), names_of(&scratch, will, n_will));
	return change_tell(tx, who, now, EV_TEAM_CHANGED, (struct account_id){ 0 }, &c, err);
}

enum rc team_remove(struct db_tx *tx, const struct actor *who, struct instant now, struct team_id id, struct err *err)
{
	AUTO_CHANGE c = { 0 };
	AUTO_ARENA scratch;
	struct team t;
	enum rc rc = by_admin(who, err);

	arena_init(&scratch);
	if (rc == RC_OK)
		rc = team_find(tx, &scratch, id, &t, err);
	if (rc != RC_OK || time_is_set(t.removed_at))
		return rc;
	rc = team_set_members(tx, who, now, id, NULL, 0, err);
	t.removed_at = now;
	if (rc == RC_OK)
		rc = save(tx, &t, err);
	change_begin(&c, "removed", id.v, t.name);
	return rc == RC_OK ? change_tell(tx, who, now, EV_TEAM_CHANGED, (struct account_id){ 0 }, &c, err) : rc;
}

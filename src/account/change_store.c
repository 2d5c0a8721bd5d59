/* account: changes of accounts, subscriptions, sites, agents. Every one writes its event in the same transaction; those
 * of people, with the rules of who may change whom, are in contact_store.c. */
#include "account/change.h"

/* ---- events ---- */

enum rc change_tell(struct db_tx *tx, const struct actor *who, struct instant now, const char *kind,
                    struct account_id account, struct change *c, struct err *err)
{
	struct event e = { .at = now, .kind = str_of(kind), .account = account };
	struct event_id id;

	json_end_obj(&c->json);
	json_end_obj(&c->json);
	event_by(&e, who);
	e.data = buf_str(&c->buf);
	return event_append(tx, &e, &id, err);
}

void change_begin(struct change *c, const char *what, int64_t id, struct str name)
{
	*c = (struct change){ 0 };
	buf_init(&c->buf, 64 * 1024);
	json_init(&c->json, &c->buf);
	json_obj(&c->json);
	json_kstr(&c->json, "what", str_of(what));
	json_ki64(&c->json, "id", id);
	json_kstr(&c->json, "name", name);
	json_key(&c->json, "changed");
	json_obj(&c->json);
}

void change_end(struct change *c)
{
	buf_release(&c->buf);
}

void change_str(struct change *c, const char *field, struct str from, struct str to)
{
	if (str_eq(from, to))
		return;
	c->n++;
	json_key(&c->json, field);
	json_arr(&c->json);
	json_str(&c->json, from);
	json_str(&c->json, to);
	json_end_arr(&c->json);
}

void change_i64(struct change *c, const char *field, int64_t from, int64_t to)
{
	if (from == to)
		return;
	c->n++;
	json_key(&c->json, field);
	json_arr(&c->json);
	json_i64(&c->json, from);
	json_i64(&c->json, to);
	json_end_arr(&c->json);
}

void change_time(struct change *c, const char *field, struct instant from, struct instant to)
{
	if (from.us == to.us)
		return;
	c->n++;
	json_key(&c->json, field);
	json_arr(&c->json);
	json_time(&c->json, from);
	json_time(&c->json, to);
	json_end_arr(&c->json);
}

/* ---- who ---- */

enum rc change_by_desk(const struct actor *who, struct err *err)
{
	if (actor_is_agent(who) && who->token_scope != SCOPE_READ)
		return RC_OK;
	return fail(err, RC_DENIED, "Only the support desk may change this. Nothing was changed.");
}

static enum rc by_admin(const struct actor *who, struct err *err)
{
	if (actor_is_admin(who) && who->token_scope != SCOPE_READ)
		return RC_OK;
	return fail(err, RC_DENIED, "Only an administrator may change agents. Nothing was changed.");
}

struct str change_or(struct str s, const char *otherwise)
{
	return s.n ? s : str_of(otherwise);
}

/* ---- accounts ---- */

DB_QUERY(q_account_create, "account.create",
         "INSERT INTO account (name, ref, lang, zone, created_at, closed_at) VALUES (:name, :ref, :lang, :zone, :now, "
         ":closed)"
         " RETURNING id");
DB_QUERY(q_account_update, "account.update",
         "UPDATE account SET name = :name, ref = :ref, lang = :lang, zone = :zone, closed_at = :closed WHERE id = :id");

static enum rc check_account(const struct actor *who, const struct account *a, struct err *err)
{
	enum rc rc = change_by_desk(who, err);

	if (rc == RC_OK)
		rc = rule_name(a->name, "name", err);
	if (rc == RC_OK)
		rc = rule_ref(a->ref, err);
	if (rc == RC_OK)
		rc = rule_lang(a->lang, err);
	return rc == RC_OK ? rule_zone(a->zone, err) : rc;
}

static enum rc ref_taken(enum rc rc, struct err *err)
{
	return rc == RC_CONFLICT ? fail_field(err, rc, "ref",
	                                      "This reference is already used by another one. Nothing was changed.")
	                         : rc;
}

enum rc account_create(struct db_tx *tx, const struct actor *who, struct instant now, const struct account *a,
                       struct account_id *ret, struct err *err)
{
	AUTO_CHANGE c = { 0 };
	enum rc rc = check_account(who, a, err);

	if (rc == RC_OK)
		rc = ref_taken(db_get_i64(tx, &q_account_create,
		                          DB_ARGS(db_str("name", str_trim(a->name)), db_str("ref", a->ref),
		                                  db_str("lang", change_or(a->lang, "en")),
		                                  db_str("zone", change_or(a->zone, "UTC")), db_time("now", now),
		                                  db_time("closed", a->closed_at)),
		                          &ret->v, err),
		               err);
	if (rc != RC_OK)
		return rc;
	change_begin(&c, "created", ret->v, a->name);
	change_str(&c, "ref", STR_NULL, a->ref);
	return change_tell(tx, who, now, EV_ACCOUNT, *ret, &c, err);
}

enum rc account_update(struct db_tx *tx, const struct actor *who, struct instant now, const struct account *a,
                       struct err *err)
{
	AUTO_CHANGE c = { 0 };
	AUTO_ARENA scratch;
	struct account old;
	enum rc rc = check_account(who, a, err);

	arena_init(&scratch);
	if (rc == RC_OK)
		rc = account_find(tx, &scratch, a->id, &old, err);
	if (rc != RC_OK)
		return rc;
	struct str name = str_trim(a->name), lang = change_or(a->lang, "en"), zone = change_or(a->zone, "UTC");

	change_begin(&c, "changed", a->id.v, name);
	change_str(&c, "name", old.name, name);
	change_str(&c, "ref", old.ref, a->ref);
	change_str(&c, "lang", old.lang, lang);
	change_str(&c, "zone", old.zone, zone);
	change_time(&c, "closed_at", old.closed_at, a->closed_at);
	if (c.n == 0)
		return RC_OK;
	rc = ref_taken(db_exec(tx, &q_account_update,
	                       DB_ARGS(db_str("name", name), db_str("ref", a->ref), db_str("lang", lang),
	                               db_str("zone", zone), db_time("closed", a->closed_at), db_i64("id", a->id.v)),
	                       NULL, err),
	               err);
	return rc == RC_OK ? change_tell(tx, who, now, EV_ACCOUNT, a->id, &c, err) : rc;
}

/* ---- subscriptions ---- */

DB_QUERY(q_sub_create, "subscription.create",
         "INSERT INTO subscription (account_id, plan_id, ref, name, state, valid_from, valid_to, state_at)"
         " VALUES (:account, :plan, :ref, :name, :state, :from, :to, :at) RETURNING id");
DB_QUERY(q_sub_update, "subscription.update",
         "UPDATE subscription SET plan_id = :plan, ref = :ref, name = :name, state = :state, valid_from = :from, "
         "valid_to = :to,"
         " state_at = :at WHERE id = :id");

static enum rc check_sub(const struct actor *who, const struct subscription *s, struct err *err)
{
	enum rc rc = change_by_desk(who, err);

	if (rc == RC_OK)
		rc = rule_name(s->name, "name", err);
	if (rc == RC_OK)
		rc = rule_ref(s->ref, err);
	if (rc != RC_OK)
		return rc;
	if (s->state < SUB_TRIAL || s->state > SUB_CANCELLED)
		return fail_field(err, RC_INVALID, "state", "Choose the state of the subscription.");
	if (!time_is_set(s->valid_from))
		return fail_field(err, RC_INVALID, "valid_from", "Say when the subscription starts.");
	if (time_is_set(s->valid_to) && !time_before(s->valid_from, s->valid_to))
		return fail_field(err, RC_INVALID, "valid_to",
		                  "The subscription ends before it starts. Correct one of the dates.");
	return RC_OK;
}

static enum rc sub_broken(enum rc rc, struct err *err)
{
	if (rc != RC_CONFLICT)
		return rc;
	return fail_field(err, rc, "ref",
	                  "The reference is already used, or account or plan do not exist. Nothing was changed.");
}

enum rc subscription_create(struct db_tx *tx, const struct actor *who, struct instant now, const struct subscription *s,
                            struct subscription_id *ret, struct err *err)
{
	AUTO_CHANGE c = { 0 };
	enum rc rc = check_sub(who, s, err);

	if (rc == RC_OK)
		rc = sub_broken(db_get_i64(tx, &q_sub_create,
		                           DB_ARGS(db_i64("account", s->account.v), db_i64("plan", s->plan.v),
		                                   db_str("ref", s->ref), db_str("name", str_trim(s->name)),
		                                   db_i64("state", s->state), db_time("from", s->valid_from),
		                                   db_time("to", s->valid_to),
		                                   db_time("at", time_is_set(s->state_at) ? s->state_at : now)),
		                           &ret->v, err),
		                err);
	if (rc != RC_OK)
		return rc;
	change_begin(&c, "created", ret->v, s->name);
	change_i64(&c, "plan_id", 0, s->plan.v);
	change_str(&c, "state", STR_NULL, str_of(sub_state_name(s->state)));
	change_time(&c, "valid_from", (struct instant){ 0 }, s->valid_from);
	change_time(&c, "valid_to", (struct instant){ 0 }, s->valid_to);
	return change_tell(tx, who, now, EV_SUBSCRIPTION, s->account, &c, err);
}

enum rc subscription_update(struct db_tx *tx, const struct actor *who, struct instant now, const struct subscription *s,
                            struct err *err)
{
	AUTO_CHANGE c = { 0 };
	AUTO_ARENA scratch;
	struct subscription old;
	enum rc rc = check_sub(who, s, err);

	arena_init(&scratch);
	if (rc == RC_OK)
		rc = subscription_find(tx, &scratch, s->id, &old, err);
	if (rc != RC_OK)
		return rc;
	if (s->account.v && s->account.v != old.account.v)
		return fail_field(err, RC_INVALID, "account",
		                  "A subscription stays with its account. Create a new one for the other account.");
	struct instant state_at = old.state != s->state ? now : old.state_at;

	change_begin(&c, "changed", s->id.v, s->name);
	change_i64(&c, "plan_id", old.plan.v, s->plan.v);
	change_str(&c, "ref", old.ref, s->ref);
	change_str(&c, "name", old.name, str_trim(s->name));
	change_str(&c, "state", str_of(sub_state_name(old.state)), str_of(sub_state_name(s->state)));
	change_time(&c, "valid_from", old.valid_from, s->valid_from);
	change_time(&c, "valid_to", old.valid_to, s->valid_to);
	if (c.n == 0)
		return RC_OK;
	rc = sub_broken(
	        db_exec(tx, &q_sub_update,
	                DB_ARGS(db_i64("plan", s->plan.v), db_str("ref", s->ref), db_str("name", str_trim(s->name)),
	                        db_i64("state", s->state), db_time("from", s->valid_from), db_time("to", s->valid_to),
	                        db_time("at", state_at), db_i64("id", s->id.v)),
	                NULL, err),
	        err);
	return rc == RC_OK ? change_tell(tx, who, now, EV_SUBSCRIPTION, old.account, &c, err) : rc;
}

/* ---- sites ---- */

DB_QUERY(q_site_create, "site.create",
         "INSERT INTO site (account_id, subscription_id, name) VALUES (:account, :sub, :name) RETURNING id");
DB_QUERY(q_site_update, "site.update", "UPDATE site SET subscription_id = :sub, name = :name WHERE id = :id");
DB_QUERY(q_host_add, "site.add_host", "INSERT INTO site_host (host, site_id, role) VALUES (:host, :site, :role)");
DB_QUERY(q_host_clear, "site.clear_hosts", "DELETE FROM site_host WHERE site_id = :site");

static enum rc check_site(struct db_tx *tx, struct arena *scratch, const struct actor *who, const struct site *s,
                          struct err *err)
{
	struct subscription sub;
	enum rc rc = change_by_desk(who, err);

	if (rc == RC_OK)
		rc = rule_name(s->name, "name", err);
	if (rc != RC_OK || s->subscription.v == 0)
		return rc;
	rc = subscription_find(tx, scratch, s->subscription, &sub, err);
	if (rc == RC_NOT_FOUND || (rc == RC_OK && sub.account.v != s->account.v))
		return fail_field(err, RC_INVALID, "subscription", "The subscription is not one of this account.");
	return rc;
}

static enum rc add_hosts(struct db_tx *tx, struct arena *scratch, struct site_id id, const struct site *s,
                         struct err *err)
{
	for (size_t i = 0; i < s->n_hosts && i < COUNT(s->hosts); i++) {
		struct str host;
		enum rc rc = rule_host(scratch, s->hosts[i], &host, err);

		if (rc == RC_OK)
			rc = db_exec(tx, &q_host_add,
			             DB_ARGS(db_str("host", host), db_i64("site", id.v),
			                     db_i64("role", s->roles[i] ? s->roles[i] : HOST_LMS)),
			             NULL, err);
		if (rc == RC_CONFLICT)
			return fail_field(err, rc, "hosts", "The host name " STR_F " belongs to a site already.",
			                  STR_A(host));
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static struct str host_line(struct arena *scratch, const struct site *s)
{
	struct str line = STR("");

	for (size_t i = 0; i < s->n_hosts && i < COUNT(s->hosts); i++)
		line = arena_strf(scratch, STR_F "%s%d:" STR_F, STR_A(line), i ? " " : "", (int)s->roles[i],
		                  STR_A(s->hosts[i]));
	return line;
}

enum rc site_create(struct db_tx *tx, const struct actor *who, struct instant now, const struct site *s,
                    struct site_id *ret, struct err *err)
{
	AUTO_CHANGE c = { 0 };
	AUTO_ARENA scratch;
	enum rc rc;

	arena_init(&scratch);
	rc = check_site(tx, &scratch, who, s, err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_site_create,
		                DB_ARGS(db_i64("account", s->account.v), db_id("sub", s->subscription.v),
		                        db_str("name", str_trim(s->name))),
		                &ret->v, err);
	if (rc == RC_CONFLICT)
		return fail_field(err, rc, "account", "There is no such account.");
	if (rc == RC_OK)
		rc = add_hosts(tx, &scratch, *ret, s, err);
	if (rc != RC_OK)
		return rc;
	change_begin(&c, "site created", ret->v, s->name);
	change_str(&c, "hosts", STR_NULL, host_line(&scratch, s));
	return change_tell(tx, who, now, EV_ACCOUNT, s->account, &c, err);
}

enum rc site_update(struct db_tx *tx, const struct actor *who, struct instant now, const struct site *s,
                    struct err *err)
{
	AUTO_CHANGE c = { 0 };
	AUTO_ARENA scratch;
	struct site old;
	enum rc rc;

	arena_init(&scratch);
	rc = check_site(tx, &scratch, who, s, err);
	if (rc == RC_OK)
		rc = site_find(tx, &scratch, s->id, &old, err);
	if (rc == RC_OK && old.account.v != s->account.v)
		return fail_field(err, RC_INVALID, "account", "A site stays with its account.");
	if (rc != RC_OK)
		return rc;
	change_begin(&c, "site changed", s->id.v, s->name);
	change_str(&c, "name", old.name, str_trim(s->name));
	change_i64(&c, "subscription_id", old.subscription.v, s->subscription.v);
	change_str(&c, "hosts", host_line(&scratch, &old), host_line(&scratch, s));
	if (c.n == 0)
		return RC_OK;
	rc = db_exec(tx, &q_site_update,
	             DB_ARGS(db_id("sub", s->subscription.v), db_str("name", str_trim(s->name)), db_i64("id", s->id.v)),
	             NULL, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_host_clear, DB_ARGS(db_i64("site", s->id.v)), NULL, err);
	if (rc == RC_OK)
		rc = add_hosts(tx, &scratch, s->id, s, err);
	return rc == RC_OK ? change_tell(tx, who, now, EV_ACCOUNT, old.account, &c, err) : rc;
}

/* ---- agents ---- */

DB_QUERY(q_agent_create, "agent.create",
         "INSERT INTO agent (name, email, role, lang, zone, created_at, disabled_at)"
         " VALUES (:name, :email, :role, :lang, :zone, :now, :disabled) RETURNING id");
DB_QUERY(q_agent_update, "agent.update",
         "UPDATE agent SET name = :name, email = :email, role = :role, lang = :lang, zone = :zone, disabled_at = "
         ":disabled"
         " WHERE id = :id");
/* PostgreSQL: two administrators who demote each other at the same moment must queue here, or none would be left. */
DB_QUERY2(q_agent_lock, "agent.lock_admins", "SELECT id FROM agent WHERE role = 3 ORDER BY id",
          "SELECT id FROM agent WHERE role = 3 ORDER BY id FOR UPDATE");

static enum rc check_agent(struct arena *scratch, const struct agent *a, struct str *ret_email, struct err *err)
{
	enum rc rc = rule_name(a->name, "name", err);

	if (rc == RC_OK)
		rc = rule_email(scratch, a->email, ret_email, err);
	if (rc == RC_OK)
		rc = rule_lang(a->lang, err);
	if (rc == RC_OK)
		rc = rule_zone(a->zone, err);
	if (rc == RC_OK && (a->role < AGENT_AGENT || a->role > AGENT_ADMIN))
		rc = fail_field(err, RC_INVALID, "role", "Choose the agent's role.");
	return rc;
}

static enum rc email_taken(enum rc rc, struct err *err)
{
	return rc == RC_CONFLICT ? fail_field(err, rc, "email", "Another agent has this address. Nothing was changed.")
	                         : rc;
}

enum rc agent_create(struct db_tx *tx, const struct actor *who, struct instant now, const struct agent *a,
                     struct agent_id *ret, struct err *err)
{
	AUTO_CHANGE c = { 0 };
	AUTO_ARENA scratch;
	struct str email;
	enum rc rc = by_admin(who, err);

	arena_init(&scratch);
	if (rc == RC_OK)
		rc = check_agent(&scratch, a, &email, err);
	if (rc == RC_OK)
		rc = email_taken(db_get_i64(tx, &q_agent_create,
		                            DB_ARGS(db_str("name", str_trim(a->name)), db_str("email", email),
		                                    db_i64("role", a->role), db_str("lang", change_or(a->lang, "en")),
		                                    db_str("zone", change_or(a->zone, "UTC")), db_time("now", now),
		                                    db_time("disabled", a->disabled_at)),
		                            &ret->v, err),
		                 err);
	if (rc != RC_OK)
		return rc;
	change_begin(&c, "created", ret->v, a->name);
	change_str(&c, "email", STR_NULL, email);
	change_str(&c, "role", STR_NULL, str_of(agent_role_name(a->role)));
	return change_tell(tx, who, now, EV_AGENT, (struct account_id){ 0 }, &c, err);
}

static bool is_active_admin(const struct agent *a)
{
	return a->role == AGENT_ADMIN && !time_is_set(a->disabled_at);
}

static enum rc keep_last_admin(struct db_tx *tx, const struct agent *old, const struct agent *a, struct err *err)
{
	int64_t n = 0, any;
	enum rc rc = RC_OK;

	if (!is_active_admin(old) || is_active_admin(a))
		return RC_OK;
	rc = db_get_i64(tx, &q_agent_lock, DB_NO_ARGS, &any, err);
	if (rc == RC_OK)
		rc = agent_count(tx, &n, err);
	if (rc == RC_OK && n < 2)
		return fail_code(err, RC_CONFLICT, "last-admin",
		                 "This is the last administrator: without one nobody could manage the desk. Make "
		                 "another agent an "
		                 "administrator first.");
	return rc;
}

enum rc agent_update(struct db_tx *tx, const struct actor *who, struct instant now, const struct agent *a,
                     struct err *err)
{
	AUTO_CHANGE c = { 0 };
	AUTO_ARENA scratch;
	struct agent old;
	struct str email;
	enum rc rc;

	arena_init(&scratch);
	rc = agent_find(tx, &scratch, a->id, &old, err);
	if (rc == RC_OK)
		rc = check_agent(&scratch, a, &email, err);
	if (rc != RC_OK)
		return rc;
	/* Agents keep their own name, language and zone; what gives power is the administrator's. */
	bool own = who->kind == ACTOR_AGENT && who->agent.v == a->id.v && who->token_scope != SCOPE_READ &&
	           old.role == a->role && str_eq(old.email, email) && old.disabled_at.us == a->disabled_at.us;

	rc = own ? RC_OK : by_admin(who, err);
	if (rc == RC_OK)
		rc = keep_last_admin(tx, &old, a, err);
	if (rc != RC_OK)
		return rc;
	struct str lang = change_or(a->lang, "en"), zone = change_or(a->zone, "UTC");

	change_begin(&c, "changed", a->id.v, a->name);
	change_str(&c, "name", old.name, str_trim(a->name));
	change_str(&c, "email", old.email, email);
	change_str(&c, "role", str_of(agent_role_name(old.role)), str_of(agent_role_name(a->role)));
	change_str(&c, "lang", old.lang, lang);
	change_str(&c, "zone", old.zone, zone);
	change_time(&c, "disabled_at", old.disabled_at, a->disabled_at);
	if (c.n == 0)
		return RC_OK;
	rc = email_taken(db_exec(tx, &q_agent_update,
	                         DB_ARGS(db_str("name", str_trim(a->name)), db_str("email", email),
	                                 db_i64("role", a->role), db_str("lang", lang), db_str("zone", zone),
	                                 db_time("disabled", a->disabled_at), db_i64("id", a->id.v)),
	                         NULL, err),
	                 err);
	return rc == RC_OK ? change_tell(tx, who, now, EV_AGENT, (struct account_id){ 0 }, &c, err) : rc;
}

/* ---- plans, for the import ---- */

DB_QUERY(q_plan_code, "account.plan_code", "SELECT id, name FROM plan WHERE code = :code");

enum rc change_plan(struct db_tx *tx, struct arena *out, struct str code, struct plan_id *ret, struct str *ret_name,
                    struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, &q_plan_code, DB_ARGS(db_str("code", code)), &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_NOT_FOUND)
		return fail_field(err, RC_NOT_FOUND, "plan", "There is no plan of this code.");
	if (rc == RC_OK) {
		*ret = (struct plan_id){ db_col_i64(&rows, 0) };
		*ret_name = db_col_str(&rows, 1, out);
	}
	return rc;
}

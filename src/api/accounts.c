/* Accounts, contacts and subscriptions by JSON, and what an account is entitled to. */
#include "api/api_private.h"
#include "mime/addr.h"
#include <stdio.h>

struct id_call {
	int64_t id;
	struct list_page page;
	struct str prefix, email;
};

static const char *const list_key[] = { "accounts", "contacts", "subscriptions" };

/* "id" or "id:name" of the last row. */
static void cursor_of(const struct req *q, int64_t *id, struct str *name)
{
	struct str rest = req_field(q, "after"), head;

	*id = 0;
	*name = STR_NULL;
	if (str_cut(&rest, ':', &head) && str_to_i64(head, id) == RC_OK)
		*name = rest;
}

static enum rc list_call(struct req *q, struct id_call *c)
{
	int64_t id;
	struct str name;

	cursor_of(q, &id, &name);
	if (req_field(q, "after").n && id <= 0)
		return fail_field(req_err(q), RC_INVALID, "after", "after is the next of the page before");
	c->page = api_page(q, id, name);
	c->prefix = req_field(q, "name");
	c->email = req_field(q, "email");
	return RC_OK;
}

static void end_list(struct call *c, bool more, int64_t id, struct str name)
{
	json_end_arr(&c->json);
	api_next(&c->json, more ? arena_strf(c->a, "%lld:" STR_F, (long long)id, STR_A(name)) : STR_NULL);
	json_end_obj(&c->json);
}

static void begin_list(struct call *c, int which)
{
	json_obj(&c->json);
	json_key(&c->json, list_key[which]);
	json_arr(&c->json);
}

/* A token bound to an account sees that one only; to it, others do not exist, and look like what does not (S-30). `rc`
 * is how looking it up went. */
static enum rc may_see(const struct call *c, enum rc rc, struct account_id account, struct err *err)
{
	if (rc == RC_NOT_FOUND || (rc == RC_OK && !actor_is_agent(c->who) && c->who->account.v != account.v))
		return fail(err, RC_NOT_FOUND, "there is nothing at this address");
	return rc;
}

/* ---- accounts ---- */

static enum rc accounts_step(struct db_tx *tx, struct call *c, struct err *err)
{
	struct id_call *in = c->arg;
	struct account *at;
	size_t n;
	bool more;
	enum rc rc = account_list(tx, c->a, in->prefix, &in->page, &at, &n, &more, err);

	if (rc != RC_OK)
		return rc;
	begin_list(c, 0);
	for (size_t i = 0; i < n; i++)
		api_account(&c->json, &at[i]);
	end_list(c, more, n ? at[n - 1].id.v : 0, n ? at[n - 1].name : STR(""));
	return RC_OK;
}

enum rc api_accounts_list(struct req *q, struct resp *r)
{
	struct id_call in = { 0 };
	enum rc rc = list_call(q, &in);

	if (!actor_is_agent(&q->actor))
		return fail(req_err(q), RC_DENIED, "this token belongs to one account and cannot list others");
	return rc == RC_OK ? api_read(q, r, accounts_step, &in) : rc;
}

static enum rc account_show(struct db_tx *tx, struct call *c, int64_t id, struct err *err)
{
	struct account a;
	enum rc rc = account_find(tx, c->a, (struct account_id){ id }, &a, err);

	rc = may_see(c, rc, (struct account_id){ id }, err);
	if (rc == RC_OK)
		api_account(&c->json, &a);
	return rc;
}

static enum rc account_get_step(struct db_tx *tx, struct call *c, struct err *err)
{
	return account_show(tx, c, ((struct id_call *)c->arg)->id, err);
}

enum rc api_account_get(struct req *q, struct resp *r)
{
	struct id_call in = { 0 };
	enum rc rc = api_path_id(q, "id", &in.id);

	return rc == RC_OK ? api_read(q, r, account_get_step, &in) : rc;
}

static struct str or_else(struct str v, struct str absent)
{
	return v.p ? v : absent;
}

static enum rc account_create_step(struct db_tx *tx, struct call *c, struct err *err)
{
	const struct req *q = c->q;
	struct account a = {
		.name = api_str(q, "name"),
		.ref = api_str(q, "ref"),
		.lang = or_else(api_str(q, "lang"), STR("en")),
		.zone = or_else(api_str(q, "zone"), STR("UTC")),
	};
	struct account_id id;
	enum rc rc = account_create(tx, c->who, c->now, &a, &id, err);

	return rc == RC_OK ? account_show(tx, c, id.v, err) : rc;
}

enum rc api_account_create(struct req *q, struct resp *r)
{
	return api_write(q, r, 201, account_create_step, NULL);
}

static enum rc account_patch_step(struct db_tx *tx, struct call *c, struct err *err)
{
	const struct req *q = c->q;
	struct id_call *in = c->arg;
	struct account a;
	enum rc rc = account_find(tx, c->a, (struct account_id){ in->id }, &a, err);

	if (rc != RC_OK)
		return rc;
	a.name = or_else(api_str(q, "name"), a.name);
	a.ref = or_else(api_str(q, "ref"), a.ref);
	a.lang = or_else(api_str(q, "lang"), a.lang);
	a.zone = or_else(api_str(q, "zone"), a.zone);
	rc = account_update(tx, c->who, c->now, &a, err);
	return rc == RC_OK ? account_show(tx, c, in->id, err) : rc;
}

enum rc api_account_patch(struct req *q, struct resp *r)
{
	struct id_call in = { 0 };
	enum rc rc = api_path_id(q, "id", &in.id);

	return rc == RC_OK ? api_write(q, r, 200, account_patch_step, &in) : rc;
}

/* ---- contacts ---- */

static enum rc contacts_step(struct db_tx *tx, struct call *c, struct err *err)
{
	struct id_call *in = c->arg;
	struct contact *at, one;
	size_t n = 0;
	bool more = false;
	enum rc rc;

	if (in->email.n) {
		struct str canon;

		rc = addr_canonical(c->a, in->email, &canon, err);
		if (rc == RC_OK)
			rc = contact_find_email(tx, c->a, canon, &one, err);
		rc = may_see(c, rc, one.account, err);
		if (rc != RC_OK && rc != RC_NOT_FOUND)
			return rc;
		at = &one;
		n = rc == RC_OK;
	} else {
		struct account_id account = actor_is_agent(c->who) ? (struct account_id){ in->id } : c->who->account;

		rc = contact_list(tx, c->a, account, &in->page, &at, &n, &more, err);
		if (rc != RC_OK)
			return rc;
	}
	begin_list(c, 1);
	for (size_t i = 0; i < n; i++)
		api_contact(&c->json, &at[i]);
	end_list(c, more, n ? at[n - 1].id.v : 0, n ? at[n - 1].name : STR(""));
	return RC_OK;
}

enum rc api_contacts_list(struct req *q, struct resp *r)
{
	struct id_call in = { 0 };
	enum rc rc = list_call(q, &in);

	req_int(q, "account", &in.id);
	return rc == RC_OK ? api_read(q, r, contacts_step, &in) : rc;
}

static enum rc contact_show(struct db_tx *tx, struct call *c, int64_t id, struct err *err)
{
	struct contact x;
	enum rc rc = contact_find(tx, c->a, (struct contact_id){ id }, &x, err);

	rc = may_see(c, rc, x.account, err);
	if (rc == RC_OK)
		api_contact(&c->json, &x);
	return rc;
}

static enum rc contact_get_step(struct db_tx *tx, struct call *c, struct err *err)
{
	return contact_show(tx, c, ((struct id_call *)c->arg)->id, err);
}

enum rc api_contact_get(struct req *q, struct resp *r)
{
	struct id_call in = { 0 };
	enum rc rc = api_path_id(q, "id", &in.id);

	return rc == RC_OK ? api_read(q, r, contact_get_step, &in) : rc;
}

/* "roles": [{"role": "manager", "scope": "account", "id": 7}]; account-wide when scope and id are left out. */
static enum rc roles_of(const struct req *q, struct contact *x, struct err *err)
{
	const json_t *list = json_object_get(q->json, "roles");

	if (!list)
		return RC_OK;
	if (!json_is_array(list) || json_array_size(list) > COUNT(x->roles))
		return fail_field(err, RC_INVALID, "roles", "roles is a list of at most %zu", COUNT(x->roles));
	x->n_roles = 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);
		struct role *role = &x->roles[x->n_roles++];
		const json_t *given = json_object_get(v, "scope");
		struct str scope = given && !json_is_null(given) ? str_of(json_string_value(given)) : STR("account");
		char field[48];

		snprintf(field, sizeof(field), "roles[%zu].role", i);
		if (contact_role_parse(str_of(json_string_value(json_object_get(v, "role"))), &role->role) != RC_OK)
			return fail_field(err, RC_INVALID, field, "a role is manager, operator or auditor");
		snprintf(field, sizeof(field), "roles[%zu].scope", i);
		if (!str_is(scope, "account") && !str_is(scope, "subscription") && !str_is(scope, "site"))
			return fail_field(err, RC_INVALID, field, "a scope is account, subscription or site");
		snprintf(field, sizeof(field), "roles[%zu].id", i);
		role->scope = str_is(scope, "site") ? SCOPE_SITE : str_is(scope, "subscription") ? SCOPE_SUBSCRIPTION : SCOPE_ACCOUNT;
		role->scope_id = role->scope == SCOPE_ACCOUNT ? x->account.v : json_integer_value(json_object_get(v, "id"));
		if (role->scope_id <= 0)
			return fail_field(err, RC_INVALID, field, "id is the number of the subscription or site");
	}
	return RC_OK;
}

static enum rc contact_create_step(struct db_tx *tx, struct call *c, struct err *err)
{
	const struct req *q = c->q;
	struct contact x = {
		.account = { actor_is_agent(c->who) ? api_i64(q, "account", 0) : c->who->account.v },
		.name = api_str(q, "name"),
		.phone = api_str(q, "phone"),
		.lang = or_else(api_str(q, "lang"), STR("en")),
		.zone = or_else(api_str(q, "zone"), STR("")),
	};
	struct contact_id id;
	enum rc rc = addr_canonical(c->a, api_str(q, "email"), &x.email, err);

	if (rc != RC_OK)
		return fail_field(err, RC_INVALID, "email", "the address is not one that mail can be sent to");
	rc = roles_of(q, &x, err);
	if (rc == RC_OK)
		rc = contact_create(tx, c->who, c->now, &x, &id, err);
	return rc == RC_OK ? contact_show(tx, c, id.v, err) : rc;
}

enum rc api_contact_create(struct req *q, struct resp *r)
{
	return api_write(q, r, 201, contact_create_step, NULL);
}

static enum rc contact_patch_step(struct db_tx *tx, struct call *c, struct err *err)
{
	const struct req *q = c->q;
	struct id_call *in = c->arg;
	struct contact x;
	enum rc rc = contact_find(tx, c->a, (struct contact_id){ in->id }, &x, err);

	rc = may_see(c, rc, x.account, err);
	if (rc == RC_OK)
		rc = roles_of(q, &x, err);
	if (rc != RC_OK)
		return rc;
	x.name = or_else(api_str(q, "name"), x.name);
	x.phone = or_else(api_str(q, "phone"), x.phone);
	x.lang = or_else(api_str(q, "lang"), x.lang);
	x.zone = or_else(api_str(q, "zone"), x.zone);
	if (api_has(q, "disabled"))
		x.disabled_at = json_is_true(json_object_get(q->json, "disabled")) ? c->now : (struct instant){ 0 };
	rc = contact_update(tx, c->who, c->now, &x, err);
	return rc == RC_OK ? contact_show(tx, c, in->id, err) : rc;
}

enum rc api_contact_patch(struct req *q, struct resp *r)
{
	struct id_call in = { 0 };
	enum rc rc = api_path_id(q, "id", &in.id);

	return rc == RC_OK ? api_write(q, r, 200, contact_patch_step, &in) : rc;
}

/* ---- subscriptions ---- */

static enum rc subscriptions_step(struct db_tx *tx, struct call *c, struct err *err)
{
	struct id_call *in = c->arg;
	struct subscription *at;
	size_t n;
	bool more;
	struct account_id account = actor_is_agent(c->who) ? (struct account_id){ in->id } : c->who->account;
	enum rc rc = subscription_list(tx, c->a, account, &in->page, &at, &n, &more, err);

	if (rc != RC_OK)
		return rc;
	begin_list(c, 2);
	for (size_t i = 0; i < n; i++)
		api_subscription(&c->json, &at[i]);
	end_list(c, more, n ? at[n - 1].id.v : 0, STR(""));
	return RC_OK;
}

enum rc api_subscriptions_list(struct req *q, struct resp *r)
{
	struct id_call in = { 0 };
	enum rc rc = list_call(q, &in);

	req_int(q, "account", &in.id);
	return rc == RC_OK ? api_read(q, r, subscriptions_step, &in) : rc;
}

static enum rc subscription_show(struct db_tx *tx, struct call *c, int64_t id, struct err *err)
{
	struct subscription s;
	enum rc rc = subscription_find(tx, c->a, (struct subscription_id){ id }, &s, err);

	rc = may_see(c, rc, s.account, err);
	if (rc == RC_OK)
		api_subscription(&c->json, &s);
	return rc;
}

static enum rc subscription_get_step(struct db_tx *tx, struct call *c, struct err *err)
{
	return subscription_show(tx, c, ((struct id_call *)c->arg)->id, err);
}

enum rc api_subscription_get(struct req *q, struct resp *r)
{
	struct id_call in = { 0 };
	enum rc rc = api_path_id(q, "id", &in.id);

	return rc == RC_OK ? api_read(q, r, subscription_get_step, &in) : rc;
}

static enum rc instant_of(const struct req *q, const char *name, struct instant *ret, struct err *err)
{
	struct str s = api_str(q, name);

	if (s.p && time_parse_iso(s, ret) != RC_OK)
		return fail_field(err, RC_INVALID, name, "%s is a date (2026-12-31) or a time (2026-12-31T00:00:00Z)", name);
	return RC_OK;
}

static enum rc fill_subscription(struct db_tx *tx, struct call *c, struct subscription *s, struct err *err)
{
	const struct req *q = c->q;
	struct str code = api_str(q, "plan"), state = api_str(q, "state");
	struct plan plan;
	enum rc rc = RC_OK;

	if (code.p) {
		rc = plan_find_code(tx, c->a, code, &plan, err);
		if (rc == RC_NOT_FOUND)
			return fail_field(err, RC_INVALID, "plan", "there is no plan \"" STR_F "\"", STR_A(str_sub(code, 0, 40)));
		s->plan = plan.id;
	}
	if (rc == RC_OK && state.p) {
		enum sub_state was = s->state;

		if (sub_state_parse(state, &s->state) != RC_OK)
			return fail_field(err, RC_INVALID, "state", "state is trial, active, past-due, suspended or cancelled");
		if (s->state != was)
			s->state_at = c->now;
	}
	s->name = or_else(api_str(q, "name"), s->name);
	s->ref = or_else(api_str(q, "ref"), s->ref);
	if (rc == RC_OK)
		rc = instant_of(q, "validFrom", &s->valid_from, err);
	if (rc == RC_OK)
		rc = instant_of(q, "validTo", &s->valid_to, err);
	return rc;
}

static enum rc subscription_create_step(struct db_tx *tx, struct call *c, struct err *err)
{
	struct subscription s = { .account = { api_i64(c->q, "account", 0) }, .state = SUB_ACTIVE, .valid_from = c->now, .state_at = c->now, .name = STR("") };
	struct subscription_id id;
	struct account account;
	enum rc rc = account_find(tx, c->a, s.account, &account, err);

	if (rc == RC_NOT_FOUND)
		return fail_field(err, RC_INVALID, "account", "there is no such account");
	if (rc == RC_OK)
		rc = fill_subscription(tx, c, &s, err);

	if (rc == RC_OK)
		rc = subscription_create(tx, c->who, c->now, &s, &id, err);
	return rc == RC_OK ? subscription_show(tx, c, id.v, err) : rc;
}

enum rc api_subscription_create(struct req *q, struct resp *r)
{
	return api_write(q, r, 201, subscription_create_step, NULL);
}

static enum rc subscription_patch_step(struct db_tx *tx, struct call *c, struct err *err)
{
	struct id_call *in = c->arg;
	struct subscription s;
	enum rc rc = subscription_find(tx, c->a, (struct subscription_id){ in->id }, &s, err);

	if (rc == RC_OK)
		rc = fill_subscription(tx, c, &s, err);
	if (rc == RC_OK)
		rc = subscription_update(tx, c->who, c->now, &s, err);
	return rc == RC_OK ? subscription_show(tx, c, in->id, err) : rc;
}

enum rc api_subscription_patch(struct req *q, struct resp *r)
{
	struct id_call in = { 0 };
	enum rc rc = api_path_id(q, "id", &in.id);

	return rc == RC_OK ? api_write(q, r, 200, subscription_patch_step, &in) : rc;
}

static enum rc entitlement_step(struct db_tx *tx, struct call *c, struct err *err)
{
	struct id_call *in = c->arg;
	const struct req *q = c->q;
	int64_t criticality = 0;
	struct entitlement e;
	struct account account;
	enum rc rc = account_find(tx, c->a, (struct account_id){ in->id }, &account, err);

	rc = may_see(c, rc, (struct account_id){ in->id }, err);
	if (rc != RC_OK)
		return rc;
	req_int(q, "criticality", &criticality);
	struct ent_ask ask = {
		.account = { in->id },
		.kind = str_is(req_field(q, "kind"), "request") ? TICKET_REQUEST : TICKET_INCIDENT,
		.criticality = (int)criticality,
		.channel = CHANNEL_API,
		.at = c->now,
	};
	rc = ent_check(tx, c->a, &ask, &e, err);
	if (rc != RC_OK)
		return rc;
	json_obj(&c->json);
	json_kstr(&c->json, "verdict", str_of(ent_verdict_name(e.verdict)));
	json_kbool(&c->json, "opens", ent_opens(e.verdict));
	json_kstr(&c->json, "plan", e.has_sub ? e.plan.code : STR_NULL);
	json_ktime(&c->json, "since", e.since);
	json_ktime(&c->json, "until", e.until);
	json_ki64(&c->json, "usedThisMonth", e.used);
	json_end_obj(&c->json);
	return RC_OK;
}

enum rc api_entitlement(struct req *q, struct resp *r)
{
	struct id_call in = { 0 };
	enum rc rc = api_path_id(q, "id", &in.id);

	return rc == RC_OK ? api_read(q, r, entitlement_step, &in) : rc;
}

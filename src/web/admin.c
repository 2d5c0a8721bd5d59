/* Administration, first part: start page with settings, agents, API tokens; and the table of all its routes. Accounts
 * are admin_accounts.c's, plans admin_plans.c's, jobs, mails and import admin_tools.c's. */
#include "event/event.h"
#include "outbox/text.h"
#include "ticket/held.h"
#include "tmpl.h"
#include "web/admin_view.h"
#include "web/signin_private.h"

#define MAX_FAILED 200

struct out admin_begin(struct req *q, struct resp *r, struct page *p, const char *title)
{
	struct out o = web_out(q, r);

	web_page_init(p, q, r, title);
	p->nav = NAV_ADMIN;
	return o;
}

/* ---- start and settings ---- */

struct home {
	struct req *q;
	struct job_counts jobs;
	struct outmail_row *failed;
	size_t n_failed;
	struct str hold, history;
};

static enum rc load_home(struct db_tx *tx, void *arg, struct err *err)
{
	struct home *h = arg;
	enum rc rc = job_count(tx, h->q->now, &h->jobs, err);

	if (rc == RC_OK && setting_get(tx, h->q->arena, HELD_SECONDS, &h->hold, NULL) != RC_OK)
		h->hold = STR("0");
	if (rc == RC_OK && setting_get(tx, h->q->arena, MAIL_HISTORY, &h->history, NULL) != RC_OK)
		h->history = STR("none");
	return rc == RC_OK ? outbox_undelivered(tx, h->q->arena, false, MAX_FAILED, &h->failed, &h->n_failed, err)
	                   : rc;
}

static enum rc show_home(struct req *q, struct resp *r)
{
	struct home h = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_home, &h, r->status == 200 ? req_err(q) : NULL);

	if (rc != RC_OK)
		return rc;
	const struct desk_config *c = &web_desk(q)->config;
	struct web_settings s = web_settings(q);
	struct page p;
	struct out o = admin_begin(q, r, &p, _(web_lang(q), "Administration"));
	struct admin_home v = { .p = &p,
		                .dead = h.jobs.dead,
		                .waiting = h.jobs.waiting,
		                .failed = h.n_failed,
		                .product = web_field_value(q, "product", s.product),
		                .phone = web_field_value(q, "phone", s.phone),
		                .support_addr = web_field_value(q, "support_addr", s.support_addr),
		                .mail_history = web_field_value(q, "mail_history", h.history),
		                .hold_seconds = web_field_value(q, "hold_seconds", h.hold),
		                .product_fixed = c->product.n > 0,
		                .phone_fixed = c->phone.n > 0,
		                .addr_fixed = c->support_addr.n > 0,
		                .require_totp = s.require_totp };

	tmpl_admin_home(&o, &v);
	return RC_OK;
}

static enum rc home_show(struct req *q, struct resp *r)
{
	return show_home(q, r);
}

struct saving {
	struct req *q;
	struct signer me;
	bool second; /* the administrator has to set up a second factor now */
};

static enum rc save_settings(struct db_tx *tx, void *arg, struct err *err)
{
	struct saving *s = arg;
	struct req *q = s->q;
	enum rc rc = setting_set(tx, "product", req_field(q, "product"), err);

	if (rc == RC_OK)
		rc = setting_set(tx, "support_addr", signin_address(q->arena, req_field(q, "support_addr")), err);
	if (rc == RC_OK)
		rc = setting_set(tx, "phone", req_field(q, "phone").n ? req_field(q, "phone") : STR(""), err);
	if (rc == RC_OK)
		rc = setting_set(tx, "require_totp", str_is(req_field(q, "require_totp"), "1") ? STR("1") : STR("0"),
		                 err);
	int64_t hold = 0;

	if (rc == RC_OK && req_int(q, "hold_seconds", &hold))
		rc = hold < 0 ? fail_field(err, RC_INVALID, "hold_seconds", "Replies are held 0 to %d seconds. Nothing was changed.", HELD_SECONDS_MAX)
		              : setting_set(tx, HELD_SECONDS, arena_strf(q->arena, "%lld", (long long)hold), err);
	if (rc == RC_OK && req_field(q, "mail_history").n)
		rc = setting_set(tx, MAIL_HISTORY, req_field(q, "mail_history"), err);
	/* Who came in without one may not stay so (S-42): the administrator who asks for it is no exception. */
	if (rc == RC_OK && str_is(req_field(q, "require_totp"), "1")) {
		rc = session_want_second(tx, q->now, err);
		if (rc == RC_OK)
			rc = signer_by_person(tx, q->arena, (struct person){ ACTOR_AGENT, q->actor.agent.v }, &s->me, err);
		s->second = rc == RC_OK && !s->me.cred.totp.n;
	}
	return rc == RC_OK ? signin_event(tx, q, &q->actor, EV_AUTH, "settings changed", err) : rc;
}

static enum rc home_save(struct req *q, struct resp *r)
{
	enum rc rc;

	if (web_fields_wrong(q, r))
		return show_home(q, r);
	struct saving s = { .q = q };

	rc = db_write(web_desk(q)->db, save_settings, &s, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_home(q, r);
	if (rc == RC_OK && s.second)
		return resp_redirect(r, STR("/sign-in/code?next=%2Fdesk%2Fadmin"));
	return rc == RC_OK ? web_done(r, _(web_lang(q), "Saved."), STR("/desk/admin")) : rc;
}

/* ---- agents ---- */

struct agents {
	struct req *q;
	struct agent *list;
	size_t n;
	struct agent one;
	struct signer signer, me;
	struct signin_post post;
};

static enum rc load_agents(struct db_tx *tx, void *arg, struct err *err)
{
	struct agents *a = arg;

	return agent_list(tx, a->q->arena, &a->list, &a->n, err);
}

static const char *role_word(enum agent_role r)
{
	return r == AGENT_ADMIN ? N_("administrator") : r == AGENT_SUPERVISOR ? N_("supervisor") : N_("agent");
}

static struct admin_agent agent_line(const struct req *q, const struct agent *a)
{
	return (struct admin_agent){ a->id,
		                     a->name,
		                     a->email,
		                     role_word(a->role),
		                     time_is_set(a->disabled_at),
		                     a->id.v == q->actor.agent.v };
}

static enum rc show_agents(struct req *q, struct resp *r)
{
	struct agents a = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_agents, &a, r->status == 200 ? req_err(q) : NULL);

	if (rc != RC_OK)
		return rc;
	struct page p;
	struct out o = admin_begin(q, r, &p, _(web_lang(q), "Agents"));
	struct admin_agents v = { .p = &p, .agents = arena_array(q->arena, struct admin_agent, a.n + 1) };

	for (size_t i = 0; i < a.n; i++)
		v.agents[v.n++] = agent_line(q, &a.list[i]);
	v.name = web_field_value(q, "name", STR(""));
	v.email = web_field_value(q, "email", STR(""));
	v.role = web_field_value(q, "role", STR("agent"));
	tmpl_admin_agents(&o, &v);
	return RC_OK;
}

static enum rc agents_show(struct req *q, struct resp *r)
{
	return show_agents(q, r);
}

static enum rc add_agent(struct db_tx *tx, void *arg, struct err *err)
{
	struct agents *x = arg;
	struct req *q = x->q;
	struct agent a = { .name = req_field(q, "name"),
		           .email = req_field(q, "email"),
		           .lang = q->actor.lang,
		           .zone = q->actor.zone };
	struct agent_id id;
	enum rc rc;

	if (agent_role_parse(req_field(q, "role"), &a.role) != RC_OK)
		return fail_field(err, RC_INVALID, "role", "Choose the agent's role.");
	rc = agent_create(tx, &q->actor, q->now, &a, &id, err);
	return rc == RC_OK ? signin_invite(tx, &x->post, (struct person){ ACTOR_AGENT, id.v }, err) : rc;
}

static struct signin_post post_of(struct req *q)
{
	return (struct signin_post){ web_desk(q), web_settings(q), q->arena, q->now };
}

static enum rc agents_add(struct req *q, struct resp *r)
{
	struct agents a = { .q = q, .post = post_of(q) };
	enum rc rc;

	if (web_fields_wrong(q, r))
		return show_agents(q, r);
	rc = db_write(web_desk(q)->db, add_agent, &a, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_agents(q, r);
	return rc == RC_OK
	               ? web_done(r, _(web_lang(q), "Added. The invitation is on its way."), STR("/desk/admin/agents"))
	               : rc;
}

static enum rc load_agent(struct db_tx *tx, void *arg, struct err *err)
{
	struct agents *a = arg;
	struct agent_id id = { web_path_id(a->q, "id") };
	enum rc rc = id.v ? agent_find(tx, a->q->arena, id, &a->one, err)
	                  : fail(err, RC_NOT_FOUND, "There is no such agent.");

	if (rc == RC_OK)
		rc = signer_by_person(tx, a->q->arena, (struct person){ ACTOR_AGENT, id.v }, &a->signer, err);
	return rc == RC_OK ? signer_by_person(tx, a->q->arena, (struct person){ ACTOR_AGENT, a->q->actor.agent.v },
	                                      &a->me, err)
	                   : rc;
}

static enum rc show_agent(struct agents *a, struct resp *r)
{
	struct req *q = a->q;
	struct page p;
	struct out o = admin_begin(q, r, &p, str_z(q->arena, a->one.name));
	struct admin_agents v = { .p = &p, .one = agent_line(q, &a->one), .totp = a->signer.cred.totp.n > 0 };

	v.name = web_field_value(q, "name", a->one.name);
	v.role = web_field_value(q, "role", str_of(agent_role_name(a->one.role)));
	tmpl_admin_agent(&o, &v);
	return RC_OK;
}

static enum rc agent_show(struct req *q, struct resp *r)
{
	struct agents a = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_agent, &a, req_err(q));

	return rc == RC_OK ? show_agent(&a, r) : rc;
}

static enum rc change_agent(struct db_tx *tx, void *arg, struct err *err)
{
	struct agents *x = arg;
	struct req *q = x->q;
	struct str what = req_field(q, "do");
	struct agent_id id = { web_path_id(q, "id") };
	struct person who = { ACTOR_AGENT, id.v };
	struct agent a;
	enum rc rc = agent_find(tx, q->arena, id, &a, err);

	if (rc != RC_OK)
		return rc;
	if (str_is(what, "invite"))
		return signin_invite(tx, &x->post, who, err);
	if (str_is(what, "totp-off")) {
		rc = credential_set_totp(tx, who, STR_NULL, NULL, 0, q->now, err);
		if (rc == RC_OK)
			rc = signin_event(tx, q, &q->actor, EV_AUTH, "second factor of an agent taken off", err);
		return rc == RC_OK ? signin_tell(tx, &x->post, &x->signer,
		                                 "The second step was turned off by an administrator.", err)
		                   : rc;
	}
	enum agent_role before = a.role;

	if (str_is(what, "disable")) {
		a.disabled_at = q->now;
	} else if (str_is(what, "enable")) {
		a.disabled_at = (struct instant){ 0 };
	} else {
		a.name = req_field(q, "name");
		if (agent_role_parse(req_field(q, "role"), &a.role) != RC_OK)
			return fail_field(err, RC_INVALID, "role", "Choose the agent's role.");
	}
	rc = agent_update(tx, &q->actor, q->now, &a, err);
	if (rc == RC_OK && (str_is(what, "disable") || (before != a.role && id.v != q->actor.agent.v)))
		rc = people_end_access(tx, who, err);
	return rc;
}

/* Taking somebody's second factor off opens a door: the administrator's own password again (S-47). */
static enum rc prove(struct req *q, struct resp *r, const struct signer *me)
{
	struct signin_limit limit = { arena_strf(q->arena, "proof:%d:%lld", ACTOR_AGENT, (long long)q->actor.agent.v),
		                      SIGNIN_TRIES };
	enum rc rc = signin_count(q, r, &limit, 1);

	if (rc == RC_OK && !auth_password_check(me->cred.password, req_field(q, "password")))
		rc = http_fail(q, RC_DENIED, "password", "Your present password is not right. Nothing was changed.");
	return rc;
}

static enum rc agent_save(struct req *q, struct resp *r)
{
	struct agents a = { .q = q, .post = post_of(q) };
	struct str what = req_field(q, "do");
	enum rc rc = db_read(web_desk(q)->db, load_agent, &a, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (web_fields_wrong(q, r))
		return show_agent(&a, r);
	if (str_is(what, "totp-off"))
		rc = prove(q, r, &a.me);
	if (rc == RC_OK)
		rc = db_write(web_desk(q)->db, change_agent, &a, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_agent(&a, r);
	if (rc != RC_OK)
		return rc;
	return web_done(
	        r, str_is(what, "invite") ? _(web_lang(q), "The invitation is on its way.") : _(web_lang(q), "Saved."),
	        str_is(what, "save") ? STR("/desk/admin/agents") : q->path);
}

/* ---- API tokens ---- */

struct tokens {
	struct req *q;
	struct api_token *list;
	size_t n;
	struct agent *agents;
	size_t n_agents;
	struct account *accounts;
	size_t n_accounts;
	struct api_token fresh;
	struct str made;
	struct signer me;
};

static enum rc load_tokens(struct db_tx *tx, void *arg, struct err *err)
{
	struct tokens *t = arg;
	struct list_page page = { .max = 200 };
	bool more;
	enum rc rc = api_token_list(tx, t->q->arena, &t->list, &t->n, err);

	if (rc == RC_OK)
		rc = agent_list(tx, t->q->arena, &t->agents, &t->n_agents, err);
	return rc == RC_OK ? account_list(tx, t->q->arena, STR(""), &page, &t->accounts, &t->n_accounts, &more, err)
	                   : rc;
}

static struct str owner_name(const struct tokens *t, const struct api_token *x)
{
	for (size_t i = 0; x->agent.v && i < t->n_agents; i++)
		if (t->agents[i].id.v == x->agent.v)
			return t->agents[i].name;
	for (size_t i = 0; x->account.v && i < t->n_accounts; i++)
		if (t->accounts[i].id.v == x->account.v)
			return t->accounts[i].name;
	return arena_strf(t->q->arena, "%lld", (long long)(x->agent.v ? x->agent.v : x->account.v));
}

static void fill_owners(const struct tokens *t, struct admin_tokens *v)
{
	struct arena *a = t->q->arena;

	v->owners = arena_array(a, struct choice_view, t->n_agents + t->n_accounts + 1);
	for (size_t i = 0; i < t->n_agents; i++)
		if (!time_is_set(t->agents[i].disabled_at))
			v->owners[v->n_owners++] = (struct choice_view){
				arena_strf(a, "agent:%lld", (long long)t->agents[i].id.v), t->agents[i].name
			};
	for (size_t i = 0; i < t->n_accounts; i++)
		v->owners[v->n_owners++] = (struct choice_view){
			arena_strf(a, "account:%lld", (long long)t->accounts[i].id.v), t->accounts[i].name
		};
}

static enum rc show_tokens(struct tokens *t, struct resp *r)
{
	static const char *const scopes[] = { "", N_("read"), N_("read and write"), N_("administer") };
	struct req *q = t->q;
	enum rc rc = db_read(web_desk(q)->db, load_tokens, t, r->status == 200 ? req_err(q) : NULL);

	if (rc != RC_OK)
		return rc;
	struct page p;
	struct out o = admin_begin(q, r, &p, _(web_lang(q), "API tokens"));
	struct admin_tokens v = { .p = &p,
		                  .made = t->made,
		                  .tokens = arena_array(q->arena, struct admin_token, t->n + 1) };
	bool again = t->made.n == 0;

	for (size_t i = 0; i < t->n; i++)
		v.tokens[v.n++] = (struct admin_token){
			t->list[i].id.v,       t->list[i].name,    owner_name(t, &t->list[i]), scopes[t->list[i].scope],
			t->list[i].created_at, t->list[i].used_at, t->list[i].expires_at,      t->list[i].revoked_at
		};
	fill_owners(t, &v);
	v.name = again ? web_field_value(q, "name", STR("")) : STR("");
	v.owner = again ? web_field_value(q, "owner", STR("")) : STR("");
	v.days = again ? web_field_value(q, "days", STR("365")) : STR("365");
	v.scope = again ? web_field_value(q, "scope", STR("1")) : STR("1");
	tmpl_admin_tokens(&o, &v);
	return RC_OK;
}

static enum rc tokens_show(struct req *q, struct resp *r)
{
	struct tokens t = { .q = q, .made = STR_INIT("") };

	return show_tokens(&t, r);
}

static enum rc load_myself(struct db_tx *tx, void *arg, struct err *err)
{
	struct tokens *t = arg;

	return signer_by_person(tx, t->q->arena, (struct person){ ACTOR_AGENT, t->q->actor.agent.v }, &t->me, err);
}

static enum rc make_token(struct db_tx *tx, void *arg, struct err *err)
{
	struct tokens *t = arg;
	struct req *q = t->q;
	struct str rest = req_field(q, "owner"), kind = STR(""), made;
	int64_t id = 0, days = 0, scope = 0;
	struct token_id token;
	enum rc rc;

	if (!str_cut(&rest, ':', &kind) || str_to_i64(rest, &id) != RC_OK || id <= 0)
		return fail_field(err, RC_INVALID, "owner", "Choose as whom the token acts.");
	req_int(q, "scope", &scope);
	t->fresh = (struct api_token){ .name = req_field(q, "name"), .scope = (enum token_scope)scope };
	if (str_is(kind, "agent"))
		t->fresh.agent.v = id;
	else
		t->fresh.account.v = id;
	if (req_int(q, "days", &days) && days > 0)
		t->fresh.expires_at = time_add(q->now, days * DAY_US);
	rc = api_token_make(tx, q->arena, &t->fresh, q->now, &token, &made, err);
	if (rc == RC_CONFLICT)
		return fail_field(err, RC_INVALID, "owner", "Choose as whom the token acts.");
	if (rc == RC_OK)
		t->made = made;
	return rc == RC_OK ? signin_event(tx, q, &q->actor, EV_AUTH, "API token made", err) : rc;
}

static enum rc revoke_token(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = ((struct tokens *)arg)->q;
	int64_t id = 0;
	enum rc rc;

	req_int(q, "id", &id);
	rc = api_token_revoke(tx, (struct token_id){ id }, q->now, err);
	return rc == RC_OK ? signin_event(tx, q, &q->actor, EV_AUTH, "API token revoked", err) : rc;
}

static enum rc tokens_do(struct req *q, struct resp *r)
{
	struct tokens t = { .q = q, .made = STR_INIT("") };
	struct db *db = web_desk(q)->db;
	enum rc rc;

	if (web_fields_wrong(q, r))
		return show_tokens(&t, r);
	if (str_is(req_field(q, "do"), "revoke")) {
		rc = db_write(db, revoke_token, &t, req_err(q));
		return rc == RC_OK ? web_done(r, _(web_lang(q), "Revoked. It opens nothing any more."),
		                              STR("/desk/admin/tokens"))
		                   : rc;
	}
	if ((rc = db_read(db, load_myself, &t, req_err(q))) != RC_OK)
		return rc;
	rc = prove(q, r, &t.me);
	if (rc == RC_OK)
		rc = db_write(db, make_token, &t, req_err(q));
	if (rc == RC_OK || web_form_failed(q, r, rc))
		return show_tokens(&t, r);
	return rc;
}

/* ---- routes ---- */

#define ROLE_FIELDS                                                                                                    \
	{ "role", FIELD_TEXT, 20 },                                                                                    \
	{                                                                                                              \
		"scope", FIELD_TEXT, 40                                                                                \
	}
static const struct field home_fields[] = {
	{"product",    FIELD_TEXT, 100, true },
	{ "support_addr",         FIELD_EMAIL, 254, true },
	{ "phone",           FIELD_TEXT, 40 },
	{ "hold_seconds", FIELD_INT, HELD_SECONDS_MAX },
	{ "mail_history", FIELD_CHOICE, 0, false, "none|last|all" },
	{ "require_totp",FIELD_BOOL },
	{ 0       }
};
static const struct field agents_fields[] = {
	{"name",       FIELD_TEXT, 200, true },
	{ "email",         FIELD_EMAIL, 254, true },
	{ "role",           FIELD_CHOICE, .required = true, .choices = "agent|supervisor|administrator" },
	{ 0}
};
static const struct field agent_fields[] = {
	{"do",              FIELD_CHOICE, .required = true, .choices = "save|invite|disable|enable|totp-off" },
	{ "name", FIELD_TEXT, 200 },
	{ "role",                FIELD_CHOICE, .choices = "agent|supervisor|administrator" },
	{ "password",       FIELD_LINES, 1000 },
	{ 0	       }
};
static const struct field tokens_fields[] = {
	{"do",              FIELD_CHOICE, .required = true, .choices = "make|revoke" },
	{ "id", FIELD_INT },
	{ "name",                FIELD_TEXT, 200 },
	{ "owner",        FIELD_TEXT, 40 },
	{ "scope",           FIELD_INT, 3 },
	{ "days",              FIELD_INT, 3650 },
	{ "password",          FIELD_LINES, 1000 },
	{ 0	      }
};
static const struct field accounts_list_fields[] = {
	{"find",   FIELD_TEXT, 200 },
        { "after",     FIELD_INT },
        { "name", FIELD_TEXT, 200 },
        { 0      }
};
static const struct field accounts_fields[] = {
	{"name",      FIELD_TEXT, 200, true },
	{ "ref",        FIELD_TEXT, 100 },
	{ "lang",          FIELD_TEXT, 20 },
	{ "zone",FIELD_TEXT, 64 },
	{ 0         }
};
static const struct field account_fields[] = {
	{"do",              FIELD_CHOICE, .required = true, .choices = "account|subscription|site|contact" },
	{ "name", FIELD_TEXT, 200, true },
	{ "ref",                FIELD_TEXT, 100 },
	{ "lang",       FIELD_TEXT, 20 },
	{ "zone",             FIELD_TEXT, 64 },
	{ "closed",            FIELD_BOOL },
	{ "plan",              FIELD_INT },
	{ "valid_from",           FIELD_TEXT, 40 },
	{ "valid_to",               FIELD_TEXT, 40 },
	{ "hosts",           FIELD_TEXT, 2000 },
	{ "sub",               FIELD_INT },
	{ "email",         FIELD_TEXT, 254 },
	{ "phone",                FIELD_TEXT, 40 },
	{ "invite",FIELD_BOOL },
	ROLE_FIELDS,
	{ 0    }
};
static const struct field sub_fields[] = {
	{"name",      FIELD_TEXT, 200, true },
	{ "ref",        FIELD_TEXT, 100 },
	{ "plan",          FIELD_INT, .required = true },
	{ "state",FIELD_CHOICE, .required = true, .choices = "trial|active|past-due|suspended|cancelled" },
	{ "valid_from",          FIELD_TEXT, 40, true },
	{ "valid_to",FIELD_TEXT, 40 },
	{ 0         }
};
static const struct field site_fields[] = {
	{"name",      FIELD_TEXT, 200, true },
        { "hosts",        FIELD_TEXT, 2000 },
        { "sub",          FIELD_INT },
        { 0}
};
static const struct field contact_fields[] = {
	{"do",              FIELD_CHOICE, .required = true, .choices = "save|invite|disable|enable|address" },
	{ "name", FIELD_TEXT, 200 },
	{ "phone",                FIELD_TEXT, 40 },
	{ "email",       FIELD_TEXT, 254 },
	ROLE_FIELDS,
	{ 0	       }
};
static const struct field plans_fields[] = {
	{"code", FIELD_TEXT, 40, true },
        { "name",    FIELD_TEXT, 200, true },
        { 0    }
};
static const struct field request_type_fields[] = {
	{"id", FIELD_INT, .doc = "0: a new one" },
	{"name", FIELD_TEXT, 800, true },
	{"items", FIELD_LINES, 20000 },
	{"archived", FIELD_BOOL },
	{ 0 }
};
static const struct field estimate_fields[] = {
	{"days_s", FIELD_INT, .doc = "Working days of a request, S" },
	{"days_m", FIELD_INT, .doc = "M" },
	{"days_l", FIELD_INT, .doc = "L" },
	{ 0 }
};
static const struct field plan_fields[] = {
	{"name",      FIELD_TEXT, 200, true },
	{ "support",        FIELD_BOOL },
	{ "approval",        FIELD_BOOL },
	{ "rank",          FIELD_INT, 1000 },
	{ "quota",FIELD_INT, 1000000 },
	{ "ch",     FIELD_TEXT, 10 },
	{ "target",       FIELD_TEXT, 10 },
	{ "calendar",       FIELD_INT, .doc = "Working hours; 0: around the clock" },
	{ "cal",       FIELD_TEXT, 20, .doc = "Of each promise; 0: the plan's" },
	{ "warn",       FIELD_TEXT, 4, .doc = "Percent of the time" },
	{ "pauses",       FIELD_TEXT, 2, .doc = "Waiting for whom stops the clock" },
	{ 0   }
};
static const struct field rules_fields[] = {
	{"drop",	      FIELD_INT, .doc = "rule to remove" },
	{ "field",	      FIELD_CHOICE, .choices = "to|from|subject|text" },
	{ "contains",	      FIELD_TEXT, 200 },
	{ "kind",	      FIELD_CHOICE, .choices = "request|4|3|2|1|same" },
	{ "team",	      FIELD_INT, .doc = "0: none" },
	{ 0 },
};
static const struct field teams_fields[] = {
	{ "name", FIELD_TEXT, 200, true },
	{ "about", FIELD_TEXT, 500 },
	{ "members", FIELD_TEXT, 20, .doc = "Agents' ids, one each" },
	{ 0 },
};
static const struct field team_fields[] = {
	{ "do", FIELD_CHOICE, .required = true, .choices = "save|remove" },
	{ "name", FIELD_TEXT, 200 },
	{ "about", FIELD_TEXT, 500 },
	{ "members", FIELD_TEXT, 20, .doc = "Agents' ids, one each" },
	{ "to", FIELD_INT, .doc = "Team that gets its tickets; 0: none" },
	{ 0 },
};
static const struct field jobs_fields[] = {
	{"do",              FIELD_CHOICE, .required = true, .choices = "retry|drop" },
        { "id", FIELD_INT, .required = true },
        { 0               }
};
static const struct field text_which[] = {
	{ "kind", FIELD_TEXT, 40 },
	{ "lang", FIELD_TEXT, 20 },
	{ 0 }
};
static const struct field text_fields[] = {
	{ "kind", FIELD_TEXT, 40, true },
	{ "lang", FIELD_TEXT, 20, true },
	{ "text", FIELD_LINES, 20000 },
	{ "do", FIELD_CHOICE, .required = true, .choices = "save|preview|builtin" },
	{ 0 }
};
static const struct field mails_fields[] = {
	{ "id", FIELD_INT },
	{ "to", FIELD_TEXT, 320 },
	{ "do", FIELD_CHOICE, .choices = "again|seen|unseen" },
	{ 0 }
};
static const struct field mails_which[] = {
	{ "dismissed", FIELD_BOOL },
	{ 0 }
};
static const struct field import_fields[] = {
	{"file",      FIELD_FILE },
        { "dry",          FIELD_BOOL },
        { 0}
};

const struct route admin_routes[] = {
	{HTTP_GET,                   "/desk/admin", CAP_ADMIN, home_show },
	{ HTTP_POST,                 "/desk/admin", CAP_ADMIN, home_save, home_fields, ROUTE_LENIENT },
	{ HTTP_GET,	                 "/desk/admin/agents", CAP_ADMIN, agents_show },
	{ HTTP_POST,"/desk/admin/agents", CAP_ADMIN, agents_add, agents_fields, ROUTE_LENIENT },
	{ HTTP_GET,                 "/desk/admin/agents/{id}", CAP_ADMIN, agent_show },
	{ HTTP_POST,             "/desk/admin/agents/{id}", CAP_ADMIN, agent_save, agent_fields, ROUTE_LENIENT },
	{ HTTP_GET, "/desk/admin/teams", CAP_ADMIN, admin_teams_show },
	{ HTTP_POST, "/desk/admin/teams", CAP_ADMIN, admin_teams_add, teams_fields, ROUTE_LENIENT },
	{ HTTP_GET, "/desk/admin/teams/{id}", CAP_ADMIN, admin_team_show },
	{ HTTP_POST, "/desk/admin/teams/{id}", CAP_ADMIN, admin_team_save, team_fields, ROUTE_LENIENT },
	{ HTTP_GET,                  "/desk/admin/tokens", CAP_ADMIN, tokens_show },
	{ HTTP_POST,                 "/desk/admin/tokens", CAP_ADMIN, tokens_do, tokens_fields, ROUTE_LENIENT },
	{ HTTP_GET,	                 "/desk/admin/accounts", CAP_ADMIN, admin_accounts_show, accounts_list_fields },
	{ HTTP_POST,          "/desk/admin/accounts", CAP_ADMIN, admin_accounts_add, accounts_fields, ROUTE_LENIENT },
	{ HTTP_GET,                "/desk/admin/accounts/{id}", CAP_ADMIN, admin_account_show },
	{ HTTP_POST,             "/desk/admin/accounts/{id}", CAP_ADMIN, admin_account_save, account_fields, ROUTE_LENIENT },
	{ HTTP_GET,                  "/desk/admin/subscriptions/{id}", CAP_ADMIN, admin_sub_show },
	{ HTTP_POST,                 "/desk/admin/subscriptions/{id}", CAP_ADMIN, admin_sub_save, sub_fields, ROUTE_LENIENT },
	{ HTTP_GET,	                 "/desk/admin/sites/{id}", CAP_ADMIN, admin_site_show },
	{ HTTP_POST,"/desk/admin/sites/{id}", CAP_ADMIN, admin_site_save, site_fields, ROUTE_LENIENT },
	{ HTTP_GET,                "/desk/admin/contacts/{id}", CAP_ADMIN, admin_contact_show },
	{ HTTP_POST,             "/desk/admin/contacts/{id}", CAP_ADMIN, admin_contact_save, contact_fields, ROUTE_LENIENT },
	{ HTTP_GET,                  "/desk/admin/plans", CAP_ADMIN, admin_plans_show },
	{ HTTP_POST,                 "/desk/admin/plans", CAP_ADMIN, admin_plans_add, plans_fields, ROUTE_LENIENT },
	{ HTTP_GET, "/desk/admin/request-types", CAP_ADMIN, admin_request_types_show },
	{ HTTP_POST, "/desk/admin/request-types", CAP_ADMIN, admin_request_types_save, request_type_fields, ROUTE_LENIENT },
	{ HTTP_GET, "/desk/admin/estimates", CAP_ADMIN, admin_plans_show },
	{ HTTP_POST, "/desk/admin/estimates", CAP_ADMIN, admin_estimates_save, estimate_fields, ROUTE_LENIENT },
	{ HTTP_GET,	                 "/desk/admin/plans/{id}", CAP_ADMIN, admin_plan_show },
	{ HTTP_POST,"/desk/admin/plans/{id}", CAP_ADMIN, admin_plan_save, plan_fields, ROUTE_LENIENT },
	{ HTTP_GET,                 "/desk/admin/jobs", CAP_ADMIN, admin_jobs_show },
	{ HTTP_POST,             "/desk/admin/jobs", CAP_ADMIN, admin_jobs_do, jobs_fields },
	{ HTTP_GET,                  "/desk/admin/mails", CAP_ADMIN, admin_mails_show, mails_which },
	{ HTTP_POST, "/desk/admin/mails", CAP_ADMIN, admin_mails_do, mails_fields },
	{ HTTP_GET, "/desk/admin/mail-texts", CAP_ADMIN, admin_texts_show, text_which },
	{ HTTP_POST, "/desk/admin/mail-texts", CAP_ADMIN, admin_texts_do, text_fields, ROUTE_LENIENT },
	{ HTTP_GET, "/desk/admin/mail-rules", CAP_ADMIN, admin_rules_show },
	{ HTTP_POST, "/desk/admin/mail-rules", CAP_ADMIN, admin_rules_do, rules_fields, ROUTE_LENIENT },
	{ HTTP_GET,                 "/desk/admin/import", CAP_ADMIN, admin_import_show },
	{ HTTP_POST,      "/desk/admin/import", CAP_ADMIN, admin_import_do, import_fields, ROUTE_UPLOAD | ROUTE_LENIENT },
	{ 0	        },
};

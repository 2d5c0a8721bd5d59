/* The Control Center's pages about the customer: people (managers change them), subscriptions with what they cover, and
 * sites (facts to read). Who may change whom is decided by account/, not by the forms. */
#include "entitlement/entitlement.h"
#include "entitlement/promise.h"
#include "tmpl.h"
#include "web/people_view.h"
#include "web/signin_private.h"

#define PAGE_SIZE 50

/* ---- scopes: "account", "subscription:12", "site:7" ---- */

enum rc people_places(struct db_tx *tx, struct arena *a, struct account_id account, struct people_places *p,
                      struct err *err)
{
	struct list_page page = { .max = 200 };
	bool more;
	enum rc rc = subscription_list(tx, a, account, &page, &p->subs, &p->n_subs, &more, err);

	return rc == RC_OK ? site_list(tx, a, account, &p->sites, &p->n_sites, err) : rc;
}

void people_scopes(struct arena *a, const struct i18n *l, const struct people_places *p, struct choice_view **ret,
                   size_t *ret_n)
{
	struct choice_view *c = arena_array(a, struct choice_view, p->n_subs + p->n_sites + 1);
	size_t n = 0;

	c[n++] = (struct choice_view){ STR("account"), str_of(_(l, "the whole organisation")) };
	for (size_t i = 0; i < p->n_subs; i++)
		c[n++] = (struct choice_view){ arena_strf(a, "subscription:%lld", (long long)p->subs[i].id.v),
			                       TR_FILL(a, _(l, "subscription {name}"), { "name", p->subs[i].name }) };
	for (size_t i = 0; i < p->n_sites; i++)
		c[n++] = (struct choice_view){ arena_strf(a, "site:%lld", (long long)p->sites[i].id.v),
			                       TR_FILL(a, _(l, "site {name}"), { "name", p->sites[i].name }) };
	*ret = c;
	*ret_n = n;
}

struct str people_scope_value(struct arena *a, const struct role *r)
{
	if (r->scope == SCOPE_ACCOUNT)
		return STR("account");
	return arena_strf(a, "%s:%lld", r->scope == SCOPE_SITE ? "site" : "subscription", (long long)r->scope_id);
}

static struct str scope_label(const struct choice_view *c, size_t n, struct str value)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(c[i].value, value))
			return c[i].label;
	return value;
}

static const char *role_word(const struct i18n *l, enum contact_role r)
{
	return r == CONTACT_MANAGER ? _(l, "Manager") : r == CONTACT_OPERATOR ? _(l, "Operator") : _(l, "Auditor");
}

struct str people_roles_text(struct arena *a, const struct i18n *l, const struct contact *c,
                             const struct choice_view *scopes, size_t n)
{
	struct str s = STR("");

	for (size_t i = 0; i < c->n_roles; i++) {
		struct str scope = scope_label(scopes, n, people_scope_value(a, &c->roles[i]));

		s = arena_strf(a, STR_F "%s%s: " STR_F, STR_A(s), i ? "; " : "", role_word(l, c->roles[i].role),
		               STR_A(scope));
	}
	return s.n ? s : str_of(_(l, "no role"));
}

/* The form's pairs of "role" and "scope"; "none" is left out. Whether they are the account's is asked by account/. */
enum rc people_read_roles(struct req *q, struct account_id account, struct contact *c, struct err *err)
{
	struct str role[20], scope[20], rest, kind;
	size_t n = req_fields(q, "role", role, COUNT(role)), m = req_fields(q, "scope", scope, COUNT(scope));

	c->n_roles = 0;
	for (size_t i = 0; i < n; i++) {
		struct role *x = &c->roles[c->n_roles];

		if (str_is(role[i], "none"))
			continue;
		if (i >= m || c->n_roles >= COUNT(c->roles) || contact_role_parse(role[i], &x->role) != RC_OK)
			return fail_field(err, RC_INVALID, "roles", "Choose a role and what it is for.");
		rest = scope[i];
		if (!str_cut(&rest, ':', &kind))
			return fail_field(err, RC_INVALID, "roles", "Choose a role and what it is for.");
		x->scope = str_is(kind, "site")           ? SCOPE_SITE
		           : str_is(kind, "subscription") ? SCOPE_SUBSCRIPTION
		                                          : SCOPE_ACCOUNT;
		x->scope_id = account.v;
		if (x->scope != SCOPE_ACCOUNT && str_to_i64(rest, &x->scope_id) != RC_OK)
			return fail_field(err, RC_INVALID, "roles", "Choose a role and what it is for.");
		c->n_roles++;
	}
	return RC_OK;
}

/* ---- the list ---- */

struct people {
	struct req *q;
	struct people_places places;
	struct contact *list;
	size_t n;
	bool more;
	struct signin_post post;
	struct contact one;
};

static enum rc load_people(struct db_tx *tx, void *arg, struct err *err)
{
	struct people *p = arg;
	struct req *q = p->q;
	int64_t after = 0;
	struct list_page page = { .max = PAGE_SIZE };
	enum rc rc = people_places(tx, q->arena, q->actor.account, &p->places, err);

	if (q->method == HTTP_GET && req_int(q, "after", &after)) {
		page.after_id = after;
		page.after_name = req_field(q, "name");
	}
	return rc == RC_OK ? contact_list(tx, q->arena, q->actor.account, &page, &p->list, &p->n, &p->more, err) : rc;
}

static struct str next_page(struct req *q, const char *path, struct str name, int64_t id)
{
	AUTO_BUF b;
	struct out o = { .b = &b };

	buf_init(&b, 8000);
	buf_addf(&b, "%s?after=%lld&name=", path, (long long)id);
	out_url_part(&o, name);
	return arena_str(q->arena, buf_str(&b));
}

static enum rc show_people(struct req *q, struct resp *r)
{
	struct people p = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_people, &p, r->status == 200 ? req_err(q) : NULL);

	if (rc != RC_OK)
		return rc;
	struct out o = web_out(q, r);
	struct page page;
	struct people_view v = { .p = &page,
		                 .may_manage = web_allowed(q, CAP_CUSTOMER_MANAGE),
		                 .next_url = STR_INIT("") };

	web_page_init(&page, q, r, _(o.lang, "People"));
	page.nav = NAV_PEOPLE;
	people_scopes(q->arena, o.lang, &p.places, &v.scopes, &v.n_scopes);
	v.people = arena_array(q->arena, struct person_line, p.n + 1);
	for (size_t i = 0; i < p.n; i++)
		v.people[v.n_people++] = (struct person_line){ p.list[i].id.v,
			                                       p.list[i].name,
			                                       p.list[i].email,
			                                       people_roles_text(q->arena, o.lang, &p.list[i], v.scopes,
			                                                         v.n_scopes),
			                                       time_is_set(p.list[i].disabled_at),
			                                       p.list[i].id.v == q->actor.contact.v };
	if (p.more && p.n)
		v.next_url = next_page(q, "/people", p.list[p.n - 1].name, p.list[p.n - 1].id.v);
	bool posted = q->method != HTTP_GET;

	v.name = posted ? web_field_value(q, "name", STR("")) : STR("");
	v.email = web_field_value(q, "email", STR(""));
	v.phone = web_field_value(q, "phone", STR(""));
	v.blank = (struct role_line){ web_field_value(q, "role", STR("operator")),
		                      web_field_value(q, "scope", STR("account")) };
	tmpl_people(&o, &v);
	return RC_OK;
}

static enum rc people_show(struct req *q, struct resp *r)
{
	return show_people(q, r);
}

static enum rc add_person(struct db_tx *tx, void *arg, struct err *err)
{
	struct people *p = arg;
	struct req *q = p->q;
	struct contact c = { .account = q->actor.account,
		             .name = req_field(q, "name"),
		             .email = req_field(q, "email"),
		             .phone = req_field(q, "phone"),
		             .lang = q->actor.lang,
		             .zone = STR_INIT("") };
	struct contact_id id;
	enum rc rc = people_read_roles(q, q->actor.account, &c, err);

	if (rc == RC_OK)
		rc = contact_create(tx, &q->actor, q->now, &c, &id, err);
	return rc == RC_OK ? signin_invite(tx, &p->post, (struct person){ ACTOR_CONTACT, id.v }, err) : rc;
}

static enum rc people_add(struct req *q, struct resp *r)
{
	struct people p = {
		.q = q, .post = {web_desk(q), web_settings(q), q->arena, q->now}
	};
	enum rc rc;

	if (web_fields_wrong(q, r))
		return show_people(q, r);
	rc = db_write(web_desk(q)->db, add_person, &p, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_people(q, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "Added. The invitation is on its way."), STR("/people")) : rc;
}

/* ---- one person ---- */

static enum rc load_person(struct db_tx *tx, void *arg, struct err *err)
{
	struct people *p = arg;
	struct req *q = p->q;
	struct contact_id id = { web_path_id(q, "id") };
	enum rc rc = id.v ? contact_find(tx, q->arena, id, &p->one, err) : RC_NOT_FOUND;

	/* Another account's person is nobody. */
	if (rc == RC_NOT_FOUND || (rc == RC_OK && p->one.account.v != q->actor.account.v))
		return fail(err, RC_NOT_FOUND, "There is no such person.");
	return rc == RC_OK ? people_places(tx, q->arena, q->actor.account, &p->places, err) : rc;
}

static enum rc show_person(struct people *p, struct resp *r)
{
	struct req *q = p->q;
	struct out o = web_out(q, r);
	struct page page;
	struct person_view v = {
		.p = &page, .id = p->one.id.v, .email = p->one.email, .disabled = time_is_set(p->one.disabled_at)
	};

	web_page_init(&page, q, r, str_z(q->arena, p->one.name));
	page.nav = NAV_PEOPLE;
	v.self = p->one.id.v == q->actor.contact.v;
	v.name = web_field_value(q, "name", p->one.name);
	v.phone = web_field_value(q, "phone", p->one.phone.n ? p->one.phone : STR(""));
	people_scopes(q->arena, o.lang, &p->places, &v.scopes, &v.n_scopes);
	for (size_t i = 0; i < p->one.n_roles; i++)
		v.rows[v.n_rows++] = (struct role_line){ str_of(contact_role_name(p->one.roles[i].role)),
			                                 people_scope_value(q->arena, &p->one.roles[i]) };
	v.rows[v.n_rows++] = (struct role_line){ STR("none"), STR("account") };
	tmpl_person(&o, &v);
	return RC_OK;
}

static enum rc person_show(struct req *q, struct resp *r)
{
	struct people p = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_person, &p, req_err(q));

	return rc == RC_OK ? show_person(&p, r) : rc;
}

bool people_same_roles(const struct contact *a, const struct contact *b)
{
	if (a->n_roles != b->n_roles)
		return false;
	for (size_t i = 0; i < a->n_roles; i++)
		if (a->roles[i].role != b->roles[i].role || a->roles[i].scope != b->roles[i].scope ||
		    a->roles[i].scope_id != b->roles[i].scope_id)
			return false;
	return true;
}

enum rc people_end_access(struct db_tx *tx, struct person who, struct err *err)
{
	enum rc rc = session_end_all(tx, who, STR_NULL, err);

	return rc == RC_OK ? once_end_all(tx, who, err) : rc;
}

static enum rc change_person(struct db_tx *tx, void *arg, struct err *err)
{
	struct people *p = arg;
	struct req *q = p->q;
	struct str what = req_field(q, "do");
	enum rc rc = load_person(tx, p, err);
	struct contact c = p->one;
	struct person who = { ACTOR_CONTACT, c.id.v };

	if (rc != RC_OK)
		return rc;
	if (str_is(what, "invite"))
		return signin_invite(tx, &p->post, who, err);
	if (str_is(what, "disable")) {
		c.disabled_at = q->now;
	} else if (str_is(what, "enable")) {
		c.disabled_at = (struct instant){ 0 };
	} else {
		c.name = req_field(q, "name");
		c.phone = req_field(q, "phone");
		rc = people_read_roles(q, q->actor.account, &c, err);
	}
	if (rc == RC_OK)
		rc = contact_update(tx, &q->actor, q->now, &c, err);
	/* Whoever loses or gains something signs in anew (S-42); oneself stays. */
	if (rc == RC_OK && c.id.v != q->actor.contact.v && (str_is(what, "disable") || !people_same_roles(&c, &p->one)))
		rc = people_end_access(tx, who, err);
	return rc;
}

static enum rc person_save(struct req *q, struct resp *r)
{
	struct people p = {
		.q = q, .post = {web_desk(q), web_settings(q), q->arena, q->now}
	};
	struct str what = req_field(q, "do");
	struct err wrong;
	enum rc rc = web_fields_wrong(q, r) ? RC_INVALID : db_write(web_desk(q)->db, change_person, &p, req_err(q));

	if (web_form_failed(q, r, rc)) {
		wrong = *req_err(q);
		rc = db_read(web_desk(q)->db, load_person, &p, req_err(q));
		if (rc == RC_OK)
			*req_err(q) = wrong;
		return rc == RC_OK ? show_person(&p, r) : rc;
	}
	if (rc != RC_OK)
		return rc;
	if (str_is(what, "invite"))
		return web_done(r, _(web_lang(q), "The invitation is on its way."), q->path);
	return web_done(r, _(web_lang(q), "Saved."), str_is(what, "save") ? STR("/people") : q->path);
}

/* ---- subscription ---- */

struct facts {
	struct req *q;
	struct people_places places;
	struct plan *plans;
	size_t n_plans;
	struct calendar *calendars; /* one a plan */
	struct contact me;
	struct entitlement ent;
};

static enum rc load_facts(struct db_tx *tx, void *arg, struct err *err)
{
	struct facts *f = arg;
	struct arena *a = f->q->arena;
	struct ent_ask ask = { .account = f->q->actor.account,
		               .contact = &f->me,
		               .kind = TICKET_INCIDENT,
		               .channel = CHANNEL_FORM,
		               .at = f->q->now };
	enum rc rc = web_contact(tx, f->q, &f->me, err);

	if (rc == RC_OK)
		rc = people_places(tx, a, f->q->actor.account, &f->places, err);
	if (rc == RC_OK)
		rc = plan_list(tx, a, &f->plans, &f->n_plans, err);
	if (rc == RC_OK)
		rc = ent_check(tx, a, &ask, &f->ent, err);
	if (rc != RC_OK)
		return rc;
	f->calendars = arena_array(a, struct calendar, f->n_plans + 1);
	for (size_t i = 0; i < f->n_plans; i++) {
		bool used = false;

		for (size_t j = 0; j < f->places.n_subs; j++)
			used = used || f->places.subs[j].plan.v == f->plans[i].id.v;
		if (used && f->plans[i].calendar.v &&
		    (rc = calendar_find(tx, a, f->plans[i].calendar, &f->calendars[i], err)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

static struct str channels_text(struct arena *a, const struct i18n *l, uint8_t bits)
{
	const char *const names[] = { NULL, _(l, "form"), _(l, "mail"), _(l, "telephone"), "API", _(l, "help button") };
	struct str s = STR("");

	for (size_t i = 1; i < COUNT(names); i++)
		if (bits & 1u << i)
			s = arena_strf(a, STR_F "%s%s", STR_A(s), s.n ? ", " : "", names[i]);
	return s;
}

const char *people_state_word(const struct i18n *l, enum sub_state s)
{
	switch (s) {
	case SUB_TRIAL:
		return _(l, "trial");
	case SUB_ACTIVE:
		return _(l, "active");
	case SUB_PAST_DUE:
		return _(l, "payment due");
	case SUB_SUSPENDED:
		return _(l, "suspended");
	case SUB_CANCELLED:
		return _(l, "cancelled");
	}
	return "";
}

static void fill_plan(const struct facts *f, const struct i18n *l, const struct subscription *s, struct plan_view *v)
{
	struct arena *a = f->q->arena;

	*v = (struct plan_view){ .name = s->name,
		                 .plan = s->plan_name,
		                 .state = str_of(people_state_word(l, s->state)),
		                 .from = s->valid_from,
		                 .to = s->valid_to,
		                 .hours = STR_INIT(""),
		                 .used = STR_INIT("") };
	for (size_t i = 0; i < f->n_plans; i++) {
		const struct plan *p = &f->plans[i];
		const struct calendar *cal = p->calendar.v ? &f->calendars[i] : NULL;

		if (p->id.v != s->plan.v)
			continue;
		v->support = p->support;
		if (cal)
			v->hours = promise_hours(a, l, cal);
		for (int c = 1; c <= 4; c++)
			v->lines[v->n_lines++] = (struct promise_line){
				c, false, promise_text(a, l, p, cal, TICKET_INCIDENT, c),
				channels_text(a, l, p->channels[TICKET_INCIDENT][c])
			};
		v->lines[v->n_lines++] = (struct promise_line){ 0, true, promise_text(a, l, p, cal, TICKET_REQUEST, 0),
			                                        channels_text(a, l, p->channels[TICKET_REQUEST][0]) };
		if (f->ent.has_sub && f->ent.sub.id.v == s->id.v)
			v->used = p->quota_month < 0 ? arena_strf(a, "%lld", (long long)f->ent.used)
			                             : arena_strf(a, "%lld / %lld", (long long)f->ent.used,
			                                          (long long)p->quota_month);
	}
}

static enum rc subscription_show(struct req *q, struct resp *r)
{
	struct facts f = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_facts, &f, req_err(q));

	if (rc != RC_OK)
		return rc;
	struct out o = web_out(q, r);
	struct page page;
	struct subscription_view v = { .p = &page, .covered = ent_opens(f.ent.verdict), .managers = STR_INIT("") };

	web_page_init(&page, q, r, _(o.lang, "Subscription"));
	page.nav = NAV_SUBSCRIPTION;
	if (v.covered) {
		v.verdict_title = str_of(_(o.lang, "Support is included."));
		v.verdict_text = f.ent.plan.name;
	} else {
		struct refusal_text t = promise_refusal(q->arena, o.lang, &f.ent, web_zone(q));

		v.verdict_title = t.title;
		v.verdict_text = t.text;
		for (size_t i = 0; i < f.ent.n_managers; i++)
			v.managers = arena_strf(q->arena, STR_F "%s" STR_F " (" STR_F ")", STR_A(v.managers),
			                        i ? ", " : "", STR_A(f.ent.managers[i].name),
			                        STR_A(f.ent.managers[i].email));
	}
	v.plans = arena_array(q->arena, struct plan_view, f.places.n_subs + 1);
	for (size_t i = 0; i < f.places.n_subs; i++)
		fill_plan(&f, o.lang, &f.places.subs[i], &v.plans[v.n_plans++]);
	tmpl_subscription(&o, &v);
	return RC_OK;
}

/* ---- sites ---- */

static enum rc load_sites(struct db_tx *tx, void *arg, struct err *err)
{
	struct facts *f = arg;

	return people_places(tx, f->q->arena, f->q->actor.account, &f->places, err);
}

static enum rc sites_show(struct req *q, struct resp *r)
{
	static const char *const host_roles[] = { "", "LMS", "Studio", "MFE" };
	struct facts f = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_sites, &f, req_err(q));

	if (rc != RC_OK)
		return rc;
	struct out o = web_out(q, r);
	struct page page;
	struct sites_view v = { .p = &page };

	web_page_init(&page, q, r, _(o.lang, "Sites"));
	page.nav = NAV_SITES;
	v.sites = arena_array(q->arena, struct site_line, f.places.n_sites + 1);
	for (size_t i = 0; i < f.places.n_sites; i++) {
		const struct site *s = &f.places.sites[i];
		struct site_line *x = &v.sites[v.n_sites++];

		*x = (struct site_line){ .name = s->name, .subscription = STR_INIT("") };
		for (size_t j = 0; j < s->n_hosts && j < COUNT(x->hosts); j++) {
			x->roles[x->n_hosts] = host_roles[s->roles[j]];
			x->hosts[x->n_hosts++] = s->hosts[j];
		}
		for (size_t j = 0; j < f.places.n_subs; j++)
			if (f.places.subs[j].id.v == s->subscription.v)
				x->subscription = f.places.subs[j].name;
	}
	tmpl_sites(&o, &v);
	return RC_OK;
}

/* ---- routes ---- */

static const struct field list_fields[] = {
	{"after",     FIELD_INT },
        { "name",          FIELD_TEXT, 200 },
        { 0}
};
static const struct field add_fields[] = {
	{"name",       FIELD_TEXT, 200, true },
	{ "email",         FIELD_EMAIL, 254, true },
	{ "phone",           FIELD_TEXT, 40 },
	{ "role",FIELD_TEXT, 20 },
	{ "scope",        FIELD_TEXT, 40 },
	{ "once",     FIELD_TEXT, 64 },
	{ 0         }
};
static const struct field person_fields[] = {
	{"do",              FIELD_CHOICE, .required = true, .choices = "save|invite|disable|enable" },
	{ "name", FIELD_TEXT, 200 },
	{ "phone",                FIELD_TEXT, 40 },
	{ "role",       FIELD_TEXT, 20 },
	{ "scope",                FIELD_TEXT, 40 },
	{ 0}
};

const struct route people_routes[] = {
	{HTTP_GET,             "/people", CAP_CUSTOMER_READ, people_show, list_fields },
	{ HTTP_POST,   "/people", CAP_CUSTOMER_MANAGE, people_add, add_fields, ROUTE_LENIENT },
	{ HTTP_GET,         "/people/{id}", CAP_CUSTOMER_MANAGE, person_show },
	{ HTTP_POST,           "/people/{id}", CAP_CUSTOMER_MANAGE, person_save, person_fields, ROUTE_LENIENT },
	{ HTTP_GET, "/subscription", CAP_CUSTOMER_READ, subscription_show },
	{ HTTP_GET,          "/sites", CAP_CUSTOMER_READ, sites_show },
	{ 0	          },
};

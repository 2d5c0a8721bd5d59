/* Administration: customers' accounts, and the subscriptions, sites and people of each. What is allowed is account/'s.
 */
#include "tmpl.h"
#include "web/admin_view.h"
#include "web/signin_private.h"

#define PAGE_SIZE  50
#define MAX_PEOPLE 200

/* ---- days and hosts as forms have them ---- */

static struct str day(struct arena *a, struct instant t)
{
	return time_is_set(t) ? str_sub(time_iso(a, t), 0, 10) : STR("");
}

static enum rc read_days(struct req *q, struct subscription *s, struct err *err)
{
	struct str from = req_field(q, "valid_from"), to = req_field(q, "valid_to");

	s->valid_to = (struct instant){ 0 };
	if (time_parse_iso(from, &s->valid_from) != RC_OK)
		return fail_field(err, RC_INVALID, "valid_from", "Write the first day like 2026-11-23.");
	if (to.n && time_parse_iso(to, &s->valid_to) != RC_OK)
		return fail_field(err, RC_INVALID, "valid_to", "Write the day like 2026-12-31, or leave it empty.");
	return RC_OK;
}

/* "lms:campus.example studio:studio.campus.example"; without a word before it a host is the LMS. */
static enum rc read_hosts(struct req *q, struct site *s, struct err *err)
{
	struct str rest = req_field(q, "hosts"), one;

	s->n_hosts = 0;
	while (str_cut(&rest, ' ', &one)) {
		enum host_role role = HOST_LMS;

		if (one.n == 0)
			continue;
		if (str_starts(one, STR("studio:")))
			role = HOST_STUDIO;
		else if (str_starts(one, STR("mfe:")))
			role = HOST_MFE;
		size_t colon = str_find_byte(one, ':');

		if (s->n_hosts == COUNT(s->hosts))
			return fail_field(err, RC_INVALID, "hosts", "A site has at most %zu host names.",
			                  COUNT(s->hosts));
		s->roles[s->n_hosts] = role;
		s->hosts[s->n_hosts++] = colon == STR_NONE ? one : str_from(one, colon + 1);
	}
	return RC_OK;
}

static struct str hosts_text(struct arena *a, const struct site *s)
{
	static const char *const words[] = { "", "lms", "studio", "mfe" };
	struct str t = STR("");

	for (size_t i = 0; i < s->n_hosts; i++)
		t = arena_strf(a, STR_F "%s%s:" STR_F, STR_A(t), i ? " " : "", words[s->roles[i]], STR_A(s->hosts[i]));
	return t;
}

static struct str or_null(struct str s)
{
	return s.n ? s : STR_NULL;
}

/* ---- the list ---- */

struct accounts {
	struct req *q;
	struct account *list;
	size_t n;
	bool more;
	struct account_id id;
};

static enum rc load_accounts(struct db_tx *tx, void *arg, struct err *err)
{
	struct accounts *x = arg;
	struct req *q = x->q;
	struct list_page page = { .max = PAGE_SIZE, .after_name = STR_INIT("") };
	struct str find = STR("");

	if (q->method == HTTP_GET) {
		find = req_field(q, "find");
		if (req_int(q, "after", &page.after_id))
			page.after_name = req_field(q, "name");
	}
	return account_list(tx, q->arena, find.n ? find : STR(""), &page, &x->list, &x->n, &x->more, err);
}

static enum rc show_accounts(struct req *q, struct resp *r)
{
	struct accounts x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_accounts, &x, r->status == 200 ? req_err(q) : NULL);
	struct page p;

	if (rc != RC_OK)
		return rc;
	struct out o = admin_begin(q, r, &p, _(web_lang(q), "Accounts"));
	bool posted = q->method != HTTP_GET;
	struct admin_accounts v = {
		.p = &p, .accounts = x.list, .n = x.n, .next_url = STR_INIT(""), .find = STR_INIT("")
	};

	if (!posted && req_field(q, "find").n)
		v.find = req_field(q, "find");
	v.name = posted ? web_field_value(q, "name", STR("")) : STR("");
	v.ref = web_field_value(q, "ref", STR(""));
	v.lang = web_field_value(q, "lang", q->actor.lang);
	v.zone = web_field_value(q, "zone", q->actor.zone);
	if (x.more && x.n) {
		AUTO_BUF b;
		struct out u = { .b = &b };

		buf_init(&b, 8000);
		buf_addf(&b, "/desk/admin/accounts?after=%lld&find=", (long long)x.list[x.n - 1].id.v);
		out_url_part(&u, v.find);
		buf_addz(&b, "&name=");
		out_url_part(&u, x.list[x.n - 1].name);
		v.next_url = arena_str(q->arena, buf_str(&b));
	}
	tmpl_admin_accounts(&o, &v);
	return RC_OK;
}

enum rc admin_accounts_show(struct req *q, struct resp *r)
{
	return show_accounts(q, r);
}

static enum rc add_account(struct db_tx *tx, void *arg, struct err *err)
{
	struct accounts *x = arg;
	struct req *q = x->q;
	struct account a = { .name = req_field(q, "name"),
		             .ref = or_null(req_field(q, "ref")),
		             .lang = req_field(q, "lang"),
		             .zone = req_field(q, "zone") };

	return account_create(tx, &q->actor, q->now, &a, &x->id, err);
}

enum rc admin_accounts_add(struct req *q, struct resp *r)
{
	struct accounts x = { .q = q };
	enum rc rc;

	if (web_fields_wrong(q, r))
		return show_accounts(q, r);
	rc = db_write(web_desk(q)->db, add_account, &x, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_accounts(q, r);
	return rc == RC_OK ? resp_redirect(r, arena_strf(q->arena, "/desk/admin/accounts/%lld", (long long)x.id.v))
	                   : rc;
}

/* ---- one account ---- */

struct one {
	struct req *q;
	struct account account;
	struct people_places places;
	struct contact *people;
	size_t n_people;
	bool more_people;
	struct plan *plans;
	size_t n_plans;
	struct subscription sub;
	struct site site;
	struct contact contact;
	struct signin_post post;
};

static enum rc load_account(struct db_tx *tx, void *arg, struct err *err)
{
	struct one *x = arg;
	struct arena *a = x->q->arena;
	struct list_page page = { .max = MAX_PEOPLE };
	struct account_id id = { web_path_id(x->q, "id") };
	enum rc rc = account_find(tx, a, id, &x->account, err);

	if (rc == RC_OK)
		rc = people_places(tx, a, id, &x->places, err);
	if (rc == RC_OK)
		rc = contact_list(tx, a, id, &page, &x->people, &x->n_people, &x->more_people, err);
	return rc == RC_OK ? plan_list(tx, a, &x->plans, &x->n_plans, err) : rc;
}

static void plan_choices(struct arena *a, const struct plan *plans, size_t n, struct choice_view **ret, size_t *ret_n)
{
	*ret = arena_array(a, struct choice_view, n + 1);
	for (size_t i = 0; i < n; i++)
		(*ret)[(*ret_n)++] = (struct choice_view){ arena_strf(a, "%lld", (long long)plans[i].id.v),
			                                   plans[i].name };
}

static void sub_choices(struct arena *a, const struct people_places *p, struct choice_view **ret, size_t *ret_n)
{
	*ret = arena_array(a, struct choice_view, p->n_subs + 1);
	for (size_t i = 0; i < p->n_subs; i++)
		(*ret)[(*ret_n)++] = (struct choice_view){ arena_strf(a, "%lld", (long long)p->subs[i].id.v),
			                                   p->subs[i].name };
}

static void fill_lists(const struct one *x, const struct i18n *l, struct admin_account *v)
{
	struct arena *a = x->q->arena;

	v->subs = arena_array(a, struct admin_sub, x->places.n_subs + 1);
	for (size_t i = 0; i < x->places.n_subs; i++) {
		const struct subscription *s = &x->places.subs[i];

		v->subs[v->n_subs++] = (struct admin_sub){
			s->id.v,       s->name,    s->plan_name, s->ref, people_state_word(l, s->state),
			s->valid_from, s->valid_to
		};
	}
	v->sites = arena_array(a, struct site_line, x->places.n_sites + 1);
	v->site_ids = arena_array(a, int64_t, x->places.n_sites + 1);
	for (size_t i = 0; i < x->places.n_sites; i++) {
		const struct site *s = &x->places.sites[i];
		struct site_line *line = &v->sites[i];

		*line = (struct site_line){ .name = s->name, .subscription = STR_INIT(""), .n_hosts = s->n_hosts };
		memcpy(line->hosts, s->hosts, sizeof(line->hosts));
		for (size_t j = 0; j < x->places.n_subs; j++)
			if (x->places.subs[j].id.v == s->subscription.v)
				line->subscription = x->places.subs[j].name;
		v->site_ids[v->n_sites++] = s->id.v;
	}
	v->people = arena_array(a, struct admin_person, x->n_people + 1);
	for (size_t i = 0; i < x->n_people; i++)
		v->people[v->n_people++] = (struct admin_person){
			x->people[i].id.v, x->people[i].name, x->people[i].email,
			people_roles_text(a, l, &x->people[i], v->scopes, v->n_scopes),
			time_is_set(x->people[i].disabled_at)
		};
}

struct str admin_typed(const struct admin_account *v, const char *form, const char *field, struct str fallback)
{
	return str_is(v->refused, form) ? web_field_value(v->q, field, STR("")) : fallback;
}

bool admin_chosen(const struct admin_account *v, const char *form, const char *field, struct str option)
{
	return str_eq(admin_typed(v, form, field, STR_NULL), option);
}

/* Three forms have a name: what was wrong with it is said at the one that was sent. */
static void name_errors(struct req *q, struct page *p, struct str form)
{
	const char *prefix = str_is(form, "subscription") ? "sub" : str_is(form, "site") ? "site" : "contact";
	struct page_error *e = arena_array(q->arena, struct page_error, p->n_errors + 1);

	for (size_t i = 0; i < p->n_errors; i++) {
		e[i] = p->errors[i];
		if (str_is(e[i].field, "name") || str_is(e[i].field, "ref") || str_is(e[i].field, "sub"))
			e[i].field = arena_strf(q->arena, "%s-" STR_F, prefix, STR_A(e[i].field));
	}
	p->errors = e;
}

static enum rc show_account(struct one *x, struct resp *r)
{
	struct req *q = x->q;
	struct page p;
	struct out o = admin_begin(q, r, &p, str_z(q->arena, x->account.name));
	struct admin_account v = { .p = &p,
		                   .id = x->account.id.v,
		                   .closed = time_is_set(x->account.closed_at),
		                   .more_people = x->more_people };
	bool mine = str_is(req_field(q, "do"), "account");

	v.name = mine ? web_field_value(q, "name", x->account.name) : x->account.name;
	v.ref = mine ? web_field_value(q, "ref", x->account.ref) : x->account.ref;
	v.lang = mine ? web_field_value(q, "lang", x->account.lang) : x->account.lang;
	v.zone = mine ? web_field_value(q, "zone", x->account.zone) : x->account.zone;
	v.today = day(q->arena, q->now);
	v.q = q;
	if (p.n_errors && !mine) {
		v.refused = req_field(q, "do");
		name_errors(q, &p, v.refused);
	}
	v.blank = (struct role_line){ admin_typed(&v, "contact", "role", STR("operator")),
		                      admin_typed(&v, "contact", "scope", STR("account")) };
	v.invite = !str_is(v.refused, "contact") || str_is(req_field(q, "invite"), "1");
	people_scopes(q->arena, o.lang, &x->places, &v.scopes, &v.n_scopes);
	plan_choices(q->arena, x->plans, x->n_plans, &v.plans, &v.n_plans);
	sub_choices(q->arena, &x->places, &v.sub_choices, &v.n_sub_choices);
	fill_lists(x, o.lang, &v);
	tmpl_admin_account(&o, &v);
	return RC_OK;
}

enum rc admin_account_show(struct req *q, struct resp *r)
{
	struct one x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_account, &x, req_err(q));

	return rc == RC_OK ? show_account(&x, r) : rc;
}

static enum rc save_account(struct db_tx *tx, struct one *x, struct err *err)
{
	struct req *q = x->q;
	struct account a = x->account;
	bool close = str_is(req_field(q, "closed"), "1");

	a.name = req_field(q, "name");
	a.ref = or_null(req_field(q, "ref"));
	a.lang = req_field(q, "lang");
	a.zone = req_field(q, "zone");
	if (close != time_is_set(a.closed_at))
		a.closed_at = close ? q->now : (struct instant){ 0 };
	return account_update(tx, &q->actor, q->now, &a, err);
}

static enum rc add_sub(struct db_tx *tx, struct one *x, struct err *err)
{
	struct req *q = x->q;
	struct subscription s = { .account = x->account.id,
		                  .name = req_field(q, "name"),
		                  .ref = or_null(req_field(q, "ref")),
		                  .state = SUB_ACTIVE,
		                  .state_at = q->now };
	struct subscription_id id;
	enum rc rc = read_days(q, &s, err);

	if (!req_int(q, "plan", &s.plan.v))
		return fail_field(err, RC_INVALID, "plan", "Choose a plan.");
	return rc == RC_OK ? subscription_create(tx, &q->actor, q->now, &s, &id, err) : rc;
}

static enum rc add_site(struct db_tx *tx, struct one *x, struct err *err)
{
	struct req *q = x->q;
	struct site s = { .account = x->account.id, .name = req_field(q, "name") };
	struct site_id id;
	enum rc rc = read_hosts(q, &s, err);

	req_int(q, "sub", &s.subscription.v);
	return rc == RC_OK ? site_create(tx, &q->actor, q->now, &s, &id, err) : rc;
}

static enum rc add_contact(struct db_tx *tx, struct one *x, struct err *err)
{
	struct req *q = x->q;
	struct contact c = { .account = x->account.id,
		             .name = req_field(q, "name"),
		             .email = req_field(q, "email"),
		             .phone = req_field(q, "phone"),
		             .lang = x->account.lang,
		             .zone = STR_INIT("") };
	struct contact_id id;
	enum rc rc = people_read_roles(q, x->account.id, &c, err);

	if (rc == RC_OK)
		rc = contact_create(tx, &q->actor, q->now, &c, &id, err);
	if (rc == RC_OK && str_is(req_field(q, "invite"), "1"))
		rc = signin_invite(tx, &x->post, (struct person){ ACTOR_CONTACT, id.v }, err);
	return rc;
}

static enum rc change_account(struct db_tx *tx, void *arg, struct err *err)
{
	struct one *x = arg;
	struct str what = req_field(x->q, "do");

	if (str_is(what, "subscription"))
		return add_sub(tx, x, err);
	if (str_is(what, "site"))
		return add_site(tx, x, err);
	if (str_is(what, "contact"))
		return add_contact(tx, x, err);
	return save_account(tx, x, err);
}

static struct signin_post post_of(struct req *q)
{
	return (struct signin_post){ web_desk(q), web_settings(q), q->arena, q->now };
}

enum rc admin_account_save(struct req *q, struct resp *r)
{
	struct one x = { .q = q, .post = post_of(q) };
	enum rc rc = db_read(web_desk(q)->db, load_account, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (web_fields_wrong(q, r))
		return show_account(&x, r);
	rc = db_write(web_desk(q)->db, change_account, &x, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_account(&x, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "Saved."), q->path) : rc;
}

static enum rc back_to_account(struct req *q, struct resp *r, struct account_id id)
{
	return web_done(r, _(web_lang(q), "Saved."),
	                arena_strf(q->arena, "/desk/admin/accounts/%lld", (long long)id.v));
}

/* ---- one subscription ---- */

static enum rc load_sub(struct db_tx *tx, void *arg, struct err *err)
{
	struct one *x = arg;
	enum rc rc = subscription_find(tx, x->q->arena, (struct subscription_id){ web_path_id(x->q, "id") }, &x->sub,
	                               err);

	return rc == RC_OK ? plan_list(tx, x->q->arena, &x->plans, &x->n_plans, err) : rc;
}

static enum rc show_sub(struct one *x, struct resp *r)
{
	struct req *q = x->q;
	struct arena *a = q->arena;
	struct page p;
	struct out o = admin_begin(q, r, &p, str_z(a, x->sub.name));
	struct admin_sub_form v = { .p = &p, .id = x->sub.id.v, .account = x->sub.account.v };

	v.name = web_field_value(q, "name", x->sub.name);
	v.ref = web_field_value(q, "ref", x->sub.ref);
	v.plan = web_field_value(q, "plan", arena_strf(a, "%lld", (long long)x->sub.plan.v));
	v.state = web_field_value(q, "state", str_of(sub_state_name(x->sub.state)));
	v.from = web_field_value(q, "valid_from", day(a, x->sub.valid_from));
	v.to = web_field_value(q, "valid_to", day(a, x->sub.valid_to));
	plan_choices(a, x->plans, x->n_plans, &v.plans, &v.n_plans);
	tmpl_admin_subscription(&o, &v);
	return RC_OK;
}

enum rc admin_sub_show(struct req *q, struct resp *r)
{
	struct one x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_sub, &x, req_err(q));

	return rc == RC_OK ? show_sub(&x, r) : rc;
}

static enum rc save_sub(struct db_tx *tx, void *arg, struct err *err)
{
	struct one *x = arg;
	struct req *q = x->q;
	struct subscription s = x->sub;
	enum rc rc = read_days(q, &s, err);

	s.name = req_field(q, "name");
	s.ref = or_null(req_field(q, "ref"));
	req_int(q, "plan", &s.plan.v);
	if (rc == RC_OK && sub_state_parse(req_field(q, "state"), &s.state) != RC_OK)
		return fail_field(err, RC_INVALID, "state", "Choose the state of the subscription.");
	if (s.state != x->sub.state)
		s.state_at = q->now;
	return rc == RC_OK ? subscription_update(tx, &q->actor, q->now, &s, err) : rc;
}

enum rc admin_sub_save(struct req *q, struct resp *r)
{
	struct one x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_sub, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (web_fields_wrong(q, r))
		return show_sub(&x, r);
	rc = db_write(web_desk(q)->db, save_sub, &x, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_sub(&x, r);
	return rc == RC_OK ? back_to_account(q, r, x.sub.account) : rc;
}

/* ---- one site ---- */

static enum rc load_site(struct db_tx *tx, void *arg, struct err *err)
{
	struct one *x = arg;
	enum rc rc = site_find(tx, x->q->arena, (struct site_id){ web_path_id(x->q, "id") }, &x->site, err);

	return rc == RC_OK ? people_places(tx, x->q->arena, x->site.account, &x->places, err) : rc;
}

static enum rc show_site(struct one *x, struct resp *r)
{
	struct req *q = x->q;
	struct page p;
	struct out o = admin_begin(q, r, &p, str_z(q->arena, x->site.name));
	struct admin_site_form v = { .p = &p, .id = x->site.id.v, .account = x->site.account.v };

	v.name = web_field_value(q, "name", x->site.name);
	v.hosts = web_field_value(q, "hosts", hosts_text(q->arena, &x->site));
	v.sub = web_field_value(q, "sub", arena_strf(q->arena, "%lld", (long long)x->site.subscription.v));
	sub_choices(q->arena, &x->places, &v.subs, &v.n_subs);
	tmpl_admin_site(&o, &v);
	return RC_OK;
}

enum rc admin_site_show(struct req *q, struct resp *r)
{
	struct one x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_site, &x, req_err(q));

	return rc == RC_OK ? show_site(&x, r) : rc;
}

static enum rc save_site(struct db_tx *tx, void *arg, struct err *err)
{
	struct one *x = arg;
	struct req *q = x->q;
	struct site s = x->site;
	enum rc rc = read_hosts(q, &s, err);

	s.name = req_field(q, "name");
	req_int(q, "sub", &s.subscription.v);
	return rc == RC_OK ? site_update(tx, &q->actor, q->now, &s, err) : rc;
}

enum rc admin_site_save(struct req *q, struct resp *r)
{
	struct one x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_site, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (web_fields_wrong(q, r))
		return show_site(&x, r);
	rc = db_write(web_desk(q)->db, save_site, &x, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_site(&x, r);
	return rc == RC_OK ? back_to_account(q, r, x.site.account) : rc;
}

/* ---- one person ---- */

static enum rc load_contact(struct db_tx *tx, void *arg, struct err *err)
{
	struct one *x = arg;
	enum rc rc = contact_find(tx, x->q->arena, (struct contact_id){ web_path_id(x->q, "id") }, &x->contact, err);

	return rc == RC_OK ? people_places(tx, x->q->arena, x->contact.account, &x->places, err) : rc;
}

static enum rc show_contact(struct one *x, struct resp *r)
{
	struct req *q = x->q;
	const struct contact *c = &x->contact;
	struct page p;
	struct out o = admin_begin(q, r, &p, str_z(q->arena, c->name));
	struct admin_contact_form v = { .p = &p,
		                        .id = c->id.v,
		                        .account = c->account.v,
		                        .email = c->email,
		                        .disabled = time_is_set(c->disabled_at) };

	v.name = web_field_value(q, "name", c->name);
	v.phone = web_field_value(q, "phone", c->phone.n ? c->phone : STR(""));
	people_scopes(q->arena, o.lang, &x->places, &v.scopes, &v.n_scopes);
	for (size_t i = 0; i < c->n_roles; i++)
		v.rows[v.n_rows++] = (struct role_line){ str_of(contact_role_name(c->roles[i].role)),
			                                 people_scope_value(q->arena, &c->roles[i]) };
	v.rows[v.n_rows++] = (struct role_line){ STR("none"), STR("account") };
	tmpl_admin_contact(&o, &v);
	return RC_OK;
}

enum rc admin_contact_show(struct req *q, struct resp *r)
{
	struct one x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_contact, &x, req_err(q));

	return rc == RC_OK ? show_contact(&x, r) : rc;
}

static enum rc save_contact(struct db_tx *tx, void *arg, struct err *err)
{
	struct one *x = arg;
	struct req *q = x->q;
	struct str what = req_field(q, "do");
	struct contact c = x->contact;
	struct person who = { ACTOR_CONTACT, c.id.v };
	enum rc rc = RC_OK;

	if (str_is(what, "invite"))
		return signin_invite(tx, &x->post, who, err);
	if (str_is(what, "address"))
		return contact_add_address(tx, &q->actor, q->now, c.id, req_field(q, "email"), err);
	if (str_is(what, "disable")) {
		c.disabled_at = q->now;
	} else if (str_is(what, "enable")) {
		c.disabled_at = (struct instant){ 0 };
	} else {
		c.name = req_field(q, "name");
		c.phone = req_field(q, "phone");
		rc = people_read_roles(q, c.account, &c, err);
	}
	if (rc == RC_OK)
		rc = contact_update(tx, &q->actor, q->now, &c, err);
	/* Who loses or gains something signs in anew (S-42). */
	if (rc == RC_OK && (str_is(what, "disable") || !people_same_roles(&c, &x->contact)))
		rc = people_end_access(tx, who, err);
	return rc;
}

enum rc admin_contact_save(struct req *q, struct resp *r)
{
	struct one x = { .q = q, .post = post_of(q) };
	enum rc rc = db_read(web_desk(q)->db, load_contact, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (web_fields_wrong(q, r))
		return show_contact(&x, r);
	rc = db_write(web_desk(q)->db, save_contact, &x, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_contact(&x, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "Saved."), q->path) : rc;
}

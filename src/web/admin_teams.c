/* Administration: teams. Who is in one, what lies with each, and the end of one: its open tickets and the rules for mail
 * that name it go to another team or none; while a policy pages it, it stays. */
#include "inbox/inbox.h"
#include "oncall/oncall.h"
#include "tmpl.h"
#include "web/admin_view.h"
#include "web/teams_view.h"
#include "web/web.h"

#define MEMBERS_MAX 1000
#define AT_ONCE     200 /* tickets in one transaction: others write, too */

struct teams {
	struct req *q;
	struct admin_teams v;
	struct team one;
	struct agent *agents, *members;
	size_t n_agents, n_members;
	bool done;
};

static struct team_id path_team(const struct req *q)
{
	return (struct team_id){ web_path_id(q, "id") };
}

/* ---- reading ---- */

static bool pages_team(const struct oncall_policy *p, int64_t team)
{
	for (size_t s = 0; s < p->n_steps; s++)
		for (size_t i = 0; i < p->step[s].n_targets; i++)
			if (p->step[s].target[i].kind == TARGET_TEAM && p->step[s].target[i].id == team)
				return true;
	return false;
}

static enum rc load_policies(struct teams *x, struct db_tx *tx, struct err *err)
{
	struct oncall_policy *p;
	size_t n = 0;
	enum rc rc = oncall_policy_list(tx, x->q->arena, &p, &n, err);

	x->v.policies = arena_array(x->q->arena, struct team_named, n + 1);
	x->v.n_policies = 0;
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		if (pages_team(&p[i], path_team(x->q).v))
			x->v.policies[x->v.n_policies++] = (struct team_named){ p[i].id, p[i].name };
	return rc;
}

/* Rules and mailboxes that name it. */
static enum rc load_mail(struct teams *x, struct db_tx *tx, struct err *err)
{
	struct arena *a = x->q->arena;
	struct mail_channel *ways;
	struct mail_rule *rules;
	size_t n_ways = 0, n_rules = 0;
	enum rc rc = mail_rules(tx, a, &rules, &n_rules, err);

	for (size_t i = 0; rc == RC_OK && i < n_rules; i++)
		x->v.rules += rules[i].team.v == x->one.id.v;
	if (rc == RC_OK)
		rc = mail_channels(tx, a, &ways, &n_ways, err);
	x->v.mailboxes = arena_array(a, struct team_named, n_ways + 1);
	for (size_t i = 0; rc == RC_OK && i < n_ways; i++)
		if (ways[i].team.n && str_eq(ways[i].team, x->one.name))
			x->v.mailboxes[x->v.n_mailboxes++] = (struct team_named){ 0, ways[i].name };
	return rc;
}

static enum rc load_teams(struct db_tx *tx, void *arg, struct err *err)
{
	struct teams *x = arg;
	struct arena *a = x->q->arena;
	enum rc rc = team_work(tx, a, &x->v.teams, &x->v.n, err);

	return rc == RC_OK ? agent_list(tx, a, &x->agents, &x->n_agents, err) : rc;
}

static enum rc load_team(struct db_tx *tx, void *arg, struct err *err)
{
	struct teams *x = arg;
	struct arena *a = x->q->arena;
	enum rc rc = team_find(tx, a, path_team(x->q), &x->one, err);

	if (rc == RC_OK && time_is_set(x->one.removed_at))
		rc = fail(err, RC_NOT_FOUND, "This team was removed. Add it again by its name.");
	if (rc == RC_OK)
		rc = load_teams(tx, x, err);
	if (rc == RC_OK)
		rc = team_members(tx, a, x->one.id, &x->members, &x->n_members, err);
	if (rc == RC_OK)
		rc = load_policies(x, tx, err);
	return rc == RC_OK ? load_mail(x, tx, err) : rc;
}

/* ---- showing ---- */

static size_t typed_members(const struct req *q, struct agent_id **ret)
{
	struct str *text = arena_array(q->arena, struct str, MEMBERS_MAX);
	size_t n = req_fields(q, "members", text, MEMBERS_MAX), good = 0;

	*ret = arena_array(q->arena, struct agent_id, n + 1);
	for (size_t i = 0; i < n; i++)
		if (str_to_i64(text[i], &(*ret)[good].v) == RC_OK)
			good++;
	return good;
}

static void choices(struct teams *x)
{
	struct req *q = x->q;
	struct agent_id *typed = NULL;
	bool sent = q->method == HTTP_POST && !str_is(req_field(q, "do"), "remove");
	size_t n_typed = sent ? typed_members(q, &typed) : 0;

	x->v.agents = arena_array(q->arena, struct team_choice, x->n_agents + 1);
	for (size_t i = 0; i < x->n_agents; i++) {
		struct team_choice c = { x->agents[i].id.v, x->agents[i].name, false };

		if (time_is_set(x->agents[i].disabled_at))
			continue;
		for (size_t k = 0; k < n_typed; k++)
			c.in |= typed[k].v == c.id;
		for (size_t k = 0; !sent && k < x->n_members; k++)
			c.in |= x->members[k].id.v == c.id;
		x->v.agents[x->v.n_agents++] = c;
	}
}

static void fill(struct teams *x)
{
	struct req *q = x->q;
	struct admin_teams *v = &x->v;

	v->id = x->one.id.v;
	v->name = web_field_value(q, "name", x->one.name.p ? x->one.name : STR(""));
	v->about = web_field_value(q, "about", x->one.about.p ? x->one.about : STR(""));
	if (q->method == HTTP_POST && str_is(req_field(q, "do"), "remove")) {
		v->name = x->one.name;
		v->about = x->one.about;
	}
	v->e_name = web_field_error(q, "name");
	v->e_about = web_field_error(q, "about");
	v->e_members = web_field_error(q, "members");
	for (size_t i = 0; i < v->n; i++)
		if (v->id && v->teams[i].id.v == v->id)
			v->open = v->teams[i].open;
	choices(x);
}

enum rc admin_teams_show(struct req *q, struct resp *r)
{
	struct teams x = { .q = q };
	struct err spare = { 0 };
	struct page p;
	enum rc rc = db_read(web_desk(q)->db, load_teams, &x, r->status == 200 ? req_err(q) : &spare);

	if (rc != RC_OK)
		return rc;
	fill(&x);
	struct out o = admin_begin(q, r, &p, _(web_lang(q), "Teams"));
	x.v.p = &p;
	tmpl_admin_teams(&o, &x.v);
	return RC_OK;
}

enum rc admin_team_show(struct req *q, struct resp *r)
{
	struct teams x = { .q = q };
	struct err spare = { 0 };
	struct page p;
	enum rc rc = db_read(web_desk(q)->db, load_team, &x, r->status == 200 ? req_err(q) : &spare);

	if (rc != RC_OK)
		return rc;
	fill(&x);
	struct out o = admin_begin(q, r, &p, str_z(q->arena, x.one.name));
	x.v.p = &p;
	tmpl_admin_team(&o, &x.v);
	return RC_OK;
}

/* ---- changing ---- */

static enum rc save_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct teams *x = arg;
	struct req *q = x->q;
	struct team t = { .id = path_team(q), .name = req_field(q, "name"), .about = req_field(q, "about") };
	struct agent_id *in;
	size_t n = typed_members(q, &in);
	enum rc rc = t.id.v ? team_update(tx, &q->actor, q->now, &t, err)
	                    : team_add(tx, &q->actor, q->now, &t, &t.id, err);

	return rc == RC_OK ? team_set_members(tx, &q->actor, q->now, t.id, in, n, err) : rc;
}

enum rc admin_teams_add(struct req *q, struct resp *r)
{
	struct teams x = { .q = q };

	if (web_fields_wrong(q, r))
		return admin_teams_show(q, r);
	enum rc rc = db_write(web_desk(q)->db, save_step, &x, req_err(q));

	if (web_form_failed(q, r, rc))
		return admin_teams_show(q, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "The team is there."), STR("/desk/admin/teams")) : rc;
}

static enum rc remove_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct teams *x = arg;
	struct req *q = x->q;
	struct team_id from = path_team(q), to = { 0 };
	size_t moved = 0;
	enum rc rc = load_policies(x, tx, err);

	req_int(q, "to", &to.v);
	if (rc == RC_OK && x->v.n_policies)
		rc = fail(err, RC_CONFLICT,
		          "A policy of on call pages this team. Take the team out of it first; nothing was changed.");
	if (rc == RC_OK)
		rc = ticket_team_leave(tx, q->arena, &q->actor, q->now, from, to, AT_ONCE, &moved, err);
	x->done = moved < AT_ONCE;
	if (rc != RC_OK || !x->done)
		return rc;
	rc = mail_rules_leave(tx, from, to, err);
	return rc == RC_OK ? team_remove(tx, &q->actor, q->now, from, err) : rc;
}

enum rc admin_team_save(struct req *q, struct resp *r)
{
	struct teams x = { .q = q };
	bool ends = str_is(req_field(q, "do"), "remove");
	enum rc rc;

	if (!path_team(q).v)
		return web_not_found(q);
	if (web_fields_wrong(q, r))
		return admin_team_show(q, r);
	do
		rc = db_write(web_desk(q)->db, ends ? remove_step : save_step, &x, req_err(q));
	while (rc == RC_OK && ends && !x.done);
	if (web_form_failed(q, r, rc))
		return admin_team_show(q, r);
	return rc == RC_OK ? web_done(r, ends ? _(web_lang(q), "The team is removed.") : _(web_lang(q), "Saved."),
	                              STR("/desk/admin/teams"))
	                   : rc;
}

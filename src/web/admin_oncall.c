/* Administration: schedules, policies and what starts them; calendars with their holidays, also from iCalendar. The texts
 * are JSON as docs/CLOCKS.md and docs/ONCALL.md describe it: what is typed is checked and shown again when it is wrong. */
#include "tmpl.h"
#include "web/admin_view.h"
#include "web/oncall_view.h"

#define TEXT_MAX (256 << 10)

struct editing {
	struct req *q;
	struct admin_oncall v;
	struct oncall_schedule *schedules;
	struct oncall_policy *policies;
	struct calendar *calendars;
	struct str *calendar_text;
	size_t n_schedules, n_policies, n_calendars;
	size_t imported, skipped;
};

static enum rc load(struct db_tx *tx, void *arg, struct err *err)
{
	struct editing *x = arg;
	struct arena *a = x->q->arena;
	enum rc rc = oncall_list(tx, a, x->q->now, time_add(x->q->now, 1), &x->schedules, &x->n_schedules, err);

	if (rc == RC_OK)
		rc = oncall_policy_list(tx, a, &x->policies, &x->n_policies, err);
	if (rc == RC_OK)
		rc = oncall_rules(tx, x->v.rules, err);
	if (rc == RC_OK)
		rc = agent_list(tx, a, &x->v.agents, &x->v.n_agents, err);
	if (rc == RC_OK)
		rc = team_list(tx, a, &x->v.teams, &x->v.n_teams, err);
	if (rc == RC_OK)
		rc = calendar_list(tx, a, &x->calendars, &x->n_calendars, err);
	x->calendar_text = arena_array(a, struct str, x->n_calendars + 1);
	for (size_t i = 0; i < x->n_calendars && rc == RC_OK; i++)
		rc = calendar_json(tx, a, x->calendars[i].id, &x->calendar_text[i], err);
	return rc;
}

/* What was typed and refused takes the place of what is stored. */
static void typed(struct editing *x, const char *what, struct admin_text *t)
{
	struct req *q = x->q;
	int64_t id = 0;

	t->error = STR("");
	if (!str_is(req_field(q, "do"), what))
		return;
	req_int(q, "id", &id);
	if (id != t->id || q->method != HTTP_POST)
		return;
	t->name = web_field_value(q, "name", t->name);
	t->zone = web_field_value(q, "zone", t->zone);
	t->text = web_field_value(q, "text", t->text);
	t->error = str_of(req_err(q)->text);
}

static void fill(struct editing *x)
{
	struct arena *a = x->q->arena;
	struct admin_oncall *v = &x->v;

	v->schedules = arena_array(a, struct admin_text, x->n_schedules + 1);
	for (size_t i = 0; i < x->n_schedules; i++) {
		v->schedules[i] = (struct admin_text){ x->schedules[i].id, x->schedules[i].name, x->schedules[i].zone, x->schedules[i].text, STR(""), STR("") };
		typed(x, "schedule", &v->schedules[v->n_schedules++]);
	}
	v->policies = arena_array(a, struct admin_text, x->n_policies + 1);
	for (size_t i = 0; i < x->n_policies; i++) {
		v->policies[i] = (struct admin_text){ x->policies[i].id, x->policies[i].name, STR(""), x->policies[i].text, x->policies[i].secret, STR("") };
		typed(x, "policy", &v->policies[v->n_policies++]);
	}
	v->calendars = arena_array(a, struct admin_text, x->n_calendars + 1);
	for (size_t i = 0; i < x->n_calendars; i++) {
		v->calendars[i] = (struct admin_text){ x->calendars[i].id.v, x->calendars[i].name, x->calendars[i].zone, x->calendar_text[i], STR(""), STR("") };
		typed(x, "calendar", &v->calendars[v->n_calendars++]);
	}
	v->new_schedule = (struct admin_text){ 0, STR(""), STR("UTC"), STR("[{\"rotation\":\"weekly\",\"start\":\"2026-01-05\",\"handoff\":\"09:00\",\"agents\":[1]}]"), STR(""), STR("") };
	typed(x, "schedule", &v->new_schedule);
	v->new_policy = (struct admin_text){ 0, STR(""), STR(""), STR("{\"steps\":[{\"delay\":0,\"targets\":[\"schedule:1\"]},{\"delay\":10,\"targets\":[\"supervisors\"]}],\"repeat\":2}"), STR(""), STR("") };
	typed(x, "policy", &v->new_policy);
	v->new_calendar = (struct admin_text){ 0, STR(""), STR("UTC"), STR("{\"mon\":[[\"08:00\",\"18:00\"]],\"holidays\":[]}"), STR(""), STR("") };
	typed(x, "calendar", &v->new_calendar);
}

static enum rc show(struct req *q, struct resp *r, bool calendars)
{
	struct editing x = { .q = q };
	struct err spare = { 0 };
	struct page page;
	enum rc rc = db_read(web_desk(q)->db, load, &x, r->status == 200 ? req_err(q) : &spare);

	if (rc != RC_OK)
		return rc;
	fill(&x);
	struct out o = admin_begin(q, r, &page, calendars ? _(web_lang(q), "Calendars") : _(web_lang(q), "On call"));

	x.v.p = &page;
	x.v.wrong = page.n_errors > 0;
	if (calendars)
		tmpl_admin_calendars(&o, &x.v);
	else
		tmpl_admin_oncall(&o, &x.v);
	return RC_OK;
}

static enum rc get_oncall(struct req *q, struct resp *r)
{
	return show(q, r, false);
}

static enum rc get_calendars(struct req *q, struct resp *r)
{
	return show(q, r, true);
}

static enum rc save_rules(struct db_tx *tx, struct req *q, struct err *err)
{
	int64_t have[5][4];
	enum rc rc = oncall_rules(tx, have, err);

	for (int c = 1; c <= 4; c++)
		for (int t = TRIGGER_OPENED; t <= TRIGGER_BREACHED && rc == RC_OK; t++) {
			int64_t policy = 0;

			req_int(q, arena_strf(q->arena, "r%d%d", c, t).p, &policy);
			if (policy != have[c][t])
				rc = oncall_rule_set(tx, &q->actor, q->now, c, (enum oncall_trigger)t, policy, err);
		}
	return rc;
}

static enum rc save_calendar(struct db_tx *tx, struct editing *x, int64_t id, struct err *err)
{
	struct req *q = x->q;
	struct str text = req_field(q, "text"), ics = req_field(q, "ics"), more, zone, joined;
	struct calendar_id made;
	enum rc rc = RC_OK;

	if (ics.n) {
		rc = calendar_ical(q->arena, ics, &more, &zone, &x->imported, &x->skipped, err);
		if (rc == RC_OK)
			rc = calendar_with_holidays(q->arena, text, more, &joined, err);
		text = rc == RC_OK ? joined : text;
	}
	if (rc != RC_OK)
		return rc;
	return id ? calendar_change(tx, &q->actor, q->now, (struct calendar_id){ id }, req_field(q, "name"), req_field(q, "zone"), text, err)
		  : calendar_create(tx, req_field(q, "name"), req_field(q, "zone"), text, &made, err);
}

static enum rc save(struct db_tx *tx, void *arg, struct err *err)
{
	struct editing *x = arg;
	struct req *q = x->q;
	struct str what = req_field(q, "do");
	int64_t id = 0, made;

	req_int(q, "id", &id);
	if (str_is(what, "schedule"))
		return oncall_save(tx, q->arena, &q->actor, q->now, id, req_field(q, "name"), req_field(q, "zone"), req_field(q, "text"), &made, err);
	if (str_is(what, "policy"))
		return oncall_policy_save(tx, q->arena, &q->actor, q->now, id, req_field(q, "name"), req_field(q, "text"), &made, err);
	return str_is(what, "calendar") ? save_calendar(tx, x, id, err) : save_rules(tx, q, err);
}

static enum rc post(struct req *q, struct resp *r, bool calendars)
{
	struct editing x = { .q = q };

	if (web_fields_wrong(q, r))
		return show(q, r, calendars);
	enum rc rc = db_write(web_desk(q)->db, save, &x, req_err(q));

	if (web_form_failed(q, r, rc))
		return show(q, r, calendars);
	if (rc != RC_OK)
		return rc;
	struct str said = str_of(_(web_lang(q), "Saved."));

	if (x.imported || x.skipped)
		said = TR_FILL(q->arena, _(web_lang(q), "Saved. {n} entries came from the file; {skipped} events are no whole days and close nothing."),
			       { "n", arena_strf(q->arena, "%zu", x.imported) }, { "skipped", arena_strf(q->arena, "%zu", x.skipped) });
	return web_done(r, str_z(q->arena, said), calendars ? STR("/desk/admin/calendars") : STR("/desk/admin/oncall"));
}

static enum rc post_oncall(struct req *q, struct resp *r)
{
	return post(q, r, false);
}

static enum rc post_calendars(struct req *q, struct resp *r)
{
	return post(q, r, true);
}

#define RULE(name) { name, FIELD_INT, 0, false, NULL, "" }
static const struct field fields[] = { { "do", FIELD_CHOICE, 0, true, "schedule|policy|calendar|rules", "" }, { "id", FIELD_INT, 0, false, NULL, "" },
	{ "name", FIELD_TEXT, 200, false, NULL, "" }, { "zone", FIELD_TEXT, 63, false, NULL, "" }, { "text", FIELD_LINES, TEXT_MAX, false, NULL, "" },
	{ "ics", FIELD_LINES, TEXT_MAX, false, NULL, "" }, RULE("r11"), RULE("r12"), RULE("r13"), RULE("r21"), RULE("r22"), RULE("r23"), RULE("r31"), RULE("r32"),
	RULE("r33"), RULE("r41"), RULE("r42"), RULE("r43"), { .name = NULL } };

const struct route admin_oncall_routes[] = {
	{ HTTP_GET, "/desk/admin/oncall", CAP_ADMIN, get_oncall },
	{ HTTP_POST, "/desk/admin/oncall", CAP_ADMIN, post_oncall, fields, ROUTE_LENIENT },
	{ HTTP_GET, "/desk/admin/calendars", CAP_ADMIN, get_calendars },
	{ HTTP_POST, "/desk/admin/calendars", CAP_ADMIN, post_calendars, fields, ROUTE_LENIENT },
	{ .path = NULL },
};

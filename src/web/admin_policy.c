/* Administration: one escalation policy as a form: steps with their delay and whom they page. As in admin_schedule.c
 * buttons change the form and save nothing, and what was typed stays. */
#include "tmpl.h"
#include "web/admin_view.h"
#include "web/schedule_view.h"
#include <jansson.h>
#include <stdlib.h>

#define HERE "/desk/admin/oncall/policies/"

struct editing {
	struct req *q;
	struct policy_form v;
	struct oncall_policy stored;
	struct oncall_schedule *schedules;
	struct agent *agents;
	struct team *teams;
	size_t n_schedules, n_agents, n_teams;
	struct str text;
	int64_t made;
};

static const char *field_id(struct req *q, size_t i, const char *what)
{
	return arena_strf(q->arena, "s%zu_%s", i, what).p;
}

static void name_fields(struct req *q, struct step_form *s, size_t i)
{
	s->i = i;
	s->place = i + 1;
	s->delay.id = str_of(field_id(q, i, "delay"));
	s->targets.id = str_of(field_id(q, i, "target"));
	s->hooks.id = str_of(field_id(q, i, "hooks"));
	for (size_t k = 0; k < s->n_target; k++) {
		s->target[k].label = TR_FILL(q->arena, _(web_lang(q), "Target {n}"),
		                             { "n", arena_strf(q->arena, "%zu", k + 1) });
		s->target[k].id = k ? arena_strf(q->arena, STR_F "_%zu", STR_A(s->targets.id), k) : s->targets.id;
	}
}

static struct step_form blank(struct req *q, bool first)
{
	struct duty_input none = { STR(""), STR(""), STR("") };
	struct step_form s = { .delay = none, .targets = none, .hooks = none, .n_target = 2 };

	s.delay.value = first ? STR("0") : STR("10");
	s.target = arena_array(q->arena, struct step_target, ONCALL_TARGETS + 4);
	for (size_t i = 0; i < ONCALL_TARGETS + 4; i++)
		s.target[i].value = STR("");
	return s;
}

static bool is_hook(struct str s)
{
	return str_starts(s, STR("https://")) || str_starts(s, STR("http://"));
}

static void form_stored(struct editing *x)
{
	json_t *root = json_loadb(x->stored.text.p, x->stored.text.n, 0, NULL);
	struct arena *a = x->q->arena;
	const json_t *o, *t;
	size_t i, k;

	x->v.name.value = x->stored.name;
	x->v.repeat.value = arena_strf(a, "%d", x->stored.repeat);
	json_array_foreach(json_object_get(root, "steps"), i, o)
	{
		struct step_form *s = &x->v.steps[x->v.n++];

		*s = blank(x->q, i == 0);
		s->delay.value = arena_strf(a, "%lld", (long long)json_integer_value(json_object_get(o, "delay")));
		s->n_target = 0;
		json_array_foreach(json_object_get(o, "targets"), k, t)
		{
			struct str one = arena_str(a, str_of(json_string_value(t)));

			if (is_hook(one))
				s->hooks.value = arena_strf(a, STR_F STR_F "\n", STR_A(s->hooks.value), STR_A(one));
			else
				s->target[s->n_target++].value = one;
		}
		s->n_target = s->n_target < ONCALL_TARGETS ? s->n_target + 1 : s->n_target;
	}
	json_decref(root);
}

static void step_typed(struct req *q, struct step_form *s, size_t i)
{
	struct str at[ONCALL_TARGETS];

	*s = blank(q, i == 0);
	name_fields(q, s, i);
	s->delay = duty_typed(q, s->delay.id.p);
	s->hooks = duty_typed(q, s->hooks.id.p);
	s->n_target = 0;
	size_t n = req_fields(q, s->targets.id.p, at, COUNT(at));

	for (size_t k = 0; k < n && k < COUNT(at); k++)
		if (at[k].n)
			s->target[s->n_target++].value = at[k];
	s->n_target = s->n_target == 0 ? 2 : s->n_target < ONCALL_TARGETS ? s->n_target + 1 : s->n_target;
}

static void form_typed(struct editing *x)
{
	struct req *q = x->q;
	struct policy_form *v = &x->v;
	int64_t at;

	v->name = duty_typed(q, "name");
	v->repeat = duty_typed(q, "repeat");
	for (size_t i = 0; i < ONCALL_STEPS; i++)
		if (!str_null(req_field(q, field_id(q, i, "delay"))))
			step_typed(q, &v->steps[v->n++], i);
	if ((at = duty_button(q, "drop")) >= 0 && at < (int64_t)v->n) {
		memmove(v->steps + at, v->steps + at + 1, (v->n - (size_t)at - 1) * sizeof(*v->steps));
		v->n--;
	}
	if ((at = duty_button(q, "up")) > 0 && at < (int64_t)v->n) {
		struct step_form s = v->steps[at];

		v->steps[at] = v->steps[at - 1];
		v->steps[at - 1] = s;
	}
	if ((at = duty_button(q, "more")) >= 0 && at < (int64_t)v->n && v->steps[at].n_target < ONCALL_TARGETS)
		v->steps[at].n_target++;
	if (v->n < ONCALL_STEPS && str_is(req_field(q, "do"), "step"))
		v->steps[v->n] = blank(q, v->n == 0), v->n++;
}

/* ---- what the form says ---- */

static void hooks_json(struct req *q, struct step_form *s, json_t *targets)
{
	struct str rest = s->hooks.value, line;

	while (rest.n) {
		if (!str_cut(&rest, '\n', &line)) {
			line = rest;
			rest = STR("");
		}
		line = str_trim(line);
		if (!line.n)
			continue;
		if (!is_hook(line) || line.n >= 1000 || str_find_byte(line, ' ') != STR_NONE)
			duty_wrong(q, s->hooks.id,
			           N_("An address of a webhook begins with https:// and has no blanks."));
		json_array_append_new(targets, json_stringn(line.p, line.n));
	}
}

static json_t *step_json(struct req *q, struct step_form *s)
{
	json_t *o = json_object(), *targets = json_array();
	int64_t delay = 0;

	if (str_trim(s->delay.value).n &&
	    (str_to_i64(str_trim(s->delay.value), &delay) != RC_OK || delay < 0 || delay > 10080))
		duty_wrong(q, s->delay.id, N_("Give 0 to 10080 minutes: a week at most."));
	for (size_t k = 0; k < s->n_target; k++)
		if (s->target[k].value.n)
			json_array_append_new(targets, json_stringn(s->target[k].value.p, s->target[k].value.n));
	hooks_json(q, s, targets);
	if (json_array_size(targets) == 0)
		duty_wrong(q, s->targets.id, N_("Choose whom this step pages."));
	if (json_array_size(targets) > ONCALL_TARGETS)
		duty_wrong(q, s->targets.id, N_("A step pages ten targets at most."));
	json_object_set_new(o, "delay", json_integer(delay));
	json_object_set_new(o, "targets", targets);
	return o;
}

static void check(struct editing *x)
{
	struct req *q = x->q;
	json_t *root = json_object(), *steps = json_array();
	int64_t repeat = 0;

	if (!str_trim(x->v.name.value).n)
		duty_wrong(q, STR("name"), N_("Give it a name of at most 200 characters."));
	for (size_t i = 0; i < x->v.n; i++) {
		name_fields(q, &x->v.steps[i], i);
		json_array_append_new(steps, step_json(q, &x->v.steps[i]));
	}
	if (x->v.n == 0)
		duty_wrong(q, STR(""), N_("A policy has one step at least."));
	if (str_trim(x->v.repeat.value).n &&
	    (str_to_i64(str_trim(x->v.repeat.value), &repeat) != RC_OK || repeat < 0 || repeat > 100))
		duty_wrong(q, STR("repeat"), N_("It begins anew 0 to 100 times."));
	json_object_set_new(root, "steps", steps);
	json_object_set_new(root, "repeat", json_integer(repeat));
	char *z = json_dumps(root, JSON_COMPACT);

	x->text = z ? arena_str(q->arena, str_of(z)) : STR("");
	free(z);
	json_decref(root);
}

/* ---- the page ---- */

static enum rc load(struct db_tx *tx, void *arg, struct err *err)
{
	struct editing *x = arg;
	struct arena *a = x->q->arena;
	int64_t id = web_path_id(x->q, "id");
	enum rc rc = RC_OK;

	if (!id && !str_is(req_path(x->q, "id"), "new"))
		return fail(err, RC_NOT_FOUND, "There is no such policy.");
	if (id)
		rc = oncall_policy_find(tx, a, id, &x->stored, err);
	if (rc == RC_OK)
		rc = oncall_list(tx, a, x->q->now, time_add(x->q->now, 1), &x->schedules, &x->n_schedules, err);
	if (rc == RC_OK)
		rc = agent_list(tx, a, &x->agents, &x->n_agents, err);
	return rc == RC_OK ? team_list(tx, a, &x->teams, &x->n_teams, err) : rc;
}

static void option(struct policy_form *v, struct str value, struct str label)
{
	v->options[v->n_options++] = (struct target_option){ value, label };
}

static void options(struct editing *x)
{
	const struct i18n *l = web_lang(x->q);
	struct arena *a = x->q->arena;
	struct policy_form *v = &x->v;

	v->options = arena_array(a, struct target_option, x->n_schedules + x->n_agents + x->n_teams + 2);
	for (size_t i = 0; i < x->n_schedules; i++)
		option(v, arena_strf(a, "schedule:%lld", (long long)x->schedules[i].id),
		       TR_FILL(a, _(l, "On duty: {name}"), { "name", x->schedules[i].name }));
	option(v, STR("assignee"), str_of(_(l, "Whoever has the ticket")));
	option(v, STR("supervisors"), str_of(_(l, "All supervisors")));
	for (size_t i = 0; i < x->n_teams; i++)
		option(v, arena_strf(a, "team:%lld", (long long)x->teams[i].id.v),
		       TR_FILL(a, _(l, "Team: {name}"), { "name", x->teams[i].name }));
	for (size_t i = 0; i < x->n_agents; i++)
		option(v, arena_strf(a, "agent:%lld", (long long)x->agents[i].id.v), x->agents[i].name);
}

static void begin(struct editing *x)
{
	struct req *q = x->q;
	struct policy_form *v = &x->v;

	v->id = x->stored.id;
	v->url = v->id ? arena_strf(q->arena, HERE "%lld", (long long)v->id) : STR(HERE "new");
	v->steps = arena_array(q->arena, struct step_form, ONCALL_STEPS + 1);
	v->secret = v->id ? x->stored.secret : STR("");
	v->name = (struct duty_input){ STR("name"), STR(""), STR("") };
	v->repeat = (struct duty_input){ STR("repeat"), STR("0"), STR("") };
	v->was = duty_sum(q->arena, x->stored.name, STR(""), x->stored.text);
	options(x);
	if (q->method == HTTP_POST) {
		v->was = req_field(q, "was");
		form_typed(x);
	} else if (v->id) {
		form_stored(x);
	} else {
		v->steps[v->n++] = blank(q, true);
	}
}

static void with_error(struct req *q, struct duty_input *in)
{
	struct str e = web_field_error(q, in->id.p);

	in->error = str_null(e) ? STR("") : e;
}

static enum rc show(struct editing *x, struct resp *r)
{
	struct req *q = x->q;
	struct policy_form *v = &x->v;
	struct page page;
	size_t minute = 0;

	for (size_t i = 0; i < v->n; i++) {
		struct step_form *s = &v->steps[i];
		int64_t delay = 0;

		name_fields(q, s, i);
		s->first = i == 0;
		s->last = i + 1 == v->n;
		if (str_to_i64(str_trim(s->delay.value), &delay) == RC_OK && delay > 0 && delay <= 10080)
			minute += (size_t)delay;
		s->minute = minute;
		with_error(q, &s->delay);
		with_error(q, &s->targets);
		with_error(q, &s->hooks);
	}
	with_error(q, &v->name);
	with_error(q, &v->repeat);
	v->full = v->n == ONCALL_STEPS;
	struct out o = admin_begin(q, r, &page, v->id ? str_z(q->arena, x->stored.name) : _(web_lang(q), "New policy"));

	v->p = &page;
	tmpl_admin_policy(&o, v);
	return RC_OK;
}

static enum rc get_policy(struct req *q, struct resp *r)
{
	struct editing x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	begin(&x);
	return show(&x, r);
}

static enum rc save(struct db_tx *tx, void *arg, struct err *err)
{
	struct editing *x = arg;
	struct req *q = x->q;
	struct oncall_policy is = { 0 };
	enum rc rc = RC_OK;

	if (x->stored.id)
		rc = oncall_policy_find(tx, q->arena, x->stored.id, &is, err);
	if (rc == RC_OK && x->stored.id && !str_eq(x->v.was, duty_sum(q->arena, is.name, STR(""), is.text)))
		return fail(err, RC_CONFLICT,
		            "Somebody else changed this policy meanwhile. Nothing was saved; what you typed is here. "
		            "Open the page anew to see the other change.");
	return rc == RC_OK ? oncall_policy_save(tx, q->arena, &q->actor, q->now, x->stored.id,
	                                        str_trim(x->v.name.value), x->text, &x->made, err)
	                   : rc;
}

static enum rc post_policy(struct req *q, struct resp *r)
{
	struct editing x = { .q = q };
	bool saving = str_is(req_field(q, "do"), "save");
	enum rc rc = db_read(web_desk(q)->db, load, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (!saving)
		q->n_field_errors = 0;
	begin(&x);
	if (saving)
		check(&x);
	if (web_fields_wrong(q, r) || !saving)
		return show(&x, r);
	rc = db_write(web_desk(q)->db, save, &x, req_err(q));
	if (web_form_failed(q, r, rc))
		return show(&x, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "Saved."), arena_strf(q->arena, HERE "%lld", (long long)x.made))
	                   : rc;
}

#define STEP(n)                                                                                                        \
	{ "s" #n "_delay", FIELD_TEXT, 20, false, NULL, "" }, { "s" #n "_target", FIELD_TEXT, 60, false, NULL, "" },   \
	{                                                                                                              \
		"s" #n "_hooks", FIELD_LINES, 12000, false, NULL, ""                                                   \
	}
static const struct field policy_fields[] = {
	{"do",        FIELD_TEXT, 20, true, NULL, "" },
	{ "was",         FIELD_TEXT, 64, false, NULL, "" },
	{ "name",       FIELD_TEXT, 200, false, NULL, "" },
	{ "repeat",          FIELD_TEXT, 20, false, NULL, "" },
	STEP(0),
	STEP(1),
	STEP(2),
	STEP(3),
	STEP(4),
	STEP(5),
	STEP(6),
	STEP(7),
	STEP(8),
	STEP(9),
	STEP(10),
	STEP(11),
	STEP(12),
	STEP(13),
	STEP(14),
	STEP(15),
	STEP(16),
	STEP(17),
	STEP(18),
	STEP(19),
	{ .name = NULL}
};

const struct route admin_policy_routes[] = {
	{HTTP_GET,   "/desk/admin/oncall/policies/{id}", CAP_ADMIN, get_policy, NULL, 0,
         "A policy as a form; \"new\" for another", NULL, NULL },
	{ HTTP_POST, "/desk/admin/oncall/policies/{id}", CAP_ADMIN, post_policy, policy_fields, ROUTE_LENIENT,
         "Change it", NULL, NULL },
	{ .path = NULL     },
};

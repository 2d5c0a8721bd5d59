/* oncall: schedules read from JSON, and who is on duty. Pure. A hand-off is a wall-clock time of the schedule's zone, so it
 * stays at nine in the morning when clocks change; shifts of a number of hours run by the clock of the universe. */
#include "oncall/oncall.h"
#include <jansson.h>
#include <stdlib.h>

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static const struct zone *zone_of(const struct oncall_schedule *s)
{
	struct calendar c = { .zone = s->zone };

	return calendar_zone(&c);
}

/* When shift k of a layer begins. */
static struct instant shift_start(const struct oncall_schedule *s, const struct oncall_layer *l, int64_t k)
{
	int64_t days = l->rotation == ROTATE_HOURS ? 0 : k * l->every * (l->rotation == ROTATE_WEEKLY ? 7 : 1);
	struct civil c = time_civil((struct instant){ (l->start + days) * DAY_US });

	c.hour = l->handoff / 60;
	c.minute = l->handoff % 60;
	struct instant t = time_from_civil_in(&c, zone_of(s));

	return l->rotation == ROTATE_HOURS ? time_add(t, k * l->every * HOUR_US) : t;
}

/* When a temporary layer is over: at the hand-off time of its last day. */
static bool is_over(const struct oncall_schedule *s, const struct oncall_layer *l, struct instant t)
{
	struct oncall_layer last = *l;

	if (!l->ends)
		return false;
	last.start = l->until;
	return !time_before(t, shift_start(s, &last, 0));
}

static int64_t shift_at(const struct oncall_schedule *s, const struct oncall_layer *l, struct instant t)
{
	int64_t length = l->every * (l->rotation == ROTATE_WEEKLY ? 7 * DAY_US : l->rotation == ROTATE_DAILY ? DAY_US : HOUR_US);
	int64_t k = floor_div(t.us - shift_start(s, l, 0).us, length);

	while (time_before(t, shift_start(s, l, k)))
		k--;
	while (!time_before(t, shift_start(s, l, k + 1)))
		k++;
	return k;
}

static struct agent_id layer_at(const struct oncall_schedule *s, const struct oncall_layer *l, struct instant t)
{
	int64_t k;

	if (l->n_agents == 0 || time_before(t, shift_start(s, l, 0)) || is_over(s, l, t) || (l->restricted && !calendar_open_at(&l->during, t)))
		return (struct agent_id){ 0 };
	k = shift_at(s, l, t) % (int64_t)l->n_agents;
	return l->agents[k];
}

struct agent_id oncall_at(const struct oncall_schedule *s, struct instant t)
{
	struct agent_id on = { 0 };

	for (size_t i = s->n_layers; i-- > 0 && !on.v;)
		on = layer_at(s, &s->layer[i], t);
	for (size_t i = s->n_overrides; i-- > 0;) {
		const struct oncall_override *o = &s->overrides[i];

		if (!time_before(t, o->from) && time_before(t, o->to) && (!o->instead_of.v || o->instead_of.v == on.v))
			return o->agent;
	}
	return on;
}

/* ---- shifts: between two moments at which anything can change nothing does ---- */

struct moments {
	VEC(struct instant) v;
	struct instant from, to;
	struct arena *out;
};

static void add(struct moments *m, struct instant t)
{
	if (time_before(m->from, t) && time_before(t, m->to))
		*VEC_ADD(m->out, &m->v) = t;
}

static int by_time(const void *a, const void *b)
{
	const struct instant *x = a, *y = b;

	return (x->us > y->us) - (x->us < y->us);
}

static enum rc layer_moments(const struct oncall_schedule *s, const struct oncall_layer *l, struct moments *m, struct err *err)
{
	struct calendar_span *span;
	size_t n = 0;
	enum rc rc = RC_OK;

	if (l->n_agents == 0)
		return RC_OK;
	if (l->ends) {
		struct oncall_layer last = *l;

		last.start = l->until;
		add(m, shift_start(s, &last, 0));
	}
	for (int64_t k = shift_at(s, l, m->from); time_before(shift_start(s, l, k), m->to); k++) {
		add(m, shift_start(s, l, k));
		if (m->v.n > 20 * ONCALL_SHIFTS_MAX)
			return fail(err, RC_LIMIT, "These are too many shifts to show. Ask for a shorter time.");
	}
	if (l->restricted)
		rc = calendar_explain(&l->during, m->out, m->from, m->to, &span, &n, err);
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		add(m, span[i].from);
	return rc;
}

enum rc oncall_shifts(const struct oncall_schedule *s, struct arena *out, struct instant from, struct instant to, struct oncall_shift **ret, size_t *ret_n,
		      struct err *err)
{
	struct moments m = { .from = from, .to = to, .out = out };
	VEC(struct oncall_shift) v = { 0 };
	enum rc rc = RC_OK;

	*VEC_ADD(out, &m.v) = from;
	for (size_t i = 0; i < s->n_layers && rc == RC_OK; i++)
		rc = layer_moments(s, &s->layer[i], &m, err);
	for (size_t i = 0; i < s->n_overrides; i++) {
		add(&m, s->overrides[i].from);
		add(&m, s->overrides[i].to);
	}
	if (rc != RC_OK)
		return rc;
	qsort(m.v.at, m.v.n, sizeof(*m.v.at), by_time);
	for (size_t i = 0; i < m.v.n; i++) {
		struct instant end = i + 1 < m.v.n ? m.v.at[i + 1] : to;
		struct agent_id on = oncall_at(s, m.v.at[i]);

		if (!time_before(m.v.at[i], end))
			continue;
		if (v.n && v.at[v.n - 1].agent.v == on.v)
			v.at[v.n - 1].to = end;
		else
			*VEC_ADD(out, &v) = (struct oncall_shift){ m.v.at[i], end, on };
	}
	if (v.n > ONCALL_SHIFTS_MAX)
		return fail(err, RC_LIMIT, "These are too many shifts to show. Ask for a shorter time.");
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

/* ---- reading ---- */

static enum rc wrong(struct err *err, size_t layer, const char *why)
{
	return fail_field(err, RC_INVALID, "layers", "Layer %zu %s", layer + 1, why);
}

static bool read_date(const char *z, int32_t *ret)
{
	struct instant t;

	if (!z || strlen(z) != 10 || time_parse_iso(str_of(z), &t) != RC_OK)
		return false;
	*ret = (int32_t)floor_div(t.us, DAY_US);
	return true;
}

static bool read_minute(const char *z, int16_t *ret)
{
	int64_t h, m;

	if (!z || strlen(z) != 5 || z[2] != ':' || str_to_i64((struct str){ z, 2 }, &h) != RC_OK || str_to_i64(str_of(z + 3), &m) != RC_OK || h < 0 ||
	    h > 23 || m < 0 || m > 59)
		return false;
	*ret = (int16_t)(h * 60 + m);
	return true;
}

static enum rc read_agents(const json_t *list, size_t i, struct oncall_layer *l, struct err *err)
{
	size_t k;
	const json_t *v;

	if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > ONCALL_AGENTS)
		return wrong(err, i, "wants \"agents\": a list of 1 to 50 numbers of agents.");
	json_array_foreach(list, k, v)
	{
		if (!json_is_integer(v) || json_integer_value(v) < 1)
			return wrong(err, i, "has an agent that is no number.");
		l->agents[l->n_agents++].v = json_integer_value(v);
	}
	return RC_OK;
}

static enum rc read_layer(struct arena *out, const json_t *o, size_t i, struct str zone, struct oncall_layer *l, struct err *err)
{
	const char *rotation = json_string_value(json_object_get(o, "rotation")), *name = json_string_value(json_object_get(o, "name"));
	const json_t *every = json_object_get(o, "every"), *during = json_object_get(o, "during"), *handoff = json_object_get(o, "handoff");
	const json_t *until = json_object_get(o, "until");

	if (!json_is_object(o) || !rotation)
		return wrong(err, i, "wants a \"rotation\": daily, weekly or hours.");
	l->rotation = strcmp(rotation, "daily") == 0 ? ROTATE_DAILY : strcmp(rotation, "weekly") == 0 ? ROTATE_WEEKLY : ROTATE_HOURS;
	if (l->rotation == ROTATE_HOURS && strcmp(rotation, "hours") != 0)
		return wrong(err, i, "has a \"rotation\" that is none of daily, weekly, hours.");
	l->name = arena_str(out, str_of(name && strlen(name) <= 100 ? name : ""));
	l->every = every ? (int)json_integer_value(every) : 1;
	if (l->every < 1 || l->every > 400)
		return wrong(err, i, "has an \"every\" that is not 1 to 400.");
	if (!read_date(json_string_value(json_object_get(o, "start")), &l->start))
		return wrong(err, i, "wants \"start\": the day of the first hand-off, like \"2026-11-02\".");
	if (handoff && !read_minute(json_string_value(handoff), &l->handoff))
		return wrong(err, i, "has a \"handoff\" that is no time like \"09:00\".");
	l->ends = until != NULL;
	if (until && (!read_date(json_string_value(until), &l->until) || l->until <= l->start))
		return wrong(err, i, "has an \"until\" that is no day after \"start\".");
	if (during) {
		char *text = json_dumps(during, JSON_COMPACT);

		l->restricted = true;
		l->during.zone = zone;
		enum rc rc = calendar_parse(out, str_of(text), &l->during, err);

		free(text);
		if (rc != RC_OK)
			return rc;
		l->during.zone = zone;
	}
	return read_agents(json_object_get(o, "agents"), i, l, err);
}

enum rc oncall_parse(struct arena *out, struct str layers_json, struct str zone, struct oncall_schedule *ret, struct err *err)
{
	json_error_t why;
	json_t *root = layers_json.n <= (64 << 10) ? json_loadb(layers_json.p ? layers_json.p : "", layers_json.n, JSON_REJECT_DUPLICATES, &why) : NULL;
	const json_t *o;
	size_t i;
	enum rc rc = RC_OK;

	ret->n_layers = 0;
	ret->zone = arena_str(out, zone);
	ret->text = arena_str(out, layers_json);
	if (!json_is_array(root) || json_array_size(root) > ONCALL_LAYERS) {
		json_decref(root);
		return fail_field(err, RC_INVALID, "layers", "The layers are a JSON list of at most %d objects.", ONCALL_LAYERS);
	}
	if (!zone_of(ret) && !str_is(zone, "UTC")) {
		json_decref(root);
		return fail_field(err, RC_INVALID, "zone", "Give the schedule a time zone like America/Bogota.");
	}
	json_array_foreach(root, i, o)
	{
		ret->layer[i] = (struct oncall_layer){ .n_agents = 0 };
		if (rc == RC_OK)
			rc = read_layer(out, o, i, ret->zone, &ret->layer[i], err);
		ret->n_layers++;
	}
	json_decref(root);
	return rc;
}

/* ---- policies ---- */

const char *oncall_trigger_name(enum oncall_trigger t)
{
	static const char *const name[] = { "", "opened", "warned", "breached" };

	return name[t];
}

static bool read_target(struct arena *out, const char *z, struct oncall_target *t)
{
	static const struct { const char *prefix; enum oncall_target_kind kind; } with_id[] = {
		{ "schedule:", TARGET_SCHEDULE }, { "agent:", TARGET_AGENT }, { "team:", TARGET_TEAM } };
	struct str s = str_of(z);

	if (str_is(s, "assignee") || str_is(s, "supervisors")) {
		t->kind = str_is(s, "assignee") ? TARGET_ASSIGNEE : TARGET_SUPERVISORS;
		return true;
	}
	if ((str_starts(s, STR("https://")) || str_starts(s, STR("http://"))) && s.n < 1000 && !str_has_control(s) && str_find_byte(s, ' ') == STR_NONE) {
		t->kind = TARGET_WEBHOOK;
		t->url = arena_str(out, s);
		return true;
	}
	for (size_t i = 0; i < COUNT(with_id); i++)
		if (str_starts(s, str_of(with_id[i].prefix)) && str_to_i64(str_from(s, strlen(with_id[i].prefix)), &t->id) == RC_OK && t->id > 0) {
			t->kind = with_id[i].kind;
			return true;
		}
	return false;
}

static enum rc read_step(struct arena *out, const json_t *o, size_t i, struct oncall_step *s, struct err *err)
{
	const json_t *targets = json_object_get(o, "targets"), *delay = json_object_get(o, "delay"), *v;
	size_t k;

	s->delay = (int)json_integer_value(delay);
	if (!json_is_object(o) || (delay && (!json_is_integer(delay) || s->delay < 0 || s->delay > 10080)))
		return fail_field(err, RC_INVALID, "steps", "Step %zu has a \"delay\" that is not 0 to 10080 minutes.", i + 1);
	if (!json_is_array(targets) || json_array_size(targets) == 0 || json_array_size(targets) > ONCALL_TARGETS)
		return fail_field(err, RC_INVALID, "steps", "Step %zu wants \"targets\": a list of 1 to %d.", i + 1, ONCALL_TARGETS);
	json_array_foreach(targets, k, v)
		if (!json_is_string(v) || !read_target(out, json_string_value(v), &s->target[s->n_targets++]))
			return fail_field(err, RC_INVALID, "steps",
					  "Target %zu of step %zu is none of schedule:1, agent:1, team:1, assignee, supervisors, or an address "
					  "that begins with https://.",
					  k + 1, i + 1);
	return RC_OK;
}

enum rc oncall_policy_parse(struct arena *out, struct str json, struct oncall_policy *ret, struct err *err)
{
	json_error_t why;
	json_t *root = json.n <= (64 << 10) ? json_loadb(json.p ? json.p : "", json.n, JSON_REJECT_DUPLICATES, &why) : NULL;
	const json_t *steps = json_object_get(root, "steps"), *o;
	size_t i;
	enum rc rc = RC_OK;

	ret->n_steps = 0;
	ret->text = arena_str(out, json);
	ret->repeat = (int)json_integer_value(json_object_get(root, "repeat"));
	if (!json_is_array(steps) || json_array_size(steps) == 0 || json_array_size(steps) > ONCALL_STEPS)
		rc = fail_field(err, RC_INVALID, "steps", "A policy is JSON like {\"steps\":[{\"delay\":0,\"targets\":[\"schedule:1\"]}],\"repeat\":2} with 1 to %d steps.",
				ONCALL_STEPS);
	if (rc == RC_OK && (ret->repeat < 0 || ret->repeat > 100))
		rc = fail_field(err, RC_INVALID, "steps", "\"repeat\" is 0 to 100.");
	if (rc == RC_OK)
		json_array_foreach(steps, i, o)
		{
			ret->step[i] = (struct oncall_step){ .delay = 0 };
			if (rc == RC_OK)
				rc = read_step(out, o, i, &ret->step[i], err);
			ret->n_steps++;
		}
	json_decref(root);
	return rc;
}

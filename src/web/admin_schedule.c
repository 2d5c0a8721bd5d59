/* Administration: one schedule as a form. Buttons add, move and take away layers and places without saving; what was
 * typed stays, also when it is refused. What is stored is the text that docs/ONCALL.md describes; what of a layer's
 * hours a form cannot show (holidays, "always") is carried along as it was. */
#include "tmpl.h"
#include "web/admin_view.h"
#include "web/schedule_view.h"
#include <jansson.h>
#include <stdlib.h>

#define EXTRA_MAX (16 << 10)
#define HERE      "/desk/admin/oncall/schedules/"

static const char *const day_key[7] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

struct editing {
	struct req *q;
	struct schedule_form v;
	struct oncall_schedule stored; /* id 0: a new one */
	struct str zone, text;         /* what the form says, as JSON; null when it says nothing sensible */
	int64_t made;
};

static const char *field_id(struct req *q, size_t i, const char *what)
{
	return arena_strf(q->arena, "l%zu_%s", i, what).p;
}

/* ---- from the stored text ---- */

static struct str text_of(struct arena *a, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (json_is_integer(v))
		return arena_strf(a, "%lld", (long long)json_integer_value(v));
	return json_is_string(v) ? arena_str(a, str_of(json_string_value(v))) : STR("");
}

/* [["08:00","12:00"],["13:00","18:00"]] as "08:00-12:00, 13:00-18:00". */
static struct str hours_text(struct arena *a, const json_t *list)
{
	struct str s = STR("");
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	        s = arena_strf(a, STR_F "%s%s-%s", STR_A(s), i ? ", " : "", json_string_value(json_array_get(v, 0)),
	                       json_string_value(json_array_get(v, 1)));
	return s;
}

static void hours_stored(struct req *q, struct layer_form *l, const json_t *during)
{
	json_t *rest = during ? json_copy((json_t *)(uintptr_t)during) : NULL;

	l->restricted = during != NULL;
	for (size_t d = 0; d < 7; d++) {
		l->day[d].value = hours_text(q->arena, json_object_get(during, day_key[d]));
		json_object_del(rest, day_key[d]);
	}
	if (json_object_size(rest)) {
		char *z = json_dumps(rest, JSON_COMPACT);

		l->extra.value = arena_str(q->arena, str_of(z));
		free(z);
	}
	json_decref(rest);
}

/* The ids of a layer's fields at its place. */
static void name_fields(struct req *q, struct layer_form *l, size_t i)
{
	struct {
		struct duty_input *at;
		const char *what;
	} f[] = {
		{&l->name,      "name"    },
                { &l->rotation, "rotation"},
                { &l->every,    "every"   },
		{ &l->start,    "start"   },
                { &l->handoff,  "handoff" },
                { &l->until,    "until"   },
		{ &l->people,   "person"  },
                { &l->extra,    "extra"   }
	};

	l->i = i;
	l->place = i + 1;
	for (size_t k = 0; k < COUNT(f); k++)
		f[k].at->id = str_of(field_id(q, i, f[k].what));
	for (size_t d = 0; d < 7; d++)
		l->day[d].id = str_of(field_id(q, i, day_key[d]));
	for (size_t k = 0; k < l->n_person; k++) {
		l->person[k].label = TR_FILL(q->arena, _(web_lang(q), "Person {n}"),
		                             { "n", arena_strf(q->arena, "%zu", k + 1) });
		l->person[k].id = k ? arena_strf(q->arena, STR_F "_%zu", STR_A(l->people.id), k) : l->people.id;
	}
}

static struct layer_form blank(struct req *q, bool temporary)
{
	struct arena *a = q->arena;
	struct layer_form l = { .temporary = temporary, .n_person = 3 };
	struct duty_input none = { STR(""), STR(""), STR("") };

	l.name = l.rotation = l.every = l.start = l.handoff = l.until = l.people = l.extra = none;
	for (size_t d = 0; d < 7; d++)
		l.day[d] = none;
	l.rotation.value = temporary ? STR("daily") : STR("weekly");
	l.every.value = STR("1");
	l.start.value = str_sub(time_iso(a, temporary ? time_add(q->now, DAY_US) : q->now), 0, 10);
	l.until.value = temporary ? str_sub(time_iso(a, time_add(q->now, 8 * DAY_US)), 0, 10) : STR("");
	l.handoff.value = STR("09:00");
	l.person = arena_array(a, struct layer_person, ONCALL_AGENTS + 4);
	return l;
}

static void layer_stored(struct req *q, struct layer_form *l, const json_t *o)
{
	const json_t *agents = json_object_get(o, "agents"), *v;
	size_t i;

	*l = blank(q, json_object_get(o, "until") != NULL);
	l->name.value = text_of(q->arena, o, "name");
	l->rotation.value = text_of(q->arena, o, "rotation");
	l->every.value = json_object_get(o, "every") ? text_of(q->arena, o, "every") : STR("1");
	l->start.value = text_of(q->arena, o, "start");
	l->handoff.value = json_object_get(o, "handoff") ? text_of(q->arena, o, "handoff") : STR("00:00");
	l->until.value = text_of(q->arena, o, "until");
	json_array_foreach(agents, i, v) l->person[i].agent = json_integer_value(v);
	l->n_person = json_array_size(agents) + 1;
	hours_stored(q, l, json_object_get(o, "during"));
}

static void form_stored(struct editing *x)
{
	json_t *root = json_loadb(x->stored.text.p, x->stored.text.n, 0, NULL);
	struct schedule_form *v = &x->v;
	const json_t *o;
	size_t i;

	v->name.value = x->stored.name;
	v->zone.value = x->stored.zone;
	json_array_foreach(root, i, o) layer_stored(x->q, &v->layers[v->n++], o);
	json_decref(root);
}

/* ---- from what was typed ---- */

static void people_typed(struct req *q, struct layer_form *l)
{
	struct str at[ONCALL_AGENTS];
	size_t n = req_fields(q, l->people.id.p, at, COUNT(at));

	l->n_person = 0;
	for (size_t i = 0; i < n && i < COUNT(at); i++) {
		int64_t id = 0;

		if (str_to_i64(at[i], &id) == RC_OK && id > 0)
			l->person[l->n_person++].agent = id;
	}
	l->n_person++;
	if (l->n_person < 3)
		l->n_person = 3;
}

static void layer_typed(struct req *q, struct layer_form *l, size_t i)
{
	struct duty_input *f[] = { &l->name, &l->rotation, &l->every, &l->start, &l->handoff, &l->until, &l->extra };

	*l = blank(q, false);
	name_fields(q, l, i);
	for (size_t k = 0; k < COUNT(f); k++)
		*f[k] = duty_typed(q, f[k]->id.p);
	for (size_t d = 0; d < 7; d++) {
		l->day[d] = duty_typed(q, l->day[d].id.p);
		l->restricted = l->restricted || str_trim(l->day[d].value).n;
	}
	l->restricted = l->restricted || l->extra.value.n;
	people_typed(q, l);
	l->temporary = l->until.value.n > 0;
}

static void form_typed(struct editing *x)
{
	struct req *q = x->q;
	struct schedule_form *v = &x->v;
	int64_t at;

	v->name = duty_typed(q, "name");
	v->zone = duty_typed(q, "zone");
	for (size_t i = 0; i < ONCALL_LAYERS; i++)
		if (!str_null(req_field(q, field_id(q, i, "rotation"))))
			layer_typed(q, &v->layers[v->n++], i);
	if ((at = duty_button(q, "drop")) >= 0 && at < (int64_t)v->n) {
		memmove(v->layers + at, v->layers + at + 1, (v->n - (size_t)at - 1) * sizeof(*v->layers));
		v->n--;
	}
	if ((at = duty_button(q, "up")) > 0 && at < (int64_t)v->n) {
		struct layer_form l = v->layers[at];

		v->layers[at] = v->layers[at - 1];
		v->layers[at - 1] = l;
	}
	if ((at = duty_button(q, "more")) >= 0 && at < (int64_t)v->n && v->layers[at].n_person < ONCALL_AGENTS)
		v->layers[at].n_person += 3;
	if (v->n < ONCALL_LAYERS && str_is(req_field(q, "do"), "layer"))
		v->layers[v->n++] = blank(q, false);
	if (v->n < ONCALL_LAYERS && str_is(req_field(q, "do"), "temporary"))
		v->layers[v->n++] = blank(q, true);
}

/* ---- what the form says, checked field by field ---- */

/* "08:00-12:00, 13:00 - 18:00" to a list of pairs; the calendar says whether it makes sense. */
static json_t *hours_json(struct str s)
{
	json_t *list = json_array();
	struct str part;

	while (str_trim(s).n) {
		if (!str_cut(&s, ',', &part)) {
			part = s;
			s = STR("");
		}
		struct str from, to = str_trim(part);

		if (!str_cut(&to, '-', &from))
			from = STR("");
		from = str_trim(from);
		to = str_trim(to);
		json_array_append_new(list, json_pack("[s%s%]", from.p ? from.p : "", from.n, to.p ? to.p : "", to.n));
	}
	return list;
}

static json_t *during_json(struct req *q, struct layer_form *l)
{
	json_t *during = l->extra.value.n ? json_loadb(l->extra.value.p, l->extra.value.n, JSON_REJECT_DUPLICATES, NULL)
	                                  : NULL;

	during = json_is_object(during) ? during : json_object();
	for (size_t d = 0; d < 7; d++) {
		if (!str_trim(l->day[d].value).n)
			continue;
		json_t *one = json_object(), *list = hours_json(l->day[d].value);
		struct calendar c = { .zone = STR("UTC") };
		struct err why = { 0 };

		json_object_set_new(one, day_key[d], list ? list : json_array());
		char *z = json_dumps(one, JSON_COMPACT);

		if (!z || calendar_parse(q->arena, str_of(z), &c, &why) != RC_OK)
			duty_wrong(q, l->day[d].id,
			           N_("Write hours like 08:00-12:00, 13:00-18:00. An end before the beginning is of "
			              "the next day."));
		free(z);
		json_object_set(during, day_key[d], json_object_get(one, day_key[d]));
		json_decref(one);
	}
	return during;
}

static bool is_day(struct str s)
{
	struct instant t;

	return s.n == 10 && time_parse_iso(s, &t) == RC_OK;
}

static bool is_minute(struct str s)
{
	int64_t h, m;

	return s.n == 5 && s.p[2] == ':' && str_to_i64(str_sub(s, 0, 2), &h) == RC_OK &&
	       str_to_i64(str_from(s, 3), &m) == RC_OK && h >= 0 && h < 24 && m >= 0 && m < 60;
}

static json_t *people_json(struct editing *x, struct layer_form *l)
{
	json_t *list = json_array();

	for (size_t k = 0; k < l->n_person; k++) {
		const struct agent *who = NULL;

		if (!l->person[k].agent)
			continue;
		for (size_t i = 0; i < x->v.n_agents; i++)
			if (x->v.agents[i].id.v == l->person[k].agent)
				who = &x->v.agents[i];
		if (!who || time_is_set(who->disabled_at))
			duty_wrong(x->q, l->people.id,
			           N_("Somebody in this layer works here no longer and would not be paged. Choose "
			              "another person."));
		json_array_append_new(list, json_integer(l->person[k].agent));
	}
	if (json_array_size(list) == 0)
		duty_wrong(x->q, l->people.id, N_("Choose who is on duty: one person at least."));
	return list;
}

static json_t *layer_json(struct editing *x, struct layer_form *l)
{
	struct req *q = x->q;
	json_t *o = json_object();
	int64_t every = 1;
	struct str start = str_trim(l->start.value), until = str_trim(l->until.value),
	           handoff = str_trim(l->handoff.value);

	if (l->every.value.n && (str_to_i64(str_trim(l->every.value), &every) != RC_OK || every < 1 || every > 400))
		duty_wrong(q, l->every.id, N_("A shift lasts 1 to 400 days, weeks or hours."));
	if (!is_day(start))
		duty_wrong(q, l->start.id, N_("Give the day of the first hand-off, like 2026-11-02."));
	if (!is_minute(handoff))
		duty_wrong(q, l->handoff.id, N_("Give the time of the hand-off, like 09:00."));
	if (until.n && (!is_day(until) || (is_day(start) && str_cmp(until, start) <= 0)))
		duty_wrong(q, l->until.id,
		           N_("A temporary schedule ends on a day after it begins; empty: it has no end."));
	json_object_set_new(o, "name", json_stringn(l->name.value.p, l->name.value.n));
	json_object_set_new(o, "rotation", json_stringn(l->rotation.value.p, l->rotation.value.n));
	json_object_set_new(o, "every", json_integer(every));
	json_object_set_new(o, "start", json_stringn(start.p, start.n));
	if (until.n)
		json_object_set_new(o, "until", json_stringn(until.p, until.n));
	json_object_set_new(o, "handoff", json_stringn(handoff.p, handoff.n));
	json_object_set_new(o, "agents", people_json(x, l));
	if (l->restricted)
		json_object_set_new(o, "during", during_json(q, l));
	return o;
}

/* Leaves x->text and, with its errors at the fields, what is wrong. */
static void check(struct editing *x)
{
	struct req *q = x->q;
	json_t *root = json_array();

	if (!str_trim(x->v.name.value).n)
		duty_wrong(q, STR("name"), N_("Give it a name of at most 200 characters."));
	x->zone = str_trim(x->v.zone.value);
	if (!str_is(x->zone, "UTC") && !time_zone_known(str_z(q->arena, x->zone)))
		duty_wrong(q, STR("zone"), N_("Give the schedule a time zone like America/Bogota."));
	for (size_t i = 0; i < x->v.n; i++) {
		name_fields(q, &x->v.layers[i], i);
		json_array_append_new(root, layer_json(x, &x->v.layers[i]));
	}
	char *z = json_dumps(root, JSON_COMPACT);

	x->text = z && !q->n_field_errors ? arena_str(q->arena, str_of(z)) : STR_NULL;
	free(z);
	json_decref(root);
}

/* ---- the page ---- */

static enum rc load(struct db_tx *tx, void *arg, struct err *err)
{
	struct editing *x = arg;
	struct req *q = x->q;
	int64_t id = web_path_id(q, "id");
	enum rc rc = RC_OK;

	if (!id && !str_is(req_path(q, "id"), "new"))
		return fail(err, RC_NOT_FOUND, "There is no such schedule.");
	if (id)
		rc = oncall_find(tx, q->arena, id, q->now, time_add(q->now, 30 * DAY_US), &x->stored, err);
	return rc == RC_OK ? agent_list(tx, q->arena, &x->v.agents, &x->v.n_agents, err) : rc;
}

static void begin(struct editing *x)
{
	struct schedule_form *v = &x->v;

	v->id = x->stored.id;
	v->url = x->stored.id ? arena_strf(x->q->arena, HERE "%lld", (long long)x->stored.id) : STR(HERE "new");
	v->layers = arena_array(x->q->arena, struct layer_form, ONCALL_LAYERS + 1);
	v->name.id = STR("name");
	v->zone.id = STR("zone");
	v->was = duty_sum(x->q->arena, x->stored.name, x->stored.zone, x->stored.text);
	if (x->q->method == HTTP_POST) {
		v->was = req_field(x->q, "was");
		form_typed(x);
	} else if (x->stored.id) {
		form_stored(x);
	} else {
		v->name.value = STR("");
		v->zone.value = web_zone(x->q);
		v->layers[v->n++] = blank(x->q, false);
	}
}

static void with_error(struct req *q, struct duty_input *in)
{
	struct str e = web_field_error(q, in->id.p);

	in->error = str_null(e) ? STR("") : e;
}

static void dress(struct editing *x)
{
	struct req *q = x->q;
	struct schedule_form *v = &x->v;
	struct str today = str_sub(time_iso(q->arena, q->now), 0, 10);

	with_error(q, &v->name);
	with_error(q, &v->zone);
	for (size_t i = 0; i < v->n; i++) {
		struct layer_form *l = &v->layers[i];
		struct duty_input *f[] = { &l->name, &l->every, &l->start, &l->handoff, &l->until, &l->people };

		name_fields(q, l, i);
		for (size_t k = 0; k < COUNT(f); k++)
			with_error(q, f[k]);
		for (size_t d = 0; d < 7; d++)
			with_error(q, &l->day[d]);
		l->first = i == 0;
		l->last = i + 1 == v->n;
		l->temporary = l->temporary || l->until.value.n > 0;
		l->over = l->until.value.n == 10 && str_cmp(l->until.value, today) < 0;
	}
	v->full = v->n == ONCALL_LAYERS;
}

static enum rc show(struct editing *x, struct resp *r)
{
	struct req *q = x->q;
	struct oncall_schedule s = { .id = x->stored.id };
	struct err spare = { 0 };
	struct page page;

	if (x->text.p && oncall_parse(q->arena, x->text, x->zone, &s, &spare) == RC_OK) {
		s.name = x->v.name.value;
		s.overrides = x->stored.overrides;
		s.n_overrides = x->stored.n_overrides;
		x->v.previewed = duty_preview(q->arena, &s, x->v.agents, x->v.n_agents, q->now, &x->v.next, &spare) ==
		                 RC_OK;
	}
	dress(x);
	struct out o = admin_begin(q, r, &page,
	                           x->stored.id ? str_z(q->arena, x->stored.name) : _(web_lang(q), "New schedule"));

	x->v.p = &page;
	tmpl_admin_schedule(&o, &x->v);
	return RC_OK;
}

static enum rc get_schedule(struct req *q, struct resp *r)
{
	struct editing x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	begin(&x);
	if (x.stored.id) {
		x.zone = x.stored.zone;
		x.text = x.stored.text;
	}
	return show(&x, r);
}

static enum rc save(struct db_tx *tx, void *arg, struct err *err)
{
	struct editing *x = arg;
	struct req *q = x->q;
	struct oncall_schedule is = { 0 };
	enum rc rc = RC_OK;

	if (x->stored.id)
		rc = oncall_find(tx, q->arena, x->stored.id, q->now, time_add(q->now, 1), &is, err);
	if (rc == RC_OK && x->stored.id && !str_eq(x->v.was, duty_sum(q->arena, is.name, is.zone, is.text)))
		return fail(err, RC_CONFLICT,
		            "Somebody else changed this schedule meanwhile. Nothing was saved; what you typed is here. "
		            "Open the page anew to see the other change.");
	return rc == RC_OK ? oncall_save(tx, q->arena, &q->actor, q->now, x->stored.id, str_trim(x->v.name.value),
	                                 x->zone, x->text, &x->made, err)
	                   : rc;
}

static enum rc post_schedule(struct req *q, struct resp *r)
{
	struct editing x = { .q = q };
	bool saving = str_is(req_field(q, "do"), "save"), looking = str_is(req_field(q, "do"), "preview");
	enum rc rc = db_read(web_desk(q)->db, load, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (!saving && !looking) /* a button that changes the form: what is wrong is said when it is to be saved */
		q->n_field_errors = 0;
	begin(&x);
	if (saving || looking)
		check(&x);
	if (web_fields_wrong(q, r) || !saving)
		return show(&x, r);
	rc = db_write(web_desk(q)->db, save, &x, req_err(q));
	if (web_form_failed(q, r, rc))
		return show(&x, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "Saved."), arena_strf(q->arena, HERE "%lld", (long long)x.made))
	                   : rc;
}

#define LAYER(n)                                                                                                       \
	{ "l" #n "_name", FIELD_TEXT, 100, false, NULL, "" },                                                          \
	        { "l" #n "_rotation", FIELD_CHOICE, 0, false, "daily|weekly|hours", "" },                              \
	        { "l" #n "_every", FIELD_TEXT, 20, false, NULL, "" },                                                  \
	        { "l" #n "_start", FIELD_TEXT, 30, false, NULL, "" },                                                  \
	        { "l" #n "_handoff", FIELD_TEXT, 20, false, NULL, "" },                                                \
	        { "l" #n "_until", FIELD_TEXT, 30, false, NULL, "" },                                                  \
	        { "l" #n "_person", FIELD_TEXT, 20, false, NULL, "" },                                                 \
	        { "l" #n "_extra", FIELD_TEXT, EXTRA_MAX, false, NULL, "" },                                           \
	        { "l" #n "_mon", FIELD_TEXT, 200, false, NULL, "" },                                                   \
	        { "l" #n "_tue", FIELD_TEXT, 200, false, NULL, "" },                                                   \
	        { "l" #n "_wed", FIELD_TEXT, 200, false, NULL, "" },                                                   \
	        { "l" #n "_thu", FIELD_TEXT, 200, false, NULL, "" },                                                   \
	        { "l" #n "_fri", FIELD_TEXT, 200, false, NULL, "" },                                                   \
	        { "l" #n "_sat", FIELD_TEXT, 200, false, NULL, "" },                                                   \
	{                                                                                                              \
		"l" #n "_sun", FIELD_TEXT, 200, false, NULL, ""                                                        \
	}
static const struct field schedule_fields[] = {
	{"do",        FIELD_TEXT, 20, true, NULL, "" },
	{ "was",         FIELD_TEXT, 64, false, NULL, "" },
	{ "name",       FIELD_TEXT, 200, false, NULL, "" },
	{ "zone",          FIELD_TEXT, 63, false, NULL, "" },
	LAYER(0),
	LAYER(1),
	LAYER(2),
	LAYER(3),
	LAYER(4),
	LAYER(5),
	LAYER(6),
	LAYER(7),
	{ .name = NULL}
};

const struct route admin_schedule_routes[] = {
	{HTTP_GET,   "/desk/admin/oncall/schedules/{id}", CAP_ADMIN, get_schedule, NULL, 0,
         "A schedule as a form; \"new\" for another", NULL, NULL },
	{ HTTP_POST, "/desk/admin/oncall/schedules/{id}", CAP_ADMIN, post_schedule, schedule_fields, ROUTE_LENIENT,
         "Change it, or look what it would be", NULL, NULL },
	{ .path = NULL     },
};

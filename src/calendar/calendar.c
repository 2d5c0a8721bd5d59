/* calendar: working hours, holidays and exceptions read from JSON, the form they are stored in and written by hand.
 * What follows from them is walk.c's, iCalendar is ical.c's, rows are calendar_store.c's. */
#include "calendar/calendar.h"
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>

#define DAY_MIN   1440
#define RULES_MAX 150
#define DATES_MAX 20000
#define LAST_TO   (CALENDAR_INTERVALS - 1) /* one is left for what runs over from the day before */
#define RANGE_MAX 3660                     /* days of one holiday */

static const char *const day_name[7] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

struct parsing {
	struct arena *out;
	struct calendar *c;
	VEC(struct calendar_special) dates, rules;
	const char *list; /* "holidays" or "exceptions" */
	size_t at;        /* entry of it, from 1 */
	struct err *err;
};

static enum rc parse_minute(const char *z, int16_t *ret)
{
	struct str s = str_of(z), h;
	int64_t hour, minute;

	if (s.n != 5 || s.p[2] != ':' || !str_cut(&s, ':', &h) || str_to_i64(h, &hour) != RC_OK ||
	    str_to_i64(s, &minute) != RC_OK || hour < 0 || hour > 24 || minute < 0 || minute > 59 ||
	    hour * 60 + minute > DAY_MIN)
		return RC_INVALID;
	*ret = (int16_t)(hour * 60 + minute);
	return RC_OK;
}

/* Adds [from, to) in order, joined with what it touches. */
static enum rc add_hours(struct calendar_hours *day, int16_t from, int16_t to, const char *name, struct err *err)
{
	struct calendar_hours all[CALENDAR_INTERVALS + 1];
	size_t n = 0, kept = 0, at = 0;

	if (from == to)
		return RC_OK;
	while (n < CALENDAR_INTERVALS && day[n].to)
		n++;
	for (size_t i = 0; i < n; i++) {
		if (day[i].to < from || day[i].from > to) {
			all[kept++] = day[i];
			continue;
		}
		from = day[i].from < from ? day[i].from : from;
		to = day[i].to > to ? day[i].to : to;
	}
	while (at < kept && all[at].from < from)
		at++;
	memmove(&all[at + 1], &all[at], (kept - at) * sizeof(*all));
	all[at] = (struct calendar_hours){ from, to };
	if (++kept > LAST_TO)
		return fail_field(err, RC_INVALID, "hours", "A day has at most %d intervals; \"%s\" has more.", LAST_TO,
		                  name);
	memset(day, 0, CALENDAR_INTERVALS * sizeof(*day));
	memcpy(day, all, kept * sizeof(*all));
	return RC_OK;
}

/* Intervals of one day; what runs over midnight goes to `next`, minutes of the day after. */
static enum rc parse_intervals(const json_t *list, const char *name, struct calendar_hours *day,
                               struct calendar_hours *next, const char *next_name, struct err *err)
{
	size_t i;
	json_t *pair;

	if (!json_is_array(list))
		return fail_field(err, RC_INVALID, "hours",
		                  "\"%s\" is not a list of intervals like [\"08:00\",\"18:00\"].", name);
	json_array_foreach(list, i, pair)
	{
		const char *a = json_string_value(json_array_get(pair, 0)),
		           *b = json_string_value(json_array_get(pair, 1));
		int16_t from, to;

		if (json_array_size(pair) != 2 || !a || !b || parse_minute(a, &from) != RC_OK ||
		    parse_minute(b, &to) != RC_OK || from == DAY_MIN || (from == to && from != 0))
			return fail_field(err, RC_INVALID, "hours",
			                  "Interval %zu of \"%s\" is not two different times like "
			                  "[\"08:00\",\"18:00\"].",
			                  i + 1, name);
		bool over = to <= from; /* over midnight: the rest belongs to the next day */
		enum rc rc = add_hours(day, from, over ? DAY_MIN : to, name, err);

		if (rc == RC_OK && over)
			rc = add_hours(next, 0, to, next_name, err);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* ---- special days ---- */

static enum rc wrong(struct parsing *p, const char *why)
{
	return fail_field(p->err, RC_INVALID, p->list, "Entry %zu of \"%s\" %s", p->at, p->list, why);
}

static bool parse_date(const char *z, int32_t *ret)
{
	struct instant t;

	if (!z || strlen(z) != 10 || time_parse_iso(str_of(z), &t) != RC_OK)
		return false;
	*ret = (int32_t)(t.us / DAY_US - (t.us % DAY_US < 0));
	return true;
}

/* "12-25": judged in a leap year, so that the 29th of February is a date. */
static bool parse_yearly(const char *z, struct calendar_special *s)
{
	char full[11] = "2000-";
	int32_t date;

	if (!z || strlen(z) != 5)
		return false;
	memcpy(full + 5, z, 6);
	if (!parse_date(full, &date))
		return false;
	struct civil c = time_civil((struct instant){ date * DAY_US });

	s->when = WHEN_YEARLY;
	s->month = (int8_t)c.month;
	s->day = (int8_t)c.day;
	return true;
}

static bool number(const json_t *o, const char *key, int64_t from, int64_t to, int16_t *ret)
{
	const json_t *v = json_object_get(o, key);

	if (!v)
		return true;
	if (!json_is_integer(v) || json_integer_value(v) < from || json_integer_value(v) > to)
		return false;
	*ret = (int16_t)json_integer_value(v);
	return true;
}

static enum rc add_dates(struct parsing *p, struct calendar_special s, int32_t from, int32_t to)
{
	if (to < from || to - from >= RANGE_MAX)
		return wrong(p, "ends before it begins, or is longer than ten years.");
	s.when = WHEN_DATE;
	for (s.date = from; s.date <= to; s.date++) {
		if (p->dates.n >= DATES_MAX)
			return wrong(p, "is one too many: a calendar has at most 20000 special days.");
		*VEC_ADD(p->out, &p->dates) = s;
	}
	return RC_OK;
}

struct recurring {
	struct parsing *p;
	struct calendar_special s;
	const json_t *except;
	int days;
	enum rc rc;
};

static void occurrence(void *arg, int32_t date)
{
	struct recurring *r = arg;
	size_t i;
	const json_t *v;
	int32_t not ;

	json_array_foreach(r->except, i, v) if (parse_date(json_string_value(v), &not ) && not == date) return;
	if (r->rc == RC_OK)
		r->rc = add_dates(r->p, r->s, date, date + r->days - 1);
}

static enum rc parse_rrule(struct parsing *p, const json_t *o, const struct calendar_special *s)
{
	const char *rule = json_string_value(json_object_get(o, "rrule"));
	struct recurring r = { .p = p, .s = *s, .except = json_object_get(o, "except"), .days = 1 };
	int16_t days = 1;
	int32_t start;

	if (!rule || !parse_date(json_string_value(json_object_get(o, "start")), &start) ||
	    !number(o, "days", 1, RANGE_MAX, &days))
		return wrong(p, "has \"rrule\" (RFC 5545) and wants its \"start\" as year-month-day, too.");
	r.days = days;
	enum rc rc = calendar_rrule(str_of(rule), start, occurrence, &r, p->err);

	return rc == RC_OK        ? r.rc
	       : rc == RC_INVALID ? wrong(p, "has an \"rrule\" that is no recurrence rule of RFC 5545.")
	                          : rc;
}

static enum rc parse_weekday(struct parsing *p, const json_t *o, struct calendar_special *s)
{
	const char *day = json_string_value(json_object_get(o, "weekday"));
	int16_t month = 0, nth = 0;
	int w = 0;

	while (w < 7 && (!day || strcmp(day, day_name[w]) != 0))
		w++;
	if (w == 7 || !number(o, "month", 1, 12, &month) || !number(o, "nth", -1, 5, &nth) || !month || !nth)
		return wrong(
		        p, "wants \"month\" (1-12), \"weekday\" (mon ... sun) and \"nth\" (1-5, or -1 for the last).");
	s->when = WHEN_WEEKDAY;
	s->month = (int8_t)month;
	s->weekday = (int8_t)w;
	s->nth = (int8_t)nth;
	return RC_OK;
}

static enum rc add_rule(struct parsing *p, const struct calendar_special *s)
{
	if (p->rules.n >= RULES_MAX)
		return wrong(p, "is one too many: a calendar has at most 150 yearly rules.");
	*VEC_ADD(p->out, &p->rules) = *s;
	return RC_OK;
}

static enum rc parse_move(struct parsing *p, const json_t *o, struct calendar_special *s)
{
	static const char *const word[] = { "", "monday", "weekend-monday", "nearest-weekday" };
	const char *move = json_string_value(json_object_get(o, "move"));

	for (size_t i = 1; move && i < COUNT(word); i++)
		if (strcmp(move, word[i]) == 0)
			s->move = (enum calendar_move)i;
	if (json_object_get(o, "move") && s->move == MOVE_NOT)
		return wrong(p, "has a \"move\" that is none of monday, weekend-monday, nearest-weekday.");
	if (!number(o, "since", 1900, 2200, &s->since) || !number(o, "until", 1900, 2200, &s->until))
		return wrong(p, "has a \"since\" or \"until\" that is no year.");
	return RC_OK;
}

/* Which days: the selectors are documented in docs/CLOCKS.md. */
static enum rc parse_when(struct parsing *p, const json_t *o, struct calendar_special *s)
{
	const json_t *v;
	int32_t from, to;
	enum rc rc = parse_move(p, o, s);

	if (rc != RC_OK)
		return rc;
	if (json_object_get(o, "rrule"))
		return parse_rrule(p, o, s);
	if ((v = json_object_get(o, "yearly")))
		return parse_yearly(json_string_value(v), s)
		               ? add_rule(p, s)
		               : wrong(p, "has a \"yearly\" that is no date like \"12-25\".");
	if (json_object_get(o, "weekday"))
		return (rc = parse_weekday(p, o, s)) == RC_OK ? add_rule(p, s) : rc;
	if (json_object_get(o, "easter")) {
		s->when = WHEN_EASTER;
		if (!number(o, "easter", -180, 180, &s->easter))
			return wrong(p,
			             "has an \"easter\" that is no number of days before (-) or after Easter Sunday.");
		return add_rule(p, s);
	}
	if ((v = json_object_get(o, "date"))) {
		if (parse_yearly(json_string_value(v), s))
			return add_rule(p, s);
		return parse_date(json_string_value(v), &from)
		               ? add_dates(p, *s, from, from)
		               : wrong(p, "has a \"date\" that is none like \"2026-12-25\".");
	}
	if (parse_date(json_string_value(json_object_get(o, "from")), &from) &&
	    parse_date(json_string_value(json_object_get(o, "to")), &to))
		return add_dates(p, *s, from, to);
	return wrong(
	        p,
	        "does not say when: \"date\", \"from\" and \"to\", \"yearly\", \"weekday\", \"easter\" or \"rrule\".");
}

static enum rc parse_special(struct parsing *p, const json_t *o, bool exception)
{
	struct calendar_special s = { .open = exception };
	const char *name = json_string_value(json_object_get(o, "name")), *z = json_string_value(o);
	struct calendar_hours next[CALENDAR_INTERVALS] = { 0 };
	int32_t date;
	enum rc rc;

	if (z && !exception) { /* only the date */
		if (parse_yearly(z, &s))
			return add_rule(p, &s);
		return parse_date(z, &date) ? add_dates(p, s, date, date)
		                            : wrong(p, "is no date like \"2026-12-25\" or \"12-25\".");
	}
	if (!json_is_object(o))
		return wrong(p, "is no object.");
	if (name && strlen(name) > 200)
		return wrong(p, "has a name of more than 200 characters.");
	s.name = name ? arena_str(p->out, str_of(name)) : STR_NULL;
	if (exception) {
		const json_t *hours = json_object_get(o, "hours");

		if (!hours)
			return wrong(p, "has no \"hours\"; a day without any is a holiday.");
		if ((rc = parse_intervals(hours, "exceptions", s.hours, next, "exceptions", p->err)) != RC_OK)
			return rc;
		s.tail = next[0].to;
	}
	return parse_when(p, o, &s);
}

static enum rc parse_specials(struct parsing *p, const char *name, const json_t *list)
{
	size_t i;
	json_t *o;

	p->list = name;
	if (!json_is_array(list))
		return fail_field(p->err, RC_INVALID, name, "\"%s\" is a list of days.", name);
	json_array_foreach(list, i, o)
	{
		p->at = i + 1;
		enum rc rc = parse_special(p, o, strcmp(name, "exceptions") == 0);

		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc parse_text(struct parsing *p, const char *key, const json_t *v)
{
	const char *z = json_string_value(v);

	if (!z || strlen(z) > 200)
		return fail_field(p->err, RC_INVALID, key, "\"%s\" is a text of at most 200 characters.", key);
	*(strcmp(key, "name") == 0 ? &p->c->name : &p->c->zone) = arena_str(p->out, str_of(z));
	return RC_OK;
}

static enum rc parse_object(struct parsing *p, json_t *root)
{
	const char *key;
	json_t *value;
	enum rc rc = RC_OK;

	if (!json_is_object(root))
		return fail_field(p->err, RC_INVALID, "hours",
		                  "Working hours are a JSON object like {\"mon\":[[\"08:00\",\"18:00\"]]}.");
	json_object_foreach(root, key, value)
	{
		int weekday = 0;

		while (weekday < 7 && strcmp(key, day_name[weekday]) != 0)
			weekday++;
		if (weekday < 7) {
			int next = (weekday + 1) % 7;

			rc = parse_intervals(value, key, p->c->day[weekday], p->c->day[next], day_name[next], p->err);
		} else if (strcmp(key, "always") == 0) {
			if (!json_is_boolean(value))
				return fail_field(p->err, RC_INVALID, "hours", "\"always\" is true or false.");
			p->c->always = json_is_true(value);
		} else if (strcmp(key, "hours") == 0) {
			rc = parse_object(p, value);
		} else if (strcmp(key, "holidays") == 0 || strcmp(key, "exceptions") == 0) {
			rc = parse_specials(p, key, value);
		} else if (strcmp(key, "name") == 0 || strcmp(key, "zone") == 0) {
			rc = parse_text(p, key, value);
		} else {
			return fail_field(p->err, RC_INVALID, "hours",
			                  "\"%.20s\" is no day of the week and no part of a calendar. The names are "
			                  "mon, tue, wed, thu, fri, sat, sun, always, holidays, exceptions.",
			                  key);
		}
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static int by_date(const void *a, const void *b)
{
	const struct calendar_special *x = a, *y = b;

	return x->date != y->date ? (x->date > y->date) - (x->date < y->date) : y->open - x->open;
}

static enum rc parse_hours(struct arena *out, struct str hours_json, struct calendar *ret, struct err *err)
{
	struct parsing p = { .out = out, .c = ret, .err = err };
	json_error_t why;
	json_t *root;
	enum rc rc;

	ret->always = false;
	memset(ret->day, 0, sizeof(ret->day));
	if (hours_json.n > CALENDAR_JSON_MAX)
		return fail_field(err, RC_LIMIT, "hours", "A calendar has at most %d characters.", CALENDAR_JSON_MAX);
	root = json_loadb(hours_json.p ? hours_json.p : "", hours_json.n, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return fail_field(err, RC_INVALID, "hours", "The working hours are not JSON (line %d: %.120s).",
		                  why.line, why.text);
	rc = parse_object(&p, root);
	json_decref(root);
	if (p.dates.n > 1)
		qsort(p.dates.at, p.dates.n, sizeof(*p.dates.at), by_date);
	ret->date = p.dates.at;
	ret->n_dates = p.dates.n;
	ret->rule = p.rules.at;
	ret->n_rules = p.rules.n;
	return rc;
}

/* A desk has few calendars, and reads them for every ticket it opens or shows. What was read once is kept for the life of
 * the process, found by its text, and never changed: copies share its lists. */
#define KEPT     64
#define KEPT_MAX (16 << 10)

static struct {
	pthread_rwlock_t lock;
	struct arena arena;
	size_t n;
	struct {
		struct str text;
		struct calendar c;
	} at[KEPT];
} kept = { .lock = PTHREAD_RWLOCK_INITIALIZER };

static bool find_kept(struct str text, struct calendar *ret)
{
	bool found = false;

	pthread_rwlock_rdlock(&kept.lock);
	for (size_t i = 0; i < kept.n && !found; i++) {
		found = str_eq(kept.at[i].text, text);
		if (found)
			*ret = kept.at[i].c;
	}
	pthread_rwlock_unlock(&kept.lock);
	return found;
}

static void keep(struct str text)
{
	pthread_rwlock_wrlock(&kept.lock);
	if (kept.n < KEPT) {
		struct calendar c = { 0 };

		if (parse_hours(&kept.arena, text, &c, NULL) == RC_OK) {
			kept.at[kept.n].text = arena_str(&kept.arena, text);
			kept.at[kept.n++].c = c; /* twice, when two threads came at once: harmless */
		}
	}
	pthread_rwlock_unlock(&kept.lock);
}

enum rc calendar_parse(struct arena *out, struct str hours_json, struct calendar *ret, struct err *err)
{
	struct calendar c, was = *ret;

	if (hours_json.n > KEPT_MAX || !find_kept(hours_json, &c)) {
		enum rc rc = parse_hours(out, hours_json, ret, err);

		if (rc == RC_OK && hours_json.n <= KEPT_MAX)
			keep(hours_json);
		return rc;
	}
	*ret = c;
	ret->id = was.id;
	if (str_null(ret->name))
		ret->name = was.name;
	if (str_null(ret->zone))
		ret->zone = was.zone;
	return RC_OK;
}

enum rc calendar_with_holidays(struct arena *out, struct str hours_json, struct str holidays_json, struct str *ret,
                               struct err *err)
{
	json_t *root = json_loadb(hours_json.p ? hours_json.p : "", hours_json.n, 0, NULL);
	json_t *more = json_loadb(holidays_json.p ? holidays_json.p : "", holidays_json.n, 0, NULL);
	json_t *list = json_object_get(root, "holidays");
	size_t i;
	json_t *o;

	if (!json_is_object(root) || !json_is_array(more)) {
		json_decref(root);
		json_decref(more);
		return fail_field(err, RC_INVALID, "holidays",
		                  "The holidays could not be added: the hours are no JSON object.");
	}
	if (!json_is_array(list)) {
		list = json_array();
		json_object_set_new(root, "holidays", list);
	}
	/* Imported twice is imported once. */
	json_array_foreach(more, i, o)
	{
		size_t k;
		json_t *have;
		bool there = false;

		json_array_foreach(list, k, have) there = there || json_equal(have, o);
		if (!there)
			json_array_append(list, o);
	}
	char *text = json_dumps(root, JSON_COMPACT);

	*ret = arena_str(out, str_of(text));
	free(text);
	json_decref(root);
	json_decref(more);
	return RC_OK;
}

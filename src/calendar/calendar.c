/* calendar: working hours read from JSON, and whether it is open. Rows are calendar_store.c's.
 *
 * Hours are wall-clock hours of the calendar's zone, so a day of 23 or 25 hours needs no rule of its own: an interval
 * that starts in the skipped hour opens when that hour is over, one in the repeated hour is open both times. */
#include "calendar/calendar.h"
#include <jansson.h>

#define HOURS_MAX  8192
#define DAY_MIN    1440
#define LOOK_AHEAD 14 /* days */

static const char *const day_name[7] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

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
	struct calendar_hours all[5];
	size_t n = 0, kept = 0, at = 0;

	if (from == to)
		return RC_OK;
	while (n < 4 && day[n].to)
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
	if (++kept > 4)
		return fail_field(err, RC_INVALID, "hours", "A day has at most four intervals; \"%s\" has more.", name);
	memset(day, 0, 4 * sizeof(*day));
	memcpy(day, all, kept * sizeof(*all));
	return RC_OK;
}

static enum rc parse_day(const json_t *list, int weekday, struct calendar *ret, struct err *err)
{
	size_t i;
	json_t *pair;

	if (!json_is_array(list))
		return fail_field(err, RC_INVALID, "hours",
		                  "\"%s\" is not a list of intervals like [\"08:00\",\"18:00\"].", day_name[weekday]);
	json_array_foreach(list, i, pair)
	{
		const char *a = json_string_value(json_array_get(pair, 0)),
		           *b = json_string_value(json_array_get(pair, 1));
		int16_t from, to;

		if (json_array_size(pair) != 2 || !a || !b || parse_minute(a, &from) != RC_OK ||
		    parse_minute(b, &to) != RC_OK || from == DAY_MIN || (from == to && from != 0))
			return fail_field(
			        err, RC_INVALID, "hours",
			        "Interval %zu of \"%s\" is not two different times like [\"08:00\",\"18:00\"].", i + 1,
			        day_name[weekday]);
		bool over = to <= from; /* over midnight: the rest belongs to the next day */
		enum rc rc = add_hours(ret->day[weekday], from, over ? DAY_MIN : to, day_name[weekday], err);

		if (rc == RC_OK && over)
			rc = add_hours(ret->day[(weekday + 1) % 7], 0, to, day_name[(weekday + 1) % 7], err);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc parse_object(json_t *root, struct calendar *ret, struct err *err)
{
	const char *key;
	json_t *value;

	if (!json_is_object(root))
		return fail_field(err, RC_INVALID, "hours",
		                  "Working hours are a JSON object like {\"mon\":[[\"08:00\",\"18:00\"]]}.");
	json_object_foreach(root, key, value)
	{
		int weekday = 0;

		if (strcmp(key, "always") == 0) {
			if (!json_is_boolean(value))
				return fail_field(err, RC_INVALID, "hours", "\"always\" is true or false.");
			ret->always = json_is_true(value);
			continue;
		}
		while (weekday < 7 && strcmp(key, day_name[weekday]) != 0)
			weekday++;
		if (weekday == 7)
			return fail_field(
			        err, RC_INVALID, "hours",
			        "\"%.20s\" is no day of the week. The names are mon, tue, wed, thu, fri, sat, sun.",
			        key);
		enum rc rc = parse_day(value, weekday, ret, err);

		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

enum rc calendar_parse(struct arena *out, struct str hours_json, struct calendar *ret, struct err *err)
{
	json_error_t why;
	json_t *root;
	enum rc rc;

	ret->always = false;
	memset(ret->day, 0, sizeof(ret->day));
	if (hours_json.n > HOURS_MAX)
		return fail_field(err, RC_LIMIT, "hours", "Working hours have at most %d characters.", HOURS_MAX);
	root = json_loadb(hours_json.p ? hours_json.p : "", hours_json.n, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return fail_field(err, RC_INVALID, "hours", "The working hours are not JSON (line %d: %.120s).",
		                  why.line, why.text);
	rc = parse_object(root, ret, err);
	json_decref(root);
	return rc;
}

static bool open_on(const struct calendar *c, int weekday, int minute)
{
	for (size_t i = 0; i < 4 && c->day[weekday][i].to; i++) {
		if (minute >= c->day[weekday][i].from && minute < c->day[weekday][i].to)
			return true;
	}
	return false;
}

static struct civil local(const struct calendar *c, struct instant t)
{
	char zone[64] = "UTC";

	if (c->zone.n > 0 && c->zone.n < sizeof(zone)) {
		memcpy(zone, c->zone.p, c->zone.n);
		zone[c->zone.n] = '\0';
	}
	return time_civil_in(t, zone);
}

bool calendar_open_at(const struct calendar *c, struct instant t)
{
	if (c->always)
		return true;
	struct civil at = local(c, t);

	return open_on(c, at.weekday, at.hour * 60 + at.minute);
}

/* Minutes of local time since 1970, to compare wall clocks. */
static int64_t wall_minutes(const struct calendar *c, struct instant t)
{
	struct civil at = local(c, t);

	at.second = 0;
	return time_from_civil(&at).us / MINUTE_US;
}

/* The first minute not before `floor` whose wall clock shows `want`; where it shows no such minute, the first open one
 * around. Not set: neither. */
static struct instant at_wall(const struct calendar *c, struct instant floor, int64_t want)
{
	struct instant t = time_add(floor, (want - wall_minutes(c, floor)) * MINUTE_US);

	for (int i = 0; i < 2; i++)
		t = time_add(t, (want - wall_minutes(c, t)) * MINUTE_US);
	if (wall_minutes(c, t) == want) {
		for (int i = -1; i <= 1; i++) { /* the hour may be repeated: then before or behind t */
			struct instant same = time_add(t, i * HOUR_US);

			if (!time_before(same, floor) && wall_minutes(c, same) == want)
				return same;
		}
		return (struct instant){ 0 };
	}
	for (int i = -180; i <= 180; i++) {
		struct instant near = time_add(t, i * MINUTE_US);

		if (!time_before(near, floor) && calendar_open_at(c, near))
			return near;
	}
	return (struct instant){ 0 };
}

struct instant calendar_next_open(const struct calendar *c, struct instant t)
{
	if (calendar_open_at(c, t))
		return t;
	struct instant floor = { t.us - t.us % MINUTE_US };
	struct civil today = local(c, t);
	int64_t midnight = wall_minutes(c, t) - today.hour * 60 - today.minute;

	floor = time_before(floor, t) ? time_add(floor, MINUTE_US) : floor;
	for (int d = 0; d <= LOOK_AHEAD; d++) {
		const struct calendar_hours *day = c->day[(today.weekday + d) % 7];

		for (size_t i = 0; i < 4 && day[i].to; i++) {
			struct instant opens = at_wall(c, floor, midnight + (int64_t)d * DAY_MIN + day[i].from);

			if (time_is_set(opens))
				return opens;
		}
	}
	return (struct instant){ 0 };
}

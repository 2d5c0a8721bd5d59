/* calendar: iCalendar (RFC 5545) through libical: all-day events become holidays, recurrence rules become dates. Rules
 * that say "every year on this date" become such entries of ours, so that they have no end. */
#include "calendar/calendar.h"
#include "util/json.h"
#include <libical/ical.h>

#define ICS_MAX     (2 << 20)
#define EVENTS_MAX  5000
#define EXCEPT_MAX  500
#define OCCURRENCES 5000
#define LAST_YEAR   2100

static int32_t day_of(struct icaltimetype t)
{
	struct civil c = { .year = t.year, .month = t.month, .day = t.day };

	return (int32_t)(time_from_civil(&c).us / DAY_US);
}

static struct str date_text(struct arena *a, int32_t day)
{
	struct civil c = time_civil((struct instant){ day * DAY_US });

	return arena_strf(a, "%04d-%02d-%02d", c.year, c.month, c.day);
}

enum rc calendar_rrule(struct str rule, int32_t start, void (*each)(void *arg, int32_t date), void *arg,
                       struct err *err)
{
	char text[1024];
	struct civil c = time_civil((struct instant){ start * DAY_US });
	struct icaltimetype t = { .is_date = 1 }, at; /* icaltime_null_date() has hour -1, which breaks daily rules */
	int n = 0;

	if (rule.n >= sizeof(text) || str_has_control(rule))
		return fail_field(err, RC_INVALID, "rrule", "This is no recurrence rule of RFC 5545.");
	memcpy(text, rule.p, rule.n);
	text[rule.n] = 0;
	struct icalrecurrencetype r = icalrecurrencetype_from_string(text);

	if (r.freq == ICAL_NO_RECURRENCE)
		return fail_field(err, RC_INVALID, "rrule", "This is no recurrence rule of RFC 5545.");
	t.year = c.year;
	t.month = c.month;
	t.day = c.day;
	icalrecur_iterator *i = icalrecur_iterator_new(r, t);

	if (!i)
		return fail_field(err, RC_INVALID, "rrule", "This is no recurrence rule of RFC 5545.");
	int32_t last = INT32_MIN;
	while (n++ < OCCURRENCES && !icaltime_is_null_time(at = icalrecur_iterator_next(i)) && at.year <= LAST_YEAR) {
		if (day_of(at) != last)
			each(arg, day_of(at));
		last = day_of(at);
	}
	icalrecur_iterator_free(i);
	return RC_OK;
}

struct importing {
	struct arena *out;
	struct json *json;
	icalcomponent *root;
	size_t n, skipped;
	struct err *err;
};

/* A midnight-to-midnight event with times is as good as an all-day one. */
static bool whole_days(icalcomponent *e, int32_t *from, int *days)
{
	struct icaltimetype a = icalcomponent_get_dtstart(e), b = icalcomponent_get_dtend(e);

	if (icaltime_is_null_time(a) || !icaltime_is_valid_time(a))
		return false;
	bool dates = a.is_date;

	if (!dates && (a.hour || a.minute || a.second))
		return false;
	*from = day_of(a);
	*days = 1;
	if (icaltime_is_null_time(b) || (dates && !b.is_date))
		return dates;
	if (!dates && (b.hour || b.minute || b.second))
		return false;
	*days = day_of(b) - *from;
	if (dates && *days < 1) /* DTEND equal to DTSTART is written by some programs for one day */
		*days = 1;
	return *days >= 1 && *days <= 3660;
}

/* Dates on which a recurring event does not take place: EXDATE, and occurrences that were moved. */
static size_t exceptions_of(struct importing *im, icalcomponent *e, int32_t *ret)
{
	const char *uid = icalcomponent_get_uid(e);
	size_t n = 0;

	for (icalproperty *p = icalcomponent_get_first_property(e, ICAL_EXDATE_PROPERTY); p && n < EXCEPT_MAX;
	     p = icalcomponent_get_next_property(e, ICAL_EXDATE_PROPERTY))
		ret[n++] = day_of(icalproperty_get_exdate(p));
	if (!uid)
		return n;
	icalcompiter it = icalcomponent_begin_component(im->root, ICAL_VEVENT_COMPONENT);

	for (icalcomponent *o; (o = icalcompiter_deref(&it)) && n < EXCEPT_MAX; icalcompiter_next(&it)) {
		const char *other = icalcomponent_get_uid(o);
		icalproperty *p = icalcomponent_get_first_property(o, ICAL_RECURRENCEID_PROPERTY);

		if (o != e && p && other && strcmp(other, uid) == 0)
			ret[n++] = day_of(icalproperty_get_recurrenceid(p));
	}
	return n;
}

/* FREQ=YEARLY alone, or with the month and day the event begins on. */
static bool is_plain_yearly(const struct icalrecurrencetype *r, const struct civil *start, struct arena *a)
{
	char *text = icalrecurrencetype_as_string_r((struct icalrecurrencetype *)(uintptr_t)r);
	struct str s = arena_str(a, str_of(text)), part;
	bool plain = true;

	icalmemory_free_buffer(text);
	while (str_cut(&s, ';', &part)) {
		bool same = str_is(part, "FREQ=YEARLY") || str_is(part, "INTERVAL=1") ||
		            str_starts(part, STR("WKST=")) || str_eq(part, arena_strf(a, "BYMONTH=%d", start->month)) ||
		            str_eq(part, arena_strf(a, "BYMONTHDAY=%d", start->day));
		plain = plain && same;
	}
	return plain;
}

static void put_dates(struct importing *im, int32_t from, int days, struct str name)
{
	json_obj(im->json);
	if (days == 1) {
		json_kstr(im->json, "date", date_text(im->out, from));
	} else {
		json_kstr(im->json, "from", date_text(im->out, from));
		json_kstr(im->json, "to", date_text(im->out, from + days - 1));
	}
	if (name.n)
		json_kstr(im->json, "name", name);
	json_end_obj(im->json);
	im->n++;
}

static void put_rule(struct importing *im, icalcomponent *e, icalproperty *p, int32_t from, int days, struct str name)
{
	struct icalrecurrencetype r = icalproperty_get_rrule(p);
	struct civil start = time_civil((struct instant){ from * DAY_US });
	int32_t not [EXCEPT_MAX];
	size_t n = exceptions_of(im, e, not );

	json_obj(im->json);
	if (n == 0 && days == 1 && is_plain_yearly(&r, &start, im->out)) {
		json_kstr(im->json, "yearly", arena_strf(im->out, "%02d-%02d", start.month, start.day));
		json_ki64(im->json, "since", start.year < 1900 ? 1900 : start.year);
	} else {
		char *text = icalrecurrencetype_as_string_r(&r);

		json_kstr(im->json, "rrule", str_of(text));
		icalmemory_free_buffer(text);
		json_kstr(im->json, "start", date_text(im->out, from));
		if (days > 1)
			json_ki64(im->json, "days", days);
		json_key(im->json, "except");
		json_arr(im->json);
		for (size_t i = 0; i < n; i++)
			json_str(im->json, date_text(im->out, not [i]));
		json_end_arr(im->json);
	}
	if (name.n)
		json_kstr(im->json, "name", name);
	json_end_obj(im->json);
	im->n++;
}

static void import_event(struct importing *im, icalcomponent *e)
{
	struct str name = str_utf8_clip(str_trim(arena_str(im->out, str_of(icalcomponent_get_summary(e)))), 190);
	icalproperty *rule = icalcomponent_get_first_property(e, ICAL_RRULE_PROPERTY);
	int32_t from;
	int days;

	if (icalcomponent_get_status(e) == ICAL_STATUS_CANCELLED)
		return;
	if (!whole_days(e, &from, &days)) {
		im->skipped++;
		return;
	}
	if (rule)
		put_rule(im, e, rule, from, days, name);
	else
		put_dates(im, from, days, name);
	for (icalproperty *p = icalcomponent_get_first_property(e, ICAL_RDATE_PROPERTY); p;
	     p = icalcomponent_get_next_property(e, ICAL_RDATE_PROPERTY)) {
		struct icaldatetimeperiodtype at = icalproperty_get_rdate(p);

		put_dates(im, day_of(icaltime_is_null_time(at.time) ? at.period.start : at.time), days, name);
	}
}

static struct str zone_of(struct arena *out, icalcomponent *root)
{
	for (icalproperty *p = icalcomponent_get_first_property(root, ICAL_X_PROPERTY); p;
	     p = icalcomponent_get_next_property(root, ICAL_X_PROPERTY)) {
		const char *name = icalproperty_get_x_name(p);

		if (name && strcmp(name, "X-WR-TIMEZONE") == 0)
			return arena_str(out, str_trim(str_of(icalproperty_get_x(p))));
	}
	return STR_NULL;
}

enum rc calendar_ical(struct arena *out, struct str ics, struct str *ret_json, struct str *ret_zone, size_t *ret_n,
                      size_t *ret_skipped, struct err *err)
{
	struct json json;
	AUTO_BUF b;

	buf_init(&b, CALENDAR_JSON_MAX);
	if (ics.n > ICS_MAX)
		return fail_field(err, RC_LIMIT, "ics", "The iCalendar file is too long: at most 2 MiB.");
	if (str_find_nocase(ics, STR("BEGIN:VCALENDAR")) == STR_NONE)
		return fail_field(err, RC_INVALID, "ics", "This is no iCalendar file: it has no BEGIN:VCALENDAR.");
	icalcomponent *root = icalparser_parse_string(str_z(out, ics));

	if (!root || icalcomponent_isa(root) != ICAL_VCALENDAR_COMPONENT) {
		if (root)
			icalcomponent_free(root);
		return fail_field(err, RC_INVALID, "ics", "This is no iCalendar file that can be read.");
	}
	json_init(&json, &b);
	struct importing im = { .out = out, .json = &json, .root = root, .err = err };
	size_t seen = 0;

	json_arr(&json);
	icalcompiter it = icalcomponent_begin_component(root, ICAL_VEVENT_COMPONENT);
	for (icalcomponent *e; (e = icalcompiter_deref(&it)) && seen++ < EVENTS_MAX; icalcompiter_next(&it))
		import_event(&im, e);
	json_end_arr(&json);
	*ret_zone = zone_of(out, root);
	*ret_json = arena_str(out, buf_str(&b));
	*ret_n = im.n;
	*ret_skipped = im.skipped;
	icalcomponent_free(root);
	if (b.full || seen > EVENTS_MAX)
		return fail_field(err, RC_LIMIT, "ics", "The file has too many events for a calendar of holidays.");
	return RC_OK;
}

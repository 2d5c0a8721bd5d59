/* calendar: working time as data, and the arithmetic with it: pure functions of a calendar and instants.
 *
 * A moment is open when the wall clock of the calendar's zone shows a minute inside the hours of its local day. From
 * this one sentence follows everything about changes of the clock: a skipped hour is not counted, a repeated one counts
 * twice, a skipped day does not exist. A holiday closes its local day from midnight to midnight; an exception gives the
 * day other hours. docs/CLOCKS.md has the format and a drawing. */
#pragma once
#include "db/db.h"

#define CALENDAR_INTERVALS 8 /* of a day, those that run over from the day before included */
#define CALENDAR_JSON_MAX  (256 << 10)

struct calendar_hours {
	int16_t from, to;
}; /* minutes of the local day, half-open */
enum calendar_move { MOVE_NOT, MOVE_MONDAY, MOVE_WEEKEND_MONDAY, MOVE_NEAREST }; /* a yearly day that falls on ... */
/* A special day, or a rule that makes one every year. */
struct calendar_special {
	enum calendar_when { WHEN_DATE, WHEN_YEARLY, WHEN_WEEKDAY, WHEN_EASTER } when;
	int32_t date;                    /* WHEN_DATE: days since 1970-01-01 */
	int8_t month, day, weekday, nth; /* nth -1: the last */
	int16_t easter;                  /* days from Easter Sunday */
	int16_t since, until;            /* years; 0 = ever */
	enum calendar_move move;
	bool open; /* an exception with hours of its own; false: closed */
	struct calendar_hours hours[CALENDAR_INTERVALS];
	int16_t tail; /* its hours over midnight: this many minutes of the day after */
	struct str name;
};
struct calendar {
	struct calendar_id id;
	struct str name, zone;
	bool always;                                      /* 24x7 */
	struct calendar_hours day[7][CALENDAR_INTERVALS]; /* [weekday, 0 = Sunday][interval]; to == 0 ends the list */
	const struct calendar_special *date;              /* by date, exceptions before holidays */
	const struct calendar_special *rule;
	size_t n_dates, n_rules;
};
/* JSON: days of the week, "always", "holidays", "exceptions"; also "name" and "zone". */
MUST_USE enum rc calendar_parse(struct arena *out, struct str hours_json, struct calendar *ret, struct err *err);
/* All-day events of an iCalendar text (RFC 5545), recurrences included, as a JSON array for "holidays". `*zone` is its
 * X-WR-TIMEZONE or STR_NULL; `*skipped` counts events that are no whole days and closed nothing. */
MUST_USE enum rc calendar_ical(struct arena *out, struct str ics, struct str *ret_json, struct str *ret_zone,
                               size_t *ret_n, size_t *ret_skipped, struct err *err);
/* The hours with these holidays (a JSON array) added; `replace`: instead of those that came from a file before. */
MUST_USE enum rc calendar_with_holidays(struct arena *out, struct str hours_json, struct str holidays_json,
                                        struct str *ret, struct err *err);
/* Days since 1970-01-01 of each occurrence from `start` on (private to this room, here for its two files). */
MUST_USE enum rc calendar_rrule(struct str rule, int32_t start, void (*each)(void *arg, int32_t date), void *arg,
                                struct err *err);

/* ---- arithmetic ---- */
/* The first moment by which `us` open microseconds have passed since `from`. RC_LIMIT: not within a hundred years. */
MUST_USE enum rc calendar_add(const struct calendar *c, struct instant from, int64_t us, struct instant *ret,
                              struct err *err);
/* Open microseconds in [from, to); negative when `to` lies before. */
int64_t calendar_between(const struct calendar *c, struct instant from, struct instant to);
enum calendar_why { CAL_HOURS, CAL_OUTSIDE, CAL_DAY_OFF, CAL_HOLIDAY, CAL_EXCEPTION };
const char *calendar_why_name(enum calendar_why w); /* "hours", "outside-hours", "day-off", "holiday", "exception" */
struct calendar_span {
	struct instant from, to;
	bool counted;
	enum calendar_why why;
	struct str name; /* of the holiday or exception */
};
#define CALENDAR_SPANS_MAX 200000
/* All of [from, to), without gaps, each span counted or not and why. */
MUST_USE enum rc calendar_explain(const struct calendar *c, struct arena *out, struct instant from, struct instant to,
                                  struct calendar_span **ret, size_t *ret_n, struct err *err);
bool calendar_open_at(const struct calendar *c, struct instant t);
/* The next moment it opens at or after t (t itself when open). Looks a little over a year ahead; not set: never opens.
 */
struct instant calendar_next_open(const struct calendar *c, struct instant t);
const struct zone *calendar_zone(const struct calendar *c); /* NULL: UTC */

/* ---- rows ---- */
struct actor;
struct calendar_revision { /* what a calendar said at a time; never changed, so that an old promise can be computed
	                      again */
	int64_t id;
	struct calendar_id calendar;
	struct instant at;
	struct calendar rules;
};
MUST_USE enum rc calendar_find(struct db_tx *tx, struct arena *out, struct calendar_id id, struct calendar *ret,
                               struct err *err);
MUST_USE enum rc calendar_json(struct db_tx *tx, struct arena *out, struct calendar_id id, struct str *ret,
                               struct err *err);
MUST_USE enum rc calendar_create(struct db_tx *tx, struct str name, struct str zone, struct str hours_json,
                                 struct calendar_id *ret, struct err *err);
MUST_USE enum rc calendar_change(struct db_tx *tx, const struct actor *who, struct instant now, struct calendar_id id,
                                 struct str name, struct str zone, struct str hours_json, struct err *err);
MUST_USE enum rc calendar_list(struct db_tx *tx, struct arena *out, struct calendar **ret, size_t *ret_n,
                               struct err *err);
MUST_USE enum rc calendar_revision_now(struct db_tx *tx, struct calendar_id id, int64_t *ret, struct err *err);
MUST_USE enum rc calendar_revision_find(struct db_tx *tx, struct arena *out, int64_t revision,
                                        struct calendar_revision *ret, struct err *err);

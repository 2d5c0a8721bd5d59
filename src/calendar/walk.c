/* calendar: walking along time. A piece is a local day, or the part of it that lies within one offset of the zone;
 * within a piece wall clock and time run alike, so its intervals are cut out by subtraction. A repeated hour gives the
 * same day two pieces, a skipped hour or day leaves something out: no change of the clock needs a rule of its own. */
#include "calendar/calendar.h"
#include <stdlib.h>

#define DAY_MIN    1440
#define YEAR_MAX   1600 /* special days of a year: each date once as exception and holiday, and what rules make */
#define AHEAD      (INT64_C(36525) * DAY_US)
#define NEXT_AHEAD (INT64_C(400) * DAY_US)

struct dated {
	int32_t date, rank; /* exceptions before holidays, dates before rules */
	const struct calendar_special *what;
};
struct walk {
	const struct calendar *c;
	const struct zone *zone;
	struct zone_span span;
	/* special days of the year that `first` begins, sorted; the day before it is among them */
	int32_t first, last;
	size_t n, at;
	struct dated special[YEAR_MAX];
	/* the piece */
	struct instant from, to, midnight;
	int32_t day;
	struct calendar_hours hours[CALENDAR_INTERVALS + 1];
	enum calendar_why why; /* of what is not open */
	const struct calendar_special *what;
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

const struct zone *calendar_zone(const struct calendar *c)
{
	char name[64];

	if (c->zone.n == 0 || c->zone.n >= sizeof(name) || str_is(c->zone, "UTC"))
		return NULL;
	memcpy(name, c->zone.p, c->zone.n);
	name[c->zone.n] = 0;
	return time_zone(name);
}

/* ---- special days ---- */

static int32_t date_of(int year, int month, int day)
{
	struct civil c = { .year = year, .month = month, .day = day };

	return (int32_t)(time_from_civil(&c).us / DAY_US);
}

static int year_of(int32_t date)
{
	return time_civil((struct instant){ date * DAY_US }).year;
}

static int weekday_of(int32_t date)
{
	return (int)((date % 7 + 11) % 7); /* 1970-01-01 was a Thursday */
}

/* Gregorian Easter (the anonymous algorithm, Meeus 1991). */
static int32_t easter(int y)
{
	int a = y % 19, b = y / 100, c = y % 100, d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
	int h = (19 * a + b - d - g + 15) % 30, i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
	int m = (a + 11 * h + 22 * l) / 451;

	return date_of(y, (h + l - 7 * m + 114) / 31, (h + l - 7 * m + 114) % 31 + 1);
}

static int month_days(int year, int month)
{
	return month == 12 ? 31 : date_of(year, month + 1, 1) - date_of(year, month, 1);
}

static bool rule_day(const struct calendar_special *r, int year, int32_t *ret)
{
	if ((r->since && year < r->since) || (r->until && year > r->until))
		return false;
	if (r->when == WHEN_EASTER) {
		*ret = easter(year) + r->easter;
	} else if (r->when == WHEN_YEARLY) {
		if (r->day > month_days(year, r->month))
			return false; /* the 29th of February */
		*ret = date_of(year, r->month, r->day);
	} else {
		int32_t first = date_of(year, r->month, 1), n = month_days(year, r->month);
		int32_t d = first + (r->weekday - weekday_of(first) + 7) % 7;

		d = r->nth < 0 ? d + (n - 1 - (d - first)) / 7 * 7 : d + (r->nth - 1) * 7;
		if (d >= first + n)
			return false;
		*ret = d;
	}
	int w = weekday_of(*ret);
	if (r->move == MOVE_MONDAY)
		*ret += (8 - w) % 7;
	else if (r->move == MOVE_WEEKEND_MONDAY)
		*ret += w == 6 ? 2 : w == 0;
	else if (r->move == MOVE_NEAREST)
		*ret += w == 6 ? -1 : w == 0;
	return true;
}

static int by_date(const void *a, const void *b)
{
	const struct dated *x = a, *y = b;

	return x->date != y->date ? (x->date > y->date) - (x->date < y->date) : x->rank - y->rank;
}

static void add_special(struct walk *w, int32_t date, int rank, const struct calendar_special *what)
{
	if (w->n < YEAR_MAX && date >= w->first - 1 && date <= w->last)
		w->special[w->n++] = (struct dated){ date, rank, what };
}

/* Whether a year's day of this rule may lie in the year after (edge 12) or before (edge 1): days are moved by a week at
 * most, and Easter lies between the 22nd of March and the 25th of April. */
static bool crosses(const struct calendar_special *r, int edge)
{
	if (r->when == WHEN_EASTER)
		return r->easter < -70 || r->easter > 240;
	return r->month == edge;
}

static void load_year(struct walk *w, int32_t day)
{
	const struct calendar *c = w->c;
	int year = year_of(day);
	size_t lo = 0, hi = c->n_dates, kept = 0;

	w->first = date_of(year, 1, 1);
	w->last = date_of(year, 12, 31);
	w->n = w->at = 0;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (c->date[mid].date < w->first - 1)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < c->n_dates && c->date[lo].date <= w->last; lo++)
		add_special(w, c->date[lo].date, c->date[lo].open ? 0 : 2, &c->date[lo]);
	for (size_t i = 0; i < c->n_rules; i++) {
		for (int y = year - crosses(&c->rule[i], 12); y <= year + crosses(&c->rule[i], 1); y++) {
			int32_t date;

			if (rule_day(&c->rule[i], y, &date))
				add_special(w, date, c->rule[i].open ? 1 : 3, &c->rule[i]);
		}
	}
	qsort(w->special, w->n, sizeof(*w->special), by_date);
	for (size_t i = 0; i < w->n; i++)
		if (kept == 0 || w->special[kept - 1].date != w->special[i].date)
			w->special[kept++] = w->special[i];
	w->n = kept;
}

static const struct calendar_special *special_on(struct walk *w, int32_t day)
{
	while (w->at > 0 && w->special[w->at - 1].date >= day)
		w->at--;
	while (w->at < w->n && w->special[w->at].date < day)
		w->at++;
	return w->at < w->n && w->special[w->at].date == day ? w->special[w->at].what : NULL;
}

/* ---- the hours of a day ---- */

static void add_tail(struct calendar_hours *h, int16_t to)
{
	size_t gone = 0, n = 0;

	while (n < CALENDAR_INTERVALS && h[n].to)
		n++;
	while (gone < n && h[gone].from <= to) {
		to = h[gone].to > to ? h[gone].to : to;
		gone++;
	}
	memmove(&h[1], &h[gone], (n - gone) * sizeof(*h));
	h[0] = (struct calendar_hours){ 0, to };
	h[1 + n - gone].to = 0;
}

static void hours_of(struct walk *w)
{
	const struct calendar *c = w->c;
	const struct calendar_special *before = NULL;

	w->what = NULL;
	if (c->n_dates + c->n_rules) {
		if (w->day < w->first || w->day > w->last)
			load_year(w, w->day);
		before = special_on(w, w->day - 1);
		w->what = special_on(w, w->day);
	}
	if (w->what && w->what->open) {
		memcpy(w->hours, w->what->hours, sizeof(w->what->hours));
		w->why = CAL_EXCEPTION;
	} else if (w->what) {
		w->hours[0].to = 0;
		w->why = CAL_HOLIDAY;
	} else if (c->always) {
		w->hours[0] = (struct calendar_hours){ 0, DAY_MIN };
		w->hours[1].to = 0;
		w->why = CAL_OUTSIDE;
	} else {
		memcpy(w->hours, c->day[weekday_of(w->day)], sizeof(c->day[0]));
		w->why = w->hours[0].to ? CAL_OUTSIDE : CAL_DAY_OFF;
	}
	w->hours[CALENDAR_INTERVALS].to = 0;
	if (before && before->open && before->tail)
		add_tail(w->hours, before->tail);
}

/* ---- pieces ---- */

static void piece_at(struct walk *w, struct instant t)
{
	int64_t s = floor_div(t.us, SECOND_US);

	if (s < w->span.from || s >= w->span.to)
		w->span = time_zone_span(w->zone, s);
	int64_t offset = w->span.offset * SECOND_US;
	int32_t day = (int32_t)floor_div(t.us + offset, DAY_US);
	int64_t end = w->span.to * SECOND_US;

	w->midnight.us = day * DAY_US - offset;
	w->from = t;
	w->to.us = w->midnight.us + DAY_US < end ? w->midnight.us + DAY_US : end;
	if (day != w->day) {
		w->day = day;
		hours_of(w);
	}
}

/* Not the whole struct: its room for special days is filled only when there are any. */
static void walk_begin(struct walk *w, const struct calendar *c, struct instant t)
{
	w->c = c;
	w->zone = calendar_zone(c);
	w->span = (struct zone_span){ 0, 0, 0 };
	w->first = 0;
	w->last = -1;
	w->n = w->at = 0;
	w->day = INT32_MIN;
	piece_at(w, t);
}

/* Interval i of the piece, cut to it; false: there are no more. An empty one is possible. */
static bool open_span(const struct walk *w, size_t i, struct instant *from, struct instant *to)
{
	const struct calendar_hours *h = &w->hours[i];

	if (!h->to)
		return false;
	from->us = w->midnight.us + h->from * MINUTE_US;
	to->us = w->midnight.us + h->to * MINUTE_US;
	if (from->us < w->from.us)
		from->us = w->from.us;
	if (to->us > w->to.us)
		to->us = w->to.us;
	if (to->us < from->us)
		*to = *from;
	return true;
}

static bool plain_always(const struct calendar *c)
{
	return c->always && c->n_dates + c->n_rules == 0;
}

enum rc calendar_add(const struct calendar *c, struct instant from, int64_t us, struct instant *ret, struct err *err)
{
	struct walk w;
	struct instant a, b;
	int64_t left = us;

	*ret = from;
	if (us < 0)
		return fail_field(err, RC_INVALID, "minutes", "Working time can only be added, not taken away.");
	if (us > AHEAD)
		return fail_field(err, RC_LIMIT, "minutes", "At most a hundred years of working time can be added.");
	if (us == 0)
		return RC_OK;
	if (plain_always(c)) {
		*ret = time_add(from, us);
		return RC_OK;
	}
	for (walk_begin(&w, c, from); w.from.us - from.us <= AHEAD; piece_at(&w, w.to)) {
		for (size_t i = 0; open_span(&w, i, &a, &b); i++) {
			if (left <= b.us - a.us) {
				*ret = time_add(a, left);
				return RC_OK;
			}
			left -= b.us - a.us;
		}
	}
	return fail_code(
	        err, RC_LIMIT, "never",
	        "The calendar does not have that much working time within a hundred years. Does it ever open?");
}

int64_t calendar_between(const struct calendar *c, struct instant from, struct instant to)
{
	struct walk w;
	struct instant a, b;
	int64_t sum = 0;

	if (to.us < from.us)
		return -calendar_between(c, to, from);
	if (plain_always(c) || to.us == from.us)
		return to.us - from.us;
	for (walk_begin(&w, c, from); w.from.us < to.us; piece_at(&w, w.to)) {
		if (w.to.us > to.us)
			w.to = to;
		for (size_t i = 0; open_span(&w, i, &a, &b); i++)
			sum += b.us - a.us;
	}
	return sum;
}

const char *calendar_why_name(enum calendar_why w)
{
	static const char *const name[] = { "hours", "outside-hours", "day-off", "holiday", "exception" };

	return name[w];
}

struct telling {
	struct arena *out;
	VEC(struct calendar_span) v;
};

/* Spans that touch and say the same are one: a night is not two halves. */
static void tell(struct telling *t, struct instant from, struct instant to, bool counted, const struct walk *w)
{
	enum calendar_why why = counted && !w->what ? CAL_HOURS : w->why;
	struct str name = w->what ? w->what->name : STR_NULL;
	struct calendar_span *last = t->v.n ? &t->v.at[t->v.n - 1] : NULL;

	/* Hours that run over from the day before into a holiday were meant: they are an exception's. */
	if (counted && why == CAL_HOLIDAY) {
		why = CAL_EXCEPTION;
		name = STR_NULL;
	}
	if (to.us <= from.us)
		return;
	if (last && last->counted == counted && last->why == why && str_eq(last->name, name)) {
		last->to = to;
		return;
	}
	*VEC_ADD(t->out, &t->v) = (struct calendar_span){ from, to, counted, why, name };
}

enum rc calendar_explain(const struct calendar *c, struct arena *out, struct instant from, struct instant to,
                         struct calendar_span **ret, size_t *ret_n, struct err *err)
{
	struct telling t = { .out = out };
	struct instant a, b;
	struct walk w;

	for (walk_begin(&w, c, from); w.from.us < to.us; piece_at(&w, w.to)) {
		struct instant at = w.from;

		if (w.to.us > to.us)
			w.to = to;
		for (size_t i = 0; open_span(&w, i, &a, &b); i++) {
			if (b.us <= a.us)
				continue;
			tell(&t, at, a, false, &w);
			tell(&t, a, b, true, &w);
			at = b;
		}
		tell(&t, at, w.to, false, &w);
		if (t.v.n > CALENDAR_SPANS_MAX)
			return fail(err, RC_LIMIT, "This is too long a time to show every interval of it.");
	}
	*ret = t.v.at;
	*ret_n = t.v.n;
	return RC_OK;
}

struct instant calendar_next_open(const struct calendar *c, struct instant t)
{
	struct walk w;
	struct instant a, b;

	if (plain_always(c))
		return t;
	for (walk_begin(&w, c, t); w.from.us - t.us <= NEXT_AHEAD; piece_at(&w, w.to))
		for (size_t i = 0; open_span(&w, i, &a, &b); i++)
			if (b.us > a.us)
				return a;
	return (struct instant){ 0 };
}

bool calendar_open_at(const struct calendar *c, struct instant t)
{
	struct walk w;
	struct instant a, b;

	walk_begin(&w, c, t);
	for (size_t i = 0; open_span(&w, i, &a, &b); i++)
		if (a.us <= t.us && t.us < b.us)
			return true;
	return false;
}

/* The arithmetic of working time: a table made by another program (tests/calendar_oracle.py), and laws that hold for
 * all calendars and moments. */
#include "calendar/calendar.h"
#include "test/test.h"
#include <stdio.h>
#include <stdlib.h>

static struct instant at(const char *iso)
{
	struct instant t = { 0 };

	if (time_parse_iso(str_of(iso), &t) != RC_OK)
		die("bad time in a test: %s", iso);
	return t;
}

static FILE *open_cases(void)
{
	static const char *const paths[] = { "src/calendar/cases.tsv", "../src/calendar/cases.tsv" };
	FILE *f = NULL;

	for (size_t i = 0; i < COUNT(paths) && !f; i++)
		f = fopen(paths[i], "r");
	return f;
}

#define CALENDARS 64
struct book {
	struct str key[CALENDARS];
	struct calendar c[CALENDARS];
	size_t n;
};

static const struct calendar *book_find(const struct book *b, struct str key)
{
	for (size_t i = 0; i < b->n; i++)
		if (str_eq(b->key[i], key))
			return &b->c[i];
	return NULL;
}

static void one_case(struct test *t, const struct book *b, struct str line)
{
	struct str op, key, from, arg, want;
	struct instant when;
	int64_t n = 0;

	str_cut(&line, '\t', &op);
	str_cut(&line, '\t', &key);
	str_cut(&line, '\t', &from);
	str_cut(&line, '\t', &arg);
	str_cut(&line, '\t', &want);
	const char *why = str_z(&t->arena, line);
	const struct calendar *c = book_find(b, key);

	if (!EXPECT("the calendar of the case is there", c != NULL))
		return;
	if (str_is(op, "add")) {
		EXPECT_RC(RC_OK, str_to_i64(arg, &n));
		EXPECT_RC(RC_OK, calendar_add(c, at(str_z(&t->arena, from)), n * MINUTE_US, &when, &t->err));
		EXPECT_STR(why, time_iso(&t->arena, when), str_z(&t->arena, want));
	} else {
		EXPECT_RC(RC_OK, str_to_i64(want, &n));
		int64_t us = calendar_between(c, at(str_z(&t->arena, from)), at(str_z(&t->arena, arg)));

		EXPECT_EQ(why, us, n * MINUTE_US);
	}
}

static int read_book(struct test *t, struct book *b, bool run)
{
	FILE *f = open_cases();
	static char line[8192];
	int cases = 0;

	if (!EXPECT("the table of cases is found", f != NULL))
		return 0;
	while (fgets(line, sizeof(line), f)) {
		struct str s = arena_str(&t->arena, str_trim(str_of(line))), zone;

		if (s.n == 0 || s.p[0] == '#')
			continue;
		if (s.p[0] == '@') {
			s = str_from(s, 1);
			str_cut(&s, '\t', &b->key[b->n]);
			str_cut(&s, '\t', &zone);
			b->c[b->n] = (struct calendar){ .zone = zone };
			EXPECT_RC(RC_OK, calendar_parse(&t->arena, s, &b->c[b->n++], &t->err));
		} else if (run) {
			one_case(t, b, s);
			cases++;
		}
	}
	fclose(f);
	return cases;
}

TEST(calendar_table)
{
	struct book b = { .n = 0 };

	EXPECT("there are at least 500 cases", read_book(t, &b, true) >= 500);
}

static uint64_t next_random(uint64_t *x) /* xorshift: the same numbers each time */
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

TEST(calendar_laws)
{
	struct book b = { .n = 0 };
	uint64_t x = 88172645463325252U;

	read_book(t, &b, false);
	for (size_t i = 0; i < b.n; i++) {
		const struct calendar *c = &b.c[i];

		for (int k = 0; k < 60; k++) {
			/* 2007 to 2049, to the microsecond; up to a few weeks */
			struct instant s = { (INT64_C(1167609600) + (int64_t)(next_random(&x) % 1340000000)) *
				                     SECOND_US +
				             (int64_t)(next_random(&x) % 1000000) };
			int64_t p = (int64_t)(next_random(&x) % (uint64_t)(20 * DAY_US)),
			        q = (int64_t)(next_random(&x) % (uint64_t)(3 * DAY_US));
			struct instant a, ab, once, later;

			EXPECT_RC(RC_OK, calendar_add(c, s, p, &a, &t->err));
			EXPECT_RC(RC_OK, calendar_add(c, a, q, &ab, &t->err));
			EXPECT_RC(RC_OK, calendar_add(c, s, p + q, &once, &t->err));
			EXPECT_EQ("adding in two steps is adding once", ab.us, once.us);
			EXPECT_EQ("the difference takes the addition back", calendar_between(c, s, a), p);
			EXPECT_EQ("differences add up", calendar_between(c, s, a) + calendar_between(c, a, ab),
			          calendar_between(c, s, ab));
			EXPECT_EQ("backwards is negative", calendar_between(c, ab, s), -calendar_between(c, s, ab));
			EXPECT_RC(RC_OK, calendar_add(c, time_add(s, q), p, &later, &t->err));
			EXPECT("who starts later is not ready earlier", later.us >= a.us);
			EXPECT("more takes longer", once.us >= a.us);
		}
	}
}

TEST(calendar_explains_every_moment)
{
	struct book b = { .n = 0 };

	read_book(t, &b, false);
	for (size_t i = 0; i < b.n; i++) {
		struct instant from = at("2026-03-20T10:11:12Z"), to = at("2026-12-31T01:02:03Z"), last = from;
		struct calendar_span *s;
		size_t n;
		int64_t sum = 0;

		EXPECT_RC(RC_OK, calendar_explain(&b.c[i], &t->arena, from, to, &s, &n, &t->err));
		for (size_t k = 0; k < n; k++) {
			EXPECT_EQ("no gap", s[k].from.us, last.us);
			EXPECT_EQ("what is called open is open", calendar_open_at(&b.c[i], s[k].from), s[k].counted);
			sum += s[k].counted ? s[k].to.us - s[k].from.us : 0;
			last = s[k].to;
		}
		EXPECT_EQ("up to the end", last.us, to.us);
		EXPECT_EQ("the counted minutes add up", sum, calendar_between(&b.c[i], from, to));
	}
}

TEST(calendar_names_the_reason)
{
	struct calendar c = { .zone = STR("UTC") };
	struct calendar_span *s;
	size_t n;

	EXPECT_RC(RC_OK, calendar_parse(&t->arena,
	                                STR("{\"mon\":[[\"08:00\",\"12:00\"]],\"tue\":[[\"08:00\",\"12:00\"]],\"wed\":["
	                                    "[\"08:00\",\"12:00\"]],"
	                                    "\"holidays\":[{\"date\":\"2026-11-24\",\"name\":\"Feast\"}],"
	                                    "\"exceptions\":[{\"date\":\"2026-11-25\",\"hours\":[[\"10:00\",\"11:00\"]]"
	                                    ",\"name\":\"short\"}]}"),
	                                &c, &t->err));
	EXPECT_RC(RC_OK, calendar_explain(&c, &t->arena, at("2026-11-23T09:00:00Z"), at("2026-11-26T09:00:00Z"), &s, &n,
	                                  &t->err));
	static const struct {
		enum calendar_why why;
		bool counted;
		const char *name;
	} want[] = {
		{CAL_HOURS,      true,  NULL   },
                { CAL_OUTSIDE,   false, NULL   },
                { CAL_HOLIDAY,   false, "Feast"},
		{ CAL_EXCEPTION, false, "short"},
                { CAL_EXCEPTION, true,  "short"},
                { CAL_EXCEPTION, false, "short"},
		{ CAL_DAY_OFF,   false, NULL   },
	};

	EXPECT_EQ("so many spans", n, COUNT(want));
	for (size_t i = 0; i < n && i < COUNT(want); i++) {
		EXPECT_EQ("the reason", s[i].why, want[i].why);
		EXPECT_EQ("counted or not", s[i].counted, want[i].counted);
		EXPECT_STR("by its name", s[i].name, want[i].name);
	}
}

TEST(calendar_that_never_opens)
{
	struct calendar c = { .zone = STR("UTC") };
	struct instant r;

	EXPECT_RC(RC_OK, calendar_parse(&t->arena, STR("{}"), &c, &t->err));
	EXPECT_RC(RC_LIMIT, calendar_add(&c, at("2026-11-23T09:00:00Z"), 1, &r, &t->err));
	EXPECT_STR("it says so", str_of(t->err.code), "never");
	EXPECT_RC(RC_OK, calendar_add(&c, at("2026-11-23T09:00:00Z"), 0, &r, &t->err));
	EXPECT_EQ("nothing takes no time", r.us, at("2026-11-23T09:00:00Z").us);
	EXPECT_RC(RC_INVALID, calendar_add(&c, r, -1, &r, &t->err));
}

#define EVENT(lines) "BEGIN:VEVENT\r\n" lines "END:VEVENT\r\n"
TEST(calendar_ical)
{
	static const char ics[] =
	        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//\r\nX-WR-TIMEZONE:Europe/Madrid\r\n" EVENT(
	                "UID:a@x.example\r\nDTSTART;VALUE=DATE:20201225\r\nDTEND;VALUE=DATE:20201226\r\nRRULE:FREQ="
	                "YEARLY\r\nSUMMARY:Christmas\r\n")
	                EVENT("UID:b@x.example\r\nDTSTART;VALUE=DATE:20201126\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY="
	                      "4TH\r\nEXDATE;VALUE=DATE:20251127\r\nSUMMARY:Thanks\\, again\r\n")
	                        EVENT("UID:c@x.example\r\nDTSTART;VALUE=DATE:20261228\r\nDTEND;VALUE=DATE:"
	                              "20261231\r\nSUMMARY:Closed\r\n")
	                                EVENT("UID:d@x.example\r\nDTSTART:20261110T090000Z\r\nDTEND:"
	                                      "20261110T100000Z\r\nSUMMARY:Meeting\r\n") EVENT(
	                                        "UID:e@x.example\r\nDTSTART;VALUE=DATE:20261111\r\nSTATUS:"
	                                        "CANCELLED\r\nSUMMARY:Not at all\r\n")
	                                        EVENT("UID:b@x.example\r\nRECURRENCE-ID;VALUE=DATE:20261126\r\nDTSTART;"
	                                              "VALUE=DATE:20261127\r\nSUMMARY:Moved\r\n") "END:VCALENDAR\r\n";
	static const struct {
		const char *why, *day;
		bool open;
	} row[] = {
		{"every year",                "2031-12-25", false},
		{ "not before it began",      "2019-12-25", true },
		{ "the fourth Thursday",      "2027-11-25", false},
		{ "another Thursday",         "2027-11-18", true },
		{ "excepted",                 "2025-11-27", true },
		{ "moved away",               "2026-11-26", true },
		{ "moved to",                 "2026-11-27", false},
		{ "the first of three days",  "2026-12-28", false},
		{ "the last of three",        "2026-12-30", false},
		{ "the end is not part",      "2026-12-31", true },
		{ "a meeting closes nothing", "2026-11-10", true },
		{ "nor what was cancelled",   "2026-11-11", true },
	};
	struct calendar c = { .zone = STR("UTC") };
	struct str json, zone, all;
	size_t n, skipped;

	EXPECT_RC(RC_OK, calendar_ical(&t->arena, str_of(ics), &json, &zone, &n, &skipped, &t->err));
	EXPECT_STR("the file's zone", zone, "Europe/Madrid");
	EXPECT_EQ("four are days", n, 4);
	EXPECT_EQ("one is none", skipped, 1);
	EXPECT_RC(RC_OK, calendar_with_holidays(&t->arena, STR("{\"always\":true}"), json, &all, &t->err));
	EXPECT_RC(RC_OK, calendar_parse(&t->arena, all, &c, &t->err));
	for (size_t i = 0; i < COUNT(row); i++)
		EXPECT_EQ(row[i].why, calendar_open_at(&c, time_add(at(row[i].day), 12 * HOUR_US)), row[i].open);
	size_t before = all.n;

	EXPECT_RC(RC_OK, calendar_with_holidays(&t->arena, all, json, &all, &t->err));
	EXPECT_EQ("imported twice is imported once", all.n, before);
	EXPECT_RC(RC_INVALID, calendar_ical(&t->arena, STR("hello"), &json, &zone, &n, &skipped, &t->err));
	EXPECT_RC(RC_INVALID,
	          calendar_parse(&t->arena, STR("{\"holidays\":[{\"rrule\":\"FREQ=NEVER\",\"start\":\"2026-01-01\"}]}"),
	                         &c, &t->err));
}

TEST(time_wall_clock)
{
	static const struct {
		const char *why, *zone, *wall, *want;
	} row[] = {
		{"an ordinary day",                         "America/Bogota",      "2026-11-23T08:00:00Z", "2026-11-23T08:00:00-05:00"},
		{ "a skipped minute is the end of the gap", "Europe/Madrid",       "2026-03-29T02:30:00Z",
                 "2026-03-29T03:00:00+02:00"		                                                                          },
		{ "a repeated minute is the first",         "Europe/Madrid",       "2026-10-25T02:30:00Z",
                 "2026-10-25T02:30:00+02:00"		                                                                          },
		{ "a skipped day",                          "Pacific/Apia",        "2011-12-30T12:00:00Z", "2011-12-31T00:00:00+14:00"},
		{ "far ahead, by the rule",                 "America/New_York",    "2090-07-01T12:00:00Z", "2090-07-01T12:00:00-04:00"},
		{ "half an hour",                           "Australia/Lord_Howe", "2026-07-01T12:00:00Z", "2026-07-01T12:00:00+10:30"},
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		struct civil c = time_civil(at(row[i].wall));
		const struct zone *z = time_zone(row[i].zone);

		EXPECT_STR(row[i].why, time_iso_in(&t->arena, time_from_civil_in(&c, z), z), row[i].want);
	}
	EXPECT("there is no such zone", time_zone("Mars/Olympus") == NULL && time_zone("../etc/passwd") == NULL);
}

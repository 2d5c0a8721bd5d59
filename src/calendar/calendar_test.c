#include "calendar/calendar.h"
#include "test/test.h"

static struct instant at(const char *iso)
{
	struct instant t = { 0 };

	if (time_parse_iso(str_of(iso), &t) != RC_OK)
		die("bad time in a test: %s", iso);
	return t;
}

#define OFFICE "{\"mon\":[[\"08:00\",\"12:00\"],[\"13:00\",\"18:00\"]],\"fri\":[[\"22:00\",\"06:00\"]]}"

TEST(calendar_open_at)
{
	static const struct {
		const char *why, *zone, *hours, *at;
		bool open;
	} row[] = {
		{"the first minute counts",         "UTC",            OFFICE,                              "2026-11-23T08:00:00Z", true },
		{ "the minute before does not",     "UTC",            OFFICE,                              "2026-11-23T07:59:59Z", false},
		{ "the last second counts",         "UTC",            OFFICE,                              "2026-11-23T11:59:59Z", true },
		{ "the end does not",               "UTC",            OFFICE,                              "2026-11-23T12:00:00Z", false},
		{ "the second interval",            "UTC",            OFFICE,                              "2026-11-23T17:00:00Z", true },
		{ "a day without hours",            "UTC",            OFFICE,                              "2026-11-24T09:00:00Z", false},
		{ "over midnight, before it",       "UTC",            OFFICE,                              "2026-11-27T23:30:00Z", true },
		{ "over midnight, after it",        "UTC",            OFFICE,                              "2026-11-28T05:59:00Z", true },
		{ "over midnight, over",            "UTC",            OFFICE,                              "2026-11-28T06:00:00Z", false},
		{ "in its own zone",                "America/Bogota", OFFICE,                              "2026-11-23T13:00:00Z", true },
		{ "not in another",                 "America/Bogota", OFFICE,                              "2026-11-23T08:00:00Z", false},
		{ "winter time",                    "Europe/Madrid",  OFFICE,                              "2026-01-12T07:00:00Z", true },
		{ "summer time",                    "Europe/Madrid",  OFFICE,                              "2026-07-13T06:00:00Z", true },
		{ "summer time is not winter time", "Europe/Madrid",  OFFICE,                              "2026-01-12T06:00:00Z", false},
		{ "always",                         "UTC",            "{\"always\":true}",                 "2026-11-22T03:00:00Z", true },
		{ "never",                          "UTC",            "{}",                                "2026-11-23T10:00:00Z", false},
		{ "until midnight",                 "UTC",            "{\"mon\":[[\"20:00\",\"24:00\"]]}", "2026-11-23T23:59:00Z", true },
		{ "until midnight written 00:00",   "UTC",            "{\"mon\":[[\"20:00\",\"00:00\"]]}", "2026-11-23T23:59:00Z",
                 true		                                                                                                   },
		{ "and not after",                  "UTC",            "{\"mon\":[[\"20:00\",\"00:00\"]]}", "2026-11-24T00:00:00Z", false},
		{ "a whole day",                    "UTC",            "{\"mon\":[[\"00:00\",\"24:00\"]]}", "2026-11-23T00:00:00Z", true },
		{ "Sunday runs into Monday",        "UTC",            "{\"sun\":[[\"23:00\",\"01:00\"]]}", "2026-11-23T00:30:00Z", true },
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		struct calendar c = { .zone = str_of(row[i].zone) };

		EXPECT_RC(RC_OK, calendar_parse(&t->arena, str_of(row[i].hours), &c, &t->err));
		EXPECT_EQ(row[i].why, calendar_open_at(&c, at(row[i].at)), row[i].open);
	}
}

TEST(calendar_next_open)
{
	static const struct {
		const char *why, *zone, *hours, *at, *want;
	} row[] = {
		{"open now is now",                                    "UTC",            OFFICE,                              "2026-11-23T09:10:11Z", "2026-11-23T09:10:11Z"},
		{ "later today",		                       "UTC",            OFFICE,                              "2026-11-23T12:30:30Z", "2026-11-23T13:00:00Z"},
		{ "on another day",		                    "UTC",            OFFICE,                              "2026-11-23T18:00:00Z", "2026-11-27T22:00:00Z"},
		{ "next week",		                         "UTC",            OFFICE,                              "2026-11-28T06:00:00Z", "2026-11-30T08:00:00Z"},
		{ "in its zone",		                       "America/Bogota", OFFICE,                              "2026-11-23T12:00:00Z", "2026-11-23T13:00:00Z"},
		{ "over the change to summer time",                    "Europe/Madrid",  OFFICE,                              "2026-03-28T20:00:00Z",
                 "2026-03-30T06:00:00Z"		                                                                                                                     },
		{ "over the change to winter time",                    "Europe/Madrid",  OFFICE,                              "2026-10-24T20:00:00Z",
                 "2026-10-26T07:00:00Z"		                                                                                                                     },
		{ "an opening in the skipped hour is when it is over", "Europe/Madrid",
                 "{\"sun\":[[\"02:30\",\"05:00\"]]}",		                                                         "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"},
		{ "an opening in the repeated hour is its first",      "Europe/Madrid",  "{\"sun\":[[\"02:30\",\"02:45\"]]}",
                 "2026-10-25T00:00:00Z",		                                                                                              "2026-10-25T00:30:00Z"},
		{ "and then its second",                               "Europe/Madrid",  "{\"sun\":[[\"02:30\",\"02:45\"]]}", "2026-10-25T00:50:00Z",
                 "2026-10-25T01:30:00Z"		                                                                                                                     },
		{ "always is now",		                     "UTC",            "{\"always\":true}",                 "2026-11-22T03:00:00Z", "2026-11-22T03:00:00Z"},
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		struct calendar c = { .zone = str_of(row[i].zone) };

		EXPECT_RC(RC_OK, calendar_parse(&t->arena, str_of(row[i].hours), &c, &t->err));
		EXPECT_STR(row[i].why, time_iso(&t->arena, calendar_next_open(&c, at(row[i].at))), row[i].want);
	}
	struct calendar never = { .zone = STR("UTC") };

	EXPECT("without hours it never opens", !time_is_set(calendar_next_open(&never, at("2026-11-23T00:00:00Z"))));
}

#define EIGHT                                                                                                          \
	"{\"mon\":[[\"01:00\",\"02:00\"],[\"03:00\",\"04:00\"],[\"05:00\",\"06:00\"],[\"11:00\",\"12:00\"],"           \
	"[\"13:00\",\"14:00\"],[\"15:00\",\"16:00\"],[\"07:00\",\"08:00\"],[\"09:00\",\"10:00\"]]}"

TEST(calendar_parse_refuses)
{
	static const char *const bad[] = { "",
		                           "[]",
		                           "{\"mon\":1}",
		                           "{\"lun\":[]}",
		                           "{\"mon\":[[\"8:00\",\"18:00\"]]}",
		                           "{\"mon\":[[\"08:00\"]]}",
		                           "{\"mon\":[[\"08:00\",\"24:01\"]]}",
		                           "{\"mon\":[[\"08:00\",\"08:00\"]]}",
		                           "{\"mon\":[[\"24:00\",\"01:00\"]]}",
		                           "{\"always\":1}",
		                           "{\"mon\":[],\"mon\":[]}",
		                           EIGHT };

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct calendar c = { 0 };

		EXPECT_EQ(bad[i], calendar_parse(&t->arena, str_of(bad[i]), &c, &t->err), RC_INVALID);
		EXPECT_STR("the field is named", str_of(t->err.field), "hours");
	}
	struct calendar c = { 0 };

	EXPECT_RC(RC_OK,
	          calendar_parse(&t->arena,
	                         STR("{\"mon\":[[\"13:00\",\"18:00\"],[\"08:00\",\"12:00\"],[\"12:00\",\"14:00\"]]}"),
	                         &c, &t->err));
	EXPECT_EQ("touching intervals are one", c.day[1][0].from * 10000 + c.day[1][0].to, 480 * 10000 + 1080);
	EXPECT_EQ("and only one", c.day[1][1].to, 0);
}

struct store_arg {
	struct test *t;
	struct calendar_id id;
};

static enum rc create_two(struct db_tx *tx, void *arg, struct err *err)
{
	struct store_arg *a = arg;
	struct test *t = a->t;
	struct calendar c;
	struct calendar_id other;

	EXPECT_RC(RC_OK, calendar_create(tx, STR("Office"), STR("America/Bogota"), STR(OFFICE), &a->id, err));
	EXPECT_RC(RC_CONFLICT, calendar_create(tx, STR("Office"), STR("UTC"), STR("{}"), &other, err));
	EXPECT_RC(RC_INVALID, calendar_create(tx, STR("Other"), STR("UTC"), STR("{"), &other, err));
	EXPECT_RC(RC_OK, calendar_find(tx, &t->arena, a->id, &c, err));
	EXPECT_STR("the zone is kept", c.zone, "America/Bogota");
	EXPECT_EQ("the hours are kept", c.day[1][1].to, 18 * 60);
	EXPECT_RC(RC_NOT_FOUND, calendar_find(tx, &t->arena, (struct calendar_id){ 999 }, &c, err));
	return RC_OK;
}

TEST_EACH_DB(calendar_rows)
{
	struct store_arg a = { .t = t };

	EXPECT_RC(RC_OK, db_write(t->db, create_two, &a, &t->err));
}

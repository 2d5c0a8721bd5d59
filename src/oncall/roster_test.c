/* Who is on duty: rotations over changes of the clock, layers, overrides, gaps. */
#include "oncall/oncall.h"
#include "test/test.h"

static struct instant at(const char *iso)
{
	struct instant t = { 0 };

	if (time_parse_iso(str_of(iso), &t) != RC_OK)
		die("bad time in a test: %s", iso);
	return t;
}

#define WEEKLY "{\"rotation\":\"weekly\",\"start\":\"2026-10-05\",\"handoff\":\"09:00\",\"agents\":[1,2,3]}"
#define WEEK_OF_6 "{\"rotation\":\"daily\",\"start\":\"2026-10-12\",\"until\":\"2026-10-14\",\"handoff\":\"09:00\",\"agents\":[6]}"
#define NIGHTS "{\"rotation\":\"daily\",\"start\":\"2026-10-05\",\"handoff\":\"18:00\",\"agents\":[7,8],\"during\":{\"mon\":[[\"18:00\",\"08:00\"]],\"tue\":[[\"18:00\",\"08:00\"]]}}"

TEST(oncall_at)
{
	static const struct { const char *why, *zone, *layers, *at; int want; } row[] = {
		{ "before it begins nobody is", "Europe/Madrid", "[" WEEKLY "]", "2026-10-05T06:59:59Z", 0 },
		{ "the first", "Europe/Madrid", "[" WEEKLY "]", "2026-10-05T07:00:00Z", 1 },
		{ "to the last second", "Europe/Madrid", "[" WEEKLY "]", "2026-10-12T06:59:59Z", 1 },
		{ "the second", "Europe/Madrid", "[" WEEKLY "]", "2026-10-12T07:00:00Z", 2 },
		{ "the third keeps nine o'clock when clocks change", "Europe/Madrid", "[" WEEKLY "]", "2026-10-26T07:59:59Z", 3 },
		{ "and hands off in winter time", "Europe/Madrid", "[" WEEKLY "]", "2026-10-26T08:00:00Z", 1 },
		{ "years later, too", "Europe/Madrid", "[" WEEKLY "]", "2030-10-07T07:00:00Z", 3 },
		{ "the last layer that is active wins", "UTC", "[" WEEKLY "," NIGHTS "]", "2026-10-05T19:00:00Z", 7 },
		{ "over midnight it is still that night's", "UTC", "[" WEEKLY "," NIGHTS "]", "2026-10-06T07:59:00Z", 7 },
		{ "the next night the other", "UTC", "[" WEEKLY "," NIGHTS "]", "2026-10-06T18:00:00Z", 8 },
		{ "outside the layer below", "UTC", "[" WEEKLY "," NIGHTS "]", "2026-10-06T12:00:00Z", 1 },
		{ "twelve hours each", "UTC", "[{\"rotation\":\"hours\",\"every\":12,\"start\":\"2026-10-05\",\"handoff\":\"08:00\",\"agents\":[4,5]}]", "2026-10-05T20:00:00Z", 5 },
		{ "and back", "UTC", "[{\"rotation\":\"hours\",\"every\":12,\"start\":\"2026-10-05\",\"handoff\":\"08:00\",\"agents\":[4,5]}]", "2026-10-06T08:00:00Z", 4 },
		{ "two weeks each", "UTC", "[{\"rotation\":\"weekly\",\"every\":2,\"start\":\"2026-10-05\",\"agents\":[4,5]}]", "2026-10-18T23:00:00Z", 4 },
		{ "a hand-off in the skipped hour is when it is over", "Europe/Madrid", "[{\"rotation\":\"daily\",\"start\":\"2026-03-27\",\"handoff\":\"02:30\",\"agents\":[4,5]}]", "2026-03-29T01:00:00Z", 4 },
		{ "not before", "Europe/Madrid", "[{\"rotation\":\"daily\",\"start\":\"2026-03-27\",\"handoff\":\"02:30\",\"agents\":[4,5]}]", "2026-03-29T00:59:00Z", 5 },
		{ "in the repeated hour it happens once", "Europe/Madrid", "[{\"rotation\":\"daily\",\"start\":\"2026-10-23\",\"handoff\":\"02:30\",\"agents\":[4,5]}]", "2026-10-25T01:10:00Z", 4 },
		{ "a temporary layer wins from its first hand-off", "UTC", "[" WEEKLY "," WEEK_OF_6 "]", "2026-10-12T09:00:00Z", 6 },
		{ "to the hand-off of its last day", "UTC", "[" WEEKLY "," WEEK_OF_6 "]", "2026-10-14T08:59:59Z", 6 },
		{ "and is then over for good", "UTC", "[" WEEKLY "," WEEK_OF_6 "]", "2026-10-14T09:00:00Z", 2 },
		{ "its end keeps the wall clock's time, too", "Europe/Madrid", "[{\"rotation\":\"hours\",\"every\":5,\"start\":\"2026-10-24\",\"until\":\"2026-10-26\",\"handoff\":\"09:00\",\"agents\":[6]}]", "2026-10-26T07:59:59Z", 6 },
		{ "not an hour longer", "Europe/Madrid", "[{\"rotation\":\"hours\",\"every\":5,\"start\":\"2026-10-24\",\"until\":\"2026-10-26\",\"handoff\":\"09:00\",\"agents\":[6]}]", "2026-10-26T08:00:00Z", 0 },
		{ "no layer is nobody", "UTC", "[]", "2026-10-25T01:10:00Z", 0 },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		struct oncall_schedule s = { 0 };

		EXPECT_RC(RC_OK, oncall_parse(&t->arena, str_of(row[i].layers), str_of(row[i].zone), &s, &t->err));
		EXPECT_EQ(row[i].why, oncall_at(&s, at(row[i].at)).v, row[i].want);
	}
}

TEST(oncall_overrides)
{
	struct oncall_override o[] = {
		{ .id = 1, .from = at("2026-10-06T00:00:00Z"), .to = at("2026-10-08T00:00:00Z"), .agent = { 9 } },
		{ .id = 2, .from = at("2026-10-07T00:00:00Z"), .to = at("2026-10-07T12:00:00Z"), .agent = { 6 }, .instead_of = { 1 } },
		{ .id = 3, .from = at("2026-10-13T00:00:00Z"), .to = at("2026-10-14T00:00:00Z"), .agent = { 6 }, .instead_of = { 1 } },
		{ .id = 4, .from = at("2026-10-14T00:00:00Z"), .to = at("2026-10-15T00:00:00Z"), .agent = { 0 } },
	};
	struct oncall_schedule s = { 0 };

	EXPECT_RC(RC_OK, oncall_parse(&t->arena, STR("[" WEEKLY "]"), STR("UTC"), &s, &t->err));
	s.overrides = o;
	s.n_overrides = COUNT(o);
	EXPECT_EQ("somebody else for a time", oncall_at(&s, at("2026-10-06T10:00:00Z")).v, 9);
	EXPECT_EQ("the newest wins, for whom it is meant", oncall_at(&s, at("2026-10-07T10:00:00Z")).v, 6);
	EXPECT_EQ("its end is not part of it", oncall_at(&s, at("2026-10-08T00:00:00Z")).v, 1);
	EXPECT_EQ("not for others", oncall_at(&s, at("2026-10-13T10:00:00Z")).v, 2);
	EXPECT_EQ("nobody, on purpose", oncall_at(&s, at("2026-10-14T10:00:00Z")).v, 0);
}

TEST(oncall_shifts_cover_all)
{
	struct instant from = at("2026-10-01T00:00:00Z"), to = at("2026-11-10T00:00:00Z");
	struct oncall_override o = { .from = at("2026-10-20T01:02:03Z"), .to = at("2026-10-21T00:00:00Z"), .agent = { 9 } };
	struct oncall_schedule s = { .overrides = &o, .n_overrides = 1 };
	struct oncall_shift *v;
	size_t n, gaps = 0;

	EXPECT_RC(RC_OK, oncall_parse(&t->arena, STR("[" WEEKLY "," NIGHTS "," WEEK_OF_6 "]"), STR("Europe/Madrid"), &s, &t->err));
	s.overrides = &o;
	s.n_overrides = 1;
	EXPECT_RC(RC_OK, oncall_shifts(&s, &t->arena, from, to, &v, &n, &t->err));
	EXPECT_EQ("from the beginning", v[0].from.us, from.us);
	for (size_t i = 0; i < n; i++) {
		struct instant middle = time_add(v[i].from, (v[i].to.us - v[i].from.us) / 2);

		EXPECT("without a gap between", i + 1 == n ? v[i].to.us == to.us : v[i].to.us == v[i + 1].from.us);
		EXPECT_EQ("the whole shift is of one", oncall_at(&s, v[i].from).v, v[i].agent.v);
		EXPECT_EQ("in its middle", oncall_at(&s, middle).v, v[i].agent.v);
		EXPECT_EQ("to its end", oncall_at(&s, time_add(v[i].to, -1)).v, v[i].agent.v);
		gaps += v[i].agent.v == 0;
	}
	EXPECT_EQ("what has nobody is shown", gaps, 1);
}

TEST(oncall_parse_refuses)
{
	static const char *const bad[] = { "", "{}", "[1]", "[{\"rotation\":\"yearly\",\"start\":\"2026-10-05\",\"agents\":[1]}]", "[{\"rotation\":\"daily\",\"agents\":[1]}]",
		"[{\"rotation\":\"daily\",\"start\":\"2026-10-05\",\"agents\":[]}]", "[{\"rotation\":\"daily\",\"start\":\"2026-10-05\",\"agents\":[\"x\"]}]",
		"[{\"rotation\":\"daily\",\"start\":\"2026-10-05\",\"handoff\":\"9\",\"agents\":[1]}]", "[{\"rotation\":\"daily\",\"start\":\"2026-10-05\",\"agents\":[1],\"during\":{\"mo\":[]}}]",
		"[{\"rotation\":\"daily\",\"start\":\"2026-10-05\",\"until\":\"2026-10-05\",\"agents\":[1]}]", "[{\"rotation\":\"daily\",\"start\":\"2026-10-05\",\"until\":7,\"agents\":[1]}]",
		"[{\"rotation\":\"daily\",\"every\":0,\"start\":\"2026-10-05\",\"agents\":[1]}]" };
	static const char *const policy[] = { "", "[]", "{\"steps\":[]}", "{\"steps\":[{\"targets\":[]}]}", "{\"steps\":[{\"targets\":[\"somebody\"]}]}",
		"{\"steps\":[{\"delay\":-1,\"targets\":[\"assignee\"]}]}", "{\"steps\":[{\"targets\":[\"assignee\"]}],\"repeat\":1000}", "{\"steps\":[{\"targets\":[\"file:///etc/passwd\"]}]}" };

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct oncall_schedule s = { 0 };

		EXPECT_EQ(bad[i], oncall_parse(&t->arena, str_of(bad[i]), STR("UTC"), &s, &t->err), RC_INVALID);
	}
	for (size_t i = 0; i < COUNT(policy); i++) {
		struct oncall_policy p = { 0 };

		EXPECT_EQ(policy[i], oncall_policy_parse(&t->arena, str_of(policy[i]), &p, &t->err), RC_INVALID);
	}
}

/* Teams and tickets: setting, opening with one, lists, and what becomes of a team's tickets when it ends. */
#include "ticket/ticket_world.h"

#define ARENA   (&t->arena)
#define ERR     (&t->err)
#define NO_TEAM ((struct team_id){ 0 })

static struct team_id make_team(struct test *t, struct db_tx *tx, struct world *w, const char *name,
                                const struct agent_id *in, size_t n)
{
	struct team_id id = { 0 };

	EXPECT_RC(RC_OK, team_add(tx, &w->desk, NOW, &(struct team){ .name = str_of(name) }, &id, ERR));
	EXPECT_RC(RC_OK, team_set_members(tx, &w->desk, NOW, id, in, n, ERR));
	return id;
}

static void setting(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t n = world_open(t, tx, &w->writer, 3, "Videos stop"), events;
	struct team_id video = make_team(t, tx, w, "Video", &w->ann.agent, 1),
	               billing = make_team(t, tx, w, "Billing", NULL, 0);
	struct ticket x;
	struct ticket_view v;
	struct event_id seen = world_ticket(t, tx, w, n).last_event;

	EXPECT_RC(RC_OK, ticket_set_team(tx, ARENA, &w->ann, LATER(1), n, video, seen, ERR));
	x = world_ticket(t, tx, w, n);
	EXPECT("the team is on the ticket", x.team.v == video.v && str_is(x.team_name, "Video"));
	EXPECT("the event says from where and where to",
	       str_find(world_last_data(t, tx, n, EV_TEAM), STR("\"from\":null,\"to\":\"Video\"")) != STR_NONE);
	events = world_events(t, tx, n, "");
	EXPECT_RC(RC_OK, ticket_set_team(tx, ARENA, &w->ann, LATER(2), n, video, SEEN_NOT, ERR));
	EXPECT_EQ("no change, no event", world_events(t, tx, n, ""), events);
	EXPECT_RC(RC_CONFLICT, ticket_set_team(tx, ARENA, &w->ben, LATER(3), n, billing, seen, ERR));
	EXPECT("who had not seen it is told so", str_is(str_of(t->err.code), "stale"));
	EXPECT_RC(RC_INVALID, ticket_set_team(tx, ARENA, &w->ann, LATER(3), n, (struct team_id){ 999 }, SEEN_NOT, ERR));
	EXPECT_RC(RC_DENIED, ticket_set_team(tx, ARENA, &w->boss, LATER(3), n, billing, SEEN_NOT, ERR));
	EXPECT_RC(RC_OK, ticket_assign(tx, ARENA, &w->ann, LATER(4), n, w->ben.agent, SEEN_NOT, ERR));
	x = world_ticket(t, tx, w, n);
	EXPECT("somebody outside of the team may have it", x.team.v == video.v && x.assignee.v == w->ben.agent.v);
	EXPECT_RC(RC_OK, ticket_find(tx, ARENA, &w->writer, n, &x, ERR));
	EXPECT("the customer does not see the team", !x.team.v && !x.team_name.n);
	EXPECT_RC(RC_OK, ticket_view(tx, ARENA, &w->writer, n, &v, ERR));
	for (size_t i = 0; i < v.n_events; i++)
		EXPECT("nor reads of it", !str_is(v.events[i].kind, EV_TEAM));
	EXPECT_RC(RC_OK, world_say(t, tx, &w->writer, LATER(5), n, "Still", false));
	EXPECT_EQ("and leaves it as it is by writing", world_ticket(t, tx, w, n).team.v, video.v);
	EXPECT_RC(RC_OK, ticket_set_team(tx, ARENA, &w->ann, LATER(6), n, NO_TEAM, SEEN_NOT, ERR));
	EXPECT_EQ("to none", world_ticket(t, tx, w, n).team.v, 0);
}

DB_QUERY(q_by, "test.team_by",
         "SELECT e.actor_kind FROM event e JOIN ticket t ON t.id = e.ticket_id WHERE t.number = :number AND e.kind = 'ticket.team'");

static bool event_by_desk(struct test *t, struct db_tx *tx, int64_t number)
{
	int64_t kind = 0;

	EXPECT_RC(RC_OK, db_get_i64(tx, &q_by, DB_ARGS(db_i64("number", number)), &kind, ERR));
	return kind == ACTOR_SYSTEM;
}

static void opening(struct test *t, struct db_tx *tx, struct world *w)
{
	struct team_id team = make_team(t, tx, w, "Video", NULL, 0);
	struct ticket_new n = { .account = w->a,
		                .contact = w->writer.contact,
		                .kind = TICKET_REQUEST,
		                .channel = CHANNEL_MAIL,
		                .subject = STR("By mail"),
		                .text = STR("Hello"),
		                .team = team };
	struct ticket_opened opened;
	struct ticket x;

	EXPECT_RC(RC_OK, ticket_open(tx, ARENA, &w->writer, NOW, &n, &opened, ERR));
	x = world_ticket(t, tx, w, opened.number);
	EXPECT("opened for the team", x.team.v == team.v);
	EXPECT_EQ("with its event", world_events(t, tx, opened.number, EV_TEAM), 1);
	EXPECT("which the way in wrote, not the customer", event_by_desk(t, tx, opened.number));
	EXPECT("which is its version", x.last_event.v > opened.event.v);
	n.team.v = 999;
	EXPECT_RC(RC_INVALID, ticket_open(tx, ARENA, &w->writer, NOW, &n, &opened, ERR));
}

static size_t count(struct test *t, struct db_tx *tx, const struct actor *who, struct ticket_query q)
{
	struct ticket_row *rows;
	struct str next = STR_NULL;
	size_t n, all = 0;

	q.max = 3;
	do {
		uint64_t before = db_statements();

		q.after = next;
		EXPECT_RC(RC_OK, ticket_list(tx, ARENA, who, &q, &rows, &n, &next, ERR));
		EXPECT_EQ("one query a page", db_statements() - before, 1);
		for (size_t i = 1; i < n && q.view != VIEW_INCIDENTS; i++)
			EXPECT("newest first", rows[i].updated_at.us <= rows[i - 1].updated_at.us);
		all += n;
	} while (!str_null(next) && all < 100);
	return all;
}

static void lists(struct test *t, struct db_tx *tx, struct world *w)
{
	struct agent_id both[] = { w->ann.agent, w->ben.agent };
	struct team_id video = make_team(t, tx, w, "Video", both, 2), billing = make_team(t, tx, w, "Billing", both, 1);
	struct view_counts c;
	struct team_work *work;
	size_t n;

	for (int i = 0; i < 22; i++) {
		int64_t number = world_open(t, tx, i % 2 ? &w->writer : &w->stranger, i % 5, "s");
		struct team_id to = { i % 3 == 0 ? 0 : i % 3 == 1 ? video.v : billing.v };

		EXPECT_RC(RC_OK, ticket_set_team(tx, ARENA, &w->ann, LATER(i / 4), number, to, SEEN_NOT, ERR));
		if (i == 1)
			EXPECT_RC(RC_OK,
			          ticket_resolve(tx, ARENA, &w->ann, LATER(9), number, STR("done"), SEEN_NOT, ERR));
	}
	EXPECT_EQ("open tickets of both my teams", count(t, tx, &w->ann, (struct ticket_query){ .view = VIEW_TEAMS }),
	          13);
	EXPECT_EQ("of the only one", count(t, tx, &w->ben, (struct ticket_query){ .view = VIEW_TEAMS }), 6);
	EXPECT_EQ("of one of them", count(t, tx, &w->ann, (struct ticket_query){ .view = VIEW_TEAMS, .team = billing }),
	          7);
	EXPECT_EQ("of one account", count(t, tx, &w->ann, (struct ticket_query){ .view = VIEW_TEAMS, .account = w->b }),
	          7);
	EXPECT_EQ("all of a team, also done ones",
	          count(t, tx, &w->ann, (struct ticket_query){ .view = VIEW_ALL, .team = video }), 7);
	EXPECT_EQ("of a team and account",
	          count(t, tx, &w->ann, (struct ticket_query){ .view = VIEW_ALL, .team = video, .account = w->a }), 4);
	EXPECT_EQ("incidents of a team",
	          count(t, tx, &w->ann, (struct ticket_query){ .view = VIEW_INCIDENTS, .team = billing }), 5);
	uint64_t before = db_statements();
	EXPECT_RC(RC_OK, ticket_counts(tx, ARENA, &w->ann, &c, ERR));
	EXPECT_EQ("counts and teams are one query", db_statements() - before, 1);
	EXPECT_EQ("counted", c.teams, 13);
	EXPECT_STR(
	        "with the teams for a menu", c.team_lines,
	        str_z(ARENA, arena_strf(ARENA, "%lld Billing\n%lld Video", (long long)billing.v, (long long)video.v)));
	before = db_statements();
	EXPECT_RC(RC_OK, team_work(tx, ARENA, &work, &n, ERR));
	EXPECT_EQ("what lies with each: one query", db_statements() - before, 1);
	EXPECT("members and open tickets",
	       n == 2 && work[0].members == 1 && work[0].open == 7 && work[1].members == 2 && work[1].open == 6);
}

static void leaving(struct test *t, struct db_tx *tx, struct world *w)
{
	struct team_id video = make_team(t, tx, w, "Video", &w->ann.agent, 1),
	               billing = make_team(t, tx, w, "Billing", NULL, 0), again;
	int64_t number[5];
	size_t moved;

	for (int i = 0; i < 5; i++) {
		number[i] = world_open(t, tx, &w->writer, 3, "s");
		EXPECT_RC(RC_OK, ticket_set_team(tx, ARENA, &w->ann, LATER(i), number[i], video, SEEN_NOT, ERR));
	}
	EXPECT_RC(RC_OK, ticket_resolve(tx, ARENA, &w->ann, LATER(9), number[0], STR("done"), SEEN_NOT, ERR));
	EXPECT_RC(RC_INVALID, ticket_team_leave(tx, ARENA, &w->ann, LATER(10), video, video, 3, &moved, ERR));
	EXPECT_RC(RC_OK, ticket_team_leave(tx, ARENA, &w->ann, LATER(10), video, billing, 3, &moved, ERR));
	EXPECT_EQ("as many as were asked for", moved, 3);
	EXPECT_RC(RC_OK, ticket_team_leave(tx, ARENA, &w->ann, LATER(10), video, billing, 3, &moved, ERR));
	EXPECT_EQ("and the rest", moved, 1);
	EXPECT_EQ("each with its event", world_events(t, tx, number[4], EV_TEAM), 2);
	EXPECT_RC(RC_OK, team_remove(tx, &w->desk, LATER(11), video, ERR));
	EXPECT_STR("what is done keeps the name", world_ticket(t, tx, w, number[0]).team_name, "Video");
	EXPECT_EQ("open ones went", world_ticket(t, tx, w, number[1]).team.v, billing.v);
	EXPECT_RC(RC_INVALID, ticket_set_team(tx, ARENA, &w->ann, LATER(12), number[1], video, SEEN_NOT, ERR));
	EXPECT_RC(RC_OK, team_add(tx, &w->desk, LATER(13), &(struct team){ .name = STR("Video") }, &again, ERR));
	EXPECT_EQ("by its name it is itself again", again.v, video.v);
	EXPECT_RC(RC_OK, ticket_set_team(tx, ARENA, &w->ann, LATER(14), number[1], video, SEEN_NOT, ERR));
}

TEST_EACH_DB(ticket_team_is_set)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, setting);
}

TEST_EACH_DB(ticket_team_at_opening)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, opening);
}

TEST_EACH_DB(ticket_team_lists)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, lists);
}

TEST_EACH_DB(ticket_team_ends)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, leaving);
}

/* Calls: numbers, PINs, the incident, and that everything may come twice. */
#include "call/call.h"
#include "ticket/ticket_world.h"
#include "util/crypt.h"

#define KEY STR("a key for tests")

TEST(call_numbers)
{
	static const struct {
		const char *raw, *country, *want;
	} rows[] = {
		{"+39 02 1234-5678",    "",   "+390212345678"},
		{ "0039 02 12345678",   "",   "+390212345678"},
		{ "02 12345678",        "39", "+390212345678"},
		{ "0171 5550100",       "49", "+491715550100"},
		{ "+49 (0)171 5550100", "",   "+491715550100"},
		{ "12345",              "57", ""             },
		{ "anonymous",          "57", ""             },
		{ "4930555716",         "49", "+494930555716"},
		{ "493055571600",       "49", "+493055571600"},
		{ "6015550177",         "57", "+576015550177"},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		EXPECT_STR(rows[i].raw, call_number(&t->arena, str_of(rows[i].raw), str_of(rows[i].country)),
		           rows[i].want);
}

static struct call begin(struct test *t, struct db_tx *tx, const char *key, const char *from)
{
	struct call c = { 0 };
	struct call_new n = { .key = str_of(key),
		              .from = str_of(from),
		              .to = STR("+5716000000"),
		              .source = CALL_LINE,
		              .direction = CALL_IN,
		              .at = NOW };

	EXPECT_RC(RC_OK, call_begin(tx, &t->arena, &n, &c, &t->err));
	return c;
}

static void a_call(struct test *t, struct db_tx *tx, struct world *w)
{
	struct draft_id d;
	struct str pin, own;
	struct call c;
	struct contact k;
	int64_t number = 0;
	bool may = false;

	EXPECT_RC(RC_OK, contact_find(tx, &t->arena, w->writer.contact, &k, &t->err));
	k.phone = STR("+57 601 555-0177");
	EXPECT_RC(RC_OK, contact_update(tx, &w->desk, NOW, &k, &t->err));
	EXPECT_RC(RC_OK,
	          draft_save(tx, &w->writer, NOW, DRAFT_TICKET, (struct ticket_id){ 0 },
	                     STR("{\"summary\":\"Nobody can log in\",\"text\":\"All of them\",\"criticality\":1}"), &d,
	                     &t->err));
	EXPECT_RC(RC_OK, draft_prepare_call(tx, &t->arena, &w->writer, NOW, d, KEY, &number, &pin, &t->err));
	c = begin(t, tx, "k1", "+576015550177");
	EXPECT_EQ("the number suggests who calls", c.contact.v, w->writer.contact.v);
	EXPECT("but verifies nobody", !c.verified);
	EXPECT_EQ("a call told twice is one", begin(t, tx, "k1", "+1999").id, c.id);
	EXPECT_RC(RC_DENIED, call_verify(tx, &t->arena, STR("k1"), STR("000000000"), KEY, NOW, &c, &may, &t->err));
	EXPECT_RC(RC_OK, call_verify(tx, &t->arena, STR("k1"), pin, KEY, LATER(SECOND_US), &c, &may, &t->err));
	EXPECT_RC(RC_DENIED, call_verify(tx, &t->arena, STR("k1"), pin, KEY, LATER(SECOND_US), &c, &may, &t->err));
	struct call_opening o = { STR("k1"), 1, false };
	EXPECT_RC(RC_OK, call_open(tx, &t->arena, &o, LATER(MINUTE_US), &c, &t->err));
	EXPECT_EQ("the incident has the number that was on the customer's screen", c.number, number);
	struct ticket got = world_ticket(t, tx, w, number);
	EXPECT_STR("and the words", got.subject, "Nobody can log in");
	EXPECT_EQ("it opened when the call came", got.opened_at.us, NOW.us);
	EXPECT_EQ("by telephone", got.channel, CHANNEL_PHONE);
	EXPECT("so it is not flagged as not phoned", !got.not_phoned);
	EXPECT_RC(RC_OK, call_open(tx, &t->arena, &o, LATER(MINUTE_US), &c, &t->err));
	EXPECT_EQ("opened twice is one ticket", c.number, number);
	struct call_recording r = { STR("k1"), STR("description"), sha256_hex(&t->arena, STR("x")), 16044, 1000 };
	EXPECT_RC(RC_OK, call_recorded(tx, &t->arena, &r, NOW, &t->err));
	EXPECT_RC(RC_OK, call_recorded(tx, &t->arena, &r, NOW, &t->err));
	EXPECT_RC(RC_OK, call_leg(tx, &t->arena, STR("k1"), 1, w->ann.agent, STR("+57300"), STR("busy"), NOW, &t->err));
	EXPECT_RC(RC_OK, call_leg(tx, &t->arena, STR("k1"), 1, w->ann.agent, STR("+57300"), STR("busy"), NOW, &t->err));
	EXPECT_RC(RC_OK, call_accepted(tx, &t->arena, STR("k1"), w->ben.agent, NOW, &t->err));
	EXPECT_RC(RC_OK, call_accepted(tx, &t->arena, STR("k1"), w->ann.agent, NOW, &t->err));
	EXPECT_EQ("who pressed 1 first has the ticket", world_ticket(t, tx, w, number).assignee.v, w->ben.agent.v);
	EXPECT_RC(RC_OK, call_ended(tx, &t->arena, STR("k1"), STR("done"), NOW, &t->err));
	EXPECT_RC(RC_OK, call_ended(tx, &t->arena, STR("k1"), STR("again"), NOW, &t->err));
	EXPECT_EQ("each thing is told once: opened, recorded, leg, accepted, ended",
	          world_events(t, tx, number, EV_CALL), 5);
	EXPECT_RC(RC_OK, call_set_pin(tx, &t->arena, &w->desk, w->writer.contact, KEY, NOW, &own, &t->err));
	begin(t, tx, "k2", "");
	EXPECT_RC(RC_OK, call_verify(tx, &t->arena, STR("k2"), own, KEY, NOW, &c, &may, &t->err));
	EXPECT_EQ("a personal PIN names the person, from whatever telephone", c.contact.v, w->writer.contact.v);
	EXPECT_RC(RC_OK, call_verify(tx, &t->arena, STR("k2"), own, KEY, NOW, &c, &may, &t->err));
	EXPECT_RC(RC_DENIED, call_verify(tx, &t->arena, STR("k2"), own, STR("another key"), NOW, &c, &may, &t->err));
	begin(t, tx, "k3", "+1202");
	o = (struct call_opening){ STR("k3"), 1, true };
	EXPECT_RC(RC_OK, call_open(tx, &t->arena, &o, NOW, &c, &t->err));
	EXPECT_EQ("a stranger opens nothing, even when the desk was down", c.ticket.v, 0);
	begin(t, tx, "k4", "+576015550177");
	o = (struct call_opening){ STR("k4"), 2, true };
	EXPECT_RC(RC_OK, call_open(tx, &t->arena, &o, NOW, &c, &t->err));
	EXPECT("a number on file does, when nobody could be asked", c.ticket.v && !c.verified);
}
TEST_EACH_DB(call_story)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, a_call);
}

static void tries(struct test *t, struct db_tx *tx, struct world *w)
{
	enum rc rc = RC_OK;
	int n = 0;

	while ((rc = call_try(tx, &t->arena, STR("c1"), STR("+1"), NOW, &t->err)) == RC_OK)
		n++;
	EXPECT_EQ("three tries a call", n, 3);
	EXPECT_EQ("then no more", rc, RC_LIMIT);
	while ((rc = call_try(tx, &t->arena, arena_strf(&t->arena, "d%d", n), STR("+1"), NOW, &t->err)) == RC_OK)
		n++;
	EXPECT_EQ("five an hour from one number", n, 5);
}
TEST_EACH_DB(call_tries_end)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, tries);
}

static void roster(struct test *t, struct db_tx *tx, struct world *w)
{
	struct call_engineer e[CALL_ROSTER];
	struct call_wish *wishes;
	size_t n;

	EXPECT_RC(RC_OK, call_set_number(tx, &w->ann, NOW, w->ann.agent, STR("+573001112233"), &t->err));
	EXPECT_RC(RC_DENIED, call_set_number(tx, &w->ann, NOW, w->ben.agent, STR("+573001112233"), &t->err));
	EXPECT_RC(RC_INVALID, call_set_number(tx, &w->ben, NOW, w->ben.agent, STR("+57 300\r\nX: 1"), &t->err));
	EXPECT_RC(RC_OK, call_roster(tx, &t->arena, NOW, e, &n, &t->err));
	EXPECT_EQ("who has a number is rung", n, 1);
	EXPECT_EQ("at it", e[0].agent.v, w->ann.agent.v);
	int64_t number = world_open(t, tx, &w->writer, 2, "Call me");
	EXPECT_RC(RC_INVALID, call_click(tx, &t->arena, &w->ann, number, NOW, &t->err));
	EXPECT_RC(RC_OK, ticket_ask_callback(tx, &t->arena, &w->writer, NOW, number, STR("+19005550000"), &t->err));
	EXPECT_RC(RC_OK, call_wishes(tx, &t->arena, NOW, &wishes, &n, &t->err));
	EXPECT_EQ("a number that is not on file is not called by itself", n, 0);
	struct contact k;
	EXPECT_RC(RC_OK, contact_find(tx, &t->arena, w->writer.contact, &k, &t->err));
	k.phone = STR("+19005550000");
	EXPECT_RC(RC_OK, contact_update(tx, &w->desk, NOW, &k, &t->err));
	EXPECT_RC(RC_OK, call_wishes(tx, &t->arena, NOW, &wishes, &n, &t->err));
	EXPECT_EQ("one that is on file is", n, 1);
	EXPECT_RC(RC_OK, call_wish_done(tx, &wishes[0], NOW, &t->err));
	EXPECT_RC(RC_OK, call_wishes(tx, &t->arena, NOW, &wishes, &n, &t->err));
	EXPECT_EQ("once", n, 0);
	EXPECT_RC(RC_OK, call_click(tx, &t->arena, &w->ann, number, NOW, &t->err));
	EXPECT_RC(RC_OK, call_wishes(tx, &t->arena, NOW, &wishes, &n, &t->err));
	EXPECT_EQ("an agent's click rings the agent first", n == 1 ? wishes[0].engineer.agent.v : 0, w->ann.agent.v);
}
TEST_EACH_DB(call_roster_and_wishes)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, roster);
}

/* Toll fraud: what a contact asks for and an agent clicks is limited. */
static void limits(struct test *t, struct db_tx *tx, struct world *w)
{
	struct call_wish *wishes;
	struct contact k;
	size_t n, made = 0;
	int64_t number[5];
	enum rc rc = RC_OK;

	EXPECT_RC(RC_OK, contact_find(tx, &t->arena, w->writer.contact, &k, &t->err));
	k.phone = STR("+576015550177");
	EXPECT_RC(RC_OK, contact_update(tx, &w->desk, NOW, &k, &t->err));
	for (int i = 0; i < 5; i++) {
		number[i] = world_open(t, tx, &w->writer, 2, "Call me");
		EXPECT_RC(RC_OK, ticket_ask_callback(tx, &t->arena, &w->writer, NOW, number[i], STR("+576015550177"),
		                                     &t->err));
	}
	for (int i = 0; i < 5; i++) {
		EXPECT_RC(RC_OK, call_wishes(tx, &t->arena, NOW, &wishes, &n, &t->err));
		EXPECT("one call back at a time", n <= 1);
		made += n;
		if (n)
			EXPECT_RC(RC_OK, call_wish_done(tx, &wishes[0], NOW, &t->err));
	}
	EXPECT_EQ("three an hour, however many tickets", made, 3);
	EXPECT_RC(RC_OK, call_wishes(tx, &t->arena, LATER(HOUR_US + SECOND_US), &wishes, &n, &t->err));
	EXPECT_EQ("later there is another", n, 1);
	EXPECT_RC(RC_OK, call_wish_done(tx, &wishes[0], NOW, &t->err));
	for (made = 0; rc == RC_OK && made < 100; made += rc == RC_OK)
		rc = call_click(tx, &t->arena, &w->ann, number[0], NOW, &t->err);
	EXPECT_RC(RC_LIMIT, rc);
	EXPECT_EQ("thirty clicks an hour", made, 30);
	EXPECT_RC(RC_OK, call_wishes(tx, &t->arena, LATER(HOUR_US), &wishes, &n, &t->err));
	EXPECT("a click of an hour ago rings nobody", n == 0 || !wishes[0].engineer.agent.v);
}
TEST_EACH_DB(call_limits)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, limits);
}

static void pages(struct test *t, struct db_tx *tx, struct world *w)
{
	struct call_wish *wishes;
	size_t n;
	int64_t number = world_open(t, tx, &w->writer, 1, "All down");
	struct ticket_id id = world_ticket(t, tx, w, number).id;

	EXPECT_RC(RC_OK, call_ring_agent(tx, id, w->ann.agent, STR("p:1"), NOW, &t->err));
	EXPECT_RC(RC_OK, call_wishes(tx, &t->arena, NOW, &wishes, &n, &t->err));
	EXPECT_EQ("who has no number is not rung", n, 0);
	EXPECT_RC(RC_OK, call_set_number(tx, &w->ann, NOW, w->ann.agent, STR("+573001112233"), &t->err));
	EXPECT_RC(RC_OK, call_ring_agent(tx, id, w->ann.agent, STR("p:1"), NOW, &t->err));
	EXPECT_RC(RC_OK, call_ring_agent(tx, id, w->ann.agent, STR("p:1"), NOW, &t->err));
	EXPECT_RC(RC_OK, call_wishes(tx, &t->arena, NOW, &wishes, &n, &t->err));
	EXPECT_EQ("who has one is, once", n, 1);
	if (n)
		EXPECT("to say that they have it", wishes[0].page && wishes[0].engineer.agent.v == w->ann.agent.v);
	EXPECT_RC(RC_OK, call_wish_done(tx, &wishes[0], NOW, &t->err));
	EXPECT_RC(RC_OK, call_ring_agent(tx, id, w->ann.agent, STR("p:3"), NOW, &t->err));
	EXPECT_RC(RC_OK, call_wishes(tx, &t->arena, NOW, &wishes, &n, &t->err));
	EXPECT_EQ("two escalations of a ticket ring one telephone once", n, 0);
	begin(t, tx, "p1", "+1202");
	struct call c;
	EXPECT_RC(RC_OK, call_find(tx, &t->arena, STR("p1"), &c, &t->err));
	EXPECT_RC(RC_OK, call_attach(tx, &t->arena, &w->ann, c.id, number, NOW, &t->err));
	EXPECT_RC(RC_OK, call_ring_agent(tx, id, w->ann.agent, STR("p:2"), LATER(10 * MINUTE_US), &t->err));
	EXPECT_RC(RC_OK, call_wishes(tx, &t->arena, NOW, &wishes, &n, &t->err));
	EXPECT_EQ("not while the call itself rings them", n, 0);
}
TEST_EACH_DB(call_pages)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, pages);
}

static void lost(struct test *t, struct db_tx *tx, struct world *w)
{
	struct call c = begin(t, tx, "l1", "+576015550177");
	struct call_wish *wishes;
	int64_t number = world_open(t, tx, &w->writer, 1, "All down"), ended = 0;
	size_t n;

	EXPECT_RC(RC_OK, call_attach(tx, &t->arena, &w->ann, c.id, number, NOW, &t->err));
	EXPECT_RC(RC_OK, call_lost(tx, LATER(MINUTE_US), &ended, &t->err));
	EXPECT_EQ("what a dead line forgot ends", ended, 1);
	EXPECT_RC(RC_OK, call_wishes(tx, &t->arena, LATER(MINUTE_US), &wishes, &n, &t->err));
	EXPECT_EQ("and the engineers are rung anew", n == 1 ? wishes[0].number : 0, number);
	EXPECT_RC(RC_OK, call_lost(tx, LATER(MINUTE_US), &ended, &t->err));
	EXPECT_EQ("once", ended, 0);
}
TEST_EACH_DB(call_of_a_dead_line)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, lost);
}

static size_t files_of(struct test *t, struct db_tx *tx, struct world *w, int64_t number)
{
	struct ticket_view v;
	size_t n = 0;

	EXPECT_RC(RC_OK, ticket_view(tx, &t->arena, &w->ann, number, &v, &t->err));
	for (size_t i = 0; i < v.n_messages; i++)
		n += v.messages[i].n_attachments;
	return n;
}

static void keeping(struct test *t, struct db_tx *tx, struct world *w)
{
	struct str sha = sha256_hex(&t->arena, STR("sound")), *blobs;
	struct call c = begin(t, tx, "r1", "+12025550100");
	struct call_recording r = { STR("r1"), STR("description"), sha, 16044, 1000 };
	int64_t number = world_open(t, tx, &w->writer, 2, "A ticket");
	size_t n, k;

	EXPECT_RC(RC_OK, call_attach(tx, &t->arena, &w->ann, c.id, number, NOW, &t->err));
	EXPECT_RC(RC_OK, call_recorded(tx, &t->arena, &r, NOW, &t->err));
	r.key = STR("r2");
	begin(t, tx, "r2", "+12025550100");
	EXPECT_RC(RC_OK, call_recorded(tx, &t->arena, &r, LATER(DAY_US), &t->err));
	EXPECT_EQ("it hangs on the ticket", files_of(t, tx, w, number), 1);
	EXPECT_RC(RC_OK, call_forget(tx, &t->arena, LATER(-SECOND_US), LATER(DAY_US), &blobs, &n, &k, &t->err));
	EXPECT_EQ("what is young stays", k, 0);
	int64_t told = world_events(t, tx, number, EV_CALL);
	EXPECT_RC(RC_OK, call_forget(tx, &t->arena, NOW, LATER(DAY_US), &blobs, &n, &k, &t->err));
	EXPECT_EQ("what is old goes", k, 1);
	EXPECT_EQ("but not bytes that another call needs", n, 0);
	EXPECT_EQ("the ticket has no file any more", files_of(t, tx, w, number), 0);
	EXPECT_EQ("and all its events", world_events(t, tx, number, EV_CALL), told);
	EXPECT_RC(RC_OK, call_forget(tx, &t->arena, LATER(DAY_US), LATER(DAY_US), &blobs, &n, &k, &t->err));
	EXPECT_EQ("then the bytes, too", n, 1);
	EXPECT_RC(RC_OK, call_forget(tx, &t->arena, LATER(DAY_US), LATER(DAY_US), &blobs, &n, &k, &t->err));
	EXPECT_EQ("once", k, 0);
}
TEST_EACH_DB(call_recordings_end)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, keeping);
}

static void on_screen(struct test *t, struct db_tx *tx, struct world *w)
{
	struct call c = begin(t, tx, "s1", "+12025550100");
	int64_t number = world_open(t, tx, &w->writer, 2, "A ticket");

	EXPECT_RC(RC_OK, call_take(tx, &t->arena, &w->ann, c.id, NOW, &t->err));
	EXPECT_RC(RC_CONFLICT, call_take(tx, &t->arena, &w->ben, c.id, NOW, &t->err));
	EXPECT_RC(RC_DENIED, call_take(tx, &t->arena, &w->writer, c.id, NOW, &t->err));
	EXPECT_RC(RC_OK, call_attach(tx, &t->arena, &w->ann, c.id, number, NOW, &t->err));
	EXPECT_RC(RC_OK, call_find(tx, &t->arena, STR("s1"), &c, &t->err));
	EXPECT_EQ("it hangs on the ticket", c.number, number);
	EXPECT_RC(RC_OK, call_unknown(tx, &t->arena, &w->ann, c.id, &t->err));
}
TEST_EACH_DB(call_on_screen)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, on_screen);
}

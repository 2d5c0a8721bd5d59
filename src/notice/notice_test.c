/* Who is told of what, once; when mails go; what stands in them; and how they are ended. */
#include "account/account.h"
#include "notice/notice_private.h"
#include "oncall/push.h"
#include "outbox/outbox.h"
#include "ticket/ticket_world.h"
#include <poll.h>

/* ---- when ---- */

TEST(notice_when_mails_go)
{
	static const struct {
		const char *why;
		struct notice_rhythm r;
		const char *zone, *at, *want;
	} rows[] = {
		{"at once",
                 { NOTICE_AT_ONCE, 8, 0, 0, false },
                 "UTC",            "2026-11-23T10:17:30Z",
                 "2026-11-23T10:17:30Z"},
		{ "the next full hour",
                 { NOTICE_HOURLY, 8, 0, 0, false },
                 "UTC",            "2026-11-23T10:17:30Z",
                 "2026-11-23T11:00:00Z"},
		{ "full hours of a zone that is half an hour off",
                 { NOTICE_HOURLY, 8, 0, 0, false },
                 "Asia/Kolkata",   "2026-11-23T10:17:30Z",
                 "2026-11-23T10:30:00Z"},
		{ "today's hour is still to come",
                 { NOTICE_DAILY, 18, 0, 0, false },
                 "Europe/Madrid",  "2026-11-23T10:17:30Z",
                 "2026-11-23T17:00:00Z"},
		{ "tomorrow's hour",
                 { NOTICE_DAILY, 8, 0, 0, false },
                 "America/Bogota", "2026-11-23T13:00:00Z",
                 "2026-11-24T13:00:00Z"},
		{ "the end of the month",
                 { NOTICE_DAILY, 8, 0, 0, false },
                 "UTC",            "2026-12-31T23:59:59Z",
                 "2027-01-01T08:00:00Z"},
		{ "a quiet night, before midnight",
                 { NOTICE_AT_ONCE, 8, 22 * 60, 7 * 60, false },
                 "UTC",            "2026-11-23T22:00:00Z",
                 "2026-11-24T07:00:00Z"},
		{ "a quiet night, after midnight",
                 { NOTICE_AT_ONCE, 8, 22 * 60, 7 * 60, false },
                 "UTC",            "2026-11-24T06:59:00Z",
                 "2026-11-24T07:00:00Z"},
		{ "its end is not quiet",
                 { NOTICE_AT_ONCE, 8, 22 * 60, 7 * 60, false },
                 "UTC",            "2026-11-24T07:00:00Z",
                 "2026-11-24T07:00:00Z"},
		{ "a quiet noon",
                 { NOTICE_AT_ONCE, 8, 12 * 60, 14 * 60, false },
                 "UTC",            "2026-11-24T12:30:00Z",
                 "2026-11-24T14:00:00Z"},
		{ "a weekend and the night after",
                 { NOTICE_AT_ONCE, 8, 22 * 60, 7 * 60, true },
                 "UTC",            "2026-11-28T10:00:00Z",
                 "2026-11-30T07:00:00Z"},
		{ "Friday night into the weekend",
                 { NOTICE_AT_ONCE, 8, 22 * 60, 7 * 60, true },
                 "UTC",            "2026-11-27T23:00:00Z",
                 "2026-11-30T07:00:00Z"},
		{ "a weekend alone",
                 { NOTICE_AT_ONCE, 8, 0, 0, true },
                 "America/Bogota", "2026-11-28T10:00:00Z",
                 "2026-11-30T05:00:00Z"},
		{ "a daily mail in quiet hours",
                 { NOTICE_DAILY, 6, 22 * 60, 7 * 60, false },
                 "UTC",            "2026-11-23T10:00:00Z",
                 "2026-11-24T07:00:00Z"},
		{ "the night clocks go back",
                 { NOTICE_AT_ONCE, 8, 22 * 60, 7 * 60, false },
                 "Europe/Madrid",  "2026-10-24T21:00:00Z",
                 "2026-10-25T06:00:00Z"},
		{ "an hour that is skipped",
                 { NOTICE_DAILY, 2, 0, 0, false },
                 "Europe/Madrid",  "2027-03-27T12:00:00Z",
                 "2027-03-28T01:00:00Z"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct instant at, got;

		EXPECT_RC(RC_OK, time_parse_iso(str_of(rows[i].at), &at));
		got = notice_due(&rows[i].r, rows[i].zone, at);
		EXPECT_STR(rows[i].why, time_iso(&t->arena, got), rows[i].want);
	}
}

/* ---- a desk ---- */

struct place {
	struct world w; /* first: world_run() hands it on */
	struct desk desk;
	struct notice_teller teller;
	struct instant now;
	int64_t number, other;
	int64_t unread;
	struct outmail_row *mails;
	size_t n_mails;
	struct notice *list;
	size_t n_list;
	const struct actor *who;
};

static void place_make(struct test *t, struct place *p)
{
	*p = (struct place){ .now = LATER(MINUTE_US) };
	world_make(t, &p->w, 100);
	p->desk = (struct desk){ .db = t->db, .pin_key = STR("a key of the tests") };
	p->desk.config.support_addr = STR("support@desk.example");
	p->desk.config.base_url = STR("https://desk.example");
	p->desk.config.prefix = STR("CAR");
	p->desk.config.zone = STR("UTC");
	p->desk.keys.domain = STR("desk.example");
	p->teller = (struct notice_teller){ &p->desk, &p->now };
}

static void read_log(struct test *t, struct place *p)
{
	struct event_reader r = notice_reader(&p->teller);
	int64_t lag = 1, until = time_monotonic_us() + 120 * SECOND_US;
	enum rc rc = RC_OK;

	/* On PostgreSQL a transaction of anybody, the server's own care included, holds readers back until it ends. */
	while (lag > 0 && time_monotonic_us() < until) {
		while ((rc = event_read_once(t->db, &r, &t->err)) == RC_OK)
			;
		EXPECT_RC(RC_OK, event_lag(t->db, r.name, &lag, &t->err));
		if (lag > 0)
			poll(NULL, 0, 20);
	}
	EXPECT_EQ("the log is read to its end", rc, RC_NOT_FOUND);
	EXPECT_EQ("all of it", lag, 0);
}

static size_t send_due(struct test *t, struct place *p)
{
	size_t n = 0;

	EXPECT_RC(RC_OK, notice_mails(&p->desk, p->now, &n, &t->err));
	return n;
}

#define STEP(name) static void name(struct test *t, struct db_tx *tx, struct world *w)
#define PLACE      struct place *p = (struct place *)w
#define DO(step)   world_run(t, &p.w, step)

STEP(look)
{
	PLACE;
	EXPECT_RC(RC_OK, outbox_list(tx, &t->arena, OUTMAIL_QUEUED, 100, &p->mails, &p->n_mails, &t->err));
	EXPECT_RC(RC_OK, notice_unread(tx, p->who->agent, &p->unread, &t->err));
	EXPECT_RC(RC_OK, notice_list(tx, &t->arena, p->who->agent, 0, 100, &p->list, &p->n_list, &t->err));
}

static int64_t unread(struct test *t, struct place *p, const struct actor *who)
{
	p->who = who;
	world_run(t, &p->w, look);
	return p->unread;
}

static const struct outmail_row *newest(struct test *t, struct place *p)
{
	unread(t, p, &p->w.ann);
	EXPECT("there is a mail", p->n_mails > 0);
	return p->n_mails ? &p->mails[0] : arena_new(&t->arena, struct outmail_row);
}

static struct agent_id agent_of(const struct actor *a)
{
	return a->agent;
}

STEP(open_one)
{
	PLACE;
	p->number = world_open(t, tx, &w->writer, 3, "Videos <do> not play");
}

STEP(open_other)
{
	PLACE;
	p->other = world_open(t, tx, &w->writer, 0, "A new course");
}

STEP(ann_takes)
{
	PLACE;
	EXPECT_RC(RC_OK,
	          ticket_assign(tx, &t->arena, &w->ann, p->now, p->number, agent_of(&w->ann), SEEN_NOT, &t->err));
}

STEP(ben_gives_to_ann)
{
	PLACE;
	EXPECT_RC(RC_OK, ticket_assign(tx, &t->arena, &w->ben, p->now, p->other, agent_of(&w->ann), SEEN_NOT, &t->err));
}

STEP(writer_writes)
{
	PLACE;
	EXPECT_RC(RC_OK, world_say(t, tx, &w->writer, p->now, p->number,
	                           "It happens in Firefox, too.\n{number} stays {what} it is", false));
}

STEP(ben_notes)
{
	PLACE;
	EXPECT_RC(RC_OK, world_say(t, tx, &w->ben, p->now, p->number, "The secret of the house", true));
}

STEP(ann_answers)
{
	PLACE;
	EXPECT_RC(RC_OK, world_say(t, tx, &w->ann, p->now, p->number, "Please try again.", false));
}

STEP(ann_reads)
{
	PLACE;
	EXPECT_RC(RC_OK, notice_read(tx, agent_of(&w->ann), p->number, 0, p->now, &t->err));
}

STEP(ben_follows)
{
	PLACE;
	struct ticket one = world_ticket(t, tx, w, p->number);

	EXPECT_RC(RC_OK, notice_follow(tx, &w->ben, p->now, one.id, one.account, true, &t->err));
	EXPECT_RC(RC_OK, notice_follow(tx, &w->ben, p->now, one.id, one.account, true, &t->err));
	EXPECT_EQ("following twice is following once", world_events(t, tx, p->number, EV_FOLLOWED), 1);
}

TEST_EACH_DB(notice_to_agents)
{
	struct place p;

	place_make(t, &p);
	DO(open_one);
	read_log(t, &p);
	EXPECT_EQ("a ticket that nobody has is news to all", unread(t, &p, &p.w.ann), 1);
	EXPECT_EQ("to all", unread(t, &p, &p.w.ben), 1);
	EXPECT_EQ("but none by mail, as the house has it", send_due(t, &p), 0);
	DO(ann_takes);
	read_log(t, &p);
	EXPECT_EQ("what one does oneself is no news", unread(t, &p, &p.w.ann), 1);
	DO(writer_writes);
	read_log(t, &p);
	EXPECT_EQ("the customer's words are, to who has it", unread(t, &p, &p.w.ann), 2);
	EXPECT_EQ("and to nobody else", unread(t, &p, &p.w.ben), 1);
	EXPECT_EQ("one mail", send_due(t, &p), 1);
	EXPECT_EQ("once", send_due(t, &p), 0);
	const struct outmail_row *m = newest(t, &p);

	EXPECT_STR("to", m->to_addr, "ann@desk.example");
	EXPECT_STR("kind", m->kind, "notice");
	EXPECT_EQ("told by the program, answering nobody", m->automatic, OUTMAIL_GENERATED);
	EXPECT("the subject names the ticket", str_find(m->subject, STR("Videos <do> not play")) != STR_NONE);
	EXPECT("the words stand in it", str_find(m->text, STR("It happens in Firefox, too.")) != STR_NONE);
	EXPECT("braces of people stay", str_find(m->text, STR("{number} stays {what} it is")) != STR_NONE);
	EXPECT("a link to the workspace", str_find(m->text, STR("https://desk.example/desk/tickets/")) != STR_NONE);
	EXPECT("a way out", str_starts(m->unsubscribe, STR("https://desk.example/mails/stop/a")));
	EXPECT("threaded with the ticket", m->refs.n > 0);
	DO(ben_notes);
	read_log(t, &p);
	EXPECT_EQ("a note goes to who has it", send_due(t, &p), 1);
	DO(writer_writes);
	read_log(t, &p);
	DO(ann_reads);
	EXPECT_EQ("read", unread(t, &p, &p.w.ann), 0);
	EXPECT_EQ("what was read in the desk is not mailed", send_due(t, &p), 0);
	DO(ben_follows);
	read_log(t, &p);
	DO(writer_writes);
	read_log(t, &p);
	EXPECT_EQ("who follows is told like who has it", send_due(t, &p), 2);
	DO(ann_answers);
	read_log(t, &p);
	EXPECT_EQ("an answer is not told to who gave it", unread(t, &p, &p.w.ann), 1);
	EXPECT_EQ("but to who follows", unread(t, &p, &p.w.ben), 3);
	DO(open_other);
	DO(ben_gives_to_ann);
	read_log(t, &p);
	EXPECT_EQ("given to somebody: by mail", send_due(t, &p), 1);
}

STEP(a_team_of_ann)
{
	PLACE;
	struct team video = { .name = STR("Video") };

	EXPECT_RC(RC_OK, team_add(tx, &w->desk, p->now, &video, &video.id, &t->err));
	EXPECT_RC(RC_OK, team_set_members(tx, &w->desk, p->now, video.id, &w->ann.agent, 1, &t->err));
	p->number = world_open(t, tx, &w->writer, 3, "Videos stop");
	EXPECT_RC(RC_OK, ticket_set_team(tx, &t->arena, &w->desk, p->now, p->number, video.id, SEEN_NOT, &t->err));
}

STEP(ben_takes)
{
	PLACE;
	EXPECT_RC(RC_OK, ticket_assign(tx, &t->arena, &w->desk, p->now, p->number, w->ben.agent, SEEN_NOT, &t->err));
}

TEST_EACH_DB(notice_to_teams)
{
	struct place p;

	place_make(t, &p);
	DO(a_team_of_ann);
	read_log(t, &p);
	EXPECT_EQ("a new ticket of my team, and that it is ours", unread(t, &p, &p.w.ann), 2);
	EXPECT("in words", str_find(notice_sentence(&t->arena, i18n_lang(STR("en")), STR("UTC"), &p.list[0]),
	                            STR("to the team Video")) != STR_NONE);
	EXPECT_EQ("nobody's, but of a team that is not mine", unread(t, &p, &p.w.ben), 0);
	DO(ben_takes);
	read_log(t, &p);
	EXPECT_EQ("given to him", unread(t, &p, &p.w.ben), 1);
	EXPECT_EQ("which is no news to his team", unread(t, &p, &p.w.ann), 2);
}

TEST_EACH_DB(notice_not_of_the_past)
{
	struct place p;

	place_make(t, &p);
	DO(open_one);
	p.now = LATER(2 * DAY_US);
	read_log(t, &p);
	EXPECT_EQ("an import, or a reader that starts anew, tells nobody", unread(t, &p, &p.w.ann), 0);
}

STEP(spread_again)
{
	PLACE;
	struct event *at;
	size_t n;
	int64_t told = 9;

	EXPECT_RC(RC_OK, event_list(tx, &t->arena, world_ticket(t, tx, w, p->number).id, false, (struct event_id){ 0 },
	                            10, &at, &n, &t->err));
	EXPECT("there is an event", n > 0);
	if (!n)
		return;
	EXPECT_RC(RC_OK, notice_spread(tx, &at[0], NOTICE_NEW, (struct agent_id){ 0 }, &told, &t->err));
	EXPECT_EQ("one row an event and person", told, 0);
}

STEP(ann_wants_it_daily)
{
	struct notice_choice all[] = {
		{NOTICE_NEW, NOTICE_OF_ALL, NOTICE_MAIL}
	};
	struct notice_rhythm r = { NOTICE_DAILY, 8, 22 * 60, 7 * 60, true };

	EXPECT_RC(RC_OK, notice_choose(tx, (struct notice_person){ ACTOR_AGENT, w->ann.agent.v }, all, COUNT(all), &r,
	                               &t->err));
}

STEP(ann_ends_mails)
{
	PLACE;
	struct notice_stop s, none;
	struct str url = p->mails[0].unsubscribe;
	struct str token = str_from(url, strlen("https://desk.example/mails/stop/"));

	EXPECT_RC(RC_OK, notice_stop_read(&t->arena, &p->desk, token, &s, &t->err));
	EXPECT("of ann", s.person.kind == ACTOR_AGENT && s.person.id == w->ann.agent.v && !s.ticket.v);
	EXPECT_RC(RC_NOT_FOUND,
	          notice_stop_read(&t->arena, &p->desk, str_concat(&t->arena, token, STR("a")), &none, &t->err));
	EXPECT_RC(RC_NOT_FOUND,
	          notice_stop_read(&t->arena, &p->desk,
	                           str_concat(&t->arena, STR("a7"), str_from(token, str_find_byte(token, '.'))), &none,
	                           &t->err));
	EXPECT_RC(RC_NOT_FOUND, notice_stop_read(&t->arena, &p->desk, STR(""), &none, &t->err));
	EXPECT_RC(RC_OK, notice_stop_mail(tx, s.person, &t->err));
}

STEP(stop_of_a_ticket)
{
	PLACE;
	struct notice_stop s = { .ticket = { 42 }, .email = STR("aunt+x@else.example") }, back;
	struct str url = notice_stop_url(&t->arena, &p->desk, &s);

	EXPECT_RC(RC_OK, notice_stop_read(&t->arena, &p->desk,
	                                  str_from(url, strlen("https://desk.example/mails/stop/")), &back, &t->err));
	EXPECT("the ticket", back.ticket.v == 42 && !back.person.id);
	EXPECT_STR("the address", back.email, "aunt+x@else.example");
}

TEST_EACH_DB(notice_digest)
{
	struct place p;

	place_make(t, &p);
	DO(ann_wants_it_daily);
	DO(open_one);
	DO(open_other);
	read_log(t, &p);
	DO(spread_again);
	EXPECT_EQ("not now", send_due(t, &p), 0);
	p.now = notice_due(&(struct notice_rhythm){ NOTICE_DAILY, 8, 22 * 60, 7 * 60, true }, "UTC", NOW);
	EXPECT_EQ("one mail in the morning", send_due(t, &p), 1);
	const struct outmail_row *m = newest(t, &p);

	EXPECT("of both", str_find(m->text, STR("Videos <do> not play")) != STR_NONE &&
	                          str_find(m->text, STR("A new course")) != STR_NONE);
	EXPECT("which its subject counts", str_find(m->subject, STR("2 things happened on 2 tickets")) != STR_NONE);
	DO(ann_ends_mails);
	DO(stop_of_a_ticket);
	p.now = LATER(MINUTE_US);
	DO(open_one);
	read_log(t, &p);
	p.now = LATER(9 * DAY_US);
	EXPECT_EQ("no more mails", send_due(t, &p), 0);
}

/* ---- people of customers ---- */

static enum rc wants(struct test *t, struct db_tx *tx, const struct actor *c)
{
	struct notice_choice all[] = {
		{NOTICE_NEW,       NOTICE_OF_ALL,  NOTICE_MAIL},
		{ NOTICE_SUPPORT,  NOTICE_OF_ALL,  NOTICE_MAIL},
		{ NOTICE_NOTE,     NOTICE_OF_ALL,  NOTICE_MAIL},
		{ NOTICE_DUE,      NOTICE_OF_ALL,  NOTICE_MAIL},
		{ NOTICE_CUSTOMER, NOTICE_OF_MINE, NOTICE_MAIL}
	};
	struct notice_rhythm r = { NOTICE_AT_ONCE, 8, 0, 0, false };

	return notice_choose(tx, (struct notice_person){ ACTOR_CONTACT, c->contact.v }, all, COUNT(all), &r, &t->err);
}

STEP(all_of_them_want)
{
	PLACE;
	const struct actor *who[] = { &w->boss, &w->writer, &w->nobody, &w->stranger, &w->at_south };

	for (size_t i = 0; i < COUNT(who); i++)
		EXPECT_RC(RC_OK, wants(t, tx, who[i]));
	p->number = world_open(t, tx, &w->writer, 3, "Nobody can sign in");
}

STEP(boss_loses_the_role)
{
	struct contact c;

	EXPECT_RC(RC_OK, contact_find(tx, &t->arena, w->boss.contact, &c, &t->err));
	c.n_roles = 0;
	EXPECT_RC(RC_OK, contact_update(tx, &w->desk, NOW, &c, &t->err));
}

STEP(another_manager)
{
	struct contact c;

	EXPECT_RC(RC_OK, contact_find(tx, &t->arena, w->writer.contact, &c, &t->err));
	c.roles[0].role = CONTACT_MANAGER;
	EXPECT_RC(RC_OK, contact_update(tx, &w->desk, NOW, &c, &t->err));
}

TEST_EACH_DB(notice_to_customers)
{
	struct place p;

	place_make(t, &p);
	DO(all_of_them_want);
	read_log(t, &p);
	EXPECT_EQ("one person reaches it and did not open it", send_due(t, &p), 1);
	const struct outmail_row *m = newest(t, &p);

	EXPECT_STR("to", m->to_addr, "boss@alpha.example");
	EXPECT("with a link to the Control Center",
	       str_find(m->text, STR("https://desk.example/support/tickets/")) != STR_NONE);
	EXPECT("and none to the workspace", str_find(m->text, STR("/desk/")) == STR_NONE);
	DO(ben_notes);
	read_log(t, &p);
	EXPECT_EQ("notes are not theirs, whatever was chosen", send_due(t, &p), 0);
	DO(ann_answers);
	DO(ben_notes);
	read_log(t, &p);
	EXPECT_EQ("an answer is, and the note is news to ann, who has it now", send_due(t, &p), 2);
	newest(t, &p);
	for (size_t i = 0; i < p.n_mails && i < 2; i++)
		if (str_is(p.mails[i].to_addr, "boss@alpha.example")) {
			EXPECT("no note in it", str_find(p.mails[i].text, STR("secret")) == STR_NONE);
			EXPECT("but the answer", str_find(p.mails[i].text, STR("Please try again.")) != STR_NONE);
		} else {
			EXPECT_STR("the other", p.mails[i].to_addr, "ann@desk.example");
		}
	DO(ann_answers);
	read_log(t, &p);
	DO(another_manager); /* the last manager cannot lose the role */
	DO(boss_loses_the_role);
	EXPECT_EQ("what one may not see any more is not mailed", send_due(t, &p), 0);
}

STEP(own_mails)
{
	struct notice_choice none[] = {
		{NOTICE_OWN_ACK, NOTICE_OF_NONE, 0}
	};
	bool yes = false;

	EXPECT_RC(RC_OK, notice_own(tx, w->writer.contact, NOTICE_OWN_ACK, &yes, &t->err));
	EXPECT("wanted, when nothing was said", yes);
	EXPECT_RC(RC_OK, notice_choose(tx, (struct notice_person){ ACTOR_CONTACT, w->writer.contact.v }, none, 1, NULL,
	                               &t->err));
	EXPECT_RC(RC_OK, notice_own(tx, w->writer.contact, NOTICE_OWN_ACK, &yes, &t->err));
	EXPECT("not any more", !yes);
	EXPECT_RC(RC_OK, notice_own(tx, w->writer.contact, NOTICE_OWN_CHANGED, &yes, &t->err));
	EXPECT("the others are", yes);
}

TEST_EACH_DB(notice_own_mails)
{
	struct place p;

	place_make(t, &p);
	DO(own_mails);
}

/* ---- browsers ---- */

DB_QUERY(q_pushes, "test.notice_pushes", "SELECT COUNT(*) FROM job WHERE kind = 'oncall.push' AND args LIKE '%Nobody can sign in%'");

STEP(ben_has_a_browser)
{
	struct push_browser b = { .endpoint = STR("https://push.example/ben"), /* keys: RFC 8291, section 5 */
		                  .p256dh = STR("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
		                  .auth = STR("BTBZMqHH6r4Tts7J_aSIgg"),
		                  .name = STR("A browser") };
	struct notice_choice all[] = { { NOTICE_NEW, NOTICE_OF_ALL, NOTICE_BROWSER } };
	struct notice_rhythm night = { NOTICE_AT_ONCE, 8, 0, 12 * 60, false };

	EXPECT_RC(RC_OK, push_add(tx, &w->ben, NOW, &b, false, &t->err));
	EXPECT_RC(RC_OK, notice_choose(tx, (struct notice_person){ ACTOR_AGENT, w->ben.agent.v }, all, 1, &night, &t->err));
	EXPECT_RC(RC_OK, notice_choose(tx, (struct notice_person){ ACTOR_AGENT, w->ann.agent.v }, all, 1, NULL, &t->err));
}

STEP(count_pushes)
{
	PLACE;
	EXPECT_RC(RC_OK, db_get_i64(tx, &q_pushes, DB_NO_ARGS, &p->unread, &t->err));
}

STEP(open_for_push)
{
	world_open(t, tx, &w->writer, 3, "Nobody can sign in");
}

TEST_EACH_DB(notice_in_browsers)
{
	struct place p;

	place_make(t, &p);
	DO(ben_has_a_browser);
	DO(open_for_push);
	EXPECT_RC(RC_OK, time_parse_iso(STR("2026-11-18T13:00:00Z"), &p.now));
	read_log(t, &p);
	DO(count_pushes);
	EXPECT_EQ("who has a browser is told there, the other has none", p.unread, 1);
	EXPECT_RC(RC_OK, time_parse_iso(STR("2026-11-19T03:00:00Z"), &p.now));
	DO(open_for_push);
	read_log(t, &p);
	DO(count_pushes);
	EXPECT_EQ("not in quiet hours", p.unread, 1);
}

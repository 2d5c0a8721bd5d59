/* One story per public function, on both engines. Reach is reach_test.c's, lists list_test.c's, races race_test.c's. */
#include "ticket/ticket_world.h"

#define ARENA (&t->arena)
#define ERR   (&t->err)

TEST(ticket_number_damm)
{
	static const char *const wrong[] = { "",       "CAR",  "CAR-",        "CAR-1042",   "CAR-1042-",  "CAR-1042-77",
		                             "CAR--1", "1042", "CAR-01042-7", "CAR-1O42-7", "DOG-1042-7", "CAR-1042-7x",
		                             "-1042-7" };
	struct str text = ticket_number_text(ARENA, STR("CAR"), 572);
	int64_t n = 0;

	EXPECT_STR("the example of the literature: 572 has check digit 4", text, "CAR-572-4");
	EXPECT_RC(RC_OK, ticket_number_parse(STR(" car-572-4 "), STR("CAR"), &n));
	EXPECT_EQ("read back, in any case", n, 572);
	EXPECT_RC(RC_OK, ticket_number_parse(STR("#572-4"), STR("CAR"), &n));
	EXPECT_EQ("without its prefix", n, 572);
	for (size_t i = 0; i < COUNT(wrong); i++)
		EXPECT_EQ(wrong[i], ticket_number_parse(str_of(wrong[i]), STR("CAR"), &n), RC_INVALID);
	int passed = 0;

	for (int64_t k = 1000; k < 1100; k++) {
		struct str s = ticket_number_text(ARENA, STR("CAR"), k);

		for (size_t at = 4; at < s.n; at++) {
			for (char c = '0'; c <= '9'; c++) {
				char other[16];

				if (s.p[at] == c || s.p[at] == '-')
					continue;
				memcpy(other, s.p, s.n);
				other[at] = c;
				passed += ticket_number_parse((struct str){ other, s.n }, STR("CAR"), &n) == RC_OK;
			}
		}
	}
	EXPECT_EQ("no single wrong digit of a hundred numbers passes", passed, 0);
}

TEST(ticket_state_words)
{
	enum ticket_state s = 0;

	for (int i = STATE_NEW; i <= STATE_CLOSED; i++) {
		EXPECT_RC(RC_OK, ticket_state_parse(str_of(ticket_state_name((enum ticket_state)i)), &s));
		EXPECT_EQ("there and back", s, i);
	}
	EXPECT_EQ("no other word", ticket_state_parse(STR("done"), &s), RC_INVALID);
}

static struct ticket_new incident(const struct world *w)
{
	return (struct ticket_new){ .account = w->a,
		                    .kind = TICKET_INCIDENT,
		                    .criticality = 3,
		                    .channel = CHANNEL_FORM,
		                    .subject = STR("Videos stop"),
		                    .text = STR("After a minute.") };
}

static void opens(struct test *t, struct db_tx *tx, struct world *w)
{
	struct ticket_new n = incident(w);
	struct ticket_opened o;
	struct ticket x;
	struct new_attachment file = { STR("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
		                       STR("shot.png"), STR("image/png"), STR_NULL, 12 };

	n.link = STR("https://north.alpha.example/courses/course-v1:Org+C1+R1/courseware");
	n.callback_phone = STR("+57 1 555 0100");
	n.attachments = &file;
	n.n_attachments = 1;
	n.opened_at = time_add(NOW, -MINUTE_US);
	EXPECT_RC(RC_OK, ticket_open(tx, ARENA, &w->writer, NOW, &n, &o, ERR));
	EXPECT_EQ("the first number", o.number, 1001);
	x = world_ticket(t, tx, w, o.number);
	EXPECT_EQ("new", x.state, STATE_NEW);
	EXPECT_EQ("the link's host is the site", x.site.v, w->north.v);
	EXPECT_EQ("the subscription that was judged", x.subscription.v, w->sub.v);
	EXPECT_STR("its plan is frozen", x.plan_code, "BASIC");
	EXPECT_STR("the link's course", x.course, "course-v1:Org+C1+R1");
	EXPECT_EQ("opened when it was received", x.opened_at.us, n.opened_at.us);
	EXPECT_EQ("a call is asked for", x.callback_at.us, NOW.us);
	EXPECT_EQ("who asks", x.contact.v, w->writer.contact.v);
	EXPECT_STR("with the name", x.contact_name, "writer");
	EXPECT_EQ("one event of the opening", world_events(t, tx, o.number, EV_TICKET_OPENED), 1);
	EXPECT_EQ("one of the call", world_events(t, tx, o.number, EV_CALLBACK), 1);
	EXPECT("the version is the newest event", x.last_event.v > o.event.v);
	EXPECT("not flagged", !x.not_phoned);

	struct ticket by;

	EXPECT_RC(RC_OK, ticket_find_id(tx, ARENA, &w->writer, o.id, &by, ERR));
	EXPECT("a customer never gets the secret of the reply address", str_null(by.mail_token));
	EXPECT_RC(RC_OK, ticket_find_token(tx, ARENA, o.mail_token, &by, ERR));
	EXPECT_EQ("found by its reply address", by.id.v, o.id.v);
	EXPECT_RC(RC_NOT_FOUND, ticket_find_token(tx, ARENA, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), &by, ERR));

	n = incident(w);
	n.criticality = 1;
	n.channel = CHANNEL_MAIL;
	n.course = STR("my course");
	EXPECT_RC(RC_OK, ticket_open(tx, ARENA, &w->writer, NOW, &n, &o, ERR));
	x = world_ticket(t, tx, w, o.number);
	EXPECT("criticality 1 by mail opens, flagged", x.not_phoned && x.verdict == ENT_CHANNEL);
	EXPECT_EQ("what was claimed", x.claimed, 1);
	EXPECT_STR("a course that is none stays as typed", x.course, "my course");
	n.channel = CHANNEL_PHONE;
	EXPECT_RC(RC_OK, ticket_open(tx, ARENA, &w->writer, NOW, &n, &o, ERR));
	EXPECT("by telephone it is not", !world_ticket(t, tx, w, o.number).not_phoned);
	n.channel = CHANNEL_AGENT;
	n.contact = w->reader.contact;
	EXPECT_RC(RC_OK, ticket_open(tx, ARENA, &w->ann, NOW, &n, &o, ERR));
	EXPECT_EQ("an agent opens for anybody of the account", world_ticket(t, tx, w, o.number).contact.v,
	          w->reader.contact.v);
	EXPECT_RC(RC_OK, ticket_open(tx, ARENA, &w->token_a, NOW,
	                             &(struct ticket_new){ .kind = TICKET_REQUEST,
	                                                   .channel = CHANNEL_API,
	                                                   .subject = STR("Quota"),
	                                                   .text = STR("x") },
	                             &o, ERR));
	x = world_ticket(t, tx, w, o.number);
	EXPECT("a token of the account opens for it", x.account.v == w->a.v && x.contact.v == 0);
	EXPECT_EQ("a request has priority 3 unless said", x.priority, 3);
}

static void open_refusals(struct test *t, struct db_tx *tx, struct world *w)
{
	struct ticket_new good = incident(w), n;
	struct ticket_opened o;
	char longer[SUBJECT_MAX + 2];

	memset(longer, 'x', sizeof(longer));
#define REFUSED(rc_, who_, field_)                                                                                     \
	do {                                                                                                           \
		t->err = (struct err){ 0 };                                                                            \
		EXPECT_RC(rc_, ticket_open(tx, ARENA, who_, NOW, &n, &o, ERR));                                        \
		EXPECT_STR("the field at fault", str_of(t->err.field), field_);                                        \
		n = good;                                                                                              \
	} while (0)
	n = good;
	n.subject = STR("  ");
	REFUSED(RC_INVALID, &w->writer, "subject");
	n.subject = (struct str){ longer, SUBJECT_MAX + 1 };
	REFUSED(RC_LIMIT, &w->writer, "subject");
	n.subject = STR("a\nb");
	REFUSED(RC_INVALID, &w->writer, "subject");
	n.text = STR(" ");
	REFUSED(RC_INVALID, &w->writer, "text");
	n.text = (struct str){ arena_alloc(ARENA, TEXT_MAX + 1), TEXT_MAX + 1 };
	REFUSED(RC_LIMIT, &w->writer, "text");
	n.text = STR("a\0b");
	REFUSED(RC_INVALID, &w->writer, "text");
	n.criticality = 0;
	REFUSED(RC_INVALID, &w->writer, "criticality");
	n.criticality = 5;
	REFUSED(RC_INVALID, &w->writer, "criticality");
	n.kind = TICKET_REQUEST;
	REFUSED(RC_INVALID, &w->writer, "criticality");
	n.wanted_on = STR("2027-01-31");
	REFUSED(RC_INVALID, &w->writer, "wanted_on");
	n.kind = TICKET_REQUEST, n.criticality = 0, n.wanted_on = STR("31/01/2027");
	REFUSED(RC_INVALID, &w->writer, "wanted_on");
	n.callback_phone = STR("call me");
	REFUSED(RC_INVALID, &w->writer, "phone");
	n.contact = w->stranger.contact;
	REFUSED(RC_INVALID, &w->ann, "contact");
	n.contact = w->boss.contact;
	REFUSED(RC_DENIED, &w->writer, "contact");
	n.account = w->b;
	REFUSED(RC_NOT_FOUND, &w->writer, "account");
	n.account.v = 999;
	REFUSED(RC_NOT_FOUND, &w->ann, "account");
	n.account = w->b, n.site = w->north;
	REFUSED(RC_INVALID, &w->ann, "site");
	EXPECT_RC(RC_DENIED, ticket_open(tx, ARENA, &w->reader, NOW, &good, &o, ERR));
	EXPECT_EQ("an auditor may not open", o.verdict, ENT_NO_ROLE);
	EXPECT_STR("and is told why", str_of(t->err.code), "no-role");
	EXPECT_RC(RC_DENIED, ticket_open(tx, ARENA, &w->token_read, NOW, &good, &o, ERR));
	EXPECT_RC(RC_DENIED, ticket_open(tx, ARENA, &(struct actor){ 0 }, NOW, &good, &o, ERR));
	EXPECT_EQ("nothing was opened", world_open(t, tx, &w->writer, 3, "First"), 1006);
}

TEST_EACH_DB(ticket_open_story)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, opens);
	world_run(t, &w, open_refusals);
}

static void says(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t n = world_open(t, tx, &w->writer, 3, "Videos stop");
	struct message_new m = { .text = STR("We look."), .channel = CHANNEL_FORM };
	struct message_id id;
	struct ticket x;

	EXPECT_RC(RC_OK,
	          ticket_say(tx, ARENA, &w->ann, LATER(1), n,
	                     &(struct message_new){ .internal = true, .text = STR("hm"), .channel = CHANNEL_FORM },
	                     SEEN_NOT, &id, ERR));
	x = world_ticket(t, tx, w, n);
	EXPECT("a note answers nobody", !time_is_set(x.responded_at) && x.state == STATE_NEW && !x.assignee.v);
	EXPECT_EQ("but is the newest event", world_events(t, tx, n, EV_NOTE), 1);
	EXPECT_RC(RC_OK, ticket_say(tx, ARENA, &w->ann, LATER(2), n, &m, SEEN_NOT, &id, ERR));
	x = world_ticket(t, tx, w, n);
	EXPECT_EQ("the first answer", x.responded_at.us, LATER(2).us);
	EXPECT_EQ("who answers has it", x.assignee.v, w->ann.agent.v);
	EXPECT_EQ("and it is open", x.state, STATE_OPEN);
	EXPECT_EQ("told", world_events(t, tx, n, EV_ASSIGNED), 1);
	EXPECT_EQ("told", world_events(t, tx, n, EV_STATE), 1);
	EXPECT_EQ("the newest change", x.updated_at.us, LATER(2).us);
	m.then = STATE_WAITING;
	m.waiting_for = WAITING_CUSTOMER;
	EXPECT_RC(RC_OK, ticket_say(tx, ARENA, &w->ben, LATER(3), n, &m, SEEN_NOT, &id, ERR));
	x = world_ticket(t, tx, w, n);
	EXPECT("waits for the customer", x.state == STATE_WAITING && x.waiting_for == WAITING_CUSTOMER);
	EXPECT_EQ("stays with who had it", x.assignee.v, w->ann.agent.v);
	EXPECT_EQ("the first answer stays the first", x.responded_at.us, LATER(2).us);
	m = (struct message_new){ .text = STR("I am away."), .channel = CHANNEL_MAIL, .automatic = true };
	EXPECT_RC(RC_OK, ticket_say(tx, ARENA, &w->writer, LATER(4), n, &m, SEEN_NOT, &id, ERR));
	EXPECT_EQ("automatic mail changes no state", world_ticket(t, tx, w, n).state, STATE_WAITING);
	m.automatic = false;
	EXPECT_RC(RC_OK, ticket_say(tx, ARENA, &w->writer, LATER(5), n, &m, SEEN_NOT, &id, ERR));
	EXPECT_EQ("the customer's answer ends the waiting", world_ticket(t, tx, w, n).state, STATE_OPEN);
	m.then = STATE_WAITING;
	EXPECT_RC(RC_DENIED, ticket_say(tx, ARENA, &w->writer, LATER(5), n, &m, SEEN_NOT, &id, ERR));
	EXPECT_RC(RC_DENIED, world_say(t, tx, &w->writer, LATER(5), n, "secret", true));
	EXPECT_RC(RC_DENIED, world_say(t, tx, &w->reader, LATER(5), n, "hello", false));
	EXPECT_RC(RC_DENIED, world_say(t, tx, &w->token_read, LATER(5), n, "hello", false));
	EXPECT_RC(RC_INVALID, world_say(t, tx, &w->writer, LATER(5), n, "", false));
	/* A person without a contact of its own, whom an agent accepted: the program files for it. */
	struct actor program = w->desk;

	program.name = STR("A colleague");
	EXPECT_RC(RC_OK,
	          ticket_set_state(tx, ARENA, &w->ann, LATER(6), n, STATE_WAITING, WAITING_OTHERS, SEEN_NOT, ERR));
	m = (struct message_new){ .text = STR("Here it is."),
		                  .channel = CHANNEL_MAIL,
		                  .author_email = STR("colleague@alpha.example") };
	EXPECT_RC(RC_OK, ticket_say(tx, ARENA, &program, LATER(7), n, &m, SEEN_NOT, &id, ERR));
	EXPECT_EQ("is the customer's side", world_ticket(t, tx, w, n).state, STATE_OPEN);
}

TEST_EACH_DB(ticket_say_story)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, says);
}

static void desk_changes(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t n = world_open(t, tx, &w->writer, 3, "Videos stop"), events;
	struct ticket x;

	EXPECT_RC(RC_OK, ticket_assign(tx, ARENA, &w->ann, LATER(1), n, w->ben.agent, SEEN_NOT, ERR));
	x = world_ticket(t, tx, w, n);
	EXPECT_STR("given to the other one", x.assignee_name, "ben");
	EXPECT("the event names both",
	       str_find(world_last_data(t, tx, n, EV_ASSIGNED), STR("\"from\":null,\"to\":\"ben\"")) != STR_NONE);
	events = world_events(t, tx, n, "");
	EXPECT_RC(RC_OK, ticket_assign(tx, ARENA, &w->ann, LATER(2), n, w->ben.agent, SEEN_NOT, ERR));
	EXPECT_EQ("no change, no event", world_events(t, tx, n, ""), events);
	EXPECT_RC(RC_INVALID, ticket_assign(tx, ARENA, &w->ann, LATER(2), n, (struct agent_id){ 99 }, SEEN_NOT, ERR));
	EXPECT_RC(RC_DENIED, ticket_assign(tx, ARENA, &w->boss, LATER(2), n, w->ben.agent, SEEN_NOT, ERR));
	EXPECT_RC(RC_OK, ticket_assign(tx, ARENA, &w->ann, LATER(2), n, (struct agent_id){ 0 }, SEEN_NOT, ERR));
	EXPECT_EQ("to nobody", world_ticket(t, tx, w, n).assignee.v, 0);

	EXPECT_RC(RC_OK,
	          ticket_set_state(tx, ARENA, &w->ann, LATER(3), n, STATE_WAITING, WAITING_OTHERS, SEEN_NOT, ERR));
	x = world_ticket(t, tx, w, n);
	EXPECT("waiting for others", x.state == STATE_WAITING && x.waiting_for == WAITING_OTHERS);
	EXPECT_RC(RC_OK, ticket_set_state(tx, ARENA, &w->ann, LATER(4), n, STATE_NEW, 0, SEEN_NOT, ERR));
	EXPECT_EQ("and new again", world_ticket(t, tx, w, n).waiting_for, 0);
	EXPECT_RC(RC_INVALID, ticket_set_state(tx, ARENA, &w->ann, LATER(4), n, STATE_RESOLVED, 0, SEEN_NOT, ERR));
	EXPECT_RC(RC_INVALID, ticket_set_state(tx, ARENA, &w->ann, LATER(4), n, STATE_WAITING, 0, SEEN_NOT, ERR));
	EXPECT_RC(RC_DENIED, ticket_set_state(tx, ARENA, &w->boss, LATER(4), n, STATE_OPEN, 0, SEEN_NOT, ERR));

	struct ticket_fields f = { .subject = STR("Videos stop at once"),
		                   .course = STR("course-v1:Org C2 R1"),
		                   .link = STR("") };

	EXPECT_RC(RC_OK, ticket_edit(tx, ARENA, &w->ann, LATER(5), n, &f, SEEN_NOT, ERR));
	x = world_ticket(t, tx, w, n);
	EXPECT_STR("the new subject", x.subject, "Videos stop at once");
	EXPECT_STR("a course with lost plus signs is mended", x.course, "course-v1:Org+C2+R1");
	EXPECT("what did not change is not told",
	       str_find(world_last_data(t, tx, n, EV_FIELDS), STR("link")) == STR_NONE);
	EXPECT_RC(RC_OK, ticket_edit(tx, ARENA, &w->ann, LATER(6), n, &(struct ticket_fields){ .course = STR("") },
	                             SEEN_NOT, ERR));
	EXPECT("emptied", str_null(world_ticket(t, tx, w, n).course));
	EXPECT_RC(RC_INVALID, ticket_edit(tx, ARENA, &w->ann, LATER(6), n,
	                                  &(struct ticket_fields){ .subject = STR("") }, SEEN_NOT, ERR));
	EXPECT_RC(RC_INVALID, ticket_edit(tx, ARENA, &w->ann, LATER(6), n,
	                                  &(struct ticket_fields){ .wanted_on = STR("2027-01-01") }, SEEN_NOT, ERR));
	EXPECT_RC(RC_DENIED, ticket_edit(tx, ARENA, &w->boss, LATER(6), n, &f, SEEN_NOT, ERR));

	EXPECT_RC(RC_OK,
	          ticket_accept_participant(tx, ARENA, &w->ann, LATER(7), n, STR("Aunt@Else.example"), true, ERR));
	EXPECT_EQ("told to the desk", world_events(t, tx, n, EV_PARTICIPANT), 1);
	EXPECT_RC(RC_DENIED,
	          ticket_accept_participant(tx, ARENA, &w->writer, LATER(7), n, STR("x@else.example"), true, ERR));
	EXPECT_RC(RC_INVALID, ticket_accept_participant(tx, ARENA, &w->ann, LATER(7), n, STR("nonsense"), true, ERR));
	EXPECT_RC(RC_INVALID, ticket_accept_participant(tx, ARENA, &w->ann, LATER(7), n, STR("a,b<c@else.example"), true, ERR));
	EXPECT_RC(RC_INVALID, ticket_accept_participant(tx, ARENA, &w->ann, LATER(7), n, STR("\"a b\"@else.example"), true, ERR));
}

TEST_EACH_DB(ticket_desk_changes)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, desk_changes);
}

static void grading(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t n = world_open(t, tx, &w->writer, 2, "Videos stop"),
	        r = world_open(t, tx, &w->writer, 0, "A new course");
	struct ticket x;

	EXPECT_RC(RC_INVALID, ticket_set_criticality(tx, ARENA, &w->ann, LATER(1), n, 4, STR(" "), SEEN_NOT, ERR));
	EXPECT_STR("a reason is due", str_of(t->err.field), "reason");
	EXPECT_RC(RC_OK,
	          ticket_set_criticality(tx, ARENA, &w->ann, LATER(1), n, 4, STR("One course only"), SEEN_NOT, ERR));
	x = world_ticket(t, tx, w, n);
	EXPECT_EQ("regraded", x.criticality, 4);
	EXPECT_EQ("the claim stays", x.claimed, 2);
	EXPECT_STR("told with the reason", world_last_data(t, tx, n, EV_CRITICALITY),
	           "{\"from\":2,\"to\":4,\"reason\":\"One course only\"}");
	EXPECT_RC(RC_INVALID, ticket_set_criticality(tx, ARENA, &w->ann, LATER(1), n, 5, STR("x"), SEEN_NOT, ERR));
	EXPECT_RC(RC_INVALID, ticket_set_criticality(tx, ARENA, &w->ann, LATER(1), r, 2, STR("x"), SEEN_NOT, ERR));
	EXPECT_RC(RC_DENIED, ticket_set_criticality(tx, ARENA, &w->boss, LATER(1), n, 1, STR("please"), SEEN_NOT, ERR));

	EXPECT_RC(RC_OK, ticket_set_complexity(tx, ARENA, &w->ann, LATER(2), r, 2, STR_NULL, SEEN_NOT, ERR));
	EXPECT_RC(RC_OK, ticket_set_priority(tx, ARENA, &w->ann, LATER(2), r, 1, STR("Term starts"), SEEN_NOT, ERR));
	x = world_ticket(t, tx, w, r);
	EXPECT("estimated and ranked", x.complexity == 2 && x.priority == 1);
	EXPECT_STR("the first estimate comes from none", world_last_data(t, tx, r, EV_COMPLEXITY),
	           "{\"from\":null,\"to\":2,\"reason\":\"\"}");
	EXPECT_EQ("told", world_events(t, tx, r, EV_PRIORITY), 1);
	EXPECT_RC(RC_INVALID, ticket_set_complexity(tx, ARENA, &w->ann, LATER(2), n, 2, STR_NULL, SEEN_NOT, ERR));
	EXPECT_RC(RC_INVALID, ticket_set_priority(tx, ARENA, &w->ann, LATER(2), n, 2, STR_NULL, SEEN_NOT, ERR));
	EXPECT_RC(RC_INVALID, ticket_set_complexity(tx, ARENA, &w->ann, LATER(2), r, 4, STR_NULL, SEEN_NOT, ERR));
	EXPECT_RC(RC_DENIED, ticket_set_priority(tx, ARENA, &w->boss, LATER(2), r, 1, STR_NULL, SEEN_NOT, ERR));
}

static void converting(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t n = world_open(t, tx, &w->writer, 2, "Is it down?"), before;
	struct ticket x;
	struct ticket_view v;

	EXPECT("flagged", world_ticket(t, tx, w, n).not_phoned);
	EXPECT_RC(RC_OK, world_say(t, tx, &w->ann, LATER(1), n, "We look.", false));
	before = world_events(t, tx, n, "");
	EXPECT_RC(RC_INVALID, ticket_convert(tx, ARENA, &w->ann, LATER(2), n,
	                                     &(struct ticket_convert){ .to = TICKET_REQUEST }, SEEN_NOT, ERR));
	EXPECT_RC(RC_OK, ticket_convert(tx, ARENA, &w->ann, LATER(2), n,
	                                &(struct ticket_convert){
	                                        .to = TICKET_REQUEST, .complexity = 1, .reason = STR("A question") },
	                                SEEN_NOT, ERR));
	x = world_ticket(t, tx, w, n);
	EXPECT("a request without criticality",
	       x.kind == TICKET_REQUEST && !x.criticality && x.priority == 3 && x.complexity == 1 && !x.not_phoned);
	EXPECT_EQ("the claim stays", x.claimed, 2);
	EXPECT_RC(RC_CONFLICT, ticket_convert(tx, ARENA, &w->ann, LATER(2), n,
	                                      &(struct ticket_convert){ .to = TICKET_REQUEST, .reason = STR("again") },
	                                      SEEN_NOT, ERR));
	EXPECT_RC(RC_OK, ticket_edit(tx, ARENA, &w->ann, LATER(3), n,
	                             &(struct ticket_fields){ .wanted_on = STR("2027-01-01") }, SEEN_NOT, ERR));
	EXPECT_RC(RC_INVALID,
	          ticket_convert(tx, ARENA, &w->ann, LATER(4), n,
	                         &(struct ticket_convert){ .to = TICKET_INCIDENT, .reason = STR("It is down") },
	                         SEEN_NOT, ERR));
	EXPECT_RC(RC_OK, ticket_convert(tx, ARENA, &w->ann, LATER(4), n,
	                                &(struct ticket_convert){
	                                        .to = TICKET_INCIDENT, .criticality = 1, .reason = STR("It is down") },
	                                SEEN_NOT, ERR));
	x = world_ticket(t, tx, w, n);
	EXPECT("an incident again, of nothing else", x.kind == TICKET_INCIDENT && x.criticality == 1 && !x.priority &&
	                                                     !x.complexity && str_null(x.wanted_on));
	EXPECT_EQ("the claim still", x.claimed, 2);
	EXPECT("what the row lost is in the log",
	       str_find(world_last_data(t, tx, n, EV_KIND), STR("2027-01-01")) != STR_NONE);
	EXPECT_RC(RC_OK, ticket_view(tx, ARENA, &w->ann, n, &v, ERR));
	EXPECT_EQ("all that was said is there", v.n_messages, 2);
	EXPECT_EQ("and all that happened", v.n_events, before + 3);
	EXPECT_RC(RC_DENIED,
	          ticket_convert(tx, ARENA, &w->boss, LATER(4), n,
	                         &(struct ticket_convert){ .to = TICKET_REQUEST, .reason = STR("x") }, SEEN_NOT, ERR));
}

DB_QUERY(q_bad_kind, "test.ticket_kind",
         "UPDATE ticket SET criticality = :criticality, complexity = :complexity, priority = :priority, wanted_on = "
         ":wanted_on WHERE number = :number");
DB_QUERY(q_bad_state, "test.ticket_state",
         "UPDATE ticket SET state = :state, waiting_for = :waiting WHERE number = :number");

static void schema(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t incident_no = world_open(t, tx, &w->writer, 3, "i"), request_no = world_open(t, tx, &w->writer, 0, "r");
	struct {
		int64_t number, criticality, complexity, priority;
		struct str wanted;
	} bad[] = {
		{incident_no,  0, 0, 0, STR_NULL         },
                { incident_no, 3, 1, 0, STR_NULL         },
		{ incident_no, 3, 0, 2, STR_NULL         },
                { incident_no, 3, 0, 0, STR("2027-01-01")},
		{ request_no,  3, 0, 3, STR_NULL         },
                { request_no,  0, 1, 0, STR_NULL         },
		{ request_no,  0, 0, 5, STR_NULL         },
                { incident_no, 5, 0, 0, STR_NULL         },
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		EXPECT_RC(RC_CONFLICT,
		          db_exec(tx, &q_bad_kind,
		                  DB_ARGS(db_i64("number", bad[i].number), db_id("criticality", bad[i].criticality),
		                          db_id("complexity", bad[i].complexity), db_id("priority", bad[i].priority),
		                          db_str("wanted_on", bad[i].wanted)),
		                  NULL, ERR));
	EXPECT_RC(RC_CONFLICT,
	          db_exec(tx, &q_bad_state,
	                  DB_ARGS(db_i64("number", incident_no), db_i64("state", 3), db_id("waiting", 0)), NULL, ERR));
	EXPECT_RC(RC_CONFLICT,
	          db_exec(tx, &q_bad_state,
	                  DB_ARGS(db_i64("number", incident_no), db_i64("state", 2), db_id("waiting", 1)), NULL, ERR));
	EXPECT_RC(RC_CONFLICT,
	          db_exec(tx, &q_bad_state,
	                  DB_ARGS(db_i64("number", incident_no), db_i64("state", 4), db_id("waiting", 0)), NULL, ERR));
}

TEST_EACH_DB(ticket_kinds)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, grading);
	world_run(t, &w, converting);
	world_run(t, &w, schema);
}

static void ending(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t n = world_open(t, tx, &w->writer, 3, "Videos stop"), days = REOPEN_DAYS * DAY_US;
	struct ticket x;
	size_t closed = 9;

	EXPECT_RC(RC_CONFLICT, ticket_confirm(tx, ARENA, &w->writer, LATER(1), n, ERR));
	EXPECT_RC(RC_CONFLICT, ticket_reopen(tx, ARENA, &w->writer, LATER(1), n, STR("x"), ERR));
	EXPECT_RC(RC_CONFLICT, ticket_rate(tx, ARENA, &w->writer, LATER(1), n, 3, STR_NULL, ERR));
	EXPECT_RC(RC_INVALID, ticket_resolve(tx, ARENA, &w->ann, LATER(1), n, STR(""), SEEN_NOT, ERR));
	EXPECT_RC(RC_DENIED, ticket_resolve(tx, ARENA, &w->boss, LATER(1), n, STR("x"), SEEN_NOT, ERR));
	EXPECT_RC(RC_OK, ticket_resolve(tx, ARENA, &w->ann, NOW, n, STR("A cache was full."), SEEN_NOT, ERR));
	x = world_ticket(t, tx, w, n);
	EXPECT("resolved, which is an answer too",
	       x.state == STATE_RESOLVED && x.resolved_at.us == NOW.us && x.responded_at.us == NOW.us);
	EXPECT_STR("with its resolution", x.resolution, "A cache was full.");
	EXPECT_RC(RC_CONFLICT, ticket_resolve(tx, ARENA, &w->ann, LATER(1), n, STR("again"), SEEN_NOT, ERR));
	EXPECT_RC(RC_CONFLICT, ticket_set_state(tx, ARENA, &w->ann, LATER(1), n, STATE_OPEN, 0, SEEN_NOT, ERR));
	EXPECT_RC(RC_DENIED, ticket_confirm(tx, ARENA, &w->ann, LATER(1), n, ERR));
	EXPECT_RC(RC_DENIED, ticket_confirm(tx, ARENA, &w->reader, LATER(1), n, ERR));
	EXPECT_RC(RC_OK, ticket_confirm(tx, ARENA, &w->writer, LATER(1), n, ERR));
	EXPECT_RC(RC_OK, ticket_confirm(tx, ARENA, &w->writer, LATER(2), n, ERR));
	EXPECT_EQ("confirmed once", world_events(t, tx, n, EV_CONFIRMED), 1);
	EXPECT_RC(RC_INVALID, ticket_rate(tx, ARENA, &w->writer, LATER(2), n, 4, STR_NULL, ERR));
	EXPECT_RC(RC_OK, ticket_rate(tx, ARENA, &w->writer, LATER(2), n, 3, STR("Quick"), ERR));
	x = world_ticket(t, tx, w, n);
	EXPECT("rated", x.rating == 3 && str_is(x.rating_comment, "Quick"));
	EXPECT_RC(RC_DENIED, ticket_rate(tx, ARENA, &w->ann, LATER(2), n, 3, STR_NULL, ERR));

	EXPECT_RC(RC_OK, ticket_reopen(tx, ARENA, &w->writer, LATER(days), n, STR("Again so"), ERR));
	x = world_ticket(t, tx, w, n);
	EXPECT("the last moment still reopens, and nothing of the end is left",
	       x.state == STATE_OPEN && !time_is_set(x.resolved_at) && !time_is_set(x.confirmed_at) &&
	               str_null(x.resolution));
	EXPECT_RC(RC_OK, ticket_resolve(tx, ARENA, &w->ann, NOW, n, STR("Now it is."), SEEN_NOT, ERR));
	EXPECT_RC(RC_OK, world_say(t, tx, &w->writer, LATER(days - 1), n, "No.", false));
	EXPECT_EQ("a message reopens as well", world_ticket(t, tx, w, n).state, STATE_OPEN);
	EXPECT_EQ("told", world_events(t, tx, n, EV_REOPENED), 2);
	EXPECT_RC(RC_OK, ticket_resolve(tx, ARENA, &w->ann, NOW, n, STR("Now."), SEEN_NOT, ERR));
	t->err = (struct err){ 0 };
	EXPECT_RC(RC_CONFLICT, ticket_reopen(tx, ARENA, &w->writer, LATER(days + 1), n, STR("x"), ERR));
	EXPECT_STR("later it is closed", str_of(t->err.code), "closed");
	EXPECT("and says what to do", strstr(t->err.text, "open a new ticket") != NULL);
	EXPECT_RC(RC_CONFLICT, world_say(t, tx, &w->writer, LATER(days + 1), n, "x", false));
	EXPECT_RC(RC_CONFLICT, ticket_reopen(tx, ARENA, &w->ann, LATER(days + 1), n, STR("x"), ERR));

	EXPECT_RC(RC_OK, ticket_close_due(tx, ARENA, LATER(days - 1), 100, &closed, ERR));
	EXPECT_EQ("not a moment early", closed, 0);
	EXPECT_RC(RC_OK, ticket_close_due(tx, ARENA, LATER(days), 100, &closed, ERR));
	EXPECT_EQ("in time", closed, 1);
	x = world_ticket(t, tx, w, n);
	EXPECT("closed", x.state == STATE_CLOSED && x.closed_at.us == LATER(days).us);
	EXPECT_EQ("told", world_events(t, tx, n, EV_CLOSED), 1);
	EXPECT_RC(RC_OK, ticket_close_due(tx, ARENA, LATER(2 * days), 100, &closed, ERR));
	EXPECT_EQ("once", closed, 0);
	EXPECT_RC(RC_CONFLICT, world_say(t, tx, &w->writer, LATER(days), n, "x", false));
	EXPECT_RC(RC_CONFLICT, world_say(t, tx, &w->ann, LATER(days), n, "x", false));
	EXPECT_RC(RC_OK, world_say(t, tx, &w->ann, LATER(days), n, "seen again", true));
	EXPECT_RC(RC_CONFLICT, ticket_assign(tx, ARENA, &w->ann, LATER(days), n, w->ben.agent, SEEN_NOT, ERR));
	EXPECT_RC(RC_CONFLICT, ticket_ask_callback(tx, ARENA, &w->writer, LATER(days), n, STR("+57 1 555 0100"), ERR));
}

static void callbacks(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t n = world_open(t, tx, &w->writer, 3, "Videos stop");

	EXPECT_RC(RC_CONFLICT, ticket_callback_done(tx, ARENA, &w->ann, LATER(1), n, ERR));
	EXPECT_RC(RC_INVALID, ticket_ask_callback(tx, ARENA, &w->writer, LATER(1), n, STR("x"), ERR));
	EXPECT_RC(RC_OK, ticket_ask_callback(tx, ARENA, &w->writer, LATER(1), n, STR("(601) 555-0100"), ERR));
	EXPECT_RC(RC_CONFLICT, ticket_ask_callback(tx, ARENA, &w->boss, LATER(2), n, STR("+57 1 555 0101"), ERR));
	EXPECT_EQ("one wish at a time", world_ticket(t, tx, w, n).callback_at.us, LATER(1).us);
	EXPECT_RC(RC_DENIED, ticket_callback_done(tx, ARENA, &w->writer, LATER(3), n, ERR));
	EXPECT_RC(RC_OK, ticket_callback_done(tx, ARENA, &w->ann, LATER(3), n, ERR));
	EXPECT_EQ("done", world_ticket(t, tx, w, n).callback_at.us, 0);
	EXPECT_EQ("asked and done", world_events(t, tx, n, EV_CALLBACK), 2);
	EXPECT_RC(RC_OK, ticket_ask_callback(tx, ARENA, &w->writer, LATER(4), n, STR("+57 1 555 0101"), ERR));
}

TEST_EACH_DB(ticket_ending)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, ending);
	world_run(t, &w, callbacks);
}

static void stale(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t n = world_open(t, tx, &w->writer, 3, "Videos stop");
	struct event_id seen = world_ticket(t, tx, w, n).last_event;
	struct message_new m = { .text = STR("Mine."), .channel = CHANNEL_FORM };
	struct message_id id;
	struct ticket_view v;

	EXPECT_RC(RC_OK, ticket_say(tx, ARENA, &w->ann, LATER(1), n, &m, seen, &id, ERR));
	t->err = (struct err){ 0 };
	EXPECT_RC(RC_CONFLICT, ticket_say(tx, ARENA, &w->ben, LATER(2), n, &m, seen, &id, ERR));
	EXPECT_STR("the second agent is told", str_of(t->err.code), "stale");
	EXPECT_RC(RC_CONFLICT, ticket_resolve(tx, ARENA, &w->ben, LATER(2), n, STR("done"), seen, ERR));
	EXPECT_RC(RC_OK, ticket_say(tx, ARENA, &w->ann, LATER(2), n, &m, seen, &id, ERR));
	EXPECT_RC(RC_OK, ticket_view(tx, ARENA, &w->ben, n, &v, ERR));
	EXPECT_EQ("nothing of the refused ones was kept", v.n_messages, 3);
	EXPECT_RC(RC_OK, ticket_say(tx, ARENA, &w->ben, LATER(3), n, &m, v.t.last_event, &id, ERR));

	EXPECT_RC(RC_OK, ticket_view(tx, ARENA, &w->writer, n, &v, ERR));
	seen = v.t.last_event;
	EXPECT_RC(RC_OK, world_say(t, tx, &w->ann, LATER(4), n, "not for the customer", true));
	EXPECT_RC(RC_OK, ticket_view(tx, ARENA, &w->writer, n, &v, ERR));
	EXPECT_EQ("a note does not show in the customer's version", v.t.last_event.v, seen.v);
	EXPECT_RC(RC_OK, ticket_say(tx, ARENA, &w->writer, LATER(5), n, &m, seen, &id, ERR));
	EXPECT_RC(RC_OK, world_say(t, tx, &w->ann, LATER(6), n, "for the customer", false));
	EXPECT_RC(RC_CONFLICT, ticket_say(tx, ARENA, &w->writer, LATER(7), n, &m, seen, &id, ERR));
}

TEST_EACH_DB(ticket_stale)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, stale);
}

DB_QUERY(q_disable, "test.disable_contact", "UPDATE contact SET disabled_at = 1 WHERE id = :id");

static void participants(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t n = world_open(t, tx, &w->writer, 3, "Videos stop"), other = world_open(t, tx, &w->boss, 3, "Other");
	struct ticket_id id = world_ticket(t, tx, w, n).id, id2 = world_ticket(t, tx, w, other).id, found = { 0 };
	struct recipient *r;
	size_t count;
	static const struct {
		const char *email;
		enum participant_kind want;
	} row[] = {
		{"Writer@Alpha.example", PART_REQUESTER},
                { "ann@desk.example",    PART_AGENT    },
		{ "aunt@else.example",   PART_MENTIONED},
                { "friend@else.example", PART_ACCEPTED },
		{ "boss@alpha.example",  PART_STRANGER },
                { "any@else.example",    PART_STRANGER },
	};

	EXPECT_RC(RC_OK, ticket_mention(tx, id, STR("Aunt@else.example"), (struct contact_id){ 0 }, ERR));
	EXPECT_RC(RC_OK, ticket_mention(tx, id, STR("friend@else.example"), (struct contact_id){ 0 }, ERR));
	EXPECT_RC(RC_OK, ticket_accept_participant(tx, ARENA, &w->ann, NOW, n, STR("friend@else.example"), true, ERR));
	EXPECT_RC(RC_OK, ticket_mention(tx, id, STR("friend@else.example"), (struct contact_id){ 0 }, ERR));
	EXPECT_RC(RC_INVALID, ticket_mention(tx, id, STR("no address"), (struct contact_id){ 0 }, ERR));
	for (size_t i = 0; i < COUNT(row); i++) {
		enum participant_kind kind = 99;

		EXPECT_RC(RC_OK, ticket_participant(tx, id, str_of(row[i].email), &kind, ERR));
		EXPECT_EQ(row[i].email, kind, row[i].want);
	}
	EXPECT_RC(RC_OK, ticket_accept_participant(tx, ARENA, &w->ann, NOW, n, STR("boss@alpha.example"), true, ERR));
	EXPECT_RC(RC_OK, ticket_accept_participant(tx, ARENA, &w->ann, NOW, n, STR("writer@alpha.example"), true, ERR));
	EXPECT_RC(RC_OK, ticket_recipients(tx, ARENA, id, &r, &count, ERR));
	EXPECT_EQ("requester and two accepted ones; nobody twice, nobody who is only mentioned", count, 3);
	EXPECT_STR("the requester first", count ? r[0].email : STR(""), "writer@alpha.example");
	EXPECT_STR("a contact by name", count > 1 ? r[1].name : STR(""), "boss");
	EXPECT_STR("a stranger in the account's language", count > 2 ? r[2].lang : STR(""), "es");
	EXPECT_RC(RC_OK, ticket_accept_participant(tx, ARENA, &w->ann, NOW, n, STR("friend@else.example"), false, ERR));
	EXPECT_RC(RC_OK, ticket_recipients(tx, ARENA, id, &r, &count, ERR));
	EXPECT_EQ("one less", count, 2);
	EXPECT_RC(RC_OK, db_exec(tx, &q_disable, DB_ARGS(db_i64("id", w->writer.contact.v)), NULL, ERR));
	EXPECT_RC(RC_OK, ticket_recipients(tx, ARENA, id, &r, &count, ERR));
	EXPECT_EQ("a disabled requester gets nothing", count, 1);

	EXPECT_RC(RC_NOT_FOUND, mail_ref_find(tx, STR("a@b"), &found, ERR));
	EXPECT_RC(RC_OK, mail_ref_add(tx, STR("a@b"), id, ERR));
	EXPECT_RC(RC_OK, mail_ref_add(tx, STR("a@b"), id, ERR));
	EXPECT_RC(RC_OK, mail_ref_find(tx, STR("a@b"), &found, ERR));
	EXPECT_EQ("found", found.v, id.v);
	EXPECT_RC(RC_OK, mail_ref_add(tx, STR("a@b"), id2, ERR));
	EXPECT_RC(RC_NOT_FOUND, mail_ref_find(tx, STR("a@b"), &found, ERR));
}

TEST_EACH_DB(ticket_participants)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, participants);
}

DB_QUERY(q_outmail, "test.outmail",
         "INSERT INTO outmail (ticket_id, message_ref, kind, automatic, from_name, from_addr, to_name, to_addr, "
         "message_id, subject, text, state, next_at, created_at)"
         " VALUES (:ticket, :message, 'reply', 0, '', '', '', 'writer@alpha.example', :mid, '', '', 2, 0, 1)");

static void viewing(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t n = world_open(t, tx, &w->writer, 3, "Videos stop");
	struct new_attachment file = { STR("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
		                       STR("log.txt"), STR("text/plain"), STR_NULL, 5 };
	struct message_new m = {
		.text = STR("See."), .channel = CHANNEL_FORM, .attachments = &file, .n_attachments = 1
	};
	struct message_id id = { 0 };
	struct ticket_view v;
	uint64_t before;

	for (int i = 0; i < TICKET_VIEW_MESSAGES + 5; i++) {
		EXPECT_RC(RC_OK,
		          ticket_say(tx, ARENA, i % 2 ? &w->ann : &w->writer, LATER(i), n, &m, SEEN_NOT, &id, ERR));
		if (i % 20 == 1)
			EXPECT_RC(RC_OK,
			          db_exec(tx, &q_outmail,
			                  DB_ARGS(db_i64("ticket", world_ticket(t, tx, w, n).id.v),
			                          db_i64("message", id.v), db_str("mid", arena_strf(ARENA, "m%d", i))),
			                  NULL, ERR));
	}
	before = db_statements();
	EXPECT_RC(RC_OK, ticket_view(tx, ARENA, &w->ann, n, &v, ERR));
	EXPECT("at most six queries for an agent", db_statements() - before <= 6);
	EXPECT_EQ("the newest messages", v.n_messages, TICKET_VIEW_MESSAGES);
	EXPECT("and there are older ones", v.has_older);
	EXPECT_EQ("the newest last", v.messages[v.n_messages - 1].id.v, id.v);
	size_t files = 0, deliveries = 0;

	for (size_t i = 0; i < v.n_messages; i++) {
		files += v.messages[i].n_attachments == 1 &&
		         v.messages[i].attachments[0].message.v == v.messages[i].id.v;
		deliveries += v.messages[i].n_deliveries;
		EXPECT("in order", i == 0 || v.messages[i].id.v > v.messages[i - 1].id.v);
	}
	EXPECT_EQ("each with its file", files, TICKET_VIEW_MESSAGES);
	EXPECT_EQ("deliveries of those that are shown", deliveries, 10);
	EXPECT("an agent sees the address", str_is(v.messages[v.n_messages - 1].email, "writer@alpha.example"));
	before = db_statements();
	EXPECT_RC(RC_OK, ticket_view(tx, ARENA, &w->writer, n, &v, ERR));
	EXPECT("at most six for a customer", db_statements() - before <= 6);
	for (size_t i = 0; i < v.n_messages; i++)
		EXPECT("no deliveries, no addresses for customers",
		       v.messages[i].n_deliveries == 0 && str_null(v.messages[i].email));
}

TEST_EACH_DB(ticket_view_story)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, viewing);
}

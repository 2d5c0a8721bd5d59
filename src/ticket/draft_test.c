/* Drafts: kept for their owner alone, sent once with their files and number, prepared for a call. */
#include "ticket/ticket_world.h"
#include "util/crypt.h"

#define ARENA      (&t->arena)
#define ERR        (&t->err)
#define NEW_TICKET ((struct ticket_id){ 0 })

static const struct new_attachment file = {
	STR_INIT("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
	STR_INIT("shot.png"),
	STR_INIT("image/png"),
	{NULL, 0},
	7
};

static void keeping(struct test *t, struct db_tx *tx, struct world *w)
{
	struct draft_id id, again;
	struct draft d;
	struct attachment a, b;

	EXPECT_RC(RC_NOT_FOUND, draft_find(tx, ARENA, &w->writer, DRAFT_TICKET, NEW_TICKET, &d, ERR));
	EXPECT_RC(RC_OK,
	          draft_save(tx, &w->writer, NOW, DRAFT_TICKET, NEW_TICKET, STR("{\"subject\":\"a\"}"), &id, ERR));
	EXPECT_RC(RC_OK, draft_save(tx, &w->writer, LATER(1), DRAFT_TICKET, NEW_TICKET, STR("{\"subject\":\"b\"}"),
	                            &again, ERR));
	EXPECT_EQ("one a person and purpose", again.v, id.v);
	EXPECT_RC(RC_OK, draft_attach(tx, ARENA, &w->writer, LATER(2), id, &file, &a, ERR));
	EXPECT_RC(RC_OK, draft_attach(tx, ARENA, &w->writer, LATER(2), id, &file, &b, ERR));
	EXPECT_RC(RC_OK, draft_find(tx, ARENA, &w->writer, DRAFT_TICKET, NEW_TICKET, &d, ERR));
	EXPECT_STR("the newest", d.data, "{\"subject\":\"b\"}");
	EXPECT_EQ("with its files", d.n_attachments, 2);
	EXPECT_EQ("touched by the last upload", d.updated_at.us, LATER(2).us);
	EXPECT_RC(RC_OK, attachment_find(tx, ARENA, &w->writer, a.token, &b, ERR));
	EXPECT_EQ("the owner looks at a file", b.id.v, a.id.v);

	/* Everybody else: not even an agent, a manager, or the same number of another kind of person. */
	struct actor twin = { .kind = ACTOR_AGENT, .agent = { w->writer.contact.v } };
	const struct actor *others[] = { &w->boss, &w->stranger, &w->ann, &twin };

	for (size_t i = 0; i < COUNT(others); i++) {
		EXPECT_RC(RC_NOT_FOUND, draft_find(tx, ARENA, others[i], DRAFT_TICKET, NEW_TICKET, &d, ERR));
		EXPECT_RC(RC_NOT_FOUND, draft_attach(tx, ARENA, others[i], NOW, id, &file, &b, ERR));
		EXPECT_RC(RC_NOT_FOUND, draft_detach(tx, others[i], id, a.token, ERR));
		EXPECT_RC(RC_NOT_FOUND, draft_drop(tx, others[i], id, ERR));
		EXPECT_RC(RC_NOT_FOUND, attachment_find(tx, ARENA, others[i], a.token, &b, ERR));

		int64_t number;
		struct str pin;

		EXPECT_RC(RC_NOT_FOUND,
		          draft_prepare_call(tx, ARENA, others[i], NOW, id, STR("k"), &number, &pin, ERR));
	}
	struct ticket_new n = { .account = w->a,
		                .kind = TICKET_REQUEST,
		                .channel = CHANNEL_FORM,
		                .subject = STR("x"),
		                .text = STR("x"),
		                .draft = id };
	struct ticket_opened o;

	EXPECT_RC(RC_NOT_FOUND, ticket_open(tx, ARENA, &w->boss, NOW, &n, &o, ERR));
	EXPECT_STR("nobody sends another one's draft (S-33)", str_of(t->err.code), "draft-gone");
	EXPECT_RC(RC_NOT_FOUND, draft_resave(tx, &w->boss, NOW, id, STR("{}"), ERR));
	EXPECT_RC(RC_NOT_FOUND, draft_resave(tx, &w->writer, NOW, (struct draft_id){ 424242 }, STR("{}"), ERR));
	EXPECT_RC(RC_NOT_FOUND, draft_find(tx, ARENA, &w->boss, DRAFT_TICKET, NEW_TICKET, &d, ERR));
	EXPECT_RC(RC_DENIED, draft_save(tx, &w->token_a, NOW, DRAFT_TICKET, NEW_TICKET, STR("{}"), &again, ERR));
	EXPECT_RC(RC_INVALID, draft_save(tx, &w->writer, NOW, DRAFT_TICKET, NEW_TICKET, STR("[]"), &again, ERR));
	EXPECT_RC(RC_INVALID, draft_save(tx, &w->writer, NOW, DRAFT_REPLY, NEW_TICKET, STR("{}"), &again, ERR));
	EXPECT_RC(RC_OK, draft_detach(tx, &w->writer, id, a.token, ERR));
	EXPECT_RC(RC_NOT_FOUND, draft_detach(tx, &w->writer, id, a.token, ERR));
	for (int i = 1; i < 20; i++)
		EXPECT_RC(RC_OK, draft_attach(tx, ARENA, &w->writer, NOW, id, &file, &a, ERR));
	EXPECT_RC(RC_LIMIT, draft_attach(tx, ARENA, &w->writer, NOW, id, &file, &b, ERR));
	EXPECT_RC(RC_OK, draft_drop(tx, &w->writer, id, ERR));
	EXPECT_RC(RC_NOT_FOUND, draft_find(tx, ARENA, &w->writer, DRAFT_TICKET, NEW_TICKET, &d, ERR));
	EXPECT_RC(RC_NOT_FOUND, attachment_find(tx, ARENA, &w->writer, a.token, &b, ERR));
}

static void sending(struct test *t, struct db_tx *tx, struct world *w)
{
	struct draft_id id;
	struct draft d;
	struct attachment a, found;
	int64_t number = 0, same = 0;
	struct str pin, second;
	struct ticket_opened o;
	struct ticket_view v;

	EXPECT_RC(RC_OK, draft_save(tx, &w->writer, NOW, DRAFT_TICKET, NEW_TICKET, STR("{}"), &id, ERR));
	EXPECT_RC(RC_OK, draft_attach(tx, ARENA, &w->writer, NOW, id, &file, &a, ERR));
	EXPECT_RC(RC_OK, draft_prepare_call(tx, ARENA, &w->writer, NOW, id, STR("key"), &number, &pin, ERR));
	EXPECT("a number and six digits", number > 1000 && pin.n == 6);
	EXPECT_RC(RC_OK, draft_prepare_call(tx, ARENA, &w->writer, LATER(1), id, STR("key"), &same, &second, ERR));
	EXPECT_EQ("one number", same, number);
	EXPECT("another PIN", !str_eq(pin, second));
	EXPECT_RC(RC_OK, draft_find(tx, ARENA, &w->writer, DRAFT_TICKET, NEW_TICKET, &d, ERR));
	EXPECT_EQ("for half an hour", d.pin_until.us, LATER(1 + 30 * MINUTE_US).us);

	int64_t next = world_open(t, tx, &w->boss, 3, "between");

	EXPECT("nobody else gets the reserved number", next > number);
	struct ticket_new n = { .account = w->a,
		                .kind = TICKET_INCIDENT,
		                .criticality = 1,
		                .channel = CHANNEL_FORM,
		                .subject = STR("Down"),
		                .draft = id };

	EXPECT_RC(RC_OK, ticket_open(tx, ARENA, &w->writer, LATER(2), &n, &o, ERR));
	EXPECT_EQ("the ticket has the prepared number", o.number, number);
	EXPECT_RC(RC_OK, ticket_view(tx, ARENA, &w->writer, number, &v, ERR));
	EXPECT("and the file", v.n_messages == 1 && v.messages[0].n_attachments == 1 &&
	                               str_eq(v.messages[0].attachments[0].token, a.token));
	EXPECT_RC(RC_OK, attachment_find(tx, ARENA, &w->boss, a.token, &found, ERR));
	EXPECT_RC(RC_NOT_FOUND, draft_find(tx, ARENA, &w->writer, DRAFT_TICKET, NEW_TICKET, &d, ERR));
	EXPECT_RC(RC_NOT_FOUND, ticket_open(tx, ARENA, &w->writer, LATER(3), &n, &o, ERR));

	/* Answers and notes, too. */
	struct message_new m = { .text = STR("See."), .channel = CHANNEL_FORM };
	struct message_id said;

	EXPECT_RC(RC_DENIED, draft_save(tx, &w->writer, NOW, DRAFT_NOTE, v.t.id, STR("{}"), &m.draft, ERR));
	EXPECT_RC(RC_OK, draft_save(tx, &w->ann, NOW, DRAFT_NOTE, v.t.id, STR("{}"), &m.draft, ERR));
	EXPECT_RC(RC_OK, draft_attach(tx, ARENA, &w->ann, NOW, m.draft, &file, &a, ERR));
	EXPECT_RC(RC_NOT_FOUND, ticket_say(tx, ARENA, &w->ann, NOW, number, &m, SEEN_NOT, &said, ERR));
	m.internal = true; /* a note's draft is no answer */
	EXPECT_RC(RC_NOT_FOUND, ticket_say(tx, ARENA, &w->ben, NOW, number, &m, SEEN_NOT, &said, ERR));
	EXPECT_RC(RC_OK, ticket_say(tx, ARENA, &w->ann, NOW, number, &m, SEEN_NOT, &said, ERR));
	EXPECT_RC(RC_NOT_FOUND, attachment_find(tx, ARENA, &w->writer, a.token, &found, ERR));
	EXPECT_RC(RC_OK, attachment_find(tx, ARENA, &w->ben, a.token, &found, ERR));
	EXPECT_EQ("moved to the note", found.message.v, said.v);
}

DB_QUERY(q_pin, "test.draft_pin", "UPDATE draft SET pin_hash = :pin, pin_until = :until WHERE id = :id");
DB_QUERY(q_pins, "test.draft_pins", "SELECT COUNT(*) FROM draft WHERE pin_hash = :pin");

static void pins(struct test *t, struct db_tx *tx, struct world *w)
{
	struct draft_id mine, other;
	int64_t number, n = 0;
	struct str pin, hash;

	EXPECT_RC(RC_OK, draft_save(tx, &w->writer, NOW, DRAFT_TICKET, NEW_TICKET, STR("{}"), &mine, ERR));
	EXPECT_RC(RC_OK, draft_save(tx, &w->boss, NOW, DRAFT_TICKET, NEW_TICKET, STR("{}"), &other, ERR));
	EXPECT_RC(RC_OK, draft_prepare_call(tx, ARENA, &w->writer, NOW, mine, STR("key"), &number, &pin, ERR));
	hash = mac_token(ARENA, STR("key"), pin);
	EXPECT_RC(RC_OK, db_get_i64(tx, &q_pins, DB_ARGS(db_str("pin", hash)), &n, ERR));
	EXPECT_EQ("kept as a keyed hash", n, 1);
	EXPECT_RC(RC_CONFLICT,
	          db_exec(tx, &q_pin, DB_ARGS(db_str("pin", hash), db_i64("until", LATER(1).us), db_i64("id", other.v)),
	                  NULL, ERR));
	EXPECT_RC(RC_OK, db_get_i64(tx, &q_pins, DB_ARGS(db_str("pin", hash)), &n, ERR));
	EXPECT_EQ("no second ticket is prepared under the same PIN", n, 1);
}

TEST_EACH_DB(draft_story)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, keeping);
	world_run(t, &w, sending);
	world_run(t, &w, pins);
}

/* What other accounts and narrower roles reach of a ticket: nothing, everywhere, in the same words as for a ticket that
 * is not there (S-30, S-31). And what customers never get of their own: notes, their files and events. */
#include "ticket/ticket_world.h"

#define ARENA (&t->arena)
#define ERR   (&t->err)
#define SHA   STR("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")

/* Every call that takes an actor and a number, as one person; all must answer `want`. */
static void all_calls(struct test *t, struct db_tx *tx, const struct actor *who, int64_t n, struct ticket_id id,
                      struct str token, struct err *first)
{
	struct ticket x;
	struct ticket_view v;
	struct attachment a;
	struct message_id m;
	struct draft_id d;
	struct message_new say = { .text = STR("x"), .channel = CHANNEL_FORM };
	struct ticket_convert c = { .to = TICKET_REQUEST, .reason = STR("x") };
	struct ticket_fields f = { .subject = STR("x") };

#define GONE(call)                                                                                                     \
	do {                                                                                                           \
		t->err = (struct err){ 0 };                                                                            \
		EXPECT_RC(RC_NOT_FOUND, call);                                                                         \
		EXPECT_STR("the same sentence as for none", str_of(t->err.text), first->text);                         \
	} while (0)
	GONE(ticket_find(tx, ARENA, who, n, &x, ERR));
	GONE(ticket_find_id(tx, ARENA, who, id, &x, ERR));
	GONE(ticket_view(tx, ARENA, who, n, &v, ERR));
	GONE(ticket_say(tx, ARENA, who, NOW, n, &say, SEEN_NOT, &m, ERR));
	GONE(ticket_assign(tx, ARENA, who, NOW, n, (struct agent_id){ 1 }, SEEN_NOT, ERR));
	GONE(ticket_set_state(tx, ARENA, who, NOW, n, STATE_OPEN, 0, SEEN_NOT, ERR));
	GONE(ticket_set_criticality(tx, ARENA, who, NOW, n, 1, STR("x"), SEEN_NOT, ERR));
	GONE(ticket_set_complexity(tx, ARENA, who, NOW, n, 1, STR("x"), SEEN_NOT, ERR));
	GONE(ticket_set_priority(tx, ARENA, who, NOW, n, 1, STR("x"), SEEN_NOT, ERR));
	GONE(ticket_convert(tx, ARENA, who, NOW, n, &c, SEEN_NOT, ERR));
	GONE(ticket_edit(tx, ARENA, who, NOW, n, &f, SEEN_NOT, ERR));
	GONE(ticket_resolve(tx, ARENA, who, NOW, n, STR("x"), SEEN_NOT, ERR));
	GONE(ticket_callback_done(tx, ARENA, who, NOW, n, ERR));
	GONE(ticket_accept_participant(tx, ARENA, who, NOW, n, STR("x@y.example"), true, ERR));
	GONE(ticket_confirm(tx, ARENA, who, NOW, n, ERR));
	GONE(ticket_reopen(tx, ARENA, who, NOW, n, STR("x"), ERR));
	GONE(ticket_rate(tx, ARENA, who, NOW, n, 3, STR("x"), ERR));
	GONE(ticket_ask_callback(tx, ARENA, who, NOW, n, STR("+57 1 555 0100"), ERR));
	if (who->contact.v)
		GONE(draft_save(tx, who, NOW, DRAFT_REPLY, id, STR("{}"), &d, ERR));
	EXPECT_RC(RC_NOT_FOUND, attachment_find(tx, ARENA, who, token, &a, ERR));
	struct str said = arena_str(ARENA, str_of(t->err.text));

	EXPECT_RC(RC_NOT_FOUND, attachment_find(tx, ARENA, who, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), &a, ERR));
	EXPECT_STR("a foreign file reads like none (S-30)", said, t->err.text);
}

static bool lists(struct test *t, struct db_tx *tx, const struct actor *who, struct ticket_id id)
{
	static const enum ticket_list_view views[] = { VIEW_CUSTOMER_OPEN, VIEW_CUSTOMER_SOLVED, VIEW_CUSTOMER_ALL };
	struct ticket_row *rows;
	struct str next;
	size_t n;
	bool found = false;

	for (size_t i = 0; i <= COUNT(views) * 2; i++) {
		struct ticket_query q = { .view = views[i / 2 % 3], .mine_only = i % 2, .max = 100 };

		if (i == COUNT(views) * 2)
			q = (struct ticket_query){ .ids = &id, .n_ids = 1 };
		enum rc rc = ticket_list(tx, ARENA, who, &q, &rows, &n, &next, ERR);

		if (rc == RC_DENIED) /* nobody at all */
			continue;
		EXPECT_RC(RC_OK, rc);
		for (size_t k = 0; k < n; k++)
			found |= rows[k].id.v == id.v;
	}
	return found;
}

static void foreign(struct test *t, struct db_tx *tx, struct world *w)
{
	struct new_attachment file = { SHA, STR("shot.png"), STR("image/png"), STR_NULL, 12 };
	struct ticket_new n = { .account = w->a,
		                .kind = TICKET_INCIDENT,
		                .criticality = 3,
		                .channel = CHANNEL_FORM,
		                .site = w->north,
		                .subject = STR("Secret"),
		                .text = STR("x"),
		                .attachments = &file,
		                .n_attachments = 1 };
	struct ticket_opened o;
	struct ticket_view v;
	struct err none = { 0 };
	struct ticket x;
	struct attachment a;

	EXPECT_RC(RC_OK, ticket_open(tx, ARENA, &w->at_north, NOW, &n, &o, ERR));
	EXPECT_RC(RC_OK, ticket_view(tx, ARENA, &w->at_north, o.number, &v, ERR));
	EXPECT_EQ("with its file", v.messages[0].n_attachments, 1);
	struct str token = v.messages[0].attachments[0].token;

	EXPECT_RC(RC_NOT_FOUND, ticket_find(tx, ARENA, &w->boss, 424242, &x, &none));
	struct actor signed_out = { 0 }, without_account = w->boss, no_person = w->boss, other_agent = w->ann;

	without_account.account.v = 0;
	no_person.contact.v = 0;    /* and no token: not a token of the account */
	other_agent.account = w->b; /* an agent's token bound to another account */
	const struct actor *outside[] = { &w->stranger,     &w->at_south, &w->nobody,  &signed_out,
		                          &without_account, &no_person,   &other_agent };

	for (size_t i = 0; i < COUNT(outside); i++) {
		all_calls(t, tx, outside[i], o.number, o.id, token, &none);
		if (outside[i]->kind == ACTOR_CONTACT)
			EXPECT("in no list", !lists(t, tx, outside[i], o.id));
	}
	const struct actor *inside[] = { &w->boss, &w->writer, &w->reader, &w->at_north, &w->token_a, &w->token_read };

	for (size_t i = 0; i < COUNT(inside); i++) {
		EXPECT_RC(RC_OK, ticket_find(tx, ARENA, inside[i], o.number, &x, ERR));
		EXPECT_RC(RC_OK, attachment_find(tx, ARENA, inside[i], token, &a, ERR));
		EXPECT("in a list", lists(t, tx, inside[i], o.id));
	}
	EXPECT_RC(RC_OK, attachment_find(tx, ARENA, &w->ann, token, &a, ERR));
	EXPECT_STR("the file", a.name, "shot.png");
}

TEST_EACH_DB(ticket_reach_foreign)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, foreign);
}

static void notes(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t n = world_open(t, tx, &w->writer, 3, "Videos stop");
	struct new_attachment file = { SHA, STR("internal.log"), STR("text/plain"), STR_NULL, 12 };
	struct message_new note = { .internal = true,
		                    .text = STR("CANARY"),
		                    .channel = CHANNEL_AGENT,
		                    .attachments = &file,
		                    .n_attachments = 1 };
	struct message_id id;
	struct ticket_view v;
	struct attachment a;

	EXPECT_RC(RC_OK, ticket_say(tx, ARENA, &w->ann, LATER(1), n, &note, SEEN_NOT, &id, ERR));
	EXPECT_RC(RC_OK, ticket_accept_participant(tx, ARENA, &w->ann, LATER(2), n, STR("x@y.example"), true, ERR));
	EXPECT_RC(RC_OK, ticket_view(tx, ARENA, &w->ann, n, &v, ERR));
	EXPECT_EQ("an agent sees the note", v.n_messages, 2);
	EXPECT_EQ("and its file", v.messages[1].n_attachments, 1);
	struct str token = v.messages[1].attachments[0].token;
	const struct actor *customers[] = { &w->boss, &w->writer, &w->reader, &w->token_a };

	for (size_t i = 0; i < COUNT(customers); i++) {
		EXPECT_RC(RC_OK, ticket_view(tx, ARENA, customers[i], n, &v, ERR));
		EXPECT_EQ("one message (S-32)", v.n_messages, 1);
		EXPECT_EQ("one event, the opening", v.n_events, 1);
		EXPECT_EQ("whose number is the version", v.t.last_event.v, v.events[0].id.v);

		struct ticket x;

		EXPECT_RC(RC_OK, ticket_find(tx, ARENA, customers[i], n, &x, ERR));
		EXPECT_EQ("wherever it is asked", x.last_event.v, v.events[0].id.v);
		EXPECT_RC(RC_NOT_FOUND, attachment_find(tx, ARENA, customers[i], token, &a, ERR));
	}
	EXPECT_RC(RC_OK, attachment_find(tx, ARENA, &w->ben, token, &a, ERR));
}

TEST_EACH_DB(ticket_notes_stay_inside)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, notes);
}

/* Held replies: nothing is seen before its moment, everything is said once, nobody else takes it back. */
#include "jobs/jobs.h"
#include "ticket/held.h"
#include "ticket/ticket_world.h"

#define ARENA  (&t->arena)
#define ERR    (&t->err)
#define MINUTE (60 * SECOND_US)

static const struct new_attachment file = {
	STR_INIT("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
	STR_INIT("shot.png"),
	STR_INIT("image/png"),
	{NULL, 0},
	7
};

static enum rc hold(struct test *t, struct db_tx *tx, const struct actor *who, int64_t number, const char *text,
                    int64_t *id)
{
	struct message_new m = { .text = str_of(text),
		                 .attachments = &file,
		                 .n_attachments = 1,
		                 .channel = CHANNEL_FORM,
		                 .then = STATE_WAITING,
		                 .waiting_for = WAITING_CUSTOMER };

	return held_put(tx, ARENA, who, NOW, number, &m, LATER(MINUTE), SEEN_NOT, id, ERR);
}

static void saying(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t number = world_open(t, tx, &w->writer, 3, "It is slow"), id = 0, again;
	int64_t before = world_events(t, tx, number, "");
	struct message_id m;
	struct held h, *list;
	size_t n;
	bool any = false;

	EXPECT_RC(RC_DENIED, hold(t, tx, &w->writer, number, "I am no agent", &id));
	EXPECT_RC(RC_OK, hold(t, tx, &w->ann, number, "Look at it tomorrow", &id));
	EXPECT_EQ("nothing happened for the log", world_events(t, tx, number, ""), before);
	EXPECT("and nobody has answered", !time_is_set(world_ticket(t, tx, w, number).responded_at));
	EXPECT_RC(RC_INVALID, hold(t, tx, &w->ann, number, "A second one", &again));
	EXPECT_RC(RC_OK, held_any(tx, world_ticket(t, tx, w, number).id, &any, ERR));
	EXPECT("the ticket says that something waits", any);
	EXPECT_RC(RC_OK, held_of(tx, ARENA, w->ann.agent, &list, &n, ERR));
	EXPECT("its agent has a list", n == 1 && list[0].n_files == 1 && list[0].waits);
	EXPECT_RC(RC_NOT_FOUND, held_send(tx, ARENA, &w->desk, LATER(MINUTE - 1), id, &h, &m, ERR));
	EXPECT_RC(RC_NOT_FOUND, held_send(tx, ARENA, &w->ben, LATER(MINUTE), id, &h, &m, ERR));
	EXPECT_RC(RC_NOT_FOUND, held_take(tx, ARENA, &w->ben, id, &h, ERR));
	EXPECT_EQ("not before its moment", world_events(t, tx, number, ""), before);
	EXPECT_RC(RC_OK, held_send(tx, ARENA, &w->desk, LATER(MINUTE + 5), id, &h, &m, ERR));
	EXPECT_EQ("then it is said, once", world_events(t, tx, number, EV_MESSAGE), 1);
	struct ticket now = world_ticket(t, tx, w, number);
	EXPECT_EQ("the first response is when it was said", now.responded_at.us, LATER(MINUTE + 5).us);
	EXPECT_EQ("and the ticket waits", now.state, STATE_WAITING);
	EXPECT_RC(RC_NOT_FOUND, held_send(tx, ARENA, &w->desk, LATER(2 * MINUTE), id, &h, &m, ERR));
	EXPECT_RC(RC_NOT_FOUND, held_take(tx, ARENA, &w->ann, id, &h, ERR));
}
TEST_EACH_DB(held_is_said_once)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, saying);
}

static void undoing(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t number = world_open(t, tx, &w->writer, 3, "It is slow"), id = 0;
	struct message_id m;
	struct held h;

	EXPECT_RC(RC_OK, hold(t, tx, &w->ann, number, "Too quick", &id));
	EXPECT_RC(RC_OK, held_take(tx, ARENA, &w->ann, id, &h, ERR));
	EXPECT("text and files come back",
	       str_is(h.text, "Too quick") && h.n_files == 1 && str_is(h.files[0].name, "shot.png"));
	EXPECT_RC(RC_NOT_FOUND, held_send(tx, ARENA, &w->desk, LATER(MINUTE), id, &h, &m, ERR));
	EXPECT_EQ("what was undone is never said", world_events(t, tx, number, EV_MESSAGE), 0);
	EXPECT_RC(RC_OK, hold(t, tx, &w->ann, number, "Now it is right", &id));
	EXPECT_RC(RC_OK, held_refused(tx, id, STR("the ticket is closed"), ERR));
	EXPECT_RC(RC_NOT_FOUND, held_send(tx, ARENA, &w->desk, LATER(MINUTE), id, &h, &m, ERR));
	EXPECT_RC(RC_OK, held_send(tx, ARENA, &w->ann, LATER(5), id, &h, &m, ERR));
	EXPECT_EQ("its agent may send it now, before its time and after a refusal",
	          world_events(t, tx, number, EV_MESSAGE), 1);
}
TEST_EACH_DB(held_is_taken_back)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, undoing);
}

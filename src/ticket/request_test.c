/* Requests: a manager's word where the plan asks for it, and checklists. */
#include "ticket/checklist.h"
#include "ticket/ticket_world.h"

#define ARENA (&t->arena)
#define ERR   (&t->err)
DB_QUERY(q_approval, "test.plan-approval", "UPDATE plan SET approval = 1");

/* ---- approvals ---- */

static void approvals(struct test *t, struct db_tx *tx, struct world *w)
{
	struct message_new more = { .text = STR("It is urgent"), .channel = CHANNEL_FORM };
	struct message_id id;
	struct ticket k;

	EXPECT_RC(RC_OK, db_exec(tx, &q_approval, DB_NO_ARGS, NULL, ERR));
	int64_t n = world_open(t, tx, &w->writer, 0, "Analytics, please"), own = world_open(t, tx, &w->boss, 0, "Mine"),
	        broken = world_open(t, tx, &w->writer, 3, "Broken"), no = world_open(t, tx, &w->writer, 0, "A mascot");
	k = world_ticket(t, tx, w, n);
	EXPECT("a request of an operator waits for a manager",
	       k.approval == APPROVAL_ASKED && k.state == STATE_WAITING && k.waiting_for == WAITING_CUSTOMER);
	EXPECT_EQ("the event says so", world_events(t, tx, n, EV_APPROVAL), 1);
	EXPECT("a manager's own does not", world_ticket(t, tx, w, own).approval == APPROVAL_NONE);
	EXPECT("an incident does not", world_ticket(t, tx, w, broken).approval == APPROVAL_NONE);
	EXPECT_RC(RC_OK, ticket_say(tx, ARENA, &w->writer, NOW, n, &more, SEEN_NOT, &id, ERR));
	EXPECT("writing again does not get round it", world_ticket(t, tx, w, n).state == STATE_WAITING);
	EXPECT_RC(RC_DENIED, ticket_approve(tx, ARENA, &w->writer, NOW, n, true, STR(""), ERR));
	EXPECT_RC(RC_DENIED, ticket_approve(tx, ARENA, &w->ann, NOW, n, true, STR(""), ERR));
	EXPECT_RC(RC_NOT_FOUND, ticket_approve(tx, ARENA, &w->stranger, NOW, n, true, STR(""), ERR));
	EXPECT_RC(RC_INVALID, ticket_approve(tx, ARENA, &w->boss, NOW, no, false, STR(" "), ERR));
	EXPECT_STR("declining wants a reason", str_of(ERR->field), "reason");
	EXPECT_RC(RC_OK, ticket_approve(tx, ARENA, &w->boss, NOW, n, true, STR(""), ERR));
	k = world_ticket(t, tx, w, n);
	EXPECT("approved it is open", k.approval == APPROVAL_GIVEN && k.state == STATE_OPEN);
	EXPECT_RC(RC_CONFLICT, ticket_approve(tx, ARENA, &w->boss, NOW, n, false, STR("no"), ERR));
	EXPECT_RC(RC_OK, ticket_approve(tx, ARENA, &w->boss, NOW, no, false, STR("Not this year"), ERR));
	k = world_ticket(t, tx, w, no);
	EXPECT("declined it is done", k.approval == APPROVAL_DECLINED && k.state == STATE_RESOLVED);
	EXPECT_STR("with the reason", k.resolution, "Not this year");
}

TEST_EACH_DB(request_approvals)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, approvals);
}

TEST(request_approval_links)
{
	static const unsigned char key[] = "a key of the desk", other[] = "another key";
	struct str k = { (const char *)key, sizeof(key) }, o = { (const char *)other, sizeof(other) };
	struct str link = approval_link(ARENA, k, (struct ticket_id){ 12 }, (struct contact_id){ 7 });
	struct ticket_id ticket = { 0 };
	struct contact_id contact = { 0 };

	EXPECT_RC(RC_OK, approval_link_read(ARENA, k, link, &ticket, &contact));
	EXPECT("whose it is", ticket.v == 12 && contact.v == 7);
	EXPECT_RC(RC_NOT_FOUND, approval_link_read(ARENA, o, link, &ticket, &contact));
	EXPECT_RC(RC_NOT_FOUND, approval_link_read(ARENA, k, str_concat(ARENA, STR("1"), link), &ticket, &contact));
	EXPECT_RC(RC_NOT_FOUND, approval_link_read(ARENA, k, STR("12-7-"), &ticket, &contact));
	EXPECT_RC(RC_NOT_FOUND, approval_link_read(ARENA, k, STR(""), &ticket, &contact));
}

/* ---- checklists ---- */

static void checklists(struct test *t, struct db_tx *tx, struct world *w)
{
	struct actor admin = w->ann;
	struct request_type type = { .name = STR("New course"), .items = STR("Copy the course\r\n\r\n  Set the dates  \nTell the teacher") },
	                    *types;
	struct checklist_item *items;
	int64_t n = world_open(t, tx, &w->writer, 0, "A course"), broken = world_open(t, tx, &w->writer, 3, "Broken"), id = 0;
	size_t n_types = 0, n_items = 0;

	EXPECT_RC(RC_DENIED, request_type_save(tx, &w->ann, NOW, &type, &id, ERR));
	admin.agent_role = AGENT_ADMIN;
	EXPECT_RC(RC_OK, request_type_save(tx, &admin, NOW, &type, &id, ERR));
	EXPECT_RC(RC_OK, request_type_list(tx, ARENA, false, &types, &n_types, ERR));
	EXPECT_EQ("it is offered", n_types, 1);
	EXPECT_RC(RC_CONFLICT, checklist_choose(tx, ARENA, &w->ann, NOW, broken, id, ERR));
	EXPECT_RC(RC_INVALID, checklist_choose(tx, ARENA, &w->ann, NOW, n, id + 5, ERR));
	EXPECT_RC(RC_OK, checklist_choose(tx, ARENA, &w->ann, NOW, n, id, ERR));
	EXPECT_RC(RC_OK, checklist_choose(tx, ARENA, &w->ann, NOW, n, id, ERR));
	struct ticket k = world_ticket(t, tx, w, n);
	EXPECT_EQ("the ticket has the type", k.request_type, id);
	EXPECT_RC(RC_OK, checklist_of(tx, ARENA, k.id, &items, &n_items, ERR));
	EXPECT_EQ("its lines are there once", n_items, 3);
	EXPECT_STR("trimmed", items[1].text, "Set the dates");
	EXPECT_RC(RC_OK, checklist_add(tx, ARENA, &w->ann, NOW, n, STR("Ask for the logo"), ERR));
	EXPECT_RC(RC_INVALID, checklist_add(tx, ARENA, &w->ann, NOW, n, STR("Ask for the logo"), ERR));
	EXPECT_RC(RC_OK, checklist_tick(tx, ARENA, &w->ben, NOW, n, items[0].id, true, ERR));
	EXPECT_RC(RC_OK, checklist_tick(tx, ARENA, &w->ben, NOW, n, items[0].id, true, ERR));
	EXPECT_RC(RC_CONFLICT, checklist_tick(tx, ARENA, &w->ben, NOW, broken, items[0].id, true, ERR));
	EXPECT_RC(RC_OK, checklist_drop(tx, ARENA, &w->ann, NOW, n, items[2].id, ERR));
	EXPECT_RC(RC_OK, checklist_of(tx, ARENA, k.id, &items, &n_items, ERR));
	EXPECT_EQ("one more, one less", n_items, 3);
	EXPECT("who did it is said", time_is_set(items[0].done_at) && str_is(items[0].done_by, "ben"));
	EXPECT_EQ("each change is an event, once", world_events(t, tx, n, EV_CHECKLIST), 5);
	EXPECT_RC(RC_DENIED, checklist_tick(tx, ARENA, &w->writer, NOW, n, items[0].id, false, ERR));
	type.id = id;
	type.archived = true;
	EXPECT_RC(RC_OK, request_type_save(tx, &admin, NOW, &type, &id, ERR));
	EXPECT_RC(RC_OK, request_type_list(tx, ARENA, false, &types, &n_types, ERR));
	EXPECT_EQ("archived it is not offered", n_types, 0);
}

TEST_EACH_DB(request_checklists)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, checklists);
}

/* Lists: complete, in order, cheap. The plan of every list query is asked from SQLite: an index range, no sort. */
#include "ticket/ticket_world.h"

#define ARENA (&t->arena)
#define ERR   (&t->err)

extern const struct db_query *const __start_db_queries[], *const __stop_db_queries[];

DB_QUERY(q_restate, "test.list_restate",
         "UPDATE ticket SET state = :state, waiting_for = :waiting, resolved_at = :resolved, assignee_id = :assignee, "
         "updated_at = :at,"
         " opened_at = :at, callback_at = :callback WHERE number = :number");

#define TICKETS 73

/* Tickets of all sorts, with moments that many share. */
static void fill(struct test *t, struct db_tx *tx, struct world *w)
{
	for (int i = 0; i < TICKETS; i++) {
		const struct actor *who = i % 7 == 6 ? &w->stranger : i % 3 ? &w->writer : &w->boss;
		int64_t n = world_open(t, tx, who, i % 5, "s");
		int state = i % 4 + 1;

		EXPECT_RC(RC_OK, db_exec(tx, &q_restate,
		                         DB_ARGS(db_i64("number", n), db_i64("state", state),
		                                 db_id("waiting", state == 3), db_id("resolved", state == 4 ? 1 : 0),
		                                 db_id("assignee", i % 3 == 1   ? w->ann.agent.v
		                                                   : i % 3 == 2 ? w->ben.agent.v
		                                                                : 0),
		                                 db_i64("at", NOW.us + i / 6),
		                                 db_id("callback", i % 10 == 0 ? NOW.us + i / 20 : 0)),
		                         NULL, ERR));
	}
}

/* How many tickets the pages of a list show; checks that none comes twice and that each is where it belongs. */
static size_t walk(struct test *t, struct db_tx *tx, const struct actor *who, struct ticket_query q)
{
	int64_t seen[TICKETS] = { 0 };
	size_t n, total = 0;
	struct ticket_row *rows, last = { 0 };
	uint64_t before;

	q.max = 7;
	for (int page = 0; page < 50; page++) {
		before = db_statements();
		EXPECT_RC(RC_OK, ticket_list(tx, ARENA, who, &q, &rows, &n, &q.after, ERR));
		EXPECT_EQ("one query a page", db_statements() - before, 1);
		for (size_t i = 0; i < n; i++) {
			if (EXPECT("a number of ours", rows[i].number > 1000 && rows[i].number <= 1000 + TICKETS))
				EXPECT_EQ("nothing twice", seen[rows[i].number - 1001]++, 0);
			bool first = total + i == 0, ok = true;

			if (q.view == VIEW_INCIDENTS)
				ok = first || last.criticality < rows[i].criticality ||
				     (last.criticality == rows[i].criticality &&
				      last.opened_at.us <= rows[i].opened_at.us);
			else if (q.view == VIEW_REQUESTS)
				ok = first || last.priority < rows[i].priority ||
				     (last.priority == rows[i].priority && last.opened_at.us <= rows[i].opened_at.us);
			else if (q.view == VIEW_CALLBACKS)
				ok = first || last.callback_at.us <= rows[i].callback_at.us;
			else
				ok = first || last.updated_at.us >= rows[i].updated_at.us;
			EXPECT("in order", ok);
			last = rows[i];
		}
		total += n;
		if (str_null(q.after))
			break;
		EXPECT_EQ("only the last page is short", n, 7);
	}
	return total;
}

/* What each view must hold, counted by the rule itself. */
static size_t expected(enum ticket_list_view v, bool mine)
{
	size_t n = 0;

	for (int i = 0; i < TICKETS; i++) {
		int state = i % 4 + 1, assignee = i % 3;
		bool open = state <= 3, of_a = i % 7 != 6, own = of_a && i % 3 != 0;

		n += v == VIEW_UNASSIGNED        ? open && !assignee
		     : v == VIEW_MINE            ? open && assignee == 1
		     : v == VIEW_INCIDENTS       ? open && i % 5 != 0
		     : v == VIEW_REQUESTS        ? open && i % 5 == 0
		     : v == VIEW_WAITING         ? state == 3
		     : v == VIEW_ALL             ? true
		     : v == VIEW_CALLBACKS       ? i % 10 == 0
		     : v == VIEW_CUSTOMER_OPEN   ? open && (mine ? own : of_a)
		     : v == VIEW_CUSTOMER_SOLVED ? !open && (mine ? own : of_a)
		                                 : (mine ? own : of_a);
	}
	return n;
}

static void paging(struct test *t, struct db_tx *tx, struct world *w)
{
	struct view_counts c;
	struct ticket_row *rows;
	struct str next;
	size_t n;

	fill(t, tx, w);
	for (int v = VIEW_UNASSIGNED; v <= VIEW_CALLBACKS; v++)
		EXPECT_EQ("every ticket of the agents' view once",
		          walk(t, tx, &w->ann, (struct ticket_query){ .view = v }), expected(v, false));
	for (int v = VIEW_CUSTOMER_OPEN; v <= VIEW_CUSTOMER_ALL; v++) {
		EXPECT_EQ("every ticket of the account once",
		          walk(t, tx, &w->writer, (struct ticket_query){ .view = v }), expected(v, false));
		EXPECT_EQ("every own ticket once",
		          walk(t, tx, &w->writer, (struct ticket_query){ .view = v, .mine_only = true }),
		          expected(v, true));
		EXPECT_EQ("no role, no ticket", walk(t, tx, &w->nobody, (struct ticket_query){ .view = v }), 0);
	}
	EXPECT_EQ("of one account", walk(t, tx, &w->ann, (struct ticket_query){ .view = VIEW_ALL, .account = w->a }),
	          expected(VIEW_CUSTOMER_ALL, false));
	EXPECT_RC(RC_OK, ticket_counts(tx, ARENA, &w->ann, &c, ERR));
	EXPECT_EQ("counts as long as lists", c.unassigned, expected(VIEW_UNASSIGNED, false));
	EXPECT_EQ("mine", c.mine, expected(VIEW_MINE, false));
	EXPECT_EQ("incidents", c.incidents, expected(VIEW_INCIDENTS, false));
	EXPECT_EQ("requests", c.requests, expected(VIEW_REQUESTS, false));
	EXPECT_EQ("waiting", c.waiting, expected(VIEW_WAITING, false));
	EXPECT_EQ("callbacks", c.callbacks, expected(VIEW_CALLBACKS, false));
	EXPECT_RC(RC_DENIED, ticket_counts(tx, ARENA, &w->boss, &c, ERR));
	EXPECT_RC(RC_DENIED,
	          ticket_list(tx, ARENA, &w->boss, &(struct ticket_query){ .view = VIEW_ALL }, &rows, &n, &next, ERR));
	EXPECT_RC(RC_DENIED, ticket_list(tx, ARENA, &w->ann, &(struct ticket_query){ .view = VIEW_CUSTOMER_ALL }, &rows,
	                                 &n, &next, ERR));
	EXPECT_RC(RC_INVALID,
	          ticket_list(tx, ARENA, &w->ann, &(struct ticket_query){ .view = VIEW_ALL, .after = STR("1.2;DROP") },
	                      &rows, &n, &next, ERR));

	struct ticket_id ids[] = { world_ticket(t, tx, w, 1003).id,
		                   { 99999 },
		                   world_ticket(t, tx, w, 1001).id,
		                   world_ticket(t, tx, w, 1007).id };

	EXPECT_RC(RC_OK, ticket_list(tx, ARENA, &w->ann, &(struct ticket_query){ .ids = ids, .n_ids = COUNT(ids) },
	                             &rows, &n, &next, ERR));
	EXPECT("search hits in their order, without the one that is not there",
	       n == 3 && rows[0].number == 1003 && rows[1].number == 1001 && rows[2].number == 1007);
	EXPECT_RC(RC_OK, ticket_list(tx, ARENA, &w->boss, &(struct ticket_query){ .ids = ids, .n_ids = COUNT(ids) },
	                             &rows, &n, &next, ERR));
	EXPECT_EQ("a customer gets the account's own", n, 2);
}

static void related(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t n[4];
	struct ticket x;
	struct ticket_row *rows;
	size_t count;
	struct ticket_fields f = { .course = STR("course-v1:O+C+R"),
		                   .unit = STR("block-v1:O+C+R+type@vertical+block@a") };

	for (int i = 0; i < 4; i++)
		n[i] = world_open(t, tx, i == 2 ? &w->stranger : &w->writer, 3, "s");
	EXPECT_RC(RC_OK, ticket_edit(tx, ARENA, &w->ann, LATER(1), n[0], &f, SEEN_NOT, ERR));
	EXPECT_RC(RC_OK, ticket_edit(tx, ARENA, &w->ann, LATER(2), n[1], &f, SEEN_NOT, ERR));
	f.unit = STR_NULL;
	EXPECT_RC(RC_OK, ticket_edit(tx, ARENA, &w->ann, LATER(9), n[2], &f, SEEN_NOT, ERR));
	x = world_ticket(t, tx, w, n[0]);
	EXPECT_RC(RC_OK, ticket_related(tx, ARENA, &w->ann, &x, 3, &rows, &count, ERR));
	EXPECT("the same unit, then the same course, then the account, not itself",
	       count == 3 && rows[0].number == n[1] && rows[1].number == n[2] && rows[2].number != n[0]);
	EXPECT_RC(RC_OK, ticket_related(tx, ARENA, &w->boss, &x, 5, &rows, &count, ERR));
	for (size_t i = 0; i < count; i++)
		EXPECT("a customer sees none of another account", rows[i].number != n[2]);
	EXPECT("but the own ones", count > 0 && rows[0].number == n[1]);
}

TEST_EACH_DB(ticket_lists)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, paging);
	world_run(t, &w, related);
}

/* The plan of one query, checked line by line. */
static void check_plan(struct test *t, struct db_tx *tx, const struct db_query *q, bool sorts)
{
	struct str sql = arena_strf(ARENA, "EXPLAIN QUERY PLAN %s", q->sql);
	AUTO_ROWS r = { 0 };
	struct db_args args = DB_ARGS(db_i64("account", 1), db_i64("contact", 1), db_i64("whole", 0), db_i64("me", 1),
	                              db_i64("k0", 1), db_i64("k1", 1), db_i64("k2", 1), db_i64("max", 10),
	                              db_str("ids", STR("[1]")), db_str("unit", STR("u")), db_str("course", STR("c")),
	                              db_i64("of", 1), db_i64("self", 1), db_i64("before", 1), db_i64("number", 1),
	                              db_i64("id", 1), db_str("token", STR("t")), db_i64("ticket", 1),
	                              db_i64("agent", 1), db_i64("first", 1), db_i64("last", 9), db_i64("after", 1),
	                              db_i64("seen", 1), db_i64("kind", 1), db_i64("actor", 1), db_i64("owner_kind", 1), db_i64("owner", 1),
	                              db_i64("purpose", 1), db_i64("team", 1), db_str("message_id", STR("m")), db_str("email", STR("e")));

	EXPECT_RC(RC_OK, db_select_built(tx, arena_strf(ARENA, "plan %s", q->name), sql, args, &r, ERR));
	while (db_next(&r, ERR) == RC_OK) {
		struct str line = db_col_str(&r, 3, ARENA);
		struct str said = arena_strf(ARENA, "%s: " STR_F, q->name, STR_A(line));
		bool walks = str_starts(line, STR("SCAN")) && str_find(line, STR("SCAN json_each")) == STR_NONE &&
		             str_find(line, STR("SCAN n")) == STR_NONE && str_find(line, STR("CONSTANT")) == STR_NONE;

		EXPECT(str_z(ARENA, said), !walks);
		EXPECT(str_z(ARENA, said), sorts || str_find(line, STR("TEMP B-TREE")) == STR_NONE);
		if (str_is(str_of(q->name), "ticket.list_customer_open") && str_find(line, STR(" t ")) != STR_NONE)
			EXPECT(str_z(ARENA, said), str_find(line, STR("ticket_account_open")) != STR_NONE);
		if (str_is(str_of(q->name), "ticket.list_incidents") && str_find(line, STR(" t ")) != STR_NONE)
			EXPECT(str_z(ARENA, said), str_find(line, STR("ticket_incidents")) != STR_NONE);
		if (str_starts(str_of(q->name), STR("ticket.list_own")) && str_find(line, STR(" t ")) != STR_NONE)
			EXPECT(str_z(ARENA, said), str_find(line, STR("ticket_contact")) != STR_NONE);
	}
}

static void plans(struct test *t, struct db_tx *tx, struct world *w)
{
	static const char *const more[] = { "ticket.find",
		                            "ticket.find_id",
		                            "ticket.find_token",
		                            "ticket.view_messages",
		                            "ticket.messages_on",
		                            "ticket.view_attachments",
		                            "ticket.view_deliveries",
		                            "ticket.view_events",
		                            "attachment.find",
		                            "ticket.due",
		                            "ticket.stale",
		                            "draft.find",
		                            "draft.files",
		                            "participant.kind",
		                            "mail_ref.find" };
	int lists = 0, others = 0;

	for (const struct db_query *const *q = __start_db_queries; q < __stop_db_queries; q++) {
		struct str name = str_of((*q)->name);

		if (str_starts(name, STR("ticket.list_"))) {
			check_plan(t, tx, *q, false);
			lists++;
		} else if (str_is(name, "ticket.related") || str_is(name, "ticket.my_teams")) {
			check_plan(t, tx, *q, true); /* a few rows, sorted by nearness, or a page of each team */
		}
		for (size_t i = 0; i < COUNT(more); i++) {
			if (str_is(name, more[i])) {
				check_plan(t, tx, *q,
				           str_is(name, "ticket.view_deliveries")); /* a ticket's mails, few */
				others++;
			}
		}
	}
	EXPECT_EQ("all the lists", lists, 17);
	EXPECT_EQ("all the others", others, COUNT(more));
}

TEST_EACH_DB(ticket_plans)
{
	struct world w;

	if (db_is_postgres(t->db))
		SKIP("plans are asked from SQLite");
	world_make(t, &w, -1);
	world_run(t, &w, plans);
}

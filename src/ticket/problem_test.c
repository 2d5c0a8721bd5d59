/* Known problems: one update reaches each ticket once whatever is repeated, joining twice is joining once, and what
 * customers read of it is not the first ticket. */
#include "jobs/jobs.h"
#include "ticket/problem_private.h"
#include "ticket/ticket_world.h"
#include <pthread.h>

#define ARENA (&t->arena)
#define ERR   (&t->err)
#define SOON  LATER(MINUTE_US)

static const struct problem_new words = { STR_INIT("Videos stall for everybody"),
	                                  STR_INIT("We look into it."),
	                                  true,
	                                  { INT64_C(1795000000000000) + HOUR_US } };

static int64_t declared(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t n = world_open(t, tx, &w->writer, 2, "Our learners see no videos, says the rector");

	EXPECT_RC(RC_OK, problem_declare(tx, ARENA, &w->ann, NOW, n, &words, SEEN_NOT, ERR));
	return n;
}

static void tell_all(struct test *t, struct db_tx *tx, int64_t update)
{
	bool more = true;

	while (more)
		EXPECT_RC(RC_OK, problem_tell_step(tx, ARENA, SOON, update, &more, ERR));
}

static struct problem of(struct test *t, struct db_tx *tx, const struct world *w, int64_t number)
{
	struct problem p = { 0 };
	struct ticket k = world_ticket(t, tx, w, number);

	EXPECT_RC(RC_OK, problem_find(tx, ARENA, &w->ann, k.problem, &p, ERR));
	return p;
}

/* ---- agents ---- */

static void whole(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t first = declared(t, tx, w), other = world_open(t, tx, &w->stranger, 3, "Nothing plays"), third;
	struct problem p;

	EXPECT_RC(RC_OK, problem_link(tx, ARENA, &w->ann, NOW, other, first, SEEN_NOT, ERR));
	EXPECT_RC(RC_OK, problem_link(tx, ARENA, &w->ann, NOW, other, first, SEEN_NOT, ERR));
	EXPECT_EQ("linking twice is linking once", world_events(t, tx, other, EV_PROBLEM), 1);
	struct ticket k = world_ticket(t, tx, w, other);
	EXPECT("it waits meanwhile", k.state == STATE_WAITING && k.waiting_for == WAITING_OTHERS);
	p = of(t, tx, w, other);
	EXPECT_EQ("two accounts", p.accounts, 2);
	EXPECT_EQ("two tickets", p.tickets, 2);

	EXPECT_RC(RC_OK,
	          problem_say(tx, ARENA, &w->ann, SOON, first, STR("Found it: a proxy."), LATER(2 * HOUR_US), ERR));
	int64_t said = world_events(t, tx, other, EV_MESSAGE);
	tell_all(t, tx, 1);
	tell_all(t, tx, 1);
	EXPECT_EQ("the update is on the linked ticket once", world_events(t, tx, other, EV_MESSAGE), said + 1);
	EXPECT_EQ("and on the first one", world_events(t, tx, first, EV_MESSAGE), 1);
	EXPECT_STR("it is what customers read now", of(t, tx, w, first).said, "Found it: a proxy.");

	third = world_open(t, tx, &w->writer, 4, "Something else");
	EXPECT_RC(RC_OK, ticket_resolve(tx, ARENA, &w->ann, SOON, first, STR("The proxy is replaced."), SEEN_NOT, ERR));
	tell_all(t, tx, 2);
	k = world_ticket(t, tx, w, other);
	EXPECT("the other one is back with the agents", k.state == STATE_OPEN);
	EXPECT_EQ("with a note of what to tell", world_events(t, tx, other, EV_NOTE), 1);
	EXPECT("another ticket is left alone", world_ticket(t, tx, w, third).state == STATE_NEW);
	EXPECT_EQ("one waits to be told", of(t, tx, w, first).waiting, 1);
	EXPECT_RC(RC_CONFLICT, problem_say(tx, ARENA, &w->ann, SOON, first, STR("more"), SOON, ERR));

	EXPECT_RC(RC_OK, problem_close(tx, ARENA, &w->ben, SOON, first, STR("Videos play again."), ERR));
	tell_all(t, tx, 3);
	k = world_ticket(t, tx, w, other);
	EXPECT("the loop is closed", k.state == STATE_RESOLVED);
	EXPECT_STR("with the words for customers", k.resolution, "Videos play again.");
	EXPECT_STR("the first one keeps its own", world_ticket(t, tx, w, first).resolution, "The proxy is replaced.");
}

TEST_EACH_DB(problem_whole)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, whole);
}

static void refusals(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t first = declared(t, tx, w), request = world_open(t, tx, &w->writer, 0, "A course, please"),
	        other = world_open(t, tx, &w->writer, 3, "Slow"), n = 0;
	struct problem_new none = words;

	EXPECT_RC(RC_DENIED, problem_declare(tx, ARENA, &w->boss, NOW, other, &words, SEEN_NOT, ERR));
	EXPECT_RC(RC_CONFLICT, problem_declare(tx, ARENA, &w->ann, NOW, request, &words, SEEN_NOT, ERR));
	EXPECT_RC(RC_CONFLICT, problem_declare(tx, ARENA, &w->ann, NOW, first, &words, SEEN_NOT, ERR));
	none.title = STR(" ");
	EXPECT_RC(RC_INVALID, problem_declare(tx, ARENA, &w->ann, NOW, other, &none, SEEN_NOT, ERR));
	EXPECT_STR("the field is named", str_of(ERR->field), "title");
	EXPECT_RC(RC_CONFLICT, problem_link(tx, ARENA, &w->ann, NOW, request, first, SEEN_NOT, ERR));
	EXPECT_RC(RC_NOT_FOUND, problem_link(tx, ARENA, &w->ann, NOW, other, other, SEEN_NOT, ERR));
	EXPECT_RC(RC_CONFLICT, problem_link(tx, ARENA, &w->ann, NOW, first, 0, SEEN_NOT, ERR));
	EXPECT_RC(RC_CONFLICT, problem_close(tx, ARENA, &w->ann, NOW, first, STR("x"), ERR));
	EXPECT_RC(RC_DENIED, problem_say(tx, ARENA, &w->boss, NOW, first, STR("x"), NOW, ERR));
	EXPECT_RC(RC_DENIED, problem_join(tx, ARENA, &w->ann, NOW, first, STR(""), &n, ERR));
	EXPECT_RC(RC_OK, problem_link(tx, ARENA, &w->ann, NOW, other, first, SEEN_NOT, ERR));
	EXPECT_RC(RC_OK, problem_link(tx, ARENA, &w->ann, NOW, other, 0, SEEN_NOT, ERR));
	EXPECT("taken out it is open again", world_ticket(t, tx, w, other).state == STATE_OPEN);
	EXPECT_EQ("and its own", world_ticket(t, tx, w, other).problem.v, 0);
}

TEST_EACH_DB(problem_refusals)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, refusals);
}

/* ---- customers ---- */

static void joining(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t first = declared(t, tx, w), n = 0, again = 0, own = 0;
	struct problem *list;
	size_t n_list;

	EXPECT_RC(RC_OK, problem_list(tx, ARENA, &w->stranger, &list, &n_list, ERR));
	EXPECT("a customer reads of it", n_list == 1 && str_is(list[0].title, "Videos stall for everybody"));
	EXPECT("and has no ticket on it yet", list[0].mine == 0);
	EXPECT_EQ("how many others have it is not said", list[0].accounts + list[0].tickets, 0);
	EXPECT_RC(RC_OK, problem_join(tx, ARENA, &w->stranger, NOW, first, STR(""), &n, ERR));
	EXPECT_RC(RC_OK, problem_join(tx, ARENA, &w->stranger, NOW, first, STR("again"), &again, ERR));
	EXPECT_EQ("joining twice gives the same ticket", again, n);
	struct ticket k = world_ticket(t, tx, w, n);
	EXPECT_EQ("an incident as bad as the first", k.criticality, 2);
	EXPECT_STR("named as the problem, not as the first ticket", k.subject, "Videos stall for everybody");
	EXPECT("which waits", k.state == STATE_WAITING && !k.not_phoned);
	EXPECT_RC(RC_OK, problem_list(tx, ARENA, &w->stranger, &list, &n_list, ERR));
	EXPECT_EQ("the list knows it", list[0].mine, n);
	EXPECT_RC(RC_OK, problem_join(tx, ARENA, &w->boss, NOW, first, STR(""), &own, ERR));
	EXPECT_EQ("the account of the first ticket has that one", own, first);
	EXPECT_RC(RC_OK, problem_show(tx, ARENA, &w->ann, NOW, first, false, ERR));
	EXPECT_RC(RC_OK, problem_list(tx, ARENA, &w->stranger, &list, &n_list, ERR));
	EXPECT_EQ("hidden it is on no list of customers", n_list, 0);
	EXPECT_RC(RC_NOT_FOUND, problem_join(tx, ARENA, &w->stranger, NOW, first, STR(""), &n, ERR));
}

TEST_EACH_DB(problem_joining)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, joining);
}

/* ---- many ---- */

static void many(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t first = declared(t, tx, w), n[25];
	bool more = true;
	int steps = 0;

	for (size_t i = 0; i < COUNT(n); i++) {
		n[i] = world_open(t, tx, &w->stranger, 3, "Slow");
		EXPECT_RC(RC_OK, problem_link(tx, ARENA, &w->ann, NOW, n[i], first, SEEN_NOT, ERR));
	}
	EXPECT_RC(RC_OK, ticket_resolve(tx, ARENA, &w->ann, NOW, n[7], STR("It was ours"), SEEN_NOT, ERR));
	EXPECT_RC(RC_OK, problem_say(tx, ARENA, &w->ann, SOON, first, STR("Soon."), (struct instant){ 0 }, ERR));
	for (; more; steps++)
		EXPECT_RC(RC_OK, problem_tell_step(tx, ARENA, SOON, 1, &more, ERR));
	EXPECT("in several small transactions", steps >= 3);
	for (size_t i = 0; i < COUNT(n); i++)
		EXPECT_EQ("each is told once, a resolved one not", world_events(t, tx, n[i], EV_MESSAGE),
		          i == 7 ? 0 : 1);
}

TEST_EACH_DB(problem_many)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, many);
}

/* ---- several at once ---- */

static void same(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t mild = world_open(t, tx, &w->writer, 3, "Slow"), worse = world_open(t, tx, &w->stranger, 2, "Slow, too"),
		late = world_open(t, tx, &w->stranger, 2, "As slow"), request = world_open(t, tx, &w->writer, 0, "A theme");
	int64_t both[] = { worse, late, mild, worse }, wrong[] = { late, request }, first = 0;

	EXPECT_RC(RC_INVALID, problem_same(tx, ARENA, &w->ann, NOW, mild, NULL, 0, &words, SEEN_NOT, &first, ERR));
	EXPECT_RC(RC_INVALID, problem_same(tx, ARENA, &w->ann, NOW, mild, &mild, 1, &words, SEEN_NOT, &first, ERR));
	EXPECT_RC(RC_CONFLICT, problem_same(tx, ARENA, &w->ann, NOW, mild, wrong, 2, &words, SEEN_NOT, &first, ERR));
	EXPECT_RC(RC_DENIED, problem_same(tx, ARENA, &w->writer, NOW, mild, both, 4, &words, SEEN_NOT, &first, ERR));
	EXPECT_RC(RC_OK, problem_same(tx, ARENA, &w->ann, NOW, mild, both, 4, &words, SEEN_NOT, &first, ERR));
	EXPECT_EQ("the most critical, then the oldest is the first", first, worse);
	EXPECT_EQ("all three are of it", of(t, tx, w, mild).tickets, 3);
	EXPECT("the others wait for it", world_ticket(t, tx, w, mild).state == STATE_WAITING && world_ticket(t, tx, w, late).state == STATE_WAITING);
	EXPECT("it does not wait for itself", world_ticket(t, tx, w, worse).state < STATE_WAITING);
	EXPECT_EQ("each is told once", world_events(t, tx, late, EV_PROBLEM), 1);

	/* A problem that is there takes more, whichever page it is done from, and needs no words. */
	struct problem_new none = { STR(""), STR(""), false, { 0 } };
	int64_t more = world_open(t, tx, &w->writer, 1, "Nothing goes");

	EXPECT_RC(RC_OK, problem_same(tx, ARENA, &w->ann, NOW, more, &mild, 1, &none, SEEN_NOT, &first, ERR));
	EXPECT_EQ("the first ticket stays the first", first, worse);
	EXPECT_EQ("with one more", of(t, tx, w, more).tickets, 4);
	int64_t a = world_open(t, tx, &w->writer, 3, "Other"), b = world_open(t, tx, &w->writer, 3, "Same as other");

	EXPECT_RC(RC_INVALID, problem_same(tx, ARENA, &w->ann, NOW, a, &b, 1, &none, SEEN_NOT, &first, ERR));
	EXPECT_STR("a new one wants words for customers", str_of(t->err.field), "title");
	EXPECT_RC(RC_OK, problem_same(tx, ARENA, &w->ann, NOW, a, &b, 1, &words, SEEN_NOT, &first, ERR));
	EXPECT_RC(RC_CONFLICT, problem_same(tx, ARENA, &w->ann, NOW, a, &mild, 1, &words, SEEN_NOT, &first, ERR));
	EXPECT_STR("two problems are not made one", str_of(t->err.code), "two");
}

TEST_EACH_DB(problem_same_in_one_step)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, same);
}

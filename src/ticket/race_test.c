/* Many at once, each in its own transaction: quotas, idempotency keys, drafts sent twice, two agents on one ticket. */
#include "ticket/ticket_world.h"
#include <pthread.h>
#include <stdatomic.h>

#define ARENA (&t->arena)
#define ERR   (&t->err)

struct race {
	struct db *db;
	struct world *w;
	db_fn *fn;
	int64_t number; /* of the ticket, if there is one */
	struct event_id seen;
	struct draft_id draft;
	atomic_int next; /* gives each thread its own index */
	atomic_int rc[RC_FAULT + 1], stale, replays;
	pthread_barrier_t start;
};
struct racer {
	struct race *race;
	struct arena arena;
	int index;
};

static void *thread(void *arg)
{
	struct race *race = arg;
	struct racer me = { .race = race, .index = atomic_fetch_add(&race->next, 1) };
	struct err err = { 0 };

	arena_init(&me.arena);
	pthread_barrier_wait(&race->start);
	enum rc rc = db_write(race->db, race->fn, &me, &err);

	atomic_fetch_add(&race->rc[rc], 1);
	atomic_fetch_add(&race->stale, strcmp(err.code, "stale") == 0);
	atomic_fetch_add(&race->replays, strcmp(err.code, "replay") == 0);
	arena_release(&me.arena);
	return NULL;
}

static void run_race(struct test *t, struct race *race, int threads)
{
	pthread_t id[64];

	race->db = t->db;
	pthread_barrier_init(&race->start, NULL, (unsigned)threads);
	for (int i = 0; i < threads; i++) {
		if (pthread_create(&id[i], NULL, thread, race) != 0)
			die("no thread for the test");
	}
	for (int i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
	pthread_barrier_destroy(&race->start);
}

static struct ticket_new request(const struct world *w)
{
	return (struct ticket_new){ .account = w->a,
		                    .kind = TICKET_REQUEST,
		                    .channel = CHANNEL_FORM,
		                    .subject = STR("At once"),
		                    .text = STR("x") };
}

DB_QUERY(q_count, "test.race_tickets", "SELECT COUNT(*) FROM ticket");
DB_QUERY(q_orphans, "test.race_orphans",
         "SELECT (SELECT COUNT(*) FROM ticket t WHERE t.last_event_id <> (SELECT MAX(id) FROM event e WHERE "
         "e.ticket_id = t.id))"
         " + (SELECT COUNT(*) FROM message m WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.message_id = m.id))");

struct counting {
	const struct db_query *q;
	int64_t n;
};

static enum rc count_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct counting *c = arg;

	return db_get_i64(tx, c->q, DB_NO_ARGS, &c->n, err);
}

static int64_t count(struct test *t, const struct db_query *q)
{
	struct counting c = { q, -1 };

	EXPECT_RC(RC_OK, db_read(t->db, count_step, &c, ERR));
	return c.n;
}

static enum rc open_one(struct db_tx *tx, void *arg, struct err *err)
{
	struct racer *me = arg;
	struct ticket_new n = request(me->race->w);
	struct ticket_opened o;

	return ticket_open(tx, &me->arena, me->index % 2 ? &me->race->w->writer : &me->race->w->boss, NOW, &n, &o, err);
}

TEST_EACH_DB(race_quota)
{
	struct world w;

	world_make(t, &w, 5);
	struct race race = { .w = &w, .fn = open_one };

	run_race(t, &race, 24);
	EXPECT_EQ("as many as the quota", race.rc[RC_OK], 5);
	EXPECT_EQ("all others are refused", race.rc[RC_DENIED], 19);
	EXPECT_EQ("and five are there", count(t, &q_count), 5);
	EXPECT_EQ("each with its newest event", count(t, &q_orphans), 0);
}

static enum rc open_keyed(struct db_tx *tx, void *arg, struct err *err)
{
	struct racer *me = arg;
	struct ticket_new n = request(me->race->w);
	struct ticket_opened o;
	struct str response;
	int status = 0;
	enum rc rc = idempotency_begin(tx, &me->arena, STR("contact:1"), STR("key-1"), STR("sha"), NOW, &status,
	                               &response, err);

	if (rc == RC_CONFLICT && (status != 201 || !str_is(response, "{\"number\":1001}")))
		return fail(err, RC_FAULT, "the replay answers something else");
	if (rc == RC_OK)
		rc = ticket_open(tx, &me->arena, &me->race->w->writer, NOW, &n, &o, err);
	if (rc == RC_OK)
		rc = idempotency_done(tx, STR("contact:1"), STR("key-1"), 201,
		                      arena_strf(&me->arena, "{\"number\":%lld}", (long long)o.number), err);
	return rc;
}

static void other_keys(struct test *t, struct db_tx *tx, struct world *w)
{
	struct str response;
	int status;

	EXPECT_RC(RC_INVALID, idempotency_begin(tx, ARENA, STR("contact:1"), STR("key-1"), STR("other"), NOW, &status,
	                                        &response, ERR));
	EXPECT_STR("the same key for something else", str_of(t->err.code), "key-reused");
	EXPECT_RC(RC_OK, idempotency_begin(tx, ARENA, STR("contact:2"), STR("key-1"), STR("sha"), NOW, &status,
	                                   &response, ERR));
	EXPECT_RC(RC_INVALID,
	          idempotency_begin(tx, ARENA, STR("contact:2"), STR(""), STR("sha"), NOW, &status, &response, ERR));
	EXPECT_RC(RC_OK, idempotency_expire(tx, LATER(1), ERR));
	EXPECT_RC(RC_OK, idempotency_begin(tx, ARENA, STR("contact:1"), STR("key-1"), STR("other"), NOW, &status,
	                                   &response, ERR));
}

TEST_EACH_DB(race_idempotency)
{
	struct world w;

	world_make(t, &w, -1);
	struct race race = { .w = &w, .fn = open_keyed };

	run_race(t, &race, 50);
	EXPECT_EQ("one opened", race.rc[RC_OK], 1);
	EXPECT_EQ("the others got its answer (S-54)", race.replays, 49);
	EXPECT_EQ("one ticket", count(t, &q_count), 1);
	world_run(t, &w, other_keys);
}

static void make_draft(struct test *t, struct db_tx *tx, struct world *w)
{
	struct draft_id id;

	EXPECT_RC(RC_OK, draft_save(tx, &w->writer, NOW, DRAFT_TICKET, (struct ticket_id){ 0 }, STR("{}"), &id, ERR));
	w->plan.v = id.v; /* carried out of the transaction */
}

static enum rc send_draft(struct db_tx *tx, void *arg, struct err *err)
{
	struct racer *me = arg;
	struct ticket_new n = request(me->race->w);
	struct ticket_opened o;

	n.draft = me->race->draft;
	return ticket_open(tx, &me->arena, &me->race->w->writer, NOW, &n, &o, err);
}

TEST_EACH_DB(race_double_click)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, make_draft);
	struct race race = { .w = &w, .fn = send_draft, .draft = { w.plan.v } };

	run_race(t, &race, 50);
	EXPECT_EQ("a draft is sent once (S-54)", race.rc[RC_OK], 1);
	EXPECT_EQ("then it is gone", race.rc[RC_NOT_FOUND], 49);
	EXPECT_EQ("one ticket", count(t, &q_count), 1);
}

static void one_ticket(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t n = world_open(t, tx, &w->writer, 3, "One");

	w->plan.v = world_ticket(t, tx, w, n).last_event.v;
	EXPECT_EQ("the first", n, 1001);
}

static enum rc answer(struct db_tx *tx, void *arg, struct err *err)
{
	struct racer *me = arg;
	struct message_new m = {
		.text = STR("Mine."), .channel = CHANNEL_FORM, .then = STATE_WAITING, .waiting_for = WAITING_CUSTOMER
	};
	struct actor who = me->race->w->ann;
	struct message_id id;

	who.agent.v = me->index % 2 ? me->race->w->ben.agent.v : who.agent.v;
	return ticket_say(tx, &me->arena, &who, NOW, 1001, &m, me->race->seen, &id, err);
}

static enum rc any_change(struct db_tx *tx, void *arg, struct err *err)
{
	struct racer *me = arg;
	struct world *w = me->race->w;
	struct message_new m = { .text = STR("x"), .channel = CHANNEL_FORM };
	struct message_id id;

	switch (me->index % 4) {
	case 0:
		return ticket_say(tx, &me->arena, &w->writer, NOW, 1001, &m, SEEN_NOT, &id, err);
	case 1:
		return ticket_assign(tx, &me->arena, &w->ann, NOW, 1001,
		                     me->index % 8 == 1 ? w->ann.agent : w->ben.agent, SEEN_NOT, err);
	case 2:
		return ticket_set_state(tx, &me->arena, &w->ben, NOW, 1001, STATE_WAITING, WAITING_OTHERS, SEEN_NOT,
		                        err);
	default:
		m.internal = true;
		return ticket_say(tx, &me->arena, &w->ben, NOW, 1001, &m, SEEN_NOT, &id, err);
	}
}

TEST_EACH_DB(race_two_agents)
{
	struct world w;

	world_make(t, &w, -1);
	world_run(t, &w, one_ticket);
	struct race race = { .w = &w, .fn = answer, .seen = { w.plan.v } };

	run_race(t, &race, 2);
	EXPECT_EQ("one answer goes out", race.rc[RC_OK], 1);
	EXPECT_EQ("the other agent is told", race.stale, 1);

	struct race all = { .w = &w, .fn = any_change };

	run_race(t, &all, 40);
	EXPECT_EQ("changes that check nothing queue and all are kept", all.rc[RC_OK], 40);
	EXPECT_EQ("the version is the newest event, no message without one", count(t, &q_orphans), 0);
}

/* ticket/ticket_world: two accounts, their people and two agents, for the tests of this room. */
#pragma once
#include "test/test.h"
#include "ticket/ticket_private.h"

#define NOW       ((struct instant){ INT64_C(1795000000000000) })
#define LATER(us) time_add(NOW, us)
#define SEEN_NOT  ((struct event_id){ 0 })

struct world {
	struct actor desk, ann, ben; /* the program, two agents */
	struct account_id a, b;
	struct plan_id plan;
	struct subscription_id sub, sub_b;
	struct site_id north, south;      /* sites of a, both on sub */
	struct actor boss;                /* manager of a */
	struct actor writer;              /* operator of a */
	struct actor reader;              /* auditor of a */
	struct actor at_north, at_south;  /* operators of one site */
	struct actor nobody;              /* of a, without any role */
	struct actor stranger;            /* manager of b */
	struct actor token_a, token_read; /* API tokens of account a itself */
};
typedef void world_fn(struct test *t, struct db_tx *tx, struct world *w);
void world_make(struct test *t, struct world *w, int64_t quota);
void world_run(struct test *t, struct world *w, world_fn *fn); /* in a write transaction */
/* Opens one and returns its number: criticality 0 is a request. */
int64_t world_open(struct test *t, struct db_tx *tx, const struct actor *who, int criticality, const char *subject);
struct ticket world_ticket(struct test *t, struct db_tx *tx, const struct world *w, int64_t number);
/* How many events of a kind the ticket has ("" = of any). */
int64_t world_events(struct test *t, struct db_tx *tx, int64_t number, const char *kind);
struct str world_last_data(struct test *t, struct db_tx *tx, int64_t number, const char *kind);
enum rc world_say(struct test *t, struct db_tx *tx, const struct actor *who, struct instant now, int64_t number,
                  const char *text, bool internal);

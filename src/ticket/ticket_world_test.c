/* Tests only: see ticket_world.h. */
#include "ticket/ticket_world.h"

DB_QUERY(q_events, "test.ticket_events",
         "SELECT COUNT(*) FROM event e JOIN ticket t ON t.id = e.ticket_id WHERE t.number = :number AND (CAST(:kind AS "
         "TEXT) = '' OR e.kind = :kind)");
DB_QUERY(q_data, "test.ticket_event_data",
         "SELECT e.data FROM event e JOIN ticket t ON t.id = e.ticket_id WHERE t.number = :number AND e.kind = :kind "
         "ORDER BY e.id DESC LIMIT 1");

struct job {
	struct test *t;
	struct world *w;
	world_fn *fn;
};

static enum rc run(struct db_tx *tx, void *arg, struct err *err)
{
	struct job *j = arg;

	j->fn(j->t, tx, j->w);
	return RC_OK;
}

void world_run(struct test *t, struct world *w, world_fn *fn)
{
	struct job j = { t, w, fn };

	EXPECT_RC(RC_OK, db_write(t->db, run, &j, &t->err));
}

static struct actor person(struct test *t, struct db_tx *tx, struct world *w, struct account_id account,
                           const char *name, enum contact_role role, enum scope_kind scope, int64_t scope_id)
{
	struct contact c = { .account = account,
		             .name = str_of(name),
		             .email = arena_strf(&t->arena, "%s@%s.example", name,
		                                 account.v == w->a.v ? "alpha" : "beta") };

	if (role) {
		c.roles[0] = (struct role){ role, scope, scope_id };
		c.n_roles = 1;
	}
	EXPECT_RC(RC_OK, contact_create(tx, &w->desk, NOW, &c, &c.id, &t->err));
	EXPECT_RC(RC_OK, contact_find(tx, &t->arena, c.id, &c, &t->err));
	return actor_of_contact(&c);
}

static struct actor agent(struct test *t, struct db_tx *tx, struct world *w, const char *name)
{
	struct agent g = { .name = str_of(name),
		           .email = arena_strf(&t->arena, "%s@desk.example", name),
		           .role = AGENT_AGENT };

	EXPECT_RC(RC_OK, agent_create(tx, &w->desk, NOW, &g, &g.id, &t->err));
	return actor_of_agent(&g);
}

static struct site_id site(struct test *t, struct db_tx *tx, struct world *w, const char *name)
{
	struct site s = { .account = w->a, .subscription = w->sub, .name = str_of(name), .n_hosts = 1 };
	struct site_id id = { 0 };

	s.hosts[0] = arena_strf(&t->arena, "%s.alpha.example", name);
	s.roles[0] = HOST_LMS;
	EXPECT_RC(RC_OK, site_create(tx, &w->desk, NOW, &s, &id, &t->err));
	return id;
}

static struct subscription_id subscription(struct test *t, struct db_tx *tx, struct world *w, struct account_id account)
{
	struct subscription s = { .account = account,
		                  .plan = w->plan,
		                  .name = STR("Campus"),
		                  .state = SUB_ACTIVE,
		                  .valid_from = time_add(NOW, -100 * DAY_US),
		                  .state_at = NOW };
	struct subscription_id id = { 0 };

	EXPECT_RC(RC_OK, subscription_create(tx, &w->desk, NOW, &s, &id, &t->err));
	return id;
}

static void seed(struct test *t, struct db_tx *tx, struct world *w)
{
	struct plan p = {
		.code = STR("BASIC"), .name = STR("Basic"), .support = true, .rank = 1, .quota_month = w->plan.v
	};

	w->desk = actor_system();
	p.channels[TICKET_INCIDENT][1] = p.channels[TICKET_INCIDENT][2] = 1U << CHANNEL_PHONE;
	p.channels[TICKET_INCIDENT][3] = p.channels[TICKET_INCIDENT][4] = p.channels[TICKET_REQUEST][0] =
	        1U << CHANNEL_MAIL | 1U << CHANNEL_FORM | 1U << CHANNEL_API;
	EXPECT_RC(RC_OK, plan_save(tx, &w->desk, NOW, &p, &w->plan, &t->err));
	EXPECT_RC(RC_OK, account_create(tx, &w->desk, NOW, &(struct account){ .name = STR("Alpha"), .lang = STR("es") },
	                                &w->a, &t->err));
	EXPECT_RC(RC_OK, account_create(tx, &w->desk, NOW, &(struct account){ .name = STR("Beta") }, &w->b, &t->err));
	w->sub = subscription(t, tx, w, w->a);
	w->sub_b = subscription(t, tx, w, w->b);
	w->north = site(t, tx, w, "north");
	w->south = site(t, tx, w, "south");
	w->boss = person(t, tx, w, w->a, "boss", CONTACT_MANAGER, SCOPE_ACCOUNT, w->a.v);
	w->writer = person(t, tx, w, w->a, "writer", CONTACT_OPERATOR, SCOPE_ACCOUNT, w->a.v);
	w->reader = person(t, tx, w, w->a, "reader", CONTACT_AUDITOR, SCOPE_ACCOUNT, w->a.v);
	w->at_north = person(t, tx, w, w->a, "at-north", CONTACT_OPERATOR, SCOPE_SITE, w->north.v);
	w->at_south = person(t, tx, w, w->a, "at-south", CONTACT_OPERATOR, SCOPE_SITE, w->south.v);
	w->nobody = person(t, tx, w, w->a, "nobody", 0, 0, 0);
	w->stranger = person(t, tx, w, w->b, "stranger", CONTACT_MANAGER, SCOPE_ACCOUNT, w->b.v);
	w->ann = agent(t, tx, w, "ann");
	w->ben = agent(t, tx, w, "ben");
	w->token_a = (struct actor){ .kind = ACTOR_CONTACT,
		                     .account = w->a,
		                     .contact_role = CONTACT_OPERATOR,
		                     .token = { 1 },
		                     .token_scope = SCOPE_WRITE,
		                     .name = STR("billing") };
	w->token_read = w->token_a;
	w->token_read.token_scope = SCOPE_READ;
	w->token_read.contact_role = CONTACT_AUDITOR;
}

void world_make(struct test *t, struct world *w, int64_t quota)
{
	*w = (struct world){ .plan = { quota } }; /* seed() reads it before it becomes the plan's id */
	world_run(t, w, seed);
}

int64_t world_open(struct test *t, struct db_tx *tx, const struct actor *who, int criticality, const char *subject)
{
	struct ticket_new n = { .account = who->account,
		                .kind = criticality ? TICKET_INCIDENT : TICKET_REQUEST,
		                .criticality = criticality,
		                .channel = CHANNEL_FORM,
		                .subject = str_of(subject),
		                .text = STR("It does not work.") };
	struct ticket_opened opened = { 0 };

	EXPECT_RC(RC_OK, ticket_open(tx, &t->arena, who, NOW, &n, &opened, &t->err));
	return opened.number;
}

struct ticket world_ticket(struct test *t, struct db_tx *tx, const struct world *w, int64_t number)
{
	struct ticket ticket = { 0 };

	EXPECT_RC(RC_OK, ticket_find(tx, &t->arena, &w->desk, number, &ticket, &t->err));
	return ticket;
}

int64_t world_events(struct test *t, struct db_tx *tx, int64_t number, const char *kind)
{
	int64_t n = -1;

	EXPECT_RC(RC_OK, db_get_i64(tx, &q_events, DB_ARGS(db_i64("number", number), db_str("kind", str_of(kind))), &n,
	                            &t->err));
	return n;
}

struct str world_last_data(struct test *t, struct db_tx *tx, int64_t number, const char *kind)
{
	AUTO_ROWS r = { 0 };

	EXPECT_RC(RC_OK,
	          db_select(tx, &q_data, DB_ARGS(db_i64("number", number), db_str("kind", str_of(kind))), &r, &t->err));
	return db_next(&r, &t->err) == RC_OK ? db_col_str(&r, 0, &t->arena) : STR("");
}

enum rc world_say(struct test *t, struct db_tx *tx, const struct actor *who, struct instant now, int64_t number,
                  const char *text, bool internal)
{
	struct message_new m = { .internal = internal, .text = str_of(text), .channel = CHANNEL_FORM };
	struct message_id id;

	return ticket_say(tx, &t->arena, who, now, number, &m, SEEN_NOT, &id, &t->err);
}

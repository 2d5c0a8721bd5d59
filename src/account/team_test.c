/* Teams: who may change them, what a name may be, members in one go, removed and come back. */
#include "account/account.h"
#include "test/test.h"

#define NOW ((struct instant){ INT64_C(1795000000000000) })

DB_QUERY(q_told, "test.team_events", "SELECT COUNT(*) FROM event WHERE kind = 'team.changed'");
DB_QUERY(q_data, "test.team_data", "SELECT data FROM event WHERE kind = 'team.changed' ORDER BY id DESC LIMIT 1");

struct run {
	struct test *t;
	struct agent_id ann, ben, gone;
	struct team_id team;
	enum rc rc;
};

static int64_t told(struct test *t, struct db_tx *tx)
{
	int64_t n = -1;

	EXPECT_RC(RC_OK, db_get_i64(tx, &q_told, DB_NO_ARGS, &n, &t->err));
	return n;
}

static bool last_says(struct test *t, struct db_tx *tx, const char *what)
{
	AUTO_ROWS r = { 0 };

	EXPECT_RC(RC_OK, db_select(tx, &q_data, DB_NO_ARGS, &r, &t->err));
	return db_next(&r, &t->err) == RC_OK && str_find(db_col_str(&r, 0, &t->arena), str_of(what)) != STR_NONE;
}

static struct agent_id hire(struct test *t, struct db_tx *tx, const char *name)
{
	struct actor desk = { .kind = ACTOR_AGENT, .agent_role = AGENT_ADMIN, .name = STR("Root") };
	struct agent_id id = { 0 };

	EXPECT_RC(RC_OK, agent_create(tx, &desk, NOW,
	                              &(struct agent){ .name = str_of(name),
	                                               .email = arena_strf(&t->arena, "%s@desk.example", name),
	                                               .role = AGENT_AGENT },
	                              &id, &t->err));
	return id;
}

static enum rc life(struct db_tx *tx, void *arg, struct err *err)
{
	struct run *x = arg;
	struct test *t = x->t;
	struct actor desk = actor_system(), agent = { .kind = ACTOR_AGENT, .agent_role = AGENT_AGENT };
	struct team_id id = { 0 }, again = { 0 };
	struct team one, *all;
	struct agent *in;
	size_t n;

	x->ann = hire(t, tx, "ann");
	x->ben = hire(t, tx, "ben");
	EXPECT_RC(RC_DENIED, team_add(tx, &agent, NOW, &(struct team){ .name = STR("Video") }, &id, &t->err));
	EXPECT_RC(RC_INVALID, team_add(tx, &desk, NOW, &(struct team){ .name = STR("  ") }, &id, &t->err));
	EXPECT_RC(RC_OK,
	          team_add(tx, &desk, NOW, &(struct team){ .name = STR(" Video "), .about = STR("Players, captions") },
	                   &id, &t->err));
	EXPECT_RC(RC_CONFLICT, team_add(tx, &desk, NOW, &(struct team){ .name = STR("Video") }, &again, &t->err));
	EXPECT_RC(RC_OK, team_set_members(tx, &desk, NOW, id, (struct agent_id[]){ x->ben, x->ann }, 2, &t->err));
	EXPECT("the log names who is in it", last_says(t, tx, "\"members\":[\"\",\"ann, ben\"]"));
	EXPECT_RC(RC_OK, team_members(tx, &t->arena, id, &in, &n, &t->err));
	EXPECT("both are members", n == 2 && str_is(in[0].name, "ann") && str_is(in[1].name, "ben"));
	int64_t before = told(t, tx);
	EXPECT_RC(RC_OK, team_set_members(tx, &desk, NOW, id, (struct agent_id[]){ x->ann, x->ben }, 2, &t->err));
	EXPECT_EQ("the same again is nothing", told(t, tx), before);
	EXPECT_RC(RC_INVALID, team_set_members(tx, &desk, NOW, id, (struct agent_id[]){ { 9999 } }, 1, &t->err));
	EXPECT_RC(RC_DENIED, team_set_members(tx, &agent, NOW, id, NULL, 0, &t->err));
	EXPECT_RC(RC_OK,
	          team_update(tx, &desk, NOW, &(struct team){ .id = id, .name = STR("Video and audio") }, &t->err));
	EXPECT_RC(RC_OK, team_find_name(tx, &t->arena, STR(" Video and audio"), &one, &t->err));
	EXPECT("found by its new name", one.id.v == id.v && one.about.n == 0);
	EXPECT_RC(RC_NOT_FOUND, team_find_name(tx, &t->arena, STR("Video"), &one, &t->err));
	EXPECT_RC(RC_DENIED, team_remove(tx, &agent, NOW, id, &t->err));
	EXPECT_RC(RC_OK, team_remove(tx, &desk, NOW, id, &t->err));
	EXPECT_RC(RC_OK, team_list(tx, &t->arena, &all, &n, &t->err));
	EXPECT_EQ("it is offered no more", n, 0);
	EXPECT_RC(RC_NOT_FOUND, team_find_name(tx, &t->arena, STR("Video and audio"), &one, &t->err));
	EXPECT_RC(RC_NOT_FOUND, team_update(tx, &desk, NOW, &(struct team){ .id = id, .name = STR("X") }, &t->err));
	EXPECT_RC(RC_OK, team_add(tx, &desk, NOW, &(struct team){ .name = STR("Video and audio") }, &again, &t->err));
	EXPECT_RC(RC_OK, team_members(tx, &t->arena, again, &in, &n, &t->err));
	EXPECT("come back by its name, without members", again.v == id.v && n == 0);
	EXPECT_RC(RC_OK, team_add(tx, &desk, NOW, &(struct team){ .name = STR("Billing") }, &x->team, &t->err));
	return RC_OK;
}

static enum rc same_name(struct db_tx *tx, void *arg, struct err *err)
{
	struct run *x = arg;
	struct actor desk = actor_system();

	return team_update(tx, &desk, NOW, &(struct team){ .id = x->team, .name = STR("Video and audio") }, err);
}

TEST_EACH_DB(account_teams)
{
	struct run x = { .t = t };

	EXPECT_RC(RC_OK, db_write(t->db, life, &x, &t->err));
	EXPECT_RC(RC_CONFLICT, db_write(t->db, same_name, &x, &t->err));
	EXPECT_STR("the field is named", str_of(t->err.field), "name");
}

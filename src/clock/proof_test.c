/* Links to an account's month: what opens, what does not, what is over, who may make them. */
#include "clock/clock_private.h"
#include "ticket/ticket_world.h"

#define KEY STR("a key of the tests")

struct links {
	struct test *t;
	struct world w;
};

static enum rc opened(struct test *t, struct db_tx *tx, struct str key, struct str token, struct instant now,
                      struct proof_link *ret)
{
	struct err e = { 0 };

	return proof_link_open(tx, &t->arena, key, token, now, ret, &e);
}

static enum rc steps(struct db_tx *tx, void *arg, struct err *err)
{
	struct links *x = arg;
	struct test *t = x->t;
	struct actor reader = x->w.ann;
	struct account_id account = x->w.boss.account;
	struct proof_link l = { .account = account,
		                .month = STR("2026-10"),
		                .from = NOW,
		                .to = time_add(NOW, DAY_US),
		                .expires_at = time_add(NOW, 7 * DAY_US) };
	struct proof_link *list, got;
	int64_t id = 0, other = 0;
	size_t n;

	reader.token_scope = SCOPE_READ;
	EXPECT_RC(RC_DENIED, proof_link_make(tx, &t->arena, &reader, NOW, &l, &id, &t->err));
	EXPECT_RC(RC_DENIED, proof_link_make(tx, &t->arena, &x->w.boss, NOW, &l, &id, &t->err));
	l.expires_at = NOW;
	EXPECT_RC(RC_INVALID, proof_link_make(tx, &t->arena, &x->w.ann, NOW, &l, &id, &t->err));
	l.expires_at = time_add(NOW, 91 * DAY_US);
	EXPECT_RC(RC_INVALID, proof_link_make(tx, &t->arena, &x->w.ann, NOW, &l, &id, &t->err));
	l.expires_at = time_add(NOW, 7 * DAY_US);
	EXPECT_RC(RC_OK, proof_link_make(tx, &t->arena, &x->w.ann, NOW, &l, &id, err));
	EXPECT_RC(RC_OK, proof_link_make(tx, &t->arena, &x->w.ann, NOW, &l, &other, err));
	EXPECT_RC(RC_OK, proof_links(tx, &t->arena, account, l.month, NOW, &list, &n, err));
	EXPECT_EQ("both are listed", n, 2);
	EXPECT_EQ("the newest first", list[0].id, other);
	struct str newer = proof_link_token(&t->arena, KEY, &list[0]),
	           older = proof_link_token(&t->arena, KEY, &list[1]);

	EXPECT_RC(RC_OK, opened(t, tx, KEY, older, NOW, &got));
	EXPECT("it is of that account and month", got.account.v == account.v && got.from.us == l.from.us &&
	                                                  got.to.us == l.to.us && str_is(got.month, "2026-10"));
	EXPECT_RC(RC_NOT_FOUND, opened(t, tx, STR("another key"), older, NOW, &got));
	EXPECT_RC(RC_NOT_FOUND, opened(t, tx, KEY, str_sub(older, 0, older.n - 1), NOW, &got));
	EXPECT_RC(RC_NOT_FOUND, opened(t, tx, KEY, arena_strf(&t->arena, "%lld-", (long long)id), NOW, &got));
	EXPECT_RC(RC_NOT_FOUND, opened(t, tx, KEY, STR(""), NOW, &got));
	EXPECT_RC(RC_NOT_FOUND,
	          opened(t, tx, KEY,
	                 arena_strf(&t->arena, "%lld-" STR_F, (long long)id, STR_A(str_from(newer, newer.n - 26))), NOW,
	                 &got));
	EXPECT_RC(RC_OK, opened(t, tx, KEY, older, time_add(l.expires_at, -1), &got));
	EXPECT_RC(RC_DENIED, opened(t, tx, KEY, older, l.expires_at, &got));
	EXPECT_RC(RC_OK, proof_link_revoke(tx, &x->w.ben, NOW, (struct account_id){ account.v + 1 }, id, err));
	EXPECT_RC(RC_OK, opened(t, tx, KEY, older, NOW, &got));
	EXPECT_RC(RC_OK, proof_link_revoke(tx, &x->w.ben, NOW, account, id, err));
	EXPECT_RC(RC_DENIED, opened(t, tx, KEY, older, NOW, &got));
	EXPECT_RC(RC_OK, opened(t, tx, KEY, newer, NOW, &got));
	EXPECT_RC(RC_OK, proof_links(tx, &t->arena, account, l.month, NOW, &list, &n, err));
	EXPECT_EQ("what is over is not listed", n, 1);
	return RC_OK;
}

TEST_EACH_DB(proof_links_open_one_month)
{
	struct links x = { .t = t };

	world_make(t, &x.w, -1);
	EXPECT_RC(RC_OK, db_write(t->db, steps, &x, &t->err));
}

/* Proofs cannot be guessed or bent; budgets end loops; nothing is sent twice. */
#include "outbox/outbox.h"
#include "test/test.h"
#include "util/crypt.h"

static const struct mail_keys keys = { .key = { STR_INIT("new key"), STR_INIT("old key") }, .n = 2, .domain = STR_INIT("desk.example"),
	.reply_local = STR_INIT("support"), .reply_domain = STR_INIT("desk.example") };

TEST(outbox_proofs)
{
	struct arena *a = &t->arena;
	struct str token = random_token(a), got = STR_NULL, addr = mail_reply_address(a, &keys, token), mid = mail_message_id(a, &keys, token);
	struct mail_keys old = keys, other = keys;
	char *upper = str_z(a, addr);

	EXPECT_RC(RC_OK, mail_reply_token(a, &keys, addr, &got));
	EXPECT("the address carries its token", str_eq(got, token));
	EXPECT_RC(RC_OK, mail_message_id_token(a, &keys, mid, &got));
	for (size_t i = 0; upper[i]; i++)
		if (upper[i] >= 'a' && upper[i] <= 'z')
			upper[i] -= 32;
	EXPECT("a folded local part is the same proof", mail_reply_token(a, &keys, str_of(upper), &got) == RC_OK);
	old.key[0] = keys.key[1];
	old.n = 1;
	EXPECT("a proof of the old key holds after rotation", mail_reply_token(a, &keys, mail_reply_address(a, &old, token), &got) == RC_OK);
	other.key[0] = STR("stranger");
	other.n = 1;
	EXPECT("one of another key does not", mail_reply_token(a, &keys, mail_reply_address(a, &other, token), &got) == RC_INVALID);
	EXPECT("a Message-ID's proof is no reply address's", mail_reply_token(a, &keys, arena_strf(a, "support+" STR_F, STR_A(str_from(mid, 33))), &got) == RC_INVALID);
	for (size_t i = 8; i < addr.n - 13; i++) {
		char *bent = str_z(a, addr);

		bent[i] = bent[i] == 'a' ? 'b' : 'a';
		EXPECT("every changed letter breaks it", mail_reply_token(a, &keys, (struct str){ bent, addr.n }, &got) == RC_INVALID);
	}
	EXPECT("a cut one is none", mail_reply_token(a, &keys, str_sub(addr, 0, addr.n - 14), &got) == RC_INVALID);
	int hits = 0;
	for (int i = 0; i < 10000; i++)
		hits += mail_reply_token(a, &keys, arena_strf(a, "support+" STR_F ".%.26s@desk.example", STR_A(token), random_token(a).p), &got) == RC_OK;
	EXPECT_EQ("ten thousand guesses, no hit", hits, 0);
}

struct puts {
	struct outmail m;
	struct instant now;
	struct outmail_row *rows;
	size_t n;
	struct test *t;
	int state;
};

static enum rc put(struct db_tx *tx, void *arg, struct err *err)
{
	struct puts *p = arg;

	return outbox_put(tx, &p->m, p->now, NULL, err);
}

static enum rc list(struct db_tx *tx, void *arg, struct err *err)
{
	struct puts *p = arg;

	return outbox_list(tx, &p->t->arena, p->state, 100, &p->rows, &p->n, err);
}

TEST_EACH_DB(outbox_budget_and_once)
{
	struct puts p = { .t = t, .now = { 100 * DAY_US }, .m = { .kind = "ack", .automatic = true, .from_addr = STR_INIT("support@desk.example"),
		.to_addr = STR_INIT("ana@campus.example"), .subject = STR_INIT("Hello"), .text = STR_INIT("Text") } };

	EXPECT_RC(RC_OK, db_write(t->db, put, &p, &t->err));
	EXPECT_RC(RC_OK, db_write(t->db, put, &p, &t->err));
	p.state = OUTMAIL_SUPPRESSED;
	EXPECT_RC(RC_OK, db_read(t->db, list, &p, &t->err));
	EXPECT_EQ("the second of a day is kept, but not sent", p.n, 1);
	p.now.us += DAY_US + 1;
	EXPECT_RC(RC_OK, db_write(t->db, put, &p, &t->err));
	p.state = OUTMAIL_QUEUED;
	EXPECT_RC(RC_OK, db_read(t->db, list, &p, &t->err));
	EXPECT_EQ("a day later one may go again", p.n, 2);
	p.m.to_addr = STR("MAILER-DAEMON@campus.example");
	EXPECT_RC(RC_OK, db_write(t->db, put, &p, &t->err));
	p.m.automatic = false;
	p.m.to_addr = STR("bob@campus.example");
	p.m.dedupe = STR("event:1:bob");
	EXPECT_RC(RC_OK, db_write(t->db, put, &p, &t->err));
	EXPECT_RC(RC_OK, db_write(t->db, put, &p, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, list, &p, &t->err));
	EXPECT_EQ("no robot is answered, and no event told twice", p.n, 3);
	p.m.dedupe = STR_NULL;
	p.m.subject = STR("Hello\r\nBcc: everybody@campus.example");
	EXPECT_RC(RC_INVALID, db_write(t->db, put, &p, &t->err));
}

/* Which addresses are ours, and what the reader of the log tells whom. */
#include "mail/intake.h"
#include "test/test.h"

TEST(mail_our_addresses)
{
	struct desk_config c = { .support_addr = STR_INIT("Support@desk.example"), .mail_addresses = { STR_INIT("incidents@desk.example") }, .n_mail_addresses = 1 };
	static const struct { const char *why, *address; bool want; } row[] = {
		{ "the support address, case folded", "SUPPORT@Desk.Example", true },
		{ "a listed one", "incidents@desk.example", true },
		{ "the keyed form", "support+abc.def@desk.example", true },
		{ "another local part", "sales@desk.example", false },
		{ "another domain", "support@evil.example", false },
		{ "a plus form of another", "sales+x@desk.example", false },
		{ "no address at all", "support", false },
	};
	for (size_t i = 0; i < COUNT(row); i++)
		EXPECT_EQ(row[i].why, intake_is_ours(&c, str_of(row[i].address)), row[i].want);
}

struct accepted { struct test *t; struct intake_counts n; };

static enum rc count(struct db_tx *tx, void *arg, struct err *err)
{
	return intake_count(tx, INTAKE_LMTP, &((struct accepted *)arg)->n, err);
}

TEST_EACH_DB(mail_the_same_bytes_again_are_one)
{
	struct str rcpts[] = { STR("support@desk.example"), STR("incidents@desk.example") };
	struct accepted a = { .t = t };

	for (int i = 0; i < 3; i++)
		EXPECT_RC(RC_OK, intake_accept(t->db, INTAKE_LMTP, STR("00ff"), 10, STR("ana@campus.example"), rcpts, 2, (struct instant){ 5 }, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, count, &a, &t->err));
	EXPECT_EQ("one row a recipient, however often it is delivered", a.n.accepted, 2);
	EXPECT_EQ("all of them wait to be filed", a.n.state[INTAKE_RECEIVED], 2);
}

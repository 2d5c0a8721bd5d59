/* Which addresses are ours, and what the reader of the log tells whom. */
#include "blob/blob.h"
#include "jail/jail.h"
#include "mail/intake.h"
#include "mail/sender.h"
#include "test/test.h"
#include "util/crypt.h"

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

/* ---- small mails wait in the database ---- */

struct waiting {
	struct test *t;
	struct str sha256, raw;
	enum rc rc;
};

static enum rc look_for_raw(struct db_tx *tx, void *arg, struct err *err)
{
	struct waiting *w = arg;

	w->rc = raw_mail_get(tx, &w->t->arena, w->sha256, &w->raw, NULL);
	return RC_OK;
}

TEST_EACH_DB(mail_small_ones_are_kept_with_their_rows)
{
	static const char bytes[] = "From: a@b.example\r\n\r\n\0\x80\xff not even text\r\n";
	struct str raw = { bytes, sizeof(bytes) - 1 };
	struct str rcpts[] = { STR_INIT("support@desk.example"), STR_INIT("requests@desk.example") };
	struct waiting w = { .t = t, .sha256 = sha256_hex(&t->arena, raw) };
	struct desk desk = { .db = t->db, .config = { .max_mail = 1 << 20, .support_addr = STR_INIT("support@desk.example") } };
	struct str blob = STR_NULL;

	EXPECT_RC(RC_OK, blob_open(str_of(t->dir), 0, &desk.blobs, &t->err));
	desk.jail = jail_new("/nowhere", 1); /* nothing can be parsed: it goes to quarantine or is tried again, but is never lost */
	EXPECT_RC(RC_OK, intake_accept_small(t->db, INTAKE_LMTP, raw, STR(""), rcpts, 2, (struct instant){ 5 }, &t->err));
	EXPECT_RC(RC_OK, intake_accept_small(t->db, INTAKE_LMTP, raw, STR(""), rcpts, 2, (struct instant){ 6 }, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, look_for_raw, &w, &t->err));
	EXPECT("its bytes are there, byte for byte", w.rc == RC_OK && str_eq(w.raw, raw));
	EXPECT_RC(RC_NOT_FOUND, blob_read(&t->arena, desk.blobs, w.sha256, 1 << 20, &blob, &t->err));
	for (int i = 0; i < 12; i++)
		intake_run(&desk, 10);
	EXPECT_RC(RC_OK, blob_read(&t->arena, desk.blobs, w.sha256, 1 << 20, &blob, &t->err));
	EXPECT("it became a blob, byte for byte", str_eq(blob, raw));
	EXPECT_RC(RC_OK, db_read(t->db, look_for_raw, &w, &t->err));
	EXPECT("when its rows moved on the database let go of it", w.rc == RC_NOT_FOUND);
	jail_free(desk.jail);
	blob_close(desk.blobs);
}

TEST(mail_tries_again_later_and_later)
{
	int64_t sum = 0, last = 0;

	EXPECT("first after about five minutes", sender_backoff_us(1, 0) >= 4 * MINUTE_US && sender_backoff_us(1, 999) <= 6 * MINUTE_US);
	for (int i = 1; i < 40; i++) {
		EXPECT("never sooner than before", sender_backoff_us(i, 500) >= last);
		last = sender_backoff_us(i, 500);
		sum += last;
	}
	EXPECT("at least every five hours", last <= 5 * HOUR_US);
	EXPECT("so that forty tries are enough for five days", sum > 5 * DAY_US);
}

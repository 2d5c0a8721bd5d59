/* Which addresses are ours, and what the reader of the log tells whom. */
#include "blob/blob.h"
#include "jail/jail.h"
#include "mail/intake.h"
#include "mail/lmtp.h"
#include "mail/sender.h"
#include "test/test.h"
#include "util/crypt.h"
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

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
	int tries;
};

static enum rc look_for_raw(struct db_tx *tx, void *arg, struct err *err)
{
	struct waiting *w = arg;

	w->rc = raw_mail_get(tx, &w->t->arena, w->sha256, &w->raw, NULL);
	return RC_OK;
}

static enum rc look_for_tries(struct db_tx *tx, void *arg, struct err *err)
{
	struct waiting *w = arg;
	struct intake in;
	enum rc rc = intake_find(tx, &w->t->arena, (struct intake_id){ 1 }, &in, err);

	w->tries = rc == RC_OK ? in.tries : -1;
	return rc;
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
	desk.jail = jail_new("/nowhere", 1); /* nothing can be parsed: it is tried again, and never lost */
	EXPECT_RC(RC_OK, intake_accept_small(t->db, INTAKE_LMTP, raw, STR(""), rcpts, 2, (struct instant){ 5 }, &t->err));
	EXPECT_RC(RC_OK, intake_accept_small(t->db, INTAKE_LMTP, raw, STR(""), rcpts, 2, (struct instant){ 6 }, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, look_for_raw, &w, &t->err));
	EXPECT("its bytes are there, byte for byte", w.rc == RC_OK && str_eq(w.raw, raw));
	EXPECT_RC(RC_NOT_FOUND, blob_read(&t->arena, desk.blobs, w.sha256, 1 << 20, &blob, &t->err));
	struct accepted a = { .t = t };
	struct instant now = time_now();

	for (int i = 0; i < 12; i++)
		EXPECT_EQ("nothing is filed", intake_run(&desk, now, 10), 0);
	EXPECT_RC(RC_OK, db_read(t->db, look_for_tries, &w, &t->err));
	EXPECT_EQ("a try that failed is not made again at once", w.tries, 1);
	for (int i = 0; i < 12; i++)
		EXPECT_EQ("nor later", intake_run(&desk, now = time_add(now, 2 * MINUTE_US), 10), 0);
	EXPECT_RC(RC_OK, db_read(t->db, look_for_tries, &w, &t->err));
	EXPECT_EQ("it is tried again when its time comes", w.tries, 13);
	EXPECT_RC(RC_OK, db_read(t->db, count, &a, &t->err));
	EXPECT_EQ("what fails through no fault of its own waits", a.n.state[INTAKE_RECEIVED], 2);
	jail_free(desk.jail);
	desk.jail = jail_new("/proc/self/exe", 1);
	now = time_add(now, 2 * MINUTE_US);
	EXPECT_EQ("and is filed without anybody's doing", intake_run(&desk, now, 10), 2);
	EXPECT_RC(RC_OK, blob_read(&t->arena, desk.blobs, w.sha256, 1 << 20, &blob, &t->err));
	EXPECT("it became a blob, byte for byte", str_eq(blob, raw));
	EXPECT_RC(RC_OK, db_read(t->db, look_for_raw, &w, &t->err));
	EXPECT("when its rows moved on the database let go of it", w.rc == RC_NOT_FOUND);
	jail_free(desk.jail);
	blob_close(desk.blobs);
}

static enum rc file_again(struct db_tx *tx, void *arg, struct err *err)
{
	int64_t n;

	return intake_reprocess_quarantine(tx, *(struct instant *)arg, &n, err);
}

static void raw_of(struct test *t, struct waiting *w)
{
	EXPECT_RC(RC_OK, db_read(t->db, look_for_raw, w, &t->err));
}

/* The disk of the blobs takes nothing, the database does: what was acknowledged is nowhere else yet. */
TEST_EACH_DB(mail_is_kept_when_its_file_cannot_be_made)
{
	struct str raw = STR("From: a@b.example\r\nSubject: x\r\n\r\ny\r\n");
	struct str rcpt = STR("support@desk.example");
	struct waiting w = { .t = t, .sha256 = sha256_hex(&t->arena, raw) };
	struct desk desk = { .db = t->db, .config = { .max_mail = 1 << 20, .support_addr = STR_INIT("support@desk.example") } };
	struct accepted a = { .t = t };
	struct instant now = time_now();

	desk.jail = jail_new("/proc/self/exe", 1);
	EXPECT_RC(RC_OK, blob_open(str_of(t->dir), INT64_MAX / 2, &desk.blobs, &t->err)); /* a reserve that no disk has */
	EXPECT_RC(RC_OK, intake_accept_small(t->db, INTAKE_LMTP, raw, STR(""), &rcpt, 1, now, &t->err));
	for (int i = 0; i < 30; i++)
		EXPECT_EQ("without space nothing is filed", intake_run(&desk, now = time_add(now, 2 * MINUTE_US), 10), 0);
	EXPECT_RC(RC_OK, db_read(t->db, count, &a, &t->err));
	EXPECT_EQ("it waits for more than some minutes", a.n.state[INTAKE_RECEIVED], 1);
	for (int i = 0; i < 1500; i++)
		(void)!intake_run(&desk, now = time_add(now, 2 * MINUTE_US), 10);
	EXPECT_RC(RC_OK, db_read(t->db, count, &a, &t->err));
	EXPECT_EQ("after a day it is for people", a.n.state[INTAKE_QUARANTINE], 1);
	raw_of(t, &w);
	EXPECT("its bytes are still in the database", w.rc == RC_OK && str_eq(w.raw, raw));
	blob_close(desk.blobs);
	EXPECT_RC(RC_OK, blob_open(str_of(t->dir), 0, &desk.blobs, &t->err));
	EXPECT_RC(RC_OK, db_write(t->db, file_again, &now, &t->err));
	EXPECT_EQ("with space again it is filed when somebody says so", intake_run(&desk, time_add(now, MINUTE_US), 10), 1);
	raw_of(t, &w);
	EXPECT("and is a file, not in the database any more", w.rc == RC_NOT_FOUND && blob_has(desk.blobs, w.sha256));
	EXPECT_RC(RC_OK, intake_accept_small(t->db, INTAKE_LMTP, raw, STR(""), &rcpt, 1, now, &t->err));
	raw_of(t, &w);
	EXPECT("the same mail once more leaves nothing behind in the database", w.rc == RC_NOT_FOUND);
	jail_free(desk.jail);
	blob_close(desk.blobs);
}

/* What is said on the socket, and whether the last answer begins so. */
static bool talk(FILE *in, FILE *out, const char *say, const char *wanted)
{
	char line[600] = "";

	fputs(say, out);
	fflush(out);
	while (fgets(line, sizeof(line), in) && strlen(line) > 3 && line[3] == '-')
		;
	return strncmp(line, wanted, strlen(wanted)) == 0;
}

TEST_EACH_DB(mail_lmtp_on_a_unix_socket)
{
	struct desk desk = { .db = t->db, .config = { .max_mail = 1 << 20, .support_addr = STR_INIT("support@desk.example"), .mail_domain = STR_INIT("desk.example") } };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct accepted a = { .t = t };
	struct lmtp *l = NULL;
	struct stat st = { 0 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "/tmp/carrel-lmtp-%d.sock", getpid());
	EXPECT_RC(RC_OK, blob_open(str_of(t->dir), 0, &desk.blobs, &t->err));
	EXPECT_RC(RC_OK, lmtp_start(&desk, str_of(to.sun_path), &l, &t->err));
	if (!l)
		return;
	EXPECT("others of the machine may not", stat(to.sun_path, &st) == 0 && (st.st_mode & 0777) == 0660);
	if (EXPECT("the mail server connects", connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)) {
		FILE *in = fdopen(dup(fd), "r"), *out = fdopen(dup(fd), "w");

		EXPECT("it is greeted", talk(in, out, "", "220"));
		EXPECT("and understood", talk(in, out, "LHLO mx\r\n", "250") && talk(in, out, "MAIL FROM:<a@b.example>\r\n", "250") &&
		                                 talk(in, out, "RCPT TO:<nobody@desk.example>\r\n", "550") &&
		                                 talk(in, out, "RCPT TO:<support@desk.example>\r\n", "250") && talk(in, out, "DATA\r\n", "354"));
		EXPECT("a mail is kept", talk(in, out, "Subject: x\r\n\r\ny\r\n.\r\n", "250"));
		EXPECT("good bye", talk(in, out, "QUIT\r\n", "221"));
		fclose(in);
		fclose(out);
	}
	close(fd);
	EXPECT_RC(RC_OK, db_read(t->db, count, &a, &t->err));
	EXPECT_EQ("and is there", a.n.state[INTAKE_RECEIVED], 1);
	lmtp_stop(l);
	EXPECT("the socket goes with it", stat(to.sun_path, &st) != 0);
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

/* Proofs cannot be guessed or bent; budgets end loops; nothing is sent twice. */
#include "outbox/outbox.h"
#include "test/test.h"
#include "util/crypt.h"

static const struct mail_keys keys = { .key = { STR_INIT("new key"), STR_INIT("old key") },
	                               .n = 2,
	                               .domain = STR_INIT("desk.example"),
	                               .reply_local = STR_INIT("support"),
	                               .reply_domain = STR_INIT("desk.example") };

static enum rc reply(struct test *t, const struct mail_keys *k, struct str address)
{
	struct str got;

	return mail_reply_token(&t->arena, k, address, &got);
}

static enum rc mid(struct test *t, const struct mail_keys *k, struct str id)
{
	struct str got;

	return mail_message_id_token(&t->arena, k, id, &got);
}

static struct str upper(struct arena *a, struct str s)
{
	char *z = str_z(a, s);

	for (size_t i = 0; i < s.n; i++)
		if (z[i] >= 'a' && z[i] <= 'z')
			z[i] -= 32;
	return (struct str){ z, s.n };
}

TEST(outbox_proofs_hold)
{
	struct arena *a = &t->arena;
	struct str token = random_token(a), got = STR_NULL, addr = mail_reply_address(a, &keys, token);
	struct mail_keys old = { .key = { keys.key[1] },
		                 .n = 1,
		                 .domain = keys.domain,
		                 .reply_local = keys.reply_local,
		                 .reply_domain = keys.reply_domain };

	EXPECT_RC(RC_OK, mail_reply_token(a, &keys, addr, &got));
	EXPECT("the address carries its token", str_eq(got, token));
	EXPECT("it is short enough for every mail server", str_find_byte(addr, '@') <= 64);
	EXPECT_RC(RC_OK, mail_message_id_token(a, &keys, mail_message_id(a, &keys, token), &got));
	EXPECT("and so does the Message-ID", str_eq(got, token));
	EXPECT("two Message-IDs differ", !str_eq(mail_message_id(a, &keys, token), mail_message_id(a, &keys, token)));
	EXPECT_RC(RC_OK, mail_reply_token(a, &keys, upper(a, addr), &got));
	EXPECT("a local part folded on its way is the same proof", str_eq(got, token));
	EXPECT_RC(RC_OK, reply(t, &keys, mail_reply_address(a, &old, token)));
	EXPECT_RC(RC_OK, mid(t, &keys, mail_message_id(a, &old, token)));
	EXPECT_RC(RC_INVALID, reply(t, &old, addr));
}

TEST(outbox_links_to_files_end)
{
	struct arena *a = &t->arena;
	struct str token = random_token(a), other = random_token(a), got = STR_NULL;
	struct instant now = { 100 * DAY_US }, end = { 130 * DAY_US };
	struct str link = mail_file_link(a, &keys, token, end);
	char *bent = str_z(a, link);

	EXPECT_RC(RC_OK, mail_file_token(a, &keys, link, now, &got));
	EXPECT("it names its file", str_eq(got, token));
	EXPECT_EQ("until its time is over", mail_file_token(a, &keys, link, end, &got), RC_DENIED);
	for (size_t i = 0; i < link.n; i++) {
		char was = bent[i];

		bent[i] = was == '3' ? '4' : '3';
		EXPECT_EQ("no letter of it may be another", mail_file_token(a, &keys, (struct str){ bent, link.n }, now, &got), RC_INVALID);
		bent[i] = was;
		EXPECT_EQ("nor lack", mail_file_token(a, &keys, str_sub(link, 0, i), now, &got), RC_INVALID);
	}
	EXPECT_EQ("nor does a claim open a file", mail_file_token(a, &keys, mail_claim_link(a, &keys, token), now, &got), RC_INVALID);
	EXPECT_EQ("nor another file's token", mail_file_token(a, &keys, arena_strf(a, STR_F STR_F, STR_A(other), STR_A(str_from(link, 32))), now, &got), RC_INVALID);
}

TEST(outbox_proofs_cannot_be_bent)
{
	struct arena *a = &t->arena;
	struct str token = random_token(a), addr = mail_reply_address(a, &keys, token),
	           id = mail_message_id(a, &keys, token);
	struct str mac = str_sub(addr, 8 + 32 + 1, 16), other = random_token(a);
	struct mail_keys stranger = keys;

	stranger.key[0] = stranger.key[1] = STR("stranger");
	const struct {
		const char *why;
		struct str address;
	} row[] = {
		{ "a proof made with another key", mail_reply_address(a, &stranger, token) },
		{ "the mac of another ticket",
		  arena_strf(a, "support+" STR_F "." STR_F "@desk.example", STR_A(other), STR_A(mac)) },
		{ "a Message-ID's proof in an address", arena_strf(a, "support+" STR_F, STR_A(str_from(id, 33))) },
		{ "no mac", arena_strf(a, "support+" STR_F "@desk.example", STR_A(token)) },
		{ "an empty mac", arena_strf(a, "support+" STR_F ".@desk.example", STR_A(token)) },
		{ "a mac with one letter less",
		  arena_strf(a, "support+" STR_F "." STR_F "@desk.example", STR_A(token), STR_A(str_sub(mac, 0, 15))) },
		{ "a mac with one letter more",
		  arena_strf(a, "support+" STR_F "." STR_F "a@desk.example", STR_A(token), STR_A(mac)) },
		{ "another local part", arena_strf(a, "sales" STR_F, STR_A(str_from(addr, 7))) },
		{ "another domain", arena_strf(a, STR_F ".evil.example", STR_A(addr)) },
		{ "a second address behind", arena_strf(a, STR_F "@evil.example", STR_A(addr)) },
		{ "a ticket number", STR("support+1042@desk.example") },
		{ "nothing behind the plus", STR("support+@desk.example") },
		{ "no plus", STR("support@desk.example") },
		{ "nothing", STR("") },
		{ "signs outside the alphabet", arena_strf(a, "support+%.32s.%.16s@desk.example",
		                                           "0189----0189----0189----0189----", "%s%s%s%s%s%s%s%s") },
	};
	for (size_t i = 0; i < COUNT(row); i++)
		EXPECT_EQ(row[i].why, reply(t, &keys, row[i].address), RC_INVALID);
	for (size_t i = 8; i < str_find_byte(addr, '@'); i++)
		for (int bit = 0; bit < 5; bit++) {
			char *bent = str_z(a, addr);

			bent[i] ^= (char)(1 << bit);
			EXPECT("every flipped bit breaks the address (S-11)",
			       reply(t, &keys, (struct str){ bent, addr.n }) == RC_INVALID);
		}
	for (size_t i = 33; i < str_find_byte(id, '@'); i++) {
		char *bent = str_z(a, id);

		bent[i] = bent[i] == 'a' ? 'b' : 'a';
		EXPECT("every changed letter breaks the Message-ID",
		       mid(t, &keys, (struct str){ bent, id.n }) == RC_INVALID);
	}
	for (size_t n = 0; n < addr.n; n++)
		EXPECT("every cut one is none", reply(t, &keys, str_sub(addr, 0, n)) == RC_INVALID);
}

TEST(outbox_proofs_cannot_be_guessed)
{
	struct arena *a = &t->arena;
	struct str token = random_token(a);
	int hits = 0;

	for (int i = 0; i < 10000; i++) {
		struct str guess = i % 2 ? token : random_token(a); /* also by who knows the token of a ticket */

		hits += reply(t, &keys,
		              arena_strf(a, "support+" STR_F ".%.16s@desk.example", STR_A(guess), random_token(a).p)) ==
		        RC_OK;
		hits += mid(t, &keys,
		            arena_strf(a, STR_F "." STR_F ".%.16s@desk.example", STR_A(guess), STR_A(guess),
		                       random_token(a).p)) == RC_OK;
	}
	EXPECT_EQ("ten thousand guesses of each kind, no hit (S-09)", hits, 0);
}

TEST(outbox_robots)
{
	static const struct {
		const char *address;
		bool robot;
	} row[] = {
		{ "MAILER-DAEMON@campus.example", true },
		{ "postmaster@campus.example", true },
		{ "no-reply@x.example", true },
		{ "NoReply-123@x.example", true },
		{ "bounces+9-ana=campus.example@x.example", true },
		{ "", true },
		{ "root@campus.example", true },
		{ "ana@campus.example", false },
		{ "roots@campus.example", false },
		{ "rebounce@campus.example", false },
		{ "norah@campus.example", false },
	};
	for (size_t i = 0; i < COUNT(row); i++)
		EXPECT_EQ(row[i].address, mail_is_robot(str_of(row[i].address)), row[i].robot);
}

TEST(outbox_header_text)
{
	struct arena *a = &t->arena;

	EXPECT_STR("line ends become a space (S-19)", mail_header_text(a, STR(" Quiz\r\nBcc: all@x.example\t\n")),
	           "Quiz Bcc: all@x.example");
	EXPECT_STR("those of Unicode, too",
	           mail_header_text(a, STR("a\xe2\x80\xa8"
	                                   "b\xc2\x85"
	                                   "c")),
	           "a b c");
	EXPECT_STR("nobody turns the writing round",
	           mail_header_text(a, STR("ana\xe2\x80\xae"
	                                   "elpmaxe")),
	           "ana elpmaxe");
	EXPECT_STR("accents stay", mail_header_text(a, STR("¿Qué día?")), "¿Qué día?");
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
	struct puts p = { .t = t,
		          .now = { 100 * DAY_US },
		          .m = { .kind = "ack",
		                 .automatic = true,
		                 .from_addr = STR_INIT("support@desk.example"),
		                 .to_addr = STR_INIT("ana@campus.example"),
		                 .subject = STR_INIT("Hello"),
		                 .text = STR_INIT("Text") } };

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

TEST_EACH_DB(outbox_refuses_injection)
{
	static const struct {
		const char *why;
		struct str s;
		bool in_words;
	} row[] = {
		{ "CR LF and a header", STR_INIT("a@b.example\r\nBcc: x@y.example"), true },
		{ "LF alone", STR_INIT("a@b.example\nX: y"), true },
		{ "CR alone", STR_INIT("a@b.example\rX: y"), true },
		{ "NUL", { "a@b.example\0x", 13 }, true },
		{ "a line separator", STR_INIT("a@b.example\xe2\x80\xa8X: y"), false },
		{ "a next-line sign", STR_INIT("a@b.example\xc2\x85X: y"), false },
		{ "broken UTF-8", STR_INIT("a@b.example\xff"), false },
		{ "a parameter of the envelope", STR_INIT("a@b.example> SIZE=1"), false },
		{ "two addresses", STR_INIT("a@b.example,c@d.example"), false },
		{ "two signs", STR_INIT("a@b.example@c.example"), false },
	};
	const struct outmail good = { .kind = "reply",
		                      .from_addr = STR_INIT("support@desk.example"),
		                      .to_addr = STR_INIT("ana@campus.example"),
		                      .subject = STR_INIT("Hello"),
		                      .text = STR_INIT("Text") };
	struct puts p = { .t = t, .now = { 100 * DAY_US }, .m = good };
	struct str *place[] = { &p.m.to_addr,     &p.m.from_addr, &p.m.reply_to, &p.m.message_id,
		                &p.m.in_reply_to, &p.m.subject,   &p.m.to_name,  &p.m.from_name };

	for (size_t i = 0; i < COUNT(row); i++)
		for (size_t k = 0; k < (row[i].in_words ? COUNT(place) : 3); k++) {
			p.m = good;
			*place[k] = row[i].s;
			EXPECT_EQ(row[i].why, db_write(t->db, put, &p, &t->err), RC_INVALID);
		}
	p.m = good;
	EXPECT_RC(RC_OK, db_write(t->db, put, &p, &t->err));
}

TEST_EACH_DB(outbox_ten_an_hour)
{
	static const char *const kind[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l" };
	struct puts p = { .t = t,
		          .now = { 100 * DAY_US },
		          .m = { .automatic = true,
		                 .from_addr = STR_INIT("support@desk.example"),
		                 .subject = STR_INIT("Hello"),
		                 .text = STR_INIT("Text") } };

	for (size_t i = 0; i < COUNT(kind); i++) {
		p.m.kind = kind[i];
		p.m.to_addr = i % 2 ? STR("ana@campus.example") : STR("ANA@Campus.Example");
		EXPECT_RC(RC_OK, db_write(t->db, put, &p, &t->err));
	}
	p.state = OUTMAIL_QUEUED;
	EXPECT_RC(RC_OK, db_read(t->db, list, &p, &t->err));
	EXPECT_EQ("ten in an hour, however the address is written (S-17)", p.n, 10);
	p.state = OUTMAIL_SUPPRESSED;
	EXPECT_RC(RC_OK, db_read(t->db, list, &p, &t->err));
	EXPECT_EQ("the others are kept", p.n, 2);
	if (p.n)
		EXPECT("with the reason", p.rows[0].error.n > 0);
}

struct sending {
	struct test *t;
	struct instant now;
	struct outmail_row *rows;
	size_t n;
	int what;
};

static enum rc step(struct db_tx *tx, void *arg, struct err *err)
{
	struct sending *s = arg;

	if (s->what == 0)
		return outbox_take(tx, &s->t->arena, s->now, MINUTE_US, 10, &s->rows, &s->n, err);
	if (s->what == 1)
		return outbox_failed(tx, s->rows[0].id, STR("451 later"), time_add(s->now, HOUR_US), err);
	return s->what == 2 ? outbox_sent(tx, s->rows[0].id, s->now, err)
	                    : outbox_failed(tx, s->rows[0].id, STR("550 no"), (struct instant){ 0 }, err);
}

TEST_EACH_DB(outbox_is_taken_once)
{
	struct puts p = { .t = t,
		          .now = { 100 * DAY_US },
		          .m = { .kind = "reply",
		                 .from_addr = STR_INIT("support@desk.example"),
		                 .to_addr = STR_INIT("ana@campus.example"),
		                 .subject = STR_INIT("Hello"),
		                 .text = STR_INIT("Text") } };
	struct sending s = { .t = t, .now = p.now };
	struct str first_id;

	EXPECT_RC(RC_OK, db_write(t->db, put, &p, &t->err));
	EXPECT_RC(RC_OK, db_write(t->db, step, &s, &t->err));
	if (!EXPECT_EQ("one is due", s.n, 1))
		return;
	first_id = s.rows[0].message_id;
	EXPECT("it has a Message-ID of ours", str_ends(first_id, STR("@desk.example")) && first_id.n > 32);
	EXPECT_RC(RC_OK, db_write(t->db, step, &s, &t->err));
	EXPECT_EQ("another sender does not see it", s.n, 0);
	s.now = time_add(s.now, 2 * MINUTE_US);
	EXPECT_RC(RC_OK, db_write(t->db, step, &s, &t->err));
	if (!EXPECT_EQ("until the lease ends", s.n, 1))
		return;
	EXPECT("with the same Message-ID", str_eq(s.rows[0].message_id, first_id));
	EXPECT_EQ("and its tries counted", s.rows[0].tries, 2);
	s.what = 1;
	EXPECT_RC(RC_OK, db_write(t->db, step, &s, &t->err));
	s.what = 0;
	s.now = time_add(s.now, HOUR_US);
	EXPECT_RC(RC_OK, db_write(t->db, step, &s, &t->err));
	if (!EXPECT_EQ("tried again when told", s.n, 1))
		return;
	s.what = 2;
	EXPECT_RC(RC_OK, db_write(t->db, step, &s, &t->err));
	s.what = 3;
	EXPECT_RC(RC_OK, db_write(t->db, step, &s, &t->err));
	p.state = OUTMAIL_SENT;
	EXPECT_RC(RC_OK, db_read(t->db, list, &p, &t->err));
	EXPECT_EQ("what was sent stays sent", p.n, 1);
}

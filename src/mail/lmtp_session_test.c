/* The dialogue: one message whatever the spelling of its end, and replies that fit what happened. */
#include "mail/lmtp_session.h"
#include "test/test.h"

struct seen {
	struct buf data;
	int mails, rcpts, messages, resets;
	char first_end[64];
};

static enum rc on_mail(void *arg, struct str from, int64_t size, struct err *err)
{
	struct seen *s = arg;

	s->mails++;
	return RC_OK;
}

static enum rc on_rcpt(void *arg, struct str to, struct err *err)
{
	struct seen *s = arg;

	if (!str_is(to, "support@desk.example"))
		return fail(err, RC_NOT_FOUND, "nobody here has the address");
	s->rcpts++;
	return RC_OK;
}

static enum rc on_begin(void *arg, struct err *err)
{
	return RC_OK;
}

static void on_data(void *arg, struct str bytes)
{
	buf_adds(&((struct seen *)arg)->data, bytes);
}

static void on_end(void *arg, enum rc *results, struct err *errs, size_t n)
{
	struct seen *s = arg;

	s->messages++;
	for (size_t i = 0; i < n; i++)
		results[i] = RC_OK;
}

static void on_reset(void *arg)
{
	((struct seen *)arg)->resets++;
}

static const struct lmtp_calls calls = { on_mail, on_rcpt, on_begin, on_data, on_end, on_reset };

/* Feeds `in` whole or byte by byte. */
static void talk(struct str in, bool bytewise, struct seen *seen, struct buf *out)
{
	struct lmtp_session *s = lmtp_new("desk.example", 1000, &calls, seen);

	buf_init(&seen->data, 1 << 16);
	buf_init(out, 1 << 16);
	if (bytewise)
		for (size_t i = 0; i < in.n && lmtp_feed(s, str_sub(in, i, 1), out); i++)
			;
	else
		lmtp_feed(s, in, out);
	lmtp_free(s);
}

#define OPENING "LHLO mx\r\nMAIL FROM:<ana@campus.example> SIZE=20\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n"

TEST(lmtp_one_message_whatever_the_end)
{
	static const struct {
		const char *why;
		struct str body;
		const char *want;
		int messages;
	} row[] = {
		{ "a plain message", STR_INIT("Hi\r\n.\r\n"), "Hi\r\n", 1 },
		{ "an empty message", STR_INIT(".\r\n"), "", 1 },
		{ "stuffed dots lose one dot", STR_INIT("..a\r\n...\r\n.\r\n"), ".a\r\n..\r\n", 1 },
		{ "LF . LF does not end it", STR_INIT("a\n.\nMAIL FROM:<x@y.example>\r\n.\r\n"), "a\n.\nMAIL FROM:<x@y.example>\r\n", 1 },
		{ "LF . CR LF does not end it", STR_INIT("a\n.\r\nb\r\n.\r\n"), "a\n.\r\nb\r\n", 1 },
		{ "CR LF . LF does not end it", STR_INIT("a\r\n.\nb\r\n.\r\n"), "a\r\n\nb\r\n", 1 },
		{ "CR LF . CR does not end it", STR_INIT("a\r\n.\rb\r\n.\r\n"), "a\r\n\rb\r\n", 1 },
		{ "CR . CR does not end it", STR_INIT("a\r.\rb\r\n.\r\n"), "a\r.\rb\r\n", 1 },
		{ "CR . CR LF does not end it", STR_INIT("a\r.\r\nb\r\n.\r\n"), "a\r.\r\nb\r\n", 1 },
		{ "NUL before the dot does not end it", STR_INIT("a\r\n\0.\r\nb\r\n.\r\n"), NULL, 1 },
		{ "NUL behind the dot does not end it", STR_INIT("a\r\n.\0\r\nb\r\n.\r\n"), NULL, 1 },
		{ "CR LF . CR CR LF does not end it", STR_INIT("a\r\n.\r\r\nb\r\n.\r\n"), "a\r\n\r\r\nb\r\n", 1 },
		{ "no end: no message", STR_INIT("a\r\n.\r"), "a\r\n", 0 },
	};
	for (size_t i = 0; i < COUNT(row); i++)
		for (int bytewise = 0; bytewise < 2; bytewise++) {
			struct seen seen = { 0 };
			struct buf out;
			struct str in = str_concat(&t->arena, STR(OPENING), row[i].body);

			talk(in, bytewise, &seen, &out);
			EXPECT_EQ(row[i].why, seen.messages, row[i].messages);
			EXPECT_EQ("never a second transaction from inside the data (S-20)", seen.mails, 1);
			if (row[i].want)
				EXPECT_STR(row[i].why, buf_str(&seen.data), row[i].want);
			buf_release(&seen.data);
			buf_release(&out);
		}
}

TEST(lmtp_replies)
{
	static const struct {
		const char *why, *in, *want;
	} row[] = {
		{ "LHLO tells what is spoken", "LHLO mx\r\n",
		  "250-desk.example\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 SIZE 1000\r\n" },
		{ "EHLO belongs to SMTP", "EHLO mx\r\n", "500 5.5.1 This is LMTP: say LHLO\r\n" },
		{ "RCPT wants MAIL first", "RCPT TO:<a@b.example>\r\n", "503 5.5.1 Say MAIL first\r\n" },
		{ "DATA wants a recipient", "DATA\r\n", "503 5.5.1 There are no valid recipients\r\n" },
		{ "DATA takes nothing",
		  "LHLO mx\r\nMAIL FROM:<>\r\nRCPT TO:<support@desk.example>\r\nDATA now\r\n",
		  "250-desk.example\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 SIZE 1000\r\n"
		  "250 2.1.0 Sender ok\r\n250 2.1.5 Recipient ok\r\n501 5.5.4 DATA stands alone\r\n" },
		{ "MAIL wants LHLO", "MAIL FROM:<>\r\n", "503 5.5.1 Say LHLO first\r\n" },
		{ "a control character is refused", "NOOP \x01\r\n", "500 5.5.2 Control characters in a command\r\n" },
		{ "an empty line is no command, not even the one before",
		  "\r\nNOOP\r\n\n",
		  "500 5.5.2 Unknown command\r\n250 2.0.0 Still here\r\n500 5.5.2 Unknown command\r\n" },
		{ "QUIT ends it, what follows is not read", "QUIT\r\nNOOP\r\n", "221 2.0.0 Goodbye\r\n" },
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		struct seen seen = { 0 };
		struct buf out;

		talk(str_of(row[i].in), i % 2, &seen, &out);
		EXPECT_STR(row[i].why, buf_str(&out), row[i].want);
		buf_release(&seen.data);
		buf_release(&out);
	}
}

TEST(lmtp_refusals_and_sizes)
{
	struct seen seen = { 0 };
	struct buf out;
	AUTO_BUF in;

	buf_init(&in, 1 << 16);
	buf_addz(&in, "LHLO mx\r\nMAIL FROM:<a@b.example> SIZE=5000\r\nMAIL FROM:<>\r\nRCPT TO:<who@desk.example>\r\n"
		      "RCPT TO:<support@desk.example>\r\nDATA\r\n");
	for (int i = 0; i < 1200; i++)
		buf_addc(&in, 'x');
	buf_addz(&in, "\r\n.\r\nNOOP\r\n");
	talk(buf_str(&in), false, &seen, &out);
	EXPECT("a declared size over the limit is refused", str_find(buf_str(&out), STR("552 5.3.4")) != STR_NONE);
	EXPECT("an address that is not ours is refused", str_find(buf_str(&out), STR("550 5.1.1 nobody here")) != STR_NONE);
	EXPECT("a message over the limit is refused after its end",
	       str_find(buf_str(&out), STR("552 5.3.4 The message is larger than this desk accepts\r\n250 2.0.0 Still here")) != STR_NONE);
	EXPECT_EQ("and never handed over", seen.messages, 0);
	EXPECT_EQ("its transaction is forgotten", seen.resets, 1);
	buf_release(&seen.data);
	buf_release(&out);
}

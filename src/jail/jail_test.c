/* The jail: mails come through whole, hostile ones end their worker only, and the worker can do nothing else. */
#include "jail/private.h"
#include "test/test.h"
#include "util/crypt.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The test program is its own worker, like carrel. */
__attribute__((constructor)) static void maybe_worker(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[0], "carrel") == 0 && strcmp(argv[1], "jail") == 0) {
		crypt_init();
		_exit(jail_main(JAIL_FD));
	}
}

static const char mail[] = "From: \"A Learner\" <learner@campus.example>\r\nTo: support@desk.example\r\nSubject: "
                           "=?iso-8859-1?q?Caf=E9?=\r\n"
                           "Message-ID: <1@campus.example>\r\nContent-Type: multipart/mixed; "
                           "boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
                           "<p>Hi<script>x</script></p>\r\n--b\r\nContent-Type: image/png; "
                           "name=p.png\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n";

static struct jail *open_jail(void)
{
	setenv("CARREL_TEST_FAULTS", "1", 1);
	return jail_new("/proc/self/exe", 2);
}

TEST(jail_reads_mail)
{
	struct jail *j = open_jail();
	struct mail m;

	for (int i = 0; i < 3; i++) {
		if (!EXPECT_RC(RC_OK, jail_mail(j, &t->arena, str_of(mail), &m, &t->err)))
			break;
		EXPECT_STR("a character set loaded before the seal still converts", m.subject, "Caf\xc3\xa9");
		EXPECT_STR("the HTML is clean", m.html, "<p>Hi</p>");
		EXPECT_EQ("attachments come along", m.n_files, 1);
		EXPECT_STR("with their bytes", m.files[0].bytes, "hello");
		EXPECT_STR("the writer is known", m.identity, "learner@campus.example");
	}
	struct jail_stats s;
	jail_stats(j, &s);
	EXPECT_EQ("one worker did it all", s.starts, 1);
	EXPECT_EQ("and is kept", s.workers, 1);
	jail_free(j);
}

TEST(jail_cleans_html)
{
	struct jail *j = open_jail();
	struct html_result r;
	struct html_options o = { .own_images = STR("/attachments/") };

	EXPECT_RC(RC_OK,
	          jail_html(j, &t->arena, STR("<b onclick=x>a<img src=/attachments/abc alt=p>"), &o, &r, &t->err));
	EXPECT_STR("options reach the worker", r.html, "<b>a<img src=\"/attachments/abc\" alt=\"p\"></b>");
	jail_free(j);
}

TEST(jail_survives_crashes)
{
	struct jail *j = open_jail();
	struct mail m;
	struct jail_stats s;

	EXPECT_RC(RC_INVALID, jail_mail(j, &t->arena, STR("Subject: x\nX-Carrel-Test-Crash: 1\n\nboom"), &m, &t->err));
	EXPECT_STR("the caller learns why", str_of(t->err.code), "crashed");
	EXPECT_RC(RC_OK, jail_mail(j, &t->arena, str_of(mail), &m, &t->err));
	jail_stats(j, &s);
	EXPECT_EQ("the crash was counted", s.crashes, 1);
	EXPECT_EQ("a new worker took over", s.starts, 2);
	EXPECT_RC(RC_INVALID, jail_mail(j, &t->arena, STR(""), &m, &t->err));
	EXPECT_STR("an empty mail is refused, not crashed on", str_of(t->err.code), "empty");
	jail_free(j);
}

TEST(jail_stops_what_takes_too_long)
{
	struct jail *j = open_jail();
	struct str r;
	struct mail m;

	EXPECT_RC(RC_OK, jail_mail(j, &t->arena, str_of(mail), &m, &t->err));
	jail_set_deadline(j, 50000);
	EXPECT_RC(RC_INVALID, jail_ask(j, &t->arena, OP_TEST_HANG, STR_NULL, STR_NULL, &r, &t->err));
	EXPECT_STR("the caller learns why", str_of(t->err.code), "timeout");
	jail_set_deadline(j, 5000000);
	EXPECT_RC(RC_OK, jail_mail(j, &t->arena, str_of(mail), &m, &t->err));
	jail_free(j);
}

TEST(jail_is_sealed)
{
	struct jail *j = open_jail();
	struct str r = STR_NULL;
	char eperm[16];

	snprintf(eperm, sizeof(eperm), "%d", EPERM);
	EXPECT_RC(RC_OK, jail_ask(j, &t->arena, OP_TEST_OPEN, STR_NULL, STR_NULL, &r, &t->err));
	EXPECT_STR("no file can be opened", r, eperm);
	EXPECT_RC(RC_OK, jail_ask(j, &t->arena, OP_TEST_SOCKET, STR_NULL, STR_NULL, &r, &t->err));
	EXPECT_STR("no socket can be made", r, eperm);
	EXPECT_RC(RC_OK, jail_ask(j, &t->arena, OP_TEST_EXEC, STR_NULL, STR_NULL, &r, &t->err));
	EXPECT_STR("no program can be run", r, eperm);
	jail_free(j);
}

TEST(jail_does_not_believe_its_worker)
{
	static const struct {
		const char *why;
		struct str wire;
	} lies[] = {
		{"a length beyond the end",       STR_INIT("\x13\xff\xff\xff\x7f.")         },
		{ "a cut head",                   STR_INIT("\x13\1\0")                      },
		{ "an unknown tag",               STR_INIT("\xee\0\0\0\0")                  },
		{ "a file's name without a file", STR_INIT("\x1a\1\0\0\0x")                 },
		{ "text that is not UTF-8",       STR_INIT("\x13\1\0\0\0\xff")              },
		{ "a reply longer than the text", STR_INIT("\x18\x8\0\0\0\x9\0\0\0\0\0\0\0")},
	};
	struct jail *j = open_jail();
	struct mail m;
	struct str r = STR_NULL;

	for (size_t i = 0; i < COUNT(lies); i++)
		EXPECT(lies[i].why, jail_get_mail(&t->arena, lies[i].wire, &m, &t->err) == RC_INVALID);
	EXPECT_RC(RC_OK, jail_ask(j, &t->arena, OP_TEST_LIE, STR_NULL, STR_NULL, &r, &t->err));
	EXPECT("a worker's lie is found by the reader", jail_get_mail(&t->arena, r, &m, &t->err) == RC_INVALID);
	jail_free(j);
	j = jail_new("/nonexistent/carrel", 1);
	EXPECT_RC(RC_RETRY, jail_mail(j, &t->arena, str_of(mail), &m, &t->err));
	jail_free(j);
}

/* One file that is decoded, one that lies in the request as it is, and a mail that is a file itself and holds one. */
static struct str large_mail(struct test *t)
{
	struct buf b;

	buf_init(&b, 8u << 20);
	buf_addz(&b, "From: learner@campus.example (A Learner)\r\nSubject: Films\r\nMIME-Version: 1.0\r\nContent-Type: "
	             "multipart/mixed; boundary=b\r\n\r\n"
	             "--b\r\n\r\nHere they are.\r\n--b\r\nContent-Type: video/mp4; "
	             "name=a.mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	for (int i = 0; i < 12000; i++)
		buf_addf(&b, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJz%04d\r\n", i % 10000);
	buf_addz(
	        &b,
	        "--b\r\nContent-Type: application/octet-stream; name=b.bin\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
	for (int i = 0; i < 12000; i++)
		buf_addf(&b, "as it is, line %d\r\r\n", i);
	buf_addz(&b, "--b\r\nContent-Type: message/rfc822; name=c.eml\r\n\r\nSubject: inner\r\nContent-Type: "
	             "image/png; name=d.png\r\n"
	             "Content-Transfer-Encoding: base64\r\n\r\n");
	for (int i = 0; i < 8000; i++)
		buf_addz(&b, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJz\r\n");
	buf_addz(&b, "--b--\r\n");
	struct str raw = arena_str(&t->arena, buf_str(&b));
	buf_release(&b);
	return raw;
}

TEST(jail_large_mail_is_the_same)
{
	struct jail *j = open_jail();
	struct mail here, there, filed;
	struct buf want, got;
	struct str raw = large_mail(t);
	FILE *f = tmpfile();

	buf_init(&want, 16u << 20);
	buf_init(&got, 16u << 20);
	EXPECT_RC(RC_OK, mime_parse(&t->arena, raw, NULL, &here, &t->err));
	EXPECT_EQ("files", here.n_files, 3);
	mime_json(&want, &here);
	for (int from_file = 0; from_file < 2; from_file++) {
		struct mail *m = from_file ? &filed : &there;

		if (from_file && f) {
			EXPECT_EQ("written", fwrite(raw.p, 1, raw.n, f), raw.n);
			fflush(f);
		}
		if (!EXPECT_RC(RC_OK, from_file && f ? jail_mail_file(j, &t->arena, fileno(f), raw.n, m, &t->err)
		                                     : jail_mail(j, &t->arena, raw, m, &t->err)))
			break;
		buf_clear(&got);
		mime_json(&got, m);
		EXPECT("all it says is the same", str_eq(buf_str(&want), buf_str(&got)));
		for (size_t i = 0; i < here.n_files && i < m->n_files; i++)
			EXPECT("and each byte of its files", str_eq(here.files[i].bytes, m->files[i].bytes));
	}
	if (f) {
		EXPECT_RC(RC_RETRY, jail_mail_file(j, &t->arena, fileno(f), raw.n + 1, &filed, &t->err));
		fclose(f);
	}
	EXPECT_RC(RC_OK, jail_mail(j, &t->arena, str_of(mail), &there,
	                           &t->err)); /* the next worker is not in the middle of it */
	buf_release(&want);
	buf_release(&got);
	jail_free(j);
}

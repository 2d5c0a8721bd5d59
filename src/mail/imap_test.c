/* What an IMAP server may say, and the file of mailboxes. */
#include "mail/imap.h"
#include "mail/imap_reply.h"
#include "test/test.h"

static enum rc read_one(struct test *t, const char *line, struct imap_reply *r)
{
	return imap_reply_read(str_of(line), r, &t->err);
}

TEST(imap_answers)
{
	struct imap_reply r;

	EXPECT_RC(RC_OK, read_one(t, "c1 OK [CAPABILITY IMAP4rev1 IDLE MOVE] done", &r));
	EXPECT("a tagged answer", r.tagged && str_is(r.tag, "c1") && r.kind == IMAP_OK);
	EXPECT("what it can stands in it", imap_can(r.capabilities, "idle") && !imap_can(r.capabilities, "ID"));
	EXPECT_RC(RC_OK, read_one(t, "* OK [UIDVALIDITY 4294967295] ok", &r));
	EXPECT("a number of 32 bits", r.number == UINT32_MAX && str_is(r.code, "UIDVALIDITY"));
	EXPECT_RC(RC_OK, read_one(t, "* OK [UIDVALIDITY -5] ok", &r));
	EXPECT_EQ("no sign", r.number, 0);
	EXPECT_RC(RC_OK, read_one(t, "* 3 FETCH (FLAGS (\\Seen \"a)b\") UID 7 RFC822.SIZE 120 BODY[] \x01)", &r));
	EXPECT("a mail in its parts", r.kind == IMAP_FETCH && r.uid == 7 && r.size == 120 && r.body);
	EXPECT_RC(RC_INVALID, read_one(t, "* 3 FETCH (UID 0)", &r));
	EXPECT_RC(RC_INVALID, read_one(t, "* 3 FETCH (UID 99999999999)", &r));
	EXPECT_RC(RC_INVALID, read_one(t, "* 3 FETCH (RFC822.SIZE -1)", &r));
	EXPECT_RC(RC_INVALID, read_one(t, "* 3 FETCH (UID 7", &r));
	EXPECT_RC(RC_INVALID, read_one(t, "HTTP/1.1 200 OK", &r));
	EXPECT_RC(RC_INVALID, read_one(t, "", &r));
	EXPECT_EQ("a literal says its length", imap_literal(STR("* 1 FETCH (BODY[] {120}")), 120);
	EXPECT_EQ("of at most four gigabytes", imap_literal(STR("x {4294967296}")), -2);
	EXPECT_EQ("not below zero", imap_literal(STR("x {-1}")), -2);
	EXPECT_EQ("braces elsewhere are none", imap_literal(STR("x {120} y")), -1);
	EXPECT("only what was asked for is the mail", imap_wants_body(STR("* 1 FETCH (UID 7 BODY[] {120}")) &&
	                                                      !imap_wants_body(STR("* 1 FETCH (ENVELOPE {120}")));
}

TEST(imap_mailboxes_file)
{
	struct mailbox *m;
	size_t n;
	static const char *const wrong[] = {
		"url = imaps://x\n",
		"[a]\nurl = pop://x\nuser=u\npassword-file=p\n",
		"[a]\nurl = imaps://x:99999\nuser=u\npassword-file=p\n",
		"[a]\nurl = imaps://x\nuser=u\n",
		"[a]\nurl = imaps://x\nuser=u\npassword-file=p\ndone=burn\n",
		"[a]\nurl = imaps://x\nuser=u\npassword-file=p\n[a]\nurl = imaps://x\nuser=u\npassword-file=p\n",
		"[a]\nurl = imaps://x\nuser=u\noauth=microsoft\n",
		"[a]\npasword-file = x\n",
		"[a]\nurl = imaps://x\nuser=u\npassword-file=p\nkind=question\n",
		"[a]\nurl = imaps://x\nuser=u\npassword-file=p\nkind=incident\ncriticality=1\n",
		"[a]\nurl = imaps://x\nuser=u\npassword-file=p\nkind=request\ncriticality=3\n",
	};

	EXPECT_RC(RC_OK, mailboxes_read(&t->arena,
	                                STR("# ours\n[support]\nurl = imaps://mail.example/Support/In\nuser = "
	                                    "u\npassword-file = /p\ndone = move:Done\nteam = Second line\nkind = incident\n"
	                                    "[old]\nurl = imap://mail.example\nuser = v\noauth = microsoft\nclient-id "
	                                    "= c\nrefresh-token-file = /r\n"),
	                                STR("Support@desk.example"), &m, &n, &t->err));
	if (!EXPECT_EQ("two of them", n, 2))
		return;
	EXPECT("TLS from the start, the port and folder that follow",
	       !m[0].starttls && str_is(m[0].port, "993") && str_is(m[0].folder, "Support/In"));
	EXPECT("what its mails become, and for whom", str_is(m[0].team, "Second line") && m[0].kind == 1 && m[0].criticality == 3);
	EXPECT("nothing where nothing is said", !m[1].team.n && !m[1].kind);
	EXPECT("STARTTLS on the other port", m[1].starttls && str_is(m[1].port, "143") && str_is(m[1].folder, "INBOX"));
	EXPECT("a provider's name brings its addresses",
	       str_starts(m[1].token_url, STR("https://login.microsoftonline.com/")) && str_is(m[1].oauth, "xoauth2"));
	EXPECT_STR("mail counts as sent to the desk's address", m[0].address, "support@desk.example");
	for (size_t i = 0; i < COUNT(wrong); i++)
		EXPECT(wrong[i],
		       mailboxes_read(&t->arena, str_of(wrong[i]), STR("s@d.example"), &m, &n, &t->err) == RC_INVALID);
}

/* Mails read, addresses told apart, mails written. */
#include "mime/addr.h"
#include "mime/mime.h"
#include "test/test.h"

static struct mail read_mail(struct test *t, const char *raw)
{
	struct mail m = { 0 };

	EXPECT_RC(RC_OK, mime_parse(&t->arena, str_of(raw), NULL, &m, &t->err));
	return m;
}

TEST(mime_reads_a_plain_mail)
{
	struct mail m = read_mail(
	        t, "From nobody Mon Nov 23\nReturn-Path: <a@b.example>\nReceived: x\nReceived: y\nFrom: \"Learner, A\" "
	           "<A@B.Example>\nTo: x@y.example, Team: p@q.example, r@s.example;\n"
	           "Subject: =?utf-8?q?Caf=C3?= =?utf-8?q?=A9_x?=\n folded\nMessage-ID: <1@b>\nIn-Reply-To: "
	           "<0@b>\nReferences: <a@b>\n <0@b>\nDate: Mon, 23 Nov 2026 10:00:00 +0100\n\nHello\n");

	EXPECT_STR("a word cut inside a character is joined", m.subject, "Caf\xc3\xa9 x folded");
	EXPECT_STR("the id is bare", m.message_id, "1@b");
	EXPECT_EQ("references are listed", m.references.n, 2);
	EXPECT_STR("the date is UTC", time_iso(&t->arena, m.date), "2026-11-23T09:00:00Z");
	EXPECT_STR("a quoted name may hold a comma", m.from.at[0].name, "Learner, A");
	EXPECT_STR("domains are in lower case", m.from.at[0].addr, "A@b.example");
	EXPECT_EQ("groups are flattened", m.to.n, 3);
	EXPECT_STR("the writer's identity is canonical", m.identity, "a@b.example");
	EXPECT_STR("the text is there", m.text, "Hello\n");
	EXPECT_EQ("hops are counted", m.received, 2);
	EXPECT("a person wrote it", str_null(m.auto_reason));
}

TEST(mime_line_ends_do_not_matter)
{
	const char *lf = "Subject: a\n b\nContent-Type: multipart/mixed; "
	                 "boundary=x\n\n--x\n\nhi\nthere\n--x\nContent-Type: a/b; name=f\n\nline\nline\n--x--\n";
	AUTO_BUF crlf, one, two;
	struct mail m = read_mail(t, lf), n;

	buf_init(&crlf, 4096);
	buf_init(&one, 1 << 20);
	buf_init(&two, 1 << 20);
	for (const char *p = lf; *p; p++) {
		if (*p == '\n')
			buf_addc(&crlf, '\r');
		buf_addc(&crlf, *p);
	}
	EXPECT_RC(RC_OK, mime_parse(&t->arena, buf_str(&crlf), NULL, &n, &t->err));
	mime_json(&one, &m);
	mime_json(&two, &n);
	EXPECT("CRLF and LF print the same", str_eq(buf_str(&one), buf_str(&two)));
}

TEST(mime_chooses_text_and_files)
{
	struct mail m = read_mail(
	        t, "Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: multipart/alternative; "
	           "boundary=a\n\n--a\n\nplain\n--a\nContent-Type: text/html\n\n<b>rich</b><img src=cid:i>\n--a--\n"
	           "--m\nContent-Type: image/png; name*0*=utf-8''%C3%A9; name*1=.png\nContent-ID: "
	           "<i>\nContent-Transfer-Encoding: base64\n\naGk=\n"
	           "--m\nContent-Type: application/x; name=\"a b.txt\"\nContent-Disposition: attachment; "
	           "filename==?utf-8?b?w6k=?=\n\nx\n--m--\n");

	EXPECT_STR("plain text is preferred for text", m.text, "plain");
	EXPECT_STR("the HTML is clean", m.html, "<b>rich</b><img src=\"cid:i\" alt=\"\">");
	EXPECT_EQ("two files", m.n_files, 2);
	EXPECT_STR("a continued name", m.files[0].name, "\xc3\xa9.png");
	EXPECT("an image the HTML shows is inline", m.files[0].is_inline);
	EXPECT_STR("decoded bytes", m.files[0].bytes, "hi");
	EXPECT_STR("a name as an encoded word", m.files[1].name, "\xc3\xa9");
	m = read_mail(t, "Content-Type: text/html; charset=windows-1251\nContent-Transfer-Encoding: "
	                 "quoted-printable\n\n<p>=CF=F0=E8</p>=\n<p>x</p>");
	EXPECT_STR("text is made of HTML, converted", m.text, "\xd0\x9f\xd1\x80\xd0\xb8\n\nx\n");
	m = read_mail(t, "Content-Type: text/plain; charset=x-nonsense\n\ncaf\xe9\n");
	EXPECT_STR("an unknown character set is mended", m.text, "caf\xc3\xa9\n");
	EXPECT("and noted", mail_has_defect(&m, "bad-charset"));
	m = read_mail(
	        t, "Subject: =?windows-1258?q?Vi=EA=F2t?=\nContent-Type: text/plain; charset=windows-1258\n\nTi\xea\xec"
	           "ng Vi\xea\xf2t");
	EXPECT_STR("the last sign of a set that joins signs is not lost", m.text, "Ti\xe1\xba\xbfng Vi\xe1\xbb\x87t");
	EXPECT_STR("nor in a header", m.subject, "Vi\xe1\xbb\x87t");
	m = read_mail(t, "Content-Type: multipart/mixed\n\nno boundary\n");
	EXPECT("a multipart without boundary is text",
	       mail_has_defect(&m, "no-boundary") && str_is(m.text, "no boundary\n"));
}

TEST(mime_knows_robots_and_bounces)
{
	static const struct {
		const char *head, *reason;
	} rows[] = {
		{"Auto-Submitted: auto-replied",       "auto-submitted"},
		{ "Auto-Submitted: no",                NULL            },
		{ "Return-Path: <>",                   "null-sender"   },
		{ "From: MAILER-DAEMON@x.example",     "mailer-daemon" },
		{ "Precedence: bulk",                  "bulk"          },
		{ "List-Id: <x>",                      "list"          },
		{ "X-Auto-Response-Suppress: DR, OOF", "suppress"      },
		{ "X-Autoreply: yes",                  "auto-reply"    },
		{ "X-Loop: y",                         "loop"          },
		{ "X-Failed-Recipients: a@b.example",  "bounce"        },
		{ "Subject: out of office",            NULL            },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mail m = read_mail(t, arena_strf(&t->arena, "%s\n\nx\n", rows[i].head).p);

		EXPECT(rows[i].head, rows[i].reason ? str_is(m.auto_reason, rows[i].reason) : str_null(m.auto_reason));
	}
	struct mail m = read_mail(
	        t, "Content-Type: multipart/report; report-type=delivery-status; "
	           "boundary=r\n\n--r\n\nfailed\n--r\nContent-Type: message/delivery-status\n\nReporting-MTA: dns;x\n\n"
	           "Final-Recipient: rfc822; a@b.example\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no\n\n--r--\n");
	EXPECT("it is a bounce", m.bounce.is);
	EXPECT_STR("of somebody", m.bounce.recipient, "a@b.example");
	EXPECT_STR("with a status", m.bounce.status, "5.1.1");
	EXPECT_STR("and a reason", m.bounce.diagnostic, "smtp; 550 no");
}

TEST(mime_header_goes_on_behind_noise)
{
	static const struct {
		const char *why, *raw, *subject, *text;
	} rows[] = {
		{"an envelope line in the middle",     "Delivered-To: a@b.example\nFrom a@b Sun Apr 5\nSubject: s\n\nx\n",
                 "s",		                                                                                             "x\n"                  },
		{ "an escaped one",                    "Delivered-To: a@b.example\n>From a@b Sun Apr 5\nSubject: s\n\nx\n", "s",  "x\n"                  },
		{ "a continuation of nothing",         " From: a@b.example\nSubject: s\n\nx\n",                             "s",  "x\n"                  },
		{ "a field without a name",            "To: a@b.example\n: x\nSubject: s\n\nx\n",                           "s",  "x\n"                  },
		{ "a text that begins like a mailbox", "To: a@b.example\nFrom here on\nall is text\n",                      NULL,
                 "From here on\nall is text\n"		                                                                                           },
		{ "a text without any header",         "  indented\nand not\n",                                             NULL, "  indented\nand not\n"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mail m = read_mail(t, rows[i].raw);

		EXPECT(rows[i].why, rows[i].subject ? str_is(m.subject, rows[i].subject) : str_null(m.subject));
		EXPECT_STR(rows[i].why, m.text, rows[i].text);
	}
}

TEST(mime_name_in_a_comment_is_for_people)
{
	struct mail m = read_mail(
	        t, "From: a@b.example (A Learner)\nTo: B <b@b.example> (no name)\nIn-Reply-To: <1@b\n\nx\n");
	AUTO_BUF out;

	buf_init(&out, 1 << 16);
	mime_json(&out, &m);
	EXPECT_STR("it is shown", m.from.at[0].name, "A Learner");
	EXPECT("and told apart", m.from.at[0].comment && !m.to.at[0].comment);
	EXPECT("the object says which",
	       str_find(buf_str(&out), STR("{\"name\":\"\",\"addr\":\"a@b.example\",\"comment\":\"A Learner\"}")) !=
	               STR_NONE);
	EXPECT_EQ("an id whose end was forgotten counts", m.in_reply_to.n, 1);
}

TEST(mime_has_one_identity_or_none)
{
	static const struct {
		const char *why, *head, *identity;
	} rows[] = {
		{"one address",                                "From: A <a@b.example>",                               "a@b.example"      },
		{ "two fields are nobody",                     "From: a@b.example\nFrom: c@d.example",                NULL               },
		{ "two addresses are nobody",                  "From: a@b.example, c@d.example\nSender: a@b.example", NULL               },
		{ "an empty field is nobody",                  "From:",                                               NULL               },
		{ "a group is nobody",                         "From: undisclosed:;",                                 NULL               },
		{ "a name that is an address is a name",       "From: \"victim@x.example\" <a@b.example>",            "a@b.example"      },
		{ "a comment is no address",                   "From: a(c&email=victim@x.example)@evil.example",      "a@evil.example"   },
		{ "a quoted local part is nobody",             "From: \"victim@x\"@evil.example",                     NULL               },
		{ "words apart are no address",                "From: vic tim@x.example",                             NULL               },
		{ "words apart in brackets are no address",    "From: A <vic (c) tim@x.example>",                     NULL               },
		{ "obsolete white space at dots and the @ is", "From: vic . tim @ x . example",                       "vic.tim@x.example"},
		{ "an encoded word is no address",             "From: =?utf-8?q?victim=40x?=@evil.example",           NULL               },
		{ "two in brackets are nobody",                "From: A <a@b.example> B <c@d.example>",               NULL               },
		{ "Reply-To is not the writer",                "From: a@b.example\nReply-To: c@d.example",            "a@b.example"      },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mail m = read_mail(t, arena_strf(&t->arena, "%s\n\nx\n", rows[i].head).p);

		EXPECT(rows[i].why, rows[i].identity ? str_is(m.identity, rows[i].identity) : str_null(m.identity));
	}
}

static struct str repeat(struct test *t, const char *head, const char *unit, size_t times)
{
	AUTO_BUF b;

	buf_init(&b, 64 << 20);
	buf_addz(&b, head);
	while (times--)
		buf_addz(&b, unit);
	buf_addz(&b, "\n\nx\n");
	return arena_str(&t->arena, buf_str(&b));
}

TEST(mime_bombs_end_early)
{
	struct mail m;
	int64_t from = time_monotonic_us();

	EXPECT_RC(RC_OK,
	          mime_parse(&t->arena, repeat(t, "To: a@b.example", ",\n a@b.example", 500000), NULL, &m, &t->err));
	EXPECT("half a million addresses are cut", m.to.n <= 1000 && mail_has_defect(&m, "header-cut"));
	EXPECT_RC(RC_OK, mime_parse(&t->arena, repeat(t, "References:", "\n <a@b>", 1000000), NULL, &m, &t->err));
	EXPECT("a million references are cut", m.references.n <= 200);
	EXPECT_RC(RC_OK, mime_parse(&t->arena,
	                            repeat(t, "Content-Type: multipart/mixed; boundary=x\n",
	                                   "\n--x\nContent-Type: multipart/mixed; boundary=x\n", 10000),
	                            NULL, &m, &t->err));
	EXPECT_RC(RC_OK,
	          mime_parse(&t->arena, repeat(t, "Content-Type: multipart/mixed; boundary=x\n", "\n--x\n\ny", 100000),
	                     NULL, &m, &t->err));
	EXPECT("a hundred thousand parts are cut", mail_has_defect(&m, "parts-cut"));
	EXPECT_RC(RC_OK, mime_parse(&t->arena, repeat(t, "Content-Type: a/b", "; n=v", 100000), NULL, &m, &t->err));
	EXPECT_RC(RC_OK,
	          mime_parse(&t->arena, STR("Content-Type: a/b; name*99999999*=utf-8''x\n\ny"), NULL, &m, &t->err));
	EXPECT_RC(RC_OK, mime_parse(&t->arena, repeat(t, "Subject: ", "=?utf-8?q?x?= ", 100000), NULL, &m, &t->err));
	EXPECT("a long subject is cut", m.subject.n <= 4000);
	EXPECT_RC(RC_OK, mime_parse(&t->arena, repeat(t, "Subject: ", "=?", 100000), NULL, &m, &t->err));
	EXPECT("all of it within the time of one mail", time_monotonic_us() - from < 20 * SECOND_US);
	EXPECT_RC(RC_INVALID, mime_parse(&t->arena, STR(" \n"), NULL, &m, &t->err));
}

TEST(addr_same_only_when_plainly_equal)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{"victim@x.example",                 "VICTIM@X.example",            true },
		{ "victim+tag@x.example",            "victim@x.example",            false},
		{ "vic.tim@x.example",               "victim@x.example",            false},
		{ "\"victim\"@x.example",            "victim@x.example",            false},
		{ "victim(c)@x.example",             "victim@x.example",            false},
		{ "victim@x.example ",               "victim@x.example",            false},
		{ "victim@x.example.",               "victim@x.example",            false},
		{ "victim@\xd1\x85.example",         "victim@x.example",            false},
		{ "victim@\xef\xbd\x98.example",     "victim@x.example",            false},
		{ "victi\xc4\xb1m@x.example",        "victiim@x.example",           false},
		{ "victim@x\xe2\x80\x8b.example",    "victim@x.example",            false},
		{ "\xef\xbd\x96ictim@x.example",     "victim@x.example",            false},
		{ "b\xc3\xbc"
		  "cher@x.example", "bucher@x.example",            false},
		{ "a@b\xc3\xbc"
		  "cher.example",   "a@xn--bcher-kva.example",     true },
		{ "a@m\xc3\xbcnchen.example",        "a@xn--mnchen-3ya.example",    true },
		{ "a@[127.0.0.1]",                   "a@[127.0.0.1]",               false},
		{ "a@b",		             "a@b",                         false},
		{ "a@localhost",                     "A@LOCALHOST",                 true },
		{ "a@@b.example",                    "a@b.example",                 false},
		{ "a..b@x.example",                  "a..b@x.example",              false},
		{ ".a@x.example",                    ".a@x.example",                false},
		{ "a@-x.example",                    "a@-x.example",                false},
		{ "a@x..example",                    "a@x..example",                false},
		{ "@x.example",                      "@x.example",                  false},
		{ "a@",		              "a@",                          false},
		{ "",		                "",		            false},
		{ "=?utf-8?q?a=40b?=@x.example",     "=?utf-8?q?a=40b?=@x.example", false},
		{ "a@K.example",                     "a@\xe2\x84\xaa.example",      false},
		{ "a@\xef\xbc\xa1.example",          "a@a.example",                 false},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		EXPECT(rows[i].a, addr_same(str_of(rows[i].a), str_of(rows[i].b)) == rows[i].same);
	EXPECT("a NUL is no address", !addr_same(STR("victim@x\0.example"), STR("victim@x.example")) &&
	                                      !addr_same(STR("victim@x\0.example"), STR("victim@x\0.example")));
	EXPECT_STR("mixed scripts are shown with their A-label",
	           addr_display(&t->arena, STR("a@b\xc3\xbc"
	                                       "cher.example")),
	           "a@b\xc3\xbc"
	           "cher.example (a@xn--bcher-kva.example)");
}

static struct mail_out outgoing(void)
{
	static const struct mail_addr to = { STR_INIT("A Learner"), STR_INIT("learner@campus.example") };

	return (struct mail_out){
		.from = {STR("Support"), STR("support@desk.example") },
		.to = &to,
		.n_to = 1,
		.date = { 1795399200000000            },
		.message_id = STR("1@desk.example"),
		.subject = STR("Hello"),
		.text = STR("Hi\n.\nFrom x\n")
	};
}

TEST(mime_builds_what_it_reads)
{
	struct mail_out o = outgoing();
	struct str refs[15], raw;
	struct mail_out_file file = { STR("R\xc3\xa9sum\xc3\xa9 of a very long name that needs more than one line of "
		                          "the header to be written in full.pdf"),
		                      STR("application/pdf"), STR("%PDF"), STR_NULL };
	struct mail m;

	for (size_t i = 0; i < COUNT(refs); i++)
		refs[i] = arena_strf(&t->arena, "%zu@desk.example", i);
	o.subject = STR("\xc2\xbfQu\xc3\xa9 tal? A long subject with \xe2\x82\xac and =?words?= that must be folded "
	                "over several lines of the header");
	o.html = STR("<p>Hi \xe2\x82\xac</p>");
	o.references = refs, o.n_references = COUNT(refs), o.in_reply_to = refs[14];
	o.files = &file, o.n_files = 1, o.auto_submitted = "auto-replied";
	if (!EXPECT_RC(RC_OK, mime_build(&t->arena, &o, &raw, &t->err)))
		return;
	EXPECT_RC(RC_OK, mime_parse(&t->arena, raw, NULL, &m, &t->err));
	EXPECT("the subject comes back", str_eq(m.subject, o.subject));
	EXPECT_STR("the text comes back", m.text, "Hi\n.\nFrom x\n");
	EXPECT("the HTML comes back", str_starts(m.html, o.html));
	EXPECT("the file's name comes back", str_eq(m.files[0].name, file.name));
	EXPECT_EQ("long references are the first 4 and last 6", m.references.n, 10);
	EXPECT_EQ("nothing is wrong with it", m.defects.n, 0);
	for (size_t i = 0, from = 0; i < raw.n; i++) {
		EXPECT("bytes are ASCII, a CR has its LF, an LF its CR",
		       !(raw.p[i] & 0x80) && (raw.p[i] != '\n' || (i && raw.p[i - 1] == '\r')) &&
		               (raw.p[i] != '\r' || (i + 1 < raw.n && raw.p[i + 1] == '\n')));
		from = raw.p[i] == '\n' ? i + 1 : from;
		EXPECT("lines are short", i + 1 - from < 100);
	}
}

TEST(mime_build_lets_nobody_inject)
{
	static const struct str evil[] = { STR_INIT("a\r\nBcc: x@y.example"),
		                           STR_INIT("a\nBcc: x"),
		                           STR_INIT("a\rBcc: x"),
		                           STR_INIT("a\0b"),
		                           STR_INIT("a\xe2\x80\xa8"
		                                    "b"),
		                           STR_INIT("a\xc2\x85"
		                                    "b"),
		                           STR_INIT("a\xff") };

	for (size_t i = 0; i < COUNT(evil); i++) {
		struct mail_out o = outgoing();
		struct mail_addr to = { evil[i], STR("a@b.example") }, to2 = { STR(""), evil[i] };
		struct mail_out_header extra = { "X-A", evil[i] };
		struct mail_out_file file = { evil[i], STR_NULL, STR("x"), STR_NULL };
		struct str raw;

		o.subject = evil[i];
		EXPECT_RC(RC_INVALID, mime_build(&t->arena, &o, &raw, &t->err));
		EXPECT_STR("the field is named", str_of(t->err.field), "subject");
		o = outgoing(), o.to = &to;
		EXPECT_RC(RC_INVALID, mime_build(&t->arena, &o, &raw, &t->err));
		o.to = &to2;
		EXPECT_RC(RC_INVALID, mime_build(&t->arena, &o, &raw, &t->err));
		o = outgoing(), o.extra = &extra, o.n_extra = 1;
		EXPECT_RC(RC_INVALID, mime_build(&t->arena, &o, &raw, &t->err));
		o = outgoing(), o.files = &file, o.n_files = 1;
		EXPECT_RC(RC_INVALID, mime_build(&t->arena, &o, &raw, &t->err));
		o = outgoing(), o.in_reply_to = evil[i];
		EXPECT_RC(RC_INVALID, mime_build(&t->arena, &o, &raw, &t->err));
		o = outgoing(), o.message_id = evil[i];
		EXPECT_RC(RC_INVALID, mime_build(&t->arena, &o, &raw, &t->err));
	}
	struct mail_out o = outgoing();
	struct str raw;
	struct mail m;
	o.subject = STR("x%0d%0aBcc: y =?utf-8?q?=0D=0ABcc:_z?=");
	EXPECT_RC(RC_OK, mime_build(&t->arena, &o, &raw, &t->err));
	EXPECT_RC(RC_OK, mime_parse(&t->arena, raw, NULL, &m, &t->err));
	EXPECT("what only looks encoded stays letters", str_eq(m.subject, o.subject));
}

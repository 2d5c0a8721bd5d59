/* Bounces: reports (RFC 3464) and what programs say in words; and what is none. */
#include "mime/mime.h"
#include "test/test.h"

static struct mail parse(struct test *t, const char *raw)
{
	struct mail m = { 0 };

	EXPECT_RC(RC_OK, mime_parse(&t->arena, str_of(raw), NULL, &m, &t->err));
	return m;
}

#define ORIGINAL "Received: from desk\nMessage-ID: <out@desk.example>\nTo: learner@campus.example\nSubject: Your ticket\n\nHello\n"

static const struct {
	const char *why, *raw, *recipient, *status;
} bounces[] = {
	{ "qmail",
	  "From: MAILER-DAEMON@mx.campus.example\nTo: support@desk.example\nSubject: failure notice\n\n"
	  "Hi. This is the qmail-send program at mx.campus.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n"
	  "This is a permanent error; I've given up. Sorry it didn't work out.\n\n<learner@campus.example>:\n"
	  "Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <support@desk.example>\n" ORIGINAL,
	  "learner@campus.example", "5.1.1" },
	{ "Exim",
	  "From: Mail Delivery System <Mailer-Daemon@mx.campus.example>\nTo: support@desk.example\nX-Failed-Recipients: learner@campus.example\n"
	  "Auto-Submitted: auto-replied\nSubject: Mail delivery failed: returning message to sender\n\n"
	  "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\n"
	  "recipients. This is a permanent error. The following address(es) failed:\n\n  learner@campus.example\n"
	  "    SMTP error from remote mail server after RCPT TO:<learner@campus.example>:\n    550 5.1.1 unknown\n\n"
	  "------ This is a copy of the message, including all the headers. ------\n\n" ORIGINAL,
	  "learner@campus.example", "5.1.1" },
	{ "Gmail: a report, and a field that names who failed",
	  "Return-Path: <>\nFrom: Mail Delivery Subsystem <mailer-daemon@mx.campus.example>\nTo: support@desk.example\nAuto-Submitted: auto-replied\n"
	  "Subject: Delivery Status Notification (Failure)\nX-Failed-Recipients: learner@campus.example\n"
	  "Content-Type: multipart/report; boundary=g; report-type=delivery-status\n\n--g\nContent-Type: multipart/related; boundary=h\n\n--h\n"
	  "Content-Type: multipart/alternative; boundary=i\n\n--i\nContent-Type: text/plain\n\n** Address not found **\n\n--i--\n--h--\n--g\n"
	  "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\nX-Original-Message-ID: <out@desk.example>\n\n"
	  "Final-Recipient: rfc822; learner@campus.example\nAction: failed\nStatus: 5.1.1\n--g\nContent-Type: message/rfc822\n\n" ORIGINAL "\n--g--\n",
	  "learner@campus.example", "5.1.1" },
	{ "a filter that wraps the report of another server",
	  "Return-Path: <MAILER-DAEMON@mx.campus.example>\nFrom: Mail Delivery Subsystem <MAILER-DAEMON@mx.campus.example>\nTo: support@desk.example\n"
	  "Subject: Returned mail: User unknown\nContent-Type: multipart/mixed; boundary=TM\n\n--TM\nContent-Type: text/plain\n\n"
	  "----- The following addresses had permanent delivery errors -----\n\n--TM\nContent-Type: message/rfc822\n\n"
	  "From: Mail Delivery Subsystem <MAILER-DAEMON@inner.campus.example>\nTo: support@desk.example\nMessage-ID: <inner@campus.example>\n"
	  "Content-Type: multipart/report; report-type=delivery-status; boundary=C\nSubject: Returned mail: User unknown\n\n--C\n\nIt failed.\n--C\n"
	  "Content-Type: message/delivery-status\n\nReporting-MTA: dns; inner\n\nFinal-Recipient: RFC822; learner@campus.example\nAction: failed\n"
	  "Status: 5.1.1\n\n--C\nContent-Type: message/rfc822\n\n" ORIGINAL "\n--C--\n\n--TM--\n",
	  "learner@campus.example", "5.1.1" },
	{ "Exchange before it wrote reports",
	  "From: postmaster@campus.example\nTo: support@desk.example\nSubject: Undeliverable: Your ticket\n\nYour message\n\n  To:      support@desk.example\n"
	  "  Subject: Your ticket\n\ndid not reach the following recipient(s):\n\nlearner@campus.example on Thu, 29 Apr 2010 16:51:51 -0500\n"
	  "    The recipient name is not recognized\n    MSEXCH:IMS:CAMPUS 0 (000C05A6) Unknown Recipient\n",
	  "learner@campus.example", NULL },
	{ "Domino",
	  "From: postmaster@campus.example\nTo: support@desk.example\nSubject: DELIVERY FAILURE: User learner not listed in Domino Directory\n\n"
	  "Your message\n\n  Subject: Your ticket\n\nwas not delivered to:\n\n  learner@campus.example\n\nbecause:\n\n  User learner not listed\n",
	  "learner@campus.example", NULL },
	{ "Yahoo",
	  "From: MAILER-DAEMON@yahoo.example\nTo: support@desk.example\nSubject: Failure Notice\n\n"
	  "Sorry, we were unable to deliver your message to the following address.\n\n<learner@campus.example>:\nRemote host said:\n"
	  "550 5.1.1 <learner@campus.example>... User unknown\n[RCPT_TO]\n\n--- Below this line is a copy of the message.\n\n" ORIGINAL,
	  "learner@campus.example", "5.1.1" },
	{ "an old Sendmail",
	  "From: Mail Delivery Subsystem <MAILER-DAEMON@campus.example>\nTo: support@desk.example\nSubject: Returned mail: User unknown\n\n"
	  "   ----- The following addresses had permanent fatal errors -----\n<learner@campus.example>\n\n   ----- Transcript of session follows -----\n"
	  "550 <learner@campus.example>... User unknown\n\n   ----- Original message follows -----\n" ORIGINAL,
	  "learner@campus.example", "5.0.0" },
	{ "one that names nobody but in what came back",
	  "From: Mail Delivery Subsystem <MAILER-DAEMON@campus.example>\nTo: support@desk.example\nSubject: Returned mail: Cannot send message for 4 days\n\n"
	  "   ----- Transcript of session follows -----\n421 campus.example (smtp)... Deferred: Connection timed out\n\n   ----- Unsent message follows -----\n" ORIGINAL,
	  "learner@campus.example", "4.0.0" },
	{ "IMail",
	  "From: \"Postmaster\" <postmaster@campus.example>\nTo: <support@desk.example>\nSubject: Undeliverable Mail\n\nUnknown user: learner@campus.example\n\n\n"
	  "Original message follows.\n\n" ORIGINAL,
	  "learner@campus.example", NULL },
	{ "Spanish words",
	  "Return-Path: <>\nFrom: postmaster@campus.example\nTo: support@desk.example\nSubject: No se puede entregar: Your ticket\n\n"
	  "No se pudo entregar el mensaje a estos destinatarios:\n\nlearner@campus.example\nNo se encuentra la direcci\xc3\xb3n. 550 5.1.10\n",
	  "learner@campus.example", "5.1.10" },
	{ "a report without words of its own",
	  "From: postmaster@campus.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
	  "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; learner@campus.example\nAction: failed\nStatus: 5.2.2 (full)\n\n--b\nContent-Type: text/rfc822-headers\n\n" ORIGINAL
	  "\n--b--\n",
	  "learner@campus.example", "5.2.2" },
};

TEST(bounce_in_reports_and_in_words)
{
	for (size_t i = 0; i < COUNT(bounces); i++) {
		struct mail m = parse(t, bounces[i].raw);

		if (!EXPECT(bounces[i].why, m.bounce.is))
			continue;
		EXPECT("a bounce is automatic", m.auto_reason.n > 0);
		EXPECT_STR(bounces[i].why, m.bounce.recipient, bounces[i].recipient);
		EXPECT_STR(bounces[i].why, m.bounce.status, bounces[i].status);
		EXPECT_STR(bounces[i].why, m.bounce.action, "failed");
		if (strstr(bounces[i].raw, "out@desk.example"))
			EXPECT_STR(bounces[i].why, m.bounce.original_id, "out@desk.example");
	}
}

TEST(bounce_is_not_every_mail_about_one)
{
	static const struct {
		const char *why, *raw;
	} row[] = {
		{ "a person asks about a bounce", "From: writer@campus.example\nSubject: Undelivered mail\n\nOur mail to learner@campus.example could not be delivered: user unknown. Why?\n" },
		{ "a person forwards one", "From: writer@campus.example\nSubject: Fwd: Mail delivery failed: returning message to sender\n\nWhat is this?\n\n> could not be delivered\n" },
		{ "the postmaster writes", "From: postmaster@campus.example\nSubject: Our new server\n\nPlease use the new address.\n" },
		{ "a vacation", "From: writer@campus.example\nAuto-Submitted: auto-replied\nSubject: Out of office\n\nI am away, my mail is not read.\n" },
		{ "a receipt", "From: writer@campus.example\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nYour message was displayed.\n--b--\n" },
	};

	for (size_t i = 0; i < COUNT(row); i++)
		EXPECT(row[i].why, !parse(t, row[i].raw).bounce.is);
	EXPECT_STR("a receipt is automatic all the same", parse(t, row[4].raw).auto_reason, "report");
}

TEST(mime_line_ends_of_old_macs)
{
	struct mail m = parse(t, "From: a@b.example\rSubject: x\r\rone\rtwo\r");

	EXPECT_STR("fields are read", m.subject, "x");
	EXPECT_STR("and lines", m.text, "one\ntwo\n");
}

TEST(bounce_with_a_long_reason_is_cut_between_letters)
{
	AUTO_BUF b;

	for (int shift = 0; shift < 4; shift++) {
		buf_init(&b, 20000);
		buf_addz(&b, "Return-Path: <>\nFrom: MAILER-DAEMON@x.example\nSubject: failure notice\n\n<learner@campus.example>:\n");
		for (int i = 0; i < shift; i++)
			buf_addc(&b, 'x');
		for (int i = 0; i < 500; i++)
			buf_addz(&b, "\xe5\xae\x9b"); /* three bytes a letter */
		struct mail m = parse(t, b.p);
		EXPECT("whole letters only", m.bounce.diagnostic.n > 900 && str_utf8_valid(m.bounce.diagnostic));
		buf_release(&b);
	}
	buf_init(&b, 1);
}

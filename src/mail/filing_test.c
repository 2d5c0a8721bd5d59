/* Filing, whole: a raw mail through the jail into the database, and what became of it. */
#include "inbox/inbox.h"
#include "mail/filing_world.h"
#include "mime/mime.h"

#define HEAD(id, subject)                                                                                              \
	"From: Writer <writer@alpha.example>\nTo: support@desk.example\nMessage-ID: <" id                              \
	"@alpha.example>\nSubject: " subject "\n"

TEST_EACH_DB(filing_html_keeps_images_and_what_stands_below_history)
{
	struct mail_world m;

	filing_make(t, &m);
	filing_take(
	        t, &m,
	        HEAD("1",
	             "Picture") "Content-Type: multipart/related; boundary=b\n\n"
	                        "--b\nContent-Type: text/html\n\n<p>See <img src=\"cid:shot@x\" alt=\"the page\"></p>"
	                        "<blockquote type=\"cite\"><p>you wrote before</p></blockquote><p>and below it I "
	                        "answer</p>\n"
	                        "--b\nContent-Type: image/png; name=shot.png\nContent-ID: "
	                        "<shot@x>\nContent-Transfer-Encoding: base64\n\n"
	                        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+"
	                        "M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==\n--b--\n");
	if (!EXPECT_EQ("a known sender's mail opens a ticket", m.last.state, INTAKE_MESSAGE) ||
	    !EXPECT_EQ("with one message", m.view.n_messages, 1))
		return filing_end(&m);
	const struct message *msg = &m.view.messages[0];
	EXPECT("the picture keeps its place in the text",
	       str_find(msg->html, STR("<img src=\"cid:shot@x\"")) != STR_NONE);
	EXPECT("history is folded, not cut", str_find(msg->html, STR("<details class=\"quoted\">")) != STR_NONE);
	EXPECT("what was written below history stays", str_find(msg->html, STR("and below it I answer")) != STR_NONE);
	EXPECT_EQ("the picture is a file of the message", msg->n_attachments, 1);
	EXPECT("whose name in the mail is known", msg->n_attachments == 1 && str_is(msg->attachments[0].cid, "shot@x"));
	filing_end(&m);
}

TEST_EACH_DB(filing_what_else_a_mail_may_be)
{
	struct mail_world m;

	filing_make(t, &m);
	filing_take(
	        t, &m,
	        HEAD("1", "Meeting") "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: "
	                             "text/plain\n\nCome!\n--b\n"
	                             "Content-Type: text/calendar; "
	                             "method=REQUEST\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Talk\n"
	                             "DTSTART;TZID=Europe/Madrid:20261201T100000\nEND:VEVENT\nEND:VCALENDAR\n--b--\n");
	if (!EXPECT_EQ("an invitation is a mail like any other", m.view.n_messages, 1))
		return filing_end(&m);
	EXPECT("its facts are kept for the card",
	       str_find(m.view.messages[0].invite, STR("\"start\":\"2026-12-01 10:00 Europe/Madrid\"")) != STR_NONE);
	EXPECT("the file has a name for people",
	       m.view.messages[0].n_attachments == 1 && str_is(m.view.messages[0].attachments[0].name, "invite.ics"));
	filing_take(t, &m,
	            HEAD("2", "Secret") "Content-Type: application/pkcs7-mime; "
	                                "smime-type=enveloped-data\nContent-Transfer-Encoding: base64\n\nMIIB\n");
	EXPECT("an encrypted mail says that it is",
	       m.view.n_messages == 1 && m.view.messages[0].crypto == MAIL_SMIME_ENCRYPTED);
	EXPECT("and is not empty to the eye",
	       m.view.n_messages == 1 && str_starts(m.view.messages[0].text, STR("This mail is encrypted")));
	filing_end(&m);
}

#define AUTHRES(verdict) "Authentication-Results: mx.desk.example; dmarc=" verdict " header.from=alpha.example\n"

TEST_EACH_DB(filing_marks_who_was_vouched_for)
{
	struct mail_world m;

	filing_make(t, &m);
	filing_take(t, &m, HEAD("1", "One") "\nfirst\n");
	EXPECT("without a server that vouches the message is marked",
	       m.view.n_messages == 1 && m.view.messages[0].unverified);
	m.desk.config.authserv_id = STR("mx.desk.example");
	filing_take(t, &m, AUTHRES("pass") HEAD("2", "Two") "\nsecond\n");
	EXPECT("one that was vouched for is not",
	       m.last.state == INTAKE_MESSAGE && m.view.n_messages == 1 && !m.view.messages[0].unverified);
	filing_take(t, &m, AUTHRES("fail") HEAD("3", "Three") "\nthird\n");
	EXPECT_EQ("a forged one waits in triage", m.last.state, INTAKE_TRIAGE);
	EXPECT_EQ("and says why", m.last.auth, INTAKE_AUTH_FAIL);
	filing_take(t, &m, HEAD("4", "Four") "\nfourth\n");
	EXPECT_EQ("so does one the server said nothing of", m.last.state, INTAKE_TRIAGE);
	filing_end(&m);
}

TEST_EACH_DB(filing_once)
{
	struct mail_world m;

	filing_make(t, &m);
	filing_take(t, &m, HEAD("same", "One") "\nfirst\n");
	EXPECT("a Message-ID of its own is no matter", !m.last.same_id);
	filing_take(t, &m, "Received: from elsewhere\n" HEAD("same", "One") "\nfirst\n");
	EXPECT_EQ("the same mail by another way is one", m.last.state, INTAKE_DUPLICATE);
	filing_take(t, &m, HEAD("same", "One") "\nother words\n");
	EXPECT_EQ("the same Message-ID with other words is kept", m.last.state, INTAKE_MESSAGE);
	EXPECT("and flagged",
	       m.last.same_id && m.view.n_messages > 0 && m.view.messages[m.view.n_messages - 1].same_id);
	filing_end(&m);
}

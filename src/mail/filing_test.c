/* Filing, whole: a raw mail through the jail into the database, and what became of it. */
#include "html/html.h"
#include "outbox/text.h"
#include "blob/blob.h"
#include "inbox/inbox.h"
#include "jail/jail.h"
#include "mail/filing_world.h"
#include "mime/mime.h"
#include <stdlib.h>

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

TEST_EACH_DB(filing_shows_what_was_only_forwarded)
{
	struct mail_world m;

	filing_make(t, &m);
	filing_take(t, &m, HEAD("1", "Fwd: Help") "Content-Type: message/rfc822\n\nFrom: Bea <bea@campus.example>\nSubject: Help\n\nVideos do not play.\n");
	EXPECT("the words are those of the mail inside",
	       m.view.n_messages == 1 && str_is(m.view.messages[0].text, "From: Bea <bea@campus.example>\nSubject: Help\n\nVideos do not play.\n"));
	EXPECT("which is still a file", m.view.n_messages == 1 && m.view.messages[0].n_attachments == 1);
	filing_take(t, &m, HEAD("2", "Fwd: Help") "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nPlease look.\n--b\nContent-Type: message/rfc822\n\nFrom: bea@campus.example\n\nVideos\n--b--\n");
	EXPECT("who writes something says that", m.view.n_messages == 1 && str_is(str_trim(m.view.messages[0].text), "Please look."));
	filing_take(t, &m, HEAD("3", "Fwd") "Content-Type: message/rfc822\n\nContent-Type: image/png\n\n\1\2\n");
	EXPECT("nothing in it is no harm", m.last.state == INTAKE_MESSAGE);
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

struct telling {
	struct intake_id id;
	enum intake_origin origin;
	struct instant again;
};

static enum rc tell_origin(struct db_tx *tx, void *arg, struct err *err)
{
	struct telling *x = arg;

	return intake_origin_known(tx, x->id, x->origin, STR("SPF so and so"), x->again, err);
}

static void origin_is(struct test *t, struct mail_world *m, enum intake_origin origin)
{
	struct telling x = { m->last.id, origin, origin == ORIGIN_NO_ANSWER ? time_now() : (struct instant){ 0 } };

	EXPECT_RC(RC_OK, db_write(t->db, tell_origin, &x, &t->err));
	filing_settle_all(t, m);
}

TEST_EACH_DB(filing_waits_for_what_dns_says)
{
	struct mail_world m;

	filing_make(t, &m);
	m.desk.config.mail_dns = STR("127.0.0.1");
	filing_take(t, &m, HEAD("1", "One") "\nfirst\n");
	EXPECT("a mail nobody vouched for is set aside", m.last.state == INTAKE_RECEIVED && m.last.origin == ORIGIN_ASKING);
	filing_settle_all(t, &m);
	EXPECT_EQ("and stays there", m.last.state, INTAKE_RECEIVED);
	origin_is(t, &m, ORIGIN_PASSED);
	EXPECT("until it is known", m.last.state == INTAKE_MESSAGE && m.view.n_messages == 1 && !m.view.messages[0].unverified);
	filing_take(t, &m, HEAD("2", "Two") "\nsecond\n");
	origin_is(t, &m, ORIGIN_FAILED);
	EXPECT("what failed is no message", m.last.state == INTAKE_TRIAGE && m.last.auth == INTAKE_AUTH_FAIL);
	EXPECT("and says what was found", str_find(m.last.reason, STR("SPF so and so")) != STR_NONE);
	origin_is(t, &m, ORIGIN_PASSED);
	EXPECT_EQ("a verdict is said once", m.last.state, INTAKE_TRIAGE);
	filing_take(t, &m, HEAD("3", "Three") "\nthird\n");
	origin_is(t, &m, ORIGIN_NO_ANSWER);
	EXPECT_EQ("what nobody answered waits for people, too", m.last.state, INTAKE_TRIAGE);
	origin_is(t, &m, ORIGIN_PASSED);
	EXPECT_EQ("and is filed when somebody does", m.last.state, INTAKE_MESSAGE);
	m.desk.config.authserv_id = STR("mx.desk.example");
	filing_take(t, &m, AUTHRES("pass") HEAD("4", "Four") "\nfourth\n");
	EXPECT("where a server has spoken nobody is asked", m.last.state == INTAKE_MESSAGE && m.last.origin == ORIGIN_UNASKED);
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

/* ---- robots ---- */

struct counting {
	struct test *t;
	int64_t number, n;
};

static enum rc count_failures(struct db_tx *tx, void *arg, struct err *err)
{
	struct counting *c = arg;

	c->n = world_events(c->t, tx, c->number, EV_MAIL_FAILED);
	return RC_OK;
}

static int64_t world_mail_failures(struct test *t, struct mail_world *m)
{
	struct counting c = { .t = t, .number = m->view.t.number };

	EXPECT_RC(RC_OK, db_read(t->db, count_failures, &c, &t->err));
	return c.n;
}

static const struct delivery *delivery(const struct mail_world *m)
{
	return m->view.n_messages && m->view.messages[0].n_deliveries ? &m->view.messages[0].deliveries[0] : NULL;
}

TEST_EACH_DB(filing_bounces_reach_the_mail_they_are_about)
{
	struct mail_world m;
	struct outmail_row *out = NULL;

	filing_make(t, &m);
	filing_take(t, &m, HEAD("1", "Help") "\nIt does not work.\n");
	filing_notify(t, &m);
	if (!EXPECT_EQ("the writer is told that it came", filing_outgoing(t, &m, "writer@alpha.example", &out), 1))
		return filing_end(&m);
	struct str raw = arena_strf(&t->arena,
	                            "Return-Path: <>\nFrom: MAILER-DAEMON@mx.alpha.example\nTo: support@desk.example\nSubject: failure notice\n\n"
	                            "Hi. This is the qmail-send program at mx.\n\n<writer@alpha.example>:\nNo mailbox here by that name. (#5.1.1)\n\n"
	                            "--- Below this line is a copy of the message.\n\nReceived: from desk\nMessage-ID: <" STR_F ">\n",
	                            STR_A(out[0].message_id));
	filing_take_as(t, &m, raw, "", "support@desk.example");
	EXPECT_EQ("it is filed", m.last.state, INTAKE_MESSAGE);
	EXPECT_EQ("on the ticket", m.view.n_messages, 2);
	EXPECT("for agents only", m.view.n_messages == 2 && m.view.messages[1].internal && m.view.messages[1].automatic);
	EXPECT("the mail says that it came back", delivery(&m) && delivery(&m)->state == OUTMAIL_BOUNCED);
	EXPECT("and why", delivery(&m) && str_starts(delivery(&m)->error, STR("5.1.1 ")));
	EXPECT_EQ("one event tells who was not reached", world_mail_failures(t, &m), 1);
	EXPECT_EQ("it provoked no answer", filing_outgoing(t, &m, "mailer-daemon@mx.alpha.example", NULL), 0);
	/* Without its words, by where it was sent to. */
	raw = arena_strf(&t->arena, "Return-Path: <>\nFrom: MAILER-DAEMON@x.example\nSubject: failure notice\n\nUser unknown\n");
	struct str verp = mail_bounce_address(&t->arena, &m.desk.keys, out[0].id);
	filing_take_as(t, &m, raw, "", str_z(&t->arena, verp));
	EXPECT_EQ("the address it comes back to is enough", m.last.state, INTAKE_MESSAGE);
	EXPECT_EQ("what came back before is not told again", world_mail_failures(t, &m), 1);
	char *forged = str_z(&t->arena, verp);
	forged[16] ^= 1;
	filing_take_as(t, &m, str_concat(&t->arena, raw, STR("again\n")), "", forged);
	EXPECT_EQ("a forged one belongs nowhere", m.last.state, INTAKE_TRIAGE);
	filing_end(&m);
}

/* A report on our acknowledgement, with this action and status. */
static void report(struct test *t, struct mail_world *m, const struct outmail_row *out, const char *id, const char *action)
{
	struct str verp = mail_bounce_address(&t->arena, &m->desk.keys, out->id);

	filing_take_as(t, m,
	               arena_strf(&t->arena,
	                          "Return-Path: <>\nFrom: MAILER-DAEMON@mx.alpha.example\nMessage-ID: <%s@mx.alpha.example>\nSubject: Return receipt\n"
	                          "Content-Type: multipart/report; report-type=delivery-status; boundary=r\n\n--r\n\nAbout your mail.\n"
	                          "--r\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.alpha.example\n\n"
	                          "Final-Recipient: rfc822; writer@alpha.example\nAction: %s\nStatus: 2.1.5\n\n--r--\n",
	                          id, action),
	               "", str_z(&t->arena, verp));
}

TEST_EACH_DB(filing_reports_of_success_are_no_failure)
{
	struct mail_world m;
	struct outmail_row *out = NULL;

	filing_make(t, &m);
	filing_take(t, &m, HEAD("1", "Help") "\nIt does not work.\n");
	filing_notify(t, &m);
	if (!EXPECT_EQ("the writer is told that it came", filing_outgoing(t, &m, "writer@alpha.example", &out), 1))
		return filing_end(&m);
	report(t, &m, out, "relayed", "relayed (to non-DSN-aware mailer)");
	EXPECT_EQ("it is filed", m.last.state, INTAKE_MESSAGE);
	report(t, &m, out, "delivered", "delivered");
	report(t, &m, out, "delayed", "delayed");
	EXPECT_EQ("nobody is told of a failure", world_mail_failures(t, &m), 0);
	EXPECT("the mail did not come back", !delivery(&m) || delivery(&m)->state != OUTMAIL_BOUNCED);
	report(t, &m, out, "expired", "expired");
	EXPECT_EQ("what a provider calls expired has failed", world_mail_failures(t, &m), 1);
	filing_end(&m);
}

TEST_EACH_DB(filing_robots_have_no_effect)
{
	struct mail_world m;

	filing_make(t, &m);
	filing_take(t, &m, HEAD("1", "Help") "\nIt does not work.\n");
	filing_notify(t, &m);
	const char *reply = str_z(&t->arena, filing_reply_address(t, &m));
	for (int i = 0; i < 12; i++)
		filing_take_as(t, &m, arena_strf(&t->arena, HEAD("v%d", "Re: Help") "Auto-Submitted: auto-replied\n\nI am away, %d\n", i, i), "writer@alpha.example", reply);
	filing_notify(t, &m);
	EXPECT_EQ("a vacation is filed where it belongs", m.last.state, INTAKE_MESSAGE);
	EXPECT_EQ("and the writer still has one automatic mail", filing_outgoing(t, &m, "writer@alpha.example", NULL), 1);
	filing_take_as(t, &m, STR("From: Stranger <s@elsewhere.example>\nAuto-Submitted: auto-replied\nSubject: x\n\nhello\n"), "s@elsewhere.example", reply);
	EXPECT_EQ("a stranger who calls himself automatic gets nowhere with the address", m.last.state, INTAKE_TRIAGE);
	filing_take(t, &m, HEAD("mon", "Disk full on node 3") "Auto-Submitted: auto-generated\n\n97 %\n");
	EXPECT_EQ("a customer's system that reports opens a ticket", m.last.state, INTAKE_MESSAGE);
	filing_notify(t, &m);
	EXPECT_EQ("and is not answered", filing_outgoing(t, &m, "writer@alpha.example", NULL), 1);
	filing_take(t, &m, HEAD("loop", "Round and round") "X-Loop: yes\n\n1\n");
	EXPECT_EQ("a loop opens nothing", m.last.state, INTAKE_TRIAGE);
	filing_end(&m);
}

/* Two desks that know each other's address (S-17): each takes the other for a customer. */
TEST_EACH_DB(filing_two_desks_fall_silent)
{
	struct mail_world m;
	struct outmail_row *out = NULL;
	size_t rounds = 0;

	filing_make(t, &m);
	filing_take(t, &m, HEAD("1", "Help") "\nsent by a person, from the other desk\n");
	for (; rounds < 10; rounds++) {
		filing_notify(t, &m);
		size_t n = filing_outgoing(t, &m, "writer@alpha.example", &out);
		/* The other desk's acknowledgement: what ours would write, the other way round. */
		struct str ack = arena_strf(&t->arena,
		                            "From: writer@alpha.example\nTo: " STR_F "\nMessage-ID: <%zu@alpha.example>\nIn-Reply-To: <" STR_F ">\nSubject: Re: Help\n"
		                            "Auto-Submitted: auto-replied\nX-Auto-Response-Suppress: All\nPrecedence: bulk\n\nWe received it, %zu.\n",
		                            STR_A(out[0].reply_to), rounds, STR_A(out[0].message_id), rounds);
		filing_take_as(t, &m, ack, "", str_z(&t->arena, out[0].reply_to));
		if (n > 1)
			break;
	}
	EXPECT_EQ("one automatic mail was the last", filing_outgoing(t, &m, "writer@alpha.example", NULL), 1);
	EXPECT_EQ("whatever came back", rounds, 10);
	filing_end(&m);
}

/* ---- what agents order in triage ---- */

struct ordering {
	struct intake_id id;
	struct intake_order o;
	struct mail_rule rule;
};

static enum rc order_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct ordering *x = arg;

	return intake_decide(tx, x->id, &x->o, err);
}

static enum rc rule_step(struct db_tx *tx, void *arg, struct err *err)
{
	return mail_rule_add(tx, &((struct ordering *)arg)->rule, err);
}

static enum rc reconcile_step(struct db_tx *tx, void *arg, struct err *err)
{
	return intake_reconcile(tx, INTAKE_LMTP, arg, err);
}

TEST_EACH_DB(filing_as_an_agent_ordered)
{
	struct mail_world m;
	struct intake_check check;

	filing_make(t, &m);
	filing_take(t, &m, HEAD("1", "Help") "\nIt does not work.\n");
	struct ticket_id ticket = m.view.t.id;
	filing_take(t, &m, "From: Somebody <s@elsewhere.example>\nSubject: More\n\nI know more of it.\n");
	EXPECT_EQ("a stranger's mail waits", m.last.state, INTAKE_TRIAGE);
	struct ordering x = { .id = m.last.id, .o = { .what = INTAKE_ATTACH, .ticket = ticket, .by = m.w.ann.agent } };
	EXPECT_RC(RC_OK, db_write(t->db, order_step, &x, &t->err));
	filing_settle_all(t, &m);
	EXPECT_EQ("ordered onto a ticket it is a message", m.last.state, INTAKE_MESSAGE);
	EXPECT_EQ("there", m.last.ticket.v, ticket.v);
	EXPECT("under its writer's own name", m.view.n_messages == 2 && str_is(m.view.messages[1].author, "Somebody") && !m.view.messages[1].internal);
	EXPECT_RC(RC_CONFLICT, db_write(t->db, order_step, &x, &t->err));
	filing_take(t, &m, "From: Other <o@elsewhere.example>\nSubject: New\n\nPlease help.\n");
	x = (struct ordering){ .id = m.last.id, .o = { .what = INTAKE_OPEN, .contact = m.w.writer.contact, .kind = TICKET_INCIDENT, .criticality = 4, .by = m.w.ann.agent } };
	EXPECT_RC(RC_OK, db_write(t->db, order_step, &x, &t->err));
	filing_settle_all(t, &m);
	EXPECT("ordered to be a ticket it is one, as ordered", m.last.state == INTAKE_MESSAGE && m.view.t.kind == TICKET_INCIDENT && m.view.t.criticality == 4 &&
	                                                               m.view.t.contact.v == m.w.writer.contact.v);
	EXPECT("who wrote stays on the message", m.view.n_messages == 1 && str_is(m.view.messages[0].email, "o@elsewhere.example"));
	EXPECT_RC(RC_OK, db_read(t->db, reconcile_step, &check, &t->err));
	EXPECT_EQ("every filed mail stands on a ticket", check.messages, 3);
	EXPECT_EQ("none twice", check.doubled, 0);
	EXPECT_EQ("none nowhere", check.lost, 0);
	filing_end(&m);
}

TEST_EACH_DB(filing_kind_by_address_and_rule)
{
	struct mail_world m;
	struct ordering x = { .rule = { .field = RULE_SUBJECT, .contains = STR_INIT("ALL DOWN"), .kind = TICKET_INCIDENT, .criticality = 1 } };

	filing_make(t, &m);
	filing_take_as(t, &m, STR(HEAD("1", "One") "\nx\n"), "w@x.example", "incidents@desk.example");
	EXPECT("incidents@ is for incidents", m.view.t.kind == TICKET_INCIDENT && m.view.t.criticality == 3);
	filing_take_as(t, &m, STR(HEAD("2", "Two") "\nx\n"), "w@x.example", "requests@desk.example");
	EXPECT("requests@ for requests", m.view.t.kind == TICKET_REQUEST);
	EXPECT_RC(RC_OK, db_write(t->db, rule_step, &x, &t->err));
	filing_take(t, &m, HEAD("3", "We are all down!") "\nx\n");
	EXPECT("a rule says more than the address", m.view.t.kind == TICKET_INCIDENT && m.view.t.criticality == 1);
	EXPECT("critical by mail opens, and says that nobody called", m.view.t.not_phoned);
	filing_take(t, &m, HEAD("4", "Slow") "\nx\n");
	EXPECT("others are as before", m.view.t.kind == TICKET_REQUEST && !m.view.t.not_phoned);
	filing_end(&m);
}

struct box_mail {
	struct intake in;
	struct team_id team;
	const char *name;
};

static enum rc make_team(struct db_tx *tx, void *arg, struct err *err)
{
	struct box_mail *x = arg;
	struct actor desk = actor_system();

	return team_add(tx, &desk, time_now(), &(struct team){ .name = str_of(x->name) }, &x->team, err);
}

static enum rc drop_team(struct db_tx *tx, void *arg, struct err *err)
{
	struct box_mail *x = arg;
	struct actor desk = actor_system();

	return team_remove(tx, &desk, time_now(), x->team, err);
}

static enum rc insert_step(struct db_tx *tx, void *arg, struct err *err)
{
	return intake_insert(tx, &((struct box_mail *)arg)->in, NULL, err);
}

/* A mail as a mailbox's thread leaves it. */
static void fetched(struct test *t, struct mail_world *m, const char *raw, struct intake_wish wish)
{
	char sha[65];
	struct box_mail x = { .in = { .channel = INTAKE_IMAP, .size = (int64_t)strlen(raw), .mail_from = STR(""), .rcpt = STR("support@desk.example"),
				      .source = STR("box"), .wish = wish, .received_at = time_now() } };

	EXPECT_RC(RC_OK, blob_put(m->desk.blobs, str_of(raw), sha, &t->err));
	x.in.sha256 = str_of(sha);
	EXPECT_RC(RC_OK, db_write(t->db, insert_step, &x, &t->err));
	filing_settle_all(t, m);
}

static size_t told_of_team(const struct mail_world *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->view.n_events; i++)
		n += str_is(m->view.events[i].kind, EV_TEAM);
	return n;
}

TEST_EACH_DB(filing_team_by_mailbox_and_rule)
{
	struct mail_world m;
	struct box_mail video = { .name = "Video" }, billing = { .name = "Billing" };
	struct ordering x = { 0 };

	filing_make(t, &m);
	EXPECT_RC(RC_OK, db_write(t->db, make_team, &video, &t->err));
	EXPECT_RC(RC_OK, db_write(t->db, make_team, &billing, &t->err));
	fetched(t, &m, HEAD("1", "One") "\nx\n", (struct intake_wish){ STR("Video"), TICKET_INCIDENT, 4 });
	EXPECT("the mailbox gives team and kind", m.view.t.team.v == video.team.v && m.view.t.kind == TICKET_INCIDENT && m.view.t.criticality == 4);
	EXPECT_EQ("with its event", told_of_team(&m), 1);
	fetched(t, &m, HEAD("2", "Two") "\nx\n", (struct intake_wish){ STR("Nobody"), 0, 0 });
	EXPECT("a team that is not here keeps no mail out", m.last.state == INTAKE_MESSAGE && !m.view.t.team.v && m.view.t.kind == TICKET_REQUEST);
	filing_take(t, &m, HEAD("3", "Three") "\nx\n");
	EXPECT("no mailbox, no rule: no team", !m.view.t.team.v && told_of_team(&m) == 0);
	x.rule = (struct mail_rule){ .field = RULE_TO, .contains = STR_INIT("incidents@"), .team = billing.team };
	EXPECT_RC(RC_OK, db_write(t->db, rule_step, &x, &t->err));
	filing_take_as(t, &m, STR(HEAD("4", "Four") "\nx\n"), "w@x.example", "incidents@desk.example");
	EXPECT("an address may have a team, and keeps its kind", m.view.t.team.v == billing.team.v && m.view.t.kind == TICKET_INCIDENT && m.view.t.criticality == 3);
	x.rule = (struct mail_rule){ .field = RULE_SUBJECT, .contains = STR_INIT("invoice"), .kind = TICKET_REQUEST, .team = billing.team };
	EXPECT_RC(RC_OK, db_write(t->db, rule_step, &x, &t->err));
	fetched(t, &m, HEAD("5", "The invoice") "\nx\n", (struct intake_wish){ STR("Video"), TICKET_INCIDENT, 3 });
	EXPECT("a rule says more than the mailbox", m.view.t.team.v == billing.team.v && m.view.t.kind == TICKET_REQUEST);
	EXPECT_RC(RC_OK, db_write(t->db, drop_team, &billing, &t->err));
	fetched(t, &m, HEAD("6", "An invoice") "\nx\n", (struct intake_wish){ STR("Video"), 0, 0 });
	EXPECT("a rule for a team that is gone leaves the mailbox's", m.view.t.team.v == video.team.v && m.view.t.kind == TICKET_REQUEST);
	x.rule = (struct mail_rule){ .field = RULE_TO, .contains = STR_INIT("x") };
	EXPECT_RC(RC_INVALID, db_write(t->db, rule_step, &x, &t->err));
	filing_end(&m);
}

TEST_EACH_DB(filing_what_a_filter_calls_spam)
{
	struct mail_world m;

	filing_make(t, &m);
	filing_take(t, &m, "X-Spam-Flag: YES\n" HEAD("1", "Win") "\nx\n");
	EXPECT_EQ("it waits for a person", m.last.state, INTAKE_TRIAGE);
	EXPECT("with the reason", str_find(m.last.reason, STR("spam")) != STR_NONE);
	filing_take(t, &m, "X-Spam-Flag: NO\nX-Spam-Status: No, score=1\n" HEAD("2", "Help") "\nx\n");
	EXPECT_EQ("what is not called so is filed", m.last.state, INTAKE_MESSAGE);
	filing_end(&m);
}

struct claim_step {
	struct mail_world *m;
	struct ticket t;
	struct str link;
	int criticality;
	enum rc rc;
	struct arena *out;
};

static enum rc claim_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct claim_step *c = arg;
	struct str token;
	AUTO_ARENA a;

	arena_init(&a);
	c->rc = mail_claim_token(&a, &c->m->desk.keys, c->link, &token);
	if (c->rc == RC_OK && str_eq(token, c->m->view.t.mail_token))
		c->rc = ticket_claim(tx, &a, &c->m->w.writer, time_now(), c->m->view.t.number, c->criticality ? TICKET_INCIDENT : TICKET_REQUEST, c->criticality, err);
	if (c->rc == RC_OK)
		c->rc = ticket_view(tx, c->out, &c->m->w.ann, c->m->view.t.number, &c->m->view, err);
	return RC_OK;
}

TEST_EACH_DB(filing_the_writer_says_what_it_is)
{
	struct mail_world m;
	struct outmail_row *out = NULL;

	filing_make(t, &m);
	filing_take(t, &m, HEAD("1", "Help") "\nIt does not work.\n");
	filing_notify(t, &m);
	if (!EXPECT_EQ("it is acknowledged", filing_outgoing(t, &m, "writer@alpha.example", &out), 1))
		return filing_end(&m);
	size_t at = str_find(out[0].text, STR("/claim/")), end;
	EXPECT("with two links", at != STR_NONE && str_find(str_from(out[0].text, at + 7), STR("/claim/")) != STR_NONE);
	struct str link = str_from(out[0].text, at + 7);
	end = str_find_byte(link, '?');
	link = arena_str(&t->arena, str_sub(link, 0, end));
	struct claim_step c = { .m = &m, .link = link, .criticality = 1, .out = &t->arena };
	EXPECT_RC(RC_OK, db_write(t->db, claim_step, &c, &t->err));
	EXPECT("the writer's word counts: an incident, and nobody called", c.rc == RC_OK && m.view.t.kind == TICKET_INCIDENT && m.view.t.criticality == 1 && m.view.t.not_phoned);
	c.criticality = 0;
	EXPECT_RC(RC_OK, db_write(t->db, claim_step, &c, &t->err));
	EXPECT("and may be taken back", c.rc == RC_OK && m.view.t.kind == TICKET_REQUEST && !m.view.t.not_phoned);
	((char *)(uintptr_t)link.p)[link.n - 1] ^= 1;
	EXPECT_RC(RC_OK, db_write(t->db, claim_step, &c, &t->err));
	EXPECT("a changed link is good for nothing", c.rc == RC_INVALID);
	filing_end(&m);
}

TEST_EACH_DB(filing_poison_is_kept_and_filed_later)
{
	struct mail_world m;
	const char *faults = getenv("CARREL_TEST_FAULTS");

	setenv("CARREL_TEST_FAULTS", "1", 1);
	filing_make(t, &m);
	filing_take(t, &m, "X-First: 1\nX-Carrel-Test-Crash: 1\n" HEAD("1", "Poison") "\nIt kills its reader.\n");
	EXPECT_EQ("a mail that kills its reader is set aside", m.last.state, INTAKE_QUARANTINE);
	EXPECT("with the reason", m.last.reason.n > 0);
	filing_take(t, &m, HEAD("2", "Next") "\nThe next one.\n");
	EXPECT_EQ("the next is filed as if nothing had been", m.last.state, INTAKE_MESSAGE);
	filing_end(&m);
	if (!faults)
		unsetenv("CARREL_TEST_FAULTS");
	m.desk.jail = jail_new("/proc/self/exe", 1); /* a reader that is mended */
	EXPECT_RC(RC_OK, blob_open(arena_strf(&t->arena, "%s/blobs", t->dir), 0, &m.desk.blobs, &t->err));
	struct ordering x = { .id = { 1 } };
	EXPECT_RC(RC_OK, db_write(t->db, order_step, &x, &t->err));
	size_t moved = intake_run(&m.desk, time_now(), 10);
	EXPECT_EQ("filed again it is taken", moved, 1);
	filing_end(&m);
}

/* ---- words of administrators ---- */

static enum rc write_words(struct db_tx *tx, void *arg, struct err *err)
{
	(void)arg;
	return mail_text_set(tx, "ack", STR("en"), STR("Dear {name}, <b>{subject}</b> is {number}."), (struct instant){ 5 }, err);
}

TEST_EACH_DB(filing_words_of_administrators_are_filled_once)
{
	struct mail_world m;
	struct outmail_row *out = NULL;

	filing_make(t, &m);
	EXPECT_RC(RC_OK, db_write(t->db, write_words, NULL, &t->err));
	filing_take(t, &m, HEAD("1", "{{7*7}} {url} ${name} <script>") "\nIt does not work.\n");
	filing_notify(t, &m);
	if (EXPECT_EQ("acknowledged", filing_outgoing(t, &m, "writer@alpha.example", &out), 1)) {
		EXPECT("in their words", str_starts(out[0].text, STR("Dear ")));
		EXPECT("what a customer wrote stays what it is (S-28)", str_find(out[0].text, STR("<b>{{7*7}} {url} ${name} <script></b> is CAR-")) != STR_NONE);
		EXPECT("and as a page it is text",
		       str_find(html_from_text(&t->arena, out[0].text), STR("&lt;script&gt;")) != STR_NONE &&
		               str_find(html_from_text(&t->arena, out[0].text), STR("<script>")) == STR_NONE);
	}
	filing_end(&m);
}

DB_QUERY(q_approval, "test.mail-approval", "UPDATE plan SET approval = 1");
DB_QUERY(q_uncovered, "test.mail-uncovered", "UPDATE plan SET support = 0");

/* Each kind that is not sent by the acknowledgement itself says which it is. */
static enum rc write_other_words(struct db_tx *tx, void *arg, struct err *err)
{
	static const char *const row[][2] = {
		{ "not-phoned", "CALL {phone} {{7*7}}" }, { "approval-asked", "ASKED {who} {subject} {answer}" }, { "approval-approved", "YES {who} {name}" },
		{ "approval-declined", "NO {reason}" },   { "unknown-sender", "WHO {kb} {product}" },             { "not-covered", "COVER {why} {who}" },
	};
	enum rc rc = RC_OK;

	(void)arg;
	for (size_t i = 0; i < COUNT(row) && rc == RC_OK; i++)
		rc = mail_text_set(tx, row[i][0], STR("en"), str_of(row[i][1]), (struct instant){ 5 }, err);
	return rc;
}

static void decide(struct test *t, struct db_tx *tx, struct world *w)
{
	int64_t yes = world_open(t, tx, &w->writer, 0, "Analytics {reason}"), no = world_open(t, tx, &w->writer, 0, "A mascot");

	EXPECT_RC(RC_OK, ticket_approve(tx, &t->arena, &w->boss, time_now(), yes, true, STR(""), &t->err));
	EXPECT_RC(RC_OK, ticket_approve(tx, &t->arena, &w->boss, time_now(), no, false, STR("Not {name} ${x}"), &t->err));
}

static void with_approval(struct test *t, struct db_tx *tx, struct world *w)
{
	(void)w;
	EXPECT_RC(RC_OK, db_exec(tx, &q_approval, DB_NO_ARGS, NULL, &t->err));
}

static void without_support(struct test *t, struct db_tx *tx, struct world *w)
{
	(void)w;
	EXPECT_RC(RC_OK, db_exec(tx, &q_uncovered, DB_NO_ARGS, NULL, &t->err));
}

/* How many mails to `to` hold all of `text`. */
static int saying(struct test *t, struct mail_world *m, const char *to, const char *text)
{
	struct outmail_row *out;
	size_t n = filing_outgoing(t, m, to, &out);
	int found = 0;

	for (size_t i = 0; i < n; i++)
		found += str_find(out[i].text, str_of(text)) != STR_NONE;
	return found;
}

TEST_EACH_DB(filing_every_text_may_be_written_anew)
{
	struct mail_world m;
	struct ordering x = { .rule = { .field = RULE_SUBJECT, .contains = STR_INIT("ALL DOWN"), .kind = TICKET_INCIDENT, .criticality = 1 } };

	filing_make(t, &m);
	m.desk.pin_key = STR("a key of the desk for the links of managers");
	EXPECT_RC(RC_OK, db_write(t->db, write_other_words, NULL, &t->err));
	EXPECT_RC(RC_OK, db_write(t->db, rule_step, &x, &t->err));
	filing_take(t, &m, HEAD("1", "All down") "\nx\n");
	filing_notify(t, &m);
	EXPECT_EQ("the line about the telephone is theirs, inside the acknowledgement", saying(t, &m, "writer@alpha.example", "CALL +34 900 000 000 {{7*7}}\n\nFollow it here:"), 1);
	filing_take(t, &m, "From: Eve {why} <eve@elsewhere.example>\nTo: support@desk.example\nMessage-ID: <e@elsewhere.example>\nSubject: {product}\n\nEvil words\n");
	EXPECT_EQ("so is what strangers are told, without a word of theirs (S-12)", saying(t, &m, "eve@elsewhere.example", "WHO https://desk.example/kb Desk"), 1);
	world_run(t, &m.w, with_approval);
	world_run(t, &m.w, decide);
	filing_notify(t, &m);
	EXPECT_EQ("a manager is asked in their words, and subjects are not filled", saying(t, &m, "boss@alpha.example", " Analytics {reason} https://desk.example/approve/"), 1);
	EXPECT_EQ("yes", saying(t, &m, "writer@alpha.example", "YES "), 1);
	EXPECT_EQ("no, and the reason is not filled either", saying(t, &m, "writer@alpha.example", "NO Not {name} ${x}"), 1);
	world_run(t, &m.w, without_support);
	filing_take(t, &m, HEAD("2", "Covered?") "\nx\n");
	EXPECT_EQ("and who is not covered", saying(t, &m, "writer@alpha.example", "COVER "), 1);
	filing_end(&m);
}

TEST_EACH_DB(filing_strangers_are_answered_in_their_language)
{
	struct mail_world m;
	struct outmail_row *out = NULL;

	filing_make(t, &m);
	filing_take(t, &m,
	            "From: Ana <ana@elsewhere.example>\nTo: support@desk.example\nMessage-ID: <a@elsewhere.example>\nSubject: Curso\n\n"
	            "Hola: no puedo entrar en el curso desde ayer. Gracias y saludos, Ana\n");
	if (EXPECT_EQ("Ana is answered", filing_outgoing(t, &m, "ana@elsewhere.example", &out), 1))
		EXPECT_STR("in Spanish", out[0].subject, "Recibimos su correo");
	filing_take(t, &m,
	            "From: Petra <petra@elsewhere.example>\nTo: support@desk.example\nMessage-ID: <p@elsewhere.example>\nSubject: Kurs\n\n"
	            "Guten Tag, ich kann mich nicht anmelden. Bitte helfen Sie mir.\n");
	if (EXPECT_EQ("Petra is answered", filing_outgoing(t, &m, "petra@elsewhere.example", &out), 1))
		EXPECT_STR("in English, for want of German texts", out[0].subject, "We received your mail");
	filing_end(&m);
}

/* Filing under attack: copies that come first, senders who are not who they say, headers that would command us, and
 * mails that pass every limit. Numbers as S-08 and B-9 are those of docs/SECURITY.md. */
#include "inbox/inbox.h"
#include "mail/filing_world.h"

#define HEAD(id, subject)                                                                                              \
	"From: Writer <writer@alpha.example>\nTo: support@desk.example\nMessage-ID: <" id                              \
	"@alpha.example>\nSubject: " subject "\n"
#define AUTHRES(verdict) "Authentication-Results: mx.desk.example; dmarc=" verdict " header.from=alpha.example\n"
#define ADD(text)        buf_add(&b, "" text "", sizeof(text) - 1)

static enum rc reconcile_step(struct db_tx *tx, void *arg, struct err *err)
{
	return intake_reconcile(tx, INTAKE_LMTP, arg, err);
}

/* B-9: what may be taken for the same, and what may not. */
TEST_EACH_DB(filing_once_or_each)
{
#define PLAIN(from, date) "From: " from "\nTo: support@desk.example\nSubject: Disk full\n" date "\nThe disk is full.\n"
	static const struct {
		const char *why, *raw;
		enum intake_state want;
	} row[] = {
		{ "a program writes without a Message-ID", PLAIN("writer@alpha.example", "Date: Mon, 23 Nov 2026 08:00:00 +0000\n"), INTAKE_MESSAGE },
		{ "the very mail again, by another way", "Received: from b\n" PLAIN("writer@alpha.example", "Date: Mon, 23 Nov 2026 08:00:00 +0000\n"), INTAKE_DUPLICATE },
		{ "the same words a day later are another mail", PLAIN("writer@alpha.example", "Date: Tue, 24 Nov 2026 08:00:00 +0000\n"), INTAKE_MESSAGE },
		{ "so are they from another person", PLAIN("boss@alpha.example", "Date: Mon, 23 Nov 2026 08:00:00 +0000\n"), INTAKE_MESSAGE },
		{ "an empty Message-ID is none", "Message-ID: <>\n" PLAIN("writer@alpha.example", "Date: Wed, 25 Nov 2026 08:00:00 +0000\n"), INTAKE_MESSAGE },
		{ "two Message-ID are a mail, too", "Message-ID: <a@b>\nMessage-ID: <c@d>\n" PLAIN("writer@alpha.example", ""), INTAKE_MESSAGE },
		{ "with a Message-ID the date says nothing", HEAD("once", "Hello") "Date: Mon, 23 Nov 2026 08:00:00 +0000\n\nx\n", INTAKE_MESSAGE },
		{ "it is the same mail", HEAD("once", "Hello") "Date: Tue, 24 Nov 2026 08:00:00 +0000\n\nx\n", INTAKE_DUPLICATE },
	};
	struct mail_world m;

	filing_make(t, &m);
	for (size_t i = 0; i < COUNT(row); i++) {
		filing_take(t, &m, row[i].raw);
		EXPECT_EQ(row[i].why, m.last.state, row[i].want);
	}
	struct str raw = str_concat(&t->arena, STR("Message-ID: <"), arena_strf(&t->arena, "%0*d@x>\n" PLAIN("writer@alpha.example", ""), 2000, 7));
	filing_take_as(t, &m, raw, "w@x.example", "support@desk.example");
	EXPECT_EQ("a Message-ID of two thousand bytes", m.last.state, INTAKE_MESSAGE);
	filing_take_as(t, &m, str_concat(&t->arena, STR("Received: from c\n"), raw), "w@x.example", "support@desk.example");
	EXPECT_EQ("is one, too", m.last.state, INTAKE_DUPLICATE);
	filing_end(&m);
}

/* S-08: somebody who saw a mail sends a copy of it first. */
TEST_EACH_DB(filing_a_forged_copy_keeps_no_mail_out)
{
	struct mail_world m;
	struct intake_check check = { 0 };

	filing_make(t, &m);
	m.desk.config.authserv_id = STR("mx.desk.example");
	filing_take(t, &m, AUTHRES("fail") HEAD("real", "Help") "\nIt does not work.\n");
	EXPECT_EQ("the forged copy waits", m.last.state, INTAKE_TRIAGE);
	filing_take(t, &m, "Received: a\n" HEAD("real", "Help") "\nIt does not work.\n");
	EXPECT_EQ("another is the same", m.last.state, INTAKE_DUPLICATE);
	filing_take(t, &m, AUTHRES("pass") HEAD("real", "Help") "\nIt does not work.\n");
	EXPECT_EQ("the mail itself is filed all the same", m.last.state, INTAKE_MESSAGE);
	filing_take(t, &m, "Received: b\n" AUTHRES("pass") HEAD("real", "Help") "\nIt does not work.\n");
	EXPECT_EQ("once", m.last.state, INTAKE_DUPLICATE);
	EXPECT_RC(RC_OK, db_read(t->db, reconcile_step, &check, &t->err));
	EXPECT("and everything is somewhere", check.messages == 1 && check.doubled == 0 && check.lost == 0);
	filing_end(&m);
}

/* S-21: what is more than is shown says so, and is kept. */
TEST_EACH_DB(filing_says_what_is_not_shown)
{
	struct mail_world m;
	AUTO_BUF b;

	filing_make(t, &m);
	buf_init(&b, 1 << 20);
	ADD(HEAD("1", "Many") "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee the files\n");
	for (int i = 0; i < 100; i++)
		buf_addf(&b, "--b\nContent-Type: text/x-log; name=f%d.log\nContent-Disposition: attachment\n\nline %d\n", i, i);
	ADD("--b--\n");
	filing_take_as(t, &m, buf_str(&b), "w@x.example", "support@desk.example");
	EXPECT("a hundred files are all there", m.view.n_messages == 1 && m.view.messages[0].n_attachments == 100 && !m.view.messages[0].cut);
	buf_clear(&b);
	ADD(HEAD("2", "More") "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee the files\n");
	for (int i = 0; i < 300; i++)
		buf_addf(&b, "--b\nContent-Type: text/x-log; name=f%d.log\nContent-Disposition: attachment\n\nline %d\n", i, i);
	ADD("--b--\n");
	filing_take_as(t, &m, buf_str(&b), "w@x.example", "support@desk.example");
	EXPECT("of three hundred it is said that there are more", m.view.n_messages == 1 && m.view.messages[0].n_attachments == 100 && m.view.messages[0].cut);
	filing_end(&m);
}

/* However long and odd its words are, a customer's mail is a ticket. */
TEST_EACH_DB(filing_takes_any_words)
{
	static const struct {
		const char *why, *unit;
		int times;
	} row[] = {
		{ "a long subject", "long ", 2000 },
		{ "one long word", "x", 9000 },
		{ "signs of four bytes", "\xf0\x9f\x93\x9a", 2000 },
		{ "writing turned round", "\xe2\x80\xae" "fdp.exe", 1 },
		{ "signs that are none", "\x01\x07 \xff\xfe", 3 },
		{ "only a sign that turns", "\xe2\x80\xae", 2 },
		{ "nothing", "", 0 },
	};
	struct mail_world m;
	AUTO_BUF b;

	filing_make(t, &m);
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < COUNT(row); i++) {
		buf_clear(&b);
		ADD("From: \"");
		for (int k = 0; k < row[i].times; k++)
			buf_add(&b, row[i].unit, strlen(row[i].unit));
		buf_addf(&b, "\" <writer@alpha.example>\nTo: support@desk.example\nMessage-ID: <%zu@alpha.example>\nSubject: ", i);
		for (int k = 0; k < row[i].times; k++)
			buf_add(&b, row[i].unit, strlen(row[i].unit));
		ADD("\n\nwords\n");
		filing_take_as(t, &m, buf_str(&b), "w@x.example", "support@desk.example");
		EXPECT_EQ(row[i].why, m.last.state, INTAKE_MESSAGE);
		EXPECT(row[i].why, m.view.t.subject.n > 0 && m.view.t.subject.n <= 800 && str_find(m.view.t.subject, STR("\xe2\x80\xae")) == STR_NONE);
		EXPECT(row[i].why, str_find(m.last.from_name, STR("\xe2\x80\xae")) == STR_NONE);
	}
	filing_end(&m);
}

/* An identifier of signs that may not stand in a header of ours: its mail is answered, and so is everybody after it. */
TEST_EACH_DB(filing_odd_identifiers_stop_no_answer)
{
	static const char *const id[] = { "we\"ird@x", "(x)@y", "back\\slash@x", "wo rds@x", "\xc3\xa9t\xc3\xa9@x" };
	struct mail_world m;
	struct outmail_row *out = NULL;

	filing_make(t, &m);
	for (size_t i = 0; i < COUNT(id); i++) {
		filing_take_as(t, &m, arena_strf(&t->arena, "From: u%zu@elsewhere.example\nMessage-ID: <%s>\nSubject: Hello\n\nwho are you?\n", i, id[i]),
		               "u@elsewhere.example", "support@desk.example");
		EXPECT_EQ(id[i], m.last.state, INTAKE_TRIAGE);
		EXPECT_EQ("a stranger is answered", filing_outgoing(t, &m, str_z(&t->arena, arena_strf(&t->arena, "u%zu@elsewhere.example", i)), NULL), 1);
		filing_take_as(t, &m, arena_strf(&t->arena, "From: writer@alpha.example\nMessage-ID: <%s>\nSubject: Hello\n\nhelp\n", id[i]),
		               "w@alpha.example", "support@desk.example");
		EXPECT_EQ(id[i], m.last.state, INTAKE_MESSAGE);
		filing_notify(t, &m);
		EXPECT_EQ("so is somebody we know", filing_outgoing(t, &m, "writer@alpha.example", &out), i + 1);
	}
	filing_end(&m);
}

/* ---- who is speaking ---- */

static int64_t said(struct test *t, struct mail_world *m, const char *words)
{
	int64_t n = 0;

	(void)t;
	for (size_t i = 0; i < m->view.n_messages; i++)
		n += str_find(m->view.messages[i].text, str_of(words)) != STR_NONE;
	return n;
}

/* S-14, S-15, S-16: every spelling that is not the writer's address in one From joins nothing and opens nothing as him. */
TEST_EACH_DB(filing_nobody_speaks_for_another)
{
	static const char *const from[] = {
		"writer@alpha.example, mallory@evil.example",
		"a(c&email=writer@alpha.example)@evil.example",
		"\"writer@alpha.example\"@evil.example",
		"=?utf-8?q?writer=40alpha.example?=@evil.example",
		"writer@alpha.example.evil.example",
		"writer@alph\xd0\xb0.example",
		("writer@alpha\xef\xbc\x8e" "example"),
		"wr\xc4\xb1ter@alpha.example",
		"writer\xe2\x80\x8b@alpha.example",
		"writer+tag@alpha.example",
		"group: writer@alpha.example, x@evil.example;",
		"",
		"\"writer@alpha.example\" <mallory@evil.example>",
		"support@desk.example",
		"Ann <ann@desk.example>",
		"incidents@desk.example",
	};
	struct mail_world m;

	filing_make(t, &m);
	filing_take(t, &m, HEAD("1", "Help") "\nIt does not work.\n");
	struct str to = filing_reply_address(t, &m);
	struct ticket_id ticket = m.view.t.id;

	for (size_t i = 0; i < COUNT(from); i++) {
		struct str raw = arena_strf(&t->arena, "From: %s\nTo: " STR_F "\nMessage-ID: <x%zu@evil.example>\nSubject: Re: Help\n\nFORGED\n", from[i], STR_A(to), i);

		filing_take_as(t, &m, raw, "mallory@evil.example", str_z(&t->arena, to));
		EXPECT_EQ(from[i], m.last.state, INTAKE_TRIAGE);
	}
	filing_take_as(t, &m, arena_strf(&t->arena, "From: WRITER@Alpha.EXAMPLE\nTo: " STR_F "\nMessage-ID: <own@alpha.example>\nSubject: Re: Help\n\nmine\n", STR_A(to)),
	               "writer@alpha.example", str_z(&t->arena, to));
	EXPECT("case alone is no other address", m.last.state == INTAKE_MESSAGE && m.view.t.id.v == ticket.v);
	EXPECT_EQ("and nothing of the others is on the ticket", said(t, &m, "FORGED"), 0);
	filing_end(&m);
}

/* S-13: a mail commands nothing; what says that it is automatic is believed, what says that it is not is not. */
TEST_EACH_DB(filing_headers_are_no_orders)
{
	struct mail_world m;

	filing_make(t, &m);
	filing_take(t, &m,
	            HEAD("1", "Orders") "X-Priority: 1\nImportance: high\nX-Carrel-Ticket: CAR-1001-9\nX-Carrel-Kind: incident\nX-Carrel-Criticality: 1\n"
	                                "X-Carrel-Internal: 1\nX-OTRS-Priority: 5\nX-Zammad-Ticket-owner: ann\nX-RT-Command: Status: resolved\n\nx\n");
	EXPECT("it is a request like any other", m.last.state == INTAKE_MESSAGE && m.view.t.kind == TICKET_REQUEST && !m.view.t.assignee.v && !m.view.t.not_phoned);
	EXPECT("that its writer sees", m.view.n_messages == 1 && !m.view.messages[0].internal);
	filing_take(t, &m, HEAD("2", "List") "Auto-Submitted: no\nList-Id: <news.alpha.example>\n\nx\n");
	EXPECT_EQ("who says it is no robot and is a list is a list", m.last.state, INTAKE_TRIAGE);
	filing_take(t, &m, HEAD("3", "Spam") "X-Spam-Flag: NO\nX-Spam-Status: Yes, score=9\n\nx\n");
	EXPECT_EQ("nor is a no of a filter believed", m.last.state, INTAKE_TRIAGE);
	filing_end(&m);
}

/* S-62: what a customer writes as if we had written it is quoted text of the customer's message. */
TEST_EACH_DB(filing_a_forged_quote_stays_a_quote)
{
	struct mail_world m;

	filing_make(t, &m);
	filing_take(t, &m, HEAD("1", "Re: refund") "\nAs you said below.\n\nOn Mon, 23 Nov 2026, Desk <support@desk.example> wrote:\n> APPROVED by Ann\n");
	EXPECT("one message, the customer's", m.view.n_messages == 1 && m.view.messages[0].author_kind == ACTOR_CONTACT);
	EXPECT("its own words are shown", m.view.n_messages == 1 && said(t, &m, "As you said below") == 1 && said(t, &m, "APPROVED") == 0);
	EXPECT("the rest is kept as what it quotes", m.view.n_messages == 1 && str_find(m.view.messages[0].quoted, STR("APPROVED by Ann")) != STR_NONE);
	filing_end(&m);
}

/* ---- people whose rights changed ---- */

DB_QUERY(q_no_role, "test.mail-no-role", "DELETE FROM contact_role WHERE contact_id = :contact");
DB_QUERY(q_disable, "test.mail-disable", "UPDATE contact SET disabled_at = 1 WHERE id = :contact");
DB_QUERY(q_audit, "test.mail-audit", "UPDATE contact_role SET role = 1 WHERE contact_id = :contact");

struct rights {
	struct mail_world *m;
	int step;
	struct str other; /* address */
};

static enum rc change_rights(struct db_tx *tx, void *arg, struct err *err)
{
	struct rights *x = arg;
	AUTO_ARENA a;

	arena_init(&a);
	if (x->step == 0) /* a person of another account is let in */
		return ticket_accept_participant(tx, &a, &x->m->w.ann, time_now(), x->m->view.t.number, x->other, true, err);
	return db_exec(tx, x->step == 1 ? &q_audit : x->step == 2 ? &q_no_role : &q_disable, DB_ARGS(db_i64("contact", x->m->w.writer.contact.v)), NULL, err);
}

static void reply_of(struct test *t, struct mail_world *m, struct str to, const char *from, const char *id)
{
	struct str raw = arena_strf(&t->arena, "From: %s\nTo: " STR_F "\nMessage-ID: <%s@x.example>\nSubject: Re: Help\n\nmore of %s\n", from, STR_A(to), id, id);

	filing_take_as(t, m, raw, from, str_z(&t->arena, to));
}

TEST_EACH_DB(filing_knows_whose_rights_changed)
{
	struct mail_world m;
	struct rights x = { .m = &m };

	filing_make(t, &m);
	x.other = m.w.stranger.email;
	const char *other = str_z(&t->arena, x.other), *writer = "writer@alpha.example";
	filing_take(t, &m, HEAD("1", "Help") "\nIt does not work.\n");
	struct str to = filing_reply_address(t, &m);
	int64_t number = m.view.t.number;
	EXPECT_RC(RC_OK, db_write(t->db, change_rights, &x, &t->err));
	reply_of(t, &m, to, other, "let-in");
	EXPECT("somebody of another account who was let in is heard", m.last.state == INTAKE_MESSAGE && m.view.t.number == number && said(t, &m, "more of let-in") == 1);
	x.step = 1;
	EXPECT_RC(RC_OK, db_write(t->db, change_rights, &x, &t->err));
	reply_of(t, &m, to, writer, "auditor");
	EXPECT_EQ("who may only read now waits in triage", m.last.state, INTAKE_TRIAGE);
	x.step = 2;
	EXPECT_RC(RC_OK, db_write(t->db, change_rights, &x, &t->err));
	reply_of(t, &m, to, writer, "gone");
	EXPECT_EQ("so does who lost every role", m.last.state, INTAKE_TRIAGE);
	x.step = 3;
	EXPECT_RC(RC_OK, db_write(t->db, change_rights, &x, &t->err));
	reply_of(t, &m, to, writer, "disabled");
	EXPECT_EQ("and who was disabled", m.last.state, INTAKE_TRIAGE);
	reply_of(t, &m, to, other, "still");
	EXPECT("who was let in is still heard", m.last.state == INTAKE_MESSAGE && said(t, &m, "more of") == 2);
	filing_end(&m);
}

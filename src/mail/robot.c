/* Mail no person wrote. It is filed where it belongs and has no effect: it reopens nothing, starts no clock, provokes
 * no answer. A bounce goes to the mail that came back, by its envelope recipient (VERP) or by our Message-ID in what
 * was returned, and stands on the ticket as an internal note: customers are not shown who else was not reached. What
 * answers a ticket by itself is shown when its sender takes part in it; else only agents see it, or triage. */
#include "inbox/inbox.h"
#include "mail/intake_private.h"
#include "mime/addr.h"
#include "outbox/outbox.h"
#include <jansson.h>

static enum rc came_back(struct db_tx *tx, struct filing_job *job, struct outmail_row *ret, struct err *err)
{
	const struct mail *m = job->mail;
	struct outmail_id id;
	enum rc rc = RC_NOT_FOUND;

	if (mail_bounce_id(job->a, &job->desk->keys, job->in->rcpt, &id) == RC_OK ||
	    mail_bounce_id(job->a, &job->desk->keys, m->received_for, &id) == RC_OK ||
	    (m->to.n && mail_bounce_id(job->a, &job->desk->keys, m->to.at[0].addr, &id) == RC_OK))
		rc = outbox_find(tx, job->a, id, ret, err);
	if (rc == RC_NOT_FOUND && m->bounce.original_id.n)
		rc = outbox_find_message_id(tx, job->a, m->bounce.original_id, ret, err);
	for (size_t i = 0; rc == RC_NOT_FOUND && i < m->in_reply_to.n && i < 5; i++)
		rc = outbox_find_message_id(tx, job->a, m->in_reply_to.at[i], ret, err);
	for (size_t i = 0; rc == RC_NOT_FOUND && i < m->references.n && i < 20; i++)
		rc = outbox_find_message_id(tx, job->a, m->references.at[m->references.n - 1 - i], ret, err);
	return rc;
}

static struct str reason_of(struct filing_job *job)
{
	const struct mail_bounce *b = &job->mail->bounce;

	return str_utf8_clip(arena_strf(job->a, STR_F "%s" STR_F, STR_A(b->status),
	                                b->status.n && b->diagnostic.n ? " " : "", STR_A(b->diagnostic)),
	                     500);
}

static enum rc tell_failure(struct db_tx *tx, struct filing_job *job, const struct outmail_row *out, struct str to,
                            struct str why, struct err *err)
{
	struct event e = {
		.at = job->now, .kind = STR_INIT(EV_MAIL_FAILED), .ticket = out->ticket, .message = out->message
	};
	struct actor system = actor_system();
	json_t *j = json_pack("{s:s%,s:s%}", "to", to.p ? to.p : "", to.n, "error", why.p ? why.p : "", why.n);
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

	e.data = text ? str_of(text) : STR("{}");
	event_by(&e, &system);
	enum rc rc = event_append(tx, &e, NULL, err);
	free(text);
	json_decref(j);
	return rc;
}

/* The bounce itself, for agents. */
static enum rc note(struct db_tx *tx, struct filing_job *job, const struct ticket *t, struct err *err)
{
	struct message_new m = filing_message(job, true);
	struct actor who = actor_system();
	struct message_id id;

	m.internal = true;
	m.author_email = STR_NULL;
	who.name = job->in->from_name.n   ? job->in->from_name
	           : job->in->from_addr.n ? job->in->from_addr
	                                  : STR("Automatic mail");
	if (!str_trim(m.text).n)
		m.text = STR("(an automatic mail without text)");
	enum rc rc = ticket_say(tx, job->a, &who, job->now, t->number, &m, (struct event_id){ 0 }, &id, err);
	return rc == RC_OK ? filing_settle(tx, job, INTAKE_MESSAGE, STR(""), t->id, err) : rc;
}

/* What RFC 3464 2.3.3 knows besides "failed" is no failure, at least not yet; "expired" and the like, which providers
 * write, are one. */
static bool is_final(struct str action)
{
	return !str_starts(action, STR("delayed")) && !str_starts(action, STR("delivered")) &&
	       !str_starts(action, STR("relayed")) && !str_starts(action, STR("expanded"));
}

static enum rc bounce(struct db_tx *tx, struct filing_job *job, struct err *err)
{
	const struct mail_bounce *b = &job->mail->bounce;
	struct actor system = actor_system();
	struct outmail_row out = { 0 };
	struct ticket t;
	bool is_new = false, failed = is_final(b->action);
	enum rc rc = came_back(tx, job, &out, err);

	if (rc == RC_NOT_FOUND) {
		/* Not one of our mails, but perhaps one that answers a ticket: agents shall know. */
		rc = filing_thread(tx, job, &t, err);
		if (rc == RC_OK)
			return note(tx, job, &t, err);
		if (rc != RC_NOT_FOUND)
			return rc;
		return filing_triage(
		        tx, job,
		        str_z(job->a,
		              arena_strf(job->a, "A mail to " STR_F " came back, and it is none of this desk's.",
		                         STR_A(b->recipient.n ? b->recipient : STR("somebody")))),
		        err);
	}
	if (rc != RC_OK)
		return rc;
	if (failed) {
		rc = outbox_bounced(tx, out.id, reason_of(job), &is_new, err);
		if (rc == RC_OK && is_new && out.ticket.v)
			rc = tell_failure(tx, job, &out, b->recipient.n ? b->recipient : out.to_addr, reason_of(job),
			                  err);
	}
	if (rc != RC_OK)
		return rc;
	if (!out.ticket.v)
		return filing_triage(tx, job,
		                     str_z(job->a, arena_strf(job->a, "Our mail \"" STR_F "\" to " STR_F " came back.",
		                                              STR_A(out.subject), STR_A(out.to_addr))),
		                     err);
	rc = ticket_find_id(tx, job->a, &system, out.ticket, &t, err);
	return rc == RC_OK ? note(tx, job, &t, err) : rc;
}

/* An answer of a vacation program has something to answer; a system that reports by mail has not. */
static bool reports(const struct mail *m)
{
	return str_is(m->auto_reason, "auto-submitted") && m->in_reply_to.n == 0 && m->references.n == 0 &&
	       !str_starts_nocase(m->subject, STR("auto")) && !str_starts_nocase(m->subject, STR("out of office")) &&
	       !str_starts_nocase(m->subject, STR("re:"));
}

enum rc file_automatic(struct db_tx *tx, struct filing_job *job, struct err *err)
{
	const struct desk_config *conf = &job->desk->config;
	const struct mail *m = job->mail;
	enum auth_verdict auth = filing_auth(job);
	bool believed = m->identity.p && auth != AUTH_FAIL && (!filing_is_strict(conf) || auth == AUTH_PASS) &&
	                !intake_is_ours(conf, m->identity);
	enum participant_kind part = PART_STRANGER;
	struct message_new n = filing_message(job, true);
	struct actor who = actor_system();
	struct contact c;
	struct message_id id;
	struct ticket t;

	if (m->bounce.is)
		return bounce(tx, job, err);
	enum rc rc = filing_thread(tx, job, &t, err);
	if (rc == RC_NOT_FOUND) {
		if (believed && reports(m) && contact_find_email(tx, job->a, m->identity, &c, NULL) == RC_OK &&
		    !time_is_set(c.disabled_at))
			return filing_open(tx, job, &c, true, err);
		return filing_triage(tx, job, "An automatic mail that belongs to no ticket; it was not answered.", err);
	}
	if (rc == RC_OK && m->identity.p)
		rc = ticket_participant(tx, t.id, m->identity, &part, err);
	if (rc != RC_OK)
		return rc;
	if (!believed || (part != PART_REQUESTER && part != PART_ACCEPTED))
		return filing_triage(
		        tx, job,
		        str_z(job->a, arena_strf(job->a,
		                                 "An automatic mail for ticket " STR_F
		                                 ", but not from anybody who takes part in it.",
		                                 STR_A(ticket_number_text(job->a, conf->prefix, t.number)))),
		        err);
	who.name = job->in->from_name.n ? job->in->from_name : job->in->from_addr;
	rc = ticket_say(tx, job->a, &who, job->now, t.number, &n, (struct event_id){ 0 }, &id, err);
	return rc == RC_OK ? filing_settle(tx, job, INTAKE_MESSAGE, STR(""), t.id, err) : rc;
}

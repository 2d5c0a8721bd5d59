/* ticket: a message or note, and what it does to the ticket's state. Two sides speak: the desk and the customer; the
 * program files for either (mail from an accepted participant is the customer's side, see message_new.author_email). */
#include "ticket/ticket_private.h"

static bool customer_speaks(const struct edit *c, const struct message_new *m)
{
	return c->who->kind == ACTOR_CONTACT || (c->who->kind == ACTOR_SYSTEM && !m->internal && m->author_email.n);
}

static enum rc check_say(const struct edit *c, const struct message_new *m, struct err *err)
{
	if (m->internal && !actor_is_agent(c->who))
		return fail(err, RC_DENIED, "Internal notes are for agents. Nothing was sent.");
	if (m->then && !actor_is_agent(c->who))
		return fail(err, RC_DENIED, "Only the support team sets the state. Nothing was sent.");
	if (m->then && m->then != STATE_OPEN && m->then != STATE_WAITING)
		return fail_field(err, RC_INVALID, "then", "A message leaves the ticket open or waiting.");
	if (m->then == STATE_WAITING && m->waiting_for != WAITING_CUSTOMER && m->waiting_for != WAITING_OTHERS)
		return fail_field(err, RC_INVALID, "waiting_for",
		                  "Say for whom the ticket waits: the customer or others.");
	if (m->channel < CHANNEL_FORM || m->channel > CHANNEL_AGENT)
		return fail_field(err, RC_INVALID, "channel", "A message comes by one of the channels of the desk.");
	/* Notes and automatic mail are kept on whatever ticket; an answer nobody will read is not. */
	if (c->t.state == STATE_CLOSED && !m->internal && !m->automatic)
		return edit_is_closed(err);
	return RC_OK;
}

/* Before the message: a resolved ticket is open again, or the message is refused. */
static enum rc reopen_first(struct edit *c, const struct message_new *m, bool customer, struct err *err)
{
	if (c->t.state != STATE_RESOLVED || m->automatic || (!customer && !m->then))
		return RC_OK;
	return edit_reopen(c, STR_NULL, m->channel == CHANNEL_MAIL, err);
}

static enum rc insert(struct edit *c, const struct message_new *m, bool customer, struct message_id *ret,
                      struct err *err)
{
	const struct actor *who = c->who;
	struct new_message n = { .ticket = c->t.id,
		                 .internal = m->internal,
		                 .automatic = m->automatic,
		                 .author_kind = customer ? ACTOR_CONTACT : who->kind,
		                 .contact = who->kind == ACTOR_CONTACT ? who->contact : (struct contact_id){ 0 },
		                 .agent = who->kind == ACTOR_AGENT ? who->agent : (struct agent_id){ 0 },
		                 .author = who->name,
		                 .email = str_null(m->author_email) ? null_if_empty(who->email) : m->author_email,
		                 .channel = m->channel,
		                 .at = time_is_set(m->at) ? m->at : c->now,
		                 .text = m->text,
		                 .quoted = m->quoted,
		                 .html = m->html,
		                 .intake = m->intake,
		                 .attachments = m->attachments,
		                 .n_attachments = m->n_attachments,
		                 .draft = m->draft };
	int64_t files = 0, number = 0;
	enum rc rc = message_check(&n, err);

	if (rc == RC_OK && m->draft.v)
		rc = draft_claim(c->tx, who, m->draft, m->internal ? DRAFT_NOTE : DRAFT_REPLY, c->t.id, &number, err);
	if (rc == RC_OK)
		rc = message_insert(c->tx, &n, ret, &files, err);
	/* An empty mail is a mail all the same. */
	if (rc == RC_OK && files == 0 && str_trim(m->text).n == 0 && m->html.n == 0 && m->channel != CHANNEL_MAIL)
		return fail_field(err, RC_INVALID, "text", "Write something, or add a file. Nothing was sent.");
	return rc;
}

/* The desk's word is given: who answers has it, and a new ticket is open. */
static enum rc after_answer(struct edit *c, const struct message_new *m, struct err *err)
{
	enum rc rc = RC_OK;

	if (!time_is_set(c->t.responded_at))
		c->t.responded_at = c->now;
	if (!c->t.assignee.v && c->who->kind == ACTOR_AGENT)
		rc = edit_assign(c, c->who->agent, c->who->name, err);
	if (rc == RC_OK && c->t.state == STATE_NEW && !m->then)
		rc = edit_state(c, STATE_OPEN, 0, err);
	return rc;
}

enum rc ticket_say(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                   const struct message_new *m, struct event_id seen, struct message_id *ret, struct err *err)
{
	struct edit c = { .tx = tx, .out = out, .who = who, .now = now };
	AUTO_DATA d = { 0 };
	enum rc rc = edit_begin(&c, number, BY_BOTH, seen, err);
	bool customer = customer_speaks(&c, m);

	edit_data_begin(&d);
	if (rc == RC_OK)
		rc = check_say(&c, m, err);
	if (rc == RC_OK)
		rc = reopen_first(&c, m, customer, err);
	if (rc == RC_OK)
		rc = insert(&c, m, customer, ret, err);
	if (rc != RC_OK)
		return rc;
	json_kstr(&d.json, "channel", str_of(channel_name(m->channel)));
	json_kbool(&d.json, "automatic", m->automatic);
	if (time_is_set(m->at)) /* clocks go by the receipt */
		json_ktime(&d.json, "received", m->at);
	rc = edit_tell(&c, m->internal ? EV_NOTE : EV_MESSAGE, !m->internal, *ret, &d, err);
	if (rc == RC_OK && !m->internal && !m->automatic && who->kind == ACTOR_AGENT)
		rc = after_answer(&c, m, err);
	if (rc == RC_OK && !m->automatic && customer && c.t.state == STATE_WAITING && c.t.approval != APPROVAL_ASKED)
		rc = edit_state(&c, STATE_OPEN, 0, err);
	if (rc == RC_OK && m->then && !m->automatic)
		rc = c.t.state <= STATE_WAITING ? edit_state(&c, m->then, m->waiting_for, err) : edit_is_closed(err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

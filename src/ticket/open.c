/* ticket: opening one, by whatever channel. The entitlement is judged inside the transaction that writes the ticket,
 * with the account's row locked, so that a quota holds however many come at once. */
#include "lms/link.h"
#include "ticket/ticket_private.h"
#include "util/crypt.h"

struct opening {
	struct db_tx *tx;
	struct arena *out;
	const struct actor *who;
	struct instant now;
	const struct ticket_new *n;
	struct ticket t;
	struct contact contact; /* who asks; id 0 = the account */
	struct site site;
	struct draft_id draft;
	int64_t reserved;
	bool needs_word; /* of a manager, before we begin */
};

/* Who may open for whom: a customer only as oneself, the desk for anybody of the account. */
static enum rc parties(struct opening *o, struct err *err)
{
	const struct actor *who = o->who;
	struct contact_id contact = o->n->contact;
	enum rc rc = RC_OK;

	o->t.account = o->n->account;
	if (reach_of(who).account < 0)
		return fail(err, RC_DENIED, "Sign in to open a ticket.");
	if (who->token_scope == SCOPE_READ)
		return fail(err, RC_DENIED, "This token may only read. Nothing was opened.");
	if (who->kind == ACTOR_CONTACT) {
		if (contact.v && contact.v != who->contact.v)
			return fail_field(err, RC_DENIED, "contact", "You can only open tickets in your own name.");
		contact = who->contact;
	}
	if (!o->t.account.v)
		o->t.account = who->account;
	if (who->account.v && o->t.account.v != who->account.v)
		return fail_field(err, RC_NOT_FOUND, "account", "There is no such account.");
	rc = ticket_lock_account(o->tx, o->t.account, err);
	if (rc == RC_OK && contact.v) {
		rc = contact_find(o->tx, o->out, contact, &o->contact, err);
		if (rc == RC_NOT_FOUND || (rc == RC_OK && o->contact.account.v != o->t.account.v))
			return fail_field(err, RC_INVALID, "contact", "This person does not belong to the account.");
	}
	o->t.contact = contact;
	return rc;
}

/* An empty mail is a mail all the same. */
static enum rc not_empty(const struct ticket_new *n, int64_t files, struct err *err)
{
	if (files == 0 && str_trim(n->text).n == 0 && n->html.n == 0 && n->channel != CHANNEL_MAIL)
		return fail_field(err, RC_INVALID, "text",
		                  "Describe what happens, or add a file. Nothing was opened yet.");
	return RC_OK;
}

static enum rc fields(struct opening *o, struct err *err)
{
	const struct ticket_new *n = o->n;
	enum rc rc = ticket_check_subject(o->out, n->subject, &o->t.subject, err);

	o->t.course = ticket_clean_course(o->out, n->course);
	o->t.unit = null_if_empty(n->unit);
	o->t.affected_email = null_if_empty(n->affected_email);
	o->t.link = null_if_empty(n->link);
	o->t.wanted_on = null_if_empty(n->wanted_on);
	o->t.callback_phone = null_if_empty(n->callback_phone);
	if (rc == RC_OK)
		rc = ticket_check_line(o->t.course, "course", 255, err);
	if (rc == RC_OK)
		rc = ticket_check_line(o->t.unit, "unit", 500, err);
	if (rc == RC_OK)
		rc = ticket_check_line(o->t.affected_email, "affected_email", 254, err);
	if (rc == RC_OK)
		rc = ticket_check_line(o->t.link, "link", 2000, err);
	if (rc == RC_OK)
		rc = ticket_check_date(o->t.wanted_on, err);
	if (rc == RC_OK && o->t.callback_phone.p)
		rc = ticket_check_phone(o->t.callback_phone, err);
	if (rc == RC_OK)
		rc = message_check(&(struct new_message){ .text = n->text,
		                                          .quoted = n->quoted,
		                                          .html = n->html,
		                                          .n_attachments = n->n_attachments },
		                   err);
	if (rc == RC_OK && n->n_attachments == 0 && !n->draft.v)
		rc = not_empty(n, 0, err);
	return rc;
}

static enum rc kind(struct opening *o, struct err *err)
{
	const struct ticket_new *n = o->n;
	enum rc rc = RC_OK;

	if (n->channel < CHANNEL_FORM || n->channel > CHANNEL_AGENT)
		return fail_field(err, RC_INVALID, "channel", "A ticket comes by one of the channels of the desk.");
	if (n->kind == TICKET_INCIDENT) {
		rc = ticket_check_criticality(n->criticality, err);
		if (rc == RC_OK && o->t.wanted_on.p)
			rc = fail_field(err, RC_INVALID, "wanted_on", "Only a request has a wished date.");
		if (rc == RC_OK && n->priority)
			rc = fail_field(err, RC_INVALID, "priority", "An incident has a criticality, not a priority.");
	} else if (n->kind == TICKET_REQUEST) {
		if (n->criticality)
			rc = fail_field(err, RC_INVALID, "criticality", "A request has no criticality.");
		else if (n->priority)
			rc = ticket_check_priority(n->priority, err);
	} else {
		return fail_field(err, RC_INVALID, "kind", "Choose whether it is an incident or a request.");
	}
	o->t.kind = n->kind;
	o->t.criticality = o->t.claimed = n->kind == TICKET_INCIDENT ? n->criticality : 0;
	o->t.priority = n->kind == TICKET_INCIDENT ? 0 : n->priority ? n->priority : 3;
	o->t.channel = n->channel;
	return rc;
}

/* The site as given; else by the link's host; else the only one the person has a role for. The link also tells course
 * and unit when nobody typed them. */
static enum rc place(struct opening *o, struct err *err)
{
	struct lms_link link;
	struct site_id id = o->n->site;
	enum rc rc = RC_OK;

	if (o->t.link.p && lms_parse(o->out, o->t.link, &link, NULL) == RC_OK) {
		if (!o->t.course.p && link.course.n <= 255)
			o->t.course = null_if_empty(link.course);
		if (!o->t.unit.p && link.unit.n <= 500)
			o->t.unit = null_if_empty(link.unit);
		if (!id.v && link.host.n) {
			rc = site_find_host(o->tx, o->out, o->t.account, link.host, &o->site, err);
			if (rc == RC_OK)
				o->t.site = o->site.id;
			return rc == RC_NOT_FOUND ? RC_OK : rc;
		}
	}
	if (!id.v && o->contact.n_roles == 1 && o->contact.roles[0].scope == SCOPE_SITE)
		id.v = o->contact.roles[0].scope_id;
	if (!id.v)
		return RC_OK;
	rc = site_find(o->tx, o->out, id, &o->site, err);
	if (rc == RC_NOT_FOUND || (rc == RC_OK && o->site.account.v != o->t.account.v))
		return fail_field(err, RC_INVALID, "site", "This site does not belong to the account.");
	o->t.site = id;
	return rc;
}

/* Of the whole account: managers of a part do not speak for all of it. */
static bool manages(const struct contact *c)
{
	for (size_t i = 0; i < c->n_roles; i++)
		if (c->roles[i].role == CONTACT_MANAGER && c->roles[i].scope == SCOPE_ACCOUNT)
			return true;
	return false;
}

static enum rc judge(struct opening *o, struct ticket_opened *ret, struct err *err)
{
	const struct actor *who = o->who;
	struct entitlement e;
	bool as_person = who->kind == ACTOR_CONTACT ||
	                 who->kind == ACTOR_SYSTEM; /* an agent may ask for an auditor, too */
	struct ent_ask ask = { .account = o->t.account,
		               .contact = as_person && o->contact.id.v ? &o->contact : NULL,
		               .site = o->t.site,
		               .kind = o->t.kind,
		               .criticality = o->t.criticality,
		               .channel = o->t.channel,
		               .at = o->t.opened_at,
		               .verdict_only = true };
	enum rc rc = ent_check(o->tx, o->out, &ask, &e, err);

	if (rc != RC_OK)
		return rc;
	if (who->kind == ACTOR_CONTACT && !who->contact.v && who->contact_role < CONTACT_OPERATOR)
		e.verdict = ENT_NO_ROLE;
	ret->verdict = e.verdict;
	if (!ent_opens(e.verdict))
		return fail_code(err, RC_DENIED, ent_verdict_name(e.verdict),
		                 "This is not covered by support at the moment, so no ticket was opened. What you "
		                 "wrote is kept.");
	o->t.verdict = e.verdict;
	o->t.not_phoned = e.verdict == ENT_CHANNEL && o->t.kind == TICKET_INCIDENT && o->t.criticality <= 2;
	o->t.subscription = e.sub.id;
	o->t.plan_code = or_empty(e.plan.code);
	o->needs_word = o->t.kind == TICKET_REQUEST && e.plan.approval && who->kind != ACTOR_AGENT && !manages(&o->contact);
	return RC_OK;
}

static enum rc first_message(struct opening *o, struct message_id *ret, struct err *err)
{
	const struct ticket_new *n = o->n;
	const struct actor *who = o->who;
	bool person = o->contact.id.v && who->kind != ACTOR_AGENT, customer = who->kind == ACTOR_CONTACT || person;
	struct new_message m = { .ticket = o->t.id,
		                 .automatic = n->automatic,
		                 .author_kind = customer ? ACTOR_CONTACT : who->kind,
		                 .contact = person ? o->contact.id : (struct contact_id){ 0 },
		                 .agent = who->kind == ACTOR_AGENT ? who->agent : (struct agent_id){ 0 },
		                 .author = person ? o->contact.name : who->name,
		                 .email = n->author_email.n ? n->author_email
		                                            : null_if_empty(person ? o->contact.email : who->email),
		                 .channel = n->channel,
		                 .at = o->t.opened_at,
		                 .text = n->text,
		                 .quoted = n->quoted,
		                 .html = n->html,
		                 .intake = n->intake,
		                 .attachments = n->attachments,
		                 .n_attachments = n->n_attachments,
		                 .draft = n->draft };
	int64_t files = 0;
	enum rc rc = message_insert(o->tx, &m, ret, &files, err);

	if (rc == RC_OK)
		rc = not_empty(n, files, err);
	return rc;
}

static enum rc tell(struct opening *o, struct message_id message, struct event_id *ret, struct err *err)
{
	struct edit c = { .tx = o->tx, .out = o->out, .who = o->who, .now = o->now, .t = o->t };
	AUTO_DATA d = { 0 }, call = { 0 };

	edit_data_begin(&d);
	edit_data_begin(&call);
	json_kstr(&d.json, "kind", str_of(ticket_kind_name(o->t.kind)));
	if (o->t.criticality)
		json_ki64(&d.json, "criticality", o->t.criticality);
	json_kstr(&d.json, "channel", str_of(channel_name(o->t.channel)));
	json_kstr(&d.json, "verdict", str_of(ent_verdict_name(o->t.verdict)));
	json_kstr(&d.json, "subject", o->t.subject);
	json_kbool(&d.json, "not_phoned", o->t.not_phoned);
	json_kbool(&d.json, "automatic", o->n->automatic);
	enum rc rc = edit_tell(&c, EV_TICKET_OPENED, true, message, &d, err);

	*ret = c.t.last_event;
	json_kstr(&call.json, "phone", o->t.callback_phone);
	if (rc == RC_OK && o->t.callback_phone.p)
		rc = edit_tell(&c, EV_CALLBACK, true, (struct message_id){ 0 }, &call, err);
	if (rc == RC_OK && o->t.team.v) {
		const struct actor desk = actor_system(); /* a customer gives nothing to teams: the way it came does */

		c.t.team.v = 0; /* told as what happens to it, after its opening */
		c.who = o->who->kind == ACTOR_CONTACT ? &desk : o->who;
		rc = edit_team(&c, o->t.team, o->t.team_name, err);
		c.who = o->who;
	}
	if (rc != RC_OK || !o->needs_word)
		return rc == RC_OK ? ticket_first_event(o->tx, &c.t, err) : rc;
	rc = ticket_ask_approval(&c, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

enum rc ticket_open(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                    const struct ticket_new *n, struct ticket_opened *ret, struct err *err)
{
	struct opening o = { .tx = tx, .out = out, .who = who, .now = now, .n = n };
	enum rc rc;

	*ret = (struct ticket_opened){ 0 };
	o.t.state = STATE_NEW;
	o.t.updated_at = now;
	o.t.opened_at = time_is_set(n->opened_at) && time_before(n->opened_at, now) ? n->opened_at : now;
	rc = parties(&o, err);
	if (rc == RC_OK)
		rc = fields(&o, err);
	if (rc == RC_OK)
		rc = kind(&o, err);
	if (rc == RC_OK)
		rc = place(&o, err);
	o.t.team = n->team;
	if (rc == RC_OK)
		rc = ticket_check_team(tx, out, n->team, &o.t.team_name, err);
	if (rc == RC_OK)
		rc = judge(&o, ret, err);
	if (rc == RC_OK && n->draft.v)
		rc = draft_claim(tx, who, n->draft, DRAFT_TICKET, (struct ticket_id){ 0 }, &o.reserved, err);
	if (rc == RC_OK && o.reserved)
		o.t.number = o.reserved;
	else if (rc == RC_OK)
		rc = ticket_next_number(tx, &o.t.number, err);
	o.t.callback_at = o.t.callback_phone.p ? now : (struct instant){ 0 };
	o.t.mail_token = random_token(out);
	if (rc == RC_OK)
		rc = ticket_insert(tx, &o.t, &o.t.id, err);
	if (rc == RC_OK)
		rc = first_message(&o, &ret->message, err);
	if (rc == RC_OK)
		rc = tell(&o, ret->message, &ret->event, err);
	ret->id = o.t.id;
	ret->number = o.t.number;
	ret->mail_token = o.t.mail_token;
	return rc;
}

/* ticket: how a change is made, and the changes of the desk that incidents and requests have in common. What is said is
 * say.c's, opening open.c's, what customers do customer.c's, what differs by kind incident.c's and request.c's.
 *
 * A change loads the ticket with its row locked, tells each thing that happens as an event, and saves the row with the
 * last event as its new version: edit_begin(), edit_tell(), edit_save(). The save names the version it was made
 * from, so two changes can never overwrite each other whatever the engine. */
#include "ticket/ticket_private.h"

/* ---- the making of a change ---- */

void edit_data_begin(struct edit_data *d)
{
	buf_init(&d->buf, 256 << 10);
	json_init(&d->json, &d->buf);
	json_obj(&d->json);
}

void edit_data_end(struct edit_data *d)
{
	buf_release(&d->buf);
}

static enum rc may_change(const struct edit *c, enum edit_by by, struct err *err)
{
	const struct actor *who = c->who;

	if (who->kind == ACTOR_SYSTEM)
		return RC_OK;
	if (who->token_scope == SCOPE_READ)
		return fail(err, RC_DENIED, "This token may only read. Nothing was changed.");
	if (who->kind == ACTOR_AGENT && by == BY_CUSTOMER)
		return fail(err, RC_DENIED, "Only the customer can do this. Nothing was changed.");
	if (who->kind == ACTOR_CONTACT && by == BY_DESK)
		return fail(err, RC_DENIED, "Only the support team can do this. Write a message to ask for it.");
	if (who->kind == ACTOR_CONTACT && c->role < CONTACT_OPERATOR)
		return fail(err, RC_DENIED,
		            "You may read this ticket, but not change it. Ask a manager of your account; nothing was "
		            "changed.");
	return RC_OK;
}

enum rc edit_begin(struct edit *c, int64_t number, enum edit_by by, struct event_id seen, struct err *err)
{
	bool stale = false;
	enum rc rc = ticket_lock(c->tx, c->out, c->who, number, &c->t, &c->role, err);

	if (rc == RC_OK)
		rc = may_change(c, by, err);
	if (rc == RC_OK)
		rc = ticket_is_stale(c->tx, &c->t, c->who, seen, &stale, err);
	if (rc == RC_OK && stale)
		return fail_code(err, RC_CONFLICT, "stale",
		                 "Somebody else changed this ticket since you opened it. Nothing was changed and what "
		                 "you wrote is kept; "
		                 "read what is new, then send again.");
	c->was = c->t.last_event;
	return rc;
}

enum rc edit_tell(struct edit *c, const char *kind, bool is_public, struct message_id m, struct edit_data *d,
                  struct err *err)
{
	struct event e = { .at = c->now,
		           .kind = str_of(kind),
		           .ticket = c->t.id,
		           .account = c->t.account,
		           .is_public = is_public,
		           .message = m };

	json_end_obj(&d->json);
	if (d->buf.full)
		return fail(err, RC_LIMIT, "This change is too big to be kept. Nothing was changed; shorten the text.");
	e.data = buf_str(&d->buf);
	event_by(&e, c->who);
	return event_append(c->tx, &e, &c->t.last_event, err);
}

enum rc edit_save(struct edit *c, struct err *err)
{
	if (c->t.last_event.v == c->was.v) /* nothing happened: no event, no write */
		return RC_OK;
	/* Never back in time, should the clock be set back between two changes: lists page by it. */
	if (time_before(c->t.updated_at, c->now))
		c->t.updated_at = c->now;
	return ticket_save(c->tx, &c->t, c->was, err);
}

enum rc edit_is_closed(struct err *err)
{
	return fail_code(
	        err, RC_CONFLICT, "closed",
	        "This ticket is closed. Nothing was changed; open a new ticket that refers to this one by its number.");
}

static const char *waiting_name(enum waiting_for w)
{
	return w == WAITING_CUSTOMER ? "customer" : "others";
}

enum rc edit_state(struct edit *c, enum ticket_state to, enum waiting_for waiting, struct err *err)
{
	AUTO_DATA d = { 0 };

	if (to != STATE_WAITING)
		waiting = 0;
	if (c->t.state == to && c->t.waiting_for == waiting)
		return RC_OK;
	edit_data_begin(&d);
	json_kstr(&d.json, "from", str_of(ticket_state_name(c->t.state)));
	json_kstr(&d.json, "to", str_of(ticket_state_name(to)));
	if (to == STATE_WAITING)
		json_kstr(&d.json, "waiting_for", str_of(waiting_name(waiting)));
	c->t.state = to;
	c->t.waiting_for = waiting;
	return edit_tell(c, EV_STATE, true, (struct message_id){ 0 }, &d, err);
}

enum rc edit_assign(struct edit *c, struct agent_id to, struct str name, struct err *err)
{
	AUTO_DATA d = { 0 };

	if (c->t.assignee.v == to.v)
		return RC_OK;
	edit_data_begin(&d);
	json_kstr(&d.json, "from", c->t.assignee.v ? c->t.assignee_name : STR_NULL);
	json_kstr(&d.json, "to", to.v ? name : STR_NULL);
	json_key(&d.json, "to_id");
	if (to.v)
		json_i64(&d.json, to.v);
	else
		json_put_null(&d.json);
	c->t.assignee = to;
	c->t.assignee_name = to.v ? name : STR_NULL;
	return edit_tell(c, EV_ASSIGNED, true, (struct message_id){ 0 }, &d, err);
}

enum rc edit_reopen(struct edit *c, struct str reason, bool by_mail, struct err *err)
{
	AUTO_DATA d = { 0 };

	if (time_before(time_add(c->t.resolved_at, REOPEN_DAYS * DAY_US), c->now))
		return edit_is_closed(err);
	c->t.state = STATE_OPEN;
	c->t.waiting_for = 0;
	c->t.resolved_at = c->t.confirmed_at = c->t.closed_at = (struct instant){ 0 };
	c->t.resolution = STR_NULL; /* it was none; the log keeps it */
	edit_data_begin(&d);
	json_kstr(&d.json, "reason", or_empty(reason));
	if (by_mail)
		json_kbool(&d.json, "mail", true);
	return edit_tell(c, EV_REOPENED, true, (struct message_id){ 0 }, &d, err);
}

/* ---- changes of the desk ---- */

#define CHANGE(name) struct edit name = { .tx = tx, .out = out, .who = who, .now = now }

static enum rc not_done(const struct edit *c, struct err *err)
{
	if (c->t.state == STATE_CLOSED)
		return edit_is_closed(err);
	if (c->t.state == STATE_RESOLVED)
		return fail_code(err, RC_CONFLICT, "resolved",
		                 "This ticket is resolved. Reopen it first; nothing was changed.");
	return RC_OK;
}

enum rc ticket_assign(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                      struct agent_id to, struct event_id seen, struct err *err)
{
	CHANGE(c);
	struct agent agent = { 0 };
	enum rc rc = edit_begin(&c, number, BY_DESK, seen, err);

	if (rc == RC_OK && c.t.state == STATE_CLOSED)
		rc = edit_is_closed(err);
	if (rc == RC_OK && to.v) {
		rc = agent_find(tx, out, to, &agent, err);
		if (rc == RC_NOT_FOUND || (rc == RC_OK && time_is_set(agent.disabled_at)))
			return fail_field(
			        err, RC_INVALID, "assignee",
			        "This agent is not here any more. Choose somebody else; nothing was changed.");
	}
	if (rc == RC_OK)
		rc = edit_assign(&c, to, agent.name, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

enum rc ticket_set_state(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                         int64_t number, enum ticket_state to, enum waiting_for waiting, struct event_id seen,
                         struct err *err)
{
	CHANGE(c);
	enum rc rc = edit_begin(&c, number, BY_DESK, seen, err);

	if (rc == RC_OK && (to < STATE_NEW || to > STATE_WAITING))
		rc = fail_field(err, RC_INVALID, "state",
		                "A ticket is set to new, open or waiting; it is resolved with a resolution.");
	if (rc == RC_OK && to == STATE_WAITING && waiting != WAITING_CUSTOMER && waiting != WAITING_OTHERS)
		rc = fail_field(err, RC_INVALID, "waiting_for",
		                "Say for whom the ticket waits: the customer or others.");
	if (rc == RC_OK)
		rc = not_done(&c, err);
	if (rc == RC_OK)
		rc = edit_state(&c, to, waiting, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

static void edit_one(struct edit_data *d, const char *name, struct str *field, struct str to, bool *changed)
{
	if (str_null(to) || str_eq(or_empty(*field), to))
		return;
	json_key(&d->json, name);
	json_arr(&d->json);
	json_str(&d->json, or_empty(*field));
	json_str(&d->json, to);
	json_end_arr(&d->json);
	*field = to.n ? to : STR_NULL;
	*changed = true;
}

static enum rc check_edit(struct edit *c, struct ticket_fields *f, struct err *err)
{
	enum rc rc = RC_OK;

	if (!str_null(f->subject))
		rc = ticket_check_subject(c->out, f->subject, &f->subject, err);
	if (rc == RC_OK)
		rc = ticket_check_line(f->course, "course", 255, err);
	if (rc == RC_OK)
		rc = ticket_check_line(f->unit, "unit", 500, err);
	if (rc == RC_OK)
		rc = ticket_check_line(f->affected_email, "affected_email", 254, err);
	if (rc == RC_OK)
		rc = ticket_check_line(f->link, "link", 2000, err);
	if (rc == RC_OK)
		rc = ticket_check_date(f->wanted_on, err);
	if (rc == RC_OK && f->wanted_on.n && c->t.kind != TICKET_REQUEST)
		rc = fail_field(err, RC_INVALID, "wanted_on", "Only a request has a wished date. Nothing was changed.");
	if (rc == RC_OK && f->course.n)
		f->course = or_empty(ticket_clean_course(c->out, f->course));
	return rc;
}

enum rc ticket_edit(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                    const struct ticket_fields *fields, struct event_id seen, struct err *err)
{
	CHANGE(c);
	struct ticket_fields f = *fields;
	bool changed = false;
	AUTO_DATA d = { 0 };
	enum rc rc = edit_begin(&c, number, BY_DESK, seen, err);

	edit_data_begin(&d);
	if (rc == RC_OK)
		rc = check_edit(&c, &f, err);
	if (rc != RC_OK)
		return rc;
	json_key(&d.json, "changed");
	json_obj(&d.json);
	edit_one(&d, "subject", &c.t.subject, f.subject, &changed);
	edit_one(&d, "course", &c.t.course, f.course, &changed);
	edit_one(&d, "unit", &c.t.unit, f.unit, &changed);
	edit_one(&d, "affected_email", &c.t.affected_email, f.affected_email, &changed);
	edit_one(&d, "link", &c.t.link, f.link, &changed);
	edit_one(&d, "wanted_on", &c.t.wanted_on, f.wanted_on, &changed);
	json_end_obj(&d.json);
	if (!changed)
		return RC_OK;
	rc = edit_tell(&c, EV_FIELDS, true, (struct message_id){ 0 }, &d, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

enum rc ticket_resolve(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                       struct str resolution, struct event_id seen, struct err *err)
{
	CHANGE(c);
	AUTO_DATA d = { 0 };
	enum rc rc = edit_begin(&c, number, BY_DESK, seen, err);

	edit_data_begin(&d);
	resolution = str_trim(resolution);
	if (rc == RC_OK && resolution.n == 0)
		rc = fail_field(err, RC_INVALID, "resolution",
		                "Write how it was solved: the customer will read it. Nothing was changed yet.");
	if (rc == RC_OK)
		rc = ticket_check_text(resolution, "resolution", SOLUTION_MAX, err);
	if (rc == RC_OK)
		rc = not_done(&c, err);
	if (rc != RC_OK)
		return rc;
	c.t.state = STATE_RESOLVED;
	c.t.waiting_for = 0;
	c.t.resolution = resolution;
	c.t.resolved_at = now;
	if (!time_is_set(c.t.responded_at)) /* the resolution is an answer */
		c.t.responded_at = now;
	json_kstr(&d.json, "resolution", resolution);
	rc = edit_tell(&c, EV_RESOLVED, true, (struct message_id){ 0 }, &d, err);
	if (rc == RC_OK)
		rc = problem_solved(&c, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

enum rc ticket_callback_done(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                             int64_t number, struct err *err)
{
	CHANGE(c);
	AUTO_DATA d = { 0 };
	enum rc rc = edit_begin(&c, number, BY_DESK, (struct event_id){ 0 }, err);

	edit_data_begin(&d);
	if (rc == RC_OK && !time_is_set(c.t.callback_at))
		rc = fail_code(err, RC_CONFLICT, "no-callback",
		               "Nobody waits for a call about this ticket, or somebody has called already.");
	if (rc != RC_OK)
		return rc;
	c.t.callback_at = (struct instant){ 0 };
	json_kstr(&d.json, "phone", c.t.callback_phone);
	json_kbool(&d.json, "done", true);
	rc = edit_tell(&c, EV_CALLBACK, true, (struct message_id){ 0 }, &d, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

enum rc ticket_accept_participant(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                  int64_t number, struct str email, bool accept, struct err *err)
{
	CHANGE(c);
	AUTO_DATA d = { 0 };
	enum rc rc = edit_begin(&c, number, BY_DESK, (struct event_id){ 0 }, err);

	edit_data_begin(&d);
	if (rc == RC_OK)
		rc = participant_set(tx, c.t.id, email, accept, err);
	if (rc != RC_OK)
		return rc;
	json_kstr(&d.json, "email", str_lower(out, str_trim(email)));
	json_kbool(&d.json, "accepted", accept);
	rc = edit_tell(&c, EV_PARTICIPANT, false, (struct message_id){ 0 }, &d, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

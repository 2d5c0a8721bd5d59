/* ticket: what only requests have: complexity (the desk's estimate) and priority. Neither wants a reason: the first
 * estimate is no change of a promise. */
#include "ticket/ticket_private.h"
#include "util/crypt.h"

static enum rc set(struct edit *c, const char *event, int *field, int to, struct str reason, struct err *err)
{
	AUTO_DATA d = { 0 };

	if (*field == to)
		return RC_OK;
	edit_data_begin(&d);
	json_key(&d.json, "from");
	if (*field)
		json_i64(&d.json, *field);
	else
		json_put_null(&d.json);
	json_ki64(&d.json, "to", to);
	json_kstr(&d.json, "reason", or_empty(str_trim(reason)));
	*field = to;
	enum rc rc = edit_tell(c, event, true, (struct message_id){ 0 }, &d, err);

	return rc == RC_OK ? edit_save(c, err) : rc;
}

static enum rc begin(struct edit *c, int64_t number, const char *field, struct str reason, struct event_id seen,
                     struct err *err)
{
	enum rc rc = edit_begin(c, number, BY_DESK, seen, err);

	if (rc == RC_OK && c->t.kind != TICKET_REQUEST)
		rc = fail_field(err, RC_INVALID, field,
		                "An incident has no %s. Make it a request first; nothing was changed.", field);
	if (rc == RC_OK && c->t.state == STATE_CLOSED)
		rc = edit_is_closed(err);
	return rc == RC_OK ? ticket_check_reason(reason, false, err) : rc;
}

enum rc ticket_set_complexity(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                              int64_t number, int to, struct str reason, struct event_id seen, struct err *err)
{
	struct edit c = { .tx = tx, .out = out, .who = who, .now = now };
	enum rc rc = begin(&c, number, "complexity", reason, seen, err);

	if (rc == RC_OK && (to < 1 || to > 3))
		rc = fail_field(err, RC_INVALID, "complexity", "Choose a complexity: S, M or L.");
	return rc == RC_OK ? set(&c, EV_COMPLEXITY, &c.t.complexity, to, reason, err) : rc;
}

enum rc ticket_set_priority(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                            int64_t number, int to, struct str reason, struct event_id seen, struct err *err)
{
	struct edit c = { .tx = tx, .out = out, .who = who, .now = now };
	enum rc rc = begin(&c, number, "priority", reason, seen, err);

	if (rc == RC_OK)
		rc = ticket_check_priority(to, err);
	return rc == RC_OK ? set(&c, EV_PRIORITY, &c.t.priority, to, reason, err) : rc;
}

/* ---- a manager's word ---- */

static enum rc tell_approval(struct edit *c, const char *what, struct str reason, struct err *err)
{
	AUTO_DATA d = { 0 };

	edit_data_begin(&d);
	json_kstr(&d.json, "what", str_of(what));
	if (reason.n)
		json_kstr(&d.json, "reason", reason);
	return edit_tell(c, EV_APPROVAL, true, (struct message_id){ 0 }, &d, err);
}

enum rc ticket_ask_approval(struct edit *c, struct err *err)
{
	enum rc rc = tell_approval(c, "asked", STR_NULL, err);

	c->t.approval = APPROVAL_ASKED;
	return rc == RC_OK ? edit_state(c, STATE_WAITING, WAITING_CUSTOMER, err) : rc;
}

enum rc ticket_approve(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                       bool yes, struct str reason, struct err *err)
{
	struct edit c = { .tx = tx, .out = out, .who = who, .now = now };
	enum rc rc = edit_begin(&c, number, BY_CUSTOMER, (struct event_id){ 0 }, err);

	reason = str_trim(reason);
	if (rc == RC_OK && (who->kind != ACTOR_CONTACT || c.role != CONTACT_MANAGER))
		rc = fail(err, RC_DENIED, "Managers of your organisation approve requests. Nothing was changed.");
	if (rc == RC_OK && (c.t.approval != APPROVAL_ASKED || c.t.state >= STATE_RESOLVED))
		rc = fail_code(err, RC_CONFLICT, "not-asked",
		               "This request does not wait for an approval any more. Nothing was changed.");
	if (rc == RC_OK)
		rc = ticket_check_reason(reason, !yes, err);
	if (rc != RC_OK)
		return rc;
	c.t.approval = yes ? APPROVAL_GIVEN : APPROVAL_DECLINED;
	rc = tell_approval(&c, yes ? "approved" : "declined", reason, err);
	if (rc == RC_OK && !yes) {
		c.t.resolution = reason;
		c.t.resolved_at = now;
	}
	if (rc == RC_OK)
		rc = edit_state(&c, yes ? STATE_OPEN : STATE_RESOLVED, 0, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

static struct str proof(struct arena *a, struct str key, struct ticket_id t, struct contact_id manager)
{
	return mac_token(a, key, arena_strf(a, "approve:%lld:%lld", (long long)t.v, (long long)manager.v));
}

struct str approval_link(struct arena *a, struct str key, struct ticket_id t, struct contact_id manager)
{
	return arena_strf(a, "%lld-%lld-" STR_F, (long long)t.v, (long long)manager.v, STR_A(proof(a, key, t, manager)));
}

enum rc approval_link_read(struct arena *a, struct str key, struct str link, struct ticket_id *ret_ticket,
                           struct contact_id *ret_manager)
{
	struct str ticket, manager;

	if (!str_cut(&link, '-', &ticket) || !str_cut(&link, '-', &manager) || str_to_i64(ticket, &ret_ticket->v) != RC_OK ||
	    str_to_i64(manager, &ret_manager->v) != RC_OK || !crypt_equal(link, proof(a, key, *ret_ticket, *ret_manager)))
		return RC_NOT_FOUND;
	return RC_OK;
}

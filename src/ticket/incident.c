/* ticket: what only incidents have (criticality), and how one kind becomes the other. What the customer claimed stays
 * for ever; what the other kind does not have leaves the row and stays in the event. */
#include "ticket/ticket_private.h"

enum rc ticket_set_criticality(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                               int64_t number, int to, struct str reason, struct event_id seen, struct err *err)
{
	struct edit c = { .tx = tx, .out = out, .who = who, .now = now };
	AUTO_DATA d = { 0 };
	enum rc rc = edit_begin(&c, number, BY_DESK, seen, err);

	edit_data_begin(&d);
	if (rc == RC_OK && c.t.kind != TICKET_INCIDENT)
		rc = fail_field(err, RC_INVALID, "criticality",
		                "A request has no criticality. Make it an incident first; nothing was changed.");
	if (rc == RC_OK && c.t.state == STATE_CLOSED)
		rc = edit_is_closed(err);
	if (rc == RC_OK)
		rc = ticket_check_criticality(to, err);
	if (rc != RC_OK || to == c.t.criticality)
		return rc;
	rc = ticket_check_reason(reason, true, err);
	if (rc != RC_OK)
		return rc;
	json_ki64(&d.json, "from", c.t.criticality);
	json_ki64(&d.json, "to", to);
	json_kstr(&d.json, "reason", str_trim(reason));
	c.t.criticality = to;
	rc = edit_tell(&c, EV_CRITICALITY, true, (struct message_id){ 0 }, &d, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

static enum rc check_convert(const struct edit *c, const struct ticket_convert *v, struct err *err)
{
	enum rc rc = RC_OK;

	if (v->to != TICKET_INCIDENT && v->to != TICKET_REQUEST)
		return fail_field(err, RC_INVALID, "kind", "A ticket is an incident or a request.");
	if (v->to == c->t.kind)
		return fail_code(err, RC_CONFLICT, "same-kind", "This ticket is %s already. Nothing was changed.",
		                 v->to == TICKET_INCIDENT ? "an incident" : "a request");
	if (c->t.state == STATE_CLOSED)
		return edit_is_closed(err);
	if (v->to == TICKET_INCIDENT)
		rc = ticket_check_criticality(v->criticality, err);
	else if (v->priority)
		rc = ticket_check_priority(v->priority, err);
	if (rc == RC_OK && v->to == TICKET_REQUEST && (v->complexity < 0 || v->complexity > 3))
		rc = fail_field(err, RC_INVALID, "complexity", "Choose a complexity: S, M or L.");
	return rc == RC_OK ? ticket_check_reason(v->reason, true, err) : rc;
}

enum rc ticket_convert(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                       const struct ticket_convert *v, struct event_id seen, struct err *err)
{
	struct edit c = { .tx = tx, .out = out, .who = who, .now = now };
	struct ticket was;
	AUTO_DATA d = { 0 };
	enum rc rc = edit_begin(&c, number, BY_DESK, seen, err);

	edit_data_begin(&d);
	if (rc == RC_OK)
		rc = check_convert(&c, v, err);
	if (rc != RC_OK)
		return rc;
	was = c.t;
	c.t.kind = v->to;
	c.t.criticality = v->to == TICKET_INCIDENT ? v->criticality : 0;
	c.t.priority = v->to == TICKET_INCIDENT ? 0 : v->priority ? v->priority : 3;
	c.t.complexity = v->to == TICKET_INCIDENT ? 0 : v->complexity;
	c.t.wanted_on = v->to == TICKET_INCIDENT ? STR_NULL : c.t.wanted_on;
	c.t.not_phoned = false;
	json_kstr(&d.json, "from", str_of(ticket_kind_name(was.kind)));
	json_kstr(&d.json, "to", str_of(ticket_kind_name(v->to)));
	json_kstr(&d.json, "reason", str_trim(v->reason));
	json_ki64(&d.json, v->to == TICKET_INCIDENT ? "criticality" : "priority",
	          v->to == TICKET_INCIDENT ? c.t.criticality : c.t.priority);
	/* What the row cannot hold any more. */
	json_key(&d.json, "was");
	json_obj(&d.json);
	if (was.kind == TICKET_INCIDENT) {
		json_ki64(&d.json, "criticality", was.criticality);
		json_kbool(&d.json, "not_phoned", was.not_phoned);
	} else {
		json_ki64(&d.json, "priority", was.priority);
		json_ki64(&d.json, "complexity", was.complexity);
		json_kstr(&d.json, "wanted_on", was.wanted_on);
	}
	json_end_obj(&d.json);
	rc = edit_tell(&c, EV_KIND, true, (struct message_id){ 0 }, &d, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

enum rc ticket_claim(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                     enum ticket_kind kind, int criticality, struct err *err)
{
	struct edit c = { .tx = tx, .out = out, .who = who, .now = now };
	AUTO_DATA d = { 0 };
	enum rc rc = edit_begin(&c, number, BY_CUSTOMER, (struct event_id){ 0 }, err);
	bool incident = kind == TICKET_INCIDENT, same = rc == RC_OK && c.t.kind == kind;

	edit_data_begin(&d);
	if (rc == RC_OK && incident)
		rc = ticket_check_criticality(criticality, err);
	if (rc == RC_OK && (time_is_set(c.t.responded_at) || c.t.state > STATE_OPEN))
		rc = fail_code(err, RC_CONFLICT, "answered",
		               "Somebody works on this ticket already. Nothing was changed; answer their mail.");
	if (rc != RC_OK || (same && c.t.criticality == (incident ? criticality : 0)))
		return rc;
	if (same) {
		json_ki64(&d.json, "from", c.t.criticality);
		json_ki64(&d.json, "to", criticality);
	} else {
		json_kstr(&d.json, "from", str_of(ticket_kind_name(c.t.kind)));
		json_kstr(&d.json, "to", str_of(ticket_kind_name(kind)));
		json_ki64(&d.json, incident ? "criticality" : "priority", incident ? criticality : 3);
	}
	json_kstr(&d.json, "reason", STR("Said by the link in the acknowledgement."));
	c.t.kind = kind;
	c.t.criticality = incident ? criticality : 0;
	c.t.priority = incident ? 0 : same ? c.t.priority : 3;
	c.t.complexity = incident ? 0 : c.t.complexity;
	c.t.wanted_on = incident ? STR_NULL : c.t.wanted_on;
	c.t.not_phoned = incident && criticality <= 2 && c.t.channel != CHANNEL_PHONE;
	rc = edit_tell(&c, same ? EV_CRITICALITY : EV_KIND, true, (struct message_id){ 0 }, &d, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

/* ticket: what only requests have: complexity (the desk's estimate) and priority. Neither wants a reason: the first
 * estimate is no change of a promise. */
#include "ticket/ticket_private.h"

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

/* ticket: what customers do besides writing: confirm, reopen, rate, ask for a call; and the job that closes. */
#include "ticket/ticket_private.h"

#define CHANGE(name) struct edit name = { .tx = tx, .out = out, .who = who, .now = now }
#define NO_MESSAGE   ((struct message_id){ 0 })
#define UNCHECKED    ((struct event_id){ 0 })

static enum rc not_resolved(struct err *err)
{
	return fail_code(err, RC_CONFLICT, "not-resolved", "This ticket is not resolved yet. Nothing was changed.");
}

enum rc ticket_confirm(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                       struct err *err)
{
	CHANGE(c);
	AUTO_DATA d = { 0 };
	enum rc rc = edit_begin(&c, number, BY_CUSTOMER, UNCHECKED, err);

	edit_data_begin(&d);
	if (rc == RC_OK && c.t.state < STATE_RESOLVED)
		rc = not_resolved(err);
	if (rc != RC_OK || time_is_set(c.t.confirmed_at))
		return rc;
	c.t.confirmed_at = now;
	rc = edit_tell(&c, EV_CONFIRMED, true, NO_MESSAGE, &d, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

enum rc ticket_reopen(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                      struct str reason, struct err *err)
{
	CHANGE(c);
	enum rc rc = edit_begin(&c, number, BY_BOTH, UNCHECKED, err);

	if (rc == RC_OK && c.t.state < STATE_RESOLVED)
		rc = not_resolved(err);
	if (rc == RC_OK)
		rc = ticket_check_reason(reason, false, err);
	if (rc == RC_OK)
		rc = edit_reopen(&c, str_trim(reason), false, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

enum rc ticket_rate(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                    int rating, struct str comment, struct err *err)
{
	CHANGE(c);
	AUTO_DATA d = { 0 };
	enum rc rc = edit_begin(&c, number, BY_CUSTOMER, UNCHECKED, err);

	edit_data_begin(&d);
	comment = null_if_empty(comment);
	if (rc == RC_OK && (rating < 1 || rating > 3))
		rc = fail_field(err, RC_INVALID, "rating", "Choose good, fair or bad.");
	if (rc == RC_OK)
		rc = ticket_check_text(comment, "comment", REASON_MAX, err);
	if (rc == RC_OK && c.t.state < STATE_RESOLVED)
		rc = not_resolved(err);
	if (rc != RC_OK || (c.t.rating == rating && str_eq(c.t.rating_comment, comment)))
		return rc;
	c.t.rating = rating;
	c.t.rating_comment = comment;
	json_ki64(&d.json, "rating", rating);
	json_kstr(&d.json, "comment", or_empty(comment));
	rc = edit_tell(&c, EV_RATED, true, NO_MESSAGE, &d, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

enum rc ticket_ask_callback(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                            int64_t number, struct str phone, struct err *err)
{
	CHANGE(c);
	AUTO_DATA d = { 0 };
	enum rc rc = edit_begin(&c, number, BY_BOTH, UNCHECKED, err);

	edit_data_begin(&d);
	phone = str_trim(phone);
	if (rc == RC_OK)
		rc = ticket_check_phone(phone, err);
	if (rc == RC_OK && c.t.state == STATE_CLOSED)
		rc = edit_is_closed(err);
	if (rc == RC_OK && time_is_set(c.t.callback_at))
		rc = fail_code(err, RC_CONFLICT, "callback-waiting",
		               "A call was asked for already; somebody will call the number given then.");
	if (rc != RC_OK)
		return rc;
	c.t.callback_at = now;
	c.t.callback_phone = phone;
	json_kstr(&d.json, "phone", phone);
	rc = edit_tell(&c, EV_CALLBACK, true, NO_MESSAGE, &d, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

static enum rc close_one(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                         int64_t number, size_t *n, struct err *err)
{
	CHANGE(c);
	AUTO_DATA d = { 0 };
	enum rc rc = edit_begin(&c, number, BY_DESK, UNCHECKED, err);

	edit_data_begin(&d);
	/* Somebody may have reopened it between the list and the lock. */
	if (rc != RC_OK || c.t.state != STATE_RESOLVED ||
	    time_before(now, time_add(c.t.resolved_at, REOPEN_DAYS * DAY_US)))
		return rc;
	c.t.state = STATE_CLOSED;
	c.t.closed_at = now;
	(*n)++;
	rc = edit_tell(&c, EV_CLOSED, true, NO_MESSAGE, &d, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

enum rc ticket_close_due(struct db_tx *tx, struct arena *out, struct instant now, size_t max, size_t *ret_n,
                         struct err *err)
{
	struct actor system = actor_system();
	int64_t *numbers = NULL;
	size_t n = 0;
	enum rc rc = ticket_due(tx, out, time_add(now, -REOPEN_DAYS * DAY_US), max, &numbers, &n, err);

	*ret_n = 0;
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		rc = close_one(tx, out, &system, now, numbers[i], ret_n, err);
	return rc;
}

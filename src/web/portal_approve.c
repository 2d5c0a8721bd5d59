/* A manager's word on a request: on the ticket's page, and by the link of a mail, which needs no signing in and changes
 * nothing by being looked at. */
#include "web/portal_common.h"
#include "web/request_view.h"

struct approving {
	struct req *q;
	int64_t number;
	struct ticket_id ticket;
	struct contact manager;
	struct ticket t;
	bool yes;
};

static bool says_yes(const struct req *q)
{
	return str_is(req_field(q, "do"), "yes");
}

/* ---- on the ticket ---- */

static enum rc approve(struct db_tx *tx, void *arg, struct err *err)
{
	struct approving *x = arg;
	struct req *q = x->q;

	return ticket_approve(tx, q->arena, &q->actor, q->now, x->number, says_yes(q), req_field(q, "reason"), err);
}

static enum rc post_approval(struct req *q, struct resp *r)
{
	struct approving x = { .q = q };

	if (ticket_number_parse(req_path(q, "number"), web_desk(q)->config.prefix, &x.number) != RC_OK)
		return web_not_found(q);
	if (web_fields_wrong(q, r))
		return portal_ticket_show(q, r);
	enum rc rc = db_write(web_desk(q)->db, approve, &x, req_err(q));

	if (web_form_failed(q, r, rc))
		return portal_ticket_show(q, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "Thank you, it is noted."), portal_ticket_url(q, x.number)) : rc;
}

/* ---- by link ---- */

static enum rc find(struct db_tx *tx, struct approving *x, struct err *err)
{
	struct req *q = x->q;
	struct contact_id manager;

	if (approval_link_read(q->arena, web_desk(q)->pin_key, req_path(q, "token"), &x->ticket, &manager) != RC_OK)
		return fail(err, RC_NOT_FOUND, "This link is not whole. Copy all of it from the mail.");
	enum rc rc = contact_find(tx, q->arena, manager, &x->manager, err);

	if (rc != RC_OK || time_is_set(x->manager.disabled_at))
		return fail(err, RC_NOT_FOUND, "This link is no longer good.");
	struct actor who = actor_of_contact(&x->manager);

	return ticket_find_id(tx, q->arena, &who, x->ticket, &x->t, err);
}

static enum rc look(struct db_tx *tx, void *arg, struct err *err)
{
	return find(tx, arg, err);
}

static void draw(struct out *o, const void *view)
{
	tmpl_approve(o, view);
}

static enum rc show_link(struct req *q, struct resp *r)
{
	struct approving x = { .q = q };
	struct err spare = { 0 };
	enum rc rc = db_read(web_desk(q)->db, look, &x, r->status == 200 ? req_err(q) : &spare);

	if (rc != RC_OK)
		return rc;
	struct approve_view v = { .number = portal_number(q, x.t.number),
		                  .subject = x.t.subject,
		                  .who = x.t.contact_name,
		                  .token = req_path(q, "token"),
		                  .reason = web_field_value(q, "reason", STR("")),
		                  .e_reason = web_field_error(q, "reason"),
		                  .late = x.t.approval != APPROVAL_ASKED || x.t.state >= STATE_RESOLVED,
		                  .done = str_is(req_field(q, "done"), "1"),
		                  .given = x.t.approval == APPROVAL_GIVEN };

	return portal_show(q, r, _(web_lang(q), "A request waits for your word"), NAV_NONE, draw, &v);
}

static enum rc approve_link(struct db_tx *tx, void *arg, struct err *err)
{
	struct approving *x = arg;
	struct req *q = x->q;
	enum rc rc = find(tx, x, err);
	struct actor who = actor_of_contact(&x->manager);

	return rc == RC_OK ? ticket_approve(tx, q->arena, &who, q->now, x->t.number, says_yes(q), req_field(q, "reason"), err)
	                   : rc;
}

static enum rc post_link(struct req *q, struct resp *r)
{
	struct approving x = { .q = q };

	if (web_fields_wrong(q, r))
		return show_link(q, r);
	enum rc rc = db_write(web_desk(q)->db, approve_link, &x, req_err(q));

	if (rc == RC_INVALID && web_form_failed(q, r, rc))
		return show_link(q, r);
	if (rc != RC_OK && rc != RC_CONFLICT) /* somebody else said it: the page tells */
		return rc;
	return resp_redirect(r, arena_strf(q->arena, "/approve/" STR_F "?done=1", STR_A(req_path(q, "token"))));
}

static const struct field word_fields[] = {
	{ "do", FIELD_CHOICE, 0, true, "yes|no", "Approve or decline" },
	{ "reason", FIELD_LINES, 2000, false, NULL, "Why not; who asked reads it" },
	{ .name = NULL },
};
static const struct field look_fields[] = {
	{ "done", FIELD_CHOICE, 0, false, "1", "It was said" },
	{ .name = NULL },
};

const struct route approve_routes[] = {
	{ HTTP_POST, "/support/tickets/{number}/approval", CAP_CUSTOMER_MANAGE, post_approval, word_fields, ROUTE_LENIENT,
	  "A manager's word on a request", NULL, NULL },
	{ HTTP_GET, "/approve/{token}", CAP_PUBLIC, show_link, look_fields, ROUTE_LENIENT, "A request that waits for a manager",
	  NULL, NULL },
	{ HTTP_POST, "/approve/{token}", CAP_PUBLIC, post_link, word_fields, ROUTE_LENIENT, "The manager's word", NULL, NULL },
	{ .path = NULL },
};

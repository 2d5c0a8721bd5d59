/* The two links of an acknowledgement: whoever got it says whether it is an incident, and how bad, or a request. The link
 * carries a proof of its own and shows no more than the ticket's number; looking at it changes nothing, because mail
 * programs look at links by themselves. Once an agent has answered, the agent's word counts. */
#include "web/portal_common.h"

struct claiming {
	struct req *q;
	struct str token;
	struct ticket t;
	bool told; /* an agent was first */
};

static enum rc find(struct db_tx *tx, struct claiming *c, struct err *err)
{
	struct desk *d = web_desk(c->q);

	if (mail_claim_token(c->q->arena, &d->keys, req_path(c->q, "token"), &c->token) != RC_OK)
		return fail(err, RC_NOT_FOUND, "This link is not whole. Copy all of it from the mail.");
	return ticket_find_token(tx, c->q->arena, c->token, &c->t, err);
}

static enum rc look(struct db_tx *tx, void *arg, struct err *err)
{
	return find(tx, arg, err);
}

static void draw(struct out *o, const void *view)
{
	tmpl_claim(o, view);
}

static enum rc get_claim(struct req *q, struct resp *r)
{
	const struct i18n *l = web_lang(q);
	struct claiming c = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, look, &c, req_err(q));

	if (rc != RC_OK)
		return rc;
	struct claim_view v = { .number = portal_number(q, c.t.number),
		                .token = req_path(q, "token"),
		                .incident = !str_is(req_field(q, "is"), "request"),
		                .late = time_is_set(c.t.responded_at) || c.t.state > STATE_OPEN,
		                .phone = web_desk(q)->config.phone,
		                .done = str_is(req_field(q, "done"), "1"),
		                .critical = c.t.not_phoned };
	return portal_show(q, r, _(l, "How urgent is it?"), NAV_NONE, draw, &v);
}

static enum rc claim(struct db_tx *tx, void *arg, struct err *err)
{
	struct claiming *c = arg;
	struct req *q = c->q;
	struct contact who;
	struct str is = req_field(q, "is");
	enum rc rc = find(tx, c, err);

	if (rc == RC_OK)
		rc = contact_find(tx, q->arena, c->t.contact, &who, err);
	if (rc != RC_OK)
		return rc;
	struct actor actor = actor_of_contact(&who);
	int criticality = str_is(is, "request") ? 0 : is.p[0] - '0';
	return ticket_claim(tx, q->arena, &actor, q->now, c->t.number, criticality ? TICKET_INCIDENT : TICKET_REQUEST, criticality, err);
}

static enum rc post_claim(struct req *q, struct resp *r)
{
	struct claiming c = { .q = q };

	if (web_fields_wrong(q, r))
		return get_claim(q, r);
	enum rc rc = db_write(web_desk(q)->db, claim, &c, req_err(q));
	if (rc != RC_OK && rc != RC_CONFLICT)
		return rc;
	return web_done(r, "", arena_strf(q->arena, "/claim/" STR_F "?done=1", STR_A(req_path(q, "token"))));
}

static const struct field look_fields[] = {
	{"is",	         FIELD_CHOICE, 0, false, "incident|request", "What the link says" },
	{ "done",	         FIELD_CHOICE, 0, false, "1", "It was said" },
	{ .name = NULL },
};
static const struct field say_fields[] = {
	{"is",	         FIELD_CHOICE, 0, true, "request|4|3|2|1", "Request, or the criticality of the incident" },
	{ .name = NULL },
};
const struct route claim_routes[] = {
	{HTTP_GET,	         "/claim/{token}", CAP_PUBLIC, get_claim, look_fields, ROUTE_LENIENT, "What somebody's mail is about", NULL, NULL },
	{ HTTP_POST, "/claim/{token}", CAP_PUBLIC, post_claim, say_fields, ROUTE_LENIENT, "Says it", NULL, NULL },
	{ .path = NULL	       },
};

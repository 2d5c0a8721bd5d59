/* An agent writes down what somebody said: who it is, found by name, address, telephone or account; then the ticket,
 * for that person, whatever way it came by. With a call (web/desk_calls.c) the person is who calls, the ticket begins
 * when the call did, and the call hangs on it. Sending the form twice opens one ticket. */
#include "call/call.h"
#include "tmpl.h"
#include "web/desk_new_view.h"
#include "web/web.h"

#define FOUND_MAX 20

struct loading {
	struct req *q;
	struct view_counts counts;
	struct contact *found;
	size_t n_found;
	struct contact person;
	struct call call;
	int64_t person_id, call_id;
};

/* The call that led here, as long as it is there and has no ticket. */
static enum rc load_call(struct db_tx *tx, struct loading *x, struct err *err)
{
	struct err spare = { 0 };
	enum rc rc = x->call_id ? call_find_id(tx, x->q->arena, x->call_id, &x->call, &spare) : RC_NOT_FOUND;

	if (rc == RC_NOT_FOUND || x->call.ticket.v) {
		x->call = (struct call){ 0 };
		rc = RC_OK;
	}
	if (rc != RC_OK)
		*err = spare;
	if (!x->person_id)
		x->person_id = x->call.contact.v;
	return rc;
}

static enum rc load(struct db_tx *tx, void *arg, struct err *err)
{
	struct loading *x = arg;
	struct str who = str_trim(req_field(x->q, "who"));
	enum rc rc = desk_counts(tx, x->q, &x->counts, err);

	if (rc == RC_OK)
		rc = load_call(tx, x, err);
	if (rc == RC_OK && x->person_id && !who.n) {
		rc = contact_find(tx, x->q->arena, (struct contact_id){ x->person_id }, &x->person, NULL);
		if (rc == RC_NOT_FOUND || (rc == RC_OK && time_is_set(x->person.disabled_at))) {
			x->person = (struct contact){ 0 };
			rc = RC_OK;
		}
	}
	if (rc == RC_OK && who.n)
		rc = contact_search(tx, x->q->arena, who, FOUND_MAX, &x->found, &x->n_found, err);
	return rc;
}

static struct str chosen(struct req *q, const char *field, const char *fallback)
{
	return web_field_value(q, field, str_of(fallback));
}

static enum rc show(struct req *q, struct resp *r)
{
	struct loading x = { .q = q };
	struct err spare = { 0 };
	struct page page;

	req_int(q, "person", &x.person_id);
	req_int(q, "call", &x.call_id);
	enum rc rc = db_read(web_desk(q)->db, load, &x, desk_err(q, r, &spare));

	if (rc != RC_OK)
		return rc;
	struct out o = web_out(q, r);
	struct desk_new v = { .q = q,
		              .who = str_trim(req_field(q, "who")),
		              .person = &x.person,
		              .rows = arena_array(q->arena, struct desk_new_row, x.n_found + 1),
		              .call = x.call.id ? &x.call : NULL,
		              .again = arena_strf(q->arena, x.call.id ? "/desk/new?call=%lld&who=" : "/desk/new?who=",
		                                  (long long)x.call.id),
		              .kind = chosen(q, "kind", x.call.id ? "2" : "4"),
		              .via = chosen(q, "via", x.call.id ? "phone" : "agent"),
		              .priority = chosen(q, "priority", "3"),
		              .mine = q->method != HTTP_POST || req_field(q, "mine").n,
		              .error = q->method == HTTP_POST && !req_err(q)->field[0] ? str_of(req_err(q)->text)
		                                                                       : STR("") };

	for (size_t i = 0; i < x.n_found; i++) {
		const struct contact *c = &x.found[i];

		v.rows[v.n_rows++] = (struct desk_new_row){
			.name = c->name,
			.email = c->email,
			.account = c->account_name,
			.phone = c->phone,
			.url = arena_strf(q->arena,
			                  x.call.id ? "/desk/new?person=%lld&call=%lld" : "/desk/new?person=%lld",
			                  (long long)c->id.v, (long long)x.call.id),
		};
	}
	desk_page_init(&page, q, r, _(o.lang, "New ticket"), NAV_NONE, &x.counts);
	tmpl_desk_head(&o, &page);
	tmpl_desk_new(&o, &v);
	tmpl_desk_foot(&o, &page);
	return RC_OK;
}

/* ---- opening ---- */

struct opening {
	struct req *q;
	int64_t person, call;
	struct ticket_opened opened;
	int64_t number;
};

static enum rc open_it(struct db_tx *tx, struct opening *x, const struct contact *c, const struct call *call,
                       struct err *err)
{
	struct req *q = x->q;
	struct str kind = req_field(q, "kind");
	int64_t priority = 0;
	bool request = str_is(kind, "request");

	req_int(q, "priority", &priority);
	struct ticket_new n = { .account = c->account,
		                .contact = c->id,
		                .kind = request ? TICKET_REQUEST : TICKET_INCIDENT,
		                .criticality = request ? 0 : kind.p[0] - '0',
		                .priority = request ? (int)priority : 0,
		                .channel = str_is(req_field(q, "via"), "phone") ? CHANNEL_PHONE : CHANNEL_AGENT,
		                .subject = req_field(q, "subject"),
		                .text = req_field(q, "text"),
		                .course = req_field(q, "course"),
		                .link = req_field(q, "link"),
		                .affected_email = req_field(q, "affected_email"),
		                .opened_at = call->started_at };
	enum rc rc = ticket_open(tx, q->arena, &q->actor, q->now, &n, &x->opened, err);

	x->number = x->opened.number;
	if (rc == RC_OK && req_field(q, "mine").n)
		rc = ticket_assign(tx, q->arena, &q->actor, q->now, x->number, q->actor.agent, x->opened.event, err);
	if (rc == RC_OK && call->id)
		rc = call_attach(tx, q->arena, &q->actor, call->id, x->number, q->now, err);
	/* Who writes it down speaks with them: it rings nobody else. */
	return rc == RC_OK && call->id && !call->agent.v ? call_take(tx, q->arena, &q->actor, call->id, q->now, err)
	                                                 : rc;
}

static enum rc step(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *x = arg;
	struct req *q = x->q;
	struct arena *a = q->arena;
	struct loading l = { .q = q, .person_id = x->person, .call_id = x->call };
	struct str owner = arena_strf(a, "agent:%lld", (long long)q->actor.agent.v);
	struct str key = arena_strf(a, "desk-new:" STR_F, STR_A(req_field(q, "once"))), response;
	struct contact c;
	int status;
	struct err spare = { 0 };
	enum rc rc = load_call(tx, &l, err);

	if (rc != RC_OK)
		return rc;
	if (!x->person || contact_find(tx, a, (struct contact_id){ x->person }, &c, NULL) != RC_OK ||
	    time_is_set(c.disabled_at))
		return fail_field(err, RC_INVALID, "person", "Choose the person it is for.");
	if (!req_field(q, "once").n)
		return open_it(tx, x, &c, &l.call, err);
	rc = idempotency_begin(tx, a, owner, key, STR("form"), q->now, &status, &response, &spare);
	if (rc == RC_CONFLICT) /* the same form again: it leads to the ticket it opened */
		return str_to_i64(response, &x->number) == RC_OK ? RC_OK
		                                                 : fail(err, RC_CONFLICT, "This form was sent before.");
	if (rc != RC_OK) {
		*err = spare;
		return rc;
	}
	rc = open_it(tx, x, &c, &l.call, err);
	return rc == RC_OK ? idempotency_done(tx, owner, key, 201, arena_strf(a, "%lld", (long long)x->number), err)
	                   : rc;
}

static enum rc post_new(struct req *q, struct resp *r)
{
	struct opening x = { .q = q };

	req_int(q, "person", &x.person);
	req_int(q, "call", &x.call);
	if (web_fields_wrong(q, r))
		return show(q, r);
	enum rc rc = db_write(web_desk(q)->db, step, &x, req_err(q));

	if (rc == RC_DENIED && x.opened.verdict) {
		const struct i18n *l = web_lang(q);

		fail(req_err(q), RC_INVALID, "%s",
		     _(l, "Their plan does not cover this at the moment, so no ticket was opened. What you wrote is "
		          "below. The account's page says what was bought and until when."));
		r->status = 422;
		return show(q, r);
	}
	if (web_form_failed(q, r, rc))
		return show(q, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "The ticket is open."), desk_ticket_url(q, x.number)) : rc;
}

static const struct field who_fields[] = {
	{"who", FIELD_TEXT, 200, false, NULL, "Name, address, telephone or account of the person" },
	{ "person",  FIELD_INT, 0, false, NULL, "The person" },
	{ "call", FIELD_INT, 0, false, NULL, "The call that led here" },
	{ .name = NULL   },
};
static const struct field new_fields[] = {
	{"person",                  FIELD_INT, 0, true, NULL, "The person it is for" },
	{ "call",	                FIELD_INT, 0, false, NULL, "The call that led here" },
	{ "kind",	             FIELD_CHOICE, 0, true, "request|4|3|2|1", "Request, or the criticality" },
	{ "priority",	                FIELD_INT, 0, false, NULL, "Of a request: 1 (urgent) to 4" },
	{ "via",FIELD_CHOICE, 0, true, "phone|agent", "By telephone, or otherwise" },
	{ "subject",                    FIELD_TEXT, 200, true, NULL, "Summary" },
	{ "text", FIELD_TEXT, DESK_TEXT_MAX, true, NULL, "What they said" },
	{ "link",	           FIELD_TEXT, 2000, false, NULL, "Link to the page" },
	{ "course",	                FIELD_TEXT, 400, false, NULL, "Course ID" },
	{ "affected_email",        FIELD_TEXT, 320, false, NULL, "Email of the person affected" },
	{ "mine",	                FIELD_TEXT, 5, false, NULL, "The agent takes it" },
	{ "once",FIELD_TEXT, 100, false, NULL, "Key of this form" },
	{ .name = NULL                   },
};
const struct route desk_new_routes[] = {
	{HTTP_GET,    "/desk/new", CAP_AGENT, show, who_fields, ROUTE_LENIENT, "Who a new ticket is for", NULL, NULL },
	{ HTTP_POST,  "/desk/new", CAP_AGENT, post_new, new_fields, ROUTE_LENIENT, "Opens a ticket for them", NULL,
         NULL },
	{ .path = NULL},
};

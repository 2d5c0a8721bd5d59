/* Telephone calls as agents see them: who is on the line, taking, filing under another ticket, unknown callers; and
 * where an agent is rung. What calls are is call/'s. */
#include "account/account.h"
#include "call/call.h"
#include "entitlement/entitlement.h"
#include "tmpl.h"
#include "web/calls_view.h"
#include "web/desk_view.h"
#include "web/web.h"

#define SHOWN 60

struct loading {
	struct req *q;
	struct call *at;
	size_t n;
	struct view_counts counts;
	struct str number, why;
	struct call_engineer *numbers;
	size_t n_numbers;
};

static enum rc load(struct db_tx *tx, void *arg, struct err *err)
{
	struct loading *x = arg;
	enum rc rc = desk_counts(tx, x->q, &x->counts, err);

	if (rc == RC_OK)
		rc = call_list(tx, x->q->arena, false, SHOWN, &x->at, &x->n, err);
	if (rc == RC_OK && setting_get(tx, x->q->arena, "phone-why", &x->why, err) != RC_OK)
		x->why = STR("");
	if (rc == RC_OK && actor_is_admin(&x->q->actor))
		rc = call_numbers(tx, x->q->arena, &x->numbers, &x->n_numbers, err);
	return rc == RC_OK ? call_number_of(tx, x->q->arena, x->q->actor.agent, &x->number, err) : rc;
}

static struct str new_url(struct req *q, const struct call *c)
{
	return arena_strf(q->arena, "/desk/new?call=%lld", (long long)c->id);
}

static struct call_row row(struct req *q, const struct call *c)
{
	bool out = c->direction == CALL_OUT;

	return (struct call_row){ .id = c->id,
		                  .who = c->contact_name,
		                  .account = c->account_name,
		                  .from = out ? c->to : c->from,
		                  .ticket = c->number ? desk_number(q, c->number) : STR(""),
		                  .ticket_url = c->number ? desk_ticket_url(q, c->number) : STR(""),
		                  .prepared = c->prepared ? desk_number(q, c->prepared) : STR(""),
		                  .agent = c->agent_name,
		                  .cause = c->cause,
		                  .new_url = new_url(q, c),
		                  .at = c->started_at,
		                  .verified = c->verified,
		                  .unknown = c->unknown,
		                  .live = !time_is_set(c->ended_at) &&
		                          !time_before(c->started_at, time_add(q->now, -HOUR_US)),
		                  .out = out,
		                  .criticality = c->criticality };
}

static enum rc show(struct req *q, struct resp *r)
{
	struct loading x = { .q = q };
	struct err spare = { 0 };
	struct page page;
	int line = __atomic_load_n(&web_desk(q)->phone_line, __ATOMIC_RELAXED);
	enum rc rc = db_read(web_desk(q)->db, load, &x, desk_err(q, r, &spare));

	if (rc != RC_OK)
		return rc;
	struct calls_page v = { .at = arena_array(q->arena, struct call_row, x.n + 1),
		                .number = web_field_value(q, "number", x.number),
		                .error = q->method == HTTP_POST ? str_of(req_err(q)->text) : STR(""),
		                .down = line == PHONE_DOWN,
		                .none = line == PHONE_NONE,
		                .why = x.why,
		                .is_admin = actor_is_admin(&q->actor),
		                .numbers = x.numbers,
		                .n_numbers = x.n_numbers };

	for (size_t i = 0; i < x.n; i++)
		v.at[v.n++] = row(q, &x.at[i]);
	struct out o = web_out(q, r);
	desk_page_init(&page, q, r, _(o.lang, "Telephone"), NAV_CALLS, &x.counts);
	tmpl_desk_head(&o, &page);
	tmpl_desk_calls(&o, &v);
	tmpl_desk_foot(&o, &page);
	return RC_OK;
}

/* ---- the pop ---- */

#define POP_OPEN 3

struct popping {
	struct req *q;
	int64_t id;
	struct call c;
	struct entitlement ent;
	struct ticket_row *open;
	size_t n_open;
};

static enum rc load_pop(struct db_tx *tx, void *arg, struct err *err)
{
	struct popping *x = arg;
	struct arena *a = x->q->arena;
	enum rc rc = call_find_id(tx, a, x->id, &x->c, err);
	struct ent_ask ask = { .account = x->c.account,
		               .kind = TICKET_INCIDENT,
		               .criticality = 1,
		               .channel = CHANNEL_PHONE,
		               .at = x->q->now,
		               .verdict_only = true };
	/* One more than is shown: the call's own ticket may be among them. */
	struct ticket_query open = { .view = VIEW_ALL, .account = x->c.account, .max = 20 };
	struct str next;

	if (rc != RC_OK || !x->c.account.v)
		return rc;
	rc = ent_check(tx, a, &ask, &x->ent, err);
	return rc == RC_OK ? ticket_list(tx, a, &x->q->actor, &open, &x->open, &x->n_open, &next, err) : rc;
}

/* A part of a page: the workspace's script puts it above what the agent has open. */
static enum rc get_pop(struct req *q, struct resp *r)
{
	struct popping x = { .q = q, .id = web_path_id(q, "one") };
	struct call_pop_ticket open[POP_OPEN];
	enum rc rc = x.id ? db_read(web_desk(q)->db, load_pop, &x, req_err(q)) : RC_NOT_FOUND;

	if (rc == RC_NOT_FOUND)
		return web_not_found(q);
	if (rc != RC_OK)
		return rc;
	struct out o = web_out(q, r);
	const struct call *c = &x.c;
	struct call_pop v = { .c = c,
		              .prepared = c->prepared ? desk_number(q, c->prepared) : STR(""),
		              .ticket = c->number ? desk_number(q, c->number) : STR(""),
		              .ticket_url = c->number ? desk_ticket_url(q, c->number) : STR(""),
		              .plan = x.ent.has_sub ? x.ent.sub.plan_name : STR(""),
		              .covered = !c->account.v || x.ent.verdict == ENT_COVERED
		                                 ? NULL
		                                 : _(o.lang, "not covered by the plan"),
		              .new_url = new_url(q, c),
		              .open = open,
		              .taken = c->agent.v != 0,
		              .gone = time_is_set(c->ended_at) };

	for (size_t i = 0; i < x.n_open && v.n_open < POP_OPEN; i++) {
		const struct ticket_row *t = &x.open[i];

		if (t->number != c->number && t->state < STATE_RESOLVED)
			open[v.n_open++] = (struct call_pop_ticket){ desk_number(q, t->number),
				                                     desk_ticket_url(q, t->number), t->subject,
				                                     t->criticality };
	}
	tmpl_call_pop(&o, &v);
	return RC_OK;
}

struct doing {
	struct req *q;
	int64_t id, number;
};

static enum rc step(struct db_tx *tx, void *arg, struct err *err)
{
	struct doing *x = arg;
	struct req *q = x->q;
	struct str what = req_field(q, "do");
	struct call *all;
	size_t n;
	enum rc rc;

	if (str_is(what, "number")) /* {one}: whose; 0: one's own */
		return call_set_number(tx, &q->actor, q->now, x->id ? (struct agent_id){ x->id } : q->actor.agent,
		                       req_field(q, "number"), err);
	if (str_is(what, "unknown"))
		return call_unknown(tx, q->arena, &q->actor, x->id, err);
	if (str_is(what, "attach")) {
		rc = ticket_number_parse(req_field(q, "ticket"), web_desk(q)->config.prefix, &x->number);
		return rc == RC_OK ? call_attach(tx, q->arena, &q->actor, x->id, x->number, q->now, err)
		                   : fail_field(err, RC_INVALID, "ticket", "There is no such ticket number.");
	}
	rc = call_take(tx, q->arena, &q->actor, x->id, q->now, err);
	if (rc == RC_OK)
		rc = call_list(tx, q->arena, false, SHOWN, &all, &n, err);
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		if (all[i].id == x->id)
			x->number = all[i].number;
	return rc;
}

/* The line rings the agent who asks, when it is up: 1 ends it. */
static enum rc ring_me(struct req *q, struct resp *r)
{
	if (__atomic_load_n(&web_desk(q)->phone_line, __ATOMIC_RELAXED) != PHONE_UP)
		return web_done(r, _(web_lang(q), "The telephone line is down, so nobody was rung."),
		                STR("/desk/calls"));
	__atomic_store_n(&web_desk(q)->phone_test, q->actor.agent.v, __ATOMIC_RELAXED);
	return web_done(
	        r, _(web_lang(q), "Your telephone rings. Press 1: then the call is in the list below, with your name."),
	        STR("/desk/calls"));
}

static enum rc post(struct req *q, struct resp *r)
{
	struct doing x = { .q = q, .id = web_path_id(q, "one") };
	if (str_is(req_field(q, "do"), "test"))
		return ring_me(q, r);
	enum rc rc = db_write(web_desk(q)->db, step, &x, req_err(q));

	if (web_form_failed(q, r, rc))
		return show(q, r);
	if (rc != RC_OK)
		return rc;
	return web_done(r, _(web_lang(q), "Saved."), x.number ? desk_ticket_url(q, x.number) : STR("/desk/calls"));
}

static const struct field post_fields[] = {
	{"do",	                       FIELD_CHOICE, 0, true, "take|attach|unknown|number|test", "What to do" },
	{ "ticket",	                         FIELD_TEXT, 30, false, NULL, "Ticket number" },
	{ "number", FIELD_TEXT, 60, false, NULL, "Telephone number" },
	{ .name = NULL	                        },
};
const struct route call_routes[] = {
	{HTTP_GET,           "/desk/calls", CAP_AGENT, show, NULL, 0, "Telephone calls", NULL, NULL },
	{ HTTP_GET,         "/desk/calls/{one}/pop", CAP_AGENT, get_pop, NULL, 0, "Who is on the line, over any page", NULL,
         NULL },
	{ HTTP_POST,              "/desk/calls/{one}", CAP_AGENT, post, post_fields, ROUTE_LENIENT, "Take a call, file it, mark it",
         NULL, NULL },
	{ .path = NULL},
};

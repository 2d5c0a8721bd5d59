/* Known problems on an incident's page: declaring one, putting tickets under it, one update for all, closing the loop.
 * What may be done is ticket/problem.c's. */
#include "tmpl.h"
#include "web/problem_view.h"
#include "web/web.h"

static struct problem_row *tickets(const struct req *q, const struct problem_ticket *at, size_t n)
{
	struct problem_row *rows = arena_array(q->arena, struct problem_row, n + 1);

	for (size_t i = 0; i < n; i++)
		rows[i] = (struct problem_row){ .number = desk_number(q, at[i].number),
			                        .url = desk_ticket_url(q, at[i].number),
			                        .name = at[i].account_name,
			                        .state = desk_state(web_lang(q), at[i].state, at[i].waiting_for) };
	return rows;
}

static struct problem_row *choices(const struct req *q, const struct problem *at, size_t n)
{
	struct problem_row *rows = arena_array(q->arena, struct problem_row, n + 1);

	for (size_t i = 0; i < n; i++)
		rows[i] = (struct problem_row){ .number = desk_number(q, at[i].number),
			                        .name = at[i].title,
			                        .value = at[i].number };
	return rows;
}

enum rc desk_problem_load(struct db_tx *tx, const struct req *q, const struct ticket *t, struct desk_problem *ret,
                          struct err *err)
{
	struct problem *open;
	struct problem_ticket *at;
	enum rc rc;

	*ret = (struct desk_problem){ .first = t->problem.v && t->problem.v == t->id.v,
		                      .part = t->problem.v && t->problem.v != t->id.v };
	if (!t->problem.v) {
		if (t->state > STATE_WAITING)
			return RC_OK;
		rc = problem_list(tx, q->arena, &q->actor, &open, &ret->n, err);
		if (rc == RC_OK)
			ret->rows = choices(q, open, ret->n);
		return rc;
	}
	rc = problem_find(tx, q->arena, &q->actor, t->problem, &ret->p, err);
	if (rc == RC_OK && ret->first) {
		rc = problem_tickets(tx, q->arena, t->id, &at, &ret->n, err);
		if (rc == RC_OK)
			ret->rows = tickets(q, at, ret->n);
	}
	ret->more = ret->n == PROBLEM_TICKETS;
	ret->open = ret->p.open;
	ret->others = ret->p.tickets - 1;
	ret->number = desk_number(q, ret->p.number);
	ret->url = desk_ticket_url(q, ret->p.number);
	return rc;
}

void desk_same(const struct req *q, const struct ticket *t, const struct ticket_row *rows, struct desk_ticket *v)
{
	struct str typed[PROBLEM_SAME + 1];
	size_t n = q->method == HTTP_POST && str_is(req_field(q, "do"), "same") ? req_fields(q, "with", typed, PROBLEM_SAME) : 0;
	int64_t number = 0;

	v->part = t->problem.v != 0;
	for (size_t i = 0; i < v->n_related; i++) {
		struct desk_row *r = &v->related[i];

		r->value = rows[i].number;
		r->same = rows[i].kind == TICKET_INCIDENT && rows[i].state <= STATE_WAITING;
		for (size_t k = 0; k < n; k++)
			r->chosen = r->chosen || (str_to_i64(typed[k], &number) == RC_OK && number == r->value);
		v->may_join = v->may_join || r->same;
	}
	v->may_join = v->may_join && t->kind == TICKET_INCIDENT && t->state <= STATE_WAITING;
}

/* ---- the forms ---- */

struct doing {
	struct req *q;
	int64_t number, problem, minutes, first;
	struct event_id seen;
};

/* Words for customers, when the agent has none yet: nothing of any customer's ticket is in them. */
static enum rc run_same(struct db_tx *tx, struct doing *x, struct err *err)
{
	struct req *q = x->q;
	struct str typed[PROBLEM_SAME + 1];
	int64_t others[PROBLEM_SAME + 1];
	size_t n = req_fields(q, "with", typed, PROBLEM_SAME + 1), good = 0;
	struct problem_new p = { req_field(q, "title"), str_of(_(web_lang(q), "We know of it and work on it.")), false, { 0 } };

	for (size_t i = 0; i < n; i++)
		if (str_to_i64(typed[i], &others[good]) == RC_OK)
			good++;
	return problem_same(tx, q->arena, &q->actor, q->now, x->number, others, good, &p, x->seen, &x->first, err);
}

static enum rc run(struct db_tx *tx, void *arg, struct err *err)
{
	struct doing *x = arg;
	struct req *q = x->q;
	struct str what = req_field(q, "do"), text = req_field(q, "text");
	struct instant next = x->minutes > 0 ? time_add(q->now, x->minutes * MINUTE_US) : (struct instant){ 0 };
	struct problem_new p = { req_field(q, "title"), text, str_is(req_field(q, "shown"), "1"), next };

	if (str_is(what, "same"))
		return run_same(tx, x, err);
	if (str_is(what, "declare"))
		return problem_declare(tx, q->arena, &q->actor, q->now, x->number, &p, x->seen, err);
	if (str_is(what, "say"))
		return problem_say(tx, q->arena, &q->actor, q->now, x->number, text, next, err);
	if (str_is(what, "show") || str_is(what, "hide"))
		return problem_show(tx, q->arena, &q->actor, q->now, x->number, str_is(what, "show"), err);
	if (str_is(what, "close"))
		return problem_close(tx, q->arena, &q->actor, q->now, x->number, text, err);
	if (str_is(what, "link") && !x->problem)
		return fail_field(err, RC_INVALID, "problem", "Choose the known problem it is part of.");
	return problem_link(tx, q->arena, &q->actor, q->now, x->number, str_is(what, "link") ? x->problem : 0, x->seen,
	                    err);
}

static const char *done(const struct i18n *l, struct str what)
{
	if (str_is(what, "same"))
		return _(l, "These tickets are one known problem now. One update reaches all.");
	if (str_is(what, "declare"))
		return _(l, "It is a known problem now.");
	if (str_is(what, "say"))
		return _(l, "The update is on its way to all tickets of the problem.");
	if (str_is(what, "close"))
		return _(l, "The tickets are being resolved, and their customers told.");
	return _(l, "Saved.");
}

static enum rc post_problem(struct req *q, struct resp *r)
{
	struct doing x = { .q = q, .number = desk_path_number(q) };
	const char *form = str_is(req_field(q, "do"), "same") ? "same" : "problem";

	if (!x.number)
		return web_not_found(q);
	if (web_fields_wrong(q, r))
		return desk_show(q, r, form);
	req_int(q, "seen", &x.seen.v);
	req_int(q, "problem", &x.problem);
	req_int(q, "next", &x.minutes);
	enum rc rc = db_write(web_desk(q)->db, run, &x, req_err(q));

	if (rc == RC_CONFLICT && strcmp(req_err(q)->code, "stale") == 0)
		return desk_show_stale(q, r, "text", tr(web_lang(q), N_("What customers read")));
	if (web_form_failed(q, r, rc))
		return desk_show(q, r, form);
	return rc == RC_OK ? web_done(r, done(web_lang(q), req_field(q, "do")), desk_ticket_url(q, x.first ? x.first : x.number)) : rc;
}

static const struct field problem_fields[] = {
	{"seen",        FIELD_INT, 0, false, NULL, "The newest event that the person saw" },
	{ "do",            FIELD_CHOICE, 0, true, "declare|link|out|say|show|hide|close|same", "What to do" },
	{ "with",            FIELD_INT, 0, false, NULL, "same: numbers of tickets that have the same problem" },
	{ "problem",         FIELD_INT, 0, false, NULL, "link: the number of the problem's first ticket" },
	{ "title",            FIELD_TEXT, 800, false, NULL, "declare: what customers notice" },
	{ "text",FIELD_LINES, 20 << 10, false, NULL, "declare, say, close: customers read it" },
	{ "shown",         FIELD_CHOICE, 0, false, "1", "declare: all customers see it" },
	{ "next", FIELD_INT, 0, false, NULL, "declare, say: minutes until the next update" },
	{ .name = NULL   },
};

const struct route desk_problem_routes[] = {
	{HTTP_POST,  "/desk/tickets/{number}/problem", CAP_AGENT, post_problem, problem_fields, ROUTE_LENIENT,
         "A known problem: declares it, links tickets, tells all", NULL, NULL },
	{ .path = NULL},
};

/* Known problems as customers meet them: a banner where support begins and on their ticket, and "I'm affected too",
 * which is one click and one ticket for the account, however often it is clicked. */
#include "web/portal_common.h"
#include "web/problem_view.h"

static struct problem_banner banner(struct req *q, const struct problem *p)
{
	return (struct problem_banner){ .title = p->title,
		                        .said = p->said,
		                        .said_at = p->said_at,
		                        .next_at = time_before(q->now, p->next_at) ? p->next_at : (struct instant){ 0 },
		                        .join_url = arena_strf(q->arena, "/support/problems/%lld",
		                                               (long long)p->number),
		                        .mine = p->mine ? portal_number(q, p->mine) : STR(""),
		                        .mine_url = p->mine ? portal_ticket_url(q, p->mine) : STR("") };
}

enum rc portal_problems(struct db_tx *tx, struct req *q, struct problem_banner **ret, size_t *ret_n, struct err *err)
{
	struct problem *p;
	size_t n = 0;
	enum rc rc = problem_list(tx, q->arena, &q->actor, &p, &n, err);

	*ret = arena_array(q->arena, struct problem_banner, n + 1);
	for (size_t i = 0; i < n; i++)
		(*ret)[i] = banner(q, &p[i]);
	*ret_n = n;
	return rc;
}

enum rc portal_problem_of(struct db_tx *tx, struct req *q, const struct ticket *t, struct problem_banner *ret,
                          struct err *err)
{
	struct problem p;

	*ret = (struct problem_banner){ 0 };
	if (!t->problem.v || t->state >= STATE_RESOLVED)
		return RC_OK;
	enum rc rc = problem_find(tx, q->arena, &q->actor, t->problem, &p, err);

	if (rc == RC_OK && p.open)
		*ret = banner(q, &p);
	return rc;
}

struct joining {
	struct req *q;
	int64_t problem, number;
	struct contact contact;
	struct entitlement ent;
};

static enum rc join(struct db_tx *tx, void *arg, struct err *err)
{
	struct joining *x = arg;

	return problem_join(tx, x->q->arena, &x->q->actor, x->q->now, x->problem, STR(""), &x->number, err);
}

static enum rc judge(struct db_tx *tx, void *arg, struct err *err)
{
	struct joining *x = arg;

	return portal_entitlement(tx, x->q, TICKET_INCIDENT, 3, &x->contact, &x->ent, err);
}

static enum rc post_join(struct req *q, struct resp *r)
{
	struct joining x = { .q = q };

	if (str_to_i64(req_path(q, "number"), &x.problem) != RC_OK)
		return web_not_found(q);
	enum rc rc = db_write(web_desk(q)->db, join, &x, req_err(q));

	if (rc == RC_DENIED) { /* the exact, courteous answer in the place of a ticket */
		rc = db_read(web_desk(q)->db, judge, &x, req_err(q));
		r->status = 403;
		return rc == RC_OK ? portal_refuse(q, r, &x.ent) : rc;
	}
	if (rc == RC_CONFLICT) /* it was solved while the page was open */
		return web_done(r,
		                _(web_lang(q), "This known problem is solved. If you still notice it, open a ticket."),
		                STR("/support"));
	return rc == RC_OK ? resp_redirect(r, str_concat(q->arena, portal_ticket_url(q, x.number), STR("?new=1"))) : rc;
}

static const struct field no_fields[] = { { .name = NULL } };

const struct route portal_problem_routes[] = {
	{HTTP_POST,           "/support/problems/{number}", CAP_CUSTOMER_WRITE, post_join, no_fields, 0,
         "\"I'm affected too\": a ticket of the account on a known problem", NULL, NULL },
	{ .path = NULL},
};

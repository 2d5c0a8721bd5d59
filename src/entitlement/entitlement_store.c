/* entitlement: loads what ent_judge() looks at, for every subscription that may cover the thing, and answers with the
 * best. Queries: subscriptions with plan, calendar and use; channels; targets; managers and their roles; and, over the
 * quota, since when. */
#include "entitlement/plan_store.h"

#define SUBS_MAX     100
#define MANAGERS_MAX 3

/* A site with a subscription of its own is covered by that one alone. An account that was closed has nothing any more.
 */
DB_QUERY(
        q_subs, "entitlement.subscriptions",
        "SELECT s.id, s.plan_id, s.ref, s.name, s.state, s.valid_from, s.valid_to, s.state_at, p.code, p.name, "
        "p.support, p.rank,"
        " p.quota_month, k.id, k.name, k.zone, k.hours, a.closed_at,"
        /* Only where there is a quota, which bounds what is counted. */
        " CASE WHEN p.quota_month IS NULL THEN 0 ELSE (SELECT COUNT(*) FROM ticket t WHERE t.subscription_id = s.id AND "
        "t.opened_at >= :from AND t.opened_at < :to) END, p.approval"
        " FROM subscription s JOIN plan p ON p.id = s.plan_id JOIN account a ON a.id = s.account_id"
        " LEFT JOIN calendar k ON k.id = p.calendar_id"
        " WHERE s.account_id = :account AND s.id = COALESCE((SELECT subscription_id FROM site WHERE id = :site AND "
        "account_id = :account),"
        " s.id) ORDER BY s.id DESC LIMIT :max");
DB_QUERY(q_channels, "entitlement.channels",
         "SELECT plan_id, kind, criticality, channel FROM plan_channel"
         " WHERE plan_id IN (SELECT plan_id FROM subscription WHERE account_id = :account)");
DB_QUERY(q_channels_of, "entitlement.channels-of",
         "SELECT plan_id, kind, criticality, channel FROM plan_channel WHERE plan_id IN"
         " (SELECT plan_id FROM subscription WHERE account_id = :account) AND kind = :kind AND criticality = :criticality");
DB_QUERY(q_targets, "entitlement.targets",
         "SELECT plan_id, criticality, metric, minutes, calendar_id, warn, pauses FROM plan_target"
         " WHERE plan_id IN (SELECT plan_id FROM subscription WHERE account_id = :account)");
DB_QUERY(q_managers, "entitlement.managers",
         "SELECT c.id, c.account_id, a.name, c.name, c.email, c.phone, c.lang, c.zone, c.created_at"
         " FROM contact c JOIN account a ON a.id = c.account_id JOIN contact_role r ON r.contact_id = c.id"
         " WHERE c.account_id = :account AND c.disabled_at IS NULL AND r.role = 3 AND r.scope = 1 AND r.scope_id = "
         ":account"
         " ORDER BY c.name, c.id LIMIT :max");
DB_QUERY(q_used_up, "entitlement.used_up",
         "SELECT opened_at FROM ticket WHERE subscription_id = :sub AND opened_at >= :from AND opened_at < :to"
         " ORDER BY opened_at LIMIT 1 OFFSET :nth");

struct month {
	struct instant from, to;
};

static struct month month_of(struct instant t)
{
	struct civil c = time_civil(t), first = { .year = c.year, .month = c.month, .day = 1 };
	struct civil next = { .year = c.month == 12 ? c.year + 1 : c.year,
		              .month = c.month == 12 ? 1 : c.month + 1,
		              .day = 1 };

	return (struct month){ time_from_civil(&first), time_from_civil(&next) };
}

struct candidate {
	struct subscription sub;
	struct plan plan;
	struct calendar calendar;
	bool has_calendar;
	int64_t used;
	enum ent_verdict verdict;
};

static enum rc candidate_row(struct db_rows *r, struct arena *out, const struct ent_ask *ask, struct candidate *ret,
                             struct err *err)
{
	struct instant closed = db_col_time(r, 17);

	*ret = (struct candidate){
		.sub = {.id = { db_col_i64(r, 0) },
                        .account = ask->account,
                        .plan = { db_col_i64(r, 1) },
                        .ref = db_col_str(r,             2, out),
                        .name = db_col_str(r,      3,  out),
                        .state = (enum sub_state)db_col_i64(r, 4),
                        .valid_from = db_col_time(r, 5),
                        .valid_to = db_col_time(r, 6),
                        .state_at = db_col_time(r, 7),
                        .plan_code = db_col_str(r, 8, out),
                        .plan_name = db_col_str(r, 9, out) },
		.plan = { .support = db_col_i64(r, 10) != 0,
                        .rank = (int)db_col_i64(r,  11),
                        .quota_month = db_col_null(r,          12) ? -1 : db_col_i64(r,            12),
                        .approval = db_col_i64(r, 19) != 0,
                        .calendar = { db_col_i64(r, 13) }},
		.used = db_col_i64(r, 18)
	};
	ret->plan.id = ret->sub.plan;
	ret->plan.code = ret->sub.plan_code;
	ret->plan.name = ret->sub.plan_name;
	if (time_is_set(closed) && !time_before(ask->at, closed) && ret->sub.state != SUB_CANCELLED) {
		ret->sub.state = SUB_CANCELLED;
		ret->sub.state_at = closed;
	}
	if (db_col_null(r, 13))
		return RC_OK;
	ret->has_calendar = true;
	ret->calendar = (struct calendar){ .id = ret->plan.calendar,
		                           .name = db_col_str(r, 14, out),
		                           .zone = db_col_str(r, 15, out) };
	return calendar_parse(out, db_col_peek(r, 16), &ret->calendar, err);
}

/* What helps the customer most comes first: an open door, then a door that opens by waiting or asking, then by buying.
 */
static int verdict_rank(enum ent_verdict v)
{
	static const enum ent_verdict order[] = { ENT_COVERED,   ENT_CHANNEL,   ENT_OVER_QUOTA,
		                                  ENT_NO_ROLE,   ENT_SUSPENDED, ENT_NOT_YET,
		                                  ENT_FREE_PLAN, ENT_EXPIRED,   ENT_CANCELLED };
	int i = 0;

	while (i < (int)COUNT(order) && order[i] != v)
		i++;
	return i;
}

static bool better(const struct candidate *a, const struct candidate *b)
{
	int ra = verdict_rank(a->verdict), rb = verdict_rank(b->verdict);

	if (ra != rb)
		return ra < rb;
	if (a->verdict == ENT_EXPIRED && a->sub.valid_to.us != b->sub.valid_to.us)
		return time_before(b->sub.valid_to, a->sub.valid_to); /* the one that ended last */
	if (a->verdict == ENT_NOT_YET && a->sub.valid_from.us != b->sub.valid_from.us)
		return time_before(a->sub.valid_from, b->sub.valid_from); /* the one that starts first */
	bool a_due = a->sub.state == SUB_PAST_DUE, b_due = b->sub.state == SUB_PAST_DUE;

	if (a_due != b_due)
		return b_due;
	if (a->plan.rank != b->plan.rank)
		return a->plan.rank > b->plan.rank;
	if (a->sub.valid_to.us != b->sub.valid_to.us) /* the open end, then the later one */
		return !time_is_set(a->sub.valid_to) ||
		       (time_is_set(b->sub.valid_to) && time_before(b->sub.valid_to, a->sub.valid_to));
	return a->sub.id.v < b->sub.id.v;
}

static enum rc load(struct db_tx *tx, struct arena *out, const struct ent_ask *ask, struct month m,
                    struct candidate **ret, size_t *ret_n, struct err *err)
{
	VEC(struct candidate) v = { 0 };
	struct db_args account = DB_ARGS(db_i64("account", ask->account.v));
	struct db_rows rows = { 0 };
	enum rc rc = db_select(tx, &q_subs,
	                       DB_ARGS(db_time("from", m.from), db_time("to", m.to), db_i64("account", ask->account.v),
	                               db_i64("site", ask->site.v), db_i64("max", SUBS_MAX)),
	                       &rows, err);

	while (rc == RC_OK && (rc = db_next(&rows, err)) == RC_OK)
		rc = candidate_row(&rows, out, ask, VEC_ADD(out, &v), err);
	db_rows_end(&rows);
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret = v.at;
	*ret_n = v.n;
	if (v.n == 0)
		return RC_OK;
	struct plan **plans = arena_array(out, struct plan *, v.n);

	for (size_t i = 0; i < v.n; i++)
		plans[i] = &v.at[i].plan;
	if (ask->verdict_only && (ask->kind == TICKET_REQUEST || ask->criticality))
		return plan_fill(tx, &q_channels_of, NULL,
		                 DB_ARGS(db_i64("account", ask->account.v), db_i64("kind", ask->kind),
		                         db_i64("criticality", ask->kind == TICKET_REQUEST ? 0 : ask->criticality)),
		                 plans, v.n, err);
	return plan_fill(tx, &q_channels, &q_targets, account, plans, v.n, err);
}

static enum rc managers(struct db_tx *tx, struct arena *out, struct account_id account, struct entitlement *ret,
                        struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, &q_managers, DB_ARGS(db_i64("account", account.v), db_i64("max", MANAGERS_MAX)),
	                       &rows, err);

	while (rc == RC_OK && ret->n_managers < COUNT(ret->managers) && (rc = db_next(&rows, err)) == RC_OK)
		ret->managers[ret->n_managers++] = (struct contact){ .id = { db_col_i64(&rows, 0) },
			                                             .account = { db_col_i64(&rows, 1) },
			                                             .account_name = db_col_str(&rows, 2, out),
			                                             .name = db_col_str(&rows, 3, out),
			                                             .email = db_col_str(&rows, 4, out),
			                                             .phone = db_col_str(&rows, 5, out),
			                                             .lang = db_col_str(&rows, 6, out),
			                                             .zone = db_col_str(&rows, 7, out),
			                                             .created_at = db_col_time(&rows, 8),
			                                             .roles = { { CONTACT_MANAGER, SCOPE_ACCOUNT,
			                                                          account.v } },
			                                             .n_roles = 1 };
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* Since when the verdict holds, and until when it does if nobody changes anything. */
static enum rc times(struct db_tx *tx, struct month m, struct entitlement *e, struct err *err)
{
	enum rc rc = RC_OK;

	switch (e->verdict) {
	case ENT_COVERED:
	case ENT_CHANNEL:
	case ENT_FREE_PLAN:
	case ENT_NO_ROLE:
		e->since = e->sub.valid_from;
		e->until = e->sub.valid_to;
		break;
	case ENT_NOT_YET:
		e->since = e->until = e->sub.valid_from;
		break;
	case ENT_EXPIRED:
		e->since = e->sub.valid_to;
		break;
	case ENT_SUSPENDED:
	case ENT_CANCELLED:
		e->since = e->sub.state_at;
		break;
	case ENT_OVER_QUOTA:
		e->since = m.from;
		e->until = m.to;
		if (e->plan.quota_month > 0)
			rc = db_get_i64(tx, &q_used_up,
			                DB_ARGS(db_i64("sub", e->sub.id.v), db_time("from", m.from),
			                        db_time("to", m.to), db_i64("nth", e->plan.quota_month - 1)),
			                &e->since.us, err);
		break;
	case ENT_NO_SUBSCRIPTION:
		break;
	}
	return rc;
}

enum rc ent_check(struct db_tx *tx, struct arena *out, const struct ent_ask *ask, struct entitlement *ret,
                  struct err *err)
{
	struct month m = month_of(ask->at);
	struct candidate *c = NULL, *best = NULL;
	size_t n = 0;
	enum rc rc = load(tx, out, ask, m, &c, &n, err);

	*ret = (struct entitlement){ .verdict = ENT_NO_SUBSCRIPTION };
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		c[i].verdict = ent_judge(&c[i].sub, &c[i].plan, c[i].used, ask);
		if (!best || better(&c[i], best))
			best = &c[i];
	}
	if (best) {
		ret->verdict = best->verdict;
		ret->sub = best->sub;
		ret->plan = best->plan;
		ret->has_sub = true;
		ret->used = best->used;
		ret->calendar = best->calendar;
		ret->has_calendar = best->has_calendar;
	}
	if (rc == RC_OK)
		rc = managers(tx, out, ask->account, ret, err);
	return rc == RC_OK ? times(tx, m, ret, err) : rc;
}

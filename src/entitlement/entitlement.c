/* entitlement: the pure rule. Rows are entitlement_store.c's and plan_store.c's. */
#include "entitlement/entitlement.h"

static const char *const verdicts[] = { "",          "covered",   "no-subscription", "not-yet", "expired", "suspended",
	                                "cancelled", "free-plan", "over-quota",      "channel", "no-role" };
static const char *const kinds[] = { "", "incident", "request" };
static const char *const channels[] = { "", "form", "mail", "phone", "api", "widget", "agent" };

const char *ent_verdict_name(enum ent_verdict v)
{
	return (size_t)v < COUNT(verdicts) ? verdicts[v] : "";
}

const char *ticket_kind_name(enum ticket_kind k)
{
	return (size_t)k < COUNT(kinds) ? kinds[k] : "";
}

const char *channel_name(enum channel c)
{
	return (size_t)c < COUNT(channels) ? channels[c] : "";
}

bool ent_opens(enum ent_verdict v)
{
	return v == ENT_COVERED || v == ENT_CHANNEL;
}

/* Without a criticality the question is general: any channel that serves one of them. */
static bool channel_allowed(const struct plan *plan, const struct ent_ask *ask)
{
	unsigned mask = 0;

	if (ask->channel == CHANNEL_AGENT) /* an agent writes down what came by any way */
		return true;
	if (ask->kind != TICKET_INCIDENT && ask->kind != TICKET_REQUEST)
		return false;
	if (ask->criticality < 0 || ask->criticality > 4)
		return false;
	if (ask->kind == TICKET_REQUEST)
		mask = plan->channels[TICKET_REQUEST][0];
	else if (ask->criticality)
		mask = plan->channels[TICKET_INCIDENT][ask->criticality];
	else
		for (size_t i = 0; i <= 4; i++)
			mask |= plan->channels[TICKET_INCIDENT][i];
	return mask & (1U << ask->channel);
}

/* Past due is still covered: the money is the operator's talk with the manager, not the learner's outage. A trial has
 * what its plan says. */
enum ent_verdict ent_judge(const struct subscription *sub, const struct plan *plan, int64_t used,
                           const struct ent_ask *ask)
{
	if (!sub || !plan)
		return ENT_NO_SUBSCRIPTION;
	if (sub->state == SUB_CANCELLED)
		return ENT_CANCELLED;
	if (time_is_set(sub->valid_to) && !time_before(ask->at, sub->valid_to))
		return ENT_EXPIRED;
	if (sub->state == SUB_SUSPENDED)
		return ENT_SUSPENDED;
	if (time_before(ask->at, sub->valid_from))
		return ENT_NOT_YET;
	if (!plan->support)
		return ENT_FREE_PLAN;
	if (ask->contact && (ask->contact->account.v != sub->account.v ||
	                     contact_role_for(ask->contact, sub->id, ask->site) < CONTACT_OPERATOR))
		return ENT_NO_ROLE;
	if (plan->quota_month >= 0 && used >= plan->quota_month)
		return ENT_OVER_QUOTA;
	return channel_allowed(plan, ask) ? ENT_COVERED : ENT_CHANNEL;
}

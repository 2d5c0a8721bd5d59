/* entitlement: may this customer get support for this, by this channel, now, and what is promised? Plans are data. The
 * verdict is judged on every channel and frozen on the ticket. What a "no" looks like is web's, api's and mail's. */
#pragma once
#include "account/account.h"
#include "calendar/calendar.h"

enum ticket_kind { TICKET_INCIDENT = 1, TICKET_REQUEST };
enum channel { CHANNEL_FORM = 1, CHANNEL_MAIL, CHANNEL_PHONE, CHANNEL_API, CHANNEL_WIDGET, CHANNEL_AGENT };
/* What stops a clock for a while, besides being resolved. Default: waiting for the customer, but never the first response. */
enum clock_pauses { PAUSE_DEFAULT, PAUSE_CUSTOMER = 1, PAUSE_OTHERS = 2, PAUSE_NEVER = 4 };
enum metric { METRIC_FIRST_RESPONSE = 1, METRIC_NEXT_RESPONSE, METRIC_UPDATE, METRIC_SOLUTION };
const char *ticket_kind_name(enum ticket_kind k); /* "incident", "request" */
const char *channel_name(enum channel c);         /* "form", "mail", "phone", "api", "widget", "agent" */

enum ent_verdict {
	ENT_COVERED = 1,
	ENT_NO_SUBSCRIPTION, /* the account never had one */
	ENT_NOT_YET,         /* starts later: `since` is when */
	ENT_EXPIRED,         /* ended: `since` is when */
	ENT_SUSPENDED,       /* `since` is when */
	ENT_CANCELLED,
	ENT_FREE_PLAN,       /* the plan has no support */
	ENT_OVER_QUOTA,      /* `quota` used up; `until` is when it starts anew */
	ENT_CHANNEL,         /* covered, but not by this channel (criticality 1 and 2 want the telephone): open, flagged */
	ENT_NO_ROLE          /* the contact may only read */
};
const char *ent_verdict_name(enum ent_verdict v); /* "covered", "no-subscription", ... */
/* ENT_COVERED and ENT_CHANNEL open a ticket; all others are a courteous no. */
bool ent_opens(enum ent_verdict v);

struct plan {
	struct plan_id id;
	struct str code, name;
	bool support;
	int rank;
	struct calendar_id calendar;
	int64_t quota_month;                 /* -1: unlimited */
	uint8_t channels[3][5];              /* [kind][criticality, 0 for requests]: bit 1 << channel */
	int32_t target[5][5];                /* [criticality][metric], minutes; 0 none */
	struct calendar_id target_calendar[5][5];
	uint8_t warn[5][5];                  /* percent of the time after which is warned; 0: 75 */
	uint8_t pauses[5][5];                /* enum clock_pauses */
	bool approval;                       /* requests of others than managers wait for a manager's word */
};
MUST_USE enum rc plan_find(struct db_tx *tx, struct arena *out, struct plan_id id, struct plan *ret, struct err *err);
MUST_USE enum rc plan_find_code(struct db_tx *tx, struct arena *out, struct str code, struct plan *ret, struct err *err);
MUST_USE enum rc plan_list(struct db_tx *tx, struct arena *out, struct plan **ret, size_t *ret_n, struct err *err); /* by rank; three queries in all */
MUST_USE enum rc plan_save(struct db_tx *tx, const struct actor *who, struct instant now, const struct plan *p, struct plan_id *ret, struct err *err); /* by code: creates or replaces */

struct entitlement {                 /* everything ent_judge() looks at, and what the answer shows */
	enum ent_verdict verdict;
	struct subscription sub;     /* the one that was judged: the best of those that cover the thing */
	struct plan plan;
	bool has_sub;
	int64_t used;                /* tickets opened this month on it */
	struct instant since, until; /* since when it is so; until when */
	struct calendar calendar;    /* the plan's; has_calendar */
	bool has_calendar;
	struct contact managers[3];  /* who can change it: managers of the account */
	size_t n_managers;
};
struct ent_ask {
	struct account_id account;
	const struct contact *contact;       /* NULL: asked for the account by an agent or token */
	struct site_id site;                 /* 0 = unknown: any subscription of the account */
	enum ticket_kind kind;
	int criticality;                     /* 0 for requests, and to ask in general */
	enum channel channel;
	struct instant at;
	bool verdict_only;                   /* of the plan only what the verdict is made of is read: no promises */
};
/* Pure rule on loaded facts. */
enum ent_verdict ent_judge(const struct subscription *sub, const struct plan *plan, int64_t used, const struct ent_ask *ask);
/* Loads and judges: RC_OK with ret->verdict whatever it is. At most six queries. */
MUST_USE enum rc ent_check(struct db_tx *tx, struct arena *out, const struct ent_ask *ask, struct entitlement *ret, struct err *err);

/* clock: promises of incidents as clocks, derived from the event log.
 *
 * clock_replay() is a pure function: the events of a ticket and the policies they name go in, cycles come out. What is
 * stored (deadlines for the scheduler, figures for reports) is made by it and can be made again. Requests have no
 * clocks. docs/CLOCKS.md says how each metric starts, pauses and stops. */
#pragma once
#include "ticket/ticket.h"

/* ---- events of this room; none is public ---- */
#define EV_CLOCK_POLICY    "clock.policy"    /* policy, plan, who?, why?: what is promised from here on */
#define EV_CLOCK_STARTED   "clock.started"   /* metric, cycle, due?, goal (minutes), cause (event) */
#define EV_CLOCK_PAUSED    "clock.paused"    /* metric, cycle, remaining (seconds) */
#define EV_CLOCK_RESUMED   "clock.resumed"   /* metric, cycle, due */
#define EV_CLOCK_STOPPED   "clock.stopped"   /* metric, cycle, elapsed (seconds), breached */
#define EV_CLOCK_CANCELLED "clock.cancelled" /* metric, cycle */
#define EV_CLOCK_RESET     "clock.reset"     /* metric, cycle, goal, due, was: {goal, due} */
#define EV_CLOCK_WARNED    "clock.warned"    /* metric, cycle, due, criticality */
#define EV_CLOCK_BREACHED  "clock.breached"  /* metric, cycle, due, criticality, running */

enum clock_state { CLOCK_RUNNING = 1, CLOCK_PAUSED, CLOCK_STOPPED, CLOCK_CANCELLED };
const char *clock_metric_name(enum metric m);     /* "first-response", "next-response", "update", "solution" */
const char *clock_state_name(enum clock_state s); /* "running", "paused", "stopped", "cancelled" */

struct clock_target {
	int64_t goal;                 /* microseconds; 0: nothing is promised */
	int64_t revision;             /* of the calendar; 0: around the clock */
	int warn;                     /* percent */
	unsigned pauses;              /* enum clock_pauses, resolved */
	const struct calendar *calendar;
};
struct clock_policy {
	int64_t id;
	struct str plan_code;
	struct clock_target target[5][5]; /* [criticality][metric] */
};

enum clock_why { /* why a span counts or does not: the calendar's reasons, then ours */
	CLOCK_HOURS = CAL_HOURS, CLOCK_OUTSIDE = CAL_OUTSIDE, CLOCK_DAY_OFF = CAL_DAY_OFF, CLOCK_HOLIDAY = CAL_HOLIDAY,
	CLOCK_EXCEPTION = CAL_EXCEPTION, CLOCK_WAITING_CUSTOMER, CLOCK_WAITING_OTHERS, CLOCK_RESOLVED
};
const char *clock_why_name(enum clock_why w);
struct clock_stretch { /* part of a cycle; paused ones say why */
	struct instant from, to; /* to of the last one: now, or where it stopped */
	bool counts;             /* the calendar decides inside */
	enum clock_why why;      /* when it does not */
	struct event_id by;      /* the event that began it */
};
struct clock_promise { /* what was promised from `since` until the next one */
	struct instant since, due;
	int64_t goal;
	int criticality;
	struct str plan_code, who, why;
	struct event_id by;
	bool breached;
};
struct clock_cycle {
	enum metric metric;
	int cycle;
	enum clock_state state;
	int criticality;
	const struct clock_policy *policy;
	const struct clock_target *target;
	int64_t goal, elapsed;
	struct instant started_at, stopped_at, due_at, warn_at, breached_at;
	struct event_id started_by, stopped_by;
	const struct clock_stretch *stretches;
	size_t n_stretches;
	const struct clock_promise *promises; /* oldest first; the last one holds */
	size_t n_promises;
};
struct clock_facts {
	const struct event *events; /* all of one ticket, in order */
	size_t n_events;
	const struct clock_policy *policies; /* those that the events name */
	size_t n_policies;
	int64_t policy_first;    /* 0, or what holds until an event names one */
	struct instant opened_at; /* receipt or call */
};
void clock_replay(struct arena *out, const struct clock_facts *f, struct instant now, struct clock_cycle **ret, size_t *ret_n);
int64_t clock_remaining(const struct clock_cycle *c); /* negative: too late by so much working time */

struct clock_span {
	struct instant from, to;
	bool counted;
	enum clock_why why;
	struct str name;    /* of a holiday or exception */
	struct event_id by; /* of a pause */
};
/* All of the cycle up to `now` or its end; the counted spans add up to its elapsed time. */
MUST_USE enum rc clock_explain(const struct clock_cycle *c, struct arena *out, struct clock_span **ret, size_t *ret_n, struct err *err);

/* ---- in the database ---- */
/* Replays the ticket as it stands: what pages and API show. Requests and tickets without a plan give none. */
/* What clock_find() will say of an incident that opens at `now` with this plan: for who prepares an answer before the
 * ticket is there. None when the plan promises nothing. */
MUST_USE enum rc clock_of_opening(struct db_tx *tx, struct arena *out, struct str plan_code, int criticality, struct instant now,
				  struct clock_cycle **ret, size_t *ret_n, struct err *err);
MUST_USE enum rc clock_find(struct db_tx *tx, struct arena *out, struct ticket_id t, struct instant now, struct clock_cycle **ret,
			    size_t *ret_n, struct err *err);
/* What the cycle's clocks would be with another criticality: shown before a regrade is saved. */
MUST_USE enum rc clock_if_criticality(struct db_tx *tx, struct arena *out, struct ticket_id t, int criticality, struct instant now,
				      struct clock_cycle **ret, size_t *ret_n, struct err *err);
/* The same for each criticality, in [1] to [4]. */
MUST_USE enum rc clock_previews(struct db_tx *tx, struct arena *out, struct ticket_id t, struct instant now, struct clock_cycle *ret[5], size_t ret_n[5],
				struct err *err);
/* Replays, stores, and appends the events of what changed, warnings and breaches that are due included. Twice is once. */
MUST_USE enum rc clock_refresh(struct db_tx *tx, struct arena *a, struct ticket_id t, struct instant now, struct err *err);
/* Names the policy of the plan as it is now on the ticket, when it is another than the last: the promise changes. */
MUST_USE enum rc clock_reassess(struct db_tx *tx, struct arena *a, struct ticket_id t, struct instant now, struct str who, struct str why,
				struct err *err);
struct event_reader clock_reader(const struct instant *now); /* NULL: the machine's clock; else for tests */
/* Job "clock.reassess" {"who","why"}: all tickets with a running clock, in steps. */
struct job;
enum rc clock_job_reassess(struct db *db, const struct job *job, const struct instant *now, struct arena *scratch, struct err *err);

/* ---- the scheduler ---- */
/* The next moment something is due; RC_NOT_FOUND: nothing ever. */
MUST_USE enum rc clock_next(struct db_tx *tx, struct instant *ret, struct err *err);
/* One step: everything due at `now`, at most `max` tickets. */
MUST_USE enum rc clock_tick(struct db *db, struct instant now, size_t max, size_t *ret_n, struct err *err);
struct clock_loop;
struct clock_loop *clock_loop_start(struct db *db);
void clock_loop_stop(struct clock_loop *l);

/* ---- lists ---- */
struct clock_row { /* the stored cycle */
	struct ticket_id ticket;
	enum metric metric;
	int cycle;
	enum clock_state state;
	int criticality, told;
	int64_t policy, goal, elapsed;
	struct instant started_at, stopped_at, due_at, breached_at, next_at;
};
/* The nearest running deadline of each of these tickets, for boards and lists: one query. */
MUST_USE enum rc clock_nearest(struct db_tx *tx, struct arena *out, const struct ticket_id *ids, size_t n, struct clock_row **ret,
			       size_t *ret_n, struct err *err);

/* One column of the incident board: open incidents of a criticality, the next deadline first, then paused ones, then those
 * without a promise. */
struct clock_card {
	struct ticket_row row;
	bool has_clock;
	struct clock_row clock; /* the nearest */
};
MUST_USE enum rc clock_board(struct db_tx *tx, struct arena *out, const struct actor *who, int criticality, size_t max, struct clock_card **ret,
			     size_t *ret_n, int *ret_total, struct err *err);
/* Open incidents of criticality 1 that nobody has, oldest first: what the workspace alarms about. One query when there are
 * none. */
MUST_USE enum rc clock_alarms(struct db_tx *tx, struct arena *out, const struct actor *who, struct clock_card **ret, size_t *ret_n, struct err *err);
struct clock_grid {
	int count[4][5]; /* [complexity, 0 = not estimated][priority] of requests that wait for us */
	int days;        /* of work, by the estimates */
	int agents;      /* who could do it */
};
MUST_USE enum rc clock_grid(struct db_tx *tx, struct arena *out, struct clock_grid *ret, struct err *err);
enum next_reason { NEXT_WANTED = 1, NEXT_PRIORITY, NEXT_SMALL, NEXT_OLD };
struct clock_next_request {
	struct ticket_row row;
	struct str wanted_on;
	enum next_reason why;
	int days; /* of the estimate */
};
/* Requests that wait for us in the order to do them: what is wanted so soon that its estimate reaches the date, then by
 * priority, then the small ones, then the oldest. */
MUST_USE enum rc clock_next_requests(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, size_t max,
				     struct clock_next_request **ret, size_t *ret_n, struct err *err);

/* ---- how promises were kept; each belongs to the month in which its clock stopped ---- */
struct clock_figure {
	struct account_id account;
	struct str account_name, plan_code;
	int criticality;
	enum metric metric;
	int64_t n, late, mean; /* mean of the elapsed working time */
};
MUST_USE enum rc clock_figures(struct db_tx *tx, struct arena *out, struct instant from, struct instant to, struct account_id account /* 0: all */,
			       struct clock_figure **ret, size_t *ret_n, struct err *err);
struct clock_proof {
	struct ticket_row row;
	struct clock_row clock;
	struct str plan_code;
};
/* One by one, of tickets that `who` may see. */
MUST_USE enum rc clock_proofs(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant from, struct instant to,
			      struct account_id account, size_t max, struct clock_proof **ret, size_t *ret_n, struct err *err);

/* ---- links to an account's month, opened without signing in ---- */
#define PROOF_LINK_DAYS 90 /* at most */
struct proof_link {
	int64_t id;
	struct account_id account;
	struct str month, salt, made_by;
	struct instant from, to, made_at, expires_at, revoked_at;
};
/* Those that still open, newest first. */
MUST_USE enum rc proof_links(struct db_tx *tx, struct arena *out, struct account_id account, struct str month, struct instant now, struct proof_link **ret,
			     size_t *ret_n, struct err *err);
/* The secret part of the address. `key`: the desk's (pin_key). */
struct str proof_link_token(struct arena *a, struct str key, const struct proof_link *l);
/* RC_NOT_FOUND: it never was one. RC_DENIED code "over": expired or ended; *ret is filled then, too. */
MUST_USE enum rc proof_link_open(struct db_tx *tx, struct arena *out, struct str key, struct str token, struct instant now, struct proof_link *ret,
				 struct err *err);
/* By agents: account, month, from, to and expires_at of `l`. */
MUST_USE enum rc proof_link_make(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, const struct proof_link *l, int64_t *ret,
				 struct err *err);
MUST_USE enum rc proof_link_revoke(struct db_tx *tx, const struct actor *who, struct instant now, struct account_id account, int64_t id, struct err *err);

/* ---- requests: no clock; an estimate in working days ---- */
#define ESTIMATE_DAYS { 0, 1, 3, 5 } /* by complexity S, M, L, unless the settings say otherwise */
MUST_USE enum rc clock_estimate_days(struct db_tx *tx, struct arena *out, int complexity, int *ret, struct err *err);
/* The end of the nth working day after the local day of `from`. */
MUST_USE enum rc clock_estimate(const struct calendar *c, struct instant from, int days, struct instant *ret, struct err *err);

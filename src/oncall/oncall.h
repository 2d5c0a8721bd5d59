/* oncall: who is on duty when, and paging people step by step until somebody takes it.
 *
 * Schedules are data; oncall_at() and oncall_shifts() are pure functions of them. An escalation is a row whose steps are
 * durable jobs: a restart in the middle goes on where it was, a step that runs twice pages once. Everything it does is an
 * event of the ticket. Pages are mails of the outbox and jobs of others (webhook: app/, telephone: phone/). */
#pragma once
#include "clock/clock.h"
#include "desk/desk.h"

#define EV_ONCALL_PAGED        "oncall.paged"        /* page, trigger, round, step, to (names), nobody? */
#define EV_ONCALL_ACKNOWLEDGED "oncall.acknowledged" /* page, via */
#define EV_ONCALL_EXHAUSTED    "oncall.exhausted"    /* page: all steps went by and nobody came */
#define EV_ONCALL_ENDED        "oncall.ended"        /* page: resolved, merged or joined to a problem before somebody took it */
#define EV_ONCALL_HANDED       "oncall.handed"       /* page, via (number): the paging of a ticket that joined goes on at this one */

/* ---- schedules ---- */
#define ONCALL_LAYERS 8
#define ONCALL_AGENTS 50
enum oncall_rotation { ROTATE_DAILY = 1, ROTATE_WEEKLY, ROTATE_HOURS };
struct oncall_layer {
	struct str name;
	enum oncall_rotation rotation;
	int every;               /* days, weeks or hours a shift */
	int32_t start;           /* the day the first one begins, days since 1970-01-01 */
	int32_t until;           /* the day at whose hand-off time it ends for good, when it `ends`: a temporary schedule */
	bool ends;
	int16_t handoff;         /* minute of the local day */
	struct agent_id agents[ONCALL_AGENTS];
	size_t n_agents;
	bool restricted;         /* on duty only while `during` is open */
	struct calendar during;
};
struct oncall_override {
	int64_t id;
	struct instant from, to;
	struct agent_id agent, instead_of; /* agent 0: nobody; instead_of 0: whoever it is */
	struct str made_by;
};
struct oncall_schedule {
	int64_t id;
	struct str name, zone, text; /* text: the layers' JSON */
	struct oncall_layer layer[ONCALL_LAYERS];
	size_t n_layers;
	const struct oncall_override *overrides; /* oldest first */
	size_t n_overrides;
};
/* Reads the layers. RC_INVALID says where. */
MUST_USE enum rc oncall_parse(struct arena *out, struct str layers_json, struct str zone, struct oncall_schedule *ret, struct err *err);
/* Who is on duty at t: the newest override, else the last layer that is active. 0: nobody, a gap. */
struct agent_id oncall_at(const struct oncall_schedule *s, struct instant t);
struct oncall_shift {
	struct instant from, to;
	struct agent_id agent; /* 0: a gap */
};
#define ONCALL_SHIFTS_MAX 2000
/* All of [from, to), without gaps between the shifts: what has nobody is a shift of agent 0. */
MUST_USE enum rc oncall_shifts(const struct oncall_schedule *s, struct arena *out, struct instant from, struct instant to,
			       struct oncall_shift **ret, size_t *ret_n, struct err *err);

/* ---- rows of schedules ---- */
/* With the overrides that touch [from, to). */
MUST_USE enum rc oncall_find(struct db_tx *tx, struct arena *out, int64_t id, struct instant from, struct instant to, struct oncall_schedule *ret,
			     struct err *err);
MUST_USE enum rc oncall_list(struct db_tx *tx, struct arena *out, struct instant from, struct instant to, struct oncall_schedule **ret, size_t *ret_n,
			     struct err *err);
/* By administrators; id 0 makes one. */
MUST_USE enum rc oncall_save(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t id, struct str name, struct str zone,
			     struct str layers_json, int64_t *ret, struct err *err);
/* By any agent: people swap shifts among themselves. */
MUST_USE enum rc oncall_override(struct db_tx *tx, const struct actor *who, struct instant now, int64_t schedule, const struct oncall_override *o,
				 struct err *err);
MUST_USE enum rc oncall_drop_override(struct db_tx *tx, const struct actor *who, struct instant now, int64_t schedule, int64_t id, struct err *err);
/* Who is on duty now: for the telephone and for pages. RC_NOT_FOUND: there is no such schedule; ret->id 0: nobody is. */
MUST_USE enum rc oncall_on_duty(struct db_tx *tx, struct arena *out, int64_t schedule, struct instant now, struct agent *ret, struct err *err);

/* ---- feeds: a secret address each person makes for a schedule; by agents, for themselves ---- */
struct oncall_feed {
	int64_t id, schedule;
	struct agent_id agent;
	struct str salt;
	struct instant made_at;
};
MUST_USE enum rc oncall_feeds(struct db_tx *tx, struct arena *out, struct agent_id agent, struct oncall_feed **ret, size_t *ret_n, struct err *err);
/* The secret part of the address: for nobody but its owner. */
struct str oncall_feed_token(struct arena *a, const struct desk *d, const struct oncall_feed *f);
/* RC_NOT_FOUND: it never was one, was renewed or ended, or its owner works here no longer. */
MUST_USE enum rc oncall_feed_open(struct db_tx *tx, struct arena *out, const struct desk *d, struct str token, struct oncall_feed *ret, struct err *err);
/* Makes one, or another: the old address ends with this. */
MUST_USE enum rc oncall_feed_renew(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t schedule, struct err *err);
MUST_USE enum rc oncall_feed_end(struct db_tx *tx, const struct actor *who, struct instant now, int64_t schedule, struct err *err);

/* ---- policies ---- */
#define ONCALL_STEPS   20
#define ONCALL_TARGETS 10
enum oncall_target_kind { TARGET_SCHEDULE = 1, TARGET_AGENT, TARGET_TEAM, TARGET_ASSIGNEE, TARGET_SUPERVISORS, TARGET_WEBHOOK };
struct oncall_target {
	enum oncall_target_kind kind;
	int64_t id;
	struct str url;
};
struct oncall_step {
	int delay; /* minutes after the step before */
	struct oncall_target target[ONCALL_TARGETS];
	size_t n_targets;
};
struct oncall_policy {
	int64_t id;
	struct str name, secret, text;
	struct oncall_step step[ONCALL_STEPS];
	size_t n_steps;
	int repeat; /* times it begins anew when nobody came */
};
MUST_USE enum rc oncall_policy_parse(struct arena *out, struct str json, struct oncall_policy *ret, struct err *err);
MUST_USE enum rc oncall_policy_list(struct db_tx *tx, struct arena *out, struct oncall_policy **ret, size_t *ret_n, struct err *err);
MUST_USE enum rc oncall_policy_find(struct db_tx *tx, struct arena *out, int64_t id, struct oncall_policy *ret, struct err *err);
MUST_USE enum rc oncall_policy_save(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t id, struct str name,
				    struct str json, int64_t *ret, struct err *err);
enum oncall_trigger { TRIGGER_OPENED = 1, TRIGGER_WARNED, TRIGGER_BREACHED };
const char *oncall_trigger_name(enum oncall_trigger t); /* "opened", "warned", "breached" */
MUST_USE enum rc oncall_rules(struct db_tx *tx, int64_t ret[5][4], struct err *err); /* [criticality][trigger]: policy or 0 */
MUST_USE enum rc oncall_rule_set(struct db_tx *tx, const struct actor *who, struct instant now, int criticality, enum oncall_trigger t, int64_t policy,
				 struct err *err);

/* ---- pages ---- */
enum oncall_state { PAGE_ACTIVE = 1, PAGE_ACKNOWLEDGED, PAGE_ENDED, PAGE_EXHAUSTED };
struct oncall_page {
	int64_t id;
	struct ticket_id ticket;
	int64_t policy;
	enum oncall_trigger trigger;
	enum oncall_state state;
	int step, round;
	struct str steps;
	struct instant started_at, ack_at;
	struct agent_id ack_by;
	struct str ack_name;
};
/* Starts one, unless `dedupe` did already or the ticket has an active one of the policy. For the telephone, too. */
MUST_USE enum rc oncall_start(struct db_tx *tx, struct arena *a, struct ticket_id t, int64_t policy, enum oncall_trigger trigger, struct str dedupe,
			      struct instant now, struct err *err);
/* Stops it; takes the ticket for the agent when nobody has it. RC_CONFLICT code "acknowledged": somebody was faster. */
MUST_USE enum rc oncall_acknowledge(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t page, const char *via,
				    struct err *err);
MUST_USE enum rc oncall_page_find(struct db_tx *tx, struct arena *out, int64_t id, struct oncall_page *ret, struct err *err);
MUST_USE enum rc oncall_pages(struct db_tx *tx, struct arena *out, struct ticket_id t, struct oncall_page **ret, size_t *ret_n, struct err *err);
/* The link in a mail: page and agent, and proof of both. */
struct str oncall_link(struct arena *a, const struct desk *d, int64_t page, struct agent_id agent);
MUST_USE enum rc oncall_link_read(struct arena *a, const struct desk *d, struct str token, int64_t *ret_page, struct agent_id *ret_agent);
/* `now` NULL: the clock on the wall; tests give theirs. */
struct event_reader oncall_reader(const struct instant *now);
/* Job "oncall.step" {"page","round","step"}. */
struct job;
enum rc oncall_job_step(struct desk *d, const struct job *job, struct instant now, struct arena *scratch, struct err *err);

/* call: telephone calls as the desk knows them: whose number it is, who may, what was said, who was rung. The line
 * (phone/) and the CTI webhooks of a PBX tell it what happens; everything may be told twice. A number only suggests who
 * calls (S-61): only a PIN verifies. */
#pragma once
#include "oncall/oncall.h"
#include "ticket/ticket.h"

#define EV_CALL                                                                                                        \
	"ticket.call" /* what: opened, verified, leg, accepted, recorded, page, ended; agent?, result?, ms?, cause?    \
	                 (never public) */

enum call_source { CALL_LINE = 1, CALL_PBX };
enum call_direction { CALL_IN = 1, CALL_OUT };
struct call {
	int64_t id;
	struct str key, from, to, queue, agents, cause;
	enum call_source source;
	enum call_direction direction;
	struct contact_id contact;
	struct account_id account;
	struct draft_id draft;
	struct ticket_id ticket;
	bool verified, unknown, paged;
	int criticality;
	struct agent_id agent;
	struct instant started_at, answered_at, accepted_at, ended_at;
	/* joined for showing */
	struct str contact_name, account_name, agent_name;
	int64_t number, prepared; /* of the ticket; of the prepared one */
};

/* Digits with a leading +: "0039 02 12-34", "(+57) 1 555" -> "+5715550..." `country` is put before national numbers
 * ("39"; their leading 0 is dropped unless country is 39, where it stays). Fewer than 6 digits: "". */
struct str call_number(struct arena *a, struct str raw, struct str country);

/* ---- what happens; each finds the call by its key, and may come twice ---- */
struct call_new {
	struct str key, from, to, queue, agents;
	enum call_source source;
	enum call_direction direction;
	struct instant at;
};
MUST_USE enum rc call_begin(struct db_tx *tx, struct arena *out, const struct call_new *n, struct call *ret,
                            struct err *err);
MUST_USE enum rc call_find(struct db_tx *tx, struct arena *out, struct str key, struct call *ret, struct err *err);
MUST_USE enum rc call_find_id(struct db_tx *tx, struct arena *out, int64_t id, struct call *ret, struct err *err);
/* Counts a try; RC_LIMIT: no more (3 a call, 5 an hour and number). In a transaction of its own. */
MUST_USE enum rc call_try(struct db_tx *tx, struct arena *a, struct str key, struct str from, struct instant now,
                          struct err *err);
/* RC_DENIED: wrong. A one-time PIN ends with this. ret_may: the plan has the telephone. */
MUST_USE enum rc call_verify(struct db_tx *tx, struct arena *out, struct str key, struct str pin, struct str pin_key,
                             struct instant now, struct call *ret, bool *ret_may, struct err *err);
struct call_opening {
	struct str key;
	int criticality;
	bool offline; /* the desk did not answer when it was time to ask for the PIN: the number has to do, and it is
	                 noted */
};
/* Opens the incident at the time the call came; again: the same one. Whoever is not verified
 * gets none: ret->ticket is 0, and the call stays in the list. RC_DENIED: not entitled. */
MUST_USE enum rc call_open(struct db_tx *tx, struct arena *out, const struct call_opening *o, struct instant now,
                           struct call *ret, struct err *err);
struct call_recording {
	struct str key, kind, sha256;
	int64_t size, ms;
};
MUST_USE enum rc call_recorded(struct db_tx *tx, struct arena *out, const struct call_recording *r, struct instant now,
                               struct err *err);
MUST_USE enum rc call_leg(struct db_tx *tx, struct arena *out, struct str key, int n, struct agent_id agent,
                          struct str number, struct str result, struct instant now, struct err *err);
MUST_USE enum rc call_accepted(struct db_tx *tx, struct arena *out, struct str key, struct agent_id agent,
                               struct instant now, struct err *err);
MUST_USE enum rc call_page(struct db_tx *tx, struct arena *out, struct str key, struct instant now, struct err *err);
MUST_USE enum rc call_answered(struct db_tx *tx, struct arena *out, struct str key, struct instant now,
                               struct err *err);
MUST_USE enum rc call_ended(struct db_tx *tx, struct arena *out, struct str key, struct str cause, struct instant now,
                            struct err *err);

/* ---- whom to ring ---- */
struct call_engineer {
	struct agent_id agent;
	struct str name, number;
};
#define CALL_ROSTER 8
/* Who is on duty by the schedules, then the others who have a number. */
MUST_USE enum rc call_roster(struct db_tx *tx, struct arena *out, struct instant now,
                             struct call_engineer ret[CALL_ROSTER], size_t *ret_n, struct err *err);
MUST_USE enum rc call_set_number(struct db_tx *tx, const struct actor *who, struct instant now, struct agent_id agent,
                                 struct str number, struct err *err); /* "" takes it away */
MUST_USE enum rc call_number_of(struct db_tx *tx, struct arena *out, struct agent_id agent, struct str *ret,
                                struct err *err);
/* All agents who may sign in, with "" where there is no number; for administrators. At most 500. */
MUST_USE enum rc call_numbers(struct db_tx *tx, struct arena *out, struct call_engineer **ret, size_t *ret_n, struct err *err);
/* A fresh personal PIN of eight digits, shown once. */
MUST_USE enum rc call_set_pin(struct db_tx *tx, struct arena *out, const struct actor *who, struct contact_id c,
                              struct str pin_key, struct instant now, struct str *ret_pin, struct err *err);

/* ---- what agents see and do ---- */
MUST_USE enum rc call_list(struct db_tx *tx, struct arena *out, bool live, size_t max, struct call **ret, size_t *ret_n,
                           struct err *err);
MUST_USE enum rc call_take(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t id, struct instant now,
                           struct err *err);
MUST_USE enum rc call_attach(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t id, int64_t ticket,
                             struct instant now, struct err *err);
MUST_USE enum rc call_unknown(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t id,
                              struct err *err);

/* ---- calls to make ---- */
struct call_wish {
	int64_t id, number; /* number: of the ticket */
	struct ticket_id ticket;
	int criticality;
	struct call_engineer engineer; /* 0: the roster */
	struct str to;
	bool page;                     /* the engineer only: 1 takes the ticket */
};
/* An agent's click. Only to the number on file of the ticket's contact. */
MUST_USE enum rc call_click(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t ticket,
                            struct instant now, struct err *err);
/* Open ones, those that customers asked for included: only numbers on file. */
MUST_USE enum rc call_wishes(struct db_tx *tx, struct arena *out, struct instant now, struct call_wish **ret,
                             size_t *ret_n, struct err *err);
/* Rings an agent about a ticket: 1 takes it and acknowledges its pages. Nothing happens when the agent has no number, when
 * `dedupe` was rung before, the agent was a moment ago for this ticket, or while a caller of this ticket is on the line (then its call rings them). */
MUST_USE enum rc call_ring_agent(struct db_tx *tx, struct ticket_id ticket, struct agent_id agent, struct str dedupe,
                                 struct instant now, struct err *err);
/* A line that died forgot its calls: they end, and those whose incident nobody has yet are made anew, engineers first. */
MUST_USE enum rc call_lost(struct db_tx *tx, struct instant now, int64_t *ret_n, struct err *err);
/* Forgets recordings made up to `before`, some at a time: RC_OK with *ret_n = 0 when there are none. ret: blobs that nothing
 * refers to any more, for blob_remove() after the commit. Calls and events stay. */
MUST_USE enum rc call_forget(struct db_tx *tx, struct arena *out, struct instant before, struct instant now, struct str **ret,
                             size_t *ret_n, size_t *ret_forgotten, struct err *err);
MUST_USE enum rc call_wish_done(struct db_tx *tx, const struct call_wish *w, struct instant now, struct err *err);

/* ticket/problem: known problems. An agent declares an incident to be one; other incidents are linked under it, and
 * customers join it from the Control Center ("I'm affected too"), which opens a ticket of their own. One update reaches
 * all; when the first ticket is resolved, the others come back to be told ("close the loop"), one by one or all at once.
 *
 * A problem is open while its first ticket is. What customers read of it is its title and its updates, never the first
 * ticket: that is its account's. */
#pragma once
#include "ticket/ticket.h"

struct problem {
	struct ticket_id id; /* of its first ticket */
	int64_t number;
	int criticality;
	bool shown, open;
	struct str title, said, resolution; /* resolution: of the first ticket */
	struct instant said_at, next_at, declared_at;
	int accounts, tickets, waiting; /* affected ones, the first included; tickets still to be told */
	int64_t mine;                   /* number of the reader's own ticket on it; 0 = none (problem_list) */
};
struct problem_ticket {
	int64_t number;
	struct str account_name, subject;
	enum ticket_state state;
	enum waiting_for waiting_for;
};
#define PROBLEM_TICKETS 50

/* ---- agents ---- */
/* The ticket is an open incident and not part of another one. `next_at` not set: no promise of a next update. */
struct problem_new {
	struct str title, text;
	bool shown;
	struct instant next_at;
};
MUST_USE enum rc problem_declare(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                 int64_t number, const struct problem_new *p, struct event_id seen, struct err *err);
/* Puts an open incident under a problem; `problem` 0 takes it out. It waits for others meanwhile. */
MUST_USE enum rc problem_link(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                              int64_t number, int64_t problem, struct event_id seen, struct err *err);
/* "Same problem", in one step: the ticket and the `others` become tickets of one known problem: the open one that some of
 * them are part of, else a new one, whose first ticket is the most critical of them, then the oldest. `p` is needed for a
 * new one only. All open incidents, or nothing is changed. *ret: the number of its first ticket. */
#define PROBLEM_SAME 20
MUST_USE enum rc problem_same(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                              int64_t number, const int64_t *others, size_t n, const struct problem_new *p,
                              struct event_id seen, int64_t *ret, struct err *err);
/* A public message on each ticket of the problem that is not resolved, by job. */
MUST_USE enum rc problem_say(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                             int64_t number, struct str text, struct instant next_at, struct err *err);
MUST_USE enum rc problem_show(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                              int64_t number, bool shown, struct err *err);
/* Resolves every ticket of a solved problem that is still open, by job. */
MUST_USE enum rc problem_close(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                               int64_t number, struct str text, struct err *err);

/* ---- customers ---- */
/* Opens a ticket for the contact's account, linked and waiting, or finds the one there is. As ticket_open():
 * RC_DENIED with the verdict's name when support does not cover it. */
MUST_USE enum rc problem_join(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                              int64_t problem, struct str text, int64_t *ret_number, struct err *err);

/* ---- reading ---- */
/* Open ones, newest first. Agents: all; customers: those that are shown, with `mine`. At most 20. */
MUST_USE enum rc problem_list(struct db_tx *tx, struct arena *out, const struct actor *who, struct problem **ret,
                              size_t *ret_n, struct err *err);
/* Of a ticket that is part of one: t->problem. Customers get no number and no counts. */
MUST_USE enum rc problem_find(struct db_tx *tx, struct arena *out, const struct actor *who, struct ticket_id id,
                              struct problem *ret, struct err *err);
/* Agents: its tickets but the first, open ones first; at most PROBLEM_TICKETS. */
MUST_USE enum rc problem_tickets(struct db_tx *tx, struct arena *out, struct ticket_id id, struct problem_ticket **ret,
                                 size_t *ret_n, struct err *err);

/* ---- job "problem.tell" {"update": id} ---- */
/* Brings an update to the next few tickets, each once whatever is repeated. *ret_more: call it again. */
MUST_USE enum rc problem_tell_step(struct db_tx *tx, struct arena *a, struct instant now, int64_t update, bool *ret_more,
                                   struct err *err);
#define PROBLEM_JOB "problem.tell"

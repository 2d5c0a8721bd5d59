/* ticket/checklist: what is to be done for a request. Administrators keep types of requests, each with its list; choosing
 * one puts the list on the ticket, where lines are ticked, added and dropped. Agents' own: customers never see it. */
#pragma once
#include "ticket/ticket.h"

#define CHECKLIST_MAX 50

struct request_type {
	int64_t id;
	struct str name, items; /* items: a line each */
	bool archived;
};
/* By name; `all`: archived ones, too. At most 200. */
MUST_USE enum rc request_type_list(struct db_tx *tx, struct arena *out, bool all, struct request_type **ret,
                                   size_t *ret_n, struct err *err);
/* id 0: a new one. Administrators. */
MUST_USE enum rc request_type_save(struct db_tx *tx, const struct actor *who, struct instant now,
                                   const struct request_type *t, int64_t *ret, struct err *err);

struct checklist_item {
	int64_t id;
	struct str text, done_by;
	struct instant done_at; /* not set: to do */
};
MUST_USE enum rc checklist_of(struct db_tx *tx, struct arena *out, struct ticket_id t, struct checklist_item **ret,
                              size_t *ret_n, struct err *err);
/* The type of an open request; its lines that are not there yet are added. */
MUST_USE enum rc checklist_choose(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                  int64_t number, int64_t type, struct err *err);
MUST_USE enum rc checklist_add(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                               int64_t number, struct str text, struct err *err);
/* Ticking what is ticked is nothing. RC_NOT_FOUND: not a line of this ticket. */
MUST_USE enum rc checklist_tick(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                int64_t number, int64_t item, bool done, struct err *err);
MUST_USE enum rc checklist_drop(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                int64_t number, int64_t item, struct err *err);

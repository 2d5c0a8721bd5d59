/* What problem.c asks of problem_store.c. */
#pragma once
#include "ticket/problem.h"
#include "ticket/ticket_private.h"

enum { PROBLEM_SAID = 1, PROBLEM_SOLVED, PROBLEM_CLOSE };
struct problem_update {
	int64_t id;
	struct ticket_id problem;
	int kind;
	struct str text, author;
	struct agent_id agent;
	int64_t told_to;
};
struct problem_next {
	int64_t id, number;
};

MUST_USE enum rc problem_insert(struct db_tx *tx, struct ticket_id id, struct instant now, const struct problem_new *p,
                                struct err *err);
MUST_USE enum rc problem_put_said(struct db_tx *tx, struct ticket_id id, struct instant now, struct str said,
                                  struct instant next_at, struct err *err);
MUST_USE enum rc problem_put_shown(struct db_tx *tx, struct ticket_id id, bool shown, struct err *err);
MUST_USE enum rc problem_put_link(struct db_tx *tx, struct ticket_id t, struct ticket_id problem, struct err *err);
/* The account's open ticket on a problem. RC_NOT_FOUND: it has none. */
MUST_USE enum rc problem_own(struct db_tx *tx, struct ticket_id problem, struct account_id account, int64_t *ret,
                             struct err *err);
MUST_USE enum rc problem_put_update(struct db_tx *tx, const struct problem_update *u, struct instant now, int64_t *ret,
                                    struct err *err);
/* RC_NOT_FOUND: it reached everybody. Locks it. */
MUST_USE enum rc problem_take_update(struct db_tx *tx, struct arena *a, int64_t id, struct problem_update *ret,
                                     struct err *err);
MUST_USE enum rc problem_behind(struct db_tx *tx, const struct problem_update *u, struct problem_next *to, size_t max,
                                size_t *ret_n, struct err *err);
MUST_USE enum rc problem_told(struct db_tx *tx, int64_t id, int64_t to, struct instant done, struct err *err);

/* What the files of clock/ share: rows. */
#pragma once
#include "clock/clock.h"

struct clock_ticket { /* what is needed of a ticket */
	struct ticket_id id;
	struct account_id account;
	enum ticket_kind kind;
	int criticality;
	struct instant opened_at;
	struct str plan_frozen, plan_now; /* at opening; of its subscription as it is */
};
/* `lock`: until the transaction ends nobody else refreshes it (PostgreSQL). */
MUST_USE enum rc clock_ticket(struct db_tx *tx, struct arena *out, struct ticket_id id, bool lock, struct clock_ticket *ret, struct err *err);
MUST_USE enum rc clock_policy_load(struct db_tx *tx, struct arena *out, int64_t id, struct clock_policy *ret, struct err *err);
/* The row for what the plan promises now; made when there is none. In a read snapshot: RC_NOT_FOUND when there is none. */
MUST_USE enum rc clock_policy_of(struct db_tx *tx, struct arena *a, struct str plan_code, struct instant now, bool make, int64_t *ret,
				 struct clock_policy *ret_policy, struct err *err);
MUST_USE enum rc clock_rows(struct db_tx *tx, struct arena *out, struct ticket_id id, struct clock_row **ret, size_t *ret_n, struct err *err);
MUST_USE enum rc clock_row_save(struct db_tx *tx, const struct clock_row *row, struct err *err);
MUST_USE enum rc clock_row_drop(struct db_tx *tx, const struct clock_row *row, struct err *err);
MUST_USE enum rc clock_due(struct db_tx *tx, struct arena *out, struct instant now, size_t max, struct ticket_id **ret, size_t *ret_n,
			   struct err *err);
MUST_USE enum rc clock_running_after(struct db_tx *tx, struct arena *out, struct ticket_id after, size_t max, struct ticket_id **ret, size_t *ret_n,
				     struct err *err);

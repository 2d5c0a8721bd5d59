/* What event.c asks of event_store.c. */
#pragma once
#include "event/event.h"

/* How far a reader is. SQLite: the id. PostgreSQL: transaction and id, in that order, see event_store.c. */
struct cursor {
	int64_t tx, id;
};
/* Oldest first, at most `max`; `to` is the cursor behind them. */
MUST_USE enum rc event_after(struct db_tx *tx, struct arena *out, struct cursor after, size_t max, struct event **ret,
                             size_t *ret_n, struct cursor *to, struct err *err);
/* Makes the row on first use; holds it until the transaction ends, so that two desks do not read the same events. */
MUST_USE enum rc reader_position(struct db_tx *tx, const char *name, struct cursor *ret, struct err *err);
MUST_USE enum rc reader_move(struct db_tx *tx, const char *name, struct cursor to, struct err *err);
MUST_USE enum rc reader_lag(struct db_tx *tx, const char *name, int64_t *ret, struct err *err);
/* RC_NOT_FOUND: nothing that may be read yet. */
MUST_USE enum rc reader_any(struct db_tx *tx, const char *name, struct err *err);

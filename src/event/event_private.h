/* What event.c asks of event_store.c. */
#pragma once
#include "event/event.h"

MUST_USE enum rc event_after(struct db_tx *tx, struct arena *out, struct event_id after, size_t max, struct event **ret, size_t *ret_n, struct err *err);
MUST_USE enum rc reader_position(struct db_tx *tx, const char *name, struct event_id *ret, struct err *err);
MUST_USE enum rc reader_move(struct db_tx *tx, const char *name, struct event_id to, struct err *err);
MUST_USE enum rc reader_lag(struct db_tx *tx, const char *name, int64_t *ret, struct err *err);

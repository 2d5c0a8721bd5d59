/* What the files of oncall/ share: rows of pages. */
#pragma once
#include "oncall/oncall.h"

MUST_USE enum rc page_insert(struct db_tx *tx, const struct oncall_page *p, struct str dedupe, int64_t *ret, struct err *err); /* 0: it is there */
MUST_USE enum rc page_has_active(struct db_tx *tx, struct ticket_id t, int64_t policy, bool *ret, struct err *err);
/* Locked until the transaction ends. */
MUST_USE enum rc page_lock(struct db_tx *tx, struct arena *out, int64_t id, struct oncall_page *ret, struct err *err);
MUST_USE enum rc page_save(struct db_tx *tx, const struct oncall_page *p, struct err *err);
MUST_USE enum rc page_active_of(struct db_tx *tx, struct arena *out, struct ticket_id t, int64_t **ret, size_t *ret_n, struct err *err);
MUST_USE enum rc page_people(struct db_tx *tx, struct arena *out, struct team_id team, bool supervisors, struct agent **ret, size_t *ret_n,
			     struct err *err);
MUST_USE enum rc page_clock_runs(struct db_tx *tx, struct ticket_id t, bool *ret, struct err *err);
/* To the ticket that it joined. */
MUST_USE enum rc page_hand_over(struct db_tx *tx, int64_t id, struct ticket_id to, struct err *err);

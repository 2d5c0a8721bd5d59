/* entitlement/plan_store: rows of plans, shared by the two stores of this room. */
#pragma once
#include "entitlement/entitlement.h"

/* Adds channels and targets to the plans of the list: two queries that give (plan_id, ...) rows in any order. `targets`
 * NULL: without them. */
MUST_USE enum rc plan_fill(struct db_tx *tx, const struct db_query *channels, const struct db_query *targets,
                           struct db_args args, struct plan *const *plans, size_t n, struct err *err);

/* account/change: what the change functions share: the event that tells a change, field by field. Private to account/.
 */
#pragma once
#include "account/rules.h"
#include "util/json.h"

/* {"what":...,"id":...,"name":...,"changed":{"field":[from,to],...}}; n counts the fields that differ. */
struct change {
	struct buf buf;
	struct json json;
	int n;
};
void change_begin(struct change *c, const char *what, int64_t id, struct str name);
void change_str(struct change *c, const char *field, struct str from, struct str to);
void change_i64(struct change *c, const char *field, int64_t from, int64_t to);
void change_time(struct change *c, const char *field, struct instant from, struct instant to);
void change_end(struct change *c);
#define AUTO_CHANGE CLEANUP(change_end) struct change
/* Appends the event; never public. Once per change. */
MUST_USE enum rc change_tell(struct db_tx *tx, const struct actor *who, struct instant now, const char *kind,
                             struct account_id account, struct change *c, struct err *err);
/* Agents and the program may, customers and read-only tokens not. */
MUST_USE enum rc change_by_desk(const struct actor *who, struct err *err);
struct str change_or(struct str s, const char *otherwise);
/* Plans are entitlement/'s; a subscription only needs the id and name behind a code. */
MUST_USE enum rc change_plan(struct db_tx *tx, struct arena *out, struct str code, struct plan_id *ret,
                             struct str *ret_name, struct err *err);

/* What the files of call/ share: rows. */
#pragma once
#include "call/call.h"

MUST_USE enum rc call_save(struct db_tx *tx, const struct call *c, struct err *err);
/* Contact by number: RC_NOT_FOUND when none or several. */
MUST_USE enum rc call_contact_of(struct db_tx *tx, struct str number, struct contact_id *ret, struct err *err);
/* By one-time PIN (which it ends) or personal PIN. RC_DENIED: neither. */
MUST_USE enum rc call_use_pin(struct db_tx *tx, struct arena *out, struct str pin, struct str pin_key,
                              struct instant now, struct contact_id *ret, struct draft_id *ret_draft, struct err *err);
struct call_draft {
	struct draft_id id;
	int64_t number;
	struct str data;
};
MUST_USE enum rc call_draft(struct db_tx *tx, struct arena *out, struct draft_id id, struct contact_id owner,
                            struct call_draft *ret, struct err *err);
MUST_USE enum rc call_tell(struct db_tx *tx, const struct call *c, struct instant now, const struct actor *who,
                           struct str data, struct err *err);
MUST_USE enum rc call_audio_add(struct db_tx *tx, int64_t call, const struct call_recording *r, struct instant now,
                                struct err *err);
/* Recordings that hang on nothing yet; they are marked as filed. */
MUST_USE enum rc call_audio_unfiled(struct db_tx *tx, struct arena *out, int64_t call, struct call_recording ret[4],
                                    size_t *ret_n, struct err *err);
MUST_USE enum rc call_leg_add(struct db_tx *tx, int64_t call, int n, struct agent_id agent, struct str number,
                              struct str result, struct instant now, bool *ret_new, struct err *err);

/* intake: from accepted bytes to a ticket.
 *
 * 1. The raw mail is complete, hashed and fsynced in the blob store (lmtp.c and deliver.c stream it there).
 * 2. intake_accept() writes one row a recipient and returns when that is durable. Only now may anybody say 250 or 0.
 * 3. The intake thread takes rows in order, has the raw mail parsed in the jail, and files it (file.c) in one
 *    transaction that also moves the row on; a crash anywhere leaves the row where it was, and it is taken again.
 * What cannot be parsed stays as quarantine, with its reason and its raw bytes. */
#pragma once
#include "desk/desk.h"

enum intake_channel { INTAKE_LMTP = 1, INTAKE_PIPE, INTAKE_IMAP };
enum intake_state { INTAKE_RECEIVED = 1, INTAKE_MESSAGE, INTAKE_TRIAGE, INTAKE_QUARANTINE, INTAKE_REFUSED, INTAKE_DUPLICATE };
const char *intake_state_name(enum intake_state s);

struct intake {
	struct intake_id id;
	enum intake_channel channel;
	enum intake_state state;
	struct instant received_at;
	struct str sha256, mail_from, rcpt, reason, from_addr, from_name, subject, message_id;
	int64_t size;
	struct ticket_id ticket;
	int tries;
};

/* Is this an address of the desk: support_addr, mail_addresses, or the keyed form of support_addr? Case is folded. */
bool intake_is_ours(const struct desk_config *c, struct str address);
/* One row a recipient, all durable on RC_OK. The same bytes for the same recipient again (a client that did not hear
 * our answer) is accepted and makes no second row. */
MUST_USE enum rc intake_accept(struct db *db, enum intake_channel channel, struct str sha256, int64_t size, struct str mail_from,
                               const struct str *rcpts, size_t n, struct instant now, struct err *err);

/* ---- the thread ---- */
struct intake_loop;
struct intake_loop *intake_start(struct desk *desk);
void intake_stop(struct intake_loop *l);
/* Files what waits, on the calling thread; returns how many rows moved on. For `carrel mail deliver --wait` and tests. */
size_t intake_run(struct desk *desk, size_t max);

/* ---- triage ---- */
MUST_USE enum rc intake_list(struct db_tx *tx, struct arena *out, enum intake_state state, int64_t before, size_t max, struct intake **ret, size_t *ret_n, struct err *err); /* newest first; before 0 = start */
MUST_USE enum rc intake_find(struct db_tx *tx, struct arena *out, struct intake_id id, struct intake *ret, struct err *err);
MUST_USE enum rc intake_reprocess(struct db_tx *tx, struct intake_id id, struct err *err); /* triage, quarantine or refused: to the start again */
MUST_USE enum rc intake_refuse(struct db_tx *tx, struct intake_id id, struct str reason, struct err *err);
/* accepted = messages + triage + quarantine + refused + duplicates + waiting, per channel. */
struct intake_counts { int64_t accepted, state[7]; };
MUST_USE enum rc intake_count(struct db_tx *tx, enum intake_channel channel, struct intake_counts *ret, struct err *err);

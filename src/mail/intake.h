/* intake: from accepted bytes to a ticket.
 *
 * 1. The raw mail is complete, hashed and fsynced in the blob store (lmtp.c and deliver.c stream it there), or, a small
 *    one, goes with its rows into the database.
 * 2. intake_accept() writes one row a recipient and returns when that is durable. Only now may anybody say 250 or 0.
 * 3. The intake thread takes rows in order, has the raw mail parsed in the jail, and files it (file.c) in one
 *    transaction that also moves the row on; a crash anywhere leaves the row where it was, and it is taken again.
 * What cannot be parsed stays as quarantine, with its reason and its raw bytes. */
#pragma once
#include "desk/desk.h"
#include "inbox/inbox.h"

/* Is this an address of the desk: support_addr, mail_addresses, or the keyed form of support_addr? Case is folded. */
bool intake_is_ours(const struct desk_config *c, struct str address);
/* One row a recipient, all durable on RC_OK. The same bytes for the same recipient again (a client that did not hear
 * our answer) is accepted and makes no second row. */
MUST_USE enum rc intake_accept(struct db *db, enum intake_channel channel, struct str sha256, int64_t size, struct str mail_from,
                               const struct str *rcpts, size_t n, struct instant now, struct err *err);
/* The same for a mail that is in memory, whole: its bytes are kept in the database, in the same transaction, until it is
 * filed. One sync for all mails that arrive together, where a blob wants one each. */
#define INTAKE_SMALL (64 << 10)
MUST_USE enum rc intake_accept_small(struct db *db, enum intake_channel channel, struct str raw, struct str mail_from,
                                     const struct str *rcpts, size_t n, struct instant now, struct err *err);

/* ---- the thread ---- */
struct intake_loop;
struct intake_loop *intake_start(struct desk *desk);
void intake_stop(struct intake_loop *l);
/* Files what waits, on the calling thread; returns how many rows moved on. For `carrel mail deliver --wait` and tests. */
size_t intake_run(struct desk *desk, struct instant now, size_t max);

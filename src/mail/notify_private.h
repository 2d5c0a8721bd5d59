/* What notify.c and sender.c ask of the database. */
#pragma once
#include "ticket/ticket.h"

/* The Message-ID of the newest mail that came in for the ticket; STR_NULL when none did. */
MUST_USE enum rc notify_parent(struct db_tx *tx, struct arena *a, struct ticket_id t, struct str *ret, struct err *err);
/* Ids of a message's attachments as a JSON array; STR_NULL when it has none. */
MUST_USE enum rc notify_files(struct db_tx *tx, struct arena *a, struct message_id m, struct str *ret, struct err *err);
MUST_USE enum rc notify_text(struct db_tx *tx, struct arena *a, struct message_id m, struct str *ret, struct err *err);
/* Managers of the whole account who can be reached; at most 20. */
MUST_USE enum rc notify_managers(struct db_tx *tx, struct arena *a, struct account_id account, struct recipient **ret, size_t *ret_n,
				 struct err *err);
struct said_before {
	struct str author, text;
	struct instant at;
};
/* Public messages before this one, newest first; of each 8,000 characters at most. */
MUST_USE enum rc notify_before(struct db_tx *tx, struct arena *a, struct ticket_id t, struct message_id m, size_t max,
			       struct said_before **ret, size_t *ret_n, struct err *err);
/* history.c: what was said before the message, below it, as the setting wants it; "" else. */
struct i18n;
MUST_USE enum rc notify_history(struct db_tx *tx, struct arena *a, const struct i18n *l, struct str zone, struct ticket_id t,
				struct message_id m, struct str *ret, struct err *err);
struct sent_file { struct str sha256, name, type, token; };
MUST_USE enum rc notify_file(struct db_tx *tx, struct arena *a, int64_t attachment, struct sent_file *ret, struct err *err);

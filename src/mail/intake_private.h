/* What intake.c, file.c and intake_store.c share. */
#pragma once
#include "mail/intake.h"
#include "mime/mime.h"
#include "ticket/ticket.h"

/* The decision and its effects, inside one write transaction. `a` is scratch that outlives the transaction's reruns. */
struct filing_job {
	struct desk *desk;
	struct arena *a;
	struct intake *in;         /* parsed facts are put in for the triage view */
	const struct mail *mail;
	const struct new_attachment *attachments; /* already in the blob store */
	size_t n_attachments, files_left; /* files_left: too many to be kept one by one */
	struct str forwarded;      /* words of the mail inside, when the mail has none of its own */
	struct str html;           /* as it is kept: quoted history folded, images as cid: */
	struct instant now;
	struct filing result;
};
MUST_USE enum rc file_mail(struct db_tx *tx, void *job, struct err *err);
/* Steps of it (file.c). settle: the row's end; thread: RC_NOT_FOUND when it answers nothing of ours. */
MUST_USE enum rc filing_settle(struct db_tx *tx, struct filing_job *job, enum intake_state state, struct str reason, struct ticket_id ticket, struct err *err);
MUST_USE enum rc filing_triage(struct db_tx *tx, struct filing_job *job, const char *why, struct err *err);
MUST_USE enum rc filing_thread(struct db_tx *tx, struct filing_job *job, struct ticket *ret, struct err *err);
struct message_new filing_message(const struct filing_job *job, bool automatic);
MUST_USE enum rc filing_open(struct db_tx *tx, struct filing_job *job, const struct contact *c, bool automatic, struct err *err);
/* What no person wrote (robot.c). */
MUST_USE enum rc file_automatic(struct db_tx *tx, struct filing_job *job, struct err *err);

/* The verdict of the MTA we trust (RFC 8601): only the topmost Authentication-Results of our authserv-id counts. */
enum auth_verdict { AUTH_NONE, AUTH_PASS, AUTH_FAIL };
enum auth_verdict authres_verdict(struct str headers, struct str authserv_id, struct str from_domain);

/* The same for filing, and where that server said nothing: what DNS said (origin.h). */
enum auth_verdict filing_auth(struct filing_job *job);
/* Nobody has said who sent it, and DNS is to be asked before it is filed. */
bool filing_wants_origin(const struct filing_job *job);
/* Must a mail be vouched for: is there anybody who could? */
bool filing_is_strict(const struct desk_config *c);

/* Mails that answer without a ticket: to unknown senders, and to contacts whose plan does not cover it. */
MUST_USE enum rc answer_unknown(struct db_tx *tx, struct filing_job *job, struct err *err);
MUST_USE enum rc answer_not_covered(struct db_tx *tx, struct filing_job *job, const struct contact *c, struct err *err);

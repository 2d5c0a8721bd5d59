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
	size_t n_attachments;
	struct str html;           /* as it is kept: quoted history folded, images as cid: */
	struct instant now;
	struct filing result;
};
MUST_USE enum rc file_mail(struct db_tx *tx, void *job, struct err *err);

/* The verdict of the MTA we trust (RFC 8601): only the topmost Authentication-Results of our authserv-id counts. */
enum auth_verdict { AUTH_NONE, AUTH_PASS, AUTH_FAIL };
enum auth_verdict authres_verdict(struct str headers, struct str authserv_id, struct str from_domain);

/* Mails that answer without a ticket: to unknown senders, and to contacts whose plan does not cover it. */
MUST_USE enum rc answer_unknown(struct db_tx *tx, struct filing_job *job, struct err *err);
MUST_USE enum rc answer_not_covered(struct db_tx *tx, struct filing_job *job, const struct contact *c, struct err *err);

/* imap: mailboxes as ways in. One thread a mailbox; what it read is an intake row and the new place in the mailbox, in
 * one transaction, and only then is the mail marked or moved there. Where it was is UIDVALIDITY and UID, never a flag:
 * whoever reads the mailbox beside us breaks nothing. */
#pragma once
#include "desk/desk.h"

struct mailbox {
	struct str name; /* "support" */
	struct str host, port, folder;
	bool starttls;
	struct str user, password_file, ca_file;
	struct str address; /* of the desk: its mails count as sent there, which gives them their kind */
	struct str team;    /* of its tickets, by name; "" = none */
	int kind, criticality; /* of its tickets, enum ticket_kind; 0 = by rules and address */
	struct str done;    /* "keep", "seen", "delete" or "move:FOLDER" */
	int poll_seconds;   /* without IDLE, and the longest wait with it */
	struct str oauth;   /* "", "xoauth2" or "oauthbearer" */
	struct str token_url, device_url, auth_url, auth_more, client_id, client_secret_file, scope, refresh_token_file;
};
/* Reads `mailboxes-file`: sections "[name]" with "key = value" lines. RC_INVALID names the line. */
MUST_USE enum rc mailboxes_read(struct arena *out, struct str text, struct str address, struct mailbox **ret,
                                size_t *ret_n, struct err *err);
MUST_USE enum rc mailboxes_load(struct arena *out, const struct desk_config *c, struct mailbox **ret, size_t *ret_n,
                                struct err *err);

struct imap;
/* Starts nothing and gives NULL when no mailbox is configured. */
MUST_USE enum rc imap_start(struct desk *desk, struct imap **ret, struct err *err);
void imap_stop(struct imap *i);

/* ---- oauth.c, oauth_code.c: access tokens (RFC 6749), and a first refresh token by another device (RFC 8628) or a browser ---- */
struct oauth {
	char token[8192];
	int64_t until; /* monotonic */
};
MUST_USE enum rc oauth_access(struct oauth *o, const struct mailbox *m, bool fresh, struct err *err);
/* Talks to the administrator on standard output until the refresh token is in its file. */
MUST_USE enum rc oauth_sign_in(const struct mailbox *m, struct err *err);
/* The same by a link that is opened in a browser on this machine or another (RFC 6749 4.1, RFC 7636, RFC 8252): the answer
 * comes to a port of loopback, or the address that the browser was sent to is pasted into `in` (standard input). */
MUST_USE enum rc oauth_sign_in_browser(const struct mailbox *m, int in, struct err *err);

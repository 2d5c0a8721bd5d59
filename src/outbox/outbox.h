/* outbox: every outgoing mail is a row before it is a mail, written in the transaction that causes it. mail/ sends
 * them. Here also: the budget that ends loops, our Message-IDs and the keyed reply address. */
#pragma once
#include "db/db.h"

/* Answers of the program to somebody's mail have a budget, so that two programs end; what it tells by itself to those who
 * chose to be told (RFC 3834, section 2: "auto-generated") answers nobody and has none. */
enum outmail_automatic { OUTMAIL_BY_PERSON, OUTMAIL_REPLIED, OUTMAIL_GENERATED };
struct outmail {               /* what is to be sent; strings are borrowed during the call */
	struct str dedupe;     /* STR_NULL = none; an equal row makes the call a no-op (RC_OK, id 0) */
	struct ticket_id ticket;
	struct message_id message; /* the ticket message it carries */
	const char *kind;      /* "ack", "reply", ... see sql/0003_service.sql */
	int automatic;         /* enum outmail_automatic */
	struct str from_name, from_addr, to_name, to_addr;
	struct str reply_to;
	struct str message_id; /* without <>; STR_NULL: a fresh one is made */
	struct str in_reply_to, refs;
	struct str subject, text, html; /* html STR_NULL: made from the text when it is sent */
	struct str attachments;         /* JSON array of attachment ids; STR_NULL = none */
	struct str unsubscribe;         /* address of a page that ends mails like this (RFC 2369, RFC 8058); STR_NULL: a conversation */
	struct instant at;              /* not before */
};
/* Queues. Automatic mail beyond the budget (1 per address and ticket a day, without a ticket 1 per kind, 10 an hour per address) or to a
 * robot's address is stored as suppressed, with the reason, and RC_OK: nothing is dropped unseen. Control characters
 * in any header field, and addresses that are no single address, are refused with RC_INVALID (S-19). */
MUST_USE enum rc outbox_put(struct db_tx *tx, const struct outmail *m, struct instant now, struct outmail_id *ret, struct err *err);

/* People's text as it may stand in a header, for subjects and names: control characters, line ends of any kind and signs that change the
 * direction of writing become spaces, runs of spaces one; at most 250 characters. */
struct str mail_header_text(struct arena *a, struct str text);

/* Keys, from config: MACs over the ticket's mail_token. Newest first; older ones still verify (rotation). */
struct mail_keys { struct str key[4]; size_t n; struct str domain; /* of Message-IDs */ struct str reply_local, reply_domain; /* "support", "desk.example": support+<token>@desk.example */ };
#define MAIL_LOCAL_MAX 14 /* longest local part of support_addr: see outbox.c */
/* "<local>+<32 letters token>.<16 letters mac>@<domain>": proof that the writer got a mail of this ticket. All of it is
 * lower-case letters and digits: mail servers may fold the case of a local part, so ASCII case is folded before it is
 * looked at. Every other change of a letter makes it worthless. */
struct str mail_reply_address(struct arena *a, const struct mail_keys *k, struct str mail_token);
/* Checks one envelope or To address in constant time; RC_OK fills the ticket's mail_token. */
MUST_USE enum rc mail_reply_token(struct arena *a, const struct mail_keys *k, struct str address, struct str *ret_token);
/* Our Message-ID carries the same proof: "<rand>.<token>.<mac>@domain". */
struct str mail_message_id(struct arena *a, const struct mail_keys *k, struct str mail_token);
MUST_USE enum rc mail_message_id_token(struct arena *a, const struct mail_keys *k, struct str message_id, struct str *ret_token);
/* In the links of an acknowledgement, and good for nothing else. */
struct str mail_claim_link(struct arena *a, const struct mail_keys *k, struct str mail_token);
MUST_USE enum rc mail_claim_token(struct arena *a, const struct mail_keys *k, struct str link, struct str *ret_token);
/* In the link to a file that was too large for its mail: opens that file (by its 32 letters) until then, and no other. */
struct str mail_file_link(struct arena *a, const struct mail_keys *k, struct str file_token, struct instant until);
/* RC_INVALID: not ours; RC_DENIED: it was, and its time is over. */
MUST_USE enum rc mail_file_token(struct arena *a, const struct mail_keys *k, struct str link, struct instant now, struct str *ret_token);
/* Envelope sender of one mail (VERP): what comes back to it is about that mail, whatever it says inside. */
struct str mail_bounce_address(struct arena *a, const struct mail_keys *k, struct outmail_id id);
MUST_USE enum rc mail_bounce_id(struct arena *a, const struct mail_keys *k, struct str address, struct outmail_id *ret);
/* The pseudo parent all mails of a ticket refer to, so that clients thread them: "ticket-1042@domain". */
struct str mail_parent_id(struct arena *a, const struct mail_keys *k, int64_t number);
/* mailer-daemon, postmaster, abuse, root, no-reply...: never written to by a robot. */
bool mail_is_robot(struct str address);

/* For the sender (mail/) and for views. */
struct outmail_row {
	struct outmail_id id;
	struct ticket_id ticket;
	struct message_id message;
	struct str kind, from_name, from_addr, to_name, to_addr, reply_to, message_id, in_reply_to, refs, subject, text, html, attachments, error, unsubscribe;
	int automatic;         /* enum outmail_automatic */
	int state, tries;      /* enum outmail_state */
	struct instant created_at, next_at, sent_at;
	struct instant tried_since; /* created, or the last time somebody had it sent again */
	struct instant seen_at;     /* when it was dismissed, by whom; not set: it was not */
	struct str seen_by;
};
enum outmail_state { OUTMAIL_QUEUED = 1, OUTMAIL_SENT, OUTMAIL_FAILED, OUTMAIL_SUPPRESSED, OUTMAIL_BOUNCED };
/* Takes up to `max` due rows by moving their next_at `lease_us` ahead: another sender does not see them meanwhile. */
MUST_USE enum rc outbox_take(struct db_tx *tx, struct arena *out, struct instant now, int64_t lease_us, size_t max,
                             struct outmail_row **ret, size_t *ret_n, struct err *err);
/* Is anything due? One cheap read, so that an idle desk writes nothing. */
MUST_USE enum rc outbox_due(struct db_tx *tx, struct instant now, bool *ret, struct err *err);
/* Not now, and it was no try. */
MUST_USE enum rc outbox_postpone(struct db_tx *tx, struct outmail_id id, struct instant until, struct err *err);
MUST_USE enum rc outbox_sent(struct db_tx *tx, struct outmail_id id, struct instant now, struct err *err);
/* retry_at not set: failed for good. */
MUST_USE enum rc outbox_failed(struct db_tx *tx, struct outmail_id id, struct str error, struct instant retry_at, struct err *err);
MUST_USE enum rc outbox_find(struct db_tx *tx, struct arena *out, struct outmail_id id, struct outmail_row *ret, struct err *err);
MUST_USE enum rc outbox_find_message_id(struct db_tx *tx, struct arena *out, struct str message_id, struct outmail_row *ret, struct err *err);
/* It came back: RC_OK and *ret_new when nobody knew. */
MUST_USE enum rc outbox_bounced(struct db_tx *tx, struct outmail_id id, struct str why, bool *ret_new, struct err *err);
/* What failed for good or came back, newest first; `dismissed`: instead those somebody had seen, last seen first. */
MUST_USE enum rc outbox_undelivered(struct db_tx *tx, struct arena *out, bool dismissed, size_t max, struct outmail_row **ret,
                                    size_t *ret_n, struct err *err);
/* One undelivered mail, or, with `to`, those to an address that nobody dismissed. */
struct outmail_pick {
	struct outmail_id id;
	struct str to;
};
/* Queued again as if they were new, with the same Message-ID, and given back, not more than 200 at a time. RC_NOT_FOUND:
 * there is none among the undelivered any more. */
MUST_USE enum rc outbox_again(struct db_tx *tx, struct arena *out, struct outmail_pick which, struct instant now, struct outmail_row **ret,
                              size_t *ret_n, struct err *err);
/* Dismissed: off the list and its count, with who and when. RC_NOT_FOUND as above. A mail that fails anew is listed anew. */
MUST_USE enum rc outbox_seen(struct db_tx *tx, struct outmail_pick which, struct str who, struct instant now, struct err *err);
MUST_USE enum rc outbox_unseen(struct db_tx *tx, struct outmail_id id, struct err *err);
MUST_USE enum rc outbox_list(struct db_tx *tx, struct arena *out, int state, size_t max, struct outmail_row **ret, size_t *ret_n, struct err *err);

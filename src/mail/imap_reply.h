/* imap_reply: one answer of an IMAP server (RFC 3501, RFC 9051), read. Pure: text in, structure out; nothing it says is
 * believed beyond its form. Literals were taken out by imap_conn.c, which is the only one that counts their bytes. */
#pragma once
#include "util/arena.h"

#define IMAP_LINE_MAX 65536
#define IMAP_LITERAL  '\x01' /* stands where a literal was */

enum imap_kind {
	IMAP_OTHER,
	IMAP_OK,
	IMAP_NO,
	IMAP_BAD,
	IMAP_BYE,
	IMAP_PREAUTH,
	IMAP_MORE /* "+" */,
	IMAP_EXISTS,
	IMAP_EXPUNGE,
	IMAP_FETCH,
	IMAP_CAPABILITY
};
struct imap_reply {
	bool tagged;
	struct str tag;
	enum imap_kind kind;
	struct str text;         /* for people, of OK, NO, BAD, BYE and + */
	struct str code;         /* in brackets: "AUTHENTICATIONFAILED" */
	uint32_t number;         /* EXISTS, EXPUNGE, FETCH; the number of a code */
	uint32_t uid;            /* FETCH; 0: it does not say */
	int64_t size;            /* FETCH RFC822.SIZE; -1 */
	bool body;               /* FETCH: a body came as a literal */
	struct str body_text;    /* FETCH: or as a quoted string, or NIL */
	struct str capabilities; /* the words of a CAPABILITY, wherever it stands */
};
/* RC_INVALID: it is no answer of an IMAP server. */
MUST_USE enum rc imap_reply_read(struct str line, struct imap_reply *ret, struct err *err);
bool imap_can(struct str capabilities, const char *word);
/* Does the unfinished line want a literal? Its length; -1 when not, -2 when it is no number or more than 4 GB. */
int64_t imap_literal(struct str line);
/* Is what comes behind this unfinished line the body that was asked for? */
bool imap_wants_body(struct str line);
/* "x" with quotes for a command; RC_INVALID when it cannot be said so (control characters, 8 bit). */
MUST_USE enum rc imap_quoted(struct arena *a, struct str s, struct str *ret);

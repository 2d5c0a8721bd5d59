/* What jail.c (the parent) and worker.c (the child) agree on.
 *
 * Request: op, length (4 bytes, little endian), bytes. Answer: a byte of enum rc, with RETIRING set when the worker
 * ends after it, length, bytes: wire.c's form, or "code NUL sentence" when it is not RC_OK. */
#pragma once
#include "jail/jail.h"

#define JAIL_FD      3
#define JAIL_REQUEST (96u << 20)
#define RETIRING     0x80
#define HEAD         5

/* OP_TEST_*: only when CARREL_TEST_FAULTS=1 in the environment of the parent. */
enum jail_op {
	OP_MAIL = 1,
	OP_HTML,
	OP_PICTURE,
	OP_ORIGIN,
	OP_TEST_OPEN,
	OP_TEST_SOCKET,
	OP_TEST_HANG,
	OP_TEST_EXEC,
	OP_TEST_LIE
};

struct html_request { /* in front of the bytes of OP_HTML */
	uint32_t max_output;
	uint8_t keep_cid;
	uint8_t prefix_n;
	char prefix[64];
};

/* picture.c, in the worker. Out: width, height (4 bytes each, little endian), and the small one as WebP, or nothing. */
MUST_USE enum rc jail_do_picture(struct str bytes, uint32_t side, struct buf *out, struct err *err);

/* origin.c: the question and the answer of OP_ORIGIN; the reader of either believes no length. */
void jail_warm_origin(void); /* loads what signatures are checked with, before no file can be opened */
void jail_put_origin_mail(struct buf *out, const struct origin_mail *m); /* all but raw, which follows it */
MUST_USE enum rc jail_do_origin(struct str bytes, struct buf *out, struct err *err);

/* For tests. */
MUST_USE enum rc jail_ask(struct jail *j, struct arena *a, enum jail_op op, struct str head, struct str bytes,
                          struct str *ret, struct err *err);
void jail_set_deadline(struct jail *j, int64_t us);

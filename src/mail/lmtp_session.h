/* lmtp_session: the LMTP server dialogue (RFC 2033 on RFC 5321) as a pure state machine: bytes in, replies and calls
 * out, no sockets. lmtp.c gives it a connection; the fuzzer gives it anything.
 *
 * Only CR LF "." CR LF ends a message. A bare LF or CR is data like any other, so no other spelling can smuggle a
 * second message in (the SMTP smuggling of CVE-2023-51764 to -51766). Commands must end in CR LF or LF within 2048
 * bytes; 20 bad commands end the session. */
#pragma once
#include "util/buf.h"

#define LMTP_MAX_RCPT 100
#define LMTP_MAX_LINE 2048

struct lmtp_session;
struct lmtp_calls {                                   /* what the dialogue asks of its owner */
	/* RC_OK accepts. The sentence in err goes into the reply. */
	enum rc (*mail)(void *arg, struct str from, int64_t size, struct err *err); /* size -1: not said */
	enum rc (*rcpt)(void *arg, struct str to, struct err *err);
	enum rc (*begin)(void *arg, struct err *err);  /* DATA: room for a message? */
	void (*data)(void *arg, struct str bytes);     /* dot-unstuffed, in pieces */
	/* The message is complete: results per recipient, in order; RC_OK only when it is durable. */
	void (*end)(void *arg, enum rc *results, struct err *errs, size_t n);
	void (*reset)(void *arg);                      /* forget the transaction */
};

struct lmtp_session *lmtp_new(const char *hostname, int64_t max_size, const struct lmtp_calls *calls, void *arg);
void lmtp_free(struct lmtp_session *s);
void lmtp_greet(struct lmtp_session *s, struct buf *out);
/* Takes all of `in`, adds replies to `out`. False: close after `out` is sent. */
bool lmtp_feed(struct lmtp_session *s, struct str in, struct buf *out);

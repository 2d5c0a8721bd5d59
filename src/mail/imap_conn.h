/* imap_conn: a connection to an IMAP server that may lie. TLS is always there and always checked; every wait has an
 * end, every line and literal a length. What it says is imap_reply.c's, what is asked imap.c's. */
#pragma once
#include "mail/imap_reply.h"
#include <stdatomic.h>

struct imap_conn;
struct imap_where {
	struct str host, port;
	bool starttls;      /* else TLS from the first byte */
	struct str ca_file; /* "" = the system's */
	const atomic_bool *stop;
};
typedef enum rc imap_sink_fn(void *arg, struct str bytes, struct err *err);

/* Connects, proves the server's name, reads the greeting. RC_RETRY with a sentence. */
MUST_USE enum rc imap_open(const struct imap_where *w, struct imap_conn **ret, struct err *err);
void imap_close(struct imap_conn *c);
/* Sends "TAG text CRLF"; the tag is the connection's own. `text` never holds a line end. */
MUST_USE enum rc imap_send(struct imap_conn *c, struct str text, struct err *err);
MUST_USE enum rc imap_send_raw(struct imap_conn *c, struct str line,
                               struct err *err); /* without a tag: DONE, and for + */
/* The next answer, within `wait_ms`; its strings live until the next call. RC_NOT_FOUND: nothing came in time (before
 * the first byte). A body literal of at most `max` bytes goes to `sink`; without a sink it is a fault of the server. */
MUST_USE enum rc imap_next(struct imap_conn *c, int wait_ms, int64_t max, imap_sink_fn *sink, void *arg,
                           struct imap_reply *ret, struct err *err);
/* Is it the answer to the last command? */
bool imap_is_mine(const struct imap_conn *c, const struct imap_reply *r);
struct str imap_capabilities(const struct imap_conn *c);
void imap_learn(struct imap_conn *c, const struct imap_reply *r);

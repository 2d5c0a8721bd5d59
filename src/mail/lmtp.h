/* lmtp: the listener where the MTA hands mail over. A thread a connection (the MTA is one peer with few connections),
 * bounded in number and time; the dialogue is lmtp_session.c's. */
#pragma once
#include "desk/desk.h"

struct lmtp;
/* listen: "127.0.0.1:2424", "[::1]:2424" (port 0: any free one) or the path of a Unix socket (mode 0660). */
MUST_USE enum rc lmtp_start(struct desk *desk, struct str listen, struct lmtp **ret, struct err *err);
int lmtp_port(const struct lmtp *l); /* 0 for a Unix socket */
void lmtp_stop(struct lmtp *l);      /* lets open transactions end, at most 5 s */
struct lmtp_stats { uint64_t connections, messages, refused, temporary; int open; };
void lmtp_stats(const struct lmtp *l, struct lmtp_stats *ret);

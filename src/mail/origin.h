/* Who sent it, found out by ourselves: SPF, DKIM and DMARC of mail for which no server we trust has spoken.
 *
 * A mail whose origin is not known yet is set aside (ORIGIN_ASKING) and is not filed; others go on. Threads of their
 * own ask DNS, put the answers before the jail, and write the verdict on the row, which is filed then. When DNS is
 * silent for five minutes the mail goes to triage, unverified, and DNS is asked again for a day: as soon as it answers,
 * the mail is filed as if it came now. */
#pragma once
#include "desk/desk.h"
#include "inbox/inbox.h"
#include "mime/origin.h"

#define ORIGIN_SECONDS  20              /* for all questions about one mail */
#define ORIGIN_PATIENCE (5 * MINUTE_US) /* then it is filed unverified */

/* ---- resolver.c: questions to a resolver near by, over UDP and, where an answer does not fit, TCP ---- */
struct resolver;
/* where: "system" (the name servers of /etc/resolv.conf), "127.0.0.1", "127.0.0.1:5353", "[::1]:53". RC_INVALID with a
 * sentence. Thread-safe: it holds addresses only. */
MUST_USE enum rc resolver_open(struct str where, struct resolver **ret, struct err *err);
void resolver_close(struct resolver *r);
/* The packet as it came, in `a`; "" when nobody answered in time. Only its number is looked at. */
struct str resolver_ask(const struct resolver *r, struct arena *a, const struct dns_ask *ask,
                        int64_t deadline_monotonic_us);

/* ---- origin.c ---- */
struct origin_loop;
MUST_USE enum rc origin_start(struct desk *desk, struct origin_loop **ret,
                              struct err *err); /* *ret NULL when mail-dns is empty */
void origin_stop(struct origin_loop *l);
/* Asks for what is due, on the calling thread; returns how many rows have a verdict now. For `carrel mail run` and
 * tests. */
size_t origin_run(struct desk *desk, const struct resolver *r, struct instant now, int share, int n_shares);

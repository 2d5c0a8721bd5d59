/* jail: other processes that read what strangers wrote.
 *
 * A worker is this same program run as `carrel jail` with one end of a socket pair as descriptor 3. It warms up (zones,
 * character sets), then gives up everything: no files, no network, no new programs (seccomp), bounded memory and CPU
 * time. Bytes go in, a plain structure comes out; the parent believes no length the worker says. A mail that kills its
 * worker, or takes longer than JAIL_SECONDS, is the mail's fault: RC_INVALID, quarantine it. One worker is kept, more
 * start on demand. Thread-safe: any number of threads may ask; at most `max_workers` run at a time, others wait. */
#pragma once
#include "mime/mime.h"
#include "mime/origin.h"

#define JAIL_SECONDS 5

struct jail;
/* program: path of this binary. Starts nothing yet. */
struct jail *jail_new(const char *program, int max_workers);
void jail_free(struct jail *j);

/* RC_INVALID: the bytes cannot be parsed (err->code "crashed", "timeout", "unreadable"); the worker was replaced.
 * RC_RETRY: no worker could be started; try again later. */
MUST_USE enum rc jail_mail(struct jail *j, struct arena *a, struct str raw, struct mail *ret, struct err *err);
/* The same for a mail in a file, which does not pass through our memory. RC_RETRY: it cannot be read. */
MUST_USE enum rc jail_mail_file(struct jail *j, struct arena *a, int fd, size_t size, struct mail *ret, struct err *err);
MUST_USE enum rc jail_html(struct jail *j, struct arena *a, struct str dirty, const struct html_options *o,
                           struct html_result *ret, struct err *err);
/* PNG, JPEG, GIF or WebP: its size in pixels as it is shown (EXIF's turn considered), and, when a side is longer than
 * `side` and it is no animation, a small one as WebP whose longer side is `side`. */
struct jail_picture {
	uint32_t width, height;
	struct str thumb; /* STR_NULL: none is needed */
};
MUST_USE enum rc jail_picture(struct jail *j, struct arena *a, struct str bytes, uint32_t side,
                              struct jail_picture *ret, struct err *err);
/* origin_check() there: signatures and packets of DNS are strangers' bytes. */
MUST_USE enum rc jail_origin(struct jail *j, struct arena *a, const struct origin_mail *m, struct origin *ret,
                             struct err *err);
struct jail_stats {
	uint64_t requests, crashes, timeouts, starts;
	int workers;
};
void jail_stats(struct jail *j, struct jail_stats *ret);

/* The worker. fd is the socket; returns the exit code when the parent closes it. */
int jail_main(int fd);

/* ---- wire.c: the answer on the socket, type-length-value; public for tests and the fuzzer ---- */
void jail_put_mail(struct buf *out, const struct mail *m);
/* The same in pieces, large values where they are: *ret_n strings which together are the answer. The small ones borrow
 * from `out`, which must not change until they are written. */
void jail_put_mail_pieces(struct arena *a, struct buf *out, const struct mail *m, struct str **ret, size_t *ret_n);
/* Strings of *ret borrow from `wire`. RC_INVALID on any lie. */
MUST_USE enum rc jail_get_mail(struct arena *a, struct str wire, struct mail *ret, struct err *err);
void jail_put_html(struct buf *out, const struct html_result *r);
MUST_USE enum rc jail_get_html(struct str wire, struct html_result *ret, struct err *err);

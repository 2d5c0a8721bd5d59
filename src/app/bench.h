/* What the measuring commands share. `carrel bench seed` is bench.c; what loads a desk or gives the limit to compare
 * with is bench_load.c, of clocks bench_clock.c, of mails bench_mail.c, their queries bench_store.c. bench/run puts them together. */
#pragma once
#include "app/app.h"

struct bench_options {
	int64_t tickets, seconds, connections, times;
	struct str to, rcpt;
};
int bench_seed(struct app *app, const struct bench_options *o, char *const *flags);
int bench_commits(struct app *app, const struct bench_options *o, char *const *flags);
int bench_lmtp(struct app *app, const struct bench_options *o, char *const *flags);
int bench_search(struct app *app, const struct bench_options *o, char *const *flags);
int bench_clocks(struct app *app, const struct bench_options *o, char *const *flags);
int bench_mails(struct app *app, const struct bench_options *o, char *const *flags);
int bench_calendar(struct app *app, const struct bench_options *o, char *const *flags);

/* The rows of one ticket's opening, and nothing else: no checks, no reading. `n` must differ for every call on a
 * database. RC_NOT_FOUND: there is no ticket yet to take after. */
MUST_USE enum rc bench_rows(struct db_tx *tx, int64_t n, struct instant now, struct err *err);
/* Every ticket has a running clock that is due in a year. *ret: how many tickets have one. */
MUST_USE enum rc bench_run_clocks(struct db_tx *tx, struct instant now, int64_t *ret, struct err *err);

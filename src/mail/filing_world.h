/* filing_world: a desk that takes mail, for the tests of this room: the people of ticket_world, a blob store, a jail.
 */
#pragma once
#include "mail/intake.h"
#include "ticket/ticket_world.h"

struct mail_world {
	struct world w;
	struct desk desk;
	struct intake last;      /* what filing_take() filed */
	struct ticket_view view; /* of its ticket, as an agent sees it */
};
void filing_make(struct test *t, struct mail_world *m);
void filing_end(struct mail_world *m);
/* Accepts a mail for `rcpt` and files it; `last` and `view` say what became of it. LF in `raw` is enough. */
void filing_take_as(struct test *t, struct mail_world *m, struct str raw, const char *mail_from, const char *rcpt);
void filing_take(struct test *t, struct mail_world *m, const char *raw); /* from its From, to support@ */
void filing_settle_all(struct test *t, struct mail_world *m); /* what waits is filed; `last` is the newest row */
struct str filing_reply_address(struct test *t, struct mail_world *m);   /* keyed, of the ticket in view */
/* Lets the reader of the log write its mails. */
void filing_notify(struct test *t, struct mail_world *m);
/* Queued and sent mails to one address. */
size_t filing_outgoing(struct test *t, struct mail_world *m, const char *to, struct outmail_row **ret);

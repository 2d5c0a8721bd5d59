/* Administration: mails that failed or came back, why in words, and sending them again. What is tried when, and when it
 * is given up, is mail/sender.c's. */
#include "event/event.h"
#include "tmpl.h"
#include "web/admin_view.h"
#include "web/signin_private.h"
#include <stdlib.h>

#define MAX_SHOWN 200

struct mails {
	struct req *q;
	struct outmail_row *rows;
	size_t n;
};

/* What servers and libraries say, as people say it; the first that fits. Codes are those of RFC 3463. */
static const char *in_words(const struct outmail_row *m)
{
	static const struct {
		const char *has, *why;
	} row[] = {
		{ "SSL", N_("No safe connection came about for five days: encryption or certificate of the server.") },
		{ "STARTTLS", N_("No safe connection came about for five days: encryption or certificate of the server.") },
		{ "certificate", N_("No safe connection came about for five days: encryption or certificate of the server.") },
		{ "5.1.1", N_("There is no such address.") },
		{ "5.1.2", N_("There is no such mail server: look at what stands behind the @.") },
		{ "5.1.10", N_("That domain takes no mail.") },
		{ "5.2.1", N_("The mailbox takes no mail at present.") },
		{ "5.2.2", N_("The mailbox is full.") },
		{ "5.2.3", N_("The mail is too large for that mailbox.") },
		{ "5.3.4", N_("The mail is too large for that server.") },
		{ "5.4.", N_("The mail server of that address could not be reached.") },
		{ "5.7.", N_("The server refused the mail: a filter, or a rule against our sender.") },
		{ "answered 550", N_("There is no such address, or it takes no mail from us.") },
		{ "answered 551", N_("There is no such address.") },
		{ "answered 552", N_("The mailbox is full, or the mail is too large.") },
		{ "answered 553", N_("The server does not take this address.") },
		{ "answered 554", N_("The server refused the mail.") },
		{ "answered 4", N_("The server put us off for five days.") },
		{ "timed out", N_("The server did not answer for five days.") },
		{ "timeout", N_("The server did not answer for five days.") },
		{ "connect", N_("The server could not be reached for five days.") },
		{ "resolve", N_("The server could not be reached for five days.") },
	};

	for (size_t i = 0; i < COUNT(row); i++)
		if (str_find(m->error, str_of(row[i].has)) != STR_NONE)
			return row[i].why;
	return m->state == OUTMAIL_BOUNCED ? N_("The mail came back.") : N_("The mail could not be delivered.");
}

static enum rc load_mails(struct db_tx *tx, void *arg, struct err *err)
{
	struct mails *m = arg;

	return outbox_undelivered(tx, m->q->arena, MAX_SHOWN, &m->rows, &m->n, err);
}

static int by_address(const void *x, const void *y)
{
	const struct admin_mail *a = *(struct admin_mail *const *)x, *b = *(struct admin_mail *const *)y;
	int c = str_cmp(a->to, b->to);

	return c ? c : (b->id > a->id) - (b->id < a->id);
}

/* The newest mail of each address that has several offers to send all of them. */
static void mark_addresses(struct arena *a, struct admin_mails *v)
{
	struct admin_mail **at = arena_array(a, struct admin_mail *, v->n + 1);

	for (size_t i = 0; i < v->n; i++)
		at[i] = &v->mails[i];
	qsort(at, v->n, sizeof(*at), by_address);
	for (size_t i = 0; i + 1 < v->n; i++)
		at[i]->first_to = str_eq(at[i]->to, at[i + 1]->to) && (i == 0 || !str_eq(at[i]->to, at[i - 1]->to));
}

enum rc admin_mails_show(struct req *q, struct resp *r)
{
	struct mails m = { .q = q };
	struct page p;
	enum rc rc = db_read(web_desk(q)->db, load_mails, &m, req_err(q));

	if (rc != RC_OK)
		return rc;
	struct out o = admin_begin(q, r, &p, _(web_lang(q), "Failed mails"));
	struct admin_mails v = { .p = &p, .mails = arena_array(q->arena, struct admin_mail, m.n + 1), .more = m.n == MAX_SHOWN };

	for (size_t i = 0; i < m.n; i++)
		v.mails[v.n++] = (struct admin_mail){ .id = m.rows[i].id.v,
			                              .to = m.rows[i].to_addr,
			                              .subject = m.rows[i].subject,
			                              .error = m.rows[i].error,
			                              .why = in_words(&m.rows[i]),
			                              .created_at = m.rows[i].created_at };
	mark_addresses(q->arena, &v);
	tmpl_admin_mails(&o, &v);
	return RC_OK;
}

static enum rc send_again(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	struct outmail_id id = { 0 };
	int64_t n = 0;
	enum rc rc;

	if (req_int(q, "id", &id.v))
		rc = outbox_again(tx, id, q->now, err);
	else
		rc = outbox_again_to(tx, req_field(q, "to"), q->now, &n, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, rc, "This mail is not on the list any more: it was sent again already. Nothing was changed.");
	return rc == RC_OK ? signin_event(tx, q, &q->actor, EV_AUTH, "undelivered mail sent again", err) : rc;
}

enum rc admin_mails_do(struct req *q, struct resp *r)
{
	enum rc rc = db_write(web_desk(q)->db, send_again, q, req_err(q));

	return rc == RC_OK ? web_done(r, _(web_lang(q), "Queued. What cannot be delivered comes back to this page."),
	                              STR("/desk/admin/mails"))
	                   : rc;
}

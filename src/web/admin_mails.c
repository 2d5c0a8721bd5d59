/* Administration: mails that failed or came back, why in words, sending them again and dismissing them. What is tried when, and when it
 * is given up, is mail/sender.c's. */
#include "event/event.h"
#include "tmpl.h"
#include "web/admin_view.h"
#include "util/json.h"
#include "web/signin_private.h"
#include <stdlib.h>

#define MAX_SHOWN 200

struct mails {
	struct req *q;
	struct outmail_row *rows;
	size_t n;
	bool dismissed;
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

	return outbox_undelivered(tx, m->q->arena, m->dismissed, MAX_SHOWN, &m->rows, &m->n, err);
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
	struct mails m = { .q = q, .dismissed = str_is(req_field(q, "dismissed"), "1") };
	struct page p;
	enum rc rc = db_read(web_desk(q)->db, load_mails, &m, req_err(q));

	if (rc != RC_OK)
		return rc;
	struct out o = admin_begin(q, r, &p, _(web_lang(q), "Failed mails"));
	struct admin_mails v = { .p = &p, .mails = arena_array(q->arena, struct admin_mail, m.n + 1), .more = m.n == MAX_SHOWN, .dismissed = m.dismissed };

	for (size_t i = 0; i < m.n; i++)
		v.mails[v.n++] = (struct admin_mail){ .id = m.rows[i].id.v,
			                              .to = m.rows[i].to_addr,
			                              .subject = m.rows[i].subject,
			                              .error = m.rows[i].error,
			                              .why = in_words(&m.rows[i]),
			                              .created_at = m.rows[i].created_at,
			                              .seen_at = m.rows[i].seen_at,
			                              .seen_by = m.rows[i].seen_by };
	if (!v.dismissed)
		mark_addresses(q->arena, &v);
	tmpl_admin_mails(&o, &v);
	return RC_OK;
}

/* On the timeline of its ticket, for agents. */
static enum rc tell_ticket(struct db_tx *tx, const struct req *q, const struct outmail_row *m, struct err *err)
{
	struct event e = { .at = q->now, .kind = STR_INIT(EV_MAIL_AGAIN), .ticket = m->ticket, .message = m->message };
	AUTO_BUF b;
	struct json j;

	buf_init(&b, 4000);
	json_init(&j, &b);
	json_obj(&j);
	json_kstr(&j, "to", m->to_addr);
	json_end_obj(&j);
	e.data = buf_str(&b);
	event_by(&e, &q->actor);
	return event_append(tx, &e, NULL, err);
}

static enum rc send_again(struct db_tx *tx, struct req *q, struct outmail_pick which, struct err *err)
{
	struct outmail_row *at = NULL;
	size_t n = 0;
	enum rc rc = outbox_again(tx, q->arena, which, q->now, &at, &n, err);

	for (size_t i = 0; i < n && rc == RC_OK; i++)
		if (at[i].ticket.v)
			rc = tell_ticket(tx, q, &at[i], err);
	return rc;
}

static enum rc do_mails(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	struct outmail_pick which = { .to = req_field(q, "to") };
	struct str what = req_field(q, "do");
	bool one = req_int(q, "id", &which.id.v);
	const char *said = str_is(what, "seen") ? "undelivered mail dismissed" : str_is(what, "unseen") ? "undelivered mail listed again" : "undelivered mail sent again";

	if (!one && !which.to.n)
		return fail_field(err, RC_INVALID, "to", "Say which mail, or which address. Nothing was changed.");
	if (one)
		which.to = STR_NULL;
	enum rc rc = str_is(what, "seen")     ? outbox_seen(tx, which, q->actor.name, q->now, err)
	             : str_is(what, "unseen") ? outbox_unseen(tx, which.id, err)
	                                      : send_again(tx, q, which, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, rc, "This mail is not on the list any more: somebody sent it again or dismissed it. Nothing was changed.");
	return rc == RC_OK ? signin_event(tx, q, &q->actor, EV_AUTH, said, err) : rc;
}

enum rc admin_mails_do(struct req *q, struct resp *r)
{
	const struct i18n *l = web_lang(q);
	struct str what = req_field(q, "do");
	enum rc rc = db_write(web_desk(q)->db, do_mails, q, req_err(q));

	if (rc != RC_OK)
		return rc;
	return web_done(r, str_is(what, "seen") ? _(l, "Dismissed.") : str_is(what, "unseen") ? _(l, "It is on the list again.") : _(l, "Queued. What cannot be delivered comes back to this page."),
	                STR("/desk/admin/mails"));
}

/* What agents were told: the list, what was read of it, tickets they follow; and the page behind the link that ends
 * mails, which wants no signing in and changes nothing by being looked at (RFC 8058, section 3.2: the POST does). */
#include "account/account.h"
#include "notice/notice.h"
#include "tmpl.h"
#include "web/desk_view.h"
#include "web/notice_view.h"
#include "web/portal_common.h"

#define PAGE_ROWS 50

struct listing {
	struct req *q;
	struct notice *at;
	size_t n;
	int64_t unread;
	struct view_counts counts;
};

static enum rc load_list(struct db_tx *tx, void *arg, struct err *err)
{
	struct listing *x = arg;
	struct req *q = x->q;
	int64_t before = 0;

	req_int(q, "before", &before);
	enum rc rc = notice_list(tx, q->arena, q->actor.agent, before, PAGE_ROWS + 1, &x->at, &x->n, err);

	if (rc == RC_OK)
		rc = notice_unread(tx, q->actor.agent, &x->unread, err);
	return rc == RC_OK ? desk_counts(tx, q, &x->counts, err) : rc;
}

static enum rc get_list(struct req *q, struct resp *r)
{
	struct listing x = { .q = q };
	struct page p;
	enum rc rc = db_read(web_desk(q)->db, load_list, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	struct out o = web_out(q, r);
	struct str zone = q->actor.zone.n ? q->actor.zone : web_desk(q)->config.zone;
	size_t n = x.n < PAGE_ROWS ? x.n : PAGE_ROWS;
	struct notice_page v = { .at = arena_array(q->arena, struct notice_line, n + 1),
		                 .n = n,
		                 .unread = x.unread > 0 };

	for (size_t i = 0; i < n; i++)
		v.at[i] = (struct notice_line){ .url = desk_ticket_url(q, x.at[i].number),
			                        .number = desk_number(q, x.at[i].number),
			                        .subject = x.at[i].subject,
			                        .account = x.at[i].account,
			                        .sentence = notice_sentence(q->arena, o.lang, zone, &x.at[i]),
			                        .text = x.at[i].text.p ? x.at[i].text : STR(""),
			                        .at = x.at[i].at,
			                        .unread = !time_is_set(x.at[i].read_at) };
	if (n)
		v.upto = x.at[0].id;
	v.next_url = x.n > PAGE_ROWS ? arena_strf(q->arena, "/desk/notices?before=%lld", (long long)x.at[n - 1].id)
	                             : STR("");
	desk_page_init(&p, q, r, _(o.lang, "News"), NAV_NONE, &x.counts);
	tmpl_desk_head(&o, &p);
	tmpl_notice_list(&o, &v);
	tmpl_desk_foot(&o, &p);
	return RC_OK;
}

static enum rc mark_read(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	int64_t number = 0, upto = 0;

	req_int(q, "upto", &upto);
	if (req_field(q, "ticket").n &&
	    ticket_number_parse(req_field(q, "ticket"), web_desk(q)->config.prefix, &number) != RC_OK)
		return fail(err, RC_NOT_FOUND, "There is no such ticket.");
	return notice_read(tx, q->actor.agent, number, upto, q->now, err);
}

static enum rc post_read(struct req *q, struct resp *r)
{
	enum rc rc = db_write(web_desk(q)->db, mark_read, q, req_err(q));

	return rc == RC_OK ? web_done(r, _(web_lang(q), "Marked as read."), STR("/desk/notices")) : rc;
}

static enum rc follow(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	struct ticket t;
	enum rc rc = ticket_find(tx, q->arena, &q->actor, desk_path_number(q), &t, err);

	return rc == RC_OK ? notice_follow(tx, &q->actor, q->now, t.id, t.account, str_is(req_field(q, "do"), "follow"),
	                                   err)
	                   : rc;
}

static enum rc post_follow(struct req *q, struct resp *r)
{
	const struct i18n *l = web_lang(q);
	enum rc rc = db_write(web_desk(q)->db, follow, q, req_err(q));

	if (rc != RC_OK)
		return rc;
	return web_done(r,
	                str_is(req_field(q, "do"), "follow") ? _(l, "You follow this ticket.")
	                                                     : _(l, "You do not follow it any more."),
	                desk_ticket_url(q, desk_path_number(q)));
}

/* ---- the link that ends mails ---- */

struct stopping {
	struct req *q;
	struct notice_stop s;
	struct ticket t;
};

static enum rc find(struct db_tx *tx, void *arg, struct err *err)
{
	struct stopping *x = arg;
	struct req *q = x->q;
	struct actor system = actor_system();
	enum rc rc = notice_stop_read(q->arena, web_desk(q), req_path(q, "token"), &x->s, err);

	return rc == RC_OK && x->s.ticket.v ? ticket_find_id(tx, q->arena, &system, x->s.ticket, &x->t, err) : rc;
}

/* Mail programs press twice, and links are kept for years: who left already is left alone. */
static enum rc leave(struct db_tx *tx, struct stopping *x, struct err *err)
{
	struct actor system = actor_system();
	enum participant_kind kind;
	enum rc rc = ticket_participant(tx, x->t.id, x->s.email, &kind, err);

	if (rc != RC_OK || kind != PART_ACCEPTED)
		return rc;
	return ticket_accept_participant(tx, x->q->arena, &system, x->q->now, x->t.number, x->s.email, false, err);
}

static enum rc stop(struct db_tx *tx, void *arg, struct err *err)
{
	struct stopping *x = arg;
	enum rc rc = find(tx, x, err);

	if (rc != RC_OK)
		return rc;
	return x->s.ticket.v ? leave(tx, x, err) : notice_stop_mail(tx, x->s.person, err);
}

static void draw_stop(struct out *o, const void *view)
{
	tmpl_mails_stop(o, view);
}

static enum rc show_stop(struct req *q, struct resp *r, const struct stopping *x, bool done)
{
	struct stop_view v = { .token = req_path(q, "token"),
		               .number = x->s.ticket.v
		                                 ? ticket_number_text(q->arena, web_desk(q)->config.prefix, x->t.number)
		                                 : STR(""),
		               .agent = x->s.person.kind == ACTOR_AGENT,
		               .done = done };

	return portal_show(q, r, _(web_lang(q), "Mails you do not want"), NAV_NONE, draw_stop, &v);
}

static enum rc get_stop(struct req *q, struct resp *r)
{
	struct stopping x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, find, &x, req_err(q));

	return rc == RC_OK ? show_stop(q, r, &x, false) : rc;
}

static enum rc post_stop(struct req *q, struct resp *r)
{
	struct stopping x = { .q = q };
	enum rc rc = db_write(web_desk(q)->db, stop, &x, req_err(q));

	return rc == RC_OK ? show_stop(q, r, &x, true) : rc;
}

static const struct field list_fields[] = {
	{"before", FIELD_INT, 0, false, NULL, "Older than this one" },
	{ .name = NULL      },
};
static const struct field read_fields[] = {
	{"ticket", FIELD_TEXT, 40, false, NULL, "Only of this ticket" },
	{ "upto",      FIELD_INT, 0, false, NULL, "Up to this one" },
	{ .name = NULL   },
};
static const struct field follow_fields[] = {
	{"do", FIELD_CHOICE, 0, true, "follow|leave", "Be told what happens on it, or not" },
	{ .name = NULL  },
};
static const struct field stop_fields[] = {
	{"List-Unsubscribe", FIELD_TEXT, 40, false, NULL, "What mail programs send (RFC 8058)" },
	{ .name = NULL               },
};

/* clang-format off */
const struct route notice_routes[] = {
	{ HTTP_GET, "/desk/notices", CAP_AGENT, get_list, list_fields, 0, "What one was told", NULL, NULL },
	{ HTTP_POST, "/desk/notices", CAP_AGENT, post_read, read_fields, 0, "Marks it as read", NULL, NULL },
	{ HTTP_POST, "/desk/tickets/{number}/follow", CAP_AGENT, post_follow, follow_fields, 0, "Follows a ticket", NULL, NULL },
	{ HTTP_GET, "/mails/stop/{token}", CAP_PUBLIC, get_stop, NULL, 0, "Mails somebody does not want any more", NULL, NULL },
	{ HTTP_POST, "/mails/stop/{token}", CAP_PUBLIC, post_stop, stop_fields, ROUTE_NO_CSRF, "Ends them (RFC 8058)", NULL, NULL },
	{ .path = NULL },
};
/* clang-format on */

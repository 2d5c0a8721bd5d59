/* The Control Center's home, the Support section and the lists of a customer's tickets. Opening one is portal_new.c,
 * one ticket portal_ticket.c. */
#include "blob/blob.h"
#include "entitlement/promise.h"
#include "web/portal_common.h"
#include "web/problem_view.h"

/* ---- shared ---- */

enum rc portal_show(struct req *q, struct resp *r, const char *title, enum nav nav, void (*draw)(struct out *o, const void *view), const void *view)
{
	struct out o = web_out(q, r);
	struct page page;

	web_page_init(&page, q, r, title);
	page.nav = nav;
	tmpl_portal_head(&o, &page);
	draw(&o, view);
	tmpl_portal_foot(&o, &page);
	return RC_OK;
}

const char *portal_status(const struct i18n *l, enum ticket_state s, enum waiting_for w, bool confirmed)
{
	switch (s) {
	case STATE_NEW:
		return _(l, "Received");
	case STATE_OPEN:
		return _(l, "We are working on it");
	case STATE_WAITING:
		return w == WAITING_CUSTOMER ? _(l, "Waiting for you") : _(l, "Waiting for others");
	case STATE_RESOLVED:
		return confirmed ? _(l, "Solved") : _(l, "Solved, please confirm");
	case STATE_CLOSED:
		return _(l, "Closed");
	}
	return "";
}

struct str portal_number(const struct req *q, int64_t number)
{
	return ticket_number_text(q->arena, web_desk(q)->config.prefix, number);
}

struct str portal_ticket_url(struct req *q, int64_t number)
{
	return arena_strf(q->arena, "/support/tickets/" STR_F, STR_A(portal_number(q, number)));
}

struct str portal_tel(struct arena *a, struct str phone)
{
	char *p = arena_alloc(a, phone.n + 5);
	size_t n = 4;

	memcpy(p, "tel:", 4);
	for (size_t i = 0; i < phone.n; i++)
		if ((phone.p[i] >= '0' && phone.p[i] <= '9') || (phone.p[i] == '+' && n == 4))
			p[n++] = phone.p[i];
	return (struct str){ p, n };
}

struct ticket_line *portal_lines(struct req *q, const struct i18n *l, const struct ticket_row *rows, size_t n)
{
	struct ticket_line *lines = arena_array(q->arena, struct ticket_line, n ? n : 1);

	for (size_t i = 0; i < n; i++) {
		const struct ticket_row *t = &rows[i];

		lines[i] = (struct ticket_line){
			.number = portal_number(q, t->number),
			.url = portal_ticket_url(q, t->number),
			.subject = t->subject,
			.resolution = t->resolution,
			.who = t->contact_name,
			.incident = t->kind == TICKET_INCIDENT,
			.criticality = t->criticality,
			.status = portal_status(l, t->state, t->waiting_for, false),
			.you = (t->state == STATE_WAITING && t->waiting_for == WAITING_CUSTOMER) || t->state == STATE_RESOLVED,
			.updated_at = t->updated_at,
		};
	}
	return lines;
}

enum rc portal_entitlement(struct db_tx *tx, struct req *q, enum ticket_kind kind, int criticality, struct contact *ret_contact,
			   struct entitlement *ret, struct err *err)
{
	enum rc rc = web_contact(tx, q, ret_contact, err);

	if (rc != RC_OK)
		return rc;
	struct ent_ask ask = {
		.account = ret_contact->account,
		.contact = ret_contact,
		.kind = kind,
		.criticality = criticality,
		.channel = CHANNEL_FORM,
		.at = q->now,
	};
	return ent_check(tx, q->arena, &ask, ret, err);
}

static void draw_refusal(struct out *o, const void *view)
{
	tmpl_refusal(o, view);
}

enum rc portal_refuse(struct req *q, struct resp *r, const struct entitlement *e)
{
	const struct i18n *l = web_lang(q);
	struct refusal_text t = promise_refusal(q->arena, l, e, web_zone(q));
	struct refusal v = { .title = t.title, .text = t.text, .managers = e->managers, .n_managers = e->n_managers };

	for (size_t i = 0; i < e->n_managers; i++)
		v.is_manager |= e->managers[i].id.v == q->actor.contact.v;
	return portal_show(q, r, str_z(q->arena, t.title), NAV_SUPPORT, draw_refusal, &v);
}

enum rc web_keep_uploads(struct req *q, const char *field, struct new_attachment **ret, size_t *ret_n, struct err *err)
{
	struct desk *d = web_desk(q);
	VEC(struct new_attachment) v = { 0 };

	for (size_t i = 0; i < q->n_uploads; i++) {
		const struct upload *u = &q->uploads[i];
		char head[64] = { 0 };

		if (!str_is(u->field, field) || (u->size == 0 && u->name.n == 0))
			continue;
		if (u->size > d->config.max_upload)
			return fail_field(err, RC_INVALID, field, "\"" STR_F "\" is too large: a file may have at most %lld MB. Your text was kept.",
					  STR_A(str_utf8_clip(u->name, 80)), (long long)(d->config.max_upload >> 20));
		FILE *f = fopen(str_z(q->arena, u->path), "rbe");
		size_t n = f ? fread(head, 1, sizeof(head), f) : 0;
		if (f)
			fclose(f);
		enum rc rc = blob_adopt(d->blobs, str_z(q->arena, u->path), str_of(u->sha256), err);
		if (rc != RC_OK)
			return rc;
		*VEC_ADD(q->arena, &v) = (struct new_attachment){
			.sha256 = arena_str(q->arena, str_of(u->sha256)),
			.name = blob_safe_name(q->arena, u->name),
			.type = str_of(blob_type_name(blob_sniff((struct str){ head, n }))),
			.size = u->size,
		};
	}
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

/* ---- support home and home ---- */

struct home {
	struct req *q;
	struct contact contact;
	struct entitlement ent;
	struct ticket_row *rows;
	size_t n_rows;
	struct article *articles;
	size_t n_articles;
	bool with_articles;
	struct problem_banner *problems;
	size_t n_problems;
};

static enum rc read_home(struct db_tx *tx, void *arg, struct err *err)
{
	struct home *h = arg;
	struct req *q = h->q;
	struct ticket_query query = { .view = VIEW_CUSTOMER_ALL, .max = 6 };
	struct str next;
	enum rc rc = portal_entitlement(tx, q, TICKET_REQUEST, 0, &h->contact, &h->ent, err);

	if (rc == RC_OK)
		rc = ticket_list(tx, q->arena, &q->actor, &query, &h->rows, &h->n_rows, &next, err);
	if (rc == RC_OK)
		rc = portal_problems(tx, q, &h->problems, &h->n_problems, err);
	if (rc == RC_OK && h->with_articles)
		rc = kb_list(tx, q->arena, &q->actor, str_of(i18n_tag(web_lang(q))), 0, &h->articles, &h->n_articles, err);
	return rc;
}

static struct support_home home_view(struct home *h)
{
	struct req *q = h->q;
	const struct i18n *l = web_lang(q);
	struct entitlement *e = &h->ent;
	struct support_home v = {
		.covered = ent_opens(e->verdict),
		.may_open = ent_opens(e->verdict),
		.lines = portal_lines(q, l, h->rows, h->n_rows),
		.n_lines = h->n_rows,
		.articles = h->articles,
		.n_articles = h->n_articles > 4 ? 4 : h->n_articles,
		.problems = h->problems,
		.n_problems = h->n_problems,
		.may_join = q->actor.contact_role >= CONTACT_OPERATOR,
	};

	if (v.covered) {
		struct str hours = e->has_calendar ? promise_hours(q->arena, l, &e->calendar) : str_of(_(l, "around the clock"));

		v.covered_title = TR_FILL(q->arena, _(l, "{plan} plan – support included."), { "plan", e->plan.name });
		v.covered_text = TR_FILL(q->arena, _(l, "Incidents of criticality 1 and 2 by telephone, everything else by ticket and mail, {hours}."), { "hours", hours });
		if (e->plan.channels[TICKET_INCIDENT][1] & 1 << CHANNEL_PHONE) {
			v.phone = web_settings(q).phone;
			v.phone_down = __atomic_load_n(&web_desk(q)->phone_line, __ATOMIC_RELAXED) == PHONE_DOWN;
			v.phone_to = portal_tel(q->arena, v.phone);
		}
	} else {
		struct refusal_text t = promise_refusal(q->arena, l, e, web_zone(q));
		AUTO_BUF b;

		buf_init(&b, 2000);
		v.covered_title = arena_strf(q->arena, STR_F ".", STR_A(t.title));
		v.covered_text = t.text;
		for (size_t i = 0; i < e->n_managers; i++)
			buf_addf(&b, "%s" STR_F, i ? ", " : "", STR_A(e->managers[i].name));
		v.managers = arena_str(q->arena, buf_str(&b));
	}
	return v;
}

static void draw_support(struct out *o, const void *view)
{
	tmpl_support_home(o, view);
}

static void draw_home(struct out *o, const void *view)
{
	tmpl_home(o, view);
}

static enum rc get_support(struct req *q, struct resp *r)
{
	struct home h = { .q = q, .with_articles = true };
	enum rc rc = db_read(web_desk(q)->db, read_home, &h, req_err(q));

	if (rc != RC_OK)
		return rc;
	struct support_home v = home_view(&h);
	return portal_show(q, r, _(web_lang(q), "Support"), NAV_SUPPORT, draw_support, &v);
}

static enum rc get_home(struct req *q, struct resp *r)
{
	struct home h = { .q = q };

	if (q->actor.kind != ACTOR_CONTACT)
		return resp_redirect(r, web_on_kb(q) ? STR("/kb") : web_home(q));
	enum rc rc = db_read(web_desk(q)->db, read_home, &h, req_err(q));
	if (rc != RC_OK)
		return rc;
	struct support_home v = home_view(&h);
	return portal_show(q, r, _(web_lang(q), "Home"), NAV_HOME, draw_home, &v);
}

/* ---- lists ---- */

struct listing {
	struct req *q;
	struct ticket_query query;
	struct ticket_row *rows;
	size_t n;
	struct str next;
};

static enum rc read_list(struct db_tx *tx, void *arg, struct err *err)
{
	struct listing *l = arg;

	return ticket_list(tx, l->q->arena, &l->q->actor, &l->query, &l->rows, &l->n, &l->next, err);
}

static void draw_list(struct out *o, const void *view)
{
	tmpl_ticket_list(o, view);
}

static enum rc get_tickets(struct req *q, struct resp *r)
{
	struct str which = req_field(q, "which");
	struct ticket_list_page v = { .which = str_is(which, "solved") ? "solved" : str_is(which, "all") ? "all" : "open" };
	struct listing l = { .q = q };

	v.mine = str_is(req_field(q, "mine"), "1");
	l.query = (struct ticket_query){
		.view = *v.which == 's' ? VIEW_CUSTOMER_SOLVED : *v.which == 'a' ? VIEW_CUSTOMER_ALL : VIEW_CUSTOMER_OPEN,
		.mine_only = v.mine,
		.after = req_field(q, "after"),
		.max = 30,
	};
	enum rc rc = db_read(web_desk(q)->db, read_list, &l, req_err(q));
	if (rc != RC_OK)
		return rc;
	v.lines = portal_lines(q, web_lang(q), l.rows, l.n);
	v.n_lines = l.n;
	if (l.next.n)
		v.next_url = arena_strf(q->arena, "/support/tickets?which=%s%s&after=" STR_F, v.which, v.mine ? "&mine=1" : "", STR_A(l.next));
	return portal_show(q, r, _(web_lang(q), "Tickets"), NAV_SUPPORT, draw_list, &v);
}

static const struct field list_fields[] = {
	{ "which", FIELD_CHOICE, 0, false, "open|solved|all", "Which tickets" },
	{ "mine", FIELD_TEXT, 1, false, NULL, "1: only those I opened" },
	{ "after", FIELD_TEXT, 200, false, NULL, "Cursor of the next page" },
	{ .name = NULL },
};

const struct route portal_routes[] = {
	{ HTTP_GET, "/", CAP_PUBLIC, get_home, NULL, 0, "Home of the Control Center", NULL, NULL },
	{ HTTP_GET, "/support", CAP_CUSTOMER_READ, get_support, NULL, 0, "The Support section", NULL, NULL },
	{ HTTP_GET, "/support/tickets", CAP_CUSTOMER_READ, get_tickets, list_fields, 0, "Tickets of the organisation", NULL, NULL },
	{ .path = NULL },
};

/* How promises were kept: figures per account, plan, criticality and month for the desk, also as CSV, and the page that
 * proves them promise by promise, which the customer reads as well. */
#include "tmpl.h"
#include "web/clock_view.h"
#include "web/csv.h"
#include "web/web.h"

#define PROOFS 1000 /* of a month, on a page */

struct loading {
	struct req *q;
	struct instant from, to;
	struct account_id account;
	struct account acc;
	struct clock_figure *figures;
	size_t n_figures;
	struct clock_proof *proofs;
	size_t n_proofs;
	struct proof_link *links;
	size_t n_links;
	struct str month;
	struct view_counts counts;
	bool desk;
	struct proof_link link; /* what a sent one shows */
	bool over;
};

static struct str month_text(struct arena *a, int year, int month)
{
	return month < 1    ? arena_strf(a, "%04d-12", year - 1)
	       : month > 12 ? arena_strf(a, "%04d-01", year + 1)
			    : arena_strf(a, "%04d-%02d", year, month);
}

/* "2026-11", by the reader's zone; this month when it is none. */
static void month_of(struct loading *x, struct report_page *v, const char *path)
{
	struct req *q = x->q;
	struct instant t;
	struct str s = req_field(q, "month"), zone = web_zone(q);
	const struct zone *z = calendar_zone(&(struct calendar){ .zone = zone });
	struct civil c = time_civil_in(q->now, str_z(q->arena, zone));

	if (s.n == 7 && time_parse_iso(arena_strf(q->arena, STR_F "-01", STR_A(s)), &t) == RC_OK)
		c = time_civil(t);
	c = (struct civil){ .year = c.year, .month = c.month, .day = 1 };
	struct civil next = { .year = c.month == 12 ? c.year + 1 : c.year, .month = c.month == 12 ? 1 : c.month + 1, .day = 1 };
	struct str account = x->account.v && x->desk ? arena_strf(q->arena, "&account=%lld", (long long)x->account.v) : STR("");

	x->from = time_from_civil_in(&c, z);
	x->to = time_from_civil_in(&next, z);
	v->month = x->month = month_text(q->arena, c.year, c.month);
	v->before.month = month_text(q->arena, c.year, c.month - 1);
	v->after.month = month_text(q->arena, c.year, c.month + 1);
	v->before.url = arena_strf(q->arena, "%s?month=" STR_F STR_F, path, STR_A(v->before.month), STR_A(account));
	v->after.url = arena_strf(q->arena, "%s?month=" STR_F STR_F, path, STR_A(v->after.month), STR_A(account));
	v->csv_url = arena_strf(q->arena, "%s?month=" STR_F STR_F "&as=csv", path, STR_A(v->month), STR_A(account));
}

static enum rc load(struct db_tx *tx, void *arg, struct err *err)
{
	struct loading *x = arg;
	struct arena *a = x->q->arena;
	enum rc rc = x->desk ? desk_counts(tx, x->q, &x->counts, err) : RC_OK;

	if (rc == RC_OK && x->account.v)
		rc = account_find(tx, a, x->account, &x->acc, err);
	if (rc == RC_OK && x->desk && x->account.v)
		rc = proof_links(tx, a, x->account, x->month, x->q->now, &x->links, &x->n_links, err);
	if (rc == RC_OK && x->desk)
		rc = clock_figures(tx, a, x->from, x->to, x->account, &x->figures, &x->n_figures, err);
	if (rc == RC_OK && x->account.v)
		rc = clock_proofs(tx, a, &x->q->actor, x->from, x->to, x->account, PROOFS, &x->proofs, &x->n_proofs, err);
	return rc;
}

static int64_t percent(int64_t n, int64_t late)
{
	return n ? (n - late) * 100 / n : 100;
}

static void fill(const struct loading *x, struct report_page *v)
{
	struct req *q = x->q;
	struct arena *a = q->arena;

	v->account = x->acc.name.p ? x->acc.name : STR("");
	v->figures = arena_array(a, struct report_figure, x->n_figures + 1);
	for (size_t i = 0; i < x->n_figures; i++) {
		const struct clock_figure *f = &x->figures[i];

		v->n += f->n;
		v->late += f->late;
		if (x->account.v) /* promise by promise below */
			continue;
		v->figures[v->n_figures++] = (struct report_figure){
			.account = f->account_name,
			.proof_url = arena_strf(a, "/desk/reports/promises?month=" STR_F "&account=%lld", STR_A(v->month), (long long)f->account.v),
			.mean = clock_work_length(a, f->mean),
			.plan = f->plan_code,
			.criticality = f->criticality,
			.metric = clock_metric(web_lang(q), f->metric),
			.n = f->n,
			.late = f->late,
			.percent = percent(f->n, f->late)
		};
	}
	bool counted = x->n_figures > 0;

	v->proofs = arena_array(a, struct report_proof, x->n_proofs + 1);
	for (size_t i = 0; i < x->n_proofs; i++) {
		const struct clock_proof *p = &x->proofs[i];
		struct str number = desk_number(q, p->row.number);

		if (!counted) { /* customers: of what they may see */
			v->n++;
			v->late += time_is_set(p->clock.breached_at);
		}
		v->proofs[v->n_proofs++] = (struct report_proof){
			.number = number,
			.url = x->desk ? arena_strf(a, "/desk/tickets/" STR_F "/clocks", STR_A(number)) : arena_strf(a, "/support/tickets/" STR_F "/promise", STR_A(number)),
			.subject = p->row.subject,
			.goal = clock_work_length(a, p->clock.goal),
			.elapsed = clock_work_length(a, p->clock.elapsed),
			.plan = p->plan_code,
			.metric = clock_metric(web_lang(q), p->clock.metric),
			.criticality = p->clock.criticality,
			.since = p->clock.started_at,
			.due = p->clock.due_at,
			.stopped = p->clock.stopped_at,
			.late = time_is_set(p->clock.breached_at)
		};
	}
	v->percent = percent(v->n, v->late);
	v->more = x->n_proofs == PROOFS;
	v->customer = !x->desk;
}

static struct str link_url(const struct req *q, const struct proof_link *l)
{
	return web_url(q, "/proof/" STR_F, STR_A(proof_link_token(q->arena, web_desk(q)->pin_key, l)));
}

static void fill_links(const struct loading *x, struct report_page *v)
{
	struct req *q = x->q;

	v->can_share = x->desk && x->account.v;
	v->account_id = x->account.v;
	v->days = web_field_value(q, "days", STR("30"));
	v->e_days = web_field_error(q, "days");
	v->links = arena_array(q->arena, struct report_link, x->n_links + 1);
	for (size_t i = 0; i < x->n_links; i++)
		v->links[v->n_links++] =
			(struct report_link){ x->links[i].id, link_url(q, &x->links[i]), x->links[i].made_by, x->links[i].expires_at };
}

static void csv(const struct report_page *v, struct resp *r)
{
	struct buf *b = r->body;

	r->type = STR("text/csv; charset=utf-8");
	resp_header(r, "Content-Disposition", STR("attachment; filename=\"promises.csv\""));
	buf_addz(b, v->n_proofs ? "ticket,subject,plan,criticality,promise,promised,took,late\r\n" : "account,plan,criticality,promise,number,late,kept percent,mean\r\n");
	for (size_t i = 0; i < v->n_figures; i++) {
		const struct report_figure *f = &v->figures[i];

		csv_cell(b, f->account, ',');
		csv_cell(b, f->plan, ',');
		buf_addf(b, "%d,%s,%lld,%lld,%lld,", f->criticality, f->metric, (long long)f->n, (long long)f->late, (long long)f->percent);
		csv_cell(b, f->mean, '\r');
		buf_addc(b, '\n');
	}
	for (size_t i = 0; i < v->n_proofs; i++) {
		const struct report_proof *p = &v->proofs[i];

		csv_cell(b, p->number, ',');
		csv_cell(b, p->subject, ',');
		csv_cell(b, p->plan, ',');
		buf_addf(b, "%d,%s,", p->criticality, p->metric);
		csv_cell(b, p->goal, ',');
		csv_cell(b, p->elapsed, ',');
		buf_addz(b, p->late ? "1\r\n" : "0\r\n");
	}
}

static enum rc show(struct req *q, struct resp *r, bool desk)
{
	struct loading x = { .q = q, .desk = desk };
	struct report_page v = { .n = 0 };
	struct err spare = { 0 };
	struct page page;

	if (desk)
		req_int(q, "account", &x.account.v);
	else
		x.account = q->actor.account;
	month_of(&x, &v, desk ? "/desk/reports/promises" : "/support/promises");
	enum rc rc = db_read(web_desk(q)->db, load, &x, desk ? desk_err(q, r, &spare) : req_err(q));

	if (rc != RC_OK)
		return rc;
	fill(&x, &v);
	fill_links(&x, &v);
	if (str_is(req_field(q, "as"), "csv")) {
		csv(&v, r);
		return RC_OK;
	}
	struct out o = web_out(q, r);
	const char *title = str_z(q->arena, TR_FILL(q->arena, _(o.lang, "How promises were kept, {month}"), { "month", v.month }));

	if (desk) {
		desk_page_init(&page, q, r, title, NAV_NONE, &x.counts);
		tmpl_desk_head(&o, &page);
		tmpl_report(&o, &v);
		tmpl_desk_foot(&o, &page);
	} else {
		web_page_init(&page, q, r, title);
		page.nav = NAV_SUPPORT;
		tmpl_portal_head(&o, &page);
		tmpl_report(&o, &v);
		tmpl_portal_foot(&o, &page);
	}
	return RC_OK;
}

static enum rc get_desk(struct req *q, struct resp *r)
{
	return show(q, r, true);
}

static enum rc get_portal(struct req *q, struct resp *r)
{
	return show(q, r, false);
}

/* ---- links for customers ---- */

static enum rc share_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct loading *x = arg;
	struct req *q = x->q;
	struct proof_link l = { .account = x->account, .month = x->month, .from = x->from, .to = x->to };
	int64_t days = 0, link = 0, made;

	req_int(q, "link", &link);
	if (link)
		return proof_link_revoke(tx, &q->actor, q->now, x->account, link, err);
	if (!req_int(q, "days", &days) || days < 1 || days > PROOF_LINK_DAYS)
		return fail_field(err, RC_INVALID, "days", "Such a link lasts 1 to 90 days. Nothing was made.");
	l.expires_at = time_add(q->now, days * DAY_US);
	return proof_link_make(tx, q->arena, &q->actor, q->now, &l, &made, err);
}

static enum rc post_share(struct req *q, struct resp *r)
{
	struct loading x = { .q = q, .desk = true };
	struct report_page v = { .n = 0 };

	if (web_fields_wrong(q, r))
		return show(q, r, true);
	req_int(q, "account", &x.account.v);
	month_of(&x, &v, "/desk/reports/promises");
	enum rc rc = db_write(web_desk(q)->db, share_step, &x, req_err(q));

	if (web_form_failed(q, r, rc))
		return show(q, r, true);
	int64_t link = 0;

	req_int(q, "link", &link);
	return rc == RC_OK ? web_done(r, link ? _(web_lang(q), "The link has ended.") : _(web_lang(q), "The link is made. Copy it from below."),
				      arena_strf(q->arena, "/desk/reports/promises?month=" STR_F "&account=%lld#links", STR_A(x.month), (long long)x.account.v))
			   : rc;
}

static enum rc load_sent(struct db_tx *tx, void *arg, struct err *err)
{
	struct loading *x = arg;
	struct arena *a = x->q->arena;
	struct actor system = actor_system();
	enum rc rc = proof_link_open(tx, a, web_desk(x->q)->pin_key, req_path(x->q, "token"), x->q->now, &x->link, err);

	if (rc == RC_DENIED) {
		x->over = true;
		return RC_OK;
	}
	x->account = x->link.account;
	if (rc == RC_OK)
		rc = account_find(tx, a, x->account, &x->acc, err);
	if (rc == RC_OK)
		rc = clock_figures(tx, a, x->link.from, x->link.to, x->account, &x->figures, &x->n_figures, err);
	return rc == RC_OK ? clock_proofs(tx, a, &system, x->link.from, x->link.to, x->account, PROOFS, &x->proofs, &x->n_proofs, err) : rc;
}

static enum rc get_sent(struct req *q, struct resp *r)
{
	struct loading x = { .q = q };
	struct report_page v = { .n = 0 };
	struct err e = { 0 };
	struct page page;
	enum rc rc = db_read(web_desk(q)->db, load_sent, &x, &e);

	if (rc == RC_NOT_FOUND)
		return fail(req_err(q), rc, "%s", e.text);
	if (rc != RC_OK)
		return fail(req_err(q), rc, "%s", e.text);
	fill(&x, &v);
	v.month = x.link.month;
	v.until = x.link.expires_at;
	v.now = q->now;
	v.over = x.over;
	v.p = &page;
	if (x.over)
		r->status = 410;
	struct out o = web_out(q, r);

	web_page_init(&page, q, r,
		      x.over ? _(o.lang, "This link is over") : str_z(q->arena, TR_FILL(q->arena, _(o.lang, "How promises were kept, {month}"), { "month", v.month })));
	page.head = (struct html){ STR("<meta name=\"robots\" content=\"noindex, nofollow\">") };
	tmpl_report_sent(&o, &v);
	return RC_OK;
}

static const struct field fields[] = { { "month", FIELD_TEXT, 7, false, NULL, "2026-11" }, { "account", FIELD_INT, 0, false, NULL, "One account's, promise by promise" },
	{ "as", FIELD_TEXT, 3, false, NULL, "csv" }, { .name = NULL } };

static const struct field share_fields[] = { { "month", FIELD_TEXT, 7, true, NULL, "2026-11" }, { "account", FIELD_INT, 0, true, NULL, "Whose" },
	{ "days", FIELD_INT, 0, false, NULL, "How long a new link lasts" }, { "link", FIELD_INT, 0, false, NULL, "The link to end" }, { .name = NULL } };

const struct route report_routes[] = {
	{ HTTP_POST, "/desk/reports/promises", CAP_AGENT, post_share, share_fields, ROUTE_LENIENT, "A link to an account's month: makes or ends it", NULL, NULL },
	{ HTTP_GET, "/proof/{token}", CAP_PUBLIC, get_sent, NULL, ROUTE_SLOW | ROUTE_SECRET, "An account's month, by a link that was sent", NULL, NULL },
	{ HTTP_GET, "/desk/reports/promises", CAP_AGENT, get_desk, fields, ROUTE_SLOW, "How promises were kept", NULL, NULL },
	{ HTTP_GET, "/support/promises", CAP_CUSTOMER_READ, get_portal, fields, ROUTE_SLOW, "How promises were kept", NULL, NULL },
	{ .path = NULL },
};

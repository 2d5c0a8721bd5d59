/* On call, as agents see it: who is on duty and for how long, gaps, swaps; pages on a ticket, answered by one click there
 * or by the link of a mail; the feed for people's own calendars; what the workspace alarms about. */
#include "call/call.h"
#include "notice/notice.h"
#include "tmpl.h"
#include "util/json.h"
#include "web/schedule_view.h"
#include "web/web.h"

#define AHEAD (30 * DAY_US) /* as far as gaps are told */
#define FEED_BACK  (7 * DAY_US)
#define FEED_AHEAD (90 * DAY_US)

struct loading {
	struct req *q;
	struct oncall_schedule *at;
	size_t n;
	struct agent *agents;
	size_t n_agents;
	struct view_counts counts;
	struct instant from, to;
	struct oncall_feed *feeds; /* the reader's own */
	size_t n_feeds;
};

static enum rc load(struct db_tx *tx, void *arg, struct err *err)
{
	struct loading *x = arg;
	enum rc rc = desk_counts(tx, x->q, &x->counts, err);

	if (rc == RC_OK)
		rc = oncall_list(tx, x->q->arena, x->from, x->to, &x->at, &x->n, err);
	if (rc == RC_OK)
		rc = oncall_feeds(tx, x->q->arena, x->q->actor.agent, &x->feeds, &x->n_feeds, err);
	return rc == RC_OK ? agent_list(tx, x->q->arena, &x->agents, &x->n_agents, err) : rc;
}

static struct str name_of(const struct loading *x, struct agent_id id)
{
	for (size_t i = 0; i < x->n_agents; i++)
		if (x->agents[i].id.v == id.v)
			return x->agents[i].name;
	return id.v ? STR("?") : STR("");
}

static enum rc fill(const struct loading *x, const struct oncall_schedule *s, struct duty_schedule *v, struct err *err)
{
	struct arena *a = x->q->arena;

	*v = (struct duty_schedule){ 0 };
	enum rc rc = duty_preview(a, s, x->agents, x->n_agents, x->q->now, v, err);

	if (rc != RC_OK)
		return rc;
	v->feed_url = STR("");
	for (size_t i = 0; i < x->n_feeds; i++)
		if (x->feeds[i].schedule == s->id)
			v->feed_url = web_url(x->q, "/oncall/" STR_F, STR_A(oncall_feed_token(a, web_desk(x->q), &x->feeds[i])));
	v->overrides = arena_array(a, struct duty_override, s->n_overrides + 1);
	for (size_t i = 0; i < s->n_overrides; i++)
		v->overrides[v->n_overrides++] = (struct duty_override){ .id = s->overrides[i].id,
									 .who = name_of(x, s->overrides[i].agent),
									 .instead = name_of(x, s->overrides[i].instead_of),
									 .by = s->overrides[i].made_by,
									 .from = s->overrides[i].from,
									 .to = s->overrides[i].to };
	return RC_OK;
}

/* What was refused stays as it was typed, with the reason at its field; else: you, from now on. */
static void fill_form(struct req *q, struct duty_schedule *v, bool wrong)
{
	v->who = q->actor.agent.v;
	v->from = v->to = v->e_who = v->e_from = v->e_to = v->error = STR("");
	if (!wrong)
		return;
	req_int(q, "agent", &v->who);
	req_int(q, "instead", &v->instead);
	v->from = web_field_value(q, "from", STR(""));
	v->to = web_field_value(q, "to", STR(""));
	v->e_who = web_field_error(q, "agent");
	v->e_from = web_field_error(q, "from");
	v->e_to = web_field_error(q, "to");
	v->error = web_field_error(q, "");
}

/* The summary leads to the fields of the schedule that was sent. */
static void name_errors(struct req *q, struct page *p, int64_t schedule)
{
	struct page_error *e = arena_array(q->arena, struct page_error, p->n_errors + 1);

	for (size_t i = 0; i < p->n_errors; i++) {
		e[i] = p->errors[i];
		if (e[i].field.n)
			e[i].field = arena_strf(q->arena, STR_F "%lld", STR_A(e[i].field), (long long)schedule);
	}
	p->errors = e;
}

static enum rc show(struct req *q, struct resp *r, int64_t wrong)
{
	struct loading x = { .q = q, .from = q->now, .to = time_add(q->now, AHEAD) };
	struct err spare = { 0 };
	struct page page;
	enum rc rc = db_read(web_desk(q)->db, load, &x, desk_err(q, r, &spare));

	if (rc != RC_OK)
		return rc;
	struct duty_page v = { .at = arena_array(q->arena, struct duty_schedule, x.n + 1),
			       .is_admin = actor_is_admin(&q->actor) };

	for (size_t i = 0; i < x.n && rc == RC_OK; i++) {
		rc = fill(&x, &x.at[i], &v.at[v.n++], desk_err(q, r, &spare));
		fill_form(q, &v.at[i], x.at[i].id == wrong);
	}
	if (rc != RC_OK)
		return rc;
	v.agents = arena_array(q->arena, struct agent, x.n_agents + 1);
	for (size_t i = 0; i < x.n_agents; i++)
		if (!time_is_set(x.agents[i].disabled_at))
			v.agents[v.n_agents++] = x.agents[i];
	struct out o = web_out(q, r);

	desk_page_init(&page, q, r, _(o.lang, "On call"), NAV_ONCALL, &x.counts);
	name_errors(q, &page, wrong);
	tmpl_desk_head(&o, &page);
	tmpl_duty(&o, &v);
	tmpl_desk_foot(&o, &page);
	return RC_OK;
}

static enum rc get_duty(struct req *q, struct resp *r)
{
	return show(q, r, 0);
}

/* ---- swaps ---- */

struct swapping {
	struct req *q;
	int64_t schedule, drop;
};

/* "2026-11-23T08:00" by the wall clock of the schedule. */
static enum rc moment(const struct req *q, const char *field, const struct zone *z, struct instant *ret, struct err *err)
{
	struct str s = req_field(q, field);
	struct instant t;

	if (s.n < 16 || time_parse_iso(arena_strf(q->arena, STR_F ":00Z", STR_A(str_sub(s, 0, 16))), &t) != RC_OK)
		return fail_field(err, RC_INVALID, field, "Write the moment as year-month-day and time, like 2026-11-23T08:00.");
	struct civil c = time_civil(t);

	*ret = time_from_civil_in(&c, z);
	return RC_OK;
}

static enum rc swap_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct swapping *x = arg;
	struct req *q = x->q;
	struct oncall_schedule s;
	struct oncall_override o = { 0 };
	enum rc rc = oncall_find(tx, q->arena, x->schedule, q->now, time_add(q->now, 1), &s, err);

	if (rc == RC_OK && str_is(req_field(q, "feed"), "renew"))
		return oncall_feed_renew(tx, q->arena, &q->actor, q->now, x->schedule, err);
	if (rc == RC_OK && str_is(req_field(q, "feed"), "end"))
		return oncall_feed_end(tx, &q->actor, q->now, x->schedule, err);
	if (rc == RC_OK && x->drop)
		return oncall_drop_override(tx, &q->actor, q->now, x->schedule, x->drop, err);
	if (rc != RC_OK)
		return rc;
	const struct zone *z = calendar_zone(&(struct calendar){ .zone = s.zone });

	rc = moment(q, "from", z, &o.from, err);
	if (rc == RC_OK)
		rc = moment(q, "to", z, &o.to, err);
	req_int(q, "agent", &o.agent.v);
	req_int(q, "instead", &o.instead_of.v);
	return rc == RC_OK ? oncall_override(tx, &q->actor, q->now, x->schedule, &o, err) : rc;
}

static enum rc post_swap(struct req *q, struct resp *r)
{
	struct swapping x = { .q = q, .schedule = web_path_id(q, "id") };

	req_int(q, "drop", &x.drop);
	if (web_fields_wrong(q, r))
		return show(q, r, x.schedule);
	enum rc rc = db_write(web_desk(q)->db, swap_step, &x, req_err(q));

	if (web_form_failed(q, r, rc))
		return show(q, r, x.schedule);
	const char *said = str_is(req_field(q, "feed"), "renew") ? _(web_lang(q), "This is your address now. An earlier one has ended.")
			   : str_is(req_field(q, "feed"), "end") ? _(web_lang(q), "Your address has ended.")
								 : _(web_lang(q), "Who is on duty is changed.");

	return rc == RC_OK ? web_done(r, said, arena_strf(q->arena, "/desk/oncall#s%lld", (long long)x.schedule)) : rc;
}

/* ---- pages of a ticket ---- */

enum rc desk_paging_load(struct db_tx *tx, const struct req *q, const struct ticket *t, struct desk_paging *ret, struct err *err)
{
	const struct i18n *l = web_lang(q);
	struct oncall_page *p;
	size_t n = 0;
	enum rc rc = oncall_pages(tx, q->arena, t->id, &p, &n, err);

	if (rc == RC_OK)
		rc = oncall_policy_list(tx, q->arena, &ret->policies, &ret->n_policies, err);
	ret->url = desk_ticket_url(q, t->number);
	ret->done = t->state >= STATE_RESOLVED;
	ret->pages = arena_array(q->arena, struct desk_page, n + 1);
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		ret->pages[ret->n++] = (struct desk_page){ .id = p[i].id,
							   .state = p[i].state == PAGE_ACTIVE         ? _(l, "paging")
								    : p[i].state == PAGE_ACKNOWLEDGED ? _(l, "taken by")
								    : p[i].state == PAGE_EXHAUSTED    ? _(l, "nobody came")
												      : _(l, "ended"),
							   .who = p[i].ack_name.p ? p[i].ack_name : STR(""),
							   .at = time_is_set(p[i].ack_at) ? p[i].ack_at : p[i].started_at,
							   .active = p[i].state == PAGE_ACTIVE || p[i].state == PAGE_EXHAUSTED };
	return rc;
}

struct paging {
	struct req *q;
	int64_t number, policy, page;
};

static enum rc page_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct paging *x = arg;
	struct req *q = x->q;
	struct ticket t;
	enum rc rc = ticket_find(tx, q->arena, &q->actor, x->number, &t, err);

	if (rc == RC_OK && !x->page && !x->policy)
		return fail_field(err, RC_INVALID, "policy", "Choose the policy to page by.");
	if (rc == RC_OK && x->page)
		return oncall_acknowledge(tx, q->arena, &q->actor, q->now, x->page, "desk", err);
	return rc == RC_OK ? oncall_start(tx, q->arena, t.id, x->policy, TRIGGER_OPENED,
					  arena_strf(q->arena, "hand:%lld:%lld:%lld", (long long)t.id.v, (long long)x->policy, (long long)(q->now.us / SECOND_US)), q->now,
					  err)
			   : rc;
}

static enum rc post_page(struct req *q, struct resp *r)
{
	struct paging x = { .q = q, .number = desk_path_number(q) };

	req_int(q, "policy", &x.policy);
	req_int(q, "page", &x.page);
	enum rc rc = x.number ? db_write(web_desk(q)->db, page_step, &x, req_err(q)) : RC_NOT_FOUND;

	if (rc == RC_CONFLICT)
		return web_done(r, str_z(q->arena, str_of(req_err(q)->text)), desk_ticket_url(q, x.number));
	return rc == RC_OK ? web_done(r, x.page ? _(web_lang(q), "You have it.") : _(web_lang(q), "Paging has begun."), desk_ticket_url(q, x.number)) : rc;
}

/* ---- the link of a mail: reading shows, only the button changes (mail programs open links by themselves) ---- */

struct linked {
	struct req *q;
	int64_t page;
	struct agent agent;
	struct oncall_page p;
	struct ticket t;
	struct str by;
};

static enum rc link_load(struct db_tx *tx, void *arg, struct err *err)
{
	struct linked *x = arg;
	struct actor system = actor_system();
	enum rc rc = agent_find(tx, x->q->arena, x->agent.id, &x->agent, err);

	if (rc == RC_OK && time_is_set(x->agent.disabled_at))
		rc = RC_NOT_FOUND;
	if (rc == RC_OK)
		rc = oncall_page_find(tx, x->q->arena, x->page, &x->p, err);
	return rc == RC_OK ? ticket_find_id(tx, x->q->arena, &system, x->p.ticket, &x->t, err) : rc;
}

static enum rc link_take(struct db_tx *tx, void *arg, struct err *err)
{
	struct linked *x = arg;
	enum rc rc = link_load(tx, x, err);
	struct actor who = actor_of_agent(&x->agent);

	return rc == RC_OK ? oncall_acknowledge(tx, x->q->arena, &who, x->q->now, x->page, "mail", err) : rc;
}

static enum rc link_page(struct req *q, struct resp *r, bool take)
{
	struct linked x = { .q = q };
	struct page page;
	struct err why = { 0 };
	enum rc rc = oncall_link_read(q->arena, web_desk(q), req_path(q, "token"), &x.page, &x.agent.id);

	if (rc == RC_OK && take)
		rc = db_write(web_desk(q)->db, link_take, &x, &why);
	if (rc == RC_OK || rc == RC_CONFLICT)
		rc = db_read(web_desk(q)->db, link_load, &x, req_err(q));
	if (rc == RC_NOT_FOUND)
		return web_not_found(q);
	if (rc != RC_OK)
		return rc;
	struct page_link v = { .p = &page,
			       .number = desk_number(q, x.t.number),
			       .subject = x.t.subject,
			       .account = x.t.account_name,
			       .who = x.agent.name,
			       .url = q->path,
			       .criticality = x.t.criticality,
			       .done = x.p.state == PAGE_ACKNOWLEDGED && x.p.ack_by.v == x.agent.id.v,
			       .gone = x.p.state == PAGE_ENDED || (x.p.state == PAGE_ACKNOWLEDGED && x.p.ack_by.v != x.agent.id.v),
			       .by = x.p.ack_name.p ? x.p.ack_name : STR("") };
	struct out o = web_out(q, r);

	web_page_init(&page, q, r, _(o.lang, "A page"));
	tmpl_page_link(&o, &v);
	return RC_OK;
}

static enum rc get_link(struct req *q, struct resp *r)
{
	return link_page(q, r, false);
}

static enum rc post_link(struct req *q, struct resp *r)
{
	return link_page(q, r, true);
}

/* ---- the feed: RFC 5545, each shift an event ---- */

static void ics_text(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("\\;,", s.p[i]) && s.p[i])
			buf_addc(b, '\\');
		buf_addc(b, (unsigned char)s.p[i] < 0x20 ? ' ' : s.p[i]);
	}
}

static void ics_time(struct buf *b, const char *name, struct instant t)
{
	struct civil c = time_civil(t);

	buf_addf(b, "%s:%04d%02d%02dT%02d%02d%02dZ\r\n", name, c.year, c.month, c.day, c.hour, c.minute, c.second);
}

static enum rc load_feed(struct db_tx *tx, void *arg, struct err *err)
{
	struct loading *x = arg;

	struct oncall_feed f;
	enum rc rc = oncall_feed_open(tx, x->q->arena, web_desk(x->q), req_path(x->q, "feed"), &f, err);

	x->at = arena_new(x->q->arena, struct oncall_schedule);
	if (rc == RC_OK)
		rc = oncall_find(tx, x->q->arena, f.schedule, x->from, x->to, x->at, err);
	return rc == RC_OK ? agent_list(tx, x->q->arena, &x->agents, &x->n_agents, err) : rc;
}

static enum rc get_feed(struct req *q, struct resp *r)
{
	struct loading x = { .q = q, .from = time_add(q->now, -FEED_BACK), .to = time_add(q->now, FEED_AHEAD) };
	struct oncall_shift *shift;
	size_t n;
	enum rc rc = db_read(web_desk(q)->db, load_feed, &x, req_err(q));

	if (rc == RC_OK)
		rc = oncall_shifts(x.at, q->arena, x.from, x.to, &shift, &n, req_err(q));
	if (rc != RC_OK)
		return rc;
	r->type = STR("text/calendar; charset=utf-8");
	buf_addz(r->body, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Carrel//on call//EN\r\nX-WR-CALNAME:");
	ics_text(r->body, x.at->name);
	buf_addz(r->body, "\r\n");
	for (size_t i = 0; i < n; i++) {
		if (!shift[i].agent.v)
			continue;
		buf_addf(r->body, "BEGIN:VEVENT\r\nUID:oncall-%lld-%lld@carrel\r\n", (long long)x.at->id, (long long)(shift[i].from.us / SECOND_US));
		ics_time(r->body, "DTSTAMP", q->now);
		ics_time(r->body, "DTSTART", shift[i].from);
		ics_time(r->body, "DTEND", shift[i].to);
		buf_addz(r->body, "SUMMARY:");
		ics_text(r->body, str_utf8_clip(name_of(&x, shift[i].agent), 60));
		buf_addz(r->body, "\r\nTRANSP:TRANSPARENT\r\nEND:VEVENT\r\n");
	}
	buf_addz(r->body, "END:VCALENDAR\r\n");
	return RC_OK;
}

/* ---- the alarm: total interruptions that nobody has; asked for every second and a half by the workspace; and what is wrong
 * with mail coming in ---- */

struct alarm {
	struct req *q;
	struct clock_card *cards;
	size_t n;
	int total;
	int64_t unread; /* news of this agent */
	struct call *calls;
	size_t n_calls;
	struct triage_alarm *mail;
	size_t n_mail;
};

static enum rc load_alarm(struct db_tx *tx, void *arg, struct err *err)
{
	struct alarm *x = arg;

	enum rc rc = clock_alarms(tx, x->q->arena, &x->q->actor, &x->cards, &x->n, err);

	if (rc == RC_OK)
		rc = notice_unread(tx, x->q->actor.agent, &x->unread, err);
	if (rc == RC_OK)
		rc = call_list(tx, x->q->arena, true, 3, &x->calls, &x->n_calls, err);
	return rc == RC_OK ? desk_mail_alarms(tx, x->q, &x->mail, &x->n_mail, err) : rc;
}

/* The call pop: who is on the line and nobody has. What it shows is desk_calls.c's. */
static void put_calls(struct req *q, struct json *j, const struct alarm *x)
{
	json_key(j, "calls");
	json_arr(j);
	for (size_t i = 0; i < x->n_calls; i++) {
		const struct call *c = &x->calls[i];

		json_obj(j);
		json_ki64(j, "id", c->id);
		/* Another key: draw it anew. */
		json_kstr(j, "key",
			  arena_strf(q->arena, "%lld %d %lld %lld", (long long)c->id, (int)c->verified, (long long)c->prepared,
				     (long long)c->number));
		json_end_obj(j);
	}
	json_end_arr(j);
}

static enum rc get_alarm(struct req *q, struct resp *r)
{
	struct alarm x = { .q = q };
	struct json j;
	enum rc rc = db_read(web_desk(q)->db, load_alarm, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	json_init(&j, r->body);
	json_obj(&j);
	json_key(&j, "alarms");
	json_arr(&j);
	for (size_t i = 0; i < x.n; i++) {
		json_obj(&j);
		json_kstr(&j, "number", desk_number(q, x.cards[i].row.number));
		json_kstr(&j, "url", desk_ticket_url(q, x.cards[i].row.number));
		json_kstr(&j, "subject", x.cards[i].row.subject);
		json_kstr(&j, "account", x.cards[i].row.account_name);
		json_end_obj(&j);
	}
	json_end_arr(&j);
	put_calls(q, &j, &x);
	json_key(&j, "mail");
	json_arr(&j);
	for (size_t i = 0; i < x.n_mail; i++) {
		json_obj(&j);
		json_kstr(&j, "what", x.mail[i].what);
		json_kstr(&j, "why", x.mail[i].why);
		json_end_obj(&j);
	}
	json_end_arr(&j);
	json_ki64(&j, "unread", x.unread);
	json_kstr(&j, "text", str_of(_(web_lang(q), "A total interruption has nobody who works on it.")));
	json_end_obj(&j);
	return resp_json(r, 200);
}

static const struct field swap_fields[] = { { "agent", FIELD_INT, 0, false, NULL, "" }, { "instead", FIELD_INT, 0, false, NULL, "" },
	{ "from", FIELD_TEXT, 30, false, NULL, "" }, { "to", FIELD_TEXT, 30, false, NULL, "" }, { "drop", FIELD_INT, 0, false, NULL, "" },
	{ "feed", FIELD_CHOICE, 0, false, "renew|end", "The reader's own address of the feed" }, { .name = NULL } };
static const struct field page_fields[] = { { "policy", FIELD_INT, 0, false, NULL, "" }, { "page", FIELD_INT, 0, false, NULL, "" }, { .name = NULL } };

const struct route oncall_routes[] = {
	{ HTTP_GET, "/desk/oncall", CAP_AGENT, get_duty, NULL, 0, "Who is on duty", NULL, NULL },
	{ HTTP_POST, "/desk/oncall/{id}", CAP_AGENT, post_swap, swap_fields, ROUTE_LENIENT, "Somebody else for a time", NULL, NULL },
	{ HTTP_POST, "/desk/tickets/{number}/page", CAP_AGENT, post_page, page_fields, 0, "Page, or answer a page", NULL, NULL },
	{ HTTP_GET, "/desk/alarm", CAP_AGENT, get_alarm, NULL, 0, "Total interruptions that nobody has", NULL, NULL },
	{ HTTP_GET, "/page/{token}", CAP_PUBLIC, get_link, NULL, 0, "A page, by the link of its mail", NULL, NULL },
	{ HTTP_POST, "/page/{token}", CAP_PUBLIC, post_link, NULL, ROUTE_NO_CSRF, "Take it", NULL, NULL },
	{ HTTP_GET, "/oncall/{feed}", CAP_PUBLIC, get_feed, NULL, ROUTE_SECRET, "Who is on duty, as iCalendar", NULL, NULL },
	{ .path = NULL },
};

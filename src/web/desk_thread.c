/* One ticket as agents see it: loading all of it in one snapshot, the conversation with the events between, what a
 * draft keeps. Events are told in the order of the log, a message where its event stands. What agents do is
 * desk_ticket.c. */
#include "html/html.h"
#include "mime/mime.h"
#include "notice/notice.h"
#include "ticket/held.h"
#include "web/clock_view.h"
#include "web/desk_view.h"
#include "web/kb_use_view.h"
#include "web/oncall_view.h"
#include "web/problem_view.h"
#include "web/request_view.h"
#include "web/web.h"
#include <jansson.h>

/* ---- loading ---- */

static enum rc load_draft(struct db_tx *tx, struct desk_load *x, enum draft_purpose p, struct draft *ret,
                          struct err *err)
{
	enum rc rc = draft_find(tx, x->q->arena, &x->q->actor, p, x->view.t.id, ret, NULL);

	if (rc == RC_NOT_FOUND) {
		*ret = (struct draft){ 0 };
		return RC_OK;
	}
	return rc == RC_OK ? rc : fail(err, rc, "Your draft cannot be read at the moment. Try again in a moment.");
}

enum rc desk_load(struct db_tx *tx, void *load, struct err *err)
{
	struct desk_load *x = load;
	struct arena *a = x->q->arena;
	const struct actor *who = &x->q->actor;
	const struct ticket *t = &x->view.t;
	enum rc rc = ticket_view(tx, a, who, x->number, &x->view, err);

	if (rc == RC_OK)
		rc = desk_counts_of(tx, x, err);
	if (rc == RC_OK)
		rc = desk_agents(tx, x, err);
	if (rc == RC_OK)
		rc = desk_related(tx, x, err);
	if (rc == RC_OK)
		rc = kb_used_by(tx, a, t->id, &x->articles, &x->n_articles, err);
	if (rc == RC_OK)
		rc = ticket_recipients(tx, a, t->id, &x->people, &x->n_people, err);
	if (rc == RC_OK)
		rc = ticket_mentioned(tx, a, t->id, &x->mentioned, &x->n_mentioned, err);
	if (rc == RC_OK)
		rc = load_draft(tx, x, DRAFT_REPLY, &x->reply, err);
	if (rc == RC_OK)
		rc = load_draft(tx, x, DRAFT_NOTE, &x->note, err);
	if (rc == RC_OK)
		rc = held_on(tx, a, t->id, &x->held, &x->n_held, err);
	if (rc == RC_OK)
		rc = notice_follows(tx, t->id, who->agent, &x->follows, err);
	if (rc == RC_OK)
		rc = desk_promise(tx, x, err);
	if (rc == RC_OK)
		rc = account_find(tx, a, t->account, &x->account, err);
	if (rc == RC_OK && t->contact.v)
		rc = contact_find(tx, a, t->contact, &x->contact, err);
	if (rc == RC_OK && t->kind == TICKET_INCIDENT)
		rc = desk_clocks(tx, x, err);
	if (rc == RC_OK && t->kind == TICKET_INCIDENT) {
		x->paging = arena_new(a, struct desk_paging);
		rc = desk_paging_load(tx, x->q, t, x->paging, err);
		x->problem = arena_new(a, struct desk_problem);
		if (rc == RC_OK)
			rc = desk_problem_load(tx, x->q, t, x->problem, err);
	} else if (rc == RC_OK) {
		x->checklist = arena_new(a, struct desk_checklist);
		rc = desk_checklist_load(tx, x->q, t, x->checklist, err);
	}
	return rc;
}

/* ---- messages ---- */

static bool is_image(struct str type)
{
	return str_is(type, "image/png") || str_is(type, "image/jpeg") || str_is(type, "image/gif") ||
	       str_is(type, "image/webp");
}

static struct str file_url(struct arena *a, struct str token)
{
	return arena_strf(a, "/desk/attachments/" STR_F, STR_A(token));
}

static struct desk_file *files(const struct req *q, const struct attachment *at, size_t n)
{
	struct desk_file *f = arena_array(q->arena, struct desk_file, n + 1);

	for (size_t i = 0; i < n; i++)
		f[i] = (struct desk_file){ .url = file_url(q->arena, at[i].token),
			                   .name = at[i].name,
			                   .size = i18n_bytes(q->arena, web_lang(q), at[i].size),
			                   .token = at[i].token,
			                   .image = is_image(at[i].type),
			                   .sound = str_is(at[i].type, "audio/wav") };
	return f;
}

static const char *delivery_state(const struct i18n *l, int state)
{
	switch ((enum outmail_state)state) {
	case OUTMAIL_QUEUED:
		return _(l, "waits to be sent to");
	case OUTMAIL_SENT:
		return _(l, "sent to");
	case OUTMAIL_FAILED:
		return _(l, "could not be sent to");
	case OUTMAIL_SUPPRESSED:
		return _(l, "not sent to");
	case OUTMAIL_BOUNCED:
		return _(l, "came back from");
	}
	return "";
}

static struct desk_delivery *deliveries(const struct req *q, const struct delivery *at, size_t n)
{
	struct desk_delivery *d = arena_array(q->arena, struct desk_delivery, n + 1);

	for (size_t i = 0; i < n; i++)
		d[i] = (struct desk_delivery){ .to = at[i].to,
			                       .error = at[i].error.p ? at[i].error : STR(""),
			                       .state = delivery_state(web_lang(q), at[i].state),
			                       .bad = at[i].state == OUTMAIL_FAILED || at[i].state == OUTMAIL_BOUNCED,
			                       .at = at[i].at };
	return d;
}

/* Images inside of a mail show only when their file is an image of ours to show (S-03). */
static struct str cid_url(void *arg, struct arena *a, struct str cid)
{
	const struct message *m = arg;

	for (size_t i = 0; i < m->n_attachments; i++)
		if (m->attachments[i].cid.n && str_eq(m->attachments[i].cid, cid) && is_image(m->attachments[i].type))
			return file_url(a, m->attachments[i].token);
	return STR_NULL;
}

static const char *crypto_word(const struct i18n *l, int crypto)
{
	switch ((enum mail_crypto)crypto) {
	case MAIL_PLAIN:
		return "";
	case MAIL_SMIME_SIGNED:
		return _(l, "signed with S/MIME, not checked");
	case MAIL_SMIME_ENCRYPTED:
		return _(l, "encrypted with S/MIME");
	case MAIL_PGP_SIGNED:
		return _(l, "signed with PGP, not checked");
	case MAIL_PGP_ENCRYPTED:
		return _(l, "encrypted with PGP");
	}
	return "";
}

static struct str member(struct arena *a, const json_t *j, const char *name)
{
	const json_t *v = json_object_get(j, name);

	return json_is_string(v) ? arena_str(a, (struct str){ json_string_value(v), json_string_length(v) }) : STR("");
}

static struct desk_invite *invite(const struct req *q, struct str text)
{
	const struct i18n *l = web_lang(q);
	json_t *j = text.n ? json_loadb(text.p, text.n, 0, NULL) : NULL;

	if (!j)
		return NULL;
	struct desk_invite *v = arena_new(q->arena, struct desk_invite);
	struct str method = member(q->arena, j, "method"), start = member(q->arena, j, "start"),
	           end = member(q->arena, j, "end");
	v->what = str_is(method, "cancel")    ? _(l, "Appointment cancelled")
	          : str_is(method, "reply")   ? _(l, "Answer to an invitation")
	          : str_is(method, "request") ? _(l, "Invitation")
	                                      : _(l, "Appointment");
	v->summary = member(q->arena, j, "summary");
	v->organizer = member(q->arena, j, "organizer");
	v->location = member(q->arena, j, "location");
	v->when = end.n ? arena_strf(q->arena, STR_F " – " STR_F, STR_A(start), STR_A(end)) : start;
	json_decref(j);
	return v;
}

static void add_message(const struct req *q, struct desk_item *it, const struct message *m)
{
	const struct i18n *l = web_lang(q);
	struct arena *a = q->arena;
	bool has_html = m->html.n > 0;
	/* History is folded in the HTML, or a text of its own. */
	bool folded = str_find(m->html, STR("<details class=\"quoted\">")) != STR_NONE;
	struct str html = has_html ? html_images(a, m->html, cid_url, (void *)(uintptr_t)m)
	                           : html_from_text(a, m->text);

	*it = (struct desk_item){ .is_note = m->internal,
		                  .is_ours = m->author_kind == ACTOR_AGENT && !m->internal,
		                  .automatic = m->automatic,
		                  .unverified = m->unverified && !m->automatic,
		                  .same_id = m->same_id,
		                  .cut = m->cut,
		                  .crypto = crypto_word(l, m->crypto),
		                  .invite = invite(q, m->invite),
		                  .id = m->id.v,
		                  .intake = m->intake.v,
		                  .at = m->at,
		                  .who = m->author.n ? m->author : m->email,
		                  .email = m->author.n && m->author_kind != ACTOR_AGENT ? m->email : STR_NULL,
		                  /* Agents write here; customers by many ways. */
		                  .via = m->author_kind == ACTOR_AGENT && m->channel == CHANNEL_FORM
		                                 ? ""
		                                 : desk_via(l, m->channel),
		                  .html.s = has_html ? html_summary(a, html, str_of(_(l, "Earlier text"))) : html,
		                  .quoted = folded ? STR_NULL : m->quoted,
		                  .files = files(q, m->attachments, m->n_attachments),
		                  .n_files = m->n_attachments,
		                  .deliveries = deliveries(q, m->deliveries, m->n_deliveries),
		                  .n_deliveries = m->n_deliveries };
}

static bool tells_message(const struct event *e)
{
	return e->message.v && (str_is(e->kind, EV_MESSAGE) || str_is(e->kind, EV_NOTE));
}

void desk_items(const struct req *q, const struct ticket_view *view, struct event_id after, struct desk_item **ret,
                size_t *ret_n)
{
	struct desk_item *v = arena_array(q->arena, struct desk_item, view->n_messages + view->n_events + 1);
	size_t n = 0, m = 0;

	/* Messages whose events are older than those that were loaded come first; what was seen is passed over. */
	for (size_t i = 0; i < view->n_events; i++) {
		const struct event *e = &view->events[i];
		bool shown = e->id.v > after.v;

		for (; i == 0 && m < view->n_messages && time_before(view->messages[m].at, e->at) &&
		       (!e->message.v || view->messages[m].id.v < e->message.v);
		     m++)
			if (after.v == 0)
				add_message(q, &v[n++], &view->messages[m]);
		if (shown && !tells_message(e) && !desk_event_silent(e))
			v[n++] = (struct desk_item){ .is_event = true, .text = desk_event_words(q, e), .at = e->at };
		for (; e->message.v && m < view->n_messages && view->messages[m].id.v <= e->message.v; m++)
			if (shown)
				add_message(q, &v[n++], &view->messages[m]);
	}
	for (; m < view->n_messages && after.v == 0; m++)
		add_message(q, &v[n++], &view->messages[m]);
	*ret = v;
	*ret_n = n;
}

/* ---- the page's view ---- */

struct str desk_draft_text(struct arena *a, struct str data)
{
	json_t *o = json_loadb(data.p ? data.p : "", data.n, 0, NULL);
	json_t *text = json_object_get(o, "text");
	struct str s = json_is_string(text)
	                       ? arena_str(a, (struct str){ json_string_value(text), json_string_length(text) })
	                       : STR("");

	json_decref(o);
	return s;
}

static const char *verdict(const struct i18n *l, enum ent_verdict v)
{
	switch (v) {
	case ENT_COVERED:
		return _(l, "covered");
	case ENT_NO_SUBSCRIPTION:
		return _(l, "no subscription");
	case ENT_NOT_YET:
		return _(l, "subscription not begun");
	case ENT_EXPIRED:
		return _(l, "subscription ended");
	case ENT_SUSPENDED:
		return _(l, "subscription suspended");
	case ENT_CANCELLED:
		return _(l, "subscription cancelled");
	case ENT_FREE_PLAN:
		return _(l, "plan without support");
	case ENT_OVER_QUOTA:
		return _(l, "quota used up");
	case ENT_CHANNEL:
		return _(l, "covered, but by another channel");
	case ENT_NO_ROLE:
		return _(l, "the person may only read");
	}
	return "";
}

static void fill_composer(struct req *q, struct desk_load *x, struct desk_ticket *v)
{
	bool refused = strcmp(v->action, "reply") == 0;
	bool is_note = time_before(x->reply.updated_at, x->note.updated_at);
	const struct draft *d = is_note ? &x->note : &x->reply;
	struct str dropped[DESK_KEPT_MAX];
	size_t n_dropped = refused ? req_fields(q, "remove", dropped, COUNT(dropped)) : 0;
	struct desk_file *both[] = { files(q, x->reply.attachments, x->reply.n_attachments),
		                     files(q, x->note.attachments, x->note.n_attachments) };

	v->kept_at = d->updated_at;
	v->note = refused ? str_is(req_field(q, "mode"), "note") || str_is(req_field(q, "act"), "note")
	                  : is_note && d->id.v;
	v->text = refused ? web_field_value(q, "text", STR("")) : desk_draft_text(q->arena, d->data);
	v->n_kept = x->reply.n_attachments + x->note.n_attachments;
	v->kept = arena_array(q->arena, struct desk_file, v->n_kept + 1);
	memcpy(v->kept, both[0], sizeof(*v->kept) * x->reply.n_attachments);
	memcpy(v->kept + x->reply.n_attachments, both[1], sizeof(*v->kept) * x->note.n_attachments);
	for (size_t i = 0; i < v->n_kept; i++)
		for (size_t k = 0; k < n_dropped; k++)
			v->kept[i].removed |= str_eq(v->kept[i].token, dropped[k]);
	if (v->closed)
		v->note = true;
}

static void fill_people(struct req *q, struct desk_load *x, struct desk_ticket *v)
{
	v->mentioned = x->mentioned;
	v->n_mentioned = x->n_mentioned;
	v->people = arena_array(q->arena, struct desk_person, x->n_people + 1);
	for (size_t i = 0; i < x->n_people; i++)
		v->people[v->n_people++] = (struct desk_person){
			.name = x->people[i].name,
			.email = x->people[i].email,
			.requester = x->people[i].contact.v && x->people[i].contact.v == x->view.t.contact.v
		};
	v->teams = desk_teams(q->arena, &x->counts, &v->n_teams);
	v->agents = arena_array(q->arena, struct agent, x->n_agents + 1);
	for (size_t i = 0; i < x->n_agents; i++)
		if (!time_is_set(x->agents[i].disabled_at) || x->agents[i].id.v == x->view.t.assignee.v)
			v->agents[v->n_agents++] = x->agents[i];
}

/* "tel:+5715550100" of a number as people write it. */
static struct str tel(struct arena *a, struct str phone)
{
	char *p = arena_alloc(a, phone.n + 5);
	size_t n = 4;

	memcpy(p, "tel:", 4);
	for (size_t i = 0; i < phone.n; i++)
		if ((phone.p[i] >= '0' && phone.p[i] <= '9') || (phone.p[i] == '+' && n == 4))
			p[n++] = phone.p[i];
	return (struct str){ p, n };
}

void desk_fill(struct req *q, struct desk_load *x, const char *action, struct desk_ticket *v)
{
	static const char *const ratings[] = { "", N_("bad"), N_("fair"), N_("good") };
	const struct i18n *l = web_lang(q);
	const struct ticket *t = &x->view.t;

	*v = (struct desk_ticket){
		.q = q,
		.action = action,
		.t = *t,
		.number = desk_number(q, t->number),
		.url = desk_ticket_url(q, t->number),
		.incident = t->kind == TICKET_INCIDENT,
		.is_admin = actor_is_admin(&q->actor),
		.follows = x->follows,
		.mine = t->assignee.v == q->actor.agent.v,
		.done = t->state >= STATE_RESOLVED,
		.closed = t->state == STATE_CLOSED,
		.may_reopen = t->state >= STATE_RESOLVED &&
		              !time_before(time_add(t->resolved_at, REOPEN_DAYS * DAY_US), q->now),
		.state = desk_state(l, t->state, t->waiting_for),
		.complexity = desk_complexity(l, t->complexity),
		.verdict = verdict(l, t->verdict),
		.via = desk_via(l, t->channel),
		.rating = t->rating >= 1 && t->rating <= 3 ? _(l, ratings[t->rating]) : "",
		.plan = x->plan_name,
		.promise = x->promise,
		.phone = x->contact.phone,
		.phone_to = tel(q->arena, x->contact.phone),
		.line = __atomic_load_n(&web_desk(q)->phone_line, __ATOMIC_RELAXED) == PHONE_UP,
		.callback_to = tel(q->arena, t->callback_phone),
		.zone = x->contact.zone.n ? x->contact.zone : x->account.zone,
		.has_older = x->view.has_older,
		.related = desk_rows(q, x->related, x->n_related),
		.n_related = x->n_related,
		.articles = kb_used_rows(q, x->articles, x->n_articles),
		.n_articles = x->n_articles,
	};
	desk_same(q, t, x->related, v);
	v->draft_url = str_concat(q->arena, v->url, STR("/draft"));
	v->clocks = x->clocks;
	memcpy(v->preview, x->preview, sizeof(v->preview));
	v->paging = x->paging;
	v->problem = x->problem;
	v->checklist = x->checklist;
	v->solution = x->problem && x->problem->part && !x->problem->open ? x->problem->p.resolution : STR("");
	desk_items(q, &x->view, (struct event_id){ 0 }, &v->items, &v->n_items);
	fill_people(q, x, v);
	fill_composer(q, x, v);
	v->held = x->held;
	v->n_held = x->n_held;
	v->later_at = desk_typed(v, "reply", "later_at", STR(""));
	v->reader_zone = web_zone(q);
}

/* ---- forms of the page ---- */

struct str desk_typed(const struct desk_ticket *v, const char *action, const char *field, struct str fallback)
{
	struct str s = strcmp(v->action, action) == 0 ? web_field_value(v->q, field, fallback) : fallback;

	return s.p ? s : STR("");
}

bool desk_chosen(const struct desk_ticket *v, const char *action, const char *field, int64_t option, int64_t fallback)
{
	int64_t chosen = fallback;

	if (strcmp(v->action, action) == 0 && str_to_i64(req_field(v->q, field), &chosen) != RC_OK)
		chosen = fallback;
	return chosen == option;
}

const char *desk_label(const struct i18n *l, const char *field)
{
	static const char *const labels[][2] = {
		{"subject",         N_("Subject")                                },
                { "course",         N_("Course (optional)")                      },
		{ "unit",           N_("Unit (optional)")                        },
                { "affected_email", N_("Affected user (optional)")               },
		{ "link",           N_("Link (optional)")                        },
                { "wanted_on",      N_("Wished date, like 2027-03-31 (optional)")},
	};

	for (size_t i = 0; i < COUNT(labels); i++)
		if (strcmp(labels[i][0], field) == 0)
			return tr(l, labels[i][1]);
	return field;
}

struct str desk_wrong(const struct desk_ticket *v, const char *action, const char *field)
{
	return strcmp(v->action, action) == 0 ? web_field_error(v->q, field) : STR_NULL;
}

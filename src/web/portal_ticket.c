/* One ticket as its customers see it: the conversation with what happened in between, answering with files, and what
 * else they may do: confirm, reopen, rate, ask for a call. Also the files of messages and drafts. Lists are portal.c's,
 * opening is portal_new.c's. */
#include "blob/blob.h"
#include "entitlement/promise.h"
#include "html/html.h"
#include "util/crypt.h"
#include "util/json.h"
#include "web/clock_view.h"
#include "web/portal_common.h"
#include "web/problem_view.h"

#define TEXT_FIELD_MAX (200 << 10)
#define UNCHECKED      ((struct event_id){ 0 })

struct loaded {
	struct req *q;
	int64_t number;
	struct ticket_view view;
	struct draft draft; /* of the reply; id 0: none */
	struct plan plan;
	struct calendar calendar;
	bool has_plan, has_calendar;
	struct clock_cycle *clocks;
	size_t n_clocks;
	int days; /* a request's estimate */
	struct problem_banner problem;
};

static int64_t number_of(const struct req *q)
{
	int64_t n = 0;

	return ticket_number_parse(req_path(q, "number"), web_desk(q)->config.prefix, &n) == RC_OK ? n : 0;
}

/* RC_OK with id 0: there is none. */
static enum rc find_reply(struct db_tx *tx, struct req *q, struct ticket_id t, struct draft *ret, struct err *err)
{
	struct err spare = { 0 };
	enum rc rc = draft_find(tx, q->arena, &q->actor, DRAFT_REPLY, t, ret, &spare);

	if (rc == RC_NOT_FOUND) {
		*ret = (struct draft){ 0 };
		return RC_OK;
	}
	if (rc != RC_OK && err)
		*err = spare;
	return rc;
}

static enum rc load(struct db_tx *tx, void *arg, struct err *err)
{
	struct loaded *x = arg;
	struct arena *a = x->q->arena;
	struct err spare = { 0 };
	enum rc rc = ticket_view(tx, a, &x->q->actor, x->number, &x->view, err);

	if (rc == RC_OK)
		rc = find_reply(tx, x->q, x->view.t.id, &x->draft, err);
	if (rc == RC_OK && x->view.t.kind == TICKET_INCIDENT)
		rc = clock_find(tx, a, x->view.t.id, x->q->now, &x->clocks, &x->n_clocks, err);
	else if (rc == RC_OK)
		rc = clock_estimate_days(tx, a, x->view.t.complexity, &x->days, err);
	if (rc == RC_OK)
		rc = portal_problem_of(tx, x->q, &x->view.t, &x->problem, err);
	if (rc != RC_OK || !x->view.t.plan_code.n)
		return rc;
	/* A plan that is gone costs the sentence about it, not the page. */
	x->has_plan = plan_find_code(tx, a, x->view.t.plan_code, &x->plan, &spare) == RC_OK;
	x->has_calendar = x->has_plan && x->plan.calendar.v &&
	                  calendar_find(tx, a, x->plan.calendar, &x->calendar, &spare) == RC_OK;
	return RC_OK;
}

/* ---- what happened, a line each ---- */

struct telling {
	const struct i18n *l;
	struct arena *a;
	const struct event *e;
	json_t *data;
};

static struct str word(const struct telling *t, const char *name)
{
	json_t *v = json_object_get(t->data, name);

	if (json_is_integer(v))
		return arena_strf(t->a, "%lld", (long long)json_integer_value(v));
	return json_is_string(v) ? arena_str(t->a, str_of(json_string_value(v))) : STR("");
}

static struct str with_reason(const struct telling *t, struct str s, const char *name)
{
	struct str why = word(t, name);

	return why.n ? arena_strf(t->a, STR_F ": " STR_F, STR_A(s), STR_A(why)) : s;
}

static struct str say_opened(const struct telling *t)
{
	return TR_FILL(t->a, _(t->l, "{who} opened the ticket"), { "who", t->e->actor });
}

static struct str say_state(const struct telling *t)
{
	enum ticket_state to;
	enum waiting_for w = str_is(word(t, "waiting_for"), "customer") ? WAITING_CUSTOMER : WAITING_OTHERS;

	if (ticket_state_parse(word(t, "to"), &to) != RC_OK)
		return STR_NULL;
	return str_of(portal_status(t->l, to, w, false));
}

static struct str say_criticality(const struct telling *t)
{
	struct str s = TR_FILL(t->a, _(t->l, "{who} changed the criticality from C{from} to C{to}"),
	                       { "who", t->e->actor }, { "from", word(t, "from") }, { "to", word(t, "to") });

	return with_reason(t, s, "reason");
}

static struct str say_kind(const struct telling *t)
{
	const char *text = str_is(word(t, "to"), "incident") ? _(t->l, "{who} made it an incident")
	                                                     : _(t->l, "{who} made it a request");

	return with_reason(t, TR_FILL(t->a, text, { "who", t->e->actor }), "reason");
}

static struct str say_assigned(const struct telling *t)
{
	struct str to = word(t, "to");

	return to.n ? TR_FILL(t->a, _(t->l, "{who} takes care of it"), { "who", to }) : STR_NULL;
}

static struct str say_complexity(const struct telling *t)
{
	static const char *const sizes[] = { "", "S", "M", "L" };
	int64_t to = 0;

	if (str_to_i64(word(t, "to"), &to) != RC_OK || to < 1 || to > 3)
		return STR_NULL;
	return with_reason(t,
	                   TR_FILL(t->a, _(t->l, "{who} estimated the complexity: {size}"), { "who", t->e->actor },
	                           { "size", str_of(sizes[to]) }),
	                   "reason");
}

static struct str say_priority(const struct telling *t)
{
	return with_reason(t,
	                   TR_FILL(t->a, _(t->l, "{who} set the priority to {to}"), { "who", t->e->actor },
	                           { "to", word(t, "to") }),
	                   "reason");
}

static struct str say_resolved(const struct telling *t)
{
	return TR_FILL(t->a, _(t->l, "{who} resolved the ticket"), { "who", t->e->actor });
}

static struct str say_reopened(const struct telling *t)
{
	return with_reason(t, TR_FILL(t->a, _(t->l, "{who} reopened the ticket"), { "who", t->e->actor }), "reason");
}

static struct str say_confirmed(const struct telling *t)
{
	return TR_FILL(t->a, _(t->l, "{who} confirmed that it is solved"), { "who", t->e->actor });
}

static struct str say_closed(const struct telling *t)
{
	return str_of(_(t->l, "The ticket was closed"));
}

static struct str say_callback(const struct telling *t)
{
	if (json_is_true(json_object_get(t->data, "done")))
		return TR_FILL(t->a, _(t->l, "{who} called back"), { "who", t->e->actor });
	return TR_FILL(t->a, _(t->l, "{who} asked to be called at {phone}"), { "who", t->e->actor },
	               { "phone", word(t, "phone") });
}

static struct str say_problem(const struct telling *t)
{
	struct str what = word(t, "what"), title = word(t, "title");

	if (str_is(what, "solved"))
		return TR_FILL(t->a, _(t->l, "The known problem is solved: {title}"), { "title", title });
	if (str_is(what, "taken-out"))
		return TR_FILL(t->a, _(t->l, "This ticket is no longer part of the known problem: {title}"), { "title", title });
	if (str_is(what, "declared") || str_is(what, "joined") || str_is(what, "linked"))
		return TR_FILL(t->a, _(t->l, "This ticket is part of a known problem: {title}"), { "title", title });
	return STR_NULL;
}

static struct str say_approval(const struct telling *t)
{
	struct str what = word(t, "what");

	if (str_is(what, "asked"))
		return str_of(_(t->l, "A manager of your organisation is asked to approve it"));
	if (str_is(what, "approved"))
		return TR_FILL(t->a, _(t->l, "{who} approved it"), { "who", t->e->actor });
	return TR_FILL(t->a, _(t->l, "{who} declined it: {reason}"), { "who", t->e->actor }, { "reason", word(t, "reason") });
}

/* STR_NULL: nothing a customer needs to read. */
static struct str tell(const struct req *q, const struct event *e)
{
	static const struct {
		const char *kind;
		struct str (*say)(const struct telling *t);
	} words[] = {
		{EV_TICKET_OPENED, say_opened     },
                { EV_STATE,        say_state      },
		{ EV_CRITICALITY,  say_criticality},
                { EV_KIND,         say_kind       },
		{ EV_ASSIGNED,     say_assigned   },
                { EV_COMPLEXITY,   say_complexity },
		{ EV_PRIORITY,     say_priority   },
                { EV_RESOLVED,     say_resolved   },
		{ EV_REOPENED,     say_reopened   },
                { EV_CONFIRMED,    say_confirmed  },
		{ EV_CLOSED,       say_closed     },
                { EV_CALLBACK,     say_callback   },
		{ EV_PROBLEM,      say_problem    },
		{ EV_APPROVAL,     say_approval   },
	};
	struct telling t = { .l = web_lang(q), .a = q->arena, .e = e };
	struct str s = STR_NULL;

	t.data = json_loadb(e->data.p ? e->data.p : "", e->data.n, 0, NULL);
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_is(e->kind, words[i].kind))
			s = words[i].say(&t);
	json_decref(t.data);
	return s;
}

/* ---- messages ---- */

static bool is_image(struct str type)
{
	return str_is(type, "image/png") || str_is(type, "image/jpeg") || str_is(type, "image/gif") ||
	       str_is(type, "image/webp");
}

static struct str file_url(struct arena *a, struct str token)
{
	return arena_strf(a, "/support/attachments/" STR_F, STR_A(token));
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

static struct shown_file *files(const struct req *q, const struct attachment *at, size_t n)
{
	struct shown_file *f = arena_array(q->arena, struct shown_file, n + 1);

	for (size_t i = 0; i < n; i++)
		f[i] = (struct shown_file){ .url = file_url(q->arena, at[i].token),
			                    .name = at[i].name,
			                    .size = i18n_bytes(q->arena, web_lang(q), at[i].size),
			                    .image = is_image(at[i].type),
			                    .sound = str_is(at[i].type, "audio/wav") };
	return f;
}

static const char *via(const struct i18n *l, enum channel c)
{
	switch (c) {
	case CHANNEL_MAIL:
		return _(l, "by mail");
	case CHANNEL_PHONE:
		return _(l, "by telephone");
	case CHANNEL_API:
		return _(l, "by the API");
	case CHANNEL_FORM:
	case CHANNEL_WIDGET:
	case CHANNEL_AGENT:
		break;
	}
	return "";
}

static struct timeline_item message_item(const struct req *q, const struct message *m)
{
	const struct i18n *l = web_lang(q);
	struct arena *a = q->arena;
	struct timeline_item it = {
		.at = m->at,
		.ours = m->author_kind != ACTOR_CONTACT,
		.who = m->author.n ? m->author : web_settings(q).product,
		.via = str_of(via(l, m->channel)),
		.body = m->text.p ? m->text : STR(""),
		.quoted = m->quoted,
		.has_html = m->html.n > 0,
		.files = files(q, m->attachments, m->n_attachments),
		.n_files = m->n_attachments,
	};

	if (it.has_html) {
		it.html.s = html_summary(a, html_images(a, m->html, cid_url, (void *)(uintptr_t)m),
		                         str_of(_(l, "Earlier text")));
		it.quoted = STR_NULL; /* folded inside */
	}
	return it;
}

/* Messages and events in the order of time; at the same moment what happened stands before what was said. */
static void fill_timeline(const struct req *q, const struct ticket_view *view, struct ticket_page *v)
{
	struct timeline_item *at = arena_array(q->arena, struct timeline_item, view->n_messages + view->n_events + 1);
	size_t n = 0, e = 0, m = 0;

	while (e < view->n_events || m < view->n_messages) {
		if (m == view->n_messages ||
		    (e < view->n_events && !time_before(view->messages[m].at, view->events[e].at))) {
			const struct event *ev = &view->events[e++];
			struct str text = tell(q, ev);

			if (text.n)
				at[n++] = (struct timeline_item){ .is_event = true, .text = text, .at = ev->at };
		} else {
			at[n++] = message_item(q, &view->messages[m++]);
		}
	}
	v->items = at;
	v->n_items = n;
}

/* ---- the page ---- */

static struct str draft_text(struct arena *a, struct str data)
{
	json_t *o = json_loadb(data.p ? data.p : "", data.n, 0, NULL);
	json_t *text = json_object_get(o, "text");
	struct str s = json_is_string(text)
	                       ? arena_str(a, (struct str){ json_string_value(text), json_string_length(text) })
	                       : STR("");

	json_decref(o);
	return s;
}

static struct str or_empty(struct str s)
{
	return s.p ? s : STR("");
}

static void fill_may(const struct req *q, const struct ticket *t, struct ticket_page *v)
{
	bool in_time = time_before(q->now, time_add(t->resolved_at, REOPEN_DAYS * DAY_US));

	v->may_write = q->actor.contact_role >= CONTACT_OPERATOR;
	v->resolved = t->state >= STATE_RESOLVED;
	v->closed = t->state == STATE_CLOSED;
	v->may_reply = v->may_write && !v->closed && (!v->resolved || in_time);
	v->may_confirm = v->may_write && t->state == STATE_RESOLVED && !time_is_set(t->confirmed_at);
	v->may_reopen = v->may_write && v->resolved && in_time;
	v->may_rate = v->may_write && v->resolved;
	v->callback_asked = time_is_set(t->callback_at);
	v->may_callback = v->may_write && !v->resolved && !v->callback_asked;
}

/* A refused answer keeps its files in the draft, and they go with the next one: their writer must know. */
static struct str kept_files(const struct req *q, const struct draft *d)
{
	AUTO_BUF b;

	buf_init(&b, 8 << 10);
	if (!d->n_attachments)
		return STR_NULL;
	for (size_t i = 0; i < d->n_attachments; i++)
		buf_addf(&b, "%s" STR_F, i ? ", " : "", STR_A(d->attachments[i].name));
	return TR_FILL(q->arena, _(web_lang(q), "Kept, and sent with your message: {files}"),
	               { "files", arena_str(q->arena, buf_str(&b)) });
}

static struct ticket_page page_of(struct loaded *x)
{
	struct req *q = x->q;
	const struct i18n *l = web_lang(q);
	const struct ticket *t = &x->view.t;
	struct ticket_page v = {
		.number = portal_number(q, t->number),
		.url = portal_ticket_url(q, t->number),
		.subject = t->subject,
		.resolution = t->resolution,
		.plan = x->has_plan ? x->plan.name : STR(""),
		.incident = t->kind == TICKET_INCIDENT,
		.criticality = t->criticality,
		.status = portal_status(l, t->state, t->waiting_for, time_is_set(t->confirmed_at)),
		.you = (t->state == STATE_WAITING && t->waiting_for == WAITING_CUSTOMER) ||
		       (t->state == STATE_RESOLVED && !time_is_set(t->confirmed_at)),
		.course = or_empty(t->course),
		.unit = or_empty(t->unit),
		.affected_email = or_empty(t->affected_email),
		.link = or_empty(t->link),
		.site = or_empty(t->site_name),
		.opened_by = or_empty(t->contact_name),
		.opened_at = t->opened_at,
		.rating = t->rating,
		.reply = web_field_value(q, "text", draft_text(q->arena, x->draft.data)),
		.e_text = web_field_error(q, "text"),
		.e_reason = web_field_error(q, "reason"),
		.e_files = web_field_error(q, "files"),
		.e_phone = web_field_error(q, "phone"),
		.phone_typed = web_field_value(q, "phone", STR("")),
		.new_url = STR("/support/new"),
		.fresh = q->method == HTTP_GET && str_is(req_field(q, "new"), "1"),
	};

	fill_may(q, t, &v);
	if (!v.e_files.n)
		v.e_files = kept_files(q, &x->draft);
	if (x->has_plan && !v.resolved)
		v.promise = promise_text(q->arena, l, &x->plan, x->has_calendar ? &x->calendar : NULL, t->kind,
		                         t->criticality);
	v.draft_url = str_concat(q->arena, v.url, STR("/draft"));
	v.clocks = clock_lines(q, x->clocks, x->n_clocks, false, &v.n_clocks);
	v.wanted_on = or_empty(t->wanted_on);
	v.may_approve = t->approval == APPROVAL_ASKED && !v.resolved && q->actor.contact_role == CONTACT_MANAGER;
	v.decline = web_field_value(q, "reason", STR(""));
	v.problem = x->problem.title.n ? &x->problem : NULL;
	if (x->days)
		v.estimate = TR_FILL(q->arena, tr_n(l, "{n} working day", "{n} working days", x->days),
		                     { "n", arena_strf(q->arena, "%d", x->days) });
	fill_timeline(q, &x->view, &v);
	return v;
}

static void draw_ticket(struct out *o, const void *view)
{
	tmpl_customer_ticket(o, view);
}

/* Also after a form that was refused: its error must outlive the reading. */
static enum rc show(struct req *q, struct resp *r)
{
	struct loaded x = { .q = q, .number = number_of(q) };
	struct err mine = { 0 };

	if (!x.number)
		return web_not_found(q);
	enum rc rc = db_read(web_desk(q)->db, load, &x, &mine);

	if (rc != RC_OK) {
		*req_err(q) = mine;
		return rc;
	}
	struct ticket_page v = page_of(&x);

	return portal_show(q, r,
	                   str_z(q->arena, arena_strf(q->arena, STR_F " · " STR_F, STR_A(v.number), STR_A(v.subject))),
	                   NAV_SUPPORT, draw_ticket, &v);
}

enum rc portal_ticket_show(struct req *q, struct resp *r)
{
	return show(q, r);
}

static enum rc get_ticket(struct req *q, struct resp *r)
{
	return show(q, r);
}

/* ---- answering ---- */

struct saying {
	struct req *q;
	int64_t number;
	struct str text, owner, key, hash;
	struct new_attachment *files; /* of this request */
	size_t n_files;
	struct message_id message;
};

static struct str draft_data(struct arena *a, struct str text)
{
	AUTO_BUF b;
	struct json j;

	buf_init(&b, 8 * TEXT_FIELD_MAX);
	json_init(&j, &b);
	json_obj(&j);
	json_kstr(&j, "text", text);
	json_end_obj(&j);
	return arena_str(a, buf_str(&b));
}

static enum rc keep_draft(struct db_tx *tx, void *arg, struct err *err)
{
	struct saying *s = arg;
	struct req *q = s->q;
	struct ticket t;
	struct draft d = { 0 };
	struct attachment made;
	enum rc rc = ticket_find(tx, q->arena, &q->actor, s->number, &t, err);

	if (rc == RC_OK)
		rc = find_reply(tx, q, t.id, &d, err);
	if (rc != RC_OK)
		return rc;
	if (!str_trim(s->text).n && !s->n_files && !d.n_attachments)
		return d.id.v ? draft_drop(tx, &q->actor, d.id, err) : RC_OK;
	rc = draft_save(tx, &q->actor, q->now, DRAFT_REPLY, t.id, draft_data(q->arena, s->text), &d.id, err);
	for (size_t i = 0; i < s->n_files && rc == RC_OK; i++)
		rc = draft_attach(tx, q->arena, &q->actor, q->now, d.id, &s->files[i], &made, err);
	return rc;
}

static enum rc post_draft(struct req *q, struct resp *r)
{
	struct saying s = { .q = q, .number = number_of(q), .text = or_empty(req_field(q, "text")) };

	if (!s.number)
		return web_not_found(q);
	enum rc rc = db_write(web_desk(q)->db, keep_draft, &s, req_err(q));

	if (rc == RC_OK)
		r->status = 204;
	return rc;
}

/* Two presses of the button are one message (S-54). */
static struct str request_hash(const struct saying *s)
{
	AUTO_BUF b;

	buf_init(&b, 2 * TEXT_FIELD_MAX);
	buf_addf(&b, "%lld\n", (long long)s->number);
	for (size_t i = 0; i < s->n_files; i++)
		buf_addf(&b, STR_F " " STR_F "\n", STR_A(s->files[i].sha256), STR_A(s->files[i].name));
	buf_adds(&b, s->text);
	return sha256_hex(s->q->arena, buf_str(&b));
}

static enum rc say(struct db_tx *tx, struct saying *s, struct err *err)
{
	struct req *q = s->q;
	struct ticket t;
	struct draft d = { 0 };
	enum rc rc = ticket_find(tx, q->arena, &q->actor, s->number, &t, err);

	if (rc == RC_OK)
		rc = find_reply(tx, q, t.id, &d, err);
	struct message_new m = { .text = s->text,
		                 .attachments = s->files,
		                 .n_attachments = s->n_files,
		                 .draft = d.id,
		                 .channel = CHANNEL_FORM };

	return rc == RC_OK ? ticket_say(tx, q->arena, &q->actor, q->now, s->number, &m, UNCHECKED, &s->message, err)
	                   : rc;
}

static enum rc say_once(struct db_tx *tx, void *arg, struct err *err)
{
	struct saying *s = arg;
	struct arena *a = s->q->arena;
	struct str answer = STR_NULL;
	int status = 0;
	enum rc rc = s->key.n ? idempotency_begin(tx, a, s->owner, s->key, s->hash, s->q->now, &status, &answer, err)
	                      : RC_OK;

	if (rc == RC_INVALID)
		return fail(err, RC_INVALID,
		            "This form was sent before with another text. Look whether your message is there, then "
		            "send again.");
	if (rc == RC_OK)
		rc = say(tx, s, err);
	else
		return rc;
	if (rc == RC_OK && s->key.n)
		rc = idempotency_done(tx, s->owner, s->key, 303, arena_strf(a, "%lld", (long long)s->message.v), err);
	return rc;
}

/* Whatever was wrong, text and files wait in the draft. */
static void keep_refused(struct saying *s)
{
	struct err spare = { 0 };

	if (db_write(web_desk(s->q)->db, keep_draft, s, &spare) != RC_OK)
		s->n_files = 0; /* the text is in the page all the same */
}

static enum rc post_reply(struct req *q, struct resp *r)
{
	struct saying s = { .q = q,
		            .number = number_of(q),
		            .text = or_empty(req_field(q, "text")),
		            .key = req_field(q, "once"),
		            .owner = arena_strf(q->arena, "portal:%lld", (long long)q->actor.contact.v) };

	if (!s.number)
		return web_not_found(q);
	enum rc rc = web_keep_uploads(q, "files", &s.files, &s.n_files, req_err(q));

	if (web_fields_wrong(q, r)) {
		keep_refused(&s);
		return show(q, r);
	}
	s.hash = request_hash(&s);
	if (rc == RC_OK)
		rc = db_write(web_desk(q)->db, say_once, &s, req_err(q));
	if (rc == RC_CONFLICT && strcmp(req_err(q)->code, "replay") == 0)
		rc = RC_OK;
	if (rc == RC_OK)
		return web_done(r, _(web_lang(q), "Your message was sent."), portal_ticket_url(q, s.number));
	if (rc == RC_NOT_FOUND)
		return rc;
	keep_refused(&s);
	if (strcmp(req_err(q)->field, "attachments") == 0)
		snprintf(req_err(q)->field, sizeof(req_err(q)->field), "files");
	return web_form_failed(q, r, rc) ? show(q, r) : rc;
}

/* ---- confirm, reopen, rate, be called ---- */

struct acting {
	struct req *q;
	int64_t number;
};

static enum rc do_confirm(struct db_tx *tx, void *arg, struct err *err)
{
	const struct acting *x = arg;

	return ticket_confirm(tx, x->q->arena, &x->q->actor, x->q->now, x->number, err);
}

static enum rc do_reopen(struct db_tx *tx, void *arg, struct err *err)
{
	const struct acting *x = arg;

	return ticket_reopen(tx, x->q->arena, &x->q->actor, x->q->now, x->number, or_empty(req_field(x->q, "reason")),
	                     err);
}

static enum rc do_rate(struct db_tx *tx, void *arg, struct err *err)
{
	const struct acting *x = arg;
	int64_t rating = 0;

	if (str_to_i64(req_field(x->q, "rating"), &rating) != RC_OK)
		rating = 0;
	return ticket_rate(tx, x->q->arena, &x->q->actor, x->q->now, x->number, (int)rating,
	                   or_empty(req_field(x->q, "comment")), err);
}

static enum rc do_callback(struct db_tx *tx, void *arg, struct err *err)
{
	const struct acting *x = arg;

	return ticket_ask_callback(tx, x->q->arena, &x->q->actor, x->q->now, x->number,
	                           or_empty(req_field(x->q, "phone")), err);
}

static enum rc act(struct req *q, struct resp *r, db_fn *what, const char *flash)
{
	struct acting x = { .q = q, .number = number_of(q) };

	if (!x.number)
		return web_not_found(q);
	if (web_fields_wrong(q, r))
		return show(q, r);
	enum rc rc = db_write(web_desk(q)->db, what, &x, req_err(q));

	if (rc == RC_OK)
		return web_done(r, flash, portal_ticket_url(q, x.number));
	return web_form_failed(q, r, rc) ? show(q, r) : rc;
}

static enum rc post_confirm(struct req *q, struct resp *r)
{
	return act(q, r, do_confirm, _(web_lang(q), "Thank you: the ticket is marked as solved."));
}

static enum rc post_reopen(struct req *q, struct resp *r)
{
	return act(q, r, do_reopen, _(web_lang(q), "The ticket is open again. Our engineers see it."));
}

static enum rc post_rate(struct req *q, struct resp *r)
{
	return act(q, r, do_rate, _(web_lang(q), "Thank you for your rating."));
}

static enum rc post_callback(struct req *q, struct resp *r)
{
	return act(q, r, do_callback, _(web_lang(q), "You will be called back."));
}

/* ---- files ---- */

struct asked_file {
	struct req *q;
	struct attachment a;
};

static enum rc find_file(struct db_tx *tx, void *arg, struct err *err)
{
	struct asked_file *x = arg;

	return attachment_find(tx, x->q->arena, &x->q->actor, req_path(x->q, "token"), &x->a, err);
}

/* Shown in the page only when its first bytes and its declared type are both an image of the list; all else is saved
 * (S-03). The type is ours, never the sender's. */
static enum rc get_attachment(struct req *q, struct resp *r)
{
	struct asked_file x = { .q = q };
	char head[64] = { 0 };
	enum rc rc = db_read(web_desk(q)->db, find_file, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	struct str path = blob_path(q->arena, web_desk(q)->blobs, x.a.sha256);
	FILE *f = path.p ? fopen(path.p, "rbe") : NULL;

	if (!f)
		return http_fail(q, RC_FAULT, NULL,
		                 "The bytes of this file cannot be read at the moment. Write to us about it.");
	size_t n = fread(head, 1, sizeof(head), f);

	fclose(f);
	enum blob_type type = blob_sniff((struct str){ head, n });
	bool shown = blob_may_inline(type, x.a.type);

	r->file = path;
	r->type = str_of(shown ? blob_type_name(type) : "application/octet-stream");
	r->csp = STR("sandbox; default-src 'none'");
	resp_header(r, "Content-Disposition", blob_disposition(q->arena, x.a.name, shown));
	return RC_OK;
}

/* ---- routes ---- */

/* clang-format off */
static const struct field show_fields[] = {
	{ "new", FIELD_TEXT, 1, false, NULL, "1: just opened, confirm it" },
	{ .name = NULL },
};
static const struct field reply_fields[] = {
	{ "text", FIELD_LINES, TEXT_FIELD_MAX, false, NULL, "What is said" },
	{ "once", FIELD_TEXT, 100, false, NULL, "Key of this form: sent twice, it is one message" },
	{ "files", FIELD_FILE, 0, false, NULL, "Files" },
	{ .name = NULL },
};
static const struct field draft_fields[] = {
	{ "text", FIELD_LINES, TEXT_FIELD_MAX, false, NULL, "What is being written" },
	{ .name = NULL },
};
static const struct field reason_fields[] = {
	{ "reason", FIELD_TEXT, 4000, false, NULL, "What is still wrong" },
	{ .name = NULL },
};
static const struct field rate_fields[] = {
	{ "rating", FIELD_CHOICE, 0, false, "1|2|3", "1 bad, 2 fair, 3 good" },
	{ "comment", FIELD_TEXT, 4000, false, NULL, "A comment" },
	{ .name = NULL },
};
static const struct field phone_fields[] = {
	{ "phone", FIELD_TEXT, 40, false, NULL, "Number to call" },
	{ .name = NULL },
};

#define TICKET "/support/tickets/{number}"
const struct route portal_ticket_routes[] = {
	{ HTTP_GET, TICKET, CAP_CUSTOMER_READ, get_ticket, show_fields, ROUTE_LENIENT, "One ticket", NULL, NULL },
	{ HTTP_POST, TICKET, CAP_CUSTOMER_WRITE, post_reply, reply_fields, ROUTE_UPLOAD | ROUTE_LENIENT, "Answer", NULL, NULL },
	{ HTTP_POST, TICKET "/draft", CAP_CUSTOMER_WRITE, post_draft, draft_fields, ROUTE_LENIENT, "Keep what is being typed", NULL, NULL },
	{ HTTP_POST, TICKET "/confirm", CAP_CUSTOMER_WRITE, post_confirm, NULL, 0, "It is solved", NULL, NULL },
	{ HTTP_POST, TICKET "/reopen", CAP_CUSTOMER_WRITE, post_reopen, reason_fields, ROUTE_LENIENT, "It is not solved", NULL, NULL },
	{ HTTP_POST, TICKET "/rate", CAP_CUSTOMER_WRITE, post_rate, rate_fields, ROUTE_LENIENT, "Rate the help", NULL, NULL },
	{ HTTP_POST, TICKET "/callback", CAP_CUSTOMER_WRITE, post_callback, phone_fields, ROUTE_LENIENT, "Ask to be called", NULL, NULL },
	{ HTTP_GET, "/support/attachments/{token}", CAP_CUSTOMER_READ, get_attachment, NULL, 0, "A file", NULL, NULL },
	{ .path = NULL },
};
/* clang-format on */

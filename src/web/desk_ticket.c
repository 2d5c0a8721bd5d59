/* What agents do with a ticket: its page, its small forms, its files. Each form posts to an address of its own and
 * comes back by 303; a refused one shows the page again with what was typed, a stale one shows what happened meanwhile.
 * What may be done is decided by ticket/; what is said is desk_reply.c, how a ticket is shown desk_thread.c. */
#include "blob/blob.h"
#include "call/call.h"
#include "tmpl.h"
#include "web/desk_view.h"
#include "web/web.h"
#include <stdio.h>

/* ---- the page ---- */

/* Fields of the small forms have the action before their name, so that ids are unique in the page. */
static void name_errors(struct req *q, struct page *p, const char *action)
{
	struct page_error *e = arena_array(q->arena, struct page_error, p->n_errors + 1);

	for (size_t i = 0; i < p->n_errors; i++) {
		e[i] = p->errors[i];
		if (e[i].field.n && strcmp(action, "reply") != 0)
			e[i].field = arena_strf(q->arena, "%s-" STR_F, action, STR_A(e[i].field));
	}
	p->errors = e;
}

static enum nav nav_of(const struct req *q, const struct ticket *t)
{
	if (t->state >= STATE_RESOLVED)
		return NAV_ALL;
	if (!t->assignee.v)
		return NAV_UNASSIGNED;
	return t->assignee.v == q->actor.agent.v ? NAV_MINE : NAV_NONE;
}

enum rc desk_show(struct req *q, struct resp *r, const char *action)
{
	struct desk_load x = { .q = q, .number = desk_path_number(q) };
	struct desk_ticket v;
	struct err spare = { 0 };
	struct page page;

	if (!x.number)
		return web_not_found(q);
	enum rc rc = db_read(web_desk(q)->db, desk_load, &x, desk_err(q, r, &spare));

	if (rc != RC_OK)
		return rc;
	desk_fill(q, &x, action, &v);
	struct out o = web_out(q, r);

	desk_page_init(&page, q, r,
	               str_z(q->arena, arena_strf(q->arena, STR_F " " STR_F, STR_A(v.number), STR_A(v.t.subject))),
	               nav_of(q, &v.t), &x.counts);
	name_errors(q, &page, action);
	tmpl_desk_head(&o, &page);
	tmpl_desk_ticket(&o, &v);
	tmpl_desk_foot(&o, &page);
	return RC_OK;
}

/* Made with places for the reader's tokens, so that it can be kept. */
static enum rc make_kept(struct req *q, struct desk_kept *k)
{
	struct desk_ticket v;
	struct out_marks marks = { 0 };
	AUTO_BUF b;

	buf_init(&b, 4 << 20);
	desk_fill(q, &k->load, "", &v);
	k->title = arena_strf(q->arena, STR_F " " STR_F, STR_A(v.number), STR_A(v.t.subject));
	k->nav = nav_of(q, &v.t);
	struct out o = {
		.b = &b, .lang = web_lang(q), .zone = web_zone(q), .now = q->now, .marks = &marks, .arena = q->arena
	};

	tmpl_desk_ticket(&o, &v);
	if (b.full)
		return RC_LIMIT;
	k->markup = arena_str(q->arena, buf_str(&b));
	k->n_marks = marks.n;
	if (marks.n > COUNT(marks.at))
		return RC_LIMIT;
	struct out_mark *at = arena_array(q->arena, struct out_mark, marks.n + 1);

	memcpy(at, marks.at, marks.n * sizeof(*at));
	k->marks = at;
	desk_kept_put(k, &marks);
	return RC_OK;
}

static enum rc get_ticket(struct req *q, struct resp *r)
{
	struct desk_kept k = {
		.load = {.q = q, .number = desk_path_number(q)}
	};
	struct page page;

	if (!k.load.number)
		return web_not_found(q);
	enum rc rc = db_read(web_desk(q)->db, desk_kept_read, &k, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (!k.found && make_kept(q, &k) != RC_OK)
		return desk_show(q, r, ""); /* so large that it is written as it is made */
	struct out o = web_out(q, r);

	desk_page_init(&page, q, r, str_z(q->arena, k.title), k.nav, &k.load.counts);
	tmpl_desk_head(&o, &page);
	tmpl_kept(&o, k.markup, k.marks, k.n_marks);
	tmpl_desk_foot(&o, &page);
	return RC_OK;
}

/* ---- somebody was faster ---- */

struct stale {
	struct req *q;
	int64_t number;
	struct ticket_view view;
	struct view_counts counts;
};

static enum rc load_stale(struct db_tx *tx, void *arg, struct err *err)
{
	struct stale *x = arg;
	enum rc rc = ticket_view(tx, x->q->arena, &x->q->actor, x->number, &x->view, err);

	return rc == RC_OK ? desk_counts(tx, x->q, &x->counts, err) : rc;
}

/* Everything that the form said but its text, to be said again. Files are in the draft already. */
static void keep_fields(struct req *q, const char *text, struct desk_stale *v)
{
	VEC(struct desk_hidden) h = { 0 };
	struct str values[DESK_KEPT_MAX];

	for (const struct field *f = q->route->fields; f && f->name; f++) {
		if (f->type == FIELD_FILE || strcmp(f->name, "seen") == 0 || strcmp(f->name, "once") == 0 ||
		    strcmp(f->name, "act") == 0 || strcmp(f->name, "mode") == 0 || (text && strcmp(f->name, text) == 0))
			continue;
		size_t n = req_fields(q, f->name, values, COUNT(values));

		for (size_t i = 0; i < n; i++)
			*VEC_ADD(q->arena, &h) = (struct desk_hidden){ str_of(f->name), values[i] };
	}
	v->hidden = h.at;
	v->n_hidden = h.n;
}

enum rc desk_show_stale(struct req *q, struct resp *r, const char *field, const char *label)
{
	struct stale x = { .q = q, .number = desk_path_number(q) };
	struct err spare = { 0 };
	struct page page;
	int64_t seen = 0;

	r->status = 409;
	req_int(q, "seen", &seen);
	enum rc rc = db_read(web_desk(q)->db, load_stale, &x, &spare);

	if (rc != RC_OK)
		return rc;
	struct desk_stale v = {
		.number = desk_number(q, x.number),
		.url = desk_ticket_url(q, x.number),
		.subject = x.view.t.subject,
		.action_url = q->path,
		.text = field ? web_field_value(q, field, STR("")) : STR(""),
		.seen = arena_strf(q->arena, "%lld", (long long)x.view.t.last_event.v),
		.field = field,
		.label = label,
		.is_reply = str_ends(q->path, STR("/reply")),
		.note = str_is(req_field(q, "act"), "note") || str_is(req_field(q, "mode"), "note"),
		.waiting = str_is(req_field(q, "act"), "wait"),
	};
	desk_items(q, &x.view, (struct event_id){ seen }, &v.items, &v.n_items);
	keep_fields(q, field, &v);
	struct out o = web_out(q, r);

	desk_page_init(&page, q, r, _(o.lang, "Somebody else was faster"), NAV_NONE, &x.counts);
	name_errors(q, &page, "reply");
	tmpl_desk_head(&o, &page);
	tmpl_desk_stale(&o, &v);
	tmpl_desk_foot(&o, &page);
	return RC_OK;
}

/* ---- the small forms ---- */

struct doing {
	struct req *q;
	const struct action *action;
	int64_t number;
	struct event_id seen;
};
#define DO_ARGS(x) (x)->q->arena, &(x)->q->actor, (x)->q->now, (x)->number
struct action {
	const char *name;
	enum rc (*run)(struct db_tx *tx, struct doing *x, struct err *err);
	const char *done;          /* said when it is */
	const char *field, *label; /* the text that the stale page shows, or NULL */
};

static int int_field(const struct req *q, const char *name)
{
	int64_t v = 0;

	return req_int(q, name, &v) && v <= INT32_MAX ? (int)v : 0;
}

static enum rc do_take(struct db_tx *tx, struct doing *x, struct err *err)
{
	return ticket_assign(tx, DO_ARGS(x), x->q->actor.agent, x->seen, err);
}

static enum rc do_assign(struct db_tx *tx, struct doing *x, struct err *err)
{
	struct agent_id to = { 0 };

	req_int(x->q, "agent", &to.v);
	return ticket_assign(tx, DO_ARGS(x), to, x->seen, err);
}

static enum rc do_team(struct db_tx *tx, struct doing *x, struct err *err)
{
	struct team_id to = { 0 };

	req_int(x->q, "team", &to.v);
	return ticket_set_team(tx, DO_ARGS(x), to, x->seen, err);
}

static enum rc do_state(struct db_tx *tx, struct doing *x, struct err *err)
{
	struct str to = req_field(x->q, "to");

	if (str_is(to, "open"))
		return ticket_set_state(tx, DO_ARGS(x), STATE_OPEN, 0, x->seen, err);
	return ticket_set_state(tx, DO_ARGS(x), STATE_WAITING,
	                        str_is(to, "waiting-customer") ? WAITING_CUSTOMER : WAITING_OTHERS, x->seen, err);
}

static enum rc do_criticality(struct db_tx *tx, struct doing *x, struct err *err)
{
	return ticket_set_criticality(tx, DO_ARGS(x), int_field(x->q, "criticality"), req_field(x->q, "reason"),
	                              x->seen, err);
}

/* Complexity 0 is "not estimated yet" and leaves it so. */
static enum rc do_grade(struct db_tx *tx, struct doing *x, struct err *err)
{
	int complexity = int_field(x->q, "complexity");
	struct str reason = req_field(x->q, "reason");
	enum rc rc = RC_OK;

	if (complexity)
		rc = ticket_set_complexity(tx, DO_ARGS(x), complexity, reason, x->seen, err);
	return rc == RC_OK ? ticket_set_priority(tx, DO_ARGS(x), int_field(x->q, "priority"), reason, x->seen, err)
	                   : rc;
}

static enum rc do_convert(struct db_tx *tx, struct doing *x, struct err *err)
{
	struct req *q = x->q;
	struct ticket_convert c = { .to = str_is(req_field(q, "to"), "incident") ? TICKET_INCIDENT : TICKET_REQUEST,
		                    .criticality = int_field(q, "criticality"),
		                    .priority = int_field(q, "priority"),
		                    .complexity = int_field(q, "complexity"),
		                    .reason = req_field(q, "reason") };

	return ticket_convert(tx, DO_ARGS(x), &c, x->seen, err);
}

static enum rc do_fields(struct db_tx *tx, struct doing *x, struct err *err)
{
	struct req *q = x->q;
	struct ticket_fields f = { .subject = req_field(q, "subject"),
		                   .course = req_field(q, "course"),
		                   .unit = req_field(q, "unit"),
		                   .affected_email = req_field(q, "affected_email"),
		                   .link = req_field(q, "link"),
		                   .wanted_on = req_field(q, "wanted_on") };

	return ticket_edit(tx, DO_ARGS(x), &f, x->seen, err);
}

static enum rc do_resolve(struct db_tx *tx, struct doing *x, struct err *err)
{
	return ticket_resolve(tx, DO_ARGS(x), req_field(x->q, "resolution"), x->seen, err);
}

static enum rc do_reopen(struct db_tx *tx, struct doing *x, struct err *err)
{
	return ticket_reopen(tx, DO_ARGS(x), req_field(x->q, "reason"), err);
}

static enum rc do_called(struct db_tx *tx, struct doing *x, struct err *err)
{
	return ticket_callback_done(tx, DO_ARGS(x), err);
}

static enum rc do_call(struct db_tx *tx, struct doing *x, struct err *err)
{
	return call_click(tx, x->q->arena, &x->q->actor, x->number, x->q->now, err);
}

static enum rc do_participant(struct db_tx *tx, struct doing *x, struct err *err)
{
	return ticket_accept_participant(tx, DO_ARGS(x), req_field(x->q, "email"),
	                                 str_is(req_field(x->q, "accept"), "1"), err);
}

static const struct action actions[] = {
	{"take",         do_take,        N_("The ticket is yours."),                                     NULL,         NULL            },
	{ "assign",      do_assign,      N_("Assigned."),	                                        NULL,         NULL            },
	{ "team",        do_team,        N_("The team is changed."),                                     NULL,         NULL            },
	{ "state",       do_state,       N_("The state is changed."),                                    NULL,         NULL            },
	{ "criticality", do_criticality, N_("The criticality is changed and the customer is told why."), "reason",
         N_("Reason")	                                                                                                          },
	{ "grade",       do_grade,       N_("Complexity and priority are saved."),                       "reason",     N_("Reason")    },
	{ "convert",     do_convert,     N_("Converted, and the customer is told why."),                 "reason",     N_("Reason")    },
	{ "fields",      do_fields,      N_("The details are saved."),                                   NULL,         NULL            },
	{ "resolve",     do_resolve,     N_("Resolved. The customer gets the resolution."),              "resolution", N_("Resolution")},
	{ "reopen",      do_reopen,      N_("Reopened."),	                                        "reason",     N_("Reason")    },
	{ "called",      do_called,      N_("Noted: the customer was called."),                          NULL,         NULL            },
	{ "call",        do_call,        N_("Your telephone rings first, then the customer's."),         NULL,         NULL            },
	{ "participant", do_participant, N_("The participants are changed."),                            NULL,         NULL            },
};

static const struct action *action_of(const struct req *q)
{
	const char *last = strrchr(q->route->path, '/');

	for (size_t i = 0; last && i < COUNT(actions); i++)
		if (strcmp(actions[i].name, last + 1) == 0)
			return &actions[i];
	return NULL;
}

static enum rc run_action(struct db_tx *tx, void *arg, struct err *err)
{
	struct doing *x = arg;

	return x->action->run(tx, x, err);
}

static enum rc post_action(struct req *q, struct resp *r)
{
	struct doing x = { .q = q, .action = action_of(q), .number = desk_path_number(q) };

	if (!x.action || !x.number)
		return web_not_found(q);
	if (web_fields_wrong(q, r))
		return desk_show(q, r, x.action->name);
	req_int(q, "seen", &x.seen.v);
	enum rc rc = db_write(web_desk(q)->db, run_action, &x, req_err(q));

	if (rc == RC_CONFLICT && strcmp(req_err(q)->code, "stale") == 0)
		return desk_show_stale(q, r, x.action->field,
		                       x.action->label ? tr(web_lang(q), x.action->label) : NULL);
	if (web_form_failed(q, r, rc))
		return desk_show(q, r, x.action->name);
	return rc == RC_OK ? web_done(r, tr(web_lang(q), x.action->done), desk_ticket_url(q, x.number)) : rc;
}

/* ---- files ---- */

struct filing_out {
	struct req *q;
	struct attachment a;
};

static enum rc find_file(struct db_tx *tx, void *arg, struct err *err)
{
	struct filing_out *x = arg;

	return attachment_find(tx, x->q->arena, &x->q->actor, req_path(x->q, "token"), &x->a, err);
}

/* Shown in the page only when its first bytes and its declared type are both an image of the list; all else is saved
 * (S-03). The type is ours, never the sender's. */
static enum rc get_attachment(struct req *q, struct resp *r)
{
	struct filing_out x = { .q = q };
	char head[64] = { 0 };
	enum rc rc = db_read(web_desk(q)->db, find_file, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	r->file = blob_path(q->arena, web_desk(q)->blobs, x.a.sha256);
	FILE *f = r->file.p ? fopen(r->file.p, "rbe") : NULL;
	size_t n = f ? fread(head, 1, sizeof(head), f) : 0;

	if (!f)
		return http_fail(q, RC_FAULT, NULL,
		                 "The bytes of this file are not in the store. Tell the desk's administrators.");
	fclose(f);
	enum blob_type type = blob_sniff((struct str){ head, n });
	bool shown = blob_may_inline(type, x.a.type);

	r->type = str_of(shown ? blob_type_name(type) : "application/octet-stream");
	r->csp = STR("sandbox; default-src 'none'");
	resp_header(r, "Content-Disposition", blob_disposition(q->arena, x.a.name, shown));
	return RC_OK;
}

/* ---- routes ---- */

#define SEEN                                                                                                           \
	{                                                                                                              \
		"seen", FIELD_INT, 0, false, NULL, "The newest event that the person saw"                              \
	}
#define REASON(max)                                                                                                    \
	{                                                                                                              \
		"reason", FIELD_LINES, max, false, NULL, "Why; the customer reads it"                                  \
	}
static const struct field plain_fields[] = { SEEN, { .name = NULL } };
static const struct field assign_fields[] = {
	SEEN, {"agent", FIELD_INT, 0, true, NULL, "0: nobody" },
         { .name = NULL     }
};
static const struct field team_fields[] = { SEEN, { "team", FIELD_INT, 0, true, NULL, "0: none" }, { .name = NULL } };
static const struct field state_fields[] = {
	SEEN,
	{"to", FIELD_CHOICE, 0, true, "open|waiting-customer|waiting-others", "The state" },
	{ .name = NULL  },
};
static const struct field criticality_fields[] = {
	SEEN,
	{"criticality", FIELD_INT, 4, true, NULL, "1 to 4" },
	REASON(2000),
	{ .name = NULL           },
};
static const struct field grade_fields[] = {
	SEEN,
	{"complexity", FIELD_INT, 3, false, NULL, "1 S, 2 M, 3 L, 0 as it is" },
	{ "priority",           FIELD_INT, 4, true, NULL, "1 to 4" },
	REASON(2000),
	{ .name = NULL       },
};
static const struct field convert_fields[] = {
	SEEN,
	{"to",	        FIELD_CHOICE, 0, true, "incident|request", "The other kind" },
	{ "criticality",                  FIELD_INT, 4, false, NULL, "Of an incident" },
	{ "complexity", FIELD_INT, 3, false, NULL, "Of a request; 0 not estimated" },
	{ "priority",                  FIELD_INT, 4, false, NULL, "Of a request" },
	REASON(2000),
	{ .name = NULL},
};
static const struct field edit_fields[] = {
	SEEN,
	{"subject",    FIELD_TEXT, 800, true, NULL, "The subject" },
	{ "course",         FIELD_TEXT, 255, false, NULL, "Course id" },
	{ "unit",        FIELD_TEXT, 500, false, NULL, "Unit id" },
	{ "affected_email",           FIELD_TEXT, 254, false, NULL, "Affected user" },
	{ "link",FIELD_TEXT, 2000, false, NULL, "Where it happens" },
	{ "wanted_on",       FIELD_TEXT, 10, false, NULL, "Wished date of a request" },
	{ .name = NULL},
};
static const struct field resolve_fields[] = {
	SEEN,
	{"resolution", FIELD_LINES, 20 << 10, false, NULL, "How it was solved; the customer reads it" },
	{ .name = NULL   },
};
static const struct field reopen_fields[] = { SEEN, REASON(2000), { .name = NULL } };
static const struct field participant_fields[] = {
	{"email", FIELD_TEXT, 254, true, NULL, "Mail address" },
	{ "accept",    FIELD_CHOICE, 0, true, "0|1", "1: gets mails and may answer; 0: no more" },
	{ .name = NULL  },
};

#define TICKET "/desk/tickets/{number}"
const struct route desk_ticket_routes[] = {
	{HTTP_GET,	               TICKET, CAP_AGENT, get_ticket, NULL, 0, "A ticket", NULL, NULL },
	{ HTTP_POST,	             TICKET "/reply", CAP_AGENT, desk_reply_post, desk_reply_fields, ROUTE_UPLOAD | ROUTE_LENIENT,
         "Reply or note", NULL, NULL },
	{ HTTP_POST,	                  TICKET "/draft", CAP_AGENT, desk_draft_post, desk_draft_fields, 0, "Keeps what is being written",
         NULL, NULL },
	{ HTTP_POST, TICKET "/held", CAP_AGENT, desk_held_post, desk_held_fields, 0, "Undoes a reply that waits, or sends it now", NULL, NULL },
	{ HTTP_GET, "/desk/later", CAP_AGENT, desk_later_show, NULL, 0, "My replies that wait", NULL, NULL },
	{ HTTP_POST,                    TICKET "/take", CAP_AGENT, post_action, plain_fields, ROUTE_LENIENT, "Takes it", NULL, NULL },
	{ HTTP_POST,	                  TICKET "/assign", CAP_AGENT, post_action, assign_fields, ROUTE_LENIENT, "Assigns it", NULL, NULL },
	{ HTTP_POST, TICKET "/team", CAP_AGENT, post_action, team_fields, ROUTE_LENIENT, "Gives it to a team", NULL, NULL },
	{ HTTP_POST,	             TICKET "/state", CAP_AGENT, post_action, state_fields, ROUTE_LENIENT, "Open or waiting", NULL,
         NULL },
	{ HTTP_POST,	             TICKET "/criticality", CAP_AGENT, post_action, criticality_fields, ROUTE_LENIENT, "Of an incident",
         NULL, NULL },
	{ HTTP_POST,             TICKET "/grade", CAP_AGENT, post_action, grade_fields, ROUTE_LENIENT, "Of a request", NULL, NULL },
	{ HTTP_POST,                TICKET "/convert", CAP_AGENT, post_action, convert_fields, ROUTE_LENIENT, "To the other kind",
         NULL, NULL },
	{ HTTP_POST,	                  TICKET "/fields", CAP_AGENT, post_action, edit_fields, ROUTE_LENIENT, "Subject and details", NULL,
         NULL },
	{ HTTP_POST,	             TICKET "/resolve", CAP_AGENT, post_action, resolve_fields, ROUTE_LENIENT, "With a resolution",
         NULL, NULL },
	{ HTTP_POST,	             TICKET "/reopen", CAP_AGENT, post_action, reopen_fields, ROUTE_LENIENT, "Open again", NULL, NULL },
	{ HTTP_POST,             TICKET "/call", CAP_AGENT, post_action, plain_fields, ROUTE_LENIENT, "Call the customer", NULL,
         NULL },
	{ HTTP_POST, TICKET "/called", CAP_AGENT, post_action, plain_fields, ROUTE_LENIENT, "The customer was called",
         NULL, NULL },
	{ HTTP_POST,	                  TICKET "/participant", CAP_AGENT, post_action, participant_fields, ROUTE_LENIENT,
         "Who takes part by mail", NULL, NULL },
	{ HTTP_GET,	             "/desk/attachments/{token}", CAP_AGENT, get_attachment, NULL, 0, "A file", NULL, NULL },
	{ .path = NULL                    },
};

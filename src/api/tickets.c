/* Tickets, messages and attachments by JSON. */
#include "api/api_private.h"
#include "blob/blob.h"
#include "http/out.h"
#include "util/crypt.h"
#include <stdio.h>

struct ticket_call {
	int64_t number;
	struct ticket_new open;
	struct message_new say;
	struct new_attachment *attachments;
	size_t n_attachments;
	struct str cursor;
	struct message_id after;
	enum ticket_list_view view;
	struct account_id account;
	struct team_id team;
	size_t max;
	struct str plan_code; /* of an opening, as it looked before; n == 0: nothing is prepared */
	struct clock_cycle *clocks;
	size_t n_clocks;
};

static enum rc show(struct db_tx *tx, struct call *c, int64_t number, struct err *err)
{
	struct ticket t;
	struct clock_cycle *clocks = NULL;
	size_t n = 0;
	enum rc rc = ticket_find(tx, c->a, c->who, number, &t, err);

	if (rc == RC_OK)
		rc = clock_find(tx, c->a, t.id, c->now, &clocks, &n, err);
	if (rc == RC_OK)
		api_ticket(&c->json, api_desk(c->q), &t, clocks, n, c->now, c->who);
	return rc;
}

/* ---- lists ---- */

static enum rc list_step(struct db_tx *tx, struct call *c, struct err *err)
{
	struct ticket_call *t = c->arg;
	struct ticket_query query = { .view = t->view, .account = t->account, .team = t->team, .after = t->cursor, .max = t->max };
	struct ticket_row *rows;
	struct str next = STR_NULL;
	size_t n;
	enum rc rc = ticket_list(tx, c->a, c->who, &query, &rows, &n, &next, err);

	if (rc != RC_OK)
		return rc;
	json_obj(&c->json);
	json_key(&c->json, "tickets");
	json_arr(&c->json);
	for (size_t i = 0; i < n; i++) {
		const struct ticket_row *r = &rows[i];

		json_obj(&c->json);
		json_kstr(&c->json, "number", ticket_number_text(c->a, api_desk(c->q)->config.prefix, r->number));
		json_kstr(&c->json, "kind", str_of(ticket_kind_name(r->kind)));
		json_key(&c->json, "criticality");
		if (r->criticality)
			json_i64(&c->json, r->criticality);
		else
			json_put_null(&c->json);
		json_kstr(&c->json, "state", str_of(ticket_state_name(r->state)));
		json_kstr(&c->json, "subject", r->subject);
		json_ki64(&c->json, "account", r->account.v);
		json_kstr(&c->json, "accountName", r->account_name);
		json_kstr(&c->json, "contactName", r->contact_name);
		json_kstr(&c->json, "assigneeName", r->assignee_name);
		json_kstr(&c->json, "teamName", r->team_name);
		json_kstr(&c->json, "resolution", r->resolution);
		json_ktime(&c->json, "openedAt", r->opened_at);
		json_ktime(&c->json, "updatedAt", r->updated_at);
		json_ki64(&c->json, "version", r->last_event.v);
		json_end_obj(&c->json);
	}
	json_end_arr(&c->json);
	api_next(&c->json, next);
	json_end_obj(&c->json);
	return RC_OK;
}

static enum ticket_list_view view_of(const struct actor *who, struct str word)
{
	static const struct { const char *word; enum ticket_list_view agent, customer; } table[] = {
		{ "all", VIEW_ALL, VIEW_CUSTOMER_ALL },        { "open", VIEW_ALL, VIEW_CUSTOMER_OPEN },
		{ "solved", VIEW_ALL, VIEW_CUSTOMER_SOLVED },  { "unassigned", VIEW_UNASSIGNED, VIEW_CUSTOMER_ALL },
		{ "mine", VIEW_MINE, VIEW_CUSTOMER_ALL },      { "incidents", VIEW_INCIDENTS, VIEW_CUSTOMER_ALL },
		{ "requests", VIEW_REQUESTS, VIEW_CUSTOMER_ALL }, { "waiting", VIEW_WAITING, VIEW_CUSTOMER_ALL },
		{ "callbacks", VIEW_CALLBACKS, VIEW_CUSTOMER_ALL }, { "teams", VIEW_TEAMS, VIEW_CUSTOMER_ALL },
	};
	for (size_t i = 0; i < COUNT(table); i++)
		if (str_is(word, table[i].word))
			return actor_is_agent(who) ? table[i].agent : table[i].customer;
	return actor_is_agent(who) ? VIEW_ALL : VIEW_CUSTOMER_ALL;
}

enum rc api_tickets_list(struct req *q, struct resp *r)
{
	struct ticket_call t = { .view = view_of(&q->actor, req_field(q, "view")), .cursor = req_field(q, "after") };
	int64_t account = 0;

	req_int(q, "account", &account);
	t.account.v = account;
	req_int(q, "team", &t.team.v);
	t.max = api_page(q, 0, STR_NULL).max;
	return api_read(q, r, list_step, &t);
}

/* ---- teams ---- */

static enum rc teams_step(struct db_tx *tx, struct call *c, struct err *err)
{
	struct team_work *at;
	size_t n;

	if (!actor_is_agent(c->who))
		return fail(err, RC_DENIED, "Teams are the desk's own.");
	enum rc rc = team_work(tx, c->a, &at, &n, err);

	if (rc != RC_OK)
		return rc;
	json_obj(&c->json);
	json_key(&c->json, "teams");
	json_arr(&c->json);
	for (size_t i = 0; i < n; i++) {
		json_obj(&c->json);
		json_ki64(&c->json, "id", at[i].id.v);
		json_kstr(&c->json, "name", at[i].name);
		json_kstr(&c->json, "about", at[i].about);
		json_ki64(&c->json, "members", at[i].members);
		json_ki64(&c->json, "openTickets", at[i].open);
		json_end_obj(&c->json);
	}
	json_end_arr(&c->json);
	json_end_obj(&c->json);
	return RC_OK;
}

enum rc api_teams_list(struct req *q, struct resp *r)
{
	return api_read(q, r, teams_step, NULL);
}

/* ---- one ticket ---- */

static enum rc get_step(struct db_tx *tx, struct call *c, struct err *err)
{
	return show(tx, c, ((struct ticket_call *)c->arg)->number, err);
}

enum rc api_ticket_get(struct req *q, struct resp *r)
{
	struct ticket_call t = { 0 };
	enum rc rc = api_path_number(q, &t.number);

	return rc == RC_OK ? api_read(q, r, get_step, &t) : rc;
}

/* The clocks of the answer, worked out before the transaction: everybody waits for the writer, nobody for a reader. What
 * the plan is may change in between; then they are worked out again. */
static enum rc prepare_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct call *c = arg;
	struct ticket_call *t = c->arg;
	struct entitlement e;
	struct ent_ask ask = { .account = t->open.account,
			       .site = t->open.site,
			       .kind = t->open.kind,
			       .criticality = t->open.criticality,
			       .channel = t->open.channel,
			       .at = c->now,
			       .verdict_only = true };
	enum rc rc = ent_check(tx, c->a, &ask, &e, err);

	if (rc != RC_OK || !ent_opens(e.verdict))
		return rc;
	t->plan_code = e.plan.code;
	return clock_of_opening(tx, c->a, t->plan_code, t->open.criticality, c->now, &t->clocks, &t->n_clocks, err);
}

static enum rc open_step(struct db_tx *tx, struct call *c, struct err *err)
{
	struct ticket_call *t = c->arg;
	struct ticket_opened opened;
	struct ticket made;
	enum rc rc = ticket_open(tx, c->a, c->who, c->now, &t->open, &opened, err);

	if (rc == RC_OK)
		rc = ticket_find(tx, c->a, c->who, opened.number, &made, err);
	if (rc != RC_OK)
		return rc;
	if (!t->plan_code.n || !str_eq(made.plan_code, t->plan_code) || made.criticality != t->open.criticality ||
	    made.opened_at.us != c->now.us)
		rc = clock_find(tx, c->a, made.id, c->now, &t->clocks, &t->n_clocks, err);
	if (rc == RC_OK)
		api_ticket(&c->json, api_desk(c->q), &made, t->clocks, t->n_clocks, c->now, c->who);
	return rc;
}

enum rc api_ticket_create(struct req *q, struct resp *r)
{
	struct ticket_call t = { 0 };
	enum rc rc = api_attachments(q, &t.attachments, &t.n_attachments, req_err(q));

	if (rc != RC_OK)
		return rc;
	struct str text = api_str(q, "text");
	t.open = (struct ticket_new){
		.account = { actor_is_agent(&q->actor) ? api_i64(q, "account", 0) : q->actor.account.v },
		.contact = { actor_is_agent(&q->actor) ? api_i64(q, "contact", 0) : q->actor.contact.v },
		.site = { api_i64(q, "site", 0) },
		.team = { actor_is_agent(&q->actor) ? api_i64(q, "team", 0) : 0 },
		.kind = str_is(api_str(q, "kind"), "request") ? TICKET_REQUEST : TICKET_INCIDENT,
		.criticality = (int)api_i64(q, "criticality", 0),
		.priority = (int)api_i64(q, "priority", 0),
		.channel = CHANNEL_API,
		.subject = api_str(q, "subject"),
		.text = text.p ? text : STR(""),
		.course = api_str(q, "course"),
		.unit = api_str(q, "unit"),
		.affected_email = api_str(q, "affectedEmail"),
		.link = api_str(q, "link"),
		.wanted_on = api_str(q, "wantedOn"),
		.callback_phone = api_str(q, "callbackPhone"),
		.attachments = t.attachments,
		.n_attachments = t.n_attachments,
		.opened_at = q->now,
	};
	if (t.open.kind == TICKET_INCIDENT) {
		struct call c = { .q = q, .a = q->arena, .now = q->now, .who = &q->actor, .arg = &t };

		/* What is wrong with it is said by the step that opens. */
		if (db_read(api_desk(q)->db, prepare_step, &c, NULL) != RC_OK)
			t.plan_code = STR_NULL;
	}
	return api_write(q, r, 201, open_step, &t);
}

/* Each member that is there is one change, in this order, all in one transaction. */
static enum rc patch_step(struct db_tx *tx, struct call *c, struct err *err)
{
	struct ticket_call *t = c->arg;
	const struct req *q = c->q;
	struct event_id seen = { api_i64(q, "version", 0) };
	struct str reason = api_str(q, "reason");
	struct ticket_fields fields = { api_str(q, "subject"), api_str(q, "course"), api_str(q, "unit"), api_str(q, "affectedEmail"),
		api_str(q, "link"), api_str(q, "wantedOn") };
	enum rc rc = RC_OK;

	if (rc == RC_OK && api_has(q, "criticality"))
		rc = ticket_set_criticality(tx, c->a, c->who, c->now, t->number, (int)api_i64(q, "criticality", 0), reason, seen, err);
	if (rc == RC_OK && api_has(q, "complexity")) {
		struct str v = api_str(q, "complexity");
		int to = str_is(v, "S") ? 1 : str_is(v, "M") ? 2 : str_is(v, "L") ? 3 : 0;

		rc = ticket_set_complexity(tx, c->a, c->who, c->now, t->number, to, reason, seen, err);
	}
	if (rc == RC_OK && api_has(q, "priority"))
		rc = ticket_set_priority(tx, c->a, c->who, c->now, t->number, (int)api_i64(q, "priority", 0), reason, seen, err);
	if (rc == RC_OK && (fields.subject.p || fields.course.p || fields.unit.p || fields.affected_email.p || fields.link.p || fields.wanted_on.p))
		rc = ticket_edit(tx, c->a, c->who, c->now, t->number, &fields, seen, err);
	if (rc == RC_OK && api_has(q, "assignee"))
		rc = ticket_assign(tx, c->a, c->who, c->now, t->number, (struct agent_id){ api_i64(q, "assignee", 0) }, seen, err);
	if (rc == RC_OK && api_has(q, "team"))
		rc = ticket_set_team(tx, c->a, c->who, c->now, t->number, (struct team_id){ api_i64(q, "team", 0) }, seen, err);
	if (rc == RC_OK && api_has(q, "state")) {
		enum ticket_state to = STATE_OPEN;

		if (ticket_state_parse(api_str(q, "state"), &to) != RC_OK)
			return fail_field(err, RC_INVALID, "state", "state is new, open or waiting; resolve and reopen have addresses of their own");
		rc = ticket_set_state(tx, c->a, c->who, c->now, t->number, to,
				      str_is(api_str(q, "waitingFor"), "others") ? WAITING_OTHERS : WAITING_CUSTOMER, seen, err);
	}
	return rc == RC_OK ? show(tx, c, t->number, err) : rc;
}

static enum rc convert_step(struct db_tx *tx, struct call *c, struct err *err)
{
	const struct req *q = c->q;
	struct ticket_convert v = {
		.to = str_is(api_str(q, "kind"), "request") ? TICKET_REQUEST : TICKET_INCIDENT,
		.criticality = (int)api_i64(q, "criticality", 0),
		.priority = (int)api_i64(q, "priority", 0),
		.reason = api_str(q, "reason"),
	};
	int64_t number = ((struct ticket_call *)c->arg)->number;
	enum rc rc = ticket_convert(tx, c->a, c->who, c->now, number, &v, (struct event_id){ api_i64(q, "version", 0) }, err);

	return rc == RC_OK ? show(tx, c, number, err) : rc;
}

static enum rc resolve_step(struct db_tx *tx, struct call *c, struct err *err)
{
	int64_t number = ((struct ticket_call *)c->arg)->number;
	enum rc rc = ticket_resolve(tx, c->a, c->who, c->now, number, api_str(c->q, "resolution"),
				    (struct event_id){ api_i64(c->q, "version", 0) }, err);

	return rc == RC_OK ? show(tx, c, number, err) : rc;
}

static enum rc reopen_step(struct db_tx *tx, struct call *c, struct err *err)
{
	int64_t number = ((struct ticket_call *)c->arg)->number;
	enum rc rc = ticket_reopen(tx, c->a, c->who, c->now, number, api_str(c->q, "reason"), err);

	return rc == RC_OK ? show(tx, c, number, err) : rc;
}

static enum rc confirm_step(struct db_tx *tx, struct call *c, struct err *err)
{
	int64_t number = ((struct ticket_call *)c->arg)->number;
	enum rc rc = ticket_confirm(tx, c->a, c->who, c->now, number, err);

	return rc == RC_OK ? show(tx, c, number, err) : rc;
}

static enum rc rate_step(struct db_tx *tx, struct call *c, struct err *err)
{
	int64_t number = ((struct ticket_call *)c->arg)->number;
	struct str word = api_str(c->q, "rating");
	int rating = str_is(word, "good") ? 3 : str_is(word, "fair") ? 2 : 1;
	enum rc rc = ticket_rate(tx, c->a, c->who, c->now, number, rating, api_str(c->q, "comment"), err);

	return rc == RC_OK ? show(tx, c, number, err) : rc;
}

static enum rc on_ticket(struct req *q, struct resp *r, call_step *step)
{
	struct ticket_call t = { 0 };
	enum rc rc = api_path_number(q, &t.number);

	return rc == RC_OK ? api_write(q, r, 200, step, &t) : rc;
}

enum rc api_ticket_patch(struct req *q, struct resp *r)
{
	return on_ticket(q, r, patch_step);
}

enum rc api_ticket_convert(struct req *q, struct resp *r)
{
	return on_ticket(q, r, convert_step);
}

enum rc api_ticket_resolve(struct req *q, struct resp *r)
{
	return on_ticket(q, r, resolve_step);
}

enum rc api_ticket_reopen(struct req *q, struct resp *r)
{
	return on_ticket(q, r, reopen_step);
}

enum rc api_ticket_confirm(struct req *q, struct resp *r)
{
	return on_ticket(q, r, confirm_step);
}

enum rc api_ticket_rate(struct req *q, struct resp *r)
{
	return on_ticket(q, r, rate_step);
}

/* ---- messages ---- */

static enum rc messages_step(struct db_tx *tx, struct call *c, struct err *err)
{
	struct ticket_call *t = c->arg;
	struct ticket_view v;
	enum rc rc = ticket_messages(tx, c->a, c->who, t->number, t->after, t->max, &v, err);

	if (rc != RC_OK)
		return rc;
	json_obj(&c->json);
	json_key(&c->json, "messages");
	json_arr(&c->json);
	for (size_t i = 0; i < v.n_messages; i++)
		api_message(&c->json, api_desk(c->q), &v.messages[i], c->who);
	json_end_arr(&c->json);
	api_next(&c->json, v.has_newer ? arena_strf(c->a, "%lld", (long long)v.messages[v.n_messages - 1].id.v) : STR_NULL);
	json_end_obj(&c->json);
	return RC_OK;
}

enum rc api_messages_list(struct req *q, struct resp *r)
{
	struct ticket_call t = { 0 };
	enum rc rc = api_path_number(q, &t.number);

	if (rc == RC_OK && req_field(q, "after").n && str_to_i64(req_field(q, "after"), &t.after.v) != RC_OK)
		rc = fail_field(req_err(q), RC_INVALID, "after", "after is the next of the page before");
	t.max = api_page(q, 0, STR_NULL).max;
	return rc == RC_OK ? api_read(q, r, messages_step, &t) : rc;
}

static enum rc say_step(struct db_tx *tx, struct call *c, struct err *err)
{
	struct ticket_call *t = c->arg;
	struct message_id id;
	struct ticket_view v;
	enum rc rc = ticket_say(tx, c->a, c->who, c->now, t->number, &t->say, (struct event_id){ api_i64(c->q, "version", 0) }, &id, err);

	if (rc == RC_OK)
		rc = ticket_view(tx, c->a, c->who, t->number, &v, err);
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < v.n_messages; i++)
		if (v.messages[i].id.v == id.v)
			api_message(&c->json, api_desk(c->q), &v.messages[i], c->who);
	return RC_OK;
}

enum rc api_message_create(struct req *q, struct resp *r)
{
	struct ticket_call t = { 0 };
	enum rc rc = api_path_number(q, &t.number);

	if (rc == RC_OK)
		rc = api_attachments(q, &t.attachments, &t.n_attachments, req_err(q));
	if (rc != RC_OK)
		return rc;
	t.say = (struct message_new){
		.internal = actor_is_agent(&q->actor) && json_is_true(json_object_get(q->json, "internal")),
		.text = api_str(q, "text"),
		.channel = CHANNEL_API,
		.attachments = t.attachments,
		.n_attachments = t.n_attachments,
		.then = str_is(api_str(q, "then"), "waiting") && actor_is_agent(&q->actor) ? STATE_WAITING : 0,
		.waiting_for = str_is(api_str(q, "then"), "waiting") && actor_is_agent(&q->actor) ? WAITING_CUSTOMER : 0,
	};
	return api_write(q, r, 201, say_step, &t);
}

/* ---- uploads and downloads ---- */

static struct str handle_mac(struct arena *a, const struct desk *d, const struct actor *who, struct str sha256, int64_t size,
			     struct str name, struct str type)
{
	struct str text = arena_strf(a, "upload\n%d\n%lld\n%lld\n" STR_F "\n%lld\n" STR_F "\n" STR_F, (int)who->kind, (long long)who->agent.v,
				     (long long)who->account.v, STR_A(sha256), (long long)size, STR_A(type), STR_A(name));

	return mac_token(a, d->keys.key[0], text);
}

struct str api_handle(struct arena *a, const struct desk *d, const struct actor *who, struct str sha256, int64_t size, struct str name,
		      struct str type)
{
	return arena_strf(a, STR_F ".%lld." STR_F, STR_A(sha256), (long long)size,
			  STR_A(handle_mac(a, d, who, sha256, size, name, type)));
}

static enum rc one_attachment(struct req *q, const json_t *v, size_t i, struct new_attachment *ret, struct err *err)
{
	struct str handle = str_of(json_string_value(json_object_get(v, "handle"))), rest = handle, sha, size;
	struct str name = str_of(json_string_value(json_object_get(v, "name"))), type = str_of(json_string_value(json_object_get(v, "type")));
	int64_t n;
	char field[48];

	snprintf(field, sizeof(field), "attachments[%zu].handle", i);
	if (!str_cut(&rest, '.', &sha) || !str_cut(&rest, '.', &size) || str_to_i64(size, &n) != RC_OK || !name.p || !type.p ||
	    !crypt_equal(rest, handle_mac(q->arena, api_desk(q), &q->actor, sha, n, name, type)))
		return fail_field(err, RC_INVALID, field,
				  "an attachment is what POST /api/v1/uploads answered to this token: handle, name and type together");
	*ret = (struct new_attachment){ .sha256 = sha, .name = name, .type = type, .size = n };
	return RC_OK;
}

enum rc api_attachments(struct req *q, struct new_attachment **ret, size_t *ret_n, struct err *err)
{
	const json_t *list = json_object_get(q->json, "attachments");
	size_t n = json_array_size(list);

	*ret = NULL;
	*ret_n = 0;
	if (!list || json_is_null(list))
		return RC_OK;
	if (!json_is_array(list) || n > 20)
		return fail_field(err, RC_INVALID, "attachments", "attachments is a list of at most 20 uploads");
	*ret = arena_array(q->arena, struct new_attachment, n);
	for (size_t i = 0; i < n; i++) {
		enum rc rc = one_attachment(q, json_array_get(list, i), i, &(*ret)[i], err);

		if (rc != RC_OK)
			return rc;
	}
	*ret_n = n;
	return RC_OK;
}

enum rc api_upload(struct req *q, struct resp *r)
{
	struct desk *d = api_desk(q);
	struct str given = req_field(q, "name"), name, type;
	char sha[65];
	struct json j;

	if ((int64_t)q->body.n > d->config.max_upload)
		return fail(req_err(q), RC_LIMIT, "a file may have at most %lld bytes; nothing was kept", (long long)d->config.max_upload);
	enum rc rc = blob_put(d->blobs, q->body, sha, req_err(q));
	if (rc != RC_OK)
		return rc;
	name = blob_safe_name(q->arena, given);
	type = str_of(blob_type_name(blob_sniff(q->body)));
	json_init(&j, r->body);
	json_obj(&j);
	json_kstr(&j, "handle", api_handle(q->arena, d, &q->actor, str_of(sha), (int64_t)q->body.n, name, type));
	json_kstr(&j, "name", name);
	json_kstr(&j, "type", type);
	json_ki64(&j, "size", (int64_t)q->body.n);
	json_end_obj(&j);
	return resp_json(r, 201);
}

struct find_attachment {
	struct req *q;
	struct attachment found;
};

static enum rc find_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct find_attachment *f = arg;

	return attachment_find(tx, f->q->arena, &f->q->actor, req_path(f->q, "id"), &f->found, err);
}

enum rc api_attachment_get(struct req *q, struct resp *r)
{
	struct find_attachment f = { .q = q };
	enum rc rc = db_read(api_desk(q)->db, find_step, &f, req_err(q));

	if (rc != RC_OK)
		return rc;
	r->type = f.found.type;
	r->file = blob_path(q->arena, api_desk(q)->blobs, f.found.sha256);
	r->csp = STR("sandbox; default-src 'none'");
	resp_header(r, "Content-Disposition", blob_disposition(q->arena, f.found.name, false));
	return RC_OK;
}

/* Opening a ticket in small steps: what it is about, how much is affected, the telephone for criticality 1 and 2; the
 * details are portal_details.c. Whether a ticket may be opened is entitlement/'s answer, asked before the first form
 * and again by ticket_open(). */
#include "entitlement/promise.h"
#include "web/portal_open.h"

/* ---- the first question ---- */

static void draw_kind(struct out *o, const void *view)
{
	tmpl_new_kind(o, view);
}

static enum rc read_kind(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	enum rc rc = opening_read(tx, o, err);

	return rc == RC_OK ? opening_answers(tx, o, o->words, err) : rc;
}

static enum rc show_kind(struct req *q, struct resp *r)
{
	struct opening o = { .q = q, .words = req_field(q, "q") };
	enum rc rc = db_read(web_desk(q)->db, read_kind, &o, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (!ent_opens(o.ent.verdict))
		return portal_refuse(q, r, &o.ent);
	struct new_ticket v = opening_view(&o);

	return portal_show(q, r, _(web_lang(q), "Open a ticket"), NAV_SUPPORT, draw_kind, &v);
}

static enum rc get_new(struct req *q, struct resp *r)
{
	return show_kind(q, r);
}

static enum rc save_kind(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	struct str words = req_field(o->q, "q");
	enum rc rc = opening_read(tx, o, err);

	if (rc != RC_OK || !ent_opens(o->ent.verdict))
		return rc;
	o->f.kind = str_is(req_field(o->q, "kind"), "incident") ? TICKET_INCIDENT : TICKET_REQUEST;
	if (o->f.kind == TICKET_REQUEST)
		o->f.criticality = 0;
	opening_take(o->q, "article", &o->f.article);
	if (words.n && !o->f.summary.n)
		o->f.summary = words;
	return opening_save(tx, o, err);
}

static enum rc post_new(struct req *q, struct resp *r)
{
	struct opening o = { .q = q };

	if (web_fields_wrong(q, r))
		return show_kind(q, r);
	enum rc rc = db_write(web_desk(q)->db, save_kind, &o, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (!ent_opens(o.ent.verdict))
		return portal_refuse(q, r, &o.ent);
	return resp_redirect(r, o.f.kind == TICKET_INCIDENT ? STR("/support/new/criticality")
	                                                    : STR("/support/new/details"));
}

/* ---- how much is affected ---- */

static void draw_criticality(struct out *o, const void *view)
{
	tmpl_new_criticality(o, view);
}

static void fill_choices(const struct i18n *l, int chosen, struct criticality_choice *to)
{
	const struct criticality_choice all[] = {
		{1,  _(l, "Total interruption of service"),
                 _(l,		                                                               "Nobody can use the site: it does not open, or nobody can sign in"), false},
		{ 2, _(l, "Functional errors affecting the operation of the service"),
                 _(l,		                                                               "The site opens, but something that many need does not work"),       false},
		{ 3, _(l, "Degradation in the service's quality"),                             _(l, "It works, but slowly or badly"),                                    false},
		{ 4, _(l, "Specific functional errors that do not affect the entire service"),
                 _(l,		                                                               "One page, one course or a few people; most notice nothing"),        false},
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		to[i] = all[i];
		to[i].checked = all[i].level == chosen;
	}
}

static enum rc show_criticality(struct req *q, struct resp *r)
{
	struct opening o = { .q = q };
	int64_t asked = 0;
	enum rc rc = db_read(web_desk(q)->db, opening_read, &o, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (!ent_opens(o.ent.verdict))
		return portal_refuse(q, r, &o.ent);
	struct new_ticket v = opening_view(&o);

	if (str_to_i64(req_field(q, "criticality"), &asked) != RC_OK)
		asked = o.f.criticality;
	fill_choices(web_lang(q), (int)asked, v.choice);
	return portal_show(q, r, _(web_lang(q), "How much is affected?"), NAV_SUPPORT, draw_criticality, &v);
}

static enum rc get_criticality(struct req *q, struct resp *r)
{
	return show_criticality(q, r);
}

static void draw_call(struct out *o, const void *view)
{
	tmpl_new_call(o, view);
}

/* Everything the page with the telephone needs; the PIN exists only here, once. */
static enum rc prepare_call(struct db_tx *tx, struct opening *o, struct err *err)
{
	struct req *q = o->q;

	o->may_call = o->ent.plan.channels[TICKET_INCIDENT][o->f.criticality] & 1 << CHANNEL_PHONE;
	if (!o->may_call || !o->calls)
		return RC_OK;
	return draft_prepare_call(tx, q->arena, &q->actor, q->now, o->draft.id, web_desk(q)->pin_key, &o->number,
	                          &o->pin, err);
}

static enum rc show_call(struct opening *o, struct resp *r)
{
	struct req *q = o->q;
	const struct i18n *l = web_lang(q);
	struct new_ticket v = opening_view(o);
	struct str phone = web_settings(q).phone;

	v.call = (struct call_card){
		.phone = phone,
		.phone_to = portal_tel(q->arena, phone),
		.has_phone = phone.n > 0,
		.down = __atomic_load_n(&web_desk(q)->phone_line, __ATOMIC_RELAXED) == PHONE_DOWN,
		.may_call = o->may_call,
		.number = o->number ? portal_number(q, o->number) : STR(""),
		.target = promise_text(q->arena, l, &o->ent.plan, o->ent.has_calendar ? &o->ent.calendar : NULL,
		                       TICKET_INCIDENT, o->f.criticality),
	};
	if (o->pin.n == 6)
		v.call.pin = arena_strf(q->arena, "%.3s %.3s", o->pin.p, o->pin.p + 3);
	v.phone = web_field_value(q, "phone", o->contact.phone);
	return portal_show(q, r, _(l, "Call us now"), NAV_SUPPORT, draw_call, &v);
}

static enum rc save_criticality(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	int64_t level = 0;
	enum rc rc = opening_draft(tx, o, err);

	if (rc != RC_OK)
		return rc;
	if (str_to_i64(req_field(o->q, "criticality"), &level) != RC_OK)
		return fail_field(err, RC_INVALID, "criticality", "Choose a criticality from 1 to 4.");
	o->f.kind = TICKET_INCIDENT;
	o->f.criticality = (int)level;
	rc = portal_entitlement(tx, o->q, TICKET_INCIDENT, o->f.criticality, &o->contact, &o->ent, err);
	if (rc != RC_OK || !ent_opens(o->ent.verdict))
		return rc;
	rc = opening_save(tx, o, err);
	return rc == RC_OK && o->f.criticality <= 2 ? prepare_call(tx, o, err) : rc;
}

static enum rc post_criticality(struct req *q, struct resp *r)
{
	struct opening o = { .q = q };

	if (web_fields_wrong(q, r))
		return show_criticality(q, r);
	if (str_is(req_field(q, "criticality"), "unsure"))
		return resp_redirect(r, STR("/support/new/unsure"));
	o.calls = web_settings(q).phone.n > 0;
	enum rc rc = db_write(web_desk(q)->db, save_criticality, &o, req_err(q));

	if (rc != RC_OK)
		return web_form_failed(q, r, rc) ? show_criticality(q, r) : rc;
	if (!ent_opens(o.ent.verdict))
		return portal_refuse(q, r, &o.ent);
	return o.f.criticality <= 2 ? show_call(&o, r) : resp_redirect(r, STR("/support/new/details"));
}

static void draw_unsure(struct out *o, const void *view)
{
	tmpl_new_unsure(o, view);
}

static enum rc get_unsure(struct req *q, struct resp *r)
{
	struct opening o = { .q = q };
	struct new_ticket v = opening_view(&o);

	v.e_criticality = web_field_error(q, "who");
	if (!v.e_criticality.n)
		v.e_criticality = web_field_error(q, "work");
	return portal_show(q, r, _(web_lang(q), "Two questions"), NAV_SUPPORT, draw_unsure, &v);
}

static int level_of(struct str who, struct str work)
{
	if (str_is(who, "all"))
		return 1;
	if (str_is(who, "many"))
		return str_is(work, "no") ? 2 : str_is(work, "worse") ? 3 : 4;
	return str_is(work, "worse") ? 3 : 4;
}

static enum rc post_unsure(struct req *q, struct resp *r)
{
	struct str who = req_field(q, "who");

	/* Nobody can use it: the second question answers itself. */
	if (!str_is(who, "all") && web_fields_wrong(q, r))
		return get_unsure(q, r);
	return resp_redirect(r, arena_strf(q->arena, "/support/new/criticality?criticality=%d",
	                                   level_of(who, req_field(q, "work"))));
}

static enum rc write_callback(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	const struct i18n *l = web_lang(o->q);
	enum rc rc = opening_draft(tx, o, err);

	if (rc == RC_OK && !o->draft.id.v)
		return opening_gone(err);
	if (rc != RC_OK)
		return rc;
	if (o->f.kind != TICKET_INCIDENT || !o->f.criticality)
		return fail_code(err, RC_CONFLICT, "no-criticality", "Choose first how much is affected.");
	opening_take(o->q, "summary", &o->f.summary);
	if (!o->f.summary.n)
		o->f.summary = TR_FILL(o->q->arena, _(l, "Criticality {n}: please call back"),
		                       { "n", arena_strf(o->q->arena, "%d", o->f.criticality) });
	o->phone = str_trim(req_field(o->q, "phone"));
	if (!o->phone.n)
		return fail_field(err, RC_INVALID, "phone", "Write the telephone number to call, like +57 1 555 0100.");
	return opening_open(tx, o, err);
}

static enum rc write_call_again(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	enum rc rc = opening_read(tx, o, err);

	if (rc == RC_OK && !o->draft.id.v)
		return opening_gone(err);
	return rc == RC_OK ? prepare_call(tx, o, err) : rc;
}

/* The page with the telephone once more, with a fresh PIN: the one shown before is not known to anybody but its reader.
 */
static enum rc show_call_again(struct req *q, struct resp *r)
{
	struct opening o = { .q = q, .calls = web_settings(q).phone.n > 0 };
	struct err mine = { 0 };
	enum rc rc = db_write(web_desk(q)->db, write_call_again, &o, &mine);

	if (rc != RC_OK) {
		*req_err(q) = mine;
		return opening_is_gone(q, rc) ? opening_to_tickets(q, r) : rc;
	}
	opening_take(q, "summary", &o.f.summary);
	return show_call(&o, r);
}

static enum rc post_callback(struct req *q, struct resp *r)
{
	struct opening o = { .q = q };

	if (web_fields_wrong(q, r))
		return show_call_again(q, r);
	enum rc rc = db_write(web_desk(q)->db, write_callback, &o, req_err(q));

	if (rc == RC_OK)
		return opening_to_ticket(&o, r);
	if (opening_is_gone(q, rc))
		return opening_to_tickets(q, r);
	if (strcmp(req_err(q)->code, "no-criticality") == 0)
		return resp_redirect(r, STR("/support/new/criticality"));
	if (rc == RC_DENIED)
		return opening_refuse(&o, r, rc);
	opening_map_error(q);
	return web_form_failed(q, r, rc) ? show_call_again(q, r) : rc;
}

/* ---- routes ---- */

static const struct field words_fields[] = {
	{"q",   FIELD_TEXT, 200, false, NULL, "Words from the search" },
	{ "article",  FIELD_TEXT, 120, false, NULL, "The page that was not enough" },
	{ .name = NULL},
};
static const struct field kind_fields[] = {
	{"kind",              FIELD_CHOICE, 0, true, "incident|request", "What it is about" },
	{ "q",	          FIELD_TEXT, 200, false, NULL, "Words from the search" },
	{ "article", FIELD_TEXT, 120, false, NULL, "The page that was not enough" },
	{ .name = NULL                 },
};
static const struct field preselect_fields[] = {
	{"criticality", FIELD_CHOICE, 0, false, "1|2|3|4", "The one to be chosen beforehand" },
	{ .name = NULL           },
};
static const struct field criticality_fields[] = {
	{"criticality", FIELD_CHOICE, 0, true, "1|2|3|4|unsure", "How much is affected" },
	{ .name = NULL           },
};
static const struct field unsure_fields[] = {
	{"who",           FIELD_CHOICE, 0, true, "all|many|few", "Who is affected" },
	{ "work",              FIELD_CHOICE, 0, true, "no|worse|yes", "Whether they can work" },
	{ .name = NULL},
};
static const struct field callback_fields[] = {
	{"phone", FIELD_TEXT, 40, false, NULL, "Number to call" },
	{ "summary",     FIELD_TEXT, 800, false, NULL, "What is happening" },
	{ "once",   FIELD_TEXT, 100, false, NULL, "Key of this form" },
	{ .name = NULL     },
};
/* clang-format off */
const struct route new_ticket_routes[] = {
	{ HTTP_GET, "/support/new", CAP_CUSTOMER_READ, get_new, words_fields, ROUTE_LENIENT, "Open a ticket: what it is about", NULL, NULL },
	{ HTTP_POST, "/support/new", CAP_CUSTOMER_WRITE, post_new, kind_fields, ROUTE_LENIENT, "Choose incident or request", NULL, NULL },
	{ HTTP_GET, "/support/new/criticality", CAP_CUSTOMER_WRITE, get_criticality, preselect_fields, ROUTE_LENIENT, "How much is affected", NULL, NULL },
	{ HTTP_POST, "/support/new/criticality", CAP_CUSTOMER_WRITE, post_criticality, criticality_fields, ROUTE_LENIENT, "Choose the criticality", NULL, NULL },
	{ HTTP_GET, "/support/new/unsure", CAP_CUSTOMER_WRITE, get_unsure, NULL, 0, "Two questions that find the criticality", NULL, NULL },
	{ HTTP_POST, "/support/new/unsure", CAP_CUSTOMER_WRITE, post_unsure, unsure_fields, ROUTE_LENIENT, "Answer the two questions", NULL, NULL },
	{ HTTP_POST, "/support/new/callback", CAP_CUSTOMER_WRITE, post_callback, callback_fields, ROUTE_LENIENT, "Open it and be called back", NULL, NULL },
	{ .path = NULL },
};
/* clang-format on */

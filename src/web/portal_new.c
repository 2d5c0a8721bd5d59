/* Opening a ticket in small steps: what it is about, how much is affected, the telephone for criticality 1 and 2, the
 * details. Between the steps everything lives in the person's draft on the server, so that nothing typed or uploaded
 * is lost and that sending twice opens one ticket: the second time the draft is gone. Whether a ticket may be opened
 * is entitlement/'s answer, asked before the first form and again by ticket_open(). */
#include "entitlement/promise.h"
#include "lms/link.h"
#include "search/search.h"
#include "util/json.h"
#include "web/portal_common.h"

#define TEXT_FIELD_MAX (200 << 10)
#define DATA_ROOM      (2 << 20)
#define N_ARTICLES     3
#define DROPS_MAX      20
#define NO_TICKET      ((struct ticket_id){ 0 })

struct typed { /* what a draft of a new ticket holds */
	enum ticket_kind kind;
	int criticality;
	struct str summary, text, course, unit, affected_email, link, wanted_on;
};

struct opening {
	struct req *q;
	struct contact contact;
	struct entitlement ent;
	struct draft draft; /* id 0: there is none */
	struct typed f;
	struct str words, site_text;
	struct article *articles;
	size_t n_articles;
	struct new_attachment *files; /* of this request */
	size_t n_files;
	struct str drop[DROPS_MAX];
	size_t n_drop;
	bool calls, may_call; /* calls: prepare a PIN */
	int64_t number;
	struct str pin, phone;
	struct ticket_opened opened;
};

/* ---- the draft ---- */

static struct str member(struct arena *a, json_t *o, const char *name)
{
	json_t *v = json_object_get(o, name);

	return json_is_string(v) ? arena_str(a, (struct str){ json_string_value(v), json_string_length(v) }) : STR("");
}

static struct typed parse_typed(struct arena *a, struct str data)
{
	json_t *o = json_loadb(data.p ? data.p : "", data.n, 0, NULL);
	struct str kind = member(a, o, "kind");
	int64_t level = json_integer_value(json_object_get(o, "criticality"));
	struct typed f = {
		.kind = str_is(kind, "incident")  ? TICKET_INCIDENT
		        : str_is(kind, "request") ? TICKET_REQUEST
		                                  : 0,
		.criticality = level >= 1 && level <= 4 ? (int)level : 0,
		.summary = member(a, o, "summary"),
		.text = member(a, o, "text"),
		.course = member(a, o, "course"),
		.unit = member(a, o, "unit"),
		.affected_email = member(a, o, "affected_email"),
		.link = member(a, o, "link"),
		.wanted_on = member(a, o, "wanted_on"),
	};

	json_decref(o);
	return f;
}

static struct str typed_json(struct arena *a, const struct typed *f)
{
	AUTO_BUF b;
	struct json j;

	buf_init(&b, DATA_ROOM);
	json_init(&j, &b);
	json_obj(&j);
	if (f->kind)
		json_kstr(&j, "kind", str_of(ticket_kind_name(f->kind)));
	json_ki64(&j, "criticality", f->criticality);
	json_kstr(&j, "summary", f->summary);
	json_kstr(&j, "text", f->text);
	json_kstr(&j, "course", f->course);
	json_kstr(&j, "unit", f->unit);
	json_kstr(&j, "affected_email", f->affected_email);
	json_kstr(&j, "link", f->link);
	json_kstr(&j, "wanted_on", f->wanted_on);
	json_end_obj(&j);
	return arena_str(a, buf_str(&b));
}

/* RC_OK with id 0: there is none. */
static enum rc find_draft(struct db_tx *tx, struct opening *o, struct err *err)
{
	struct err spare = { 0 };
	enum rc rc = draft_find(tx, o->q->arena, &o->q->actor, DRAFT_TICKET, NO_TICKET, &o->draft, &spare);

	if (rc == RC_NOT_FOUND) {
		o->draft = (struct draft){ 0 };
		rc = RC_OK;
	} else if (rc != RC_OK && err) {
		*err = spare;
	}
	o->f = parse_typed(o->q->arena, o->draft.data);
	return rc;
}

static enum rc save_draft(struct db_tx *tx, struct opening *o, struct err *err)
{
	return draft_save(tx, &o->q->actor, o->q->now, DRAFT_TICKET, NO_TICKET, typed_json(o->q->arena, &o->f),
	                  &o->draft.id, err);
}

static enum rc draft_gone(struct err *err)
{
	return fail_code(err, RC_NOT_FOUND, "draft-gone", "This draft is not there any more: it was sent or dropped.");
}

/* What was sent replaces what was kept; a field that was not sent stays. */
static void take(const struct req *q, const char *name, struct str *to)
{
	struct str v = req_field(q, name);

	if (!str_null(v))
		*to = v;
}

static void take_details(const struct req *q, struct typed *f)
{
	take(q, "summary", &f->summary);
	take(q, "text", &f->text);
	take(q, "course", &f->course);
	take(q, "unit", &f->unit);
	take(q, "affected_email", &f->affected_email);
	take(q, "link", &f->link);
	take(q, "wanted_on", &f->wanted_on);
}

/* ---- what all pages read ---- */

static enum rc read_opening(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	enum rc rc = find_draft(tx, o, err);

	if (rc == RC_OK)
		rc = portal_entitlement(tx, o->q, o->f.kind ? o->f.kind : TICKET_REQUEST,
		                        o->f.kind == TICKET_INCIDENT ? o->f.criticality : 0, &o->contact, &o->ent, err);
	return rc;
}

static enum rc site_text(struct db_tx *tx, struct req *q, struct str host, struct str *ret, struct err *err)
{
	const struct i18n *l = web_lang(q);
	struct site site;
	struct err spare = { 0 };

	*ret = STR("");
	if (!host.n)
		return RC_OK;
	enum rc rc = site_find_host(tx, q->arena, q->actor.account, host, &site, &spare);

	if (rc == RC_OK)
		*ret = TR_FILL(q->arena, _(l, "Site: {site}"), { "site", site.name });
	else if (rc == RC_NOT_FOUND)
		*ret = TR_FILL(q->arena, _(l, "{host} is not among the sites of your organization."), { "host", host });
	else if (err)
		*err = spare;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc read_details(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	struct lms_link link;
	enum rc rc = read_opening(tx, o, err);

	if (rc == RC_OK && o->f.link.n && lms_parse(o->q->arena, o->f.link, &link, NULL) == RC_OK)
		rc = site_text(tx, o->q, link.host, &o->site_text, err);
	return rc;
}

static struct new_ticket view_of(const struct opening *o)
{
	struct req *q = o->q;
	const struct i18n *l = web_lang(q);

	return (struct new_ticket){
		.kind = o->f.kind ? ticket_kind_name(o->f.kind) : "",
		.criticality = o->f.kind == TICKET_INCIDENT ? o->f.criticality : 0,
		.words = o->words.p ? o->words : STR(""),
		.articles = o->articles,
		.n_articles = o->n_articles,
		.summary = o->f.summary,
		.text = o->f.text,
		.course = o->f.course,
		.unit = o->f.unit,
		.affected_email = o->f.affected_email,
		.link = o->f.link,
		.wanted_on = o->f.wanted_on,
		.site_text = o->site_text,
		.files = o->draft.attachments,
		.n_files = o->draft.n_attachments,
		.draft_url = STR("/support/new/draft"),
		.saved_at = o->draft.id.v ? i18n_date(q->arena, l, o->draft.updated_at, web_zone(q), DATE_TIME_ONLY)
		                          : STR(""),
		.max_size = i18n_bytes(q->arena, l, web_desk(q)->config.max_upload),
		.e_kind = web_field_error(q, "kind"),
		.e_criticality = web_field_error(q, "criticality"),
		.e_summary = web_field_error(q, "summary"),
		.e_text = web_field_error(q, "text"),
		.e_course = web_field_error(q, "course"),
		.e_affected = web_field_error(q, "affected_email"),
		.e_link = web_field_error(q, "link"),
		.e_wanted = web_field_error(q, "wanted_on"),
		.e_files = web_field_error(q, "files"),
		.e_phone = web_field_error(q, "phone"),
	};
}

/* The form calls some fields otherwise than the domain. */
static void map_error(struct req *q)
{
	static const struct {
		const char *domain, *form;
	} names[] = {
		{"subject",      "summary"},
		{ "data",        "text"   },
		{ "attachments", "files"  },
	};
	struct err *err = req_err(q);

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(err->field, names[i].domain) == 0) {
			snprintf(err->field, sizeof(err->field), "%s", names[i].form);
			return;
		}
}

static bool gone(struct req *q, enum rc rc)
{
	return rc == RC_NOT_FOUND && strcmp(req_err(q)->code, "draft-gone") == 0;
}

static enum rc to_tickets(struct req *q, struct resp *r)
{
	return web_done(r, _(web_lang(q), "This was sent already: your ticket is in the list."),
	                STR("/support/tickets"));
}

static enum rc to_opened(const struct opening *o, struct resp *r)
{
	return resp_redirect(r,
	                     arena_strf(o->q->arena, STR_F "?new=1", STR_A(portal_ticket_url(o->q, o->opened.number))));
}

/* ---- the first question ---- */

static void draw_kind(struct out *o, const void *view)
{
	tmpl_new_kind(o, view);
}

static enum rc read_kind(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	struct arena *a = o->q->arena;
	struct article_hit *hits = NULL;
	size_t n = 0;
	enum rc rc = read_opening(tx, o, err);

	if (rc != RC_OK || !o->words.n)
		return rc;
	rc = kb_search(tx, a, &o->q->actor, o->words, str_of(i18n_tag(web_lang(o->q))), N_ARTICLES,
	                     &hits, &n, err);
	if (rc != RC_OK)
		return rc;
	o->articles = arena_array(a, struct article, n + 1);
	o->n_articles = n;
	for (size_t i = 0; i < n; i++)
		o->articles[i] = (struct article){
			.id = hits[i].id, .slug = hits[i].slug, .title = hits[i].title, .summary = hits[i].summary
		};
	return RC_OK;
}

static enum rc show_kind(struct req *q, struct resp *r)
{
	struct opening o = { .q = q, .words = req_field(q, "q") };
	enum rc rc = db_read(web_desk(q)->db, read_kind, &o, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (!ent_opens(o.ent.verdict))
		return portal_refuse(q, r, &o.ent);
	struct new_ticket v = view_of(&o);

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
	enum rc rc = read_opening(tx, o, err);

	if (rc != RC_OK || !ent_opens(o->ent.verdict))
		return rc;
	o->f.kind = str_is(req_field(o->q, "kind"), "incident") ? TICKET_INCIDENT : TICKET_REQUEST;
	if (o->f.kind == TICKET_REQUEST)
		o->f.criticality = 0;
	if (words.n && !o->f.summary.n)
		o->f.summary = words;
	return save_draft(tx, o, err);
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
	enum rc rc = db_read(web_desk(q)->db, read_opening, &o, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (!ent_opens(o.ent.verdict))
		return portal_refuse(q, r, &o.ent);
	struct new_ticket v = view_of(&o);

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
	struct new_ticket v = view_of(o);
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
	enum rc rc = find_draft(tx, o, err);

	if (rc != RC_OK)
		return rc;
	if (str_to_i64(req_field(o->q, "criticality"), &level) != RC_OK)
		return fail_field(err, RC_INVALID, "criticality", "Choose a criticality from 1 to 4.");
	o->f.kind = TICKET_INCIDENT;
	o->f.criticality = (int)level;
	rc = portal_entitlement(tx, o->q, TICKET_INCIDENT, o->f.criticality, &o->contact, &o->ent, err);
	if (rc != RC_OK || !ent_opens(o->ent.verdict))
		return rc;
	rc = save_draft(tx, o, err);
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
	struct new_ticket v = view_of(&o);

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

/* ---- opening ---- */

static enum rc open_ticket(struct db_tx *tx, struct opening *o, struct err *err)
{
	struct req *q = o->q;
	const struct typed *f = &o->f;
	bool incident = f->kind == TICKET_INCIDENT;
	struct ticket_new n = {
		.account = q->actor.account,
		.contact = q->actor.contact,
		.kind = f->kind,
		.criticality = incident ? f->criticality : 0,
		.channel = CHANNEL_FORM,
		.subject = f->summary,
		.text = str_trim(f->text).n || o->draft.n_attachments ? f->text : f->summary, /* the text is optional */
		.course = f->course,
		.unit = f->unit,
		.affected_email = f->affected_email,
		.link = f->link,
		.wanted_on = incident ? STR("") : f->wanted_on,
		.draft = o->draft.id,
		.callback_phone = o->phone,
	};

	return ticket_open(tx, q->arena, &q->actor, q->now, &n, &o->opened, err);
}

/* Not entitled after all: the answer in full, in the form's place. The draft stays. */
static enum rc refuse_now(struct opening *o, struct resp *r, enum rc rc)
{
	struct opening again = { .q = o->q };
	struct err spare = { 0 };

	if (db_read(web_desk(o->q)->db, read_opening, &again, &spare) != RC_OK || ent_opens(again.ent.verdict))
		return rc;
	*req_err(o->q) = (struct err){ 0 };
	r->status = 403;
	return portal_refuse(o->q, r, &again.ent);
}

static enum rc write_callback(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	const struct i18n *l = web_lang(o->q);
	enum rc rc = find_draft(tx, o, err);

	if (rc == RC_OK && !o->draft.id.v)
		return draft_gone(err);
	if (rc != RC_OK)
		return rc;
	if (o->f.kind != TICKET_INCIDENT || !o->f.criticality)
		return fail_code(err, RC_CONFLICT, "no-criticality", "Choose first how much is affected.");
	take(o->q, "summary", &o->f.summary);
	if (!o->f.summary.n)
		o->f.summary = TR_FILL(o->q->arena, _(l, "Criticality {n}: please call back"),
		                       { "n", arena_strf(o->q->arena, "%d", o->f.criticality) });
	o->phone = str_trim(req_field(o->q, "phone"));
	if (!o->phone.n)
		return fail_field(err, RC_INVALID, "phone", "Write the telephone number to call, like +57 1 555 0100.");
	return open_ticket(tx, o, err);
}

static enum rc write_call_again(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	enum rc rc = read_opening(tx, o, err);

	if (rc == RC_OK && !o->draft.id.v)
		return draft_gone(err);
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
		return gone(q, rc) ? to_tickets(q, r) : rc;
	}
	take(q, "summary", &o.f.summary);
	return show_call(&o, r);
}

static enum rc post_callback(struct req *q, struct resp *r)
{
	struct opening o = { .q = q };

	if (web_fields_wrong(q, r))
		return show_call_again(q, r);
	enum rc rc = db_write(web_desk(q)->db, write_callback, &o, req_err(q));

	if (rc == RC_OK)
		return to_opened(&o, r);
	if (gone(q, rc))
		return to_tickets(q, r);
	if (strcmp(req_err(q)->code, "no-criticality") == 0)
		return resp_redirect(r, STR("/support/new/criticality"));
	if (rc == RC_DENIED)
		return refuse_now(&o, r, rc);
	map_error(q);
	return web_form_failed(q, r, rc) ? show_call_again(q, r) : rc;
}

/* ---- details ---- */

static void draw_details(struct out *o, const void *view)
{
	tmpl_new_details(o, view);
}

static enum rc show_details(struct req *q, struct resp *r)
{
	struct opening o = { .q = q };
	struct err mine = { 0 };
	enum rc rc = db_read(web_desk(q)->db, read_details, &o, &mine);

	if (rc != RC_OK) {
		*req_err(q) = mine;
		return rc;
	}
	if (!ent_opens(o.ent.verdict))
		return portal_refuse(q, r, &o.ent);
	if (q->method != HTTP_GET)
		take_details(q, &o.f); /* also what was too long to be kept */
	else if (!o.f.kind)
		return resp_redirect(r, STR("/support/new"));
	else if (o.f.kind == TICKET_INCIDENT && !o.f.criticality)
		return resp_redirect(r, STR("/support/new/criticality"));
	struct new_ticket v = view_of(&o);

	return portal_show(q, r,
	                   o.f.kind == TICKET_INCIDENT ? _(web_lang(q), "What is broken?")
	                                               : _(web_lang(q), "What do you need?"),
	                   NAV_SUPPORT, draw_details, &v);
}

static enum rc get_details(struct req *q, struct resp *r)
{
	return show_details(q, r);
}

/* The form of a ticket that was sent already must not make a new draft: only the one that was found is written, though it
 * is claimed by the same form sent twice meanwhile (S-54). */
static enum rc keep_details(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	struct req *q = o->q;
	struct attachment made;
	enum rc rc = find_draft(tx, o, err);

	if (rc == RC_OK && !o->draft.id.v)
		return draft_gone(err);
	take_details(q, &o->f);
	for (size_t i = 0; i < o->n_drop && rc == RC_OK; i++) {
		struct err spare = { 0 };

		rc = draft_detach(tx, &q->actor, o->draft.id, o->drop[i], &spare);
		if (rc == RC_NOT_FOUND) /* ticked twice */
			rc = RC_OK;
		else if (rc != RC_OK && err)
			*err = spare;
	}
	if (rc == RC_OK)
		rc = draft_resave(tx, &q->actor, q->now, o->draft.id, typed_json(q->arena, &o->f), err);
	for (size_t i = 0; i < o->n_files && rc == RC_OK; i++)
		rc = draft_attach(tx, q->arena, &q->actor, q->now, o->draft.id, &o->files[i], &made, err);
	return rc;
}

static enum rc write_details(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	enum rc rc = find_draft(tx, o, err);

	if (rc == RC_OK && !o->draft.id.v)
		return draft_gone(err);
	return rc == RC_OK ? open_ticket(tx, o, err) : rc;
}

static enum rc details_failed(struct opening *o, struct resp *r, enum rc rc)
{
	struct req *q = o->q;

	if (gone(q, rc))
		return to_tickets(q, r);
	if (rc == RC_DENIED)
		return refuse_now(o, r, rc);
	map_error(q);
	return web_form_failed(q, r, rc) ? show_details(q, r) : rc;
}

static enum rc post_details(struct req *q, struct resp *r)
{
	struct opening o = { .q = q };
	struct err upload = { 0 };

	o.n_drop = req_fields(q, "drop", o.drop, DROPS_MAX);
	enum rc up = web_keep_uploads(q, "files", &o.files, &o.n_files, &upload);
	enum rc rc = db_write(web_desk(q)->db, keep_details, &o, req_err(q));

	if (rc == RC_OK && up != RC_OK) {
		*req_err(q) = upload;
		rc = up;
	}
	if (rc != RC_OK)
		return details_failed(&o, r, rc);
	if (str_is(req_field(q, "save"), "1"))
		return web_done(r, _(web_lang(q), "Draft saved. You find it here when you come back."),
		                STR("/support/new/details"));
	if (web_fields_wrong(q, r))
		return show_details(q, r);
	rc = db_write(web_desk(q)->db, write_details, &o, req_err(q));
	return rc == RC_OK ? to_opened(&o, r) : details_failed(&o, r, rc);
}

/* ---- for scripts ---- */

static enum rc autosave(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	enum rc rc = find_draft(tx, o, err);

	if (rc != RC_OK || !o->draft.id.v) /* sent meanwhile: nothing to keep */
		return rc;
	take_details(o->q, &o->f);
	rc = draft_resave(tx, &o->q->actor, o->q->now, o->draft.id, typed_json(o->q->arena, &o->f), err);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc post_draft(struct req *q, struct resp *r)
{
	struct opening o = { .q = q };
	enum rc rc = db_write(web_desk(q)->db, autosave, &o, req_err(q));

	if (rc == RC_OK)
		r->status = 204;
	return rc;
}

struct asked_link {
	struct req *q;
	struct lms_link link;
	struct str text;
};

static enum rc read_link(struct db_tx *tx, void *arg, struct err *err)
{
	struct asked_link *a = arg;

	return site_text(tx, a->q, a->link.host, &a->text, err);
}

static struct str or_empty(struct str s)
{
	return s.p ? s : STR("");
}

static enum rc get_link(struct req *q, struct resp *r)
{
	struct asked_link a = { .q = q, .text = STR("") };
	struct json j;
	enum rc rc = RC_OK;

	if (lms_parse(q->arena, req_field(q, "link"), &a.link, NULL) == RC_OK)
		rc = db_read(web_desk(q)->db, read_link, &a, req_err(q));
	else
		a.link = (struct lms_link){ 0 };
	if (rc != RC_OK)
		return rc;
	json_init(&j, r->body);
	json_obj(&j);
	json_kstr(&j, "course", or_empty(a.link.course));
	json_kstr(&j, "unit", or_empty(a.link.unit));
	json_kstr(&j, "siteText", a.text);
	json_end_obj(&j);
	return resp_json(r, 200);
}

/* ---- routes ---- */

#define DETAILS                                                                                                        \
	{ "summary", FIELD_TEXT, 800, false, NULL, "What it is about, in a few words" },                               \
	        { "text", FIELD_LINES, TEXT_FIELD_MAX, false, NULL, "What happened" },                                 \
	        { "link", FIELD_TEXT, 2000, false, NULL, "Address of the page" },                                      \
	        { "course", FIELD_TEXT, 400, false, NULL, "Course ID" },                                               \
	        { "unit", FIELD_TEXT, 500, false, NULL, "Usage key of the unit" },                                     \
	{                                                                                                              \
		"wanted_on", FIELD_TEXT, 20, false, NULL, "Wished date, of requests"                                   \
	}

static const struct field words_fields[] = {
	{"q",  FIELD_TEXT, 200, false, NULL, "Words from the search" },
	{ .name = NULL},
};
static const struct field kind_fields[] = {
	{"kind",              FIELD_CHOICE, 0, true, "incident|request", "What it is about" },
	{ "q",	          FIELD_TEXT, 200, false, NULL, "Words from the search" },
	{ .name = NULL},
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
static const struct field details_fields[] = {
	DETAILS,
	{"affected_email", FIELD_EMAIL, 320, false, NULL, "Mail address of the person affected" },
	{ "drop",             FIELD_TEXT, 64, false, NULL, "Tokens of kept files that shall go" },
	{ "save",            FIELD_TEXT, 1, false, NULL, "1: keep the draft, open nothing" },
	{ "once",               FIELD_TEXT, 100, false, NULL, "Key of this form" },
	{ "files",FIELD_FILE, 0, false, NULL, "Screenshots" },
	{ .name = NULL          },
};
static const struct field draft_fields[] = {
	DETAILS,
	{"affected_email", FIELD_TEXT, 320, false, NULL, "Mail address, as far as it is typed" },
	{ .name = NULL            },
};
static const struct field link_fields[] = {
	{"link", FIELD_TEXT, 2000, false, NULL, "What was pasted" },
	{ .name = NULL },
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
	{ HTTP_GET, "/support/new/details", CAP_CUSTOMER_WRITE, get_details, NULL, 0, "Describe it in writing", NULL, NULL },
	{ HTTP_POST, "/support/new/details", CAP_CUSTOMER_WRITE, post_details, details_fields, ROUTE_UPLOAD | ROUTE_LENIENT, "Open the ticket", NULL, NULL },
	{ HTTP_POST, "/support/new/draft", CAP_CUSTOMER_WRITE, post_draft, draft_fields, ROUTE_LENIENT, "Keep what is being typed", NULL, NULL },
	{ HTTP_GET, "/support/link", CAP_CUSTOMER_READ, get_link, link_fields, ROUTE_LENIENT, "Course and unit of a pasted link", NULL, NULL },
	{ .path = NULL },
};
/* clang-format on */

/* Opening a ticket: its details, kept while they are typed; course and unit of a pasted link; answers that may save the
 * customer from sending it. */
#include "kb/read.h"
#include "lms/link.h"
#include "util/json.h"
#include "web/portal_open.h"

static enum rc read_details(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	struct lms_link link;
	enum rc rc = opening_read(tx, o, err);

	if (rc == RC_OK)
		rc = opening_answers(tx, o, o->f.summary, err);
	if (rc == RC_OK && o->f.link.n && lms_parse(o->q->arena, o->f.link, &link, NULL) == RC_OK)
		rc = opening_site(tx, o->q, link.host, &o->site_text, err);
	return rc;
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
		opening_take_details(q, &o.f); /* also what was too long to be kept */
	else if (!o.f.kind)
		return resp_redirect(r, STR("/support/new"));
	else if (o.f.kind == TICKET_INCIDENT && !o.f.criticality)
		return resp_redirect(r, STR("/support/new/criticality"));
	struct new_ticket v = opening_view(&o);

	return portal_show(q, r,
	                   o.f.kind == TICKET_INCIDENT ? _(web_lang(q), "What is broken?")
	                                               : _(web_lang(q), "What do you need?"),
	                   NAV_SUPPORT, draw_details, &v);
}

static enum rc get_details(struct req *q, struct resp *r)
{
	return show_details(q, r);
}

/* The form of a ticket that was sent already must not make a new draft: only the one that was found is written, though
 * it is claimed by the same form sent twice meanwhile (S-54). */
static enum rc keep_details(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	struct req *q = o->q;
	struct attachment made;
	enum rc rc = opening_draft(tx, o, err);

	if (rc == RC_OK && !o->draft.id.v)
		return opening_gone(err);
	opening_take_details(q, &o->f);
	for (size_t i = 0; i < o->n_drop && rc == RC_OK; i++) {
		struct err spare = { 0 };

		rc = draft_detach(tx, &q->actor, o->draft.id, o->drop[i], &spare);
		if (rc == RC_NOT_FOUND) /* ticked twice */
			rc = RC_OK;
		else if (rc != RC_OK && err)
			*err = spare;
	}
	if (rc == RC_OK)
		rc = draft_resave(tx, &q->actor, q->now, o->draft.id, opening_json(q->arena, &o->f), err);
	for (size_t i = 0; i < o->n_files && rc == RC_OK; i++)
		rc = draft_attach(tx, q->arena, &q->actor, q->now, o->draft.id, &o->files[i], &made, err);
	return rc;
}

static enum rc write_details(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	enum rc rc = opening_draft(tx, o, err);

	if (rc == RC_OK && !o->draft.id.v)
		return opening_gone(err);
	return rc == RC_OK ? opening_open(tx, o, err) : rc;
}

static enum rc details_failed(struct opening *o, struct resp *r, enum rc rc)
{
	struct req *q = o->q;

	if (opening_is_gone(q, rc))
		return opening_to_tickets(q, r);
	if (rc == RC_DENIED)
		return opening_refuse(o, r, rc);
	opening_map_error(q);
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
	return rc == RC_OK ? opening_to_ticket(&o, r) : details_failed(&o, r, rc);
}

/* ---- for scripts ---- */

static enum rc autosave(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	enum rc rc = opening_draft(tx, o, err);

	if (rc != RC_OK || !o->draft.id.v) /* sent meanwhile: nothing to keep */
		return rc;
	opening_take_details(o->q, &o->f);
	rc = draft_resave(tx, &o->q->actor, o->q->now, o->draft.id, opening_json(o->q->arena, &o->f), err);
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

	return opening_site(tx, a->q, a->link.host, &a->text, err);
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

/* ---- answers ---- */

static void draw_answers(struct out *o, const void *view)
{
	tmpl_new_answers_page(o, view);
}

static enum rc read_answers(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	enum rc rc = opening_draft(tx, o, err); /* says whether something is broken */

	opening_take(o->q, "course", &o->f.course);
	return rc == RC_OK ? opening_answers(tx, o, o->words, err) : rc;
}

/* While the summary is typed a script takes the list out of this page. */
static enum rc get_answers(struct req *q, struct resp *r)
{
	struct opening o = { .q = q, .words = req_field(q, "q") };
	enum rc rc = db_read(web_desk(q)->db, read_answers, &o, req_err(q));

	if (rc != RC_OK)
		return rc;
	struct new_ticket v = opening_view(&o);

	return portal_show(q, r, _(web_lang(q), "Does one of these answer it?"), NAV_SUPPORT, draw_answers, &v);
}

static enum rc write_solved(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	struct req *q = o->q;
	enum rc rc = kb_find(tx, q->arena, &q->actor, req_field(q, "article"), str_of(i18n_tag(web_lang(q))), &o->about,
	                     err);

	if (rc == RC_OK)
		rc = kb_feedback_add(tx, &q->actor, q->now, o->about.page, o->about.lang, true, KB_WHY_NONE, STR(""),
		                     err);
	if (rc == RC_OK)
		rc = opening_draft(tx, o, err);
	return rc == RC_OK && o->draft.id.v ? draft_drop(tx, &q->actor, o->draft.id, err) : rc;
}

static enum rc post_solved(struct req *q, struct resp *r)
{
	struct opening o = { .q = q };
	enum rc rc = db_write(web_desk(q)->db, write_solved, &o, req_err(q));

	if (rc != RC_OK)
		return rc;
	kb_tally_add(web_desk(q)->tally, o.about.page, KB_SOLVED, q->now);
	return web_done(r, _(web_lang(q), "We are glad it is solved. Nothing was sent, and your draft is gone."),
	                STR("/support"));
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

static const struct field answers_fields[] = {
	{"q",   FIELD_TEXT, 800, false, NULL, "The summary, as far as it is typed" },
	{ "course",  FIELD_TEXT, 400, false, NULL, "Course ID" },
	{ .name = NULL},
};
static const struct field solved_fields[] = {
	{"article", FIELD_TEXT, 120, true, NULL, "The page that answered it" },
	{ .name = NULL     },
};

/* clang-format off */
const struct route ticket_details_routes[] = {
	{ HTTP_GET, "/support/new/details", CAP_CUSTOMER_WRITE, get_details, NULL, 0, "Describe it in writing", NULL, NULL },
	{ HTTP_POST, "/support/new/details", CAP_CUSTOMER_WRITE, post_details, details_fields, ROUTE_UPLOAD | ROUTE_LENIENT, "Open the ticket", NULL, NULL },
	{ HTTP_POST, "/support/new/draft", CAP_CUSTOMER_WRITE, post_draft, draft_fields, ROUTE_LENIENT, "Keep what is being typed", NULL, NULL },
	{ HTTP_GET, "/support/link", CAP_CUSTOMER_READ, get_link, link_fields, ROUTE_LENIENT, "Course and unit of a pasted link", NULL, NULL },
	{ HTTP_GET, "/support/new/answers", CAP_CUSTOMER_READ, get_answers, answers_fields, ROUTE_LENIENT, "Articles that may answer it", NULL, NULL },
	{ HTTP_POST, "/support/new/solved", CAP_CUSTOMER_WRITE, post_solved, solved_fields, 0, "An article answered it: no ticket", NULL, NULL },
	{ .path = NULL },
};
/* clang-format on */

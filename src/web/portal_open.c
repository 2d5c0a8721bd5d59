/* What the pages of opening a ticket share: the person's draft on the server, in which everything lives between the
 * steps, so that nothing typed or uploaded is lost and that sending twice opens one ticket: the second time the draft
 * is gone; what a page shows of it; the opening itself. */
#include "web/portal_open.h"
#include "kb/edit.h"
#include "kb/find.h"
#include "kb/read.h"
#include "util/json.h"

#define DATA_ROOM (2 << 20)
#define NO_TICKET ((struct ticket_id){ 0 })

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
		.article = member(a, o, "article"),
	};

	json_decref(o);
	return f;
}

struct str opening_json(struct arena *a, const struct typed *f)
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
	if (f->article.n)
		json_kstr(&j, "article", f->article);
	json_end_obj(&j);
	return arena_str(a, buf_str(&b));
}

enum rc opening_draft(struct db_tx *tx, struct opening *o, struct err *err)
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

enum rc opening_save(struct db_tx *tx, struct opening *o, struct err *err)
{
	return draft_save(tx, &o->q->actor, o->q->now, DRAFT_TICKET, NO_TICKET, opening_json(o->q->arena, &o->f),
	                  &o->draft.id, err);
}

enum rc opening_gone(struct err *err)
{
	return fail_code(err, RC_NOT_FOUND, "draft-gone", "This draft is not there any more: it was sent or dropped.");
}

void opening_take(const struct req *q, const char *name, struct str *to)
{
	struct str v = req_field(q, name);

	if (!str_null(v))
		*to = v;
}

void opening_take_details(const struct req *q, struct typed *f)
{
	opening_take(q, "summary", &f->summary);
	opening_take(q, "text", &f->text);
	opening_take(q, "course", &f->course);
	opening_take(q, "unit", &f->unit);
	opening_take(q, "affected_email", &f->affected_email);
	opening_take(q, "link", &f->link);
	opening_take(q, "wanted_on", &f->wanted_on);
}

/* ---- what all pages read ---- */

/* What cannot be read any more is left out: the ticket matters more. */
static enum rc find_about(struct db_tx *tx, struct opening *o, struct err *err)
{
	struct req *q = o->q;
	struct err spare = { 0 };
	enum rc rc = RC_NOT_FOUND;

	if (o->f.article.n)
		rc = kb_find(tx, q->arena, &q->actor, o->f.article, str_of(i18n_tag(web_lang(q))), &o->about, &spare);
	if (rc == RC_NOT_FOUND) {
		o->about = (struct article){ 0 };
		return RC_OK;
	}
	if (rc != RC_OK && err)
		*err = spare;
	return rc;
}

enum rc opening_read(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *o = arg;
	enum rc rc = opening_draft(tx, o, err);

	opening_take(o->q, "article", &o->f.article);
	if (rc == RC_OK)
		rc = find_about(tx, o, err);
	if (rc == RC_OK)
		rc = portal_entitlement(tx, o->q, o->f.kind ? o->f.kind : TICKET_REQUEST,
		                        o->f.kind == TICKET_INCIDENT ? o->f.criticality : 0, &o->contact, &o->ent, err);
	return rc;
}

enum rc opening_answers(struct db_tx *tx, struct opening *o, struct str words, struct err *err)
{
	struct arena *a = o->q->arena;
	struct article_hit *hits = NULL;
	size_t n = 0;
	enum rc rc = RC_OK;

	if (str_trim(words).n)
		rc = kb_suggest(tx, a, &o->q->actor, words, str_of(i18n_tag(web_lang(o->q))), o->f.course,
		                o->f.kind == TICKET_INCIDENT, ANSWERS_MAX, &hits, &n, err);
	if (rc != RC_OK)
		return rc;
	o->articles = arena_array(a, struct article, n + 1);
	o->n_articles = n;
	for (size_t i = 0; i < n; i++)
		o->articles[i] = (struct article){
			.id = hits[i].id,
			.page = hits[i].page,
			.slug = hits[i].slug,
			.title = hits[i].title,
			.summary = hits[i].summary,
		};
	for (size_t i = 0; i < n; i++)
		kb_tally_add(web_desk(o->q)->tally, hits[i].page, KB_SUGGESTED, o->q->now);
	return RC_OK;
}

enum rc opening_site(struct db_tx *tx, struct req *q, struct str host, struct str *ret, struct err *err)
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

struct new_ticket opening_view(const struct opening *o)
{
	struct req *q = o->q;
	const struct i18n *l = web_lang(q);

	return (struct new_ticket){
		.kind = o->f.kind ? ticket_kind_name(o->f.kind) : "",
		.criticality = o->f.kind == TICKET_INCIDENT ? o->f.criticality : 0,
		.words = o->words.p ? o->words : STR(""),
		.about = &o->about,
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

void opening_map_error(struct req *q)
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

bool opening_is_gone(struct req *q, enum rc rc)
{
	return rc == RC_NOT_FOUND && strcmp(req_err(q)->code, "draft-gone") == 0;
}

enum rc opening_to_tickets(struct req *q, struct resp *r)
{
	return web_done(r, _(web_lang(q), "This was sent already: your ticket is in the list."),
	                STR("/support/tickets"));
}

enum rc opening_to_ticket(const struct opening *o, struct resp *r)
{
	return resp_redirect(r,
	                     arena_strf(o->q->arena, STR_F "?new=1", STR_A(portal_ticket_url(o->q, o->opened.number))));
}

/* ---- opening ---- */

enum rc opening_open(struct db_tx *tx, struct opening *o, struct err *err)
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

	enum rc rc = ticket_open(tx, q->arena, &q->actor, q->now, &n, &o->opened, err);

	if (rc == RC_OK)
		rc = find_about(tx, o, err);
	return rc == RC_OK && o->about.page ? kb_use_add(tx, o->about.page, o->opened.id, 2, q->now, err) : rc;
}

enum rc opening_refuse(struct opening *o, struct resp *r, enum rc rc)
{
	struct opening again = { .q = o->q };
	struct err spare = { 0 };

	if (db_read(web_desk(o->q)->db, opening_read, &again, &spare) != RC_OK || ent_opens(again.ent.verdict))
		return rc;
	*req_err(o->q) = (struct err){ 0 };
	r->status = 403;
	return portal_refuse(o->q, r, &again.ent);
}

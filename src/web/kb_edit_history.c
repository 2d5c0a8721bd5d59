/* Revisions of a text: the list, two of them side by side, an old one restored, one kept by hand. And the templates
 * that new pages may begin from. */
#include "tmpl.h"
#include "web/admin_view.h"
#include "web/kb_edit_view.h"

static struct str or_empty(struct str s)
{
	return s.p ? s : STR("");
}

struct looking {
	struct req *q;
	struct kb_history_view v;
	struct kb_revision *at;
	struct view_counts counts;
};

/* Title, summary and text of one side; 0 is the draft. */
static enum rc side(struct db_tx *tx, struct looking *x, int64_t number, struct str *title, struct str *text,
                    struct err *err)
{
	struct arena *a = x->q->arena;
	const struct kb_draft *d = &x->v.h.d;
	struct kb_revision r = { .title = d->title, .summary = d->summary, .markdown = d->markdown };
	enum rc rc = number ? kb_revision_find(tx, a, d->page, d->lang, number, &r, err) : RC_OK;

	if (rc != RC_OK)
		return rc;
	*title = number ? TR_FILL(a, _(web_lang(x->q), "Revision {n}"),
	                          { "n", arena_strf(a, "%lld", (long long)number) })
	                : str_of(_(web_lang(x->q), "The text as it is now"));
	*text = arena_strf(a, "# " STR_F "\n\n" STR_F "%s" STR_F, STR_A(r.title), STR_A(r.summary),
	                   r.summary.n ? "\n\n" : "", STR_A(r.markdown));
	return RC_OK;
}

static enum rc read_history(struct db_tx *tx, void *arg, struct err *err)
{
	struct looking *x = arg;
	struct req *q = x->q;
	struct kb_history_view *v = &x->v;
	struct str before, after;
	enum rc rc = kb_head_read(tx, q, "history", &v->h, err);

	if (rc == RC_OK)
		rc = kb_revisions(tx, q->arena, v->h.p.id, v->h.d.lang, &x->at, &v->n, err);
	if (rc != RC_OK)
		return rc;
	/* What was published last with what stands there now, unless somebody chose. */
	v->from = v->n ? x->at[0].number : 0;
	for (size_t i = v->n; i-- > 0;)
		if (x->at[i].published)
			v->from = x->at[i].number;
	req_int(q, "from", &v->from);
	req_int(q, "to", &v->to);
	if (v->n) {
		rc = side(tx, x, v->from, &v->from_title, &before, err);
		if (rc == RC_OK)
			rc = side(tx, x, v->to, &v->to_title, &after, err);
		if (rc != RC_OK)
			return rc;
		kb_diff(q->arena, before, after, &v->diff);
		v->compared = true;
	}
	return desk_counts(tx, q, &x->counts, err);
}

static void draw_history(struct out *o, const void *v)
{
	tmpl_kb_history(o, v);
}

static enum rc show_history(struct req *q, struct resp *r)
{
	struct looking x = { .q = q };
	struct kb_history_view *v = &x.v;
	struct err spare = { 0 };
	enum rc rc = db_read(web_desk(q)->db, read_history, &x, desk_err(q, r, &spare));

	if (rc != RC_OK)
		return rc;
	v->q = q;
	v->rows = arena_array(q->arena, struct kb_revision_row, v->n + 1);
	for (size_t i = 0; i < v->n; i++)
		v->rows[i] = (struct kb_revision_row){ x.at[i], v->h.d.live && x.at[i].number == v->h.d.live_revision,
			                               x.at[i].number == v->from, x.at[i].number == v->to };
	return kb_show(q, r, str_z(q->arena, v->h.title), &x.counts, draw_history, v);
}

struct step {
	struct req *q;
	const char *done;
};

static enum rc take_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct step *s = arg;
	struct req *q = s->q;
	int64_t page = web_path_id(q, "page"), number = 0, kept;

	if (str_is(req_field(q, "act"), "mark")) {
		s->done = N_("The text is kept as a revision.");
		return kb_revision_mark(tx, q->arena, &q->actor, q->now, page, req_path(q, "lang"),
		                        or_empty(req_field(q, "note")), &kept, err);
	}
	req_int(q, "number", &number);
	s->done = N_("The old text is the draft now. Readers get it when it is published.");
	return kb_revision_restore(tx, q->arena, &q->actor, q->now, page, req_path(q, "lang"), number, err);
}

static enum rc post_history(struct req *q, struct resp *r)
{
	struct step s = { .q = q };
	enum rc rc = db_write(web_desk(q)->db, take_step, &s, req_err(q));

	if (rc != RC_OK)
		return rc;
	return web_done(r, _(web_lang(q), s.done),
	                kb_edit_url(q, web_path_id(q, "page"), req_path(q, "lang"),
	                            str_is(req_field(q, "act"), "mark") ? "history" : NULL));
}

/* ---- templates ---- */

struct patterns {
	struct req *q;
	struct kb_templates_view v;
};

static enum rc read_templates(struct db_tx *tx, void *arg, struct err *err)
{
	struct patterns *x = arg;
	struct arena *a = x->q->arena;
	int64_t id = 0;
	enum rc rc = kb_templates(tx, a, &x->v.at, &x->v.n, err);

	if (rc == RC_OK && req_int(x->q, "id", &id) && id)
		rc = kb_template_find(tx, a, id, &x->v.one, err);
	return rc;
}

static enum article_kind kind_of(struct str s)
{
	for (enum article_kind k = ARTICLE_DOC; k <= ARTICLE_DEMO; k++)
		if (str_is(s, article_kind_name(k)))
			return k;
	return 0;
}

static enum rc show_templates(struct req *q, struct resp *r)
{
	struct patterns x = { .q = q };
	struct kb_templates_view *v = &x.v;
	struct err spare = { 0 };
	struct page page;
	enum rc rc = db_read(web_desk(q)->db, read_templates, &x, desk_err(q, r, &spare));

	if (rc != RC_OK)
		return rc;
	v->q = q;
	v->one.name = or_empty(web_field_value(q, "name", v->one.name));
	v->one.markdown = or_empty(web_field_value(q, "markdown", v->one.markdown));
	v->e_name = web_field_error(q, "name");
	v->e_markdown = web_field_error(q, "markdown");
	v->kinds = kb_kinds(q, r->status == 200 ? v->one.kind : kind_of(req_field(q, "kind")), &v->n_kinds);
	v->langs = kb_langs(q, v->one.lang.n ? v->one.lang : or_empty(web_field_value(q, "lang", STR("en"))), false,
	                    &v->n_langs);
	struct out o = admin_begin(q, r, &page, _(web_lang(q), "Templates of pages"));

	tmpl_kb_template_page(&o, &page, v);
	return RC_OK;
}

static enum rc change_template(struct db_tx *tx, void *arg, struct err *err)
{
	struct step *s = arg;
	struct req *q = s->q;
	struct kb_template k = { .name = or_empty(req_field(q, "name")),
		                 .lang = or_empty(req_field(q, "lang")),
		                 .kind = kind_of(req_field(q, "kind")),
		                 .markdown = or_empty(req_field(q, "markdown")) };

	req_int(q, "id", &k.id);
	if (str_is(req_field(q, "act"), "drop"))
		return kb_template_drop(tx, &q->actor, q->now, k.id, err);
	return kb_template_save(tx, &q->actor, q->now, &k, err);
}

static enum rc post_templates(struct req *q, struct resp *r)
{
	struct step s = { .q = q };

	if (web_fields_wrong(q, r))
		return show_templates(q, r);
	enum rc rc = db_write(web_desk(q)->db, change_template, &s, req_err(q));

	if (web_form_failed(q, r, rc))
		return show_templates(q, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "Saved."), STR("/desk/admin/kb-templates")) : rc;
}

static const struct field look_fields[] = {
	{"from", FIELD_INT, 0, false, NULL, "Left: a revision, 0 the draft" },
	{ "to",     FIELD_INT, 0, false, NULL, "Right" },
	{ .name = NULL },
};
static const struct field step_fields[] = {
	{"act",           FIELD_CHOICE, 0, true, "restore|mark", "What to do" },
	{ "number",              FIELD_INT, 0, false, NULL, "Which revision" },
	{ "note", FIELD_TEXT, 500, false, NULL, "Why it is kept" },
	{ .name = NULL             },
};
static const struct field template_look_fields[] = {
	{"id", FIELD_INT, 0, false, NULL, "Which template" },
	{ .name = NULL  },
};
static const struct field template_fields[] = {
	{"act",	                  FIELD_CHOICE, 0, false, "save|drop", "What to do" },
	{ "id",	                     FIELD_INT, 0, false, NULL, "Which template, 0 a new one" },
	{ "name",	           FIELD_TEXT, 100, false, NULL, "Name" },
	{ "lang",	                     FIELD_TEXT, 12, false, NULL, "Language" },
	{ "kind",FIELD_TEXT, 20, false, NULL, "Kind" },
	{ "markdown",	                 FIELD_LINES, KB_MARKDOWN_MAX, false, NULL, "Text" },
	{ .name = NULL},
};

const struct route kb_history_routes[] = {
	{HTTP_GET,     "/desk/kb/{page}/{lang}/history", CAP_AGENT, show_history, look_fields, 0, "Revisions", NULL,
         NULL },
	{ HTTP_POST,   "/desk/kb/{page}/{lang}/history", CAP_AGENT, post_history, step_fields, 0,
         "Restore or keep a revision", NULL, NULL },
	{ HTTP_GET, "/desk/admin/kb-templates", CAP_ADMIN, show_templates, template_look_fields, 0,
         "Templates of pages", NULL, NULL },
	{ HTTP_POST, "/desk/admin/kb-templates", CAP_ADMIN, post_templates, template_fields, ROUTE_LENIENT,
         "Templates of pages", NULL, NULL },
	{ .path = NULL        },
};

/* Writing the knowledge base: the list of pages, a new page, the editor with its preview, autosave and pictures. What
 * may be done is kb/edit.h's; the words for states and the frame of these pages are kb_edit_common.c's. */
#include "markdown/markdown.h"
#include "tmpl.h"
#include "util/json.h"
#include "web/kb_edit_view.h"

/* ---- the list ---- */

struct listing {
	struct req *q;
	struct kb_filter f;
	struct kb_line *lines;
	size_t n;
	int64_t after;
	struct kb_node *nodes;
	size_t n_nodes;
	struct agent *agents;
	size_t n_agents;
	struct view_counts counts;
	bool tree;
};

static enum rc read_list(struct db_tx *tx, void *arg, struct err *err)
{
	struct listing *x = arg;
	struct arena *a = x->q->arena;
	enum rc rc = x->tree ? kb_tree(tx, a, &x->nodes, &x->n_nodes, err)
	                     : kb_lines(tx, a, &x->f, x->q->now, &x->lines, &x->n, &x->after, err);

	if (rc == RC_OK)
		rc = agent_list(tx, a, &x->agents, &x->n_agents, err);
	return rc == RC_OK ? desk_counts(tx, x->q, &x->counts, err) : rc;
}

static enum kb_state state_of(struct str s)
{
	for (enum kb_state k = KB_DRAFT; k <= KB_ARCHIVED; k++)
		if (str_is(s, kb_state_name(k)))
			return k;
	return 0;
}

static enum article_kind kind_of(struct str s)
{
	for (enum article_kind k = ARTICLE_DOC; k <= ARTICLE_DEMO; k++)
		if (str_is(s, article_kind_name(k)))
			return k;
	return 0;
}

static struct kb_row *rows(struct req *q, const struct kb_line *at, size_t n)
{
	const struct i18n *l = web_lang(q);
	struct kb_row *v = arena_array(q->arena, struct kb_row, n + 1);

	for (size_t i = 0; i < n; i++)
		v[i] = (struct kb_row){ .l = at[i],
			                .url = kb_edit_url(q, at[i].page, at[i].lang, NULL),
			                .state = kb_word_state(l, at[i].state),
			                .kind = kb_word_kind(l, at[i].kind),
			                .who = kb_word_visibility(l, at[i].visibility),
			                .changed = at[i].live && at[i].state != KB_PUBLISHED,
			                .due = time_is_set(at[i].review_at) && !time_before(q->now, at[i].review_at) };
	return v;
}

static struct kb_leaf *leaves(struct req *q, const struct kb_node *at, size_t n)
{
	static const char *const indent[] = { "d0", "d1", "d2", "d3", "d4", "d5" };
	struct kb_leaf *v = arena_array(q->arena, struct kb_leaf, n + 1);

	for (size_t i = 0; i < n; i++)
		v[i] = (struct kb_leaf){ at[i], kb_edit_url(q, at[i].page, at[i].lang, NULL),
			                 indent[at[i].depth < 5 ? at[i].depth : 5] };
	return v;
}

static struct kb_choice *states(const struct req *q, enum kb_state chosen, size_t *n)
{
	struct kb_choice *v = arena_array(q->arena, struct kb_choice, 6);

	v[0] = (struct kb_choice){ STR(""), _(web_lang(q), "All states"), !chosen };
	for (enum kb_state s = KB_DRAFT; s <= KB_ARCHIVED; s++)
		v[s] = (struct kb_choice){ str_of(kb_state_name(s)), kb_word_state(web_lang(q), s), s == chosen };
	*n = 6;
	return v;
}

static struct str next_url(struct req *q, const struct listing *x)
{
	AUTO_BUF b;
	struct out u = { .b = &b };

	buf_init(&b, 4000);
	buf_addf(&b, "/desk/kb?state=%s&kind=%s&owner=%lld&stale=%s&due=%s&bin=%s&after=%lld&lang=",
	         kb_state_name(x->f.state), article_kind_name(x->f.kind), (long long)x->f.owner.v,
	         x->f.stale ? "1" : "", x->f.due ? "1" : "", x->f.bin ? "1" : "", (long long)x->after);
	out_url_part(&u, x->f.lang);
	buf_addz(&b, "&q=");
	out_url_part(&u, x->f.words);
	return b.full ? STR("") : arena_str(q->arena, buf_str(&b));
}

static void draw_list(struct out *o, const void *v)
{
	tmpl_kb_list(o, v);
}

static struct str or_empty(struct str s)
{
	return s.p ? s : STR("");
}

static enum rc get_list(struct req *q, struct resp *r)
{
	const struct i18n *l = web_lang(q);
	struct listing x = {
		.q = q,
		.f = {.state = state_of(req_field(q, "state")),
                      .kind = kind_of(req_field(q, "kind")),
                      .lang = or_empty(req_field(q, "lang")),
                      .words = or_empty(req_field(q, "q")),
                      .stale = str_is(req_field(q, "stale"), "1"),
                      .due = str_is(req_field(q, "due"), "1"),
                      .bin = str_is(req_field(q, "bin"), "1")},
		.tree = str_is(req_field(q, "view"), "tree")
	};

	req_int(q, "owner", &x.f.owner.v);
	req_int(q, "after", &x.f.after);
	enum rc rc = db_read(web_desk(q)->db, read_list, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	struct kb_list_view v = { .q = q,
		                  .rows = rows(q, x.lines, x.n),
		                  .n = x.n,
		                  .tree = leaves(q, x.nodes, x.n_nodes),
		                  .n_tree = x.n_nodes,
		                  .words = x.f.words,
		                  .next = x.after ? next_url(q, &x) : STR(""),
		                  .stale = x.f.stale,
		                  .due = x.f.due,
		                  .bin = x.f.bin,
		                  .tree_view = x.tree,
		                  .is_admin = actor_is_admin(&q->actor) };

	v.filtered = x.f.state || x.f.kind || x.f.lang.n || x.f.owner.v || x.f.words.n || x.f.stale || x.f.due;
	v.states = states(q, x.f.state, &v.n_states);
	v.langs = kb_langs(q, x.f.lang, true, &v.n_langs);
	struct kb_choice *kinds = kb_kinds(q, x.f.kind, &v.n_kinds);
	v.kinds = arena_array(q->arena, struct kb_choice, v.n_kinds + 1);
	v.kinds[0] = (struct kb_choice){ STR(""), _(l, "All kinds"), !x.f.kind };
	memcpy(v.kinds + 1, kinds, v.n_kinds * sizeof(*kinds));
	v.n_kinds++;
	v.owners = kb_owners(q, x.agents, x.n_agents, x.f.owner, _(l, "All owners"), &v.n_owners);
	return kb_show(q, r, x.f.bin ? _(l, "Recycle bin") : _(l, "Pages of the knowledge base"), &x.counts, draw_list,
	               &v);
}

/* ---- a new page ---- */

struct making {
	struct req *q;
	struct kb_template *templates;
	size_t n_templates;
	struct kb_choice *parents;
	size_t n_parents;
	struct view_counts counts;
	int64_t page;
	struct str lang;
};

static enum rc read_new(struct db_tx *tx, void *arg, struct err *err)
{
	struct making *m = arg;
	int64_t parent = 0;

	if (str_to_i64(or_empty(req_field(m->q, "parent")), &parent) != RC_OK)
		parent = 0;
	enum rc rc = kb_templates(tx, m->q->arena, &m->templates, &m->n_templates, err);

	if (rc == RC_OK)
		rc = kb_parents(tx, m->q, 0, parent, &m->parents, &m->n_parents, err);
	return rc == RC_OK ? desk_counts(tx, m->q, &m->counts, err) : rc;
}

static void draw_new(struct out *o, const void *v)
{
	tmpl_kb_new(o, v);
}

static enum rc show_new(struct req *q, struct resp *r)
{
	const struct i18n *l = web_lang(q);
	struct making m = { .q = q };
	struct err spare = { 0 };
	enum rc rc = db_read(web_desk(q)->db, read_new, &m, desk_err(q, r, &spare));

	if (rc != RC_OK)
		return rc;
	struct kb_new_view v = { .q = q,
		                 .parents = m.parents,
		                 .n_parents = m.n_parents,
		                 .title = or_empty(web_field_value(q, "title", STR(""))),
		                 .e_title = web_field_error(q, "title"),
		                 .e_kind = web_field_error(q, "kind"),
		                 .e_slug = web_field_error(q, "slug"),
		                 .e_parent = web_field_error(q, "parent") };
	struct str lang = web_field_value(q, "lang", str_of(i18n_tag(l))), chosen = req_field(q, "template");

	v.kinds = kb_kinds(q, kind_of(req_field(q, "kind")), &v.n_kinds);
	v.langs = kb_langs(q, lang, false, &v.n_langs);
	v.templates = arena_array(q->arena, struct kb_choice, m.n_templates + 1);
	v.templates[0] = (struct kb_choice){ STR("0"), _(l, "Empty"), true };
	for (size_t i = 0; i < m.n_templates; i++) {
		struct str id = arena_strf(q->arena, "%lld", (long long)m.templates[i].id);

		v.templates[i + 1] = (struct kb_choice){ id,
			                                 str_z(q->arena, arena_strf(q->arena, STR_F " (" STR_F ")",
			                                                            STR_A(m.templates[i].name),
			                                                            STR_A(m.templates[i].lang))),
			                                 str_eq(chosen, id) };
	}
	v.n_templates = m.n_templates + 1;
	return kb_show(q, r, _(l, "New page"), &m.counts, draw_new, &v);
}

static enum rc make(struct db_tx *tx, void *arg, struct err *err)
{
	struct making *m = arg;
	struct req *q = m->q;
	struct kb_new n = { .kind = kind_of(req_field(q, "kind")),
		            .lang = req_field(q, "lang"),
		            .title = or_empty(req_field(q, "title")) };
	struct kb_template k = { 0 };
	int64_t template = 0;
	enum rc rc = RC_OK;

	if (str_to_i64(or_empty(req_field(q, "template")), &template) == RC_OK && template > 0)
		rc = kb_template_find(tx, q->arena, template, &k, err);
	if (str_to_i64(or_empty(req_field(q, "parent")), &n.parent) != RC_OK)
		n.parent = 0;
	n.slug = STR("");
	n.markdown = or_empty(k.markdown);
	m->lang = n.lang;
	return rc == RC_OK ? kb_page_create(tx, q->arena, &q->actor, q->now, &n, &m->page, err) : rc;
}

static enum rc post_new(struct req *q, struct resp *r)
{
	struct making m = { .q = q };

	if (web_fields_wrong(q, r))
		return show_new(q, r);
	enum rc rc = db_write(web_desk(q)->db, make, &m, req_err(q));

	if (web_form_failed(q, r, rc))
		return show_new(q, r);
	return rc == RC_OK ? resp_redirect(r, kb_edit_url(q, m.page, m.lang, NULL)) : rc;
}

/* ---- the editor ---- */

struct editing {
	struct req *q;
	bool typed; /* the form's text, not the draft's */
	struct kb_editor_view v;
	struct markdown_page shown;
	struct kb_draft source;
	struct kb_revision followed;
	struct kb_comment *comments;
	struct view_counts counts;
	int64_t version;
};

static void take_typed(struct editing *x)
{
	struct req *q = x->q;
	struct kb_editor_view *v = &x->v;
	struct kb_draft *d = &v->h.d;

	v->title = x->typed ? or_empty(req_field(q, "title")) : d->title;
	v->slug = x->typed ? or_empty(req_field(q, "slug")) : d->slug;
	v->summary = x->typed ? or_empty(req_field(q, "summary")) : d->summary;
	v->markdown = x->typed ? or_empty(req_field(q, "markdown")) : d->markdown;
	v->version = d->version;
	v->source_revision = d->source_revision;
	v->follows = x->typed ? str_is(req_field(q, "follows"), "1") : !v->h.stale;
}

/* The text that is translated: as readers get it, else its draft. */
static enum rc read_source(struct db_tx *tx, struct editing *x, struct err *err)
{
	struct kb_editor_view *v = &x->v;
	struct arena *a = x->q->arena;
	enum rc rc = kb_draft_open(tx, a, v->h.p.id, v->h.p.source_lang, &x->source, err);
	struct kb_revision now = { .markdown = x->source.markdown,
		                   .title = x->source.title,
		                   .summary = x->source.summary };

	if (rc == RC_OK && x->source.live)
		rc = kb_revision_find(tx, a, v->h.p.id, v->h.p.source_lang, x->source.live_revision, &now, err);
	if (rc == RC_NOT_FOUND) /* from before revisions */
		rc = RC_OK;
	v->source_title = now.title;
	v->source_summary = now.summary;
	v->source_markdown = now.markdown;
	if (rc != RC_OK || !v->h.stale || !v->h.d.source_revision)
		return rc;
	rc = kb_revision_find(tx, a, v->h.p.id, v->h.p.source_lang, v->h.d.source_revision, &x->followed, NULL);
	if (rc == RC_OK)
		kb_diff(a, x->followed.markdown, now.markdown, &v->source_diff);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc read_editor(struct db_tx *tx, void *arg, struct err *err)
{
	struct editing *x = arg;
	struct req *q = x->q;
	struct kb_editor_view *v = &x->v;
	enum rc rc = kb_head_read(tx, q, "write", &v->h, err);

	if (rc != RC_OK)
		return rc;
	take_typed(x);
	if (v->h.translation)
		rc = read_source(tx, x, err);
	if (rc == RC_OK)
		rc = kb_render(tx, q->arena, v->h.p.visibility, v->h.d.lang, q->now, v->markdown, &x->shown, err);
	struct kb_draft d = v->h.d;
	d.markdown = v->markdown;
	d.summary = v->summary;
	if (rc == RC_OK)
		rc = kb_check(tx, q->arena, web_lang(q), &v->h.p, &d, &x->shown, q->now, &v->findings, &v->n_findings,
		              err);
	if (rc == RC_OK)
		rc = kb_comments(tx, q->arena, v->h.p.id, &x->comments, &v->n_comments, err);
	if (rc == RC_OK)
		rc = kb_media_list(tx, q->arena, &q->actor, STR(""), &v->media, &v->n_media, err);
	return rc == RC_OK ? desk_counts(tx, q, &x->counts, err) : rc;
}

/* What a reader without course or site gets. */
static struct html filled(struct req *q, const struct markdown_page *page)
{
	struct markdown_reader reader = { 0 };
	const struct i18n *l = web_lang(q);

	for (enum markdown_variable i = 0; i < MARKDOWN_VARIABLES; i++)
		reader.defaults[i] = tr(l, markdown_variable_default(i));
	return (struct html){ markdown_fill(q->arena, page->html, &reader) };
}

static void draw_editor(struct out *o, const void *v)
{
	tmpl_kb_editor(o, v);
}

static void finish(struct editing *x)
{
	struct req *q = x->q;
	struct kb_editor_view *v = &x->v;

	v->q = q;
	v->preview = filled(q, &x->shown);
	v->e_title = web_field_error(q, "title");
	v->e_slug = web_field_error(q, "slug");
	v->e_summary = web_field_error(q, "summary");
	v->e_markdown = web_field_error(q, "markdown");
	v->e_text = web_field_error(q, "text");
	v->comment = or_empty(web_field_value(q, "text", STR("")));
	v->readonly = v->h.d.state == KB_ARCHIVED || v->h.binned;
	v->comments = arena_array(q->arena, struct kb_comment_row, v->n_comments + 1);
	for (size_t i = 0; i < v->n_comments; i++)
		v->comments[i] = (struct kb_comment_row){ x->comments[i], !time_is_set(x->comments[i].done_at) };
	if (v->conflict) {
		v->their_markdown = v->h.d.markdown;
		v->their_by = v->h.d.saved_by;
		kb_diff(q->arena, v->h.d.markdown, v->markdown, &v->conflict_diff);
	}
}

static enum rc show_editor(struct editing *x, struct resp *r)
{
	struct req *q = x->q;
	struct err spare = { 0 };
	enum rc rc = db_read(web_desk(q)->db, read_editor, x, desk_err(q, r, &spare));

	if (rc != RC_OK)
		return rc;
	finish(x);
	return kb_show(q, r, str_z(q->arena, x->v.h.title), &x->counts, draw_editor, &x->v);
}

static enum rc get_editor(struct req *q, struct resp *r)
{
	struct editing x = { .q = q };

	return show_editor(&x, r);
}

/* ---- saving ---- */

static enum rc save(struct db_tx *tx, void *arg, struct err *err)
{
	struct editing *x = arg;
	struct req *q = x->q;
	struct kb_draft d = { .page = web_path_id(q, "page"),
		              .lang = req_path(q, "lang"),
		              .slug = or_empty(req_field(q, "slug")),
		              .title = str_trim(or_empty(req_field(q, "title"))),
		              .summary = or_empty(req_field(q, "summary")),
		              .markdown = or_empty(req_field(q, "markdown")) };
	int64_t newest = 0;

	req_int(q, "version", &d.version);
	req_int(q, "source_revision", &d.source_revision);
	if (str_is(req_field(q, "follows"), "1") && req_int(q, "source_now", &newest))
		d.source_revision = newest;
	return kb_draft_save(tx, q->arena, &q->actor, q->now, &d, &x->version, err);
}

static enum rc post_editor(struct req *q, struct resp *r)
{
	struct editing x = { .q = q, .typed = true };

	if (web_fields_wrong(q, r) || str_is(req_field(q, "act"), "preview"))
		return show_editor(&x, r);
	enum rc rc = db_write(web_desk(q)->db, save, &x, req_err(q));

	x.v.conflict = rc == RC_CONFLICT && strcmp(req_err(q)->code, "stale") == 0;
	if (web_form_failed(q, r, rc))
		return show_editor(&x, r);
	if (rc != RC_OK)
		return rc;
	return web_done(r, _(web_lang(q), "Saved."),
	                kb_edit_url(q, web_path_id(q, "page"), req_path(q, "lang"),
	                            str_is(req_field(q, "act"), "publish") ? "publish" : NULL));
}

/* The script's save: the version it is now, or what stands in its way. */
static enum rc post_autosave(struct req *q, struct resp *r)
{
	struct editing x = { .q = q };
	struct json j;
	int status = 200;

	if (q->n_field_errors)
		return http_fail(q, RC_INVALID, NULL, STR_F, STR_A(q->field_errors[0].text));
	enum rc rc = db_write(web_desk(q)->db, save, &x, req_err(q));

	if (rc == RC_INVALID || rc == RC_CONFLICT || rc == RC_LIMIT)
		status = rc_http_status(rc);
	else if (rc != RC_OK)
		return rc;
	json_init(&j, r->body);
	json_obj(&j);
	json_ki64(&j, "version", x.version);
	if (rc != RC_OK) {
		json_kstr(&j, "code", str_of(req_err(q)->code));
		json_kstr(&j, "field", str_of(req_err(q)->field));
		json_kstr(&j, "text", str_of(tr(web_lang(q), req_err(q)->text)));
	}
	json_end_obj(&j);
	return resp_json(r, status);
}

static enum rc post_preview(struct req *q, struct resp *r)
{
	struct editing x = { .q = q, .typed = true };
	enum rc rc = db_read(web_desk(q)->db, read_editor, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	finish(&x);
	struct out o = web_out(q, r);

	tmpl_kb_preview(&o, &x.v);
	return RC_OK;
}

/* ---- pictures and other files ---- */

struct keeping {
	struct req *q;
	struct kb_media m;
};

static enum rc add_media(struct db_tx *tx, void *arg, struct err *err)
{
	struct keeping *k = arg;

	return kb_media_add(tx, k->q->arena, &k->q->actor, k->q->now, &k->m, err);
}

static enum rc keep_media(struct req *q, struct keeping *k)
{
	struct str alt = str_trim(or_empty(req_field(q, "alt")));

	if (!q->n_uploads)
		return http_fail(q, RC_INVALID, "file", "Choose a file.");
	const struct upload *u = &q->uploads[0];
	enum rc rc = kb_media_take(web_desk(q)->blobs, web_desk(q)->jail, q->arena, u->path, str_of(u->sha256), u->size,
	                           u->name, &k->m, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (kb_media_is_picture(k->m.type) && !alt.n)
		return http_fail(q, RC_INVALID, "alt", "Say what the picture shows, for those who cannot see it.");
	k->m.alt = alt;
	return db_write(web_desk(q)->db, add_media, k, req_err(q));
}

static struct str media_markdown(struct req *q, const struct kb_media *m)
{
	bool picture = kb_media_is_picture(m->type);
	struct str label = picture || m->alt.n ? m->alt : m->name;
	AUTO_BUF b;

	buf_init(&b, 4000);
	buf_addz(&b, picture ? "![" : "[");
	for (size_t i = 0; i < label.n; i++)
		if (!strchr("[]\\\n", label.p[i]))
			buf_addc(&b, label.p[i]);
	buf_addf(&b, "](media:" STR_F ")", STR_A(m->token));
	return arena_str(q->arena, buf_str(&b));
}

static enum rc post_media(struct req *q, struct resp *r)
{
	struct keeping k = { .q = q };
	struct json j;
	enum rc rc = keep_media(q, &k);

	if (str_is(req_field(q, "as"), "json")) {
		int status = rc == RC_OK ? 201 : rc_http_status(rc);

		json_init(&j, r->body);
		json_obj(&j);
		if (rc == RC_OK) {
			json_kstr(&j, "token", k.m.token);
			json_kstr(&j, "markdown", media_markdown(q, &k.m));
		} else {
			json_kstr(&j, "field", str_of(req_err(q)->field));
			json_kstr(&j, "text", str_of(tr(web_lang(q), req_err(q)->text)));
		}
		json_end_obj(&j);
		return resp_json(r, status);
	}
	struct str back = kb_edit_url(q, web_path_id(q, "page"), req_path(q, "lang"), NULL);

	if (rc == RC_INVALID || rc == RC_LIMIT) {
		web_flash(r, str_of(tr(web_lang(q), req_err(q)->text)));
		return resp_redirect(r, back);
	}
	if (rc != RC_OK)
		return rc;
	web_flash(r, TR_FILL(q->arena, _(web_lang(q), "The file is kept. Put it into the text as: {markdown}"),
	                     { "markdown", media_markdown(q, &k.m) }));
	return resp_redirect(r, back);
}

/* ---- comments ---- */

static enum rc comment(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	struct kb_head_view h;
	int64_t done = 0;
	enum rc rc = kb_head_read(tx, q, "write", &h, err);

	if (rc == RC_OK && req_int(q, "done", &done) && done)
		return kb_comment_done(tx, &q->actor, q->now, h.p.id, done, err);
	return rc == RC_OK
	               ? kb_comment_add(tx, &q->actor, q->now, h.p.id, h.d.lang, or_empty(req_field(q, "text")), err)
	               : rc;
}

static enum rc post_comment(struct req *q, struct resp *r)
{
	struct editing x = { .q = q };
	enum rc rc = db_write(web_desk(q)->db, comment, q, req_err(q));

	if (web_form_failed(q, r, rc))
		return show_editor(&x, r);
	return rc == RC_OK
	               ? web_done(r, NULL,
	                          arena_strf(q->arena, STR_F "#comments",
	                                     STR_A(kb_edit_url(q, web_path_id(q, "page"), req_path(q, "lang"), NULL))))
	               : rc;
}

/* ---- a page's address without its language ---- */

struct opening {
	struct req *q;
	struct kb_page p;
};

static enum rc read_page(struct db_tx *tx, void *arg, struct err *err)
{
	struct opening *x = arg;

	return kb_page_find(tx, x->q->arena, web_path_id(x->q, "page"), &x->p, err);
}

static enum rc get_page(struct req *q, struct resp *r)
{
	struct opening x = { .q = q };
	struct str lang = req_field(q, "lang");
	enum rc rc = db_read(web_desk(q)->db, read_page, &x, req_err(q));

	return rc == RC_OK ? resp_redirect(r, kb_edit_url(q, x.p.id, lang.n ? lang : x.p.source_lang, NULL)) : rc;
}

static const struct field list_fields[] = {
	{"state",     FIELD_TEXT, 20, false, NULL, "State" },
	{ "lang",         FIELD_TEXT, 12, false, NULL, "Language" },
	{ "kind",       FIELD_TEXT, 20, false, NULL, "Kind" },
	{ "owner",          FIELD_INT, 0, false, NULL, "Owner" },
	{ "q",FIELD_TEXT, 200, false, NULL, "Words of the title" },
	{ "stale",      FIELD_BOOL, 0, false, NULL, "Translations behind their source" },
	{ "due", FIELD_BOOL, 0, false, NULL, "Due for review" },
	{ "bin",     FIELD_BOOL, 0, false, NULL, "The recycle bin" },
	{ "view",         FIELD_CHOICE, 0, false, "list|tree", "List or tree" },
	{ "after",       FIELD_INT, 0, false, NULL, "Cursor of the next page" },
	{ .name = NULL         },
};
static const struct field new_fields[] = {
	{"kind",      FIELD_TEXT, 20, false, NULL, "Kind" },
	{ "lang",         FIELD_TEXT, 12, true, NULL, "Language" },
	{ "title",       FIELD_TEXT, KB_TITLE_MAX, true, NULL, "Title" },
	{ "template",          FIELD_TEXT, 20, false, NULL, "Template" },
	{ "parent",FIELD_TEXT, 20, false, NULL, "Below this page" },
	{ .name = NULL      },
};
static const struct field page_fields[] = {
	{"lang", FIELD_TEXT, 12, false, NULL, "Language" },
	{ .name = NULL   },
};
static const struct field text_fields[] = {
	{"act",	                FIELD_CHOICE, 0, false, "save|preview|publish", "Which button" },
	{ "version",	                   FIELD_INT, 0, false, NULL, "The version that was read" },
	{ "source_revision",      FIELD_INT, 0, false, NULL, "Revision of the source it followed" },
	{ "source_now",	                   FIELD_INT, 0, false, NULL, "Revision of the source that was shown" },
	{ "follows",FIELD_BOOL, 0, false, NULL, "The translation follows what was shown" },
	{ "title",	               FIELD_TEXT, KB_TITLE_MAX, false, NULL, "Title" },
	{ "slug", FIELD_TEXT, KB_SLUG_MAX, false, NULL, "Address" },
	{ "summary",           FIELD_LINES, KB_SUMMARY_MAX, false, NULL, "Summary" },
	{ "markdown",	                   FIELD_LINES, KB_MARKDOWN_MAX, false, NULL, "Text" },
	{ .name = NULL	               },
};
static const struct field media_fields[] = {
	{"file", FIELD_FILE, 0, false, NULL, "The file" },
	{ "alt",     FIELD_TEXT, 500, false, NULL, "What a picture shows" },
	{ "as",  FIELD_CHOICE, 0, false, "json|page", "For the script or as a page" },
	{ .name = NULL    },
};
static const struct field comment_fields[] = {
	{"text", FIELD_LINES, 4000, false, NULL, "Comment" },
	{ "done",  FIELD_INT, 0, false, NULL, "This one is dealt with" },
	{ .name = NULL },
};

const struct route kb_edit_routes[] = {
	{HTTP_GET,	               "/desk/kb", CAP_AGENT, get_list, list_fields, ROUTE_LENIENT, "Pages of the knowledge base", NULL,
         NULL },
	{ HTTP_GET,	             "/desk/kb/new", CAP_AGENT, show_new, new_fields, ROUTE_LENIENT, "A new page", NULL, NULL },
	{ HTTP_POST,                   "/desk/kb/new", CAP_AGENT, post_new, new_fields, ROUTE_LENIENT, "A new page", NULL, NULL },
	{ HTTP_GET, "/desk/kb/{page}", CAP_AGENT, get_page, page_fields, 0, "To the editor", NULL, NULL },
	{ HTTP_GET,	                   "/desk/kb/{page}/{lang}", CAP_AGENT, get_editor, NULL, 0, "The editor", NULL, NULL },
	{ HTTP_POST,	              "/desk/kb/{page}/{lang}", CAP_AGENT, post_editor, text_fields, ROUTE_LENIENT, "Save or preview",
         NULL, NULL },
	{ HTTP_POST,	             "/desk/kb/{page}/{lang}/autosave", CAP_AGENT, post_autosave, text_fields, ROUTE_LENIENT,
         "Save while writing", NULL, NULL },
	{ HTTP_POST,                    "/desk/kb/{page}/{lang}/preview", CAP_AGENT, post_preview, text_fields, ROUTE_LENIENT,
         "Preview while writing", NULL, NULL },
	{ HTTP_POST,                  "/desk/kb/{page}/{lang}/media", CAP_AGENT, post_media, media_fields, ROUTE_UPLOAD, "Keep a file",
         NULL, NULL },
	{ HTTP_POST,	                  "/desk/kb/{page}/{lang}/comments", CAP_AGENT, post_comment, comment_fields, ROUTE_LENIENT,
         "Comment", NULL, NULL },
	{ .path = NULL                    },
};

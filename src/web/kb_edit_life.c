/* From draft to readers: what is checked, review, publication and its times, archive and bin; and what a page is
 * besides its text: who may read it, its place, its owner, films, files and tours. */
#include "entitlement/entitlement.h"
#include "tmpl.h"
#include "web/kb_edit_view.h"

static struct str or_empty(struct str s)
{
	return s.p ? s : STR("");
}

/* ---- check and publish ---- */

struct releasing {
	struct req *q;
	struct kb_publish_view v;
	struct markdown_page shown;
	struct agent *agents;
	size_t n_agents;
	struct view_counts counts;
};

static enum rc read_checks(struct db_tx *tx, struct releasing *x, struct err *err)
{
	struct req *q = x->q;
	struct kb_publish_view *v = &x->v;
	enum rc rc = kb_head_read(tx, q, "publish", &v->h, err);

	if (rc == RC_OK)
		rc = kb_render(tx, q->arena, v->h.p.visibility, v->h.d.lang, q->now, v->h.d.markdown, &x->shown, err);
	return rc == RC_OK ? kb_check(tx, q->arena, web_lang(q), &v->h.p, &v->h.d, &x->shown, q->now, &v->findings,
	                              &v->n_findings, err)
	                   : rc;
}

static enum rc read_publish(struct db_tx *tx, void *arg, struct err *err)
{
	struct releasing *x = arg;
	enum rc rc = read_checks(tx, x, err);

	if (rc == RC_OK)
		rc = agent_list(tx, x->q->arena, &x->agents, &x->n_agents, err);
	return rc == RC_OK ? desk_counts(tx, x->q, &x->counts, err) : rc;
}

static void draw_publish(struct out *o, const void *v)
{
	tmpl_kb_publish(o, v);
}

static void add_spelling(struct releasing *x)
{
	struct kb_publish_view *v = &x->v;
	struct kb_finding words, *more;

	if (!kb_check_spelling(x->q->arena, web_lang(x->q), v->h.d.lang, x->shown.plain, &words))
		return;
	more = arena_array(x->q->arena, struct kb_finding, v->n_findings + 1);
	memcpy(more, v->findings, v->n_findings * sizeof(*more));
	more[v->n_findings++] = words;
	v->findings = more;
}

static enum rc show_publish(struct req *q, struct resp *r)
{
	const struct i18n *l = web_lang(q);
	struct releasing x = { .q = q };
	struct kb_publish_view *v = &x.v;
	struct err spare = { 0 };
	enum rc rc = db_read(web_desk(q)->db, read_publish, &x, desk_err(q, r, &spare));

	if (rc != RC_OK)
		return rc;
	add_spelling(&x);
	v->q = q;
	v->blocked = kb_blocks(v->findings, v->n_findings) != NULL;
	v->ready = v->h.d.version && v->h.d.state != KB_PUBLISHED && v->h.d.state != KB_ARCHIVED && !v->h.binned;
	v->in_review = v->h.d.state == KB_REVIEW;
	v->scheduled = v->h.d.state == KB_SCHEDULED;
	v->archived = v->h.d.state == KB_ARCHIVED;
	v->reviewers = kb_owners(q, x.agents, x.n_agents, v->h.d.reviewer, _(l, "Anybody"), &v->n_reviewers);
	v->note = or_empty(web_field_value(q, "note", STR("")));
	v->text = or_empty(web_field_value(q, "text", STR("")));
	v->publish_at = or_empty(web_field_value(q, "publish_at", kb_when_text(q, v->h.d.publish_at, true)));
	v->expires_at = or_empty(web_field_value(q, "expires_at", kb_when_text(q, v->h.d.expires_at, true)));
	v->zone = web_zone(q);
	v->e_note = web_field_error(q, "note");
	v->e_text = web_field_error(q, "text");
	v->e_publish_at = web_field_error(q, "publish_at");
	v->e_expires_at = web_field_error(q, "expires_at");
	return kb_show(q, r, str_z(q->arena, v->h.title), &x.counts, draw_publish, v);
}

/* Asked again where it counts: in the transaction that publishes. */
static enum rc nothing_blocks(struct db_tx *tx, struct req *q, struct err *err)
{
	struct releasing x = { .q = q };
	enum rc rc = read_checks(tx, &x, err);
	const struct kb_finding *f = rc == RC_OK ? kb_blocks(x.v.findings, x.v.n_findings) : NULL;

	return f ? fail_field(err, RC_INVALID, "checks", STR_F, STR_A(f->text)) : rc;
}

struct step {
	struct req *q;
	const char *done; /* what to say */
	struct kb_sender from;
};

static enum rc release(struct db_tx *tx, struct step *s, struct str act, struct err *err)
{
	struct req *q = s->q;
	struct arena *a = q->arena;
	struct instant at, expires;
	struct str lang = req_path(q, "lang");
	int64_t page = web_path_id(q, "page"), version = 0;
	enum rc rc = kb_when(q, "publish_at", &at, err);

	req_int(q, "version", &version);
	if (rc == RC_OK)
		rc = kb_when(q, "expires_at", &expires, err);
	if (rc == RC_OK)
		rc = nothing_blocks(tx, q, err);
	if (rc != RC_OK)
		return rc;
	if (str_is(act, "schedule")) {
		s->done = N_("Scheduled. It is published by itself at that time.");
		if (!time_is_set(at))
			return fail_field(err, RC_INVALID, "publish_at", "Choose when readers shall get it.");
		return kb_schedule(tx, a, &q->actor, q->now, page, lang, version, at, expires, err);
	}
	s->done = N_("Published. Readers get it now.");
	return kb_publish(tx, a, &q->actor, q->now, page, lang, version, or_empty(req_field(q, "note")), expires, err);
}

static enum rc submit(struct db_tx *tx, struct req *q, const struct kb_sender *from, int64_t page, int64_t version,
                      struct agent_id reviewer, struct str text, struct err *err)
{
	struct kb_draft d;
	enum rc rc = kb_submit(tx, q->arena, &q->actor, q->now, page, req_path(q, "lang"), version, reviewer, text,
	                       err);

	if (rc == RC_OK)
		rc = kb_draft_open(tx, q->arena, page, req_path(q, "lang"), &d, err);
	return rc == RC_OK ? kb_ask_mail(tx, q->arena, from, &q->actor, q->now, &d, reviewer, text, err) : rc;
}

static enum rc take_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct step *s = arg;
	struct req *q = s->q;
	struct arena *a = q->arena;
	struct str act = req_field(q, "act"), lang = req_path(q, "lang"), text = or_empty(req_field(q, "text"));
	int64_t page = web_path_id(q, "page"), version = 0;
	struct agent_id reviewer = { 0 };

	req_int(q, "version", &version);
	req_int(q, "reviewer", &reviewer.v);
	if (str_is(act, "publish") || str_is(act, "schedule"))
		return release(tx, s, act, err);
	if (str_is(act, "submit")) {
		s->done = N_("Waits for a review.");
		return submit(tx, q, &s->from, page, version, reviewer, text, err);
	}
	if (str_is(act, "return")) {
		s->done = N_("It is a draft again.");
		return kb_return(tx, a, &q->actor, q->now, page, lang, version, text, err);
	}
	if (str_is(act, "archive")) {
		s->done = N_("Archived. Readers do not get it any more.");
		return kb_archive(tx, a, &q->actor, q->now, page, lang, err);
	}
	if (str_is(act, "unarchive")) {
		s->done = N_("It is a draft again.");
		return kb_unarchive(tx, a, &q->actor, q->now, page, lang, err);
	}
	if (str_is(act, "drop")) {
		s->done = N_("The draft is gone; this is what readers get.");
		return kb_draft_drop(tx, &q->actor, q->now, page, lang, err);
	}
	return fail(err, RC_INVALID, "There is no such button.");
}

static enum rc post_publish(struct req *q, struct resp *r)
{
	struct web_settings set = web_settings(q);
	struct step s = {
		.q = q, .from = {web_desk(q)->config.base_url, set.product, set.support_addr}
	};

	if (web_fields_wrong(q, r))
		return show_publish(q, r);
	enum rc rc = db_write(web_desk(q)->db, take_step, &s, req_err(q));

	if (web_form_failed(q, r, rc))
		return show_publish(q, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), s.done),
	                              kb_edit_url(q, web_path_id(q, "page"), req_path(q, "lang"), "publish"))
	                   : rc;
}

/* ---- place and bin ---- */

static enum rc place(struct db_tx *tx, void *arg, struct err *err)
{
	struct step *s = arg;
	struct req *q = s->q;
	struct str act = req_field(q, "act");
	int64_t page = web_path_id(q, "page");

	if (str_is(act, "up") || str_is(act, "down"))
		return kb_page_shift(tx, q->arena, &q->actor, q->now, page, str_is(act, "up"), err);
	if (str_is(act, "bin")) {
		s->done = N_("In the recycle bin. It can be restored for 30 days.");
		return kb_page_bin(tx, &q->actor, q->now, page, true, err);
	}
	if (str_is(act, "restore")) {
		s->done = N_("Restored, as it was.");
		return kb_page_bin(tx, &q->actor, q->now, page, false, err);
	}
	s->done = N_("Deleted for good.");
	return kb_page_purge(tx, q->arena, &q->actor, q->now, page, err);
}

static enum rc post_place(struct req *q, struct resp *r)
{
	struct step s = { .q = q };
	struct str act = req_field(q, "act");
	enum rc rc = db_write(web_desk(q)->db, place, &s, req_err(q));

	if (rc != RC_OK)
		return rc;
	return web_done(r, s.done ? _(web_lang(q), s.done) : NULL,
	                str_is(act, "up") || str_is(act, "down") ? STR("/desk/kb?view=tree")
	                : str_is(act, "restore") ? kb_edit_url(q, web_path_id(q, "page"), req_path(q, "lang"), NULL)
	                : str_is(act, "bin")     ? STR("/desk/kb")
	                                         : STR("/desk/kb?bin=1"));
}

/* ---- properties ---- */

struct owning {
	struct req *q;
	struct kb_properties_view v;
	struct agent *agents;
	size_t n_agents;
	struct plan *plans;
	size_t n_plans;
	struct view_counts counts;
	struct kb_page p; /* as the form says */
	struct str accounts;
};

static enum rc account_names(struct db_tx *tx, struct arena *a, const struct kb_page *p, struct str *ret,
                             struct err *err)
{
	*ret = STR("");
	for (size_t i = 0; i < p->n_accounts && i < 50; i++) {
		struct account c;
		enum rc rc = account_find(tx, a, p->accounts[i], &c, err);

		if (rc != RC_OK)
			return rc;
		*ret = arena_strf(a, STR_F "%s" STR_F, STR_A(*ret), i ? "\n" : "", STR_A(c.name));
	}
	return RC_OK;
}

static enum rc read_properties(struct db_tx *tx, void *arg, struct err *err)
{
	struct owning *x = arg;
	struct req *q = x->q;
	struct kb_properties_view *v = &x->v;
	enum rc rc = kb_head_read(tx, q, "properties", &v->h, err);

	if (rc == RC_OK)
		rc = agent_list(tx, q->arena, &x->agents, &x->n_agents, err);
	if (rc == RC_OK)
		rc = plan_list(tx, q->arena, &x->plans, &x->n_plans, err);
	if (rc == RC_OK)
		rc = account_names(tx, q->arena, &v->h.p, &x->accounts, err);
	if (rc == RC_OK)
		rc = kb_parents(tx, q, v->h.p.id, v->h.p.parent, &v->parents, &v->n_parents, err);
	if (rc == RC_OK)
		rc = kb_media_list(tx, q->arena, &q->actor, STR(""), &v->files, &v->n_files, err);
	return rc == RC_OK ? desk_counts(tx, q, &x->counts, err) : rc;
}

static struct kb_choice *visibilities(struct req *q, enum visibility chosen, size_t *n)
{
	static const char *const name[] = { "", "public", "customers", "plans", "accounts", "internal" };
	struct kb_choice *v = arena_array(q->arena, struct kb_choice, VISIBLE_INTERNAL);

	for (enum visibility k = VISIBLE_PUBLIC; k <= VISIBLE_INTERNAL; k++)
		v[k - 1] = (struct kb_choice){ str_of(name[k]), kb_word_visibility(web_lang(q), k), k == chosen };
	*n = VISIBLE_INTERNAL;
	return v;
}

static bool has_plan(const struct kb_page *p, struct plan_id id)
{
	for (size_t i = 0; i < p->n_plans; i++)
		if (p->plans[i].v == id.v)
			return true;
	return false;
}

static struct str typed(struct req *q, const char *field, struct str fallback)
{
	return or_empty(web_field_value(q, field, fallback));
}

static void fill_extra(struct req *q, struct kb_properties_view *v)
{
	struct kb_extra x;
	const struct kb_extra_text *t, none = { .lang = STR_INIT("") };

	kb_extra_read(q->arena, v->h.p.extra, &x);
	t = kb_extra_text_of(q->arena, &x, v->h.d.lang);
	t = t ? t : &none;
	v->media = typed(q, "media", x.media);
	v->embed = typed(q, "embed", x.embed);
	v->link = typed(q, "link", x.link);
	v->label = typed(q, "label", x.label);
	v->host = typed(q, "host", x.host);
	v->duration = typed(q, "duration", x.duration ? kb_clock(q->arena, x.duration) : STR(""));
	v->captions = typed(q, "captions", kb_captions_text(q->arena, x.captions, x.n_captions));
	v->chapters = typed(q, "chapters", kb_chapters_text(q->arena, t->chapters, t->n_chapters));
	v->transcript = typed(q, "transcript", or_empty(t->transcript));
	v->sign_in = typed(q, "sign_in", or_empty(t->sign_in));
	v->tours = typed(q, "tours", kb_tours_text(q->arena, t->tours, t->n_tours));
}

static void draw_properties(struct out *o, const void *v)
{
	tmpl_kb_properties(o, v);
}

static enum rc show_properties(struct req *q, struct resp *r)
{
	struct owning x = { .q = q };
	struct kb_properties_view *v = &x.v;
	struct err spare = { 0 };
	enum rc rc = db_read(web_desk(q)->db, read_properties, &x, desk_err(q, r, &spare));

	if (rc != RC_OK)
		return rc;
	struct kb_page *p = &v->h.p;
	v->q = q;
	v->kinds = kb_kinds(q, p->kind, &v->n_kinds);
	v->visible = visibilities(q, p->visibility, &v->n_visible);
	v->owners = kb_owners(q, x.agents, x.n_agents, p->owner, _(web_lang(q), "Nobody"), &v->n_owners);
	v->plans = arena_array(q->arena, struct kb_choice, x.n_plans + 1);
	for (size_t i = 0; i < x.n_plans; i++)
		v->plans[v->n_plans++] = (struct kb_choice){ arena_strf(q->arena, "%lld", (long long)x.plans[i].id.v),
			                                     str_z(q->arena, x.plans[i].name),
			                                     has_plan(p, x.plans[i].id) };
	v->accounts = typed(q, "accounts", x.accounts);
	v->review_at = typed(q, "review_at", kb_when_text(q, p->review_at, false));
	v->product = typed(q, "product", p->product);
	v->releases = typed(q, "releases", p->releases);
	v->tags = typed(q, "tags", p->tags);
	v->pinned = p->pinned;
	fill_extra(q, v);
	return kb_show(q, r, str_z(q->arena, v->h.title), &x.counts, draw_properties, v);
}

static enum visibility visibility_of(struct str s)
{
	return str_is(s, "public")      ? VISIBLE_PUBLIC
	       : str_is(s, "customers") ? VISIBLE_CUSTOMERS
	       : str_is(s, "plans")     ? VISIBLE_PLANS
	       : str_is(s, "accounts")  ? VISIBLE_ACCOUNTS
	                                : VISIBLE_INTERNAL;
}

static enum article_kind kind_of(struct str s)
{
	for (enum article_kind k = ARTICLE_DOC; k <= ARTICLE_DEMO; k++)
		if (str_is(s, article_kind_name(k)))
			return k;
	return 0;
}

/* Accounts by their whole names, one a line. */
static enum rc take_accounts(struct db_tx *tx, struct req *q, struct kb_page *p, struct err *err)
{
	struct str lines = or_empty(req_field(q, "accounts")), line;
	VEC(struct account_id) ids = { 0 };

	while (str_cut(&lines, '\n', &line)) {
		struct list_page page = { .max = 20 };
		struct account *at = NULL;
		size_t n = 0, i = 0;
		bool more;

		line = str_trim(line);
		if (!line.n)
			continue;
		enum rc rc = account_list(tx, q->arena, line, &page, &at, &n, &more, err);
		if (rc != RC_OK)
			return rc;
		while (i < n && !str_eq_nocase(at[i].name, line))
			i++;
		if (i == n || ids.n >= 50)
			return fail_field(err, RC_INVALID, "accounts", "There is no account called “" STR_F "”.",
			                  STR_A(str_utf8_clip(line, 100)));
		*VEC_ADD(q->arena, &ids) = at[i].id;
	}
	p->accounts = ids.at;
	p->n_accounts = ids.n;
	return RC_OK;
}

static enum rc take_extra(struct req *q, struct kb_page *p, struct err *err)
{
	struct kb_extra x;
	struct str clock = str_trim(or_empty(req_field(q, "duration")));
	enum rc rc = RC_OK;

	kb_extra_read(q->arena, p->extra, &x);
	struct kb_extra_text *t = kb_extra_text_of(q->arena, &x, req_path(q, "lang"));
	x.media = or_empty(req_field(q, "media"));
	x.embed = or_empty(req_field(q, "embed"));
	x.link = or_empty(req_field(q, "link"));
	x.label = or_empty(req_field(q, "label"));
	x.host = or_empty(req_field(q, "host"));
	x.duration = 0;
	if (clock.n && kb_clock_parse(clock, &x.duration) != RC_OK)
		return fail_field(err, RC_INVALID, "duration", "Write the length like 1:05.");
	t->transcript = or_empty(req_field(q, "transcript"));
	t->sign_in = or_empty(req_field(q, "sign_in"));
	if (p->kind == ARTICLE_VIDEO)
		rc = kb_captions_parse(q->arena, or_empty(req_field(q, "captions")), &x.captions, &x.n_captions, err);
	if (rc == RC_OK && p->kind == ARTICLE_VIDEO)
		rc = kb_chapters_parse(q->arena, or_empty(req_field(q, "chapters")), &t->chapters, &t->n_chapters, err);
	if (rc == RC_OK && p->kind == ARTICLE_DEMO)
		rc = kb_tours_parse(q->arena, or_empty(req_field(q, "tours")), &t->tours, &t->n_tours, err);
	return rc == RC_OK ? kb_extra_write(q->arena, p->kind, &x, &p->extra, err) : rc;
}

static enum rc change(struct db_tx *tx, void *arg, struct err *err)
{
	struct owning *x = arg;
	struct req *q = x->q;
	struct kb_page p;
	struct str plans[50];
	int64_t parent = 0;
	enum rc rc = kb_page_find(tx, q->arena, web_path_id(q, "page"), &p, err);

	if (rc == RC_OK)
		rc = kb_when(q, "review_at", &p.review_at, err);
	if (rc != RC_OK)
		return rc;
	size_t n = req_fields(q, "plan", plans, COUNT(plans));

	p.plans = arena_array(q->arena, struct plan_id, n + 1);
	p.n_plans = 0;
	for (size_t i = 0; i < n; i++)
		if (str_to_i64(plans[i], &p.plans[p.n_plans].v) == RC_OK)
			p.n_plans++;
	p.kind = kind_of(req_field(q, "kind"));
	p.visibility = visibility_of(req_field(q, "visibility"));
	p.owner.v = 0;
	req_int(q, "owner", &p.owner.v);
	p.product = or_empty(req_field(q, "product"));
	p.releases = or_empty(req_field(q, "releases"));
	p.tags = or_empty(req_field(q, "tags"));
	p.pinned = str_is(req_field(q, "pinned"), "1");
	rc = take_accounts(tx, q, &p, err);
	if (rc == RC_OK)
		rc = take_extra(q, &p, err);
	if (rc == RC_OK)
		rc = kb_page_change(tx, q->arena, &q->actor, q->now, &p, err);
	if (rc == RC_OK && req_int(q, "parent", &parent) && parent != p.parent)
		rc = kb_page_move(tx, &q->actor, q->now, p.id, parent, err);
	return rc;
}

static enum rc post_properties(struct req *q, struct resp *r)
{
	struct owning x = { .q = q };

	if (web_fields_wrong(q, r))
		return show_properties(q, r);
	enum rc rc = db_write(web_desk(q)->db, change, &x, req_err(q));

	if (web_form_failed(q, r, rc))
		return show_properties(q, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "Saved."),
	                              kb_edit_url(q, web_path_id(q, "page"), req_path(q, "lang"), "properties"))
	                   : rc;
}

static const struct field publish_fields[] = {
	{"act",	                                            FIELD_CHOICE, 0, true, "publish|schedule|submit|return|archive|unarchive|drop", "What to do" },
	{ "version",	                                               FIELD_INT, 0, false, NULL, "The version that was seen" },
	{ "note", FIELD_TEXT, 500, false, NULL, "What changed" },
	{ "publish_at",	                                               FIELD_TEXT, 20, false, NULL, "When readers get it" },
	{ "expires_at",FIELD_TEXT, 20, false, NULL, "Until when" },
	{ "reviewer",	                                           FIELD_INT, 0, false, NULL, "Who shall look at it" },
	{ "text",	                     FIELD_LINES, 4000, false, NULL, "Comment" },
	{ .name = NULL	                                         },
};
static const struct field place_fields[] = {
	{"act", FIELD_CHOICE, 0, true, "up|down|bin|restore|purge", "What to do" },
	{ .name = NULL   },
};
static const struct field property_fields[] = {
	{"kind",	              FIELD_TEXT, 20, true, NULL, "Kind" },
	{ "visibility",	                 FIELD_CHOICE, 0, true, "public|customers|plans|accounts|internal", "Who may read it" },
	{ "plan",	               FIELD_TEXT, 20, false, NULL, "Plans that may" },
	{ "accounts",	                  FIELD_LINES, 4000, false, NULL, "Accounts that may" },
	{ "owner",FIELD_INT, 0, false, NULL, "Owner" },
	{ "review_at",	               FIELD_TEXT, 20, false, NULL, "When to look at it again" },
	{ "parent",          FIELD_INT, 0, false, NULL, "Below this page" },
	{ "product",	             FIELD_TEXT, 100, false, NULL, "Product" },
	{ "releases",	                 FIELD_TEXT, 400, false, NULL, "Releases" },
	{ "tags",	               FIELD_TEXT, 400, false, NULL, "Tags" },
	{ "pinned",	                  FIELD_BOOL, 0, false, NULL, "Among the first" },
	{ "media",FIELD_TEXT, 64, false, NULL, "Film or file" },
	{ "embed",	              FIELD_TEXT, 500, false, NULL, "Film elsewhere" },
	{ "link",        FIELD_TEXT, 1000, false, NULL, "Link" },
	{ "label",	            FIELD_TEXT, 200, false, NULL, "Label of the link" },
	{ "host",	                  FIELD_TEXT, 253, false, NULL, "Host of a demo site" },
	{ "duration",	               FIELD_TEXT, 12, false, NULL, "Length of the film" },
	{ "captions",	                  FIELD_LINES, 4000, false, NULL, "Captions" },
	{ "chapters",FIELD_LINES, 20000, false, NULL, "Chapters" },
	{ "transcript",                      FIELD_LINES, KB_TRANSCRIPT_MAX, false, NULL, "Transcript" },
	{ "sign_in", FIELD_LINES, 2000, false, NULL, "How to sign in" },
	{ "tours",	           FIELD_LINES, 20000, false, NULL, "Tours" },
	{ .name = NULL	                 },
};

const struct route kb_life_routes[] = {
	{HTTP_GET,             "/desk/kb/{page}/{lang}/publish", CAP_AGENT, show_publish, NULL, ROUTE_SLOW, "Check and publish",
         NULL, NULL },
	{ HTTP_POST,           "/desk/kb/{page}/{lang}/publish", CAP_AGENT, post_publish, publish_fields, ROUTE_LENIENT,
         "Review, publish, archive", NULL, NULL },
	{ HTTP_POST,                "/desk/kb/{page}/{lang}/place", CAP_AGENT, post_place, place_fields, 0, "Order, bin", NULL, NULL },
	{ HTTP_GET, "/desk/kb/{page}/{lang}/properties", CAP_AGENT, show_properties, NULL, 0,
         "Who may read it, and more", NULL, NULL },
	{ HTTP_POST,                "/desk/kb/{page}/{lang}/properties", CAP_AGENT, post_properties, property_fields, ROUTE_LENIENT,
         "Who may read it, and more", NULL, NULL },
	{ .path = NULL          },
};

/* What the writers' pages share: words, choices of their forms, the head with its languages. */
#include "tmpl.h"
#include "web/kb_edit_view.h"

const char *kb_word_state(const struct i18n *l, enum kb_state s)
{
	static const char *const word[] = {
		"", N_("Draft"), N_("In review"), N_("Scheduled"), N_("Published"), N_("Archived")
	};

	return s >= KB_DRAFT && s <= KB_ARCHIVED ? _(l, word[s]) : "";
}

const char *kb_word_kind(const struct i18n *l, enum article_kind k)
{
	static const char *const word[] = { "",
		                            N_("Documentation"),
		                            N_("Technical article"),
		                            N_("Question and answer"),
		                            N_("Video guide"),
		                            N_("Resource"),
		                            N_("Demo site") };

	return k >= ARTICLE_DOC && k <= ARTICLE_DEMO ? _(l, word[k]) : "";
}

const char *kb_word_visibility(const struct i18n *l, enum visibility v)
{
	static const char *const word[] = { "",
		                            N_("Everybody"),
		                            N_("Customers"),
		                            N_("Customers with certain plans"),
		                            N_("Certain accounts"),
		                            N_("Agents only") };

	return v >= VISIBLE_PUBLIC && v <= VISIBLE_INTERNAL ? _(l, word[v]) : "";
}

const char *kb_word_removed(const struct i18n *l, enum kb_private_kind k)
{
	static const char *const word[] = { "",
		                            N_("Name"),
		                            N_("Mail address"),
		                            N_("Telephone number"),
		                            N_("IP address"),
		                            N_("Secret in a link"),
		                            N_("Site") };

	return k >= KB_NAME && (size_t)k < COUNT(word) ? _(l, word[k]) : "";
}

static const struct {
	const char *tag, *name;
} languages[] = {
	{"en",  "English"   },
        { "es", "Español"  },
        { "pt", "Português"},
        { "fr", "Français" },
	{ "de", "Deutsch"   },
        { "it", "Italiano"  },
        { "ca", "Català"   },
        { "eu", "Euskara"   },
};

static const char *language_name(struct arena *a, struct str tag)
{
	for (size_t i = 0; i < COUNT(languages); i++)
		if (str_is(tag, languages[i].tag))
			return languages[i].name;
	return str_z(a, tag);
}

struct kb_choice *kb_kinds(const struct req *q, enum article_kind chosen, size_t *n)
{
	struct kb_choice *v = arena_array(q->arena, struct kb_choice, ARTICLE_DEMO);

	for (enum article_kind k = ARTICLE_DOC; k <= ARTICLE_DEMO; k++)
		v[k - 1] = (struct kb_choice){ str_of(article_kind_name(k)), kb_word_kind(web_lang(q), k),
			                       k == chosen };
	*n = ARTICLE_DEMO;
	return v;
}

struct kb_choice *kb_langs(const struct req *q, struct str chosen, bool all, size_t *n)
{
	struct kb_choice *v = arena_array(q->arena, struct kb_choice, COUNT(languages) + 2);

	*n = 0;
	if (all)
		v[(*n)++] = (struct kb_choice){ STR(""), _(web_lang(q), "All languages"), !chosen.n };
	for (size_t i = 0; i < COUNT(languages); i++)
		v[(*n)++] = (struct kb_choice){ str_of(languages[i].tag), languages[i].name,
			                        str_is(chosen, languages[i].tag) };
	return v;
}

struct kb_choice *kb_owners(const struct req *q, const struct agent *at, size_t n_at, struct agent_id chosen,
                            const char *none, size_t *n)
{
	struct kb_choice *v = arena_array(q->arena, struct kb_choice, n_at + 1);

	*n = 0;
	v[(*n)++] = (struct kb_choice){ STR("0"), none, !chosen.v };
	for (size_t i = 0; i < n_at; i++)
		if (!time_is_set(at[i].disabled_at) || at[i].id.v == chosen.v)
			v[(*n)++] = (struct kb_choice){ arena_strf(q->arena, "%lld", (long long)at[i].id.v),
				                        str_z(q->arena, at[i].name), at[i].id.v == chosen.v };
	return v;
}

/* Pages of books that may have pages below; not the page itself nor what is below it. */
enum rc kb_parents(struct db_tx *tx, struct req *q, int64_t not_below, int64_t chosen, struct kb_choice **ret,
                   size_t *n, struct err *err)
{
	static const char *const indent[] = { "", "– ", "– – ", "– – – ", "– – – – " };
	struct kb_node *at = NULL;
	size_t n_at = 0;
	int hidden = -1; /* depth of the page that is left out */
	enum rc rc = kb_tree(tx, q->arena, &at, &n_at, err);

	if (rc != RC_OK)
		return rc;
	*ret = arena_array(q->arena, struct kb_choice, n_at + 1);
	(*ret)[0] = (struct kb_choice){ STR("0"), _(web_lang(q), "In no book, or a book itself"), !chosen };
	*n = 1;
	for (size_t i = 0; i < n_at; i++) {
		if (hidden >= 0 && at[i].depth > hidden)
			continue;
		hidden = at[i].page == not_below ? at[i].depth : -1;
		if (hidden >= 0 || at[i].depth + 1 >= KB_DEPTH)
			continue;
		(*ret)[(*n)++] = (struct kb_choice){
			arena_strf(q->arena, "%lld", (long long)at[i].page),
			str_z(q->arena, arena_strf(q->arena, "%s" STR_F, indent[at[i].depth], STR_A(at[i].title))),
			at[i].page == chosen
		};
	}
	return RC_OK;
}

struct str kb_edit_url(const struct req *q, int64_t page, struct str lang, const char *part)
{
	AUTO_BUF b;
	struct out u = { .b = &b };

	buf_init(&b, 400);
	buf_addf(&b, "/desk/kb/%lld/", (long long)page);
	out_url_part(&u, lang);
	if (part)
		buf_addf(&b, "/%s", part);
	return arena_str(q->arena, buf_str(&b));
}

static void tabs(struct req *q, const struct kb_line *at, size_t n, struct kb_head_view *h)
{
	const char *part = strcmp(h->part, "write") == 0 ? NULL : h->part;
	bool here = false;

	h->langs = arena_array(q->arena, struct kb_tab, n + 1);
	h->more = arena_array(q->arena, struct kb_choice, COUNT(languages));
	for (size_t i = 0; i < n; i++) {
		h->langs[h->n_langs++] = (struct kb_tab){ .url = kb_edit_url(q, h->p.id, at[i].lang, part),
			                                  .name = str_of(language_name(q->arena, at[i].lang)),
			                                  .here = str_eq(at[i].lang, h->d.lang),
			                                  .stale = at[i].stale,
			                                  .live = at[i].live,
			                                  .state = kb_word_state(web_lang(q), at[i].state) };
		here = here || str_eq(at[i].lang, h->d.lang);
	}
	if (!here)
		h->langs[h->n_langs++] = (struct kb_tab){ .url = kb_edit_url(q, h->p.id, h->d.lang, part),
			                                  .name = str_of(language_name(q->arena, h->d.lang)),
			                                  .here = true,
			                                  .state = _(web_lang(q), "New") };
	for (size_t k = 0; k < COUNT(languages); k++) {
		bool there = str_is(h->d.lang, languages[k].tag);

		for (size_t i = 0; i < n; i++)
			there = there || str_is(at[i].lang, languages[k].tag);
		if (!there)
			h->more[h->n_more++] = (struct kb_choice){ str_of(languages[k].tag), languages[k].name, false };
	}
}

enum rc kb_head_read(struct db_tx *tx, struct req *q, const char *part, struct kb_head_view *h, struct err *err)
{
	const struct i18n *l = web_lang(q);
	struct kb_line *at = NULL;
	size_t n = 0;

	*h = (struct kb_head_view){ .part = part, .is_admin = actor_is_admin(&q->actor) };
	enum rc rc = kb_page_find(tx, q->arena, web_path_id(q, "page"), &h->p, err);

	if (rc == RC_OK)
		rc = kb_draft_open(tx, q->arena, h->p.id, req_path(q, "lang"), &h->d, err);
	if (rc == RC_OK)
		rc = kb_page_langs(tx, q->arena, h->p.id, &at, &n, err);
	if (rc != RC_OK)
		return rc;
	h->url = kb_edit_url(q, h->p.id, h->d.lang, NULL);
	h->title = h->d.title;
	h->state = kb_word_state(l, h->d.state);
	h->kind = kb_word_kind(l, h->p.kind);
	h->who = kb_word_visibility(l, h->p.visibility);
	h->translation = !str_eq(h->d.lang, h->p.source_lang);
	h->stale = h->translation && kb_draft_stale(&h->d);
	h->binned = time_is_set(h->p.deleted_at);
	h->changed = h->d.live && h->d.state != KB_PUBLISHED;
	h->behind = h->changed && h->d.version && h->d.base < h->d.live_revision;
	h->live_url = h->d.live && !h->binned ? arena_strf(q->arena, "/kb/" STR_F, STR_A(h->d.live_slug)) : STR("");
	tabs(q, at, n, h);
	return RC_OK;
}

enum rc kb_show(struct req *q, struct resp *r, const char *title, const struct view_counts *c,
                void (*draw)(struct out *o, const void *v), const void *v)
{
	struct page page;
	struct out o = web_out(q, r);

	desk_page_init(&page, q, r, title, NAV_KB, c);
	tmpl_desk_head(&o, &page);
	draw(&o, v);
	tmpl_desk_foot(&o, &page);
	return RC_OK;
}

static bool number(struct str s, size_t at, size_t n, int *ret)
{
	int64_t v;

	if (str_to_i64(str_sub(s, at, n), &v) != RC_OK || s.n < at + n || v < 0)
		return false;
	*ret = (int)v;
	return true;
}

enum rc kb_when(const struct req *q, const char *field, struct instant *ret, struct err *err)
{
	struct str s = str_trim(req_field(q, field));
	struct civil c = { 0 };

	*ret = (struct instant){ 0 };
	if (!s.n)
		return RC_OK;
	if (!number(s, 0, 4, &c.year) || !number(s, 5, 2, &c.month) || !number(s, 8, 2, &c.day) || c.year < 2000 ||
	    c.year > 2200 || c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31 || s.p[4] != '-' || s.p[7] != '-' ||
	    (s.n != 10 &&
	     (s.n < 16 || !number(s, 11, 2, &c.hour) || !number(s, 14, 2, &c.minute) || c.hour > 23 || c.minute > 59)))
		return fail_field(err, RC_INVALID, field, "Write day and time like 2026-11-23T10:00.");
	*ret = time_from_civil_in(&c, time_zone(str_z(q->arena, web_zone(q))));
	return RC_OK;
}

struct str kb_when_text(const struct req *q, struct instant t, bool minutes)
{
	if (!time_is_set(t))
		return STR("");
	struct civil c = time_civil_in(t, str_z(q->arena, web_zone(q)));

	return minutes ? arena_strf(q->arena, "%04d-%02d-%02dT%02d:%02d", c.year, c.month, c.day, c.hour, c.minute)
	               : arena_strf(q->arena, "%04d-%02d-%02d", c.year, c.month, c.day);
}

/* Checks before publishing: what the renderer found, what the database knows of addresses, and what a kind demands. */
#include "kb/check.h"
#include "kb/edit_private.h"
#include "kb/extra.h"

#define FINDINGS_MAX 200
#define SPELL_MAX    20

/* Which of these addresses lead to something that the readers of a page of :visibility all may read (1) or not all (0).
 */
DB_QUERY2(
        q_targets, "kb.check-targets",
        "SELECT x.slug, MAX(CASE WHEN p.visibility <= :visibility THEN 1 ELSE 0 END) FROM (SELECT slug, page_id FROM"
        " article UNION SELECT slug, page_id FROM kb_redirect) x JOIN kb_page p ON p.id = x.page_id AND p.deleted_at IS"
        " NULL WHERE x.slug IN (SELECT value FROM json_each(:slugs)) AND EXISTS (SELECT 1 FROM article l WHERE "
        "l.page_id ="
        " p.id AND " KB_LIVE("l") ") GROUP BY x.slug",
        "SELECT x.slug, MAX(CASE WHEN p.visibility <= :visibility THEN 1 ELSE 0 END) FROM (SELECT slug, page_id FROM"
        " article UNION SELECT slug, page_id FROM kb_redirect) x JOIN kb_page p ON p.id = x.page_id AND p.deleted_at IS"
        " NULL WHERE x.slug IN (SELECT v FROM json_array_elements_text(CAST(:slugs AS JSON)) AS j (v)) AND EXISTS "
        "(SELECT"
        " 1 FROM article l WHERE l.page_id = p.id AND " KB_LIVE("l") ") GROUP BY x.slug");
DB_QUERY(q_dead, "kb.check-dead",
         "SELECT url, status, error FROM kb_link WHERE page_id = :page AND lang = :lang AND checked_at IS NOT NULL AND"
         " error <> '' ORDER BY url LIMIT 100");

struct checking {
	struct arena *a;
	const struct i18n *l;
	struct kb_finding *at;
	size_t n;
};

static void add(struct checking *c, bool blocks, struct str text)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->at[i].text, text))
			return;
	if (c->n < FINDINGS_MAX)
		c->at[c->n++] = (struct kb_finding){ blocks, text };
}

static bool serious(enum markdown_wrong w)
{
	switch (w) {
	case MARKDOWN_NO_ALT:
	case MARKDOWN_UNKNOWN_MEDIA:
	case MARKDOWN_HEADING_ORDER:
	case MARKDOWN_EMPTY_HEADING:
	case MARKDOWN_EMPTY_LINK:
	case MARKDOWN_BAD_LINK:
	case MARKDOWN_DEAD_ANCHOR:
	case MARKDOWN_INCLUDE_MISSING:
	case MARKDOWN_INCLUDE_CYCLE:
	case MARKDOWN_INCLUDE_LIMIT:
	case MARKDOWN_TOO_LARGE:
		return true;
	default:
		return false;
	}
}

/* ---- links within the knowledge base ---- */

struct target {
	struct str slug;
	bool all; /* readers of this page read it, too */
};

static enum rc check_targets(struct db_tx *tx, struct checking *c, const struct kb_page *p, const struct kb_draft *d,
                             const struct markdown_page *page, struct instant now, struct err *err)
{
	VEC(struct target) found = { 0 };
	struct json j;
	AUTO_BUF slugs;
	AUTO_ROWS r = { 0 };

	buf_init(&slugs, 1 << 20);
	json_init(&j, &slugs);
	json_arr(&j);
	for (size_t i = 0; i < page->n_links; i++)
		if (page->links[i].kind == MARKDOWN_PAGE)
			json_str(&j, page->links[i].to);
	json_end_arr(&j);
	if (slugs.n <= 2 || slugs.full)
		return RC_OK;
	enum rc rc = db_select(
	        tx, &q_targets,
	        DB_ARGS(db_i64("visibility", p->visibility), db_str("slugs", buf_str(&slugs)), db_i64("now", now.us)),
	        &r, err);
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(c->a, &found) = (struct target){ db_col_str(&r, 0, c->a), db_col_i64(&r, 1) != 0 };
	if (rc != RC_NOT_FOUND)
		return rc;
	for (size_t i = 0; i < page->n_links; i++) {
		struct str to = page->links[i].to;
		const struct target *t = NULL;

		if (page->links[i].kind != MARKDOWN_PAGE || str_eq(to, d->slug) || str_eq(to, d->live_slug))
			continue;
		for (size_t k = 0; k < found.n && !t; k++)
			t = str_eq(found.at[k].slug, to) ? &found.at[k] : NULL;
		if (!t)
			add(c, true,
			    TR_FILL(c->a, _(c->l, "A link leads to a page that is not published: {slug}"),
			            { "slug", to }));
		else if (!t->all)
			add(c, false,
			    TR_FILL(c->a,
			            _(c->l, "Not everybody who reads this page may read {slug}, to which it links."),
			            { "slug", to }));
	}
	return RC_OK;
}

static enum rc check_elsewhere(struct db_tx *tx, struct checking *c, const struct kb_draft *d,
                               const struct markdown_page *page, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_dead, DB_ARGS(db_i64("page", d->page), db_str("lang", d->lang)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		for (size_t i = 0; i < page->n_links; i++)
			if (page->links[i].kind == MARKDOWN_WEB && str_eq(page->links[i].to, db_col_peek(&r, 0))) {
				add(c, false,
				    TR_FILL(c->a, _(c->l, "Nobody answered at {url}: {why}"),
				            { "url", page->links[i].to },
				            { "why", str_of(tr(c->l, str_z(c->a, db_col_str(&r, 2, c->a)))) }));
				break;
			}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* ---- what a kind demands ---- */

static void check_video(struct checking *c, const struct kb_extra *x, struct str lang)
{
	const struct kb_extra_text *t = NULL;
	bool captions = false;

	for (size_t i = 0; i < x->n_texts; i++)
		if (str_eq(x->texts[i].lang, lang))
			t = &x->texts[i];
	for (size_t i = 0; i < x->n_captions; i++)
		captions = captions || str_eq(x->captions[i].lang, lang);
	if (!x->media.n && !x->embed.n)
		add(c, true, str_of(_(c->l, "A video guide needs a film: upload one, or give the address of one.")));
	else if (x->media.n && !captions)
		add(c, true, str_of(_(c->l, "The film has no captions in this language.")));
	else if (!captions && !(t && str_trim(t->transcript).n))
		add(c, true, str_of(_(c->l, "The film has neither captions nor a transcript in this language.")));
	else if (!(t && str_trim(t->transcript).n))
		add(c, false, str_of(_(c->l, "A transcript helps those who cannot watch the film, and search.")));
}

static void check_kind(struct checking *c, const struct kb_page *p, const struct kb_draft *d)
{
	struct kb_extra x;

	kb_extra_read(c->a, p->extra, &x);
	if (p->kind == ARTICLE_VIDEO)
		check_video(c, &x, d->lang);
	else if (p->kind == ARTICLE_RESOURCE && !x.media.n && !x.link.n)
		add(c, true, str_of(_(c->l, "A resource needs a file or a link.")));
	else if (p->kind == ARTICLE_DEMO && !x.host.n)
		add(c, true, str_of(_(c->l, "A demo site needs its host.")));
	if (!str_trim(d->markdown).n && (p->kind <= ARTICLE_FAQ))
		add(c, true, str_of(_(c->l, "There is no text.")));
	if (!str_trim(d->summary).n)
		add(c, false, str_of(_(c->l, "Without a summary, lists show the beginning of the text.")));
}

enum rc kb_check(struct db_tx *tx, struct arena *a, const struct i18n *l, const struct kb_page *p,
                 const struct kb_draft *d, const struct markdown_page *page, struct instant now,
                 struct kb_finding **ret, size_t *ret_n, struct err *err)
{
	struct checking c = { .a = a, .l = l, .at = arena_array(a, struct kb_finding, FINDINGS_MAX) };

	for (size_t i = 0; i < page->n_problems; i++)
		add(&c, serious(page->problems[i].what), kb_problem(a, l, &page->problems[i]));
	enum rc rc = check_targets(tx, &c, p, d, page, now, err);

	check_kind(&c, p, d);
	if (rc == RC_OK)
		rc = check_elsewhere(tx, &c, d, page, err);
	if (d->source_now && kb_draft_stale(d))
		add(&c, false, str_of(_(l, "The source changed since it was translated.")));
	/* Blocking ones first, each group in its order. */
	*ret = arena_array(a, struct kb_finding, c.n + 1);
	*ret_n = 0;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < c.n; i++)
			if (c.at[i].blocks == (pass == 0))
				(*ret)[(*ret_n)++] = c.at[i];
	return rc;
}

const struct kb_finding *kb_blocks(const struct kb_finding *at, size_t n)
{
	return n && at[0].blocks ? at : NULL;
}

bool kb_check_spelling(struct arena *a, const struct i18n *l, struct str lang, struct str plain, struct kb_finding *ret)
{
	struct str word[SPELL_MAX], all = STR("");
	size_t n = kb_misspelt(a, lang, plain, word, SPELL_MAX);

	for (size_t i = 0; i < n; i++)
		all = arena_strf(a, STR_F "%s" STR_F, STR_A(all), i ? ", " : "", STR_A(word[i]));
	if (n)
		*ret = (struct kb_finding){ false, TR_FILL(a, _(l, "The dictionary does not know: {words}"),
			                                   { "words", all }) };
	return n > 0;
}

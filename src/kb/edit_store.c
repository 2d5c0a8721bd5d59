/* The writers' rows: pages, drafts, comments, templates, and the lists of the workspace. Agents only come here: nothing
 * in this file asks who may read. */
#include "kb/edit_private.h"
#include "kb/find.h"

#define COMMENTS_MAX  200
#define TEMPLATES_MAX 200
#define TREE_MAX      1000

/* ---- pages ---- */

DB_QUERY(q_page, "kb.edit-page",
         "SELECT p.id, p.key, p.kind, p.visibility, p.source_lang, p.parent_id, p.position, p.owner_id, g.name,"
         " p.review_at, p.product, p.releases, p.tags, p.pinned, p.extra, p.deleted_at, p.deleted_by, p.created_at,"
         " p.updated_at FROM kb_page p LEFT JOIN agent g ON g.id = p.owner_id WHERE p.id = :page");
DB_QUERY(q_plans, "kb.edit-plans", "SELECT plan_id FROM kb_page_plan WHERE page_id = :page ORDER BY plan_id");
DB_QUERY(q_accounts, "kb.edit-accounts",
         "SELECT account_id FROM kb_page_account WHERE page_id = :page ORDER BY account_id LIMIT 500");
DB_QUERY(q_page_add, "kb.edit-page-add",
         "INSERT INTO kb_page (key, kind, visibility, source_lang, parent_id, position, owner_id, created_at, "
         "updated_at)"
         " VALUES (:key, :kind, :visibility, :lang, :parent, :position, :owner, :now, :now) RETURNING id");
DB_QUERY(q_page_set, "kb.edit-page-set",
         "UPDATE kb_page SET kind = :kind, visibility = :visibility, owner_id = :owner, review_at = :review,"
         " product = :product, releases = :releases, tags = :tags, pinned = :pinned, extra = :extra, updated_at = :now"
         " WHERE id = :page");
DB_QUERY(q_plans_drop, "kb.edit-plans-drop", "DELETE FROM kb_page_plan WHERE page_id = :page");
DB_QUERY(q_accounts_drop, "kb.edit-accounts-drop", "DELETE FROM kb_page_account WHERE page_id = :page");
DB_QUERY2(
        q_plans_add, "kb.edit-plans-add",
        "INSERT INTO kb_page_plan (page_id, plan_id) SELECT DISTINCT :page, l.id FROM plan l"
        " WHERE l.id IN (SELECT value FROM json_each(:ids))",
        "INSERT INTO kb_page_plan (page_id, plan_id) SELECT DISTINCT CAST(:page AS BIGINT), l.id FROM plan l WHERE l.id"
        " IN (SELECT CAST(v AS BIGINT) FROM json_array_elements_text(CAST(:ids AS JSON)) AS j (v))");
DB_QUERY2(q_accounts_add, "kb.edit-accounts-add",
          "INSERT INTO kb_page_account (page_id, account_id) SELECT DISTINCT :page, l.id FROM account l"
          " WHERE l.id IN (SELECT value FROM json_each(:ids))",
          "INSERT INTO kb_page_account (page_id, account_id) SELECT DISTINCT CAST(:page AS BIGINT), l.id FROM account "
          "l WHERE"
          " l.id IN (SELECT CAST(v AS BIGINT) FROM json_array_elements_text(CAST(:ids AS JSON)) AS j (v))");
DB_QUERY(q_place, "kb.edit-place", "UPDATE kb_page SET parent_id = :parent, position = :position WHERE id = :page");
DB_QUERY(q_last, "kb.edit-last",
         "SELECT COALESCE(MAX(position), 0) FROM kb_page WHERE COALESCE(parent_id, 0) = :parent");
DB_QUERY(q_up, "kb.edit-up", "SELECT COALESCE(parent_id, 0) FROM kb_page WHERE id = :page");
DB_QUERY(q_brothers, "kb.edit-brothers",
         "SELECT id, position FROM kb_page WHERE COALESCE(parent_id, 0) = :parent AND (kind = 1 OR parent_id IS NOT "
         "NULL)"
         " AND deleted_at IS NULL ORDER BY position, id LIMIT 1000");
DB_QUERY(q_depth, "kb.edit-depth",
         "WITH RECURSIVE t (id, depth) AS (SELECT CAST(:page AS BIGINT), CAST(1 AS BIGINT) UNION ALL"
         " SELECT p.id, t.depth + 1 FROM kb_page p JOIN t ON p.parent_id = t.id WHERE t.depth < 20)"
         " SELECT MAX(depth) FROM t");
DB_QUERY(q_bin, "kb.edit-bin", "UPDATE kb_page SET deleted_at = :at, deleted_by = :by WHERE id = :page");
DB_QUERY(q_purge_children, "kb.edit-purge-children", "UPDATE kb_page SET parent_id = NULL WHERE parent_id = :page");
DB_QUERY(q_purge_redirects, "kb.edit-purge-redirects", "DELETE FROM kb_redirect WHERE page_id = :page");
DB_QUERY(q_purge_articles, "kb.edit-purge-articles", "DELETE FROM article WHERE page_id = :page");
DB_QUERY(q_purge, "kb.edit-purge", "DELETE FROM kb_page WHERE id = :page AND deleted_at IS NOT NULL");
DB_QUERY(q_taken, "kb.edit-slug-taken",
         "SELECT x.page_id FROM (SELECT page_id FROM article WHERE slug = :slug UNION ALL SELECT page_id FROM kb_draft"
         " WHERE slug = :slug UNION ALL SELECT page_id FROM kb_redirect WHERE slug = :slug) x WHERE x.page_id <> :page "
         "LIMIT 1");
DB_QUERY(q_key, "kb.edit-key-taken", "SELECT id FROM kb_page WHERE key = :key");

static enum rc ids_of(struct db_tx *tx, const struct db_query *q, struct arena *out, int64_t page, int64_t **ret,
                      size_t *ret_n, struct err *err)
{
	VEC(int64_t) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, DB_ARGS(db_i64("page", page)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = db_col_i64(&r, 0);
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static struct str text(struct db_rows *r, int col, struct arena *out)
{
	struct str s = db_col_str(r, col, out);

	return s.p ? s : STR("");
}

static enum rc page_row(struct db_tx *tx, struct arena *out, int64_t id, struct kb_page *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_page, DB_ARGS(db_i64("page", id)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, RC_NOT_FOUND, "There is no such page. It may have been deleted for good.");
	if (rc == RC_OK)
		*ret = (struct kb_page){ .id = db_col_i64(&r, 0),
			                 .key = text(&r, 1, out),
			                 .kind = (enum article_kind)db_col_i64(&r, 2),
			                 .visibility = (enum visibility)db_col_i64(&r, 3),
			                 .source_lang = text(&r, 4, out),
			                 .parent = db_col_i64(&r, 5),
			                 .position = db_col_i64(&r, 6),
			                 .owner = { db_col_i64(&r, 7) },
			                 .owner_name = text(&r, 8, out),
			                 .review_at = db_col_time(&r, 9),
			                 .product = text(&r, 10, out),
			                 .releases = str_trim(text(&r, 11, out)),
			                 .tags = str_trim(text(&r, 12, out)),
			                 .pinned = db_col_i64(&r, 13) != 0,
			                 .extra = text(&r, 14, out),
			                 .deleted_at = db_col_time(&r, 15),
			                 .deleted_by = text(&r, 16, out),
			                 .created_at = db_col_time(&r, 17),
			                 .updated_at = db_col_time(&r, 18) };
	return rc;
}

enum rc kb_page_find(struct db_tx *tx, struct arena *out, int64_t id, struct kb_page *ret, struct err *err)
{
	int64_t *plans = NULL, *accounts = NULL;
	enum rc rc = page_row(tx, out, id, ret, err);

	if (rc == RC_OK)
		rc = ids_of(tx, &q_plans, out, id, &plans, &ret->n_plans, err);
	if (rc == RC_OK)
		rc = ids_of(tx, &q_accounts, out, id, &accounts, &ret->n_accounts, err);
	if (rc != RC_OK)
		return rc;
	ret->plans = arena_array(out, struct plan_id, ret->n_plans + 1);
	for (size_t i = 0; i < ret->n_plans; i++)
		ret->plans[i].v = plans[i];
	ret->accounts = arena_array(out, struct account_id, ret->n_accounts + 1);
	for (size_t i = 0; i < ret->n_accounts; i++)
		ret->accounts[i].v = accounts[i];
	return RC_OK;
}

enum rc kb_row_page_add(struct db_tx *tx, struct instant now, const struct kb_page *p, int64_t *ret, struct err *err)
{
	return db_get_i64(tx, &q_page_add,
	                  DB_ARGS(db_str("key", p->key), db_i64("kind", p->kind), db_i64("visibility", p->visibility),
	                          db_str("lang", p->source_lang), db_id("parent", p->parent),
	                          db_i64("position", p->position), db_id("owner", p->owner.v), db_i64("now", now.us)),
	                  ret, err);
}

enum rc kb_row_page_set(struct db_tx *tx, struct instant now, const struct kb_page *p, struct err *err)
{
	AUTO_BUF plans;
	AUTO_BUF accounts;
	struct json j;

	buf_init(&plans, 1 << 20);
	buf_init(&accounts, 1 << 20);
	json_init(&j, &plans);
	json_arr(&j);
	for (size_t i = 0; p->visibility == VISIBLE_PLANS && i < p->n_plans; i++)
		json_i64(&j, p->plans[i].v);
	json_end_arr(&j);
	json_init(&j, &accounts);
	json_arr(&j);
	for (size_t i = 0; p->visibility == VISIBLE_ACCOUNTS && i < p->n_accounts; i++)
		json_i64(&j, p->accounts[i].v);
	json_end_arr(&j);
	enum rc rc = db_exec(tx, &q_page_set,
	                     DB_ARGS(db_i64("page", p->id), db_i64("kind", p->kind),
	                             db_i64("visibility", p->visibility), db_id("owner", p->owner.v),
	                             db_time("review", p->review_at), db_str("product", p->product),
	                             db_str("releases", p->releases), db_str("tags", p->tags),
	                             db_i64("pinned", p->pinned), db_str("extra", p->extra), db_i64("now", now.us)),
	                     NULL, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_plans_drop, DB_ARGS(db_i64("page", p->id)), NULL, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_accounts_drop, DB_ARGS(db_i64("page", p->id)), NULL, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_plans_add, DB_ARGS(db_i64("page", p->id), db_str("ids", buf_str(&plans))), NULL,
		             err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_accounts_add, DB_ARGS(db_i64("page", p->id), db_str("ids", buf_str(&accounts))),
		             NULL, err);
	return rc;
}

enum rc kb_row_page_place(struct db_tx *tx, int64_t page, int64_t parent, int64_t position, struct err *err)
{
	return db_exec(tx, &q_place,
	               DB_ARGS(db_i64("page", page), db_id("parent", parent), db_i64("position", position)), NULL, err);
}

enum rc kb_row_page_last(struct db_tx *tx, int64_t parent, int64_t *ret, struct err *err)
{
	return db_get_i64(tx, &q_last, DB_ARGS(db_i64("parent", parent)), ret, err);
}

enum rc kb_row_page_up(struct db_tx *tx, int64_t page, int64_t *ret_parent, struct err *err)
{
	return db_get_i64(tx, &q_up, DB_ARGS(db_i64("page", page)), ret_parent, err);
}

enum rc kb_row_brothers(struct db_tx *tx, struct arena *out, int64_t parent, struct kb_brother **ret, size_t *ret_n,
                        struct err *err)
{
	VEC(struct kb_brother) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_brothers, DB_ARGS(db_i64("parent", parent)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct kb_brother){ db_col_i64(&r, 0), db_col_i64(&r, 1) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_row_page_depth(struct db_tx *tx, int64_t page, int64_t *ret, struct err *err)
{
	return db_get_i64(tx, &q_depth, DB_ARGS(db_i64("page", page)), ret, err);
}

enum rc kb_row_page_bin(struct db_tx *tx, int64_t page, struct instant at, struct str by, struct err *err)
{
	return db_exec(tx, &q_bin, DB_ARGS(db_i64("page", page), db_time("at", at), db_str("by", by.p ? by : STR(""))),
	               NULL, err);
}

enum rc kb_row_page_purge(struct db_tx *tx, int64_t page, struct err *err)
{
	static const struct db_query *const step[] = { &q_purge_children, &q_purge_redirects, &q_purge_articles };
	int64_t n = 0;
	enum rc rc = kb_index_drop_page(tx, page, err);

	for (size_t i = 0; i < COUNT(step) && rc == RC_OK; i++)
		rc = db_exec(tx, step[i], DB_ARGS(db_i64("page", page)), NULL, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_purge, DB_ARGS(db_i64("page", page)), &n, err);
	return rc == RC_OK && !n ? fail(err, RC_CONFLICT, "Only what is in the recycle bin can be deleted for good.")
	                         : rc;
}

enum rc kb_row_slug_taken(struct db_tx *tx, struct str slug, int64_t page, struct err *err)
{
	int64_t other;

	return db_get_i64(tx, &q_taken, DB_ARGS(db_str("slug", slug), db_i64("page", page)), &other, err);
}

enum rc kb_row_key_taken(struct db_tx *tx, struct str key, struct err *err)
{
	int64_t other;

	return db_get_i64(tx, &q_key, DB_ARGS(db_str("key", key)), &other, err);
}

/* ---- drafts ---- */

DB_QUERY(q_draft, "kb.edit-draft",
         "SELECT d.state, d.slug, d.title, d.summary, d.markdown, d.version, d.base, d.source_revision, d.publish_at,"
         " d.expires_at, d.reviewer_id, g.name, d.saved_by, d.saved_at FROM kb_draft d LEFT JOIN agent g ON g.id ="
         " d.reviewer_id WHERE d.page_id = :page AND d.lang = :lang");
DB_QUERY(q_article, "kb.edit-article",
         "SELECT a.id, a.slug, a.title, a.summary, a.markdown, a.revision, a.source_revision, a.published_at,"
         " a.expires_at, p.kind, p.visibility FROM article a JOIN kb_page p ON p.id = a.page_id"
         " WHERE a.page_id = :page AND a.lang = :lang");
/* The source as readers get it, else its draft. */
DB_QUERY(q_source, "kb.edit-source",
         "SELECT a.slug, a.title, a.revision, p.source_lang FROM kb_page p JOIN article a ON a.page_id = p.id AND "
         "a.lang ="
         " p.source_lang WHERE p.id = :page UNION ALL SELECT d.slug, d.title, 0, p.source_lang FROM kb_page p JOIN "
         "kb_draft d"
         " ON d.page_id = p.id AND d.lang = p.source_lang WHERE p.id = :page AND NOT EXISTS (SELECT 1 FROM article a "
         "WHERE"
         " a.page_id = p.id AND a.lang = p.source_lang)");
DB_QUERY(q_draft_add, "kb.edit-draft-add",
         "INSERT INTO kb_draft (page_id, lang, state, slug, title, summary, markdown, version, base, source_revision,"
         " saved_by, saved_at) VALUES (:page, :lang, :state, :slug, :title, :summary, :markdown, 1, :base, :source, "
         ":by, :at)"
         " ON CONFLICT (page_id, lang) DO NOTHING");
DB_QUERY(
        q_draft_set, "kb.edit-draft-set",
        "UPDATE kb_draft SET state = :state, slug = :slug, title = :title, summary = :summary, markdown = :markdown,"
        " version = version + 1, base = :base, source_revision = :source, publish_at = :publish, expires_at = :expires,"
        " reviewer_id = :reviewer, saved_by = :by, saved_at = :at"
        " WHERE page_id = :page AND lang = :lang AND version = :version");
DB_QUERY(q_draft_drop, "kb.edit-draft-drop", "DELETE FROM kb_draft WHERE page_id = :page AND lang = :lang");
DB_QUERY(q_article_slug, "kb.edit-article-slug", "UPDATE article SET slug = :slug WHERE id = :id");
DB_QUERY(q_article_drop, "kb.edit-article-drop", "DELETE FROM article WHERE id = :id");
DB_QUERY(q_media_drop, "kb.edit-media-drop",
         "DELETE FROM kb_media_use WHERE page_id = :page AND lang = :lang AND live = 1");
DB_QUERY(q_links_drop, "kb.edit-links-drop", "DELETE FROM kb_link WHERE page_id = :page AND lang = :lang");

static enum rc draft_row(struct db_tx *tx, struct arena *out, struct kb_draft *d, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_draft, DB_ARGS(db_i64("page", d->page), db_str("lang", d->lang)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	d->state = (enum kb_state)db_col_i64(&r, 0);
	d->slug = text(&r, 1, out);
	d->title = text(&r, 2, out);
	d->summary = text(&r, 3, out);
	d->markdown = text(&r, 4, out);
	d->version = db_col_i64(&r, 5);
	d->base = db_col_i64(&r, 6);
	d->source_revision = db_col_i64(&r, 7);
	d->publish_at = db_col_time(&r, 8);
	d->expires_at = db_col_time(&r, 9);
	d->reviewer.v = db_col_i64(&r, 10);
	d->reviewer_name = text(&r, 11, out);
	d->saved_by = text(&r, 12, out);
	d->saved_at = db_col_time(&r, 13);
	return RC_OK;
}

/* What readers get goes in where the draft has nothing of its own. */
static enum rc live_row(struct db_tx *tx, struct arena *out, struct kb_draft *d, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_article, DB_ARGS(db_i64("page", d->page), db_str("lang", d->lang)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	d->live = true;
	d->live_slug = text(&r, 1, out);
	d->live_revision = db_col_i64(&r, 5);
	d->live_at = db_col_time(&r, 7);
	d->live_expires = db_col_time(&r, 8);
	if (d->version && d->state != KB_PUBLISHED)
		return RC_OK;
	d->state = KB_PUBLISHED;
	d->slug = d->live_slug;
	d->title = text(&r, 2, out);
	struct str markdown = text(&r, 4, out);
	/* A summary that was made of the text is made anew with the next text. */
	if (!d->version || d->summary.n || !str_eq(markdown, d->markdown))
		d->summary = text(&r, 3, out);
	d->markdown = markdown;
	d->base = d->live_revision;
	d->source_revision = db_col_i64(&r, 6);
	d->expires_at = d->live_expires;
	return RC_OK;
}

static enum rc source_row(struct db_tx *tx, struct arena *out, struct kb_draft *d, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_source, DB_ARGS(db_i64("page", d->page)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND
		               ? fail(err, RC_NOT_FOUND, "There is no such page. It may have been deleted for good.")
		               : rc;
	if (str_eq(db_col_peek(&r, 3), d->lang))
		return RC_OK;
	d->source_now = db_col_i64(&r, 2);
	if (!d->version && !d->live) {
		d->state = KB_DRAFT;
		d->slug = text(&r, 0, out);
		d->title = text(&r, 1, out);
		d->summary = d->markdown = STR("");
		d->source_revision = d->source_now;
	}
	return RC_OK;
}

enum rc kb_draft_open(struct db_tx *tx, struct arena *out, int64_t page, struct str lang, struct kb_draft *ret,
                      struct err *err)
{
	*ret = (struct kb_draft){ .page = page, .lang = lang };
	if (!kb_lang_ok(lang))
		return fail(err, RC_NOT_FOUND, "There is no such language.");
	enum rc rc = draft_row(tx, out, ret, err);

	if (rc == RC_OK)
		rc = live_row(tx, out, ret, err);
	return rc == RC_OK ? source_row(tx, out, ret, err) : rc;
}

enum rc kb_row_draft_add(struct db_tx *tx, const struct kb_draft *d, struct err *err)
{
	int64_t n = 0;
	enum rc rc = db_exec(tx, &q_draft_add,
	                     DB_ARGS(db_i64("page", d->page), db_str("lang", d->lang), db_i64("state", d->state),
	                             db_str("slug", d->slug), db_str("title", d->title), db_str("summary", d->summary),
	                             db_str("markdown", d->markdown), db_i64("base", d->base),
	                             db_i64("source", d->source_revision), db_str("by", d->saved_by),
	                             db_i64("at", d->saved_at.us)),
	                     &n, err);

	return rc == RC_OK && !n ? kb_stale(err) : rc;
}

enum rc kb_row_draft_set(struct db_tx *tx, const struct kb_draft *d, struct err *err)
{
	int64_t n = 0;
	enum rc rc = db_exec(tx, &q_draft_set,
	                     DB_ARGS(db_i64("page", d->page), db_str("lang", d->lang), db_i64("version", d->version),
	                             db_i64("state", d->state), db_str("slug", d->slug), db_str("title", d->title),
	                             db_str("summary", d->summary), db_str("markdown", d->markdown),
	                             db_i64("base", d->base), db_i64("source", d->source_revision),
	                             db_time("publish", d->publish_at), db_time("expires", d->expires_at),
	                             db_id("reviewer", d->reviewer.v), db_str("by", d->saved_by),
	                             db_i64("at", d->saved_at.us)),
	                     &n, err);

	return rc == RC_OK && !n ? kb_stale(err) : rc;
}

enum rc kb_row_draft_drop(struct db_tx *tx, int64_t page, struct str lang, struct err *err)
{
	return db_exec(tx, &q_draft_drop, DB_ARGS(db_i64("page", page), db_str("lang", lang)), NULL, err);
}

enum rc kb_row_article(struct db_tx *tx, struct arena *out, int64_t page, struct str lang, struct article *ret,
                       int64_t *ret_revision, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_article, DB_ARGS(db_i64("page", page), db_str("lang", lang)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc != RC_OK)
		return rc;
	*ret = (struct article){ .id = { db_col_i64(&r, 0) },
		                 .page = page,
		                 .lang = lang,
		                 .slug = text(&r, 1, out),
		                 .title = text(&r, 2, out),
		                 .summary = text(&r, 3, out),
		                 .markdown = text(&r, 4, out),
		                 .source_revision = db_col_i64(&r, 6),
		                 .published_at = db_col_time(&r, 7),
		                 .expires_at = db_col_time(&r, 8),
		                 .kind = (enum article_kind)db_col_i64(&r, 9),
		                 .visibility = (enum visibility)db_col_i64(&r, 10) };
	*ret_revision = db_col_i64(&r, 5);
	return RC_OK;
}

enum rc kb_row_article_slug(struct db_tx *tx, struct article_id id, struct str slug, struct err *err)
{
	return db_exec(tx, &q_article_slug, DB_ARGS(db_i64("id", id.v), db_str("slug", slug)), NULL, err);
}

enum rc kb_row_article_drop(struct db_tx *tx, struct article_id id, int64_t page, struct str lang, struct err *err)
{
	enum rc rc = db_exec(tx, &q_article_drop, DB_ARGS(db_i64("id", id.v)), NULL, err);

	if (rc == RC_OK)
		rc = db_exec(tx, &q_media_drop, DB_ARGS(db_i64("page", page), db_str("lang", lang)), NULL, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_links_drop, DB_ARGS(db_i64("page", page), db_str("lang", lang)), NULL, err);
	return rc;
}

/* ---- comments and templates ---- */

DB_QUERY(q_comment_add, "kb.comment-add",
         "INSERT INTO kb_comment (page_id, lang, agent_id, author, text, at)"
         " VALUES (:page, :lang, :agent, :author, :text, :now)");
DB_QUERY(q_comment_done, "kb.comment-done",
         "UPDATE kb_comment SET done_at = :now WHERE id = :id AND page_id = :page AND done_at IS NULL");
DB_QUERY(
        q_comments, "kb.comments",
        "SELECT id, lang, author, text, at, done_at FROM kb_comment WHERE page_id = :page ORDER BY id DESC LIMIT :max");
DB_QUERY(q_templates, "kb.templates",
         "SELECT id, name, lang, kind, '' FROM kb_template ORDER BY name, lang LIMIT :max");
DB_QUERY(q_template, "kb.template", "SELECT id, name, lang, kind, markdown FROM kb_template WHERE id = :id");
DB_QUERY(q_template_add, "kb.template-add",
         "INSERT INTO kb_template (name, lang, kind, markdown) VALUES (:name, :lang, :kind, :markdown)");
DB_QUERY(q_template_set, "kb.template-set",
         "UPDATE kb_template SET name = :name, lang = :lang, kind = :kind, markdown = :markdown WHERE id = :id");
DB_QUERY(q_template_drop, "kb.template-drop", "DELETE FROM kb_template WHERE id = :id");
DB_QUERY(q_use, "kb.use-add",
         "INSERT INTO kb_use (page_id, ticket_id, how, at) VALUES (:page, :ticket, :how, :now) ON CONFLICT DO NOTHING");

enum rc kb_comment_add(struct db_tx *tx, const struct actor *who, struct instant now, int64_t page, struct str lang,
                       struct str said, struct err *err)
{
	enum rc rc = kb_agents_only(who, err);

	said = str_trim(said);
	if (rc != RC_OK)
		return rc;
	if (!said.n || said.n > 4000 || !str_utf8_valid(said))
		return fail_field(err, RC_INVALID, "text", "Write a comment of at most 4000 bytes.");
	return db_exec(tx, &q_comment_add,
	               DB_ARGS(db_i64("page", page), db_str("lang", lang), db_i64("agent", who->agent.v),
	                       db_str("author", who->name), db_str("text", said), db_i64("now", now.us)),
	               NULL, err);
}

enum rc kb_comment_done(struct db_tx *tx, const struct actor *who, struct instant now, int64_t page, int64_t comment,
                        struct err *err)
{
	enum rc rc = kb_agents_only(who, err);

	return rc == RC_OK
	               ? db_exec(tx, &q_comment_done,
	                         DB_ARGS(db_i64("id", comment), db_i64("page", page), db_i64("now", now.us)), NULL, err)
	               : rc;
}

enum rc kb_comments(struct db_tx *tx, struct arena *out, int64_t page, struct kb_comment **ret, size_t *ret_n,
                    struct err *err)
{
	VEC(struct kb_comment) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_comments, DB_ARGS(db_i64("page", page), db_i64("max", COMMENTS_MAX)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct kb_comment){ db_col_i64(&r, 0), text(&r, 1, out),   text(&r, 2, out),
			                                 text(&r, 3, out),  db_col_time(&r, 4), db_col_time(&r, 5) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static struct kb_template template_row(struct db_rows *r, struct arena *out)
{
	return (struct kb_template){ .id = db_col_i64(r, 0),
		                     .name = text(r, 1, out),
		                     .lang = text(r, 2, out),
		                     .kind = (enum article_kind)db_col_i64(r, 3),
		                     .markdown = text(r, 4, out) };
}

enum rc kb_templates(struct db_tx *tx, struct arena *out, struct kb_template **ret, size_t *ret_n, struct err *err)
{
	VEC(struct kb_template) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_templates, DB_ARGS(db_i64("max", TEMPLATES_MAX)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = template_row(&r, out);
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_template_find(struct db_tx *tx, struct arena *out, int64_t id, struct kb_template *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_template, DB_ARGS(db_i64("id", id)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK)
		*ret = template_row(&r, out);
	return rc == RC_NOT_FOUND ? fail(err, RC_NOT_FOUND, "There is no such template.") : rc;
}

enum rc kb_template_save(struct db_tx *tx, const struct actor *who, struct instant now, const struct kb_template *k,
                         struct err *err)
{
	struct str name = str_trim(k->name);

	if (!actor_is_admin(who))
		return fail(err, RC_DENIED, "Templates are changed by administrators; nothing was saved.");
	if (!name.n || name.n > 100 || !str_utf8_valid(name) || str_has_control(name))
		return fail_field(err, RC_INVALID, "name", "A template needs a name of one line, at most 100 bytes.");
	if (!kb_lang_ok(k->lang))
		return fail_field(err, RC_INVALID, "lang", "The language is a short code like en or es.");
	if (k->kind < ARTICLE_DOC || k->kind > ARTICLE_DEMO)
		return fail_field(err, RC_INVALID, "kind", "There is no such kind of article.");
	if (k->markdown.n > KB_MARKDOWN_MAX || !str_utf8_valid(k->markdown))
		return fail_field(err, RC_LIMIT, "markdown", "The text is larger than %d KiB; nothing was saved.",
		                  KB_MARKDOWN_MAX >> 10);
	struct db_args args = DB_ARGS(db_str("name", name), db_str("lang", k->lang), db_i64("kind", k->kind),
	                              db_str("markdown", k->markdown.p ? k->markdown : STR("")), db_i64("id", k->id));
	if (!k->id)
		args.n--;
	enum rc rc = db_exec(tx, k->id ? &q_template_set : &q_template_add, args, NULL, err);

	if (rc == RC_CONFLICT)
		return fail_field(err, RC_INVALID, "name",
		                  "There is a template of this name in this language already.");
	return rc == RC_OK ? kb_tell(tx, who, now, 0, "template", k->lang, err) : rc;
}

enum rc kb_template_drop(struct db_tx *tx, const struct actor *who, struct instant now, int64_t id, struct err *err)
{
	if (!actor_is_admin(who))
		return fail(err, RC_DENIED, "Templates are changed by administrators; nothing was deleted.");
	enum rc rc = db_exec(tx, &q_template_drop, DB_ARGS(db_i64("id", id)), NULL, err);

	return rc == RC_OK ? kb_tell(tx, who, now, 0, "template", STR(""), err) : rc;
}

enum rc kb_use_add(struct db_tx *tx, int64_t page, struct ticket_id ticket, int how, struct instant now,
                   struct err *err)
{
	return db_exec(
	        tx, &q_use,
	        DB_ARGS(db_i64("page", page), db_i64("ticket", ticket.v), db_i64("how", how), db_i64("now", now.us)),
	        NULL, err);
}

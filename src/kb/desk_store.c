/* Lists of the workspace and what its jobs look for. A page in a language is there when there is a draft of it or
 * readers get it; all lists go over that union. */
#include "kb/edit_private.h"
#include "outbox/outbox.h"

/* Page and language, with the draft `d` or without. */
#define BOTH                                                                                                           \
	"(SELECT page_id, lang FROM kb_draft UNION SELECT page_id, lang FROM article) b"                               \
	" JOIN kb_page p ON p.id = b.page_id LEFT JOIN kb_draft d ON d.page_id = b.page_id AND d.lang = b.lang"        \
	" LEFT JOIN article a ON a.page_id = b.page_id AND a.lang = b.lang"                                            \
	" LEFT JOIN article s ON s.page_id = b.page_id AND s.lang = p.source_lang AND b.lang <> p.source_lang"         \
	" LEFT JOIN agent g ON g.id = p.owner_id"
#define STATE "COALESCE(d.state, 4)"
#define STALE                                                                                                          \
	"(s.revision IS NOT NULL AND s.revision > CASE WHEN d.state IS NULL OR (d.state = 4 AND a.id IS NOT NULL) "    \
	"THEN"                                                                                                         \
	" a.source_revision ELSE d.source_revision END)"
#define LIVE "(a.id IS NOT NULL AND a.published_at <= :now AND (a.expires_at IS NULL OR a.expires_at > :now))"
#define LINE                                                                                                           \
	"SELECT b.page_id, COALESCE(p.parent_id, 0), p.position, p.kind, p.visibility, b.lang, p.source_lang,"         \
	" CASE WHEN d.state IS NULL OR (d.state = 4 AND a.id IS NOT NULL) THEN a.title ELSE d.title END,"              \
	" CASE WHEN d.state IS NULL OR (d.state = 4 AND a.id IS NOT NULL) THEN a.slug ELSE d.slug END,"                \
	" COALESCE(g.name, ''), COALESCE(d.saved_by, ''), " STATE ", CASE WHEN " LIVE " THEN 1 ELSE 0 END,"            \
	" CASE WHEN " STALE " THEN 1 ELSE 0 END, p.pinned, COALESCE(d.saved_at, a.updated_at), p.review_at,"           \
	" d.publish_at, p.deleted_at FROM " BOTH

/* The pages come first, so that a slice never cuts a page in two. */
DB_QUERY(q_lines, "kb.desk-lines",
         LINE
         " WHERE CASE WHEN p.deleted_at IS NULL THEN 0 ELSE 1 END = :bin"
         " AND (CAST(:after AS BIGINT) = 0 OR p.id < :after)"
         " AND (CAST(:state AS BIGINT) = 0 OR " STATE " = :state)"
         " AND (CAST(:lang AS TEXT) = '' OR b.lang = :lang) AND (CAST(:kind AS BIGINT) = 0 OR p.kind = :kind)"
         " AND (CAST(:owner AS BIGINT) = 0 OR p.owner_id = :owner)"
         " AND (CAST(:words AS TEXT) = '' OR LOWER(COALESCE(d.title, a.title)) LIKE :words OR COALESCE(d.slug, a.slug)"
         " LIKE :words) AND (:stale = 0 OR " STALE ") AND (:due = 0 OR p.review_at <= :now)"
         " ORDER BY p.id DESC, CASE WHEN b.lang = p.source_lang THEN 0 ELSE 1 END, b.lang LIMIT :max");
DB_QUERY(q_langs, "kb.desk-langs",
         LINE " WHERE b.page_id = :page ORDER BY CASE WHEN b.lang = p.source_lang THEN 0 ELSE 1 END, b.lang LIMIT 50");
DB_QUERY(q_tree, "kb.desk-tree",
         "SELECT p.id, COALESCE(p.parent_id, 0), COALESCE(d.title, a.title, p.key), p.source_lang, " STATE
         ", CASE WHEN " LIVE " THEN 1 ELSE 0 END FROM kb_page p LEFT JOIN kb_draft d ON d.page_id = p.id AND d.lang ="
         " p.source_lang LEFT JOIN article a ON a.page_id = p.id AND a.lang = p.source_lang"
         " WHERE (p.kind = 1 OR p.parent_id IS NOT NULL) AND p.deleted_at IS NULL"
         " ORDER BY COALESCE(p.parent_id, 0), p.position, p.id LIMIT :max");
DB_QUERY(q_due, "kb.desk-due",
         "SELECT d.page_id, d.lang FROM kb_draft d JOIN kb_page p ON p.id = d.page_id WHERE d.state = 3 AND "
         "d.publish_at <="
         " :now AND p.deleted_at IS NULL ORDER BY d.publish_at, d.id LIMIT 1");
DB_QUERY(q_expired, "kb.desk-expired",
         "SELECT page_id, lang FROM article WHERE expires_at IS NOT NULL AND expires_at <= :now ORDER BY expires_at, "
         "id LIMIT 1");
DB_QUERY(q_bin, "kb.desk-bin-due",
         "SELECT id FROM kb_page WHERE deleted_at IS NOT NULL AND deleted_at <= :before ORDER BY deleted_at, id LIMIT "
         "1");
/* Each date once: what was mailed is in the outbox under its key. */
DB_QUERY(q_review, "kb.desk-review",
         "SELECT p.id, p.review_at, g.name, g.email, COALESCE(d.title, a.title, p.key), p.source_lang FROM kb_page p"
         " JOIN agent g ON g.id = p.owner_id AND g.disabled_at IS NULL LEFT JOIN kb_draft d ON d.page_id = p.id AND "
         "d.lang ="
         " p.source_lang LEFT JOIN article a ON a.page_id = p.id AND a.lang = p.source_lang WHERE p.review_at <= :now"
         " AND p.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM outmail o WHERE o.dedupe = 'kb-review:' || p.id || "
         "':' ||"
         " p.review_at) ORDER BY p.review_at, p.id LIMIT 1");

static struct str text(struct db_rows *r, int col, struct arena *out)
{
	struct str s = db_col_str(r, col, out);

	return s.p ? s : STR("");
}

static struct kb_line line(struct db_rows *r, struct arena *out)
{
	return (struct kb_line){ .page = db_col_i64(r, 0),
		                 .parent = db_col_i64(r, 1),
		                 .position = db_col_i64(r, 2),
		                 .kind = (enum article_kind)db_col_i64(r, 3),
		                 .visibility = (enum visibility)db_col_i64(r, 4),
		                 .lang = text(r, 5, out),
		                 .source_lang = text(r, 6, out),
		                 .title = text(r, 7, out),
		                 .slug = text(r, 8, out),
		                 .owner_name = text(r, 9, out),
		                 .saved_by = text(r, 10, out),
		                 .state = (enum kb_state)db_col_i64(r, 11),
		                 .live = db_col_i64(r, 12) != 0,
		                 .stale = db_col_i64(r, 13) != 0,
		                 .pinned = db_col_i64(r, 14) != 0,
		                 .saved_at = db_col_time(r, 15),
		                 .review_at = db_col_time(r, 16),
		                 .publish_at = db_col_time(r, 17),
		                 .deleted_at = db_col_time(r, 18) };
}

typedef VEC(struct kb_line) line_list;

static enum rc lines(struct db_rows *r, struct arena *out, line_list *v, struct err *err)
{
	enum rc rc;

	while ((rc = db_next(r, err)) == RC_OK)
		*VEC_ADD(out, v) = line(r, out);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* Somewhere in it, whatever signs LIKE knows. */
static struct str like(struct arena *a, struct str words)
{
	AUTO_BUF b;

	buf_init(&b, 1000);
	words = str_utf8_clip(str_lower(a, str_trim(words)), 200);
	if (!words.n)
		return STR("");
	buf_addc(&b, '%');
	for (size_t i = 0; i < words.n; i++)
		buf_addc(&b, strchr("%_\\", words.p[i]) ? '_' : words.p[i]);
	buf_addc(&b, '%');
	return arena_str(a, buf_str(&b));
}

enum rc kb_lines(struct db_tx *tx, struct arena *out, const struct kb_filter *f, struct instant now,
                 struct kb_line **ret, size_t *ret_n, int64_t *ret_after, struct err *err)
{
	line_list v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_lines,
	                       DB_ARGS(db_i64("bin", f->bin), db_i64("after", f->after), db_i64("state", f->state),
	                               db_str("lang", f->lang.p ? f->lang : STR("")), db_i64("kind", f->kind),
	                               db_i64("owner", f->owner.v), db_str("words", like(out, f->words)),
	                               db_i64("stale", f->stale), db_i64("due", f->due), db_i64("now", now.us),
	                               db_i64("max", KB_LINES + 1)),
	                       &r, err);

	if (rc == RC_OK)
		rc = lines(&r, out, &v, err);
	*ret_after = 0;
	if (v.n > KB_LINES) { /* the page that was cut belongs to the next slice */
		int64_t cut = v.at[v.n - 1].page;

		while (v.n && v.at[v.n - 1].page == cut)
			v.n--;
		*ret_after = v.n ? v.at[v.n - 1].page : 0;
	}
	*ret = v.at;
	*ret_n = v.n;
	return rc;
}

enum rc kb_page_langs(struct db_tx *tx, struct arena *out, int64_t page, struct kb_line **ret, size_t *ret_n,
                      struct err *err)
{
	line_list v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_langs, DB_ARGS(db_i64("page", page), db_i64("now", time_now().us)), &r, err);

	if (rc == RC_OK)
		rc = lines(&r, out, &v, err);
	*ret = v.at;
	*ret_n = v.n;
	return rc;
}

/* ---- the tree ---- */

struct leaf {
	int64_t parent;
	struct kb_node n;
};
typedef VEC(struct kb_node) node_list;

/* Rows are ordered by parent: the children of one stand together. */
static void grow(struct arena *a, const struct leaf *at, size_t n, int64_t parent, int depth, node_list *v)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (at[mid].parent < parent)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t i = lo; i < n && at[i].parent == parent && depth < KB_DEPTH + 2; i++) {
		struct kb_node *node = VEC_ADD(a, v);

		*node = at[i].n;
		node->depth = depth;
		node->first = i == lo;
		node->last = i + 1 == n || at[i + 1].parent != parent;
		grow(a, at, n, at[i].n.page, depth + 1, v);
	}
}

enum rc kb_tree(struct db_tx *tx, struct arena *out, struct kb_node **ret, size_t *ret_n, struct err *err)
{
	VEC(struct leaf) v = { 0 };
	node_list nodes = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_tree, DB_ARGS(db_i64("now", time_now().us), db_i64("max", 1000)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct leaf){
			.parent = db_col_i64(&r, 1),
			.n = {.page = db_col_i64(&r, 0),
                              .title = text(&r, 2, out),
                              .lang = text(&r, 3, out),
                              .state = (enum kb_state)db_col_i64(&r, 4),
                              .live = db_col_i64(&r, 5) != 0}
		};
	if (rc != RC_NOT_FOUND)
		return rc;
	grow(out, v.at, v.n, 0, 0, &nodes);
	*ret = nodes.at;
	*ret_n = nodes.n;
	return RC_OK;
}

/* ---- what jobs look for ---- */

static enum rc next(struct db_tx *tx, const struct db_query *q, struct arena *out, struct instant now, int64_t *page,
                    struct str *lang, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, DB_ARGS(db_i64("now", now.us)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK) {
		*page = db_col_i64(&r, 0);
		*lang = text(&r, 1, out);
	}
	return rc;
}

enum rc kb_row_due(struct db_tx *tx, struct arena *out, struct instant now, int64_t *ret_page, struct str *ret_lang,
                   struct err *err)
{
	return next(tx, &q_due, out, now, ret_page, ret_lang, err);
}

enum rc kb_row_expired(struct db_tx *tx, struct arena *out, struct instant now, int64_t *ret_page, struct str *ret_lang,
                       struct err *err)
{
	return next(tx, &q_expired, out, now, ret_page, ret_lang, err);
}

enum rc kb_row_bin_due(struct db_tx *tx, struct instant before, int64_t *ret_page, struct err *err)
{
	return db_get_i64(tx, &q_bin, DB_ARGS(db_i64("before", before.us)), ret_page, err);
}

enum rc kb_review_step(struct db_tx *tx, struct arena *a, const struct kb_sender *s, struct instant now,
                       struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_review, DB_ARGS(db_i64("now", now.us)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc != RC_OK)
		return rc;
	long long page = (long long)db_col_i64(&r, 0), at = (long long)db_col_i64(&r, 1);
	struct str name = text(&r, 2, a), email = text(&r, 3, a), title = text(&r, 4, a), lang = text(&r, 5, a);
	struct outmail m = {
		.dedupe = arena_strf(a, "kb-review:%lld:%lld", page, at),
		.kind = "kb",
		.from_name = s->from_name,
		.from_addr = s->from_addr,
		.to_name = name,
		.to_addr = email,
		.subject = mail_header_text(a, arena_strf(a, "Due for review: " STR_F, STR_A(title))),
		.text = arena_strf(
		        a,
		        "Hello " STR_F ",\n\nthe page “" STR_F
		        "” of the knowledge base is yours, and the day came on which you wanted to look at it"
		        " again:\n\n" STR_F "/desk/kb/%lld/" STR_F
		        "\n\nIs it still right? Then choose the next date under “Properties”.\n",
		        STR_A(name), STR_A(title), STR_A(s->url), page, STR_A(lang)),
		.at = now,
	};
	struct outmail_id id;

	return outbox_put(tx, &m, now, &id, err);
}

enum rc kb_ask_mail(struct db_tx *tx, struct arena *a, const struct kb_sender *s, const struct actor *who,
                    struct instant now, const struct kb_draft *d, struct agent_id reviewer, struct str comment,
                    struct err *err)
{
	struct agent g;
	struct outmail_id id;
	enum rc rc;

	if (!reviewer.v || reviewer.v == who->agent.v || !s->from_addr.n)
		return RC_OK;
	rc = agent_find(tx, a, reviewer, &g, err);
	if (rc != RC_OK)
		return rc;
	struct outmail m = {
		.dedupe = arena_strf(a, "kb-ask:%lld:" STR_F ":%lld", (long long)d->page, STR_A(d->lang),
		                     (long long)d->version),
		.kind = "kb",
		.from_name = s->from_name,
		.from_addr = s->from_addr,
		.to_name = g.name,
		.to_addr = g.email,
		.subject = mail_header_text(a, arena_strf(a, "Please look at: " STR_F, STR_A(d->title))),
		.text = arena_strf(a,
		                   "Hello " STR_F ",\n\n" STR_F " asks you to look at “" STR_F
		                   "” before readers get it:\n\n" STR_F "/desk/kb/%lld/" STR_F "/publish\n%s" STR_F
		                   "\n",
		                   STR_A(g.name), STR_A(who->name), STR_A(d->title), STR_A(s->url), (long long)d->page,
		                   STR_A(d->lang), comment.n ? "\n" : "", STR_A(comment)),
		.at = now,
	};

	return outbox_put(tx, &m, now, &id, err);
}

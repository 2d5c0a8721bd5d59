/* See use.h. Counts come from kb_count (a row a day and page), words from kb_feedback, tickets from kb_use. */
#include "kb/edit.h"
#include "kb/kb_private.h"
#include "kb/read.h"
#include "kb/use.h"

#define LINKS_MAX 10

DB_QUERY(
        q_of_ticket, "kb.used-by",
        "SELECT u.page_id, 0, a.lang, a.slug, a.title, '', u.how, u.at FROM kb_use u JOIN kb_page p ON p.id = u.page_id"
        " JOIN article a ON a.page_id = p.id AND a.lang = p.source_lang WHERE u.ticket_id = :id ORDER BY u.at, "
        "u.page_id LIMIT 20");
DB_QUERY(q_of_page, "kb.used-for",
         "SELECT u.page_id, t.number, '', '', '', t.subject, u.how, u.at FROM kb_use u JOIN ticket t ON t.id = "
         "u.ticket_id"
         " WHERE u.page_id = :id ORDER BY u.at DESC, u.ticket_id DESC LIMIT 50");
DB_QUERY(q_use_slug, "kb.use-slug",
         "INSERT INTO kb_use (page_id, ticket_id, how, at) SELECT a.page_id, :ticket, 1, :now FROM article a"
         " WHERE a.slug = :slug LIMIT 1 ON CONFLICT DO NOTHING");
DB_QUERY(q_numbers, "kb.numbers",
         "SELECT p.id, a.lang, a.slug, a.title, COALESCE(o.name, ''), p.kind, COALESCE(c.reads, 0), "
         "COALESCE(c.offered, 0),"
         " COALESCE(c.solved, 0), COALESCE(f.yes, 0), COALESCE(f.no, 0), COALESCE(u.n, 0), a.updated_at, p.review_at,"
         " CASE WHEN EXISTS (SELECT 1 FROM article s WHERE s.page_id = p.id AND s.lang <> p.source_lang"
         " AND s.source_revision < a.revision) THEN 1 ELSE 0 END"
         " FROM article a JOIN kb_page p ON p.id = a.page_id AND p.source_lang = a.lang LEFT JOIN agent o ON o.id = "
         "p.owner_id"
         " LEFT JOIN (SELECT page_id, SUM(CASE what WHEN 1 THEN n ELSE 0 END) AS reads,"
         " SUM(CASE what WHEN 2 THEN n ELSE 0 END) AS offered, SUM(CASE what WHEN 3 THEN n ELSE 0 END) AS solved"
         " FROM kb_count WHERE day >= :since GROUP BY page_id) c ON c.page_id = p.id"
         " LEFT JOIN (SELECT page_id, SUM(helpful) AS yes, SUM(1 - helpful) AS no FROM kb_feedback WHERE at >= :from"
         " GROUP BY page_id) f ON f.page_id = p.id"
         " LEFT JOIN (SELECT page_id, COUNT(*) AS n FROM kb_use WHERE how = 2 AND at >= :from GROUP BY page_id) u"
         " ON u.page_id = p.id WHERE p.deleted_at IS NULL AND " KB_LIVE(
                 "a") " AND (CAST(:page AS BIGINT) = 0 OR p.id = :page)"
                      " ORDER BY CASE CAST(:by AS BIGINT) WHEN 1 THEN COALESCE(f.no, 0) + COALESCE(u.n, 0)"
                      " WHEN 2 THEN COALESCE(c.solved, 0) WHEN 3 THEN -a.updated_at ELSE COALESCE(c.reads, 0) END DESC,"
                      " a.title LIMIT 500");

static enum rc used(struct db_tx *tx, struct arena *out, const struct db_query *sql, int64_t id, struct kb_used **ret,
                    size_t *ret_n, struct err *err)
{
	VEC(struct kb_used) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, sql, DB_ARGS(db_i64("id", id)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct kb_used){ .page = db_col_i64(&r, 0),
			                              .number = db_col_i64(&r, 1),
			                              .lang = db_col_str(&r, 2, out),
			                              .slug = db_col_str(&r, 3, out),
			                              .title = db_col_str(&r, 4, out),
			                              .subject = db_col_str(&r, 5, out),
			                              .how = (enum kb_how)db_col_i64(&r, 6),
			                              .at = db_col_time(&r, 7) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_used_by(struct db_tx *tx, struct arena *out, struct ticket_id ticket, struct kb_used **ret, size_t *ret_n,
                   struct err *err)
{
	return used(tx, out, &q_of_ticket, ticket.v, ret, ret_n, err);
}

enum rc kb_used_for(struct db_tx *tx, struct arena *out, int64_t page, struct kb_used **ret, size_t *ret_n,
                    struct err *err)
{
	return used(tx, out, &q_of_page, page, ret, ret_n, err);
}

static bool in_slug(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

size_t kb_slugs_in(struct str base, struct str text, struct str *ret, size_t max)
{
	size_t n = 0;

	for (size_t from = 0; n < max;) {
		size_t at = str_find(str_from(text, from), STR("/kb/"));
		size_t end, k = 0;

		if (at == STR_NONE)
			break;
		at += from;
		end = from = at + 4;
		while (end < text.n && in_slug(text.p[end]))
			end++;
		struct str slug = str_sub(text, from, end - from), before = str_sub(text, 0, at);

		if (!slug.n || slug.n > KB_SLUG_MAX || (end < text.n && text.p[end] == '/'))
			continue; /* "/kb/media/..." */
		if (!str_ends(before, base) && before.n && !strchr(" \t\n(\"<[", before.p[before.n - 1]))
			continue; /* another desk's */
		while (k < n && !str_eq(ret[k], slug))
			k++;
		if (k == n)
			ret[n++] = slug;
	}
	return n;
}

enum rc kb_used_in(struct db_tx *tx, struct str base, struct str text, struct ticket_id ticket, struct instant now,
                   struct err *err)
{
	struct str slug[LINKS_MAX];
	size_t n = kb_slugs_in(base, text, slug, LINKS_MAX);
	enum rc rc = RC_OK;

	for (size_t i = 0; i < n && rc == RC_OK; i++)
		rc = db_exec(tx, &q_use_slug,
		             DB_ARGS(db_str("slug", slug[i]), db_i64("ticket", ticket.v), db_i64("now", now.us)), NULL,
		             err);
	return rc;
}

enum rc kb_numbers(struct db_tx *tx, struct arena *out, int64_t page, struct instant now, int64_t since,
                   enum kb_order by, struct kb_numbers **ret, size_t *ret_n, struct err *err)
{
	VEC(struct kb_numbers) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_numbers,
	                       DB_ARGS(db_i64("page", page), db_i64("since", since), db_i64("from", since * DAY_US),
	                               db_i64("by", by), db_i64("now", now.us)),
	                       &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct kb_numbers){ .page = db_col_i64(&r, 0),
			                                 .lang = db_col_str(&r, 1, out),
			                                 .slug = db_col_str(&r, 2, out),
			                                 .title = db_col_str(&r, 3, out),
			                                 .owner = db_col_str(&r, 4, out),
			                                 .kind = (enum article_kind)db_col_i64(&r, 5),
			                                 .reads = db_col_i64(&r, 6),
			                                 .offered = db_col_i64(&r, 7),
			                                 .solved = db_col_i64(&r, 8),
			                                 .yes = db_col_i64(&r, 9),
			                                 .no = db_col_i64(&r, 10),
			                                 .tickets = db_col_i64(&r, 11),
			                                 .updated_at = db_col_time(&r, 12),
			                                 .review_at = db_col_time(&r, 13),
			                                 .stale = db_col_i64(&r, 14) != 0 };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

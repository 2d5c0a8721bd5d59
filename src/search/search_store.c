/* Full text on both engines. Messages: newest first, by walking matches from the newest row down and stopping early, so
 * that a common word costs no more than a rare one. */
#include "search/search_private.h"
#include "util/buf.h"

#define CANDIDATES 300

DB_QUERY2(q_find, "search.messages",
	  "SELECT f.rowid, m.ticket_id FROM (SELECT rowid FROM message_fts WHERE message_fts MATCH :q AND rowid < :before ORDER BY rowid DESC LIMIT :max) f"
	  " JOIN message m ON m.id = f.rowid ORDER BY f.rowid DESC",
	  "SELECT f.message_id, m.ticket_id FROM (SELECT message_id FROM message_fts WHERE tsv @@ CAST(:q AS tsquery) AND message_id < :before"
	  " ORDER BY message_id DESC LIMIT :max) f JOIN message m ON m.id = f.message_id ORDER BY f.message_id DESC");
DB_QUERY2(q_articles, "search.articles",
	  "SELECT a.id, a.slug, a.title, a.summary, a.kind FROM article_fts f JOIN article a ON a.id = f.rowid WHERE article_fts MATCH :q"
	  " AND a.visibility <= :visibility AND a.published_at IS NOT NULL AND a.lang = :lang ORDER BY bm25(article_fts, 5.0, 1.0) LIMIT :max",
	  "SELECT a.id, a.slug, a.title, a.summary, a.kind FROM article_fts f JOIN article a ON a.id = f.article_id"
	  " WHERE f.tsv @@ CAST(:q AS tsquery) AND a.visibility <= :visibility AND a.published_at IS NOT NULL AND a.lang = :lang"
	  " ORDER BY ts_rank(f.tsv, CAST(:q AS tsquery)) DESC LIMIT :max");
DB_QUERY2(q_drop_article, "search.drop-article", "DELETE FROM article_fts WHERE rowid = :id", "DELETE FROM article_fts WHERE article_id = :id");
DB_QUERY2(q_put_article, "search.put-article", "INSERT INTO article_fts (rowid, title, text) VALUES (:id, :title, :text)",
	  "INSERT INTO article_fts (article_id, tsv) VALUES (:id, setweight(to_tsvector('simple', CAST(:title AS TEXT)), 'A') || to_tsvector('simple', CAST(:text AS TEXT)))");
DB_QUERY(q_text, "search.text",
	 "SELECT m.id, CASE WHEN m.id = (SELECT MIN(id) FROM message f WHERE f.ticket_id = m.ticket_id) THEN t.subject ELSE '' END,"
	 " m.text, COALESCE(m.email, ''), m.author FROM message m JOIN ticket t ON t.id = m.ticket_id WHERE m.id = :id");
DB_QUERY2(q_put, "search.put-message", "INSERT INTO message_fts (rowid, text) VALUES (:id, :text)",
	  "INSERT INTO message_fts (message_id, tsv) VALUES (:id, to_tsvector('simple', CAST(:text AS TEXT))) ON CONFLICT (message_id) DO NOTHING");

/* FTS5: "word" "pre"*; PostgreSQL: 'word' & 'pre':*. Words hold letters and digits only. */
static bool query(struct buf *b, bool pg, struct str words)
{
	struct search_word w[MAX_WORDS];
	size_t n = search_words(words, w, MAX_WORDS);
	AUTO_ARENA a;

	arena_init(&a);
	for (size_t i = 0; i < n; i++) {
		struct str s = pg ? str_lower(&a, w[i].text) : w[i].text;

		buf_addf(b, pg ? "%s'" STR_F "'%s" : "%s\"" STR_F "\"%s", i ? (pg ? " & " : " ") : "", STR_A(s), w[i].prefix ? (pg ? ":*" : "*") : "");
	}
	return n > 0;
}

enum rc search_tickets(struct db_tx *tx, struct arena *out, struct str words, int64_t before, size_t max, struct search_page *ret, struct err *err)
{
	struct search_hit *at = arena_array(out, struct search_hit, max + 1);
	size_t n = 0, seen = 0;
	int64_t last = 0;
	AUTO_BUF q;
	AUTO_ROWS r = { 0 };

	buf_init(&q, 8192);
	*ret = (struct search_page){ .at = at };
	if (!query(&q, db_tx_is_postgres(tx), words))
		return RC_OK;
	enum rc rc = db_select(tx, &q_find, DB_ARGS(db_str("q", buf_str(&q)), db_i64("before", before ? before : INT64_MAX), db_i64("max", CANDIDATES)), &r, err);
	while (n < max && rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		struct search_hit h = { { db_col_i64(&r, 0) }, { db_col_i64(&r, 1) } };
		size_t i = 0;

		seen++;
		last = h.message.v;
		while (i < n && at[i].ticket.v != h.ticket.v)
			i++;
		if (i == n)
			at[n++] = h;
	}
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	ret->n = n;
	ret->more = n == max || seen == CANDIDATES;
	ret->before = last;
	return RC_OK;
}

enum rc search_articles(struct db_tx *tx, struct arena *out, struct str words, struct str lang, int max_visibility, size_t max,
			struct article_hit **ret, size_t *ret_n, struct err *err)
{
	VEC(struct article_hit) v = { 0 };
	AUTO_BUF q;
	AUTO_ROWS r = { 0 };

	buf_init(&q, 8192);
	*ret = NULL;
	*ret_n = 0;
	if (!query(&q, db_tx_is_postgres(tx), words))
		return RC_OK;
	enum rc rc = db_select(tx, &q_articles,
			       DB_ARGS(db_str("q", buf_str(&q)), db_i64("visibility", max_visibility), db_str("lang", lang), db_i64("max", (int64_t)max)), &r, err);
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct article_hit){ { db_col_i64(&r, 0) }, db_col_str(&r, 1, out), db_col_str(&r, 2, out), db_col_str(&r, 3, out), (int)db_col_i64(&r, 4) };
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

enum rc search_index_article(struct db_tx *tx, struct article_id id, struct str title, struct str text, bool present, struct err *err)
{
	enum rc rc = db_exec(tx, &q_drop_article, DB_ARGS(db_i64("id", id.v)), NULL, err);

	if (rc == RC_OK && present)
		rc = db_exec(tx, &q_put_article, DB_ARGS(db_i64("id", id.v), db_str("title", title), db_str("text", text)), NULL, err);
	return rc;
}

static enum rc index_one(struct db_tx *tx, int64_t id, struct err *err)
{
	AUTO_BUF text;
	enum rc rc;

	buf_init(&text, 1 << 20);
	{
		AUTO_ROWS r = { 0 };

		rc = db_select(tx, &q_text, DB_ARGS(db_i64("id", id)), &r, err);
		if (rc == RC_OK)
			rc = db_next(&r, err);
		if (rc != RC_OK)
			return rc == RC_NOT_FOUND ? RC_OK : rc;
		for (int i = 1; i <= 4; i++) {
			buf_adds(&text, str_utf8_clip(db_col_peek(&r, i), 200000));
			buf_addc(&text, '\n');
		}
	}
	return db_exec(tx, &q_put, DB_ARGS(db_i64("id", id), db_str("text", buf_str(&text))), NULL, err);
}

static enum rc index_events(struct db_tx *tx, const struct event *e, size_t n, void *arg, struct err *err)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < n && rc == RC_OK; i++)
		if (e[i].message.v && (str_is(e[i].kind, EV_TICKET_OPENED) || str_is(e[i].kind, EV_MESSAGE) || str_is(e[i].kind, EV_NOTE) || str_is(e[i].kind, EV_MAIL_AUTOMATIC)))
			rc = index_one(tx, e[i].message.v, err);
	return rc;
}

struct event_reader search_reader(void)
{
	return (struct event_reader){ .name = "search", .batch = 40, .handle = index_events };
}

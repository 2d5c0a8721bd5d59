/* Full text on both engines. Messages: newest first, by walking matches from the newest row down and stopping early, so
 * that a common word costs no more than a rare one. */
#include "search/search_private.h"

#define CANDIDATES 300
/* A slice of the indexer holds the writer for a few milliseconds: 8 usual messages. What is behind the first 64 KiB of
 * one message is not found. */
#define SLICE    8
#define TEXT_MAX (64 << 10)

DB_QUERY2(
        q_find, "search.messages",
        "SELECT f.rowid, m.ticket_id FROM (SELECT rowid FROM message_fts WHERE message_fts MATCH :q AND rowid < :before"
        " ORDER BY rowid DESC LIMIT :max) f JOIN message m ON m.id = f.rowid ORDER BY f.rowid DESC",
        "SELECT f.message_id, m.ticket_id FROM (SELECT message_id FROM message_fts WHERE tsv @@ CAST(:q AS tsquery)"
        " AND message_id < :before ORDER BY message_id DESC LIMIT :max) f JOIN message m ON m.id = f.message_id"
        " ORDER BY f.message_id DESC");
DB_QUERY(q_text, "search.text",
         "SELECT CASE WHEN m.id = (SELECT MIN(f.id) FROM message f WHERE f.ticket_id = m.ticket_id) THEN t.subject "
         "ELSE ''"
         " END, COALESCE(m.email, ''), m.author, m.text FROM message m JOIN ticket t ON t.id = m.ticket_id"
         " WHERE m.id = :id");
/* A row of a contentless table cannot be written twice without spoiling the index: its shadow table tells. */
DB_QUERY2(q_put, "search.put-message",
          "INSERT INTO message_fts (rowid, text) SELECT :id, :text WHERE NOT EXISTS"
          " (SELECT 1 FROM message_fts_docsize WHERE id = :id)",
          "INSERT INTO message_fts (message_id, tsv) VALUES (:id, CAST(CAST(:text AS TEXT) AS tsvector))"
          " ON CONFLICT (message_id) DO NOTHING");

enum rc search_tickets(struct db_tx *tx, struct arena *out, struct str words, int64_t before, size_t max,
                       struct search_page *ret, struct err *err)
{
	struct search_hit *at = arena_array(out, struct search_hit, max + 1);
	size_t n = 0, seen = 0, i;
	enum rc rc;
	AUTO_BUF q;
	AUTO_ROWS r = { 0 };

	buf_init(&q, 4096);
	*ret = (struct search_page){ .at = at };
	if (!search_expression(&q, db_tx_is_postgres(tx), words))
		return RC_OK;
	rc = db_select(tx, &q_find,
	               DB_ARGS(db_str("q", buf_str(&q)), db_i64("before", before ? before : INT64_MAX),
	                       db_i64("max", CANDIDATES)),
	               &r, err);
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		struct search_hit h = { { db_col_i64(&r, 0) }, { db_col_i64(&r, 1) } };

		for (i = 0; i < n && at[i].ticket.v != h.ticket.v; i++)
			;
		if (i == n && n == max) {
			ret->more = true;
			break;
		}
		if (i == n)
			at[n++] = h;
		seen++;
		ret->before = h.message.v;
	}
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	ret->n = n;
	ret->more |= seen == CANDIDATES;
	return RC_OK;
}

static enum rc index_message(struct db_tx *tx, int64_t id, struct err *err)
{
	bool postgres = db_tx_is_postgres(tx);
	int pos = 0;
	AUTO_BUF text;

	buf_init(&text, 1 << 20);
	{
		AUTO_ROWS r = { 0 };
		enum rc rc = db_select(tx, &q_text, DB_ARGS(db_i64("id", id)), &r, err);

		if (rc == RC_OK)
			rc = db_next(&r, err);
		if (rc != RC_OK)
			return rc == RC_NOT_FOUND ? RC_OK : rc;
		for (int i = 0; i < 4; i++) {
			struct str s = str_utf8_clip(db_col_peek(&r, i), TEXT_MAX);

			if (postgres) {
				search_tsvector(&text, s, 'D', &pos);
				continue;
			}
			buf_adds(&text, s);
			buf_addc(&text, '\n');
		}
	}
	return db_exec(tx, &q_put, DB_ARGS(db_i64("id", id), db_str("text", buf_str(&text))), NULL, err);
}

static bool is_indexed(struct str kind)
{
	return str_is(kind, EV_MESSAGE) || str_is(kind, EV_NOTE) || str_is(kind, EV_TICKET_OPENED) ||
	       str_is(kind, EV_MAIL_AUTOMATIC);
}

static enum rc index_events(struct db_tx *tx, const struct event *e, size_t n, void *arg, struct err *err)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < n && rc == RC_OK; i++)
		if (e[i].message.v && is_indexed(e[i].kind))
			rc = index_message(tx, e[i].message.v, err);
	return rc;
}

struct event_reader search_reader(void)
{
	return (struct event_reader){ .name = "search", .batch = SLICE, .handle = index_events };
}

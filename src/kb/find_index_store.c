/* The index of articles, kept in the transaction that changes what readers get; what changed in another way, a job
 * finds. And what people keep for searching: words that stand for others, pages chosen for words, the list of gaps. */
#include "kb/edit.h"
#include "kb/find_private.h"
#include "kb/kb_private.h"
#include "util/json.h"

#define VERSION 1 /* of what is written; another one makes the index anew */
#define STEP    20

DB_QUERY(q_source, "kb.index-source",
         "SELECT a.title, a.markdown, p.tags, a.body, a.lang, a.page_id, a.published_at, a.expires_at, a.updated_at,"
         " p.visibility FROM article a JOIN kb_page p ON p.id = a.page_id WHERE a.id = :id");
DB_QUERY(
        q_put, "kb.index-put",
        "INSERT INTO kb_index (article_id, page_id, lang, published_at, expires_at, updated_at, made, visibility, tags,"
        " head) VALUES (:id, :page, :lang, :published, :expires, :updated, :made, :visibility, :tags, :head)"
        " ON CONFLICT (article_id) DO UPDATE SET page_id = excluded.page_id, lang = excluded.lang,"
        " published_at = excluded.published_at, expires_at = excluded.expires_at, updated_at = excluded.updated_at,"
        " made = excluded.made, visibility = excluded.visibility, tags = excluded.tags, head = excluded.head");
DB_QUERY2(q_drop, "kb.index-drop", "DELETE FROM kb_fts WHERE rowid = :id", "DELETE FROM kb_fts WHERE article_id = :id");
DB_QUERY(q_drop_row, "kb.index-drop-row", "DELETE FROM kb_index WHERE article_id = :id");
DB_QUERY2(q_drop_page, "kb.index-drop-page",
          "DELETE FROM kb_fts WHERE rowid IN (SELECT article_id FROM kb_index WHERE page_id = :page)",
          "DELETE FROM kb_fts WHERE article_id IN (SELECT article_id FROM kb_index WHERE page_id = :page)");
DB_QUERY2(q_words, "kb.index-words", "INSERT INTO kb_fts (rowid, head, body) VALUES (:id, :head, :body)",
          "INSERT INTO kb_fts (article_id, head, body) VALUES (:id, CAST(CAST(:head AS TEXT) AS tsvector),"
          " CAST(CAST(:body AS TEXT) AS tsvector))");
/* Rows that did not change are not written: most words of an article are known. */
DB_QUERY2(q_vocab, "kb.index-vocab",
          "INSERT INTO kb_vocab (word, level) SELECT value, :level FROM json_each(:words) WHERE true ON CONFLICT (word)"
          " DO UPDATE SET level = excluded.level WHERE kb_vocab.level > excluded.level RETURNING word",
          "INSERT INTO kb_vocab (word, level) SELECT e, CAST(:level AS BIGINT) FROM"
          " json_array_elements_text(CAST(:words AS json)) AS t (e) ORDER BY e ON CONFLICT (word) DO UPDATE"
          " SET level = excluded.level WHERE kb_vocab.level > excluded.level RETURNING word");
DB_QUERY2(q_keys, "kb.index-keys",
          "INSERT INTO kb_near (h, word) SELECT value ->> 0, value ->> 1 FROM json_each(:keys) WHERE true"
          " ON CONFLICT DO NOTHING",
          "INSERT INTO kb_near (h, word) SELECT CAST(e ->> 0 AS BIGINT), e ->> 1 FROM"
          " json_array_elements(CAST(:keys AS json)) AS t (e) ORDER BY 1, 2 ON CONFLICT DO NOTHING");
DB_QUERY(q_stamps, "kb.index-stamps",
         "SELECT (SELECT value FROM counter WHERE name = 'kb'), (SELECT value FROM counter WHERE name = 'kb-find')");
DB_QUERY(q_seen, "kb.index-seen", "UPDATE counter SET value = :value WHERE name = 'kb-find'");
DB_QUERY(q_stale, "kb.index-stale",
         "SELECT a.id FROM article a JOIN kb_page p ON p.id = a.page_id LEFT JOIN kb_index i ON i.article_id = a.id"
         " WHERE i.article_id IS NULL OR i.made <> :version OR i.tags <> p.tags OR i.visibility <> p.visibility"
         " OR i.updated_at <> a.updated_at OR COALESCE(i.published_at, 0) <> COALESCE(a.published_at, 0)"
         " OR COALESCE(i.expires_at, 0) <> COALESCE(a.expires_at, 0) ORDER BY a.id LIMIT :max");

DB_QUERY(q_synonyms, "kb.synonyms", "SELECT id, lang, words FROM kb_synonym ORDER BY words, id LIMIT 1000");
DB_QUERY(q_add_synonym, "kb.add-synonym", "INSERT INTO kb_synonym (lang, words) VALUES (:lang, :words)");
DB_QUERY(q_drop_synonym, "kb.drop-synonym", "DELETE FROM kb_synonym WHERE id = :id");
DB_QUERY(q_pins, "kb.pins",
         "SELECT k.page_id, k.lang, k.words, a.slug, a.title FROM kb_pin k JOIN kb_page p ON p.id = k.page_id"
         " JOIN article a ON a.page_id = p.id AND a.lang = p.source_lang ORDER BY k.words, a.title LIMIT 1000");
DB_QUERY(q_add_pin, "kb.add-pin",
         "INSERT INTO kb_pin (lang, words, page_id) SELECT :lang, :words, a.page_id FROM article a WHERE a.slug = :slug"
         " LIMIT 1 ON CONFLICT DO NOTHING RETURNING page_id");
DB_QUERY(q_has_pin, "kb.has-pin",
         "SELECT k.page_id FROM kb_pin k JOIN article a ON a.page_id = k.page_id WHERE k.lang = :lang AND k.words = "
         ":words"
         " AND a.slug = :slug LIMIT 1");
DB_QUERY(q_drop_pin, "kb.drop-pin", "DELETE FROM kb_pin WHERE lang = :lang AND words = :words AND page_id = :page");
DB_QUERY(q_gaps, "kb.gaps",
         "SELECT MAX(day), lang, words, SUM(n), MIN(hits), SUM(opened) FROM kb_query WHERE day >= :since"
         " GROUP BY lang, words HAVING SUM(n) > 0 AND (MAX(hits) = 0 OR SUM(opened) = 0) ORDER BY SUM(n) DESC, words, "
         "lang LIMIT 500");
DB_QUERY(q_gaps_by_day, "kb.gaps-by-day",
         "SELECT day, lang, words, n, hits, opened FROM kb_query WHERE day >= :since AND n > 0 AND (hits = 0 OR opened "
         "= 0)"
         " ORDER BY day DESC, n DESC, words, lang LIMIT 500");

/* ---- the index ---- */

struct row {
	struct find_source s;
	int64_t page, visibility;
	struct instant published, expires, updated;
};

static enum rc read_row(struct db_tx *tx, struct arena *a, struct article_id id, struct row *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_source, DB_ARGS(db_i64("id", id.v)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc != RC_OK)
		return rc;
	*ret = (struct row){
		.s = {.title = db_col_str(&r, 0, a),
                      .markdown = db_col_str(&r, 1, a),
                      .tags = db_col_str(&r, 2, a),
                      .body = db_col_str(&r, 3, a),
                      .lang = db_col_str(&r, 4, a)},
		.page = db_col_i64(&r, 5),
		.published = db_col_time(&r, 6),
		.expires = db_col_time(&r, 7),
		.updated = db_col_time(&r, 8),
		.visibility = db_col_i64(&r, 9),
	};
	return RC_OK;
}

static enum rc put_keys(struct db_tx *tx, const struct str *words, size_t n, struct err *err)
{
	struct json j;
	AUTO_BUF b;

	buf_init(&b, 8 << 20);
	if (!n)
		return RC_OK;
	json_init(&j, &b);
	json_arr(&j);
	for (size_t i = 0; i < n; i++) {
		int64_t keys[FIND_KEYS];
		size_t k = find_keys(words[i], keys);

		for (size_t c = 0; c < k; c++) {
			json_arr(&j);
			json_i64(&j, keys[c]);
			json_str(&j, words[i]);
			json_end_arr(&j);
		}
	}
	json_end_arr(&j);
	return b.full ? RC_OK : db_exec(tx, &q_keys, DB_ARGS(db_str("keys", buf_str(&b))), NULL, err);
}

static enum rc put_words(struct db_tx *tx, struct arena *a, const struct find_entry *e, int64_t visibility,
                         struct err *err)
{
	VEC(struct str) fresh = { 0 };
	struct json j;
	AUTO_BUF b;
	enum rc rc;

	buf_init(&b, 1 << 20);
	json_init(&j, &b);
	json_arr(&j);
	for (size_t i = 0; i < e->n_words; i++)
		json_str(&j, e->words[i]);
	json_end_arr(&j);
	{
		AUTO_ROWS r = { 0 };

		rc = db_select(tx, &q_vocab,
		               DB_ARGS(db_str("words", buf_str(&b)), db_i64("level", visibility < 3 ? visibility : 3)),
		               &r, err);
		while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
			*VEC_ADD(a, &fresh) = db_col_str(&r, 0, a);
	}
	return rc == RC_NOT_FOUND ? put_keys(tx, fresh.at, fresh.n, err) : rc;
}

enum rc kb_index_put(struct db_tx *tx, struct article_id id, struct err *err)
{
	struct row row;
	struct find_entry e;
	AUTO_ARENA a;
	enum rc rc;

	arena_init(&a);
	rc = read_row(tx, &a, id, &row, err);
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	find_index(&a, &row.s, db_tx_is_postgres(tx), &e);
	rc = db_exec(tx, &q_drop, DB_ARGS(db_i64("id", id.v)), NULL, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_words, DB_ARGS(db_i64("id", id.v), db_str("head", e.head), db_str("body", e.body)),
		             NULL, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_put,
		             DB_ARGS(db_i64("id", id.v), db_i64("page", row.page), db_str("lang", row.s.lang),
		                     db_time("published", row.published), db_time("expires", row.expires),
		                     db_i64("updated", row.updated.us), db_i64("made", VERSION),
		                     db_i64("visibility", row.visibility), db_str("tags", row.s.tags),
		                     db_str("head", e.rank)),
		             NULL, err);
	return rc == RC_OK ? put_words(tx, &a, &e, row.visibility, err) : rc;
}

enum rc kb_index_drop(struct db_tx *tx, struct article_id id, struct err *err)
{
	enum rc rc = db_exec(tx, &q_drop, DB_ARGS(db_i64("id", id.v)), NULL, err);

	return rc == RC_OK ? db_exec(tx, &q_drop_row, DB_ARGS(db_i64("id", id.v)), NULL, err) : rc;
}

enum rc kb_index_drop_page(struct db_tx *tx, int64_t page, struct err *err)
{
	return db_exec(tx, &q_drop_page, DB_ARGS(db_i64("page", page)), NULL, err);
}

struct behind {
	int64_t kb, seen, id[STEP];
	size_t n;
};

static enum rc read_behind(struct db_tx *tx, void *arg, struct err *err)
{
	struct behind *b = arg;
	enum rc rc;

	{
		AUTO_ROWS r = { 0 };

		rc = db_select(tx, &q_stamps, DB_NO_ARGS, &r, err);
		if (rc == RC_OK)
			rc = db_next(&r, err);
		if (rc != RC_OK)
			return rc;
		b->kb = db_col_i64(&r, 0);
		b->seen = db_col_i64(&r, 1);
	}
	b->n = 0;
	if (b->kb == b->seen)
		return RC_OK;
	AUTO_ROWS r = { 0 };
	rc = db_select(tx, &q_stale, DB_ARGS(db_i64("version", VERSION), db_i64("max", STEP)), &r, err);
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK && b->n < STEP)
		b->id[b->n++] = db_col_i64(&r, 0);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc write_behind(struct db_tx *tx, void *arg, struct err *err)
{
	struct behind *b = arg;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < b->n && rc == RC_OK; i++)
		rc = kb_index_put(tx, (struct article_id){ b->id[i] }, err);
	if (rc == RC_OK && b->n < STEP)
		rc = db_exec(tx, &q_seen, DB_ARGS(db_i64("value", b->kb)), NULL, err);
	return rc;
}

enum rc kb_index_catch_up(struct db *db, struct arena *scratch, struct err *err)
{
	struct behind b;
	enum rc rc;

	do {
		rc = db_read(db, read_behind, &b, err);
		if (rc == RC_OK && b.kb != b.seen)
			rc = db_write_behind(db, write_behind, &b, err);
	} while (rc == RC_OK && b.n == STEP);
	return rc;
}

/* ---- what people keep ---- */

enum rc kb_synonyms(struct db_tx *tx, struct arena *out, struct kb_synonym **ret, size_t *ret_n, struct err *err)
{
	VEC(struct kb_synonym) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_synonyms, DB_NO_ARGS, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct kb_synonym){ db_col_i64(&r, 0), db_col_str(&r, 1, out),
			                                 db_col_str(&r, 2, out) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_synonym_put(struct db_tx *tx, struct arena *scratch, struct str lang, struct str words, struct err *err)
{
	size_t n;
	struct str list = find_list(scratch, words, &n);

	if (n < 2 || list.n > 500)
		return fail_field(err, RC_INVALID, "words",
		                  "Write two words or more with commas between them, at most 500 bytes");
	if (lang.n && !kb_lang_ok(lang))
		return fail_field(err, RC_INVALID, "lang",
		                  "The language is a short code like en or es, or empty for all");
	return db_exec(tx, &q_add_synonym, DB_ARGS(db_str("lang", lang.n ? lang : STR("")), db_str("words", list)),
	               NULL, err);
}

enum rc kb_synonym_drop(struct db_tx *tx, int64_t id, struct err *err)
{
	return db_exec(tx, &q_drop_synonym, DB_ARGS(db_i64("id", id)), NULL, err);
}

enum rc kb_pins(struct db_tx *tx, struct arena *out, struct kb_pin **ret, size_t *ret_n, struct err *err)
{
	VEC(struct kb_pin) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_pins, DB_NO_ARGS, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct kb_pin){ db_col_i64(&r, 0), db_col_str(&r, 1, out), db_col_str(&r, 2, out),
			                             db_col_str(&r, 3, out), db_col_str(&r, 4, out) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_pin_put(struct db_tx *tx, struct arena *scratch, struct str lang, struct str words, struct str slug,
                   struct err *err)
{
	struct str folded = find_folded(scratch, words);
	int64_t page;
	size_t at = str_find(slug, STR("/kb/"));

	if (!folded.n)
		return fail_field(err, RC_INVALID, "words", "Write the words that people search for");
	if (lang.n && !kb_lang_ok(lang))
		return fail_field(err, RC_INVALID, "lang",
		                  "The language is a short code like en or es, or empty for all");
	slug = str_trim(at == STR_NONE ? slug : str_from(slug, at + 4));
	for (size_t i = 0; i < slug.n; i++)
		if (slug.p[i] == '?' || slug.p[i] == '#' || slug.p[i] == '/')
			slug = str_sub(slug, 0, i);
	struct db_args args = DB_ARGS(db_str("lang", lang.n ? lang : STR("")), db_str("words", folded),
	                              db_str("slug", slug));
	enum rc rc = db_get_i64(tx, &q_add_pin, args, &page, err);

	if (rc == RC_NOT_FOUND)
		rc = db_get_i64(tx, &q_has_pin, args, &page, err);
	return rc == RC_NOT_FOUND ? fail_field(err, RC_INVALID, "page", "There is no published page with this address")
	                          : rc;
}

enum rc kb_pin_drop(struct db_tx *tx, struct str lang, struct str words, int64_t page, struct err *err)
{
	return db_exec(tx, &q_drop_pin,
	               DB_ARGS(db_str("lang", lang.n ? lang : STR("")), db_str("words", words), db_i64("page", page)),
	               NULL, err);
}

enum rc kb_gaps(struct db_tx *tx, struct arena *out, int64_t since, bool by_day, struct kb_gap **ret, size_t *ret_n,
                struct err *err)
{
	VEC(struct kb_gap) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, by_day ? &q_gaps_by_day : &q_gaps, DB_ARGS(db_i64("since", since)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct kb_gap){ .day = db_col_i64(&r, 0),
			                             .lang = db_col_str(&r, 1, out),
			                             .words = db_col_str(&r, 2, out),
			                             .n = db_col_i64(&r, 3),
			                             .hits = db_col_i64(&r, 4),
			                             .opened = db_col_i64(&r, 5) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* The table kb_media. Who may see one is part of the query: readers see what is in a text they may read now. */
#include "kb/kb_private.h"
#include "kb/media.h"
#include "util/buf.h"
#include "util/crypt.h"

#define COLUMNS "m.id, m.token, m.name, m.type, m.sha256, m.size, m.width, m.height, m.thumb, m.alt, m.at"
DB_QUERY(q_find, "kb-media.find",
         "SELECT " COLUMNS
         " FROM kb_media m WHERE m.token = :token AND (CAST(:level AS BIGINT) >= 3 OR EXISTS (SELECT 1"
         " FROM kb_media_use u JOIN kb_page p ON p.id = u.page_id JOIN article a ON a.page_id = u.page_id"
         " AND a.lang = u.lang WHERE u.media_id = m.id AND u.live = 1 AND " KB_SEES " AND " KB_LIVE("a") "))");
DB_QUERY(q_list, "kb-media.list",
         "SELECT " COLUMNS " FROM kb_media m WHERE CAST(:words AS TEXT) = ''"
         " OR LOWER(m.name) LIKE :words OR LOWER(m.alt) LIKE :words ORDER BY m.id DESC LIMIT 100");
DB_QUERY(q_add, "kb-media.add",
         "INSERT INTO kb_media (token, name, type, sha256, size, width, height, thumb, alt, source_key, made_by, at)"
         " VALUES (:token, :name, :type, :sha256, :size, :width, :height, :thumb, :alt, :key, :by, :at)"
         " ON CONFLICT (source_key) DO UPDATE SET name = excluded.name, type = excluded.type,"
         " sha256 = excluded.sha256, size = excluded.size, width = excluded.width, height = excluded.height,"
         " thumb = excluded.thumb RETURNING id, token");
DB_QUERY(q_set_alt, "kb-media.set-alt", "UPDATE kb_media SET alt = :alt WHERE token = :token");

#define ALT_MAX 500

static void row(struct db_rows *r, struct arena *out, struct kb_media *m)
{
	*m = (struct kb_media){ .id = db_col_i64(r, 0),
		                .token = db_col_str(r, 1, out),
		                .name = db_col_str(r, 2, out),
		                .type = db_col_str(r, 3, out),
		                .sha256 = db_col_str(r, 4, out),
		                .size = db_col_i64(r, 5),
		                .width = (int)db_col_i64(r, 6),
		                .height = (int)db_col_i64(r, 7),
		                .thumb = db_col_str(r, 8, out),
		                .alt = db_col_str(r, 9, out),
		                .at = db_col_time(r, 10) };
}

static enum rc agents_only(const struct actor *who, struct err *err)
{
	return actor_is_agent(who) || who->kind == ACTOR_SYSTEM
	               ? RC_OK
	               : fail(err, RC_DENIED, "Only agents change the knowledge base; nothing was saved");
}

enum rc kb_media_add(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, struct kb_media *m,
                     struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = agents_only(who, err);
	if (rc == RC_OK && m->alt.n > ALT_MAX)
		rc = fail_field(err, RC_INVALID, "alt", "The alternative text has at most %d bytes", ALT_MAX);
	if (rc == RC_OK)
		rc = db_select(tx, &q_add,
		               DB_ARGS(db_str("token", random_token(a)), db_str("name", m->name),
		                       db_str("type", m->type), db_str("sha256", m->sha256), db_i64("size", m->size),
		                       db_i64("width", m->width), db_i64("height", m->height),
		                       db_str("thumb", m->thumb.p ? m->thumb : STR("")),
		                       db_str("alt", m->alt.p ? m->alt : STR("")), db_str("key", m->source_key),
		                       db_str("by", who->name.p ? who->name : STR("")), db_i64("at", now.us)),
		               &r, err);
	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK) {
		m->id = db_col_i64(&r, 0);
		m->token = db_col_str(&r, 1, a);
		m->at = now;
	}
	return rc;
}

enum rc kb_media_find(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                      struct str token, struct kb_media *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_find, DB_ARGS(db_str("token", token), KB_READER(who, now)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, RC_NOT_FOUND, "There is no such file");
	if (rc == RC_OK)
		row(&r, out, ret);
	return rc;
}

enum rc kb_media_list(struct db_tx *tx, struct arena *out, const struct actor *who, struct str words,
                      struct kb_media **ret, size_t *ret_n, struct err *err)
{
	VEC(struct kb_media) v = { 0 };
	AUTO_ROWS r = { 0 };
	AUTO_BUF like;

	buf_init(&like, 400);
	words = str_trim(str_sub(words, 0, 100));
	if (words.n) {
		buf_addc(&like, '%');
		for (size_t i = 0; i < words.n; i++)
			buf_addc(&like, strchr("%_\\", words.p[i]) ? '_' : words.p[i]);
		buf_addc(&like, '%');
	}
	enum rc rc = agents_only(who, err);
	if (rc == RC_OK)
		rc = db_select(tx, &q_list, DB_ARGS(db_str("words", str_lower(out, buf_str(&like)))), &r, err);
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		row(&r, out, VEC_ADD(out, &v));
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

enum rc kb_media_set_alt(struct db_tx *tx, const struct actor *who, struct str token, struct str alt, struct err *err)
{
	int64_t n = 0;
	enum rc rc = agents_only(who, err);

	if (rc == RC_OK && (alt.n > ALT_MAX || !str_utf8_valid(alt)))
		rc = fail_field(err, RC_INVALID, "alt", "The alternative text has at most %d bytes", ALT_MAX);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_set_alt, DB_ARGS(db_str("token", token), db_str("alt", alt.p ? alt : STR(""))), &n,
		             err);
	return rc == RC_OK && n == 0 ? fail(err, RC_NOT_FOUND, "There is no such file") : rc;
}

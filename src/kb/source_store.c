/* The table kb_source. */
#include "kb/source_private.h"

#define COLUMNS "id, name, url, branch, folder, lang, kind, visibility, every, commit_id, error, report, taken_at"
DB_QUERY(q_list, "kb-source.list", "SELECT " COLUMNS " FROM kb_source ORDER BY name LIMIT 200");
DB_QUERY(q_find, "kb-source.find", "SELECT " COLUMNS " FROM kb_source WHERE name = :name");
DB_QUERY(q_due, "kb-source.due",
         "SELECT " COLUMNS
         " FROM kb_source WHERE every > 0 AND (taken_at IS NULL OR taken_at + every * 60000000 <= :now)"
         " ORDER BY COALESCE(taken_at, 0), id LIMIT 1");
DB_QUERY(q_save, "kb-source.save",
         "INSERT INTO kb_source (name, url, branch, folder, lang, kind, visibility, every) VALUES (:name, :url, "
         ":branch, :folder,"
         " :lang, :kind, :visibility, :every) ON CONFLICT (name) DO UPDATE SET url = excluded.url, branch = "
         "excluded.branch,"
         " folder = excluded.folder, lang = excluded.lang, kind = excluded.kind, visibility = excluded.visibility,"
         " every = excluded.every, commit_id = ''");
DB_QUERY(q_remove, "kb-source.remove", "DELETE FROM kb_source WHERE name = :name");
DB_QUERY(q_taken, "kb-source.taken",
         "UPDATE kb_source SET taken_at = :now, error = :error, report = CASE WHEN CAST(:report AS TEXT) = '' THEN "
         "report ELSE :report"
         " END, commit_id = CASE WHEN CAST(:commit AS TEXT) = '' THEN commit_id ELSE :commit END WHERE id = :id");

static enum rc admins_only(const struct actor *who, struct err *err)
{
	return actor_is_admin(who) ? RC_OK
	                           : fail(err, RC_DENIED, "Only administrators change where documentation comes from");
}

static void row(struct db_rows *r, struct arena *out, struct kb_source *s)
{
	*s = (struct kb_source){ .id = db_col_i64(r, 0),
		                 .name = db_col_str(r, 1, out),
		                 .url = db_col_str(r, 2, out),
		                 .branch = db_col_str(r, 3, out),
		                 .folder = db_col_str(r, 4, out),
		                 .lang = db_col_str(r, 5, out),
		                 .kind = (enum article_kind)db_col_i64(r, 6),
		                 .visibility = (enum visibility)db_col_i64(r, 7),
		                 .every = db_col_i64(r, 8),
		                 .commit = db_col_str(r, 9, out),
		                 .error = db_col_str(r, 10, out),
		                 .report = db_col_str(r, 11, out),
		                 .taken_at = db_col_time(r, 12) };
}

enum rc kb_sources(struct db_tx *tx, struct arena *out, const struct actor *who, struct kb_source **ret, size_t *ret_n,
                   struct err *err)
{
	VEC(struct kb_source) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = admins_only(who, err);

	if (rc == RC_OK)
		rc = db_select(tx, &q_list, DB_NO_ARGS, &r, err);
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		row(&r, out, VEC_ADD(out, &v));
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

static enum rc one(struct db_tx *tx, struct arena *out, const struct db_query *q, struct db_arg arg,
                   struct kb_source *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, DB_ARGS(arg), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK)
		row(&r, out, ret);
	return rc;
}

enum rc kb_source_find(struct db_tx *tx, struct arena *out, const struct actor *who, struct str name,
                       struct kb_source *ret, struct err *err)
{
	enum rc rc = admins_only(who, err);

	if (rc == RC_OK)
		rc = one(tx, out, &q_find, db_str("name", name), ret, err);
	return rc == RC_NOT_FOUND ? fail(err, rc, "There is no source of this name") : rc;
}

enum rc kb_source_due(struct db_tx *tx, struct arena *out, struct instant now, struct kb_source *ret, struct err *err)
{
	return one(tx, out, &q_due, db_i64("now", now.us), ret, err);
}

static bool plain_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 127 || strchr("\"'`$;|&<>\\", s.p[i]))
			return false;
	return s.n <= 500 && !str_starts(s, STR("-")) && str_utf8_valid(s);
}

static enum rc check(const struct actor *who, const struct kb_source *s, struct err *err)
{
	bool remote = str_starts(s->url, STR("https://")) || str_starts(s->url, STR("ssh://"));
	bool local = str_starts(s->url, STR("file:///")) && who->kind == ACTOR_SYSTEM;

	if (!str_trim(s->name).n || s->name.n > 100 || str_has_control(s->name) || !str_utf8_valid(s->name))
		return fail_field(err, RC_INVALID, "name",
		                  "A source needs a name of at most 100 bytes: its book is called so");
	if (!plain_word(s->url) || !(remote || local))
		return fail_field(err, RC_INVALID, "url", "The address begins with https:// or ssh://%s",
		                  who->kind == ACTOR_SYSTEM ? ", or with file:///" : "");
	if (!plain_word(s->branch) || str_find(s->branch, STR("..")) != STR_NONE || s->branch.n > 200)
		return fail_field(err, RC_INVALID, "branch", "This is no name of a branch");
	if (!plain_word(s->folder) || str_starts(s->folder, STR("/")) || str_find(s->folder, STR("..")) != STR_NONE)
		return fail_field(err, RC_INVALID, "folder",
		                  "The folder is a path inside the repository, like docs/en");
	if (s->lang.n < 2 || s->lang.n > 12 || !plain_word(s->lang))
		return fail_field(err, RC_INVALID, "lang", "The language is a short code like en or es");
	if (s->every < 0 || s->every > 525600 || (s->every > 0 && s->every < 5))
		return fail_field(err, RC_INVALID, "every",
		                  "Sources are pulled every 5 minutes at most often; 0: only by hand");
	if (s->kind < ARTICLE_DOC || s->kind > ARTICLE_DEMO || s->visibility < VISIBLE_PUBLIC ||
	    s->visibility > VISIBLE_INTERNAL)
		return fail_field(err, RC_INVALID, "kind", "There is no such kind or visibility");
	return RC_OK;
}

enum rc kb_source_save(struct db_tx *tx, const struct actor *who, const struct kb_source *s, struct err *err)
{
	enum rc rc = admins_only(who, err);

	if (rc == RC_OK)
		rc = check(who, s, err);
	if (rc != RC_OK)
		return rc;
	return db_exec(tx, &q_save,
	               DB_ARGS(db_str("name", str_trim(s->name)), db_str("url", s->url),
	                       db_str("branch", s->branch.p ? s->branch : STR("")),
	                       db_str("folder", s->folder.p ? s->folder : STR("")), db_str("lang", s->lang),
	                       db_i64("kind", s->kind), db_i64("visibility", s->visibility), db_i64("every", s->every)),
	               NULL, err);
}

enum rc kb_source_remove(struct db_tx *tx, const struct actor *who, struct str name, struct err *err)
{
	int64_t n = 0;
	enum rc rc = admins_only(who, err);

	if (rc == RC_OK)
		rc = db_exec(tx, &q_remove, DB_ARGS(db_str("name", name)), &n, err);
	return rc == RC_OK && !n ? fail(err, RC_NOT_FOUND, "There is no source of this name") : rc;
}

enum rc kb_source_taken(struct db_tx *tx, int64_t id, struct instant now, struct str commit, struct str error,
                        struct str report, struct err *err)
{
	return db_exec(tx, &q_taken,
	               DB_ARGS(db_i64("id", id), db_i64("now", now.us), db_str("commit", commit),
	                       db_str("error", error), db_str("report", report)),
	               NULL, err);
}

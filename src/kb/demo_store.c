/* Are the demo sites there? Asked by a job, with the care of links elsewhere (links_store.c): readers are told when a
 * site does not answer, and since when. */
#include "kb/check.h"
#include "kb/extra.h"
#include "kb/kb_private.h"

#define AT_ONCE 5
#define EVERY   (10 * MINUTE_US)

DB_QUERY(q_due, "kb.demos-due",
         "SELECT p.id, p.extra FROM kb_page p LEFT JOIN kb_demo_check d ON d.page_id = p.id WHERE p.kind = 6"
         " AND p.deleted_at IS NULL AND (d.checked_at IS NULL OR d.checked_at <= :before)"
         " ORDER BY COALESCE(d.checked_at, 0), p.id LIMIT :max");
/* `since` moves only when the answer is another one. */
DB_QUERY(q_put, "kb.demos-put",
         "INSERT INTO kb_demo_check (page_id, checked_at, ok, status, ms, error, since)"
         " VALUES (:page, :now, :ok, :status, :ms, :error, :now) ON CONFLICT (page_id) DO UPDATE SET"
         " since = CASE WHEN kb_demo_check.ok = excluded.ok THEN kb_demo_check.since ELSE excluded.since END,"
         " checked_at = excluded.checked_at, ok = excluded.ok, status = excluded.status, ms = excluded.ms,"
         " error = excluded.error");

struct demo_site {
	int64_t page, status, ms;
	struct str host, error;
};
struct round {
	struct arena *a;
	struct instant now;
	struct demo_site at[AT_ONCE];
	size_t n;
};

static enum rc read(struct db_tx *tx, void *arg, struct err *err)
{
	struct round *x = arg;
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_due, DB_ARGS(db_time("before", time_add(x->now, -EVERY)), db_i64("max", AT_ONCE)),
	                       &r, err);

	x->n = 0;
	while (rc == RC_OK && x->n < AT_ONCE && (rc = db_next(&r, err)) == RC_OK) {
		struct kb_extra extra;

		kb_extra_read(x->a, db_col_str(&r, 1, x->a), &extra);
		x->at[x->n++] = (struct demo_site){ .page = db_col_i64(&r, 0), .host = extra.host };
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc write(struct db_tx *tx, void *arg, struct err *err)
{
	struct round *x = arg;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < x->n && rc == RC_OK; i++)
		rc = db_exec(tx, &q_put,
		             DB_ARGS(db_i64("page", x->at[i].page), db_i64("now", x->now.us),
		                     db_i64("ok", x->at[i].error.n == 0), db_i64("status", x->at[i].status),
		                     db_i64("ms", x->at[i].ms), db_str("error", x->at[i].error)),
		             NULL, err);
	return rc == RC_OK ? kb_touch(tx, err) : rc;
}

enum rc kb_demos_step(struct db *db, struct arena *a, bool inside, struct instant now, struct err *err)
{
	struct round x = { .a = a, .now = now };
	enum rc rc = db_read(db, read, &x, err);

	if (rc != RC_OK || !x.n)
		return rc == RC_OK ? RC_NOT_FOUND : rc;
	for (size_t i = 0; i < x.n; i++) {
		struct demo_site *s = &x.at[i];

		if (str_ends(s->host, STR(".example")))
			s->error = STR(""); /* RFC 2606: nobody is there, and a demo says so of nobody */
		else if (s->host.n)
			kb_url_ask(arena_strf(a, "https://" STR_F "/", STR_A(s->host)), inside, &s->status, &s->ms,
			           &s->error);
		else
			s->error = STR("it has no address");
		s->error = s->error.p ? s->error : STR("");
	}
	return db_write_behind(db, write, &x, err);
}

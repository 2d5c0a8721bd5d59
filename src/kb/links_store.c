/* Are addresses elsewhere still there? Asked by a job, a few at a time, each once a week at most. What authors write
 * must not make the desk knock at doors inside (SSRF): the address a name resolves to decides, for redirects, too. */
#include "db/db.h"
#include "kb/check.h"
#include "util/outside.h"

#ifndef N_
#define N_(text) text /* translated where it is shown */
#endif
#define AT_ONCE   5
#define TIMEOUT_S 10
#define WEEK_US   (7 * DAY_US)

DB_QUERY(q_due, "kb.links-due",
         "SELECT DISTINCT url FROM (SELECT l.url FROM kb_link l JOIN kb_page p ON p.id = l.page_id AND p.deleted_at IS "
         "NULL"
         " WHERE l.checked_at IS NULL OR l.checked_at < :before ORDER BY COALESCE(l.checked_at, 0) LIMIT 50) x LIMIT "
         ":max");
DB_QUERY(q_checked, "kb.links-checked",
         "UPDATE kb_link SET checked_at = :now, status = :status, error = :error WHERE url = :url");

struct asked {
	struct str url, error;
	long status;
};

static void ask(bool inside, bool head, struct asked *x)
{
	static const char *const said[] = {
		[OUTSIDE_ANSWERED] = "",
		[OUTSIDE_LATE] = N_("no answer in time"),
		[OUTSIDE_NO_NAME] = N_("the name is unknown"),
		[OUTSIDE_NO_CONNECTION] = N_("no connection"),
		[OUTSIDE_BAD_CERTIFICATE] = N_("its certificate is not valid"),
		[OUTSIDE_OTHER] = N_("it cannot be fetched"),
	};
	struct outside o = { .url = x->url.p, .head = head, .follow = true, .inside = inside, .seconds = TIMEOUT_S };
	enum outside_why why;

	if (outside_ask(&o, &x->status, &why, NULL) != RC_OK)
		x->error = str_of(said[why]);
	else
		x->error = x->status == 404 || x->status == 410 ? str_of(N_("it is not there any more"))
		           : x->status >= 500                   ? str_of(N_("the server is broken"))
		                                                : STR("");
}

struct step {
	struct arena *a;
	struct instant now;
	struct asked at[AT_ONCE];
	size_t n;
};

static enum rc read_due(struct db_tx *tx, void *arg, struct err *err)
{
	struct step *s = arg;
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_due, DB_ARGS(db_i64("before", s->now.us - WEEK_US), db_i64("max", AT_ONCE)), &r,
	                       err);

	s->n = 0;
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		s->at[s->n++].url = db_col_str(&r, 0, s->a);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc write_checked(struct db_tx *tx, void *arg, struct err *err)
{
	struct step *s = arg;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < s->n && rc == RC_OK; i++)
		rc = db_exec(tx, &q_checked,
		             DB_ARGS(db_str("url", s->at[i].url), db_i64("now", s->now.us),
		                     db_i64("status", s->at[i].status), db_str("error", s->at[i].error)),
		             NULL, err);
	return rc;
}

enum rc kb_links_step(struct db *db, struct arena *a, bool inside, struct instant now, struct err *err)
{
	struct step s = { .a = a, .now = now };
	enum rc rc = db_read(db, read_due, &s, err);

	if (rc != RC_OK || !s.n)
		return rc == RC_OK ? RC_NOT_FOUND : rc;
	for (size_t i = 0; i < s.n; i++) {
		ask(inside, true, &s.at[i]);
		/* Some servers do not like to be asked without being listened to. */
		if (s.at[i].error.n || s.at[i].status >= 400)
			ask(inside, false, &s.at[i]);
	}
	return db_write_behind(db, write_checked, &s, err);
}

void kb_url_ask(struct str url, bool inside, int64_t *status, int64_t *ms, struct str *error)
{
	struct asked x = { .url = url };
	int64_t from = time_monotonic_us();

	ask(inside, false, &x);
	*status = x.status;
	*ms = (time_monotonic_us() - from) / 1000;
	*error = x.error;
}

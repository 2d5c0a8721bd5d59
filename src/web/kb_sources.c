/* Administration: where documentation is pulled from, what came of it, and pulling now. Sources are added on the
 * command line: their addresses are asked by this machine (S-24). */
#include "jobs/jobs.h"
#include "tmpl.h"
#include "util/json.h"
#include "web/admin_view.h"
#include "web/kb_sources_view.h"

struct asked {
	struct req *q;
	struct kb_sources v;
};

static enum rc load(struct db_tx *tx, void *arg, struct err *err)
{
	struct asked *x = arg;

	return kb_sources(tx, x->q->arena, &x->q->actor, &x->v.at, &x->v.n, err);
}

static enum rc sources_show(struct req *q, struct resp *r)
{
	struct asked x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load, &x, req_err(q));
	struct page p;

	if (rc != RC_OK)
		return rc;
	struct out o = admin_begin(q, r, &p, _(web_lang(q), "Sources of documentation"));

	x.v.p = &p;
	tmpl_admin_sources(&o, &x.v);
	return RC_OK;
}

/* The job of its own, so that this answer does not wait for another machine's. */
static enum rc pull(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	struct kb_source s;
	struct json j;
	AUTO_BUF args;

	buf_init(&args, 4096);
	enum rc rc = kb_source_find(tx, q->arena, &q->actor, req_field(q, "name"), &s, err);
	if (rc != RC_OK)
		return rc;
	json_init(&j, &args);
	json_obj(&j);
	json_kstr(&j, "name", s.name);
	json_end_obj(&j);
	return job_add(tx,
	               &(struct job_new){ .kind = "kb.pull-one",
	                                  .args = buf_str(&args),
	                                  .run_at = q->now,
	                                  .dedupe = str_concat(q->arena, STR("kb.pull-one:"), s.name) },
	               err);
}

static enum rc sources_pull(struct req *q, struct resp *r)
{
	enum rc rc = db_write(web_desk(q)->db, pull, q, req_err(q));

	return rc == RC_OK ? web_done(r, _(web_lang(q), "It is being pulled; look again in a minute."),
	                              STR("/desk/admin/sources"))
	                   : rc;
}

static const struct field pull_fields[] = {
	{"name", FIELD_TEXT, 100, true },
        { .name = NULL  }
};
const struct route kb_source_routes[] = {
	{HTTP_GET,   "/desk/admin/sources", CAP_ADMIN, sources_show },
	{ HTTP_POST, "/desk/admin/sources", CAP_ADMIN, sources_pull, pull_fields },
	{ .path = NULL        },
};

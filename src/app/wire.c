/* What the program is made of: the tables of routes, the readers of the event log, the kinds of jobs. By hand, one
 * place to read. */
#include "api/api.h"
#include "app/app.h"
#include "app/kb_source.h"
#include "app/ops.h"
#include "auth/auth.h"
#include "blob/blob.h"
#include "call/call.h"
#include "clock/clock.h"
#include "event/event.h"
#include "http/http.h"
#include "jobs/jobs.h"
#include "kb/edit.h"
#include "mail/notify.h"
#include "oncall/oncall.h"
#include "phone/phone.h"
#include "search/search.h"
#include "ticket/held.h"
#include "ticket/problem.h"
#include "web/web.h"
#include <jansson.h>

const struct route *const wire_routes[] = {
	asset_routes,  signin_routes, people_routes, portal_routes, new_ticket_routes, ticket_details_routes, portal_ticket_routes, portal_problem_routes, approve_routes, theme_routes, push_routes, notice_routes, notice_choice_routes, kb_routes, kb_public_routes, kb_use_routes, kb_find_routes, kb_media_routes, kb_source_routes, claim_routes, mail_file_routes,
	kb_edit_routes, kb_life_routes, kb_history_routes, kb_ticket_routes,
	desk_routes,   desk_ticket_routes, desk_problem_routes, desk_request_routes, triage_routes, clock_routes, board_routes, report_routes, oncall_routes, call_routes, desk_new_routes, admin_oncall_routes, admin_schedule_routes, admin_policy_routes, admin_routes, api_routes, cti_routes, ops_routes, NULL,
};

/* ---- jobs ---- */

static enum rc close_step(struct db_tx *tx, void *arg, struct err *err)
{
	size_t n;

	return ticket_close_due(tx, arg, time_now(), 100, &n, err);
}

static enum rc job_close(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	return db_write(((struct desk *)app)->db, close_step, scratch, err);
}

static enum rc tidy_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct instant now = time_now();
	enum rc rc = session_expire(tx, now, err);

	if (rc == RC_OK)
		rc = throttle_expire(tx, time_add(now, -DAY_US), err);
	if (rc == RC_OK)
		rc = idempotency_expire(tx, time_add(now, -DAY_US), err);
	if (rc == RC_OK)
		rc = notice_expire(tx, now, err);
	return rc;
}

static enum rc job_tidy(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	return db_write(((struct desk *)app)->db, tidy_step, scratch, err);
}

static enum rc job_reassess(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	return clock_job_reassess(((struct desk *)app)->db, job, NULL, scratch, err);
}

static enum rc job_oncall(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	return oncall_job_step(app, job, time_now(), scratch, err);
}

struct telling {
	struct arena *a;
	int64_t update;
	bool more;
};

static enum rc problem_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct telling *t = arg;

	return problem_tell_step(tx, t->a, time_now(), t->update, &t->more, err);
}

static enum rc job_problem(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct telling t = { .a = scratch, .more = true };
	json_t *j = json_loadb(job->args.p, job->args.n, 0, NULL);
	enum rc rc = RC_OK;

	t.update = json_integer_value(json_object_get(j, "update"));
	json_decref(j);
	while (rc == RC_OK && t.more)
		rc = db_write_behind(((struct desk *)app)->db, problem_step, &t, err);
	return rc;
}

/* ---- pages by telephone ---- */

struct ringing {
	struct ticket_id ticket;
	struct agent_id agent;
	struct str name;
};

static enum rc ring_step(struct db_tx *tx, void *arg, struct err *err)
{
	const struct ringing *x = arg;

	return call_ring_agent(tx, x->ticket, x->agent, x->name, time_now(), err);
}

/* A line that is started anew is waited for; one that is down rings nobody: the mail went out, and the escalation goes on. */
static enum rc job_ring(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct desk *d = app;
	json_t *o = json_loadb(job->args.p, job->args.n, 0, NULL);
	const char *name = json_string_value(json_object_get(o, "name"));
	struct ringing x = { .ticket = { json_integer_value(json_object_get(o, "ticket")) },
		             .agent = { json_integer_value(json_object_get(o, "agent")) },
		             .name = arena_str(scratch, str_of(name ? name : "")) };

	json_decref(o);
	if (__atomic_load_n(&d->phone_line, __ATOMIC_RELAXED) != PHONE_UP)
		return job->tries < 4 ? fail(err, RC_RETRY, "the telephone line is down") : RC_OK;
	return db_write(d->db, ring_step, &x, err);
}

/* ---- recordings of calls: deleted after phone-keep days ---- */

struct forgetting {
	struct arena *a;
	struct instant before;
	struct str *blobs;
	size_t n_blobs, n;
};

static enum rc forget_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct forgetting *f = arg;

	return call_forget(tx, f->a, f->before, time_now(), &f->blobs, &f->n_blobs, &f->n, err);
}

static enum rc job_forget(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct desk *d = app;
	struct forgetting f = { .a = scratch, .before = time_add(time_now(), -d->config.phone_keep * DAY_US), .n = 1 };
	enum rc rc = RC_OK;

	while (rc == RC_OK && f.n && d->config.phone_keep) {
		rc = db_write(d->db, forget_step, &f, err);
		for (size_t i = 0; i < f.n_blobs && rc == RC_OK; i++)
			rc = blob_remove(d->blobs, f.blobs[i], err);
	}
	return rc;
}

const struct job_kind wire_jobs[] = {
	{ .name = "call.forget", .run = job_forget, .every_seconds = 3600 },
	{ .name = "oncall.step", .run = job_oncall },
	{ .name = "oncall.telephone", .run = job_ring, .max_tries = 5 },
	{ .name = "oncall.push", .run = push_job, .max_tries = 5 },
	{ .name = "oncall.webhook", .run = webhook_job, .max_tries = 8 },
	{ .name = HELD_JOB, .run = desk_job_send },
	{ .name = "signin.mail", .run = signin_job_mail, .max_tries = 5 },
	{ .name = "kb.pull-one", .run = kb_source_job_one, .max_tries = 3, .lease_seconds = 1200 },
	{ .name = "kb.pull", .run = kb_source_job, .every_seconds = 60, .lease_seconds = 1200 },
	{ .name = "web.touch", .run = web_job_touch, .every_seconds = 60 },
	{ .name = "clock.reassess", .run = job_reassess, .lease_seconds = 600 },
	{ .name = PROBLEM_JOB, .run = job_problem, .lease_seconds = 600 },
	{ .name = "kb.demos", .run = kb_job_demos, .lease_seconds = 300, .every_seconds = 120 },
	{ .name = "kb.index", .run = kb_job_index, .every_seconds = 15, .lease_seconds = 600 },
	{ .name = "kb.count", .run = kb_job_count, .every_seconds = 60 },
	{ .name = "ticket.close", .run = job_close, .every_seconds = 600 },
	{ .name = "kb.life", .run = kb_job_life, .every_seconds = 15, .lease_seconds = 300 },
	{ .name = "kb.links", .run = kb_job_links, .every_seconds = 300, .lease_seconds = 600 },
	{ .name = "kb.tidy", .run = kb_job_tidy, .every_seconds = 3600, .lease_seconds = 300 },
	{ .name = "notice.mail", .run = notice_job, .every_seconds = 15, .lease_seconds = 300 },
	{ .name = "desk.tidy", .run = job_tidy, .every_seconds = 3600 },
	{ .name = NULL },
};

/* ---- readers of the log ---- */

size_t wire_readers(struct app *app, struct event_reader *ret, size_t max)
{
	assert(max >= 5);
	ret[0] = notify_reader(&app->desk);
	ret[1] = search_reader();
	ret[2] = clock_reader(NULL);
	ret[3] = oncall_reader(NULL);
	app->notices = (struct notice_teller){ .desk = &app->desk };
	ret[4] = notice_reader(&app->notices);
	return 5;
}

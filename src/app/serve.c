/* `carrel serve`: everything that listens and everything that runs by itself, until a signal ends it. Order matters:
 * what accepts is started last and stopped first, so that nothing is accepted that nobody will work on. */
#include "app/app.h"
#include "clock/clock.h"
#include "event/event.h"
#include "http/http.h"
#include "jobs/jobs.h"
#include "mail/imap.h"
#include "mail/intake.h"
#include "mail/lmtp.h"
#include "mail/origin.h"
#include "mail/sender.h"
#include "phone/link.h"
#include "util/log.h"
#include "web/web.h"
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#define MAX_READERS 8

struct running {
	struct event_loop *events;
	struct clock_loop *clocks;
	struct intake_loop *intake;
	struct sender *sender;
	struct origin_loop *origin;
	struct phone_link *phone;
	struct imap *imap;
};

static enum rc start_http(struct app *app, struct err *err)
{
	const struct desk_config *c = &app->desk.config;
	struct http_config h = {
		.listen = c->listen,
		.base_url = c->base_url,
		.hosts = c->hosts,
		.n_hosts = c->n_hosts,
		.proxies = c->proxies,
		.n_proxies = c->n_proxies,
		.threads = c->threads,
		.workers = c->workers,
		.reads_on_workers = db_is_postgres(app->desk.db),
		.max_body = 1 << 20,
		.max_upload = (uint64_t)c->max_upload * 5,
		.upload_dir = arena_strf(&app->arena, STR_F "/uploads", STR_A(c->data_dir)),
		.min_free = c->min_free,
		.routes = wire_routes,
		.app = &app->desk,
		.identify = web_identify,
		.allowed = web_allowed,
		.error_page = web_error_page,
	};

	return http_start(&h, &app->http, err);
}

static enum rc start(struct app *app, struct running *r, struct err *err)
{
	struct event_reader readers[MAX_READERS];
	size_t n = wire_readers(app, readers, MAX_READERS);
	enum rc rc;

	r->events = event_loop_start(app->desk.db, readers, n);
	r->clocks = clock_loop_start(app->desk.db);
	app->jobs = job_runner_start(app->desk.db, wire_jobs, &app->desk, 1);
	r->intake = intake_start(&app->desk);
	r->sender = sender_start(&app->desk);
	if ((rc = origin_start(&app->desk, &r->origin, err)) != RC_OK)
		return rc;
	if ((rc = imap_start(&app->desk, &r->imap, err)) != RC_OK)
		return rc;
	if (app->desk.config.lmtp_listen.n &&
	    (rc = lmtp_start(&app->desk, app->desk.config.lmtp_listen, &app->lmtp, err)) != RC_OK)
		return rc;
	if (app->desk.config.phone_listen.n && (rc = phone_link_start(&app->desk, app->program, &r->phone, err)) != RC_OK)
		return rc;
	return start_http(app, err);
}

static void stop(struct app *app, struct running *r)
{
	if (app->http)
		http_stop(app->http);
	lmtp_stop(app->lmtp);
	imap_stop(r->imap);
	phone_link_stop(r->phone);
	if (r->sender)
		sender_stop(r->sender);
	if (r->intake)
		intake_stop(r->intake);
	origin_stop(r->origin);
	if (app->jobs)
		job_runner_stop(app->jobs);
	clock_loop_stop(r->clocks);
	if (r->events)
		event_loop_stop(r->events);
	app->http = NULL;
	app->lmtp = NULL;
	app->jobs = NULL;
}

static void wait_for_signal(int sfd)
{
	struct signalfd_siginfo si;

	while (read(sfd, &si, sizeof(si)) != sizeof(si))
		;
	log_info("desk.stopping", { "signal", LOG_I64(si.ssi_signo) });
}

int cmd_serve(struct app *app, int argc, char **argv)
{
	struct err err = { 0 };
	struct running r = { 0 };
	sigset_t set;

	/* Memory of large mails goes back when it is freed: left alone, malloc learns to keep it for the next one. */
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	/* Before any thread starts, so that only the signalfd sees them. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int sfd = signalfd(-1, &set, SFD_CLOEXEC);
	enum rc rc = app_open(app, argv + 1, &err);

	if (rc == RC_OK)
		rc = start(app, &r, &err);
	if (rc == RC_OK) {
		log_info("desk.ready", { "url", LOG_STR(app->desk.config.base_url) }, { "port", LOG_I64(http_port(app->http)) },
			 { "lmtp", LOG_I64(app->lmtp ? lmtp_port(app->lmtp) : 0) });
		wait_for_signal(sfd);
	}
	stop(app, &r);
	app_close(app);
	close(sfd);
	return rc == RC_OK ? EX_OK : app_complain("cannot serve", &err);
}

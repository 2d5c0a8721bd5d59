/* app: the program. Puts the rooms together, and holds the commands. */
#pragma once
#include "desk/desk.h"
#include "event/event.h"
#include "http/http.h"
#include "jobs/jobs.h"
#include "notice/notice.h"

struct lmtp;

/* Configuration, database (brought to the newest schema), blob store, jail, keys. `flags` as given to config_load. */
struct app {
	struct arena arena; /* configuration; lives as long as the program */
	struct desk desk;
	/* of `carrel serve`; NULL in other commands */
	struct http *http;
	struct lmtp *lmtp;
	struct job_runner *jobs;
	struct notice_teller notices;
	const char *program; /* path of this binary, for the jail to run itself */
};
MUST_USE enum rc app_open(struct app *app, char *const *flags, struct err *err);
void app_close(struct app *app);

/* Job "oncall.push" (push.c). */
enum rc push_job(void *app, const struct job *job, struct arena *scratch, struct err *err);
/* Job "oncall.webhook" (webhook.c). */
enum rc webhook_job(void *app, const struct job *job, struct arena *scratch, struct err *err);

/* ---- what wire.c lists ---- */
extern const struct route *const wire_routes[];
extern const struct job_kind wire_jobs[];
size_t wire_readers(struct app *app, struct event_reader *ret, size_t max);

/* ---- commands: argv from the command's own name on; the result is the exit code ---- */
struct command {
	const char *name;
	int (*run)(struct app *app, int argc, char **argv);
	const char *usage, *doc;
};
extern const struct command commands[]; /* ends with a NULL name */
int cmd_serve(struct app *app, int argc, char **argv);
int cmd_config(struct app *app, int argc, char **argv);
int cmd_mail(struct app *app, int argc, char **argv);
int cmd_admin(struct app *app, int argc, char **argv);
int cmd_demo(struct app *app, int argc, char **argv);
int cmd_bench(struct app *app, int argc, char **argv);
int cmd_clock(struct app *app, int argc, char **argv);
int cmd_calendar(struct app *app, int argc, char **argv);
int cmd_phone(struct app *app, int argc, char **argv);
int cmd_kb(struct app *app, int argc, char **argv);
int cmd_verify(struct app *app, int argc, char **argv);
int cmd_routes(struct app *app, int argc, char **argv);
int cmd_import(struct app *app, int argc, char **argv);
int cmd_help(struct app *app, int argc, char **argv);
int cmd_version(struct app *app, int argc, char **argv);
/* demo_kb.c: the demo's pages of the knowledge base, in the transaction that fills the desk. */
struct actor;
MUST_USE enum rc demo_kb(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, struct err *err);
/* Says on standard error what went wrong; returns the exit code for it. */
int app_complain(const char *what, const struct err *err);

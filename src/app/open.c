/* Opening the desk: configuration, folders, database, blobs, keys, jail. Commands call it; serve.c adds what listens. */
#include "app/app.h"
#include "blob/blob.h"
#include "desk/secret.h"
#include "jail/jail.h"
#include "util/log.h"
#include "kb/read.h"
#include "util/recall.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECALL_BYTES (4 << 20)

extern char **environ;

static enum rc make_dir(const char *path, struct err *err)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return fail(err, RC_FAULT, "cannot make the folder %s: %s", path, strerror(errno));
	return RC_OK;
}

/* Databases made by versions that let others on the machine read them. */
static void tighten(struct arena *a, const char *dir)
{
	static const char *const names[] = { "desk.db", "desk.db-wal", "desk.db-shm" };
	struct stat st;

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *path = str_z(a, arena_strf(a, "%s/%s", dir, names[i]));

		if (stat(path, &st) == 0 && (st.st_mode & 077) && chmod(path, 0600) != 0)
			log_warn("desk.readable", { "file", LOG_Z(path) });
	}
}

/* --config FILE, else ./carrel.conf, else /etc/carrel/carrel.conf, else none. */
static struct str config_file(char *const *flags)
{
	for (size_t i = 0; flags && flags[i]; i++) {
		if (strcmp(flags[i], "--config") == 0 && flags[i + 1])
			return str_of(flags[i + 1]);
		if (strncmp(flags[i], "--config=", 9) == 0)
			return str_of(flags[i] + 9);
	}
	if (getenv("CARREL_CONFIG"))
		return str_of(getenv("CARREL_CONFIG"));
	if (access("carrel.conf", R_OK) == 0)
		return STR("carrel.conf");
	if (access("/etc/carrel/carrel.conf", R_OK) == 0)
		return STR("/etc/carrel/carrel.conf");
	return STR_NULL;
}

static enum rc load(struct app *app, char *const *flags, struct err *err)
{
	struct config_problem *problems = NULL;
	size_t n = 0;
	enum rc rc = config_load(&app->arena, config_file(flags), environ, flags, &app->desk.config, &problems, &n, err);

	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "carrel: " STR_F ": " STR_F "\n", STR_A(problems[i].where), STR_A(problems[i].text));
	if (rc == RC_OK && n)
		rc = fail(err, RC_INVALID, "the configuration has %zu mistake%s; nothing was started", n, n == 1 ? "" : "s");
	return rc;
}

static enum rc open_database(struct app *app, struct err *err)
{
	struct desk_config *c = &app->desk.config;
	struct db_options o = {
		.url = c->db_url.n ? c->db_url : arena_strf(&app->arena, "sqlite:" STR_F "/desk.db", STR_A(c->data_dir)),
		/* The negative control of the durability tests; a test build's own switch, never documented as a setting. */
		.unsafe_no_sync = getenv("CARREL_TEST_NO_SYNC") != NULL,
	};
	enum rc rc = db_open(&o, &app->desk.db, err);

	if (o.unsafe_no_sync)
		log_error("desk.no_sync", { "what", LOG_Z("CARREL_TEST_NO_SYNC is set: a power cut loses what was acknowledged; it is for tests only, unset it") });
	return rc == RC_OK ? db_migrate(app->desk.db, err) : rc;
}

enum rc app_open(struct app *app, char *const *flags, struct err *err)
{
	struct desk *d = &app->desk;
	enum rc rc = load(app, flags, err);

	if (rc != RC_OK)
		return rc;
	d->started_at = time_now();
	const char *dir = str_z(&app->arena, d->config.data_dir);
	const char *blobs = str_z(&app->arena, arena_strf(&app->arena, "%s/blobs", dir));
	const char *uploads = str_z(&app->arena, arena_strf(&app->arena, "%s/uploads", dir));
	if ((rc = make_dir(dir, err)) != RC_OK || (rc = make_dir(blobs, err)) != RC_OK || (rc = make_dir(uploads, err)) != RC_OK)
		return rc;
	tighten(&app->arena, dir);
	if ((rc = secret_load(&app->arena, d, err)) != RC_OK)
		return rc;
	if ((rc = open_database(app, err)) != RC_OK)
		return rc;
	if ((rc = blob_open(str_of(blobs), d->config.min_free, &d->blobs, err)) != RC_OK)
		return rc;
	d->jail = jail_new(app->program, 2);
	d->recall = recall_new(RECALL_BYTES);
	d->tally = kb_tally_new();
	return RC_OK;
}

void app_close(struct app *app)
{
	recall_free(app->desk.recall);
	kb_tally_free(app->desk.tally);
	if (app->desk.jail)
		jail_free(app->desk.jail);
	if (app->desk.blobs)
		blob_close(app->desk.blobs);
	if (app->desk.db)
		db_close(app->desk.db);
	app->desk = (struct desk){ 0 };
}

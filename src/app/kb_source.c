/* Sources of documentation on the command line, and their job. */
#include "app/kb_source.h"
#include "account/account.h"
#include "kb/source.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

struct asked {
	struct app *app;
	struct actor who;
	struct str name;
	struct kb_source s, *list;
	size_t n;
};

static enum rc save(struct db_tx *tx, void *arg, struct err *err)
{
	struct asked *x = arg;

	return kb_source_save(tx, &x->who, &x->s, err);
}

static enum rc drop(struct db_tx *tx, void *arg, struct err *err)
{
	struct asked *x = arg;

	return kb_source_remove(tx, &x->who, x->name, err);
}

static enum rc list(struct db_tx *tx, void *arg, struct err *err)
{
	struct asked *x = arg;

	return kb_sources(tx, &x->app->arena, &x->who, &x->list, &x->n, err);
}

static enum rc find(struct db_tx *tx, void *arg, struct err *err)
{
	struct asked *x = arg;

	return kb_source_find(tx, &x->app->arena, &x->who, x->name, &x->s, err);
}

static bool read_options(const struct kb_source_options *o, struct kb_source *s)
{
	s->branch = str_of(o->branch ? o->branch : "");
	s->folder = str_of(o->folder ? o->folder : "");
	s->lang = str_of(o->lang ? o->lang : "en");
	s->every = o->every ? strtol(o->every, NULL, 10) : 60;
	s->kind = ARTICLE_DOC;
	for (int k = ARTICLE_DOC; o->kind && k <= ARTICLE_DEMO; k++)
		if (strcmp(o->kind, article_kind_name((enum article_kind)k)) == 0)
			s->kind = (enum article_kind)k;
	if (o->kind && strcmp(o->kind, article_kind_name(s->kind)) != 0)
		return false;
	s->visibility = !o->visibility || strcmp(o->visibility, "internal") == 0 ? VISIBLE_INTERNAL
	                : strcmp(o->visibility, "public") == 0                   ? VISIBLE_PUBLIC
	                : strcmp(o->visibility, "customers") == 0                ? VISIBLE_CUSTOMERS
	                                                                         : (enum visibility)0;
	return s->visibility != 0;
}

static void show(const struct kb_source *s)
{
	printf(STR_F "  " STR_F "%s" STR_F "%s" STR_F "  every %lld minutes  at " STR_F "%s" STR_F "\n", STR_A(s->name),
	       STR_A(s->url), s->branch.n ? " branch " : "", STR_A(s->branch), s->folder.n ? " folder " : "",
	       STR_A(s->folder), (long long)s->every,
	       STR_A(s->commit.n ? str_sub(s->commit, 0, 12) : STR("no commit yet")),
	       s->error.n ? "  last pull failed: " : "", STR_A(s->error));
}

static enum rc pull(struct asked *x, struct err *err)
{
	struct kb_import_report report;
	enum rc rc = db_read(x->app->desk.db, find, x, err);

	if (rc == RC_OK)
		rc = kb_source_pull(x->app->desk.db, x->app->desk.blobs, x->app->desk.jail, &x->app->arena, &x->s,
		                    false, &report, err);
	if (rc == RC_OK) {
		fwrite(report.text.p, 1, report.text.n, stdout);
		printf("%zu new, %zu changed, %zu as before, %zu kept as edited here, %zu no more in the tree\n",
		       report.created, report.updated, report.unchanged, report.kept, report.gone);
	}
	return rc;
}

int kb_source_command(struct app *app, int n_words, char **words, char *const *flags, const struct kb_source_options *o)
{
	struct asked x = { .app = app, .who = actor_system() };
	struct err err = { 0 };
	const char *what = n_words ? words[0] : "";
	bool add = strcmp(what, "add") == 0 && n_words == 3, listing = strcmp(what, "list") == 0 && n_words == 1;
	bool pulling = strcmp(what, "pull") == 0 && n_words == 2,
	     removing = strcmp(what, "remove") == 0 && n_words == 2;

	if ((!add && !listing && !pulling && !removing) || (add && !read_options(o, &x.s))) {
		fprintf(stderr, "carrel: kb source add NAME URL [--branch B] [--folder F] [--every MINUTES] [--lang "
		                "en] [--kind K]"
		                " [--visibility V] | list | pull NAME | remove NAME\n");
		return EX_USAGE;
	}
	x.name = str_of(n_words > 1 ? words[1] : "");
	x.s.name = x.name;
	x.s.url = str_of(n_words > 2 ? words[2] : "");
	enum rc rc = app_open(app, flags, &err);
	if (rc == RC_OK)
		rc = add        ? db_write(app->desk.db, save, &x, &err)
		     : removing ? db_write(app->desk.db, drop, &x, &err)
		     : listing  ? db_read(app->desk.db, list, &x, &err)
		                : pull(&x, &err);
	app_close(app);
	if (rc != RC_OK)
		return app_complain("kb source", &err);
	for (size_t i = 0; i < x.n; i++)
		show(&x.list[i]);
	return EX_OK;
}

enum rc kb_source_job(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct desk *d = app;
	enum rc rc = kb_source_step(d->db, d->blobs, d->jail, scratch, time_now(), err);

	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

struct naming {
	struct arena *a;
	struct str name;
	struct kb_source s;
};

static enum rc find_named(struct db_tx *tx, void *arg, struct err *err)
{
	struct naming *x = arg;
	struct actor who = actor_system();

	return kb_source_find(tx, x->a, &who, x->name, &x->s, err);
}

/* What fails is shown at the source; only a lack of means is tried again. */
enum rc kb_source_job_one(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct desk *d = app;
	struct kb_import_report report;
	json_t *args = json_loadb(job->args.p, job->args.n, 0, NULL);
	struct naming x = { .a = scratch,
		            .name = arena_str(scratch, str_of(json_string_value(json_object_get(args, "name")))) };
	enum rc rc = db_read(d->db, find_named, &x, err);

	json_decref(args);
	if (rc == RC_OK)
		rc = kb_source_pull(d->db, d->blobs, d->jail, scratch, &x.s, false, &report, err);
	return rc == RC_RETRY || rc == RC_FAULT || rc == RC_FULL ? rc : RC_OK;
}

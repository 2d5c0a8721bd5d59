/* `carrel kb`: documentation in and out of the knowledge base, and sources that are pulled. */
#include "account/account.h"
#include "app/app.h"
#include "app/kb_source.h"
#include "kb/convert.h"
#include "kb/export.h"
#include "kb/import.h"
#include "kb/source.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

struct options {
	const char *format, *lang, *kind, *visibility, *book, *branch, *folder, *every;
	bool dry_run, force;
	char *words[8]; /* what is no option */
	int n_words;
	char *rest[64]; /* for the configuration */
};

static bool option(const char *arg, const char *name, char **argv, int *i, const char **ret)
{
	if (strcmp(arg, name) != 0 || !argv[*i + 1])
		return false;
	*ret = argv[++*i];
	return true;
}

/* Takes our options; others, with their values, are keys of the configuration. */
static void parse(int argc, char **argv, struct options *o)
{
	size_t n = 0;

	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--dry-run") == 0)
			o->dry_run = true;
		else if (strcmp(argv[i], "--force") == 0)
			o->force = true;
		else if (option(argv[i], "--format", argv, &i, &o->format) ||
		         option(argv[i], "--lang", argv, &i, &o->lang) ||
		         option(argv[i], "--kind", argv, &i, &o->kind) ||
		         option(argv[i], "--book", argv, &i, &o->book) ||
		         option(argv[i], "--visibility", argv, &i, &o->visibility) ||
		         option(argv[i], "--branch", argv, &i, &o->branch) ||
		         option(argv[i], "--folder", argv, &i, &o->folder) ||
		         option(argv[i], "--every", argv, &i, &o->every))
			continue;
		else if (strncmp(argv[i], "--", 2) == 0 && n + 2 < COUNT(o->rest) - 1) {
			o->rest[n++] = argv[i];
			if (i + 1 < argc)
				o->rest[n++] = argv[++i];
		} else if (o->n_words < (int)COUNT(o->words)) {
			o->words[o->n_words++] = argv[i];
		}
	}
}

static int usage(const char *why)
{
	fprintf(stderr,
	        "carrel: %s\n"
	        "  carrel kb import DIR|FILE [--format md|rst|html] [--book NAME] [--lang en] [--kind documentation]\n"
	        "                   [--visibility internal|public|customers] [--dry-run] [--force]\n"
	        "  carrel kb export DIR [--format md|html] [--lang en] [--visibility public|customers|internal]\n"
	        "  carrel kb source add NAME URL [--branch B] [--folder F] [--every MINUTES] [--lang en] [--kind K] "
	        "[--visibility V]\n"
	        "  carrel kb source list | pull NAME | remove NAME\n",
	        why);
	return EX_USAGE;
}

static bool kind_of(const char *name, enum article_kind *ret)
{
	for (int k = ARTICLE_DOC; name && k <= ARTICLE_DEMO; k++)
		if (strcmp(name, article_kind_name((enum article_kind)k)) == 0) {
			*ret = (enum article_kind)k;
			return true;
		}
	return !name;
}

static bool visibility_of(const char *name, enum visibility *ret)
{
	if (!name)
		return true;
	*ret = strcmp(name, "public") == 0      ? VISIBLE_PUBLIC
	       : strcmp(name, "customers") == 0 ? VISIBLE_CUSTOMERS
	       : strcmp(name, "internal") == 0  ? VISIBLE_INTERNAL
	                                        : (enum visibility)0;
	return *ret != 0;
}

static void show(const struct kb_import_report *r, bool dry)
{
	fwrite(r->text.p, 1, r->text.n, stdout);
	printf("%zu pages: %zu new, %zu changed, %zu as before, %zu kept as edited here, %zu no more in the tree; %zu "
	       "files, "
	       "%zu remarks%s\n",
	       r->created + r->updated + r->unchanged + r->kept, r->created, r->updated, r->unchanged, r->kept, r->gone,
	       r->media, r->problems, dry ? "; this was a dry run, nothing was changed" : "");
}

static int do_import(struct app *app, struct options *o)
{
	struct kb_import im = {
		.kind = ARTICLE_DOC, .visibility = VISIBLE_INTERNAL, .dry_run = o->dry_run, .force = o->force
	};
	struct kb_import_report report;
	struct actor who = actor_system();
	struct err err = { 0 };
	struct stat st;
	char temporary[] = "/tmp/carrel-kb-XXXXXX";
	bool convert = o->format && strcmp(o->format, "md") != 0;

	if (o->n_words != 1 || !kind_of(o->kind, &im.kind) || !visibility_of(o->visibility, &im.visibility) ||
	    (convert && strcmp(o->format, "rst") != 0 && strcmp(o->format, "html") != 0))
		return usage("kb import wants one folder or file, and options as below");
	struct str path = str_of(o->words[0]);
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	char *z = str_z(&app->arena, path);
	if (stat(z, &st) != 0) {
		fprintf(stderr, "carrel: there is no %s\n", z);
		return EX_NOINPUT;
	}
	const char *slash = strrchr(z, '/');
	struct str base = str_of(slash ? slash + 1 : z);
	im.dir = path;
	if (!S_ISDIR(st.st_mode)) {
		im.only = base;
		im.dir = slash ? str_sub(path, 0, path.n - base.n) : STR(".");
	}
	im.book = o->book ? str_of(o->book) : im.only.p ? STR("import") : base;
	im.lang = str_of(o->lang ? o->lang : "en");
	if (convert) {
		if (!mkdtemp(temporary))
			return usage("no temporary folder can be made");
		enum rc rc = kb_convert(str_of(o->format), im.dir, im.only, str_of(temporary), &err);
		if (rc != RC_OK) {
			kb_remove_tree(temporary);
			return app_complain("kb import", &err);
		}
		im.dir = str_of(temporary);
		if (im.only.p)
			im.only = str_concat(&app->arena, str_sub(im.only, 0, str_find_byte(im.only, '.')), STR(".md"));
	}
	enum rc rc = app_open(app, o->rest, &err);
	if (rc == RC_OK)
		rc = kb_import_tree(app->desk.db, app->desk.blobs, app->desk.jail, &app->arena, &who, &im, &report,
		                    &err);
	app_close(app);
	if (convert)
		kb_remove_tree(temporary);
	if (rc != RC_OK)
		return app_complain("kb import", &err);
	show(&report, o->dry_run);
	return EX_OK;
}

static int do_export(struct app *app, struct options *o)
{
	struct kb_export ex = { .visibility = VISIBLE_PUBLIC };
	struct kb_export_report report;
	struct err err = { 0 };

	if (o->n_words != 1 || !visibility_of(o->visibility, &ex.visibility) ||
	    (o->format && strcmp(o->format, "md") != 0 && strcmp(o->format, "html") != 0))
		return usage("kb export wants one folder, and options as below");
	ex.dir = str_of(o->words[0]);
	ex.lang = str_of(o->lang ? o->lang : "en");
	ex.html = o->format && strcmp(o->format, "html") == 0;
	enum rc rc = app_open(app, o->rest, &err);
	ex.product = app->desk.config.product.n ? app->desk.config.product : STR("Knowledge base");
	if (rc == RC_OK)
		rc = kb_export_tree(app->desk.db, app->desk.blobs, &app->arena, &ex, &report, &err);
	app_close(app);
	if (rc != RC_OK)
		return app_complain("kb export", &err);
	printf("%zu pages and %zu files in " STR_F "\n", report.pages, report.files, STR_A(ex.dir));
	return EX_OK;
}

int cmd_kb(struct app *app, int argc, char **argv)
{
	struct options o = { 0 };

	if (argc > 1 && strcmp(argv[1], "source") == 0) {
		parse(argc, argv, &o);
		return kb_source_command(
		        app, o.n_words, o.words, o.rest,
		        &(struct kb_source_options){ o.branch, o.folder, o.every, o.lang, o.kind, o.visibility });
	}
	parse(argc, argv, &o);
	if (argc > 1 && strcmp(argv[1], "import") == 0)
		return do_import(app, &o);
	if (argc > 1 && strcmp(argv[1], "export") == 0)
		return do_export(app, &o);
	return usage("kb what?");
}

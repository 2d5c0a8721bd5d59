/* A pull: what is new is asked first; a shallow clone, the import, and what came of it in the row. */
#include "account/account.h"
#include "kb/source.h"
#include "kb/convert.h"
#include "kb/process.h"
#include "kb/source_private.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define GIT         "/usr/bin/git"
#define SECONDS     300
#define FILE_BYTES  ((uint64_t)1 << 30)
#define REPORT_KEPT 8000

static char *const git_env[] = { (char[]){ "PATH=/usr/bin:/bin" },
	                         (char[]){ "LC_ALL=C.UTF-8" },
	                         (char[]){ "HOME=/nonexistent" },
	                         (char[]){ "GIT_TERMINAL_PROMPT=0" },
	                         (char[]){ "GIT_CONFIG_NOSYSTEM=1" },
	                         (char[]){ "GIT_CONFIG_GLOBAL=/dev/null" },
	                         (char[]){ "GIT_ALLOW_PROTOCOL=https:ssh:file" },
	                         (char[]){ "GIT_LFS_SKIP_SMUDGE=1" },
	                         (char[]){ "GIT_ASKPASS=/bin/false" },
	                         (char[]){ "GIT_SSH_COMMAND=ssh -oBatchMode=yes -oStrictHostKeyChecking=accept-new" },
	                         NULL };

/* `args`: NULL-terminated, behind what is always said. */
static enum rc git(struct arena *a, const char *const *args, struct buf *words, struct err *err)
{
	static const char *const always[] = { "git",
		                              "-c",
		                              "core.hooksPath=/dev/null",
		                              "-c",
		                              "core.symlinks=false",
		                              "-c",
		                              "submodule.recurse=false",
		                              "-c",
		                              "core.fsmonitor=false" };
	char *argv[40];
	size_t n = 0;
	int code = 0;

	for (size_t i = 0; i < COUNT(always); i++)
		argv[n++] = str_z(a, str_of(always[i]));
	for (; *args && n + 1 < COUNT(argv); args++)
		argv[n++] = str_z(a, str_of(*args));
	argv[n] = NULL;
	struct process p = {
		.path = GIT, .argv = argv, .env = git_env, .dir = "/", .seconds = SECONDS, .file = FILE_BYTES
	};
	enum rc rc = process_run(&p, words, &code, err);
	if (rc != RC_OK || code == 0)
		return rc;
	if (code == 127)
		return fail(err, RC_INVALID, "Git is not installed; install the package git");
	if (code < 0)
		return fail(err, RC_INVALID, "Git did not end in %d seconds, or the repository is too large", SECONDS);
	return fail(err, RC_INVALID, "Git said: " STR_F, STR_A(process_last_words(words)));
}

/* The commit that the branch is at; the first word of what ls-remote says. */
static enum rc newest(struct arena *a, const struct kb_source *s, struct str *ret, struct err *err)
{
	AUTO_BUF words;

	buf_init(&words, 1 << 20);
	const char *branch = s->branch.n ? arena_strf(a, "refs/heads/" STR_F, STR_A(s->branch)).p : "HEAD";
	enum rc rc = git(a, (const char *[]){ "ls-remote", "--", str_z(a, s->url), branch, NULL }, &words, err);
	struct str said = buf_str(&words);

	/* ssh may have said something before it. */
	for (struct str rest = said, line; rc == RC_OK && str_cut(&rest, '\n', &line);)
		if (str_find_byte(line, '\t') >= 40 && str_find_byte(line, '\t') != STR_NONE)
			said = line;
	size_t tab = str_find_byte(said, '\t');
	if (rc == RC_OK && (tab == STR_NONE || tab < 40 || tab > 64))
		return fail(err, RC_INVALID, "There is no branch " STR_F " in this repository",
		            STR_A(s->branch.n ? s->branch : STR("HEAD")));
	if (rc == RC_OK)
		*ret = arena_str(a, str_sub(said, 0, tab));
	return rc;
}

/* Which of Markdown, reStructuredText and HTML the folder has most of: looks two levels deep. */
static void count(const char *dir, int depth, size_t n[3])
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)) != NULL) {
		struct str name = str_of(e->d_name);

		if (name.p[0] == '.')
			continue;
		n[0] += str_ends(name, STR(".md"));
		n[1] += str_ends(name, STR(".rst"));
		n[2] += str_ends(name, STR(".html"));
		if (depth < 2 && e->d_type == DT_DIR) {
			char below[4096];

			if (snprintf(below, sizeof(below), "%s/%s", dir, e->d_name) < (int)sizeof(below))
				count(below, depth + 1, n);
		}
	}
	if (d)
		closedir(d);
}

static enum rc import(struct db *db, struct blob_store *blobs, struct jail *jail, struct arena *a,
                      const struct kb_source *s, const char *clone, const char *converted, bool force,
                      struct kb_import_report *ret, struct err *err)
{
	struct actor who = actor_system();
	struct str dir = s->folder.n ? arena_strf(a, "%s/" STR_F, clone, STR_A(s->folder)) : str_of(clone);
	struct kb_import im = { .dir = dir,
		                .book = s->name,
		                .lang = s->lang,
		                .kind = s->kind,
		                .visibility = s->visibility,
		                .force = force };
	size_t n[3] = { 0 };

	count(str_z(a, dir), 0, n);
	if (n[1] > n[0] || (!n[0] && n[2])) {
		enum rc rc = kb_convert(n[1] ? STR("rst") : STR("html"), dir, STR_NULL, str_of(converted), err);

		if (rc != RC_OK)
			return rc;
		im.dir = str_of(converted);
	}
	return kb_import_tree(db, blobs, jail, a, &who, &im, ret, err);
}

static enum rc clone_and_import(struct db *db, struct blob_store *blobs, struct jail *jail, struct arena *a,
                                const struct kb_source *s, bool force, struct kb_import_report *ret, struct err *err)
{
	char top[] = "/tmp/carrel-source-XXXXXX";
	const char *args[16] = { "clone",      "--quiet",         "--depth=1",
		                 "--no-tags",  "--single-branch", "--no-recurse-submodules",
		                 "--template=" };
	size_t n = 7;
	AUTO_BUF words;

	buf_init(&words, 64 << 10);
	if (!mkdtemp(top))
		return fail(err, RC_RETRY, "No temporary folder can be made");
	const char *clone = arena_strf(a, "%s/clone", top).p, *converted = arena_strf(a, "%s/md", top).p;
	if (s->branch.n) {
		args[n++] = "--branch";
		args[n++] = str_z(a, s->branch);
	}
	args[n++] = "--";
	args[n++] = str_z(a, s->url);
	args[n++] = clone;
	enum rc rc = mkdir(converted, 0700) == 0 ? git(a, args, &words, err)
	                                         : fail(err, RC_RETRY, "No temporary folder can be made");
	if (rc == RC_OK)
		rc = import(db, blobs, jail, a, s, clone, converted, force, ret, err);
	kb_remove_tree(top);
	return rc;
}

struct noting {
	const struct kb_source *s;
	struct str commit, error, report;
	struct instant now;
};

static enum rc note(struct db_tx *tx, void *arg, struct err *err)
{
	struct noting *x = arg;

	return kb_source_taken(tx, x->s->id, x->now, x->commit, x->error, x->report, err);
}

enum rc kb_source_pull(struct db *db, struct blob_store *blobs, struct jail *jail, struct arena *a,
                       const struct kb_source *s, bool force, struct kb_import_report *ret, struct err *err)
{
	struct noting x = { .s = s, .commit = STR_INIT(""), .error = STR_INIT(""), .report = STR_INIT("") };
	struct kb_import_report report = { .text = STR_INIT("nothing is new\n") };
	struct str commit = STR_NULL;
	enum rc rc = newest(a, s, &commit, err);

	if (rc == RC_OK && (force || !str_eq(commit, s->commit)))
		rc = clone_and_import(db, blobs, jail, a, s, force, &report, err);
	if (rc == RC_OK)
		x.commit = commit;
	else
		x.error = str_of(err->text);
	x.report = rc == RC_OK && report.files
	                   ? arena_strf(
	                             a,
	                             "%zu new, %zu changed, %zu as before, %zu kept as edited here, %zu gone\n" STR_F,
	                             report.created, report.updated, report.unchanged, report.kept, report.gone,
	                             STR_A(str_utf8_clip(report.text, REPORT_KEPT)))
	                   : STR("");
	x.now = time_now();
	struct err second = { 0 };
	enum rc noted = db_write(db, note, &x, &second);
	if (rc == RC_OK)
		*ret = report;
	return rc == RC_OK && noted != RC_OK ? fail(err, noted, "%s", second.text) : rc;
}

struct asking {
	struct arena *a;
	struct instant now;
	struct kb_source s;
};

static enum rc ask(struct db_tx *tx, void *arg, struct err *err)
{
	struct asking *x = arg;

	return kb_source_due(tx, x->a, x->now, &x->s, err);
}

enum rc kb_source_step(struct db *db, struct blob_store *blobs, struct jail *jail, struct arena *a, struct instant now,
                       struct err *err)
{
	struct asking x = { .a = a, .now = now };
	struct kb_import_report report;
	enum rc rc = db_read(db, ask, &x, err);

	if (rc == RC_OK)
		rc = kb_source_pull(db, blobs, jail, a, &x.s, false, &report, err);
	return rc == RC_INVALID || rc == RC_LIMIT || rc == RC_CONFLICT ? RC_OK : rc;
}

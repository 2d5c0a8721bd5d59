/* The converter's process: convert.py in Python, shut off from the environment, bounded, waited for. */
#include "kb/convert.h"
#include "convert_py.h"
#include "kb/process.h"
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#define SECONDS 300

static char *const env[] = { (char[]){ "PATH=/usr/bin:/bin" }, (char[]){ "LC_ALL=C.UTF-8" },
	                     (char[]){ "PYTHONDONTWRITEBYTECODE=1" }, NULL };

enum rc kb_convert(struct str format, struct str from, struct str only, struct str to, struct err *err)
{
	AUTO_ARENA a;
	AUTO_BUF words;
	int code = 0;

	arena_init(&a);
	buf_init(&words, 16384);
	char *argv[] = { (char[]){ "python3" },
		         (char[]){ "-I" },
		         (char[]){ "-c" },
		         (char *)convert_py,
		         str_z(&a, format),
		         str_z(&a, from),
		         str_z(&a, to),
		         only.n ? str_z(&a, only) : NULL,
		         NULL };
	struct process p = { .path = "/usr/bin/python3",
		             .argv = argv,
		             .env = env,
		             .seconds = SECONDS,
		             .memory = (uint64_t)2 << 30,
		             .file = 128 << 20 };
	enum rc rc = process_run(&p, &words, &code, err);
	if (rc != RC_OK || code == 0)
		return rc;
	struct str last = process_last_words(&words);
	if (code == 127)
		return fail(err, RC_INVALID,
		            "Python is not installed (packages python3, python3-docutils); nothing was changed");
	if (code < 0)
		return fail(err, RC_INVALID,
		            "Converting was stopped after %d seconds, or used too much; nothing was changed", SECONDS);
	if (str_find(last, STR("docutils")) != STR_NONE)
		return fail(err, RC_INVALID, "The package python3-docutils is not installed; nothing was changed");
	return fail(err, RC_INVALID, "The tree of " STR_F " could not be converted: " STR_F "; nothing was changed",
	            STR_A(format), STR_A(last));
}

static void remove_at(int at, const char *name, int depth)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;

	if (!d) {
		if (fd >= 0)
			close(fd);
		unlinkat(at, name, 0);
		return;
	}
	while (depth < 100 && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			remove_at(dirfd(d), e->d_name, depth + 1);
	closedir(d);
	unlinkat(at, name, AT_REMOVEDIR);
}

void kb_remove_tree(const char *dir)
{
	remove_at(AT_FDCWD, dir, 0);
}

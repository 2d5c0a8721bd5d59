/* Loading or making the key file. */
#include "desk/secret.h"
#include "util/crypt.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static enum rc sync_folder(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dir = slash ? str_z(a, (struct str){ path, slash == path ? 1 : (size_t)(slash - path) }) : ".";
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return ok ? RC_OK : RC_FAULT;
}

/* Written under another name and linked when it is complete: a crash leaves no empty key file, and of two desks that
 * start at once one makes it and both read the same. */
static enum rc make(const char *path, struct err *err)
{
	unsigned char key[32];
	AUTO_ARENA a;

	arena_init(&a);
	random_bytes(key, sizeof(key));
	const char *temp = str_z(&a, arena_strf(&a, "%s.%.12s", path, random_token(&a).p));
	int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(err, RC_FAULT, "cannot make the key file %s: %s", path, strerror(errno));
	struct str hex = hex_encode(&a, (struct str){ (char *)key, sizeof(key) });
	struct str line = arena_strf(&a, STR_F "\n", STR_A(hex));
	bool ok = write(fd, line.p, line.n) == (ssize_t)line.n && fsync(fd) == 0;
	close(fd);
	ok = ok && (link(temp, path) == 0 || errno == EEXIST);
	unlink(temp);
	ok = ok && sync_folder(&a, path) == RC_OK;
	return ok ? RC_OK : fail(err, RC_FAULT, "cannot write the key file %s: %s", path, strerror(errno));
}

static enum rc read_keys(struct arena *out, struct desk *d, const char *path, struct err *err)
{
	struct stat st;
	char text[2048];
	struct str rest, line;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0) {
		if (fd >= 0)
			close(fd);
		return fail(err, RC_FAULT, "cannot read the key file %s: %s", path, strerror(errno));
	}
	ssize_t n = read(fd, text, sizeof(text));
	close(fd);
	if (n < 0 || n == sizeof(text))
		return fail(err, RC_INVALID, "the key file %s is no list of keys", path);
	if (st.st_mode & 077)
		return fail(err, RC_INVALID, "the key file %s can be read by others: chmod 600 it", path);
	rest = (struct str){ text, (size_t)n };
	d->keys.n = 0;
	while (str_cut(&rest, '\n', &line) && d->keys.n < COUNT(d->keys.key)) {
		line = str_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (line.n < 32)
			return fail(err, RC_INVALID, "the key file %s has a key shorter than 32 characters", path);
		d->keys.key[d->keys.n++] = arena_str(out, line);
	}
	return d->keys.n ? RC_OK : fail(err, RC_INVALID, "the key file %s holds no key", path);
}

enum rc secret_load(struct arena *out, struct desk *d, struct err *err)
{
	const char *path = str_z(out, d->config.secret_file.n
	                                      ? d->config.secret_file
	                                      : arena_strf(out, STR_F "/secret", STR_A(d->config.data_dir)));
	enum rc rc = RC_OK;
	struct str local = d->config.support_addr, head;

	if (access(path, F_OK) != 0)
		rc = make(path, err);
	if (rc == RC_OK)
		rc = read_keys(out, d, path, err);
	if (rc != RC_OK)
		return rc;
	if (!str_cut(&local, '@', &head))
		head = STR("support");
	d->keys.reply_local = str_lower(out, head);
	d->keys.reply_domain = str_lower(out, local.n ? local : STR("localhost"));
	d->keys.domain = str_lower(out, d->config.mail_domain);
	d->pin_key = arena_strf(out, "pin " STR_F, STR_A(d->keys.key[0]));
	return RC_OK;
}

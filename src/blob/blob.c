/* The store: temporary file, hash on the way, fdatasync, rename, sync of the folder. Names for people are in name.c,
 * what may be shown in sniff.c. */
#include "blob/blob.h"
#include "util/crypt.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SHARDS     256
#define BATCHES    64 /* remembered outcomes of folder syncs; waiters never lag that far */
#define CHECK_EACH (1 << 20)

struct blob_store {
	char *dir;
	int root; /* descriptor of dir */
	int64_t reserve;
	atomic_uint_fast64_t temp;
	/* One thread syncs the folders for all that wait; who comes meanwhile waits for the next round. */
	pthread_mutex_t lock;
	pthread_cond_t synced;
	bool syncing, dirty[SHARDS], failed[BATCHES];
	atomic_bool rooted[SHARDS]; /* its folder's name is known to be on disk */
	uint64_t collecting, done;  /* rounds; `collecting` begins at 1 */
};

struct blob_writer {
	struct blob_store *s;
	int fd;
	char name[32]; /* tmp/... */
	struct sha256 hash;
	int64_t size, unchecked;
	enum rc rc; /* of the first failure */
};

static enum rc fail_io(struct err *err, const char *doing)
{
	int e = errno;

	if (e == ENOSPC || e == EDQUOT)
		return fail(err, RC_FULL, "the disk is full; nothing was kept, try again when there is space");
	return fail(err, RC_FAULT, "cannot %s: %s; nothing was kept", doing, strerror(e));
}

static bool is_sha(struct str sha)
{
	for (size_t i = 0; i < sha.n; i++)
		if (!(sha.p[i] >= '0' && sha.p[i] <= '9') && !(sha.p[i] >= 'a' && sha.p[i] <= 'f'))
			return false;
	return sha.n == 64;
}

/* "ab/cdef...", relative to root. */
static void rel_path(struct str sha, char ret[66])
{
	memcpy(ret, sha.p, 2);
	ret[2] = '/';
	memcpy(ret + 3, sha.p + 2, 62);
	ret[65] = 0;
}

static unsigned shard_of(struct str sha)
{
	char two[3] = { sha.p[0], sha.p[1], 0 };

	return (unsigned)strtoul(two, NULL, 16);
}

/* ---- opening ---- */

static enum rc make_folders(struct blob_store *s, struct err *err)
{
	if (mkdirat(s->root, "tmp", 0700) != 0 && errno != EEXIST)
		return fail_io(err, "make the folder for temporary files");
	return fsync(s->root) == 0 ? RC_OK : fail_io(err, "sync the blob store's folder");
}

/* The folder of a shard is made when its first blob comes. Whoever finds it there does not know that its name is on
 * disk already, another thread or process may have made it just now: so the first blob of each shard and process waits
 * for a sync of the root. */
static enum rc make_shard(struct blob_store *s, struct str sha, struct err *err)
{
	char name[3] = { sha.p[0], sha.p[1], 0 };

	return mkdirat(s->root, name, 0700) == 0 || errno == EEXIST ? RC_OK
	                                                            : fail_io(err, "make a folder of the blob store");
}

static enum rc sync_root(struct blob_store *s, unsigned shard, struct err *err)
{
	if (atomic_load(&s->rooted[shard]))
		return RC_OK;
	if (fsync(s->root) != 0)
		return fail_io(err, "sync the blob store's folder");
	atomic_store(&s->rooted[shard], true);
	return RC_OK;
}

static void clean_temp(struct blob_store *s)
{
	int fd = openat(s->root, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *e; (e = readdir(d));) {
		long owner = strtol(e->d_name, NULL, 10);
		bool alive = owner > 0 && owner != getpid() && (kill((pid_t)owner, 0) == 0 || errno == EPERM);

		if (e->d_name[0] != '.' && !alive)
			unlinkat(fd, e->d_name, 0);
	}
	closedir(d);
}

enum rc blob_open(struct str dir, int64_t reserve, struct blob_store **ret, struct err *err)
{
	struct blob_store *s = xcalloc(1, sizeof(*s));

	*s = (struct blob_store){ .reserve = reserve, .collecting = 1 };
	s->dir = xmalloc(dir.n + 1);
	memcpy(s->dir, dir.p, dir.n);
	s->dir[dir.n] = 0;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->synced, NULL);
	mkdir(s->dir, 0700); /* if it is not there then, opening says so */
	s->root = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum rc rc = s->root >= 0 ? make_folders(s, err)
	                          : fail(err, RC_FAULT, "cannot open the blob store %s: %s", s->dir, strerror(errno));
	if (rc != RC_OK) {
		blob_close(s);
		return rc;
	}
	clean_temp(s);
	*ret = s;
	return RC_OK;
}

void blob_close(struct blob_store *s)
{
	if (s->root >= 0)
		close(s->root);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->synced);
	free(s->dir);
	free(s);
}

int64_t blob_free_bytes(struct blob_store *s)
{
	struct statvfs v;

	if (fstatvfs(s->root, &v) != 0)
		return 0;
	return (int64_t)(v.f_bavail * v.f_frsize);
}

static enum rc check_space(struct blob_store *s, struct err *err)
{
	if (blob_free_bytes(s) >= s->reserve)
		return RC_OK;
	return fail(err, RC_FULL,
	            "the disk has less free space than the reserve; nothing was kept, try again when there is space");
}

/* ---- folder syncs, shared ---- */

static bool sync_round(struct blob_store *s, const bool *dirty)
{
	bool ok = true;
	char name[8];

	for (unsigned i = 0; i < SHARDS; i++) {
		if (!dirty[i])
			continue;
		snprintf(name, sizeof(name), "%02x", i);
		int fd = openat(s->root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || fsync(fd) != 0)
			ok = false;
		if (fd >= 0)
			close(fd);
	}
	return ok;
}

static enum rc sync_shard(struct blob_store *s, unsigned shard, struct err *err)
{
	bool dirty[SHARDS];

	pthread_mutex_lock(&s->lock);
	uint64_t mine = s->collecting;
	s->dirty[shard] = true;
	while (s->done < mine) {
		if (s->syncing) {
			pthread_cond_wait(&s->synced, &s->lock);
			continue;
		}
		memcpy(dirty, s->dirty, sizeof(dirty));
		memset(s->dirty, 0, sizeof(s->dirty));
		uint64_t round = s->collecting++;
		s->syncing = true;
		pthread_mutex_unlock(&s->lock);
		bool ok = sync_round(s, dirty);
		pthread_mutex_lock(&s->lock);
		s->syncing = false;
		s->failed[round % BATCHES] = !ok;
		s->done = round;
		pthread_cond_broadcast(&s->synced);
	}
	bool failed = s->failed[mine % BATCHES];
	pthread_mutex_unlock(&s->lock);
	return failed ? fail(err, RC_FAULT, "the disk did not confirm that a file was kept; it counts as not kept")
	              : RC_OK;
}

/* ---- writing ---- */

enum rc blob_begin(struct blob_store *s, struct blob_writer **ret, struct err *err)
{
	enum rc rc = check_space(s, err);

	if (rc != RC_OK)
		return rc;
	struct blob_writer *w = xcalloc(1, sizeof(*w));
	w->s = s;
	/* The process in the name: several may write (a desk and `carrel mail deliver`), and each cleans up only after
	 * the dead. */
	snprintf(w->name, sizeof(w->name), "tmp/%d.%llu", (int)getpid(),
	         (unsigned long long)atomic_fetch_add(&s->temp, 1));
	w->fd = openat(s->root, w->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (w->fd < 0) {
		rc = fail_io(err, "make a temporary file");
		free(w);
		return rc;
	}
	sha256_init(&w->hash);
	*ret = w;
	return RC_OK;
}

enum rc blob_write(struct blob_writer *w, struct str bytes, struct err *err)
{
	struct str left = bytes;

	if (w->rc != RC_OK)
		return fail(err, w->rc, "an earlier part of the file could not be written; nothing was kept");
	w->unchecked += (int64_t)bytes.n;
	if (w->unchecked >= CHECK_EACH) {
		w->unchecked = 0;
		if ((w->rc = check_space(w->s, err)) != RC_OK)
			return w->rc;
	}
	while (left.n) {
		ssize_t n = write(w->fd, left.p, left.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return w->rc = fail_io(err, "write a file");
		left = str_from(left, (size_t)n);
	}
	if (bytes.n)
		sha256_add(&w->hash, bytes.p, bytes.n);
	w->size += (int64_t)bytes.n;
	return RC_OK;
}

void blob_abort(struct blob_writer *w)
{
	if (w->fd >= 0)
		close(w->fd);
	unlinkat(w->s->root, w->name, 0);
	free(w);
}

/* Gives a synced file its name. The same bytes may have got theirs from another thread that still waits for its folder
 * sync, so ours is waited for even then. */
static enum rc settle(struct blob_store *s, int at, const char *from, struct str sha, int64_t size, struct err *err)
{
	char to[66];
	struct stat st;

	rel_path(sha, to);
	if (fstatat(s->root, to, &st, 0) == 0 && st.st_size == size) {
		unlinkat(at, from, 0);
	} else if (renameat(at, from, s->root, to) != 0) {
		enum rc rc = errno == ENOENT ? make_shard(s, sha, err) : fail_io(err, "name a file");

		if (rc != RC_OK)
			return rc;
		if (renameat(at, from, s->root, to) != 0)
			return fail_io(err, "name a file");
	}
	enum rc rc = sync_root(s, shard_of(sha), err);

	return rc == RC_OK ? sync_shard(s, shard_of(sha), err) : rc;
}

enum rc blob_finish(struct blob_writer *w, char ret_sha256[65], int64_t *ret_size, struct err *err)
{
	enum rc rc = w->rc;

	if (rc != RC_OK)
		fail(err, rc, "a part of the file could not be written; nothing was kept");
	else if (fdatasync(w->fd) != 0)
		rc = fail_io(err, "make sure that a file is on disk");
	if (close(w->fd) != 0 && rc == RC_OK)
		rc = fail_io(err, "close a file");
	w->fd = -1;
	sha256_end(&w->hash, ret_sha256);
	if (rc == RC_OK)
		rc = settle(w->s, w->s->root, w->name, str_of(ret_sha256), w->size, err);
	if (rc == RC_OK && ret_size)
		*ret_size = w->size;
	if (rc != RC_OK)
		unlinkat(w->s->root, w->name, 0);
	free(w);
	return rc;
}

enum rc blob_put(struct blob_store *s, struct str bytes, char ret_sha256[65], struct err *err)
{
	struct blob_writer *w;
	enum rc rc = blob_begin(s, &w, err);

	if (rc != RC_OK)
		return rc;
	if ((rc = blob_write(w, bytes, err)) != RC_OK) {
		blob_abort(w);
		return rc;
	}
	return blob_finish(w, ret_sha256, NULL, err);
}

/* From another file system: copied, and then it must be what was said. */
static enum rc adopt_copy(struct blob_store *s, int fd, const char *path, struct str sha256, struct err *err)
{
	struct blob_writer *w;
	char chunk[16384], got[65];
	enum rc rc = blob_begin(s, &w, err);
	ssize_t n = 0;

	if (rc != RC_OK)
		return rc;
	while (rc == RC_OK && (n = read(fd, chunk, sizeof(chunk))) > 0)
		rc = blob_write(w, (struct str){ chunk, (size_t)n }, err);
	if (rc == RC_OK && n < 0)
		rc = fail_io(err, "read an upload");
	if (rc != RC_OK) {
		blob_abort(w);
		return rc;
	}
	rc = blob_finish(w, got, NULL, err);
	if (rc == RC_OK && !str_eq(str_of(got), sha256))
		rc = fail(err, RC_FAULT, "an upload changed on disk; it was not kept");
	if (rc == RC_OK)
		unlink(path);
	return rc;
}

enum rc blob_adopt(struct blob_store *s, const char *path, struct str sha256, struct err *err)
{
	struct stat st, there;

	if (!is_sha(sha256))
		return fail(err, RC_FAULT, "an upload has no hash; it was not kept");
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) != 0 || fstat(s->root, &there) != 0) {
		enum rc rc = fail_io(err, "open an upload");
		if (fd >= 0)
			close(fd);
		return rc;
	}
	enum rc rc = check_space(s, err);
	if (rc == RC_OK && st.st_dev != there.st_dev)
		rc = adopt_copy(s, fd, path, sha256, err);
	else if (rc == RC_OK && fdatasync(fd) != 0)
		rc = fail_io(err, "make sure that an upload is on disk");
	else if (rc == RC_OK)
		rc = settle(s, AT_FDCWD, path, sha256, st.st_size, err);
	close(fd);
	return rc;
}

/* ---- reading ---- */

struct str blob_path(struct arena *a, const struct blob_store *s, struct str sha256)
{
	char rel[66];

	if (!is_sha(sha256))
		return STR_NULL;
	rel_path(sha256, rel);
	return arena_strf(a, "%s/%s", s->dir, rel);
}

enum rc blob_remove(struct blob_store *s, struct str sha256, struct err *err)
{
	char rel[66];

	if (!is_sha(sha256))
		return fail(err, RC_INVALID, "This is no name of a blob.");
	rel_path(sha256, rel);
	if (unlinkat(s->root, rel, 0) != 0 && errno != ENOENT)
		return fail(err, RC_FAULT, "cannot remove the blob %s: %s", rel, strerror(errno));
	return RC_OK;
}

bool blob_has(struct blob_store *s, struct str sha256)
{
	char rel[66];

	if (!is_sha(sha256))
		return false;
	rel_path(sha256, rel);
	return faccessat(s->root, rel, R_OK, 0) == 0;
}

enum rc blob_fd(struct blob_store *s, struct str sha256, size_t max, int *ret_fd, size_t *ret_size, struct err *err)
{
	char rel[66];
	struct stat st;

	if (!is_sha(sha256))
		return fail(err, RC_NOT_FOUND, "there is no such file");
	rel_path(sha256, rel);
	int fd = openat(s->root, rel, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return fail(err, RC_NOT_FOUND, "the file is not in the blob store");
	if (fd < 0 || fstat(fd, &st) != 0) {
		enum rc rc = fail(err, RC_FAULT, "cannot open a file of the blob store: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return rc;
	}
	if ((uint64_t)st.st_size > max) {
		close(fd);
		return fail(err, RC_LIMIT, "the file has %lld bytes, more than the %zu that can be read",
		            (long long)st.st_size, max);
	}
	*ret_fd = fd;
	*ret_size = (size_t)st.st_size;
	return RC_OK;
}

enum rc blob_read(struct arena *a, struct blob_store *s, struct str sha256, size_t max, struct str *ret,
                  struct err *err)
{
	size_t n = 0, size;
	int fd;
	enum rc rc = blob_fd(s, sha256, max, &fd, &size, err);

	if (rc != RC_OK)
		return rc;
	char *p = arena_alloc(a, size + 1);
	for (ssize_t got = 1; got > 0 && n < size; n += got > 0 ? (size_t)got : 0)
		got = read(fd, p + n, size - n);
	close(fd);
	if (n != size)
		return fail(err, RC_FAULT, "a file of the blob store could not be read to its end");
	*ret = (struct str){ p, n };
	return RC_OK;
}

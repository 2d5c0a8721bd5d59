/* A disk for tests, loaded before the C library (LD_PRELOAD); see _power.py.
 *
 * What a program does to the files below DISK_DIR is written to the log DISK_LOG, with what it said to LMTP clients in
 * between. From the log the disk can be made as a power cut at any of these points leaves it: what was not synced by
 * then is not there, or only some of it. A write is logged when it has ended, a sync when it began and when it ended.
 *
 * The file DISK_FAIL says which call fails: int64 operation (a letter as below, 0 for none), calls until then, error
 * number (0: half of a write is done), and how many fail from then on; the last field counts the calls that failed.
 *
 * A record: letter, descriptor's inode, two numbers, the length of the bytes and the bytes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct record {
	int64_t what, ino, a, b, n;
};

struct failure {
	volatile int64_t what, wait, error, times, failed;
};

#define FDS 4096
static char dir[PATH_MAX];
static size_t n_dir;
static int out = -1;
static struct failure *failure;
static char subject[FDS][80]; /* of the mail that came last, by descriptor */

__attribute__((constructor)) static void begin(void)
{
	const char *d = getenv("DISK_DIR"), *log = getenv("DISK_LOG"), *f = getenv("DISK_FAIL");

	if (d)
		n_dir = (size_t)snprintf(dir, sizeof(dir), "%s/", d);
	if (log)
		out = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	int fd = f ? (int)syscall(SYS_openat, AT_FDCWD, f, O_RDWR | O_CLOEXEC) : -1;
	void *p = fd >= 0 ? mmap(NULL, sizeof(*failure), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (p != MAP_FAILED)
		failure = p;
}

static void say(int what, int64_t ino, int64_t a, int64_t b, const void *bytes, size_t n)
{
	struct record r = { what, ino, a, b, (int64_t)n };
	struct iovec v[2] = {
		{&r,		        sizeof(r)},
                { (void *)(uintptr_t)bytes, n        }
	};
	int kept = errno;

	if (out >= 0 && syscall(SYS_writev, out, v, 2) != (long)(sizeof(r) + n))
		abort(); /* a log with a hole would say that all is well */
	errno = kept;
}

/* The path of what is open, below the folder; NULL for all else. */
static const char *below(int fd, char path[PATH_MAX])
{
	char link[40];
	struct stat st;

	if (n_dir == 0 || fd < 0 || fstat(fd, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, PATH_MAX - 2);
	if (n <= 0)
		return NULL;
	path[n] = 0;
	if (S_ISDIR(st.st_mode)) {
		path[n] = '/';
		path[n + 1] = 0;
	}
	return strncmp(path, dir, n_dir) == 0 ? path + n_dir : NULL;
}

static int64_t inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (int64_t)st.st_ino : 0;
}

/* A path as it was given to an ...at call. */
static const char *at_path(int at, const char *given, char path[PATH_MAX])
{
	char base[PATH_MAX];

	if (n_dir == 0)
		return NULL;
	if (given[0] == '/') {
		snprintf(path, PATH_MAX, "%s", given);
	} else {
		const char *in = below(at, base);
		if (!in)
			return NULL;
		snprintf(path, PATH_MAX, "%s%s%s", dir, in, given);
	}
	return strncmp(path, dir, n_dir) == 0 ? path + n_dir : NULL;
}

/* -1: go on; else the error of this call, 0 for a short one. */
static int fails(int what)
{
	if (!failure || failure->what != what)
		return -1;
	if (__atomic_sub_fetch(&failure->wait, 1, __ATOMIC_SEQ_CST) >= 0)
		return -1;
	if (__atomic_sub_fetch(&failure->times, 1, __ATOMIC_SEQ_CST) < 0)
		return -1;
	__atomic_add_fetch(&failure->failed, 1, __ATOMIC_SEQ_CST);
	return (int)failure->error;
}

/* ---- data ---- */

static ssize_t put(int fd, const void *p, size_t n, off_t at, bool given)
{
	char path[PATH_MAX];
	const char *in = below(fd, path);
	int e = in ? fails('w') : -1;

	if (e > 0) {
		errno = e;
		return -1;
	}
	if (e == 0 && n > 1)
		n /= 2;
	ssize_t done = given ? syscall(SYS_pwrite64, fd, p, n, at) : syscall(SYS_write, fd, p, n);
	if (in && done > 0)
		say('w', inode(fd), given ? at : (int64_t)lseek(fd, 0, SEEK_CUR) - done, 0, p, (size_t)done);
	return done;
}

ssize_t write(int fd, const void *p, size_t n)
{
	return put(fd, p, n, 0, false);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off_t at)
{
	return put(fd, p, n, at, true);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	return put(fd, p, n, at, true);
}

int ftruncate64(int fd, off_t n)
{
	char path[PATH_MAX];
	int r = (int)syscall(SYS_ftruncate, fd, n);

	if (r == 0 && below(fd, path))
		say('t', inode(fd), n, 0, NULL, 0);
	return r;
}

int ftruncate(int fd, off_t n)
{
	return ftruncate64(fd, n);
}

static int sync_it(int fd, long call)
{
	char path[PATH_MAX];
	const char *in = below(fd, path);
	int e = in ? fails('s') : -1;
	static int64_t number;

	if (e >= 0) {
		errno = e ? e : EIO;
		return -1;
	}
	if (!in)
		return (int)syscall(call, fd);
	int64_t mine = __atomic_add_fetch(&number, 1, __ATOMIC_SEQ_CST), pid = getpid();
	say('b', inode(fd), mine, pid, in, strlen(in));
	int r = (int)syscall(call, fd);
	if (r == 0)
		say('s', inode(fd), mine, pid, in, strlen(in));
	return r;
}

int fsync(int fd)
{
	return sync_it(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_it(fd, SYS_fdatasync);
}

/* ---- names ---- */

static int open_it(int at, const char *given, int flags, mode_t mode)
{
	char path[PATH_MAX], real[PATH_MAX];
	const char *in = at_path(at, given, path);
	int e = in ? fails('o') : -1;
	struct stat st;

	if (e >= 0) {
		errno = e ? e : EIO;
		return -1;
	}
	bool fresh = in && (flags & O_CREAT) && stat(path, &st) != 0;
	int fd = (int)syscall(SYS_openat, at, given, flags, mode);
	if (fd >= 0 && in && (flags & O_TRUNC) && !fresh)
		say('t', inode(fd), 0, 0, NULL, 0);
	if (fd >= 0 && fresh && (in = below(fd, real)))
		say('c', inode(fd), 0, 0, in, strlen(in));
	return fd;
}

#define OPEN(name, at, ...)                                                                                            \
	int name(__VA_ARGS__, int flags, ...)                                                                          \
	{                                                                                                              \
		va_list ap;                                                                                            \
		mode_t mode = 0;                                                                                       \
                                                                                                                       \
		if (flags & (O_CREAT | O_TMPFILE)) {                                                                   \
			va_start(ap, flags);                                                                           \
			mode = va_arg(ap, mode_t);                                                                     \
			va_end(ap);                                                                                    \
		}                                                                                                      \
		return open_it(at, path, flags, mode);                                                                 \
	}
OPEN(open, AT_FDCWD, const char *path)
OPEN(open64, AT_FDCWD, const char *path)
OPEN(openat, at, int at, const char *path)
OPEN(openat64, at, int at, const char *path)

int renameat(int from_at, const char *from, int to_at, const char *to)
{
	char a[PATH_MAX], b[PATH_MAX], both[PATH_MAX * 2];
	const char *in = at_path(from_at, from, a), *in_to = at_path(to_at, to, b);
	int r = (int)syscall(SYS_renameat, from_at, from, to_at, to);

	if (r == 0 && in && in_to)
		say('r', 0, (int64_t)strlen(in), 0, both, (size_t)snprintf(both, sizeof(both), "%s%s", in, in_to));
	return r;
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int link(const char *from, const char *to)
{
	char a[PATH_MAX], b[PATH_MAX], both[PATH_MAX * 2];
	const char *in = at_path(AT_FDCWD, from, a), *in_to = at_path(AT_FDCWD, to, b);
	int r = (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);

	if (r == 0 && in && in_to)
		say('l', 0, (int64_t)strlen(in), 0, both, (size_t)snprintf(both, sizeof(both), "%s%s", in, in_to));
	return r;
}

int unlinkat(int at, const char *given, int flags)
{
	char path[PATH_MAX];
	const char *in = at_path(at, given, path);
	int r = (int)syscall(SYS_unlinkat, at, given, flags);

	if (r == 0 && in)
		say('u', 0, 0, 0, in, strlen(in));
	return r;
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int mkdirat(int at, const char *given, mode_t mode)
{
	char path[PATH_MAX];
	const char *in = at_path(at, given, path);
	int r = (int)syscall(SYS_mkdirat, at, given, mode);

	if (r == 0 && in)
		say('m', 0, 0, 0, in, strlen(in));
	return r;
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

/* ---- what is said to clients ---- */

ssize_t recv(int fd, void *p, size_t n, int flags)
{
	ssize_t got = syscall(SYS_recvfrom, fd, p, n, flags, NULL, NULL);

	if (got > 0 && fd < FDS) {
		const char *s = memmem(p, (size_t)got, "\nSubject: ", 10);
		if (s) {
			const char *end = memchr(s + 10, '\r', (size_t)((char *)p + got - s - 10));
			size_t len = end ? (size_t)(end - s - 10) : 0;
			if (len < sizeof(subject[0])) {
				memcpy(subject[fd], s + 10, len);
				subject[fd][len] = 0;
			}
		}
	}
	return got;
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
	if (fd < FDS && memmem(p, n, " Kept\r\n", 7))
		say('a', 0, 0, 0, subject[fd], strlen(subject[fd]));
	return syscall(SYS_sendto, fd, p, n, flags, NULL, 0);
}

/* Descriptors run out where connections are taken. */
int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	int e = fails('a');

	if (e > 0) {
		errno = e;
		return -1;
	}
	return (int)syscall(SYS_accept4, fd, addr, len, flags);
}

/* The child: warms up, gives everything away, then answers until the socket closes. */
#include "jail/private.h"
#include "mime/private.h"
#include "util/crypt.h"
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MEMORY_MAX   ((rlim_t)1536 << 20)
#define CPU_SECONDS  900
#define RETIRE_AFTER 300 /* seconds of CPU: far below the limit, so that no mail is blamed for it */
#define REQUESTS_MAX 2000

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static void limit(int what, rlim_t n)
{
	struct rlimit r = { n, n };

	setrlimit((__rlimit_resource_t)what, &r);
}

static void warm_up(void)
{
	static const char sample[] = "From: =?iso-8859-1?q?a=E9?= <a@b.example>\nSubject: x\nContent-Type: "
	                             "multipart/alternative; boundary=x\n\n"
	                             "--x\n\ntext \xc3\xa9\n--x\nContent-Type: text/html\n\n<p>html</p>\n--x--\n";
	AUTO_ARENA a;
	struct mail m;

	arena_init(&a);
	mime_preload_charsets();
	if (mime_parse(&a, str_of(sample), NULL, &m, NULL) != RC_OK)
		die("the jail's worker does not read its own sample");
	jail_warm_origin();
}

/* What is not listed fails with EPERM: a converter that is not loaded is then simply unknown. */
static bool seal(void)
{
	static const int calls[] = {
		SCMP_SYS(read),        SCMP_SYS(write),        SCMP_SYS(readv),           SCMP_SYS(writev),
		SCMP_SYS(close),       SCMP_SYS(munmap),       SCMP_SYS(mremap),          SCMP_SYS(brk),
		SCMP_SYS(madvise),     SCMP_SYS(futex),        SCMP_SYS(clock_gettime),   SCMP_SYS(exit),
		SCMP_SYS(exit_group),  SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),  SCMP_SYS(rt_sigaction),
		SCMP_SYS(sigaltstack), SCMP_SYS(gettid),       SCMP_SYS(getpid),          SCMP_SYS(tgkill),
		SCMP_SYS(getrandom),   SCMP_SYS(sched_yield),  SCMP_SYS(restart_syscall),
	};
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool ok = f != NULL;

	for (size_t i = 0; ok && i < COUNT(calls); i++)
		ok = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0) == 0;
	/* Memory, but never memory to run. */
	ok = ok &&
	     seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
	ok = ok &&
	     seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
	ok = ok && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && seccomp_load(f) == 0;
	if (f)
		seccomp_release(f);
	return ok;
}

static bool read_all(int fd, char *p, size_t n)
{
	while (n) {
		ssize_t got = read(fd, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		p += put;
		n -= (size_t)put;
	}
	return true;
}

static bool answer(int fd, enum rc rc, bool retiring, const struct str *at, size_t n_at)
{
	size_t n = 0;

	for (size_t i = 0; i < n_at; i++)
		n += at[i].n;
	unsigned char head[HEAD] = { (unsigned char)((int)rc | (retiring ? RETIRING : 0)), (unsigned char)n,
		                     (unsigned char)(n >> 8), (unsigned char)(n >> 16), (unsigned char)(n >> 24) };
	bool ok = write_all(fd, (const char *)head, HEAD);

	for (size_t i = 0; ok && i < n_at; i++)
		ok = write_all(fd, at[i].p, at[i].n);
	return ok;
}

/* What is answered, in pieces: large ones lie in the arena, or in the request. */
struct saying {
	struct arena *a;
	struct buf out; /* the small ones */
	struct str *at;
	size_t n;
};

static bool in_request(const struct saying *s, struct str bytes)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->at[i].p >= bytes.p && s->at[i].p < bytes.p + bytes.n)
			return true;
	return false;
}

static size_t said(const struct saying *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->at[i].n;
	return n;
}

/* A mail that asks for it breaks its reader as a real one might: "1" or "abort" dies, "hang" never ends, "memory" takes
 * more than there is; where no limit holds (sanitizers), it goes on as "hang". Nothing is touched: the machine keeps
 * its memory. */
static void fault(struct str bytes)
{
	const struct str head = str_sub(bytes, 0, 16384);
	const struct str name = STR("\nX-Carrel-Test-Crash: ");
	size_t at = str_find_nocase(head, name);

	if (at == STR_NONE)
		return;
	struct str how = str_sub(head, at + name.n, 6);
	if (str_starts(how, STR("memory")))
		for (rlim_t got = 0; got < MEMORY_MAX + (MEMORY_MAX >> 2); got += 16 << 20) {
			void *volatile lost = xmalloc(16 << 20);
			(void)lost;
		}
	else if (!str_starts(how, STR("hang")))
		abort();
	for (volatile int spin = 1; spin;)
		;
}

/* Whole pages go back; the rest of the request stays what it is. */
static void spent(const char *p, size_t n)
{
	uintptr_t page = 4096, from = ((uintptr_t)p + page - 1) & ~(page - 1), to = ((uintptr_t)p + n) & ~(page - 1);

	if (to > from)
		madvise((void *)from, to - from, MADV_DONTNEED); /* no matter when it fails: it is only memory */
}

/* The request is the worker's own: it is changed where it stands. */
static enum rc do_mail(char *p, size_t n, bool faults, struct saying *s, struct err *err)
{
	struct mail m;

	if (faults)
		fault((struct str){ p, n });
	enum rc rc = mime_parse(s->a, (struct str){ p, mime_lf_in_place(p, n) }, &(struct mime_limits){ .lf = true, .spent = spent }, &m, err);
	if (rc == RC_OK)
		jail_put_mail_pieces(s->a, &s->out, &m, &s->at, &s->n);
	return rc;
}

static enum rc do_html(struct str bytes, struct buf *out, struct err *err)
{
	struct html_request q;
	AUTO_ARENA a;

	arena_init(&a);
	if (bytes.n < sizeof(q))
		return fail(err, RC_INVALID, "a short request");
	memcpy(&q, bytes.p, sizeof(q));
	if (q.prefix_n > sizeof(q.prefix))
		return fail(err, RC_INVALID, "a wrong request");
	struct html_options o = {
		.max_output = q.max_output, .keep_cid = q.keep_cid, .own_images = {q.prefix, q.prefix_n}
	};
	struct html_result r = html_clean(&a, str_from(bytes, sizeof(q)), &o);
	jail_put_html(out, &r);
	return RC_OK;
}

static enum rc do_picture(struct str bytes, struct buf *out, struct err *err)
{
	uint32_t side;

	if (bytes.n < sizeof(side))
		return fail(err, RC_INVALID, "a short request");
	memcpy(&side, bytes.p, sizeof(side));
	if (side < 16 || side > 4096)
		return fail(err, RC_INVALID, "a wrong request");
	return jail_do_picture(str_from(bytes, sizeof(side)), side, out, err);
}

/* What the seal must forbid; the answer is errno, 0 when it was possible. */
static void do_test(enum jail_op op, struct buf *out)
{
	int r = -1;

	errno = 0;
	if (op == OP_TEST_OPEN)
		r = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	else if (op == OP_TEST_SOCKET)
		r = socket(AF_INET, SOCK_STREAM, 0);
	else if (op == OP_TEST_EXEC)
		r = execl("/bin/true", "true", (char *)NULL);
	else if (op == OP_TEST_LIE)
		buf_add(out, "\x12\xff\xff\xff\x7f.", 6);
	else
		for (volatile int spin = 1; spin;)
			;
	if (op != OP_TEST_LIE)
		buf_add_i64(out, r >= 0 ? 0 : errno);
}

static enum rc work(enum jail_op op, char *p, size_t n, bool faults, struct saying *s, struct err *err)
{
	struct str bytes = { p, n };

	if (op == OP_MAIL)
		return do_mail(p, n, faults, s, err);
	if (op == OP_HTML)
		return do_html(bytes, &s->out, err);
	if (op == OP_PICTURE)
		return do_picture(bytes, &s->out, err);
	if (op == OP_ORIGIN)
		return jail_do_origin(bytes, &s->out, err);
	if (faults && op >= OP_TEST_OPEN && op <= OP_TEST_LIE) {
		do_test(op, &s->out);
		return RC_OK;
	}
	return fail_code(err, RC_INVALID, "unreadable", "an unknown request");
}

/* The request is given back before the answer goes: of a large mail only what was decoded is held then. */
static bool serve_one(int fd, enum jail_op op, char *p, size_t n, bool faults, bool retiring, struct saying *s)
{
	struct str bytes = { p, n };
	struct err err = { 0 };
	enum rc rc = work(op, p, n, faults, s, &err);

	if (rc == RC_OK && (s->out.full || said(s) > JAIL_REQUEST * 3u))
		rc = fail_code(&err, RC_INVALID, "unreadable",
		               "This mail becomes too large when it is read. It was kept as it came.");
	if (rc != RC_OK) {
		s->n = 0;
		buf_clear(&s->out);
		buf_add(&s->out, err.code, strlen(err.code) + 1);
		buf_addz(&s->out, err.text);
	}
	struct str whole = buf_str(&s->out);
	bool apart = s->n > 0, needed = apart && in_request(s, bytes);

	if (!needed)
		free(p);
	bool ok = apart ? answer(fd, rc, retiring, s->at, s->n) : answer(fd, rc, retiring, &whole, 1);
	if (needed)
		free(p);
	return ok;
}

static bool serve(int fd, bool faults, bool retiring)
{
	unsigned char head[HEAD];
	AUTO_ARENA a;
	struct saying s = { .a = &a };

	arena_init(&a);
	if (!read_all(fd, (char *)head, HEAD))
		return false;
	size_t n = (size_t)head[1] | (size_t)head[2] << 8 | (size_t)head[3] << 16 | (size_t)head[4] << 24;
	if (n > JAIL_REQUEST)
		return false;
	char *p = xmalloc(n + 1);
	if (!read_all(fd, p, n)) {
		free(p);
		return false;
	}
	buf_init(&s.out, JAIL_REQUEST * 3u);
	bool ok = serve_one(fd, (enum jail_op)head[0], p, n, faults, retiring, &s);
	buf_release(&s.out);
	arena_release(&a);
	if (n > 1 << 20)
		malloc_trim(0);
	return ok;
}

int jail_main(int fd)
{
	const char *faults = getenv("CARREL_TEST_FAULTS");
	bool with_faults = faults && strcmp(faults, "1") == 0;
	struct timespec cpu = { 0 };

	close_range((unsigned)fd + 1, ~0u, 0);
	close(STDIN_FILENO);
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
	mallopt(M_ARENA_MAX, 1);
	warm_up();
#ifndef SANITIZED
	limit(RLIMIT_AS, MEMORY_MAX);
#endif
	limit(RLIMIT_CPU, CPU_SECONDS);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NPROC, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (!seal())
		die("the jail cannot be sealed: seccomp is not available; no mail is read without it");
	for (int n = 0;; n++) {
		bool retiring = n >= REQUESTS_MAX ||
		                (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0 && cpu.tv_sec > RETIRE_AFTER);

		if (!serve(fd, with_faults, retiring) || retiring)
			_exit(0);
	}
}

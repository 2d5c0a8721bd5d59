/* The parent: starts workers, asks them, and believes nothing. The answer's form is wire.c's, the child is worker.c. */
#include "jail/private.h"
#include "util/time.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 16
#define ANSWER_MORE (64u << 20) /* an answer may be twice the request and this */

struct worker {
	pid_t pid; /* 0: none */
	int fd;
	bool busy;
};

struct jail {
	char *program;
	int max;
	int64_t deadline_us;
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct worker workers[WORKERS_MAX];
	struct jail_stats stats;
};

struct jail *jail_new(const char *program, int max_workers)
{
	struct jail *j = xcalloc(1, sizeof(*j));

	j->program = xstrdup(program);
	j->max = max_workers < 1 ? 1 : max_workers > WORKERS_MAX ? WORKERS_MAX : max_workers;
	j->deadline_us = JAIL_SECONDS * SECOND_US;
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->freed, NULL);
	return j;
}

void jail_set_deadline(struct jail *j, int64_t us)
{
	j->deadline_us = us;
}

/* ---- workers ---- */

/* The child gets the socket as descriptor 3 and nothing of our environment but what a sanitiser or test needs. */
static bool start(const struct jail *j, struct worker *w)
{
	static const char *const keep[] = { "CARREL_TEST_FAULTS", "ASAN_OPTIONS", "UBSAN_OPTIONS", "GCONV_PATH" };
	char *env[COUNT(keep) + 2] = { NULL }, *argv[] = { (char[]){ "carrel" }, (char[]){ "jail" }, NULL };
	posix_spawn_file_actions_t actions;
	size_t n = 0;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	for (size_t i = 0; i < COUNT(keep); i++)
		if (getenv(keep[i]) && asprintf(&env[n], "%s=%s", keep[i], getenv(keep[i])) > 0)
			n++;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pair[1], JAIL_FD);
	int r = posix_spawn(&w->pid, j->program, &actions, NULL, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	for (size_t i = 0; i < n; i++)
		free(env[i]);
	close(pair[1]);
	if (r != 0) {
		close(pair[0]);
		w->pid = 0;
		return false;
	}
	w->fd = pair[0];
	return true;
}

static void end(struct worker *w)
{
	if (!w->pid)
		return;
	close(w->fd);
	kill(w->pid, SIGKILL);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		;
	w->pid = 0;
}

void jail_free(struct jail *j)
{
	for (int i = 0; i < j->max; i++)
		end(&j->workers[i]);
	pthread_mutex_destroy(&j->lock);
	pthread_cond_destroy(&j->freed);
	free(j->program);
	free(j);
}

/* A worker that says something unasked, or has closed, died while it was idle: that is no mail's fault. */
static bool is_idle_alive(const struct worker *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	return w->pid && poll(&p, 1, 0) == 0;
}

static struct worker *take(struct jail *j)
{
	struct worker *best = NULL;

	pthread_mutex_lock(&j->lock);
	for (;;) {
		for (int i = 0; i < j->max; i++)
			if (!j->workers[i].busy && (!best || (j->workers[i].pid && !best->pid)))
				best = &j->workers[i];
		if (best)
			break;
		pthread_cond_wait(&j->freed, &j->lock);
	}
	best->busy = true;
	j->stats.requests++;
	pthread_mutex_unlock(&j->lock);
	if (is_idle_alive(best))
		return best;
	end(best);
	if (start(j, best)) {
		pthread_mutex_lock(&j->lock);
		j->stats.starts++;
		pthread_mutex_unlock(&j->lock);
	}
	return best;
}

/* One idle worker is kept, the first that comes home. */
static void give_back(struct jail *j, struct worker *w, bool keep)
{
	pthread_mutex_lock(&j->lock);
	for (int i = 0; i < j->max; i++)
		if (&j->workers[i] != w && j->workers[i].pid && !j->workers[i].busy)
			keep = false;
	pthread_mutex_unlock(&j->lock);
	if (!keep)
		end(w);
	pthread_mutex_lock(&j->lock);
	w->busy = false;
	pthread_cond_signal(&j->freed);
	pthread_mutex_unlock(&j->lock);
}

void jail_stats(struct jail *j, struct jail_stats *ret)
{
	pthread_mutex_lock(&j->lock);
	*ret = j->stats;
	ret->workers = 0;
	for (int i = 0; i < j->max; i++)
		ret->workers += j->workers[i].pid != 0;
	pthread_mutex_unlock(&j->lock);
}

/* ---- one request ---- */

enum outcome { DONE, DIED, LATE, UNREAD /* our own file */ };

static enum outcome wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = deadline - time_monotonic_us();

		if (left <= 0)
			return LATE;
		int n = poll(&p, 1, (int)(left / 1000) + 1);
		if (n > 0)
			return DONE;
		if (n < 0 && errno != EINTR)
			return DIED;
	}
}

static enum outcome send_all(int fd, struct str s, int64_t deadline)
{
	while (s.n) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			s = str_from(s, (size_t)n);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return DIED;
		enum outcome o = wait_for(fd, POLLOUT, deadline);
		if (o != DONE)
			return o;
	}
	return DONE;
}

static enum outcome receive(int fd, char *p, size_t n, int64_t deadline)
{
	while (n) {
		ssize_t got = recv(fd, p, n, MSG_DONTWAIT);

		if (got > 0) {
			p += got;
			n -= (size_t)got;
			continue;
		}
		if (got == 0 || (errno != EAGAIN && errno != EINTR))
			return DIED;
		enum outcome o = wait_for(fd, POLLIN, deadline);
		if (o != DONE)
			return o;
	}
	return DONE;
}

struct reply {
	unsigned char status;
	struct str bytes;
};

/* Bytes in memory, or of a file, which then pass through a small buffer: a mail of 25 MB is in the worker's memory, and
 * need not be in ours, too. */
struct source {
	struct str bytes;
	int fd; /* -1: bytes */
	size_t size;
};

static enum outcome send_file(int to, const struct source *s, int64_t deadline)
{
	char chunk[16384];

	for (size_t at = 0; at < s->size;) {
		size_t want = s->size - at < sizeof(chunk) ? s->size - at : sizeof(chunk);
		ssize_t got = pread(s->fd, chunk, want, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return UNREAD;
		enum outcome o = send_all(to, (struct str){ chunk, (size_t)got }, deadline);
		if (o != DONE)
			return o;
		at += (size_t)got;
	}
	return DONE;
}

static enum outcome converse(struct arena *a, int fd, enum jail_op op, struct str head, const struct source *s,
                             int64_t deadline, struct reply *ret)
{
	size_t n = head.n + s->size;
	unsigned char h[HEAD] = { (unsigned char)op, (unsigned char)n, (unsigned char)(n >> 8),
		                  (unsigned char)(n >> 16), (unsigned char)(n >> 24) };
	enum outcome o = send_all(fd, (struct str){ (char *)h, HEAD }, deadline);

	if (o == DONE)
		o = send_all(fd, head, deadline);
	if (o == DONE)
		o = s->fd >= 0 ? send_file(fd, s, deadline) : send_all(fd, s->bytes, deadline);
	if (o == DONE)
		o = receive(fd, (char *)h, HEAD, deadline);
	if (o != DONE)
		return o;
	size_t len = (size_t)h[1] | (size_t)h[2] << 8 | (size_t)h[3] << 16 | (size_t)h[4] << 24;
	if (len > 2 * n + ANSWER_MORE)
		return DIED;
	/* Memory is taken as bytes come, not as they are promised: what is not written takes none. */
	char *p = arena_bytes(a, len + 1);

	p[len] = 0;
	o = receive(fd, p, len, deadline);
	ret->status = h[0];
	ret->bytes = (struct str){ p, len };
	return o;
}

static enum rc explain(struct jail *j, enum outcome o, struct err *err)
{
	pthread_mutex_lock(&j->lock);
	if (o == LATE)
		j->stats.timeouts++;
	else
		j->stats.crashes++;
	pthread_mutex_unlock(&j->lock);
	if (o == LATE)
		return fail_code(err, RC_INVALID, "timeout",
		                 "Reading this took longer than %d seconds and was stopped. It was kept as it came.",
		                 JAIL_SECONDS);
	return fail_code(err, RC_INVALID, "crashed", "The reader ended while it read this. It was kept as it came.");
}

/* "code NUL sentence" of the child, made of printable text again. */
static enum rc refusal(unsigned status, struct str s, struct err *err)
{
	size_t nul = str_find_byte(s, 0);
	struct str code = str_sub(s, 0, nul == STR_NONE ? 0 : nul), text = nul == STR_NONE ? s : str_from(s, nul + 1);

	if (!str_utf8_valid(text) || str_has_control(text) || text.n > 300)
		text = STR("This cannot be read. It was kept as it came.");
	fail(err, RC_INVALID, STR_F, STR_A(text));
	if (err)
		snprintf(err->code, sizeof(err->code), STR_F,
		         STR_A(str_has_control(code) || code.n > 20 || !code.n ? STR("unreadable") : code));
	return status == RC_LIMIT ? RC_LIMIT : RC_INVALID;
}

static enum rc ask(struct jail *j, struct arena *a, enum jail_op op, struct str head, const struct source *s, struct str *ret,
                   struct err *err)
{
	struct reply r = { 0 };

	if (head.n + s->size > JAIL_REQUEST)
		return fail_code(err, RC_INVALID, "unreadable",
		                 "This is too large to be read. It was kept as it came.");
	struct worker *w = take(j);
	if (!w->pid) {
		give_back(j, w, false);
		return fail(err, RC_RETRY,
		            "The program that reads mail could not be started. Nothing is lost; it is tried again.");
	}
	enum outcome o = converse(a, w->fd, op, head, s, time_monotonic_us() + j->deadline_us, &r);
	give_back(j, w, o == DONE && !(r.status & RETIRING));
	if (o == UNREAD)
		return fail(err, RC_RETRY, "The mail's file cannot be read at the moment. Nothing is lost; it is tried again.");
	if (o != DONE)
		return explain(j, o, err);
	unsigned status = r.status & ~(unsigned)RETIRING;
	if (status != RC_OK)
		return refusal(status, r.bytes, err);
	*ret = r.bytes;
	return RC_OK;
}

enum rc jail_ask(struct jail *j, struct arena *a, enum jail_op op, struct str head, struct str bytes, struct str *ret,
                 struct err *err)
{
	return ask(j, a, op, head, &(struct source){ bytes, -1, bytes.n }, ret, err);
}

enum rc jail_mail_file(struct jail *j, struct arena *a, int fd, size_t size, struct mail *ret, struct err *err)
{
	struct str wire;
	enum rc rc = ask(j, a, OP_MAIL, STR_NULL, &(struct source){ STR_NULL, fd, size }, &wire, err);

	return rc == RC_OK ? jail_get_mail(a, wire, ret, err) : rc;
}

enum rc jail_mail(struct jail *j, struct arena *a, struct str raw, struct mail *ret, struct err *err)
{
	struct str wire;
	enum rc rc = jail_ask(j, a, OP_MAIL, STR_NULL, raw, &wire, err);

	return rc == RC_OK ? jail_get_mail(a, wire, ret, err) : rc;
}

enum rc jail_html(struct jail *j, struct arena *a, struct str dirty, const struct html_options *o,
                  struct html_result *ret, struct err *err)
{
	struct html_request q = { 0 };
	struct str wire;

	if (o) {
		q.max_output = (uint32_t)o->max_output;
		q.keep_cid = o->keep_cid;
		q.prefix_n = (uint8_t)(o->own_images.n <= sizeof(q.prefix) ? o->own_images.n : 0);
		if (q.prefix_n)
			memcpy(q.prefix, o->own_images.p, q.prefix_n);
	}
	enum rc rc = jail_ask(j, a, OP_HTML, (struct str){ (const char *)&q, sizeof(q) }, dirty, &wire, err);
	return rc == RC_OK ? jail_get_html(wire, ret, err) : rc;
}

enum rc jail_picture(struct jail *j, struct arena *a, struct str bytes, uint32_t side, struct jail_picture *ret,
                     struct err *err)
{
	struct str wire;
	enum rc rc = jail_ask(j, a, OP_PICTURE, (struct str){ (const char *)&side, sizeof(side) }, bytes, &wire, err);
	uint32_t size[2];

	if (rc != RC_OK)
		return rc;
	if (wire.n < sizeof(size) || wire.n > (8u << 20))
		return fail_code(err, RC_INVALID, "crashed", "The reader of pictures said nonsense; nothing was kept.");
	memcpy(size, wire.p, sizeof(size));
	struct str thumb = str_from(wire, sizeof(size));
	if (!size[0] || !size[1] || size[0] > 30000 || size[1] > 30000 ||
	    (thumb.n && !(str_starts(thumb, STR("RIFF")) && str_eq(str_sub(thumb, 8, 4), STR("WEBP")))))
		return fail_code(err, RC_INVALID, "crashed", "The reader of pictures said nonsense; nothing was kept.");
	*ret = (struct jail_picture){ size[0], size[1], thumb.n ? thumb : STR_NULL };
	return RC_OK;
}

/* Sockets of the LMTP listener. What is said on them is lmtp_session.c's, what becomes of a mail intake.c's. */
#include "mail/lmtp.h"
#include "blob/blob.h"
#include "mail/intake.h"
#include "mail/lmtp_session.h"
#include "util/log.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_CONNECTIONS 100
#define IDLE_US         (120 * SECOND_US) /* between two reads */
#define SESSION_US      (1800 * SECOND_US)
#define THREAD_STACK    (256 * 1024)

struct lmtp {
	struct desk *desk;
	int fd, wake[2], port;
	char *path; /* of the Unix socket, unlinked at the end */
	pthread_t thread;
	atomic_int open;
	atomic_bool stop;
	atomic_ullong connections, messages, refused, temporary;
};

struct conn {
	struct lmtp *l;
	int fd;
	struct arena arena; /* of the transaction */
	struct str from, rcpt[LMTP_MAX_RCPT];
	size_t n_rcpt;
	struct buf small;         /* the mail, while it is small; beyond that in */
	struct blob_writer *blob;
	enum rc blob_rc; /* first failure while writing */
	struct err blob_err;
};

/* ---- what the dialogue asks ---- */

static void on_reset(void *arg)
{
	struct conn *c = arg;

	if (c->blob)
		blob_abort(c->blob);
	c->blob = NULL;
	buf_clear(&c->small);
	c->n_rcpt = 0;
	arena_clear(&c->arena);
}

static enum rc on_mail(void *arg, struct str from, int64_t size, struct err *err)
{
	struct conn *c = arg;
	const struct desk_config *conf = &c->l->desk->config;

	if (blob_free_bytes(c->l->desk->blobs) < conf->min_free)
		return fail(err, RC_FULL, "The desk has too little free disk space to keep mail, try again later");
	c->from = arena_str(&c->arena, from);
	return RC_OK;
}

static enum rc on_rcpt(void *arg, struct str to, struct err *err)
{
	struct conn *c = arg;

	if (!intake_is_ours(&c->l->desk->config, to))
		return fail(err, RC_NOT_FOUND, "No such address at this desk");
	c->rcpt[c->n_rcpt++] = str_lower(&c->arena, to);
	return RC_OK;
}

static enum rc on_begin(void *arg, struct err *err)
{
	struct conn *c = arg;

	c->blob_rc = RC_OK;
	buf_clear(&c->small);
	return RC_OK;
}

/* Too large for the database: what is there goes first. */
static enum rc to_blob(struct conn *c, struct err *err)
{
	enum rc rc = blob_begin(c->l->desk->blobs, &c->blob, err);

	return rc == RC_OK ? blob_write(c->blob, buf_str(&c->small), err) : rc;
}

static void on_data(void *arg, struct str bytes)
{
	struct conn *c = arg;

	if (!c->blob && c->blob_rc == RC_OK && bytes.n <= INTAKE_SMALL - c->small.n) {
		buf_adds(&c->small, bytes);
		return;
	}
	if (!c->blob && c->blob_rc == RC_OK)
		c->blob_rc = to_blob(c, &c->blob_err);
	if (c->blob_rc == RC_OK)
		c->blob_rc = blob_write(c->blob, bytes, &c->blob_err);
}

static enum rc keep(struct conn *c, struct err *err)
{
	char sha256[65];
	int64_t size = 0;

	if (c->blob_rc != RC_OK) {
		*err = c->blob_err;
		return c->blob_rc;
	}
	struct blob_writer *w = c->blob;
	if (!w)
		return intake_accept_small(c->l->desk->db, INTAKE_LMTP, buf_str(&c->small), c->from, c->rcpt, c->n_rcpt, time_now(), err);
	c->blob = NULL;
	enum rc rc = blob_finish(w, sha256, &size, err);
	if (rc != RC_OK)
		return rc;
	return intake_accept(c->l->desk->db, INTAKE_LMTP, str_of(sha256), size, c->from, c->rcpt, c->n_rcpt, time_now(), err);
}

static void on_end(void *arg, enum rc *results, struct err *errs, size_t n)
{
	struct conn *c = arg;
	struct err err = { 0 };
	enum rc rc = keep(c, &err);

	/* Our own failures are for the MTA to try again, whatever their kind: only its mail's own faults are final. */
	if (rc != RC_OK && rc != RC_FULL && rc != RC_LIMIT)
		rc = RC_RETRY;
	for (size_t i = 0; i < n; i++) {
		results[i] = rc;
		errs[i] = err;
	}
	if (rc == RC_OK) {
		atomic_fetch_add(&c->l->messages, 1);
	} else {
		atomic_fetch_add(&c->l->temporary, 1);
		log_warn("lmtp.not-kept", { "why", LOG_Z(err.text) });
	}
	on_reset(c);
}

static const struct lmtp_calls calls = { on_mail, on_rcpt, on_begin, on_data, on_end, on_reset };

/* ---- one connection ---- */

static bool send_all(int fd, struct buf *out)
{
	size_t at = 0;

	while (at < out->n) {
		ssize_t n = send(fd, out->p + at, out->n - at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false; /* SO_SNDTIMEO ends a peer that does not read */
		at += (size_t)n;
	}
	buf_clear(out);
	return true;
}

static void *serve(void *arg)
{
	struct conn *c = arg;
	struct lmtp *l = c->l;
	AUTO_BUF out;
	char *in = xmalloc(65536);
	int64_t end = time_monotonic_us() + SESSION_US;
	struct lmtp_session *s = lmtp_new(l->desk->config.mail_domain.n ? l->desk->config.mail_domain.p : "carrel",
					  l->desk->config.max_mail, &calls, c);

	buf_init(&out, 1 << 20);
	lmtp_greet(s, &out);
	while (send_all(c->fd, &out)) {
		struct pollfd p[2] = { { .fd = c->fd, .events = POLLIN }, { .fd = l->wake[0], .events = POLLIN } };
		int64_t left = end - time_monotonic_us();
		int ready = poll(p, 2, (int)((left < IDLE_US ? left : IDLE_US) / 1000));

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0 || left <= 0) {
			buf_addz(&out, "421 4.4.2 Nothing heard for too long, closing the connection\r\n");
			send_all(c->fd, &out);
			break;
		}
		if (p[1].revents) {
			buf_addz(&out, "421 4.3.2 The desk is being stopped, try again in a moment\r\n");
			send_all(c->fd, &out);
			break;
		}
		ssize_t n = recv(c->fd, in, 65536, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (!lmtp_feed(s, (struct str){ in, (size_t)n }, &out)) {
			send_all(c->fd, &out);
			break;
		}
	}
	lmtp_free(s);
	on_reset(c);
	buf_release(&c->small);
	arena_release(&c->arena);
	close(c->fd);
	free(in);
	free(c);
	atomic_fetch_sub(&l->open, 1);
	return NULL;
}

static void welcome(struct lmtp *l, int fd)
{
	struct timeval tv = { .tv_sec = 60 };
	pthread_attr_t attr;
	pthread_t thread;

	atomic_fetch_add(&l->connections, 1);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (atomic_fetch_add(&l->open, 1) >= MAX_CONNECTIONS) {
		static const char busy[] = "421 4.3.2 Too many connections, try again in a moment\r\n";

		send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		close(fd);
		atomic_fetch_sub(&l->open, 1);
		atomic_fetch_add(&l->refused, 1);
		return;
	}
	struct conn *c = xcalloc(1, sizeof(*c));
	c->l = l;
	c->fd = fd;
	arena_init(&c->arena);
	buf_init(&c->small, INTAKE_SMALL);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	if (pthread_create(&thread, &attr, serve, c) != 0) {
		close(fd);
		free(c);
		atomic_fetch_sub(&l->open, 1);
	}
	pthread_attr_destroy(&attr);
}

static void *listener(void *arg)
{
	struct lmtp *l = arg;

	while (!atomic_load(&l->stop)) {
		struct pollfd p[2] = { { .fd = l->fd, .events = POLLIN }, { .fd = l->wake[0], .events = POLLIN } };

		if (poll(p, 2, -1) <= 0 || p[1].revents)
			continue;
		int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			welcome(l, fd);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			poll(NULL, 0, 200); /* no descriptors: wait for some to be given back, do not spin */
	}
	return NULL;
}

/* ---- listening ---- */

static enum rc listen_unix(struct lmtp *l, struct str path, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (path.n >= sizeof(sa.sun_path))
		return fail(err, RC_INVALID, "the path of the LMTP socket is too long");
	memcpy(sa.sun_path, path.p, path.n);
	l->path = xstrdup(sa.sun_path);
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(l->path);
	if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 || chmod(l->path, 0660) != 0 || listen(l->fd, 128) != 0)
		return fail(err, RC_FAULT, "cannot listen for LMTP on %s: %s", l->path, strerror(errno));
	return RC_OK;
}

static enum rc listen_tcp(struct lmtp *l, struct str where, struct err *err)
{
	AUTO_ARENA a;
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM }, *ai = NULL;
	struct sockaddr_storage got;
	socklen_t got_n = sizeof(got);
	size_t colon = where.n;
	int yes = 1;

	arena_init(&a);
	while (colon > 0 && where.p[colon - 1] != ':')
		colon--;
	struct str host = str_sub(where, 0, colon ? colon - 1 : 0);
	if (host.n > 2 && host.p[0] == '[')
		host = str_sub(host, 1, host.n - 2);
	if (colon == 0 || getaddrinfo(str_z(&a, host), str_z(&a, str_from(where, colon)), &hints, &ai) != 0)
		return fail(err, RC_INVALID, "lmtp-listen wants ADDRESS:PORT or a path, not \"" STR_F "\"", STR_A(where));
	l->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd >= 0)
		setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	bool ok = l->fd >= 0 && bind(l->fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(l->fd, 128) == 0;
	freeaddrinfo(ai);
	if (!ok)
		return fail(err, RC_FAULT, "cannot listen for LMTP on " STR_F ": %s", STR_A(where), strerror(errno));
	if (getsockname(l->fd, (struct sockaddr *)&got, &got_n) == 0)
		l->port = ntohs(got.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&got)->sin6_port : ((struct sockaddr_in *)&got)->sin_port);
	return RC_OK;
}

enum rc lmtp_start(struct desk *desk, struct str where, struct lmtp **ret, struct err *err)
{
	struct lmtp *l = xcalloc(1, sizeof(*l));

	l->desk = desk;
	l->fd = l->wake[0] = l->wake[1] = -1;
	enum rc rc = str_find_byte(where, '/') != STR_NONE ? listen_unix(l, where, err) : listen_tcp(l, where, err);
	if (rc == RC_OK && pipe2(l->wake, O_CLOEXEC) != 0)
		rc = fail(err, RC_FAULT, "cannot start the LMTP listener: %s", strerror(errno));
	if (rc == RC_OK && pthread_create(&l->thread, NULL, listener, l) != 0)
		rc = fail(err, RC_FAULT, "cannot start the LMTP listener: no thread");
	if (rc != RC_OK) {
		if (l->fd >= 0)
			close(l->fd);
		free(l->path);
		free(l);
		return rc;
	}
	*ret = l;
	return RC_OK;
}

int lmtp_port(const struct lmtp *l)
{
	return l->port;
}

void lmtp_stop(struct lmtp *l)
{
	if (!l)
		return;
	atomic_store(&l->stop, true);
	close(l->wake[1]); /* end of file wakes the listener and every connection between two commands */
	pthread_join(l->thread, NULL);
	close(l->fd);
	for (int i = 0; i < 250 && atomic_load(&l->open) > 0; i++)
		poll(NULL, 0, 20);
	if (l->path)
		unlink(l->path);
	if (atomic_load(&l->open) > 0)
		return; /* a connection is stuck in a write to disk: the process is ending, leave it its memory */
	close(l->wake[0]);
	free(l->path);
	free(l);
}

void lmtp_stats(const struct lmtp *l, struct lmtp_stats *ret)
{
	*ret = (struct lmtp_stats){
		.connections = atomic_load(&l->connections),
		.messages = atomic_load(&l->messages),
		.refused = atomic_load(&l->refused),
		.temporary = atomic_load(&l->temporary),
		.open = atomic_load(&l->open),
	};
}

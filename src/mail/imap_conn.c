/* Sockets and TLS of imap_conn.h. OpenSSL is used directly: libcurl has no IDLE, and a library that reads whole answers
 * into memory cannot be held to our limits (docs/decisions). */
#include "mail/imap_conn.h"
#include "util/buf.h"
#include "util/time.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define CONNECT_MS   30000
#define ANSWER_MS    60000
#define BODY_MS      600000
#define SMALL_MAX    16384 /* of a literal that is not the body */
#define LITERALS_MAX 20    /* in one answer */

struct imap_conn {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
	const atomic_bool *stop;
	char in[16384];
	size_t at, end;
	struct buf line;
	int tag;
	char mine[16];
	struct buf capabilities;
};

static enum rc down(struct err *err, const char *what, const char *why)
{
	return fail(err, RC_RETRY, "%s%s%s", what, why ? ": " : "", why ? why : "");
}

/* Waits until the socket is ready. RC_NOT_FOUND when `until` passes. */
static enum rc wait_for(struct imap_conn *c, short events, int64_t until, struct err *err)
{
	for (;;) {
		struct pollfd p = { .fd = c->fd, .events = events };
		int64_t left = (until - time_monotonic_us()) / 1000;

		if (c->stop && atomic_load(c->stop))
			return fail(err, RC_RETRY, "the desk is stopping");
		if (left <= 0)
			return fail(err, RC_NOT_FOUND, "the server did not answer in time");
		int n = poll(&p, 1, left > 250 ? 250 : (int)left);
		if (n > 0)
			return RC_OK;
		if (n < 0 && errno != EINTR)
			return down(err, "the connection broke", strerror(errno));
	}
}

static const char *tls_why(struct imap_conn *c)
{
	long verify = SSL_get_verify_result(c->ssl);
	unsigned long e = ERR_peek_last_error();

	if (verify != X509_V_OK)
		return X509_verify_cert_error_string(verify);
	return e ? ERR_reason_error_string(e) : NULL;
}

/* Runs one operation of OpenSSL until it is done; RC_NOT_FOUND when time is up and nothing happened. */
static enum rc tls_turn(struct imap_conn *c, int result, int64_t until, const char *what, struct err *err)
{
	switch (SSL_get_error(c->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return wait_for(c, POLLIN, until, err);
	case SSL_ERROR_WANT_WRITE:
		return wait_for(c, POLLOUT, until, err);
	case SSL_ERROR_ZERO_RETURN:
		return down(err, "the server closed the connection", NULL);
	default:
		return down(err, what, tls_why(c));
	}
}

static enum rc write_all(struct imap_conn *c, struct str s, struct err *err)
{
	int64_t until = time_monotonic_us() + ANSWER_MS * INT64_C(1000);

	while (s.n) {
		enum rc rc = RC_OK;

		ERR_clear_error();
		ssize_t n = c->ssl ? SSL_write(c->ssl, s.p, (int)(s.n < 16384 ? s.n : 16384)) : write(c->fd, s.p, s.n);
		if (n > 0) {
			s = str_from(s, (size_t)n);
			continue;
		}
		if (c->ssl)
			rc = tls_turn(c, (int)n, until, "the connection broke", err);
		else if (errno == EAGAIN || errno == EINTR)
			rc = wait_for(c, POLLOUT, until, err);
		else
			rc = down(err, "the connection broke", strerror(errno));
		if (rc != RC_OK)
			return rc == RC_NOT_FOUND ? RC_RETRY : rc;
	}
	return RC_OK;
}

static enum rc fill(struct imap_conn *c, int64_t until, struct err *err)
{
	for (;;) {
		enum rc rc;

		ERR_clear_error();
		ssize_t n = c->ssl ? SSL_read(c->ssl, c->in, sizeof(c->in)) : read(c->fd, c->in, sizeof(c->in));
		if (n > 0) {
			c->at = 0;
			c->end = (size_t)n;
			return RC_OK;
		}
		if (c->ssl)
			rc = tls_turn(c, (int)n, until, "the connection broke", err);
		else if (n == 0)
			rc = down(err, "the server closed the connection", NULL);
		else if (errno == EAGAIN || errno == EINTR)
			rc = wait_for(c, POLLIN, until, err);
		else
			rc = down(err, "the connection broke", strerror(errno));
		if (rc != RC_OK)
			return rc;
	}
}

/* ---- opening ---- */

static enum rc connect_to(const struct imap_where *w, struct imap_conn *c, struct err *err)
{
	struct addrinfo hint = { .ai_socktype = SOCK_STREAM }, *all = NULL;
	int64_t until = time_monotonic_us() + CONNECT_MS * INT64_C(1000);
	AUTO_ARENA a;
	enum rc rc = down(err, "the server cannot be reached", NULL);

	arena_init(&a);
	int bad = getaddrinfo(str_z(&a, w->host), str_z(&a, w->port), &hint, &all);
	if (bad)
		return down(err, "the server's name is not known", gai_strerror(bad));
	for (struct addrinfo *ai = all; ai && rc != RC_OK; ai = ai->ai_next) {
		int soerr = 0;
		socklen_t len = sizeof(soerr);

		c->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (c->fd < 0)
			continue;
		if (connect(c->fd, ai->ai_addr, ai->ai_addrlen) == 0 || errno == EINPROGRESS) {
			rc = wait_for(c, POLLOUT, until, err);
			if (rc == RC_OK && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &soerr, &len) == 0 && soerr)
				rc = down(err, "the server cannot be reached", strerror(soerr));
		} else {
			rc = down(err, "the server cannot be reached", strerror(errno));
		}
		if (rc != RC_OK) {
			close(c->fd);
			c->fd = -1;
		}
	}
	freeaddrinfo(all);
	return rc == RC_NOT_FOUND ? RC_RETRY : rc;
}

static enum rc start_tls(const struct imap_where *w, struct imap_conn *c, struct err *err)
{
	int64_t until = time_monotonic_us() + CONNECT_MS * INT64_C(1000);
	AUTO_ARENA a;
	int r;

	arena_init(&a);
	const char *host = str_z(&a, w->host);
	c->ctx = SSL_CTX_new(TLS_client_method());
	if (!c->ctx)
		return down(err, "TLS cannot be started", NULL);
	SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
	if (w->ca_file.n ? SSL_CTX_load_verify_locations(c->ctx, str_z(&a, w->ca_file), NULL) != 1
	                 : SSL_CTX_set_default_verify_paths(c->ctx) != 1)
		return down(err, "the certificates to trust cannot be read", NULL);
	c->ssl = SSL_new(c->ctx);
	if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1)
		return down(err, "TLS cannot be started", NULL);
	X509_VERIFY_PARAM *param = SSL_get0_param(c->ssl);
	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) != 1) { /* a name, then */
		X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		if (X509_VERIFY_PARAM_set1_host(param, host, 0) != 1 || SSL_set_tlsext_host_name(c->ssl, host) != 1)
			return down(err, "the server's name cannot be checked", NULL);
	}
	for (;;) {
		ERR_clear_error();
		if ((r = SSL_connect(c->ssl)) == 1)
			return RC_OK;
		enum rc rc = tls_turn(c, r, until, "the server's TLS was refused", err);
		if (rc != RC_OK)
			return rc == RC_NOT_FOUND ? RC_RETRY : rc;
	}
}

static enum rc upgrade(const struct imap_where *w, struct imap_conn *c, struct err *err)
{
	struct imap_reply r = { 0 };
	enum rc rc = imap_send(c, STR("STARTTLS"), err);

	while (rc == RC_OK && !imap_is_mine(c, &r))
		rc = imap_next(c, ANSWER_MS, 0, NULL, NULL, &r, err);
	if (rc == RC_OK && r.kind != IMAP_OK)
		return down(err, "the server does not speak TLS; nothing was said to it", NULL);
	/* What came in the clear behind the answer is somebody's, not the server's. */
	if (rc == RC_OK && c->at < c->end)
		return down(err, "somebody put words into the connection before TLS began", NULL);
	if (rc == RC_OK)
		rc = start_tls(w, c, err);
	buf_clear(&c->capabilities);
	return rc;
}

enum rc imap_open(const struct imap_where *w, struct imap_conn **ret, struct err *err)
{
	struct imap_conn *c = xcalloc(1, sizeof(*c));
	struct imap_reply r;
	enum rc rc;

	c->fd = -1;
	c->stop = w->stop;
	buf_init(&c->line, IMAP_LINE_MAX);
	buf_init(&c->capabilities, 8192);
	rc = connect_to(w, c, err);
	if (rc == RC_OK && !w->starttls)
		rc = start_tls(w, c, err);
	if (rc == RC_OK)
		rc = imap_next(c, ANSWER_MS, 0, NULL, NULL, &r, err);
	if (rc == RC_OK && (r.tagged || r.kind != IMAP_OK))
		rc = down(err, r.kind == IMAP_BYE ? "the server says goodbye at once" : "this is no IMAP server", NULL);
	if (rc == RC_OK && w->starttls)
		rc = upgrade(w, c, err);
	if (rc != RC_OK) {
		imap_close(c);
		return RC_RETRY;
	}
	*ret = c;
	return RC_OK;
}

void imap_close(struct imap_conn *c)
{
	if (!c)
		return;
	if (c->ssl)
		SSL_free(c->ssl);
	if (c->ctx)
		SSL_CTX_free(c->ctx);
	if (c->fd >= 0)
		close(c->fd);
	buf_release(&c->line);
	buf_release(&c->capabilities);
	free(c);
}

/* ---- talking ---- */

enum rc imap_send_raw(struct imap_conn *c, struct str line, struct err *err)
{
	AUTO_ARENA a;

	arena_init(&a);
	return write_all(c, str_concat(&a, line, STR("\r\n")), err);
}

enum rc imap_send(struct imap_conn *c, struct str text, struct err *err)
{
	AUTO_ARENA a;

	arena_init(&a);
	snprintf(c->mine, sizeof(c->mine), "c%d", ++c->tag);
	return imap_send_raw(c, arena_strf(&a, "%s " STR_F, c->mine, STR_A(text)), err);
}

bool imap_is_mine(const struct imap_conn *c, const struct imap_reply *r)
{
	return r->tagged && str_is(r->tag, c->mine);
}

struct str imap_capabilities(const struct imap_conn *c)
{
	return buf_str(&c->capabilities);
}

void imap_learn(struct imap_conn *c, const struct imap_reply *r)
{
	if (r->capabilities.n && r->capabilities.n < 8000) {
		buf_clear(&c->capabilities);
		buf_adds(&c->capabilities, r->capabilities);
	}
}

static enum rc literal(struct imap_conn *c, int64_t n, imap_sink_fn *sink, void *arg, int64_t until, struct err *err)
{
	enum rc kept = RC_OK;

	while (n > 0) {
		if (c->at == c->end) {
			enum rc rc = fill(c, until, err);

			if (rc != RC_OK)
				return rc == RC_NOT_FOUND ? RC_RETRY : rc;
		}
		size_t have = c->end - c->at, take = (uint64_t)n < have ? (size_t)n : have;
		if (sink && kept == RC_OK)
			kept = sink(arg, (struct str){ c->in + c->at, take }, err);
		c->at += take;
		n -= (int64_t)take;
	}
	return kept;
}

/* Up to and without the line end. */
static enum rc line_part(struct imap_conn *c, int64_t until, bool first, struct err *err)
{
	for (;;) {
		if (c->at == c->end) {
			enum rc rc = fill(c, until, err);

			if (rc != RC_OK) /* silence in the middle of an answer is a fault */
				return rc == RC_NOT_FOUND && !(first && c->line.n == 0) ? RC_RETRY : rc;
			if (first && c->line.n == 0)
				until = time_monotonic_us() + ANSWER_MS * INT64_C(1000);
		}
		const char *lf = memchr(c->in + c->at, '\n', c->end - c->at);
		size_t n = lf ? (size_t)(lf - (c->in + c->at)) : c->end - c->at;
		for (size_t i = 0; i < n; i++)
			if (c->in[c->at + i] != '\r') /* and no byte of ours for a literal */
				buf_addc(&c->line, c->in[c->at + i] == IMAP_LITERAL ? '?' : c->in[c->at + i]);
		c->at += n + (lf ? 1 : 0);
		if (c->line.full || c->line.n >= IMAP_LINE_MAX - 64)
			return down(err, "the server sent a line without end", NULL);
		if (lf)
			return RC_OK;
	}
}

enum rc imap_next(struct imap_conn *c, int wait_ms, int64_t max, imap_sink_fn *sink, void *arg, struct imap_reply *ret,
                  struct err *err)
{
	int64_t until = time_monotonic_us() + wait_ms * INT64_C(1000);

	buf_clear(&c->line);
	for (int literals = 0;; literals++) {
		enum rc rc = line_part(c, until, literals == 0, err);
		struct str line = buf_str(&c->line);
		int64_t n;

		if (rc != RC_OK)
			return rc;
		n = imap_literal(line);
		if (n == -1)
			break;
		bool body = imap_wants_body(line) && sink;
		if (n < 0 || n > (body ? max : SMALL_MAX) || literals >= LITERALS_MAX)
			return down(err, "the server announced more bytes than it may", NULL);
		rc = literal(c, n, body ? sink : NULL, arg,
		             time_monotonic_us() + (body ? BODY_MS : ANSWER_MS) * INT64_C(1000), err);
		if (rc != RC_OK)
			return rc;
		/* Its place in the line: the brace and its number make room for a mark. */
		while (c->line.n && c->line.p[c->line.n - 1] != '{')
			c->line.n--;
		c->line.p[c->line.n - 1] = body ? IMAP_LITERAL : '?';
		until = time_monotonic_us() + ANSWER_MS * INT64_C(1000);
	}
	enum rc rc = imap_reply_read(buf_str(&c->line), ret, err);
	return rc == RC_OK ? RC_OK : RC_RETRY;
}

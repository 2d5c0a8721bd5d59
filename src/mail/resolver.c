/* A stub resolver: one question, one answer, kept as bytes. What is in it is read in the jail; here only the number and
 * the source are compared, which is what keeps others from answering. */
#include "mail/origin.h"
#include "util/crypt.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVERS_MAX 3
#define TRY_US      (3 * SECOND_US)
#define TRIES       2

struct resolver {
	struct sockaddr_storage at[SERVERS_MAX];
	socklen_t len[SERVERS_MAX];
	size_t n;
};

/* An IP address with or without port. */
static bool add_server(struct resolver *r, struct str where)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&r->at[r->n];
	struct sockaddr_in *four = (struct sockaddr_in *)&r->at[r->n];
	struct str host = where, port = STR("53");
	size_t colon = str_find_byte(where, ':');
	char z[64];
	int64_t n;

	if (r->n == SERVERS_MAX)
		return false;
	if (where.n && where.p[0] == '[') {
		size_t end = str_find_byte(where, ']');

		host = str_sub(where, 1, end == STR_NONE ? 0 : end - 1);
		if (end != STR_NONE && end + 2 < where.n && where.p[end + 1] == ':')
			port = str_from(where, end + 2);
	} else if (colon != STR_NONE && str_find_byte(str_from(where, colon + 1), ':') == STR_NONE) {
		host = str_sub(where, 0, colon);
		port = str_from(where, colon + 1);
	}
	if (host.n >= sizeof(z) || str_to_i64(port, &n) != RC_OK || n < 1 || n > 65535)
		return false;
	memcpy(z, host.p, host.n);
	z[host.n] = 0;
	memset(&r->at[r->n], 0, sizeof(r->at[r->n]));
	if (inet_pton(AF_INET, z, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)n);
		r->len[r->n++] = sizeof(*four);
		return true;
	}
	if (inet_pton(AF_INET6, z, &six->sin6_addr) != 1)
		return false;
	six->sin6_family = AF_INET6;
	six->sin6_port = htons((uint16_t)n);
	r->len[r->n++] = sizeof(*six);
	return true;
}

static void of_system(struct resolver *r)
{
	char text[8192];
	int fd = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	struct str rest = { text, n > 0 ? (size_t)n : 0 }, line;
	while (str_cut(&rest, '\n', &line)) {
		line = str_trim(line);
		if (str_starts(line, STR("nameserver ")) || str_starts(line, STR("nameserver\t")))
			(void)!add_server(r, str_trim(str_from(line, 11)));
	}
}

enum rc resolver_open(struct str where, struct resolver **ret, struct err *err)
{
	struct resolver *r = xcalloc(1, sizeof(*r));

	if (str_is(where, "system"))
		of_system(r);
	else
		(void)!add_server(r, where);
	if (r->n) {
		*ret = r;
		return RC_OK;
	}
	free(r);
	return fail(err, RC_INVALID,
	            str_is(where, "system") ? "mail-dns is system, but /etc/resolv.conf names no server"
	                                    : "mail-dns is system, or the address of a resolver like 127.0.0.1:53");
}

void resolver_close(struct resolver *r)
{
	free(r);
}

static bool wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do {
		int64_t left = deadline - time_monotonic_us();

		if (left <= 0)
			return false;
		n = poll(&p, 1, (int)(left / 1000) + 1);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

static int dial(const struct resolver *r, size_t i, int type, int64_t deadline)
{
	int fd = socket(r->at[i].ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), why = 0;
	socklen_t n = sizeof(why);

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&r->at[i], r->len[i]) == 0)
		return fd;
	if (errno == EINPROGRESS && wait_for(fd, POLLOUT, deadline) &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n) == 0 && why == 0)
		return fd;
	close(fd);
	return -1;
}

static bool is_answer(const char *p, size_t n, struct str question)
{
	return n >= 12 && memcmp(p, question.p, 2) == 0 && (p[2] & 0x80);
}

static size_t by_udp(const struct resolver *r, size_t i, struct str question, char *out, int64_t deadline)
{
	int fd = dial(r, i, SOCK_DGRAM, deadline);
	size_t got = 0;

	if (fd < 0)
		return 0;
	/* A connected socket hears its server only; packets with another number are somebody's guess. */
	if (send(fd, question.p, question.n, MSG_NOSIGNAL) == (ssize_t)question.n)
		while (!got && wait_for(fd, POLLIN, deadline)) {
			ssize_t n = recv(fd, out, ORIGIN_PACKET, 0);

			if (n < 0 && errno != EAGAIN && errno != EINTR)
				break;
			if (n > 0 && is_answer(out, (size_t)n, question))
				got = (size_t)n;
		}
	close(fd);
	return got;
}

static bool receive(int fd, char *out, size_t n, int64_t deadline)
{
	while (n) {
		ssize_t got = recv(fd, out, n, 0);

		if (got > 0) {
			out += got;
			n -= (size_t)got;
		} else if (got == 0 || (errno != EAGAIN && errno != EINTR) || !wait_for(fd, POLLIN, deadline)) {
			return false;
		}
	}
	return true;
}

static size_t by_tcp(const struct resolver *r, size_t i, struct str question, char *out, int64_t deadline)
{
	char framed[600];
	unsigned char len[2];
	int fd = dial(r, i, SOCK_STREAM, deadline);
	size_t n = 0;

	if (fd < 0)
		return 0;
	framed[0] = (char)(question.n >> 8);
	framed[1] = (char)question.n;
	memcpy(framed + 2, question.p, question.n);
	if (send(fd, framed, question.n + 2, MSG_NOSIGNAL) == (ssize_t)question.n + 2 &&
	    receive(fd, (char *)len, 2, deadline)) {
		n = (size_t)len[0] << 8 | len[1];
		if (n > ORIGIN_PACKET || !receive(fd, out, n, deadline) || !is_answer(out, n, question))
			n = 0;
	}
	close(fd);
	return n;
}

struct str resolver_ask(const struct resolver *r, struct arena *a, const struct dns_ask *ask, int64_t deadline)
{
	char *out = arena_alloc(a, ORIGIN_PACKET);
	AUTO_BUF q;

	buf_init(&q, 512);
	for (int try = 0; try < TRIES; try++)
		for (size_t i = 0; i < r->n; i++) {
			int64_t until = time_monotonic_us() + TRY_US;
			uint16_t id;

			until = until < deadline ? until : deadline;
			random_bytes(&id, sizeof(id));
			buf_clear(&q);
			if (!dns_question(&q, id, ask))
				return STR("");
			size_t n = by_udp(r, i, buf_str(&q), out, until);
			if (n && (out[2] & 0x02)) /* cut short */
				n = by_tcp(r, i, buf_str(&q), out, until);
			/* A server that cannot say (SERVFAIL, REFUSED) is no answer, the next may have one. */
			if (n && ((out[3] & 15) == 0 || (out[3] & 15) == 3))
				return (struct str){ out, n };
			if (time_monotonic_us() >= deadline)
				return STR("");
		}
	return STR("");
}

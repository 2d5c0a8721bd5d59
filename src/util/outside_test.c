/* Nobody reaches through us what only we can reach, however it is spelled; and what may be asked is asked as it should
 * be. */
#include "test/test.h"
#include "util/outside.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TEST(outside_public_addresses)
{
	static const struct {
		const char *ip;
		bool ok;
	} row[] = {
		{"127.0.0.1",         false},
                { "10.1.2.3",         false},
                { "172.16.0.1",       false},
		{ "172.32.0.1",       true },
                { "192.168.0.1",      false},
                { "169.254.169.254",  false},
		{ "100.64.0.1",       false},
                { "0.0.0.0",          false},
                { "224.0.0.1",        false},
		{ "255.255.255.255",  false},
                { "8.8.8.8",          true },
                { "::1",              false},
		{ "fe80::1",          false},
                { "fc00::1",          false},
                { "::ffff:127.0.0.1", false},
		{ "::ffff:8.8.8.8",   true },
                { "2002:7f00:1::",    false},
                { "2606:4700::1",     true },
		{ "64:ff9b::7f00:1",  false},
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
		struct sockaddr_in four = { .sin_family = AF_INET };
		bool is6 = inet_pton(AF_INET6, row[i].ip, &six.sin6_addr) == 1;

		if (!is6)
			EXPECT_EQ("an address", inet_pton(AF_INET, row[i].ip, &four.sin_addr), 1);
		EXPECT_EQ(row[i].ip, outside_is_public(is6 ? (struct sockaddr *)&six : (struct sockaddr *)&four),
		          row[i].ok);
	}
}

/* A web server inside that counts who knocks and keeps what the last one said. */
struct inner {
	int fd, port;
	int knocks;
	char said[4000];
	const char *answer;
	pthread_mutex_t lock;
	pthread_t thread;
};

static void *serve(void *arg)
{
	struct inner *s = arg;

	for (;;) {
		int c = accept(s->fd, NULL, NULL);
		char text[4000];
		size_t n = 0;
		ssize_t got;

		if (c < 0)
			return NULL;
		while (n < sizeof(text) - 1 && (got = read(c, text + n, sizeof(text) - 1 - n)) > 0) {
			n += (size_t)got;
			text[n] = 0;
			char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "content-length: ");

			if (end && (size_t)(end + 4 - text) + (length ? strtoul(length + 16, NULL, 10) : 0) <= n)
				break;
		}
		text[n] = 0;
		pthread_mutex_lock(&s->lock);
		s->knocks++;
		memcpy(s->said, text, n + 1);
		const char *answer = s->answer;
		pthread_mutex_unlock(&s->lock);
		if (write(c, answer, strlen(answer)) < 0)
			perror("write");
		close(c);
	}
}

static void open_inner(struct test *t, struct inner *s, const char *answer)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_addr = in6addr_any };
	socklen_t n = sizeof(at);
	int both = 0;

	*s = (struct inner){ .fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0),
		             .answer = answer,
		             .lock = PTHREAD_MUTEX_INITIALIZER };
	if (s->fd < 0 || setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof(both)) < 0)
		return;
	EXPECT_EQ("a door inside",
	          bind(s->fd, (struct sockaddr *)&at, n) | listen(s->fd, 64) |
	                  getsockname(s->fd, (struct sockaddr *)&at, &n),
	          0);
	s->port = ntohs(at.sin6_port);
	EXPECT_EQ("and who opens it", pthread_create(&s->thread, NULL, serve, s), 0);
}

static void close_inner(struct inner *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

/* PORT in the form is the inner server's. */
static enum rc ask(struct test *t, struct inner *s, const char *form, bool inside, long *status, enum outside_why *why)
{
	const char *at = strstr(form, "PORT");
	char url[300];

	snprintf(url, sizeof(url), "%.*s%d%s", (int)(at - form), form, s->port, at + 4);
	struct outside o = { .url = url, .inside = inside, .follow = true };
	return outside_ask(&o, status, why, &t->err);
}

TEST(outside_reaches_nothing_inside) /* S-24 */
{
	static const char *const forms[] = {
		"http://127.0.0.1:PORT/",
		"http://localhost:PORT/",
		"http://LOCALHOST.:PORT/",
		"http://127.1:PORT/",
		"http://127.0.1:PORT/",
		"http://127.255.255.254:PORT/",
		"http://0:PORT/",
		"http://0.0.0.0:PORT/",
		"http://0x7f000001:PORT/",
		"http://0x7f.0.0.1:PORT/",
		"http://0X7F.1:PORT/",
		"http://2130706433:PORT/",
		"http://017700000001:PORT/",
		"http://0177.0.0.1:PORT/",
		"http://0177.0.1:PORT/",
		"http://[::1]:PORT/",
		"http://[0:0:0:0:0:0:0:1]:PORT/",
		"http://[::]:PORT/",
		"http://[::ffff:127.0.0.1]:PORT/",
		"http://[::ffff:7f00:1]:PORT/",
		"http://[::127.0.0.1]:PORT/",
		"http://[64:ff9b::127.0.0.1]:PORT/",
		"http://[2002:7f00:1::]:PORT/",
		"http://[fd00:ec2::254]:PORT/",
		"http://[fe80::1]:PORT/",
		"http://169.254.169.254:PORT/latest/meta-data/",
		"http://10.0.0.1:PORT/",
		"http://192.168.0.1:PORT/",
		"http://172.16.0.1:PORT/",
		"http://100.64.0.1:PORT/",
		"http://%31%32%37.0.0.1:PORT/",
		"http://127\xE3\x80\x82"
		"0\xE3\x80\x82"
		"0\xE3\x80\x82"
		"1:PORT/",
		"http://somebody@127.0.0.1:PORT/",
		"http://campus.example@127.0.0.1:PORT/",
		"https://127.0.0.1:PORT/",
		"gopher://127.0.0.1:PORT/_GET",
		"dict://127.0.0.1:PORT/x",
		"ftp://127.0.0.1:PORT/",
		"telnet://127.0.0.1:PORT/",
		"smtp://127.0.0.1:PORT/",
		"file:///etc/hostname?PORT",
	};
	struct inner s;
	enum outside_why why;
	long status;

	open_inner(t, &s, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
	if (!s.port)
		SKIP("no sockets of both families here");
	for (size_t i = 0; i < COUNT(forms); i++) {
		EXPECT_EQ(forms[i], ask(t, &s, forms[i], false, &status, &why), RC_RETRY);
		EXPECT("and no status", status == 0 && why != OUTSIDE_ANSWERED);
	}
	pthread_mutex_lock(&s.lock);
	EXPECT_EQ("nobody knocked", s.knocks, 0);
	pthread_mutex_unlock(&s.lock);
	EXPECT_RC(RC_OK, ask(t, &s, "http://127.0.0.1:PORT/", true, &status, &why));
	EXPECT_EQ("the operator may allow it", status, 204);
	EXPECT_EQ("but no names in addresses", ask(t, &s, "http://somebody@127.0.0.1:PORT/", true, &status, &why),
	          RC_RETRY);
	EXPECT_EQ("nor other protocols", ask(t, &s, "gopher://127.0.0.1:PORT/_GET", true, &status, &why), RC_RETRY);
	pthread_mutex_lock(&s.lock);
	EXPECT_EQ("one knock", s.knocks, 1);
	pthread_mutex_unlock(&s.lock);
	close_inner(&s);
}

TEST(outside_asks)
{
	static const char *const headers[] = { "Content-Type: application/json", "X-Mark: 7", NULL };
	struct inner s;
	char url[100];
	enum outside_why why;
	long status;

	open_inner(t, &s, "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nConnection: close\r\n\r\n");
	if (!s.port)
		SKIP("no sockets of both families here");
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/hook?a=b", s.port);
	struct outside o = { .url = url, .headers = headers, .body = STR("{\"a\": 1}"), .inside = true };

	EXPECT_RC(RC_OK, outside_ask(&o, &status, &why, &t->err));
	pthread_mutex_lock(&s.lock);
	EXPECT("posted whole, with its headers", strstr(s.said, "POST /hook?a=b HTTP/1.1") &&
	                                                 strstr(s.said, "X-Mark: 7\r\n") &&
	                                                 strstr(s.said, "\r\n\r\n{\"a\": 1}"));
	EXPECT("a redirect is not followed", status == 302 && s.knocks == 1);
	pthread_mutex_unlock(&s.lock);
	o.body = STR_NULL;
	o.headers = NULL;
	o.follow = true;
	EXPECT_RC(RC_RETRY, outside_ask(&o, &status, &why, &t->err));
	pthread_mutex_lock(&s.lock);
	EXPECT_EQ("and when it is, five times at most", s.knocks, 1 + 6);
	pthread_mutex_unlock(&s.lock);
	close_inner(&s);
}

/* The server on a real socket: libcurl as the client, plain sockets for what libcurl would never send. */
#include "http/impl.h"
#include "test/test.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* Handlers of /block wait here until the test lets them go. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	int inside;
	bool open;
};

static enum rc hello(struct req *q, struct resp *r)
{
	buf_addf(r->body, "hello " STR_F, STR_A(req_field(q, "a")));
	r->etag = STR("h");
	return RC_OK;
}
static enum rc block(struct req *q, struct resp *r)
{
	struct gate *g = q->app;
	pthread_mutex_lock(&g->lock);
	g->inside++;
	pthread_cond_broadcast(&g->moved);
	while (!g->open)
		pthread_cond_wait(&g->moved, &g->lock);
	pthread_mutex_unlock(&g->lock);
	buf_addz(r->body, "done");
	return RC_OK;
}
static enum rc size_of(struct req *q, struct resp *r)
{
	buf_addf(r->body, "size=%lld %s", q->n_uploads ? (long long)q->uploads[0].size : -1,
	         q->n_uploads ? q->uploads[0].sha256 : "");
	return RC_OK;
}
static const struct route routes[] = {
	{HTTP_GET,    "/hello", CAP_PUBLIC, hello },
	{ HTTP_POST, "/hello", CAP_PUBLIC, hello },
	{ HTTP_POST,          "/block", CAP_PUBLIC, block },
	{ HTTP_POST,   "/upload", CAP_SIGNED_IN, size_of, NULL, ROUTE_UPLOAD | ROUTE_NO_CSRF },
	{ 0     },
};
static const struct route *const all_routes[] = { routes, NULL };

static enum rc who(struct req *q, struct str cookie, struct str bearer, struct err *err)
{
	q->actor.kind = str_is(cookie, "ana") ? ACTOR_CONTACT : ACTOR_NOBODY;
	return RC_OK;
}
static bool may(const struct req *q, enum capability cap)
{
	return q->actor.kind != ACTOR_NOBODY;
}

static struct http *start(struct test *t, struct gate *g, const struct server_limits *l)
{
	struct http_config c = { .listen = STR("127.0.0.1:0"),
		                 .base_url = STR("http://help.example"),
		                 .threads = 2,
		                 .routes = all_routes,
		                 .app = g,
		                 .identify = who,
		                 .allowed = may,
		                 .upload_dir = str_of(t->dir),
		                 .workers = 8 };
	struct http *h = NULL;
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->moved, NULL);
	if (!EXPECT_RC(RC_OK, server_start(&c, l, &h, &t->err)))
		return NULL;
	return h;
}

static size_t take(char *p, size_t size, size_t n, void *ctx)
{
	buf_add(ctx, p, size * n);
	return size * n;
}

/* One request by libcurl; the status, the body in `out`. */
static long fetch(int port, const char *path, const char *post, struct buf *out)
{
	char url[200];
	long status = 0;
	snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, path);
	CURL *c = curl_easy_init();
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	if (post)
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, post);
	curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(c);
	return status;
}

static int dial(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		                 .sin_port = htons((uint16_t)port),
		                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval tv = { .tv_sec = 10 };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
		die("cannot connect");
	return fd;
}

/* Sends bytes as they are and reads until the server closes. */
static struct str raw(struct test *t, int port, struct str bytes)
{
	AUTO_BUF b;
	buf_init(&b, 1 << 20);
	int fd = dial(port);
	send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
	char part[4096];
	for (ssize_t n; (n = recv(fd, part, sizeof part, 0)) > 0;)
		buf_add(&b, part, (size_t)n);
	close(fd);
	return arena_str(&t->arena, buf_str(&b));
}

TEST(server_serves)
{
	struct gate g = { 0 };
	struct http *h = start(t, &g, &server_limits_default);
	if (!h)
		return;
	AUTO_BUF out;
	buf_init(&out, 100000);
	EXPECT_EQ("a GET is answered", fetch(http_port(h), "/hello?a=you", NULL, &out), 200);
	EXPECT_STR("with the page", buf_str(&out), "hello you");
	buf_clear(&out);
	EXPECT_EQ("a POST is answered", fetch(http_port(h), "/hello", "a=%C3%B1", &out), 200);
	EXPECT_STR("with its field", buf_str(&out), "hello \xc3\xb1");
	EXPECT_EQ("an unknown path is not", fetch(http_port(h), "/nothing", NULL, &out), 404);
	struct http_stats s;
	for (int i = 0; i < 1000; i++) { /* the last one is counted when its bytes have left */
		http_stats(h, &s);
		if (s.requests[4])
			break;
		usleep(1000);
	}
	EXPECT_EQ("good requests are counted", s.requests[2], 2);
	EXPECT_EQ("bad ones too", s.requests[4], 1);
	http_stop(h);
}

static const struct {
	const char *why, *ask, *has;
} wire_rows[] = {
	{"two requests on one connection are both answered",
         "GET /hello?a=1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hello?a=2 HTTP/1.1\r\nHost: localhost\r\nConnection: "
	  "close\r\n\r\n",	                                                                                                         "hello 2"          },
	{ "length and chunks together are refused",
         "POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",	            "HTTP/1.1 400"     },
	{ "two lengths are refused",
         "POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\nGET ",	                          "HTTP/1.1 400"     },
	{ "two Hosts are refused",
         "GET /hello HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n",                                      "HTTP/1.1 400"     },
	{ "a chunked form is read",
         "POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
	  "application/x-www-form-urlencoded\r\nTransfer-Encoding: "
	  "chunked\r\nConnection: close\r\n\r\n3\r\na=x\r\n1\r\ny\r\n0\r\n\r\n",	                                                   "hello xy"         },
	{ "a body is not asked for when it is refused",
         "POST /hello HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n",	                    "HTTP/1.1 4"       },
	{ "HEAD has no body",	                              "HEAD /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
         "Content-Length: 6"	                                                                                                                          },
	{ "a known page is not sent again",
         "GET /hello HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: \"h\"\r\nConnection: close\r\n\r\n",	                            "HTTP/1.1 304"     },
	{ "a refused PATCH does not turn its body into a request",
         "PATCH /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\nGET /hello HTTP/1.1\r\nHost: "
	  "localhost\r\n\r\n",	                                                                                                     "Connection: close"},
	{ "rubbish is refused",	                            "\x16\x03\x01 nonsense\r\n\r\n",                                        ""                 },
};

TEST(server_wire)
{
	struct gate g = { 0 };
	struct http *h = start(t, &g, &server_limits_default);
	if (!h)
		return;
	for (size_t i = 0; i < COUNT(wire_rows); i++) {
		struct str got = raw(t, http_port(h), str_of(wire_rows[i].ask));
		if (!EXPECT(wire_rows[i].why, str_find(got, str_of(wire_rows[i].has)) != STR_NONE))
			fprintf(stderr, "--- got:\n" STR_F "\n", STR_A(got));
		size_t answers = 0;
		for (struct str rest = got; str_find(rest, STR("HTTP/1.1 ")) != STR_NONE; answers++)
			rest = str_from(rest, str_find(rest, STR("HTTP/1.1 ")) + 1);
		EXPECT("no more answers than requests", answers <= (i == 0 ? 2 : 1));
		if (getenv("HTTP_TEST_SHOW"))
			fprintf(stderr, "--- %s\n" STR_F "\n", wire_rows[i].why, STR_A(got));
	}
	AUTO_BUF big;
	buf_init(&big, 1 << 20);
	buf_addz(&big, "GET /hello HTTP/1.1\r\nHost: localhost\r\nX: ");
	for (int i = 0; i < 40000; i++)
		buf_addc(&big, 'x');
	buf_addz(&big, "\r\n\r\n");
	EXPECT("endless headers are refused", str_find(raw(t, http_port(h), buf_str(&big)), STR(" 431 ")) != STR_NONE);
	http_stop(h);
}

TEST(server_uploads)
{
	struct gate g = { 0 };
	struct http *h = start(t, &g, &server_limits_default);
	if (!h)
		return;
	AUTO_BUF b, file;
	buf_init(&b, 8 << 20);
	buf_init(&file, 8 << 20);
	for (int i = 0; i < 300000; i++)
		buf_addz(&file, "\r\n--x 0123456\r\r");
	struct str sha = sha256_hex(&t->arena, buf_str(&file));
	static const char open[] = "--xx\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\n",
	                  end[] = "\r\n--xx--\r\n";
	for (int signed_in = 0; signed_in < 2; signed_in++) {
		buf_clear(&b);
		buf_addf(&b,
		         "POST /upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: "
		         "multipart/form-data; "
		         "boundary=xx\r\n%sContent-Length: %zu\r\n\r\n%s",
		         signed_in ? "Cookie: session=ana\r\n" : "", sizeof open - 1 + file.n + sizeof end - 1, open);
		buf_adds(&b, buf_str(&file));
		buf_addz(&b, end);
		struct str got = raw(t, http_port(h), buf_str(&b));
		if (signed_in)
			EXPECT("a large file arrives whole", str_find(got, sha) != STR_NONE);
		else
			EXPECT("nobody's large file is not read", str_find(got, STR("size=")) == STR_NONE);
	}
	http_stop(h);
}

struct post {
	pthread_t id;
	int port;
	long status;
};
static void *post_main(void *arg)
{
	struct post *p = arg;
	AUTO_BUF out;
	buf_init(&out, 10000);
	p->status = fetch(p->port, "/block", "a=1", &out);
	return NULL;
}

TEST(server_reads_pass_writes)
{
	struct gate g = { 0 };
	struct server_limits l = server_limits_default;
	l.queue = 4;
	struct http *h = start(t, &g, &l);
	if (!h)
		return;
	struct post posts[12];
	for (size_t i = 0; i < COUNT(posts); i++) {
		posts[i].port = http_port(h);
		pthread_create(&posts[i].id, NULL, post_main, &posts[i]);
		if (i < 8) { /* each worker is inside before the next write comes: a busy machine must not fill the queue */
			pthread_mutex_lock(&g.lock);
			while (g.inside <= (int)i)
				pthread_cond_wait(&g.moved, &g.lock);
			pthread_mutex_unlock(&g.lock);
		}
	}
	AUTO_BUF out;
	buf_init(&out, 100000);
	for (int i = 0; i < 5000; i++) { /* until the last four wait in the queue */
		struct http_stats s;
		http_stats(h, &s);
		if (s.in_flight >= 12)
			break;
		usleep(1000);
	}
	int64_t from = time_monotonic_us();
	for (int i = 0; i < 20; i++)
		EXPECT_EQ("a read is answered while writes block", fetch(http_port(h), "/hello", NULL, &out), 200);
	EXPECT("and quickly", time_monotonic_us() - from < 5 * SECOND_US);
	long late = 0;
	for (int i = 0; i < 200 && late != 503; i++)
		late = fetch(http_port(h), "/nothing", "a=1", &out) == 404 ? fetch(http_port(h), "/hello", "a=1", &out)
		                                                           : 0;
	EXPECT_EQ("with the queue full a write is told to come back", late, 503);
	pthread_mutex_lock(&g.lock);
	g.open = true;
	pthread_cond_broadcast(&g.moved);
	pthread_mutex_unlock(&g.lock);
	for (size_t i = 0; i < COUNT(posts); i++) {
		pthread_join(posts[i].id, NULL);
		EXPECT_EQ("each blocked write ends well", posts[i].status, 200);
	}
	http_stop(h);
}

TEST(server_cuts_dawdlers)
{
	struct gate g = { 0 };
	struct server_limits l = server_limits_default;
	l.request_us = 200000;
	l.tick_us = 20000;
	struct http *h = start(t, &g, &l);
	if (!h)
		return;
	static const char *const beginnings[] = {
		"GET /hello HTTP/1.1\r\nHost: local",
		"POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
		"application/x-www-form-urlencoded\r\nContent-Length: "
		"90\r\n\r\na=",
	};
	for (size_t i = 0; i < COUNT(beginnings); i++) {
		int fd = dial(http_port(h));
		send(fd, beginnings[i], strlen(beginnings[i]), MSG_NOSIGNAL);
		ssize_t n = -1;
		char part[1000];
		for (int k = 0; k < 500 && n; k++) { /* a byte every 10 ms: never silent, never done */
			send(fd, "x", 1, MSG_NOSIGNAL);
			usleep(10000);
			n = recv(fd, part, sizeof part, MSG_DONTWAIT);
			if (n < 0 && errno == ECONNRESET)
				n = 0;
		}
		EXPECT_EQ("a client that drips is cut", n, 0);
		close(fd);
	}
	http_stop(h);
}

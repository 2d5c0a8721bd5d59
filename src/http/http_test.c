/* The whole road of a request without a socket: each row is a request and what its answer must and must not hold. */
#include "http/http.h"
#include "http/impl.h"
#include "test/test.h"
#include <stdio.h>

static enum rc say_path(struct req *q, struct resp *r)
{
	buf_addf(r->body, "route=%s number=" STR_F " rest=" STR_F " peer=" STR_F " https=%d", q->route->path,
	         STR_A(req_path(q, "number")), STR_A(req_path(q, "rest")), STR_A(q->peer), q->https);
	return RC_OK;
}
static enum rc say_fields(struct req *q, struct resp *r)
{
	int64_t n = -1;
	struct str many[4];
	size_t k = req_fields(q, "tag", many, 4);
	req_int(q, "count", &n);
	buf_addf(r->body, "title=" STR_F "; body=" STR_F "; count=%lld; yes=" STR_F "; tags=%zu; errors=%zu",
	         STR_A(req_field(q, "title")), STR_A(req_field(q, "body")), (long long)n, STR_A(req_field(q, "yes")), k,
	         q->n_field_errors);
	for (size_t i = 0; i < q->n_uploads; i++)
		buf_addf(r->body, "; file=" STR_F " %lld %.8s", STR_A(q->uploads[i].name),
		         (long long)q->uploads[i].size, q->uploads[i].sha256);
	return RC_OK;
}
static enum rc say_csrf(struct req *q, struct resp *r)
{
	buf_addf(r->body, "csrf=" STR_F ";", STR_A(q->csrf));
	return RC_OK;
}
static enum rc go(struct req *q, struct resp *r)
{
	return resp_redirect(r, req_field(q, "next"));
}
static enum rc page(struct req *q, struct resp *r)
{
	for (int i = 0; i < 200; i++)
		buf_addz(r->body, "<p>a page that shrinks</p>");
	r->etag = STR("v1");
	return RC_OK;
}
static enum rc fails(struct req *q, struct resp *r)
{
	buf_addz(r->body, "half a page");
	return http_fail(q, RC_CONFLICT, "title", "Somebody was <faster>.");
}
static enum rc sends_file(struct req *q, struct resp *r)
{
	r->file = *(struct str *)q->app;
	r->type = STR("text/plain");
	r->etag = STR("f1");
	return RC_OK;
}
static enum rc asset(struct req *q, struct resp *r)
{
	r->static_bytes = STR("identity");
	r->static_br = STR("brotli");
	r->static_gz = STR("gzipped");
	r->type = STR("text/css");
	r->cache = STR("public, max-age=31536000, immutable");
	r->etag = STR("s1");
	return RC_OK;
}
static enum rc cookies(struct req *q, struct resp *r)
{
	resp_cookie(r, "session", STR("abc"), -1);
	resp_cookie(r, "old", STR(""), 0);
	return RC_OK;
}

static const struct field ticket_fields[] = {
	{"title",      FIELD_TEXT, 20, true, NULL, "" },
	{ "body",          FIELD_LINES, 100, false, NULL, "" },
	{ "count",        FIELD_INT, 50, false, NULL, "" },
	{ "mail",           FIELD_EMAIL, 0, false, NULL, "" },
	{ "kind",FIELD_CHOICE, 0, false, "a|b", "" },
	{ "yes",       FIELD_BOOL, 0, false, NULL, "" },
	{ 0         },
};
static const struct route routes_a[] = {
	{HTTP_GET,       "/", CAP_PUBLIC, say_path },
	{ HTTP_GET,    "/t/{number}", CAP_PUBLIC, say_path },
	{ HTTP_GET,             "/t/new", CAP_PUBLIC, say_path },
	{ HTTP_POST,"/t/{number}", CAP_PUBLIC, say_fields, ticket_fields },
	{ HTTP_POST,      "/lenient", CAP_PUBLIC, say_fields, ticket_fields, ROUTE_LENIENT },
	{ HTTP_GET,      "/query", CAP_PUBLIC, say_fields, ticket_fields },
	{ HTTP_GET,    "/files/{rest...}", CAP_PUBLIC, say_path },
	{ HTTP_POST,             "/upload", CAP_PUBLIC, say_fields, NULL, ROUTE_UPLOAD },
	{ HTTP_GET,    "/go", CAP_PUBLIC, go },
	{ HTTP_GET,    "/page", CAP_PUBLIC, page },
	{ HTTP_GET,             "/fails", CAP_PUBLIC, fails },
	{ HTTP_GET,"/file", CAP_PUBLIC, sends_file },
	{ HTTP_GET,    "/asset", CAP_PUBLIC, asset, NULL, ROUTE_CACHE },
	{ HTTP_GET, "/cookies", CAP_PUBLIC, cookies },
	{ HTTP_GET,      "/csrf", CAP_SIGNED_IN, say_csrf },
	{ HTTP_POST,    "/save", CAP_SIGNED_IN, say_fields },
	{ HTTP_GET, "/agents", CAP_AGENT, say_path },
	{ HTTP_POST,      "/setup", CAP_SETUP, say_path },
	{ 0   },
};
static const struct route routes_b[] = {
	{HTTP_GET,      "/api/v1/t", CAP_API_READ, say_path, NULL, ROUTE_API, "Lists." },
	{ HTTP_POST, "/api/v1/t", CAP_API_WRITE, say_fields, ticket_fields, ROUTE_API, "Makes." },
	{ HTTP_GET,         "/api/v1/fails", CAP_PUBLIC, fails, NULL, ROUTE_API, "Fails." },
	{ 0    },
};
static const struct route *const all_routes[] = { routes_a, routes_b, NULL };

static enum rc who(struct req *q, struct str cookie, struct str bearer, struct err *err)
{
	if (str_is(bearer, "good")) {
		q->actor.kind = ACTOR_AGENT;
		return RC_OK;
	}
	if (!str_null(bearer))
		return RC_DENIED;
	if (str_is(cookie, "ana")) {
		q->actor.kind = ACTOR_CONTACT;
		q->session = STR("hash-of-ana");
		return RC_OK;
	}
	return str_null(cookie) ? RC_OK : RC_DENIED;
}
static bool may(const struct req *q, enum capability cap)
{
	if (cap == CAP_SIGNED_IN)
		return q->actor.kind != ACTOR_NOBODY;
	return q->actor.kind == ACTOR_AGENT && cap != CAP_SETUP;
}

static struct http_config config(void)
{
	return (struct http_config){ .base_url = STR("http://help.example"),
		                     .listen = STR("0.0.0.0:80"),
		                     .routes = all_routes,
		                     .identify = who,
		                     .allowed = may,
		                     .max_body = 2000 };
}

static struct str ask(struct test *t, const struct http_config *c, const char *raw)
{
	AUTO_BUF b;
	buf_init(&b, 1 << 20);
	http_loopback(c, str_of(raw), &b);
	return arena_str(&t->arena, buf_str(&b));
}

#define H    " HTTP/1.1\r\nHost: help.example\r\n"
#define FORM H "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n"
#define JSON H "Authorization: Bearer good\r\nContent-Type: application/json\r\nContent-Length: 99\r\n"
#define END  "\r\n"
struct row {
	const char *why, *ask, *has, *hasnt;
};
static void rows_run(struct test *t, const struct http_config *c, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str got = ask(t, c, rows[i].ask);
		bool ok = str_find(got, str_of(rows[i].has)) != STR_NONE &&
		          (!rows[i].hasnt || str_find(got, str_of(rows[i].hasnt)) == STR_NONE);
		if (!EXPECT(rows[i].why, ok))
			fprintf(stderr, "--- asked:\n%s\n--- got:\n" STR_F "\n", rows[i].ask, STR_A(got));
	}
}

TEST(http_routes)
{
	static const struct row rows[] = {
		{"the root is found",                                "GET /" H END,                                                "route=/ ",               NULL    },
		{ "a parameter is read",                             "GET /t/42?x=1" H END,                                        "number=42",              NULL    },
		{ "a literal beats a parameter",                     "GET /t/new" H END,                                           "route=/t/new",           NULL    },
		{ "the other method falls through to the parameter", "POST /t/new" FORM END "title=x",                             "title=x;",
                 NULL		                                                                                                                                },
		{ "an encoded slash stays data",                     "GET /t/a%2Fb" H END,                                         "number=a/b",             NULL    },
		{ "the rest is joined",                              "GET /files/a/b%20c" H END,                                   "rest=a/b c",             NULL    },
		{ "the rest never hides a slash",                    "GET /files/a/b%2Fc" H END,                                   "HTTP/1.1 404",           NULL    },
		{ "dot segments lead nowhere",                       "GET /files/../etc" H END,                                    "HTTP/1.1 404",           NULL    },
		{ "a NUL is refused",                                "GET /t/%00" H END,                                           "HTTP/1.1 400",           NULL    },
		{ "an unknown path is not found",                    "GET /nothing" H END,                                         "HTTP/1.1 404",           NULL    },
		{ "a wrong method names the right ones",             "PUT /t/1" H END,                                             "Allow: GET, HEAD, POST", NULL    },
		{ "a wrong method is 405",                           "DELETE /page" H END,                                         "HTTP/1.1 405",           NULL    },
		{ "an unknown method is 405",                        "BREW /page" H END,                                           "HTTP/1.1 405",           NULL    },
		{ "OPTIONS gives no CORS",                           "OPTIONS /api/v1/t" H "Origin: https://evil.example\r\n" END, "HTTP/1.1 405",
                 "Access-Control"		                                                                                                                    },
		{ "a GET with an Origin gives no CORS",              "GET /page" H "Origin: null\r\n" END,                         "HTTP/1.1 200",
                 "Access-Control"		                                                                                                                    },
		{ "HEAD is GET without its body",                    "HEAD /t/1" H END,                                            "Content-Length: ",       "number"},
		{ "the method cannot be overridden",                 "GET /t/1" H "X-HTTP-Method-Override: DELETE\r\n" END,        "number=1",
                 NULL		                                                                                                                                },
		{ "an absolute target is refused",                   "GET http://evil.example/" H END,                             "HTTP/1.1 400",           NULL    },
	};
	struct http_config c = config();
	rows_run(t, &c, rows, COUNT(rows));
}

TEST(http_host)
{
	static const struct row rows[] = {
		{"a foreign Host is misdirected",              "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",                 "HTTP/1.1 421",
                 NULL		                                                                                                              },
		{ "a Host that ends like ours is foreign",     "GET / HTTP/1.1\r\nHost: xhelp.example\r\n\r\n",
                 "HTTP/1.1 421",		                                                                                               NULL},
		{ "two Hosts are refused",                     "GET /" H "Host: help.example\r\n" END,                         "HTTP/1.1 400", NULL},
		{ "no Host is refused",                        "GET / HTTP/1.1\r\n\r\n",                                       "HTTP/1.1 400", NULL},
		{ "case and port do not matter",               "GET / HTTP/1.1\r\nHost: HELP.example:80\r\n\r\n",              "HTTP/1.1 200",
                 NULL		                                                                                                              },
		{ "an odd port does",                          "GET / HTTP/1.1\r\nHost: help.example:81\r\n\r\n",              "HTTP/1.1 421", NULL},
		{ "an accepted name is accepted",              "GET / HTTP/1.1\r\nHost: desk.example\r\n\r\n",                 "HTTP/1.1 200",
                 NULL		                                                                                                              },
		{ "localhost is foreign on a public listener", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 "HTTP/1.1 421",		                                                                                               NULL},
		{ "X-Forwarded-Host says nothing",             "GET /" H "X-Forwarded-Host: evil.example\r\n" END,             "HTTP/1.1 200",
                 "evil"		                                                                                                            },
		{ "userinfo in Host is refused",               "GET / HTTP/1.1\r\nHost: help.example:80@evil.example\r\n\r\n",
                 "HTTP/1.1 421",		                                                                                               NULL},
	};
	struct http_config c = config();
	struct str more[] = { STR("desk.example") };
	c.hosts = more;
	c.n_hosts = 1;
	rows_run(t, &c, rows, COUNT(rows));
	c.listen = STR("127.0.0.1:8080");
	static const struct row local[] = {
		{"localhost is ours on a loopback listener", "GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
                 "HTTP/1.1 200",		                                                                               NULL},
		{ "an IPv6 loopback address too",            "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",     "HTTP/1.1 200", NULL},
		{ "a name that only resolves there is not",  "GET / HTTP/1.1\r\nHost: rebind.example\r\n\r\n",
                 "HTTP/1.1 421",		                                                                               NULL},
	};
	rows_run(t, &c, local, COUNT(local));
}

TEST(http_proxies)
{
	static const struct row untrusted[] = {
		{"an untrusted peer cannot name an address",
                 "GET /" H "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Remote-User: root\r\n" END,
                 "peer=127.0.0.1 https=0", "6.6.6.6"},
	};
	static const struct row trusted[] = {
		{"a trusted peer can",                "GET /" H "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n" END,
                 "peer=1.2.3.4 https=1",		                                                                                           NULL},
		{ "only the last foreign hop counts", "GET /" H "X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.9\r\n" END,
                 "peer=1.2.3.4 ",		                                                                                                  NULL},
		{ "rubbish is not an address",        "GET /" H "X-Forwarded-For: 1.2.3.4, <b>\r\n" END,                        "peer=127.0.0.1 ",
                 NULL		                                                                                                                  },
	};
	struct http_config c = config();
	rows_run(t, &c, untrusted, COUNT(untrusted));
	struct str proxies[] = { STR("127.0.0.1"), STR("10.0.0.0/8") };
	c.proxies = proxies;
	c.n_proxies = 2;
	rows_run(t, &c, trusted, COUNT(trusted));
	EXPECT("a block holds its addresses", net_in_list(STR("10.255.0.1"), proxies, 2));
	EXPECT("a block holds no others", !net_in_list(STR("11.0.0.1"), proxies, 2));
	EXPECT("a mapped address is the same address", net_in_list(STR("::ffff:10.1.1.1"), proxies, 2));
}

TEST(http_forms)
{
	static const struct row rows[] = {
		{"fields are read and trimmed, lines are not",
                 "POST /t/1" FORM END "title=+x+&body=+y%0D%0A&count=7&tag=a&tag=b&yes=on",
                 "title=x; body= y\n; count=7; yes=1; tags=2",		                                                              NULL},
		{ "the query of a POST is no field",           "POST /t/1?title=q" FORM END "body=1",                       "HTTP/1.1 422", NULL},
		{ "a missing field is 422",                    "POST /t/1" FORM END "title=++",                             "HTTP/1.1 422", NULL},
		{ "a long field is 422",                       "POST /t/1" FORM END "title=123456789012345678901",          "HTTP/1.1 422", NULL},
		{ "a number too large is 422",                 "POST /t/1" FORM END "title=x&count=51",                     "HTTP/1.1 422", NULL},
		{ "a negative number is 422",                  "POST /t/1" FORM END "title=x&count=-1",                     "HTTP/1.1 422", NULL},
		{ "an address is checked",                     "POST /t/1" FORM END "title=x&mail=a%0a@b.example",          "HTTP/1.1 422", NULL},
		{ "a good address passes",                     "POST /t/1" FORM END "title=x&mail=a.b%2Bc@b.example",       "HTTP/1.1 200",
                 NULL		                                                                                                           },
		{ "a choice is checked",                       "POST /t/1" FORM END "title=x&kind=c",                       "HTTP/1.1 422", NULL},
		{ "a line break in one line is 422",           "POST /t/1" FORM END "title=a%0Ab",                          "HTTP/1.1 422", NULL},
		{ "a lenient handler sees the errors",         "POST /lenient" FORM END "count=x",                          "errors=2",     NULL},
		{ "query fields are checked",                  "GET /query?title=x&count=nope" H END,                       "HTTP/1.1 422", NULL},
		{ "ill-formed UTF-8 is 400",                   "POST /t/1" FORM END "title=%ff",                            "HTTP/1.1 400", NULL},
		{ "a wrong content type is 415",
                 "POST /t/1" H "Content-Type: text/plain\r\nContent-Length: 9\r\n" END "title=x",                           "HTTP/1.1 415",
                 NULL		                                                                                                           },
		{ "no content type is 415",                    "POST /t/1" H "Content-Length: 9\r\n" END "title=x",         "HTTP/1.1 415", NULL},
		{ "a compressed body is 415",                  "POST /t/1" FORM "Content-Encoding: gzip\r\n" END "title=x",
                 "HTTP/1.1 415",		                                                                                            NULL},
		{ "a large body is 413",
                 "POST /t/1" H "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 2001\r\n" END,
                 "HTTP/1.1 413",		                                                                                            NULL},
		{ "two lengths are refused",                   "POST /t/1" FORM "Content-Length: 3\r\n" END "title=x",      "HTTP/1.1 400",
                 NULL		                                                                                                           },
		{ "length and coding together are refused",
                 "POST /t/1" FORM "Transfer-Encoding: chunked\r\n" END "title=x",                                           "HTTP/1.1 400", NULL},
		{ "a negative length is refused",              "POST /t/1" H "Content-Length: -1\r\n" END,                  "HTTP/1.1 400", NULL},
	};
	struct http_config c = config();
	rows_run(t, &c, rows, COUNT(rows));
}

TEST(http_api)
{
	static const struct row rows[] = {
		{"JSON fields are read",
                 "POST /api/v1/t" JSON END "{\"title\":\" x \",\"count\":7,\"yes\":true,\"tag\":[\"a\",\"b\"]}",
                 "title=x; body=; count=7; yes=1; tags=2",		                                                                                      NULL  },
		{ "a missing field is named",          "POST /api/v1/t" JSON END "{}",                                              "\"field\":\"title\"",      NULL  },
		{ "its status is 422",                 "POST /api/v1/t" JSON END "{}",                                              "HTTP/1.1 422",             NULL  },
		{ "an error is a problem document",    "POST /api/v1/t" JSON END "{}",                                              "application/problem+json", "<"   },
		{ "a number is not text",              "POST /api/v1/t" JSON END "{\"title\":7}",                                   "HTTP/1.1 422",             NULL  },
		{ "text is not a number",              "POST /api/v1/t" JSON END "{\"title\":\"x\",\"count\":\"7\"}",               "HTTP/1.1 422",
                 NULL		                                                                                                                                 },
		{ "true is not text",                  "POST /api/v1/t" JSON END "{\"title\":true}",                                "HTTP/1.1 422",             NULL  },
		{ "broken JSON is 400",                "POST /api/v1/t" JSON END "{\"title\":",                                     "HTTP/1.1 400",             NULL  },
		{ "duplicate names are 400",           "POST /api/v1/t" JSON END "{\"title\":\"x\",\"title\":\"y\"}",
                 "HTTP/1.1 400",		                                                                                                                NULL  },
		{ "an array is 400",                   "POST /api/v1/t" JSON END "[]",                                              "HTTP/1.1 400",             NULL  },
		{ "ill-formed UTF-8 is 400",           "POST /api/v1/t" JSON END "{\"title\":\"\xff\"}",                            "HTTP/1.1 400",             NULL  },
		{ "a NUL is refused",                  "POST /api/v1/t" JSON END "{\"title\":\"a\\u0000b\"}",                       "HTTP/1.1 4",               NULL  },
		{ "deep JSON is 400",                  "POST /api/v1/t" JSON END "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                 "HTTP/1.1 400",		                                                                                                                NULL  },
		{ "a form is 415 for the API",
                 "POST /api/v1/t" H
		  "Authorization: Bearer good\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n" END "title=x",
                 "HTTP/1.1 415",		                                                                                                                NULL  },
		{ "no token is 401",                   "GET /api/v1/t" H END,                                                       "WWW-Authenticate: Bearer", NULL  },
		{ "a wrong token is 401",              "GET /api/v1/t" H "Authorization: Bearer bad\r\n" END,                       "HTTP/1.1 401",             NULL  },
		{ "a session cookie is no token",      "GET /api/v1/t" H "Cookie: session=ana\r\n" END,                             "HTTP/1.1 401",
                 NULL		                                                                                                                                 },
		{ "a token in the query is no token",  "GET /api/v1/t?token=good" H END,                                            "HTTP/1.1 401",             NULL  },
		{ "a good token passes",               "GET /api/v1/t" H "Authorization: Bearer good\r\n" END,                      "HTTP/1.1 200",             NULL  },
		{ "a handler's error is escaped JSON", "GET /api/v1/fails" H END,                                                   "\\u003cfaster\\u003e",     "half"},
		{ "its status is its rc's",            "GET /api/v1/fails" H END,                                                   "HTTP/1.1 409",             NULL  },
		{ "an unknown API path is a problem",  "GET /api/v1/nope" H END,                                                    "application/problem+json", NULL  },
	};
	struct http_config c = config();
	rows_run(t, &c, rows, COUNT(rows));
}

TEST(http_rights)
{
	static const struct row rows[] = {
		{"a page sends nobody to sign in",             "GET /csrf?a=1&b=2" H END,
                 "Location: /sign-in?next=%2Fcsrf%3Fa%3D1%26b%3D2",                                                                  NULL},
		{ "a stale cookie is nobody",                  "GET /csrf" H "Cookie: session=old\r\n" END,          "HTTP/1.1 303", NULL},
		{ "a form of nobody is refused",               "POST /save" FORM END "a=1",                          "HTTP/1.1 403", NULL},
		{ "a contact does not learn of agents' pages", "GET /agents" H "Cookie: session=ana\r\n" END,
                 "HTTP/1.1 404",		                                                                                     NULL},
		{ "a bearer token opens no page",              "GET /agents" H "Authorization: Bearer good\r\n" END, "HTTP/1.1 303",
                 NULL		                                                                                                    },
		{ "set-up is gone once done",                  "POST /setup" FORM END,                               "HTTP/1.1 404", NULL},
	};
	struct http_config c = config();
	rows_run(t, &c, rows, COUNT(rows));
}

TEST(http_csrf)
{
	struct http_config c = config();
	struct str got = ask(t, &c, "GET /csrf" H "Cookie: session=ana\r\n" END);
	struct str again = ask(t, &c, "GET /csrf" H "Cookie: session=ana\r\n" END);
	size_t at = str_find(got, STR("csrf="));
	if (!EXPECT("a page of a session has a token", at != STR_NONE))
		return;
	struct str token = str_sub(got, at + 5, str_find_byte(str_from(got, at), ';') - 5);
	EXPECT("the token looks different each time", str_find(again, token) == STR_NONE);
	EXPECT("it holds for its session", csrf_valid(&t->arena, STR("ana"), token));
	EXPECT("it does not hold for another", !csrf_valid(&t->arena, STR("eve"), token));
	EXPECT("no session has no token", !csrf_valid(&t->arena, STR(""), csrf_token(&t->arena, STR(""))));
	EXPECT("an empty token is none", !csrf_valid(&t->arena, STR("ana"), STR("")));
	static const struct {
		const char *why, *headers;
		bool token;
		const char *status;
	} rows[] = {
		{"the token passes",                             "Cookie: session=ana\r\n",                                   true,  "HTTP/1.1 200"},
		{ "our own Origin passes",                       "Cookie: session=ana\r\nOrigin: http://help.example\r\n",    true,
                 "HTTP/1.1 200"		                                                                                                    },
		{ "without the token it is refused",             "Cookie: session=ana\r\nOrigin: http://help.example\r\n",    false,
                 "HTTP/1.1 403"		                                                                                                    },
		{ "a foreign Origin is refused",                 "Cookie: session=ana\r\nOrigin: http://evil.example\r\n",    true,
                 "HTTP/1.1 403"		                                                                                                    },
		{ "an Origin that begins like ours is foreign",
                 "Cookie: session=ana\r\nOrigin: http://help.example.evil.example\r\n",                                       true,  "HTTP/1.1 403"},
		{ "a null Origin is refused",                    "Cookie: session=ana\r\nOrigin: null\r\n",                   true,  "HTTP/1.1 403"},
		{ "cross-site by the browser's word is refused",
                 "Cookie: session=ana\r\nSec-Fetch-Site: cross-site\r\n",                                                     true,  "HTTP/1.1 403"},
		{ "a sister site is refused",                    "Cookie: session=ana\r\nSec-Fetch-Site: same-site\r\n",      true,
                 "HTTP/1.1 403"		                                                                                                    },
		{ "same-origin passes",                          "Cookie: session=ana\r\nSec-Fetch-Site: same-origin\r\n",    true,
                 "HTTP/1.1 200"		                                                                                                    },
		{ "a foreign Referer is refused",                "Cookie: session=ana\r\nReferer: http://evil.example/x\r\n", true,
                 "HTTP/1.1 403"		                                                                                                    },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char raw[1000];
		snprintf(raw, sizeof raw, "POST /save" FORM "%s" END "a=1%s%.*s", rows[i].headers,
		         rows[i].token ? "&csrf=" : "", rows[i].token ? (int)token.n : 0, token.p);
		struct str r = ask(t, &c, raw);
		EXPECT(rows[i].why, str_starts(r, str_of(rows[i].status)));
	}
	static const struct row open_rows[] = {
		{"a public form without cookies needs no Origin", "POST /t/1" FORM END "title=x",                       "HTTP/1.1 200",
                 NULL		                                                                                                       },
		{ "a public form from elsewhere is refused",
                 "POST /t/1" FORM "Origin: http://evil.example\r\n" END "title=x",                                      "HTTP/1.1 403", NULL},
		{ "with cookies something must be said",          "POST /t/1" FORM "Cookie: lang=es\r\n" END "title=x",
                 "HTTP/1.1 403",		                                                                                        NULL},
		{ "with cookies our own Origin is enough",
                 "POST /t/1" FORM "Cookie: lang=es\r\nOrigin: http://help.example\r\n" END "title=x",                   "HTTP/1.1 200",
                 NULL		                                                                                                       },
	};
	rows_run(t, &c, open_rows, COUNT(open_rows));
}

TEST(http_answers)
{
	static const struct row rows[] = {
		{"pages have the policy",                        "GET /page" H END,
                 "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
		  "'self'; img-src "
		  "'self' data:; font-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; "
		  "frame-ancestors 'none'\r\n",		                                                                                                          "Strict-Transport"},
		{ "errors have it too",                          "GET /nothing" H END,                                   "frame-ancestors 'none'",                       NULL              },
		{ "pages are never stored",                      "GET /page" H END,                                      "Cache-Control: private, no-store",             NULL              },
		{ "what varies is said",                         "GET /page" H END,                                      "Vary: Cookie, Authorization, Accept-Encoding", NULL              },
		{ "a page shrinks for those who can",            "GET /page" H "Accept-Encoding: gzip\r\n" END,
                 "Content-Encoding: gzip",		                                                                                                               "shrinks"         },
		{ "not for those who refuse",                    "GET /page" H "Accept-Encoding: gzip;q=0\r\n" END,      "shrinks",
                 "Content-Encoding"		                                                                                                                                        },
		{ "the tag is matched",                          "GET /page" H "If-None-Match: \"x\", W/\"v1\"\r\n" END, "HTTP/1.1 304",
                 "shrinks"		                                                                                                                                                 },
		{ "another tag is not",                          "GET /page" H "If-None-Match: \"v2\"\r\n" END,          "HTTP/1.1 200",                                 NULL              },
		{ "an asset has its own caching",                "GET /asset" H END,
                 "Cache-Control: public, max-age=31536000, immutable",		                                                                                   "no-store"        },
		{ "brotli is preferred",                         "GET /asset" H "Accept-Encoding: gzip, br\r\n" END,     "\r\n\r\nbrotli",                               NULL              },
		{ "gzip is second",                              "GET /asset" H "Accept-Encoding: gzip, br;q=0\r\n" END, "\r\n\r\ngzipped",                              NULL              },
		{ "identity is last",                            "GET /asset" H END,                                     "\r\n\r\nidentity",                             "Content-Encoding"},
		{ "an asset is not sent twice",                  "GET /asset" H "If-None-Match: \"s1\"\r\n" END,         "HTTP/1.1 304",
                 "identity"		                                                                                                                                                },
		{ "a failed handler leaves nothing of its page", "GET /fails" H END,                                     "&lt;faster&gt;",                               "half"            },
		{ "cookies are guarded",                         "GET /cookies" H END,
                 "Set-Cookie: session=abc; Path=/; HttpOnly; SameSite=Lax\r\n",		                                                                          NULL              },
		{ "a cookie is deleted by its age",              "GET /cookies" H END,
                 "old=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0",		                                                                                      NULL              },
	};
	struct http_config c = config();
	rows_run(t, &c, rows, COUNT(rows));
	static const struct row secure[] = {
		{"on https cookies are host-bound",              "GET /cookies" H END,
                 "Set-Cookie: __Host-session=abc; Path=/; HttpOnly; SameSite=Lax; Secure",                                                                          NULL},
		{ "on https transport is strict",                "GET /page" H END,                                  "Strict-Transport-Security: max-age=31536000",
                 NULL		                                                                                                                                   },
		{ "a planted cookie without the prefix is none", "GET /csrf" H "Cookie: session=ana\r\n" END,
                 "HTTP/1.1 303",		                                                                                                                    NULL},
		{ "the prefixed one counts",                     "GET /csrf" H "Cookie: __Host-session=ana\r\n" END, "HTTP/1.1 200",                                NULL},
	};
	c.base_url = STR("https://help.example");
	rows_run(t, &c, secure, COUNT(secure));
}

TEST(http_files)
{
	static const struct row rows[] = {
		{"a file is sent whole",           "GET /file" H END,                                             "\r\n\r\n0123456789",          NULL  },
		{ "a range is cut out",            "GET /file" H "Range: bytes=2-4\r\n" END,                      "\r\n\r\n234",
                 "5"
		  "6789"		                                                                                                               },
		{ "its place is said",             "GET /file" H "Range: bytes=2-4\r\n" END,                      "Content-Range: bytes 2-4/10", NULL  },
		{ "an open range runs to the end", "GET /file" H "Range: bytes=8-\r\n" END,                       "\r\n\r\n89",                  NULL  },
		{ "a last part is counted back",   "GET /file" H "Range: bytes=-3\r\n" END,                       "\r\n\r\n789",                 NULL  },
		{ "a range past the end is 416",   "GET /file" H "Range: bytes=10-\r\n" END,                      "Content-Range: bytes */10",
                 NULL		                                                                                                                  },
		{ "several ranges are not served", "GET /file" H "Range: bytes=0-1,3-4\r\n" END,                  "HTTP/1.1 200",                NULL  },
		{ "a changed file is sent whole",  "GET /file" H "Range: bytes=2-4\r\nIf-Range: \"old\"\r\n" END,
                 "HTTP/1.1 200",		                                                                                                 NULL  },
		{ "an unchanged one is cut",       "GET /file" H "Range: bytes=2-4\r\nIf-Range: \"f1\"\r\n" END,
                 "HTTP/1.1 206",		                                                                                                 NULL  },
		{ "a known file is not sent",      "GET /file" H "If-None-Match: \"f1\"\r\n" END,                 "HTTP/1.1 304",                "0123"},
		{ "HEAD has the length only",      "HEAD /file" H END,                                            "Content-Length: 10",          "0123"},
	};
	struct str path = arena_strf(&t->arena, "%s/ten", t->dir);
	FILE *f = fopen(str_z(&t->arena, path), "w");
	fputs("0123456789", f);
	fclose(f);
	struct http_config c = config();
	c.app = &path;
	rows_run(t, &c, rows, COUNT(rows));
	path = arena_strf(&t->arena, "%s/absent", t->dir);
	EXPECT("a missing file is an error page", str_starts(ask(t, &c, "GET /file" H END), STR("HTTP/1.1 404")));
}

TEST(http_upload)
{
	struct http_config c = config();
	c.upload_dir = str_of(t->dir);
	c.max_upload = 5000;
	static const char body[] = "--b\r\nContent-Disposition: form-data; name=title\r\n\r\nx\r\n"
	                           "--b\r\nContent-Disposition: form-data; name=f; filename=\"a.txt\"\r\n\r\nabc\r\n"
	                           "--b\r\nContent-Disposition: form-data; name=g; filename=\"\"\r\n\r\n\r\n--b--\r\n";
#define MULTI(n) H "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: " n "\r\n\r\n"
	char raw[2000];
	snprintf(raw, sizeof raw, "POST /upload" MULTI("4000") "%s", body);
	struct str got = ask(t, &c, raw);
	EXPECT("fields and files are read, with their hash",
	       str_find(got, STR("title=x; ")) != STR_NONE &&
	               str_find(got, STR("; file=a.txt 3 ba7816bf")) != STR_NONE);
	EXPECT("a file input nobody filled is no file", str_find(got, STR("file= ")) == STR_NONE);
	AUTO_BUF left;
	buf_init(&left, 1000);
	FILE *p = popen(str_z(&t->arena, arena_strf(&t->arena, "ls %s | grep ^up- | wc -l", t->dir)), "r");
	EXPECT_EQ("nothing is left in the folder", fgetc(p), '0');
	pclose(p);
	snprintf(raw, sizeof raw, "POST /t/1" MULTI("1000") "%s", body);
	EXPECT("a form that takes no files refuses them", str_starts(ask(t, &c, raw), STR("HTTP/1.1 415")));
	EXPECT("too large an upload is refused",
	       str_starts(ask(t, &c, "POST /upload" MULTI("5001")), STR("HTTP/1.1 413")));
	c.min_free = INT64_MAX / 2;
	snprintf(raw, sizeof raw, "POST /upload" MULTI("1000") "%s", body);
	EXPECT("a full disk is said early", str_starts(ask(t, &c, raw), STR("HTTP/1.1 507")));
	c.min_free = 0;
	c.upload_dir = STR("/nonexistent");
	EXPECT("a folder that is gone is our fault", str_starts(ask(t, &c, raw), STR("HTTP/1.1 500")));
}

TEST(http_redirects)
{
	static const char *const bad[] = { "//evil.example",
		                           "/\\evil.example",
		                           "https:evil.example",
		                           "https://evil.example",
		                           "\\\\evil.example",
		                           "/\t/evil.example",
		                           "/a\r\nSet-Cookie: x=1",
		                           "",
		                           "a/b",
		                           "javascript:alert(1)",
		                           " /a",
		                           "/a\\b",
		                           "/\x01",
		                           "/\"><script>" };
	for (size_t i = 0; i < COUNT(bad); i++)
		EXPECT_STR("what may leave our origin leads home", http_safe_next(str_of(bad[i])), "/");
	EXPECT_STR("an own path stays", http_safe_next(STR("/t/1?a=%2F%2Fx#y")), "/t/1?a=%2F%2Fx#y");
	static const struct row rows[] = {
		{"a redirect stays at home",         "GET /go?next=%2F%2Fevil.example" H END, "Location: /\r\n",    "evil"},
		{ "line breaks do not make headers", "GET /go?next=/a%0d%0aX-Evil:1" H END,   "Location: /\r\n",
                 "X-Evil"		                                                                                 },
		{ "an own path is followed",         "GET /go?next=/t/1" H END,               "Location: /t/1\r\n", NULL  },
	};
	struct http_config c = config();
	rows_run(t, &c, rows, COUNT(rows));
}

TEST(http_tables)
{
	static const struct route no_cap[] = {
		{HTTP_GET,      "/", CAP_NONE_SET, page },
                { 0}
	};
	static const struct route twice[] = {
		{HTTP_GET,    "/{a}", CAP_PUBLIC, page },
                { HTTP_GET, "/{b}", CAP_PUBLIC, page },
                { 0         }
	};
	static const struct route no_doc[] = {
		{HTTP_GET,      "/api", CAP_API_READ, page, NULL, ROUTE_API },
                { 0}
	};
	static const struct route odd[] = {
		{HTTP_GET,    "/a{b}", CAP_PUBLIC, page },
                { 0}
	};
	static const struct route rest[] = {
		{HTTP_GET,    "/{b...}/c", CAP_PUBLIC, page },
                { 0}
	};
	static const struct route *const tables[] = { no_cap, twice, no_doc, odd, rest };
	for (size_t i = 0; i < COUNT(tables); i++) {
		const struct route *const one[] = { tables[i], NULL };
		EXPECT_RC(RC_FAULT, http_check_routes(one, &t->err));
	}
	EXPECT_RC(RC_OK, http_check_routes(all_routes, &t->err));
}

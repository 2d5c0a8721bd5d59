/* http: requests, answers and routes on libmicrohttpd; knows nothing of tickets.
 *
 * A handler is a plain synchronous function: it reads `struct req`, fills `struct resp`, returns RC_OK. Any other rc is
 * turned into an error answer by the route's family (pages: an HTML error page through http_config.error_page; API: a
 * problem document, RFC 9457). GET and HEAD on SQLite run on the event threads and must be quick reads; everything
 * else runs on the worker pool with the connection suspended, and may block in db_write(), argon2 or the like. Give a
 * GET route ROUTE_SLOW to run it on a worker too. On PostgreSQL all routes run on workers.
 *
 * Before the handler runs, http/ has checked: method and path, Host (against http_config.hosts; 421 otherwise), body
 * size and deadline, content type, well-formed UTF-8 in path, query and form fields, the session or bearer token (by
 * http_config.identify), the capability (by http_config.allowed), the Origin/Sec-Fetch-Site and CSRF token of every
 * state-changing request that came with a cookie, and the declared fields. Proxy headers are ignored unless the peer is
 * a trusted proxy. Answers get the security headers and CSP, Cache-Control: private, no-store (unless the route says
 * otherwise), compression where it helps, and ETag/304 where resp.etag is set. */
#pragma once
#include "auth/actor.h"
#include "util/buf.h"
#include "util/time.h"
#include <jansson.h>

struct req;
struct resp;
struct http;

/* The session's cookie as resp_cookie() and req_cookie() know it; on the wire it has "__Host-" before it when the base
 * URL is https. Pages are asked for it, API routes for the bearer token; neither takes the other's. */
#define HTTP_SESSION_COOKIE "session"

/* ---- capabilities: what a route demands of the actor; http_config.allowed decides ---- */
enum capability {
	CAP_NONE_SET = 0,  /* start-up refuses a route that has it */
	CAP_PUBLIC,        /* anybody, signed in or not */
	CAP_SIGNED_IN,     /* any contact or agent */
	CAP_CUSTOMER_READ, /* contact: auditor and up */
	CAP_CUSTOMER_WRITE,/* contact: operator and up */
	CAP_CUSTOMER_MANAGE, /* contact: manager */
	CAP_AGENT,         /* agent and up */
	CAP_SUPERVISOR,
	CAP_ADMIN,
	CAP_API_READ,      /* bearer token, any scope */
	CAP_API_WRITE,
	CAP_API_ADMIN,
	CAP_SETUP,         /* only while the desk has no administrator */
	CAP_OPS            /* loopback or the metrics token: /metrics */
};

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE }; /* HEAD is served by GET */

enum field_type { FIELD_TEXT, FIELD_LINES, FIELD_INT, FIELD_EMAIL, FIELD_CHOICE, FIELD_BOOL, FIELD_FILE, FIELD_JSON };
struct field {
	const char *name;
	enum field_type type;
	uint32_t max;         /* bytes of text (0 = 1000), or the largest integer (0 = any); integers are never negative */
	bool required;        /* empty counts as missing */
	const char *choices;  /* FIELD_CHOICE: "a|b|c"; FIELD_BOOL reads as "1" or "" whatever the client wrote */
	const char *doc;      /* one line, for the OpenAPI file */
};
enum route_flags {
	ROUTE_API = 1,        /* JSON in and out, problem+json errors, no cookies; CSRF does not apply */
	ROUTE_SLOW = 2,       /* a GET that must not run on the event threads */
	ROUTE_UPLOAD = 4,     /* multipart with files; body limit http_config.max_upload, files streamed to disk */
	ROUTE_CACHE = 8,      /* the handler sets its own Cache-Control (public static things) */
	ROUTE_NO_CSRF = 16,   /* no session matters here (token in the body or path proves): magic links, List-Unsubscribe */
	ROUTE_RAW = 32,       /* body as bytes in req->body, any content type, up to max_upload */
	ROUTE_LENIENT = 64,   /* field errors do not stop the request: the handler shows them (req->field_errors) */
	ROUTE_SECRET = 128    /* the address itself is the proof: no-referrer and noindex on every answer. No forms here:
	                         browsers send them without their origin then */
};
struct route {
	enum http_method method;
	const char *path;     /* "/support/{number}/reply"; {name} is one segment, read by req_path(); {name...} the rest */
	enum capability cap;
	enum rc (*handle)(struct req *q, struct resp *r);
	const struct field *fields; /* query fields of GET, form or JSON fields of others; ends with a NULL name */
	unsigned flags;
	const char *doc;      /* one sentence; API routes must have one (OpenAPI summary) */
	const char *schema_in, *schema_out; /* API: names of schemas in the OpenAPI file, or NULL */
};

/* ---- a request ---- */
struct upload {               /* one uploaded file, complete on disk */
	struct str field, name, type; /* name and type as the client said: never trust, see blob/ */
	struct str path;      /* temporary file, unlinked when the request ends */
	int64_t size;
	char sha256[65];
};
struct field_error { struct str field, text; };

struct req {
	struct arena *arena;          /* dies with the request */
	struct instant now;           /* when it arrived */
	enum http_method method;
	struct str path, query, host; /* decoded path; raw query */
	struct str peer;              /* the client's address as text, proxies considered */
	bool https;
	const struct route *route;
	struct actor actor;
	struct str session;           /* the session token's hash, "" without a session */
	struct str csrf;              /* to be put in forms as the hidden field "csrf"; "" without a session */
	struct str body;              /* ROUTE_RAW and JSON: the bytes */
	json_t *json;                 /* ROUTE_API with a JSON body: an object; else NULL */
	const struct upload *uploads;
	size_t n_uploads;
	const struct field_error *field_errors; /* ROUTE_LENIENT; the first one per field */
	size_t n_field_errors;
	void *app;                    /* http_config.app: struct desk of app/ as seen by web/ and api/ */
	void *impl;
};
struct str req_path(const struct req *q, const char *name);    /* a path parameter, decoded; STR_NULL when absent */
struct str req_field(const struct req *q, const char *name);   /* form, query or JSON string field; STR_NULL when absent; CRLF is LF, trimmed unless FIELD_LINES */
size_t req_fields(const struct req *q, const char *name, struct str *ret, size_t max); /* repeated fields */
bool req_int(const struct req *q, const char *name, int64_t *ret); /* false when absent (wrong ones never reach a handler) */
struct str req_header(const struct req *q, const char *name);  /* STR_NULL when absent */
struct str req_cookie(const struct req *q, const char *name);

/* ---- an answer ---- */
struct resp {
	int status;                   /* 200 */
	struct buf *body;             /* write here; unless file is set */
	struct str type;              /* "text/html; charset=utf-8" */
	struct str file;              /* path to send instead of body (sendfile; ranges are served) */
	struct str etag;              /* without quotes; 304 is http/'s business */
	struct str cache;             /* Cache-Control of ROUTE_CACHE routes */
	struct str csp;               /* replaces the default policy (attachments: "sandbox; default-src 'none'") */
	struct str static_bytes, static_br, static_gz; /* embedded asset: identity and precompressed forms, borrowed */
	void *impl;
	struct arena *arena;
};
void resp_header(struct resp *r, const char *name, struct str value);  /* CR and LF in values are refused (assert) */
/* A cookie with Secure when the base URL is https, HttpOnly, SameSite=Lax, Path=/; the name gets "__Host-" when Secure.
 * max_age < 0: a session cookie; 0: delete. */
void resp_cookie(struct resp *r, const char *name, struct str value, int64_t max_age);
enum rc resp_redirect(struct resp *r, struct str to);  /* 303 to a path of our own origin; anything else goes to "/" */
enum rc resp_json(struct resp *r, int status);         /* sets type; the body was written with json.h on r->body */
/* Path of our own origin, or "/" : refuses "//", "\\", schemes, control characters (S-50). */
struct str http_safe_next(struct str next);

/* ---- the server ---- */
struct http_config {
	struct str listen;            /* "127.0.0.1:8080", "[::1]:8080" */
	struct str base_url;          /* "https://help.example": links, cookies' Secure, Origin check */
	const struct str *hosts;      /* further accepted Host values; base_url's, and "localhost" or a loopback address on a loopback listener, are always accepted */
	size_t n_hosts;
	const struct str *proxies;    /* peers whose X-Forwarded-For/-Proto count; loopback never by itself */
	size_t n_proxies;
	int threads, workers;         /* 0: cores, 64 (started when needed) */
	bool reads_on_workers;        /* true on PostgreSQL */
	uint64_t max_body, max_upload; /* 1 MiB, 100 MiB */
	struct str upload_dir;        /* on the data's file system */
	int64_t min_free;             /* refuse uploads with 507 below this many free bytes */
	const struct route *const *routes; /* NULL-terminated list of arrays, each ends with a NULL path */
	void *app;
	/* Cookie or bearer token to actor; leaves ACTOR_NOBODY when there is none. RC_DENIED: a token that is wrong (401). */
	enum rc (*identify)(struct req *q, struct str session_cookie, struct str bearer, struct err *err);
	bool (*allowed)(const struct req *q, enum capability cap);
	/* Fills the body of an error page; status and err are given. For API routes http/ writes problem+json itself. */
	void (*error_page)(struct req *q, struct resp *r, int status, const struct err *err);
};
MUST_USE enum rc http_start(const struct http_config *c, struct http **ret, struct err *err);
int http_port(const struct http *h);  /* the real one when listen said port 0 */
void http_stop(struct http *h);       /* finishes what runs, at most 10 s */
/* Checks the tables: a capability everywhere, no two routes alike, API routes documented. */
MUST_USE enum rc http_check_routes(const struct route *const *routes, struct err *err);
/* Runs one request through the same road without a socket, for tests. `raw` is a whole HTTP/1.1 request; the answer is
 * the whole response text in `out`. */
void http_loopback(const struct http_config *c, struct str raw, struct buf *out);
/* An error answer: fills err and returns rc, so that `return http_fail(...)` reads well; the family shows it. */
enum rc http_fail(struct req *q, enum rc rc, const char *field, const char *fmt, ...) PRINTF_LIKE(4, 5);
struct err *req_err(struct req *q);   /* the request's err, to be passed to domain calls */
/* Counters for /metrics: requests by status class, seconds, in flight. */
struct http_stats { uint64_t requests[6], bytes_out, microseconds; int in_flight, workers; };
void http_stats(const struct http *h, struct http_stats *ret);

/* impl: what the files of http/ share and nobody else sees. One `struct exchange` is one request with its answer; it is
 * taken from a pool when the request line has come and goes back when the last byte of the answer has left. The road is
 *	exchange_begin (headers) > exchange_feed (body) > exchange_run (rights, fields, handler) > struct answer
 * and knows no sockets: server.c walks it for libmicrohttpd, loopback.c for tests. */
#pragma once
#include "http/forms.h"
#include "http/http.h"
#include "http/multipart.h"
#include "util/crypt.h"
#include <stdatomic.h>
#include <zlib.h>

#define MAX_HEADERS  100
#define MAX_FIELDS   1000
#define MAX_FILES    100
#define MAX_PARAMS   8
#define MAX_SEGMENTS 32
#define MAX_TARGET   8192
#define JSON_DEPTH   32
#define MAX_ANSWER   (64u << 20)
#define N_METHODS    5

/* ---- router.c ---- */
struct router;
struct match {
	const struct route *route;
	const struct str *names; /* of the parameters, in order */
	struct str values[MAX_PARAMS];
	size_t n;
	unsigned allow; /* methods the path has, one bit each */
};
enum rc router_make(struct arena *a, const struct route *const *routes, struct router **ret, struct err *err);
/* Fills m->route, or leaves it NULL with m->allow telling 404 (0) from 405. */
void router_match(const struct router *r, enum http_method method, const struct str *segs, size_t n, struct match *m,
                  struct arena *a);

/* ---- check.c ---- */
struct host_rule {
	struct str host;
	int port; /* 0: any of the usual ones */
};
struct core {
	struct http_config c;
	struct arena arena; /* of the router and the texts below; never touched by requests */
	struct router *router;
	struct str origin; /* of the base URL: scheme://host[:port] */
	bool https, loopback;
	int port; /* the real one, once listening */
	struct host_rule *hosts;
	size_t n_hosts;
	_Atomic uint64_t requests[6], bytes_out, microseconds;
	_Atomic int in_flight;
};
enum rc core_init(struct core *k, const struct http_config *c, struct err *err);
void core_release(struct core *k);
bool net_is_loopback(struct str address);
bool net_in_list(struct str address, const struct str *list, size_t n); /* addresses or CIDR blocks */
/* "127.0.0.1:80", "[::1]:80" to host and port. */
enum rc net_split(struct str listen, struct str *host, int *port);

struct exchange;
void check_peer(struct exchange *x, struct str peer);
void check_host(struct exchange *x);
void check_origin(struct exchange *x);
void check_csrf(struct exchange *x);
void check_actor(struct exchange *x); /* identify, then the capability */
struct str csrf_token(struct arena *a, struct str session_cookie);
bool csrf_valid(struct arena *a, struct str session_cookie, struct str token);

/* ---- answer.c ---- */
struct answer {
	int status;
	struct str body;
	int fd; /* -1 without a file */
	uint64_t from, length;
	bool close; /* the connection must end: the request was not read to its end */
};
void answer_make(struct exchange *x);
/* Turns x->err with `status` into an error answer of the route's family. */
void answer_error(struct exchange *x, int status);
void answer_header(struct exchange *x, const char *name, struct str value);

/* ---- body.c ---- */
void body_begin(struct exchange *x);
void body_feed(struct exchange *x, const char *p, size_t n);
void body_end(struct exchange *x);
void body_release(struct exchange *x);
/* ---- validate.c ---- */
void validate_fields(struct exchange *x);

/* ---- request.c ---- */
struct file_part {
	int fd;
	struct sha256 *hash;
	size_t upload; /* index into uploads */
};
struct exchange {
	struct req q;
	struct resp r;
	struct err err;
	struct arena arena;
	struct core *core;
	struct str target; /* raw */
	bool head, is_options, has_body, ran, allowed_done;
	int refused; /* status of the refusal; 0 while all is well */
	VEC(struct pair) headers;
	VEC(struct pair) out_headers;
	VEC(struct pair) cookies;
	bool cookies_read;
	struct fields fields;
	struct match match;
	struct str session_cookie;
	/* body */
	enum { BODY_NONE, BODY_FORM, BODY_JSON, BODY_RAW, BODY_MULTIPART } body_kind;
	uint64_t length, received, limit; /* length: UINT64_MAX when chunked */
	struct buf body_in;
	struct multipart *multipart;
	VEC(struct upload) uploads;
	VEC(struct file_part) files;
	VEC(struct field_error) field_errors;
	bool in_file, in_field;
	uint64_t text_bytes, since_check;
	/* answer */
	struct buf body_out, zip;
	z_stream z;
	bool z_ready;
	struct answer a;
	int64_t started_us;
	struct exchange *next; /* free list */
};
struct exchange *exchange_new(struct core *k);
void exchange_clear(struct exchange *x); /* ready for the next request */
void exchange_free(struct exchange *x);
void exchange_header(struct exchange *x, struct str name, struct str value);
void exchange_begin(struct exchange *x, struct str method, struct str target, struct str peer);
void exchange_feed(struct exchange *x, const char *p, size_t n);
bool exchange_needs_worker(const struct exchange *x);
bool exchange_early_rights(const struct exchange *x); /* the rights are asked before a large body is read */
bool exchange_refuse_now(const struct exchange *x);   /* answer without reading the body, then close */
void exchange_run(struct exchange *x);
void exchange_done(struct exchange *x); /* counts and logs it */
/* Notes a refusal; the first one stays. */
void refuse(struct exchange *x, int status, const char *code, const char *fmt, ...) PRINTF_LIKE(4, 5);
static inline struct exchange *exchange_of(const struct req *q)
{
	return q->impl;
}

/* ---- server.c: its clocks, shortened by tests ---- */
struct server_limits {
	int64_t request_us; /* headers and body of a request, and idleness included */
	int64_t longest_us; /* even of a brisk upload */
	int64_t body_rate;  /* bytes a second, counted once request_us has passed */
	int64_t queued_us;  /* longest wait for a worker */
	int64_t tick_us;    /* how often the reaper looks */
	int64_t idle_us;    /* after which a worker leaves */
	size_t queue;       /* requests that may wait for a worker */
};
extern const struct server_limits server_limits_default;
enum rc server_start(const struct http_config *c, const struct server_limits *l, struct http **ret, struct err *err);

/* Decides the road of one request: what is looked at first, what may stop it, and when the handler runs. Also the
 * accessors that handlers use. What each check says is in check.c, body.c and validate.c. */
#include "http/impl.h"
#include "util/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KEEP_BYTES (256u << 10) /* larger buffers are given back when the request ends */

/* ---- life ---- */
struct exchange *exchange_new(struct core *k)
{
	struct exchange *x = xcalloc(1, sizeof *x);
	arena_init(&x->arena);
	buf_init(&x->body_in, 0);
	buf_init(&x->body_out, MAX_ANSWER);
	buf_init(&x->zip, MAX_ANSWER);
	x->core = k;
	x->a.fd = -1;
	return x;
}

static void buf_reuse(struct buf *b, size_t max)
{
	if (b->cap > KEEP_BYTES) {
		buf_release(b);
		buf_init(b, max);
	}
	buf_clear(b);
	b->full = false;
	b->max = max;
}

void exchange_clear(struct exchange *x)
{
	body_release(x);
	if (x->a.fd >= 0)
		close(x->a.fd);
	struct exchange keep = *x;
	memset(x, 0, sizeof *x);
	x->core = keep.core;
	x->arena = keep.arena;
	x->body_in = keep.body_in;
	x->body_out = keep.body_out;
	x->zip = keep.zip;
	x->z_ready = keep.z_ready;
	x->a.fd = -1;
	x->z = keep.z; /* zlib wants its stream to stay where it was made: it does */
	arena_clear(&x->arena);
	buf_reuse(&x->body_in, 0);
	buf_reuse(&x->body_out, MAX_ANSWER);
	buf_reuse(&x->zip, MAX_ANSWER);
}

void exchange_free(struct exchange *x)
{
	body_release(x);
	if (x->a.fd >= 0)
		close(x->a.fd);
	if (x->z_ready)
		deflateEnd(&x->z);
	buf_release(&x->body_in);
	buf_release(&x->body_out);
	buf_release(&x->zip);
	arena_release(&x->arena);
	free(x);
}

void refuse(struct exchange *x, int status, const char *code, const char *fmt, ...)
{
	if (x->refused)
		return;
	struct err e = { 0 }; /* what is said may be made of x->err */
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(e.text, sizeof e.text, fmt, ap);
	va_end(ap);
	snprintf(e.code, sizeof e.code, "%s", code);
	x->refused = status;
	x->err = e;
}

/* ---- the road ---- */
void exchange_header(struct exchange *x, struct str name, struct str value)
{
	if (x->headers.n == MAX_HEADERS)
		refuse(x, 431, "headers", "The request has more than %d headers.", MAX_HEADERS);
	else
		*VEC_ADD(&x->arena, &x->headers) = (struct pair){ name, value };
}

/* HEAD is a GET whose body is not sent. X-HTTP-Method-Override and its like are never looked at. */
static bool method_read(struct exchange *x, struct str m)
{
	static const char *const names[N_METHODS] = { "GET", "POST", "PUT", "PATCH", "DELETE" };
	x->head = str_is(m, "HEAD");
	x->is_options = str_is(m, "OPTIONS");
	for (int i = 0; i < N_METHODS; i++) {
		if (str_is(m, names[i])) {
			x->q.method = (enum http_method)i;
			return true;
		}
	}
	x->q.method = HTTP_GET;
	return x->head;
}

static void path_join(struct exchange *x, const struct str *segs, size_t n)
{
	size_t bytes = 2;
	for (size_t i = 0; i < n; i++)
		bytes += segs[i].n + 1;
	char *to = arena_alloc(&x->arena, bytes);
	size_t at = 0;
	for (size_t i = 0; i < n; i++) {
		to[at++] = '/';
		memcpy(to + at, segs[i].p, segs[i].n);
		at += segs[i].n;
	}
	if (n == 0)
		to[at++] = '/';
	x->q.path = (struct str){ to, at };
}

static void route_find(struct exchange *x, bool known_method)
{
	struct str segs[MAX_SEGMENTS], raw = x->target;
	size_t n, mark = str_find_byte(raw, '?');
	x->q.query = mark == STR_NONE ? STR("") : str_from(raw, mark + 1);
	raw = mark == STR_NONE ? raw : str_sub(raw, 0, mark);
	enum rc rc = x->target.n > MAX_TARGET ? RC_LIMIT : path_decode(&x->arena, raw, segs, MAX_SEGMENTS, &n);
	if (rc == RC_LIMIT) {
		refuse(x, 414, "path", "The address is too long.");
		return;
	}
	if (rc == RC_INVALID) {
		refuse(x, 400, "path", "The address is not well-formed.");
		return;
	}
	path_join(x, segs, n);
	if (rc == RC_OK)
		router_match(x->core->router, x->q.method, segs, n, &x->match, &x->arena);
	if (x->match.route && known_method)
		x->q.route = x->match.route;
	else if (x->match.allow)
		refuse(x, 405, "method", "This address does not take that method.");
	else
		refuse(x, 404, "", "There is nothing at this address.");
}

void exchange_begin(struct exchange *x, struct str method, struct str target, struct str peer)
{
	x->q.arena = &x->arena;
	x->q.now = time_now();
	x->started_us = time_monotonic_us();
	x->q.app = x->core->c.app;
	x->q.impl = x;
	x->r = (struct resp){ .status = 200,
		              .body = &x->body_out,
		              .impl = x,
		              .arena = &x->arena,
		              .type = STR("text/html; charset=utf-8") };
	x->target = target;
	x->q.path = STR("");
	bool known = method_read(x, method);
	check_peer(x, peer);
	check_host(x);
	if (!x->refused)
		route_find(x, known);
	body_begin(x);
}

void exchange_feed(struct exchange *x, const char *p, size_t n)
{
	body_feed(x, p, n);
}

bool exchange_needs_worker(const struct exchange *x)
{
	if (x->refused || !x->q.route)
		return false;
	return x->q.method != HTTP_GET || (x->q.route->flags & ROUTE_SLOW) || x->core->c.reads_on_workers;
}

bool exchange_early_rights(const struct exchange *x)
{
	return !x->refused && x->has_body && x->q.route && x->q.route->cap != CAP_PUBLIC &&
	       (x->q.route->flags & (ROUTE_UPLOAD | ROUTE_RAW));
}

/* A small body is read to its end first, for a client that is cut off while sending may never see our answer. */
bool exchange_refuse_now(const struct exchange *x)
{
	bool framing = str_is(str_of(x->err.code), "framing");
	return x->refused && (framing || x->length == UINT64_MAX || x->length > x->core->c.max_body);
}

static int status_of(const struct exchange *x, enum rc rc)
{
	struct str code = str_of(x->err.code);
	if (rc == RC_LIMIT && (str_starts(code, STR("too-many")) || str_starts(code, STR("rate"))))
		return 429;
	return rc_http_status(rc);
}

void exchange_run(struct exchange *x)
{
	x->ran = true;
	if (!x->refused)
		check_actor(x);
	if (!x->refused)
		body_end(x);
	if (!x->refused)
		check_csrf(x);
	if (!x->refused)
		validate_fields(x);
	if (x->refused) {
		if (x->refused == 405 && x->is_options)
			x->err.code[0] = '\0';
		answer_error(x, x->refused);
	} else {
		enum rc rc = x->q.route->handle(&x->q, &x->r);
		if (rc != RC_OK)
			answer_error(x, status_of(x, rc));
	}
	answer_make(x);
}

void exchange_done(struct exchange *x)
{
	struct core *k = x->core;
	int status = x->a.status;
	if (!status)
		return;
	int64_t us = time_monotonic_us() - x->started_us;
	uint64_t bytes = x->head ? 0 : x->a.fd >= 0 ? x->a.length : x->a.body.n;
	atomic_fetch_add(&k->requests[status >= 100 && status < 600 ? status / 100 : 0], 1);
	atomic_fetch_add(&k->bytes_out, bytes);
	atomic_fetch_add(&k->microseconds, (uint64_t)us);
	static const char *const names[N_METHODS] = { "GET", "POST", "PUT", "PATCH", "DELETE" };
	/* The route, not the path: paths hold sign-in and unsubscribe tokens. */
	const struct log_field f[] = {
		{"method",  LOG_Z(x->head ? "HEAD" : names[x->q.method])},
		{ "route",  LOG_Z(x->q.route ? x->q.route->path : "-")  },
		{ "status", LOG_I64(status)                             },
		{ "bytes",  LOG_I64(bytes)                              },
		{ "us",     LOG_I64(us)                                 },
		{ "peer",   LOG_STR(x->q.peer)                          },
	};
	log_write(status < 400   ? LOG_LEVEL_DEBUG
	          : status < 500 ? LOG_LEVEL_INFO
	                         : LOG_LEVEL_WARN,
	          "http.request", f, COUNT(f));
}

/* ---- what handlers use ---- */
struct str req_path(const struct req *q, const char *name)
{
	const struct match *m = &exchange_of(q)->match;
	for (size_t i = 0; i < m->n; i++)
		if (str_is(m->names[i], name))
			return m->values[i];
	return STR_NULL;
}

static bool keeps_space(const struct req *q, const char *name)
{
	const struct field *f = q->route ? q->route->fields : NULL;
	for (; f && f->name; f++)
		if (f->type == FIELD_LINES && strcmp(f->name, name) == 0)
			return true;
	return false;
}

size_t req_fields(const struct req *q, const char *name, struct str *ret, size_t max)
{
	const struct fields *f = &exchange_of(q)->fields;
	bool keep = keeps_space(q, name);
	size_t n = 0;
	for (size_t i = 0; i < f->n && n < max; i++)
		if (f->at[i].kind != KIND_JSON_OTHER && str_is(f->at[i].name, name))
			ret[n++] = keep ? f->at[i].value : str_trim(f->at[i].value);
	return n;
}

struct str req_field(const struct req *q, const char *name)
{
	struct str s;
	return req_fields(q, name, &s, 1) ? s : STR_NULL;
}

bool req_int(const struct req *q, const char *name, int64_t *ret)
{
	struct str s = req_field(q, name);
	for (size_t i = 0; i < q->n_field_errors; i++)
		if (str_is(q->field_errors[i].field, name))
			return false; /* a lenient handler shows the error; the number is not to be used */
	return !str_empty(s) && str_to_i64(s, ret) == RC_OK;
}

struct str req_header(const struct req *q, const char *name)
{
	const struct exchange *x = exchange_of(q);
	struct str want = str_of(name);
	for (size_t i = 0; i < x->headers.n; i++)
		if (x->headers.at[i].name.n == want.n && str_eq_nocase(x->headers.at[i].name, want))
			return x->headers.at[i].value;
	return STR_NULL;
}

static void cookie_add(void *ctx, struct str name, struct str value)
{
	struct exchange *x = ctx;
	if (x->cookies.n < 100)
		*VEC_ADD(&x->arena, &x->cookies) = (struct pair){ name, value };
}

/* On https only the "__Host-" form counts: a neighbouring host name cannot plant that one. Of several the first wins.
 */
struct str req_cookie(const struct req *q, const char *name)
{
	struct exchange *x = exchange_of(q);
	if (!x->cookies_read) {
		x->cookies_read = true;
		for (size_t i = 0; i < x->headers.n; i++)
			if (str_eq_nocase(x->headers.at[i].name, STR("Cookie")))
				cookie_parse(x->headers.at[i].value, cookie_add, x);
	}
	for (size_t i = 0; i < x->cookies.n; i++) {
		struct str n = x->cookies.at[i].name;
		if (x->core->https) {
			if (!str_starts(n, STR("__Host-")))
				continue;
			n = str_from(n, 7);
		}
		if (str_is(n, name))
			return x->cookies.at[i].value;
	}
	return STR_NULL;
}

struct err *req_err(struct req *q)
{
	return &exchange_of(q)->err;
}

enum rc http_fail(struct req *q, enum rc rc, const char *field, const char *fmt, ...)
{
	struct err *e = req_err(q);
	va_list ap;
	va_start(ap, fmt);
	memset(e, 0, sizeof *e);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	snprintf(e->field, sizeof e->field, "%s", field ? field : "");
	va_end(ap);
	return rc;
}

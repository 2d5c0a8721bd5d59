/* Decides what an answer looks like on the wire: security headers, caching, compression, conditional requests, ranges,
 * problem documents (RFC 9457) and error pages, redirects and cookies. */
#include "http/impl.h"
#include "http/out.h"
#include "util/json.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CSP                                                                                                            \
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "          \
	"font-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
#define ZIP_MIN 1024

void answer_header(struct exchange *x, const char *name, struct str value)
{
	*VEC_ADD(&x->arena, &x->out_headers) = (struct pair){ str_of(name), value };
}

void resp_header(struct resp *r, const char *name, struct str value)
{
	for (size_t i = 0; i < value.n; i++)
		assert(value.p[i] != '\r' && value.p[i] != '\n' && value.p[i] != '\0');
	answer_header(r->impl, name, arena_str(r->arena, value));
}

void resp_cookie(struct resp *r, const char *name, struct str value, int64_t max_age)
{
	struct exchange *x = r->impl;
	for (size_t i = 0; i < value.n; i++)
		assert((unsigned char)value.p[i] > 0x20 && value.p[i] != ';' && value.p[i] != ',' &&
		       value.p[i] != 0x7f);
	struct str age = max_age < 0 ? STR("") : arena_strf(r->arena, "; Max-Age=%lld", (long long)max_age);
	answer_header(x, "Set-Cookie",
	              arena_strf(r->arena, "%s%s=" STR_F "; Path=/; HttpOnly; SameSite=Lax%s" STR_F,
	                         x->core->https ? "__Host-" : "", name, STR_A(value), x->core->https ? "; Secure" : "",
	                         STR_A(age)));
}

struct str http_safe_next(struct str next)
{
	if (str_empty(next) || next.p[0] != '/' || next.n > 2000 || (next.n > 1 && next.p[1] == '/'))
		return STR("/");
	for (size_t i = 0; i < next.n; i++) {
		unsigned char c = (unsigned char)next.p[i];
		if (c <= 0x20 || c >= 0x7f || c == '\\' || c == '"' || c == '<' || c == '>')
			return STR("/");
	}
	return next;
}

enum rc resp_redirect(struct resp *r, struct str to)
{
	r->status = 303;
	resp_header(r, "Location", http_safe_next(to));
	return RC_OK;
}

enum rc resp_json(struct resp *r, int status)
{
	r->status = status;
	r->type = STR("application/json");
	return RC_OK;
}

/* ---- errors ---- */
static const char *status_title(int status)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = {
		{400,  "Bad request"           },
		{ 401, "Not signed in"         },
		{ 403, "Not allowed"           },
		{ 404, "Not found"             },
		{ 405, "Method not allowed"    },
		{ 409, "Conflict"              },
		{ 413, "Too large"             },
		{ 414, "Address too long"      },
		{ 415, "Unsupported media type"},
		{ 416, "Range not satisfiable" },
		{ 421, "Misdirected request"   },
		{ 422, "Invalid input"         },
		{ 429, "Too many requests"     },
		{ 431, "Headers too large"     },
		{ 503, "Busy"                  },
		{ 507, "No space left"         },
	};
	for (size_t i = 0; i < COUNT(titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Our fault";
}

static void problem(struct exchange *x, int status)
{
	struct json j;
	json_init(&j, &x->body_out);
	json_obj(&j);
	json_kstr(&j, "type", STR("about:blank"));
	json_kstr(&j, "title", str_of(status_title(status)));
	json_ki64(&j, "status", status);
	json_kstr(&j, "detail", str_of(x->err.text));
	if (x->err.field[0])
		json_kstr(&j, "field", str_of(x->err.field));
	if (x->err.code[0])
		json_kstr(&j, "code", str_of(x->err.code));
	json_end_obj(&j);
	x->r.type = STR("application/problem+json");
}

static void plain_page(struct exchange *x, int status)
{
	struct out o = { .b = &x->body_out };
	buf_addz(&x->body_out, "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>");
	out_text_z(&o, status_title(status));
	buf_addz(&x->body_out, "</title><h1>");
	out_text_z(&o, status_title(status));
	buf_addz(&x->body_out, "</h1><p>");
	out_text_z(&o, x->err.text);
	buf_addz(&x->body_out, "</p></html>\n");
}

static void to_sign_in(struct exchange *x)
{
	struct buf b;
	buf_init(&b, 4 * MAX_TARGET);
	struct out o = { .b = &b };
	buf_addz(&b, "/sign-in?next=");
	out_url_part(&o, http_safe_next(x->target));
	x->r.status = 303;
	answer_header(x, "Location", b.full ? STR("/sign-in") : arena_str(&x->arena, buf_str(&b)));
	buf_release(&b);
}

static bool is_api(const struct exchange *x)
{
	/* What is refused before a route was looked for (Host) has only what was sent to go by. */
	struct str path = x->q.path.n ? x->q.path : x->target;

	return x->q.route ? (x->q.route->flags & ROUTE_API) != 0 : str_starts(path, STR("/api/"));
}

void answer_error(struct exchange *x, int status)
{
	struct resp fresh = { .status = status,
		              .body = &x->body_out,
		              .impl = x,
		              .arena = &x->arena,
		              .type = STR("text/html; charset=utf-8") };
	x->r = fresh;
	x->out_headers.n = 0;
	buf_clear(&x->body_out);
	x->body_out.full = false;
	if (status == 303) {
		to_sign_in(x);
		return;
	}
	if (!x->err.text[0])
		fail(&x->err, RC_FAULT,
		     status == 404 ? "There is nothing at this address."
		                   : "Something went wrong on our side. Please try again.");
	if (is_api(x))
		problem(x, status);
	else if (x->core->c.error_page)
		x->core->c.error_page(&x->q, &x->r, status, &x->err);
	else
		plain_page(x, status);
	x->r.status = status;
	if (status == 405) {
		static const char *const names[N_METHODS] = { "GET, HEAD", "POST", "PUT", "PATCH", "DELETE" };
		struct str allow = STR("");
		for (int i = 0; i < N_METHODS; i++)
			if (x->match.allow & 1u << i)
				allow = arena_strf(&x->arena, STR_F "%s%s", STR_A(allow), allow.n ? ", " : "",
				                   names[i]);
		answer_header(x, "Allow", allow);
	}
	if (status == 401)
		answer_header(x, "WWW-Authenticate", STR("Bearer"));
	if (status == 503 || status == 429)
		answer_header(x, "Retry-After", status == 503 ? STR("2") : STR("60"));
}

/* ---- conditional requests and ranges ---- */
static bool etag_named(struct str list, struct str tag)
{
	struct str one;
	while (str_cut(&list, ',', &one)) {
		one = str_trim(one);
		if (str_is(one, "*"))
			return true;
		if (str_starts(one, STR("W/")))
			one = str_from(one, 2);
		if (one.n == tag.n + 2 && one.p[0] == '"' && one.p[one.n - 1] == '"' &&
		    str_eq(str_sub(one, 1, tag.n), tag))
			return true;
	}
	return false;
}

/* True when the client has it already (RFC 9110 13.1.2). */
static bool not_modified(struct exchange *x, bool weak)
{
	struct resp *r = &x->r;
	if (str_empty(r->etag) || x->q.method != HTTP_GET || r->status != 200)
		return false;
	answer_header(x, "ETag", arena_strf(&x->arena, "%s\"" STR_F "\"", weak ? "W/" : "", STR_A(r->etag)));
	if (!etag_named(req_header(&x->q, "If-None-Match"), r->etag))
		return false;
	x->a.status = 304;
	x->a.body = STR("");
	return true;
}

/* One range of bytes (RFC 9110 14.1.2). False: to be ignored. *ok false: cannot be satisfied. */
static bool range_read(struct str h, uint64_t size, uint64_t *from, uint64_t *n, bool *ok)
{
	int64_t a, b;
	if (!str_starts_nocase(h, STR("bytes=")) || str_find_byte(h, ',') != STR_NONE)
		return false;
	h = str_trim(str_from(h, 6));
	size_t dash = str_find_byte(h, '-');
	if (dash == STR_NONE)
		return false;
	struct str first = str_sub(h, 0, dash), last = str_from(h, dash + 1);
	bool has_last = !str_empty(last);
	if (has_last && (str_to_i64(last, &b) != RC_OK || b < 0))
		return false;
	*ok = true;
	if (str_empty(first)) { /* the last b bytes */
		if (!has_last)
			return false;
		*ok = b > 0 && size > 0;
		*n = (uint64_t)b < size ? (uint64_t)b : size;
		*from = size - *n;
		return true;
	}
	if (str_to_i64(first, &a) != RC_OK || a < 0 || (has_last && b < a))
		return false;
	*ok = (uint64_t)a < size;
	*from = (uint64_t)a;
	*n = *ok ? size - *from : 0;
	if (has_last && (uint64_t)(b - a) + 1 < *n)
		*n = (uint64_t)(b - a) + 1;
	return true;
}

static void file_answer(struct exchange *x)
{
	struct stat st;
	struct resp *r = &x->r;
	int fd = open(str_z(&x->arena, r->file), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		int status = fd < 0 && errno == ENOENT ? 404 : 500;
		if (fd >= 0)
			close(fd);
		fail(&x->err, RC_FAULT,
		     "This file cannot be read at the moment. Please tell the desk's administrators.");
		r->file = STR_NULL;
		answer_error(x, status);
		return;
	}
	uint64_t size = (uint64_t)st.st_size, from = 0, n = size;
	bool ok = true;
	if (not_modified(x, false)) {
		close(fd);
		return;
	}
	answer_header(x, "Accept-Ranges", STR("bytes"));
	struct str range = req_header(&x->q, "Range"), if_range = req_header(&x->q, "If-Range");
	bool same = str_null(if_range) ||
	            (!str_empty(r->etag) && !str_starts(if_range, STR("W/")) && etag_named(if_range, r->etag));
	if (!str_null(range) && same && r->status == 200 && x->q.method == HTTP_GET &&
	    range_read(range, size, &from, &n, &ok)) {
		if (!ok) {
			close(fd);
			x->a.status = 416;
			x->a.body = STR("");
			answer_header(x, "Content-Range",
			              arena_strf(&x->arena, "bytes */%llu", (unsigned long long)size));
			return;
		}
		x->a.status = 206;
		answer_header(x, "Content-Range",
		              arena_strf(&x->arena, "bytes %llu-%llu/%llu", (unsigned long long)from,
		                         (unsigned long long)(from + n - 1), (unsigned long long)size));
	}
	x->a.fd = fd;
	x->a.from = from;
	x->a.length = n;
}

/* ---- compression ---- */
static bool type_shrinks(struct str type)
{
	struct str main = header_main(type);
	return str_starts_nocase(main, STR("text/")) || str_starts_nocase(main, STR("application/json")) ||
	       str_starts_nocase(main, STR("application/problem+json")) ||
	       str_starts_nocase(main, STR("image/svg+xml")) || str_starts_nocase(main, STR("application/javascript"));
}

/* Level 1 costs a tenth of the default and gives four fifths of its gain. The window is kept with the exchange. */
static bool zip(struct exchange *x, struct str s)
{
	if (!x->z_ready) {
		if (deflateInit2(&x->z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
			return false;
		x->z_ready = true;
	} else if (deflateReset(&x->z) != Z_OK) {
		return false;
	}
	buf_clear(&x->zip);
	char *to = buf_room(&x->zip, s.n);
	if (!to)
		return false;
	x->z.next_in = (Bytef *)(uintptr_t)s.p;
	x->z.avail_in = (uInt)s.n;
	x->z.next_out = (Bytef *)to;
	x->z.avail_out = (uInt)s.n;
	if (deflate(&x->z, Z_FINISH) != Z_STREAM_END)
		return false; /* it grew */
	x->zip.n = s.n - x->z.avail_out;
	return true;
}

static void static_answer(struct exchange *x)
{
	struct resp *r = &x->r;
	struct str accept = req_header(&x->q, "Accept-Encoding");
	int br = str_null(r->static_br) ? 0 : accept_quality(accept, "br");
	int gz = str_null(r->static_gz) ? 0 : accept_quality(accept, "gzip");
	x->a.body = r->static_bytes;
	if (not_modified(x, br || gz))
		return;
	if (br && br >= gz) {
		x->a.body = r->static_br;
		answer_header(x, "Content-Encoding", STR("br"));
	} else if (gz) {
		x->a.body = r->static_gz;
		answer_header(x, "Content-Encoding", STR("gzip"));
	}
}

static void body_answer(struct exchange *x)
{
	struct str body = buf_str(&x->body_out);
	bool shrink = body.n > ZIP_MIN && type_shrinks(x->r.type) &&
	              accept_quality(req_header(&x->q, "Accept-Encoding"), "gzip") > 0;
	x->a.body = str_null(body) ? STR("") : body;
	if (not_modified(x, shrink) || !shrink || !zip(x, body))
		return;
	x->a.body = buf_str(&x->zip);
	answer_header(x, "Content-Encoding", STR("gzip"));
}

/* ---- all of it ---- */
static void security_headers(struct exchange *x)
{
	struct resp *r = &x->r;
	struct str csp = !str_null(r->csp) ? r->csp
	                 : is_api(x)       ? STR("default-src 'none'; frame-ancestors 'none'")
	                                   : STR(CSP);
	answer_header(x, "Content-Security-Policy", csp);
	answer_header(x, "X-Content-Type-Options", STR("nosniff"));
	answer_header(x, "X-Frame-Options", STR("DENY"));
	bool secret = x->q.route && (x->q.route->flags & ROUTE_SECRET);

	answer_header(x, "Referrer-Policy", secret ? STR("no-referrer") : STR("same-origin"));
	if (secret)
		answer_header(x, "X-Robots-Tag", STR("noindex, nofollow, noarchive"));
	answer_header(x, "Cross-Origin-Opener-Policy", STR("same-origin"));
	answer_header(x, "Cross-Origin-Resource-Policy", STR("same-origin"));
	answer_header(x, "Permissions-Policy", STR("camera=(), geolocation=(), payment=(), usb=()"));
	if (x->core->https)
		answer_header(x, "Strict-Transport-Security", STR("max-age=31536000"));
	bool own = x->q.route && (x->q.route->flags & ROUTE_CACHE) && !str_empty(r->cache) && x->a.status < 400;
	answer_header(x, "Cache-Control", own ? r->cache : STR("private, no-store"));
	answer_header(x, "Vary", STR("Cookie, Authorization, Accept-Encoding"));
}

void answer_make(struct exchange *x)
{
	if (x->body_out.full) {
		fail(&x->err, RC_FAULT, "The answer grew too large to be sent.");
		answer_error(x, 500);
	}
	x->a.status = x->r.status ? x->r.status : 200;
	x->a.fd = -1;
	if (!str_null(x->r.static_bytes))
		static_answer(x);
	else if (!str_empty(x->r.file))
		file_answer(x);
	if (str_null(x->r.static_bytes) && str_empty(x->r.file)) { /* a file that cannot be read ends here too */
		x->a.status = x->r.status;
		body_answer(x);
	}
	if (x->a.status != 304 && x->a.status != 204 && (x->a.body.n || x->a.fd >= 0))
		answer_header(x, "Content-Type", x->r.type);
	security_headers(x);
	if (x->a.close)
		answer_header(x, "Connection", STR("close"));
}

/* Decides which bodies are taken and turns them into fields, JSON, bytes or files on disk. Multipart files are written
 * as they come, hashed on the way and flushed to disk in body_end(), which runs on a worker; the pages of the kernel's
 * cache take the writes on the event threads. The formats are forms.c's and multipart.c's. */
#include "http/impl.h"
#include "util/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FREE_CHECK_EVERY (16u << 20)

static void no_space(struct exchange *x)
{
	refuse(x, 507, "full",
	       "The desk has no space to keep this file, so nothing was kept. Please tell its administrators.");
}

static bool space_for(const struct exchange *x, uint64_t more)
{
	struct statvfs s;
	char dir[512];
	struct str d = x->core->c.upload_dir;
	if (str_empty(d) || d.n >= sizeof dir)
		return true;
	memcpy(dir, d.p, d.n);
	dir[d.n] = '\0';
	if (statvfs(dir, &s) != 0)
		return true; /* the write itself will say */
	return (uint64_t)s.f_bavail * s.f_frsize >=
	       more + (uint64_t)(x->core->c.min_free > 0 ? x->core->c.min_free : 0);
}

/* ---- multipart ---- */
static enum rc part_begin(void *ctx, const struct multipart_part *p, struct err *err)
{
	struct exchange *x = ctx;
	x->in_file = false;
	if (str_null(p->filename)) {
		if (x->fields.n == MAX_FIELDS)
			return fail(err, RC_LIMIT, "The form has more than %d fields.", MAX_FIELDS);
		*VEC_ADD(&x->arena, &x->fields) = (struct form_field){ .name = p->name, .kind = KIND_FORM };
		buf_clear(&x->body_in);
		return RC_OK;
	}
	if (!(x->q.route->flags & ROUTE_UPLOAD))
		return fail_code(err, RC_INVALID, "no-files", "This form takes no files.");
	if (x->files.n == MAX_FILES)
		return fail(err, RC_LIMIT, "At most %d files can be sent at once; nothing was kept.", MAX_FILES);
	struct file_part f = { .fd = -1, .upload = x->uploads.n };
	char *path = str_z(&x->arena, arena_strf(&x->arena, STR_F "/up-XXXXXX", STR_A(x->core->c.upload_dir)));
	f.fd = mkostemp(path, O_CLOEXEC);
	if (f.fd < 0) {
		bool full = errno == ENOSPC || errno == EDQUOT;
		log_error("http.upload", { "error", LOG_Z(strerror(errno)) });
		return fail(err, full ? RC_FULL : RC_FAULT,
		            "The file could not be kept; nothing was saved. Please try again later.");
	}
	f.hash = arena_new(&x->arena, struct sha256);
	sha256_init(f.hash);
	*VEC_ADD(&x->arena, &x->files) = f;
	*VEC_ADD(&x->arena, &x->uploads) = (struct upload){
		.field = p->name, .name = p->filename, .type = p->type, .path = str_of(path)
	};
	x->in_file = true;
	return RC_OK;
}

static enum rc file_data(struct exchange *x, const char *p, size_t n, struct err *err)
{
	struct file_part *f = &x->files.at[x->files.n - 1];
	x->since_check += n;
	if (x->since_check >= FREE_CHECK_EVERY) {
		x->since_check = 0;
		if (!space_for(x, 0))
			return fail(err, RC_FULL, "The desk has no space to keep this file; nothing was kept.");
	}
	sha256_add(f->hash, p, n);
	x->uploads.at[f->upload].size += (int64_t)n;
	while (n) {
		ssize_t w = write(f->fd, p, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0) {
			bool full = errno == ENOSPC || errno == EDQUOT;
			log_error("http.upload", { "error", LOG_Z(strerror(errno)) });
			return fail(err, full ? RC_FULL : RC_FAULT, "The file could not be written; nothing was kept.");
		}
		p += w;
		n -= (size_t)w;
	}
	return RC_OK;
}

static enum rc part_data(void *ctx, const char *p, size_t n, struct err *err)
{
	struct exchange *x = ctx;
	if (x->in_file)
		return file_data(x, p, n, err);
	x->text_bytes += n;
	if (x->text_bytes > x->core->c.max_body)
		return fail(err, RC_LIMIT, "The text of the form is longer than this desk takes; nothing was kept.");
	buf_add(&x->body_in, p, n);
	return RC_OK;
}

static enum rc part_end(void *ctx, struct err *err)
{
	struct exchange *x = ctx;
	if (!x->in_file) {
		struct form_field *f = &x->fields.at[x->fields.n - 1];
		f->value = arena_str(&x->arena, buf_str(&x->body_in));
		if (str_find_byte(f->value, '\0') != STR_NONE || !str_utf8_valid(f->value))
			return fail_field(err, RC_INVALID, "", "A field of the form is not UTF-8 text.");
		f->value = text_lines(&x->arena, f->value);
		return RC_OK;
	}
	struct file_part *f = &x->files.at[x->files.n - 1];
	struct upload *u = &x->uploads.at[f->upload];
	sha256_end(f->hash, u->sha256);
	if (u->size == 0 && str_empty(u->name)) { /* how browsers send a file input nobody filled */
		close(f->fd);
		unlink(u->path.p);
		x->files.n--;
		x->uploads.n--;
	}
	return RC_OK;
}

static void refuse_rc(struct exchange *x, enum rc rc, const struct err *e)
{
	int status = rc == RC_INVALID ? (str_is(str_of(e->code), "no-files") ? 415 : 400) : rc_http_status(rc);
	if (rc == RC_LIMIT)
		status = 413;
	refuse(x, status, e->code, "%s", e->text);
}

/* ---- taking the body ---- */
static void multipart_start(struct exchange *x, struct str type)
{
	struct multipart_sink sink = { part_begin, part_data, part_end, x };
	struct err e = { 0 };
	x->body_kind = BODY_MULTIPART;
	enum rc rc = multipart_new(&x->arena, header_param(&x->arena, type, "boundary"), &sink, &x->multipart, &e);
	if (rc != RC_OK)
		refuse_rc(x, rc, &e);
}

/* Content-Length and Transfer-Encoding together, or either twice, is how requests are smuggled (RFC 9112 6.1). */
static void body_framing(struct exchange *x)
{
	size_t lengths = 0, codings = 0;
	x->length = 0;
	for (size_t i = 0; i < x->headers.n; i++) {
		struct pair h = x->headers.at[i];
		int64_t v;
		if (str_eq_nocase(h.name, STR("Content-Length"))) {
			lengths++;
			bool digits = !str_empty(h.value) && h.value.p[0] != '-' && h.value.p[0] != '+';
			if (!digits || str_to_i64(h.value, &v) != RC_OK)
				refuse(x, 400, "framing", "The Content-Length is not a number.");
			else
				x->length = (uint64_t)v;
		} else if (str_eq_nocase(h.name, STR("Transfer-Encoding"))) {
			codings++;
			x->length = UINT64_MAX;
			if (!str_eq_nocase(h.value, STR("chunked")))
				refuse(x, 400, "framing", "The transfer coding is not known here.");
		}
	}
	if (lengths + codings > 1)
		refuse(x, 400, "framing", "The request says the length of its body twice.");
	x->has_body = x->length > 0;
}

void body_begin(struct exchange *x)
{
	body_framing(x);
	const struct route *r = x->q.route;
	if (x->refused || !r || !x->has_body)
		return;
	struct str coding = req_header(&x->q, "Content-Encoding"), type = req_header(&x->q, "Content-Type");
	if (!str_null(coding) && !str_eq_nocase(coding, STR("identity"))) {
		refuse(x, 415, "content-encoding", "Compressed request bodies are not taken here.");
		return;
	}
	struct str main = header_main(type);
	if (r->flags & ROUTE_RAW)
		x->body_kind = BODY_RAW;
	else if (str_eq_nocase(main, STR("multipart/form-data")) &&
	         !((r->flags & ROUTE_API) && !(r->flags & ROUTE_UPLOAD)))
		multipart_start(x, type);
	else if ((r->flags & ROUTE_API) && str_eq_nocase(main, STR("application/json")))
		x->body_kind = BODY_JSON;
	else if (!(r->flags & ROUTE_API) && str_eq_nocase(main, STR("application/x-www-form-urlencoded")))
		x->body_kind = BODY_FORM;
	else
		refuse(x, 415, "content-type", "This address takes %s.",
		       (r->flags & ROUTE_API) ? "application/json" : "forms, urlencoded or multipart");
	bool large = (r->flags & ROUTE_RAW) || ((r->flags & ROUTE_UPLOAD) && x->body_kind == BODY_MULTIPART);
	x->limit = large ? x->core->c.max_upload : x->core->c.max_body;
	if (x->length != UINT64_MAX && x->length > x->limit)
		refuse(x, 413, "too-big", "That is more than the %lld bytes this address takes; nothing was kept.",
		       (long long)x->limit);
	if (large && !space_for(x, x->length == UINT64_MAX ? 0 : x->length))
		no_space(x);
	x->body_in.max = x->limit;
}

void body_feed(struct exchange *x, const char *p, size_t n)
{
	x->received += n;
	if (x->refused)
		return; /* swallowed, so that the client reads our answer */
	if (x->received > x->limit) {
		refuse(x, 413, "too-big", "That is more than the %lld bytes this address takes; nothing was kept.",
		       (long long)x->limit);
	} else if (x->body_kind == BODY_MULTIPART) {
		struct err e = { 0 };
		enum rc rc = multipart_feed(x->multipart, p, n, &e);
		if (rc != RC_OK)
			refuse_rc(x, rc, &e);
	} else {
		buf_add(&x->body_in, p, n);
	}
}

/* ---- reading it ---- */
/* jansson nests as deep as the text does, on a small stack: count first. */
static bool json_too_deep(struct str s)
{
	int depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			if (++depth > JSON_DEPTH)
				return true;
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return false;
}

static void json_field(struct exchange *x, const char *name, json_t *v)
{
	struct form_field f = { .name = str_of(name), .kind = KIND_JSON_OTHER, .value = STR("") };
	if (json_is_string(v)) {
		f.kind = KIND_JSON_STRING;
		f.value = (struct str){ json_string_value(v), json_string_length(v) };
		f.value = text_lines(&x->arena, f.value);
	} else if (json_is_integer(v)) {
		f.kind = KIND_JSON_INT;
		f.value = arena_strf(&x->arena, "%lld", (long long)json_integer_value(v));
	} else if (json_is_boolean(v)) {
		f.kind = KIND_JSON_BOOL;
		f.value = json_is_true(v) ? STR("1") : STR("");
	} else if (json_is_null(v)) {
		return;
	}
	*VEC_ADD(&x->arena, &x->fields) = f;
}

static void json_read(struct exchange *x)
{
	json_error_t e;
	if (json_too_deep(x->q.body)) {
		refuse(x, 400, "json", "The JSON nests deeper than %d levels.", JSON_DEPTH);
		return;
	}
	x->q.json = json_loadb(x->q.body.p, x->q.body.n, JSON_REJECT_DUPLICATES, &e);
	if (!x->q.json) {
		refuse(x, 400, "json", "The body is not valid JSON: line %d, column %d.", e.line, e.column);
		return;
	}
	if (!json_is_object(x->q.json)) {
		refuse(x, 400, "json", "The body must be a JSON object.");
		return;
	}
	if (json_object_size(x->q.json) > MAX_FIELDS) {
		refuse(x, 413, "too-many", "The JSON object has more than %d members.", MAX_FIELDS);
		return;
	}
	const char *name;
	json_t *value;
	json_object_foreach(x->q.json, name, value)
	{
		if (json_is_array(value)) {
			size_t i;
			json_t *one;
			json_array_foreach(value, i, one)
			{
				if (i < MAX_FIELDS && json_is_string(one))
					json_field(x, name, one);
			}
			if (json_array_size(value) && json_is_string(json_array_get(value, 0)))
				continue;
		}
		json_field(x, name, value);
	}
}

static void fields_read(struct exchange *x, struct str s, const char *what)
{
	enum rc rc = form_parse(&x->arena, s, MAX_FIELDS, &x->fields);
	if (rc == RC_LIMIT)
		refuse(x, 413, "too-many", "The %s has more than %d fields.", what, MAX_FIELDS);
	else if (rc != RC_OK)
		refuse(x, 400, "utf-8", "The %s is not UTF-8 text.", what);
}

/* On disk before anybody is told that it is kept. */
static void files_flush(struct exchange *x)
{
	for (size_t i = 0; i < x->files.n; i++) {
		struct file_part *f = &x->files.at[i];
		if (fdatasync(f->fd) != 0 || close(f->fd) != 0) {
			log_error("http.upload", { "error", LOG_Z(strerror(errno)) });
			no_space(x);
		}
		f->fd = -1;
	}
	x->q.uploads = x->uploads.at;
	x->q.n_uploads = x->uploads.n;
}

void body_end(struct exchange *x)
{
	if (x->q.method == HTTP_GET)
		fields_read(x, x->q.query, "query");
	if (x->refused || !x->has_body)
		return;
	struct err e = { 0 };
	enum rc rc;
	switch (x->body_kind) {
	case BODY_MULTIPART:
		rc = multipart_end(x->multipart, &e);
		if (rc != RC_OK)
			refuse_rc(x, rc, &e);
		else
			files_flush(x);
		break;
	case BODY_FORM:
		fields_read(x, buf_str(&x->body_in), "form");
		break;
	case BODY_JSON:
		x->q.body = buf_str(&x->body_in);
		json_read(x);
		break;
	case BODY_RAW:
		x->q.body = buf_str(&x->body_in);
		break;
	case BODY_NONE:
		break;
	}
}

/* Closes and unlinks what the handler did not move away. */
void body_release(struct exchange *x)
{
	for (size_t i = 0; i < x->files.n; i++)
		if (x->files.at[i].fd >= 0)
			close(x->files.at[i].fd);
	for (size_t i = 0; i < x->uploads.n; i++)
		unlink(x->uploads.at[i].path.p);
	if (x->q.json)
		json_decref(x->q.json);
}

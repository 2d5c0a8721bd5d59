/* Expected outcomes: their names, what they mean to HTTP and SMTP, and the sentence that goes with them. */
#include "util/err.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	int http;
	const char *smtp;
} table[] = {
	[RC_OK] = { "ok", 200, "250 2.0.0" },
	[RC_NOT_FOUND] = { "not-found", 404, "550 5.1.1" },
	[RC_DENIED] = { "denied", 403, "550 5.7.1" },
	[RC_INVALID] = { "invalid", 422, "554 5.6.0" },
	[RC_CONFLICT] = { "conflict", 409, "451 4.3.0" },
	[RC_LIMIT] = { "limit", 413, "552 5.3.4" },
	[RC_FULL] = { "full", 507, "452 4.3.1" },
	[RC_RETRY] = { "retry", 503, "451 4.3.0" },
	[RC_FAULT] = { "fault", 500, "451 4.3.0" },
};

static void vfill(struct err *err, const char *field, const char *code, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));
static void vfill(struct err *err, const char *field, const char *code, const char *fmt, va_list ap)
{
	if (!err)
		return;
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	snprintf(err->field, sizeof(err->field), "%s", field);
	snprintf(err->code, sizeof(err->code), "%s", code);
}

enum rc fail(struct err *err, enum rc rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfill(err, "", "", fmt, ap);
	va_end(ap);
	return rc;
}

enum rc fail_field(struct err *err, enum rc rc, const char *field, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfill(err, field, "", fmt, ap);
	va_end(ap);
	return rc;
}

enum rc fail_code(struct err *err, enum rc rc, const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfill(err, "", code, fmt, ap);
	va_end(ap);
	return rc;
}

const char *rc_name(enum rc rc)
{
	return table[rc].name;
}

int rc_http_status(enum rc rc)
{
	return table[rc].http;
}

const char *rc_smtp_reply(enum rc rc)
{
	return table[rc].smtp;
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

void *xmalloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p)
		die("out of memory (%zu bytes)", n);
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		die("out of memory (%zu times %zu bytes)", n, size);
	return p;
}

void *xrealloc(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p)
		die("out of memory (%zu bytes)", n);
	return p;
}

char *xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(xmalloc(n), s, n);
}

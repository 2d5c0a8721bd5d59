/* Multipart bodies: the first byte says how the body is cut; whole and in pieces must tell the same story. */
#include "http/multipart.h"
#include "util/buf.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static enum rc note_begin(void *ctx, const struct multipart_part *p, struct err *err)
{
	struct buf *b = ctx;
	buf_addz(b, "[");
	buf_adds(b, p->name);
	buf_addz(b, str_null(p->filename) ? "-" : "+");
	buf_adds(b, p->filename);
	buf_adds(b, p->type);
	buf_addz(b, ":");
	return RC_OK;
}

static enum rc note_data(void *ctx, const char *p, size_t n, struct err *err)
{
	buf_add(ctx, p, n);
	return RC_OK;
}

static enum rc note_end(void *ctx, struct err *err)
{
	buf_addz(ctx, "]");
	return RC_OK;
}

static enum rc story(struct str body, size_t step, struct buf *out)
{
	AUTO_ARENA a;
	arena_init(&a);
	struct multipart_sink sink = { note_begin, note_data, note_end, out };
	struct multipart *m;
	enum rc rc = multipart_new(&a, STR("b"), &sink, &m, NULL);
	for (size_t i = 0; rc == RC_OK && i < body.n; i += step) {
		struct str piece = str_sub(body, i, step);
		rc = multipart_feed(m, piece.p, piece.n, NULL);
	}
	return rc == RC_OK ? multipart_end(m, NULL) : rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n < 1)
		return 0;
	struct str body = { (const char *)p + 1, n - 1 };
	AUTO_BUF whole, cut;
	buf_init(&whole, 4 << 20);
	buf_init(&cut, 4 << 20);
	enum rc a = story(body, body.n + 1, &whole), b = story(body, p[0] % 16 + 1u, &cut);
	if (a != b || !str_eq(buf_str(&whole), buf_str(&cut)))
		abort();
	return 0;
}

/* Buffers with a maximum. */
#include "util/buf.h"
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_release(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ .max = b->max };
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->full = false;
}

char *buf_room(struct buf *b, size_t n)
{
	if (b->full || n > b->max - b->n) {
		b->full = true;
		return NULL;
	}
	if (b->n + n + 1 > b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 256;

		while (cap < b->n + n + 1)
			cap *= 2;
		if (cap > b->max + 1)
			cap = b->max + 1;
		b->p = xrealloc(b->p, cap);
		b->cap = cap;
	}
	b->p[b->n + n] = 0;
	return b->p + b->n;
}

void buf_add_slow(struct buf *b, const void *p, size_t n)
{
	char *at = buf_room(b, n);

	if (at && n) {
		memcpy(at, p, n);
		b->n += n;
	}
}

void buf_adds(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void buf_addz(struct buf *b, const char *z)
{
	buf_add(b, z, strlen(z));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	size_t room = b->full ? 0 : b->cap - b->n;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(room ? b->p + b->n : NULL, room, fmt, ap);
	va_end(ap);
	if ((size_t)n >= room) {
		char *at = buf_room(b, (size_t)n);

		if (!at) {
			if (b->p && b->n < b->cap)
				b->p[b->n] = 0;
			return;
		}
		va_start(ap, fmt);
		vsnprintf(at, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->n += (size_t)n;
}

void buf_add_i64(struct buf *b, int64_t v)
{
	char text[24], *p = text + sizeof(text);
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		*--p = '-';
	buf_add(b, p, (size_t)(text + sizeof(text) - p));
}

void buf_add_utf8(struct buf *b, uint32_t cp)
{
	char c[4];
	size_t n;

	if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		cp = 0xfffd;
	if (cp < 0x80) {
		c[0] = (char)cp, n = 1;
	} else if (cp < 0x800) {
		c[0] = (char)(0xc0 | cp >> 6), c[1] = (char)(0x80 | (cp & 0x3f)), n = 2;
	} else if (cp < 0x10000) {
		c[0] = (char)(0xe0 | cp >> 12), c[1] = (char)(0x80 | (cp >> 6 & 0x3f)), c[2] = (char)(0x80 | (cp & 0x3f)), n = 3;
	} else {
		c[0] = (char)(0xf0 | cp >> 18), c[1] = (char)(0x80 | (cp >> 12 & 0x3f));
		c[2] = (char)(0x80 | (cp >> 6 & 0x3f)), c[3] = (char)(0x80 | (cp & 0x3f)), n = 4;
	}
	buf_add(b, c, n);
}

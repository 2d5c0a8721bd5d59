/* buf: text we build. Born with a maximum; what would pass it is not added and `full` is set for good, so the maker
 * checks once at the end. Always NUL-terminated behind its end once something was added. */
#pragma once
#include "util/str.h"

struct buf {
	char *p;
	size_t n, cap, max;
	bool full;
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);
#define AUTO_BUF CLEANUP(buf_release) struct buf
void buf_clear(struct buf *b);
char *buf_room(struct buf *b, size_t n); /* n writable bytes at the end, or NULL when full; then add to b->n */
void buf_add_slow(struct buf *b, const void *p, size_t n);
static inline void buf_add(struct buf *b, const void *p, size_t n) /* pages are made of thousands of these */
{
	if (b->full || n >= b->cap - b->n) {
		buf_add_slow(b, p, n);
	} else if (n) {
		memcpy(b->p + b->n, p, n);
		b->n += n;
		b->p[b->n] = 0;
	}
}
void buf_adds(struct buf *b, struct str s);
void buf_addz(struct buf *b, const char *z);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_add_i64(struct buf *b, int64_t v);
void buf_add_utf8(struct buf *b, uint32_t cp);
static inline struct str buf_str(const struct buf *b) /* borrows until the next change */
{
	return (struct str){ b->p ? b->p : "", b->n };
}

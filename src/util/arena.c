/* Arenas: blocks that double up to 1 MiB, given back together. */
#include "util/arena.h"
#include <stdio.h>
#include <stdlib.h>

struct arena_block {
	struct arena_block *next;
	size_t size;
	_Alignas(max_align_t) char bytes[];
};

#define FIRST_BLOCK (4096 - sizeof(struct arena_block))
#define MAX_BLOCK   (1 << 20)

void arena_init(struct arena *a)
{
	*a = (struct arena){ 0 };
}

void arena_release(struct arena *a)
{
	for (struct arena_block *b = a->head, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){ 0 };
}

void arena_clear(struct arena *a)
{
	struct arena_block *keep = a->head;

	if (!keep)
		return;
	for (struct arena_block *b = keep->next, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	keep->next = NULL;
	a->at = keep->bytes;
	a->end = keep->bytes + keep->size;
	a->total = 0;
}

static void more(struct arena *a, size_t n)
{
	size_t size = a->head ? a->head->size * 2 : FIRST_BLOCK;

	if (size > MAX_BLOCK)
		size = MAX_BLOCK;
	if (size < n)
		size = n;
	struct arena_block *b = xmalloc(sizeof(*b) + size);
	b->next = a->head;
	b->size = size;
	a->head = b;
	a->at = b->bytes;
	a->end = b->bytes + size;
}

void *arena_bytes(struct arena *a, size_t n)
{
	size_t pad = -(uintptr_t)a->at & (_Alignof(max_align_t) - 1);

	if (n > (size_t)1 << 40)
		die("arena: absurd size %zu", n);
	if (!a->head || (size_t)(a->end - a->at) < n + pad) {
		more(a, n);
		pad = 0;
	}
	void *p = a->at + pad;
	a->at += pad + n;
	a->total += n;
	return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
	return memset(arena_bytes(a, n), 0, n);
}

struct str arena_str(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}

/* Formatted where it stays when the block has room, which is nearly always: once, not twice. */
struct str arena_strf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	size_t room = a->head ? (size_t)(a->end - a->at) : 0;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(room ? a->at : NULL, room, fmt, ap);
	char *p = a->at;
	if ((size_t)n < room) {
		a->at += n + 1;
		a->total += (size_t)n + 1;
	} else {
		p = arena_alloc(a, (size_t)n + 1);
		vsnprintf(p, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	va_end(ap);
	return (struct str){ p, (size_t)n };
}

char *str_z(struct arena *a, struct str s)
{
	return (char *)arena_str(a, s).p;
}

struct str str_lower(struct arena *a, struct str s)
{
	char *p = str_z(a, s);

	for (size_t i = 0; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] += 32;
	return (struct str){ p, s.n };
}

struct str str_concat(struct arena *a, struct str x, struct str y)
{
	char *p = arena_alloc(a, x.n + y.n + 1);

	if (x.n)
		memcpy(p, x.p, x.n);
	if (y.n)
		memcpy(p + x.n, y.p, y.n);
	return (struct str){ p, x.n + y.n };
}

void vec_room(struct arena *a, void **at, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return;
	size_t more_cap = *cap ? *cap * 2 : 8;
	void *p = arena_alloc(a, more_cap * size);
	if (n)
		memcpy(p, *at, n * size);
	*at = p;
	*cap = more_cap;
}

/* arena: memory made for one request, mail or job; lives until that ends and is given back at once.
 * Never fails (the allocator aborts); nothing in it is freed alone. Not thread-safe: one arena, one owner. */
#pragma once
#include "util/str.h"

struct arena_block;
struct arena {
	struct arena_block *head;
	char *at, *end;
	size_t total; /* bytes handed out since init or clear, for limits and tests */
};

void arena_init(struct arena *a);
void arena_release(struct arena *a);
void arena_clear(struct arena *a); /* keeps one block for reuse */
#define AUTO_ARENA CLEANUP(arena_release) struct arena

void *arena_alloc(struct arena *a, size_t n); /* zeroed, aligned for any type */
void *arena_bytes(struct arena *a, size_t n); /* not zeroed: what is not written takes no memory, when it is large */
#define arena_new(a, type)       ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n)  ((type *)arena_alloc((a), sizeof(type) * (size_t)(n)))

struct str arena_str(struct arena *a, struct str s);   /* copy; NUL-terminated behind its end */
struct str arena_strf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
char *str_z(struct arena *a, struct str s);            /* C string copy for system calls */
struct str str_lower(struct arena *a, struct str s);   /* ASCII */
struct str str_concat(struct arena *a, struct str x, struct str y);

/* A growing array in an arena: declare `VEC(struct foo) v = { 0 };`, then *VEC_ADD(arena, &v) = x. Elements move when
 * it grows; hold indexes, not pointers, while adding. */
#define VEC(T)      struct { T *at; size_t n, cap; }
#define VEC_ADD(a, v) \
	(vec_room((a), (void **)&(v)->at, (v)->n, &(v)->cap, sizeof(*(v)->at)), &(v)->at[(v)->n++])
void vec_room(struct arena *a, void **at, size_t n, size_t *cap, size_t size);

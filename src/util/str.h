/* str: text we look at. A slice borrows its bytes, is passed by value, is never freed and is not NUL-terminated.
 * `p` may be NULL when `n` is 0; str_null() tells an absent value (p == NULL) from an empty one. */
#pragma once
#include "util/err.h"
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(lit)   ((struct str){ "" lit, sizeof(lit) - 1 })
#define STR_INIT(lit) { "" lit, sizeof(lit) - 1 }
#define STR_NULL   ((struct str){ NULL, 0 })
#define STR_F      "%.*s"
#define STR_A(s)   (int)(s).n, (s).p

static inline struct str str_of(const char *z) /* borrows; NULL gives STR_NULL */
{
	return (struct str){ z, z ? strlen(z) : 0 };
}
static inline bool str_null(struct str s)
{
	return s.p == NULL;
}
static inline bool str_empty(struct str s)
{
	return s.n == 0;
}
static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool str_is(struct str a, const char *z)
{
	return str_eq(a, str_of(z));
}
static inline struct str str_sub(struct str s, size_t from, size_t n) /* clamps to the slice */
{
	if (from > s.n)
		from = s.n;
	if (n > s.n - from)
		n = s.n - from;
	return (struct str){ s.p ? s.p + from : NULL, n };
}
static inline struct str str_from(struct str s, size_t from)
{
	return str_sub(s, from, s.n);
}

#define STR_NONE ((size_t)-1)                            /* "not there" of the finders */
size_t str_find_byte(struct str s, char c);              /* index or STR_NONE */
size_t str_find(struct str s, struct str needle);        /* index or STR_NONE */
size_t str_find_nocase(struct str s, struct str needle); /* ASCII case folded */
bool str_eq_nocase(struct str a, struct str b);          /* ASCII only */
int str_cmp(struct str a, struct str b);                 /* bytewise, like memcmp then length */
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
struct str str_trim(struct str s);                       /* without ASCII white space at both ends */

/* Cuts the part before the first `sep` off `*rest` into `*head`. The last part has no separator. False when `*rest` is
 * spent. An empty input gives no parts. */
bool str_cut(struct str *rest, char sep, struct str *head);

/* Whole slice, decimal, optional '-'. RC_INVALID on anything else, overflow included; *ret is then untouched. */
MUST_USE enum rc str_to_i64(struct str s, int64_t *ret);

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). */
bool str_utf8_valid(struct str s);
/* Decodes one code point at *pos, moves *pos on; malformed bytes give U+FFFD and move on by one. */
uint32_t str_utf8_next(struct str s, size_t *pos);
/* At most `max` bytes of `s`, never cutting a code point in two. */
struct str str_utf8_clip(struct str s, size_t max);
/* Has a byte below 0x20 other than TAB and LF, or DEL. */
bool str_has_control(struct str s);

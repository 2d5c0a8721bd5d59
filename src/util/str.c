/* Slices: looking, cutting, numbers, UTF-8. */
#include "util/str.h"
#include <ctype.h>

static unsigned char low(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

size_t str_find_byte(struct str s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

	return at ? (size_t)(at - s.p) : STR_NONE;
}

size_t str_find(struct str s, struct str needle)
{
	if (needle.n == 0)
		return 0;
	const char *at = s.n >= needle.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
	return at ? (size_t)(at - s.p) : STR_NONE;
}

size_t str_find_nocase(struct str s, struct str needle)
{
	for (size_t i = 0; i + needle.n <= s.n; i++)
		if (str_eq_nocase(str_sub(s, i, needle.n), needle))
			return i;
	return STR_NONE;
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (low(a.p[i]) != low(b.p[i]))
			return false;
	return true;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : a.n < b.n ? -1 : a.n > b.n;
}

bool str_starts(struct str s, struct str prefix)
{
	return str_eq(str_sub(s, 0, prefix.n), prefix);
}

bool str_starts_nocase(struct str s, struct str prefix)
{
	return str_eq_nocase(str_sub(s, 0, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq(str_from(s, s.n - suffix.n), suffix);
}

struct str str_trim(struct str s)
{
	while (s.n && strchr(" \t\r\n\f\v", s.p[0]) && s.p[0])
		s = str_from(s, 1);
	while (s.n && strchr(" \t\r\n\f\v", s.p[s.n - 1]) && s.p[s.n - 1])
		s.n--;
	return s;
}

bool str_cut(struct str *rest, char sep, struct str *head)
{
	if (!rest->p || rest->n == 0)
		return false;
	size_t at = str_find_byte(*rest, sep);
	*head = str_sub(*rest, 0, at);
	*rest = at == STR_NONE ? STR_NULL : str_from(*rest, at + 1);
	return true;
}

enum rc str_to_i64(struct str s, int64_t *ret)
{
	bool minus = s.n && s.p[0] == '-';
	int64_t v = 0;

	if (minus)
		s = str_from(s, 1);
	if (s.n == 0)
		return RC_INVALID;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return RC_INVALID;
		/* Counted downwards: the negative range is the larger one. */
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, s.p[i] - '0', &v))
			return RC_INVALID;
	}
	if (!minus && v == INT64_MIN)
		return RC_INVALID;
	*ret = minus ? v : -v;
	return RC_OK;
}

uint32_t str_utf8_next(struct str s, size_t *pos)
{
	const unsigned char *p = (const unsigned char *)s.p + *pos;
	size_t left = s.n - *pos, n;
	uint32_t cp, least;

	if (p[0] < 0x80) {
		*pos += 1;
		return p[0];
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		n = 2, cp = p[0] & 0x1f, least = 0x80;
	} else if (p[0] >= 0xe0 && p[0] <= 0xef) {
		n = 3, cp = p[0] & 0x0f, least = 0x800;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		n = 4, cp = p[0] & 0x07, least = 0x10000;
	} else {
		*pos += 1;
		return 0xfffd;
	}
	for (size_t i = 1; i < n; i++) {
		if (i >= left || (p[i] & 0xc0) != 0x80) {
			*pos += 1;
			return 0xfffd;
		}
		cp = cp << 6 | (p[i] & 0x3f);
	}
	if (cp < least || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)) {
		*pos += 1;
		return 0xfffd;
	}
	*pos += n;
	return cp;
}

bool str_utf8_valid(struct str s)
{
	for (size_t i = 0; i < s.n;) {
		size_t was = i;

		/* U+FFFD itself is well-formed: three bytes were used for it, one for a malformed byte. */
		if (str_utf8_next(s, &i) == 0xfffd && i - was == 1)
			return false;
	}
	return true;
}

struct str str_utf8_clip(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return str_sub(s, 0, max);
}

bool str_has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f)
			return true;
	}
	return false;
}

/* Decides how the text formats of HTTP forms are read; see forms.h. The bodies of multipart forms are in multipart.c,
 * JSON in body.c. */
#include "http/forms.h"
#include <stdlib.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct str text_lines(struct arena *a, struct str s)
{
	if (str_find_byte(s, '\r') == STR_NONE)
		return s;
	char *to = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\r')
			to[n++] = s.p[i];
		else if (i + 1 == s.n || s.p[i + 1] != '\n')
			to[n++] = '\n';
	}
	return (struct str){ to, n };
}

/* One name or value of an urlencoded text. */
static enum rc form_decode(struct arena *a, struct str s, struct str *ret)
{
	bool plain = true;
	for (size_t i = 0; i < s.n && plain; i++)
		plain = s.p[i] != '%' && s.p[i] != '+';
	if (plain) {
		*ret = s.p ? s : STR("");
	} else {
		char *to = arena_alloc(a, s.n + 1);
		size_t n = 0;
		for (size_t i = 0; i < s.n; i++) {
			int hi, lo;
			if (s.p[i] == '+') {
				to[n++] = ' ';
			} else if (s.p[i] == '%' && i + 2 < s.n && (hi = hex_digit(s.p[i + 1])) >= 0 &&
			           (lo = hex_digit(s.p[i + 2])) >= 0) {
				to[n++] = (char)(hi << 4 | lo);
				i += 2;
			} else {
				to[n++] = s.p[i];
			}
		}
		*ret = (struct str){ to, n };
	}
	if (str_find_byte(*ret, '\0') != STR_NONE || !str_utf8_valid(*ret))
		return RC_INVALID;
	*ret = text_lines(a, *ret);
	return RC_OK;
}

enum rc form_parse(struct arena *a, struct str s, size_t max, struct fields *ret)
{
	struct str pair;
	while (str_cut(&s, '&', &pair)) {
		if (str_empty(pair))
			continue;
		if (ret->n == max)
			return RC_LIMIT;
		size_t eq = str_find_byte(pair, '=');
		struct str name = eq == STR_NONE ? pair : str_sub(pair, 0, eq);
		struct str value = eq == STR_NONE ? STR("") : str_from(pair, eq + 1);
		struct form_field f = { .kind = KIND_FORM };
		enum rc rc = form_decode(a, name, &f.name);
		if (rc == RC_OK)
			rc = form_decode(a, value, &f.value);
		if (rc != RC_OK)
			return rc;
		*VEC_ADD(a, ret) = f;
	}
	return RC_OK;
}

static enum rc segment_decode(struct arena *a, struct str s, struct str *ret)
{
	if (str_find_byte(s, '%') != STR_NONE) {
		char *to = arena_alloc(a, s.n + 1);
		size_t n = 0;
		for (size_t i = 0; i < s.n; i++) {
			if (s.p[i] != '%') {
				to[n++] = s.p[i];
				continue;
			}
			int hi = i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1,
			    lo = i + 2 < s.n ? hex_digit(s.p[i + 2]) : -1;
			if (hi < 0 || lo < 0)
				return RC_INVALID;
			to[n++] = (char)(hi << 4 | lo);
			i += 2;
		}
		s = (struct str){ to, n };
	}
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return RC_INVALID;
	*ret = s;
	if (!str_utf8_valid(s))
		return RC_INVALID;
	return str_is(s, ".") || str_is(s, "..") ? RC_NOT_FOUND : RC_OK;
}

enum rc path_decode(struct arena *a, struct str raw, struct str *segs, size_t max, size_t *n)
{
	*n = 0;
	if (str_empty(raw) || raw.p[0] != '/')
		return RC_INVALID;
	raw = str_from(raw, 1);
	if (str_empty(raw))
		return RC_OK;
	enum rc ret = RC_OK;
	for (;;) {
		size_t slash = str_find_byte(raw, '/');
		struct str seg = slash == STR_NONE ? raw : str_sub(raw, 0, slash);
		struct str decoded;
		enum rc rc = segment_decode(a, seg, &decoded);
		if (rc == RC_INVALID)
			return rc; /* broken anywhere beats absent */
		if (rc != RC_OK || str_empty(seg) || *n == max)
			ret = RC_NOT_FOUND;
		else
			segs[(*n)++] = decoded;
		if (slash == STR_NONE)
			return ret;
		raw = str_from(raw, slash + 1);
	}
}

void cookie_parse(struct str header, void (*each)(void *ctx, struct str name, struct str value), void *ctx)
{
	struct str part;
	while (str_cut(&header, ';', &part)) {
		size_t eq = str_find_byte(part, '=');
		if (eq == STR_NONE)
			continue;
		struct str name = str_trim(str_sub(part, 0, eq)), value = str_trim(str_from(part, eq + 1));
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = str_sub(value, 1, value.n - 2);
		if (!str_empty(name))
			each(ctx, name, value);
	}
}

struct str header_main(struct str value)
{
	size_t semi = str_find_byte(value, ';');
	return str_trim(semi == STR_NONE ? value : str_sub(value, 0, semi));
}

/* Reads a token or quoted string at *pos. A backslash quotes only `"` and itself: browsers leave it bare in names. */
static struct str param_value(struct arena *a, struct str s, size_t *pos)
{
	size_t i = *pos;
	if (i < s.n && s.p[i] == '"') {
		char *to = arena_alloc(a, s.n - i + 1);
		size_t n = 0;
		for (i++; i < s.n && s.p[i] != '"'; i++) {
			if (s.p[i] == '\\' && i + 1 < s.n && (s.p[i + 1] == '"' || s.p[i + 1] == '\\'))
				i++;
			to[n++] = s.p[i];
		}
		*pos = i < s.n ? i + 1 : i;
		return (struct str){ to, n };
	}
	size_t from = i;
	while (i < s.n && s.p[i] != ';')
		i++;
	*pos = i;
	struct str v = str_trim(str_sub(s, from, i - from));
	return str_null(v) ? STR("") : v;
}

struct str header_param(struct arena *a, struct str value, const char *name)
{
	size_t i = str_find_byte(value, ';');
	while (i != STR_NONE && i < value.n) {
		i++; /* the ";" */
		size_t from = i;
		while (i < value.n && value.p[i] != '=' && value.p[i] != ';')
			i++;
		struct str key = str_trim(str_sub(value, from, i - from));
		if (i >= value.n || value.p[i] == ';')
			continue;
		i++;
		while (i < value.n && (value.p[i] == ' ' || value.p[i] == '\t'))
			i++;
		struct str v = param_value(a, value, &i);
		if (str_eq_nocase(key, str_of(name)))
			return v;
		while (i < value.n && value.p[i] != ';')
			i++;
	}
	return STR_NULL;
}

/* RFC 9110 12.4.2: 0, 0.5, 1.000; anything odd counts as 1. */
static int quality(struct str item)
{
	AUTO_ARENA a;
	arena_init(&a);
	struct str q = header_param(&a, item, "q");
	if (str_null(q) || str_empty(q) || q.p[0] != '0')
		return 1000;
	int v = 0, digits = 0;
	for (size_t i = 2; i < q.n && digits < 3; i++, digits++) {
		if (q.p[i] < '0' || q.p[i] > '9')
			return 1000;
		v = v * 10 + q.p[i] - '0';
	}
	for (; digits < 3; digits++)
		v *= 10;
	return v;
}

int accept_quality(struct str accept, const char *coding)
{
	int star = 0;
	struct str item;
	while (str_cut(&accept, ',', &item)) {
		struct str name = header_main(item);
		bool exact = str_eq_nocase(name, str_of(coding));
		if (!exact && !str_is(name, "*"))
			continue;
		int q = str_find_byte(item, ';') == STR_NONE ? 1000 : quality(item);
		if (exact)
			return q;
		star = q;
	}
	return star;
}

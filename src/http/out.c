/* Decides how values are escaped, by the place they stand in. Plain runs are copied whole. */
#include "http/out.h"
#include <stdio.h>

void out_raw(struct out *o, const char *p, size_t n)
{
	buf_add(o->b, p, n);
}

/* What stands for each special byte; NULL for the plain ones. */
static const char *const text_escape[256] = { ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;" };
static const char *const attr_escape[256] = {
	['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"
};

static void escape(struct buf *b, struct str s, const char *const table[256])
{
	size_t from = 0;
	for (size_t i = 0; i < s.n; i++) {
		const char *as = table[(unsigned char)s.p[i]];
		if (!as)
			continue;
		buf_add(b, s.p + from, i - from);
		buf_addz(b, as);
		from = i + 1;
	}
	if (s.n > from)
		buf_add(b, s.p + from, s.n - from);
}

void out_text(struct out *o, struct str s)
{
	escape(o->b, s, text_escape);
}

void out_attr(struct out *o, struct str s)
{
	escape(o->b, s, attr_escape);
}

void out_url_part(struct out *o, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		/* RFC 3986 2.3, unreserved */
		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
		    c == '.' || c == '_' || c == '~') {
			buf_addc(o->b, (char)c);
		} else {
			char three[3] = { '%', hex[c >> 4], hex[c & 15] };
			buf_add(o->b, three, 3);
		}
	}
}

/* Browsers drop tabs and line breaks inside a scheme and read "\" as "/", so both make an address suspect. */
static bool href_fits(struct str s)
{
	static const char *const schemes[] = { "http://", "https://", "mailto:", "tel:" };
	if (str_empty(s))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= 0x20 || s.p[i] == 0x7f || s.p[i] == '\\')
			return false;
	if (s.p[0] == '/')
		return s.n == 1 || s.p[1] != '/';
	if (s.p[0] == '#' || s.p[0] == '?')
		return true;
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (str_starts_nocase(s, str_of(schemes[i])))
			return true;
	return false;
}

void out_href(struct out *o, struct str s)
{
	out_attr(o, href_fits(s) ? s : STR("#"));
}

void out_html(struct out *o, struct html h)
{
	buf_adds(o->b, h.s);
}

void out_i64(struct out *o, int64_t v)
{
	buf_add_i64(o->b, v);
}

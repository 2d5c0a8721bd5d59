/* Text: decoding what HTML says, escaping what we say, addresses that may be followed, and text made HTML. HTML made
 * text is in plain.c. */
#include "html/private.h"

/* ---- decoding ---- */

/* Controls cannot be in a page; a carriage return is a line end (13.2.3.5). */
static void put_char(struct buf *out, uint32_t c)
{
	if (c == '\r')
		c = '\n';
	if (c == '\f')
		c = ' ';
	if (c == 0 || (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c <= 0x9f) || (c & 0xfffe) == 0xfffe ||
	    (c >= 0xfdd0 && c <= 0xfdef))
		return;
	buf_add_utf8(out, c);
}

void html_decode(struct buf *out, struct str s, bool raw, bool in_attr)
{
	for (size_t at = 0; at < s.n && !out->full;) {
		unsigned char c = (unsigned char)s.p[at];
		uint32_t cp;
		size_t n;

		if (c == '&' && !raw && (n = html_char_ref(str_from(s, at), in_attr, &cp))) {
			put_char(out, cp);
			at += n;
		} else if (c == '\r') {
			buf_addc(out, '\n');
			at += at + 1 < s.n && s.p[at + 1] == '\n' ? 2 : 1;
		} else if (c >= 0x20 && c < 0x7f) {
			size_t from = at++;

			while (at < s.n && s.p[at] >= 0x20 && s.p[at] < 0x7f && s.p[at] != '&')
				at++;
			buf_add(out, s.p + from, at - from);
		} else {
			put_char(out, str_utf8_next(s, &at));
		}
	}
}

void html_put_escaped(struct buf *out, struct str s, bool in_attr)
{
	for (size_t i = 0, from = 0; i <= s.n; i++) {
		const char *as = NULL;
		size_t skip = 1;

		if (i < s.n) {
			switch (s.p[i]) {
			case '&':
				as = "&amp;";
				break;
			case '<':
				as = "&lt;";
				break;
			case '>':
				as = "&gt;";
				break;
			case '"':
				as = in_attr ? "&quot;" : NULL;
				break;
			case '\xc2':
				if (i + 1 < s.n && s.p[i + 1] == '\xa0')
					as = "&nbsp;", skip = 2;
				break;
			default:
				break;
			}
		}
		if (!as && i < s.n)
			continue;
		buf_add(out, s.p + from, i - from);
		if (as) {
			buf_addz(out, as);
			i += skip - 1;
			from = i + 1;
		}
	}
}

struct str html_escape(struct arena *a, struct str s)
{
	AUTO_BUF b;

	buf_init(&b, s.n * 6 + 16);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '&')
			buf_addz(&b, "&amp;");
		else if (c == '<')
			buf_addz(&b, "&lt;");
		else if (c == '>')
			buf_addz(&b, "&gt;");
		else if (c == '"')
			buf_addz(&b, "&quot;");
		else if (c == '\'')
			buf_addz(&b, "&#39;");
		else
			buf_addc(&b, c);
	}
	return arena_str(a, buf_str(&b));
}

/* ---- addresses ---- */

#define HREF_MAX 4096

static bool is_host_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '[' || (c & 0x80);
}

/* After "//": somebody, or a host at once. */
static bool names_host(struct str rest)
{
	return rest.n > 2 && rest.p[0] == '/' && rest.p[1] == '/' &&
	       (is_host_byte(rest.p[2]) || rest.p[2] == '_' || rest.p[2] == '%');
}

struct str html_safe_href(struct arena *a, struct str s)
{
	static const char *const schemes[] = { "http:", "https:", "mailto:", "tel:" };
	AUTO_BUF b;
	size_t i = 0;

	buf_init(&b, HREF_MAX * 3 + 16);
	while (s.n && (unsigned char)s.p[0] <= ' ')
		s = str_from(s, 1);
	while (s.n && (unsigned char)s.p[s.n - 1] <= ' ')
		s.n--;
	while (i < COUNT(schemes) && !str_starts_nocase(s, str_of(schemes[i])))
		i++;
	if (i == COUNT(schemes) || s.n > HREF_MAX)
		return STR_NULL;
	struct str rest = str_from(s, strlen(schemes[i]));
	buf_addz(&b, schemes[i]);
	for (size_t at = 0; at < rest.n; at++) {
		char c = rest.p[at];

		if (c == '\t' || c == '\n' || c == '\r')
			continue; /* as WHATWG URL 4.4 does */
		if (c == ' ')
			buf_addz(&b, "%20");
		else if (c == '\\' && i < 2)
			buf_addc(&b, '/');
		else if (c == '"' || c == '<' || c == '>' || c == '`' || (unsigned char)c < ' ')
			buf_addf(&b, "%%%02X", (unsigned)(unsigned char)c);
		else
			buf_addc(&b, c);
	}
	rest = str_from(buf_str(&b), strlen(schemes[i]));
	/* "https:evil" is relative on an https page: it would be an address of ours. */
	if (rest.n == 0 || (i < 2 && !names_host(rest)))
		return STR_NULL;
	return arena_str(a, buf_str(&b));
}

struct str html_own_href(struct arena *a, struct str s)
{
	s = str_trim(s);
	bool place = str_starts(s, STR("#"));

	if (place ? !html_page_id(str_from(s, 1)) : !str_starts(s, STR("/")) || (s.n > 1 && s.p[1] == '/'))
		return STR_NULL;
	if (s.n > HREF_MAX || str_find(s, STR("..")) != STR_NONE)
		return STR_NULL;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 127 || strchr("\\\"<>`'{}|^", s.p[i]))
			return STR_NULL;
	return arena_str(a, s);
}

/* ---- text as HTML ---- */

static bool ends_address(uint32_t c)
{
	return c <= ' ' || c == '<' || c == '>' || c == '"' || c == 0xa0 || (c >= 0x2000 && c <= 0x206f) || c == 0x3000;
}

/* Length of the address `s` begins with, less the punctuation of the sentence around it; 0 when it is none. */
static size_t address_length(struct str s)
{
	size_t n = 0, open = 0, close = 0;

	if (!str_starts_nocase(s, STR("http://")) && !str_starts_nocase(s, STR("https://")))
		return 0;
	while (n < s.n && n < HREF_MAX) {
		size_t at = n;

		if (ends_address(str_utf8_next(s, &at)))
			break;
		open += s.p[n] == '(';
		close += s.p[n] == ')';
		n = at;
	}
	while (n && (strchr(".,;:!?'*_]}", s.p[n - 1]) || (s.p[n - 1] == ')' && close > open)))
		close -= s.p[--n] == ')';
	return n > 8 ? n : 0;
}

static void put_link(struct buf *out, struct arena *a, struct str address)
{
	struct str href = html_safe_href(a, address);

	if (str_null(href)) {
		html_put_escaped(out, address, false);
		return;
	}
	buf_addz(out, "<a href=\"");
	html_put_escaped(out, href, true);
	buf_addz(out, "\" rel=\"noopener noreferrer nofollow\">");
	html_put_escaped(out, address, false);
	buf_addz(out, "</a>");
}

static void put_line(struct buf *out, struct arena *a, struct str line)
{
	size_t from = 0;

	for (size_t i = 0; i < line.n; i++) {
		size_t n;

		if ((line.p[i] | 32) != 'h' ||
		    (i && (((line.p[i - 1] | 32) >= 'a' && (line.p[i - 1] | 32) <= 'z') || line.p[i - 1] & 0x80)))
			continue;
		if (!(n = address_length(str_from(line, i))))
			continue;
		html_put_escaped(out, str_sub(line, from, i - from), false);
		put_link(out, a, str_sub(line, i, n));
		from = i + n;
		i = from - 1;
	}
	html_put_escaped(out, str_from(line, from), false);
}

struct str html_from_text(struct arena *a, struct str text)
{
	AUTO_BUF clean, out;
	struct str rest, line;
	bool in_p = false;

	buf_init(&clean, HTML_MAX_OUTPUT);
	buf_init(&out, (size_t)HTML_MAX_OUTPUT * 4);
	html_decode(&clean, str_sub(text, 0, HTML_MAX_OUTPUT / 4), true, false);
	rest = buf_str(&clean);
	while (str_cut(&rest, '\n', &line)) {
		if (str_trim(line).n == 0) {
			if (in_p)
				buf_addz(&out, "</p>");
			in_p = false;
			continue;
		}
		buf_addz(&out, in_p ? "<br>" : "<p>");
		in_p = true;
		put_line(&out, a, line);
	}
	if (in_p)
		buf_addz(&out, "</p>");
	return arena_str(a, buf_str(&out));
}

/* ---- cleaned HTML put in its final form ---- */

/* Value of an attribute in a tag the cleaner wrote: always name="value", no quote inside. */
static struct str own_attr(struct str tag, struct str name_eq)
{
	size_t at = str_find(tag, name_eq);
	struct str v = str_from(tag, at == STR_NONE ? tag.n : at + name_eq.n);

	return at == STR_NONE ? STR_NULL : str_sub(v, 0, str_find_byte(v, '"'));
}

/* `alt` is escaped already; in text a quote need not be, but may. */
static void put_placeholder(struct buf *out, struct str alt)
{
	if (str_trim(alt).n == 0)
		return;
	buf_addz(out, "[image: ");
	buf_adds(out, alt);
	buf_addc(out, ']');
}

struct str html_images(struct arena *a, struct str cleaned, html_cid_fn *path, void *arg)
{
	AUTO_BUF out, cid;
	struct str rest = cleaned;
	size_t at;

	buf_init(&out, cleaned.n * 2 + 4096);
	buf_init(&cid, 4096);
	while ((at = str_find(rest, STR("<img src=\"cid:"))) != STR_NONE) {
		struct str tag = str_from(rest, at), src, to;

		buf_adds(&out, str_sub(rest, 0, at));
		tag = str_sub(tag, 0, str_find_byte(tag, '>') + 1);
		src = own_attr(tag, STR(" src=\"cid:"));
		buf_clear(&cid);
		html_decode(&cid, src, false, true);
		to = path(arg, a, buf_str(&cid));
		if (str_null(to)) {
			put_placeholder(&out, own_attr(tag, STR(" alt=\"")));
		} else {
			buf_addz(&out, "<img src=\"");
			html_put_escaped(&out, to, true);
			buf_adds(&out, str_from(tag, strlen("<img src=\"cid:") + src.n));
		}
		rest = str_from(rest, at + tag.n);
	}
	buf_adds(&out, rest);
	return out.full ? html_clean(a, cleaned, &(struct html_options){ 0 }).html : arena_str(a, buf_str(&out));
}

#define FOLD STR("<details class=\"quoted\">")

struct str html_fold(struct arena *a, const struct html_result *r)
{
	AUTO_BUF b;

	buf_init(&b, r->html.n + 64);
	if (r->quoted_at >= r->quoted_end || r->quoted_end > r->html.n)
		return r->html;
	buf_adds(&b, str_sub(r->html, 0, r->quoted_at));
	buf_adds(&b, FOLD);
	buf_adds(&b, str_sub(r->html, r->quoted_at, r->quoted_end - r->quoted_at));
	buf_addz(&b, "</details>");
	buf_adds(&b, str_from(r->html, r->quoted_end));
	return arena_str(a, buf_str(&b));
}

struct str html_summary(struct arena *a, struct str folded, struct str label)
{
	size_t at = str_find(folded, FOLD);
	struct str esc = html_escape(a, label);

	if (at == STR_NONE)
		return folded;
	at += FOLD.n;
	return arena_strf(a, STR_F "<summary>" STR_F "</summary>" STR_F, STR_A(str_sub(folded, 0, at)), STR_A(esc),
	                  STR_A(str_from(folded, at)));
}

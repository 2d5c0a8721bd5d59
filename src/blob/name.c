/* Names of files, made safe for people, folders and header lines (S-04). Blobs themselves are never named by them. */
#include "blob/blob.h"
#include "util/buf.h"

#define NAME_MAX_BYTES 120
#define EXT_MAX_BYTES  16

/* Characters that are not seen, or that change what is seen: controls, zero width, bidirectional, line ends, tags,
 * noncharacters (Unicode general categories Cc, Cf, Zl, Zp and what cannot be interchanged). */
static bool is_unseen(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x34f || (c >= 0x600 && c <= 0x605) ||
	       c == 0x61c || c == 0x6dd || c == 0x70f || c == 0x115f || c == 0x1160 || c == 0x17b4 || c == 0x17b5 ||
	       (c >= 0x180b && c <= 0x180f) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0x3164 || (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff ||
	       c == 0xffa0 || (c >= 0xfff0 && c <= 0xfffd) || (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef) ||
	       (c >= 0x1bca0 && c <= 0x1bca3) || (c >= 0x1d173 && c <= 0x1d17a) || (c >= 0xe0000 && c <= 0xe0fff);
}

static bool is_space(uint32_t c)
{
	return c == ' ' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f ||
	       c == 0x3000;
}

/* COM1, lpt9.txt and their kind are devices on Windows whatever the folder. */
static bool is_device(struct str name)
{
	static const char *const names[] = { "con", "prn", "aux", "nul", "conin$", "conout$", "clock$" };
	struct str stem = str_trim(str_sub(name, 0, str_find_byte(name, '.')));

	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eq_nocase(stem, str_of(names[i])))
			return true;
	return stem.n == 4 && (str_starts_nocase(stem, STR("com")) || str_starts_nocase(stem, STR("lpt"))) &&
	       stem.p[3] >= '0' && stem.p[3] <= '9';
}

static struct str strip(struct str s)
{
	while (s.n && (s.p[0] == '.' || s.p[0] == ' ' || s.p[0] == '~' || s.p[0] == '-'))
		s = str_from(s, 1);
	while (s.n && (s.p[s.n - 1] == '.' || s.p[s.n - 1] == ' '))
		s.n--;
	return s;
}

static struct str last_component(struct str s)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == '/' || s.p[i - 1] == '\\')
			return str_from(s, i);
	return s;
}

static struct str clip(struct arena *a, struct str s)
{
	size_t dot = s.n;

	if (s.n <= NAME_MAX_BYTES)
		return s;
	while (dot > 0 && s.p[dot - 1] != '.')
		dot--;
	struct str ext = dot > 1 && s.n - dot + 1 <= EXT_MAX_BYTES ? str_from(s, dot - 1) : STR_NULL;
	struct str stem = str_utf8_clip(str_sub(s, 0, s.n - ext.n), NAME_MAX_BYTES - ext.n);
	return str_concat(a, strip(stem), ext);
}

struct str blob_safe_name(struct arena *a, struct str name)
{
	AUTO_BUF b;
	struct str in;

	buf_init(&b, 8192);
	in = last_component(str_trim(str_utf8_clip(name, 2048)));
	for (size_t at = 0; at < in.n;) {
		uint32_t c = str_utf8_next(in, &at);

		if (is_unseen(c))
			continue;
		if (is_space(c)) {
			if (b.n && b.p[b.n - 1] != ' ')
				buf_addc(&b, ' ');
		} else if (c < 0x80 && strchr("\"<>|*?:%`$;&", (int)c)) {
			buf_addc(&b, '_');
		} else {
			buf_add_utf8(&b, c);
		}
	}
	struct str s = strip(clip(a, strip(buf_str(&b))));
	if (s.n == 0)
		return STR("file");
	if (is_device(s))
		return str_concat(a, STR("_"), s);
	return arena_str(a, s);
}

struct str blob_disposition(struct arena *a, struct str name, bool is_inline)
{
	static const char hex[] = "0123456789ABCDEF";
	struct str s = blob_safe_name(a, name);
	bool ascii = true;
	AUTO_BUF b;

	buf_init(&b, 4096);
	buf_addz(&b, is_inline ? "inline; filename=\"" : "attachment; filename=\"");
	for (size_t at = 0; at < s.n;) {
		uint32_t c = str_utf8_next(s, &at);

		ascii = ascii && c < 0x80;
		buf_addc(&b, c < 0x80 ? (char)c : '_');
	}
	buf_addc(&b, '"');
	if (!ascii)
		buf_addz(&b, "; filename*=UTF-8''");
	for (size_t i = 0; !ascii && i < s.n; i++) { /* attr-char of RFC 8187 3.2.1 */
		unsigned char c = (unsigned char)s.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c && strchr("!#$&+-.^_`|~", c)))
			buf_addc(&b, (char)c);
		else
			buf_addc(&b, '%'), buf_addc(&b, hex[c >> 4]), buf_addc(&b, hex[c & 15]);
	}
	return arena_str(a, buf_str(&b));
}

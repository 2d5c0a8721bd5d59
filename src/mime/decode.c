/* Transfer encodings (RFC 2045 6), among them uuencoded files inside of a text. Character sets are charset.c's. */
#include "mime/private.h"

/* ---- transfer encodings ---- */

static int b64(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* What is not of the alphabet is read over; complete padding ends it. */
#define SPENT (256 << 10) /* bytes that are worth a call */

static struct str from_base64(struct arena *a, struct str s, void (*spent)(const char *p, size_t n))
{
	char *out = arena_bytes(a, s.n / 4 * 3 + 4);
	uint32_t bits = 0;
	size_t n = 0, told = 0;
	int have = 0, pads = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (spent && i - told >= SPENT) {
			spent(s.p + told, i - told);
			told = i;
		}
		int v = b64(s.p[i]);

		if (s.p[i] == '=' && have >= 2 && have + ++pads >= 4)
			break;
		if (v < 0)
			continue;
		pads = 0;
		bits = bits << 6 | (uint32_t)v;
		if (++have == 4) {
			out[n++] = (char)(bits >> 16);
			out[n++] = (char)(bits >> 8);
			out[n++] = (char)bits;
			have = 0;
		}
	}
	if (spent && s.n > told)
		spent(s.p + told, s.n - told);
	if (have >= 2)
		out[n++] = (char)(have == 2 ? bits >> 4 : bits >> 10);
	if (have == 3)
		out[n++] = (char)(bits >> 2);
	return (struct str){ out, n };
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static struct str from_qp(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0, keep = 0; /* keep: end of what is not white space before a line end */

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '=' && i + 2 < s.n && hex_digit(s.p[i + 1]) >= 0 && hex_digit(s.p[i + 2]) >= 0) {
			out[n++] = (char)(hex_digit(s.p[i + 1]) << 4 | hex_digit(s.p[i + 2]));
			i += 2;
			keep = n;
			continue;
		}
		if (c == '=') { /* a soft line break, white space allowed behind the sign */
			size_t j = i + 1;

			while (j < s.n && (s.p[j] == ' ' || s.p[j] == '\t'))
				j++;
			if (j == s.n || s.p[j] == '\n') {
				i = j;
				keep = n;
				continue;
			}
		}
		if (c == '\n')
			n = keep;
		out[n++] = c;
		if (c != ' ' && c != '\t')
			keep = n;
	}
	return (struct str){ out, n };
}

static struct str from_uu(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.n + 4);
	struct str line;
	size_t n = 0;
	bool begun = false;

	while (str_cut(&s, '\n', &line)) {
		if (!begun) {
			begun = str_starts(line, STR("begin "));
			continue;
		}
		if (line.n == 0 || str_is(line, "end"))
			break;
		size_t want = (size_t)(line.p[0] - 32) & 63;
		for (size_t i = 1; i < line.n && want; i += 4) {
			uint32_t v = 0;

			for (size_t k = 0; k < 4; k++)
				v = v << 6 | (i + k < line.n ? (uint32_t)(line.p[i + k] - 32) & 63 : 0);
			for (int k = 16; k >= 0 && want; k -= 8, want--)
				out[n++] = (char)(v >> k);
		}
	}
	return (struct str){ out, n };
}

/* A line of uuencode holds as many letters as its first one says; some programs leave blanks out at its end. */
static bool uu_line(struct str line)
{
	if (line.n == 0 || line.p[0] < ' ' || line.p[0] > '`')
		return false;
	size_t bytes = (size_t)(line.p[0] - 32) & 63, letters = (bytes + 2) / 3 * 4;

	for (size_t i = 1; i < line.n; i++)
		if (line.p[i] < ' ' || line.p[i] > '`')
			return false;
	return line.n <= letters + 3 && line.n + 4 >= letters;
}

static struct str uu_begin(struct str line)
{
	size_t i = 6, digits = 0;

	if (!str_starts(line, STR("begin ")))
		return STR_NULL;
	while (i < line.n && line.p[i] >= '0' && line.p[i] <= '7')
		i++, digits++;
	if (digits < 3 || digits > 4 || i >= line.n || line.p[i] != ' ')
		return STR_NULL;
	return str_trim(str_from(line, i));
}

bool mime_uu_files(struct arena *a, struct str text, size_t max, struct str *ret, mime_files *files)
{
	struct str rest = text, line;
	AUTO_BUF out;
	bool any = false;

	buf_init(&out, text.n + 1);
	if (str_find(text, STR("begin ")) == STR_NONE)
		return false;
	while (rest.n) {
		struct str at = rest, block, name;
		size_t lf = str_find_byte(rest, '\n');

		line = str_sub(rest, 0, lf);
		rest = str_from(rest, lf == STR_NONE ? rest.n : lf + 1);
		name = uu_begin(line);
		if (name.n && files->n < max) {
			struct str inner = rest, l;
			bool good = false, ended = false;

			while (!ended && inner.n) {
				size_t end = str_find_byte(inner, '\n');

				l = str_sub(inner, 0, end);
				inner = str_from(inner, end == STR_NONE ? inner.n : end + 1);
				ended = str_is(str_trim(l), "end");
				if (!ended && !uu_line(l) && str_trim(l).n)
					break;
				good = true;
			}
			if (good && ended) {
				block = str_sub(at, 0, at.n - inner.n);
				*VEC_ADD(a, files) = (struct mail_file){ .name = name,
					                                 .type = STR("application/octet-stream"),
					                                 .bytes = from_uu(a, block) };
				rest = inner;
				any = true;
				continue;
			}
		}
		buf_adds(&out, str_sub(at, 0, at.n - rest.n));
	}
	*ret = arena_str(a, buf_str(&out));
	return any;
}

struct str mime_decode_body(struct arena *a, struct str body, struct str encoding)
{
	return mime_decode_spending(a, body, encoding, NULL);
}

struct str mime_decode_spending(struct arena *a, struct str body, struct str encoding, void (*spent)(const char *p, size_t n))
{
	struct str e = str_trim(encoding);

	if (str_eq_nocase(e, STR("base64")))
		return from_base64(a, body, spent);
	if (str_eq_nocase(e, STR("quoted-printable")))
		return from_qp(a, body);
	if (str_eq_nocase(e, STR("x-uuencode")) || str_eq_nocase(e, STR("uuencode")) || str_eq_nocase(e, STR("uue")) ||
	    str_eq_nocase(e, STR("x-uue")))
		return from_uu(a, body);
	return body;
}

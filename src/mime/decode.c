/* Transfer encodings (RFC 2045 6) and character sets. */
#include "mime/private.h"
#include <iconv.h>
#include <stdlib.h>
#include <uninorm.h>

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
static struct str from_base64(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.n / 4 * 3 + 4);
	uint32_t bits = 0;
	size_t n = 0;
	int have = 0, pads = 0;

	for (size_t i = 0; i < s.n; i++) {
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

struct str mime_decode_body(struct arena *a, struct str body, struct str encoding)
{
	struct str e = str_trim(encoding);

	if (str_eq_nocase(e, STR("base64")))
		return from_base64(a, body);
	if (str_eq_nocase(e, STR("quoted-printable")))
		return from_qp(a, body);
	if (str_eq_nocase(e, STR("x-uuencode")) || str_eq_nocase(e, STR("uuencode")) || str_eq_nocase(e, STR("uue")) ||
	    str_eq_nocase(e, STR("x-uue")))
		return from_uu(a, body);
	return body;
}

/* ---- character sets ---- */

/* What names mean in practice: the supersets every mail program writes under the older name (WHATWG Encoding 4.2). */
static const struct {
	const char *name, *as;
} aliases[] = {
	{"utf8",               "UTF-8"       },
	{ "unicode-1-1-utf-8", "UTF-8"       },
	{ "iso-8859-1",        "WINDOWS-1252"},
	{ "latin1",            "WINDOWS-1252"},
	{ "iso8859-1",         "WINDOWS-1252"},
	{ "iso_8859-1",        "WINDOWS-1252"},
	{ "cp1252",            "WINDOWS-1252"},
	{ "gb2312",            "GB18030"     },
	{ "gbk",               "GB18030"     },
	{ "x-gbk",             "GB18030"     },
	{ "hz-gb-2312",        "GB18030"     },
	{ "ks_c_5601-1987",    "UHC"         },
	{ "euc-kr",            "UHC"         },
	{ "ksc5601",           "UHC"         },
	{ "shift_jis",         "CP932"       },
	{ "shift-jis",         "CP932"       },
	{ "x-sjis",            "CP932"       },
	{ "sjis",              "CP932"       },
	{ "big5",              "BIG5-HKSCS"  },
	{ "iso-8859-8-i",      "ISO-8859-8"  },
	{ "iso-8859-9",        "WINDOWS-1254"},
	{ "iso-8859-11",       "WINDOWS-874" },
	{ "tis-620",           "WINDOWS-874" },
	{ "x-mac-roman",       "MACINTOSH"   },
	{ "unicode",           "UTF-16"      },
	{ "x-windows-949",     "UHC"         },
	{ "macintosh",         "MACINTOSH"   },
};

/* Everything else by its own name, when iconv knows it. */
static const char *const preload[] = {
	"UTF-8",        "WINDOWS-1252", "GB18030",      "UHC",          "CP932",        "BIG5-HKSCS",   "ISO-8859-2",
	"ISO-8859-3",   "ISO-8859-4",   "ISO-8859-5",   "ISO-8859-6",   "ISO-8859-7",   "ISO-8859-8",   "ISO-8859-10",
	"ISO-8859-13",  "ISO-8859-14",  "ISO-8859-15",  "ISO-8859-16",  "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1253",
	"WINDOWS-1254", "WINDOWS-1255", "WINDOWS-1256", "WINDOWS-1257", "WINDOWS-1258", "WINDOWS-874",  "KOI8-R",
	"KOI8-U",       "EUC-JP",       "ISO-2022-JP",  "ISO-2022-KR",  "EUC-TW",       "UTF-16",       "UTF-16LE",
	"UTF-16BE",     "UTF-32",       "UTF-32LE",     "UTF-32BE",     "UTF-7",        "MACINTOSH",    "IBM437",
	"IBM850",       "IBM852",       "IBM866",
};

void mime_preload_charsets(void)
{
	/* Never closed: while one converter is open its module stays loaded, and opening it again opens no file. */
	for (size_t i = 0; i < COUNT(preload); i++) {
		iconv_t cd = iconv_open("UTF-8", preload[i]);
		char in[8] = "abcd", out[64], *from = in, *to = out;
		size_t left = 4, space = sizeof(out);

		if (cd != (iconv_t)-1)
			iconv(cd, &from, &left, &to, &space);
	}
}

static const char *charset_name(char *scratch, size_t size, struct str charset)
{
	size_t n = 0;

	charset = str_trim(charset);
	for (size_t i = 0; i < COUNT(aliases); i++)
		if (str_eq_nocase(charset, str_of(aliases[i].name)))
			return aliases[i].as;
	for (size_t i = 0; i < charset.n && n + 1 < size; i++) {
		char c = charset.p[i];

		if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' || c == '_')
			scratch[n++] = c;
		else
			return ""; /* "//TRANSLIT" and paths are not names */
	}
	scratch[n] = 0;
	return n + 1 < size ? scratch : "";
}

static bool run_iconv(struct buf *out, const char *name, struct str bytes, bool *bad)
{
	iconv_t cd = *name ? iconv_open("UTF-8", name) : (iconv_t)-1;
	char *from = (char *)(uintptr_t)bytes.p;
	size_t left = bytes.n;

	if (cd == (iconv_t)-1)
		return false;
	while (left && !out->full) {
		char chunk[4096], *to = chunk;
		size_t space = sizeof(chunk), before = left;

		size_t r = iconv(cd, &from, &left, &to, &space);
		buf_add(out, chunk, (size_t)(to - chunk));
		if (r != (size_t)-1 || to != chunk || left < before)
			continue;
		*bad = true;
		buf_add_utf8(out, 0xfffd);
		from++;
		left--;
	}
	iconv_close(cd);
	return true;
}

static void mend_utf8(struct buf *out, struct str s, bool *bad)
{
	for (size_t at = 0; at < s.n && !out->full;) {
		size_t from = at;
		uint32_t c = str_utf8_next(s, &at);

		*bad = *bad || (c == 0xfffd && at == from + 1);
		buf_add_utf8(out, c);
	}
}

struct str mime_to_utf8(struct arena *a, struct str bytes, struct str charset, size_t max, bool *bad)
{
	char scratch[48];
	const char *name = charset_name(scratch, sizeof(scratch), charset);
	bool ascii = str_empty(charset) || str_eq_nocase(charset, STR("us-ascii")) ||
	             str_eq_nocase(charset, STR("ascii"));
	bool utf8 = strcmp(name, "UTF-8") == 0 || str_eq_nocase(charset, STR("utf-8"));
	AUTO_BUF b;

	buf_init(&b, max);
	if ((ascii || utf8) && str_utf8_valid(bytes))
		return arena_str(a, str_utf8_clip(bytes, max));
	*bad = *bad || ascii;
	if (utf8)
		mend_utf8(&b, bytes, bad);
	else if (ascii || !run_iconv(&b, name, bytes, bad)) {
		*bad = true;
		if (str_utf8_valid(bytes))
			return arena_str(a, str_utf8_clip(bytes, max));
		if (!run_iconv(&b, "WINDOWS-1252", bytes, bad))
			mend_utf8(&b, bytes, bad);
	}
	return arena_str(a, str_utf8_clip(buf_str(&b), max));
}

struct str mime_nfc(struct arena *a, struct str s)
{
	size_t i = 0, n = 0;

	while (i < s.n && !(s.p[i] & 0x80))
		i++;
	if (i == s.n)
		return s;
	uint8_t *p = u8_normalize(UNINORM_NFC, (const uint8_t *)s.p, s.n, NULL, &n);
	if (!p)
		return s;
	struct str r = arena_str(a, (struct str){ (const char *)p, n });
	free(p);
	return r;
}

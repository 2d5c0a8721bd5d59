/* Character sets to UTF-8. Labels are believed as far as senders mean them: what they are called in practice, with the
 * quotes, spaces, underscores and prefixes programs put into them, becomes a name iconv knows. */
#include "mime/private.h"
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <uninorm.h>

/* What names mean in practice: the supersets every mail program writes under the older name (WHATWG Encoding 4.2).
 * Compared after tidy_label(). */
static const struct {
	const char *name, *as;
} aliases[] = {
	{"utf-8",	                   "UTF-8"            },
	{ "utf8",	                   "UTF-8"            },
	{ "utf-8n",	                 "UTF-8"            },
	{ "utf-8mb4",	               "UTF-8"            },
	{ "unicode-1-1-utf-7",              "UTF-7"            },
	{ "utf8mb4",	                "UTF-8"            },
	{ "uft-8",	                  "UTF-8"            },
	{ "utf",	                    "UTF-8"            },
	{ "us-ascii",	               "ASCII"            },
	{ "ascii",	                  "ASCII"            },
	{ "us",	                     "ASCII"            },
	{ "ansi-x3.4-1968",                 "ASCII"            },
	{ "iso646-us",                      "ASCII"            },
	{ "7bit",	                   "ASCII"            },
	{ "8bit",	                   "ASCII"            },
	{ "unknown",	                "ASCII"            },
	{ "unknown-8bit",                   "ASCII"            },
	{ "x-unknown",                      "ASCII"            },
	{ "x-user-defined",                 "ASCII"            },
	{ "default",	                "ASCII"            },
	{ "none",	                   "ASCII"            },
	{ "binary",	                 "ASCII"            },
	{ "ansi",	                   "WINDOWS-1252"     },
	{ "windows-latin-1",                "WINDOWS-1252"     },
	{ "latin-1",	                "WINDOWS-1252"     },
	{ "latin",	                  "WINDOWS-1252"     },
	{ "l1",	                     "WINDOWS-1252"     },
	{ "unicode-1-1-utf-8",              "UTF-8"            },
	{ "iso-8859-1",                     "WINDOWS-1252"     },
	{ "latin1",	                 "WINDOWS-1252"     },
	{ "iso8859-1",                      "WINDOWS-1252"     },
	{ "cp1252",	                 "WINDOWS-1252"     },
	{ "gb2312",	                 "GB18030"          },
	{ "gbk",	                    "GB18030"          },
	{ "x-gbk",	                  "GB18030"          },
	{ "hz-gb-2312",                     "HZ"               },
	{ "hz",	                     "HZ"               },
	{ "iso-10646",                      "UTF-8"            },
	{ "iso-2022-jp-ms",                 "ISO-2022-JP-3"    },
	{ "iso-2022-jp-1",                  "ISO-2022-JP-3"    },
	{ "windows-949",                    "UHC"              },
	{ "5601",	                   "UHC"              },
	{ "x-big5",	                 "BIG5-HKSCS"       },
	{ "csbig5",	                 "BIG5-HKSCS"       },
	{ "logical",	                "ISO-8859-8"       },
	{ "visual",	                 "ISO-8859-8"       },
	{ "ks-c-5601-1987",                 "UHC"              },
	{ "ks-c-5601",                      "UHC"              },
	{ "ks-c-5601-1989",                 "UHC"              },
	{ "ksc-5601",	               "UHC"              },
	{ "cp949",	                  "UHC"              },
	{ "ms949",	                  "UHC"              },
	{ "korean",	                 "UHC"              },
	{ "euc-kr",	                 "UHC"              },
	{ "ksc5601",	                "UHC"              },
	{ "shift_jis",                      "CP932"            },
	{ "shift-jis",                      "CP932"            },
	{ "x-sjis",	                 "CP932"            },
	{ "sjis",	                   "CP932"            },
	{ "ms-kanji",	               "CP932"            },
	{ "windows-31j",                    "CP932"            },
	{ "gb-2312-80",                     "GB18030"          },
	{ "gb-2312",	                "GB18030"          },
	{ "gb2312-80",                      "GB18030"          },
	{ "gb2312-charset",                 "GB18030"          },
	{ "euc-cn",	                 "GB18030"          },
	{ "cn-gb",	                  "GB18030"          },
	{ "cp936",	                  "GB18030"          },
	{ "windows-936",                    "GB18030"          },
	{ "chinese",	                "GB18030"          },
	{ "iso-2022-jp",                    "ISO-2022-JP-3"    },
	{ "big5-eten",                      "BIG5-HKSCS"       },
	{ "cn-big5",	                "BIG5-HKSCS"       },
	{ "cp950",	                  "BIG5-HKSCS"       },
	{ "windows-950",                    "BIG5-HKSCS"       },
	{ "cp932",	                  "CP932"            },
	{ "windows-932",                    "CP932"            },
	{ "big5",	                   "BIG5-HKSCS"       },
	{ "iso-8859-8-i",                   "ISO-8859-8"       },
	{ "iso-8859-9",                     "WINDOWS-1254"     },
	{ "iso-8859-11",                    "WINDOWS-874"      },
	{ "tis-620",	                "WINDOWS-874"      },
	{ "x-mac-roman",                    "MACINTOSH"        },
	{ "mac-roman",                      "MACINTOSH"        },
	{ "mac",	                    "MACINTOSH"        },
	{ "mac-cyrillic",                   "MAC-CYRILLIC"     },
	{ "mac-ce",	                 "MAC-CENTRALEUROPE"},
	{ "koi8",	                   "KOI8-R"           },
	{ "koi",	                    "KOI8-R"           },
	{ "iso-8859-1-windows-3.1-latin-1", "WINDOWS-1252"     },
	{ "iso-8859-1-windows-3.0-latin-1", "WINDOWS-1252"     },
	{ "iso-8859-9-windows-latin-5",     "WINDOWS-1254"     },
	{ "utf-16-le",                      "UTF-16LE"         },
	{ "ucs-2",	                  "UTF-16"           },
	{ "iso-8859-8-e",                   "ISO-8859-8"       },
	{ "unicode",	                "UTF-16"           },
	{ "x-windows-949",                  "UHC"              },
	{ "macintosh",                      "MACINTOSH"        },
};

/* Every character set of glibc that is a module of its own: all of them are loaded before the jail is sealed. Names
 * this system does not know are passed over. */
// clang-format off
static const char *const preload[] = {
	"ANSI_X3.110", "ARMSCII-8", "ASMO_449", "BIG5", "BIG5HKSCS", "BRF", "BS_4730", "CP10007", "CP1125", "CP1250",
	"CP1251", "CP1252", "CP1253", "CP1254", "CP1255", "CP1256", "CP1257", "CP1258", "CP737", "CP770", "CP771",
	"CP772", "CP773", "CP774", "CP775", "CP932", "CSA_Z243.4-1985-1", "CSA_Z243.4-1985-2", "CSN_369103", "CWI",
	"DEC-MCS", "DIN_66003", "DS_2089", "EBCDIC-AT-DE", "EBCDIC-AT-DE-A", "EBCDIC-CA-FR", "EBCDIC-DK-NO",
	"EBCDIC-DK-NO-A", "EBCDIC-ES", "EBCDIC-ES-A", "EBCDIC-ES-S", "EBCDIC-FI-SE", "EBCDIC-FI-SE-A", "EBCDIC-FR",
	"EBCDIC-IS-FRISS", "EBCDIC-IT", "EBCDIC-PT", "EBCDIC-UK", "EBCDIC-US", "ECMA-CYRILLIC", "ES", "ES2",
	"EUC-CN", "EUC-JISX0213", "EUC-JP", "EUC-JP-MS", "EUC-KR", "EUC-TW", "GB18030", "GBK", "GB_1988-80",
	"GEORGIAN-ACADEMY", "GEORGIAN-PS", "GOST_19768-74", "GREEK-CCITT", "GREEK7", "GREEK7-OLD", "HP-GREEK8",
	"HP-ROMAN8", "HP-ROMAN9", "HP-THAI8", "HP-TURKISH8", "IBM037", "IBM038", "IBM1004", "IBM1008", "IBM1025",
	"IBM1026", "IBM1046", "IBM1047", "IBM1097", "IBM1112", "IBM1122", "IBM1123", "IBM1124", "IBM1129", "IBM1130",
	"IBM1132", "IBM1133", "IBM1137", "IBM1140", "IBM1141", "IBM1142", "IBM1143", "IBM1144", "IBM1145", "IBM1146",
	"IBM1147", "IBM1148", "IBM1149", "IBM1153", "IBM1154", "IBM1155", "IBM1156", "IBM1157", "IBM1158", "IBM1160",
	"IBM1161", "IBM1162", "IBM1163", "IBM1164", "IBM1166", "IBM1167", "IBM12712", "IBM1364", "IBM1371",
	"IBM1388", "IBM1390", "IBM1399", "IBM16804", "IBM256", "IBM273", "IBM274", "IBM275", "IBM277", "IBM278",
	"IBM280", "IBM281", "IBM284", "IBM285", "IBM290", "IBM297", "IBM420", "IBM423", "IBM424", "IBM437",
	"IBM4517", "IBM4899", "IBM4909", "IBM4971", "IBM500", "IBM5347", "IBM803", "IBM850", "IBM851", "IBM852",
	"IBM855", "IBM856", "IBM857", "IBM858", "IBM860", "IBM861", "IBM862", "IBM863", "IBM864", "IBM865", "IBM866",
	"IBM866NAV", "IBM868", "IBM869", "IBM870", "IBM871", "IBM874", "IBM875", "IBM880", "IBM891", "IBM901",
	"IBM902", "IBM903", "IBM9030", "IBM904", "IBM905", "IBM9066", "IBM918", "IBM921", "IBM922", "IBM930",
	"IBM932", "IBM933", "IBM935", "IBM937", "IBM939", "IBM943", "IBM9448", "IEC_P27-1", "INIS", "INIS-8",
	"INIS-CYRILLIC", "ISIRI-3342", "ISO-2022-CN", "ISO-2022-CN-EXT", "ISO-2022-JP", "ISO-2022-JP-2",
	"ISO-2022-JP-3", "ISO-2022-KR", "ISO-8859-1", "ISO-8859-10", "ISO-8859-11", "ISO-8859-13", "ISO-8859-14",
	"ISO-8859-15", "ISO-8859-16", "ISO-8859-2", "ISO-8859-3", "ISO-8859-4", "ISO-8859-5", "ISO-8859-6",
	"ISO-8859-7", "ISO-8859-8", "ISO-8859-9", "ISO-8859-9E", "ISO-IR-197", "ISO-IR-209", "ISO_10367-BOX",
	"ISO_11548-1", "ISO_2033", "ISO_5427", "ISO_5427-EXT", "ISO_5428", "ISO_6937", "ISO_6937-2", "IT",
	"JIS_C6220-1969-RO", "JIS_C6229-1984-B", "JOHAB", "JUS_I.B1.002", "KOI-8", "KOI8-R", "KOI8-RU", "KOI8-T",
	"KOI8-U", "KSC5636", "LATIN-GREEK", "LATIN-GREEK-1", "MAC-CENTRALEUROPE", "MAC-IS", "MAC-SAMI", "MAC-UK",
	"MACINTOSH", "MIK", "MSZ_7795.3", "NATS-DANO", "NATS-SEFI", "NC_NC00-10", "NF_Z_62-010", "NF_Z_62-010_1973",
	"NS_4551-1", "NS_4551-2", "PT", "PT154", "PT2", "RK1048", "SEN_850200_B", "SEN_850200_C", "SJIS",
	"Shift_JISX0213", "T.61-8BIT", "TCVN5712-1", "TIS-620", "TSCII", "UHC", "UNICODE", "UTF-16", "UTF-16BE",
	"UTF-16LE", "UTF-32", "UTF-32BE", "UTF-32LE", "UTF-7", "UTF-7-IMAP", "UTF-8", "VISCII", "WIN-SAMI-2",
};
// clang-format on

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

/* ---- labels ---- */

/* Lower case, without quotes, parameters, and what programs write around a name: "'Windows_1252; x' " is windows-1252,
 * "en_US.UTF-8" utf-8, "charset=koi8-r" koi8-r. Empty when it is no name, e.g. "//TRANSLIT" and paths. */
static size_t tidy_label(char *ret, size_t size, struct str s)
{
	size_t n = 0, dot;

	s = str_trim(s);
	while (s.n && strchr("\"' <(", s.p[0]))
		s = str_from(s, 1);
	if (str_starts_nocase(s, STR("charset=")))
		s = str_from(s, 8);
	while (s.n && strchr("\"'", s.p[0]))
		s = str_from(s, 1);
	for (size_t i = 0; i < s.n; i++)
		if (strchr(" \t\n\r;,\"'>)$*/", s.p[i]) && s.p[i]) {
			s.n = i;
			break;
		}
	dot = str_find_byte(s, '.');
	if (dot != STR_NONE && s.n - dot > 4 && !str_starts_nocase(s, STR("ansi_x3.")) &&
	    str_find_byte(str_sub(s, 0, dot), '_') != STR_NONE)
		s = str_from(s, dot + 1);
	for (size_t i = 0; i < s.n && n + 1 < size; i++) {
		char c = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.' || c == ':' ||
		    c == '+')
			ret[n] = c == '_' && n ? '-' : c, n++;
		else
			return ret[0] = 0;
	}
	while (n && (ret[n - 1] == '-' || ret[n - 1] == '.'))
		n--;
	ret[s.n <= n + 2 || n + 1 < size ? n : 0] = 0;
	return strlen(ret);
}

static const char *known(const char *label)
{
	for (size_t i = 0; i < COUNT(aliases); i++)
		if (strcmp(label, aliases[i].name) == 0)
			return aliases[i].as;
	return NULL;
}

/* Digits behind one of the prefixes: "iso8859-15", "win1251", "cp-1252", "dos850", "latin-2". */
static const char *numbered(char *scratch, size_t size, const char *label)
{
	static const struct {
		const char *prefix, *as;
	} families[] = {
		{"iso-8859-", "ISO-8859-%s"},
		{ "iso8859-", "ISO-8859-%s"},
		{ "8859-",    "ISO-8859-%s"},
		{ "iso8859",  "ISO-8859-%s"},
		{ "iso-8859", "ISO-8859-%s"},
		{ "windows-", "WINDOWS-%s" },
		{ "windows",  "WINDOWS-%s" },
		{ "win-",     "WINDOWS-%s" },
		{ "win",      "WINDOWS-%s" },
		{ "ansi-",    "WINDOWS-%s" },
		{ "cp-",      "CP%s"       },
		{ "cp",       "CP%s"       },
		{ "ms-",      "CP%s"       },
		{ "ms",       "CP%s"       },
		{ "ibm-",     "IBM%s"      },
		{ "ibm",      "IBM%s"      },
		{ "dos-",     "CP%s"       },
		{ "dos",      "CP%s"       },
		{ "latin-",   "LATIN%s"    },
		{ "latin",    "LATIN%s"    },
		{ "l",        "LATIN%s"    },
	};

	for (size_t i = 0; i < COUNT(families); i++) {
		size_t n = strlen(families[i].prefix), digits = 0, skip = 0;

		if (strncmp(label, families[i].prefix, n) != 0)
			continue;
		const char *rest = label + n;
		while (rest[skip] == '-')
			skip++;
		while (rest[skip + digits] >= '0' && rest[skip + digits] <= '9')
			digits++;
		/* What follows the number is a remark: "-i", "-windows-latin-1", ":1987" */
		if (digits == 0 || digits > 5 ||
		    (rest[skip + digits] && rest[skip + digits] != '-' && rest[skip + digits] != ':'))
			continue;
		const char *percent = strstr(families[i].as, "%s");
		snprintf(scratch, size, "%.*s%.*s", (int)(percent - families[i].as), families[i].as, (int)digits,
		         rest + skip);
		return scratch;
	}
	return NULL;
}

/* The name for iconv; "" when the label is none. */
static const char *charset_name(char *scratch, size_t size, struct str charset)
{
	char low[64] = "", tidy[64];
	const char *label = tidy, *as;

	if (tidy_label(tidy, sizeof(tidy), charset) == 0)
		return "";
	as = known(label);
	if (!as && strncmp(label, "x-", 2) == 0)
		as = known(label += 2);
	if (!as)
		as = numbered(scratch, size, label);
	if (as) { /* a superset goes for what the number names, too */
		for (size_t i = 0; as[i] && i + 1 < sizeof(low); i++)
			low[i] = as[i] >= 'A' && as[i] <= 'Z' ? (char)(as[i] + 32) : as[i], low[i + 1] = 0;
		const char *better = known(low);
		return better ? better : as;
	}
	snprintf(scratch, size, "%s", label);
	return scratch;
}

/* ---- converting ---- */

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
	/* Sets of characters whose signs are joined, as CP1258, hold the last one back until they are told that it was.
	 */
	char rest[64], *to = rest;
	size_t space = sizeof(rest);
	(void)iconv(cd, NULL, NULL, &to, &space);
	buf_add(out, rest, (size_t)(to - rest));
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

/* RFC 1843: between "~{" and "~}", at most to the end of the line, two bytes are a sign of GB 2312, whose upper bits
 * are missing. glibc does not know it. */
static struct str from_hz(struct arena *a, struct str s)
{
	char *p = arena_bytes(a, s.n + 1);
	size_t n = 0;
	bool gb = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i], next = i + 1 < s.n ? s.p[i + 1] : 0;

		if (c == '~' && (next == '{' || next == '}' || (!gb && (next == '~' || next == '\n')))) {
			if (next == '~')
				p[n++] = '~';
			gb = next == '{' || (gb && next != '}');
			i++;
		} else if (gb && c > ' ' && next > ' ') {
			p[n++] = (char)(c | 0x80);
			p[n++] = (char)(next | 0x80);
			i++;
		} else {
			gb = gb && c != '\n';
			p[n++] = c;
		}
	}
	return (struct str){ p, n };
}

struct str mime_to_utf8(struct arena *a, struct str bytes, struct str charset, size_t max, bool *bad)
{
	char scratch[80];
	const char *name = charset_name(scratch, sizeof(scratch), charset);
	bool ascii = str_empty(charset) || !*name || strcmp(name, "ASCII") == 0;
	bool utf8 = strcmp(name, "UTF-8") == 0;
	AUTO_BUF b;

	buf_init(&b, max);
	if ((ascii || utf8) && str_utf8_valid(bytes))
		return arena_str(a, str_utf8_clip(bytes, max));
	*bad = *bad || ascii;
	if (strcmp(name, "HZ") == 0) {
		bytes = from_hz(a, bytes);
		name = "GB18030";
	}
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

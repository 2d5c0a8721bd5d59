/* What a mail may carry besides words: winmail.dat, uuencode, invitations, signed and encrypted parts, mails in mails;
 * sloppy labels of character sets. */
#include "mime/private.h"
#include "test/test.h"

static struct mail parse(struct test *t, struct str raw)
{
	struct mail m = { 0 };

	EXPECT_RC(RC_OK, mime_parse(&t->arena, raw, NULL, &m, &t->err));
	return m;
}

TEST(mime_uuencode_in_the_text)
{
	struct mail m = parse(t, STR("From: a@b.example\n\nSee the file.\nbegin 644 hello.txt\n%:&5L;&\\\n`\nend\nThat "
	                             "was it.\nbegin 2 win\n"));

	EXPECT_EQ("the block is a file", m.n_files, 1);
	if (m.n_files == 1) {
		EXPECT_STR("with its name", m.files[0].name, "hello.txt");
		EXPECT_STR("and its bytes", m.files[0].bytes, "hello");
	}
	EXPECT_STR("what stands around it stays, and so does a sentence that only begins like one", m.text,
	           "See the file.\nThat was it.\nbegin 2 win\n");
}

static void put_le(struct buf *b, uint32_t v, int n)
{
	for (int i = 0; i < n; i++)
		buf_addc(b, (char)(v >> (8 * i)));
}

static void attribute(struct buf *b, int level, uint32_t id, struct str v)
{
	put_le(b, (uint32_t)level, 1);
	put_le(b, id, 4);
	put_le(b, (uint32_t)v.n, 4);
	buf_adds(b, v);
	put_le(b, 0, 2);
}

TEST(mime_winmail)
{
	AUTO_BUF b, props;
	struct tnef_found f;
	static const unsigned char long_name[] = { 'l', 0, 0xe9, 0, '.', 0, 't', 0, 'x', 0, 't', 0, 0, 0 };

	buf_init(&b, 10000);
	buf_init(&props, 1000);
	put_le(&b, 0x223e9f78, 4);
	put_le(&b, 1, 2);
	attribute(&b, 1, 0x69007, (struct str){ "\xe4\x04\0\0\0\0\0\0", 8 });
	attribute(&b, 1, 0x2800c, (struct str){ "caf\xe9\0", 5 });
	attribute(&b, 2, 0x69002, STR("rend"));
	attribute(&b, 2, 0x18010, (struct str){ "LONGNA~1.TXT\0", 13 });
	attribute(&b, 2, 0x6800f, STR("bytes"));
	put_le(&props, 2, 4);
	put_le(&props, 0x0003, 2); /* a number, to be passed over */
	put_le(&props, 0x0e20, 2);
	put_le(&props, 5, 4);
	put_le(&props, 0x001f, 2);
	put_le(&props, 0x3707, 2);
	put_le(&props, 1, 4);
	put_le(&props, sizeof(long_name), 4);
	buf_add(&props, long_name, sizeof(long_name));
	put_le(&props, 0, 2);
	attribute(&b, 2, 0x69005, buf_str(&props));
	mime_tnef(&t->arena, buf_str(&b), 10, &f);
	EXPECT("it is one", f.is);
	EXPECT_STR("its text is in its code page", f.text, "caf\xc3\xa9");
	if (EXPECT_EQ("with a file", f.files.n, 1)) {
		EXPECT_STR("whose long name counts", f.files.at[0].name, "l\xc3\xa9.txt");
		EXPECT_STR("and its bytes", f.files.at[0].bytes, "bytes");
	}
	for (size_t n = 0; n < b.n; n++) /* cut anywhere: what is whole is read */
		mime_tnef(&t->arena, str_sub(buf_str(&b), 0, n), 10, &f);
	EXPECT_EQ("cut in the last properties the file is still there", f.files.n, 1);
	struct mail m = parse(
	        t, STR("From: a@b.example\nContent-Type: application/ms-tnef; name=winmail.dat\n\nnonsense"));
	EXPECT("what only says that it is one is kept as it is",
	       m.n_files == 1 && !m.files[0].opened && mail_has_defect(&m, "bad-tnef"));
}

#define ICS                                                                                                            \
	"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VTIMEZONE\nTZID:Europe/Madrid\nEND:VTIMEZONE\nBEGIN:VEVENT\n"          \
	"SUMMARY;LANGUAGE=en:Course\\, part\n  "                                                                       \
	"one\nDTSTART;TZID=\"Europe/Madrid\":20261123T100000\nDTEND:20261123T100000Z\n"                                \
	"ORGANIZER;CN=\"The manager: x\":mailto:manager@campus.example\nLOCATION:Room 1\\nFirst floor\n"               \
	"BEGIN:VALARM\nSUMMARY:no\nEND:VALARM\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:second\nEND:VEVENT\nEND:VCALENDAR\n"

TEST(mime_invitations)
{
	struct mail m = parse(
	        t, STR("From: a@b.example\nContent-Type: text/calendar; method=CANCEL; charset=utf-8\n\n" ICS));

	EXPECT("it is one", m.invite.is);
	EXPECT_STR("the part's own word for what it wants counts", m.invite.method, "cancel");
	EXPECT_STR("folded and escaped text is read", m.invite.summary, "Course, part one");
	EXPECT_STR("a time keeps its zone", m.invite.start, "2026-11-23 10:00 Europe/Madrid");
	EXPECT_STR("Z is UTC", m.invite.end, "2026-11-23 10:00 UTC");
	EXPECT_STR("who invites", m.invite.organizer, "The manager: x <manager@campus.example>");
	EXPECT_STR("where, on one line", m.invite.location, "Room 1 First floor");
	EXPECT_EQ("the file is kept", m.n_files, 1);
	m = parse(t, STR("From: a@b.example\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\nEND:VCALENDAR\n"));
	EXPECT("an empty calendar is none", !m.invite.is);
}

TEST(mime_signed_and_encrypted)
{
	static const struct {
		const char *why, *raw;
		enum mail_crypto want;
	} row[] = {
		{"S/MIME, signed",
                 "Content-Type: multipart/signed; boundary=b\n\n--b\n\nhi\n--b\nContent-Type: "
		  "application/pkcs7-signature\n\nx\n--b--\n",		                                                          MAIL_SMIME_SIGNED },
		{ "S/MIME, encrypted",                          "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nx",
                 MAIL_SMIME_ENCRYPTED		                                                                                                     },
		{ "S/MIME, signed and not readable without it",
                 "Content-Type: application/pkcs7-mime; smime-type=signed-data\n\nx",                                                   MAIL_SMIME_SIGNED },
		{ "PGP/MIME, encrypted",
                 "Content-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: "
		  "application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream\n\nx\n--b--\n",                 MAIL_PGP_ENCRYPTED},
		{ "PGP in the text",                            "\n-----BEGIN PGP MESSAGE-----\nx\n",                                   MAIL_PGP_ENCRYPTED},
		{ "a mail that only names it",                  "\nWe use S/MIME and PGP.\n",                                           MAIL_PLAIN        },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		struct mail m = parse(t, arena_strf(&t->arena, "From: a@b.example\n%s", row[i].raw));

		EXPECT_EQ(row[i].why, m.crypto, row[i].want);
		for (size_t k = 0; k < m.n_files; k++)
			EXPECT("each part has a name for people", m.files[k].label.n > 0);
	}
}

TEST(mime_a_mail_inside_has_its_subject_as_name)
{
	struct mail m = parse(
	        t, STR("From: a@b.example\nContent-Type: message/rfc822\n\nSubject: =?utf-8?q?caf=C3=A9?=\n\nx"));

	EXPECT_EQ("it is a file", m.n_files, 1);
	EXPECT_STR("named by its subject", m.files[0].label, "caf\xc3\xa9.eml");
}

TEST(mime_charset_labels)
{
	static const struct {
		const char *label, *bytes, *want;
	} row[] = {
		{"windows-1251",      "\xcf\xf0",       "\xd0\x9f\xd1\x80"},
		{ "Windows_1251",     "\xcf\xf0",       "\xd0\x9f\xd1\x80"},
		{ "x-cp1251",         "\xcf\xf0",       "\xd0\x9f\xd1\x80"},
		{ "win-1251",         "\xcf\xf0",       "\xd0\x9f\xd1\x80"},
		{ "cp-1251",          "\xcf\xf0",       "\xd0\x9f\xd1\x80"},
		{ "'koi8-r'",         "\xf0\xd2",       "\xd0\x9f\xd1\x80"},
		{ "charset=koi8-r",   "\xf0\xd2",       "\xd0\x9f\xd1\x80"},
		{ "ru_RU.KOI8-R",     "\xf0\xd2",       "\xd0\x9f\xd1\x80"},
		{ "iso8859_15",       "\xa4",           "\xe2\x82\xac"    },
		{ "ISO8859-15",       "\xa4",           "\xe2\x82\xac"    },
		{ "latin9",           "\xa4",           "\xe2\x82\xac"    },
		{ "iso-8859-1;",      "\x80",           "\xe2\x82\xac"    },
		{ "ansi",             "\x80",           "\xe2\x82\xac"    },
		{ "cp850",            "\x82",           "\xc3\xa9"        },
		{ "dos850",           "\x82",           "\xc3\xa9"        },
		{ "IBM-850",          "\x82",           "\xc3\xa9"        },
		{ "utf_8",            "\xc3\xa9",       "\xc3\xa9"        },
		{ "es_ES.UTF-8",      "\xc3\xa9",       "\xc3\xa9"        },
		{ "ks_c_5601-1987",   "\xb0\xa1",       "\xea\xb0\x80"    },
		{ "ks_c_5601_1987",   "\xb0\xa1",       "\xea\xb0\x80"    },
		{ "gb_2312-80",       "\xb0\xa1",       "\xe5\x95\x8a"    },
		{ "ebcdic-us",        "\xc1",           "A"               },
		{ "//TRANSLIT",       "\xc3\xa9",       "\xc3\xa9"        },
		{ "../../etc/passwd", "\xe9",           "\xc3\xa9"        },
		{ "nobody-knows-it",  "\xe9",           "\xc3\xa9"        },
		{ "ISO-10646/UTF-8/", "\xc3\xa9",       "\xc3\xa9"        },
		{ "windows-949",      "\xb0\xa1",       "\xea\xb0\x80"    },
		{ "x-x-big5",         "\xa4\xa4",       "\xe4\xb8\xad"    },
		{ "csBig5",           "\xa4\xa4",       "\xe4\xb8\xad"    },
		{ "iso-2022-jp-ms",   "\x1b$BF|\x1b(B", "\xe6\x97\xa5"    },
		{ "logical",          "\xf9",           "\xd7\xa9"        },
		{ "hz-gb-2312",       "a~{VPND~}b~~c",
                 "a\xe4\xb8\xad\xe6\x96\x87"
		  "b~c"		                                   },
		{ "HZ",               "~{VP\nND",       "\xe4\xb8\xad\nND"},
		{ "hz",               "~{V",            "V"               },
		{ "hz",               "~",              "~"               },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		bool bad = false;

		EXPECT_STR(row[i].label, mime_to_utf8(&t->arena, str_of(row[i].bytes), str_of(row[i].label), 100, &bad),
		           row[i].want);
	}
}

TEST(mime_addresses_without_brackets)
{
	struct mail m = parse(t, STR("From: Big Bug bb@bug.example\nTo: not at all, ok@x.example\n\nx"));

	EXPECT("it can be read",
	       m.from.n == 1 && str_is(m.from.at[0].addr, "bb@bug.example") && str_is(m.from.at[0].name, "Big Bug"));
	EXPECT("but nobody is believed because of it", str_null(m.identity));
	EXPECT("words alone are no address", m.to.n == 1 && str_is(m.to.at[0].addr, "ok@x.example"));
}

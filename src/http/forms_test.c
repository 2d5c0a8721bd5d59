/* Tables for query strings, urlencoded bodies, paths, cookies and header parameters. */
#include "http/forms.h"
#include "test/test.h"
#include "util/buf.h"

static const struct {
	const char *why, *in, *out;
	enum rc rc;
} form_rows[] = {
	{"names and values are decoded",            "a=1&b%20c=x+y%2B", "a=1;b c=x y+;",       RC_OK     },
	{ "a field may lack its value or its sign", "a&b=&=c",          "a=;b=;=c;",           RC_OK     },
	{ "empty pairs are nothing",                "&&a=1&",           "a=1;",                RC_OK     },
	{ "repeated fields stay in order",          "a=1&a=2",          "a=1;a=2;",            RC_OK     },
	{ "only the first sign divides",            "a=b=c",            "a=b=c;",              RC_OK     },
	{ "a stray percent sign stays",             "a=100%&b=%zz%4",   "a=100%;b=%zz%4;",     RC_OK     },
	{ "CRLF and CR are LF",                     "a=x%0D%0Ay%0Dz",   "a=x\ny\nz;",          RC_OK     },
	{ "UTF-8 passes",	                   "a=%C3%B1\xc3\xb1", "a=\xc3\xb1\xc3\xb1;", RC_OK     },
	{ "an encoded NUL is refused",              "a=%00",            "",                    RC_INVALID},
	{ "ill-formed UTF-8 is refused",            "a=%ff",            "",                    RC_INVALID},
	{ "overlong UTF-8 is refused",              "a=%c0%af",         "",                    RC_INVALID},
	{ "half a surrogate is refused",            "%ed%a0%80=1",      "",                    RC_INVALID},
};

TEST(form_rows)
{
	for (size_t i = 0; i < COUNT(form_rows); i++) {
		struct fields f = { 0 };
		AUTO_BUF b;
		buf_init(&b, 10000);
		enum rc rc = form_parse(&t->arena, str_of(form_rows[i].in), 1000, &f);
		for (size_t k = 0; rc == RC_OK && k < f.n; k++)
			buf_addf(&b, STR_F "=" STR_F ";", STR_A(f.at[k].name), STR_A(f.at[k].value));
		EXPECT_EQ(form_rows[i].why, rc, form_rows[i].rc);
		if (rc == RC_OK)
			EXPECT_STR(form_rows[i].why, buf_str(&b), form_rows[i].out);
	}
	struct fields f = { 0 };
	EXPECT_EQ("one field too many is a limit", form_parse(&t->arena, STR("a&b&c"), 2, &f), RC_LIMIT);
}

static const struct {
	const char *why, *in, *out;
	enum rc rc;
} path_rows[] = {
	{"the root has no segments",        "/",                    "",                RC_OK       },
	{ "segments are cut and decoded",   "/a/b%20c/%C3%B1",      "a|b c|\xc3\xb1|", RC_OK       },
	{ "an encoded slash stays data",    "/a%2Fb/c",             "a/b|c|",          RC_OK       },
	{ "a plus sign is a plus sign",     "/a+b",                 "a+b|",            RC_OK       },
	{ "a dot segment leads nowhere",    "/a/../b",              "",                RC_NOT_FOUND},
	{ "an encoded dot segment too",     "/a/%2e%2E/b",          "",                RC_NOT_FOUND},
	{ "a single dot too",               "/./a",                 "",                RC_NOT_FOUND},
	{ "an empty segment leads nowhere", "//a",                  "",                RC_NOT_FOUND},
	{ "a closing slash leads nowhere",  "/a/",                  "",                RC_NOT_FOUND},
	{ "a broken escape is refused",     "/a%2",                 "",                RC_INVALID  },
	{ "a NUL is refused",               "/a%00b",               "",                RC_INVALID  },
	{ "a line break is refused",        "/a%0d%0ab",            "",                RC_INVALID  },
	{ "ill-formed UTF-8 is refused",    "/%c0%ae%c0%ae",        "",                RC_INVALID  },
	{ "a path begins with a slash",     "a",                    "",                RC_INVALID  },
	{ "a whole URL is no path",         "http://evil.example/", "",                RC_INVALID  },
	{ "too many segments lead nowhere", "/1/2/3/4/5/6/7/8/9",   "",                RC_NOT_FOUND},
};

TEST(path_rows)
{
	for (size_t i = 0; i < COUNT(path_rows); i++) {
		struct str segs[8];
		size_t n;
		AUTO_BUF b;
		buf_init(&b, 10000);
		buf_add(&b, "", 0);
		enum rc rc = path_decode(&t->arena, str_of(path_rows[i].in), segs, COUNT(segs), &n);
		for (size_t k = 0; rc == RC_OK && k < n; k++)
			buf_addf(&b, STR_F "|", STR_A(segs[k]));
		EXPECT_EQ(path_rows[i].why, rc, path_rows[i].rc);
		if (rc == RC_OK)
			EXPECT_STR(path_rows[i].why, buf_str(&b), path_rows[i].out);
	}
}

static void cookie_note(void *ctx, struct str name, struct str value)
{
	buf_addf(ctx, STR_F "=" STR_F ";", STR_A(name), STR_A(value));
}

TEST(cookie_rows)
{
	static const struct {
		const char *why, *in, *out;
	} rows[] = {
		{"pairs are read with or without spaces", "a=1; b=2;c=3",  "a=1;b=2;c=3;"},
		{ "quotes go",                            "a=\"x y\"",     "a=x y;"      },
		{ "values are not decoded",               "a=%41=+",       "a=%41=+;"    },
		{ "rubbish between is skipped",           ";;x; =v; a=1;", "a=1;"        },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF b;
		buf_init(&b, 10000);
		cookie_parse(str_of(rows[i].in), cookie_note, &b);
		EXPECT_STR(rows[i].why, buf_str(&b), rows[i].out);
	}
}

TEST(header_params)
{
	struct arena *a = &t->arena;
	EXPECT_STR("a token is read", header_param(a, STR("text/html; charset=utf-8; x=y"), "charset"), "utf-8");
	EXPECT_STR("a quoted string is unquoted", header_param(a, STR("f; n=\"a;\\\"b\" ; x=y"), "n"), "a;\"b");
	EXPECT_STR("what follows a quoted string is read", header_param(a, STR("f; n=\"a;b\" ; x=y"), "x"), "y");
	EXPECT_STR("names do not mind case", header_param(a, STR("f; NAME=v"), "name"), "v");
	EXPECT("an absent one is absent", str_null(header_param(a, STR("f; filename=v"), "name")));
	EXPECT("text inside quotes is no parameter", str_null(header_param(a, STR("f; a=\"; name=v\""), "name")));
	EXPECT_EQ("a plain coding has full quality", accept_quality(STR("gzip, br"), "br"), 1000);
	EXPECT_EQ("quality is read", accept_quality(STR("gzip;q=0.25, br"), "gzip"), 250);
	EXPECT_EQ("quality 0 is a refusal", accept_quality(STR("gzip;q=0, *"), "gzip"), 0);
	EXPECT_EQ("a star stands for the rest", accept_quality(STR("br;q=0, *;q=0.5"), "gzip"), 500);
	EXPECT_EQ("nothing said is nothing accepted", accept_quality(STR_NULL, "gzip"), 0);
}

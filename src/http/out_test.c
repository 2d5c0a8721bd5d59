/* Each special byte in each place, and addresses that must not become links. */
#include "http/out.h"
#include "test/test.h"

#define ALL "a&b<c>d\"e'f"
TEST(out_escapes)
{
	AUTO_BUF b;
	buf_init(&b, 10000);
	struct out o = { .b = &b };
	out_text(&o, STR(ALL));
	EXPECT_STR("text escapes what opens tags and entities", buf_str(&b), "a&amp;b&lt;c&gt;d\"e'f");
	buf_clear(&b);
	out_attr(&o, STR(ALL));
	EXPECT_STR("attributes escape both quotes too", buf_str(&b), "a&amp;b&lt;c&gt;d&quot;e&#39;f");
	buf_clear(&b);
	out_url_part(&o, STR("a b/?&=\xc3\xb1~"));
	EXPECT_STR("only unreserved bytes stay in a URL part", buf_str(&b), "a%20b%2F%3F%26%3D%C3%B1~");
	buf_clear(&b);
	out_text(&o, STR(""));
	out_i64(&o, INT64_MIN);
	EXPECT_STR("the least number is written", buf_str(&b), "-9223372036854775808");
}

TEST(out_links)
{
	static const struct {
		const char *why, *in, *out;
	} rows[] = {
		{"https is a link",                     "https://a.example/?a=1&b=\"", "https://a.example/?a=1&amp;b=&quot;"},
		{ "mail is a link",                     "mailto:a@b.example",          "mailto:a@b.example"                 },
		{ "an own path is a link",              "/a/b#c",                      "/a/b#c"                             },
		{ "script is not",                      "javascript:alert(1)",         "#"                                  },
		{ "nor in capitals",                    "JavaScript:alert(1)",         "#"                                  },
		{ "nor behind white space",             " javascript:alert(1)",        "#"                                  },
		{ "nor with a tab inside",              "java\tscript:alert(1)",       "#"                                  },
		{ "data is not",                        "data:text/html,x",            "#"                                  },
		{ "a protocol-relative address is not", "//evil.example",              "#"                                  },
		{ "nor its backslash form",             "/\\evil.example",             "#"                                  },
		{ "nothing is not",                     "",                            "#"                                  },
		{ "a relative path is not",             "a/b",                         "#"                                  },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF b;
		buf_init(&b, 10000);
		struct out o = { .b = &b };
		out_href(&o, str_of(rows[i].in));
		EXPECT_STR(rows[i].why, buf_str(&b), rows[i].out);
	}
}

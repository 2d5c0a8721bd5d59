/* Every body is parsed whole, byte by byte and in threes; the sink's story must be the same. */
#include "http/multipart.h"
#include "test/test.h"
#include "util/buf.h"

static enum rc note_begin(void *ctx, const struct multipart_part *p, struct err *err)
{
	struct buf *b = ctx;
	buf_addf(b, "[" STR_F, STR_A(p->name));
	if (!str_null(p->filename))
		buf_addf(b, " file=" STR_F " type=" STR_F, STR_A(p->filename), STR_A(p->type));
	buf_addc(b, ':');
	return RC_OK;
}
static enum rc note_data(void *ctx, const char *p, size_t n, struct err *err)
{
	buf_add(ctx, p, n);
	return RC_OK;
}
static enum rc note_end(void *ctx, struct err *err)
{
	buf_addc(ctx, ']');
	return RC_OK;
}

static enum rc story(struct arena *a, const char *boundary, struct str body, size_t step, struct buf *out)
{
	struct multipart_sink sink = { note_begin, note_data, note_end, out };
	struct multipart *m;
	enum rc rc = multipart_new(a, str_of(boundary), &sink, &m, NULL);
	for (size_t i = 0; rc == RC_OK && i < body.n; i += step) {
		struct str piece = str_sub(body, i, step);
		rc = multipart_feed(m, piece.p, piece.n, NULL);
	}
	return rc == RC_OK ? multipart_end(m, NULL) : rc;
}

#define CD "Content-Disposition: form-data; "
static const struct {
	const char *why, *boundary, *body;
	enum rc rc;
	const char *story;
} rows[] = {
	{"two plain fields are read",                              "b",
         "--b\r\n" CD "name=\"a\"\r\n\r\n1\r\n--b\r\n" CD "name=c\r\n\r\n2\r\n--b--\r\n",                                                                 RC_OK,      "[a:1][c:2]"               },
	{ "a file keeps its name and type",                        "b",
         "--b\r\n" CD "name=\"f\"; filename=\"x.txt\"\r\ncontent-type: text/plain\r\n\r\nhi\r\nho\r\n--b--",                                              RC_OK,
         "[f file=x.txt type=text/plain:hi\r\nho]"	                                                                                                                                       },
	{ "an empty part may leave its line break out or have it", "b",
         "--b\r\n" CD "name=a\r\n\r\n\r\n--b\r\n" CD "name=c\r\n\r\n--b--\r\n",                                                                           RC_OK,      "[a:][c:]"                 },
	{ "what looks like the start of a delimiter is data",      "bound",
         "--bound\r\n" CD "name=a\r\n\r\n\r\r\n\r\n--boun\r\n-\r\n--bound--",                                                                             RC_OK,      "[a:\r\r\n\r\n--boun\r\n-]"},
	{ "data that begins like a delimiter is data",             "bb",    "--bb\r\n" CD "name=a\r\n\r\n--b\r\n--bb--",                                  RC_OK,
         "[a:--b]"	                                                                                                                                                                       },
	{ "preamble, padding and epilogue say nothing",            "b",
         "pre --b\r\n--b \t\r\n" CD "name=a\r\n\r\nx\r\n--b--\r\nepilogue --b",                                                                           RC_OK,      "[a:x]"                    },
	{ "browsers' escapes in names are undone",                 "b",
         "--b\r\n" CD "name=\"a%22b\"; filename=\"C:\\q\\\"%0D%0A\"\r\n\r\n\r\n--b--",                                                                    RC_OK,
         "[a\"b file=C:\\q\"\r\n type=:]"	                                                                                                                                                },
	{ "a body without its end is refused",                     "b",     "--b\r\n" CD "name=a\r\n\r\nx\r\n--b",                                        RC_INVALID, NULL                       },
	{ "an empty body is refused",                              "b",     "",	                                                                   RC_INVALID, NULL                       },
	{ "a part without a name is refused",                      "b",     "--b\r\n" CD "\r\n\r\nx\r\n--b--",                                            RC_INVALID, NULL                       },
	{ "a part without headers is refused",                     "b",     "--b\r\n\r\nx\r\n--b--",                                                      RC_INVALID, NULL                       },
	{ "a name that is not UTF-8 is refused",                   "b",     "--b\r\n" CD "name=\"\xff\"\r\n\r\nx\r\n--b--",                               RC_INVALID,
         NULL	                                                                                                                                                                            },
	{ "two dispositions are refused",                          "b",     "--b\r\n" CD "name=a\r\n" CD "name=c\r\n\r\nx\r\n--b--",                      RC_INVALID,
         NULL	                                                                                                                                                                            },
	{ "a longer boundary line is not ours",                    "b",     "--bb\r\n" CD "name=a\r\n\r\nx\r\n--b--",                                     RC_INVALID, NULL                       },
	{ "base64 parts are refused",                              "b",     "--b\r\n" CD "name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b--",
         RC_INVALID,	                                                                                                                                          NULL                       },
	{ "a bare LF in the headers is refused",                   "b",     "--b\r\n" CD "name=a\n\nx\r\n--b--",                                          RC_INVALID, NULL                       },
	{ "an empty boundary is refused",                          "",      "--\r\n",	                                                             RC_INVALID, NULL                       },
	{ "a boundary with a line break is refused",               "a\r\n", "",	                                                                   RC_INVALID, NULL                       },
};

TEST(multipart_rows)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t step = 1; step < 5000; step = step == 1 ? 3 : step * 40) {
			AUTO_BUF out;
			buf_init(&out, 100000);
			enum rc rc = story(&t->arena, rows[i].boundary, str_of(rows[i].body), step, &out);
			EXPECT_EQ(rows[i].why, rc, rows[i].rc);
			if (rows[i].story)
				EXPECT_STR(rows[i].why, buf_str(&out), rows[i].story);
		}
	}
}

TEST(multipart_limits)
{
	AUTO_BUF body, out;
	buf_init(&body, 1 << 20);
	buf_init(&out, 1 << 20);
	for (int i = 0; i <= MULTIPART_MAX_PARTS; i++)
		buf_addz(&body, "--b\r\n" CD "name=a\r\n\r\n\r\n");
	EXPECT_EQ("the 1001st part is refused", story(&t->arena, "b", buf_str(&body), 999999, &out), RC_LIMIT);
	buf_clear(&body);
	buf_addz(&body, "--b\r\nX: ");
	for (int i = 0; i < MULTIPART_MAX_HEADERS; i++)
		buf_addc(&body, 'x');
	EXPECT_EQ("endless headers are refused", story(&t->arena, "b", buf_str(&body), 7, &out), RC_LIMIT);
}

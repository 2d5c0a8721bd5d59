#include "lms/link.h"
#include "test/test.h"

#define CV "course-v1:EdX+DemoX+2026"
#define BV "block-v1:EdX+DemoX+2026"
#define HX "0123456789abcdef01234567"

struct row {
	const char *why, *in, *host;
	enum lms_app app;
	const char *course, *unit, *library;
};

/* clang-format off */
static const struct row good[] = {
	/* bare keys */
	{"a course key", CV, NULL, 0, CV, NULL, NULL },
	{ "space around is not part of it", " \r\n" CV "\t\n", NULL, 0, CV, NULL, NULL },
	{ "the namespace may be capitalised", "Course-V1:EdX+DemoX+2026", NULL, 0, CV, NULL, NULL },
	{ "a branch is dropped", CV "+branch@draft", NULL, 0, CV, NULL, NULL },
	{ "branch and version are dropped", CV "+branch@published+version@" HX, NULL, 0, CV, NULL, NULL },
	{ "every id character there is",
	  "course-v1:a.b-c~d_e+x:y+1.2", NULL, 0, "course-v1:a.b-c~d_e+x:y+1.2", NULL, NULL },
	{ "letters of any script are id characters",
	  "course-v1:Universität+Курс+年2026", NULL, 0, "course-v1:Universität+Курс+年2026", NULL, NULL },
	{ "a unit brings its course",
	  BV "+type@vertical+block@u1", NULL, 0, CV, BV "+type@vertical+block@u1", NULL },
	{ "a unit without its branch and version",
	  BV "+branch@draft+version@" HX "+type@html+block@x", NULL, 0, CV, BV "+type@html+block@x", NULL },
	{ "a block id may hold a per cent sign",
	  BV "+type@html+block@50%off", NULL, 0, CV, BV "+type@html+block@50%off", NULL },
	{ "a library key", "library-v1:EdX+LIB1", NULL, 0, NULL, NULL, "library-v1:EdX+LIB1"},
	{ "a library without its branch",
	  "library-v1:EdX+LIB1+branch@library", NULL, 0, NULL, NULL, "library-v1:EdX+LIB1" },
	{ "a block of a library",
	  "lib-block-v1:EdX+LIB1+type@problem+block@p1", NULL, 0, NULL, "lib-block-v1:EdX+LIB1+type@problem+block@p1", "library-v1:EdX+LIB1"},
	{ "a library of the second kind", "lib:EdX:lib-1", NULL, 0, NULL, NULL, "lib:EdX:lib-1" },
	{ "its block",
	  "lb:EdX:lib-1:problem:571653ba-5045", NULL, 0, NULL, "lb:EdX:lib-1:problem:571653ba-5045", "lib:EdX:lib-1" },
	{ "its container", "lct:EdX:lib-1:unit:first", NULL, 0, NULL, NULL, "lib:EdX:lib-1" },
	{ "its collection", "lib-collection:EdX:lib-1:mine", NULL, 0, NULL, NULL, "lib:EdX:lib-1" },
	{ "an asset brings its course",
	  "asset-v1:EdX+DemoX+2026+type@asset+block@logo.png", NULL, 0, CV, NULL, NULL },
	{ "an asset's file name does not matter",
	  "asset-v1:EdX+DemoX+2026+type@asset+block@a(1).png", NULL, 0, CV, NULL, NULL },
	{ "a coach's course stays one",
	  "ccx-v1:EdX+DemoX+2026+ccx@7", NULL, 0, "ccx-v1:EdX+DemoX+2026+ccx@7", NULL, NULL },
	{ "a coach's unit",
	  "ccx-block-v1:EdX+DemoX+2026+ccx@7+type@html+block@x", NULL, 0, "ccx-v1:EdX+DemoX+2026+ccx@7", "ccx-block-v1:EdX+DemoX+2026+ccx@7+type@html+block@x", NULL },
	{ "the unit inside an aside key of version 1",
	  "aside-usage-v1:" BV "+type@html+block@x::stats", NULL, 0, CV, BV "+type@html+block@x", NULL },
	{ "the unit inside an aside key of version 2",
	  "aside-usage-v2:block-v1$:EdX+DemoX+2026+type@html+block@x::stats", NULL, 0, CV, BV "+type@html+block@x", NULL },
	{ "an old usage knows no run",
	  "i4x://EdX/DemoX/video/v1", NULL, 0, NULL, "i4x://EdX/DemoX/video/v1", NULL },
	{ "an old usage without its revision",
	  "i4x://EdX/DemoX/video/v1@draft", NULL, 0, NULL, "i4x://EdX/DemoX/video/v1", NULL },
	{ "an old usage with a folded slash",
	  "i4x:/EdX/DemoX/video/v1", NULL, 0, NULL, "i4x://EdX/DemoX/video/v1", NULL },
	{ "an old usage quoted for a path",
	  "i4x:;_;_EdX;_DemoX;_video;_v1", NULL, 0, NULL, "i4x://EdX/DemoX/video/v1", NULL },
	{ "an old course id", "EdX/DemoX/2013_Spring", NULL, 0, "EdX/DemoX/2013_Spring", NULL, NULL },
	/* encodings and accidents */
	{ "encoded once", "course-v1%3AEdX%2BDemoX%2B2026", NULL, 0, CV, NULL, NULL },
	{ "encoded once in lower case", "course-v1%3aEdX%2bDemoX%2b2026", NULL, 0, CV, NULL, NULL },
	{ "encoded twice", "course-v1%253AEdX%252BDemoX%252B2026", NULL, 0, CV, NULL, NULL },
	{ "partly encoded", "course-v1:EdX%2BDemoX%2B2026", NULL, 0, CV, NULL, NULL },
	{ "plus signs lost to spaces", "course-v1:EdX DemoX 2026", NULL, 0, CV, NULL, NULL },
	{ "plus signs lost to encoded spaces", "course-v1:EdX%20DemoX%202026", NULL, 0, CV, NULL, NULL },
	{ "lost to spaces encoded twice", "course-v1:EdX%2520DemoX%25202026", NULL, 0, CV, NULL, NULL },
	{ "lost in a whole unit",
	  "block-v1:EdX DemoX 2026 type@html block@x", NULL, 0, CV, BV "+type@html+block@x", NULL },
	{ "lost, and words behind it", "course-v1:EdX DemoX 2026 does not open", NULL, 0, CV, NULL, NULL },
	{ "lost inside an address",
	  "https://lms.example.org/courses/course-v1:EdX DemoX 2026/about", "lms.example.org", LMS_LMS, CV, NULL, NULL },
	{ "encoded letters of other scripts",
	  "course-v1:Universit%C3%A4t%2BK%2B1", NULL, 0, "course-v1:Universität+K+1", NULL, NULL },
	{ "a full stop ends the sentence", "We cannot open " CV ".", NULL, 0, CV, NULL, NULL },
	{ "a comma ends the part of a sentence", "In " CV ", since Monday", NULL, 0, CV, NULL, NULL },
	{ "quotation marks", "the course \"" CV "\" is empty", NULL, 0, CV, NULL, NULL },
	{ "typographic quotation marks", "el curso «" CV "» no abre", NULL, 0, CV, NULL, NULL },
	{ "parentheses", "our course (" CV ")", NULL, 0, CV, NULL, NULL },
	{ "angle brackets", "<" CV ">", NULL, 0, CV, NULL, NULL },
	{ "text on the lines around", "Hello,\n\n" CV "\n\nRegards", NULL, 0, CV, NULL, NULL },
	{ "the first course counts", CV " and course-v1:Other+O+1", NULL, 0, CV, NULL, NULL },
	/* LMS */
	{ "LMS about page",
	  "https://lms.example.org/courses/" CV "/about", "lms.example.org", LMS_LMS, CV, NULL, NULL },
	{ "LMS host in capitals with port",
	  "HTTPS://LMS.Example.org:8443/courses/" CV "/info", "lms.example.org", LMS_LMS, CV, NULL, NULL },
	{ "LMS encoded",
	  "https://lms.example.org/courses/course-v1%3AEdX%2BDemoX%2B2026/progress", "lms.example.org", LMS_LMS, CV, NULL, NULL },
	{ "LMS progress of a learner",
	  "https://lms.example.org/courses/" CV "/progress/42", "lms.example.org", LMS_LMS, CV, NULL, NULL },
	{ "LMS instructor's page",
	  "https://lms.example.org/courses/" CV "/instructor#view-data_download", "lms.example.org", LMS_LMS, CV, NULL, NULL },
	{ "courseware names its section",
	  "https://lms.example.org/courses/" CV "/courseware/ch1/sec1/", "lms.example.org", LMS_LMS, CV, BV "+type@sequential+block@sec1", NULL },
	{ "courseware with position",
	  "https://lms.example.org/courses/" CV "/courseware/ch1/sec1/3", "lms.example.org", LMS_LMS, CV, BV "+type@sequential+block@sec1", NULL },
	{ "courseware with only a chapter",
	  "https://lms.example.org/courses/" CV "/courseware/ch1", "lms.example.org", LMS_LMS, CV, BV "+type@chapter+block@ch1", NULL },
	{ "the activated block is the deepest",
	  "https://lms.example.org/courses/" CV "/courseware/ch1/sec1/1?activate_block_id=block-v1%3AEdX%2BDemoX%2B2026%2Btype%40html%2Bblock%40deep&x=1", "lms.example.org", LMS_LMS, CV, BV "+type@html+block@deep", NULL },
	{ "the activated block with lost plus signs",
	  "https://lms.example.org/courses/" CV "/courseware/c/s/1?activate_block_id=block-v1:EdX DemoX 2026 type@html block@deep", "lms.example.org", LMS_LMS, CV, BV "+type@html+block@deep", NULL },
	{ "jump_to",
	  "https://lms.example.org/courses/" CV "/jump_to/" BV "+type@problem+block@p", "lms.example.org", LMS_LMS, CV, BV "+type@problem+block@p", NULL },
	{ "jump_to_id says no type",
	  "https://lms.example.org/courses/" CV "/jump_to_id/abc123", "lms.example.org", LMS_LMS, CV, NULL, NULL },
	{ "xblock alone",
	  "https://lms.example.org/xblock/" BV "+type@vertical+block@v?show_title=0", "lms.example.org", LMS_LMS, CV, BV "+type@vertical+block@v", NULL },
	{ "a handler of an xblock",
	  "https://lms.example.org/courses/" CV "/xblock/" BV "+type@problem+block@p/handler/xmodule_handler/problem_check", "lms.example.org", LMS_LMS, CV, BV "+type@problem+block@p", NULL },
	{ "an asset's address",
	  "https://lms.example.org/asset-v1:EdX+DemoX+2026+type@asset+block/x.png", "lms.example.org", LMS_LMS, CV, NULL, NULL },
	{ "course id in a query",
	  "https://lms.example.org/register?course_id=course-v1%3AEdX%2BDemoX%2B2026&enrollment_action=enroll", "lms.example.org", LMS_UNKNOWN, CV, NULL, NULL },
	{ "where to go after signing in",
	  "https://lms.example.org/login?next=%2Fcourses%2Fcourse-v1%253AEdX%252BDemoX%252B2026%2Fcourse%2F", "lms.example.org", LMS_UNKNOWN, CV, NULL, NULL },
	{ "old course in the path",
	  "https://lms.example.org/courses/EdX/DemoX/2013_Spring/info", "lms.example.org", LMS_LMS, "EdX/DemoX/2013_Spring", NULL, NULL },
	{ "old course with its section",
	  "https://lms.example.org/courses/EdX/DemoX/2013/courseware/ch/sec/", "lms.example.org", LMS_LMS, "EdX/DemoX/2013", "i4x://EdX/DemoX/sequential/sec", NULL },
	{ "old course with an old usage",
	  "https://lms.example.org/courses/EdX/DemoX/2013/jump_to/i4x://EdX/DemoX/html/h1", "lms.example.org", LMS_LMS, "EdX/DemoX/2013", "i4x://EdX/DemoX/html/h1", NULL },
	/* learning MFE */
	{ "MFE outline",
	  "https://apps.lms.example.org/learning/course/" CV "/home", "apps.lms.example.org", LMS_LEARNING_MFE, CV, NULL, NULL },
	{ "MFE sequence",
	  "https://apps.lms.example.org/learning/course/" CV "/" BV "+type@sequential+block@s", "apps.lms.example.org", LMS_LEARNING_MFE, CV, BV "+type@sequential+block@s", NULL },
	{ "MFE unit is deeper than its sequence",
	  "https://apps.lms.example.org/learning/course/" CV "/" BV "+type@sequential+block@s/" BV "+type@vertical+block@v", "apps.lms.example.org", LMS_LEARNING_MFE, CV, BV "+type@vertical+block@v", NULL },
	{ "MFE mixed encoding",
	  "https://apps.lms.example.org/learning/course/" CV "/" BV "+type@sequential+block@s/block-v1%3AEdX%2BDemoX%2B2026%2Btype%40vertical%2Bblock%40v", "apps.lms.example.org", LMS_LEARNING_MFE, CV, BV "+type@vertical+block@v", NULL },
	{ "MFE preview",
	  "https://apps.lms.example.org/learning/preview/course/" CV "/" BV "+type@sequential+block@s", "apps.lms.example.org", LMS_LEARNING_MFE, CV, BV "+type@sequential+block@s", NULL },
	{ "MFE on its own host",
	  "https://learn.example.org/course/" CV "/progress/17", "learn.example.org", LMS_LEARNING_MFE, CV, NULL, NULL },
	/* Studio and authoring */
	{ "Studio outline",
	  "https://studio.example.org/course/" CV, "studio.example.org", LMS_STUDIO, CV, NULL, NULL },
	{ "Studio outline that shows a block",
	  "https://studio.example.org/course/" CV "?show=block-v1%3AEdX%2BDemoX%2B2026%2Btype%40sequential%2Bblock%40s", "studio.example.org", LMS_STUDIO, CV, BV "+type@sequential+block@s", NULL },
	{ "Studio unit",
	  "https://studio.example.org/container/" BV "+type@vertical+block@v#unit-1", "studio.example.org", LMS_STUDIO, CV, BV "+type@vertical+block@v", NULL },
	{ "Studio settings",
	  "https://studio.example.org/settings/grading/" CV, "studio.example.org", LMS_STUDIO, CV, NULL, NULL },
	{ "Studio export",
	  "https://studio.example.org/export/" CV, "studio.example.org", LMS_STUDIO, CV, NULL, NULL },
	{ "Studio library",
	  "https://studio.example.org/library/library-v1:EdX+LIB1", "studio.example.org", LMS_STUDIO, NULL, NULL, "library-v1:EdX+LIB1"},
	{ "authoring videos",
	  "https://apps.studio.example.org/authoring/course/" CV "/videos", "apps.studio.example.org", LMS_AUTHORING_MFE, CV, NULL, NULL },
	{ "authoring editor",
	  "https://apps.studio.example.org/course-authoring/course/" CV "/editor/problem/" BV "+type@problem+block@p", "apps.studio.example.org", LMS_AUTHORING_MFE, CV, BV "+type@problem+block@p", NULL },
	{ "authoring on its own host",
	  "https://author.example.org/course/" CV "/pages-and-resources", "author.example.org", LMS_AUTHORING_MFE, CV, NULL, NULL },
	{ "authoring library",
	  "https://apps.studio.example.org/authoring/library/lib:EdX:lib-1", "apps.studio.example.org", LMS_AUTHORING_MFE, NULL, NULL, "lib:EdX:lib-1" },
	/* addresses in text */
	{ "the address with the key wins",
	  "Found at https://help.example/x but see https://lms.example.org/courses/" CV "/about, thanks", "lms.example.org", LMS_LMS, CV, NULL, NULL },
	{ "a link broken over lines in angle brackets",
	  "<https://lms.example.org/courses/course-v1:EdX+\r\nDemoX+2026/about>", "lms.example.org", LMS_LMS, CV, NULL, NULL },
	{ "a redirecting address names the target",
	  "https://redirect.example/" "?url=https%3A%2F%2Flms.example.org%2Fcourses%2Fcourse-v1%3AEdX%2BDemoX%2B2026%2Fabout&data=x", "lms.example.org", LMS_LMS, CV, NULL, NULL },
	{ "a host without its scheme",
	  "lms.example.org/courses/" CV "/about", "lms.example.org", LMS_LMS, CV, NULL, NULL },
	{ "a path alone",
	  "/courses/" CV "/courseware/a/b", NULL, LMS_LMS, CV, BV "+type@sequential+block@b", NULL },
	{ "any web address", "https://www.example.org/contact", "www.example.org", LMS_UNKNOWN, NULL, NULL, NULL },
	{ "the user part is not the host",
	  "https://lms.example.org@evil.example/courses/" CV, "evil.example", LMS_LMS, CV, NULL, NULL },
	{ "the closing dot of a host",
	  "http://lms.example.org./dashboard", "lms.example.org", LMS_UNKNOWN, NULL, NULL, NULL },
	{ "a unit of another course does not count",
	  "https://lms.example.org/courses/" CV "/about?from=block-v1:Other+O+1+type@html+block@x", "lms.example.org", LMS_LMS, CV, NULL, NULL },
	{ "a key that is none leaves the address",
	  "https://lms.example.org/courses/course-v1:A(b)+B+C/about", "lms.example.org", LMS_LMS, NULL, NULL, NULL },
};
/* clang-format on */

TEST(lms_parse_table)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		const struct row *r = &good[i];
		struct lms_link l;
		enum rc rc = lms_parse(&t->arena, str_of(r->in), &l, &t->err);

		EXPECT_EQ(r->why, rc, RC_OK);
		EXPECT(r->why, str_null(l.host) == !r->host && (!r->host || str_is(l.host, r->host)));
		EXPECT_EQ(r->why, l.app, r->app);
		EXPECT(r->why, str_null(l.course) == !r->course && (!r->course || str_is(l.course, r->course)));
		EXPECT(r->why, str_null(l.unit) == !r->unit && (!r->unit || str_is(l.unit, r->unit)));
		EXPECT(r->why, str_null(l.library) == !r->library && (!r->library || str_is(l.library, r->library)));
		if (t->failed)
			return;
	}
}

TEST(lms_parse_refuses)
{
	static const struct {
		const char *why, *in;
	} bad[] = {
		{"nothing",		              ""		                          },
		{ "only space",                          " \r\n\t "                                  },
		{ "a sentence",                          "The video does not play since yesterday"   },
		{ "no run",		              "course-v1:EdX+DemoX"                       },
		{ "an empty organisation",               "course-v1:+DemoX+2026"                     },
		{ "a fourth part",                       CV "+more"                                  },
		{ "a trailing plus sign",                CV "+"                                      },
		{ "a per cent sign in the organisation", "course-v1:10%+DemoX+2026"                  },
		{ "a per cent sign at the end",          CV "%"                                      },
		{ "a comma in the course",               "course-v1:EdX+Demo,X+2026"                 },
		{ "a parenthesis in the run",            "course-v1:EdX+DemoX+2026(b)"               },
		{ "an encoded parenthesis",              "course-v1%3AEdX%2BDemo%28X%2B2026"         },
		{ "an ampersand in the run",             CV "&x"                                     },
		{ "encoded three times",                 "course-v1%25253AEdX%25252BDemoX%25252B2026"},
		{ "the namespace inside a word",         "xcourse-v1:EdX+DemoX+2026"                 },
		{ "a line end inside",                   "course-v1:EdX+\nDemoX+2026"                },
		{ "a no-break space inside",             "course-v1:EdX+Demo\xc2\xa0X+2026"          },
		{ "ill-formed UTF-8",                    "course-v1:EdX+Demo\xffX+2026"              },
		{ "a unit without its block",            "block-v1:EdX+DemoX+2026+type@html"         },
		{ "a library's part missing",            "lb:EdX:lib-1:problem"                      },
		{ "a date",		              "24/11/2026"                                },
		{ "another scheme",                      "javascript:alert(1)"                       },
		{ "a file",		              "file:///etc/passwd"                        },
		{ "an address without a host",           "https:///courses"                          },
		{ "a host with quotes in it",            "http://a'b/"                               },
		{ "two parts with slashes",              "and/or"                                    },
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct lms_link l;

		EXPECT_EQ(bad[i].why, lms_parse(&t->arena, str_of(bad[i].in), &l, &t->err), RC_INVALID);
	}
	struct lms_link l;
	char *big = arena_alloc(&t->arena, 5000);

	memset(big, 'a', 5000);
	memcpy(big, CV " ", sizeof(CV));
	EXPECT_EQ("more than 4 KB is no link", lms_parse(&t->arena, (struct str){ big, 5000 }, &l, &t->err),
	          RC_INVALID);
	memset(big + sizeof("course-v1:EdX+DemoX+") - 1, '1', 300);
	EXPECT_EQ("a key longer than the platform's columns is none",
	          lms_parse(&t->arena, (struct str){ big, 320 }, &l, &t->err), RC_INVALID);
}

TEST(lms_parse_parts)
{
	struct lms_link l;

	EXPECT_RC(RC_OK, lms_parse(&t->arena, STR("See (https://lms.example.org/courses/" CV "/jump_to_id/abc)."), &l,
	                           &t->err));
	EXPECT_STR("the parenthesis of the sentence is not the address's", l.url,
	           "https://lms.example.org/courses/" CV "/jump_to_id/abc");
	EXPECT_STR("jump_to_id gives the block", l.block, "abc");
	EXPECT_RC(RC_OK, lms_parse(&t->arena, STR(BV "+type@html+block@x"), &l, &t->err));
	EXPECT_STR("the type of the unit", l.block_type, "html");
	EXPECT_STR("the block of the unit", l.block, "x");
	EXPECT("a bare key has no address", str_null(l.url));
	EXPECT_RC(RC_OK, lms_parse(&t->arena, STR("https://lms.example.org/courses/course-v1%3AEdX%2BDemoX%2B2026/"),
	                           &l, &t->err));
	EXPECT_STR("the address is kept as it was written", l.url,
	           "https://lms.example.org/courses/course-v1%3AEdX%2BDemoX%2B2026/");
	EXPECT_RC(RC_OK, lms_parse(&t->arena, STR("https://lms.example.org/courses/course-v1:EdX DemoX 2026/about now"),
	                           &l, &t->err));
	EXPECT_STR("lost plus signs come back in the address", l.url, "https://lms.example.org/courses/" CV "/about");
	EXPECT_RC(RC_OK, lms_parse(&t->arena, STR("lms.example.org/courses/" CV "/about"), &l, &t->err));
	EXPECT_STR("a missing scheme is the safe one", l.url, "https://lms.example.org/courses/" CV "/about");
}

TEST(lms_course_forms)
{
	static const struct {
		const char *why, *in, *want;
	} row[] = {
		{"the id",                        CV,		                      CV              },
		{ "the id without its namespace", "EdX+DemoX+2026",                        CV              },
		{ "a link",                       "https://studio.example.org/course/" CV, CV              },
		{ "a unit of it",                 BV "+type@html+block@x",                 CV              },
		{ "an old id",                    "EdX/DemoX/2013",                        "EdX/DemoX/2013"},
		{ "a word",                       "DemoX",                                 NULL            },
		{ "a sum",                        "1+1",		                   NULL            },
		{ "only an address",              "https://www.example.org/",              NULL            },
		{ "a library is no course",       "library-v1:EdX+LIB",                    NULL            },
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		struct str got = STR_NULL;

		EXPECT_EQ(row[i].why, lms_course(&t->arena, str_of(row[i].in), &got, &t->err),
		          row[i].want ? RC_OK : RC_INVALID);
		if (row[i].want)
			EXPECT_STR(row[i].why, got, row[i].want);
	}
}

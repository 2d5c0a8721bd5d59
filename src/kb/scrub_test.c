/* What is personal goes, what only looks so stays, and each removal is told. */
#include "kb/check.h"
#include "kb/scrub.h"
#include "test/test.h"

static struct str scrub(struct test *t, const char *text, const char *keep, size_t *ret_n)
{
	static const struct kb_known known[] = {
		{KB_NAME,   STR_INIT("Ana Díaz")},
		{ KB_NAME,  STR_INIT("Ana")      },
		{ KB_EMAIL, STR_INIT("learner42")},
		{ KB_NAME,  STR_INIT("x")        }
	};
	struct str kept = str_of(keep), ret;
	struct kb_removal *at;

	kb_scrub(&t->arena, str_of(text), known, COUNT(known), &kept, keep ? 1 : 0, &ret, &at, ret_n);
	return ret;
}

TEST(kb_scrub_removes)
{
	static const struct {
		const char *text, *want;
		size_t n;
	} row[] = {
		{"Ana Díaz wrote; ana said. Banana and Anab stay.",                            "[name] wrote; [name] said. Banana and Anab stay.",
                 2		                                                                                                                   },
		{ "Write to <a.b+c@campus.example>, or x@y.",                                   "Write to <[mail address]>, or x@y.",               1},
		{ "learner42 cannot submit, learner421 can.",                                   "[mail address] cannot submit, learner421 can.",    1},
		{ "From 192.168.1.20 and 2001:db8::1, version 1.2.3.4.5, at 10:04:29.",
                 "From [IP address] and [IP address], version 1.2.3.4.5, at 10:04:29.",                                                             2},
		{ "Call +57 1 555 0100 or (601) 555-01-00 22 on 2026-11-23 10:04.",
                 "Call [phone number] or [phone number] on 2026-11-23 10:04.",                                                                      2},
		{ "https://a.example/x?token=abc123&page=2",                                    "https://a.example/x?token=[secret]&page=2",        1},
		{ "https://a.example/x?r=1&z=9f8e7d6c5b4a39281706f5e4",                         "https://a.example/x?r=1&z=[secret]",               1},
		{ "https://me:pw@a.example/",		                                   "https://[secret]@a.example/",                      1},
		{ "course-v1:Campus+BIO101+2026_T3 and block@u4 stay, 404 and 1795000000 too.",
                 "course-v1:Campus+BIO101+2026_T3 and block@u4 stay, 404 and 1795000000 too.",                                                      0},
		{ "std::vector and a::b stay",		                                  "std::vector and a::b stay",                        0},
		{ "Open ana.example or https://ana.example/x, says Ana.",
                 "Open ana.example or https://ana.example/x, says [name].",                                                                         1},
		{ "",		                                                           "",		                                 0},
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		size_t n = 99;

		EXPECT_STR(row[i].text, scrub(t, row[i].text, NULL, &n), row[i].want);
		EXPECT_EQ("and each is told once", n, row[i].n);
	}
	size_t n;
	EXPECT_STR("what the agent keeps stays", scrub(t, "10.0.0.1 and 10.0.0.2", "10.0.0.1", &n),
	           "10.0.0.1 and [IP address]");
	EXPECT_EQ("and is still shown", n, 2);
}

TEST(kb_spelling)
{
	struct str word[5];
	size_t n = kb_misspelt(&t->arena, STR("en"), STR("The grde book is in `x_y`, NASA and v1.2. Open grde again."),
	                       word, 5);

	if (!n)
		SKIP("no dictionary here");
	EXPECT_EQ("one word is not known", n, 1);
	EXPECT_STR("and named once", word[0], "grde");
}

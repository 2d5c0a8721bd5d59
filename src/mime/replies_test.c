/* Labelled replies of tests/replies/LANG.txt in the shapes of common mail programs, six languages: what is new in each
 * must be found to the letter in more than nine of ten, and reply and history together are always the text.
 *
 * A file has entries: "=== NAME text" or "=== NAME html", what is new, a line with scissors, and what follows (text),
 * or the whole as HTML. Without scissors all is new. Closing words and a name belong to the reply; a signature behind
 * "-- " and the line a telephone adds do not. */
#include "mime/mime.h"
#include "test/test.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define SCISSORS "\xe2\x9c\x82\n"
#define SHARE    95 /* of a hundred; the bar is 90 */

static struct str load(struct test *t, const char *lang)
{
	static const char *const from[] = { "tests/replies", "../tests/replies" };
	char *p = arena_alloc(&t->arena, 1 << 20);
	ssize_t n = 0;

	for (size_t i = 0; i < COUNT(from) && n <= 0; i++) {
		int fd = open(str_z(&t->arena, arena_strf(&t->arena, "%s/%s.txt", from[i], lang)),
		              O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		n = read(fd, p, 1 << 20);
		close(fd);
	}
	EXPECT("the labelled replies are there (run from the top of the source)", n > 0);
	return (struct str){ p, n > 0 ? (size_t)n : 0 };
}

/* How many empty lines HTML makes is not what is measured. */
static struct str in_words(struct test *t, struct str s)
{
	char *p = arena_alloc(&t->arena, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] > ' ' || s.p[i] < 0)
			p[n++] = s.p[i];
		else if (n && p[n - 1] != ' ')
			p[n++] = ' ';
	return (struct str){ p, n };
}

static bool right(struct test *t, const char *lang, struct str head, struct str entry)
{
	size_t cut = str_find(entry, STR(SCISSORS));
	struct str want = str_trim(str_sub(entry, 0, cut)), rest = cut == STR_NONE ? STR("") : str_from(entry, cut + 4),
	           type = STR("text/plain");
	struct mail m;

	if (str_ends(head, STR(" html")))
		type = STR("text/html");
	else
		rest = str_concat(&t->arena, str_sub(entry, 0, cut), rest);
	struct str raw = arena_strf(&t->arena,
	                            "From: a@campus.example\nContent-Type: " STR_F "; charset=utf-8\n\n" STR_F,
	                            STR_A(type), STR_A(rest));
	EXPECT_RC(RC_OK, mime_parse(&t->arena, raw, NULL, &m, &t->err));
	EXPECT("reply and history are the text", str_eq(str_concat(&t->arena, m.reply, m.quoted), m.text));
	bool html = str_is(type, "text/html");
	if (str_eq(html ? in_words(t, str_trim(m.reply)) : str_trim(m.reply), html ? in_words(t, want) : want))
		return true;
	printf("%s " STR_F ": wanted [" STR_F "] got [" STR_F "]\n", lang, STR_A(head), STR_A(want),
	       STR_A(str_trim(m.reply)));
	return false;
}

TEST(replies_of_all_programs_and_languages)
{
	static const char *const langs[] = { "en", "es", "pt", "fr", "de", "it" };

	for (size_t i = 0; i < COUNT(langs); i++) {
		struct str rest = load(t, langs[i]);
		int n = 0, good = 0;

		while (str_starts(rest, STR("=== "))) {
			size_t lf = str_find_byte(rest, '\n'), next;
			struct str head = str_sub(rest, 4, lf - 4), entry;

			rest = str_from(rest, lf + 1);
			next = str_find(rest, STR("\n=== "));
			entry = str_sub(rest, 0, next == STR_NONE ? rest.n : next + 1);
			rest = str_from(rest, next == STR_NONE ? rest.n : next + 1);
			n++;
			good += right(t, langs[i], head, entry);
		}
		printf("replies in %s: %d of %d exact\n", langs[i], good, n);
		EXPECT("there are enough of them", n >= 20);
		EXPECT("nearly all are cut to the letter", good * 100 >= n * SHARE);
	}
}

/* Both sides of a difference give both texts again, whatever they are, and what is said to be changed is. */
#include "kb/diff.h"
#include "test/test.h"
#include "util/buf.h"
#include <stdio.h>

static struct str side(struct test *t, const struct kb_diff *d, bool right)
{
	AUTO_BUF b;
	bool first = true;

	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < d->n; i++) {
		const struct kb_side *s = right ? &d->rows[i].right : &d->rows[i].left;

		if (!s->line)
			continue;
		if (!first)
			buf_addc(&b, '\n');
		first = false;
		for (size_t k = 0; k < s->n; k++)
			buf_adds(&b, s->at[k].text);
	}
	return arena_str(&t->arena, buf_str(&b));
}

TEST(kb_diff_words)
{
	struct kb_diff d;

	kb_diff(&t->arena, STR("one\nOpen the grade book.\nthree"), STR("one\nOpen the new grade book!\nthree\nfour"),
	        &d);
	EXPECT_EQ("four rows", d.n, 4);
	EXPECT_EQ("the first is the same", d.rows[0].kind, KB_SAME);
	EXPECT_EQ("the second is changed", d.rows[1].kind, KB_CHANGED);
	EXPECT_EQ("its left side has two pieces", d.rows[1].left.n, 2);
	EXPECT_STR("the dot went", d.rows[1].left.at[1].text, ".");
	EXPECT_STR("a word came", d.rows[1].right.at[1].text, "new ");
	EXPECT("and is marked", d.rows[1].right.at[1].changed && !d.rows[1].right.at[0].changed);
	EXPECT_EQ("the last is new", d.rows[3].kind, KB_NEW);
	EXPECT_EQ("one line went", d.gone, 1);
	EXPECT_EQ("two came", d.came, 2);
	kb_diff(&t->arena, STR("a\nb"), STR("a\nb"), &d);
	EXPECT_EQ("equal texts have no change", d.gone + d.came, 0);
	EXPECT("which is said in one row", d.n == 1 && d.rows[0].kind == KB_SKIPPED && d.rows[0].skipped == 2);
	kb_diff(&t->arena, STR(""), STR("a"), &d);
	EXPECT_EQ("all is new", d.came, 1);
	kb_diff(&t->arena, STR(""), STR(""), &d);
	EXPECT_EQ("nothing is nothing", d.n, 0);
}

TEST(kb_diff_leaves_out)
{
	AUTO_BUF b;
	struct kb_diff d;

	buf_init(&b, 1 << 16);
	for (int i = 0; i < 100; i++)
		buf_addf(&b, "line %d\n", i);
	struct str old = arena_str(&t->arena, buf_str(&b));

	buf_addz(&b, "more");
	kb_diff(&t->arena, old, buf_str(&b), &d);
	EXPECT("what did not change is left out", d.n < 12 && d.rows[0].kind == KB_SKIPPED);
	EXPECT_EQ("and counted", d.rows[0].skipped + (int64_t)d.n - 2, 100);
}

/* Random texts of few words: the pieces of each side are the text. */
TEST(kb_diff_is_whole)
{
	uint32_t seed = 7;

	for (int round = 0; round < 300; round++) {
		AUTO_BUF x;
		AUTO_BUF y;
		struct kb_diff d;

		buf_init(&x, 1 << 16);
		buf_init(&y, 1 << 16);
		for (int i = 0; i < 6; i++) { /* few lines: nothing is left out */
			static const char *const w[] = { "a", "b b", "c", "-", "the end", "á é" };

			seed = seed * 1664525 + 1013904223;
			if (seed >> 30)
				buf_addf(&x, "%s%s", x.n ? "\n" : "", w[seed >> 8 & 3]);
			seed = seed * 1664525 + 1013904223;
			if (seed >> 30)
				buf_addf(&y, "%s%s", y.n ? "\n" : "", w[(seed >> 8 & 3) + (seed >> 20 & 1)]);
		}
		kb_diff(&t->arena, buf_str(&x), buf_str(&y), &d);
		EXPECT_STR("the left side is the old text", side(t, &d, false), x.p ? x.p : "");
		EXPECT_STR("the right side is the new one", side(t, &d, true), y.p ? y.p : "");
	}
}

TEST(kb_diff_is_bounded)
{
	AUTO_BUF x;
	AUTO_BUF y;
	struct kb_diff d;

	buf_init(&x, 4 << 20);
	buf_init(&y, 4 << 20);
	for (int i = 0; i < 15000; i++) {
		buf_addf(&x, "left %d\n", i);
		buf_addf(&y, "right %d\n", i * 7);
	}
	kb_diff(&t->arena, buf_str(&x), buf_str(&y), &d);
	EXPECT("long ones end", d.truncated && d.n == KB_DIFF_ROWS);
}

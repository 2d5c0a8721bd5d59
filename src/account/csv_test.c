#include "account/csv.h"
#include "test/test.h"

TEST(csv_parse_table)
{
	static const struct {
		const char *why, *in;
		size_t rows, cells; /* of the last row */
		const char *last;   /* last cell */
		int line;           /* of the last row */
	} row[] = {
		{"a plain row",                          "a,b,c",              1, 3, "c",          1},
		{ "the last line may end or not",        "a,b\r\n",            1, 2, "b",          1},
		{ "LF is enough",                        "a\nb\n",             2, 1, "b",          2},
		{ "the byte order mark is skipped",
                 "\xef\xbb\xbf"
		  "a",		                                         1, 1, "a",          1},
		{ "an empty cell at the end counts",     "a,",                 1, 2, "",           1},
		{ "a quoted separator",                  "x,\"a,b\"",          1, 2, "a,b",        1},
		{ "a doubled quotation mark",            "\"say \"\"hi\"\"\"", 1, 1, "say \"hi\"", 1},
		{ "a line end inside a cell",            "\"a\r\nb\"\nc,d",    2, 2, "d",          3},
		{ "empty lines are skipped but counted", "a\n\n\nb",           2, 1, "b",          4},
		{ "semicolons of spreadsheets",          "a;b\n1;2",           2, 2, "2",          2},
		{ "tabs",		                "a\tb\n1\t2,3",       2, 2, "2,3",        2},
		{ "a lone carriage return is text",      "a\rb",               1, 1, "a\rb",       1},
		{ "spaces belong to the cell",           "a, b ",              1, 2, " b ",        1},
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		struct csv c;

		EXPECT_RC(RC_OK, csv_parse(&t->arena, str_of(row[i].in), &c, &t->err));
		if (!EXPECT_EQ(row[i].why, c.n, row[i].rows))
			continue;
		EXPECT_EQ(row[i].why, c.row[c.n - 1].n, row[i].cells);
		EXPECT_STR(row[i].why, c.row[c.n - 1].cell[c.row[c.n - 1].n - 1], row[i].last);
		EXPECT_EQ(row[i].why, c.row[c.n - 1].line, row[i].line);
	}
}

TEST(csv_parse_refuses)
{
	struct csv c;
	char many[CSV_COLUMNS_MAX + 1];

	EXPECT_RC(RC_INVALID, csv_parse(&t->arena, STR("a\n\"b"), &c, &t->err));
	EXPECT("the line of the open quotation mark is named",
	       str_find(str_of(t->err.text), STR("Line 2")) != STR_NONE);
	EXPECT_RC(RC_INVALID, csv_parse(&t->arena, STR("\"a\"b"), &c, &t->err));
	EXPECT_RC(RC_INVALID, csv_parse(&t->arena, STR("a\"b"), &c, &t->err));
	EXPECT_RC(RC_INVALID, csv_parse(&t->arena, STR("a\nM\xe9xico\n"), &c, &t->err));
	EXPECT("the line that is not UTF-8 is named", str_find(str_of(t->err.text), STR("Line 2")) != STR_NONE);
	memset(many, ',', sizeof(many));
	EXPECT_RC(RC_LIMIT, csv_parse(&t->arena, (struct str){ many, CSV_COLUMNS_MAX }, &c, &t->err));
	EXPECT_RC(RC_OK, csv_parse(&t->arena, (struct str){ many, CSV_COLUMNS_MAX - 1 }, &c, &t->err));

	char *big = arena_alloc(&t->arena, CSV_BYTES_MAX + 1);

	memset(big, 'a', CSV_BYTES_MAX + 1);
	EXPECT_RC(RC_LIMIT, csv_parse(&t->arena, (struct str){ big, CSV_BYTES_MAX + 1 }, &c, &t->err));
	for (size_t i = 1; i < 2 * CSV_LINES_MAX + 2; i += 2)
		big[i] = '\n';
	EXPECT_RC(RC_OK, csv_parse(&t->arena, (struct str){ big, 2 * CSV_LINES_MAX }, &c, &t->err));
	EXPECT_EQ("every line up to the limit", c.n, CSV_LINES_MAX);
	EXPECT_RC(RC_LIMIT, csv_parse(&t->arena, (struct str){ big, 2 * CSV_LINES_MAX + 2 }, &c, &t->err));
}

TEST(csv_round_trip)
{
	const struct str cell[] = { STR("plain"),        STR(""),       STR("a,b"),    STR("say \"hi\""),
		                    STR("two\r\nlines"), STR("a;b\tc"), STR(" space ") };
	AUTO_BUF b;
	struct csv c;

	buf_init(&b, 4096);
	csv_write(&b, cell, COUNT(cell));
	EXPECT_RC(RC_OK, csv_parse(&t->arena, buf_str(&b), &c, &t->err));
	EXPECT_EQ("one row", c.n, 1);
	for (size_t i = 0; i < COUNT(cell) && c.n == 1 && c.row[0].n == COUNT(cell); i++)
		EXPECT("what was written is read", str_eq(c.row[0].cell[i], cell[i]));
	EXPECT_EQ("all cells", c.n == 1 ? c.row[0].n : 0, COUNT(cell));
}

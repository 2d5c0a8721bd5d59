/* Only words reach the engines. */
#include "search/search_private.h"
#include "test/test.h"

TEST(search_words_only)
{
	static const struct { const char *why, *text; size_t n; const char *first; } row[] = {
		{ "plain words", "quiz submit", 2, "quiz" },
		{ "operators are separators", "NEAR(\"a\" b) AND col:x", 5, "NEAR" },
		{ "accents and scripts are letters", "¿Qué día? 日本", 3, "Qué" },
		{ "a quote cannot open a string", "\"' OR 1=1 --", 3, "OR" },
		{ "nothing but signs is nothing", "()*\"':;-", 0, NULL },
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		struct search_word w[MAX_WORDS];
		size_t n = search_words(str_of(row[i].text), w, MAX_WORDS);

		EXPECT_EQ(row[i].why, n, row[i].n);
		if (n && row[i].first)
			EXPECT_STR(row[i].why, w[0].text, row[i].first);
	}
	struct search_word w[MAX_WORDS];
	EXPECT_EQ("a star behind a word is a prefix", search_words(STR("certif*"), w, MAX_WORDS) == 1 && w[0].prefix, 1);
	EXPECT_EQ("a hundred words are cut", search_words(STR("a b c d e f g h i j k l m n o"), w, MAX_WORDS), MAX_WORDS);
}

static enum rc hostile(struct db_tx *tx, void *arg, struct err *err)
{
	static const char *const text[] = { "\"*", "NEAR(", "col:x", "a' | 'b", "\\", "x:*", "'''", "a & !b", "%_", "\xff\xfe" };
	struct test *t = arg;
	struct search_page p;

	for (size_t i = 0; i < COUNT(text); i++)
		EXPECT_EQ(text[i], search_tickets(tx, &t->arena, str_of(text[i]), 0, 10, &p, err), RC_OK);
	return RC_OK;
}

TEST_EACH_DB(search_survives_syntax)
{
	EXPECT_RC(RC_OK, db_read(t->db, hostile, t, &t->err));
}

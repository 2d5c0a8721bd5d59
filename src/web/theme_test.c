/* The colour of a provider: what cannot be read is refused, everything that is made of it can be. */
#include "test/test.h"
#include "web/theme.h"

TEST(theme_contrast)
{
	struct rgb a, b;

	EXPECT("a colour", rgb_parse(STR("#0A5A73"), &a) && a.r == 10 && a.g == 90 && a.b == 115);
	EXPECT("no colours",
	       !rgb_parse(STR("red"), &b) && !rgb_parse(STR("#12345"), &b) && !rgb_parse(STR("#12345G"), &b));
	rgb_parse(STR("#FFFFFF"), &a);
	rgb_parse(STR("#000000"), &b);
	EXPECT("black on white is 21", rgb_contrast(a, b) > 20.99 && rgb_contrast(a, b) < 21.01);
	rgb_parse(STR("#767676"), &b); /* the lightest grey that passes on white */
	EXPECT("a known grey", rgb_contrast(a, b) >= 4.5 && rgb_contrast(a, b) < 4.6);
}

TEST(theme_refuses_what_cannot_be_read)
{
	struct rgb c;
	struct err err = { 0 };

	EXPECT_RC(RC_OK, theme_check(&t->arena, STR("#0A5A73"), &c, &err));
	EXPECT_RC(RC_INVALID, theme_check(&t->arena, STR("blue"), &c, &err));
	EXPECT_RC(RC_INVALID, theme_check(&t->arena, STR("#FFD400"), &c, &err));
	const char *near = strstr(err.text, "reaches it: ");

	EXPECT("it says which one would do", near != NULL);
	EXPECT_RC(RC_OK, theme_check(&t->arena, (struct str){ near + 12, 7 }, &c, &err));
}

static struct rgb token(struct str css, const char *scheme, const char *name)
{
	struct rgb c = { 0 };
	struct str at = str_from(css, str_find(css, str_of(scheme)));

	at = str_from(at, str_find(at, str_of(name)) + strlen(name));
	rgb_parse(str_sub(at, 0, 7), &c);
	return c;
}

TEST(theme_makes_readable_pages)
{
	static const char *const accents[] = { "#0A5A73", "#000000", "#767676", "#B3005E",
		                               "#0000FF", "#8A4B00", "#006400" };
	const struct rgb surface = { 0x1A, 0x1D, 0x21 };

	for (size_t i = 0; i < COUNT(accents); i++) {
		AUTO_BUF b;
		struct rgb c;

		buf_init(&b, 4096);
		EXPECT_RC(RC_OK, theme_check(&t->arena, str_of(accents[i]), &c, &t->err));
		theme_css(&t->arena, c, &b);
		static const char *const schemes[] = { ":root{", "@media", "[data-theme=dark]" };
		for (size_t k = 0; k < COUNT(schemes); k++) {
			struct str css = buf_str(&b);

			EXPECT(accents[i], rgb_contrast(token(css, schemes[k], "--accent:"),
			                                token(css, schemes[k], "--on-accent:")) >= 4.5);
			EXPECT(accents[i], rgb_contrast(token(css, schemes[k], "--accent-ink:"),
			                                token(css, schemes[k], "--accent-soft:")) >= 4.5);
		}
		EXPECT("it stands out of the dark",
		       rgb_contrast(token(buf_str(&b), "@media", "--accent:"), surface) >= 4.5);
	}
}

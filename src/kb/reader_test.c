/* Variables of a text: each reader gets his own, nobody somebody else's. */
#include "kb/text.h"
#include "ticket/ticket_world.h"

struct row {
	const char *why;
	const struct actor *who;
	const char *lang, *text;
};

static void all_readers(struct test *t, struct db_tx *tx, struct world *w)
{
	const struct actor stranger = { .kind = ACTOR_NOBODY };
	const struct row rows[] = {
		{"a customer of one site gets its host (S-30)", &w->at_south, "en", "south.alpha.example of south"  },
		{ "another of another site gets that",          &w->at_north, "en", "north.alpha.example of north"  },
		{ "one of the whole account gets the first",    &w->boss,     "en", "north.alpha.example of north"  },
		{ "one without any role gets words",            &w->nobody,   "en", "your-site.example of your site"},
		{ "nobody in particular, too",                  &stranger,    "en", "your-site.example of your site"},
		{ "in the language of the page",                &stranger,    "es", "your-site.example of su sitio" },
		{ "agents see what strangers see",              &w->ann,      "en", "your-site.example of your site"},
	};
	struct markdown_page p;
	struct str out;

	EXPECT_RC(RC_OK, kb_render(tx, &t->arena, VISIBLE_PUBLIC, STR("en"), NOW, STR("{{site.host}} of {{site.name}}"),
	                           &p, &t->err));
	for (size_t i = 0; i < COUNT(rows); i++) {
		EXPECT_RC(RC_OK,
		          kb_fill(tx, &t->arena, rows[i].who, i18n_lang(str_of(rows[i].lang)), p.html, &out, &t->err));
		EXPECT_STR(rows[i].why, out, arena_strf(&t->arena, "<p>%s</p>", rows[i].text).p);
	}
	uint64_t before = db_statements();
	EXPECT_RC(RC_OK, kb_fill(tx, &t->arena, &w->boss, i18n_lang(STR("en")), STR("<p>plain</p>"), &out, &t->err));
	EXPECT_EQ("a page without variables asks nothing", db_statements() - before, 0);
}

TEST_EACH_DB(reader_fills_variables)
{
	struct world w;

	world_make(t, &w, 0);
	world_run(t, &w, all_readers);
}

/* Articles and tickets: which links of an answer are pages of ours, and the numbers of a page. */
#include "kb/edit.h"
#include "kb/read.h"
#include "kb/use.h"
#include "test/test.h"

TEST(kb_slugs_in_answers)
{
	static const struct {
		const char *why, *text, *expect;
	} rows[] = {
		{"an address of ours",            "See https://help.example/kb/reset-password please.",              "reset-password"},
		{ "at the end, with a full stop", "https://help.example/kb/a-b.",                                    "a-b"           },
		{ "without the host",             "Look at /kb/certificates, it is there.",                          "certificates"  },
		{ "in a Markdown link",           "[this](/kb/one) and [that](https://help.example/kb/two?lang=es)", "one,two"       },
		{ "twice is once",                "/kb/one /kb/one /kb/two",                                         "one,two"       },
		{ "another desk's is not ours",   "https://other.example/kb/theirs",                                 ""              },
		{ "a picture is no page",         "https://help.example/kb/media/abcdef",                            ""              },
		{ "nothing behind it",            "https://help.example/kb/ and /kb/",                               ""              },
		{ "no text",                      "",		                                                ""              },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str found[10], all = STR("");
		size_t n = kb_slugs_in(STR("https://help.example"), str_of(rows[i].text), found, 10);

		for (size_t k = 0; k < n; k++)
			all = arena_strf(&t->arena, STR_F "%s" STR_F, STR_A(all), k ? "," : "", STR_A(found[k]));
		EXPECT_STR(rows[i].why, all, rows[i].expect);
	}
	struct str few[2];
	EXPECT_EQ("not more than asked for", kb_slugs_in(STR(""), STR("/kb/a /kb/b /kb/c"), few, 2), 2);
}

static const struct actor writer = {
	.kind = ACTOR_AGENT, .agent = { 1 }, .agent_role = AGENT_ADMIN, .name = STR_INIT("the writer")
};

DB_QUERY(q_agent, "test.use-agent",
         "INSERT INTO agent (id, name, email, role, created_at) VALUES (1, 'the writer', 'writer@desk.example', 3, 1)");

struct world {
	struct test *t;
	struct kb_numbers *at;
	size_t n;
	int64_t since;
	enum kb_order by;
};

static enum rc fill(struct db_tx *tx, void *arg, struct err *err)
{
	static const char *const slugs[] = { "much-read", "poor" };
	struct world *w = arg;
	enum rc rc = db_exec(tx, &q_agent, DB_NO_ARGS, NULL, err);

	for (size_t i = 0; i < COUNT(slugs) && rc == RC_OK; i++) {
		struct article a = { .slug = str_of(slugs[i]),
			             .lang = STR("en"),
			             .title = str_of(slugs[i]),
			             .markdown = STR("text"),
			             .kind = ARTICLE_FAQ,
			             .visibility = VISIBLE_PUBLIC,
			             .published_at = { 1 } };
		struct article_id id;

		rc = kb_save(tx, &w->t->arena, &writer, time_now(), &a, &id, err);
	}
	for (int i = 0; i < 3 && rc == RC_OK; i++)
		rc = kb_feedback_add(tx, &writer, time_now(), 2, STR("en"), false, KB_WHY_WRONG, STR("It is wrong."),
		                     err);
	return rc == RC_OK ? kb_feedback_add(tx, &writer, time_now(), 1, STR("en"), true, KB_WHY_NONE, STR(""), err)
	                   : rc;
}

static enum rc look(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;

	return kb_numbers(tx, &w->t->arena, 0, time_now(), w->since, w->by, &w->at, &w->n, err);
}

TEST_EACH_DB(kb_numbers_of_pages)
{
	int64_t today = time_now().us / DAY_US;
	struct world w = { .t = t, .since = today - 1 };
	struct kb_tally *tally = kb_tally_new();

	EXPECT_RC(RC_OK, db_write(t->db, fill, &w, &t->err));
	for (int i = 0; i < 5; i++)
		kb_tally_add(tally, 1, KB_READ, time_now());
	kb_tally_add(tally, 1, KB_SOLVED, time_now());
	kb_tally_add(tally, 2, KB_READ, time_now());
	EXPECT_RC(RC_OK, kb_tally_flush(tally, t->db, &t->err));
	kb_tally_free(tally);
	EXPECT_RC(RC_OK, db_read(t->db, look, &w, &t->err));
	EXPECT_EQ("both pages", w.n, 2);
	EXPECT_STR("what is read most comes first", w.at[0].slug, "much-read");
	EXPECT_EQ("five times", w.at[0].reads, 5);
	EXPECT_EQ("solved once", w.at[0].solved, 1);
	EXPECT_EQ("helped once", w.at[0].yes, 1);
	w.by = KB_BY_NO;
	EXPECT_RC(RC_OK, db_read(t->db, look, &w, &t->err));
	EXPECT_STR("what helped least", w.at[0].slug, "poor");
	EXPECT_EQ("three said no", w.at[0].no, 3);
	w.since = today + 2;
	EXPECT_RC(RC_OK, db_read(t->db, look, &w, &t->err));
	EXPECT_EQ("before that day nothing counts", w.at[0].no + w.at[0].reads + w.at[1].reads, 0);
}

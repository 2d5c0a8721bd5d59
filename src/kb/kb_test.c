/* What may not be seen is not found, not listed and not guessed; Markdown does no harm. */
#include "kb/kb.h"
#include "search/search.h"
#include "test/test.h"
#include <stdio.h>

#define NOW time_now() /* what is published is compared with the clock */
static const struct actor agent = { .kind = ACTOR_AGENT, .agent = { 1 }, .name = STR_INIT("the writer") };
static const struct actor contact = { .kind = ACTOR_CONTACT, .contact = { 1 } };
static const struct actor nobody = { .kind = ACTOR_NOBODY };

static struct article article(const char *slug, const char *lang, enum visibility v, const char *markdown)
{
	return (struct article){ .slug = str_of(slug),
		                 .lang = str_of(lang),
		                 .title = STR_INIT("Certificates"),
		                 .markdown = str_of(markdown),
		                 .kind = ARTICLE_FAQ,
		                 .visibility = v,
		                 .published_at = { 1 } };
}

struct saving {
	struct test *t;
	const struct actor *who;
	struct article a;
	struct article_id id;
};

static enum rc save(struct db_tx *tx, void *arg, struct err *err)
{
	struct saving *s = arg;

	return kb_save(tx, &s->t->arena, s->who, NOW, &s->a, &s->id, err);
}

static enum rc put(struct test *t, struct article a)
{
	struct saving s = { .t = t, .who = &agent, .a = a };

	return db_write(t->db, save, &s, &t->err);
}

/* ---- who sees what ---- */

struct look {
	struct test *t;
	const struct actor *who;
	const char *slug, *lang, *words;
	enum rc found;
	struct article a;
	size_t listed, hits;
	struct article_hit *hit;
};

static enum rc look(struct db_tx *tx, void *arg, struct err *err)
{
	struct look *l = arg;
	struct article *list;
	enum rc rc;

	l->found = kb_find(tx, &l->t->arena, l->who, str_of(l->slug), str_of(l->lang), &l->a, err);
	rc = kb_list(tx, &l->t->arena, l->who, str_of(l->lang), 0, &list, &l->listed, err);
	if (rc != RC_OK)
		return rc;
	return kb_search(tx, &l->t->arena, l->who, str_of(l->words), str_of(l->lang), 10, &l->hit, &l->hits, err);
}

TEST_EACH_DB(kb_visibility)
{
	const struct {
		const char *why;
		const struct actor *who;
		const char *slug;
		bool seen;
	} row[] = {
		{"anybody reads what is public",           &nobody,  "public",    true },
		{ "customers, too",                        &contact, "public",    true },
		{ "agents, too",                           &agent,   "public",    true },
		{ "what is for customers is not public",   &nobody,  "customers", false},
		{ "customers read it",                     &contact, "customers", true },
		{ "what is internal is not for customers", &contact, "internal",  false},
		{ "nor for anybody",                       &nobody,  "internal",  false},
		{ "agents read it",                        &agent,   "internal",  true },
		{ "a draft is nobody's",                   &agent,   "draft",     false},
		{ "tomorrow is not yet",                   &agent,   "tomorrow",  false},
		{ "what is not there",                     &agent,   "nothing",   false},
	};
	struct article draft = article("draft", "en", VISIBLE_PUBLIC, "worddraft");
	struct article tomorrow = article("tomorrow", "en", VISIBLE_PUBLIC, "wordtomorrow");

	draft.published_at = (struct instant){ 0 };
	tomorrow.published_at = time_add(NOW, DAY_US);
	EXPECT_RC(RC_OK, put(t, article("public", "en", VISIBLE_PUBLIC, "wordpublic")));
	EXPECT_RC(RC_OK, put(t, article("customers", "en", VISIBLE_CUSTOMERS, "wordcustomers")));
	EXPECT_RC(RC_OK, put(t, article("internal", "en", VISIBLE_INTERNAL, "wordinternal")));
	EXPECT_RC(RC_OK, put(t, draft));
	EXPECT_RC(RC_OK, put(t, tomorrow));
	for (size_t i = 0; i < COUNT(row); i++) {
		char word[32];
		struct look l = { .t = t, .who = row[i].who, .slug = row[i].slug, .lang = "en", .words = word };

		snprintf(word, sizeof(word), "word%s", row[i].slug);
		EXPECT_RC(RC_OK, db_read(t->db, look, &l, &t->err));
		EXPECT_EQ(row[i].why, l.found, row[i].seen ? RC_OK : RC_NOT_FOUND);
		EXPECT_EQ(row[i].why, l.hits, row[i].seen);
		EXPECT_EQ("the list has no more than may be read", l.listed,
		          (row[i].who == &nobody    ? 1
		           : row[i].who == &contact ? 2
		                                    : 3));
	}
}

TEST_EACH_DB(kb_languages)
{
	struct look l = { .t = t, .who = &nobody, .slug = "only-english", .lang = "es", .words = "certificates" };
	struct article hidden = article("hidden", "es", VISIBLE_PUBLIC, "canario");

	EXPECT_RC(RC_OK, put(t, article("only-english", "en", VISIBLE_PUBLIC, "plain text")));
	EXPECT_RC(RC_OK, put(t, article("both", "en", VISIBLE_PUBLIC, "english words")));
	EXPECT_RC(RC_OK, put(t, article("both", "es", VISIBLE_PUBLIC, "palabras españolas")));
	EXPECT_RC(RC_OK, put(t, article("hidden", "en", VISIBLE_PUBLIC, "in the open")));
	hidden.published_at = (struct instant){ 0 };
	EXPECT_RC(RC_OK, put(t, hidden));
	EXPECT_RC(RC_OK, db_read(t->db, look, &l, &t->err));
	EXPECT_EQ("English stands in", l.found, RC_OK);
	EXPECT_STR("and says so", l.a.lang, "en");
	EXPECT_EQ("each article once in the list", l.listed, 3);
	EXPECT_EQ("and in the search", l.hits, 3);
	l.slug = "both";
	l.words = "espanolas";
	EXPECT_RC(RC_OK, db_read(t->db, look, &l, &t->err));
	EXPECT_STR("the translation where there is one", l.a.lang, "es");
	EXPECT_EQ("found without its accents", l.hits, 1);
	l.slug = "hidden";
	l.words = "canario";
	EXPECT_RC(RC_OK, db_read(t->db, look, &l, &t->err));
	EXPECT_STR("a translation that may not be seen is none", l.a.lang, "en");
	EXPECT_EQ("and is not found", l.hits, 0);
}

static enum rc hostile(struct db_tx *tx, void *arg, struct err *err)
{
	static const char *const text[] = {
		"\"*",     "NEAR(",  "col:x",    "a' | 'b",          "\\",           "x:*",     "'''",
		"a & !b",  "%_",     "\xff\xfe", "a\" OR \"b",       "{a b}: c",     "^a",      "-a",
		"a NOT b", "a\\' b", "'a':*B",   "\xcc\x81\xcc\x81", "\xe2\x80\x8d", "a <2> b", ":q :max"
	};
	struct test *t = arg;
	struct article_hit *at;
	size_t n;

	for (size_t i = 0; i < COUNT(text); i++)
		EXPECT_EQ(text[i], kb_search(tx, &t->arena, &nobody, str_of(text[i]), STR("en"), 10, &at, &n, err),
		          RC_OK);
	return RC_OK;
}

TEST_EACH_DB(kb_search_survives_syntax)
{
	EXPECT_RC(RC_OK, db_read(t->db, hostile, t, &t->err));
}

/* ---- who is on the list ---- */

DB_QUERY(q_plan, "test.kb-plan",
         "INSERT INTO plan (id, code, name, support, rank) VALUES (1, 'GOLD', 'Gold', 1, 1), (2, 'TIN', 'Tin', 1, 2)");
DB_QUERY(q_account, "test.kb-account",
         "INSERT INTO account (id, name, created_at) VALUES (1, 'Campus', 1), (2, 'Colegio', 1), (3, 'Norte', 1)");
/* Campus has gold, Colegio had it until yesterday, Norte has tin. */
DB_QUERY(q_sub, "test.kb-sub",
         "INSERT INTO subscription (account_id, plan_id, name, state, valid_from, valid_to, state_at)"
         " VALUES (1, 1, 's', 2, 1, NULL, 1), (2, 1, 's', 2, 1, 2, 1), (3, 2, 's', 2, 1, NULL, 1)");
DB_QUERY(q_for, "test.kb-for",
         "INSERT INTO kb_page_plan (page_id, plan_id) SELECT id, 1 FROM kb_page WHERE key = 'gold'");
DB_QUERY(q_for_account, "test.kb-for-account",
         "INSERT INTO kb_page_account (page_id, account_id) SELECT id, 3 FROM kb_page WHERE key = 'norte'");

static enum rc customers(struct db_tx *tx, void *arg, struct err *err)
{
	const struct db_query *const q[] = { &q_plan, &q_account, &q_sub, &q_for, &q_for_account };
	enum rc rc = RC_OK;

	for (size_t i = 0; i < COUNT(q) && rc == RC_OK; i++)
		rc = db_exec(tx, q[i], DB_NO_ARGS, NULL, err);
	return rc;
}

TEST_EACH_DB(kb_for_plans_and_accounts)
{
	const struct {
		const char *why;
		struct actor who;
		bool gold, norte;
	} row[] = {
		{"nobody reads what is for a plan", nobody,                                      false, false},
		{ "who has the plan reads it",      { .kind = ACTOR_CONTACT, .account = { 1 } }, true,  false},
		{ "who had it does not",            { .kind = ACTOR_CONTACT, .account = { 2 } }, false, false},
		{ "an account named reads its own", { .kind = ACTOR_CONTACT, .account = { 3 } }, false, true },
		{ "agents read all",                agent,                                       true,  true },
	};

	EXPECT_RC(RC_OK, put(t, article("gold", "en", VISIBLE_PLANS, "wordgold")));
	EXPECT_RC(RC_OK, put(t, article("norte", "en", VISIBLE_ACCOUNTS, "wordnorte")));
	EXPECT_RC(RC_OK, db_write(t->db, customers, NULL, &t->err));
	for (size_t i = 0; i < COUNT(row); i++) {
		struct look l = { .t = t, .who = &row[i].who, .slug = "gold", .lang = "en", .words = "wordgold" };

		EXPECT_RC(RC_OK, db_read(t->db, look, &l, &t->err));
		EXPECT_EQ(row[i].why, l.found, row[i].gold ? RC_OK : RC_NOT_FOUND);
		EXPECT_EQ(row[i].why, l.hits, row[i].gold);
		l.slug = "norte";
		l.words = "wordnorte";
		EXPECT_RC(RC_OK, db_read(t->db, look, &l, &t->err));
		EXPECT_EQ(row[i].why, l.found, row[i].norte ? RC_OK : RC_NOT_FOUND);
		EXPECT_EQ(row[i].why, l.hits, row[i].norte);
		EXPECT_EQ("listed as it is found", l.listed, row[i].gold + row[i].norte);
	}
}

/* ---- writing ---- */

TEST_EACH_DB(kb_save_replaces)
{
	struct look l = { .t = t, .who = &nobody, .slug = "quiz", .lang = "en", .words = "oldword" };
	struct article a = article("quiz", "en", VISIBLE_PUBLIC,
	                           "# Quiz\n\nThe *oldword* stands here.\n\n- one\n- two\n");
	int64_t lag = 0;

	EXPECT_RC(RC_OK, put(t, a));
	EXPECT_RC(RC_OK, db_read(t->db, look, &l, &t->err));
	EXPECT_EQ("its words are found", l.hits, 1);
	EXPECT("Markdown is a page", str_find(l.a.html, STR("<em>oldword</em>")) != STR_NONE);
	EXPECT("the summary is made of the text", str_starts(l.a.summary, STR("Quiz The oldword stands here.")));
	struct article_id before = l.a.id;
	a.markdown = STR("The newword stands here.");
	a.summary = STR("In short");
	EXPECT_RC(RC_OK, put(t, a));
	EXPECT_RC(RC_OK, db_read(t->db, look, &l, &t->err));
	EXPECT_EQ("the old words are not", l.hits, 0);
	EXPECT_EQ("it is the same article", l.a.id.v, before.v);
	EXPECT_STR("with the summary given", l.a.summary, "In short");
	l.words = "newword";
	EXPECT_RC(RC_OK, db_read(t->db, look, &l, &t->err));
	EXPECT_EQ("the new ones are", l.hits, 1);
	EXPECT_RC(RC_OK, event_lag(t->db, "somebody", &lag, &t->err));
	EXPECT_EQ("both savings are in the log", lag, 2);
}

TEST_EACH_DB(kb_does_no_harm)
{
	static const char *const bad[] = { "<script", "href=\"javascript", "<img", "<iframe", "data:text" };
	struct look l = { .t = t, .who = &nobody, .slug = "bad", .lang = "en", .words = "x" };

	EXPECT_RC(RC_OK, put(t, article("bad", "en", VISIBLE_PUBLIC,
	                                "<script>alert(1)</script>\n\n[a](javascript:alert(1)) [b](JaVaScRiPt:x) "
	                                "<javascript:alert(1)>\n\n"
	                                "![pixel](https://evil.example/p.gif) <img src=x onerror=\"alert(1)\">\n\n"
	                                "[c](data:text/html;base64,xx)\n\n<iframe src=//evil.example></iframe>\n\n"
	                                "[good](https://docs.example/x)\n")));
	EXPECT_RC(RC_OK, db_read(t->db, look, &l, &t->err));
	for (size_t i = 0; i < COUNT(bad); i++)
		EXPECT(bad[i], str_find_nocase(l.a.html, str_of(bad[i])) == STR_NONE);
	EXPECT("good links stay", str_find(l.a.html, STR("href=\"https://docs.example/x\"")) != STR_NONE);
}

TEST_EACH_DB(kb_refuses)
{
	const struct article good = article("good-1", "en", VISIBLE_PUBLIC, "text");
	static const char *const slugs[] = { "", "-a", "a-", "a--b", "A", "a b", "a/b", "../x", "ñ", "a.b" };
	struct saving s = { .t = t, .who = &contact, .a = good };
	struct article a;

	EXPECT_RC(RC_DENIED, db_write(t->db, save, &s, &t->err));
	s.who = &nobody;
	EXPECT_RC(RC_DENIED, db_write(t->db, save, &s, &t->err));
	for (size_t i = 0; i < COUNT(slugs); i++) {
		a = good;
		a.slug = str_of(slugs[i]);
		EXPECT_EQ(slugs[i], put(t, a), RC_INVALID);
	}
	a = good;
	a.title = STR(" ");
	EXPECT_RC(RC_INVALID, put(t, a));
	a.title = STR("two\nlines");
	EXPECT_RC(RC_INVALID, put(t, a));
	a = good;
	a.lang = STR("English");
	EXPECT_RC(RC_INVALID, put(t, a));
	a = good;
	a.visibility = 6;
	EXPECT_RC(RC_INVALID, put(t, a));
	a = good;
	a.kind = 0;
	EXPECT_RC(RC_INVALID, put(t, a));
	a = good;
	a.markdown = (struct str){ arena_alloc(&t->arena, 300 << 10), 300 << 10 };
	EXPECT_RC(RC_LIMIT, put(t, a));
	a.markdown = STR("\xff");
	EXPECT_RC(RC_INVALID, put(t, a));
	a.markdown = STR_NULL;
	EXPECT_RC(RC_OK, put(t, a));
}

/* ---- texts in texts ---- */

static struct str html_for(struct test *t, const struct actor *who, const char *slug)
{
	struct look l = { .t = t, .who = who, .slug = slug, .lang = "en", .words = "x" };

	EXPECT_RC(RC_OK, db_read(t->db, look, &l, &t->err));
	return l.found == RC_OK ? l.a.html : STR("not found");
}

TEST_EACH_DB(kb_includes_follow_what_they_include)
{
	struct article part = article("part", "en", VISIBLE_PUBLIC, "shared words");

	EXPECT_RC(RC_OK, put(t, article("whole", "en", VISIBLE_PUBLIC, "before\n\n{{> part}}")));
	EXPECT_STR("what is not there is left out", html_for(t, &nobody, "whole"), "<p>before</p>");
	EXPECT_RC(RC_OK, put(t, part));
	EXPECT_STR("and comes when it is there", html_for(t, &nobody, "whole"), "<p>before</p><p>shared words</p>");
	part.markdown = STR("other words");
	EXPECT_RC(RC_OK, put(t, part));
	EXPECT_STR("it is always the newest", html_for(t, &nobody, "whole"), "<p>before</p><p>other words</p>");
	part.visibility = VISIBLE_INTERNAL;
	EXPECT_RC(RC_OK, put(t, part));
	EXPECT_STR("what became internal is gone from public pages (S-34)", html_for(t, &nobody, "whole"), "<p>before</p>");
	EXPECT_RC(RC_OK, put(t, article("inner", "en", VISIBLE_INTERNAL, "{{> part}}")));
	EXPECT_STR("internal pages hold it", html_for(t, &agent, "inner"), "<p>other words</p>");
	EXPECT_RC(RC_OK, put(t, article("customers", "en", VISIBLE_CUSTOMERS, "{{> part}}\n\n{{> whole}}")));
	EXPECT_STR("customers' pages do not, but public ones", html_for(t, &contact, "customers"), "<p>before</p>");
	struct article inner = article("inner", "en", VISIBLE_PUBLIC, "{{> part}}");
	EXPECT_RC(RC_OK, put(t, inner));
	EXPECT_STR("and lose it when they become public", html_for(t, &nobody, "inner"), "");
}

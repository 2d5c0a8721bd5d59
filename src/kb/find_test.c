/* What is found, in which order, and by whom: words, phrases, beginnings, stems, mistakes, synonyms, chosen pages; and
 * nothing of what the reader may not see, in no number and no suggestion. */
#include "kb/edit.h"
#include "kb/find_private.h"
#include "kb/read.h"
#include "test/test.h"
#include <stdio.h>

static const struct actor agent = { .kind = ACTOR_AGENT, .agent = { 1 }, .name = STR_INIT("the writer") };
static const struct actor nobody = { .kind = ACTOR_NOBODY };

/* ---- words ---- */

TEST(find_distances)
{
	EXPECT_EQ("nothing", find_distance(STR("certificate"), STR("certificate"), 2), 0);
	EXPECT_EQ("a letter changed", find_distance(STR("certificote"), STR("certificate"), 2), 1);
	EXPECT_EQ("two swapped", find_distance(STR("certifciate"), STR("certificate"), 2), 1);
	EXPECT_EQ("one left out, one put in", find_distance(STR("certficatee"), STR("certificate"), 2), 2);
	EXPECT_EQ("too many", find_distance(STR("xyz"), STR("certificate"), 2), 3);
	EXPECT_EQ("letters, not bytes", find_distance(STR("\xc3\xb1u"), STR("nu"), 2), 1);
}

static bool share(const char *x, const char *y)
{
	int64_t a[FIND_KEYS], b[FIND_KEYS];
	size_t n = find_keys(str_of(x), a), m = find_keys(str_of(y), b);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < m; k++)
			if (a[i] == b[k])
				return true;
	return false;
}

TEST(find_keys_meet)
{
	EXPECT("the same word", share("grade", "grade"));
	EXPECT("a letter left out", share("grde", "grade"));
	EXPECT("a letter changed", share("grode", "grade"));
	EXPECT("two swapped", share("garde", "grade"));
	EXPECT("two mistakes in a long word", share("certifficote", "certificate"));
	EXPECT("a mistake at the beginning", share("xertificate", "certificate"));
	EXPECT("behind the seventh letter all is one", share("certificxx", "certificate"));
	EXPECT("seven letters and eight", share("gradbok", "gradebok") && share("gradebk", "gradebook"));
	EXPECT("other words do not", !share("grade", "course"));
	EXPECT("short words are not corrected", !share("abc", "abd"));
}

static struct find_terms parse(struct test *t, const char *words, const char *lang)
{
	struct find_terms r;

	find_parse(&t->arena, str_of(words), str_of(lang), &r);
	return r;
}

static bool has(const struct find_group *g, const char *form)
{
	for (size_t i = 0; i < g->n; i++)
		if (str_is(g->form[i].text, form))
			return true;
	return false;
}

TEST(find_parse)
{
	struct find_terms q = parse(t, "How do I reset the Certificates?", "en");

	EXPECT_EQ("words that say nothing are left out", (int64_t)q.n, 2);
	EXPECT("a stem beside the word", has(&q.at[1], "certificates") && has(&q.at[1], "certif"));
	q = parse(t, "the", "en");
	EXPECT_EQ("unless there are no others", (int64_t)q.n, 1);
	q = parse(t, "\"cómo emitir\" certificaciones", "es");
	EXPECT("a phrase is exact", q.n == 2 && q.at[0].phrase && q.at[0].n == 1 && has(&q.at[0], "como emitir"));
	EXPECT("Spanish, accents or not", has(&q.at[1], "certif"));
	EXPECT("without an accent as with one", has(&parse(t, "certificacion", "es").at[0], "certif"));
	EXPECT("Portuguese",
	       has(&parse(t, "avaliações", "pt").at[0], "avali") && has(&parse(t, "avaliacao", "pt").at[0], "avali"));
	EXPECT_EQ("signs are nothing", (int64_t)parse(t, "'); -- * \" :", "en").n, 0);

	q = parse(t, "marks", "en");
	find_widen(&t->arena, &q, STR("grade, mark, passing score"), STR("en"));
	EXPECT("synonyms by the stem", has(&q.at[0], "grade") && has(&q.at[0], "passing score"));
	q = parse(t, "course", "en");
	find_widen(&t->arena, &q, STR("grade, mark"), STR("en"));
	EXPECT("and only theirs", !has(&q.at[0], "grade"));
}

TEST(find_snippets)
{
	struct find_terms q = parse(t, "issue certificates", "en");
	struct kb_scrap *p;
	char text[2000] = "";
	size_t n, hits = 0;

	for (int i = 0; i < 40; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "word%d other ", i);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "then <b>Certificates</b> are issued to all.");
	n = find_snippet(&t->arena, &q, STR("en"), str_of(text), &p);
	for (size_t i = 0; i < n; i++) {
		hits += p[i].hit;
		EXPECT("marks are words",
		       !p[i].hit || str_eq_nocase(p[i].text, STR("Certificates")) || str_is(p[i].text, "issued"));
	}
	EXPECT_EQ("the words are marked, their other forms, too", (int64_t)hits, 2);
	EXPECT("the beginning is left out", n > 0 && !p[0].hit && str_is(p[0].text, "… "));
	EXPECT_EQ("nothing when they are not in it",
	          (int64_t)find_snippet(&t->arena, &q, STR("en"), STR("nothing"), &p), 0);
}

/* ---- articles ---- */

struct world {
	struct test *t;
	const struct actor *who;
	struct kb_query q;
	struct kb_found found;
};

static struct article page(const char *slug, const char *lang, const char *title, const char *text, enum visibility v)
{
	return (struct article){ .slug = str_of(slug),
		                 .lang = str_of(lang),
		                 .title = str_of(title),
		                 .markdown = str_of(text),
		                 .kind = ARTICLE_FAQ,
		                 .visibility = v,
		                 .published_at = { 1 } };
}

static enum rc fill(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;
	struct article all[] = {
		page("issue-certificates", "en", "Issue certificates",
		     "Learners who passed get one. Open the instructor dashboard.", VISIBLE_PUBLIC),
		page("instructor-dashboard", "en", "The instructor dashboard",
		     "## Certificates\n\nButtons for certificates.", VISIBLE_PUBLIC),
		page("grading-policy", "en", "Grading policy", "How a grade is computed before certificates are made.",
		     VISIBLE_PUBLIC),
		page("politica", "es", "Política de calificación", "Las calificaciones y los certificados.",
		     VISIBLE_PUBLIC),
		page("secret-plan", "en", "Zanzibar certificates", "The zanzibarfoo plan of quokkaland.",
		     VISIBLE_INTERNAL),
		page("customers", "en", "Support hours", "Customers read wombatline here.", VISIBLE_CUSTOMERS),
	};
	struct article_id id;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < COUNT(all) && rc == RC_OK; i++)
		rc = kb_save(tx, &w->t->arena, &agent, time_now(), &all[i], &id, err);
	return rc;
}

static enum rc look(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;

	return kb_look(tx, &w->t->arena, w->who, &w->q, time_now(), &w->found, err);
}

static void find(struct world *w, const struct actor *who, const char *words, const char *lang)
{
	struct test *t = w->t;

	w->who = who;
	w->q.words = str_of(words);
	w->q.lang = str_of(lang);
	w->q.max = w->q.max ? w->q.max : 20;
	EXPECT_RC(RC_OK, db_read(t->db, look, w, &t->err));
}

static bool first(const struct world *w, const char *slug)
{
	return w->found.n && str_is(w->found.at[0].slug, slug);
}

TEST_EACH_DB(find_articles)
{
	struct world w = { .t = t };

	EXPECT_RC(RC_OK, db_write(t->db, fill, &w, &t->err));
	find(&w, &nobody, "certificates", "en");
	EXPECT_EQ("all that has it", (int64_t)w.found.total, 3);
	EXPECT("the title first", first(&w, "issue-certificates"));
	EXPECT("then headings", w.found.n == 3 && str_is(w.found.at[1].slug, "instructor-dashboard"));
	EXPECT("counts by kind",
	       w.found.kinds[ARTICLE_FAQ] == 3 && w.found.kinds[0] == 3 && w.found.kinds[ARTICLE_DOC] == 0);
	find(&w, &nobody, "CERTIFICATE", "en");
	EXPECT_EQ("by its stem", (int64_t)w.found.total, 3);
	find(&w, &nobody, "\"instructor dashboard\"", "en");
	EXPECT_EQ("phrases are exact", (int64_t)w.found.total, 2);
	find(&w, &nobody, "\"dashboard instructor\"", "en");
	EXPECT_EQ("in their order", (int64_t)w.found.total, 0);
	find(&w, &nobody, "certif*", "en");
	EXPECT_EQ("beginnings", (int64_t)w.found.total, 3);
	find(&w, &nobody, "dashb", "en");
	EXPECT("an unfinished last word", w.found.total == 2 && w.found.how == KB_BEGINNING);
	find(&w, &nobody, "certifcates", "en");
	EXPECT("a mistake", w.found.total == 3 && w.found.how == KB_MISTYPED);
	EXPECT_STR("what was meant is said", w.found.meant, "certificates");
	find(&w, &nobody, "politica calificacion", "es");
	EXPECT("Spanish without accents", first(&w, "politica"));
	find(&w, &nobody, "calificaciones", "es");
	EXPECT("its stems", w.found.total == 1);
	find(&w, &nobody, "grading bananas elephant", "en");
	EXPECT("some of the words", w.found.how == KB_SOME_WORDS && first(&w, "grading-policy"));
	find(&w, &nobody, "xylophone", "en");
	EXPECT_EQ("nothing", (int64_t)w.found.total, 0);
	EXPECT("a snippet", (find(&w, &nobody, "passed", "en"), w.found.n == 1 && w.found.at[0].n_snippet >= 2));
}

TEST_EACH_DB(find_nothing_of_others)
{
	static const char *const words[] = { "zanzibarfoo", "zanzibarfo",          "zanzib", "zanzibar", "quokkaland",
		                             "quokkalnd",   "\"zanzibarfoo plan\"" };
	struct world w = { .t = t };

	EXPECT_RC(RC_OK, db_write(t->db, fill, &w, &t->err));
	for (size_t i = 0; i < COUNT(words); i++) {
		find(&w, &nobody, words[i], "en");
		EXPECT("no hit", w.found.n == 0 && w.found.total == 0 && w.found.kinds[0] == 0);
		EXPECT("no suggestion", w.found.meant.n == 0);
		find(&w, &agent, words[i], "en");
		EXPECT("agents find it", w.found.total == 1);
	}
	find(&w, &nobody, "wombatlin", "en");
	EXPECT("what is for customers is not suggested to others", !w.found.total && !w.found.meant.n);
}

static enum rc keep(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;
	struct arena *a = &w->t->arena;
	enum rc rc = kb_synonym_put(tx, a, STR("en"), STR("Diploma, certificate"), err);

	if (rc == RC_OK)
		rc = kb_pin_put(tx, a, STR(""), STR("Certificates"),
		                STR("https://desk.example/kb/grading-policy?lang=en"), err);
	return rc == RC_OK ? kb_pin_put(tx, a, STR(""), STR("certificates"), STR("secret-plan"), err) : rc;
}

static enum rc keep_wrong(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;

	return kb_pin_put(tx, &w->t->arena, STR(""), STR("x"), STR("no-such-page"), err);
}

TEST_EACH_DB(find_synonyms_and_pins)
{
	struct world w = { .t = t };

	EXPECT_RC(RC_OK, db_write(t->db, fill, &w, &t->err));
	find(&w, &nobody, "diplomas", "en");
	EXPECT("not before", !first(&w, "issue-certificates"));
	EXPECT_RC(RC_OK, db_write(t->db, keep, &w, &t->err));
	find(&w, &nobody, "diplomas", "en");
	EXPECT("a synonym", first(&w, "issue-certificates"));
	find(&w, &nobody, " CERTIFICATES ", "en");
	EXPECT("the chosen page comes first", first(&w, "grading-policy") && w.found.at[0].pinned);
	EXPECT_EQ("and one that may not be read does not come", (int64_t)w.found.total, 3);
	EXPECT("a page that is not there", db_write(t->db, keep_wrong, &w, &t->err) == RC_INVALID);
}

static enum rc change(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;
	struct article a = page("issue-certificates", "en", "Issue diplomas", "Nothing else.", VISIBLE_PUBLIC);
	struct article_id id;

	return kb_save(tx, &w->t->arena, &agent, time_now(), &a, &id, err);
}

TEST_EACH_DB(find_what_is_there_now)
{
	struct world w = { .t = t };

	EXPECT_RC(RC_OK, db_write(t->db, fill, &w, &t->err));
	EXPECT_RC(RC_OK, db_write(t->db, change, &w, &t->err));
	find(&w, &nobody, "diplomas", "en");
	EXPECT("the new words at once", first(&w, "issue-certificates"));
	find(&w, &nobody, "learners", "en");
	EXPECT_EQ("the old ones no more", (int64_t)w.found.total, 0);
	EXPECT_RC(RC_OK, kb_index_catch_up(t->db, &t->arena, &t->err));
}

struct proposals {
	struct world w;
	const char *words, *course;
	bool broken;
	struct article_hit *at;
	size_t n;
};

static enum rc fill_courses(struct db_tx *tx, void *arg, struct err *err)
{
	struct proposals *p = arg;
	struct article all[] = {
		page("forum", "en", "The forum", "Posts and answers.", VISIBLE_PUBLIC),
		page("forum-101", "en", "Forum rules of a course", "The forum of MATH-101 has rules.", VISIBLE_PUBLIC),
		page("forum-inside", "en", "Forum inside", "The forum of MATH-101 and ART-202.", VISIBLE_INTERNAL),
		page("badges", "en", "Badges", "What they are.", VISIBLE_PUBLIC),
		page("badges-book", "en", "Badges", "What they are.", VISIBLE_PUBLIC),
	};
	struct article_id id;
	enum rc rc = RC_OK;

	all[4].kind = ARTICLE_DOC;
	for (size_t i = 0; i < COUNT(all) && rc == RC_OK; i++)
		rc = kb_save(tx, &p->w.t->arena, &agent, time_now(), &all[i], &id, err);
	return rc;
}

static enum rc propose(struct db_tx *tx, void *arg, struct err *err)
{
	struct proposals *p = arg;

	return kb_suggest(tx, &p->w.t->arena, &nobody, str_of(p->words), STR("en"), str_of(p->course), p->broken, 3,
	                  &p->at, &p->n, err);
}

static bool proposed(struct proposals *p, const char *words, const char *course, bool broken, const char *slug)
{
	struct test *t = p->w.t;

	p->words = words;
	p->course = course;
	p->broken = broken;
	EXPECT_RC(RC_OK, db_read(t->db, propose, p, &t->err));
	return p->n && str_is(p->at[0].slug, slug);
}

TEST_EACH_DB(find_for_a_course)
{
	struct proposals p = { .w = { .t = t } };

	EXPECT_RC(RC_OK, db_write(t->db, fill_courses, &p, &t->err));
	EXPECT("without a course the title decides", proposed(&p, "forum", "", true, "forum"));
	EXPECT("a page about the course comes first",
	       proposed(&p, "forum", "course-v1:Campus+MATH-101+2026", true, "forum-101") && p.n == 2);
	EXPECT("the old form of its name, too", proposed(&p, "forum", "Campus/MATH-101/2026", true, "forum-101"));
	EXPECT("another course lifts nothing", proposed(&p, "forum", "course-v1:Campus+PHYS+2026", true, "forum"));
	EXPECT("words that nobody wrote: what there is about the course",
	       proposed(&p, "xylophone", "course-v1:Campus+MATH-101+2026", true, "forum-101") && p.n == 1);
	EXPECT("nothing of what is hidden",
	       !proposed(&p, "xylophone", "course-v1:Campus+ART-202+2026", true, "") && !p.n);
	EXPECT("a name that is none harms nothing", proposed(&p, "forum", "\"') OR +*\"+x+y", true, "forum"));
	EXPECT("what is broken is repaired", proposed(&p, "badges", "", true, "badges") && p.n == 2);
	EXPECT("what is asked for is read up", proposed(&p, "badges", "", false, "badges-book") && p.at[0].page > 0);
}

/* ---- gaps ---- */

struct gaps {
	struct test *t;
	struct kb_gap *at;
	size_t n;
};

static enum rc read_gaps(struct db_tx *tx, void *arg, struct err *err)
{
	struct gaps *g = arg;

	return kb_gaps(tx, &g->t->arena, 0, false, &g->at, &g->n, err);
}

TEST_EACH_DB(find_gaps)
{
	struct gaps g = { .t = t };
	struct kb_tally *tally = kb_tally_new();
	struct instant now = time_now();

	kb_tally_query(tally, STR("en"), STR("Quokkas"), 0, now);
	kb_tally_query(tally, STR("en"), STR("quokkas"), 0, now);
	kb_tally_query(tally, STR("en"), STR("grades"), 3, now);
	kb_tally_query(tally, STR("en"), STR("certificates"), 3, now);
	kb_tally_opened(tally, STR("en"), STR("certificates"), now);
	EXPECT_RC(RC_OK, kb_tally_flush(tally, t->db, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, read_gaps, &g, &t->err));
	EXPECT_EQ("what was opened is no gap", g.n, 2);
	EXPECT("what was searched most comes first", g.n == 2 && str_is(g.at[0].words, "quokkas") && g.at[0].n == 2);
	EXPECT("found and not opened",
	       g.n == 2 && str_is(g.at[1].words, "grades") && g.at[1].hits == 3 && !g.at[1].opened);
	kb_tally_opened(tally, STR("en"), STR("grades"), now); /* a minute later */
	EXPECT_RC(RC_OK, kb_tally_flush(tally, t->db, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, read_gaps, &g, &t->err));
	EXPECT("opened later counts", g.n == 1 && g.at[0].hits == 0);
	kb_tally_free(tally);
}

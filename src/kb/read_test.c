/* Readers' side of a page: its place in a book, its languages, what is kept from whom, counts without a write a
 * reading. */
#include "kb/edit.h"
#include "kb/read.h"
#include "test/test.h"

#define NOW time_now()
static const struct actor writer = {
	.kind = ACTOR_AGENT, .agent = { 1 }, .agent_role = AGENT_ADMIN, .name = STR_INIT("the writer")
};
static const struct actor nobody = { .kind = ACTOR_NOBODY };

DB_QUERY(q_agent, "test.read-agent",
         "INSERT INTO agent (id, name, email, role, created_at) VALUES (1, 'the writer', 'writer@desk.example', 3, 1)");
DB_QUERY(q_tree, "test.read-tree",
         "UPDATE kb_page SET parent_id = (SELECT k.id FROM kb_page k WHERE k.key = :parent), position = :position"
         " WHERE key = :key");
DB_QUERY(q_counted, "test.read-counted", "SELECT COALESCE(SUM(n), 0) FROM kb_count WHERE what = 1");
DB_QUERY(q_asked, "test.read-asked", "SELECT COALESCE(SUM(n), 0) FROM kb_query WHERE words = 'lost grades'");

struct world {
	struct test *t;
	struct kb_reading k;
	enum rc rc;
	const struct actor *who;
	const char *slug, *lang;
	int64_t n, stamp, shelves[7];
};

static enum rc put(struct db_tx *tx, struct world *w, const char *slug, const char *lang, enum visibility v,
                   const char *title, struct err *err)
{
	struct article a = { .slug = str_of(slug),
		             .lang = str_of(lang),
		             .title = str_of(title),
		             .markdown = STR("## One\n\ntext\n\n## Two\n\ntext"),
		             .kind = ARTICLE_DOC,
		             .visibility = v,
		             .published_at = { 1 } };
	struct article_id id;

	return kb_save(tx, &w->t->arena, &writer, NOW, &a, &id, err);
}

static enum rc book(struct db_tx *tx, void *arg, struct err *err)
{
	static const struct {
		const char *key, *parent;
		int position;
	} tree[] = {
		{"first",   "book", 1},
                { "hidden", "book", 2},
                { "second", "book", 3}
	};
	struct world *w = arg;
	enum rc rc = db_exec(tx, &q_agent, DB_NO_ARGS, NULL, err);

	if (rc == RC_OK)
		rc = put(tx, w, "book", "en", VISIBLE_PUBLIC, "The book", err);
	if (rc == RC_OK)
		rc = put(tx, w, "first", "en", VISIBLE_PUBLIC, "First", err);
	if (rc == RC_OK)
		rc = put(tx, w, "hidden", "en", VISIBLE_INTERNAL, "Hidden canary", err);
	if (rc == RC_OK)
		rc = put(tx, w, "second", "en", VISIBLE_PUBLIC, "Second", err);
	for (size_t i = 0; i < COUNT(tree) && rc == RC_OK; i++)
		rc = db_exec(tx, &q_tree,
		             DB_ARGS(db_str("key", str_of(tree[i].key)), db_str("parent", str_of(tree[i].parent)),
		                     db_i64("position", tree[i].position)),
		             NULL, err);
	return rc;
}

static enum rc look(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;

	w->rc = kb_read(tx, &w->t->arena, w->who, str_of(w->slug), str_of(w->lang), NOW, &w->k, err);
	enum rc rc = kb_shelves(tx, w->who, str_of(w->lang), NOW, w->shelves, err);

	return rc == RC_OK ? kb_stamp(tx, &w->stamp, err) : rc;
}

TEST_EACH_DB(kb_read_book)
{
	struct world w = { .t = t, .who = &nobody, .slug = "first", .lang = "es" };

	EXPECT_RC(RC_OK, db_write(t->db, book, &w, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, look, &w, &t->err));
	EXPECT_RC(RC_OK, w.rc);
	EXPECT_EQ("it stands in one book", w.k.n_crumbs, 1);
	EXPECT_STR("by its title", w.k.crumbs[0].title, "The book");
	EXPECT_STR("what is for agents is not the next page", w.k.next.slug, "second");
	EXPECT_STR("before the first page is the book", w.k.prev.slug, "book");
	EXPECT_EQ("nor counted", w.shelves[ARTICLE_DOC], 3);
	w.slug = "book";
	EXPECT_RC(RC_OK, db_read(t->db, look, &w, &t->err));
	EXPECT_EQ("the book has two pages for readers", w.k.n_below, 2);
	EXPECT_STR("and leads to the first", w.k.next.slug, "first");
	w.slug = "hidden";
	EXPECT_RC(RC_OK, db_read(t->db, look, &w, &t->err));
	EXPECT_RC(RC_NOT_FOUND, w.rc);
	w.who = &writer;
	w.slug = "second";
	EXPECT_RC(RC_OK, db_read(t->db, look, &w, &t->err));
	EXPECT_STR("agents turn to it", w.k.prev.slug, "hidden");
}

static enum rc translate(struct db_tx *tx, void *arg, struct err *err)
{
	return put(tx, arg, "first", "es", VISIBLE_PUBLIC, "Primera", err);
}

TEST_EACH_DB(kb_read_languages)
{
	struct world w = { .t = t, .who = &nobody, .slug = "first", .lang = "es" };

	EXPECT_RC(RC_OK, db_write(t->db, book, &w, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, look, &w, &t->err));
	EXPECT_STR("English stands in", w.k.a.lang, "en");
	int64_t before = w.stamp;

	EXPECT_RC(RC_OK, db_write(t->db, translate, &w, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, look, &w, &t->err));
	EXPECT("what readers get has another stamp", w.stamp != before);
	EXPECT_STR("the reader's language", w.k.a.title, "Primera");
	EXPECT_EQ("both are offered", w.k.n_langs, 2);
	EXPECT("a fresh translation is not stale", !w.k.stale);
}

static enum rc feedback(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;
	struct kb_word *at = NULL;
	size_t n = 0;
	enum rc rc = kb_feedback_add(tx, &nobody, NOW, w->k.a.page, STR("en"), false, KB_WHY_OLD,
	                             STR(" The button is gone "), err);

	if (rc == RC_OK)
		rc = kb_feedback_add(tx, &nobody, NOW, w->k.a.page, STR("en"), true, KB_WHY_NONE, STR(""), err);
	if (rc == RC_OK)
		rc = kb_feedback_open(tx, &w->t->arena, (struct agent_id){ 0 }, &at, &n, err);
	struct test *t = w->t;
	EXPECT_EQ("one no is work", n, 1);
	EXPECT_STR("with its words", at[0].comment, "The button is gone");
	EXPECT_RC(RC_DENIED, kb_feedback_done(tx, &nobody, NOW, at[0].id, err));
	if (rc == RC_OK)
		rc = kb_feedback_done(tx, &writer, NOW, at[0].id, err);
	if (rc == RC_OK)
		rc = kb_feedback_open(tx, &w->t->arena, (struct agent_id){ 0 }, &at, &n, err);
	EXPECT_EQ("done is done", n, 0);
	return rc;
}

TEST_EACH_DB(kb_read_feedback)
{
	struct world w = { .t = t, .who = &nobody, .slug = "first", .lang = "en" };

	EXPECT_RC(RC_OK, db_write(t->db, book, &w, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, look, &w, &t->err));
	EXPECT_RC(RC_OK, db_write(t->db, feedback, &w, &t->err));
}

static enum rc counts(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;
	enum rc rc = db_get_i64(tx, &q_counted, DB_NO_ARGS, &w->n, err);

	return rc == RC_OK ? db_get_i64(tx, &q_asked, DB_NO_ARGS, &w->stamp, err) : rc;
}

TEST_EACH_DB(kb_read_counted)
{
	struct world w = { .t = t };
	struct kb_tally *k = kb_tally_new();

	for (int i = 0; i < 1000; i++)
		kb_tally_add(k, 1 + i % 7, KB_READ, NOW);
	kb_tally_query(k, STR("en"), STR(" Lost Grades "), 0, NOW);
	kb_tally_query(k, STR("en"), STR("lost grades"), 2, NOW);
	EXPECT_RC(RC_OK, kb_tally_flush(k, t->db, &t->err));
	EXPECT_RC(RC_OK, kb_tally_flush(k, t->db, &t->err));
	kb_tally_add(k, 3, KB_READ, NOW);
	EXPECT_RC(RC_OK, kb_tally_flush(k, t->db, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, counts, &w, &t->err));
	EXPECT_EQ("each reading is counted once", w.n, 1001);
	EXPECT_EQ("the same question is one", w.stamp, 2);
	kb_tally_free(k);
}

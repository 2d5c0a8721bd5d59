/* The life of a page: what is not published reaches no reader, nobody's save is lost, what was published comes back. */
#include "kb/check.h"
#include "kb/edit.h"
#include "kb/extra.h"
#include "kb/kb_private.h"
#include "search/search.h"
#include "test/test.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#define NOW       ((struct instant){ INT64_C(1795000000000000) })
#define LATER(us) time_add(NOW, us)

DB_QUERY(q_events, "test.kb-events", "SELECT COUNT(*) FROM event WHERE kind = 'article.changed'");
DB_QUERY(q_mails, "test.kb-mails", "SELECT COUNT(*) FROM outmail WHERE kind = 'kb'");

struct scene {
	struct test *t;
	struct db_tx *tx;
	struct actor ann, ben, reader, nobody;
	int64_t page;
};
typedef void scene_fn(struct scene *s);

static struct actor agent(struct scene *s, const char *name, enum agent_role role)
{
	struct test *t = s->t;
	struct actor program = { .kind = ACTOR_SYSTEM };
	struct agent g = { .name = str_of(name),
		           .role = role,
		           .email = arena_strf(&t->arena, "%s@desk.example", name) };

	EXPECT_RC(RC_OK, agent_create(s->tx, &program, NOW, &g, &g.id, &t->err));
	return actor_of_agent(&g);
}

struct play {
	struct test *t;
	scene_fn *fn;
};

static enum rc act(struct db_tx *tx, void *arg, struct err *err)
{
	struct play *p = arg;
	struct scene s = { .t = p->t, .tx = tx, .nobody = { .kind = ACTOR_NOBODY } };

	s.ann = agent(&s, "ann", AGENT_AGENT);
	s.ben = agent(&s, "ben", AGENT_ADMIN);
	s.reader = (struct actor){ .kind = ACTOR_CONTACT, .contact = { 1 }, .account = { 1 } };
	p->fn(&s);
	return RC_OK;
}

static void play(struct test *t, scene_fn *fn)
{
	struct play p = { t, fn };

	EXPECT_RC(RC_OK, db_write(t->db, act, &p, &t->err));
}

static int64_t make(struct scene *s, const char *title, const char *markdown)
{
	struct test *t = s->t;
	struct kb_new n = { .kind = ARTICLE_ARTICLE,
		            .visibility = VISIBLE_PUBLIC,
		            .lang = STR_INIT("en"),
		            .title = str_of(title),
		            .markdown = str_of(markdown) };
	int64_t id = 0;

	EXPECT_RC(RC_OK, kb_page_create(s->tx, &t->arena, &s->ann, NOW, &n, &id, &t->err));
	return id;
}

static struct kb_draft draft(struct scene *s, int64_t page, const char *lang)
{
	struct test *t = s->t;
	struct kb_draft d = { 0 };

	EXPECT_RC(RC_OK, kb_draft_open(s->tx, &t->arena, page, str_of(lang), &d, &t->err));
	return d;
}

static enum rc save(struct scene *s, const struct actor *who, struct kb_draft d, const char *markdown, int64_t *version)
{
	d.markdown = str_of(markdown);
	return kb_draft_save(s->tx, &s->t->arena, who, NOW, &d, version, &s->t->err);
}

static enum rc publish(struct scene *s, int64_t page, const char *lang, struct instant now, struct instant expires)
{
	struct kb_draft d = draft(s, page, lang);

	return kb_publish(s->tx, &s->t->arena, &s->ann, now, page, str_of(lang), d.version, STR("first"), expires,
	                  &s->t->err);
}

static bool reads(struct scene *s, const struct actor *who, const char *slug, const char *lang)
{
	struct article a;

	return kb_find(s->tx, &s->t->arena, who, str_of(slug), str_of(lang), &a, &s->t->err) == RC_OK;
}

static size_t finds(struct scene *s, const char *words)
{
	struct test *t = s->t;
	struct article_hit *hit;
	size_t n = 0;

	EXPECT_RC(RC_OK, kb_search(s->tx, &t->arena, &s->ben, str_of(words), STR("en"), 10, &hit, &n, &t->err));
	return n;
}

static int64_t count(struct scene *s, const struct db_query *q)
{
	struct test *t = s->t;
	int64_t n = 0;

	EXPECT_RC(RC_OK, db_get_i64(s->tx, q, DB_NO_ARGS, &n, &t->err));
	return n;
}

/* ---- nobody's save is lost ---- */

static void saves(struct scene *s)
{
	struct test *t = s->t;
	int64_t page = make(s, "Grade Book: slow?", "one"), v = 0, before = count(s, &q_events);
	struct kb_draft d = draft(s, page, "en");

	EXPECT_STR("the address is made of the title", d.slug, "grade-book-slow");
	EXPECT_EQ("it is a draft", d.state, KB_DRAFT);
	EXPECT_RC(RC_OK, save(s, &s->ann, d, "two", &v));
	EXPECT_EQ("a save is a version", v, 2);
	EXPECT_RC(RC_OK, save(s, &s->ann, d, "two", &v));
	EXPECT_EQ("the same text again is none, though its version is old: the answer may have been lost", v, 2);
	EXPECT_RC(RC_CONFLICT, save(s, &s->ben, d, "three", &v));
	EXPECT_STR("over another's save is refused", str_of(t->err.code), "stale");
	EXPECT_EQ("and says which version there is", v, 2);
	EXPECT_STR("the other's text is kept", draft(s, page, "en").markdown, "two");
	EXPECT_EQ("saves are no events", count(s, &q_events), before);
	d.version = 2;
	EXPECT_RC(RC_DENIED, save(s, &s->reader, d, "four", &v));
	d.slug = STR("Not An Address");
	EXPECT_RC(RC_INVALID, save(s, &s->ann, d, "four", &v));
	EXPECT_STR("its field is named", str_of(t->err.field), "slug");
	make(s, "Other", "");
	d.slug = STR("other");
	EXPECT_RC(RC_INVALID, save(s, &s->ann, d, "four", &v));
	EXPECT_STR("another draft has that address", str_of(t->err.field), "slug");
	EXPECT_STR("a second page of this title gets another address", draft(s, make(s, "Other", ""), "en").slug,
	           "other-2");
	EXPECT("no reader finds a draft", !reads(s, &s->ben, "grade-book-slow", "en") && finds(s, "two") == 0);
}

TEST_EACH_DB(kb_edit_saves)
{
	play(t, saves);
}

/* ---- draft, review, published, changed, archived ---- */

static void life(struct scene *s)
{
	struct test *t = s->t;
	int64_t page = make(s, "Canary", "# h\n\ncanaryword here"), v, events;
	struct kb_draft d;
	struct kb_comment *c;
	size_t n;

	EXPECT_RC(RC_CONFLICT,
	          kb_submit(s->tx, &t->arena, &s->ann, NOW, page, STR("en"), 7, s->ben.agent, STR(""), &t->err));
	EXPECT_RC(RC_OK,
	          kb_submit(s->tx, &t->arena, &s->ann, NOW, page, STR("en"), 1, s->ben.agent, STR("please"), &t->err));
	d = draft(s, page, "en");
	EXPECT_EQ("it waits for the reviewer", d.state, KB_REVIEW);
	EXPECT_STR("who is named", d.reviewer_name, "ben");
	EXPECT_RC(RC_INVALID, kb_return(s->tx, &t->arena, &s->ben, NOW, page, STR("en"), d.version, STR(" "), &t->err));
	EXPECT_RC(RC_OK, kb_return(s->tx, &t->arena, &s->ben, NOW, page, STR("en"), d.version, STR("a title, please"),
	                           &t->err));
	EXPECT_EQ("it is a draft again", draft(s, page, "en").state, KB_DRAFT);
	EXPECT_RC(RC_OK, kb_comments(s->tx, &t->arena, page, &c, &n, &t->err));
	EXPECT_EQ("both comments are kept", n, 2);
	EXPECT_STR("newest first", c[0].text, "a title, please");
	EXPECT("until here no reader", !reads(s, &s->nobody, "canary", "en") && finds(s, "canaryword") == 0);
	events = count(s, &q_events);
	EXPECT_RC(RC_OK, publish(s, page, "en", NOW, (struct instant){ 0 }));
	EXPECT("an event tells", count(s, &q_events) > events);
	EXPECT("now they do", reads(s, &s->nobody, "canary", "en") && finds(s, "canaryword") == 1);
	d = draft(s, page, "en");
	EXPECT("it is published, as revision 1", d.state == KB_PUBLISHED && d.live && d.live_revision == 1);
	EXPECT_RC(RC_CONFLICT, publish(s, page, "en", NOW, (struct instant){ 0 }));
	EXPECT_RC(RC_OK, save(s, &s->ben, d, "otherword", &v));
	d = draft(s, page, "en");
	EXPECT("a change is a draft beside it", d.state == KB_DRAFT && d.live && d.base == 1);
	EXPECT("readers keep what was published", finds(s, "canaryword") == 1 && finds(s, "otherword") == 0);
	EXPECT_RC(RC_OK, kb_draft_drop(s->tx, &s->ben, NOW, page, STR("en"), &t->err));
	EXPECT_STR("dropped, it is the published text", draft(s, page, "en").markdown, "# h\n\ncanaryword here");
	EXPECT_RC(RC_OK, kb_archive(s->tx, &t->arena, &s->ann, NOW, page, STR("en"), &t->err));
	EXPECT("archived, nobody reads it", !reads(s, &s->ben, "canary", "en") && finds(s, "canaryword") == 0);
	d = draft(s, page, "en");
	EXPECT("its text is kept", d.state == KB_ARCHIVED && str_find(d.markdown, STR("canaryword")) != STR_NONE);
	EXPECT_RC(RC_CONFLICT, save(s, &s->ann, d, "x", &v));
	EXPECT_RC(RC_CONFLICT, publish(s, page, "en", NOW, (struct instant){ 0 }));
	EXPECT_RC(RC_OK, kb_unarchive(s->tx, &t->arena, &s->ann, NOW, page, STR("en"), &t->err));
	EXPECT_RC(RC_OK, publish(s, page, "en", NOW, (struct instant){ 0 }));
	EXPECT("and it comes back", reads(s, &s->nobody, "canary", "en"));
}

TEST_EACH_DB(kb_edit_life)
{
	play(t, life);
}

/* ---- its time ---- */

static void times(struct scene *s)
{
	struct test *t = s->t;
	int64_t page = make(s, "Scheduled", "laterword");
	struct instant real = time_now();

	EXPECT_RC(RC_INVALID,
	          kb_schedule(s->tx, &t->arena, &s->ann, NOW, page, STR("en"), 1, NOW, (struct instant){ 0 }, &t->err));
	EXPECT_RC(RC_INVALID,
	          kb_schedule(s->tx, &t->arena, &s->ann, NOW, page, STR("en"), 1, LATER(10), LATER(5), &t->err));
	EXPECT_STR("not to expire before", str_of(t->err.field), "expires_at");
	real = time_add(real, -HOUR_US); /* what readers see is compared with the clock */
	EXPECT_RC(RC_OK, kb_schedule(s->tx, &t->arena, &s->ann, time_add(real, -DAY_US), page, STR("en"), 1, real,
	                             time_add(real, 10 * DAY_US), &t->err));
	EXPECT_EQ("it is scheduled", draft(s, page, "en").state, KB_SCHEDULED);
	EXPECT_RC(RC_NOT_FOUND, kb_due_step(s->tx, &t->arena, time_add(real, -1), &t->err));
	EXPECT("before its time nobody reads it", !reads(s, &s->ben, "scheduled", "en"));
	EXPECT_RC(RC_OK, kb_due_step(s->tx, &t->arena, real, &t->err));
	EXPECT("at its time it is there", reads(s, &s->nobody, "scheduled", "en") && finds(s, "laterword") == 1);
	EXPECT_RC(RC_NOT_FOUND, kb_due_step(s->tx, &t->arena, real, &t->err));
	EXPECT_RC(RC_OK, kb_due_step(s->tx, &t->arena, time_add(real, 10 * DAY_US), &t->err));
	EXPECT_EQ("at its end it is archived", draft(s, page, "en").state, KB_ARCHIVED);
	EXPECT("and gone", !reads(s, &s->ben, "scheduled", "en") && finds(s, "laterword") == 0);
	/* Changed after it was scheduled: somebody has to look again. */
	page = make(s, "Changed", "x");
	EXPECT_RC(RC_OK, kb_schedule(s->tx, &t->arena, &s->ann, NOW, page, STR("en"), 1, LATER(10),
	                             (struct instant){ 0 }, &t->err));
	struct kb_draft d = draft(s, page, "en");
	int64_t v;
	EXPECT_RC(RC_OK, save(s, &s->ben, d, "y", &v));
	EXPECT_RC(RC_NOT_FOUND, kb_due_step(s->tx, &t->arena, LATER(20), &t->err));
}

TEST_EACH_DB(kb_edit_times)
{
	play(t, times);
}

/* ---- revisions and old addresses ---- */

static void revisions(struct scene *s)
{
	struct test *t = s->t;
	int64_t page = make(s, "Old name", "first text"), v, kept;
	struct kb_draft d;
	struct kb_revision *at, r;
	struct str slug, lang;
	size_t n;

	EXPECT_RC(RC_OK, publish(s, page, "en", NOW, (struct instant){ 0 }));
	d = draft(s, page, "en");
	d.slug = STR("new-name");
	EXPECT_RC(RC_OK, save(s, &s->ben, d, "second text", &v));
	EXPECT("until it is published the old address holds", reads(s, &s->nobody, "old-name", "en"));
	EXPECT_RC(RC_OK, publish(s, page, "en", NOW, (struct instant){ 0 }));
	EXPECT("then the new one", reads(s, &s->nobody, "new-name", "en") && !reads(s, &s->nobody, "old-name", "en"));
	EXPECT_RC(RC_OK, kb_redirect_find(s->tx, &t->arena, &s->nobody, time_now(), STR("old-name"), STR("en"), &slug,
	                                  &lang, &t->err));
	EXPECT_STR("the old one leads there", slug, "new-name");
	struct kb_page p;
	EXPECT_RC(RC_OK, kb_page_find(s->tx, &t->arena, page, &p, &t->err));
	p.visibility = VISIBLE_INTERNAL;
	EXPECT_RC(RC_OK, kb_page_change(s->tx, &t->arena, &s->ann, NOW, &p, &t->err));
	EXPECT_RC(RC_NOT_FOUND, kb_redirect_find(s->tx, &t->arena, &s->reader, time_now(), STR("old-name"), STR("en"),
	                                         &slug, &lang, &t->err));
	EXPECT_RC(RC_OK, kb_redirect_find(s->tx, &t->arena, &s->ben, time_now(), STR("old-name"), STR("en"), &slug,
	                                  &lang, &t->err));
	struct kb_new other = {
		.kind = ARTICLE_FAQ, .lang = STR_INIT("en"), .title = STR_INIT("x"), .slug = STR_INIT("old-name")
	};
	int64_t id;
	EXPECT_RC(RC_INVALID, kb_page_create(s->tx, &t->arena, &s->ann, NOW, &other, &id, &t->err));
	EXPECT_RC(RC_OK, kb_revisions(s->tx, &t->arena, page, STR("en"), &at, &n, &t->err));
	EXPECT("two revisions, newest first", n == 2 && at[0].number == 2 && at[0].published);
	EXPECT_STR("with who published it", at[0].author, "ann");
	EXPECT_RC(RC_OK, kb_revision_find(s->tx, &t->arena, page, STR("en"), 1, &r, &t->err));
	EXPECT_STR("the first has its text", r.markdown, "first text");
	d = draft(s, page, "en");
	EXPECT_RC(RC_OK, save(s, &s->ben, d, "unpublished work", &v));
	EXPECT_RC(RC_OK, kb_revision_restore(s->tx, &t->arena, &s->ann, NOW, page, STR("en"), 1, &t->err));
	EXPECT_STR("it is the draft now", draft(s, page, "en").markdown, "first text");
	EXPECT_RC(RC_OK, kb_revisions(s->tx, &t->arena, page, STR("en"), &at, &n, &t->err));
	EXPECT("what was being written is kept", n == 3 && !at[0].published);
	EXPECT_RC(RC_NOT_FOUND, kb_revision_restore(s->tx, &t->arena, &s->ann, NOW, page, STR("en"), 99, &t->err));
	EXPECT_RC(RC_OK,
	          kb_revision_mark(s->tx, &t->arena, &s->ann, NOW, page, STR("en"), STR("a note"), &kept, &t->err));
	EXPECT_EQ("marked by hand", kept, 4);
	/* Back to the address it had: no redirect in a circle. */
	d = draft(s, page, "en");
	d.slug = STR("old-name");
	EXPECT_RC(RC_OK, save(s, &s->ben, d, "third", &v));
	EXPECT_RC(RC_OK, publish(s, page, "en", NOW, (struct instant){ 0 }));
	EXPECT_RC(RC_NOT_FOUND, kb_redirect_find(s->tx, &t->arena, &s->ben, time_now(), STR("old-name"), STR("en"),
	                                         &slug, &lang, &t->err));
	EXPECT_RC(RC_OK, kb_redirect_find(s->tx, &t->arena, &s->ben, time_now(), STR("new-name"), STR("en"), &slug,
	                                  &lang, &t->err));
}

TEST_EACH_DB(kb_edit_revisions)
{
	play(t, revisions);
}

/* ---- languages ---- */

static void languages(struct scene *s)
{
	struct test *t = s->t;
	int64_t page = make(s, "Source", "one"), v;
	struct kb_draft d;
	struct kb_line *at;
	size_t n;

	EXPECT_RC(RC_OK, publish(s, page, "en", NOW, (struct instant){ 0 }));
	d = draft(s, page, "es");
	EXPECT("a translation begins with the source's title and no text",
	       d.version == 0 && str_is(d.title, "Source") && !d.markdown.n);
	d.title = STR("Fuente");
	d.slug = STR("fuente");
	EXPECT_RC(RC_OK, save(s, &s->ann, d, "uno", &v));
	EXPECT_RC(RC_OK, publish(s, page, "es", NOW, (struct instant){ 0 }));
	EXPECT("it is read under its own address", reads(s, &s->nobody, "fuente", "es"));
	EXPECT("it follows its source",
	       !kb_draft_stale(&(struct kb_draft){ 0 }) && (d = draft(s, page, "es"), !kb_draft_stale(&d)));
	d = draft(s, page, "en");
	EXPECT_RC(RC_OK, save(s, &s->ann, d, "two", &v));
	EXPECT_RC(RC_OK, publish(s, page, "en", NOW, (struct instant){ 0 }));
	d = draft(s, page, "es");
	EXPECT("the source moved on: it is stale", kb_draft_stale(&d) && d.source_now == 2 && d.source_revision == 1);
	EXPECT_RC(RC_OK, kb_page_langs(s->tx, &t->arena, page, &at, &n, &t->err));
	EXPECT("the list says so, source first", n == 2 && str_is(at[0].lang, "en") && !at[0].stale && at[1].stale);
	d.source_revision = 2;
	EXPECT_RC(RC_OK, save(s, &s->ann, d, "uno", &v));
	EXPECT("reading it again is a change, too",
	       (d = draft(s, page, "es"), !kb_draft_stale(&d) && d.state == KB_DRAFT));
	EXPECT_RC(RC_OK, publish(s, page, "es", NOW, (struct instant){ 0 }));
	EXPECT_RC(RC_OK, kb_page_langs(s->tx, &t->arena, page, &at, &n, &t->err));
	EXPECT("published, it is up to date", n == 2 && !at[1].stale);
	struct kb_filter f = { .stale = true };
	int64_t after;
	EXPECT_RC(RC_OK, kb_lines(s->tx, &t->arena, &f, NOW, &at, &n, &after, &t->err));
	EXPECT_EQ("none is stale", n, 0);
	f = (struct kb_filter){ .lang = STR_INIT("es"), .words = STR_INIT("FUEN") };
	EXPECT_RC(RC_OK, kb_lines(s->tx, &t->arena, &f, NOW, &at, &n, &after, &t->err));
	EXPECT("found by its title", n == 1 && str_is(at[0].title, "Fuente") && at[0].live);
	f = (struct kb_filter){ .state = KB_DRAFT };
	EXPECT_RC(RC_OK, kb_lines(s->tx, &t->arena, &f, NOW, &at, &n, &after, &t->err));
	EXPECT_EQ("no draft is left", n, 0);
}

TEST_EACH_DB(kb_edit_languages)
{
	play(t, languages);
}

/* ---- the bin, the tree, who may read, review ---- */

static void bin(struct scene *s)
{
	struct test *t = s->t;
	int64_t page = make(s, "Binned", "binword"), after;
	struct kb_line *at;
	size_t n;

	EXPECT_RC(RC_OK, publish(s, page, "en", NOW, (struct instant){ 0 }));
	EXPECT_RC(RC_OK, kb_page_bin(s->tx, &s->ann, NOW, page, true, &t->err));
	EXPECT("nobody reads it, agents neither", !reads(s, &s->ben, "binned", "en") && finds(s, "binword") == 0);
	struct kb_filter f = { .bin = true };
	EXPECT_RC(RC_OK, kb_lines(s->tx, &t->arena, &f, NOW, &at, &n, &after, &t->err));
	EXPECT_EQ("it is in the bin", n, 1);
	EXPECT_RC(RC_OK, kb_page_bin(s->tx, &s->ann, NOW, page, false, &t->err));
	EXPECT("restored, it is as it was", reads(s, &s->nobody, "binned", "en") && finds(s, "binword") == 1);
	EXPECT_RC(RC_CONFLICT, kb_page_purge(s->tx, &t->arena, &s->ben, NOW, page, &t->err));
}

static void purge(struct scene *s)
{
	struct test *t = s->t;
	int64_t page = make(s, "Purged", "purgeword");
	struct kb_page p;

	EXPECT_RC(RC_OK, publish(s, page, "en", NOW, (struct instant){ 0 }));
	EXPECT_RC(RC_OK, kb_page_bin(s->tx, &s->ann, NOW, page, true, &t->err));
	EXPECT_RC(RC_DENIED, kb_page_purge(s->tx, &t->arena, &s->ann, NOW, page, &t->err));
	EXPECT_RC(RC_NOT_FOUND, kb_bin_step(s->tx, &t->arena, LATER((KB_BIN_DAYS - 1) * DAY_US), &t->err));
	EXPECT_RC(RC_OK, kb_bin_step(s->tx, &t->arena, LATER(KB_BIN_DAYS * DAY_US), &t->err));
	EXPECT_RC(RC_NOT_FOUND, kb_page_find(s->tx, &t->arena, page, &p, &t->err));
}

TEST_EACH_DB(kb_edit_bin)
{
	play(t, bin);
}

TEST_EACH_DB(kb_edit_purge)
{
	play(t, purge);
}

static void tree(struct scene *s)
{
	struct test *t = s->t;
	struct kb_new n = { .kind = ARTICLE_DOC, .lang = STR_INIT("en"), .title = STR_INIT("Book") };
	int64_t book, one, two, deep;
	struct kb_node *at;
	size_t k;

	EXPECT_RC(RC_OK, kb_page_create(s->tx, &t->arena, &s->ann, NOW, &n, &book, &t->err));
	n.parent = book;
	n.title = STR("One");
	EXPECT_RC(RC_OK, kb_page_create(s->tx, &t->arena, &s->ann, NOW, &n, &one, &t->err));
	n.title = STR("Two");
	EXPECT_RC(RC_OK, kb_page_create(s->tx, &t->arena, &s->ann, NOW, &n, &two, &t->err));
	n.parent = two;
	n.title = STR("Deep");
	EXPECT_RC(RC_OK, kb_page_create(s->tx, &t->arena, &s->ann, NOW, &n, &deep, &t->err));
	EXPECT_RC(RC_INVALID, kb_page_move(s->tx, &s->ann, NOW, book, deep, &t->err));
	EXPECT_RC(RC_INVALID, kb_page_move(s->tx, &s->ann, NOW, book, book, &t->err));
	EXPECT_RC(RC_OK, kb_page_shift(s->tx, &t->arena, &s->ann, NOW, two, true, &t->err));
	EXPECT_RC(RC_OK, kb_page_shift(s->tx, &t->arena, &s->ann, NOW, two, true, &t->err));
	EXPECT_RC(RC_OK, kb_tree(s->tx, &t->arena, &at, &k, &t->err));
	EXPECT("book, two, deep, one",
	       k == 4 && at[1].page == two && at[2].page == deep && at[2].depth == 2 && at[3].page == one);
	EXPECT("first and last are known", at[1].first && !at[1].last && at[3].last);
	EXPECT_RC(RC_OK, kb_page_move(s->tx, &s->ann, NOW, deep, 0, &t->err));
	EXPECT_RC(RC_OK, kb_tree(s->tx, &t->arena, &at, &k, &t->err));
	EXPECT("deep is a book now", k == 4 && at[3].page == deep && at[3].depth == 0);
}

TEST_EACH_DB(kb_edit_tree)
{
	play(t, tree);
}

static void properties(struct scene *s)
{
	struct test *t = s->t;
	int64_t page = make(s, "Props", "x");
	struct kb_sender from = { STR_INIT("http://desk.example"), STR_INIT("Desk"), STR_INIT("support@desk.example") };
	struct kb_page p;

	EXPECT_RC(RC_OK, kb_page_find(s->tx, &t->arena, page, &p, &t->err));
	EXPECT_STR("the writer owns it", p.owner_name, "ann");
	p.visibility = VISIBLE_PLANS;
	EXPECT_RC(RC_INVALID, kb_page_change(s->tx, &t->arena, &s->ann, NOW, &p, &t->err));
	EXPECT_STR("plans without a plan are refused", str_of(t->err.field), "plans");
	p.visibility = VISIBLE_CUSTOMERS;
	p.releases = STR("Sumac, redwood");
	p.tags = STR("");
	p.review_at = LATER(DAY_US);
	p.kind = ARTICLE_VIDEO;
	p.extra = STR("{\"embed\":\"https://www.youtube.com/watch?v=abc_D-1\",\"bad\":1}");
	EXPECT_RC(RC_OK, kb_page_change(s->tx, &t->arena, &s->ann, NOW, &p, &t->err));
	EXPECT_RC(RC_OK, kb_page_find(s->tx, &t->arena, page, &p, &t->err));
	EXPECT_STR("releases are words", p.releases, "sumac redwood");
	struct kb_extra x;
	kb_extra_read(&t->arena, p.extra, &x);
	EXPECT_STR("the video has the address without cookies", x.embed,
	           "https://www.youtube-nocookie.com/embed/abc_D-1");
	p.extra = STR("{\"embed\":\"https://evil.example/watch?v=1\"}");
	EXPECT_RC(RC_INVALID, kb_page_change(s->tx, &t->arena, &s->ann, NOW, &p, &t->err));
	EXPECT_RC(RC_NOT_FOUND, kb_review_step(s->tx, &t->arena, &from, NOW, &t->err));
	EXPECT_RC(RC_OK, kb_review_step(s->tx, &t->arena, &from, LATER(DAY_US), &t->err));
	EXPECT_RC(RC_NOT_FOUND, kb_review_step(s->tx, &t->arena, &from, LATER(2 * DAY_US), &t->err));
	EXPECT_EQ("the owner is reminded once", count(s, &q_mails), 1);
}

TEST_EACH_DB(kb_edit_properties)
{
	play(t, properties);
}

TEST(kb_extra_lines)
{
	struct kb_chapter *c;
	struct kb_tour *tour;
	struct kb_caption *cap;
	size_t n;

	EXPECT_RC(RC_OK,
	          kb_chapters_parse(&t->arena, STR("0:00 Begin\n\n1:05 The middle\n1:02:03 End"), &c, &n, &t->err));
	EXPECT("three chapters", n == 3 && c[1].at == 65 && c[2].at == 3723);
	EXPECT_STR("and back", kb_chapters_text(&t->arena, c, n), "0:00 Begin\n1:05 The middle\n1:02:03 End");
	EXPECT_RC(RC_INVALID, kb_chapters_parse(&t->arena, STR("1:00 a\n0:30 b"), &c, &n, &t->err));
	EXPECT_RC(RC_INVALID, kb_chapters_parse(&t->arena, STR("1:75 a"), &c, &n, &t->err));
	EXPECT_RC(RC_OK, kb_tours_parse(&t->arena, STR("Peer grading | /courses/x | see the rubric\nQuiz | /q"), &tour,
	                                &n, &t->err));
	EXPECT("two tours", n == 2 && str_is(tour[0].path, "/courses/x") && str_is(tour[0].hint, "see the rubric"));
	EXPECT_RC(RC_INVALID, kb_tours_parse(&t->arena, STR("x | //evil.example"), &tour, &n, &t->err));
	EXPECT_RC(RC_INVALID, kb_tours_parse(&t->arena, STR("x | javascript:1"), &tour, &n, &t->err));
	EXPECT_RC(RC_OK, kb_captions_parse(&t->arena, STR("es tok1 Español"), &cap, &n, &t->err));
	EXPECT_STR("a caption", cap[0].label, "Español");
	EXPECT_RC(RC_INVALID, kb_captions_parse(&t->arena, STR("es ../x"), &cap, &n, &t->err));
}

/* ---- addresses elsewhere ---- */

DB_QUERY(q_link, "test.kb-link", "SELECT error FROM kb_link");

struct knock {
	struct test *t;
	int fd, port;
	struct str error;
};

static enum rc write_link(struct db_tx *tx, void *arg, struct err *err)
{
	struct knock *k = arg;
	struct scene s = { .t = k->t, .tx = tx };

	s.ann = agent(&s, "ann", AGENT_AGENT);
	int64_t page = make(
	        &s, "Links",
	        str_z(&k->t->arena, arena_strf(&k->t->arena, "[there](http://127.0.0.1:%d/x?a=1&b=2)", k->port)));

	return publish(&s, page, "en", NOW, (struct instant){ 0 });
}

static enum rc read_link(struct db_tx *tx, void *arg, struct err *err)
{
	struct knock *k = arg;
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_link, DB_NO_ARGS, &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK)
		k->error = db_col_str(&r, 0, &k->t->arena);
	return rc;
}

/* One who answers everything with 204, until nobody knocks. */
static void *serve(void *arg)
{
	struct knock *k = arg;

	for (;;) {
		char line[2000];
		int c = accept(k->fd, NULL, NULL);

		if (c < 0)
			return NULL;
		ssize_t n = read(c, line, sizeof(line));
		static const char answer[] = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";

		if (n > 0)
			n = write(c, answer, sizeof(answer) - 1);
		close(c);
	}
}

TEST_EACH_DB(kb_links_inside)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	struct knock k = { .t = t, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	pthread_t thread;

	EXPECT_EQ("a door inside",
	          bind(k.fd, (struct sockaddr *)&at, n) | listen(k.fd, 8) |
	                  getsockname(k.fd, (struct sockaddr *)&at, &n),
	          0);
	k.port = ntohs(at.sin_port);
	EXPECT_EQ("and who opens it", pthread_create(&thread, NULL, serve, &k), 0);
	EXPECT_RC(RC_OK, db_write(t->db, write_link, &k, &t->err));
	EXPECT_RC(RC_OK, kb_links_step(t->db, &t->arena, false, NOW, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, read_link, &k, &t->err));
	EXPECT_STR("what is inside is not asked", k.error, "no connection");
	EXPECT_RC(RC_NOT_FOUND, kb_links_step(t->db, &t->arena, true, LATER(DAY_US), &t->err));
	EXPECT_RC(RC_OK, kb_links_step(t->db, &t->arena, true, LATER(8 * DAY_US), &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, read_link, &k, &t->err));
	EXPECT_STR("unless somebody wants that", k.error, "");
	shutdown(k.fd, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(k.fd);
}

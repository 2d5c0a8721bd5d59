/* Imports and exports: a tree becomes a book, again and again; what people wrote since stays; what goes out comes back
 * the same; sources in Git are pulled and hold nothing but text. */
#include "account/account.h"
#include "blob/blob.h"
#include "jail/jail.h"
#include "kb/convert.h"
#include "kb/edit.h"
#include "kb/export.h"
#include "kb/import.h"
#include "kb/source_private.h"
#include "test/test.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct actor agent = { .kind = ACTOR_AGENT, .agent = { 1 }, .name = STR_INIT("A Writer") };
static const struct actor nobody = { .kind = ACTOR_NOBODY };

struct world {
	struct test *t;
	struct blob_store *blobs;
	struct jail *jail;
	struct str dir;
	struct kb_import_report r;
	/* for reads */
	const char *slug;
	struct article a;
	enum rc found;
	struct kb_node *nodes;
	size_t n;
};

static void open_world(struct test *t, struct world *w)
{
	*w = (struct world){ .t = t,
		             .jail = jail_new("/proc/self/exe", 1),
		             .dir = arena_strf(&t->arena, "%s/tree", t->dir) };
	EXPECT_RC(RC_OK, blob_open(arena_strf(&t->arena, "%s/blobs", t->dir), 0, &w->blobs, &t->err));
	mkdir(str_z(&t->arena, w->dir), 0700);
}

static void close_world(struct world *w)
{
	blob_close(w->blobs);
	jail_free(w->jail);
}

static void write_bytes(struct world *w, const char *name, struct str bytes)
{
	char *path = arena_alloc(&w->t->arena, 1000);

	snprintf(path, 1000, STR_F "/%s", STR_A(w->dir), name);
	for (char *c = path + w->dir.n + 1; (c = strchr(c, '/')) != NULL; c++) {
		*c = 0;
		mkdir(path, 0700);
		*c = '/';
	}
	FILE *f = fopen(path, "wbe");
	if (f) {
		fwrite(bytes.p, 1, bytes.n, f);
		fclose(f);
	}
}

static void put(struct world *w, const char *name, const char *text)
{
	write_bytes(w, name, str_of(text));
}

static enum rc run_import(struct world *w, struct kb_import im)
{
	struct actor who = actor_system();

	im.dir = im.dir.p ? im.dir : w->dir;
	im.book = im.book.p ? im.book : STR("Book");
	im.lang = im.lang.p ? im.lang : STR("en");
	im.kind = ARTICLE_DOC;
	im.visibility = im.visibility ? im.visibility : VISIBLE_PUBLIC;
	return kb_import_tree(w->t->db, w->blobs, w->jail, &w->t->arena, &who, &im, &w->r, &w->t->err);
}

static enum rc read_one(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;

	w->found = kb_find(tx, &w->t->arena, &nobody, str_of(w->slug), STR("en"), &w->a, err);
	return kb_tree(tx, &w->t->arena, &w->nodes, &w->n, err);
}

static struct str html_of(struct world *w, const char *slug)
{
	w->slug = slug;
	w->a = (struct article){ .html = STR_INIT(""), .markdown = STR_INIT("") };
	struct test *t = w->t;

	EXPECT_RC(RC_OK, db_read(t->db, read_one, w, &t->err));
	return w->a.html;
}

/* A dot of a picture. */
static const char gif[] =
        "GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02"
        "D\x01\x00;";

static void small_tree(struct world *w)
{
	put(w, "index.md",
	    "# Home\n\n[setup](guide/setup.md#linux) ![A dot](img/dot.gif) [away](https://e.example/)\n");
	put(w, "guide/index.md",
	    "---\ntitle: The guide\ntags: [Grading, Open edX]\nsummary: \"All \\\"of\\\" it\"\n---\ntext\n");
	put(w, "guide/setup.md",
	    "# Setup\n\n!!! tip \"Try\"\n    inside\n\n## Linux\n\n`[x](index.md)` <b>bold</b> <!-- no "
	    "-->[up](../index.md)\n");
	put(w, "guide/b10.md", "# Ten\n");
	put(w, "guide/b9.md", "# Nine\n");
	write_bytes(w, "img/dot.gif", (struct str){ gif, sizeof(gif) - 1 });
}

TEST_EACH_DB(import_makes_a_book)
{
	struct world w;

	open_world(t, &w);
	small_tree(&w);
	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ .dry_run = true }));
	EXPECT("a dry run says what would be", w.r.created == 5 && w.r.media == 1);
	html_of(&w, "book");
	EXPECT("and changes nothing", w.found == RC_NOT_FOUND && w.n == 0);

	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ 0 }));
	EXPECT("all pages and the picture are new", w.r.created == 5 && w.r.media == 1 && w.r.problems == 0);
	struct str home = html_of(&w, "book");
	EXPECT("links between files lead to pages",
	       str_find(home, STR("<a href=\"/kb/setup#s-linux\">setup</a>")) != STR_NONE);
	EXPECT("pictures are ours", str_find(home, STR("<img src=\"/kb/media/")) != STR_NONE &&
	                                    str_find(home, STR("alt=\"A dot\"")) != STR_NONE);
	EXPECT_STR("the first page has the name of the book", w.a.title, "Book");
	if (EXPECT_EQ("the tree is kept", w.n, 5)) {
		EXPECT("the book, its chapter, its pages in their natural order",
		       w.nodes[0].depth == 0 && str_is(w.nodes[1].title, "The guide") && w.nodes[1].depth == 1 &&
		               str_is(w.nodes[2].title, "Nine") && str_is(w.nodes[3].title, "Ten") &&
		               str_is(w.nodes[4].title, "Setup") && w.nodes[4].depth == 2);
	}
	EXPECT_STR("other dialects and HTML become ours", html_of(&w, "setup"),
	           "<div class=\"adm adm-tip\"><p class=\"adm-title\">Try</p><p>inside</p></div><h2 "
	           "id=\"s-linux\">Linux</h2>"
	           "<p><code>[x](index.md)</code> <strong>bold</strong> <a href=\"/kb/book\">up</a></p>");
	html_of(&w, "the-guide");
	EXPECT_STR("front matter is heard", w.a.summary, "All \"of\" it");

	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ 0 }));
	EXPECT("the second time nothing changes",
	       w.r.unchanged == 5 && w.r.created + w.r.updated + w.r.kept + w.r.gone == 0);
	close_world(&w);
}

/* ---- again, with changes on both sides ---- */

struct editing {
	struct world *w;
	int64_t page, version;
};

static enum rc edit(struct db_tx *tx, void *arg, struct err *err)
{
	struct editing *e = arg;
	struct kb_draft d;
	enum rc rc = kb_draft_open(tx, &e->w->t->arena, e->page, STR("en"), &d, err);

	d.markdown = STR("written by hand");
	if (rc == RC_OK)
		rc = kb_draft_save(tx, &e->w->t->arena, &agent, time_now(), &d, &e->version, err);
	return rc == RC_OK ? kb_publish(tx, &e->w->t->arena, &agent, time_now(), e->page, STR("en"), e->version,
	                                STR(""), (struct instant){ 0 }, err)
	                   : rc;
}

static enum rc bin(struct db_tx *tx, void *arg, struct err *err)
{
	struct editing *e = arg;

	return kb_page_bin(tx, &agent, time_now(), e->page, true, err);
}

TEST_EACH_DB(import_again_keeps_what_people_did)
{
	struct world w;

	open_world(t, &w);
	small_tree(&w);
	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ 0 }));
	html_of(&w, "setup");
	struct editing e = { .w = &w, .page = w.a.page };
	EXPECT_RC(RC_OK, db_write(t->db, edit, &e, &t->err));
	html_of(&w, "nine");
	struct editing b = { .w = &w, .page = w.a.page };
	EXPECT_RC(RC_OK, db_write(t->db, bin, &b, &t->err));
	put(&w, "guide/setup.md", "# Setup\n\nnew from the tree\n");
	put(&w, "guide/index.md", "---\ntitle: The guide\nslug: handbook\n---\nother text\n");
	unlink(arena_strf(&t->arena, STR_F "/guide/b10.md", STR_A(w.dir)).p);
	put(&w, "guide/b9.md", "# Nine\n\nmore\n");

	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ .visibility = VISIBLE_INTERNAL }));
	EXPECT("one changed, one was edited here, one is in the bin, one is gone",
	       w.r.updated >= 1 && w.r.kept == 2 && w.r.gone == 1 && w.r.created == 0);
	EXPECT_STR("what was written by hand stays", html_of(&w, "setup"), "<p>written by hand</p>");
	EXPECT_STR("what changed changed, at its new address, and is as public as it was", html_of(&w, "handbook"),
	           "<p>other text</p>");
	html_of(&w, "ten");
	EXPECT("what is gone from the tree is reported, not deleted",
	       w.found == RC_OK && str_find(w.r.text, STR("still here: book:guide/b10.md")) != STR_NONE);
	html_of(&w, "nine");
	EXPECT("what is in the bin stays there", w.found == RC_NOT_FOUND);
	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ .force = true }));
	EXPECT_STR("force overwrites", html_of(&w, "setup"), "<p>new from the tree</p>");
	close_world(&w);
}

TEST_EACH_DB(import_orders_by_lists)
{
	struct world w;

	open_world(t, &w);
	put(&w, "a.md", "# Alpha\n");
	put(&w, "m.md", "# Em\n");
	put(&w, "z.md", "# Zed\n");
	put(&w, "loose.md", "# Loose\n");
	put(&w, "SUMMARY.md",
	    "# Summary\n\n- [Zed](z.md)\n  - [Alpha](a.md)\n- Part two\n  - [Em](m.md)\n- [Not there](x.md)\n");
	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ .book = STR_INIT("One") }));
	html_of(&w, "zed");
	if (EXPECT_EQ("pages, the part and the book", w.n, 6))
		EXPECT("as SUMMARY.md says, the others behind",
		       str_is(w.nodes[1].title, "Zed") && str_is(w.nodes[2].title, "Alpha") && w.nodes[2].depth == 2 &&
		               str_is(w.nodes[3].title, "Part two") && str_is(w.nodes[4].title, "Em") &&
		               w.nodes[4].depth == 2 && str_is(w.nodes[5].title, "Loose"));
	EXPECT_EQ("what is listed and not there is said", w.r.problems, 1);
	unlink(arena_strf(&t->arena, STR_F "/SUMMARY.md", STR_A(w.dir)).p);
	put(&w, "mkdocs.yml",
	    "site_name: X\nnav:\n  - Em: m.md\n  - \"Part two\":\n      - z.md\n      - 'Alpha': a.md\ntheme: y\n");
	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ .book = STR_INIT("One") }));
	html_of(&w, "zed");
	if (EXPECT_EQ("nothing is doubled", w.n, 6))
		EXPECT("as mkdocs.yml says", str_is(w.nodes[1].title, "Em") && str_is(w.nodes[2].title, "Part two") &&
		                                     str_is(w.nodes[3].title, "Zed") &&
		                                     str_is(w.nodes[4].title, "Alpha") && w.nodes[4].depth == 2);
	close_world(&w);
}

static enum rc read_spanish(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;

	return kb_find(tx, &w->t->arena, &nobody, str_of(w->slug), STR("es"), &w->a, err);
}

static enum rc open_spanish(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;
	struct kb_draft d;
	enum rc rc = kb_draft_open(tx, &w->t->arena, w->a.page, STR("es"), &d, err);

	w->found = rc == RC_OK && kb_draft_stale(&d) ? RC_CONFLICT : rc;
	return RC_OK;
}

TEST_EACH_DB(import_in_another_language_translates)
{
	struct world w;

	open_world(t, &w);
	put(&w, "en/index.md", "# Home\n");
	put(&w, "en/a.md", "# Grades\n\nwords\n");
	put(&w, "es/index.md", "# Inicio\n");
	put(&w, "es/a.md", "# Calificaciones\n\npalabras\n");
	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ .dir = str_concat(&t->arena, w.dir, STR("/en")) }));
	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ .dir = str_concat(&t->arena, w.dir, STR("/es")),
	                                                    .lang = STR_INIT("es") }));
	w.slug = "grades";
	EXPECT_RC(RC_OK, db_read(t->db, read_spanish, &w, &t->err));
	EXPECT("the same path of the same book is the same page",
	       str_is(w.a.title, "Calificaciones") && str_is(w.a.slug, "calificaciones"));
	EXPECT_RC(RC_OK, db_read(t->db, open_spanish, &w, &t->err));
	EXPECT_EQ("and its translation is not stale", w.found, RC_OK);
	html_of(&w, "grades");
	EXPECT_EQ("there are no more pages than before", w.n, 2);
	close_world(&w);
}

TEST_EACH_DB(import_of_one_file)
{
	struct world w;

	open_world(t, &w);
	put(&w, "a.md", "# Alone\n\nwords [b](b.md) ![d](dot.gif)\n");
	put(&w, "b.md", "# Not this\n");
	write_bytes(&w, "dot.gif", (struct str){ gif, sizeof(gif) - 1 });
	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ .only = STR_INIT("a.md"), .book = STR_INIT("import") }));
	EXPECT("one page, its picture, no book", w.r.created == 1 && w.r.media == 1);
	html_of(&w, "alone");
	EXPECT_STR("with its own title", w.a.title, "Alone");
	html_of(&w, "not-this");
	EXPECT("and nothing else", w.found == RC_NOT_FOUND);
	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ .only = STR_INIT("a.md"), .book = STR_INIT("import") }));
	EXPECT("again nothing changes", w.r.unchanged == 1 && w.r.gone == 0);
	put(&w, "x\x1b[31m.md", "# Odd\n");
	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ 0 }));
	EXPECT("names of files give terminals no commands", str_find_byte(w.r.text, '\x1b') == STR_NONE);
	close_world(&w);
}

TEST_EACH_DB(import_shows_nothing_but_its_tree)
{
	struct world w;

	open_world(t, &w);
	put(&w, "../secret.md", "# Secret\n");
	put(&w, "a.md", "# A\n\n[s](../secret.md) ![p](/etc/passwd) ![q](link.gif) ![r](../secret.gif)\n");
	EXPECT("there is a link out of the tree",
	       symlink("/etc/passwd", arena_strf(&t->arena, STR_F "/link.gif", STR_A(w.dir)).p) == 0 &&
	               symlink("/etc", arena_strf(&t->arena, STR_F "/folder", STR_A(w.dir)).p) == 0);
	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ 0 }));
	EXPECT("the page, the book, no file", w.r.created == 2 && w.r.media == 0);
	EXPECT_STR("paths out of the tree are words", html_of(&w, "a"), "<p>s [p] [q] [r]</p>");
	EXPECT_RC(RC_INVALID, run_import(&w, (struct kb_import){ .dir = STR_INIT("/nonexistent") }));
	close_world(&w);
}

/* ---- out and in again ---- */

static struct str file_text(struct test *t, const char *path)
{
	char *p = arena_alloc(&t->arena, 65536);
	FILE *f = fopen(path, "rbe");
	size_t n = f ? fread(p, 1, 65535, f) : 0;

	if (f)
		fclose(f);
	return (struct str){ p, n };
}

TEST_EACH_DB(export_comes_back_the_same)
{
	struct world w;
	struct kb_export_report r;

	open_world(t, &w);
	small_tree(&w);
	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ 0 }));
	put(&w, "secret/a.md", "# Hidden\n");
	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ .dir = arena_strf(&t->arena, STR_F "/secret", STR_A(w.dir)),
	                                                    .book = STR_INIT("Inside"),
	                                                    .visibility = VISIBLE_INTERNAL }));
	struct kb_export ex = { .dir = arena_strf(&t->arena, "%s/md", t->dir),
		                .lang = STR_INIT("en"),
		                .visibility = VISIBLE_PUBLIC,
		                .product = STR_INIT("Desk") };
	EXPECT_RC(RC_OK, kb_export_tree(t->db, w.blobs, &t->arena, &ex, &r, &t->err));
	EXPECT("public pages and their picture, nothing internal (S-34)", r.pages == 5 && r.files == 1);
	struct str setup = file_text(t, arena_strf(&t->arena, "%s/md/book/the-guide/setup.md", t->dir).p);
	EXPECT("links are files again", str_find(setup, STR("[up](../index.md)")) != STR_NONE);
	EXPECT("in a folder that is there nothing is overwritten",
	       kb_export_tree(t->db, w.blobs, &t->arena, &ex, &r, &t->err) == RC_INVALID);

	EXPECT_RC(RC_OK, run_import(&w, (struct kb_import){ .dir = arena_strf(&t->arena, "%s/md/book", t->dir),
	                                                    .book = STR_INIT("Copy") }));
	EXPECT_EQ("it is imported whole", w.r.created, 5);
	ex.dir = arena_strf(&t->arena, "%s/site", t->dir);
	ex.html = true;
	EXPECT_RC(RC_OK, kb_export_tree(t->db, w.blobs, &t->arena, &ex, &r, &t->err));
	struct str page = file_text(t, arena_strf(&t->arena, "%s/site/setup.html", t->dir).p);
	EXPECT("a site has relative links and no scripts",
	       str_find(page, STR("<a href=\"book.html\">up</a>")) != STR_NONE &&
	               str_find(page, STR("<script")) == STR_NONE && str_find(page, STR("=\"/")) == STR_NONE);
	close_world(&w);
}

/* ---- other formats ---- */

TEST(convert_degrades_readably)
{
	char to[] = "/tmp/carrel-convert-XXXXXX", from[] = "/tmp/carrel-convert-XXXXXX";
	struct world w = { .t = t };

	if (access("/usr/bin/python3", X_OK) != 0 || system("python3 -c 'import docutils' 2>/dev/null") != 0)
		SKIP("python3-docutils is not installed");
	EXPECT("there are folders", mkdtemp(to) && mkdtemp(from));
	w.dir = str_of(from);
	put(&w, "index.rst",
	    ".. _top:\n\nManual\n======\n\n.. toctree::\n\n   guide/one\n\n.. note:: Mind *this*.\n\n.. versionadded:: "
	    "2.0\n   It is new.\n\n"
	    ".. code-block:: python\n\n   print(1)\n\n:guilabel:`&File` :file:`a.txt` :unknown:`x` `site "
	    "<http://e.example>`__\n\n"
	    ".. include:: /etc/passwd\n\n.. raw:: html\n\n   <script>x</script>\n\n.. mystery:: arg\n   :opt: 1\n\n   "
	    "kept\n\n"
	    "+---+---+\n| a | b |\n+===+===+\n| 1 | 2 |\n+---+---+\n\nterm\n  meaning [#f]_\n\n.. [#f] note\n");
	put(&w, "guide/one.rst",
	    "One\n===\n\nSee :ref:`top`, :ref:`the start <top>` and :doc:`/index`.\n\n.. image:: dot.gif\n   :alt: A "
	    "dot\n");
	write_bytes(&w, "guide/dot.gif", (struct str){ gif, sizeof(gif) - 1 });
	EXPECT_RC(RC_OK, kb_convert(STR("rst"), str_of(from), STR_NULL, str_of(to), &t->err));
	EXPECT_STR("reStructuredText", file_text(t, arena_strf(&t->arena, "%s/index.md", to).p),
	           "---\ntitle: \"Manual\"\n---\n:::note\nMind *this*.\n:::\n\n:::note New in version 2.0\nIt is "
	           "new.\n:::\n\n```python\nprint(1)\n```\n\n"
	           "**File** `a.txt` `x` [site](http://e.example)\n\nkept\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n- "
	           "**term**\n\n  meaning [^f]\n\n[^f]: note\n");
	EXPECT_STR("links between files", file_text(t, arena_strf(&t->arena, "%s/guide/one.md", to).p),
	           "---\ntitle: \"One\"\n---\nSee [Manual](../index.md), [the start](../index.md) and "
	           "[Manual](../index.md).\n\n![A dot](dot.gif)\n");
	EXPECT_STR("the order", file_text(t, arena_strf(&t->arena, "%s/SUMMARY.md", to).p), "- [One](guide/one.md)\n");
	EXPECT("pictures come along", access(arena_strf(&t->arena, "%s/guide/dot.gif", to).p, R_OK) == 0);
	kb_remove_tree(to);
	mkdir(to, 0700);
	put(&w, "page.html",
	    "<html><head><title>x</title></head><body><nav>menu</nav><div role=main><section id=\"a\"><h1>Page<a "
	    "class=headerlink>¶</a></h1>"
	    "<div class=\"admonition warning\"><p class=\"admonition-title\">Warning</p><p>Hot</p></div><p>a <b>b</b> "
	    "<a href=\"other.html#t\">o</a>"
	    "<script>alert(1)</script></p><div class=\"highlight-python notranslate\"><div class=\"highlight\"><pre>x "
	    "<span>=</span> 1\n</pre></div></div>"
	    "<dl class=py><dt class=sig id=\"t\">f(x)</dt><dd><p>does</p></dd></dl></section></div></body></html>");
	EXPECT_RC(RC_OK, kb_convert(STR("html"), str_of(from), STR_NULL, str_of(to), &t->err));
	EXPECT_STR("built HTML", file_text(t, arena_strf(&t->arena, "%s/page.md", to).p),
	           "---\ntitle: \"Page\"\n---\n:::warning\nHot\n:::\n\na **b** [o](other.html#t)\n\n```python\nx = "
	           "1\n```\n\n- `f(x)`\n\n  does\n");
	kb_remove_tree(to);
	kb_remove_tree(from);
	EXPECT("nothing is left", access(to, F_OK) != 0 && access(from, F_OK) != 0);
}

/* ---- Git ---- */

struct sourcing {
	struct world *w;
	struct kb_source s;
	const struct actor *who;
};

static enum rc save_source(struct db_tx *tx, void *arg, struct err *err)
{
	struct sourcing *x = arg;

	return kb_source_save(tx, x->who, &x->s, err);
}

static enum rc find_source(struct db_tx *tx, void *arg, struct err *err)
{
	struct sourcing *x = arg;
	struct actor who = actor_system();

	return kb_source_find(tx, &x->w->t->arena, &who, STR("Handbook"), &x->s, err);
}

static bool shell(struct test *t, struct str dir, const char *command)
{
	return system(arena_strf(&t->arena,
	                         "cd '" STR_F "' && HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a "
	                         "GIT_AUTHOR_EMAIL=a@b.example GIT_COMMITTER_NAME=a"
	                         " GIT_COMMITTER_EMAIL=a@b.example sh -c '%s' >/dev/null 2>&1",
	                         STR_A(dir), command)
	                      .p) == 0;
}

TEST_EACH_DB(source_is_pulled)
{
	static const struct {
		const char *why, *url, *branch, *folder;
	} wrong[] = {
		{"no option",          "--upload-pack=x",     "",   ""    },
		{ "no other protocol", "ext::sh -c x",        "",   ""    },
		{ "no path",           "/etc",                "",   ""    },
		{ "no folder outside", "https://e.example/x", "",   "../x"},
		{ "no odd branch",     "https://e.example/x", "-b", ""    },
		{ "no shell",          "ssh://e.example/x;y", "",   ""    },
	};
	struct actor system_actor = actor_system(), admin = { .kind = ACTOR_AGENT, .agent_role = AGENT_ADMIN };
	struct world w;
	struct kb_import_report r;

	open_world(t, &w);
	struct sourcing x = { .w = &w, .who = &admin };
	x.s = (struct kb_source){ .name = STR_INIT("Handbook"),
		                  .lang = STR_INIT("en"),
		                  .kind = ARTICLE_DOC,
		                  .visibility = VISIBLE_PUBLIC,
		                  .every = 5,
		                  .branch = STR_INIT(""),
		                  .folder = STR_INIT("docs") };
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct sourcing bad = x;

		bad.s.url = str_of(wrong[i].url);
		bad.s.branch = str_of(wrong[i].branch);
		bad.s.folder = str_of(wrong[i].folder);
		EXPECT(wrong[i].why, db_write(t->db, save_source, &bad, &t->err) == RC_INVALID);
	}
	x.s.url = arena_strf(&t->arena, "file://" STR_F, STR_A(w.dir));
	EXPECT("files of this machine are for the command line",
	       db_write(t->db, save_source, &x, &t->err) == RC_INVALID);
	x.who = &agent;
	EXPECT_RC(RC_DENIED, db_write(t->db, save_source, &x, &t->err));
	x.who = &system_actor;
	EXPECT_RC(RC_OK, db_write(t->db, save_source, &x, &t->err));
	if (access("/usr/bin/git", X_OK) != 0) {
		close_world(&w);
		SKIP("git is not installed");
	}
	put(&w, "docs/index.md", "# Handbook\n\nfirst\n");
	put(&w, "docs/a.md", "# A\n");
	put(&w, "README.md", "# Not this\n");
	EXPECT("there is a repository", shell(t, w.dir, "git init -q -b main . && git add -A && git commit -qm x"));
	EXPECT_RC(RC_OK, kb_source_step(t->db, w.blobs, w.jail, &t->arena, time_now(), &t->err));
	EXPECT_STR("the job takes what is due", html_of(&w, "handbook"), "<p>first</p>");
	html_of(&w, "not-this");
	EXPECT("and nothing outside of the folder", w.found == RC_NOT_FOUND);
	EXPECT_RC(RC_NOT_FOUND, kb_source_step(t->db, w.blobs, w.jail, &t->arena, time_now(), &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, find_source, &x, &t->err));
	EXPECT("the row says what came of it",
	       x.s.commit.n == 40 && !x.s.error.n && str_starts(x.s.report, STR("2 new")));
	EXPECT_RC(RC_OK, kb_source_pull(t->db, w.blobs, w.jail, &t->arena, &x.s, false, &r, &t->err));
	EXPECT_EQ("the same commit is not imported again", r.files, 0);
	put(&w, "docs/a.md", "# A\n\nsecond\n");
	EXPECT("there is a change", shell(t, w.dir, "git commit -qam y"));
	EXPECT_RC(RC_OK, kb_source_pull(t->db, w.blobs, w.jail, &t->arena, &x.s, false, &r, &t->err));
	EXPECT("only what changed changes", r.updated == 1 && r.unchanged == 1);
	x.s.url = STR("file:///nonexistent");
	EXPECT_RC(RC_INVALID, kb_source_pull(t->db, w.blobs, w.jail, &t->arena, &x.s, false, &r, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, find_source, &x, &t->err));
	EXPECT("a failure is shown at the source, and what was taken stays", x.s.error.n && x.s.commit.n == 40);
	close_world(&w);
}

/* kb/import: a documentation tree into the knowledge base, again and again. What a page was made of is its key
 * ("book:path"), so a second import changes what changed, adds what is new and reports what is gone; nothing is
 * doubled, and the addresses of pages stay. What people wrote into an imported page since is not overwritten, unless
 * `force` says so.
 *
 * The tree is Markdown: files with or without front matter (title, slug, summary or description, tags, position), in
 * the order of SUMMARY.md, mkdocs.yml or, without these, of folders and names. reStructuredText and built HTML become
 * such a tree first (convert.h). Pictures and files it links to become media, links between its pages lead to our
 * pages. */
#pragma once
#include "kb/kb.h"

struct blob_store;
struct jail;

#define IMPORT_PAGES_MAX 20000
#define IMPORT_FILE_MAX  (64 << 20)

struct kb_import {
	struct str dir;  /* the tree */
	struct str only; /* one file of it, by its path below `dir`, as a page outside of any book; STR_NULL: all */
	struct str book; /* its name: the first page of the book, and what keys and addresses begin with */
	struct str lang;
	enum article_kind kind;
	enum visibility visibility; /* of new pages; those that are there keep theirs */
	bool dry_run, force;
};
struct kb_import_report {
	size_t files, created, updated, unchanged, kept, gone, media, problems;
	struct str text; /* a line each: what was done and what is wrong */
};
/* Thread-safe beside a running desk: writes in small transactions; what a break leaves undone the next run does.
 * RC_INVALID: there is no tree to read; nothing was changed. */
MUST_USE enum rc kb_import_tree(struct db *db, struct blob_store *blobs, struct jail *jail, struct arena *a,
                                const struct actor *who, const struct kb_import *im, struct kb_import_report *ret,
                                struct err *err);

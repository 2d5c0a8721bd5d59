/* What the files of the import share: import_tree.c reads, import_text.c makes texts of files, import.c decides,
 * import_store.c keeps. */
#pragma once
#include "kb/import.h"
#include "kb/media.h"
#include "util/buf.h"

struct import_page {
	struct str path; /* of its file below the tree; "" for the book and chapters without a page */
	struct str key;  /* book:path */
	struct str title, slug, summary, tags, markdown;
	bool own_slug;    /* the file says it */
	int64_t position; /* among its brothers */
	int64_t order;    /* the file's wish, INT64_MAX: none */
	size_t parent;    /* index in pages, STR_NONE: the top */
	bool listed;      /* by SUMMARY.md or mkdocs.yml */
	/* what is there already */
	int64_t id, parent_id;
	struct str old_slug, old_markdown;
	bool exists, same, edited, binned, archived;
};
struct import_media {
	struct str path, key, token;
	bool wanted; /* some page shows it */
};
struct import_state {
	const struct kb_import *im;
	struct arena *a;
	const struct actor *who;
	struct str prefix; /* slug of the book */
	VEC(struct import_page) pages;
	VEC(struct import_media) media; /* files that are no pages */
	struct buf report;
	struct kb_import_report n;
};
void import_say(struct import_state *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- import_tree.c ---- */
MUST_USE enum rc import_read_tree(struct import_state *s, struct err *err);
/* The page or file that `to`, as written in the file `from`, means; STR_NONE: none. */
size_t import_page_at(const struct import_state *s, struct str path);
size_t import_media_at(const struct import_state *s, struct str path);
/* The bytes of a file of the tree. */
MUST_USE enum rc import_read_file(struct import_state *s, struct str path, struct str *ret);
/* "a/../b/./c" relative to the folder of `from`; STR_NULL when it leaves the tree. */
struct str import_join(struct arena *a, struct str from, struct str to);

/* ---- import_text.c ---- */
/* Takes front matter and the title off `text`; what is foreign to our dialect becomes what it means. */
void import_text(struct arena *a, struct str text, struct import_page *p);

/* ---- import_store.c ---- */
/* What is there of this book: fills the pages' and media's facts; keys of pages that the tree has no more. */
MUST_USE enum rc import_known(struct db_tx *tx, struct import_state *s, struct str **ret_gone, size_t *ret_n,
                              struct err *err);
/* RC_OK: another page than this one has or had the address. */
MUST_USE enum rc import_slug_taken(struct db_tx *tx, struct str slug, struct str key, struct err *err);
/* The page and its text as readers get it, with its revision, index and event. */
MUST_USE enum rc import_put(struct db_tx *tx, struct import_state *s, struct import_page *p, struct instant now,
                            struct err *err);

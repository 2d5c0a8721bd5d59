/* kb/export: what readers get, as files: Markdown that can be imported again, or a static site. */
#pragma once
#include "kb/kb.h"

struct blob_store;
struct kb_export {
	struct str dir; /* made when it is not there; must be empty */
	struct str lang;
	enum visibility visibility; /* public: public pages; customers: these, too; internal: all */
	bool html;
	struct str product; /* named on the site's pages */
};
struct kb_export_report {
	size_t pages, files;
};
/* Markdown: a file a page in folders like its book, with front matter, SUMMARY.md, and media/; HTML: a file a page, its
 * tree beside it, relative links, no scripts. */
MUST_USE enum rc kb_export_tree(struct db *db, struct blob_store *blobs, struct arena *a, const struct kb_export *ex,
                                struct kb_export_report *ret, struct err *err);

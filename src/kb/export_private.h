/* What the files of the export share: export.c makes Markdown and the tree, export_site.c the static site,
 * export_store.c reads. */
#pragma once
#include "kb/export.h"
#include "util/buf.h"

struct export_page {
	int64_t id, parent_id, position;
	enum article_kind kind;
	struct str slug, title, summary, tags, markdown, html;
	size_t parent, top; /* indexes; STR_NONE: none */
	bool has_children;
	struct str path; /* of its file below the folder */
};
struct export_media {
	struct str token, name, type, sha256, thumb;
};
struct export_state {
	const struct kb_export *ex;
	struct arena *a;
	struct blob_store *blobs;
	VEC(struct export_page) pages;
	VEC(struct export_media) media;
	int dir; /* descriptor of the folder */
	struct kb_export_report n;
};
enum rc export_read(struct db_tx *tx, void *arg, struct err *err); /* a db_fn; arg: export_state */

/* Writes a file below the folder, its folders made. */
MUST_USE enum rc export_write(struct export_state *x, struct str path, struct str bytes, struct err *err);
/* The bytes of a medium, once a path. */
MUST_USE enum rc export_copy(struct export_state *x, struct str sha256, struct str path, struct err *err);
/* "../b/c.md": from the file `from` to the file `to`. */
struct str export_relative(struct arena *a, struct str from, struct str to);
/* Index of the medium, of the page with this slug; STR_NONE. */
size_t export_media_find(const struct export_state *x, struct str token);
size_t export_page_find(const struct export_state *x, struct str slug);
/* Its own name, with a part of its token when others are called so, too. */
struct str export_media_name(struct export_state *x, const struct export_media *m);

/* export_site.c */
MUST_USE enum rc export_site(struct export_state *x, struct err *err);

/* What the files of writing share: edit.c and life.c decide, edit_store.c and revision_store.c keep. */
#pragma once
#include "html/html.h"
#include "kb/edit.h"
#include "kb/kb_private.h"
#include "util/json.h"

/* ---- edit_store.c: rows as they are ---- */
MUST_USE enum rc kb_row_page_add(struct db_tx *tx, struct instant now, const struct kb_page *p, int64_t *ret,
                                 struct err *err);
MUST_USE enum rc kb_row_page_set(struct db_tx *tx, struct instant now, const struct kb_page *p,
                                 struct err *err); /* and its lists */
MUST_USE enum rc kb_row_page_place(struct db_tx *tx, int64_t page, int64_t parent, int64_t position, struct err *err);
MUST_USE enum rc kb_row_page_last(struct db_tx *tx, int64_t parent, int64_t *ret,
                                  struct err *err); /* its last child's position */
MUST_USE enum rc kb_row_page_up(struct db_tx *tx, int64_t page, int64_t *ret_parent, struct err *err);
struct kb_brother {
	int64_t page, position;
};
MUST_USE enum rc kb_row_brothers(struct db_tx *tx, struct arena *out, int64_t parent, struct kb_brother **ret,
                                 size_t *ret_n, struct err *err);
MUST_USE enum rc kb_row_page_depth(struct db_tx *tx, int64_t page, int64_t *ret,
                                   struct err *err); /* levels below it, itself 1 */
MUST_USE enum rc kb_row_page_bin(struct db_tx *tx, int64_t page, struct instant at, struct str by, struct err *err);
MUST_USE enum rc kb_row_page_purge(struct db_tx *tx, int64_t page, struct err *err);
/* RC_OK: another page has this address, in whatever state, or had it. RC_NOT_FOUND: it is free. */
MUST_USE enum rc kb_row_slug_taken(struct db_tx *tx, struct str slug, int64_t page, struct err *err);
MUST_USE enum rc kb_row_key_taken(struct db_tx *tx, struct str key, struct err *err);
/* The draft is there: RC_CONFLICT, code "stale". */
MUST_USE enum rc kb_row_draft_add(struct db_tx *tx, const struct kb_draft *d, struct err *err);
/* Over `version`, which becomes one more: RC_CONFLICT, code "stale", when that is not there. */
MUST_USE enum rc kb_row_draft_set(struct db_tx *tx, const struct kb_draft *d, struct err *err);
MUST_USE enum rc kb_row_draft_drop(struct db_tx *tx, int64_t page, struct str lang, struct err *err);
MUST_USE enum rc kb_row_article(struct db_tx *tx, struct arena *out, int64_t page, struct str lang, struct article *ret,
                                int64_t *ret_revision, struct err *err);
MUST_USE enum rc kb_row_article_slug(struct db_tx *tx, struct article_id id, struct str slug, struct err *err);
MUST_USE enum rc kb_row_article_drop(struct db_tx *tx, struct article_id id, int64_t page, struct str lang,
                                     struct err *err);

/* ---- desk_store.c: what jobs look for; RC_NOT_FOUND: nothing ---- */
MUST_USE enum rc kb_row_due(struct db_tx *tx, struct arena *out, struct instant now, int64_t *ret_page,
                            struct str *ret_lang, struct err *err);
MUST_USE enum rc kb_row_expired(struct db_tx *tx, struct arena *out, struct instant now, int64_t *ret_page,
                                struct str *ret_lang, struct err *err);
MUST_USE enum rc kb_row_bin_due(struct db_tx *tx, struct instant before, int64_t *ret_page, struct err *err);

/* ---- revision_store.c ---- */
/* Nothing is added when the newest one is the same; *ret is its number then. */
MUST_USE enum rc kb_revision_add(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now,
                                 int64_t page, struct str lang, bool published, const struct kb_revision *text,
                                 int64_t *ret, struct err *err);
MUST_USE enum rc kb_redirect_add(struct db_tx *tx, struct str slug, struct str lang, int64_t page, struct err *err);
MUST_USE enum rc kb_redirect_drop(struct db_tx *tx, struct str slug, int64_t page, struct err *err);

/* ---- edit.c ---- */
/* The event of a change. `lang` "" when it is about all of them. */
MUST_USE enum rc kb_tell(struct db_tx *tx, const struct actor *who, struct instant now, int64_t page, const char *what,
                         struct str lang, struct err *err);
MUST_USE enum rc kb_stale(struct err *err); /* RC_CONFLICT, code "stale" */
MUST_USE enum rc kb_agents_only(const struct actor *who, struct err *err);

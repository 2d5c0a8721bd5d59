/* kb/source: documentation that lives in Git: rows of kb_source, pulled by a job and imported as a tree (import.h). The
 * source's name is the book's. Only https and ssh addresses, and file for the command line; no hooks, submodules,
 * filters or prompts; a shallow clone into a temporary folder that is gone afterwards. */
#pragma once
#include "kb/import.h"

struct kb_source {
	int64_t id;
	struct str name, url, branch, folder, lang; /* branch "": the remote's; folder "": all of it */
	enum article_kind kind;
	enum visibility visibility;       /* of new pages */
	int64_t every;                    /* minutes; 0: only by hand */
	struct str commit, error, report; /* of the last pull */
	struct instant taken_at;
};
/* By name, at most 200. Administrators, and the command line. */
MUST_USE enum rc kb_sources(struct db_tx *tx, struct arena *out, const struct actor *who, struct kb_source **ret,
                            size_t *ret_n, struct err *err);
MUST_USE enum rc kb_source_find(struct db_tx *tx, struct arena *out, const struct actor *who, struct str name,
                                struct kb_source *ret, struct err *err);
/* New, or the one of this name changed. */
MUST_USE enum rc kb_source_save(struct db_tx *tx, const struct actor *who, const struct kb_source *s, struct err *err);
/* Its pages stay. */
MUST_USE enum rc kb_source_remove(struct db_tx *tx, const struct actor *who, struct str name, struct err *err);

/* Pulls and imports; what came of it is kept in the row. RC_OK also when nothing is new (ret->text says so). */
MUST_USE enum rc kb_source_pull(struct db *db, struct blob_store *blobs, struct jail *jail, struct arena *a,
                                const struct kb_source *s, bool force, struct kb_import_report *ret, struct err *err);
/* The job: pulls one source that is due. RC_NOT_FOUND: none is. Errors of sources are in their rows, not returned. */
MUST_USE enum rc kb_source_step(struct db *db, struct blob_store *blobs, struct jail *jail, struct arena *a,
                                struct instant now, struct err *err);

/* What source.c asks of source_store.c. */
#pragma once
#include "kb/source.h"

/* The source that waits longest for its pull. */
MUST_USE enum rc kb_source_due(struct db_tx *tx, struct arena *out, struct instant now, struct kb_source *ret,
                               struct err *err);
/* What came of a pull: commit and report stay when they are "". */
MUST_USE enum rc kb_source_taken(struct db_tx *tx, int64_t id, struct instant now, struct str commit, struct str error,
                                 struct str report, struct err *err);

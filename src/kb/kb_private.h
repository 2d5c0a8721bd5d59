/* What kb.c asks of kb_store.c. */
#pragma once
#include "kb/kb.h"

/* Writes (slug, lang) as it is, html and summary included. */
MUST_USE enum rc article_put(struct db_tx *tx, struct instant now, const struct article *a, struct article_id *ret,
                             struct err *err);

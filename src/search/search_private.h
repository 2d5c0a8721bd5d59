/* What search_store.c asks of words.c. */
#pragma once
#include "search/search.h"

#define SEARCH_WORDS     8   /* of a query; what is behind them is not looked at */
#define SEARCH_WORD_MAX  100 /* bytes; longer ones (keys, addresses run together) are cut, here and in the index */

/* PostgreSQL: the text of a tsvector: 'word':1 'other':2. `weight` 'A'..'D', `*pos` counts on. Our own words, not those
 * of its parser, which would take help.example or ana@campus.example for one. */
void search_tsvector(struct buf *out, struct str text, char weight, int *pos);

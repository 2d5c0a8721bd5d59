/* csv: fields of a table that people open in a spreadsheet (RFC 4180). */
#pragma once
#include "util/buf.h"

/* Quoted where needed; what a spreadsheet would take for a formula gets an apostrophe (S-48). `end`: ',' or '\r'. */
void csv_cell(struct buf *b, struct str s, char end);

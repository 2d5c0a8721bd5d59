/* account/csv: comma-separated values (RFC 4180) to rows and back. Pure; what the columns mean is import.c's. */
#pragma once
#include "util/arena.h"
#include "util/buf.h"

#define CSV_BYTES_MAX   (10 * 1024 * 1024)
#define CSV_LINES_MAX   100000
#define CSV_COLUMNS_MAX 64

struct csv_row {
	int line; /* of the file, where the row begins, from 1 */
	struct str *cell;
	size_t n;
};
struct csv {
	struct csv_row *row; /* without empty lines; the header is row[0] */
	size_t n;
};
/* The separator is ',' unless the first line has none and has ';' or TAB (what spreadsheets write in many countries).
 * A byte order mark is skipped; lines end in CRLF or LF; quoted cells may hold both. Cells borrow from `text` or live
 * in `out`. RC_LIMIT: too big. RC_INVALID: not CSV or not UTF-8; the message names the line. */
MUST_USE enum rc csv_parse(struct arena *out, struct str text, struct csv *ret, struct err *err);
/* One row with ',' and CRLF, cells quoted where they must be. */
void csv_write(struct buf *out, const struct str *cell, size_t n);

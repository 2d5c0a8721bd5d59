/* See csv.h. */
#include "web/csv.h"
#include <string.h>

/* Cells that a table program could take for formulas begin with an apostrophe. */
void csv_cell(struct buf *b, struct str s, char end)
{
	buf_addc(b, '"');
	if (s.n && strchr("=+-@\t", s.p[0]))
		buf_addc(b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_addc(b, '"');
		buf_addc(b, s.p[i]);
	}
	buf_addc(b, '"');
	buf_addc(b, end);
}

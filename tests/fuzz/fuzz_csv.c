/* Any bytes: what is read can be written and is read the same again. */
#include "account/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA a;
	AUTO_BUF b;
	struct csv c, again;

	arena_init(&a);
	buf_init(&b, 1 << 20);
	if (csv_parse(&a, (struct str){ (const char *)data, size }, &c, NULL) != RC_OK || c.n == 0)
		return 0;
	/* The first row decides the separator: one with a comma says it is the comma. */
	csv_write(&b, (const struct str[]){ STR("a"), STR("b") }, 2);
	for (size_t i = 0; i < c.n; i++)
		csv_write(&b, c.row[i].cell, c.row[i].n);
	if (b.full)
		return 0;
	if (csv_parse(&a, buf_str(&b), &again, NULL) != RC_OK || again.n != c.n + 1)
		die("what was written is not read");
	for (size_t i = 0; i < c.n; i++) {
		if (again.row[i + 1].n != c.row[i].n)
			die("a row changed its number of cells");
		for (size_t j = 0; j < c.row[i].n; j++) {
			if (!str_eq(again.row[i + 1].cell[j], c.row[i].cell[j]))
				die("a cell changed");
		}
	}
	return 0;
}

/* Any bytes as a file of a documentation tree: front matter, foreign dialects and titles are read in bounds, and what
 * comes out is a title of one line, tags and a text that is UTF-8. */
#include "kb/import_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = { (const char *)data, size };
	struct import_page p = { .path = STR_INIT("a/b.md") };
	AUTO_ARENA a;

	arena_init(&a);
	if (!str_utf8_valid(in) || str_find_byte(in, 0) != STR_NONE)
		return 0;
	import_text(&a, in, &p);
	if (str_has_control(p.title) || str_find_byte(p.title, '\n') != STR_NONE || p.title.n > 300 ||
	    p.summary.n > 600)
		die("a title or summary that is none");
	if (!str_utf8_valid(p.title) || !str_utf8_valid(p.markdown) || !str_utf8_valid(p.tags) || p.slug.n > 120)
		die("what is read of a file is not text");
	struct str path = import_join(&a, STR("x/y.md"), in);
	if (!str_null(path) &&
	    (str_starts(path, STR("/")) || str_starts(path, STR("../")) || str_find(path, STR("/../")) != STR_NONE))
		die("a path that leaves the tree");
	return 0;
}

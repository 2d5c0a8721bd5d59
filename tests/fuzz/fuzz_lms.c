/* Any bytes: never reads out of bounds, and what it found is found again in what it printed. */
#include "lms/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(struct str a, struct str b)
{
	if (!str_eq(a, b))
		die("a canonical key was read differently the second time");
}

/* Legal at the end of an id inside a path, but at the end of a text the full stop of a sentence. */
static bool stops(struct str s)
{
	return str_ends(s, STR(".")) || str_ends(s, STR(":"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA a;
	struct lms_link l, again;

	arena_init(&a);
	if (lms_parse(&a, (struct str){ (const char *)data, size }, &l, NULL) != RC_OK)
		return 0;
	if (str_starts(l.course, STR("course-v1:")) && !stops(l.course)) {
		if (lms_parse(&a, l.course, &again, NULL) != RC_OK)
			die("a canonical course is refused");
		same(l.course, again.course);
	}
	/* A '%' of a block id is read as an escape when two hexadecimal digits follow. */
	if (str_starts(l.unit, STR("block-v1:")) && str_find_byte(l.unit, '%') == STR_NONE && !stops(l.unit)) {
		if (lms_parse(&a, l.unit, &again, NULL) != RC_OK)
			die("a canonical unit is refused");
		same(l.unit, again.unit);
	}
	if (l.url.p && !str_starts_nocase(l.url, STR("http://")) && !str_starts_nocase(l.url, STR("https://")))
		die("an address of another scheme");
	return 0;
}

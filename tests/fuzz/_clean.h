/* What must hold of everything that the cleaner of HTML has written. */
#pragma once
#include "html/html.h"
#include <string.h>

static inline void check_clean(struct arena *a, struct str html, const struct html_options *o)
{
	struct html_result again = html_clean(a, html, o);

	if (!str_eq(again.html, html))
		die("cleaning again changed\n%.*s\nto\n%.*s", STR_A(html), STR_A(again.html));
	if (!str_utf8_valid(html))
		die("malformed UTF-8");
	for (struct str s = html; (s.p = memchr(s.p, '<', s.n)); s = str_from(s, 1)) {
		s.n = (size_t)(html.p + html.n - s.p);
		if (s.n > 1 && s.p[1] != '/' && !(s.p[1] >= 'a' && s.p[1] <= 'z'))
			die("a bare <");
		if (str_starts(s, STR("<script")) || str_starts(s, STR("<style")) || str_starts(s, STR("<svg")) ||
		    str_starts(s, STR("<!")))
			die("a tag that is not of the list");
	}
}

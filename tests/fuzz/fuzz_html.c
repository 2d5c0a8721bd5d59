/* Any bytes: the cleaner changes nothing the second time, what it writes is of its own few forms, and the quoted part
 * is where it says. Text made of it and HTML made of text stay in bounds. */
#include "html/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct arena *a, struct str html, const struct html_options *o)
{
	struct html_result again = html_clean(a, html, o);

	if (!str_eq(again.html, html))
		die("cleaning again changed\n%.*s\nto\n%.*s", STR_A(html), STR_A(again.html));
	if (!str_utf8_valid(html))
		die("malformed UTF-8");
	for (size_t i = 0; i < html.n; i++) {
		struct str s = str_from(html, i);

		if (html.p[i] == '<' && i + 1 < html.n && html.p[i + 1] != '/' &&
		    !(html.p[i + 1] >= 'a' && html.p[i + 1] <= 'z'))
			die("a bare <");
		if (str_starts(s, STR("<script")) || str_starts(s, STR("<style")) || str_starts(s, STR("<svg")) ||
		    str_starts(s, STR("<!")))
			die("a tag that is not of the list");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct html_options o = { .max_output = size && data[0] & 1 ? 300 : 0, .keep_cid = true };
	struct str in = { (const char *)data, size };
	AUTO_ARENA a;

	arena_init(&a);
	struct html_result r = html_clean(&a, in, &o);
	check(&a, r.html, &o);
	if (r.quoted_at > r.quoted_end || r.quoted_end > r.html.n)
		die("the quoted part is elsewhere");
	if (r.quoted_end) {
		check(&a, str_sub(r.html, 0, r.quoted_at), &o);
		check(&a, str_sub(r.html, r.quoted_at, r.quoted_end - r.quoted_at), &o);
		check(&a, str_from(r.html, r.quoted_end), &o);
	}
	if (o.max_output && r.html.n > o.max_output)
		die("longer than allowed");
	if (!str_utf8_valid(html_to_text(&a, in)))
		die("text that is not UTF-8");
	o.max_output = 0;
	check(&a, html_from_text(&a, in), &o);
	return 0;
}

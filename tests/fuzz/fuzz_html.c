/* Any bytes as strangers' HTML: cleaning changes nothing the second time, what it writes is of its own few forms, and
 * the quoted part is where it says. Text made of it and HTML made of text stay in bounds. */
#include "_clean.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_html(struct arena *a, struct str in, bool small)
{
	struct html_options o = { .max_output = small ? 300 : 0, .keep_cid = true };
	struct html_result r = html_clean(a, in, &o);

	check_clean(a, r.html, &o);
	if (r.quoted_at > r.quoted_end || r.quoted_end > r.html.n)
		die("the quoted part is elsewhere");
	if (r.quoted_end) {
		check_clean(a, str_sub(r.html, 0, r.quoted_at), &o);
		check_clean(a, str_sub(r.html, r.quoted_at, r.quoted_end - r.quoted_at), &o);
		check_clean(a, str_from(r.html, r.quoted_end), &o);
	}
	if (o.max_output && r.html.n > o.max_output)
		die("longer than allowed");
	if (!str_utf8_valid(html_to_text(a, in)))
		die("text that is not UTF-8");
	o.max_output = 0;
	check_clean(a, html_from_text(a, in), &o);
	o.pages = true;
	check_clean(a, html_clean(a, in, &o).html, &o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = { (const char *)data, size };
	AUTO_ARENA a;

	arena_init(&a);
	check_html(&a, in, size && data[0] & 1);
	return 0;
}

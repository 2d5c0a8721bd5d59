/* Any bytes, as strangers' HTML and as authors' Markdown, which share one cleaner: it changes nothing the second time,
 * what it writes is of its own few forms, and the quoted part is where it says. Text made of it and HTML made of text
 * stay in bounds; a reader's values put into a page add no markup. */
#include "html/html.h"
#include "markdown/markdown.h"

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

static void check_html(struct arena *a, struct str in, bool small)
{
	struct html_options o = { .max_output = small ? 300 : 0, .keep_cid = true };
	struct html_result r = html_clean(a, in, &o);

	check(a, r.html, &o);
	if (r.quoted_at > r.quoted_end || r.quoted_end > r.html.n)
		die("the quoted part is elsewhere");
	if (r.quoted_end) {
		check(a, str_sub(r.html, 0, r.quoted_at), &o);
		check(a, str_sub(r.html, r.quoted_at, r.quoted_end - r.quoted_at), &o);
		check(a, str_from(r.html, r.quoted_end), &o);
	}
	if (o.max_output && r.html.n > o.max_output)
		die("longer than allowed");
	if (!str_utf8_valid(html_to_text(a, in)))
		die("text that is not UTF-8");
	o.max_output = 0;
	check(a, html_from_text(a, in), &o);
	o.pages = true;
	check(a, html_clean(a, in, &o).html, &o);
}

static bool include(void *arg, struct arena *a, struct str slug, struct str *ret)
{
	*ret = *(struct str *)arg;
	return slug.n < 3;
}

static struct str stay(void *arg, struct arena *a, struct str to, bool image)
{
	return STR_NULL;
}

static void check_markdown(struct arena *a, struct str in, bool small)
{
	struct html_options clean = { .own_images = STR_INIT("/kb/media/"), .pages = true };
	struct markdown_options o = { .max_output = small ? 300 : 0, .include = include, .arg = &in };
	struct markdown_reader reader = { 0 };
	struct markdown_page p;

	for (int i = 0; i < MARKDOWN_VARIABLES; i++)
		reader.value[i] = STR("\"><script>&'\\ javascript:x");
	markdown_render(a, in, &o, &p);
	check(a, p.html, &clean);
	check(a, markdown_fill(a, p.html, &(struct markdown_reader){ 0 }),
	      &(struct html_options){ .own_images = clean.own_images, .pages = true });
	struct str filled = markdown_fill(a, p.html, &reader);
	if (str_find(filled, STR("<script")) != STR_NONE || str_find(filled, STR("\"\">")) != STR_NONE)
		die("a value became markup");
	if (o.max_output && p.html.n > o.max_output)
		die("longer than allowed");
	if (!str_eq(markdown_relink(a, in, stay, NULL), in))
		die("links that stay changed the text");
	if (!str_utf8_valid(p.plain) || p.n_problems > MARKDOWN_MAX_PROBLEMS)
		die("what is said of the page is wrong");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = { (const char *)data, size };
	AUTO_ARENA a;

	arena_init(&a);
	check_html(&a, in, size && data[0] & 1);
	check_markdown(&a, in, size && data[0] & 1);
	return 0;
}

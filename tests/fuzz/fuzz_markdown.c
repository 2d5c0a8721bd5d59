/* Any bytes as authors' Markdown: the HTML of it is what the cleaner lets through; a reader's values put into a page
 * add no markup. */
#include "_clean.h"
#include "markdown/markdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	check_clean(a, p.html, &clean);
	check_clean(a, markdown_fill(a, p.html, &(struct markdown_reader){ 0 }),
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
	check_markdown(&a, in, size && data[0] & 1);
	return 0;
}

/* What the pages about the use of the knowledge base show: kb_use.c. */
#pragma once
#include "kb/read.h"
#include "kb/use.h"
#include "web/kb_edit_view.h"

struct kb_report_view {
	struct req *q;
	int64_t days;
	enum kb_order by;
	const char *by_word;
	struct kb_numbers *at, sum;
	size_t n;
	struct str csv_url;
};
struct kb_used_row {
	struct str number, title, url; /* of a ticket, or of a page (number "") */
	const char *how;
	struct instant at;
};
struct kb_use_view {
	struct req *q;
	struct kb_head_view h;
	struct kb_used *used;
	size_t n_used;
	struct kb_used_row *rows;
	const struct kb_numbers *numbers; /* of 30 days; NULL: not published */
};
struct kb_words { /* what readers said */
	struct kb_word *at;
	size_t n;
	bool mine;
	const char **why; /* of each */
};
const char *kb_how_word(const struct i18n *l, enum kb_how how);
struct kb_used_row *kb_used_rows(const struct req *q, const struct kb_used *at, size_t n);

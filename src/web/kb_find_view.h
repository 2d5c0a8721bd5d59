/* What is shown of searching in the knowledge base: kb_find.c. */
#pragma once
#include "kb/find.h"
#include "kb/read.h"
#include "web/kb_edit_view.h"

struct kb_hit_row {
	const struct kb_hit *h;
	struct str url;
	const char *kind;
};
struct kb_facet_link {
	struct str label, url;
	size_t n;
	bool chosen;
};
struct kb_hits_view {
	struct str words, lang, total, meant_url;
	const struct kb_found *f;
	struct kb_hit_row *rows;
	size_t n;
	struct kb_facet_link *kinds, *products, *releases;
	size_t n_kinds, n_products, n_releases;
	bool newest, filtered, typed;
	struct str all_url, best_url, newest_url, next_url, before_url;
	struct article *popular; /* when nothing was found */
	size_t n_popular;
};
struct kb_gap_row {
	struct kb_gap g;
	struct instant day;
	struct str write_url, try_url;
};
struct kb_gaps_view {
	int64_t days;
	struct kb_gap_row *at;
	size_t n;
	struct kb_numbers *poor; /* more "no" than "yes" */
	size_t n_poor;
	struct str csv_url;
};
struct kb_finding_view { /* synonyms and chosen pages */
	struct kb_synonym *synonyms;
	size_t n_synonyms;
	struct kb_pin *pins;
	size_t n_pins;
	struct str words, lang, pin_words, pin_lang, pin_page, e_words, e_lang, e_pin_words, e_pin_page;
};

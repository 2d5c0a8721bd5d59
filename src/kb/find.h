/* kb/find: articles by words. A reader's words are folded (no accents, lower case), stemmed in the reader's language
 * and in English, and widened by synonyms; "phrases" are exact, the last word may be unfinished. What all words
 * together do not find is looked for as the beginning of a word, then as typing mistakes, then by some of the words.
 *
 * Who may read what is in each query (kb_private.h), before anything is counted, so hits, totals, facets, snippets and
 * "did you mean" know of nothing else (S-34). Title, headings, tags, then text decide the order; then pages chosen for
 * these words come first, the reader's language before English, the reader's release before others. */
#pragma once
#include "kb/kb.h"

#define KB_HITS_MAX  50  /* of one page */
#define KB_LOOKED_AT 500 /* common words: no more than this many articles are ranked and counted */

enum kb_how_found {
	KB_ALL_WORDS,
	KB_BEGINNING, /* the last word begins so */
	KB_MISTYPED,  /* `meant` is what was looked for */
	KB_SOME_WORDS,
};
struct kb_query {
	struct str words, lang; /* lang: the reader's */
	int kind;               /* filters: 0 and "" for none */
	struct str product, release;
	struct str runs;     /* the Open edX release that the reader has: preferred */
	bool newest, typing; /* newest first; the last word is not finished */
	struct str about;    /* what speaks of this, too, comes first; alone it finds what the words do not */
	unsigned likes;      /* 1 << kind: a little earlier than others */
	size_t from, max;
};
struct kb_scrap {
	struct str text;
	bool hit;
};
struct kb_hit {
	struct article_id id;
	int64_t page;
	struct str slug, lang, title, summary, releases;
	enum article_kind kind;
	struct instant updated_at;
	bool pinned;
	struct kb_scrap *snippet; /* of the text around the words; the summary when they are not in it */
	size_t n_snippet;
};
struct kb_facet {
	struct str value;
	size_t n;
};
struct kb_found {
	struct kb_hit *at;
	size_t n, total;
	bool many; /* there are more than `total`: KB_LOOKED_AT was reached */
	enum kb_how_found how;
	struct str meant;
	size_t kinds[7]; /* how many of each, whatever kind was asked for; [0] is all */
	struct kb_facet *products, *releases;
	size_t n_products, n_releases;
};
MUST_USE enum rc kb_look(struct db_tx *tx, struct arena *out, const struct actor *who, const struct kb_query *q,
                         struct instant now, struct kb_found *ret, struct err *err);
/* While somebody writes a ticket: at most `max`, without snippets. Pages that name the course (course-v1:ORG+COURSE+RUN,
 * ORG/COURSE/RUN or empty; its middle part counts) come first; `broken`: for an incident, else for a request. */
MUST_USE enum rc kb_suggest(struct db_tx *tx, struct arena *out, const struct actor *who, struct str words,
                            struct str lang, struct str course, bool broken, size_t max, struct article_hit **ret,
                            size_t *ret_n, struct err *err);

/* ---- the index ---- */
/* In the transaction that changes what readers get. */
MUST_USE enum rc kb_index_put(struct db_tx *tx, struct article_id id, struct err *err);
MUST_USE enum rc kb_index_drop(struct db_tx *tx, struct article_id id, struct err *err);
MUST_USE enum rc kb_index_drop_page(struct db_tx *tx, int64_t page, struct err *err);
/* What changed otherwise (tags, visibility, a new version of the program): a job, in small steps. */
MUST_USE enum rc kb_index_catch_up(struct db *db, struct arena *scratch, struct err *err);

/* ---- words that stand for others; pages chosen for words ---- */
struct kb_synonym {
	int64_t id;
	struct str lang, words; /* lang '' = all; "grade, mark, passing score" */
};
MUST_USE enum rc kb_synonyms(struct db_tx *tx, struct arena *out, struct kb_synonym **ret, size_t *ret_n,
                             struct err *err);
MUST_USE enum rc kb_synonym_put(struct db_tx *tx, struct arena *scratch, struct str lang, struct str words,
                                struct err *err);
MUST_USE enum rc kb_synonym_drop(struct db_tx *tx, int64_t id, struct err *err);
struct kb_pin {
	int64_t page;
	struct str lang, words, slug, title;
};
MUST_USE enum rc kb_pins(struct db_tx *tx, struct arena *out, struct kb_pin **ret, size_t *ret_n, struct err *err);
/* `slug`: of a published page, or its whole address; RC_INVALID with a field. */
MUST_USE enum rc kb_pin_put(struct db_tx *tx, struct arena *scratch, struct str lang, struct str words, struct str slug,
                            struct err *err);
MUST_USE enum rc kb_pin_drop(struct db_tx *tx, struct str lang, struct str words, int64_t page, struct err *err);

/* ---- gaps ---- */
struct kb_gap {
	int64_t day; /* days since 1970, UTC; of a list by words: the last one */
	struct str lang, words;
	int64_t n, hits, opened;
};
/* Searches since that day without a hit (hits 0) or whose hits nobody opened, most frequent first; `by_day`: a row for
 * each day, newest first. At most 500. Agents. */
MUST_USE enum rc kb_gaps(struct db_tx *tx, struct arena *out, int64_t since, bool by_day, struct kb_gap **ret,
                         size_t *ret_n, struct err *err);

/* What find_store.c asks of find_words.c and find_rank.c: pure functions over words. */
#pragma once
#include "kb/find.h"
#include "search/search.h"

#define FIND_GROUPS 8  /* words or phrases of a query that count */
#define FIND_FORMS  12 /* of each: as typed, stems, synonyms, corrections */

struct find_form {
	struct str text; /* folded; with blanks between them: words that follow each other */
	bool prefix;
};
struct find_group {       /* any form will do */
	struct str typed; /* folded, in the words of the reader */
	struct find_form form[FIND_FORMS];
	size_t n;
	bool phrase;
};
struct find_terms {
	struct find_group at[FIND_GROUPS];
	size_t n;
};
/* What somebody typed. Words that say nothing ("how", "the") are left out unless there are no others. */
void find_parse(struct arena *a, struct str words, struct str lang, struct find_terms *ret);
/* One more form of a group, with its stems when it is one word. */
void find_form_add(struct arena *a, struct find_group *g, struct str word, struct str lang);
/* `group`, "grade, mark, passing score": a group that is one of them gets the others. Folded by find_list(). */
void find_widen(struct arena *a, struct find_terms *t, struct str group, struct str lang);
struct str find_list(struct arena *a, struct str words,
                     size_t *ret_n);                       /* folded, ", " between them, without empty ones */
struct str find_folded(struct arena *a, struct str words); /* "which words are these" of a pin */
/* For the engine: `any` instead of all groups. On SQLite the column is part of the expression. */
void find_expression(struct buf *out, const struct find_terms *t, bool postgres, bool any, bool head);

/* What of an article goes into the index. */
struct find_source {
	struct str title, markdown, tags, body, lang;
};
struct find_entry {
	struct str head, body; /* for the engine: words on SQLite, the text of a tsvector on PostgreSQL */
	struct str rank;       /* kb_index.head */
	struct str *words;     /* worth knowing: for the vocabulary */
	size_t n_words;
};
void find_index(struct arena *a, const struct find_source *s, bool postgres, struct find_entry *ret);

/* How much a candidate is worth; `some`: groups that are not in its head count nothing. */
int find_score(const struct find_terms *t, struct str rank, bool some);
size_t find_snippet(struct arena *a, const struct find_terms *t, struct str lang, struct str text,
                    struct kb_scrap **ret);

/* Mistakes that are forgiven in a word of n letters. */
int find_tolerance(size_t n);
/* Letters put in, left out, changed or swapped, up to `max`; more gives max + 1. */
int find_distance(struct str x, struct str y, int max);
/* Keys of a word: of itself and of what is left when up to find_tolerance() of its first seven letters are taken out.
 * Two words within the tolerance share one. At most FIND_KEYS. */
#define FIND_KEYS 40
size_t find_keys(struct str word, int64_t ret[FIND_KEYS]);

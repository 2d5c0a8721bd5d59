#pragma once
#include "search/search.h"

#define MAX_WORDS 8
struct search_word { struct str text; bool prefix; };
size_t search_words(struct str text, struct search_word *ret, size_t max);

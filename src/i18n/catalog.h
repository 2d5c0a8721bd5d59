/* catalog: the shape of what tools/po.py makes of po/. */
#pragma once
#include "i18n/i18n.h"

struct i18n_message {
	const char *id;
	const char *text[2]; /* the second of plurals, else NULL */
};
struct i18n {
	const char *tag;
	const struct i18n_message *at; /* sorted by id */
	size_t n;
};
extern const struct i18n *const i18n_catalogs[]; /* ends with NULL; English is not among them */
extern const char *const i18n_tag_list[];        /* ends with NULL; English first */

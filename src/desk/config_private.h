/* What config.c and config_check.c share. */
#pragma once
#include "desk/desk.h"

#define CONFIG_MAX_KEYS 64

struct loading {
	struct arena *a;
	struct desk_config *c;
	struct str where[CONFIG_MAX_KEYS]; /* place of each key, in the order of config_keys; empty: by default */
	VEC(struct config_problem) problems;
};
void config_problem(struct loading *l, struct str where, const char *fmt, ...) PRINTF_LIKE(3, 4);
struct str config_where(const struct loading *l, const char *key); /* "carrel.conf:3", "--listen"; else the key */

/* Values that follow from others. */
void config_complete(struct loading *l);
/* Values that cannot be, or not together. */
void config_check(struct loading *l);

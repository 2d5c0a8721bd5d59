/* lms/key: one opaque key of the Open edX platform inside a text. Private to lms/; what a whole link says is link.h.
 *
 * Grammar from the opaque-keys package of the platform: ids are made of [\w~.:-] with Unicode's letters and digits,
 * block ids may hold '%' too, parts are joined by '+', and nothing but the end of the text may follow. */
#pragma once
#include "lms/link.h"

enum key_kind { KEY_NONE, KEY_COURSE, KEY_USAGE, KEY_ASSET, KEY_LIBRARY, KEY_LIBRARY_USAGE, KEY_OLD_USAGE };
struct key {
	enum key_kind kind;
	struct str course, unit, block_type, block, library; /* canonical: without branch and version */
	size_t from, to;                                     /* where it stood */
};

/* The key that starts exactly at `at`, KEY_NONE when none does. */
struct key key_at(struct arena *out, struct str s, size_t at);
/* Every part of a key is such an id (also of the deprecated org/course/run). */
bool key_is_id(struct str s);
/* The end of the run of id characters from `at`. */
size_t key_id_end(struct str s, size_t at, bool block);

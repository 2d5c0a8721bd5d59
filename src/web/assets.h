/* assets: the front end, built by tools/assets.py and embedded in the program. */
#pragma once
#include "util/str.h"

struct asset {
	const char *name;         /* "app.css" */
	const char *url;          /* "/assets/app-3f2a....css": changes with the bytes, may be kept for ever */
	const char *type;
	struct str bytes, br, gz; /* br and gz empty where compressing does not help */
};
struct asset_icon { const char *name, *markup; };
extern const struct asset assets[];          /* ends with a NULL name */
extern const struct asset_icon asset_icons[]; /* ends with a NULL name */

const struct asset *asset_find(struct str path); /* by its url; NULL when there is none */
const char *asset_url(const char *name);     /* of a logical name; aborts on one that does not exist */

/* theme: the colour of a provider as the tokens of web/css/tokens.css, light and dark, with the contrast that WCAG 2.2
 * (1.4.3) asks for: 4.5 to 1 for text. Pure functions. */
#pragma once
#include "util/arena.h"
#include "util/buf.h"
#include "util/err.h"

struct rgb {
	int r, g, b;
}; /* 0 to 255 */

bool rgb_parse(struct str s, struct rgb *ret); /* "#0A5A73" */
struct str rgb_text(struct arena *a, struct rgb c);
double rgb_contrast(struct rgb a, struct rgb b);              /* 1 to 21; WCAG 2.2 "contrast ratio" */
struct rgb rgb_mix(struct rgb a, struct rgb b, double share); /* share of b, 0 to 1 */

/* RC_INVALID (field "accent") when white text on it could not be read; the message names the nearest colour that can.
 */
MUST_USE enum rc theme_check(struct arena *a, struct str accent, struct rgb *ret, struct err *err);
/* The style sheet: --accent and what goes with it, for both schemes. */
void theme_css(struct arena *a, struct rgb accent, struct buf *out);

/* See theme.h. Luminance and contrast: WCAG 2.2, "relative luminance" and "contrast ratio". */
#include "web/theme.h"
#include <math.h>

#define READABLE 4.5
#define STEP     0.04

static const struct rgb white = { 255, 255, 255 }, black = { 0, 0, 0 };
static const struct rgb dark_surface = { 0x1A, 0x1D, 0x21 }; /* --surface of the dark scheme */

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

bool rgb_parse(struct str s, struct rgb *ret)
{
	int v[6];

	s = str_trim(s);
	if (s.n != 7 || s.p[0] != '#')
		return false;
	for (size_t i = 0; i < 6; i++)
		if ((v[i] = digit(s.p[i + 1])) < 0)
			return false;
	*ret = (struct rgb){ v[0] * 16 + v[1], v[2] * 16 + v[3], v[4] * 16 + v[5] };
	return true;
}

struct str rgb_text(struct arena *a, struct rgb c)
{
	return arena_strf(a, "#%02X%02X%02X", c.r, c.g, c.b);
}

static double linear(int c)
{
	double v = c / 255.0;

	return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double luminance(struct rgb c)
{
	return 0.2126 * linear(c.r) + 0.7152 * linear(c.g) + 0.0722 * linear(c.b);
}

double rgb_contrast(struct rgb a, struct rgb b)
{
	double x = luminance(a), y = luminance(b);

	return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

struct rgb rgb_mix(struct rgb a, struct rgb b, double share)
{
	return (struct rgb){ (int)lround(a.r + (b.r - a.r) * share), (int)lround(a.g + (b.g - a.g) * share),
		             (int)lround(a.b + (b.b - a.b) * share) };
}

/* From `c` towards `end` until it can be read on `ground`. */
static struct rgb readable(struct rgb c, struct rgb end, struct rgb ground, double wanted)
{
	struct rgb v = c;

	for (double share = 0; share <= 1 && rgb_contrast(v, ground) < wanted; share += STEP)
		v = rgb_mix(c, end, share);
	return v;
}

enum rc theme_check(struct arena *a, struct str accent, struct rgb *ret, struct err *err)
{
	if (!rgb_parse(accent, ret))
		return fail_field(err, RC_INVALID, "accent", "Write the colour as # and six digits, like #0A5A73.");
	double contrast = rgb_contrast(*ret, white);

	if (contrast >= READABLE)
		return RC_OK;
	return fail_field(
	        err, RC_INVALID, "accent",
	        "White text on " STR_F " has a contrast of %.1f to 1 and could not be read by everybody; 4.5 is needed."
	        " The nearest colour that reaches it: " STR_F ".",
	        STR_A(rgb_text(a, *ret)), contrast, STR_A(rgb_text(a, readable(*ret, black, white, READABLE))));
}

static void put(struct arena *a, struct buf *out, struct rgb accent, struct rgb hover, struct rgb on, struct rgb soft,
                struct rgb ink)
{
	buf_addf(out,
	         "--accent:" STR_F ";--accent-hover:" STR_F ";--on-accent:" STR_F ";--accent-soft:" STR_F
	         ";--accent-ink:" STR_F,
	         STR_A(rgb_text(a, accent)), STR_A(rgb_text(a, hover)), STR_A(rgb_text(a, on)),
	         STR_A(rgb_text(a, soft)), STR_A(rgb_text(a, ink)));
}

void theme_css(struct arena *a, struct rgb accent, struct buf *out)
{
	struct rgb soft = rgb_mix(accent, white, 0.88), ink = readable(accent, black, soft, READABLE + 0.5);
	struct rgb light = readable(accent, white, dark_surface, 7), dark_soft = rgb_mix(dark_surface, accent, 0.3);
	struct rgb on = readable(rgb_mix(accent, black, 0.75), black, light, READABLE);
	struct rgb dark_ink = readable(light, white, dark_soft, READABLE + 0.5);

	buf_addz(out, ":root{");
	put(a, out, accent, rgb_mix(accent, black, 0.2), white, soft, ink);
	buf_addz(out, "}\n@media (prefers-color-scheme:dark){:root:not([data-theme=light]){");
	put(a, out, light, rgb_mix(light, white, 0.25), on, dark_soft, dark_ink);
	buf_addz(out, "}}\n:root[data-theme=dark]{");
	put(a, out, light, rgb_mix(light, white, 0.25), on, dark_soft, dark_ink);
	buf_addz(out, "}\n");
}

/* tmpl_rt: what compiled templates call besides http/out.h. */
#pragma once
#include "http/out.h"
#include "i18n/i18n.h"
#include "web/assets.h"

/* The value of a {name} in a translated text, whatever its type. */
static inline struct str tmpl_str_of(UNUSED struct arena *a, struct str s)
{
	return s;
}
static inline struct str tmpl_str_z(UNUSED struct arena *a, const char *z)
{
	return str_of(z);
}
static inline struct str tmpl_str_i64(struct arena *a, int64_t v)
{
	return arena_strf(a, "%lld", (long long)v);
}
#define TMPL_STR(a, v) _Generic((v), struct str: tmpl_str_of, char *: tmpl_str_z, const char *: tmpl_str_z, \
	int: tmpl_str_i64, long: tmpl_str_i64, long long: tmpl_str_i64, unsigned: tmpl_str_i64, size_t: tmpl_str_i64)((a), (v))

void tmpl_time(struct out *o, struct instant t, int style); /* <time>; style of enum date_style, -1 for "12 minutes ago" */
void tmpl_csrf(struct out *o);
void tmpl_once(struct out *o);
/* Markup made with out.marks, with this reader's tokens in their places. */
void tmpl_kept(struct out *o, struct str markup, const struct out_mark *marks, size_t n);
void tmpl_icon(struct out *o, const char *name);
void tmpl_crit_badge(struct out *o, int criticality); /* shape, number, and the name for those who do not see the shape */

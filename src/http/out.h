/* out: how templates and pages write markup. Escaping follows the place; a value of type struct html is markup already
 * and only templates and the cleaner make it. */
#pragma once
#include "util/buf.h"
#include "util/time.h"

struct arena;
struct html { struct str s; };         /* markup that is safe to show as it is */
struct i18n;                           /* see i18n/i18n.h */
/* Where the reader's own tokens belong in markup that is kept for later readings: {{csrf}} and {{once}} are noted
 * instead of written. */
struct out_marks {
	struct out_mark { uint32_t at; bool once; } at[128];
	size_t n; /* > 128: there were more, the markup cannot be kept */
};
struct out {
	struct buf *b;
	const struct i18n *lang;       /* catalogue of the reader */
	struct str zone;               /* reader's time zone */
	struct instant now;
	struct str csrf;               /* for {{csrf}} in forms */
	struct str nonce_key;          /* a fresh idempotency key for {{once}} in forms */
	struct out_marks *marks;       /* NULL: tokens are written */
	struct arena *arena;           /* for what is put together while writing; NULL: each piece finds its own */
};
void out_raw(struct out *o, const char *p, size_t n);       /* template text only */
void out_text(struct out *o, struct str s);                 /* element content: & < > */
void out_attr(struct out *o, struct str s);                 /* inside "...": & < > " ' */
void out_url_part(struct out *o, struct str s);             /* one path segment or query value, percent-encoded */
void out_href(struct out *o, struct str s);                 /* whole URL in an attribute: only http, https, mailto, tel or own path, else "#" */
void out_html(struct out *o, struct html h);
void out_i64(struct out *o, int64_t v);

/* What a template's {{expr}} becomes, by type and place. */
static inline void out_text_z(struct out *o, const char *z)
{
	out_text(o, str_of(z));
}
static inline void out_attr_z(struct out *o, const char *z)
{
	out_attr(o, str_of(z));
}
static inline void out_href_z(struct out *o, const char *z)
{
	out_href(o, str_of(z));
}
static inline void out_url_part_z(struct out *o, const char *z)
{
	out_url_part(o, str_of(z));
}
#define OUT_TEXT(o, v) _Generic((v), struct str: out_text, struct html: out_html, char *: out_text_z, const char *: out_text_z, \
	int: out_i64, long: out_i64, long long: out_i64, unsigned: out_i64, size_t: out_i64, bool: out_i64)((o), (v))
#define OUT_ATTR(o, v) _Generic((v), struct str: out_attr, char *: out_attr_z, const char *: out_attr_z, \
	int: out_i64, long: out_i64, long long: out_i64, unsigned: out_i64, size_t: out_i64, bool: out_i64)((o), (v))
#define OUT_HREF(o, v) _Generic((v), struct str: out_href, char *: out_href_z, const char *: out_href_z)((o), (v))
#define OUT_PART(o, v) _Generic((v), struct str: out_url_part, char *: out_url_part_z, const char *: out_url_part_z, \
	int: out_i64, long: out_i64, long long: out_i64, unsigned: out_i64, size_t: out_i64, bool: out_i64)((o), (v))

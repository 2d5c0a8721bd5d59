/* forms: pure parsers of what browsers send: paths, query strings, urlencoded bodies, cookies, header parameters.
 * They look at bytes only; meaning is validate.c's. Multipart bodies are multipart.h's. */
#pragma once
#include "util/arena.h"

struct pair {
	struct str name, value;
};
enum field_kind { KIND_FORM, KIND_JSON_STRING, KIND_JSON_INT, KIND_JSON_BOOL, KIND_JSON_OTHER };
struct form_field {
	struct str name, value;
	enum field_kind kind;
};
struct fields {
	struct form_field *at;
	size_t n, cap;
};

/* application/x-www-form-urlencoded and query strings (WHATWG URL 5.1): a stray % stays a %. RC_INVALID for NUL bytes
 * and ill-formed UTF-8, RC_LIMIT past `max` fields. CRLF and CR become LF. */
MUST_USE enum rc form_parse(struct arena *a, struct str s, size_t max, struct fields *ret);
/* Splits the raw path at "/" and decodes each segment, so that %2F stays data. RC_INVALID for broken escapes, control
 * characters and ill-formed UTF-8; RC_NOT_FOUND for dot segments, empty ones and too many of them. */
MUST_USE enum rc path_decode(struct arena *a, struct str raw, struct str *segs, size_t max, size_t *n);
/* RFC 6265 5.4 read leniently: name=value; name=value. Calls back for each; values are not decoded. */
void cookie_parse(struct str header, void (*each)(void *ctx, struct str name, struct str value), void *ctx);
/* The parameter `name` of a header value like `text/plain; charset=utf-8` or `form-data; name="a"`; STR_NULL when
 * absent. Quoted strings are unquoted. */
struct str header_param(struct arena *a, struct str value, const char *name);
/* The part before the first ";", trimmed. */
struct str header_main(struct str value);
/* CRLF and lone CR to LF, in place where it can. */
struct str text_lines(struct arena *a, struct str s);
/* Quality of `coding` in an Accept-Encoding value, in thousandths; 0 when refused or not named. */
int accept_quality(struct str accept, const char *coding);

/* What the files of html/ share: tokens, character references, addresses. */
#pragma once
#include "html/html.h"
#include "util/buf.h"

/* ---- token.c ---- */
#define HTML_MAX_ATTRS 48 /* of one tag; further ones are read over */

struct html_attr {
	struct str name, value; /* as written, references not resolved */
};
struct html_token {
	enum { HTML_END_OF_INPUT, HTML_TEXT, HTML_START, HTML_END } type;
	char name[24]; /* lower case; "" when longer than any name we know */
	struct html_attr attrs[HTML_MAX_ATTRS];
	size_t n_attrs;
	struct str text;
	bool raw; /* text without character references */
};
struct html_tokens {
	struct str in;
	size_t at;
	char until[24]; /* inside an element whose content is text up to its end tag */
	bool plaintext;
};
void html_next(struct html_tokens *t, struct html_token *ret);
/* The first attribute of that name, STR_NULL when there is none. */
struct str html_attr(const struct html_token *t, const char *name);

/* ---- elements.c ---- */
enum kind {
	UNWRAP,   /* the tag goes, the content stays */
	DROP,     /* with its content, when it has an end */
	DROP_RAW, /* its content is one text: dropped */
	INLINE,
	FLOW,   /* holds blocks and text */
	PHRASE, /* holds text only */
	LIST,
	ITEM,
	DLIST,
	DTERM,
	DDESC,
	TABLE,
	TBODY,
	TROW,
	TCELL,
	BREAK,
	RULE,
	IMAGE,
	RAWPRE,
};

struct element {
	const char *name;
	enum kind kind;
	const char *as; /* the name it is written with */
};
const struct element *html_element(const char *name, bool pages); /* NULL when it is not of the list */
bool html_page_class(struct str word);                            /* may a page of ours say it? */
bool html_page_id(struct str id);
unsigned html_drop_number(const struct element *el); /* counts the elements of kind DROP, from 0 */

/* ---- entity.c ---- */
/* `s` begins with "&". Bytes the reference takes, 0 when it is none; *ret 0 stands for a character that is dropped. */
size_t html_char_ref(struct str s, bool in_attr, uint32_t *ret);

/* ---- text.c ---- */
/* References resolved, line ends LF, control characters and NUL dropped, malformed UTF-8 as U+FFFD. */
void html_decode(struct buf *out, struct str s, bool raw, bool in_attr);
/* UTF-8 escaped as every HTML5 serialiser would: & < > and no-break space, in attributes the quote too. */
void html_put_escaped(struct buf *out, struct str s, bool in_attr);
/* An address a person may follow: http, https, mailto, tel; normalised. STR_NULL: none. `s` is decoded. */
struct str html_safe_href(struct arena *a, struct str s);
/* A path of this site ("/kb/x", never "//x") or a place of this page ("#s-x"). STR_NULL: neither. */
struct str html_own_href(struct arena *a, struct str s);

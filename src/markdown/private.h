/* What the files of markdown/ share.
 *
 * prepare.c replaces what md4c does not know by marks: U+E0F0, a number, U+E0F1. A mark remembers what it stood for, so
 * that in code and other places where it means nothing it is put back. Variables leave the renderer as U+E0F0, name,
 * (U+E0F2, the author's default,) U+E0F1: what fill.c looks for. These three characters never come from an author. */
#pragma once
#include "markdown/markdown.h"
#include "util/buf.h"

#define MARK_BEGIN STR("\xee\x83\xb0")
#define MARK_END   STR("\xee\x83\xb1")
#define MARK_ELSE  STR("\xee\x83\xb2")

enum adm { ADM_NOTE, ADM_TIP, ADM_IMPORTANT, ADM_WARNING, ADM_CAUTION };
struct mark {
	enum mark_kind {
		MARK_VARIABLE, /* of: enum markdown_variable; text: the default or STR_NULL */
		MARK_FOOTNOTE, /* of: its index in notes */
		MARK_ANCHOR,   /* text: {#anchor} of a heading */
		MARK_ALERT,    /* of: enum adm; text: title. The first paragraph of a quote */
		MARK_ADM,      /* of: enum adm; text: title */
		MARK_ADM_END,
		MARK_DETAILS, /* text: title */
		MARK_DETAILS_END,
		MARK_TABS,
		MARK_TAB, /* text: title */
		MARK_TABS_END
	} kind;
	int of;
	struct str text, source;
};
struct note {
	struct str name, text; /* text: prepared; STR_NULL when only used */
	int number;            /* in the order of use, from 1; 0: not used */
};
struct prepared {
	struct arena *a;
	const struct markdown_options *o;
	VEC(struct mark) marks;
	VEC(struct note) notes;
	VEC(struct markdown_problem) problems;
	VEC(struct str) includes;
	struct str within[MARKDOWN_MAX_DEPTH + 1]; /* slugs being included */
	size_t depth, taken;                       /* bytes of text so far */
};
void markdown_problem(struct prepared *p, enum markdown_wrong w, struct str detail);
/* The text with marks for what md4c does not know. */
struct str markdown_prepare(struct prepared *p, struct str text);

/* If `s` begins with a mark: its index and length. */
bool markdown_mark(struct str s, size_t *ret_index, size_t *ret_n);
/* The variable called so, or -1. */
int markdown_variable_find(struct str name);
/* Plain text with placeholders: their defaults. */
struct str markdown_plain_defaults(struct arena *a, struct str plain);

/* Escaped `code` with spans of class hl-*; `lang` as behind the fence. Marks are copied as they are. */
void markdown_highlight(struct buf *out, struct str code, struct str lang);
/* & < > " escaped, marks untouched. */
void markdown_escape(struct buf *out, struct str s);

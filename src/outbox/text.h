/* text: the words of mails about tickets, built in or written by an administrator, one a kind and language. A text is
 * plain, with {name} for what is filled in: once, so that braces in what people wrote stay what they are (S-28). */
#pragma once
#include "db/db.h"

/* Setting: what stands below a reply: "none" (or not set), "last", "all". */
#define MAIL_HISTORY "mail-history"

struct mail_text_kind {
	const char *name;    /* "ack": in the table and in addresses */
	const char *title;   /* N_: what administrators call it */
	const char *builtin; /* N_: translated with tr() by who uses it */
	const char *places;  /* "name number url": what may be filled in */
	const char *must;    /* the one that may not be left out; "": none */
};
/* Ends with .name = NULL. */
const struct mail_text_kind *mail_text_kinds(void);
const struct mail_text_kind *mail_text_kind(struct str name); /* NULL: there is none */

struct mail_text {
	struct str kind, lang, text;
};
/* All that were written: not more than kinds times languages. */
MUST_USE enum rc mail_texts(struct db_tx *tx, struct arena *out, struct mail_text **ret, size_t *ret_n, struct err *err);
/* The one of them, else `builtin`. */
struct str mail_text_pick(const struct mail_text *at, size_t n, const char *kind, const char *lang, const char *builtin);

enum mail_text_fault { MAIL_TEXT_GOOD, MAIL_TEXT_UNKNOWN, MAIL_TEXT_LACKS };
/* *ret_place: the placeholder that is unknown or lacks, without braces. {Words} that are no name may stand as they are
 * only when they hold a blank: "{ like this }". */
enum mail_text_fault mail_text_check(const struct mail_text_kind *k, struct str text, struct str *ret_place);
MUST_USE enum rc mail_text_set(struct db_tx *tx, const char *kind, struct str lang, struct str text, struct instant now, struct err *err);
MUST_USE enum rc mail_text_drop(struct db_tx *tx, const char *kind, struct str lang, struct err *err);

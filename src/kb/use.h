/* kb/use: what the knowledge base does for the desk: articles and tickets, and numbers of what is read. */
#pragma once
#include "kb/kb.h"

enum kb_how { KB_ANSWERED = 1, KB_NOT_ENOUGH, KB_MADE_FROM }; /* kb_use.how */
struct kb_used {
	int64_t page, number; /* the ticket's, as it is stored */
	struct str lang, slug, title, subject;
	enum kb_how how;
	struct instant at;
};
/* The articles of a ticket, oldest first; at most 20. */
MUST_USE enum rc kb_used_by(struct db_tx *tx, struct arena *out, struct ticket_id ticket, struct kb_used **ret,
                            size_t *ret_n, struct err *err);
/* The tickets of a page, newest first; at most 50. Agents. */
MUST_USE enum rc kb_used_for(struct db_tx *tx, struct arena *out, int64_t page, struct kb_used **ret, size_t *ret_n,
                             struct err *err);
/* A public answer to the ticket has links to pages of `base` (or without a host): they answered it. At most 10 a text.
 */
MUST_USE enum rc kb_used_in(struct db_tx *tx, struct str base, struct str text, struct ticket_id ticket,
                            struct instant now, struct err *err);
/* The slugs of pages that a text links to, each once; at most `max`. A pure function. */
size_t kb_slugs_in(struct str base, struct str text, struct str *ret, size_t max);

/* ---- numbers ---- */
struct kb_numbers {
	int64_t page;
	struct str lang, slug, title, owner; /* of the source language */
	enum article_kind kind;
	int64_t reads, offered, solved, yes, no, tickets; /* tickets: it was not enough */
	struct instant updated_at, review_at;
	bool stale; /* a translation is behind */
};
enum kb_order { KB_BY_READS, KB_BY_NO, KB_BY_SOLVED, KB_BY_AGE };
/* Published pages with what happened to them since the day `since` (days since 1970, UTC); page 0: all. At most 500. */
MUST_USE enum rc kb_numbers(struct db_tx *tx, struct arena *out, int64_t page, struct instant now, int64_t since,
                            enum kb_order by, struct kb_numbers **ret, size_t *ret_n, struct err *err);

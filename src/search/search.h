/* search: full text behind one header: FTS5 (contentless, prefix indexes) on SQLite, tsvector with GIN on PostgreSQL.
 * Rows are written by a reader of the event log in small slices, so a change is found a moment later. Input is words,
 * "exact phrases" and a trailing prefix*; every other sign is a separator: no query syntax reaches the engine (S-27). */
#pragma once
#include "event/event.h"
#include "util/buf.h"

struct search_hit {
	struct message_id message;
	struct ticket_id ticket;
};
struct search_page {
	struct search_hit *at; /* newest message first, one a ticket */
	size_t n;
	bool more;
	int64_t before;        /* pass as `before` for the next page */
};
/* Tickets with all words, newest message first. `before` 0 = from the newest. Bounded: looks at no more than a fixed
 * number of candidates, however common the words are. Agents only: it covers internal notes. */
MUST_USE enum rc search_tickets(struct db_tx *tx, struct arena *out, struct str words, int64_t before, size_t max,
                                struct search_page *ret, struct err *err);
/* The same words as an FTS5 or a PostgreSQL expression, for queries that kb/ writes; false when there are none. */
bool search_expression(struct buf *out, bool postgres, struct str text);

/* ---- words, for other rooms that index ---- */
struct search_word {
	struct str text;
	bool prefix; /* a star stood behind it */
	bool joined; /* follows the word before it inside quotes */
};
/* The words somebody typed. Nothing of what stood between them is kept. */
size_t search_words(struct str text, struct search_word *ret, size_t max);
/* The next word at or behind *pos, as it stands there; `quotes` counts the quotes passed on the way. */
bool search_next_word(struct str text, size_t *pos, int *quotes, struct str *ret);
/* As words are compared: lower case, without the accents of Latin, Greek and Cyrillic letters. */
void search_fold(struct buf *out, struct str word);

/* The reader of the log that indexes messages. */
struct event_reader search_reader(void);

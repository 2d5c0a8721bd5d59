/* kb/read: a page as its readers meet it: where it stands in its book, its languages, what it is by its kind, what they
 * say of it. Everything here keeps to what `who` may see (kb_private.h). */
#pragma once
#include "kb/extra.h"
#include "kb/kb.h"

struct kb_link {
	struct str slug, lang, title;
};
struct kb_reading {
	struct article a;
	struct kb_extra extra;
	struct str product, releases, tags, source_lang; /* words with blanks between and around them */
	bool stale;                                      /* the text it translates was published anew since */
	struct kb_link *crumbs;                          /* book first, without the page itself */
	size_t n_crumbs;
	struct kb_link prev, next; /* in reading order: slug.n == 0 when there is none */
	struct kb_link *below;     /* its chapters or pages, in order */
	size_t n_below;
	struct kb_link *langs; /* all that there are, its own among them */
	size_t n_langs;
	struct instant checked_at; /* demo sites: when somebody looked last; not set: never */
	bool reachable;
};
/* As kb_find(). `lang` is the reader's; `exact` asks for this language's text and no other. */
MUST_USE enum rc kb_read(struct db_tx *tx, struct arena *out, const struct actor *who, struct str slug, struct str lang,
                         struct instant now, struct kb_reading *ret, struct err *err);
/* How many of each kind `who` may read, in that language or English; [0] is all. */
MUST_USE enum rc kb_shelves(struct db_tx *tx, const struct actor *who, struct str lang, struct instant now,
                            int64_t ret[7], struct err *err);
/* Of a kind (0 all), pinned first, then what is read most this month, then newest; `max` at most 200. */
MUST_USE enum rc kb_popular(struct db_tx *tx, struct arena *out, const struct actor *who, struct str lang, int kind,
                            struct instant now, size_t max, struct article **ret, size_t *ret_n, struct err *err);
/* Public ones, newest first, with html for feeds when `whole`; at most 5000. */
MUST_USE enum rc kb_published(struct db_tx *tx, struct arena *out, struct instant now, struct str lang, size_t max,
                              struct article **ret, size_t *ret_n, struct err *err);
/* For lists of everything: the largest number of a page with something public, and the public texts of pages from <=
 * number < to by page and language, at most 20,000. */
MUST_USE enum rc kb_public_last(struct db_tx *tx, struct instant now, int64_t *ret, struct err *err);
MUST_USE enum rc kb_public_part(struct db_tx *tx, struct arena *out, struct instant now, int64_t from, int64_t to,
                                struct article **ret, size_t *ret_n, struct err *err);
/* Changes whenever readers may get something else: kept answers go by it. */
MUST_USE enum rc kb_stamp(struct db_tx *tx, int64_t *ret, struct err *err);
/* What changes without anybody writing: when the next article appears or expires, INT64_MAX us when none will. */
MUST_USE enum rc kb_next_change(struct db_tx *tx, struct instant now, struct instant *ret, struct err *err);

/* ---- did this help? ---- */
enum kb_why { KB_WHY_NONE, KB_WHY_UNCLEAR, KB_WHY_WRONG, KB_WHY_OLD, KB_WHY_OTHER, KB_WHYS };
struct kb_word {
	int64_t id, page;
	struct str lang, title, slug, comment, who;
	enum kb_why why;
	struct instant at;
};
/* A reader's word; anonymous readers' too. `ticket` 0: none became of it. */
MUST_USE enum rc kb_feedback_add(struct db_tx *tx, const struct actor *who, struct instant now, int64_t page,
                                 struct str lang, bool helpful, enum kb_why why, struct str comment, struct err *err);
/* "No" that nobody dealt with yet, oldest first; owner 0: all. Agents. At most 100. */
MUST_USE enum rc kb_feedback_open(struct db_tx *tx, struct arena *out, struct agent_id owner, struct kb_word **ret,
                                  size_t *ret_n, struct err *err);
MUST_USE enum rc kb_feedback_done(struct db_tx *tx, const struct actor *who, struct instant now, int64_t id,
                                  struct err *err);

/* ---- counting ---- */
enum kb_counted { KB_READ = 1, KB_SUGGESTED, KB_SOLVED, KB_FOUND };
/* Counts in memory, written by kb_tally_flush() each minute: a reading is no write. What was not written when the
 * program is killed is lost; nothing depends on it. */
struct kb_tally;
struct kb_tally *kb_tally_new(void);
void kb_tally_free(struct kb_tally *t);
void kb_tally_add(struct kb_tally *t, int64_t page, enum kb_counted what, struct instant now);
/* Words somebody searched for, and how many public answers there were. */
void kb_tally_query(struct kb_tally *t, struct str lang, struct str words, size_t hits, struct instant now);
/* One of their hits was opened. */
void kb_tally_opened(struct kb_tally *t, struct str lang, struct str words, struct instant now);
MUST_USE enum rc kb_tally_flush(struct kb_tally *t, struct db *db, struct err *err);

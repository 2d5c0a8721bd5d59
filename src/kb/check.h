/* kb/check: what is wrong with a text before readers get it, as sentences for its author. What blocks must be mended
 * first; the rest is worth a look. */
#pragma once
#include "kb/edit.h"
#include "kb/text.h"

struct kb_finding {
	bool blocks;
	struct str text; /* in the author's language */
};
/* `page` is the draft rendered by kb_render(). Blocking: order of headings, alternative texts, unknown media, links that
 * lead nowhere in the knowledge base, films without captions, nothing to show. At most 200, blocking ones first. */
MUST_USE enum rc kb_check(struct db_tx *tx, struct arena *a, const struct i18n *l, const struct kb_page *p,
                          const struct kb_draft *d, const struct markdown_page *page, struct instant now,
                          struct kb_finding **ret, size_t *ret_n, struct err *err);
/* The first finding that blocks; NULL when it may be published. */
const struct kb_finding *kb_blocks(const struct kb_finding *at, size_t n);

/* ---- spelling, where a dictionary is installed: spell.c ---- */
/* Words of plain text that the dictionary of the language does not know, each once, at most `max`. Without a dictionary
 * there are none. Words with digits or in capitals, addresses and names of code are not looked up. */
size_t kb_misspelt(struct arena *a, struct str lang, struct str plain, struct str *ret, size_t max);
/* The same as one finding; false: nothing to say. Not inside of a transaction: a dictionary is opened. */
bool kb_check_spelling(struct arena *a, const struct i18n *l, struct str lang, struct str plain, struct kb_finding *ret);

/* ---- addresses elsewhere: links_store.c ---- */
/* Asks a few addresses that were not asked for a week whether they are still there; RC_NOT_FOUND: none is due. Only
 * http and https, no redirect is followed off the public network: loopback, private and link-local addresses are refused
 * after the name is resolved, unless `inside`. */
struct db;
/* Asks the demo sites that were not asked for ten minutes, a few at a time; RC_NOT_FOUND: none is due. */
MUST_USE enum rc kb_demos_step(struct db *db, struct arena *a, bool inside, struct instant now, struct err *err);
/* One address, with the same care. *status 0: none; *error: why, "" = it is there. */
void kb_url_ask(struct str url, bool inside, int64_t *status, int64_t *ms, struct str *error);
MUST_USE enum rc kb_links_step(struct db *db, struct arena *a, bool inside, struct instant now, struct err *err);

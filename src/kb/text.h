/* Texts of pages: Markdown with what the database knows of includes, media and languages. The rendering itself is
 * markdown/'s, whose page this hands on: what kb_save() and the editor store, show as preview and check. */
#pragma once
#include "i18n/i18n.h"
#include "kb/kb.h"
#include "markdown/markdown.h"

/* `v`: of the page the text is of. Included are published texts that everybody who may read such a page may read, too:
 * public ones anywhere, customers' in what is at most for customers, internal ones in internal ones; what is for some
 * plans or accounts only where all of agents read. `html` is to be shown through markdown_fill(). RC_LIMIT: too large.
 */
MUST_USE enum rc kb_render(struct db_tx *tx, struct arena *a, enum visibility v, struct str lang, struct instant now,
                           struct str markdown, struct markdown_page *ret, struct err *err);
/* After anything that changes what readers get, or who they are: texts that include others are made anew where they come
 * out different, in the same transaction, so that nobody reads what was taken from him through a page that included it
 * (S-34). kb_save() and kb_tell() call it. Cheap while nothing includes anything. */
MUST_USE enum rc kb_refresh_includes(struct db_tx *tx, struct instant now, struct err *err);
/* Media of this text are seen by those who see the page: live in what readers get, or in its draft. Replaces what was
 * noted before for (page, lang, live). */
MUST_USE enum rc kb_note_media(struct db_tx *tx, int64_t page, struct str lang, bool live,
                               const struct markdown_page *p, struct err *err);
/* What is wrong as a sentence in the author's language. Nothing of it forbids publishing by itself: that is the
 * caller's. */
struct str kb_problem(struct arena *a, const struct i18n *l, const struct markdown_problem *p);
/* The beginning of a plain text in one line, cut between words: the summary of who wrote none. */
struct str kb_summary(struct arena *a, struct str plain);
/* The html of an article with the reader's own: his name and address, his account's name, the hosts of the first site he has
 * a role on; words in his language where nothing is known. Free of queries when it holds no variables: such a page is the
 * same for all readers of its language and may be kept for them. */
MUST_USE enum rc kb_fill(struct db_tx *tx, struct arena *a, const struct actor *who, const struct i18n *l, struct str html,
                         struct str *ret, struct err *err);

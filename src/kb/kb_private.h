/* What the files of this room share. KB_SEES and KB_LIVE are the only words for who may read what: every query of a
 * reader has both, over `p` (kb_page) and `a` (article), with the parameters of KB_READER. */
#pragma once
#include "kb/kb.h"

/* 1 anybody, 2 a customer, 3 agents. */
int kb_level(const struct actor *who);
#define KB_READER(who, at)                                                                                             \
	db_i64("level", kb_level(who)), db_i64("account", (who)->kind == ACTOR_CONTACT ? (who)->account.v : 0),        \
	        db_i64("now", (at).us)
#define KB_SEES                                                                                                        \
	"p.deleted_at IS NULL AND (:level >= 3 OR p.visibility = 1 OR (:level >= 2 AND (p.visibility = 2"              \
	" OR (p.visibility = 3 AND EXISTS (SELECT 1 FROM subscription s JOIN kb_page_plan pp ON pp.plan_id = s.plan_id" \
	" WHERE s.account_id = :account AND pp.page_id = p.id AND s.state <= 3 AND s.valid_from <= :now"               \
	" AND (s.valid_to IS NULL OR s.valid_to > :now)))"                                                             \
	" OR (p.visibility = 4 AND EXISTS (SELECT 1 FROM kb_page_account pa WHERE pa.page_id = p.id"                   \
	" AND pa.account_id = :account)))))"
/* `a`, or another alias of article, is what readers get now. */
#define KB_LIVE(a) a ".published_at <= :now AND (" a ".expires_at IS NULL OR " a ".expires_at > :now)"
/* In the reader's language, or in English when there is no translation to read. */
#define KB_LANG                                                                                                        \
	"(a.lang = :lang OR (a.lang = 'en' AND NOT EXISTS (SELECT 1 FROM article o WHERE o.page_id = a.page_id"        \
	" AND o.lang = :lang AND " KB_LIVE("o") ")))"

/* Writes (slug, lang) as it is, html and summary included, and its page, whose number it puts in a->page. */
MUST_USE enum rc article_put(struct db_tx *tx, struct instant now, struct article *a, struct str body,
                             struct article_id *ret, struct err *err);
/* After article_put(): the revision that readers get now, kept unless it is the newest one's text; what it expires and
 * follows; the addresses elsewhere in it. */
MUST_USE enum rc kb_revise(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now,
                           const struct article *a, struct article_id id, struct err *err);
/* Readers may get something else from now on (kb_stamp()). */
MUST_USE enum rc kb_touch(struct db_tx *tx, struct err *err);
bool kb_slug_ok(struct str s); /* words of lower-case letters and digits with single hyphens between them */
bool kb_lang_ok(struct str s);
/* extra_store.c: adds the films, captions and files of the page to the media of its text. */
struct markdown_page;
MUST_USE enum rc kb_extra_media(struct db_tx *tx, struct arena *a, int64_t page, struct markdown_page *p, struct err *err);
/* Notes at once what came and went with kb_page.extra. */
MUST_USE enum rc kb_extra_changed(struct db_tx *tx, struct arena *a, int64_t page, struct str before, struct str after,
                                  struct err *err);

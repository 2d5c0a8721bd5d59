/* kb: the knowledge base. A page is one thing in all its languages; an article is the page in one language as readers
 * get it: Markdown in, cleaned HTML stored, visibility respected in the query itself (S-34). What is not published
 * lives in kb_draft and kb_revision, which no reader's query names. Schema and its words: sql/0015_kb.sql. */
#pragma once
#include "event/event.h"

#define KB_SLUG_MAX     120 /* bytes of each */
#define KB_TITLE_MAX    300
#define KB_SUMMARY_MAX  600
#define KB_MARKDOWN_MAX (256 << 10)

enum article_kind { ARTICLE_DOC = 1, ARTICLE_ARTICLE, ARTICLE_FAQ, ARTICLE_VIDEO, ARTICLE_RESOURCE, ARTICLE_DEMO };
enum visibility { VISIBLE_PUBLIC = 1, VISIBLE_CUSTOMERS, VISIBLE_PLANS, VISIBLE_ACCOUNTS, VISIBLE_INTERNAL };
struct article { struct article_id id; int64_t page; struct str slug, lang, title, summary, markdown, html; enum article_kind kind; enum visibility visibility; struct instant published_at, updated_at;
	struct instant expires_at;  /* not set: never */
	int64_t source_revision;    /* kb_save() of a translation: revision of its source that it follows, 0 = the newest */
	struct str note;            /* kb_save(): for the revision */
};
const char *article_kind_name(enum article_kind k); /* "documentation", "article", "faq", "video", "resource", "demo" */
/* Falls back to English when there is no translation. RC_NOT_FOUND also when it may not be seen. */
MUST_USE enum rc kb_find(struct db_tx *tx, struct arena *out, const struct actor *who, struct str slug, struct str lang, struct article *ret, struct err *err);
/* Without markdown and html. kind 0 = all; at most 200, by kind and title. */
MUST_USE enum rc kb_list(struct db_tx *tx, struct arena *out, const struct actor *who, struct str lang, int kind, struct article **ret, size_t *ret_n, struct err *err);
/* Publishes at once (slug, lang), in place of what was there; renders Markdown (text.h), indexes it and keeps it as a
 * revision unless nothing changed. What readers get of `html` went through markdown_fill().
 * Kind and visibility are the page's, in all languages. */
MUST_USE enum rc kb_save(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now, const struct article *a, struct article_id *ret, struct err *err);

struct article_hit { struct article_id id; int64_t page; struct str slug, title, summary; int kind; };
/* Articles that `who` may see with all words, best first. */
MUST_USE enum rc kb_search(struct db_tx *tx, struct arena *out, const struct actor *who, struct str words, struct str lang,
                           size_t max, struct article_hit **ret, size_t *ret_n, struct err *err);

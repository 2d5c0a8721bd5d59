/* kb: the knowledge base's articles: Markdown in, cleaned HTML stored, visibility respected in every query. Reading and
 * simple writing; the editor's life cycle, revisions and imports have their room here later. */
#pragma once
#include "event/event.h"

enum article_kind { ARTICLE_DOC = 1, ARTICLE_ARTICLE, ARTICLE_FAQ, ARTICLE_VIDEO, ARTICLE_RESOURCE, ARTICLE_DEMO };
enum visibility { VISIBLE_PUBLIC = 1, VISIBLE_CUSTOMERS, VISIBLE_INTERNAL };
struct article { struct article_id id; struct str slug, lang, title, summary, markdown, html; enum article_kind kind; enum visibility visibility; struct instant published_at, updated_at; };
enum visibility kb_sees(const struct actor *who); /* the widest visibility the actor may read */
const char *article_kind_name(enum article_kind k); /* "documentation", "article", "faq", "video", "resource", "demo" */
/* Falls back to English when there is no translation. RC_NOT_FOUND also when it may not be seen. */
MUST_USE enum rc kb_find(struct db_tx *tx, struct arena *out, const struct actor *who, struct str slug, struct str lang, struct article *ret, struct err *err);
/* Without markdown and html. kind 0 = all; at most 200, by kind and title. */
MUST_USE enum rc kb_list(struct db_tx *tx, struct arena *out, const struct actor *who, struct str lang, int kind, struct article **ret, size_t *ret_n, struct err *err);
/* Creates or replaces (slug, lang); renders Markdown (md4c, then the cleaner) and indexes it. */
MUST_USE enum rc kb_save(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now, const struct article *a, struct article_id *ret, struct err *err);

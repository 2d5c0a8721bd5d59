/* i18n: gettext catalogues (po/es.po ...) compiled into the program; dates and plurals by language.
 * English is the source: a message is its own key. `msg` in `_()` calls is found by the extractor (tools/po.py), in
 * templates by {{_ "..."}}. Placeholders are {name}. */
#pragma once
#include "http/out.h"

struct i18n;
const struct i18n *i18n_lang(struct str tag);          /* "es", "es-CO", "pt"...: the best catalogue there is; English else */
const struct i18n *i18n_accept(struct str accept_language); /* RFC 9110 Accept-Language */
/* The language of a text that somebody wrote: "en", "es", "pt", "fr", "de" or "it"; NULL when there are too few words or too
 * many of another one. Pure. */
const char *i18n_guess(struct str text);
const char *i18n_tag(const struct i18n *l);            /* "en", "es" */
const char *const *i18n_tags(void);                    /* NULL-terminated list */
/* Text for `msg`, or msg itself. Lives as long as the program. */
const char *tr(const struct i18n *l, const char *msg);
const char *tr_n(const struct i18n *l, const char *one, const char *many, int64_t n); /* CLDR/gettext plural form */
#define _(l, msg) tr((l), (msg))

struct tr_arg { const char *name; struct str value; };
/* Replaces {name} by values, each escaped by nothing: the result is text, to be escaped where it is shown. */
struct str tr_fill(struct arena *a, const char *text, const struct tr_arg *args, size_t n);
#define TR_FILL(a, text, ...) tr_fill((a), (text), ((const struct tr_arg[]){ __VA_ARGS__ }), COUNT(((const struct tr_arg[]){ __VA_ARGS__ })))

enum date_style { DATE_DAY, DATE_MINUTE, DATE_LONG, DATE_TIME_ONLY }; /* "23 Nov 2026", "23 Nov 2026, 10:42", "Monday 23 November 2026", "10:42" */
struct str i18n_date(struct arena *a, const struct i18n *l, struct instant t, struct str zone, enum date_style style);
struct str i18n_ago(struct arena *a, const struct i18n *l, struct instant t, struct instant now); /* "12 minutes ago" */
struct str i18n_span(struct arena *a, const struct i18n *l, int64_t us);                          /* "4 hours", "1 hour 41 minutes" */
struct str i18n_bytes(struct arena *a, const struct i18n *l, int64_t bytes);                      /* "1.2 MB" */

/* kb/extra: what a page is besides its text, by its kind: kb_page.extra, a JSON object.
 *
 *	video     {"media":"TOKEN"} or {"embed":"https://..."}, "duration":92 (seconds),
 *	          "captions":[{"lang":"en","label":"English","media":"TOKEN"}],
 *	          "text":{"en":{"chapters":[{"at":0,"title":"..."}],"transcript":"..."}}
 *	resource  {"media":"TOKEN"} or {"link":"https://..."}, "label":"..."
 *	demo site {"host":"demo.example","text":{"en":{"sign_in":"...","tours":[{"title":"...","path":"/course/...","hint":"..."}]}}}
 *
 * What is of one language is below "text". Addresses were checked when they were written: https only, videos of
 * KB_EMBED_HOSTS only, paths of tours begin with "/". */
#pragma once
#include "kb/kb.h"

#define KB_EXTRA_MAX   (192 << 10) /* bytes of JSON */
#define KB_TRANSCRIPT_MAX (64 << 10)
#define KB_CAPTIONS    20
#define KB_CHAPTERS    100
#define KB_TOURS       50
/* They promise to set no cookies before the reader presses play. */
#define KB_EMBED_HOSTS "www.youtube-nocookie.com", "player.vimeo.com"

struct kb_caption { struct str lang, label, media; };
struct kb_chapter { int64_t at; struct str title; }; /* seconds from the beginning, ascending */
struct kb_tour { struct str title, path, hint; };
struct kb_extra_text {
	struct str lang, transcript, sign_in;
	struct kb_chapter *chapters;
	size_t n_chapters;
	struct kb_tour *tours;
	size_t n_tours;
};
struct kb_extra {
	struct str media, embed, link, label, host; /* "" = none */
	int64_t duration;                           /* seconds, 0 = unknown */
	struct kb_caption *captions;
	size_t n_captions;
	struct kb_extra_text *texts; /* one a language */
	size_t n_texts;
};
/* Never fails: what cannot be read is empty. Strings live in `a`. */
void kb_extra_read(struct arena *a, struct str json, struct kb_extra *ret);
/* The text of a language, or English, or the first; NULL when there is none. */
const struct kb_extra_text *kb_extra_text(const struct kb_extra *x, struct str lang);
/* Like kb_extra_text(), but makes the entry of exactly this language when it is missing, for changing it. */
struct kb_extra_text *kb_extra_text_of(struct arena *a, struct kb_extra *x, struct str lang);
/* Checks it for this kind, brings addresses of videos to the form that is embedded (a "watch" address becomes one of
 * KB_EMBED_HOSTS) and writes it. RC_INVALID names the field: media, embed, link, host, captions, chapters, tours, ... */
MUST_USE enum rc kb_extra_write(struct arena *a, enum article_kind kind, struct kb_extra *x, struct str *ret, struct err *err);

/* Chapters and tours as authors type them, a line each: "1:05 Title"; "Title | /path | hint"; captions: "es TOKEN Español". */
MUST_USE enum rc kb_chapters_parse(struct arena *a, struct str lines, struct kb_chapter **ret, size_t *ret_n, struct err *err);
MUST_USE enum rc kb_tours_parse(struct arena *a, struct str lines, struct kb_tour **ret, size_t *ret_n, struct err *err);
MUST_USE enum rc kb_captions_parse(struct arena *a, struct str lines, struct kb_caption **ret, size_t *ret_n, struct err *err);
struct str kb_chapters_text(struct arena *a, const struct kb_chapter *at, size_t n);
struct str kb_tours_text(struct arena *a, const struct kb_tour *at, size_t n);
struct str kb_captions_text(struct arena *a, const struct kb_caption *at, size_t n);
/* "1:05", "1:02:03". */
struct str kb_clock(struct arena *a, int64_t seconds);
MUST_USE enum rc kb_clock_parse(struct str s, int64_t *ret);

/* What the readers' templates of the knowledge base show: kb_pages.c. */
#pragma once
#include "kb/read.h"
#include "web/page.h"

struct kb_shelf { /* a kind, on the first page */
	const char *name, *icon;
	struct str url;
	int64_t n;
	struct article *at; /* the first few */
	size_t shown;
};
struct kb_front {
	struct str words;
	const char *lang;
	struct kb_shelf shelf[6];
	bool listing; /* one kind */
	const char *title;
	struct article *at;
	size_t n;
};
struct kb_track {
	struct str lang, label, url;
};
struct kb_step {
	struct str title, url, at, hint;
}; /* chapters: at is "1:05"; tours */
struct kb_alternate {
	struct str lang, url;
	const char *name;
	bool current;
};
struct kb_place {
	struct str title, url;
}; /* crumbs, previous, next, below */
struct kb_page_view {
	const struct kb_reading *k;
	const char *kind;
	struct str releases; /* "Redwood, Sumac" */
	struct html body;
	struct kb_place *crumbs, *below;
	size_t n_crumbs, n_below;
	struct kb_place prev, next;
	struct markdown_heading *toc;
	size_t n_toc;
	struct kb_alternate *langs;
	size_t n_langs;
	bool fallback, stale, is_agent;
	const char *fallback_name; /* the language it is shown in */
	/* films */
	struct str film, embed, embed_host, length, transcript, play_url;
	bool playing;
	struct html frame; /* playing: the film from elsewhere */
	struct kb_track *tracks;
	size_t n_tracks;
	struct kb_step *chapters, *tours;
	size_t n_chapters, n_tours;
	/* resources and demo sites */
	struct str get, get_label, host, host_url, sign_in;
	bool down;
	struct str help_yes, help_no, edit_url, ask_url, saved_url;
};
struct kb_help {
	const struct article *a;
	struct str url, comment, ask_url;
	bool yes, done;
};
struct kb_head { /* of <head> */
	struct str canonical, title, summary, feed, product;
	struct kb_alternate *langs;
	size_t n_langs;
	bool article;
};
struct kb_saved { /* a page as one file */
	const struct article *a;
	struct str product, url;
	struct html body, css;
};

/* kb_pages.c, for its neighbours. */
const char *kb_reader_kind(const struct i18n *l, enum article_kind k);
/* " redwood sumac " as people write them: "Redwood, Sumac". */
struct str kb_reader_releases(struct arena *a, struct str words);
struct str kb_reader_lang(const struct req *q); /* of the text: asked for in the address, else the reader's */
struct str kb_reader_url(const struct req *q, struct str slug, struct str lang);
void kb_reader_show(struct req *q, struct resp *r, const char *title, const struct kb_head *head,
                    void (*draw)(struct out *o, const void *view), const void *view);
/* kb_find.c: what the words in "q" find; a hit of such a list was opened. */
enum rc kb_hits(struct req *q, struct resp *r, struct str lang, int kind);
void kb_opened_from(const struct req *q, struct str lang);

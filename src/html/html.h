/* html: strangers' HTML made harmless, and text made of HTML and back.
 *
 * html_clean() tokenises as a browser would (WHATWG HTML, 13.2.5) and rebuilds the markup from an allow-list: no byte
 * of the input is copied as markup, every tag and attribute in the result was written by us. What it promises:
 *  - elements of the list in elements.c and attributes of clean.c only, addresses of http, https, mailto and tel only;
 *  - nothing is loaded from elsewhere: remote images become the text "[image: alt]";
 *  - balanced, and nested so that no HTML5 parser moves anything (no mutation XSS): cleaning again changes nothing;
 *  - linear time, at most HTML_MAX_DEPTH levels deep, at most max_output bytes.
 * Who wants to know whether a part is quoted history gets offsets: the cleaner cuts at a place where no element but the
 * root is open, so each of the three pieces is balanced by itself. */
#pragma once
#include "util/arena.h"

#define HTML_MAX_DEPTH  100
#define HTML_MAX_OUTPUT (4 << 20)

struct html_options {
	size_t max_output; /* 0 = HTML_MAX_OUTPUT; what is beyond is dropped and `truncated` set */
	bool keep_cid;     /* images of the mail stay as <img src="cid:...">, for html_images() to resolve */
	struct str
	        own_images; /* prefix of addresses of our own images that may stay: "/attachments/"; STR_NULL = none */
	/* Text of our own authors, made by markdown/: besides, details, summary, figure, figcaption and span; links to
	 * paths of ours; the classes and identifiers of elements.c. Quoted history is not looked for. */
	bool pages;
};

struct html_result {
	struct str html;
	size_t quoted_at, quoted_end; /* quoted history in `html`; equal when there is none */
	bool truncated;               /* an input limit was passed; the rest was dropped */
	bool remote_images;           /* some were replaced by text */
};
struct html_result html_clean(struct arena *a, struct str dirty, const struct html_options *o);

/* Puts cleaned HTML (keep_cid) in its final form: each <img src="cid:X"> gets the address `path` returns for X, or
 * becomes the text "[image: alt]" when that is STR_NULL. Only for text html_clean() made. */
typedef struct str html_cid_fn(void *arg, struct arena *a, struct str cid);
struct str html_images(struct arena *a, struct str cleaned, html_cid_fn *path, void *arg);

/* The quoted part wrapped in <details class="quoted">, a tag the cleaner itself never writes. html_summary() adds the
 * <summary> in the reader's language to what html_fold() made; `label` is text. */
struct str html_fold(struct arena *a, const struct html_result *r);
struct str html_summary(struct arena *a, struct str folded, struct str label);

/* The best plain text: paragraphs apart, list items with "- ", links as "text <address>" where they differ, quotes with
 * "> ", tables a row a line. Takes dirty or clean HTML; LF line ends. */
struct str html_to_text(struct arena *a, struct str html);
/* Escaped text as paragraphs, line breaks kept, http and https addresses as links. Output of the cleaner's own form. */
struct str html_from_text(struct arena *a, struct str text);
/* & < > " ' escaped, for an attribute or text. */
struct str html_escape(struct arena *a, struct str s);

/* markdown: what authors write (GitHub dialect and some more) to a page, a pure function of the text and what its
 * caller looks up for it. The language is described for authors in docs/KNOWLEDGE.md.
 *
 * Raw HTML is text. Everything goes through html_clean() with `pages` set: the cleaner of mail, its allow-list and a
 * few forms more (html/html.h), so nothing is loaded from elsewhere and no address but http, https, mailto, tel and our
 * own is followed. Identifiers in the text begin with "s-" (headings) or "fn" (footnotes), classes are of a fixed list.
 *
 * {{variables}} stay as placeholders in `html`; markdown_fill() puts a reader's values in, escaped, when a page is
 * shown. Includes `{{> slug}}` (alone on a line) are put in here, at most MARKDOWN_MAX_DEPTH deep, by a callback that
 * also decides whether a page may be included: readers of the including page read it, so it must not be less public.
 *
 * Memory: all results live in the arena. Limits: MARKDOWN_MAX_TEXT in, `max_output` out; linear time. */
#pragma once
#include "util/arena.h"

#define MARKDOWN_MAX_TEXT     (1 << 20) /* bytes with all includes */
#define MARKDOWN_MAX_OUTPUT   (4 << 20)
#define MARKDOWN_MAX_DEPTH    4
#define MARKDOWN_MAX_PROBLEMS 200

struct markdown_heading {
	int level;               /* 2-6; a heading 1 in the text is shown as 2 */
	struct str text, anchor; /* text: plain; anchor: the id, "s-installation" */
};
struct markdown_link {
	enum markdown_to {
		MARKDOWN_WEB,  /* to: http, https, mailto, tel */
		MARKDOWN_PAGE, /* to: the slug of "kb:slug" or "/kb/slug" */
		MARKDOWN_HERE, /* to: an anchor of this page; those that lead nowhere are problems already */
		MARKDOWN_OURS  /* to: another path of this site, "/tickets/new" */
	} kind;
	struct str to, fragment, text; /* fragment: without "#" and without the "s-" */
};
/* What checks before publishing show; `detail` is what it is about: an address, a heading, a name. */
struct markdown_problem {
	enum markdown_wrong {
		MARKDOWN_NO_ALT = 1,    /* a picture without alternative text: detail is its address */
		MARKDOWN_REMOTE_IMAGE,  /* not ours: shown as a link */
		MARKDOWN_UNKNOWN_MEDIA, /* the callback does not know this token */
		MARKDOWN_HEADING_ORDER, /* level 4 under level 2, or a level 1 in the text */
		MARKDOWN_EMPTY_HEADING,
		MARKDOWN_EMPTY_LINK,  /* no text to click, or no address */
		MARKDOWN_BAD_LINK,    /* an address we do not lead to: relative, javascript: */
		MARKDOWN_DEAD_ANCHOR, /* #x, and no heading is called so */
		MARKDOWN_UNKNOWN_VARIABLE,
		MARKDOWN_INCLUDE_MISSING, /* the callback has none */
		MARKDOWN_INCLUDE_CYCLE,
		MARKDOWN_INCLUDE_LIMIT, /* too deep or too large; not included */
		MARKDOWN_FOOTNOTE,      /* used and not written, or written and not used */
		MARKDOWN_UNCLOSED,      /* ::: without its end */
		MARKDOWN_TOO_LARGE      /* the rest is missing */
	} what;
	struct str detail;
};

struct markdown_page {
	struct str html;  /* clean; placeholders unless n_variables is 0 */
	struct str plain; /* text of it with variables' defaults: search, snippets, feeds */
	struct markdown_heading *toc;
	size_t n_toc;
	struct markdown_link *links;
	size_t n_links;
	struct str *media; /* tokens, each once */
	size_t n_media;
	struct str *includes; /* slugs that were put in, each once, those of included texts too */
	size_t n_includes;
	size_t n_variables; /* 0: the page is the same for all readers */
	struct markdown_problem *problems;
	size_t n_problems; /* at most MARKDOWN_MAX_PROBLEMS */
};

struct markdown_media {
	struct str type;   /* "image/png", "video/mp4" */
	struct str name;   /* file name, for a link to what is no picture */
	int width, height; /* pixels as shown (of the small one when there is one), 0: unknown */
	bool thumb;        /* there is a small one at <address>/thumb */
	struct str alt;    /* used when the author wrote none */
};
/* Words the page itself brings, in the language of the text. NULL members: English. */
struct markdown_words {
	const char *note, *tip, *important, *warning, *caution, *back;
};
struct markdown_options {
	const struct markdown_words *words; /* NULL: English */
	struct str page_base;               /* address in front of slugs; STR_NULL: "/kb/" */
	struct str media_base;              /* STR_NULL: "/kb/media/" */
	/* The Markdown of the page `slug`, if it may be put in here. False: it may not, or is not there. NULL: none
	 * may. */
	bool (*include)(void *arg, struct arena *a, struct str slug, struct str *ret);
	/* What is behind media:TOKEN. False: nothing. NULL: all tokens are taken as pictures. */
	bool (*media)(void *arg, struct arena *a, struct str token, struct markdown_media *ret);
	void *arg;
	size_t max_output; /* 0: MARKDOWN_MAX_OUTPUT */
};
/* Never fails; what is wrong is among the problems. `o` may be NULL. `text` should be UTF-8: other bytes are U+FFFD. */
void markdown_render(struct arena *a, struct str text, const struct markdown_options *o, struct markdown_page *ret);

/* ---- variables ---- */
/* Written {{site.host}} or {{site.host|lms.example.com}}, the latter with what readers get whose value is unknown. */
enum markdown_variable {
	MARKDOWN_COURSE_ID, /* course.id: the reader's course key */
	MARKDOWN_COURSE_NAME,
	MARKDOWN_SITE_HOST, /* site.host: lms.example.com */
	MARKDOWN_SITE_NAME,
	MARKDOWN_STUDIO_HOST,
	MARKDOWN_CONTACT_NAME,
	MARKDOWN_CONTACT_EMAIL,
	MARKDOWN_ACCOUNT_NAME,
	MARKDOWN_VARIABLES
};
const char *markdown_variable_name(enum markdown_variable v); /* "course.id" */
/* What stands there when neither reader nor author say it: "your course". Keys of the catalogue, too. */
const char *markdown_variable_default(enum markdown_variable v);
/* Values of one reader; STR_NULL or empty ones: the author's default, else defaults[v], else the English one. */
struct markdown_reader {
	struct str value[MARKDOWN_VARIABLES];
	const char *defaults[MARKDOWN_VARIABLES];
};
/* `html` with a reader's values; cheap when there are none in it (then it is `html` itself). Values are escaped as text
 * and attributes, in addresses percent-encoded besides: they can not add markup, nor leave the place of the address. */
struct str markdown_fill(struct arena *a, struct str html, const struct markdown_reader *r);
bool markdown_has_variables(struct str html);

/* ---- parts of use alone ---- */
/* "Getting Started" -> "getting-started": heading anchors, and slugs of imports. Latin letters lose their accents; at
 * most `max` bytes; "" when nothing is left. */
struct str markdown_slug(struct arena *a, struct str title, size_t max);
/* The text with other addresses: `fn` is asked for that of each link and picture outside of code and returns the new one,
 * or STR_NULL to leave it. */
typedef struct str markdown_link_fn(void *arg, struct arena *a, struct str to, bool image);
struct str markdown_relink(struct arena *a, struct str text, markdown_link_fn *fn, void *arg);

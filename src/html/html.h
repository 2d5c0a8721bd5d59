/* html: other people's markup made safe. An own streaming tokenizer (WHATWG HTML section 13.2.5, the states that matter)
 * with an allow-list that rebuilds markup and never copies it: what comes out is balanced, every attribute is quoted and
 * escaped, every text is escaped, and a browser parses it into the very tree we meant. Pure; linear time; bounded. */
#pragma once
#include "http/out.h"
#include "util/arena.h"

struct html_options {
	/* Path of the attachment with this Content-ID ("/attachments/abc"), or STR_NULL: then the image is dropped. */
	struct str (*cid)(void *arg, struct str cid);
	void *arg;
	size_t max;         /* bytes of the result, 0 = 1 MiB; beyond it the rest is left out and `cut` is set */
};
struct html_result {
	struct str html;    /* clean; may be empty */
	struct str reply;   /* the part before quoted history, clean and balanced by itself */
	struct str quoted;  /* the history (gmail_quote, yahoo_quoted, divRplyFwdMsg, appendonsend, blockquote type=cite ...), clean */
	bool cut, had_remote; /* had_remote: images or styles that would have been loaded from elsewhere were left out */
};
struct html_result html_clean(struct arena *a, struct str dirty, const struct html_options *o); /* o may be NULL */
/* Plain text of (dirty or clean) markup: blocks are lines, lists have dashes, links keep their address. LF, trimmed. */
struct str html_to_text(struct arena *a, struct str markup);
/* Text to markup: escaped, paragraphs and line breaks, http(s) addresses linked. */
struct str html_from_text(struct arena *a, struct str text);

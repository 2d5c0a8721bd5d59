/* The allow-list: every element we know, what kind of thing it is, and the name it is written with. What is not here
 * loses its tags and keeps its text. Pages of ours have the same list and a few forms more, which are here, too: their
 * elements, classes and identifiers. */
#include "html/private.h"
#include <stdlib.h>

/* clang-format off */
/* Sorted by name. */
static const struct element elements[] = {
	{"a",           INLINE,   "a"         },
        { "abbr",       INLINE,   "abbr"      },
	{ "address",    FLOW,     "div"       },
        { "applet",     DROP,     NULL        },
	{ "article",    FLOW,     "div"       },
        { "aside",      FLOW,     "div"       },
	{ "b",          INLINE,   "b"         },
        { "blockquote", FLOW,     "blockquote"},
	{ "br",         BREAK,    "br"        },
        { "center",     FLOW,     "div"       },
	{ "cite",       INLINE,   "cite"      },
        { "code",       INLINE,   "code"      },
	{ "dd",         DDESC,    "dd"        },
        { "del",        INLINE,   "del"       },
	{ "details",    FLOW,     "div"       },
        { "dfn",        INLINE,   "dfn"       },
	{ "dir",        LIST,     "ul"        },
        { "div",        FLOW,     "div"       },
	{ "dl",         DLIST,    "dl"        },
        { "dt",         DTERM,    "dt"        },
	{ "em",         INLINE,   "em"        },
        { "fieldset",   FLOW,     "div"       },
	{ "figcaption", FLOW,     "div"       },
        { "figure",     FLOW,     "div"       },
	{ "footer",     FLOW,     "div"       },
        { "h1",         PHRASE,   "h1"        },
	{ "h2",         PHRASE,   "h2"        },
        { "h3",         PHRASE,   "h3"        },
	{ "h4",         PHRASE,   "h4"        },
        { "h5",         PHRASE,   "h5"        },
	{ "h6",         PHRASE,   "h6"        },
        { "header",     FLOW,     "div"       },
	{ "hr",         RULE,     "hr"        },
        { "i",          INLINE,   "i"         },
	{ "iframe",     DROP_RAW, NULL        },
        { "image",      IMAGE,    "img"       },
	{ "img",        IMAGE,    "img"       },
        { "ins",        INLINE,   "ins"       },
	{ "kbd",        INLINE,   "kbd"       },
        { "legend",     FLOW,     "div"       },
	{ "li",         ITEM,     "li"        },
        { "listing",    PHRASE,   "pre"       },
	{ "main",       FLOW,     "div"       },
        { "mark",       INLINE,   "mark"      },
	{ "math",       DROP,     NULL        },
        { "menu",       LIST,     "ul"        },
	{ "nav",        FLOW,     "div"       },
        { "noembed",    DROP_RAW, NULL        },
	{ "noframes",   DROP_RAW, NULL        },
        { "noscript",   DROP,     NULL        },
	{ "object",     DROP,     NULL        },
        { "ol",         LIST,     "ol"        },
	{ "p",          PHRASE,   "p"         },
        { "plaintext",  RAWPRE,   "pre"       },
	{ "pre",        PHRASE,   "pre"       },
        { "q",          INLINE,   "q"         },
	{ "s",          INLINE,   "s"         },
        { "samp",       INLINE,   "samp"      },
	{ "script",     DROP_RAW, NULL        },
        { "section",    FLOW,     "div"       },
	{ "select",     DROP,     NULL        },
        { "small",      INLINE,   "small"     },
	{ "strike",     INLINE,   "s"         },
        { "strong",     INLINE,   "strong"    },
	{ "style",      DROP_RAW, NULL        },
        { "sub",        INLINE,   "sub"       },
	{ "summary",    FLOW,     "div"       },
        { "sup",        INLINE,   "sup"       },
	{ "svg",        DROP,     NULL        },
        { "table",      TABLE,    "table"     },
	{ "tbody",      TBODY,    "tbody"     },
        { "td",         TCELL,    "td"        },
	{ "template",   DROP,     NULL        },
        { "textarea",   DROP_RAW, NULL        },
	{ "tfoot",      TBODY,    "tfoot"     },
        { "th",         TCELL,    "th"        },
	{ "thead",      TBODY,    "thead"     },
        { "title",      DROP_RAW, NULL        },
	{ "tr",         TROW,     "tr"        },
        { "tt",         INLINE,   "code"      },
	{ "u",          INLINE,   "u"         },
        { "ul",         LIST,     "ul"        },
	{ "var",        INLINE,   "var"       },
        { "xmp",        RAWPRE,   "pre"       },
};
/* In texts of our own authors (html_options.pages) besides, or as what they are. */
static const struct element of_pages[] = {
	{ "details",    FLOW,   "details"    },
	{ "figcaption", PHRASE, "figcaption" },
	{ "figure",     FLOW,   "figure"     },
	{ "span",       INLINE, "span"       },
	{ "summary",    PHRASE, "summary"    },
};
/* clang-format on */

bool html_page_class(struct str word)
{
	static const char *const words[] = { "adm",         "adm-note",  "adm-tip", "adm-important", "adm-warning",
		                             "adm-caution", "adm-title", "tabs",    "tab",           "code",
		                             "table",       "footnotes", "task",    "box",           "right",
		                             "center",      "zoom",      "fn",      "fnback" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (str_is(word, words[i]))
			return true;
	if (str_starts(word, STR("hl-")))
		return word.n == 4 && word.p[3] >= 'a' && word.p[3] <= 'z';
	if (!str_starts(word, STR("language-")) || word.n > 30 || word.n == 9)
		return false;
	for (size_t i = 9; i < word.n; i++)
		if (!((word.p[i] >= 'a' && word.p[i] <= 'z') || (word.p[i] >= '0' && word.p[i] <= '9')))
			return false;
	return true;
}

bool html_page_id(struct str id)
{
	size_t i = str_starts(id, STR("s-"))       ? 2
	           : str_starts(id, STR("fn-"))    ? 3
	           : str_starts(id, STR("fnref-")) ? 6
	                                           : 0;

	if (!i || i == id.n || id.n > 200)
		return false;
	for (; i < id.n; i++)
		if (!((id.p[i] >= 'a' && id.p[i] <= 'z') || (id.p[i] >= 'A' && id.p[i] <= 'Z') ||
		      (id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] & 0x80) || id.p[i] == '-' || id.p[i] == '_' ||
		      id.p[i] == '.'))
			return false;
	return true;
}

static int compare(const void *key, const void *element)
{
	return strcmp(key, ((const struct element *)element)->name);
}

const struct element *html_element(const char *name, bool pages)
{
	const struct element *own = pages ? bsearch(name, of_pages, COUNT(of_pages), sizeof(of_pages[0]), compare)
	                                  : NULL;

	return own ? own : bsearch(name, elements, COUNT(elements), sizeof(elements[0]), compare);
}

unsigned html_drop_number(const struct element *el)
{
	unsigned n = 0;

	for (const struct element *e = elements; e < el; e++)
		n += e->kind == DROP;
	return n;
}

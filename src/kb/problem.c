/* What is wrong with a text, said to its author. */
#include "kb/text.h"

static const char *sentence(const struct i18n *l, enum markdown_wrong w)
{
	switch (w) {
	case MARKDOWN_NO_ALT:
		return _(l, "The picture {what} has no alternative text");
	case MARKDOWN_REMOTE_IMAGE:
		return _(l, "The picture {what} is not ours and is shown as a link: upload it here");
	case MARKDOWN_UNKNOWN_MEDIA:
		return _(l, "There is no upload {what}");
	case MARKDOWN_HEADING_ORDER:
		return _(l, "The heading \"{what}\" skips a level; the title of the page is level 1");
	case MARKDOWN_EMPTY_HEADING:
		return _(l, "A heading of level {what} has no text");
	case MARKDOWN_EMPTY_LINK:
		return _(l, "The link to \"{what}\" has no text or no address");
	case MARKDOWN_BAD_LINK:
		return _(l, "The link to \"{what}\" leads nowhere");
	case MARKDOWN_DEAD_ANCHOR:
		return _(l, "No heading of this page is called {what}");
	case MARKDOWN_UNKNOWN_VARIABLE:
		return _(l, "There is no variable \"{what}\"");
	case MARKDOWN_INCLUDE_MISSING:
		return _(l, "\"{what}\" is not included: it is not published, or readers of this page may not see it");
	case MARKDOWN_INCLUDE_CYCLE:
		return _(l, "\"{what}\" is not included a second time inside itself");
	case MARKDOWN_INCLUDE_LIMIT:
		return _(l, "\"{what}\" is not included: too deep or too large");
	case MARKDOWN_FOOTNOTE:
		return _(l, "The footnote \"{what}\" is used and not written, or written and not used");
	case MARKDOWN_UNCLOSED:
		return _(l, "A block that begins with {what} has no end");
	case MARKDOWN_TOO_LARGE:
		return _(l, "The page is too large; its end is missing");
	}
	return "{what}";
}

struct str kb_problem(struct arena *a, const struct i18n *l, const struct markdown_problem *p)
{
	return TR_FILL(a, sentence(l, p->what), { "what", p->detail });
}

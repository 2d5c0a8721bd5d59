/* Variables: their names, and a reader's values put into a page; and slugs. */
#include "html/html.h"
#include "markdown/private.h"

static const struct {
	const char *name, *otherwise;
} variables[MARKDOWN_VARIABLES] = {
	[MARKDOWN_COURSE_ID] = {"course.id",      "course-v1:YourOrg+Course+Run"},
	[MARKDOWN_COURSE_NAME] = { "course.name",   "your course"                 },
	[MARKDOWN_SITE_HOST] = { "site.host",     "your-site.example"           },
	[MARKDOWN_SITE_NAME] = { "site.name",     "your site"                   },
	[MARKDOWN_STUDIO_HOST] = { "studio.host",   "studio.your-site.example"    },
	[MARKDOWN_CONTACT_NAME] = { "contact.name",  "your name"                   },
	[MARKDOWN_CONTACT_EMAIL] = { "contact.email", "you@your-site.example"       },
	[MARKDOWN_ACCOUNT_NAME] = { "account.name",  "your organisation"           },
};

const char *markdown_variable_name(enum markdown_variable v)
{
	return variables[v].name;
}

const char *markdown_variable_default(enum markdown_variable v)
{
	return variables[v].otherwise;
}

int markdown_variable_find(struct str name)
{
	for (int i = 0; i < MARKDOWN_VARIABLES; i++)
		if (str_is(name, variables[i].name))
			return i;
	return -1;
}

enum place { IN_TEXT, IN_ATTRIBUTE, IN_ADDRESS, IN_PLAIN };

static void put_value(struct buf *out, struct str v, enum place where)
{
	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i];
		bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
		             (c && strchr("-._~+:", c));

		if (where == IN_ADDRESS && !plain)
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)c);
		else if (where == IN_PLAIN || plain || (unsigned char)c >= 0x80)
			buf_addc(out, c);
		else if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'')
			buf_addf(out, "&#%d;", c);
		else if ((unsigned char)c >= ' ' && c != 127)
			buf_addc(out, c);
	}
}

/* The place that `html`, of the cleaner's own form, ends in. */
static enum place place_at_end(struct str html, enum place before)
{
	size_t lt = html.n, quote = html.n;
	bool tag = before != IN_TEXT;

	for (size_t i = html.n; i-- > 0;)
		if (html.p[i] == '<' || html.p[i] == '>') {
			tag = html.p[i] == '<';
			lt = i;
			break;
		}
	if (!tag)
		return IN_TEXT;
	for (size_t i = html.n; i-- > (lt == html.n ? 0 : lt);)
		if (html.p[i] == '"') {
			quote = i;
			break;
		}
	if (quote == html.n)
		return before == IN_TEXT ? IN_ATTRIBUTE : before;
	return str_ends(str_sub(html, 0, quote), STR(" href=")) ? IN_ADDRESS : IN_ATTRIBUTE;
}

static struct str fill(struct arena *a, struct str s, const struct markdown_reader *r, enum place where)
{
	size_t at = str_find(s, MARK_BEGIN);
	AUTO_BUF b;

	buf_init(&b, (size_t)MARKDOWN_MAX_OUTPUT * 2);
	if (at == STR_NONE)
		return s;
	while (at != STR_NONE) {
		struct str before = str_sub(s, 0, at), name, otherwise = STR_NULL, v;
		size_t end = str_find(s = str_from(s, at + MARK_BEGIN.n), MARK_END), mid;

		buf_adds(&b, before);
		if (end == STR_NONE)
			break;
		if (where != IN_PLAIN)
			where = place_at_end(before, where);
		name = str_sub(s, 0, end);
		s = str_from(s, end + MARK_END.n);
		if ((mid = str_find(name, MARK_ELSE)) != STR_NONE) {
			otherwise = str_from(name, mid + MARK_ELSE.n);
			name = str_sub(name, 0, mid);
		}
		int i = markdown_variable_find(name);
		v = i >= 0 ? r->value[i] : STR_NULL;
		if (v.n)
			put_value(&b, v, where);
		else if (otherwise.n)
			buf_adds(&b, otherwise); /* escaped where it stands, as the author's text around it */
		else if (i >= 0)
			put_value(&b, str_of(r->defaults[i] ? r->defaults[i] : variables[i].otherwise), where);
		at = str_find(s, MARK_BEGIN);
	}
	buf_adds(&b, s);
	return arena_str(a, buf_str(&b));
}

struct str markdown_fill(struct arena *a, struct str html, const struct markdown_reader *r)
{
	return fill(a, html, r, IN_TEXT);
}

bool markdown_has_variables(struct str html)
{
	return str_find(html, MARK_BEGIN) != STR_NONE;
}

struct str markdown_plain_defaults(struct arena *a, struct str plain)
{
	static const struct markdown_reader nobody = { 0 };

	return fill(a, plain, &nobody, IN_PLAIN);
}

/* The letter under its accent, for Latin-1 and Latin Extended-A; 0: none. */
static char base_letter(uint32_t c)
{
	static const char latin1[] = "aaaaaaaceeeeiiiidnooooo-ouuuuypsaaaaaaaceeeeiiiidnooooo-ouuuuypy";
	static const char extended[] = "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllllllln"
	                               "nnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

	if (c >= 0xc0 && c <= 0xff)
		return latin1[c - 0xc0];
	return c >= 0x100 && c - 0x100 < sizeof(extended) - 1 ? extended[c - 0x100] : 0;
}

struct str markdown_slug(struct arena *a, struct str title, size_t max)
{
	AUTO_BUF b;
	size_t pos = 0;

	buf_init(&b, max + 8);
	while (pos < title.n && b.n < max) {
		uint32_t c = str_utf8_next(title, &pos);
		char letter = c < 0x80 ? (char)c : base_letter(c);

		if (letter >= 'A' && letter <= 'Z')
			letter = (char)(letter | 32);
		if ((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9'))
			buf_addc(&b, letter);
		else if (b.n && b.p[b.n - 1] != '-' && (c < 0x80 ? c != '\'' : !letter))
			buf_addc(&b, '-');
	}
	while (b.n && b.p[b.n - 1] == '-')
		b.n--;
	return arena_str(a, buf_str(&b));
}

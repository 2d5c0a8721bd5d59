/* Tokens as a browser finds them (WHATWG HTML 13.2.5). Comments, doctypes, processing instructions and CDATA are read
 * over; a tag that the input ends in is nothing. Every byte is looked at once. */
#include "html/private.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char low(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static char peek(const struct html_tokens *t, size_t ahead)
{
	return t->at + ahead < t->in.n ? t->in.p[t->at + ahead] : 0;
}

struct str html_attr(const struct html_token *t, const char *name)
{
	for (size_t i = 0; i < t->n_attrs; i++)
		if (str_eq_nocase(t->attrs[i].name, str_of(name)))
			return t->attrs[i].value.p ? t->attrs[i].value : STR("");
	return STR_NULL;
}

static void read_over_to(struct html_tokens *t, struct str end)
{
	size_t at = str_find(str_from(t->in, t->at), end);

	t->at = at == STR_NONE ? t->in.n : t->at + at + end.n;
}

/* At "<!--". Ends with "-->", "--!>", or at once with "<!-->" and "<!--->" (13.2.5.43 to .52). */
static void read_comment(struct html_tokens *t)
{
	t->at += 4;
	if (peek(t, 0) == '>') {
		t->at++;
		return;
	}
	if (peek(t, 0) == '-' && peek(t, 1) == '>') {
		t->at += 2;
		return;
	}
	while (t->at < t->in.n) {
		const char *dash = memchr(t->in.p + t->at, '-', t->in.n - t->at);

		if (!dash) {
			t->at = t->in.n;
			return;
		}
		t->at = (size_t)(dash - t->in.p);
		if (peek(t, 1) == '-' && peek(t, 2) == '>') {
			t->at += 3;
			return;
		}
		if (peek(t, 1) == '-' && peek(t, 2) == '!' && peek(t, 3) == '>') {
			t->at += 4;
			return;
		}
		t->at++;
	}
}

static struct str read_value(struct html_tokens *t)
{
	char quote = peek(t, 0);
	size_t from;

	if (quote == '"' || quote == '\'') {
		from = ++t->at;
		const char *end = from < t->in.n ? memchr(t->in.p + from, quote, t->in.n - from) : NULL;

		t->at = end ? (size_t)(end - t->in.p) : t->in.n;
		struct str v = str_sub(t->in, from, t->at - from);
		if (end)
			t->at++;
		return v;
	}
	from = t->at;
	while (t->at < t->in.n && !is_space(t->in.p[t->at]) && t->in.p[t->at] != '>')
		t->at++;
	return str_sub(t->in, from, t->at - from);
}

static void read_attr(struct html_tokens *t, struct html_token *ret)
{
	size_t from = t->at++; /* a "=" in front belongs to the name */
	struct html_attr a;

	while (t->at < t->in.n && !is_space(t->in.p[t->at]) && !strchr("/>=", t->in.p[t->at]))
		t->at++;
	a = (struct html_attr){ .name = str_sub(t->in, from, t->at - from) };
	while (t->at < t->in.n && is_space(t->in.p[t->at]))
		t->at++;
	if (peek(t, 0) == '=') {
		t->at++;
		while (t->at < t->in.n && is_space(t->in.p[t->at]))
			t->at++;
		if (peek(t, 0) != '>')
			a.value = read_value(t);
	}
	if (ret->n_attrs < HTML_MAX_ATTRS)
		ret->attrs[ret->n_attrs++] = a;
}

/* At the first letter of the name. False: the input ended inside the tag. */
static bool read_tag(struct html_tokens *t, struct html_token *ret)
{
	size_t n = 0;

	ret->n_attrs = 0;
	while (t->at < t->in.n && !is_space(t->in.p[t->at]) && t->in.p[t->at] != '/' && t->in.p[t->at] != '>') {
		if (n < sizeof(ret->name))
			ret->name[n] = low(t->in.p[t->at]);
		n++;
		t->at++;
	}
	if (n >= sizeof(ret->name) || memchr(ret->name, 0, n))
		n = 0;
	ret->name[n] = 0;
	while (t->at < t->in.n) {
		char c = t->in.p[t->at];

		if (c == '>') {
			t->at++;
			return true;
		}
		if (is_space(c) || c == '/')
			t->at++;
		else
			read_attr(t, ret);
	}
	return false;
}

/* Elements whose content is text for the tokeniser, whatever it looks like (13.1.2, scripting off but noscript apart).
 */
static bool holds_text(const char *name)
{
	static const char *const names[] = { "script", "style",   "title",    "textarea",
		                             "iframe", "noembed", "noframes", "xmp" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Everything up to the end tag of t->until. */
static void read_raw(struct html_tokens *t, struct html_token *ret)
{
	size_t from = t->at, len = strlen(t->until);

	while (t->at < t->in.n) {
		const char *lt = memchr(t->in.p + t->at, '<', t->in.n - t->at);

		if (!lt) {
			t->at = t->in.n;
			break;
		}
		t->at = (size_t)(lt - t->in.p);
		char after = peek(t, 2 + len);
		if (peek(t, 1) == '/' && str_eq_nocase(str_sub(t->in, t->at + 2, len), (struct str){ t->until, len }) &&
		    (is_space(after) || after == '/' || after == '>'))
			break;
		t->at++;
	}
	t->until[0] = 0;
	ret->type = HTML_TEXT;
	ret->raw = true;
	ret->text = str_sub(t->in, from, t->at - from);
}

static void read_text(struct html_tokens *t, struct html_token *ret)
{
	size_t from = t->at++; /* a "<" in front is text here */
	const char *lt = t->at < t->in.n ? memchr(t->in.p + t->at, '<', t->in.n - t->at) : NULL;

	t->at = lt ? (size_t)(lt - t->in.p) : t->in.n;
	ret->type = HTML_TEXT;
	ret->raw = t->plaintext;
	ret->text = str_sub(t->in, from, t->at - from);
}

/* At "<". True: a token was found; false: something was read over. */
static bool read_markup(struct html_tokens *t, struct html_token *ret)
{
	char c = peek(t, 1);

	if (is_letter(c)) {
		t->at++;
		ret->type = HTML_START;
		if (!read_tag(t, ret))
			return false;
		if (holds_text(ret->name))
			memcpy(t->until, ret->name, sizeof(t->until));
		else if (strcmp(ret->name, "plaintext") == 0)
			t->plaintext = true;
		return true;
	}
	if (c == '/' && is_letter(peek(t, 2))) {
		t->at += 2;
		ret->type = HTML_END;
		return read_tag(t, ret);
	}
	if (c == '!' && peek(t, 2) == '-' && peek(t, 3) == '-') {
		read_comment(t);
		return false;
	}
	if (c == '!' || c == '?' || (c == '/' && t->at + 2 < t->in.n)) {
		read_over_to(t, STR(">"));
		return false;
	}
	read_text(t, ret);
	return true;
}

void html_next(struct html_tokens *t, struct html_token *ret)
{
	ret->raw = false;
	while (t->at < t->in.n) {
		if (t->plaintext) {
			ret->type = HTML_TEXT;
			ret->raw = true;
			ret->text = str_from(t->in, t->at);
			t->at = t->in.n;
			return;
		}
		if (t->until[0]) {
			read_raw(t, ret);
			return;
		}
		if (t->in.p[t->at] != '<') {
			read_text(t, ret);
			return;
		}
		if (read_markup(t, ret))
			return;
	}
	ret->type = HTML_END_OF_INPUT;
}

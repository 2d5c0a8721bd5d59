/* Colours of code: a lexer good enough to tell comments, strings, numbers and keywords apart, and nothing more. What it
 * does not know stays text, so a wrong guess costs a colour and never a character. One pass, no state but the place. */
#include "markdown/private.h"

#define MAX_CODE (256 << 10)

struct language {
	const char *names;    /* " py python " */
	const char *line[2];  /* what begins a comment to the end of the line */
	const char *block[2]; /* begin and end of a comment */
	const char *quotes;
	const char *triple; /* python: quotes that may stand three times */
	const char *words;  /* " if else " */
	bool fold;          /* words in any case */
	char sigil;         /* '$': variables */
	enum { PLAIN, MARKUP, DIFF, CONFIG, STYLE } form;
};

static const struct language languages[] = {
	{.names = " py python python3 pycon ",
         .line = { "#" },
         .quotes = "\"'",
         .triple = "\"'",
         .words = " and as assert async await break class continue def del elif else except False finally for from"
	           " global if import in is lambda None nonlocal not or pass raise return True try while with yield "
	           "self ", .sigil = '@' },
	{ .names = " js javascript jsx ts typescript tsx json json5 jsonc ",
         .line = { "//" },
         .block = { "/*", "*/" },
         .quotes = "\"'`",
         .words = " async await break case catch class const continue default delete do else export extends false"
	           " finally for from function if import in instanceof interface let new null of return static super"
	           " switch this throw true try type typeof undefined var void while yield " },
	{ .names = " c h cpp cxx hpp java go rust rs ",
         .line = { "//" },
         .block = { "/*", "*/" },
         .quotes = "\"'",
         .words = " auto bool break case char class const continue default do double else enum extern false float fn"
	           " for func go goto if import inline int interface let long match mut namespace new NULL nullptr"
	           " package private public pub register return short signed sizeof static struct switch template this"
	           " true type typedef union unsigned use using virtual void volatile while size_t int64_t uint8_t"
	           " int32_t uint32_t uint64_t ", .sigil = '#' },
	{ .names = " sh bash shell zsh console shell-session dockerfile docker makefile make ",
         .line = { "#" },
         .quotes = "\"'",
         .words = " if then else elif fi for in do done while until case esac function return exit export local"
	           " readonly set unset source sudo cd echo FROM RUN COPY ADD CMD ENTRYPOINT ENV WORKDIR EXPOSE ARG ", .sigil = '$' },
	{ .names = " sql mysql postgresql psql sqlite ",
         .line = { "--" },
         .block = { "/*", "*/" },
         .quotes = "\"'",
         .words = " add all alter and as asc begin between by case check column commit constraint create default"
	           " delete desc distinct drop else end exists foreign from full group having in index inner insert"
	           " into is join key left like limit not null on or order outer primary references returning right"
	           " rollback select set table then union unique update using values view when where with ", .fold = true },
	{ .names = " yaml yml toml ini cfg conf properties env ",
         .line = { "#", ";" },
         .quotes = "\"'",
         .words = " true false null yes no on off ",
         .form = CONFIG },
	{ .names = " css scss less ",
         .block = { "/*", "*/" },
         .quotes = "\"'",
         .words = " ",
         .sigil = '@',
         .form = STYLE },
	{ .names = " html xml xhtml svg rss atom htm ",                      .block = { "<!--", "-->" },                                                       .quotes = "\"'", .form = MARKUP },
	{ .names = " diff patch ",                        .form = DIFF	                                             },
};

static bool listed(const char *list, struct str word, bool fold)
{
	char key[48];

	if (!word.n || word.n > sizeof(key) - 3)
		return false;
	key[0] = ' ';
	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];

		key[i + 1] = fold && c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
	}
	key[word.n + 1] = ' ';
	key[word.n + 2] = 0;
	return strstr(list, key) != NULL;
}

void markdown_escape(struct buf *out, struct str s)
{
	size_t from = 0;

	for (size_t i = 0; i < s.n; i++) {
		const char *as = s.p[i] == '&'   ? "&amp;"
		                 : s.p[i] == '<' ? "&lt;"
		                 : s.p[i] == '>' ? "&gt;"
		                 : s.p[i] == '"' ? "&quot;"
		                                 : NULL;
		if (!as)
			continue;
		buf_adds(out, str_sub(s, from, i - from));
		buf_addz(out, as);
		from = i + 1;
	}
	buf_adds(out, str_from(s, from));
}

static void span(struct buf *out, char class, struct str s)
{
	if (!s.n)
		return;
	if (class) {
		buf_addz(out, "<span class=\"hl-");
		buf_addc(out, class);
		buf_addz(out, "\">");
	}
	markdown_escape(out, s);
	if (class)
		buf_addz(out, "</span>");
}

static bool word_byte(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || (c & 0x80);
}

static size_t to_line_end(struct str s)
{
	size_t n = str_find_byte(s, '\n');

	return n == STR_NONE ? s.n : n;
}

static size_t comment(const struct language *l, struct str s, bool at_space)
{
	for (size_t i = 0; i < COUNT(l->line); i++)
		if (l->line[i] && str_starts(s, str_of(l->line[i])) && (at_space || l->line[i][1]))
			return to_line_end(s);
	if (l->block[0] && str_starts(s, str_of(l->block[0]))) {
		size_t end = str_find(str_from(s, strlen(l->block[0])), str_of(l->block[1]));

		return end == STR_NONE ? s.n : end + strlen(l->block[0]) + strlen(l->block[1]);
	}
	return 0;
}

static size_t string(const struct language *l, struct str s)
{
	char q = s.p[0];

	if (!l->quotes || !q || !strchr(l->quotes, q))
		return 0;
	if (l->triple && s.n > 5 && s.p[1] == q && s.p[2] == q) {
		size_t end = str_find(str_from(s, 3), str_sub(s, 0, 3));

		return end == STR_NONE ? s.n : end + 6;
	}
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == q)
			return i + 1;
		else if (s.p[i] == '\n' && q != '`')
			return 0; /* an apostrophe */
	}
	return 0;
}

static char class_of_word(const struct language *l, struct str s, size_t n, bool line_start)
{
	struct str word = str_sub(s, 0, n), rest = str_from(s, n);

	if (word.p[0] >= '0' && word.p[0] <= '9')
		return 'n';
	if (l->form == CONFIG && line_start &&
	    (str_starts(rest, STR(":")) || str_starts(str_trim(str_sub(rest, 0, 3)), STR("="))))
		return 'a';
	if (l->form == STYLE && str_starts(rest, STR(":")) && line_start)
		return 'a';
	if (l->words && listed(l->words, word, l->fold))
		return 'k';
	return str_starts(rest, STR("(")) && l->form == PLAIN && !l->fold ? 'f' : 0;
}

static void plain_code(struct buf *out, const struct language *l, struct str s)
{
	size_t from = 0, i = 0, index, n;
	bool line_start = true; /* nothing but white space and list marks in this line so far */

	while (i < s.n) {
		struct str rest = str_from(s, i);
		bool at_space = i == 0 || s.p[i - 1] == ' ' || s.p[i - 1] == '\n' || s.p[i - 1] == '\t';
		char class = 0;

		if (markdown_mark(rest, &index, &n)) {
			i += n;
			continue;
		}
		if ((n = comment(l, rest, at_space)) != 0) {
			class = 'c';
		} else if ((n = string(l, rest)) != 0) {
			class = l->form == CONFIG && line_start && str_starts(str_from(rest, n), STR(":")) ? 'a' : 's';
		} else if (l->sigil && s.p[i] == l->sigil && i + 1 < s.n &&
		           (word_byte(s.p[i + 1]) || s.p[i + 1] == '{')) {
			bool brace = s.p[i + 1] == '{';

			for (n = 1 + brace; i + n < s.n && (word_byte(s.p[i + n]) ||
			                                    (brace && s.p[i + n] != '}' && s.p[i + n] != '\n'));)
				n++;
			n += brace && i + n < s.n && s.p[i + n] == '}';
			class = 'v';
		} else if (word_byte(s.p[i]) && !str_starts(rest, MARK_BEGIN)) {
			char more = l->form == CONFIG || l->form == STYLE ? '-' : 0;

			for (n = 0; i + n < s.n &&
			            (word_byte(s.p[i + n]) || (more && s.p[i + n] == more) ||
			             (s.p[i] <= '9' && s.p[i + n] == '.')) &&
			            !str_starts(str_from(s, i + n), MARK_BEGIN);)
				n++;
			class = class_of_word(l, rest, n, line_start);
		}
		if (class) {
			span(out, 0, str_sub(s, from, i - from));
			span(out, class, str_sub(s, i, n));
			from = i + n;
		}
		n = n ? n : 1;
		if (s.p[i + n - 1] == '\n' || (class == 'c' && i + n < s.n && s.p[i + n] == '\n'))
			line_start = true;
		else if (!strchr(" \t-{;", s.p[i]))
			line_start = false;
		i += n;
	}
	span(out, 0, str_from(s, from));
}

/* The inside of a tag: its name, attributes and values. */
static void tag(struct buf *out, const struct language *l, struct str s)
{
	size_t n = 1, q;

	while (n < s.n && (word_byte(s.p[n]) || strchr("/!?:-.", s.p[n])))
		n++;
	span(out, 't', str_sub(s, 0, n));
	while (n < s.n) {
		struct str rest = str_from(s, n);
		size_t w = 0;

		if ((q = string(l, rest)) != 0) {
			span(out, 's', str_sub(rest, 0, q));
			n += q;
			continue;
		}
		while (w < rest.n && (word_byte(rest.p[w]) || strchr(":-.@", rest.p[w])))
			w++;
		if (w) {
			span(out, 'a', str_sub(rest, 0, w));
			n += w;
			continue;
		}
		span(out, rest.p[0] == '>' || rest.p[0] == '/' ? 't' : 0, str_sub(rest, 0, 1));
		n++;
	}
}

static void markup(struct buf *out, const struct language *l, struct str s)
{
	while (s.n) {
		size_t n = str_find_byte(s, '<'), end;

		span(out, 0, str_sub(s, 0, n == STR_NONE ? s.n : n));
		if (n == STR_NONE)
			return;
		s = str_from(s, n);
		if ((n = comment(l, s, true)) != 0) {
			span(out, 'c', str_sub(s, 0, n));
			s = str_from(s, n);
			continue;
		}
		end = str_find_byte(s, '>');
		n = end == STR_NONE ? s.n : end + 1;
		tag(out, l, str_sub(s, 0, n));
		s = str_from(s, n);
	}
}

static void diff(struct buf *out, struct str s)
{
	while (s.n) {
		size_t n = to_line_end(s);
		bool head = str_starts(s, STR("+++")) || str_starts(s, STR("---")) || str_starts(s, STR("@@"));

		n += n < s.n;
		span(out, head ? 'h' : s.p[0] == '+' ? 'i' : s.p[0] == '-' ? 'd' : 0, str_sub(s, 0, n));
		s = str_from(s, n);
	}
}

void markdown_highlight(struct buf *out, struct str code, struct str lang)
{
	const struct language *l = NULL;

	for (size_t i = 0; i < COUNT(languages); i++)
		if (listed(languages[i].names, lang, true))
			l = &languages[i];
	if (!l || code.n > MAX_CODE)
		markdown_escape(out, code);
	else if (l->form == MARKUP)
		markup(out, l, code);
	else if (l->form == DIFF)
		diff(out, code);
	else
		plain_code(out, l, code);
}

/* The lines of a text before md4c sees them: containers (:::), alerts of quotes, footnotes, includes and variables
 * become marks (private.h), blocks of code stay as they are. Line by line, once. */
#include "markdown/private.h"

#define MAX_OPEN 16

struct lines {
	struct prepared *p;
	struct buf out;
	struct { /* the fence of a block of code; n 0: not in one */
		char c;
		size_t n;
	} fence;
	struct {
		enum mark_kind end; /* MARK_ADM_END, MARK_DETAILS_END, MARK_TABS_END */
		size_t colons;
	} open[MAX_OPEN];
	size_t n_open;
	size_t note; /* footnote whose lines these are, + 1 */
	struct buf note_text;
	bool was_blank;
};

void markdown_problem(struct prepared *p, enum markdown_wrong w, struct str detail)
{
	if (p->problems.n < MARKDOWN_MAX_PROBLEMS)
		*VEC_ADD(p->a, &p->problems) = (struct markdown_problem){ w,
			                                                  arena_str(p->a, str_utf8_clip(detail, 200)) };
}

bool markdown_mark(struct str s, size_t *ret_index, size_t *ret_n)
{
	size_t i = MARK_BEGIN.n, index = 0;

	if (!str_starts(s, MARK_BEGIN))
		return false;
	for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && index < 1u << 24; i++)
		index = index * 10 + (size_t)(s.p[i] - '0');
	if (!str_starts(str_from(s, i), MARK_END))
		return false;
	*ret_index = index;
	*ret_n = i + MARK_END.n;
	return true;
}

static void put_mark(struct lines *l, struct buf *out, struct mark m)
{
	buf_adds(out, MARK_BEGIN);
	buf_add_i64(out, (int64_t)l->p->marks.n);
	buf_adds(out, MARK_END);
	*VEC_ADD(l->p->a, &l->p->marks) = m;
}

/* As a paragraph of its own, as far to the right as the line it replaces. */
static void put_block_mark(struct lines *l, struct str line, struct mark m)
{
	size_t indent = 0;

	while (indent < line.n && (line.p[indent] == ' ' || line.p[indent] == '\t'))
		indent++;
	m.source = line;
	buf_addc(&l->out, '\n');
	buf_adds(&l->out, str_sub(line, 0, indent));
	put_mark(l, &l->out, m);
	buf_addz(&l->out, "\n\n");
}

/* ---- inside a line ---- */

static size_t find_note(struct prepared *p, struct str name)
{
	for (size_t i = 0; i < p->notes.n; i++)
		if (str_eq(p->notes.at[i].name, name))
			return i;
	if (p->notes.n == 500)
		return STR_NONE;
	*VEC_ADD(p->a, &p->notes) = (struct note){ .name = name, .text = STR_NULL };
	return p->notes.n - 1;
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || s.p[i] == '_' || s.p[i] == '.'))
			return false;
	return s.n > 0 && s.n <= 40;
}

/* `s` begins with "{{". Bytes taken, 0: none. */
static size_t variable(struct lines *l, struct buf *out, struct str s, bool in_code)
{
	size_t end = str_find(str_sub(s, 0, 300), STR("}}")), bar;
	struct str name = str_trim(str_sub(s, 2, end == STR_NONE ? 0 : end - 2)), otherwise = STR_NULL;

	if (end == STR_NONE)
		return 0;
	if ((bar = str_find_byte(name, '|')) != STR_NONE) {
		otherwise = str_trim(str_from(name, bar + 1));
		name = str_trim(str_sub(name, 0, bar));
	}
	int v = markdown_variable_find(name);
	if (v < 0) {
		if (is_name(name) && !in_code)
			markdown_problem(l->p, MARKDOWN_UNKNOWN_VARIABLE, name);
		else if (name.n && name.p[0] == '>' && !in_code)
			markdown_problem(l->p, MARKDOWN_INCLUDE_MISSING, str_trim(str_from(name, 1)));
		return 0;
	}
	put_mark(l, out,
	         (struct mark){ .kind = MARK_VARIABLE, .of = v, .text = otherwise, .source = str_sub(s, 0, end + 2) });
	return end + 2;
}

/* `s` begins with "[^". */
static size_t footnote(struct lines *l, struct buf *out, struct str s)
{
	size_t end = str_find_byte(str_sub(s, 0, 80), ']'), i;
	struct str name = str_sub(s, 2, end == STR_NONE ? 0 : end - 2);

	if (!name.n || str_find_byte(name, ' ') != STR_NONE || str_find_byte(name, '[') != STR_NONE ||
	    (i = find_note(l->p, name)) == STR_NONE)
		return 0;
	put_mark(l, out, (struct mark){ .kind = MARK_FOOTNOTE, .of = (int)i, .source = str_sub(s, 0, end + 1) });
	return end + 1;
}

/* `## Title {#anchor}`: the mark stands for the braces. */
static bool anchor_at(struct str line, size_t i)
{
	struct str s = str_trim(str_from(line, i)), head = str_trim(line);

	if (!head.n || head.p[0] != '#' || !str_starts(s, STR("{#")) || !str_ends(s, STR("}")) || s.n < 4 || s.n > 120)
		return false;
	for (size_t k = 2; k + 1 < s.n; k++)
		if (!((s.p[k] >= '0' && s.p[k] <= '9') || ((s.p[k] | 32) >= 'a' && (s.p[k] | 32) <= 'z') ||
		      s.p[k] == '-' || s.p[k] == '_' || s.p[k] == '.'))
			return false;
	return true;
}

/* The line under a table's head: md4c wants three dashes a column, GitHub one. */
static bool table_rule(struct buf *out, struct str line)
{
	size_t dashes = 0, bars = 0;

	for (size_t i = 0; i < line.n; i++) {
		if (!strchr("|:- \t>", line.p[i]))
			return false;
		dashes += line.p[i] == '-';
		bars += line.p[i] == '|';
	}
	if (!bars || !dashes)
		return false;
	for (size_t i = 0; i < line.n; i++) {
		buf_addc(out, line.p[i]);
		if (line.p[i] == '-' && (i + 1 == line.n || line.p[i + 1] != '-'))
			buf_addz(out, "--");
	}
	buf_addc(out, '\n');
	return true;
}

static void put_line(struct lines *l, struct buf *out, struct str line, bool in_fence)
{
	size_t from = 0, ticks = 0;

	if (!in_fence && str_find_byte(line, '|') != STR_NONE && table_rule(out, line))
		return;

	for (size_t i = 0; i + 1 < line.n; i++) {
		size_t n = 0, before = out->n;
		char c = line.p[i], next = line.p[i + 1];
		bool in_code = in_fence || ticks % 2;

		ticks += c == '`';
		if ((c != '{' && c != '[') || (i && line.p[i - 1] == '\\'))
			continue;
		if (!((c == '{' && (next == '{' || next == '#')) || (c == '[' && next == '^')))
			continue;
		buf_adds(out, str_sub(line, from, i - from));
		if (c == '{' && next == '{') {
			n = variable(l, out, str_from(line, i), in_code);
		} else if (c == '[' && !in_code) {
			n = footnote(l, out, str_from(line, i));
		} else if (c == '{' && !in_fence && anchor_at(line, i)) {
			struct str s = str_trim(str_from(line, i));

			put_mark(l, out,
			         (struct mark){ .kind = MARK_ANCHOR, .text = str_sub(s, 2, s.n - 3), .source = s });
			n = line.n - i;
		}
		if (n) {
			from = i + n;
			i = from - 1;
		} else {
			out->n = before;
		}
	}
	buf_adds(out, str_from(line, from));
	buf_addc(out, '\n');
}

/* ---- fences ---- */

/* Behind white space, marks of quotes and of a list item. */
static struct str inner(struct str line, bool items)
{
	size_t i = 0;

	while (i < line.n && strchr(" \t>", line.p[i]) && line.p[i])
		i++;
	if (items && i + 1 < line.n && strchr("-*+", line.p[i]) && line.p[i] && line.p[i + 1] == ' ')
		i += 2;
	while (items && i < line.n && line.p[i] == ' ')
		i++;
	return str_from(line, i);
}

static bool track_fence(struct lines *l, struct str line)
{
	struct str s = inner(line, l->fence.n == 0);
	size_t n = 0;

	while (n < s.n && (s.p[n] == '`' || s.p[n] == '~') && s.p[n] == s.p[0])
		n++;
	if (l->fence.n) {
		if (n >= l->fence.n && s.p[0] == l->fence.c && str_trim(str_from(s, n)).n == 0)
			l->fence.n = 0;
		return true;
	}
	if (n < 3 || (s.p[0] == '`' && str_find_byte(str_from(s, n), '`') != STR_NONE))
		return false;
	l->fence.c = s.p[0];
	l->fence.n = n;
	return true;
}

/* ---- containers ---- */

static int adm_of(struct str word)
{
	static const struct {
		const char *word;
		enum adm adm;
	} words[] = {
		{"note",       ADM_NOTE     },
                { "info",      ADM_NOTE     },
                { "tip",       ADM_TIP      },
		{ "hint",      ADM_TIP      },
                { "success",   ADM_TIP      },
                { "important", ADM_IMPORTANT},
		{ "warning",   ADM_WARNING  },
                { "attention", ADM_WARNING  },
                { "caution",   ADM_CAUTION  },
		{ "danger",    ADM_CAUTION  },
                { "error",     ADM_CAUTION  },
	};

	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eq_nocase(word, str_of(words[i].word)))
			return (int)words[i].adm;
	return -1;
}

static struct str unwrapped(struct str s, const char *pair)
{
	s = str_trim(s);
	return s.n > 1 && s.p[0] == pair[0] && s.p[s.n - 1] == pair[1] ? str_trim(str_sub(s, 1, s.n - 2)) : s;
}

static void close_one(struct lines *l, struct str line, size_t i)
{
	while (l->n_open > i)
		put_block_mark(l, line, (struct mark){ .kind = l->open[--l->n_open].end });
}

static bool open_container(struct lines *l, struct str line, size_t colons, struct str rest)
{
	bool braces = str_starts(rest, STR("{"));
	size_t n = braces;
	struct mark m = { 0 };
	enum mark_kind end = MARK_ADM_END;

	while (n < rest.n && ((rest.p[n] | 32) >= 'a' && (rest.p[n] | 32) <= 'z'))
		n++;
	struct str word = str_sub(rest, braces, n - braces);
	m.text = unwrapped(str_from(rest, n + braces), "[]");
	m.of = adm_of(word);
	if (m.of >= 0)
		m.kind = MARK_ADM;
	else if (str_is(word, "details") || str_is(word, "dropdown"))
		m.kind = MARK_DETAILS, end = MARK_DETAILS_END;
	else if (str_is(word, "tabs"))
		m.kind = MARK_TABS, end = MARK_TABS_END;
	else
		return false;
	if (l->n_open == MAX_OPEN)
		return false;
	put_block_mark(l, line, m);
	l->open[l->n_open].end = end;
	l->open[l->n_open++].colons = colons;
	return true;
}

static bool container(struct lines *l, struct str line)
{
	struct str s = str_trim(line);
	size_t colons = 0;

	while (colons < s.n && s.p[colons] == ':')
		colons++;
	if (colons >= 3) {
		struct str rest = str_trim(str_from(s, colons));

		if (rest.n)
			return open_container(l, line, colons, rest);
		if (!l->n_open)
			return false;
		for (size_t i = l->n_open; i-- > 0;)
			if (l->open[i].colons == colons) {
				close_one(l, line, i);
				return true;
			}
		close_one(l, line, l->n_open - 1);
		return true;
	}
	if (l->n_open && l->open[l->n_open - 1].end == MARK_TABS_END && str_starts(s, STR("=="))) {
		while (s.n && s.p[0] == '=')
			s = str_from(s, 1);
		s = unwrapped(s, "\"\"");
		if (s.n) {
			put_block_mark(l, line, (struct mark){ .kind = MARK_TAB, .text = s });
			return true;
		}
	}
	return false;
}

/* "> [!NOTE]": a paragraph of its own in its quote. */
static bool alert(struct lines *l, struct str line)
{
	size_t at = str_find(line, STR("[!")), end;
	struct str before = str_sub(line, 0, at == STR_NONE ? 0 : at);

	if (at == STR_NONE || str_find_byte(before, '>') == STR_NONE || inner(before, false).n)
		return false;
	end = str_find_byte(str_from(line, at), ']');
	if (end == STR_NONE || adm_of(str_sub(line, at + 2, end - 2)) < 0)
		return false;
	buf_adds(&l->out, before);
	put_mark(l, &l->out,
	         (struct mark){ .kind = MARK_ALERT,
	                        .of = adm_of(str_sub(line, at + 2, end - 2)),
	                        .text = str_trim(str_from(line, at + end + 1)),
	                        .source = str_from(line, at) });
	buf_addc(&l->out, '\n');
	buf_adds(&l->out, before);
	buf_addc(&l->out, '\n');
	return true;
}

/* ---- footnotes' texts ---- */

static void end_note(struct lines *l)
{
	if (l->note)
		l->p->notes.at[l->note - 1].text = arena_str(l->p->a, buf_str(&l->note_text));
	l->note = 0;
	buf_clear(&l->note_text);
}

static bool note_line(struct lines *l, struct str line)
{
	bool blank = str_trim(line).n == 0;
	size_t close = str_find(str_sub(line, 0, 90), STR("]:")), indent = 0, i;

	while (indent < line.n && line.p[indent] == ' ')
		indent++;
	if (indent <= 3 && str_starts(str_from(line, indent), STR("[^")) && close != STR_NONE && close > indent + 2) {
		struct str name = str_sub(line, indent + 2, close - indent - 2);

		end_note(l);
		if (str_find_byte(name, ' ') != STR_NONE || (i = find_note(l->p, name)) == STR_NONE)
			return false;
		l->note = i + 1;
		put_line(l, &l->note_text, str_trim(str_from(line, close + 2)), false);
		return true;
	}
	if (!l->note)
		return false;
	/* A line that goes on to the left belongs to it when it is the middle of a sentence. */
	if (!blank && indent < 2 && (l->was_blank || strchr("`~#:>|-*+{[!", line.p[indent]))) {
		end_note(l);
		return false;
	}
	put_line(l, &l->note_text, str_from(line, indent < 4 ? indent : 4), false);
	return true;
}

/* ---- includes ---- */

/* What could be taken for a mark, and NUL, is no text of an author. */
static struct str without_marks(struct arena *a, struct str text)
{
	AUTO_BUF b;
	size_t from = 0;

	buf_init(&b, text.n * 3 + 8);
	for (size_t i = 0; i < text.n; i++) {
		struct str s = str_sub(text, i, 3);
		bool mark = str_eq(s, MARK_BEGIN) || str_eq(s, MARK_END) || str_eq(s, MARK_ELSE);

		if (!mark && text.p[i])
			continue;
		buf_adds(&b, str_sub(text, from, i - from));
		buf_addz(&b, "\xef\xbf\xbd");
		from = i + (mark ? 3 : 1);
		i = from - 1;
	}
	if (!from)
		return text;
	buf_adds(&b, str_from(text, from));
	return arena_str(a, buf_str(&b));
}

static void lines(struct lines *l, struct str text);

static bool include(struct lines *l, struct str line)
{
	struct str s = str_trim(line), slug, text = STR_NULL;
	struct prepared *p = l->p;
	size_t before = p->depth;

	if (!str_starts(s, STR("{{>")) || !str_ends(s, STR("}}")))
		return false;
	slug = arena_str(p->a, str_trim(str_sub(s, 3, s.n - 5)));
	for (size_t i = 0; i < p->depth; i++)
		if (str_eq(p->within[i], slug)) {
			markdown_problem(p, MARKDOWN_INCLUDE_CYCLE, slug);
			return true;
		}
	if (p->depth == MARKDOWN_MAX_DEPTH) {
		markdown_problem(p, MARKDOWN_INCLUDE_LIMIT, slug);
		return true;
	}
	if (!p->o->include || !p->o->include(p->o->arg, p->a, slug, &text)) {
		markdown_problem(p, MARKDOWN_INCLUDE_MISSING, slug);
		return true;
	}
	if (text.n > MARKDOWN_MAX_TEXT - p->taken) {
		markdown_problem(p, MARKDOWN_INCLUDE_LIMIT, slug);
		return true;
	}
	bool known = false;
	for (size_t i = 0; i < p->includes.n; i++)
		known = known || str_eq(p->includes.at[i], slug);
	if (!known)
		*VEC_ADD(p->a, &p->includes) = slug;
	p->within[p->depth++] = slug;
	buf_addc(&l->out, '\n');
	size_t n_open = l->n_open;
	lines(l, without_marks(p->a, text));
	l->fence.n = 0;
	end_note(l);
	if (l->n_open > n_open)
		close_one(l, STR(":::"), n_open);
	buf_addc(&l->out, '\n');
	p->depth = before;
	return true;
}

static void lines(struct lines *l, struct str text)
{
	struct str rest = text, line;

	l->p->taken += text.n;
	while (str_cut(&rest, '\n', &line)) {
		if (str_ends(line, STR("\r")))
			line.n--;
		bool blank = str_trim(line).n == 0;

		if (l->fence.n == 0 && note_line(l, line)) {
			l->was_blank = blank;
			continue;
		}
		l->was_blank = blank;
		if (track_fence(l, line))
			put_line(l, &l->out, line, true);
		else if (!include(l, line) && !container(l, line) && !alert(l, line))
			put_line(l, &l->out, line, false);
	}
}

struct str markdown_prepare(struct prepared *p, struct str text)
{
	struct lines l = { .p = p };

	if (text.n > MARKDOWN_MAX_TEXT) {
		markdown_problem(p, MARKDOWN_TOO_LARGE, STR(""));
		text = str_utf8_clip(text, MARKDOWN_MAX_TEXT);
	}
	buf_init(&l.out, (size_t)MARKDOWN_MAX_TEXT * 8);
	buf_init(&l.note_text, MARKDOWN_MAX_TEXT);
	lines(&l, without_marks(p->a, text));
	end_note(&l);
	if (l.n_open) {
		markdown_problem(p, MARKDOWN_UNCLOSED, STR(":::"));
		l.fence.n = 0;
		close_one(&l, STR(":::"), 0);
	}
	struct str ret = arena_str(p->a, buf_str(&l.out));
	buf_release(&l.out);
	buf_release(&l.note_text);
	return ret;
}

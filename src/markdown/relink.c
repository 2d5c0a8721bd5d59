/* Addresses in a text changed without touching anything else: imports make them ours, exports make them files. Finds
 * [x](here "title"), ![x](here) and [ref]: here; code is left alone. */
#include "markdown/private.h"

struct relink {
	struct arena *a;
	struct buf out;
	markdown_link_fn *fn;
	void *arg;
};

static size_t skip_space(struct str s, size_t i)
{
	while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'))
		i++;
	return i;
}

/* The destination that begins at `i`: its bytes, and where it ends. Spaces in it want <>. */
static struct str destination(struct str s, size_t i, size_t *ret_end)
{
	size_t from = i, depth = 0;

	if (i < s.n && s.p[i] == '<') {
		size_t close = str_find_byte(str_from(s, i), '>');

		if (close == STR_NONE)
			return STR_NULL;
		*ret_end = i + close + 1;
		return str_sub(s, i + 1, close - 1);
	}
	for (; i < s.n && (unsigned char)s.p[i] > ' '; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
		else if (s.p[i] == '(')
			depth++;
		else if (s.p[i] == ')' && depth-- == 0)
			break;
	}
	*ret_end = i;
	return str_sub(s, from, i - from);
}

/* `before`: as it stands in the text, with its <>. */
static void put_destination(struct relink *r, struct str d, struct str before)
{
	if (str_null(d)) {
		buf_adds(&r->out, before);
		return;
	}
	bool wrap = str_find_byte(d, ' ') != STR_NONE || str_find_byte(d, '(') != STR_NONE;

	if (wrap)
		buf_addc(&r->out, '<');
	buf_adds(&r->out, d);
	if (wrap)
		buf_addc(&r->out, '>');
}

/* Behind "](" at `i`: rewritten up to the end of the destination; 0 when it is none. */
static size_t inline_link(struct relink *r, struct str line, size_t i, bool image)
{
	size_t at = skip_space(line, i), end = 0;
	struct str to = destination(line, at, &end);

	if (!to.n)
		return 0;
	buf_adds(&r->out, str_sub(line, i, at - i));
	put_destination(r, r->fn(r->arg, r->a, to, image), str_sub(line, at, end - at));
	return end;
}

/* "[ref]: here": the place of the destination, 0 when the line is none. */
static size_t definition(struct str line)
{
	size_t i = skip_space(line, 0), close;

	if (i > 3 || i >= line.n || line.p[i] != '[' || (i + 1 < line.n && line.p[i + 1] == '^'))
		return 0;
	close = str_find(str_from(line, i), STR("]:"));
	return close == STR_NONE || close < 2 ? 0 : skip_space(line, i + close + 2);
}

/* Is the "[" that "]" at `i` closes preceded by "!"? */
static bool is_image(struct str line, size_t i)
{
	int depth = 0;

	for (size_t k = i + 1; k-- > 0;) {
		depth += line.p[k] == ']' ? 1 : line.p[k] == '[' ? -1 : 0;
		if (depth == 0)
			return k > 0 && line.p[k - 1] == '!';
	}
	return false;
}

static void one_line(struct relink *r, struct str line)
{
	size_t from = 0, def = definition(line), end;

	if (def && def < line.n) {
		struct str to = destination(line, def, &end);

		if (to.n) {
			buf_adds(&r->out, str_sub(line, 0, def));
			put_destination(r, r->fn(r->arg, r->a, to, false), str_sub(line, def, end - def));
			buf_adds(&r->out, str_from(line, end));
			return;
		}
	}
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == '\\') {
			i++;
			continue;
		}
		if (line.p[i] == '`') { /* to its other end, when there is one in the line */
			size_t n = 1;

			while (i + n < line.n && line.p[i + n] == '`')
				n++;
			size_t close = str_find(str_from(line, i + n), str_sub(line, i, n));
			i += close == STR_NONE ? n - 1 : n + close + n - 1;
			continue;
		}
		if (line.p[i] == ']' && i + 1 < line.n && line.p[i + 1] == '(') {
			buf_adds(&r->out, str_sub(line, from, i + 2 - from));
			end = inline_link(r, line, i + 2, is_image(line, i));
			from = end ? end : i + 2;
			i = from - 1;
		}
	}
	buf_adds(&r->out, str_from(line, from));
}

struct str markdown_relink(struct arena *a, struct str text, markdown_link_fn *fn, void *arg)
{
	struct relink r = { .a = a, .fn = fn, .arg = arg };
	struct str rest = text, line;
	char fence = 0;
	size_t fence_n = 0;

	buf_init(&r.out, text.n * 4 + (1 << 20));
	while (str_cut(&rest, '\n', &line)) {
		struct str s = line;
		size_t n = 0;

		while (s.n && (s.p[0] == ' ' || s.p[0] == '>' || s.p[0] == '\t'))
			s = str_from(s, 1);
		while (n < s.n && (s.p[n] == '`' || s.p[n] == '~') && s.p[n] == s.p[0])
			n++;
		if (fence_n ? n >= fence_n && s.p[0] == fence && !str_trim(str_from(s, n)).n : n >= 3) {
			fence = s.p[0];
			fence_n = fence_n ? 0 : n;
			buf_adds(&r.out, line);
		} else if (fence_n) {
			buf_adds(&r.out, line);
		} else {
			one_line(&r, line);
		}
		if (rest.n || str_ends(text, STR("\n")))
			buf_addc(&r.out, '\n');
	}
	struct str ret = r.out.full ? text : arena_str(a, buf_str(&r.out));
	buf_release(&r.out);
	return ret;
}

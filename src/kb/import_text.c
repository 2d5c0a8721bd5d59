/* One file of a tree: its front matter, its title, and what other dialects of Markdown write said in ours: "!!! note",
 * "=== Tab" (MkDocs), HTML for pictures, links and line ends. Other tags are dropped, their text stays. */
#include "html/html.h"
#include "kb/import_private.h"
#include "markdown/markdown.h"

/* ---- front matter ---- */

static struct str plain_value(struct str s)
{
	s = str_trim(s);
	if (s.n > 1 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0])
		s = str_sub(s, 1, s.n - 2);
	return s;
}

/* "[a, b c]" or "a b": words of lower case with hyphens, blanks around each: ' a b-c '. */
static struct str tag_list(struct arena *a, struct str so_far, struct str s, bool commas)
{
	struct str rest = s, part;
	AUTO_BUF b;

	buf_init(&b, 600);
	buf_adds(&b, so_far.n ? so_far : STR(" "));
	while (str_cut(&rest, commas ? ',' : '\n', &part)) {
		struct str tag = markdown_slug(a, plain_value(part), 40);

		if (tag.n && b.n + tag.n < 400) {
			buf_adds(&b, tag);
			buf_addc(&b, ' ');
		}
	}
	return b.n > 1 ? arena_str(a, buf_str(&b)) : STR("");
}

/* Double-quoted values know \" and \\ as YAML does: what exports write. */
static struct str unescaped(struct arena *a, struct str raw)
{
	struct str s = plain_value(raw);
	AUTO_BUF b;

	buf_init(&b, s.n + 1);
	if (!str_starts(str_trim(raw), STR("\"")) || str_find_byte(s, '\\') == STR_NONE)
		return s;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
		buf_addc(&b, s.p[i]);
	}
	return arena_str(a, buf_str(&b));
}

static struct str front_matter(struct arena *a, struct str text, struct import_page *p)
{
	struct str rest = text, line, before, key = STR("");

	if (!str_cut(&rest, '\n', &line) || !str_is(str_trim(line), "---"))
		return text;
	for (before = rest; str_cut(&rest, '\n', &line); before = rest) {
		struct str s = str_trim(line);
		size_t colon = str_find_byte(s, ':');

		if (str_is(s, "---") || str_is(s, "..."))
			return rest;
		if (str_starts(s, STR("- ")) && str_is(key, "tags")) {
			p->tags = tag_list(a, p->tags, str_from(s, 2), false);
			continue;
		}
		if (colon == STR_NONE || line.p[0] == ' ')
			continue;
		key = str_sub(s, 0, colon);
		struct str raw = str_from(s, colon + 1), v = unescaped(a, raw);
		if (str_is(key, "title"))
			p->title = v;
		else if (str_is(key, "slug"))
			p->slug = v;
		else if (str_is(key, "summary") || str_is(key, "description"))
			p->summary = str_utf8_clip(v, 600);
		else if (str_is(key, "tags") && v.n)
			p->tags = tag_list(a, STR_NULL, v.p[0] == '[' ? str_sub(v, 1, v.n > 1 ? v.n - 2 : 0) : v, true);
		else if (str_is(key, "position") || str_is(key, "nav_order") || str_is(key, "weight") ||
		         str_is(key, "sidebar_position"))
			(void)(str_to_i64(v, &p->order) == RC_OK);
	}
	(void)before;
	return text; /* no end: it was no front matter */
}

/* ---- HTML ---- */

static struct str attr(struct str tag, const char *name)
{
	for (size_t i = 0; i + 1 < tag.n; i++) {
		size_t n = strlen(name);

		if ((tag.p[i] != ' ' && tag.p[i] != '\n' && tag.p[i] != '\t') ||
		    !str_starts_nocase(str_from(tag, i + 1), str_of(name)) || i + 1 + n >= tag.n ||
		    tag.p[i + 1 + n] != '=')
			continue;
		struct str v = str_from(tag, i + n + 2);
		if (v.n && (v.p[0] == '"' || v.p[0] == '\''))
			return str_sub(v, 1, str_find_byte(str_from(v, 1), v.p[0]));
		for (n = 0; n < v.n && v.p[n] != ' ' && v.p[n] != '>' && v.p[n] != '/';)
			n++;
		return str_sub(v, 0, n);
	}
	return STR("");
}

static bool named(struct str tag, const char *name)
{
	size_t n = strlen(name), at = 1 + (tag.n > 1 && tag.p[1] == '/');

	return str_starts_nocase(str_from(tag, at), str_of(name)) && at + n < tag.n &&
	       strchr(" \t\n/>", tag.p[at + n]) && tag.p[at + n];
}

/* `s` begins with "<". Bytes taken, 0: it is text. */
static size_t html_tag(struct buf *b, struct str s, struct str *href)
{
	static const char *const dropped[] = { "p",      "div",   "span",    "center",  "a",       "img",
		                               "br",     "hr",    "section", "article", "figure",  "figcaption",
		                               "font",   "table", "thead",   "tbody",   "tr",      "td",
		                               "th",     "ul",    "ol",      "li",      "picture", "source",
		                               "sup",    "sub",   "small",   "u",       "h1",      "h2",
		                               "h3",     "h4",    "h5",      "h6",      "summary", "details",
		                               "iframe", "video", "nav",     "dl",      "dt",      "dd" };
	size_t end;

	if (str_starts(s, STR("<!--"))) {
		end = str_find(s, STR("-->"));
		return end == STR_NONE ? 0 : end + 3;
	}
	end = str_find_byte(str_sub(s, 0, 4000), '>');
	if (end == STR_NONE || s.n < 3)
		return 0;
	struct str tag = str_sub(s, 0, end + 1);
	bool closes = tag.p[1] == '/';
	if (named(tag, "img")) {
		buf_addz(b, "![");
		buf_adds(b, attr(tag, "alt"));
		buf_addf(b, "](<" STR_F ">)", STR_A(attr(tag, "src")));
	} else if (named(tag, "br")) {
		buf_addz(b, "\\\n");
	} else if (named(tag, "a")) {
		if (closes && href->n) {
			buf_addf(b, "](<" STR_F ">)", STR_A(*href));
			*href = STR("");
		} else if (!closes && attr(tag, "href").n) {
			*href = attr(tag, "href");
			buf_addc(b, '[');
		}
	} else if (named(tag, "b") || named(tag, "strong")) {
		buf_addz(b, "**");
	} else if (named(tag, "i") || named(tag, "em")) {
		buf_addz(b, "*");
	} else if (named(tag, "code") || named(tag, "kbd") || named(tag, "tt")) {
		buf_addz(b, "`");
	} else {
		for (size_t i = 0; i < COUNT(dropped); i++)
			if (named(tag, dropped[i]))
				return tag.n;
		return 0;
	}
	return tag.n;
}

/* ---- line by line ---- */

struct block {
	size_t indent; /* its content stands at this column or further right */
	const char *end;
};
struct texts {
	struct buf out;
	struct block open[8];
	size_t n_open;
	struct str href;
	bool in_comment;
};

static size_t indent_of(struct str line)
{
	size_t n = 0;

	while (n < line.n && line.p[n] == ' ')
		n++;
	return n;
}

static void without_html(struct texts *t, struct str line)
{
	size_t from = 0;

	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == '`') {
			size_t n = 1;

			while (i + n < line.n && line.p[i + n] == '`')
				n++;
			size_t close = str_find(str_from(line, i + n), str_sub(line, i, n));
			i += close == STR_NONE ? n - 1 : n + close + n - 1;
			continue;
		}
		if (line.p[i] != '<' || (i && line.p[i - 1] == '\\'))
			continue;
		buf_adds(&t->out, str_sub(line, from, i - from));
		if (str_starts(str_from(line, i), STR("<!--")) && str_find(str_from(line, i), STR("-->")) == STR_NONE) {
			t->in_comment = true;
			return;
		}
		size_t before = t->out.n, n = html_tag(&t->out, str_from(line, i), &t->href);
		if (!n)
			t->out.n = before;
		from = n ? i + n : i;
		i = n ? from - 1 : i;
	}
	buf_adds(&t->out, str_from(line, from));
}

static bool in_tabs(const struct texts *t)
{
	return t->open[t->n_open - 1].end && strcmp(t->open[t->n_open - 1].end, ":::::") == 0;
}

/* Those that a line at `indent` is not in; STR_NONE: the innermost. */
static void close_blocks(struct texts *t, size_t indent)
{
	bool one = indent == STR_NONE;

	while (t->n_open && (one || indent < t->open[t->n_open - 1].indent)) {
		const char *end = t->open[--t->n_open].end;

		if (end)
			buf_addf(&t->out, "%s\n\n", end);
		if (one)
			return;
	}
}

/* `!!! note "Title"`, `??? tip`, `=== "Tab"`: what is indented below is inside. */
static bool foreign_block(struct texts *t, struct str line, size_t indent)
{
	struct str s = str_from(line, indent);
	bool adm = str_starts(s, STR("!!! ")), fold = str_starts(s, STR("??? ")) || str_starts(s, STR("???+ "));
	bool tab = str_starts(s, STR("=== \""));

	if ((!adm && !fold && !tab) || t->n_open + 2 > COUNT(t->open))
		return false;
	struct str rest = str_trim(str_from(s, tab ? 3 : 4)), word = STR_NULL, title;
	size_t quote = str_find_byte(rest, '"');
	title = quote == STR_NONE ? STR("") : str_sub(rest, quote + 1, str_find_byte(str_from(rest, quote + 1), '"'));
	rest = str_trim(str_sub(rest, 0, quote));
	if (!tab)
		str_cut(&rest, ' ', &word);
	if (tab) {
		bool more = t->n_open && t->open[t->n_open - 1].indent == indent && in_tabs(t);

		if (!more) {
			buf_addz(&t->out, "\n:::::tabs\n");
			t->open[t->n_open++] = (struct block){ indent, ":::::" };
		}
		buf_addf(&t->out, "\n=== " STR_F "\n\n", STR_A(title));
		t->open[t->n_open++] = (struct block){ indent + 1, NULL };
		return true;
	}
	static const char *const ours[] = { "note",    "info",      "tip",    "hint",    "success", "important",
		                            "warning", "attention", "danger", "caution", "error" };
	const char *as = fold ? "details" : "note";
	for (size_t i = 0; !fold && i < COUNT(ours); i++)
		as = str_is(word, ours[i]) ? ours[i] : as;
	buf_addf(&t->out, "\n:::%s " STR_F "\n", as, STR_A(title.n || !fold ? title : word));
	t->open[t->n_open++] = (struct block){ indent + 1, ":::" };
	return true;
}

static void one_line(struct texts *t, struct str line)
{
	bool blank = str_trim(line).n == 0;
	size_t indent = indent_of(line);

	if (!blank) {
		struct str s = str_from(line, indent);

		/* The level of the tabs stays open for the next tab only. */
		close_blocks(t, indent);
		if (t->n_open && in_tabs(t) && indent <= t->open[t->n_open - 1].indent && !str_starts(s, STR("=== \"")))
			close_blocks(t, STR_NONE);
		if (foreign_block(t, line, indent))
			return;
	}
	size_t strip = 0;
	for (size_t i = 0; i < t->n_open; i++)
		strip += t->open[i].end == NULL || strcmp(t->open[i].end, ":::") == 0 ? 4 : 0;
	without_html(t, str_from(line, strip < indent ? strip : indent));
	buf_addc(&t->out, '\n');
}

static struct str in_our_dialect(struct arena *a, struct str text)
{
	struct texts t = { .href = STR_INIT("") };
	struct str rest = text, line;
	char fence = 0;
	size_t fence_n = 0;

	buf_init(&t.out, text.n * 3 + 65536);
	while (str_cut(&rest, '\n', &line)) {
		struct str s = line;
		size_t n = 0;

		if (str_ends(line, STR("\r")))
			line.n--;
		if (t.in_comment) {
			size_t end = str_find(line, STR("-->"));

			if (end == STR_NONE)
				continue;
			t.in_comment = false;
			line = str_from(line, end + 3);
		}
		s = str_trim(line);
		while (n < s.n && (s.p[n] == '`' || s.p[n] == '~') && s.p[n] == s.p[0])
			n++;
		bool edge = fence_n ? n >= fence_n && s.p[0] == fence && n == s.n : n >= 3;
		if (edge || fence_n) {
			size_t strip = 0, in = indent_of(line);

			if (edge && !fence_n)
				close_blocks(&t, in);
			for (size_t i = 0; i < t.n_open; i++)
				strip += t.open[i].end == NULL || strcmp(t.open[i].end, ":::") == 0 ? 4 : 0;
			buf_adds(&t.out, str_from(line, strip < in ? strip : in));
			buf_addc(&t.out, '\n');
			fence = s.n ? s.p[0] : fence;
			if (edge)
				fence_n = fence_n ? 0 : n;
			continue;
		}
		one_line(&t, line);
	}
	close_blocks(&t, 0);
	while (t.n_open && t.open[--t.n_open].end)
		buf_addf(&t.out, "%s\n", t.open[t.n_open].end);
	struct str ret = t.out.full ? text : arena_str(a, buf_str(&t.out));
	buf_release(&t.out);
	return ret;
}

/* ---- the title ---- */

/* The first heading, "# T" or "T" over "===": taken off when it is what the page begins with. */
static struct str take_title(struct arena *a, struct str text, struct import_page *p)
{
	struct str rest = text, line = STR(""), next;

	while (str_cut(&rest, '\n', &line) && !str_trim(line).n)
		;
	struct str s = str_trim(line), after = rest, title = STR_NULL;
	if (str_starts(s, STR("# "))) {
		title = str_trim(str_from(s, 2));
		while (title.n && title.p[title.n - 1] == '#')
			title.n--;
	} else if (str_cut(&after, '\n', &next) && s.n && str_trim(next).n >= 3 &&
	           str_starts(str_trim(next), STR("==="))) {
		title = s;
		rest = after;
	}
	if (!title.n)
		return text;
	size_t brace = str_find(title, STR("{#"));
	title = str_trim(str_sub(title, 0, brace));
	struct markdown_page heading;
	markdown_render(a, title, NULL, &heading);
	struct str said = str_trim(heading.plain);
	size_t end = str_find_byte(said, '\n');
	said = str_utf8_clip(str_sub(said, 0, end), 300);
	if (p->title.n && !str_eq_nocase(p->title, said))
		return text;
	p->title = said;
	return rest;
}

static struct str clean_line(struct arena *a, struct str s, size_t max)
{
	char *p = str_z(a, str_utf8_clip(str_trim(s), max));

	for (char *c = p; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = ' ';
	return str_trim(str_of(p));
}

void import_text(struct arena *a, struct str text, struct import_page *p)
{
	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_from(text, 3);
	text = front_matter(a, text, p);
	text = in_our_dialect(a, text);
	text = take_title(a, text, p);
	while (text.n && text.p[0] == '\n')
		text = str_from(text, 1);
	p->title = clean_line(a, p->title, 300);
	p->summary = clean_line(a, p->summary, 600);
	p->slug = markdown_slug(a, p->slug, 120);
	p->own_slug = p->slug.n > 0;
	p->tags = p->tags.p ? p->tags : STR("");
	p->markdown = text;
}

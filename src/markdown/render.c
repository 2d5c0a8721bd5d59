/* The page: md4c's events and the marks of prepare.c to HTML, and what is found on the way. Nothing here is trusted to
 * be safe: the cleaner reads all of it afterwards. */
#include "html/html.h"
#include "markdown/private.h"
#include <md4c.h>

struct render {
	struct prepared p;
	struct arena *a;
	const struct markdown_options *o;
	struct buf out;
	VEC(struct markdown_heading) toc;
	VEC(struct markdown_link) links;
	VEC(struct str) media;
	VEC(size_t) used; /* footnotes in the order of use */
	size_t block_at;  /* where the open paragraph or heading begins in out */
	int level;        /* of the heading before */
	struct str anchor;
	struct buf text, alt, code; /* of the open heading or link; picture; block of code */
	bool in_heading, in_code, plain_quote[64];
	int quotes, images, links_open;
	struct str code_lang, href, href_title, src, src_title;
	size_t link_at;        /* in out */
	size_t text_at;        /* in text, where the link's begins */
	bool link_ok, picture; /* picture: in the open link or paragraph */
	int groups;            /* of tabs */
	bool tab_open[32];
	int tabs;
};

/* ---- text ---- */

static void add_placeholder(struct buf *b, const struct mark *m)
{
	buf_adds(b, MARK_BEGIN);
	buf_addz(b, markdown_variable_name((enum markdown_variable)m->of));
	if (m->text.n) {
		buf_adds(b, MARK_ELSE);
		markdown_escape(b, m->text);
	}
	buf_adds(b, MARK_END);
}

static void put_footnote(struct render *r, struct note *n, const struct mark *m)
{
	bool first = n->number == 0;

	if (str_null(n->text)) {
		markdown_problem(&r->p, MARKDOWN_FOOTNOTE, n->name);
		markdown_escape(&r->out, m->source);
		return;
	}
	if (first) {
		*VEC_ADD(r->a, &r->used) = (size_t)(n - r->p.notes.at);
		n->number = (int)r->used.n;
	}
	buf_addf(&r->out, "<sup><a class=\"fn\" href=\"#fn-%d\"", n->number);
	if (first)
		buf_addf(&r->out, " id=\"fnref-%d\"", n->number);
	buf_addf(&r->out, ">%d</a></sup>", n->number);
}

enum where { IN_TEXT, IN_CODE, IN_ATTR };

/* Escaped, marks as what they mean here. */
static void put(struct render *r, struct buf *b, struct str s, enum where where)
{
	size_t at, index, n;

	while ((at = str_find(s, MARK_BEGIN)) != STR_NONE) {
		markdown_escape(b, str_sub(s, 0, at));
		s = str_from(s, at);
		if (!markdown_mark(s, &index, &n) || index >= r->p.marks.n) {
			s = str_from(s, MARK_BEGIN.n);
			continue;
		}
		const struct mark *m = &r->p.marks.at[index];
		s = str_from(s, n);
		if (m->kind == MARK_VARIABLE)
			add_placeholder(b, m);
		else if (m->kind == MARK_FOOTNOTE && where == IN_TEXT && !r->images && b == &r->out)
			put_footnote(r, &r->p.notes.at[m->of], m);
		else if (m->kind == MARK_ANCHOR && where == IN_TEXT && r->in_heading)
			r->anchor = m->text;
		else
			markdown_escape(b, m->source);
	}
	markdown_escape(b, s);
}

/* What the author wrote, for problems and lists. */
static struct str restored(struct render *r, struct str s)
{
	AUTO_BUF b;
	size_t at, index, n;

	buf_init(&b, 64 << 10);
	while ((at = str_find(s, MARK_BEGIN)) != STR_NONE) {
		buf_adds(&b, str_sub(s, 0, at));
		s = str_from(s, at);
		if (!markdown_mark(s, &index, &n) || index >= r->p.marks.n)
			n = MARK_BEGIN.n;
		else if (r->p.marks.at[index].kind != MARK_FOOTNOTE && r->p.marks.at[index].kind != MARK_ANCHOR)
			buf_adds(&b, r->p.marks.at[index].source);
		s = str_from(s, n);
	}
	buf_adds(&b, s);
	return arena_str(r->a, buf_str(&b));
}

static struct str entity(struct render *r, struct str s)
{
	struct str t = str_trim(html_to_text(r->a, s));

	return t.n ? t : STR(" ");
}

static struct str attribute(struct render *r, const MD_ATTRIBUTE *at)
{
	AUTO_BUF b;

	buf_init(&b, 64 << 10);
	for (size_t i = 0; at->size && at->substr_offsets[i] < at->size; i++) {
		struct str s = { at->text + at->substr_offsets[i], at->substr_offsets[i + 1] - at->substr_offsets[i] };

		if (at->substr_types[i] == MD_TEXT_NULLCHAR)
			continue;
		buf_adds(&b, at->substr_types[i] == MD_TEXT_ENTITY ? entity(r, s) : s);
	}
	return arena_str(r->a, buf_str(&b));
}

static void put_attr(struct render *r, const char *name, struct str value)
{
	buf_addf(&r->out, " %s=\"", name);
	put(r, &r->out, value, IN_ATTR);
	buf_addc(&r->out, '"');
}

/* ---- containers ---- */

static const char *adm_word(const struct render *r, int adm)
{
	static const struct markdown_words english = { "Note", "Tip", "Important", "Warning", "Caution", "Back" };
	const struct markdown_words *w = r->o->words ? r->o->words : &english;
	const char *said[] = { w->note, w->tip, w->important, w->warning, w->caution };
	const char * or [] = { english.note, english.tip, english.important, english.warning, english.caution };

	return said[adm] ? said[adm] : or [adm];
}

static void open_adm(struct render *r, const struct mark *m)
{
	static const char *const names[] = { "note", "tip", "important", "warning", "caution" };

	buf_addf(&r->out, "<div class=\"adm adm-%s\"><p class=\"adm-title\">", names[m->of]);
	put(r, &r->out, m->text.n ? m->text : str_of(adm_word(r, m->of)), IN_TEXT);
	buf_addz(&r->out, "</p>");
}

static void open_details(struct render *r, const struct mark *m, const char *attrs)
{
	buf_addf(&r->out, "<details%s><summary>", attrs);
	put(r, &r->out, m->text.n ? m->text : STR("…"), IN_TEXT);
	buf_addz(&r->out, "</summary>");
}

static void end_tab(struct render *r)
{
	if (r->tabs && r->tabs < 32 && r->tab_open[r->tabs])
		buf_addz(&r->out, "</details>");
}

static void open_tab(struct render *r, const struct mark *m)
{
	char attrs[80];
	bool first = r->tabs < 32 && !r->tab_open[r->tabs];

	end_tab(r);
	snprintf(attrs, sizeof(attrs), " class=\"tab\" name=\"s-tabs-%d\"%s", r->groups, first ? " open" : "");
	open_details(r, m, attrs);
	if (r->tabs < 32)
		r->tab_open[r->tabs] = true;
}

static void put_container(struct render *r, const struct mark *m)
{
	switch (m->kind) {
	case MARK_ALERT:
		markdown_escape(&r->out, m->source);
		break;
	case MARK_ADM:
		open_adm(r, m);
		break;
	case MARK_DETAILS:
		open_details(r, m, "");
		break;
	case MARK_TABS:
		r->groups++;
		if (++r->tabs < 32)
			r->tab_open[r->tabs] = false;
		buf_addz(&r->out, "<div class=\"tabs\">");
		break;
	case MARK_TAB:
		open_tab(r, m);
		break;
	case MARK_TABS_END:
		end_tab(r);
		r->tabs -= r->tabs > 0;
		buf_addz(&r->out, "</div>");
		break;
	case MARK_ADM_END:
		buf_addz(&r->out, "</div>");
		break;
	case MARK_DETAILS_END:
		buf_addz(&r->out, "</details>");
		break;
	case MARK_VARIABLE:
	case MARK_FOOTNOTE:
	case MARK_ANCHOR:
		break;
	}
}

/* ---- links and pictures ---- */

static void add_link(struct render *r, enum markdown_to kind, struct str to, struct str fragment)
{
	if (r->links.n < 5000)
		*VEC_ADD(r->a, &r->links) = (struct markdown_link){ kind, restored(r, to), restored(r, fragment),
			                                            STR_NULL };
}

static void add_media(struct render *r, struct str token)
{
	for (size_t i = 0; i < r->media.n; i++)
		if (str_eq(r->media.at[i], token))
			return;
	if (r->media.n < 1000)
		*VEC_ADD(r->a, &r->media) = arena_str(r->a, token);
}

/* The token of "media:T" or of our address of it. */
static struct str token_of(const struct render *r, struct str address)
{
	struct str base = r->o->media_base, t;

	t = str_starts(address, STR("media:"))    ? str_from(address, 6)
	    : base.n && str_starts(address, base) ? str_from(address, base.n)
	                                          : STR_NULL;
	for (size_t i = 0; i < t.n; i++)
		if (!((t.p[i] >= '0' && t.p[i] <= '9') || ((t.p[i] | 32) >= 'a' && (t.p[i] | 32) <= 'z') ||
		      t.p[i] == '-' || t.p[i] == '_'))
			return STR_NULL;
	return t.n > 80 ? STR_NULL : t;
}

static bool has_scheme(struct str s)
{
	return str_starts_nocase(s, STR("http://")) || str_starts_nocase(s, STR("https://")) ||
	       str_starts_nocase(s, STR("mailto:")) || str_starts_nocase(s, STR("tel:"));
}

/* Where a link of an author leads; STR_NULL: nowhere. */
static struct str resolve(struct render *r, struct str s)
{
	size_t hash = str_find_byte(s, '#');
	struct str path = str_sub(s, 0, hash), fragment = hash == STR_NONE ? STR_NULL : str_from(s, hash + 1);
	struct str token = token_of(r, s), slug = STR_NULL, base = r->o->page_base;

	if (token.n) {
		add_media(r, token);
		return str_concat(r->a, r->o->media_base, token);
	}
	if (has_scheme(s)) {
		add_link(r, MARKDOWN_WEB, s, STR_NULL);
		return s;
	}
	if (str_starts(fragment, STR("s-")))
		fragment = str_from(fragment, 2);
	struct str end = fragment.n ? str_concat(r->a, STR("#s-"), fragment) : STR("");
	if (!path.n) {
		if (!fragment.n)
			return STR_NULL;
		add_link(r, MARKDOWN_HERE, STR(""), fragment);
		return end;
	}
	if (str_starts(path, STR("kb:")))
		slug = str_from(path, 3);
	else if (str_starts(path, base) && str_find_byte(str_from(path, base.n), '/') == STR_NONE)
		slug = str_from(path, base.n);
	if (slug.n) {
		add_link(r, MARKDOWN_PAGE, slug, fragment);
		return str_concat(r->a, str_concat(r->a, base, slug), end);
	}
	if (!str_starts(s, STR("/")) || str_starts(s, STR("//")))
		return STR_NULL;
	add_link(r, MARKDOWN_OURS, path, fragment);
	return s;
}

static void enter_link(struct render *r, const MD_SPAN_A_DETAIL *d)
{
	if (r->images || r->links_open++)
		return;
	r->href = attribute(r, &d->href);
	r->link_at = r->out.n;
	r->text_at = r->text.n;
	r->picture = false;
	size_t n = r->links.n;
	struct str to = resolve(r, r->href);
	r->link_ok = !str_null(to);
	if (!r->link_ok) {
		markdown_problem(&r->p, r->href.n ? MARKDOWN_BAD_LINK : MARKDOWN_EMPTY_LINK, restored(r, r->href));
		return;
	}
	r->link_ok = r->links.n > n;
	buf_addz(&r->out, "<a");
	put_attr(r, "href", to);
	struct str title = attribute(r, &d->title);
	if (title.n)
		put_attr(r, "title", title);
	buf_addc(&r->out, '>');
}

static void leave_link(struct render *r)
{
	if (r->images || --r->links_open)
		return;
	struct str text = str_trim(str_from(buf_str(&r->text), r->text_at));
	if (!text.n && !r->picture)
		markdown_problem(&r->p, MARKDOWN_EMPTY_LINK, restored(r, r->href));
	if (r->link_ok && r->links.n)
		r->links.at[r->links.n - 1].text = restored(r, str_utf8_clip(text, 200));
	buf_addz(&r->out, "</a>");
	if (!r->in_heading)
		buf_clear(&r->text);
}

static void put_picture(struct render *r, struct str token, struct str alt)
{
	struct markdown_media m = { .type = STR_INIT("image/*") };

	add_media(r, token);
	if (r->o->media && !r->o->media(r->o->arg, r->a, token, &m))
		markdown_problem(&r->p, MARKDOWN_UNKNOWN_MEDIA, token);
	struct str address = str_concat(r->a, r->o->media_base, token);
	alt = alt.n ? alt : m.alt;
	if (!str_starts(m.type, STR("image/"))) { /* a film, a paper: a link */
		buf_addz(&r->out, "<a");
		put_attr(r, "href", address);
		buf_addc(&r->out, '>');
		put(r, &r->out, alt.n ? alt : m.name.n ? m.name : token, IN_ATTR);
		buf_addz(&r->out, "</a>");
		return;
	}
	if (!str_trim(alt).n)
		markdown_problem(&r->p, MARKDOWN_NO_ALT, str_concat(r->a, STR("media:"), token));
	bool zoom = m.thumb && !r->links_open;
	if (zoom) {
		buf_addz(&r->out, "<a class=\"zoom\"");
		put_attr(r, "href", address);
		buf_addc(&r->out, '>');
	}
	buf_addz(&r->out, "<img");
	put_attr(r, "src", m.thumb ? str_concat(r->a, address, STR("/thumb")) : address);
	put_attr(r, "alt", alt);
	if (m.width > 0 && m.height > 0)
		buf_addf(&r->out, " width=\"%d\" height=\"%d\"", m.width, m.height);
	buf_addz(&r->out, zoom ? "></a>" : ">");
}

/* A picture that is not ours is never loaded: people may go there. */
static void put_remote(struct render *r, struct str alt)
{
	struct str words = str_trim(alt).n ? alt : r->src;
	bool link = !r->links_open && has_scheme(r->src);

	markdown_problem(&r->p, MARKDOWN_REMOTE_IMAGE, restored(r, r->src));
	if (!str_trim(alt).n)
		markdown_problem(&r->p, MARKDOWN_NO_ALT, restored(r, r->src));
	if (link) {
		buf_addz(&r->out, "<a");
		put_attr(r, "href", r->src);
		buf_addc(&r->out, '>');
	}
	buf_addc(&r->out, '[');
	put(r, &r->out, words, IN_ATTR);
	buf_addz(&r->out, link ? "]</a>" : "]");
}

static void leave_image(struct render *r)
{
	if (--r->images)
		return;
	struct str alt = arena_str(r->a, str_trim(buf_str(&r->alt))), token = token_of(r, r->src);

	r->picture = true;
	if (token.n)
		put_picture(r, token, alt);
	else
		put_remote(r, alt);
	if (r->in_heading)
		buf_adds(&r->text, alt);
}

/* ---- blocks ---- */

static struct str unique_anchor(struct render *r, struct str wanted)
{
	struct str s = str_concat(r->a, STR("s-"), wanted.n ? wanted : STR("section"));

	for (int again = 1;; again++) {
		bool taken = false;

		for (size_t i = 0; i < r->toc.n && !taken; i++)
			taken = str_eq(r->toc.at[i].anchor, s);
		if (!taken || again > 50)
			return s;
		s = arena_strf(r->a, "s-" STR_F "-%d", STR_A(wanted.n ? wanted : STR("section")), again);
	}
}

static void leave_heading(struct render *r, unsigned level)
{
	struct str inside = arena_str(r->a, str_from(buf_str(&r->out), r->block_at));
	struct str text = str_trim(restored(r, str_utf8_clip(buf_str(&r->text), 300)));
	int shown = level < 2 ? 2 : (int)level;

	r->in_heading = false;
	r->out.n = r->block_at;
	if (!text.n)
		markdown_problem(&r->p, MARKDOWN_EMPTY_HEADING, arena_strf(r->a, "%d", shown));
	else if (level < 2 || shown > r->level + 1)
		markdown_problem(&r->p, MARKDOWN_HEADING_ORDER, text);
	r->level = shown;
	struct str anchor = unique_anchor(r, r->anchor.n ? r->anchor : markdown_slug(r->a, text, 80));
	if (r->toc.n < 2000)
		*VEC_ADD(r->a, &r->toc) = (struct markdown_heading){ shown, text, anchor };
	buf_addf(&r->out, "<h%d", shown);
	put_attr(r, "id", anchor);
	buf_addc(&r->out, '>');
	buf_adds(&r->out, inside);
	buf_addf(&r->out, "</h%d>", shown);
	buf_clear(&r->text);
}

/* A paragraph of nothing but a mark is the mark; of nothing but a picture with a title, a figure. */
static void leave_paragraph(struct render *r)
{
	struct str inside = str_from(buf_str(&r->out), r->block_at);
	size_t index, n;

	if (markdown_mark(inside, &index, &n) && n == inside.n && index < r->p.marks.n) {
		const struct mark *m = &r->p.marks.at[index];
		struct str before = str_sub(buf_str(&r->out), 0, r->block_at - strlen("<p>"));

		r->out.n = before.n;
		if (m->kind == MARK_ALERT && str_ends(before, STR("<blockquote>")) && r->quotes < 64) {
			r->out.n -= strlen("<blockquote>");
			r->plain_quote[r->quotes] = true;
			open_adm(r, m);
		} else {
			put_container(r, m);
		}
		return;
	}
	if (r->src_title.n && (str_starts(inside, STR("<img")) || str_starts(inside, STR("<a class=\"zoom\""))) &&
	    str_find_byte(inside, '\n') == STR_NONE &&
	    str_ends(inside, str_starts(inside, STR("<img")) ? STR(">") : STR("></a>"))) {
		struct str picture = arena_str(r->a, inside);

		r->out.n = r->block_at - strlen("<p>");
		buf_addz(&r->out, "<figure>");
		buf_adds(&r->out, picture);
		buf_addz(&r->out, "<figcaption>");
		put(r, &r->out, r->src_title, IN_ATTR);
		buf_addz(&r->out, "</figcaption></figure>");
		return;
	}
	buf_addz(&r->out, "</p>");
}

static void leave_code(struct render *r)
{
	struct str lang = markdown_slug(r->a, r->code_lang, 20);
	AUTO_BUF marks, code;
	size_t at, index, n;
	struct str s = buf_str(&r->code);

	/* Placeholders for variables, other marks as they were written; then the colours. */
	buf_init(&marks, MARKDOWN_MAX_OUTPUT);
	while ((at = str_find(s, MARK_BEGIN)) != STR_NONE) {
		buf_adds(&marks, str_sub(s, 0, at));
		s = str_from(s, at);
		if (!markdown_mark(s, &index, &n) || index >= r->p.marks.n)
			n = MARK_BEGIN.n;
		else if (r->p.marks.at[index].kind == MARK_VARIABLE)
			buf_adds(&marks, str_sub(s, 0, n));
		else
			buf_adds(&marks, r->p.marks.at[index].source);
		s = str_from(s, n);
	}
	buf_adds(&marks, s);
	buf_init(&code, MARKDOWN_MAX_OUTPUT);
	markdown_highlight(&code, buf_str(&marks), str_lower(r->a, r->code_lang));
	buf_addz(&r->out, "<pre class=\"code\"><code");
	if (lang.n)
		buf_addf(&r->out, " class=\"language-" STR_F "\"", STR_A(lang));
	buf_addc(&r->out, '>');
	for (s = buf_str(&code); (at = str_find(s, MARK_BEGIN)) != STR_NONE;) {
		buf_adds(&r->out, str_sub(s, 0, at));
		s = str_from(s, at);
		if (markdown_mark(s, &index, &n) && index < r->p.marks.n)
			add_placeholder(&r->out, &r->p.marks.at[index]);
		else
			n = MARK_BEGIN.n;
		s = str_from(s, n);
	}
	buf_adds(&r->out, s);
	buf_addz(&r->out, "</code></pre>");
	r->in_code = false;
}

static void cell(struct render *r, const char *name, const MD_BLOCK_TD_DETAIL *d)
{
	const char *class = d->align == MD_ALIGN_RIGHT    ? " class=\"right\""
	                    : d->align == MD_ALIGN_CENTER ? " class=\"center\""
	                                                  : "";
	buf_addf(&r->out, "<%s%s>", name, class);
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct render *r = arg;

	switch (type) {
	case MD_BLOCK_QUOTE:
		if (++r->quotes < 64)
			r->plain_quote[r->quotes] = false;
		buf_addz(&r->out, "<blockquote>");
		break;
	case MD_BLOCK_UL:
		buf_addz(&r->out, "<ul>");
		break;
	case MD_BLOCK_OL:
		buf_addf(&r->out, "<ol start=\"%u\">", ((MD_BLOCK_OL_DETAIL *)detail)->start);
		break;
	case MD_BLOCK_LI: {
		const MD_BLOCK_LI_DETAIL *d = detail;

		buf_addz(&r->out, !d->is_task           ? "<li>"
		                  : d->task_mark == ' ' ? "<li class=\"task\"><span class=\"box\">☐</span> "
		                                        : "<li class=\"task\"><span class=\"box\">☑</span> ");
		break;
	}
	case MD_BLOCK_HR:
		buf_addz(&r->out, "<hr>");
		break;
	case MD_BLOCK_H:
		r->in_heading = true;
		r->anchor = STR_NULL;
		buf_clear(&r->text);
		r->block_at = r->out.n;
		break;
	case MD_BLOCK_CODE:
		r->in_code = true;
		r->code_lang = attribute(r, &((MD_BLOCK_CODE_DETAIL *)detail)->lang);
		buf_clear(&r->code);
		break;
	case MD_BLOCK_P:
		buf_addz(&r->out, "<p>");
		r->block_at = r->out.n;
		r->src_title = STR_NULL;
		break;
	case MD_BLOCK_TABLE:
		buf_addz(&r->out, "<div class=\"table\"><table>");
		break;
	case MD_BLOCK_THEAD:
		buf_addz(&r->out, "<thead>");
		break;
	case MD_BLOCK_TBODY:
		buf_addz(&r->out, "<tbody>");
		break;
	case MD_BLOCK_TR:
		buf_addz(&r->out, "<tr>");
		break;
	case MD_BLOCK_TH:
		cell(r, "th", detail);
		break;
	case MD_BLOCK_TD:
		cell(r, "td", detail);
		break;
	case MD_BLOCK_DOC:
	case MD_BLOCK_HTML:
		break;
	}
	return r->out.full;
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct render *r = arg;
	static const char *const ends[] = {
		[MD_BLOCK_UL] = "</ul>",       [MD_BLOCK_OL] = "</ol>",       [MD_BLOCK_LI] = "</li>",
		[MD_BLOCK_THEAD] = "</thead>", [MD_BLOCK_TBODY] = "</tbody>", [MD_BLOCK_TR] = "</tr>",
		[MD_BLOCK_TH] = "</th>",       [MD_BLOCK_TD] = "</td>",       [MD_BLOCK_TABLE] = "</table></div>",
	};

	if (type == MD_BLOCK_QUOTE) {
		buf_addz(&r->out, r->quotes < 64 && r->plain_quote[r->quotes] ? "</div>" : "</blockquote>");
		r->quotes--;
	} else if (type == MD_BLOCK_H) {
		leave_heading(r, ((MD_BLOCK_H_DETAIL *)detail)->level);
	} else if (type == MD_BLOCK_CODE) {
		leave_code(r);
	} else if (type == MD_BLOCK_P) {
		leave_paragraph(r);
	} else if (ends[type]) {
		buf_addz(&r->out, ends[type]);
	}
	return r->out.full;
}

static const char *span_tag(MD_SPANTYPE type)
{
	return type == MD_SPAN_EM ? "em>" : type == MD_SPAN_STRONG ? "strong>" : type == MD_SPAN_DEL ? "del>" : "code>";
}

static int enter_span(MD_SPANTYPE type, void *detail, void *arg)
{
	struct render *r = arg;

	if (type == MD_SPAN_A) {
		enter_link(r, detail);
	} else if (type == MD_SPAN_IMG) {
		if (r->images++ == 0) {
			r->src = attribute(r, &((MD_SPAN_IMG_DETAIL *)detail)->src);
			r->src_title = attribute(r, &((MD_SPAN_IMG_DETAIL *)detail)->title);
			buf_clear(&r->alt);
		}
	} else if (!r->images) {
		buf_addc(&r->out, '<');
		buf_addz(&r->out, span_tag(type));
	}
	return r->out.full;
}

static int leave_span(MD_SPANTYPE type, void *detail, void *arg)
{
	struct render *r = arg;

	if (type == MD_SPAN_A) {
		leave_link(r);
	} else if (type == MD_SPAN_IMG) {
		leave_image(r);
	} else if (!r->images) {
		buf_addz(&r->out, "</");
		buf_addz(&r->out, span_tag(type));
	}
	return r->out.full;
}

static int on_text(MD_TEXTTYPE type, const MD_CHAR *p, MD_SIZE n, void *arg)
{
	struct render *r = arg;
	struct str s = { p, n };

	if (r->in_code) {
		buf_adds(&r->code, s);
		return r->code.full;
	}
	if (type == MD_TEXT_BR || type == MD_TEXT_SOFTBR)
		s = STR("\n");
	else if (type == MD_TEXT_NULLCHAR)
		s = STR("\xef\xbf\xbd");
	else if (type == MD_TEXT_ENTITY)
		s = entity(r, s);
	if (r->images) {
		buf_adds(&r->alt, s);
		return r->alt.full;
	}
	if (r->in_heading || r->links_open)
		buf_adds(&r->text, s);
	/* A block's mark stays one until its paragraph ends and shows whether it is alone. */
	size_t index, len;
	if (type == MD_TEXT_NORMAL && r->out.n == r->block_at && !r->in_heading && markdown_mark(s, &index, &len) &&
	    len == s.n && index < r->p.marks.n && r->p.marks.at[index].kind >= MARK_ALERT)
		buf_adds(&r->out, s);
	else if (type == MD_TEXT_BR)
		buf_addz(&r->out, "<br>");
	else
		put(r, &r->out, s, type == MD_TEXT_CODE ? IN_CODE : IN_TEXT);
	return r->out.full;
}

static bool parse(struct render *r, struct str text)
{
	static const MD_PARSER parser = { .flags = MD_DIALECT_GITHUB | MD_FLAG_NOHTML,
		                          .enter_block = enter_block,
		                          .leave_block = leave_block,
		                          .enter_span = enter_span,
		                          .leave_span = leave_span,
		                          .text = on_text };

	return text.n == 0 || md_parse(text.p, (MD_SIZE)text.n, &parser, r) == 0;
}

/* ---- the end ---- */

/* The footnotes in the order of their use; one may use others. */
static bool put_notes(struct render *r)
{
	const char *back = r->o->words && r->o->words->back ? r->o->words->back : "Back";

	if (!r->used.n)
		return true;
	buf_addz(&r->out, "<div class=\"footnotes\"><hr><ol>");
	for (size_t i = 0; i < r->used.n; i++) {
		const struct note n = r->p.notes.at[r->used.at[i]];

		buf_addf(&r->out, "<li id=\"fn-%d\">", n.number);
		if (!parse(r, n.text))
			return false;
		if (str_ends(buf_str(&r->out), STR("</p>")))
			r->out.n -= 4;
		buf_addf(&r->out, " <a class=\"fnback\" href=\"#fnref-%d\"", n.number);
		put_attr(r, "title", str_of(back));
		buf_addz(&r->out, ">↩</a></li>");
	}
	buf_addz(&r->out, "</ol></div>");
	return true;
}

static void check_end(struct render *r)
{
	for (size_t i = 0; i < r->links.n; i++) {
		struct str want = str_concat(r->a, STR("s-"), r->links.at[i].fragment);
		bool found = r->links.at[i].kind != MARKDOWN_HERE;

		for (size_t k = 0; k < r->toc.n && !found; k++)
			found = str_eq(r->toc.at[k].anchor, want);
		if (!found)
			markdown_problem(&r->p, MARKDOWN_DEAD_ANCHOR,
			                 str_concat(r->a, STR("#"), r->links.at[i].fragment));
	}
	for (size_t i = 0; i < r->p.notes.n; i++)
		if (!r->p.notes.at[i].number && !str_null(r->p.notes.at[i].text))
			markdown_problem(&r->p, MARKDOWN_FOOTNOTE, r->p.notes.at[i].name);
}

static void finish(struct render *r, struct markdown_page *ret)
{
	struct html_options clean = { .max_output = r->o->max_output ? r->o->max_output : MARKDOWN_MAX_OUTPUT,
		                      .own_images = r->o->media_base,
		                      .pages = true };
	struct html_result h = html_clean(r->a, buf_str(&r->out), &clean);

	if (h.truncated || r->out.full)
		markdown_problem(&r->p, MARKDOWN_TOO_LARGE, STR(""));
	*ret = (struct markdown_page){ .html = h.html.p ? h.html : STR(""),
		                       .toc = r->toc.at,
		                       .n_toc = r->toc.n,
		                       .links = r->links.at,
		                       .n_links = r->links.n,
		                       .media = r->media.at,
		                       .n_media = r->media.n,
		                       .includes = r->p.includes.at,
		                       .n_includes = r->p.includes.n,
		                       .problems = r->p.problems.at,
		                       .n_problems = r->p.problems.n };
	ret->plain = markdown_plain_defaults(r->a, html_to_text(r->a, ret->html));
	struct str rest = ret->html;
	for (size_t at; (at = str_find(rest, MARK_BEGIN)) != STR_NONE; rest = str_from(rest, at + MARK_BEGIN.n))
		ret->n_variables++;
}

void markdown_render(struct arena *a, struct str text, const struct markdown_options *o, struct markdown_page *ret)
{
	struct markdown_options with = o ? *o : (struct markdown_options){ 0 };
	struct render *r = arena_new(a, struct render);
	size_t max = (with.max_output ? with.max_output : MARKDOWN_MAX_OUTPUT) * 2 + 4096;

	with.page_base = with.page_base.n ? with.page_base : STR("/kb/");
	with.media_base = with.media_base.n ? with.media_base : STR("/kb/media/");
	r->a = r->p.a = a;
	r->o = r->p.o = &with;
	r->level = 1;
	buf_init(&r->out, max);
	buf_init(&r->text, 64 << 10);
	buf_init(&r->alt, 64 << 10);
	buf_init(&r->code, MARKDOWN_MAX_OUTPUT);
	struct str prepared = markdown_prepare(&r->p, text);
	if (!parse(r, prepared) || !put_notes(r))
		markdown_problem(&r->p, MARKDOWN_TOO_LARGE, STR(""));
	check_end(r);
	finish(r, ret);
	buf_release(&r->out);
	buf_release(&r->text);
	buf_release(&r->alt);
	buf_release(&r->code);
}

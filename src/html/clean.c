/* The cleaner: tokens in, markup of our own out. Two stacks decide everything: the open blocks, always nested as the
 * content model of HTML allows, and the wanted inline elements, written before text and closed before any block begins
 * or ends. So the result never has what makes a browser's tree builder move things (13.2.6): no block in a paragraph,
 * no misnested formatting, nothing loose in a table, no link in a link.
 *
 * The allow-list is the table in elements.c; what is not in it loses its tags and keeps its text. */
#include "html/private.h"
#include <stdlib.h>

#define MAX_WANTED   24
#define ATTR_TEXT    512 /* bytes of a title or alternative text */
#define BLOCK_BUDGET 4   /* levels a table needs at once: itself, tbody, tr, td */

struct open {
	const struct element *el;
	struct str attrs; /* as written: ` dir="rtl"` */
	size_t cost;      /* of its end tag */
	bool quote;       /* ends the quoted part when it ends */
};
struct wanted {
	const struct element *el;
	struct str attrs;
	size_t depth; /* blocks open when it began */
	bool shadow;  /* inside another of its kind: counted, not written */
};
enum quote { NO_QUOTE, IN_CONTAINER, IN_PREFIX, TO_THE_END, QUOTE_DONE };

struct cleaner {
	struct arena *a;
	const struct html_options *o;
	struct html_tokens in;
	struct html_token t;
	struct buf out, scratch;
	struct open open[HTML_MAX_DEPTH + 1]; /* [0] is the root */
	size_t n_open;                        /* with the root */
	struct wanted wanted[MAX_WANTED];
	size_t n_wanted, n_written; /* the first n_written of wanted are open in the output */
	size_t end_cost;            /* bytes to close all that is open */
	bool full, fresh;           /* fresh: nothing in the current block yet */
	char dropping[24];          /* inside an element dropped with its content */
	unsigned no_end;            /* bit i: DROP element i has no end tag in the rest */
	bool remote_images;
	enum quote quote;
	size_t quoted_at, quoted_end, seen[3]; /* seen: visible bytes before, in and behind the quoted part */
	struct str reopen[HTML_MAX_DEPTH];
	size_t n_reopen;
};

static const struct element el_ul = { "ul", LIST, "ul" }, el_li = { "li", ITEM, "li" }, el_dd = { "dd", DDESC, "dd" },
                            el_tbody = { "tbody", TBODY, "tbody" }, el_tr = { "tr", TROW, "tr" },
                            el_td = { "td", TCELL, "td" }, el_div = { "div", FLOW, "div" },
                            el_dl = { "dl", DLIST, "dl" };

static enum kind top(const struct cleaner *c)
{
	return c->n_open > 1 ? c->open[c->n_open - 1].el->kind : FLOW;
}

static bool top_is(const struct cleaner *c, const char *as)
{
	return c->n_open > 1 && strcmp(c->open[c->n_open - 1].el->as, as) == 0;
}

/* Room for n more bytes and all end tags? What does not fit ends the output for good. */
static bool room(struct cleaner *c, size_t n)
{
	if (!c->full && c->out.n + c->end_cost + n > c->out.max)
		c->full = true;
	return !c->full;
}

static void end_tag(struct cleaner *c, const char *as)
{
	buf_addz(&c->out, "</");
	buf_addz(&c->out, as);
	buf_addc(&c->out, '>');
	c->end_cost -= strlen(as) + 3;
}

static void start_tag(struct cleaner *c, const char *as, struct str attrs)
{
	buf_addc(&c->out, '<');
	buf_addz(&c->out, as);
	buf_adds(&c->out, attrs);
	buf_addc(&c->out, '>');
	c->end_cost += strlen(as) + 3;
}

static size_t tag_cost(const char *as, struct str attrs)
{
	return 2 * strlen(as) + 5 + attrs.n;
}

/* ---- inline elements ---- */

static void close_inline(struct cleaner *c, size_t keep)
{
	while (c->n_written > keep) {
		const struct wanted *w = &c->wanted[--c->n_written];

		if (!w->shadow)
			end_tag(c, w->el->as);
	}
}

/* Writes the wanted elements that are not open, if they and `n` more bytes fit. */
static bool write_inline(struct cleaner *c, size_t n)
{
	for (size_t i = c->n_written; i < c->n_wanted; i++)
		if (!c->wanted[i].shadow)
			n += tag_cost(c->wanted[i].el->as, c->wanted[i].attrs);
	if (!room(c, n))
		return false;
	for (; c->n_written < c->n_wanted; c->n_written++)
		if (!c->wanted[c->n_written].shadow)
			start_tag(c, c->wanted[c->n_written].el->as, c->wanted[c->n_written].attrs);
	return true;
}

static void forget_wanted(struct cleaner *c, size_t i)
{
	const char *as = c->wanted[i].el->as;
	bool shadow = c->wanted[i].shadow;

	if (i < c->n_written)
		close_inline(c, i);
	memmove(&c->wanted[i], &c->wanted[i + 1], (c->n_wanted - i - 1) * sizeof(c->wanted[0]));
	c->n_wanted--;
	/* Its first shadow stands for itself now. */
	for (; !shadow && i < c->n_wanted; i++)
		if (c->wanted[i].shadow && strcmp(c->wanted[i].el->as, as) == 0) {
			close_inline(c, i < c->n_written ? i : c->n_written);
			c->wanted[i].shadow = false;
			break;
		}
}

static void end_inline(struct cleaner *c, const struct element *el)
{
	for (size_t i = c->n_wanted; i-- > 0;)
		if (strcmp(c->wanted[i].el->as, el->as) == 0) {
			forget_wanted(c, i);
			return;
		}
}

static void want(struct cleaner *c, const struct element *el, struct str attrs)
{
	bool shadow = false;

	if (c->n_wanted == MAX_WANTED)
		return;
	for (size_t i = 0; i < c->n_wanted; i++)
		shadow = shadow || strcmp(c->wanted[i].el->as, el->as) == 0;
	c->wanted[c->n_wanted++] = (struct wanted){ el, attrs, c->n_open, shadow };
}

/* ---- blocks ---- */

static bool push(struct cleaner *c, const struct element *el, struct str attrs)
{
	if (c->n_open > HTML_MAX_DEPTH || !room(c, tag_cost(el->as, attrs)))
		return false;
	close_inline(c, 0);
	start_tag(c, el->as, attrs);
	c->open[c->n_open++] = (struct open){ .el = el, .attrs = attrs };
	c->fresh = true;
	return true;
}

static void pop(struct cleaner *c)
{
	close_inline(c, 0);
	struct open o = c->open[--c->n_open];
	end_tag(c, o.el->as);
	while (c->n_wanted && c->wanted[c->n_wanted - 1].depth > c->n_open)
		c->n_wanted--;
	c->fresh = false;
	if (o.quote) {
		c->quoted_end = c->out.n;
		c->quote = QUOTE_DONE;
		for (size_t i = c->n_reopen; i-- > 0;)
			if (!push(c, &el_div, c->reopen[i]))
				break;
		c->n_reopen = 0;
	} else if (c->quote == IN_PREFIX && c->n_open == 1 && strcmp(o.el->as, "blockquote") == 0) {
		c->quoted_end = c->out.n;
		c->quote = QUOTE_DONE;
	}
}

static void pop_to(struct cleaner *c, size_t n_open)
{
	/* Divs reopened after the quoted part are beyond what the caller counted; they stay. */
	size_t times = c->n_open > n_open ? c->n_open - n_open : 0;

	while (times-- && c->n_open > 1)
		pop(c);
}

static bool is_cell_kind(enum kind k)
{
	return k == TCELL || k == TABLE;
}

/* Index of the nearest open block of kind k or k2, not looking out of a table cell (or, for parts of a table, of the
 * table); 0 when there is none. */
static size_t nearest(const struct cleaner *c, enum kind k, enum kind k2)
{
	bool table_part = k == TABLE || k == TBODY || k == TROW || k == TCELL;

	for (size_t i = c->n_open; i-- > 1;) {
		enum kind at = c->open[i].el->kind;

		if (at == k || at == k2)
			return i;
		if (table_part ? at == TABLE : is_cell_kind(at))
			return 0;
	}
	return 0;
}

/* Opens what text or blocks need around them in a list or table. */
static bool enter_content(struct cleaner *c)
{
	for (;;) {
		switch (top(c)) {
		case LIST:
			if (!push(c, &el_li, STR_NULL))
				return false;
			break;
		case DLIST:
			if (!push(c, &el_dd, STR_NULL))
				return false;
			break;
		case TABLE:
			if (!push(c, &el_tbody, STR_NULL))
				return false;
			break;
		case TBODY:
			if (!push(c, &el_tr, STR_NULL))
				return false;
			break;
		case TROW:
			if (!push(c, &el_td, STR_NULL))
				return false;
			break;
		default:
			return true;
		}
	}
}

static bool enter_flow(struct cleaner *c)
{
	while (top(c) == PHRASE || top(c) == DTERM)
		pop(c);
	return enter_content(c);
}

/* ---- attributes ---- */

static struct str decoded(struct cleaner *c, const char *name, size_t max)
{
	struct str v = html_attr(&c->t, name);

	if (str_null(v))
		return STR_NULL;
	buf_clear(&c->scratch);
	html_decode(&c->scratch, str_sub(v, 0, max * 8), false, true);
	return arena_str(c->a, str_utf8_clip(buf_str(&c->scratch), max));
}

static void add_attr(struct buf *b, const char *name, struct str value)
{
	buf_addc(b, ' ');
	buf_addz(b, name);
	buf_addz(b, "=\"");
	html_put_escaped(b, value, true);
	buf_addc(b, '"');
}

/* A whole number of at most `max`. */
static void add_number(struct cleaner *c, struct buf *b, const char *name, int64_t min, int64_t max)
{
	struct str v = html_attr(&c->t, name);
	int64_t n;

	if (!str_null(v) && str_to_i64(str_trim(v), &n) == RC_OK && n >= min && n <= max) {
		buf_addf(b, " %s=\"", name);
		buf_add_i64(b, n);
		buf_addc(b, '"');
	}
}

static void add_language(struct cleaner *c, struct buf *b)
{
	struct str dir = str_trim(html_attr(&c->t, "dir")), lang = str_trim(html_attr(&c->t, "lang"));
	bool ok = lang.n > 0 && lang.n <= 35;

	if (str_eq_nocase(dir, STR("rtl")) || str_eq_nocase(dir, STR("ltr")) || str_eq_nocase(dir, STR("auto")))
		add_attr(b, "dir", str_lower(c->a, dir));
	for (size_t i = 0; ok && i < lang.n; i++)
		ok = (lang.p[i] >= '0' && lang.p[i] <= '9') || ((lang.p[i] | 32) >= 'a' && (lang.p[i] | 32) <= 'z') ||
		     lang.p[i] == '-';
	if (ok)
		add_attr(b, "lang", lang);
}

/* Class and identifier of a page of ours. True when there is a class. */
static bool add_page_attrs(struct cleaner *c, struct buf *b)
{
	struct str class = decoded(c, "class", 200), id = decoded(c, "id", 200), word;
	size_t before = b->n;

	while (str_cut(&class, ' ', &word))
		if (html_page_class(word)) {
			buf_addz(b, b->n == before ? " class=\"" : " ");
			buf_adds(b, word);
		}
	bool any = b->n > before;
	if (any)
		buf_addc(b, '"');
	if (!str_null(id) && html_page_id(id))
		add_attr(b, "id", id);
	return any;
}

/* What a page's element has besides: scrolling boxes can be reached by keyboard, tabs of a group close each other. */
static void add_behaviour(struct cleaner *c, const struct element *el, struct buf *b)
{
	struct str name = html_attr(&c->t, "name");

	if (strcmp(el->as, "pre") == 0 || str_find(buf_str(b), STR("class=\"table\"")) != STR_NONE)
		buf_addz(b, " tabindex=\"0\"");
	if (strcmp(el->as, "details") != 0)
		return;
	if (str_starts(name, STR("s-")) && html_page_id(name))
		add_attr(b, "name", name);
	if (!str_null(html_attr(&c->t, "open")))
		buf_addz(b, " open");
}

static struct str block_attrs(struct cleaner *c, const struct element *el)
{
	AUTO_BUF b;

	buf_init(&b, 1024);
	add_language(c, &b);
	if (c->o->pages) {
		add_page_attrs(c, &b);
		add_behaviour(c, el, &b);
	}
	if (el->kind == TCELL) {
		add_number(c, &b, "colspan", 2, 100);
		add_number(c, &b, "rowspan", 2, 1000);
	}
	if (strcmp(el->as, "ol") == 0)
		add_number(c, &b, "start", 0, 1000000);
	return b.n ? arena_str(c->a, buf_str(&b)) : STR_NULL;
}

/* False: a link to nowhere we let people go. */
static bool link_attrs(struct cleaner *c, struct str *ret)
{
	struct str given = decoded(c, "href", 8192), title = decoded(c, "title", ATTR_TEXT);
	struct str own = c->o->pages ? html_own_href(c->a, given) : STR_NULL;
	struct str href = str_null(own) ? html_safe_href(c->a, given) : own;
	AUTO_BUF b;

	buf_init(&b, 64 << 10);
	if (str_null(href))
		return false;
	add_attr(&b, "href", href);
	if (title.n)
		add_attr(&b, "title", title);
	if (c->o->pages)
		add_page_attrs(c, &b);
	if (str_null(own))
		buf_addz(&b, " rel=\"noopener noreferrer nofollow\"");
	*ret = arena_str(c->a, buf_str(&b));
	return !b.full;
}

/* ---- content ---- */

static bool all_space(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr(" \t\n", s.p[i]) || !s.p[i])
			return false;
	return true;
}

static void seen(struct cleaner *c, size_t n)
{
	c->seen[c->quote == NO_QUOTE ? 0 : c->quote == QUOTE_DONE ? 2 : 1] += n;
}

static bool needs_item(enum kind k)
{
	return k == LIST || k == DLIST || k == TABLE || k == TBODY || k == TROW;
}

/* `s` is decoded. */
static void put_text(struct cleaner *c, struct str s)
{
	size_t escaped = 0;

	if (s.n == 0 || (needs_item(top(c)) && all_space(s)) || !enter_content(c))
		return;
	/* An HTML parser drops a line end right behind <pre>, a serialiser does not put it back: none is the stable
	 * number. */
	while (s.n && c->fresh && top_is(c, "pre") && s.p[0] == '\n')
		s = str_from(s, 1);
	if (s.n == 0)
		return;
	for (size_t i = 0; i < s.n; i++)
		escaped += s.p[i] == '&' || (s.p[i] == '\xa0' && i && s.p[i - 1] == '\xc2') ? 5
		           : s.p[i] == '<' || s.p[i] == '>'                                 ? 4
		                                                                            : 1;
	if (!write_inline(c, escaped))
		return;
	html_put_escaped(&c->out, s, false);
	c->fresh = false;
	if (!all_space(s))
		seen(c, s.n);
}

static void on_text(struct cleaner *c)
{
	if (c->dropping[0])
		return;
	buf_clear(&c->scratch);
	html_decode(&c->scratch, c->t.text, c->t.raw, false);
	put_text(c, buf_str(&c->scratch));
}

static void put_void(struct cleaner *c, const char *tag, struct str attrs)
{
	if (!enter_content(c) || !write_inline(c, strlen(tag) + 2 + attrs.n))
		return;
	buf_addc(&c->out, '<');
	buf_addz(&c->out, tag);
	buf_adds(&c->out, attrs);
	buf_addc(&c->out, '>');
	c->fresh = false;
}

static bool is_own_image(const struct cleaner *c, struct str src)
{
	struct str prefix = c->o->own_images;

	if (str_empty(prefix) || !str_starts(src, prefix))
		return false;
	for (size_t i = 0; i < src.n; i++)
		if (!((src.p[i] >= '0' && src.p[i] <= '9') || ((src.p[i] | 32) >= 'a' && (src.p[i] | 32) <= 'z') ||
		      strchr("/_.-", src.p[i])) ||
		    !src.p[i])
			return false;
	return str_find(src, STR("..")) == STR_NONE && str_find(src, STR("//")) == STR_NONE;
}

/* A picture of the mail itself, or the words that stand for one elsewhere (S-06: nothing is loaded). */
static void on_image(struct cleaner *c)
{
	struct str src = str_trim(decoded(c, "src", 2048)), alt = decoded(c, "alt", ATTR_TEXT);
	bool cid = c->o->keep_cid && str_starts_nocase(src, STR("cid:")) && src.n > 4 && src.n < 512;

	if (cid || is_own_image(c, src)) {
		AUTO_BUF b;

		buf_init(&b, 16 << 10);
		add_attr(&b, "src", cid ? str_concat(c->a, STR("cid:"), str_from(src, 4)) : src);
		add_attr(&b, "alt", str_null(alt) ? STR("") : alt);
		add_number(c, &b, "width", 1, 4000);
		add_number(c, &b, "height", 1, 4000);
		if (c->o->pages)
			buf_addz(&b, " loading=\"lazy\"");
		put_void(c, "img", buf_str(&b));
		seen(c, 1);
		return;
	}
	c->remote_images = c->remote_images || str_starts_nocase(src, STR("http")) || str_starts(src, STR("//"));
	if (str_trim(alt).n)
		put_text(c, arena_strf(c->a, "[image: " STR_F "]", STR_A(str_trim(alt))));
}

/* ---- quoted history ---- */

static bool has_word(struct str list, const char *word)
{
	size_t at = str_find_nocase(list, str_of(word));

	return at != STR_NONE;
}

/* What mail programs mark the mail they answer with. */
static enum quote quote_mark(const struct cleaner *c)
{
	static const char *const containers[] = { "gmail_quote",    "yahoo_quoted", "protonmail_quote",
		                                  "tutanota_quote", "zmail_extra",  "mailcontainer_quote" };
	static const char *const to_the_end[] = { "divRplyFwdMsg", "appendonsend",
		                                  "mail-editor-reference-message-container", "OLK_SRC_BODY_SECTION",
		                                  "zwchr" };
	struct str class = html_attr(&c->t, "class"), id = html_attr(&c->t, "id");

	if (strcmp(c->t.name, "blockquote") == 0 && str_eq_nocase(str_trim(html_attr(&c->t, "type")), STR("cite")))
		return IN_CONTAINER;
	if (strcmp(c->t.name, "details") == 0 && str_is(class, "quoted"))
		return IN_CONTAINER;
	if (has_word(class, "moz-cite-prefix"))
		return IN_PREFIX;
	for (size_t i = 0; i < COUNT(containers); i++)
		if (class.n && class.n < 200 && has_word(class, containers[i]))
			return IN_CONTAINER;
	for (size_t i = 0; i < COUNT(to_the_end); i++)
		if (id.n && id.n < 200 && has_word(id, to_the_end[i]))
			return TO_THE_END;
	return NO_QUOTE;
}

/* Begins the quoted part, when nothing but divs is open: they are closed in front and opened again behind. */
static enum quote begin_quote(struct cleaner *c, const struct element *el)
{
	enum quote q = c->quote == NO_QUOTE && !c->o->pages ? quote_mark(c) : NO_QUOTE;

	if (q == NO_QUOTE || (q == IN_CONTAINER && el->kind != FLOW))
		return NO_QUOTE;
	if (top(c) == PHRASE)
		pop(c);
	for (size_t i = 1; i < c->n_open; i++)
		if (strcmp(c->open[i].el->as, "div") != 0)
			return NO_QUOTE;
	c->n_reopen = 0;
	while (c->n_open > 1) {
		if (q == IN_CONTAINER)
			c->reopen[c->n_reopen++] = c->open[c->n_open - 1].attrs;
		pop(c);
	}
	close_inline(c, 0);
	c->quoted_at = c->out.n;
	c->quote = q;
	return q;
}

/* ---- tags ---- */

/* A paragraph or box inside a heading, term or <pre> is a line of it. */
static void line_in_phrase(struct cleaner *c)
{
	if (c->fresh)
		return;
	if (top_is(c, "pre"))
		put_text(c, STR("\n"));
	else
		put_void(c, "br", STR_NULL);
}

static void open_block(struct cleaner *c, const struct element *el)
{
	bool line = strcmp(el->as, "div") == 0 || strcmp(el->as, "p") == 0;
	enum quote q;

	if (line && (top(c) == DTERM || (top(c) == PHRASE && !top_is(c, "p")))) {
		line_in_phrase(c);
		return;
	}
	/* A summary stands first in its details, or is a box like others. */
	if (strcmp(el->as, "summary") == 0 && !(top_is(c, "details") && c->fresh))
		el = &el_div;
	q = begin_quote(c, el);
	size_t need = el->kind == TABLE ? BLOCK_BUDGET : el->kind == LIST || el->kind == DLIST ? 2 : 1;
	if (!enter_flow(c) || c->n_open + need > HTML_MAX_DEPTH + 1) {
		c->quote = q == IN_CONTAINER ? QUOTE_DONE : c->quote;
		return;
	}
	if (!push(c, el, block_attrs(c, el)))
		return;
	if (q == IN_CONTAINER)
		c->open[c->n_open - 1].quote = true;
}

static void open_item(struct cleaner *c, const struct element *el)
{
	enum kind list = el->kind == ITEM ? LIST : DLIST;
	size_t at = nearest(c, list, list);

	if (at)
		pop_to(c, at + 1);
	else if (!enter_flow(c) || c->n_open + 2 > HTML_MAX_DEPTH + 1 ||
	         !push(c, list == LIST ? &el_ul : &el_dl, STR_NULL))
		return;
	if (top(c) == list)
		push(c, el, block_attrs(c, el));
}

static void open_table_part(struct cleaner *c, const struct element *el)
{
	size_t at = nearest(c, TABLE, TABLE);

	if (!at)
		return;
	if (el->kind == TCELL && nearest(c, TROW, TROW))
		at = nearest(c, TROW, TROW);
	else if (el->kind != TBODY && nearest(c, TBODY, TBODY))
		at = nearest(c, TBODY, TBODY);
	pop_to(c, at + 1);
	if (el->kind != TBODY && top(c) == TABLE)
		push(c, &el_tbody, STR_NULL);
	if (el->kind == TCELL && top(c) == TBODY)
		push(c, &el_tr, STR_NULL);
	if (top(c) == (el->kind == TBODY ? TABLE : el->kind == TROW ? TBODY : TROW))
		push(c, el, block_attrs(c, el));
}

/* Is there an end tag for it at all? Else only the tag is dropped. Each kind looks in vain at most once. */
static void start_dropping(struct cleaner *c, const struct element *el)
{
	char tag[32];
	unsigned bit = html_drop_number(el);

	snprintf(tag, sizeof(tag), "</%s", el->name);
	if (c->no_end & 1u << bit)
		return;
	if (str_find_nocase(str_from(c->in.in, c->in.at), str_of(tag)) == STR_NONE)
		c->no_end |= 1u << bit;
	else
		memcpy(c->dropping, c->t.name, sizeof(c->dropping));
}

static void open_inline(struct cleaner *c, const struct element *el)
{
	struct str attrs = STR_NULL;

	if (strcmp(el->as, "a") == 0) {
		bool link = link_attrs(c, &attrs);

		end_inline(c, el);
		if (!link)
			return;
	} else if (c->o->pages && (strcmp(el->as, "span") == 0 || strcmp(el->as, "code") == 0)) {
		AUTO_BUF b;

		buf_init(&b, 1024);
		if (!add_page_attrs(c, &b) && el->as[0] == 's')
			return;
		attrs = arena_str(c->a, buf_str(&b));
	}
	want(c, el, attrs);
}

static void on_start(struct cleaner *c)
{
	const struct element *el = html_element(c->t.name, c->o->pages);

	if (c->dropping[0])
		return;
	if (!el) {
		if (c->quote == NO_QUOTE && c->n_open && !c->o->pages && quote_mark(c) == TO_THE_END)
			begin_quote(c, &el_div);
		return;
	}
	switch (el->kind) {
	case DROP:
		start_dropping(c, el);
		break;
	case INLINE:
		open_inline(c, el);
		break;
	case FLOW:
	case PHRASE:
	case RAWPRE:
	case LIST:
	case DLIST:
	case TABLE:
		open_block(c, el);
		break;
	case ITEM:
	case DTERM:
	case DDESC:
		open_item(c, el);
		break;
	case TBODY:
	case TROW:
	case TCELL:
		open_table_part(c, el);
		break;
	case BREAK:
		put_void(c, "br", STR_NULL);
		break;
	case RULE:
		begin_quote(c, el);
		if (enter_flow(c)) {
			close_inline(c, 0);
			size_t n = c->n_wanted;
			c->n_wanted = 0; /* no formatting around a rule */
			put_void(c, "hr", STR_NULL);
			c->n_wanted = n;
		}
		break;
	case IMAGE:
		on_image(c);
		break;
	default:
		break;
	}
}

static void close_block(struct cleaner *c, const struct element *el)
{
	bool heading = el->as[0] == 'h' && el->as[1] >= '1' && el->as[1] <= '6';
	bool table_part = el->kind == TABLE || el->kind == TBODY || el->kind == TROW || el->kind == TCELL;

	for (size_t i = c->n_open; i-- > 1;) {
		const struct element *at = c->open[i].el;

		if (strcmp(at->as, el->as) == 0 || (heading && at->kind == PHRASE && at->as[0] == 'h')) {
			pop_to(c, i);
			return;
		}
		if (table_part ? at->kind == TABLE : is_cell_kind(at->kind))
			return;
	}
}

static void on_end(struct cleaner *c)
{
	const struct element *el = html_element(c->t.name, c->o->pages);

	if (c->dropping[0]) {
		if (strcmp(c->dropping, c->t.name) == 0)
			c->dropping[0] = 0;
		return;
	}
	if (!el)
		return;
	switch (el->kind) {
	case INLINE:
		end_inline(c, el);
		break;
	case BREAK:
		put_void(c, "br", STR_NULL);
		break;
	case UNWRAP:
	case DROP:
	case DROP_RAW:
	case RULE:
	case IMAGE:
		break;
	default:
		close_block(c, el);
		break;
	}
}

/* Text of an element that is dropped or shown as it is. */
static bool is_dropped_text(const char *element)
{
	const struct element *el = html_element(element, false);

	return el && el->kind == DROP_RAW;
}

static void run(struct cleaner *c)
{
	bool dropped = false;

	for (;;) {
		html_next(&c->in, &c->t);
		if (c->t.type == HTML_END_OF_INPUT || c->full)
			return;
		if (c->t.type == HTML_TEXT) {
			if (!(c->t.raw && dropped))
				on_text(c);
			dropped = false;
		} else if (c->t.type == HTML_START) {
			dropped = is_dropped_text(c->t.name);
			on_start(c);
		} else {
			on_end(c);
		}
	}
}

/* A quoted part that would leave nothing else is no quoted part: a mail that is forwarded, or answered inside. */
static void settle_quote(struct cleaner *c)
{
	if (c->quote == IN_CONTAINER || c->quote == IN_PREFIX || c->quote == TO_THE_END)
		c->quoted_end = c->out.n;
	if (c->quote == NO_QUOTE || c->seen[1] == 0 || c->seen[0] + c->seen[2] == 0 || c->quoted_end < c->quoted_at)
		c->quoted_at = c->quoted_end = 0;
}

struct html_result html_clean(struct arena *a, struct str dirty, const struct html_options *o)
{
	static const struct html_options none = { 0 };
	struct cleaner *c = xcalloc(1, sizeof(*c));
	struct html_result r = { .truncated = dirty.n > 64u << 20 };

	c->a = a;
	c->o = o ? o : &none;
	c->in.in = str_sub(dirty, 0, 64u << 20);
	c->n_open = 1;
	buf_init(&c->out, c->o->max_output ? c->o->max_output : HTML_MAX_OUTPUT);
	buf_init(&c->scratch, c->out.max + 65536);
	run(c);
	c->n_reopen = 0;
	while (c->n_open > 1)
		pop(c);
	close_inline(c, 0);
	settle_quote(c);
	r.html = arena_str(a, buf_str(&c->out));
	r.quoted_at = c->quoted_at;
	r.quoted_end = c->quoted_end;
	r.truncated = r.truncated || c->full;
	r.remote_images = c->remote_images;
	buf_release(&c->out);
	buf_release(&c->scratch);
	free(c);
	return r;
}

/* HTML as plain text: it is cleaned first, so that only the cleaner's few well-nested forms have to be understood. */
#include "html/private.h"

#define MAX_LISTS 16
#define MAX_QUOTE 20

struct plain {
	struct arena *a;
	struct buf out, piece;
	int blank;     /* line ends owed before the next text */
	bool space;    /* a space owed */
	bool at_start; /* of a line */
	int quote, pre;
	struct {
		bool ordered;
		int64_t n;
	} list[MAX_LISTS];
	int n_list;
	struct str mark; /* of the list item that begins */
	struct str href; /* of the open link */
	size_t link_at;  /* where its text begins in out */
};

static void owe(struct plain *p, int lines)
{
	if (p->blank < lines)
		p->blank = lines;
	p->space = false;
}

static void begin_line(struct plain *p)
{
	for (int i = 0; i < p->quote && i < MAX_QUOTE; i++)
		buf_addz(&p->out, "> ");
	for (int i = 1; i < p->n_list && i < MAX_LISTS; i++)
		buf_addz(&p->out, "  ");
	p->at_start = false;
}

/* Pays what is owed in line ends and spaces. */
static void settle(struct plain *p)
{
	if (p->out.n == 0) {
		p->blank = 0;
		if (p->at_start)
			begin_line(p);
	}
	for (; p->blank > 0; p->blank--) {
		buf_addc(&p->out, '\n');
		if (p->blank > 1)
			for (int i = 0; i < p->quote && i < MAX_QUOTE; i++)
				buf_addz(&p->out, i + 1 < p->quote ? "> " : ">");
		if (p->blank == 1)
			begin_line(p);
	}
	if (p->space && p->out.n && p->out.p[p->out.n - 1] != '\n' && p->out.p[p->out.n - 1] != ' ')
		buf_addc(&p->out, ' ');
	p->space = false;
	if (p->mark.n) {
		buf_adds(&p->out, p->mark);
		p->mark = STR_NULL;
	}
}

static void put(struct plain *p, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (p->pre && c == '\n') {
			settle(p);
			p->blank = 1;
			continue;
		}
		if (!p->pre && (c == ' ' || c == '\t' || c == '\n')) {
			p->space = p->blank == 0;
			continue;
		}
		if (!p->pre && c == '\xc2' && i + 1 < s.n && s.p[i + 1] == '\xa0') {
			settle(p);
			buf_addc(&p->out, ' ');
			i++;
			continue;
		}
		settle(p);
		buf_addc(&p->out, c);
	}
}

static struct str attr_text(struct plain *p, const struct html_token *t, const char *name)
{
	struct str v = html_attr(t, name);

	if (str_null(v))
		return v;
	buf_clear(&p->piece);
	html_decode(&p->piece, v, false, true);
	return arena_str(p->a, buf_str(&p->piece));
}

/* The address behind the text of a link, unless the text is that address already. */
static void end_link(struct plain *p)
{
	struct str href = p->href, text, bare;

	if (str_null(href))
		return;
	p->href = STR_NULL;
	text = str_trim(str_from(buf_str(&p->out), p->link_at));
	bare = href;
	if (str_starts(href, STR("mailto:")) || str_starts(href, STR("tel:")))
		bare = str_sub(str_from(href, str_find_byte(href, ':') + 1), 0,
		               str_find_byte(str_from(href, str_find_byte(href, ':') + 1), '?'));
	else
		bare = str_from(href, str_find(href, STR("//")) + 2);
	if (str_ends(bare, STR("/")))
		bare.n--;
	if (text.n == 0 || str_find_nocase(text, bare) != STR_NONE)
		return;
	buf_addf(&p->out, " <" STR_F ">", STR_A(href));
}

static void on_start(struct plain *p, const struct html_token *t)
{
	const char *n = t->name;

	if (strcmp(n, "br") == 0) {
		if (p->blank == 0)
			settle(p);
		p->blank++;
		if (p->blank > 3)
			p->blank = 3;
		p->space = false;
	} else if (strcmp(n, "p") == 0 || (n[0] == 'h' && n[1] >= '1' && n[1] <= '6') || strcmp(n, "table") == 0) {
		owe(p, 2);
	} else if (strcmp(n, "pre") == 0) {
		owe(p, 2);
		p->pre++;
	} else if (strcmp(n, "blockquote") == 0) {
		owe(p, p->out.n ? 1 : 0);
		p->quote++;
		p->blank = p->blank ? p->blank : 1;
	} else if (strcmp(n, "ul") == 0 || strcmp(n, "ol") == 0) {
		owe(p, p->n_list ? 1 : 2);
		if (p->n_list < MAX_LISTS) {
			p->list[p->n_list].ordered = n[0] == 'o';
			p->list[p->n_list].n = 0;
			if (n[0] == 'o' && str_to_i64(html_attr(t, "start"), &p->list[p->n_list].n) == RC_OK)
				p->list[p->n_list].n--;
		}
		p->n_list++;
	} else if (strcmp(n, "li") == 0) {
		owe(p, 1);
		int top = (p->n_list < MAX_LISTS ? p->n_list : MAX_LISTS) - 1;
		if (top >= 0 && p->list[top].ordered)
			p->mark = arena_strf(p->a, "%lld. ", (long long)++p->list[top].n);
		else
			p->mark = STR("- ");
	} else if (strcmp(n, "hr") == 0) {
		owe(p, 1);
		settle(p);
		buf_addz(&p->out, "---");
		owe(p, 1);
	} else if (strcmp(n, "div") == 0 || strcmp(n, "tr") == 0 || strcmp(n, "dt") == 0 || strcmp(n, "dd") == 0) {
		owe(p, 1);
	} else if (strcmp(n, "td") == 0 || strcmp(n, "th") == 0) {
		p->space = p->blank == 0;
	} else if (strcmp(n, "a") == 0) {
		p->href = attr_text(p, t, "href");
		p->link_at = p->out.n;
	} else if (strcmp(n, "img") == 0) {
		struct str alt = str_trim(attr_text(p, t, "alt"));

		if (alt.n)
			put(p, arena_strf(p->a, "[image: " STR_F "]", STR_A(alt)));
	}
}

static void on_end(struct plain *p, const struct html_token *t)
{
	const char *n = t->name;

	if (strcmp(n, "a") == 0) {
		end_link(p);
	} else if (strcmp(n, "p") == 0 || (n[0] == 'h' && n[1] >= '1' && n[1] <= '6') || strcmp(n, "table") == 0) {
		owe(p, 2);
	} else if (strcmp(n, "pre") == 0) {
		owe(p, 2);
		p->pre--;
	} else if (strcmp(n, "blockquote") == 0) {
		/* The line that ends the quote must not carry its mark. */
		p->quote--;
		owe(p, 1);
	} else if (strcmp(n, "ul") == 0 || strcmp(n, "ol") == 0) {
		p->n_list--;
		p->mark = STR_NULL;
		owe(p, p->n_list ? 1 : 2);
	} else if (strcmp(n, "div") == 0 || strcmp(n, "li") == 0 || strcmp(n, "tr") == 0 || strcmp(n, "dt") == 0 ||
	           strcmp(n, "dd") == 0) {
		p->mark = STR_NULL;
		owe(p, 1);
	}
}

/* No spaces at line ends, one line end at the very end. */
static struct str tidy(struct arena *a, struct str s)
{
	AUTO_BUF b;
	struct str line;

	buf_init(&b, s.n + 2);
	while (str_cut(&s, '\n', &line)) {
		while (line.n && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
			line.n--;
		/* Blank lines inside a quote keep the mark, "> " in front of nothing does not. */
		buf_adds(&b, line);
		buf_addc(&b, '\n');
	}
	while (b.n && b.p[b.n - 1] == '\n')
		b.n--;
	if (b.n)
		buf_addc(&b, '\n');
	return arena_str(a, buf_str(&b));
}

struct str html_to_text(struct arena *a, struct str html)
{
	struct plain p = { .a = a, .at_start = true };
	struct html_result clean = html_clean(a, html, &(struct html_options){ .keep_cid = true });
	struct html_tokens in = { .in = clean.html };
	struct html_token *t = arena_new(a, struct html_token);

	buf_init(&p.out, (size_t)HTML_MAX_OUTPUT * 2);
	buf_init(&p.piece, HTML_MAX_OUTPUT);
	for (;;) {
		html_next(&in, t);
		if (t->type == HTML_END_OF_INPUT)
			break;
		if (t->type == HTML_START) {
			on_start(&p, t);
		} else if (t->type == HTML_END) {
			on_end(&p, t);
		} else {
			buf_clear(&p.piece);
			html_decode(&p.piece, t->text, false, false);
			put(&p, buf_str(&p.piece));
		}
	}
	struct str s = tidy(a, buf_str(&p.out));
	buf_release(&p.out);
	buf_release(&p.piece);
	return s;
}

/* Pages as a static site: flat files, relative links, one style sheet, the way up, the pages beside and below. It needs
 * no server, no scripts and nothing from elsewhere. */
#include "html/html.h"
#include "kb/export_private.h"
#include "markdown/markdown.h"

static const char style[] =
        ":root{color-scheme:light dark;--ink:#1c2430;--paper:#fff;--soft:#f2f4f7;--line:#cfd6df;--link:#0b57b0}"
        "@media(prefers-color-scheme:dark){:root{--ink:#e8ecf2;--paper:#14181f;--soft:#1e242d;--line:#3a4453;--link:#"
        "8ab8ff}}"
        "*{box-sizing:border-box}body{margin:0;font:1rem/1.6 "
        "system-ui,sans-serif;color:var(--ink);background:var(--paper)}"
        "a{color:var(--link)}.top,main,footer{max-width:50rem;margin:0 auto;padding:.75rem 1rem}"
        "h1,h2,h3{line-height:1.25}img{max-width:100%;height:auto}pre,.table{overflow-x:auto}"
        "pre{background:var(--soft);padding:.75rem;border-radius:.4rem}code{font-family:ui-monospace,monospace;font-"
        "size:.9em}"
        "table{border-collapse:collapse}th,td{border:1px solid var(--line);padding:.35rem "
        ".6rem;text-align:left;vertical-align:top}"
        ".right{text-align:right}.center{text-align:center}blockquote{margin:1rem "
        "0;padding-left:1rem;border-left:.25rem solid var(--line)}"
        ".adm{margin:1rem 0;padding:.5rem 1rem;background:var(--soft);border-left:.3rem solid "
        "var(--link)}.adm-title{font-weight:700;margin:.2rem 0}"
        ".adm-warning,.adm-caution{border-color:#c2570c}.task{list-style:none;margin-left:-1.2rem}figure{margin:1rem 0}"
        "figcaption,footer{font-size:.9rem}details{border:1px solid var(--line);padding:.4rem "
        ".8rem}summary{font-weight:600;cursor:pointer}"
        ".hl-k{font-weight:600}.hl-c{font-style:italic;opacity:.8}nav ul{padding-left:1.2rem}@media "
        "print{nav{display:none}}\n";

static struct str file_of(struct export_state *x, const struct export_page *p)
{
	bool reserved = str_is(p->slug, "index");

	return arena_strf(x->a, STR_F "%s.html", STR_A(p->slug), reserved ? "-page" : "");
}

/* The address of ours in an attribute of cleaned HTML, as a file beside. STR_NULL: it stays, and leads nowhere. */
static struct str local(struct export_state *x, struct str to, enum rc *rc, struct err *err)
{
	size_t hash = str_find_byte(to, '#'), at;
	struct str fragment = hash == STR_NONE ? STR("") : str_from(to, hash), path = str_sub(to, 0, hash);

	if (str_starts(path, STR("/kb/media/"))) {
		struct str token = str_from(path, 10);
		bool thumb = str_ends(token, STR("/thumb"));

		token.n -= thumb ? 6 : 0;
		at = export_media_find(x, token);
		if (at == STR_NONE)
			return STR_NULL;
		const struct export_media *m = &x->media.at[at];
		bool small = thumb && m->thumb.n;
		struct str file = small ? arena_strf(x->a, "media/" STR_F "-small.webp", STR_A(m->token))
		                        : str_concat(x->a, STR("media/"), export_media_name(x, m));
		if (*rc == RC_OK)
			*rc = export_copy(x, small ? m->thumb : m->sha256, file, err);
		return file;
	}
	if (!str_starts(path, STR("/kb/")) || (at = export_page_find(x, str_from(path, 4))) == STR_NONE)
		return STR_NULL;
	return str_concat(x->a, file_of(x, &x->pages.at[at]), fragment);
}

static enum rc put_body(struct export_state *x, struct str html, struct buf *b, struct err *err)
{
	static const struct str starts[] = { STR_INIT(" href=\"/"), STR_INIT(" src=\"/") };
	enum rc rc = RC_OK;

	while (html.n) {
		size_t best = STR_NONE, len = 0;

		for (size_t i = 0; i < COUNT(starts); i++) {
			size_t at = str_find(html, starts[i]);

			if (at < best) {
				best = at;
				len = starts[i].n - 1;
			}
		}
		if (best == STR_NONE)
			break;
		buf_adds(b, str_sub(html, 0, best + len));
		html = str_from(html, best + len);
		struct str to = str_sub(html, 0, str_find_byte(html, '"')), file = local(x, to, &rc, err);
		buf_adds(b, str_null(file) ? STR("#") : file);
		html = str_from(html, to.n);
	}
	buf_adds(b, html);
	return rc;
}

static void put_link(struct export_state *x, struct buf *b, const struct export_page *p)
{
	buf_addf(b, "<a href=\"" STR_F "\">" STR_F "</a>", STR_A(file_of(x, p)), STR_A(html_escape(x->a, p->title)));
}

/* Pages of one parent stand together: rows are sorted so. */
static void put_list(struct export_state *x, struct buf *b, size_t parent, const char *label)
{
	bool any = false;

	for (size_t i = 0; i < x->pages.n; i++) {
		if (x->pages.at[i].parent != parent)
			continue;
		if (!any)
			buf_addf(b, "<nav aria-label=\"%s\"><ul>", label);
		any = true;
		buf_addz(b, "<li>");
		put_link(x, b, &x->pages.at[i]);
		buf_addz(b, "</li>");
	}
	if (any)
		buf_addz(b, "</ul></nav>");
}

static void put_head(struct export_state *x, struct buf *b, struct str title)
{
	struct str t = html_escape(x->a, title), product = html_escape(x->a, x->ex->product);

	buf_addf(b,
	         "<!doctype html>\n<html lang=\"" STR_F "\"><head><meta charset=\"utf-8\"><title>" STR_F " - " STR_F
	         "</title><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
	         "<link rel=\"stylesheet\" href=\"style.css\"></head><body>",
	         STR_A(x->ex->lang), STR_A(t), STR_A(product));
}

static enum rc put_page(struct export_state *x, size_t i, struct err *err)
{
	static const struct markdown_reader anybody = { 0 };
	struct export_page *p = &x->pages.at[i];
	size_t up[12], n = 0;
	AUTO_BUF b;

	buf_init(&b, 16 << 20);
	put_head(x, &b, p->title);
	buf_addf(&b, "<div class=\"top\"><nav aria-label=\"Where you are\"><a href=\"index.html\">" STR_F "</a>",
	         STR_A(html_escape(x->a, x->ex->product)));
	for (size_t at = p->parent; at != STR_NONE && n < COUNT(up); at = x->pages.at[at].parent)
		up[n++] = at;
	while (n) {
		buf_addz(&b, " › ");
		put_link(x, &b, &x->pages.at[up[--n]]);
	}
	buf_addf(&b, "</nav></div><main><h1>" STR_F "</h1>", STR_A(html_escape(x->a, p->title)));
	enum rc rc = put_body(x, markdown_fill(x->a, p->html, &anybody), &b, err);
	if (p->has_children)
		put_list(x, &b, i, "Pages below");
	buf_addz(&b, "</main><footer>");
	if (p->parent != STR_NONE && i > 0 && x->pages.at[i - 1].parent == p->parent) {
		buf_addz(&b, "← ");
		put_link(x, &b, &x->pages.at[i - 1]);
		buf_addc(&b, ' ');
	}
	if (p->parent != STR_NONE && i + 1 < x->pages.n && x->pages.at[i + 1].parent == p->parent) {
		put_link(x, &b, &x->pages.at[i + 1]);
		buf_addz(&b, " →");
	}
	buf_addz(&b, "</footer></body></html>\n");
	x->n.pages++;
	return rc == RC_OK ? export_write(x, file_of(x, p), buf_str(&b), err) : rc;
}

enum rc export_site(struct export_state *x, struct err *err)
{
	AUTO_BUF b;

	buf_init(&b, 16 << 20);
	put_head(x, &b, x->ex->product);
	buf_addf(&b, "<main><h1>" STR_F "</h1>", STR_A(html_escape(x->a, x->ex->product)));
	put_list(x, &b, STR_NONE, "Contents");
	buf_addz(&b, "</main></body></html>\n");
	enum rc rc = export_write(x, STR("index.html"), buf_str(&b), err);
	if (rc == RC_OK)
		rc = export_write(x, STR("style.css"), str_of(style), err);
	for (size_t i = 0; i < x->pages.n && rc == RC_OK; i++)
		rc = put_page(x, i, err);
	return rc;
}

/* Serving the embedded front end, and what compiled templates call. */
#include "web/assets.h"
#include "http/http.h"
#include "web/tmpl_rt.h"
#include "web/web.h"

const char *asset_url(const char *name)
{
	for (const struct asset *a = assets; a->name; a++)
		if (strcmp(a->name, name) == 0)
			return a->url;
	die("there is no asset \"%s\"", name);
}

const struct asset *asset_find(struct str path)
{
	for (const struct asset *a = assets; a->name; a++)
		if (str_is(path, a->url))
			return a;
	return NULL;
}

static enum rc get_asset(struct req *q, struct resp *r)
{
	const struct asset *a = asset_find(q->path);

	if (!a)
		return web_not_found(q);
	r->static_bytes = a->bytes;
	r->static_br = a->br;
	r->static_gz = a->gz;
	r->type = str_of(a->type);
	r->cache = STR("public, max-age=31536000, immutable");
	return RC_OK;
}

const struct route asset_routes[] = {
	{HTTP_GET,    "/assets/{file}", CAP_PUBLIC, get_asset, NULL, ROUTE_CACHE, "A file of the front end", NULL, NULL },
	{ .path = NULL},
};

/* ---- what templates call ---- */

void tmpl_time(struct out *o, struct instant t, int style)
{
	AUTO_ARENA own;

	arena_init(&own);
	if (!time_is_set(t))
		return;
	struct arena *a = o->arena ? o->arena : &own;
	struct str full = style < 0 ? i18n_date(a, o->lang, t, o->zone, DATE_MINUTE) : STR("");
	struct str shown = style < 0 ? i18n_ago(a, o->lang, t, o->now)
	                             : i18n_date(a, o->lang, t, o->zone, (enum date_style)style);
	out_raw(o, "<time datetime=\"", 16);
	out_attr(o, time_iso(a, t));
	if (style < 0) {
		out_raw(o, "\" data-ago=\"1\" title=\"", 22);
		out_attr(o, full);
	}
	out_raw(o, "\">", 2);
	out_text(o, shown);
	out_raw(o, "</time>", 7);
}

static void hidden(struct out *o, const char *name, struct str value)
{
	if (value.n == 0)
		return;
	buf_addf(o->b, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	out_attr(o, value);
	out_raw(o, "\">", 2);
}

/* Noted instead of written when the markup is kept. */
static bool marked(struct out *o, bool once)
{
	struct out_marks *m = o->marks;

	if (!m)
		return false;
	if (m->n < COUNT(m->at))
		m->at[m->n] = (struct out_mark){ (uint32_t)o->b->n, once };
	m->n++;
	return true;
}

void tmpl_csrf(struct out *o)
{
	if (!marked(o, false))
		hidden(o, "csrf", o->csrf);
}

void tmpl_once(struct out *o)
{
	if (!marked(o, true))
		hidden(o, "once", o->nonce_key);
}

void tmpl_kept(struct out *o, struct str markup, const struct out_mark *marks, size_t n)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		out_raw(o, markup.p + from, marks[i].at - from);
		marks[i].once ? tmpl_once(o) : tmpl_csrf(o);
		from = marks[i].at;
	}
	out_raw(o, markup.p + from, markup.n - from);
}

void tmpl_icon(struct out *o, const char *name)
{
	for (const struct asset_icon *i = asset_icons; i->name; i++)
		if (strcmp(i->name, name) == 0) {
			buf_addz(o->b, "<svg class=\"icon\" viewBox=\"0 0 24 24\" aria-hidden=\"true\" fill=\"none\" "
			               "stroke=\"currentColor\" "
			               "stroke-width=\"2\" stroke-linecap=\"round\" stroke-linejoin=\"round\">");
			buf_addz(o->b, i->markup);
			buf_addz(o->b, "</svg>");
			return;
		}
	die("there is no icon \"%s\"", name);
}

/* Number, shape, colour and hidden name together: colour alone says nothing to some. */
void tmpl_crit_badge(struct out *o, int criticality)
{
	static const char *const shape[] = {
		"",
		"<path d=\"M5 1h6l4 4v6l-4 4H5l-4-4V5z\"/>",
		"<path d=\"M8 1.5 15 14.5H1z\"/>",
		"<path d=\"M2 2h12v12H2z\"/>",
		"<circle cx=\"8\" cy=\"8\" r=\"5.5\" fill=\"none\" stroke-width=\"2\"/>",
	};
	const char *name = criticality == 1   ? tr(o->lang, "Total interruption")
	                   : criticality == 2 ? tr(o->lang, "Functional error affecting the operation")
	                   : criticality == 3 ? tr(o->lang, "Degraded quality")
	                                      : tr(o->lang, "Specific functional error");

	if (criticality < 1 || criticality > 4)
		return;
	buf_addf(o->b,
	         "<span class=\"crit crit-%d\"><svg viewBox=\"0 0 16 16\" "
	         "aria-hidden=\"true\">%s</svg><span>C%d</span><span class=\"vh\"> ",
	         criticality, shape[criticality], criticality);
	out_text(o, str_of(name));
	buf_addz(o->b, "</span></span>");
}

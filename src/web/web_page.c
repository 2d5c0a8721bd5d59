/* How a page begins: who reads it, in which language, what was wrong with the form, the message left by the last page.
 * The markup around every page is tmpl/layout.html. */
#include "tmpl.h"
#include "util/crypt.h"
#include "web/page.h"
#include "web/web.h"

#define MAX_FLASH  600
#define MAX_ERRORS 20

struct out web_out(const struct req *q, struct resp *r)
{
	return (struct out){ .b = r->body,
		             .lang = web_lang(q),
		             .zone = web_zone(q),
		             .now = q->now,
		             .csrf = q->csrf,
		             .nonce_key = random_token(q->arena),
		             .arena = q->arena };
}

/* ---- flash ---- */

static const char hex[] = "0123456789ABCDEF";

static int nibble(char c)
{
	const char *at = c ? strchr(hex, c) : NULL;

	return at ? (int)(at - hex) : -1;
}

void web_flash(struct resp *r, struct str text)
{
	AUTO_BUF b;

	buf_init(&b, 3 * MAX_FLASH + 1);
	text = str_utf8_clip(text, MAX_FLASH);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c > 0x20 && c < 0x7f && !strchr(";,\"\\%", c)) {
			buf_addc(&b, (char)c);
		} else {
			buf_addc(&b, '%');
			buf_addc(&b, hex[c >> 4]);
			buf_addc(&b, hex[c & 15]);
		}
	}
	resp_cookie(r, "flash", buf_str(&b), 60);
}

static struct str flash_of(const struct req *q)
{
	struct str c = req_cookie(q, "flash");
	char *out = arena_alloc(q->arena, c.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < c.n; i++) {
		int hi = i + 2 < c.n && c.p[i] == '%' ? nibble(c.p[i + 1]) : -1, lo = hi >= 0 ? nibble(c.p[i + 2]) : -1;

		out[n++] = lo >= 0 ? (char)(hi * 16 + lo) : c.p[i];
		i += lo >= 0 ? 2 : 0;
	}
	struct str text = str_utf8_clip((struct str){ out, n }, MAX_FLASH);

	return str_utf8_valid(text) && !str_has_control(text) ? text : STR("");
}

enum rc web_done(struct resp *r, const char *flash, struct str to)
{
	if (flash)
		web_flash(r, str_of(flash));
	return resp_redirect(r, to);
}

/* ---- the page ---- */

static void add_errors(struct page *p, struct req *q, const struct i18n *l)
{
	const struct err *err = req_err(q);
	struct page_error *list = arena_array(q->arena, struct page_error, MAX_ERRORS + 1);

	for (size_t i = 0; i < q->n_field_errors && i < MAX_ERRORS; i++)
		list[p->n_errors++] = (struct page_error){ q->field_errors[i].field,
			                                   str_of(tr(l, str_z(q->arena, q->field_errors[i].text))) };
	if (err->text[0])
		list[p->n_errors++] = (struct page_error){ arena_str(q->arena, str_of(err->field)),
			                                   arena_str(q->arena, str_of(tr(l, err->text))) };
	p->errors = list;
}

static struct str digits_only(struct arena *a, struct str phone)
{
	char *out = arena_alloc(a, phone.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < phone.n; i++)
		if ((phone.p[i] >= '0' && phone.p[i] <= '9') || phone.p[i] == '+')
			out[n++] = phone.p[i];
	return (struct str){ out, n };
}

static void common(struct page *p, struct req *q, struct str title)
{
	struct web_settings s = web_settings(q);
	struct str theme = req_cookie(q, "theme");

	*p = (struct page){ .title = title,
		            .lang = i18n_tag(web_lang(q)),
		            .theme = str_is(theme, "dark") || str_is(theme, "light") ? theme : STR(""),
		            .product = s.product,
		            .actor = STR_INIT(""),
		            .flash = STR_INIT(""),
		            .phone = s.phone,
		            .phone_down = __atomic_load_n(&web_desk(q)->phone_line, __ATOMIC_RELAXED) == PHONE_DOWN,
		            .support_addr = s.support_addr,
		            .mail_to = str_concat(q->arena, STR("mailto:"), s.support_addr),
		            .phone_to = str_concat(q->arena, STR("tel:"), digits_only(q->arena, s.phone)) };
	if (s.accent.n)
		p->theme_url = arena_strf(q->arena, "/theme.css?v=" STR_F, STR_A(str_from(s.accent, 1)));
	if (s.logo.n > 16)
		p->logo_url = arena_strf(q->arena, "/logo?v=" STR_F, STR_A(str_from(s.logo, s.logo.n - 16)));
	p->n_unassigned = p->n_mine = p->n_incidents = p->n_requests = p->n_waiting = p->n_callbacks = STR("");
	if (q->actor.kind != ACTOR_NOBODY)
		p->actor = q->actor.name;
	p->is_customer = q->actor.kind == ACTOR_CONTACT;
	p->is_agent = q->actor.kind == ACTOR_AGENT;
	p->is_admin = p->is_agent && q->actor.agent_role == AGENT_ADMIN;
}

void web_page_init(struct page *p, struct req *q, struct resp *r, const char *title)
{
	common(p, q, str_of(title));
	p->flash = flash_of(q);
	if (p->flash.n)
		resp_cookie(r, "flash", STR(""), 0);
	if (r->status >= 400)
		add_errors(p, q, web_lang(q));
}

/* ---- errors ---- */

static const char *error_title(const struct i18n *l, int status)
{
	switch (status) {
	case 403:
		return _(l, "This is not allowed");
	case 404:
		return _(l, "There is nothing here");
	case 409:
		return _(l, "Somebody else was faster");
	case 413:
		return _(l, "This is too large");
	case 429:
		return _(l, "Too many tries");
	case 503:
		return _(l, "Please try again in a moment");
	case 507:
		return _(l, "No space is left");
	default:
		return status < 500 ? _(l, "This did not work") : _(l, "Something went wrong on our side");
	}
}

void web_error_page(struct req *q, struct resp *r, int status, const struct err *err)
{
	struct out o = web_out(q, r);
	struct page p;

	common(&p, q, str_of(error_title(o.lang, status)));
	tmpl_error_page(&o, &p, str_of(tr(o.lang, err->text)), web_home(q),
	                status >= 500 ? time_iso(q->arena, q->now) : STR(""));
}

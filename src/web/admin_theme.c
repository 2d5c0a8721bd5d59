/* How the desk looks: a colour and a logo of the provider, for everybody who sees a page. The colour is checked for
 * contrast before it is saved; the logo is a small picture, kept in the settings, so that every machine of a desk has
 * it. */
#include "kb/media.h"
#include "tmpl.h"
#include "util/crypt.h"
#include "web/admin_view.h"
#include "web/assets.h"
#include "web/signin_private.h"
#include "web/theme.h"
#include <fcntl.h>
#include <unistd.h>

#define LOGO_MAX (96 << 10)

struct dressing {
	struct req *q;
	struct str accent, logo, data; /* logo: "image/png HASH"; STR_NULL: stays */
};

static enum rc show(struct req *q, struct resp *r)
{
	struct web_settings s = web_settings(q);
	struct page p;
	struct out o = admin_begin(q, r, &p, _(web_lang(q), "Appearance"));
	struct admin_theme v = { .p = &p,
		                 .accent = web_field_value(q, "accent", s.accent),
		                 .e_accent = web_field_error(q, "accent"),
		                 .e_logo = web_field_error(q, "logo"),
		                 .has_logo = s.logo.n > 0,
		                 .colours = s.accent.n > 0 };

	tmpl_admin_theme(&o, &v);
	return RC_OK;
}

static enum rc save(struct db_tx *tx, void *arg, struct err *err)
{
	struct dressing *x = arg;
	enum rc rc = setting_set(tx, "accent", x->accent, err);

	if (rc == RC_OK && x->logo.p)
		rc = setting_set(tx, "logo", x->logo, err);
	if (rc == RC_OK && x->logo.p)
		rc = setting_set(tx, "logo_data", x->data, err);
	return rc == RC_OK ? signin_event(tx, x->q, &x->q->actor, EV_AUTH, "appearance changed", err) : rc;
}

static enum rc read_logo(struct req *q, struct dressing *x)
{
	const struct upload *u = q->n_uploads ? &q->uploads[0] : NULL;
	char *bytes = arena_alloc(q->arena, LOGO_MAX + 1);
	int fd;
	ssize_t n;

	if (!u || u->size == 0)
		return RC_OK;
	if (u->size > LOGO_MAX)
		return http_fail(q, RC_LIMIT, "logo",
		                 "A logo has at most 96 KB. Make it smaller: it is shown 32 pixels high.");
	if ((fd = open(str_z(q->arena, u->path), O_RDONLY | O_CLOEXEC)) < 0)
		return http_fail(q, RC_FAULT, "logo", "The file that was sent cannot be read. Please send it again.");
	n = read(fd, bytes, LOGO_MAX);
	close(fd);
	struct str data = { bytes, n > 0 ? (size_t)n : 0 }, type = kb_media_type(data);

	if (!kb_media_is_picture(type))
		return http_fail(q, RC_INVALID, "logo",
		                 "A logo is a PNG, JPEG, GIF or WebP picture. This file is none.");
	x->logo = arena_strf(q->arena, STR_F " %.16s", STR_A(type), sha256_hex(q->arena, data).p);
	x->data = base64_encode(q->arena, data);
	return RC_OK;
}

static enum rc appearance_save(struct req *q, struct resp *r)
{
	struct dressing x = { .q = q, .accent = str_trim(req_field(q, "accent")) };
	struct rgb c;
	enum rc rc = RC_OK;

	if (web_fields_wrong(q, r))
		return show(q, r);
	x.accent = x.accent.p ? x.accent : STR("");
	if (str_is(req_field(q, "plain"), "1"))
		x.accent = STR("");
	else if (x.accent.n)
		rc = theme_check(q->arena, x.accent, &c, req_err(q));
	if (rc == RC_OK && str_is(req_field(q, "no_logo"), "1"))
		x.logo = x.data = STR("");
	else if (rc == RC_OK)
		rc = read_logo(q, &x);
	if (rc == RC_OK)
		rc = db_write(web_desk(q)->db, save, &x, req_err(q));
	if (rc == RC_OK)
		return web_done(r, _(web_lang(q), "Saved. Everybody sees it from now on."),
		                STR("/desk/admin/appearance"));
	return web_form_failed(q, r, rc) ? show(q, r) : rc;
}

/* ---- for everybody ---- */

static enum rc get_css(struct req *q, struct resp *r)
{
	struct rgb c;

	r->type = STR("text/css; charset=utf-8");
	r->cache = STR("public, max-age=31536000, immutable"); /* its address has the colour in it */
	if (rgb_parse(web_settings(q).accent, &c))
		theme_css(q->arena, c, r->body);
	return RC_OK;
}

static enum rc read_data(struct db_tx *tx, void *arg, struct err *err)
{
	struct dressing *x = arg;

	return setting_get(tx, x->q->arena, "logo_data", &x->data, err);
}

static enum rc get_logo(struct req *q, struct resp *r)
{
	struct dressing x = { .q = q };
	struct str logo = web_settings(q).logo, type, bytes;

	if (!str_cut(&logo, ' ', &type) || db_read(web_desk(q)->db, read_data, &x, NULL) != RC_OK ||
	    base64_decode(q->arena, x.data, &bytes) != RC_OK) { /* none was set */
		const struct asset *own = asset_find(str_of(asset_url("favicon.svg")));

		bytes = own->bytes;
		type = str_of(own->type);
	}
	r->type = type;
	r->cache = STR("public, max-age=31536000, immutable");
	r->csp = STR("sandbox; default-src 'none'");
	buf_adds(r->body, bytes);
	return RC_OK;
}

static const struct field appearance_fields[] = {
	{"accent",      FIELD_TEXT, 20, false, NULL, "Colour of buttons and marks" },
	{ "plain",           FIELD_CHOICE, 0, false, "1", "The built-in colour" },
	{ "no_logo",         FIELD_CHOICE, 0, false, "1", "The built-in logo" },
	{ "logo",            FIELD_FILE, 0, false, NULL, "A small picture" },
	{ .name = NULL},
};

/* clang-format off */
const struct route theme_routes[] = {
	{ HTTP_GET, "/desk/admin/appearance", CAP_ADMIN, show, NULL, 0, "How the desk looks", NULL, NULL },
	{ HTTP_POST, "/desk/admin/appearance", CAP_ADMIN, appearance_save, appearance_fields, ROUTE_UPLOAD | ROUTE_LENIENT, "Change how the desk looks", NULL, NULL },
	{ HTTP_GET, "/theme.css", CAP_PUBLIC, get_css, NULL, ROUTE_CACHE | ROUTE_LENIENT, "Colours of the provider", NULL, NULL },
	{ HTTP_GET, "/logo", CAP_PUBLIC, get_logo, NULL, ROUTE_CACHE | ROUTE_LENIENT, "The provider's logo", NULL, NULL },
	{ .path = NULL },
};
/* clang-format on */

/* Pages in the browser: agents let a browser of theirs be paged, see which ones are, try it, and stop it. The script of
 * the page asks the browser; without scripts there is no Web Push. */
#include "oncall/push.h"
#include "tmpl.h"
#include "web/assets.h"
#include "web/desk_view.h"
#include "web/push_view.h"

struct asked {
	struct req *q;
	struct push_view v;
	struct view_counts counts;
};

static enum rc read_browsers(struct db_tx *tx, void *arg, struct err *err)
{
	struct asked *x = arg;
	enum rc rc = push_list(tx, x->q->arena, x->q->actor.agent, &x->v.at, &x->v.n, err);

	return rc == RC_OK ? desk_counts(tx, x->q, &x->counts, err) : rc;
}

static enum rc get_push(struct req *q, struct resp *r)
{
	struct asked x = { .q = q };
	struct vapid v;
	struct page p;
	enum rc rc = vapid_from(web_desk(q)->pin_key, &v, req_err(q));

	if (rc == RC_OK)
		rc = db_read(web_desk(q)->db, read_browsers, &x, req_err(q));
	if (rc != RC_OK)
		return rc;
	x.v.key = vapid_public(q->arena, &v);
	x.v.e_endpoint = web_field_error(q, "endpoint");
	struct out o = web_out(q, r);

	desk_page_init(&p, q, r, _(o.lang, "Pages in this browser"), NAV_NONE, &x.counts);
	tmpl_desk_head(&o, &p);
	tmpl_push_page(&o, &x.v);
	tmpl_desk_foot(&o, &p);
	return RC_OK;
}

static struct str or_empty(struct str s)
{
	return s.p ? s : STR("");
}

static enum rc write_push(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	const struct i18n *l = web_lang(q);
	struct str act = req_field(q, "do");
	struct push_browser b = {
		.endpoint = or_empty(req_field(q, "endpoint")),
		.p256dh = or_empty(req_field(q, "p256dh")),
		.auth = or_empty(req_field(q, "auth")),
		.name = or_empty(req_header(q, "User-Agent")),
	};
	int64_t id = 0;

	if (str_is(act, "add"))
		return push_add(tx, &q->actor, q->now, &b, web_desk(q)->config.push_inside, err);
	if (str_is(act, "drop") && req_int(q, "id", &id))
		return push_drop(tx, q->actor.agent, id, err);
	return push_queue(tx, q->arena, q->actor.agent, str_of(_(l, "A test of your pages")),
	                  str_of(_(l, "This browser is paged when you are on duty.")), STR("/desk/push"), STR("test"), STR(""), q->now,
	                  err);
}

static enum rc post_push(struct req *q, struct resp *r)
{
	const struct i18n *l = web_lang(q);
	struct str act = req_field(q, "do");
	enum rc rc = db_write(web_desk(q)->db, write_push, q, req_err(q));

	if (rc == RC_OK)
		return web_done(r,
		                str_is(act, "add")    ? _(l, "This browser is paged from now on.")
		                : str_is(act, "drop") ? _(l, "That browser is not paged any more.")
		                                      : _(l, "A test is on its way to your browsers."),
		                STR("/desk/push"));
	return web_form_failed(q, r, rc) ? get_push(q, r) : rc;
}

/* At the root, because a service worker may speak only for what is below its own address. */
static enum rc get_worker(struct req *q, struct resp *r)
{
	const struct asset *a = asset_find(str_of(asset_url("worker.js")));

	r->static_bytes = a->bytes;
	r->static_br = a->br;
	r->static_gz = a->gz;
	r->type = str_of(a->type);
	r->cache = STR("no-cache");
	return RC_OK;
}

static const struct field push_fields[] = {
	{ "do", FIELD_CHOICE, 0, true, "add|drop|test", "What to do" },
	{ "id", FIELD_INT, 0, false, NULL, "The browser that shall not be paged" },
	{ "endpoint", FIELD_TEXT, 1000, false, NULL, "PushSubscription.endpoint" },
	{ "p256dh", FIELD_TEXT, 200, false, NULL, "Its key, base64url" },
	{ "auth", FIELD_TEXT, 100, false, NULL, "Its secret, base64url" },
	{ .name = NULL },
};

/* clang-format off */
const struct route push_routes[] = {
	{ HTTP_GET, "/desk/push", CAP_AGENT, get_push, NULL, 0, "Browsers that are paged", NULL, NULL },
	{ HTTP_POST, "/desk/push", CAP_AGENT, post_push, push_fields, ROUTE_LENIENT, "Page this browser, or not", NULL, NULL },
	{ HTTP_GET, "/worker.js", CAP_PUBLIC, get_worker, NULL, ROUTE_CACHE, "The service worker that shows pages", NULL, NULL },
	{ .path = NULL },
};
/* clang-format on */

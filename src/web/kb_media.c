/* Files of the knowledge base: pictures, films with their captions, papers. Who may see them is kb/'s business; what
 * they are was found by their bytes when they were kept (S-03). Ranges are http/'s. */
#include "blob/blob.h"
#include "kb/media.h"
#include "web/web.h"

struct asked {
	struct req *q;
	struct kb_media m;
};

static enum rc find(struct db_tx *tx, void *arg, struct err *err)
{
	struct asked *x = arg;

	return kb_media_find(tx, x->q->arena, &x->q->actor, x->q->now, req_path(x->q, "token"), &x->m, err);
}

/* Bytes of an address may change with an import, and who sees them may, too: kept for minutes, then asked again. */
static enum rc send(struct req *q, struct resp *r, struct str sha256, struct str type, const struct kb_media *m)
{
	r->file = blob_path(q->arena, web_desk(q)->blobs, sha256);
	if (str_null(r->file) || !blob_has(web_desk(q)->blobs, sha256))
		return http_fail(q, RC_FAULT, NULL,
		                 "The bytes of this file are not in the store. Tell the desk's administrators.");
	r->type = type;
	r->etag = sha256;
	r->cache = q->actor.kind == ACTOR_NOBODY ? STR("public, max-age=300") : STR("private, max-age=300");
	r->csp = STR("sandbox; default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; img-src 'self'");
	resp_header(r, "Content-Disposition", blob_disposition(q->arena, m->name, kb_media_inline(type)));
	return RC_OK;
}

static enum rc get_media(struct req *q, struct resp *r)
{
	struct asked x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, find, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	struct str type = kb_media_inline(x.m.type) ? x.m.type : STR("application/octet-stream");
	return send(q, r, x.m.sha256, str_is(type, "text/vtt") ? STR("text/vtt; charset=utf-8") : type, &x.m);
}

/* The small picture; the picture itself when it is small enough. */
static enum rc get_thumb(struct req *q, struct resp *r)
{
	struct asked x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, find, &x, req_err(q));

	if (rc == RC_OK && !kb_media_is_picture(x.m.type))
		return web_not_found(q);
	if (rc != RC_OK)
		return rc;
	return x.m.thumb.n ? send(q, r, x.m.thumb, STR("image/webp"), &x.m) : send(q, r, x.m.sha256, x.m.type, &x.m);
}

const struct route kb_media_routes[] = {
	{HTTP_GET,              "/kb/media/{token}", CAP_PUBLIC, get_media, .flags = ROUTE_CACHE },
	{ HTTP_GET,           "/kb/media/{token}/thumb", CAP_PUBLIC, get_thumb, .flags = ROUTE_CACHE },
	{ .path = NULL},
};

/* A file that was too large for its mail, by the link that stood in its place: without signing in, for its time. Always
 * saved, never shown: the link may have been handed on. */
#include "blob/blob.h"
#include "outbox/outbox.h"
#include "ticket/ticket.h"
#include "web/web.h"
#include <unistd.h>

struct linked {
	struct req *q;
	struct attachment a;
};

static enum rc find(struct db_tx *tx, void *arg, struct err *err)
{
	struct linked *x = arg;
	struct req *q = x->q;
	struct actor desk = actor_system();
	struct str token;
	enum rc rc = mail_file_token(q->arena, &web_desk(q)->keys, req_path(q, "token"), q->now, &token);

	if (rc == RC_DENIED)
		return fail(err, RC_NOT_FOUND, "This link was good for 30 days. Sign in to find the file on its ticket, or answer the mail and ask for it.");
	if (rc != RC_OK)
		return fail(err, RC_NOT_FOUND, "This link is not whole. Copy all of it from the mail.");
	return attachment_find(tx, q->arena, &desk, token, &x->a, err);
}

static enum rc get_file(struct req *q, struct resp *r)
{
	struct linked x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, find, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	r->file = blob_path(q->arena, web_desk(q)->blobs, x.a.sha256);
	if (!r->file.p || access(str_z(q->arena, r->file), R_OK) != 0)
		return http_fail(q, RC_FAULT, NULL, "The bytes of this file cannot be read at the moment. Write to us about it.");
	r->type = STR("application/octet-stream");
	r->csp = STR("sandbox; default-src 'none'");
	resp_header(r, "Content-Disposition", blob_disposition(q->arena, x.a.name, false));
	return RC_OK;
}

const struct route mail_file_routes[] = {
	{ HTTP_GET, "/mail-file/{token}", CAP_PUBLIC, get_file, .doc = "A file that was too large for its mail" },
	{ .path = NULL },
};

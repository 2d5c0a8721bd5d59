/* Media on their way into the store: what they are by their bytes, and small pictures made in the jail. The rows are
 * media_store.c's. */
#include "kb/media.h"
#include "blob/blob.h"
#include "jail/jail.h"
#include <stdio.h>

#define THUMB       960        /* pixels of the longer side */
#define PICTURE_MAX (32 << 20) /* bytes that go to the jail */

struct str kb_media_type(struct str head)
{
	enum blob_type t = blob_sniff(head);
	struct str text = str_trim(str_starts(head, STR("\xef\xbb\xbf")) ? str_from(head, 3) : head);

	if (t != BLOB_OTHER)
		return str_of(blob_type_name(t));
	if (str_eq(str_sub(head, 4, 4), STR("ftyp")))
		return STR("video/mp4");
	if (str_starts(head, STR("\x1a\x45\xdf\xa3")))
		return STR("video/webm");
	if (str_starts(head, STR("ID3")) || str_starts(head, STR("\xff\xfb")))
		return STR("audio/mpeg");
	if (str_starts(text, STR("WEBVTT")))
		return STR("text/vtt");
	if (str_starts(head, STR("PK\x03\x04")))
		return STR("application/zip");
	if (str_find_nocase(head, STR("<svg")) != STR_NONE)
		return STR("image/svg+xml");
	return STR("application/octet-stream");
}

bool kb_media_is_picture(struct str type)
{
	return str_is(type, "image/png") || str_is(type, "image/jpeg") || str_is(type, "image/gif") ||
	       str_is(type, "image/webp");
}

bool kb_media_inline(struct str type)
{
	return kb_media_is_picture(type) || str_starts(type, STR("video/")) || str_starts(type, STR("audio/")) ||
	       str_is(type, "text/vtt");
}

/* What stands in the store under m->sha256: looked at. */
static enum rc look(struct blob_store *blobs, struct jail *jail, struct arena *a, struct str head, struct str name,
                    struct kb_media *m, struct err *err)
{
	struct jail_picture p = { 0 };
	struct str bytes;
	char sha[65];

	m->type = kb_media_type(head);
	m->name = blob_safe_name(a, name);
	if (str_is(m->type, "image/svg+xml"))
		return fail_field(err, RC_INVALID, "file",
		                  "\"" STR_F "\" is an SVG drawing, which can hold scripts. Save it as PNG or WebP and"
		                  " upload that",
		                  STR_A(m->name));
	if (!kb_media_is_picture(m->type))
		return RC_OK;
	enum rc rc = blob_read(a, blobs, m->sha256, PICTURE_MAX, &bytes, err);
	if (rc == RC_OK)
		rc = jail_picture(jail, a, bytes, THUMB, &p, err);
	if (rc != RC_OK)
		return rc;
	m->width = (int)p.width;
	m->height = (int)p.height;
	if (p.thumb.n == 0 || p.thumb.n >= bytes.n)
		return RC_OK;
	rc = blob_put(blobs, p.thumb, sha, err);
	if (rc == RC_OK)
		m->thumb = arena_str(a, str_of(sha));
	return rc;
}

enum rc kb_media_take(struct blob_store *blobs, struct jail *jail, struct arena *a, struct str path, struct str sha256,
                      int64_t size, struct str name, struct kb_media *ret, struct err *err)
{
	struct kb_media m = {
		.sha256 = arena_str(a, sha256), .size = size, .alt = STR_INIT(""), .thumb = STR_INIT("")
	};
	char head[512];
	FILE *f = fopen(str_z(a, path), "rbe");
	size_t n = f ? fread(head, 1, sizeof(head), f) : 0;

	if (!f)
		return fail(err, RC_FAULT, "The uploaded file is gone. Upload it again");
	fclose(f);
	enum rc rc = blob_adopt(blobs, str_z(a, path), m.sha256, err);
	if (rc == RC_OK)
		rc = look(blobs, jail, a, (struct str){ head, n }, name, &m, err);
	if (rc == RC_OK)
		*ret = m;
	return rc;
}

enum rc kb_media_keep(struct blob_store *blobs, struct jail *jail, struct arena *a, struct str bytes, struct str name,
                      struct kb_media *ret, struct err *err)
{
	struct kb_media m = { .size = (int64_t)bytes.n, .alt = STR_INIT(""), .thumb = STR_INIT("") };
	struct str head = str_sub(bytes, 0, 512);
	char sha[65];
	enum rc rc = RC_OK;

	if (!str_is(kb_media_type(head), "image/svg+xml"))
		rc = blob_put(blobs, bytes, sha, err);
	else
		sha[0] = 0;
	m.sha256 = arena_str(a, str_of(rc == RC_OK ? sha : ""));
	if (rc == RC_OK)
		rc = look(blobs, jail, a, head, name, &m, err);
	if (rc == RC_OK)
		*ret = m;
	return rc;
}

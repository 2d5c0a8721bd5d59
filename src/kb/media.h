/* Media of pages: pictures, films, captions, papers. Bytes are blobs; a row gives them a random address. Readers get
 * what is in a text they may read now, agents get all (S-34).
 *
 * Two steps, because bytes are no matter for a transaction: kb_media_keep() or kb_media_take() put them in the store,
 * look what they are and make the small picture in the jail; kb_media_add() writes the row. */
#pragma once
#include "kb/kb.h"

struct blob_store;
struct jail;

struct kb_media {
	int64_t id;
	struct str token, name, type, sha256, alt;
	int64_t size;
	int width, height;     /* pixels; 0: no picture */
	struct str thumb;      /* sha256 of the small one (WebP); "" when there is none */
	struct str source_key; /* of imports; STR_NULL else */
	struct instant at;
};
/* What it is by its first bytes: pictures (png, jpeg, gif, webp), video/mp4, video/webm, audio/mpeg, text/vtt,
 * application/pdf, application/zip, else application/octet-stream. SVG is "image/svg+xml": not kept (decision 0014). */
struct str kb_media_type(struct str head);
bool kb_media_is_picture(struct str type);
/* May a browser show it in the page? What may not is only saved. */
bool kb_media_inline(struct str type);

/* An upload that is on disk (struct upload), whose path is gone afterwards; `sha256` as http/ computed it. Fills all
 * but alt and source_key. RC_INVALID: a damaged picture, or SVG. */
MUST_USE enum rc kb_media_take(struct blob_store *blobs, struct jail *jail, struct arena *a, struct str path,
                               struct str sha256, int64_t size, struct str name, struct kb_media *ret, struct err *err);
MUST_USE enum rc kb_media_keep(struct blob_store *blobs, struct jail *jail, struct arena *a, struct str bytes,
                               struct str name, struct kb_media *ret, struct err *err);
/* Agents only. With a source_key: the row of that key is changed, its address stays. Fills id and token. */
MUST_USE enum rc kb_media_add(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now,
                              struct kb_media *m, struct err *err);
/* RC_NOT_FOUND also when it may not be seen. */
MUST_USE enum rc kb_media_find(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                               struct str token, struct kb_media *ret, struct err *err);
/* For the editor's picker: newest first, those whose name or alternative text has `words` ("" all); at most 100.
 * Agents. */
MUST_USE enum rc kb_media_list(struct db_tx *tx, struct arena *out, const struct actor *who, struct str words,
                               struct kb_media **ret, size_t *ret_n, struct err *err);
MUST_USE enum rc kb_media_set_alt(struct db_tx *tx, const struct actor *who, struct str token, struct str alt,
                                  struct err *err);

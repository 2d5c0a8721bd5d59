/* blob: bytes of attachments and raw mails, kept once by their SHA-256 in files beside the database:
 * DIR/ab/cdef... . A blob is complete, fsynced, and so is its folder, before its name is given out. Nothing is ever
 * changed. A failed fsync is an error for good, never tried again. */
#pragma once
#include "util/arena.h"

struct blob_store;
struct blob_writer;
/* Removes what a crash left in DIR/tmp. */
MUST_USE enum rc blob_open(struct str dir, int64_t min_free, struct blob_store **ret, struct err *err);
void blob_close(struct blob_store *s);
int64_t blob_free_bytes(const struct blob_store *s); /* of the file system, for unprivileged users */

/* Streaming: RC_FULL when space ends (also early, below min_free). Any failure sticks; blob_finish() or blob_abort()
 * ends the writer in every case. */
MUST_USE enum rc blob_begin(struct blob_store *s, struct blob_writer **ret, struct err *err);
MUST_USE enum rc blob_write(struct blob_writer *w, struct str bytes, struct err *err);
MUST_USE enum rc blob_finish(struct blob_writer *w, char ret_sha256[65], int64_t *ret_size, struct err *err); /* durable */
void blob_abort(struct blob_writer *w);
MUST_USE enum rc blob_put(struct blob_store *s, struct str bytes, char ret_sha256[65], struct err *err);
/* A complete, fsynced file of the same file system (an upload): linked into the store; the caller still unlinks `path`. */
MUST_USE enum rc blob_adopt(struct blob_store *s, struct str path, struct str sha256, struct err *err);

struct str blob_path(struct arena *a, const struct blob_store *s, struct str sha256); /* sha256 is checked to be 64 hex letters */
/* All of it; RC_NOT_FOUND, RC_LIMIT beyond max. */
MUST_USE enum rc blob_read(struct arena *out, const struct blob_store *s, struct str sha256, size_t max, struct str *ret, struct err *err);
bool blob_exists(const struct blob_store *s, struct str sha256);

/* ---- what a file is, by its bytes; what it may be called ---- */
enum blob_type { BLOB_OTHER, BLOB_PNG, BLOB_JPEG, BLOB_GIF, BLOB_WEBP, BLOB_PDF, BLOB_TEXT };
enum blob_type blob_sniff(struct str head);       /* first 64 bytes or more */
const char *blob_type_name(enum blob_type t);     /* "image/png" ...; "application/octet-stream" for the rest */
bool blob_shows_inline(struct str type);          /* the four kinds of image only (S-03) */
/* For people and Content-Disposition: no separators, controls, bidi or zero-width marks, leading dots or reserved names;
 * at most 200 bytes; never empty (S-04). */
struct str blob_safe_name(struct arena *a, struct str name);
/* RFC 6266: attachment or inline, filename and filename*. */
struct str blob_disposition(struct arena *a, struct str name, bool show_inline);

/* blob: bytes by their own name. A blob is a file named by the SHA-256 of its bytes, ab/cdef..., written once, never
 * changed; the same bytes are kept once. RC_OK of a writing call means the bytes and their name are on disk: the file
 * was fdatasynced before it got its name, and the folder after (folder syncs of threads that wait at the same time are
 * shared). RC_FULL: the disk holds less than the reserve, or filled up; nothing was kept. RC_FAULT: a write or sync
 * failed; a failed sync is never tried again, because the kernel may have forgotten what it could not write. */
#pragma once
#include "util/arena.h"

struct blob_store;
struct blob_writer;

/* Makes the folder's structure, removes the temporary files a crash left behind (one process owns the folder). */
MUST_USE enum rc blob_open(struct str dir, int64_t reserve, struct blob_store **ret, struct err *err);
void blob_close(struct blob_store *s);
int64_t blob_free_bytes(struct blob_store *s); /* on the file system, for us */

/* Streaming. A writer ends in exactly one of finish (which also frees it when it fails) and abort. */
MUST_USE enum rc blob_begin(struct blob_store *s, struct blob_writer **ret, struct err *err);
MUST_USE enum rc blob_write(struct blob_writer *w, struct str bytes, struct err *err);
MUST_USE enum rc blob_finish(struct blob_writer *w, char ret_sha256[65], int64_t *ret_size, struct err *err);
void blob_abort(struct blob_writer *w);
MUST_USE enum rc blob_put(struct blob_store *s, struct str bytes, char ret_sha256[65], struct err *err);
/* Takes over a file on the same file system whose hash is known already (uploads); its path is gone afterwards. */
MUST_USE enum rc blob_adopt(struct blob_store *s, const char *path, struct str sha256, struct err *err);

/* Path of a blob, whether it is there or not (NUL-terminated); STR_NULL when `sha256` is not 64 digits of lower-case
 * hex. */
struct str blob_path(struct arena *a, const struct blob_store *s, struct str sha256);
/* RC_NOT_FOUND, RC_LIMIT when larger than max. */
MUST_USE enum rc blob_read(struct arena *a, struct blob_store *s, struct str sha256, size_t max, struct str *ret,
                           struct err *err);
/* The same for what need not be in memory: a descriptor to read from, to be closed by the caller. */
MUST_USE enum rc blob_fd(struct blob_store *s, struct str sha256, size_t max, int *ret_fd, size_t *ret_size, struct err *err);
/* Gone, also when it was not there. Only for what no row names any more. */
MUST_USE enum rc blob_remove(struct blob_store *s, struct str sha256, struct err *err);
bool blob_has(struct blob_store *s, struct str sha256);

/* ---- sniff.c: what may be shown, by its first bytes ---- */
enum blob_type { BLOB_OTHER, BLOB_PNG, BLOB_JPEG, BLOB_GIF, BLOB_WEBP, BLOB_PDF, BLOB_WAV };
enum blob_type blob_sniff(struct str head);   /* the first 64 bytes are enough */
const char *blob_type_name(enum blob_type t); /* "image/png", ..., "application/octet-stream" */
/* May it be shown in the page: an image or a recording by its bytes, and the sender did not call it something active? */
bool blob_may_inline(enum blob_type sniffed, struct str declared);

/* ---- name.c: names of files for people (S-04) ---- */
/* No folders, control, bidi or invisible characters, no leading dot, no device names; at most 120 bytes, the extension
 * kept; "file" when nothing is left. Safe in any sense but HTML. */
struct str blob_safe_name(struct arena *a, struct str name);
/* Value of Content-Disposition: an ASCII name and filename* (RFC 6266, RFC 8187), one line. */
struct str blob_disposition(struct arena *a, struct str name, bool is_inline);

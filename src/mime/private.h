/* What the files of mime/ share. The structure of a mail (headers, boundaries, encodings) is read by our own code, so
 * that every limit is a line here and time is linear: one pass over the bytes a level of nesting. */
#pragma once
#include "mime/mime.h"

struct mime_field {
	struct str name, value; /* value as written, folded, without the last line end */
};
typedef VEC(struct mime_field) mime_fields;

/* ---- header.c ---- */
/* Cuts the header block off `in` (LF only); *body is what follows. `cut` is set when a limit dropped fields. */
void mime_fields_read(struct arena *a, struct str in, const struct mime_limits *l, mime_fields *ret, struct str *body,
                      bool *cut);
/* The first field of that name, STR_NULL. */
struct str mime_field(const mime_fields *f, const char *name);
/* Unfolded, encoded words decoded (RFC 2047), NFC, controls gone. */
struct str mime_text(struct arena *a, struct str raw);
/* "value; name=x; name*0*=utf-8''..." (RFC 2045, RFC 2231). */
struct mime_param {
	struct str name, value;
};
struct mime_value {
	struct str value; /* lower case */
	struct mime_param *params;
	size_t n_params;
};
struct mime_value mime_value_parse(struct arena *a, struct str raw);
struct str mime_param(const struct mime_value *v, const char *name);
struct instant mime_date(struct str raw); /* RFC 5322 3.3 and its obsolete forms; not set when it is none */

/* ---- address.c ---- */
/* Appends the addresses of one field; groups flattened. `bad` is set when something was no address. */
void mime_addresses(struct arena *a, struct str raw, size_t max, struct mail_addrs *ret, bool *bad, bool *cut);

/* ---- decode.c ---- */
struct str mime_decode_body(struct arena *a, struct str body, struct str encoding);
/* The same; see struct mime_limits for `spent`. */
struct str mime_decode_spending(struct arena *a, struct str body, struct str encoding, void (*spent)(const char *p, size_t n));

/* Takes "begin 644 name" blocks out of a text: *ret is the text without them, files are appended. */
typedef VEC(struct mail_file) mime_files;
bool mime_uu_files(struct arena *a, struct str text, size_t max, struct str *ret, mime_files *files);

/* ---- charset.c ---- */
/* To UTF-8, at most `max` bytes. Unknown names and wrong bytes are mended; *bad says so. */
struct str mime_to_utf8(struct arena *a, struct str bytes, struct str charset, size_t max, bool *bad);
struct str mime_nfc(struct arena *a, struct str s);
/* Loads every character set we mean to know, for good: for the jail, before it can open no files. */
void mime_preload_charsets(void);

/* ---- robots.c ---- */
/* Fills auto_reason, and bounce.is of reports that say so in their type only. */
void mime_find_robot(struct arena *a, const mime_fields *top, const struct mime_value *type, struct mail *m);

/* ---- bounce.c ---- */
/* After the text is known: bounces in words, and what a report did not say. */
void mime_find_bounce(struct arena *a, struct mail *m);
bool mime_is_daemon(struct arena *a, const struct mail *m);

/* ---- tnef.c ---- */
struct tnef_found {
	bool is;
	mime_files files; /* sha256 not set */
	size_t n_files;
	struct str text, html; /* html: bytes as they are */
	bool has_rtf;
};
void mime_tnef(struct arena *a, struct str bytes, size_t max_files, struct tnef_found *ret);

/* ---- invite.c ---- */
void mime_invite(struct arena *a, struct str text, struct str method, struct mail_invite *ret);

/* mime: a mail's bytes to a plain structure, and back.
 *
 * mime_parse() is pure: bytes in, structure out, nothing else touched. It runs in the jail (jail/jail.h), because its
 * input is written by strangers; call it directly only in tests and in the jail's child. Every limit is ours: a mail
 * that passes one is cut there and says so in `defects`; only a mail that is beyond all sense is refused. LF and CRLF
 * give the same result. */
#pragma once
#include "html/html.h"
#include "util/buf.h"
#include "util/time.h"

struct mime_limits {    /* 0 = the default */
	size_t message; /* 64 MiB; longer is cut */
	size_t header;  /* 100 KiB of one header block; later fields are dropped */
	size_t field;   /* 32 KiB of one field */
	int depth;      /* 100 levels of multipart; deeper is one opaque attachment */
	int parts;      /* 1000, and as many files out of winmail.dat and uuencode */
	int addresses;  /* 1000 in one list */
	int ids;        /* 200 in References: the first 20 and the last 180 */
	size_t text;    /* 4 MiB of text and of HTML each */
	bool lf;        /* mime_lf_in_place() was here: line ends are as they shall be */
	/* Called for bytes of a large file in the mail once they are decoded and never read again, piece by piece; nothing in
	 * the result borrows from them. NULL: nobody wants to know. */
	void (*spent)(const char *p, size_t n);
};

struct mail_addr {
	struct str name; /* decoded, NFC, without control characters; "" when there is none */
	struct str addr; /* as written, domain in lower case: not canonical, see addr.h */
	bool comment;    /* the name stood in a comment, "a@x (name)": people see it, RFC 5322 3.4 gives it no meaning */
};
struct mail_addrs {
	struct mail_addr *at;
	size_t n;
};
struct mail_ids {
	struct str *at;
	size_t n;
}; /* without <> */

struct mail_file {         /* an attachment: every leaf that is not the text or HTML shown */
	struct str name;   /* as the mail says, decoded; STR_NULL when it does not. Not safe: blob_safe_name() */
	struct str type;   /* as the mail says, lower case: "image/png". Not to be believed: blob_sniff() */
	struct str cid;    /* Content-ID without <>; STR_NULL */
	struct str bytes;  /* decoded */
	struct str sha256; /* of bytes, lower-case hex */
	bool is_inline;    /* Content-Disposition says inline, or the HTML shows it */
	struct str label;  /* a name for people where the mail gives none: "Subject of the mail inside.eml"; STR_NULL */
	bool opened;       /* winmail.dat whose files stand beside it */
};

struct mail_bounce { /* of a delivery report (RFC 3464) */
	bool is;
	struct str recipient, status, diagnostic; /* STR_NULL where it does not say */
	struct str action;                        /* "failed", "delayed", "delivered", ... (RFC 3464 2.3.3) */
	struct str original_id;                   /* Message-ID of the mail that came back, without <>; STR_NULL */
};

enum mail_crypto { MAIL_PLAIN, MAIL_SMIME_SIGNED, MAIL_SMIME_ENCRYPTED, MAIL_PGP_SIGNED, MAIL_PGP_ENCRYPTED };

struct mail_invite { /* of the first text/calendar part (RFC 5546); STR_NULL where it does not say */
	bool is;
	struct str method; /* "request", "cancel", "reply", ... */
	struct str summary, organizer, location;
	struct str start, end; /* as written: "2026-11-23 10:00 Europe/Madrid", "2026-11-23" for all day */
};

struct mail {
	struct str message_id; /* without <>; STR_NULL */
	struct mail_ids in_reply_to, references;
	struct instant date; /* not set when absent or nonsense */
	struct str subject;  /* decoded, unfolded, NFC; STR_NULL when there is none */
	struct mail_addrs from, reply_to, to, cc, sender;
	struct str return_path; /* without <>; "" for <>, STR_NULL when absent */
	/* The one identity of the writer (S-14): canonical, and only when there is exactly one From field with exactly
	 * one address in it. STR_NULL: nobody in particular; the mail may be read but speaks for no one. */
	struct str identity;
	struct str auto_reason; /* STR_NULL: a person wrote it. Else "auto-submitted", "list", "bulk", "null-sender",
	                           ... */
	bool spam; /* a filter on the way says so; only a yes is believed, a stranger may write a no */
	struct mail_bounce bounce;
	enum mail_crypto crypto; /* shown, never opened: we hold no keys */
	struct mail_invite invite;
	struct str text;                        /* best plain text, from the HTML where that is all there is */
	struct str html;                        /* cleaned, images of the mail as cid: (html_images()); STR_NULL */
	size_t html_quoted_at, html_quoted_end; /* quoted history in html, see html_fold() */
	bool html_remote_images;
	struct str reply, quoted; /* text == reply + quoted */
	struct mail_file *files;
	size_t n_files;
	/* Every Authentication-Results field, topmost first, unfolded, one a line: "Authentication-Results: ...\n" */
	struct str auth_results;
	int received;            /* number of Received fields */
	struct str received_for; /* Delivered-To or X-Original-To of the topmost, STR_NULL */
	struct mail_ids defects; /* short codes: "header-cut", "bad-charset", ... */
};

/* RC_INVALID only when it is no mail at all (empty). */
MUST_USE enum rc mime_parse(struct arena *a, struct str raw, const struct mime_limits *l, struct mail *ret,
                            struct err *err);
/* Line ends to LF where they stand, as mime_parse() does it with a copy: for who owns the bytes and has no memory to waste.
 * Returns how many are left. A mail that is parsed after it, with `lf`, gives the same. */
size_t mime_lf_in_place(char *p, size_t n);
/* The object of `carrel mail parse`: see docs/MAIL.md. */
void mime_json(struct buf *out, const struct mail *m);
/* Where the mail says it is automatic, e.g. for a list of headers. */
bool mail_has_defect(const struct mail *m, const char *code);

/* ---- reply.c: what is new in a text and what is history ----
 * `*reply_n` is where the reply ends: s[0..reply_n) is new, the rest is quoted history and signature. Never cuts a
 * reply to nothing when there is text that is not quoted; inline answers between quotes stay in the reply. */
size_t mime_reply_end(struct str text);

/* ---- build.c: an outgoing mail ---- */
struct mail_out_file {
	struct str name, type, bytes, cid;
};
struct mail_out_header {
	const char *name;
	struct str value;
};
struct mail_out { /* text is UTF-8; STR_NULL fields are left out */
	struct mail_addr from, reply_to;
	const struct mail_addr *to, *cc;
	size_t n_to, n_cc;
	struct instant date;
	struct str message_id;        /* without <>; required */
	struct str in_reply_to;       /* without <> */
	const struct str *references; /* without <>; longer than 10: first 4 and last 6 */
	size_t n_references;
	struct str subject, text, html; /* html STR_NULL: text only */
	const char *auto_submitted;     /* "auto-replied", "auto-generated" or NULL */
	const struct mail_out_header *extra;
	size_t n_extra;
	const struct mail_out_file *files;
	size_t n_files;
};
/* CRLF only, lines of at most 998 bytes (in fact 76), ASCII only. A control character in any header value or address is
 * refused with RC_INVALID and named in err->field; nothing is repaired (S-19). Dots are the transport's to stuff. */
MUST_USE enum rc mime_build(struct arena *a, const struct mail_out *m, struct str *ret, struct err *err);

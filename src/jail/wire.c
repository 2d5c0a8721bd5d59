/* The answer on the socket: every value is a tag byte, a length of four bytes (little endian) and that many bytes. The
 * reader trusts nothing: a length beyond the end, an unknown tag or a number out of range makes the answer a lie. */
#include "jail/jail.h"

#define LIST_MAX 100000

enum tag {
	T_MESSAGE_ID = 1,
	T_IN_REPLY_TO,
	T_REFERENCE,
	T_DATE,
	T_SUBJECT,
	T_FROM,
	T_REPLY_TO,
	T_TO,
	T_CC,
	T_SENDER,
	T_NAME,
	T_RETURN_PATH,
	T_IDENTITY,
	T_AUTO,
	T_BOUNCE,
	T_BOUNCE_RECIPIENT,
	T_BOUNCE_STATUS,
	T_BOUNCE_DIAGNOSTIC,
	T_TEXT,
	T_HTML,
	T_QUOTED_AT,
	T_QUOTED_END,
	T_REMOTE,
	T_REPLY_END,
	T_FILE,
	T_FILE_NAME,
	T_FILE_TYPE,
	T_FILE_CID,
	T_FILE_SHA,
	T_FILE_INLINE,
	T_AUTHRES,
	T_RECEIVED,
	T_RECEIVED_FOR,
	T_DEFECT,
	T_TRUNCATED,
	T_FILE_LABEL,
	T_FILE_OPENED,
	T_BOUNCE_ACTION,
	T_BOUNCE_ORIGINAL,
	T_CRYPTO,
	T_SPAM,
	T_INVITE,
	T_INVITE_METHOD,
	T_INVITE_SUMMARY,
	T_INVITE_ORGANIZER,
	T_INVITE_LOCATION,
	T_INVITE_START,
	T_INVITE_END,
	T_COMMENT,
};

/* ---- writing ---- */

#define PIECE (256 << 10) /* values as large as this are not copied when pieces are wanted */

/* All in `out`, or, with an arena, large values left where they are: `at` says behind how many bytes of `out` each
 * goes. */
struct large {
	size_t at;
	struct str s;
};
struct wire {
	struct buf *out;
	struct arena *a;
	VEC(struct large) large;
};

static void put_head(struct buf *out, enum tag t, size_t n)
{
	unsigned char head[5] = { (unsigned char)t, (unsigned char)n, (unsigned char)(n >> 8), (unsigned char)(n >> 16),
		                  (unsigned char)(n >> 24) };

	buf_add(out, head, sizeof(head));
}

static void put(struct wire *w, enum tag t, struct str s)
{
	if (str_null(s))
		return;
	put_head(w->out, t, s.n);
	if (!w->a || s.n < PIECE) {
		buf_adds(w->out, s);
		return;
	}
	*VEC_ADD(w->a, &w->large) = (struct large){ w->out->n, s };
}

static void put_i64(struct wire *out, enum tag t, int64_t v)
{
	if (v)
		put(out, t, (struct str){ (const char *)&v, sizeof(v) });
}

static void put_addrs(struct wire *out, enum tag t, struct mail_addrs l)
{
	for (size_t i = 0; i < l.n; i++) {
		put(out, l.at[i].comment ? T_COMMENT : T_NAME, l.at[i].name);
		put(out, t, l.at[i].addr);
	}
}

static void put_ids(struct wire *out, enum tag t, struct mail_ids l)
{
	for (size_t i = 0; i < l.n; i++)
		put(out, t, l.at[i]);
}

static void put_mail(struct wire *out, const struct mail *m)
{
	put(out, T_MESSAGE_ID, m->message_id);
	put_ids(out, T_IN_REPLY_TO, m->in_reply_to);
	put_ids(out, T_REFERENCE, m->references);
	put_i64(out, T_DATE, m->date.us);
	put(out, T_SUBJECT, m->subject);
	put_addrs(out, T_FROM, m->from);
	put_addrs(out, T_REPLY_TO, m->reply_to);
	put_addrs(out, T_TO, m->to);
	put_addrs(out, T_CC, m->cc);
	put_addrs(out, T_SENDER, m->sender);
	put(out, T_RETURN_PATH, m->return_path);
	put(out, T_IDENTITY, m->identity);
	put(out, T_AUTO, m->auto_reason);
	put_i64(out, T_BOUNCE, m->bounce.is);
	put(out, T_BOUNCE_RECIPIENT, m->bounce.recipient);
	put(out, T_BOUNCE_STATUS, m->bounce.status);
	put(out, T_BOUNCE_DIAGNOSTIC, m->bounce.diagnostic);
	put(out, T_BOUNCE_ACTION, m->bounce.action);
	put(out, T_BOUNCE_ORIGINAL, m->bounce.original_id);
	put_i64(out, T_CRYPTO, m->crypto);
	put_i64(out, T_SPAM, m->spam);
	put_i64(out, T_INVITE, m->invite.is);
	put(out, T_INVITE_METHOD, m->invite.method);
	put(out, T_INVITE_SUMMARY, m->invite.summary);
	put(out, T_INVITE_ORGANIZER, m->invite.organizer);
	put(out, T_INVITE_LOCATION, m->invite.location);
	put(out, T_INVITE_START, m->invite.start);
	put(out, T_INVITE_END, m->invite.end);
	put(out, T_TEXT, m->text);
	put_i64(out, T_REPLY_END, (int64_t)m->reply.n);
	put(out, T_HTML, m->html);
	put_i64(out, T_QUOTED_AT, (int64_t)m->html_quoted_at);
	put_i64(out, T_QUOTED_END, (int64_t)m->html_quoted_end);
	put_i64(out, T_REMOTE, m->html_remote_images);
	for (size_t i = 0; i < m->n_files; i++) {
		const struct mail_file *f = &m->files[i];

		put(out, T_FILE, str_null(f->bytes) ? STR("") : f->bytes);
		put(out, T_FILE_NAME, f->name);
		put(out, T_FILE_TYPE, f->type);
		put(out, T_FILE_CID, f->cid);
		put(out, T_FILE_SHA, f->sha256);
		put_i64(out, T_FILE_INLINE, f->is_inline);
		put(out, T_FILE_LABEL, f->label);
		put_i64(out, T_FILE_OPENED, f->opened);
	}
	put(out, T_AUTHRES, m->auth_results);
	put_i64(out, T_RECEIVED, m->received);
	put(out, T_RECEIVED_FOR, m->received_for);
	put_ids(out, T_DEFECT, m->defects);
}

void jail_put_mail(struct buf *out, const struct mail *m)
{
	put_mail(&(struct wire){ .out = out }, m);
}

void jail_put_mail_pieces(struct arena *a, struct buf *out, const struct mail *m, struct str **ret, size_t *ret_n)
{
	struct wire w = { .out = out, .a = a };
	size_t from = 0, n = 0;

	put_mail(&w, m);
	*ret = arena_array(a, struct str, 2 * w.large.n + 1);
	for (size_t i = 0; i < w.large.n; i++) {
		(*ret)[n++] = (struct str){ out->p + from, w.large.at[i].at - from };
		(*ret)[n++] = w.large.at[i].s;
		from = w.large.at[i].at;
	}
	(*ret)[n++] = str_from(buf_str(out), from);
	*ret_n = n;
}

/* ---- reading ---- */

struct reader {
	struct arena *a;
	struct str s;
	struct str name;
	bool comment; /* the name is one */
	int64_t quoted_at, quoted_end, reply_end, truncated;
	VEC(struct str) in_reply_to, references, defects;
	VEC(struct mail_addr) from, reply_to, to, cc, sender;
	VEC(struct mail_file) files;
};

static bool next(struct reader *r, unsigned *tag, struct str *v)
{
	const unsigned char *p = (const unsigned char *)r->s.p;
	size_t n;

	if (r->s.n < 5)
		return false;
	n = (size_t)p[1] | (size_t)p[2] << 8 | (size_t)p[3] << 16 | (size_t)p[4] << 24;
	if (n > r->s.n - 5)
		return false;
	*tag = p[0];
	*v = str_sub(r->s, 5, n);
	r->s = str_from(r->s, 5 + n);
	return true;
}

static int64_t number(struct str v, int64_t max)
{
	int64_t n = -1;

	if (v.n != sizeof(n))
		return -1;
	memcpy(&n, v.p, sizeof(n));
	return n < 0 || n > max ? -1 : n;
}

#define ADD(list, v)                                                                                                   \
	do {                                                                                                           \
		if (r->list.n >= LIST_MAX)                                                                             \
			return false;                                                                                  \
		*VEC_ADD(r->a, &r->list) = (v);                                                                        \
	} while (0)

/* A file's further values follow it. */
static bool take_file(struct reader *r, unsigned tag, struct str v)
{
	struct mail_file *f;

	if (tag == T_FILE) {
		ADD(files, (struct mail_file){ .bytes = v });
		return true;
	}
	if (r->files.n == 0)
		return false;
	f = &r->files.at[r->files.n - 1];
	switch (tag) {
	case T_FILE_NAME:
		f->name = v;
		return str_utf8_valid(v);
	case T_FILE_TYPE:
		f->type = v;
		return str_utf8_valid(v) && v.n < 200;
	case T_FILE_CID:
		f->cid = v;
		return str_utf8_valid(v);
	case T_FILE_LABEL:
		f->label = v;
		return str_utf8_valid(v);
	case T_FILE_OPENED:
		f->opened = number(v, 1) == 1;
		return true;
	case T_FILE_SHA:
		f->sha256 = v;
		return v.n == 64;
	default:
		f->is_inline = number(v, 1) == 1;
		return true;
	}
}

static bool take_list(struct reader *r, unsigned tag, struct str v)
{
	struct mail_addr addr = { str_null(r->name) ? STR("") : r->name, v, r->comment };

	switch (tag) {
	case T_IN_REPLY_TO:
		ADD(in_reply_to, v);
		return true;
	case T_REFERENCE:
		ADD(references, v);
		return true;
	case T_DEFECT:
		ADD(defects, v);
		return true;
	case T_NAME:
	case T_COMMENT:
		r->name = v;
		r->comment = tag == T_COMMENT;
		return true;
	case T_FROM:
		ADD(from, addr);
		break;
	case T_REPLY_TO:
		ADD(reply_to, addr);
		break;
	case T_TO:
		ADD(to, addr);
		break;
	case T_CC:
		ADD(cc, addr);
		break;
	default:
		ADD(sender, addr);
		break;
	}
	r->name = STR_NULL;
	r->comment = false;
	return true;
}

static bool take_number(struct reader *r, struct mail *m, unsigned tag, struct str v)
{
	int64_t n = number(v, tag == T_DATE ? INT64_MAX : INT32_MAX);

	if (n < 0)
		return false;
	switch (tag) {
	case T_DATE:
		m->date.us = n;
		break;
	case T_BOUNCE:
		m->bounce.is = n != 0;
		break;
	case T_CRYPTO:
		if (n > MAIL_PGP_ENCRYPTED)
			return false;
		m->crypto = (enum mail_crypto)n;
		break;
	case T_SPAM:
		m->spam = n != 0;
		break;
	case T_INVITE:
		m->invite.is = n != 0;
		break;
	case T_REPLY_END:
		r->reply_end = n;
		break;
	case T_QUOTED_AT:
		r->quoted_at = n;
		break;
	case T_QUOTED_END:
		r->quoted_end = n;
		break;
	case T_REMOTE:
		m->html_remote_images = n != 0;
		break;
	case T_TRUNCATED:
		r->truncated = n;
		break;
	default:
		m->received = (int)n;
		break;
	}
	return true;
}

static struct str *text_field(struct mail *m, unsigned tag)
{
	switch (tag) {
	case T_MESSAGE_ID:
		return &m->message_id;
	case T_SUBJECT:
		return &m->subject;
	case T_RETURN_PATH:
		return &m->return_path;
	case T_IDENTITY:
		return &m->identity;
	case T_AUTO:
		return &m->auto_reason;
	case T_BOUNCE_RECIPIENT:
		return &m->bounce.recipient;
	case T_BOUNCE_STATUS:
		return &m->bounce.status;
	case T_BOUNCE_DIAGNOSTIC:
		return &m->bounce.diagnostic;
	case T_BOUNCE_ACTION:
		return &m->bounce.action;
	case T_BOUNCE_ORIGINAL:
		return &m->bounce.original_id;
	case T_INVITE_METHOD:
		return &m->invite.method;
	case T_INVITE_SUMMARY:
		return &m->invite.summary;
	case T_INVITE_ORGANIZER:
		return &m->invite.organizer;
	case T_INVITE_LOCATION:
		return &m->invite.location;
	case T_INVITE_START:
		return &m->invite.start;
	case T_INVITE_END:
		return &m->invite.end;
	case T_TEXT:
		return &m->text;
	case T_HTML:
		return &m->html;
	case T_AUTHRES:
		return &m->auth_results;
	case T_RECEIVED_FOR:
		return &m->received_for;
	default:
		return NULL;
	}
}

static bool take(struct reader *r, struct mail *m, unsigned tag, struct str v)
{
	struct str *field = text_field(m, tag);

	if (field) {
		*field = v;
		return str_utf8_valid(v);
	}
	if ((tag >= T_FILE && tag <= T_FILE_INLINE) || tag == T_FILE_LABEL || tag == T_FILE_OPENED)
		return take_file(r, tag, v);
	if (tag == T_DATE || tag == T_BOUNCE || (tag >= T_QUOTED_AT && tag <= T_REPLY_END) || tag == T_RECEIVED ||
	    tag == T_TRUNCATED || tag == T_CRYPTO || tag == T_SPAM || tag == T_INVITE)
		return take_number(r, m, tag, v);
	if ((tag >= T_IN_REPLY_TO && tag <= T_NAME) || tag == T_COMMENT || tag == T_DEFECT)
		return str_utf8_valid(v) && take_list(r, tag, v);
	return false;
}

static bool settle(struct reader *r, struct mail *m)
{
	if (r->reply_end > (int64_t)m->text.n || r->quoted_at > r->quoted_end || r->quoted_end > (int64_t)m->html.n)
		return false;
	m->reply = str_sub(m->text, 0, (size_t)r->reply_end);
	m->quoted = str_from(m->text, (size_t)r->reply_end);
	m->html_quoted_at = (size_t)r->quoted_at;
	m->html_quoted_end = (size_t)r->quoted_end;
	m->in_reply_to = (struct mail_ids){ r->in_reply_to.at, r->in_reply_to.n };
	m->references = (struct mail_ids){ r->references.at, r->references.n };
	m->defects = (struct mail_ids){ r->defects.at, r->defects.n };
	m->from = (struct mail_addrs){ r->from.at, r->from.n };
	m->reply_to = (struct mail_addrs){ r->reply_to.at, r->reply_to.n };
	m->to = (struct mail_addrs){ r->to.at, r->to.n };
	m->cc = (struct mail_addrs){ r->cc.at, r->cc.n };
	m->sender = (struct mail_addrs){ r->sender.at, r->sender.n };
	m->files = r->files.at;
	m->n_files = r->files.n;
	return true;
}

enum rc jail_get_mail(struct arena *a, struct str wire, struct mail *ret, struct err *err)
{
	struct reader *r = arena_new(a, struct reader);
	unsigned tag;
	struct str v;
	bool ok = true;

	*ret = (struct mail){ .text = STR("") };
	r->a = a;
	r->s = wire;
	while (ok && r->s.n)
		ok = next(r, &tag, &v) && take(r, ret, tag, v);
	if (ok && settle(r, ret))
		return RC_OK;
	*ret = (struct mail){ .text = STR("") };
	return fail_code(err, RC_INVALID, "crashed",
	                 "The reader of this mail gave a broken answer. The mail was kept as it came.");
}

void jail_put_html(struct buf *to, const struct html_result *r)
{
	struct wire w = { .out = to }, *out = &w;

	put(out, T_HTML, r->html);
	put_i64(out, T_QUOTED_AT, (int64_t)r->quoted_at);
	put_i64(out, T_QUOTED_END, (int64_t)r->quoted_end);
	put_i64(out, T_REMOTE, r->remote_images);
	put_i64(out, T_TRUNCATED, r->truncated);
}

enum rc jail_get_html(struct str wire, struct html_result *ret, struct err *err)
{
	struct reader r = { .s = wire };
	struct mail m = { .html = STR("") };
	bool ok = true;
	unsigned tag;
	struct str v;

	while (ok && r.s.n)
		ok = next(&r, &tag, &v) &&
		     (tag == T_HTML || tag == T_QUOTED_AT || tag == T_QUOTED_END || tag == T_REMOTE ||
		      tag == T_TRUNCATED) &&
		     take(&r, &m, tag, v);
	if (!ok || r.quoted_at > r.quoted_end || r.quoted_end > (int64_t)m.html.n)
		return fail_code(err, RC_INVALID, "crashed",
		                 "The reader of this text gave a broken answer. Nothing was changed.");
	*ret = (struct html_result){ m.html, (size_t)r.quoted_at, (size_t)r.quoted_end, r.truncated != 0,
		                     m.html_remote_images };
	return RC_OK;
}

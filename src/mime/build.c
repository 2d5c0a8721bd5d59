/* Outgoing mails. Everything that comes from people is checked first and encoded then: no byte of it can begin a header
 * line (S-19). */
#include "mime/mime.h"
#include "util/crypt.h"

#define LINE 76

struct builder {
	struct arena *a;
	struct buf out;
	size_t column;
	struct err *err;
	enum rc rc;
};

/* ---- what is refused ---- */

static bool is_unsafe(struct str s)
{
	if (!str_utf8_valid(s))
		return true;
	for (size_t at = 0; at < s.n;) {
		uint32_t c = str_utf8_next(s, &at);

		if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029)
			return true;
	}
	return false;
}

static void check(struct builder *b, const char *field, struct str s, size_t max)
{
	if (b->rc != RC_OK)
		return;
	if (is_unsafe(s))
		b->rc = fail_field(b->err, RC_INVALID, field,
		                   "The mail was not made: there are control characters in its field \"%s\".", field);
	else if (s.n > max)
		b->rc = fail_field(b->err, RC_INVALID, field, "The mail was not made: its field \"%s\" is too long.",
		                   field);
}

static void check_addr(struct builder *b, const char *field, const struct mail_addr *m)
{
	size_t ats = 0;
	bool ok = m->addr.n > 2 && m->addr.n <= 254;

	for (size_t i = 0; ok && i < m->addr.n; i++) {
		ats += m->addr.p[i] == '@';
		ok = m->addr.p[i] > ' ' && m->addr.p[i] < 0x7f && !strchr("<>()[],;:\\\"", m->addr.p[i]);
	}
	check(b, field, m->name, 500);
	if (b->rc == RC_OK && (!ok || ats != 1))
		b->rc = fail_field(b->err, RC_INVALID, field,
		                   "The mail was not made: its field \"%s\" has an address that is none.", field);
}

static void check_id(struct builder *b, const char *field, struct str id)
{
	bool ok = id.n > 0 && id.n <= 900;

	for (size_t i = 0; ok && i < id.n; i++)
		ok = id.p[i] > ' ' && id.p[i] < 0x7f && id.p[i] != '<' && id.p[i] != '>';
	if (b->rc == RC_OK && !ok)
		b->rc = fail_field(b->err, RC_INVALID, field,
		                   "The mail was not made: its field \"%s\" is no message id.", field);
}

static void check_name(struct builder *b, const char *name)
{
	bool ok = *name && strlen(name) < 60;

	for (const char *p = name; *p; p++)
		ok = ok && *p > ' ' && *p < 0x7f && *p != ':';
	if (b->rc == RC_OK && !ok)
		b->rc = fail_field(b->err, RC_INVALID, "header",
		                   "The mail was not made: a header has a name that is none.");
}

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || strchr("()<>@,;:\\\"[]?=", s.p[i]))
			return false;
	return s.n > 0 && s.n < 128;
}

/* ---- lines ---- */

static void word(struct builder *b, struct str s)
{
	if (b->column > 1 && b->column + 1 + s.n > LINE) {
		buf_addz(&b->out, "\r\n");
		b->column = 0;
	}
	buf_addc(&b->out, ' ');
	buf_adds(&b->out, s);
	b->column += 1 + s.n;
}

static void begin(struct builder *b, const char *name)
{
	buf_addz(&b->out, name);
	buf_addc(&b->out, ':');
	b->column = strlen(name) + 1;
}

static void finish(struct builder *b)
{
	buf_addz(&b->out, "\r\n");
}

static bool needs_words(struct str s)
{
	size_t run = 0;

	for (size_t i = 0; i < s.n; i++) {
		run = s.p[i] == ' ' ? 0 : run + 1;
		if (s.p[i] & 0x80 || run > 60)
			return true;
	}
	return str_find(s, STR("=?")) != STR_NONE;
}

/* RFC 2047 B words of at most 75 characters, never cutting a character. */
static void encoded(struct builder *b, struct str s)
{
	while (s.n) {
		struct str part = str_utf8_clip(s, 39);

		word(b, arena_strf(b->a, "=?UTF-8?B?" STR_F "?=", STR_A(base64_encode(b->a, part))));
		s = str_from(s, part.n);
	}
}

static void text(struct builder *b, struct str s)
{
	struct str w;

	if (needs_words(s)) {
		encoded(b, s);
		return;
	}
	while (str_cut(&s, ' ', &w))
		word(b, w);
}

static struct str quoted(struct arena *a, struct str s)
{
	AUTO_BUF q;

	buf_init(&q, s.n * 2 + 4);
	buf_addc(&q, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addc(&q, '\\');
		buf_addc(&q, s.p[i]);
	}
	buf_addc(&q, '"');
	return arena_str(a, buf_str(&q));
}

static void address(struct builder *b, const struct mail_addr *m, bool more)
{
	const char *comma = more ? "," : "";

	if (m->name.n == 0) {
		word(b, arena_strf(b->a, STR_F "%s", STR_A(m->addr), comma));
		return;
	}
	if (needs_words(m->name))
		encoded(b, m->name);
	else
		word(b, quoted(b->a, m->name));
	word(b, arena_strf(b->a, "<" STR_F ">%s", STR_A(m->addr), comma));
}

static void addresses(struct builder *b, const char *name, const struct mail_addr *at, size_t n)
{
	if (n == 0)
		return;
	begin(b, name);
	for (size_t i = 0; i < n; i++)
		address(b, &at[i], i + 1 < n);
	finish(b);
}

static void line(struct builder *b, const char *name, struct str value)
{
	begin(b, name);
	text(b, value);
	finish(b);
}

/* ---- bodies ---- */

static void put_qp(struct builder *b, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t column = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool at_end = i + 1 == s.n || s.p[i + 1] == '\n' || s.p[i + 1] == '\r';
		bool plain = (c > ' ' && c < 0x7f && c != '=') || ((c == ' ' || c == '\t') && !at_end);

		if (c == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
			continue;
		if (c == '\n') {
			buf_addz(&b->out, "\r\n");
			column = 0;
			continue;
		}
		if (column + (plain ? 1 : 3) > LINE - 1) {
			buf_addz(&b->out, "=\r\n");
			column = 0;
		}
		/* "From " and lone dots at the start of a line survive every transport when encoded. */
		if (plain && !(column == 0 && (c == '.' || c == 'F'))) {
			buf_addc(&b->out, (char)c);
			column++;
		} else {
			buf_addc(&b->out, '=');
			buf_addc(&b->out, hex[c >> 4]);
			buf_addc(&b->out, hex[c & 15]);
			column += 3;
		}
	}
	if (column)
		buf_addz(&b->out, "\r\n");
}

static void put_base64(struct builder *b, struct str bytes)
{
	struct str s = base64_encode(b->a, bytes);

	for (size_t i = 0; i < s.n; i += LINE) {
		buf_adds(&b->out, str_sub(s, i, LINE));
		buf_addz(&b->out, "\r\n");
	}
}

static void text_part(struct builder *b, const char *type, struct str s)
{
	buf_addf(&b->out, "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
	         type);
	put_qp(b, s);
}

static void delimit(struct builder *b, struct str boundary, bool last)
{
	buf_addf(&b->out, "\r\n--" STR_F "%s\r\n", STR_A(boundary), last ? "--" : "");
}

static struct str open_multipart(struct builder *b, const char *subtype)
{
	struct str boundary = str_concat(b->a, STR("=_"), random_token(b->a));

	buf_addf(&b->out, "Content-Type: multipart/%s;\r\n boundary=\"" STR_F "\"\r\n", subtype, STR_A(boundary));
	return boundary;
}

static void body(struct builder *b, const struct mail_out *m)
{
	if (str_null(m->html)) {
		text_part(b, "plain", m->text);
		return;
	}
	struct str boundary = open_multipart(b, "alternative");
	delimit(b, boundary, false);
	text_part(b, "plain", m->text);
	delimit(b, boundary, false);
	text_part(b, "html", m->html);
	delimit(b, boundary, true);
}

/* filename*N*= of RFC 2231 3 and 4, in pieces that fit a line; a plain form in front for old readers. */
static void file_name(struct builder *b, struct str name)
{
	static const char hex[] = "0123456789ABCDEF";
	bool ascii = true;
	size_t piece = 0;
	AUTO_BUF e;

	buf_init(&e, 200);
	for (size_t i = 0; i < name.n; i++)
		ascii = ascii && !(name.p[i] & 0x80);
	if (ascii && name.n < 60) {
		buf_addf(&b->out, ";\r\n filename=" STR_F, STR_A(quoted(b->a, name)));
		return;
	}
	for (size_t i = 0; i <= name.n; i++) {
		if (i == name.n || e.n > 48) {
			buf_addf(&b->out, ";\r\n filename*%zu*=%s" STR_F, piece, piece ? "" : "UTF-8''",
			         STR_A(buf_str(&e)));
			buf_clear(&e);
			piece++;
		}
		if (i == name.n)
			break;
		unsigned char c = (unsigned char)name.p[i];
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
		    c == '-' || c == '_')
			buf_addc(&e, (char)c);
		else
			buf_addc(&e, '%'), buf_addc(&e, hex[c >> 4]), buf_addc(&e, hex[c & 15]);
	}
}

static void file_part(struct builder *b, const struct mail_out_file *f)
{
	buf_addf(&b->out, "Content-Type: " STR_F "\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: %s",
	         STR_A(str_null(f->type) ? STR("application/octet-stream") : f->type),
	         f->cid.n ? "inline" : "attachment");
	file_name(b, str_null(f->name) ? STR("file") : f->name);
	buf_addz(&b->out, "\r\n");
	if (f->cid.n)
		buf_addf(&b->out, "Content-ID: <" STR_F ">\r\n", STR_A(f->cid));
	buf_addz(&b->out, "\r\n");
	put_base64(b, f->bytes);
}

/* ---- the mail ---- */

static void check_all(struct builder *b, const struct mail_out *m)
{
	check_addr(b, "from", &m->from);
	if (m->reply_to.addr.n)
		check_addr(b, "reply_to", &m->reply_to);
	for (size_t i = 0; i < m->n_to; i++)
		check_addr(b, "to", &m->to[i]);
	for (size_t i = 0; i < m->n_cc; i++)
		check_addr(b, "cc", &m->cc[i]);
	check_id(b, "message_id", m->message_id);
	if (!str_null(m->in_reply_to))
		check_id(b, "in_reply_to", m->in_reply_to);
	for (size_t i = 0; i < m->n_references; i++)
		check_id(b, "references", m->references[i]);
	check(b, "subject", m->subject, 2000);
	for (size_t i = 0; i < m->n_extra; i++) {
		check_name(b, m->extra[i].name);
		check(b, m->extra[i].name, m->extra[i].value, 4000);
	}
	for (size_t i = 0; i < m->n_files; i++) {
		const struct mail_out_file *f = &m->files[i];
		size_t slash = str_find_byte(f->type, '/');

		check(b, "attachment", f->name, 500);
		if (f->cid.n)
			check_id(b, "attachment", f->cid);
		if (b->rc == RC_OK && !str_null(f->type) &&
		    (slash == STR_NONE || !is_token(str_sub(f->type, 0, slash)) ||
		     !is_token(str_from(f->type, slash + 1))))
			b->rc = fail_field(b->err, RC_INVALID, "attachment",
			                   "The mail was not made: an attachment has a type that is none.");
	}
	if (m->auto_submitted)
		check(b, "auto_submitted", str_of(m->auto_submitted), 60);
	if (b->rc == RC_OK && (!str_utf8_valid(m->text) || !str_utf8_valid(m->html)))
		b->rc = fail_field(b->err, RC_INVALID, "text", "The mail was not made: its text is not UTF-8.");
	if (b->rc == RC_OK && m->n_to + m->n_cc == 0)
		b->rc = fail_field(b->err, RC_INVALID, "to", "The mail was not made: it goes to nobody.");
}

static void put_references(struct builder *b, const struct mail_out *m)
{
	if (m->n_references == 0)
		return;
	begin(b, "References");
	for (size_t i = 0; i < m->n_references; i++)
		if (m->n_references <= 10 || i < 4 || i + 6 >= m->n_references)
			word(b, arena_strf(b->a, "<" STR_F ">", STR_A(m->references[i])));
	finish(b);
}

static void headers(struct builder *b, const struct mail_out *m)
{
	addresses(b, "From", &m->from, 1);
	addresses(b, "To", m->to, m->n_to);
	addresses(b, "Cc", m->cc, m->n_cc);
	if (m->reply_to.addr.n)
		addresses(b, "Reply-To", &m->reply_to, 1);
	line(b, "Subject", m->subject);
	line(b, "Date", time_rfc5322(b->a, time_is_set(m->date) ? m->date : time_now()));
	buf_addf(&b->out, "Message-ID: <" STR_F ">\r\n", STR_A(m->message_id));
	if (!str_null(m->in_reply_to))
		buf_addf(&b->out, "In-Reply-To: <" STR_F ">\r\n", STR_A(m->in_reply_to));
	put_references(b, m);
	if (m->auto_submitted)
		line(b, "Auto-Submitted", str_of(m->auto_submitted));
	for (size_t i = 0; i < m->n_extra; i++)
		line(b, m->extra[i].name, m->extra[i].value);
	buf_addz(&b->out, "MIME-Version: 1.0\r\n");
}

enum rc mime_build(struct arena *a, const struct mail_out *m, struct str *ret, struct err *err)
{
	struct builder b = { .a = a, .err = err };

	check_all(&b, m);
	if (b.rc != RC_OK)
		return b.rc;
	buf_init(&b.out, 128u << 20);
	headers(&b, m);
	if (m->n_files == 0) {
		body(&b, m);
	} else {
		struct str boundary = open_multipart(&b, "mixed");

		delimit(&b, boundary, false);
		body(&b, m);
		for (size_t i = 0; i < m->n_files; i++) {
			delimit(&b, boundary, false);
			file_part(&b, &m->files[i]);
		}
		delimit(&b, boundary, true);
	}
	if (b.out.full)
		b.rc = fail(err, RC_LIMIT, "The mail was not made: it would be larger than any mail server takes.");
	else
		*ret = arena_str(a, buf_str(&b.out));
	buf_release(&b.out);
	return b.rc;
}

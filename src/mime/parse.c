/* The parser: fields of the top, the tree of parts walked once, what of it is shown and what is attached. Fields are
 * read in header.c and address.c, encodings in decode.c; robots.c tells machines from people, reply.c cuts the quotes.
 */
#include "mime/addr.h"
#include "mime/private.h"
#include "util/crypt.h"

#define BOUNDARY_MAX 2048

/* One thing to show: the same words as text and as HTML, STR_NULL where the mail has it in the other form only. */
struct shown {
	struct str text, html;
};
typedef VEC(struct shown) shown_vec;

struct parser {
	struct arena *a;
	struct mime_limits l;
	struct mail *m;
	int parts;
	size_t text_left, scan_left; /* scan_left: bytes that may still be looked at for boundaries */
	mime_files files;
	VEC(struct str) defects;
	struct shown wrapped;   /* of winmail.dat: shown when there is nothing else */
	struct str returned_to; /* To of the mail that came back */
	struct shown named;     /* of a named text part: shown when there is nothing else */
	bool in_report;         /* inside of a report that came back: not deeper */
};

struct part {
	mime_fields fields;
	struct mime_value type;
	struct str body, name, cid, encoding, disposition;
};

static void defect(struct parser *p, const char *code)
{
	for (size_t i = 0; i < p->defects.n; i++)
		if (str_is(p->defects.at[i], code))
			return;
	*VEC_ADD(p->a, &p->defects) = str_of(code);
}

bool mail_has_defect(const struct mail *m, const char *code)
{
	for (size_t i = 0; i < m->defects.n; i++)
		if (str_is(m->defects.at[i], code))
			return true;
	return false;
}

/* ---- fields of the top ---- */

static struct str bare_id(struct arena *a, struct str raw)
{
	size_t lt = str_find_byte(raw, '<');

	if (str_null(raw))
		return STR_NULL;
	if (lt != STR_NONE) {
		raw = str_from(raw, lt + 1);
		raw = str_sub(raw, 0, str_find_byte(raw, '>'));
	}
	raw = mime_text(a, str_sub(str_trim(raw), 0, 998));
	return raw.n ? raw : STR_NULL;
}

/* Every <id>; of too many the first tenth and the last ones. */
static struct mail_ids read_ids(struct parser *p, const mime_fields *f, const char *name)
{
	size_t max = (size_t)p->l.ids, head = max / 10, lt;
	struct str s = mime_field(f, name);
	VEC(struct str) v = { 0 };

	while ((lt = str_find_byte(s, '<')) != STR_NONE) {
		size_t gt = str_find_byte(str_from(s, lt), '>');

		gt = gt == STR_NONE ? s.n - lt : gt; /* cut off, or its end forgotten */
		struct str id = mime_text(p->a, str_trim(str_sub(s, lt + 1, gt - 1)));
		s = str_from(s, lt + gt + 1);
		if (id.n == 0 || id.n > 998 || str_find_byte(id, ' ') != STR_NONE)
			continue;
		*VEC_ADD(p->a, &v) = id;
	}
	if (v.n > max) {
		defect(p, "references-cut");
		memmove(v.at + head, v.at + v.n - (max - head), (max - head) * sizeof(*v.at));
		v.n = max;
	}
	return (struct mail_ids){ v.at, v.n };
}

static void read_list(struct parser *p, const mime_fields *f, const char *name, struct mail_addrs *ret)
{
	bool bad = false, cut = false;

	for (size_t i = 0; i < f->n && !cut; i++)
		if (str_eq_nocase(f->at[i].name, str_of(name)))
			mime_addresses(p->a, f->at[i].value, (size_t)p->l.addresses, ret, &bad, &cut);
	if (bad)
		defect(p, "bad-address");
	if (cut)
		defect(p, "addresses-cut");
}

/* The one writer (S-14). What is wrong with the field makes it nobody, never somebody else. */
static void read_identity(struct parser *p, const mime_fields *f)
{
	size_t fields = 0;
	struct str raw = STR_NULL, canon;
	bool bad = false, cut = false;
	struct mail_addrs all = { 0 };

	for (size_t i = 0; i < f->n; i++)
		if (str_eq_nocase(f->at[i].name, STR("From")))
			fields++, raw = f->at[i].value;
	if (fields > 1)
		defect(p, "several-from");
	if (fields != 1)
		return;
	mime_addresses(p->a, raw, 10, &all, &bad, &cut);
	if (all.n > 1)
		defect(p, "several-from");
	if (all.n == 1 && !bad && addr_canonical(p->a, all.at[0].addr, &canon, NULL) == RC_OK)
		p->m->identity = canon;
}

static void read_trace(struct parser *p, const mime_fields *f)
{
	AUTO_BUF b;

	buf_init(&b, p->l.header * 2);
	for (size_t i = 0; i < f->n; i++) {
		if (str_eq_nocase(f->at[i].name, STR("Received"))) {
			p->m->received++;
		} else if (str_eq_nocase(f->at[i].name, STR("Authentication-Results"))) {
			struct str v = mime_text(p->a, f->at[i].value);

			buf_addf(&b, "Authentication-Results: " STR_F "\n", STR_A(v));
		} else if (str_null(p->m->received_for) && (str_eq_nocase(f->at[i].name, STR("Delivered-To")) ||
		                                            str_eq_nocase(f->at[i].name, STR("X-Original-To")))) {
			p->m->received_for = bare_id(p->a, f->at[i].value);
		}
	}
	p->m->auth_results = arena_str(p->a, buf_str(&b));
	struct str rp = mime_field(f, "Return-Path");
	if (!str_null(rp))
		p->m->return_path = str_is(str_trim(rp), "<>") ? STR("") : bare_id(p->a, rp);
}

static void read_top(struct parser *p, const mime_fields *f)
{
	struct mail *m = p->m;
	struct str s;

	m->message_id = bare_id(p->a, mime_field(f, "Message-ID"));
	m->in_reply_to = read_ids(p, f, "In-Reply-To");
	m->references = read_ids(p, f, "References");
	s = mime_field(f, "Date");
	m->date = mime_date(s);
	if (!str_null(s) && !time_is_set(m->date))
		defect(p, "bad-date");
	s = mime_field(f, "Subject");
	m->subject = str_null(s) ? STR_NULL : str_utf8_clip(mime_text(p->a, s), 4000);
	read_list(p, f, "From", &m->from);
	read_list(p, f, "Reply-To", &m->reply_to);
	read_list(p, f, "To", &m->to);
	read_list(p, f, "Cc", &m->cc);
	read_list(p, f, "Sender", &m->sender);
	read_identity(p, f);
	read_trace(p, f);
}

/* ---- parts ---- */

static void read_part(struct parser *p, struct str in, const char *fallback, struct part *ret)
{
	bool cut = false;
	struct str type;
	struct mime_value disposition;

	*ret = (struct part){ 0 };
	mime_fields_read(p->a, in, &p->l, &ret->fields, &ret->body, &cut);
	if (cut)
		defect(p, "header-cut");
	type = mime_field(&ret->fields, "Content-Type");
	ret->type = mime_value_parse(p->a, str_null(type) ? str_of(fallback) : type);
	if (str_find_byte(ret->type.value, '/') == STR_NONE) /* RFC 2045 5.2 */
		ret->type.value = STR("text/plain");
	disposition = mime_value_parse(p->a, mime_field(&ret->fields, "Content-Disposition"));
	ret->disposition = disposition.value;
	ret->name = mime_param(&disposition, "filename");
	if (str_empty(ret->name))
		ret->name = mime_param(&ret->type, "name");
	if (str_empty(ret->name))
		ret->name = STR_NULL;
	ret->cid = bare_id(p->a, mime_field(&ret->fields, "Content-ID"));
	ret->encoding = str_trim(mime_field(&ret->fields, "Content-Transfer-Encoding"));
	ret->encoding = str_sub(ret->encoding, 0, str_find_byte(ret->encoding, ';'));
}

/* A name for people where there is none. */
static struct str label_of(struct parser *p, const struct part *part, struct str bytes)
{
	static const struct {
		const char *type, *label;
	} known[] = {
		{"text/calendar",                   "invite.ics"         },
		{ "application/pkcs7-mime",         "smime.p7m"          },
		{ "application/x-pkcs7-mime",       "smime.p7m"          },
		{ "application/pkcs7-signature",    "smime.p7s"          },
		{ "application/x-pkcs7-signature",  "smime.p7s"          },
		{ "application/pgp-signature",      "signature.asc"      },
		{ "application/pgp-encrypted",      "pgp-version.txt"    },
		{ "application/pgp-keys",           "key.asc"            },
		{ "message/delivery-status",        "delivery-status.txt"},
		{ "message/global-delivery-status", "delivery-status.txt"},
		{ "text/rfc822-headers",            "headers.txt"        },
		{ "text/html",                      "text.html"          },
		{ "text/plain",                     "text.txt"           },
	};
	mime_fields f = { 0 };
	struct str rest;
	bool cut;

	if (str_starts(part->type.value, STR("message/rfc822")) || str_is(part->type.value, "message/global")) {
		mime_fields_read(p->a, bytes, &p->l, &f, &rest, &cut);
		struct str subject = str_utf8_clip(mime_text(p->a, mime_field(&f, "Subject")), 100);
		return arena_strf(p->a, STR_F ".eml", STR_A(subject.n ? subject : STR("mail")));
	}
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_is(part->type.value, known[i].type))
			return str_of(known[i].label);
	if (str_is(part->type.value, "application/octet-stream") && p->m->crypto == MAIL_PGP_ENCRYPTED)
		return STR("encrypted.asc");
	return STR_NULL;
}

/* Whose body is read once, by attach(): not what is looked into as text or as a mail, and not what lies inside of a
 * mail that is a file itself. */
static bool is_read_once(const struct parser *p, const struct part *part)
{
	static const char *const kinds[] = { "application/", "image/", "video/", "audio/" };

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (!p->in_report && str_starts(part->type.value, str_of(kinds[i])))
			return true;
	return false;
}

static void attach(struct parser *p, const struct part *part)
{
	struct str bytes = mime_decode_spending(p->a, part->body, part->encoding,
	                                        is_read_once(p, part) ? p->l.spent : NULL);

	*VEC_ADD(p->a, &p->files) = (struct mail_file){
		.label = str_null(part->name) ? label_of(p, part, bytes) : STR_NULL,
		.name = part->name,
		.type = str_utf8_clip(mime_text(p->a, part->type.value), 127),
		.cid = part->cid,
		.bytes = bytes,
		.sha256 = sha256_hex(p->a, bytes),
		.is_inline = str_is(part->disposition, "inline") ||
		             (part->cid.n && !str_is(part->disposition, "attachment")),
	};
}

static struct str charset_of_html(struct str bytes)
{
	struct str head = str_sub(bytes, 0, 2048);
	size_t at = str_find_nocase(head, STR("charset="));
	size_t n = 0;

	if (at == STR_NONE)
		return STR_NULL;
	head = str_from(head, at + 8);
	while (head.n && (head.p[0] == '"' || head.p[0] == '\''))
		head = str_from(head, 1);
	while (n < head.n && ((head.p[n] | 32) >= 'a'
	                              ? (head.p[n] | 32) <= 'z'
	                              : head.p[n] == '-' || head.p[n] == '_' || (head.p[n] >= '0' && head.p[n] <= '9')))
		n++;
	return str_sub(head, 0, n);
}

/* Files that stand in the text itself, as mail was before MIME. */
static void add_uu_files(struct parser *p, struct str *text)
{
	size_t before = p->files.n;

	if (!mime_uu_files(p->a, *text, before + (size_t)p->l.parts, text, &p->files))
		return;
	for (size_t i = before; i < p->files.n; i++) {
		p->files.at[i].name = mime_text(p->a, p->files.at[i].name);
		p->files.at[i].sha256 = sha256_hex(p->a, p->files.at[i].bytes);
	}
}

static struct shown text_of(struct parser *p, const struct part *part)
{
	struct str bytes = mime_decode_body(p->a, part->body, part->encoding),
	           charset = mime_param(&part->type, "charset"), s;
	bool bad = false, html = str_is(part->type.value, "text/html");
	AUTO_BUF b;

	buf_init(&b, bytes.n * 4 + 16);
	if (html && str_empty(charset))
		charset = charset_of_html(bytes);
	s = mime_to_utf8(p->a, bytes, charset, p->text_left, &bad);
	if (bad)
		defect(p, "bad-charset");
	if (s.n + 4 >= p->text_left)
		defect(p, "text-cut");
	p->text_left -= s.n < p->text_left ? s.n : p->text_left;
	if (html)
		return (struct shown){ STR_NULL, s };
	add_uu_files(p, &s);
	for (size_t i = 0; i < s.n; i++) /* LF only, no controls */
		if (s.p[i] != '\r' && ((unsigned char)s.p[i] >= ' ' || s.p[i] == '\n' || s.p[i] == '\t') &&
		    s.p[i] != 0x7f)
			buf_addc(&b, s.p[i]);
		else if (s.p[i] == '\r' && !(i + 1 < s.n && s.p[i + 1] == '\n'))
			buf_addc(&b, '\n');
	s = mime_nfc(p->a, arena_str(p->a, buf_str(&b)));
	return (struct shown){ s, STR_NULL };
}

/* "5.1.1 (no such user)": the number. */
static struct str first_word(struct str s)
{
	s = str_trim(s);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ' ' || s.p[i] == '(')
			return str_sub(s, 0, i);
	return s;
}

/* "rfc822; a@b.example", not "rfc822; user@ims-channel" or "X400; /S=user/C=gb/": what gateways and mail boxes of old
 * call a recipient inside is not what the sender wrote. */
static bool is_reachable(struct str who)
{
	size_t sign = str_find_byte(who, '@');

	return sign != STR_NONE && str_find_byte(str_from(who, sign), '.') != STR_NONE;
}

/* RFC 3464: fields of the first recipient that failed, else of the first there is. */
static void read_report(struct parser *p, const struct part *part)
{
	struct mail_bounce *b = &p->m->bounce;
	struct str rest = mime_decode_body(p->a, part->body, part->encoding);
	bool cut = false, named = false; /* a field of the mail may have named somebody before (Gmail's does) */
	bool failed = false;

	for (int group = 0; group < 50 && rest.n && !failed; group++) {
		mime_fields f = { 0 };
		struct str before = rest, who, action;

		mime_fields_read(p->a, rest, &p->l, &f, &rest, &cut);
		who = mime_field(&f, "Final-Recipient");
		if (!is_reachable(who) && !str_null(mime_field(&f, "Original-Recipient")))
			who = mime_field(&f, "Original-Recipient");
		action = mime_field(&f, "Action");
		failed = !str_null(who) && (str_null(action) || str_starts_nocase(str_trim(action), STR("failed")));
		if ((!str_null(who) || !str_null(action)) && (!named || failed))
			b->action = str_null(action) ? STR_NULL
			                             : str_lower(p->a, str_utf8_clip(mime_text(p->a, action), 20));
		if (!str_null(who) && (!named || failed)) {
			size_t semi = str_find_byte(who, ';');
			named = true;
			b->recipient = bare_id(p->a, str_from(who, semi == STR_NONE ? 0 : semi + 1));
			who = mime_field(&f, "Status");
			b->status = str_null(who) ? STR_NULL : first_word(str_utf8_clip(mime_text(p->a, who), 40));
			who = mime_field(&f, "Diagnostic-Code");
			b->diagnostic = str_null(who) ? STR_NULL : str_utf8_clip(mime_text(p->a, who), 1000);
		}
		if (rest.n == before.n)
			break;
	}
	b->is = true;
}

static void walk(struct parser *p, struct str in, const char *fallback, int depth, shown_vec *out);

/* A delimiter line at the start of s? Its length, *last for the closing one. */
static size_t delimiter(struct str s, struct str boundary, bool *last)
{
	size_t n = boundary.n + 2, end;

	if (!str_starts(s, STR("--")) || !str_eq(str_sub(s, 2, boundary.n), boundary))
		return 0;
	*last = str_starts(str_from(s, n), STR("--"));
	n += *last ? 2 : 0;
	end = str_find_byte(str_from(s, n), '\n');
	struct str tail = str_sub(str_from(s, n), 0, end);
	if (str_trim(tail).n && !*last)
		return 0;
	return n + tail.n + (end != STR_NONE);
}

/* Each part between delimiter lines is walked; the line end in front of a delimiter is the delimiter's. */
static size_t walk_multipart(struct parser *p, struct str body, struct str boundary, const char *fallback, int depth,
                             shown_vec *out)
{
	size_t at = 0, from = STR_NONE, found = 0;
	bool last = false;

	while (at < body.n && !last) {
		size_t n = delimiter(str_from(body, at), boundary, &last);

		if (n) {
			if (from != STR_NONE)
				walk(p, str_sub(body, from, at > from ? at - 1 - from : 0), fallback, depth, out);
			at += n;
			from = at;
			found++;
			continue;
		}
		/* The next line that begins with "--". */
		size_t next = str_find(str_from(body, at), STR("\n--"));
		at = next == STR_NONE ? body.n : at + next + 1;
	}
	if (!last && from != STR_NONE) {
		defect(p, "no-end-boundary");
		if (from < body.n)
			walk(p, str_from(body, from), fallback, depth, out);
	}
	return found;
}

/* The same words several times: text of the one that has text, HTML of the last that has HTML. */
static void add_alternative(struct parser *p, const shown_vec *all, shown_vec *out)
{
	struct shown s = { STR_NULL, STR_NULL };

	for (size_t i = 0; i < all->n; i++) {
		if (!str_null(all->at[i].text) && str_trim(s.text).n == 0)
			s.text = all->at[i].text;
		if (!str_null(all->at[i].html))
			s.html = all->at[i].html;
	}
	if (!str_null(s.text) || !str_null(s.html))
		*VEC_ADD(p->a, out) = s;
}

static void open_winmail(struct parser *p)
{
	struct tnef_found t;
	size_t container = p->files.n - 1;
	bool bad = false;

	mime_tnef(p->a, p->files.at[container].bytes, (size_t)p->l.parts, &t);
	if (!t.is) {
		defect(p, "bad-tnef");
		return;
	}
	p->files.at[container].opened = true;
	for (size_t i = 0; i < t.files.n; i++) {
		struct mail_file f = t.files.at[i];

		f.name = str_null(f.name) ? STR_NULL : mime_text(p->a, f.name);
		f.cid = str_null(f.cid) ? STR_NULL : bare_id(p->a, f.cid);
		f.type = str_utf8_clip(f.type.n ? mime_text(p->a, f.type) : STR("application/octet-stream"), 127);
		f.sha256 = sha256_hex(p->a, f.bytes);
		*VEC_ADD(p->a, &p->files) = f;
	}
	if (t.text.n)
		p->wrapped.text = mime_nfc(p->a, t.text);
	if (t.html.n)
		p->wrapped.html = mime_to_utf8(p->a, t.html, charset_of_html(t.html), p->l.text, &bad);
	if (t.has_rtf && !t.text.n && !t.html.n)
		defect(p, "rtf-only");
}

static void read_returned(struct parser *p, const struct part *part);

/* A report that came back, or that a filter wrapped: what it says about whom. One level, no text of it is shown. */
static void read_inner_report(struct parser *p, const mime_fields *f, struct str body)
{
	struct mime_value type = mime_value_parse(p->a, mime_field(f, "Content-Type"));
	struct str boundary = mime_param(&type, "boundary");
	size_t at = 0, from = STR_NONE;
	bool last = false;

	if (!str_is(type.value, "multipart/report") || !boundary.n || boundary.n > BOUNDARY_MAX ||
	    body.n > p->scan_left)
		return;
	p->scan_left -= body.n;
	while (at < body.n && !last) {
		size_t n = delimiter(str_from(body, at), boundary, &last);
		size_t next = str_find(str_from(body, at), STR("\n--"));
		struct part part;

		if (n && from != STR_NONE && ++p->parts <= p->l.parts) {
			read_part(p, str_sub(body, from, at > from ? at - 1 - from : 0), "text/plain", &part);
			if (str_is(part.type.value, "message/delivery-status"))
				read_report(p, &part);
			else if (str_is(part.type.value, "message/rfc822") ||
			         str_is(part.type.value, "text/rfc822-headers"))
				read_returned(p, &part);
		}
		if (n) {
			at += n;
			from = at;
		} else {
			at = next == STR_NONE ? body.n : at + next + 1;
		}
	}
}

/* Of the mail that came back. */
static void read_returned(struct parser *p, const struct part *part)
{
	struct str body = mime_decode_body(p->a, part->body, part->encoding), rest;
	mime_fields f = { 0 };
	bool cut;

	while (body.n && (body.p[0] == '\n' || body.p[0] == ' '))
		body = str_from(body, 1);
	mime_fields_read(p->a, body, &p->l, &f, &rest, &cut);
	if (!p->m->bounce.is && !p->in_report) {
		p->in_report = true;
		read_inner_report(p, &f, rest);
		p->in_report = false;
		p->m->bounce.is = false; /* whether it is one, the mail itself must say */
	}
	if (str_null(p->m->bounce.original_id))
		p->m->bounce.original_id = bare_id(p->a, mime_field(&f, "Message-ID"));
	if (str_null(p->returned_to) && !str_null(mime_field(&f, "To")))
		p->returned_to = mime_field(&f, "To");
}

/* What is not shown but has a meaning. */
static void look_inside(struct parser *p, const struct part *part)
{
	struct str type = part->type.value, name = p->files.at[p->files.n - 1].name;
	bool bad = false;

	if (str_is(type, "message/rfc822") || str_is(type, "text/rfc822-headers") || str_is(type, "message/global") ||
	    str_is(type, "message/global-headers") || str_is(type, "message/rfc822-headers"))
		read_returned(p, part);
	else if (str_is(type, "application/ms-tnef") || str_is(type, "application/vnd.ms-tnef") ||
	         (name.n && str_eq_nocase(name, STR("winmail.dat"))))
		open_winmail(p);
	else if (str_is(type, "application/pgp-encrypted"))
		p->m->crypto = MAIL_PGP_ENCRYPTED;
	else if (str_is(type, "application/pgp-signature") && p->m->crypto == MAIL_PLAIN)
		p->m->crypto = MAIL_PGP_SIGNED;
	else if (str_ends(type, STR("pkcs7-signature")) && p->m->crypto == MAIL_PLAIN)
		p->m->crypto = MAIL_SMIME_SIGNED;
	else if (str_ends(type, STR("pkcs7-mime")))
		p->m->crypto = str_eq_nocase(mime_param(&part->type, "smime-type"), STR("signed-data"))
		                       ? MAIL_SMIME_SIGNED
		                       : MAIL_SMIME_ENCRYPTED;
	else if (str_is(type, "text/calendar") && !p->m->invite.is)
		mime_invite(p->a,
		            mime_to_utf8(p->a, p->files.at[p->files.n - 1].bytes, mime_param(&part->type, "charset"),
		                         1u << 20, &bad),
		            mime_param(&part->type, "method"), &p->m->invite);
}

static void walk_leaf(struct parser *p, const struct part *part, shown_vec *out)
{
	bool text = str_is(part->type.value, "text/plain") || str_is(part->type.value, "text/html");
	bool attachment = str_is(part->disposition, "attachment");

	if (str_is(part->type.value, "message/delivery-status") ||
	    str_is(part->type.value, "message/global-delivery-status"))
		read_report(p, part);
	if (text && !attachment && str_null(part->name)) {
		*VEC_ADD(p->a, out) = text_of(p, part);
		return;
	}
	attach(p, part);
	look_inside(p, part);
	if (text && str_null(p->named.text) && str_null(p->named.html) && !attachment)
		p->named = text_of(p, part);
}

static void walk(struct parser *p, struct str in, const char *fallback, int depth, shown_vec *out)
{
	struct part part;
	struct str boundary;
	shown_vec inner = { 0 };

	if (++p->parts > p->l.parts) {
		defect(p, "parts-cut");
		return;
	}
	read_part(p, in, fallback, &part);
	if (depth == 0)
		read_top(p, &part.fields);
	if (depth == 0)
		mime_find_robot(p->a, &part.fields, &part.type, p->m);
	if (depth > 0 && !str_null(mime_field(&part.fields, "Received")) && str_null(p->m->bounce.original_id)) {
		/* A returned mail whose own part's header was left out: its fields are the part's. */
		p->m->bounce.original_id = bare_id(p->a, mime_field(&part.fields, "Message-ID"));
		p->returned_to = mime_field(&part.fields, "To");
	}
	boundary = mime_param(&part.type, "boundary");
	if (!str_starts(part.type.value, STR("multipart/"))) {
		walk_leaf(p, &part, out);
		return;
	}
	/* Every level looks at its bytes again: full-sized levels are few in honest mails. */
	bool spent = part.body.n > p->scan_left;
	p->scan_left -= spent ? 0 : part.body.n;
	if (depth >= p->l.depth || spent) {
		defect(p, "too-deep");
		attach(p, &part);
		return;
	}
	while (boundary.n && boundary.p[boundary.n - 1] == ' ')
		boundary.n--;
	if (boundary.n > BOUNDARY_MAX)
		boundary = STR_NULL;
	bool alternative = str_is(part.type.value, "multipart/alternative");
	const char *child = str_is(part.type.value, "multipart/digest") ? "message/rfc822" : "text/plain";
	if (boundary.n == 0 ||
	    walk_multipart(p, part.body, boundary, child, depth + 1, alternative ? &inner : out) == 0) {
		defect(p, "no-boundary");
		part.type.value = STR("text/plain");
		part.name = STR_NULL;
		*VEC_ADD(p->a, out) = text_of(p, &part);
		return;
	}
	if (alternative)
		add_alternative(p, &inner, out);
}

/* ---- what is shown ---- */

static void mark_inline(struct mail *m)
{
	for (size_t i = 0; i < m->n_files; i++) {
		struct mail_file *f = &m->files[i];

		if (f->cid.n && f->cid.n < 400 && !str_null(m->html)) {
			size_t at = str_find(m->html, f->cid);
			f->is_inline = f->is_inline ||
			               (at != STR_NONE && at > 4 && str_eq(str_sub(m->html, at - 4, 4), STR("cid:")));
		}
	}
}

static void show(struct parser *p, const shown_vec *all)
{
	AUTO_BUF text, html;
	bool any_html = false;
	struct mail *m = p->m;

	buf_init(&text, p->l.text * 2);
	buf_init(&html, p->l.text * 4);
	for (size_t i = 0; i < all->n; i++)
		any_html = any_html || !str_null(all->at[i].html);
	for (size_t i = 0; i < all->n; i++) {
		const struct shown *s = &all->at[i];
		struct str t = s->text;

		if (str_null(t) || (str_trim(t).n == 0 && !str_null(s->html)))
			t = html_to_text(p->a, s->html);
		if (text.n && t.n)
			buf_addz(&text, text.p[text.n - 1] == '\n' ? "\n" : "\n\n");
		buf_adds(&text, t);
		if (any_html)
			buf_adds(&html, str_null(s->html) ? html_from_text(p->a, s->text) : s->html);
	}
	m->text = arena_str(p->a, buf_str(&text));
	size_t n = mime_reply_end(m->text);
	m->reply = str_sub(m->text, 0, n);
	m->quoted = str_from(m->text, n);
	if (text.full || html.full)
		defect(p, "text-cut");
	if (!any_html)
		return;
	struct html_result r = html_clean(p->a, buf_str(&html),
	                                  &(struct html_options){ .keep_cid = true, .max_output = p->l.text });
	if (r.truncated)
		defect(p, "html-cut");
	m->html = r.html;
	m->html_quoted_at = r.quoted_at;
	m->html_quoted_end = r.quoted_end;
	m->html_remote_images = r.remote_images;
}

/* LF only; `to` may be `from`. */
static size_t to_lf(char *to, const char *from, size_t n)
{
	bool mac = !memchr(from, '\n', n); /* line ends of old Macs: no LF anywhere */
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		if (from[i] != '\r')
			to[at++] = from[i];
		else if (mac)
			to[at++] = '\n';
		else if (i + 1 == n || from[i + 1] != '\n')
			to[at++] = '\r';
	return at;
}

size_t mime_lf_in_place(char *p, size_t n)
{
	return n && memchr(p, '\r', n) ? to_lf(p, p, n) : n;
}

/* LF only, without the "From " line of an mbox. */
static struct str normalise(struct arena *a, struct str raw, bool is_lf)
{
	if (raw.n && !is_lf && memchr(raw.p, '\r', raw.n)) {
		char *p = arena_bytes(a, raw.n + 1);

		raw = (struct str){ p, to_lf(p, raw.p, raw.n) };
	}
	if (str_starts(raw, STR("From ")) || str_starts(raw, STR(">From "))) {
		size_t lf = str_find_byte(raw, '\n');
		raw = str_from(raw, lf == STR_NONE ? raw.n : lf + 1);
	}
	return raw;
}

static struct mime_limits defaults(const struct mime_limits *l)
{
	struct mime_limits d = l ? *l : (struct mime_limits){ 0 };

	d.message = d.message ? d.message : 64u << 20;
	d.header = d.header ? d.header : 100u << 10;
	d.field = d.field ? d.field : 32u << 10;
	d.depth = d.depth ? d.depth : 100;
	d.parts = d.parts ? d.parts : 1000;
	d.addresses = d.addresses ? d.addresses : 1000;
	d.ids = d.ids ? d.ids : 200;
	d.text = d.text ? d.text : 4u << 20;
	return d;
}

static bool nothing(const shown_vec *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (str_trim(all->at[i].text).n || str_trim(all->at[i].html).n)
			return false;
	return true;
}

static void find_inline_pgp(struct mail *m)
{
	if (m->crypto != MAIL_PLAIN)
		return;
	if (str_find(m->text, STR("-----BEGIN PGP MESSAGE-----")) != STR_NONE)
		m->crypto = MAIL_PGP_ENCRYPTED;
	else if (str_find(m->text, STR("-----BEGIN PGP SIGNED MESSAGE-----")) != STR_NONE)
		m->crypto = MAIL_PGP_SIGNED;
}

/* A bounce that names nobody is about the one it came back from. */
static void fallback_recipient(struct parser *p)
{
	struct mail_addrs to = { 0 };
	bool bad = false, cut = false;

	if (!p->m->bounce.is || !str_null(p->m->bounce.recipient) || str_null(p->returned_to))
		return;
	mime_addresses(p->a, p->returned_to, 2, &to, &bad, &cut);
	if (to.n == 1)
		p->m->bounce.recipient = to.at[0].addr;
}

enum rc mime_parse(struct arena *a, struct str raw, const struct mime_limits *l, struct mail *ret, struct err *err)
{
	struct parser *p = arena_new(a, struct parser);
	shown_vec all = { 0 };
	bool cut;

	*ret = (struct mail){ .text = STR(""), .reply = STR(""), .quoted = STR("") };
	p->a = a;
	p->l = defaults(l);
	p->m = ret;
	p->text_left = p->l.text;
	p->scan_left = raw.n * 12 + ((size_t)4 << 20);
	cut = raw.n > p->l.message;
	raw = normalise(a, str_sub(raw, 0, p->l.message), p->l.lf);
	if (str_trim(raw).n == 0)
		return fail_code(err, RC_INVALID, "empty", "This is an empty mail: there is nothing in it to read.");
	if (cut)
		defect(p, "message-cut");
	walk(p, raw, "text/plain", 0, &all);
	if (nothing(&all) && (p->wrapped.text.n || p->wrapped.html.n))
		*VEC_ADD(a, &all) = p->wrapped;
	if (all.n == 0 && (!str_null(p->named.text) || !str_null(p->named.html)))
		*VEC_ADD(a, &all) = p->named;
	show(p, &all);
	find_inline_pgp(ret);
	mime_find_bounce(a, ret);
	fallback_recipient(p);
	if (!ret->bounce.is)
		ret->bounce = (struct mail_bounce){ 0 };
	if (ret->bounce.is && str_null(ret->auto_reason))
		ret->auto_reason = STR("bounce");
	ret->files = p->files.at;
	ret->n_files = p->files.n;
	ret->defects = (struct mail_ids){ p->defects.at, p->defects.n };
	mark_inline(ret);
	return RC_OK;
}

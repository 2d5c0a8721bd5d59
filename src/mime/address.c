/* Lists of addresses as mails have them (RFC 5322 3.4 and its obsolete forms), read leniently and in one pass. */
#include "mime/private.h"

typedef VEC(struct mail_addr) addr_vec;

struct reader {
	struct arena *a;
	struct str s;
	size_t at;
	struct buf phrase, spec; /* the words before "<", and what is between "<" and ">" or stands alone */
	struct str comment;
	bool angled, in_angle, gap; /* gap: white space or a comment behind the last character of the address */
	bool second; /* "<a@x> <b@y>": the first is the address, as others read it, and nobody is believed */
};

/* At "(". */
static struct str read_comment(struct reader *r)
{
	size_t from = ++r->at, depth = 1;

	for (; r->at < r->s.n; r->at++) {
		char c = r->s.p[r->at];

		if (c == '\\')
			r->at++;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			break;
	}
	struct str s = str_sub(r->s, from, r->at - from);
	r->at++;
	return s;
}

/* At a quote. The text goes to the phrase; what stands in an address keeps its quotes. */
static void read_quoted(struct reader *r)
{
	size_t from = r->at++;
	struct buf *phrase = &r->phrase;

	if (!r->in_angle && phrase->n && phrase->p[phrase->n - 1] != ' ')
		buf_addc(phrase, ' ');
	for (; r->at < r->s.n && r->s.p[r->at] != '"'; r->at++) {
		if (r->s.p[r->at] == '\\' && r->at + 1 < r->s.n)
			r->at++;
		if (!r->in_angle)
			buf_addc(phrase, r->s.p[r->at]);
	}
	r->at++;
	r->gap = false;
	buf_adds(&r->spec, str_sub(r->s, from, r->at - from));
}

static bool plausible(struct str addr)
{
	size_t at = str_find_byte(addr, '@');

	if (at == STR_NONE || at == 0 || at + 1 >= addr.n || addr.n > 1000)
		return false;
	for (size_t i = 0; i < addr.n; i++)
		if ((unsigned char)addr.p[i] < ' ' || addr.p[i] == 0x7f)
			return false;
	return true;
}

static struct str lower_domain(struct arena *a, struct str addr)
{
	size_t at = addr.n;

	while (at > 0 && addr.p[at - 1] != '@')
		at--;
	return str_concat(a, str_sub(addr, 0, at), str_lower(a, str_from(addr, at)));
}

/* "Big Bug bb@bug.example", without the brackets: the name and, last, the one word that is an address. It is read for
 * people only: `bad` is set, so nobody is believed because of it. */
static struct str last_word(struct reader *r, struct str *name)
{
	struct str all = str_trim(buf_str(&r->phrase));
	size_t at = all.n, signs = 0;

	for (size_t i = 0; i < all.n; i++)
		signs += all.p[i] == '@';
	while (at > 0 && all.p[at - 1] != ' ')
		at--;
	if (r->angled || at == 0 || signs != 1)
		return STR_NULL;
	*name = str_trim(str_sub(all, 0, at));
	return str_from(all, at);
}

static void finish(struct reader *r, size_t max, addr_vec *v, bool *bad, bool *cut)
{
	struct str spec = buf_str(&r->spec), name = r->angled ? buf_str(&r->phrase) : STR("");
	bool wrong = false, comment = false;

	*bad = *bad || r->second;
	/* Routes are obsolete: <@a,@b:user@c> */
	if (r->angled && spec.n && spec.p[0] == '@' && str_find_byte(spec, ':') != STR_NONE)
		spec = str_from(spec, str_find_byte(spec, ':') + 1);
	if (!plausible(spec) && (spec.n || name.n)) {
		*bad = true;
		spec = last_word(r, &name);
		spec = plausible(spec) ? spec : STR_NULL;
	}
	if (!plausible(spec)) {
		;
	} else if (v->n >= max) {
		*cut = true;
	} else {
		bool is_8bit = false;

		for (size_t i = 0; i < spec.n; i++)
			is_8bit = is_8bit || (spec.p[i] & 0x80);
		if (is_8bit)
			spec = mime_to_utf8(r->a, spec, STR_NULL, 4096, &wrong);
		if (str_trim(name).n == 0 && r->comment.n && !r->angled) {
			name = r->comment;
			comment = true;
		}
		*VEC_ADD(r->a, v) = (struct mail_addr){ mime_text(r->a, name), lower_domain(r->a, spec), comment };
	}
	buf_clear(&r->phrase);
	buf_clear(&r->spec);
	r->comment = STR_NULL;
	r->angled = r->in_angle = r->gap = r->second = false;
}

/* Blank in a phrase is kept as one space; in an address it is nothing. */
static void blank(struct reader *r)
{
	struct buf *p = &r->phrase;

	r->gap = true;
	if (!r->angled && p->n && p->p[p->n - 1] != ' ')
		buf_addc(p, ' ');
}

/* "vic tim@x" is not victim@x: words of an address may be apart at dots and the @ only (RFC 5322 4.4). A control
 * character in the gap makes it implausible. */
static void put_spec(struct reader *r, char c)
{
	struct buf *s = &r->spec;

	if (r->gap && s->n && !strchr(".@", c) && !strchr(".@", s->p[s->n - 1]))
		buf_addc(s, '\1');
	r->gap = false;
	buf_addc(s, c);
}

void mime_addresses(struct arena *a, struct str raw, size_t max, struct mail_addrs *ret, bool *bad, bool *cut)
{
	struct reader r = { .a = a, .s = raw };
	addr_vec v = { ret->at, ret->n, ret->n };

	buf_init(&r.phrase, raw.n + 16);
	buf_init(&r.spec, raw.n + 16);
	while (r.at < raw.n) {
		char c = raw.p[r.at];

		if (c == '(') {
			struct str comment = read_comment(&r);

			r.comment = r.comment.n ? r.comment : comment;
			r.gap = true;
			continue;
		}
		if (c == '"') {
			read_quoted(&r);
			continue;
		}
		r.at++;
		if (c == '<' && r.angled && r.spec.n) {
			r.second = true;
			r.in_angle = false;
		} else if (c == '<') {
			buf_clear(&r.spec);
			r.in_angle = r.angled = true;
			r.gap = false;
		} else if (c == '>') {
			r.in_angle = false;
		} else if ((c == ',' || c == ';') && !(r.in_angle && r.spec.n && r.spec.p[0] == '@')) {
			finish(&r, max, &v, bad, cut);
		} else if (c == ':' && !r.in_angle && str_find_byte(buf_str(&r.spec), '@') == STR_NONE) {
			buf_clear(&r.phrase); /* the name of a group */
			buf_clear(&r.spec);
		} else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
			blank(&r);
		} else {
			if (!r.angled)
				buf_addc(&r.phrase, c);
			if (r.in_angle || !r.angled)
				put_spec(&r, c);
		}
	}
	finish(&r, max, &v, bad, cut);
	buf_release(&r.phrase);
	buf_release(&r.spec);
	ret->at = v.at;
	ret->n = v.n;
}

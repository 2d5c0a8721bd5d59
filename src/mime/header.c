/* Header fields: the block, encoded words (RFC 2047), parameters (RFC 2045, RFC 2231), dates (RFC 5322). */
#include "mime/private.h"

#define WORD_MAX   4096
#define PARAMS_MAX 64

/* ---- the block ---- */

/* Lines in a header that say nothing and do not end it: a continuation of nothing, a field without name, and the
 * envelope line of a mailbox file, which some programs leave below the fields they put on top. */
static bool is_noise(struct str line, bool first)
{
	return (first && (line.p[0] == ' ' || line.p[0] == '\t')) || line.p[0] == ':' ||
	       str_starts(line, STR("From ")) || str_starts(line, STR(">From "));
}

/* Length of the field name in front of the colon, 0 when the line is no field. */
static size_t name_length(struct str line)
{
	size_t n = 0, end;

	while (n < line.n && line.p[n] > ' ' && line.p[n] < 0x7f && line.p[n] != ':')
		n++;
	end = n;
	while (end < line.n && (line.p[end] == ' ' || line.p[end] == '\t'))
		end++;
	return n && end < line.n && line.p[end] == ':' ? n : 0;
}

void mime_fields_read(struct arena *a, struct str in, const struct mime_limits *l, mime_fields *ret, struct str *body,
                      bool *cut)
{
	size_t at = 0, total = 0;

	while (at < in.n) {
		size_t end = at, n;
		struct str line = str_sub(str_from(in, at), 0, str_find_byte(str_from(in, at), '\n'));

		if (line.n == 0) {
			at++;
			break;
		}
		n = name_length(line);
		if (n == 0 && !is_noise(line, at == 0))
			break; /* no blank line: the body begins here */
		do {           /* with its continuation lines */
			size_t lf = str_find_byte(str_from(in, end), '\n');

			end = lf == STR_NONE ? in.n : end + lf + 1;
		} while (end < in.n && (in.p[end] == ' ' || in.p[end] == '\t'));
		struct str field = str_sub(in, at, end - at - (in.p[end - 1] == '\n'));
		if (n == 0) {
			struct str next = str_from(in, end);

			if (name_length(str_sub(next, 0, str_find_byte(next, '\n'))) == 0)
				break; /* the body, then: nothing of it is lost */
			at = end;
			continue;
		}
		struct str value = str_from(field, str_find_byte(field, ':') + 1);
		at = end;
		if (total + field.n > l->header) {
			*cut = true;
			continue;
		}
		total += field.n;
		if (value.n > l->field) {
			*cut = true;
			value.n = l->field;
		}
		*VEC_ADD(a, ret) = (struct mime_field){ str_sub(field, 0, n), value };
	}
	*body = str_from(in, at);
}

struct str mime_field(const mime_fields *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (str_eq_nocase(f->at[i].name, str_of(name)))
			return f->at[i].value;
	return STR_NULL;
}

/* ---- encoded words ---- */

struct word {
	struct str charset, text;
	bool q;
	size_t len;
};

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* "=?charset?Q?text?=" at the start of s. Spaces in the text are wrong and tolerated within one line. */
static bool read_word(struct str s, struct word *ret)
{
	size_t c, e, end;

	if (!str_starts(s, STR("=?")))
		return false;
	s = str_sub(s, 0, WORD_MAX);
	c = str_find_byte(str_from(s, 2), '?');
	if (c == STR_NONE || c == 0)
		return false;
	e = 2 + c + 1;
	if (e + 2 >= s.n || s.p[e + 1] != '?' || !strchr("qQbB", s.p[e]) || !s.p[e])
		return false;
	end = str_find(str_from(s, e + 2), STR("?="));
	if (end == STR_NONE)
		return false;
	ret->charset = str_sub(s, 2, c);
	ret->charset = str_sub(ret->charset, 0, str_find_byte(ret->charset, '*')); /* language, RFC 2231 5 */
	ret->q = (s.p[e] | 32) == 'q';
	ret->text = str_sub(s, e + 2, end);
	ret->len = e + 2 + end + 2;
	for (size_t i = 0; i < ret->charset.n; i++)
		if (is_white(ret->charset.p[i]))
			return false;
	/* "=?utf-8?q?=?=": the text is "=" */
	if (ret->q && ret->text.n == 0 && str_starts(str_from(s, ret->len - 2), STR("?=?=")))
		ret->text.n = 2, ret->len += 2;
	return true;
}

static struct str word_bytes(struct arena *a, const struct word *w)
{
	if (!w->q)
		return mime_decode_body(a, w->text, STR("base64"));
	char *p = arena_alloc(a, w->text.n + 2);
	for (size_t i = 0; i < w->text.n; i++)
		p[i] = w->text.p[i] == '_' ? ' ' : w->text.p[i];
	p[w->text.n] = '.'; /* keeps a space at the end */
	struct str s = mime_decode_body(a, (struct str){ p, w->text.n + 1 }, STR("quoted-printable"));
	return str_sub(s, 0, s.n - 1);
}

static void put_raw(struct arena *a, struct buf *out, struct str s)
{
	bool bad = false;

	if (s.n)
		buf_adds(out, mime_to_utf8(a, s, STR_NULL, s.n * 3 + 3, &bad));
}

/* Neighbouring words of one character set are joined as bytes: some cut characters in two. */
static size_t put_words(struct arena *a, struct buf *out, struct str s)
{
	struct word w, next;
	size_t at = 0;
	bool bad = false;
	AUTO_BUF bytes;

	buf_init(&bytes, 1 << 20);
	if (!read_word(s, &w))
		return 0;
	buf_adds(&bytes, word_bytes(a, &w));
	at = w.len;
	for (;;) {
		size_t gap = at;

		while (gap < s.n && is_white(s.p[gap]))
			gap++;
		if (!read_word(str_from(s, gap), &next))
			break;
		if (!str_eq_nocase(next.charset, w.charset)) {
			buf_adds(out, mime_to_utf8(a, buf_str(&bytes), w.charset, bytes.n * 4 + 8, &bad));
			buf_clear(&bytes);
		}
		w = next;
		buf_adds(&bytes, word_bytes(a, &w));
		at = gap + w.len;
	}
	buf_adds(out, mime_to_utf8(a, buf_str(&bytes), w.charset, bytes.n * 4 + 8, &bad));
	return at;
}

static bool is_unwanted(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029;
}

struct str mime_text(struct arena *a, struct str raw)
{
	AUTO_BUF b, clean;
	size_t from = 0, n;

	buf_init(&b, raw.n * 8 + 64);
	buf_init(&clean, raw.n * 8 + 64);
	for (size_t i = 0; i + 1 < raw.n; i++) {
		if (raw.p[i] != '=' || raw.p[i + 1] != '?')
			continue;
		size_t before = b.n;
		struct str gap = str_sub(raw, from, i - from);
		put_raw(a, &b, gap);
		if (!(n = put_words(a, &b, str_from(raw, i)))) {
			b.n = before;
			continue;
		}
		from = i + n;
		i = from - 1;
	}
	put_raw(a, &b, str_from(raw, from));
	struct str s = buf_str(&b);
	for (size_t at = 0; at < s.n;) {
		uint32_t c = str_utf8_next(s, &at);

		bool fold = c == '\n' || c == '\r'; /* unfolding takes the line end only, RFC 5322 2.2.3 */
		if (!is_unwanted(c))
			buf_add_utf8(&clean, c);
		else if (c == '\t' || c >= 0x2028 || (fold && at < s.n && !is_white(s.p[at])))
			buf_addc(&clean, ' ');
	}
	return str_trim(mime_nfc(a, arena_str(a, buf_str(&clean))));
}

/* ---- parameters ---- */

static void skip_white(struct str *s)
{
	while (s->n && is_white(s->p[0]))
		*s = str_from(*s, 1);
}

static struct str read_quoted(struct arena *a, struct str *s)
{
	char *p = arena_alloc(a, s->n + 1);
	size_t n = 0, i = 1;

	for (; i < s->n && s->p[i] != '"'; i++) {
		if (s->p[i] == '\\' && i + 1 < s->n)
			i++;
		if (s->p[i] != '\n' && s->p[i] != '\r')
			p[n++] = s->p[i];
	}
	*s = str_from(*s, i + 1);
	return (struct str){ p, n };
}

struct piece {
	struct str name, value;
	int index; /* -1: not numbered */
	bool pct;
};

static struct piece split_name(struct str name, struct str value)
{
	struct piece p = { .name = name, .value = value, .index = -1 };
	size_t star;
	int64_t n;

	if (str_ends(name, STR("*"))) {
		p.pct = true;
		p.name.n--;
	}
	star = str_find_byte(p.name, '*');
	if (star != STR_NONE && str_to_i64(str_from(p.name, star + 1), &n) == RC_OK && n >= 0 && n < PARAMS_MAX) {
		p.index = (int)n;
		p.name.n = star;
	}
	return p;
}

static struct str unpercent(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		struct str two = str_sub(s, i + 1, 2);
		unsigned v = 0;

		if (s.p[i] == '%' && two.n == 2 && sscanf((char[3]){ two.p[0], two.p[1], 0 }, "%2x", &v) == 1 &&
		    two.p[0] > ' ') {
			p[n++] = (char)v;
			i += 2;
		} else {
			p[n++] = s.p[i];
		}
	}
	return (struct str){ p, n };
}

/* Puts the pieces of one name together in the order of their numbers. */
static struct str join(struct arena *a, const struct piece *all, size_t n, struct str name)
{
	struct str bytes = STR(""), charset = STR_NULL;
	bool any = false, bad = false, pct = false;

	for (int want = -1; want < PARAMS_MAX; want++)
		for (size_t i = 0; i < n; i++) {
			struct str v = all[i].value;

			if (all[i].index != want || !str_eq_nocase(all[i].name, name) || (want == -1 && any))
				continue;
			if (all[i].pct) {
				size_t q1 = str_find_byte(v, '\''),
				       q2 = q1 == STR_NONE ? STR_NONE : str_find_byte(str_from(v, q1 + 1), '\'');

				if (want <= 0 && q2 != STR_NONE) {
					charset = str_sub(v, 0, q1);
					v = str_from(v, q1 + q2 + 2);
				}
				v = unpercent(a, v);
				pct = true;
			}
			bytes = str_concat(a, bytes, v);
			any = true;
		}
	if (pct)
		return mime_text(a, mime_to_utf8(a, bytes, charset, 8192, &bad));
	return mime_text(a, str_sub(bytes, 0, 8192));
}

/* An unquoted value ends at ";"; names of files are written with spaces all the same. */
static struct str read_plain(struct str *s)
{
	size_t end = str_find_byte(*s, ';');
	struct str v = str_trim(str_sub(*s, 0, end));

	*s = str_from(*s, end == STR_NONE ? s->n : end);
	return v;
}

struct mime_value mime_value_parse(struct arena *a, struct str raw)
{
	struct piece pieces[PARAMS_MAX];
	size_t n = 0, semi = str_find_byte(raw, ';');
	struct mime_value v = { .value = str_lower(a, str_trim(str_sub(raw, 0, semi))) };
	struct str s = str_from(raw, semi == STR_NONE ? raw.n : semi + 1);

	while (s.n && n < PARAMS_MAX) {
		skip_white(&s);
		size_t eq = 0;
		while (eq < s.n && s.p[eq] != '=' && s.p[eq] != ';')
			eq++;
		if (eq == s.n || s.p[eq] == ';') {
			s = str_from(s, eq + 1);
			continue;
		}
		struct str name = str_trim(str_sub(s, 0, eq)), value;
		s = str_from(s, eq + 1);
		skip_white(&s);
		if (s.n && s.p[0] == '"') {
			value = read_quoted(a, &s);
			read_plain(&s);
		} else {
			value = read_plain(&s);
		}
		s = str_from(s, 1);
		pieces[n++] = split_name(name, value);
	}
	v.params = arena_array(a, struct mime_param, n ? n : 1);
	for (size_t i = 0; i < n; i++) {
		if (!str_null(mime_param(&v, str_z(a, pieces[i].name))))
			continue;
		v.params[v.n_params++] = (struct mime_param){ pieces[i].name, join(a, pieces, n, pieces[i].name) };
	}
	return v;
}

struct str mime_param(const struct mime_value *v, const char *name)
{
	for (size_t i = 0; i < v->n_params; i++)
		if (str_eq_nocase(v->params[i].name, str_of(name)))
			return v->params[i].value;
	return STR_NULL;
}

/* ---- dates ---- */

static int zone_minutes(struct str z)
{
	static const struct {
		const char *name;
		int minutes;
	} zones[] = {
		{"EST",   -300},
                { "EDT",  -240},
                { "CST",  -360},
                { "CDT",  -300},
                { "MST",  -420},
                { "MDT",  -360},
		{ "PST",  -480},
                { "PDT",  -420},
                { "CET",  60  },
                { "CEST", 120 },
                { "MET",  60  },
                { "BST",  60  }
	};
	int64_t n;

	if (z.n == 5 && (z.p[0] == '+' || z.p[0] == '-') && str_to_i64(str_from(z, 1), &n) == RC_OK && n >= 0 &&
	    n <= 1400)
		return (int)(n / 100 * 60 + n % 100) * (z.p[0] == '-' ? -1 : 1);
	for (size_t i = 0; i < COUNT(zones); i++)
		if (str_eq_nocase(z, str_of(zones[i].name)))
			return zones[i].minutes;
	return 0;
}

static int month_number(struct str s)
{
	static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	for (int i = 0; i < 12 && s.n >= 3; i++)
		if (str_eq_nocase(str_sub(s, 0, 3), (struct str){ months + (size_t)i * 3, 3 }))
			return i + 1;
	return 0;
}

static bool read_time(struct str s, struct civil *c)
{
	struct str part;
	int64_t v[3] = { 0 };
	size_t n = 0;

	while (n < 3 && str_cut(&s, ':', &part))
		if (str_to_i64(str_sub(part, 0, 2), &v[n++]) != RC_OK)
			return false;
	c->hour = (int)v[0];
	c->minute = (int)v[1];
	c->second = v[2] > 59 ? 59 : (int)v[2];
	return n >= 2 && v[0] >= 0 && v[0] < 24 && v[1] >= 0 && v[1] < 60 && v[2] >= 0;
}

struct instant mime_date(struct str raw)
{
	struct civil c = { .day = 0 };
	struct str s = str_sub(raw, 0, 200);
	bool timed = false;
	int zone = 0;

	while (s.n) {
		size_t n = 0;
		int64_t v;

		while (n < s.n && !is_white(s.p[n]) && s.p[n] != ',' && s.p[n] != '(')
			n++;
		struct str w = str_sub(s, 0, n);
		if (n < s.n && s.p[n] == '(')
			s = STR_NULL;
		else
			s = str_from(s, n + 1);
		if (str_find_byte(w, ':') != STR_NONE && !timed)
			timed = read_time(w, &c);
		else if (str_to_i64(w, &v) == RC_OK && w.n <= 2 && !c.day)
			c.day = (int)v;
		else if (str_to_i64(w, &v) == RC_OK && v >= 0 && w.n <= 4 && w.p[0] != '+' && w.p[0] != '-' && c.day &&
		         !c.year)
			c.year = (int)(v < 50 ? v + 2000 : v < 1000 ? v + 1900 : v);
		else if (!c.month && month_number(w))
			c.month = month_number(w);
		else if (timed && w.n)
			zone = zone_minutes(w);
	}
	if (!timed || c.day < 1 || c.day > 31 || !c.month || c.year < 1970 || c.year > 9999)
		return (struct instant){ 0 };
	return time_add(time_from_civil(&c), -(int64_t)zone * MINUTE_US);
}

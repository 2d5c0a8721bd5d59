/* Finding what is personal in a text, one pass from left to right. */
#include "kb/scrub.h"
#include "util/buf.h"

const char *kb_private_mark(enum kb_private_kind k)
{
	static const char *const mark[] = { "",         "[name]", "[mail address]", "[phone number]", "[IP address]",
		                            "[secret]", "[site]" };

	return (size_t)k < COUNT(mark) ? mark[k] : "";
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool word(char c)
{
	return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80 || c == '_';
}

static bool local(char c) /* of a mail address */
{
	return word(c) || strchr(".!#$%&'*+/=?^`{|}~-", c) != NULL;
}

static bool at_word_end(struct str s, size_t i)
{
	return i >= s.n || !word(s.p[i]);
}

/* ---- each says how many bytes at `i` are such a thing, 0 when none ---- */

/* A part of a host name: a word follows the dot, or an address stands before it. */
static bool in_host(struct str s, size_t i, size_t n)
{
	return (i && strchr(".@/", s.p[i - 1])) || (i + n + 1 < s.n && s.p[i + n] == '.' && word(s.p[i + n + 1]));
}

static size_t known_at(struct str s, size_t i, const struct kb_known *known, size_t n, enum kb_private_kind *kind)
{
	size_t best = 0;

	if (i && word(s.p[i - 1]) && word(s.p[i]))
		return 0;
	for (size_t k = 0; k < n; k++) {
		struct str t = known[k].text;

		if (t.n >= 3 && t.n > best && (known[k].kind != KB_NAME || !in_host(s, i, t.n)) &&
		    str_eq_nocase(str_sub(s, i, t.n), t) && at_word_end(s, i + t.n)) {
			best = t.n;
			*kind = known[k].kind;
		}
	}
	return best;
}

static size_t email_at(struct str s, size_t i)
{
	size_t at = i, end, dot = 0;

	if (i && local(s.p[i - 1]))
		return 0;
	while (at < s.n && local(s.p[at]))
		at++;
	if (at == i || at >= s.n || s.p[at] != '@')
		return 0;
	for (end = at + 1; end < s.n && (word(s.p[end]) || s.p[end] == '-' || s.p[end] == '.'); end++)
		if (s.p[end] == '.' && end > at + 1 && end + 1 < s.n && word(s.p[end + 1]))
			dot = end;
	while (end > at + 1 && (s.p[end - 1] == '.' || s.p[end - 1] == '-'))
		end--;
	return dot ? end - i : 0;
}

static size_t ip4_at(struct str s, size_t i)
{
	size_t p = i;

	if (i && (word(s.p[i - 1]) || s.p[i - 1] == '.'))
		return 0;
	for (int part = 0; part < 4; part++) {
		int v = 0, n = 0;

		if (part && (p >= s.n || s.p[p++] != '.'))
			return 0;
		for (; p < s.n && digit(s.p[p]) && n < 4; p++, n++)
			v = v * 10 + (s.p[p] - '0');
		if (!n || n > 3 || v > 255)
			return 0;
	}
	/* 1.2.3.4.5 is a version */
	return at_word_end(s, p) && !(p + 1 < s.n && s.p[p] == '.' && digit(s.p[p + 1])) ? p - i : 0;
}

static size_t ip6_at(struct str s, size_t i)
{
	size_t p = i, groups = 0, in = 0, digits = 0;
	bool gap = false;

	if (i && (word(s.p[i - 1]) || s.p[i - 1] == ':'))
		return 0;
	for (; p < s.n; p++) {
		char c = s.p[p];

		if (digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
			digits += digit(c);
			if (!in++)
				groups++;
			if (in > 4)
				return 0;
		} else if (c == ':') {
			if (p > i && s.p[p - 1] == ':') {
				if (gap)
					return 0;
				gap = true;
			}
			in = 0;
		} else {
			break;
		}
	}
	while (p > i && s.p[p - 1] == ':' && !(p > i + 1 && s.p[p - 2] == ':'))
		p--;
	return digits && at_word_end(s, p) && ((groups == 8 && !gap) || (gap && groups >= 2 && groups < 8)) ? p - i : 0;
}

/* A plus and 7 digits or more, or 9 and more with blanks, hyphens, dots or brackets between them: no date, no time, no
 * part of a name or an address. */
static size_t phone_at(struct str s, size_t i)
{
	bool plus = s.p[i] == '+';
	size_t p = i + (plus ? 1 : 0), digits = 0, last = 0, gaps = 0, seen = 0;

	if ((!plus && !digit(s.p[i]) && s.p[i] != '(') || (i && (word(s.p[i - 1]) || strchr("+-./=:@#?&", s.p[i - 1]))))
		return 0;
	for (; p < s.n && p - i < 30; p++) {
		if (digit(s.p[p])) {
			digits++;
			last = p + 1;
			gaps = seen; /* before a digit */
		} else if (strchr(" ()-./", s.p[p]) && s.p[p]) {
			seen += s.p[p] != '(' && s.p[p] != ')';
			if (p + 1 < s.n && strchr(" .-/", s.p[p]) && strchr(" .-/", s.p[p + 1]) && s.p[p + 1])
				break;
		} else {
			break;
		}
	}
	if (!at_word_end(s, last) || digits > 15)
		return 0;
	if (plus)
		return digits >= 7 ? last - i : 0;
	/* 2026-11-23 10:04 and 1.2.3 are none: dates have eight digits in groups of four, two, two */
	return digits >= 9 && gaps >= 1 &&
	                       !(digit(s.p[i]) && i + 4 < s.n && s.p[i + 4] == '-' && digits > 7 && i + 7 < s.n &&
	                         s.p[i + 7] == '-')
	               ? last - i
	               : 0;
}

static bool secret_name(struct str name)
{
	static const char *const part[] = { "token", "key", "sig", "secret", "session", "pass",  "auth",  "code",
		                            "hash",  "sid", "jwt", "ticket", "nonce",   "state", "login", "user" };

	for (size_t k = 0; k < COUNT(part); k++)
		if (str_find_nocase(name, str_of(part[k])) != STR_NONE)
			return true;
	return false;
}

/* 20 and more letters and digits mixed, as no word is. */
static bool random_looking(struct str v)
{
	size_t digits = 0, letters = 0;

	for (size_t i = 0; i < v.n; i++) {
		digits += digit(v.p[i]);
		letters += word(v.p[i]) && !digit(v.p[i]);
	}
	return v.n >= 20 && digits >= 3 && letters >= 3 && digits + letters + 4 >= v.n;
}

/* The value of a parameter of a link, when `i` stands right behind its "=". */
static size_t secret_at(struct str s, size_t i)
{
	size_t from = i, end = i;

	if (!i || s.p[i - 1] != '=')
		return 0;
	for (from = i - 1; from && (word(s.p[from - 1]) || s.p[from - 1] == '-'); from--)
		;
	if (!from || !strchr("?&;#", s.p[from - 1]))
		return 0;
	while (end < s.n && (word(s.p[end]) || strchr("-._~%+/:", s.p[end])))
		end++;
	while (end > i && strchr(".:", s.p[end - 1]))
		end--;
	struct str value = str_sub(s, i, end - i);

	return value.n && (secret_name(str_sub(s, from, i - 1 - from)) || random_looking(value)) ? value.n : 0;
}

/* user:password@ behind :// */
static size_t userinfo_at(struct str s, size_t i)
{
	size_t end = i;

	if (i < 3 || memcmp(s.p + i - 3, "://", 3) != 0)
		return 0;
	while (end < s.n && (unsigned char)s.p[end] > ' ' && !strchr("/?#<>\"", s.p[end])) {
		if (s.p[end] == '@')
			return end - i;
		end++;
	}
	return 0;
}

/* ---- */

struct scrubbing {
	struct arena *a;
	const struct str *keep;
	size_t n_keep;
	struct kb_removal *at;
	size_t n;
};

/* True: it goes. */
static bool note(struct scrubbing *x, enum kb_private_kind kind, struct str text)
{
	bool kept = false;
	size_t i = 0;

	for (size_t k = 0; k < x->n_keep && !kept; k++)
		kept = str_eq(x->keep[k], text);
	while (i < x->n && !(x->at[i].kind == kind && str_eq(x->at[i].text, text)))
		i++;
	if (i == x->n && x->n < KB_REMOVALS)
		x->at[x->n++] = (struct kb_removal){ kind, arena_str(x->a, text), 0, kept };
	else if (i == x->n)
		i--, kept = false;
	x->at[i].times++;
	return !kept;
}

void kb_scrub(struct arena *a, struct str text, const struct kb_known *known, size_t n_known, const struct str *keep,
              size_t n_keep, struct str *ret, struct kb_removal **ret_removed, size_t *ret_n)
{
	struct scrubbing x = {
		.a = a, .keep = keep, .n_keep = n_keep, .at = arena_array(a, struct kb_removal, KB_REMOVALS)
	};
	AUTO_BUF b;

	buf_init(&b, 4 * text.n + 1024);
	for (size_t i = 0; i < text.n;) {
		enum kb_private_kind kind = KB_SECRET;
		size_t n = userinfo_at(text, i);

		if (!n)
			n = secret_at(text, i);
		if (!n && (n = email_at(text, i)))
			kind = KB_EMAIL;
		if (!n)
			n = known_at(text, i, known, n_known, &kind);
		if (!n && ((n = ip4_at(text, i)) || (n = ip6_at(text, i))))
			kind = KB_IP;
		if (!n && (n = phone_at(text, i)))
			kind = KB_PHONE;
		if (!n) {
			buf_addc(&b, text.p[i++]);
			continue;
		}
		struct str found = str_sub(text, i, n);

		if (note(&x, kind, found))
			buf_addz(&b, kb_private_mark(kind));
		else
			buf_adds(&b, found);
		i += n;
	}
	*ret = arena_str(a, buf_str(&b));
	*ret_removed = x.at;
	*ret_n = x.n;
}

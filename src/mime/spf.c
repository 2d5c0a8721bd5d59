/* SPF (RFC 7208): may this address send for that domain? Evaluated from the start with the facts there are; the first
 * missing one ends it with WAIT. "ptr" never matches (RFC 7208 5.5 asks nobody to publish it); "exp" is not fetched. */
#include "mime/origin_private.h"
#include <arpa/inet.h>

#define LOOKUPS_MAX 10 /* 4.6.4 */
#define VOIDS_MAX   2
#define TERMS_MAX   200

struct spf {
	struct origin_run *r;
	struct str ip, helo, sender; /* sender: local@domain */
	int lookups, voids;
};

struct term {
	char qualifier;
	struct str name, spec; /* spec: after ":" or "=" */
	bool modifier;
	int cidr4, cidr6; /* -1: not said */
};

static enum origin_spf check_host(struct spf *s, struct str domain, int depth);

/* ---- macros (7) ---- */

static struct str domain_of(struct str sender)
{
	size_t at = str_find_byte(sender, '@');

	return at == STR_NONE ? sender : str_from(sender, at + 1);
}

static struct str dotted_ip(struct arena *a, struct str ip)
{
	AUTO_BUF b;

	buf_init(&b, 100);
	if (ip.n == 4) {
		for (int i = 0; i < 4; i++)
			buf_addf(&b, "%s%d", i ? "." : "", (unsigned char)ip.p[i]);
	} else {
		for (size_t i = 0; i < ip.n; i++)
			buf_addf(&b, "%s%x.%x", i ? "." : "", (unsigned char)ip.p[i] >> 4, ip.p[i] & 15);
	}
	return arena_str(a, buf_str(&b));
}

static bool macro_value(struct spf *s, char letter, struct str domain, struct str *ret)
{
	size_t at = str_find_byte(s->sender, '@');

	switch (letter | 32) {
	case 's':
		*ret = s->sender;
		return true;
	case 'l':
		*ret = str_sub(s->sender, 0, at);
		return true;
	case 'o':
		*ret = domain_of(s->sender);
		return true;
	case 'd':
		*ret = domain;
		return true;
	case 'i':
		*ret = dotted_ip(s->r->a, s->ip);
		return true;
	case 'p':
		*ret = STR("unknown");
		return true;
	case 'v':
		*ret = s->ip.n == 4 ? STR("in-addr") : STR("ip6");
		return true;
	case 'h':
		*ret = s->helo.n ? s->helo : STR("unknown");
		return true;
	default:
		return false;
	}
}

/* Splits at the delimiters, reverses, keeps the last `keep` parts, joins with dots. */
static void transform(struct arena *a, struct buf *out, struct str v, int keep, bool reverse, struct str delimiters)
{
	VEC(struct str) part = { 0 };
	size_t from = 0;

	for (size_t i = 0; i <= v.n; i++)
		if (i == v.n || str_find_byte(delimiters, v.p[i]) != STR_NONE) {
			*VEC_ADD(a, &part) = str_sub(v, from, i - from);
			from = i + 1;
		}
	size_t n = keep > 0 && (size_t)keep < part.n ? (size_t)keep : part.n;
	for (size_t i = part.n - n; i < part.n; i++) {
		if (i > part.n - n)
			buf_addc(out, '.');
		buf_adds(out, part.at[reverse ? part.n - 1 - i : i]);
	}
}

/* "{d2r-}" behind the "%"; returns its length, 0 when it is none. */
static size_t macro(struct spf *s, struct buf *out, struct str m, struct str domain)
{
	size_t i = 2, end = str_find_byte(m, '}');
	struct str v;
	int keep = 0;
	bool reverse = false, digits = false;

	if (m.n < 3 || m.p[0] != '{' || end == STR_NONE || end < 2 || !macro_value(s, m.p[1], domain, &v))
		return 0;
	for (; i < end && m.p[i] >= '0' && m.p[i] <= '9' && keep < 1000; i++, digits = true)
		keep = keep * 10 + (m.p[i] - '0');
	if (digits && keep == 0)
		return 0;
	if (i < end && (m.p[i] | 32) == 'r') {
		reverse = true;
		i++;
	}
	struct str delimiters = str_sub(m, i, end - i);
	for (size_t k = 0; k < delimiters.n; k++)
		if (!strchr(".-+,/_=", delimiters.p[k]))
			return 0;
	/* Reversal is of the whole, then the right-most are kept: transform() counts from the end of what it prints. */
	struct arena *a = s->r->a;
	if (reverse) {
		AUTO_BUF b;

		buf_init(&b, 2000);
		transform(a, &b, v, 0, true, delimiters.n ? delimiters : STR("."));
		transform(a, out, arena_str(a, buf_str(&b)), keep, false, STR("."));
	} else {
		transform(a, out, v, keep, false, delimiters.n ? delimiters : STR("."));
	}
	return end + 1;
}

/* False: a syntax error. The result may still be no name to ask for. */
static bool expand(struct spf *s, struct str spec, struct str domain, struct str *ret)
{
	AUTO_BUF b;

	buf_init(&b, 4000);
	for (size_t i = 0; i < spec.n; i++) {
		char next = i + 1 < spec.n ? spec.p[i + 1] : 0;
		size_t n;

		if (spec.p[i] != '%') {
			buf_addc(&b, spec.p[i]);
		} else if (next == '%' || next == '_' || next == '-') {
			buf_addz(&b, next == '%' ? "%" : next == '_' ? " " : "%20");
			i++;
		} else if ((n = macro(s, &b, str_from(spec, i + 1), domain))) {
			i += n;
		} else {
			return false;
		}
	}
	struct str d = str_lower(s->r->a, buf_str(&b));
	if (d.n && d.p[d.n - 1] == '.')
		d.n--;
	while (d.n > 253) { /* labels are dropped from the left (7.3) */
		size_t dot = str_find_byte(d, '.');

		if (dot == STR_NONE)
			break;
		d = str_from(d, dot + 1);
	}
	*ret = d;
	return true;
}

/* ---- terms (4.6, 5, 6) ---- */

static bool number(struct str s, int max, int *ret)
{
	int64_t v;

	if (s.n == 0 || s.n > 3 || (s.n > 1 && s.p[0] == '0') || s.p[0] == '-' || str_to_i64(s, &v) != RC_OK || v > max)
		return false;
	*ret = (int)v;
	return true;
}

/* Takes "/n//m" off the end of the argument. */
static bool cidrs(struct term *t)
{
	size_t two = str_find(t->spec, STR("//")), one;

	if (two != STR_NONE) {
		if (!number(str_from(t->spec, two + 2), 128, &t->cidr6))
			return false;
		t->spec = str_sub(t->spec, 0, two);
	}
	one = str_find_byte(t->spec, '/');
	if (one != STR_NONE) {
		if (!number(str_from(t->spec, one + 1), 32, &t->cidr4))
			return false;
		t->spec = str_sub(t->spec, 0, one);
	}
	return true;
}

static bool is_network(struct term *t, int family)
{
	unsigned char bytes[16];
	char z[64];
	size_t slash = str_find_byte(t->spec, '/');
	struct str ip = str_sub(t->spec, 0, slash);

	if (ip.n >= sizeof(z))
		return false;
	memcpy(z, ip.p, ip.n);
	z[ip.n] = 0;
	if (inet_pton(family, z, bytes) != 1)
		return false;
	return slash == STR_NONE || number(str_from(t->spec, slash + 1), family == AF_INET ? 32 : 128,
	                                   family == AF_INET ? &t->cidr4 : &t->cidr6);
}

static bool read_term(struct str word, struct term *t)
{
	size_t n = 0;

	*t = (struct term){ .qualifier = '+', .cidr4 = -1, .cidr6 = -1 };
	if (strchr("+-?~", word.p[0])) {
		t->qualifier = word.p[0];
		word = str_from(word, 1);
	}
	while (n < word.n &&
	       ((word.p[n] | 32) >= 'a' ? (word.p[n] | 32) <= 'z'
	                                : 0 || (word.p[n] >= '0' && word.p[n] <= '9') || strchr("-_.", word.p[n])))
		n++;
	t->name = str_sub(word, 0, n);
	t->modifier = n < word.n && word.p[n] == '=';
	if (n == 0 || (n < word.n && !strchr(":/=", word.p[n])))
		return false;
	t->spec = str_from(word, n < word.n && word.p[n] != '/' ? n + 1 : n);
	bool said = n < word.n && word.p[n] == ':';
	if (t->modifier)
		return true;
	if (str_eq_nocase(t->name, STR("all")))
		return n == word.n;
	if (str_eq_nocase(t->name, STR("include")) || str_eq_nocase(t->name, STR("exists")))
		return said && t->spec.n > 0;
	if (str_eq_nocase(t->name, STR("ip4")))
		return said && is_network(t, AF_INET);
	if (str_eq_nocase(t->name, STR("ip6")))
		return said && is_network(t, AF_INET6);
	if (str_eq_nocase(t->name, STR("ptr")))
		return !said || t->spec.n > 0;
	if (str_eq_nocase(t->name, STR("a")) || str_eq_nocase(t->name, STR("mx")))
		return cidrs(t) && (!said || t->spec.n > 0);
	return false;
}

/* ---- matching ---- */

static bool in_network(struct str ip, struct str net, int bits)
{
	if (ip.n != net.n)
		return false;
	for (size_t i = 0; i < ip.n && bits > 0; i++, bits -= 8) {
		unsigned mask = bits >= 8 ? 0xff : 0xff00u >> bits & 0xff;

		if (((unsigned char)ip.p[i] & mask) != ((unsigned char)net.p[i] & mask))
			return false;
	}
	return true;
}

enum match { NO, YES, MATCH_WAIT, MATCH_TEMP, MATCH_PERM };

static enum match look(struct spf *s, struct str name, enum dns_type type, struct dns_found *ret)
{
	*ret = (struct dns_found){ DNS_VOID, NULL, 0 };
	if (dns_name_ok(name))
		*ret = origin_look(s->r, name, type);
	if (ret->state == DNS_UNKNOWN)
		return MATCH_WAIT;
	if (ret->state == DNS_SILENT)
		return MATCH_TEMP;
	if (ret->state == DNS_VOID && ++s->voids > VOIDS_MAX)
		return MATCH_PERM;
	return ret->state == DNS_FOUND ? YES : NO;
}

static enum match by_address(struct spf *s, struct str name, const struct term *t)
{
	struct dns_found f;
	enum match m = look(s, name, s->ip.n == 4 ? DNS_A : DNS_AAAA, &f);
	int bits = s->ip.n == 4 ? (t->cidr4 < 0 ? 32 : t->cidr4) : t->cidr6 < 0 ? 128 : t->cidr6;

	if (m != YES)
		return m;
	for (size_t i = 0; i < f.n; i++)
		if (in_network(s->ip, f.at[i], bits))
			return YES;
	return NO;
}

static enum match by_mx(struct spf *s, struct str name, const struct term *t)
{
	struct dns_found f;
	enum match m = look(s, name, DNS_MX, &f), worst = NO;

	if (m != YES)
		return m;
	if (f.n > LOOKUPS_MAX)
		return MATCH_PERM;
	for (size_t i = 0; i < f.n; i++) {
		m = by_address(s, f.at[i], t);
		if (m == YES || m == MATCH_PERM)
			return m;
		worst = m > worst ? m : worst; /* all that are missing are asked for in one go */
	}
	return worst;
}

static enum match by_include(struct spf *s, struct str name, int depth)
{
	switch (check_host(s, name, depth + 1)) {
	case SPF_PASS:
		return YES;
	case SPF_WAIT:
		return MATCH_WAIT;
	case SPF_TEMPERROR:
		return MATCH_TEMP;
	case SPF_NONE:
	case SPF_PERMERROR:
		return MATCH_PERM;
	default:
		return NO;
	}
}

static enum match by_network(struct spf *s, const struct term *t, int family)
{
	struct str ip = str_sub(t->spec, 0, str_find_byte(t->spec, '/'));
	unsigned char bytes[16];

	if (inet_pton(family, str_z(s->r->a, ip), bytes) != 1)
		return MATCH_PERM;
	if (family == AF_INET)
		return in_network(s->ip, (struct str){ (char *)bytes, 4 }, t->cidr4 < 0 ? 32 : t->cidr4);
	return in_network(s->ip, (struct str){ (char *)bytes, 16 }, t->cidr6 < 0 ? 128 : t->cidr6);
}

static enum match matches(struct spf *s, const struct term *t, struct str domain, int depth)
{
	struct str name = domain;
	struct dns_found f;

	if (str_eq_nocase(t->name, STR("all")))
		return YES;
	if (str_eq_nocase(t->name, STR("ip4")))
		return by_network(s, t, AF_INET);
	if (str_eq_nocase(t->name, STR("ip6")))
		return by_network(s, t, AF_INET6);
	if (++s->lookups > LOOKUPS_MAX)
		return MATCH_PERM;
	if (t->spec.n && !expand(s, t->spec, domain, &name))
		return MATCH_PERM;
	if (str_eq_nocase(t->name, STR("include")))
		return by_include(s, name, depth);
	if (str_eq_nocase(t->name, STR("a")))
		return by_address(s, name, t);
	if (str_eq_nocase(t->name, STR("mx")))
		return by_mx(s, name, t);
	if (str_eq_nocase(t->name, STR("exists")))
		return look(s, name, DNS_A, &f);
	return NO; /* ptr */
}

static enum origin_spf of_qualifier(char c)
{
	return c == '-' ? SPF_FAIL : c == '~' ? SPF_SOFTFAIL : c == '?' ? SPF_NEUTRAL : SPF_PASS;
}

static enum origin_spf redirect_to(struct spf *s, struct str spec, struct str domain, int depth)
{
	struct str name;

	if (++s->lookups > LOOKUPS_MAX || !expand(s, spec, domain, &name))
		return SPF_PERMERROR;
	enum origin_spf r = check_host(s, name, depth + 1);
	return r == SPF_NONE ? SPF_PERMERROR : r;
}

static enum origin_spf evaluate(struct spf *s, struct str record, struct str domain, int depth)
{
	struct term *at = arena_array(s->r->a, struct term, TERMS_MAX);
	struct str word, redirect = STR_NULL;
	size_t n = 0;

	if (str_find_byte(record, 0) != STR_NONE)
		return SPF_PERMERROR;
	/* All of it must be well formed before any of it counts. */
	while (str_cut(&record, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (n == TERMS_MAX || !read_term(word, &at[n]))
			return SPF_PERMERROR;
		if (at[n].modifier && str_eq_nocase(at[n].name, STR("redirect"))) {
			if (redirect.p || at[n].spec.n == 0)
				return SPF_PERMERROR;
			redirect = at[n].spec;
		}
		n += !at[n].modifier;
	}
	for (size_t i = 0; i < n; i++)
		switch (matches(s, &at[i], domain, depth)) {
		case YES:
			return of_qualifier(at[i].qualifier);
		case MATCH_WAIT:
			return SPF_WAIT;
		case MATCH_TEMP:
			return SPF_TEMPERROR;
		case MATCH_PERM:
			return SPF_PERMERROR;
		case NO:
			break;
		}
	return redirect.p ? redirect_to(s, redirect, domain, depth) : SPF_NEUTRAL;
}

static enum origin_spf check_host(struct spf *s, struct str domain, int depth)
{
	struct dns_found f;
	struct str record = STR_NULL;

	if (!dns_name_ok(domain) || depth > LOOKUPS_MAX)
		return SPF_NONE;
	f = origin_look(s->r, domain, DNS_TXT);
	if (f.state == DNS_UNKNOWN || f.state == DNS_SILENT)
		return f.state == DNS_UNKNOWN ? SPF_WAIT : SPF_TEMPERROR;
	for (size_t i = 0; i < f.n; i++) {
		if (!str_starts_nocase(f.at[i], STR("v=spf1")) || (f.at[i].n > 6 && f.at[i].p[6] != ' '))
			continue;
		if (record.p)
			return SPF_PERMERROR;
		record = str_from(f.at[i], 6);
		record.p = record.p ? record.p : "";
	}
	return record.p ? evaluate(s, record, domain, depth) : SPF_NONE;
}

enum origin_spf spf_check(struct origin_run *r, struct str ip, struct str helo, struct str *domain)
{
	struct str from = str_lower(r->a, r->mail_from);
	size_t at = str_find_byte(from, '@');
	struct spf s = { .r = r, .ip = ip, .helo = str_lower(r->a, helo) };

	/* A mail from nobody is judged by the name its server gave (2.4). */
	if (at == STR_NONE || at == 0)
		s.sender = arena_strf(r->a, "postmaster@" STR_F,
		                      STR_A(at == STR_NONE ? s.helo : str_from(from, at + 1)));
	else
		s.sender = from;
	*domain = domain_of(s.sender);
	return check_host(&s, *domain, 0);
}

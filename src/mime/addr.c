/* Canonical addresses (S-15). Narrow on purpose: see addr.h. */
#include "mime/addr.h"
#include "util/buf.h"
#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>

static enum rc refuse(struct err *err, const char *why)
{
	return fail_code(err, RC_INVALID, "address",
	                 "This is not a usable mail address: %s. Write it like name@example.org.", why);
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool local_ok(struct str s)
{
	bool dot = true;

	if (s.n == 0 || s.n > 64 || str_find(s, STR("=?")) != STR_NONE)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '.' ? dot : !is_alnum(c) && !(c && strchr("!#$%&'*+-/=?^_`{|}~", c)))
			return false;
		dot = c == '.';
	}
	return !dot;
}

static bool label_ok(struct str l)
{
	for (size_t i = 0; i < l.n; i++)
		if (!is_alnum(l.p[i]) && l.p[i] != '-' && l.p[i] != '_')
			return false;
	return l.n > 0 && l.n <= 63 && l.p[0] != '-' && l.p[l.n - 1] != '-';
}

/* ---- A-labels: Punycode, RFC 3492 6.3 ---- */

static uint32_t adapt(uint32_t delta, uint32_t count, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / 700 : delta / 2;
	delta += delta / count;
	for (; delta > 455; k += 36)
		delta /= 35;
	return k + 36 * delta / (delta + 38);
}

static void put_delta(struct buf *out, uint32_t q, uint32_t bias)
{
	for (uint32_t k = 36;; k += 36) {
		uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias, d;

		if (q < t)
			break;
		d = t + (q - t) % (36 - t);
		buf_addc(out, (char)(d < 26 ? 'a' + d : '0' + d - 26));
		q = (q - t) / (36 - t);
	}
	buf_addc(out, (char)(q < 26 ? 'a' + q : '0' + q - 26));
}

static bool to_a_label(struct buf *out, struct str label)
{
	uint32_t cp[64], n = 128, delta = 0, bias = 72, count = 0, basic = 0, done;

	for (size_t at = 0; at < label.n;) {
		if (count == COUNT(cp))
			return false;
		cp[count++] = str_utf8_next(label, &at);
	}
	buf_addz(out, "xn--");
	for (uint32_t i = 0; i < count; i++)
		if (cp[i] < 128) {
			if (!is_alnum((char)cp[i]) && cp[i] != '-')
				return false;
			buf_addc(out, (char)cp[i]);
			basic++;
		}
	if (basic)
		buf_addc(out, '-');
	for (done = basic; done < count; delta++, n++) {
		uint32_t m = 0x10ffff;

		for (uint32_t i = 0; i < count; i++)
			if (cp[i] >= n && cp[i] < m)
				m = cp[i];
		delta += (m - n) * (done + 1);
		n = m;
		for (uint32_t i = 0; i < count; i++) {
			delta += cp[i] < n;
			if (cp[i] != n)
				continue;
			put_delta(out, delta, bias);
			bias = adapt(delta, done + 1, done == basic);
			delta = 0;
			done++;
		}
	}
	return true;
}

/* Only what NFKC and case folding leave alone becomes an A-label: full width letters and their kind are refused, not
 * folded into somebody else's domain. */
static bool is_stable(struct arena *a, struct str s)
{
	size_t n = 0;
	uint8_t *p = u8_casefold((const uint8_t *)s.p, s.n, NULL, UNINORM_NFKC, NULL, &n);
	bool same = p && str_eq((struct str){ (const char *)p, n }, s);

	free(p);
	for (size_t at = 0; at < s.n && same;) {
		uint32_t c = str_utf8_next(s, &at);

		same = !(c >= 0x200b && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e) &&
		       !(c >= 0x2060 && c <= 0x206f) && c != 0xfeff && c != 0xad && c != 0xfffd && c != 0x3002 &&
		       c != 0x131 && c != 0x34f && !(c >= 0x80 && c < 0xa0) && !(c >= 0xfe00 && c <= 0xfe0f) &&
		       !(c >= 0xe0000 && c <= 0xe0fff);
	}
	return same;
}

static bool put_domain(struct arena *a, struct buf *out, struct str domain)
{
	struct str rest = str_lower(a, domain), label;
	size_t labels = 0;

	if (domain.n == 0 || domain.p[domain.n - 1] == '.')
		return false;
	for (; str_cut(&rest, '.', &label); labels++) {
		bool ascii = true;

		for (size_t i = 0; i < label.n; i++)
			ascii = ascii && !(label.p[i] & 0x80);
		if (labels)
			buf_addc(out, '.');
		size_t from = out->n;
		if (ascii && !label_ok(label))
			return false;
		if (ascii)
			buf_adds(out, label);
		else if (!str_utf8_valid(label) || !is_stable(a, label) || !to_a_label(out, label) ||
		         out->n - from > 63)
			return false;
	}
	return labels > 1 || str_eq_nocase(domain, STR("localhost"));
}

enum rc addr_canonical(struct arena *a, struct str address, struct str *ret, struct err *err)
{
	size_t at = str_find_byte(address, '@');
	AUTO_BUF b;

	buf_init(&b, ADDR_MAX);
	if (address.n == 0)
		return refuse(err, "it is empty");
	for (size_t i = 0; i < address.n; i++)
		if ((unsigned char)address.p[i] <= ' ' || address.p[i] == 0x7f)
			return refuse(err, "it has spaces or control characters in it");
	if (at == STR_NONE || str_find_byte(str_from(address, at + 1), '@') != STR_NONE)
		return refuse(err, "there must be exactly one @");
	if (!local_ok(str_sub(address, 0, at)))
		return refuse(err, "the part before the @ may have letters, digits and . _ + - only");
	buf_adds(&b, str_lower(a, str_sub(address, 0, at)));
	buf_addc(&b, '@');
	if (!put_domain(a, &b, str_from(address, at + 1)))
		return refuse(err, "the part behind the @ is no domain name");
	if (b.full)
		return refuse(err, "it is too long");
	*ret = arena_str(a, buf_str(&b));
	return RC_OK;
}

bool addr_same(struct str x, struct str y)
{
	AUTO_ARENA a;
	struct str cx, cy;

	arena_init(&a);
	return addr_canonical(&a, x, &cx, NULL) == RC_OK && addr_canonical(&a, y, &cy, NULL) == RC_OK && str_eq(cx, cy);
}

struct str addr_domain(struct str canonical)
{
	size_t at = str_find_byte(canonical, '@');

	return at == STR_NONE ? STR_NULL : str_from(canonical, at + 1);
}

struct str addr_display(struct arena *a, struct str address)
{
	struct str canon;
	bool ascii = true;

	for (size_t i = 0; i < address.n; i++)
		ascii = ascii && !(address.p[i] & 0x80);
	if (ascii)
		return address;
	if (addr_canonical(a, address, &canon, NULL) == RC_OK)
		return arena_strf(a, STR_F " (" STR_F ")", STR_A(address), STR_A(canon));
	return arena_strf(a, STR_F " (not a plain address)", STR_A(address));
}

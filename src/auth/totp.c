/* TOTP (RFC 6238 on HOTP, RFC 4226) and recovery codes: the arithmetic, and the square to scan. What is accepted, and
 * only once, is totp_store.c's. */
#include "auth/private.h"
#include "util/buf.h"
#include "util/crypt.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <qrencode.h>

#define SECRET_LETTERS 32 /* 160 bits, as RFC 4226 section 4 recommends */

struct str totp_secret(struct arena *a)
{
	struct str t = random_token(a);
	char *s = str_z(a, t);

	assert(t.n == SECRET_LETTERS);
	for (size_t i = 0; i < t.n; i++)
		if (s[i] >= 'a' && s[i] <= 'z')
			s[i] = (char)(s[i] - 'a' + 'A');
	return (struct str){ s, t.n };
}

bool totp_key(struct arena *a, struct str base32, struct str *ret)
{
	unsigned char *key = arena_alloc(a, base32.n * 5 / 8 + 1);
	size_t n = 0;
	uint32_t bits = 0;
	int have = 0;

	for (size_t i = 0; i < base32.n; i++) {
		char c = base32.p[i];
		int v;

		if (c >= 'A' && c <= 'Z')
			v = c - 'A';
		else if (c >= 'a' && c <= 'z')
			v = c - 'a';
		else if (c >= '2' && c <= '7')
			v = c - '2' + 26;
		else
			return false;
		bits = (bits << 5) | (uint32_t)v;
		if ((have += 5) >= 8) {
			have -= 8;
			key[n++] = (unsigned char)(bits >> have);
		}
	}
	*ret = (struct str){ (char *)key, n };
	return n >= 10;
}

enum rc totp_code(struct str secret_base32, int64_t step, uint32_t *ret)
{
	AUTO_ARENA a;
	struct str key;
	unsigned char counter[8], mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	arena_init(&a);
	if (step < 0 || secret_base32.n > 200 || !totp_key(&a, secret_base32, &key))
		return RC_INVALID;
	for (int i = 0; i < 8; i++)
		counter[i] = (unsigned char)((uint64_t)step >> (56 - 8 * i));
	if (!HMAC(EVP_sha1(), key.p, (int)key.n, counter, sizeof(counter), mac, &n) || n != 20)
		return RC_FAULT;
	/* RFC 4226 section 5.3, dynamic truncation. */
	unsigned o = mac[19] & 15;
	uint32_t v = ((uint32_t)(mac[o] & 127) << 24) | ((uint32_t)mac[o + 1] << 16) | ((uint32_t)mac[o + 2] << 8) |
	             mac[o + 3];

	*ret = v % 1000000;
	return RC_OK;
}

static void add_percent(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c))
			buf_addc(b, (char)c);
		else
			buf_addf(b, "%%%02X", c);
	}
}

struct str totp_uri(struct arena *a, struct str secret, struct str issuer, struct str account)
{
	AUTO_BUF b;

	buf_init(&b, 4000);
	buf_addz(&b, "otpauth://totp/");
	add_percent(&b, str_utf8_clip(issuer, 100));
	buf_addc(&b, ':');
	add_percent(&b, str_utf8_clip(account, 254));
	buf_addz(&b, "?secret=");
	add_percent(&b, secret);
	buf_addz(&b, "&issuer=");
	add_percent(&b, str_utf8_clip(issuer, 100));
	return arena_str(a, buf_str(&b));
}

struct str totp_qr_svg(struct arena *a, struct str uri)
{
	AUTO_BUF b;

	buf_init(&b, 1 << 20);
	QRcode *qr = QRcode_encodeString8bit(str_z(a, uri), 0, QR_ECLEVEL_M);

	if (!qr)
		return STR("");
	/* Four modules of quiet zone, ISO/IEC 18004. White below, whatever the theme: phones want dark on light. */
	buf_addf(&b,
	         "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"220\" height=\"220\" "
	         "role=\"img\" "
	         "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path fill=\"#000\" d=\"",
	         qr->width + 8, qr->width + 8, qr->width + 8, qr->width + 8);
	for (int y = 0; y < qr->width; y++)
		for (int x = 0; x < qr->width;) {
			int from = x;

			while (x < qr->width && (qr->data[y * qr->width + x] & 1))
				x++;
			if (x > from)
				buf_addf(&b, "M%d %dh%dv1h-%dz", from + 4, y + 4, x - from, x - from);
			else
				x++;
		}
	buf_addz(&b, "\"/></svg>");
	QRcode_free(qr);
	return arena_str(a, buf_str(&b));
}

struct str recovery_code(struct arena *a)
{
	struct str t = random_token(a); /* the first 16 letters: 80 bits */

	return arena_strf(a, "%.4s-%.4s-%.4s-%.4s", t.p, t.p + 4, t.p + 8, t.p + 12);
}

struct str recovery_code_hash(struct arena *a, struct str code)
{
	char plain[64];
	size_t n = 0;

	for (size_t i = 0; i < code.n && n < sizeof(plain); i++) {
		char c = code.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != '-' && c != ' ')
			plain[n++] = c;
	}
	return sha256_hex(a, (struct str){ plain, n });
}

struct str recovery_list(struct arena *a, const struct str *hashes, size_t n)
{
	struct str s = STR("[");

	for (size_t i = 0; i < n; i++)
		s = arena_strf(a, STR_F "%s\"" STR_F "\"", STR_A(s), i ? "," : "", STR_A(hashes[i]));
	return str_concat(a, s, STR("]"));
}

bool recovery_take(struct arena *a, struct str list, struct str hash, struct str *ret)
{
	VEC(struct str) kept = { 0 };
	bool found = false;

	/* Our own writing: ["hex","hex"]; each hash is the 64 bytes behind a quote. */
	for (size_t i = 0; i + 65 < list.n; i++)
		if (list.p[i] == '"') {
			struct str h = str_sub(list, i + 1, 64);

			if (crypt_equal(h, hash))
				found = true;
			else
				*VEC_ADD(a, &kept) = h;
			i += 65;
		}
	*ret = recovery_list(a, kept.at, kept.n);
	return found;
}

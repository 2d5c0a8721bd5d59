/* Primitives on libsodium, and the two encodings the rooms share. */
#include "util/crypt.h"
#include <sodium.h>

static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567"; /* RFC 4648 section 6, lower case */

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(struct sha256), "struct sha256 is too small");

void crypt_init(void)
{
	if (sodium_init() < 0)
		die("libsodium does not start");
}

void sha256_init(struct sha256 *h)
{
	crypto_hash_sha256_init((crypto_hash_sha256_state *)(void *)h->opaque);
}

void sha256_add(struct sha256 *h, const void *p, size_t n)
{
	crypto_hash_sha256_update((crypto_hash_sha256_state *)(void *)h->opaque, p, n);
}

void sha256_end(struct sha256 *h, char ret_hex[65])
{
	unsigned char d[32];

	crypto_hash_sha256_final((crypto_hash_sha256_state *)(void *)h->opaque, d);
	sodium_bin2hex(ret_hex, 65, d, 32);
}

struct str sha256_hex(struct arena *a, struct str bytes)
{
	struct sha256 h;
	char *hex = arena_alloc(a, 65);

	sha256_init(&h);
	sha256_add(&h, bytes.p, bytes.n);
	sha256_end(&h, hex);
	return (struct str){ hex, 64 };
}

void random_bytes(void *p, size_t n)
{
	randombytes_buf(p, n);
}

uint32_t random_below(uint32_t n)
{
	return randombytes_uniform(n);
}

static struct str to_base32(struct arena *a, const unsigned char *p, size_t n)
{
	size_t len = (n * 8 + 4) / 5;
	char *out = arena_alloc(a, len + 1);

	for (size_t i = 0; i < len; i++) {
		size_t bit = i * 5, byte = bit / 8, shift = bit % 8;
		unsigned v = (unsigned)p[byte] << 8 | (byte + 1 < n ? p[byte + 1] : 0);

		out[i] = base32[v >> (11 - shift) & 31];
	}
	return (struct str){ out, len };
}

struct str random_token(struct arena *a)
{
	unsigned char p[20];

	randombytes_buf(p, sizeof(p));
	return to_base32(a, p, sizeof(p));
}

struct str mac_token(struct arena *a, struct str key, struct str text)
{
	unsigned char k[32], mac[16];

	/* A key of any length becomes one of the length BLAKE2b takes. */
	crypto_generichash(k, sizeof(k), (const unsigned char *)key.p, key.n, NULL, 0);
	crypto_generichash(mac, sizeof(mac), (const unsigned char *)text.p, text.n, k, sizeof(k));
	return to_base32(a, mac, sizeof(mac));
}

bool crypt_equal(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || sodium_memcmp(a.p, b.p, a.n) == 0);
}

struct str hex_encode(struct arena *a, struct str bytes)
{
	char *out = arena_alloc(a, bytes.n * 2 + 1);

	sodium_bin2hex(out, bytes.n * 2 + 1, (const unsigned char *)bytes.p, bytes.n);
	return (struct str){ out, bytes.n * 2 };
}

struct str base64_encode(struct arena *a, struct str bytes)
{
	size_t n = sodium_base64_encoded_len(bytes.n, sodium_base64_VARIANT_ORIGINAL);
	char *out = arena_alloc(a, n);

	sodium_bin2base64(out, n, (const unsigned char *)bytes.p, bytes.n, sodium_base64_VARIANT_ORIGINAL);
	return (struct str){ out, n - 1 };
}

enum rc base64_decode(struct arena *a, struct str text, struct str *ret)
{
	unsigned char *out = arena_alloc(a, text.n + 1);
	size_t n;

	if (sodium_base642bin(out, text.n + 1, text.p, text.n, " \r\n\t", &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return RC_INVALID;
	*ret = (struct str){ (const char *)out, n };
	return RC_OK;
}

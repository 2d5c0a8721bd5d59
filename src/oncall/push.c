/* See push.h: the pure half. Names as in RFC 8291 section 3.4 and RFC 8188 section 2. */
#include "oncall/push.h"
#include "util/crypt.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#define RECORD 4096 /* rs of the header: one record holds all */

static bool from_base64url(struct str s, unsigned char *out, size_t n)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	int have = 0;
	size_t k = 0;

	while (s.n && s.p[s.n - 1] == '=')
		s.n--;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i] == '+' ? '-' : s.p[i] == '/' ? '_' : s.p[i];
		const char *at = c ? strchr(set, c) : NULL;

		if (!at)
			return false;
		bits = bits << 6 | (uint32_t)(at - set);
		have += 6;
		if (have >= 8) {
			have -= 8;
			if (k == n)
				return false;
			out[k++] = (unsigned char)(bits >> have);
		}
	}
	return k == n;
}

static struct str to_base64url(struct arena *a, const void *p, size_t n)
{
	struct str s = base64_encode(a, (struct str){ p, n });
	char *c = arena_alloc(a, s.n + 1);
	size_t k = 0;

	for (size_t i = 0; i < s.n && s.p[i] != '='; i++)
		c[k++] = s.p[i] == '+' ? '-' : s.p[i] == '/' ? '_' : s.p[i];
	return (struct str){ c, k };
}

static enum rc broken(struct err *err)
{
	return fail(err, RC_FAULT, "The cryptographic library refused to work; nothing was sent.");
}

/* ---- keys ---- */

static EVP_PKEY *key_of_point(const unsigned char point[PUSH_KEY])
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){ "P-256" }, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point, PUSH_KEY),
		OSSL_PARAM_construct_end(),
	};

	if (!c || EVP_PKEY_fromdata_init(c) <= 0 || EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(c);
	return key;
}

/* The private key and its point. NULL when `secret` is no number between 1 and the order of the curve. */
static EVP_PKEY *key_of_secret(const unsigned char secret[32], unsigned char point[PUSH_KEY])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	BIGNUM *d = BN_bin2bn(secret, 32, NULL);
	EC_POINT *q = group ? EC_POINT_new(group) : NULL;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;
	unsigned char native[32];

	if (group && d && q && c && !BN_is_zero(d) && BN_cmp(d, EC_GROUP_get0_order(group)) < 0 &&
	    EC_POINT_mul(group, q, d, NULL, NULL, NULL) &&
	    EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, point, PUSH_KEY, NULL) == PUSH_KEY &&
	    BN_bn2nativepad(d, native, 32) == 32) {
		OSSL_PARAM params[] = {
			OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){ "P-256" }, 0),
			OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, PUSH_KEY),
			OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, 32),
			OSSL_PARAM_construct_end(),
		};

		if (EVP_PKEY_fromdata_init(c) <= 0 || EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, params) <= 0)
			key = NULL;
	}
	EVP_PKEY_CTX_free(c);
	EC_POINT_free(q);
	BN_clear_free(d);
	EC_GROUP_free(group);
	return key;
}

enum rc push_keys(struct str p256dh, struct str auth, struct push_to *ret, struct err *err)
{
	EVP_PKEY *key;

	if (!from_base64url(p256dh, ret->p256dh, PUSH_KEY) || !from_base64url(auth, ret->auth, PUSH_AUTH) ||
	    !(key = key_of_point(ret->p256dh)))
		return fail_field(err, RC_INVALID, "p256dh", "The keys of this browser cannot be read; nothing was saved.");
	EVP_PKEY_free(key);
	return RC_OK;
}

static bool agree(EVP_PKEY *own, EVP_PKEY *theirs, unsigned char shared[32])
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(own, NULL);
	size_t n = 32;
	bool good = c && EVP_PKEY_derive_init(c) > 0 && EVP_PKEY_derive_set_peer(c, theirs) > 0 &&
	            EVP_PKEY_derive(c, shared, &n) > 0 && n == 32;

	EVP_PKEY_CTX_free(c);
	return good;
}

/* HKDF-SHA-256 (RFC 5869) for at most 32 bytes: extract, then one block of expand. */
static void hkdf(const unsigned char *salt, size_t n_salt, const unsigned char *ikm, size_t n_ikm, const void *info,
                 size_t n_info, unsigned char *out, size_t n)
{
	unsigned char prk[32], block[32], text[256];
	unsigned len = 32;

	memcpy(text, info, n_info);
	text[n_info] = 1;
	HMAC(EVP_sha256(), salt, (int)n_salt, ikm, n_ikm, prk, &len);
	HMAC(EVP_sha256(), prk, 32, text, n_info + 1, block, &len);
	memcpy(out, block, n);
}

/* Plain text with its delimiter, encrypted, and the tag behind it. */
static bool seal(const unsigned char key[16], const unsigned char nonce[12], struct str plain, unsigned char *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	static const unsigned char last = 2; /* RFC 8188 section 2: of the last record */
	int n = 0, at = 0;
	bool good = c && EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, key, nonce) > 0 &&
	            EVP_EncryptUpdate(c, out, &n, (const unsigned char *)plain.p, (int)plain.n) > 0;

	at = n;
	good = good && EVP_EncryptUpdate(c, out + at, &n, &last, 1) > 0;
	at += n;
	good = good && EVP_EncryptFinal_ex(c, out + at, &n) > 0 &&
	       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, out + at + n) > 0;
	EVP_CIPHER_CTX_free(c);
	return good;
}

enum rc push_encrypt(struct arena *a, const struct push_to *to, struct str plain, const unsigned char *own,
                     const unsigned char *salt, struct str *ret, struct err *err)
{
	unsigned char secret[32], point[PUSH_KEY], shared[32], ikm[32], cek[16], nonce[12];
	unsigned char info[14 + 2 * PUSH_KEY] = "WebPush: info"; /* and its NUL */
	size_t n = PUSH_SALT + 4 + 1 + PUSH_KEY;
	unsigned char *out = arena_alloc(a, n + plain.n + 1 + 16);
	EVP_PKEY *theirs = key_of_point(to->p256dh), *mine = NULL;

	if (plain.n > PUSH_PLAIN_MAX) {
		EVP_PKEY_free(theirs);
		return fail(err, RC_LIMIT, "A push message has at most %d bytes.", PUSH_PLAIN_MAX);
	}
	for (int tries = 0; !mine && tries < 8; tries++) {
		if (!own && RAND_bytes(secret, 32) <= 0)
			break;
		mine = key_of_secret(own ? own : secret, point);
	}
	bool good = theirs && mine && agree(mine, theirs, shared);

	if (good && salt)
		memcpy(out, salt, PUSH_SALT);
	else
		good = good && RAND_bytes(out, PUSH_SALT) > 0;
	if (good) {
		memcpy(info + 14, to->p256dh, PUSH_KEY);
		memcpy(info + 14 + PUSH_KEY, point, PUSH_KEY);
		hkdf(to->auth, PUSH_AUTH, shared, 32, info, sizeof(info), ikm, 32);
		hkdf(out, PUSH_SALT, ikm, 32, "Content-Encoding: aes128gcm", 28, cek, 16);
		hkdf(out, PUSH_SALT, ikm, 32, "Content-Encoding: nonce", 24, nonce, 12);
		memcpy(out + PUSH_SALT, (const unsigned char[]){ 0, 0, RECORD >> 8, RECORD & 255, PUSH_KEY }, 5);
		memcpy(out + PUSH_SALT + 5, point, PUSH_KEY);
		good = seal(cek, nonce, plain, out + n);
	}
	EVP_PKEY_free(theirs);
	EVP_PKEY_free(mine);
	*ret = (struct str){ (const char *)out, n + plain.n + 1 + 16 };
	return good ? RC_OK : broken(err);
}

/* ---- who we are ---- */

enum rc vapid_from(struct str secret, struct vapid *ret, struct err *err)
{
	EVP_PKEY *key = NULL;

	/* Nearly every 32 bytes are a key; the count is for the rest. */
	for (char round = '0'; !key && round < '8'; round++) {
		const char text[] = { 'v', 'a', 'p', 'i', 'd', round };
		unsigned n = 32;

		HMAC(EVP_sha256(), secret.p, (int)secret.n, (const unsigned char *)text, sizeof(text), ret->secret, &n);
		key = key_of_secret(ret->secret, ret->point);
	}
	EVP_PKEY_free(key);
	return key ? RC_OK : broken(err);
}

struct str vapid_public(struct arena *a, const struct vapid *v)
{
	return to_base64url(a, v->point, PUSH_KEY);
}

/* ES256 (RFC 7518 section 3.4): r and s, 32 bytes each. */
static bool sign(const struct vapid *v, struct str text, unsigned char out[64])
{
	unsigned char der[80], point[PUSH_KEY];
	const unsigned char *p = der;
	size_t n = sizeof(der);
	EVP_PKEY *key = key_of_secret(v->secret, point);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	ECDSA_SIG *sig = NULL;
	bool good = key && c && EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key) > 0 &&
	            EVP_DigestSign(c, der, &n, (const unsigned char *)text.p, text.n) > 0 &&
	            (sig = d2i_ECDSA_SIG(NULL, &p, (long)n)) != NULL;

	good = good && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32) == 32 && BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32) == 32;
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(key);
	return good;
}

enum rc vapid_header(struct arena *a, const struct vapid *v, struct str endpoint, struct str subject,
                     struct instant expires, struct str *ret, struct err *err)
{
	static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
	size_t at = str_find(endpoint, STR("://")), end;
	unsigned char sig[64];

	if (at == STR_NONE)
		return fail(err, RC_INVALID, "A push service has an https address.");
	for (end = at + 3; end < endpoint.n && endpoint.p[end] != '/'; end++)
		;
	struct str claims = arena_strf(a, "{\"aud\":\"" STR_F "\",\"exp\":%lld,\"sub\":\"" STR_F "\"}",
	                               STR_A(str_sub(endpoint, 0, end)), (long long)(expires.us / SECOND_US), STR_A(subject));
	struct str h = to_base64url(a, head, sizeof(head) - 1), p = to_base64url(a, claims.p, claims.n);
	struct str text = arena_strf(a, STR_F "." STR_F, STR_A(h), STR_A(p));

	if (!sign(v, text, sig))
		return broken(err);
	*ret = arena_strf(a, "vapid t=" STR_F "." STR_F ",k=" STR_F, STR_A(text), STR_A(to_base64url(a, sig, sizeof(sig))),
	                  STR_A(vapid_public(a, v)));
	return RC_OK;
}

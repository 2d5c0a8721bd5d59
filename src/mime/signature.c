/* DKIM signatures of a mail that came (RFC 6376): canonical forms, hashes and keys. rsa-sha256 from 1024 bits and
 * ed25519-sha256 count; rsa-sha1 does not (RFC 8301). A signature that covers only the beginning of the body (l=)
 * passes only when it covers all of it: what is behind is nobody's. */
#include "mime/origin_private.h"
#include "util/crypt.h"
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define SIGNATURES_MAX 5
#define TAG_MAX        8192

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct str trim(struct str s)
{
	while (s.n && is_white(s.p[0]))
		s = str_from(s, 1);
	while (s.n && is_white(s.p[s.n - 1]))
		s.n--;
	return s;
}

void origin_fields_read(struct arena *a, struct str head, origin_fields *ret)
{
	size_t at = 0;

	while (at < head.n && ret->n < 2000) {
		size_t end = at;

		do {
			size_t lf = str_find_byte(str_from(head, end), '\n');

			end = lf == STR_NONE ? head.n : end + lf + 1;
		} while (end < head.n && (head.p[end] == ' ' || head.p[end] == '\t'));
		struct str whole = str_sub(head, at, end - at);
		size_t colon = str_find_byte(whole, ':');
		if (colon != STR_NONE)
			*VEC_ADD(a, ret) = (struct origin_field){ trim(str_sub(whole, 0, colon)), whole };
		at = end;
	}
}

struct str origin_tag(struct str list, const char *name)
{
	struct str part, found = STR_NULL;

	while (str_cut(&list, ';', &part)) {
		size_t eq = str_find_byte(part, '=');

		if (eq == STR_NONE || !str_eq(trim(str_sub(part, 0, eq)), str_of(name)))
			continue;
		if (found.p)
			return STR_NULL; /* twice is not at all (3.2) */
		found = trim(str_from(part, eq + 1));
		found.p = found.p ? found.p : "";
	}
	return found;
}

/* ---- canonical forms (3.4) ---- */

static void relaxed_field(struct arena *a, struct buf *out, struct str field)
{
	size_t colon = str_find_byte(field, ':');
	bool space = false, begun = false;

	buf_adds(out, str_lower(a, trim(str_sub(field, 0, colon))));
	buf_addc(out, ':');
	for (size_t i = colon + 1; i < field.n; i++) {
		if (is_white(field.p[i])) {
			space = begun;
			continue;
		}
		if (space)
			buf_addc(out, ' ');
		buf_addc(out, field.p[i]);
		begun = true;
		space = false;
	}
}

/* Without the line end. */
static void put_field(struct arena *a, struct buf *out, struct str field, bool relaxed)
{
	if (relaxed)
		relaxed_field(a, out, field);
	else
		buf_adds(out, str_ends(field, STR("\r\n")) ? str_sub(field, 0, field.n - 2) : field);
}

static struct str without_empty_lines(struct str s)
{
	while (str_ends(s, STR("\r\n\r\n")))
		s.n -= 2;
	return str_is(s, "\r\n") ? STR("") : s;
}

static struct str relaxed_body(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 3);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n') {
			n -= n > 0 && p[n - 1] == ' ';
			p[n++] = '\r';
			p[n++] = '\n';
			i++;
		} else if (s.p[i] == ' ' || s.p[i] == '\t') {
			if (n == 0 || p[n - 1] != ' ')
				p[n++] = ' ';
		} else {
			p[n++] = s.p[i];
		}
	}
	n -= n > 0 && p[n - 1] == ' ';
	if (n && p[n - 1] != '\n') {
		p[n++] = '\r';
		p[n++] = '\n';
	}
	return without_empty_lines((struct str){ p, n });
}

static struct str simple_body(struct arena *a, struct str s)
{
	if (!str_ends(s, STR("\r\n")))
		s = str_concat(a, s, STR("\r\n"));
	s = without_empty_lines(s);
	return s.n ? s : STR("\r\n");
}

/* ---- one signature ---- */

struct signature {
	struct str domain, selector, fields, hash, bytes;
	bool relaxed_head, relaxed_body, ed25519;
	int64_t length; /* -1: all */
};

static bool below(struct str sub, struct str domain)
{
	return str_eq(sub, domain) || (sub.n > domain.n && str_ends(sub, domain) && sub.p[sub.n - domain.n - 1] == '.');
}

static bool names_from(struct str fields)
{
	struct str name;

	while (str_cut(&fields, ':', &name))
		if (str_eq_nocase(trim(name), STR("from")))
			return true;
	return false;
}

/* False: it is none that could pass (6.1.1). */
static bool read_signature(struct arena *a, struct str value, int64_t now, struct signature *s)
{
	struct str algorithm = origin_tag(value, "a"), form = origin_tag(value, "c"), until = origin_tag(value, "x"),
	           length = origin_tag(value, "l"), identity = origin_tag(value, "i"), query = origin_tag(value, "q"),
	           head, b = origin_tag(value, "b"), bh = origin_tag(value, "bh");
	int64_t end;

	*s = (struct signature){ .domain = str_lower(a, origin_tag(value, "d")),
		                 .selector = str_lower(a, origin_tag(value, "s")),
		                 .fields = origin_tag(value, "h"),
		                 .length = -1 };
	if (!str_is(origin_tag(value, "v"), "1") || !names_from(s->fields) || !b.n || !bh.n)
		return false;
	s->ed25519 = str_eq_nocase(algorithm, STR("ed25519-sha256"));
	if (!s->ed25519 && !str_eq_nocase(algorithm, STR("rsa-sha256")))
		return false;
	if (query.p && str_find_nocase(query, STR("dns/txt")) == STR_NONE)
		return false;
	if (until.p && (str_to_i64(until, &end) != RC_OK || end < now))
		return false;
	if (length.p && (str_to_i64(length, &s->length) != RC_OK || s->length < 0))
		return false;
	if (identity.p) {
		size_t at = str_find_byte(identity, '@');

		if (at == STR_NONE || !below(str_lower(a, str_from(identity, at + 1)), s->domain))
			return false;
	}
	if (str_cut(&form, '/', &head)) {
		s->relaxed_head = str_eq_nocase(trim(head), STR("relaxed"));
		s->relaxed_body = str_eq_nocase(trim(form), STR("relaxed"));
	}
	return base64_decode(a, b, &s->bytes) == RC_OK && base64_decode(a, bh, &s->hash) == RC_OK && s->hash.n == 32;
}

/* The key record (3.6.1). NULL: none that counts. */
static EVP_PKEY *read_key(struct arena *a, struct str record, const struct signature *s)
{
	struct str version = origin_tag(record, "v"), kind = origin_tag(record, "k"), text = origin_tag(record, "p"),
	           hashes = origin_tag(record, "h"), service = origin_tag(record, "s"), der;
	EVP_PKEY *key = NULL;

	if ((version.p && !str_is(version, "DKIM1")) || !text.n ||
	    (hashes.p && str_find_nocase(hashes, STR("sha256")) == STR_NONE) ||
	    (service.p && str_find_byte(service, '*') == STR_NONE &&
	     str_find_nocase(service, STR("email")) == STR_NONE))
		return NULL;
	if (str_eq_nocase(kind.p ? kind : STR("rsa"), STR("ed25519")) != s->ed25519 || text.n > TAG_MAX ||
	    base64_decode(a, text, &der) != RC_OK)
		return NULL;
	const unsigned char *p = (const unsigned char *)der.p;
	if (s->ed25519)
		return der.n == 32 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, p, 32) : NULL;
	key = d2i_PUBKEY(NULL, &p, (long)der.n);
	if (!key) { /* some publish the bare key (errata 3017) */
		p = (const unsigned char *)der.p;
		key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)der.n);
	}
	if (key && (EVP_PKEY_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_bits(key) < 1024 || EVP_PKEY_bits(key) > 8192)) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

static bool body_fits(struct arena *a, const struct signature *s, struct str body)
{
	struct str canon = s->relaxed_body ? relaxed_body(a, body) : simple_body(a, body);
	unsigned char digest[32];
	unsigned int n = sizeof(digest);

	if (s->length >= 0 && (uint64_t)s->length != canon.n)
		return false;
	return EVP_Digest(canon.p ? canon.p : "", canon.n, digest, &n, EVP_sha256(), NULL) == 1 &&
	       memcmp(digest, s->hash.p, 32) == 0;
}

/* The signature's own field with nothing in b= (3.5). */
static struct str emptied(struct arena *a, struct str whole)
{
	struct str rest = str_from(whole, str_find_byte(whole, ':') + 1), part;

	while (str_cut(&rest, ';', &part)) {
		size_t eq = str_find_byte(part, '=');

		if (eq != STR_NONE && str_is(trim(str_sub(part, 0, eq)), "b")) {
			size_t from = (size_t)(part.p + eq + 1 - whole.p), to = (size_t)(part.p + part.n - whole.p);

			return str_concat(a, str_sub(whole, 0, from), str_from(whole, to));
		}
	}
	return whole;
}

static bool head_fits(struct arena *a, const struct signature *s, const origin_fields *f, size_t own, EVP_PKEY *key)
{
	bool *used = arena_array(a, bool, f->n), ok;
	struct str names = s->fields, name;
	unsigned char digest[32];
	unsigned int n = sizeof(digest);
	AUTO_BUF b;

	buf_init(&b, 1 << 20);
	while (str_cut(&names, ':', &name)) {
		name = trim(name);
		for (size_t i = f->n; i-- > 0;) /* from the bottom, each once (5.4.2) */
			if (!used[i] && i != own && str_eq_nocase(f->at[i].name, name)) {
				used[i] = true;
				put_field(a, &b, f->at[i].whole, s->relaxed_head);
				buf_addz(&b, "\r\n");
				break;
			}
	}
	put_field(a, &b, emptied(a, f->at[own].whole), s->relaxed_head);
	if (b.full)
		return false;
	struct str data = buf_str(&b);
	if (s->ed25519) {
		if (EVP_Digest(data.p, data.n, digest, &n, EVP_sha256(), NULL) != 1)
			return false;
		data = (struct str){ (char *)digest, 32 };
	}
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	ok = c && EVP_DigestVerifyInit(c, NULL, s->ed25519 ? NULL : EVP_sha256(), NULL, key) == 1 &&
	     EVP_DigestVerify(c, (const unsigned char *)s->bytes.p, s->bytes.n, (const unsigned char *)data.p,
	                      data.n) == 1;
	EVP_MD_CTX_free(c);
	return ok;
}

static enum origin_dkim one(struct origin_run *r, const struct signature *s, const origin_fields *f, size_t own,
                            struct str body)
{
	struct str name = arena_strf(r->a, STR_F "._domainkey." STR_F, STR_A(s->selector), STR_A(s->domain));
	enum origin_dkim ret = DKIM_FAIL;

	if (!dns_name_ok(name))
		return DKIM_FAIL;
	struct dns_found keys = origin_look(r, name, DNS_TXT);
	if (keys.state == DNS_UNKNOWN || (r->m->header_only && keys.state == DNS_FOUND))
		return DKIM_WAIT;
	if (keys.state == DNS_SILENT)
		return DKIM_TEMPERROR;
	for (size_t i = 0; i < keys.n && i < 3 && ret == DKIM_FAIL; i++) {
		EVP_PKEY *key = read_key(r->a, keys.at[i], s);

		if (key && body_fits(r->a, s, body) && head_fits(r->a, s, f, own, key))
			ret = DKIM_PASS;
		EVP_PKEY_free(key);
	}
	return ret;
}

/* PASS over WAIT over TEMPERROR over FAIL over NONE. */
static enum origin_dkim better(enum origin_dkim x, enum origin_dkim y)
{
	static const int rank[] = {
		[DKIM_NONE] = 0, [DKIM_FAIL] = 1, [DKIM_TEMPERROR] = 2, [DKIM_WAIT] = 3, [DKIM_PASS] = 4
	};

	return rank[y] > rank[x] ? y : x;
}

struct dkim_found signature_check(struct origin_run *r, const origin_fields *f, struct str body,
                                  bool (*is_aligned)(void *arg, struct str domain), void *arg)
{
	struct dkim_found ret = { DKIM_NONE, DKIM_NONE, STR_NULL };
	int left = SIGNATURES_MAX;

	/* Those of the writer's own domain first: others can change no verdict. */
	for (int aligned = 1; aligned >= 0; aligned--)
		for (size_t i = 0; i < f->n && left > 0 && ret.aligned != DKIM_PASS; i++) {
			struct str value = str_from(f->at[i].whole, str_find_byte(f->at[i].whole, ':') + 1);
			struct signature s;

			if (!str_eq_nocase(f->at[i].name, STR("DKIM-Signature")) || value.n > TAG_MAX)
				continue;
			bool good = read_signature(r->a, value, r->m->now, &s);
			if (is_aligned(arg, s.domain) != (aligned == 1))
				continue;
			left--;
			enum origin_dkim d = good ? one(r, &s, f, i, body) : DKIM_FAIL;
			if (better(ret.any, d) != ret.any)
				ret.domain = s.domain;
			ret.any = better(ret.any, d);
			if (aligned)
				ret.aligned = better(ret.aligned, d);
		}
	return ret;
}

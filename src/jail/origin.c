/* OP_ORIGIN, both sides. The question: numbers and strings with their lengths (4 bytes, little endian), then the mail.
 * The answer: verdict, SPF and DKIM as a byte each, the sentence, then what is asked for. */
#include "jail/private.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>

#define SAID_MAX 1000

/* ---- writing ---- */

static void put32(struct buf *out, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		buf_addc(out, (char)(v >> 8 * i));
}

static void put(struct buf *out, struct str s)
{
	put32(out, (uint32_t)s.n);
	buf_adds(out, s);
}

void jail_put_origin_mail(struct buf *out, const struct origin_mail *m)
{
	buf_addc(out, (char)(m->header_only | (m->mail_from.p ? 2 : 0)));
	put32(out, (uint32_t)m->hops);
	put32(out, (uint32_t)((uint64_t)m->now >> 32));
	put32(out, (uint32_t)m->now);
	put(out, m->from_domain);
	put(out, m->mail_from);
	put32(out, (uint32_t)m->n_facts);
	for (size_t i = 0; i < m->n_facts; i++) {
		put32(out, m->facts[i].ask.type);
		put(out, m->facts[i].ask.name);
		put(out, m->facts[i].packet);
	}
}

/* ---- reading ---- */

struct reader {
	struct str s;
	bool bad;
};

static uint32_t get32(struct reader *r)
{
	uint32_t v = 0;

	if (r->s.n < 4) {
		r->bad = true;
		return 0;
	}
	for (int i = 0; i < 4; i++)
		v |= (uint32_t)(unsigned char)r->s.p[i] << 8 * i;
	r->s = str_from(r->s, 4);
	return v;
}

static unsigned get8(struct reader *r)
{
	if (!r->s.n) {
		r->bad = true;
		return 0;
	}
	unsigned v = (unsigned char)r->s.p[0];
	r->s = str_from(r->s, 1);
	return v;
}

static struct str get(struct reader *r)
{
	uint32_t n = get32(r);

	if (n > r->s.n) {
		r->bad = true;
		return STR("");
	}
	struct str v = str_sub(r->s, 0, n);
	r->s = str_from(r->s, n);
	return v;
}

static bool is_asked_type(uint32_t t)
{
	return t == DNS_A || t == DNS_AAAA || t == DNS_MX || t == DNS_TXT;
}

enum rc jail_do_origin(struct str bytes, struct buf *out, struct err *err)
{
	struct reader r = { bytes, false };
	struct origin_mail m = { 0 };
	struct origin o;
	AUTO_ARENA a;

	arena_init(&a);
	unsigned flags = get8(&r);
	m.header_only = flags & 1;
	m.hops = (int)get32(&r);
	m.now = (int64_t)((uint64_t)get32(&r) << 32);
	m.now |= get32(&r);
	m.from_domain = get(&r);
	m.mail_from = get(&r);
	if (!(flags & 2))
		m.mail_from = STR_NULL;
	size_t n = get32(&r);
	if (r.bad || n > ORIGIN_FACTS)
		return fail(err, RC_INVALID, "a wrong request");
	struct dns_fact *fact = arena_array(&a, struct dns_fact, n + 1);
	for (size_t i = 0; i < n; i++) {
		fact[i].ask.type = (enum dns_type)get32(&r);
		fact[i].ask.name = get(&r);
		fact[i].packet = get(&r);
	}
	if (r.bad)
		return fail(err, RC_INVALID, "a short request");
	m.facts = fact;
	m.n_facts = n;
	m.raw = r.s;
	origin_check(&a, &m, &o);
	buf_addc(out, (char)o.verdict);
	buf_addc(out, (char)o.spf);
	buf_addc(out, (char)o.dkim);
	put(out, o.said);
	put32(out, (uint32_t)o.n_asks);
	for (size_t i = 0; i < o.n_asks; i++) {
		put32(out, o.asks[i].type);
		put(out, o.asks[i].name);
	}
	return RC_OK;
}

void jail_warm_origin(void)
{
	static const unsigned char base[32] = { 0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
		                                0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
		                                0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66 };
	unsigned char digest[32], signature[64] = { 0 };
	unsigned int n = sizeof(digest);

	/* No configuration file, no engines; and one of each is used, so that nothing is left to be loaded. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	if (EVP_Digest("", 0, digest, &n, EVP_sha256(), NULL) != 1)
		die("the jail's worker cannot compute SHA-256");
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, base, sizeof(base));
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	if (c && key && EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1)
		(void)!EVP_DigestVerify(c, signature, sizeof(signature), digest, sizeof(digest));
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(key);
}

/* ---- the parent ---- */

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return s.n <= SAID_MAX;
}

enum rc jail_origin(struct jail *j, struct arena *a, const struct origin_mail *m, struct origin *ret, struct err *err)
{
	struct str wire;
	AUTO_BUF head;

	buf_init(&head, 8 << 20);
	jail_put_origin_mail(&head, m);
	if (head.full)
		return fail(err, RC_LIMIT, "DNS said too much of the sender of this mail");
	enum rc rc = jail_ask(j, a, OP_ORIGIN, buf_str(&head), m->raw, &wire, err);
	if (rc != RC_OK)
		return rc;
	struct reader r = { wire, false };
	*ret = (struct origin){ .verdict = (enum origin_verdict)get8(&r) };
	ret->spf = (enum origin_spf)get8(&r);
	ret->dkim = (enum origin_dkim)get8(&r);
	ret->said = get(&r);
	size_t n = get32(&r);
	bool ok = !r.bad && n <= ORIGIN_FACTS && (unsigned)ret->verdict <= ORIGIN_SILENT &&
	          (unsigned)ret->spf <= SPF_WAIT && (unsigned)ret->dkim <= DKIM_WAIT && is_plain(ret->said);
	ret->asks = arena_array(a, struct dns_ask, ok ? n + 1 : 1);
	for (size_t i = 0; ok && i < n; i++) {
		uint32_t type = get32(&r);

		ret->asks[i] = (struct dns_ask){ get(&r), (enum dns_type)type };
		ok = !r.bad && is_asked_type(type) && dns_name_ok(ret->asks[i].name);
	}
	ret->n_asks = n;
	if (ok && r.s.n == 0)
		return RC_OK;
	*ret = (struct origin){ .verdict = ORIGIN_NONE, .said = STR("") };
	return fail_code(err, RC_INVALID, "crashed",
	                 "The reader of this mail gave a broken answer. The mail was kept as it came.");
}

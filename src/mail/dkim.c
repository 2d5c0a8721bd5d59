/* relaxed/relaxed: what servers on the way do to spaces breaks nothing. From is signed once more than it is there, so
 * that nobody can add another (RFC 6376, 8.15). */
#include "mail/dkim.h"
#include "util/buf.h"
#include "util/crypt.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

struct dkim_key {
	EVP_PKEY *key;
	bool ed25519;
};

enum rc dkim_load(struct str pem, struct dkim_key **ret, struct err *err)
{
	BIO *in = BIO_new_mem_buf(pem.p, (int)(pem.n < 65536 ? pem.n : 65536));
	EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
	int type = key ? EVP_PKEY_base_id(key) : 0;

	BIO_free(in);
	if (!key || !(type == EVP_PKEY_ED25519 || (type == EVP_PKEY_RSA && EVP_PKEY_bits(key) >= 1024))) {
		EVP_PKEY_free(key);
		return fail(err, RC_INVALID,
		            "the DKIM key is no private RSA key of at least 1024 bits and no Ed25519 key, in PEM");
	}
	*ret = xcalloc(1, sizeof(**ret));
	**ret = (struct dkim_key){ key, type == EVP_PKEY_ED25519 };
	return RC_OK;
}

void dkim_free(struct dkim_key *k)
{
	if (k)
		EVP_PKEY_free(k->key);
	free(k);
}

static bool is_white(char c)
{
	return c == ' ' || c == '\t';
}

/* Runs of blanks are one, none at the end of a line, no empty lines at the end (3.4.4). */
static struct str relaxed_body(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 3);
	size_t n = 0, keep = 0; /* keep: end of the last line that is not empty */

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n') {
			while (n > 0 && p[n - 1] == ' ')
				n--;
			bool empty = n == 0 || p[n - 1] == '\n';
			p[n++] = '\r';
			p[n++] = '\n';
			keep = empty ? keep : n;
			i++;
		} else if (is_white(s.p[i])) {
			if (n == 0 || p[n - 1] != ' ')
				p[n++] = ' ';
		} else {
			p[n++] = s.p[i];
		}
	}
	while (n > 0 && p[n - 1] == ' ')
		n--;
	if (n > 0 && p[n - 1] != '\n') {
		p[n++] = '\r';
		p[n++] = '\n';
		keep = n;
	}
	return (struct str){ p, keep };
}

/* "name:value" on one line, blanks as one (3.4.2); without a line end. */
static void relaxed_header(struct arena *a, struct buf *out, struct str name, struct str value)
{
	bool space = false, begun = false;

	buf_adds(out, str_lower(a, str_trim(name)));
	buf_addc(out, ':');
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (is_white(c) || c == '\r' || c == '\n') {
			space = begun;
			continue;
		}
		if (space)
			buf_addc(out, ' ');
		buf_addc(out, c);
		begun = true;
		space = false;
	}
}

/* The last field of that name above `end`; its place in *at. */
static bool find_field(struct str head, const char *name, struct str *value)
{
	size_t at = 0;
	bool found = false;

	while (at < head.n) {
		size_t end = at, lf;

		do {
			lf = str_find_byte(str_from(head, end), '\n');
			end = lf == STR_NONE ? head.n : end + lf + 1;
		} while (end < head.n && is_white(head.p[end]));
		struct str field = str_sub(head, at, end - at);
		size_t colon = str_find_byte(field, ':');
		if (colon != STR_NONE && str_eq_nocase(str_trim(str_sub(field, 0, colon)), str_of(name))) {
			*value = str_from(field, colon + 1);
			found = true;
		}
		at = end;
	}
	return found;
}

static enum rc sign_bytes(struct arena *a, const struct dkim_key *k, struct str data, struct str *ret, struct err *err)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	unsigned char digest[32], *sig;
	size_t n = 0;
	bool ok;

	/* Ed25519 signs the hash (RFC 8463, 3). */
	if (k->ed25519) {
		unsigned int dn = sizeof(digest);

		ok = EVP_Digest(data.p, data.n, digest, &dn, EVP_sha256(), NULL) == 1;
		data = (struct str){ (const char *)digest, sizeof(digest) };
	} else {
		ok = true;
	}
	ok = ok && c && EVP_DigestSignInit(c, NULL, k->ed25519 ? NULL : EVP_sha256(), NULL, k->key) == 1;
	ok = ok && EVP_DigestSign(c, NULL, &n, (const unsigned char *)data.p, data.n) == 1;
	sig = arena_alloc(a, n + 1);
	ok = ok && EVP_DigestSign(c, sig, &n, (const unsigned char *)data.p, data.n) == 1;
	EVP_MD_CTX_free(c);
	if (!ok)
		return fail(err, RC_FAULT, "the mail could not be signed");
	*ret = base64_encode(a, (struct str){ (const char *)sig, n });
	return RC_OK;
}

enum rc dkim_sign(struct arena *a, const struct dkim_key *k, struct str domain, struct str selector, int64_t unix_time,
                  struct str mail, struct str *ret, struct err *err)
{
	static const char *const wanted[] = { "From",
		                              "To",
		                              "Cc",
		                              "Subject",
		                              "Date",
		                              "Message-ID",
		                              "In-Reply-To",
		                              "References",
		                              "Reply-To",
		                              "MIME-Version",
		                              "Content-Type",
		                              "Content-Transfer-Encoding",
		                              "Auto-Submitted",
		                              "List-Unsubscribe",
		                              "List-Unsubscribe-Post" };
	size_t cut = str_find(mail, STR("\r\n\r\n"));
	struct str head = str_sub(mail, 0, cut == STR_NONE ? mail.n : cut + 2),
	           body = cut == STR_NONE ? STR("") : str_from(mail, cut + 4), value, sig = STR_NULL;
	unsigned char digest[32];
	unsigned int dn = sizeof(digest);
	AUTO_BUF names, data, field;

	buf_init(&names, 4096);
	buf_init(&data, 200000);
	buf_init(&field, 8192);
	body = relaxed_body(a, body);
	if (EVP_Digest(body.p, body.n, digest, &dn, EVP_sha256(), NULL) != 1)
		return fail(err, RC_FAULT, "the mail could not be signed");
	struct str hash = base64_encode(a, (struct str){ (const char *)digest, sizeof(digest) });
	for (size_t i = 0; i < COUNT(wanted); i++)
		if (find_field(head, wanted[i], &value)) {
			buf_addf(&names, "%s%s", names.n ? ":" : "", wanted[i]);
			relaxed_header(a, &data, str_of(wanted[i]), value);
			buf_addz(&data, "\r\n");
		}
	buf_addz(&names, ":From");
	buf_addf(&field,
	         " v=1; a=%s; c=relaxed/relaxed; d=" STR_F ";\r\n s=" STR_F "; t=%lld;\r\n h=" STR_F ";\r\n bh=" STR_F
	         ";\r\n b=",
	         k->ed25519 ? "ed25519-sha256" : "rsa-sha256", STR_A(domain), STR_A(selector), (long long)unix_time,
	         STR_A(buf_str(&names)), STR_A(hash));
	relaxed_header(a, &data, STR("DKIM-Signature"), buf_str(&field));
	if (data.full || field.full || names.full)
		return fail(err, RC_LIMIT, "the mail's header is too long to be signed");
	enum rc rc = sign_bytes(a, k, buf_str(&data), &sig, err);
	if (rc != RC_OK)
		return rc;
	buf_clear(&data);
	buf_addz(&data, "DKIM-Signature:");
	buf_adds(&data, buf_str(&field));
	for (size_t i = 0; i < sig.n; i += 70)
		buf_addf(&data, "%s" STR_F, i ? "\r\n  " : "", STR_A(str_sub(sig, i, 70)));
	buf_addz(&data, "\r\n");
	*ret = str_concat(a, arena_str(a, buf_str(&data)), mail);
	return RC_OK;
}

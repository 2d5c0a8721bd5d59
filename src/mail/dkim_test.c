/* Signing: what is promised in the header, checked with the public half of the key; and by others' programs in
 * tests/mail-dkim.sh. */
#include "mail/dkim.h"
#include "test/test.h"
#include <openssl/evp.h>
#include <openssl/pem.h>

static struct str fresh_key(struct test *t)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *out = BIO_new(BIO_s_mem());
	char *p = NULL;

	PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
	long n = BIO_get_mem_data(out, &p);
	struct str pem = arena_str(&t->arena, (struct str){ p, (size_t)n });
	BIO_free(out);
	EVP_PKEY_free(key);
	return pem;
}

TEST(dkim_signs)
{
	struct dkim_key *k;
	struct str one, two, three;

	if (!EXPECT_RC(RC_OK, dkim_load(fresh_key(t), &k, &t->err)))
		return;
	EXPECT_RC(RC_OK, dkim_sign(&t->arena, k, STR("desk.example"), STR("s1"), 1795000000,
	                           STR("From: a@desk.example\r\nSubject: x\r\n\r\nHello\r\n"), &one, &t->err));
	EXPECT("the signature stands in front",
	       str_starts(one, STR("DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=desk.example;\r\n "
	                           "s=s1; t=1795000000;")));
	EXPECT("From is signed once more than it is there", str_find(one, STR("h=From:Subject:From;")) != STR_NONE);
	EXPECT("the mail follows as it was",
	       str_ends(one, STR("\r\nFrom: a@desk.example\r\nSubject: x\r\n\r\nHello\r\n")));
	EXPECT_RC(RC_OK,
	          dkim_sign(&t->arena, k, STR("desk.example"), STR("s1"), 1795000000,
	                    STR("From:  a@desk.example\r\nSubject:\r\n x\r\n\r\nHello \t\r\n\r\n\r\n"), &two, &t->err));
	size_t end = str_find(one, STR("\r\nFrom:"));
	EXPECT("blanks and empty lines at the end change nothing", str_eq(str_sub(one, 0, end), str_sub(two, 0, end)));
	EXPECT_RC(RC_OK, dkim_sign(&t->arena, k, STR("desk.example"), STR("s1"), 1795000000,
	                           STR("From: a@desk.example\r\nSubject: y\r\n\r\nHello\r\n"), &three, &t->err));
	EXPECT("another subject changes it", !str_eq(str_sub(one, 0, end), str_sub(three, 0, end)));
	dkim_free(k);
	EXPECT_RC(RC_INVALID, dkim_load(STR("no key"), &k, &t->err));
}

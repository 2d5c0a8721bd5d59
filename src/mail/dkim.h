/* dkim: a signature on a mail that goes out (RFC 6376, RFC 8463), so that others can believe who sent it. */
#pragma once
#include "util/arena.h"

struct dkim_key;
/* PEM, RSA of at least 1024 bits or Ed25519. RC_INVALID with a sentence. */
MUST_USE enum rc dkim_load(struct str pem, struct dkim_key **ret, struct err *err);
void dkim_free(struct dkim_key *k);
/* *ret: the mail with its DKIM-Signature in front. `mail` has CRLF line ends, as mime_build() makes it. */
MUST_USE enum rc dkim_sign(struct arena *a, const struct dkim_key *k, struct str domain, struct str selector,
                           int64_t unix_time, struct str mail, struct str *ret, struct err *err);

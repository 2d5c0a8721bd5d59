/* What the files of auth/ share. */
#pragma once
#include "auth/auth.h"

/* credential.recovery: hashes as a JSON array of strings. */
struct str recovery_list(struct arena *a, const struct str *hashes, size_t n);
/* The list without `hash`, in *ret; false when it is not in it. */
bool recovery_take(struct arena *a, struct str list, struct str hash, struct str *ret);
/* RFC 4648 base32, either case, no padding; false on other letters. */
bool totp_key(struct arena *a, struct str base32, struct str *ret);

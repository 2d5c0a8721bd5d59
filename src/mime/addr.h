/* addr: mail addresses as identities (RFC 5321 4.1.2, RFC 5322 3.4).
 *
 * Whether two addresses are the same person is a question of safety, so the rule is narrow: the canonical form is
 * local part in ASCII lower case, "@", domain in ASCII lower case as A-labels. Nothing else is folded: no Unicode
 * normalisation, no dots or +tags removed, no look-alikes. What is not plainly an address is refused, not repaired. */
#pragma once
#include "util/arena.h"

#define ADDR_MAX 254 /* RFC 5321 4.5.3.1.3 less the angle brackets */

/* Refuses with RC_INVALID: control characters and spaces, NUL, quoted local parts, comments, several "@", address
 * literals, a local part or domain that is empty or not ASCII (mail for non-ASCII local parts, RFC 6531, is not spoken
 * here), labels that begin or end with "-", a domain without dot other than "localhost". An encoded word is no address.
 * A domain with non-ASCII labels becomes A-labels (RFC 3492) only when NFC and lower case already. */
MUST_USE enum rc addr_canonical(struct arena *a, struct str address, struct str *ret, struct err *err);
/* Both canonical, and equal. False when either is no address. */
bool addr_same(struct str x, struct str y);
/* The domain of a canonical address. */
struct str addr_domain(struct str canonical);
/* For people: the address as given, and with its A-label domain where the domain is not plain ASCII (S-15). */
struct str addr_display(struct arena *a, struct str address);

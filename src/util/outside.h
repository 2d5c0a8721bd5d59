/* outside: asks an address that somebody else wrote (S-24): a webhook, a browser's push service, a link in an article. Whoever
 * writes an address must not reach through us what only we can reach. So the address is looked at when the connection is
 * made, as it was resolved, each time and on each redirect: loopback, private, link-local, shared and documentation networks
 * are refused (RFC 6890), whatever the spelling, unless the operator says so (`inside`). No proxy of the environment, no
 * names and passwords in addresses, no other protocols, no ports of other services; answers are not kept. */
#pragma once
#include "util/err.h"
#include "util/str.h"

enum outside_why {
	OUTSIDE_ANSWERED, /* whatever the status */
	OUTSIDE_LATE,
	OUTSIDE_NO_NAME,
	OUTSIDE_NO_CONNECTION, /* also: refused, because it is inside */
	OUTSIDE_BAD_CERTIFICATE,
	OUTSIDE_OTHER
};
struct outside {
	const char *url;            /* http or https */
	const char *const *headers; /* "Name: value", NULL at the end; may be NULL */
	struct str body;            /* POST when p is set, else GET */
	bool head;                  /* HEAD instead of GET */
	bool follow;                /* five redirects at most */
	bool tls_only;              /* https, unless `inside` */
	bool inside;
	int seconds;                /* in all; 0: 20 */
};
/* RC_OK: *status is set. RC_RETRY: nobody answered; err says why and names no address. */
MUST_USE enum rc outside_ask(const struct outside *o, long *status, enum outside_why *why, struct err *err);
/* May we connect there? By the binary address: AF_INET or AF_INET6. */
struct sockaddr;
bool outside_is_public(const struct sockaddr *to);

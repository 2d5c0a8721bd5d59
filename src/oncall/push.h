/* oncall/push: pages to browsers. Web Push (RFC 8030): the message is encrypted for the browser (RFC 8291, aes128gcm of
 * RFC 8188) and the desk says who it is to the push service (VAPID, RFC 8292). No library of Debian's serves C; the
 * pieces are OpenSSL's. Pure functions, and the subscriptions of agents. */
#pragma once
#include "event/event.h"

#define PUSH_PLAIN_MAX 3000 /* bytes of a message; services take 4096 with everything around it */
#define PUSH_BROWSERS  10   /* of an agent; the one not used for longest goes */

/* ---- pure ---- */
#define PUSH_KEY   65 /* a point of P-256, uncompressed */
#define PUSH_AUTH  16
#define PUSH_SALT  16
struct push_to { /* as PushSubscription.toJSON() has them, decoded */
	unsigned char p256dh[PUSH_KEY], auth[PUSH_AUTH];
};
/* RC_INVALID: not 65 and 16 bytes of base64url, or no point of the curve. */
MUST_USE enum rc push_keys(struct str p256dh, struct str auth, struct push_to *ret, struct err *err);
/* The body to post. `own` (32 bytes, a private key for this message) and `salt` are NULL but in tests. */
MUST_USE enum rc push_encrypt(struct arena *a, const struct push_to *to, struct str plain, const unsigned char *own,
                              const unsigned char *salt, struct str *ret, struct err *err);
/* The desk's signing key, the same for every process that has the same secret. */
struct vapid {
	unsigned char secret[32], point[PUSH_KEY];
};
MUST_USE enum rc vapid_from(struct str secret, struct vapid *ret, struct err *err);
struct str vapid_public(struct arena *a, const struct vapid *v); /* applicationServerKey, base64url */
/* The Authorization header for a service: `endpoint` gives the audience, `subject` is "mailto:...". */
MUST_USE enum rc vapid_header(struct arena *a, const struct vapid *v, struct str endpoint, struct str subject,
                              struct instant expires, struct str *ret, struct err *err);

/* ---- subscriptions ---- */
struct push_browser {
	int64_t id;
	struct str endpoint, p256dh, auth, name; /* base64url; name: the browser's own words */
	struct instant made_at, used_at;
};
/* Agents, for themselves. RC_INVALID: an address that is not https (or http when `inside`), keys that are none. */
MUST_USE enum rc push_add(struct db_tx *tx, const struct actor *who, struct instant now, const struct push_browser *b,
                          bool inside, struct err *err);
MUST_USE enum rc push_list(struct db_tx *tx, struct arena *out, struct agent_id agent, struct push_browser **ret,
                           size_t *ret_n, struct err *err);
MUST_USE enum rc push_drop(struct db_tx *tx, struct agent_id agent, int64_t id, struct err *err);
MUST_USE enum rc push_used(struct db_tx *tx, int64_t id, struct instant now, struct err *err);
/* A job that sends JSON to all browsers of an agent; `tag` replaces an earlier message of the same tag. */
MUST_USE enum rc push_queue(struct db_tx *tx, struct arena *a, struct agent_id agent, struct str title, struct str body,
                            struct str url, struct str tag, struct str dedupe, struct instant now, struct err *err);

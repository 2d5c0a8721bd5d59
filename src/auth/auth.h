/* auth: passwords, sessions, single-use links, API tokens, second factors, throttling. Knows persons as (kind, id);
 * names and roles are account/'s. Nothing secret is stored in the clear: session, once and API tokens as SHA-256,
 * passwords as argon2id (t=2, m=19 MiB), second-factor secrets readable only by this room.
 *
 * Whether an address exists must not show (S-45): callers run auth_password_check() in any case, with no credential for
 * absent persons, and answer the same. Password hashing is slow on purpose and bounded to a few at a time: call it on
 * workers, outside transactions. */
#pragma once
#include "auth/actor.h"
#include "db/db.h"

struct person {
	enum actor_kind kind;
	int64_t id;
};

/* ---- passwords ---- */
/* At least 10 and at most 1000 bytes, not a well-known one, not the address itself. */
MUST_USE enum rc auth_password_ok(struct str password, struct str email, struct err *err);
MUST_USE enum rc auth_password_hash(struct arena *out, struct str password, struct str *ret, struct err *err);
/* hash STR_NULL: hashes against a dummy, takes as long, is false. */
bool auth_password_check(struct str hash, struct str password);
struct credential {
	struct str password, totp;
	int64_t totp_step;
	bool has_recovery;
	struct instant changed_at;
};
/* RC_OK with empty strings when there is none: the same path for absent persons. */
MUST_USE enum rc credential_find(struct db_tx *tx, struct arena *out, struct person p, struct credential *ret,
                                 struct err *err);
/* Both end all sessions and unused links of the person (S-42): the caller starts a new session for who asked. */
MUST_USE enum rc credential_set_password(struct db_tx *tx, struct person p, struct str hash, struct instant now,
                                         struct err *err);
MUST_USE enum rc credential_set_totp(struct db_tx *tx, struct person p, struct str secret_base32,
                                     const struct str *recovery_hashes, size_t n, struct instant now,
                                     struct err *err); /* STR_NULL removes */

/* ---- second factor: TOTP, RFC 6238, SHA-1, 30 s, 6 digits, one step of drift, each code once ---- */
struct str totp_secret(struct arena *a); /* fresh, base32 */
struct str totp_uri(struct arena *a, struct str secret, struct str issuer, struct str account);
struct str totp_qr_svg(struct arena *a, struct str uri);                           /* for the enrolment page */
MUST_USE enum rc totp_code(struct str secret_base32, int64_t step, uint32_t *ret); /* for tests and `carrel admin` */
/* RC_OK moves totp_step in the same transaction; RC_DENIED otherwise. Also takes a recovery code (and uses it up). */
MUST_USE enum rc totp_use(struct db_tx *tx, struct person p, struct str code, struct instant now, struct err *err);

/* A fresh recovery code as people write it down ("abcd-efgh-ijkl-mnop"), and what is stored of one, however written. */
struct str recovery_code(struct arena *a);
struct str recovery_code_hash(struct arena *a, struct str code);

/* ---- sessions ---- */
struct session {
	struct person person;
	struct str hash;
	struct instant created_at, seen_at, expires_at, proved_at;
	bool half;
	struct str agent_of;
};
#define SESSION_DAYS      30
#define SESSION_IDLE_DAYS 7
#define FRESH_PROOF_US    (15 * MINUTE_US)
/* A new token (returned once, for the cookie); never reuses one that the client sent (S-42). half: second factor due.
 */
MUST_USE enum rc session_start(struct db_tx *tx, struct arena *out, struct person p, bool half, struct str user_agent,
                               struct instant now, struct str *ret_token, struct err *err);
/* RC_NOT_FOUND: none, expired or idle too long. One read; *ret_touch says that session_touch() is due (once in 5
 * minutes). */
MUST_USE enum rc session_find(struct db_tx *tx, struct arena *out, struct str token, struct instant now,
                              struct session *ret, bool *ret_touch, struct err *err);
MUST_USE enum rc session_touch(struct db_tx *tx, struct str hash, struct instant now, struct err *err);
/* Second factor given, or password repeated: a new token, the old one ends. */
MUST_USE enum rc session_rotate(struct db_tx *tx, struct arena *out, struct str hash, bool half, struct instant now,
                                struct str *ret_token, struct err *err);
MUST_USE enum rc session_end(struct db_tx *tx, struct str hash, struct err *err);
MUST_USE enum rc session_end_all(struct db_tx *tx, struct person p, struct str except_hash, struct err *err);
/* Agents who gave no second factor stand between the two steps from now on, and have the time to set one up. */
MUST_USE enum rc session_want_second(struct db_tx *tx, struct instant now, struct err *err);
MUST_USE enum rc session_list(struct db_tx *tx, struct arena *out, struct person p, struct session **ret, size_t *ret_n,
                              struct err *err);
MUST_USE enum rc session_expire(struct db_tx *tx, struct instant now, struct err *err);

/* ---- single-use links ---- */
enum once_purpose { ONCE_MAGIC = 1, ONCE_INVITE, ONCE_RESET };
/* A new one ends older ones of the purpose. Valid: magic 15 minutes, reset 1 hour, invitation 7 days. */
MUST_USE enum rc once_make(struct db_tx *tx, struct arena *out, enum once_purpose purpose, struct person p,
                           struct str email, struct instant now, struct str *ret_token, struct err *err);
MUST_USE enum rc once_peek(struct db_tx *tx, struct arena *out, enum once_purpose purpose, struct str token,
                           struct instant now, struct person *ret, struct str *ret_email,
                           struct err *err); /* for the page before the POST */
MUST_USE enum rc once_use(struct db_tx *tx, enum once_purpose purpose, struct str token, struct instant now,
                          struct person *ret, struct err *err); /* RC_DENIED: used, old or wrong */

/* Ends all unused ones of a person, as signing in and changing the address do (S-44). */
MUST_USE enum rc once_end_all(struct db_tx *tx, struct person p, struct err *err);
MUST_USE enum rc once_expire(struct db_tx *tx, struct instant now, struct err *err);

/* ---- throttling ---- */
/* Counts a try against `key` ("login:ana@campus.example", "ip:192.0.2.7"); RC_LIMIT when `max` were made within the
 * window, with *ret_wait in seconds for Retry-After. Counted in its own transaction so that a failure is remembered. */
MUST_USE enum rc throttle_try(struct db_tx *tx, struct str key, int max, int64_t window_us, struct instant now,
                              int64_t *ret_wait, struct err *err);
MUST_USE enum rc throttle_clear(struct db_tx *tx, struct str key, struct err *err);
MUST_USE enum rc throttle_expire(struct db_tx *tx, struct instant before, struct err *err);

/* ---- API tokens: "carrel_" and 32 letters, shown once ---- */
struct api_token {
	struct token_id id;
	struct str name;
	enum token_scope scope;
	struct agent_id agent;
	struct account_id account;
	struct contact_id contact;
	struct instant created_at, used_at, expires_at, revoked_at;
};
MUST_USE enum rc api_token_make(struct db_tx *tx, struct arena *out, const struct api_token *t, struct instant now,
                                struct token_id *ret, struct str *ret_token, struct err *err);
MUST_USE enum rc api_token_find(struct db_tx *tx, struct arena *out, struct str token, struct instant now,
                                struct api_token *ret, bool *ret_touch,
                                struct err *err); /* RC_NOT_FOUND: wrong, expired, revoked */
MUST_USE enum rc api_token_touch(struct db_tx *tx, struct token_id id, struct instant now, struct err *err);
MUST_USE enum rc api_token_revoke(struct db_tx *tx, struct token_id id, struct instant now, struct err *err);
MUST_USE enum rc api_token_list(struct db_tx *tx, struct arena *out, struct api_token **ret, size_t *ret_n,
                                struct err *err);

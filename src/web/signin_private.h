/* What the files of signing in share: signin.c (password, link, code), password_pages.c (reset, invitation), profile.c,
 * setup.c (first run), signin_common.c (persons, throttles, mails). */
#pragma once
#include "auth/auth.h"
#include "web/web.h"

/* A person as signing in sees one. */
struct signer {
	struct person person; /* kind ACTOR_NOBODY: there is none */
	struct actor actor;
	struct credential cred;
	bool active;
	bool closed; /* not active because the account is closed */
};
/* Fill *ret and return RC_OK for absent and disabled persons, too, with the same number of reads. */
MUST_USE enum rc signer_by_email(struct db_tx *tx, struct arena *a, struct str email, struct signer *ret,
                                 struct err *err);
MUST_USE enum rc signer_by_person(struct db_tx *tx, struct arena *a, struct person p, struct signer *ret,
                                  struct err *err);
/* The address as people are looked up by. */
struct str signin_address(struct arena *a, struct str typed);

/* Counts a try for each key in one durable transaction; on RC_LIMIT sets Retry-After. */
struct signin_limit {
	struct str key;
	int max;
};
MUST_USE enum rc signin_count(struct req *q, struct resp *r, const struct signin_limit *l, size_t n);
MUST_USE enum rc signin_forget(struct db_tx *tx, const struct signin_limit *l, struct err *err);
#define SIGNIN_WINDOW_US (15 * MINUTE_US)
#define SIGNIN_TRIES     10
#define SIGNIN_TRIES_IP  50
#define CODE_TRIES       5

/* Session, event and what else belongs to coming in, in the caller's transaction. *ret_half: the second factor is due.
 */
MUST_USE enum rc signin_admit(struct db_tx *tx, struct req *q, const struct signer *s, const char *how,
                              bool require_totp, struct str *ret_token, bool *ret_half, struct err *err);
void signin_cookies(struct req *q, struct resp *r, const struct signer *s, struct str token);
/* 303 to where the person wanted to go, or to the second factor. */
enum rc signin_onward(struct req *q, struct resp *r, const struct signer *s, bool half);
/* A device on which this person came in before: tries from elsewhere do not lock it out (S-43). STR_NULL: unknown. */
struct str signin_device(const struct req *q, struct str email);
MUST_USE enum rc signin_event(struct db_tx *tx, const struct req *q, const struct actor *who, const char *kind,
                              const char *what, struct err *err);

/* Mails. They carry links on config.base_url only. */
struct signin_post {
	const struct desk *desk;
	struct web_settings settings;
	struct arena *a;
	struct instant now;
};
MUST_USE enum rc signin_mail(struct db_tx *tx, const struct signin_post *post, enum once_purpose purpose,
                             const struct signer *to, struct str next, struct err *err);
/* For people.c and admin.c: makes the link and queues the mail. */
MUST_USE enum rc signin_invite(struct db_tx *tx, const struct signin_post *post, struct person p, struct err *err);
/* Tells somebody by mail that the password or second factor changed. `what` is a sentence to be translated. */
MUST_USE enum rc signin_tell(struct db_tx *tx, const struct signin_post *post, const struct signer *to,
                             const char *what, struct err *err);

/* ---- what the templates show ---- */
struct signin_view {
	const struct req *q;
	struct page *p;
	struct str email, next, token, error;
	bool sent, customer_links;
};
struct enrol_view {
	const struct req *q;
	struct page *p;
	struct str secret, error;
	struct html square;
	struct str next;
	bool has_password, on; /* on: a second factor is set */
	bool fresh;
	struct str codes[8];
	size_t n_codes;
	struct str onward;
};
struct session_row {
	struct str hash, agent_of;
	struct instant created_at, seen_at;
	bool here;
};
struct signin_choice {
	struct str value, label;
	bool chosen;
};
struct profile_view {
	const struct req *q;
	struct page *p;
	struct str name, email, phone, zone, error;
	struct signin_choice langs[8];
	size_t n_langs;
	const struct str *zones;
	size_t n_zones;
	struct signin_choice themes[3];
	struct session_row *sessions;
	size_t n_sessions;
	bool is_contact, totp, has_password, has_phone;
	struct str pin; /* a fresh telephone PIN, shown once */
};
struct setup_view {
	const struct req *q;
	struct page *p;
	struct str error, product, support_addr, phone, name, email;
};

#define N_RECOVERY 8
/* A fresh secret or the one of the form, with its square. */
void enrol_fill(struct enrol_view *v, struct str secret, struct str issuer, struct str account);
/* Stores secret and fresh recovery codes and takes the first code; RC_DENIED when it is wrong. Ends all sessions. */
MUST_USE enum rc enrol_store(struct db_tx *tx, struct req *q, struct person p, struct enrol_view *v, struct str code,
                             struct err *err);

/* Queues the job that mails a link, after counting; the answer tells nothing. */
MUST_USE enum rc signin_ask_link(struct req *q, struct resp *r, const char *purpose);
/* The page for a link that is used, old or wrong. */
enum rc signin_old_link(struct req *q, struct resp *r);

/* handlers of the routes in signin.c */
enum rc password_reset_show(struct req *q, struct resp *r);
enum rc password_reset_send(struct req *q, struct resp *r);
enum rc password_new_show(struct req *q, struct resp *r);
enum rc password_new_save(struct req *q, struct resp *r);
enum rc profile_show(struct req *q, struct resp *r);
enum rc profile_save(struct req *q, struct resp *r);
enum rc profile_password_show(struct req *q, struct resp *r);
enum rc profile_password_save(struct req *q, struct resp *r);
enum rc profile_totp_show(struct req *q, struct resp *r);
enum rc profile_totp_save(struct req *q, struct resp *r);
enum rc setup_show(struct req *q, struct resp *r);
enum rc setup_save(struct req *q, struct resp *r);

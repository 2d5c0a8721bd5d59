/* What oauth.c and oauth_code.c share: asking a token server, and keeping what it gave. */
#pragma once
#include "mail/imap.h"
#include <jansson.h>

/* A form to a token server; *ret is an object, to be released, or NULL. */
MUST_USE enum rc oauth_post(struct arena *a, struct str url, struct str form, json_t **ret, struct err *err);
/* https://, or http:// on this machine only. */
bool oauth_may_ask(struct str url);
/* "client_id=...&client_secret=..." */
MUST_USE enum rc oauth_client(struct arena *a, const struct mailbox *m, struct str *ret, struct err *err);
/* Keeps a new refresh token in its file before the access token is used. */
MUST_USE enum rc oauth_take(struct arena *a, const struct mailbox *m, struct oauth *o, json_t *j, struct str old,
                            struct err *err);
struct str oauth_encode(struct arena *a, struct str s);

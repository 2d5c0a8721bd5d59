/* account/rules: what a name, an address, a telephone number may be, and who may change whom. Pure; private to
 * account/. */
#pragma once
#include "account/account.h"

MUST_USE enum rc rule_name(struct str s, const char *field, struct err *err);
MUST_USE enum rc rule_ref(struct str s, struct err *err);  /* may be absent */
MUST_USE enum rc rule_lang(struct str s, struct err *err); /* "" allowed: the default */
MUST_USE enum rc rule_zone(struct str s, struct err *err); /* "" allowed */
/* "+57 (1) 555-0100" to "+5715550100"; absent and empty stay absent. */
MUST_USE enum rc rule_phone(struct arena *out, struct str s, struct str *ret, struct err *err);
/* The address people are looked up by: ASCII lower case, one '@', nothing an SMTP or SQL reader could see otherwise. */
MUST_USE enum rc rule_email(struct arena *out, struct str s, struct str *ret, struct err *err);
MUST_USE enum rc rule_host(struct arena *out, struct str s, struct str *ret, struct err *err);

/* One role to be given or taken away: its scope, with the subscription of a site. */
struct role_place {
	struct role role;
	struct subscription_id sub;
	struct site_id site;
};
/* Whether `by` manages that place: only managers give or take, only inside what they manage, and a manager is the most
 * there is, so nobody gives more than they have. */
bool rule_manages(const struct contact *by, const struct role_place *p);
bool rule_is_account_manager(const struct contact *c);

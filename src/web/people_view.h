/* What the pages of people.c show: a customer's people, subscriptions and sites. */
#pragma once
#include "account/account.h"
#include "auth/auth.h"
#include "web/page.h"
#include "web/web.h"

struct choice_view {
	struct str value, label;
};
struct role_line {
	struct str role, scope;
}; /* as the form names them: "operator", "subscription:12" */
struct person_line {
	int64_t id;
	struct str name, email, roles;
	bool disabled, self;
};
struct people_view {
	struct page *p;
	struct person_line *people;
	size_t n_people;
	struct str next_url;
	bool may_manage;
	/* the form */
	struct str name, email, phone;
	struct role_line blank;
	struct choice_view *scopes;
	size_t n_scopes;
};
struct person_view {
	struct page *p;
	int64_t id;
	struct str name, email, phone;
	bool disabled, self;
	struct role_line rows[17]; /* those there are and an empty one */
	size_t n_rows;
	struct choice_view *scopes;
	size_t n_scopes;
};
struct promise_line {
	int criticality;
	bool request;
	struct str text, channels;
};
struct plan_view {
	struct str name, plan, state, hours, used;
	struct instant from, to;
	bool support, ended;
	struct promise_line lines[5];
	size_t n_lines;
};
struct subscription_view {
	struct page *p;
	struct plan_view *plans;
	size_t n_plans;
	struct str verdict_title, verdict_text, managers;
	bool covered;
};
struct site_line {
	struct str name, subscription;
	struct str hosts[6];
	const char *roles[6];
	size_t n_hosts;
};
struct sites_view {
	struct page *p;
	struct site_line *sites;
	size_t n_sites;
};

/* ---- shared with the administration ---- */
struct people_places {
	struct subscription *subs;
	size_t n_subs;
	struct site *sites;
	size_t n_sites;
};
MUST_USE enum rc people_places(struct db_tx *tx, struct arena *a, struct account_id account, struct people_places *p,
                               struct err *err);
void people_scopes(struct arena *a, const struct i18n *l, const struct people_places *p, struct choice_view **ret,
                   size_t *ret_n);
struct str people_scope_value(struct arena *a, const struct role *r);
struct str people_roles_text(struct arena *a, const struct i18n *l, const struct contact *c,
                             const struct choice_view *scopes, size_t n);
/* The form's pairs of "role" and "scope"; "none" is left out. Whether they are the account's is asked by account/. */
MUST_USE enum rc people_read_roles(struct req *q, struct account_id account, struct contact *c, struct err *err);
const char *people_state_word(const struct i18n *l, enum sub_state s);
bool people_same_roles(const struct contact *a, const struct contact *b);
/* Ends sessions and unused links of somebody who was disabled or got other roles (S-42). */
MUST_USE enum rc people_end_access(struct db_tx *tx, struct person who, struct err *err);

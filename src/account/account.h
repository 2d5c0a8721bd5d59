/* account: customers, what they bought, their people and sites; agents and teams. No entitlement rules (entitlement/),
 * no passwords (auth/). Every change writes an event. Lists page by (name, id) or id cursors, never by offset. */
#pragma once
#include "auth/actor.h"
#include "db/db.h"
#include "event/event.h"

enum sub_state { SUB_TRIAL = 1, SUB_ACTIVE, SUB_PAST_DUE, SUB_SUSPENDED, SUB_CANCELLED };
enum scope_kind { SCOPE_ACCOUNT = 1, SCOPE_SUBSCRIPTION, SCOPE_SITE };
enum host_role { HOST_LMS = 1, HOST_STUDIO, HOST_MFE };
const char *sub_state_name(enum sub_state s); /* "trial", "active", "past-due", "suspended", "cancelled" */
MUST_USE enum rc sub_state_parse(struct str s, enum sub_state *ret);
const char *contact_role_name(enum contact_role r); /* "auditor", "operator", "manager" */
MUST_USE enum rc contact_role_parse(struct str s, enum contact_role *ret);
const char *agent_role_name(enum agent_role r); /* "agent", "supervisor", "administrator" */
MUST_USE enum rc agent_role_parse(struct str s, enum agent_role *ret);

struct account {
	struct account_id id;
	struct str name, ref, lang, zone;
	struct instant created_at, closed_at;
};
struct subscription {
	struct subscription_id id;
	struct account_id account;
	struct plan_id plan;
	struct str ref, name, plan_code, plan_name;
	enum sub_state state;
	struct instant valid_from, valid_to, state_at; /* valid_to exclusive, not set = open end */
};
struct site {
	struct site_id id;
	struct account_id account;
	struct subscription_id subscription;
	struct str name;
	struct str hosts[6];
	enum host_role roles[6];
	size_t n_hosts;
};
struct role {
	enum contact_role role;
	enum scope_kind scope;
	int64_t scope_id;
};
struct contact {
	struct contact_id id;
	struct account_id account;
	struct str account_name;
	struct str name, email, phone, lang, zone;
	struct instant created_at, disabled_at;
	bool account_closed; /* nobody of it signs in */
	struct role roles[16];
	size_t n_roles;
};
struct agent {
	struct agent_id id;
	struct str name, email, lang, zone;
	enum agent_role role;
	struct instant created_at, disabled_at;
};
struct team {
	struct team_id id;
	struct str name, about; /* about: "" = nothing was said */
	struct instant removed_at;
};

/* ---- find: RC_NOT_FOUND when absent ---- */
MUST_USE enum rc account_find(struct db_tx *tx, struct arena *out, struct account_id id, struct account *ret,
                              struct err *err);
MUST_USE enum rc contact_find(struct db_tx *tx, struct arena *out, struct contact_id id, struct contact *ret,
                              struct err *err);
/* By any address that speaks for a contact; `email` in canonical form (mime/addr.h). Disabled ones are found too. */
MUST_USE enum rc contact_find_email(struct db_tx *tx, struct arena *out, struct str email, struct contact *ret,
                                    struct err *err);
MUST_USE enum rc agent_find(struct db_tx *tx, struct arena *out, struct agent_id id, struct agent *ret,
                            struct err *err);
MUST_USE enum rc agent_find_email(struct db_tx *tx, struct arena *out, struct str email, struct agent *ret,
                                  struct err *err);
MUST_USE enum rc subscription_find(struct db_tx *tx, struct arena *out, struct subscription_id id,
                                   struct subscription *ret, struct err *err);
MUST_USE enum rc site_find(struct db_tx *tx, struct arena *out, struct site_id id, struct site *ret, struct err *err);
MUST_USE enum rc site_find_host(struct db_tx *tx, struct arena *out, struct account_id account, struct str host,
                                struct site *ret, struct err *err);

/* ---- lists: at most `max` after the cursor (0 / "" = from the start), *ret_more when there are more ---- */
struct list_page {
	struct str after_name;
	int64_t after_id;
	size_t max;
};
MUST_USE enum rc account_list(struct db_tx *tx, struct arena *out, struct str name_prefix, const struct list_page *p,
                              struct account **ret, size_t *ret_n, bool *ret_more, struct err *err);
MUST_USE enum rc contact_list(struct db_tx *tx, struct arena *out, struct account_id account, const struct list_page *p,
                              struct contact **ret, size_t *ret_n, bool *ret_more,
                              struct err *err); /* account 0 = all */
/* Who can sign in and has the words in name, address, telephone (digits) or account; at most `max`, by name, without
 * roles. For agents. */
MUST_USE enum rc contact_search(struct db_tx *tx, struct arena *out, struct str words, size_t max, struct contact **ret,
                                size_t *ret_n, struct err *err);
MUST_USE enum rc subscription_list(struct db_tx *tx, struct arena *out, struct account_id account,
                                   const struct list_page *p, struct subscription **ret, size_t *ret_n, bool *ret_more,
                                   struct err *err);
MUST_USE enum rc site_list(struct db_tx *tx, struct arena *out, struct account_id account, struct site **ret,
                           size_t *ret_n, struct err *err); /* at most 500, two queries */
MUST_USE enum rc agent_list(struct db_tx *tx, struct arena *out, struct agent **ret, size_t *ret_n,
                            struct err *err); /* at most 1000, active first */
/* Those that were not removed, by name; at most 200. */
MUST_USE enum rc team_list(struct db_tx *tx, struct arena *out, struct team **ret, size_t *ret_n, struct err *err);
MUST_USE enum rc team_find(struct db_tx *tx, struct arena *out, struct team_id id, struct team *ret,
                           struct err *err); /* removed ones, too */
MUST_USE enum rc team_find_name(struct db_tx *tx, struct arena *out, struct str name, struct team *ret, struct err *err);
/* Id and name of each, by name. */
MUST_USE enum rc team_members(struct db_tx *tx, struct arena *out, struct team_id id, struct agent **ret, size_t *ret_n,
                              struct err *err);

/* ---- changes; `who` is checked by the caller's capability and, for contacts, here: managers change only their own
 *      account's people, never give more than they have, never remove the last manager (S-36) ---- */
MUST_USE enum rc account_create(struct db_tx *tx, const struct actor *who, struct instant now, const struct account *a,
                                struct account_id *ret, struct err *err);
MUST_USE enum rc account_update(struct db_tx *tx, const struct actor *who, struct instant now, const struct account *a,
                                struct err *err);
MUST_USE enum rc subscription_create(struct db_tx *tx, const struct actor *who, struct instant now,
                                     const struct subscription *s, struct subscription_id *ret, struct err *err);
MUST_USE enum rc subscription_update(struct db_tx *tx, const struct actor *who, struct instant now,
                                     const struct subscription *s, struct err *err);
MUST_USE enum rc site_create(struct db_tx *tx, const struct actor *who, struct instant now, const struct site *s,
                             struct site_id *ret, struct err *err);
MUST_USE enum rc site_update(struct db_tx *tx, const struct actor *who, struct instant now, const struct site *s,
                             struct err *err); /* name, subscription, hosts */
MUST_USE enum rc site_find_name(struct db_tx *tx, struct arena *out, struct account_id account, struct str name,
                                struct site *ret, struct err *err);
MUST_USE enum rc account_find_ref(struct db_tx *tx, struct arena *out, struct str ref, struct account *ret,
                                  struct err *err);
MUST_USE enum rc subscription_find_ref(struct db_tx *tx, struct arena *out, struct str ref, struct subscription *ret,
                                       struct err *err);
MUST_USE enum rc contact_create(struct db_tx *tx, const struct actor *who, struct instant now, const struct contact *c,
                                struct contact_id *ret, struct err *err); /* RC_CONFLICT: address taken */
MUST_USE enum rc contact_update(struct db_tx *tx, const struct actor *who, struct instant now, const struct contact *c,
                                struct err *err); /* name, phone, lang, zone, roles, disabled_at */
MUST_USE enum rc contact_add_address(struct db_tx *tx, const struct actor *who, struct instant now, struct contact_id c,
                                     struct str email, struct err *err);
MUST_USE enum rc agent_create(struct db_tx *tx, const struct actor *who, struct instant now, const struct agent *a,
                              struct agent_id *ret, struct err *err);
MUST_USE enum rc agent_update(struct db_tx *tx, const struct actor *who, struct instant now, const struct agent *a,
                              struct err *err); /* last administrator stays */
/* Teams are the administrators'. One that was removed comes back, without members, when its name is added again. */
MUST_USE enum rc team_add(struct db_tx *tx, const struct actor *who, struct instant now, const struct team *t,
                          struct team_id *ret, struct err *err); /* RC_CONFLICT: name taken */
MUST_USE enum rc team_update(struct db_tx *tx, const struct actor *who, struct instant now, const struct team *t,
                             struct err *err); /* name, about */
/* Exactly these agents, none of them disabled; RC_INVALID field "members" otherwise. */
MUST_USE enum rc team_set_members(struct db_tx *tx, const struct actor *who, struct instant now, struct team_id id,
                                  const struct agent_id *ids, size_t n, struct err *err);
/* Only of a team without open tickets (ticket_team_leave()); the caller sees to policies that page it. */
MUST_USE enum rc team_remove(struct db_tx *tx, const struct actor *who, struct instant now, struct team_id id,
                             struct err *err);
MUST_USE enum rc agent_count(struct db_tx *tx, int64_t *ret_active_admins, struct err *err);

/* What a contact may do on things of this subscription and site (0 = account-wide thing): the widest role whose scope
 * covers it, 0 = nothing. */
enum contact_role contact_role_for(const struct contact *c, struct subscription_id sub, struct site_id site);
/* The actor for a contact or agent. */
struct actor actor_of_contact(const struct contact *c);
struct actor actor_of_agent(const struct agent *a);
struct actor actor_system(void);

/* ---- CSV import of accounts, subscriptions, contacts, sites ----
 * Header line names the columns (docs/IMPORT.md). Every line is checked; nothing is written when dry_run or when a line
 * is wrong. RFC 4180. */
struct import_line {
	int line;
	struct str field, text;
	bool error; /* else what it would do */
};
struct import_report {
	struct import_line *at;
	size_t n;
	int lines, created, updated, unchanged, errors;
};
MUST_USE enum rc account_import_csv(struct db *db, struct arena *out, const struct actor *who, struct instant now,
                                    struct str csv, bool dry_run, struct import_report *ret, struct err *err);

/* ---- settings ---- */
MUST_USE enum rc setting_get(struct db_tx *tx, struct arena *out, const char *key, struct str *ret,
                             struct err *err); /* RC_NOT_FOUND */
/* What the desk is called: as configured, else as the first-run page set it. */
struct str setting_product(struct db_tx *tx, struct arena *out, struct str configured);
MUST_USE enum rc setting_set(struct db_tx *tx, const char *key, struct str value, struct err *err);

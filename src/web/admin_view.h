/* What the pages of administration show. Files: admin.c (start, settings, agents, tokens), admin_accounts.c (accounts
 * and what belongs to them), admin_plans.c, admin_mails.c (undelivered mails), admin_tools.c (dead jobs, import). */
#pragma once
#include "inbox/inbox.h"
#include "auth/auth.h"
#include "entitlement/entitlement.h"
#include "jobs/jobs.h"
#include "outbox/outbox.h"
#include "web/page.h"
#include "web/people_view.h"

struct admin_theme {
	const struct page *p;
	struct str accent, e_accent, e_logo;
	bool has_logo, colours;
};
struct admin_home {
	struct page *p;
	int64_t dead, waiting;
	size_t failed;
	struct str product, phone, support_addr, hold_seconds, mail_history;
	bool product_fixed, phone_fixed, addr_fixed, require_totp; /* fixed: by the configuration */
};
struct admin_agent {
	struct agent_id id;
	struct str name, email;
	const char *role;
	bool disabled, self;
};
struct admin_agents {
	struct page *p;
	struct admin_agent *agents;
	size_t n;
	struct str name, email, role;
	/* one */
	struct admin_agent one;
	bool totp;
};
struct admin_token {
	int64_t id;
	struct str name, who;
	const char *scope;
	struct instant created_at, used_at, expires_at, revoked_at;
};
struct admin_tokens {
	struct page *p;
	struct admin_token *tokens;
	size_t n;
	struct str made; /* shown once */
	struct choice_view *owners;
	size_t n_owners;
	struct str name, owner, days, scope;
};
struct admin_accounts {
	struct page *p;
	struct account *accounts;
	size_t n;
	struct str find, next_url;
	struct str name, ref, lang, zone;
};
struct admin_person {
	int64_t id;
	struct str name, email, roles;
	bool disabled;
};
struct admin_sub {
	int64_t id;
	struct str name, plan, ref;
	const char *state;
	struct instant from, to;
};
struct admin_account {
	struct page *p;
	int64_t id;
	struct str name, ref, lang, zone;
	bool closed;
	struct admin_sub *subs;
	size_t n_subs;
	struct site_line *sites;
	int64_t *site_ids;
	size_t n_sites;
	struct admin_person *people;
	size_t n_people;
	bool more_people;
	struct choice_view *plans, *scopes, *sub_choices;
	size_t n_plans, n_scopes, n_sub_choices;
	struct role_line blank;
	struct str today;
	bool invite;
	const struct req *q;
	struct str refused; /* the form ("subscription", ...) that was, n == 0: none; it is open and keeps what was typed */
};
/* What was typed into a field of a form that was refused, else `fallback`. */
struct str admin_typed(const struct admin_account *v, const char *form, const char *field, struct str fallback);
bool admin_chosen(const struct admin_account *v, const char *form, const char *field, struct str option);
struct admin_sub_form {
	struct page *p;
	int64_t id, account;
	struct str name, ref, plan, state, from, to;
	struct choice_view *plans;
	size_t n_plans;
};
struct admin_site_form {
	struct page *p;
	int64_t id, account;
	struct str name, hosts, sub;
	struct choice_view *subs;
	size_t n_subs;
};
struct admin_contact_form {
	struct page *p;
	int64_t id, account;
	struct str name, email, phone;
	bool disabled;
	struct role_line rows[17];
	size_t n_rows;
	struct choice_view *scopes;
	size_t n_scopes;
};
struct admin_cell {
	struct str value;
	const char *label;
	bool on;
};
struct admin_target { /* what is promised, and how it is counted */
	struct str value, warn; /* minutes, percent */
	const char *label;
	int criticality, pauses; /* enum clock_pauses */
	int64_t calendar;        /* 0: the plan's */
};
struct admin_plan_row {
	int criticality;
	bool request;
	struct admin_cell channels[5];
	struct admin_target targets[4];
};
struct admin_plans {
	struct page *p;
	struct plan *plans;
	size_t n;
	/* one */
	int64_t id;
	struct str code, name, quota, rank;
	bool support, approval;
	int64_t calendar;
	struct calendar *calendars;
	size_t n_calendars;
	struct admin_plan_row rows[5];
	struct str days[4]; /* a request's estimate by complexity, from 1 */
};
enum rc admin_request_types_show(struct req *q, struct resp *r);
enum rc admin_request_types_save(struct req *q, struct resp *r);
enum rc admin_estimates_save(struct req *q, struct resp *r);
struct admin_mail {
	int64_t id;
	struct str to, subject, error; /* error: as the server said it */
	const char *why;               /* in words */
	struct instant created_at;
	bool first_to; /* the newest of several to this address */
	struct instant seen_at;
	struct str seen_by;
};
struct admin_mails {
	struct page *p;
	struct admin_mail *mails;
	size_t n;
	bool more, dismissed; /* dismissed: those are shown */
};
struct admin_text_line {
	const char *kind, *title, *lang, *lang_name;
	bool changed, chosen;
};
struct admin_texts {
	struct page *p;
	struct admin_text_line *lines;
	size_t n;
	const char *kind, *title, *lang, *lang_name;
	struct str *places;
	size_t n_places;
	struct str text, e_text, preview;
	struct html page; /* the preview as the mail's HTML part has it */
	bool changed;
};
struct admin_tools {
	struct page *p;
	struct job_row *jobs;
	size_t n_jobs;
	struct import_report report;
	bool reported, dry;
	struct mail_rule *rules;
	size_t n_rules;
	struct team *teams; /* that a rule may name */
	size_t n_teams;
	struct str contains, field, kind, e_contains, e_kind;
	int64_t team;
};

/* handlers of the routes in admin.c */
enum rc admin_accounts_show(struct req *q, struct resp *r);
enum rc admin_accounts_add(struct req *q, struct resp *r);
enum rc admin_account_show(struct req *q, struct resp *r);
enum rc admin_account_save(struct req *q, struct resp *r);
enum rc admin_sub_show(struct req *q, struct resp *r);
enum rc admin_sub_save(struct req *q, struct resp *r);
enum rc admin_site_show(struct req *q, struct resp *r);
enum rc admin_site_save(struct req *q, struct resp *r);
enum rc admin_contact_show(struct req *q, struct resp *r);
enum rc admin_contact_save(struct req *q, struct resp *r);
enum rc admin_plans_show(struct req *q, struct resp *r);
enum rc admin_plans_add(struct req *q, struct resp *r);
enum rc admin_plan_show(struct req *q, struct resp *r);
enum rc admin_plan_save(struct req *q, struct resp *r);
enum rc admin_jobs_show(struct req *q, struct resp *r);
enum rc admin_jobs_do(struct req *q, struct resp *r);
enum rc admin_teams_show(struct req *q, struct resp *r);
enum rc admin_teams_add(struct req *q, struct resp *r);
enum rc admin_team_show(struct req *q, struct resp *r);
enum rc admin_team_save(struct req *q, struct resp *r);
enum rc admin_rules_show(struct req *q, struct resp *r);
enum rc admin_rules_do(struct req *q, struct resp *r);
enum rc admin_mails_show(struct req *q, struct resp *r);
enum rc admin_texts_show(struct req *q, struct resp *r);
enum rc admin_texts_do(struct req *q, struct resp *r);
enum rc admin_mails_do(struct req *q, struct resp *r);
enum rc admin_import_show(struct req *q, struct resp *r);
enum rc admin_import_do(struct req *q, struct resp *r);
/* Starts a page of the administration. */
struct out admin_begin(struct req *q, struct resp *r, struct page *p, const char *title);

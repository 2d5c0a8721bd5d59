/* What templates show of duty and paging: desk_oncall.c (who is on duty, pages of a ticket, links in mails, feeds) and
 * admin_oncall.c (schedules, policies, rules, calendars). */
#pragma once
#include "oncall/oncall.h"
#include "web/clock_view.h"
#include "web/page.h"

struct duty_shift {
	struct str who;
	struct instant from, to;
	bool gap, now;
};
struct duty_override {
	int64_t id;
	struct str who, instead, by;
	struct instant from, to;
};
struct duty_schedule {
	int64_t id;
	struct str name, zone, now, feed_url;
	struct duty_shift *shifts;
	size_t n_shifts;
	struct duty_override *overrides;
	size_t n_overrides;
	struct duty_shift *gap; /* of the next thirty days */
	size_t gaps;
	/* the override form: what was typed and what was wrong, of the schedule it was sent for */
	int64_t who, instead;
	struct str from, to, e_who, e_from, e_to, error;
};
struct duty_page {
	struct duty_schedule *at;
	size_t n;
	struct agent *agents;
	size_t n_agents;
	bool is_admin;
};
struct desk_page { /* an escalation on a ticket's page */
	int64_t id;
	const char *state;
	struct str who;
	struct instant at;
	bool active;
};
struct desk_paging {
	struct str url;
	struct desk_page *pages;
	size_t n;
	struct oncall_policy *policies;
	size_t n_policies;
	bool done;
};
struct page_link { /* the page behind the link in a mail */
	struct page *p;
	struct str number, subject, account, who, url;
	int criticality;
	bool done, gone;
	struct str by;
};
struct admin_text { /* a schedule, policy or calendar to edit */
	int64_t id;
	struct str name, zone, text, secret;
	struct str error;
};
struct admin_oncall {
	struct page *p;
	struct admin_text *schedules, *policies, *calendars;
	size_t n_schedules, n_policies, n_calendars;
	struct admin_text new_schedule, new_policy, new_calendar;
	bool wrong; /* a text was refused */
	int64_t rules[5][4];
	struct agent *agents;
	size_t n_agents;
	struct team *teams;
	size_t n_teams;
};
/* desk_oncall.c: for the ticket's page. */
MUST_USE enum rc desk_paging_load(struct db_tx *tx, const struct req *q, const struct ticket *t, struct desk_paging *ret, struct err *err);

/* What the customers' templates show. Filled by portal*.c; text is text, escaping is the template's. */
#pragma once
#include "http/out.h"
#include "kb/kb.h"
#include "ticket/ticket.h"
#include "web/page.h"

struct ticket_line {               /* a ticket in a list */
	struct str number, url, subject, resolution, account, who;
	bool incident, you;        /* you: it waits for the customer */
	int criticality;
	const char *status;        /* translated */
	struct instant updated_at;
};
struct problem_banner; /* web/problem_view.h */
struct support_home {
	struct str covered_title, covered_text; /* what the plan covers, or the exact no */
	bool covered, may_open;
	struct str managers;       /* who can change it, when not covered */
	struct ticket_line *lines;
	size_t n_lines;
	struct article *articles;
	size_t n_articles;
	struct str phone, phone_to;
	bool phone_down;
	struct problem_banner *problems;
	size_t n_problems;
	bool may_join;
};
struct refusal {                   /* the form's place when it is not entitled */
	struct str title, text, who_text;
	const struct contact *managers;
	size_t n_managers;
	bool is_manager;
};
struct criticality_choice { int level; const char *name, *hint; bool checked; };
struct call_card { struct str phone, phone_to, pin, number, target; bool has_phone, may_call, down; };
struct new_ticket {                /* the pages of opening a ticket */
	const char *kind;          /* "incident", "request" or "" */
	int criticality;
	struct str words;          /* from the search */
	const struct article *about; /* the page that was not enough; page 0: none */
	struct article *articles;
	size_t n_articles;
	struct criticality_choice choice[4];
	struct call_card call;     /* criticality 1 and 2 */
	struct str summary, text, course, unit, affected_email, link, wanted_on, phone;
	struct str site_text;
	struct str e_kind, e_criticality, e_summary, e_text, e_course, e_affected, e_link, e_wanted, e_files, e_phone;
	const struct attachment *files; /* kept from an earlier try */
	size_t n_files;
	struct str draft_url, saved_at, helpful;
	struct str max_size;
	struct str form_key;
};
struct ticket_list_page {
	struct ticket_line *lines;
	size_t n_lines;
	struct str next_url;
	const char *which;         /* "open", "solved", "all" */
	bool mine;
};
struct shown_file { struct str url, name; struct str size; bool image, sound; };
struct timeline_item {             /* a message, or a visible event in one line */
	bool is_event;
	struct str text;           /* of an event */
	struct instant at;
	bool ours;                 /* by the desk's people */
	struct str who, via;
	struct str body, quoted;
	struct html html;
	bool has_html;
	const struct shown_file *files;
	size_t n_files;
};
struct clock_line; /* web/clock_view.h */
struct ticket_page {
	struct str number, url, subject, resolution, plan;
	bool incident;
	int criticality;
	const char *status;
	bool you;
	struct str promise;        /* a sentence: what happens next, by when */
	struct str course, unit, affected_email, link, site, opened_by;
	struct instant opened_at;
	struct timeline_item *items;
	size_t n_items;
	bool may_write, may_reply, may_confirm, may_reopen, may_rate, closed, resolved;
	int rating;
	struct str reply, e_text, e_reason, e_files, seen, phone, pin_note;
	bool callback_asked, may_callback;
	struct str e_phone, phone_typed;
	struct str draft_url, form_key;
	struct str new_url;        /* to open a follow-up */
	bool fresh;                /* just opened: the confirmation */
	struct clock_line *clocks; /* what was promised, and what is left of it */
	size_t n_clocks;
	struct str estimate, wanted_on; /* of a request */
	const struct problem_banner *problem; /* NULL: none */
	bool may_approve;
	struct str decline;
};

struct claim_view {
	struct str number, token, phone;
	bool incident, late, done, critical;
};

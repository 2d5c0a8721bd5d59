/* What the agents' templates show, and what desk.c (lists and search), desk_thread.c (a ticket as it is shown),
 * desk_ticket.c (actions on a ticket), desk_reply.c (what is said) and triage.c (mail) share. Text is text, escaping is
 * the template's. */
#pragma once
#include "account/account.h"
#include "entitlement/entitlement.h"
#include "http/http.h"
#include "i18n/i18n.h"
#include "ticket/ticket.h"
#include "web/page.h"

#define DESK_TEXT_MAX (200 << 10) /* of a reply or note, as ticket/ has it */
#define DESK_KEPT_MAX 40          /* kept files that a form may name */

/* ---- lists ---- */
struct desk_row {
	struct str number, url, subject, account, who, assignee, team;
	bool incident, not_phoned, waits; /* waits: for the customer or others */
	bool same, chosen;                /* related: may have the same problem; ticked in a form that was refused */
	int64_t value;                    /* its number */
	int criticality, priority;
	const char *complexity, *state, *via;
	struct instant updated_at, callback_at;
};
struct desk_list {
	const char *title;
	struct html rows; /* desk_row_list, "" = there are none */
	struct str next_url;
	const char *empty, *action; /* one sentence and what to do then */
	const char *action_url;
	const char *board_url; /* NULL: there is none */
	struct str url;
	struct team *teams; /* to choose from; none: there are no teams */
	size_t n_teams;
	int64_t team;
	bool mine; /* of my teams, unless one is chosen */
};
struct desk_search {
	struct str words;
	struct desk_row *rows;
	size_t n;
	struct str next_url;
	struct kb_hit_row *articles; /* kb_find_view.h */
	size_t n_articles;
	struct str articles_url;
};

/* ---- one ticket ---- */
struct desk_file {
	struct str url, name, size, token;
	bool image, sound, removed;
};
struct desk_delivery {
	struct str to, error;
	const char *state;
	bool bad;
	struct instant at;
};
/* An invitation a mail brought (RFC 5546), as it is written there. */
struct desk_invite {
	const char *what;
	struct str summary, when, organizer, location;
};
struct desk_item { /* a message, or an event in one line */
	bool is_event, is_note, is_ours, automatic, unverified, same_id, cut;
	const char *crypto; /* "" or what was done to the mail */
	struct desk_invite *invite; /* NULL: none */
	int64_t id, intake;
	struct str text; /* of an event */
	struct instant at;
	struct str who, email;
	const char *via;
	struct html html;
	struct str quoted; /* STR_NULL: none, or folded in html */
	struct desk_file *files;
	size_t n_files;
	struct desk_delivery *deliveries;
	size_t n_deliveries;
};
struct clock_line; /* web/clock_view.h */
struct clock_cycle;
struct desk_paging; /* web/oncall_view.h */
struct desk_problem; /* web/problem_view.h */
struct desk_checklist; /* web/request_view.h */
struct kb_used_row; /* web/kb_use_view.h */
struct kb_used;
struct desk_person {
	struct str name, email;
	bool requester;
};
struct desk_ticket {
	const struct req *q;
	const char *action; /* the action that was refused, "" = none: its form is open and keeps what was typed */
	struct str number, url;
	struct ticket t;
	bool follows, incident, mine, done, closed, may_reopen, is_admin;
	const char *state, *complexity, *kind, *verdict, *via, *rating;
	bool line; /* there is a telephone line, and it is up */
	struct str plan, promise, phone, phone_to, callback_to, zone;
	struct desk_item *items;
	size_t n_items;
	bool has_older;
	struct agent *agents;
	size_t n_agents;
	struct team *teams;
	size_t n_teams;
	struct desk_person *people;
	size_t n_people;
	struct str *mentioned; /* in copy only */
	size_t n_mentioned;
	struct desk_row *related;
	size_t n_related;
	bool may_join, part; /* some of them can have the same problem; it is part of one already */
	struct kb_used_row *articles;
	size_t n_articles;
	struct html clocks; /* clock_list, "" = none runs or ran */
	struct str preview[5]; /* what each criticality would promise */
	const struct desk_paging *paging; /* web/oncall_view.h */
	const struct desk_problem *problem; /* incidents; web/problem_view.h */
	const struct desk_checklist *checklist; /* requests; web/request_view.h */
	struct str solution; /* fits: of the known problem it was part of */
	struct held *held; /* ticket/held.h: replies that wait */
	size_t n_held;
	/* the composer */
	struct str text, draft_url;
	bool note;
	struct desk_file *kept;
	size_t n_kept;
	struct instant kept_at; /* the draft's, not set = there is none */
	struct str later_at, reader_zone; /* when the reply shall be sent; whose clock that is */
};
struct desk_later { /* desk_held.c */
	struct held *held;
	struct str *urls; /* of their tickets */
	size_t n;
};
/* What was typed into a form of the page when that form was refused, else `fallback`. */
struct str desk_typed(const struct desk_ticket *v, const char *action, const char *field, struct str fallback);
bool desk_chosen(const struct desk_ticket *v, const char *action, const char *field, int64_t option, int64_t fallback);
/* What was wrong with it, else STR_NULL. */
struct str desk_wrong(const struct desk_ticket *v, const char *action, const char *field);

/* Of a field in the form of details. */
const char *desk_label(const struct i18n *l, const char *field);

struct desk_hidden {
	struct str name, value;
};
struct desk_stale { /* somebody was faster: what happened meanwhile, and what was typed */
	struct str number, url, subject, action_url, text, seen;
	const char *field, *label; /* of the text; NULL: the form had none */
	bool is_reply, note, waiting;
	struct desk_item *items;
	size_t n_items;
	struct desk_hidden *hidden;
	size_t n_hidden;
};

/* ---- mail triage ---- */
struct triage_row {
	int64_t id;
	struct str who, subject, reason, size;
	struct str refused_by; /* "": nobody */
	struct instant at;
};
struct triage_alarm {
	struct str what, why; /* sentences */
	struct instant since;
};
struct triage_list {
	const char *state, *title, *empty;
	struct triage_row *rows;
	size_t n;
	struct str next_url;
	struct triage_alarm *alarms; /* ways in that fail */
	size_t n_alarms;
};
struct triage_mail {
	int64_t id;
	struct str subject, reason, mail_from, rcpt, from_addr;
	struct str refused_by; /* "": nobody */
	struct instant received_at, refused_at;
	const char *state, *channel;
	struct str size, headers, from, text, preview_error, ticket_url, ticket_number, contact, e_contact, e_reason,
	        list_url, ticket, e_ticket, person, e_person, account, e_account, name, e_name;
	struct desk_file *files;
	size_t n_files;
	bool open, may_refuse, may_link, may_decide;
	bool cut; /* more is in the raw mail */
};

/* ---- shared by the files above ---- */
struct str desk_number(const struct req *q, int64_t number);
struct str desk_ticket_url(const struct req *q, int64_t number);
/* The path's {number}; 0 when it is none. */
int64_t desk_path_number(const struct req *q);
const char *desk_state(const struct i18n *l, enum ticket_state s, enum waiting_for w);
const char *desk_complexity(const struct i18n *l, int complexity);
const char *desk_via(const struct i18n *l, enum channel c);
struct desk_row *desk_rows(const struct req *q, const struct ticket_row *rows, size_t n);
/* web_page_init() with the counts of the views. */
void desk_page_init(struct page *p, struct req *q, struct resp *r, const char *title, enum nav nav,
                    const struct view_counts *c);
/* What is wrong with mail coming in, for people: mailboxes that are not read, mail that is not filed. In `tx`. */
MUST_USE enum rc desk_mail_alarms(struct db_tx *tx, struct req *q, struct triage_alarm **ret, size_t *ret_n, struct err *err);
/* ticket_counts(), kept while nothing happens. */
MUST_USE enum rc desk_counts(struct db_tx *tx, const struct req *q, struct view_counts *ret, struct err *err);
/* The teams in it, for menus: id and name. */
struct team *desk_teams(struct arena *a, const struct view_counts *c, size_t *ret_n);
/* A list as it is shown, kept while nothing happens. */
struct desk_listing {
	struct req *q;
	const char *view; /* for the key */
	struct ticket_query query;
	struct html rows; /* "" = there are none */
	struct str next;
	struct view_counts counts;
};
MUST_USE enum rc desk_listing_read(struct db_tx *tx, void *listing, struct err *err);
/* Where err may be written without hiding why a form was refused. */
struct err *desk_err(struct req *q, const struct resp *r, struct err *spare);

/* desk_thread.c: everything of one ticket. */
struct desk_load {
	int64_t stamp; /* event_stamp() of the snapshot */
	bool has_stamp;
	struct req *q;
	int64_t number;
	struct ticket_view view;
	struct view_counts counts;
	struct agent *agents;
	size_t n_agents;
	struct ticket_row *related;
	size_t n_related;
	struct kb_used *articles;
	size_t n_articles;
	struct recipient *people;
	size_t n_people;
	struct str *mentioned;
	size_t n_mentioned;
	struct draft reply, note;
	struct held *held;
	size_t n_held;
	bool follows;
	struct str plan_name, promise;
	struct account account;
	struct contact contact;
	struct html clocks;
	struct str preview[5];
	struct desk_paging *paging;
	struct desk_problem *problem;
	struct desk_checklist *checklist;
};
/* desk_recall.c: parts of it that are kept between requests. */
MUST_USE enum rc desk_counts_of(struct db_tx *tx, struct desk_load *x, struct err *err);
/* desk_problem.c: which of the related tickets may have the same problem. */
void desk_same(const struct req *q, const struct ticket *t, const struct ticket_row *rows, struct desk_ticket *v);
MUST_USE enum rc desk_related(struct db_tx *tx, struct desk_load *x, struct err *err);
MUST_USE enum rc desk_agents(struct db_tx *tx, struct desk_load *x, struct err *err); /* id, name, disabled_at */
MUST_USE enum rc desk_clocks(struct db_tx *tx, struct desk_load *x, struct err *err); /* and previews */
MUST_USE enum rc desk_promise(struct db_tx *tx, struct desk_load *x, struct err *err);
/* The ticket's page without head and foot, kept for this agent while nothing happens. Nothing of the request but what
 * is in its key (desk_kept.c) may be in that markup. */
struct desk_kept {
	struct desk_load load;   /* counts always; the rest when made anew */
	bool found;              /* kept: markup, marks, title and nav are as they were made */
	enum nav nav;
	struct str title, markup;
	const struct out_mark *marks;
	size_t n_marks;
};
MUST_USE enum rc desk_kept_read(struct db_tx *tx, void *kept, struct err *err);
/* Keeps it, unless the agent writes something on the ticket. */
void desk_kept_put(const struct desk_kept *k, const struct out_marks *marks);
MUST_USE enum rc desk_load(struct db_tx *tx, void *load, struct err *err);
void desk_fill(struct req *q, struct desk_load *x, const char *action, struct desk_ticket *v);
/* Messages and events after `after` (0 = all), as they happened. */
void desk_items(const struct req *q, const struct ticket_view *view, struct event_id after, struct desk_item **ret,
                size_t *ret_n);
/* desk_events.c: an event in one line; true: it is none, because what caused it is told already. */
struct str desk_event_words(const struct req *q, const struct event *e);
bool desk_event_silent(const struct event *e);
/* The text a draft keeps. */
struct str desk_draft_text(struct arena *a, struct str data);
struct str desk_draft_data(struct arena *a, struct str text);

/* desk_ticket.c: the ticket's page; `action` as in struct desk_ticket. */
enum rc desk_show(struct req *q, struct resp *r, const char *action);
/* The 409 page. `field` and `label` name the text that was typed, or are NULL. */
enum rc desk_show_stale(struct req *q, struct resp *r, const char *field, const char *label);

/* desk_reply.c: handlers of routes in desk_ticket.c. */
extern const struct field desk_reply_fields[], desk_draft_fields[];
enum rc desk_reply_post(struct req *q, struct resp *r);
enum rc desk_draft_post(struct req *q, struct resp *r);

/* desk_held.c: handlers of routes in desk_ticket.c. */
extern const struct field desk_held_fields[];
enum rc desk_held_post(struct req *q, struct resp *r);
enum rc desk_later_show(struct req *q, struct resp *r);
/* Until it is sent, from 1; 0: so long that the time is told. */
int64_t desk_held_seconds(struct instant now, const struct held *h);

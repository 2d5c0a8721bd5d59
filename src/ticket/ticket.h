/* ticket: incidents and requests, and everything that may happen to one.
 *
 * Every change goes through a function here, takes the actor, checks what the actor may, writes the row and its event
 * in the caller's write transaction. Customers see only tickets of their account that their role covers; to all others
 * a ticket does not exist (RC_NOT_FOUND). Internal notes are never loaded for a customer.
 * Changes take `seen`: the last event id the person saw (0 = do not check). When something relevant happened since, the
 * change is refused with RC_CONFLICT, code "stale", and nothing is lost: the edge shows both. */
#pragma once
#include "entitlement/entitlement.h"
#include "event/event.h"

enum ticket_state { STATE_NEW = 1, STATE_OPEN, STATE_WAITING, STATE_RESOLVED, STATE_CLOSED };
enum waiting_for { WAITING_CUSTOMER = 1, WAITING_OTHERS };
const char *ticket_state_name(enum ticket_state s); /* "new", "open", "waiting", "resolved", "closed" */
MUST_USE enum rc ticket_state_parse(struct str s, enum ticket_state *ret);

/* ---- numbers: PREFIX-COUNTER-CHECK, check digit by Damm ---- */
struct str ticket_number_text(struct arena *a, struct str prefix, int64_t number); /* CAR-1042-7 */
MUST_USE enum rc
ticket_number_parse(struct str text, struct str prefix,
                    int64_t *ret); /* with or without prefix, case folded; RC_INVALID for a wrong check digit */

/* A request whose plan wants a manager's word waits for it (state waiting, for the customer); who is manager himself, or
 * is spoken for by an agent, needs none. */
enum approval { APPROVAL_NONE, APPROVAL_ASKED, APPROVAL_GIVEN, APPROVAL_DECLINED };

struct ticket {
	struct ticket_id id;
	int64_t number;
	struct account_id account;
	struct contact_id contact;
	struct subscription_id subscription;
	struct site_id site;
	enum ticket_kind kind;
	int criticality, claimed; /* 0 on requests */
	int complexity, priority; /* 0 on incidents; complexity 0 = not estimated */
	enum ticket_state state;
	enum waiting_for waiting_for; /* 0 unless waiting */
	enum channel channel;
	struct str subject, course, unit, affected_email, link, wanted_on, resolution, rating_comment, plan_code,
	        callback_phone, mail_token;
	struct agent_id assignee;
	struct team_id team;
	struct ticket_id problem; /* the first ticket of the known problem it is part of, itself on that one; 0 = none */
	enum ent_verdict verdict;
	bool not_phoned;
	enum approval approval;       /* of a request */
	int64_t request_type;         /* 0 none */
	struct instant callback_at, opened_at, updated_at, responded_at, resolved_at, confirmed_at, closed_at;
	int rating;                 /* 0 none, 1 bad, 2 fair, 3 good */
	struct event_id last_event; /* the version; to customers the newest event they may see (0 in their lists) */
	/* joined for showing */
	struct str account_name, contact_name, contact_email, assignee_name, team_name, site_name;
};

enum message_author { AUTHOR_CONTACT = ACTOR_CONTACT, AUTHOR_AGENT = ACTOR_AGENT, AUTHOR_SYSTEM = ACTOR_SYSTEM };
struct attachment {
	struct attachment_id id;
	struct message_id message;
	struct ticket_id ticket;
	struct draft_id draft;
	struct str token, sha256, name, type, cid;
	int64_t size;
	struct instant at;
};
struct delivery {
	struct str to;
	int state;
	struct str error;
	struct instant at;
}; /* enum outmail_state; agents only */
struct message {
	struct message_id id;
	bool internal, automatic;
	enum actor_kind author_kind;
	struct contact_id contact;
	struct agent_id agent;
	struct str author, email; /* email: agents only */
	enum channel channel;
	struct instant at;
	struct str text, quoted, html; /* html: cleaned, STR_NULL = show text */
	struct intake_id intake;       /* raw mail */
	bool unverified;               /* agents only: a mail, and nobody vouched for its sender */
	struct str invite;             /* agents only: JSON of an invitation, see inbox.h */
	int crypto;                    /* agents only: enum mail_crypto */
	bool cut;                      /* agents only: more is in the raw mail */
	bool same_id;                  /* agents only: another mail had the same Message-ID and other words */
	const struct attachment *attachments;
	size_t n_attachments;
	const struct delivery *deliveries; /* agents only */
	size_t n_deliveries;
};
struct ticket_view { /* one ticket as one actor may see it */
	struct ticket t;
	struct message *messages; /* oldest first; at most TICKET_VIEW_MESSAGES newest, has_older */
	size_t n_messages;
	struct event *events; /* visible ones, oldest first */
	size_t n_events;
	bool has_older, has_newer;
};
#define TICKET_VIEW_MESSAGES 200

/* ---- reading ---- */
MUST_USE enum rc ticket_find(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t number,
                             struct ticket *ret, struct err *err);
MUST_USE enum rc ticket_find_id(struct db_tx *tx, struct arena *out, const struct actor *who, struct ticket_id id,
                                struct ticket *ret, struct err *err);
MUST_USE enum rc ticket_find_token(struct db_tx *tx, struct arena *out, struct str mail_token, struct ticket *ret,
                                   struct err *err); /* mail/ only */
/* Ticket, messages, attachments, deliveries, events: at most six queries whatever the length. */
MUST_USE enum rc ticket_view(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t number,
                             struct ticket_view *ret, struct err *err);
/* Page by page, oldest first: the messages with their attachments behind `after` (0: from the start), has_newer. */
MUST_USE enum rc ticket_messages(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t number,
                                 struct message_id after, size_t max, struct ticket_view *ret, struct err *err);
MUST_USE enum rc attachment_find(struct db_tx *tx, struct arena *out, const struct actor *who, struct str token,
                                 struct attachment *ret, struct err *err);

enum ticket_list_view {
	VIEW_UNASSIGNED = 1,
	VIEW_MINE,
	VIEW_INCIDENTS,
	VIEW_REQUESTS,
	VIEW_WAITING,
	VIEW_ALL,
	VIEW_CALLBACKS,
	VIEW_TEAMS, /* open ones of the teams that I am in */
	VIEW_CUSTOMER_OPEN,
	VIEW_CUSTOMER_SOLVED,
	VIEW_CUSTOMER_ALL
};
struct ticket_query {
	enum ticket_list_view view;
	bool mine_only;            /* customers: only tickets I opened */
	struct account_id account; /* agents: of this account; 0 = all */
	struct team_id team;       /* agents: of this team; 0 = all. In VIEW_TEAMS: instead of my teams */
	struct str after;          /* cursor of the previous page, STR_NULL = first */
	size_t max;                /* at most 100 */
	struct ticket_id *ids;     /* instead of a view: exactly these (search hits), in this order */
	size_t n_ids;
};
struct ticket_row { /* what a list shows */
	struct ticket_id id;
	int64_t number;
	enum ticket_kind kind;
	int criticality, complexity, priority;
	enum ticket_state state;
	enum waiting_for waiting_for;
	struct str subject, account_name, contact_name, assignee_name, resolution, team_name;
	struct account_id account;
	struct agent_id assignee;
	struct team_id team;
	enum channel channel;
	bool not_phoned;
	struct instant opened_at, updated_at, callback_at;
	struct event_id last_event;
};
/* One query (plus none per row). *ret_next is STR_NULL on the last page. Cost does not depend on the number of tickets.
 */
MUST_USE enum rc ticket_list(struct db_tx *tx, struct arena *out, const struct actor *who, const struct ticket_query *q,
                             struct ticket_row **ret, size_t *ret_n, struct str *ret_next, struct err *err);
struct view_counts {
	int unassigned, mine, incidents, requests, waiting, callbacks, teams; /* each counted up to 1000 */
	struct str team_lines; /* of the teams there are, for menus: "ID NAME" a line, by name */
};
MUST_USE enum rc ticket_counts(struct db_tx *tx, struct arena *out, const struct actor *who, struct view_counts *ret,
                               struct err *err);
/* Other tickets about the same unit, then the same course, then of the same account; each newest first; at most max. */
MUST_USE enum rc ticket_related(struct db_tx *tx, struct arena *out, const struct actor *who, const struct ticket *t,
                                size_t max, struct ticket_row **ret, size_t *ret_n, struct err *err);

/* ---- opening ---- */
struct new_attachment {
	struct str sha256, name, type, cid;
	int64_t size;
}; /* bytes already in the blob store, name and type made safe by blob/ */
struct ticket_new {
	struct account_id account;
	struct contact_id contact;
	struct site_id site; /* 0 = found by the link's host */
	enum ticket_kind kind;
	int criticality; /* claimed; incidents only */
	int priority;    /* requests; 0 = 3 */
	enum channel channel;
	struct str subject, text, quoted, html;
	struct str course, unit, affected_email, link, wanted_on;
	const struct new_attachment *attachments;
	size_t n_attachments;
	struct draft_id draft;    /* takes its attachments and reserved number, and ends it */
	struct instant opened_at; /* receipt */
	struct intake_id intake;
	bool automatic;
	struct str callback_phone; /* asks to be called back */
	struct str author_email;   /* mail: the address it came from */
	struct team_id team;       /* 0 = none; not for customers to choose */
};
struct ticket_opened {
	struct ticket_id id;
	int64_t number;
	struct str mail_token;
	enum ent_verdict verdict;
	struct event_id event;
	struct message_id message;
};
/* Judges the entitlement itself. RC_DENIED with err.code = the verdict's name when it does not open (ret->verdict is
 * set all the same): show ent_check()'s answer. RC_INVALID names the field. The whole opening is one transaction. */
MUST_USE enum rc ticket_open(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                             const struct ticket_new *n, struct ticket_opened *ret, struct err *err);

/* ---- what is said ---- */
struct message_new {
	bool internal;
	struct str text, quoted, html;
	const struct new_attachment *attachments;
	size_t n_attachments;
	struct draft_id draft; /* takes its attachments and ends it */
	enum channel channel;
	struct intake_id intake;
	bool automatic;         /* never reopens or changes the state */
	enum ticket_state then; /* 0 = leave; agents: STATE_WAITING, STATE_OPEN */
	enum waiting_for waiting_for;
	struct str author_email;
	struct instant at; /* receipt; not set = now */
};
/* Filed by the program (ACTOR_SYSTEM) with author_email set, a message is the customer's side: somebody without a
 * contact of their own whom an agent accepted; the actor's name is the author's. Without author_email it changes no
 * state. On a closed ticket only notes and automatic mail are kept. A customer's message on a waiting ticket makes it
 * open, on a resolved one reopens it (within reopen days; later: RC_CONFLICT code "closed"); an agent's first public
 * message sets responded_at and makes a new ticket open and, when nobody has it, theirs. */
MUST_USE enum rc ticket_say(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                            int64_t number, const struct message_new *m, struct event_id seen, struct message_id *ret,
                            struct err *err);

/* ---- agents' changes; a reason is required where it says so and goes to the customer ---- */
MUST_USE enum rc ticket_assign(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                               int64_t number, struct agent_id to, struct event_id seen,
                               struct err *err); /* 0 = nobody */
MUST_USE enum rc ticket_set_team(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                 int64_t number, struct team_id to, struct event_id seen,
                                 struct err *err); /* 0 = none; the assignee may be outside of it */
/* Open tickets of a team that ends, to another team or none: at most `max`, *ret_moved of them; fewer than max: all. */
MUST_USE enum rc ticket_team_leave(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                   struct team_id from, struct team_id to, size_t max, size_t *ret_moved,
                                   struct err *err);
struct team_work {
	struct team_id id;
	struct str name, about;
	int members, open; /* who may sign in; tickets, counted up to 1000 */
};
MUST_USE enum rc team_work(struct db_tx *tx, struct arena *out, struct team_work **ret, size_t *ret_n,
                           struct err *err); /* of all teams, by name; one query */
MUST_USE enum rc ticket_set_state(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                  int64_t number, enum ticket_state to, enum waiting_for waiting, struct event_id seen,
                                  struct err *err); /* new, open, waiting */
MUST_USE enum rc ticket_set_criticality(struct db_tx *tx, struct arena *out, const struct actor *who,
                                        struct instant now, int64_t number, int to, struct str reason,
                                        struct event_id seen, struct err *err);
MUST_USE enum rc ticket_set_complexity(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                       int64_t number, int to, struct str reason, struct event_id seen,
                                       struct err *err);
MUST_USE enum rc ticket_set_priority(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                     int64_t number, int to, struct str reason, struct event_id seen, struct err *err);
struct ticket_convert {
	enum ticket_kind to;
	int criticality, priority, complexity;
	struct str reason;
};
MUST_USE enum rc ticket_convert(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                int64_t number, const struct ticket_convert *c, struct event_id seen, struct err *err);
struct ticket_fields {
	struct str subject, course, unit, affected_email, link, wanted_on;
}; /* STR_NULL = leave, "" = empty */
MUST_USE enum rc ticket_edit(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                             int64_t number, const struct ticket_fields *f, struct event_id seen, struct err *err);
MUST_USE enum rc ticket_resolve(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                int64_t number, struct str resolution, struct event_id seen,
                                struct err *err); /* resolution required */
MUST_USE enum rc ticket_callback_done(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                      int64_t number, struct err *err);
MUST_USE enum rc ticket_accept_participant(struct db_tx *tx, struct arena *out, const struct actor *who,
                                           struct instant now, int64_t number, struct str email, bool accept,
                                           struct err *err);

/* ---- customers' changes ---- */
MUST_USE enum rc ticket_confirm(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                int64_t number, struct err *err);
MUST_USE enum rc ticket_reopen(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                               int64_t number, struct str reason,
                               struct err *err); /* also agents; within REOPEN_DAYS of resolving */
#define REOPEN_DAYS 14
MUST_USE enum rc ticket_rate(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                             int64_t number, int rating, struct str comment, struct err *err);
MUST_USE enum rc ticket_ask_callback(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                     int64_t number, struct str phone, struct err *err); /* one open request a ticket */
/* A manager's word on a request that waits for it: RC_DENIED for others, RC_CONFLICT code "not-asked" when nobody asks any
 * more. Declining wants a reason and resolves it. */
MUST_USE enum rc ticket_approve(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                int64_t number, bool yes, struct str reason, struct err *err);
/* The link of a mail that asks a manager: whoever has it may look, and say yes or no in that manager's name. RC_NOT_FOUND:
 * not made by us with this key. */
struct str approval_link(struct arena *a, struct str key, struct ticket_id t, struct contact_id manager);
MUST_USE enum rc approval_link_read(struct arena *a, struct str key, struct str link, struct ticket_id *ret_ticket,
                                    struct contact_id *ret_manager);
/* What the person who wrote says it is, while no agent has answered: RC_CONFLICT code "answered" after that. Criticality 1
 * and 2 are flagged as not phoned. */
MUST_USE enum rc ticket_claim(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                              int64_t number, enum ticket_kind kind, int criticality, struct err *err);
/* Closes what was resolved REOPEN_DAYS ago; a periodic job. Returns how many. */
MUST_USE enum rc ticket_close_due(struct db_tx *tx, struct arena *out, struct instant now, size_t max, size_t *ret_n,
                                  struct err *err);

/* ---- participants by mail ---- */
enum participant_kind { PART_STRANGER, PART_MENTIONED, PART_ACCEPTED, PART_REQUESTER, PART_AGENT };
MUST_USE enum rc ticket_participant(struct db_tx *tx, struct ticket_id t, struct str email, enum participant_kind *ret,
                                    struct err *err);
MUST_USE enum rc ticket_mention(struct db_tx *tx, struct ticket_id t, struct str email, struct contact_id contact,
                                struct err *err); /* Cc: recorded, gets nothing */
struct recipient {
	struct str name, email, lang;
	struct contact_id contact;
};
MUST_USE enum rc ticket_recipients(struct db_tx *tx, struct arena *out, struct ticket_id t, struct recipient **ret,
                                   size_t *ret_n, struct err *err); /* requester and accepted participants */
/* Addresses that were in copy and get nothing until an agent accepts them. */
MUST_USE enum rc ticket_mentioned(struct db_tx *tx, struct arena *out, struct ticket_id t, struct str **ret,
                                  size_t *ret_n, struct err *err);
MUST_USE enum rc mail_ref_add(struct db_tx *tx, struct str message_id, struct ticket_id t, struct err *err);
MUST_USE enum rc mail_ref_find(struct db_tx *tx, struct str message_id, struct ticket_id *ret,
                               struct err *err); /* RC_NOT_FOUND; ambiguous ones too */

/* ---- drafts: what somebody is writing, kept by the server ---- */
enum draft_purpose { DRAFT_TICKET = 1, DRAFT_REPLY, DRAFT_NOTE };
struct draft {
	struct draft_id id;
	enum draft_purpose purpose;
	struct ticket_id ticket;
	struct str data; /* JSON object */
	int64_t number;
	struct instant pin_until, updated_at;
	const struct attachment *attachments;
	size_t n_attachments;
};
/* One a person, purpose and ticket. Only its owner ever sees or changes it (S-56): others get RC_NOT_FOUND. */
MUST_USE enum rc draft_find(struct db_tx *tx, struct arena *out, const struct actor *who, enum draft_purpose p,
                            struct ticket_id t, struct draft *ret, struct err *err);
/* Whether `who` writes anything on the ticket. */
MUST_USE enum rc draft_any(struct db_tx *tx, const struct actor *who, struct ticket_id t, bool *ret, struct err *err);
MUST_USE enum rc draft_save(struct db_tx *tx, const struct actor *who, struct instant now, enum draft_purpose p,
                            struct ticket_id t, struct str data, struct draft_id *ret, struct err *err);
/* Writes a draft that was found before, and never makes one: RC_NOT_FOUND when it was sent or dropped meanwhile. */
MUST_USE enum rc draft_resave(struct db_tx *tx, const struct actor *who, struct instant now, struct draft_id d,
                              struct str data, struct err *err);
MUST_USE enum rc draft_attach(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                              struct draft_id d, const struct new_attachment *a, struct attachment *ret,
                              struct err *err); /* at most 20 */
MUST_USE enum rc draft_detach(struct db_tx *tx, const struct actor *who, struct draft_id d, struct str token,
                              struct err *err);
MUST_USE enum rc draft_drop(struct db_tx *tx, const struct actor *who, struct draft_id d, struct err *err);
/* Reserves a ticket number (once) and sets a fresh 6-digit one-time PIN valid 30 minutes; the PIN is returned once and
 * stored as a keyed hash. */
MUST_USE enum rc draft_prepare_call(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                                    struct draft_id d, struct str pin_key, int64_t *ret_number, struct str *ret_pin,
                                    struct err *err);

/* ---- idempotency ---- */
/* Inside the same transaction as the change: RC_OK go on (then call _done), RC_CONFLICT code "replay" with the stored
 * answer, RC_INVALID code "key-reused" when the request differs. */
MUST_USE enum rc idempotency_begin(struct db_tx *tx, struct arena *out, struct str owner, struct str key,
                                   struct str request_sha256, struct instant now, int *ret_status,
                                   struct str *ret_response, struct err *err);
MUST_USE enum rc idempotency_done(struct db_tx *tx, struct str owner, struct str key, int status, struct str response,
                                  struct err *err);
MUST_USE enum rc idempotency_expire(struct db_tx *tx, struct instant before, struct err *err);

/* notice: what happened on tickets, told to the people who chose to be told: agents by the list of the desk, by mail
 * and in their browsers; people of customers by mail about tickets of their colleagues. Each chooses event by event
 * which tickets, where, and when mails go: at once, hourly, daily, and not in quiet hours. What people are told of
 * their own tickets is a conversation and mail/notify's; pages of those on duty are oncall's. Neither waits for quiet
 * hours.
 *
 * A reader of the log writes one row an event and person (exactly once); a job makes mails of the rows that wait. */
#pragma once
#include "desk/desk.h"
#include "event/event.h"
#include "i18n/i18n.h"

enum notice_what { /* numbers are kept in rows */
	           NOTICE_NEW = 1,
	           NOTICE_ASSIGNED,
	           NOTICE_CUSTOMER, /* a customer wrote, opened again, approved, asks for a call */
	           NOTICE_SUPPORT,  /* an agent answered */
	           NOTICE_NOTE,     /* agents only: an internal note */
	           NOTICE_CHANGED,  /* state, kind, criticality, priority */
	           NOTICE_SOLVED,
	           NOTICE_DUE,         /* agents only: a promise is near, or broken */
	           NOTICE_UNDELIVERED, /* agents only: a mail of ours did not arrive */
	           NOTICE_RATED,       /* agents only: rated, or confirmed */
	           NOTICE_WHATS,
	           /* of people of customers, about tickets of their own: a row with other channels than mail stops
	              these mails */
	           NOTICE_OWN_ACK = 21,
	           NOTICE_OWN_CHANGED
};
/* Each includes those before. "Mine" are those I am assigned to or follow; to customers "all" is all their role covers.
 */
enum notice_reach { NOTICE_OF_NONE, NOTICE_OF_MINE, NOTICE_OF_TEAMS, NOTICE_OF_NOBODY, NOTICE_OF_ALL };
enum notice_channel { NOTICE_LIST = 1, NOTICE_MAIL = 2, NOTICE_BROWSER = 4 };

struct notice_person {
	enum actor_kind
	        kind; /* ACTOR_CONTACT, ACTOR_AGENT; ACTOR_NOBODY with id 0: the house, for agents who chose nothing */
	int64_t id;
};
struct notice_choice {
	int what, reach, channels;
};
enum notice_when { NOTICE_AT_ONCE = 1, NOTICE_HOURLY, NOTICE_DAILY };
struct notice_rhythm {
	enum notice_when mail;
	int hour;                 /* of a daily mail, local */
	int quiet_from, quiet_to; /* minutes of the local day; the same: no quiet hours */
	bool weekend;             /* all of Saturday and Sunday is quiet */
};

/* ---- choices ---- */
/* One of each in [what], 1 to NOTICE_WHATS - 1: own rows, else the house's (agents) or none (contacts). *ret_own: has
 * rows of their own. */
MUST_USE enum rc notice_choices(struct db_tx *tx, struct notice_person p, struct notice_choice ret[NOTICE_WHATS],
                                bool *ret_own, struct notice_rhythm *ret_rhythm, struct err *err);
/* Writes all of them. Contacts: only what people of customers may choose is kept. */
MUST_USE enum rc notice_choose(struct db_tx *tx, struct notice_person p, const struct notice_choice *at, size_t n,
                               const struct notice_rhythm *r, struct err *err);
/* Back to what the house has chosen. */
MUST_USE enum rc notice_unchoose(struct db_tx *tx, struct notice_person p, struct err *err);
/* Takes mail out of every choice: what a link at the end of a mail does. */
MUST_USE enum rc notice_stop_mail(struct db_tx *tx, struct notice_person p, struct err *err);
/* Whether somebody wants mails of this kind (NOTICE_OWN_...) about tickets of their own. */
MUST_USE enum rc notice_own(struct db_tx *tx, struct contact_id c, int what, bool *ret, struct err *err);

/* An agent, for himself; it stands in the log. */
MUST_USE enum rc notice_follow(struct db_tx *tx, const struct actor *who, struct instant now, struct ticket_id t,
                               struct account_id account, bool yes, struct err *err);
MUST_USE enum rc notice_follows(struct db_tx *tx, struct ticket_id t, struct agent_id a, bool *ret, struct err *err);

/* ---- when: pure ---- */
bool notice_quiet(const struct notice_rhythm *r, const char *zone, struct instant t);
/* When a mail about something of that moment goes: the first moment of the rhythm that is not quiet. */
struct instant notice_due(const struct notice_rhythm *r, const char *zone, struct instant at);

/* ---- the list ---- */
struct notice {
	int64_t id;
	int what;
	struct instant at, read_at;
	struct event_id event;
	struct str kind, actor, data; /* of the event */
	int64_t number;               /* of the ticket */
	struct str subject, account;
	struct str text; /* the beginning of what was written, STR_NULL: nothing was */
};
/* Newest first, at most `max` before `before` (0: from the newest). */
MUST_USE enum rc notice_list(struct db_tx *tx, struct arena *out, struct agent_id a, int64_t before, size_t max,
                             struct notice **ret, size_t *ret_n, struct err *err);
/* At most 100. */
MUST_USE enum rc notice_unread(struct db_tx *tx, struct agent_id a, int64_t *ret, struct err *err);
/* Of one ticket (number 0: of all), up to a row (0: all). What was read is not mailed any more. */
MUST_USE enum rc notice_read(struct db_tx *tx, struct agent_id a, int64_t number, int64_t upto, struct instant now,
                             struct err *err);
/* "A customer wrote:", in words; what was written is n->text. */
struct job;
struct str notice_sentence(struct arena *a, const struct i18n *l, struct str zone, const struct notice *n);

/* ---- work ---- */
/* now: of tests; NULL is the clock. */
struct notice_teller {
	const struct desk *desk;
	const struct instant *now;
};
struct event_reader notice_reader(const struct notice_teller *t);
/* The mails that are due, one a person; in steps of one transaction each. *ret_n: how many were queued. */
MUST_USE enum rc notice_mails(struct desk *d, struct instant now, size_t *ret_n, struct err *err);
MUST_USE enum rc notice_job(void *app, const struct job *job, struct arena *scratch, struct err *err);
/* Forgets what is older than 90 days, some thousand rows a call. */
MUST_USE enum rc notice_expire(struct db_tx *tx, struct instant now, struct err *err);

/* ---- the link that ends them (RFC 8058) ---- */
/* Of a person; with a ticket: of somebody in copy, for that ticket's mails alone. */
struct notice_stop {
	struct notice_person person;
	struct ticket_id ticket;
	struct str email; /* with a ticket */
};
struct str notice_stop_url(struct arena *a, const struct desk *d, const struct notice_stop *s);
/* Reads what stands behind /mails/stop/. RC_NOT_FOUND: not ours. */
MUST_USE enum rc notice_stop_read(struct arena *a, const struct desk *d, struct str token, struct notice_stop *ret,
                                  struct err *err);

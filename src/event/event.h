/* event: the append-only log that is the spine of the desk.
 *
 * Whatever happens to a ticket is an event written in the same transaction as the change: ticket/ has no way to write
 * a ticket row without one. Timeline, notifications, audit, search indexing and later clocks, webhooks and live
 * updates are readers of the log, each with a durable cursor. */
#pragma once
#include "auth/actor.h"
#include "db/db.h"

/* The words of `event.kind`. Data is a JSON object; its members are named here. */
#define EV_TICKET_OPENED      "ticket.opened"      /* kind, criticality?, channel, verdict, subject */
#define EV_MESSAGE            "ticket.message"     /* public message added; channel, automatic, received? */
#define EV_NOTE               "ticket.note"        /* internal note added (never public) */
#define EV_ASSIGNED           "ticket.assigned"    /* from, to (names; null = nobody), to_id */
#define EV_TEAM               "ticket.team"        /* from, to (names; null = none), to_id (never public) */
#define EV_STATE              "ticket.state"       /* from, to (enum words), waiting_for? */
#define EV_CRITICALITY        "ticket.criticality" /* from, to, reason */
#define EV_KIND               "ticket.kind"        /* from, to, reason, criticality? priority? */
#define EV_COMPLEXITY         "ticket.complexity"  /* from, to, reason */
#define EV_PRIORITY           "ticket.priority"    /* from, to, reason */
#define EV_FIELDS             "ticket.fields"      /* changed: {name: [from, to]} */
#define EV_RESOLVED           "ticket.resolved"    /* resolution */
#define EV_REOPENED           "ticket.reopened"    /* reason, by mail? */
#define EV_CONFIRMED          "ticket.confirmed"   /* the customer says it is solved */
#define EV_CLOSED             "ticket.closed"
#define EV_RATED              "ticket.rated"       /* rating, comment */
#define EV_CALLBACK           "ticket.callback"    /* phone: asked for; done: true when somebody called */
#define EV_PROBLEM            "ticket.problem"     /* what: declared, linked, joined, taken-out, update, shown, hidden, solved; title; number of its first ticket */
#define EV_APPROVAL           "ticket.approval"    /* what: asked, approved, declined; reason? */
#define EV_CHECKLIST          "ticket.checklist"   /* what: type, added, done, undone, dropped; text (never public) */
#define EV_PARTICIPANT        "ticket.participant" /* email, accepted */
#define EV_FOLLOWED           "ticket.followed"    /* what: follows, left; an agent who wants to be told (never public) */
#define EV_MAIL_FAILED        "mail.failed"        /* to, error (never public) */
#define EV_MAIL_AGAIN         "mail.again"         /* to: somebody had a failed mail sent again (never public) */
#define EV_MAIL_AUTOMATIC     "mail.automatic"     /* an automatic mail was filed (never public) */
#define EV_ACCOUNT            "account.changed"    /* what, audit only */
#define EV_SUBSCRIPTION       "subscription.changed"
#define EV_CONTACT            "contact.changed"
#define EV_PLAN               "plan.changed"
#define EV_CALENDAR           "calendar.changed"   /* id, name */
#define EV_ONCALL             "oncall.changed"     /* what, id, name: schedules, overrides, policies, rules */
#define EV_AGENT              "agent.changed"
#define EV_TEAM_CHANGED       "team.changed"       /* what, id, name, changed */
#define EV_SIGN_IN            "auth.signed-in"
#define EV_AUTH               "auth.changed"       /* password, second factor, token made or revoked */
#define EV_ARTICLE            "article.changed"    /* id, what */

struct event {
	struct event_id id;
	struct instant at;
	struct str kind;
	struct ticket_id ticket;   /* 0 = none */
	struct account_id account; /* 0 = none */
	enum actor_kind actor_kind;
	int64_t actor_id;
	struct str actor;          /* name as it was then */
	bool is_public;
	struct message_id message; /* 0 = none */
	struct str data;           /* JSON object */
};

/* Appends; `e->id` is ignored and the new id returned. */
MUST_USE enum rc event_append(struct db_tx *tx, const struct event *e, struct event_id *ret, struct err *err);
/* Fills the actor part of an event. */
void event_by(struct event *e, const struct actor *who);

/* Events of one ticket, oldest first, at most `max` after `after`. public_only: what a customer may see. */
MUST_USE enum rc event_list(struct db_tx *tx, struct arena *out, struct ticket_id ticket, bool public_only, struct event_id after,
                            size_t max, struct event **ret, size_t *ret_n, struct err *err);

/* A number that is another one whenever events were committed in between: what was made from the log and the tables it
 * speaks of is still true while it stays the same. On PostgreSQL it may change without an event. */
MUST_USE enum rc event_stamp(struct db_tx *tx, int64_t *ret, struct err *err);

/* ---- readers ---- */
/* One reader of the log. `handle` gets events in order, inside the transaction that moves the cursor, at most `batch`
 * at a time: what it writes in `tx` happens exactly once. Same rules as a db_write() function. */
struct event_reader {
	const char *name;
	int batch;
	enum rc (*handle)(struct db_tx *tx, const struct event *events, size_t n, void *arg, struct err *err);
	void (*after)(void *arg); /* optional: called after a batch is durable, outside the transaction */
	void *arg;
};
/* Runs one batch. RC_NOT_FOUND: nothing new. */
MUST_USE enum rc event_read_once(struct db *db, const struct event_reader *r, struct err *err);
/* How many events the reader is behind. */
MUST_USE enum rc event_lag(struct db *db, const char *reader, int64_t *ret, struct err *err);
/* A thread per reader, woken by commits, backing off on errors. */
struct event_loop;
struct event_loop *event_loop_start(struct db *db, const struct event_reader *readers, size_t n);
void event_loop_stop(struct event_loop *l);

/* Replies of agents that are not said yet: within the desk's hold time, or scheduled. Nobody but agents sees them and no
 * event tells of them: for customers, clocks, mails and the index a reply exists when it is said, at that moment. */
#pragma once
#include "ticket/ticket.h"

#define HELD_JOB        "reply.send" /* args {"held": id}; the handler is web/desk_held.c's */
#define HELD_MAX_DAYS   366
#define HELD_SECONDS    "hold-seconds" /* setting: how long each reply is held, 0 or not set = not at all */
#define HELD_SECONDS_MAX 600

struct held {
	int64_t id, number; /* of the ticket */
	struct ticket_id ticket;
	struct agent_id agent;
	struct str agent_name, subject, text;
	bool waits;         /* then the ticket waits for the customer */
	struct instant at;
	struct str error;   /* "" = it waits; else why it could not be said */
	size_t n_files;
	struct new_attachment *files; /* filled by held_take() only */
};
/* Holds what ticket_say() would say now, with its files, until `at`, and adds the job that says it. Agents only. One a
 * ticket and agent: RC_INVALID names the field "text". RC_CONFLICT "stale" as ticket_say(). */
MUST_USE enum rc held_put(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                          const struct message_new *m, struct instant at, struct event_id seen, int64_t *ret, struct err *err);
/* All of a ticket, at most 20; whether there are any; all of one agent, at most 200, the next first. */
MUST_USE enum rc held_on(struct db_tx *tx, struct arena *out, struct ticket_id t, struct held **ret, size_t *ret_n, struct err *err);
MUST_USE enum rc held_any(struct db_tx *tx, struct ticket_id t, bool *ret, struct err *err);
MUST_USE enum rc held_of(struct db_tx *tx, struct arena *out, struct agent_id agent, struct held **ret, size_t *ret_n, struct err *err);
/* Takes it out, to be written again. RC_NOT_FOUND when it was said or taken before, or is somebody else's. */
MUST_USE enum rc held_take(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t id, struct held *ret, struct err *err);
/* Says it: for its agent `who` at once; for the program when it is due. In one transaction with its end, so that it is
 * said once. RC_NOT_FOUND when there is none (or none due). What ticket_say() refuses is refused here. */
MUST_USE enum rc held_send(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t id,
                           struct held *ret, struct message_id *ret_message, struct err *err);
/* It could not be said and will not be tried again: kept, with the reason, for its agent. */
MUST_USE enum rc held_refused(struct db_tx *tx, int64_t id, struct str why, struct err *err);

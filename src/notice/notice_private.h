/* What the files of notice/ share: the rows. */
#pragma once
#include "notice/notice.h"

#define NEWS_MAX 60     /* notices told in one mail; the rest is counted */
#define EXCERPT  "600"  /* characters of a message */
#define NEWS_US  DAY_US /* events older than this are history: an import, a reader that starts */
#define KEEP_US  (90 * DAY_US)

struct notice_told { /* a person who gets a browser's message, or a mail */
	struct notice_person person;
	struct str name, email, lang, zone;
	struct notice_rhythm rhythm;
	struct instant oldest; /* mails: what waits longest */
};
/* The rows of one event: for agents, and for people of the customer when it is public. *ret: how many are new. `to`:
 * the agent it was given to (NOTICE_ASSIGNED), else 0. */
MUST_USE enum rc notice_spread(struct db_tx *tx, const struct event *e, int what, struct agent_id to, int64_t *ret,
                               struct err *err);
/* Agents with a browser who are to be told of the event there; at most 200. */
MUST_USE enum rc notice_pushed(struct db_tx *tx, struct arena *out, struct event_id e, struct notice_told **ret,
                               size_t *ret_n, struct err *err);
/* One event as a notice: its ticket and what was written. */
MUST_USE enum rc notice_of_event(struct db_tx *tx, struct arena *out, struct event_id e, struct notice *ret,
                                 struct err *err);
/* Who has rows that wait for a mail, by id after `after`; at most `max`. */
MUST_USE enum rc notice_waiting(struct db_tx *tx, struct arena *out, struct notice_person after, size_t max,
                                struct notice_told **ret, size_t *ret_n, struct err *err);
/* What waits for a person, oldest first, at most NEWS_MAX; *ret_all: how many there are, without what a customer's
 * person does not reach any more. */
MUST_USE enum rc notice_news(struct db_tx *tx, struct arena *out, struct notice_person p, struct notice **ret,
                             size_t *ret_n, int64_t *ret_all, struct err *err);
/* All of them are told. */
MUST_USE enum rc notice_told_all(struct db_tx *tx, struct notice_person p, struct err *err);

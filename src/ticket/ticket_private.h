/* What the files of ticket/ share: who reaches a ticket, how a change is made, what is checked on the way in. */
#pragma once
#include "ticket/ticket.h"
#include "util/json.h"

#define SUBJECT_MAX  200
#define TEXT_MAX     (200 << 10)
#define HTML_MAX     (1 << 20)
#define REASON_MAX   2000
#define SOLUTION_MAX (20 << 10)
#define FILES_MAX    100

/* ---- reach: which tickets an actor sees ----
 * One predicate for every query that touches a ticket `t`: finding, lists, attachments. An account 0 is no bound (the
 * desk); `whole` means that no role narrows it further (the desk, or a token of the account itself). */
struct reach {
	int64_t account, contact, whole;
};
struct reach reach_of(const struct actor *who);
#define REACH_ROLE                                                                                                     \
	"r.contact_id = :contact AND ((r.scope = 1 AND r.scope_id = t.account_id)"                                     \
	" OR (r.scope = 2 AND r.scope_id = t.subscription_id) OR (r.scope = 3 AND r.scope_id = t.site_id))"
#define REACH_SCOPE   "(CAST(:whole AS BIGINT) = 1 OR EXISTS (SELECT 1 FROM contact_role r WHERE " REACH_ROLE "))"
#define REACH         "(CAST(:account AS BIGINT) = 0 OR t.account_id = :account) AND " REACH_SCOPE
#define REACH_ARGS(r) db_i64("account", (r).account), db_i64("contact", (r).contact), db_i64("whole", (r).whole)

/* ---- a change: load and lock, tell, save ---- */
enum edit_by { BY_DESK = 1, BY_CUSTOMER, BY_BOTH };
struct edit {
	struct db_tx *tx;
	struct arena *out;
	const struct actor *who;
	struct instant now;
	struct ticket t;        /* changed in place; edit_save() writes it */
	struct event_id was;    /* its version when it was loaded */
	enum contact_role role; /* of a customer, on this ticket */
};
/* The ticket's row is locked (PostgreSQL) until the transaction ends, so what is decided here stays true. */
MUST_USE enum rc edit_begin(struct edit *c, int64_t number, enum edit_by by, struct event_id seen, struct err *err);
struct edit_data { /* of an event */
	struct buf buf;
	struct json json;
};
void edit_data_begin(struct edit_data *d);
void edit_data_end(struct edit_data *d);
#define AUTO_DATA CLEANUP(edit_data_end) struct edit_data
MUST_USE enum rc edit_tell(struct edit *c, const char *kind, bool is_public, struct message_id m, struct edit_data *d,
                           struct err *err);
MUST_USE enum rc edit_save(struct edit *c, struct err *err);
/* Moves to another state with its event; the same state and waiting_for again is nothing. */
MUST_USE enum rc edit_state(struct edit *c, enum ticket_state to, enum waiting_for waiting, struct err *err);
MUST_USE enum rc edit_assign(struct edit *c, struct agent_id to, struct str name, struct err *err);
/* To a team that was looked up, with its event; the same again is nothing. */
MUST_USE enum rc edit_team(struct edit *c, struct team_id to, struct str name, struct err *err);
/* RC_INVALID field "team" for one that is not there; 0 is no team. */
MUST_USE enum rc ticket_check_team(struct db_tx *tx, struct arena *out, struct team_id id, struct str *ret_name,
                                   struct err *err);
/* Resolved to open, within REOPEN_DAYS; RC_CONFLICT code "closed" later. */
MUST_USE enum rc edit_reopen(struct edit *c, struct str reason, bool by_mail, struct err *err);
enum rc edit_is_closed(struct err *err); /* the sentence for code "closed" */

/* At opening: a manager of the account is asked. */
MUST_USE enum rc ticket_ask_approval(struct edit *c, struct err *err);
/* Of a known problem: its other tickets come back. Nothing on others. */
MUST_USE enum rc problem_solved(struct edit *c, struct err *err);

/* ---- checks; all name the field ---- */
MUST_USE enum rc ticket_check_line(struct str s, const char *field, size_t max,
                                   struct err *err); /* one line or absent */
MUST_USE enum rc ticket_check_text(struct str s, const char *field, size_t max, struct err *err); /* may have lines */
MUST_USE enum rc ticket_check_reason(struct str s, bool required, struct err *err);
MUST_USE enum rc ticket_check_criticality(int v, struct err *err);
MUST_USE enum rc ticket_check_priority(int v, struct err *err);
MUST_USE enum rc ticket_check_date(struct str s, struct err *err);
MUST_USE enum rc ticket_check_phone(struct str s, struct err *err);
MUST_USE enum rc ticket_check_subject(struct arena *out, struct str s, struct str *ret, struct err *err);
struct str ticket_clean_course(struct arena *out, struct str s);
static inline struct str null_if_empty(struct str s) /* trimmed */
{
	s = str_trim(s);
	return s.n ? s : STR_NULL;
}
static inline struct str or_empty(struct str s)
{
	return s.p ? s : STR("");
}

/* ---- ticket_store.c ---- */
MUST_USE enum rc ticket_lock(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t number,
                             struct ticket *ret, enum contact_role *ret_role, struct err *err);
MUST_USE enum rc ticket_insert(struct db_tx *tx, const struct ticket *t, struct ticket_id *ret, struct err *err);
/* Writes last_event of a ticket inserted in this transaction. */
MUST_USE enum rc ticket_first_event(struct db_tx *tx, const struct ticket *t, struct err *err);
MUST_USE enum rc ticket_save(struct db_tx *tx, const struct ticket *t, struct event_id was, struct err *err);
MUST_USE enum rc ticket_next_number(struct db_tx *tx, int64_t *ret, struct err *err);
MUST_USE enum rc ticket_lock_account(struct db_tx *tx, struct account_id id, struct err *err);
MUST_USE enum rc ticket_is_stale(struct db_tx *tx, const struct ticket *t, const struct actor *who,
                                 struct event_id seen, bool *ret, struct err *err);
MUST_USE enum rc ticket_due(struct db_tx *tx, struct arena *out, struct instant before, size_t max, int64_t **ret,
                            size_t *ret_n, struct err *err);

/* ---- message_store.c ---- */
struct new_message {
	struct ticket_id ticket;
	bool internal, automatic;
	enum actor_kind author_kind;
	struct contact_id contact;
	struct agent_id agent;
	struct str author, email;
	enum channel channel;
	struct instant at;
	struct str text, quoted, html;
	struct intake_id intake;
	const struct new_attachment *attachments;
	size_t n_attachments;
	struct draft_id draft; /* already claimed: its attachments come along */
};
MUST_USE enum rc message_check(const struct new_message *m, struct err *err);
/* *ret_files: attachments it has in the end. */
MUST_USE enum rc message_insert(struct db_tx *tx, const struct new_message *m, struct message_id *ret,
                                int64_t *ret_files, struct err *err);
MUST_USE enum rc attachment_insert(struct db_tx *tx, struct arena *out, const struct new_attachment *n,
                                   const struct attachment *at, struct attachment *ret, struct err *err);

/* ---- participant_store.c ---- */
MUST_USE enum rc participant_set(struct db_tx *tx, struct ticket_id t, struct str email, bool accepted,
                                 struct err *err);

/* ---- draft_store.c ---- */
/* Ends a draft of this purpose and ticket, exactly once whoever comes at the same moment. RC_NOT_FOUND code
 * "draft-gone": sent, dropped, or not this person's. *ret_number: the reserved number or 0. */
MUST_USE enum rc draft_claim(struct db_tx *tx, const struct actor *who, struct draft_id d, enum draft_purpose p,
                             struct ticket_id t, int64_t *ret_number, struct err *err);

/* inbox: every mail we accepted, and what became of it. mail/ fills it and files what waits; pages and numbers read it. */
#pragma once
#include "db/db.h"

enum intake_channel { INTAKE_LMTP = 1, INTAKE_PIPE, INTAKE_IMAP };
enum intake_state { INTAKE_RECEIVED = 1, INTAKE_MESSAGE, INTAKE_TRIAGE, INTAKE_QUARANTINE, INTAKE_REFUSED, INTAKE_DUPLICATE };
const char *intake_state_name(enum intake_state s);
enum intake_auth { INTAKE_AUTH_NONE, INTAKE_AUTH_PASS, INTAKE_AUTH_FAIL }; /* what a server we trust says of the sender */

/* What DNS says of it, where nobody we trust said anything (mail/origin.h). */
enum intake_origin { ORIGIN_UNASKED, ORIGIN_ASKING, ORIGIN_PASSED, ORIGIN_FAILED, ORIGIN_NOTHING, ORIGIN_NO_ANSWER };

/* What an agent wants done with it, instead of what filing finds. */
enum intake_decision { INTAKE_NO_DECISION, INTAKE_ATTACH, INTAKE_OPEN };
struct intake_order {
	enum intake_decision what;
	struct ticket_id ticket;   /* ATTACH */
	struct contact_id contact; /* OPEN: for whom */
	int kind, criticality;     /* OPEN: enum ticket_kind */
	struct agent_id by;
};

/* What the mailbox it was fetched from says of the mails in it (mail/imap.h). */
struct intake_wish {
	struct str team;       /* by its name; "" = none */
	int kind, criticality; /* enum ticket_kind, 0 = nothing said */
};

struct intake {
	struct intake_id id;
	enum intake_channel channel;
	enum intake_state state;
	struct instant received_at;
	struct str sha256, mail_from, rcpt, reason, from_addr, from_name, subject, message_id, source;
	enum intake_auth auth;
	enum intake_origin origin;
	struct str origin_said;    /* for people; "" */
	struct str invite; /* JSON: method, summary, organizer, location, start, end; STR_NULL */
	int crypto;        /* enum mail_crypto */
	bool same_id; /* another mail with other content carries this Message-ID */
	struct intake_order order;
	struct intake_wish wish;
	bool cut;     /* more is in the mail than is shown of it */
	int64_t size;
	struct ticket_id ticket;
	int tries;
	struct str refused_by; /* its name then; STR_NULL: not refused by anybody */
	struct instant refused_at;
};

/* What becomes of one row. Strings live in the arena of the filing. */
struct filing {
	enum intake_state state;
	struct str reason;
	struct ticket_id ticket;
	bool keep_raw; /* its bytes are nowhere but in the database */
};

/* *ret_new (may be NULL): false, the same bytes for the same recipient are there. */
MUST_USE enum rc intake_insert(struct db_tx *tx, const struct intake *in, bool *ret_new, struct err *err);
/* The bytes of a small mail, beside its rows until it is filed: durable with them, without a file. intake_done() takes
 * them away, unless filing.keep_raw says that they could not be put into the blob store. RC_NOT_FOUND: they are a blob. */
MUST_USE enum rc raw_mail_put(struct db_tx *tx, struct str sha256, struct str base64, struct err *err);
MUST_USE enum rc raw_mail_get(struct db_tx *tx, struct arena *out, struct str sha256, struct str *ret, struct err *err);
/* What waits to be filed and is not put off, oldest first. */
MUST_USE enum rc intake_due(struct db_tx *tx, struct arena *out, struct instant now, int64_t after, size_t max, struct intake **ret, size_t *ret_n, struct err *err);
/* RC_CONFLICT code "duplicate": the same mail was filed before. RC_NOT_FOUND code "moved": another thread moved the row on. `vouched`:
 * it is known who sent this one; a copy in triage of which that is not known becomes the duplicate. */
MUST_USE enum rc intake_claim(struct db_tx *tx, struct intake_id id, struct str content_key, bool vouched, struct err *err);
/* Was a mail with this Message-ID filed before, from whatever row? */
MUST_USE enum rc intake_has_id(struct db_tx *tx, struct intake_id other_than, struct str message_id, bool *ret, struct err *err);
MUST_USE enum rc intake_done(struct db_tx *tx, const struct intake *in, const struct filing *f, struct err *err);
/* It could not be filed now; not before `again`. */
MUST_USE enum rc intake_tried(struct db_tx *tx, struct intake_id id, struct str reason, struct instant again, struct err *err);

/* ---- who sent it, asked of DNS ---- */
/* Sets a received row aside until its origin is known: intake_due() leaves it out. `from` is its one From. */
MUST_USE enum rc intake_origin_wait(struct db_tx *tx, struct intake_id id, struct str from, struct instant now, struct err *err);
/* Rows whose moment has come; with n_shares > 1 only those whose number leaves `share`. */
MUST_USE enum rc intake_origin_due(struct db_tx *tx, struct arena *out, struct instant now, int share, int n_shares, size_t max, struct intake **ret, size_t *ret_n, struct err *err);
/* `again` not set: it is not asked again. A row that went to triage because nobody answered is filed anew when somebody does. */
MUST_USE enum rc intake_origin_known(struct db_tx *tx, struct intake_id id, enum intake_origin origin, struct str said, struct instant again, struct err *err);

/* ---- triage ---- */
MUST_USE enum rc intake_list(struct db_tx *tx, struct arena *out, enum intake_state state, int64_t before, size_t max, struct intake **ret, size_t *ret_n, struct err *err); /* newest first; before 0 = start */
MUST_USE enum rc intake_find(struct db_tx *tx, struct arena *out, struct intake_id id, struct intake *ret, struct err *err);
MUST_USE enum rc intake_reprocess(struct db_tx *tx, struct intake_id id, struct err *err); /* triage, quarantine or refused: to the start again */
/* All of the quarantine, at most a thousand; *ret says how many. */
MUST_USE enum rc intake_reprocess_quarantine(struct db_tx *tx, struct instant now, int64_t *ret, struct err *err);
/* To the start again, to be filed as ordered. */
MUST_USE enum rc intake_decide(struct db_tx *tx, struct intake_id id, const struct intake_order *o, struct err *err);
MUST_USE enum rc intake_refuse(struct db_tx *tx, struct intake_id id, struct str reason, struct str by, struct instant now, struct err *err);
/* accepted = messages + triage + quarantine + refused + duplicates + waiting, per channel. */
struct intake_counts { int64_t accepted, state[7]; };
/* What reconciles the states with the messages there are, counted over the messages: `messages` different mails of the
 * channel became one, `doubled` more than one, `lost` call themselves filed and are nowhere. */
struct intake_check { int64_t messages, doubled, lost; };
MUST_USE enum rc intake_reconcile(struct db_tx *tx, enum intake_channel channel, struct intake_check *ret, struct err *err);
/* Ways in that can fail without anybody writing to us. */
struct mail_channel {
	struct str name, error, team; /* team: that its mails are for; "" = none */
	struct instant ok_at, failing_at; /* failing_at set: failing since */
	int64_t uidvalidity, last_uid;
};
/* RC_OK with zeros when it is new. */
MUST_USE enum rc mail_channel_find(struct db_tx *tx, struct arena *out, struct str name, struct mail_channel *ret, struct err *err);
MUST_USE enum rc mail_channel_ok(struct db_tx *tx, struct str name, struct instant now, struct err *err);
MUST_USE enum rc mail_channel_failed(struct db_tx *tx, struct str name, struct str error, struct instant now, struct err *err);
MUST_USE enum rc mail_channel_progress(struct db_tx *tx, struct str name, int64_t uidvalidity, int64_t last_uid, struct instant now, struct err *err);
/* After mail_channels_rest(): the team that a mailbox names. */
MUST_USE enum rc mail_channel_team(struct db_tx *tx, struct str name, struct str team, struct err *err);
MUST_USE enum rc mail_channels(struct db_tx *tx, struct arena *out, struct mail_channel **ret, size_t *ret_n, struct err *err);
/* At the start: nothing is known yet of any way in; those that are no longer configured fall silent without alarm. Places
 * in mailboxes are kept. */
MUST_USE enum rc mail_channels_rest(struct db_tx *tx, struct err *err);
/* What to tell people: failing, or silent for a quarter of an hour (then `error` says so). */
#define MAIL_SILENT_US (15 * MINUTE_US)
bool mail_channel_alarms(const struct mail_channel *c, struct instant now);
/* Received when what waits longest to be filed came in; not set: nothing waits. What waits for DNS is left out. */
MUST_USE enum rc intake_oldest(struct db_tx *tx, struct instant *ret, struct err *err);
#define INTAKE_STUCK_US (15 * MINUTE_US) /* longer than this is an alarm */
/* Plain rules: of those whose words stand in the field, the first that names a kind gives kind and criticality, and the
 * first that names a team gives that. */
enum mail_rule_field { RULE_TO = 1, RULE_FROM, RULE_SUBJECT, RULE_TEXT };
struct mail_rule {
	int64_t id;
	enum mail_rule_field field;
	struct str contains;
	int kind, criticality; /* 0: as it is without this rule */
	struct team_id team;   /* 0: none, or one that was removed */
	struct str team_name;
};
MUST_USE enum rc mail_rules(struct db_tx *tx, struct arena *out, struct mail_rule **ret, size_t *ret_n, struct err *err);
MUST_USE enum rc mail_rule_add(struct db_tx *tx, const struct mail_rule *r, struct err *err); /* at most 100 */
/* Rules for a team that ends name another one, or none; those that said nothing else then go. */
MUST_USE enum rc mail_rules_leave(struct db_tx *tx, struct team_id from, struct team_id to, struct err *err);
MUST_USE enum rc mail_rule_drop(struct db_tx *tx, int64_t id, struct err *err);
MUST_USE enum rc intake_count(struct db_tx *tx, enum intake_channel channel, struct intake_counts *ret, struct err *err);

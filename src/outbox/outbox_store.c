/* The outmail table, and the budget that ends every loop. */
#include "outbox/outbox_private.h"
#include "util/crypt.h"
#include <stdlib.h>

DB_QUERY(q_put, "outbox.put",
         "INSERT INTO outmail (dedupe, ticket_id, message_ref, kind, automatic, from_name, from_addr, to_name, "
         "to_addr, reply_to, message_id,"
         " in_reply_to, refs, subject, text, html, attachments, state, next_at, error, created_at, unsubscribe) VALUES (:dedupe, "
         ":ticket, :message, :kind,"
         " :automatic, :from_name, :from_addr, :to_name, :to_addr, :reply_to, :message_id, :in_reply_to, :refs, "
         ":subject, :text, :html,"
         " :attachments, :state, :next, :error, :now, :unsubscribe) ON CONFLICT (dedupe) DO NOTHING RETURNING id");
DB_QUERY(q_hour, "outbox.hour",
         "SELECT COUNT(*) FROM outmail WHERE automatic = 1 AND to_addr = :to AND created_at > :since AND state <> 4");
DB_QUERY(q_day, "outbox.day",
         "SELECT COUNT(*) FROM outmail WHERE automatic = 1 AND to_addr = :to AND created_at > :since AND state <> 4 "
         "AND (kind = :kind OR CAST(:ticket AS BIGINT) <> 0)"
         " AND COALESCE(ticket_id, 0) = :ticket");
/* Two desks at once would both count none: the address is held to the end of the transaction. SQLite has one writer. */
DB_QUERY2(q_hold, "outbox.hold", "SELECT 1",
          "SELECT 1 FROM (SELECT pg_advisory_xact_lock(7303, hashtext(CAST(:to AS TEXT)))) AS held");
#define COLUMNS                                                                                                        \
	"id, ticket_id, message_ref, kind, automatic, from_name, from_addr, to_name, to_addr, reply_to, message_id, "  \
	"in_reply_to, refs,"                                                                                           \
	" subject, text, html, attachments, state, tries, error, created_at, next_at, sent_at, again_at, seen_at, seen_by, unsubscribe"
DB_QUERY2(q_take, "outbox.take",
          "UPDATE outmail SET next_at = :lease, tries = tries + 1 WHERE id IN (SELECT id FROM outmail WHERE state = 1 "
          "AND next_at <= :now"
          " ORDER BY next_at, id LIMIT :max) RETURNING " COLUMNS,
          "UPDATE outmail SET next_at = :lease, tries = tries + 1 WHERE id IN (SELECT id FROM outmail WHERE state = 1 "
          "AND next_at <= :now"
          " ORDER BY next_at, id LIMIT :max FOR UPDATE SKIP LOCKED) RETURNING " COLUMNS);
DB_QUERY(q_due, "outbox.due",
         "SELECT COUNT(*) FROM (SELECT 1 FROM outmail WHERE state = 1 AND next_at <= :now LIMIT 1) AS due");
DB_QUERY(q_sent, "outbox.sent",
         "UPDATE outmail SET state = 2, sent_at = :now, error = NULL WHERE id = :id AND state <> 5");
DB_QUERY(q_failed, "outbox.failed",
         "UPDATE outmail SET state = :state, next_at = :next, error = :error WHERE id = :id AND state = 1");
DB_QUERY(q_postpone, "outbox.postpone", "UPDATE outmail SET next_at = :until, tries = tries - 1 WHERE id = :id AND state = 1 AND tries > 0");
DB_QUERY(q_find, "outbox.find", "SELECT " COLUMNS " FROM outmail WHERE id = :id");
DB_QUERY(q_find_mid, "outbox.find_message_id", "SELECT " COLUMNS " FROM outmail WHERE message_id = :message_id");
DB_QUERY(q_bounced, "outbox.bounced", "UPDATE outmail SET state = 5, error = :why, seen_at = NULL, seen_by = NULL WHERE id = :id AND state <> 5");
DB_QUERY(q_list, "outbox.list", "SELECT " COLUMNS " FROM outmail WHERE state = :state ORDER BY id DESC LIMIT :max");

DB_QUERY(q_undelivered, "outbox.undelivered",
         "SELECT " COLUMNS " FROM outmail WHERE state IN (3, 5) AND seen_at IS NULL ORDER BY id DESC LIMIT :max");
DB_QUERY(q_dismissed, "outbox.dismissed",
         "SELECT " COLUMNS " FROM outmail WHERE state IN (3, 5) AND seen_at IS NOT NULL ORDER BY seen_at DESC, id DESC LIMIT :max");
#define AGAIN \
	"UPDATE outmail SET state = 1, tries = 0, next_at = :now, again_at = :now, error = NULL, seen_at = NULL, seen_by = NULL WHERE "
DB_QUERY(q_again, "outbox.again", AGAIN "state IN (3, 5) AND id = :id RETURNING " COLUMNS);
DB_QUERY(q_again_to, "outbox.again_to",
         AGAIN "id IN (SELECT id FROM outmail WHERE state IN (3, 5) AND seen_at IS NULL AND to_addr = :to ORDER BY id LIMIT 200)"
               " RETURNING " COLUMNS);
#define SEEN "UPDATE outmail SET seen_at = :now, seen_by = :by WHERE state IN (3, 5) AND seen_at IS NULL"
DB_QUERY(q_seen, "outbox.seen", SEEN " AND id = :id");
DB_QUERY(q_seen_to, "outbox.seen_to", SEEN " AND to_addr = :to");
DB_QUERY(q_unseen, "outbox.unseen", "UPDATE outmail SET seen_at = NULL, seen_by = NULL WHERE state IN (3, 5) AND seen_at IS NOT NULL AND id = :id");

static const char not_in_address[] = "<>(),;:\\\"[]", not_in_id[] = "<>()\\\"";

/* An address that is more than one, or a parameter of MAIL FROM, would be a way in (RFC 5321 4.1.2). */
static bool address_ok(struct str s)
{
	size_t at = str_find_byte(s, '@');

	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || memchr(not_in_address, s.p[i], sizeof(not_in_address) - 1))
			return false;
	return at != STR_NONE && at > 0 && at + 1 < s.n && str_find_byte(str_from(s, at + 1), '@') == STR_NONE;
}

static bool ids_ok(struct str s, bool many)
{
	for (size_t i = 0; i < s.n; i++)
		if (memchr(not_in_id, s.p[i], sizeof(not_in_id) - 1) || (s.p[i] == ' ' && !many))
			return false;
	return true;
}

/* Header injection (S-19) is refused here, whoever calls, rather than repaired. Signs that only look like a line end
 * are not worth stopping a mail for: outbox_put() makes spaces of them. */
static enum rc headers_ok(const struct outmail *m, struct err *err)
{
	enum type { WORDS, ADDRESS, MAYBE_ADDRESS, ID, IDS };
	const struct {
		struct str s;
		const char *name;
		enum type type;
	} field[] = {
		{m->from_name,    "sender's name",    WORDS        },
		{ m->from_addr,   "sender's address", ADDRESS      },
		{ m->to_name,     "name",             WORDS        },
		{ m->to_addr,     "address",          ADDRESS      },
		{ m->reply_to,    "reply address",    MAYBE_ADDRESS},
		{ m->message_id,  "Message-ID",       ID           },
		{ m->in_reply_to, "In-Reply-To",      ID           },
		{ m->refs,        "References",       IDS          },
		{ m->subject,     "subject",          WORDS        },
		{ m->unsubscribe, "List-Unsubscribe", IDS          },
	};

	for (size_t i = 0; i < COUNT(field); i++) {
		struct str s = field[i].s;
		bool ok = true;

		if (field[i].type == WORDS)
			ok = !str_has_control(s) && str_find_byte(s, '\n') == STR_NONE &&
			     str_find_byte(s, '\t') == STR_NONE;
		else if (field[i].type <= MAYBE_ADDRESS)
			ok = outbox_header_ok(s) && ((field[i].type == MAYBE_ADDRESS && s.n == 0) || address_ok(s));
		else
			ok = outbox_header_ok(s) && ids_ok(s, field[i].type == IDS);
		if (!ok)
			return fail_field(err, RC_INVALID, field[i].name,
			                  "The %s cannot stand in the header of a mail; the mail was not queued",
			                  field[i].name);
	}
	return RC_OK;
}

/* Why an automatic mail must not go, or STR_NULL. */
static enum rc budget(struct db_tx *tx, const struct outmail *m, struct str to, struct instant now, struct str *why,
                      struct err *err)
{
	int64_t n = 0;
	enum rc rc;

	*why = STR_NULL;
	if (m->automatic != OUTMAIL_REPLIED)
		return RC_OK;
	if (mail_is_robot(to)) {
		*why = STR("the address belongs to a program");
		return RC_OK;
	}
	if ((rc = db_get_i64(tx, &q_hold, DB_ARGS(db_str("to", to)), &n, err)) != RC_OK)
		return rc;
	rc = db_get_i64(tx, &q_day,
	                DB_ARGS(db_str("to", to), db_i64("since", now.us - DAY_US), db_str("kind", str_of(m->kind)),
	                        db_i64("ticket", m->ticket.v)),
	                &n, err);
	if (rc == RC_OK && n >= 1)
		*why = STR("one automatic mail was sent to this address about this in the last day");
	if (rc == RC_OK && !why->p)
		rc = db_get_i64(tx, &q_hour, DB_ARGS(db_str("to", to), db_i64("since", now.us - HOUR_US)), &n, err);
	if (rc == RC_OK && !why->p && n >= 10)
		*why = STR("ten automatic mails were sent to this address in the last hour");
	return rc;
}

enum rc outbox_put(struct db_tx *tx, const struct outmail *m, struct instant now, struct outmail_id *ret,
                   struct err *err)
{
	struct str why;
	AUTO_ARENA a;
	int64_t id = 0;

	arena_init(&a);
	struct str to = str_lower(&a, m->to_addr); /* the budget is the person's, however the address is written */
	enum rc rc = headers_ok(m, err);
	if (rc == RC_OK)
		rc = budget(tx, m, to, now, &why, err);
	if (rc != RC_OK)
		return rc;
	size_t at = str_find_byte(m->from_addr, '@');
	struct str mid = m->message_id.n ? m->message_id
	                                 : arena_strf(&a, STR_F "@" STR_F, STR_A(random_token(&a)),
	                                              STR_A(at == STR_NONE ? STR("carrel.invalid")
	                                                                   : str_from(m->from_addr, at + 1)));
	rc = db_get_i64(
	        tx, &q_put,
	        DB_ARGS(db_str("dedupe", m->dedupe), db_id("ticket", m->ticket.v), db_id("message", m->message.v),
	                db_str("kind", str_of(m->kind)), db_i64("automatic", m->automatic),
	                db_str("from_name", mail_header_text(&a, m->from_name)), db_str("from_addr", m->from_addr),
	                db_str("to_name", mail_header_text(&a, m->to_name)), db_str("to_addr", to),
	                db_str("reply_to", m->reply_to), db_str("message_id", mid),
	                db_str("in_reply_to", m->in_reply_to), db_str("refs", m->refs),
	                db_str("subject", mail_header_text(&a, m->subject)), db_str("text", m->text),
	                db_str("html", m->html), db_str("attachments", m->attachments.p ? m->attachments : STR("[]")),
	                db_i64("state", why.p ? OUTMAIL_SUPPRESSED : OUTMAIL_QUEUED),
	                db_i64("next", time_is_set(m->at) ? m->at.us : now.us), db_str("error", why),
	                db_i64("now", now.us), db_str("unsubscribe", m->unsubscribe)),
	        &id, err);
	if (rc == RC_NOT_FOUND)
		rc = RC_OK; /* an equal one is there already */
	if (rc == RC_OK && ret)
		ret->v = id;
	return rc;
}

static enum rc rows(struct db_tx *tx, const struct db_query *q, struct db_args args, struct arena *out,
                    struct outmail_row **ret, size_t *ret_n, struct err *err)
{
	VEC(struct outmail_row) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, args, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct outmail_row){
			.id = { db_col_i64(&r, 0) },
			.ticket = { db_col_i64(&r, 1) },
			.message = { db_col_i64(&r, 2) },
			.kind = db_col_str(&r, 3, out),
			.automatic = (int)db_col_i64(&r, 4),
			.from_name = db_col_str(&r, 5, out),
			.from_addr = db_col_str(&r, 6, out),
			.to_name = db_col_str(&r, 7, out),
			.to_addr = db_col_str(&r, 8, out),
			.reply_to = db_col_str(&r, 9, out),
			.message_id = db_col_str(&r, 10, out),
			.in_reply_to = db_col_str(&r, 11, out),
			.refs = db_col_str(&r, 12, out),
			.subject = db_col_str(&r, 13, out),
			.text = db_col_str(&r, 14, out),
			.html = db_col_str(&r, 15, out),
			.attachments = db_col_str(&r, 16, out),
			.state = (int)db_col_i64(&r, 17),
			.tries = (int)db_col_i64(&r, 18),
			.error = db_col_str(&r, 19, out),
			.created_at = db_col_time(&r, 20),
			.next_at = db_col_time(&r, 21),
			.sent_at = db_col_time(&r, 22),
			.tried_since = db_col_time(&r, db_col_time(&r, 23).us ? 23 : 20),
			.seen_at = db_col_time(&r, 24),
			.seen_by = db_col_str(&r, 25, out),
			.unsubscribe = db_col_str(&r, 26, out),
		};
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

static int by_id(const void *x, const void *y)
{
	int64_t a = ((const struct outmail_row *)x)->id.v, b = ((const struct outmail_row *)y)->id.v;

	return (a > b) - (a < b);
}

enum rc outbox_take(struct db_tx *tx, struct arena *out, struct instant now, int64_t lease_us, size_t max,
                    struct outmail_row **ret, size_t *ret_n, struct err *err)
{
	enum rc rc = rows(
	        tx, &q_take,
	        DB_ARGS(db_i64("lease", now.us + lease_us), db_i64("now", now.us), db_i64("max", (int64_t)max)), out,
	        ret, ret_n, err);

	if (rc == RC_OK && *ret_n > 1) /* RETURNING has no order */
		qsort(*ret, *ret_n, sizeof(**ret), by_id);
	return rc;
}

enum rc outbox_due(struct db_tx *tx, struct instant now, bool *ret, struct err *err)
{
	int64_t n = 0;
	enum rc rc = db_get_i64(tx, &q_due, DB_ARGS(db_i64("now", now.us)), &n, err);

	*ret = n > 0;
	return rc;
}

enum rc outbox_postpone(struct db_tx *tx, struct outmail_id id, struct instant until, struct err *err)
{
	return db_exec(tx, &q_postpone, DB_ARGS(db_time("until", until), db_i64("id", id.v)), NULL, err);
}

enum rc outbox_sent(struct db_tx *tx, struct outmail_id id, struct instant now, struct err *err)
{
	return db_exec(tx, &q_sent, DB_ARGS(db_i64("now", now.us), db_i64("id", id.v)), NULL, err);
}

enum rc outbox_failed(struct db_tx *tx, struct outmail_id id, struct str error, struct instant retry_at,
                      struct err *err)
{
	bool again = time_is_set(retry_at);

	return db_exec(tx, &q_failed,
	               DB_ARGS(db_i64("state", again ? OUTMAIL_QUEUED : OUTMAIL_FAILED), db_i64("next", retry_at.us),
	                       db_str("error", error), db_i64("id", id.v)),
	               NULL, err);
}

static enum rc find_one(struct db_tx *tx, const struct db_query *q, struct db_args args, struct arena *out, struct outmail_row *ret,
                        struct err *err)
{
	struct outmail_row *at;
	size_t n;
	enum rc rc = rows(tx, q, args, out, &at, &n, err);

	if (rc == RC_OK && n == 0)
		return fail(err, RC_NOT_FOUND, "there is no such mail");
	if (rc == RC_OK)
		*ret = at[0];
	return rc;
}

enum rc outbox_find(struct db_tx *tx, struct arena *out, struct outmail_id id, struct outmail_row *ret, struct err *err)
{
	return find_one(tx, &q_find, DB_ARGS(db_i64("id", id.v)), out, ret, err);
}

enum rc outbox_find_message_id(struct db_tx *tx, struct arena *out, struct str message_id, struct outmail_row *ret,
                               struct err *err)
{
	return find_one(tx, &q_find_mid, DB_ARGS(db_str("message_id", message_id)), out, ret, err);
}

enum rc outbox_bounced(struct db_tx *tx, struct outmail_id id, struct str why, bool *ret_new, struct err *err)
{
	int64_t changed = 0;
	enum rc rc = db_exec(tx, &q_bounced, DB_ARGS(db_str("why", why), db_i64("id", id.v)), &changed, err);

	*ret_new = changed > 0;
	return rc;
}

enum rc outbox_list(struct db_tx *tx, struct arena *out, int state, size_t max, struct outmail_row **ret, size_t *ret_n,
                    struct err *err)
{
	return rows(tx, &q_list, DB_ARGS(db_i64("state", state), db_i64("max", (int64_t)max)), out, ret, ret_n, err);
}

enum rc outbox_undelivered(struct db_tx *tx, struct arena *out, bool dismissed, size_t max, struct outmail_row **ret,
                           size_t *ret_n, struct err *err)
{
	return rows(tx, dismissed ? &q_dismissed : &q_undelivered, DB_ARGS(db_i64("max", (int64_t)max)), out, ret, ret_n, err);
}

enum rc outbox_again(struct db_tx *tx, struct arena *out, struct outmail_pick which, struct instant now, struct outmail_row **ret,
                     size_t *ret_n, struct err *err)
{
	struct db_arg at = db_time("now", now);
	enum rc rc = which.to.n ? rows(tx, &q_again_to, DB_ARGS(at, db_str("to", str_lower(out, which.to))), out, ret, ret_n, err)
	                        : rows(tx, &q_again, DB_ARGS(at, db_i64("id", which.id.v)), out, ret, ret_n, err);

	if (rc == RC_OK && *ret_n == 0)
		return fail(err, RC_NOT_FOUND, "the mail is not among the undelivered any more");
	if (rc == RC_OK)
		qsort(*ret, *ret_n, sizeof(**ret), by_id);
	return rc;
}

enum rc outbox_seen(struct db_tx *tx, struct outmail_pick which, struct str who, struct instant now, struct err *err)
{
	struct db_arg at = db_time("now", now), by = db_str("by", who);
	int64_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	enum rc rc = which.to.n ? db_exec(tx, &q_seen_to, DB_ARGS(at, by, db_str("to", str_lower(&a, which.to))), &n, err)
	                        : db_exec(tx, &q_seen, DB_ARGS(at, by, db_i64("id", which.id.v)), &n, err);
	if (rc == RC_OK && n == 0)
		return fail(err, RC_NOT_FOUND, "the mail is not among the undelivered any more");
	return rc;
}

enum rc outbox_unseen(struct db_tx *tx, struct outmail_id id, struct err *err)
{
	int64_t n = 0;
	enum rc rc = db_exec(tx, &q_unseen, DB_ARGS(db_i64("id", id.v)), &n, err);

	if (rc == RC_OK && n == 0)
		return fail(err, RC_NOT_FOUND, "the mail is not among the dismissed any more");
	return rc;
}

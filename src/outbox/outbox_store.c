/* The outmail table, and the budget that ends every loop. */
#include "outbox/outbox.h"
#include "util/crypt.h"

DB_QUERY(q_put, "outbox.put",
	 "INSERT INTO outmail (dedupe, ticket_id, message_ref, kind, automatic, from_name, from_addr, to_name, to_addr, reply_to, message_id,"
	 " in_reply_to, refs, subject, text, html, attachments, state, next_at, error, created_at) VALUES (:dedupe, :ticket, :message, :kind,"
	 " :automatic, :from_name, :from_addr, :to_name, :to_addr, :reply_to, :message_id, :in_reply_to, :refs, :subject, :text, :html,"
	 " :attachments, :state, :next, :error, :now) ON CONFLICT (dedupe) DO NOTHING RETURNING id");
DB_QUERY(q_hour, "outbox.hour",
	 "SELECT COUNT(*) FROM outmail WHERE automatic = 1 AND to_addr = :to AND created_at > :since AND state <> 4");
DB_QUERY(q_day, "outbox.day",
	 "SELECT COUNT(*) FROM outmail WHERE automatic = 1 AND to_addr = :to AND created_at > :since AND state <> 4 AND kind = :kind"
	 " AND COALESCE(ticket_id, 0) = :ticket");
#define COLUMNS                                                                                                                \
	"id, ticket_id, message_ref, kind, automatic, from_name, from_addr, to_name, to_addr, reply_to, message_id, in_reply_to, refs," \
	" subject, text, html, attachments, state, tries, error, created_at, next_at, sent_at"
DB_QUERY2(q_take, "outbox.take",
	  "UPDATE outmail SET next_at = :lease, tries = tries + 1 WHERE id IN (SELECT id FROM outmail WHERE state = 1 AND next_at <= :now"
	  " ORDER BY next_at, id LIMIT :max) RETURNING " COLUMNS,
	  "UPDATE outmail SET next_at = :lease, tries = tries + 1 WHERE id IN (SELECT id FROM outmail WHERE state = 1 AND next_at <= :now"
	  " ORDER BY next_at, id LIMIT :max FOR UPDATE SKIP LOCKED) RETURNING " COLUMNS);
DB_QUERY(q_due, "outbox.due", "SELECT COUNT(*) FROM (SELECT 1 FROM outmail WHERE state = 1 AND next_at <= :now LIMIT 1) AS due");
DB_QUERY(q_sent, "outbox.sent", "UPDATE outmail SET state = 2, sent_at = :now, error = NULL WHERE id = :id");
DB_QUERY(q_failed, "outbox.failed", "UPDATE outmail SET state = :state, next_at = :next, error = :error WHERE id = :id");
DB_QUERY(q_list, "outbox.list", "SELECT " COLUMNS " FROM outmail WHERE state = :state ORDER BY id DESC LIMIT :max");

static enum rc no_control(struct str s, const char *field, struct err *err)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return fail_field(err, RC_INVALID, field, "a control character cannot stand in the %s of a mail", field);
	return RC_OK;
}

static enum rc headers_ok(const struct outmail *m, struct err *err)
{
	const struct { struct str s; const char *name; } field[] = {
		{ m->from_name, "sender's name" }, { m->from_addr, "sender's address" }, { m->to_name, "name" }, { m->to_addr, "address" },
		{ m->reply_to, "reply address" }, { m->message_id, "Message-ID" }, { m->in_reply_to, "In-Reply-To" }, { m->refs, "References" },
		{ m->subject, "subject" },
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; i < COUNT(field) && rc == RC_OK; i++)
		rc = no_control(field[i].s, field[i].name, err);
	return rc;
}

/* Why an automatic mail must not go, or STR_NULL. */
static enum rc budget(struct db_tx *tx, const struct outmail *m, struct instant now, struct str *why, struct err *err)
{
	int64_t n = 0;
	enum rc rc;

	*why = STR_NULL;
	if (!m->automatic)
		return RC_OK;
	if (mail_is_robot(m->to_addr)) {
		*why = STR("the address belongs to a program");
		return RC_OK;
	}
	rc = db_get_i64(tx, &q_day,
			DB_ARGS(db_str("to", m->to_addr), db_i64("since", now.us - DAY_US), db_str("kind", str_of(m->kind)), db_i64("ticket", m->ticket.v)), &n, err);
	if (rc == RC_OK && n >= 1)
		*why = STR("one automatic mail of this kind was sent to this address in the last day");
	if (rc == RC_OK && !why->p)
		rc = db_get_i64(tx, &q_hour, DB_ARGS(db_str("to", m->to_addr), db_i64("since", now.us - HOUR_US)), &n, err);
	if (rc == RC_OK && !why->p && n >= 10)
		*why = STR("ten automatic mails were sent to this address in the last hour");
	return rc;
}

enum rc outbox_put(struct db_tx *tx, const struct outmail *m, struct instant now, struct outmail_id *ret, struct err *err)
{
	struct str why;
	AUTO_ARENA a;
	int64_t id = 0;

	arena_init(&a);
	enum rc rc = headers_ok(m, err);
	if (rc == RC_OK)
		rc = budget(tx, m, now, &why, err);
	if (rc != RC_OK)
		return rc;
	size_t at = str_find_byte(m->from_addr, '@');
	struct str mid = m->message_id.n ? m->message_id : arena_strf(&a, STR_F "@" STR_F, STR_A(random_token(&a)), STR_A(at == STR_NONE ? STR("carrel.invalid") : str_from(m->from_addr, at + 1)));
	rc = db_get_i64(tx, &q_put,
			DB_ARGS(db_str("dedupe", m->dedupe), db_id("ticket", m->ticket.v), db_id("message", m->message.v), db_str("kind", str_of(m->kind)),
				db_i64("automatic", m->automatic), db_str("from_name", m->from_name.p ? m->from_name : STR("")),
				db_str("from_addr", m->from_addr), db_str("to_name", m->to_name.p ? m->to_name : STR("")), db_str("to_addr", m->to_addr),
				db_str("reply_to", m->reply_to), db_str("message_id", mid), db_str("in_reply_to", m->in_reply_to), db_str("refs", m->refs),
				db_str("subject", m->subject), db_str("text", m->text), db_str("html", m->html),
				db_str("attachments", m->attachments.p ? m->attachments : STR("[]")), db_i64("state", why.p ? OUTMAIL_SUPPRESSED : OUTMAIL_QUEUED),
				db_i64("next", time_is_set(m->at) ? m->at.us : now.us), db_str("error", why), db_i64("now", now.us)),
			&id, err);
	if (rc == RC_NOT_FOUND)
		rc = RC_OK; /* an equal one is there already */
	if (rc == RC_OK && ret)
		ret->v = id;
	return rc;
}

static enum rc rows(struct db_tx *tx, const struct db_query *q, struct db_args args, struct arena *out, struct outmail_row **ret, size_t *ret_n, struct err *err)
{
	VEC(struct outmail_row) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, args, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct outmail_row){
			.id = { db_col_i64(&r, 0) }, .ticket = { db_col_i64(&r, 1) }, .message = { db_col_i64(&r, 2) }, .kind = db_col_str(&r, 3, out),
			.automatic = db_col_i64(&r, 4) != 0, .from_name = db_col_str(&r, 5, out), .from_addr = db_col_str(&r, 6, out),
			.to_name = db_col_str(&r, 7, out), .to_addr = db_col_str(&r, 8, out), .reply_to = db_col_str(&r, 9, out),
			.message_id = db_col_str(&r, 10, out), .in_reply_to = db_col_str(&r, 11, out), .refs = db_col_str(&r, 12, out),
			.subject = db_col_str(&r, 13, out), .text = db_col_str(&r, 14, out), .html = db_col_str(&r, 15, out),
			.attachments = db_col_str(&r, 16, out), .state = (int)db_col_i64(&r, 17), .tries = (int)db_col_i64(&r, 18),
			.error = db_col_str(&r, 19, out), .created_at = db_col_time(&r, 20), .next_at = db_col_time(&r, 21), .sent_at = db_col_time(&r, 22),
		};
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

enum rc outbox_take(struct db_tx *tx, struct arena *out, struct instant now, int64_t lease_us, size_t max, struct outmail_row **ret, size_t *ret_n, struct err *err)
{
	return rows(tx, &q_take, DB_ARGS(db_i64("lease", now.us + lease_us), db_i64("now", now.us), db_i64("max", (int64_t)max)), out, ret, ret_n, err);
}

enum rc outbox_due(struct db_tx *tx, struct instant now, bool *ret, struct err *err)
{
	int64_t n = 0;
	enum rc rc = db_get_i64(tx, &q_due, DB_ARGS(db_i64("now", now.us)), &n, err);

	*ret = n > 0;
	return rc;
}

enum rc outbox_sent(struct db_tx *tx, struct outmail_id id, struct instant now, struct err *err)
{
	return db_exec(tx, &q_sent, DB_ARGS(db_i64("now", now.us), db_i64("id", id.v)), NULL, err);
}

enum rc outbox_failed(struct db_tx *tx, struct outmail_id id, struct str error, struct instant retry_at, struct err *err)
{
	bool again = time_is_set(retry_at);

	return db_exec(tx, &q_failed,
		       DB_ARGS(db_i64("state", again ? OUTMAIL_QUEUED : OUTMAIL_FAILED), db_i64("next", retry_at.us), db_str("error", error), db_i64("id", id.v)), NULL, err);
}

enum rc outbox_list(struct db_tx *tx, struct arena *out, int state, size_t max, struct outmail_row **ret, size_t *ret_n, struct err *err)
{
	return rows(tx, &q_list, DB_ARGS(db_i64("state", state), db_i64("max", (int64_t)max)), out, ret, ret_n, err);
}

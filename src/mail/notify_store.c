/* What mails out need to know of messages, files and mails in. */
#include "mail/notify_private.h"
#include "util/buf.h"

DB_QUERY(q_message, "notify.message", "SELECT text FROM message WHERE id = :id");
DB_QUERY(q_parent, "notify.parent",
	 "SELECT message_id FROM intake WHERE ticket_id = :ticket AND message_id IS NOT NULL ORDER BY id DESC LIMIT 1");
DB_QUERY(q_files, "notify.files", "SELECT id FROM attachment WHERE message_id = :id ORDER BY id LIMIT 20");
DB_QUERY(q_file, "notify.file", "SELECT sha256, name, type, token FROM attachment WHERE id = :id");

enum rc notify_parent(struct db_tx *tx, struct arena *a, struct ticket_id t, struct str *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_parent, DB_ARGS(db_i64("ticket", t.v)), &r, err);

	*ret = STR_NULL;
	if (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*ret = db_col_str(&r, 0, a);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

DB_QUERY(q_managers, "notify.managers",
	 "SELECT c.name, c.email, c.lang, c.id FROM contact c JOIN contact_role r ON r.contact_id = c.id WHERE c.account_id = :account"
	 " AND c.disabled_at IS NULL AND r.role = 3 AND r.scope = 1 AND r.scope_id = :account ORDER BY c.id LIMIT 20");

enum rc notify_managers(struct db_tx *tx, struct arena *a, struct account_id account, struct recipient **ret, size_t *ret_n,
			struct err *err)
{
	VEC(struct recipient) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_managers, DB_ARGS(db_i64("account", account.v)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(a, &v) = (struct recipient){ db_col_str(&r, 0, a), db_col_str(&r, 1, a), db_col_str(&r, 2, a), { db_col_i64(&r, 3) } };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc notify_files(struct db_tx *tx, struct arena *a, struct message_id m, struct str *ret, struct err *err)
{
	AUTO_BUF b;

	buf_init(&b, 1000);
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_files, DB_ARGS(db_i64("id", m.v)), &r, err);
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		buf_addf(&b, "%s%lld", b.n ? "," : "[", (long long)db_col_i64(&r, 0));
	*ret = b.n ? arena_strf(a, STR_F "]", STR_A(buf_str(&b))) : STR_NULL;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc notify_text(struct db_tx *tx, struct arena *a, struct message_id m, struct str *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_message, DB_ARGS(db_i64("id", m.v)), &r, err);

	*ret = STR("");
	if (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*ret = db_col_str(&r, 0, a);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc notify_file(struct db_tx *tx, struct arena *a, int64_t attachment, struct sent_file *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_file, DB_ARGS(db_i64("id", attachment)), &r, err);

	if (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*ret = (struct sent_file){ db_col_str(&r, 0, a), db_col_str(&r, 1, a), db_col_str(&r, 2, a), db_col_str(&r, 3, a) };
	return rc;
}

DB_QUERY(q_before, "notify.before",
	 "SELECT author, at, substr(text, 1, 8000) FROM message WHERE ticket_id = :ticket AND id < :message AND internal = 0"
	 " AND automatic = 0 ORDER BY id DESC LIMIT :max");

enum rc notify_before(struct db_tx *tx, struct arena *a, struct ticket_id t, struct message_id m, size_t max, struct said_before **ret,
		      size_t *ret_n, struct err *err)
{
	VEC(struct said_before) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_before,
			       DB_ARGS(db_i64("ticket", t.v), db_i64("message", m.v), db_i64("max", (int64_t)max)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(a, &v) = (struct said_before){ db_col_str(&r, 0, a), db_col_str(&r, 2, a), db_col_time(&r, 1) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

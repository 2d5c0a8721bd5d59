/* The intake table: every mail we accepted, and what became of it. */
#include "inbox/inbox.h"
#include "util/crypt.h"

#define COLUMNS                                                                                                        \
	"id, channel, state, received_at, sha256, size, mail_from, rcpt, reason, from_addr, from_name, subject, "      \
	"message_id, ticket_id, tries, auth, source, same_id, invite, crypto, decision, decided_ticket, "              \
	"decided_contact, decided_kind, decided_criticality, decided_by, origin, origin_said, cut, team, kind, criticality, refused_by, refused_at"

DB_QUERY(q_seen, "intake.seen", "SELECT id FROM intake WHERE sha256 = :sha256 AND rcpt = :rcpt LIMIT 1");
DB_QUERY(q_insert, "intake.insert",
	 "INSERT INTO intake (channel, received_at, sha256, size, mail_from, rcpt, source, state, team, kind, criticality)"
	 " VALUES (:channel, :at, :sha256, :size, :mail_from, :rcpt, :source, 1, :team, :kind, :criticality)");
DB_QUERY(q_raw_put, "raw_mail.put", "INSERT INTO raw_mail (sha256, bytes) VALUES (:sha256, :bytes) ON CONFLICT (sha256) DO NOTHING");
DB_QUERY(q_raw_get, "raw_mail.get", "SELECT bytes FROM raw_mail WHERE sha256 = :sha256");
DB_QUERY(q_raw_drop, "raw_mail.drop", "DELETE FROM raw_mail WHERE sha256 = :sha256");
DB_QUERY(q_due, "intake.due", "SELECT " COLUMNS " FROM intake WHERE state = 1 AND origin <> 1 AND id > :after AND (try_at IS NULL OR try_at <= :now) ORDER BY id LIMIT :max");
DB_QUERY(q_oldest, "intake.oldest", "SELECT COALESCE(again_at, received_at) FROM intake WHERE state = 1 AND origin <> 1 ORDER BY id LIMIT 1");
DB_QUERY(q_origin_wait, "intake.origin_wait", "UPDATE intake SET origin = 1, origin_at = :now, from_addr = :from WHERE id = :id AND state = 1");
DB_QUERY(q_origin_due, "intake.origin_due",
	 "SELECT " COLUMNS " FROM intake WHERE origin_at IS NOT NULL AND origin_at <= :now AND id % :shares = :share ORDER BY origin_at, id LIMIT :max");
DB_QUERY(q_origin_known, "intake.origin_known",
	 "UPDATE intake SET origin = :origin, origin_said = :said, origin_at = :again WHERE id = :id AND origin_at IS NOT NULL");
/* Filed as if it came now: nothing was answered when it went to triage. */
DB_QUERY(q_origin_refile, "intake.origin_refile",
	 "UPDATE intake SET state = 1, reason = '', tries = 0, content_key = NULL, again_at = :now, try_at = NULL WHERE id = :id AND state = 3 AND decision = 0");
/* The claim is the guard against filing twice: the row must still be waiting, and content_key is unique. */
/* A copy that nobody vouched for waits for a decision, or was refused: it does not keep the real mail out. */
DB_QUERY(q_yield, "intake.yield",
	 "UPDATE intake SET state = 6, content_key = NULL, reason = 'The same mail came again, by a way that shows who sent it. That one was filed.'"
	 " WHERE content_key = :key AND id <> :id AND state IN (3, 5) AND auth <> 1 AND decision = 0");
DB_QUERY(q_claim, "intake.claim", "UPDATE intake SET content_key = :key WHERE id = :id AND state = 1");
DB_QUERY(q_done, "intake.done",
	 "UPDATE intake SET state = :state, reason = :reason, ticket_id = :ticket, from_addr = :from_addr, from_name = :from_name,"
	 " subject = :subject, message_id = :message_id, auth = :auth, same_id = :same_id, cut = :cut, invite = :invite, crypto = :crypto WHERE id = :id AND state = 1");
DB_QUERY(q_has_id, "intake.has_id", "SELECT COUNT(*) FROM (SELECT 1 FROM intake WHERE message_id = :message_id AND id <> :id AND state <> 6 LIMIT 1) AS x");
DB_QUERY(q_tried, "intake.tried", "UPDATE intake SET tries = tries + 1, reason = :reason, try_at = :again WHERE id = :id AND state = 1");
DB_QUERY(q_list, "intake.list",
	 "SELECT " COLUMNS " FROM intake WHERE state = :state AND id < :before ORDER BY id DESC LIMIT :max");
DB_QUERY(q_find, "intake.find", "SELECT " COLUMNS " FROM intake WHERE id = :id");
DB_QUERY(q_reprocess, "intake.reprocess",
	 "UPDATE intake SET state = 1, reason = '', tries = 0, content_key = NULL, decision = :what, decided_ticket = :ticket,"
	 " decided_contact = :contact, decided_kind = :kind, decided_criticality = :criticality, decided_by = :by,"
	 " origin = 0, origin_at = NULL, again_at = :now, try_at = NULL, refused_by = NULL, refused_at = NULL"
	 " WHERE id = :id AND state IN (3, 4, 5)");
DB_QUERY(q_reprocess_all, "intake.reprocess_all",
	 "UPDATE intake SET state = 1, reason = '', tries = 0, content_key = NULL, decision = 0, origin = 0, origin_at = NULL, again_at = :now, try_at = NULL"
	 " WHERE id IN (SELECT id FROM intake WHERE state = 4 ORDER BY id LIMIT 1000)");
DB_QUERY(q_refuse, "intake.refuse", "UPDATE intake SET state = 5, reason = :reason, refused_by = :by, refused_at = :now WHERE id = :id AND state IN (3, 4)");
DB_QUERY(q_messages, "intake.messages",
	 "SELECT COUNT(*), COALESCE(SUM(CASE WHEN n > 1 THEN 1 ELSE 0 END), 0) FROM (SELECT m.intake_id, COUNT(*) AS n FROM message m"
	 " JOIN intake i ON i.id = m.intake_id WHERE i.channel = :channel AND i.state = 2 GROUP BY m.intake_id) AS filed");
DB_QUERY(q_lost, "intake.lost",
	 "SELECT COUNT(*) FROM intake i WHERE i.channel = :channel AND i.state = 2 AND NOT EXISTS"
	 " (SELECT 1 FROM message m WHERE m.intake_id = i.id AND m.ticket_id = i.ticket_id)");
DB_QUERY(q_rules, "mail_rule.list",
	 "SELECT r.id, r.field, r.contains, r.kind, r.criticality, m.id, m.name FROM mail_rule r"
	 " LEFT JOIN team m ON m.id = r.team_id AND m.removed_at IS NULL ORDER BY r.position, r.id LIMIT 100");
DB_QUERY(q_rule_add, "mail_rule.add",
	 "INSERT INTO mail_rule (position, field, contains, kind, criticality, team_id)"
	 " SELECT COALESCE(MAX(position), 0) + 1, CAST(:field AS BIGINT), CAST(:contains AS TEXT), CAST(:kind AS BIGINT), CAST(:criticality AS BIGINT),"
	 " CAST(:team AS BIGINT)"
	 " FROM mail_rule HAVING COUNT(*) < 100");
DB_QUERY(q_rules_drop, "mail_rule.drop_team", "DELETE FROM mail_rule WHERE team_id = :from AND kind = 0");
DB_QUERY(q_rules_move, "mail_rule.move_team", "UPDATE mail_rule SET team_id = :to WHERE team_id = :from");
DB_QUERY(q_rule_drop, "mail_rule.drop", "DELETE FROM mail_rule WHERE id = :id");
DB_QUERY(q_count, "intake.count", "SELECT state, COUNT(*) FROM intake WHERE channel = :channel GROUP BY state");

const char *intake_state_name(enum intake_state s)
{
	static const char *const name[] = { "", "received", "message", "triage", "quarantine", "refused", "duplicate" };

	return s >= INTAKE_RECEIVED && s <= INTAKE_DUPLICATE ? name[s] : "";
}

static void row(struct db_rows *r, struct arena *out, struct intake *in)
{
	*in = (struct intake){
		.id = { db_col_i64(r, 0) },
		.channel = (enum intake_channel)db_col_i64(r, 1),
		.state = (enum intake_state)db_col_i64(r, 2),
		.received_at = db_col_time(r, 3),
		.sha256 = db_col_str(r, 4, out),
		.size = db_col_i64(r, 5),
		.mail_from = db_col_str(r, 6, out),
		.rcpt = db_col_str(r, 7, out),
		.reason = db_col_str(r, 8, out),
		.from_addr = db_col_str(r, 9, out),
		.from_name = db_col_str(r, 10, out),
		.subject = db_col_str(r, 11, out),
		.message_id = db_col_str(r, 12, out),
		.ticket = { db_col_i64(r, 13) },
		.tries = (int)db_col_i64(r, 14),
		.auth = (enum intake_auth)db_col_i64(r, 15),
		.source = db_col_str(r, 16, out),
		.same_id = db_col_i64(r, 17) != 0,
		.invite = db_col_str(r, 18, out),
		.crypto = (int)db_col_i64(r, 19),
		.order = { .what = (enum intake_decision)db_col_i64(r, 20),
			   .ticket = { db_col_i64(r, 21) },
			   .contact = { db_col_i64(r, 22) },
			   .kind = (int)db_col_i64(r, 23),
			   .criticality = (int)db_col_i64(r, 24),
			   .by = { db_col_i64(r, 25) } },
		.origin = (enum intake_origin)db_col_i64(r, 26),
		.origin_said = db_col_str(r, 27, out),
		.cut = db_col_i64(r, 28) != 0,
		.wish = { .team = db_col_str(r, 29, out), .kind = (int)db_col_i64(r, 30), .criticality = (int)db_col_i64(r, 31) },
		.refused_by = db_col_str(r, 32, out),
		.refused_at = db_col_time(r, 33),
	};
}

static enum rc rows(struct db_tx *tx, const struct db_query *q, struct db_args args, struct arena *out, struct intake **ret,
		    size_t *ret_n, struct err *err)
{
	VEC(struct intake) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, args, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		row(&r, out, VEC_ADD(out, &v));
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

enum rc intake_insert(struct db_tx *tx, const struct intake *in, bool *ret_new, struct err *err)
{
	int64_t id;
	enum rc rc = db_get_i64(tx, &q_seen, DB_ARGS(db_str("sha256", in->sha256), db_str("rcpt", in->rcpt)), &id, err);

	if (ret_new)
		*ret_new = rc == RC_NOT_FOUND;
	if (rc != RC_NOT_FOUND)
		return rc;
	return db_exec(tx, &q_insert,
		       DB_ARGS(db_i64("channel", in->channel), db_i64("at", in->received_at.us), db_str("sha256", in->sha256),
			       db_i64("size", in->size), db_str("mail_from", in->mail_from), db_str("rcpt", in->rcpt), db_str("source", in->source.p ? in->source : STR("")),
			       db_str("team", in->wish.team.p ? in->wish.team : STR("")), db_i64("kind", in->wish.kind),
			       db_i64("criticality", in->wish.criticality)),
		       NULL, err);
}

enum rc intake_due(struct db_tx *tx, struct arena *out, struct instant now, int64_t after, size_t max, struct intake **ret, size_t *ret_n,
		   struct err *err)
{
	return rows(tx, &q_due, DB_ARGS(db_time("now", now), db_i64("after", after), db_i64("max", (int64_t)max)), out, ret, ret_n, err);
}

enum rc intake_claim(struct db_tx *tx, struct intake_id id, struct str content_key, bool vouched, struct err *err)
{
	int64_t changed = 0;
	enum rc rc = vouched ? db_exec(tx, &q_yield, DB_ARGS(db_str("key", content_key), db_i64("id", id.v)), NULL, err) : RC_OK;

	if (rc != RC_OK)
		return rc;
	rc = db_exec(tx, &q_claim, DB_ARGS(db_str("key", content_key), db_i64("id", id.v)), &changed, err);

	if (rc == RC_CONFLICT)
		return fail_code(err, RC_CONFLICT, "duplicate", "the same mail was filed before");
	if (rc == RC_OK && changed == 0)
		return fail_code(err, RC_NOT_FOUND, "moved", "the mail was filed by somebody else meanwhile");
	return rc;
}

enum rc intake_done(struct db_tx *tx, const struct intake *in, const struct filing *f, struct err *err)
{
	int64_t changed = 0;
	enum rc rc = db_exec(tx, &q_done,
			     DB_ARGS(db_i64("state", f->state), db_str("reason", f->reason.p ? f->reason : STR("")),
				     db_id("ticket", f->ticket.v), db_str("from_addr", in->from_addr),
				     db_str("from_name", in->from_name), db_str("subject", in->subject),
				     db_str("message_id", in->message_id), db_i64("auth", in->auth), db_i64("same_id", in->same_id), db_i64("cut", in->cut), db_str("invite", in->invite), db_i64("crypto", in->crypto),
				     db_i64("id", in->id.v)),
			     &changed, err);

	if (rc == RC_OK && changed == 0)
		return fail_code(err, RC_NOT_FOUND, "moved", "the mail was filed by somebody else meanwhile");
	return rc == RC_OK && !f->keep_raw ? db_exec(tx, &q_raw_drop, DB_ARGS(db_str("sha256", in->sha256)), NULL, err) : rc;
}

enum rc raw_mail_put(struct db_tx *tx, struct str sha256, struct str base64, struct err *err)
{
	return db_exec(tx, &q_raw_put, DB_ARGS(db_str("sha256", sha256), db_str("bytes", base64)), NULL, err);
}

enum rc raw_mail_get(struct db_tx *tx, struct arena *out, struct str sha256, struct str *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_raw_get, DB_ARGS(db_str("sha256", sha256)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	return rc == RC_OK ? base64_decode(out, db_col_peek(&r, 0), ret) : rc;
}

enum rc intake_has_id(struct db_tx *tx, struct intake_id other_than, struct str message_id, bool *ret, struct err *err)
{
	int64_t n = 0;
	enum rc rc = message_id.n ? db_get_i64(tx, &q_has_id, DB_ARGS(db_str("message_id", message_id), db_i64("id", other_than.v)), &n, err)
				  : RC_OK;

	*ret = n > 0;
	return rc;
}

enum rc intake_tried(struct db_tx *tx, struct intake_id id, struct str reason, struct instant again, struct err *err)
{
	return db_exec(tx, &q_tried, DB_ARGS(db_str("reason", reason), db_time("again", again), db_i64("id", id.v)), NULL, err);
}

enum rc intake_list(struct db_tx *tx, struct arena *out, enum intake_state state, int64_t before, size_t max, struct intake **ret,
		    size_t *ret_n, struct err *err)
{
	return rows(tx, &q_list,
		    DB_ARGS(db_i64("state", state), db_i64("before", before ? before : INT64_MAX), db_i64("max", (int64_t)max)), out,
		    ret, ret_n, err);
}

enum rc intake_find(struct db_tx *tx, struct arena *out, struct intake_id id, struct intake *ret, struct err *err)
{
	struct intake *at;
	size_t n;
	enum rc rc = rows(tx, &q_find, DB_ARGS(db_i64("id", id.v)), out, &at, &n, err);

	if (rc != RC_OK)
		return rc;
	if (n == 0)
		return fail(err, RC_NOT_FOUND, "there is no such mail");
	*ret = at[0];
	return RC_OK;
}

static enum rc move(struct db_tx *tx, const struct db_query *q, struct db_args args, struct err *err)
{
	int64_t changed = 0;
	enum rc rc = db_exec(tx, q, args, &changed, err);

	if (rc == RC_OK && changed == 0)
		return fail(err, RC_CONFLICT, "the mail is not in triage or quarantine any more");
	return rc;
}

enum rc intake_reprocess(struct db_tx *tx, struct intake_id id, struct err *err)
{
	return intake_decide(tx, id, &(struct intake_order){ 0 }, err);
}

enum rc intake_reprocess_quarantine(struct db_tx *tx, struct instant now, int64_t *ret, struct err *err)
{
	return db_exec(tx, &q_reprocess_all, DB_ARGS(db_time("now", now)), ret, err);
}

enum rc intake_decide(struct db_tx *tx, struct intake_id id, const struct intake_order *o, struct err *err)
{
	return move(tx, &q_reprocess,
		    DB_ARGS(db_i64("what", o->what), db_id("ticket", o->ticket.v), db_id("contact", o->contact.v), db_i64("kind", o->kind),
			    db_i64("criticality", o->criticality), db_id("by", o->by.v), db_time("now", time_now()), db_i64("id", id.v)),
		    err);
}

/* ---- who sent it ---- */

enum rc intake_origin_wait(struct db_tx *tx, struct intake_id id, struct str from, struct instant now, struct err *err)
{
	return db_exec(tx, &q_origin_wait, DB_ARGS(db_time("now", now), db_str("from", from), db_i64("id", id.v)), NULL, err);
}

enum rc intake_origin_due(struct db_tx *tx, struct arena *out, struct instant now, int share, int n_shares, size_t max, struct intake **ret,
			  size_t *ret_n, struct err *err)
{
	return rows(tx, &q_origin_due,
		    DB_ARGS(db_time("now", now), db_i64("share", share), db_i64("shares", n_shares), db_i64("max", (int64_t)max)), out, ret,
		    ret_n, err);
}

enum rc intake_origin_known(struct db_tx *tx, struct intake_id id, enum intake_origin origin, struct str said, struct instant again,
			    struct err *err)
{
	int64_t changed = 0;
	enum rc rc = db_exec(tx, &q_origin_known,
			     DB_ARGS(db_i64("origin", origin), db_str("said", said), db_time("again", again), db_i64("id", id.v)), &changed, err);

	if (rc == RC_OK && changed && origin != ORIGIN_NO_ANSWER && origin != ORIGIN_ASKING)
		rc = db_exec(tx, &q_origin_refile, DB_ARGS(db_time("now", time_now()), db_i64("id", id.v)), NULL, err);
	return rc;
}

/* ---- ways in ---- */

#define CHANNEL "SELECT name, error, ok_at, failing_at, uidvalidity, last_uid, team FROM mail_channel"
DB_QUERY(q_channel, "mail_channel.find", CHANNEL " WHERE name = :name");
DB_QUERY(q_channels, "mail_channel.list", CHANNEL " ORDER BY name LIMIT 100");
DB_QUERY(q_channel_ok, "mail_channel.ok",
	 "INSERT INTO mail_channel (name, ok_at) VALUES (:name, :now)"
	 " ON CONFLICT (name) DO UPDATE SET ok_at = excluded.ok_at, failing_at = NULL, error = ''");
DB_QUERY(q_channel_failed, "mail_channel.failed",
	 "INSERT INTO mail_channel (name, failing_at, error) VALUES (:name, :now, :error)"
	 " ON CONFLICT (name) DO UPDATE SET failing_at = COALESCE(mail_channel.failing_at, excluded.failing_at), error = excluded.error");
DB_QUERY(q_channels_rest, "mail_channel.rest", "UPDATE mail_channel SET ok_at = NULL, failing_at = NULL, error = '', team = ''");
DB_QUERY(q_channel_team, "mail_channel.team",
	 "INSERT INTO mail_channel (name, team) VALUES (:name, :team) ON CONFLICT (name) DO UPDATE SET team = excluded.team");
DB_QUERY(q_channel_progress, "mail_channel.progress",
	 "INSERT INTO mail_channel (name, ok_at, uidvalidity, last_uid) VALUES (:name, :now, :uidvalidity, :last_uid)"
	 " ON CONFLICT (name) DO UPDATE SET uidvalidity = excluded.uidvalidity, last_uid = excluded.last_uid");

static enum rc channels(struct db_tx *tx, const struct db_query *q, struct db_args args, struct arena *out, struct mail_channel **ret,
			size_t *ret_n, struct err *err)
{
	VEC(struct mail_channel) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, args, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct mail_channel){ .name = db_col_str(&r, 0, out),
							   .error = db_col_str(&r, 1, out),
							   .ok_at = db_col_time(&r, 2),
							   .failing_at = db_col_time(&r, 3),
							   .uidvalidity = db_col_i64(&r, 4),
							   .last_uid = db_col_i64(&r, 5),
							   .team = db_col_str(&r, 6, out) };
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

enum rc mail_channel_find(struct db_tx *tx, struct arena *out, struct str name, struct mail_channel *ret, struct err *err)
{
	struct mail_channel *at;
	size_t n;
	enum rc rc = channels(tx, &q_channel, DB_ARGS(db_str("name", name)), out, &at, &n, err);

	*ret = rc == RC_OK && n ? at[0] : (struct mail_channel){ .name = name };
	return rc;
}

enum rc mail_channels(struct db_tx *tx, struct arena *out, struct mail_channel **ret, size_t *ret_n, struct err *err)
{
	return channels(tx, &q_channels, DB_NO_ARGS, out, ret, ret_n, err);
}

enum rc mail_channel_ok(struct db_tx *tx, struct str name, struct instant now, struct err *err)
{
	return db_exec(tx, &q_channel_ok, DB_ARGS(db_str("name", name), db_time("now", now)), NULL, err);
}

enum rc mail_channel_failed(struct db_tx *tx, struct str name, struct str error, struct instant now, struct err *err)
{
	return db_exec(tx, &q_channel_failed, DB_ARGS(db_str("name", name), db_str("error", error), db_time("now", now)), NULL, err);
}

enum rc mail_channel_progress(struct db_tx *tx, struct str name, int64_t uidvalidity, int64_t last_uid, struct instant now, struct err *err)
{
	return db_exec(tx, &q_channel_progress,
		       DB_ARGS(db_str("name", name), db_i64("uidvalidity", uidvalidity), db_i64("last_uid", last_uid), db_time("now", now)), NULL,
		       err);
}

enum rc mail_channels_rest(struct db_tx *tx, struct err *err)
{
	return db_exec(tx, &q_channels_rest, DB_NO_ARGS, NULL, err);
}

enum rc mail_channel_team(struct db_tx *tx, struct str name, struct str team, struct err *err)
{
	return db_exec(tx, &q_channel_team, DB_ARGS(db_str("name", name), db_str("team", team)), NULL, err);
}

bool mail_channel_alarms(const struct mail_channel *c, struct instant now)
{
	return time_is_set(c->failing_at) || (time_is_set(c->ok_at) && now.us - c->ok_at.us > MAIL_SILENT_US);
}

enum rc intake_oldest(struct db_tx *tx, struct instant *ret, struct err *err)
{
	enum rc rc = db_get_i64(tx, &q_oldest, DB_NO_ARGS, &ret->us, err);

	if (rc == RC_NOT_FOUND)
		*ret = (struct instant){ 0 };
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* ---- rules ---- */

enum rc mail_rules(struct db_tx *tx, struct arena *out, struct mail_rule **ret, size_t *ret_n, struct err *err)
{
	VEC(struct mail_rule) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_rules, DB_NO_ARGS, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct mail_rule){ db_col_i64(&r, 0), (enum mail_rule_field)db_col_i64(&r, 1), db_col_str(&r, 2, out),
							(int)db_col_i64(&r, 3), (int)db_col_i64(&r, 4), { db_col_i64(&r, 5) }, db_col_str(&r, 6, out) };
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

enum rc mail_rule_add(struct db_tx *tx, const struct mail_rule *m, struct err *err)
{
	int64_t changed = 0;

	if (m->contains.n == 0 || m->contains.n > 200)
		return fail_field(err, RC_INVALID, "contains", "Write the words to look for, at most 200 characters.");
	if (m->field < RULE_TO || m->field > RULE_TEXT)
		return fail_field(err, RC_INVALID, "field", "Choose where to look.");
	if (m->kind == 0 && !m->team.v)
		return fail_field(err, RC_INVALID, "kind", "Choose what the mail becomes, or a team.");
	if (m->kind == 1 ? m->criticality < 1 || m->criticality > 4 : (m->kind != 2 && m->kind != 0) || m->criticality)
		return fail_field(err, RC_INVALID, "criticality", "An incident has a criticality from 1 to 4, a request has none.");
	enum rc rc = db_exec(tx, &q_rule_add,
			     DB_ARGS(db_i64("field", m->field), db_str("contains", m->contains), db_i64("kind", m->kind), db_i64("criticality", m->criticality),
				     db_id("team", m->team.v)),
			     &changed, err);
	if (rc == RC_OK && changed == 0)
		return fail_field(err, RC_LIMIT, "contains", "There are a hundred rules already. Remove one first.");
	return rc;
}

enum rc mail_rules_leave(struct db_tx *tx, struct team_id from, struct team_id to, struct err *err)
{
	enum rc rc = to.v ? RC_OK : db_exec(tx, &q_rules_drop, DB_ARGS(db_i64("from", from.v)), NULL, err);

	return rc == RC_OK ? db_exec(tx, &q_rules_move, DB_ARGS(db_i64("from", from.v), db_id("to", to.v)), NULL, err) : rc;
}

enum rc mail_rule_drop(struct db_tx *tx, int64_t id, struct err *err)
{
	int64_t changed = 0;
	enum rc rc = db_exec(tx, &q_rule_drop, DB_ARGS(db_i64("id", id)), &changed, err);

	return rc == RC_OK && changed == 0 ? fail(err, RC_NOT_FOUND, "There is no such rule.") : rc;
}

enum rc intake_refuse(struct db_tx *tx, struct intake_id id, struct str reason, struct str by, struct instant now, struct err *err)
{
	return move(tx, &q_refuse, DB_ARGS(db_str("reason", reason), db_str("by", by), db_time("now", now), db_i64("id", id.v)), err);
}

enum rc intake_reconcile(struct db_tx *tx, enum intake_channel channel, struct intake_check *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_messages, DB_ARGS(db_i64("channel", channel)), &r, err);

	*ret = (struct intake_check){ 0 };
	if (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		ret->messages = db_col_i64(&r, 0);
		ret->doubled = db_col_i64(&r, 1);
	}
	return rc == RC_OK ? db_get_i64(tx, &q_lost, DB_ARGS(db_i64("channel", channel)), &ret->lost, err) : rc;
}

enum rc intake_count(struct db_tx *tx, enum intake_channel channel, struct intake_counts *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_count, DB_ARGS(db_i64("channel", channel)), &r, err);

	*ret = (struct intake_counts){ 0 };
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		int64_t state = db_col_i64(&r, 0);

		if (state >= INTAKE_RECEIVED && state <= INTAKE_DUPLICATE)
			ret->state[state] = db_col_i64(&r, 1);
		ret->accepted += db_col_i64(&r, 1);
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

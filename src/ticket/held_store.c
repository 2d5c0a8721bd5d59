/* ticket: replies that are not said yet. Taking one out deletes its row, and whoever deleted it says it: two jobs, or a
 * job and an agent's click, cannot both. */
#include "jobs/jobs.h"
#include "ticket/held.h"
#include "ticket/ticket_private.h"

#define COLS                                                                                                           \
	"h.id, h.number, h.ticket_id, h.agent_id, a.name, t.subject, h.text, h.waits, h.send_at, COALESCE(h.error, "   \
	"''),"                                                                                                         \
	" (SELECT COUNT(*) FROM held_file f WHERE f.held_id = h.id)"
#define FROM " FROM held h JOIN agent a ON a.id = h.agent_id JOIN ticket t ON t.id = h.ticket_id"

DB_QUERY(q_put, "held.put",
         "INSERT INTO held (ticket_id, number, agent_id, text, waits, send_at, created_at)"
         " VALUES (:ticket, :number, :agent, :text, :waits, :at, :now) ON CONFLICT (ticket_id, agent_id) DO NOTHING "
         "RETURNING id");
DB_QUERY(q_put_file, "held.put_file",
         "INSERT INTO held_file (held_id, place, sha256, name, type, cid, size) VALUES (:id, :place, :sha256, :name, "
         ":type, :cid, :size)");
DB_QUERY(q_on, "held.on", "SELECT " COLS FROM " WHERE h.ticket_id = :ticket ORDER BY h.send_at, h.id LIMIT 20");
DB_QUERY(q_any, "held.any", "SELECT 1 FROM held WHERE ticket_id = :ticket LIMIT 1");
DB_QUERY(q_of, "held.of", "SELECT " COLS FROM " WHERE h.agent_id = :agent ORDER BY h.send_at, h.id LIMIT 200");
DB_QUERY(q_find, "held.find", "SELECT " COLS FROM " WHERE h.id = :id");
DB_QUERY(q_files, "held.files",
         "SELECT sha256, name, type, cid, size FROM held_file WHERE held_id = :id ORDER BY place");
DB_QUERY(q_drop_files, "held.drop_files", "DELETE FROM held_file WHERE held_id = :id");
DB_QUERY(q_drop, "held.drop", "DELETE FROM held WHERE id = :id");
DB_QUERY(q_refused, "held.refused", "UPDATE held SET error = :why WHERE id = :id");

static enum rc gone(struct err *err)
{
	return fail(err, RC_NOT_FOUND, "This reply waits no more: it was sent, or taken back.");
}

static enum rc add_files(struct db_tx *tx, int64_t id, const struct message_new *m, struct err *err)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < m->n_attachments && rc == RC_OK; i++) {
		const struct new_attachment *f = &m->attachments[i];

		rc = db_exec(tx, &q_put_file,
		             DB_ARGS(db_i64("id", id), db_i64("place", (int64_t)i), db_str("sha256", f->sha256),
		                     db_str("name", f->name), db_str("type", f->type), db_str("cid", f->cid),
		                     db_i64("size", f->size)),
		             NULL, err);
	}
	return rc;
}

enum rc held_put(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                 const struct message_new *m, struct instant at, struct event_id seen, int64_t *ret, struct err *err)
{
	struct edit c = { .tx = tx, .out = out, .who = who, .now = now };
	enum rc rc = edit_begin(&c, number, BY_DESK, seen, err);

	if (rc == RC_OK && (who->kind != ACTOR_AGENT || m->internal))
		return fail(err, RC_DENIED, "Only agents' replies are held. Nothing was sent.");
	if (rc == RC_OK && c.t.state == STATE_CLOSED)
		return edit_is_closed(err);
	if (rc == RC_OK && str_trim(m->text).n == 0 && m->n_attachments == 0)
		return fail_field(err, RC_INVALID, "text", "Write something, or add a file. Nothing was sent.");
	if (rc == RC_OK && m->n_attachments > 20)
		return fail_field(err, RC_LIMIT, "files", "A message has at most 20 files here. Nothing was sent.");
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_put,
		                DB_ARGS(db_i64("ticket", c.t.id.v), db_i64("number", number),
		                        db_i64("agent", who->agent.v), db_str("text", m->text),
		                        db_i64("waits", m->then == STATE_WAITING), db_time("at", at),
		                        db_time("now", now)),
		                ret, err);
	if (rc == RC_NOT_FOUND)
		return fail_field(err, RC_INVALID, "text",
		                  "Another reply of yours waits on this ticket. Send it now or undo it first; this "
		                  "text is kept.");
	if (rc == RC_OK)
		rc = add_files(tx, *ret, m, err);
	if (rc == RC_OK)
		rc = job_add(tx,
		             &(struct job_new){ .kind = HELD_JOB,
		                                .args = arena_strf(out, "{\"held\":%lld}", (long long)*ret),
		                                .run_at = at },
		             err);
	return rc;
}

static enum rc list(struct db_tx *tx, const struct db_query *q, struct db_args args, struct arena *out,
                    struct held **ret, size_t *ret_n, struct err *err)
{
	VEC(struct held) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, args, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct held){ .id = db_col_i64(&r, 0),
			                           .number = db_col_i64(&r, 1),
			                           .ticket = { db_col_i64(&r, 2) },
			                           .agent = { db_col_i64(&r, 3) },
			                           .agent_name = db_col_str(&r, 4, out),
			                           .subject = db_col_str(&r, 5, out),
			                           .text = db_col_str(&r, 6, out),
			                           .waits = db_col_i64(&r, 7) != 0,
			                           .at = db_col_time(&r, 8),
			                           .error = db_col_str(&r, 9, out),
			                           .n_files = (size_t)db_col_i64(&r, 10) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc held_on(struct db_tx *tx, struct arena *out, struct ticket_id t, struct held **ret, size_t *ret_n,
                struct err *err)
{
	return list(tx, &q_on, DB_ARGS(db_i64("ticket", t.v)), out, ret, ret_n, err);
}

enum rc held_of(struct db_tx *tx, struct arena *out, struct agent_id agent, struct held **ret, size_t *ret_n,
                struct err *err)
{
	return list(tx, &q_of, DB_ARGS(db_i64("agent", agent.v)), out, ret, ret_n, err);
}

enum rc held_any(struct db_tx *tx, struct ticket_id t, bool *ret, struct err *err)
{
	int64_t one = 0;
	enum rc rc = db_get_i64(tx, &q_any, DB_ARGS(db_i64("ticket", t.v)), &one, err);

	*ret = rc == RC_OK;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc load_files(struct db_tx *tx, struct arena *out, struct held *h, struct err *err)
{
	VEC(struct new_attachment) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_files, DB_ARGS(db_i64("id", h->id)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct new_attachment){ .sha256 = db_col_str(&r, 0, out),
			                                     .name = db_col_str(&r, 1, out),
			                                     .type = db_col_str(&r, 2, out),
			                                     .cid = db_col_str(&r, 3, out),
			                                     .size = db_col_i64(&r, 4) };
	h->files = v.at;
	h->n_files = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc find(struct db_tx *tx, struct arena *out, int64_t id, struct held *ret, struct err *err)
{
	struct held *at;
	size_t n;
	enum rc rc = list(tx, &q_find, DB_ARGS(db_i64("id", id)), out, &at, &n, err);

	if (rc == RC_OK && n == 0)
		return gone(err);
	if (rc == RC_OK)
		*ret = at[0];
	return rc == RC_OK ? load_files(tx, out, ret, err) : rc;
}

static enum rc drop(struct db_tx *tx, int64_t id, struct err *err)
{
	int64_t n = 0;
	enum rc rc = db_exec(tx, &q_drop_files, DB_ARGS(db_i64("id", id)), NULL, err);

	if (rc == RC_OK)
		rc = db_exec(tx, &q_drop, DB_ARGS(db_i64("id", id)), &n, err);
	return rc == RC_OK && n != 1 ? gone(err) : rc;
}

enum rc held_take(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t id, struct held *ret,
                  struct err *err)
{
	enum rc rc = find(tx, out, id, ret, err);

	if (rc == RC_OK && (who->kind != ACTOR_AGENT || who->agent.v != ret->agent.v))
		return gone(err);
	return rc == RC_OK ? drop(tx, id, err) : rc;
}

/* Its agent as an actor, as long as he works here. */
static enum rc writer(struct db_tx *tx, struct arena *out, const struct held *h, struct actor *ret, struct err *err)
{
	struct agent a;
	enum rc rc = agent_find(tx, out, h->agent, &a, err);

	if (rc == RC_OK && time_is_set(a.disabled_at))
		return fail(err, RC_DENIED, "Who wrote it does not work here any more. It was not sent.");
	if (rc == RC_OK)
		*ret = actor_of_agent(&a);
	return rc;
}

enum rc held_send(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t id,
                  struct held *ret, struct message_id *ret_message, struct err *err)
{
	struct actor self;
	enum rc rc = find(tx, out, id, ret, err);

	if (rc == RC_OK && who->kind == ACTOR_SYSTEM && (time_before(now, ret->at) || ret->error.n))
		return gone(err);
	if (rc == RC_OK && who->kind != ACTOR_SYSTEM && (who->kind != ACTOR_AGENT || who->agent.v != ret->agent.v))
		return gone(err);
	if (rc == RC_OK)
		rc = drop(tx, id, err);
	if (rc == RC_OK)
		rc = writer(tx, out, ret, &self, err);
	if (rc != RC_OK)
		return rc;
	struct message_new m = { .text = ret->text,
		                 .attachments = ret->files,
		                 .n_attachments = ret->n_files,
		                 .channel = CHANNEL_FORM,
		                 .then = ret->waits ? STATE_WAITING : 0,
		                 .waiting_for = ret->waits ? WAITING_CUSTOMER : 0 };

	return ticket_say(tx, out, &self, now, ret->number, &m, (struct event_id){ 0 }, ret_message, err);
}

enum rc held_refused(struct db_tx *tx, int64_t id, struct str why, struct err *err)
{
	return db_exec(tx, &q_refused, DB_ARGS(db_str("why", why), db_i64("id", id)), NULL, err);
}

/* ticket: what was said, the files that came with it, and one ticket as one actor may see it. Internal notes, their
 * files and deliveries are left out in SQL when a customer asks: they are never loaded. */
#include "ticket/ticket_private.h"
#include "util/crypt.h"

#define VIEW_EVENTS 500

DB_QUERY(q_insert, "message.insert",
         "INSERT INTO message (ticket_id, internal, author_kind, contact_id, agent_id, author, email, channel, at, "
         "text, quoted,"
         " html, automatic, intake_id) VALUES (:ticket, :internal, :author_kind, :contact, :agent, :author, :email, "
         ":channel, :at,"
         " :text, :quoted, :html, :automatic, :intake) RETURNING id");
DB_QUERY(q_attach, "attachment.insert",
         "INSERT INTO attachment (token, ticket_id, message_id, draft_id, sha256, size, name, type, cid, at) VALUES"
         " (:token, :ticket, :message, :draft, :sha256, :size, :name, :type, :cid, :at) RETURNING id");
DB_QUERY(q_move, "attachment.move",
         "UPDATE attachment SET ticket_id = :ticket, message_id = :message, draft_id = NULL WHERE draft_id = :draft");
#define MESSAGE_COLS                                                                                                   \
	"SELECT m.id, m.internal, m.automatic, m.author_kind, m.contact_id, m.agent_id, m.author, m.email, m.channel," \
	" m.at, m.text, m.quoted, m.html, m.intake_id, COALESCE(i.auth, 1), COALESCE(i.same_id, 0),"                     \
	" i.invite, COALESCE(i.crypto, 0), COALESCE(i.cut, 0)"                                                                             \
	" FROM message m LEFT JOIN intake i ON i.id = m.intake_id"                                                     \
	" WHERE m.ticket_id = :ticket AND (CAST(:agent AS BIGINT) = 1 OR m.internal = 0)"
DB_QUERY(q_messages, "ticket.view_messages", MESSAGE_COLS " ORDER BY m.id DESC LIMIT :max");
DB_QUERY(q_messages_on, "ticket.messages_on", MESSAGE_COLS " AND m.id > :after ORDER BY m.id LIMIT :max");
#define FILE_COLS "a.id, a.message_id, a.ticket_id, a.draft_id, a.token, a.sha256, a.name, a.type, a.cid, a.size, a.at"
DB_QUERY(q_files, "ticket.view_attachments",
         "SELECT " FILE_COLS " FROM attachment a JOIN message m ON m.id = a.message_id WHERE a.ticket_id = :ticket"
         " AND a.message_id BETWEEN :first AND :last AND (CAST(:agent AS BIGINT) = 1 OR m.internal = 0) ORDER BY a.message_id, a.id");
DB_QUERY(q_deliveries, "ticket.view_deliveries",
         "SELECT message_ref, to_addr, state, error, COALESCE(sent_at, created_at) FROM outmail"
         " WHERE ticket_id = :ticket AND message_ref >= :first ORDER BY message_ref, id");
DB_QUERY(q_events, "ticket.view_events",
         "SELECT id, at, kind, account_id, actor_kind, actor_id, actor, public, message_id, data FROM event"
         " WHERE ticket_id = :ticket AND (CAST(:agent AS BIGINT) = 1 OR public = 1) ORDER BY id DESC LIMIT :max");
DB_QUERY(q_file, "attachment.find",
         "SELECT " FILE_COLS
         " FROM attachment a LEFT JOIN message m ON m.id = a.message_id LEFT JOIN ticket t ON t.id = m.ticket_id"
         " LEFT JOIN draft d ON d.id = a.draft_id WHERE a.token = :token AND"
         " ((m.id IS NOT NULL AND (CAST(:agent AS BIGINT) = 1 OR m.internal = 0) AND " REACH ")"
         " OR (a.message_id IS NULL AND d.owner_kind = :owner_kind AND d.owner_id = :owner))");

enum rc message_check(const struct new_message *m, struct err *err)
{
	enum rc rc = ticket_check_text(m->text, "text", TEXT_MAX, err);

	if (rc == RC_OK)
		rc = ticket_check_text(m->quoted, "quoted", HTML_MAX, err);
	if (rc == RC_OK)
		rc = ticket_check_text(m->html, "html", HTML_MAX, err);
	if (rc == RC_OK && m->n_attachments > FILES_MAX)
		rc = fail_field(err, RC_LIMIT, "attachments", "A message has at most %d files. Nothing was sent.",
		                FILES_MAX);
	return rc;
}

enum rc attachment_insert(struct db_tx *tx, struct arena *out, const struct new_attachment *n,
                          const struct attachment *at, struct attachment *ret, struct err *err)
{
	if (n->sha256.n != 64 || n->size < 0 || str_null(n->name) || str_null(n->type))
		return fail_field(err, RC_INVALID, "attachments", "An attachment is not complete. Add the file again.");
	*ret = *at;
	ret->token = random_token(out);
	ret->sha256 = n->sha256;
	ret->size = n->size;
	ret->name = n->name;
	ret->type = n->type;
	ret->cid = n->cid;
	return db_get_i64(tx, &q_attach,
	                  DB_ARGS(db_str("token", ret->token), db_id("ticket", at->ticket.v),
	                          db_id("message", at->message.v), db_id("draft", at->draft.v),
	                          db_str("sha256", n->sha256), db_i64("size", n->size), db_str("name", n->name),
	                          db_str("type", n->type), db_str("cid", n->cid), db_time("at", at->at)),
	                  &ret->id.v, err);
}

enum rc message_insert(struct db_tx *tx, const struct new_message *m, struct message_id *ret, int64_t *ret_files,
                       struct err *err)
{
	AUTO_ARENA scratch;
	enum rc rc;

	arena_init(&scratch);
	*ret_files = 0;
	rc = db_get_i64(tx, &q_insert,
	                DB_ARGS(db_i64("ticket", m->ticket.v), db_i64("internal", m->internal),
	                        db_i64("author_kind", m->author_kind), db_id("contact", m->contact.v),
	                        db_id("agent", m->agent.v), db_str("author", or_empty(m->author)),
	                        db_str("email", m->email), db_i64("channel", m->channel), db_time("at", m->at),
	                        db_str("text", or_empty(m->text)), db_str("quoted", m->quoted), db_str("html", m->html),
	                        db_i64("automatic", m->automatic), db_id("intake", m->intake.v)),
	                &ret->v, err);
	for (size_t i = 0; i < m->n_attachments && rc == RC_OK; i++) {
		struct attachment made;

		rc = attachment_insert(tx, &scratch, &m->attachments[i],
		                       &(struct attachment){ .ticket = m->ticket, .message = *ret, .at = m->at }, &made,
		                       err);
	}
	if (rc == RC_OK && m->draft.v)
		rc = db_exec(
		        tx, &q_move,
		        DB_ARGS(db_i64("ticket", m->ticket.v), db_i64("message", ret->v), db_i64("draft", m->draft.v)),
		        ret_files, err);
	*ret_files += (int64_t)m->n_attachments;
	return rc;
}

static struct attachment read_file(struct db_rows *r, struct arena *out)
{
	return (struct attachment){ .id = { db_col_i64(r, 0) },
		                    .message = { db_col_i64(r, 1) },
		                    .ticket = { db_col_i64(r, 2) },
		                    .draft = { db_col_i64(r, 3) },
		                    .token = db_col_str(r, 4, out),
		                    .sha256 = db_col_str(r, 5, out),
		                    .name = db_col_str(r, 6, out),
		                    .type = db_col_str(r, 7, out),
		                    .cid = db_col_str(r, 8, out),
		                    .size = db_col_i64(r, 9),
		                    .at = db_col_time(r, 10) };
}

enum rc attachment_find(struct db_tx *tx, struct arena *out, const struct actor *who, struct str token,
                        struct attachment *ret, struct err *err)
{
	struct reach r = reach_of(who);
	AUTO_ROWS rows = { 0 };
	enum rc rc = RC_NOT_FOUND;
	int64_t owner = who->kind == ACTOR_AGENT ? who->agent.v : who->kind == ACTOR_CONTACT ? who->contact.v : 0;

	if (token.n == 32)
		rc = db_select(tx, &q_file,
		               DB_ARGS(db_str("token", token), db_i64("agent", actor_is_agent(who)), REACH_ARGS(r),
		                       db_i64("owner_kind", who->kind), db_i64("owner", owner ? owner : -1)),
		               &rows, err);
	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, RC_NOT_FOUND, "There is no such file, or you have no access to it.");
	if (rc == RC_OK)
		*ret = read_file(&rows, out);
	return rc;
}

/* ---- one ticket ---- */

static struct message message_row(struct db_rows *r, struct arena *out, bool agent)
{
	return (struct message){ .id = { db_col_i64(r, 0) },
		                 .internal = db_col_i64(r, 1) != 0,
		                 .automatic = db_col_i64(r, 2) != 0,
		                 .author_kind = (enum actor_kind)db_col_i64(r, 3),
		                 .contact = { db_col_i64(r, 4) },
		                 .agent = { db_col_i64(r, 5) },
		                 .author = db_col_str(r, 6, out),
		                 .email = agent ? db_col_str(r, 7, out) : STR_NULL,
		                 .channel = (enum channel)db_col_i64(r, 8),
		                 .at = db_col_time(r, 9),
		                 .text = db_col_str(r, 10, out),
		                 .quoted = db_col_str(r, 11, out),
		                 .html = db_col_str(r, 12, out),
		                 .intake = { agent ? db_col_i64(r, 13) : 0 },
		                 .unverified = agent && db_col_i64(r, 14) != 1,
		                 .same_id = agent && db_col_i64(r, 15) != 0,
		                 .invite = agent ? db_col_str(r, 16, out) : STR_NULL,
		                 .crypto = agent ? (int)db_col_i64(r, 17) : 0,
		                 .cut = agent && db_col_i64(r, 18) != 0 };
}

static enum rc load_messages(struct db_tx *tx, struct arena *out, bool agent, struct ticket_view *v, struct err *err)
{
	VEC(struct message) m = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(
	        tx, &q_messages,
	        DB_ARGS(db_i64("ticket", v->t.id.v), db_i64("agent", agent), db_i64("max", TICKET_VIEW_MESSAGES + 1)),
	        &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		if (m.n == TICKET_VIEW_MESSAGES) {
			v->has_older = true;
			break;
		}
		*VEC_ADD(out, &m) = message_row(&r, out, agent);
	}
	for (size_t i = 0; i < m.n / 2; i++) {
		struct message x = m.at[i];

		m.at[i] = m.at[m.n - 1 - i];
		m.at[m.n - 1 - i] = x;
	}
	v->messages = m.at;
	v->n_messages = m.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc load_files(struct db_tx *tx, struct arena *out, bool agent, struct ticket_view *v, struct err *err)
{
	VEC(struct attachment) f = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(
	        tx, &q_files,
	        DB_ARGS(db_i64("ticket", v->t.id.v), db_i64("first", v->messages[0].id.v),
	                db_i64("last", v->messages[v->n_messages - 1].id.v), db_i64("agent", agent)),
	        &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &f) = read_file(&r, out);
	/* Both are in the order of message ids. */
	for (size_t i = 0, k = 0; i < v->n_messages; i++) {
		struct message *m = &v->messages[i];

		while (k < f.n && f.at[k].message.v < m->id.v)
			k++;
		m->attachments = f.at ? f.at + k : NULL;
		while (k < f.n && f.at[k].message.v == m->id.v) {
			k++;
			m->n_attachments++;
		}
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc load_deliveries(struct db_tx *tx, struct arena *out, struct ticket_view *v, struct err *err)
{
	VEC(struct delivery) d = { 0 };
	AUTO_ROWS r = { 0 };
	size_t *at = arena_array(out, size_t, v->n_messages), i = 0;
	enum rc rc = db_select(tx, &q_deliveries,
	                       DB_ARGS(db_i64("ticket", v->t.id.v), db_i64("first", v->messages[0].id.v)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		int64_t message = db_col_i64(&r, 0);

		while (i < v->n_messages && v->messages[i].id.v < message)
			i++;
		if (i == v->n_messages || v->messages[i].id.v != message)
			continue;
		if (v->messages[i].n_deliveries++ == 0)
			at[i] = d.n;
		*VEC_ADD(out, &d) = (struct delivery){ .to = db_col_str(&r, 1, out),
			                               .state = (int)db_col_i64(&r, 2),
			                               .error = db_col_str(&r, 3, out),
			                               .at = db_col_time(&r, 4) };
	}
	for (i = 0; i < v->n_messages; i++) {
		if (v->messages[i].n_deliveries)
			v->messages[i].deliveries = d.at + at[i];
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc load_events(struct db_tx *tx, struct arena *out, bool agent, struct ticket_view *v, struct err *err)
{
	VEC(struct event) e = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_events,
	                       DB_ARGS(db_i64("ticket", v->t.id.v), db_i64("agent", agent), db_i64("max", VIEW_EVENTS)),
	                       &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &e) = (struct event){ .id = { db_col_i64(&r, 0) },
			                            .at = db_col_time(&r, 1),
			                            .kind = db_col_str(&r, 2, out),
			                            .ticket = v->t.id,
			                            .account = { db_col_i64(&r, 3) },
			                            .actor_kind = (enum actor_kind)db_col_i64(&r, 4),
			                            .actor_id = db_col_i64(&r, 5),
			                            .actor = db_col_str(&r, 6, out),
			                            .is_public = db_col_i64(&r, 7) != 0,
			                            .message = { db_col_i64(&r, 8) },
			                            .data = db_col_str(&r, 9, out) };
	/* A customer's version is the newest thing the customer sees: a hidden one must not show by its number (S-32).
	 */
	if (e.n && (!agent || e.at[0].id.v > v->t.last_event.v))
		v->t.last_event = e.at[0].id;
	for (size_t i = 0; i < e.n / 2; i++) {
		struct event x = e.at[i];

		e.at[i] = e.at[e.n - 1 - i];
		e.at[e.n - 1 - i] = x;
	}
	v->events = e.at;
	v->n_events = e.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc ticket_view(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t number,
                    struct ticket_view *ret, struct err *err)
{
	bool agent = actor_is_agent(who);

	*ret = (struct ticket_view){ 0 };
	enum rc rc = ticket_find(tx, out, who, number, &ret->t, err);

	if (rc == RC_OK)
		rc = load_messages(tx, out, agent, ret, err);
	if (rc == RC_OK && ret->n_messages)
		rc = load_files(tx, out, agent, ret, err);
	if (rc == RC_OK && ret->n_messages && agent)
		rc = load_deliveries(tx, out, ret, err);
	if (rc == RC_OK)
		rc = load_events(tx, out, agent, ret, err);
	return rc;
}

enum rc ticket_messages(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t number,
                        struct message_id after, size_t max, struct ticket_view *ret, struct err *err)
{
	bool agent = actor_is_agent(who);
	VEC(struct message) m = { 0 };
	AUTO_ROWS r = { 0 };

	*ret = (struct ticket_view){ 0 };
	enum rc rc = ticket_find(tx, out, who, number, &ret->t, err);

	if (rc == RC_OK)
		rc = db_select(tx, &q_messages_on,
		               DB_ARGS(db_i64("ticket", ret->t.id.v), db_i64("agent", agent),
		                       db_i64("after", after.v), db_i64("max", (int64_t)max + 1)),
		               &r, err);
	else
		return rc;
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		if (m.n == max) {
			ret->has_newer = true;
			break;
		}
		*VEC_ADD(out, &m) = message_row(&r, out, agent);
	}
	db_rows_end(&r);
	ret->messages = m.at;
	ret->n_messages = m.n;
	if (rc == RC_NOT_FOUND)
		rc = RC_OK;
	return rc == RC_OK && m.n ? load_files(tx, out, agent, ret, err) : rc;
}

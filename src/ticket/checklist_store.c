/* ticket: checklists of requests, and the types that bring them. */
#include "ticket/checklist.h"
#include "ticket/ticket_private.h"

#define LINE_MAX  300
#define TYPES_MAX 200
#define BEGIN(c)  struct edit c = { .tx = tx, .out = out, .who = who, .now = now }

DB_QUERY(q_types, "checklist.types",
         "SELECT id, name, items, CASE WHEN archived_at IS NULL THEN 0 ELSE 1 END FROM request_type"
         " WHERE CAST(:all AS BIGINT) = 1 OR archived_at IS NULL ORDER BY name LIMIT :max");
DB_QUERY(q_add_type, "checklist.add-type",
         "INSERT INTO request_type (name, items, archived_at) VALUES (:name, :items, :archived) RETURNING id");
DB_QUERY(q_put_type, "checklist.put-type",
         "UPDATE request_type SET name = :name, items = :items, archived_at = :archived WHERE id = :id");
DB_QUERY(q_items, "checklist.items",
         "SELECT id, text, done_by, done_at FROM checklist_item WHERE ticket_id = :ticket ORDER BY id LIMIT :max");
DB_QUERY(q_item, "checklist.item", "SELECT text FROM checklist_item WHERE id = :id AND ticket_id = :ticket");
DB_QUERY(q_add, "checklist.add",
         "INSERT INTO checklist_item (ticket_id, text) SELECT :ticket, :text WHERE (SELECT COUNT(*) FROM checklist_item"
         " WHERE ticket_id = :ticket) < :max AND NOT EXISTS (SELECT 1 FROM checklist_item WHERE ticket_id = :ticket"
         " AND text = :text)");
DB_QUERY(q_tick, "checklist.tick",
         "UPDATE checklist_item SET done_by = :by, done_at = :at WHERE id = :id AND ticket_id = :ticket"
         " AND (done_at IS NULL) = (CAST(:done AS BIGINT) = 1)");
DB_QUERY(q_drop, "checklist.drop", "DELETE FROM checklist_item WHERE id = :id AND ticket_id = :ticket");

enum rc request_type_list(struct db_tx *tx, struct arena *out, bool all, struct request_type **ret, size_t *ret_n,
                          struct err *err)
{
	VEC(struct request_type) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_types, DB_ARGS(db_i64("all", all), db_i64("max", TYPES_MAX)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct request_type){ db_col_i64(&r, 0), db_col_str(&r, 1, out),
			                                   db_col_str(&r, 2, out), db_col_i64(&r, 3) != 0 };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* The next line that says something. */
static bool line(struct str *rest, struct str *ret)
{
	while (rest->n) {
		if (!str_cut(rest, '\n', ret)) {
			*ret = *rest;
			*rest = STR("");
		}
		*ret = str_trim(*ret);
		if (ret->n)
			return true;
	}
	return false;
}

static enum rc check_items(struct str items, struct err *err)
{
	struct str one;
	size_t n = 0;

	while (line(&items, &one)) {
		if (one.n > LINE_MAX)
			return fail_field(err, RC_INVALID, "items", "A line of a checklist has at most %d bytes.", LINE_MAX);
		if (++n > CHECKLIST_MAX)
			return fail_field(err, RC_INVALID, "items", "A checklist has at most %d lines.", CHECKLIST_MAX);
	}
	return RC_OK;
}

enum rc request_type_save(struct db_tx *tx, const struct actor *who, struct instant now, const struct request_type *t,
                          int64_t *ret, struct err *err)
{
	struct db_arg args[] = { db_i64("id", t->id), db_str("name", str_trim(t->name)), db_str("items", or_empty(t->items)),
		                 t->archived ? db_i64("archived", now.us) : db_id("archived", 0) };
	int64_t n = 0;

	if (!actor_is_admin(who) || who->token_scope == SCOPE_READ)
		return fail(err, RC_DENIED, "Only an administrator changes types of requests. Nothing was changed.");
	if (str_trim(t->name).n == 0)
		return fail_field(err, RC_INVALID, "name", "Give the type a name.");
	enum rc rc = ticket_check_line(t->name, "name", SUBJECT_MAX, err);

	if (rc == RC_OK)
		rc = ticket_check_text(t->items, "items", CHECKLIST_MAX * (LINE_MAX + 1), err);
	if (rc == RC_OK)
		rc = check_items(t->items, err);
	if (rc != RC_OK)
		return rc;
	if (t->id)
		rc = db_exec(tx, &q_put_type, (struct db_args){ args, COUNT(args) }, &n, err);
	else
		rc = db_get_i64(tx, &q_add_type, (struct db_args){ args + 1, COUNT(args) - 1 }, ret, err);
	if (rc == RC_CONFLICT)
		return fail_field(err, RC_CONFLICT, "name", "There is a type of this name already. Choose another name.");
	if (rc == RC_OK && t->id)
		*ret = t->id;
	return rc == RC_OK && t->id && n == 0 ? fail(err, RC_NOT_FOUND, "There is no such type of request.") : rc;
}

/* ---- on a ticket ---- */

enum rc checklist_of(struct db_tx *tx, struct arena *out, struct ticket_id t, struct checklist_item **ret, size_t *ret_n,
                     struct err *err)
{
	VEC(struct checklist_item) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_items, DB_ARGS(db_i64("ticket", t.v), db_i64("max", CHECKLIST_MAX)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct checklist_item){ db_col_i64(&r, 0), db_col_str(&r, 1, out),
			                                     db_col_str(&r, 2, out), db_col_time(&r, 3) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc begin(struct edit *c, int64_t number, struct err *err)
{
	enum rc rc = edit_begin(c, number, BY_DESK, (struct event_id){ 0 }, err);

	if (rc == RC_OK && c->t.kind != TICKET_REQUEST)
		rc = fail_code(err, RC_CONFLICT, "kind", "Checklists are for requests. Nothing was changed.");
	if (rc == RC_OK && c->t.state == STATE_CLOSED)
		rc = edit_is_closed(err);
	return rc;
}

static enum rc tell(struct edit *c, const char *what, struct str text, struct err *err)
{
	AUTO_DATA d = { 0 };

	edit_data_begin(&d);
	json_kstr(&d.json, "what", str_of(what));
	json_kstr(&d.json, "text", text);
	return edit_tell(c, EV_CHECKLIST, false, (struct message_id){ 0 }, &d, err);
}

static enum rc add(struct edit *c, struct str text, int64_t *n, struct err *err)
{
	return db_exec(c->tx, &q_add,
	               DB_ARGS(db_i64("ticket", c->t.id.v), db_str("text", text), db_i64("max", CHECKLIST_MAX)), n, err);
}

enum rc checklist_choose(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                         int64_t number, int64_t type, struct err *err)
{
	BEGIN(c);
	struct request_type *types = NULL;
	size_t n_types = 0, i;
	struct str rest, one;
	int64_t n;
	enum rc rc = begin(&c, number, err);

	if (rc == RC_OK)
		rc = request_type_list(tx, out, false, &types, &n_types, err);
	for (i = 0; i < n_types && types[i].id != type; i++)
		;
	if (rc == RC_OK && i == n_types)
		rc = fail_field(err, RC_INVALID, "type", "Choose a type of request.");
	if (rc != RC_OK)
		return rc;
	rest = types[i].items;
	while (rc == RC_OK && line(&rest, &one))
		rc = add(&c, one, &n, err);
	c.t.request_type = type;
	if (rc == RC_OK)
		rc = tell(&c, "type", types[i].name, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

enum rc checklist_add(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                      struct str text, struct err *err)
{
	BEGIN(c);
	int64_t n = 0;
	enum rc rc = begin(&c, number, err);

	text = str_trim(text);
	if (rc == RC_OK && text.n == 0)
		rc = fail_field(err, RC_INVALID, "text", "Write what is to be done.");
	if (rc == RC_OK)
		rc = ticket_check_line(text, "text", LINE_MAX, err);
	if (rc == RC_OK)
		rc = add(&c, text, &n, err);
	if (rc == RC_OK && n == 0)
		rc = fail_field(err, RC_INVALID, "text", "This line is there already, or there are %d. Nothing was added.",
		                CHECKLIST_MAX);
	if (rc == RC_OK)
		rc = tell(&c, "added", text, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

static enum rc find(struct edit *c, int64_t item, struct str *text, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(c->tx, &q_item, DB_ARGS(db_i64("id", item), db_i64("ticket", c->t.id.v)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK)
		*text = db_col_str(&r, 0, c->out);
	return rc == RC_NOT_FOUND ? fail(err, rc, "There is no such line on this ticket.") : rc;
}

enum rc checklist_tick(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                       int64_t item, bool done, struct err *err)
{
	BEGIN(c);
	struct str text;
	int64_t n = 0;
	enum rc rc = begin(&c, number, err);

	if (rc == RC_OK)
		rc = find(&c, item, &text, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_tick,
		             DB_ARGS(db_i64("id", item), db_i64("ticket", c.t.id.v), db_i64("done", done),
		                     db_str("by", done ? who->name : STR_NULL),
		                     done ? db_i64("at", now.us) : db_id("at", 0)),
		             &n, err);
	if (rc != RC_OK || n == 0)
		return rc;
	rc = tell(&c, done ? "done" : "undone", text, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

enum rc checklist_drop(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                       int64_t item, struct err *err)
{
	BEGIN(c);
	struct str text;
	enum rc rc = begin(&c, number, err);

	if (rc == RC_OK)
		rc = find(&c, item, &text, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_drop, DB_ARGS(db_i64("id", item), db_i64("ticket", c.t.id.v)), NULL, err);
	if (rc == RC_OK)
		rc = tell(&c, "dropped", text, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

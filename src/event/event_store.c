/* The log's tables.
 *
 * On PostgreSQL ids are given before the commit: a transaction may write event 5, and commit after another one wrote
 * event 6, so a cursor that is an id alone would pass 5 unseen. There the cursor is (transaction, id), and readers stop
 * before the oldest transaction that still runs: below it nothing can appear any more. */
#include "event/event.h"
#include "event/event_private.h"
#include <stdlib.h>

#define COLUMNS "id, at, kind, ticket_id, account_id, actor_kind, actor_id, actor, public, message_id, data"
#define AT_LITE "COALESCE((SELECT event_id FROM reader WHERE name = :name), 0)"
#define AT_PG                                                                                                          \
	"(COALESCE((SELECT tx FROM reader WHERE name = :name), CAST('0' AS xid8)),"                                    \
	" COALESCE((SELECT event_id FROM reader WHERE name = :name), 0))"
#define SETTLED " AND tx < pg_snapshot_xmin(pg_current_snapshot())"

DB_QUERY(q_append, "event.append",
         "INSERT INTO event (at, kind, ticket_id, account_id, actor_kind, actor_id, actor, public, message_id, data)"
         " VALUES (:at, :kind, :ticket, :account, :actor_kind, :actor_id, :actor, :public, :message, :data) RETURNING "
         "id");
DB_QUERY(q_list, "event.list",
         "SELECT " COLUMNS " FROM event"
         " WHERE ticket_id = :ticket AND id > :after AND public >= :public ORDER BY id LIMIT :max");
DB_QUERY2(q_after, "event.after", "SELECT " COLUMNS ", 0 FROM event WHERE id > :id ORDER BY id LIMIT :max",
          "SELECT " COLUMNS ", tx FROM event WHERE (tx, id) > (CAST(:tx AS xid8), CAST(:id AS BIGINT))" SETTLED
          " ORDER BY tx, id LIMIT :max");
DB_QUERY2(q_position, "reader.position", "SELECT event_id, 0 FROM reader WHERE name = :name",
          "SELECT event_id, tx FROM reader WHERE name = :name FOR UPDATE");
DB_QUERY(q_make, "reader.make", "INSERT INTO reader (name, event_id) VALUES (:name, 0) ON CONFLICT (name) DO NOTHING");
DB_QUERY2(q_move, "reader.move", "UPDATE reader SET event_id = :id WHERE name = :name",
          "UPDATE reader SET event_id = :id, tx = CAST(:tx AS xid8) WHERE name = :name");
/* On PostgreSQL an event with a smaller id may be committed after one with a larger id, so ids tell nothing there: the
 * snapshot does, it changes with every transaction that ends. */
DB_QUERY2(q_stamp, "event.stamp", "SELECT COALESCE(MAX(id), 0) FROM event",
	  "SELECT hashtextextended(CAST(pg_current_snapshot() AS TEXT), 0)");
DB_QUERY2(q_lag, "reader.lag", "SELECT COALESCE((SELECT MAX(id) FROM event), 0) - " AT_LITE,
          "SELECT COUNT(*) FROM (SELECT 1 FROM event WHERE (tx, id) > " AT_PG " LIMIT 1000000) AS behind");
DB_QUERY2(q_any, "reader.any", "SELECT id FROM event WHERE id > " AT_LITE " LIMIT 1",
          "SELECT id FROM event WHERE (tx, id) > " AT_PG SETTLED " LIMIT 1");

enum rc event_append(struct db_tx *tx, const struct event *e, struct event_id *ret, struct err *err)
{
	int64_t id = 0;
	enum rc rc = db_get_i64(tx, &q_append,
	                        DB_ARGS(db_i64("at", e->at.us), db_str("kind", e->kind), db_id("ticket", e->ticket.v),
	                                db_id("account", e->account.v), db_i64("actor_kind", e->actor_kind),
	                                db_id("actor_id", e->actor_id),
	                                db_str("actor", e->actor.p ? e->actor : STR("")),
	                                db_i64("public", e->is_public), db_id("message", e->message.v),
	                                db_str("data", e->data.p ? e->data : STR("{}"))),
	                        &id, err);

	if (rc == RC_OK && ret)
		ret->v = id;
	return rc;
}

static enum rc rows(struct db_tx *tx, const struct db_query *q, struct db_args args, struct arena *out,
                    struct event **ret, size_t *ret_n, struct cursor *to, struct err *err)
{
	VEC(struct event) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, args, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		*VEC_ADD(out, &v) = (struct event){
			.id = { db_col_i64(&r, 0) },
			.at = db_col_time(&r, 1),
			.kind = db_col_str(&r, 2, out),
			.ticket = { db_col_i64(&r, 3) },
			.account = { db_col_i64(&r, 4) },
			.actor_kind = (enum actor_kind)db_col_i64(&r, 5),
			.actor_id = db_col_i64(&r, 6),
			.actor = db_col_str(&r, 7, out),
			.is_public = db_col_i64(&r, 8) != 0,
			.message = { db_col_i64(&r, 9) },
			.data = db_col_str(&r, 10, out),
		};
		if (to)
			*to = (struct cursor){ .tx = db_col_i64(&r, 11), .id = db_col_i64(&r, 0) };
	}
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

enum rc event_list(struct db_tx *tx, struct arena *out, struct ticket_id ticket, bool public_only,
                   struct event_id after, size_t max, struct event **ret, size_t *ret_n, struct err *err)
{
	return rows(tx, &q_list,
	            DB_ARGS(db_i64("ticket", ticket.v), db_i64("after", after.v), db_i64("public", public_only),
	                    db_i64("max", (int64_t)max)),
	            out, ret, ret_n, NULL, err);
}

static int by_id(const void *x, const void *y)
{
	int64_t a = ((const struct event *)x)->id.v, b = ((const struct event *)y)->id.v;

	return (a > b) - (a < b);
}

enum rc event_after(struct db_tx *tx, struct arena *out, struct cursor after, size_t max, struct event **ret,
                    size_t *ret_n, struct cursor *to, struct err *err)
{
	enum rc rc = rows(tx, &q_after,
	                  DB_ARGS(db_i64("tx", after.tx), db_i64("id", after.id), db_i64("max", (int64_t)max)), out,
	                  ret, ret_n, to, err);

	/* Inside a batch in the order of the ids: that is the order of what happened to one ticket, whose row both
	 * transactions locked. */
	if (rc == RC_OK && *ret_n > 1)
		qsort(*ret, *ret_n, sizeof(**ret), by_id);
	return rc;
}

static enum rc position(struct db_tx *tx, const char *name, struct cursor *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_position, DB_ARGS(db_str("name", str_of(name))), &r, err);

	if (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*ret = (struct cursor){ .tx = db_col_i64(&r, 1), .id = db_col_i64(&r, 0) };
	return rc;
}

enum rc reader_position(struct db_tx *tx, const char *name, struct cursor *ret, struct err *err)
{
	enum rc rc = position(tx, name, ret, err);

	if (rc != RC_NOT_FOUND)
		return rc;
	/* Another desk may make it at the same moment: look again, now waiting for that one's lock. */
	if ((rc = db_exec(tx, &q_make, DB_ARGS(db_str("name", str_of(name))), NULL, err)) != RC_OK)
		return rc;
	return position(tx, name, ret, err);
}

enum rc reader_move(struct db_tx *tx, const char *name, struct cursor to, struct err *err)
{
	return db_exec(tx, &q_move, DB_ARGS(db_i64("id", to.id), db_i64("tx", to.tx), db_str("name", str_of(name))),
	               NULL, err);
}

enum rc reader_lag(struct db_tx *tx, const char *name, int64_t *ret, struct err *err)
{
	return db_get_i64(tx, &q_lag, DB_ARGS(db_str("name", str_of(name))), ret, err);
}

enum rc reader_any(struct db_tx *tx, const char *name, struct err *err)
{
	int64_t id;

	return db_get_i64(tx, &q_any, DB_ARGS(db_str("name", str_of(name))), &id, err);
}

enum rc event_stamp(struct db_tx *tx, int64_t *ret, struct err *err)
{
	return db_get_i64(tx, &q_stamp, DB_NO_ARGS, ret, err);
}

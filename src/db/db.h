/* db: the database behind one header, SQLite (embedded) or PostgreSQL (many machines).
 *
 * Reading: db_read() runs a function with a read-only snapshot, on the calling thread (SQLite: the thread's own reader
 * connection; PostgreSQL: one from the pool). The snapshot holds everything this process committed before; what another
 * process committed may be missing for 5 ms. Writing: db_write() runs a function inside a transaction and returns when
 * that transaction is durable. On SQLite the function runs on the one writer thread, inside a savepoint of a group
 * commit (up to 64 transactions share one fsync); on PostgreSQL on the calling thread with a pooled connection, and
 * again from the start after a serialisation failure or deadlock. So a write function only talks to the database and
 * its own argument, may run more than once, does no I/O and no slow work (hashing, mail), and never calls db_read() or
 * db_write(). It returns RC_OK to commit; anything else rolls its own savepoint back and is handed to the caller.
 * db_write() blocks: never call it on an HTTP event thread (http/ runs non-GET handlers on workers).
 *
 * Strings from rows live in `out` arenas given by the caller, unless said otherwise.
 *
 * Text, 64-bit integers and NULL are the only types: times are microseconds, booleans 0/1, hashes lower-case hex.
 * Parameters are named (:name) and bound, never formatted. Where PostgreSQL cannot infer a parameter's type write
 * CAST(:x AS BIGINT) or CAST(:x AS TEXT), which both engines know. */
#pragma once
#include "util/arena.h"
#include "util/ids.h"
#include "util/time.h"

struct db;    /* opaque: the whole database */
struct db_tx; /* opaque: a read snapshot or a write transaction */

/* A query is a named constant; the name shows in slow-query logs. DB_QUERY also files it in the section db_queries, so
 * that one test prepares every query of the program on both engines and none can be forgotten. */
struct db_query {
	const char *name;
	const char *sql;
	const char *sql_pg; /* only where the engines really differ, else NULL */
};
#define DB_QUERY(var, qname, text)         DB_QUERY2(var, qname, text, NULL)
#define DB_QUERY2(var, qname, text, pg)                                                                    \
	static const struct db_query var = { .name = qname, .sql = text, .sql_pg = pg };                   \
	static const struct db_query *const var##_filed FILED("db_queries") = &var

struct db_arg {
	const char *name;
	enum { DB_I64, DB_TEXT, DB_NULL } type;
	int64_t i;
	struct str s;
};
static inline struct db_arg db_i64(const char *name, int64_t v)
{
	return (struct db_arg){ .name = name, .type = DB_I64, .i = v };
}
static inline struct db_arg db_str(const char *name, struct str s) /* STR_NULL binds NULL */
{
	return (struct db_arg){ .name = name, .type = s.p ? DB_TEXT : DB_NULL, .s = s };
}
static inline struct db_arg db_id(const char *name, int64_t v) /* 0 binds NULL */
{
	return (struct db_arg){ .name = name, .type = v ? DB_I64 : DB_NULL, .i = v };
}
static inline struct db_arg db_time(const char *name, struct instant t) /* not set binds NULL */
{
	return db_id(name, t.us);
}
struct db_args {
	const struct db_arg *at;
	size_t n;
};
#define DB_ARGS(...) \
	((struct db_args){ (const struct db_arg[]){ __VA_ARGS__ }, sizeof((const struct db_arg[]){ __VA_ARGS__ }) / sizeof(struct db_arg) })
#define DB_NO_ARGS ((struct db_args){ NULL, 0 })

/* ---- opening ---- */
struct db_options {
	struct str url;       /* "sqlite:/path/desk.db" or "postgres://..." */
	int pool;             /* PostgreSQL connections, 0 = 8 */
	bool unsafe_no_sync;  /* negative control of the durability tests only */
};
MUST_USE enum rc db_open(const struct db_options *o, struct db **ret, struct err *err);
void db_close(struct db *db);
bool db_is_postgres(const struct db *db);
/* Brings the schema forward to the newest version (see migrate.h); refuses a schema newer than the program. */
MUST_USE enum rc db_migrate(struct db *db, struct err *err);

/* ---- transactions ---- */
typedef enum rc db_fn(struct db_tx *tx, void *arg, struct err *err);
MUST_USE enum rc db_read(struct db *db, db_fn *fn, void *arg, struct err *err);
MUST_USE enum rc db_write(struct db *db, db_fn *fn, void *arg, struct err *err);
/* db_write() for work that nobody waits for (readers of the log, filing of mail): on SQLite others go first, and while
 * some wait this kind gets an eighth of the writer's time. */
MUST_USE enum rc db_write_behind(struct db *db, db_fn *fn, void *arg, struct err *err);
bool db_tx_is_postgres(const struct db_tx *tx);

/* ---- statements ---- */
/* INSERT, UPDATE, DELETE; ret_changed may be NULL. A broken UNIQUE, CHECK or foreign key gives RC_CONFLICT and only this
 * statement is undone; a full disk RC_FULL; a lost server RC_RETRY. */
MUST_USE enum rc db_exec(struct db_tx *tx, const struct db_query *q, struct db_args args, int64_t *ret_changed, struct err *err);

/* Rows are walked with db_next(); the columns of the current row are read by position from 0. */
struct db_rows {
	struct db_tx *tx;
	void *impl;
	int row, n_rows; /* PostgreSQL */
	void *slot;      /* SQLite: where the statement is kept */
	const struct db_query *q;
};
MUST_USE enum rc db_select(struct db_tx *tx, const struct db_query *q, struct db_args args, struct db_rows *ret, struct err *err);
/* RC_OK: there is a row. RC_NOT_FOUND: the end. Anything else: it broke in the middle. */
MUST_USE enum rc db_next(struct db_rows *rows, struct err *err);
int64_t db_col_i64(struct db_rows *rows, int col);                          /* NULL gives 0 */
struct str db_col_str(struct db_rows *rows, int col, struct arena *out);    /* copies; NULL gives STR_NULL */
struct str db_col_peek(struct db_rows *rows, int col);                      /* borrows until db_next() */
bool db_col_null(struct db_rows *rows, int col);
static inline struct instant db_col_time(struct db_rows *rows, int col)
{
	return (struct instant){ db_col_i64(rows, col) };
}
void db_rows_end(struct db_rows *rows);
#define AUTO_ROWS CLEANUP(db_rows_end) struct db_rows

/* Select of exactly one row whose first column is an integer (RETURNING id, counts). RC_NOT_FOUND when there is none. */
MUST_USE enum rc db_get_i64(struct db_tx *tx, const struct db_query *q, struct db_args args, int64_t *ret, struct err *err);

/* ---- queries built of parts (lists and filters) ----
 * The text is put together from constants of the program only: never from input. `key` names the shape for the
 * statement cache and must differ for every different text. */
MUST_USE enum rc db_select_built(struct db_tx *tx, struct str key, struct str sql, struct db_args args, struct db_rows *ret, struct err *err);

/* ---- what was committed ---- */
/* A number that grows with every durable write by this process. Readers of the event log sleep in db_wait_commit()
 * until it passes `seen` or the time-out ends (another process may have written: look anyway). Returns the number. */
uint64_t db_commits(struct db *db);
uint64_t db_wait_commit(struct db *db, uint64_t seen, int timeout_ms);
void db_wake(struct db *db); /* wakes all of them, for shutdown */
/* Statements run so far by the calling thread: tests assert page budgets with it. */
uint64_t db_statements(void);

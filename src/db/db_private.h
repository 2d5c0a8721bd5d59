/* What the back ends of db share. Two of them, one table of functions each. */
#pragma once
#include "db/db.h"

struct db_vtable {
	enum rc (*read)(struct db *db, db_fn *fn, void *arg, struct err *err);
	enum rc (*write)(struct db *db, db_fn *fn, void *arg, bool behind, struct err *err);
	enum rc (*exec)(struct db_tx *tx, const struct db_query *q, struct db_args args, int64_t *ret_changed, struct err *err);
	enum rc (*select)(struct db_tx *tx, const struct db_query *q, struct str key, struct str sql, struct db_args args,
	                  struct db_rows *ret, struct err *err); /* q, or key and sql of a built one */
	enum rc (*next)(struct db_rows *rows, struct err *err);
	int64_t (*col_i64)(struct db_rows *rows, int col);
	struct str (*col_str)(struct db_rows *rows, int col); /* borrowed */
	void (*end)(struct db_rows *rows);
	enum rc (*script)(struct db_tx *tx, struct str sql, struct err *err); /* several statements, for migrations */
	enum rc (*prepare)(struct db_tx *tx, const struct db_query *q, struct err *err);
	void (*close)(struct db *db);
};

struct db_tx {
	const struct db_vtable *vt;
	struct db *db;
	bool write;
	void *conn; /* the back end's connection */
};

struct db_commit_clock; /* counts durable writes, wakes those who wait */
struct db_commit_clock *commit_clock_new(void);
void commit_clock_free(struct db_commit_clock *c);
void commit_clock_tick(struct db_commit_clock *c);

struct db {
	const struct db_vtable *vt;
	bool postgres;
	struct db_commit_clock *clock;
	void *impl;
};

enum rc sqlite_open(const struct db_options *o, struct db *db, struct err *err);
enum rc postgres_open(const struct db_options *o, struct db *db, struct err *err);

/* Counts a statement of this thread; logs slow ones by name. Call with the time before it ran. */
void db_note(const struct db_query *q, int64_t started_us);
/* ":name" at sql[i]? Then its length with the colon, else 0; skips nothing itself. */
size_t db_param_len(struct str sql, size_t i);
/* Moves *i past a quoted string, identifier, comment or '::' that starts there; false when none does. */
bool db_skip_quoted(struct str sql, size_t *i);
const struct db_arg *db_arg_find(struct db_args args, struct str name);
/* Runs several statements; migrations only. */
MUST_USE enum rc db_script(struct db_tx *tx, struct str sql, struct err *err);
/* For the test that prepares every filed query. */
MUST_USE enum rc db_prepare_only(struct db_tx *tx, const struct db_query *q, struct err *err);
extern const struct db_query *const __start_db_queries[], *const __stop_db_queries[];

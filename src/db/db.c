/* The front of db: dispatch to a back end, parameters, the commit clock. */
#include "db/db_private.h"
#include "util/log.h"
#include <pthread.h>
#include <time.h>

#define SLOW_US 100000

static _Thread_local uint64_t statements;

uint64_t db_statements(void)
{
	return statements;
}

void db_note(const struct db_query *q, int64_t started_us)
{
	int64_t took = time_monotonic_us() - started_us;

	statements++;
	if (took > SLOW_US)
		log_warn("db.slow", { "query", LOG_Z(q ? q->name : "built") }, { "us", LOG_I64(took) });
}

/* ---- parameters ---- */

static bool word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

size_t db_param_len(struct str sql, size_t i)
{
	size_t n = 1;

	if (sql.p[i] != ':')
		return 0;
	while (i + n < sql.n && word(sql.p[i + n]))
		n++;
	return n > 1 ? n : 0;
}

bool db_skip_quoted(struct str sql, size_t *i)
{
	char c = sql.p[*i], next = *i + 1 < sql.n ? sql.p[*i + 1] : 0;
	size_t k = *i;

	if (c == ':' && next == ':') {
		*i += 2;
		return true;
	}
	if (c == '-' && next == '-') {
		while (k < sql.n && sql.p[k] != '\n')
			k++;
		*i = k;
		return true;
	}
	if (c != '\'' && c != '"')
		return false;
	for (k++; k < sql.n && sql.p[k] != c; k++)
		;
	*i = k < sql.n ? k + 1 : k;
	return true;
}

const struct db_arg *db_arg_find(struct db_args args, struct str name)
{
	for (size_t i = 0; i < args.n; i++)
		if (str_is(name, args.at[i].name))
			return &args.at[i];
	return NULL;
}

/* ---- the commit clock ---- */

struct db_commit_clock {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	uint64_t count, wakes;
};

struct db_commit_clock *commit_clock_new(void)
{
	struct db_commit_clock *c = xcalloc(1, sizeof(*c));
	pthread_condattr_t attr;

	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->cond, &attr);
	pthread_condattr_destroy(&attr);
	return c;
}

void commit_clock_free(struct db_commit_clock *c)
{
	pthread_cond_destroy(&c->cond);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void commit_clock_tick(struct db_commit_clock *c)
{
	pthread_mutex_lock(&c->lock);
	c->count++;
	pthread_cond_broadcast(&c->cond);
	pthread_mutex_unlock(&c->lock);
}

uint64_t db_commits(struct db *db)
{
	pthread_mutex_lock(&db->clock->lock);
	uint64_t n = db->clock->count;
	pthread_mutex_unlock(&db->clock->lock);
	return n;
}

uint64_t db_wait_commit(struct db *db, uint64_t seen, int timeout_ms)
{
	struct db_commit_clock *c = db->clock;
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&c->lock);
	uint64_t wakes = c->wakes;
	while (c->count <= seen && c->wakes == wakes && pthread_cond_timedwait(&c->cond, &c->lock, &until) == 0)
		;
	uint64_t n = c->count;
	pthread_mutex_unlock(&c->lock);
	return n;
}

void db_wake(struct db *db)
{
	pthread_mutex_lock(&db->clock->lock);
	db->clock->wakes++;
	pthread_cond_broadcast(&db->clock->cond);
	pthread_mutex_unlock(&db->clock->lock);
}

/* ---- dispatch ---- */

enum rc db_open(const struct db_options *o, struct db **ret, struct err *err)
{
	struct db *db = xcalloc(1, sizeof(*db));
	enum rc rc;

	db->clock = commit_clock_new();
	if (str_starts(o->url, STR("sqlite:")))
		rc = sqlite_open(o, db, err);
	else if (str_starts(o->url, STR("postgres://")) || str_starts(o->url, STR("postgresql://")))
		rc = postgres_open(o, db, err);
	else
		rc = fail_field(err, RC_INVALID, "db", "the database is named sqlite:PATH or postgres://..., not \"" STR_F "\"",
				STR_A(str_sub(o->url, 0, 40)));
	if (rc != RC_OK) {
		commit_clock_free(db->clock);
		free(db);
		return rc;
	}
	*ret = db;
	return RC_OK;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	db->vt->close(db);
	commit_clock_free(db->clock);
	free(db);
}

bool db_is_postgres(const struct db *db)
{
	return db->postgres;
}

bool db_tx_is_postgres(const struct db_tx *tx)
{
	return tx->db->postgres;
}

enum rc db_read(struct db *db, db_fn *fn, void *arg, struct err *err)
{
	return db->vt->read(db, fn, arg, err);
}

enum rc db_write(struct db *db, db_fn *fn, void *arg, struct err *err)
{
	return db->vt->write(db, fn, arg, false, err);
}

enum rc db_write_behind(struct db *db, db_fn *fn, void *arg, struct err *err)
{
	return db->vt->write(db, fn, arg, true, err);
}

enum rc db_exec(struct db_tx *tx, const struct db_query *q, struct db_args args, int64_t *ret_changed, struct err *err)
{
	int64_t t = time_monotonic_us();
	enum rc rc = tx->vt->exec(tx, q, args, ret_changed, err);

	db_note(q, t);
	return rc;
}

enum rc db_select(struct db_tx *tx, const struct db_query *q, struct db_args args, struct db_rows *ret, struct err *err)
{
	int64_t t = time_monotonic_us();
	enum rc rc = tx->vt->select(tx, q, STR_NULL, STR_NULL, args, ret, err);

	db_note(q, t);
	return rc;
}

enum rc db_select_built(struct db_tx *tx, struct str key, struct str sql, struct db_args args, struct db_rows *ret, struct err *err)
{
	int64_t t = time_monotonic_us();
	enum rc rc = tx->vt->select(tx, NULL, key, sql, args, ret, err);

	db_note(NULL, t);
	return rc;
}

enum rc db_next(struct db_rows *rows, struct err *err)
{
	return rows->tx->vt->next(rows, err);
}

int64_t db_col_i64(struct db_rows *rows, int col)
{
	return rows->tx->vt->col_i64(rows, col);
}

struct str db_col_peek(struct db_rows *rows, int col)
{
	return rows->tx->vt->col_str(rows, col);
}

struct str db_col_str(struct db_rows *rows, int col, struct arena *out)
{
	struct str s = rows->tx->vt->col_str(rows, col);

	return s.p ? arena_str(out, s) : STR_NULL;
}

bool db_col_null(struct db_rows *rows, int col)
{
	return rows->tx->vt->col_str(rows, col).p == NULL;
}

void db_rows_end(struct db_rows *rows)
{
	if (rows->tx && rows->impl)
		rows->tx->vt->end(rows);
	rows->impl = NULL;
}

enum rc db_get_i64(struct db_tx *tx, const struct db_query *q, struct db_args args, int64_t *ret, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, q, args, &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_OK)
		*ret = db_col_i64(&rows, 0);
	return rc;
}

enum rc db_script(struct db_tx *tx, struct str sql, struct err *err)
{
	return tx->vt->script(tx, sql, err);
}

enum rc db_prepare_only(struct db_tx *tx, const struct db_query *q, struct err *err)
{
	return tx->vt->prepare(tx, q, err);
}

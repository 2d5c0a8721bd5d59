/* SQLite: WAL, synchronous=FULL, one writer thread with group commit, a pool of read-only connections, a thread that
 * checkpoints so that no customer waits for it. What runs in a transaction is the domain's. */
#include "db/db_private.h"
#include "util/log.h"
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdatomic.h>

#define BATCH         64
#define MAX_IDLE      16    /* readers kept open */
#define TAKE_MS       5     /* how long one waits for one of them */
#define CHECKPOINT_AT 1000  /* WAL pages: 4 MB */
#define WAL_CAP       16000 /* pages: beyond it the writer itself waits for a checkpoint */
#define CACHE_SLOTS   512   /* statements per connection, a power of two */
#define SNAPSHOT_US   5000  /* how long readers may share a snapshot; see lite_read() */
#define BUSY_SECONDS  10    /* how long one waits for another process, looking every BUSY_STEP_MS */
#define BUSY_STEP_MS  2
#define CAP_MS        200 /* how long the writer waits for readers when the WAL is at its cap, before it goes on */

struct cached {
	const void *query; /* struct db_query, or NULL and key */
	char *key;
	sqlite3_stmt *stmt;
	char **params; /* their names, copied: SQLite searches for each, and forgets them when the schema changes */
	int n_params;
	bool busy;
};

struct conn {
	sqlite3 *h;
	struct cached slot[CACHE_SLOTS];
	size_t n;
	bool snapshot;   /* a read transaction is open */
	int patience_ms; /* how long it waits for others */
	uint64_t commits;
	int64_t since_us;
	struct conn *next;
};

struct work {
	db_fn *fn;
	void *arg;
	struct err *err;
	enum rc rc;
	sem_t done;
	bool behind;
	struct work *next;
};

struct queue {
	struct work *head, **tail;
};

struct lite {
	struct db *db;
	char *path;
	bool no_sync;
	pthread_mutex_t lock; /* of queue and idle */
	pthread_cond_t cond;
	struct queue first, behind;
	int64_t behind_from_us; /* before that what waits behind gives way */
	bool stop;
	struct conn *idle;
	int n_idle, n_taken, n_waiting; /* readers */
	pthread_cond_t given;
	bool draining; /* connections come back without their snapshots */
	pthread_t writer, checkpointer;
	struct conn *w;
	sem_t checkpoint;
	atomic_int wal_pages;
	atomic_bool stop_checkpoint;
};

static _Thread_local bool on_writer;

static enum rc lite_rc(struct conn *c, int code, const struct db_query *q, struct err *err)
{
	const char *name = q ? q->name : "a statement", *msg = c && c->h ? sqlite3_errmsg(c->h) : sqlite3_errstr(code);

	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
		return fail(err, RC_CONFLICT, "%s: %s", name, msg);
	case SQLITE_FULL:
		return fail(err, RC_FULL,
		            "The disk is full: nothing was changed. Free some space and try again; reading goes on.");
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail(err, RC_RETRY, "the database is busy: nothing was changed, try again");
	default:
		/* A failed fsync must not be tried again: the kernel may have dropped the pages, and the next one would
		 * succeed without them. The supervisor starts us anew from what is on disk. */
		if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
			die("the disk failed to keep what was written (%s): stopping rather than guess", msg);
		log_error("db.sqlite", { "query", LOG_Z(name) }, { "code", LOG_I64(code) }, { "text", LOG_Z(msg) });
		return fail(err, RC_FAULT, "%s: %s", name, msg);
	}
}

/* ---- connections ---- */

static enum rc pragma(struct conn *c, const char *sql, struct err *err)
{
	int code = sqlite3_exec(c->h, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? RC_OK : lite_rc(c, code, NULL, err);
}

static void conn_free(struct conn *c)
{
	for (size_t i = 0; i < CACHE_SLOTS; i++) {
		sqlite3_finalize(c->slot[i].stmt);
		free(c->slot[i].key);
		for (int k = 0; k < c->slot[i].n_params; k++)
			free(c->slot[i].params[k]);
		free(c->slot[i].params);
	}
	sqlite3_close(c->h);
	free(c);
}

/* Another process has the file: a desk at work, whose writer gives the lock back for a moment only between its commits.
 * SQLite's own handler looks every tenth of a second in the end and may miss each of these moments for as long as it
 * waits; looking every few milliseconds meets one soon. */
static int wait_for_lock(void *arg, int tries)
{
	static const struct timespec step = { .tv_nsec = BUSY_STEP_MS * 1000 * 1000 };
	const struct conn *c = arg;

	if (tries > c->patience_ms / BUSY_STEP_MS)
		return 0;
	nanosleep(&step, NULL);
	return 1;
}

static enum rc conn_open(struct lite *l, bool write, struct conn **ret, struct err *err)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->patience_ms = BUSY_SECONDS * 1000;
	int flags = SQLITE_OPEN_NOMUTEX | (write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE);
	int code = sqlite3_open_v2(l->path, &c->h, flags, NULL);
	enum rc rc = RC_OK;

	if (c->h)
		sqlite3_extended_result_codes(c->h, 1);
	if (code != SQLITE_OK)
		rc = fail(err, RC_FAULT, "cannot open the database %s: %s", l->path,
		          c->h ? sqlite3_errmsg(c->h) : sqlite3_errstr(code));
	/* Before any other statement: even the first PRAGMA may find the file locked. */
	if (rc == RC_OK)
		sqlite3_busy_handler(c->h, wait_for_lock, c);
	if (rc == RC_OK && write)
		rc = pragma(c,
		            "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0; "
		            "PRAGMA cache_size = -8192;"
		            "PRAGMA temp_store = MEMORY",
		            err);
	if (rc == RC_OK && write)
		rc = pragma(c, l->no_sync ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL", err);
	if (rc == RC_OK && !write) /* opened for writing so that the WAL's shared memory works, then locked */
		rc = pragma(c, "PRAGMA query_only = ON; PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY", err);
	if (rc != RC_OK) {
		conn_free(c);
		return rc;
	}
	*ret = c;
	return RC_OK;
}

/* ---- statements ---- */

static size_t hash(const void *query, struct str key)
{
	size_t h = 14695981039346656037u;

	if (query)
		return ((size_t)(uintptr_t)query >> 4) * 0x9e3779b97f4a7c15u >> 40;
	for (size_t i = 0; i < key.n; i++)
		h = (h ^ (unsigned char)key.p[i]) * 1099511628211u;
	return h;
}

static enum rc prepare(struct conn *c, const struct db_query *q, struct str sql, sqlite3_stmt **ret, struct err *err)
{
	int code = sqlite3_prepare_v3(c->h, sql.p, (int)sql.n, SQLITE_PREPARE_PERSISTENT, ret, NULL);

	return code == SQLITE_OK ? RC_OK : lite_rc(c, code, q, err);
}

/* A statement from the cache, or a fresh one when it is in use (the same query inside its own loop) or the cache is
 * full; *ret_slot is NULL for those, and they are finalised after use. */
static enum rc get(struct conn *c, const struct db_query *q, struct str key, struct str sql, sqlite3_stmt **ret,
                   struct cached **ret_slot, struct err *err)
{
	size_t at = hash(q, key) & (CACHE_SLOTS - 1);

	*ret_slot = NULL;
	if (q)
		sql = str_of(q->sql);
	for (size_t probe = 0; probe < 16; probe++) {
		struct cached *s = &c->slot[(at + probe) & (CACHE_SLOTS - 1)];

		if (s->stmt && (q ? s->query == q : s->key && str_is(key, s->key))) {
			if (s->busy)
				break;
			s->busy = true;
			*ret = s->stmt;
			*ret_slot = s;
			return RC_OK;
		}
		if (!s->stmt) {
			enum rc rc = prepare(c, q, sql, ret, err);

			if (rc != RC_OK)
				return rc;
			s->query = q;
			s->key = q ? NULL : strndup(key.p, key.n);
			s->stmt = *ret;
			s->busy = true;
			s->n_params = sqlite3_bind_parameter_count(s->stmt);
			s->params = s->n_params ? xcalloc((size_t)s->n_params, sizeof(*s->params)) : NULL;
			for (int i = 0; i < s->n_params; i++)
				s->params[i] = xstrdup(sqlite3_bind_parameter_name(s->stmt, i + 1) + 1);
			*ret_slot = s;
			return RC_OK;
		}
	}
	return prepare(c, q, sql, ret, err);
}

static void put(sqlite3_stmt *stmt, struct cached *slot)
{
	if (!slot) {
		sqlite3_finalize(stmt);
		return;
	}
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	slot->busy = false;
}

/* Arguments mostly stand in the order in which the statement first names them, so the next one is tried first. */
static void bind(sqlite3_stmt *stmt, const struct cached *slot, const char *name, struct db_args args)
{
	size_t guess = 0;

	for (int i = 1, n = slot ? slot->n_params : sqlite3_bind_parameter_count(stmt); i <= n; i++) {
		const char *param = slot ? slot->params[i - 1] : sqlite3_bind_parameter_name(stmt, i) + 1;
		const struct db_arg *a = NULL;

		if (guess < args.n && strcmp(param, args.at[guess].name) == 0)
			a = &args.at[guess];
		else
			a = db_arg_find(args, str_of(param));
		if (!a)
			die("query %s: parameter %s is not given", name, param);
		guess = (size_t)(a - args.at) + 1;
		if (a->type == DB_I64)
			sqlite3_bind_int64(stmt, i, a->i);
		else if (a->type == DB_TEXT)
			sqlite3_bind_text64(stmt, i, a->s.p, a->s.n, SQLITE_STATIC, SQLITE_UTF8);
		else
			sqlite3_bind_null(stmt, i);
	}
}

static enum rc lite_select(struct db_tx *tx, const struct db_query *q, struct str key, struct str sql,
                           struct db_args args, struct db_rows *ret, struct err *err)
{
	sqlite3_stmt *stmt;
	struct cached *slot;
	enum rc rc = get(tx->conn, q, key, sql, &stmt, &slot, err);

	if (rc != RC_OK)
		return rc;
	bind(stmt, slot, q ? q->name : "built", args);
	*ret = (struct db_rows){ .tx = tx, .impl = stmt, .slot = slot, .q = q };
	return RC_OK;
}

static enum rc lite_next(struct db_rows *rows, struct err *err)
{
	int code = sqlite3_step(rows->impl);

	if (code == SQLITE_ROW)
		return RC_OK;
	if (code == SQLITE_DONE)
		return RC_NOT_FOUND;
	return lite_rc(rows->tx->conn, code, rows->q, err);
}

static int64_t lite_i64(struct db_rows *rows, int col)
{
	return sqlite3_column_int64(rows->impl, col);
}

static struct str lite_str(struct db_rows *rows, int col)
{
	const char *p = (const char *)sqlite3_column_text(rows->impl, col);

	return p ? (struct str){ p, (size_t)sqlite3_column_bytes(rows->impl, col) } : STR_NULL;
}

static void lite_end(struct db_rows *rows)
{
	put(rows->impl, rows->slot);
}

static enum rc lite_exec(struct db_tx *tx, const struct db_query *q, struct db_args args, int64_t *ret_changed,
                         struct err *err)
{
	struct conn *c = tx->conn;
	sqlite3_stmt *stmt;
	struct cached *slot;
	enum rc rc = get(c, q, STR_NULL, STR_NULL, &stmt, &slot, err);
	int code;

	assert(tx->write);
	if (rc != RC_OK)
		return rc;
	bind(stmt, slot, q->name, args);
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
		;
	if (code != SQLITE_DONE)
		rc = lite_rc(c, code, q, err);
	else if (ret_changed)
		*ret_changed = sqlite3_changes64(c->h);
	put(stmt, slot);
	return rc;
}

static enum rc lite_script(struct db_tx *tx, struct str sql, struct err *err)
{
	struct conn *c = tx->conn;
	AUTO_ARENA a;

	arena_init(&a);
	return pragma(c, str_z(&a, sql), err);
}

static enum rc lite_prepare(struct db_tx *tx, const struct db_query *q, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	enum rc rc = prepare(tx->conn, q, str_of(q->sql), &stmt, err);

	sqlite3_finalize(stmt);
	return rc;
}

/* ---- reading ---- */

/* A reader that is of no more use. */
static void drop(struct lite *l, struct conn *c)
{
	pthread_mutex_lock(&l->lock);
	l->n_taken--;
	pthread_mutex_unlock(&l->lock);
	if (c)
		conn_free(c);
}

/* More readers at once than that only take each other's turns: waiting a moment for one that has its statements costs
 * less than opening one. Not longer: who reads while he reads must not wait for himself. */
static enum rc take(struct lite *l, struct conn **ret, struct err *err)
{
	pthread_mutex_lock(&l->lock);
	if (!l->idle && l->n_taken >= MAX_IDLE) {
		struct timespec until;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += TAKE_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		l->n_waiting++;
		while (!l->idle && pthread_cond_timedwait(&l->given, &l->lock, &until) == 0)
			;
		l->n_waiting--;
	}
	struct conn *c = l->idle;

	if (c) {
		l->idle = c->next;
		l->n_idle--;
	}
	l->n_taken++;
	pthread_mutex_unlock(&l->lock);
	if (c) {
		*ret = c;
		return RC_OK;
	}
	enum rc rc = conn_open(l, false, ret, err);

	if (rc != RC_OK)
		drop(l, NULL);
	return rc;
}

DB_QUERY(q_begin, "db.begin", "BEGIN");
DB_QUERY(q_end, "db.end", "COMMIT");
DB_QUERY(q_begin_write, "db.begin-write", "BEGIN IMMEDIATE");
DB_QUERY(q_savepoint, "db.savepoint", "SAVEPOINT work");
DB_QUERY(q_release, "db.release", "RELEASE work");
DB_QUERY(q_undo, "db.undo", "ROLLBACK TO work");

static enum rc plain(struct conn *c, const struct db_query *q, struct err *err)
{
	sqlite3_stmt *stmt;
	struct cached *slot;
	enum rc rc = get(c, q, STR_NULL, STR_NULL, &stmt, &slot, err);

	if (rc != RC_OK)
		return rc;
	int code = sqlite3_step(stmt);
	if (code != SQLITE_DONE)
		rc = lite_rc(c, code, q, err);
	put(stmt, slot);
	return rc;
}

/* False: the connection is of no more use. */
static bool end_snapshot(struct conn *c)
{
	bool good = !c->snapshot || plain(c, &q_end, NULL) == RC_OK;

	c->snapshot = false;
	return good;
}

static void give(struct lite *l, struct conn *c)
{
	pthread_mutex_lock(&l->lock);
	bool keep = l->n_idle < MAX_IDLE && (!l->draining || end_snapshot(c));
	if (keep) {
		c->next = l->idle;
		l->idle = c;
		l->n_idle++;
		if (l->n_waiting)
			pthread_cond_signal(&l->given);
	}
	l->n_taken--;
	pthread_mutex_unlock(&l->lock);
	if (!keep)
		conn_free(c);
}

/* Opening a snapshot costs four locks of the file, more than many a query. So a connection that comes back keeps its
 * snapshot, and the next one to read uses it if this process has committed nothing since. Another process (a command
 * of the operator) may have: after SNAPSHOT_US it is opened anew in any case. `commits` is read first: a commit that
 * comes between makes the snapshot look older than it is, never newer. */
static enum rc fresh_snapshot(struct lite *l, struct conn *c, struct err *err)
{
	uint64_t commits = db_commits(l->db);
	int64_t now = time_monotonic_us();

	if (c->snapshot && c->commits == commits && now - c->since_us < SNAPSHOT_US)
		return RC_OK;
	if (!end_snapshot(c))
		return fail(err, RC_FAULT, "the database cannot be read at the moment; try again");
	enum rc rc = plain(c, &q_begin, err);

	c->snapshot = rc == RC_OK;
	c->commits = commits;
	c->since_us = now;
	return rc;
}

static enum rc lite_read(struct db *db, db_fn *fn, void *arg, struct err *err)
{
	struct lite *l = db->impl;
	struct conn *c;

	assert(!on_writer && "a write function must not read through another connection");
	enum rc rc = take(l, &c, err);
	if (rc != RC_OK)
		return rc;
	rc = fresh_snapshot(l, c, err);
	if (rc != RC_OK) { /* it cannot change its snapshot */
		drop(l, c);
		return rc;
	}
	struct db_tx tx = { .vt = db->vt, .db = db, .conn = c };

	rc = fn(&tx, arg, err);
	if (rc == RC_FAULT || rc == RC_RETRY) {
		drop(l, c);
		return rc;
	}
	give(l, c);
	return rc;
}

/* Snapshots of connections that nobody uses would keep the WAL from beginning again at its start. While draining, those
 * in use end theirs when they come back. */
static void drain_snapshots(struct lite *l, bool draining)
{
	pthread_mutex_lock(&l->lock);
	l->draining = draining;
	for (struct conn **at = &l->idle, *c; (c = *at);) {
		if (end_snapshot(c)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		l->n_idle--;
		conn_free(c);
	}
	pthread_mutex_unlock(&l->lock);
}

/* ---- writing ---- */

static enum rc lite_write(struct db *db, db_fn *fn, void *arg, bool behind, struct err *err)
{
	struct lite *l = db->impl;
	struct work w = { .fn = fn, .arg = arg, .err = err, .behind = behind };
	struct queue *q = behind ? &l->behind : &l->first;

	assert(!on_writer && "a write function must not wait for another one");
	sem_init(&w.done, 0, 0);
	pthread_mutex_lock(&l->lock);
	if (l->stop) {
		pthread_mutex_unlock(&l->lock);
		sem_destroy(&w.done);
		return fail(err, RC_RETRY, "the desk is being stopped: nothing was changed, try again in a moment");
	}
	*q->tail = &w;
	q->tail = &w.next;
	pthread_cond_signal(&l->cond);
	pthread_mutex_unlock(&l->lock);
	while (sem_wait(&w.done) != 0)
		;
	sem_destroy(&w.done);
	return w.rc;
}

static struct work *next_work(struct lite *l, bool wait)
{
	pthread_mutex_lock(&l->lock);
	while (wait && !l->first.head && !l->behind.head && !l->stop)
		pthread_cond_wait(&l->cond, &l->lock);
	/* Only at the start of a group: those in one that was begun wait for its end. */
	bool behind = wait && l->behind.head && (!l->first.head || time_monotonic_us() >= l->behind_from_us);
	struct queue *q = behind ? &l->behind : &l->first;
	struct work *w = q->head;
	if (w) {
		q->head = w->next;
		if (!q->head)
			q->tail = &q->head;
		w->next = NULL;
	}
	pthread_mutex_unlock(&l->lock);
	return w;
}

/* One function in its savepoint. False: SQLite has rolled everything back (full disk, I/O error). */
static bool run_one(struct lite *l, struct db_tx *tx, struct work *w)
{
	struct conn *c = l->w;

	w->rc = plain(c, &q_savepoint, w->err);
	if (w->rc == RC_OK) {
		w->rc = w->fn(tx, w->arg, w->err);
		if (sqlite3_get_autocommit(c->h)) {
			if (w->rc == RC_OK)
				w->rc = fail(w->err, RC_FAULT, "the transaction was rolled back: nothing was changed");
			return false;
		}
		if (w->rc != RC_OK)
			(void)!plain(c, &q_undo, NULL);
		enum rc rc = plain(c, &q_release, NULL);
		if (w->rc == RC_OK && rc != RC_OK)
			w->rc = fail(w->err, rc, "the change could not be kept: nothing was changed, try again");
	}
	return true;
}

static void finish(struct work **batch, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sem_post(&batch[i]->done); /* its stack frame may be gone after this */
}

static void run_batch(struct lite *l, struct work *first)
{
	struct work *batch[BATCH];
	struct db_tx tx = { .vt = l->db->vt, .db = l->db, .write = true, .conn = l->w };
	struct err err = { 0 };
	size_t n = 0, good = 0;
	bool alive = true;
	enum rc rc = plain(l->w, &q_begin_write, &err);

	for (struct work *w = first; w; w = n < BATCH ? next_work(l, false) : NULL) {
		batch[n++] = w;
		if (rc != RC_OK || !alive) {
			w->rc = rc != RC_OK ? rc : RC_RETRY;
			if (w->err)
				*w->err = err;
			continue;
		}
		int64_t from = w->behind ? time_monotonic_us() : 0;

		alive = run_one(l, &tx, w);
		if (w->behind) { /* seven times as long for those who wait */
			int64_t now = time_monotonic_us();

			l->behind_from_us = now + 7 * (now - from);
		}
		good += w->rc == RC_OK;
		if (!alive)
			rc = fail(&err, w->rc, "%s", w->err ? w->err->text : "the transaction was rolled back");
	}
	if (rc == RC_OK && alive)
		rc = plain(l->w, &q_end, &err);
	if (rc != RC_OK && !sqlite3_get_autocommit(l->w->h))
		(void)!pragma(l->w, "ROLLBACK", NULL);
	if (rc != RC_OK)
		for (size_t i = 0; i < n; i++)
			if (batch[i]->rc == RC_OK) {
				batch[i]->rc = rc;
				if (batch[i]->err)
					*batch[i]->err = err;
			}
	if (rc == RC_OK && good)
		commit_clock_tick(l->db->clock);
	finish(batch, n);
}

static int on_wal(void *arg, sqlite3 *h, const char *name, int pages)
{
	struct lite *l = arg;

	atomic_store(&l->wal_pages, pages);
	return SQLITE_OK;
}

/* The checkpointer cannot keep up: the writer itself begins the WAL again at its start, so that it does not grow for
 * ever. Readers that come one after the other may keep it from that for long: it tries a moment, and again some pages
 * later. */
static void restart_wal(struct lite *l)
{
	drain_snapshots(l, true);
	l->w->patience_ms = CAP_MS;
	sqlite3_wal_checkpoint_v2(l->w->h, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
	l->w->patience_ms = BUSY_SECONDS * 1000;
	drain_snapshots(l, false);
}

static void *writer(void *arg)
{
	struct lite *l = arg;
	struct work *w;
	int cap = WAL_CAP;

	pthread_setname_np(pthread_self(), "writer");
	on_writer = true;
	while ((w = next_work(l, true))) {
		run_batch(l, w);
		int pages = atomic_load(&l->wal_pages), value;
		if (pages > CHECKPOINT_AT && sem_getvalue(&l->checkpoint, &value) == 0 && value == 0)
			sem_post(&l->checkpoint);
		if (pages > cap) {
			restart_wal(l);
			cap = pages + CHECKPOINT_AT;
		} else if (pages < WAL_CAP) {
			cap = WAL_CAP;
		}
	}
	return NULL;
}

static void *checkpointer(void *arg)
{
	struct lite *l = arg;
	struct conn *c;

	pthread_setname_np(pthread_self(), "checkpointer");
	if (conn_open(l, true, &c, NULL) != RC_OK)
		return NULL;
	for (;;) {
		while (sem_wait(&l->checkpoint) != 0)
			;
		if (atomic_load(&l->stop_checkpoint))
			break;
		drain_snapshots(l, false);
		sqlite3_wal_checkpoint_v2(c->h, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		poll(NULL, 0, 50); /* a checkpoint a batch would be too many */
	}
	conn_free(c);
	return NULL;
}

/* ---- opening and closing ---- */

static void lite_close(struct db *db)
{
	struct lite *l = db->impl;

	pthread_mutex_lock(&l->lock);
	l->stop = true;
	pthread_cond_broadcast(&l->cond);
	pthread_mutex_unlock(&l->lock);
	pthread_join(l->writer, NULL);
	atomic_store(&l->stop_checkpoint, true);
	sem_post(&l->checkpoint);
	pthread_join(l->checkpointer, NULL);
	for (struct conn *c = l->idle, *next; c; c = next) {
		next = c->next;
		conn_free(c);
	}
	conn_free(l->w);
	free(l->path);
	free(l);
}

static const struct db_vtable vtable = {
	.read = lite_read,
	.write = lite_write,
	.exec = lite_exec,
	.select = lite_select,
	.next = lite_next,
	.col_i64 = lite_i64,
	.col_str = lite_str,
	.end = lite_end,
	.script = lite_script,
	.prepare = lite_prepare,
	.close = lite_close,
};

static void configure(void)
{
	/* No counters of memory: they are one lock for all threads. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
	sqlite3_initialize();
}

enum rc sqlite_open(const struct db_options *o, struct db *db, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct lite *l = xcalloc(1, sizeof(*l));
	pthread_attr_t attr;
	pthread_condattr_t monotonic;

	pthread_once(&once, configure);
	l->db = db;
	l->path = strndup(o->url.p + 7, o->url.n - 7);
	l->no_sync = o->unsafe_no_sync;
	l->first.tail = &l->first.head;
	l->behind.tail = &l->behind.head;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->cond, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&l->given, &monotonic);
	pthread_condattr_destroy(&monotonic);
	sem_init(&l->checkpoint, 0, 0);
	enum rc rc = conn_open(l, true, &l->w, err);
	if (rc != RC_OK) {
		free(l->path);
		free(l);
		return rc;
	}
	sqlite3_wal_hook(l->w->h, on_wal, l);
	db->vt = &vtable;
	db->impl = l;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1 << 20);
	if (pthread_create(&l->writer, &attr, writer, l) != 0 ||
	    pthread_create(&l->checkpointer, &attr, checkpointer, l) != 0)
		die("cannot start the database's threads");
	pthread_attr_destroy(&attr);
	return RC_OK;
}

/* PostgreSQL through libpq: a pool of connections that stay in pipeline mode. A statement of a write transaction travels
 * with its savepoint, and the first of a transaction with its BEGIN, in one round trip: so that a broken constraint
 * undoes that statement alone, as on SQLite. Statements are prepared once a connection. */
#include "db/db_private.h"
#include "util/buf.h"
#include "util/crypt.h"
#include "util/log.h"
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>

#define POOL      16
#define MAX_ARGS  48
#define MAX_RERUN 5
#define SLOTS     1024

struct prepared {
	const struct db_query *q; /* or NULL and key */
	char *key;
	char name[24];
	size_t n_params;
	char *param[MAX_ARGS];
};

struct conn {
	PGconn *h;
	struct prepared *slot[SLOTS];
	unsigned named;
	bool begun, write, saved, broken;
	struct conn *next;
};

struct pool {
	char *url;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct conn *idle;
	int open, max;
	bool stop;
};

/* ---- errors ---- */

static enum rc lost(struct conn *c, struct err *err)
{
	c->broken = true;
	return fail(err, RC_RETRY, "the connection to the database was lost: nothing was changed, try again in a moment");
}

static enum rc pg_rc(struct conn *c, const PGresult *res, const struct db_query *q, struct err *err)
{
	const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL, *name = q ? q->name : "a statement";
	const char *msg = res ? PQresultErrorMessage(res) : PQerrorMessage(c->h);

	if (PQstatus(c->h) != CONNECTION_OK || !state)
		return lost(c, err);
	if (strncmp(state, "23", 2) == 0)
		return fail(err, RC_CONFLICT, "%s: %s", name, msg);
	if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0)
		return fail_code(err, RC_RETRY, "rerun", "%s: %s", name, msg);
	if (strcmp(state, "53100") == 0)
		return fail(err, RC_FULL, "The database's disk is full: nothing was changed. Free some space and try again; reading goes on.");
	if (strncmp(state, "53", 2) == 0 || strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0) {
		c->broken = true;
		return fail(err, RC_RETRY, "the database cannot take the change now, try again in a moment: %s", msg);
	}
	log_error("db.postgres", { "query", LOG_Z(name) }, { "state", LOG_Z(state) }, { "text", LOG_Z(msg) });
	return fail(err, RC_FAULT, "%s: %s", name, msg);
}

/* ---- connections ---- */

static void conn_free(struct conn *c)
{
	for (size_t i = 0; i < SLOTS; i++) {
		struct prepared *p = c->slot[i];

		for (size_t k = 0; p && k < p->n_params; k++)
			free(p->param[k]);
		if (p)
			free(p->key);
		free(p);
	}
	PQfinish(c->h);
	free(c);
}

static void quiet(void *arg, const PGresult *res)
{
}

static enum rc conn_open(struct pool *p, struct conn **ret, struct err *err)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->h = PQconnectdb(p->url);
	if (PQstatus(c->h) != CONNECTION_OK) {
		log_error("db.connect", { "text", LOG_Z(PQerrorMessage(c->h)) });
		conn_free(c);
		return fail(err, RC_RETRY, "the database cannot be reached: nothing was changed, try again in a moment");
	}
	PQsetNoticeReceiver(c->h, quiet, NULL);
	/* A search over a common word must see the real values: generic plans were measured a hundred times slower. */
	PQclear(PQexec(c->h, "SET plan_cache_mode = force_custom_plan; SET client_min_messages = warning; SET TIME ZONE 'UTC'"));
	if (PQenterPipelineMode(c->h) != 1) {
		conn_free(c);
		return fail(err, RC_FAULT, "the PostgreSQL library has no pipeline mode");
	}
	*ret = c;
	return RC_OK;
}

static enum rc take(struct pool *p, struct conn **ret, struct err *err)
{
	enum rc rc = RC_OK;

	pthread_mutex_lock(&p->lock);
	while (!p->idle && p->open >= p->max && !p->stop)
		pthread_cond_wait(&p->cond, &p->lock);
	*ret = p->idle;
	if (*ret)
		p->idle = (*ret)->next;
	else
		p->open++;
	pthread_mutex_unlock(&p->lock);
	if (*ret)
		return RC_OK;
	rc = conn_open(p, ret, err);
	if (rc != RC_OK) {
		pthread_mutex_lock(&p->lock);
		p->open--;
		pthread_cond_signal(&p->cond);
		pthread_mutex_unlock(&p->lock);
	}
	return rc;
}

static void give(struct pool *p, struct conn *c)
{
	bool dead = c->broken || PQstatus(c->h) != CONNECTION_OK;

	pthread_mutex_lock(&p->lock);
	if (dead) {
		p->open--;
	} else {
		c->next = p->idle;
		p->idle = c;
	}
	pthread_cond_signal(&p->cond);
	pthread_mutex_unlock(&p->lock);
	if (dead)
		conn_free(c);
}

/* ---- statements ---- */

/* :name becomes $n, the same name the same n. */
static void translate(struct prepared *p, struct str sql, struct buf *out)
{
	for (size_t i = 0; i < sql.n;) {
		size_t from = i, n;

		if (db_skip_quoted(sql, &i)) {
			buf_add(out, sql.p + from, i - from);
			continue;
		}
		if ((n = db_param_len(sql, i)) == 0) {
			buf_addc(out, sql.p[i++]);
			continue;
		}
		struct str name = str_sub(sql, i + 1, n - 1);
		size_t k = 0;
		while (k < p->n_params && !str_is(name, p->param[k]))
			k++;
		if (k == MAX_ARGS)
			die("a query has more than %d parameters", MAX_ARGS);
		if (k == p->n_params)
			p->param[p->n_params++] = strndup(name.p, name.n);
		buf_addf(out, "$%zu", k + 1);
		i += n;
	}
}

static struct prepared **slot_of(struct conn *c, const struct db_query *q, struct str key)
{
	size_t h = 14695981039346656037u;

	if (q)
		h = ((size_t)(uintptr_t)q >> 4) * 0x9e3779b97f4a7c15u >> 32;
	for (size_t i = 0; !q && i < key.n; i++)
		h = (h ^ (unsigned char)key.p[i]) * 1099511628211u;
	for (size_t i = 0; i < SLOTS; i++) {
		struct prepared **s = &c->slot[(h + i) & (SLOTS - 1)];

		if (!*s || (q ? (*s)->q == q : (*s)->key && str_is(key, (*s)->key)))
			return s;
	}
	die("too many different queries for one connection");
}

/* Queues the PREPARE when it is the first time. *fresh says that one more result will come. */
static struct prepared *prepared(struct conn *c, const struct db_query *q, struct str key, struct str sql, bool *fresh)
{
	struct prepared **s = slot_of(c, q, key), *p;

	*fresh = !*s;
	if (*s)
		return *s;
	AUTO_BUF text;
	buf_init(&text, 1 << 18);
	p = *s = xcalloc(1, sizeof(*p));
	p->q = q;
	p->key = q ? NULL : strndup(key.p, key.n);
	snprintf(p->name, sizeof(p->name), "s%u", ++c->named);
	translate(p, q ? str_of(q->sql_pg ? q->sql_pg : q->sql) : sql, &text);
	PQsendPrepare(c->h, p->name, text.p, 0, NULL);
	return p;
}

static void forget(struct conn *c, const struct db_query *q, struct str key)
{
	/* It failed to prepare: the slot stays taken, under a name that finds nothing, until the connection is renewed. */
	struct prepared **s = slot_of(c, q, key);

	if (*s)
		c->broken = true;
}

static void send_plain(struct conn *c, const char *sql)
{
	PQsendQueryParams(c->h, sql, 0, NULL, NULL, NULL, NULL, 0);
}

/* Results up to the sync, in order; keeps the last of `keep` ones and the first error. */
static enum rc results(struct conn *c, int before, const struct db_query *q, PGresult **ret, struct err *err)
{
	enum rc rc = RC_OK;
	int i = 0;

	*ret = NULL;
	for (;;) {
		PGresult *res = PQgetResult(c->h);

		if (!res) {
			if (PQstatus(c->h) != CONNECTION_OK) {
				PQclear(*ret);
				*ret = NULL;
				return lost(c, err);
			}
			continue; /* the gap between two commands */
		}
		ExecStatusType st = PQresultStatus(res);
		if (st == PGRES_PIPELINE_SYNC) {
			PQclear(res);
			return rc;
		}
		if (st == PGRES_FATAL_ERROR && rc == RC_OK)
			rc = pg_rc(c, res, q, err);
		if (i++ == before && rc == RC_OK)
			*ret = res;
		else
			PQclear(res);
	}
}

/* What must travel ahead of a statement; returns how many results that makes. */
static int ahead(struct conn *c, bool changes)
{
	int n = 0;

	if (!c->begun) {
		send_plain(c, c->write ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
		c->begun = true;
		n++;
	}
	if (changes) {
		if (c->saved) {
			send_plain(c, "RELEASE SAVEPOINT one");
			n++;
		}
		send_plain(c, "SAVEPOINT one");
		c->saved = true;
		n++;
	}
	return n;
}

static enum rc undo_one(struct conn *c, enum rc rc)
{
	PGresult *res;

	if (rc == RC_OK || c->broken || !c->saved)
		return rc;
	send_plain(c, "ROLLBACK TO SAVEPOINT one");
	PQpipelineSync(c->h);
	if (results(c, 0, NULL, &res, NULL) != RC_OK)
		c->broken = true;
	PQclear(res);
	return rc;
}

static bool changes_rows(struct str sql)
{
	sql = str_trim(sql);
	return !str_starts_nocase(sql, STR("SELECT")) || str_find_nocase(sql, STR("nextval")) != STR_NONE;
}

static enum rc run(struct db_tx *tx, const struct db_query *q, struct str key, struct str sql, struct db_args args, PGresult **ret,
		   struct err *err)
{
	struct conn *c = tx->conn;
	const char *value[MAX_ARGS];
	char number[MAX_ARGS][24];
	AUTO_ARENA a;
	bool fresh;

	arena_init(&a);
	*ret = NULL;
	if (c->broken)
		return lost(c, err);
	if (q)
		sql = str_of(q->sql_pg ? q->sql_pg : q->sql);
	bool changes = tx->write && changes_rows(sql);
	int before = ahead(c, changes);
	struct prepared *p = prepared(c, q, key, sql, &fresh);
	for (size_t i = 0; i < p->n_params; i++) {
		const struct db_arg *arg = db_arg_find(args, str_of(p->param[i]));

		if (!arg)
			die("query %s: parameter :%s is not given", q ? q->name : "built", p->param[i]);
		if (arg->type == DB_I64)
			snprintf(number[i], sizeof(number[i]), "%lld", (long long)arg->i);
		value[i] = arg->type == DB_I64 ? number[i] : arg->type == DB_TEXT ? str_z(&a, arg->s) : NULL;
	}
	PQsendQueryPrepared(c->h, p->name, (int)p->n_params, value, NULL, NULL, 0);
	PQpipelineSync(c->h);
	enum rc rc = results(c, before + fresh, q, ret, err);
	/* A broken constraint is found by running it: it was prepared. */
	if (rc != RC_OK && rc != RC_CONFLICT && fresh)
		forget(c, q, key);
	return changes ? undo_one(c, rc) : rc;
}

static enum rc pg_exec(struct db_tx *tx, const struct db_query *q, struct db_args args, int64_t *ret_changed, struct err *err)
{
	PGresult *res;
	enum rc rc;

	assert(tx->write);
	rc = run(tx, q, STR_NULL, STR_NULL, args, &res, err);
	if (rc == RC_OK && ret_changed) {
		int64_t n = 0;

		if (str_to_i64(str_of(PQcmdTuples(res)), &n) != RC_OK)
			n = 0;
		*ret_changed = n;
	}
	PQclear(res);
	return rc;
}

static enum rc pg_select(struct db_tx *tx, const struct db_query *q, struct str key, struct str sql, struct db_args args,
			 struct db_rows *ret, struct err *err)
{
	PGresult *res;
	enum rc rc = run(tx, q, key, sql, args, &res, err);

	if (rc != RC_OK) {
		PQclear(res);
		return rc;
	}
	*ret = (struct db_rows){ .tx = tx, .impl = res, .row = -1, .n_rows = PQntuples(res) };
	return RC_OK;
}

static enum rc pg_next(struct db_rows *rows, struct err *err)
{
	return ++rows->row < rows->n_rows ? RC_OK : RC_NOT_FOUND;
}

static struct str pg_str(struct db_rows *rows, int col)
{
	if (PQgetisnull(rows->impl, rows->row, col))
		return STR_NULL;
	return (struct str){ PQgetvalue(rows->impl, rows->row, col), (size_t)PQgetlength(rows->impl, rows->row, col) };
}

static int64_t pg_i64(struct db_rows *rows, int col)
{
	struct str s = pg_str(rows, col);
	int64_t v = 0;

	if (str_is(s, "t"))
		return 1;
	return str_to_i64(s, &v) == RC_OK ? v : 0;
}

static void pg_end(struct db_rows *rows)
{
	PQclear(rows->impl);
}

/* ---- transactions ---- */

static enum rc end(struct conn *c, bool commit, struct err *err)
{
	PGresult *res;
	enum rc rc;

	if (!c->begun || c->broken)
		return c->broken ? lost(c, err) : RC_OK;
	send_plain(c, commit ? "COMMIT" : "ROLLBACK");
	PQpipelineSync(c->h);
	rc = results(c, 0, NULL, &res, err);
	/* COMMIT of a failed transaction answers ROLLBACK without an error. */
	if (rc == RC_OK && commit && strcmp(PQcmdStatus(res), "COMMIT") != 0)
		rc = fail(err, RC_FAULT, "the transaction was rolled back: nothing was changed");
	PQclear(res);
	if (rc == RC_RETRY && commit && c->broken)
		rc = fail_code(err, RC_RETRY, "ambiguous", "the database did not confirm the change: look whether it is there before trying again");
	c->begun = false;
	return rc;
}

static enum rc transaction(struct db *db, bool write, db_fn *fn, void *arg, struct err *err)
{
	struct pool *p = db->impl;
	struct conn *c;
	enum rc rc = take(p, &c, err);

	if (rc != RC_OK)
		return rc;
	c->begun = c->saved = false;
	c->write = write;
	struct db_tx tx = { .vt = db->vt, .db = db, .write = write, .conn = c };
	rc = fn(&tx, arg, err);
	enum rc closed = end(c, rc == RC_OK && write, rc == RC_OK ? err : NULL);
	if (rc == RC_OK && write)
		rc = closed;
	if (closed != RC_OK)
		c->broken = true;
	give(p, c);
	return rc;
}

static enum rc pg_read(struct db *db, db_fn *fn, void *arg, struct err *err)
{
	return transaction(db, false, fn, arg, err);
}

static enum rc pg_write(struct db *db, db_fn *fn, void *arg, bool behind, struct err *err)
{
	struct err own = { 0 };
	enum rc rc = RC_RETRY;

	if (!err)
		err = &own;
	for (int i = 0; i < MAX_RERUN; i++) {
		err->code[0] = 0;
		rc = transaction(db, true, fn, arg, err);
		if (rc != RC_RETRY || strcmp(err->code, "rerun") != 0)
			break;
		poll(NULL, 0, (int)random_below(10u << i));
	}
	if (rc == RC_OK)
		commit_clock_tick(db->clock);
	return rc;
}

static enum rc pg_script(struct db_tx *tx, struct str sql, struct err *err)
{
	struct conn *c = tx->conn;
	AUTO_ARENA a;
	enum rc rc = RC_OK;

	arena_init(&a);
	if (!c->begun) {
		PGresult *res;

		ahead(c, false);
		PQpipelineSync(c->h);
		rc = results(c, 0, NULL, &res, err);
		PQclear(res);
	}
	if (rc != RC_OK)
		return rc;
	PQexitPipelineMode(c->h);
	PGresult *res = PQexec(c->h, str_z(&a, sql)); /* several statements need the simple protocol */
	if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK && PQresultStatus(res) != PGRES_EMPTY_QUERY)
		rc = pg_rc(c, res, NULL, err);
	PQclear(res);
	PQenterPipelineMode(c->h);
	return rc;
}

static enum rc pg_prepare(struct db_tx *tx, const struct db_query *q, struct err *err)
{
	struct conn *c = tx->conn;
	PGresult *res;
	bool fresh;
	int before = ahead(c, true);

	prepared(c, q, STR_NULL, STR_NULL, &fresh);
	PQpipelineSync(c->h);
	enum rc rc = results(c, before, q, &res, err);
	PQclear(res);
	return undo_one(c, rc);
}

static void pg_close(struct db *db)
{
	struct pool *p = db->impl;

	for (struct conn *c = p->idle, *next; c; c = next) {
		next = c->next;
		conn_free(c);
	}
	pthread_cond_destroy(&p->cond);
	pthread_mutex_destroy(&p->lock);
	free(p->url);
	free(p);
}

static const struct db_vtable vtable = {
	.read = pg_read, .write = pg_write, .exec = pg_exec, .select = pg_select, .next = pg_next, .col_i64 = pg_i64, .col_str = pg_str,
	.end = pg_end, .script = pg_script, .prepare = pg_prepare, .close = pg_close,
};

enum rc postgres_open(const struct db_options *o, struct db *db, struct err *err)
{
	struct pool *p = xcalloc(1, sizeof(*p));
	struct conn *c;

	p->url = strndup(o->url.p, o->url.n);
	p->max = o->pool ? o->pool : POOL;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->cond, NULL);
	db->vt = &vtable;
	db->postgres = true;
	db->impl = p;
	enum rc rc = take(p, &c, err); /* now, so that a wrong address shows at start */
	if (rc != RC_OK) {
		pg_close(db);
		return rc;
	}
	give(p, c);
	return RC_OK;
}

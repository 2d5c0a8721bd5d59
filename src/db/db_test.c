/* Both engines keep the same promises. */
#include "db/db_private.h"
#include "db/migrate.h"
#include "test/test.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

DB_QUERY(q_put, "test.put", "INSERT INTO setting (key, value) VALUES (:key, :value)");
DB_QUERY(q_value, "test.value", "SELECT value FROM setting WHERE key = :key");
DB_QUERY(q_all, "test.all", "SELECT key, value FROM setting WHERE key LIKE 'k%' ORDER BY key");
DB_QUERY(q_count, "test.count", "SELECT COUNT(*) FROM setting");
DB_QUERY(q_bump, "test.bump", "UPDATE counter SET value = value + 1 WHERE name = 'test' RETURNING value");
DB_QUERY(q_counter, "test.counter", "INSERT INTO counter (name, value) VALUES ('test', 0)");
DB_QUERY(q_typed, "test.typed", "SELECT CAST(:i AS BIGINT), CAST(:s AS TEXT), CAST(:n AS BIGINT), CAST(:s AS TEXT)");

struct kv {
	struct test *t;
	const char *key;
	struct str value;
};

static enum rc put(struct db_tx *tx, void *arg, struct err *err)
{
	struct kv *kv = arg;

	return db_exec(tx, &q_put, DB_ARGS(db_str("key", str_of(kv->key)), db_str("value", kv->value)), NULL, err);
}

static enum rc get(struct db_tx *tx, void *arg, struct err *err)
{
	struct kv *kv = arg;
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, &q_value, DB_ARGS(db_str("key", str_of(kv->key))), &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_OK)
		kv->value = db_col_str(&rows, 0, &kv->t->arena);
	return rc;
}

TEST_EACH_DB(db_round_trip)
{
	struct kv kv = { t, "greeting", STR("¿Qué tal? 😀 'quoted' \"and\" :colon \\") };

	EXPECT_RC(RC_OK, db_write(t->db, put, &kv, &t->err));
	kv.value = STR_NULL;
	EXPECT_RC(RC_OK, db_read(t->db, get, &kv, &t->err));
	EXPECT_STR("text comes back byte for byte", kv.value, "¿Qué tal? 😀 'quoted' \"and\" :colon \\");
	kv.key = "nobody";
	EXPECT_RC(RC_NOT_FOUND, db_read(t->db, get, &kv, &t->err));
}

static enum rc typed(struct db_tx *tx, void *arg, struct err *err)
{
	struct test *t = arg;
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, &q_typed, DB_ARGS(db_i64("i", INT64_MIN), db_str("s", STR("")), db_id("n", 0)), &rows, err);

	if (rc != RC_OK || (rc = db_next(&rows, err)) != RC_OK)
		return rc;
	EXPECT("the smallest integer comes back", db_col_i64(&rows, 0) == INT64_MIN);
	EXPECT("empty text is not NULL", !db_col_null(&rows, 1) && db_col_peek(&rows, 1).n == 0);
	EXPECT("an id of 0 is NULL", db_col_null(&rows, 2) && db_col_i64(&rows, 2) == 0);
	EXPECT("a name may stand twice", !db_col_null(&rows, 3));
	return RC_OK;
}

TEST_EACH_DB(db_types)
{
	EXPECT_RC(RC_OK, db_read(t->db, typed, t, &t->err));
}

static enum rc conflict_then_go_on(struct db_tx *tx, void *arg, struct err *err)
{
	struct test *t = arg;
	struct kv a = { t, "k1", STR("first") }, b = { t, "k2", STR("second") };

	if (put(tx, &a, err) != RC_OK)
		return RC_FAULT;
	EXPECT_RC(RC_CONFLICT, put(tx, &a, err));
	return put(tx, &b, err);
}

static enum rc count(struct db_tx *tx, void *arg, struct err *err)
{
	return db_get_i64(tx, &q_count, DB_NO_ARGS, arg, err);
}

TEST_EACH_DB(db_a_conflict_undoes_its_statement_alone)
{
	int64_t n = 0;

	EXPECT_RC(RC_OK, db_write(t->db, conflict_then_go_on, t, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, count, &n, &t->err));
	EXPECT_EQ("both other rows are there", n, 2);
}

static enum rc put_and_fail(struct db_tx *tx, void *arg, struct err *err)
{
	if (put(tx, arg, err) != RC_OK)
		return RC_FAULT;
	return fail(err, RC_DENIED, "changed my mind");
}

TEST_EACH_DB(db_a_failed_function_leaves_nothing)
{
	struct kv kv = { t, "k", STR("v") };
	uint64_t before = db_commits(t->db);
	int64_t n = 0;

	EXPECT_RC(RC_DENIED, db_write(t->db, put_and_fail, &kv, &t->err));
	EXPECT_STR("its sentence reaches the caller", str_of(t->err.text), "changed my mind");
	EXPECT_RC(RC_OK, db_read(t->db, count, &n, &t->err));
	EXPECT_EQ("no row was kept", n, 0);
	EXPECT_EQ("and nobody is woken", db_commits(t->db), before);
}

static enum rc bump(struct db_tx *tx, void *arg, struct err *err)
{
	int64_t v;

	return db_get_i64(tx, &q_bump, DB_NO_ARGS, &v, err);
}

static enum rc make_counter(struct db_tx *tx, void *arg, struct err *err)
{
	return db_exec(tx, &q_counter, DB_NO_ARGS, NULL, err);
}

static void *bump_often(void *arg)
{
	struct test *t = arg;

	for (int i = 0; i < 20; i++)
		if (db_write(t->db, bump, NULL, NULL) != RC_OK)
			return t;
	return NULL;
}

static enum rc read_counter(struct db_tx *tx, void *arg, struct err *err)
{
	static const struct db_query *const q = &q_bump; /* reading through a changing query must not be possible */

	return db_get_i64(tx, q, DB_NO_ARGS, arg, err);
}

TEST_EACH_DB(db_many_writers_lose_nothing)
{
	pthread_t thread[32];
	int64_t v = 0;

	EXPECT_RC(RC_OK, db_write(t->db, make_counter, NULL, &t->err));
	for (size_t i = 0; i < COUNT(thread); i++)
		pthread_create(&thread[i], NULL, bump_often, t);
	for (size_t i = 0; i < COUNT(thread); i++) {
		void *failed;

		pthread_join(thread[i], &failed);
		EXPECT("every write succeeded", failed == NULL);
	}
	EXPECT("a reader cannot write", db_read(t->db, read_counter, &v, &t->err) != RC_OK);
	EXPECT_RC(RC_OK, db_write(t->db, read_counter, &v, &t->err));
	EXPECT_EQ("each of them counted", v, 32 * 20 + 1);
}

static enum rc walk(struct db_tx *tx, void *arg, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	int64_t *n = arg;
	enum rc rc = db_select(tx, &q_all, DB_NO_ARGS, &rows, err);

	while (rc == RC_OK && (rc = db_next(&rows, err)) == RC_OK) {
		AUTO_ROWS inner = { 0 }; /* the same statement inside its own loop */

		if (db_select(tx, &q_all, DB_NO_ARGS, &inner, err) == RC_OK && db_next(&inner, err) == RC_OK)
			++*n;
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

TEST_EACH_DB(db_a_query_inside_itself)
{
	int64_t n = 0;

	EXPECT_RC(RC_OK, db_write(t->db, conflict_then_go_on, t, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, walk, &n, &t->err));
	EXPECT_EQ("each row of the outer loop saw an inner one", n, 2);
}

static enum rc prepare_all(struct db_tx *tx, void *arg, struct err *err)
{
	struct test *t = arg;
	int n = 0;

	for (const struct db_query *const *q = __start_db_queries; q < __stop_db_queries; q++, n++) {
		if (str_starts(str_of((*q)->name), STR("db.")))
			continue; /* BEGIN and its like */
		struct err e = { 0 };
		if (!EXPECT_EQ((*q)->name, db_prepare_only(tx, *q, &e), RC_OK))
			fprintf(stderr, "    %s\n", e.text);
	}
	EXPECT("the list of queries is there", n > 10);
	return RC_OK;
}

TEST_EACH_DB(every_query_prepares)
{
	EXPECT_RC(RC_OK, db_write(t->db, prepare_all, t, &t->err));
}

DB_QUERY(q_future, "test.future", "INSERT INTO schema_version (version, name, at) VALUES (9999, 'future', 1)");

static enum rc future(struct db_tx *tx, void *arg, struct err *err)
{
	return db_exec(tx, &q_future, DB_NO_ARGS, NULL, err);
}

TEST_EACH_DB(db_migrations_go_forward_only)
{
	EXPECT_RC(RC_OK, db_migrate(t->db, &t->err));
	EXPECT_RC(RC_OK, db_write(t->db, future, NULL, &t->err));
	EXPECT_RC(RC_INVALID, db_migrate(t->db, &t->err));
	EXPECT("it says that the database is newer", str_find(str_of(t->err.text), STR("newer Carrel")) != STR_NONE);
}

TEST(db_migration_text)
{
	static const char sql[] = "CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER) STRICT;\n-- @sqlite\nlite\n-- @postgres\npg\n-- @both\nend\n";

	EXPECT_STR("PostgreSQL's rewrites", migration_text(&t->arena, sql, true),
		   "CREATE TABLE a (id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, n BIGINT);\npg\nend\n");
	EXPECT_STR("SQLite's text is the source", migration_text(&t->arena, sql, false),
		   "CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER) STRICT;\nlite\nend\n");
}

/* In a process of its own, since the limit holds for all of it. 0: everything as it must be. */
static int full_disk_story(const char *dir)
{
	AUTO_ARENA a;
	struct err err = { 0 };
	struct db *db = NULL;
	struct test t = { 0 };
	char *big = calloc(1, 300001);
	int64_t before = 0, after = 0;
	struct rlimit small = { 2 << 20, RLIM_INFINITY }, large = { RLIM_INFINITY, RLIM_INFINITY };

	arena_init(&a);
	arena_init(&t.arena);
	memset(big, 'x', 300000);
	struct db_options o = { .url = arena_strf(&a, "sqlite:%s/full.db", dir) };
	if (db_open(&o, &db, &err) != RC_OK || db_migrate(db, &err) != RC_OK)
		return 2;
	/* The steps of the schema stand in the log already, and there are more of them each month. */
	struct stat st;
	if (stat(str_z(&a, arena_strf(&a, "%s/full.db-wal", dir)), &st) == 0)
		small.rlim_cur += (rlim_t)st.st_size;
	setrlimit(RLIMIT_FSIZE, &small);
	enum rc rc = RC_OK;
	for (int i = 0; i < 20 && rc == RC_OK; i++) {
		struct kv kv = { &t, str_z(&a, arena_strf(&a, "k%d", i)), { big, 300000 } };

		rc = db_write(db, put, &kv, &err);
		before += rc == RC_OK;
	}
	if (rc == RC_OK || before == 0)
		return 3;
	if (db_read(db, count, &after, &err) != RC_OK || after != before)
		return 4;
	setrlimit(RLIMIT_FSIZE, &large);
	struct kv kv = { &t, "again", STR("there is room") };
	if (db_write(db, put, &kv, &err) != RC_OK)
		return 5;
	if (db_read(db, count, &after, &err) != RC_OK || after != before + 1)
		return 6;
	db_close(db);
	free(big);
	arena_release(&t.arena);
	return 0;
}

TEST(db_full_disk_is_said_and_survived)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGXFSZ, SIG_IGN);
		_exit(full_disk_story(t->dir));
	}
	waitpid(pid, &status, 0);
	EXPECT_EQ("refused, readable, and writable again once there is room", WEXITSTATUS(status), 0);
}

/* ---- who goes first ---- */

struct crowd {
	struct db *db;
	bool behind;
	atomic_bool *stop;
	int64_t done;
};

static enum rc busy(struct db_tx *tx, void *arg, struct err *err)
{
	int64_t until = time_monotonic_us() + 500;

	while (time_monotonic_us() < until)
		;
	return RC_OK;
}

static void *keep_writing(void *arg)
{
	struct crowd *c = arg;

	while (!atomic_load(c->stop)) {
		(void)!(c->behind ? db_write_behind(c->db, busy, NULL, NULL) : db_write(c->db, busy, NULL, NULL));
		c->done++;
	}
	return NULL;
}

TEST(db_what_waits_behind_gives_way_but_goes_on)
{
	struct db_options o = { .url = arena_strf(&t->arena, "sqlite:%s/crowd.db", t->dir) };
	struct db *db = NULL;
	atomic_bool stop = false;
	struct crowd c[8];
	pthread_t th[8];
	int64_t first = 0, behind = 0;

	EXPECT_RC(RC_OK, db_open(&o, &db, &t->err));
	for (size_t i = 0; i < COUNT(c); i++) {
		c[i] = (struct crowd){ .db = db, .behind = i % 2, .stop = &stop };
		EXPECT("a writer starts", pthread_create(&th[i], NULL, keep_writing, &c[i]) == 0);
	}
	for (int64_t until = time_monotonic_us() + SECOND_US; time_monotonic_us() < until;)
		poll(NULL, 0, 10);
	atomic_store(&stop, true);
	for (size_t i = 0; i < COUNT(c); i++) {
		pthread_join(th[i], NULL);
		*(c[i].behind ? &behind : &first) += c[i].done;
	}
	EXPECT("who waits for an answer gets more than twice the writer's time", first > 2 * behind);
	EXPECT("the others get their share", behind > first / 10);
	db_close(db);
}

/* Readers that share a snapshot: what they may miss, and what they must not hold up. SQLite only. */
#include "db/db_private.h"
#include "db/migrate.h"
#include "test/test.h"
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

DB_QUERY(q_fill, "test.snapshot_fill",
         "INSERT INTO setting (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = :value");
DB_QUERY(q_length, "test.snapshot_length", "SELECT COALESCE(SUM(LENGTH(value)), 0) FROM setting WHERE key = :key");

struct fill {
	int64_t n;
	char *text;
};

static enum rc fill(struct db_tx *tx, void *arg, struct err *err)
{
	struct fill *f = arg;

	return db_exec(tx, &q_fill,
	               DB_ARGS(db_str("key", STR("k")), db_str("value", (struct str){ f->text, (size_t)f->n })), NULL,
	               err);
}

static enum rc length(struct db_tx *tx, void *arg, struct err *err)
{
	return db_get_i64(tx, &q_length, DB_ARGS(db_str("key", STR("k"))), arg, err);
}

static enum rc more_schema(struct db_tx *tx, void *arg, struct err *err)
{
	return db_script(tx, STR("CREATE TABLE of_another_step (x INTEGER)"), err);
}

static struct db *open_second(struct test *t)
{
	struct db_options o = { .url = arena_strf(&t->arena, "sqlite:%s/shared.db", t->dir) };
	struct db *db = NULL;

	EXPECT_RC(RC_OK, db_open(&o, &db, &t->err));
	return db;
}

TEST(db_readers_see_every_commit_of_their_process)
{
	struct db *db = open_second(t);
	char text[200];
	int64_t n = -1;

	memset(text, 'x', sizeof(text));
	EXPECT_RC(RC_OK, db_migrate(db, &t->err));
	for (int64_t i = 1; i < 200; i++) { /* far quicker than snapshots grow old */
		struct fill f = { i, text };

		EXPECT_RC(RC_OK, db_write(db, fill, &f, &t->err));
		EXPECT_RC(RC_OK, db_read(db, length, &n, &t->err));
		EXPECT_EQ("what was just committed is seen", n, i);
	}
	EXPECT_RC(RC_OK, db_write(db, more_schema, NULL, &t->err));
	EXPECT_RC(RC_OK, db_read(db, length, &n, &t->err));
	EXPECT_EQ("a statement lives through a change of the schema", n, 199);
	db_close(db);
}

TEST(db_readers_see_another_process_soon)
{
	struct db *a = open_second(t), *b = NULL;
	char text[] = "sevenxx";
	struct fill f = { 7, text };
	int64_t n = -1;

	EXPECT_RC(RC_OK, db_migrate(a, &t->err));
	EXPECT_RC(RC_OK, db_read(a, length, &n, &t->err)); /* has a snapshot from here */
	b = open_second(t);
	EXPECT_RC(RC_OK, db_write(b, fill, &f, &t->err));
	for (int i = 0; i < 1000 && n != 7; i++) {
		EXPECT_RC(RC_OK, db_read(a, length, &n, &t->err));
		poll(NULL, 0, 1);
	}
	EXPECT_EQ("the other one's commit arrives without one of our own", n, 7);
	db_close(b);
	db_close(a);
}

struct visitor {
	struct db *db;
	atomic_bool stop;
};

static enum rc slow_look(struct db_tx *tx, void *arg, struct err *err)
{
	int64_t n;
	enum rc rc = length(tx, &n, err);

	poll(NULL, 0, 2); /* so that many connections are in use at once */
	return rc;
}

/* Looks, and then does something else for longer than a checkpoint takes. */
static void *visit(void *arg)
{
	struct visitor *v = arg;

	while (!atomic_load(&v->stop)) {
		(void)!db_read(v->db, slow_look, NULL, NULL);
		poll(NULL, 0, 60);
	}
	return NULL;
}

TEST(db_idle_snapshots_do_not_hold_the_log)
{
	struct db *db = open_second(t);
	struct fill f = { 400000, NULL };
	const char *wal = str_z(&t->arena, arena_strf(&t->arena, "%s/shared.db-wal", t->dir));
	struct stat st = { 0 };
	struct visitor v = { .db = db };
	pthread_t visitors[8];
	int64_t n;

	f.text = arena_alloc(&t->arena, (size_t)f.n);
	memset(f.text, 'y', (size_t)f.n);
	EXPECT_RC(RC_OK, db_migrate(db, &t->err));
	EXPECT_RC(RC_OK, db_read(db, length, &n, &t->err)); /* stays in the pool with its snapshot */
	for (size_t i = 0; i < COUNT(visitors); i++)
		EXPECT("a reader starts", pthread_create(&visitors[i], NULL, visit, &v) == 0);
	/* 360 MB through a log that is to stay below 64: idle readers' snapshots would keep it from beginning again. */
	for (int i = 0; i < 900; i++) {
		memset(f.text, 'a' + i % 26, (size_t)f.n); /* pages that stay the same are not written */
		EXPECT_RC(RC_OK, db_write(db, fill, &f, &t->err));
	}
	atomic_store(&v.stop, true);
	for (size_t i = 0; i < COUNT(visitors); i++)
		pthread_join(visitors[i], NULL);
	EXPECT("the log was begun again", stat(wal, &st) == 0 && st.st_size < 100 << 20);
	db_close(db);
}

/* The runner: all tests, or those whose name or file holds argv[1], each database test on both engines. */
#include "test/test.h"
#include "db/db.h"
#include "util/crypt.h"
#include <dirent.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern const struct test_case *const __start_test_cases[], *const __stop_test_cases[];

struct tally {
	int passed, failed, skipped;
};

bool test_expect(struct test *t, const char *file, int line, const char *why, const char *what, bool ok)
{
	if (!ok) {
		fprintf(stderr, "%s:%d: %s\n    not so: %s\n", file, line, why, what);
		t->failed = true;
	}
	return ok;
}

bool test_expect_eq(struct test *t, const char *file, int line, const char *why, const char *what, int64_t got, int64_t want)
{
	if (got != want) {
		fprintf(stderr, "%s:%d: %s\n    %s is %lld, not %lld\n", file, line, why, what, (long long)got, (long long)want);
		t->failed = true;
	}
	return got == want;
}

bool test_expect_str(struct test *t, const char *file, int line, const char *why, const char *what, struct str got, struct str want)
{
	bool ok = str_eq(got, want) && str_null(got) == str_null(want);

	if (!ok) {
		fprintf(stderr, "%s:%d: %s\n    %s is \"" STR_F "\"\n    not \"" STR_F "\"\n", file, line, why, what, STR_A(got), STR_A(want));
		t->failed = true;
	}
	return ok;
}

bool test_expect_rc(struct test *t, const char *file, int line, const char *what, enum rc got, enum rc want)
{
	if (got != want) {
		fprintf(stderr, "%s:%d: %s\n    gave %s, not %s (%s)\n", file, line, what, rc_name(got), rc_name(want), t->err.text);
		t->failed = true;
	}
	return got == want;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

/* A fresh SQLite file, or a fresh schema in the PostgreSQL that ./test started. */
static enum rc open_db(struct test *t)
{
	static int schema;
	struct db_options o = { .pool = 8 };

	if (strcmp(t->engine, "sqlite") == 0) {
		o.url = arena_strf(&t->arena, "sqlite:%s/test.db", t->dir);
	} else {
		struct str base = str_of(getenv("CARREL_TEST_PG"));

		o.url = arena_strf(&t->arena, STR_F "%coptions=-csearch_path%%3Dt%d_%d", STR_A(base),
				   str_find_byte(base, '?') == STR_NONE ? '?' : '&', (int)getpid(), ++schema);
		AUTO_ARENA a;
		arena_init(&a);
		struct str cmd = arena_strf(&a, "psql -qX -d '" STR_F "' -c 'CREATE SCHEMA t%d_%d' >&2", STR_A(base), (int)getpid(), schema);
		if (system(str_z(&a, cmd)) != 0)
			return fail(&t->err, RC_FAULT, "cannot make a schema in CARREL_TEST_PG");
	}
	enum rc rc = db_open(&o, &t->db, &t->err);
	return rc == RC_OK ? db_migrate(t->db, &t->err) : rc;
}

static void run(const struct test_case *c, const char *engine, struct tally *tally)
{
	char dir[] = "/tmp/carrel-test-XXXXXX";
	struct test t = { .engine = engine, .dir = mkdtemp(dir) };

	if (!t.dir)
		die("cannot make a temporary folder");
	arena_init(&t.arena);
	if (c->each_db && strcmp(engine, "postgres") == 0 && !getenv("CARREL_TEST_PG"))
		t.skipped = "CARREL_TEST_PG names no server";
	else if (c->each_db && open_db(&t) != RC_OK)
		test_expect(&t, c->file, 0, t.err.text, "a database for the test", false);
	else
		c->run(&t);
	if (t.db)
		db_close(t.db);
	if (t.failed)
		fprintf(stderr, "FAILED %s %s (%s)\n", c->name, engine, c->file);
	else if (t.skipped)
		fprintf(stderr, "skipped %s %s: %s\n", c->name, engine, t.skipped);
	tally->failed += t.failed;
	tally->skipped += !t.failed && t.skipped;
	tally->passed += !t.failed && !t.skipped;
	arena_release(&t.arena);
	nftw(t.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv)
{
	struct tally tally = { 0 };

	crypt_init();
	signal(SIGPIPE, SIG_IGN);
	for (const struct test_case *const *c = __start_test_cases; c < __stop_test_cases; c++) {
		if (argc > 1 && !strstr((*c)->name, argv[1]) && !strstr((*c)->file, argv[1]))
			continue;
		if (!(*c)->each_db) {
			run(*c, "", &tally);
			continue;
		}
		run(*c, "sqlite", &tally);
		run(*c, "postgres", &tally);
	}
	printf("%d passed, %d failed, %d skipped\n", tally.passed, tally.failed, tally.skipped);
	return tally.failed > 0;
}

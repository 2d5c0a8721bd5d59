/* test: what the tests beside the code are written with. TEST(name) files itself; the runner (test_main.c) runs them
 * all, or those whose name holds argv[1], and closes with "N passed, N failed, N skipped".
 *
 * TEST_EACH_DB(name) { ... t->db ... } runs once on SQLite (a fresh file) and once on PostgreSQL (a fresh schema in the
 * server that ./test started, named by CARREL_TEST_PG; skipped, saying so, without it). The schema is migrated. */
#pragma once
#include "util/arena.h"
#include "util/err.h"

struct db;
struct test {
	struct arena arena; /* cleared after each test */
	struct err err;
	struct db *db;      /* in TEST_EACH_DB */
	const char *dir;    /* a fresh temporary folder */
	const char *engine; /* "sqlite", "postgres" or "" */
	bool failed;
	const char *skipped;
};
struct test_case {
	const char *name, *file;
	void (*run)(struct test *t);
	bool each_db;
};
#define TEST_FILE_(fn, db_)                                                                              \
	static void fn(struct test *t);                                                                  \
	static const struct test_case fn##_case = { #fn, __FILE__, fn, db_ };                            \
	static const struct test_case *const fn##_filed FILED("test_cases") = &fn##_case; \
	static void fn(UNUSED struct test *t)
#define TEST(name)         TEST_FILE_(test_##name, false)
#define TEST_EACH_DB(name) TEST_FILE_(test_##name, true)

/* `why` is a sentence that says what the row proves. */
#define EXPECT(why, cond)         test_expect(t, __FILE__, __LINE__, why, #cond, (cond))
#define EXPECT_EQ(why, got, want) test_expect_eq(t, __FILE__, __LINE__, why, #got, (int64_t)(got), (int64_t)(want))
#define EXPECT_STR(why, got, want) test_expect_str(t, __FILE__, __LINE__, why, #got, (got), str_of(want))
#define EXPECT_RC(want, call)     test_expect_rc(t, __FILE__, __LINE__, #call, (call), (want))
#define SKIP(why)                 do { t->skipped = (why); return; } while (0)
bool test_expect(struct test *t, const char *file, int line, const char *why, const char *what, bool ok);
bool test_expect_eq(struct test *t, const char *file, int line, const char *why, const char *what, int64_t got, int64_t want);
bool test_expect_str(struct test *t, const char *file, int line, const char *why, const char *what, struct str got, struct str want);
bool test_expect_rc(struct test *t, const char *file, int line, const char *what, enum rc got, enum rc want);

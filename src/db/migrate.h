/* migrate: numbered, forward-only steps, one source for both engines.
 *
 * sql/NNNN_name.sql is written in SQLite's STRICT dialect and embedded in the program. For PostgreSQL three rewrites
 * make it fit: "INTEGER PRIMARY KEY" becomes an identity column, the word INTEGER becomes BIGINT, ") STRICT" becomes
 * ")". Where that is not enough, sections say for whom they are:
 *     -- @sqlite        the lines below are SQLite's only
 *     -- @postgres      the lines below are PostgreSQL's only
 *     -- @both          back to common text
 * Every step runs in one transaction with its row in schema_version. */
#pragma once
#include "db/db.h"

struct migration {
	int version;
	const char *name;
	const char *sql;
};
extern const struct migration migrations[]; /* generated from sql/, ends with version 0 */
/* The text of one step for one engine, as it will be run. */
struct str migration_text(struct arena *out, const char *sql, bool postgres);

/* kb/process: a program of others run for an import: own environment, no input, limits, an end in time. */
#pragma once
#include "util/buf.h"

struct process {
	const char *path;
	char *const *argv, *const *env;
	const char *dir; /* NULL: ours */
	int seconds;
	uint64_t memory, file; /* bytes of address space and of one written file, 0: no limit */
};
/* Runs it to its end; what it writes, errors too, is in `words` (the last part when it is too much). *ret: its exit
 * code, 127 when it is not there, -1 when it was stopped. RC_RETRY: it could not be started. */
MUST_USE enum rc process_run(const struct process *p, struct buf *words, int *ret, struct err *err);
/* The last line that says something, for people. */
struct str process_last_words(const struct buf *words);

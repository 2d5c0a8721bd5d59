/* kb/diff: two texts side by side, line by line and word by word where a line was changed. Myers' difference (1986),
 * with a bound: texts that differ in more than KB_DIFF_EDITS lines show as one text that went and one that came. */
#pragma once
#include "util/arena.h"

#define KB_DIFF_EDITS 1200
#define KB_DIFF_ROWS  4000 /* what is behind them is not shown */
#define KB_DIFF_NEAR  3    /* unchanged lines around a change */

struct kb_piece {
	struct str text;
	bool changed;
};
struct kb_side {
	int64_t line; /* from 1; 0: there is no line on this side */
	struct kb_piece *at;
	size_t n;
};
struct kb_diff_row {
	enum { KB_SAME, KB_CHANGED, KB_GONE, KB_NEW, KB_SKIPPED } kind; /* skipped: unchanged lines that are left out */
	struct kb_side left, right;
	int64_t skipped; /* how many */
};
struct kb_diff {
	struct kb_diff_row *rows;
	size_t n;
	int64_t gone, came; /* lines */
	bool truncated;
};
/* Pieces point into both texts. */
void kb_diff(struct arena *a, struct str before, struct str after, struct kb_diff *ret);

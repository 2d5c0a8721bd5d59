/* What templates show of clocks: the lines of a ticket, for agents and customers, and the page that explains each minute;
 * the boards. Made by clock_pages.c and desk_board.c. */
#pragma once
#include "clock/clock.h"
#include "http/out.h"
#include "web/desk_view.h"

struct clock_was { /* an earlier promise */
	struct instant due, since;
	struct str goal, who, why;
	int criticality;
	bool broken;
};
struct clock_line {
	const char *name;  /* "First answer" */
	const char *look;  /* class of .sla: ok, soon, over, paused */
	struct str left;   /* "1 h 41 min left", "22 min late", "paused, 3 h left", "kept in 10 min" */
	struct str goal, elapsed;
	struct instant due, since; /* due not set: paused */
	bool ongoing, late, paused;
	struct clock_was *was;
	size_t n_was;
};
struct clock_part {
	struct str from, to, length, why;
	bool counted;
};
struct clock_explained {
	struct clock_line line;
	int cycle;
	struct str sum, zone;
	struct clock_part *parts;
	size_t n_parts;
	bool more; /* only the last ones are shown */
};
struct clock_page {
	struct str number, url, subject;
	struct clock_explained *cycles;
	size_t n;
	bool request;
	struct str estimate, wanted_on;
};
/* The newest cycle of each metric; `all`: every one. */
struct clock_line *clock_lines(const struct req *q, const struct clock_cycle *c, size_t n, bool all, size_t *ret_n);
const char *clock_metric(const struct i18n *l, enum metric m); /* "First answer" */
struct str clock_work_length(struct arena *a, int64_t us); /* of working time: "26 h 05 min" */
struct str clock_length(struct arena *a, int64_t us); /* "2 d 03 h", "1 h 41 min", "12 min" */
/* What is left until a deadline, by the wall clock, with its look. */
struct str clock_left(const struct req *q, const struct clock_row *c, const char **look);
/* Every cycle with its parts, for both kinds of readers. */
MUST_USE enum rc clock_page_load(struct db_tx *tx, const struct req *q, const struct ticket *t, struct clock_page *ret, struct err *err);
/* What another criticality would promise, as text for the form; [1] to [4]. */
MUST_USE enum rc clock_preview_texts(struct db_tx *tx, const struct req *q, struct ticket_id t, struct str ret[5], struct err *err);

struct report_figure {
	struct str account, proof_url, mean;
	struct str plan;
	int criticality;
	const char *metric;
	int64_t n, late, percent; /* kept, of a hundred */
};
struct report_proof {
	struct str number, url, subject, goal, elapsed, plan;
	const char *metric;
	int criticality;
	struct instant since, due, stopped;
	bool late;
};
struct report_month {
	struct str month, url; /* "2026-11" */
};
struct report_link {
	int64_t id;
	struct str url, by;
	struct instant until;
};
struct report_page {
	struct str month, account, csv_url;
	struct report_month before, after;
	struct report_figure *figures;
	size_t n_figures;
	struct report_proof *proofs;
	size_t n_proofs;
	int64_t n, late, percent;
	bool customer, more;
	/* the desk, of one account: links to send */
	bool can_share;
	int64_t account_id;
	struct report_link *links;
	size_t n_links;
	struct str e_days, days;
	/* the page behind such a link */
	struct page *p;
	struct instant until, now;
	bool over;
};
struct board_card {
	struct str number, url, subject, account, assignee, take_url;
	const char *look, *metric;
	struct str left;
	bool unassigned, callback, not_phoned, waits;
	int affected;
	struct str seen;
};
struct board_column {
	int criticality, total;
	const char *name;
	struct board_card *cards;
	size_t n;
};
struct board_page {
	struct board_column column[4];
	bool wallboard, empty, alarm;
	struct str quiet; /* "12 days ago", of the last C1 */
};
struct board_next {
	struct str number, url, subject, account, assignee, wanted_on;
	const char *why, *complexity;
	int priority, days;
	struct instant since;
};
struct request_page {
	struct clock_grid grid;
	const char *row_name[4]; /* S, M, L, not estimated */
	int row[4];              /* complexity of each */
	struct board_next *next;
	size_t n;
	struct str capacity;
};

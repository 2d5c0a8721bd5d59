/* What templates show of known problems, to agents (desk_problem.c) and to customers (portal_problem.c). */
#pragma once
#include "ticket/problem.h"
#include "web/desk_view.h"

struct problem_row { /* a ticket of a problem, or a problem to choose */
	struct str number, url, name;
	int64_t value;
	const char *state;
};
struct desk_problem { /* on an incident's page */
	bool first, part, open; /* this ticket is the problem; is under one; the problem is open */
	struct problem p;
	int others;                    /* tickets besides the first */
	struct str number, url;        /* of the first ticket */
	struct problem_row *rows;      /* first: its tickets; neither: open problems to choose from */
	size_t n;
	bool more;
};
struct problem_banner { /* on a customer's pages */
	struct str title, said, join_url, mine, mine_url;
	struct instant said_at, next_at;
};
/* desk_problem.c: what desk_load() adds for incidents. */
MUST_USE enum rc desk_problem_load(struct db_tx *tx, const struct req *q, const struct ticket *t,
                                   struct desk_problem *ret, struct err *err);
/* portal_problem.c: the problems customers are told of, for the Support section's start. */
MUST_USE enum rc portal_problems(struct db_tx *tx, struct req *q, struct problem_banner **ret, size_t *ret_n,
                                 struct err *err);
/* Of one ticket; title.n == 0: it is not part of one, or the problem is solved. */
MUST_USE enum rc portal_problem_of(struct db_tx *tx, struct req *q, const struct ticket *t, struct problem_banner *ret,
                                   struct err *err);

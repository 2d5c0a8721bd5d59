/* What templates show of telephone calls: desk_calls.c. */
#pragma once
#include "call/call.h"
#include "web/page.h"

struct call_row {
	int64_t id;
	struct str who, account, from, ticket, ticket_url, prepared, agent, cause, new_url;
	struct instant at;
	bool verified, live, out, unknown;
	int criticality;
};
/* The bar that tells who is on the line, over whatever page an agent has open. */
struct call_pop_ticket {
	struct str number, url, subject;
	int criticality;
};
struct call_pop {
	const struct call *c;
	struct str prepared, ticket, ticket_url, plan, new_url;
	const char *covered; /* NULL: nobody is known, or it is */
	struct call_pop_ticket *open;
	size_t n_open;
	bool taken, gone; /* somebody has it; it ended */
};
struct calls_page {
	struct call_row *at;
	size_t n;
	struct str number, error, why;
	bool down, none, is_admin;
	const struct call_engineer *numbers; /* of everybody, for administrators */
	size_t n_numbers;
};

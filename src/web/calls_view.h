/* What templates show of telephone calls: desk_calls.c. */
#pragma once
#include "call/call.h"
#include "web/page.h"

struct call_row {
	int64_t id;
	struct str who, account, from, ticket, ticket_url, prepared, agent, cause;
	struct instant at;
	bool verified, live, out;
	int criticality;
};
struct calls_page {
	struct call_row *at;
	size_t n;
	struct str number, error, why;
	bool down, none, is_admin;
	const struct call_engineer *numbers; /* of everybody, for administrators */
	size_t n_numbers;
};

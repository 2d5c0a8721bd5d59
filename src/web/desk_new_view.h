/* What the page of a new ticket shows: desk_new.c. */
#pragma once
#include "call/call.h"
#include "web/desk_view.h"

struct desk_new_row {
	struct str name, email, account, phone, url;
};
struct desk_new {
	struct req *q;
	struct str who; /* what was searched for */
	struct desk_new_row *rows;
	size_t n_rows;
	const struct contact *person; /* id 0: nobody is chosen yet */
	const struct call *call;      /* NULL: no call led here */
	struct str again;             /* address of the search for somebody else */
	struct str kind, via, priority, error;
	bool mine;
};

/* What the pages of teams show (admin_teams.c). */
#pragma once
#include "account/account.h"
#include "ticket/ticket.h"
#include "web/page.h"

struct team_choice {
	int64_t id;
	struct str name;
	bool in;
};
struct team_named { /* something elsewhere that names the team */
	int64_t id;
	struct str name;
};
struct admin_teams {
	struct page *p;
	struct team_work *teams;
	size_t n;
	int64_t id; /* 0: a new one */
	struct str name, about, e_name, e_about, e_members;
	struct team_choice *agents;
	size_t n_agents;
	/* of one: what its end would touch */
	int open, rules;
	struct team_named *policies, *mailboxes;
	size_t n_policies, n_mailboxes;
};

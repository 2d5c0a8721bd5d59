/* actor: who is asking. Every domain call that shows or changes something takes one. */
#pragma once
#include "util/ids.h"
#include "util/str.h"

enum actor_kind {
	ACTOR_NOBODY,  /* not signed in */
	ACTOR_CONTACT, /* a customer's person; sees what the account and its roles allow */
	ACTOR_AGENT,   /* works tickets */
	ACTOR_SYSTEM   /* the program itself: jobs, mail intake, imports */
};
enum agent_role { AGENT_AGENT = 1, AGENT_SUPERVISOR, AGENT_ADMIN };
enum contact_role { CONTACT_AUDITOR = 1, CONTACT_OPERATOR, CONTACT_MANAGER }; /* each includes the one before */
enum token_scope { SCOPE_READ = 1, SCOPE_WRITE, SCOPE_ADMIN };

struct actor {
	enum actor_kind kind;
	struct agent_id agent;
	struct contact_id contact;
	struct account_id account;      /* of a contact, or the account an API token is bound to */
	enum agent_role agent_role;
	enum contact_role contact_role; /* the widest one; scopes are checked by account/ */
	enum token_scope token_scope;   /* 0 when not by API token */
	struct token_id token;
	struct str name, email;         /* for showing and for the event log; borrow from the request */
	struct str lang;                /* "en", "es" */
	struct str zone;                /* IANA time zone, "" = the desk's */
};
static inline bool actor_is_agent(const struct actor *a)
{
	return a->kind == ACTOR_AGENT || a->kind == ACTOR_SYSTEM;
}
static inline bool actor_is_admin(const struct actor *a)
{
	return a->kind == ACTOR_SYSTEM || (a->kind == ACTOR_AGENT && a->agent_role == AGENT_ADMIN);
}

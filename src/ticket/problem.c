/* ticket: known problems: declaring, linking, joining, and bringing one text to many tickets. That is a job in small
 * transactions, each of which writes messages, events and how far it got: a kill repeats nothing and leaves nobody out.
 */
#include "jobs/jobs.h"
#include "ticket/problem_private.h"
#include "util/log.h"

#define A_STEP       10 /* tickets a transaction */
#define NO_MESSAGE   ((struct message_id){ 0 })
#define UNCHECKED    ((struct event_id){ 0 })
#define CHANGE(name) struct edit name = { .tx = tx, .out = out, .who = who, .now = now }

static enum rc only_agents(const struct actor *who, struct err *err)
{
	if (!actor_is_agent(who) || who->token_scope == SCOPE_READ)
		return fail(err, RC_DENIED, "Known problems are the support team's. Nothing was changed.");
	return RC_OK;
}

static enum rc check_words(const struct problem_new *p, struct err *err)
{
	if (str_trim(p->title).n == 0)
		return fail_field(err, RC_INVALID, "title",
		                  "Say in one line what customers notice. Nothing was changed yet.");
	enum rc rc = ticket_check_line(p->title, "title", SUBJECT_MAX, err);

	if (rc == RC_OK && str_trim(p->text).n == 0)
		return fail_field(err, RC_INVALID, "text",
		                  "Write what is known: customers read it. Nothing was changed yet.");
	return rc == RC_OK ? ticket_check_text(p->text, "text", REASON_MAX, err) : rc;
}

static enum rc tell(struct edit *c, const char *what, struct str title, int64_t number, struct err *err)
{
	AUTO_DATA d = { 0 };

	edit_data_begin(&d);
	json_kstr(&d.json, "what", str_of(what));
	json_kstr(&d.json, "title", title);
	json_ki64(&d.json, "number", number); /* agents' pages link it; customers' say the title */
	return edit_tell(c, EV_PROBLEM, true, NO_MESSAGE, &d, err);
}

static enum rc queue(struct db_tx *tx, struct arena *a, const struct problem_update *u, struct instant now,
                     struct err *err)
{
	int64_t id = 0;
	enum rc rc = problem_put_update(tx, u, now, &id, err);
	struct job_new j = { .kind = PROBLEM_JOB,
		             .args = arena_strf(a, "{\"update\":%lld}", (long long)id),
		             .run_at = now,
		             .dedupe = arena_strf(a, "problem:%lld", (long long)id) };

	return rc == RC_OK ? job_add(tx, &j, err) : rc;
}

/* ---- agents ---- */

enum rc problem_declare(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                        int64_t number, const struct problem_new *p, struct event_id seen, struct err *err)
{
	CHANGE(c);
	enum rc rc = only_agents(who, err);
	struct problem_new n = { str_trim(p->title), str_trim(p->text), p->shown, p->next_at };

	if (rc == RC_OK)
		rc = edit_begin(&c, number, BY_DESK, seen, err);
	if (rc == RC_OK)
		rc = check_words(&n, err);
	if (rc == RC_OK && (c.t.kind != TICKET_INCIDENT || c.t.state > STATE_WAITING))
		return fail_code(err, RC_CONFLICT, "not-open",
		                 "Only an open incident can become a known problem. Nothing was changed.");
	if (rc == RC_OK && c.t.problem.v)
		return fail_code(err, RC_CONFLICT, "problem", "This ticket is part of a known problem already.");
	if (rc == RC_OK)
		rc = problem_insert(tx, c.t.id, now, &n, err);
	if (rc == RC_OK)
		rc = problem_put_link(tx, c.t.id, c.t.id, err);
	if (rc == RC_OK)
		rc = tell(&c, "declared", n.title, number, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

/* Under it, and waiting for it: its clocks go by the plan's rule for waiting for others. */
static enum rc attach(struct edit *c, const struct problem *p, const char *what, struct err *err)
{
	enum rc rc = problem_put_link(c->tx, c->t.id, p->id, err);

	c->t.problem = p->id;
	c->t.not_phoned = false; /* somebody works on it already */
	if (rc == RC_OK)
		rc = tell(c, what, p->title, p->number, err);
	return rc == RC_OK ? edit_state(c, STATE_WAITING, WAITING_OTHERS, err) : rc;
}

static enum rc find_open(struct db_tx *tx, struct arena *out, int64_t number, struct problem *ret, struct err *err)
{
	struct actor system = actor_system();
	struct ticket first;
	enum rc rc = ticket_find(tx, out, &system, number, &first, err);

	if (rc == RC_OK && first.problem.v != first.id.v)
		rc = fail(err, RC_NOT_FOUND, "There is no such known problem.");
	if (rc == RC_OK)
		rc = problem_find(tx, out, &system, first.id, ret, err);
	if (rc == RC_OK && !ret->open)
		rc = fail_code(err, RC_CONFLICT, "solved", "This known problem is solved. Nothing was changed.");
	return rc;
}

static enum rc take_out(struct edit *c, struct err *err)
{
	struct problem p;
	enum rc rc = problem_find(c->tx, c->out, c->who, c->t.problem, &p, err);

	if (rc == RC_OK && p.id.v == c->t.id.v)
		return fail_code(err, RC_CONFLICT, "first",
		                 "This ticket is the known problem itself. Resolve it instead.");
	if (rc == RC_OK)
		rc = problem_put_link(c->tx, c->t.id, (struct ticket_id){ 0 }, err);
	if (rc == RC_OK)
		rc = tell(c, "taken-out", p.title, p.number, err);
	if (rc == RC_OK && c->t.state == STATE_WAITING && c->t.waiting_for == WAITING_OTHERS)
		rc = edit_state(c, STATE_OPEN, 0, err);
	return rc;
}

enum rc problem_link(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                     int64_t problem, struct event_id seen, struct err *err)
{
	CHANGE(c);
	struct problem p = { 0 };
	enum rc rc = only_agents(who, err);

	if (rc == RC_OK && problem)
		rc = find_open(tx, out, problem, &p, err);
	if (rc == RC_OK)
		rc = edit_begin(&c, number, BY_DESK, seen, err);
	if (rc != RC_OK || c.t.problem.v == p.id.v)
		return rc;
	if (problem && c.t.problem.v)
		return fail_code(err, RC_CONFLICT, "problem",
		                 "This ticket is part of a known problem already. Take it out of that one first.");
	if (problem && (c.t.kind != TICKET_INCIDENT || c.t.state > STATE_WAITING))
		return fail_code(err, RC_CONFLICT, "not-open",
		                 "Only open incidents are part of a known problem. Nothing was changed.");
	rc = problem ? attach(&c, &p, "linked", err) : take_out(&c, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

/* ---- several at once ---- */

struct same {
	struct ticket at[PROBLEM_SAME + 1];
	size_t n;
	struct ticket_id problem; /* that some are part of */
};

static bool comes_first(const struct ticket *a, const struct ticket *b)
{
	return a->criticality != b->criticality         ? a->criticality < b->criticality
	       : a->opened_at.us != b->opened_at.us ? a->opened_at.us < b->opened_at.us
	                                            : a->number < b->number;
}

static enum rc gather(struct edit *c, struct same *s, int64_t number, struct err *err)
{
	struct ticket *t = &s->at[s->n];
	enum rc rc = ticket_find(c->tx, c->out, c->who, number, t, err);

	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < s->n; i++)
		if (s->at[i].id.v == t->id.v)
			return RC_OK;
	if (t->kind != TICKET_INCIDENT || t->state > STATE_WAITING)
		return fail_code(err, RC_CONFLICT, "not-open",
		                 "Only open incidents are part of a known problem. Nothing was changed.");
	if (t->problem.v && s->problem.v && t->problem.v != s->problem.v)
		return fail_code(err, RC_CONFLICT, "two",
		                 "These tickets are part of two known problems. Take one out of its own first. Nothing "
		                 "was changed.");
	if (t->problem.v)
		s->problem = t->problem;
	s->n++;
	return RC_OK;
}

/* The number of the first ticket of theirs: that of the problem there is, or the one that becomes it. */
static enum rc first_of(struct edit *c, const struct same *s, const struct problem_new *p, int64_t *ret,
                        struct err *err)
{
	struct actor system = actor_system();
	struct ticket first = s->at[0];

	if (s->problem.v) {
		enum rc rc = ticket_find_id(c->tx, c->out, &system, s->problem, &first, err);

		*ret = first.number;
		return rc;
	}
	for (size_t i = 1; i < s->n; i++)
		if (comes_first(&s->at[i], &first))
			first = s->at[i];
	*ret = first.number;
	return problem_declare(c->tx, c->out, c->who, c->now, first.number, p, UNCHECKED, err);
}

enum rc problem_same(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                     const int64_t *others, size_t n, const struct problem_new *p, struct event_id seen, int64_t *ret,
                     struct err *err)
{
	CHANGE(c);
	struct same *s = arena_new(out, struct same);
	enum rc rc = only_agents(who, err);

	*s = (struct same){ .n = 0 };
	if (rc == RC_OK && (n == 0 || n > PROBLEM_SAME))
		rc = fail_field(err, RC_INVALID, "with",
		                "Choose the tickets that have the same problem, twenty at most. Nothing was changed yet.");
	if (rc == RC_OK)
		rc = edit_begin(&c, number, BY_DESK, seen, err);
	if (rc == RC_OK)
		rc = gather(&c, s, number, err);
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		rc = gather(&c, s, others[i], err);
	if (rc == RC_OK && s->n < 2)
		rc = fail_field(err, RC_INVALID, "with", "Choose a ticket besides this one. Nothing was changed yet.");
	if (rc == RC_OK)
		rc = first_of(&c, s, p, ret, err);
	for (size_t i = 0; i < s->n && rc == RC_OK; i++)
		if (s->at[i].number != *ret)
			rc = problem_link(tx, out, who, now, s->at[i].number, *ret, UNCHECKED, err);
	return rc;
}

enum rc problem_say(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                    struct str text, struct instant next_at, struct err *err)
{
	CHANGE(c);
	struct problem p;
	struct problem_new words = { STR("-"), str_trim(text), false, next_at };
	enum rc rc = only_agents(who, err);

	if (rc == RC_OK)
		rc = find_open(tx, out, number, &p, err);
	if (rc == RC_OK)
		rc = check_words(&words, err);
	if (rc == RC_OK)
		rc = problem_put_said(tx, p.id, now, words.text, next_at, err);
	if (rc == RC_OK)
		rc = edit_begin(&c, number, BY_DESK, UNCHECKED, err);
	if (rc == RC_OK)
		rc = tell(&c, "update", p.title, p.number, err);
	if (rc == RC_OK)
		rc = edit_save(&c, err);
	if (rc != RC_OK)
		return rc;
	struct problem_update u = {
		.problem = p.id, .kind = PROBLEM_SAID, .text = words.text, .agent = who->agent, .author = who->name
	};

	return queue(tx, out, &u, now, err);
}

enum rc problem_show(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                     bool shown, struct err *err)
{
	CHANGE(c);
	struct problem p;
	enum rc rc = only_agents(who, err);

	if (rc == RC_OK)
		rc = find_open(tx, out, number, &p, err);
	if (rc == RC_OK)
		rc = edit_begin(&c, number, BY_DESK, UNCHECKED, err);
	if (rc != RC_OK || p.shown == shown)
		return rc;
	rc = problem_put_shown(tx, p.id, shown, err);
	if (rc == RC_OK)
		rc = tell(&c, shown ? "shown" : "hidden", p.title, p.number, err);
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

enum rc problem_close(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t number,
                      struct str text, struct err *err)
{
	struct actor system = actor_system();
	struct ticket first;
	enum rc rc = only_agents(who, err);

	text = str_trim(text);
	if (rc == RC_OK)
		rc = ticket_find(tx, out, &system, number, &first, err);
	if (rc == RC_OK && first.problem.v != first.id.v)
		rc = fail(err, RC_NOT_FOUND, "There is no such known problem.");
	if (rc == RC_OK && first.state <= STATE_WAITING)
		rc = fail_code(err, RC_CONFLICT, "open",
		               "This known problem is still open: resolve it first. Nothing was changed.");
	if (rc == RC_OK && text.n == 0)
		rc = fail_field(err, RC_INVALID, "text", "Write how it was solved: the customers will read it.");
	if (rc == RC_OK)
		rc = ticket_check_text(text, "text", SOLUTION_MAX, err);
	if (rc != RC_OK)
		return rc;
	struct problem_update u = {
		.problem = first.id, .kind = PROBLEM_CLOSE, .text = text, .agent = who->agent, .author = who->name
	};

	return queue(tx, out, &u, now, err);
}

/* Called by ticket_resolve() in its transaction. */
enum rc problem_solved(struct edit *c, struct err *err)
{
	struct problem_update u = { .problem = c->t.id,
		                    .kind = PROBLEM_SOLVED,
		                    .text = c->t.resolution,
		                    .agent = c->who->agent,
		                    .author = c->who->name };

	return c->t.problem.v == c->t.id.v ? queue(c->tx, c->out, &u, c->now, err) : RC_OK;
}

/* ---- customers ---- */

enum rc problem_join(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, int64_t problem,
                     struct str text, int64_t *ret_number, struct err *err)
{
	CHANGE(c);
	struct problem p;
	struct ticket_opened opened;
	enum rc rc = who->kind == ACTOR_CONTACT ? find_open(tx, out, problem, &p, err)
	                                        : fail(err, RC_DENIED, "Customers join known problems.");

	if (rc == RC_OK && !p.shown)
		rc = fail(err, RC_NOT_FOUND, "There is no such known problem.");
	if (rc != RC_OK)
		return rc;
	/* Two clicks at once: the second one finds the ticket of the first. */
	rc = ticket_lock_account(tx, who->account, err);
	if (rc == RC_OK)
		rc = problem_own(tx, p.id, who->account, ret_number, err);
	if (rc != RC_NOT_FOUND)
		return rc;
	struct ticket_new n = { .account = who->account,
		                .contact = who->contact,
		                .kind = TICKET_INCIDENT,
		                .criticality = p.criticality,
		                .channel = CHANNEL_FORM,
		                .subject = p.title,
		                .text = str_trim(text).n ? text : STR("We are affected, too.") };

	rc = ticket_open(tx, out, who, now, &n, &opened, err);
	if (rc == RC_OK)
		rc = edit_begin(&c, opened.number, BY_CUSTOMER, UNCHECKED, err);
	if (rc == RC_OK)
		rc = attach(&c, &p, "joined", err);
	*ret_number = opened.number;
	return rc == RC_OK ? edit_save(&c, err) : rc;
}

/* ---- one text to many tickets ---- */

static enum rc said(struct edit *c, const struct problem_update *u, int64_t number, struct err *err)
{
	struct message_new m = { .text = u->text, .channel = CHANNEL_AGENT };
	struct message_id id;

	return ticket_say(c->tx, c->out, c->who, c->now, number, &m, UNCHECKED, &id, err);
}

/* Back to the agents, with a note of what to tell. */
static enum rc returned(struct edit *c, const struct problem_update *u, int64_t number, struct err *err)
{
	struct problem p;
	struct message_new m = { .internal = true, .channel = CHANNEL_AGENT };
	struct message_id id;
	enum rc rc = problem_find(c->tx, c->out, c->who, u->problem, &p, err);

	if (rc != RC_OK)
		return rc;
	m.text = arena_strf(c->out,
	                    "The known problem \"" STR_F "\" is solved. Close the loop: check, and tell the"
	                    " customer.\n\n" STR_F,
	                    STR_A(p.title), STR_A(u->text));
	rc = ticket_say(c->tx, c->out, c->who, c->now, number, &m, UNCHECKED, &id, err);
	if (rc == RC_OK)
		rc = edit_begin(c, number, BY_DESK, UNCHECKED, err);
	if (rc == RC_OK)
		rc = tell(c, "solved", p.title, p.number, err);
	if (rc == RC_OK)
		rc = edit_state(c, STATE_OPEN, 0, err);
	return rc == RC_OK ? edit_save(c, err) : rc;
}

static enum rc reach(struct db_tx *tx, struct arena *a, struct instant now, const struct problem_update *u,
                     int64_t number, struct err *err)
{
	struct actor system = actor_system();
	struct actor author = { .kind = ACTOR_AGENT, .agent = u->agent, .agent_role = AGENT_AGENT, .name = u->author };
	struct edit c = {
		.tx = tx, .out = a, .who = u->agent.v && u->kind != PROBLEM_SOLVED ? &author : &system, .now = now
	};

	switch (u->kind) {
	case PROBLEM_SAID:
		return said(&c, u, number, err);
	case PROBLEM_SOLVED:
		return returned(&c, u, number, err);
	default:
		return ticket_resolve(tx, a, c.who, now, number, u->text, UNCHECKED, err);
	}
}

enum rc problem_tell_step(struct db_tx *tx, struct arena *a, struct instant now, int64_t update, bool *ret_more,
                          struct err *err)
{
	struct problem_update u;
	struct problem_next to[A_STEP];
	size_t n = 0;
	enum rc rc = problem_take_update(tx, a, update, &u, err);

	*ret_more = false;
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	rc = problem_behind(tx, &u, to, COUNT(to), &n, err);
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		struct err one = { 0 };

		rc = reach(tx, a, now, &u, to[i].number, &one);
		/* One ticket in a state where this makes no sense any more must not keep it from the others. */
		if (rc == RC_CONFLICT || rc == RC_NOT_FOUND || rc == RC_INVALID) {
			log_warn("problem.skipped", { "number", LOG_I64(to[i].number) }, { "why", LOG_Z(one.text) });
			rc = RC_OK;
		}
		if (rc != RC_OK && err)
			*err = one;
	}
	if (rc != RC_OK)
		return rc;
	*ret_more = n == COUNT(to);
	return problem_told(tx, u.id, n ? to[n - 1].id : u.told_to, *ret_more ? (struct instant){ 0 } : now, err);
}

/* oncall: an escalation. It is a row; each step is a job that does its work and writes the row, the mails, the event and the
 * next job in one transaction. So whatever is killed when, a step pages once, and the next one comes. */
#include "i18n/i18n.h"
#include "jobs/jobs.h"
#include "oncall/oncall_private.h"
#include "oncall/push.h"
#include "outbox/outbox.h"
#include "util/crypt.h"
#include "util/json.h"
#include <jansson.h>

#define PEOPLE_MAX 100
#define HOLD_US    MINUTE_US /* how often a page whose clock is paused looks again */

/* ---- links ---- */

static struct str proof(struct arena *a, const struct desk *d, int64_t page, struct agent_id agent)
{
	return mac_token(a, d->pin_key, arena_strf(a, "oncall:%lld:%lld", (long long)page, (long long)agent.v));
}

struct str oncall_link(struct arena *a, const struct desk *d, int64_t page, struct agent_id agent)
{
	return arena_strf(a, "%lld-%lld-" STR_F, (long long)page, (long long)agent.v, STR_A(proof(a, d, page, agent)));
}

enum rc oncall_link_read(struct arena *a, const struct desk *d, struct str token, int64_t *ret_page, struct agent_id *ret_agent)
{
	struct str page, agent;

	if (!str_cut(&token, '-', &page) || !str_cut(&token, '-', &agent) || str_to_i64(page, ret_page) != RC_OK ||
	    str_to_i64(agent, &ret_agent->v) != RC_OK || !crypt_equal(token, proof(a, d, *ret_page, *ret_agent)))
		return RC_NOT_FOUND;
	return RC_OK;
}

/* ---- jobs and events ---- */

static enum rc queue(struct db_tx *tx, struct arena *a, const struct oncall_page *p, struct instant at, struct err *err)
{
	struct job_new j = { .kind = "oncall.step",
			     .args = arena_strf(a, "{\"page\":%lld,\"round\":%d,\"step\":%d}", (long long)p->id, p->round, p->step),
			     .run_at = at,
			     .dedupe = arena_strf(a, "oncall:%lld:%d:%d:%lld", (long long)p->id, p->round, p->step, (long long)at.us) };

	return job_add(tx, &j, err);
}

struct story {
	struct db_tx *tx;
	struct arena *a;
	const struct desk *d;
	struct instant now;
	struct oncall_page p;
	struct ticket t;
	struct oncall_policy policy;
	struct agent people[PEOPLE_MAX];
	size_t n_people;
	int hooks;
};

static enum rc tell(struct story *s, const char *kind, const struct actor *who, const char *via, struct err *err)
{
	struct event e = { .at = s->now, .kind = str_of(kind), .ticket = s->p.ticket, .account = s->t.account };
	struct json j;
	AUTO_BUF b;

	buf_init(&b, 16384);
	json_init(&j, &b);
	json_obj(&j);
	json_ki64(&j, "page", s->p.id);
	json_kstr(&j, "trigger", str_of(oncall_trigger_name(s->p.trigger)));
	json_ki64(&j, "round", s->p.round + 1);
	json_ki64(&j, "step", s->p.step + 1);
	if (via)
		json_kstr(&j, "via", str_of(via));
	json_key(&j, "to");
	json_arr(&j);
	for (size_t i = 0; i < s->n_people; i++)
		json_str(&j, s->people[i].name);
	json_end_arr(&j);
	json_ki64(&j, "webhooks", s->hooks);
	json_end_obj(&j);
	e.data = buf_str(&b);
	event_by(&e, who);
	return event_append(s->tx, &e, NULL, err);
}

/* ---- whom ---- */

static void add_person(struct story *s, const struct agent *a)
{
	for (size_t i = 0; i < s->n_people; i++)
		if (s->people[i].id.v == a->id.v)
			return;
	if (s->n_people < PEOPLE_MAX && a->id.v && !time_is_set(a->disabled_at))
		s->people[s->n_people++] = *a;
}

static enum rc add_agent(struct story *s, struct agent_id id, struct err *err)
{
	struct agent a = { 0 };
	enum rc rc = id.v ? agent_find(s->tx, s->a, id, &a, err) : RC_NOT_FOUND;

	if (rc == RC_OK)
		add_person(s, &a);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc add_hook(struct story *s, const struct oncall_target *t, struct err *err)
{
	struct str number = ticket_number_text(s->a, s->d->config.prefix, s->t.number);
	struct json j;
	AUTO_BUF body;
	AUTO_BUF args;

	buf_init(&body, 8192);
	buf_init(&args, 16384);
	json_init(&j, &body);
	json_obj(&j);
	json_kstr(&j, "event", STR("page"));
	json_ki64(&j, "page", s->p.id);
	json_kstr(&j, "trigger", str_of(oncall_trigger_name(s->p.trigger)));
	json_ki64(&j, "round", s->p.round + 1);
	json_ki64(&j, "step", s->p.step + 1);
	json_kstr(&j, "ticket", number);
	json_kstr(&j, "subject", s->t.subject);
	json_kstr(&j, "account", s->t.account_name);
	json_ki64(&j, "criticality", s->t.criticality);
	json_kstr(&j, "url", arena_strf(s->a, STR_F "/desk/tickets/" STR_F, STR_A(s->d->config.base_url), STR_A(number)));
	json_ktime(&j, "at", s->now);
	json_end_obj(&j);
	json_init(&j, &args);
	json_obj(&j);
	json_kstr(&j, "url", t->url);
	json_ki64(&j, "policy", s->p.policy);
	json_kstr(&j, "body", buf_str(&body));
	json_end_obj(&j);
	struct job_new n = { .kind = "oncall.webhook",
			     .args = buf_str(&args),
			     .run_at = s->now,
			     .dedupe = arena_strf(s->a, "hook:%lld:%d:%d:%d", (long long)s->p.id, s->p.round, s->p.step, s->hooks) };

	s->hooks++;
	return job_add(s->tx, &n, err);
}

static enum rc add_target(struct story *s, const struct oncall_target *t, struct err *err)
{
	struct agent on = { 0 }, *people = NULL;
	size_t n = 0;
	enum rc rc = RC_OK;

	switch (t->kind) {
	case TARGET_SCHEDULE:
		rc = oncall_on_duty(s->tx, s->a, t->id, s->now, &on, err);
		if (rc == RC_OK && on.id.v)
			add_person(s, &on);
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	case TARGET_AGENT:
		return add_agent(s, (struct agent_id){ t->id }, err);
	case TARGET_ASSIGNEE:
		return add_agent(s, s->t.assignee, err);
	case TARGET_TEAM:
	case TARGET_SUPERVISORS:
		rc = page_people(s->tx, s->a, (struct team_id){ t->id }, t->kind == TARGET_SUPERVISORS, &people, &n, err);
		for (size_t i = 0; i < n; i++)
			add_person(s, &people[i]);
		return rc;
	case TARGET_WEBHOOK:
		return add_hook(s, t, err);
	}
	return rc;
}

/* ---- the mail ---- */

static const char *headline(const struct i18n *l, enum oncall_trigger t)
{
	return t == TRIGGER_WARNED     ? _(l, "most of the promised time has passed")
	       : t == TRIGGER_BREACHED ? _(l, "the promise is broken")
				       : _(l, "new, and nobody has it");
}

static enum rc mail(struct story *s, const struct agent *to, struct err *err)
{
	const struct i18n *l = i18n_lang(to->lang);
	const struct desk_config *c = &s->d->config;
	struct arena *a = s->a;
	struct str number = ticket_number_text(a, c->prefix, s->t.number), subject = mail_header_text(a, s->t.subject);
	struct str link = arena_strf(a, STR_F "/page/" STR_F, STR_A(c->base_url), STR_A(oncall_link(a, s->d, s->p.id, to->id)));
	struct str text = TR_FILL(a, _(l, "Criticality {n}, {account}: {subject}\n\n{why}.\n\nTake it: {link}\n(The page asks once more. The link is yours alone.)\n\nThe ticket: {url}\n"),
				  { "n", arena_strf(a, "%d", s->t.criticality) }, { "account", s->t.account_name }, { "subject", subject },
				  { "why", str_of(headline(l, s->p.trigger)) }, { "link", link },
				  { "url", arena_strf(a, STR_F "/desk/tickets/" STR_F, STR_A(c->base_url), STR_A(number)) });
	struct outmail m = {
		.dedupe = arena_strf(a, "page:%lld:%d:%d:%lld", (long long)s->p.id, s->p.round, s->p.step, (long long)to->id.v),
		.ticket = s->t.id,
		.kind = "page",
		.from_name = c->product.n ? c->product : STR("Carrel"),
		.from_addr = c->support_addr,
		.to_name = mail_header_text(a, to->name),
		.to_addr = to->email,
		.subject = arena_strf(a, "[" STR_F "] C%d %s: " STR_F, STR_A(number), s->t.criticality, headline(l, s->p.trigger), STR_A(subject)),
		.text = text,
	};

	return outbox_put(s->tx, &m, s->now, NULL, err);
}

/* Their telephone, too: a job of the program, because calls are not ours (app/wire.c). Who has no number is not rung. */
static enum rc ring(struct story *s, const struct agent *to, struct err *err)
{
	if (!s->d->config.phone_pages || !s->d->config.phone_listen.n)
		return RC_OK;
	struct str name = arena_strf(s->a, "page:%lld:%d:%d:%lld", (long long)s->p.id, s->p.round, s->p.step, (long long)to->id.v);
	struct job_new n = { .kind = "oncall.telephone",
			     .args = arena_strf(s->a, "{\"ticket\":%lld,\"agent\":%lld,\"name\":\"" STR_F "\"}", (long long)s->t.id.v,
						(long long)to->id.v, STR_A(name)),
			     .run_at = s->now,
			     .dedupe = str_concat(s->a, STR("ring-"), name) };

	return job_add(s->tx, &n, err);
}

/* ---- their browsers ---- */

static enum rc push(struct story *s, const struct agent *to, struct err *err)
{
	const struct i18n *l = i18n_lang(to->lang);
	struct arena *a = s->a;
	struct str number = ticket_number_text(a, s->d->config.prefix, s->t.number);

	return push_queue(s->tx, a, to->id,
			  arena_strf(a, "C%d " STR_F ": " STR_F, s->t.criticality, STR_A(number), STR_A(s->t.subject)),
			  arena_strf(a, STR_F ": %s", STR_A(s->t.account_name), headline(l, s->p.trigger)),
			  arena_strf(a, "/page/" STR_F, STR_A(oncall_link(a, s->d, s->p.id, to->id))),
			  arena_strf(a, "page-%lld", (long long)s->p.id),
			  arena_strf(a, "push:%lld:%d:%d:%lld", (long long)s->p.id, s->p.round, s->p.step, (long long)to->id.v), s->now, err);
}

/* ---- steps ---- */

static enum rc finish(struct story *s, enum oncall_state state, const char *event, struct err *err)
{
	struct actor system = actor_system();

	s->p.state = state;
	s->n_people = 0;
	enum rc rc = page_save(s->tx, &s->p, err);

	return rc == RC_OK ? tell(s, event, &system, NULL, err) : rc;
}

static enum rc advance(struct story *s, bool somebody, struct err *err)
{
	int delay;

	s->p.step++;
	if ((size_t)s->p.step >= s->policy.n_steps) {
		s->p.step = 0;
		s->p.round++;
		delay = s->policy.step[0].delay > 5 ? s->policy.step[0].delay : 5;
	} else {
		/* Nobody was there to be paged: nobody is waited for. */
		delay = somebody ? s->policy.step[s->p.step].delay : 0;
	}
	if (s->p.round > s->policy.repeat)
		return finish(s, PAGE_EXHAUSTED, EV_ONCALL_EXHAUSTED, err);
	enum rc rc = page_save(s->tx, &s->p, err);

	return rc == RC_OK ? queue(s->tx, s->a, &s->p, time_add(s->now, delay * MINUTE_US), err) : rc;
}

/* Pages about a promise rest while its clock does. */
static enum rc rests(struct story *s, bool *ret, struct err *err)
{
	bool runs = true;
	enum rc rc = RC_OK;

	if (s->p.trigger != TRIGGER_OPENED && s->t.state == STATE_WAITING)
		rc = page_clock_runs(s->tx, s->p.ticket, &runs, err);
	*ret = !runs;
	return rc;
}

static enum rc load(struct story *s, int64_t page, struct err *err)
{
	struct actor system = actor_system();
	enum rc rc = page_lock(s->tx, s->a, page, &s->p, err);

	if (rc == RC_OK)
		rc = ticket_find_id(s->tx, s->a, &system, s->p.ticket, &s->t, err);
	return rc == RC_OK ? oncall_policy_parse(s->a, s->p.steps, &s->policy, err) : rc;
}

struct stepping {
	const struct desk *d;
	struct instant now;
	int64_t page;
	int round, step;
};

static enum rc step(struct db_tx *tx, void *arg, struct err *err)
{
	struct stepping *x = arg;
	struct actor system = actor_system();
	bool rest = false;
	AUTO_ARENA a;

	arena_init(&a);
	struct story *s = arena_new(&a, struct story);

	*s = (struct story){ .tx = tx, .a = &a, .d = x->d, .now = x->now };
	enum rc rc = load(s, x->page, err);
	if (rc != RC_OK || s->p.state != PAGE_ACTIVE || s->p.round != x->round || s->p.step != x->step)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	if (s->t.state >= STATE_RESOLVED)
		return finish(s, PAGE_ENDED, EV_ONCALL_ENDED, err);
	if ((rc = rests(s, &rest, err)) != RC_OK)
		return rc;
	if (rest)
		return queue(tx, &a, &s->p, time_add(x->now, HOLD_US), err);
	const struct oncall_step *what = &s->policy.step[s->p.step];

	for (size_t i = 0; i < what->n_targets && rc == RC_OK; i++)
		rc = add_target(s, &what->target[i], err);
	for (size_t i = 0; i < s->n_people && rc == RC_OK; i++)
		if ((rc = mail(s, &s->people[i], err)) == RC_OK)
			rc = ring(s, &s->people[i], err);
	for (size_t i = 0; i < s->n_people && rc == RC_OK; i++)
		rc = push(s, &s->people[i], err);
	if (rc == RC_OK)
		rc = tell(s, EV_ONCALL_PAGED, &system, NULL, err);
	return rc == RC_OK ? advance(s, s->n_people || s->hooks, err) : rc;
}

enum rc oncall_job_step(struct desk *d, const struct job *job, struct instant now, struct arena *scratch, struct err *err)
{
	json_t *o = json_loadb(job->args.p ? job->args.p : "", job->args.n, 0, NULL);
	struct stepping x = { .d = d,
			      .now = now,
			      .page = json_integer_value(json_object_get(o, "page")),
			      .round = (int)json_integer_value(json_object_get(o, "round")),
			      .step = (int)json_integer_value(json_object_get(o, "step")) };

	json_decref(o);
	return db_write(d->db, step, &x, err);
}

/* ---- beginning and end ---- */

enum rc oncall_start(struct db_tx *tx, struct arena *a, struct ticket_id t, int64_t policy, enum oncall_trigger trigger, struct str dedupe, struct instant now,
		     struct err *err)
{
	struct oncall_policy p;
	bool active = false;
	enum rc rc = oncall_policy_find(tx, a, policy, &p, err);

	if (rc == RC_OK)
		rc = page_has_active(tx, t, policy, &active, err);
	if (rc != RC_OK || active)
		return rc;
	struct oncall_page page = { .ticket = t, .policy = policy, .trigger = trigger, .state = PAGE_ACTIVE, .steps = p.text, .started_at = now };

	rc = page_insert(tx, &page, dedupe, &page.id, err);
	return rc == RC_OK && page.id ? queue(tx, a, &page, time_add(now, p.step[0].delay * MINUTE_US), err) : rc;
}

enum rc oncall_acknowledge(struct db_tx *tx, struct arena *a, const struct actor *who, struct instant now, int64_t page, const char *via, struct err *err)
{
	struct story *s = arena_new(a, struct story);

	*s = (struct story){ .tx = tx, .a = a, .now = now };
	enum rc rc = load(s, page, err);
	if (rc != RC_OK)
		return rc;
	if (who->kind != ACTOR_AGENT || who->token_scope == SCOPE_READ)
		return fail(err, RC_DENIED, "Only agents answer a page. Nothing was changed.");
	if (s->p.state == PAGE_ACKNOWLEDGED || s->p.state == PAGE_ENDED)
		return s->p.ack_by.v == who->agent.v ? RC_OK
						     : fail_code(err, RC_CONFLICT, "acknowledged", "Somebody was faster: " STR_F " has it already.",
								 STR_A(s->p.ack_name.n ? s->p.ack_name : STR("another person")));
	s->p.state = PAGE_ACKNOWLEDGED;
	s->p.ack_by = who->agent;
	s->p.ack_at = now;
	rc = page_save(tx, &s->p, err);
	if (rc == RC_OK)
		rc = tell(s, EV_ONCALL_ACKNOWLEDGED, who, via, err);
	if (rc == RC_OK && !s->t.assignee.v && s->t.state < STATE_RESOLVED)
		rc = ticket_assign(tx, a, who, now, s->t.number, who->agent, (struct event_id){ 0 }, err);
	return rc;
}

/* ---- the reader of the log ---- */

/* What happened long ago pages nobody: the program was not running, or reads an old log. */
static bool is_news(const struct event *e, struct instant now)
{
	return now.us - e->at.us < DAY_US;
}

static int64_t number(const struct event *e, const char *key)
{
	json_t *o = json_loadb(e->data.p ? e->data.p : "", e->data.n, 0, NULL);
	int64_t v = json_integer_value(json_object_get(o, key));

	json_decref(o);
	return v;
}

static bool is_word(const struct event *e, const char *key, const char *word)
{
	json_t *o = json_loadb(e->data.p ? e->data.p : "", e->data.n, 0, NULL);
	const char *z = json_string_value(json_object_get(o, key));
	bool is = z && strcmp(z, word) == 0;

	json_decref(o);
	return is;
}

/* ---- tickets of a known problem: it is the first one that pages, and nobody twice ---- */

/* Ends what pages for a ticket because it is new; *ret: there was something, by this policy when it is not 0. */
static enum rc end_opened(struct db_tx *tx, struct arena *a, struct ticket_id t, int64_t policy, bool end, struct instant now, bool *ret, struct err *err)
{
	int64_t *ids;
	size_t n;
	enum rc rc = page_active_of(tx, a, t, &ids, &n, err);

	*ret = false;
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		struct story *s = arena_new(a, struct story);

		*s = (struct story){ .tx = tx, .a = a, .now = now };
		rc = load(s, ids[i], err);
		if (rc != RC_OK || s->p.state != PAGE_ACTIVE || s->p.trigger != TRIGGER_OPENED || (policy && s->p.policy != policy))
			continue;
		*ret = true;
		if (end)
			rc = finish(s, PAGE_ENDED, EV_ONCALL_ENDED, err);
	}
	return rc;
}

/* For a ticket that is part of it: once by a policy, and not when somebody has one of both. */
static enum rc page_first(struct db_tx *tx, struct arena *a, const struct ticket *part, int64_t criticality, struct instant now, struct err *err)
{
	struct actor system = actor_system();
	struct oncall_page *had;
	struct ticket first;
	int64_t rules[5][4], policy;
	bool paged = false;
	size_t n = 0;
	enum rc rc = ticket_find_id(tx, a, &system, part->problem, &first, err);

	if (rc == RC_OK)
		rc = oncall_rules(tx, rules, err);
	if (rc != RC_OK || criticality < 1 || criticality > 4)
		return rc;
	policy = rules[criticality][TRIGGER_OPENED];
	if (!policy || part->assignee.v || first.assignee.v || first.state >= STATE_RESOLVED)
		return RC_OK;
	rc = oncall_pages(tx, a, first.id, &had, &n, err);
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		if (had[i].policy == policy || (had[i].state == PAGE_ACTIVE && had[i].trigger == TRIGGER_OPENED && criticality >= first.criticality))
			return RC_OK;
	if (rc == RC_OK) /* by the policy of the worse one from now on */
		rc = end_opened(tx, a, first.id, 0, true, now, &paged, err);
	if (rc == RC_OK)
		rc = oncall_start(tx, a, first.id, policy, TRIGGER_OPENED, arena_strf(a, "problem:%lld:%lld", (long long)first.id.v, (long long)policy), now, err);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* What becomes of one page of a ticket that joined: it goes on at the first ticket, where it was, unless that is paged for
 * already or somebody has it. Pages about the promise of a ticket that waits for the problem end. */
static enum rc hand_over(struct story *s, const struct ticket *part, const struct ticket *first, struct err *err)
{
	struct actor system = actor_system();
	bool same = false, other = false;
	enum rc rc = end_opened(s->tx, s->a, first->id, s->p.policy, false, s->now, &same, err);
	bool worse = part->criticality < first->criticality;

	if (rc == RC_OK)
		rc = end_opened(s->tx, s->a, first->id, 0, false, s->now, &other, err);
	if (rc != RC_OK)
		return rc;
	if (s->p.state != PAGE_ACTIVE || s->p.trigger != TRIGGER_OPENED || first->assignee.v || first->state >= STATE_RESOLVED || same || (other && !worse))
		return finish(s, PAGE_ENDED, EV_ONCALL_ENDED, err);
	rc = end_opened(s->tx, s->a, first->id, 0, true, s->now, &other, err);
	if (rc == RC_OK)
		rc = tell(s, EV_ONCALL_ENDED, &system, "problem", err);
	if (rc == RC_OK)
		rc = page_hand_over(s->tx, s->p.id, first->id, err);
	s->p.ticket = first->id;
	s->t = *first;
	return rc == RC_OK ? tell(s, EV_ONCALL_HANDED, &system, arena_strf(s->a, "%lld", (long long)part->number).p, err) : rc;
}

static enum rc joined(struct db_tx *tx, struct arena *a, const struct event *e, struct instant now, struct err *err)
{
	struct actor system = actor_system();
	struct ticket part, first;
	int64_t *ids;
	size_t n = 0;
	enum rc rc = ticket_find_id(tx, a, &system, e->ticket, &part, err);

	if (rc != RC_OK || !part.problem.v || part.problem.v == part.id.v) /* taken out since */
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	rc = ticket_find_id(tx, a, &system, part.problem, &first, err);
	if (rc == RC_OK)
		rc = page_active_of(tx, a, part.id, &ids, &n, err);
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		struct story *s = arena_new(a, struct story);

		*s = (struct story){ .tx = tx, .a = a, .now = now };
		rc = load(s, ids[i], err);
		if (rc == RC_OK && (s->p.state == PAGE_ACTIVE || s->p.state == PAGE_EXHAUSTED))
			rc = hand_over(s, &part, &first, err);
	}
	return rc == RC_OK && is_news(e, now) ? page_first(tx, a, &part, part.criticality, now, err) : rc;
}

static enum rc start_by_rule(struct db_tx *tx, struct arena *a, const struct event *e, enum oncall_trigger trigger, int64_t criticality, struct instant now,
			     struct err *err)
{
	int64_t rules[5][4];
	enum rc rc = oncall_rules(tx, rules, err);

	if (rc != RC_OK || criticality < 1 || criticality > 4 || !rules[criticality][trigger])
		return rc;
	struct actor system = actor_system();
	struct ticket t;

	/* Who is called for the known problem need not be called for each customer who has it. */
	rc = ticket_find_id(tx, a, &system, e->ticket, &t, err);
	if (rc == RC_OK && t.problem.v && t.problem.v != t.id.v)
		return trigger == TRIGGER_OPENED ? page_first(tx, a, &t, criticality, now, err) : RC_OK;
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	rc = oncall_start(tx, a, e->ticket, rules[criticality][trigger], trigger, arena_strf(a, "event:%lld", (long long)e->id.v), now, err);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* It was something else: it pages for itself, when nobody has it. */
static enum rc on_its_own(struct db_tx *tx, struct arena *a, const struct event *e, struct instant now, struct err *err)
{
	struct actor system = actor_system();
	struct ticket t;
	enum rc rc = ticket_find_id(tx, a, &system, e->ticket, &t, err);

	if (rc != RC_OK || t.assignee.v || t.problem.v || t.state >= STATE_RESOLVED)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	return start_by_rule(tx, a, e, TRIGGER_OPENED, t.criticality, now, err);
}

/* Somebody took the ticket, or it is over: what still pages for it stops. */
static enum rc stop_all(struct db_tx *tx, struct arena *a, const struct event *e, struct agent_id by, struct instant now, struct err *err)
{
	struct actor who = actor_system();
	int64_t *ids;
	size_t n;
	enum rc rc = page_active_of(tx, a, e->ticket, &ids, &n, err);

	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		struct story *s = arena_new(a, struct story);

		*s = (struct story){ .tx = tx, .a = a, .now = now };
		rc = load(s, ids[i], err);
		if (rc != RC_OK || (s->p.state != PAGE_ACTIVE && s->p.state != PAGE_EXHAUSTED))
			continue;
		s->p.state = by.v ? PAGE_ACKNOWLEDGED : PAGE_ENDED;
		s->p.ack_by = by;
		s->p.ack_at = now;
		rc = page_save(tx, &s->p, err);
		if (rc == RC_OK)
			rc = tell(s, by.v ? EV_ONCALL_ACKNOWLEDGED : EV_ONCALL_ENDED, &who, by.v ? "ticket" : NULL, err);
	}
	return rc;
}

static enum rc one(struct db_tx *tx, struct arena *a, const struct event *e, struct instant now, struct err *err)
{
	if (str_is(e->kind, EV_TICKET_OPENED) && is_news(e, now))
		return start_by_rule(tx, a, e, TRIGGER_OPENED, number(e, "criticality"), now, err);
	if (str_is(e->kind, EV_CRITICALITY) && is_news(e, now) && number(e, "to") < number(e, "from"))
		return start_by_rule(tx, a, e, TRIGGER_OPENED, number(e, "to"), now, err);
	if (str_is(e->kind, EV_KIND) && is_news(e, now))
		return start_by_rule(tx, a, e, TRIGGER_OPENED, number(e, "criticality"), now, err);
	if (str_is(e->kind, EV_CLOCK_WARNED) && is_news(e, now))
		return start_by_rule(tx, a, e, TRIGGER_WARNED, number(e, "criticality"), now, err);
	if (str_is(e->kind, EV_CLOCK_BREACHED) && is_news(e, now))
		return start_by_rule(tx, a, e, TRIGGER_BREACHED, number(e, "criticality"), now, err);
	if (str_is(e->kind, EV_PROBLEM) && (is_word(e, "what", "linked") || is_word(e, "what", "joined")))
		return joined(tx, a, e, now, err);
	if (str_is(e->kind, EV_PROBLEM) && is_word(e, "what", "taken-out") && is_news(e, now))
		return on_its_own(tx, a, e, now, err);
	if (str_is(e->kind, EV_ASSIGNED) && number(e, "to_id"))
		return stop_all(tx, a, e, (struct agent_id){ number(e, "to_id") }, now, err);
	if (str_is(e->kind, EV_RESOLVED) || str_is(e->kind, "ticket.merged"))
		return stop_all(tx, a, e, (struct agent_id){ 0 }, now, err);
	return RC_OK;
}

static enum rc handle(struct db_tx *tx, const struct event *events, size_t n, void *arg, struct err *err)
{
	const struct instant *fixed = arg; /* of tests; NULL: now */
	enum rc rc = RC_OK;
	AUTO_ARENA a;

	arena_init(&a);
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		if (events[i].ticket.v)
			rc = one(tx, &a, &events[i], fixed ? *fixed : time_now(), err);
	return rc;
}

struct event_reader oncall_reader(const struct instant *now)
{
	return (struct event_reader){ .name = "oncall", .batch = 50, .handle = handle, .arg = (void *)(uintptr_t)now };
}

/* The JSON shape of each thing, in one place; docs/API.md and schemas.c describe them. Customers' tokens see what
 * customers see: no internal messages, no addresses of agents, no deliveries. */
#include "api/api_private.h"

static const char *const complexity[] = { NULL, "S", "M", "L" };
static const char *const rating[] = { NULL, "bad", "fair", "good" };

static void id(struct json *j, const char *key, int64_t v)
{
	json_key(j, key);
	if (v)
		json_i64(j, v);
	else
		json_put_null(j);
}

static void word(struct json *j, const char *key, const char *v)
{
	json_kstr(j, key, str_of(v));
}

static const char *const pause_words[8] = { "default", "customer", "others", "both", "never", "never", "never", "never" };

bool api_pauses_parse(struct str s, unsigned *ret)
{
	for (unsigned i = 0; i <= PAUSE_NEVER; i++)
		if (str_is(s, pause_words[i])) {
			*ret = i;
			return true;
		}
	return false;
}

/* A cycle as service desks name its parts; durations are seconds of working time. */
static void clock_shape(struct json *j, const struct clock_cycle *c, struct instant now)
{
	bool done = c->state == CLOCK_STOPPED || c->state == CLOCK_CANCELLED;

	json_obj(j);
	word(j, "metric", api_metric_name(c->metric));
	json_ki64(j, "cycle", c->cycle);
	word(j, "state", clock_state_name(c->state));
	json_kbool(j, "ongoing", !done);
	json_ktime(j, "startTime", c->started_at);
	json_ktime(j, "stopTime", c->stopped_at);
	json_ktime(j, "breachTime", c->due_at);
	json_kbool(j, "breached", time_is_set(c->breached_at));
	json_kbool(j, "paused", c->state == CLOCK_PAUSED);
	json_kbool(j, "withinCalendarHours", !c->target->calendar || calendar_open_at(c->target->calendar, now));
	json_ki64(j, "goalDuration", c->goal / SECOND_US);
	json_ki64(j, "elapsedTime", c->elapsed / SECOND_US);
	json_ki64(j, "remainingTime", clock_remaining(c) / SECOND_US);
	json_key(j, "promises");
	json_arr(j);
	for (size_t i = 0; i < c->n_promises; i++) {
		const struct clock_promise *p = &c->promises[i];

		json_obj(j);
		json_ktime(j, "since", p->since);
		json_ki64(j, "criticality", p->criticality);
		json_kstr(j, "plan", p->plan_code);
		json_ki64(j, "goalDuration", p->goal / SECOND_US);
		json_ktime(j, "breachTime", p->due);
		json_kbool(j, "breached", p->breached);
		json_kstr(j, "changedBy", p->who);
		json_kstr(j, "reason", p->why);
		json_end_obj(j);
	}
	json_end_arr(j);
	json_end_obj(j);
}

static const char *const approval[] = { "", "asked", "approved", "declined" };

void api_ticket(struct json *j, const struct desk *d, const struct ticket *t, const struct clock_cycle *clocks, size_t n_clocks, struct instant now,
		const struct actor *who)
{
	AUTO_ARENA a;

	arena_init(&a);
	struct str number = ticket_number_text(&a, d->config.prefix, t->number);
	json_obj(j);
	json_kstr(j, "number", number);
	json_kstr(j, "url", arena_strf(&a, STR_F "/support/tickets/" STR_F, STR_A(d->config.base_url), STR_A(number)));
	word(j, "kind", ticket_kind_name(t->kind));
	id(j, "criticality", t->criticality);
	id(j, "claimedCriticality", t->claimed);
	word(j, "complexity", complexity[t->complexity]);
	id(j, "priority", t->priority);
	word(j, "state", ticket_state_name(t->state));
	word(j, "waitingFor", t->waiting_for == WAITING_CUSTOMER ? "customer" : t->waiting_for == WAITING_OTHERS ? "others" : NULL);
	word(j, "channel", channel_name(t->channel));
	json_kstr(j, "subject", t->subject);
	json_kstr(j, "course", t->course);
	json_kstr(j, "unit", t->unit);
	json_kstr(j, "affectedEmail", t->affected_email);
	json_kstr(j, "link", t->link);
	json_kstr(j, "wantedOn", t->wanted_on);
	id(j, "account", t->account.v);
	id(j, "contact", t->contact.v);
	id(j, "subscription", t->subscription.v);
	id(j, "site", t->site.v);
	id(j, "assignee", actor_is_agent(who) ? t->assignee.v : 0);
	json_kstr(j, "assigneeName", t->assignee_name);
	id(j, "team", t->team.v);
	json_kstr(j, "teamName", t->team_name);
	word(j, "entitlement", ent_verdict_name(t->verdict));
	json_kbool(j, "notPhoned", t->not_phoned);
	json_kstr(j, "resolution", t->resolution);
	word(j, "rating", rating[t->rating]);
	json_ktime(j, "callbackAskedAt", t->callback_at);
	json_ktime(j, "openedAt", t->opened_at);
	json_ktime(j, "updatedAt", t->updated_at);
	json_ktime(j, "respondedAt", t->responded_at);
	json_ktime(j, "resolvedAt", t->resolved_at);
	json_ktime(j, "confirmedAt", t->confirmed_at);
	json_ktime(j, "closedAt", t->closed_at);
	word(j, "approval", t->approval ? approval[t->approval] : NULL);
	json_kbool(j, "knownProblem", t->problem.v != 0);
	id(j, "problem", actor_is_agent(who) ? t->problem.v : 0);
	json_ki64(j, "version", t->last_event.v);
	json_key(j, "clocks");
	json_arr(j);
	for (size_t i = 0; i < n_clocks; i++)
		clock_shape(j, &clocks[i], now);
	json_end_arr(j);
	json_end_obj(j);
}

void api_message(struct json *j, const struct desk *d, const struct message *m, const struct actor *who)
{
	static const char *const kind[] = { [ACTOR_NOBODY] = "nobody", [ACTOR_CONTACT] = "contact", [ACTOR_AGENT] = "agent", [ACTOR_SYSTEM] = "system" };
	AUTO_ARENA a;

	arena_init(&a);
	json_obj(j);
	json_ki64(j, "id", m->id.v);
	json_kbool(j, "internal", m->internal);
	json_kbool(j, "automatic", m->automatic);
	word(j, "authorKind", kind[m->author_kind]);
	json_kstr(j, "author", m->author);
	word(j, "channel", channel_name(m->channel));
	json_ktime(j, "at", m->at);
	json_kstr(j, "text", m->text);
	json_kstr(j, "quoted", m->quoted);
	json_kstr(j, "html", m->html);
	json_key(j, "attachments");
	json_arr(j);
	for (size_t i = 0; i < m->n_attachments; i++) {
		const struct attachment *x = &m->attachments[i];

		json_obj(j);
		json_kstr(j, "id", x->token);
		json_kstr(j, "name", x->name);
		json_kstr(j, "type", x->type);
		json_ki64(j, "size", x->size);
		json_kstr(j, "sha256", x->sha256);
		json_kstr(j, "url", arena_strf(&a, STR_F "/api/v1/attachments/" STR_F, STR_A(d->config.base_url), STR_A(x->token)));
		json_end_obj(j);
	}
	json_end_arr(j);
	json_end_obj(j);
}

void api_account(struct json *j, const struct account *a)
{
	json_obj(j);
	json_ki64(j, "id", a->id.v);
	json_kstr(j, "name", a->name);
	json_kstr(j, "ref", a->ref);
	json_kstr(j, "lang", a->lang);
	json_kstr(j, "zone", a->zone);
	json_ktime(j, "createdAt", a->created_at);
	json_ktime(j, "closedAt", a->closed_at);
	json_end_obj(j);
}

void api_subscription(struct json *j, const struct subscription *s)
{
	json_obj(j);
	json_ki64(j, "id", s->id.v);
	json_ki64(j, "account", s->account.v);
	json_kstr(j, "plan", s->plan_code);
	json_kstr(j, "ref", s->ref);
	json_kstr(j, "name", s->name);
	word(j, "state", sub_state_name(s->state));
	json_ktime(j, "validFrom", s->valid_from);
	json_ktime(j, "validTo", s->valid_to);
	json_ktime(j, "stateAt", s->state_at);
	json_end_obj(j);
}

void api_contact(struct json *j, const struct contact *c)
{
	static const char *const scope[] = { NULL, "account", "subscription", "site" };

	json_obj(j);
	json_ki64(j, "id", c->id.v);
	json_ki64(j, "account", c->account.v);
	json_kstr(j, "name", c->name);
	json_kstr(j, "email", c->email);
	json_kstr(j, "phone", c->phone);
	json_kstr(j, "lang", c->lang);
	json_kstr(j, "zone", c->zone);
	json_key(j, "roles");
	json_arr(j);
	for (size_t i = 0; i < c->n_roles; i++) {
		json_obj(j);
		word(j, "role", contact_role_name(c->roles[i].role));
		word(j, "scope", scope[c->roles[i].scope]);
		json_ki64(j, "id", c->roles[i].scope_id);
		json_end_obj(j);
	}
	json_end_arr(j);
	json_ktime(j, "createdAt", c->created_at);
	json_ktime(j, "disabledAt", c->disabled_at);
	json_end_obj(j);
}

void api_plan(struct json *j, const struct plan *p)
{
	json_obj(j);
	json_kstr(j, "code", p->code);
	json_kstr(j, "name", p->name);
	json_kbool(j, "support", p->support);
	json_ki64(j, "rank", p->rank);
	id(j, "calendar", p->calendar.v);
	json_key(j, "quotaMonth");
	if (p->quota_month < 0)
		json_put_null(j);
	else
		json_i64(j, p->quota_month);
	json_kbool(j, "approval", p->approval);
	json_key(j, "channels");
	json_arr(j);
	for (int kind = TICKET_INCIDENT; kind <= TICKET_REQUEST; kind++)
		for (int crit = 0; crit <= 4; crit++)
			for (int ch = CHANNEL_FORM; ch <= CHANNEL_AGENT; ch++)
				if (p->channels[kind][crit] & 1 << ch) {
					json_obj(j);
					word(j, "kind", ticket_kind_name(kind));
					id(j, "criticality", crit);
					word(j, "channel", channel_name(ch));
					json_end_obj(j);
				}
	json_end_arr(j);
	json_key(j, "targets");
	json_arr(j);
	for (int crit = 1; crit <= 4; crit++)
		for (int m = METRIC_FIRST_RESPONSE; m <= METRIC_SOLUTION; m++)
			if (p->target[crit][m]) {
				json_obj(j);
				json_ki64(j, "criticality", crit);
				word(j, "metric", api_metric_name((enum metric)m));
				json_ki64(j, "minutes", p->target[crit][m]);
				id(j, "calendar", p->target_calendar[crit][m].v);
				json_ki64(j, "warn", p->warn[crit][m] ? p->warn[crit][m] : 75);
				word(j, "pauses", pause_words[p->pauses[crit][m] & 7]);
				json_end_obj(j);
			}
	json_end_arr(j);
	json_end_obj(j);
}

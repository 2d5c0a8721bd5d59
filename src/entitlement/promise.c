/* Words for promises and for courteous, exact refusals. The rules are entitlement.c's. */
#include "entitlement/promise.h"

static bool same_hours(const struct calendar *c, int a, int b)
{
	return memcmp(c->day[a], c->day[b], sizeof(c->day[a])) == 0;
}

struct str promise_hours(struct arena *a, const struct i18n *l, const struct calendar *c)
{
	const char *const day[] = { _(l, "Sun"), _(l, "Mon"), _(l, "Tue"), _(l, "Wed"), _(l, "Thu"), _(l, "Fri"), _(l, "Sat") };
	AUTO_BUF b;

	buf_init(&b, 2000);
	if (c->always)
		return str_of(_(l, "around the clock"));
	/* Monday first; runs of days with the same hours are one. */
	for (int i = 1; i <= 7;) {
		int d = i % 7, last = i;

		while (last < 7 && same_hours(c, d, (last + 1) % 7))
			last++;
		if (c->day[d][0].to) {
			buf_addz(&b, b.n ? ", " : "");
			buf_addf(&b, last > i ? "%s–%s" : "%s", day[d], day[last % 7]);
			for (int k = 0; k < CALENDAR_INTERVALS && c->day[d][k].to; k++)
				buf_addf(&b, "%s %02d:%02d–%02d:%02d", k ? "," : "", c->day[d][k].from / 60, c->day[d][k].from % 60,
					 c->day[d][k].to / 60, c->day[d][k].to % 60);
		}
		i = last + 1;
	}
	if (c->zone.n)
		buf_addf(&b, " (" STR_F ")", STR_A(c->zone));
	return arena_str(a, buf_str(&b));
}

struct str promise_text(struct arena *a, const struct i18n *l, const struct plan *p, const struct calendar *cal, enum ticket_kind kind,
			int criticality)
{
	if (kind == TICKET_REQUEST)
		return str_of(_(l, "Requests are handled by complexity and priority; the solution times of incidents do not apply to them."));
	int first = p->target[criticality][METRIC_FIRST_RESPONSE], solution = p->target[criticality][METRIC_SOLUTION];
	bool plan_hours = cal && !p->target_calendar[criticality][METRIC_FIRST_RESPONSE].v;
	struct str hours = plan_hours ? promise_hours(a, l, cal) : str_of(_(l, "around the clock"));
	struct str f = i18n_span(a, l, first * MINUTE_US), s = i18n_span(a, l, solution * MINUTE_US);

	if (first && solution)
		return TR_FILL(a, _(l, "First answer within {first}, solution within {solution}; counted {hours}."), { "first", f },
			       { "solution", s }, { "hours", hours });
	if (first)
		return TR_FILL(a, _(l, "First answer within {first}; counted {hours}."), { "first", f }, { "hours", hours });
	return str_of(_(l, "We answer as soon as we can."));
}

struct refusal_text promise_refusal(struct arena *a, const struct i18n *l, const struct entitlement *e, struct str zone)
{
	struct str since = i18n_date(a, l, e->since, zone, DATE_DAY), until = i18n_date(a, l, e->until, zone, DATE_DAY);
	struct str plan = e->plan.name, sub = e->sub.name;

	switch (e->verdict) {
	case ENT_NO_SUBSCRIPTION:
		return (struct refusal_text){ str_of(_(l, "Support needs a subscription")),
			str_of(_(l, "There is no subscription for your organisation yet.")) };
	case ENT_NOT_YET:
		return (struct refusal_text){ str_of(_(l, "Your subscription has not started yet")),
			TR_FILL(a, _(l, "Your subscription {name} starts on {date}. Support begins with it."), { "name", sub }, { "date", since }) };
	case ENT_EXPIRED:
		return (struct refusal_text){ str_of(_(l, "Your subscription has ended")),
			TR_FILL(a, _(l, "Your subscription {name} ended on {date}, and support ended with it."), { "name", sub }, { "date", since }) };
	case ENT_SUSPENDED:
		return (struct refusal_text){ str_of(_(l, "Your subscription is suspended")),
			TR_FILL(a, _(l, "Your subscription {name} has been suspended since {date}. Support goes on when it is active again."), { "name", sub }, { "date", since }) };
	case ENT_CANCELLED:
		return (struct refusal_text){ str_of(_(l, "Your subscription was cancelled")),
			TR_FILL(a, _(l, "Your subscription {name} was cancelled on {date}, and support ended with it."), { "name", sub }, { "date", since }) };
	case ENT_FREE_PLAN:
		return (struct refusal_text){ str_of(_(l, "Support comes with the paid plans")),
			TR_FILL(a, _(l, "Your plan {plan} has included the public knowledge base, but not support by our team, since {date}. Every paid plan includes it."), { "plan", plan }, { "date", since }) };
	case ENT_OVER_QUOTA:
		return (struct refusal_text){ str_of(_(l, "This month's tickets are used up")),
			TR_FILL(a, _(l, "Your plan {plan} includes {quota} tickets a month, and {used} have been opened. The next month starts on {date}."), { "plan", plan },
				{ "quota", arena_strf(a, "%lld", (long long)e->plan.quota_month) }, { "used", arena_strf(a, "%lld", (long long)e->used) }, { "date", until }) };
	case ENT_NO_ROLE:
		return (struct refusal_text){ str_of(_(l, "Your role may read tickets, not open them")),
			str_of(_(l, "You are an auditor of your organisation: you see its tickets and may not open or answer them.")) };
	case ENT_COVERED:
	case ENT_CHANNEL:
		break;
	}
	return (struct refusal_text){ STR(""), STR("") };
}

/* `carrel clock explain TICKET`: each minute of each promise of a ticket, counted or not, and why. */
#include "app/app.h"
#include "clock/clock.h"
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

struct explaining {
	struct app *app;
	int64_t number;
	struct instant now;
};

static struct str minutes(struct arena *a, int64_t us)
{
	int64_t rest = us < 0 ? -us : us;

	return arena_strf(a, "%s%lld:%02lld:%02lld", us < 0 ? "-" : "", (long long)(rest / HOUR_US), (long long)(rest / MINUTE_US % 60),
			  (long long)(rest / SECOND_US % 60));
}

static struct str moment(struct arena *a, struct instant t, const struct zone *z)
{
	return time_is_set(t) ? time_iso_in(a, t, z) : STR("-");
}

static enum rc cycle(struct arena *a, const struct clock_cycle *c, struct err *err)
{
	const struct zone *z = c->target->calendar ? calendar_zone(c->target->calendar) : NULL;
	struct clock_span *s;
	size_t n;
	int64_t sum = 0;
	enum rc rc = clock_explain(c, a, &s, &n, err);

	if (rc != RC_OK)
		return rc;
	printf("%s %d: %s, criticality %d, plan " STR_F "\n", clock_metric_name(c->metric), c->cycle, clock_state_name(c->state), c->criticality,
	       STR_A(c->policy->plan_code));
	printf("  goal %s  elapsed %s  remaining %s  due " STR_F "%s\n", minutes(a, c->goal).p, minutes(a, c->elapsed).p,
	       minutes(a, clock_remaining(c)).p, STR_A(moment(a, c->due_at, z)), time_is_set(c->breached_at) ? "  BREACHED" : "");
	for (size_t i = 0; i < c->n_promises && c->n_promises > 1; i++)
		printf("  promised since " STR_F ": goal %s, due " STR_F "%s%s" STR_F "%s" STR_F "\n", STR_A(moment(a, c->promises[i].since, z)),
		       minutes(a, c->promises[i].goal).p, STR_A(moment(a, c->promises[i].due, z)), c->promises[i].breached ? " (breached)" : "",
		       c->promises[i].who.n ? " by " : "", STR_A(c->promises[i].who), c->promises[i].why.n ? ": " : "", STR_A(c->promises[i].why));
	for (size_t i = 0; i < n; i++) {
		sum += s[i].counted ? s[i].to.us - s[i].from.us : 0;
		printf("  %-11s " STR_F "  " STR_F "  %10s  %s%s" STR_F "", s[i].counted ? "counted" : "not-counted", STR_A(moment(a, s[i].from, z)),
		       STR_A(moment(a, s[i].to, z)), minutes(a, s[i].to.us - s[i].from.us).p, clock_why_name(s[i].why), s[i].name.n ? ": " : "",
		       STR_A(s[i].name));
		printf(s[i].by.v ? " (event %lld)\n" : "\n", (long long)s[i].by.v);
	}
	printf("  counted in all %s%s\n", minutes(a, sum).p, sum == c->elapsed ? "" : "  WHICH IS NOT THE ELAPSED TIME");
	return RC_OK;
}

static enum rc explain_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct explaining *x = arg;
	struct arena *a = &x->app->arena;
	struct actor who = actor_system();
	struct clock_cycle *c;
	struct ticket t;
	size_t n;
	enum rc rc = ticket_find(tx, a, &who, x->number, &t, err);

	if (rc == RC_OK)
		rc = clock_find(tx, a, t.id, x->now, &c, &n, err);
	if (rc == RC_OK && n == 0)
		puts(t.kind == TICKET_REQUEST ? "No clock runs on a request." : "Nothing was promised for this incident.");
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = cycle(a, &c[i], err);
	return rc;
}

int cmd_clock(struct app *app, int argc, char **argv)
{
	struct err err = { 0 };
	struct explaining x = { .app = app, .now = time_now() };

	if (argc < 3 || strcmp(argv[1], "explain") != 0) {
		fprintf(stderr, "usage: carrel clock explain TICKET\n");
		return EX_USAGE;
	}
	enum rc rc = app_open(app, argv + 3, &err);
	if (rc == RC_OK)
		rc = ticket_number_parse(str_of(argv[2]), app->desk.config.prefix, &x.number);
	if (rc == RC_INVALID && !err.text[0])
		(void)fail(&err, rc, "\"%.40s\" is no ticket number, or its check digit is wrong", argv[2]);
	if (rc == RC_OK)
		rc = db_read(app->desk.db, explain_step, &x, &err);
	app_close(app);
	return rc == RC_OK ? EX_OK : app_complain("clock explain", &err);
}

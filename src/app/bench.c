/* `carrel bench`: which measurement is asked for, and deterministic data for them: plausible words, the same for the
 * same number of tickets. */
#include "app/bench.h"
#include "ticket/ticket.h"
#include "util/buf.h"
#include "util/log.h"
#include <stdio.h>
#include <sysexits.h>

static const char *const words[] = { "course",   "unit",        "learner",    "teacher",   "grade",     "quiz",
	                             "video",    "certificate", "discussion", "page",      "button",    "error",
	                             "blank",    "slow",        "login",      "password",  "enrolment", "export",
	                             "import",   "studio",      "section",    "report",    "browser",   "mobile",
	                             "deadline", "upload",      "image",      "link",      "theme",     "calendar",
	                             "submit",   "answer",      "problem",    "forum",     "cohort",    "team",
	                             "progress", "wiki",        "textbook",   "transcript" };

struct seeding {
	struct app *app;
	struct arena a;
	uint64_t rng;
	int64_t from, n;
	struct instant start; /* of the first ticket: all of them within the demo subscription's validity */
	int64_t gap_us;
	struct contact contact[50];
	size_t n_contacts;
	struct agent agent;
};

static uint32_t roll(struct seeding *s, uint32_t n) /* xorshift: speed and sameness matter here, secrecy does not */
{
	s->rng ^= s->rng << 13;
	s->rng ^= s->rng >> 7;
	s->rng ^= s->rng << 17;
	return (uint32_t)(s->rng >> 33) % n;
}

static struct str sentence(struct seeding *s, size_t n)
{
	AUTO_BUF b;

	buf_init(&b, 1 << 16);
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%s", i ? " " : "", words[roll(s, COUNT(words))]);
	return arena_str(&s->a, buf_str(&b));
}

static enum rc people(struct db_tx *tx, void *arg, struct err *err)
{
	struct seeding *s = arg;
	struct list_page page = { .max = COUNT(s->contact) };
	struct contact *at;
	struct agent *agents;
	size_t n = 0, n_agents = 0;
	bool more;
	enum rc rc = contact_list(tx, &s->a, (struct account_id){ 0 }, &page, &at, &n, &more, err);

	if (rc == RC_OK)
		rc = agent_list(tx, &s->a, &agents, &n_agents, err);
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		if (at[i].n_roles && at[i].roles[0].role >= CONTACT_OPERATOR &&
		    str_ends(at[i].email, STR("campus.example")))
			s->contact[s->n_contacts++] = at[i];
	if (rc == RC_OK && (s->n_contacts == 0 || n_agents == 0))
		rc = fail(err, RC_NOT_FOUND, "fill the desk with carrel demo first: its customers write the tickets");
	if (rc == RC_OK)
		s->agent = agents[0];
	return rc;
}

static enum rc batch(struct db_tx *tx, void *arg, struct err *err)
{
	struct seeding *s = arg;
	struct actor agent = actor_of_agent(&s->agent);
	struct arena scratch;
	enum rc rc = RC_OK;

	arena_init(&scratch);
	for (int64_t i = 0; i < s->n && rc == RC_OK; i++) {
		const struct contact *c = &s->contact[roll(s, (uint32_t)s->n_contacts)];
		struct actor who = actor_of_contact(c);
		struct instant at = time_add(s->start, (s->from + i) * s->gap_us);
		struct ticket_opened opened;
		struct message_id id;
		bool incident = roll(s, 3) == 0;
		struct ticket_new t = { .account = c->account,
			                .contact = c->id,
			                .kind = incident ? TICKET_INCIDENT : TICKET_REQUEST,
			                .criticality = incident ? 1 + (int)roll(s, 4) : 0,
			                .channel = CHANNEL_FORM,
			                .subject = sentence(s, 6),
			                .text = sentence(s, 60),
			                .opened_at = at };

		rc = ticket_open(tx, &scratch, &who, at, &t, &opened, err);
		if (rc == RC_OK && roll(s, 5) != 0) {
			struct message_new m = { .text = sentence(s, 40), .channel = CHANNEL_AGENT };

			rc = ticket_say(tx, &scratch, &agent, time_add(at, HOUR_US), opened.number, &m,
			                (struct event_id){ 0 }, &id, err);
			if (rc == RC_OK && roll(s, 10) != 0)
				rc = ticket_resolve(tx, &scratch, &agent, time_add(at, 2 * HOUR_US), opened.number,
				                    sentence(s, 12), (struct event_id){ 0 }, err);
		}
		arena_clear(&scratch);
	}
	arena_release(&scratch);
	return rc;
}

int bench_seed(struct app *app, const struct bench_options *o, char *const *flags)
{
	struct seeding s = { .app = app, .rng = UINT64_C(88172645463325252) };
	struct err err = { 0 };
	int64_t total = o->tickets;

	arena_init(&s.a);
	s.gap_us = 190 * DAY_US / total < MINUTE_US ? 190 * DAY_US / total : MINUTE_US;
	s.start = time_add(time_now(), -(total + 200) * s.gap_us);
	enum rc rc = app_open(app, flags, &err);

	if (rc == RC_OK)
		rc = db_read(app->desk.db, people, &s, &err);
	for (s.from = 0; s.from < total && rc == RC_OK; s.from += s.n) {
		s.n = total - s.from < 200 ? total - s.from : 200;
		rc = db_write(app->desk.db, batch, &s, &err);
	}
	app_close(app);
	arena_release(&s.a);
	if (rc != RC_OK)
		return app_complain("bench seed", &err);
	printf("%lld tickets\n", (long long)total);
	return EX_OK;
}

/* ---- the command ---- */

static bool option(struct bench_options *o, const char *name, struct str value)
{
	const struct {
		const char *name;
		int64_t *to;
	} numbers[] = {
		{"--tickets",      &o->tickets    },
		{ "--seconds",     &o->seconds    },
		{ "--connections", &o->connections},
		{ "--times",       &o->times      }
	};

	for (size_t i = 0; i < COUNT(numbers); i++)
		if (strcmp(name, numbers[i].name) == 0) {
			if (str_to_i64(value, numbers[i].to) != RC_OK)
				*numbers[i].to = 0;
			return true;
		}
	if (strcmp(name, "--to") == 0)
		o->to = value;
	else if (strcmp(name, "--rcpt") == 0)
		o->rcpt = value;
	else
		return false;
	return true;
}

/* Options of the measurement are taken out; the rest is configuration. */
int cmd_bench(struct app *app, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(struct app *app, const struct bench_options *o, char *const *flags);
	} parts[] = {
		{"seed",     bench_seed   },
                { "commits", bench_commits},
                { "lmtp",    bench_lmtp   },
                { "search",  bench_search },
		{ "clocks",  bench_clocks },
		{ "calendar", bench_calendar },
		{ "mails",    bench_mails }
	};
	struct bench_options o = { .tickets = 1000, .seconds = 4, .connections = 16, .times = 400 };
	int n = 2;

	for (int i = 2; i < argc; i++) {
		if (i + 1 < argc && option(&o, argv[i], str_of(argv[i + 1])))
			i++;
		else
			argv[n++] = argv[i];
	}
	argv[n < argc ? n : argc] = NULL;
	bool good = argc >= 2 && o.tickets > 0 && o.seconds > 0 && o.connections > 0 && o.connections <= 1000 &&
	            o.times > 0;

	for (size_t i = 0; good && i < COUNT(parts); i++)
		if (strcmp(argv[1], parts[i].name) == 0)
			return parts[i].run(app, &o, argv + 2);
	fprintf(stderr, "usage: carrel bench seed [--tickets N] | commits [--seconds N] | search [--times N] |\n"
	                "       clocks | calendar [--times N] | mails [--seconds N] |\n"
	                "       lmtp --to HOST:PORT --rcpt ADDRESS [--connections N] [--seconds N]\n");
	return EX_USAGE;
}

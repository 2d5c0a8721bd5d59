/* Which events are told as what, in which words, and the reader that writes the rows. Browsers are told at once, in the
 * same transaction, by a job a person; mails are mails.c's. */
#include "clock/clock.h"
#include "notice/notice_private.h"
#include "oncall/push.h"
#include <jansson.h>

/* ---- what it is ---- */

static const struct {
	const char *kind;
	int what;
} told_as[] = {
	{EV_TICKET_OPENED,   NOTICE_NEW        },
        { EV_ASSIGNED,       NOTICE_ASSIGNED   },
        { EV_TEAM,           NOTICE_ASSIGNED   },
	{ EV_MESSAGE,        NOTICE_CUSTOMER   },
        { EV_REOPENED,       NOTICE_CUSTOMER   },
        { EV_CALLBACK,       NOTICE_CUSTOMER   },
	{ EV_APPROVAL,       NOTICE_CUSTOMER   },
        { EV_NOTE,           NOTICE_NOTE       },
        { EV_STATE,          NOTICE_CHANGED    },
	{ EV_CRITICALITY,    NOTICE_CHANGED    },
        { EV_KIND,           NOTICE_CHANGED    },
        { EV_PRIORITY,       NOTICE_CHANGED    },
	{ EV_RESOLVED,       NOTICE_SOLVED     },
        { EV_CLOCK_WARNED,   NOTICE_DUE        },
        { EV_CLOCK_BREACHED, NOTICE_DUE        },
	{ EV_MAIL_FAILED,    NOTICE_UNDELIVERED},
        { EV_RATED,          NOTICE_RATED      },
        { EV_CONFIRMED,      NOTICE_RATED      },
};

struct facts {
	json_t *j;
};
static void facts_end(struct facts *f)
{
	json_decref(f->j);
}
#define FACTS(name, data) CLEANUP(facts_end) struct facts name = { json_loadb((data).p, (data).n, 0, NULL) }

static struct str fact(struct arena *a, const struct facts *f, const char *name)
{
	const json_t *v = json_object_get(f->j, name);

	if (json_is_integer(v))
		return arena_strf(a, "%lld", (long long)json_integer_value(v));
	return json_is_string(v) ? arena_str(a, (struct str){ json_string_value(v), json_string_length(v) }) : STR("");
}

/* 0: nobody is told. *ret_to: the agent it was given to. */
static int what_of(const struct event *e, struct agent_id *ret_to)
{
	FACTS(f, e->data);
	int what = 0;

	for (size_t i = 0; i < COUNT(told_as) && !what; i++)
		if (str_is(e->kind, told_as[i].kind))
			what = told_as[i].what;
	if (str_is(e->kind, EV_MESSAGE) &&
	    (e->actor_kind == ACTOR_AGENT || json_is_true(json_object_get(f.j, "automatic"))))
		what = NOTICE_SUPPORT;
	if (str_is(e->kind, EV_CALLBACK) && json_is_true(json_object_get(f.j, "done")))
		what = 0;
	if (str_is(e->kind, EV_APPROVAL) && strcmp(json_string_value(json_object_get(f.j, "what")) ?: "", "asked") == 0)
		what = 0;
	/* What the program does by itself is news to nobody: a state that follows from an answer, a ticket closed in
	 * time. */
	if (what == NOTICE_CHANGED && e->actor_kind != ACTOR_AGENT)
		what = 0;
	if (str_is(e->kind, EV_TEAM) && !json_integer_value(json_object_get(f.j, "to_id")))
		what = 0;
	if (str_is(e->kind, EV_ASSIGNED))
		ret_to->v = json_integer_value(json_object_get(f.j, "to_id"));
	return what;
}

/* ---- in words ---- */

static struct str state_word(const struct i18n *l, struct str to, struct str waiting)
{
	enum ticket_state s;

	if (ticket_state_parse(to, &s) != RC_OK)
		return to;
	switch (s) {
	case STATE_OPEN:
		return str_of(_(l, "Open"));
	case STATE_WAITING:
		return str_of(str_is(waiting, "customer") ? _(l, "Waiting for the customer")
		                                          : _(l, "Waiting for others"));
	case STATE_RESOLVED:
		return str_of(_(l, "Resolved"));
	case STATE_CLOSED:
		return str_of(_(l, "Closed"));
	case STATE_NEW:
		break;
	}
	return str_of(_(l, "New"));
}

static const char *metric_word(const struct i18n *l, struct str metric)
{
	return str_is(metric, "first-response")  ? _(l, "The first answer")
	       : str_is(metric, "next-response") ? _(l, "The next answer")
	       : str_is(metric, "update")        ? _(l, "The next update")
	                                         : _(l, "The solution");
}

static struct str of_message(struct arena *a, const struct i18n *l, const struct notice *n, const struct facts *f)
{
	if (json_is_true(json_object_get(f->j, "automatic")))
		return str_of(_(l, "An automatic mail came:"));
	return n->what == NOTICE_SUPPORT ? TR_FILL(a, _(l, "{who} answered:"), { "who", n->actor })
	                                 : TR_FILL(a, _(l, "{who} wrote:"), { "who", n->actor });
}

static struct str of_clock(struct arena *a, const struct i18n *l, struct str zone, const struct notice *n,
                           const struct facts *f)
{
	struct str due = fact(a, f, "due");
	struct instant at;
	struct str when = time_parse_iso(due, &at) == RC_OK ? i18n_date(a, l, at, zone, DATE_MINUTE) : due;
	struct str metric = str_of(metric_word(l, fact(a, f, "metric")));

	return str_is(n->kind, EV_CLOCK_BREACHED)
	               ? TR_FILL(a, _(l, "{promise} was due {when} and is late."), { "promise", metric },
	                         { "when", when })
	               : TR_FILL(a, _(l, "{promise} is due {when}."), { "promise", metric }, { "when", when });
}

static struct str of_rating(struct arena *a, const struct i18n *l, const struct notice *n, const struct facts *f)
{
	struct str r = fact(a, f, "rating"), c = fact(a, f, "comment");
	const char *word = str_is(r, "3") || str_is(r, "good")  ? _(l, "good")
	                   : str_is(r, "1") || str_is(r, "bad") ? _(l, "bad")
	                                                        : _(l, "fair");

	return c.n ? TR_FILL(a, _(l, "{who} says our help was {rating}: {comment}"), { "who", n->actor },
	                     { "rating", str_of(word) }, { "comment", c })
	           : TR_FILL(a, _(l, "{who} says our help was {rating}."), { "who", n->actor },
	                     { "rating", str_of(word) });
}

#define N_(text)     text
#define WHO(text)    TR_FILL(a, _(l, text), { "who", n->actor })
#define WHO_TO(text) TR_FILL(a, _(l, text), { "who", n->actor }, { "to", fact(a, &f, "to") })

struct str notice_sentence(struct arena *a, const struct i18n *l, struct str zone, const struct notice *n)
{
	FACTS(f, n->data);

	if (str_is(n->kind, EV_TICKET_OPENED))
		return WHO(N_("{who} opened it."));
	if (str_is(n->kind, EV_MESSAGE))
		return of_message(a, l, n, &f);
	if (str_is(n->kind, EV_NOTE))
		return WHO(N_("{who} noted:"));
	if (str_is(n->kind, EV_ASSIGNED))
		return fact(a, &f, "to").n ? WHO_TO(N_("{who} assigned it to {to}."))
		                           : WHO(N_("{who} assigned it to nobody."));
	if (str_is(n->kind, EV_TEAM))
		return WHO_TO(N_("{who} gave it to the team {to}."));
	if (str_is(n->kind, EV_REOPENED))
		return WHO(N_("{who} opened it again."));
	if (str_is(n->kind, EV_CALLBACK))
		return WHO(N_("{who} asks to be called."));
	if (str_is(n->kind, EV_APPROVAL))
		return str_is(fact(a, &f, "what"), "approved") ? WHO(N_("{who} approved it."))
		                                               : WHO(N_("{who} did not approve it."));
	if (str_is(n->kind, EV_STATE))
		return TR_FILL(a, _(l, "{who} set the state to: {to}"), { "who", n->actor },
		               { "to", state_word(l, fact(a, &f, "to"), fact(a, &f, "waiting_for")) });
	if (str_is(n->kind, EV_CRITICALITY))
		return TR_FILL(a, _(l, "{who} changed the criticality from {from} to {to}"), { "who", n->actor },
		               { "from", fact(a, &f, "from") }, { "to", fact(a, &f, "to") });
	if (str_is(n->kind, EV_KIND))
		return str_is(fact(a, &f, "to"), "incident") ? WHO(N_("{who} made it an incident"))
		                                             : WHO(N_("{who} made it a request"));
	if (str_is(n->kind, EV_PRIORITY))
		return WHO_TO(N_("{who} set the priority to {to}"));
	if (str_is(n->kind, EV_RESOLVED))
		return TR_FILL(a, _(l, "{who} solved it: {resolution}"), { "who", n->actor },
		               { "resolution", fact(a, &f, "resolution") });
	if (str_is(n->kind, EV_CLOCK_WARNED) || str_is(n->kind, EV_CLOCK_BREACHED))
		return of_clock(a, l, zone, n, &f);
	if (str_is(n->kind, EV_MAIL_FAILED))
		return TR_FILL(a, _(l, "A mail to {to} did not arrive: {error}"), { "to", fact(a, &f, "to") },
		               { "error", fact(a, &f, "error") });
	if (str_is(n->kind, EV_RATED))
		return of_rating(a, l, n, &f);
	if (str_is(n->kind, EV_CONFIRMED))
		return WHO(N_("{who} says it is solved."));
	return WHO(N_("{who} changed it."));
}

/* ---- the reader ---- */

static enum rc push(struct db_tx *tx, struct arena *a, const struct desk *d, const struct event *e, struct instant now,
                    struct err *err)
{
	struct notice_told *to;
	struct notice n;
	size_t n_to;
	enum rc rc = notice_pushed(tx, a, e->id, &to, &n_to, err);

	if (rc == RC_OK && n_to)
		rc = notice_of_event(tx, a, e->id, &n, err);
	for (size_t i = 0; i < n_to && rc == RC_OK; i++) {
		const struct i18n *l = i18n_lang(to[i].lang);
		struct str number = ticket_number_text(a, d->config.prefix, n.number),
		           zone = to[i].zone.n ? to[i].zone : d->config.zone;

		if (notice_quiet(&to[i].rhythm, str_z(a, zone), now))
			continue;
		n.what = what_of(e, &(struct agent_id){ 0 });
		rc = push_queue(tx, a, (struct agent_id){ to[i].person.id },
		                arena_strf(a, STR_F " " STR_F, STR_A(number), STR_A(n.subject)),
		                arena_strf(a, STR_F " " STR_F, STR_A(notice_sentence(a, l, zone, &n)),
		                           STR_A(n.text.p ? n.text : STR(""))),
		                arena_strf(a, "/desk/tickets/" STR_F, STR_A(number)),
		                arena_strf(a, "t%lld", (long long)n.number),
		                arena_strf(a, "notice:%lld:%lld", (long long)e->id.v, (long long)to[i].person.id), now,
		                err);
	}
	return rc;
}

/* An answer opens its ticket, and a solution resolves it: one thing to tell, not two. */
static bool follows_from(const struct event *events, size_t i)
{
	const struct event *e = &events[i];

	for (size_t j = i; str_is(e->kind, EV_STATE) && j-- > 0 && events[j].at.us == e->at.us;)
		if (events[j].ticket.v == e->ticket.v && events[j].actor_id == e->actor_id &&
		    (str_is(events[j].kind, EV_MESSAGE) || str_is(events[j].kind, EV_RESOLVED)))
			return true;
	return false;
}

static enum rc handle(struct db_tx *tx, const struct event *events, size_t n, void *arg, struct err *err)
{
	const struct notice_teller *t = arg;
	struct instant now = t->now ? *t->now : time_now();
	enum rc rc = RC_OK;
	AUTO_ARENA a;

	arena_init(&a);
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		const struct event *e = &events[i];
		struct agent_id to = { 0 };
		int what = e->ticket.v && e->at.us > now.us - NEWS_US ? what_of(e, &to) : 0;
		int64_t told = 0;

		if (!what || follows_from(events, i))
			continue;
		rc = notice_spread(tx, e, what, to, &told, err);
		if (rc == RC_OK && told)
			rc = push(tx, &a, t->desk, e, now, err);
	}
	return rc;
}

struct event_reader notice_reader(const struct notice_teller *t)
{
	return (struct event_reader){ .name = "notice", .batch = 50, .handle = handle, .arg = (void *)(uintptr_t)t };
}

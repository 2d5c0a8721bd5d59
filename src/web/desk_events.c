/* What happened to a ticket, one line an event, in the words of the workspace's timeline. What an event holds is
 * event/event.h's; which of them stand there at all is desk_thread.c's. */
#include "call/call.h"
#include "clock/clock.h"
#include "oncall/oncall.h"
#include "ticket/problem.h"
#include "web/desk_view.h"
#include "web/web.h"
#include <jansson.h>

struct telling {
	const struct req *q;
	const struct i18n *l;
	struct arena *a;
	const struct event *e;
	json_t *data;
};

static struct str word(const struct telling *t, const char *key)
{
	json_t *v = json_object_get(t->data, key);

	if (json_is_integer(v))
		return arena_strf(t->a, "%lld", (long long)json_integer_value(v));
	return json_is_string(v) ? arena_str(t->a, (struct str){ json_string_value(v), json_string_length(v) })
	                         : STR_NULL;
}

static int64_t number(const struct telling *t, const char *key)
{
	return json_integer_value(json_object_get(t->data, key));
}

static struct str with_reason(const struct telling *t, struct str sentence, const char *key)
{
	struct str reason = word(t, key);

	return reason.n ? arena_strf(t->a, STR_F ": " STR_F, STR_A(sentence), STR_A(reason)) : sentence;
}

#define SAY(t, text, ...) TR_FILL((t)->a, _((t)->l, text), { "who", (t)->e->actor }, __VA_ARGS__)
#define SAY_WHO(t, text)  TR_FILL((t)->a, _((t)->l, text), { "who", (t)->e->actor })

static struct str say_opened(const struct telling *t)
{
	return json_is_true(json_object_get(t->data, "not_phoned"))
	               ? SAY_WHO(t, N_("{who} opened the ticket, claimed it critical and did not telephone"))
	               : SAY_WHO(t, N_("{who} opened the ticket"));
}

static struct str say_assigned(const struct telling *t)
{
	struct str to = word(t, "to"), from = word(t, "from");

	if (!to.n)
		return SAY(t, N_("{who} took the ticket off {from}"), { "from", from.n ? from : STR("–") });
	if (t->e->actor_kind == ACTOR_AGENT && number(t, "to_id") == t->e->actor_id)
		return SAY_WHO(t, N_("{who} took the ticket"));
	return SAY(t, N_("{who} assigned the ticket to {to}"), { "to", to });
}

static struct str say_team(const struct telling *t)
{
	struct str to = word(t, "to"), from = word(t, "from");

	if (!to.n)
		return SAY(t, N_("{who} took the ticket from the team {from}"), { "from", from.n ? from : STR("–") });
	return SAY(t, N_("{who} gave the ticket to the team {to}"), { "to", to });
}

static struct str say_state(const struct telling *t)
{
	enum ticket_state s = STATE_OPEN;

	if (ticket_state_parse(word(t, "to"), &s) != RC_OK)
		return SAY_WHO(t, N_("{who} changed the state"));
	return SAY(t, N_("{who} set the state to: {to}"),
	           { "to", str_of(desk_state(t->l, s,
	                                     str_is(word(t, "waiting_for"), "customer") ? WAITING_CUSTOMER
	                                                                                : WAITING_OTHERS)) });
}

static struct str say_complexity(const struct telling *t)
{
	struct str to = str_of(desk_complexity(t->l, (int)number(t, "to")));

	return with_reason(t, SAY(t, N_("{who} set the complexity to {to}"), { "to", to }), "reason");
}

static struct str say_kind(const struct telling *t)
{
	return with_reason(t,
	                   str_is(word(t, "to"), "incident") ? SAY_WHO(t, N_("{who} made it an incident"))
	                                                     : SAY_WHO(t, N_("{who} made it a request")),
	                   "reason");
}

static const char *field_name(const struct i18n *l, const char *name)
{
	static const struct {
		const char *name, *label;
	} fields[] = {
		{"subject",         N_("subject")      },
                { "course",         N_("course")       },
		{ "unit",           N_("unit")         },
                { "affected_email", N_("affected user")},
		{ "link",           N_("link")         },
                { "wanted_on",      N_("wished date")  },
	};

	for (size_t i = 0; i < COUNT(fields); i++)
		if (strcmp(fields[i].name, name) == 0)
			return tr(l, fields[i].label);
	return name;
}

static struct str say_fields(const struct telling *t)
{
	AUTO_BUF b;
	const char *name;
	json_t *pair;

	buf_init(&b, 64 << 10);
	json_object_foreach(json_object_get(t->data, "changed"), name, pair)
	{
		const char *from = json_string_value(json_array_get(pair, 0)),
		           *to = json_string_value(json_array_get(pair, 1));

		buf_addf(&b, "%s%s: %s → %s", b.n ? "; " : "", field_name(t->l, name), from && *from ? from : "–",
		         to && *to ? to : "–");
	}
	return SAY(t, N_("{who} changed {what}"), { "what", arena_str(t->a, buf_str(&b)) });
}

static struct str say_rated(const struct telling *t)
{
	int64_t v = number(t, "rating");
	const char *rating = v == 3 ? _(t->l, "good") : v == 2 ? _(t->l, "fair") : _(t->l, "bad");

	return with_reason(t, SAY(t, N_("{who} rated our help: {rating}"), { "rating", str_of(rating) }), "comment");
}

static struct str say_callback(const struct telling *t)
{
	if (json_is_true(json_object_get(t->data, "done")))
		return SAY_WHO(t, N_("{who} called back"));
	return SAY(t, N_("{who} asked to be called at {phone}"), { "phone", word(t, "phone") });
}

static struct str say_participant(const struct telling *t)
{
	return json_is_true(json_object_get(t->data, "accepted"))
	               ? SAY(t, N_("{who} accepted {email} as a participant"), { "email", word(t, "email") })
	               : SAY(t, N_("{who} removed {email} from the participants"), { "email", word(t, "email") });
}

static struct str say_criticality(const struct telling *t)
{
	struct str s = SAY(t, N_("{who} changed the criticality from {from} to {to}"), { "from", word(t, "from") },
	                   { "to", word(t, "to") });

	return with_reason(t, s, "reason");
}

static struct str say_priority(const struct telling *t)
{
	return with_reason(t, SAY(t, N_("{who} set the priority to {to}"), { "to", word(t, "to") }), "reason");
}

static struct str say_resolved(const struct telling *t)
{
	return with_reason(t, SAY_WHO(t, N_("{who} resolved the ticket")), "resolution");
}

static struct str say_reopened(const struct telling *t)
{
	return with_reason(t, SAY_WHO(t, N_("{who} reopened the ticket")), "reason");
}

static struct str say_confirmed(const struct telling *t)
{
	return SAY_WHO(t, N_("{who} confirmed that it is solved"));
}

static struct str say_closed(const struct telling *t)
{
	return str_of(_(t->l, "The ticket was closed"));
}

static struct str say_mail_failed(const struct telling *t)
{
	struct str to = word(t, "to");

	return with_reason(t,
	                   TR_FILL(t->a, _(t->l, "The mail to {to} was not delivered"), { "to", to.n ? to : STR("–") }),
	                   "error");
}

static struct str say_mail_again(const struct telling *t)
{
	struct str to = word(t, "to");

	return TR_FILL(t->a, _(t->l, "The failed mail to {to} was sent again"), { "to", to.n ? to : STR("–") });
}

static struct str say_followed(const struct telling *t)
{
	return str_is(word(t, "what"), "left") ? SAY_WHO(t, N_("{who} does not follow it any more")) : SAY_WHO(t, N_("{who} follows it"));
}

static struct str say_mail_automatic(const struct telling *t)
{
	return str_of(_(t->l, "An automatic mail was filed"));
}

static const char *clock_word(const struct telling *t)
{
	struct str m = word(t, "metric");

	return str_is(m, "first-response")  ? _(t->l, "first answer")
	       : str_is(m, "next-response") ? _(t->l, "next answer")
	       : str_is(m, "update")        ? _(t->l, "next update")
	                                    : _(t->l, "solution");
}

static struct str say_clock_warned(const struct telling *t)
{
	return TR_FILL(t->a, _(t->l, "Most of the promised time has passed: {what}"), { "what", str_of(clock_word(t)) });
}

static struct str say_clock_breached(const struct telling *t)
{
	return TR_FILL(t->a, _(t->l, "The promise was not kept: {what}"), { "what", str_of(clock_word(t)) });
}

static struct str say_paged(const struct telling *t)
{
	const json_t *to = json_object_get(t->data, "to"), *v;
	size_t i;
	AUTO_BUF b;

	buf_init(&b, 2000);
	json_array_foreach(to, i, v)
		buf_addf(&b, "%s%s", b.n ? ", " : "", json_string_value(v));
	if (b.n == 0 && number(t, "webhooks") == 0)
		return str_of(_(t->l, "Paged nobody: nobody is on duty"));
	return TR_FILL(t->a, _(t->l, "Paged {who} (step {step}, round {round})"), { "who", b.n ? arena_str(t->a, buf_str(&b)) : STR("webhook") },
		       { "step", word(t, "step") }, { "round", word(t, "round") });
}

static struct str say_acknowledged(const struct telling *t)
{
	return t->e->actor_kind == ACTOR_AGENT ? TR_FILL(t->a, _(t->l, "{who} answered the page"), { "who", t->e->actor })
					       : str_of(_(t->l, "Somebody has the ticket: paging stopped"));
}

/* What happened on the telephone; the names of people come with the event. */
static struct str say_call(const struct telling *t)
{
	struct str what = word(t, "what"), result = word(t, "result");
	static const struct {
		const char *result, *text;
	} legs[] = {
		{"accepted",      N_("An engineer's telephone was answered: taken with 1")          },
		{ "declined",     N_("An engineer's telephone was answered: passed on")             },
		{ "not-accepted", N_("An engineer's telephone was answered, but nobody pressed 1")  },
		{ "busy",         N_("An engineer's telephone is busy")                             },
		{ "no-answer",    N_("An engineer's telephone rang and nobody answered")            },
	};

	if (str_is(what, "opened"))
		return TR_FILL(t->a, _(t->l, "Call from {from}: the incident is open"), { "from", word(t, "from") });
	if (str_is(what, "recorded"))
		return str_of(_(t->l, "A recording of the call was added"));
	if (str_is(what, "accepted"))
		return TR_FILL(t->a, _(t->l, "{who} has the call"), { "who", t->e->actor });
	if (str_is(what, "page"))
		return str_of(_(t->l, "No engineer took the call: everybody is paged"));
	if (str_is(what, "attached"))
		return TR_FILL(t->a, _(t->l, "{who} filed a call from {from} here"), { "who", t->e->actor },
		               { "from", word(t, "from") });
	if (str_is(what, "ended"))
		return str_of(_(t->l, "The call is over"));
	for (size_t i = 0; i < COUNT(legs); i++)
		if (str_is(result, legs[i].result))
			return str_of(_(t->l, legs[i].text));
	return str_of(_(t->l, "An engineer could not be rung"));
}

static struct str say_problem(const struct telling *t)
{
	struct str what = word(t, "what"), title = word(t, "title");

	if (str_is(what, "declared"))
		return TR_FILL(t->a, _(t->l, "{who} made it a known problem: {title}"), { "who", t->e->actor }, { "title", title });
	if (str_is(what, "joined"))
		return TR_FILL(t->a, _(t->l, "{who} is affected by the known problem: {title}"), { "who", t->e->actor },
		               { "title", title });
	if (str_is(what, "taken-out"))
		return TR_FILL(t->a, _(t->l, "{who} took it out of the known problem: {title}"), { "who", t->e->actor },
		               { "title", title });
	if (str_is(what, "solved"))
		return TR_FILL(t->a, _(t->l, "The known problem is solved: {title}"), { "title", title });
	if (str_is(what, "shown"))
		return TR_FILL(t->a, _(t->l, "{who} shows the known problem to all customers"), { "who", t->e->actor });
	if (str_is(what, "update"))
		return TR_FILL(t->a, _(t->l, "{who} told all customers who have the known problem"), { "who", t->e->actor });
	if (str_is(what, "hidden"))
		return TR_FILL(t->a, _(t->l, "{who} hides the known problem from other customers"), { "who", t->e->actor });
	return TR_FILL(t->a, _(t->l, "{who} put it under the known problem: {title}"), { "who", t->e->actor },
	               { "title", title });
}

static struct str say_approval(const struct telling *t)
{
	struct str what = word(t, "what");

	if (str_is(what, "asked"))
		return str_of(_(t->l, "A manager of the account is asked to approve it"));
	if (str_is(what, "approved"))
		return TR_FILL(t->a, _(t->l, "{who} approved it"), { "who", t->e->actor });
	return TR_FILL(t->a, _(t->l, "{who} declined it: {reason}"), { "who", t->e->actor }, { "reason", word(t, "reason") });
}

static struct str say_checklist(const struct telling *t)
{
	static const struct {
		const char *what, *words;
	} of[] = { { "type", N_("{who} chose the type of request: {text}") }, { "added", N_("{who} put on the checklist: {text}") },
		   { "done", N_("{who} did: {text}") }, { "undone", N_("{who} says it is not done: {text}") },
		   { "dropped", N_("{who} took off the checklist: {text}") } };

	for (size_t i = 0; i < COUNT(of); i++)
		if (str_is(word(t, "what"), of[i].what))
			return TR_FILL(t->a, tr(t->l, of[i].words), { "who", t->e->actor }, { "text", word(t, "text") });
	return STR_NULL;
}

static struct str say_exhausted(const struct telling *t)
{
	return str_of(_(t->l, "Nobody answered the pages"));
}

static struct str say_page_handed(const struct telling *t)
{
	int64_t number = 0;

	if (str_to_i64(word(t, "via"), &number) != RC_OK)
		return STR_NULL;
	return TR_FILL(t->a, _(t->l, "The paging for {number} goes on here: it is part of this known problem"), { "number", desk_number(t->q, number) });
}

static struct str say_page_ended(const struct telling *t)
{
	if (str_is(word(t, "via"), "problem"))
		return str_of(_(t->l, "Paging goes on at the known problem that it is part of"));
	return str_of(_(t->l, "Paging ended with the ticket"));
}

/* Clocks turn with what is told already; only what needs somebody is a line of its own. */
bool desk_event_silent(const struct event *e)
{
	return str_starts(e->kind, STR("clock.")) && !str_is(e->kind, EV_CLOCK_WARNED) && !str_is(e->kind, EV_CLOCK_BREACHED);
}

struct str desk_event_words(const struct req *q, const struct event *e)
{
	static const struct {
		const char *kind;
		struct str (*say)(const struct telling *t);
	} words[] = {
		{EV_TICKET_OPENED,   say_opened        },
		{ EV_ASSIGNED,       say_assigned      },
		{ EV_TEAM,           say_team          },
		{ EV_STATE,          say_state         },
		{ EV_CRITICALITY,    say_criticality   },
		{ EV_KIND,           say_kind          },
		{ EV_COMPLEXITY,     say_complexity    },
		{ EV_PRIORITY,       say_priority      },
		{ EV_FIELDS,         say_fields        },
		{ EV_RESOLVED,       say_resolved      },
		{ EV_REOPENED,       say_reopened      },
		{ EV_CONFIRMED,      say_confirmed     },
		{ EV_CLOSED,         say_closed        },
		{ EV_RATED,          say_rated         },
		{ EV_CALLBACK,       say_callback      },
		{ EV_PARTICIPANT,    say_participant   },
		{ EV_PROBLEM,        say_problem       },
		{ EV_APPROVAL,       say_approval      },
		{ EV_CHECKLIST,      say_checklist     },
		{ EV_CALL,           say_call          },
		{ EV_FOLLOWED,       say_followed      },
		{ EV_MAIL_FAILED,    say_mail_failed   },
		{ EV_MAIL_AGAIN,     say_mail_again    },
		{ EV_MAIL_AUTOMATIC, say_mail_automatic},
		{ EV_ONCALL_PAGED,   say_paged         },
		{ EV_ONCALL_ACKNOWLEDGED, say_acknowledged },
		{ EV_ONCALL_EXHAUSTED, say_exhausted   },
		{ EV_ONCALL_ENDED,   say_page_ended    },
		{ EV_ONCALL_HANDED,  say_page_handed   },
		{ EV_CLOCK_WARNED,   say_clock_warned  },
		{ EV_CLOCK_BREACHED, say_clock_breached},
	};
	struct telling t = { .q = q, .l = web_lang(q), .a = q->arena, .e = e };
	struct str s = e->kind; /* one that is not known here is told by its word */

	t.data = json_loadb(e->data.p ? e->data.p : "", e->data.n, 0, NULL);
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_is(e->kind, words[i].kind))
			s = words[i].say(&t);
	json_decref(t.data);
	return s;
}

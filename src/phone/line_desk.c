/* What the desk answers and orders, and the connection to it: tried again until it is there, and told how the line
 * is. */
#include "phone/line_private.h"
#include <sys/resource.h>
#include <time.h>

static int roster_of(const json_t *list, struct engineer ret[DIALOG_ROSTER])
{
	int n = 0;
	size_t i;
	json_t *e;

	json_array_foreach((json_t *)(uintptr_t)list, i, e)
	{
		const char *number = json_string_value(json_object_get(e, "number"));

		if (!number || n == DIALOG_ROSTER || strlen(number) >= sizeof(ret[n].number))
			continue;
		ret[n].agent = json_integer_value(json_object_get(e, "agent"));
		snprintf(ret[n++].number, sizeof(ret[0].number), "%s", number);
	}
	return n;
}

static struct call *find(struct line *l, const char *key)
{
	for (struct le *le = list_head(&l->calls); le && key; le = le->next)
		if (strcmp(((struct call *)le->data)->key, key) == 0)
			return le->data;
	return NULL;
}

static enum prompt_lang lang_of(const json_t *o, enum prompt_lang fallback)
{
	const char *s = json_string_value(json_object_get(o, "lang"));

	return !s ? fallback : strncmp(s, "es", 2) == 0 ? PROMPT_ES : PROMPT_EN;
}

static void answer_open(struct call *c, const json_t *answer)
{
	const json_t *roster = json_object_get(answer, "roster");
	const char *callback = json_string_value(json_object_get(answer, "callback"));

	if (roster)
		c->d.roster = roster_of(roster, c->roster);
	if (callback && strlen(callback) < sizeof(c->callee)) /* on file: what a caller shows as number is not called */
		snprintf(c->callee, sizeof(c->callee), "%s", callback);
	call_happen(c, (struct dialog_event){ .kind = DE_OPENED,
	                                      .number = json_integer_value(json_object_get(answer, "number")),
	                                      .roster = c->d.roster });
}

static void line_hello(struct line *l, const json_t *answer)
{
	uint64_t spent = (uint64_t)json_integer_value(json_object_get(answer, "spent_ms"));

	l->n_roster = roster_of(json_object_get(answer, "roster"), l->roster);
	if (spent > line_spent(l)) { /* by a line before this one */
		l->spent_ms = spent;
		l->spent_day = (uint64_t)time(NULL) / 86400;
	}
}

void line_answer(void *arg, const json_t *asked, const json_t *answer)
{
	struct line *l = arg;
	const char *op = json_string_value(json_object_get(asked, "op"));
	struct call *c = find(l, json_string_value(json_object_get(asked, "key")));
	bool ok = json_is_true(json_object_get(answer, "ok"));

	if (!op)
		return;
	if (strcmp(op, "hello") == 0 && answer)
		line_hello(l, answer);
	if (!c || c->dead)
		return;
	if (strcmp(op, "lookup") == 0)
		call_happen(c, answer ? (struct dialog_event){ .kind = DE_KNOWN,
		                                               .known = json_is_true(json_object_get(answer, "known")),
		                                               .lang = lang_of(answer, l->lang) }
		                      : (struct dialog_event){ .kind = DE_TIMEOUT });
	else if (strcmp(op, "verify") == 0 && !answer)
		call_happen(c, (struct dialog_event){ .kind = DE_TIMEOUT });
	else if (strcmp(op, "verify") == 0)
		call_happen(c, (struct dialog_event){ .kind = ok ? DE_VERIFIED : DE_REFUSED,
		                                      .may = json_is_true(json_object_get(answer, "may")),
		                                      .locked = json_is_true(json_object_get(answer, "locked")) });
	else if (strcmp(op, "open") == 0 && answer)
		answer_open(c, answer);
	else if (strcmp(op, "ring") == 0 && json_is_true(json_object_get(answer, "taken")))
		call_happen(c, (struct dialog_event){ .kind = DE_TAKEN });
}

/* The desk wishes a call: engineer first, then the customer. */
static void order_call(struct line *l, const json_t *o)
{
	const char *to = json_string_value(json_object_get(o, "to")),
	           *key = json_string_value(json_object_get(o, "key"));
	struct call *c;

	if (!to || !key || strlen(key) > 34 || find(l, key) || l->n_calls >= l->max_calls || !(c = call_new(l, key)))
		return;
	snprintf(c->callee, sizeof(c->callee), "%s", to);
	c->d.roster = roster_of(json_object_get(o, "roster"), c->roster);
	c->d.lang = lang_of(o, l->lang);
	call_happen(c, (struct dialog_event){ .kind = DE_CALL_BACK,
	                                      .number = json_integer_value(json_object_get(o, "number")),
	                                      .criticality = (int)json_integer_value(json_object_get(o, "criticality")),
	                                      .page = json_is_true(json_object_get(o, "page")),
	                                      .once = json_is_true(json_object_get(o, "once")),
	                                      .roster = c->d.roster });
}

void line_order(void *arg, const json_t *o)
{
	struct line *l = arg;
	const char *op = json_string_value(json_object_get(o, "op"));
	struct call *c = find(l, json_string_value(json_object_get(o, "key")));

	if (op && strcmp(op, "call") == 0)
		order_call(l, o);
	else if (op && strcmp(op, "taken") == 0 && c)
		call_happen(c, (struct dialog_event){ .kind = DE_TAKEN });
	else if (op && strcmp(op, "stop") == 0)
		re_cancel();
}

static void link_h(int flags, void *arg)
{
	struct line *l = arg;

	(void)flags;
	client_readable(l->client);
	if (client_fd(l->client) < 0 && l->link_fd >= 0) {
		fd_close(l->link_fd);
		l->link_fd = -1;
		line_note("desk", "state=away");
	}
}

static bool is_up(const struct line *l)
{
	return !l->wants_registration || l->registered;
}

/* Connects, and says every ten seconds how the line is. */
void line_link_tick(void *arg)
{
	struct line *l = arg;

	if (client_fd(l->client) < 0 && l->link_fd >= 0) { /* sending found it closed */
		fd_close(l->link_fd);
		l->link_fd = -1;
	}
	if (l->register_at && tmr_jiffies() > l->register_at)
		line_register(l);
	if (client_connect(l->client)) {
		l->link_fd = client_fd(l->client);
		fd_listen(l->link_fd, FD_READ, link_h, l);
		line_note("desk", "state=connected waiting=%zu", client_waiting(l->client));
		client_ask(l->client, json_pack("{s:s,s:b}", "op", "hello", "fresh", !l->greeted && l->n_calls == 0),
		           false);
		l->greeted = true;
		l->said_state = 0;
	}
	if (l->link_fd >= 0 && (tmr_jiffies() > l->said_state + 10000 || l->was_registered != l->registered ||
	                        strcmp(l->why, l->said_why) != 0)) {
		struct rusage u;

		getrusage(RUSAGE_SELF, &u);
		l->said_state = tmr_jiffies();
		l->was_registered = l->registered;
		memcpy(l->said_why, l->why, sizeof(l->why));
		client_ask(l->client,
		           json_pack("{s:s,s:b,s:s,s:i,s:i,s:i,s:I,s:I,s:I}", "op", "state", "up", is_up(l), "why",
		                     l->why, "calls", (int)l->n_calls, "total", (int)l->total, "dropped",
		                     (int)l->dropped, "late_ms", (json_int_t)l->late_max, "cpu_ms",
		                     (json_int_t)((u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
		                                  (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000),
		                     "rss_kb", (json_int_t)u.ru_maxrss),
		           false);
		l->late_max = 0;
	}
	tmr_start(&l->link, 250, line_link_tick, l);
}

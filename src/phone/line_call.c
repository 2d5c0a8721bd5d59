/* A call: the dialogue's wishes carried out on legs, recordings and the desk; what happens is told to the dialogue one
 * after another. */
#include "phone/line_private.h"
#include <time.h>

static uint64_t wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void call_tell(struct call *c, const char *op, json_t *more, bool keep)
{
	json_t *m = more ? more : json_object();

	json_object_set_new(m, "op", json_string(op));
	json_object_set_new(m, "key", json_string(c->key));
	json_object_set_new(m, "at", json_integer((json_int_t)wall_us()));
	client_ask(c->line->client, m, keep);
}

static void play(struct leg *l, const struct dialog_action *a)
{
	if (!l)
		return;
	memcpy(l->clips, a->clips, sizeof(l->clips));
	l->n_clips = a->n_clips;
	l->clip = l->pos = 0;
}

static void hush(struct leg *l)
{
	if (l)
		l->n_clips = l->clip = l->pos = 0;
}

void call_record_end(struct call *c)
{
	char name[80];
	size_t n = c->rec.n;

	if (!c->rec.at)
		return;
	snprintf(name, sizeof(name), "%s-%s.wav", c->key, c->recording);
	if (n > SOUND_RATE / 4) {
		if (client_spool_wav(c->line->client, name, c->rec.at, n))
			call_tell(c, "audio",
			          json_pack("{s:s,s:s,s:I}", "kind", c->recording, "file", name, "ms",
			                    (json_int_t)(n / 8)),
			          true);
		else
			line_note("spool_failed", "call=%s samples=%zu", c->key, n);
	}
	recording_end(&c->rec);
}

static void dial_engineer(struct call *c, int index)
{
	const struct engineer *e = &c->roster[index];

	leg_bury(&c->b);
	call_tell(c, "ring", json_pack("{s:b,s:b}", "page", c->d.page, "first", c->legs == 0), false);
	if (leg_dial(&c->b, c, LEG_ENGINEER, e->number))
		call_happen(c, (struct dialog_event){ .kind = DE_GONE, .leg = LEG_ENGINEER, .code = 500 });
}

void call_end(struct call *c, const char *cause)
{
	if (c->said_end)
		return;
	c->said_end = c->dead = true;
	call_tell(c, "end",
	          json_pack("{s:s,s:I,s:I}", "cause", cause, "rx", (json_int_t)(c->a ? c->a->rx : 0), "relayed",
	                    (json_int_t)(c->a ? c->a->relayed : 0)),
	          true);
	line_note("end", "call=%s cause=%s", c->key, cause);
}

static void carry_out(struct call *c, const struct dialog_action *a)
{
	struct leg *l = a->leg == LEG_CUSTOMER ? c->a : c->b;
	const struct engineer *e = &c->roster[a->index];

	switch (a->kind) {
	case DA_PLAY:
		play(l, a);
		break;
	case DA_QUIET:
		hush(l);
		break;
	case DA_TIMER:
		c->due = a->ms ? tmr_jiffies() + a->ms : 0;
		break;
	case DA_LOOKUP:
		call_tell(c, "lookup", json_pack("{s:s}", "from", c->from), false);
		break;
	case DA_VERIFY:
		call_tell(c, "verify", json_pack("{s:s,s:s}", "pin", a->text, "from", c->from), false);
		break;
	case DA_RECORD:
		snprintf(c->recording, sizeof(c->recording), "%s", a->text);
		line_note("recording", "call=%s kind=%s", c->key, a->text);
		recording_begin(&c->rec, (size_t)SOUND_RATE *
		                                 (c->d.leaving ? c->d.config->message_ms : c->d.config->describe_ms) /
		                                 1000);
		break;
	case DA_RECORDED:
		call_record_end(c);
		break;
	case DA_OPEN:
		c->described = tmr_jiffies();
		call_tell(c, "open", json_pack("{s:i,s:b}", "criticality", a->criticality, "offline", !c->d.verified),
		          true);
		if (client_fd(c->line->client) < 0) /* opened when the desk is back; whom it last named is rung now */
			call_happen(c, (struct dialog_event){ .kind = DE_OPENED, .roster = c->d.roster });
		break;
	case DA_DIAL:
		if (a->leg == LEG_ENGINEER)
			dial_engineer(c, a->index);
		else if (leg_dial(&c->a, c, LEG_CUSTOMER, c->callee))
			call_happen(c, (struct dialog_event){ .kind = DE_GONE, .leg = LEG_CUSTOMER, .code = 500 });
		break;
	case DA_HANG_UP:
		leg_bury(a->leg == LEG_CUSTOMER ? &c->a : &c->b);
		break;
	case DA_LEG:
		call_tell(c, "leg",
		          json_pack("{s:i,s:I,s:s,s:s}", "n", ++c->legs, "agent", (json_int_t)e->agent, "number",
		                    e->number, "result", a->text),
		          true);
		break;
	case DA_ACCEPTED:
		call_tell(c, "accepted", json_pack("{s:I}", "agent", (json_int_t)e->agent), true);
		break;
	case DA_BRIDGE:
		if (c->a && c->b)
			c->a->relayed = c->b->relayed = 0;
		break;
	case DA_PAGE:
		call_tell(c, "page", NULL, true);
		break;
	case DA_END:
		call_end(c, a->text);
		break;
	}
}

static void one_step(struct call *c, const struct dialog_event *e)
{
	enum dialog_state was = c->d.state;

	dialog_step(&c->d, e);
	if (c->d.state != was)
		line_note("state", "call=%s from=%s to=%s", c->key, dialog_state_name(was),
		          dialog_state_name(c->d.state));
	for (size_t i = 0; i < c->d.n_actions; i++)
		carry_out(c, &c->d.actions[i]);
	explicit_bzero(c->d.actions, sizeof(c->d.actions));
	c->d.n_actions = 0;
}

/* What an action brings about (a number that cannot be dialled, a desk that is away) waits until all actions are done.
 */
void call_happen(struct call *c, struct dialog_event e)
{
	if (c->dead || c->n_next == sizeof(c->next) / sizeof(c->next[0]))
		return;
	c->next[c->n_next++] = e;
	if (c->busy)
		return;
	c->busy = true;
	for (size_t i = 0; i < c->n_next && !c->dead; i++) {
		struct dialog_event now = c->next[i];

		one_step(c, &now);
	}
	c->n_next = 0;
	c->busy = false;
}

static void call_free(void *arg)
{
	struct call *c = arg;

	recording_end(&c->rec);
	list_unlink(&c->le);
	c->line->n_calls--;
	mem_deref(c->a);
	mem_deref(c->b);
}

struct call *call_new(struct line *l, const char *key)
{
	struct call *c = mem_zalloc(sizeof(*c), call_free);
	unsigned char r[16];

	if (!c)
		return NULL;
	c->line = l;
	c->described = tmr_jiffies();
	dialog_init(&c->d, &l->dialog);
	memcpy(c->roster, l->roster, sizeof(c->roster));
	rand_bytes(r, sizeof(r));
	for (size_t i = 0; i < sizeof(r) && !key; i++)
		snprintf(c->key + 2 * i, 3, "%02x", r[i]);
	if (key)
		snprintf(c->key, sizeof(c->key), "%s", key);
	list_append(&l->calls, &c->le, c);
	l->n_calls++;
	l->total++;
	return c;
}

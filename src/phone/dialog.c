/* The dialogue's table: for each state what is said on entering it, and what each event does there. */
#include "phone/dialog.h"
#include <stdio.h>

const struct dialog_config dialog_defaults = { .ring_ms = 20000,
	                                       .offer_ms = 15000,
	                                       .redial_ms = 120000,
	                                       .describe_ms = 90000,
	                                       .message_ms = 120000,
	                                       .tries = 3,
	                                       .redials = 30,
	                                       .rounds = 1 };

const char *dialog_state_name(enum dialog_state s)
{
	static const char *const names[DIALOG_STATES] = { "idle",    "lookup",      "greet",    "pin",
		                                          "verify",  "criticality", "describe", "opening",
		                                          "ring",    "offer",       "back",     "talk",
		                                          "message", "bye",         "wait",     "over" };

	return (unsigned)s < DIALOG_STATES ? names[s] : "?";
}

void dialog_init(struct dialog *d, const struct dialog_config *c)
{
	*d = (struct dialog){ .config = c ? c : &dialog_defaults };
}

/* ---- actions ---- */

static struct dialog_action *act(struct dialog *d, enum dialog_action_kind kind)
{
	assert(d->n_actions < DIALOG_ACTIONS);
	struct dialog_action *a = &d->actions[d->n_actions++];

	*a = (struct dialog_action){ .kind = kind, .criticality = d->criticality };
	return a;
}

static void act_text(struct dialog *d, enum dialog_action_kind kind, int index, const char *text)
{
	struct dialog_action *a = act(d, kind);

	a->index = index;
	snprintf(a->text, sizeof(a->text), "%s", text);
}

static void act_leg(struct dialog *d, enum dialog_action_kind kind, enum dialog_leg leg, int index)
{
	struct dialog_action *a = act(d, kind);

	a->leg = leg;
	a->index = index;
}

static void timer(struct dialog *d, unsigned ms)
{
	act(d, DA_TIMER)->ms = ms;
}

static struct dialog_action *say(struct dialog *d, enum dialog_leg leg)
{
	struct dialog_action *a = act(d, DA_PLAY);

	a->leg = leg;
	return a;
}

static void clip(struct dialog_action *a, enum prompt_clip c)
{
	if (a->n_clips < DIALOG_CLIPS)
		a->clips[a->n_clips++] = (uint8_t)c;
}

static void digits(struct dialog_action *a, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)number);
	for (const char *p = text; *p; p++)
		if (*p >= '0' && *p <= '9')
			clip(a, (enum prompt_clip)(CLIP_0 + (*p - '0')));
}

static void forget_pin(struct dialog *d)
{
	volatile char *p = d->pin;

	for (size_t i = 0; i < sizeof(d->pin); i++)
		p[i] = 0;
	d->n_pin = 0;
}

/* ---- states ---- */

static void ring(struct dialog *d, bool first);

static void over(struct dialog *d, const char *cause)
{
	d->state = DS_OVER;
	forget_pin(d);
	if (d->recording)
		act_text(d, DA_RECORDED, 0, d->leaving ? "message" : "description");
	d->recording = false;
	timer(d, 0);
	if (d->customer)
		act_leg(d, DA_HANG_UP, LEG_CUSTOMER, 0);
	if (d->engineer)
		act_leg(d, DA_HANG_UP, LEG_ENGINEER, d->at);
	d->customer = d->engineer = false;
	act_text(d, DA_END, 0, cause);
}

static void greet(struct dialog *d)
{
	struct dialog_action *a = say(d, LEG_CUSTOMER);

	d->state = DS_GREET;
	clip(a, CLIP_NOTICE);
	if (!d->known)
		clip(a, CLIP_LANGUAGE);
	timer(d, 30000);
}

static void ask_pin(struct dialog *d, bool wrong)
{
	struct dialog_action *a = say(d, LEG_CUSTOMER);

	d->state = DS_PIN;
	forget_pin(d);
	if (wrong)
		clip(a, CLIP_WRONG);
	clip(a, CLIP_PIN);
	timer(d, 20000);
}

static void ask_criticality(struct dialog *d)
{
	d->state = DS_CRITICALITY;
	clip(say(d, LEG_CUSTOMER), CLIP_CRITICALITY);
	timer(d, 12000);
}

static void describe(struct dialog *d, int criticality)
{
	struct dialog_action *a;

	d->criticality = criticality;
	d->state = DS_DESCRIBE;
	d->leaving = false;
	a = say(d, LEG_CUSTOMER);
	clip(a, CLIP_DESCRIBE);
	clip(a, CLIP_BEEP);
	timer(d, d->config->describe_ms + 15000);
}

/* A message instead of an engineer. The clip says why. */
static void message(struct dialog *d, enum prompt_clip why)
{
	struct dialog_action *a;

	d->state = DS_MESSAGE;
	forget_pin(d);
	d->leaving = true;
	a = say(d, LEG_CUSTOMER);
	clip(a, why);
	clip(a, CLIP_BEEP);
	timer(d, d->config->message_ms + 20000);
}

static void bye(struct dialog *d)
{
	d->state = DS_BYE;
	clip(say(d, LEG_CUSTOMER), CLIP_BYE);
	timer(d, 15000);
}

static void wait_and_redial(struct dialog *d)
{
	if (!d->open || d->redials >= d->config->redials) {
		over(d, d->open ? "nobody" : "message");
		return;
	}
	d->state = DS_WAIT;
	timer(d, d->config->redial_ms);
}

static void nobody_answers(struct dialog *d)
{
	if (d->once) { /* an escalation knows whom to page next; who clicked is not there */
		over(d, "nobody");
		return;
	}
	if (!d->paged)
		act(d, DA_PAGE);
	d->paged = true;
	if (d->customer && !d->back)
		message(d, CLIP_NOBODY);
	else
		wait_and_redial(d);
}

/* The next of the roster, then the next round, then everybody is paged. */
static void ring(struct dialog *d, bool first)
{
	if (first)
		d->at = d->round = 0;
	else
		d->at++;
	if (d->at >= d->roster && ++d->round < d->config->rounds)
		d->at = 0;
	if (d->at >= d->roster) {
		nobody_answers(d);
		return;
	}
	d->state = DS_RING;
	act_leg(d, DA_DIAL, LEG_ENGINEER, d->at);
	timer(d, d->config->ring_ms);
}

static void open_incident(struct dialog *d)
{
	d->state = DS_OPENING;
	if (d->recording)
		act_text(d, DA_RECORDED, 0, "description");
	d->recording = false;
	act(d, DA_OPEN);
	timer(d, 5000);
}

static void opened(struct dialog *d, const struct dialog_event *e)
{
	d->open = true;
	d->number = e->number;
	d->roster = e->roster < DIALOG_ROSTER ? e->roster : DIALOG_ROSTER;
	if (d->customer) {
		struct dialog_action *a = say(d, LEG_CUSTOMER);

		clip(a, d->number ? CLIP_OPEN : CLIP_KEPT);
		if (d->number)
			digits(a, d->number);
		clip(a, CLIP_HOLD);
		clip(a, CLIP_RINGING);
	}
	ring(d, true);
}

static void offer(struct dialog *d)
{
	struct dialog_action *a = say(d, LEG_ENGINEER);

	d->state = DS_OFFER;
	d->engineer = true;
	clip(a, CLIP_OFFER);
	if (d->criticality == 1 || d->criticality == 2)
		clip(a, d->criticality == 1 ? CLIP_OFFER_1 : CLIP_OFFER_2);
	if (d->number) {
		clip(a, CLIP_TICKET);
		digits(a, d->number);
	}
	clip(a, CLIP_KEYS);
	timer(d, d->config->offer_ms);
}

static void not_taken(struct dialog *d, const char *why)
{
	act_text(d, DA_LEG, d->at, why);
	act_leg(d, DA_HANG_UP, LEG_ENGINEER, d->at);
	d->engineer = false;
	ring(d, false);
}

static void talk(struct dialog *d)
{
	d->state = DS_TALK;
	act_leg(d, DA_QUIET, LEG_CUSTOMER, 0);
	act_leg(d, DA_QUIET, LEG_ENGINEER, 0);
	if (d->recording)
		act_text(d, DA_RECORDED, 0, "message");
	d->recording = false;
	act(d, DA_BRIDGE);
	timer(d, 4 * 3600 * 1000);
}

static void accepted(struct dialog *d)
{
	act_text(d, DA_LEG, d->at, "accepted");
	act_leg(d, DA_ACCEPTED, LEG_ENGINEER, d->at);
	if (d->customer) {
		talk(d);
		return;
	}
	if (d->page) {
		d->state = DS_BYE;
		clip(say(d, LEG_ENGINEER), CLIP_YOURS);
		timer(d, 10000);
		return;
	}
	d->state = DS_BACK;
	clip(say(d, LEG_ENGINEER), CLIP_CALLING_BACK);
	act_leg(d, DA_DIAL, LEG_CUSTOMER, 0);
	timer(d, 45000);
}

static void customer_unreachable(struct dialog *d)
{
	d->state = DS_BYE;
	act_leg(d, DA_HANG_UP, LEG_CUSTOMER, 0);
	clip(say(d, LEG_ENGINEER), CLIP_GONE);
	timer(d, 10000);
}

/* ---- events ---- */

static const char *leg_result(int code)
{
	return code == 486 || code == 600                  ? "busy"
	       : code == 603 || code == 403                ? "declined"
	       : code == 408 || code == 480 || code == 487 ? "no-answer"
	                                                   : "failed";
}

static void digit_pin(struct dialog *d, char c)
{
	if (d->n_pin == 0)
		act_leg(d, DA_QUIET, LEG_CUSTOMER, 0);
	if (c == '*') {
		forget_pin(d);
	} else if (c == '#') {
		if (d->n_pin == 0) { /* has none */
			message(d, CLIP_UNSURE);
			return;
		}
		d->state = DS_VERIFY;
		act_text(d, DA_VERIFY, 0, d->pin);
		forget_pin(d);
		timer(d, 5000);
		return;
	} else if (c >= '0' && c <= '9' && d->n_pin < DIALOG_PIN) {
		d->pin[d->n_pin++] = c;
		d->pin[d->n_pin] = 0;
	}
	timer(d, 20000);
}

static void wrong_pin(struct dialog *d, bool locked)
{
	if (locked || ++d->tries >= d->config->tries)
		message(d, CLIP_UNSURE);
	else
		ask_pin(d, true);
}

static void recording_ends(struct dialog *d)
{
	if (d->state == DS_DESCRIBE) {
		open_incident(d);
		return;
	}
	if (d->recording)
		act_text(d, DA_RECORDED, 0, "message");
	d->recording = false;
	bye(d);
}

static void on_digit(struct dialog *d, const struct dialog_event *e)
{
	char c = e->digit;

	if (e->leg == LEG_ENGINEER) {
		if (d->state == DS_OFFER && c == '1')
			accepted(d);
		else if (d->state == DS_OFFER && c == '2')
			not_taken(d, "declined");
		return;
	}
	switch (d->state) {
	case DS_GREET:
		if (c == '1' || c == '2')
			d->lang = c == '1' ? PROMPT_EN : PROMPT_ES;
		if (d->offline)
			ask_criticality(d);
		else
			ask_pin(d, false);
		break;
	case DS_PIN:
		digit_pin(d, c);
		break;
	case DS_CRITICALITY:
		if (c == '1' || c == '2')
			describe(d, c - '0');
		break;
	case DS_DESCRIBE:
	case DS_MESSAGE:
		if (c == '#' && d->recording)
			recording_ends(d);
		break;
	default:
		break;
	}
}

static const char *with_engineer(const struct dialog *d)
{
	return d->page ? "acknowledged" : "customer-unreachable";
}

static void on_played(struct dialog *d, const struct dialog_event *e)
{
	if (e->leg == LEG_ENGINEER) {
		if (d->state == DS_BYE)
			over(d, with_engineer(d));
		return;
	}
	if (d->state == DS_GREET) {
		if (d->known)
			d->offline ? ask_criticality(d) : ask_pin(d, false);
		else
			timer(d, 4000);
	} else if ((d->state == DS_DESCRIBE || d->state == DS_MESSAGE) && !d->recording) {
		d->recording = true;
		act_text(d, DA_RECORD, 0, d->leaving ? "message" : "description");
		timer(d, d->leaving ? d->config->message_ms : d->config->describe_ms);
	} else if (d->state == DS_BYE) {
		act_leg(d, DA_HANG_UP, LEG_CUSTOMER, 0);
		d->customer = false;
		wait_and_redial(d);
	}
}

static void on_timeout(struct dialog *d)
{
	switch (d->state) {
	case DS_LOOKUP: /* the desk is slow or gone */
		d->offline = true;
		greet(d);
		break;
	case DS_GREET:
		d->offline ? ask_criticality(d) : ask_pin(d, false);
		break;
	case DS_PIN:
		wrong_pin(d, false);
		break;
	case DS_VERIFY:
		d->offline = true;
		ask_criticality(d);
		break;
	case DS_CRITICALITY: /* silence twice: the worse one, so that no call is lost */
		if (++d->silences >= 2)
			describe(d, 1);
		else
			ask_criticality(d);
		break;
	case DS_DESCRIBE:
	case DS_MESSAGE:
		recording_ends(d);
		break;
	case DS_OPENING:
		opened(d, &(struct dialog_event){ .roster = d->roster });
		break;
	case DS_RING:
		not_taken(d, "no-answer");
		break;
	case DS_OFFER:
		not_taken(d, "not-accepted");
		break;
	case DS_BACK:
		customer_unreachable(d);
		break;
	case DS_BYE:
		if (d->engineer)
			over(d, with_engineer(d));
		else
			on_played(d, &(struct dialog_event){ .kind = DE_PLAYED, .leg = LEG_CUSTOMER });
		break;
	case DS_WAIT:
		d->redials++;
		ring(d, true);
		break;
	default:
		over(d, "timeout");
	}
}

static void customer_gone(struct dialog *d, const struct dialog_event *e)
{
	d->customer = false;
	switch (d->state) {
	case DS_DESCRIBE: /* criticality is known: the incident opens with what was said */
		open_incident(d);
		break;
	case DS_OPENING:
	case DS_RING:
	case DS_OFFER:
	case DS_WAIT:
		break; /* the engineers are rung all the same */
	case DS_BACK:
		customer_unreachable(d);
		break;
	case DS_MESSAGE:
	case DS_BYE:
		if (d->recording)
			act_text(d, DA_RECORDED, 0, "message");
		d->recording = false;
		if (!d->engineer)
			wait_and_redial(d);
		break;
	case DS_TALK:
		over(d, "done");
		break;
	default:
		over(d, d->verified ? "abandoned-verified" : "abandoned");
	}
}

static void engineer_gone(struct dialog *d, const struct dialog_event *e)
{
	bool was = d->engineer;

	d->engineer = false;
	if (d->state == DS_RING || d->state == DS_OFFER) {
		act_text(d, DA_LEG, d->at, was ? "not-accepted" : leg_result(e->code));
		ring(d, false);
	} else if (d->state == DS_BACK) { /* hung up while the customer was called: it is still theirs */
		over(d, "engineer-gone");
	} else if (d->state == DS_BYE && was) {
		over(d, with_engineer(d));
	} else if (d->state == DS_TALK && e->code == 0) {
		over(d, "done");
	} else if (d->state ==
	           DS_TALK) { /* a line that was lost, not hung up: the customer stays on and we ring again */
		struct dialog_action *a = say(d, LEG_CUSTOMER);

		clip(a, CLIP_HOLD);
		clip(a, CLIP_RINGING);
		ring(d, true);
	}
}

static void on_back(struct dialog *d, const struct dialog_event *e)
{
	d->back = d->open = d->verified = true;
	d->page = e->page;
	d->once = e->page || e->once;
	d->number = e->number;
	d->criticality = e->criticality;
	d->roster = e->roster < DIALOG_ROSTER ? e->roster : DIALOG_ROSTER;
	ring(d, true);
}

static void on_answered(struct dialog *d, const struct dialog_event *e)
{
	if (e->leg == LEG_ENGINEER) {
		if (d->state == DS_RING)
			offer(d);
		return;
	}
	d->customer = true;
	if (d->state == DS_BACK)
		talk(d);
}

void dialog_step(struct dialog *d, const struct dialog_event *e)
{
	d->n_actions = 0;
	if (d->state == DS_OVER)
		return;
	switch (e->kind) {
	case DE_CALL:
		if (d->state != DS_IDLE)
			break;
		d->customer = true;
		d->offline = e->offline;
		d->lang = e->lang;
		d->roster = e->roster < DIALOG_ROSTER ? e->roster : DIALOG_ROSTER;
		if (d->offline) {
			greet(d);
			break;
		}
		d->state = DS_LOOKUP;
		act(d, DA_LOOKUP);
		timer(d, 1500);
		break;
	case DE_KNOWN:
		if (d->state == DS_GREET) /* late, but the desk is there after all */
			d->offline = false;
		if (d->state != DS_LOOKUP)
			break;
		d->known = e->known;
		d->lang = e->lang;
		greet(d);
		break;
	case DE_DIGIT:
		on_digit(d, e);
		break;
	case DE_PLAYED:
		on_played(d, e);
		break;
	case DE_SILENCE:
		if (d->recording)
			recording_ends(d);
		break;
	case DE_TIMEOUT:
		on_timeout(d);
		break;
	case DE_VERIFIED:
		if (d->state != DS_VERIFY)
			break;
		d->verified = true;
		if (e->may)
			ask_criticality(d);
		else
			message(d, CLIP_NO_PHONE);
		break;
	case DE_REFUSED:
		if (d->state == DS_VERIFY)
			wrong_pin(d, e->locked);
		break;
	case DE_OPENED:
		if (d->state == DS_OPENING)
			opened(d, e);
		else if (!d->number)
			d->number = e->number;
		break;
	case DE_ANSWERED:
		on_answered(d, e);
		break;
	case DE_GONE:
		e->leg == LEG_CUSTOMER ? customer_gone(d, e) : engineer_gone(d, e);
		break;
	case DE_CALL_BACK:
		if (d->state == DS_IDLE)
			on_back(d, e);
		break;
	case DE_TAKEN:
		if (d->state == DS_WAIT || ((d->state == DS_RING || d->state == DS_OFFER) && !d->customer))
			over(d, "taken");
		break;
	case DE_ROSTER:
		if (d->state == DS_WAIT)
			d->roster = e->roster < DIALOG_ROSTER ? e->roster : DIALOG_ROSTER;
		break;
	}
}

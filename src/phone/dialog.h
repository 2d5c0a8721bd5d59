/* dialog: what is said on a call and what happens next. A pure state machine: what happened goes in, what is to be done
 * comes out; it knows neither SIP nor sound nor the desk, reads no clock and allocates nothing. line.c carries the
 * actions out on real telephones, simulate.c in a terminal, dialog_test.c in tables.
 *
 * Nobody is dropped: who is not verified, or whose plan has no telephone, leaves a message. Once an incident is open
 * the engineers are rung until one of them presses 1, whether the customer is still on the line or not. */
#pragma once
#include "phone/prompt.h"
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DIALOG_ROSTER  8
#define DIALOG_PIN     12
#define DIALOG_CLIPS   24
#define DIALOG_ACTIONS 16

enum dialog_state {
	DS_IDLE,
	DS_LOOKUP, /* the desk is asked whose number it is */
	DS_GREET,  /* notice of recording, language */
	DS_PIN,
	DS_VERIFY, /* the desk is asked whether the PIN is right */
	DS_CRITICALITY,
	DS_DESCRIBE, /* recording */
	DS_OPENING,  /* the desk is asked for the ticket and the engineers */
	DS_RING,     /* an engineer's telephone rings */
	DS_OFFER,    /* answered: "press 1" */
	DS_BACK,     /* an engineer has it; the customer is called back */
	DS_TALK,
	DS_MESSAGE, /* recording: nobody answered, or not verified */
	DS_BYE,
	DS_WAIT, /* nobody answered; rung again after a while */
	DS_OVER,
	DIALOG_STATES
};
const char *dialog_state_name(enum dialog_state s);

enum dialog_leg { LEG_CUSTOMER, LEG_ENGINEER };
enum dialog_event_kind {
	DE_CALL,      /* somebody calls; offline: the desk does not answer */
	DE_KNOWN,     /* answer to the look-up: lang, known */
	DE_DIGIT,     /* leg, digit */
	DE_PLAYED,    /* leg: what was to be said was said */
	DE_SILENCE,   /* the recording hears nothing any more */
	DE_TIMEOUT,   /* the timer that was set last */
	DE_VERIFIED,  /* right PIN; may: telephone is part of the plan */
	DE_REFUSED,   /* wrong PIN; locked: no more tries */
	DE_OPENED,    /* number, roster; number 0: kept for later, the desk is down */
	DE_ANSWERED,  /* leg */
	DE_GONE,      /* leg: hung up, busy, refused, no answer; code as in SIP */
	DE_CALL_BACK, /* the desk wishes a call to a customer: number, criticality, roster */
	DE_TAKEN,     /* somebody took the ticket on screen: no more ringing */
	DE_ROSTER     /* other engineers are on duty now */
};
struct dialog_event {
	enum dialog_event_kind kind;
	enum dialog_leg leg;
	char digit;
	enum prompt_lang lang;
	bool offline, known, may, locked, page,
	        once; /* page: the engineer only says that they have it; once: nobody else is rung, nor again */
	int criticality, roster, code;
	int64_t number;
};

enum dialog_action_kind {
	DA_PLAY,  /* leg, clips */
	DA_QUIET, /* leg: stop what is being said */
	DA_TIMER, /* ms; 0: none */
	DA_LOOKUP,
	DA_VERIFY,   /* text: the digits. Forgotten by the machine; never to be logged */
	DA_RECORD,   /* text: "description" or "message" */
	DA_RECORDED, /* stop; text the same */
	DA_OPEN,     /* criticality */
	DA_DIAL,     /* leg; engineer: which of the roster */
	DA_HANG_UP,  /* leg */
	DA_LEG,      /* what became of ringing engineer `index`: text */
	DA_ACCEPTED, /* engineer `index` */
	DA_BRIDGE,
	DA_PAGE, /* nobody answered: everybody is to be told */
	DA_END   /* text: cause */
};
struct dialog_action {
	enum dialog_action_kind kind;
	enum dialog_leg leg;
	int index, criticality;
	unsigned ms;
	char text[24];
	uint8_t clips[DIALOG_CLIPS];
	size_t n_clips;
};

struct dialog_config {
	unsigned ring_ms, offer_ms, redial_ms, describe_ms, message_ms;
	int tries, redials, rounds;
};
extern const struct dialog_config dialog_defaults;

struct dialog {
	const struct dialog_config *config;
	enum dialog_state state;
	enum prompt_lang lang;
	bool customer, engineer; /* on the line */
	bool verified, offline, known, open, said_unsure, back, page, once, recording, leaving, paged;
	char pin[DIALOG_PIN + 1];
	size_t n_pin;
	int tries, silences, criticality, roster, at, round, redials;
	int64_t number;
	struct dialog_action actions[DIALOG_ACTIONS];
	size_t n_actions;
};
void dialog_init(struct dialog *d, const struct dialog_config *c);
/* Fills d->actions, to be done in order before the next event. */
void dialog_step(struct dialog *d, const struct dialog_event *e);

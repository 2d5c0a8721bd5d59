/* prompt: what the telephone line says. The clips are rendered at build from prompts.txt by a command-line synthesiser
 * (tools/prompts.py) to 8 kHz, G.711 mu-law, and stand in the program; own recordings replace them from a folder
 * (prompt_load). */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum prompt_lang { PROMPT_EN, PROMPT_ES, PROMPT_LANGS };
enum prompt_clip {
	CLIP_0,
	CLIP_1,
	CLIP_2,
	CLIP_3,
	CLIP_4,
	CLIP_5,
	CLIP_6,
	CLIP_7,
	CLIP_8,
	CLIP_9,
	CLIP_NOTICE,
	CLIP_LANGUAGE,
	CLIP_PIN,
	CLIP_WRONG,
	CLIP_UNSURE,
	CLIP_NO_PHONE,
	CLIP_CRITICALITY,
	CLIP_DESCRIBE,
	CLIP_OPEN,
	CLIP_KEPT,
	CLIP_HOLD,
	CLIP_CONNECTED,
	CLIP_NOBODY,
	CLIP_BYE,
	CLIP_OFFER,
	CLIP_OFFER_1,
	CLIP_OFFER_2,
	CLIP_TICKET,
	CLIP_KEYS,
	CLIP_CALLING_BACK,
	CLIP_BACK,
	CLIP_GONE,
	CLIP_YOURS,
	CLIP_SPOKEN, /* the rest is made of tones */
	CLIP_BEEP = CLIP_SPOKEN,
	CLIP_RINGING,
	CLIPS
};
struct prompts;
extern const char *const prompt_names[CLIPS];
extern const char *const prompt_texts[PROMPT_LANGS][CLIP_SPOKEN];
const char *prompt_lang_name(enum prompt_lang l);
/* Own recordings first: DIR/LANG/NAME.wav, 8 kHz mono 16 bit. `dir` may be "". Others are the built-in ones. */
struct prompts *prompts_open(const char *dir);
void prompts_close(struct prompts *p);
const int16_t *prompt_sound(const struct prompts *p, enum prompt_lang l, enum prompt_clip c, size_t *ret_n);

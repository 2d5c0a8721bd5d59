/* The clips in memory: the built-in ones (generated prompts_table.c names them, the bytes are mu-law), a beep and a
 * ringing tone that are computed, and an operator's own recordings instead. */
#include "phone/prompt.h"
#include "phone/prompt_private.h"
#include "phone/sound.h"
#include "util/err.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN_MAX (8000 * 60)

struct prompts {
	int16_t *sound[PROMPT_LANGS][CLIPS];
	size_t n[PROMPT_LANGS][CLIPS];
};

const char *prompt_lang_name(enum prompt_lang l)
{
	return l == PROMPT_ES ? "es" : "en";
}

static int16_t *tone(double hz, unsigned on_ms, unsigned ms, size_t *ret_n)
{
	int16_t *v = xcalloc(ms * 8, sizeof(*v));

	for (unsigned i = 0; i < on_ms * 8; i++)
		v[i] = (int16_t)(6000 * sin(2 * M_PI * hz * i / SOUND_RATE));
	*ret_n = ms * 8;
	return v;
}

static int16_t *built_in(enum prompt_lang l, enum prompt_clip c, size_t *ret_n)
{
	const struct prompt_place *p = &prompt_places[l][c];
	int16_t *v = xcalloc(p->n ? p->n : 1, sizeof(*v));

	for (size_t i = 0; i < p->n; i++)
		v[i] = sound_from_ulaw(prompt_bytes[p->at + i]);
	*ret_n = p->n;
	return v;
}

struct prompts *prompts_open(const char *dir)
{
	struct prompts *p = xcalloc(1, sizeof(*p));

	for (int l = 0; l < PROMPT_LANGS; l++) {
		for (int c = 0; c < CLIP_SPOKEN; c++) {
			char path[600];

			snprintf(path, sizeof(path), "%s/%s/%s.wav", dir, prompt_lang_name((enum prompt_lang)l),
			         prompt_names[c]);
			if (dir[0])
				p->sound[l][c] = sound_read_wav(path, OWN_MAX, &p->n[l][c]);
			if (!p->sound[l][c])
				p->sound[l][c] = built_in((enum prompt_lang)l, (enum prompt_clip)c, &p->n[l][c]);
		}
		p->sound[l][CLIP_BEEP] = tone(1000, 300, 350, &p->n[l][CLIP_BEEP]);
		p->sound[l][CLIP_RINGING] = tone(425, 1000, 5000, &p->n[l][CLIP_RINGING]);
	}
	return p;
}

void prompts_close(struct prompts *p)
{
	for (int l = 0; l < PROMPT_LANGS; l++)
		for (int c = 0; c < CLIPS; c++)
			free(p->sound[l][c]);
	free(p);
}

const int16_t *prompt_sound(const struct prompts *p, enum prompt_lang l, enum prompt_clip c, size_t *ret_n)
{
	*ret_n = p->n[l][c];
	return p->sound[l][c];
}

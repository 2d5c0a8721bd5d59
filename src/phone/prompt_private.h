/* What tools/prompts.py generates: where each clip lies in the bytes. */
#pragma once
#include "phone/prompt.h"

struct prompt_place {
	size_t at, n;
};
extern const unsigned char prompt_bytes[];
extern const struct prompt_place prompt_places[PROMPT_LANGS][CLIP_SPOKEN];

/* phone: the telephone line. `carrel phone` is a process of its own that speaks SIP and RTP (line.c, leg.c) and plays
 * the dialogue (dialog.c); the desk's side of it, which the program serves on a Unix socket, is link.c. What calls are,
 * and who may do what by telephone, is call/'s. */
#pragma once
#include "desk/desk.h"
#include "http/http.h"
#include "phone/prompt.h"
#include <stdio.h>

/* Reads words from `in` until the dialogue is over. */
int phone_simulate(FILE *in, FILE *out, enum prompt_lang lang);

/* Webhooks of a PBX: cti.c. */

extern const struct route cti_routes[];

/* secret: the keys of this desk, in one file of mode 0600, made when absent. One key a line (hex), newest first: put a
 * new line on top to rotate, keep the old one until no mail with its proofs is answered any more. */
#pragma once
#include "desk/desk.h"

/* Fills keys and pin_key of `d`. RC_INVALID: the file is readable by others, or holds nonsense. */
MUST_USE enum rc secret_load(struct arena *out, struct desk *d, struct err *err);

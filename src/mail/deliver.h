/* deliver: `carrel mail deliver`, for MTAs that pipe. Exit code 0 only after the mail is durable; EX_TEMPFAIL (75) for
 * "try again"; EX_NOUSER, EX_DATAERR when it will never do. */
#pragma once
#include "desk/desk.h"

int mail_deliver(struct desk *desk, struct str mail_from, const struct str *rcpts, size_t n, int fd);

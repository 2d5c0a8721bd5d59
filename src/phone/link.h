/* link: the desk's end of the socket to the line, and the line's process: started, watched, started again. */
#pragma once
#include "desk/desk.h"

struct phone_link;
/* Listens on DATA-DIR/phone.sock; starts `program` when phone-listen is set. */
MUST_USE enum rc phone_link_start(struct desk *desk, const char *program, struct phone_link **ret, struct err *err);
void phone_link_stop(struct phone_link *l);
/* Arguments of carrel-phone for this configuration; ends with NULL. */
char **phone_line_argv(struct arena *a, const struct desk_config *c, const char *program);
/* One message of the line; the answer as JSON text. For tests. */
struct str phone_link_answer(struct desk *desk, struct arena *a, struct str message);

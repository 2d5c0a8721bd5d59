/* What outbox_store.c asks of outbox.c. */
#pragma once
#include "outbox/outbox.h"

/* Well-formed UTF-8 without anything that ends a line or turns the writing round. */
bool outbox_header_ok(struct str s);

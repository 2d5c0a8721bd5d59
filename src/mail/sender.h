/* sender: the threads that turn queued rows of the outbox into SMTP (libcurl), and say on the row what became of it. */
#pragma once
#include "desk/desk.h"

struct sender;
struct sender *sender_start(struct desk *desk); /* does nothing but wait when smtp_url is empty */
void sender_stop(struct sender *s);
/* Sends what is due on the calling thread; returns how many rows it moved. For tests. */
size_t sender_run(struct desk *desk, struct instant now, size_t max);
/* When a mail is tried again that was tried so often. */
int64_t sender_backoff_us(int tries, uint32_t seed);

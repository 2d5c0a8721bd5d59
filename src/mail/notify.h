/* notify: the reader of the event log that turns what happened into mails of the outbox: acknowledgement, reply,
 * change of criticality or kind with its reason, resolution. One mail an event and person, whatever is repeated. */
#pragma once
#include "desk/desk.h"
#include "event/event.h"

struct event_reader notify_reader(struct desk *desk);

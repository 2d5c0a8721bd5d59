/* calendar: working hours as data. Here only what pages and mails show; the arithmetic of clocks comes with them. */
#pragma once
#include "db/db.h"

struct calendar_hours { int16_t from, to; };          /* minutes of the local day, half-open */
struct calendar {
	struct calendar_id id;
	struct str name, zone;
	bool always;                                   /* 24x7 */
	struct calendar_hours day[7][4];               /* [weekday, 0 = Sunday][interval]; to == 0 ends the list */
};
MUST_USE enum rc calendar_parse(struct arena *out, struct str hours_json, struct calendar *ret, struct err *err);
MUST_USE enum rc calendar_find(struct db_tx *tx, struct arena *out, struct calendar_id id, struct calendar *ret, struct err *err);
MUST_USE enum rc calendar_create(struct db_tx *tx, struct str name, struct str zone, struct str hours_json, struct calendar_id *ret, struct err *err);
bool calendar_open_at(const struct calendar *c, struct instant t);
/* The next moment it opens at or after t (t itself when open). Looks at most two weeks ahead; not set: never opens. */
struct instant calendar_next_open(const struct calendar *c, struct instant t);

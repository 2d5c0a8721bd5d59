/* time: one unit in the program, microseconds since 1970-01-01 UTC. Rules take `now` as an argument; only edges and
 * jobs read a clock. Working time is calendar/'s. */
#pragma once
#include "util/arena.h"

struct instant {
	int64_t us;
};
#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

struct instant time_now(void);     /* wall clock */
int64_t time_monotonic_us(void);   /* for durations, deadlines and time-outs */
static inline struct instant time_add(struct instant t, int64_t us)
{
	return (struct instant){ t.us + us };
}
static inline bool time_before(struct instant a, struct instant b)
{
	return a.us < b.us;
}
static inline bool time_is_set(struct instant t) /* 0 stands for "none" in structs and NULL in the database */
{
	return t.us != 0;
}

struct civil { /* proleptic Gregorian, UTC */
	int year, month, day, hour, minute, second, weekday; /* month 1-12, weekday 0 = Sunday */
};
struct civil time_civil(struct instant t);
struct instant time_from_civil(const struct civil *c);
struct str time_iso(struct arena *a, struct instant t);                  /* 2026-11-23T02:05:00Z (RFC 3339) */
MUST_USE enum rc time_parse_iso(struct str s, struct instant *ret);      /* RFC 3339 date-time, or a bare date at 00:00Z */
struct str time_rfc5322(struct arena *a, struct instant t);              /* Mon, 23 Nov 2026 02:05:00 +0000 */
struct str time_http(struct arena *a, struct instant t);                 /* RFC 9110 IMF-fixdate */
/* Local wall time in an IANA zone ("America/Bogota"), from the system's tzdata. Unknown zones behave as UTC. */
struct civil time_civil_in(struct instant t, const char *zone);
bool time_zone_known(const char *zone);

/* ---- zones as spans of one offset: what arithmetic on wall clocks needs ---- */
struct zone;
#define ZONE_EVER INT64_C(9000000000000) /* seconds: before and after everything */
struct zone_span { int64_t from, to; int32_t offset; }; /* seconds UTC, half-open; local = UTC + offset */
const struct zone *time_zone(const char *name);         /* NULL: there is no such zone; kept for the program's life */
struct zone_span time_zone_span(const struct zone *z, int64_t utc); /* z NULL: UTC */
/* The moment a wall clock of the zone shows this: the first where it does twice, the end of the gap where it never does. */
struct instant time_from_civil_in(const struct civil *c, const struct zone *z);
struct str time_iso_in(struct arena *a, struct instant t, const struct zone *z); /* 2026-11-23T02:05:00-05:00 */

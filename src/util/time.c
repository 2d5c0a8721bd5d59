/* Instants and civil time. The calendar arithmetic is Howard Hinnant's days-from-civil method, valid for all years. */
#include "util/time.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct instant time_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (struct instant){ ts.tv_sec * SECOND_US + ts.tv_nsec / 1000 };
}

int64_t time_monotonic_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND_US + ts.tv_nsec / 1000;
}

static int64_t days_from_civil(int64_t y, int m, int d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

static struct civil civil_of_seconds(int64_t s)
{
	int64_t days = s >= 0 ? s / 86400 : -((-s + 86399) / 86400), left = s - days * 86400;
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	struct civil c = { .day = (int)(doy - (153 * mp + 2) / 5 + 1), .month = (int)(mp < 10 ? mp + 3 : mp - 9) };

	c.year = (int)(yoe + era * 400 + (c.month <= 2));
	c.hour = (int)(left / 3600);
	c.minute = (int)(left / 60 % 60);
	c.second = (int)(left % 60);
	c.weekday = (int)(((days + 4) % 7 + 7) % 7);
	return c;
}

static int64_t floor_seconds(struct instant t)
{
	return t.us >= 0 ? t.us / SECOND_US : -((-t.us + SECOND_US - 1) / SECOND_US);
}

struct civil time_civil(struct instant t)
{
	return civil_of_seconds(floor_seconds(t));
}

struct instant time_from_civil(const struct civil *c)
{
	int64_t days = days_from_civil(c->year, c->month, c->day);

	return (struct instant){ (days * 86400 + c->hour * 3600 + c->minute * 60 + c->second) * SECOND_US };
}

/* Two digits and what follows them (0: nothing); returns where to go on. */
static char *two(char *to, int v, char then)
{
	*to++ = (char)('0' + v / 10);
	*to++ = (char)('0' + v % 10);
	if (then)
		*to++ = then;
	return to;
}

struct str time_iso(struct arena *a, struct instant t)
{
	struct civil c = time_civil(t);
	char *to = arena_alloc(a, 24);

	if (c.year < 0 || c.year > 9999)
		return arena_strf(a, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
	/* Pages hold a hundred of these: printf would be a tenth of their time. */
	two(two(two(two(two(two(two(to, c.year / 100, 0), c.year % 100, '-'), c.month, '-'), c.day, 'T'), c.hour, ':'), c.minute,
	        ':'), c.second, 'Z');
	return (struct str){ to, 20 };
}

static bool digits(struct str s, size_t at, size_t n, int *ret)
{
	int v = 0;

	if (at + n > s.n)
		return false;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	*ret = v;
	return true;
}

static bool date_of(struct str s, struct civil *c)
{
	static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (s.n < 10 || s.p[4] != '-' || s.p[7] != '-' || !digits(s, 0, 4, &c->year) || !digits(s, 5, 2, &c->month) ||
	    !digits(s, 8, 2, &c->day) || c->month < 1 || c->month > 12)
		return false;
	bool leap = (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;
	return c->day >= 1 && c->day <= length[c->month - 1] + (c->month == 2 && leap);
}

enum rc time_parse_iso(struct str s, struct instant *ret)
{
	struct civil c = { 0 };
	int64_t offset = 0, us = 0, scale = SECOND_US;
	size_t i = 19;
	int oh, om;

	s = str_trim(s);
	if (!date_of(s, &c))
		return RC_INVALID;
	if (s.n > 10) {
		if ((s.p[10] != 'T' && s.p[10] != 't' && s.p[10] != ' ') || s.n < 20 || s.p[13] != ':' || s.p[16] != ':' ||
		    !digits(s, 11, 2, &c.hour) || !digits(s, 14, 2, &c.minute) || !digits(s, 17, 2, &c.second) || c.hour > 23 ||
		    c.minute > 59 || c.second > 60)
			return RC_INVALID;
		if (s.p[i] == '.') {
			for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
				scale /= 10;
				us += (s.p[i] - '0') * scale;
			}
		}
		if (i >= s.n)
			return RC_INVALID;
		if (s.p[i] == '+' || s.p[i] == '-') {
			if (s.n != i + 6 || s.p[i + 3] != ':' || !digits(s, i + 1, 2, &oh) || !digits(s, i + 4, 2, &om) || oh > 23 || om > 59)
				return RC_INVALID;
			offset = (oh * 60 + om) * MINUTE_US * (s.p[i] == '+' ? 1 : -1);
		} else if ((s.p[i] != 'Z' && s.p[i] != 'z') || s.n != i + 1) {
			return RC_INVALID;
		}
	}
	ret->us = time_from_civil(&c).us + us - offset;
	return RC_OK;
}

static const char day_names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

struct str time_rfc5322(struct arena *a, struct instant t)
{
	struct civil c = time_civil(t);

	return arena_strf(a, "%s, %d %s %04d %02d:%02d:%02d +0000", day_names[c.weekday], c.day, month_names[c.month - 1], c.year, c.hour,
			  c.minute, c.second);
}

struct str time_http(struct arena *a, struct instant t)
{
	struct civil c = time_civil(t);

	return arena_strf(a, "%s, %02d %s %04d %02d:%02d:%02d GMT", day_names[c.weekday], c.day, month_names[c.month - 1], c.year, c.hour,
			  c.minute, c.second);
}

/* ---- zones: TZif files (RFC 8536), read once and kept ----
 * setenv("TZ") is process-wide and no choice in a threaded program. */

struct zone {
	struct zone *next;
	char *name;
	size_t n;       /* transitions */
	int64_t *at;    /* when each starts */
	int32_t *offset; /* and the offset from then on */
	int32_t first;  /* before the first one */
	char *footer;   /* POSIX TZ rule for after the last one, "" when none */
	bool known;
};
static pthread_mutex_t zones_lock = PTHREAD_MUTEX_INITIALIZER;
static struct zone *zones; /* a cache of immutable things: the one global, guarded by its lock */

static int64_t be(const unsigned char *p, int n)
{
	uint64_t v = p[0] & 0x80 ? ~UINT64_C(0) : 0;

	for (int i = 0; i < n; i++)
		v = v << 8 | p[i];
	return (int64_t)v;
}

static unsigned char *slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rbe");
	unsigned char *p = NULL;

	if (!f)
		return NULL;
	p = xmalloc(1 << 17);
	*n = fread(p, 1, 1 << 17, f);
	fclose(f);
	return p;
}

static bool tzif(struct zone *z, const unsigned char *p, size_t n)
{
	const unsigned char *h = p;
	size_t skip = 44;

	if (n < 44 || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return false;
	skip += (size_t)(be(h + 32, 4) * 5 + be(h + 36, 4) * 6 + be(h + 40, 4) + be(h + 28, 4) * 5 + be(h + 24, 4) + be(h + 20, 4));
	if (skip + 44 > n || memcmp(p + skip, "TZif", 4) != 0)
		return false;
	h = p + skip;
	size_t isut = (size_t)be(h + 20, 4), isstd = (size_t)be(h + 24, 4), leap = (size_t)be(h + 28, 4), times = (size_t)be(h + 32, 4);
	size_t types = (size_t)be(h + 36, 4), chars = (size_t)be(h + 40, 4), body = times * 9 + types * 6 + chars + leap * 12 + isstd + isut;
	if (skip + 44 + body > n || types == 0)
		return false;
	const unsigned char *at = h + 44, *index = at + times * 8, *type = index + times;
	z->n = times;
	z->at = xcalloc(times, sizeof(*z->at));
	z->offset = xcalloc(times, sizeof(*z->offset));
	z->first = (int32_t)be(type, 4);
	for (size_t i = 0; i < times; i++) {
		z->at[i] = be(at + i * 8, 8);
		z->offset[i] = (int32_t)be(type + (index[i] < types ? index[i] : 0) * 6, 4);
	}
	const unsigned char *foot = h + 44 + body, *end = memchr(foot + 1, '\n', (size_t)(p + n - foot - 1));
	if (foot < p + n && *foot == '\n' && end) {
		z->footer = xcalloc(1, (size_t)(end - foot));
		memcpy(z->footer, foot + 1, (size_t)(end - foot - 1));
	}
	return true;
}

/* ---- the POSIX TZ rule behind the last transition: "EST5EDT,M3.2.0,M11.1.0" ---- */

static const char *rule_name(const char *p)
{
	if (*p == '<') {
		while (*p && *p != '>')
			p++;
		return *p ? p + 1 : p;
	}
	while ((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z'))
		p++;
	return p;
}

static const char *rule_hms(const char *p, int32_t *ret)
{
	int sign = 1, part[3] = { 0 };

	if (*p == '+' || *p == '-')
		sign = *p++ == '-' ? -1 : 1;
	for (int i = 0; i < 3; i++) {
		while (*p >= '0' && *p <= '9')
			part[i] = part[i] * 10 + (*p++ - '0');
		if (*p != ':')
			break;
		p++;
	}
	*ret = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
	return p;
}

static int number(const char **p)
{
	int v = 0;

	while (**p >= '0' && **p <= '9')
		v = v * 10 + (*(*p)++ - '0');
	return v;
}

/* ",M3.2.0/2", ",J60", ",59": seconds since the start of the year, in local time of the offset before. */
static const char *rule_date(const char *p, int year, int64_t *ret)
{
	int64_t jan1 = days_from_civil(year, 1, 1), day;
	bool leap = days_from_civil(year + 1, 1, 1) - jan1 == 366;
	int32_t at = 7200;

	if (*p == ',')
		p++;
	if (*p == 'M') {
		p++;
		int m = number(&p), w, d;
		p += *p == '.';
		w = number(&p);
		p += *p == '.';
		d = number(&p);
		if (m < 1 || m > 12)
			m = 1;
		int64_t first = days_from_civil(year, m, 1);
		int64_t next = m == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, m + 1, 1);
		int wd = (int)(((first + 4) % 7 + 7) % 7);
		day = first + (d - wd + 7) % 7 + (w - 1) * 7;
		while (day >= next)
			day -= 7;
		day -= jan1;
	} else if (*p == 'J') {
		p++;
		day = number(&p) - 1;
		day += leap && day >= 59;
	} else {
		day = number(&p);
	}
	if (*p == '/')
		p = rule_hms(p + 1, &at);
	*ret = day * 86400 + at;
	return p;
}

struct rule {
	int32_t std, dst;
	const char *dates; /* NULL: no summer time */
};

static struct rule rule_of(const char *p)
{
	struct rule r = { 0 };

	p = rule_hms(rule_name(p), &r.std);
	r.std = r.dst = -r.std;
	if (!*p)
		return r;
	p = rule_name(p);
	r.dst = r.std + 3600;
	if (*p && *p != ',') {
		p = rule_hms(p, &r.dst);
		r.dst = -r.dst;
	}
	r.dates = p;
	return r;
}

/* When summer time begins and ends in that year. */
static void rule_year(const struct rule *r, int year, int64_t *from, int64_t *to)
{
	int64_t start = days_from_civil(year, 1, 1) * 86400;

	rule_date(rule_date(r->dates, year, from), year, to);
	*from += start - r->std;
	*to += start - r->dst;
}

static int32_t rule_offset(const char *p, int64_t utc)
{
	struct rule r = rule_of(p);
	int64_t from, to;

	if (!r.dates)
		return r.std;
	rule_year(&r, civil_of_seconds(utc + r.std).year, &from, &to);
	bool summer = from < to ? utc >= from && utc < to : utc >= from || utc < to;
	return summer ? r.dst : r.std;
}

static const struct zone *zone_find(const char *name)
{
	struct zone *z;
	char path[256];
	size_t n = 0;

	pthread_mutex_lock(&zones_lock);
	for (z = zones; z && strcmp(z->name, name) != 0; z = z->next)
		;
	if (!z) {
		unsigned char *bytes = NULL;

		z = xcalloc(1, sizeof(*z));
		z->name = xstrdup(name);
		snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
		if (!strstr(name, "..") && name[0] != '/' && (bytes = slurp(path, &n)))
			z->known = tzif(z, bytes, n);
		free(bytes);
		z->next = zones;
		zones = z;
	}
	pthread_mutex_unlock(&zones_lock);
	return z;
}

/* Looked up in the files, not in the cache: names that people make up must not fill it. */
bool time_zone_known(const char *zone)
{
	char path[256], magic[4] = "";

	if (strcmp(zone, "UTC") == 0)
		return true;
	if (strstr(zone, "..") || zone[0] == '/' || strlen(zone) > 100)
		return false;
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone);
	FILE *f = fopen(path, "re");
	bool known = f && fread(magic, 1, 4, f) == 4 && memcmp(magic, "TZif", 4) == 0;

	if (f)
		fclose(f);
	return known;
}

static int32_t zone_offset(const struct zone *z, int64_t utc)
{
	size_t lo = 0, hi = z->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (z->at[mid] <= utc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == z->n && z->footer && z->footer[0])
		return rule_offset(z->footer, utc);
	return lo == 0 ? z->first : z->offset[lo - 1];
}

struct civil time_civil_in(struct instant t, const char *zone)
{
	int64_t s = floor_seconds(t);

	if (!zone || !*zone || strcmp(zone, "UTC") == 0)
		return civil_of_seconds(s);
	return civil_of_seconds(s + zone_offset(zone_find(zone), s));
}

const struct zone *time_zone(const char *name)
{
	const struct zone *z = name && *name ? zone_find(name) : NULL;

	return z && z->known ? z : NULL;
}

/* Behind the last transition of the file: between two changes that the rule makes. */
static struct zone_span rule_span(const struct zone *z, int64_t utc)
{
	struct rule r = rule_of(z->footer);
	struct zone_span s = { z->n ? z->at[z->n - 1] : -ZONE_EVER, ZONE_EVER, rule_offset(z->footer, utc) };

	if (!r.dates)
		return s;
	int year = civil_of_seconds(utc + r.std).year;
	for (int y = year - 1; y <= year + 1; y++) {
		int64_t change[2];

		rule_year(&r, y, &change[0], &change[1]);
		for (int i = 0; i < 2; i++) {
			if (change[i] <= utc && change[i] > s.from)
				s.from = change[i];
			if (change[i] > utc && change[i] < s.to)
				s.to = change[i];
		}
	}
	return s;
}

struct zone_span time_zone_span(const struct zone *z, int64_t utc)
{
	size_t lo = 0, hi = z ? z->n : 0;

	if (!z)
		return (struct zone_span){ -ZONE_EVER, ZONE_EVER, 0 };
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (z->at[mid] <= utc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == z->n && z->footer && z->footer[0])
		return rule_span(z, utc);
	return (struct zone_span){ lo ? z->at[lo - 1] : -ZONE_EVER, lo < z->n ? z->at[lo] : ZONE_EVER,
				   lo ? z->offset[lo - 1] : z->first };
}

struct instant time_from_civil_in(const struct civil *c, const struct zone *z)
{
	int64_t wall = time_from_civil(c).us / SECOND_US;
	struct zone_span before = time_zone_span(z, wall - 86400 - 3600 * 4), s = before;

	/* From two days' width before on: the first span that shows this wall time, or the end of the one it is missing
	 * behind. */
	for (int i = 0; i < 8; i++) {
		int64_t utc = wall - s.offset;

		if (utc < s.to)
			return (struct instant){ (utc < s.from ? s.from : utc) * SECOND_US };
		s = time_zone_span(z, s.to);
	}
	return (struct instant){ (wall - s.offset) * SECOND_US };
}

struct str time_iso_in(struct arena *a, struct instant t, const struct zone *z)
{
	int64_t s = floor_seconds(t);
	int32_t off = time_zone_span(z, s).offset;
	struct civil c = civil_of_seconds(s + off);

	if (off % 60 != 0) /* RFC 3339 has no seconds in an offset */
		return time_iso(a, t);
	return arena_strf(a, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", c.year, c.month, c.day, c.hour, c.minute, c.second,
			  off < 0 ? '-' : '+', abs(off) / 3600, abs(off) / 60 % 60);
}

/* `carrel calendar add|between`: working time counted from a file, without a desk: to try a calendar before it is used,
 * and to show every interval that counts. The format is in docs/CLOCKS.md. */
#include "app/app.h"
#include "calendar/calendar.h"
#include "util/json.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

struct asked {
	struct arena *a;
	const char *op, *file, *holidays, *zone, *from, *to, *minutes;
	bool explain, json;
	struct calendar c;
	struct instant t0, t1;
	int64_t us;
};

static enum rc slurp(struct arena *a, const char *path, struct str *ret, struct err *err)
{
	AUTO_BUF b;
	char chunk[65536];
	ssize_t n;
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);

	buf_init(&b, 4 << 20);
	if (fd < 0)
		return fail(err, RC_NOT_FOUND, "%s cannot be opened: %s", path, strerror(errno));
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(&b, chunk, (size_t)n);
	int why = errno;

	close(fd);
	if (n < 0 || b.full)
		return fail(err, RC_INVALID, "%s cannot be read: %s", path,
		            n < 0 ? strerror(why) : "it is larger than 4 MiB");
	*ret = arena_str(a, buf_str(&b));
	return RC_OK;
}

/* An iCalendar file: its all-day events are holidays of a calendar that is open around the clock otherwise. */
static enum rc load(struct asked *k, struct err *err)
{
	struct str text, more, zone = STR_NULL, joined;
	size_t n, skipped = 0;
	enum rc rc = slurp(k->a, k->file, &text, err);
	bool ics = rc == RC_OK && str_find_nocase(str_sub(text, 0, 200), STR("BEGIN:VCALENDAR")) != STR_NONE;

	if (rc != RC_OK)
		return rc;
	if (ics) {
		if ((rc = calendar_ical(k->a, text, &more, &zone, &n, &skipped, err)) != RC_OK)
			return rc;
		text = STR("{\"always\":true}");
	} else if (k->holidays) {
		if ((rc = slurp(k->a, k->holidays, &more, err)) != RC_OK ||
		    (rc = calendar_ical(k->a, more, &more, &zone, &n, &skipped, err)) != RC_OK)
			return rc;
	}
	if (skipped)
		fprintf(stderr, "carrel: %zu events are no whole days and close nothing\n", skipped);
	if (ics || k->holidays) {
		if ((rc = calendar_with_holidays(k->a, text, more, &joined, err)) != RC_OK)
			return rc;
		text = joined;
	}
	rc = calendar_parse(k->a, text, &k->c, err);
	if (k->zone)
		k->c.zone = str_of(k->zone);
	else if (!k->c.zone.n)
		k->c.zone = zone.n ? zone : STR("UTC");
	if (rc == RC_OK && !calendar_zone(&k->c) && !str_is(k->c.zone, "UTC"))
		return fail_field(err, RC_INVALID, "zone",
		                  "\"" STR_F "\" is no time zone of this system; they are named like America/Bogota.",
		                  STR_A(k->c.zone));
	return rc;
}

/* RFC 3339; without an offset the wall clock of the calendar's zone. */
static enum rc moment(struct asked *k, const char *name, const char *z, struct instant *ret, struct err *err)
{
	struct str s = str_trim(str_of(z));

	if (s.n > 10 && time_parse_iso(s, ret) == RC_OK)
		return RC_OK;
	struct str full = s.n == 10   ? arena_strf(k->a, STR_F "T00:00:00Z", STR_A(s))
	                  : s.n == 16 ? arena_strf(k->a, STR_F ":00Z", STR_A(s))
	                              : arena_strf(k->a, STR_F "Z", STR_A(s));
	/* 2026-11-23T08:00-05:00 and 2026-11-23T08:00Z, too: seconds are left out often */
	if (s.n > 16 && (s.p[16] == 'Z' || s.p[16] == '+' || s.p[16] == '-')) {
		full = arena_strf(k->a, STR_F ":00" STR_F, STR_A(str_sub(s, 0, 16)), STR_A(str_from(s, 16)));
		if (time_parse_iso(full, ret) == RC_OK)
			return RC_OK;
	}
	if (time_parse_iso(full, ret) != RC_OK)
		return fail(err, RC_INVALID,
		            "%s \"%s\" is no moment; write 2026-11-23T08:00:00-05:00, or 2026-11-23T08:00 in the "
		            "calendar's zone",
		            name, z);
	struct civil c = time_civil(*ret);
	int64_t rest = ret->us % SECOND_US;

	*ret = time_add(time_from_civil_in(&c, calendar_zone(&k->c)), rest);
	return RC_OK;
}

/* Minutes, with a fraction where there is one. */
static struct str minutes(struct arena *a, int64_t us)
{
	int64_t whole = us / MINUTE_US, rest = us % MINUTE_US;

	if (rest == 0)
		return arena_strf(a, "%lld", (long long)whole);
	struct str s = arena_strf(a, "%s%lld.%06lld", us < 0 && whole == 0 ? "-" : "", (long long)whole,
	                          (long long)((rest < 0 ? -rest : rest) * 1000000 / MINUTE_US));

	while (s.p[s.n - 1] == '0')
		s.n--;
	if (s.p[s.n - 1] == '.')
		s.n--;
	return s;
}

static enum rc parse_minutes(const char *z, int64_t *ret, struct err *err)
{
	struct str s = str_of(z), whole;
	int64_t n, frac = 0, scale = MINUTE_US;

	if (!str_cut(&s, '.', &whole) || str_to_i64(whole, &n) != RC_OK)
		return fail(err, RC_INVALID, "--minutes \"%s\" is no number of minutes", z);
	if (n < 0 || n > INT64_C(53000000) || (whole.n && whole.p[0] == '-'))
		return fail(err, RC_INVALID, "--minutes is from 0 to 53000000 (a hundred years)");
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return fail(err, RC_INVALID, "--minutes \"%s\" is no number of minutes", z);
		scale /= 10;
		frac += (s.p[i] - '0') * scale;
	}
	*ret = n * MINUTE_US + frac;
	return RC_OK;
}

static void json_minutes(struct json *j, int64_t us)
{
	json_key(j, "minutes");
	if (us % MINUTE_US == 0)
		json_i64(j, us / MINUTE_US);
	else
		json_put_real(j, (double)us / (double)MINUTE_US);
}

static void json_result(struct asked *k, const struct calendar_span *s, size_t n)
{
	const struct zone *zone = calendar_zone(&k->c);
	struct json j;
	AUTO_BUF b;

	buf_init(&b, 256 << 20);
	json_init(&j, &b);
	json_obj(&j);
	json_kstr(&j, "from", time_iso_in(k->a, k->t0, zone));
	json_kstr(&j, "to", time_iso_in(k->a, k->t1, zone));
	json_minutes(&j, k->us);
	if (k->explain) {
		json_key(&j, "intervals");
		json_arr(&j);
		for (size_t i = 0; i < n; i++) {
			json_obj(&j);
			json_kstr(&j, "from", time_iso_in(k->a, s[i].from, zone));
			json_kstr(&j, "to", time_iso_in(k->a, s[i].to, zone));
			json_minutes(&j, s[i].to.us - s[i].from.us);
			json_kbool(&j, "counted", s[i].counted);
			json_kstr(&j, "why", str_of(calendar_why_name(s[i].why)));
			json_kstr(&j, "name", s[i].name);
			json_end_obj(&j);
		}
		json_end_arr(&j);
	}
	json_end_obj(&j);
	puts(b.p);
}

static enum rc answer(struct asked *k, struct err *err)
{
	struct calendar_span *s = NULL;
	size_t n = 0;
	enum rc rc = RC_OK;
	bool back = k->t1.us < k->t0.us;

	if (k->explain)
		rc = calendar_explain(&k->c, k->a, back ? k->t1 : k->t0, back ? k->t0 : k->t1, &s, &n, err);
	if (rc != RC_OK)
		return rc;
	if (k->json) {
		json_result(k, s, n);
		return RC_OK;
	}
	const struct zone *zone = calendar_zone(&k->c);

	puts(strcmp(k->op, "add") == 0 ? time_iso_in(k->a, k->t1, zone).p : str_z(k->a, minutes(k->a, k->us)));
	for (size_t i = 0; i < n; i++)
		printf("%-11s %s  %s  %8s  %s%s" STR_F "\n", s[i].counted ? "counted" : "not-counted",
		       time_iso_in(k->a, s[i].from, zone).p, time_iso_in(k->a, s[i].to, zone).p,
		       str_z(k->a, minutes(k->a, s[i].to.us - s[i].from.us)), calendar_why_name(s[i].why),
		       s[i].name.n ? ": " : "", STR_A(s[i].name));
	return RC_OK;
}

static enum rc run(struct asked *k, struct err *err)
{
	enum rc rc = load(k, err);

	if (rc == RC_OK)
		rc = moment(k, "--from", k->from, &k->t0, err);
	if (rc == RC_OK && k->minutes) {
		if ((rc = parse_minutes(k->minutes, &k->us, err)) == RC_OK)
			rc = calendar_add(&k->c, k->t0, k->us, &k->t1, err);
	} else if (rc == RC_OK) {
		if ((rc = moment(k, "--to", k->to, &k->t1, err)) == RC_OK)
			k->us = calendar_between(&k->c, k->t0, k->t1);
	}
	return rc == RC_OK ? answer(k, err) : rc;
}

int cmd_calendar(struct app *app, int argc, char **argv)
{
	struct asked k = { .a = &app->arena, .op = argc > 1 ? argv[1] : "" };
	struct {
		const char *name, **value;
	} text[] = {
		{"--calendar",  &k.file    },
                { "--holidays", &k.holidays},
                { "--zone",     &k.zone    },
                { "--from",     &k.from    },
		{ "--to",       &k.to      },
                { "--minutes",  &k.minutes }
	};
	struct err err = { 0 };
	bool add = strcmp(k.op, "add") == 0;

	for (int i = 2; i < argc; i++) {
		size_t n = 0;

		k.explain |= strcmp(argv[i], "--explain") == 0;
		k.json |= strcmp(argv[i], "--json") == 0;
		if (strcmp(argv[i], "--explain") == 0 || strcmp(argv[i], "--json") == 0)
			continue;
		while (n < COUNT(text) && strcmp(argv[i], text[n].name) != 0)
			n++;
		if (n == COUNT(text) || i + 1 >= argc) {
			fprintf(stderr,
			        n == COUNT(text) ? "carrel: calendar knows no %s\n" : "carrel: %s wants a value\n",
			        argv[i]);
			return EX_USAGE;
		}
		*text[n].value = argv[++i];
	}
	if ((!add && strcmp(k.op, "between") != 0) || !k.file || !k.from ||
	    (add ? !k.minutes || k.to : !k.to || k.minutes)) {
		fprintf(stderr, "usage: carrel calendar add --calendar FILE --from T --minutes N [--explain] [--json]\n"
		                "       carrel calendar between --calendar FILE --from T --to T [--explain] [--json]\n"
		                "FILE is JSON (docs/CLOCKS.md) or iCalendar; --holidays FILE.ics adds holidays, --zone "
		                "ZONE sets the zone\n");
		return EX_USAGE;
	}
	if (run(&k, &err) != RC_OK) {
		fprintf(stderr, "carrel: calendar: %s\n", err.text);
		return EX_DATAERR;
	}
	return EX_OK;
}

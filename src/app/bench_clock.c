/* What clocks cost: a running clock on every ticket, for a scheduler that has nothing to do; a year of an office calendar,
 * against the C library's local time of each day of that year in the same run. */
#include "app/bench.h"
#include "calendar/calendar.h"
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

static enum rc run_all(struct db_tx *tx, void *arg, struct err *err)
{
	return bench_run_clocks(tx, time_now(), arg, err);
}

int bench_clocks(struct app *app, const struct bench_options *o, char *const *flags)
{
	struct err err = { 0 };
	int64_t running = 0;
	enum rc rc = app_open(app, flags, &err);

	if (rc == RC_OK)
		rc = db_write(app->desk.db, run_all, &running, &err);
	app_close(app);
	if (rc != RC_OK)
		return app_complain("bench clocks", &err);
	printf("%lld\n", (long long)running);
	return EX_OK;
}

static int by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Monday to Friday with a break at noon, in a zone whose clocks change, and the holidays of most years. */
static const char office[] = "{\"mon\":[[\"08:00\",\"12:00\"],[\"13:00\",\"18:00\"]],\"tue\":[[\"08:00\",\"12:00\"],[\"13:00\",\"18:00\"]],"
			     "\"wed\":[[\"08:00\",\"12:00\"],[\"13:00\",\"18:00\"]],\"thu\":[[\"08:00\",\"12:00\"],[\"13:00\",\"18:00\"]],"
			     "\"fri\":[[\"08:00\",\"12:00\"],[\"13:00\",\"15:00\"]],\"holidays\":[\"01-01\",\"05-01\",\"10-12\",\"11-01\","
			     "\"12-06\",\"12-08\",\"12-25\",{\"yearly\":\"01-06\",\"move\":\"monday\"},{\"easter\":-3},{\"easter\":-2},{\"easter\":60},"
			     "{\"month\":11,\"weekday\":\"thu\",\"nth\":4},{\"from\":\"2026-12-28\",\"to\":\"2026-12-31\"}],"
			     "\"exceptions\":[{\"date\":\"2026-12-24\",\"hours\":[[\"08:00\",\"12:00\"]]}]}";

struct year {
	struct calendar c;
	struct instant from, to;
	int64_t work;        /* open microseconds of it */
	int64_t days_of_libc; /* so that nothing is left out */
};

static int64_t libc_days(struct year *y)
{
	int64_t begun = time_monotonic_us();

	for (int day = 0; day < 365; day++) {
		struct tm tm;
		time_t t = (time_t)(y->from.us / SECOND_US) + day * 86400;

		localtime_r(&t, &tm);
		y->days_of_libc += tm.tm_mday;
	}
	return time_monotonic_us() - begun;
}

static enum rc adds(struct year *y, int64_t *us, struct err *err)
{
	struct instant got;
	int64_t begun = time_monotonic_us();
	enum rc rc = calendar_add(&y->c, y->from, y->work, &got, err);

	*us = time_monotonic_us() - begun;
	return rc == RC_OK && got.us != y->to.us ? fail(err, RC_FAULT, "a year of work does not end where the year ends") : rc;
}

static int64_t betweens(struct year *y)
{
	int64_t begun = time_monotonic_us();

	y->days_of_libc += calendar_between(&y->c, y->from, y->to) & 1;
	return time_monotonic_us() - begun;
}

int bench_calendar(struct app *app, const struct bench_options *o, char *const *flags)
{
	size_t n = (size_t)o->times;
	int64_t *us = xcalloc(3 * n, sizeof(*us));
	struct year y = { 0 };
	struct err err = { 0 };
	AUTO_ARENA a;

	arena_init(&a);
	setenv("TZ", "Europe/Madrid", 1);
	tzset();
	enum rc rc = calendar_parse(&a, str_of(office), &y.c, &err);

	y.c.zone = STR("Europe/Madrid");
	if (rc == RC_OK)
		rc = time_parse_iso(STR("2026-03-02T10:00:00Z"), &y.from);
	if (rc == RC_OK)
		rc = time_parse_iso(STR("2027-03-02T10:00:00Z"), &y.to);
	y.work = rc == RC_OK ? calendar_between(&y.c, y.from, y.to) : 0;
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		rc = adds(&y, &us[i], &err);
		us[n + i] = betweens(&y);
		us[2 * n + i] = libc_days(&y);
	}
	for (size_t k = 0; k < 3; k++)
		qsort(us + k * n, n, sizeof(*us), by_size);
	if (rc == RC_OK)
		printf("%lld %lld %lld\n", (long long)us[n / 2], (long long)us[n + n / 2], (long long)us[2 * n + n / 2]);
	free(us);
	return rc == RC_OK ? EX_OK : app_complain("bench calendar", &err);
}

/* Loads and limits: commits of bare rows in groups, mails by many LMTP connections, searches. Each prints one number a
 * line. They measure; whether a number is good, bench/run says. */
#include "app/bench.h"
#include "search/search.h"
#include "util/buf.h"
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

/* ---- commits ---- */

#define GROUP 64 /* as the writer groups them */

struct group {
	int64_t from;
};

static enum rc write_group(struct db_tx *tx, void *arg, struct err *err)
{
	struct group *g = arg;
	struct instant now = time_now();
	enum rc rc = RC_OK;

	for (int64_t i = 0; rc == RC_OK && i < GROUP; i++)
		rc = bench_rows(tx, g->from + i, now, err);
	return rc;
}

int bench_commits(struct app *app, const struct bench_options *o, char *const *flags)
{
	struct group g = { 0 };
	struct err err = { 0 };
	enum rc rc = app_open(app, flags, &err);
	int64_t from = time_monotonic_us(), until = from + o->seconds * SECOND_US;

	for (; rc == RC_OK && time_monotonic_us() < until; g.from += GROUP)
		rc = db_write(app->desk.db, write_group, &g, &err);
	int64_t us = time_monotonic_us() - from;

	app_close(app);
	if (rc != RC_OK)
		return app_complain("bench commits", &err);
	printf("%lld\n", (long long)(g.from * SECOND_US / us));
	return EX_OK;
}

/* ---- mails ---- */

struct load {
	const struct bench_options *o;
	struct addrinfo *to;
	int64_t until;
	atomic_llong delivered, refused;
};

struct peer {
	struct load *l;
	int n, fd;
	size_t have;
	char in[2048];
};

/* One answer, multi-line ones whole; its code, or 0 when the line is gone. */
static int answer(struct peer *p)
{
	for (;;) {
		char *end = memchr(p->in, '\n', p->have);

		if (end) {
			size_t n = (size_t)(end - p->in) + 1;
			bool last = n > 4 && p->in[3] != '-';
			int code = n > 3 ? (p->in[0] - '0') * 100 + (p->in[1] - '0') * 10 + p->in[2] - '0' : 0;

			p->have -= n;
			memmove(p->in, end + 1, p->have);
			if (last)
				return code;
			continue;
		}
		ssize_t got = p->have < sizeof(p->in) ? recv(p->fd, p->in + p->have, sizeof(p->in) - p->have, 0) : 0;

		if (got <= 0)
			return 0;
		p->have += (size_t)got;
	}
}

static bool say(struct peer *p, struct str s, int want)
{
	while (s.n) {
		ssize_t n = send(p->fd, s.p, s.n, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		s = str_from(s, (size_t)n);
	}
	return !want || answer(p) == want;
}

static struct str mail_of(struct peer *p, struct buf *b, int64_t k)
{
	buf_clear(b);
	buf_addf(b,
	         "From: somebody <sender%d@stranger.example>\r\nTo: " STR_F "\r\nSubject: mail %lld of line %d\r\n"
	         "Message-ID: <%lld.%d.%lld@stranger.example>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\n",
	         p->n, STR_A(p->l->o->rcpt), (long long)k, p->n, (long long)k, p->n, (long long)time_now().us);
	while (b->n < 4000)
		buf_addz(b, "The page stays blank after signing in, in each browser that was tried.\r\n");
	buf_addz(b, ".\r\n");
	return buf_str(b);
}

static void *deliver(void *arg)
{
	struct peer *p = arg;
	struct load *l = p->l;
	AUTO_BUF b;
	char envelope[400];

	buf_init(&b, 8000);
	p->fd = socket(l->to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(envelope, sizeof(envelope), "MAIL FROM:<sender@stranger.example>\r\nRCPT TO:<" STR_F ">\r\nDATA\r\n",
	         STR_A(l->o->rcpt));
	bool good = p->fd >= 0 && connect(p->fd, l->to->ai_addr, l->to->ai_addrlen) == 0 && answer(p) == 220 &&
	            say(p, STR("LHLO bench.example\r\n"), 250);

	for (int64_t k = 0; good && time_monotonic_us() < l->until; k++) {
		/* The envelope in one go, as Postfix sends it (RFC 2920). */
		good = say(p, str_of(envelope), 0) && answer(p) == 250 && answer(p) == 250 && answer(p) == 354 &&
		       say(p, mail_of(p, &b, k), 250);
		if (good)
			atomic_fetch_add(&l->delivered, 1);
	}
	if (!good)
		atomic_fetch_add(&l->refused, 1);
	if (p->fd >= 0)
		close(p->fd);
	return NULL;
}

static int find_host(struct str to, struct addrinfo **ret)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	size_t colon = str_find_byte(to, ':');
	AUTO_ARENA a;

	arena_init(&a);
	if (colon == STR_NONE)
		return EAI_NONAME;
	return getaddrinfo(str_z(&a, str_sub(to, 0, colon)), str_z(&a, str_from(to, colon + 1)), &hints, ret);
}

int bench_lmtp(struct app *app, const struct bench_options *o, char *const *flags)
{
	size_t n = (size_t)o->connections;
	struct load l = { .o = o };
	int64_t from = time_monotonic_us();

	if (!o->rcpt.n || find_host(o->to, &l.to) != 0) {
		fprintf(stderr,
		        "usage: carrel bench lmtp --to 127.0.0.1:2424 --rcpt support@desk.example [--connections 16] "
		        "[--seconds 4]\n");
		return EX_USAGE;
	}
	struct peer *p = xcalloc(n, sizeof(*p));
	pthread_t *t = xcalloc(n, sizeof(*t));

	l.until = from + o->seconds * SECOND_US;
	for (size_t i = 0; i < n; i++) {
		p[i] = (struct peer){ .l = &l, .n = (int)i, .fd = -1 };
		if (pthread_create(&t[i], NULL, deliver, &p[i]) != 0)
			die("cannot start a thread");
	}
	for (size_t i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	printf("%lld\n", (long long)(atomic_load(&l.delivered) * SECOND_US / (time_monotonic_us() - from)));
	if (atomic_load(&l.refused))
		fprintf(stderr, "%lld of %zu connections ended with a refusal\n", (long long)atomic_load(&l.refused),
		        n);
	freeaddrinfo(l.to);
	free(p);
	free(t);
	return atomic_load(&l.refused) ? EX_PROTOCOL : EX_OK;
}

/* ---- searches ---- */

struct looking {
	struct arena *a;
	struct str words;
	struct search_page page;
};

static enum rc look(struct db_tx *tx, void *arg, struct err *err)
{
	struct looking *x = arg;

	return search_tickets(tx, x->a, x->words, 0, 50, &x->page, err);
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Pairs of words as bench seed writes them, so that all are common; prints the 99th of a hundred in microseconds. */
int bench_search(struct app *app, const struct bench_options *o, char *const *flags)
{
	static const char *const words[] = { "course",   "learner", "certificate", "video", "enrolment",
		                             "cohort",   "wiki",    "browser",     "error", "quiz",
		                             "deadline", "blank",   "forum" };
	size_t n = (size_t)o->times, hits = 0;
	int64_t *us = xcalloc(n, sizeof(*us));
	struct err err = { 0 };
	enum rc rc = app_open(app, flags, &err);
	AUTO_ARENA a;

	arena_init(&a);
	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		struct looking x = { .a = &a };
		int64_t from = time_monotonic_us();

		x.words = arena_strf(&a, "%s %s", words[i % COUNT(words)],
		                     words[(i / COUNT(words) + i + 1) % COUNT(words)]);
		rc = db_read(app->desk.db, look, &x, &err);
		us[i] = time_monotonic_us() - from;
		hits += x.page.n;
		arena_clear(&a);
	}
	app_close(app);
	qsort(us, n, sizeof(*us), by_size);
	if (rc == RC_OK)
		printf("%lld %lld %zu\n", (long long)us[n / 2], (long long)us[n - 1 - n / 100], hits);
	free(us);
	return rc == RC_OK ? EX_OK : app_complain("bench search", &err);
}

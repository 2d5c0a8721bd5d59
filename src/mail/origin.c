/* The threads that find out who sent what waits: see origin.h. */
#include "mail/origin.h"
#include "blob/blob.h"
#include "jail/jail.h"
#include "mime/addr.h"
#include "util/log.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define THREADS  4 /* so that a silent domain delays a quarter of the others */
#define AT_ONCE  20
#define HEAD_MAX (256 << 10)
#define GIVE_UP  DAY_US

static struct str header_of(struct str raw)
{
	size_t lf = str_find(raw, STR("\n\n")), crlf = str_find(raw, STR("\r\n\r\n"));
	size_t cut = lf < crlf ? lf : crlf;

	return str_sub(raw, 0, cut == STR_NONE ? HEAD_MAX : cut + 2 < HEAD_MAX ? cut + 2 : HEAD_MAX);
}

/* Asks the jail what it wants to know, DNS for that, and the jail again. */
static enum rc find_out(struct desk *desk, const struct resolver *r, struct arena *a, const struct intake *in,
                        struct str raw, struct origin *ret, struct err *err)
{
	struct dns_fact *fact = arena_array(a, struct dns_fact, ORIGIN_FACTS);
	struct origin_mail m = { .raw = header_of(raw),
		                 .header_only = true,
		                 .from_domain = addr_domain(in->from_addr),
		                 .mail_from = in->channel == INTAKE_IMAP && !in->mail_from.n ? STR_NULL : in->mail_from,
		                 .hops = desk->config.mail_hops,
		                 .now = time_now().us / SECOND_US,
		                 .facts = fact };
	int64_t deadline = time_monotonic_us() + ORIGIN_SECONDS * SECOND_US;
	enum rc rc = RC_OK;

	*ret = (struct origin){ .verdict = ORIGIN_SILENT, .said = STR("") };
	for (int round = 0; round < ORIGIN_ROUNDS; round++) {
		rc = jail_origin(desk->jail, a, &m, ret, err);
		if (rc != RC_OK || ret->verdict != ORIGIN_WAIT)
			return rc;
		if (ret->n_asks == 0) { /* now the signatures are computed */
			if (!m.header_only)
				break;
			m.header_only = false;
			m.raw = raw;
		}
		for (size_t i = 0; i < ret->n_asks && m.n_facts < ORIGIN_FACTS; i++) {
			struct str packet = time_monotonic_us() < deadline ? resolver_ask(r, a, &ret->asks[i], deadline)
			                                                   : STR("");

			fact[m.n_facts++] = (struct dns_fact){ ret->asks[i], packet };
		}
		if (m.n_facts == ORIGIN_FACTS)
			break;
	}
	/* So many questions are no honest domain's. */
	*ret = (struct origin){ .verdict = ORIGIN_NONE, .said = STR("asking for it takes too many questions") };
	return RC_OK;
}

struct settling {
	struct intake_id id;
	enum intake_origin origin;
	struct str said;
	struct instant again;
};

static enum rc settle_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct settling *s = arg;

	return intake_origin_known(tx, s->id, s->origin, s->said, s->again, err);
}

static struct settling no_answer(const struct intake *in, struct instant now, struct str said)
{
	int64_t age = now.us - in->received_at.us;
	struct settling s = { .id = in->id,
		              .origin = age < ORIGIN_PATIENCE ? ORIGIN_ASKING : ORIGIN_NO_ANSWER,
		              .said = said };

	if (age < ORIGIN_PATIENCE)
		s.again = time_add(now, age < MINUTE_US ? 10 * SECOND_US : MINUTE_US);
	else if (age < GIVE_UP)
		s.again = time_add(now, 10 * MINUTE_US);
	return s;
}

static bool one(struct desk *desk, const struct resolver *r, const struct intake *in, struct instant now)
{
	static const enum intake_origin as[] = {
		[ORIGIN_PASS] = ORIGIN_PASSED, [ORIGIN_FAIL] = ORIGIN_FAILED, [ORIGIN_NONE] = ORIGIN_NOTHING
	};
	struct err err = { 0 };
	struct origin o;
	struct str raw;
	AUTO_ARENA a;

	arena_init(&a);
	enum rc rc = blob_read(&a, desk->blobs, in->sha256, (size_t)desk->config.max_mail + 4096, &raw, &err);
	if (rc == RC_OK)
		rc = find_out(desk, r, &a, in, raw, &o, &err);
	struct settling s = no_answer(in, now, STR("DNS did not answer"));
	if (rc == RC_INVALID || rc == RC_LIMIT) /* it cannot be read; filing says so, too */
		s = (struct settling){ .id = in->id,
			               .origin = ORIGIN_NOTHING,
			               .said = arena_str(&a, str_of(err.text)) };
	else if (rc == RC_OK && o.verdict != ORIGIN_SILENT)
		s = (struct settling){ .id = in->id, .origin = as[o.verdict], .said = o.said };
	if (rc != RC_OK)
		log_warn("mail.origin", { "intake", LOG_I64(in->id.v) }, { "why", LOG_Z(err.text) });
	rc = db_write(desk->db, settle_step, &s, NULL);
	log_info("mail.origin-known", { "intake", LOG_I64(in->id.v) }, { "origin", LOG_I64(s.origin) },
	         { "said", LOG_STR(s.said) });
	return rc == RC_OK && s.origin != ORIGIN_ASKING;
}

struct due {
	struct arena *a;
	struct instant now;
	int share, n_shares;
	struct intake *at;
	size_t n;
};

static enum rc due_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct due *d = arg;

	return intake_origin_due(tx, d->a, d->now, d->share, d->n_shares, AT_ONCE, &d->at, &d->n, err);
}

size_t origin_run(struct desk *desk, const struct resolver *r, struct instant now, int share, int n_shares)
{
	AUTO_ARENA a;
	struct due d = { .a = &a, .now = now, .share = share, .n_shares = n_shares };
	size_t known = 0;

	arena_init(&a);
	if (db_read(desk->db, due_step, &d, NULL) != RC_OK)
		return 0;
	for (size_t i = 0; i < d.n; i++)
		known += one(desk, r, &d.at[i], now);
	return known;
}

/* ---- threads ---- */

struct origin_loop {
	struct desk *desk;
	struct resolver *resolver;
	atomic_bool stop;
	atomic_int next;
	pthread_t thread[THREADS];
};

static void *run(void *arg)
{
	struct origin_loop *l = arg;
	int share = atomic_fetch_add(&l->next, 1);

	pthread_setname_np(pthread_self(), "mail origin");
	while (!atomic_load(&l->stop)) {
		uint64_t seen = db_commits(l->desk->db);

		if (origin_run(l->desk, l->resolver, time_now(), share, THREADS) == 0 && !atomic_load(&l->stop))
			db_wait_commit(l->desk->db, seen, 2000);
	}
	return NULL;
}

enum rc origin_start(struct desk *desk, struct origin_loop **ret, struct err *err)
{
	struct resolver *r;

	*ret = NULL;
	if (!desk->config.mail_dns.n)
		return RC_OK;
	enum rc rc = resolver_open(desk->config.mail_dns, &r, err);
	if (rc != RC_OK)
		return rc;
	struct origin_loop *l = xcalloc(1, sizeof(*l));
	l->desk = desk;
	l->resolver = r;
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&l->thread[i], NULL, run, l) != 0)
			die("cannot start the threads that ask who sent a mail");
	*ret = l;
	return RC_OK;
}

void origin_stop(struct origin_loop *l)
{
	if (!l)
		return;
	atomic_store(&l->stop, true);
	db_wake(l->desk->db);
	for (int i = 0; i < THREADS; i++)
		pthread_join(l->thread[i], NULL);
	resolver_close(l->resolver);
	free(l);
}

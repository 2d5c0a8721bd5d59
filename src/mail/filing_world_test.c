/* Tests only: see filing_world.h. */
#include "blob/blob.h"
#include "inbox/inbox.h"
#include "jail/jail.h"
#include "mail/notify.h"
#include "mail/filing_world.h"
#include <stdio.h>
#include <poll.h>

DB_QUERY(q_newest, "test.intake_newest", "SELECT MAX(id) FROM intake");

void filing_make(struct test *t, struct mail_world *m)
{
	*m = (struct mail_world){ 0 };
	world_make(t, &m->w, -1);
	m->desk.db = t->db;
	m->desk.config = (struct desk_config){
		.base_url = STR_INIT("https://desk.example"),
		.product = STR_INIT("Desk"),
		.prefix = STR_INIT("CAR"),
		.zone = STR_INIT("UTC"),
		.support_addr = STR_INIT("support@desk.example"),
		.mail_domain = STR_INIT("desk.example"),
		.mail_addresses = {STR_INIT("incidents@desk.example"), STR_INIT("requests@desk.example")},
		.n_mail_addresses = 2,
		.phone = STR_INIT("+34 900 000 000"),
		.max_mail = 25 << 20,
	};
	m->desk.keys = (struct mail_keys){
		.key = { STR_INIT("0123456789abcdef0123456789abcdef") },
		.n = 1,
		.domain = STR_INIT("desk.example"),
		.reply_local = STR_INIT("support"),
		.reply_domain = STR_INIT("desk.example"),
	};
	EXPECT_RC(RC_OK, blob_open(arena_strf(&t->arena, "%s/blobs", t->dir), 0, &m->desk.blobs, &t->err));
	m->desk.jail = jail_new("/proc/self/exe", 1);
}

void filing_end(struct mail_world *m)
{
	jail_free(m->desk.jail);
	blob_close(m->desk.blobs);
}

struct looking {
	struct test *t;
	struct mail_world *m;
	struct outmail_row *rows;
	size_t n;
	const char *to;
};

static enum rc look(struct db_tx *tx, void *arg, struct err *err)
{
	struct looking *l = arg;
	struct intake_id id;
	struct ticket tk;
	enum rc rc = db_get_i64(tx, &q_newest, DB_NO_ARGS, &id.v, err);

	if (rc == RC_OK)
		rc = intake_find(tx, &l->t->arena, id, &l->m->last, err);
	if (rc == RC_OK && l->m->last.ticket.v) {
		rc = ticket_find_id(tx, &l->t->arena, &l->m->w.ann, l->m->last.ticket, &tk, err);
		if (rc == RC_OK)
			rc = ticket_view(tx, &l->t->arena, &l->m->w.ann, tk.number, &l->m->view, err);
	}
	return rc;
}

void filing_take_as(struct test *t, struct mail_world *m, struct str raw, const char *mail_from, const char *rcpt)
{
	char sha[65];
	struct str to = str_of(rcpt);

	EXPECT_RC(RC_OK, blob_put(m->desk.blobs, raw, sha, &t->err));
	EXPECT_RC(RC_OK, intake_accept(t->db, INTAKE_LMTP, str_of(sha), (int64_t)raw.n, str_of(mail_from), &to, 1,
	                               time_now(), &t->err));
	filing_settle_all(t, m);
}

void filing_settle_all(struct test *t, struct mail_world *m)
{
	struct looking l = { .t = t, .m = m };

	/* What could not be filed is due again a little later. */
	for (int i = 0; i < 3 && intake_run(&m->desk, time_add(time_now(), i * MINUTE_US), 10) == 0; i++)
		;
	EXPECT_RC(RC_OK, db_read(t->db, look, &l, &t->err));
	if (m->last.reason.n)
		printf("filed: " STR_F "\n", STR_A(m->last.reason));
}

void filing_take(struct test *t, struct mail_world *m, const char *raw)
{
	filing_take_as(t, m, str_of(raw), "someone@elsewhere.example", "support@desk.example");
}

struct str filing_reply_address(struct test *t, struct mail_world *m)
{
	return mail_reply_address(&t->arena, &m->desk.keys, m->view.t.mail_token);
}

void filing_notify(struct test *t, struct mail_world *m)
{
	struct event_reader r = notify_reader(&m->desk);
	int64_t lag = 1, until = time_monotonic_us() + 120 * SECOND_US;

	/* On PostgreSQL a transaction of anybody, the server's own care included, holds readers back until it ends. */
	while (lag > 0 && time_monotonic_us() < until) {
		while (event_read_once(t->db, &r, &t->err) == RC_OK)
			;
		EXPECT_RC(RC_OK, event_lag(t->db, r.name, &lag, &t->err));
		if (lag > 0)
			poll(NULL, 0, 20);
	}
}

static enum rc list(struct db_tx *tx, void *arg, struct err *err)
{
	struct looking *l = arg;
	enum rc rc = RC_OK;
	VEC(struct outmail_row) v = { 0 };

	for (int state = OUTMAIL_QUEUED; state <= OUTMAIL_SENT && rc == RC_OK; state++) {
		struct outmail_row *at;
		size_t n;

		rc = outbox_list(tx, &l->t->arena, state, 100, &at, &n, err);
		for (size_t i = 0; rc == RC_OK && i < n; i++)
			if (str_is(at[i].to_addr, l->to))
				*VEC_ADD(&l->t->arena, &v) = at[i];
	}
	l->rows = v.at;
	l->n = v.n;
	return rc;
}

size_t filing_outgoing(struct test *t, struct mail_world *m, const char *to, struct outmail_row **ret)
{
	struct looking l = { .t = t, .m = m, .to = to };

	EXPECT_RC(RC_OK, db_read(t->db, list, &l, &t->err));
	if (ret)
		*ret = l.rows;
	return l.n;
}

/* Accepting, and the thread that takes what was accepted to its ticket. The decision is file.c's, the SQL
 * intake_store.c's. */
#include "blob/blob.h"
#include "jail/jail.h"
#include "mail/intake_private.h"
#include "mime/addr.h"
#include "util/crypt.h"
#include "util/log.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAX_TRIES  10   /* of what fails by itself: some five minutes */
#define MAX_WAITS  1500 /* of what fails because something else does, at most a minute apart: a day */
#define MAX_KEPT   200000
#define FILES_KEPT 100 /* of one mail; more are in its raw bytes */

bool intake_is_ours(const struct desk_config *c, struct str address)
{
	AUTO_ARENA a;
	struct str low, local, base, domain;

	arena_init(&a);
	if (address.n > 320)
		return false;
	low = str_lower(&a, address);
	if (str_eq(low, str_lower(&a, c->support_addr)))
		return true;
	for (size_t i = 0; i < c->n_mail_addresses; i++)
		if (str_eq(low, c->mail_addresses[i]))
			return true;
	/* The keyed form: whether the key is right shows later, in private; here every plus-address is ours. */
	size_t at = str_find_byte(low, '@');
	local = str_sub(low, 0, at);
	domain = at == STR_NONE ? STR("") : str_from(low, at + 1);
	if (!str_cut(&local, '+', &base))
		return false;
	return str_eq(arena_strf(&a, STR_F "@" STR_F, STR_A(base), STR_A(domain)), str_lower(&a, c->support_addr));
}

struct accepting {
	struct intake in;
	const struct str *rcpts;
	size_t n;
	struct str base64; /* STR_NULL: it is a blob */
};

static enum rc accept_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct accepting *x = arg;
	bool fresh, any = false;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < x->n && rc == RC_OK; i++) {
		x->in.rcpt = x->rcpts[i];
		rc = intake_insert(tx, &x->in, &fresh, err);
		any |= fresh;
	}
	/* What came before has its bytes, here or in a file: nobody would take these away. */
	return rc == RC_OK && any && x->base64.p ? raw_mail_put(tx, x->in.sha256, x->base64, err) : rc;
}

enum rc intake_accept(struct db *db, enum intake_channel channel, struct str sha256, int64_t size, struct str mail_from,
                      const struct str *rcpts, size_t n, struct instant now, struct err *err)
{
	struct accepting x = {
		.in = {.channel = channel,
                       .sha256 = sha256,
                       .size = size,
                       .mail_from = mail_from.p ? mail_from : STR(""),
                       .received_at = now},
		.rcpts = rcpts,
		.n = n
	};

	return db_write(db, accept_step, &x, err);
}

enum rc intake_accept_small(struct db *db, enum intake_channel channel, struct str raw, struct str mail_from,
                            const struct str *rcpts, size_t n, struct instant now, struct err *err)
{
	AUTO_ARENA a;

	arena_init(&a);
	struct accepting x = {
		.in = {.channel = channel,
                       .sha256 = sha256_hex(&a, raw),
                       .size = (int64_t)raw.n,
                       .mail_from = mail_from.p ? mail_from : STR(""),
                       .received_at = now},
		.rcpts = rcpts,
		.n = n,
		.base64 = base64_encode(&a, raw)
	};

	return db_write(db, accept_step, &x, err);
}

/* ---- one mail ---- */

struct fetching {
	struct arena *a;
	struct str sha256, raw;
};

static enum rc fetch_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct fetching *f = arg;

	return raw_mail_get(tx, f->a, f->sha256, &f->raw, err);
}

/* No mail is at fault when a disk is. */
static enum rc of_the_disk(enum rc rc)
{
	return rc == RC_FAULT || rc == RC_FULL ? RC_RETRY : rc;
}

/* Reads it: a small one from the database, whose bytes become a blob now, before its rows move on; a large one from its
 * file, piece by piece. */
static enum rc read_mail(struct filing_job *job, struct mail *ret, struct err *err)
{
	struct fetching f = { .a = job->a, .sha256 = job->in->sha256 };
	enum rc rc = db_read(job->desk->db, fetch_step, &f, NULL);
	char sha[65];

	if (rc == RC_NOT_FOUND) {
		size_t size;
		int fd;

		rc = blob_fd(job->desk->blobs, job->in->sha256, (size_t)job->desk->config.max_mail + 4096, &fd, &size,
		             err);
		if (rc != RC_OK)
			return of_the_disk(rc);
		rc = jail_mail_file(job->desk->jail, job->a, fd, size, ret, err);
		close(fd);
		return rc;
	}
	if (rc != RC_OK)
		return fail(err, RC_RETRY, "the mail cannot be read from the database at the moment");
	rc = of_the_disk(blob_put(job->desk->blobs, f.raw, sha, err));
	if (rc == RC_OK && !str_is(job->in->sha256, sha))
		rc = fail(err, RC_RETRY, "the mail's bytes are not the ones that were accepted");
	return rc == RC_OK ? jail_mail(job->desk->jail, job->a, f.raw, ret, err) : rc;
}

static enum rc keep_files(struct filing_job *job, struct err *err)
{
	const struct mail *m = job->mail;
	struct new_attachment *at = arena_array(job->a, struct new_attachment, m->n_files + 1);
	enum rc rc = RC_OK;
	size_t n = 0;

	for (size_t i = 0; i < m->n_files && rc == RC_OK; i++) {
		const struct mail_file *f = &m->files[i];
		char sha[65];

		if (f->opened)
			continue; /* what was in it stands beside it */
		if (n == FILES_KEPT) {
			job->files_left++;
			continue;
		}

		rc = of_the_disk(blob_put(job->desk->blobs, f->bytes, sha, err));
		at[n++] = (struct new_attachment){
			.sha256 = arena_str(job->a, str_of(sha)),
			.name = blob_safe_name(job->a, f->name.n    ? f->name
			                               : f->label.n ? f->label
			                                            : STR("file")),
			.type = str_of(blob_type_name(blob_sniff(f->bytes))),
			.cid = f->cid,
			.size = (int64_t)f->bytes.n,
		};
	}
	job->attachments = at;
	job->n_attachments = n;
	return rc;
}

/* Who forwards a mail as a file and writes nothing means its words. What cannot be read stays a file. */
static void open_forwarded(struct filing_job *job)
{
	const struct mail *m = job->mail;
	struct mail inner;

	if (str_trim(m->text).n || m->html.n || m->invite.is || m->crypto != MAIL_PLAIN)
		return;
	for (size_t i = 0; i < m->n_files; i++) {
		if (!str_is(m->files[i].type, "message/rfc822") ||
		    jail_mail(job->desk->jail, job->a, m->files[i].bytes, &inner, NULL) != RC_OK ||
		    !str_trim(inner.text).n)
			continue;
		struct mail_addr from = inner.from.n ? inner.from.at[0]
		                                     : (struct mail_addr){ .name = STR_INIT(""), .addr = STR_INIT("") };

		job->forwarded = arena_strf(job->a, "From: " STR_F " <" STR_F ">\nSubject: " STR_F "\n\n" STR_F,
		                            STR_A(from.name), STR_A(from.addr), STR_A(inner.subject),
		                            STR_A(inner.text));
		return;
	}
}

static enum rc quarantine_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct filing_job *job = arg;

	job->result.keep_raw = !blob_has(job->desk->blobs, job->in->sha256);
	return intake_done(tx, job->in, &job->result, err);
}

static enum rc tried_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct filing_job *job = arg;

	int64_t wait = job->in->tries < 6 ? SECOND_US << job->in->tries : MINUTE_US;

	return intake_tried(tx, job->in->id, job->result.reason, time_add(job->now, wait), err);
}

static enum rc aside_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct filing_job *job = arg;

	job->result.state = INTAKE_RECEIVED;
	return intake_origin_wait(tx, job->in->id, job->mail->identity, job->now, err);
}

/* Parses and files one row. RC_OK: it moved on (also to quarantine). Others: it stays, for another try. */
static enum rc take_in(struct filing_job *job, struct err *err)
{
	struct mail mail;
	enum rc rc = read_mail(job, &mail, err);

	if (rc == RC_INVALID || rc == RC_NOT_FOUND || rc == RC_LIMIT) {
		job->result = (struct filing){
			.state = INTAKE_QUARANTINE,
			.reason = arena_strf(job->a, "The mail could not be read (%s). Its raw bytes are kept.",
			                     err->text)
		};
		return db_write(job->desk->db, quarantine_step, job, err);
	}
	if (rc != RC_OK)
		return rc;
	job->mail = &mail;
	if (filing_wants_origin(job))
		return db_write(job->desk->db, aside_step, job, err);
	if ((rc = keep_files(job, err)) != RC_OK)
		return rc;
	open_forwarded(job);
	if (mail.html.p) {
		struct html_result r = { .html = mail.html,
			                 .quoted_at = mail.html_quoted_at,
			                 .quoted_end = mail.html_quoted_end };

		/* History stays, folded, with what was written below it; images are found among the files when it is
		 * shown. */
		job->html = html_fold(job->a, &r);
		if (job->html.n > 4 * MAX_KEPT)
			job->html = STR_NULL; /* the text tells it, the raw mail is kept */
	}
	return db_write_behind(job->desk->db, file_mail, job, err);
}

static bool one(struct desk *desk, struct intake *in, struct instant now)
{
	AUTO_ARENA a;
	struct err err = { 0 };
	struct filing_job job = { .desk = desk, .a = &a, .in = in, .now = now };

	arena_init(&a);
	enum rc rc = take_in(&job, &err);
	if (rc == RC_OK || (rc == RC_NOT_FOUND && strcmp(err.code, "moved") == 0)) {
		log_info("mail.filed", { "intake", LOG_I64(in->id.v) },
		         { "as", LOG_Z(intake_state_name(job.result.state)) });
		return true;
	}
	log_warn("mail.not-filed", { "intake", LOG_I64(in->id.v) }, { "tries", LOG_I64(in->tries + 1) },
	         { "why", LOG_Z(err.text) });
	job.result.reason = arena_str(&a, str_of(err.text));
	if (in->tries + 1 >= (rc == RC_RETRY || rc == RC_FULL ? MAX_WAITS : MAX_TRIES)) {
		job.result.state = INTAKE_QUARANTINE;
		return db_write(desk->db, quarantine_step, &job, NULL) == RC_OK;
	}
	(void)!db_write(desk->db, tried_step, &job, NULL);
	return false;
}

/* ---- the thread ---- */

struct due {
	struct arena *a;
	struct instant now;
	int64_t after;
	size_t max, n;
	struct intake *at;
};

static enum rc due_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct due *d = arg;

	return intake_due(tx, d->a, d->now, d->after, d->max, &d->at, &d->n, err);
}

size_t intake_run(struct desk *desk, struct instant now, size_t max)
{
	AUTO_ARENA a;
	struct due d = { .a = &a, .now = now, .max = max };
	struct err err = { 0 };
	size_t moved = 0;

	arena_init(&a);
	if (db_read(desk->db, due_step, &d, &err) != RC_OK) {
		log_warn("mail.intake", { "why", LOG_Z(err.text) });
		return 0;
	}
	for (size_t i = 0; i < d.n; i++)
		moved += one(desk, &d.at[i], now);
	return moved;
}

struct intake_loop {
	struct desk *desk;
	atomic_bool stop;
	pthread_t thread;
};

static void *run(void *arg)
{
	struct intake_loop *l = arg;
	int wait_ms = 1000;

	pthread_setname_np(pthread_self(), "mail intake");
	/* Accepting goes before filing: a sender waits for the one, nobody for the other. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), 5);

	while (!atomic_load(&l->stop)) {
		uint64_t seen = db_commits(l->desk->db);

		if (intake_run(l->desk, time_now(), 50) > 0) {
			wait_ms = 1000;
			continue;
		}
		/* What failed is due again a little later: ten seconds is the longest it waits for us. */
		db_wait_commit(l->desk->db, seen, wait_ms);
		wait_ms = wait_ms < 10000 ? wait_ms * 2 : 10000;
	}
	return NULL;
}

struct intake_loop *intake_start(struct desk *desk)
{
	struct intake_loop *l = xcalloc(1, sizeof(*l));
	pthread_attr_t attr;

	l->desk = desk;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 512 * 1024);
	if (pthread_create(&l->thread, &attr, run, l) != 0)
		die("cannot start the mail intake");
	pthread_attr_destroy(&attr);
	return l;
}

void intake_stop(struct intake_loop *l)
{
	atomic_store(&l->stop, true);
	db_wake(l->desk->db);
	pthread_join(l->thread, NULL);
	free(l);
}

/* The thread of one mailbox: sign in, open the folder, fetch what is behind the last UID, wait, again. */
#include "mail/imap.h"
#include "account/account.h"
#include "blob/blob.h"
#include "inbox/inbox.h"
#include "jobs/jobs.h"
#include "mail/imap_conn.h"
#include "mail/intake.h"
#include "util/crypt.h"
#include "util/log.h"
#include "util/time.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define BATCH     200
#define ANSWER_MS 60000
#define IDLE_MS   (9 * 60 * 1000) /* servers may drop an IDLE after 30 minutes, and routers much earlier (RFC 2177) */
#define CHATTER   100000          /* answers to one command */
#define TOLD_US   (60 * SECOND_US)

struct box {
	struct imap *all;
	const struct mailbox *m;
	struct arena arena; /* of one connection */
	struct imap_conn *c;
	struct oauth oauth;
	struct mail_channel state;
	struct str channel; /* "imap:name" */
	uint32_t uidvalidity;
	bool more; /* the folder grew */
	bool idle, move, signed_in;
	int64_t say_until; /* monotonic: until then what was left undone is said, though mail is read */
	int failures;
	int64_t team_told; /* the same, that its team is missing */
	int64_t told; /* when the database heard last that all is well; monotonic */
	pthread_t thread;
};

struct imap {
	struct desk *desk;
	struct arena arena;
	struct box *boxes;
	size_t n;
	atomic_bool stop;
	pthread_mutex_t lock;
	pthread_cond_t wake;
};

/* ---- what the database knows of the mailbox ---- */

struct noting {
	struct box *b;
	struct str error;
	struct instant now;
};

static enum rc note_ok(struct db_tx *tx, void *arg, struct err *err)
{
	struct noting *n = arg;

	return mail_channel_ok(tx, n->b->channel, n->now, err);
}

static enum rc note_failed(struct db_tx *tx, void *arg, struct err *err)
{
	struct noting *n = arg;

	return mail_channel_failed(tx, n->b->channel, n->error, n->now, err);
}

static enum rc load_state(struct db_tx *tx, void *arg, struct err *err)
{
	struct box *b = arg;

	return mail_channel_find(tx, &b->arena, b->channel, &b->state, err);
}

static void all_is_well(struct box *b)
{
	struct noting n = { b, STR(""), time_now() };
	int64_t now = time_monotonic_us();

	if (b->told && now - b->told < TOLD_US)
		return;
	if (db_write(b->all->desk->db, note_ok, &n, NULL) == RC_OK)
		b->told = now;
}

/* ---- its team ---- */

static enum rc look_for_team(struct db_tx *tx, void *arg, struct err *err)
{
	struct box *b = arg;
	struct team team;

	return team_find_name(tx, &b->arena, b->m->team, &team, err);
}

/* The file names a team, the desk makes it: one that is not there keeps no mail out, but somebody must hear of it. */
static bool team_is_missing(struct box *b)
{
	struct noting n = { .b = b, .now = time_now() };
	int64_t now = time_monotonic_us();

	if (!b->m->team.n || db_read(b->all->desk->db, look_for_team, b, NULL) != RC_NOT_FOUND) {
		b->team_told = 0;
		return false;
	}
	if (b->team_told && now - b->team_told < TOLD_US)
		return true;
	n.error = arena_strf(&b->arena, "There is no team \"" STR_F "\": its mails are filed without a team. Add the team in Administration, "
	                     "or name another one in mailboxes-file.", STR_A(b->m->team));
	if (db_write(b->all->desk->db, note_failed, &n, NULL) == RC_OK)
		b->team_told = now;
	b->told = 0;
	return true;
}

/* ---- commands ---- */

/* Sends and reads up to the tagged answer; `each` sees the others. NO and BAD are RC_INVALID with the server's words.
 */
typedef enum rc reply_fn(struct box *b, const struct imap_reply *r, void *arg, struct err *err);

static enum rc refused(const struct imap_reply *r, const char *what, struct err *err)
{
	struct str why = str_utf8_clip(r->text, 150);

	return fail(err, RC_INVALID, "%s: the server said %s " STR_F, what, r->kind == IMAP_NO ? "NO" : "BAD",
	            STR_A(why));
}

static enum rc finish(struct box *b, const char *what, reply_fn *each, void *arg, int64_t max, imap_sink_fn *sink,
                      void *sink_arg, struct err *err)
{
	for (int i = 0; i < CHATTER; i++) {
		struct imap_reply r;
		enum rc rc = imap_next(b->c, ANSWER_MS, max, sink, sink_arg, &r, err);

		if (rc != RC_OK)
			return rc == RC_NOT_FOUND ? fail(err, RC_RETRY, "%s: the server did not answer in time", what)
			                          : rc;
		imap_learn(b->c, &r);
		if (imap_is_mine(b->c, &r))
			return r.kind == IMAP_OK ? (each ? each(b, &r, arg, err) : RC_OK) : refused(&r, what, err);
		if (r.kind == IMAP_BYE)
			return fail(err, RC_RETRY, "%s: the server said goodbye", what);
		if (r.kind == IMAP_EXISTS)
			b->more = true;
		if (each && (rc = each(b, &r, arg, err)) != RC_OK)
			return rc;
	}
	return fail(err, RC_RETRY, "%s: the server talks without end", what);
}

static enum rc command(struct box *b, const char *what, struct str text, reply_fn *each, void *arg, struct err *err)
{
	enum rc rc = imap_send(b->c, text, err);

	return rc == RC_OK ? finish(b, what, each, arg, 0, NULL, NULL, err) : rc;
}

/* ---- signing in ---- */

static enum rc password(struct box *b, struct str *ret, struct err *err)
{
	char *text = arena_alloc(&b->arena, 4096);
	int fd = open(str_z(&b->arena, b->m->password_file), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, 4096) : -1;

	if (fd >= 0)
		close(fd);
	*ret = str_trim((struct str){ text, n > 0 ? (size_t)n : 0 });
	return ret->n ? RC_OK
	              : fail(err, RC_INVALID, "the password file " STR_F " cannot be read, or is empty",
	                     STR_A(b->m->password_file));
}

/* AUTHENTICATE with all of it in the first answer; a further challenge (the reason of a refusal) is answered empty. */
static enum rc authenticate(struct box *b, const char *mechanism, struct str secret, struct err *err)
{
	struct str b64 = base64_encode(&b->arena, secret);
	bool at_once = imap_can(imap_capabilities(b->c), "SASL-IR"), sent = at_once;
	enum rc rc = imap_send(b->c,
	                       at_once ? arena_strf(&b->arena, "AUTHENTICATE %s " STR_F, mechanism, STR_A(b64))
	                               : arena_strf(&b->arena, "AUTHENTICATE %s", mechanism),
	                       err);

	for (int i = 0; rc == RC_OK && i < 20; i++) {
		struct imap_reply r;

		rc = imap_next(b->c, ANSWER_MS, 0, NULL, NULL, &r, err);
		if (rc != RC_OK)
			return rc == RC_NOT_FOUND ? fail(err, RC_RETRY, "signing in: the server did not answer in time")
			                          : rc;
		imap_learn(b->c, &r);
		if (imap_is_mine(b->c, &r))
			return r.kind == IMAP_OK ? RC_OK : refused(&r, "signing in", err);
		if (r.kind == IMAP_MORE) {
			rc = imap_send_raw(b->c, sent ? STR("") : b64, err);
			sent = true;
		}
	}
	return rc != RC_OK ? rc : fail(err, RC_RETRY, "signing in: the server talks without end");
}

static enum rc by_token(struct box *b, bool fresh, struct err *err)
{
	enum rc rc = oauth_access(&b->oauth, b->m, fresh, err);
	struct str user = b->m->user;

	if (rc != RC_OK)
		return rc;
	if (str_is(b->m->oauth, "oauthbearer"))
		return authenticate(b, "OAUTHBEARER",
		                    arena_strf(&b->arena,
		                               "n,a=" STR_F ",\1host=" STR_F "\1port=" STR_F "\1auth=Bearer %s\1\1",
		                               STR_A(user), STR_A(b->m->host), STR_A(b->m->port), b->oauth.token),
		                    err);
	return authenticate(b, "XOAUTH2",
	                    arena_strf(&b->arena, "user=" STR_F "\1auth=Bearer %s\1\1", STR_A(user), b->oauth.token),
	                    err);
}

static enum rc sign_in(struct box *b, struct err *err)
{
	struct str secret, user, quoted;
	enum rc rc = RC_OK;

	if (b->m->oauth.n) {
		rc = by_token(b, false, err);
		/* The token may have been taken back before its time: once more with a new one. */
		return rc == RC_INVALID ? by_token(b, true, err) : rc;
	}
	if ((rc = password(b, &secret, err)) != RC_OK)
		return rc;
	if (imap_can(imap_capabilities(b->c), "AUTH=PLAIN")) {
		struct str both = arena_strf(&b->arena, "%c" STR_F "%c" STR_F, 0, STR_A(b->m->user), 0, STR_A(secret));

		return authenticate(b, "PLAIN", both, err);
	}
	if (imap_can(imap_capabilities(b->c), "LOGINDISABLED") || imap_quoted(&b->arena, b->m->user, &user) != RC_OK ||
	    imap_quoted(&b->arena, secret, &quoted) != RC_OK)
		return fail(err, RC_INVALID, "the server takes no way of signing in by password that we speak");
	return command(b, "signing in", arena_strf(&b->arena, "LOGIN " STR_F " " STR_F, STR_A(user), STR_A(quoted)),
	               NULL, NULL, err);
}

static enum rc on_select(struct box *b, const struct imap_reply *r, void *arg, struct err *err)
{
	if (r->kind == IMAP_OK && str_eq_nocase(r->code, STR("UIDVALIDITY")))
		b->uidvalidity = r->number;
	return RC_OK;
}

static enum rc open_folder(struct box *b, struct err *err)
{
	struct str folder;
	enum rc rc = imap_quoted(&b->arena, b->m->folder, &folder);

	if (rc != RC_OK)
		return fail(err, RC_INVALID, "the folder's name cannot be said to the server");
	b->uidvalidity = 0;
	rc = command(b, "opening the folder", arena_strf(&b->arena, "SELECT " STR_F, STR_A(folder)), on_select, NULL,
	             err);
	if (rc == RC_OK && !b->uidvalidity)
		rc = fail(err, RC_RETRY, "the server gave no UIDVALIDITY; without it no mail can be told from another");
	if (rc == RC_OK)
		rc = db_read(b->all->desk->db, load_state, b, err);
	if (rc == RC_OK && b->state.uidvalidity != (int64_t)b->uidvalidity) {
		if (b->state.uidvalidity)
			log_warn("imap.uidvalidity", { "mailbox", LOG_STR(b->m->name) },
			         { "was", LOG_I64(b->state.uidvalidity) }, { "is", LOG_I64(b->uidvalidity) });
		b->state.last_uid =
		        0; /* other mails, or the same by other numbers: what was filed is known by its content */
	}
	return rc;
}

/* ---- fetching ---- */

struct found {
	uint32_t uid[BATCH];
	int64_t size[BATCH];
	size_t n;
	int64_t after;
};

static enum rc on_listed(struct box *b, const struct imap_reply *r, void *arg, struct err *err)
{
	struct found *f = arg;

	/* "n:*" names the last mail even when it is older; and each only once, whatever the server says. */
	if (r->kind != IMAP_FETCH || r->uid == 0 || (int64_t)r->uid <= f->after)
		return RC_OK;
	size_t at = f->n;
	for (size_t i = 0; i < f->n; i++)
		if (f->uid[i] == r->uid)
			return RC_OK;
	while (at > 0 && f->uid[at - 1] > r->uid)
		at--;
	if (at == BATCH)
		return RC_OK;
	size_t end = f->n < BATCH ? f->n : BATCH - 1; /* the lowest are kept */
	memmove(&f->uid[at + 1], &f->uid[at], (end - at) * sizeof(f->uid[0]));
	memmove(&f->size[at + 1], &f->size[at], (end - at) * sizeof(f->size[0]));
	f->uid[at] = r->uid;
	f->size[at] = r->size;
	f->n = f->n < BATCH ? f->n + 1 : BATCH;
	return RC_OK;
}

struct taking {
	struct box *b;
	struct blob_writer *w;
	uint32_t uid;
	bool got;
	char sha[65];
	int64_t size;
	struct instant now;
};

static enum rc keep_bytes(void *arg, struct str bytes, struct err *err)
{
	struct taking *t = arg;
	enum rc rc = RC_OK;

	if (!t->w)
		rc = blob_begin(t->b->all->desk->blobs, &t->w, err);
	return rc == RC_OK ? blob_write(t->w, bytes, err) : rc;
}

static enum rc on_body(struct box *b, const struct imap_reply *r, void *arg, struct err *err)
{
	struct taking *t = arg;

	if (r->kind != IMAP_FETCH)
		return RC_OK;
	if (r->uid && r->uid != t->uid) {
		/* Another mail than asked for. Its bytes may be in the writer: the connection is not to be trusted. */
		return r->body ? fail(err, RC_RETRY, "the server sent another mail than was asked for") : RC_OK;
	}
	if (r->body && t->got)
		return fail(err, RC_RETRY, "the server sent a mail twice in one answer");
	t->got = t->got || r->body;
	return RC_OK;
}

static enum rc keep_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct taking *t = arg;
	struct intake in = { .channel = INTAKE_IMAP,
		             .sha256 = str_of(t->sha),
		             .size = t->size,
		             .mail_from = STR_INIT(""),
		             .rcpt = t->b->m->address,
		             .source = t->b->m->name,
		             .wish = { t->b->m->team, t->b->m->kind, t->b->m->criticality },
		             .received_at = t->now };
	enum rc rc = t->got ? intake_insert(tx, &in, NULL, err) : RC_OK;

	return rc == RC_OK ? mail_channel_progress(tx, t->b->channel, t->b->uidvalidity, t->uid, t->now, err) : rc;
}

/* After the commit: a failure here loses and doubles nothing, the mail only stays where it was. */
static enum rc mark(struct box *b, uint32_t uid, struct err *err)
{
	struct str done = b->m->done, folder;
	struct arena *a = &b->arena;
	enum rc rc = RC_OK;

	if (str_is(done, "keep"))
		return RC_OK;
	if (str_is(done, "seen"))
		return command(b, "marking a mail", arena_strf(a, "UID STORE %u +FLAGS.SILENT (\\Seen)", uid), NULL,
		               NULL, err);
	if (str_starts(done, STR("move:"))) {
		if (imap_quoted(a, str_from(done, 5), &folder) != RC_OK)
			return fail(err, RC_INVALID, "the folder of done cannot be said to the server");
		if (b->move)
			return command(b, "moving a mail", arena_strf(a, "UID MOVE %u " STR_F, uid, STR_A(folder)),
			               NULL, NULL, err);
		rc = command(b, "copying a mail", arena_strf(a, "UID COPY %u " STR_F, uid, STR_A(folder)), NULL, NULL,
		             err);
	}
	if (rc == RC_OK)
		rc = command(b, "deleting a mail", arena_strf(a, "UID STORE %u +FLAGS.SILENT (\\Deleted)", uid), NULL,
		             NULL, err);
	if (rc == RC_OK && imap_can(imap_capabilities(b->c), "UIDPLUS"))
		rc = command(b, "deleting a mail", arena_strf(a, "UID EXPUNGE %u", uid), NULL, NULL, err);
	return rc;
}

/* A server that will not have it so is told to people; the mail is kept, and those behind it are read. */
static enum rc mark_or_say(struct box *b, uint32_t uid, struct err *err)
{
	enum rc rc = mark(b, uid, err);
	int64_t until = time_monotonic_us() + HOUR_US;

	if (rc != RC_INVALID)
		return rc;
	struct noting n = { b, arena_strf(&b->arena, "Mail is read and kept, but stays as it was in the mailbox: %s", err->text), time_now() };

	log_warn("imap.not-marked", { "mailbox", LOG_STR(b->m->name) }, { "uid", LOG_I64(uid) }, { "why", LOG_Z(err->text) });
	(void)!db_write(b->all->desk->db, note_failed, &n, NULL);
	b->told = 0;
	b->say_until = b->say_until > until ? b->say_until : until;
	return RC_OK;
}

static enum rc take_one(struct box *b, uint32_t uid, int64_t size, struct err *err)
{
	struct taking t = { .b = b, .uid = uid, .now = time_now() };
	int64_t max = b->all->desk->config.max_mail;
	enum rc rc = RC_OK;

	if (size > max) {
		struct noting n = {
			b,
			arena_strf(&b->arena,
			           "A mail of %lld MB is larger than max-mail; it was left in the mailbox (UID %u).",
			           (long long)(size >> 20), uid),
			t.now
		};

		log_warn("imap.large", { "mailbox", LOG_STR(b->m->name) }, { "uid", LOG_I64(uid) },
		         { "size", LOG_I64(size) });
		(void)!db_write(b->all->desk->db, note_failed, &n, NULL);
		b->told = 0;
		b->say_until = time_monotonic_us() + DAY_US;
		return db_write(b->all->desk->db, keep_step, &t, err);
	}
	rc = imap_send(b->c, arena_strf(&b->arena, "UID FETCH %u (UID BODY.PEEK[])", uid), err);
	if (rc == RC_OK)
		rc = finish(b, "fetching a mail", on_body, &t, max, keep_bytes, &t, err);
	if (rc == RC_OK && t.got && !t.w) /* an empty one */
		t.got = false;
	if (rc == RC_OK && t.w) {
		struct blob_writer *w = t.w;

		t.w = NULL;
		rc = blob_finish(w, t.sha, &t.size, err);
	}
	if (t.w)
		blob_abort(t.w);
	if (rc == RC_OK) /* a mail that is gone meanwhile is passed over */
		rc = db_write(b->all->desk->db, keep_step, &t, err);
	if (rc != RC_OK)
		return rc;
	b->state.uidvalidity = b->uidvalidity;
	b->state.last_uid = uid;
	log_info("imap.taken", { "mailbox", LOG_STR(b->m->name) }, { "uid", LOG_I64(uid) }, { "got", LOG_I64(t.got) });
	return t.got ? mark_or_say(b, uid, err) : RC_OK;
}

static enum rc fetch_new(struct box *b, struct err *err)
{
	for (;;) {
		struct found *f = arena_new(&b->arena, struct found);
		enum rc rc;

		b->more = false;
		f->after = b->state.last_uid;
		if (f->after >= UINT32_MAX)
			return fail(err, RC_RETRY, "the mailbox has no further numbers for mails");
		rc = command(b, "listing the folder",
		             arena_strf(&b->arena, "UID FETCH %lld:* (UID RFC822.SIZE)", (long long)f->after + 1),
		             on_listed, f, err);
		for (size_t i = 0; rc == RC_OK && i < f->n; i++) {
			if (atomic_load(&b->all->stop))
				return RC_OK;
			rc = take_one(b, f->uid[i], f->size[i], err);
		}
		if (rc != RC_OK || f->n < BATCH)
			return rc;
	}
}

/* ---- waiting ---- */

static enum rc wait_idle(struct box *b, struct err *err)
{
	int64_t until = time_monotonic_us() +
	                (b->m->poll_seconds * 1000 < IDLE_MS ? b->m->poll_seconds * 1000 : IDLE_MS) * INT64_C(1000);
	enum rc rc = imap_send(b->c, STR("IDLE"), err);
	bool idling = false;

	while (rc == RC_OK && !b->more && !atomic_load(&b->all->stop)) {
		int64_t left = (until - time_monotonic_us()) / 1000;
		struct imap_reply r;

		if (left <= 0)
			break;
		rc = imap_next(b->c, (int)left, 0, NULL, NULL, &r, err);
		if (rc == RC_NOT_FOUND) {
			rc = RC_OK;
			break;
		}
		if (rc != RC_OK)
			return rc;
		if (imap_is_mine(b->c, &r))
			return r.kind == IMAP_OK ? RC_OK : refused(&r, "waiting", err);
		if (r.kind == IMAP_BYE)
			return fail(err, RC_RETRY, "waiting: the server said goodbye");
		idling = idling || r.kind == IMAP_MORE;
		b->more = b->more || r.kind == IMAP_EXISTS;
	}
	if (rc == RC_OK && !idling)
		return fail(err, RC_RETRY, "waiting: the server did not begin to idle");
	if (rc == RC_OK)
		rc = imap_send_raw(b->c, STR("DONE"), err);
	return rc == RC_OK ? finish(b, "waiting", NULL, NULL, 0, NULL, NULL, err) : rc;
}

static void nap(struct imap *all, int64_t us)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += us / SECOND_US;
	t.tv_nsec += (us % SECOND_US) * 1000;
	if (t.tv_nsec >= 1000000000)
		t.tv_sec++, t.tv_nsec -= 1000000000;
	pthread_mutex_lock(&all->lock);
	if (!atomic_load(&all->stop))
		pthread_cond_timedwait(&all->wake, &all->lock, &t);
	pthread_mutex_unlock(&all->lock);
}

static enum rc wait_for_mail(struct box *b, struct err *err)
{
	if (b->idle)
		return wait_idle(b, err);
	nap(b->all, b->m->poll_seconds * SECOND_US);
	return command(b, "asking for news", STR("NOOP"), NULL, NULL, err);
}

/* ---- the thread ---- */

static enum rc session(struct box *b, struct err *err)
{
	struct imap_where w = { b->m->host, b->m->port, b->m->starttls, b->m->ca_file, &b->all->stop };
	enum rc rc = imap_open(&w, &b->c, err);

	b->signed_in = false;
	if (rc == RC_OK && !imap_capabilities(b->c).n)
		rc = command(b, "asking what it can", STR("CAPABILITY"), NULL, NULL, err);
	if (rc == RC_OK)
		rc = sign_in(b, err);
	if (rc == RC_OK)
		rc = command(b, "asking what it can", STR("CAPABILITY"), NULL, NULL, err);
	if (rc != RC_OK)
		return rc;
	b->signed_in = true;
	b->idle = imap_can(imap_capabilities(b->c), "IDLE");
	b->move = imap_can(imap_capabilities(b->c), "MOVE");
	rc = open_folder(b, err);
	while (rc == RC_OK && !atomic_load(&b->all->stop)) {
		arena_clear(&b->arena); /* a connection may last for weeks */
		rc = fetch_new(b, err);
		if (rc != RC_OK)
			break;
		b->failures = 0;
		if (!team_is_missing(b) && time_monotonic_us() >= b->say_until)
			all_is_well(b);
		rc = wait_for_mail(b, err);
	}
	return rc;
}

static void *run(void *arg)
{
	struct box *b = arg;

	while (!atomic_load(&b->all->stop)) {
		struct err err = { 0 };
		struct noting n = { .b = b };

		b->told = b->team_told = 0;
		enum rc rc = session(b, &err);
		imap_close(b->c);
		b->c = NULL;
		if (atomic_load(&b->all->stop))
			break;
		if (rc != RC_OK) {
			b->failures++;
			n.now = time_now();
			n.error = str_of(err.text);
			/* A server that restarts is no news; one that stays away, or refuses us, is. */
			if (b->failures > 1 || !b->signed_in)
				(void)!db_write(b->all->desk->db, note_failed, &n, NULL);
			log_warn("imap.failed", { "mailbox", LOG_STR(b->m->name) }, { "why", LOG_Z(err.text) },
			         { "times", LOG_I64(b->failures) });
			int64_t wait = b->failures == 1
			                       ? 2 * SECOND_US
			                       : job_backoff_us(b->failures < 7 ? b->failures : 7, random_below(1000));
			nap(b->all, wait < 10 * MINUTE_US ? wait : 10 * MINUTE_US);
		}
		arena_clear(&b->arena);
	}
	return NULL;
}

static struct str channel_of(struct arena *a, const struct mailbox *m)
{
	return arena_strf(a, "imap:" STR_F, STR_A(m->name));
}

struct resting {
	struct arena *a;
	const struct mailbox *m;
	size_t n;
};

static enum rc rest(struct db_tx *tx, void *arg, struct err *err)
{
	struct resting *x = arg;
	enum rc rc = mail_channels_rest(tx, err);

	for (size_t i = 0; rc == RC_OK && i < x->n; i++)
		if (x->m[i].team.n)
			rc = mail_channel_team(tx, channel_of(x->a, &x->m[i]), x->m[i].team, err);
	return rc;
}

enum rc imap_start(struct desk *desk, struct imap **ret, struct err *err)
{
	struct imap *all = xcalloc(1, sizeof(*all));
	struct mailbox *m;
	pthread_attr_t attr;
	enum rc rc;

	arena_init(&all->arena);
	rc = mailboxes_load(&all->arena, &desk->config, &m, &all->n, err);
	struct resting x = { &all->arena, m, all->n };

	*ret = NULL;
	if (rc == RC_OK)
		rc = db_write(desk->db, rest, &x, err);
	if (rc != RC_OK || all->n == 0) {
		arena_release(&all->arena);
		free(all);
		return rc;
	}
	all->desk = desk;
	pthread_mutex_init(&all->lock, NULL);
	pthread_cond_init(&all->wake, NULL);
	all->boxes = xcalloc(all->n, sizeof(*all->boxes));
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 512 * 1024);
	for (size_t i = 0; i < all->n; i++) {
		struct box *b = &all->boxes[i];

		b->all = all;
		b->m = &m[i];
		b->channel = channel_of(&all->arena, &m[i]);
		arena_init(&b->arena);
		if (pthread_create(&b->thread, &attr, run, b) != 0)
			die("cannot start a mailbox");
	}
	pthread_attr_destroy(&attr);
	*ret = all;
	return RC_OK;
}

void imap_stop(struct imap *all)
{
	if (!all)
		return;
	atomic_store(&all->stop, true);
	pthread_mutex_lock(&all->lock);
	pthread_cond_broadcast(&all->wake);
	pthread_mutex_unlock(&all->lock);
	for (size_t i = 0; i < all->n; i++) {
		pthread_join(all->boxes[i].thread, NULL);
		arena_release(&all->boxes[i].arena);
	}
	pthread_mutex_destroy(&all->lock);
	pthread_cond_destroy(&all->wake);
	free(all->boxes);
	arena_release(&all->arena);
	free(all);
}

/* Rows of the outbox to SMTP, by libcurl. The same Message-ID on every try; what became of it is on the row. */
#include "mail/sender.h"
#include "blob/blob.h"
#include "html/html.h"
#include "mail/dkim.h"
#include "mail/notify_private.h"
#include "mime/addr.h"
#include "mime/mime.h"
#include "ticket/ticket.h"
#include "util/crypt.h"
#include "util/log.h"
#include <curl/curl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define LEASE_US  (10 * MINUTE_US)
#define GIVE_UP   (5 * DAY_US) /* RFC 5321 section 4.5.4.1: four to five days */
#define MAX_FILES (20 << 20)
#define LINK_US   (30 * DAY_US) /* how long a link to a file that is larger works */

struct sending {
	struct desk *desk;
	struct arena *a;
	const struct outmail_row *m;
	struct instant now;
	struct mail_out_file *files;
	size_t n_files;
	enum rc outcome;
	struct str left_out; /* a line for each file that is too large: its name and a link */
	bool hung; /* the server did not answer: others for the same domain need not try it, too */
	struct str error;
};

/* Domains mail is being sent to: at most LANE_WIDTH at a time each, and none for a while after one hung, so that nobody
 * waits behind somebody else's server. */
#define LANES        256
#define LANE_WIDTH   2
#define LANE_HOLD_US (5 * MINUTE_US)
#define LANE_WAIT_US (5 * SECOND_US)

struct lane {
	char domain[256];
	int busy;
	int64_t held; /* monotonic */
};
struct lanes {
	pthread_mutex_t lock;
	struct lane at[LANES];
};

static void domain_of(struct str addr, char ret[256])
{
	size_t at = str_find_byte(addr, '@');

	addr = at == STR_NONE ? STR("") : str_from(addr, at + 1);
	snprintf(ret, 256, STR_F, STR_A(addr));
}

/* How long the mail has to wait; 0: go. A table that is full lets everybody through. */
static int64_t lane_enter(struct lanes *l, struct str addr)
{
	char domain[256];
	struct lane *mine = NULL, *free_one = NULL;
	int64_t now = time_monotonic_us(), wait = 0;

	domain_of(addr, domain);
	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < LANES && !mine; i++) {
		struct lane *at = &l->at[i];

		if (strcmp(at->domain, domain) == 0)
			mine = at;
		else if (!free_one && at->busy == 0 && at->held <= now)
			free_one = at;
	}
	if (!mine && free_one) {
		mine = free_one;
		*mine = (struct lane){ 0 };
		memcpy(mine->domain, domain, sizeof(domain));
	}
	if (mine && mine->held > now)
		wait = mine->held - now;
	else if (mine && mine->busy >= LANE_WIDTH)
		wait = LANE_WAIT_US;
	else if (mine)
		mine->busy++;
	pthread_mutex_unlock(&l->lock);
	return wait;
}

static void lane_leave(struct lanes *l, struct str addr, bool hung)
{
	char domain[256];

	domain_of(addr, domain);
	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < LANES; i++)
		if (strcmp(l->at[i].domain, domain) == 0 && l->at[i].busy > 0) {
			l->at[i].busy--;
			if (hung)
				l->at[i].held = time_monotonic_us() + LANE_HOLD_US;
			break;
		}
	pthread_mutex_unlock(&l->lock);
}

/* ---- composing ---- */

struct file_facts {
	struct arena *a;
	int64_t id;
	struct sent_file f;
};

static enum rc read_file(struct db_tx *tx, void *arg, struct err *err)
{
	struct file_facts *x = arg;

	return notify_file(tx, x->a, x->id, &x->f, err);
}

static enum rc load_files(struct sending *s, struct err *err)
{
	json_t *list = json_loadb(s->m->attachments.p, s->m->attachments.n, 0, NULL);
	size_t n = json_array_size(list), total = 0;
	enum rc rc = RC_OK;

	s->files = arena_array(s->a, struct mail_out_file, n + 1);
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		struct file_facts f = { .a = s->a, .id = json_integer_value(json_array_get(list, i)) };
		struct str bytes;

		rc = db_read(s->desk->db, read_file, &f, err);
		if (rc == RC_OK)
			rc = blob_read(s->a, s->desk->blobs, f.f.sha256, MAX_FILES, &bytes, err);
		if (rc == RC_OK && total + bytes.n <= MAX_FILES) {
			total += bytes.n;
			s->files[s->n_files++] = (struct mail_out_file){ .name = f.f.name, .type = f.f.type, .bytes = bytes };
		}
		else if (rc == RC_OK || rc == RC_LIMIT) {
			/* Too large for a mail. Whoever got the mail would have got the file, so the link asks nobody to sign in. */
			struct str link = mail_file_link(s->a, &s->desk->keys, f.f.token, time_add(s->now, LINK_US));

			s->left_out = arena_strf(s->a, STR_F "\n" STR_F ": " STR_F "/mail-file/" STR_F, STR_A(s->left_out),
						 STR_A(mail_header_text(s->a, f.f.name)), STR_A(s->desk->config.base_url), STR_A(link));
			rc = RC_OK;
		}
	}
	json_decref(list);
	return rc;
}

static struct str secret_of(struct sending *s, struct str file)
{
	char *text = arena_alloc(s->a, 16384);
	FILE *f = file.n ? fopen(str_z(s->a, file), "rbe") : NULL;
	size_t n = f ? fread(text, 1, 16384, f) : 0;

	if (f)
		fclose(f);
	return str_trim((struct str){ text, n });
}

/* The key is read for each mail: it may be replaced while the desk runs, and a mail costs much more than a file. */
static enum rc sign(struct sending *s, struct str *mail, struct err *err)
{
	const struct desk_config *c = &s->desk->config;
	struct dkim_key *k;
	struct str pem = secret_of(s, c->dkim_key_file);

	if (!c->dkim_key_file.n)
		return RC_OK;
	enum rc rc = dkim_load(pem, &k, err);
	if (rc == RC_OK) {
		rc = dkim_sign(s->a, k, addr_domain(s->m->from_addr), c->dkim_selector, s->now.us / SECOND_US, *mail, mail, err);
		dkim_free(k);
	}
	return rc == RC_OK ? RC_OK : RC_RETRY; /* the mail waits until somebody mends the key */
}

static enum rc compose(struct sending *s, struct str *ret, struct err *err)
{
	const struct outmail_row *m = s->m;
	struct mail_addr to = { m->to_name, m->to_addr };
	struct str refs[20], rest = m->refs;
	size_t n = 0;
	enum rc rc = load_files(s, err);

	if (rc != RC_OK)
		return rc;
	while (n < COUNT(refs) && str_cut(&rest, ' ', &refs[n]))
		n++;
	struct str text = m->text;
	if (s->left_out.n)
		text = arena_strf(s->a, STR_F STR_F "\n", STR_A(text), STR_A(s->left_out));
	struct str page = html_from_text(s->a, text);
	struct mail_out out = {
		.from = { m->from_name, m->from_addr },
		.reply_to = { m->from_name, m->reply_to },
		.to = &to,
		.n_to = 1,
		.date = m->created_at,
		.message_id = m->message_id,
		.in_reply_to = m->in_reply_to,
		.references = refs,
		.n_references = n,
		.subject = m->subject,
		.text = text,
		.html = m->html.n ? m->html
				  : arena_strf(s->a, "<!doctype html><html><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\"></head><body>" STR_F "</body></html>", STR_A(page)),
		.auto_submitted = m->automatic == OUTMAIL_GENERATED ? "auto-generated" : m->automatic ? "auto-replied" : NULL,
		.files = s->files,
		.n_files = s->n_files,
	};
	struct mail_out_header extra[4];
	if (m->automatic) {
		extra[out.n_extra++] = (struct mail_out_header){ "X-Auto-Response-Suppress", STR("All") };
		extra[out.n_extra++] = (struct mail_out_header){ "Precedence", STR("bulk") };
	}
	if (m->unsubscribe.n) { /* one click (RFC 8058); our DKIM signature covers both */
		extra[out.n_extra++] = (struct mail_out_header){ "List-Unsubscribe", arena_strf(s->a, "<" STR_F ">", STR_A(m->unsubscribe)) };
		extra[out.n_extra++] = (struct mail_out_header){ "List-Unsubscribe-Post", STR("List-Unsubscribe=One-Click") };
	}
	out.extra = extra;
	rc = mime_build(s->a, &out, ret, err);
	return rc == RC_OK ? sign(s, ret, err) : rc;
}

/* ---- SMTP ---- */

struct upload { struct str left; };

/* The newest refusal in the words of the server: curl says a number. The farewell after it is not one. */
struct said {
	char line[400];
	size_t n;
};

static size_t hear(char *p, size_t size, size_t n, void *arg)
{
	struct said *s = arg;
	size_t len = size * n < sizeof(s->line) ? size * n : sizeof(s->line);

	if (len > 0 && (p[0] == '4' || p[0] == '5')) {
		memcpy(s->line, p, len);
		s->n = len;
	}
	return size * n;
}

static size_t give(char *p, size_t size, size_t n, void *arg)
{
	struct upload *u = arg;
	size_t take = size * n < u->left.n ? size * n : u->left.n;

	memcpy(p, u->left.p, take);
	u->left = str_from(u->left, take);
	return take;
}

static bool is_old(const struct sending *s)
{
	return s->now.us - s->m->tried_since.us > GIVE_UP;
}

/* 5xx is about this mail when it answers the envelope or the mail. A server that says 554 as its first word, or wants
 * another way in (530, 535, 538: RFC 4954 section 6, RFC 3207 section 4), says nothing of the mail: somebody mends the
 * server, and then it goes. */
static bool is_final(CURLcode code, long reply, bool data_sent)
{
	if (reply < 500 || reply > 599 || reply == 530 || reply == 535 || reply == 538)
		return false;
	return code == CURLE_SEND_ERROR || (code == CURLE_WEIRD_SERVER_REPLY && data_sent);
}

static void settle(struct sending *s, CURL *h, CURLcode code, const char *detail, const struct said *said, bool data_sent)
{
	long reply = 0;
	struct str line = mail_header_text(s->a, (struct str){ said->line, said->n });

	curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &reply);
	if (code == CURLE_OK) {
		s->outcome = RC_OK;
		return;
	}
	/* Everything else (4xx, no connection, no TLS) is tried again for five days. */
	s->outcome = is_final(code, reply, data_sent) || is_old(s) ? RC_INVALID : RC_RETRY;
	s->hung = code == CURLE_OPERATION_TIMEDOUT;
	if (reply >= 400 && str_starts(line, arena_strf(s->a, "%ld", reply)))
		s->error = arena_strf(s->a, "%s (the server answered " STR_F ")", detail[0] ? detail : curl_easy_strerror(code), STR_A(line));
	else if (reply >= 400)
		s->error = arena_strf(s->a, "%s (the server answered %ld)", detail[0] ? detail : curl_easy_strerror(code), reply);
	else
		s->error = arena_strf(s->a, "%s", detail[0] ? detail : curl_easy_strerror(code));
}

static void transfer(struct sending *s, struct str bytes)
{
	const struct desk_config *c = &s->desk->config;
	CURL *h = curl_easy_init();
	char detail[CURL_ERROR_SIZE] = "";
	struct upload u = { bytes };
	struct said said = { .n = 0 };
	struct curl_slist *to = curl_slist_append(NULL, str_z(s->a, arena_strf(s->a, "<" STR_F ">", STR_A(s->m->to_addr))));

	curl_easy_setopt(h, CURLOPT_URL, str_z(s->a, arena_strf(s->a, STR_F "/" STR_F, STR_A(c->smtp_url), STR_A(c->mail_domain))));
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	/* The null sender on automatic mail: whatever bounces must not come back as a new mail (RFC 3834 section 3.3). */
	curl_easy_setopt(h, CURLOPT_MAIL_FROM, s->m->automatic ? "<>" : str_z(s->a, arena_strf(s->a, "<" STR_F ">", STR_A(mail_bounce_address(s->a, &s->desk->keys, s->m->id)))));
	curl_easy_setopt(h, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(h, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(h, CURLOPT_READDATA, &u);
	curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, hear);
	curl_easy_setopt(h, CURLOPT_HEADERDATA, &said);
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, 30L);
	curl_easy_setopt(h, CURLOPT_TIMEOUT, 300L);
	curl_easy_setopt(h, CURLOPT_SERVER_RESPONSE_TIMEOUT, c->smtp_timeout > 0 ? (long)c->smtp_timeout : 60L);
	curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, 100L);
	curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, c->smtp_timeout > 0 ? (long)c->smtp_timeout : 60L);
	curl_easy_setopt(h, CURLOPT_USE_SSL, c->smtp_starttls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
	if (!c->smtp_starttls && !c->smtp_ca_file.n && str_starts(c->smtp_url, STR("smtp://"))) /* opportunistic: a certificate nobody can check is still better than none */
		curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 0L), curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 0L);
	if (c->smtp_ca_file.n)
		curl_easy_setopt(h, CURLOPT_CAINFO, str_z(s->a, c->smtp_ca_file));
	if (c->smtp_user.n) {
		curl_easy_setopt(h, CURLOPT_USERNAME, str_z(s->a, c->smtp_user));
		curl_easy_setopt(h, CURLOPT_PASSWORD, str_z(s->a, secret_of(s, c->smtp_password_file)));
		/* A password is only ever shown to a server whose certificate was checked. */
		curl_easy_setopt(h, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
		curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
		curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
	}
	CURLcode code = curl_easy_perform(h);

	settle(s, h, code, detail, &said, u.left.n < bytes.n);
	curl_slist_free_all(to);
	curl_easy_cleanup(h);
}

/* ---- the rows ---- */

static enum rc note_failure(struct db_tx *tx, struct sending *s, struct err *err)
{
	struct event e = { .at = s->now, .kind = STR_INIT(EV_MAIL_FAILED), .ticket = s->m->ticket, .message = s->m->message };
	struct actor system = actor_system();
	json_t *j;
	char *text;

	if (!s->m->ticket.v)
		return RC_OK;
	j = json_pack("{s:s%,s:s%}", "to", s->m->to_addr.p, s->m->to_addr.n, "error", s->error.p, s->error.n);
	text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	e.data = text ? str_of(text) : STR("{}");
	event_by(&e, &system);
	enum rc rc = event_append(tx, &e, NULL, err);
	free(text);
	json_decref(j);
	return rc;
}

/* 5, 10, 20 ... minutes up to four hours, a fifth more or less so that not all come back together. */
int64_t sender_backoff_us(int tries, uint32_t seed)
{
	int64_t wait = 5 * MINUTE_US;

	for (int i = 1; i < tries && wait < 4 * HOUR_US; i++)
		wait *= 2;
	wait = wait < 4 * HOUR_US ? wait : 4 * HOUR_US;
	return wait / 5 * 4 + wait / 5 * 2 / 1000 * (int64_t)(seed % 1000);
}

static enum rc settle_row(struct db_tx *tx, void *arg, struct err *err)
{
	struct sending *s = arg;

	if (s->outcome == RC_OK)
		return outbox_sent(tx, s->m->id, s->now, err);
	if (s->outcome == RC_RETRY) {
		return outbox_failed(tx, s->m->id, s->error, time_add(s->now, sender_backoff_us(s->m->tries, random_below(1000))), err);
	}
	enum rc rc = outbox_failed(tx, s->m->id, s->error, (struct instant){ 0 }, err);
	return rc == RC_OK ? note_failure(tx, s, err) : rc;
}

/* true: the server hung. */
static bool send_row(struct desk *desk, const struct outmail_row *m, struct instant now)
{
	AUTO_ARENA a;
	struct sending s = { .desk = desk, .a = &a, .m = m, .now = now };
	struct str bytes;
	struct err err = { 0 };

	arena_init(&a);
	enum rc rc = compose(&s, &bytes, &err);
	if (rc == RC_OK) {
		transfer(&s, bytes);
	} else {
		s.outcome = rc == RC_INVALID || rc == RC_NOT_FOUND || is_old(&s) ? RC_INVALID : RC_RETRY;
		s.error = arena_str(&a, str_of(err.text));
	}
	if (s.outcome != RC_OK)
		log_warn("mail.not-sent", { "outmail", LOG_I64(m->id.v) }, { "why", LOG_STR(s.error) }, { "final", LOG_I64(s.outcome != RC_RETRY) });
	if (db_write(desk->db, settle_row, &s, &err) != RC_OK)
		log_error("mail.outbox", { "outmail", LOG_I64(m->id.v) }, { "why", LOG_Z(err.text) });
	return s.hung;
}

struct taking {
	struct arena a;
	struct instant now;
	size_t max, n;
	bool due;
	struct outmail_row *rows;
};

static enum rc due_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct taking *t = arg;

	return outbox_due(tx, t->now, &t->due, err);
}

static enum rc take_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct taking *t = arg;

	arena_clear(&t->a);
	return outbox_take(tx, &t->a, t->now, LEASE_US, t->max, &t->rows, &t->n, err);
}

struct waiting {
	struct outmail_id id;
	struct instant until;
};

static enum rc postpone_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct waiting *w = arg;

	return outbox_postpone(tx, w->id, w->until, err);
}

static void in_its_lane(struct desk *desk, struct lanes *lanes, const struct outmail_row *m, struct instant now)
{
	int64_t wait = lanes ? lane_enter(lanes, m->to_addr) : 0;

	if (wait) {
		struct waiting w = { m->id, time_add(now, wait) };

		(void)!db_write(desk->db, postpone_step, &w, NULL);
		return;
	}
	bool hung = send_row(desk, m, now);
	if (lanes)
		lane_leave(lanes, m->to_addr, hung);
}

static size_t run_lanes(struct desk *desk, struct lanes *lanes, struct instant now, size_t max)
{
	struct taking t = { .now = now, .max = max };
	struct err err = { 0 };

	if (!desk->config.smtp_url.n || db_read(desk->db, due_step, &t, &err) != RC_OK || !t.due)
		return 0;
	arena_init(&t.a);
	enum rc rc = db_write(desk->db, take_step, &t, &err);
	for (size_t i = 0; rc == RC_OK && i < t.n; i++)
		in_its_lane(desk, lanes, &t.rows[i], now);
	size_t n = rc == RC_OK ? t.n : 0;
	arena_release(&t.a);
	return n;
}

size_t sender_run(struct desk *desk, struct instant now, size_t max)
{
	return run_lanes(desk, NULL, now, max);
}

struct sender {
	struct desk *desk;
	atomic_bool stop;
	struct lanes lanes;
	pthread_t thread[8];
};

static void *run(void *arg)
{
	struct sender *s = arg;

	while (!atomic_load(&s->stop)) {
		uint64_t seen = db_commits(s->desk->db);

		/* One at a time: what a thread holds must not wait behind a server that hangs. */
		if (run_lanes(s->desk, &s->lanes, time_now(), 1) == 0)
			db_wait_commit(s->desk->db, seen, 5000);
	}
	return NULL;
}

struct sender *sender_start(struct desk *desk)
{
	struct sender *s = xcalloc(1, sizeof(*s));
	pthread_attr_t attr;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	s->desk = desk;
	pthread_mutex_init(&s->lanes.lock, NULL);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 512 * 1024);
	for (size_t i = 0; i < COUNT(s->thread); i++)
		if (pthread_create(&s->thread[i], &attr, run, s) != 0)
			die("cannot start the mail sender");
	pthread_attr_destroy(&attr);
	return s;
}

void sender_stop(struct sender *s)
{
	atomic_store(&s->stop, true);
	db_wake(s->desk->db);
	for (size_t i = 0; i < COUNT(s->thread); i++)
		pthread_join(s->thread[i], NULL);
	pthread_mutex_destroy(&s->lanes.lock);
	free(s);
}

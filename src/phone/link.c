/* The desk's side of the telephone line: a thread that answers what the line asks, one connection at a time, and a
 * thread that keeps the line's process running. Everything the line says may come twice (call/ sees to that): it
 * repeats what it did not see answered. */
#include "phone/link.h"
#include "blob/blob.h"
#include "call/call.h"
#include "util/json.h"
#include "util/log.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MESSAGE_MAX (256 << 10)
#define AUDIO_MAX   (4 << 20)
#define POLL_MS     250

struct phone_link {
	struct desk *desk;
	pthread_t server, keeper;
	bool has_keeper, stop;
	int listen, conn;
	pid_t pid;
	char **argv;
	struct arena arena;
	uint64_t commits;
	char *in;
	size_t n_in;
};

/* ---- one message ---- */

struct work { /* of a write transaction */
	struct desk *desk;
	struct arena *a;
	json_t *m;
	struct json *out;
	struct str op, key, from, sha256;
	int64_t size;
	struct instant at;
	struct call call;
	struct call_engineer roster[CALL_ROSTER];
	size_t n_roster;
	struct call_wish *wishes;
	size_t n_wishes;
	struct str callback, why;
	int64_t spent;
	bool may;
};

static struct str text(const struct work *w, const char *key)
{
	json_t *v = json_object_get(w->m, key);

	return json_is_string(v) ? (struct str){ json_string_value(v), json_string_length(v) } : STR("");
}

static int64_t number(const struct work *w, const char *key)
{
	return json_integer_value(json_object_get(w->m, key));
}

static enum rc begin_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct work *w = arg;
	struct call_new n = { .key = w->key,
		              .from = w->from,
		              .to = call_number(w->a, text(w, "to"), w->desk->config.phone_country),
		              .source = CALL_LINE,
		              .direction = CALL_IN,
		              .at = w->at };

	return call_begin(tx, w->a, &n, &w->call, err);
}

static enum rc lookup_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct work *w = arg;
	struct contact c = { 0 };
	enum rc rc = call_find(tx, w->a, w->key, &w->call, err);

	if (rc == RC_OK && w->call.contact.v)
		rc = contact_find(tx, w->a, w->call.contact, &c, err);
	if (rc == RC_OK) {
		json_kbool(w->out, "known", c.id.v != 0);
		if (c.lang.n)
			json_kstr(w->out, "lang", c.lang);
	}
	return rc;
}

static enum rc try_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct work *w = arg;

	return call_try(tx, w->a, w->key, w->from, w->at, err);
}

static enum rc verify_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct work *w = arg;

	return call_verify(tx, w->a, w->key, text(w, "pin"), w->desk->pin_key, w->at, &w->call, &w->may, err);
}

static enum rc open_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct work *w = arg;
	struct call_opening o = { w->key, (int)number(w, "criticality"),
		                  json_is_true(json_object_get(w->m, "offline")) };
	struct contact c = { 0 };
	enum rc rc;

	if (o.criticality < 1 || o.criticality > 2)
		o.criticality = 1;
	rc = call_open(tx, w->a, &o, time_now(), &w->call, err);
	/* Who hangs up is called at the number on file, never at the one that was shown. */
	if (rc == RC_OK && w->call.contact.v && contact_find(tx, w->a, w->call.contact, &c, err) == RC_OK)
		w->callback = call_number(w->a, c.phone, w->desk->config.phone_country);
	return rc == RC_OK ? call_roster(tx, w->a, w->at, w->roster, &w->n_roster, err) : rc;
}

static enum rc spent_today(struct db_tx *tx, struct work *w, struct err *err)
{
	struct str v, day;
	int64_t d, ms;
	enum rc rc = setting_get(tx, w->a, "phone-spent", &v, err);

	w->spent = 0;
	if (rc == RC_OK && str_cut(&v, ' ', &day) && str_to_i64(day, &d) == RC_OK && d == time_now().us / DAY_US &&
	    str_to_i64(v, &ms) == RC_OK)
		w->spent = ms;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc roster_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct work *w = arg;

	enum rc rc = spent_today(tx, w, err);

	return rc == RC_OK ? call_roster(tx, w->a, w->at, w->roster, &w->n_roster, err) : rc;
}

/* The line counts what it calls in a day; a new one goes on counting. */
static enum rc spent_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct work *w = arg;
	int64_t ms = number(w, "ms");
	enum rc rc = spent_today(tx, w, err);

	if (rc != RC_OK || ms <= 0 || ms > DAY_US / 1000)
		return rc;
	return setting_set(
	        tx, "phone-spent",
	        arena_strf(w->a, "%lld %lld", (long long)(time_now().us / DAY_US), (long long)(w->spent + ms)), err);
}

static enum rc lost_step(struct db_tx *tx, void *arg, struct err *err)
{
	int64_t n = 0;
	enum rc rc = call_lost(tx, time_now(), &n, err);

	if (n)
		log_warn("phone.calls_lost", { "calls", LOG_I64(n) });
	return rc;
}

static enum rc why_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct work *w = arg;
	enum rc rc = setting_get(tx, w->a, "phone-why", &w->why, err);

	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc set_why_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct work *w = arg;

	return setting_set(tx, "phone-why", text(w, "why"), err);
}

static enum rc audio_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct work *w = arg;
	struct call_recording r = { w->key, text(w, "kind"), w->sha256, w->size, number(w, "ms") };

	return call_recorded(tx, w->a, &r, w->at, err);
}

/* Somebody else acknowledged: no more ringing. */
static enum rc paged_still(struct db_tx *tx, struct work *w, struct err *err)
{
	struct oncall_page *p = NULL;
	size_t n = 0;
	enum rc rc = oncall_pages(tx, w->a, w->call.ticket, &p, &n, err);

	w->may = rc == RC_OK;
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		w->may = w->may && p[i].state != PAGE_ACTIVE;
	return rc;
}

static enum rc ring_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct work *w = arg;
	struct ticket t;
	struct actor system = actor_system();
	enum rc rc = call_find(tx, w->a, w->key, &w->call, err);

	if (rc == RC_OK && w->call.ticket.v && !w->call.agent.v) {
		rc = ticket_find_id(tx, w->a, &system, w->call.ticket, &t, err);
		/* Who calls about a ticket of their own, or is asked to, is rung at least once. */
		bool own = w->call.direction == CALL_OUT && !json_is_true(json_object_get(w->m, "page")) &&
		           (json_is_true(json_object_get(w->m, "first")) || time_is_set(t.callback_at));

		if (rc == RC_OK && json_is_true(json_object_get(w->m, "page")))
			return paged_still(tx, w, err);
		w->may = rc == RC_OK && ((t.assignee.v && !own) || t.state > STATE_WAITING);
	}
	w->may = w->may || (rc == RC_OK && w->call.agent.v);
	return rc;
}

static enum rc told_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct work *w = arg;

	if (str_is(w->op, "leg"))
		return call_leg(tx, w->a, w->key, (int)number(w, "n"), (struct agent_id){ number(w, "agent") },
		                text(w, "number"), text(w, "result"), w->at, err);
	if (str_is(w->op, "accepted"))
		return call_accepted(tx, w->a, w->key, (struct agent_id){ number(w, "agent") }, w->at, err);
	if (str_is(w->op, "page"))
		return call_page(tx, w->a, w->key, w->at, err);
	if (str_is(w->op, "answered"))
		return call_answered(tx, w->a, w->key, w->at, err);
	if (str_is(w->op, "end"))
		return call_ended(tx, w->a, w->key, text(w, "cause"), w->at, err);
	return fail(err, RC_INVALID, "There is no such message.");
}

static void put_roster(struct json *j, const struct call_engineer *e, size_t n)
{
	json_key(j, "roster");
	json_arr(j);
	for (size_t i = 0; i < n; i++) {
		json_obj(j);
		json_ki64(j, "agent", e[i].agent.v);
		json_kstr(j, "number", e[i].number);
		json_end_obj(j);
	}
	json_end_arr(j);
}

/* The WAV that the line left in its spool; the name is only a name. */
static enum rc take_audio(struct work *w, struct err *err)
{
	struct str file = text(w, "file");
	char sha[65];
	AUTO_BUF b = { 0 };
	enum rc rc;

	for (size_t i = 0; i < file.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", file.p[i]) || (file.p[i] == '.' && i == 0))
			return fail(err, RC_INVALID, "This is no name of a recording.");
	const char *path = str_z(w->a,
	                         arena_strf(w->a, STR_F "/phone/" STR_F, STR_A(w->desk->config.data_dir), STR_A(file)));
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return fail(err, errno == ENOENT ? RC_NOT_FOUND : RC_FAULT, "The recording is not in the spool.");
	buf_init(&b, AUDIO_MAX);
	for (;;) {
		char *p = buf_room(&b, 65536);
		ssize_t n = p ? read(fd, p, 65536) : -1;

		if (n <= 0)
			break;
		b.n += (size_t)n;
	}
	close(fd);
	rc = blob_put(w->desk->blobs, buf_str(&b), sha, err);
	w->sha256 = arena_str(w->a, str_of(sha));
	w->size = (int64_t)b.n;
	if (rc == RC_OK)
		rc = db_write(w->desk->db, audio_step, w, err);
	if (rc == RC_OK)
		unlink(path);
	return rc;
}

static enum rc verify(struct work *w, struct err *err)
{
	enum rc rc = db_write(w->desk->db, try_step, w, err);

	if (rc == RC_LIMIT) {
		json_kbool(w->out, "locked", true);
		return rc;
	}
	if (rc == RC_OK)
		rc = db_write(w->desk->db, verify_step, w, err);
	if (rc == RC_OK)
		json_kbool(w->out, "may", w->may);
	return rc;
}

static enum rc answer(struct work *w, struct err *err)
{
	struct db *db = w->desk->db;
	enum rc rc = RC_OK;

	if (str_is(w->op, "begin"))
		return db_write(db, begin_step, w, err);
	if (str_is(w->op, "lookup"))
		return db_read(db, lookup_step, w, err);
	if (str_is(w->op, "verify"))
		return verify(w, err);
	if (str_is(w->op, "audio"))
		return take_audio(w, err);
	if (str_is(w->op, "spent"))
		return db_write(db, spent_step, w, err);
	if (str_is(w->op, "hello") && json_is_true(json_object_get(w->m, "fresh")))
		rc = db_write(db, lost_step, w, err);
	if (rc == RC_OK && (str_is(w->op, "open") || str_is(w->op, "hello"))) {
		rc = str_is(w->op, "open") ? db_write(db, open_step, w, err) : db_read(db, roster_step, w, err);
		if (rc == RC_OK || rc == RC_DENIED) {
			put_roster(w->out, w->roster, w->n_roster);
			json_ki64(w->out, "number", w->call.number);
			json_kstr(w->out, "callback", w->callback);
			json_ki64(w->out, "spent_ms", w->spent);
		}
		return rc;
	}
	if (str_is(w->op, "ring")) {
		rc = db_read(db, ring_step, w, err);
		json_kbool(w->out, "taken", w->may);
		return rc;
	}
	if (str_is(w->op, "state")) {
		__atomic_store_n(&w->desk->phone_line,
		                 json_is_true(json_object_get(w->m, "up")) ? PHONE_UP : PHONE_DOWN, __ATOMIC_RELAXED);
		rc = db_read(db, why_step, w, err);
		return rc == RC_OK && !str_eq(w->why, text(w, "why")) ? db_write(db, set_why_step, w, err) : rc;
	}
	return db_write(db, told_step, w, err);
}

struct str phone_link_answer(struct desk *desk, struct arena *a, struct str message)
{
	struct work w = { .desk = desk, .a = a, .m = json_loadb(message.p, message.n, 0, NULL) };
	struct err err = { 0 };
	struct json j;
	AUTO_BUF b;

	buf_init(&b, MESSAGE_MAX);
	json_init(&j, &b);
	json_obj(&j);
	w.out = &j;
	w.op = text(&w, "op");
	w.key = text(&w, "key");
	w.from = call_number(a, text(&w, "from"), desk->config.phone_country);
	w.at = (struct instant){ number(&w, "at") };
	/* The line's clock is ours; a message of the spool tells when it happened. */
	if (w.at.us <= 0 || time_before(time_now(), w.at))
		w.at = time_now();
	enum rc rc = json_is_object(w.m) ? answer(&w, &err) : RC_INVALID;
	json_ki64(&j, "id", number(&w, "id"));
	json_kbool(&j, "ok", rc == RC_OK);
	if (rc == RC_RETRY || rc == RC_FULL || rc == RC_FAULT)
		json_kbool(&j, "again", true);
	if (rc != RC_OK && rc != RC_DENIED && rc != RC_LIMIT)
		log_warn("phone.message", { "op", LOG_STR(w.op) }, { "rc", LOG_Z(rc_name(rc)) },
		         { "text", LOG_Z(err.text) });
	json_end_obj(&j);
	json_decref(w.m);
	return arena_str(a, buf_str(&b));
}

/* ---- the socket ---- */

static bool send_frame(struct phone_link *l, struct str s)
{
	uint32_t be = htonl((uint32_t)s.n);
	struct iovec v[2] = {
		{&be,                     4  },
                { (void *)(uintptr_t)s.p, s.n}
	};
	struct msghdr h = { .msg_iov = v, .msg_iovlen = 2 };

	return sendmsg(l->conn, &h, MSG_NOSIGNAL) == (ssize_t)(s.n + 4);
}

static void hang_up(struct phone_link *l)
{
	if (l->conn >= 0)
		close(l->conn);
	l->conn = -1;
	l->n_in = 0;
	if (__atomic_load_n(&l->desk->phone_line, __ATOMIC_RELAXED) == PHONE_UP)
		__atomic_store_n(&l->desk->phone_line, PHONE_DOWN, __ATOMIC_RELAXED);
}

static void receive(struct phone_link *l)
{
	ssize_t k = recv(l->conn, l->in + l->n_in, MESSAGE_MAX + 4 - l->n_in, MSG_DONTWAIT);

	if (k < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (k <= 0) {
		hang_up(l);
		return;
	}
	l->n_in += (size_t)k;
	while (l->conn >= 0 && l->n_in >= 4) {
		uint32_t be, n;
		AUTO_ARENA a = { 0 };

		memcpy(&be, l->in, 4);
		n = ntohl(be);
		if (n > MESSAGE_MAX) {
			hang_up(l);
			return;
		}
		if (l->n_in < 4 + (size_t)n)
			return;
		arena_init(&a);
		struct str r = phone_link_answer(l->desk, &a, (struct str){ l->in + 4, n });
		explicit_bzero(l->in, 4 + n); /* a PIN may have been in it */
		memmove(l->in, l->in + 4 + n, l->n_in - 4 - n);
		l->n_in -= 4 + n;
		if (!send_frame(l, r))
			hang_up(l);
	}
}

/* ---- calls to make ---- */

struct wishing {
	struct arena *a;
	struct call_wish *w;
	size_t n;
	struct call_engineer roster[CALL_ROSTER];
	size_t n_roster;
	struct str key;
};

static enum rc wishes_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct wishing *w = arg;
	struct instant now = time_now();
	enum rc rc = call_wishes(tx, w->a, now, &w->w, &w->n, err);

	for (size_t i = 0; i < w->n && rc == RC_OK; i++) {
		struct call c;
		struct call_new n = { .key = arena_strf(w->a, "wish-%lld", (long long)w->w[i].id),
			              .from = STR(""),
			              .to = w->w[i].to,
			              .source = CALL_LINE,
			              .direction = CALL_OUT,
			              .at = now };

		rc = call_begin(tx, w->a, &n, &c, err);
		if (rc == RC_OK)
			rc = call_attach(tx, w->a, &(struct actor){ .kind = ACTOR_SYSTEM, .name = STR("Carrel") }, c.id,
			                 w->w[i].number, now, err);
		if (rc == RC_OK)
			rc = call_wish_done(tx, &w->w[i], now, err);
	}
	return rc == RC_OK ? call_roster(tx, w->a, now, w->roster, &w->n_roster, err) : rc;
}

static void make_calls(struct phone_link *l)
{
	uint64_t commits = db_commits(l->desk->db);
	AUTO_ARENA a = { 0 };
	struct wishing w = { .a = &a };
	struct err err = { 0 };

	if (commits == l->commits || __atomic_load_n(&l->desk->phone_line, __ATOMIC_RELAXED) != PHONE_UP)
		return;
	arena_init(&a);
	enum rc rc = db_write(l->desk->db, wishes_step, &w, &err);
	if (rc != RC_OK)
		log_warn("phone.wishes", { "text", LOG_Z(err.text) });
	l->commits = db_commits(l->desk->db);
	for (size_t i = 0; i < w.n && rc == RC_OK && l->conn >= 0; i++) {
		AUTO_BUF b;
		struct json j;

		buf_init(&b, MESSAGE_MAX);
		json_init(&j, &b);
		json_obj(&j);
		json_kstr(&j, "op", STR("call"));
		json_kstr(&j, "key", arena_strf(&a, "wish-%lld", (long long)w.w[i].id));
		json_kstr(&j, "to", call_number(&a, w.w[i].to, l->desk->config.phone_country));
		json_ki64(&j, "number", w.w[i].number);
		json_ki64(&j, "criticality", w.w[i].criticality);
		json_kbool(&j, "page", w.w[i].page);
		json_kbool(&j, "once", w.w[i].engineer.agent.v != 0);
		if (w.w[i].engineer.agent.v && w.w[i].engineer.number.n)
			put_roster(&j, &w.w[i].engineer, 1);
		else
			put_roster(&j, w.roster, w.n_roster);
		json_end_obj(&j);
		if (!send_frame(l, buf_str(&b)))
			hang_up(l);
	}
}

/* An agent tries their number: a call without a ticket. */
static enum rc test_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct wishing *w = arg;
	struct call c;
	struct call_new n = { .key = arena_strf(w->a, "test-%lld", (long long)time_now().us),
		              .from = STR(""),
		              .source = CALL_LINE,
		              .direction = CALL_OUT,
		              .at = time_now() };
	enum rc rc = call_number_of(tx, w->a, w->roster[0].agent, &w->roster[0].number, err);

	n.to = str_starts(w->roster[0].number, STR("+")) ? w->roster[0].number : STR("");
	w->key = n.key;
	return rc == RC_OK ? call_begin(tx, w->a, &n, &c, err) : rc;
}

static void ring_for_test(struct phone_link *l)
{
	struct agent_id who = { __atomic_exchange_n(&l->desk->phone_test, 0, __ATOMIC_RELAXED) };
	AUTO_ARENA a = { 0 };
	struct wishing w = { .a = &a, .roster = { { .agent = who } }, .n_roster = 1 };
	struct err err = { 0 };
	struct json j;
	AUTO_BUF b = { 0 };

	if (!who.v)
		return;
	arena_init(&a);
	if (db_write(l->desk->db, test_step, &w, &err) != RC_OK || !w.roster[0].number.n)
		return;
	buf_init(&b, MESSAGE_MAX);
	json_init(&j, &b);
	json_obj(&j);
	json_kstr(&j, "op", STR("call"));
	json_kstr(&j, "key", w.key);
	json_kstr(&j, "to", STR(""));
	json_kbool(&j, "page", true);
	put_roster(&j, w.roster, 1);
	json_end_obj(&j);
	if (!send_frame(l, buf_str(&b)))
		hang_up(l);
}

static void *serve(void *arg)
{
	struct phone_link *l = arg;

	while (!__atomic_load_n(&l->stop, __ATOMIC_RELAXED)) {
		struct pollfd p[2] = {
			{.fd = l->listen, .events = POLLIN},
                        { .fd = l->conn,  .events = POLLIN}
		};

		if (poll(p, 2, POLL_MS) < 0 && errno != EINTR)
			break;
		if (p[0].revents & POLLIN) { /* a new line takes the place of the old one */
			hang_up(l);
			l->conn = accept4(l->listen, NULL, NULL, SOCK_CLOEXEC);
		} else if (p[1].revents) {
			receive(l);
		}
		if (l->conn >= 0)
			make_calls(l);
		if (l->conn >= 0)
			ring_for_test(l);
	}
	if (l->conn >= 0 && !send_frame(l, STR("{\"op\":\"stop\"}"))) /* also one that we did not start */
		log_warn("phone.line_away", { "socket", LOG_STR(l->desk->config.data_dir) });
	hang_up(l);
	return NULL;
}

/* ---- the process ---- */

char **phone_line_argv(struct arena *a, const struct desk_config *c, const char *program)
{
	VEC(char *) v = { 0 };
	struct str allow = c->phone_allow, prefixes = c->phone_out_prefixes, word;
	const struct {
		const char *flag;
		struct str value;
	} rows[] = {
		{"--listen",           c->phone_listen      },
		{ "--public",          c->phone_public      },
		{ "--out-calls",       arena_strf(a,          "%d", c->phone_out_calls) },
		{ "--out-minutes", arena_strf(a,                     "%d", c->phone_out_minutes) },
		{ "--registrar",        c->phone_registrar    },
		{ "--user",                   c->phone_user                          },
		{ "--aor",                   c->phone_address                            },
		{ "--secret",                   c->phone_password_file       },
		{ "--cert",                   c->phone_cert_file  },
		{ "--ca",                   c->phone_ca_file                         },
		{ "--trunk",                   c->phone_trunk                                },
		{ "--prompts",                   c->phone_prompts      },
		{ "--ring",                   arena_strf(a,"%d", c->phone_ring * 1000) },
		{ "--redial",                   arena_strf(a,                           "%d", c->phone_redial * 1000) },
		{ "--calls",                arena_strf(a,                   "%d", c->phone_calls) },
		{ "--lang",          c->phone_lang},
	};
	struct str path = str_of(program);

	if (!prefixes.n && c->phone_country.n)
		prefixes = arena_strf(a, "+" STR_F, STR_A(c->phone_country));
	size_t slash = path.n;

	while (slash && path.p[slash - 1] != '/')
		slash--;
	*VEC_ADD(a, &v) = str_z(a, arena_strf(a, STR_F "carrel-phone", (int)slash, path.p));
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].value.n) {
			*VEC_ADD(a, &v) = str_z(a, str_of(rows[i].flag));
			*VEC_ADD(a, &v) = str_z(a, rows[i].value);
		}
	*VEC_ADD(a, &v) = str_z(a, STR("--socket"));
	*VEC_ADD(a, &v) = str_z(a, arena_strf(a, STR_F "/phone.sock", STR_A(c->data_dir)));
	*VEC_ADD(a, &v) = str_z(a, STR("--spool"));
	*VEC_ADD(a, &v) = str_z(a, arena_strf(a, STR_F "/phone", STR_A(c->data_dir)));
	if (c->phone_srtp)
		*VEC_ADD(a, &v) = str_z(a, STR("--srtp"));
	while (str_cut(&allow, ' ', &word))
		if (word.n) {
			*VEC_ADD(a, &v) = str_z(a, STR("--allow"));
			*VEC_ADD(a, &v) = str_z(a, word);
		}
	while (str_cut(&prefixes, ' ', &word))
		if (word.n) {
			*VEC_ADD(a, &v) = str_z(a, STR("--prefix"));
			*VEC_ADD(a, &v) = str_z(a, word);
		}
	*VEC_ADD(a, &v) = NULL;
	return v.at;
}

static bool wait_ms(struct phone_link *l, int ms)
{
	for (int i = 0; i < ms / 50 && !__atomic_load_n(&l->stop, __ATOMIC_RELAXED); i++)
		poll(NULL, 0, 50);
	return !__atomic_load_n(&l->stop, __ATOMIC_RELAXED);
}

/* Asks it to end; one that does not within a few seconds is ended. */
static void end_line(struct phone_link *l)
{
	int status;

	kill(l->pid, SIGTERM);
	for (int i = 0; i < 100; i++) {
		if (waitpid(l->pid, &status, WNOHANG) != 0)
			return;
		poll(NULL, 0, 50);
	}
	log_warn("phone.line_stuck", { "pid", LOG_I64(l->pid) });
	kill(l->pid, SIGKILL);
	while (waitpid(l->pid, &status, 0) < 0 && errno == EINTR)
		;
}

/* Starts the line, and again when it ends: after a second, later after up to a minute. */
static void *keep(void *arg)
{
	struct phone_link *l = arg;
	char *env[] = { (char[]){ "LC_ALL=C.UTF-8" }, NULL };
	int pause_ms = 1000;

	while (!__atomic_load_n(&l->stop, __ATOMIC_RELAXED)) {
		/* A line that outlived a desk that was killed comes back by itself; its calls go on. */
		if (!wait_ms(l, 1000))
			break;
		if (__atomic_load_n(&l->conn, __ATOMIC_RELAXED) >= 0)
			continue;
		int64_t began = time_monotonic_us();
		int status = 0;
		posix_spawnattr_t attr;
		sigset_t none;

		sigemptyset(&none);
		posix_spawnattr_init(&attr);
		posix_spawnattr_setsigmask(&attr, &none);
		posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
		int why = posix_spawn(&l->pid, l->argv[0], NULL, &attr, l->argv, env);
		posix_spawnattr_destroy(&attr);
		if (why != 0) {
			log_error("phone.line_missing", { "program", LOG_Z(l->argv[0]) },
			          { "error", LOG_Z(strerror(why)) });
			l->pid = 0;
		} else {
			log_info("phone.line_started", { "pid", LOG_I64(l->pid) });
			while (waitpid(l->pid, &status, WNOHANG) == 0)
				if (!wait_ms(l, 100)) {
					end_line(l);
					return NULL;
				}
			log_warn("phone.line_ended", { "status", LOG_I64(status) });
		}
		__atomic_store_n(&l->desk->phone_line, PHONE_DOWN, __ATOMIC_RELAXED);
		pause_ms = time_monotonic_us() - began > MINUTE_US ? 1000 : pause_ms * 2 > 60000 ? 60000 : pause_ms;
		if (!wait_ms(l, pause_ms))
			break;
		pause_ms = pause_ms * 2 > 60000 ? 60000 : pause_ms * 2;
	}
	return NULL;
}

enum rc phone_link_start(struct desk *desk, const char *program, struct phone_link **ret, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct phone_link *l = xcalloc(1, sizeof(*l));

	l->desk = desk;
	l->conn = -1;
	arena_init(&l->arena);
	l->in = xmalloc(MESSAGE_MAX + 4);
	l->argv = phone_line_argv(&l->arena, &desk->config, program);
	const char *path = str_z(&l->arena, arena_strf(&l->arena, STR_F "/phone.sock", STR_A(desk->config.data_dir)));
	const char *spool = str_z(&l->arena, arena_strf(&l->arena, STR_F "/phone", STR_A(desk->config.data_dir)));
	if (strlen(path) >= sizeof(sa.sun_path))
		return fail(err, RC_INVALID, "data-dir is too long a path for the telephone line's socket");
	memcpy(sa.sun_path, path, strlen(path) + 1);
	if (mkdir(spool, 0700) != 0 && errno != EEXIST)
		return fail(err, RC_FAULT, "cannot make %s: %s", spool, strerror(errno));
	unlink(path);
	l->listen = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->listen < 0 || bind(l->listen, (struct sockaddr *)&sa, sizeof(sa)) != 0 || listen(l->listen, 4) != 0)
		return fail(err, RC_FAULT, "cannot listen on %s: %s", path, strerror(errno));
	__atomic_store_n(&desk->phone_line, PHONE_DOWN, __ATOMIC_RELAXED);
	pthread_create(&l->server, NULL, serve, l);
	l->has_keeper = pthread_create(&l->keeper, NULL, keep, l) == 0;
	*ret = l;
	return RC_OK;
}

void phone_link_stop(struct phone_link *l)
{
	if (!l)
		return;
	__atomic_store_n(&l->stop, true, __ATOMIC_RELAXED);
	if (l->has_keeper)
		pthread_join(l->keeper, NULL);
	pthread_join(l->server, NULL);
	close(l->listen);
	arena_release(&l->arena);
	free(l->in);
	free(l);
}

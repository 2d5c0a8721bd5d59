/* Who is asking and what he may do; the small helpers of all page files. How a page looks is page.c's. */
#include "web/web.h"
#include "account/account.h"
#include "auth/auth.h"
#include "util/crypt.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

struct desk *web_desk(const struct req *q)
{
	return q->app;
}

bool web_is_agent(const struct req *q)
{
	return q->actor.kind == ACTOR_AGENT;
}

/* ---- session or token to actor ---- */

struct who {
	struct req *q;
	struct str given; /* cookie or token */
	struct session session;
	struct api_token token;
	bool touch;
};

/* Disabled persons are nobody, whatever they hold (S-42). */
static enum rc load_agent(struct db_tx *tx, struct req *q, struct agent_id id, struct err *err)
{
	struct agent *a = arena_new(q->arena, struct agent);
	enum rc rc = agent_find(tx, q->arena, id, a, err);

	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_DENIED : rc;
	if (time_is_set(a->disabled_at))
		return fail(err, RC_DENIED, "This person was disabled.");
	q->actor = actor_of_agent(a);
	return RC_OK;
}

static enum rc load_contact(struct db_tx *tx, struct req *q, struct contact_id id, struct err *err)
{
	struct contact *c = arena_new(q->arena, struct contact);
	enum rc rc = contact_find(tx, q->arena, id, c, err);

	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_DENIED : rc;
	if (time_is_set(c->disabled_at))
		return fail(err, RC_DENIED, "This person was disabled.");
	if (c->account_closed)
		return fail(err, RC_DENIED, "This account is closed.");
	q->actor = actor_of_contact(c);
	return RC_OK;
}

static enum rc load_session(struct db_tx *tx, void *arg, struct err *err)
{
	struct who *w = arg;
	enum rc rc = session_find(tx, w->q->arena, w->given, w->q->now, &w->session, &w->touch, err);

	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_DENIED : rc;
	if (w->session.half)
		return RC_OK;
	if (w->session.person.kind == ACTOR_AGENT)
		return load_agent(tx, w->q, (struct agent_id){ w->session.person.id }, err);
	return load_contact(tx, w->q, (struct contact_id){ w->session.person.id }, err);
}

static enum rc load_token(struct db_tx *tx, void *arg, struct err *err)
{
	struct who *w = arg;
	struct req *q = w->q;
	enum rc rc = api_token_find(tx, q->arena, w->given, q->now, &w->token, &w->touch, err);

	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_DENIED : rc;
	if (w->token.agent.v) {
		rc = load_agent(tx, q, w->token.agent, err);
	} else if (w->token.contact.v) {
		rc = load_contact(tx, q, w->token.contact, err);
		if (rc == RC_OK && w->token.account.v && q->actor.account.v != w->token.account.v)
			rc = fail(err, RC_DENIED, "This token's person left the account.");
	} else {
		struct account *account = arena_new(q->arena, struct account);

		rc = account_find(tx, q->arena, w->token.account, account, err);
		if (rc == RC_NOT_FOUND || (rc == RC_OK && time_is_set(account->closed_at)))
			rc = fail(err, RC_DENIED, "This account is closed.");
		/* The account itself asks: it reads, or reads and writes, what is its own. */
		q->actor = (struct actor){ .kind = ACTOR_CONTACT,
			                   .account = w->token.account,
			                   .contact_role = w->token.scope == SCOPE_READ ? CONTACT_AUDITOR
			                                                                : CONTACT_OPERATOR,
			                   .name = w->token.name,
			                   .email = STR_INIT(""),
			                   .lang = STR_INIT("en"),
			                   .zone = STR_INIT("") };
	}
	if (rc == RC_OK) {
		q->actor.account = w->token.account.v ? w->token.account : q->actor.account;
		q->actor.token = w->token.id;
		q->actor.token_scope = w->token.scope;
	}
	return rc;
}

/* ---- "last used" ----
 * Event threads must not wait for the writer, so what they see used is noted here and written by the next request on a
 * worker or by the job web.touch. Losing a note (a crash, a full list) loses a courtesy: at worst somebody who reads
 * but never writes signs in a week later. */
#define MAX_NOTES 256
struct note {
	struct db *db;
	struct token_id token; /* or */
	char hash[65];
	struct instant at;
};
static struct {
	pthread_mutex_t lock;
	size_t n;
	struct note at[MAX_NOTES];
} notes = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void note_use(const struct who *w)
{
	struct note x = { .db = web_desk(w->q)->db, .token = w->token.id, .at = w->q->now };

	if (!x.token.v && w->session.hash.n < sizeof(x.hash))
		memcpy(x.hash, w->session.hash.p, w->session.hash.n);
	pthread_mutex_lock(&notes.lock);
	bool known = notes.n == MAX_NOTES;

	for (size_t i = 0; i < notes.n && !known; i++)
		known = notes.at[i].db == x.db && notes.at[i].token.v == x.token.v &&
		        strcmp(notes.at[i].hash, x.hash) == 0;
	if (!known)
		notes.at[notes.n++] = x;
	pthread_mutex_unlock(&notes.lock);
}

struct noted {
	struct note at[MAX_NOTES];
	size_t n;
};

static enum rc write_notes(struct db_tx *tx, void *arg, struct err *err)
{
	const struct noted *x = arg;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < x->n; i++)
		rc = x->at[i].token.v ? api_token_touch(tx, x->at[i].token, x->at[i].at, err)
		                      : session_touch(tx, str_of(x->at[i].hash), x->at[i].at, err);
	return rc;
}

enum rc web_touch(struct desk *d, struct err *err)
{
	struct noted *mine = xcalloc(1, sizeof(*mine));
	size_t kept = 0;

	pthread_mutex_lock(&notes.lock);
	for (size_t i = 0; i < notes.n; i++) {
		if (notes.at[i].db == d->db)
			mine->at[mine->n++] = notes.at[i];
		else
			notes.at[kept++] = notes.at[i];
	}
	notes.n = kept;
	pthread_mutex_unlock(&notes.lock);
	enum rc rc = mine->n ? db_write(d->db, write_notes, mine, err) : RC_OK;

	free(mine);
	return rc;
}

enum rc web_job_touch(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	return web_touch(app, err);
}

static bool may_write(const struct req *q)
{
	return q->method != HTTP_GET || (q->route->flags & ROUTE_SLOW) || db_is_postgres(web_desk(q)->db);
}

enum rc web_identify(struct req *q, struct str session_cookie, struct str bearer, struct err *err)
{
	struct who w = { .q = q, .given = str_null(bearer) ? session_cookie : bearer };
	enum rc rc = db_read(web_desk(q)->db, str_null(bearer) ? load_session : load_token, &w, err);

	if (rc != RC_OK) {
		q->actor = (struct actor){ 0 };
		return rc;
	}
	if (str_null(bearer))
		q->session = w.session.hash;
	else if (web_rate_over(w.token.id, web_desk(q)->config.api_rate, q->now))
		return fail_code(err, RC_LIMIT, "rate", "This token asked more than %lld times within a minute. Nothing was done; come back in the next.",
		                 (long long)web_desk(q)->config.api_rate);
	if (w.touch) {
		note_use(&w);
		if (may_write(q) && web_touch(web_desk(q), NULL) != RC_OK)
			return RC_OK; /* a courtesy: failing to write it fails nothing */
	}
	return RC_OK;
}

/* ---- capabilities ---- */

static enum rc count_admins(struct db_tx *tx, void *arg, struct err *err)
{
	return agent_count(tx, arg, err);
}

static bool needs_setup(const struct req *q)
{
	int64_t admins = 1;

	return db_read(web_desk(q)->db, count_admins, &admins, NULL) == RC_OK && admins == 0;
}

static bool file_is(const struct req *q, struct str path, struct str token)
{
	char text[256];
	int fd = path.n ? open(str_z(q->arena, path), O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return false;
	ssize_t n = read(fd, text, sizeof(text));

	close(fd);
	struct str want = str_trim((struct str){ text, n > 0 ? (size_t)n : 0 });

	return want.n >= 16 && crypt_equal(want, token);
}

/* The metrics token, or a peer on this machine that is not a proxy speaking for somebody else. */
static bool is_operator(const struct req *q)
{
	struct str auth = req_header(q, "Authorization");
	bool loopback = str_starts(q->peer, STR("127.")) || str_is(q->peer, "::1");

	if (loopback && str_null(req_header(q, "X-Forwarded-For")) && str_null(req_header(q, "Forwarded")))
		return true;
	return str_starts_nocase(auth, STR("Bearer ")) &&
	       file_is(q, web_desk(q)->config.metrics_token_file, str_trim(str_from(auth, 7)));
}

bool web_allowed(const struct req *q, enum capability cap)
{
	const struct actor *a = &q->actor;
	bool person = a->token_scope == 0;
	bool contact = person && a->kind == ACTOR_CONTACT, agent = person && a->kind == ACTOR_AGENT;

	switch (cap) {
	case CAP_NONE_SET:
		return false;
	case CAP_PUBLIC:
		return true;
	case CAP_SIGNED_IN:
		return contact || agent;
	case CAP_CUSTOMER_READ:
		return contact && a->contact_role >= CONTACT_AUDITOR;
	case CAP_CUSTOMER_WRITE:
		return contact && a->contact_role >= CONTACT_OPERATOR;
	case CAP_CUSTOMER_MANAGE:
		return contact && a->contact_role >= CONTACT_MANAGER;
	case CAP_AGENT:
		return agent;
	case CAP_SUPERVISOR:
		return agent && a->agent_role >= AGENT_SUPERVISOR;
	case CAP_ADMIN:
		return agent && a->agent_role == AGENT_ADMIN;
	case CAP_API_READ:
		return a->token_scope >= SCOPE_READ;
	case CAP_API_WRITE:
		return a->token_scope >= SCOPE_WRITE && (a->kind == ACTOR_AGENT || a->contact_role >= CONTACT_OPERATOR);
	case CAP_API_ADMIN: /* never more than the person behind it */
		return a->token_scope == SCOPE_ADMIN && a->kind == ACTOR_AGENT && a->agent_role == AGENT_ADMIN;
	case CAP_SETUP:
		return needs_setup(q);
	case CAP_OPS:
		return is_operator(q);
	}
	return false;
}

/* ---- the request ---- */

struct str web_lang_asked(const struct req *q)
{
	struct str lang = q->method == HTTP_GET && q->actor.kind == ACTOR_NOBODY ? req_field(q, "lang") : STR("");

	return lang.n > 0 && lang.n < 20 && str_is(lang, i18n_tag(i18n_lang(lang))) ? lang : STR("");
}

struct str web_kb_base(const struct req *q)
{
	const struct desk_config *c = &web_desk(q)->config;

	return c->kb_url.n ? c->kb_url : c->base_url;
}

bool web_on_kb(const struct req *q)
{
	struct str url = web_desk(q)->config.kb_url;
	size_t at = str_find(url, STR("://"));

	return at != STR_NONE && str_eq_nocase(str_from(url, at + 3), q->host);
}

const struct i18n *web_lang(const struct req *q)
{
	struct str cookie = req_cookie(q, "lang");

	if (web_lang_asked(q).n)
		return i18n_lang(req_field(q, "lang"));
	if (q->actor.kind != ACTOR_NOBODY && q->actor.lang.n)
		return i18n_lang(q->actor.lang);
	if (cookie.n > 0 && cookie.n < 20)
		return i18n_lang(cookie);
	return i18n_accept(req_header(q, "Accept-Language"));
}

struct str web_zone(const struct req *q)
{
	if (q->actor.zone.n)
		return q->actor.zone;
	return web_desk(q)->config.zone;
}

enum rc web_contact(struct db_tx *tx, const struct req *q, struct contact *ret, struct err *err)
{
	if (q->actor.kind != ACTOR_CONTACT || !q->actor.contact.v)
		return fail(err, RC_DENIED, "This page is for the people of a customer.");
	return contact_find(tx, q->arena, q->actor.contact, ret, err);
}

int64_t web_path_id(const struct req *q, const char *name)
{
	int64_t v = 0;

	return str_to_i64(req_path(q, name), &v) == RC_OK && v > 0 ? v : 0;
}

enum rc web_not_found(struct req *q)
{
	return http_fail(q, RC_NOT_FOUND, NULL, "There is nothing at this address, or it is not yours to see.");
}

struct str web_home(const struct req *q)
{
	if (q->actor.kind == ACTOR_AGENT)
		return STR("/desk");
	return q->actor.kind == ACTOR_CONTACT ? STR("/") : STR("/sign-in");
}

struct str web_url(const struct req *q, const char *fmt, ...)
{
	va_list ap;
	char path[1024];

	va_start(ap, fmt);
	int n = vsnprintf(path, sizeof(path), fmt, ap);

	va_end(ap);
	assert(n > 0 && (size_t)n < sizeof(path));
	return str_concat(q->arena, web_desk(q)->config.base_url, str_of(path));
}

/* ---- forms ---- */

bool web_form_failed(struct req *q, struct resp *r, enum rc rc)
{
	if (rc != RC_INVALID && rc != RC_CONFLICT && rc != RC_LIMIT && rc != RC_DENIED)
		return false;
	/* 403 would say that the page is not theirs; the form is, its content was refused. */
	r->status = rc == RC_DENIED || rc == RC_INVALID ? 422 : rc_http_status(rc);
	if (rc == RC_LIMIT)
		r->status = strcmp(req_err(q)->code, "throttled") == 0 ? 429 : 422;
	return true;
}

bool web_fields_wrong(struct req *q, struct resp *r)
{
	if (!q->n_field_errors)
		return false;
	r->status = 422;
	return true;
}

struct str web_field_error(const struct req *q, const char *field)
{
	const struct err *err = req_err((struct req *)(uintptr_t)q);
	struct str text = STR_NULL;

	for (size_t i = 0; i < q->n_field_errors && str_null(text); i++)
		if (str_is(q->field_errors[i].field, field))
			text = q->field_errors[i].text;
	if (str_null(text) && err->text[0] && strcmp(err->field, field) == 0)
		text = str_of(err->text);
	return str_null(text) ? text : str_of(tr(web_lang(q), str_z(q->arena, text)));
}

struct str web_field_value(const struct req *q, const char *field, struct str fallback)
{
	struct str v = q->method == HTTP_GET ? STR_NULL : req_field(q, field);

	return str_null(v) ? fallback : v;
}

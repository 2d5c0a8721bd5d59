/* Persons as signing in sees them, throttles, devices, and the mails with links. */
#include "account/account.h"
#include "event/event.h"
#include "jobs/jobs.h"
#include "util/crypt.h"
#include "web/signin_private.h"
#include <jansson.h>

struct str signin_address(struct arena *a, struct str typed)
{
	return str_lower(a, str_trim(typed));
}

static void of_agent(struct arena *a, const struct agent *g, struct signer *ret)
{
	ret->person = (struct person){ ACTOR_AGENT, g->id.v };
	ret->actor = actor_of_agent(g);
	ret->active = !time_is_set(g->disabled_at);
}

static void of_contact(struct arena *a, const struct contact *c, struct signer *ret)
{
	ret->person = (struct person){ ACTOR_CONTACT, c->id.v };
	ret->actor = actor_of_contact(c);
	ret->closed = c->account_closed;
	ret->active = !time_is_set(c->disabled_at) && !c->account_closed;
}

enum rc signer_by_email(struct db_tx *tx, struct arena *a, struct str email, struct signer *ret, struct err *err)
{
	struct agent *g = arena_new(a, struct agent);
	struct contact *c = arena_new(a, struct contact);
	enum rc rc;

	*ret = (struct signer){ 0 };
	rc = contact_find_email(tx, a, email, c, NULL);
	if (rc == RC_OK)
		of_contact(a, c, ret);
	else if (rc != RC_NOT_FOUND)
		return fail(err, rc, "Who you are could not be looked up. Please try again.");
	rc = agent_find_email(tx, a, email, g, NULL);
	if (rc == RC_OK)
		of_agent(a, g, ret);
	else if (rc != RC_NOT_FOUND)
		return fail(err, rc, "Who you are could not be looked up. Please try again.");
	return credential_find(tx, a, ret->person, &ret->cred, err);
}

enum rc signer_by_person(struct db_tx *tx, struct arena *a, struct person p, struct signer *ret, struct err *err)
{
	enum rc rc = RC_NOT_FOUND;

	*ret = (struct signer){ 0 };
	if (p.kind == ACTOR_AGENT) {
		struct agent *g = arena_new(a, struct agent);

		if ((rc = agent_find(tx, a, (struct agent_id){ p.id }, g, err)) == RC_OK)
			of_agent(a, g, ret);
	} else if (p.kind == ACTOR_CONTACT) {
		struct contact *c = arena_new(a, struct contact);

		if ((rc = contact_find(tx, a, (struct contact_id){ p.id }, c, err)) == RC_OK)
			of_contact(a, c, ret);
	}
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	return credential_find(tx, a, ret->person, &ret->cred, err);
}

/* ---- throttles ---- */

struct count {
	struct req *q;
	const struct signin_limit *l;
	size_t n;
	int64_t wait;
};

static enum rc count_tries(struct db_tx *tx, void *arg, struct err *err)
{
	struct count *c = arg;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < c->n; i++)
		rc = throttle_try(tx, c->l[i].key, c->l[i].max, SIGNIN_WINDOW_US, c->q->now, &c->wait, err);
	return rc;
}

enum rc signin_count(struct req *q, struct resp *r, const struct signin_limit *l, size_t n)
{
	struct count c = { q, l, n, 0 };
	enum rc rc = db_write(web_desk(q)->db, count_tries, &c, req_err(q));

	if (rc == RC_LIMIT)
		resp_header(r, "Retry-After", arena_strf(q->arena, "%lld", (long long)c.wait));
	return rc;
}

enum rc signin_forget(struct db_tx *tx, const struct signin_limit *l, struct err *err)
{
	return throttle_clear(tx, l->key, err);
}

/* ---- devices ---- */

static struct str device_mac(const struct req *q, struct str email, struct str id)
{
	return mac_token(q->arena, web_desk(q)->pin_key,
	                 arena_strf(q->arena, "device:" STR_F ":" STR_F, STR_A(id), STR_A(email)));
}

struct str signin_device(const struct req *q, struct str email)
{
	struct str cookie = req_cookie(q, "device");
	size_t dot = str_find_byte(cookie, '.');

	if (dot == STR_NONE || cookie.n > 100 || !web_desk(q)->pin_key.n)
		return STR_NULL;
	struct str id = str_sub(cookie, 0, dot);

	return crypt_equal(device_mac(q, email, id), str_from(cookie, dot + 1)) ? id : STR_NULL;
}

void signin_cookies(struct req *q, struct resp *r, const struct signer *s, struct str token)
{
	struct str email = signin_address(q->arena, s->actor.email), id = signin_device(q, email);

	resp_cookie(r, HTTP_SESSION_COOKIE, token, SESSION_DAYS * 86400);
	if (str_null(id) && web_desk(q)->pin_key.n) {
		id = random_token(q->arena);
		resp_cookie(r, "device",
		            arena_strf(q->arena, STR_F "." STR_F, STR_A(id), STR_A(device_mac(q, email, id))),
		            365 * 86400);
	}
}

/* ---- coming in ---- */

enum rc signin_event(struct db_tx *tx, const struct req *q, const struct actor *who, const char *kind, const char *what,
                     struct err *err)
{
	struct event_id id;
	struct event e = { .at = q->now,
		           .kind = str_of(kind),
		           .account = who->account,
		           .data = arena_strf(q->arena, "{\"what\":\"%s\"}", what) };

	event_by(&e, who);
	return event_append(tx, &e, &id, err);
}

enum rc signin_admit(struct db_tx *tx, struct req *q, const struct signer *s, const char *how, bool require_totp,
                     struct str *ret_token, bool *ret_half, struct err *err)
{
	enum rc rc = RC_OK;

	*ret_half = s->cred.totp.n > 0 || (require_totp && s->person.kind == ACTOR_AGENT);
	/* What this browser had before is worth nothing now (S-42). */
	if (q->session.n)
		rc = session_end(tx, q->session, err);
	if (rc == RC_OK)
		rc = session_start(tx, q->arena, s->person, *ret_half, req_header(q, "User-Agent"), q->now, ret_token,
		                   err);
	if (rc == RC_OK && !*ret_half)
		rc = once_end_all(tx, s->person, err);
	return rc == RC_OK ? signin_event(tx, q, &s->actor, EV_SIGN_IN, how, err) : rc;
}

static void add_encoded(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr("-._~/", c))
			buf_addc(b, (char)c);
		else
			buf_addf(b, "%%%02X", c);
	}
}

static struct str next_query(struct arena *a, struct str next)
{
	AUTO_BUF b;

	buf_init(&b, 8000);
	next = http_safe_next(next);
	if (!str_is(next, "/")) {
		buf_addz(&b, "?next=");
		add_encoded(&b, next);
	}
	return b.n ? arena_str(a, buf_str(&b)) : STR("");
}

enum rc signin_onward(struct req *q, struct resp *r, const struct signer *s, bool half)
{
	struct str next = req_field(q, "next");

	if (half)
		return resp_redirect(r, str_concat(q->arena, STR("/sign-in/code"), next_query(q->arena, next)));
	if (next.n && !str_is(http_safe_next(next), "/"))
		return resp_redirect(r, http_safe_next(next));
	return resp_redirect(r, s->person.kind == ACTOR_AGENT ? STR("/desk") : STR("/"));
}

/* ---- mails ---- */

static enum rc put(struct db_tx *tx, const struct signin_post *post, const struct signer *to, const char *kind,
                   struct str subject, struct str text, struct err *err)
{
	struct outmail_id id;
	/* Asked for by a person and throttled where it is asked: not under the budget of automatic mail. */
	struct outmail m = { .dedupe = STR_NULL,
		             .kind = kind,
		             .from_name = post->settings.product,
		             .from_addr = post->settings.support_addr,
		             .to_name = to->actor.name,
		             .to_addr = signin_address(post->a, to->actor.email),
		             .reply_to = STR_NULL,
		             .message_id = STR_NULL,
		             .in_reply_to = STR_NULL,
		             .refs = STR_NULL,
		             .subject = subject,
		             .text = text,
		             .html = STR_NULL,
		             .attachments = STR_NULL,
		             .at = post->now };

	return outbox_put(tx, &m, post->now, &id, err);
}

enum rc signin_mail(struct db_tx *tx, const struct signin_post *post, enum once_purpose purpose,
                    const struct signer *to, struct str next, struct err *err)
{
	const struct i18n *l = i18n_lang(to->actor.lang);
	const char *subject, *text, *path;
	struct str token, link;
	enum rc rc = once_make(tx, post->a, purpose, to->person, signin_address(post->a, to->actor.email), post->now,
	                       &token, err);

	if (rc != RC_OK)
		return rc;
	switch (purpose) {
	case ONCE_MAGIC:
		path = "/sign-in/l/";
		subject = _(l, "Your link to sign in to {product}");
		text = _(l, "Hello {name},\n\nopen this link to sign in to {product}:\n\n{link}\n\nIt works once, for "
		            "15 minutes. If you did not "
		            "ask for it, ignore this mail: nothing happens.\n");
		break;
	case ONCE_RESET:
		path = "/password/new/";
		subject = _(l, "Choose a new password for {product}");
		text = _(l, "Hello {name},\n\nopen this link to choose a new password for {product}:\n\n{link}\n\nIt "
		            "works once, for one hour. If "
		            "you did not ask for it, ignore this mail: your password stays as it is.\n");
		break;
	default:
		path = "/password/new/";
		subject = _(l, "You are invited to {product}");
		text = _(l, "Hello {name},\n\nyou can now use {product}. Open this link to choose a password and sign "
		            "in:\n\n{link}\n\nIt works "
		            "once, for seven days.\n");
		break;
	}
	link = arena_strf(post->a, STR_F "%s" STR_F STR_F, STR_A(post->desk->config.base_url), path, STR_A(token),
	                  STR_A(next_query(post->a, next)));
	struct tr_arg args[] = {
		{"name",     to->actor.name        },
                { "product", post->settings.product},
                { "link",    link                  }
	};

	return put(tx, post, to,
	           purpose == ONCE_INVITE  ? "invite"
	           : purpose == ONCE_RESET ? "reset"
	                                   : "sign-in",
	           tr_fill(post->a, subject, args, COUNT(args)), tr_fill(post->a, text, args, COUNT(args)), err);
}

enum rc signin_invite(struct db_tx *tx, const struct signin_post *post, struct person p, struct err *err)
{
	struct signer s;
	enum rc rc = signer_by_person(tx, post->a, p, &s, err);

	if (rc != RC_OK)
		return rc;
	if (!s.active)
		return fail(err, RC_CONFLICT, "This person is disabled. Enable the person first, then invite.");
	return signin_mail(tx, post, ONCE_INVITE, &s, STR_NULL, err);
}

enum rc signin_tell(struct db_tx *tx, const struct signin_post *post, const struct signer *to, const char *what,
                    struct err *err)
{
	const struct i18n *l = i18n_lang(to->actor.lang);
	struct tr_arg args[] = {
		{"name",     to->actor.name        },
		{ "product", post->settings.product},
		{ "what",    str_of(tr(l,            what)) },
		{ "support",         post->settings.support_addr                     }
	};

	return put(tx, post, to, "security",
	           tr_fill(post->a, _(l, "Your sign-in to {product} was changed"), args, COUNT(args)),
	           tr_fill(post->a,
	                   _(l, "Hello {name},\n\n{what}\n\nAll your other sessions were ended. If this was not you, "
	                        "write to {support} "
	                        "at once.\n"),
	                   args, COUNT(args)),
	           err);
}

struct mail_job {
	struct signin_post post;
	struct str email, next;
	enum once_purpose purpose;
};

static enum rc write_mail(struct db_tx *tx, void *arg, struct err *err)
{
	struct mail_job *m = arg;
	struct signer s;
	enum rc rc = signer_by_email(tx, m->post.a, m->email, &s, err);

	/* Links by mail alone do not open an agent's desk. */
	if (rc != RC_OK || !s.active || (m->purpose == ONCE_MAGIC && s.person.kind != ACTOR_CONTACT))
		return rc;
	return signin_mail(tx, &m->post, m->purpose, &s, m->next, err);
}

enum rc signin_job_mail(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct desk *d = app;
	json_t *j = json_loadb(job->args.p, job->args.n, 0, NULL);
	const char *email = json_string_value(json_object_get(j, "email")),
	           *purpose = json_string_value(json_object_get(j, "purpose"));
	const char *next = json_string_value(json_object_get(j, "next"));
	enum rc rc = RC_INVALID;

	if (email && purpose) {
		struct mail_job m = {
			.post = {d, web_settings_of(d, scratch), scratch, time_now()},
			.email = str_of(email),
			.next = str_of(next),
			.purpose = strcmp(purpose, "reset") == 0 ? ONCE_RESET : ONCE_MAGIC
		};

		rc = db_write(d->db, write_mail, &m, err);
	} else {
		fail(err, rc, "The job does not say for whom the link is.");
	}
	json_decref(j);
	return rc;
}

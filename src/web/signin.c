/* Signing in: password, link by mail, second factor, signing out. Answers are the same whether an address is known or
 * not, in words and in work (S-45); tries are counted before anything is looked up (S-43); a link opened by a mail
 * scanner does nothing until the button is pressed. Reset and invitation are password_pages.c's, the profile
 * profile.c's, the first run setup.c's. */
#include "account/account.h"
#include "event/event.h"
#include "jobs/jobs.h"
#include "tmpl.h"
#include "util/json.h"
#include "util/log.h"
#include "web/page.h"
#include "web/signin_private.h"

/* ---- the page ---- */

static enum rc show_page(struct req *q, struct resp *r)
{
	struct out o = web_out(q, r);
	struct page p;
	struct signin_view v = { .q = q,
		                 .p = &p,
		                 .email = web_field_value(q, "email", STR("")),
		                 .next = web_field_value(q, "next", STR("")) };

	if (q->method == HTTP_GET)
		v.next = req_field(q, "next");
	v.next = v.next.n ? http_safe_next(v.next) : STR("");
	web_page_init(&p, q, r, _(o.lang, "Sign in"));
	tmpl_sign_in(&o, &v);
	return RC_OK;
}

/* Sessions are of the desk's own address, not of the knowledge base's. */
static enum rc to_desk(struct req *q, struct resp *r, struct str next)
{
	AUTO_BUF b;

	buf_init(&b, 8000);
	struct out o = { .b = &b };

	buf_adds(&b, web_desk(q)->config.base_url);
	buf_addz(&b, "/sign-in?next=");
	out_url_part(&o, next);
	r->status = 303;
	resp_header(r, "Location", arena_str(q->arena, buf_str(&b)));
	return RC_OK;
}

static enum rc sign_in_show(struct req *q, struct resp *r)
{
	struct str next = req_field(q, "next");

	if (q->actor.kind != ACTOR_NOBODY)
		return resp_redirect(r,
		                     next.n && !str_is(http_safe_next(next), "/") ? http_safe_next(next) : web_home(q));
	if (web_allowed(q, CAP_SETUP))
		return resp_redirect(r, STR("/setup"));
	return web_on_kb(q) ? to_desk(q, r, next.n ? http_safe_next(next) : STR("/")) : show_page(q, r);
}

/* ---- password ---- */

struct come_in {
	struct req *q;
	struct str email, token;
	struct signer signer;
	struct signin_limit limit;
	const char *how;
	bool require_totp, half;
};

static enum rc look_up(struct db_tx *tx, void *arg, struct err *err)
{
	struct come_in *c = arg;

	return signer_by_email(tx, c->q->arena, c->email, &c->signer, err);
}

static enum rc admit(struct db_tx *tx, void *arg, struct err *err)
{
	struct come_in *c = arg;
	enum rc rc = signin_forget(tx, &c->limit, err);

	return rc == RC_OK ? signin_admit(tx, c->q, &c->signer, c->how, c->require_totp, &c->token, &c->half, err) : rc;
}

static enum rc sign_in(struct req *q, struct resp *r)
{
	struct come_in c = { .q = q, .how = "password", .email = signin_address(q->arena, req_field(q, "email")) };
	struct db *db = web_desk(q)->db;
	enum rc rc;

	if (web_fields_wrong(q, r))
		return show_page(q, r);
	struct str device = signin_device(q, c.email);
	struct signin_limit limits[] = {
		{str_null(device) ? str_concat(q->arena, STR("login:"), c.email)
		                   : arena_strf(q->arena, "login:" STR_F ":" STR_F, STR_A(c.email), STR_A(device)),
                 SIGNIN_TRIES },
		{ str_concat(q->arena,                        STR("ip:"),                                          q->peer),		                                                                                SIGNIN_TRIES_IP		                                                                                    },
	};
	c.limit = limits[0];
	if ((rc = signin_count(q, r, limits, COUNT(limits))) != RC_OK)
		return web_form_failed(q, r, rc) ? show_page(q, r) : rc;
	if ((rc = db_read(db, look_up, &c, req_err(q))) != RC_OK)
		return rc;
	bool right = auth_password_check(c.signer.cred.password, req_field(q, "password"));

	/* Only who knows the password is told that it is the account (S-45). */
	if (right && c.signer.closed) {
		log_info("auth.refused", { "peer", LOG_STR(q->peer) });
		rc = http_fail(q, RC_DENIED, "email", "%s",
		               _(web_lang(q), "Your organisation's account is closed, so that nobody of it can sign in. "
		                              "Write to us if it should be opened again."));
		web_form_failed(q, r, rc);
		return show_page(q, r);
	}
	if (!right || !c.signer.active) {
		log_info("auth.refused", { "peer", LOG_STR(q->peer) });
		rc = http_fail(q, RC_DENIED, "password", "The address or the password is not right.");
		web_form_failed(q, r, rc);
		return show_page(q, r);
	}
	c.require_totp = web_settings(q).require_totp;
	if ((rc = db_write(db, admit, &c, req_err(q))) != RC_OK)
		return rc;
	signin_cookies(q, r, &c.signer, c.token);
	return signin_onward(q, r, &c.signer, c.half);
}

/* ---- link by mail ---- */

struct ask_link {
	struct req *q;
	const char *purpose;
	struct str email;
};

static enum rc add_job(struct db_tx *tx, void *arg, struct err *err)
{
	struct ask_link *a = arg;
	struct json j;
	AUTO_BUF b;

	buf_init(&b, 8000);
	json_init(&j, &b);
	json_obj(&j);
	json_kstr(&j, "email", a->email);
	json_kstr(&j, "purpose", str_of(a->purpose));
	json_kstr(&j, "next", http_safe_next(req_field(a->q, "next")));
	json_end_obj(&j);
	struct job_new job = { .kind = "signin.mail", .args = buf_str(&b), .run_at = a->q->now, .dedupe = STR_NULL };

	return job_add(tx, &job, err);
}

enum rc signin_ask_link(struct req *q, struct resp *r, const char *purpose)
{
	struct ask_link a = { q, purpose, signin_address(q->arena, req_field(q, "email")) };
	struct signin_limit limits[] = {
		{arena_strf(q->arena, "link:%s:" STR_F, purpose,            STR_A(a.email)),        3 },
		{ str_concat(q->arena,                  STR("link-ip:"),               q->peer), 20},
	};
	enum rc rc = signin_count(q, r, limits, COUNT(limits));

	return rc == RC_OK ? db_write(web_desk(q)->db, add_job, &a, req_err(q)) : rc;
}

static enum rc show_sent(struct req *q, struct resp *r)
{
	struct out o = web_out(q, r);
	struct page p;
	struct signin_view v = { .q = q, .p = &p };

	web_page_init(&p, q, r, _(o.lang, "Look into your mail"));
	tmpl_sign_in_sent(&o, &v);
	return RC_OK;
}

static enum rc link_send(struct req *q, struct resp *r)
{
	enum rc rc;

	if (web_fields_wrong(q, r))
		return show_page(q, r);
	rc = signin_ask_link(q, r, "magic");
	if (web_form_failed(q, r, rc))
		return show_page(q, r);
	return rc == RC_OK ? show_sent(q, r) : rc;
}

struct peek {
	struct req *q;
	struct person person;
	struct str email;
};

static enum rc peek_link(struct db_tx *tx, void *arg, struct err *err)
{
	struct peek *p = arg;

	return once_peek(tx, p->q->arena, ONCE_MAGIC, req_path(p->q, "token"), p->q->now, &p->person, &p->email, err);
}

enum rc signin_old_link(struct req *q, struct resp *r)
{
	struct out o = web_out(q, r);
	struct page p;
	struct signin_view v = { .q = q, .p = &p };

	*req_err(q) = (struct err){ 0 };
	r->status = 410;
	web_page_init(&p, q, r, _(o.lang, "This link does not work any more"));
	tmpl_sign_in_old_link(&o, &v);
	return RC_OK;
}

static enum rc link_show(struct req *q, struct resp *r)
{
	struct peek peek = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, peek_link, &peek, req_err(q));

	if (rc == RC_DENIED)
		return signin_old_link(q, r);
	if (rc != RC_OK)
		return rc;
	struct out o = web_out(q, r);
	struct page p;
	struct str next = req_field(q, "next");
	struct signin_view v = { .q = q,
		                 .p = &p,
		                 .email = peek.email,
		                 .token = req_path(q, "token"),
		                 .next = next.n ? http_safe_next(next) : STR("") };

	web_page_init(&p, q, r, _(o.lang, "Sign in"));
	tmpl_sign_in_link(&o, &v);
	return RC_OK;
}

static enum rc use_link(struct db_tx *tx, void *arg, struct err *err)
{
	struct come_in *c = arg;
	struct person sent_to, person;
	struct str email;
	enum rc rc = once_peek(tx, c->q->arena, ONCE_MAGIC, req_path(c->q, "token"), c->q->now, &sent_to, &email, err);

	if (rc == RC_OK)
		rc = once_use(tx, ONCE_MAGIC, req_path(c->q, "token"), c->q->now, &person, err);
	if (rc == RC_OK)
		rc = signer_by_email(tx, c->q->arena, email, &c->signer, err);
	if (rc != RC_OK)
		return rc;
	/* The address must still be this person's (S-44). */
	if (!c->signer.active || c->signer.person.kind != sent_to.kind || c->signer.person.id != sent_to.id)
		return fail(err, RC_DENIED, "This link is not valid any more.");
	return signin_admit(tx, c->q, &c->signer, "link", c->require_totp, &c->token, &c->half, err);
}

static enum rc link_use(struct req *q, struct resp *r)
{
	struct come_in c = { .q = q, .require_totp = web_settings(q).require_totp };
	enum rc rc = db_write(web_desk(q)->db, use_link, &c, req_err(q));

	if (rc == RC_DENIED)
		return signin_old_link(q, r);
	if (rc != RC_OK)
		return rc;
	signin_cookies(q, r, &c.signer, c.token);
	return signin_onward(q, r, &c.signer, c.half);
}

/* ---- second factor ---- */

struct second {
	struct req *q;
	struct session session;
	struct signer signer;
	struct enrol_view *enrol;
	struct signin_limit limit;
	struct str token;
};

static enum rc load_half(struct db_tx *tx, void *arg, struct err *err)
{
	struct second *s = arg;
	bool touch;
	enum rc rc = session_find(tx, s->q->arena, req_cookie(s->q, HTTP_SESSION_COOKIE), s->q->now, &s->session,
	                          &touch, err);

	return rc == RC_OK ? signer_by_person(tx, s->q->arena, s->session.person, &s->signer, err) : rc;
}

/* RC_NOT_FOUND: nobody stands between the two steps here. */
static enum rc half_way(struct second *s)
{
	enum rc rc = db_read(web_desk(s->q)->db, load_half, s, req_err(s->q));

	if (rc == RC_OK && (!s->session.half || !s->signer.active))
		rc = RC_NOT_FOUND;
	if (rc == RC_NOT_FOUND)
		*req_err(s->q) = (struct err){ 0 };
	return rc;
}

static enum rc show_code(struct second *s, struct resp *r)
{
	struct req *q = s->q;
	struct out o = web_out(q, r);
	struct page p;
	struct str next = req_field(q, "next");

	next = next.n ? http_safe_next(next) : STR("");
	if (s->signer.cred.totp.n) {
		struct signin_view v = { .q = q, .p = &p, .next = next };

		web_page_init(&p, q, r, _(o.lang, "Second step"));
		tmpl_sign_in_code(&o, &v);
		return RC_OK;
	}
	struct enrol_view v = { .q = q, .p = &p, .next = next };

	web_page_init(&p, q, r, _(o.lang, "Set up the second step"));
	enrol_fill(&v, req_field(q, "secret"), p.product, s->signer.actor.email);
	tmpl_sign_in_enrol(&o, &v);
	return RC_OK;
}

static enum rc code_show(struct req *q, struct resp *r)
{
	struct second s = { .q = q };
	enum rc rc = half_way(&s);

	if (rc == RC_NOT_FOUND)
		return resp_redirect(r, STR("/sign-in"));
	return rc == RC_OK ? show_code(&s, r) : rc;
}

static enum rc give_code(struct db_tx *tx, void *arg, struct err *err)
{
	struct second *s = arg;
	struct req *q = s->q;
	enum rc rc;

	if (s->enrol) {
		/* Ends the half session with all others; a whole one begins. */
		rc = enrol_store(tx, q, s->signer.person, s->enrol, req_field(q, "code"), err);
		if (rc == RC_OK)
			rc = session_start(tx, q->arena, s->signer.person, false, req_header(q, "User-Agent"), q->now,
			                   &s->token, err);
		if (rc == RC_OK)
			rc = signin_event(tx, q, &s->signer.actor, EV_AUTH, "second factor on", err);
	} else {
		rc = totp_use(tx, s->signer.person, req_field(q, "code"), q->now, err);
		if (rc == RC_OK)
			rc = session_rotate(tx, q->arena, s->session.hash, false, q->now, &s->token, err);
	}
	if (rc == RC_OK)
		rc = once_end_all(tx, s->signer.person, err);
	if (rc == RC_OK)
		rc = signin_forget(tx, &s->limit, err);
	return rc == RC_OK ? signin_event(tx, q, &s->signer.actor, EV_SIGN_IN, "second factor", err) : rc;
}

static enum rc code_give(struct req *q, struct resp *r)
{
	struct second s = { .q = q };
	struct enrol_view enrol = { .q = q };
	enum rc rc = half_way(&s);

	if (rc == RC_NOT_FOUND)
		return resp_redirect(r, STR("/sign-in"));
	if (rc != RC_OK)
		return rc;
	s.limit = (struct signin_limit){
		arena_strf(q->arena, "code:%d:%lld", s.signer.person.kind, (long long)s.signer.person.id), CODE_TRIES
	};
	if (web_fields_wrong(q, r))
		return show_code(&s, r);
	if (!s.signer.cred.totp.n) {
		s.enrol = &enrol;
		enrol.secret = req_field(q, "secret");
	}
	rc = signin_count(q, r, &s.limit, 1);
	if (rc == RC_OK)
		rc = db_write(web_desk(q)->db, give_code, &s, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_code(&s, r);
	if (rc != RC_OK)
		return rc;
	signin_cookies(q, r, &s.signer, s.token);
	if (!s.enrol)
		return signin_onward(q, r, &s.signer, false);
	struct out o = web_out(q, r);
	struct page p;

	enrol.p = &p;
	enrol.onward = STR("/desk");
	web_page_init(&p, q, r, _(o.lang, "Recovery codes"));
	tmpl_recovery_codes(&o, &enrol);
	return RC_OK;
}

/* ---- out ---- */

static enum rc end_session(struct db_tx *tx, void *arg, struct err *err)
{
	return session_end(tx, ((struct req *)arg)->session, err);
}

static enum rc sign_out(struct req *q, struct resp *r)
{
	enum rc rc = q->session.n ? db_write(web_desk(q)->db, end_session, q, req_err(q)) : RC_OK;

	if (rc != RC_OK)
		return rc;
	resp_cookie(r, HTTP_SESSION_COOKIE, STR(""), 0);
	return web_done(r, _(web_lang(q), "You are signed out."), STR("/sign-in"));
}

/* ---- routes ---- */

static const struct field next_fields[] = {
	{"next", FIELD_TEXT, 2000, .doc = "where to go afterwards" },
        { 0 }
};
static const struct field sign_in_fields[] = {
	{"email",      FIELD_TEXT, 254, true },
        { "password",         FIELD_LINES, 1000, true },
        { "next",           FIELD_TEXT, 2000 },
        { 0}
};
static const struct field address_fields[] = {
	{"email", FIELD_TEXT, 254, true },
        { "next",    FIELD_TEXT, 2000 },
        { 0     }
};
static const struct field code_fields[] = {
	{"code",       FIELD_TEXT, 64, true },
        { "secret",          FIELD_TEXT, 64 },
	{ "password",           FIELD_LINES, 1000 },
        { "do",FIELD_CHOICE, .choices = "on|off" },
	{ "next",           FIELD_TEXT, 2000 },
        { 0}
};
static const struct field new_fields[] = {
	{"password",  FIELD_LINES, 1000, true },
        { "email",       FIELD_TEXT, 254 },
        { "next",          FIELD_TEXT, 2000 },
        { 0}
};
static const struct field profile_fields[] = {
	{"do",              FIELD_CHOICE, .required = true, .choices = "prefs|end|end-others|pin" },
	{ "name", FIELD_TEXT, 200 },
	{ "phone",                FIELD_TEXT, 40 },
	{ "lang",       FIELD_TEXT, 20 },
	{ "zone",                FIELD_TEXT, 64 },
	{ "theme",FIELD_CHOICE, .choices = "system|light|dark" },
	{ "session",                FIELD_TEXT, 64 },
	{ 0}
};
static const struct field change_fields[] = {
	{"current",   FIELD_LINES, 1000 },
        { "password",       FIELD_LINES, 1000, true },
        { 0}
};
static const struct field setup_fields[] = {
	{"product",    FIELD_TEXT, 100, true },
	{ "support_addr",         FIELD_EMAIL, 254, true },
	{ "phone",           FIELD_TEXT, 40 },
	{ "name",FIELD_TEXT, 200, true },
	{ "email",        FIELD_EMAIL, 254, true },
	{ "password",     FIELD_LINES, 1000, true },
	{ 0         }
};

const struct route signin_routes[] = {
	{HTTP_GET,              "/sign-in", CAP_PUBLIC, sign_in_show, next_fields, ROUTE_LENIENT },
	{ HTTP_POST,           "/sign-in", CAP_PUBLIC, sign_in, sign_in_fields, ROUTE_LENIENT },
	{ HTTP_POST,          "/sign-in/link", CAP_PUBLIC, link_send, address_fields, ROUTE_LENIENT },
	{ HTTP_GET,	            "/sign-in/l/{token}", CAP_PUBLIC, link_show, next_fields, ROUTE_LENIENT },
	{ HTTP_POST, "/sign-in/l/{token}", CAP_PUBLIC, link_use, next_fields, ROUTE_LENIENT },
	{ HTTP_GET,              "/sign-in/code", CAP_PUBLIC, code_show, next_fields, ROUTE_LENIENT },
	{ HTTP_POST,        "/sign-in/code", CAP_PUBLIC, code_give, code_fields, ROUTE_LENIENT },
	{ HTTP_POST,            "/sign-out", CAP_PUBLIC, sign_out },
	{ HTTP_GET,           "/password/reset", CAP_PUBLIC, password_reset_show },
	{ HTTP_POST,       "/password/reset", CAP_PUBLIC, password_reset_send, address_fields, ROUTE_LENIENT },
	{ HTTP_GET,	            "/password/new/{token}", CAP_PUBLIC, password_new_show, next_fields, ROUTE_LENIENT },
	{ HTTP_POST,"/password/new/{token}", CAP_PUBLIC, password_new_save, new_fields, ROUTE_LENIENT },
	{ HTTP_GET,            "/profile", CAP_SIGNED_IN, profile_show },
	{ HTTP_POST,        "/profile", CAP_SIGNED_IN, profile_save, profile_fields, ROUTE_LENIENT },
	{ HTTP_GET,            "/profile/password", CAP_SIGNED_IN, profile_password_show },
	{ HTTP_POST,           "/profile/password", CAP_SIGNED_IN, profile_password_save, change_fields, ROUTE_LENIENT },
	{ HTTP_GET,          "/profile/second-factor", CAP_SIGNED_IN, profile_totp_show },
	{ HTTP_POST,                    "/profile/second-factor", CAP_SIGNED_IN, profile_totp_save, code_fields, ROUTE_LENIENT },
	{ HTTP_GET,"/setup", CAP_SETUP, setup_show },
	{ HTTP_POST,            "/setup", CAP_SETUP, setup_save, setup_fields, ROUTE_LENIENT },
	{ 0       },
};

/* One's own page: language, zone, colours, password, second step, where one is signed in. Whatever opens doors wants
 * the present password again, or, for those who have none, a sign-in of the last quarter of an hour (S-47). */
#include "account/account.h"
#include "call/call.h"
#include "event/event.h"
#include "tmpl.h"
#include "web/page.h"
#include "web/signin_private.h"

#define MAX_SESSIONS 100

static const struct str zones[] = { STR_INIT("UTC"),
	                            STR_INIT("America/Argentina/Buenos_Aires"),
	                            STR_INIT("America/Bogota"),
	                            STR_INIT("America/Caracas"),
	                            STR_INIT("America/Chicago"),
	                            STR_INIT("America/Costa_Rica"),
	                            STR_INIT("America/Guatemala"),
	                            STR_INIT("America/Guayaquil"),
	                            STR_INIT("America/La_Paz"),
	                            STR_INIT("America/Lima"),
	                            STR_INIT("America/Los_Angeles"),
	                            STR_INIT("America/Mexico_City"),
	                            STR_INIT("America/Montevideo"),
	                            STR_INIT("America/New_York"),
	                            STR_INIT("America/Panama"),
	                            STR_INIT("America/Santiago"),
	                            STR_INIT("America/Santo_Domingo"),
	                            STR_INIT("America/Sao_Paulo"),
	                            STR_INIT("Asia/Kolkata"),
	                            STR_INIT("Asia/Singapore"),
	                            STR_INIT("Asia/Tokyo"),
	                            STR_INIT("Australia/Sydney"),
	                            STR_INIT("Europe/Berlin"),
	                            STR_INIT("Europe/London"),
	                            STR_INIT("Europe/Madrid"),
	                            STR_INIT("Europe/Paris") };

struct me {
	struct req *q;
	struct signer signer;
	struct session session;
	struct session *sessions;
	size_t n_sessions;
	struct contact contact;
	struct agent agent;
	/* what is to be written */
	struct str hash, token, code, pin;
	struct signin_post post;
	struct enrol_view *enrol;
};

static struct person myself(const struct req *q)
{
	if (q->actor.kind == ACTOR_AGENT)
		return (struct person){ ACTOR_AGENT, q->actor.agent.v };
	return (struct person){ ACTOR_CONTACT, q->actor.contact.v };
}

static enum rc load_me(struct db_tx *tx, void *arg, struct err *err)
{
	struct me *m = arg;
	struct arena *a = m->q->arena;
	bool touch;
	enum rc rc = signer_by_person(tx, a, myself(m->q), &m->signer, err);

	if (rc == RC_OK)
		rc = session_find(tx, a, req_cookie(m->q, HTTP_SESSION_COOKIE), m->q->now, &m->session, &touch, err);
	if (rc == RC_OK)
		rc = session_list(tx, a, myself(m->q), &m->sessions, &m->n_sessions, err);
	if (rc == RC_OK && m->q->actor.kind == ACTOR_CONTACT)
		rc = contact_find(tx, a, m->q->actor.contact, &m->contact, err);
	if (rc == RC_OK && m->q->actor.kind == ACTOR_AGENT)
		rc = agent_find(tx, a, m->q->actor.agent, &m->agent, err);
	return rc;
}

static enum rc load(struct me *m)
{
	return db_read(web_desk(m->q)->db, load_me, m, req_err(m->q));
}

static bool is_fresh(const struct me *m)
{
	return time_before(m->q->now, time_add(m->session.proved_at, FRESH_PROOF_US));
}

/* ---- the page ---- */

static void fill_choices(struct profile_view *v, const struct i18n *l, struct str lang, struct str theme)
{
	const char *const *tags = i18n_tags();

	for (size_t i = 0; tags[i] && v->n_langs < COUNT(v->langs); i++)
		v->langs[v->n_langs++] = (struct signin_choice){ str_of(tags[i]),
			                                         str_of(strcmp(tags[i], "es") == 0   ? "Español"
			                                                : strcmp(tags[i], "en") == 0 ? "English"
			                                                                             : tags[i]),
			                                         str_is(lang, tags[i]) };
	v->themes[0] = (struct signin_choice){ STR("system"), str_of(_(l, "As my device")), theme.n == 0 };
	v->themes[1] = (struct signin_choice){ STR("light"), str_of(_(l, "Light")), str_is(theme, "light") };
	v->themes[2] = (struct signin_choice){ STR("dark"), str_of(_(l, "Dark")), str_is(theme, "dark") };
}

static enum rc show_profile(struct me *m, struct resp *r)
{
	struct req *q = m->q;
	struct out o = web_out(q, r);
	struct page p;
	bool contact = q->actor.kind == ACTOR_CONTACT;
	struct profile_view v = { .q = q, .p = &p, .is_contact = contact, .email = q->actor.email };

	web_page_init(&p, q, r, _(o.lang, "Your profile"));
	v.name = web_field_value(q, "name", q->actor.name);
	v.phone = web_field_value(q, "phone", contact && m->contact.phone.n ? m->contact.phone : STR(""));
	v.zone = web_field_value(q, "zone", contact ? m->contact.zone : m->agent.zone);
	v.has_phone = p.phone.n > 0;
	v.pin = m->pin;
	v.totp = m->signer.cred.totp.n > 0;
	v.has_password = m->signer.cred.password.n > 0;
	v.zones = zones;
	v.n_zones = COUNT(zones);
	fill_choices(&v, o.lang, str_of(i18n_tag(o.lang)), p.theme);
	v.sessions = arena_array(q->arena, struct session_row, m->n_sessions + 1);
	for (size_t i = 0; i < m->n_sessions && i < MAX_SESSIONS; i++)
		v.sessions[v.n_sessions++] = (struct session_row){ m->sessions[i].hash, m->sessions[i].agent_of,
			                                           m->sessions[i].created_at, m->sessions[i].seen_at,
			                                           str_eq(m->sessions[i].hash, q->session) };
	tmpl_profile(&o, &v);
	return RC_OK;
}

enum rc profile_show(struct req *q, struct resp *r)
{
	struct me m = { .q = q };
	enum rc rc = load(&m);

	return rc == RC_OK ? show_profile(&m, r) : rc;
}

static enum rc write_prefs(struct db_tx *tx, void *arg, struct err *err)
{
	struct me *m = arg;
	struct req *q = m->q;
	struct actor who = q->actor;
	enum rc rc;

	if (who.kind == ACTOR_CONTACT) {
		struct contact c;

		if ((rc = contact_find(tx, q->arena, who.contact, &c, err)) != RC_OK)
			return rc;
		c.name = web_field_value(q, "name", c.name);
		c.phone = web_field_value(q, "phone", c.phone);
		c.lang = web_field_value(q, "lang", c.lang);
		c.zone = web_field_value(q, "zone", c.zone);
		return contact_update(tx, &who, q->now, &c, err);
	}
	struct agent a;

	if ((rc = agent_find(tx, q->arena, who.agent, &a, err)) != RC_OK)
		return rc;
	a.lang = web_field_value(q, "lang", a.lang);
	a.zone = web_field_value(q, "zone", a.zone);
	return agent_update(tx, &who, q->now, &a, err);
}

static enum rc end_one(struct db_tx *tx, void *arg, struct err *err)
{
	struct me *m = arg;
	struct str hash = req_field(m->q, "session");

	for (size_t i = 0; i < m->n_sessions; i++)
		if (str_eq(m->sessions[i].hash, hash)) /* only one's own */
			return session_end(tx, hash, err);
	return RC_OK;
}

static enum rc end_others(struct db_tx *tx, void *arg, struct err *err)
{
	struct me *m = arg;

	return session_end_all(tx, myself(m->q), m->q->session, err);
}

static enum rc make_pin(struct db_tx *tx, void *arg, struct err *err)
{
	struct me *m = arg;

	return call_set_pin(tx, m->q->arena, &m->q->actor, m->q->actor.contact, web_desk(m->q)->pin_key, m->q->now, &m->pin, err);
}

enum rc profile_save(struct req *q, struct resp *r)
{
	struct me m = { .q = q };
	struct db *db = web_desk(q)->db;
	struct str what = req_field(q, "do"), theme = req_field(q, "theme");
	enum rc rc = load(&m);

	if (rc != RC_OK)
		return rc;
	if (web_fields_wrong(q, r))
		return show_profile(&m, r);
	if (str_is(what, "end"))
		rc = db_write(db, end_one, &m, req_err(q));
	else if (str_is(what, "pin")) {
		rc = db_write(db, make_pin, &m, req_err(q));
		if (rc == RC_OK)
			return show_profile(&m, r);
	} else if (str_is(what, "end-others"))
		rc = db_write(db, end_others, &m, req_err(q));
	else
		rc = db_write(db, write_prefs, &m, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_profile(&m, r);
	if (rc != RC_OK)
		return rc;
	if (str_is(what, "prefs") && theme.n)
		resp_cookie(r, "theme", str_is(theme, "system") ? STR("") : theme,
		            str_is(theme, "system") ? 0 : 365 * 86400);
	const struct i18n *l = str_is(what, "prefs") && req_field(q, "lang").n ? i18n_lang(req_field(q, "lang"))
	                                                                       : web_lang(q);

	return web_done(r, str_is(what, "prefs") ? _(l, "Saved.") : _(l, "Signed out there."), STR("/profile"));
}

/* ---- proof ---- */

/* RC_OK: it is really this person, now. Counts tries like signing in does. */
static enum rc prove(struct me *m, struct resp *r, const char *field)
{
	struct req *q = m->q;
	struct signin_limit limit = { arena_strf(q->arena, "proof:%d:%lld", q->actor.kind, (long long)myself(q).id),
		                      SIGNIN_TRIES };
	enum rc rc;

	if (!m->signer.cred.password.n)
		return is_fresh(m) ? RC_OK
		                   : http_fail(q, RC_DENIED, NULL, "Please sign in anew first; nothing was changed.");
	if ((rc = signin_count(q, r, &limit, 1)) != RC_OK)
		return rc;
	if (!auth_password_check(m->signer.cred.password, req_field(q, field)))
		return http_fail(q, RC_DENIED, field, "Your present password is not right. Nothing was changed.");
	return RC_OK;
}

/* A change of password or second step ended all sessions; this one goes on under a new token. */
static enum rc go_on(struct db_tx *tx, struct me *m, const char *event, const char *mail, struct err *err)
{
	struct req *q = m->q;
	enum rc rc = session_start(tx, q->arena, myself(q), false, req_header(q, "User-Agent"), q->now, &m->token, err);

	if (rc == RC_OK)
		rc = signin_event(tx, q, &q->actor, EV_AUTH, event, err);
	return rc == RC_OK ? signin_tell(tx, &m->post, &m->signer, mail, err) : rc;
}

static struct signin_post post_of(struct req *q)
{
	return (struct signin_post){ web_desk(q), web_settings(q), q->arena, q->now };
}

/* ---- password ---- */

static enum rc show_password(struct me *m, struct resp *r)
{
	struct out o = web_out(m->q, r);
	struct page p;
	struct enrol_view v = {
		.q = m->q, .p = &p, .has_password = m->signer.cred.password.n > 0, .fresh = is_fresh(m)
	};

	web_page_init(&p, m->q, r, _(o.lang, "Password"));
	tmpl_profile_password(&o, &v);
	return RC_OK;
}

enum rc profile_password_show(struct req *q, struct resp *r)
{
	struct me m = { .q = q };
	enum rc rc = load(&m);

	return rc == RC_OK ? show_password(&m, r) : rc;
}

static enum rc write_password(struct db_tx *tx, void *arg, struct err *err)
{
	struct me *m = arg;
	enum rc rc = credential_set_password(tx, myself(m->q), m->hash, m->q->now, err);

	return rc == RC_OK ? go_on(tx, m, "password changed", "Your password was changed.", err) : rc;
}

enum rc profile_password_save(struct req *q, struct resp *r)
{
	struct me m = { .q = q, .post = post_of(q) };
	enum rc rc = load(&m);

	if (rc != RC_OK)
		return rc;
	if (web_fields_wrong(q, r))
		return show_password(&m, r);
	rc = prove(&m, r, "current");
	if (rc == RC_OK)
		rc = auth_password_ok(req_field(q, "password"), signin_address(q->arena, q->actor.email), req_err(q));
	if (rc == RC_OK)
		rc = auth_password_hash(q->arena, req_field(q, "password"), &m.hash, req_err(q));
	if (rc == RC_OK)
		rc = db_write(web_desk(q)->db, write_password, &m, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_password(&m, r);
	if (rc != RC_OK)
		return rc;
	signin_cookies(q, r, &m.signer, m.token);
	return web_done(r, _(web_lang(q), "Your password is saved. All other browsers are signed out."),
	                STR("/profile"));
}

/* ---- second step ---- */

void enrol_fill(struct enrol_view *v, struct str secret, struct str issuer, struct str account)
{
	uint32_t code;

	/* One that came with the form is the reader's own choice; it must be one that works. */
	v->secret = secret.n == 32 && totp_code(secret, 1, &code) == RC_OK ? secret : totp_secret(v->q->arena);
	v->square = (struct html){ totp_qr_svg(v->q->arena, totp_uri(v->q->arena, v->secret, issuer, account)) };
}

enum rc enrol_store(struct db_tx *tx, struct req *q, struct person p, struct enrol_view *v, struct str code,
                    struct err *err)
{
	struct str hashes[N_RECOVERY];
	uint32_t any;
	enum rc rc;

	if (v->secret.n != 32 || totp_code(v->secret, 1, &any) != RC_OK)
		return fail_field(err, RC_DENIED, "code",
		                  "The secret of this form is damaged. Please scan the new square.");
	v->n_codes = 0;
	for (size_t i = 0; i < N_RECOVERY; i++) {
		v->codes[v->n_codes++] = recovery_code(q->arena);
		hashes[i] = recovery_code_hash(q->arena, v->codes[i]);
	}
	rc = credential_set_totp(tx, p, v->secret, hashes, N_RECOVERY, q->now, err);
	return rc == RC_OK ? totp_use(tx, p, code, q->now, err) : rc;
}

static enum rc show_totp(struct me *m, struct resp *r)
{
	struct out o = web_out(m->q, r);
	struct page p;
	struct enrol_view v = { .q = m->q,
		                .p = &p,
		                .has_password = m->signer.cred.password.n > 0,
		                .fresh = is_fresh(m),
		                .on = m->signer.cred.totp.n > 0,
		                .next = STR_INIT("") };

	web_page_init(&p, m->q, r, _(o.lang, "Second step"));
	if (!v.on)
		enrol_fill(&v, m->q->method == HTTP_GET ? STR("") : req_field(m->q, "secret"), p.product,
		           m->q->actor.email);
	tmpl_profile_totp(&o, &v);
	return RC_OK;
}

enum rc profile_totp_show(struct req *q, struct resp *r)
{
	struct me m = { .q = q };
	enum rc rc = load(&m);

	return rc == RC_OK ? show_totp(&m, r) : rc;
}

static enum rc totp_on(struct db_tx *tx, void *arg, struct err *err)
{
	struct me *m = arg;
	enum rc rc = enrol_store(tx, m->q, myself(m->q), m->enrol, m->code, err);

	return rc == RC_OK ? go_on(tx, m, "second factor on", "The second step was turned on.", err) : rc;
}

static enum rc totp_off(struct db_tx *tx, void *arg, struct err *err)
{
	struct me *m = arg;
	enum rc rc = totp_use(tx, myself(m->q), m->code, m->q->now, err);

	if (rc == RC_OK)
		rc = credential_set_totp(tx, myself(m->q), STR_NULL, NULL, 0, m->q->now, err);
	return rc == RC_OK ? go_on(tx, m, "second factor off", "The second step was turned off.", err) : rc;
}

static enum rc show_codes(struct me *m, struct resp *r)
{
	struct out o = web_out(m->q, r);
	struct page p;

	m->enrol->p = &p;
	m->enrol->onward = STR("/profile");
	web_page_init(&p, m->q, r, _(o.lang, "Recovery codes"));
	tmpl_recovery_codes(&o, m->enrol);
	return RC_OK;
}

enum rc profile_totp_save(struct req *q, struct resp *r)
{
	struct enrol_view enrol = { .q = q, .secret = req_field(q, "secret") };
	struct me m = { .q = q, .post = post_of(q), .code = req_field(q, "code"), .enrol = &enrol };
	bool off = str_is(req_field(q, "do"), "off");
	enum rc rc = load(&m);

	if (rc != RC_OK)
		return rc;
	if (web_fields_wrong(q, r))
		return show_totp(&m, r);
	/* Another window may have been faster. */
	if (off != (m.signer.cred.totp.n > 0))
		return resp_redirect(r, STR("/profile/second-factor"));
	rc = prove(&m, r, "password");
	if (rc == RC_OK)
		rc = db_write(web_desk(q)->db, off ? totp_off : totp_on, &m, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_totp(&m, r);
	if (rc != RC_OK)
		return rc;
	signin_cookies(q, r, &m.signer, m.token);
	return off ? web_done(r, _(web_lang(q), "The second step is off."), STR("/profile")) : show_codes(&m, r);
}

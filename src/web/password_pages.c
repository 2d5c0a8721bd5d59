/* A new password by a link: asked for (reset) or given (invitation). The link proves the address, is used up by the
 * POST only, and ends every session the person had. */
#include "account/account.h"
#include "event/event.h"
#include "tmpl.h"
#include "web/page.h"
#include "web/signin_private.h"

static enum rc show_reset(struct req *q, struct resp *r)
{
	struct out o = web_out(q, r);
	struct page p;
	struct signin_view v = { .q = q, .p = &p, .email = web_field_value(q, "email", STR("")) };

	web_page_init(&p, q, r, _(o.lang, "Forgot your password?"));
	tmpl_password_reset(&o, &v);
	return RC_OK;
}

enum rc password_reset_show(struct req *q, struct resp *r)
{
	return show_reset(q, r);
}

enum rc password_reset_send(struct req *q, struct resp *r)
{
	enum rc rc;

	if (web_fields_wrong(q, r))
		return show_reset(q, r);
	rc = signin_ask_link(q, r, "reset");
	if (web_form_failed(q, r, rc))
		return show_reset(q, r);
	if (rc != RC_OK)
		return rc;
	struct out o = web_out(q, r);
	struct page p;
	struct signin_view v = { .q = q, .p = &p };

	web_page_init(&p, q, r, _(o.lang, "Look into your mail"));
	tmpl_sign_in_sent(&o, &v);
	return RC_OK;
}

/* ---- the link ---- */

struct fresh {
	struct req *q;
	enum once_purpose purpose;
	struct signer signer;
	struct str email, hash, token;
	bool require_totp, half;
};

/* Whose link it is; RC_DENIED when it is nobody's any more. */
static enum rc find_link(struct db_tx *tx, struct fresh *f, struct err *err)
{
	struct str token = req_path(f->q, "token");
	struct person person;
	enum rc rc;

	f->purpose = ONCE_RESET;
	rc = once_peek(tx, f->q->arena, f->purpose, token, f->q->now, &person, &f->email, err);
	if (rc == RC_DENIED) {
		f->purpose = ONCE_INVITE;
		rc = once_peek(tx, f->q->arena, f->purpose, token, f->q->now, &person, &f->email, err);
	}
	if (rc == RC_OK)
		rc = signer_by_email(tx, f->q->arena, f->email, &f->signer, err);
	if (rc == RC_OK &&
	    (!f->signer.active || f->signer.person.kind != person.kind || f->signer.person.id != person.id))
		rc = fail(err, RC_DENIED, "This link is not valid any more.");
	return rc;
}

static enum rc read_link(struct db_tx *tx, void *arg, struct err *err)
{
	return find_link(tx, arg, err);
}

static enum rc show_new(struct fresh *f, struct resp *r)
{
	struct req *q = f->q;
	struct out o = web_out(q, r);
	struct page p;
	struct signin_view v = { .q = q, .p = &p, .email = f->email, .token = req_path(q, "token") };

	web_page_init(&p, q, r, _(o.lang, "Choose a password"));
	tmpl_password_new(&o, &v);
	return RC_OK;
}

enum rc password_new_show(struct req *q, struct resp *r)
{
	struct fresh f = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, read_link, &f, req_err(q));

	if (rc == RC_DENIED)
		return signin_old_link(q, r);
	*req_err(q) = (struct err){ 0 };
	return rc == RC_OK ? show_new(&f, r) : rc;
}

static enum rc save_new(struct db_tx *tx, void *arg, struct err *err)
{
	struct fresh *f = arg;
	struct person person;
	enum rc rc = find_link(tx, f, err);

	if (rc == RC_OK)
		rc = once_use(tx, f->purpose, req_path(f->q, "token"), f->q->now, &person, err);
	if (rc == RC_OK)
		rc = credential_set_password(tx, f->signer.person, f->hash, f->q->now, err);
	if (rc == RC_OK)
		rc = signin_event(tx, f->q, &f->signer.actor, EV_AUTH, "password set by a link", err);
	return rc == RC_OK ? signin_admit(tx, f->q, &f->signer, "link", f->require_totp, &f->token, &f->half, err) : rc;
}

enum rc password_new_save(struct req *q, struct resp *r)
{
	struct fresh f = { .q = q, .require_totp = web_settings(q).require_totp };
	enum rc rc = db_read(web_desk(q)->db, read_link, &f, req_err(q));

	if (rc == RC_DENIED)
		return signin_old_link(q, r);
	if (rc != RC_OK)
		return rc;
	*req_err(q) = (struct err){ 0 };
	if (web_fields_wrong(q, r))
		return show_new(&f, r);
	rc = auth_password_ok(req_field(q, "password"), f.email, req_err(q));
	if (rc == RC_OK)
		rc = auth_password_hash(q->arena, req_field(q, "password"), &f.hash, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_new(&f, r);
	if (rc == RC_OK)
		rc = db_write(web_desk(q)->db, save_new, &f, req_err(q));
	if (rc == RC_DENIED)
		return signin_old_link(q, r);
	if (rc != RC_OK)
		return rc;
	signin_cookies(q, r, &f.signer, f.token);
	web_flash(r, str_of(_(web_lang(q), "Your password is saved.")));
	return signin_onward(q, r, &f.signer, f.half);
}

/* The first run: names the desk and makes the first administrator. Open only while no active administrator exists, and
 * that is judged again inside the transaction that ends it: two who send it at once make one administrator (S-39). */
#include "account/account.h"
#include "event/event.h"
#include "tmpl.h"
#include "web/page.h"
#include "web/signin_private.h"

static enum rc show(struct req *q, struct resp *r)
{
	struct out o = web_out(q, r);
	struct page p;
	const struct desk_config *c = &web_desk(q)->config;
	struct setup_view v = { .q = q, .p = &p };

	web_page_init(&p, q, r, _(o.lang, "Set up the desk"));
	v.product = web_field_value(q, "product", c->product);
	v.support_addr = web_field_value(q, "support_addr", c->support_addr);
	v.phone = web_field_value(q, "phone", c->phone);
	v.name = web_field_value(q, "name", STR(""));
	v.email = web_field_value(q, "email", STR(""));
	tmpl_setup(&o, &v);
	return RC_OK;
}

enum rc setup_show(struct req *q, struct resp *r)
{
	return show(q, r);
}

struct first {
	struct req *q;
	struct str hash, token;
	struct signer signer;
	bool half;
};

static enum rc save(struct db_tx *tx, void *arg, struct err *err)
{
	struct first *f = arg;
	struct req *q = f->q;
	struct actor system = actor_system();
	struct agent a = { .name = req_field(q, "name"),
		           .email = signin_address(q->arena, req_field(q, "email")),
		           .role = AGENT_ADMIN,
		           .lang = str_of(i18n_tag(web_lang(q))),
		           .zone = web_desk(q)->config.zone.n ? web_desk(q)->config.zone : STR("UTC") };
	int64_t admins = 0;
	struct agent_id id;
	/* The same row for everybody, before counting: on PostgreSQL the second of two transactions waits here for the
	 * first one's end, and then counts its administrator. */
	enum rc rc = setting_set(tx, "setup_at", time_iso(q->arena, q->now), err);

	if (rc == RC_OK)
		rc = agent_count(tx, &admins, err);
	if (rc == RC_OK && admins > 0)
		return fail(err, RC_NOT_FOUND, "There is nothing at this address.");
	if (rc == RC_OK)
		rc = setting_set(tx, "product", req_field(q, "product"), err);
	if (rc == RC_OK)
		rc = setting_set(tx, "support_addr", signin_address(q->arena, req_field(q, "support_addr")), err);
	if (rc == RC_OK)
		rc = setting_set(tx, "phone", req_field(q, "phone").n ? req_field(q, "phone") : STR(""), err);
	if (rc == RC_OK)
		rc = agent_create(tx, &system, q->now, &a, &id, err);
	if (rc == RC_OK)
		rc = credential_set_password(tx, (struct person){ ACTOR_AGENT, id.v }, f->hash, q->now, err);
	if (rc == RC_OK)
		rc = signer_by_person(tx, q->arena, (struct person){ ACTOR_AGENT, id.v }, &f->signer, err);
	return rc == RC_OK ? signin_admit(tx, q, &f->signer, "first run", false, &f->token, &f->half, err) : rc;
}

enum rc setup_save(struct req *q, struct resp *r)
{
	struct first f = { .q = q };
	enum rc rc;

	if (web_fields_wrong(q, r))
		return show(q, r);
	rc = auth_password_ok(req_field(q, "password"), signin_address(q->arena, req_field(q, "email")), req_err(q));
	if (rc == RC_OK)
		rc = auth_password_hash(q->arena, req_field(q, "password"), &f.hash, req_err(q));
	if (rc == RC_OK)
		rc = db_write(web_desk(q)->db, save, &f, req_err(q));
	if (web_form_failed(q, r, rc))
		return show(q, r);
	if (rc != RC_OK)
		return rc;
	signin_cookies(q, r, &f.signer, f.token);
	return web_done(r, _(web_lang(q), "The desk is open. Next: accounts of customers, and colleagues."),
	                STR("/desk/admin"));
}

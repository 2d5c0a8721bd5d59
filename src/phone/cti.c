/* phone: webhooks of a PBX that somebody keeps. POST /api/v1/cti/{token} is what PBX vendors already speak (the generic
 * CTI of other desks: events newCall, answer, hangup); below /api/cti/{token}/ stands what an incident needs beyond it.
 * The token in the address is the only proof, unless signatures are asked for too. Everything may come twice. */
#include "auth/auth.h"
#include "blob/blob.h"
#include "call/call.h"
#include "http/forms.h"
#include "http/http.h"
#include "phone/phone.h"
#include "util/crypt.h"
#include "util/json.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define AUDIO_MAX  (10 << 20)
#define PER_MINUTE 600
#define FIELDS_MAX 64
#define KEY_PREFIX "cti-" /* calls of a PBX cannot take the name of one of ours */

struct cti { /* one request */
	struct req *q;
	struct arena *a;
	struct fields form;
	struct desk *desk;
	struct json *out;
	struct str key, event, from, to, agents, secret;
	enum call_direction direction;
	struct call call;
	bool may, wrong_token;
	struct call_engineer roster[CALL_ROSTER];
	size_t n_roster;
	struct str sha256;
	int64_t size;
};

/* ---- reading ---- */

static struct str field(const struct cti *c, const char *name)
{
	json_t *v = c->q->json ? json_object_get(c->q->json, name) : NULL;

	if (json_is_string(v))
		return (struct str){ json_string_value(v), json_string_length(v) };
	if (json_is_integer(v))
		return arena_strf(c->a, "%lld", (long long)json_integer_value(v));
	if (json_is_true(v))
		return STR("1");
	for (size_t i = 0; i < c->form.n; i++)
		if (str_is(c->form.at[i].name, name))
			return c->form.at[i].value;
	return STR("");
}

static bool is_agents(struct str name)
{
	return str_is(name, "user") || str_is(name, "user[]") || str_is(name, "caller") || str_is(name, "caller[]");
}

/* user, user[], caller: one or several; the vendors differ. */
static struct str agents_of(const struct cti *c)
{
	static const char *const names[] = { "user", "caller" };
	AUTO_BUF b;
	json_t *v, *e;
	size_t i;

	buf_init(&b, 450);
	for (size_t k = 0; c->q->json && k < COUNT(names); k++) {
		v = json_object_get(c->q->json, names[k]);
		if (json_is_string(v))
			buf_addf(&b, "%s%s", b.n ? ", " : "", json_string_value(v));
		json_array_foreach(v, i, e) if (json_is_string(e))
		        buf_addf(&b, "%s%s", b.n ? ", " : "", json_string_value(e));
	}
	for (i = 0; i < c->form.n; i++)
		if (is_agents(c->form.at[i].name))
			buf_addf(&b, "%s" STR_F, b.n ? ", " : "", STR_A(c->form.at[i].value));
	return str_utf8_clip(arena_str(c->a, buf_str(&b)), 450);
}

static bool signed_right(const struct cti *c)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (!c->secret.n)
		return true;
	HMAC(EVP_sha256(), c->secret.p, (int)c->secret.n, (const unsigned char *)c->q->body.p, c->q->body.n, mac, &n);
	struct str want = str_concat(c->a, STR("sha256="), hex_encode(c->a, (struct str){ (char *)mac, n }));
	return crypt_equal(want, req_header(c->q, "X-Carrel-Signature"));
}

static enum rc token_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct cti *c = arg;
	struct str want;
	int64_t wait;
	enum rc rc = setting_get(tx, c->a, "cti-token", &want, err);

	if (rc == RC_NOT_FOUND || (rc == RC_OK && !crypt_equal(want, sha256_hex(c->a, req_path(c->q, "token"))))) {
		c->wrong_token = true;
		return RC_OK;
	}
	if (rc == RC_OK && setting_get(tx, c->a, "cti-secret", &c->secret, err) != RC_OK)
		c->secret = STR("");
	return rc == RC_OK ? throttle_try(tx, STR("cti"), PER_MINUTE, MINUTE_US, c->q->now, &wait, err) : rc;
}

static enum rc say_error(struct resp *r, struct cti *c, int status, const char *text)
{
	json_kstr(c->out, "error", str_of(text));
	json_end_obj(c->out);
	return resp_json(r, status);
}

/* *ret_done: the answer is written already. */
static enum rc begin(struct cti *c, struct req *q, struct resp *r, struct json *j, bool *ret_done)
{
	struct err *err = req_err(q);
	enum rc rc;

	*c = (struct cti){ .q = q, .a = q->arena, .desk = q->app, .out = j };
	json_init(j, r->body);
	json_obj(j);
	rc = db_write(c->desk->db, token_step, c, err);
	*ret_done = true;
	if (rc == RC_LIMIT)
		return say_error(r, c, 429, "Too many requests; try again in a minute.");
	if (rc != RC_OK)
		return rc;
	if (c->wrong_token)
		return say_error(r, c, 401, "Invalid token, please contact your admin!");
	if (!signed_right(c))
		return say_error(r, c, 401, "X-Carrel-Signature is missing or wrong.");
	*ret_done = false;
	struct str type = req_header(q, "Content-Type");
	if (!q->json && q->body.n && q->body.n < 65536 && str_starts(str_trim(q->body), STR("{"))) {
		json_t *o = json_loadb(q->body.p, q->body.n, JSON_REJECT_DUPLICATES, NULL);

		if (json_is_object(o)) {
			q->json = o; /* released by cti_end() */
		} else {
			json_decref(o);
			*ret_done = true;
			return say_error(r, c, 422, "The body is no JSON object.");
		}
	} else if (q->body.n && str_find_nocase(type, STR("urlencoded")) != STR_NONE &&
	           form_parse(c->a, q->body, FIELDS_MAX, &c->form) != RC_OK) {
		*ret_done = true;
		return say_error(r, c, 422, "The form cannot be read.");
	}
	struct str country = c->desk->config.phone_country, id = field(c, "callId");
	c->event = field(c, "event");
	c->key = id.n && id.n <= 240 ? str_concat(c->a, STR(KEY_PREFIX), id) : STR("");
	c->from = call_number(c->a, field(c, "from"), country);
	c->to = call_number(c->a, field(c, "to"), country);
	c->agents = agents_of(c);
	return RC_OK;
}

static void finish(struct cti *c)
{
	if (c->q->json)
		json_decref(c->q->json);
	c->q->json = NULL;
}

/* ---- events ---- */

static enum rc ensure(struct db_tx *tx, struct cti *c, struct err *err)
{
	struct call_new n = { .key = c->key,
		              .from = c->from,
		              .to = c->to,
		              .queue = str_utf8_clip(field(c, "queue"), 100),
		              .agents = c->agents,
		              .source = CALL_PBX,
		              .direction = c->direction ? c->direction : CALL_IN,
		              .at = c->q->now };

	return call_begin(tx, c->a, &n, &c->call, err);
}

/* An answer or a hang-up may come before the call itself, or without it: the row is made. */
static enum rc event_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct cti *c = arg;
	enum rc rc = ensure(tx, c, err);

	if (rc == RC_OK && str_is(c->event, "answer"))
		rc = call_answered(tx, c->a, c->key, c->q->now, err);
	if (rc == RC_OK && str_is(c->event, "hangup"))
		rc = call_ended(tx, c->a, c->key, str_utf8_clip(field(c, "cause"), 40), c->q->now, err);
	return rc;
}

static void put_contact(struct cti *c)
{
	const struct call *k = &c->call;

	if (!k->contact.v || !str_is(c->event, "newCall"))
		return;
	json_key(c->out, "contact");
	json_obj(c->out);
	json_ki64(c->out, "id", k->contact.v);
	json_kstr(c->out, "name", k->contact_name);
	json_kstr(c->out, "organisation", k->account_name);
	json_end_obj(c->out);
}

static enum rc events(struct req *q, struct resp *r)
{
	struct cti c;
	struct json j;
	bool done;
	enum rc rc = begin(&c, q, r, &j, &done);

	if (rc != RC_OK || done)
		return rc;
	struct str d = field(&c, "direction");
	if (!str_is(d, "in") && !str_is(d, "out"))
		rc = say_error(r, &c, 422, "Invalid direction!");
	else if (!str_is(c.event, "newCall") && !str_is(c.event, "answer") && !str_is(c.event, "hangup"))
		rc = say_error(r, &c, 422, "Invalid event!");
	else if (!c.key.n)
		rc = say_error(r, &c, 422, "callId is missing or longer than 240 characters!");
	else {
		c.direction = str_is(d, "out") ? CALL_OUT : CALL_IN;
		rc = db_write(c.desk->db, event_step, &c, req_err(q));
		put_contact(&c);
		json_end_obj(&j);
		rc = rc == RC_OK ? resp_json(r, 200) : rc;
	}
	finish(&c);
	return rc;
}

/* ---- what an incident needs ---- */

static enum rc verify_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct cti *c = arg;

	return call_verify(tx, c->a, c->key, field(c, "pin"), c->desk->pin_key, c->q->now, &c->call, &c->may, err);
}

static enum rc try_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct cti *c = arg;
	enum rc rc = ensure(tx, c, err);

	return rc == RC_OK ? call_try(tx, c->a, c->key, c->call.from, c->q->now, err) : rc;
}

static enum rc verify(struct req *q, struct resp *r)
{
	struct cti c;
	struct json j;
	bool done;
	enum rc rc = begin(&c, q, r, &j, &done);

	if (rc != RC_OK || done)
		return rc;
	if (!c.key.n) {
		rc = say_error(r, &c, 422, "callId is missing!");
		finish(&c);
		return rc;
	}
	rc = db_write(c.desk->db, try_step, &c, req_err(q));
	if (rc == RC_LIMIT) {
		rc = say_error(r, &c, 423, "No more tries. Take a message.");
		finish(&c);
		return rc;
	}
	if (rc == RC_OK)
		rc = db_write(c.desk->db, verify_step, &c, req_err(q));
	if (rc == RC_OK || rc == RC_DENIED) {
		json_kbool(&j, "ok", rc == RC_OK);
		if (rc == RC_OK) {
			json_ki64(&j, "contact", c.call.contact.v);
			json_kstr(&j, "name", c.call.contact_name);
			json_kstr(&j, "organisation", c.call.account_name);
			json_kbool(&j, "may_phone", c.may);
		}
		json_end_obj(&j);
		rc = resp_json(r, 200);
	}
	finish(&c);
	return rc;
}

static enum rc incident_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct cti *c = arg;
	struct call_opening o = { c->key, str_is(field(c, "criticality"), "2") ? 2 : 1, false };
	enum rc rc = ensure(tx, c, err);

	if (rc == RC_OK)
		rc = call_open(tx, c->a, &o, c->q->now, &c->call, err);
	return rc == RC_OK ? call_roster(tx, c->a, c->q->now, c->roster, &c->n_roster, err) : rc;
}

static void put_roster(struct cti *c)
{
	json_key(c->out, "oncall");
	json_arr(c->out);
	for (size_t i = 0; i < c->n_roster; i++) {
		json_obj(c->out);
		json_ki64(c->out, "user", c->roster[i].agent.v);
		json_kstr(c->out, "name", c->roster[i].name);
		json_kstr(c->out, "number", c->roster[i].number);
		json_ki64(c->out, "ring", c->desk->config.phone_ring);
		json_end_obj(c->out);
	}
	json_end_arr(c->out);
}

static enum rc incident(struct req *q, struct resp *r)
{
	struct cti c;
	struct json j;
	bool done;
	enum rc rc = begin(&c, q, r, &j, &done);

	if (rc != RC_OK || done)
		return rc;
	rc = c.key.n ? db_write(c.desk->db, incident_step, &c, req_err(q))
	             : say_error(r, &c, 422, "callId is missing!");
	if (rc == RC_OK && c.key.n) {
		if (c.call.number) {
			json_ki64(&j, "ticket", c.call.number);
			json_kstr(&j, "number", ticket_number_text(c.a, c.desk->config.prefix, c.call.number));
		} else {
			json_key(&j, "ticket");
			json_put_null(&j);
		}
		put_roster(&c);
		json_end_obj(&j);
		rc = resp_json(r, c.call.number ? 201 : 200);
	}
	finish(&c);
	return rc;
}

static enum rc leg_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct cti *c = arg;
	struct str result = field(c, "result"), number = field(c, "number");
	int64_t user = 0, n = 0;
	enum rc rc = ensure(tx, c, err);

	if (rc == RC_OK)
		rc = call_roster(tx, c->a, c->q->now, c->roster, &c->n_roster, err);
	if (str_to_i64(field(c, "user"), &user) != RC_OK)
		for (size_t i = 0; i < c->n_roster; i++)
			if (str_eq(c->roster[i].number, number))
				user = c->roster[i].agent.v;
	if (str_to_i64(field(c, "n"), &n) != RC_OK)
		n = user; /* one a person, unless the PBX counts */
	if (rc == RC_OK && str_is(result, "accepted") && user)
		rc = call_accepted(tx, c->a, c->key, (struct agent_id){ user }, c->q->now, err);
	if (rc == RC_OK && !str_is(result, "ringing"))
		rc = call_leg(tx, c->a, c->key, (int)n, (struct agent_id){ user }, str_utf8_clip(number, 60),
		              str_utf8_clip(result, 20), c->q->now, err);
	size_t next = c->n_roster;
	for (size_t i = 0; i < c->n_roster; i++)
		if (c->roster[i].agent.v == user)
			next = i + 1;
	bool passed = !str_is(result, "ringing") && !str_is(result, "answered") && !str_is(result, "accepted");
	if (rc == RC_OK && passed && next >= c->n_roster) {
		json_kstr(c->out, "action", STR("voicemail"));
		return call_page(tx, c->a, c->key, c->q->now, err);
	}
	if (rc == RC_OK && passed) {
		json_kstr(c->out, "action", STR("ring"));
		json_kstr(c->out, "next", c->roster[next].number);
	}
	return rc;
}

static enum rc leg(struct req *q, struct resp *r)
{
	struct cti c;
	struct json j;
	bool done;
	enum rc rc = begin(&c, q, r, &j, &done);

	if (rc != RC_OK || done)
		return rc;
	rc = c.key.n ? db_write(c.desk->db, leg_step, &c, req_err(q)) : say_error(r, &c, 422, "callId is missing!");
	if (rc == RC_OK && c.key.n) {
		json_end_obj(&j);
		rc = resp_json(r, 200);
	}
	finish(&c);
	return rc;
}

static enum rc audio_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct cti *c = arg;
	struct str kind = field(c, "kind");
	int64_t ms = (c->size - 44) / 16; /* 8 kHz, 16 bit */
	struct call_recording rec = { c->key, str_is(kind, "description") ? kind : STR("message"), c->sha256, c->size,
		                      ms > 0 ? ms : 0 };
	enum rc rc = ensure(tx, c, err);

	return rc == RC_OK ? call_recorded(tx, c->a, &rec, c->q->now, err) : rc;
}

static enum rc audio(struct req *q, struct resp *r)
{
	struct cti c;
	struct json j;
	char sha[65];
	bool done;
	enum rc rc = begin(&c, q, r, &j, &done);

	if (rc != RC_OK || done)
		return rc;
	if (form_parse(c.a, q->query, FIELDS_MAX, &c.form) != RC_OK)
		c.form.n = 0;
	struct str id = field(&c, "callId");
	if (!id.n || id.n > 240 || q->body.n > AUDIO_MAX || !str_starts(q->body, STR("RIFF")))
		return say_error(r, &c, 422,
		                 "Send audio/wav of at most 10 MB, with ?callId= and kind=description or message.");
	c.key = str_concat(c.a, STR(KEY_PREFIX), id);
	rc = blob_put(c.desk->blobs, q->body, sha, req_err(q));
	c.sha256 = str_of(sha);
	c.size = (int64_t)q->body.n;
	if (rc == RC_OK)
		rc = db_write(c.desk->db, audio_step, &c, req_err(q));
	if (rc != RC_OK)
		return rc;
	json_kstr(&j, "sha256", c.sha256);
	json_end_obj(&j);
	return resp_json(r, 201);
}

static enum rc roster_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct cti *c = arg;

	return call_roster(tx, c->a, c->q->now, c->roster, &c->n_roster, err);
}

static enum rc oncall(struct req *q, struct resp *r)
{
	struct cti c;
	struct json j;
	bool done;
	enum rc rc = begin(&c, q, r, &j, &done);

	if (rc != RC_OK || done)
		return rc;
	rc = db_read(c.desk->db, roster_step, &c, req_err(q));
	if (rc != RC_OK)
		return rc;
	put_roster(&c);
	json_end_obj(&j);
	return resp_json(r, 200);
}

#define F (ROUTE_RAW | ROUTE_NO_CSRF)
const struct route cti_routes[] = {
	{HTTP_POST,                "/api/v1/cti/{token}", CAP_PUBLIC, events, NULL, F, "A PBX tells of a call" },
	{ HTTP_POST,              "/api/cti/{token}", CAP_PUBLIC, events, NULL, F, "The same" },
	{ HTTP_POST,                    "/api/cti/{token}/verify", CAP_PUBLIC, verify, NULL, F, "Is this PIN right?" },
	{ HTTP_POST, "/api/cti/{token}/incident", CAP_PUBLIC, incident, NULL, F,
         "Open an incident for a verified caller" },
	{ HTTP_POST,               "/api/cti/{token}/leg", CAP_PUBLIC, leg, NULL, F, "What became of ringing an engineer" },
	{ HTTP_POST,              "/api/cti/{token}/audio", CAP_PUBLIC, audio, NULL, F, "A recording" },
	{ HTTP_GET,	            "/api/cti/{token}/oncall", CAP_PUBLIC, oncall, NULL, ROUTE_SLOW, "Whom to ring now" },
	{ 0	     },
};

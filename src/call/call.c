/* call: what happens on a call, as changes of the desk: who it is, the incident, recordings, engineers. Rows are
 * call_store.c's. Everything may come twice: the line repeats what it did not see acknowledged. */
#include "auth/auth.h"
#include "call/call_private.h"
#include "util/json.h"
#include <jansson.h>

struct str call_number(struct arena *a, struct str raw, struct str country)
{
	char d[24];
	size_t n = 0;
	bool plus = str_trim(raw).n && (str_trim(raw).p[0] == '+' || str_starts(str_trim(raw), STR("(+")));
	size_t cut = str_find(raw, STR("(0)"));

	for (size_t i = 0; i < raw.n; i++) {
		if (cut != STR_NONE && i == cut + 1)
			continue;
		if (raw.p[i] >= '0' && raw.p[i] <= '9') {
			if (n == 18)
				return STR("");
			d[n++] = raw.p[i];
		}
	}
	struct str s = { d, n };
	if (!plus && str_starts(s, STR("00"))) {
		s = str_from(s, 2);
		plus = true;
	}
	if (s.n < 6)
		return STR("");
	if (plus || !country.n || (s.p[0] != '0' && s.n > 10))
		return arena_strf(a, "+" STR_F, STR_A(s));
	if (s.p[0] == '0' && !str_is(country, "39")) /* Italy keeps it */
		s = str_from(s, 1);
	return arena_strf(a, "+" STR_F STR_F, STR_A(country), STR_A(s));
}

/* ---- telling ---- */

static enum rc tell(struct db_tx *tx, struct arena *a, const struct call *c, struct instant now,
                    const struct actor *who, const char *what, const char *key, struct str value, struct err *err)
{
	AUTO_BUF b;
	struct json j;

	buf_init(&b, 4000);
	json_init(&j, &b);
	json_obj(&j);
	json_kstr(&j, "what", str_of(what));
	json_ki64(&j, "call", c->id);
	if (key)
		json_kstr(&j, key, value);
	json_end_obj(&j);
	return call_tell(tx, c, now, who, arena_str(a, buf_str(&b)), err);
}

/* ---- who ---- */

enum rc call_try(struct db_tx *tx, struct arena *a, struct str key, struct str from, struct instant now,
                 struct err *err)
{
	int64_t wait;
	enum rc rc = throttle_try(tx, arena_strf(a, "call:" STR_F, STR_A(key)), 3, DAY_US, now, &wait, err);

	/* A withheld number is many people: more tries, but not without end. */
	if (rc == RC_OK)
		rc = throttle_try(tx, arena_strf(a, "call-from:" STR_F, STR_A(from)), from.n ? 5 : 30, HOUR_US, now,
		                  &wait, err);
	return rc;
}

static enum rc may_phone(struct db_tx *tx, struct arena *out, const struct contact *c, struct instant now, bool *ret,
                         struct err *err)
{
	struct ent_ask ask = { .account = c->account,
		               .contact = c,
		               .kind = TICKET_INCIDENT,
		               .criticality = 1,
		               .channel = CHANNEL_PHONE,
		               .at = now };
	struct entitlement e;
	enum rc rc = ent_check(tx, out, &ask, &e, err);

	*ret = rc == RC_OK && e.verdict == ENT_COVERED;
	return rc;
}

enum rc call_verify(struct db_tx *tx, struct arena *out, struct str key, struct str pin, struct str pin_key,
                    struct instant now, struct call *ret, bool *ret_may, struct err *err)
{
	struct contact_id who = { 0 };
	struct contact c = { 0 };
	struct draft_id draft;
	enum rc rc = call_find(tx, out, key, ret, err);

	*ret_may = false;
	if (rc == RC_OK && (pin.n < 6 || pin.n > 12))
		return fail_code(err, RC_DENIED, "wrong-pin", "This PIN is not right.");
	if (rc == RC_OK)
		rc = call_use_pin(tx, out, pin, pin_key, now, &who, &draft, err);
	if (rc == RC_OK)
		rc = contact_find(tx, out, who, &c, err);
	if (rc == RC_OK && (time_is_set(c.disabled_at) || c.account_closed))
		return fail_code(err, RC_DENIED, "wrong-pin", "This PIN is not right.");
	if (rc != RC_OK)
		return rc;
	ret->contact = c.id;
	ret->account = c.account;
	ret->contact_name = c.name;
	ret->account_name = c.account_name;
	ret->draft = draft;
	ret->verified = true;
	rc = call_save(tx, ret, err);
	return rc == RC_OK ? may_phone(tx, out, &c, now, ret_may, err) : rc;
}

/* ---- the incident ---- */

static struct str member(struct arena *a, json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	return json_is_string(v) ? arena_str(a, (struct str){ json_string_value(v), json_string_length(v) }) : STR_NULL;
}

static void from_draft(struct arena *a, const struct call_draft *d, struct ticket_new *n)
{
	json_t *o = json_loadb(d->data.p, d->data.n, 0, NULL);

	n->draft = d->id;
	if (member(a, o, "summary").n)
		n->subject = member(a, o, "summary");
	if (member(a, o, "text").n)
		n->text = member(a, o, "text");
	n->course = member(a, o, "course");
	n->unit = member(a, o, "unit");
	n->affected_email = member(a, o, "affected_email");
	n->link = member(a, o, "link");
	json_decref(o);
}

static enum rc file_recordings(struct db_tx *tx, struct arena *out, struct call *c, struct instant now, struct err *err)
{
	struct call_recording r[4];
	struct new_attachment files[4];
	struct contact who = { 0 };
	struct message_id m;
	struct actor actor;
	size_t n = 0;
	enum rc rc = c->ticket.v ? call_audio_unfiled(tx, out, c->id, r, &n, err) : RC_OK;

	if (rc != RC_OK || n == 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		files[i] = (struct new_attachment){ .sha256 = r[i].sha256,
			                            .size = r[i].size,
			                            .type = STR("audio/wav"),
			                            .name = arena_strf(out, "%s-%lld-%02lld.wav", str_z(out, r[i].kind),
			                                               (long long)r[i].ms / 60000,
			                                               (long long)r[i].ms / 1000 % 60) };
	struct message_new say = { .text = arena_strf(out, "Recorded by telephone, %lld:%02lld.",
		                                      (long long)r[0].ms / 60000, (long long)r[0].ms / 1000 % 60),
		                   .attachments = files,
		                   .n_attachments = n,
		                   .channel = CHANNEL_PHONE,
		                   .automatic = true,
		                   .at = now };
	if (c->contact.v)
		rc = contact_find(tx, out, c->contact, &who, err);
	actor = c->contact.v && c->verified ? actor_of_contact(&who) : actor_system();
	say.internal = actor.kind != ACTOR_CONTACT;
	if (rc == RC_OK)
		rc = ticket_say(tx, out, &actor, now, c->number, &say, (struct event_id){ 0 }, &m, err);
	if (rc == RC_OK)
		rc = tell(tx, out, c, now, &actor, "recorded", "kind", r[0].kind, err);
	return rc;
}

/* Who the incident is for. Without the desk nobody could be asked for a PIN: a number that is one person's has to do.
 */
static enum rc opener(struct db_tx *tx, struct arena *out, const struct call *c, bool offline, struct contact *ret,
                      struct err *err)
{
	if (!c->contact.v || (!c->verified && !offline))
		return fail_code(err, RC_DENIED, "unverified",
		                 "This caller is not verified; the call is in the list of calls.");
	return contact_find(tx, out, c->contact, ret, err);
}

static enum rc open_ticket(struct db_tx *tx, struct arena *out, struct call *c, const struct call_opening *o,
                           const struct contact *k, struct instant now, struct err *err)
{
	struct actor who = actor_of_contact(k);
	struct ticket_opened opened;
	struct call_draft d;
	struct ticket t;
	struct ticket_new n = { .account = c->account,
		                .contact = c->contact,
		                .kind = TICKET_INCIDENT,
		                .criticality = o->criticality,
		                .channel = CHANNEL_PHONE,
		                .opened_at = c->started_at,
		                .subject = STR("Call to the telephone line"),
		                .text = STR("Reported by telephone; the recording follows.") };
	enum rc rc = c->draft.v ? call_draft(tx, out, c->draft, c->contact, &d, err) : RC_NOT_FOUND;

	if (rc == RC_OK)
		from_draft(out, &d, &n);
	else if (rc == RC_NOT_FOUND && c->prepared && ticket_find(tx, out, &who, c->prepared, &t, err) == RC_OK) {
		c->ticket = t.id; /* sent on screen while they called */
		c->number = t.number;
		return RC_OK;
	}
	if (rc == RC_OK || rc == RC_NOT_FOUND)
		rc = ticket_open(tx, out, &who, now, &n, &opened, err);
	if (rc == RC_OK) {
		c->ticket = opened.id;
		c->number = opened.number;
	}
	return rc;
}

enum rc call_open(struct db_tx *tx, struct arena *out, const struct call_opening *o, struct instant now,
                  struct call *ret, struct err *err)
{
	struct contact k = { 0 };
	struct actor system = actor_system();
	struct message_id m;
	enum rc rc = call_find(tx, out, o->key, ret, err);

	if (rc != RC_OK || ret->ticket.v)
		return rc;
	ret->criticality = o->criticality;
	rc = opener(tx, out, ret, o->offline, &k, err);
	if (rc == RC_DENIED) /* kept with what was said; agents see it in the list of calls */
		return call_save(tx, ret, err);
	if (rc == RC_OK)
		rc = open_ticket(tx, out, ret, o, &k, now, err);
	if (rc == RC_OK)
		rc = call_save(tx, ret, err);
	if (rc == RC_OK && !ret->verified)
		rc = ticket_say(
		        tx, out, &system, now, ret->number,
		        &(struct message_new){
		                .internal = true,
		                .automatic = true,
		                .channel = CHANNEL_PHONE,
		                .text = STR("The desk did not answer during this call, so nobody was asked for a "
		                            "PIN. The caller is known by the number only.") },
		        (struct event_id){ 0 }, &m, err);
	if (rc == RC_OK)
		rc = tell(tx, out, ret, now, &system, "opened", "from", ret->from, err);
	return rc == RC_OK ? file_recordings(tx, out, ret, now, err) : rc;
}

enum rc call_recorded(struct db_tx *tx, struct arena *out, const struct call_recording *r, struct instant now,
                      struct err *err)
{
	struct call c;
	enum rc rc = call_find(tx, out, r->key, &c, err);

	if (rc == RC_OK && !str_is(r->kind, "description") && !str_is(r->kind, "message"))
		return fail_field(err, RC_INVALID, "kind", "A recording is a description or a message.");
	if (rc == RC_OK)
		rc = call_audio_add(tx, c.id, r, now, err);
	return rc == RC_OK ? file_recordings(tx, out, &c, now, err) : rc;
}

/* ---- engineers ---- */

enum rc call_leg(struct db_tx *tx, struct arena *out, struct str key, int n, struct agent_id agent, struct str number,
                 struct str result, struct instant now, struct err *err)
{
	struct call c;
	struct actor system = actor_system();
	bool is_new = false;
	enum rc rc = call_find(tx, out, key, &c, err);

	if (rc == RC_OK)
		rc = call_leg_add(tx, c.id, n, agent, number, result, now, &is_new, err);
	return rc == RC_OK && is_new ? tell(tx, out, &c, now, &system, "leg", "result", result, err) : rc;
}

static enum rc give_ticket(struct db_tx *tx, struct arena *out, const struct call *c, const struct actor *who,
                           struct instant now, struct err *err)
{
	struct oncall_page *p = NULL;
	struct ticket t;
	size_t n = 0;
	enum rc rc = ticket_find_id(tx, out, who, c->ticket, &t, err);

	if (rc == RC_OK)
		rc = oncall_pages(tx, out, c->ticket, &p, &n, err);
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		if (p[i].state == PAGE_ACTIVE) {
			rc = oncall_acknowledge(tx, out, who, now, p[i].id, "telephone", err);
			if (rc == RC_CONFLICT)
				rc = RC_OK;
		}
	if (rc == RC_OK)
		rc = ticket_find_id(tx, out, who, c->ticket, &t, err);
	if (rc == RC_OK && !t.assignee.v)
		rc = ticket_assign(tx, out, who, now, t.number, who->agent, (struct event_id){ 0 }, err);
	return rc;
}

static enum rc accept(struct db_tx *tx, struct arena *out, struct call *c, struct agent_id agent, struct instant now,
                      struct err *err)
{
	struct agent g;
	enum rc rc = agent_find(tx, out, agent, &g, err);

	if (rc != RC_OK)
		return rc;
	struct actor who = actor_of_agent(&g);
	c->agent = agent;
	c->accepted_at = now;
	rc = call_save(tx, c, err);
	if (rc == RC_OK && c->ticket.v)
		rc = give_ticket(tx, out, c, &who, now, err);
	return rc == RC_OK ? tell(tx, out, c, now, &who, "accepted", "agent", g.name, err) : rc;
}

enum rc call_accepted(struct db_tx *tx, struct arena *out, struct str key, struct agent_id agent, struct instant now,
                      struct err *err)
{
	struct call c;
	enum rc rc = call_find(tx, out, key, &c, err);

	return rc == RC_OK && !time_is_set(c.accepted_at) ? accept(tx, out, &c, agent, now, err) : rc;
}

enum rc call_page(struct db_tx *tx, struct arena *out, struct str key, struct instant now, struct err *err)
{
	struct call c;
	struct actor system = actor_system();
	struct oncall_policy *p = NULL;
	size_t n = 0;
	enum rc rc = call_find(tx, out, key, &c, err);

	if (rc != RC_OK || c.paged)
		return rc;
	c.paged = true;
	rc = call_save(tx, &c, err);
	if (rc == RC_OK)
		rc = tell(tx, out, &c, now, &system, "page", NULL, STR_NULL, err);
	if (rc == RC_OK && c.ticket.v)
		rc = oncall_policy_list(tx, out, &p, &n, err);
	/* Everybody: every policy there is; one that runs for this ticket already is left alone by oncall_start(). */
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		rc = oncall_start(tx, out, c.ticket, p[i].id, TRIGGER_OPENED,
		                  arena_strf(out, "call:%lld:%lld", (long long)c.id, (long long)p[i].id), now, err);
	return rc;
}

enum rc call_answered(struct db_tx *tx, struct arena *out, struct str key, struct instant now, struct err *err)
{
	struct call c;
	enum rc rc = call_find(tx, out, key, &c, err);

	if (rc != RC_OK || time_is_set(c.answered_at))
		return rc;
	c.answered_at = now;
	return call_save(tx, &c, err);
}

enum rc call_ended(struct db_tx *tx, struct arena *out, struct str key, struct str cause, struct instant now,
                   struct err *err)
{
	struct call c;
	struct actor system = actor_system();
	enum rc rc = call_find(tx, out, key, &c, err);

	if (rc != RC_OK || time_is_set(c.ended_at))
		return rc;
	c.ended_at = now;
	c.cause = str_sub(cause, 0, 40);
	rc = call_save(tx, &c, err);
	return rc == RC_OK ? tell(tx, out, &c, now, &system, "ended", "cause", c.cause, err) : rc;
}

/* ---- what agents do ---- */

enum rc call_take(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t id, struct instant now,
                  struct err *err)
{
	struct call c;
	enum rc rc = who->kind == ACTOR_AGENT ? call_find_id(tx, out, id, &c, err)
	                                      : fail(err, RC_DENIED, "Only agents take calls.");

	if (rc == RC_OK && c.agent.v && c.agent.v != who->agent.v)
		return fail_code(err, RC_CONFLICT, "taken", STR_F " has this call already.", STR_A(c.agent_name));
	return rc == RC_OK && !c.agent.v ? accept(tx, out, &c, who->agent, now, err) : rc;
}

enum rc call_attach(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t id, int64_t number,
                    struct instant now, struct err *err)
{
	struct call c;
	struct ticket t;
	enum rc rc = actor_is_agent(who) ? call_find_id(tx, out, id, &c, err)
	                                 : fail(err, RC_DENIED, "Only agents file calls.");

	if (rc == RC_OK)
		rc = ticket_find(tx, out, who, number, &t, err);
	if (rc != RC_OK)
		return rc;
	c.ticket = t.id;
	c.number = t.number;
	c.account = t.account;
	c.unknown = false;
	rc = call_save(tx, &c, err);
	if (rc == RC_OK)
		rc = tell(tx, out, &c, now, who, "attached", "from", c.from, err);
	return rc == RC_OK ? file_recordings(tx, out, &c, now, err) : rc;
}

enum rc call_unknown(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t id, struct err *err)
{
	struct call c;
	enum rc rc = actor_is_agent(who) ? call_find_id(tx, out, id, &c, err)
	                                 : fail(err, RC_DENIED, "Only agents do this.");

	if (rc != RC_OK)
		return rc;
	c.unknown = true;
	return call_save(tx, &c, err);
}

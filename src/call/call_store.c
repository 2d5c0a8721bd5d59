/* call: rows and SQL. Rules are call.c's. */
#include "auth/auth.h"
#include "call/call_private.h"
#include "util/crypt.h"

#define COLS                                                                                                           \
	"c.id, c.key, c.source, c.direction, c.from_number, c.to_number, c.queue, c.agents, c.contact_id, "            \
	"c.account_id, "                                                                                               \
	"c.draft_id, c.ticket_id, c.verified, c.unknown, c.criticality, c.agent_id, c.cause, c.paged, c.started_at, "  \
	"c.answered_at, c.accepted_at, c.ended_at, COALESCE(k.name, ''), COALESCE(a.name, ''), COALESCE(g.name, ''), " \
	"COALESCE(t.number, 0), COALESCE(d.number, 0)"
#define FROM                                                                                                           \
	" FROM call c LEFT JOIN contact k ON k.id = c.contact_id LEFT JOIN account a ON a.id = c.account_id"           \
	" LEFT JOIN agent g ON g.id = c.agent_id LEFT JOIN ticket t ON t.id = c.ticket_id LEFT JOIN draft d ON d.id "  \
	"= c.draft_id"

DB_QUERY(q_begin, "call.begin",
         "INSERT INTO call (key, source, direction, from_number, to_number, queue, agents, contact_id, account_id, "
         "started_at)"
         " VALUES (:key, :source, :direction, :from, :to, :queue, :agents, :contact, :account, :at) ON CONFLICT (key) "
         "DO NOTHING");
DB_QUERY(q_find, "call.find", "SELECT " COLS FROM " WHERE c.key = :key");
DB_QUERY(q_find_id, "call.find_id", "SELECT " COLS FROM " WHERE c.id = :id");
DB_QUERY(q_list, "call.list", "SELECT " COLS FROM " ORDER BY c.id DESC LIMIT :max");
DB_QUERY(q_live, "call.live",
         "SELECT " COLS FROM " WHERE c.ended_at IS NULL AND c.agent_id IS NULL AND c.unknown = 0 AND c.direction = 1"
         " AND c.started_at > :since ORDER BY c.id DESC LIMIT :max");
DB_QUERY(
        q_save, "call.save",
        "UPDATE call SET contact_id = :contact, account_id = :account, draft_id = :draft, ticket_id = :ticket, "
        "verified = "
        ":verified, unknown = :unknown, criticality = :criticality, agent_id = :agent, cause = :cause, paged = :paged, "
        "answered_at = :answered, accepted_at = :accepted, ended_at = :ended WHERE id = :id");
DB_QUERY(q_contact, "call.contact_of",
         "SELECT id FROM contact WHERE REPLACE(REPLACE(phone, ' ', ''), '-', '') = :number AND disabled_at IS NULL "
         "LIMIT 2");
DB_QUERY(q_draft_pin, "call.use_one_time_pin",
         "UPDATE draft SET pin_hash = NULL WHERE pin_hash = :pin AND pin_until > :now AND owner_kind = 1 RETURNING id, "
         "owner_id");
DB_QUERY(q_pin, "call.personal_pin",
         "SELECT p.contact_id FROM contact_pin p JOIN contact c ON c.id = p.contact_id WHERE p.pin_hash = :pin AND "
         "c.disabled_at IS NULL");
DB_QUERY(q_pin_set, "call.set_pin",
         "INSERT INTO contact_pin (contact_id, pin_hash, set_at) VALUES (:contact, :pin, :now) ON CONFLICT "
         "(contact_id) DO "
         "UPDATE SET pin_hash = excluded.pin_hash, set_at = excluded.set_at");
DB_QUERY(q_draft, "call.draft",
         "SELECT COALESCE(number, 0), data FROM draft WHERE id = :id AND owner_kind = 1 AND owner_id = :owner AND "
         "purpose = 1");
DB_QUERY(q_audio, "call.add_audio",
         "INSERT INTO call_audio (call_id, kind, sha256, size, ms, at) VALUES (:call, :kind, :sha256, :size, :ms, :now)"
         " ON CONFLICT (call_id, kind) DO NOTHING");
DB_QUERY(q_unfiled, "call.unfiled",
         "SELECT kind, sha256, size, ms FROM call_audio WHERE call_id = :call AND filed = 0 ORDER BY kind");
DB_QUERY(q_filed, "call.filed", "UPDATE call_audio SET filed = 1 WHERE call_id = :call");
DB_QUERY(q_leg, "call.leg",
         "INSERT INTO call_leg (call_id, n, agent_id, number, result, at) VALUES (:call, :n, :agent, :number, :result, "
         ":now)"
         " ON CONFLICT (call_id, n) DO NOTHING");
DB_QUERY(q_phones, "call.phones",
         "SELECT p.agent_id, g.name, p.number FROM agent_phone p JOIN agent g ON g.id = p.agent_id WHERE g.disabled_at "
         "IS NULL"
         " ORDER BY p.position, p.agent_id LIMIT 100");
DB_QUERY(q_numbers, "call.numbers",
         "SELECT g.id, g.name, COALESCE(p.number, '') FROM agent g LEFT JOIN agent_phone p ON p.agent_id = g.id WHERE "
         "g.disabled_at IS NULL"
         " ORDER BY g.name, g.id LIMIT 500");
DB_QUERY(q_phone, "call.phone", "SELECT number FROM agent_phone WHERE agent_id = :agent");
DB_QUERY(q_phone_set, "call.set_phone",
         "INSERT INTO agent_phone (agent_id, number) VALUES (:agent, :number) ON CONFLICT (agent_id) DO UPDATE SET "
         "number = "
         "excluded.number");
DB_QUERY(q_phone_drop, "call.drop_phone", "DELETE FROM agent_phone WHERE agent_id = :agent");
DB_QUERY(q_wish, "call.wish",
         "INSERT INTO call_wish (ticket_id, agent_id, number, at) VALUES (:ticket, :agent, :number, :now)");
/* Of what customers ask for: one at a time, three an hour, whatever number of tickets. The others are in the agents'
 * list. */
DB_QUERY(q_wish_asked, "call.wish_asked",
         "INSERT INTO call_wish (ticket_id, agent_id, number, at) SELECT t.id, NULL, :number, :now FROM ticket t WHERE "
         "t.id = :ticket"
         " AND NOT EXISTS (SELECT 1 FROM call_wish w JOIN ticket o ON o.id = w.ticket_id WHERE o.contact_id = "
         "t.contact_id AND w.agent_id IS"
         " NULL AND w.done_at IS NULL) AND (SELECT COUNT(*) FROM call_wish w JOIN ticket o ON o.id = w.ticket_id WHERE "
         "o.contact_id ="
         " t.contact_id AND w.agent_id IS NULL AND w.at > :since) < 3");
DB_QUERY(q_ring, "call.ring_agent",
         "INSERT INTO call_wish (ticket_id, agent_id, number, at, page, dedupe) SELECT :ticket, p.agent_id, '', :now, "
         "1, :dedupe FROM"
         " agent_phone p WHERE p.agent_id = :agent AND NOT EXISTS (SELECT 1 FROM call c WHERE c.ticket_id = :ticket "
         "AND c.ended_at IS NULL"
         " AND c.source = 1 AND c.direction = 1 AND c.started_at > :since) AND NOT EXISTS (SELECT 1 FROM call_wish w "
         "WHERE w.ticket_id = :ticket"
         " AND w.agent_id = :agent AND w.page = 1 AND w.at > :just) ON CONFLICT (dedupe) DO NOTHING");
/* Who clicked is gone after a while, and a page has gone on to others. */
DB_QUERY(q_stale, "call.stale_wishes",
         "UPDATE call_wish SET done_at = :now WHERE done_at IS NULL AND agent_id IS NOT NULL AND at < :since");
DB_QUERY(q_lost_again, "call.lost_again",
         "INSERT INTO call_wish (ticket_id, agent_id, number, at, dedupe) SELECT c.ticket_id, NULL, COALESCE(k.phone, "
         "''), :now, 'lost:' ||"
         " c.id FROM call c JOIN ticket t ON t.id = c.ticket_id LEFT JOIN contact k ON k.id = c.contact_id WHERE "
         "c.source = 1 AND c.ended_at"
         " IS NULL AND c.agent_id IS NULL AND t.assignee_id IS NULL AND t.state <= 3 AND c.started_at > :since ON "
         "CONFLICT (dedupe) DO"
         " NOTHING");
DB_QUERY(q_lost, "call.lost",
         "UPDATE call SET ended_at = :now, cause = 'line-lost' WHERE source = 1 AND ended_at IS NULL");
DB_QUERY(q_old, "call.old_audio",
         "SELECT at FROM call_audio WHERE gone_at IS NULL AND at <= :before ORDER BY at LIMIT 200");
DB_QUERY(q_old_files, "call.drop_files",
         "DELETE FROM attachment WHERE type = 'audio/wav' AND (ticket_id, sha256) IN (SELECT c.ticket_id, a.sha256 "
         "FROM call_audio a JOIN"
         " call c ON c.id = a.call_id WHERE a.gone_at IS NULL AND a.at <= :cut)");
DB_QUERY(q_old_blobs, "call.drop_blobs",
         "SELECT DISTINCT a.sha256 FROM call_audio a WHERE a.gone_at IS NULL AND a.at <= :cut AND NOT EXISTS (SELECT 1 "
         "FROM attachment f"
         " WHERE f.sha256 = a.sha256) AND NOT EXISTS (SELECT 1 FROM call_audio o WHERE o.sha256 = a.sha256 AND "
         "o.gone_at IS NULL AND o.at >"
         " :cut)");
DB_QUERY(q_old_gone, "call.audio_gone",
         "UPDATE call_audio SET gone_at = :now, filed = 1 WHERE gone_at IS NULL AND at <= :cut");
DB_QUERY(
        q_wishes, "call.wishes",
        "SELECT w.id, t.number, t.id, COALESCE(t.criticality, 0), COALESCE(w.agent_id, 0), COALESCE(g.name, ''), "
        "COALESCE(p.number, ''), w.number, w.page FROM call_wish w JOIN ticket t ON t.id = w.ticket_id LEFT JOIN agent "
        "g ON "
        "g.id = "
        "w.agent_id LEFT JOIN agent_phone p ON p.agent_id = w.agent_id WHERE w.done_at IS NULL ORDER BY w.id LIMIT 20");
DB_QUERY(q_wish_done, "call.wish_done", "UPDATE call_wish SET done_at = :now WHERE id = :id");
DB_QUERY(q_asked, "call.asked",
         "SELECT t.id, k.phone FROM ticket t JOIN contact k ON k.id = t.contact_id WHERE t.callback_at IS NOT NULL AND "
         "t.callback_at > :since AND t.state <= 3 AND REPLACE(REPLACE(t.callback_phone, ' ', ''), '-', '') = "
         "REPLACE(REPLACE(k.phone, ' ', ''), '-', '') AND NOT EXISTS (SELECT 1 FROM call_wish w WHERE w.ticket_id = "
         "t.id AND "
         "w.at >= t.callback_at) ORDER BY t.callback_at LIMIT 20");

static struct call row(struct db_rows *r, struct arena *out)
{
	return (struct call){ .id = db_col_i64(r, 0),
		              .key = db_col_str(r, 1, out),
		              .source = (enum call_source)db_col_i64(r, 2),
		              .direction = (enum call_direction)db_col_i64(r, 3),
		              .from = db_col_str(r, 4, out),
		              .to = db_col_str(r, 5, out),
		              .queue = db_col_str(r, 6, out),
		              .agents = db_col_str(r, 7, out),
		              .contact = { db_col_i64(r, 8) },
		              .account = { db_col_i64(r, 9) },
		              .draft = { db_col_i64(r, 10) },
		              .ticket = { db_col_i64(r, 11) },
		              .verified = db_col_i64(r, 12) != 0,
		              .unknown = db_col_i64(r, 13) != 0,
		              .criticality = (int)db_col_i64(r, 14),
		              .agent = { db_col_i64(r, 15) },
		              .cause = db_col_str(r, 16, out),
		              .paged = db_col_i64(r, 17) != 0,
		              .started_at = db_col_time(r, 18),
		              .answered_at = db_col_time(r, 19),
		              .accepted_at = db_col_time(r, 20),
		              .ended_at = db_col_time(r, 21),
		              .contact_name = db_col_str(r, 22, out),
		              .account_name = db_col_str(r, 23, out),
		              .agent_name = db_col_str(r, 24, out),
		              .number = db_col_i64(r, 25),
		              .prepared = db_col_i64(r, 26) };
}

static enum rc one(struct db_tx *tx, struct arena *out, const struct db_query *q, struct db_args args, struct call *ret,
                   struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, args, &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, RC_NOT_FOUND, "There is no such call.");
	if (rc == RC_OK)
		*ret = row(&r, out);
	return rc;
}

enum rc call_find(struct db_tx *tx, struct arena *out, struct str key, struct call *ret, struct err *err)
{
	return one(tx, out, &q_find, DB_ARGS(db_str("key", key)), ret, err);
}

enum rc call_find_id(struct db_tx *tx, struct arena *out, int64_t id, struct call *ret, struct err *err)
{
	return one(tx, out, &q_find_id, DB_ARGS(db_i64("id", id)), ret, err);
}

enum rc call_begin(struct db_tx *tx, struct arena *out, const struct call_new *n, struct call *ret, struct err *err)
{
	struct contact_id who = { 0 };
	struct contact c = { 0 };
	enum rc rc = RC_OK;

	if (n->key.n == 0 || n->key.n > 250 || str_has_control(n->key) || n->from.n > 40 || n->to.n > 40 ||
	    n->agents.n > 500)
		return fail_field(err, RC_INVALID, "callId",
		                  "A call has a name of at most 250 characters, and two numbers.");
	if (n->from.n)
		rc = call_contact_of(tx, n->from, &who, err);
	if (rc == RC_OK && who.v)
		rc = contact_find(tx, out, who, &c, err);
	if (rc == RC_NOT_FOUND)
		rc = RC_OK;
	if (rc == RC_OK)
		rc = db_exec(tx, &q_begin,
		             DB_ARGS(db_str("key", n->key), db_i64("source", n->source),
		                     db_i64("direction", n->direction), db_str("from", n->from.p ? n->from : STR("")),
		                     db_str("to", n->to.p ? n->to : STR("")),
		                     db_str("queue", n->queue.p ? n->queue : STR("")),
		                     db_str("agents", n->agents.p ? n->agents : STR("")), db_id("contact", c.id.v),
		                     db_id("account", c.account.v), db_time("at", n->at)),
		             NULL, err);
	return rc == RC_OK ? call_find(tx, out, n->key, ret, err) : rc;
}

enum rc call_save(struct db_tx *tx, const struct call *c, struct err *err)
{
	return db_exec(tx, &q_save,
	               DB_ARGS(db_i64("id", c->id), db_id("contact", c->contact.v), db_id("account", c->account.v),
	                       db_id("draft", c->draft.v), db_id("ticket", c->ticket.v),
	                       db_i64("verified", c->verified), db_i64("unknown", c->unknown),
	                       db_id("criticality", c->criticality), db_id("agent", c->agent.v),
	                       db_str("cause", c->cause.p ? c->cause : STR("")), db_i64("paged", c->paged),
	                       db_time("answered", c->answered_at), db_time("accepted", c->accepted_at),
	                       db_time("ended", c->ended_at)),
	               NULL, err);
}

enum rc call_contact_of(struct db_tx *tx, struct str number, struct contact_id *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_contact, DB_ARGS(db_str("number", number)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc != RC_OK)
		return rc;
	ret->v = db_col_i64(&r, 0);
	rc = db_next(&r, err);
	if (rc == RC_OK) { /* a switchboard: several people */
		ret->v = 0;
		return RC_NOT_FOUND;
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc call_use_pin(struct db_tx *tx, struct arena *out, struct str pin, struct str pin_key, struct instant now,
                     struct contact_id *ret, struct draft_id *ret_draft, struct err *err)
{
	AUTO_ROWS r = { 0 };
	struct str once = mac_token(out, pin_key, pin),
	           own = mac_token(out, pin_key, arena_strf(out, "own " STR_F, STR_A(pin)));
	enum rc rc = db_select(tx, &q_draft_pin, DB_ARGS(db_str("pin", once), db_time("now", now)), &r, err);

	ret_draft->v = 0;
	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK) {
		ret_draft->v = db_col_i64(&r, 0);
		ret->v = db_col_i64(&r, 1);
		return RC_OK;
	}
	if (rc == RC_NOT_FOUND)
		rc = db_get_i64(tx, &q_pin, DB_ARGS(db_str("pin", own)), &ret->v, err);
	return rc == RC_NOT_FOUND ? fail_code(err, RC_DENIED, "wrong-pin", "This PIN is not right.") : rc;
}

enum rc call_set_pin(struct db_tx *tx, struct arena *out, const struct actor *who, struct contact_id c,
                     struct str pin_key, struct instant now, struct str *ret_pin, struct err *err)
{
	enum rc rc = RC_CONFLICT;

	if (!actor_is_agent(who) && !(who->kind == ACTOR_CONTACT && who->contact.v == c.v))
		return fail(err, RC_DENIED, "A telephone PIN is made by whom it is for, or by the desk.");
	for (int i = 0; i < 20 && rc == RC_CONFLICT; i++) {
		*ret_pin = arena_strf(out, "%04u%04u", random_below(10000), random_below(10000));
		rc = db_exec(
		        tx, &q_pin_set,
		        DB_ARGS(db_i64("contact", c.v),
		                db_str("pin", mac_token(out, pin_key, arena_strf(out, "own " STR_F, STR_A(*ret_pin)))),
		                db_time("now", now)),
		        NULL, err);
	}
	return rc;
}

enum rc call_draft(struct db_tx *tx, struct arena *out, struct draft_id id, struct contact_id owner,
                   struct call_draft *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_draft, DB_ARGS(db_i64("id", id.v), db_i64("owner", owner.v)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK)
		*ret = (struct call_draft){ id, db_col_i64(&r, 0), db_col_str(&r, 1, out) };
	return rc;
}

enum rc call_tell(struct db_tx *tx, const struct call *c, struct instant now, const struct actor *who, struct str data,
                  struct err *err)
{
	struct event e = { .at = now, .kind = STR(EV_CALL), .ticket = c->ticket, .account = c->account, .data = data };

	if (!c->ticket.v)
		return RC_OK;
	event_by(&e, who);
	return event_append(tx, &e, NULL, err);
}

enum rc call_audio_add(struct db_tx *tx, int64_t call, const struct call_recording *r, struct instant now,
                       struct err *err)
{
	return db_exec(tx, &q_audio,
	               DB_ARGS(db_i64("call", call), db_str("kind", r->kind), db_str("sha256", r->sha256),
	                       db_i64("size", r->size), db_i64("ms", r->ms), db_time("now", now)),
	               NULL, err);
}

enum rc call_audio_unfiled(struct db_tx *tx, struct arena *out, int64_t call, struct call_recording ret[4],
                           size_t *ret_n, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_unfiled, DB_ARGS(db_i64("call", call)), &r, err);

	*ret_n = 0;
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK && *ret_n < 4)
		ret[(*ret_n)++] = (struct call_recording){ .kind = db_col_str(&r, 0, out),
			                                   .sha256 = db_col_str(&r, 1, out),
			                                   .size = db_col_i64(&r, 2),
			                                   .ms = db_col_i64(&r, 3) };
	if (rc == RC_NOT_FOUND || rc == RC_OK)
		rc = db_exec(tx, &q_filed, DB_ARGS(db_i64("call", call)), NULL, err);
	return rc;
}

enum rc call_leg_add(struct db_tx *tx, int64_t call, int n, struct agent_id agent, struct str number, struct str result,
                     struct instant now, bool *ret_new, struct err *err)
{
	int64_t changed = 0;
	enum rc rc = db_exec(tx, &q_leg,
	                     DB_ARGS(db_i64("call", call), db_i64("n", n), db_id("agent", agent.v),
	                             db_str("number", number), db_str("result", result), db_time("now", now)),
	                     &changed, err);

	*ret_new = changed > 0;
	return rc;
}

/* ---- numbers of agents ---- */

static void put(struct call_engineer ret[CALL_ROSTER], size_t *n, const struct call_engineer *e)
{
	for (size_t i = 0; i < *n; i++)
		if (ret[i].agent.v == e->agent.v)
			return;
	if (*n < CALL_ROSTER)
		ret[(*n)++] = *e;
}

enum rc call_roster(struct db_tx *tx, struct arena *out, struct instant now, struct call_engineer ret[CALL_ROSTER],
                    size_t *ret_n, struct err *err)
{
	VEC(struct call_engineer) all = { 0 };
	struct oncall_schedule *s = NULL;
	size_t n = 0;
	enum rc rc;

	*ret_n = 0;
	{
		AUTO_ROWS r = { 0 };

		rc = db_select(tx, &q_phones, DB_NO_ARGS, &r, err);
		while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
			*VEC_ADD(out, &all) = (struct call_engineer){ { db_col_i64(&r, 0) },
				                                      db_col_str(&r, 1, out),
				                                      db_col_str(&r, 2, out) };
	}
	if (rc == RC_NOT_FOUND)
		rc = oncall_list(tx, out, now, time_add(now, SECOND_US), &s, &n, err);
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < n; i++) {
		struct agent_id on = oncall_at(&s[i], now);

		for (size_t k = 0; k < all.n; k++)
			if (on.v && all.at[k].agent.v == on.v)
				put(ret, ret_n, &all.at[k]);
	}
	for (size_t k = 0; k < all.n; k++)
		put(ret, ret_n, &all.at[k]);
	return RC_OK;
}

enum rc call_numbers(struct db_tx *tx, struct arena *out, struct call_engineer **ret, size_t *ret_n, struct err *err)
{
	VEC(struct call_engineer) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_numbers, DB_NO_ARGS, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct call_engineer){ { db_col_i64(&r, 0) },
			                                    db_col_str(&r, 1, out),
			                                    db_col_str(&r, 2, out) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc call_number_of(struct db_tx *tx, struct arena *out, struct agent_id agent, struct str *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_phone, DB_ARGS(db_i64("agent", agent.v)), &r, err);

	*ret = STR("");
	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK)
		*ret = db_col_str(&r, 0, out);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc call_set_number(struct db_tx *tx, const struct actor *who, struct instant now, struct agent_id agent,
                        struct str number, struct err *err)
{
	if (!actor_is_admin(who) && !(who->kind == ACTOR_AGENT && who->agent.v == agent.v))
		return fail(err, RC_DENIED, "Only administrators change the numbers of others.");
	if (number.n == 0)
		return db_exec(tx, &q_phone_drop, DB_ARGS(db_i64("agent", agent.v)), NULL, err);
	if (number.n > 60 || str_has_control(number) || str_find_byte(number, ' ') != STR_NONE)
		return fail_field(err, RC_INVALID, "phone", "A number is like +5715550177, or a SIP address.");
	return db_exec(tx, &q_phone_set, DB_ARGS(db_i64("agent", agent.v), db_str("number", number)), NULL, err);
}

/* ---- lists, wishes ---- */

enum rc call_list(struct db_tx *tx, struct arena *out, bool live, size_t max, struct call **ret, size_t *ret_n,
                  struct err *err)
{
	VEC(struct call) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = live ? db_select(tx, &q_live,
	                              DB_ARGS(db_i64("max", (int64_t)max), db_i64("since", time_now().us - HOUR_US)),
	                              &r, err)
	                  : db_select(tx, &q_list, DB_ARGS(db_i64("max", (int64_t)max)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = row(&r, out);
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc call_click(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t number, struct instant now,
                   struct err *err)
{
	struct ticket t;
	struct contact c = { 0 };
	enum rc rc = actor_is_agent(who) ? ticket_find(tx, out, who, number, &t, err)
	                                 : fail(err, RC_DENIED, "Only agents make calls.");

	if (rc == RC_OK && t.contact.v)
		rc = contact_find(tx, out, t.contact, &c, err);
	if (rc == RC_OK && c.phone.n == 0)
		return fail(err, RC_INVALID, "There is no number on file for this person, so nobody was called.");
	if (rc == RC_OK) {
		int64_t wait;

		rc = throttle_try(tx, arena_strf(out, "click:%lld", (long long)who->agent.v), 30, HOUR_US, now, &wait,
		                  err);
		if (rc == RC_LIMIT)
			return fail(err, RC_LIMIT,
			            "You made thirty calls this hour; try again later, or use your own telephone.");
	}
	if (rc == RC_OK)
		rc = db_exec(tx, &q_wish,
		             DB_ARGS(db_i64("ticket", t.id.v), db_id("agent", who->agent.v), db_str("number", c.phone),
		                     db_time("now", now)),
		             NULL, err);
	return rc;
}

enum rc call_wishes(struct db_tx *tx, struct arena *out, struct instant now, struct call_wish **ret, size_t *ret_n,
                    struct err *err)
{
	VEC(struct call_wish) v = { 0 };
	VEC(struct {
		int64_t ticket;
		struct str phone;
	})
	asked = { 0 };
	enum rc rc;

	{
		AUTO_ROWS r = { 0 };

		rc = db_select(tx, &q_asked, DB_ARGS(db_i64("since", now.us - DAY_US)), &r, err);
		while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
			int64_t ticket = db_col_i64(&r, 0);
			struct str phone = db_col_str(&r, 1, out);

			VEC_ADD(out, &asked)->ticket = ticket;
			asked.at[asked.n - 1].phone = phone;
		}
	}
	if (rc == RC_NOT_FOUND)
		rc = RC_OK;
	for (size_t i = 0; i < asked.n && rc == RC_OK; i++)
		rc = db_exec(tx, &q_wish_asked,
		             DB_ARGS(db_i64("ticket", asked.at[i].ticket), db_str("number", asked.at[i].phone),
		                     db_time("now", now), db_time("since", time_add(now, -HOUR_US))),
		             NULL, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_stale,
		             DB_ARGS(db_time("now", now), db_time("since", time_add(now, -10 * MINUTE_US))), NULL, err);
	if (rc == RC_OK) {
		AUTO_ROWS r = { 0 };

		rc = db_select(tx, &q_wishes, DB_NO_ARGS, &r, err);
		while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
			*VEC_ADD(out, &v) = (struct call_wish){
				.id = db_col_i64(&r, 0),
				.number = db_col_i64(&r, 1),
				.ticket = {db_col_i64(&r, 2)},
				.criticality = (int)db_col_i64(&r, 3),
				.engineer = { { db_col_i64(&r, 4) }, db_col_str(&r, 5, out), db_col_str(&r, 6, out) },
				.to = db_col_str(&r, 7, out),
				.page = db_col_i64(&r, 8) != 0
			};
	}
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc call_wish_done(struct db_tx *tx, const struct call_wish *w, struct instant now, struct err *err)
{
	return db_exec(tx, &q_wish_done, DB_ARGS(db_i64("id", w->id), db_time("now", now)), NULL, err);
}

enum rc call_ring_agent(struct db_tx *tx, struct ticket_id ticket, struct agent_id agent, struct str dedupe,
                        struct instant now, struct err *err)
{
	return db_exec(tx, &q_ring,
	               DB_ARGS(db_i64("ticket", ticket.v), db_i64("agent", agent.v), db_str("dedupe", dedupe),
	                       db_time("now", now), db_time("since", time_add(now, -HOUR_US)),
	                       db_time("just", time_add(now, -3 * MINUTE_US))),
	               NULL, err);
}

enum rc call_lost(struct db_tx *tx, struct instant now, int64_t *ret_n, struct err *err)
{
	enum rc rc = db_exec(tx, &q_lost_again, DB_ARGS(db_time("now", now), db_time("since", time_add(now, -HOUR_US))),
	                     NULL, err);

	return rc == RC_OK ? db_exec(tx, &q_lost, DB_ARGS(db_time("now", now)), ret_n, err) : rc;
}

/* ---- recordings that were kept long enough ---- */

enum rc call_forget(struct db_tx *tx, struct arena *out, struct instant before, struct instant now, struct str **ret,
                    size_t *ret_n, size_t *ret_forgotten, struct err *err)
{
	VEC(struct str) gone = { 0 };
	struct instant cut = { 0 };
	enum rc rc;

	*ret_n = *ret_forgotten = 0;
	{
		AUTO_ROWS r = { 0 };

		rc = db_select(tx, &q_old, DB_ARGS(db_time("before", before)), &r, err);
		while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
			cut = db_col_time(&r, 0);
			++*ret_forgotten;
		}
	}
	if (rc != RC_NOT_FOUND || *ret_forgotten == 0)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	rc = db_exec(tx, &q_old_files, DB_ARGS(db_time("cut", cut)), NULL, err);
	if (rc == RC_OK) {
		AUTO_ROWS r = { 0 };

		rc = db_select(tx, &q_old_blobs, DB_ARGS(db_time("cut", cut)), &r, err);
		while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
			*VEC_ADD(out, &gone) = db_col_str(&r, 0, out);
	}
	if (rc == RC_NOT_FOUND)
		rc = db_exec(tx, &q_old_gone, DB_ARGS(db_time("cut", cut), db_time("now", now)), NULL, err);
	*ret = gone.at;
	*ret_n = gone.n;
	return rc;
}

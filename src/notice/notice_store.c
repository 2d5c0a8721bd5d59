/* The rows of notices. Who is told of an event is decided here in SQL, in one statement for all agents and one for the
 * people of the customer; words and moments are the other files'. */
#include "account/account.h"
#include "notice/notice_private.h"

/* Own choice of an agent, else the house's. */
#define CHOICE(kind, id)                                                                                               \
	"c.what = :what AND c.channels > 0 AND ((c.person_kind = " kind " AND c.person_id = " id                       \
	") OR (c.person_kind = 0 AND NOT EXISTS"                                                                       \
	" (SELECT 1 FROM notice_choice o WHERE o.what = :what AND o.person_kind = " kind " AND o.person_id = " id      \
	")))"
#define MINE                                                                                                           \
	"(g.id = CASE WHEN CAST(:what AS BIGINT) = 2 THEN CAST(:to AS BIGINT) ELSE COALESCE(t.assignee_id, 0) END"     \
	" OR EXISTS (SELECT 1 FROM ticket_follow f WHERE f.ticket_id = t.id AND f.agent_id = g.id))"
#define MY_TEAM "EXISTS (SELECT 1 FROM agent_team m WHERE m.agent_id = g.id AND m.team_id = t.team_id)"
DB_QUERY(q_agents, "notice.agents",
         "INSERT INTO notice (person_kind, person_id, event_id, ticket_id, what, at, listed, mail, push)"
         " SELECT 2, g.id, CAST(:event AS BIGINT), t.id, CAST(:what AS BIGINT), CAST(:at AS BIGINT), c.channels & 1, "
         "(c.channels & 2) / 2, (c.channels & 4) / 4"
         " FROM ticket t JOIN agent g ON g.disabled_at IS NULL AND g.id <> :self JOIN notice_choice c ON " CHOICE(
                 "2", "g.id") " WHERE t.id = :ticket AND (c.reach = 4 OR (c.reach >= 1 AND " MINE
                              ") OR (c.reach >= 2 AND CAST(:teams AS BIGINT) = 1 AND " MY_TEAM ")"
                              " OR (c.reach >= 3 AND t.assignee_id IS NULL AND (t.team_id IS NULL OR " MY_TEAM ")))"
                              " ON CONFLICT DO NOTHING");
/* Those of the account who chose it, reach the ticket by a role, and are not told of it as a conversation anyway. */
#define ROLE                                                                                                           \
	"EXISTS (SELECT 1 FROM contact_role r WHERE r.contact_id = p.id AND ((r.scope = 1 AND r.scope_id = "           \
	"t.account_id)"                                                                                                \
	" OR (r.scope = 2 AND r.scope_id = t.subscription_id) OR (r.scope = 3 AND r.scope_id = t.site_id)))"
DB_QUERY(q_contacts, "notice.contacts",
         "INSERT INTO notice (person_kind, person_id, event_id, ticket_id, what, at, listed, mail, push)"
         " SELECT 1, p.id, CAST(:event AS BIGINT), t.id, CAST(:what AS BIGINT), CAST(:at AS BIGINT), 0, 1, 0"
         " FROM ticket t JOIN contact p ON p.account_id = t.account_id AND p.disabled_at IS NULL AND p.id <> :self AND "
         "p.id <> t.contact_id"
         " JOIN notice_choice c ON c.what = :what AND c.person_kind = 1 AND c.person_id = p.id AND c.reach = 4 AND "
         "c.channels = 2"
         " WHERE t.id = :ticket AND " ROLE " AND NOT EXISTS (SELECT 1 FROM participant x WHERE x.ticket_id = t.id AND "
                                           "x.contact_id = p.id AND x.accepted = 1)"
         " ON CONFLICT DO NOTHING");

#define RHYTHM                                                                                                         \
	"COALESCE(r.mail, 1), COALESCE(r.hour, 8), COALESCE(r.quiet_from, 0), COALESCE(r.quiet_to, 0), "               \
	"COALESCE(r.weekend, 0)"
#define OWN_RHYTHM(kind, id)                                                                                           \
	"LEFT JOIN notice_rhythm r ON (r.person_kind = " kind " AND r.person_id = " id                                 \
	") OR (r.person_kind = 0 AND " kind " = 2 AND NOT EXISTS"                                                      \
	" (SELECT 1 FROM notice_rhythm o WHERE o.person_kind = " kind " AND o.person_id = " id "))"
DB_QUERY(q_pushed, "notice.pushed",
         "SELECT 2, g.id, g.name, g.email, g.lang, g.zone, " RHYTHM
         ", n.at FROM notice n JOIN agent g ON g.id = n.person_id " OWN_RHYTHM(
                 "2",
                 "g.id") " WHERE n.event_id = :event AND n.person_kind = 2 AND n.push = 1"
                         " AND EXISTS (SELECT 1 FROM push_browser b WHERE b.agent_id = g.id) ORDER BY g.id LIMIT 200");
DB_QUERY(
        q_waiting, "notice.waiting",
        "SELECT w.person_kind, w.person_id, COALESCE(g.name, p.name), COALESCE(g.email, p.email), COALESCE(g.lang, "
        "p.lang),"
        " COALESCE(g.zone, p.zone), " RHYTHM ", w.oldest"
        " FROM (SELECT person_kind, person_id, MIN(at) AS oldest FROM notice WHERE mail = 1 AND (person_kind > :kind OR"
        " (person_kind = :kind AND person_id > :id)) GROUP BY person_kind, person_id ORDER BY person_kind, person_id "
        "LIMIT :max) w"
        " LEFT JOIN agent g ON w.person_kind = 2 AND g.id = w.person_id AND g.disabled_at IS NULL"
        " LEFT JOIN contact p ON w.person_kind = 1 AND p.id = w.person_id AND p.disabled_at IS NULL " OWN_RHYTHM(
                "w.person_kind", "w.person_id") " ORDER BY w.person_kind, w.person_id");

#define NOTICE                                                                                                         \
	"SELECT n.id, n.what, n.at, n.read_at, e.id, e.kind, e.actor, e.data, t.number, t.subject, a.name,"            \
	" substr(m.text, 1, " EXCERPT ")"
#define OF                                                                                                             \
	" FROM notice n JOIN event e ON e.id = n.event_id JOIN ticket t ON t.id = n.ticket_id JOIN account a ON a.id " \
	"= t.account_id"                                                                                               \
	" LEFT JOIN message m ON m.id = e.message_id"
DB_QUERY(q_list, "notice.list",
         NOTICE OF " WHERE n.person_kind = 2 AND n.person_id = :agent AND n.listed = 1 AND n.id < :before ORDER BY "
                   "n.id DESC LIMIT :max");
DB_QUERY(q_event, "notice.event",
         "SELECT 0, 0, e.at, NULL, e.id, e.kind, e.actor, e.data, t.number, t.subject, a.name, substr(m.text, 1, 300)"
         " FROM event e JOIN ticket t ON t.id = e.ticket_id JOIN account a ON a.id = t.account_id LEFT JOIN message m "
         "ON m.id = e.message_id"
         " WHERE e.id = :event");
/* A role may have been taken away since the row was written. */
#define STILL                                                                                                          \
	" WHERE n.mail = 1 AND n.person_kind = :kind AND n.person_id = :id AND (n.person_kind = 2 OR EXISTS (SELECT "  \
	"1 FROM contact p"                                                                                             \
	" WHERE p.id = n.person_id AND p.account_id = t.account_id AND " ROLE "))"
DB_QUERY(q_news, "notice.news", NOTICE OF STILL " ORDER BY n.id LIMIT :max");
DB_QUERY(q_news_count, "notice.news_count", "SELECT COUNT(*) FROM notice n JOIN ticket t ON t.id = n.ticket_id" STILL);
DB_QUERY(q_told, "notice.told",
         "UPDATE notice SET mail = 2 WHERE mail = 1 AND person_kind = :kind AND person_id = :id");
DB_QUERY(q_unread, "notice.unread",
         "SELECT COUNT(*) FROM (SELECT 1 FROM notice WHERE person_id = :agent AND person_kind = 2 AND listed = 1 AND "
         "read_at IS NULL"
         " LIMIT 100) AS few");
DB_QUERY(q_read, "notice.read",
         "UPDATE notice SET read_at = :now, mail = CASE WHEN mail = 1 THEN 3 ELSE mail END WHERE person_kind = 2 AND "
         "person_id = :agent"
         " AND listed = 1 AND read_at IS NULL AND (CAST(:upto AS BIGINT) = 0 OR id <= :upto)");
DB_QUERY(q_read_ticket, "notice.read_ticket",
         "UPDATE notice SET read_at = :now, mail = CASE WHEN mail = 1 THEN 3 ELSE mail END WHERE person_kind = 2 AND "
         "person_id = :agent"
         " AND listed = 1 AND read_at IS NULL AND ticket_id = (SELECT id FROM ticket WHERE number = :number)");
DB_QUERY(q_expire, "notice.expire",
         "DELETE FROM notice WHERE id IN (SELECT id FROM notice WHERE at < :before ORDER BY at LIMIT 5000)");

DB_QUERY(q_choices, "notice.choices",
         "SELECT person_kind, what, reach, channels FROM notice_choice WHERE (person_kind = :kind AND person_id = :id) "
         "OR"
         " (person_kind = 0 AND CAST(:house AS BIGINT) = 1) ORDER BY person_kind, what");
DB_QUERY(q_rhythm, "notice.rhythm",
         "SELECT mail, hour, quiet_from, quiet_to, weekend FROM notice_rhythm WHERE (person_kind = :kind AND person_id "
         "= :id) OR"
         " (person_kind = 0 AND CAST(:house AS BIGINT) = 1) ORDER BY person_kind DESC LIMIT 1");
DB_QUERY(q_choose, "notice.choose",
         "INSERT INTO notice_choice (person_kind, person_id, what, reach, channels) VALUES (:kind, :id, :what, :reach, "
         ":channels)"
         " ON CONFLICT (what, person_kind, person_id) DO UPDATE SET reach = excluded.reach, channels = "
         "excluded.channels");
DB_QUERY(q_set_rhythm, "notice.set_rhythm",
         "INSERT INTO notice_rhythm (person_kind, person_id, mail, hour, quiet_from, quiet_to, weekend) VALUES (:kind, "
         ":id, :mail, :hour,"
         " :from, :to, :weekend) ON CONFLICT (person_kind, person_id) DO UPDATE SET mail = excluded.mail, hour = "
         "excluded.hour,"
         " quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, weekend = excluded.weekend");
DB_QUERY(q_unchoose, "notice.unchoose", "DELETE FROM notice_choice WHERE person_kind = :kind AND person_id = :id");
DB_QUERY(q_unset, "notice.unset_rhythm", "DELETE FROM notice_rhythm WHERE person_kind = :kind AND person_id = :id");
DB_QUERY(q_own, "notice.own",
         "SELECT COUNT(*) FROM notice_choice WHERE what = :what AND person_kind = 1 AND person_id = :id AND channels & "
         "2 = 0");
DB_QUERY(q_follow, "notice.follow",
         "INSERT INTO ticket_follow (ticket_id, agent_id) VALUES (:ticket, :agent) ON CONFLICT DO NOTHING");
DB_QUERY(q_unfollow, "notice.unfollow", "DELETE FROM ticket_follow WHERE ticket_id = :ticket AND agent_id = :agent");
DB_QUERY(q_follows, "notice.follows",
         "SELECT COUNT(*) FROM ticket_follow WHERE ticket_id = :ticket AND agent_id = :agent");

#define PERSON(p) db_i64("kind", (p).kind), db_i64("id", (p).id)

/* ---- writing ---- */

enum rc notice_spread(struct db_tx *tx, const struct event *e, int what, struct agent_id to, int64_t *ret,
                      struct err *err)
{
	bool ours = e->actor_kind == ACTOR_AGENT, theirs = e->actor_kind == ACTOR_CONTACT;
	int64_t n = 0, more = 0;
	enum rc rc = db_exec(tx, &q_agents,
	                     DB_ARGS(db_i64("event", e->id.v), db_i64("ticket", e->ticket.v), db_i64("what", what),
	                             db_i64("at", e->at.us), db_i64("to", to.v),
	                             db_i64("teams", !str_is(e->kind, EV_ASSIGNED)),
	                             db_i64("self", ours ? e->actor_id : 0)),
	                     &n, err);

	if (rc == RC_OK && e->is_public)
		rc = db_exec(tx, &q_contacts,
		             DB_ARGS(db_i64("event", e->id.v), db_i64("ticket", e->ticket.v), db_i64("what", what),
		                     db_i64("at", e->at.us), db_i64("self", theirs ? e->actor_id : 0)),
		             &more, err);
	*ret = n + more;
	return rc;
}

enum rc notice_told_all(struct db_tx *tx, struct notice_person p, struct err *err)
{
	return db_exec(tx, &q_told, DB_ARGS(PERSON(p)), NULL, err);
}

enum rc notice_read(struct db_tx *tx, struct agent_id a, int64_t number, int64_t upto, struct instant now,
                    struct err *err)
{
	if (number)
		return db_exec(tx, &q_read_ticket,
		               DB_ARGS(db_i64("now", now.us), db_i64("agent", a.v), db_i64("number", number)), NULL,
		               err);
	return db_exec(tx, &q_read, DB_ARGS(db_i64("now", now.us), db_i64("agent", a.v), db_i64("upto", upto)), NULL,
	               err);
}

enum rc notice_expire(struct db_tx *tx, struct instant now, struct err *err)
{
	return db_exec(tx, &q_expire, DB_ARGS(db_i64("before", now.us - KEEP_US)), NULL, err);
}

/* ---- reading ---- */

static enum rc told(struct db_tx *tx, const struct db_query *q, struct db_args args, struct arena *out,
                    struct notice_told **ret, size_t *ret_n, struct err *err)
{
	VEC(struct notice_told) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, args, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct notice_told){
			.person = {(enum actor_kind)db_col_i64(&r, 0), db_col_i64(&r, 1)},
			.name = db_col_str(&r, 2, out),
			.email = db_col_str(&r, 3, out),
			.lang = db_col_str(&r, 4, out),
			.zone = db_col_str(&r, 5, out),
			.rhythm = { .mail = (enum notice_when)db_col_i64(&r, 6),
                                   .hour = (int)db_col_i64(&r, 7),
                                   .quiet_from = (int)db_col_i64(&r, 8),
                                   .quiet_to = (int)db_col_i64(&r, 9),
                                   .weekend = db_col_i64(&r, 10) != 0 },
			.oldest = db_col_time(&r, 11),
		};
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc notice_pushed(struct db_tx *tx, struct arena *out, struct event_id e, struct notice_told **ret, size_t *ret_n,
                      struct err *err)
{
	return told(tx, &q_pushed, DB_ARGS(db_i64("event", e.v)), out, ret, ret_n, err);
}

enum rc notice_waiting(struct db_tx *tx, struct arena *out, struct notice_person after, size_t max,
                       struct notice_told **ret, size_t *ret_n, struct err *err)
{
	return told(tx, &q_waiting, DB_ARGS(PERSON(after), db_i64("max", (int64_t)max)), out, ret, ret_n, err);
}

static enum rc rows(struct db_tx *tx, const struct db_query *q, struct db_args args, struct arena *out,
                    struct notice **ret, size_t *ret_n, struct err *err)
{
	VEC(struct notice) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, q, args, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct notice){ .id = db_col_i64(&r, 0),
			                             .what = (int)db_col_i64(&r, 1),
			                             .at = db_col_time(&r, 2),
			                             .read_at = db_col_time(&r, 3),
			                             .event = { db_col_i64(&r, 4) },
			                             .kind = db_col_str(&r, 5, out),
			                             .actor = db_col_str(&r, 6, out),
			                             .data = db_col_str(&r, 7, out),
			                             .number = db_col_i64(&r, 8),
			                             .subject = db_col_str(&r, 9, out),
			                             .account = db_col_str(&r, 10, out),
			                             .text = db_col_str(&r, 11, out) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc notice_list(struct db_tx *tx, struct arena *out, struct agent_id a, int64_t before, size_t max,
                    struct notice **ret, size_t *ret_n, struct err *err)
{
	return rows(tx, &q_list,
	            DB_ARGS(db_i64("agent", a.v), db_i64("before", before ? before : INT64_MAX),
	                    db_i64("max", (int64_t)max)),
	            out, ret, ret_n, err);
}

enum rc notice_of_event(struct db_tx *tx, struct arena *out, struct event_id e, struct notice *ret, struct err *err)
{
	struct notice *at;
	size_t n;
	enum rc rc = rows(tx, &q_event, DB_ARGS(db_i64("event", e.v)), out, &at, &n, err);

	if (rc == RC_OK && n == 0)
		return fail(err, RC_NOT_FOUND, "the event has no ticket");
	if (rc == RC_OK)
		*ret = at[0];
	return rc;
}

enum rc notice_news(struct db_tx *tx, struct arena *out, struct notice_person p, struct notice **ret, size_t *ret_n,
                    int64_t *ret_all, struct err *err)
{
	enum rc rc = rows(tx, &q_news, DB_ARGS(PERSON(p), db_i64("max", NEWS_MAX)), out, ret, ret_n, err);

	*ret_all = (int64_t)*ret_n;
	return rc == RC_OK && *ret_n == NEWS_MAX ? db_get_i64(tx, &q_news_count, DB_ARGS(PERSON(p)), ret_all, err) : rc;
}

enum rc notice_unread(struct db_tx *tx, struct agent_id a, int64_t *ret, struct err *err)
{
	return db_get_i64(tx, &q_unread, DB_ARGS(db_i64("agent", a.v)), ret, err);
}

/* ---- choices ---- */

static bool for_customers(int what)
{
	return (what >= NOTICE_NEW && what <= NOTICE_SOLVED && what != NOTICE_ASSIGNED && what != NOTICE_NOTE) ||
	       what == NOTICE_OWN_ACK || what == NOTICE_OWN_CHANGED;
}

static enum rc read_rhythm(struct db_tx *tx, struct notice_person p, bool house, struct notice_rhythm *ret,
                           struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_rhythm, DB_ARGS(PERSON(p), db_i64("house", house)), &r, err);

	*ret = (struct notice_rhythm){ .mail = NOTICE_AT_ONCE, .hour = 8 };
	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK)
		*ret = (struct notice_rhythm){ (enum notice_when)db_col_i64(&r, 0), (int)db_col_i64(&r, 1),
			                       (int)db_col_i64(&r, 2), (int)db_col_i64(&r, 3), db_col_i64(&r, 4) != 0 };
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc notice_choices(struct db_tx *tx, struct notice_person p, struct notice_choice ret[NOTICE_WHATS], bool *ret_own,
                       struct notice_rhythm *ret_rhythm, struct err *err)
{
	bool house = p.kind == ACTOR_AGENT, own = false;
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_choices, DB_ARGS(PERSON(p), db_i64("house", house)), &r, err);

	for (int i = 0; i < NOTICE_WHATS; i++)
		ret[i] = (struct notice_choice){ .what = i };
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		int64_t what = db_col_i64(&r, 1);

		if (db_col_i64(&r, 0) == (int64_t)p.kind)
			own = true;
		if (what > 0 && what < NOTICE_WHATS) /* the house's come first */
			ret[what] = (struct notice_choice){ (int)what, (int)db_col_i64(&r, 2), (int)db_col_i64(&r, 3) };
	}
	*ret_own = own;
	return rc == RC_NOT_FOUND ? read_rhythm(tx, p, house, ret_rhythm, err) : rc;
}

enum rc notice_choose(struct db_tx *tx, struct notice_person p, const struct notice_choice *at, size_t n,
                      const struct notice_rhythm *r, struct err *err)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		struct notice_choice c = at[i];

		if (p.kind == ACTOR_CONTACT && !for_customers(c.what))
			continue;
		if (p.kind == ACTOR_CONTACT) { /* the desk's list and its browsers are the agents' */
			c.reach = c.reach == NOTICE_OF_ALL ? NOTICE_OF_ALL : NOTICE_OF_NONE;
			c.channels &= NOTICE_MAIL;
		}
		rc = db_exec(tx, &q_choose,
		             DB_ARGS(PERSON(p), db_i64("what", c.what), db_i64("reach", c.reach),
		                     db_i64("channels", c.channels)),
		             NULL, err);
	}
	if (rc == RC_OK && r)
		rc = db_exec(tx, &q_set_rhythm,
		             DB_ARGS(PERSON(p), db_i64("mail", r->mail), db_i64("hour", r->hour),
		                     db_i64("from", r->quiet_from), db_i64("to", r->quiet_to),
		                     db_i64("weekend", r->weekend)),
		             NULL, err);
	return rc;
}

enum rc notice_unchoose(struct db_tx *tx, struct notice_person p, struct err *err)
{
	enum rc rc = db_exec(tx, &q_unchoose, DB_ARGS(PERSON(p)), NULL, err);

	return rc == RC_OK ? db_exec(tx, &q_unset, DB_ARGS(PERSON(p)), NULL, err) : rc;
}

enum rc notice_stop_mail(struct db_tx *tx, struct notice_person p, struct err *err)
{
	struct notice_choice c[NOTICE_WHATS];
	struct notice_rhythm r;
	bool own;
	enum rc rc = notice_choices(tx, p, c, &own, &r, err);

	for (int i = 1; i < NOTICE_WHATS; i++)
		c[i].channels &= ~NOTICE_MAIL;
	if (rc == RC_OK)
		rc = notice_choose(tx, p, c + 1, NOTICE_WHATS - 1, NULL, err);
	return rc == RC_OK ? notice_told_all(tx, p, err) : rc;
}

enum rc notice_own(struct db_tx *tx, struct contact_id c, int what, bool *ret, struct err *err)
{
	int64_t stopped = 0;
	enum rc rc = c.v ? db_get_i64(tx, &q_own, DB_ARGS(db_i64("what", what), db_i64("id", c.v)), &stopped, err)
	                 : RC_OK;

	*ret = stopped == 0;
	return rc;
}

/* ---- following ---- */

enum rc notice_follow(struct db_tx *tx, const struct actor *who, struct instant now, struct ticket_id t,
                      struct account_id account, bool yes, struct err *err)
{
	struct event e = { .at = now,
		           .kind = STR(EV_FOLLOWED),
		           .ticket = t,
		           .account = account,
		           .data = yes ? STR("{\"what\":\"follows\"}") : STR("{\"what\":\"left\"}") };
	int64_t n = 0;
	enum rc rc = who->agent.v ? db_exec(tx, yes ? &q_follow : &q_unfollow,
	                                    DB_ARGS(db_i64("ticket", t.v), db_i64("agent", who->agent.v)), &n, err)
	                          : fail(err, RC_DENIED, "Agents follow tickets.");

	event_by(&e, who);
	return rc == RC_OK && n ? event_append(tx, &e, NULL, err) : rc;
}

enum rc notice_follows(struct db_tx *tx, struct ticket_id t, struct agent_id a, bool *ret, struct err *err)
{
	int64_t n = 0;
	enum rc rc = db_get_i64(tx, &q_follows, DB_ARGS(db_i64("ticket", t.v), db_i64("agent", a.v)), &n, err);

	*ret = n > 0;
	return rc;
}

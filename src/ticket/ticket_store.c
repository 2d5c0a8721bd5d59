/* ticket: the rows of tickets. Which of them an actor reaches is decided here in SQL, once (REACH); what may be done
 * with them is ticket.c's. Lists are list_store.c's, what was said message_store.c's. */
#include "ticket/ticket_private.h"

#define COLS                                                                                                           \
	"t.id, t.number, t.account_id, t.contact_id, t.subscription_id, t.site_id, t.kind, t.criticality, t.claimed,"  \
	" t.complexity, t.priority, t.state, t.waiting_for, t.channel, t.subject, t.course, t.unit, t.affected_email," \
	" t.link, t.wanted_on, t.resolution, t.rating_comment, t.plan_code, t.callback_phone, t.mail_token,"           \
	" t.assignee_id, t.team_id, t.verdict, t.not_phoned, t.callback_at, t.opened_at, t.updated_at,"                \
	" t.responded_at, t.resolved_at, t.confirmed_at, t.closed_at, t.rating, t.last_event_id, t.problem_id, t.approval, t.request_type_id,"                      \
	" a.name, c.name, c.email, g.name, m.name, s.name"
#define FROM                                                                                                           \
	" FROM ticket t LEFT JOIN account a ON a.id = t.account_id LEFT JOIN contact c ON c.id = t.contact_id"         \
	" LEFT JOIN agent g ON g.id = t.assignee_id LEFT JOIN team m ON m.id = t.team_id"                              \
	" LEFT JOIN site s ON s.id = t.site_id"
/* Beside the row: a customer's role on it, and the newest event a customer may know of. */
#define BESIDE                                                                                                         \
	", (SELECT MAX(r.role) FROM contact_role r WHERE " REACH_ROLE "), (SELECT e.id FROM event e"                   \
	" WHERE e.ticket_id = t.id AND e.public = 1 ORDER BY e.id DESC LIMIT 1)"
#define BY_NUMBER "SELECT " COLS BESIDE FROM " WHERE t.number = :number AND " REACH
#define BY_ID     "SELECT " COLS BESIDE FROM " WHERE t.id = :id AND " REACH
/* NO KEY: rows that refer to the ticket (messages, events) may be written meanwhile. */
#define LOCK " FOR NO KEY UPDATE OF t"

DB_QUERY(q_find, "ticket.find", BY_NUMBER);
DB_QUERY(q_find_id, "ticket.find_id", BY_ID);
DB_QUERY(q_find_token, "ticket.find_token", "SELECT " COLS ", 0, 0" FROM " WHERE t.mail_token = :token");
DB_QUERY2(q_lock, "ticket.lock", BY_NUMBER, BY_NUMBER LOCK);
DB_QUERY(q_insert, "ticket.insert",
         "INSERT INTO ticket (number, account_id, contact_id, subscription_id, site_id, kind, criticality, claimed, "
         "complexity,"
         " priority, state, channel, subject, course, unit, affected_email, link, wanted_on, verdict, plan_code, "
         "not_phoned,"
         " callback_at, callback_phone, opened_at, updated_at, mail_token, team_id)"
         " VALUES (:number, :account, :contact, :subscription, :site, :kind, :criticality, :claimed, NULL, :priority, "
         "1, :channel,"
         " :subject, :course, :unit, :affected_email, :link, :wanted_on, :verdict, :plan_code, :not_phoned, "
         ":callback_at,"
         " :callback_phone, :opened_at, :updated_at, :mail_token, :team) RETURNING id");
DB_QUERY(q_save, "ticket.save",
         "UPDATE ticket SET kind = :kind, criticality = :criticality, complexity = :complexity, priority = :priority,"
         " state = :state, waiting_for = :waiting_for, subject = :subject, course = :course, unit = :unit,"
         " affected_email = :affected_email, link = :link, wanted_on = :wanted_on, assignee_id = :assignee, team_id = :team,"
         " not_phoned = :not_phoned, callback_at = :callback_at, callback_phone = :callback_phone, resolution = "
         ":resolution,"
         " updated_at = :updated_at, responded_at = :responded_at, resolved_at = :resolved_at, confirmed_at = "
         ":confirmed_at,"
         " closed_at = :closed_at, rating = :rating, rating_comment = :rating_comment, approval = :approval, request_type_id = :type,"
         " last_event_id = :last_event"
         " WHERE id = :id AND last_event_id = :was");
/* Of a ticket just opened nothing else changes, and an UPDATE that names a column writes its indexes anew. */
DB_QUERY(q_first_event, "ticket.first_event", "UPDATE ticket SET last_event_id = :event WHERE id = :id");
DB_QUERY2(q_number, "ticket.number", "UPDATE counter SET value = value + 1 WHERE name = 'ticket' RETURNING value",
          "SELECT nextval('ticket_number')");
/* Openings of one account queue here, so that each counts the ones before it. */
DB_QUERY2(q_lock_account, "ticket.lock_account", "SELECT id FROM account WHERE id = :id",
          "SELECT id FROM account WHERE id = :id FOR NO KEY UPDATE");
DB_QUERY(q_stale, "ticket.stale",
         "SELECT COUNT(*) FROM event WHERE ticket_id = :ticket AND id > :seen AND (CAST(:agent AS BIGINT) = 1 OR "
         "public = 1)"
         " AND NOT (actor_kind = :kind AND COALESCE(actor_id, 0) = :actor) AND kind NOT IN ('mail.failed', "
         "'mail.automatic', 'ticket.followed') AND kind NOT LIKE 'clock.%' AND kind NOT LIKE 'oncall.%'");
DB_QUERY(q_due, "ticket.due",
         "SELECT number FROM ticket WHERE state = 4 AND resolved_at <= :before ORDER BY resolved_at, id LIMIT :max");

struct reach reach_of(const struct actor *who)
{
	struct reach none = { .account = -1 };

	switch (who->kind) {
	case ACTOR_AGENT:
	case ACTOR_SYSTEM:
		return (struct reach){ .account = who->account.v, .whole = 1 };
	case ACTOR_CONTACT:
		if (!who->account.v)
			return none;
		/* A token of the account itself, behind which no person stands. */
		if (!who->contact.v)
			return who->token.v ? (struct reach){ .account = who->account.v, .whole = 1 } : none;
		return (struct reach){ .account = who->account.v, .contact = who->contact.v };
	case ACTOR_NOBODY:
		break;
	}
	return none;
}

static void read_ticket(struct db_rows *r, struct arena *out, struct ticket *t)
{
	int i = 0;

#define I64 db_col_i64(r, i++)
#define TXT db_col_str(r, i++, out)
#define TIM db_col_time(r, i++)
	*t = (struct ticket){ .id = { I64 } };
	t->number = I64;
	t->account.v = I64;
	t->contact.v = I64;
	t->subscription.v = I64;
	t->site.v = I64;
	t->kind = (enum ticket_kind)I64;
	t->criticality = (int)I64;
	t->claimed = (int)I64;
	t->complexity = (int)I64;
	t->priority = (int)I64;
	t->state = (enum ticket_state)I64;
	t->waiting_for = (enum waiting_for)I64;
	t->channel = (enum channel)I64;
	t->subject = TXT;
	t->course = TXT;
	t->unit = TXT;
	t->affected_email = TXT;
	t->link = TXT;
	t->wanted_on = TXT;
	t->resolution = TXT;
	t->rating_comment = TXT;
	t->plan_code = TXT;
	t->callback_phone = TXT;
	t->mail_token = TXT;
	t->assignee.v = I64;
	t->team.v = I64;
	t->verdict = (enum ent_verdict)I64;
	t->not_phoned = I64 != 0;
	t->callback_at = TIM;
	t->opened_at = TIM;
	t->updated_at = TIM;
	t->responded_at = TIM;
	t->resolved_at = TIM;
	t->confirmed_at = TIM;
	t->closed_at = TIM;
	t->rating = (int)I64;
	t->last_event.v = I64;
	t->problem.v = I64;
	t->approval = (enum approval)I64;
	t->request_type = I64;
	t->account_name = TXT;
	t->contact_name = TXT;
	t->contact_email = TXT;
	t->assignee_name = TXT;
	t->team_name = TXT;
	t->site_name = TXT;
#undef I64
#undef TXT
#undef TIM
}
#define ROLE_COL    47
#define VISIBLE_COL 48

static enum rc no_ticket(struct err *err)
{
	return fail(err, RC_NOT_FOUND, "There is no such ticket, or you have no access to it.");
}

struct beside {
	enum contact_role role;
	struct event_id visible;
};

static enum rc find_one(struct db_tx *tx, struct arena *out, const struct db_query *q, struct db_args args,
                        struct ticket *ret, struct beside *ret_beside, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, q, args, &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_NOT_FOUND)
		return no_ticket(err);
	if (rc != RC_OK)
		return rc;
	read_ticket(&rows, out, ret);
	*ret_beside = (struct beside){ (enum contact_role)db_col_i64(&rows, ROLE_COL),
		                       { db_col_i64(&rows, VISIBLE_COL) } };
	return RC_OK;
}

/* The keyed reply address is the requester's own; others of the account who read the page must not speak through it.
 * And a customer's version is the newest thing the customer may see: what is hidden must not show by its number (S-32).
 */
static void hide(const struct actor *who, const struct beside *b, struct ticket *t)
{
	if (actor_is_agent(who))
		return;
	t->mail_token = STR_NULL;
	t->team.v = 0; /* how the desk is organised is its own */
	t->team_name = STR_NULL;
	t->last_event = b->visible;
}

enum rc ticket_find(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t number, struct ticket *ret,
                    struct err *err)
{
	struct reach r = reach_of(who);
	struct beside b = { 0 };
	enum rc rc = find_one(tx, out, &q_find, DB_ARGS(db_i64("number", number), REACH_ARGS(r)), ret, &b, err);

	if (rc == RC_OK)
		hide(who, &b, ret);
	return rc;
}

enum rc ticket_find_id(struct db_tx *tx, struct arena *out, const struct actor *who, struct ticket_id id,
                       struct ticket *ret, struct err *err)
{
	struct reach r = reach_of(who);
	struct beside b = { 0 };
	enum rc rc = find_one(tx, out, &q_find_id, DB_ARGS(db_i64("id", id.v), REACH_ARGS(r)), ret, &b, err);

	if (rc == RC_OK)
		hide(who, &b, ret);
	return rc;
}

enum rc ticket_find_token(struct db_tx *tx, struct arena *out, struct str mail_token, struct ticket *ret,
                          struct err *err)
{
	struct str token = str_lower(out, mail_token); /* local parts lose their case on the way */
	struct beside b = { 0 };

	if (token.n != 32)
		return no_ticket(err);
	return find_one(tx, out, &q_find_token, DB_ARGS(db_str("token", token)), ret, &b, err);
}

enum rc ticket_lock(struct db_tx *tx, struct arena *out, const struct actor *who, int64_t number, struct ticket *ret,
                    enum contact_role *ret_role, struct err *err)
{
	struct reach r = reach_of(who);
	struct beside b = { 0 };
	enum rc rc = find_one(tx, out, &q_lock, DB_ARGS(db_i64("number", number), REACH_ARGS(r)), ret, &b, err);

	/* No person behind a token of the account: the token says what it may. */
	*ret_role = r.whole && who->kind == ACTOR_CONTACT ? who->contact_role : b.role;
	return rc;
}

enum rc ticket_insert(struct db_tx *tx, const struct ticket *t, struct ticket_id *ret, struct err *err)
{
	return db_get_i64(tx, &q_insert,
	                  DB_ARGS(db_i64("number", t->number), db_i64("account", t->account.v),
	                          db_id("contact", t->contact.v), db_id("subscription", t->subscription.v),
	                          db_id("site", t->site.v), db_i64("kind", t->kind),
	                          db_id("criticality", t->criticality), db_id("claimed", t->claimed),
	                          db_id("priority", t->priority), db_i64("channel", t->channel),
	                          db_str("subject", t->subject), db_str("course", t->course), db_str("unit", t->unit),
	                          db_str("affected_email", t->affected_email), db_str("link", t->link),
	                          db_str("wanted_on", t->wanted_on), db_i64("verdict", t->verdict),
	                          db_str("plan_code", t->plan_code), db_i64("not_phoned", t->not_phoned),
	                          db_time("callback_at", t->callback_at), db_str("callback_phone", t->callback_phone),
	                          db_time("opened_at", t->opened_at), db_time("updated_at", t->updated_at),
	                          db_str("mail_token", t->mail_token), db_id("team", t->team.v)),
	                  &ret->v, err);
}

enum rc ticket_first_event(struct db_tx *tx, const struct ticket *t, struct err *err)
{
	return db_exec(tx, &q_first_event, DB_ARGS(db_i64("id", t->id.v), db_i64("event", t->last_event.v)), NULL, err);
}

enum rc ticket_save(struct db_tx *tx, const struct ticket *t, struct event_id was, struct err *err)
{
	int64_t changed = 0;
	enum rc rc = db_exec(
	        tx, &q_save,
	        DB_ARGS(db_i64("id", t->id.v), db_i64("was", was.v), db_i64("kind", t->kind),
	                db_id("criticality", t->criticality), db_id("complexity", t->complexity),
	                db_id("priority", t->priority), db_i64("state", t->state), db_id("waiting_for", t->waiting_for),
	                db_str("subject", t->subject), db_str("course", t->course), db_str("unit", t->unit),
	                db_str("affected_email", t->affected_email), db_str("link", t->link),
	                db_str("wanted_on", t->wanted_on), db_id("assignee", t->assignee.v),
	                db_id("team", t->team.v),
	                db_i64("not_phoned", t->not_phoned), db_time("callback_at", t->callback_at),
	                db_str("callback_phone", t->callback_phone), db_str("resolution", t->resolution),
	                db_time("updated_at", t->updated_at), db_time("responded_at", t->responded_at),
	                db_time("resolved_at", t->resolved_at), db_time("confirmed_at", t->confirmed_at),
	                db_time("closed_at", t->closed_at), db_id("rating", t->rating),
	                db_str("rating_comment", t->rating_comment), db_id("approval", t->approval),
	                db_id("type", t->request_type), db_i64("last_event", t->last_event.v)),
	        &changed, err);

	if (rc == RC_OK && changed == 0)
		return fail_code(
		        err, RC_CONFLICT, "stale",
		        "Somebody else changed this ticket at the same moment. Nothing was changed; look at it again.");
	return rc;
}

enum rc ticket_next_number(struct db_tx *tx, int64_t *ret, struct err *err)
{
	return db_get_i64(tx, &q_number, DB_NO_ARGS, ret, err);
}

enum rc ticket_lock_account(struct db_tx *tx, struct account_id id, struct err *err)
{
	int64_t any;
	enum rc rc = db_get_i64(tx, &q_lock_account, DB_ARGS(db_i64("id", id.v)), &any, err);

	if (rc == RC_NOT_FOUND)
		return fail_field(err, RC_NOT_FOUND, "account", "There is no such account.");
	return rc;
}

enum rc ticket_is_stale(struct db_tx *tx, const struct ticket *t, const struct actor *who, struct event_id seen,
                        bool *ret, struct err *err)
{
	struct event e = { 0 };
	int64_t n = 0;

	*ret = false;
	if (!seen.v || seen.v >= t->last_event.v)
		return RC_OK;
	event_by(&e, who);
	enum rc rc = db_get_i64(tx, &q_stale,
	                        DB_ARGS(db_i64("ticket", t->id.v), db_i64("seen", seen.v),
	                                db_i64("agent", actor_is_agent(who)), db_i64("kind", e.actor_kind),
	                                db_i64("actor", e.actor_id)),
	                        &n, err);

	*ret = n > 0;
	return rc;
}

enum rc ticket_due(struct db_tx *tx, struct arena *out, struct instant before, size_t max, int64_t **ret, size_t *ret_n,
                   struct err *err)
{
	VEC(int64_t) v = { 0 };
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, &q_due, DB_ARGS(db_i64("before", before.us), db_i64("max", (int64_t)max)), &rows,
	                       err);

	while (rc == RC_OK && (rc = db_next(&rows, err)) == RC_OK)
		*VEC_ADD(out, &v) = db_col_i64(&rows, 0);
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

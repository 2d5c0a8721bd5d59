/* The bare rows of a ticket's opening: what the disk and the engine can do when nobody thinks. */
#include "app/bench.h"

DB_QUERY(q_like, "bench.like", "SELECT MIN(id) FROM ticket WHERE state <= 3");
DB_QUERY2(q_number, "bench.number", "UPDATE counter SET value = value + 1 WHERE name = 'ticket' RETURNING value",
          "SELECT nextval('ticket_number')");
DB_QUERY(q_ticket, "bench.ticket",
         "INSERT INTO ticket (number, account_id, contact_id, subscription_id, kind, criticality, claimed, priority, "
         "state,"
         " channel, subject, verdict, plan_code, opened_at, updated_at, mail_token)"
         " SELECT :number, account_id, contact_id, subscription_id, 1, 3, 3, NULL, 1, 4, subject, verdict, plan_code, "
         ":now,"
         " :now, CAST(:token AS TEXT) FROM ticket WHERE id = :like RETURNING id");
DB_QUERY(q_message, "bench.message",
         "INSERT INTO message (ticket_id, internal, author_kind, contact_id, author, email, channel, at, text)"
         " SELECT :ticket, 0, author_kind, contact_id, author, email, 4, :now, CAST(:text AS TEXT) FROM message"
         " WHERE id = (SELECT MIN(id) FROM message WHERE ticket_id = :like) RETURNING id");
DB_QUERY(q_event, "bench.event",
         "INSERT INTO event (at, kind, ticket_id, account_id, actor_kind, actor_id, actor, public, message_id, data)"
         " SELECT :now, :kind, t.id, account_id, 1, contact_id, 'bench', 1, CAST(:message AS BIGINT),"
         " '{\"kind\":\"incident\",\"channel\":\"api\"}' FROM ticket t WHERE t.id = :ticket RETURNING id");
DB_QUERY(q_version, "bench.version", "UPDATE ticket SET last_event_id = :event, updated_at = :now WHERE id = :ticket");
DB_QUERY(q_key, "bench.key",
         "INSERT INTO idempotency (owner, key, request, status, response, at)"
         " VALUES ('bench', CAST(:token AS TEXT), CAST(:token AS TEXT), 201, CAST(:text AS TEXT), :now)");

enum rc bench_rows(struct db_tx *tx, int64_t n, struct instant now, struct err *err)
{
	static const char text[] = "Since this morning videos stop after a few seconds, in each course that was tried.";
	int64_t like = 0, number = 0, ticket = 0, message = 0, event = 0;
	AUTO_ARENA a;

	arena_init(&a);
	struct str token = arena_strf(&a, "bench-%lld-%lld", (long long)now.us, (long long)n);
	struct db_arg at = db_time("now", now), txt = db_str("text", str_of(text)), key = db_str("token", token);
	enum rc rc = db_get_i64(tx, &q_like, DB_NO_ARGS, &like, err);

	if (rc == RC_OK && !like)
		rc = fail(err, RC_NOT_FOUND, "the desk has no open ticket: run carrel bench seed first");
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_number, DB_NO_ARGS, &number, err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_ticket, DB_ARGS(db_i64("number", number), at, key, db_i64("like", like)),
		                &ticket, err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_message, DB_ARGS(db_i64("ticket", ticket), at, txt, db_i64("like", like)),
		                &message, err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_event,
		                DB_ARGS(at, db_str("kind", STR(EV_TICKET_OPENED)), db_id("message", 0),
		                        db_i64("ticket", ticket)),
		                &event, err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_event,
		                DB_ARGS(at, db_str("kind", STR(EV_MESSAGE)), db_i64("message", message),
		                        db_i64("ticket", ticket)),
		                &event, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_version, DB_ARGS(db_i64("event", event), at, db_i64("ticket", ticket)), NULL, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_key, DB_ARGS(key, txt, at), NULL, err);
	return rc;
}

/* Due in a year, so that nothing happens by itself. Tickets that have a solution's clock keep it, running. */
DB_QUERY(q_clock_policy, "bench.clock_policy", "SELECT MIN(id) FROM clock_policy");
DB_QUERY(q_clocks, "bench.clocks",
	 "INSERT INTO clock (ticket_id, metric, cycle, state, criticality, policy_id, goal, elapsed, started_at, due_at, told, next_at)"
	 " SELECT t.id, 4, 1, 1, 3, CAST(:policy AS BIGINT), 14400000000, 0, CAST(:now AS BIGINT), CAST(:due AS BIGINT) + t.id, 0,"
	 " CAST(:due AS BIGINT) + t.id FROM ticket t WHERE NOT EXISTS (SELECT 1 FROM clock c WHERE c.ticket_id = t.id AND c.metric = 4 AND c.cycle = 1)");
DB_QUERY(q_clocks_run, "bench.clocks_run",
	 "UPDATE clock SET state = 1, told = 0, stopped_at = NULL, breached_at = NULL, due_at = CAST(:due AS BIGINT) + ticket_id,"
	 " next_at = CAST(:due AS BIGINT) + ticket_id");
DB_QUERY(q_clocks_count, "bench.clocks_count", "SELECT COUNT(DISTINCT ticket_id) FROM clock WHERE state = 1");

enum rc bench_run_clocks(struct db_tx *tx, struct instant now, int64_t *ret, struct err *err)
{
	int64_t policy = 0, due = time_add(now, 365 * DAY_US).us;
	enum rc rc = db_get_i64(tx, &q_clock_policy, DB_NO_ARGS, &policy, err);

	if (rc == RC_OK && !policy)
		rc = fail(err, RC_NOT_FOUND, "the desk has no promise yet: run carrel demo, and serve once");
	if (rc == RC_OK)
		rc = db_exec(tx, &q_clocks, DB_ARGS(db_i64("policy", policy), db_time("now", now), db_i64("due", due)), NULL, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_clocks_run, DB_ARGS(db_i64("due", due)), NULL, err);
	return rc == RC_OK ? db_get_i64(tx, &q_clocks_count, DB_NO_ARGS, ret, err) : rc;
}

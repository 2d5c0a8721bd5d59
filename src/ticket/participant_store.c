/* ticket: who may speak on a ticket by mail and who gets its mails; Message-IDs and the tickets they belong to. Whether
 * a mail proves what it says is mail/'s. */
#include "mime/addr.h"
#include "ticket/ticket_private.h"

#define PARTICIPANTS_MAX 50

/* Disabled people speak for nobody. */
DB_QUERY(q_kind, "participant.kind",
         "SELECT (SELECT COUNT(*) FROM agent WHERE email = :email AND disabled_at IS NULL),"
         " (SELECT COUNT(*) FROM contact_address x JOIN contact c ON c.id = x.contact_id JOIN ticket t ON t.contact_id "
         "= c.id"
         "  WHERE x.email = :email AND t.id = :ticket AND c.disabled_at IS NULL),"
         " (SELECT MAX(p.accepted) FROM participant p LEFT JOIN contact c ON c.id = p.contact_id"
         "  WHERE p.ticket_id = :ticket AND p.email = :email AND c.disabled_at IS NULL)");
DB_QUERY(q_count, "participant.count",
         "SELECT COUNT(*) FROM participant"
         " WHERE ticket_id = :ticket AND email <> :email AND accepted >= :least");
DB_QUERY(q_mention, "participant.mention",
         "INSERT INTO participant (ticket_id, email, contact_id, accepted) VALUES (:ticket, :email,"
         " COALESCE(CAST(:contact AS BIGINT), (SELECT contact_id FROM contact_address WHERE email = :email)), 0)"
         " ON CONFLICT (ticket_id, email) DO NOTHING");
DB_QUERY(q_set, "participant.set",
         "INSERT INTO participant (ticket_id, email, contact_id, accepted) VALUES (:ticket, :email,"
         " (SELECT contact_id FROM contact_address WHERE email = :email), :accepted)"
         " ON CONFLICT (ticket_id, email) DO UPDATE SET accepted = excluded.accepted");
/* The requester first; somebody who is both is one. */
DB_QUERY(q_recipients, "participant.recipients",
         "SELECT 0 AS rank, c.name, c.email, c.lang, c.id FROM ticket t JOIN contact c ON c.id = t.contact_id"
         " WHERE t.id = :ticket AND c.disabled_at IS NULL"
         " UNION ALL SELECT 1, COALESCE(c.name, ''), p.email, COALESCE(c.lang, a.lang), COALESCE(c.id, 0) FROM "
         "participant p"
         " JOIN ticket t ON t.id = p.ticket_id JOIN account a ON a.id = t.account_id LEFT JOIN contact c ON c.id = "
         "p.contact_id"
         " WHERE p.ticket_id = :ticket AND p.accepted = 1 AND c.disabled_at IS NULL"
         " AND NOT EXISTS (SELECT 1 FROM contact_address x WHERE x.email = p.email AND x.contact_id = t.contact_id)"
         " ORDER BY 1, 3");
DB_QUERY(
        q_mentioned, "participant.mentioned",
        "SELECT p.email FROM participant p WHERE p.ticket_id = :ticket AND p.accepted = 0 AND NOT EXISTS (SELECT 1 FROM"
        " contact_address x JOIN ticket t ON t.contact_id = x.contact_id WHERE x.email = p.email AND t.id = :ticket)"
        " ORDER BY p.email");
DB_QUERY(q_ref_add, "mail_ref.add",
         "INSERT INTO mail_ref (message_id, ticket_id) VALUES (:message_id, :ticket) ON CONFLICT (message_id, "
         "ticket_id) DO NOTHING");
DB_QUERY(q_ref_find, "mail_ref.find", "SELECT MIN(ticket_id), COUNT(*) FROM mail_ref WHERE message_id = :message_id");

enum rc ticket_participant(struct db_tx *tx, struct ticket_id t, struct str email, enum participant_kind *ret,
                           struct err *err)
{
	AUTO_ROWS r = { 0 };
	AUTO_ARENA a;

	arena_init(&a);
	*ret = PART_STRANGER;
	email = str_lower(&a, str_trim(email));
	enum rc rc = db_select(tx, &q_kind, DB_ARGS(db_i64("ticket", t.v), db_str("email", email)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc != RC_OK)
		return rc;
	if (db_col_i64(&r, 0))
		*ret = PART_AGENT;
	else if (db_col_i64(&r, 1))
		*ret = PART_REQUESTER;
	else if (!db_col_null(&r, 2))
		*ret = db_col_i64(&r, 2) ? PART_ACCEPTED : PART_MENTIONED;
	return RC_OK;
}

/* Who is only in copy leaves room for those whom an agent accepts. */
static enum rc room_for_one(struct db_tx *tx, struct ticket_id t, struct str email, bool accepted, struct err *err)
{
	int64_t n = 0;
	enum rc rc = db_get_i64(tx, &q_count,
	                        DB_ARGS(db_i64("ticket", t.v), db_str("email", email), db_i64("least", accepted)), &n,
	                        err);

	if (rc == RC_OK && n >= PARTICIPANTS_MAX)
		return fail_field(err, RC_LIMIT, "email", "A ticket has at most %d participants. Nothing was changed.",
		                  PARTICIPANTS_MAX);
	return rc;
}

/* As identities of mails are compared (S-15), and nothing that could not be written to: one address that no mail can
 * be made for would keep everybody's mails back. */
static enum rc canonical(struct arena *a, struct str email, struct str *ret, struct err *err)
{
	return addr_canonical(a, str_trim(email), ret, NULL) == RC_OK ? RC_OK : fail_field(err, RC_INVALID, "email", "This is no mail address.");
}

enum rc ticket_mention(struct db_tx *tx, struct ticket_id t, struct str email, struct contact_id contact,
                       struct err *err)
{
	AUTO_ARENA a;

	arena_init(&a);
	enum rc rc = canonical(&a, email, &email, err);

	if (rc == RC_OK)
		rc = room_for_one(tx, t, email, false, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_mention,
		             DB_ARGS(db_i64("ticket", t.v), db_str("email", email), db_id("contact", contact.v)), NULL,
		             err);
	return rc;
}

enum rc participant_set(struct db_tx *tx, struct ticket_id t, struct str email, bool accepted, struct err *err)
{
	AUTO_ARENA a;

	arena_init(&a);
	enum rc rc = canonical(&a, email, &email, err);

	if (rc == RC_OK && accepted)
		rc = room_for_one(tx, t, email, true, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_set,
		             DB_ARGS(db_i64("ticket", t.v), db_str("email", email), db_i64("accepted", accepted)), NULL,
		             err);
	return rc;
}

enum rc ticket_recipients(struct db_tx *tx, struct arena *out, struct ticket_id t, struct recipient **ret,
                          size_t *ret_n, struct err *err)
{
	VEC(struct recipient) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_recipients, DB_ARGS(db_i64("ticket", t.v)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct recipient){ .name = db_col_str(&r, 1, out),
			                                .email = db_col_str(&r, 2, out),
			                                .lang = db_col_str(&r, 3, out),
			                                .contact = { db_col_i64(&r, 4) } };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc mail_ref_add(struct db_tx *tx, struct str message_id, struct ticket_id t, struct err *err)
{
	if (message_id.n == 0 || message_id.n > 998 || str_has_control(message_id) || !str_utf8_valid(message_id))
		return RC_OK; /* nothing anybody could refer to (RFC 5322, section 2.1.1 for the length) */
	return db_exec(tx, &q_ref_add, DB_ARGS(db_str("message_id", message_id), db_i64("ticket", t.v)), NULL, err);
}

enum rc mail_ref_find(struct db_tx *tx, struct str message_id, struct ticket_id *ret, struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = RC_NOT_FOUND;

	if (message_id.n && message_id.n <= 998 && str_utf8_valid(message_id) && !str_has_control(message_id))
		rc = db_select(tx, &q_ref_find, DB_ARGS(db_str("message_id", message_id)), &r, err);
	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_OK && db_col_i64(&r, 1) != 1)
		rc = fail(err, RC_NOT_FOUND, "This Message-ID belongs to no ticket, or to several.");
	if (rc == RC_OK)
		ret->v = db_col_i64(&r, 0);
	return rc;
}

enum rc ticket_mentioned(struct db_tx *tx, struct arena *out, struct ticket_id t, struct str **ret, size_t *ret_n,
                         struct err *err)
{
	VEC(struct str) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_mentioned, DB_ARGS(db_i64("ticket", t.v)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = db_col_str(&r, 0, out);
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

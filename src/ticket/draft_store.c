/* ticket: drafts, one a person, purpose and ticket. The owner is part of every WHERE: to everybody else a draft is not
 * there (S-56). */
#include "ticket/ticket_private.h"
#include "util/crypt.h"

#define DATA_MAX  (300 << 10)
#define FILES     20
#define PIN_US    (30 * MINUTE_US)
#define PIN_TRIES 20

#define COLS "id, purpose, ticket_id, data, number, pin_until, updated_at"
#define OWN  "id = :id AND owner_kind = :kind AND owner_id = :owner"

DB_QUERY(q_find, "draft.find",
         "SELECT " COLS
         " FROM draft WHERE owner_kind = :kind AND owner_id = :owner AND purpose = :purpose AND ticket_id = :ticket");
DB_QUERY(q_any, "draft.any",
         "SELECT 1 FROM draft WHERE owner_kind = :kind AND owner_id = :owner AND purpose IN (1, 2, 3)"
         " AND ticket_id = :ticket LIMIT 1");
DB_QUERY(q_files, "draft.files",
         "SELECT id, token, sha256, name, type, cid, size, at FROM attachment WHERE draft_id = :id ORDER BY id");
DB_QUERY(q_save, "draft.save",
         "INSERT INTO draft (owner_kind, owner_id, purpose, ticket_id, account_id, data, updated_at)"
         " VALUES (:kind, :owner, :purpose, :ticket, :account, :data, :now) ON CONFLICT (owner_kind, owner_id, "
         "purpose, ticket_id)"
         " DO UPDATE SET data = excluded.data, updated_at = excluded.updated_at RETURNING id");
/* Touching the row also makes two uploads at once queue, so that each counts the other. */
DB_QUERY(q_resave, "draft.resave",
         "UPDATE draft SET data = :data, updated_at = :now WHERE " OWN " RETURNING purpose");
DB_QUERY(q_touch, "draft.touch", "UPDATE draft SET updated_at = :now WHERE " OWN " RETURNING purpose");
DB_QUERY(q_count, "draft.count_files", "SELECT COUNT(*) FROM attachment WHERE draft_id = :id");
DB_QUERY(q_detach, "draft.detach",
         "DELETE FROM attachment WHERE token = :token AND draft_id = :id AND message_id IS NULL"
         " AND EXISTS (SELECT 1 FROM draft d WHERE d.id = :id AND d.owner_kind = :kind AND d.owner_id = :owner)");
DB_QUERY(q_drop, "draft.drop", "DELETE FROM draft WHERE " OWN);
DB_QUERY(q_drop_files, "draft.drop_files", "DELETE FROM attachment WHERE draft_id = :id AND message_id IS NULL");
DB_QUERY(q_claim, "draft.claim",
         "DELETE FROM draft WHERE " OWN
         " AND purpose = :purpose AND ticket_id = :ticket RETURNING COALESCE(number, 0)");
DB_QUERY(q_number, "draft.number", "SELECT COALESCE(number, 0) FROM draft WHERE " OWN);
DB_QUERY(q_reserve, "draft.reserve", "UPDATE draft SET number = :number WHERE id = :id");
DB_QUERY(q_pin_free, "draft.free_pin",
         "UPDATE draft SET pin_hash = NULL WHERE pin_hash = :pin AND (pin_until <= :now OR id = :id)");
DB_QUERY(q_pin_set, "draft.set_pin",
         "UPDATE draft SET pin_hash = :pin, pin_until = :until, updated_at = :now WHERE id = :id");

struct owner {
	int64_t kind, id;
};

static enum rc owner_of(const struct actor *who, struct owner *ret, struct err *err)
{
	*ret = (struct owner){ who->kind, who->kind == ACTOR_AGENT     ? who->agent.v
		                          : who->kind == ACTOR_CONTACT ? who->contact.v
		                                                       : 0 };
	if (ret->id == 0)
		return fail(err, RC_DENIED, "Only people who are signed in keep drafts.");
	return RC_OK;
}
#define OWNER_ARGS(o) db_i64("kind", (o).kind), db_i64("owner", (o).id)

static enum rc no_draft(struct err *err)
{
	return fail_code(err, RC_NOT_FOUND, "draft-gone", "This draft is not there any more: it was sent or dropped.");
}

static enum rc read_files(struct db_tx *tx, struct arena *out, struct draft *d, struct err *err)
{
	VEC(struct attachment) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_files, DB_ARGS(db_i64("id", d->id.v)), &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct attachment){ .id = { db_col_i64(&r, 0) },
			                                 .draft = d->id,
			                                 .token = db_col_str(&r, 1, out),
			                                 .sha256 = db_col_str(&r, 2, out),
			                                 .name = db_col_str(&r, 3, out),
			                                 .type = db_col_str(&r, 4, out),
			                                 .cid = db_col_str(&r, 5, out),
			                                 .size = db_col_i64(&r, 6),
			                                 .at = db_col_time(&r, 7) };
	d->attachments = v.at;
	d->n_attachments = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc draft_any(struct db_tx *tx, const struct actor *who, struct ticket_id t, bool *ret, struct err *err)
{
	struct owner o;
	int64_t one = 0;
	enum rc rc = owner_of(who, &o, err);

	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_any, DB_ARGS(OWNER_ARGS(o), db_i64("ticket", t.v)), &one, err);
	*ret = rc == RC_OK;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc draft_find(struct db_tx *tx, struct arena *out, const struct actor *who, enum draft_purpose p,
                   struct ticket_id t, struct draft *ret, struct err *err)
{
	struct owner o;
	AUTO_ROWS r = { 0 };
	enum rc rc = owner_of(who, &o, err);

	if (rc == RC_OK)
		rc = db_select(tx, &q_find, DB_ARGS(OWNER_ARGS(o), db_i64("purpose", p), db_i64("ticket", t.v)), &r,
		               err);
	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_NOT_FOUND)
		return no_draft(err);
	if (rc != RC_OK)
		return rc;
	*ret = (struct draft){ .id = { db_col_i64(&r, 0) },
		               .purpose = (enum draft_purpose)db_col_i64(&r, 1),
		               .ticket = { db_col_i64(&r, 2) },
		               .data = db_col_str(&r, 3, out),
		               .number = db_col_i64(&r, 4),
		               .pin_until = db_col_time(&r, 5),
		               .updated_at = db_col_time(&r, 6) };
	return read_files(tx, out, ret, err);
}

static enum rc check_data(struct str data, struct err *err)
{
	struct str s = str_trim(data);

	if (s.n > DATA_MAX)
		return fail_field(err, RC_LIMIT, "data", "This draft is too long to be kept: at most %d KB.",
		                  DATA_MAX >> 10);
	if (s.n < 2 || s.p[0] != '{' || s.p[s.n - 1] != '}' || !str_utf8_valid(s) || str_find_byte(s, 0) != STR_NONE)
		return fail_field(err, RC_INVALID, "data", "This draft cannot be kept: it is no JSON object.");
	return RC_OK;
}

enum rc draft_save(struct db_tx *tx, const struct actor *who, struct instant now, enum draft_purpose p,
                   struct ticket_id t, struct str data, struct draft_id *ret, struct err *err)
{
	struct owner o;
	struct ticket ticket;
	AUTO_ARENA scratch;
	enum rc rc = owner_of(who, &o, err);

	arena_init(&scratch);
	if (rc == RC_OK)
		rc = check_data(data, err);
	if (rc == RC_OK && (p < DRAFT_TICKET || p > DRAFT_NOTE || (p == DRAFT_TICKET) != (t.v == 0)))
		rc = fail_field(err, RC_INVALID, "ticket", "A draft is of a new ticket, or of an answer to one.");
	if (rc == RC_OK && p == DRAFT_NOTE && !actor_is_agent(who))
		rc = fail(err, RC_DENIED, "Notes are for agents.");
	if (rc == RC_OK && t.v)
		rc = ticket_find_id(tx, &scratch, who, t, &ticket, err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_save,
		                DB_ARGS(OWNER_ARGS(o), db_i64("purpose", p), db_i64("ticket", t.v),
		                        db_id("account", who->account.v), db_str("data", data), db_time("now", now)),
		                &ret->v, err);
	return rc;
}

enum rc draft_resave(struct db_tx *tx, const struct actor *who, struct instant now, struct draft_id d, struct str data,
                     struct err *err)
{
	struct owner o;
	int64_t purpose = 0;
	enum rc rc = owner_of(who, &o, err);

	if (rc == RC_OK)
		rc = check_data(data, err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_resave,
		                DB_ARGS(db_i64("id", d.v), OWNER_ARGS(o), db_str("data", data), db_time("now", now)),
		                &purpose, err);
	return rc == RC_NOT_FOUND ? no_draft(err) : rc;
}

enum rc draft_attach(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                     struct draft_id d, const struct new_attachment *a, struct attachment *ret, struct err *err)
{
	struct owner o;
	int64_t n = 0;
	enum rc rc = owner_of(who, &o, err);

	if (rc == RC_OK &&
	    (rc = db_get_i64(tx, &q_touch, DB_ARGS(db_i64("id", d.v), OWNER_ARGS(o), db_time("now", now)), &n, err)) ==
	            RC_NOT_FOUND)
		return no_draft(err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_count, DB_ARGS(db_i64("id", d.v)), &n, err);
	if (rc == RC_OK && n >= FILES)
		return fail_field(err, RC_LIMIT, "attachments",
		                  "A message has at most %d files here. This one was not added.", FILES);
	if (rc == RC_OK)
		rc = attachment_insert(tx, out, a, &(struct attachment){ .draft = d, .at = now }, ret, err);
	return rc;
}

enum rc draft_detach(struct db_tx *tx, const struct actor *who, struct draft_id d, struct str token, struct err *err)
{
	struct owner o;
	int64_t n = 0;
	enum rc rc = owner_of(who, &o, err);

	if (rc == RC_OK)
		rc = db_exec(tx, &q_detach, DB_ARGS(db_str("token", token), db_i64("id", d.v), OWNER_ARGS(o)), &n, err);
	if (rc == RC_OK && n == 0)
		return fail(err, RC_NOT_FOUND, "This file is not there any more.");
	return rc;
}

enum rc draft_drop(struct db_tx *tx, const struct actor *who, struct draft_id d, struct err *err)
{
	struct owner o;
	int64_t n = 0;
	enum rc rc = owner_of(who, &o, err);

	if (rc == RC_OK)
		rc = db_exec(tx, &q_drop, DB_ARGS(db_i64("id", d.v), OWNER_ARGS(o)), &n, err);
	if (rc == RC_OK && n == 0)
		return no_draft(err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_drop_files, DB_ARGS(db_i64("id", d.v)), NULL, err);
	return rc;
}

enum rc draft_claim(struct db_tx *tx, const struct actor *who, struct draft_id d, enum draft_purpose p,
                    struct ticket_id t, int64_t *ret_number, struct err *err)
{
	struct owner o;
	enum rc rc = owner_of(who, &o, err);

	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_claim,
		                DB_ARGS(db_i64("id", d.v), OWNER_ARGS(o), db_i64("purpose", p), db_i64("ticket", t.v)),
		                ret_number, err);
	return rc == RC_NOT_FOUND ? no_draft(err) : rc;
}

/* A PIN that is free: one that a prepared ticket of somebody else still holds is not given, an expired one is taken.
 * The unique index settles two that come at once. */
static enum rc give_pin(struct db_tx *tx, struct arena *out, struct instant now, struct draft_id d, struct str pin_key,
                        struct str *ret, struct err *err)
{
	enum rc rc = RC_CONFLICT;

	for (int i = 0; i < PIN_TRIES && rc == RC_CONFLICT; i++) {
		struct str pin = arena_strf(out, "%06u", random_below(1000000)), hash = mac_token(out, pin_key, pin);

		rc = db_exec(tx, &q_pin_free, DB_ARGS(db_str("pin", hash), db_i64("id", d.v), db_time("now", now)),
		             NULL, err);
		if (rc == RC_OK)
			rc = db_exec(tx, &q_pin_set,
			             DB_ARGS(db_str("pin", hash), db_i64("id", d.v),
			                     db_time("until", time_add(now, PIN_US)), db_time("now", now)),
			             NULL, err);
		*ret = pin;
	}
	if (rc == RC_CONFLICT)
		return fail(err, RC_RETRY,
		            "There is no free PIN at the moment. Call without one, or try again in a minute.");
	return rc;
}

enum rc draft_prepare_call(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now,
                           struct draft_id d, struct str pin_key, int64_t *ret_number, struct str *ret_pin,
                           struct err *err)
{
	struct owner o;
	int64_t purpose = 0;
	struct db_arg id = db_i64("id", d.v);
	enum rc rc = owner_of(who, &o, err);

	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_touch, DB_ARGS(id, OWNER_ARGS(o), db_time("now", now)), &purpose, err);
	if (rc == RC_NOT_FOUND || (rc == RC_OK && purpose != DRAFT_TICKET))
		return no_draft(err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_number, DB_ARGS(id, OWNER_ARGS(o)), ret_number, err);
	if (rc == RC_OK && *ret_number == 0) {
		rc = ticket_next_number(tx, ret_number, err);
		if (rc == RC_OK)
			rc = db_exec(tx, &q_reserve, DB_ARGS(id, db_i64("number", *ret_number)), NULL, err);
	}
	return rc == RC_OK ? give_pin(tx, out, now, d, pin_key, ret_pin, err) : rc;
}

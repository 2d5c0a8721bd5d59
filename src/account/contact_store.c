/* account: changes of customers' people, and who may make them (mass assignment and climbing by roles end here, not in
 * the forms). The actor's own roles are read again from the rows: a session may be older than they are. */
#include "account/change.h"

DB_QUERY(q_create, "contact.create",
         "INSERT INTO contact (account_id, name, email, phone, lang, zone, created_at, disabled_at)"
         " VALUES (:account, :name, :email, :phone, :lang, :zone, :now, :disabled) RETURNING id");
DB_QUERY(q_update, "contact.update",
         "UPDATE contact SET name = :name, phone = :phone, lang = :lang, zone = :zone, disabled_at = :disabled WHERE "
         "id = :id");
DB_QUERY(q_address, "contact.add_address", "INSERT INTO contact_address (email, contact_id) VALUES (:email, :id)");
DB_QUERY(q_role_clear, "contact.clear_roles", "DELETE FROM contact_role WHERE contact_id = :id");
DB_QUERY(q_role_add, "contact.add_role",
         "INSERT INTO contact_role (contact_id, role, scope, scope_id) VALUES (:id, :role, :scope, :scope_id)");
DB_QUERY(q_managers, "contact.count_managers",
         "SELECT COUNT(*) FROM contact c JOIN contact_role r ON r.contact_id = c.id"
         " WHERE c.account_id = :account AND c.disabled_at IS NULL AND r.role = 3 AND r.scope = 1 AND r.scope_id = "
         ":account");
/* PostgreSQL: two managers who remove each other at the same moment queue on the account's row. */
DB_QUERY2(q_lock, "contact.lock_account", "SELECT id FROM account WHERE id = :id",
          "SELECT id FROM account WHERE id = :id FOR UPDATE");

/* ---- roles and their places ---- */

static bool same_role(const struct role *a, const struct role *b)
{
	return a->role == b->role && a->scope == b->scope && a->scope_id == b->scope_id;
}

static bool has_role(const struct contact *c, const struct role *r)
{
	for (size_t i = 0; i < c->n_roles; i++) {
		if (same_role(&c->roles[i], r))
			return true;
	}
	return false;
}

static enum rc bad_role(struct err *err)
{
	return fail_field(err, RC_INVALID, "roles",
	                  "The role is for an account, subscription or site that is not this person's account's.");
}

/* Where a role holds; RC_INVALID when that is not in the account. */
static enum rc place_of(struct db_tx *tx, struct arena *scratch, struct account_id account, const struct role *r,
                        struct role_place *ret, struct err *err)
{
	struct subscription sub;
	struct site site;
	enum rc rc = RC_OK;

	*ret = (struct role_place){ .role = *r };
	if (r->role < CONTACT_AUDITOR || r->role > CONTACT_MANAGER)
		return fail_field(err, RC_INVALID, "roles", "Choose one of the roles auditor, operator and manager.");
	switch (r->scope) {
	case SCOPE_ACCOUNT:
		return r->scope_id == account.v ? RC_OK : bad_role(err);
	case SCOPE_SUBSCRIPTION:
		rc = subscription_find(tx, scratch, (struct subscription_id){ r->scope_id }, &sub, NULL);
		if (rc == RC_OK)
			ret->sub = sub.id;
		return rc == RC_OK && sub.account.v == account.v ? RC_OK
		       : rc == RC_OK || rc == RC_NOT_FOUND       ? bad_role(err)
		                                                 : rc;
	case SCOPE_SITE:
		rc = site_find(tx, scratch, (struct site_id){ r->scope_id }, &site, NULL);
		if (rc == RC_OK) {
			ret->site = site.id;
			ret->sub = site.subscription;
		}
		return rc == RC_OK && site.account.v == account.v ? RC_OK
		       : rc == RC_OK || rc == RC_NOT_FOUND        ? bad_role(err)
		                                                  : rc;
	}
	return bad_role(err);
}

/* Each role of `of` that `against` has not: may `by` (NULL: the desk) give or take it? `check_all`: those it has, too.
 */
static enum rc check_roles(struct db_tx *tx, struct arena *scratch, const struct contact *by, const struct contact *of,
                           const struct contact *against, bool check_all, struct err *err)
{
	for (size_t i = 0; i < of->n_roles; i++) {
		struct role_place place;

		if (!check_all && has_role(against, &of->roles[i]))
			continue;
		for (size_t j = 0; j < i; j++) {
			if (of->roles[j].scope == of->roles[i].scope && of->roles[j].scope_id == of->roles[i].scope_id)
				return fail_field(err, RC_INVALID, "roles",
				                  "There are two roles for the same thing. Keep one of them.");
		}
		enum rc rc = place_of(tx, scratch, of->account, &of->roles[i], &place, err);

		if (rc != RC_OK)
			return rc;
		if (by && !rule_manages(by, &place))
			return fail_field(
			        err, RC_DENIED, "roles",
			        "You can only change roles for what you manage yourself. Nothing was changed.");
	}
	return RC_OK;
}

/* ---- who ---- */

/* *ret_by: the customer's person who acts, with today's roles; NULL when the desk does. */
static enum rc acting(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct account_id account,
                      const struct contact **ret_by, struct err *err)
{
	struct contact *by;
	enum rc rc;

	*ret_by = NULL;
	if (who->kind != ACTOR_CONTACT)
		return change_by_desk(who, err);
	by = arena_new(scratch, struct contact);
	rc = contact_find(tx, scratch, who->contact, by, NULL);
	if (rc == RC_OK && by->account.v != account.v)
		return fail(err, RC_NOT_FOUND,
		            "There is no such person."); /* whether there is one is another account's matter */
	if (rc == RC_NOT_FOUND || (rc == RC_OK && (time_is_set(by->disabled_at) || who->token_scope == SCOPE_READ)))
		return fail(err, RC_DENIED, "You may not change people here. Nothing was changed.");
	*ret_by = by;
	return rc;
}

static bool manages_any(const struct contact *c)
{
	for (size_t i = 0; i < c->n_roles; i++) {
		if (c->roles[i].role == CONTACT_MANAGER)
			return true;
	}
	return false;
}

static enum rc not_a_manager(struct err *err)
{
	return fail(err, RC_DENIED, "Only a manager may do this. Ask a manager of your account; nothing was changed.");
}

/* Somebody else's name, telephone or disabling: the account's managers, or who manages everything that person has. */
static enum rc may_edit(struct db_tx *tx, struct arena *scratch, const struct contact *by, const struct contact *old,
                        struct err *err)
{
	if (rule_is_account_manager(by))
		return RC_OK;
	if (!manages_any(by) || old->n_roles == 0 || check_roles(tx, scratch, by, old, old, true, NULL) != RC_OK)
		return not_a_manager(err);
	return RC_OK;
}

static enum rc keep_last_manager(struct db_tx *tx, const struct contact *old, const struct contact *c, struct err *err)
{
	struct contact was = *old, is = *c;
	int64_t n = 0, any;
	enum rc rc;

	is.account = old->account;
	if (!rule_is_account_manager(&was) || rule_is_account_manager(&is))
		return RC_OK;
	rc = db_get_i64(tx, &q_lock, DB_ARGS(db_i64("id", old->account.v)), &any, err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_managers, DB_ARGS(db_i64("account", old->account.v)), &n, err);
	if (rc == RC_OK && n < 2)
		return fail_code(err, RC_CONFLICT, "last-manager",
		                 "This is the last manager of the account. Make another person a manager first; "
		                 "nothing was changed.");
	return rc;
}

/* ---- rows ---- */

static enum rc check_person(struct arena *scratch, const struct contact *c, struct str *ret_phone, struct err *err)
{
	enum rc rc = rule_name(c->name, "name", err);

	if (rc == RC_OK)
		rc = rule_phone(scratch, c->phone, ret_phone, err);
	if (rc == RC_OK)
		rc = rule_lang(c->lang, err);
	if (rc == RC_OK)
		rc = rule_zone(c->zone, err);
	if (rc == RC_OK && c->n_roles > COUNT(c->roles))
		rc = fail_field(err, RC_LIMIT, "roles", "A person has at most %zu roles.", COUNT(c->roles));
	return rc;
}

static enum rc write_roles(struct db_tx *tx, struct contact_id id, const struct contact *c, struct err *err)
{
	enum rc rc = db_exec(tx, &q_role_clear, DB_ARGS(db_i64("id", id.v)), NULL, err);

	for (size_t i = 0; rc == RC_OK && i < c->n_roles; i++)
		rc = db_exec(tx, &q_role_add,
		             DB_ARGS(db_i64("id", id.v), db_i64("role", c->roles[i].role),
		                     db_i64("scope", c->roles[i].scope), db_i64("scope_id", c->roles[i].scope_id)),
		             NULL, err);
	return rc;
}

static struct str role_line(struct arena *scratch, const struct contact *c)
{
	static const char *const scopes[] = { "", "account", "subscription", "site" };
	struct str line = STR("");

	for (size_t i = 0; i < c->n_roles; i++)
		line = arena_strf(scratch, STR_F "%s%s of %s %lld", STR_A(line), i ? ", " : "",
		                  contact_role_name(c->roles[i].role), scopes[c->roles[i].scope],
		                  (long long)c->roles[i].scope_id);
	return line;
}

static enum rc take_address(struct db_tx *tx, struct contact_id id, struct str email, struct err *err)
{
	enum rc rc = db_exec(tx, &q_address, DB_ARGS(db_str("email", email), db_i64("id", id.v)), NULL, err);

	return rc == RC_CONFLICT
	               ? fail_field(err, rc, "email", "This address belongs to a person already. Nothing was changed.")
	               : rc;
}

enum rc contact_create(struct db_tx *tx, const struct actor *who, struct instant now, const struct contact *c,
                       struct contact_id *ret, struct err *err)
{
	static const struct contact nobody;
	AUTO_CHANGE change = { 0 };
	AUTO_ARENA scratch;
	const struct contact *by;
	struct str email, phone;
	enum rc rc;

	arena_init(&scratch);
	rc = acting(tx, &scratch, who, c->account, &by, err);
	if (rc == RC_OK && by && !(c->n_roles ? manages_any(by) : rule_is_account_manager(by)))
		rc = not_a_manager(err);
	if (rc == RC_OK)
		rc = check_person(&scratch, c, &phone, err);
	if (rc == RC_OK)
		rc = rule_email(&scratch, c->email, &email, err);
	if (rc == RC_OK)
		rc = check_roles(tx, &scratch, by, c, &nobody, true, err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_create,
		                DB_ARGS(db_i64("account", c->account.v), db_str("name", str_trim(c->name)),
		                        db_str("email", str_trim(c->email)), db_str("phone", phone),
		                        db_str("lang", change_or(c->lang, "en")),
		                        db_str("zone", change_or(c->zone, "")), db_time("now", now),
		                        db_time("disabled", c->disabled_at)),
		                &ret->v, err);
	if (rc == RC_CONFLICT)
		return fail_field(err, RC_INVALID, "account", "There is no such account.");
	if (rc == RC_OK)
		rc = take_address(tx, *ret, email, err);
	if (rc == RC_OK)
		rc = write_roles(tx, *ret, c, err);
	if (rc != RC_OK)
		return rc;
	change_begin(&change, "created", ret->v, c->name);
	change_str(&change, "email", STR_NULL, email);
	change_str(&change, "roles", STR(""), role_line(&scratch, c));
	return change_tell(tx, who, now, EV_CONTACT, c->account, &change, err);
}

/* May `who` make of `old` what `c` says? */
static enum rc may_update(struct db_tx *tx, struct arena *scratch, const struct actor *who, const struct contact *old,
                          const struct contact *c, bool roles_differ, struct err *err)
{
	const struct contact *by;
	enum rc rc = acting(tx, scratch, who, old->account, &by, err);

	if (rc != RC_OK)
		return rc;
	if (c->account.v && c->account.v != old->account.v)
		return fail_field(err, by ? RC_DENIED : RC_INVALID, "account",
		                  "A person stays with their account. Nothing was changed.");
	if (by && by->id.v == old->id.v && !roles_differ && old->disabled_at.us == c->disabled_at.us)
		return RC_OK; /* one's own name, telephone, language and zone */
	if (by)
		rc = may_edit(tx, scratch, by, old, err);
	struct contact is = *c;

	is.account = old->account;
	if (rc == RC_OK)
		rc = check_roles(tx, scratch, by, &is, old, false, err);
	if (rc == RC_OK)
		rc = check_roles(tx, scratch, by, old, &is, false, err);
	return rc == RC_OK && by ? keep_last_manager(tx, old, &is, err) : rc;
}

enum rc contact_update(struct db_tx *tx, const struct actor *who, struct instant now, const struct contact *c,
                       struct err *err)
{
	AUTO_CHANGE change = { 0 };
	AUTO_ARENA scratch;
	struct contact old;
	struct str phone;
	enum rc rc;

	arena_init(&scratch);
	rc = contact_find(tx, &scratch, c->id, &old, err);
	if (rc == RC_OK)
		rc = check_person(&scratch, c, &phone, err);
	if (rc != RC_OK)
		return rc;
	bool roles_differ = c->n_roles != old.n_roles;

	for (size_t i = 0; i < c->n_roles; i++)
		roles_differ |= !has_role(&old, &c->roles[i]);
	rc = may_update(tx, &scratch, who, &old, c, roles_differ, err);
	if (rc != RC_OK)
		return rc;
	struct str lang = change_or(c->lang, "en"), zone = change_or(c->zone, "");

	change_begin(&change, "changed", c->id.v, c->name);
	change_str(&change, "name", old.name, str_trim(c->name));
	change_str(&change, "phone", old.phone, phone);
	change_str(&change, "lang", old.lang, lang);
	change_str(&change, "zone", old.zone, zone);
	change_time(&change, "disabled_at", old.disabled_at, c->disabled_at);
	if (roles_differ)
		change_str(&change, "roles", role_line(&scratch, &old), role_line(&scratch, c));
	if (change.n == 0)
		return RC_OK;
	rc = db_exec(tx, &q_update,
	             DB_ARGS(db_str("name", str_trim(c->name)), db_str("phone", phone), db_str("lang", lang),
	                     db_str("zone", zone), db_time("disabled", c->disabled_at), db_i64("id", c->id.v)),
	             NULL, err);
	if (rc == RC_OK && roles_differ)
		rc = write_roles(tx, c->id, c, err);
	return rc == RC_OK ? change_tell(tx, who, now, EV_CONTACT, old.account, &change, err) : rc;
}

enum rc contact_add_address(struct db_tx *tx, const struct actor *who, struct instant now, struct contact_id id,
                            struct str email, struct err *err)
{
	AUTO_CHANGE change = { 0 };
	AUTO_ARENA scratch;
	struct contact old;
	const struct contact *by;
	struct str canonical;
	enum rc rc;

	arena_init(&scratch);
	rc = contact_find(tx, &scratch, id, &old, err);
	if (rc == RC_OK)
		rc = acting(tx, &scratch, who, old.account, &by, err);
	if (rc == RC_OK && by)
		rc = may_edit(tx, &scratch, by, &old, err);
	if (rc == RC_OK)
		rc = rule_email(&scratch, email, &canonical, err);
	if (rc == RC_OK)
		rc = take_address(tx, id, canonical, err);
	if (rc != RC_OK)
		return rc;
	change_begin(&change, "changed", id.v, old.name);
	change_str(&change, "address", STR_NULL, canonical);
	return change_tell(tx, who, now, EV_CONTACT, old.account, &change, err);
}

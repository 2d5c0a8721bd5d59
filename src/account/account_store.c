/* account: finding and listing. Things with children (contacts and roles, sites and hosts) take two queries a list,
 * never one a row. Changes are in change_store.c. */
#include "account/account.h"
#include "account/rules.h"
#include "util/buf.h"

#define LIST_MAX  500
#define SITES_MAX 500
#define AGENT_MAX 1000

static size_t page_max(const struct list_page *p)
{
	return p->max == 0 || p->max > LIST_MAX ? LIST_MAX : p->max;
}

/* Row by row is the same everywhere: RC_OK for "go on", the end turned into RC_OK with *ret_end. */
static enum rc next(struct db_rows *rows, bool *ret_end, struct err *err)
{
	enum rc rc = db_next(rows, err);

	*ret_end = rc != RC_OK;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* ---- accounts ---- */

#define ACCOUNT_COLS "SELECT id, name, ref, lang, zone, created_at, closed_at FROM account "
DB_QUERY(q_account_find, "account.find", ACCOUNT_COLS "WHERE id = :id");
DB_QUERY(q_account_ref, "account.find_ref", ACCOUNT_COLS "WHERE ref = :ref");
DB_QUERY(q_account_list, "account.list",
         ACCOUNT_COLS "WHERE (name, id) > (CAST(:name AS TEXT), CAST(:id AS BIGINT)) ORDER BY name, id LIMIT :max");
DB_QUERY(q_account_search, "account.search",
         ACCOUNT_COLS "WHERE (name, id) > (CAST(:name AS TEXT), CAST(:id AS BIGINT))"
                      " AND lower(name) LIKE lower(CAST(:prefix AS TEXT)) ESCAPE '!' ORDER BY name, id LIMIT :max");

static struct account account_row(struct db_rows *r, struct arena *out)
{
	return (struct account){ .id = { db_col_i64(r, 0) },
		                 .name = db_col_str(r, 1, out),
		                 .ref = db_col_str(r, 2, out),
		                 .lang = db_col_str(r, 3, out),
		                 .zone = db_col_str(r, 4, out),
		                 .created_at = db_col_time(r, 5),
		                 .closed_at = db_col_time(r, 6) };
}

static enum rc one_account(struct db_tx *tx, struct arena *out, const struct db_query *q, struct db_args args,
                           struct account *ret, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, q, args, &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_OK)
		*ret = account_row(&rows, out);
	return rc == RC_NOT_FOUND ? fail(err, rc, "There is no such account.") : rc;
}

enum rc account_find(struct db_tx *tx, struct arena *out, struct account_id id, struct account *ret, struct err *err)
{
	return one_account(tx, out, &q_account_find, DB_ARGS(db_i64("id", id.v)), ret, err);
}

enum rc account_find_ref(struct db_tx *tx, struct arena *out, struct str ref, struct account *ret, struct err *err)
{
	return one_account(tx, out, &q_account_ref, DB_ARGS(db_str("ref", ref)), ret, err);
}

/* The pattern of LIKE for "starts with"; '!' takes the meaning from % and _. */
static struct str prefix_pattern(struct arena *out, struct str prefix)
{
	char *p = arena_alloc(out, prefix.n * 2 + 2);
	size_t n = 0;

	for (size_t i = 0; i < prefix.n; i++) {
		if (memchr("%_!", prefix.p[i], 3))
			p[n++] = '!';
		p[n++] = prefix.p[i];
	}
	p[n++] = '%';
	return (struct str){ p, n };
}

static struct str or_empty(struct str s)
{
	return s.p ? s : STR("");
}

enum rc account_list(struct db_tx *tx, struct arena *out, struct str name_prefix, const struct list_page *p,
                     struct account **ret, size_t *ret_n, bool *ret_more, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	VEC(struct account) v = { 0 };
	size_t max = page_max(p);
	bool end = false;
	struct str prefix = str_utf8_clip(str_trim(name_prefix), 200);
	enum rc rc;

	if (prefix.n == 0)
		rc = db_select(tx, &q_account_list,
		               DB_ARGS(db_str("name", or_empty(p->after_name)), db_i64("id", p->after_id),
		                       db_i64("max", (int64_t)max + 1)),
		               &rows, err);
	else
		rc = db_select(tx, &q_account_search,
		               DB_ARGS(db_str("name", or_empty(p->after_name)), db_i64("id", p->after_id),
		                       db_i64("max", (int64_t)max + 1), db_str("prefix", prefix_pattern(out, prefix))),
		               &rows, err);
	while (rc == RC_OK && (rc = next(&rows, &end, err)) == RC_OK && !end)
		*VEC_ADD(out, &v) = account_row(&rows, out);
	*ret_more = v.n > max;
	*ret_n = *ret_more ? max : v.n;
	*ret = v.at;
	return rc;
}

/* ---- subscriptions ---- */

#define SUB_COLS                                                                                                       \
	"SELECT s.id, s.account_id, s.plan_id, s.ref, s.name, p.code, p.name, s.state, s.valid_from, s.valid_to, "     \
	"s.state_at"                                                                                                   \
	" FROM subscription s JOIN plan p ON p.id = s.plan_id "
DB_QUERY(q_sub_find, "subscription.find", SUB_COLS "WHERE s.id = :id");
DB_QUERY(q_sub_ref, "subscription.find_ref", SUB_COLS "WHERE s.ref = :ref");
DB_QUERY(q_sub_list, "subscription.list",
         SUB_COLS "WHERE s.account_id = :account AND s.id > :id ORDER BY s.id LIMIT :max");

static struct subscription sub_row(struct db_rows *r, struct arena *out)
{
	return (struct subscription){ .id = { db_col_i64(r, 0) },
		                      .account = { db_col_i64(r, 1) },
		                      .plan = { db_col_i64(r, 2) },
		                      .ref = db_col_str(r, 3, out),
		                      .name = db_col_str(r, 4, out),
		                      .plan_code = db_col_str(r, 5, out),
		                      .plan_name = db_col_str(r, 6, out),
		                      .state = (enum sub_state)db_col_i64(r, 7),
		                      .valid_from = db_col_time(r, 8),
		                      .valid_to = db_col_time(r, 9),
		                      .state_at = db_col_time(r, 10) };
}

static enum rc one_sub(struct db_tx *tx, struct arena *out, const struct db_query *q, struct db_args args,
                       struct subscription *ret, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, q, args, &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_OK)
		*ret = sub_row(&rows, out);
	return rc == RC_NOT_FOUND ? fail(err, rc, "There is no such subscription.") : rc;
}

enum rc subscription_find(struct db_tx *tx, struct arena *out, struct subscription_id id, struct subscription *ret,
                          struct err *err)
{
	return one_sub(tx, out, &q_sub_find, DB_ARGS(db_i64("id", id.v)), ret, err);
}

enum rc subscription_find_ref(struct db_tx *tx, struct arena *out, struct str ref, struct subscription *ret,
                              struct err *err)
{
	return one_sub(tx, out, &q_sub_ref, DB_ARGS(db_str("ref", ref)), ret, err);
}

enum rc subscription_list(struct db_tx *tx, struct arena *out, struct account_id account, const struct list_page *p,
                          struct subscription **ret, size_t *ret_n, bool *ret_more, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	VEC(struct subscription) v = { 0 };
	size_t max = page_max(p);
	bool end = false;
	enum rc rc = db_select(
	        tx, &q_sub_list,
	        DB_ARGS(db_i64("account", account.v), db_i64("id", p->after_id), db_i64("max", (int64_t)max + 1)),
	        &rows, err);

	while (rc == RC_OK && (rc = next(&rows, &end, err)) == RC_OK && !end)
		*VEC_ADD(out, &v) = sub_row(&rows, out);
	*ret_more = v.n > max;
	*ret_n = *ret_more ? max : v.n;
	*ret = v.at;
	return rc;
}

/* ---- sites ---- */

#define SITE_COLS "SELECT id, account_id, subscription_id, name FROM site "
#define HOST_COLS "SELECT site_id, host, role FROM site_host "
DB_QUERY(q_site_find, "site.find", SITE_COLS "WHERE id = :id");
DB_QUERY(q_site_hosts, "site.hosts", HOST_COLS "WHERE site_id = :id ORDER BY role, host");
DB_QUERY(q_site_host, "site.find_host",
         SITE_COLS "WHERE id = (SELECT site_id FROM site_host WHERE host = :host)"
                   " AND (CAST(:account AS BIGINT) = 0 OR account_id = CAST(:account AS BIGINT))");
DB_QUERY(q_site_name, "site.find_name", SITE_COLS "WHERE account_id = :account AND name = :name ORDER BY id LIMIT 1");
DB_QUERY(q_site_list, "site.list", SITE_COLS "WHERE account_id = :account ORDER BY id LIMIT :max");
DB_QUERY(q_site_list_hosts, "site.list_hosts",
         HOST_COLS "WHERE site_id IN (SELECT id FROM site WHERE account_id = :account ORDER BY id LIMIT :max)"
                   " ORDER BY site_id, role, host");

static struct site site_row(struct db_rows *r, struct arena *out)
{
	return (struct site){ .id = { db_col_i64(r, 0) },
		              .account = { db_col_i64(r, 1) },
		              .subscription = { db_col_i64(r, 2) },
		              .name = db_col_str(r, 3, out) };
}

/* Rows come in the order of the sites' ids, like the sites. */
static enum rc add_hosts(struct db_tx *tx, struct arena *out, const struct db_query *q, struct db_args args,
                         struct site *sites, size_t n, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	size_t i = 0;
	bool end = false;
	enum rc rc = db_select(tx, q, args, &rows, err);

	while (rc == RC_OK && (rc = next(&rows, &end, err)) == RC_OK && !end) {
		while (i < n && sites[i].id.v < db_col_i64(&rows, 0))
			i++;
		if (i == n || sites[i].id.v != db_col_i64(&rows, 0) || sites[i].n_hosts == COUNT(sites[i].hosts))
			continue;
		sites[i].hosts[sites[i].n_hosts] = db_col_str(&rows, 1, out);
		sites[i].roles[sites[i].n_hosts++] = (enum host_role)db_col_i64(&rows, 2);
	}
	return rc;
}

static enum rc one_site(struct db_tx *tx, struct arena *out, const struct db_query *q, struct db_args args,
                        struct site *ret, struct err *err)
{
	struct db_rows rows = { 0 };
	struct site s = { 0 };
	enum rc rc = db_select(tx, q, args, &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_OK)
		s = site_row(&rows, out);
	db_rows_end(&rows);
	if (rc == RC_OK)
		rc = add_hosts(tx, out, &q_site_hosts, DB_ARGS(db_i64("id", s.id.v)), &s, 1, err);
	if (rc == RC_OK)
		*ret = s;
	return rc == RC_NOT_FOUND ? fail(err, rc, "There is no such site.") : rc;
}

enum rc site_find(struct db_tx *tx, struct arena *out, struct site_id id, struct site *ret, struct err *err)
{
	return one_site(tx, out, &q_site_find, DB_ARGS(db_i64("id", id.v)), ret, err);
}

enum rc site_find_host(struct db_tx *tx, struct arena *out, struct account_id account, struct str host,
                       struct site *ret, struct err *err)
{
	return one_site(tx, out, &q_site_host,
	                DB_ARGS(db_i64("account", account.v), db_str("host", str_lower(out, or_empty(host)))), ret,
	                err);
}

enum rc site_find_name(struct db_tx *tx, struct arena *out, struct account_id account, struct str name,
                       struct site *ret, struct err *err)
{
	return one_site(tx, out, &q_site_name, DB_ARGS(db_i64("account", account.v), db_str("name", name)), ret, err);
}

enum rc site_list(struct db_tx *tx, struct arena *out, struct account_id account, struct site **ret, size_t *ret_n,
                  struct err *err)
{
	struct db_rows rows = { 0 };
	VEC(struct site) v = { 0 };
	bool end = false;
	struct db_args args = DB_ARGS(db_i64("account", account.v), db_i64("max", SITES_MAX));
	enum rc rc = db_select(tx, &q_site_list, args, &rows, err);

	while (rc == RC_OK && (rc = next(&rows, &end, err)) == RC_OK && !end)
		*VEC_ADD(out, &v) = site_row(&rows, out);
	db_rows_end(&rows);
	if (rc == RC_OK)
		rc = add_hosts(tx, out, &q_site_list_hosts, args, v.at, v.n, err);
	*ret = v.at;
	*ret_n = v.n;
	return rc;
}

/* ---- contacts ---- */

#define CONTACT_COLS                                                                                                   \
	"SELECT c.id, c.account_id, a.name, c.name, c.email, c.phone, c.lang, c.zone, c.created_at, c.disabled_at,"    \
	" a.closed_at IS NOT NULL"                                                                                     \
	" FROM contact c JOIN account a ON a.id = c.account_id "
#define ROLE_COLS "SELECT contact_id, role, scope, scope_id FROM contact_role "
#define PAGE_ALL  "WHERE (c.name, c.id) > (CAST(:name AS TEXT), CAST(:id AS BIGINT)) ORDER BY c.name, c.id LIMIT :max"
#define PAGE_OF                                                                                                        \
	"WHERE c.account_id = :account AND (c.name, c.id) > (CAST(:name AS TEXT), CAST(:id AS BIGINT))"                \
	" ORDER BY c.name, c.id LIMIT :max"
DB_QUERY(q_contact_find, "contact.find", CONTACT_COLS "WHERE c.id = :id");
DB_QUERY(q_contact_email, "contact.find_email",
         CONTACT_COLS "WHERE c.id = (SELECT contact_id FROM contact_address WHERE email = :email)");
/* PostgreSQL folds all letters, SQLite those of English: what was typed as it is written is found in both. */
DB_QUERY(q_contact_search, "contact.search",
         CONTACT_COLS "WHERE c.disabled_at IS NULL AND a.closed_at IS NULL AND (LOWER(c.name) LIKE :words ESCAPE '\\'"
                      " OR c.email LIKE :words ESCAPE '\\' OR LOWER(a.name) LIKE :words ESCAPE '\\' OR (CAST(:digits AS"
                      " TEXT) <> '' AND REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(c.phone, ' ', ''), '-', ''), '(', ''),"
                      " ')', ''), '.', '') LIKE CAST(:digits AS TEXT))) ORDER BY c.name, c.id LIMIT :max");
DB_QUERY(q_contact_roles, "contact.roles", ROLE_COLS "WHERE contact_id = :id ORDER BY scope, scope_id LIMIT 16");
DB_QUERY(q_contact_all, "contact.list_all", CONTACT_COLS PAGE_ALL);
DB_QUERY(q_contact_of, "contact.list", CONTACT_COLS PAGE_OF);
DB_QUERY(q_contact_all_roles, "contact.list_all_roles",
         ROLE_COLS "WHERE contact_id IN (SELECT c.id FROM contact c " PAGE_ALL
                   ") ORDER BY contact_id, scope, scope_id");
DB_QUERY(q_contact_of_roles, "contact.list_roles",
         ROLE_COLS "WHERE contact_id IN (SELECT c.id FROM contact c " PAGE_OF ") ORDER BY contact_id, scope, scope_id");

static struct contact contact_row(struct db_rows *r, struct arena *out)
{
	return (struct contact){ .id = { db_col_i64(r, 0) },
		                 .account = { db_col_i64(r, 1) },
		                 .account_name = db_col_str(r, 2, out),
		                 .name = db_col_str(r, 3, out),
		                 .email = db_col_str(r, 4, out),
		                 .phone = db_col_str(r, 5, out),
		                 .lang = db_col_str(r, 6, out),
		                 .zone = db_col_str(r, 7, out),
		                 .created_at = db_col_time(r, 8),
		                 .disabled_at = db_col_time(r, 9),
		                 .account_closed = db_col_i64(r, 10) != 0 };
}

static enum rc add_roles(struct db_tx *tx, const struct db_query *q, struct db_args args, struct contact *contacts,
                         size_t n, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	bool end = false;
	enum rc rc = db_select(tx, q, args, &rows, err);

	while (rc == RC_OK && (rc = next(&rows, &end, err)) == RC_OK && !end) {
		for (size_t i = 0; i < n; i++) { /* a page is short */
			struct contact *c = &contacts[i];

			if (c->id.v == db_col_i64(&rows, 0) && c->n_roles < COUNT(c->roles))
				c->roles[c->n_roles++] = (struct role){ (enum contact_role)db_col_i64(&rows, 1),
					                                (enum scope_kind)db_col_i64(&rows, 2),
					                                db_col_i64(&rows, 3) };
		}
	}
	return rc;
}

static enum rc one_contact(struct db_tx *tx, struct arena *out, const struct db_query *q, struct db_args args,
                           struct contact *ret, struct err *err)
{
	struct db_rows rows = { 0 };
	struct contact c = { 0 };
	enum rc rc = db_select(tx, q, args, &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_OK)
		c = contact_row(&rows, out);
	db_rows_end(&rows);
	if (rc == RC_OK)
		rc = add_roles(tx, &q_contact_roles, DB_ARGS(db_i64("id", c.id.v)), &c, 1, err);
	if (rc == RC_OK)
		*ret = c;
	return rc == RC_NOT_FOUND ? fail(err, rc, "There is no such person.") : rc;
}

enum rc contact_find(struct db_tx *tx, struct arena *out, struct contact_id id, struct contact *ret, struct err *err)
{
	return one_contact(tx, out, &q_contact_find, DB_ARGS(db_i64("id", id.v)), ret, err);
}

enum rc contact_find_email(struct db_tx *tx, struct arena *out, struct str email, struct contact *ret, struct err *err)
{
	return one_contact(tx, out, &q_contact_email, DB_ARGS(db_str("email", email)), ret, err);
}

enum rc contact_list(struct db_tx *tx, struct arena *out, struct account_id account, const struct list_page *p,
                     struct contact **ret, size_t *ret_n, bool *ret_more, struct err *err)
{
	struct db_rows rows = { 0 };
	VEC(struct contact) v = { 0 };
	size_t max = page_max(p);
	bool end = false;
	const struct db_arg arg[] = { db_str("name", or_empty(p->after_name)), db_i64("id", p->after_id),
		                      db_i64("max", (int64_t)max + 1), db_i64("account", account.v) };
	struct db_args args = { arg, account.v ? 4 : 3 };
	enum rc rc = db_select(tx, account.v ? &q_contact_of : &q_contact_all, args, &rows, err);

	while (rc == RC_OK && (rc = next(&rows, &end, err)) == RC_OK && !end)
		*VEC_ADD(out, &v) = contact_row(&rows, out);
	db_rows_end(&rows);
	*ret_more = v.n > max;
	*ret_n = *ret_more ? max : v.n;
	*ret = v.at;
	if (rc == RC_OK)
		rc = add_roles(tx, account.v ? &q_contact_of_roles : &q_contact_all_roles, args, v.at, *ret_n, err);
	return rc;
}

/* "50%_" is looked for as it is. */
static struct str like_of(struct arena *a, struct str words)
{
	AUTO_BUF b;

	buf_init(&b, 1000);
	buf_addc(&b, '%');
	for (size_t i = 0; i < words.n; i++) {
		char c = words.p[i];

		if (c == '%' || c == '_' || c == '\\')
			buf_addc(&b, '\\');
		buf_addc(&b, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
	}
	buf_addc(&b, '%');
	return b.full ? STR("") : arena_str(a, buf_str(&b));
}

static struct str digits_like(struct arena *a, struct str words)
{
	size_t n = 0;
	AUTO_BUF b;

	buf_init(&b, 300);
	buf_addc(&b, '%');
	for (size_t i = 0; i < words.n; i++) {
		if (words.p[i] >= '0' && words.p[i] <= '9') {
			buf_addc(&b, words.p[i]);
			n++;
		} else if (!strchr(" +-()./", words.p[i])) {
			return STR("");
		}
	}
	buf_addc(&b, '%');
	return n < 4 || b.full ? STR("") : arena_str(a, buf_str(&b));
}

enum rc contact_search(struct db_tx *tx, struct arena *out, struct str words, size_t max, struct contact **ret,
                       size_t *ret_n, struct err *err)
{
	struct str all = str_trim(words);
	struct db_rows rows = { 0 };
	VEC(struct contact) v = { 0 };
	bool end = false;
	enum rc rc = RC_OK;

	*ret = NULL;
	*ret_n = 0;
	if (!all.n || all.n > 200)
		return RC_OK;
	rc = db_select(tx, &q_contact_search,
	               DB_ARGS(db_str("words", like_of(out, all)), db_str("digits", digits_like(out, all)),
	                       db_i64("max", (int64_t)max)),
	               &rows, err);
	while (rc == RC_OK && (rc = next(&rows, &end, err)) == RC_OK && !end)
		*VEC_ADD(out, &v) = contact_row(&rows, out);
	db_rows_end(&rows);
	*ret = v.at;
	*ret_n = v.n;
	return rc;
}

/* ---- agents ---- */

#define AGENT_COLS "SELECT id, name, email, role, lang, zone, created_at, disabled_at FROM agent "
DB_QUERY(q_agent_find, "agent.find", AGENT_COLS "WHERE id = :id");
DB_QUERY(q_agent_email, "agent.find_email", AGENT_COLS "WHERE email = :email");
DB_QUERY(q_agent_list, "agent.list",
         AGENT_COLS "ORDER BY CASE WHEN disabled_at IS NULL THEN 0 ELSE 1 END, name, id LIMIT :max");
DB_QUERY(q_agent_count, "agent.count_admins", "SELECT COUNT(*) FROM agent WHERE role = 3 AND disabled_at IS NULL");

static struct agent agent_row(struct db_rows *r, struct arena *out)
{
	return (struct agent){ .id = { db_col_i64(r, 0) },
		               .name = db_col_str(r, 1, out),
		               .email = db_col_str(r, 2, out),
		               .role = (enum agent_role)db_col_i64(r, 3),
		               .lang = db_col_str(r, 4, out),
		               .zone = db_col_str(r, 5, out),
		               .created_at = db_col_time(r, 6),
		               .disabled_at = db_col_time(r, 7) };
}

static enum rc one_agent(struct db_tx *tx, struct arena *out, const struct db_query *q, struct db_args args,
                         struct agent *ret, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, q, args, &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_OK)
		*ret = agent_row(&rows, out);
	return rc == RC_NOT_FOUND ? fail(err, rc, "There is no such agent.") : rc;
}

enum rc agent_find(struct db_tx *tx, struct arena *out, struct agent_id id, struct agent *ret, struct err *err)
{
	return one_agent(tx, out, &q_agent_find, DB_ARGS(db_i64("id", id.v)), ret, err);
}

enum rc agent_find_email(struct db_tx *tx, struct arena *out, struct str email, struct agent *ret, struct err *err)
{
	return one_agent(tx, out, &q_agent_email, DB_ARGS(db_str("email", email)), ret, err);
}

enum rc agent_list(struct db_tx *tx, struct arena *out, struct agent **ret, size_t *ret_n, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	VEC(struct agent) v = { 0 };
	bool end = false;
	enum rc rc = db_select(tx, &q_agent_list, DB_ARGS(db_i64("max", AGENT_MAX)), &rows, err);

	while (rc == RC_OK && (rc = next(&rows, &end, err)) == RC_OK && !end)
		*VEC_ADD(out, &v) = agent_row(&rows, out);
	*ret = v.at;
	*ret_n = v.n;
	return rc;
}

enum rc agent_count(struct db_tx *tx, int64_t *ret_active_admins, struct err *err)
{
	return db_get_i64(tx, &q_agent_count, DB_NO_ARGS, ret_active_admins, err);
}

/* ---- settings ---- */

DB_QUERY(q_setting_get, "setting.get", "SELECT value FROM setting WHERE key = :key");
DB_QUERY(q_setting_set, "setting.set",
         "INSERT INTO setting (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = "
         "excluded.value");

enum rc setting_get(struct db_tx *tx, struct arena *out, const char *key, struct str *ret, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, &q_setting_get, DB_ARGS(db_str("key", str_of(key))), &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_OK)
		*ret = db_col_str(&rows, 0, out);
	return rc == RC_NOT_FOUND ? fail(err, rc, "The setting \"%s\" is not set.", key) : rc;
}

struct str setting_product(struct db_tx *tx, struct arena *out, struct str configured)
{
	struct str set;

	if (configured.n)
		return configured;
	return setting_get(tx, out, "product", &set, NULL) == RC_OK && set.n ? set : STR("Carrel");
}

enum rc setting_set(struct db_tx *tx, const char *key, struct str value, struct err *err)
{
	return db_exec(tx, &q_setting_set, DB_ARGS(db_str("key", str_of(key)), db_str("value", or_empty(value))), NULL,
	               err);
}

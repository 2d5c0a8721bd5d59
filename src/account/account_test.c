#include "account/account.h"
#include "account/rules.h"
#include "test/test.h"
#include <pthread.h>

#define NOW ((struct instant){ INT64_C(1795000000000000) })

/* Runs the body inside one write transaction. */
struct in_tx {
	struct test *t;
	void (*body)(struct test *t, struct db_tx *tx);
};

static enum rc run_body(struct db_tx *tx, void *arg, struct err *err)
{
	struct in_tx *in = arg;

	in->body(in->t, tx);
	return RC_OK;
}

static void with_tx(struct test *t, void (*body)(struct test *t, struct db_tx *tx))
{
	struct in_tx in = { t, body };

	EXPECT_RC(RC_OK, db_write(t->db, run_body, &in, &t->err));
}

DB_QUERY(q_test_events, "test.account_events", "SELECT COUNT(*) FROM event WHERE kind = :kind");
DB_QUERY(q_test_plan, "test.account_plan",
         "INSERT INTO plan (code, name, support, rank) VALUES ('BASIC', 'Basic', 1, 1) RETURNING id");

static int64_t events(struct test *t, struct db_tx *tx, const char *kind)
{
	int64_t n = -1;

	EXPECT_RC(RC_OK, db_get_i64(tx, &q_test_events, DB_ARGS(db_str("kind", str_of(kind))), &n, &t->err));
	return n;
}

struct world {
	struct actor desk;
	struct account_id a, b;
	struct subscription_id sub;
	struct site_id site;
	struct contact_id boss, scoped, worker,
	        stranger; /* manager of a, manager of sub only, operator of a, manager of b */
};

static struct contact person(struct account_id account, const char *name, const char *email, enum contact_role role,
                             enum scope_kind scope, int64_t scope_id)
{
	return (struct contact){ .account = account,
		                 .name = str_of(name),
		                 .email = str_of(email),
		                 .roles = { { role, scope, scope_id } },
		                 .n_roles = role ? 1 : 0 };
}

static struct world seed(struct test *t, struct db_tx *tx)
{
	struct world w = { .desk = actor_system() };
	struct plan_id plan = { 0 };
	struct contact c;

	EXPECT_RC(RC_OK, db_get_i64(tx, &q_test_plan, DB_NO_ARGS, &plan.v, &t->err));
	EXPECT_RC(RC_OK, account_create(tx, &w.desk, NOW,
	                                &(struct account){ .name = STR("Alpha"), .ref = STR("A-1"), .lang = STR("es") },
	                                &w.a, &t->err));
	EXPECT_RC(RC_OK,
	          account_create(tx, &w.desk, NOW, &(struct account){ .name = STR("Beta 100%") }, &w.b, &t->err));
	EXPECT_RC(RC_OK, subscription_create(tx, &w.desk, NOW,
	                                     &(struct subscription){ .account = w.a,
	                                                             .plan = plan,
	                                                             .name = STR("Campus"),
	                                                             .state = SUB_ACTIVE,
	                                                             .valid_from = NOW },
	                                     &w.sub, &t->err));
	EXPECT_RC(RC_OK, site_create(tx, &w.desk, NOW,
	                             &(struct site){
	                                     .account = w.a,
	                                     .subscription = w.sub,
	                                     .name = STR("Campus"),
	                                     .n_hosts = 2,
	                                     .hosts = {STR("LMS.alpha.example"), STR("studio.alpha.example")},
	                                     .roles = { HOST_LMS,                HOST_STUDIO                }
        },
	                             &w.site, &t->err));
	c = person(w.a, "The manager", "Manager@alpha.example", CONTACT_MANAGER, SCOPE_ACCOUNT, w.a.v);
	EXPECT_RC(RC_OK, contact_create(tx, &w.desk, NOW, &c, &w.boss, &t->err));
	c = person(w.a, "The campus manager", "campus@alpha.example", CONTACT_MANAGER, SCOPE_SUBSCRIPTION, w.sub.v);
	EXPECT_RC(RC_OK, contact_create(tx, &w.desk, NOW, &c, &w.scoped, &t->err));
	c = person(w.a, "The operator", "operator@alpha.example", CONTACT_OPERATOR, SCOPE_ACCOUNT, w.a.v);
	EXPECT_RC(RC_OK, contact_create(tx, &w.desk, NOW, &c, &w.worker, &t->err));
	c = person(w.b, "The other manager", "manager@beta.example", CONTACT_MANAGER, SCOPE_ACCOUNT, w.b.v);
	EXPECT_RC(RC_OK, contact_create(tx, &w.desk, NOW, &c, &w.stranger, &t->err));
	return w;
}

static struct contact load(struct test *t, struct db_tx *tx, struct contact_id id)
{
	struct contact c = { 0 };

	EXPECT_RC(RC_OK, contact_find(tx, &t->arena, id, &c, &t->err));
	return c;
}

static struct actor as(struct test *t, struct db_tx *tx, struct contact_id id)
{
	struct contact c = load(t, tx, id);

	return actor_of_contact(&c);
}

static void find_and_list(struct test *t, struct db_tx *tx)
{
	struct world w = seed(t, tx);
	struct account a, *accounts;
	struct contact c, *people;
	struct subscription s, *subs;
	struct site site, *sites;
	size_t n;
	bool more;

	EXPECT_RC(RC_OK, account_find_ref(tx, &t->arena, STR("A-1"), &a, &t->err));
	EXPECT_STR("the language given", a.lang, "es");
	EXPECT_STR("the zone not given is UTC", a.zone, "UTC");
	EXPECT_RC(RC_NOT_FOUND, account_find(tx, &t->arena, (struct account_id){ 99 }, &a, &t->err));
	EXPECT_RC(RC_OK, contact_find_email(tx, &t->arena, STR("manager@alpha.example"), &c, &t->err));
	EXPECT_EQ("found by the canonical address", c.id.v, w.boss.v);
	EXPECT_STR("shown as it was written", c.email, "Manager@alpha.example");
	EXPECT_STR("with the account's name", c.account_name, "Alpha");
	EXPECT_EQ("with the role", c.n_roles ? c.roles[0].role : 0, CONTACT_MANAGER);
	EXPECT_RC(RC_OK,
	          site_find_host(tx, &t->arena, (struct account_id){ 0 }, STR("lms.ALPHA.example"), &site, &t->err));
	EXPECT_EQ("a host name finds its site", site.id.v, w.site.v);
	EXPECT_EQ("with all its hosts", site.n_hosts, 2);
	EXPECT_RC(RC_NOT_FOUND, site_find_host(tx, &t->arena, w.b, STR("lms.alpha.example"), &site, &t->err));
	EXPECT_RC(RC_OK, subscription_find(tx, &t->arena, w.sub, &s, &t->err));
	EXPECT_STR("with its plan", s.plan_code, "BASIC");

	uint64_t before = db_statements();

	EXPECT_RC(RC_OK,
	          contact_list(tx, &t->arena, w.a, &(struct list_page){ .max = 2 }, &people, &n, &more, &t->err));
	EXPECT_EQ("a page of people takes two queries", db_statements() - before, 2);
	EXPECT_EQ("a full page", n, 2);
	EXPECT("and there is more", more);
	EXPECT_STR("by name", people[0].name, "The campus manager");
	EXPECT_EQ("each with roles", people[1].n_roles, 1);
	EXPECT_RC(RC_OK, contact_list(tx, &t->arena, w.a, &(struct list_page){ people[1].name, people[1].id.v, 2 },
	                              &people, &n, &more, &t->err));
	EXPECT_EQ("the last page", n, 1);
	EXPECT("ends", !more);
	EXPECT_EQ("with its role", people[0].roles[0].role, CONTACT_OPERATOR);
	EXPECT_RC(RC_OK, contact_list(tx, &t->arena, (struct account_id){ 0 }, &(struct list_page){ .max = 10 },
	                              &people, &n, &more, &t->err));
	EXPECT_EQ("all accounts' people", n, 4);
	EXPECT_EQ("all with roles", people[3].n_roles, 1);
	before = db_statements();
	EXPECT_RC(RC_OK, site_list(tx, &t->arena, w.a, &sites, &n, &t->err));
	EXPECT_EQ("sites take two queries", db_statements() - before, 2);
	EXPECT_EQ("one site", n, 1);
	EXPECT_STR("host names in lower case", sites[0].hosts[0], "lms.alpha.example");
	EXPECT_RC(RC_OK, account_list(tx, &t->arena, STR("bETA 100%"), &(struct list_page){ .max = 5 }, &accounts, &n,
	                              &more, &t->err));
	EXPECT_EQ("a prefix in any case", n, 1);
	EXPECT_RC(RC_OK, account_list(tx, &t->arena, STR("%a"), &(struct list_page){ .max = 5 }, &accounts, &n, &more,
	                              &t->err));
	EXPECT_EQ("a per cent sign is no wildcard", n, 0);
	EXPECT_RC(RC_OK, account_list(tx, &t->arena, STR_NULL, &(struct list_page){ .max = 1 }, &accounts, &n, &more,
	                              &t->err));
	EXPECT("two accounts are more than one", n == 1 && more);
	EXPECT_RC(RC_OK,
	          subscription_list(tx, &t->arena, w.a, &(struct list_page){ .max = 5 }, &subs, &n, &more, &t->err));
	EXPECT("one subscription", n == 1 && !more);
}

TEST_EACH_DB(account_find_and_list)
{
	with_tx(t, find_and_list);
}

static size_t searched(struct test *t, struct db_tx *tx, const char *words, size_t max, const char *first)
{
	struct contact *at = NULL;
	size_t n = 0;

	EXPECT_RC(RC_OK, contact_search(tx, &t->arena, str_of(words), max, &at, &n, &t->err));
	EXPECT(words, !first || (n && str_is(at[0].name, first)));
	return n;
}

static void search_people(struct test *t, struct db_tx *tx)
{
	struct world w = seed(t, tx);
	struct contact c = load(t, tx, w.worker);

	c.phone = STR("+57 (1) 555-01.77");
	EXPECT_RC(RC_OK, contact_update(tx, &w.desk, NOW, &c, &t->err));
	EXPECT_EQ("part of a name, in any case", searched(t, tx, " OPERAT ", 5, "The operator"), 1);
	EXPECT_EQ("part of an address", searched(t, tx, "beta.ex", 5, "The other manager"), 1);
	EXPECT_EQ("the account's name", searched(t, tx, "alpha", 5, "The campus manager"), 3);
	EXPECT_EQ("no more than asked for", searched(t, tx, "alpha", 2, NULL), 2);
	EXPECT_EQ("a telephone number, however it is written", searched(t, tx, "1 555 0177", 5, "The operator"), 1);
	EXPECT_EQ("three digits are nobody's number", searched(t, tx, "555", 5, NULL), 0);
	EXPECT_EQ("a per cent sign is no wildcard", searched(t, tx, "100%", 5, "The other manager"), 1);
	EXPECT_EQ("nor is a line below", searched(t, tx, "a_pha", 5, NULL), 0);
	EXPECT_EQ("a quote is a letter", searched(t, tx, "' OR 1=1 --", 5, NULL), 0);
	EXPECT_EQ("nothing finds nobody", searched(t, tx, "  ", 5, NULL), 0);
	c.disabled_at = NOW;
	EXPECT_RC(RC_OK, contact_update(tx, &w.desk, NOW, &c, &t->err));
	EXPECT_EQ("who left is not found", searched(t, tx, "operat", 5, NULL), 0);
}

TEST_EACH_DB(account_search_people)
{
	with_tx(t, search_people);
}

static void changes(struct test *t, struct db_tx *tx)
{
	struct world w = seed(t, tx);
	struct account a;
	struct subscription s;
	struct site site;
	int64_t told = events(t, tx, EV_ACCOUNT);
	struct account_id other;

	EXPECT_EQ("two accounts and a site were told", told, 3);
	EXPECT_RC(RC_OK, account_find(tx, &t->arena, w.a, &a, &t->err));
	EXPECT_RC(RC_OK, account_update(tx, &w.desk, NOW, &a, &t->err));
	EXPECT_EQ("no change, no event", events(t, tx, EV_ACCOUNT), told);
	a.name = STR("Alpha 2");
	EXPECT_RC(RC_OK, account_update(tx, &w.desk, NOW, &a, &t->err));
	EXPECT_EQ("a change is told", events(t, tx, EV_ACCOUNT), told + 1);
	EXPECT_RC(RC_CONFLICT,
	          account_create(tx, &w.desk, NOW, &(struct account){ .name = STR("X"), .ref = STR("A-1") }, &other,
	                         &t->err));
	EXPECT_STR("the field is named", str_of(t->err.field), "ref");
	EXPECT_RC(RC_INVALID, account_create(tx, &w.desk, NOW, &(struct account){ .name = STR(" ") }, &other, &t->err));
	EXPECT_RC(RC_INVALID,
	          account_create(tx, &w.desk, NOW, &(struct account){ .name = STR("X"), .zone = STR("../etc/passwd:") },
	                         &other, &t->err));
	EXPECT_RC(RC_OK, subscription_find(tx, &t->arena, w.sub, &s, &t->err));
	s.state = SUB_SUSPENDED;
	EXPECT_RC(RC_OK, subscription_update(tx, &w.desk, time_add(NOW, 5), &s, &t->err));
	EXPECT_RC(RC_OK, subscription_find(tx, &t->arena, w.sub, &s, &t->err));
	EXPECT_EQ("a new state starts now", s.state_at.us, NOW.us + 5);
	s.name = STR("Other name");
	EXPECT_RC(RC_OK, subscription_update(tx, &w.desk, time_add(NOW, 9), &s, &t->err));
	EXPECT_RC(RC_OK, subscription_find(tx, &t->arena, w.sub, &s, &t->err));
	EXPECT_EQ("the same state goes on", s.state_at.us, NOW.us + 5);
	s.valid_to = s.valid_from;
	EXPECT_RC(RC_INVALID, subscription_update(tx, &w.desk, NOW, &s, &t->err));
	EXPECT_RC(RC_OK, site_find(tx, &t->arena, w.site, &site, &t->err));
	site.n_hosts = 1;
	EXPECT_RC(RC_OK, site_update(tx, &w.desk, NOW, &site, &t->err));
	EXPECT_RC(RC_NOT_FOUND, site_find_host(tx, &t->arena, w.a, STR("studio.alpha.example"), &site, &t->err));
	EXPECT_RC(RC_CONFLICT, site_create(tx, &w.desk, NOW,
	                                   &(struct site){ .account = w.b,
	                                                   .name = STR("Thief"),
	                                                   .n_hosts = 1,
	                                                   .hosts = { STR("lms.alpha.example") } },
	                                   &(struct site_id){ 0 }, &t->err));
	EXPECT_RC(RC_INVALID, site_create(tx, &w.desk, NOW,
	                                  &(struct site){ .account = w.b, .subscription = w.sub, .name = STR("Thief") },
	                                  &(struct site_id){ 0 }, &t->err));
	EXPECT_RC(RC_NOT_FOUND, setting_get(tx, &t->arena, "name", &a.name, &t->err));
	EXPECT_RC(RC_OK, setting_set(tx, "name", STR("one"), &t->err));
	EXPECT_RC(RC_OK, setting_set(tx, "name", STR("two"), &t->err));
	EXPECT_RC(RC_OK, setting_get(tx, &t->arena, "name", &a.name, &t->err));
	EXPECT_STR("the last value stays", a.name, "two");
}

TEST_EACH_DB(account_changes)
{
	with_tx(t, changes);
}

/* What a manager may not do, however the form is filled in. */
static void managers(struct test *t, struct db_tx *tx)
{
	struct world w = seed(t, tx);
	struct actor boss = as(t, tx, w.boss), scoped = as(t, tx, w.scoped), worker = as(t, tx, w.worker),
	             stranger = as(t, tx, w.stranger);
	struct contact c;
	struct contact_id id;
	struct account_id account;

	c = person(w.a, "New", "new@alpha.example", CONTACT_OPERATOR, SCOPE_ACCOUNT, w.a.v);
	EXPECT_RC(RC_DENIED, contact_create(tx, &worker, NOW, &c, &id, &t->err));
	EXPECT_RC(RC_NOT_FOUND, contact_create(tx, &stranger, NOW, &c, &id, &t->err));
	EXPECT_RC(RC_DENIED, contact_create(tx, &(struct actor){ 0 }, NOW, &c, &id, &t->err));
	EXPECT_RC(RC_DENIED, contact_create(tx, &scoped, NOW, &c, &id, &t->err));
	EXPECT_RC(RC_OK, contact_create(tx, &boss, NOW, &c, &id, &t->err));
	EXPECT_RC(RC_CONFLICT, contact_create(tx, &boss, NOW, &c, &id, &t->err));
	c = person(w.a, "X", "x@alpha.example", CONTACT_OPERATOR, SCOPE_SUBSCRIPTION, w.sub.v);
	EXPECT_RC(RC_OK, contact_create(tx, &scoped, NOW, &c, &id, &t->err));
	c = person(w.a, "Y", "y@alpha.example", CONTACT_OPERATOR, SCOPE_SITE, w.site.v);
	EXPECT_RC(RC_OK, contact_create(tx, &scoped, NOW, &c, &id, &t->err));
	c = person(w.a, "Z", "z@alpha.example", CONTACT_MANAGER, SCOPE_ACCOUNT, w.b.v);
	EXPECT_RC(RC_INVALID, contact_create(tx, &boss, NOW, &c, &id, &t->err));
	c = person(w.b, "Z", "z@alpha.example", CONTACT_MANAGER, SCOPE_SUBSCRIPTION, w.sub.v);
	EXPECT_RC(RC_INVALID, contact_create(tx, &stranger, NOW, &c, &id, &t->err));
	c = person(w.a, "Z", "z@alpha.example", (enum contact_role)9, SCOPE_ACCOUNT, w.a.v);
	EXPECT_RC(RC_INVALID, contact_create(tx, &boss, NOW, &c, &id, &t->err));

	c = load(t, tx, w.scoped);
	c.roles[0] = (struct role){ CONTACT_MANAGER, SCOPE_ACCOUNT, w.a.v };
	EXPECT_RC(RC_DENIED, contact_update(tx, &scoped, NOW, &c, &t->err));
	c = load(t, tx, w.worker);
	c.roles[0].role = CONTACT_MANAGER;
	EXPECT_RC(RC_DENIED, contact_update(tx, &worker, NOW, &c, &t->err));
	EXPECT_RC(RC_DENIED, contact_update(tx, &scoped, NOW, &c, &t->err));
	c = load(t, tx, w.worker);
	c.name = STR("Renamed");
	EXPECT_RC(RC_OK, contact_update(tx, &worker, NOW, &c, &t->err));
	c.disabled_at = NOW;
	EXPECT_RC(RC_DENIED, contact_update(tx, &scoped, NOW, &c, &t->err));
	EXPECT_RC(RC_DENIED, contact_update(tx, &worker, NOW, &c, &t->err));
	EXPECT_RC(RC_NOT_FOUND, contact_update(tx, &stranger, NOW, &c, &t->err));
	c = load(t, tx, w.worker);
	c.account = w.b;
	EXPECT_RC(RC_DENIED, contact_update(tx, &boss, NOW, &c, &t->err));
	EXPECT_RC(RC_INVALID, contact_update(tx, &w.desk, NOW, &c, &t->err));

	c = load(t, tx, w.boss);
	c.n_roles = 0;
	EXPECT_RC(RC_CONFLICT, contact_update(tx, &boss, NOW, &c, &t->err));
	EXPECT_STR("the reason is a word for programs", str_of(t->err.code), "last-manager");
	c = load(t, tx, w.boss);
	c.disabled_at = NOW;
	EXPECT_RC(RC_CONFLICT, contact_update(tx, &boss, NOW, &c, &t->err));
	c = load(t, tx, w.worker);
	c.roles[0].role = CONTACT_MANAGER;
	EXPECT_RC(RC_OK, contact_update(tx, &boss, NOW, &c, &t->err));
	c = load(t, tx, w.boss);
	c.roles[0].role = CONTACT_OPERATOR;
	EXPECT_RC(RC_OK, contact_update(tx, &worker, NOW, &c, &t->err));
	c = load(t, tx, w.worker);
	c.phone = STR("+57 (1) 555-0100");
	EXPECT_RC(RC_DENIED, contact_update(tx, &boss, NOW, &c, &t->err));
	EXPECT_RC(RC_OK, contact_update(tx, &worker, NOW, &c, &t->err));
	EXPECT_STR("the telephone is E.164", load(t, tx, w.worker).phone, "+5715550100");

	EXPECT_RC(RC_DENIED, contact_add_address(tx, &boss, NOW, w.scoped, STR("me@alpha.example"), &t->err));
	EXPECT_RC(RC_CONFLICT, contact_add_address(tx, &worker, NOW, w.scoped, STR("MANAGER@beta.example"), &t->err));
	EXPECT_RC(RC_OK, contact_add_address(tx, &worker, NOW, w.scoped, STR("second@alpha.example"), &t->err));
	EXPECT_RC(RC_DENIED,
	          account_create(tx, &worker, NOW, &(struct account){ .name = STR("Mine") }, &account, &t->err));
	EXPECT_RC(RC_DENIED,
	          account_update(tx, &worker, NOW, &(struct account){ .id = w.a, .name = STR("Mine") }, &t->err));
	EXPECT_RC(RC_DENIED, site_create(tx, &worker, NOW, &(struct site){ .account = w.a, .name = STR("Mine") },
	                                 &(struct site_id){ 0 }, &t->err));
}

TEST_EACH_DB(account_managers_rules)
{
	with_tx(t, managers);
}

static void agents(struct test *t, struct db_tx *tx)
{
	struct actor desk = actor_system();
	struct agent a = { .name = STR("First"), .email = STR("First@desk.example"), .role = AGENT_ADMIN }, *list;
	struct agent b = { .name = STR("Second"), .email = STR("second@desk.example"), .role = AGENT_AGENT };
	int64_t admins;
	size_t n;

	EXPECT_RC(RC_OK, agent_create(tx, &desk, NOW, &a, &a.id, &t->err));
	EXPECT_RC(RC_OK, agent_create(tx, &desk, NOW, &b, &b.id, &t->err));
	EXPECT_RC(RC_CONFLICT, agent_create(tx, &desk, NOW, &b, &(struct agent_id){ 0 }, &t->err));
	EXPECT_RC(RC_OK, agent_find_email(tx, &t->arena, STR("first@desk.example"), &a, &t->err));
	EXPECT_RC(RC_OK, agent_find(tx, &t->arena, b.id, &b, &t->err));

	struct actor first = actor_of_agent(&a), second = actor_of_agent(&b);

	b.role = AGENT_ADMIN;
	EXPECT_RC(RC_DENIED, agent_update(tx, &second, NOW, &b, &t->err));
	b.role = AGENT_AGENT;
	b.name = STR("Second 2");
	EXPECT_RC(RC_OK, agent_update(tx, &second, NOW, &b, &t->err));
	b.email = STR("first2@desk.example");
	EXPECT_RC(RC_DENIED, agent_update(tx, &second, NOW, &b, &t->err));
	EXPECT_RC(RC_DENIED,
	          agent_create(tx, &second, NOW,
	                       &(struct agent){ .name = STR("X"), .email = STR("x@desk.example"), .role = AGENT_ADMIN },
	                       &(struct agent_id){ 0 }, &t->err));
	a.role = AGENT_SUPERVISOR;
	EXPECT_RC(RC_CONFLICT, agent_update(tx, &first, NOW, &a, &t->err));
	EXPECT_STR("the reason is a word for programs", str_of(t->err.code), "last-admin");
	a.role = AGENT_ADMIN;
	a.disabled_at = NOW;
	EXPECT_RC(RC_CONFLICT, agent_update(tx, &desk, NOW, &a, &t->err));
	b.role = AGENT_ADMIN;
	EXPECT_RC(RC_OK, agent_update(tx, &first, NOW, &b, &t->err));
	EXPECT_RC(RC_OK, agent_update(tx, &first, NOW, &a, &t->err));
	EXPECT_RC(RC_OK, agent_count(tx, &admins, &t->err));
	EXPECT_EQ("one administrator is left", admins, 1);
	EXPECT_RC(RC_OK, agent_list(tx, &t->arena, &list, &n, &t->err));
	EXPECT("the active one comes first", n == 2 && list[0].id.v == b.id.v);
	EXPECT_EQ("every change was told", events(t, tx, EV_AGENT), 5);
}

TEST_EACH_DB(account_agents)
{
	with_tx(t, agents);
}

TEST(account_rules)
{
	static const struct {
		const char *why, *in, *want;
	} mail[] = {
		{"lower case",                          " Name.Two+tag@Example.ORG ",    "name.two+tag@example.org"},
		{ "two addresses",                      "a@b.example,c@d.example",       NULL                      },
		{ "quoted",		             "\"a@b\"@c.example",             NULL                      },
		{ "a comment",                          "a(c)@b.example",                NULL                      },
		{ "two at signs",                       "a@b@c.example",                 NULL                      },
		{ "another script that looks the same", "victim@\xd1\x85.example",       NULL                      },
		{ "a line end",                         "a@b.example\nBcc: c@d.example", NULL                      },
		{ "dots together",                      "a..b@c.example",                NULL                      },
		{ "no host",                            "a@",                            NULL                      },
		{ "a host of one label",                "root@localhost",                "root@localhost"          }
	};
	struct str got;

	for (size_t i = 0; i < COUNT(mail); i++) {
		EXPECT_EQ(mail[i].why, rule_email(&t->arena, str_of(mail[i].in), &got, &t->err),
		          mail[i].want ? RC_OK : RC_INVALID);
		if (mail[i].want)
			EXPECT_STR(mail[i].why, got, mail[i].want);
	}
	EXPECT_RC(RC_INVALID, rule_email(&t->arena, (struct str){ "a@b\0.example", 12 }, &got, &t->err));
	EXPECT_RC(RC_INVALID, rule_phone(&t->arena, STR("5550100"), &got, &t->err));
	EXPECT_RC(RC_INVALID, rule_phone(&t->arena, STR("+1 555 CALL"), &got, &t->err));
	EXPECT_RC(RC_OK, rule_phone(&t->arena, STR("  "), &got, &t->err));
	EXPECT("no number stays none", str_null(got));

	struct contact c = {
		.account = {1		                  },
		.roles = { { CONTACT_AUDITOR, SCOPE_ACCOUNT, 1 }, { CONTACT_MANAGER, SCOPE_SITE, 7 } },
		.n_roles = 2
	};

	EXPECT_EQ("the account's role everywhere",
	          contact_role_for(&c, (struct subscription_id){ 3 }, (struct site_id){ 0 }), CONTACT_AUDITOR);
	EXPECT_EQ("the wider one where it covers",
	          contact_role_for(&c, (struct subscription_id){ 3 }, (struct site_id){ 7 }), CONTACT_MANAGER);
	c.disabled_at = NOW;
	EXPECT_EQ("nothing when disabled", contact_role_for(&c, (struct subscription_id){ 0 }, (struct site_id){ 7 }),
	          0);
	EXPECT_EQ("and nobody", actor_of_contact(&c).kind, ACTOR_NOBODY);

	enum sub_state s;

	EXPECT_RC(RC_OK, sub_state_parse(STR("Past-Due"), &s));
	EXPECT_EQ("words and numbers agree", s, SUB_PAST_DUE);
	EXPECT_RC(RC_INVALID, sub_state_parse(STR(""), &s));
}

/* Two managers who resign at the same moment. */
struct resign {
	struct test *t;
	pthread_barrier_t *start;
	struct contact c;
	enum rc rc;
};

static enum rc make_two(struct db_tx *tx, void *arg, struct err *err)
{
	struct resign *two = arg;
	struct actor desk = actor_system();
	struct account_id account = { 0 };

	enum rc rc = account_create(tx, &desk, NOW, &(struct account){ .name = STR("Two") }, &account, err);

	for (int i = 0; i < 2 && rc == RC_OK; i++) {
		struct arena *a = &two[0].t->arena;
		struct str email = arena_strf(a, "m%d@%s%lld.example", i, "two", (long long)account.v);
		struct contact c = person(account, "The manager", str_z(a, email), CONTACT_MANAGER, SCOPE_ACCOUNT,
		                          account.v);

		rc = contact_create(tx, &desk, NOW, &c, &c.id, err);
		two[i].c = c;
	}
	return rc;
}

static enum rc resign_one(struct db_tx *tx, void *arg, struct err *err)
{
	struct resign *r = arg;
	struct actor me = actor_of_contact(&r->c);
	struct contact c = r->c;

	c.roles[0].role = CONTACT_OPERATOR;
	return contact_update(tx, &me, NOW, &c, err);
}

static void *resign_thread(void *arg)
{
	struct resign *r = arg;
	struct err err = { 0 };

	pthread_barrier_wait(r->start);
	r->rc = db_write(r->t->db, resign_one, r, &err);
	return NULL;
}

TEST_EACH_DB(account_last_manager_race)
{
	for (int round = 0; round < 20 && !t->failed; round++) {
		pthread_barrier_t start;
		pthread_t thread[2];
		struct resign two[2] = {
			{.t = t,  .start = &start},
                        { .t = t, .start = &start}
		};

		EXPECT_RC(RC_OK, db_write(t->db, make_two, two, &t->err));
		pthread_barrier_init(&start, NULL, 2);
		for (int i = 0; i < 2; i++)
			EXPECT_EQ("a thread starts", pthread_create(&thread[i], NULL, resign_thread, &two[i]), 0);
		for (int i = 0; i < 2; i++)
			pthread_join(thread[i], NULL);
		pthread_barrier_destroy(&start);
		EXPECT("one of the two stays", (two[0].rc == RC_OK) + (two[1].rc == RC_OK) == 1);
		EXPECT("the other is told why", (two[0].rc == RC_CONFLICT) + (two[1].rc == RC_CONFLICT) == 1);
	}
}

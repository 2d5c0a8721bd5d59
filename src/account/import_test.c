#include "account/account.h"
#include "test/test.h"

#define NOW ((struct instant){ INT64_C(1795000000000000) })

DB_QUERY(q_test_import_plan, "test.import_plan",
         "INSERT INTO plan (code, name, support, rank) VALUES ('BASIC', 'Basic', 1, 1) RETURNING id");
DB_QUERY(q_test_import_count, "test.import_count",
         "SELECT (SELECT COUNT(*) FROM account) * 1000000 + (SELECT COUNT(*) FROM subscription) * 10000"
         " + (SELECT COUNT(*) FROM site) * 100 + (SELECT COUNT(*) FROM contact)");

static enum rc add_plan(struct db_tx *tx, void *arg, struct err *err)
{
	return db_get_i64(tx, &q_test_import_plan, DB_NO_ARGS, arg, err);
}

static enum rc count(struct db_tx *tx, void *arg, struct err *err)
{
	return db_get_i64(tx, &q_test_import_count, DB_NO_ARGS, arg, err);
}

static int64_t rows(struct test *t)
{
	int64_t n = -1;

	EXPECT_RC(RC_OK, db_read(t->db, count, &n, &t->err));
	return n;
}

static enum rc find_boss(struct db_tx *tx, void *arg, struct err *err)
{
	struct test *t = arg;
	struct contact c;
	struct site s;
	struct subscription sub;

	EXPECT_RC(RC_OK, contact_find_email(tx, &t->arena, STR("manager@one.example"), &c, err));
	EXPECT_STR("the person's language", c.lang, "es");
	EXPECT("the role for the account",
	       c.n_roles == 1 && c.roles[0].role == CONTACT_OPERATOR && c.roles[0].scope_id == c.account.v);
	EXPECT_STR("the telephone without spaces", c.phone, "+5715550100");
	EXPECT_RC(RC_OK, site_find_host(tx, &t->arena, c.account, STR("cms.one.example"), &s, err));
	EXPECT("Studio was said", s.n_hosts == 2 && s.roles[1] == HOST_STUDIO);
	EXPECT_RC(RC_OK, subscription_find_ref(tx, &t->arena, STR("S1"), &sub, err));
	EXPECT_EQ("the site is on the subscription of its line", s.subscription.v, sub.id.v);
	EXPECT_STR("the plan's name when none is given", sub.name, "Basic");
	EXPECT_EQ("the state of the second file", sub.state, SUB_SUSPENDED);
	return RC_OK;
}

#define HEAD                                                                                                           \
	"account_ref,account_name,subscription_ref,plan,state,valid_from,valid_to,site_name,hosts,contact_email,"      \
	"contact_name,contact_role,contact_phone,lang,zone\r\n"
#define GOOD                                                                                                           \
	HEAD "C1,One,S1,BASIC,,2026-01-01,2027-01-01,Campus,lms.one.example "                                          \
	     "studio:cms.one.example,Manager@one.example,The manager,manager,"                                         \
	     "+57 1 555 0100,es,America/Bogota\r\n"                                                                    \
	     "C1,,,,,,,,,help@one.example,\"Desk, help\",operator,,,\r\n"                                              \
	     "C2,Two,,,,,,,,,,,,,\r\n"

TEST_EACH_DB(import_csv)
{
	struct actor desk = actor_system();
	struct import_report dry, r;
	int64_t plan;

	EXPECT_RC(RC_OK, db_write(t->db, add_plan, &plan, &t->err));
	EXPECT_RC(RC_OK, account_import_csv(t->db, &t->arena, &desk, NOW, STR(GOOD), true, &dry, &t->err));
	EXPECT_EQ("a dry run writes nothing", rows(t), 0);
	EXPECT_RC(RC_OK, account_import_csv(t->db, &t->arena, &desk, NOW, STR(GOOD), false, &r, &t->err));
	EXPECT_EQ("two accounts, one subscription, one site, two people", rows(t), 2010102);
	EXPECT("the dry run counted the same",
	       dry.lines == r.lines && dry.created == r.created && dry.errors == 0 && r.errors == 0 && dry.n == r.n);
	for (size_t i = 0; i < r.n && i < dry.n; i++)
		EXPECT("the dry run told the same",
		       dry.at[i].line == r.at[i].line && str_eq(dry.at[i].text, r.at[i].text));
	EXPECT_EQ("three lines created something", r.created, 3);
	EXPECT_RC(RC_OK, account_import_csv(t->db, &t->arena, &desk, NOW, STR(GOOD), false, &r, &t->err));
	EXPECT_EQ("the second time nothing is new", r.unchanged, 3);
	EXPECT_EQ("and nothing is added", rows(t), 2010102);
	EXPECT_RC(RC_OK, account_import_csv(t->db, &t->arena, &desk, NOW,
	                                    STR("contact_role;account_ref;contact_email;subscription_ref;"
	                                        "state\noperator;C1;MANAGER@one.example;S1;suspended\n"),
	                                    false, &r, &t->err));
	EXPECT_EQ("one line changed things", r.updated, 1);
	EXPECT_RC(RC_OK, db_read(t->db, find_boss, t, &t->err));
}

TEST_EACH_DB(import_csv_errors)
{
	static const struct {
		const char *why, *line, *field;
	} row[] = {
		{"no reference",                   ",Three,,,,,,,,,,,,,",                                        "account_ref"     },
		{ "a new account without a name",  "C3,,,,,,,,,,,,,,",                                           "account_name"    },
		{ "no such plan",                  "C3,Three,S3,GOLD,,2026-01-01,,,,,,,,,",                      "plan"            },
		{ "a state that is none",          "C3,Three,S3,BASIC,asleep,2026-01-01,,,,,,,,,",               "state"           },
		{ "a day that is none",            "C3,Three,S3,BASIC,,yesterday,,,,,,,,,",                      "valid_from"      },
		{ "ends before it starts",         "C3,Three,S3,BASIC,,2026-02-01,2026-01-01,,,,,,,,",           "valid_to"        },
		{ "a plan without a subscription", "C3,Three,,BASIC,,,,,,,,,,,",                                 "subscription_ref"},
		{ "a host that is an address",     "C3,Three,,,,,,Site,https://x.example/,,,,,,",                "hosts"           },
		{ "a host that is taken",          "C3,Three,,,,,,Site,lms.one.example,,,,,,",                   "hosts"           },
		{ "a person of another account",   "C3,Three,,,,,,,,help@one.example,,,,,",                      "contact_email"   },
		{ "no address",                    "C3,Three,,,,,,,,not an address,X,,,,",                       "contact_email"   },
		{ "a role that is none",           "C3,Three,,,,,,,,x@three.example,X,king,,,",                  "contact_role"    },
		{ "a number without its country",  "C3,Three,,,,,,,,x@three.example,X,,5550100,,",               "contact_phone"   },
		{ "a zone that is a path",         "C3,Three,,,,,,,,,,,,,/etc/passwd",                           "zone"            },
		{ "markup in a cell",              "C3,Three,S3,<script>alert(1)</script>,,2026-01-01,,,,,,,,,", "plan"            },
	};
	struct actor desk = actor_system();
	struct import_report r, dry;
	int64_t plan;

	EXPECT_RC(RC_OK, db_write(t->db, add_plan, &plan, &t->err));
	EXPECT_RC(RC_OK, account_import_csv(t->db, &t->arena, &desk, NOW, STR(GOOD), false, &r, &t->err));
	for (size_t i = 0; i < COUNT(row); i++) {
		struct str csv = arena_strf(&t->arena, "%sC9,Nine,,,,,,,,,,,,,\n%s\n", HEAD, row[i].line);

		EXPECT_RC(RC_OK, account_import_csv(t->db, &t->arena, &desk, NOW, csv, false, &r, &t->err));
		EXPECT_EQ(row[i].why, r.errors, 1);
		EXPECT(row[i].why, r.n == 2 && r.at[1].error && r.at[1].line == 3);
		if (r.n == 2)
			EXPECT_STR(row[i].why, r.at[1].field, row[i].field);
		EXPECT_EQ("one wrong line and nothing is imported", rows(t), 2010102);
		EXPECT_RC(RC_OK, account_import_csv(t->db, &t->arena, &desk, NOW, csv, true, &dry, &t->err));
		EXPECT("the dry run finds the same",
		       dry.n == r.n && dry.n == 2 && str_eq(dry.at[1].text, r.at[1].text));
	}
	/* The report is data: the value is in it as it was, and whoever shows it escapes it. */
	EXPECT("the value is shown", r.n == 2 && str_find(r.at[1].text, STR("<script>alert(1)</script>")) != STR_NONE);
	EXPECT_RC(RC_INVALID, account_import_csv(t->db, &t->arena, &desk, NOW, STR("account_ref,is_admin\nC1,1\n"),
	                                         false, &r, &t->err));
	EXPECT("the unknown column is named", str_find(str_of(t->err.text), STR("is_admin")) != STR_NONE);
	EXPECT_RC(RC_INVALID,
	          account_import_csv(t->db, &t->arena, &desk, NOW, STR("account_name\nOne\n"), false, &r, &t->err));
	EXPECT_RC(RC_INVALID, account_import_csv(t->db, &t->arena, &desk, NOW, STR(""), false, &r, &t->err));
	EXPECT_RC(RC_DENIED, account_import_csv(t->db, &t->arena, &(struct actor){ .kind = ACTOR_CONTACT }, NOW,
	                                        STR(GOOD), false, &r, &t->err));
}

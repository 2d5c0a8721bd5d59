#include "entitlement/entitlement.h"
#include "test/test.h"

/* Every subscription below runs from 100 to 200 days after 1970, is asked on day 150 and has a quota of 3. */
#define DAY(n) ((struct instant){ (n)*DAY_US })

static struct plan basic(void)
{
	struct plan p = {
		.id = { 1 }, .code = STR("BASIC"), .name = STR("Basic"), .support = true, .rank = 1, .quota_month = 3
	};

	p.channels[TICKET_INCIDENT][1] = p.channels[TICKET_INCIDENT][2] = 1U << CHANNEL_PHONE;
	p.channels[TICKET_INCIDENT][3] = p.channels[TICKET_INCIDENT][4] = 1U << CHANNEL_MAIL | 1U << CHANNEL_FORM;
	p.channels[TICKET_REQUEST][0] = 1U << CHANNEL_MAIL | 1U << CHANNEL_FORM;
	p.target[1][METRIC_SOLUTION] = 240;
	return p;
}

TEST(ent_judge_table)
{
	static const struct {
		const char *why;
		int64_t day, used;
		enum sub_state state;
		enum ticket_kind kind;
		int criticality;
		enum channel channel;
		enum ent_verdict want;
	} row[] = {
		{"inside",		                 150, 0, SUB_ACTIVE,    TICKET_REQUEST,  0, CHANNEL_FORM,   ENT_COVERED   },
		{ "the first instant counts",              100, 0, SUB_ACTIVE,    TICKET_REQUEST,  0, CHANNEL_FORM,   ENT_COVERED   },
		{ "the end does not",                      200, 0, SUB_ACTIVE,    TICKET_REQUEST,  0, CHANNEL_FORM,   ENT_EXPIRED   },
		{ "before it starts",                      99,  0, SUB_ACTIVE,    TICKET_REQUEST,  0, CHANNEL_FORM,   ENT_NOT_YET   },
		{ "a trial has what its plan has",         150, 0, SUB_TRIAL,     TICKET_REQUEST,  0, CHANNEL_FORM,   ENT_COVERED   },
		{ "past due is a grace",                   150, 0, SUB_PAST_DUE,  TICKET_REQUEST,  0, CHANNEL_FORM,   ENT_COVERED   },
		{ "but not beyond the end",                200, 0, SUB_PAST_DUE,  TICKET_REQUEST,  0, CHANNEL_FORM,   ENT_EXPIRED   },
		{ "suspended",                             150, 0, SUB_SUSPENDED, TICKET_REQUEST,  0, CHANNEL_FORM,   ENT_SUSPENDED },
		{ "cancelled",                             150, 0, SUB_CANCELLED, TICKET_REQUEST,  0, CHANNEL_FORM,   ENT_CANCELLED },
		{ "cancelled says more than ended",        250, 0, SUB_CANCELLED, TICKET_REQUEST,  0, CHANNEL_FORM,
                 ENT_CANCELLED		                                                                                      },
		{ "ended says more than suspended",        250, 0, SUB_SUSPENDED, TICKET_REQUEST,  0, CHANNEL_FORM,
                 ENT_EXPIRED		                                                                                        },
		{ "the last of the quota",                 150, 2, SUB_ACTIVE,    TICKET_REQUEST,  0, CHANNEL_FORM,   ENT_COVERED   },
		{ "one more than the quota",               150, 3, SUB_ACTIVE,    TICKET_REQUEST,  0, CHANNEL_FORM,   ENT_OVER_QUOTA},
		{ "criticality 1 by telephone",            150, 0, SUB_ACTIVE,    TICKET_INCIDENT, 1, CHANNEL_PHONE,  ENT_COVERED   },
		{ "criticality 1 by mail",                 150, 0, SUB_ACTIVE,    TICKET_INCIDENT, 1, CHANNEL_MAIL,   ENT_CHANNEL   },
		{ "criticality 2 by form",                 150, 0, SUB_ACTIVE,    TICKET_INCIDENT, 2, CHANNEL_FORM,   ENT_CHANNEL   },
		{ "criticality 3 by mail",                 150, 0, SUB_ACTIVE,    TICKET_INCIDENT, 3, CHANNEL_MAIL,   ENT_COVERED   },
		{ "criticality 4 by telephone",            150, 0, SUB_ACTIVE,    TICKET_INCIDENT, 4, CHANNEL_PHONE,  ENT_CHANNEL   },
		{ "asked in general, by telephone",        150, 0, SUB_ACTIVE,    TICKET_INCIDENT, 0, CHANNEL_PHONE,
                 ENT_COVERED		                                                                                        },
		{ "asked in general, by a closed channel", 150, 0, SUB_ACTIVE,    TICKET_INCIDENT, 0, CHANNEL_WIDGET,
                 ENT_CHANNEL		                                                                                        },
		{ "an agent writes down anything",         150, 0, SUB_ACTIVE,    TICKET_INCIDENT, 1, CHANNEL_AGENT,  ENT_COVERED   },
		{ "a request by telephone",                150, 0, SUB_ACTIVE,    TICKET_REQUEST,  0, CHANNEL_PHONE,  ENT_CHANNEL   },
	};
	struct plan plan = basic(), free_plan = basic(), open_plan = basic();
	struct ent_ask ask = { .kind = TICKET_REQUEST, .channel = CHANNEL_FORM, .at = DAY(150) };
	struct subscription s = {
		.id = { 5 }, .account = { 1 }, .state = SUB_ACTIVE, .valid_from = DAY(100), .valid_to = DAY(200)
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		struct ent_ask a = { .kind = row[i].kind,
			             .criticality = row[i].criticality,
			             .channel = row[i].channel,
			             .at = DAY(row[i].day) };

		s.state = row[i].state;
		EXPECT_EQ(row[i].why, ent_judge(&s, &plan, row[i].used, &a), row[i].want);
	}
	s.state = SUB_ACTIVE;
	free_plan.support = false;
	open_plan.quota_month = -1;
	EXPECT_EQ("nothing bought", ent_judge(NULL, NULL, 0, &ask), ENT_NO_SUBSCRIPTION);
	EXPECT_EQ("a plan without support", ent_judge(&s, &free_plan, 0, &ask), ENT_FREE_PLAN);
	EXPECT_EQ("no quota is no limit", ent_judge(&s, &open_plan, 1000000, &ask), ENT_COVERED);

	struct contact c = { .account = { 1 }, .roles = { { CONTACT_AUDITOR, SCOPE_ACCOUNT, 1 } }, .n_roles = 1 };

	ask.contact = &c;
	EXPECT_EQ("an auditor only reads", ent_judge(&s, &plan, 0, &ask), ENT_NO_ROLE);
	c.roles[0] = (struct role){ CONTACT_OPERATOR, SCOPE_SUBSCRIPTION, 5 };
	EXPECT_EQ("an operator of this subscription", ent_judge(&s, &plan, 0, &ask), ENT_COVERED);
	c.roles[0].scope_id = 6;
	EXPECT_EQ("an operator of another one", ent_judge(&s, &plan, 0, &ask), ENT_NO_ROLE);
	c.account.v = 2;
	c.roles[0] = (struct role){ CONTACT_MANAGER, SCOPE_ACCOUNT, 2 };
	EXPECT_EQ("a manager of another account", ent_judge(&s, &plan, 0, &ask), ENT_NO_ROLE);
	EXPECT("only two verdicts open a ticket",
	       ent_opens(ENT_COVERED) && ent_opens(ENT_CHANNEL) && !ent_opens(ENT_OVER_QUOTA) && !ent_opens(0));
	EXPECT_STR("verdicts have words", str_of(ent_verdict_name(ENT_NO_ROLE)), "no-role");
}

DB_QUERY(q_test_ticket, "test.ent_ticket",
         "INSERT INTO ticket (number, account_id, subscription_id, kind, priority, state, channel, subject, verdict, "
         "plan_code, opened_at,"
         " updated_at, mail_token) VALUES (:n, :account, :sub, 2, 3, 1, 1, 'x', 1, 'BASIC', :at, :at, CAST(:token AS "
         "TEXT))");

static void ticket_at(struct test *t, struct db_tx *tx, int n, struct account_id account, struct subscription_id sub,
                      struct instant at)
{
	EXPECT_RC(RC_OK, db_exec(tx, &q_test_ticket,
	                         DB_ARGS(db_i64("n", n), db_i64("account", account.v), db_i64("sub", sub.v),
	                                 db_time("at", at), db_str("token", arena_strf(&t->arena, "t%d", n))),
	                         NULL, &t->err));
}

static struct instant iso(const char *z)
{
	struct instant t = { 0 };

	if (time_parse_iso(str_of(z), &t) != RC_OK)
		die("bad time in a test: %s", z);
	return t;
}

static struct entitlement check(struct test *t, struct db_tx *tx, struct account_id account, struct site_id site,
                                const char *at)
{
	struct ent_ask ask = {
		.account = account, .site = site, .kind = TICKET_REQUEST, .channel = CHANNEL_FORM, .at = iso(at)
	};
	struct entitlement e = { 0 };
	uint64_t before = db_statements();

	EXPECT_RC(RC_OK, ent_check(tx, &t->arena, &ask, &e, &t->err));
	EXPECT("at most six queries", db_statements() - before <= 6);
	return e;
}

static struct subscription_id subscribe(struct test *t, struct db_tx *tx, struct account_id account,
                                        struct plan_id plan, enum sub_state state, const char *from, const char *to)
{
	struct actor desk = actor_system();
	struct subscription_id id = { 0 };
	struct subscription s = { .account = account,
		                  .plan = plan,
		                  .name = STR("S"),
		                  .state = state,
		                  .valid_from = iso(from),
		                  .valid_to = to ? iso(to) : (struct instant){ 0 },
		                  .state_at = iso(from) };

	EXPECT_RC(RC_OK, subscription_create(tx, &desk, iso(from), &s, &id, &t->err));
	return id;
}

static enum rc stores(struct db_tx *tx, void *arg, struct err *err)
{
	struct test *t = arg;
	struct actor desk = actor_system();
	struct instant now = iso("2026-01-01");
	struct plan p = basic(), got, *plans,
	            free_plan = { .code = STR("FREE"), .name = STR("Free"), .quota_month = -1 };
	struct account_id a, b;
	struct subscription_id old, sub;
	struct site_id site;
	struct plan_id free_id;
	struct entitlement e;
	size_t n;

	EXPECT_RC(RC_OK, calendar_create(tx, STR("Office"), STR("America/Bogota"),
	                                 STR("{\"mon\":[[\"08:00\",\"18:00\"]]}"), &p.calendar, err));
	EXPECT_RC(RC_OK, plan_save(tx, &desk, now, &free_plan, &free_id, err));
	EXPECT_RC(RC_OK, plan_save(tx, &desk, now, &p, &p.id, err));
	p.target[1][METRIC_SOLUTION] = 120;
	EXPECT_RC(RC_OK, plan_save(tx, &desk, now, &p, &p.id, err));
	EXPECT_RC(RC_DENIED, plan_save(tx, &(struct actor){ .kind = ACTOR_AGENT, .agent_role = AGENT_SUPERVISOR }, now,
	                               &p, &p.id, err));
	EXPECT_RC(RC_OK, plan_find_code(tx, &t->arena, STR("BASIC"), &got, err));
	EXPECT("channels are kept", memcmp(got.channels, p.channels, sizeof(p.channels)) == 0);
	EXPECT_EQ("targets are replaced", got.target[1][METRIC_SOLUTION], 120);

	uint64_t before = db_statements();

	EXPECT_RC(RC_OK, plan_list(tx, &t->arena, &plans, &n, err));
	EXPECT_EQ("all plans take three queries", db_statements() - before, 3);
	EXPECT("by rank",
	       n == 2 && str_is(plans[0].code, "FREE") && plans[0].quota_month == -1 && plans[1].quota_month == 3);
	EXPECT_EQ("with their targets", plans[1].target[1][METRIC_SOLUTION], 120);

	EXPECT_RC(RC_OK, account_create(tx, &desk, now, &(struct account){ .name = STR("A") }, &a, err));
	EXPECT_RC(RC_OK, account_create(tx, &desk, now, &(struct account){ .name = STR("B") }, &b, err));
	EXPECT_EQ("nothing bought", check(t, tx, a, (struct site_id){ 0 }, "2026-06-10").verdict, ENT_NO_SUBSCRIPTION);
	subscribe(t, tx, a, free_id, SUB_ACTIVE, "2025-01-01", NULL);
	EXPECT_EQ("only the free plan", check(t, tx, a, (struct site_id){ 0 }, "2026-06-10").verdict, ENT_FREE_PLAN);
	old = subscribe(t, tx, a, p.id, SUB_ACTIVE, "2025-01-01", "2026-01-01");
	sub = subscribe(t, tx, a, p.id, SUB_PAST_DUE, "2026-01-01", "2027-01-01");
	EXPECT_RC(RC_OK,
	          site_create(tx, &desk, now, &(struct site){ .account = a, .subscription = old, .name = STR("Old") },
	                      &site, err));

	struct contact boss = { .account = a,
		                .name = STR("The manager"),
		                .email = STR("m@a.example"),
		                .roles = { { CONTACT_MANAGER, SCOPE_ACCOUNT, a.v } },
		                .n_roles = 1 };

	EXPECT_RC(RC_OK, contact_create(tx, &desk, now, &boss, &boss.id, err));
	e = check(t, tx, a, (struct site_id){ 0 }, "2026-06-10");
	EXPECT_EQ("the best one counts, past due or not", e.verdict, ENT_COVERED);
	EXPECT_EQ("which is the paid one", e.sub.id.v, sub.v);
	EXPECT_EQ("and shows that it is past due", e.sub.state, SUB_PAST_DUE);
	EXPECT("since and until are its own", e.since.us == iso("2026-01-01").us && e.until.us == iso("2027-01-01").us);
	EXPECT("with the hours of the plan", e.has_calendar && e.calendar.day[1][0].to == 18 * 60);
	EXPECT("with who can change it", e.n_managers == 1 && str_is(e.managers[0].name, "The manager"));
	e = check(t, tx, a, site, "2026-06-10");
	EXPECT("a site is covered by its own subscription alone", e.verdict == ENT_EXPIRED && e.sub.id.v == old.v);
	EXPECT_EQ("since it ended", e.since.us, iso("2026-01-01").us);
	EXPECT_EQ("another account's site says nothing", check(t, tx, b, site, "2026-06-10").verdict,
	          ENT_NO_SUBSCRIPTION);

	ticket_at(t, tx, 1, a, sub, iso("2026-05-31T23:59:59Z"));
	ticket_at(t, tx, 2, a, sub, iso("2026-06-01T00:00:00Z"));
	ticket_at(t, tx, 3, a, sub, iso("2026-06-05T00:00:00Z"));
	e = check(t, tx, a, (struct site_id){ 0 }, "2026-06-10");
	EXPECT("last month does not count", e.verdict == ENT_COVERED && e.used == 2);
	ticket_at(t, tx, 4, a, sub, iso("2026-06-09T00:00:00Z"));
	e = check(t, tx, a, (struct site_id){ 0 }, "2026-06-10");
	EXPECT_EQ("used up", e.verdict, ENT_OVER_QUOTA);
	EXPECT("since the last one, until the month ends",
	       e.since.us == iso("2026-06-09").us && e.until.us == iso("2026-07-01").us);
	EXPECT_EQ("the next month starts anew", check(t, tx, a, (struct site_id){ 0 }, "2026-07-01").verdict,
	          ENT_COVERED);

	subscribe(t, tx, b, p.id, SUB_ACTIVE, "2027-03-01", NULL);
	e = check(t, tx, b, (struct site_id){ 0 }, "2026-06-10");
	EXPECT("starts later", e.verdict == ENT_NOT_YET && e.since.us == iso("2027-03-01").us);
	subscribe(t, tx, b, p.id, SUB_SUSPENDED, "2026-02-02", NULL);
	e = check(t, tx, b, (struct site_id){ 0 }, "2026-06-10");
	EXPECT("suspended since", e.verdict == ENT_SUSPENDED && e.since.us == iso("2026-02-02").us);
	EXPECT_RC(RC_OK,
	          account_update(tx, &desk, now,
	                         &(struct account){ .id = b, .name = STR("B"), .closed_at = iso("2026-06-01") }, err));
	e = check(t, tx, b, (struct site_id){ 0 }, "2026-06-10");
	EXPECT("a closed account has nothing", e.verdict == ENT_CANCELLED && e.since.us == iso("2026-06-01").us);
	return RC_OK;
}

TEST_EACH_DB(ent_check_stores)
{
	EXPECT_RC(RC_OK, db_write(t->db, stores, t, &t->err));
}

/* auth: the vectors of the standards, and that what must work once works once. */
#include "auth/private.h"
#include "test/test.h"
#include "util/crypt.h"

static const struct person agent7 = { ACTOR_AGENT, 7 };
static const struct instant noon = { INT64_C(1795435200000000) };

/* RFC 6238 appendix B, SHA-1, last six of its eight digits; the secret is "12345678901234567890". */
TEST(totp_vectors)
{
	static const struct {
		int64_t at;
		uint32_t code;
	} rows[] = {
		{59,           287082},
                { 1111111109,  81804 },
                { 1111111111,  50471 },
		{ 1234567890,  5924  },
                { 2000000000,  279037},
                { 20000000000, 353130}
	};
	uint32_t got;

	for (size_t i = 0; i < COUNT(rows); i++) {
		EXPECT_RC(RC_OK, totp_code(STR("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), rows[i].at / 30, &got));
		EXPECT_EQ("the code is the one RFC 6238 prints", got, rows[i].code);
	}
	EXPECT_RC(RC_INVALID, totp_code(STR("not base32!"), 1, &got));
	EXPECT_RC(RC_INVALID, totp_code(STR("GEZDG"), 1, &got));
}

TEST(totp_secret_and_square)
{
	struct str s = totp_secret(&t->arena),
	           uri = totp_uri(&t->arena, s, STR("Desk & Co"), STR("ana@campus.example")), svg;
	uint32_t code;

	EXPECT_EQ("a secret has 160 bits", s.n, 32);
	EXPECT_RC(RC_OK, totp_code(s, 1, &code));
	EXPECT("the issuer is percent-encoded",
	       str_find(uri, STR("totp/Desk%20%26%20Co:ana%40campus.example?secret=")) != STR_NONE);
	svg = totp_qr_svg(&t->arena, uri);
	EXPECT("the square is one SVG element", str_starts(svg, STR("<svg ")) && str_ends(svg, STR("</svg>")));
}

TEST(password_rules)
{
	static const struct {
		const char *password, *why;
		bool ok;
	} rows[] = {
		{"short",                "nine bytes and less are refused",         false},
		{ "Password123",         "well-known ones are refused in any case", false},
		{ "aaaaaaaaaaaaaaaa",    "one letter over and over is refused",     false},
		{ "abcabcabcabcabc",     "one piece over and over is refused",      false},
		{ "1234567890",          "runs are refused",                        false},
		{ "zyxwvutsrqponm",      "runs down are refused",                   false},
		{ "ana@campus.example",  "the address itself is refused",           false},
		{ "a heron on the quay", "a sentence is fine",                      true },
		{ "c0ntraseña-larga",   "letters of any language are fine",        true },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		EXPECT(rows[i].why, (auth_password_ok(str_of(rows[i].password), STR("ana@campus.example"), &t->err) ==
		                     RC_OK) == rows[i].ok);
}

TEST(password_hashing)
{
	struct str h, h2, big = { arena_alloc(&t->arena, 1 << 20), 1 << 20 };
	int64_t t0;

	EXPECT_RC(RC_OK, auth_password_hash(&t->arena, STR("a heron on the quay"), &h, &t->err));
	EXPECT_RC(RC_OK, auth_password_hash(&t->arena, STR("a heron on the quay"), &h2, &t->err));
	EXPECT("it is argon2id with the wanted cost", str_starts(h, STR("$argon2id$v=19$m=19456,t=2,p=1$")));
	EXPECT("equal passwords have different hashes", !str_eq(h, h2));
	EXPECT("the right one is right", auth_password_check(h, STR("a heron on the quay")));
	EXPECT("a wrong one is wrong", !auth_password_check(h, STR("a heron on the quay.")));
	EXPECT("the hash is no password (S-46)", !auth_password_check(h, h));
	EXPECT("an absent person never passes", !auth_password_check(STR_NULL, STR("a heron on the quay")));
	EXPECT("a person without password never passes", !auth_password_check(STR(""), STR("")));
	EXPECT("a broken hash never passes", !auth_password_check(STR("$argon2id$"), STR("")));
	t0 = time_monotonic_us();
	EXPECT("a megabyte is refused", !auth_password_check(h, big));
	EXPECT_RC(RC_INVALID, auth_password_ok(big, STR(""), &t->err));
	EXPECT_RC(RC_INVALID, auth_password_hash(&t->arena, big, &h2, &t->err));
	EXPECT("and refused fast (S-46)", time_monotonic_us() - t0 < 20000);
}

static int64_t check_time(struct str hash)
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < 3; i++) {
		int64_t t0 = time_monotonic_us(), d;

		if (auth_password_check(hash, STR("some wrong password")))
			return -1;
		d = time_monotonic_us() - t0;
		best = d < best ? d : best;
	}
	return best;
}

TEST(password_absent_takes_as_long)
{
	struct str h;

	EXPECT_RC(RC_OK, auth_password_hash(&t->arena, STR("a heron on the quay"), &h, &t->err));
	int64_t present = check_time(h), absent = check_time(STR_NULL);

	EXPECT("absent persons cost the same work (S-45)", absent * 2 > present && present * 2 > absent);
}

struct step {
	struct arena *a;
	enum rc (*fn)(struct db_tx *tx, struct step *s, struct err *err);
	struct person person;
	struct instant now;
	struct str in, in2, out, out2;
	struct session session;
	struct api_token token;
	struct credential cred;
	enum once_purpose purpose;
	int64_t i;
	size_t n;
	bool flag;
};
static enum rc run_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct step *s = arg;

	return s->fn(tx, s, err);
}
#define STEP(name) static enum rc name(struct db_tx *tx, struct step *s, struct err *err)
#define RUN(f)     (s.fn = (f), db_write(t->db, run_step, &s, &t->err))

STEP(do_start)
{
	return session_start(tx, s->a, s->person, s->flag, STR("Firefox"), s->now, &s->out, err);
}
STEP(do_find)
{
	return session_find(tx, s->a, s->in, s->now, &s->session, &s->flag, err);
}
STEP(do_touch)
{
	return session_touch(tx, s->session.hash, s->now, err);
}
STEP(do_rotate)
{
	return session_rotate(tx, s->a, s->session.hash, false, s->now, &s->out, err);
}
STEP(do_end)
{
	return session_end(tx, s->session.hash, err);
}
STEP(do_list)
{
	struct session *list;

	return session_list(tx, s->a, s->person, &list, &s->n, err);
}
STEP(do_end_others)
{
	return session_end_all(tx, s->person, s->session.hash, err);
}
STEP(do_password)
{
	return credential_set_password(tx, s->person, STR("$argon2id$x"), s->now, err);
}
STEP(do_expire)
{
	return session_expire(tx, s->now, err);
}

TEST_EACH_DB(session_life)
{
	struct step s = { .a = &t->arena, .person = agent7, .now = noon };

	EXPECT_RC(RC_OK, RUN(do_start));
	s.in = s.out;
	EXPECT_RC(RC_OK, RUN(do_find));
	EXPECT_EQ("it is the person's", s.session.person.id, 7);
	EXPECT_EQ("the token is not what is stored", str_eq(s.session.hash, s.in), 0);
	EXPECT("no touch is due at once", !s.flag);
	s.now = time_add(noon, 6 * MINUTE_US);
	EXPECT_RC(RC_OK, RUN(do_find));
	EXPECT("a touch is due after five minutes", s.flag);
	EXPECT_RC(RC_OK, RUN(do_touch));
	EXPECT_RC(RC_OK, RUN(do_find));
	EXPECT("and then not", !s.flag);
	s.now = time_add(noon, 8 * DAY_US);
	EXPECT_RC(RC_NOT_FOUND, RUN(do_find));
	s.now = time_add(noon, HOUR_US);
	EXPECT_RC(RC_OK, RUN(do_find));
	for (int d = 6; d < 30; d += 6) { /* in use until the end */
		s.now = time_add(noon, d * DAY_US);
		EXPECT_RC(RC_OK, RUN(do_find));
		EXPECT_RC(RC_OK, RUN(do_touch));
	}
	s.now = time_add(noon, 30 * DAY_US);
	EXPECT_RC(RC_NOT_FOUND, RUN(do_find));
	EXPECT_RC(RC_OK, RUN(do_list));
	EXPECT_EQ("the row is still there", s.n, 1);
	EXPECT_RC(RC_OK, RUN(do_expire));
	EXPECT_RC(RC_OK, RUN(do_list));
	EXPECT_EQ("expiry takes the row away", s.n, 0);
}

TEST_EACH_DB(session_rotation_and_ends)
{
	struct step s = { .a = &t->arena, .person = agent7, .now = noon, .flag = true };
	struct str first, second;

	EXPECT_RC(RC_OK, RUN(do_start));
	first = s.in = s.out;
	EXPECT_RC(RC_OK, RUN(do_find));
	EXPECT("the second factor is still due", s.session.half);
	s.now = time_add(noon, 11 * MINUTE_US);
	EXPECT_RC(RC_NOT_FOUND, RUN(do_find));
	EXPECT_RC(RC_NOT_FOUND, RUN(do_rotate));
	s.now = time_add(noon, MINUTE_US);
	EXPECT_RC(RC_OK, RUN(do_rotate));
	second = s.out;
	EXPECT("a new token (S-42)", !str_eq(first, second));
	EXPECT_RC(RC_NOT_FOUND, RUN(do_find));
	s.in = second;
	EXPECT_RC(RC_OK, RUN(do_find));
	EXPECT("whole now", !s.session.half);
	EXPECT_EQ("proof is fresh", s.session.proved_at.us, s.now.us);
	s.flag = false;
	EXPECT_RC(RC_OK, RUN(do_start));
	first = s.out;
	EXPECT_RC(RC_OK, RUN(do_end_others));
	EXPECT_RC(RC_OK, RUN(do_find));
	s.in = first;
	EXPECT_RC(RC_NOT_FOUND, RUN(do_find));
	EXPECT_RC(RC_OK, RUN(do_end));
	s.in = second;
	EXPECT_RC(RC_NOT_FOUND, RUN(do_find));
	EXPECT_RC(RC_OK, RUN(do_start));
	s.in = s.out;
	EXPECT_RC(RC_OK, RUN(do_password));
	EXPECT_RC(RC_NOT_FOUND, RUN(do_find));
	s.in = STR("");
	EXPECT_RC(RC_NOT_FOUND, RUN(do_find));
}

STEP(do_once_make)
{
	return once_make(tx, s->a, s->purpose, s->person, STR("ana@campus.example"), s->now, &s->out, err);
}
STEP(do_once_peek)
{
	return once_peek(tx, s->a, s->purpose, s->in, s->now, &s->person, &s->out2, err);
}
STEP(do_once_use)
{
	return once_use(tx, s->purpose, s->in, s->now, &s->person, err);
}

TEST_EACH_DB(once_tokens)
{
	struct step s = {
		.a = &t->arena, .person = {ACTOR_CONTACT, 3},
                     .now = noon, .purpose = ONCE_RESET
	};
	struct str old;

	EXPECT_RC(RC_OK, RUN(do_once_make));
	old = s.out;
	EXPECT_RC(RC_OK, RUN(do_once_make));
	s.in = old;
	EXPECT_RC(RC_DENIED, RUN(do_once_use));
	s.in = s.out;
	s.purpose = ONCE_MAGIC;
	EXPECT_RC(RC_DENIED, RUN(do_once_use));
	s.purpose = ONCE_RESET;
	s.person = (struct person){ 0 };
	EXPECT_RC(RC_OK, RUN(do_once_peek));
	EXPECT_STR("peeking shows where it was sent", s.out2, "ana@campus.example");
	EXPECT_RC(RC_OK, RUN(do_once_use));
	EXPECT_EQ("it is the person's", s.person.id, 3);
	EXPECT_RC(RC_DENIED, RUN(do_once_use));
	EXPECT_RC(RC_DENIED, RUN(do_once_peek));
	EXPECT_RC(RC_OK, RUN(do_once_make));
	s.in = s.out;
	s.now = time_add(noon, HOUR_US);
	EXPECT_RC(RC_DENIED, RUN(do_once_use));
	s.now = noon;
	EXPECT_RC(RC_OK, RUN(do_password));
	EXPECT_RC(RC_DENIED, RUN(do_once_use));
	s.in = STR("' OR 1=1 --");
	EXPECT_RC(RC_DENIED, RUN(do_once_use));
}

STEP(do_throttle)
{
	return throttle_try(tx, s->in, 3, 15 * MINUTE_US, s->now, &s->i, err);
}
STEP(do_throttle_clear)
{
	return throttle_clear(tx, s->in, err);
}

TEST_EACH_DB(throttle_windows)
{
	struct step s = { .a = &t->arena, .now = noon, .in = STR("login:ana@campus.example") };

	for (int i = 0; i < 3; i++)
		EXPECT_RC(RC_OK, RUN(do_throttle));
	s.now = time_add(noon, 10 * MINUTE_US);
	EXPECT_RC(RC_LIMIT, RUN(do_throttle));
	EXPECT_EQ("five minutes are left", s.i, 300);
	s.in = STR("login:bea@campus.example");
	EXPECT_RC(RC_OK, RUN(do_throttle));
	s.in = STR("login:ana@campus.example");
	s.now = time_add(noon, 15 * MINUTE_US);
	for (int i = 0; i < 3; i++)
		EXPECT_RC(RC_OK, RUN(do_throttle));
	EXPECT_RC(RC_LIMIT, RUN(do_throttle));
	EXPECT_RC(RC_OK, RUN(do_throttle_clear));
	EXPECT_RC(RC_OK, RUN(do_throttle));
}

STEP(do_set_totp)
{
	struct str h[] = { recovery_code_hash(s->a, s->in), recovery_code_hash(s->a, s->in2) };

	return credential_set_totp(tx, s->person, STR("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), h, 2, s->now, err);
}
STEP(do_use)
{
	return totp_use(tx, s->person, s->in, s->now, err);
}
STEP(do_remove_totp)
{
	return credential_set_totp(tx, s->person, STR_NULL, NULL, 0, s->now, err);
}
STEP(do_cred)
{
	return credential_find(tx, s->a, s->person, &s->cred, err);
}

static struct str code_at(struct arena *a, int64_t step)
{
	uint32_t v = 0;

	if (totp_code(STR("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), step, &v) != RC_OK)
		return STR("");
	return arena_strf(a, "%06u", v);
}

TEST_EACH_DB(totp_once)
{
	struct str r1 = recovery_code(&t->arena), r2 = recovery_code(&t->arena);
	struct step s = { .a = &t->arena, .person = agent7, .now = noon, .in = r1, .in2 = r2 };
	int64_t step = noon.us / SECOND_US / 30;

	EXPECT_RC(RC_OK, RUN(do_cred));
	EXPECT("nobody has a second factor at first", str_empty(s.cred.totp) && str_empty(s.cred.password));
	s.in = STR("123456");
	EXPECT_RC(RC_DENIED, RUN(do_use));
	s.in = r1;
	EXPECT_RC(RC_OK, RUN(do_set_totp));
	EXPECT_RC(RC_OK, RUN(do_cred));
	EXPECT("there are recovery codes", s.cred.has_recovery);
	s.in = code_at(&t->arena, step - 2);
	EXPECT_RC(RC_DENIED, RUN(do_use));
	s.in = code_at(&t->arena, step + 2);
	EXPECT_RC(RC_DENIED, RUN(do_use));
	s.in = code_at(&t->arena, step - 1);
	EXPECT_RC(RC_OK, RUN(do_use));
	EXPECT_RC(RC_DENIED, RUN(do_use));
	s.in = code_at(&t->arena, step);
	EXPECT_RC(RC_OK, RUN(do_use));
	EXPECT_RC(RC_DENIED, RUN(do_use));
	s.in = code_at(&t->arena, step - 1);
	EXPECT_RC(RC_DENIED, RUN(do_use));
	s.in = code_at(&t->arena, step + 1);
	EXPECT_RC(RC_OK, RUN(do_use));
	s.in = r1;
	EXPECT_RC(RC_OK, RUN(do_use));
	EXPECT_RC(RC_DENIED, RUN(do_use));
	s.in = r2;
	EXPECT_RC(RC_OK, RUN(do_use));
	s.in = STR("");
	EXPECT_RC(RC_DENIED, RUN(do_use));
	EXPECT_RC(RC_OK, RUN(do_remove_totp));
	s.in = code_at(&t->arena, step + 1);
	EXPECT_RC(RC_DENIED, RUN(do_use));
}

STEP(do_token_make)
{
	return api_token_make(tx, s->a, &s->token, s->now, &s->token.id, &s->out, err);
}
STEP(do_token_find)
{
	return api_token_find(tx, s->a, s->in, s->now, &s->token, &s->flag, err);
}
STEP(do_token_touch)
{
	return api_token_touch(tx, s->token.id, s->now, err);
}
STEP(do_token_revoke)
{
	return api_token_revoke(tx, s->token.id, s->now, err);
}
DB_QUERY(q_test_agent, "test.agent",
         "INSERT INTO agent (name, email, role, created_at) VALUES ('A', :email, 3, 1) RETURNING id");
STEP(do_agent)
{
	return db_get_i64(tx, &q_test_agent, DB_ARGS(db_str("email", STR("agent@desk.example"))), &s->token.agent.v,
	                  err);
}
DB_QUERY(q_test_canary, "test.canary",
         "SELECT (SELECT COUNT(*) FROM api_token WHERE hash = :x OR name = :x) + (SELECT COUNT(*) FROM session WHERE "
         "hash = :x) + "
         "(SELECT COUNT(*) FROM once_token WHERE hash = :x)");
STEP(do_canary)
{
	return db_get_i64(tx, &q_test_canary, DB_ARGS(db_str("x", s->in)), &s->i, err);
}

TEST_EACH_DB(api_tokens)
{
	struct step s = {
		.a = &t->arena, .now = noon, .token = {.name = STR_INIT("billing"), .scope = SCOPE_READ}
	};

	EXPECT_RC(RC_INVALID, RUN(do_token_make));
	EXPECT_RC(RC_OK, RUN(do_agent));
	s.token.scope = (enum token_scope)9;
	EXPECT_RC(RC_INVALID, RUN(do_token_make));
	s.token.scope = SCOPE_READ;
	s.token.expires_at = time_add(noon, DAY_US);
	EXPECT_RC(RC_OK, RUN(do_token_make));
	s.in = s.out;
	EXPECT("it looks like one of ours", str_starts(s.in, STR("carrel_")) && s.in.n == 39);
	EXPECT_RC(RC_OK, RUN(do_token_find));
	EXPECT_EQ("its scope is kept", s.token.scope, SCOPE_READ);
	EXPECT("never used: a touch is due", s.flag);
	EXPECT_RC(RC_OK, RUN(do_token_touch));
	EXPECT_RC(RC_OK, RUN(do_token_find));
	EXPECT("just used: none is due", !s.flag);
	EXPECT_RC(RC_OK, RUN(do_canary));
	EXPECT_EQ("the token itself is nowhere in the database (S-37)", s.i, 0);
	s.now = time_add(noon, DAY_US);
	EXPECT_RC(RC_NOT_FOUND, RUN(do_token_find));
	s.now = noon;
	EXPECT_RC(RC_OK, RUN(do_token_revoke));
	EXPECT_RC(RC_NOT_FOUND, RUN(do_token_find));
	EXPECT_RC(RC_NOT_FOUND, RUN(do_token_revoke));
	s.in = STR("carrel_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	EXPECT_RC(RC_NOT_FOUND, RUN(do_token_find));
}

/* Signing in, seen from a browser: whole requests through http/, the answers as bytes. */
#include "account/account.h"
#include "jobs/jobs.h"
#include "outbox/outbox.h"
#include "test/test.h"
#include "util/crypt.h"
#include "web/signin_private.h"
#include <pthread.h>

#define GOOD "a heron on the quay"

struct browser {
	struct test *t;
	struct desk desk;
	struct http_config c;
	struct str session, device, flash; /* cookies */
	int status;
	struct str head, body, location;
};
static const struct route *const test_routes[] = { signin_routes, people_routes, admin_routes, NULL };
static const struct job_kind test_jobs[] = {
	{.name = "signin.mail", .run = signin_job_mail },
        { .name = NULL                   }
};

static void desk_open(struct browser *b, struct test *t)
{
	*b = (struct browser){ .t = t };
	b->desk.db = t->db;
	b->desk.pin_key = STR("a key for tests only");
	b->desk.config.base_url = STR("http://help.example");
	b->desk.config.zone = STR("UTC");
	b->desk.config.support_addr = STR("support@desk.example");
	b->desk.config.data_dir = str_of(t->dir);
	b->c = (struct http_config){ .base_url = b->desk.config.base_url,
		                     .routes = test_routes,
		                     .app = &b->desk,
		                     .max_body = 1 << 20,
		                     .max_upload = 1 << 20,
		                     .upload_dir = str_of(t->dir),
		                     .identify = web_identify,
		                     .allowed = web_allowed,
		                     .error_page = web_error_page };
}

static struct str header(struct str head, const char *name)
{
	struct str line, rest = head;

	while (str_cut(&rest, '\n', &line))
		if (str_starts_nocase(line, str_of(name)) && line.n > strlen(name) && line.p[strlen(name)] == ':')
			return str_trim(str_from(line, strlen(name) + 1));
	return STR_NULL;
}

static void take_cookies(struct browser *b)
{
	struct str line, rest = b->head;

	while (str_cut(&rest, '\n', &line)) {
		struct str v, name;

		if (!str_starts_nocase(line, STR("Set-Cookie:")))
			continue;
		v = str_trim(str_from(line, 11));
		if (!str_cut(&v, '=', &name))
			continue;
		struct str value = str_sub(v, 0, str_find_byte(v, ';'));

		if (str_is(name, "session"))
			b->session = value;
		else if (str_is(name, "device"))
			b->device = value;
		else if (str_is(name, "flash"))
			b->flash = value;
	}
}

static void send_raw(struct browser *b, struct str raw)
{
	AUTO_BUF out;

	buf_init(&out, 4 << 20);
	http_loopback(&b->c, raw, &out);
	struct str all = arena_str(&b->t->arena, buf_str(&out));
	size_t end = str_find(all, STR("\r\n\r\n"));
	int64_t status = 0;

	b->head = str_sub(all, 0, end);
	b->body = str_from(all, end + 4);
	if (str_to_i64(str_sub(all, 9, 3), &status) != RC_OK)
		status = 0;
	b->status = (int)status;
	b->location = header(b->head, "Location");
	take_cookies(b);
}

static void ask(struct browser *b, const char *method, struct str path, struct str extra, struct str body)
{
	struct arena *a = &b->t->arena;

	send_raw(b, arena_strf(a,
	                       "%s " STR_F
	                       " HTTP/1.1\r\nHost: help.example\r\nOrigin: http://help.example\r\nCookie: x=1%s" STR_F
	                       "%s" STR_F "\r\n" STR_F
	                       "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n" STR_F,
	                       method, STR_A(path), b->session.n ? "; session=" : "", STR_A(b->session),
	                       b->device.n ? "; device=" : "", STR_A(b->device), STR_A(extra), body.n, STR_A(body)));
}

static void get(struct browser *b, const char *path)
{
	ask(b, "GET", str_of(path), STR(""), STR(""));
}

/* The token of the form on `page`, for a session; "" without one. */
static struct str csrf_of(struct browser *b, struct str page)
{
	static const char mark[] = "name=\"csrf\" value=\"";
	size_t at;

	if (!b->session.n)
		return STR("");
	ask(b, "GET", page, STR(""), STR(""));
	at = str_find(b->body, str_of(mark));
	if (at == STR_NONE)
		return STR("");
	struct str rest = str_from(b->body, at + sizeof(mark) - 1);

	return str_sub(rest, 0, str_find_byte(rest, '"'));
}

/* Opens `page`, then posts `form` to `to` with its token. */
static void post_from(struct browser *b, const char *page, const char *to, const char *form)
{
	struct str csrf = csrf_of(b, str_of(page));

	ask(b, "POST", str_of(to), STR(""),
	    arena_strf(&b->t->arena, "%s%s" STR_F, form, csrf.n ? "&csrf=" : "", STR_A(csrf)));
}

static void post(struct browser *b, const char *path, const char *form)
{
	post_from(b, path, path, form);
}

/* ---- the people ---- */

struct people_made {
	struct arena *a;
	struct str hash;
	struct agent_id admin;
	struct account_id account;
	struct contact_id ana, bea;
	bool with_admin;
};

static enum rc make_people(struct db_tx *tx, void *arg, struct err *err)
{
	struct people_made *m = arg;
	struct actor system = actor_system();
	struct instant now = time_now();
	struct agent g = { .name = STR_INIT("The administrator"),
		           .email = STR_INIT("admin@desk.example"),
		           .role = AGENT_ADMIN,
		           .lang = STR_INIT("en"),
		           .zone = STR_INIT("UTC") };
	struct account acc = { .name = STR_INIT("Campus"), .lang = STR_INIT("en"), .zone = STR_INIT("UTC") };
	struct contact c = { .name = STR_INIT("The manager"),
		             .email = STR_INIT("ana@campus.example"),
		             .lang = STR_INIT("en"),
		             .zone = STR_INIT("") };
	enum rc rc = RC_OK;

	if (m->with_admin)
		rc = agent_create(tx, &system, now, &g, &m->admin, err);
	if (rc == RC_OK && m->with_admin)
		rc = credential_set_password(tx, (struct person){ ACTOR_AGENT, m->admin.v }, m->hash, now, err);
	if (rc == RC_OK)
		rc = account_create(tx, &system, now, &acc, &m->account, err);
	c.account = m->account;
	c.roles[0] = (struct role){ CONTACT_MANAGER, SCOPE_ACCOUNT, m->account.v };
	c.n_roles = 1;
	if (rc == RC_OK)
		rc = contact_create(tx, &system, now, &c, &m->ana, err);
	if (rc == RC_OK)
		rc = credential_set_password(tx, (struct person){ ACTOR_CONTACT, m->ana.v }, m->hash, now, err);
	c.name = STR("The auditor");
	c.email = STR("bea@campus.example");
	c.roles[0].role = CONTACT_AUDITOR;
	if (rc == RC_OK)
		rc = contact_create(tx, &system, now, &c, &m->bea, err);
	return rc == RC_OK ? credential_set_password(tx, (struct person){ ACTOR_CONTACT, m->bea.v }, m->hash, now, err)
	                   : rc;
}

static struct people_made setup_people(struct browser *b, struct test *t, bool with_admin)
{
	struct people_made m = { .a = &t->arena, .with_admin = with_admin };

	desk_open(b, t);
	EXPECT_RC(RC_OK, auth_password_hash(&t->arena, STR(GOOD), &m.hash, &t->err));
	EXPECT_RC(RC_OK, db_write(t->db, make_people, &m, &t->err));
	return m;
}

DB_QUERY(q_test_mail, "test.mail", "SELECT text FROM outmail WHERE to_addr = :to ORDER BY id DESC LIMIT 1");
DB_QUERY(q_test_count, "test.count",
         "SELECT CASE CAST(:what AS TEXT) WHEN 'sessions' THEN (SELECT COUNT(*) FROM session) WHEN 'mails' THEN "
         "(SELECT COUNT(*) FROM outmail) "
         "WHEN 'admins' THEN (SELECT COUNT(*) FROM agent) ELSE (SELECT COUNT(*) FROM contact) END");
struct probe {
	struct arena *a;
	struct str in, text;
	int64_t n;
};
static enum rc probe_mail(struct db_tx *tx, void *arg, struct err *err)
{
	struct probe *p = arg;
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, &q_test_mail, DB_ARGS(db_str("to", p->in)), &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_OK)
		p->text = db_col_str(&rows, 0, p->a);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}
static enum rc probe_count(struct db_tx *tx, void *arg, struct err *err)
{
	struct probe *p = arg;

	return db_get_i64(tx, &q_test_count, DB_ARGS(db_str("what", p->in)), &p->n, err);
}
static int64_t count_of(struct test *t, const char *what)
{
	struct probe p = { &t->arena, str_of(what), STR_NULL, -1 };

	EXPECT_RC(RC_OK, db_read(t->db, probe_count, &p, &t->err));
	return p.n;
}
/* Runs the waiting jobs and gives the path of the link in the last mail to `to`, STR_NULL without one. */
static struct str mailed_link(struct browser *b, const char *to)
{
	struct test *t = b->t;
	struct probe p = { &t->arena, str_of(to), STR_NULL, 0 };

	while (job_run_one(t->db, test_jobs, &b->desk, time_add(time_now(), SECOND_US), &t->err) == RC_OK)
		;
	EXPECT_RC(RC_OK, db_read(t->db, probe_mail, &p, &t->err));
	size_t at = str_find(p.text, STR("http://help.example/"));

	if (at == STR_NONE)
		return STR_NULL;
	struct str link = str_from(p.text, at + strlen("http://help.example"));

	return arena_str(&t->arena, str_sub(link, 0, str_find_byte(link, '\n')));
}

/* ---- tests ---- */

TEST_EACH_DB(signin_password)
{
	struct browser b;
	struct str before;

	setup_people(&b, t, true);
	get(&b, "/profile");
	EXPECT_EQ("nobody is sent to sign in", b.status, 303);
	EXPECT_STR("and comes back later", b.location, "/sign-in?next=%2Fprofile");
	get(&b, "/sign-in?next=//evil.example");
	EXPECT_EQ("the page shows", b.status, 200);
	EXPECT("a foreign next is dropped (S-50)", str_find(b.body, STR("evil")) == STR_NONE);
	b.session = before = STR("planted7planted7planted7planted7");
	ask(&b, "POST", STR("/sign-in"), STR(""),
	    STR("email=ANA%40campus.example&password=a+heron+on+the+quay&next=%2Fsupport"));
	EXPECT_EQ("the right password comes in", b.status, 303);
	EXPECT_STR("where it was going", b.location, "/support");
	EXPECT("a planted session token is not kept (S-42)", b.session.n == 32 && !str_eq(b.session, before));
	EXPECT("the cookie is HttpOnly and SameSite", str_find(b.head, STR("HttpOnly; SameSite=Lax")) != STR_NONE);
	get(&b, "/profile");
	EXPECT_EQ("signed in", b.status, 200);
	get(&b, "/desk/admin");
	EXPECT_EQ("the desk does not exist for customers", b.status, 404);
	post_from(&b, "/profile", "/sign-out", "x=1");
	EXPECT_EQ("signing out", b.status, 303);
	b.session = before;
	get(&b, "/profile");
	EXPECT_EQ("nobody again", b.status, 303);
	EXPECT_EQ("no session is left", count_of(t, "sessions"), 0);
}

TEST_EACH_DB(signin_next_stays_here)
{
	static const char *const bad[] = { "%2F%2Fevil.example", "%2F%5Cevil.example", "https%3Aevil.example",
		                           "%2F%09%2Fevil.example", "javascript%3Aalert(1)" };
	struct browser b;

	setup_people(&b, t, true);
	for (size_t i = 0; i < COUNT(bad); i++) {
		b.session = STR("");
		ask(&b, "POST", STR("/sign-in"), STR(""),
		    arena_strf(&t->arena, "email=ana%%40campus.example&password=a+heron+on+the+quay&next=%s", bad[i]));
		EXPECT("next stays on our own origin (S-50)", str_is(b.location, "/"));
	}
}

TEST_EACH_DB(signin_refusals_are_alike)
{
	struct browser b;
	struct str known, unknown;

	setup_people(&b, t, true);
	post(&b, "/sign-in", "email=ana%40campus.example&password=wrong+wrong+wrong");
	EXPECT_EQ("refused", b.status, 422);
	known = b.body;
	post(&b, "/sign-in", "email=eve%40campus.example&password=wrong+wrong+wrong");
	EXPECT_EQ("refused with the same status", b.status, 422);
	unknown = b.body;
	EXPECT_EQ("the pages are alike but for the address (S-45)", known.n, unknown.n);
	post(&b, "/sign-in", "email=ana%40campus.example&password=%24argon2id%24v%3D19");
	EXPECT_EQ("a hash is no password", b.status, 422);
	struct str big = { arena_alloc(&t->arena, 900000), 900000 };

	memset((char *)(uintptr_t)big.p, 'a', big.n);
	int64_t t0 = time_monotonic_us();

	ask(&b, "POST", STR("/sign-in"), STR(""),
	    str_concat(&t->arena, STR("email=ana%40campus.example&password="), big));
	EXPECT_EQ("a megabyte is refused (S-46)", b.status, 422);
	EXPECT("fast", time_monotonic_us() - t0 < 200000);
}

DB_QUERY(q_test_age, "test.age", "UPDATE session SET seen_at = seen_at - 600000000 RETURNING seen_at");
DB_QUERY(q_test_seen, "test.seen", "SELECT seen_at FROM session");
static enum rc age_session(struct db_tx *tx, void *arg, struct err *err)
{
	return db_get_i64(tx, &q_test_age, DB_NO_ARGS, arg, err);
}
static enum rc read_seen(struct db_tx *tx, void *arg, struct err *err)
{
	return db_get_i64(tx, &q_test_seen, DB_NO_ARGS, arg, err);
}

TEST_EACH_DB(session_last_used)
{
	struct browser b;
	int64_t before = 0, after = 0;

	setup_people(&b, t, true);
	post(&b, "/sign-in", "email=ana%40campus.example&password=a+heron+on+the+quay");
	EXPECT_RC(RC_OK, db_write(t->db, age_session, &before, &t->err));
	get(&b, "/profile");
	EXPECT_RC(RC_OK, web_touch(&b.desk, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, read_seen, &after, &t->err));
	EXPECT("reading alone keeps a session alive", after > before);
}

TEST_EACH_DB(signin_throttled)
{
	struct browser b;
	struct str device;

	setup_people(&b, t, true);
	post(&b, "/sign-in", "email=ana%40campus.example&password=a+heron+on+the+quay");
	device = b.device;
	b.session = b.device = STR("");
	for (int i = 0; i < SIGNIN_TRIES; i++)
		post(&b, "/sign-in", "email=ana%40campus.example&password=wrong+wrong+wrong");
	EXPECT_EQ("ten tries are answered", b.status, 422);
	post(&b, "/sign-in", "email=ana%40campus.example&password=a+heron+on+the+quay");
	EXPECT_EQ("the eleventh is not, right or wrong (S-43)", b.status, 429);
	EXPECT("and says when to come back", header(b.head, "Retry-After").n > 0);
	b.device = device;
	post(&b, "/sign-in", "email=ana%40campus.example&password=a+heron+on+the+quay");
	EXPECT_EQ("the person's own device is not locked out", b.status, 303);
}

TEST_EACH_DB(signin_cross_site)
{
	struct browser b;

	setup_people(&b, t, true);
	ask(&b, "POST", STR("/sign-in"), STR("Sec-Fetch-Site: cross-site\r\n"),
	    STR("email=ana%40campus.example&password=a+heron+on+the+quay"));
	EXPECT_EQ("signing somebody in from another site is refused (S-40)", b.status, 403);
	post(&b, "/sign-in", "email=ana%40campus.example&password=a+heron+on+the+quay");
	ask(&b, "POST", STR("/profile"), STR(""), STR("do=end-others"));
	EXPECT_EQ("no token, no change", b.status, 403);
	ask(&b, "POST", STR("/people"), STR(""),
	    STR("name=X&email=x%40campus.example&role=manager&scope=account&csrf="
	        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	EXPECT_EQ("a made-up token is no token", b.status, 403);
	EXPECT_EQ("nobody was added", count_of(t, "contacts"), 2);
}

TEST_EACH_DB(signin_link_by_mail)
{
	struct browser b;
	struct str link;
	const char *path;

	setup_people(&b, t, true);
	post(&b, "/sign-in/link", "email=eve%40campus.example");
	EXPECT_EQ("an unknown address is answered alike (S-45)", b.status, 200);
	struct str unknown = b.body;

	EXPECT("and gets no mail", str_null(mailed_link(&b, "eve@campus.example")));
	post(&b, "/sign-in/link", "email=ana%40campus.example&next=%2Fsupport");
	EXPECT_EQ("sent", b.status, 200);
	EXPECT("the same page to the byte", str_eq(b.body, unknown));
	link = mailed_link(&b, "ana@campus.example");
	EXPECT("the link is on the configured base URL (S-44)", str_starts(link, STR("/sign-in/l/")));
	path = str_z(&t->arena, link);
	get(&b, path);
	get(&b, path);
	EXPECT_EQ("opening it, even twice, does nothing", b.status, 200);
	EXPECT_EQ("nobody is signed in by that", count_of(t, "sessions"), 0);
	post(&b, str_z(&t->arena, str_sub(link, 0, str_find_byte(link, '?'))), "next=%2Fsupport");
	EXPECT_EQ("the button signs in", b.status, 303);
	EXPECT_STR("and goes on", b.location, "/support");
	b.session = STR("");
	post(&b, path, "x=1");
	EXPECT_EQ("once", b.status, 410);
	post(&b, "/sign-in/link", "email=admin%40desk.example");
	EXPECT("agents do not come in by a link alone", str_null(mailed_link(&b, "admin@desk.example")));
}

TEST_EACH_DB(signin_foreign_host)
{
	struct browser b;

	setup_people(&b, t, true);
	send_raw(&b,
	         STR("POST /password/reset HTTP/1.1\r\nHost: evil.example\r\nContent-Type: "
	             "application/x-www-form-urlencoded\r\nContent-Length: 28\r\n\r\nemail=ana%40campus.example&x"));
	EXPECT("a foreign Host is refused (S-44)", b.status == 421 || b.status == 400);
	send_raw(&b, STR("POST /password/reset HTTP/1.1\r\nHost: help.example\r\nX-Forwarded-Host: "
	                 "evil.example\r\nOrigin: http://help.example\r\nContent-Type: "
	                 "application/x-www-form-urlencoded\r\nContent-Length: 26\r\n\r\nemail=ana%40campus.example"));
	EXPECT_EQ("a forwarded one is ignored", b.status, 200);
	EXPECT("the link is ours", str_starts(mailed_link(&b, "ana@campus.example"), STR("/password/new/")));
}

TEST_EACH_DB(signin_reset)
{
	struct browser b, other;
	struct str old, link;

	setup_people(&b, t, true);
	other = b;
	post(&other, "/sign-in", "email=ana%40campus.example&password=a+heron+on+the+quay");
	get(&other, "/profile");
	EXPECT_EQ("signed in elsewhere", other.status, 200);
	post(&b, "/password/reset", "email=ana%40campus.example");
	old = mailed_link(&b, "ana@campus.example");
	post(&b, "/password/reset", "email=ana%40campus.example");
	link = mailed_link(&b, "ana@campus.example");
	get(&b, str_z(&t->arena, old));
	EXPECT_EQ("a newer request ends the older link (S-44)", b.status, 410);
	post(&b, str_z(&t->arena, link), "password=short");
	EXPECT_EQ("a weak password is refused, the link stays", b.status, 422);
	post(&b, str_z(&t->arena, link), "password=two+herons+on+the+quay");
	EXPECT_EQ("saved and signed in", b.status, 303);
	get(&b, "/profile");
	EXPECT_EQ("here", b.status, 200);
	get(&other, "/profile");
	EXPECT_EQ("and out everywhere else (S-42)", other.status, 303);
	b.session = STR("");
	post(&b, str_z(&t->arena, link), "password=three+herons+on+the+quay");
	EXPECT_EQ("the link works once", b.status, 410);
	static const char *const bad[] = { "/password/new/%2A", "/password/new/%20", "/password/new/%00",
		                           "/password/new/true", "/password/new/[]" };

	for (size_t i = 0; i < COUNT(bad); i++) {
		get(&b, bad[i]);
		EXPECT("made-up tokens open nothing (S-44)", b.status == 410 || b.status == 400 || b.status == 404);
	}
}

static struct str secret_on(struct browser *b)
{
	static const char mark[] = "name=\"secret\" value=\"";
	size_t at = str_find(b->body, str_of(mark));

	return at == STR_NONE ? STR("") : str_sub(str_from(b->body, at + sizeof(mark) - 1), 0, 32);
}

static struct str code_now(struct test *t, struct str secret, int64_t add)
{
	uint32_t v = 0;

	EXPECT_RC(RC_OK, totp_code(secret, time_now().us / SECOND_US / 30 + add, &v));
	return arena_strf(&t->arena, "%06u", v);
}

TEST_EACH_DB(signin_second_step)
{
	struct browser b;
	struct str secret, full;

	setup_people(&b, t, true);
	post(&b, "/sign-in", "email=admin%40desk.example&password=a+heron+on+the+quay");
	EXPECT_STR("agents go to the desk", b.location, "/desk");
	get(&b, "/profile/second-factor");
	secret = secret_on(&b);
	EXPECT_EQ("a secret is offered", secret.n, 32);
	post(&b, "/profile/second-factor",
	     str_z(&t->arena, arena_strf(&t->arena, "do=on&secret=" STR_F "&code=" STR_F "&password=wrong+wrong+wrong",
	                                 STR_A(secret), STR_A(code_now(t, secret, 0)))));
	EXPECT_EQ("not without the password (S-47)", b.status, 422);
	post(&b, "/profile/second-factor",
	     str_z(&t->arena,
	           arena_strf(&t->arena, "do=on&secret=" STR_F "&code=" STR_F "&password=a+heron+on+the+quay",
	                      STR_A(secret), STR_A(code_now(t, secret, 0)))));
	EXPECT_EQ("on, with recovery codes", b.status, 200);
	full = b.session;
	get(&b, "/profile");
	EXPECT_EQ("this browser goes on", b.status, 200);
	b.session = STR("");
	post(&b, "/sign-in", "email=admin%40desk.example&password=a+heron+on+the+quay");
	EXPECT("the password alone leads to the second step", str_starts(b.location, STR("/sign-in/code")));
	get(&b, "/desk/admin");
	EXPECT("and opens nothing", b.status == 303 || b.status == 404);
	post(&b, "/sign-in/code", "code=000000");
	EXPECT_EQ("a wrong code is refused", b.status, 422);
	post(&b, "/sign-in/code",
	     str_z(&t->arena, arena_strf(&t->arena, "code=" STR_F, STR_A(code_now(t, secret, 0)))));
	EXPECT_EQ("the code of the enrolment does not work twice", b.status, 422);
	struct str half = b.session;

	post(&b, "/sign-in/code",
	     str_z(&t->arena, arena_strf(&t->arena, "code=" STR_F, STR_A(code_now(t, secret, 1)))));
	EXPECT_EQ("the next one opens", b.status, 303);
	EXPECT("with a new session token (S-42)", !str_eq(half, b.session) && !str_eq(full, b.session));
	get(&b, "/desk/admin");
	EXPECT_EQ("the desk is open", b.status, 200);
	b.session = half;
	for (int i = 0; i < 3; i++)
		get(&b, "/desk/admin");
	EXPECT("the half session is gone", b.status == 303 || b.status == 404);
}

TEST_EACH_DB(signin_code_tries)
{
	struct browser b;
	struct str secret;

	setup_people(&b, t, true);
	post(&b, "/sign-in", "email=admin%40desk.example&password=a+heron+on+the+quay");
	get(&b, "/profile/second-factor");
	secret = secret_on(&b);
	post(&b, "/profile/second-factor",
	     str_z(&t->arena,
	           arena_strf(&t->arena, "do=on&secret=" STR_F "&code=" STR_F "&password=a+heron+on+the+quay",
	                      STR_A(secret), STR_A(code_now(t, secret, 0)))));
	b.session = STR("");
	post(&b, "/sign-in", "email=admin%40desk.example&password=a+heron+on+the+quay");
	for (int i = 0; i < CODE_TRIES; i++)
		post(&b, "/sign-in/code", "code=000000");
	post(&b, "/sign-in/code",
	     str_z(&t->arena, arena_strf(&t->arena, "code=" STR_F, STR_A(code_now(t, secret, 1)))));
	EXPECT_EQ("five codes, then none (S-43)", b.status, 429);
}

TEST_EACH_DB(signin_password_change_wants_password)
{
	struct browser b, other;

	setup_people(&b, t, true);
	other = b;
	post(&b, "/sign-in", "email=ana%40campus.example&password=a+heron+on+the+quay");
	post(&other, "/sign-in", "email=ana%40campus.example&password=a+heron+on+the+quay");
	post(&b, "/profile/password", "password=two+herons+on+the+quay");
	EXPECT_EQ("not without the present password (S-47)", b.status, 422);
	post(&b, "/profile/password", "current=a+heron+on+the+quay&password=two+herons+on+the+quay");
	EXPECT_EQ("with it, yes", b.status, 303);
	get(&b, "/profile");
	EXPECT_EQ("this browser goes on", b.status, 200);
	get(&other, "/profile");
	EXPECT_EQ("others are out (S-42)", other.status, 303);
}

TEST_EACH_DB(setup_once)
{
	static const char form[] = "product=Campus+Desk&support_addr=help%40desk.example&name=The+administrator&email="
	                           "boss%40desk.example&password=a+heron+on+the+quay";
	struct browser b;

	desk_open(&b, t);
	b.desk.config.support_addr = STR("");
	get(&b, "/sign-in");
	EXPECT_STR("an empty desk leads to its set-up", b.location, "/setup");
	get(&b, "/setup");
	EXPECT_EQ("which shows", b.status, 200);
	post(&b, "/setup",
	     "product=X&support_addr=help%40desk.example&name=N&email=boss%40desk.example&password=password123");
	EXPECT_EQ("a well-known password is refused", b.status, 422);
	post(&b, "/setup", form);
	EXPECT_EQ("the desk is open", b.status, 303);
	get(&b, "/desk/admin");
	EXPECT_EQ("for its administrator", b.status, 200);
	EXPECT("under its name", str_find(b.body, STR("Campus Desk")) != STR_NONE);
	b.session = STR("");
	get(&b, "/setup");
	EXPECT_EQ("and the page is gone (S-39)", b.status, 404);
	post(&b, "/setup", form);
	EXPECT_EQ("for everybody", b.status, 404);
	EXPECT_EQ("there is one administrator", count_of(t, "admins"), 1);
}

struct racer {
	const struct http_config *c;
	struct str raw;
	int status;
};

static void *race(void *arg)
{
	struct racer *x = arg;
	AUTO_BUF out;

	buf_init(&out, 4 << 20);
	http_loopback(x->c, x->raw, &out);
	x->status = out.n > 12 ? (out.p[9] - '0') * 100 + (out.p[10] - '0') * 10 + (out.p[11] - '0') : 0;
	return NULL;
}

TEST_EACH_DB(setup_race)
{
	struct racer x[8];
	pthread_t threads[8];
	struct browser b;
	int open = 0;

	desk_open(&b, t);
	for (size_t i = 0; i < COUNT(x); i++) {
		struct str body = arena_strf(&t->arena,
		                             "product=Desk&support_addr=help%%40desk.example&name=N&email=boss%zu%%"
		                             "40desk.example&password=a+heron+on+the+quay",
		                             i);

		x[i] = (struct racer){ .c = &b.c,
			               .raw = arena_strf(
			                       &t->arena,
			                       "POST /setup HTTP/1.1\r\nHost: help.example\r\nOrigin: "
			                       "http://help.example\r\nContent-Type: "
			                       "application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n" STR_F,
			                       body.n, STR_A(body)) };
	}
	for (size_t i = 0; i < COUNT(x); i++)
		EXPECT_EQ("a thread", pthread_create(&threads[i], NULL, race, &x[i]), 0);
	for (size_t i = 0; i < COUNT(x); i++) {
		pthread_join(threads[i], NULL);
		open += x[i].status == 303;
	}
	EXPECT_EQ("of eight at once one opens the desk (S-39)", open, 1);
	EXPECT_EQ("and there is one administrator", count_of(t, "admins"), 1);
}

TEST_EACH_DB(people_managed)
{
	struct browser b;
	struct str link;
	struct people_made m = setup_people(&b, t, true);

	post(&b, "/sign-in", "email=ana%40campus.example&password=a+heron+on+the+quay");
	post(&b, "/people",
	     "name=Cy&email=cy%40campus.example&role=operator&scope=account&disabled_at=1&account_id=99&password=x");
	EXPECT_EQ("added", b.status, 303);
	link = mailed_link(&b, "cy@campus.example");
	EXPECT("invited", str_starts(link, STR("/password/new/")));
	post(&b, "/people", "name=Cy&email=cy%40campus.example&role=operator&scope=account");
	EXPECT_EQ("an address is one person's", b.status, 409);
	post(&b, "/people",
	     "name=%3Cscript%3Ealert(1)%3C%2Fscript%3E&email=not-an-address&role=operator&scope=account");
	EXPECT_EQ("a wrong address is shown", b.status, 422);
	EXPECT("and nothing typed becomes markup", str_find(b.body, STR("<script>alert")) == STR_NONE);
	struct browser cy = b;

	cy.session = cy.device = STR("");
	post(&cy, str_z(&t->arena, link), "password=a+heron+on+the+quay");
	EXPECT_EQ("the invitation opens", cy.status, 303);
	get(&cy, "/people");
	EXPECT_EQ("operators read the list", cy.status, 200);
	post_from(&cy, "/profile", "/people", "name=Di&email=di%40campus.example&role=manager&scope=account");
	EXPECT_EQ("and do not change it (S-36)", cy.status, 403);
	post_from(&cy, "/profile", "/profile",
	          "do=prefs&name=Cy&lang=es&role=manager&roles=3&scope=account&account_id=1");
	post_from(&cy, "/profile", "/people", "name=Di&email=di%40campus.example&role=manager&scope=account");
	EXPECT_EQ("not by fields of other forms either", cy.status, 403);
	const char *bea = str_z(&t->arena, arena_strf(&t->arena, "/people/%lld", (long long)m.bea.v));
	struct browser out = b;

	out.session = out.device = STR("");
	post(&out, "/sign-in", "email=bea%40campus.example&password=a+heron+on+the+quay");
	get(&out, "/people");
	EXPECT_EQ("the auditor is in", out.status, 200);
	post(&b, bea, "do=disable");
	EXPECT_EQ("disabled", b.status, 303);
	get(&out, "/people");
	EXPECT_EQ("and out at once (S-42)", out.status, 303);
	out.session = STR("");
	post(&out, "/sign-in", "email=bea%40campus.example&password=a+heron+on+the+quay");
	EXPECT_EQ("for good", out.status, 422);
	get(&b, "/people/999");
	EXPECT_EQ("nobody is not found", b.status, 404);
	get(&b, "/sites");
	EXPECT_EQ("the sites show", b.status, 200);
	get(&b, "/subscription");
	EXPECT_EQ("the subscription shows", b.status, 200);
}

/* Three that failed: two to one address. */
static enum rc put_failed(struct db_tx *tx, void *arg, struct err *err)
{
	static const char *const to[] = { "gone@campus.example", "gone@campus.example", "full@campus.example" };
	struct browser *b = arg;
	struct outmail_id id;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < COUNT(to) && rc == RC_OK; i++) {
		struct outmail m = { .kind = "reply",
			             .from_addr = STR("support@desk.example"),
			             .to_addr = str_of(to[i]),
			             .subject = arena_strf(&b->t->arena, "Subject <%zu>", i),
			             .text = STR("Text") };

		rc = outbox_put(tx, &m, (struct instant){ 5 }, &id, err);
		if (rc == RC_OK)
			rc = outbox_failed(tx, id, i < 2 ? STR("RCPT failed: 550 (the server answered 550 5.1.1 <none>)") : STR("552 5.2.2 full"),
			                   (struct instant){ 0 }, err);
	}
	return rc;
}

struct undelivered {
	struct test *t;
	struct outmail_row *rows;
	size_t n, n_dismissed;
};

static enum rc list_undelivered(struct db_tx *tx, void *arg, struct err *err)
{
	struct undelivered *u = arg;

	enum rc rc = outbox_undelivered(tx, &u->t->arena, true, 100, &u->rows, &u->n_dismissed, err);

	return rc == RC_OK ? outbox_undelivered(tx, &u->t->arena, false, 100, &u->rows, &u->n, err) : rc;
}

static void mails_again(struct browser *b)
{
	struct undelivered u = { .t = b->t };
	struct test *t = b->t;

	EXPECT_RC(RC_OK, db_write(t->db, put_failed, b, &t->err));
	get(b, "/desk/admin/mails");
	EXPECT("why, in words", str_find(b->body, STR("There is no such address.")) != STR_NONE &&
	                                str_find(b->body, STR("The mailbox is full.")) != STR_NONE);
	EXPECT("and as the server said it, escaped", str_find(b->body, STR("550 5.1.1 &lt;none&gt;")) != STR_NONE);
	EXPECT("all to an address, once, where there are several",
	       str_find(b->body, STR("name=\"to\" value=\"gone@campus.example\"")) != STR_NONE &&
	               str_find(b->body, STR("name=\"to\" value=\"full@campus.example\"")) == STR_NONE);
	EXPECT_RC(RC_OK, db_read(t->db, list_undelivered, &u, &t->err));
	if (!EXPECT_EQ("three are there", u.n, 3))
		return;
	struct str one = arena_strf(&t->arena, "id=%lld", (long long)u.rows[0].id.v);

	post(b, "/desk/admin/mails", str_z(&t->arena, one));
	EXPECT_EQ("one is queued", b->status, 303);
	post(b, "/desk/admin/mails", str_z(&t->arena, one));
	EXPECT_EQ("once", b->status, 404);
	post(b, "/desk/admin/mails", "to=Gone%40Campus.example");
	EXPECT_EQ("all to an address are queued", b->status, 303);
	EXPECT_RC(RC_OK, db_read(t->db, list_undelivered, &u, &t->err));
	EXPECT_EQ("none is left", u.n, 0);
}

static void mails_dismissed(struct browser *b)
{
	struct undelivered u = { .t = b->t };
	struct test *t = b->t;

	EXPECT_RC(RC_OK, db_write(t->db, put_failed, b, &t->err));
	EXPECT_RC(RC_OK, db_read(t->db, list_undelivered, &u, &t->err));
	struct str one = arena_strf(&t->arena, "do=seen&id=%lld", (long long)u.rows[0].id.v);

	post(b, "/desk/admin/mails", str_z(&t->arena, one));
	EXPECT_EQ("one is dismissed", b->status, 303);
	post(b, "/desk/admin/mails", str_z(&t->arena, one));
	EXPECT_EQ("once", b->status, 404);
	post(b, "/desk/admin/mails", "do=seen&to=Gone%40campus.example");
	EXPECT_EQ("all of an address are", b->status, 303);
	EXPECT_RC(RC_OK, db_read(t->db, list_undelivered, &u, &t->err));
	EXPECT("they left the list, and are kept", u.n == 0 && u.n_dismissed == 3);
	get(b, "/desk/admin/mails");
	EXPECT("nothing stands there", str_find(b->body, STR("No mail failed.")) != STR_NONE);
	get(b, "/desk/admin/mails?dismissed=1");
	EXPECT("who saw them is told", str_find(b->body, STR("Dismissed by ")) != STR_NONE && str_find(b->body, STR("Dismissed by ,")) == STR_NONE);
	post(b, "/desk/admin/mails", "to=gone%40campus.example");
	EXPECT_EQ("what was dismissed is not sent with the others of its address", b->status, 404);
	get(b, "/desk/admin/mails?dismissed=1");
	size_t at = str_find(b->body, STR("name=\"id\" value=\""));
	if (!EXPECT("each has its buttons", at != STR_NONE))
		return;
	struct str id = str_from(b->body, at + 17);
	id = str_sub(id, 0, str_find_byte(id, '"'));
	post(b, "/desk/admin/mails", str_z(&t->arena, arena_strf(&t->arena, "do=unseen&id=" STR_F, STR_A(id))));
	EXPECT_EQ("one goes back", b->status, 303);
	post(b, "/desk/admin/mails", str_z(&t->arena, arena_strf(&t->arena, "do=again&id=" STR_F, STR_A(id))));
	EXPECT_EQ("and is sent again", b->status, 303);
	EXPECT_RC(RC_OK, db_read(t->db, list_undelivered, &u, &t->err));
	EXPECT("two stay dismissed", u.n == 0 && u.n_dismissed == 2);
}

static void mail_words(struct browser *b)
{
	struct test *t = b->t;

	get(b, "/desk/admin/mail-texts?kind=reply&lang=es");
	EXPECT("the built-in text, in its language", b->status == 200 && str_find(b->body, STR("Tiquete {number}")) != STR_NONE);
	EXPECT("what may be filled in", str_find(b->body, STR(">{message}<")) != STR_NONE);
	post(b, "/desk/admin/mail-texts", "kind=reply&lang=es&do=preview&text=%3Cb%3EHola%3C/b%3E+{name}:+{message}");
	EXPECT("the preview is filled in, and escaped", b->status == 200 && str_find(b->body, STR("&lt;b&gt;Hola&lt;/b&gt; Ana Ruiz: ")) != STR_NONE);
	post(b, "/desk/admin/mail-texts", "kind=reply&lang=es&do=save&text={message}+{password}");
	EXPECT("an unknown place is refused and named, what was written stays",
	       b->status == 422 && str_find(b->body, STR("{password} cannot be filled")) != STR_NONE &&
	               str_find(b->body, STR("{message} {password}</textarea>")) != STR_NONE);
	post(b, "/desk/admin/mail-texts", "kind=reply&lang=es&do=save&text=Hola");
	EXPECT("so is one without the reply", b->status == 422 && str_find(b->body, STR("nothing without {message}")) != STR_NONE);
	post(b, "/desk/admin/mail-texts", "kind=reply&lang=es&do=save&text=Hola+{message}");
	EXPECT_EQ("a good one is kept", b->status, 303);
	get(b, "/desk/admin/mail-texts?kind=reply&lang=es");
	EXPECT("and shown", str_find(b->body, STR("Hola {message}</textarea>")) != STR_NONE);
	post(b, "/desk/admin/mail-texts", "kind=reply&lang=es&do=builtin&text=");
	EXPECT_EQ("back to the built-in text", b->status, 303);
	get(b, "/desk/admin/mail-texts?kind=reply&lang=es");
	EXPECT("which is there", str_find(b->body, STR("Tiquete {number}")) != STR_NONE);
	get(b, "/desk/admin/mail-texts?kind=sign-in&lang=es");
	EXPECT_EQ("no other mails", b->status, 404);
	get(b, "/desk/admin/mail-texts?kind=ack&lang=xx");
	EXPECT_EQ("no other languages", b->status, 404);
}

TEST_EACH_DB(admin_pages)
{
	static const char *const pages[] = { "/desk/admin",        "/desk/admin/accounts", "/desk/admin/agents",
		                             "/desk/admin/tokens", "/desk/admin/plans",    "/desk/admin/jobs",
		                             "/desk/admin/mails",  "/desk/admin/import" };
	struct browser b;
	struct people_made m = setup_people(&b, t, true);

	post(&b, "/sign-in", "email=admin%40desk.example&password=a+heron+on+the+quay");
	for (size_t i = 0; i < COUNT(pages); i++) {
		get(&b, pages[i]);
		EXPECT_EQ(pages[i], b.status, 200);
	}
	mails_again(&b);
	mails_dismissed(&b);
	mail_words(&b);
	post(&b, "/desk/admin/agents", "name=Agent&email=agent%40desk.example&role=agent");
	EXPECT_EQ("an agent is invited", b.status, 303);
	EXPECT("by mail", str_starts(mailed_link(&b, "agent@desk.example"), STR("/password/new/")));
	post(&b, "/desk/admin/plans", "code=BASIC&name=Basic");
	EXPECT_EQ("a plan", b.status, 303);
	const char *plan = str_z(&t->arena, b.location),
	           *acc = str_z(&t->arena, arena_strf(&t->arena, "/desk/admin/accounts/%lld", (long long)m.account.v));

	post(&b, plan,
	     "name=Basic&support=1&rank=10&quota=5&ch=1.1.3&ch=2.0.1&target=15&target=&target=&target=240&target=&"
	     "target=&target=&target=&target=&target=&target=&target=&target=&target=&target=&target=");
	EXPECT_EQ("with its promises", b.status, 303);
	get(&b, plan);
	EXPECT("which are kept", str_find(b.body, STR("value=\"240\"")) != STR_NONE);
#define NONE15(f, v)                                                                                                   \
	"&" f "=" v "&" f "=" v "&" f "=" v "&" f "=" v "&" f "=" v "&" f "=" v "&" f "=" v "&" f "=" v "&" f "=" v    \
	"&" f "=" v "&" f "=" v "&" f "=" v "&" f "=" v "&" f "=" v "&" f "=" v
	post(&b, plan,
	     "name=Basic&support=1&rank=10&calendar=0&target=15" NONE15("target", "") "&cal=0" NONE15(
	             "cal", "0") "&warn=60" NONE15("warn", "") "&pauses=3" NONE15("pauses", "0"));
	EXPECT_EQ("how it is counted is saved", b.status, 303);
	get(&b, plan);
	EXPECT("the warning", str_find(b.body, STR("first answer\" value=\"60\"")) != STR_NONE);
	EXPECT("what stops it", str_find(b.body, STR("value=\"3\" selected")) != STR_NONE);
	post(&b, plan,
	     "name=Basic&support=1&rank=10&target=15" NONE15("target", "") "&cal=77" NONE15(
	             "cal", "0") "&warn=60" NONE15("warn", "") "&pauses=3" NONE15("pauses", "0"));
	EXPECT_EQ("a calendar that is none is refused", b.status, 422);
	post(&b, plan,
	     "name=Basic&support=1&rank=10&target=15" NONE15("target", "") "&cal=0" NONE15(
	             "cal", "0") "&warn=101" NONE15("warn", "") "&pauses=3" NONE15("pauses", "0"));
	EXPECT("a warning after the end, too, and it stays on the page",
	       b.status == 422 && str_find(b.body, STR("value=\"101\"")) != STR_NONE);
	post(&b, "/desk/admin/estimates", "days_s=2&days_m=4&days_l=9");
	EXPECT_EQ("estimates of requests", b.status, 303);
	get(&b, "/desk/admin/plans");
	EXPECT("are kept", str_find(b.body, STR("name=\"days_l\" inputmode=\"numeric\" value=\"9\"")) != STR_NONE);
	post(&b, "/desk/admin/estimates", "days_s=5&days_m=4&days_l=9");
	EXPECT_EQ("S does not take longer than M", b.status, 422);
	post(&b, acc, "do=subscription&name=Main&plan=1&valid_from=2026-01-01&valid_to=");
	EXPECT_EQ("a subscription", b.status, 303);
	post(&b, acc, "do=subscription&name=Main&plan=1&valid_from=tomorrow");
	EXPECT_EQ("not from a day that is none", b.status, 422);
	post(&b, acc, "do=subscription&name=Second+one&ref=R-77&plan=1&valid_from=tomorrow&valid_to=2027-01-01");
	EXPECT("and the form keeps what was typed", b.status == 422 &&
	                                                    str_find(b.body, STR("value=\"Second one\"")) != STR_NONE &&
	                                                    str_find(b.body, STR("value=\"R-77\"")) != STR_NONE &&
	                                                    str_find(b.body, STR("value=\"2027-01-01\"")) != STR_NONE);
	post(&b, acc, "do=contact&name=Third+one&email=none&phone=%2B57&role=auditor&scope=account");
	EXPECT("also that of a person, and only that",
	       b.status == 422 && str_find(b.body, STR("value=\"Third one\"")) != STR_NONE &&
	               str_find(b.body, STR("value=\"auditor\" selected")) != STR_NONE &&
	               str_find(b.body, STR("value=\"none\">")) != STR_NONE &&
	               str_find(b.body, STR("id=\"sub-name\" name=\"name\" required value=\"\"")) != STR_NONE);
	post(&b, acc, "do=site&name=Campus&hosts=lms%3Acampus.example+studio%3Astudio.campus.example&sub=1");
	EXPECT_EQ("a site", b.status, 303);
	post(&b, acc, "do=contact&name=Di&email=di%40campus.example&role=operator&scope=site%3A1&invite=1");
	EXPECT_EQ("a person for that site", b.status, 303);
	get(&b, acc);
	EXPECT("all on one page", b.status == 200 && str_find(b.body, STR("studio.campus.example")) != STR_NONE);
	post(&b, "/desk/admin/tokens",
	     "do=make&name=billing&owner=agent%3A1&scope=1&days=30&password=wrong+wrong+wrong");
	EXPECT_EQ("no token without the password (S-47)", b.status, 422);
	post(&b, "/desk/admin/tokens",
	     "do=make&name=billing&owner=agent%3A1&scope=1&days=30&password=a+heron+on+the+quay");
	EXPECT("a token, shown once", b.status == 200 && str_find(b.body, STR(">carrel_")) != STR_NONE);
	get(&b, "/desk/admin/tokens");
	EXPECT("and never again (S-37)", b.status == 200 && str_find(b.body, STR(">carrel_")) == STR_NONE);
	get(&b, "/desk/admin/subscriptions/1");
	EXPECT_EQ("the subscription's page", b.status, 200);
	get(&b, "/desk/admin/sites/1");
	EXPECT_EQ("the site's page", b.status, 200);
	get(&b, str_z(&t->arena, arena_strf(&t->arena, "/desk/admin/contacts/%lld", (long long)m.ana.v)));
	EXPECT_EQ("the person's page", b.status, 200);
	const char *self = str_z(&t->arena, arena_strf(&t->arena, "/desk/admin/agents/%lld", (long long)m.admin.v));

	post(&b, self, "do=disable");
	EXPECT("the last administrator stays (S-36)", b.status == 409 || b.status == 422);
}

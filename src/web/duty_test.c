/* The forms of duty, as whole requests on both engines: what is typed becomes the text that is stored, what a form
 * cannot show stays, buttons save nothing, a stale form is refused. How they look and read is tests/web/duty.mjs. */
#include "auth/auth.h"
#include "http/http.h"
#include "oncall/oncall.h"
#include "ticket/ticket_world.h"
#include "util/recall.h"
#include "web/web.h"

struct boss {
	struct test *t;
	struct world w;
	struct desk desk;
	struct http_config c;
	struct str session, body;
	int status;
	struct oncall_schedule *at;
	struct oncall_policy *policies;
	size_t n, n_policies;
};
static const struct route *const test_routes[] = { admin_schedule_routes, admin_policy_routes, NULL };

static enum rc seed(struct db_tx *tx, void *arg, struct err *err)
{
	struct boss *b = arg;
	struct test *t = b->t;
	struct agent a = { .name = STR_INIT("Boss"),
		           .email = STR_INIT("boss@desk.example"),
		           .role = AGENT_ADMIN,
		           .lang = STR_INIT("en"),
		           .zone = STR_INIT("UTC") };
	struct agent_id id;

	EXPECT_RC(RC_OK, agent_create(tx, &b->w.desk, NOW, &a, &id, err));
	return session_start(tx, &t->arena, (struct person){ ACTOR_AGENT, id.v }, false, STR("test"), time_now(),
	                     &b->session, err);
}

static void begin(struct test *t, struct boss *b)
{
	*b = (struct boss){ .t = t };
	world_make(t, &b->w, -1);
	b->desk.db = t->db;
	b->desk.recall = recall_new(1 << 20);
	b->desk.config.base_url = STR("http://help.example");
	b->desk.config.zone = STR("UTC");
	b->desk.config.prefix = STR("CAR");
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
	EXPECT_RC(RC_OK, db_write(t->db, seed, b, &t->err));
}

static void ask(struct boss *b, const char *method, const char *path, struct str body)
{
	struct arena *a = &b->t->arena;
	int64_t status = 0;
	AUTO_BUF out;

	buf_init(&out, 4 << 20);
	http_loopback(
	        &b->c,
	        arena_strf(
	                a,
	                "%s %s HTTP/1.1\r\nHost: help.example\r\nOrigin: http://help.example\r\nCookie: session=" STR_F
	                "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n" STR_F,
	                method, path, STR_A(b->session), body.n, STR_A(body)),
	        &out);
	struct str all = arena_str(a, buf_str(&out));

	b->body = str_from(all, str_find(all, STR("\r\n\r\n")) + 4);
	b->status = str_to_i64(str_sub(all, 9, 3), &status) == RC_OK ? (int)status : 0;
}

static struct str hidden(struct boss *b, const char *name)
{
	struct str mark = arena_strf(&b->t->arena, "name=\"%s\" value=\"", name);
	size_t at = str_find(b->body, mark);
	struct str rest = at == STR_NONE ? STR("") : str_from(b->body, at + mark.n);

	return str_sub(rest, 0, rest.n ? str_find_byte(rest, '"') : 0);
}

/* The page is opened, then its form sent with these fields. */
static void post(struct boss *b, const char *path, const char *fields)
{
	ask(b, "GET", path, STR(""));
	struct str csrf = hidden(b, "csrf"), was = hidden(b, "was");

	ask(b, "POST", path, arena_strf(&b->t->arena, "%s&was=" STR_F "&csrf=" STR_F, fields, STR_A(was), STR_A(csrf)));
}

static bool shows(const struct boss *b, const char *text)
{
	return str_find(b->body, str_of(text)) != STR_NONE;
}

static enum rc list(struct db_tx *tx, void *arg, struct err *err)
{
	struct boss *b = arg;
	enum rc rc = oncall_list(tx, &b->t->arena, NOW, time_add(NOW, 1), &b->at, &b->n, err);

	return rc == RC_OK ? oncall_policy_list(tx, &b->t->arena, &b->policies, &b->n_policies, err) : rc;
}

static void look(struct boss *b)
{
	struct test *t = b->t;

	EXPECT_RC(RC_OK, db_read(t->db, list, b, &t->err));
}

#define NEW "/desk/admin/oncall/schedules/new"
#define FORM                                                                                                           \
	"name=Night+line&zone=Europe%2FMadrid&l0_rotation=weekly&l0_every=2&l0_start=2026-10-05&l0_handoff=09%3A00&"   \
	"l0_person=0&l0_person=1&l0_person=2"                                                                          \
	"&l0_mon=18%3A00-08%3A00&l0_extra=%7B%22holidays%22%3A%5B%2212-25%22%5D%7D"                                    \
	"&l1_rotation=daily&l1_every=&l1_start=2026-12-01&l1_until=2026-12-05&l1_handoff=10%3A30&l1_person=2"

TEST_EACH_DB(duty_schedule_form)
{
	struct boss b;

	begin(t, &b);
	post(&b, NEW,
	     "do=save&name=&zone=Nowhere&l0_rotation=hours&l0_every=0&l0_start=x&l0_handoff=25%3A00&l0_person=0&l0_tue="
	     "8-9");
	EXPECT_EQ("what is wrong is refused", b.status, 422);
	const char *const field[] = { "name", "zone", "l0_every", "l0_start", "l0_handoff", "l0_person", "l0_tue" };

	for (size_t i = 0; i < COUNT(field); i++)
		EXPECT(field[i], shows(&b, arena_strf(&t->arena, "id=\"%s-error\"", field[i]).p));
	EXPECT("what was typed stays",
	       shows(&b, "value=\"25:00\"") && shows(&b, "value=\"8-9\"") && shows(&b, "value=\"Nowhere\""));
	post(&b, NEW, "do=layer&" FORM);
	EXPECT_EQ("a button shows the form again", b.status, 200);
	EXPECT("with a layer more", shows(&b, "id=\"l2_start\""));
	post(&b, NEW, "do=drop%3A0&" FORM);
	EXPECT("or one less", shows(&b, "value=\"10:30\"") && !shows(&b, "id=\"l1_start\""));
	post(&b, NEW, "do=preview&" FORM);
	EXPECT("or who would be on duty", b.status == 200 && shows(&b, "id=\"next\""));
	look(&b);
	EXPECT_EQ("and nothing was saved by them", b.n, 0);

	post(&b, NEW, "do=save&" FORM);
	EXPECT_EQ("saved", b.status, 303);
	look(&b);
	EXPECT_EQ("one schedule", b.n, 1);
	const struct oncall_schedule *s = &b.at[0];

	EXPECT_STR("its zone", s->zone, "Europe/Madrid");
	EXPECT_EQ("its layers", s->n_layers, 2);
	EXPECT("people in their turn",
	       s->layer[0].n_agents == 2 && s->layer[0].agents[0].v == 1 && s->layer[0].agents[1].v == 2);
	EXPECT("two weeks each, from nine",
	       s->layer[0].rotation == ROTATE_WEEKLY && s->layer[0].every == 2 && s->layer[0].handoff == 9 * 60);
	EXPECT("its hours and the holidays that the form does not show",
	       s->layer[0].restricted && s->layer[0].during.n_rules + s->layer[0].during.n_dates == 1);
	EXPECT("a temporary layer ends",
	       s->layer[1].ends && s->layer[1].until == s->layer[1].start + 4 && !s->layer[1].restricted);
	const char *url = arena_strf(&t->arena, "/desk/admin/oncall/schedules/%lld", (long long)s->id).p;

	ask(&b, "GET", url, STR(""));
	EXPECT("what is stored is shown", shows(&b, "value=\"18:00-08:00\"") && shows(&b, "value=\"2026-12-05\""));
	struct str csrf = hidden(&b, "csrf"), was = hidden(&b, "was");

	post(&b, url, "do=save&" FORM "&l1_name=Feast");
	EXPECT_EQ("changed", b.status, 303);
	ask(&b, "POST", url, arena_strf(&t->arena, "%s&was=" STR_F "&csrf=" STR_F, "do=save&" FORM "&l1_name=Late", STR_A(was), STR_A(csrf)));
	EXPECT("a form made before that is refused with what was typed", b.status == 409 || b.status == 422);
	EXPECT("in words", shows(&b, "Somebody else changed this schedule") && shows(&b, "value=\"Late\""));
	look(&b);
	EXPECT_STR("the first one stands", b.at[0].layer[1].name, "Feast");
	recall_free(b.desk.recall);
}

TEST_EACH_DB(duty_policy_form)
{
	struct boss b;
	const char *path = "/desk/admin/oncall/policies/new";

	begin(t, &b);
	post(&b, path, "do=save&name=&repeat=101&s0_delay=20000&s0_target=&s0_hooks=ftp%3A%2F%2Fx");
	EXPECT_EQ("what is wrong is refused", b.status, 422);
	EXPECT("each at its field", shows(&b, "id=\"name-error\"") && shows(&b, "id=\"repeat-error\"") &&
	                                    shows(&b, "id=\"s0_delay-error\"") && shows(&b, "id=\"s0_hooks-error\""));
	post(&b, path,
	     "do=save&name=Nights&repeat=2&s0_delay=0&s0_target=agent%3A1&s0_target=supervisors&s0_hooks=https%3A%2F%"
	     "2Fchat.example%2Fa%0Ahttps%3A%2F%2Fchat.example%2Fb"
	     "&s1_delay=15&s1_target=assignee");
	EXPECT_EQ("saved", b.status, 303);
	look(&b);
	EXPECT_EQ("one policy", b.n_policies, 1);
	const struct oncall_policy *p = &b.policies[0];

	EXPECT("its steps", p->n_steps == 2 && p->step[1].delay == 15 && p->repeat == 2);
	EXPECT("its targets", p->step[0].n_targets == 4 && p->step[0].target[0].kind == TARGET_AGENT &&
	                              p->step[0].target[3].kind == TARGET_WEBHOOK);
	EXPECT_STR("its webhooks", p->step[0].target[3].url, "https://chat.example/b");
	recall_free(b.desk.recall);
}

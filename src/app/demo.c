/* `carrel demo`: an empty desk filled with something to look at. Companies are of .example, people are named by what they
 * do, passwords are made up on the spot and written to SIGN-INS.txt in the data folder (mode 0600). */
#include "app/app.h"
#include "auth/auth.h"
#include "oncall/oncall.h"
#include "ticket/ticket.h"
#include "util/buf.h"
#include "util/crypt.h"
#include <fcntl.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

struct login { const char *who, *email, *where; struct str password, hash; struct person person; };
enum { MANAGER, AUDITOR, OPERATOR, FREE_MANAGER, EXPIRED_MANAGER, AGENT, ADMIN, N_LOGINS };

struct demo {
	struct app *app;
	struct arena *a;
	struct instant now;
	struct login login[N_LOGINS];
	struct contact contact[N_LOGINS];
	struct agent agent[N_LOGINS];
	struct actor system;
	struct plan_id free, basic, enhanced, advanced;
	struct calendar_id office, always;
	struct team_id courses, platform;
};

#define TRY(call) do { enum rc rc_ = (call); if (rc_ != RC_OK) return rc_; } while (0)

static void allow(struct plan *p, enum ticket_kind k, int crit, bool phone)
{
	p->channels[k][crit] = 1 << CHANNEL_FORM | 1 << CHANNEL_MAIL | 1 << CHANNEL_API | 1 << CHANNEL_WIDGET | 1 << CHANNEL_AGENT;
	if (phone) /* criticality 1 and 2 are received by telephone; other ways open too, flagged */
		p->channels[k][crit] = 1 << CHANNEL_PHONE | 1 << CHANNEL_AGENT;
}

static enum rc plan(struct demo *d, struct db_tx *tx, const char *code, const char *name, int rank, bool support, bool phone, int64_t quota, const int32_t first[5],
		    const int32_t solution[5], struct plan_id *ret, struct err *err)
{
	struct plan p = { .code = str_of(code), .name = str_of(name), .rank = rank, .support = support, .quota_month = quota, .calendar = d->office };

	for (int c = 1; support && c <= 4; c++) {
		allow(&p, TICKET_INCIDENT, c, phone && c <= 2);
		p.target[c][METRIC_FIRST_RESPONSE] = first[c];
		p.target[c][METRIC_NEXT_RESPONSE] = first[c];
		p.target[c][METRIC_UPDATE] = first[c] * 4;
		p.target[c][METRIC_SOLUTION] = solution[c];
		/* Who can telephone is helped at night, too. */
		for (int m = METRIC_FIRST_RESPONSE; phone && c <= 2 && m <= METRIC_SOLUTION; m++)
			p.target_calendar[c][m] = d->always;
	}
	if (support)
		allow(&p, TICKET_REQUEST, 0, false);
	return plan_save(tx, &d->system, d->now, &p, ret, err);
}

#define DAY(name) "\"" name "\":[[\"08:00\",\"18:00\"]],"
/* The holidays of Colombia; most of them move to the Monday after. */
#define OFFICE_HOURS                                                                                                               \
	"{" DAY("mon") DAY("tue") DAY("wed") DAY("thu") DAY("fri")                                                                 \
	"\"holidays\":[{\"yearly\":\"01-01\",\"name\":\"New Year\"},{\"yearly\":\"01-06\",\"move\":\"monday\",\"name\":\"Epiphany\"},"             \
	"{\"yearly\":\"03-19\",\"move\":\"monday\",\"name\":\"Saint Joseph\"},{\"easter\":-3,\"name\":\"Maundy Thursday\"},"                         \
	"{\"easter\":-2,\"name\":\"Good Friday\"},{\"yearly\":\"05-01\",\"name\":\"Labour Day\"},{\"easter\":43,\"name\":\"Ascension\"},"            \
	"{\"easter\":64,\"name\":\"Corpus Christi\"},{\"easter\":71,\"name\":\"Sacred Heart\"},"                                               \
	"{\"yearly\":\"06-29\",\"move\":\"monday\",\"name\":\"Saint Peter and Saint Paul\"},{\"yearly\":\"07-20\",\"name\":\"Independence\"},"     \
	"{\"yearly\":\"08-07\",\"name\":\"Battle of Boyacá\"},{\"yearly\":\"08-15\",\"move\":\"monday\",\"name\":\"Assumption\"},"           \
	"{\"yearly\":\"10-12\",\"move\":\"monday\",\"name\":\"Race Day\"},{\"yearly\":\"11-01\",\"move\":\"monday\",\"name\":\"All Saints\"},"   \
	"{\"yearly\":\"11-11\",\"move\":\"monday\",\"name\":\"Independence of Cartagena\"},"                                               \
	"{\"yearly\":\"12-08\",\"name\":\"Immaculate Conception\"},{\"yearly\":\"12-25\",\"name\":\"Christmas\"}]}"

static enum rc plans(struct demo *d, struct db_tx *tx, struct err *err)
{
	static const int32_t none[5], slow[5] = { 0, 240, 480, 960, 1920 }, slow_fix[5] = { 0, 960, 1920, 4800, 9600 };
	static const int32_t mid[5] = { 0, 60, 120, 480, 960 }, mid_fix[5] = { 0, 480, 960, 2400, 4800 };
	static const int32_t fast[5] = { 0, 15, 30, 240, 480 }, fast_fix[5] = { 0, 240, 480, 1440, 2880 };

	TRY(calendar_create(tx, STR("Office hours"), STR("America/Bogota"), STR(OFFICE_HOURS), &d->office, err));
	TRY(calendar_create(tx, STR("Around the clock"), STR("UTC"), STR("{\"always\":true}"), &d->always, err));
	TRY(plan(d, tx, "FREE", "Free", 1, false, false, -1, none, none, &d->free, err));
	TRY(plan(d, tx, "BASIC", "Basic", 2, true, false, 5, slow, slow_fix, &d->basic, err));
	TRY(plan(d, tx, "ENHANCED", "Enhanced", 3, true, true, -1, mid, mid_fix, &d->enhanced, err));
	return plan(d, tx, "ADVANCED", "Advanced", 4, true, true, -1, fast, fast_fix, &d->advanced, err);
}

static enum rc customer(struct demo *d, struct db_tx *tx, const char *name, const char *host, struct plan_id p, int64_t from_days, int64_t to_days,
			struct account_id *ret, struct err *err)
{
	struct account a = { .name = str_of(name), .lang = STR_INIT("en"), .zone = STR_INIT("America/Bogota") };
	struct subscription s = { .plan = p, .state = SUB_ACTIVE, .name = arena_strf(d->a, "%s campus", name), .valid_from = time_add(d->now, from_days * DAY_US), .state_at = time_add(d->now, from_days * DAY_US) };
	struct subscription_id sub;
	struct site_id site_id;

	if (to_days)
		s.valid_to = time_add(d->now, to_days * DAY_US);
	TRY(account_create(tx, &d->system, d->now, &a, ret, err));
	s.account = *ret;
	TRY(subscription_create(tx, &d->system, d->now, &s, &sub, err));
	struct site site = { .account = *ret, .subscription = sub, .name = arena_strf(d->a, "%s LMS", name), .n_hosts = 3, .roles = { HOST_LMS, HOST_STUDIO, HOST_MFE } };
	site.hosts[0] = str_of(host);
	site.hosts[1] = arena_strf(d->a, "studio.%s", host);
	site.hosts[2] = arena_strf(d->a, "apps.%s", host);
	return site_create(tx, &d->system, d->now, &site, &site_id, err);
}

static enum rc person(struct demo *d, struct db_tx *tx, int i, struct account_id account, enum contact_role role, struct err *err)
{
	struct login *l = &d->login[i];
	struct contact c = { .account = account, .name = str_of(l->who), .email = str_of(l->email), .lang = STR_INIT("en"), .zone = STR_INIT(""), .n_roles = 1, .roles = { { role, SCOPE_ACCOUNT, account.v } } };
	struct contact_id id;

	if (i == OPERATOR)
		c.lang = STR("es");
	TRY(contact_create(tx, &d->system, d->now, &c, &id, err));
	TRY(contact_find(tx, d->a, id, &d->contact[i], err));
	return credential_set_password(tx, (struct person){ ACTOR_CONTACT, id.v }, l->hash, d->now, err);
}

static enum rc duty(struct demo *d, struct db_tx *tx, struct err *err)
{
	struct str layers = arena_strf(d->a, "[{\"name\":\"Everybody\",\"rotation\":\"weekly\",\"start\":\"2026-01-05\",\"handoff\":\"09:00\",\"agents\":[%lld,%lld]}]",
				       (long long)d->agent[AGENT].id.v, (long long)d->agent[ADMIN].id.v);
	int64_t schedule, critical, promise;

	TRY(oncall_save(tx, d->a, &d->system, d->now, 0, STR("First line"), STR("America/Bogota"), layers, &schedule, err));
	TRY(oncall_policy_save(tx, d->a, &d->system, d->now, 0, STR("Critical incidents"),
			       arena_strf(d->a, "{\"steps\":[{\"delay\":0,\"targets\":[\"schedule:%lld\"]},{\"delay\":10,\"targets\":[\"supervisors\"]}],\"repeat\":3}", (long long)schedule),
			       &critical, err));
	TRY(oncall_policy_save(tx, d->a, &d->system, d->now, 0, STR("Promises"),
			       STR("{\"steps\":[{\"delay\":0,\"targets\":[\"assignee\"]},{\"delay\":15,\"targets\":[\"supervisors\"]}],\"repeat\":0}"), &promise, err));
	for (int c = 1; c <= 4; c++) {
		if (c <= 2)
			TRY(oncall_rule_set(tx, &d->system, d->now, c, TRIGGER_OPENED, critical, err));
		TRY(oncall_rule_set(tx, &d->system, d->now, c, TRIGGER_WARNED, promise, err));
		TRY(oncall_rule_set(tx, &d->system, d->now, c, TRIGGER_BREACHED, promise, err));
	}
	return RC_OK;
}

static enum rc staff(struct demo *d, struct db_tx *tx, int i, enum agent_role role, struct err *err)
{
	struct login *l = &d->login[i];
	struct agent g = { .name = str_of(l->who), .email = str_of(l->email), .role = role, .lang = STR_INIT("en"), .zone = STR_INIT("America/Bogota") };
	struct agent_id id;

	TRY(agent_create(tx, &d->system, d->now, &g, &id, err));
	TRY(agent_find(tx, d->a, id, &d->agent[i], err));
	return credential_set_password(tx, (struct person){ ACTOR_AGENT, id.v }, l->hash, d->now, err);
}

static enum rc team(struct demo *d, struct db_tx *tx, const char *name, const char *about, size_t n, struct team_id *ret, struct err *err)
{
	struct agent_id in[] = { d->agent[AGENT].id, d->agent[ADMIN].id };

	TRY(team_add(tx, &d->system, d->now, &(struct team){ .name = str_of(name), .about = str_of(about) }, ret, err));
	return team_set_members(tx, &d->system, d->now, *ret, in, n, err);
}

static enum rc give(struct demo *d, struct db_tx *tx, int64_t minutes_ago, int64_t number, struct team_id to, struct err *err)
{
	struct actor agent = actor_of_agent(&d->agent[AGENT]);

	return ticket_set_team(tx, d->a, &agent, time_add(d->now, -minutes_ago * MINUTE_US), number, to, (struct event_id){ 0 }, err);
}

static enum rc open_one(struct demo *d, struct db_tx *tx, int who, int64_t minutes_ago, enum ticket_kind kind, int crit, const char *subject, const char *text, const char *link,
			int64_t *ret, struct err *err)
{
	struct actor a = actor_of_contact(&d->contact[who]);
	struct instant at = time_add(d->now, -minutes_ago * MINUTE_US);
	struct ticket_opened opened;
	struct ticket_new n = { .account = d->contact[who].account, .contact = d->contact[who].id, .kind = kind, .criticality = crit, .channel = CHANNEL_FORM, .subject = str_of(subject),
		.text = str_of(text), .link = str_of(link), .affected_email = STR_INIT("learner@campus.example"), .opened_at = at };
	enum rc rc = ticket_open(tx, d->a, &a, at, &n, &opened, err);

	*ret = opened.number;
	return rc;
}

static enum rc say(struct demo *d, struct db_tx *tx, const struct actor *who, int64_t minutes_ago, int64_t number, const char *text, bool internal, enum ticket_state then, struct err *err)
{
	struct message_new m = { .text = str_of(text), .internal = internal, .channel = actor_is_agent(who) ? CHANNEL_AGENT : CHANNEL_FORM, .then = then, .waiting_for = then == STATE_WAITING ? WAITING_CUSTOMER : 0 };
	struct message_id id;

	return ticket_say(tx, d->a, who, time_add(d->now, -minutes_ago * MINUTE_US), number, &m, (struct event_id){ 0 }, &id, err);
}

static enum rc tickets(struct demo *d, struct db_tx *tx, struct err *err)
{
	struct actor agent = actor_of_agent(&d->agent[AGENT]), manager = actor_of_contact(&d->contact[MANAGER]);
	int64_t n;

	TRY(open_one(d, tx, MANAGER, 3 * 1440, TICKET_INCIDENT, 4, "Video thumbnails are blurry", "Since the last update all thumbnails in the course outline look blurred.", "https://apps.campus.example/learning/course/course-v1:Campus+BIO101+2026_T3/home", &n, err));
	TRY(give(d, tx, 3 * 1440 - 50, n, d->courses, err));
	TRY(say(d, tx, &agent, 3 * 1440 - 60, n, "Thank you, we can see it. The transcoding profile was changed by mistake.", false, 0, err));
	TRY(ticket_resolve(tx, d->a, &agent, time_add(d->now, -2 * DAY_US), n, STR("The transcoding profile is the old one again and all thumbnails were made anew."), (struct event_id){ 0 }, err));
	TRY(open_one(d, tx, MANAGER, 130, TICKET_INCIDENT, 3, "Slow grade book", "Opening the grade book of BIO101 takes more than a minute since this morning.", "https://campus.example/courses/course-v1:Campus+BIO101+2026_T3/instructor", &n, err));
	TRY(give(d, tx, 105, n, d->platform, err));
	TRY(say(d, tx, &agent, 100, n, "Same stack trace as last week. Checking the report queue.", true, 0, err));
	TRY(say(d, tx, &agent, 90, n, "We can reproduce it. Which browser do the teachers use, and does it happen with small groups too?", false, STATE_WAITING, err));
	TRY(open_one(d, tx, MANAGER, 45, TICKET_INCIDENT, 2, "Learners cannot submit the unit 4 quiz", "When learners press Submit the page stays blank. It started this morning, all of section B is affected.",
		     "https://apps.campus.example/learning/course/course-v1:Campus+BIO101+2026_T3/block-v1:Campus+BIO101+2026_T3+type@sequential+block@u4/block-v1:Campus+BIO101+2026_T3+type@vertical+block@quiz4", &n, err));
	TRY(give(d, tx, 40, n, d->courses, err));
	TRY(say(d, tx, &manager, 30, n, "It also happens in the mobile application.", false, 0, err));
	TRY(open_one(d, tx, OPERATOR, 26 * 60, TICKET_REQUEST, 0, "Enable Google Analytics on the campus site", "We would like to measure visits on our landing pages.", "https://campus.example/", &n, err));
	TRY(give(d, tx, 1500, n, d->platform, err));
	TRY(ticket_set_complexity(tx, d->a, &agent, time_add(d->now, -DAY_US), n, 2, STR("Needs a change of the theme"), (struct event_id){ 0 }, err));
	TRY(open_one(d, tx, OPERATOR, 20, TICKET_REQUEST, 0, "How do we copy a course to a new run?", "The teachers want to start the next term with the same content.", NULL, &n, err));
	return open_one(d, tx, MANAGER, 8, TICKET_INCIDENT, 1, "The campus does not open", "Nobody can reach campus.example since 9 o'clock: the browser says that the connection was refused.", "https://campus.example/", &n, err);
}

static enum rc fill(struct db_tx *tx, void *arg, struct err *err)
{
	struct demo *d = arg;
	struct account_id campus, sol, norte;
	int64_t admins = 0;

	TRY(agent_count(tx, &admins, err));
	if (admins)
		return fail(err, RC_CONFLICT, "this desk is not empty; demo data goes into empty desks only");
	TRY(plans(d, tx, err));
	TRY(customer(d, tx, "Campus Verde", "campus.example", d->advanced, -200, 0, &campus, err));
	TRY(customer(d, tx, "Colegio Sol", "colegio.example", d->free, -90, 0, &sol, err));
	TRY(customer(d, tx, "Uni Norte", "norte.example", d->basic, -400, -12, &norte, err));
	TRY(person(d, tx, MANAGER, campus, CONTACT_MANAGER, err));
	TRY(person(d, tx, AUDITOR, campus, CONTACT_AUDITOR, err));
	TRY(person(d, tx, OPERATOR, campus, CONTACT_OPERATOR, err));
	TRY(person(d, tx, FREE_MANAGER, sol, CONTACT_MANAGER, err));
	TRY(person(d, tx, EXPIRED_MANAGER, norte, CONTACT_MANAGER, err));
	TRY(staff(d, tx, AGENT, AGENT_AGENT, err));
	TRY(staff(d, tx, ADMIN, AGENT_ADMIN, err));
	TRY(team(d, tx, "Courses", "Units, problems, videos, grades", 1, &d->courses, err));
	TRY(team(d, tx, "Platform", "Servers, sites, themes, integrations", 2, &d->platform, err));
	TRY(duty(d, tx, err));
	TRY(setting_set(tx, "product", STR("Carrel"), err));
	TRY(setting_set(tx, "phone", STR("+57 1 555 0100"), err));
	struct actor writer = actor_of_agent(&d->agent[AGENT]);
	TRY(demo_kb(tx, d->a, &writer, d->now, err));
	return tickets(d, tx, err);
}

static enum rc write_logins(struct demo *d, struct err *err)
{
	AUTO_BUF b;

	buf_init(&b, 1 << 16);
	buf_addz(&b, "Sign-ins of the demo desk (made up when it was filled)\n\n");
	for (int i = 0; i < N_LOGINS; i++)
		buf_addf(&b, "  %-38s %-26s %s\n", d->login[i].who, d->login[i].email, d->login[i].password.p);
	const char *path = str_z(d->a, arena_strf(d->a, STR_F "/SIGN-INS.txt", STR_A(d->app->desk.config.data_dir)));
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, b.p, b.n) != (ssize_t)b.n) {
		if (fd >= 0)
			close(fd);
		return fail(err, RC_FAULT, "cannot write %s; the passwords are lost: set new ones with carrel admin password", path);
	}
	close(fd);
	fwrite(b.p, 1, b.n, stdout);
	return RC_OK;
}

int cmd_demo(struct app *app, int argc, char **argv)
{
	struct err err = { 0 };
	struct demo d = {
		.app = app, .a = &app->arena, .now = time_now(), .system = actor_system(),
		.login = {
			[MANAGER] = { .who = "Manager of Campus Verde", .email = "manager@campus.example" },
			[AUDITOR] = { .who = "Auditor of Campus Verde", .email = "auditor@campus.example" },
			[OPERATOR] = { .who = "Operator of Campus Verde", .email = "operator@campus.example" },
			[FREE_MANAGER] = { .who = "Manager of Colegio Sol (free plan)", .email = "manager@colegio.example" },
			[EXPIRED_MANAGER] = { .who = "Manager of Uni Norte (expired)", .email = "manager@norte.example" },
			[AGENT] = { .who = "Agent", .email = "agent@desk.example" },
			[ADMIN] = { .who = "Administrator", .email = "admin@desk.example" },
		},
	};
	enum rc rc = app_open(app, argv + 1, &err);

	for (int i = 0; i < N_LOGINS && rc == RC_OK; i++) {
		d.login[i].password = str_sub(random_token(d.a), 0, 14);
		d.login[i].password = arena_str(d.a, d.login[i].password);
		rc = auth_password_hash(d.a, d.login[i].password, &d.login[i].hash, &err);
	}
	if (rc == RC_OK)
		rc = db_write(app->desk.db, fill, &d, &err);
	if (rc == RC_OK)
		rc = write_logins(&d, &err);
	app_close(app);
	return rc == RC_OK ? EX_OK : app_complain("demo", &err);
}

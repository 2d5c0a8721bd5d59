/* `carrel admin`: what an operator does at the shell: first accounts, tokens, passwords. */
#include "account/account.h"
#include "app/app.h"
#include "auth/auth.h"
#include "mime/addr.h"
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

struct admin {
	struct arena *a;
	struct instant now;
	struct str arg[4];
	struct str hash, out, base_url;
	struct person person;
};

static enum rc find_person(struct db_tx *tx, struct admin *x, struct str email, struct err *err)
{
	struct agent g;
	struct contact c;
	enum rc rc = agent_find_email(tx, x->a, email, &g, NULL);

	if (rc == RC_OK) {
		x->person = (struct person){ ACTOR_AGENT, g.id.v };
		return RC_OK;
	}
	rc = contact_find_email(tx, x->a, email, &c, NULL);
	if (rc == RC_OK)
		x->person = (struct person){ ACTOR_CONTACT, c.id.v };
	return rc == RC_OK ? RC_OK : fail(err, RC_NOT_FOUND, "nobody has the address " STR_F, STR_A(email));
}

static enum rc make_agent(struct db_tx *tx, void *arg, struct err *err)
{
	struct admin *x = arg;
	struct actor who = actor_system();
	struct agent g = { .name = x->arg[1], .lang = STR_INIT("en"), .zone = STR_INIT("UTC") };
	struct agent_id id;
	enum rc rc = addr_canonical(x->a, x->arg[0], &g.email, err);

	if (rc == RC_OK && agent_role_parse(x->arg[2].n ? x->arg[2] : STR("agent"), &g.role) != RC_OK)
		rc = fail(err, RC_INVALID, "a role is agent, supervisor or administrator");
	if (rc == RC_OK)
		rc = agent_create(tx, &who, x->now, &g, &id, err);
	if (rc == RC_OK)
		rc = credential_set_password(tx, (struct person){ ACTOR_AGENT, id.v }, x->hash, x->now, err);
	x->out = STR("made");
	return rc;
}

static enum rc set_password(struct db_tx *tx, void *arg, struct err *err)
{
	struct admin *x = arg;
	enum rc rc = find_person(tx, x, x->arg[0], err);

	if (rc == RC_OK)
		rc = credential_set_password(tx, x->person, x->hash, x->now, err);
	x->out = STR("The password is set; all sessions of this person have ended.");
	return rc;
}

static enum rc make_token(struct db_tx *tx, void *arg, struct err *err)
{
	struct admin *x = arg;
	struct api_token t = { .name = x->arg[0] };
	struct token_id id;
	enum rc rc = find_person(tx, x, x->arg[2], err);

	if (rc != RC_OK)
		return rc;
	if (!str_is(x->arg[1], "admin") && !str_is(x->arg[1], "write") && !str_is(x->arg[1], "read"))
		return fail(err, RC_INVALID, "a token may read, write or admin");
	t.scope = str_is(x->arg[1], "admin") ? SCOPE_ADMIN : str_is(x->arg[1], "write") ? SCOPE_WRITE : SCOPE_READ;
	if (x->person.kind == ACTOR_AGENT) {
		t.agent.v = x->person.id;
	} else {
		struct contact c;

		rc = contact_find(tx, x->a, (struct contact_id){ x->person.id }, &c, err);
		t.contact.v = x->person.id;
		t.account = c.account;
	}
	return rc == RC_OK ? api_token_make(tx, x->a, &t, x->now, &id, &x->out, err) : rc;
}

/* For who lost the password: the link that /password/reset mails, for an operator to hand over another way. */
static enum rc make_link(struct db_tx *tx, void *arg, struct err *err)
{
	struct admin *x = arg;
	struct str token;
	enum rc rc = find_person(tx, x, x->arg[0], err);

	if (rc == RC_OK)
		rc = once_make(tx, x->a, ONCE_RESET, x->person, x->arg[0], x->now, &token, err);
	if (rc == RC_OK)
		x->out = arena_strf(x->a, STR_F "/password/new/" STR_F, STR_A(x->base_url), STR_A(token));
	return rc;
}

static enum rc drop_second_factor(struct db_tx *tx, void *arg, struct err *err)
{
	struct admin *x = arg;
	enum rc rc = find_person(tx, x, x->arg[0], err);

	if (rc == RC_OK)
		rc = credential_set_totp(tx, x->person, STR_NULL, NULL, 0, x->now, err);
	x->out = STR("The second factor is off; all sessions of this person have ended.");
	return rc;
}

/* The password comes by standard input: arguments can be read by everybody on the machine. */
static enum rc password(struct admin *x, struct str email, struct err *err)
{
	char text[1100];
	ssize_t n;

	if (isatty(STDIN_FILENO))
		fprintf(stderr, "Password (it will show): ");
	n = read(STDIN_FILENO, text, sizeof(text));
	struct str p = str_trim((struct str){ text, n > 0 ? (size_t)n : 0 });
	enum rc rc = auth_password_ok(p, email, err);

	return rc == RC_OK ? auth_password_hash(x->a, p, &x->hash, err) : rc;
}

int cmd_admin(struct app *app, int argc, char **argv)
{
	static const struct { const char *name; int least; bool password; db_fn *run; } table[] = {
		{ "agent", 2, true, make_agent }, { "password", 1, true, set_password }, { "token", 3, false, make_token },
		{ "sign-in-link", 1, false, make_link }, { "second-factor-off", 1, false, drop_second_factor },
	};
	struct admin x = { .a = &app->arena, .now = time_now() };
	struct err err = { 0 };
	int n = 0, i = 2;

	for (; i < argc && strncmp(argv[i], "--", 2) != 0; i++)
		if (n < (int)COUNT(x.arg))
			x.arg[n++] = str_of(argv[i]);
	for (size_t k = 0; argc > 1 && k < COUNT(table); k++) {
		if (strcmp(argv[1], table[k].name) != 0 || n < table[k].least)
			continue;
		enum rc rc = app_open(app, argv + i, &err);

		x.base_url = arena_str(&app->arena, app->desk.config.base_url);
		if (rc == RC_OK && table[k].password)
			rc = password(&x, x.arg[0], &err);
		if (rc == RC_OK)
			rc = db_write(app->desk.db, table[k].run, &x, &err);
		app_close(app);
		if (rc != RC_OK)
			return app_complain("admin", &err);
		printf(STR_F "\n", STR_A(x.out));
		return EX_OK;
	}
	fprintf(stderr, "usage: carrel admin agent EMAIL NAME [agent|supervisor|administrator] < PASSWORD\n"
			"       carrel admin password EMAIL < PASSWORD\n"
			"       carrel admin token NAME read|write|admin EMAIL     (acts as that agent, or for that contact's account)\n"
			"       carrel admin sign-in-link EMAIL                    (to choose a new password within an hour)\n"
			"       carrel admin second-factor-off EMAIL\n");
	return EX_USAGE;
}

/* Commands that are neither `serve` nor administration: config, mail, verify, routes, import. */
#include "account/account.h"
#include "api/api.h"
#include "app/app.h"
#include "blob/blob.h"
#include "http/http.h"
#include "jail/jail.h"
#include "mail/deliver.h"
#include "mail/imap.h"
#include "mail/intake.h"
#include "mail/origin.h"
#include "mime/mime.h"
#include "util/buf.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

extern char **environ;

struct team_check {
	struct arena *a;
	struct mailbox *m;
	size_t n, mistakes;
};

/* The database as it is: not made here, and not changed by an older or newer program's check. */
static enum rc look_at_teams(struct db_tx *tx, void *arg, struct err *err)
{
	struct team_check *x = arg;

	for (size_t i = 0; i < x->n; i++) {
		struct team team;
		enum rc rc = x->m[i].team.n ? team_find_name(tx, x->a, x->m[i].team, &team, err) : RC_OK;

		if (rc == RC_NOT_FOUND) {
			printf("mailboxes-file: [" STR_F "]: there is no team \"" STR_F
			       "\"; its mails would be filed without a team\n",
			       STR_A(x->m[i].name), STR_A(x->m[i].team));
			x->mistakes++;
		} else if (rc != RC_OK) {
			return rc;
		}
	}
	return RC_OK;
}

/* How many mistakes the file of mailboxes has; each is printed. */
static size_t check_mailboxes(struct app *app)
{
	const struct desk_config *c = &app->desk.config;
	struct team_check x = { .a = &app->arena };
	struct err err = { 0 };
	struct str file = arena_strf(x.a, STR_F "/desk.db", STR_A(c->data_dir));
	struct db_options o = { .url = c->db_url.n ? c->db_url : str_concat(x.a, STR("sqlite:"), file), .pool = 1 };
	struct db *db = NULL;

	if (mailboxes_load(x.a, c, &x.m, &x.n, &err) != RC_OK) {
		printf("%s\n", err.text);
		return 1;
	}
	bool named = false;

	for (size_t i = 0; i < x.n; i++)
		named |= x.m[i].team.n > 0;
	if (!named || (!c->db_url.n && access(str_z(x.a, file), R_OK) != 0))
		return 0;
	if (db_open(&o, &db, &err) != RC_OK || db_read(db, look_at_teams, &x, &err) != RC_OK)
		printf("The teams that mailboxes-file names were not checked: %s\n", err.text);
	if (db)
		db_close(db);
	return x.mistakes;
}

int cmd_config(struct app *app, int argc, char **argv)
{
	struct config_problem *problems = NULL;
	size_t n = 0;
	struct err err = { 0 };

	if (argc > 1 && strcmp(argv[1], "keys") == 0) {
		bool md = argc > 2 && strcmp(argv[2], "--markdown") == 0;

		if (md) {
			AUTO_BUF b;

			buf_init(&b, 1 << 20);
			config_document(&b); /* docs/CONFIGURATION.md */
			fwrite(b.p, 1, b.n, stdout);
		}
		for (const struct config_key *k = config_keys; !md && k->name; k++)
			printf("%-20s %-18s %s\n", k->name, k->fallback, k->doc);
		return EX_OK;
	}
	struct str file = getenv("CARREL_CONFIG")            ? str_of(getenv("CARREL_CONFIG"))
	                  : access("carrel.conf", R_OK) == 0 ? STR("carrel.conf")
	                                                     : STR_NULL;
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "--config") == 0)
			file = str_of(argv[i + 1]);
	if (config_load(&app->arena, file, environ, argv + 1, &app->desk.config, &problems, &n, &err) != RC_OK)
		return app_complain("config check", &err);
	for (size_t i = 0; i < n; i++)
		printf(STR_F ": " STR_F "\n", STR_A(problems[i].where), STR_A(problems[i].text));
	if (n == 0)
		n = check_mailboxes(app);
	printf(n ? "%zu mistakes\n" : "The configuration is good.\n", n);
	return n ? EX_CONFIG : EX_OK;
}

/* ---- mail ---- */

static enum rc slurp(struct arena *a, int fd, size_t max, struct str *ret)
{
	AUTO_BUF b;
	char chunk[65536];
	ssize_t n;

	buf_init(&b, max);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(&b, chunk, (size_t)n);
	if (n < 0 || b.full)
		return RC_LIMIT;
	*ret = arena_str(a, buf_str(&b));
	return RC_OK;
}

static bool mail_parse_one(struct jail *jail, const char *path)
{
	struct err err = { 0 };
	struct mail m;
	struct str raw;
	AUTO_ARENA a;
	AUTO_BUF out;
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	arena_init(&a);
	buf_init(&out, 512 << 20);
	if (fd < 0 || slurp(&a, fd, 64 << 20, &raw) != RC_OK)
		fail(&err, RC_INVALID, "cannot read %s, or it is larger than 64 MiB", path);
	else if (jail_mail(jail, &a, raw, &m, &err) == RC_OK)
		mime_json(&out, &m);
	if (fd >= 0 && !is_stdin)
		close(fd);
	if (out.n == 0)
		fprintf(stderr, "carrel: %s\n", err.text);
	else
		fwrite(out.p, 1, out.n, stdout);
	return out.n != 0;
}

/* One object a line; of several files a line for each, "null" for what is no mail. */
static int mail_parse(struct app *app, char **paths, int n)
{
	struct jail *jail = jail_new(app->program, 1);
	bool all = true;

	for (int i = 0; i < n; i++) {
		bool good = mail_parse_one(jail, paths[i]);

		if (!good && n > 1)
			fputs("null", stdout);
		if (good || n > 1)
			putchar('\n');
		all = all && good;
	}
	jail_free(jail);
	return all ? EX_OK : EX_DATAERR;
}

static int mail_deliver_args(struct app *app, int argc, char **argv)
{
	struct str from = STR(""), rcpts[100];
	struct err err = { 0 };
	size_t n = 0;
	char **flags = argv + argc;

	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "-f") == 0 && i + 1 < argc) {
			from = str_of(argv[++i]);
		} else if (strncmp(argv[i], "--", 2) == 0) {
			flags = argv + i;
			break;
		} else if (n < COUNT(rcpts)) {
			rcpts[n++] = str_lower(&app->arena, str_of(argv[i]));
		}
	}
	if (n == 0) {
		fprintf(stderr, "carrel: mail deliver wants recipients\n");
		return EX_USAGE;
	}
	if (app_open(app, flags, &err) != RC_OK) {
		fprintf(stderr, "carrel: the mail was not kept: %s\n", err.text);
		app_close(app);
		return EX_TEMPFAIL;
	}
	int code = mail_deliver(&app->desk, from, rcpts, n, STDIN_FILENO);
	app_close(app);
	return code;
}

/* A mailbox that wants OAuth: the administrator enters a code elsewhere or opens a link, and the refresh token is put
 * in its file. */
static int mail_sign_in(struct app *app, int argc, char **argv)
{
	struct err err = { 0 };
	struct mailbox *m;
	size_t n, at = 0;

	if (argc < 3) {
		fprintf(stderr, "carrel: mail sign-in wants the name of a mailbox\n");
		return EX_USAGE;
	}
	bool browser = argc > 3 && strcmp(argv[3], "--browser") == 0;
	enum rc rc = app_open(app, argv + (browser ? 4 : 3), &err);
	if (rc == RC_OK)
		rc = mailboxes_load(&app->arena, &app->desk.config, &m, &n, &err);
	while (rc == RC_OK && at < n && !str_is(m[at].name, argv[2]))
		at++;
	if (rc == RC_OK && at == n)
		rc = fail(&err, RC_NOT_FOUND, "mailboxes-file has no [%s]", argv[2]);
	if (rc == RC_OK)
		rc = browser || (!m[at].device_url.n && m[at].auth_url.n) ? oauth_sign_in_browser(&m[at], 0, &err)
		                                                          : oauth_sign_in(&m[at], &err);
	app_close(app);
	if (rc != RC_OK)
		return app_complain("mail sign-in", &err);
	printf("The mailbox %s is signed in.\n", argv[2]);
	return EX_OK;
}

/* What waits is filed; what must be asked of DNS first is asked once. */
static size_t mail_run(struct app *app)
{
	struct resolver *r = NULL;
	size_t n = 0, got;

	while ((got = intake_run(&app->desk, time_now(), 100)) > 0)
		n += got;
	if (app->desk.config.mail_dns.n && resolver_open(app->desk.config.mail_dns, &r, NULL) == RC_OK) {
		while ((got = origin_run(&app->desk, r, time_now(), 0, 1)) > 0)
			n -= got < n ? got : n; /* these were set aside, not filed */
		while ((got = intake_run(&app->desk, time_now(), 100)) > 0)
			n += got;
	}
	resolver_close(r);
	return n;
}

int cmd_mail(struct app *app, int argc, char **argv)
{
	struct err err = { 0 };
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "parse") == 0)
		return argc > 2 ? mail_parse(app, argv + 2, argc - 2) : mail_parse(app, (char *[]){ "-" }, 1);
	if (strcmp(what, "deliver") == 0)
		return mail_deliver_args(app, argc, argv);
	if (strcmp(what, "run") == 0) {
		if (app_open(app, argv + 2, &err) != RC_OK)
			return app_complain("mail run", &err);
		printf("%zu mails filed\n", mail_run(app));
		app_close(app);
		return EX_OK;
	}
	if (strcmp(what, "sign-in") == 0)
		return mail_sign_in(app, argc, argv);
	fprintf(stderr, "carrel: mail deliver, mail parse, mail run or mail sign-in\n");
	return EX_USAGE;
}

/* ---- verify ---- */

DB_QUERY(q_blobs, "verify.blobs",
         "SELECT sha256 FROM attachment WHERE message_id IS NOT NULL UNION SELECT sha256 FROM intake i"
         " WHERE NOT EXISTS (SELECT 1 FROM raw_mail r WHERE r.sha256 = i.sha256)"); /* these are in the database yet */

struct verifying {
	struct app *app;
	int64_t blobs, missing;
	bool unbalanced;
};

static enum rc verify_step(struct db_tx *tx, void *arg, struct err *err)
{
	static const char *const channel[] = { "", "LMTP", "pipe", "IMAP" };
	struct verifying *v = arg;
	AUTO_ROWS r = { 0 };
	enum rc rc = RC_OK;

	for (int i = INTAKE_LMTP; i <= INTAKE_IMAP && rc == RC_OK; i++) {
		struct intake_counts n;

		rc = intake_count(tx, (enum intake_channel)i, &n, err);
		int64_t sum = 0;
		for (int s = INTAKE_RECEIVED; s <= INTAKE_DUPLICATE; s++)
			sum += n.state[s];
		struct intake_check found = { 0 };
		if (rc == RC_OK)
			rc = intake_reconcile(tx, (enum intake_channel)i, &found, err);
		/* Accepted is what was said 250 to; messages are counted where customers and agents read them. */
		v->unbalanced |= sum != n.accepted || found.messages != n.state[INTAKE_MESSAGE] || found.doubled ||
		                 found.lost;
		printf("%-5s accepted %lld = messages %lld + triage %lld + quarantine %lld + refused %lld + duplicates "
		       "%lld + waiting %lld\n",
		       channel[i], (long long)n.accepted, (long long)n.state[INTAKE_MESSAGE],
		       (long long)n.state[INTAKE_TRIAGE], (long long)n.state[INTAKE_QUARANTINE],
		       (long long)n.state[INTAKE_REFUSED], (long long)n.state[INTAKE_DUPLICATE],
		       (long long)n.state[INTAKE_RECEIVED]);
		if (found.messages != n.state[INTAKE_MESSAGE] || found.doubled || found.lost)
			printf("%-5s WRONG: %lld mails stand on tickets, %lld of them more than once; %lld call "
			       "themselves filed and stand nowhere\n",
			       channel[i], (long long)found.messages, (long long)found.doubled, (long long)found.lost);
	}
	if (rc == RC_OK)
		rc = db_select(tx, &q_blobs, DB_NO_ARGS, &r, err);
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK) {
		v->blobs++;
		if (!blob_has(v->app->desk.blobs, db_col_peek(&r, 0))) {
			v->missing++;
			printf("missing: " STR_F "\n", STR_A(db_col_peek(&r, 0)));
		}
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

int cmd_verify(struct app *app, int argc, char **argv)
{
	struct err err = { 0 };
	struct verifying v = { .app = app };
	enum rc rc = app_open(app, argv + 1, &err);

	if (rc == RC_OK)
		rc = db_read(app->desk.db, verify_step, &v, &err);
	app_close(app);
	if (rc != RC_OK)
		return app_complain("verify", &err);
	printf("files %lld, missing %lld\n", (long long)v.blobs, (long long)v.missing);
	return v.missing || v.unbalanced ? EX_DATAERR : EX_OK;
}

/* ---- routes ---- */

int cmd_routes(struct app *app, int argc, char **argv)
{
	static const char *const method[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };
	static const char *const cap[] = {
		"-",          "public", "signed-in", "customer-read", "customer-write", "customer-manage", "agent",
		"supervisor", "admin",  "api-read",  "api-write",     "api-admin",      "setup",           "ops"
	};

	if (argc > 1 && strcmp(argv[1], "--openapi") == 0) {
		AUTO_BUF b;

		buf_init(&b, 4 << 20);
		api_openapi(wire_routes, STR("/"), &b);
		puts(b.p);
		return EX_OK;
	}
	for (const struct route *const *t = wire_routes; *t; t++)
		for (const struct route *r = *t; r->path; r++)
			printf("%-6s %-50s %-16s %s\n", method[r->method], r->path, cap[r->cap], r->doc ? r->doc : "");
	return EX_OK;
}

/* ---- import ---- */

int cmd_import(struct app *app, int argc, char **argv)
{
	struct err err = { 0 };
	struct actor who = actor_system();
	struct import_report report;
	struct str csv;
	bool dry = false;

	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], "--dry-run") == 0) {
			dry = true;
			for (int k = i; k < argc; k++) /* it has no value: not for the configuration */
				argv[k] = argv[k + 1];
			argc--;
		}
	int fd = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0 || slurp(&app->arena, fd, 16 << 20, &csv) != RC_OK) {
		fprintf(stderr, "carrel: import FILE.csv [--dry-run]: the file cannot be read\n");
		return EX_NOINPUT;
	}
	enum rc rc = app_open(app, argv + 2, &err);
	if (rc == RC_OK)
		rc = account_import_csv(app->desk.db, &app->arena, &who, time_now(), csv, dry, &report, &err);
	app_close(app);
	if (rc != RC_OK && rc != RC_INVALID)
		return app_complain("import", &err);
	for (size_t i = 0; i < report.n; i++)
		if (report.at[i].error)
			printf("line %d, " STR_F ": " STR_F "\n", report.at[i].line, STR_A(report.at[i].field),
			       STR_A(report.at[i].text));
	printf("%d lines: %d created, %d updated, %d unchanged, %d wrong%s\n", report.lines, report.created,
	       report.updated, report.unchanged, report.errors,
	       report.errors ? "; nothing was changed"
	       : dry         ? "; this was a dry run, nothing was changed"
	                     : "");
	return report.errors ? EX_DATAERR : EX_OK;
}

/* The program: `carrel COMMAND`. Commands are rows of one table; what they need is opened by app_open(). */
#include "app/app.h"
#include "jail/jail.h"
#include "util/crypt.h"
#include <locale.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define VERSION "0.1.0"

const struct command commands[] = {
	{ "serve", cmd_serve, "serve [--KEY VALUE ...]", "run the desk" },
	{ "config", cmd_config, "config check | keys [--markdown]", "check the configuration, or list every key with its meaning" },
	{ "mail", cmd_mail, "mail deliver -f SENDER RECIPIENT ... | parse [FILE|-] | run | sign-in MAILBOX [--browser]", "take a mail from standard input; print a mail as JSON; file what waits" },
	{ "admin", cmd_admin, "admin agent|password|token|sign-in-link|second-factor-off ...", "make first accounts and tokens, set passwords" },
	{ "import", cmd_import, "import FILE.csv [--dry-run]", "import accounts, subscriptions, sites and contacts" },
	{ "kb", cmd_kb, "kb import DIR|FILE | export DIR | source add|list|pull|remove ...", "documentation in and out of the knowledge base; sources in Git" },
	{ "demo", cmd_demo, "demo", "fill an empty desk with demo data" },
	{ "calendar", cmd_calendar, "calendar add|between --calendar FILE --from T [--minutes N | --to T]", "count working time (--explain, --json, --holidays FILE.ics, --zone ZONE)" },
	{ "clock", cmd_clock, "clock explain TICKET", "each minute of a promise, counted or not, and why" },
	{ "phone", cmd_phone, "phone [simulate | prompts DIR | pin CONTACT | number AGENT NUMBER]", "run the telephone line; play a call in the terminal; write the prompts to replace them; make a PIN; say where an agent is rung" },
	{ "verify", cmd_verify, "verify", "reconcile mail: accepted = filed + triage + quarantine + refused; check attachments on disk" },
	{ "routes", cmd_routes, "routes [--openapi]", "list every address with what it demands, or print the OpenAPI file" },
	{ "bench", cmd_bench, "bench seed|commits|lmtp|search ...", "make deterministic data, load a desk, measure (see bench/run)" },
	{ "help", cmd_help, "help", "this text" },
	{ "version", cmd_version, "version", "print the version" },
	{ NULL, NULL, NULL, NULL },
};

int cmd_help(struct app *app, int argc, char **argv)
{
	printf("carrel: a support desk\n\nusage: carrel COMMAND [--config FILE] [--KEY VALUE ...]\n\n");
	for (const struct command *c = commands; c->name; c++)
		printf("  %-58s %s\n", c->usage, c->doc);
	printf("\nEvery configuration key can be given as --key VALUE, as CARREL_KEY in the environment, or in the file\n"
	       "named by --config (default: ./carrel.conf, then /etc/carrel/carrel.conf). Keys: carrel config keys\n");
	return EX_OK;
}

int cmd_version(struct app *app, int argc, char **argv)
{
	printf("carrel " VERSION "\n");
	return EX_OK;
}

static bool asks_for_help(const char *arg)
{
	return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

/* `carrel COMMAND --help` does nothing but say what the command does. */
static int explain(const struct command *c)
{
	printf("usage: carrel %s\n\n%s\n\nMore: man carrel, carrel help, carrel config keys\n", c->usage, c->doc);
	return EX_OK;
}

int app_complain(const char *what, const struct err *err)
{
	fprintf(stderr, "carrel: %s: %s\n", what, err->text);
	return EX_UNAVAILABLE;
}

int main(int argc, char **argv)
{
	struct app app = { 0 };
	char program[4096];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	/* What people wrote to a support desk is nobody else's business on this machine: files are ours alone. */
	umask(077);
	setlocale(LC_CTYPE, "C.UTF-8");
	crypt_init();
	if (argc >= 2 && strcmp(argv[1], "jail") == 0)
		return jail_main(3);
	program[n > 0 ? n : 0] = 0;
	app.program = n > 0 ? program : argv[0];
	arena_init(&app.arena);
	const char *name = argc < 2 || asks_for_help(argv[1]) ? "help" : argv[1];
	if (strcmp(name, "--version") == 0)
		name = "version";
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0) {
			int code = argc > 2 && asks_for_help(argv[2])
			                   ? explain(c)
			                   : c->run(&app, argc > 1 ? argc - 1 : 1, argc > 1 ? argv + 1 : argv);

			arena_release(&app.arena);
			return code;
		}
	fprintf(stderr, "carrel: there is no command \"%s\"; see carrel help\n", name);
	return EX_USAGE;
}

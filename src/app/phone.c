/* `carrel phone ...`: the simulator and the prompts. The line itself is phone/'s. */
#include "phone/phone.h"
#include "app/app.h"
#include "call/call.h"
#include "phone/link.h"
#include "phone/sound.h"
#include "util/crypt.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* DIR/LANG/NAME.wav and DIR/LANG/texts.txt: what an operator records anew. */
static int write_prompts(const char *dir)
{
	struct prompts *p = prompts_open("");
	char path[600];
	bool ok = mkdir(dir, 0755) == 0 || errno == EEXIST;

	for (int l = 0; l < PROMPT_LANGS && ok; l++) {
		const char *lang = prompt_lang_name((enum prompt_lang)l);

		snprintf(path, sizeof(path), "%s/%s", dir, lang);
		ok = mkdir(path, 0755) == 0 || errno == EEXIST;
		for (int c = 0; c < CLIP_SPOKEN && ok; c++) {
			unsigned char head[44];
			size_t n;
			const int16_t *v = prompt_sound(p, (enum prompt_lang)l, (enum prompt_clip)c, &n);

			snprintf(path, sizeof(path), "%s/%s/%s.wav", dir, lang, prompt_names[c]);
			FILE *f = fopen(path, "wbe");
			sound_wav_head(head, (uint32_t)n);
			ok = f && fwrite(head, sizeof(head), 1, f) == 1 && fwrite(v, 2, n, f) == n;
			ok = f && fclose(f) == 0 && ok;
			printf("%s  %s\n", path, prompt_texts[l][c]);
		}
	}
	prompts_close(p);
	if (!ok)
		fprintf(stderr, "carrel: cannot write %s: %s\n", path, strerror(errno));
	return ok ? EX_OK : EX_CANTCREAT;
}

/* Becomes the line, as `carrel serve` starts it. */
static int run_line(struct app *app, char **argv)
{
	struct config_problem *problems;
	struct err err = { 0 };
	size_t n = 0;
	extern char **environ;
	struct str file = access("carrel.conf", R_OK) == 0 ? STR("carrel.conf") : STR_NULL;

	for (int i = 1; argv[i] && argv[i + 1]; i++)
		if (strcmp(argv[i], "--config") == 0)
			file = str_of(argv[i + 1]);
	if (config_load(&app->arena, file, environ, argv + 1, &app->desk.config, &problems, &n, &err) != RC_OK || n) {
		fprintf(stderr, "carrel: %s\n",
		        n ? "the configuration has mistakes; see carrel config check" : err.text);
		return EX_CONFIG;
	}
	char **line = phone_line_argv(&app->arena, &app->desk.config, app->program);
	execv(line[0], line);
	fprintf(stderr, "carrel: cannot start %s: %s. The line is built only where libre and librem are.\n", line[0],
	        strerror(errno));
	return EX_UNAVAILABLE;
}

/* ---- numbers and PINs from the command line ---- */

struct setting {
	struct app *app;
	struct str email, value, pin;
};

static enum rc pin_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct setting *s = arg;
	struct actor system = actor_system();
	struct contact c;
	enum rc rc = contact_find_email(tx, &s->app->arena, s->email, &c, err);

	return rc == RC_OK
	               ? call_set_pin(tx, &s->app->arena, &system, c.id, s->app->desk.pin_key, time_now(), &s->pin, err)
	               : rc;
}

static enum rc number_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct setting *s = arg;
	struct actor system = actor_system();
	struct agent g;
	enum rc rc = agent_find_email(tx, &s->app->arena, s->email, &g, err);

	return rc == RC_OK ? call_set_number(tx, &system, time_now(), g.id, s->value, err) : rc;
}

static int set(struct app *app, char **argv, bool pin)
{
	struct setting s = { .app = app, .email = str_of(argv[2]), .value = pin ? STR("") : str_of(argv[3]) };
	struct err err = { 0 };
	enum rc rc = app_open(app, argv + (pin ? 3 : 4), &err);

	if (rc == RC_OK)
		rc = db_write(app->desk.db, pin ? pin_step : number_step, &s, &err);
	if (rc == RC_OK && pin)
		printf(STR_F "\n", STR_A(s.pin));
	app_close(app);
	return rc == RC_OK ? EX_OK : app_complain(pin ? "cannot make a PIN" : "cannot set the number", &err);
}

static enum rc token_step(struct db_tx *tx, void *arg, struct err *err)
{
	struct setting *s = arg;
	enum rc rc = setting_set(tx, "cti-token", sha256_hex(&s->app->arena, s->value), err);

	return rc == RC_OK && s->pin.n ? setting_set(tx, "cti-secret", s->pin, err) : rc;
}

/* A fresh token for a PBX's webhooks; the one before ends. */
static int cti_token(struct app *app, char **argv)
{
	bool sign = argv[2] && strcmp(argv[2], "--sign") == 0;
	struct setting s = { .app = app };
	struct err err = { 0 };
	enum rc rc = app_open(app, argv + (sign ? 3 : 2), &err);

	s.value = random_token(&app->arena);
	s.pin = sign ? random_token(&app->arena) : STR("");
	if (rc == RC_OK)
		rc = db_write(app->desk.db, token_step, &s, &err);
	if (rc == RC_OK)
		printf(STR_F "/api/v1/cti/" STR_F "\n", STR_A(app->desk.config.base_url), STR_A(s.value));
	if (rc == RC_OK && sign)
		printf("secret of X-Carrel-Signature: " STR_F "\n", STR_A(s.pin));
	app_close(app);
	return rc == RC_OK ? EX_OK : app_complain("cannot make a token", &err);
}

int cmd_phone(struct app *app, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "simulate") == 0)
		return phone_simulate(stdin, stdout,
		                      argc > 3 && strcmp(argv[2], "--lang") == 0 && strcmp(argv[3], "es") == 0
		                              ? PROMPT_ES
		                              : PROMPT_EN);
	if (strcmp(what, "prompts") == 0 && argc > 2)
		return write_prompts(argv[2]);
	if (strcmp(what, "pin") == 0 && argc > 2)
		return set(app, argv, true);
	if (strcmp(what, "cti-token") == 0)
		return cti_token(app, argv);
	if (strcmp(what, "number") == 0 && argc > 3)
		return set(app, argv, false);
	if (!what[0] || what[0] == '-')
		return run_line(app, argv);
	fprintf(stderr, "usage: carrel phone [simulate [--lang es] | prompts DIR | pin CONTACT-EMAIL | number "
	                "AGENT-EMAIL NUMBER | cti-token [--sign]]\n");
	return EX_USAGE;
}

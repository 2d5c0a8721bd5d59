/* `carrel phone ...`: the simulator and the prompts. The line itself is phone/'s. */
#include "phone/phone.h"
#include "app/app.h"
#include "phone/sound.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>

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
	fprintf(stderr, "usage: carrel phone simulate [--lang es] | prompts DIR\n");
	return EX_USAGE;
}

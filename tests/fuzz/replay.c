/* What the fuzz targets get without a fuzzer, in every run of the tests: their seeds, and inputs made of these by a
 * generator that always makes the same ones.
 *
 *     carrel-replay FOLDER [INPUTS]    FOLDER/NAME/... are the seeds of target fuzz_NAME; so many inputs for each
 * target
 *
 * A finding ends the program, as under the fuzzer; the line before says which target, and the input is left in
 * replay-finding. Seldom deep: tools/fuzz.sh is. */
#include "fuzz_targets.h"
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST  20000 /* bytes of an input */
#define SEEDS 64

typedef int fuzz_fn(const uint8_t *data, size_t size);

#define X(name) fuzz_fn name;
FUZZ_TARGETS
#undef X

static const struct target {
	const char *name;
	fuzz_fn *fn;
} targets[] = {
#define X(name) { #name, name },
	FUZZ_TARGETS
#undef X
};

struct input {
	uint8_t *p;
	size_t n;
};

static uint64_t state;

static size_t any(size_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? (size_t)(state % below) : 0;
}

static size_t load(const char *folder, const char *name, struct input *ret)
{
	char path[4096];
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	DIR *d = opendir(path);
	for (struct dirent *e; d && n < SEEDS && (e = readdir(d));) {
		snprintf(path, sizeof(path), "%s/%s/%s", folder, name, e->d_name);
		FILE *f = e->d_name[0] != '.' ? fopen(path, "rb") : NULL;

		if (!f)
			continue;
		ret[n].p = malloc(MOST);
		ret[n].n = ret[n].p ? fread(ret[n].p, 1, MOST, f) : 0;
		n++;
		fclose(f);
	}
	if (d)
		closedir(d);
	return n;
}

static void insert(struct input *x, size_t at, const void *p, size_t n)
{
	if (x->n + n > MOST)
		return;
	memmove(x->p + at + n, x->p + at, x->n - at);
	memcpy(x->p + at, p, n);
	x->n += n;
}

static void mutate(struct input *x, const struct input *other)
{
	static const char *const words[] = {
		"\r\n", "\n\n",     "\n.\r\n", "=?utf-8?B?", "?=", "--", "\"", "<", ">", "\\",
		"\xff", "\xe2\x80", "%00",     "&#0;",       "{{", "\t", ";",  ",", "@", "9999999999999999999",
		"-1",   "((((((((("
	};
	const char *w = words[any(sizeof(words) / sizeof(*words))];
	size_t at = any(x->n + 1), n;
	uint8_t own[64];

	switch (any(6)) {
	case 0:
		if (x->n)
			x->p[any(x->n)] = (uint8_t)any(256);
		return;
	case 1:
		n = any(x->n - at + 1);
		n = n > 40 && any(4) ? 40 : n;
		memmove(x->p + at, x->p + at + n, x->n - at - n);
		x->n -= n;
		return;
	case 2: /* a piece of itself once more */
		n = any(x->n - at + 1);
		n = n > sizeof(own) ? sizeof(own) : n;
		memcpy(own, x->p + at, n);
		insert(x, any(x->n + 1), own, n);
		return;
	case 3:
		n = any(other->n);
		insert(x, at, other->p + n, any(other->n - n));
		return;
	case 4:
		own[0] = (uint8_t)any(256);
		insert(x, at, own, 1);
		return;
	default:
		insert(x, at, w, strlen(w));
	}
}

static void leave(const struct input *x)
{
	FILE *f = fopen("replay-finding", "wb");

	if (f) {
		fwrite(x->p, 1, x->n, f);
		fclose(f);
	}
}

static void replay(const struct target *t, const char *folder, size_t inputs)
{
	struct input seeds[SEEDS + 1] = { 0 }, x = { malloc(MOST), 0 };
	size_t n = load(folder, t->name + strlen("fuzz_"), seeds);

	if (n == 0) { /* a target without seeds begins with nothing */
		seeds[0].p = malloc(MOST);
		n = 1;
	}
	state = 88172645463325252u;
	for (size_t i = 0; i < inputs && x.p; i++) {
		const struct input *from = &seeds[i % n];

		memcpy(x.p, from->p, x.n = from->n);
		for (size_t k = i < n ? 0 : any(12) + 1; k; k--)
			mutate(&x, &seeds[any(n)]);
		leave(&x);
		uint8_t *own = malloc(x.n ? x.n : 1); /* of its size: a byte too far is seen */
		memcpy(own, x.p, x.n);
		t->fn(own, x.n);
		free(own);
	}
	for (size_t i = 0; i < SEEDS; i++)
		free(seeds[i].p);
	free(x.p);
}

int main(int argc, char **argv)
{
	size_t inputs = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000, i;

	if (argc < 2) {
		fprintf(stderr, "carrel-replay FOLDER [INPUTS]\n");
		return 64;
	}
	for (i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		printf("%s: %zu inputs\n", targets[i].name, inputs);
		fflush(stdout);
		replay(&targets[i], argv[1], inputs);
	}
	remove("replay-finding");
	printf("%zu passed, 0 failed, 0 skipped\n", i);
	return 0;
}

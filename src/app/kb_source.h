/* `carrel kb source ...` and the job that pulls. */
#pragma once
#include "app/app.h"

struct kb_source_options {
	const char *branch, *folder, *every, *lang, *kind, *visibility;
};
/* words: add NAME URL | list | pull NAME | remove NAME; flags: for the configuration. */
int kb_source_command(struct app *app, int n_words, char **words, char *const *flags,
                      const struct kb_source_options *o);
/* "kb.pull": pulls what is due, one source a run. */
enum rc kb_source_job(void *app, const struct job *job, struct arena *scratch, struct err *err);
/* "kb.pull-one": {"name"}: pulls this one now. */
enum rc kb_source_job_one(void *app, const struct job *job, struct arena *scratch, struct err *err);

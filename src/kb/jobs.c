/* What happens to pages by itself: scheduled texts come, expired ones go, owners are reminded, the bin is emptied, links
 * elsewhere are asked for. Each step is a transaction; whatever stops in between goes on the next time. */
#include "desk/desk.h"
#include "jobs/jobs.h"
#include "kb/check.h"
#include "kb/find.h"
#include "kb/read.h"

#define STEPS 200 /* at once; the rest comes with the next run */

struct step {
	struct arena *a;
	const struct desk *d;
	struct instant now;
};

static enum rc due(struct db_tx *tx, void *arg, struct err *err)
{
	struct step *s = arg;

	return kb_due_step(tx, s->a, s->now, err);
}

static enum rc review(struct db_tx *tx, void *arg, struct err *err)
{
	struct step *s = arg;
	const struct desk_config *c = &s->d->config;
	struct kb_sender from = { c->base_url, c->product.n ? c->product : STR("Carrel"), c->support_addr };

	return kb_review_step(tx, s->a, &from, s->now, err);
}

static enum rc bin(struct db_tx *tx, void *arg, struct err *err)
{
	struct step *s = arg;

	return kb_bin_step(tx, s->a, s->now, err);
}

static enum rc all(struct desk *d, db_fn *fn, struct arena *a, struct err *err)
{
	struct step s = { a, d, time_now() };
	enum rc rc = RC_OK;

	for (int i = 0; i < STEPS && rc == RC_OK; i++)
		rc = db_write_behind(d->db, fn, &s, err);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_job_life(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	return all(app, due, scratch, err);
}

enum rc kb_job_tidy(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct desk *d = app;
	enum rc rc = d->config.support_addr.n ? all(d, review, scratch, err) : RC_OK;

	return rc == RC_OK ? all(d, bin, scratch, err) : rc;
}

enum rc kb_job_index(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	return kb_index_catch_up(((struct desk *)app)->db, scratch, err);
}

enum rc kb_job_links(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct desk *d = app;
	enum rc rc = RC_OK;

	for (int i = 0; i < 4 && rc == RC_OK; i++)
		rc = kb_links_step(d->db, scratch, d->config.kb_links_inside, time_now(), err);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_job_demos(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct desk *d = app;
	enum rc rc = RC_OK;

	for (int i = 0; i < 4 && rc == RC_OK; i++)
		rc = kb_demos_step(d->db, scratch, d->config.kb_links_inside, time_now(), err);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_job_count(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct desk *d = app;

	return kb_tally_flush(d->tally, d->db, err);
}

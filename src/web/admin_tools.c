/* Administration: jobs that gave up, rules for mail, and the import of customers from a file. */
#include "inbox/inbox.h"
#include "tmpl.h"
#include "web/admin_view.h"
#include <fcntl.h>
#include <unistd.h>

#define MAX_SHOWN 200
#define MAX_CSV   (10u << 20)

struct tools {
	struct req *q;
	struct admin_tools v;
};

/* ---- dead jobs ---- */

static enum rc load_jobs(struct db_tx *tx, void *arg, struct err *err)
{
	struct tools *t = arg;

	return job_list_dead(tx, t->q->arena, MAX_SHOWN, &t->v.jobs, &t->v.n_jobs, err);
}

enum rc admin_jobs_show(struct req *q, struct resp *r)
{
	struct tools t = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_jobs, &t, req_err(q));
	struct page p;

	if (rc != RC_OK)
		return rc;
	struct out o = admin_begin(q, r, &p, _(web_lang(q), "Dead jobs"));

	t.v.p = &p;
	tmpl_admin_jobs(&o, &t.v);
	return RC_OK;
}

static enum rc change_job(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	struct job_id id = { 0 };

	req_int(q, "id", &id.v);
	if (str_is(req_field(q, "do"), "drop"))
		return job_drop(tx, id, err);
	return job_retry(tx, id, q->now, err);
}

enum rc admin_jobs_do(struct req *q, struct resp *r)
{
	enum rc rc = db_write(web_desk(q)->db, change_job, q, req_err(q));

	return rc == RC_OK ? web_done(r, _(web_lang(q), "Done."), STR("/desk/admin/jobs")) : rc;
}

/* ---- rules for mail ---- */

static enum rc load_rules(struct db_tx *tx, void *arg, struct err *err)
{
	struct tools *t = arg;

	enum rc rc = mail_rules(tx, t->q->arena, &t->v.rules, &t->v.n_rules, err);

	return rc == RC_OK ? team_list(tx, t->q->arena, &t->v.teams, &t->v.n_teams, err) : rc;
}

enum rc admin_rules_show(struct req *q, struct resp *r)
{
	struct tools t = { .q = q };
	struct page p;
	enum rc rc = db_read(web_desk(q)->db, load_rules, &t, req_err(q));

	if (rc != RC_OK)
		return rc;
	t.v.e_contains = web_field_error(q, "contains");
	t.v.e_kind = web_field_error(q, "kind");
	t.v.field = web_field_value(q, "field", STR(""));
	t.v.kind = web_field_value(q, "kind", STR(""));
	req_int(q, "team", &t.v.team);
	t.v.contains = web_field_value(q, "contains", STR(""));
	struct out o = admin_begin(q, r, &p, _(web_lang(q), "Rules for mail"));
	t.v.p = &p;
	tmpl_admin_rules(&o, &t.v);
	return RC_OK;
}

static enum rc change_rule(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	struct str field = req_field(q, "field"), kind = req_field(q, "kind");
	int64_t drop = 0;

	if (req_int(q, "drop", &drop))
		return mail_rule_drop(tx, drop, err);
	int criticality = str_is(kind, "request") || str_is(kind, "same") || !kind.n ? 0 : kind.p[0] - '0';
	struct mail_rule rule = {
		.field = str_is(field, "to") ? RULE_TO : str_is(field, "from") ? RULE_FROM : str_is(field, "text") ? RULE_TEXT : RULE_SUBJECT,
		.contains = str_trim(req_field(q, "contains")),
		.kind = criticality ? TICKET_INCIDENT : str_is(kind, "same") ? 0 : TICKET_REQUEST,
		.criticality = criticality,
	};
	struct team team;

	if (req_int(q, "team", &rule.team.v) && rule.team.v) {
		enum rc rc = team_find(tx, q->arena, rule.team, &team, err);

		if (rc == RC_NOT_FOUND || (rc == RC_OK && time_is_set(team.removed_at)))
			return fail_field(err, RC_INVALID, "kind", "This team is not here any more. Choose another one; nothing was changed.");
		if (rc != RC_OK)
			return rc;
	}
	return mail_rule_add(tx, &rule, err);
}

enum rc admin_rules_do(struct req *q, struct resp *r)
{
	if (web_fields_wrong(q, r))
		return admin_rules_show(q, r);
	enum rc rc = db_write(web_desk(q)->db, change_rule, q, req_err(q));

	if (web_form_failed(q, r, rc))
		return admin_rules_show(q, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "Done."), STR("/desk/admin/mail-rules")) : rc;
}

/* ---- import ---- */

static enum rc show_import(struct tools *t, struct resp *r)
{
	struct page p;
	struct out o = admin_begin(t->q, r, &p, _(web_lang(t->q), "Import"));

	t->v.p = &p;
	tmpl_admin_import(&o, &t->v);
	return RC_OK;
}

enum rc admin_import_show(struct req *q, struct resp *r)
{
	struct tools t = { .q = q, .v = { .dry = true } };

	return show_import(&t, r);
}

static enum rc read_csv(struct req *q, struct str *ret)
{
	const struct upload *u = q->n_uploads ? &q->uploads[0] : NULL;
	int fd;
	size_t n = 0;
	ssize_t got;

	if (!u || u->size == 0)
		return http_fail(q, RC_INVALID, "file", "Choose a CSV file that is not empty.");
	if (u->size > MAX_CSV)
		return http_fail(q, RC_LIMIT, "file", "The file is larger than 10 MB. Import it in parts.");
	if ((fd = open(str_z(q->arena, u->path), O_RDONLY | O_CLOEXEC)) < 0)
		return http_fail(q, RC_FAULT, "file", "The file that was sent cannot be read. Please send it again.");
	char *bytes = arena_alloc(q->arena, (size_t)u->size + 1);

	while (n < (size_t)u->size && (got = read(fd, bytes + n, (size_t)u->size - n)) > 0)
		n += (size_t)got;
	close(fd);
	*ret = (struct str){ bytes, n };
	return RC_OK;
}

enum rc admin_import_do(struct req *q, struct resp *r)
{
	struct tools t = { .q = q, .v = { .dry = str_is(req_field(q, "dry"), "1") } };
	struct str csv;
	enum rc rc;

	if (web_fields_wrong(q, r))
		return show_import(&t, r);
	rc = read_csv(q, &csv);
	if (rc == RC_OK) {
		rc = account_import_csv(web_desk(q)->db, q->arena, &q->actor, q->now, csv, t.v.dry, &t.v.report,
		                        req_err(q));
		t.v.reported = t.v.report.n > 0 || rc == RC_OK;
	}
	if (rc != RC_OK && !web_form_failed(q, r, rc))
		return rc;
	return show_import(&t, r);
}

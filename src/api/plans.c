/* Plans by JSON: what they entitle to, read and written as a whole. A plan decides about tickets to come; those there
 * are keep the verdict that was frozen on them, so that changing a plan never changes the past. */
#include "api/api_private.h"
#include <stdio.h>

static const char *const metrics[] = { NULL, "firstResponse", "nextResponse", "update", "solution" };

struct plan_call {
	struct str code;
	struct plan plan;
};

const char *api_metric_name(enum metric m)
{
	return metrics[m];
}

static enum rc plans_step(struct db_tx *tx, struct call *c, struct err *err)
{
	struct plan *at;
	size_t n;
	enum rc rc = plan_list(tx, c->a, &at, &n, err);

	if (rc != RC_OK)
		return rc;
	json_obj(&c->json);
	json_key(&c->json, "plans");
	json_arr(&c->json);
	for (size_t i = 0; i < n; i++)
		api_plan(&c->json, &at[i]);
	json_end_arr(&c->json);
	json_end_obj(&c->json);
	return RC_OK;
}

enum rc api_plans_list(struct req *q, struct resp *r)
{
	return api_read(q, r, plans_step, NULL);
}

static enum rc show(struct db_tx *tx, struct call *c, struct str code, struct err *err)
{
	struct plan p;
	enum rc rc = plan_find_code(tx, c->a, code, &p, err);

	if (rc == RC_OK)
		api_plan(&c->json, &p);
	return rc;
}

static enum rc get_step(struct db_tx *tx, struct call *c, struct err *err)
{
	return show(tx, c, ((struct plan_call *)c->arg)->code, err);
}

enum rc api_plan_get(struct req *q, struct resp *r)
{
	struct plan_call p = { .code = req_path(q, "code") };

	return api_read(q, r, get_step, &p);
}

/* ---- reading what was sent: every complaint names the place, targets[2].minutes ---- */

struct place {
	const char *list;
	size_t i;
	const json_t *v;
	struct err *err;
};

static enum rc wrong(const struct place *p, const char *member, const char *text)
{
	char field[48];

	snprintf(field, sizeof(field), "%s[%zu]%s%s", p->list, p->i, member ? "." : "", member ? member : "");
	return fail_field(p->err, RC_INVALID, field, "%s", text);
}

static enum rc whole(const struct place *p, const char *member, int64_t from, int64_t to, const char *text, int64_t *ret)
{
	const json_t *v = json_object_get(p->v, member);

	*ret = json_integer_value(v);
	return json_is_integer(v) && *ret >= from && *ret <= to ? RC_OK : wrong(p, member, text);
}

static struct str word(const struct place *p, const char *member)
{
	const json_t *v = json_object_get(p->v, member);

	return json_is_string(v) ? (struct str){ json_string_value(v), json_string_length(v) } : STR("");
}

/* A misspelt member would be a promise that is not kept: refused. */
static enum rc only(const struct place *p, const char *const *known)
{
	const char *key;
	json_t *v;

	if (!json_is_object(p->v))
		return wrong(p, NULL, "This must be an object.");
	json_object_foreach((json_t *)p->v, key, v) {
		bool found = false;

		for (const char *const *k = known; *k; k++)
			found |= strcmp(*k, key) == 0;
		if (!found)
			return wrong(p, NULL, "This has a member that is not known here. Nothing was changed.");
	}
	return RC_OK;
}

static enum rc one_channel(const struct place *p, struct plan *plan)
{
	static const char *const known[] = { "kind", "criticality", "channel", NULL };
	int64_t criticality = 0;
	enum rc rc = only(p, known);

	if (rc != RC_OK)
		return rc;
	struct str kind = word(p, "kind"), channel = word(p, "channel");
	bool incident = str_is(kind, "incident");
	int way = CHANNEL_FORM;

	if (!incident && !str_is(kind, "request"))
		return wrong(p, "kind", "kind is incident or request.");
	if (incident)
		rc = whole(p, "criticality", 1, 4, "An incident's criticality is 1 to 4.", &criticality);
	else if (json_object_get(p->v, "criticality") && !json_is_null(json_object_get(p->v, "criticality")))
		rc = wrong(p, "criticality", "Only incidents have a criticality.");
	while (way <= CHANNEL_AGENT && !str_is(channel, channel_name((enum channel)way)))
		way++;
	if (rc == RC_OK && way > CHANNEL_AGENT)
		rc = wrong(p, "channel", "channel is form, mail, phone, api, widget or agent.");
	if (rc == RC_OK)
		plan->channels[incident ? TICKET_INCIDENT : TICKET_REQUEST][criticality] |= (uint8_t)(1U << way);
	return rc;
}

static enum rc one_target(const struct place *p, struct plan *plan)
{
	static const char *const known[] = { "criticality", "metric", "minutes", "calendar", "warn", "pauses", NULL };
	int64_t criticality = 0, minutes = 0, calendar = 0, warn = 0;
	unsigned pauses = PAUSE_DEFAULT;
	int m = METRIC_FIRST_RESPONSE;
	enum rc rc = only(p, known);

	if (rc == RC_OK)
		rc = whole(p, "criticality", 1, 4, "An incident's criticality is 1 to 4.", &criticality);
	if (rc == RC_OK)
		rc = whole(p, "minutes", 1, 600000, "A promised time is 1 to 600000 minutes.", &minutes);
	if (rc == RC_OK && !json_is_null(json_object_get(p->v, "calendar")) && json_object_get(p->v, "calendar"))
		rc = whole(p, "calendar", 1, INT64_MAX, "calendar is the number of a calendar.", &calendar);
	if (rc == RC_OK && json_object_get(p->v, "warn"))
		rc = whole(p, "warn", 1, 100, "A warning comes after 1 to 100 percent of the time.", &warn);
	if (rc == RC_OK && json_object_get(p->v, "pauses") && !api_pauses_parse(word(p, "pauses"), &pauses))
		rc = wrong(p, "pauses", "pauses is default, customer, others, both or never.");
	while (m <= METRIC_SOLUTION && !str_is(word(p, "metric"), metrics[m]))
		m++;
	if (rc == RC_OK && m > METRIC_SOLUTION)
		rc = wrong(p, "metric", "metric is firstResponse, nextResponse, update or solution.");
	if (rc == RC_OK && plan->target[criticality][m])
		rc = wrong(p, "metric", "This promise is there twice.");
	if (rc != RC_OK)
		return rc;
	plan->target[criticality][m] = (int32_t)minutes;
	plan->target_calendar[criticality][m] = (struct calendar_id){ calendar };
	plan->warn[criticality][m] = (uint8_t)warn;
	plan->pauses[criticality][m] = (uint8_t)pauses;
	return RC_OK;
}

static enum rc each(struct req *q, const char *list, enum rc (*one)(const struct place *p, struct plan *plan), struct plan *plan)
{
	const json_t *all = json_object_get(q->json, list);
	struct place p = { .list = list, .err = req_err(q) };
	enum rc rc = RC_OK;

	if (!all || json_is_null(all))
		return RC_OK;
	if (!json_is_array(all) || json_array_size(all) > 64)
		return fail_field(req_err(q), RC_INVALID, list, "%s is a list of at most 64 objects.", list);
	for (; p.i < json_array_size(all) && rc == RC_OK; p.i++) {
		p.v = json_array_get(all, p.i);
		rc = one(&p, plan);
	}
	return rc;
}

/* The whole plan, whatever there was before: what is left out is not granted. */
static enum rc read_plan(struct req *q, struct plan_call *c)
{
	c->plan = (struct plan){
		.code = c->code,
		.name = api_str(q, "name"),
		.support = json_is_true(json_object_get(q->json, "support")),
		.rank = (int)api_i64(q, "rank", 100),
		.calendar = { api_i64(q, "calendar", 0) },
		.quota_month = api_i64(q, "quotaMonth", -1),
		.approval = json_is_true(json_object_get(q->json, "approval")),
	};
	enum rc rc = each(q, "channels", one_channel, &c->plan);

	return rc == RC_OK ? each(q, "targets", one_target, &c->plan) : rc;
}

static enum rc put_step(struct db_tx *tx, struct call *c, struct err *err)
{
	struct plan_call *p = c->arg;
	struct plan_id id;
	enum rc rc = plan_save(tx, c->who, c->now, &p->plan, &id, err);

	return rc == RC_OK ? show(tx, c, p->plan.code, err) : rc;
}

static enum rc create_step(struct db_tx *tx, struct call *c, struct err *err)
{
	struct plan_call *p = c->arg;
	struct plan there;
	enum rc rc = plan_find_code(tx, c->a, p->plan.code, &there, NULL);

	if (rc == RC_OK)
		return fail_field(err, RC_CONFLICT, "code", "There is a plan with this code. Nothing was changed.");
	return rc == RC_NOT_FOUND ? put_step(tx, c, err) : rc;
}

enum rc api_plan_create(struct req *q, struct resp *r)
{
	struct plan_call p = { .code = api_str(q, "code") };
	enum rc rc = read_plan(q, &p);

	return rc == RC_OK ? api_write(q, r, 201, create_step, &p) : rc;
}

enum rc api_plan_put(struct req *q, struct resp *r)
{
	struct plan_call p = { .code = req_path(q, "code") };
	enum rc rc = read_plan(q, &p);

	return rc == RC_OK ? api_write(q, r, 200, put_step, &p) : rc;
}

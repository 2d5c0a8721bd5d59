/* Administration: plans as data: which ways of reaching us, which promises, how many tickets. */
#include "clock/clock.h"
#include "tmpl.h"
#include "web/admin_view.h"
#include "web/signin_private.h"

#define N_CHANNELS 5 /* form, mail, phone, API, widget; agents open by their own right */

static const char *const days_field[] = { "", "days_s", "days_m", "days_l" };

struct plans {
	struct req *q;
	struct plan *list;
	size_t n;
	struct plan one;
	struct plan_id id;
	struct calendar *calendars;
	size_t n_calendars;
	int days[4];
};

static enum rc load_plans(struct db_tx *tx, void *arg, struct err *err)
{
	struct plans *p = arg;

	enum rc rc = plan_list(tx, p->q->arena, &p->list, &p->n, err);

	for (int c = 1; c <= 3 && rc == RC_OK; c++)
		rc = clock_estimate_days(tx, p->q->arena, c, &p->days[c], err);
	return rc;
}

static enum rc show_plans(struct req *q, struct resp *r)
{
	struct plans p = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_plans, &p, r->status == 200 ? req_err(q) : NULL);
	struct page page;

	if (rc != RC_OK)
		return rc;
	struct out o = admin_begin(q, r, &page, _(web_lang(q), "Plans"));
	struct admin_plans v = { .p = &page,
		                 .plans = p.list,
		                 .n = p.n,
		                 .code = web_field_value(q, "code", STR("")),
		                 .name = web_field_value(q, "name", STR("")) };

	for (int c = 1; c <= 3; c++)
		v.days[c] = web_field_value(q, days_field[c], arena_strf(q->arena, "%d", p.days[c]));
	tmpl_admin_plans(&o, &v);
	return RC_OK;
}

/* How many working days a request takes, by complexity: for all plans. */
static enum rc save_estimates(struct db_tx *tx, void *arg, struct err *err)
{
	static const char *const key[] = { "", "estimate-s", "estimate-m", "estimate-l" };
	struct req *q = arg;
	int64_t last = 0, v;
	enum rc rc = RC_OK;

	for (int i = 1; i <= 3 && rc == RC_OK; i++) {
		if (!req_int(q, days_field[i], &v) || v < 1 || v > 365)
			return fail_field(err, RC_INVALID, days_field[i],
			                  "An estimate is 1 to 365 working days. Nothing was changed.");
		if (v < last)
			return fail_field(err, RC_INVALID, days_field[i],
			                  "What is more complex does not take less time. Nothing was changed.");
		last = v;
		rc = setting_set(tx, key[i], req_field(q, days_field[i]), err);
	}
	return rc == RC_OK ? signin_event(tx, q, &q->actor, EV_PLAN, "estimates changed", err) : rc;
}

enum rc admin_estimates_save(struct req *q, struct resp *r)
{
	if (web_fields_wrong(q, r))
		return show_plans(q, r);
	enum rc rc = db_write(web_desk(q)->db, save_estimates, q, req_err(q));

	if (web_form_failed(q, r, rc))
		return show_plans(q, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "Saved."), STR("/desk/admin/plans")) : rc;
}

enum rc admin_plans_show(struct req *q, struct resp *r)
{
	return show_plans(q, r);
}

static enum rc add_plan(struct db_tx *tx, void *arg, struct err *err)
{
	struct plans *p = arg;
	struct req *q = p->q;
	struct plan fresh = {
		.code = req_field(q, "code"), .name = req_field(q, "name"), .rank = 100, .quota_month = -1
	};
	enum rc rc = plan_find_code(tx, q->arena, fresh.code, &p->one, NULL);

	if (rc == RC_OK)
		return fail_field(err, RC_CONFLICT, "code", "There is a plan with this code. Nothing was changed.");
	return rc == RC_NOT_FOUND ? plan_save(tx, &q->actor, q->now, &fresh, &p->id, err) : rc;
}

enum rc admin_plans_add(struct req *q, struct resp *r)
{
	struct plans p = { .q = q };
	enum rc rc;

	if (web_fields_wrong(q, r))
		return show_plans(q, r);
	rc = db_write(web_desk(q)->db, add_plan, &p, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_plans(q, r);
	return rc == RC_OK ? resp_redirect(r, arena_strf(q->arena, "/desk/admin/plans/%lld", (long long)p.id.v)) : rc;
}

/* ---- one plan ---- */

static enum rc load_plan(struct db_tx *tx, void *arg, struct err *err)
{
	struct plans *p = arg;

	enum rc rc = plan_find(tx, p->q->arena, (struct plan_id){ web_path_id(p->q, "id") }, &p->one, err);

	return rc == RC_OK ? calendar_list(tx, p->q->arena, &p->calendars, &p->n_calendars, err) : rc;
}

/* The i-th of a field that is there for each promise: what was typed, when the form was refused. */
static struct str typed(struct req *q, const char *field, size_t i, struct str saved)
{
	struct str at[16];

	return q->method == HTTP_POST && req_fields(q, field, at, COUNT(at)) == 16 ? at[i] : saved;
}

static struct admin_target target_of(struct req *q, const struct plan *p, int c, int m, const char *label)
{
	size_t i = (size_t)(c - 1) * 4 + (size_t)m - 1;
	struct arena *a = q->arena;
	struct admin_target t = { .criticality = c, .label = label };
	int64_t v = 0;

	t.value = typed(q, "target", i, p->target[c][m] ? arena_strf(a, "%d", p->target[c][m]) : STR(""));
	t.warn = typed(q, "warn", i, p->warn[c][m] ? arena_strf(a, "%d", p->warn[c][m]) : STR(""));
	t.calendar = str_to_i64(typed(q, "cal", i, STR_NULL), &v) == RC_OK ? v : p->target_calendar[c][m].v;
	t.pauses = str_to_i64(typed(q, "pauses", i, STR_NULL), &v) == RC_OK ? (int)v : p->pauses[c][m];
	return t;
}

static void fill_row(struct req *q, const struct plan *p, int row, struct admin_plan_row *ret)
{
	static const char *const channels[N_CHANNELS] = { N_("form"), N_("mail"), N_("telephone"), "API",
		                                          N_("help button") };
	static const char *const metrics[4] = { N_("first answer"), N_("next answer"), N_("update"), N_("solution") };
	int kind = row < 4 ? TICKET_INCIDENT : TICKET_REQUEST, c = row < 4 ? row + 1 : 0;

	ret->criticality = c;
	ret->request = row == 4;
	for (int i = 0; i < N_CHANNELS; i++)
		ret->channels[i] = (struct admin_cell){ arena_strf(q->arena, "%d.%d.%d", kind, c, i + 1), channels[i],
			                                (p->channels[kind][c] & 1u << (i + 1)) != 0 };
	for (int m = 1; m <= 4 && c; m++)
		ret->targets[m - 1] = target_of(q, p, c, m, metrics[m - 1]);
}

static enum rc show_plan(struct plans *p, struct resp *r)
{
	struct req *q = p->q;
	struct page page;
	struct out o = admin_begin(q, r, &page, str_z(q->arena, p->one.name));
	struct admin_plans v = { .p = &page, .id = p->one.id.v, .code = p->one.code, .support = p->one.support, .approval = p->one.approval };

	v.name = web_field_value(q, "name", p->one.name);
	v.rank = web_field_value(q, "rank", arena_strf(q->arena, "%d", p->one.rank));
	v.quota = web_field_value(q, "quota",
	                          p->one.quota_month < 0 ? STR("")
	                                                 : arena_strf(q->arena, "%lld", (long long)p->one.quota_month));
	v.calendars = p->calendars;
	v.n_calendars = p->n_calendars;
	v.calendar = p->one.calendar.v;
	for (int i = 0; i < 5; i++)
		fill_row(q, &p->one, i, &v.rows[i]);
	tmpl_admin_plan(&o, &v);
	return RC_OK;
}

enum rc admin_plan_show(struct req *q, struct resp *r)
{
	struct plans p = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_plan, &p, req_err(q));

	return rc == RC_OK ? show_plan(&p, r) : rc;
}

static bool is_calendar(const struct plans *p, int64_t id)
{
	for (size_t i = 0; i < p->n_calendars; i++)
		if (p->calendars[i].id.v == id)
			return true;
	return false;
}

/* Calendar, warning and pauses of each promise; a form without them leaves them. */
static enum rc read_counting(struct plans *x, struct err *err)
{
	struct req *q = x->q;
	struct plan *p = &x->one;
	struct str cal[16], warn[16], pauses[16];
	int64_t c, w, s;

	if (req_fields(q, "cal", cal, 16) != 16 || req_fields(q, "warn", warn, 16) != 16 ||
	    req_fields(q, "pauses", pauses, 16) != 16)
		return RC_OK;
	for (size_t i = 0; i < 16; i++) {
		c = w = s = 0;
		if (str_to_i64(cal[i], &c) != RC_OK || (c && !is_calendar(x, c)))
			return fail_field(err, RC_INVALID, "counting",
			                  "One of the calendars is gone. Please reload the page.");
		if (warn[i].n && (str_to_i64(warn[i], &w) != RC_OK || w < 1 || w > 100))
			return fail_field(err, RC_INVALID, "counting",
			                  "A warning comes after 1 to 100 percent of the time.");
		if (str_to_i64(pauses[i], &s) != RC_OK || (s & ~3 && s != PAUSE_NEVER))
			return fail_field(err, RC_INVALID, "counting", "Choose what stops the clock.");
		p->target_calendar[i / 4 + 1][i % 4 + 1].v = c;
		p->warn[i / 4 + 1][i % 4 + 1] = (uint8_t)w;
		p->pauses[i / 4 + 1][i % 4 + 1] = (uint8_t)s;
	}
	return RC_OK;
}

static enum rc read_plan(struct req *q, struct plan *p, struct err *err)
{
	struct str ch[32], target[20];
	size_t n = req_fields(q, "ch", ch, COUNT(ch)), m = req_fields(q, "target", target, COUNT(target));
	int64_t v;

	p->name = req_field(q, "name");
	p->support = str_is(req_field(q, "support"), "1");
	p->approval = str_is(req_field(q, "approval"), "1");
	if (req_int(q, "rank", &v))
		p->rank = (int)v;
	p->quota_month = req_int(q, "quota", &v) ? v : -1;
	memset(p->channels, 0, sizeof(p->channels));
	for (size_t i = 0; i < n; i++) {
		if (ch[i].n != 5)
			continue;
		int kind = ch[i].p[0] - '0', c = ch[i].p[2] - '0', way = ch[i].p[4] - '0';

		if ((kind == TICKET_INCIDENT || kind == TICKET_REQUEST) && c >= 0 && c <= 4 && way >= 1 &&
		    way <= N_CHANNELS)
			p->channels[kind][c] |= (uint8_t)(1u << way);
	}
	if (m != 16)
		return m ? fail_field(err, RC_INVALID, "target",
		                      "The table of promised times is damaged. Please reload the page.")
		         : RC_OK;
	for (size_t i = 0; i < 16; i++) {
		v = 0;
		if (target[i].n && (str_to_i64(target[i], &v) != RC_OK || v < 1 || v > 600000))
			return fail_field(err, RC_INVALID, "target",
			                  "A promised time is a number of minutes above zero, or empty.");
		p->target[i / 4 + 1][i % 4 + 1] = (int32_t)v;
	}
	return RC_OK;
}

static enum rc save_plan(struct db_tx *tx, void *arg, struct err *err)
{
	struct plans *p = arg;
	enum rc rc = load_plan(tx, p, err);

	int64_t calendar = 0;

	if (rc == RC_OK)
		rc = read_plan(p->q, &p->one, err);
	if (rc == RC_OK && req_int(p->q, "calendar", &calendar)) {
		if (calendar && !is_calendar(p, calendar))
			return fail_field(err, RC_INVALID, "calendar",
			                  "This calendar is gone. Please reload the page.");
		p->one.calendar.v = calendar;
	}
	if (rc == RC_OK)
		rc = read_counting(p, err);
	return rc == RC_OK ? plan_save(tx, &p->q->actor, p->q->now, &p->one, &p->id, err) : rc;
}

enum rc admin_plan_save(struct req *q, struct resp *r)
{
	struct plans p = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, load_plan, &p, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (web_fields_wrong(q, r))
		return show_plan(&p, r);
	rc = db_write(web_desk(q)->db, save_plan, &p, req_err(q));
	if (web_form_failed(q, r, rc))
		return show_plan(&p, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "Saved."), STR("/desk/admin/plans")) : rc;
}

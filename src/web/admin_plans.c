/* Administration: plans as data: which ways of reaching us, which promises, how many tickets. */
#include "tmpl.h"
#include "web/admin_view.h"

#define N_CHANNELS 5 /* form, mail, phone, API, widget; agents open by their own right */

struct plans {
	struct req *q;
	struct plan *list;
	size_t n;
	struct plan one;
	struct plan_id id;
};

static enum rc load_plans(struct db_tx *tx, void *arg, struct err *err)
{
	struct plans *p = arg;

	return plan_list(tx, p->q->arena, &p->list, &p->n, err);
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

	tmpl_admin_plans(&o, &v);
	return RC_OK;
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

	return plan_find(tx, p->q->arena, (struct plan_id){ web_path_id(p->q, "id") }, &p->one, err);
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
	for (int m = 1; m <= 4; m++)
		ret->targets[m - 1] = (struct admin_cell){ p->target[c][m] ? arena_strf(q->arena, "%d", p->target[c][m])
			                                                   : STR(""),
			                                   metrics[m - 1], false };
}

static enum rc show_plan(struct plans *p, struct resp *r)
{
	struct req *q = p->q;
	struct page page;
	struct out o = admin_begin(q, r, &page, str_z(q->arena, p->one.name));
	struct admin_plans v = { .p = &page, .id = p->one.id.v, .code = p->one.code, .support = p->one.support };

	v.name = web_field_value(q, "name", p->one.name);
	v.rank = web_field_value(q, "rank", arena_strf(q->arena, "%d", p->one.rank));
	v.quota = web_field_value(q, "quota",
	                          p->one.quota_month < 0 ? STR("")
	                                                 : arena_strf(q->arena, "%lld", (long long)p->one.quota_month));
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

static enum rc read_plan(struct req *q, struct plan *p, struct err *err)
{
	struct str ch[32], target[20];
	size_t n = req_fields(q, "ch", ch, COUNT(ch)), m = req_fields(q, "target", target, COUNT(target));
	int64_t v;

	p->name = req_field(q, "name");
	p->support = str_is(req_field(q, "support"), "1");
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

	if (rc == RC_OK)
		rc = read_plan(p->q, &p->one, err);
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

/* Checklists of requests on the ticket's page, and the types that bring them in the administration. */
#include "tmpl.h"
#include "web/admin_view.h"
#include "web/request_view.h"
#include "web/web.h"

enum rc desk_checklist_load(struct db_tx *tx, const struct req *q, const struct ticket *t, struct desk_checklist *ret,
                            struct err *err)
{
	*ret = (struct desk_checklist){ 0 };
	enum rc rc = checklist_of(tx, q->arena, t->id, &ret->items, &ret->n, err);

	for (size_t i = 0; i < ret->n; i++)
		ret->todo += !time_is_set(ret->items[i].done_at);
	if (rc == RC_OK && t->state <= STATE_WAITING)
		rc = request_type_list(tx, q->arena, false, &ret->types, &ret->n_types, err);
	return rc;
}

struct doing {
	struct req *q;
	int64_t number, item, type;
};

static enum rc run(struct db_tx *tx, void *arg, struct err *err)
{
	struct doing *x = arg;
	struct req *q = x->q;
	struct str what = req_field(q, "do");

	if (str_is(what, "type"))
		return checklist_choose(tx, q->arena, &q->actor, q->now, x->number, x->type, err);
	if (str_is(what, "add"))
		return checklist_add(tx, q->arena, &q->actor, q->now, x->number, req_field(q, "text"), err);
	if (str_is(what, "drop"))
		return checklist_drop(tx, q->arena, &q->actor, q->now, x->number, x->item, err);
	return checklist_tick(tx, q->arena, &q->actor, q->now, x->number, x->item, str_is(what, "tick"), err);
}

static enum rc post_checklist(struct req *q, struct resp *r)
{
	struct doing x = { .q = q, .number = desk_path_number(q) };

	if (!x.number)
		return web_not_found(q);
	if (web_fields_wrong(q, r))
		return desk_show(q, r, "checklist");
	req_int(q, "item", &x.item);
	req_int(q, "type", &x.type);
	enum rc rc = db_write(web_desk(q)->db, run, &x, req_err(q));

	if (web_form_failed(q, r, rc))
		return desk_show(q, r, "checklist");
	return rc == RC_OK ? web_done(r, NULL, str_concat(q->arena, desk_ticket_url(q, x.number), STR("#checklist"))) : rc;
}

static const struct field checklist_fields[] = {
	{ "do", FIELD_CHOICE, 0, true, "type|add|tick|untick|drop", "What to do" },
	{ "type", FIELD_INT, 0, false, NULL, "type: which" },
	{ "item", FIELD_INT, 0, false, NULL, "tick, untick, drop: which line" },
	{ "text", FIELD_TEXT, 400, false, NULL, "add: what is to be done" },
	{ .name = NULL },
};

const struct route desk_request_routes[] = {
	{ HTTP_POST, "/desk/tickets/{number}/checklist", CAP_AGENT, post_checklist, checklist_fields, ROUTE_LENIENT,
	  "The checklist of a request", NULL, NULL },
	{ .path = NULL },
};

/* ---- administration ---- */

struct types {
	struct req *q;
	struct request_type *at;
	size_t n;
	int64_t id;
};

static enum rc load(struct db_tx *tx, void *arg, struct err *err)
{
	struct types *x = arg;

	return request_type_list(tx, x->q->arena, true, &x->at, &x->n, err);
}

static enum rc show(struct req *q, struct resp *r)
{
	struct types x = { .q = q };
	struct err spare = { 0 };
	struct page page;
	enum rc rc = db_read(web_desk(q)->db, load, &x, r->status == 200 ? req_err(q) : &spare);

	if (rc != RC_OK)
		return rc;
	struct out o = admin_begin(q, r, &page, _(web_lang(q), "Types of requests"));
	struct request_types v = { .p = &page, .at = x.at, .n = x.n, .refused = -1 };

	if (page.n_errors)
		req_int(q, "id", &v.refused);
	v.name = web_field_value(q, "name", STR(""));
	v.items = web_field_value(q, "items", STR(""));
	tmpl_request_types(&o, &v);
	return RC_OK;
}

static enum rc save(struct db_tx *tx, void *arg, struct err *err)
{
	struct types *x = arg;
	struct req *q = x->q;
	struct request_type t = { x->id, req_field(q, "name"), req_field(q, "items"), str_is(req_field(q, "archived"), "1") };

	return request_type_save(tx, &q->actor, q->now, &t, &x->id, err);
}

enum rc admin_request_types_show(struct req *q, struct resp *r)
{
	return show(q, r);
}

enum rc admin_request_types_save(struct req *q, struct resp *r)
{
	struct types x = { .q = q };

	if (web_fields_wrong(q, r))
		return show(q, r);
	req_int(q, "id", &x.id);
	enum rc rc = db_write(web_desk(q)->db, save, &x, req_err(q));

	if (web_form_failed(q, r, rc))
		return show(q, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "Saved."), STR("/desk/admin/request-types")) : rc;
}

/* Replies that wait: undone into the composer, sent at once, listed for their agent; and the job that says each at its
 * moment. What they are is ticket/held.h's matter; they are made by desk_reply.c. */
#include "jobs/jobs.h"
#include "kb/use.h"
#include "ticket/held.h"
#include "tmpl.h"
#include "web/desk_view.h"
#include "web/web.h"
#include <jansson.h>

#define SOON_S 120 /* until then seconds are told, not the time */

int64_t desk_held_seconds(struct instant now, const struct held *h)
{
	int64_t s = (h->at.us - now.us + SECOND_US - 1) / SECOND_US;

	return s < 1 ? 1 : s <= SOON_S ? s : 0;
}

struct acting {
	struct req *q;
	int64_t id;
	struct held h;
	struct message_id message;
};

/* What was written meanwhile stays below it. */
static enum rc undo(struct db_tx *tx, void *arg, struct err *err)
{
	struct acting *x = arg;
	struct arena *a = x->q->arena;
	const struct actor *who = &x->q->actor;
	struct draft d = { 0 };
	struct attachment made;
	enum rc rc = held_take(tx, a, who, x->id, &x->h, err);

	if (rc != RC_OK)
		return rc;
	rc = draft_find(tx, a, who, DRAFT_REPLY, x->h.ticket, &d, NULL);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return fail(err, rc,
		            "Your draft cannot be read at the moment. Nothing was changed; try again in a moment.");
	struct str more = rc == RC_OK ? str_trim(desk_draft_text(a, d.data)) : STR("");
	struct str text = more.n ? arena_strf(a, STR_F "\n\n" STR_F, STR_A(x->h.text), STR_A(more)) : x->h.text;

	rc = draft_save(tx, who, x->q->now, DRAFT_REPLY, x->h.ticket, desk_draft_data(a, text), &d.id, err);
	for (size_t i = 0; i < x->h.n_files && rc == RC_OK; i++)
		rc = draft_attach(tx, a, who, x->q->now, d.id, &x->h.files[i], &made, err);
	return rc;
}

static enum rc send_now(struct db_tx *tx, void *arg, struct err *err)
{
	struct acting *x = arg;
	enum rc rc = held_send(tx, x->q->arena, &x->q->actor, x->q->now, x->id, &x->h, &x->message, err);

	return rc == RC_OK ? kb_used_in(tx, web_kb_base(x->q), x->h.text, x->h.ticket, x->q->now, err) : rc;
}

const struct field desk_held_fields[] = {
	{"act",       FIELD_CHOICE, 0, true, "undo|now", "Back into the composer, or sent at once" },
	{ "id",          FIELD_INT, 0, true, NULL, "Which" },
	{ .name = NULL},
};

enum rc desk_held_post(struct req *q, struct resp *r)
{
	struct acting x = { .q = q };
	bool back = str_is(req_field(q, "act"), "undo");
	const struct i18n *l = web_lang(q);

	if (!desk_path_number(q) || !req_int(q, "id", &x.id))
		return web_not_found(q);
	enum rc rc = db_write(web_desk(q)->db, back ? undo : send_now, &x, req_err(q));

	if (rc == RC_NOT_FOUND) /* the moment came while somebody read the page */
		return web_done(r, _(l, "It waits no more: it was sent, or taken back before."),
		                desk_ticket_url(q, desk_path_number(q)));
	if (rc != RC_OK)
		return rc;
	return back ? web_done(r, _(l, "Not sent. Your text is in the composer again."),
	                       arena_strf(q->arena, STR_F "#composer", STR_A(desk_ticket_url(q, x.h.number))))
	            : web_done(r, _(l, "Sent."),
	                       arena_strf(q->arena, STR_F "#m%lld", STR_A(desk_ticket_url(q, x.h.number)),
	                                  (long long)x.message.v));
}

/* ---- the list ---- */

struct later {
	struct req *q;
	struct view_counts counts;
	struct held *held;
	size_t n;
};

static enum rc load_later(struct db_tx *tx, void *arg, struct err *err)
{
	struct later *x = arg;
	enum rc rc = desk_counts(tx, x->q, &x->counts, err);

	return rc == RC_OK ? held_of(tx, x->q->arena, x->q->actor.agent, &x->held, &x->n, err) : rc;
}

enum rc desk_later_show(struct req *q, struct resp *r)
{
	struct later x = { .q = q };
	struct page page;
	enum rc rc = db_read(web_desk(q)->db, load_later, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	struct desk_later v = { x.held, arena_array(q->arena, struct str, x.n + 1), x.n };
	struct out o = web_out(q, r);

	for (size_t i = 0; i < x.n; i++)
		v.urls[i] = desk_ticket_url(q, x.held[i].number);
	desk_page_init(&page, q, r, _(o.lang, "Replies that wait"), NAV_NONE, &x.counts);
	tmpl_desk_head(&o, &page);
	tmpl_desk_later(&o, &v);
	tmpl_desk_foot(&o, &page);
	return RC_OK;
}

/* ---- at its moment ---- */

struct due {
	struct desk *desk;
	struct arena *a;
	int64_t id;
	struct instant now;
	struct str why;
};

static enum rc say_due(struct db_tx *tx, void *arg, struct err *err)
{
	struct due *x = arg;
	const struct desk_config *c = &x->desk->config;
	struct actor system = actor_system();
	struct message_id m;
	struct held h;
	enum rc rc = held_send(tx, x->a, &system, x->now, x->id, &h, &m, err);

	return rc == RC_OK ? kb_used_in(tx, c->kb_url.n ? c->kb_url : c->base_url, h.text, h.ticket, x->now, err) : rc;
}

static enum rc refuse_due(struct db_tx *tx, void *arg, struct err *err)
{
	struct due *x = arg;

	return held_refused(tx, x->id, x->why, err);
}

enum rc desk_send_due(struct desk *desk, int64_t id, struct instant now, struct arena *a, struct err *err)
{
	struct due x = { .desk = desk, .a = a, .id = id, .now = now };
	enum rc rc = db_write(desk->db, say_due, &x, err);

	if (rc == RC_OK || rc == RC_NOT_FOUND) /* undone, sent by a click, or another one's moment */
		return RC_OK;
	if (rc == RC_RETRY || rc == RC_FAULT || rc == RC_FULL)
		return rc;
	x.why = arena_str(a, str_of(err->text));
	return db_write(desk->db, refuse_due, &x, err);
}

enum rc desk_job_send(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	json_t *j = json_loadb(job->args.p, job->args.n, 0, NULL);
	int64_t id = json_integer_value(json_object_get(j, "held"));

	json_decref(j);
	return desk_send_due(app, id, time_now(), scratch, err);
}

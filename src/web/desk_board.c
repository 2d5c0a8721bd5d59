/* The boards: incidents in four columns by their next deadline, also for a screen on the wall; requests by complexity and
 * priority with what to do next and why. */
#include "tmpl.h"
#include "web/clock_view.h"
#include "web/web.h"

#define CARDS 30
#define NEXT  15

struct loading {
	struct req *q;
	struct clock_card *cards[5];
	size_t n[5];
	int total[5];
	struct clock_grid grid;
	struct clock_next_request *next;
	size_t n_next;
	struct view_counts counts;
	struct instant last;
};

static enum rc load_incidents(struct db_tx *tx, void *arg, struct err *err)
{
	struct loading *x = arg;
	enum rc rc = desk_counts(tx, x->q, &x->counts, err);

	for (int c = 1; c <= 4 && rc == RC_OK; c++)
		rc = clock_board(tx, x->q->arena, &x->q->actor, c, CARDS, &x->cards[c], &x->n[c], &x->total[c], err);
	return rc;
}

static const char *short_metric(const struct i18n *l, enum metric m)
{
	static const char *const name[] = { "", N_("answer"), N_("answer"), N_("update"), N_("solution") };

	return tr(l, name[m]);
}

static struct board_card card(const struct req *q, const struct clock_card *c)
{
	const struct i18n *l = web_lang(q);
	struct board_card v = { .number = desk_number(q, c->row.number),
				.url = desk_ticket_url(q, c->row.number),
				.subject = c->row.subject,
				.account = c->row.account_name,
				.assignee = c->row.assignee_name,
				.unassigned = !c->row.assignee.v,
				.callback = time_is_set(c->row.callback_at),
				.not_phoned = c->row.not_phoned,
				.waits = c->row.state == STATE_WAITING,
				.look = "paused",
				.metric = "",
				.seen = arena_strf(q->arena, "%lld", (long long)c->row.last_event.v) };

	v.take_url = str_concat(q->arena, v.url, STR("/take"));
	if (c->has_clock) {
		v.left = clock_left(q, &c->clock, &v.look);
		v.metric = short_metric(l, c->clock.metric);
	} else {
		v.left = str_of(_(l, "no promise"));
	}
	return v;
}

static enum rc get_incidents(struct req *q, struct resp *r)
{
	static const char *const name[] = { "", N_("Total interruption"), N_("Functional errors"), N_("Degraded quality"), N_("Specific errors") };
	struct loading x = { .q = q };
	struct board_page v = { .wallboard = str_is(req_field(q, "wallboard"), "1"), .empty = true };
	struct page page;
	enum rc rc = db_read(web_desk(q)->db, load_incidents, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	for (int c = 1; c <= 4; c++) {
		struct board_column *col = &v.column[c - 1];

		*col = (struct board_column){ .criticality = c, .total = x.total[c], .name = tr(web_lang(q), name[c]) };
		col->cards = arena_array(q->arena, struct board_card, x.n[c] + 1);
		for (size_t i = 0; i < x.n[c]; i++) {
			col->cards[col->n++] = card(q, &x.cards[c][i]);
			v.alarm = v.alarm || (c == 1 && !x.cards[c][i].row.assignee.v);
		}
		v.empty = v.empty && x.n[c] == 0;
	}
	struct out o = web_out(q, r);

	desk_page_init(&page, q, r, _(o.lang, "Incident board"), NAV_INCIDENTS, &x.counts);
	if (v.wallboard)
		tmpl_wall_head(&o, &page);
	else
		tmpl_desk_head(&o, &page);
	tmpl_board_incidents(&o, &v);
	if (v.wallboard)
		tmpl_wall_foot(&o, &page);
	else
		tmpl_desk_foot(&o, &page);
	return RC_OK;
}

/* ---- requests ---- */

static enum rc load_requests(struct db_tx *tx, void *arg, struct err *err)
{
	struct loading *x = arg;
	enum rc rc = desk_counts(tx, x->q, &x->counts, err);

	if (rc == RC_OK)
		rc = clock_grid(tx, x->q->arena, &x->grid, err);
	if (rc == RC_OK)
		rc = clock_next_requests(tx, x->q->arena, &x->q->actor, x->q->now, NEXT, &x->next, &x->n_next, err);
	return rc;
}

static struct board_next next_one(const struct req *q, const struct clock_next_request *n)
{
	static const char *const why[] = { "", N_("its date is near"), N_("higher priority than the next"), N_("smaller than the next"), N_("waits longest") };

	return (struct board_next){ .number = desk_number(q, n->row.number),
				    .url = desk_ticket_url(q, n->row.number),
				    .subject = n->row.subject,
				    .account = n->row.account_name,
				    .assignee = n->row.assignee_name,
				    .wanted_on = n->wanted_on.p ? n->wanted_on : STR(""),
				    .why = tr(web_lang(q), why[n->why]),
				    .complexity = n->row.complexity ? desk_complexity(web_lang(q), n->row.complexity) : "?",
				    .priority = n->row.priority,
				    .days = n->days,
				    .since = n->row.opened_at };
}

static enum rc get_requests(struct req *q, struct resp *r)
{
	static const int order[4] = { 1, 2, 3, 0 };
	struct loading x = { .q = q };
	struct request_page v = { .n = 0 };
	struct page page;
	enum rc rc = db_read(web_desk(q)->db, load_requests, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	struct out o = web_out(q, r);

	v.grid = x.grid;
	for (int i = 0; i < 4; i++) {
		v.row[i] = order[i];
		v.row_name[i] = desk_complexity(o.lang, order[i]);
	}
	v.next = arena_array(q->arena, struct board_next, x.n_next + 1);
	for (size_t i = 0; i < x.n_next; i++)
		v.next[v.n++] = next_one(q, &x.next[i]);
	v.capacity = TR_FILL(q->arena, _(o.lang, "{days} days of work are estimated; {agents} agents have {room} working days a week."),
			     { "days", arena_strf(q->arena, "%d", x.grid.days) }, { "agents", arena_strf(q->arena, "%d", x.grid.agents) },
			     { "room", arena_strf(q->arena, "%d", x.grid.agents * 5) });
	desk_page_init(&page, q, r, _(o.lang, "Request board"), NAV_REQUESTS, &x.counts);
	tmpl_desk_head(&o, &page);
	tmpl_board_requests(&o, &v);
	tmpl_desk_foot(&o, &page);
	return RC_OK;
}

static const struct field board_fields[] = { { "wallboard", FIELD_TEXT, 1, false, NULL, "1: for a screen on the wall" }, { .name = NULL } };

const struct route board_routes[] = {
	{ HTTP_GET, "/desk/board/incidents", CAP_AGENT, get_incidents, board_fields, 0, "Incidents by their next deadline", NULL, NULL },
	{ HTTP_GET, "/desk/board/requests", CAP_AGENT, get_requests, NULL, 0, "Requests by complexity and priority", NULL, NULL },
	{ .path = NULL },
};

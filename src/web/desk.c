/* The desk's lists: views of tickets and search. What an agent reads about a ticket in a list is decided here; one
 * ticket is desk_ticket.c, mail that waits triage.c. */
#include "search/search.h"
#include "tmpl.h"
#include "web/desk_view.h"
#include "web/kb_find_view.h"
#include "web/kb_view.h"
#include "web/web.h"

#define PAGE_SIZE 50
#define ARTICLES  5 /* beside the tickets of a search */

/* ---- shared ---- */

struct str desk_number(const struct req *q, int64_t number)
{
	return ticket_number_text(q->arena, web_desk(q)->config.prefix, number);
}

struct str desk_ticket_url(const struct req *q, int64_t number)
{
	return str_concat(q->arena, STR("/desk/tickets/"), desk_number(q, number));
}

int64_t desk_path_number(const struct req *q)
{
	int64_t number;

	return ticket_number_parse(req_path(q, "number"), web_desk(q)->config.prefix, &number) == RC_OK ? number : 0;
}

const char *desk_state(const struct i18n *l, enum ticket_state s, enum waiting_for w)
{
	switch (s) {
	case STATE_NEW:
		return _(l, "New");
	case STATE_OPEN:
		return _(l, "Open");
	case STATE_WAITING:
		return w == WAITING_CUSTOMER ? _(l, "Waiting for customer") : _(l, "Waiting for others");
	case STATE_RESOLVED:
		return _(l, "Resolved");
	case STATE_CLOSED:
		return _(l, "Closed");
	}
	return "";
}

const char *desk_complexity(const struct i18n *l, int complexity)
{
	return complexity == 1 ? "S" : complexity == 2 ? "M" : complexity == 3 ? "L" : _(l, "not estimated");
}

const char *desk_via(const struct i18n *l, enum channel c)
{
	switch (c) {
	case CHANNEL_FORM:
		return _(l, "by form");
	case CHANNEL_MAIL:
		return _(l, "by mail");
	case CHANNEL_PHONE:
		return _(l, "by telephone");
	case CHANNEL_API:
		return _(l, "by API");
	case CHANNEL_WIDGET:
		return _(l, "by widget");
	case CHANNEL_AGENT:
		return _(l, "by an agent");
	}
	return "";
}

struct desk_row *desk_rows(const struct req *q, const struct ticket_row *rows, size_t n)
{
	const struct i18n *l = web_lang(q);
	struct desk_row *v = arena_array(q->arena, struct desk_row, n + 1);

	for (size_t i = 0; i < n; i++) {
		const struct ticket_row *t = &rows[i];

		struct str number = desk_number(q, t->number);

		v[i] = (struct desk_row){ .number = number,
			                  .url = str_concat(q->arena, STR("/desk/tickets/"), number),
			                  .subject = t->subject,
			                  .account = t->account_name,
			                  .who = t->contact_name,
			                  .assignee = t->assignee_name,
			                  .team = t->team_name,
			                  .incident = t->kind == TICKET_INCIDENT,
			                  .not_phoned = t->not_phoned,
			                  .waits = t->state == STATE_WAITING,
			                  .criticality = t->criticality,
			                  .priority = t->priority,
			                  .complexity = t->complexity ? desk_complexity(l, t->complexity) : "",
			                  .state = desk_state(l, t->state, t->waiting_for),
			                  .via = desk_via(l, t->channel),
			                  .updated_at = t->updated_at,
			                  .callback_at = t->callback_at };
	}
	return v;
}

static struct str count_text(struct arena *a, int n)
{
	return n > 999 ? STR("999+") : arena_strf(a, "%d", n);
}

void desk_page_init(struct page *p, struct req *q, struct resp *r, const char *title, enum nav nav,
                    const struct view_counts *c)
{
	struct arena *a = q->arena;

	web_page_init(p, q, r, title);
	p->nav = nav;
	p->n_unassigned = count_text(a, c->unassigned);
	p->n_mine = count_text(a, c->mine);
	p->n_incidents = count_text(a, c->incidents);
	p->n_requests = count_text(a, c->requests);
	p->n_waiting = count_text(a, c->waiting);
	p->n_callbacks = count_text(a, c->callbacks);
	p->n_teams = count_text(a, c->teams);
}

struct team *desk_teams(struct arena *a, const struct view_counts *c, size_t *ret_n)
{
	struct str lines = c->team_lines, line, id;
	VEC(struct team) v = { 0 };

	while (lines.n && str_cut(&lines, '\n', &line)) {
		struct team t = { 0 };

		if (str_cut(&line, ' ', &id) && str_to_i64(id, &t.id.v) == RC_OK) {
			t.name = line;
			*VEC_ADD(a, &v) = t;
		}
	}
	*ret_n = v.n;
	return v.at;
}

struct err *desk_err(struct req *q, const struct resp *r, struct err *spare)
{
	return r->status == 200 ? req_err(q) : spare;
}

/* ---- views ---- */

static const struct view {
	const char *name, *title;
	enum ticket_list_view view;
	enum nav nav;
	const char *empty, *action, *action_url;
} views[] = {
	{"unassigned", N_("Unassigned"),  VIEW_UNASSIGNED, NAV_UNASSIGNED,
         N_("Every ticket has somebody who works on it."),                                                           N_("See your own work"),         "/desk/views/mine"     },
	{ "mine",      N_("My work"),     VIEW_MINE,       NAV_MINE,       N_("Nothing waits for you."),             N_("Take an unassigned ticket"),
         "/desk/views/unassigned"	                                                                                                                                    },
	{ "teams", N_("My teams"), VIEW_TEAMS, NAV_TEAMS, N_("No open ticket lies with your teams."), N_("See all tickets"), "/desk/views/all" },
	{ "incidents", N_("Incidents"),   VIEW_INCIDENTS,  NAV_INCIDENTS,  N_("No incident is open."),
         N_("See the requests"),	                                                                                                              "/desk/views/requests" },
	{ "requests",  N_("Requests"),    VIEW_REQUESTS,   NAV_REQUESTS,   N_("No request is open."),                N_("See the incidents"),
         "/desk/views/incidents"	                                                                                                                                     },
	{ "waiting",   N_("Waiting"),     VIEW_WAITING,    NAV_WAITING,    N_("No ticket waits for somebody else."),
         N_("See your own work"),	                                                                                                             "/desk/views/mine"     },
	{ "callbacks", N_("Call back"),   VIEW_CALLBACKS,  NAV_CALLBACKS,  N_("Nobody waits for a call."),
         N_("See the incidents"),	                                                                                                             "/desk/views/incidents"},
	{ "all",       N_("All tickets"), VIEW_ALL,        NAV_ALL,        N_("There are no tickets yet."),
         N_("Look at mail that waits for a decision"),	                                                                                        "/desk/triage"         },
};

static const struct view *view_of(struct str name)
{
	for (size_t i = 0; i < COUNT(views); i++)
		if (str_is(name, views[i].name))
			return &views[i];
	return NULL;
}

struct listing {
	struct req *q;
	struct ticket_query query;
	struct ticket_row *rows;
	size_t n;
	struct str next;
	struct view_counts counts;
};

static enum rc get_view(struct req *q, struct resp *r)
{
	const struct view *view = view_of(req_path(q, "view"));
	const struct i18n *l = web_lang(q);
	struct page page;

	if (!view)
		return web_not_found(q);
	struct desk_listing x = {
		.q = q, .view = view->name, .query = {.view = view->view, .after = req_field(q, "after"), .max = PAGE_SIZE}
	};
	req_int(q, "team", &x.query.team.v);
	enum rc rc = db_read(web_desk(q)->db, desk_listing_read, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	int64_t team = x.query.team.v;
	struct desk_list v = { .title = _(l, view->title),
		               .rows = x.rows,
		               .next_url = STR_INIT(""),
		               .empty = _(l, view->empty),
		               .action = _(l, view->action),
		               .action_url = view->action_url,
		               .board_url = view->view == VIEW_INCIDENTS  ? "/desk/board/incidents"
		                            : view->view == VIEW_REQUESTS ? "/desk/board/requests"
		                                                          : NULL,
		               .url = arena_strf(q->arena, "/desk/views/%s", view->name),
		               .team = team,
		               .mine = view->view == VIEW_TEAMS };
	if (x.next.n)
		v.next_url = team ? arena_strf(q->arena, "/desk/views/%s?team=%lld&after=" STR_F, view->name, (long long)team, STR_A(x.next))
		                  : arena_strf(q->arena, "/desk/views/%s?after=" STR_F, view->name, STR_A(x.next));
	v.teams = desk_teams(q->arena, &x.counts, &v.n_teams);
	if (team) {
		v.empty = _(l, "No ticket of this team is in this list.");
		v.action = _(l, "See it without a choice of team");
		v.action_url = str_z(q->arena, v.url);
	}
	struct out o = web_out(q, r);

	desk_page_init(&page, q, r, v.title, view->nav, &x.counts);
	tmpl_desk_head(&o, &page);
	tmpl_desk_list(&o, &v);
	tmpl_desk_foot(&o, &page);
	return RC_OK;
}

/* ---- the desk's first page ---- */

static enum rc read_counts(struct db_tx *tx, void *arg, struct err *err)
{
	struct listing *x = arg;

	return desk_counts(tx, x->q, &x->counts, err);
}

/* What nobody has comes first, then one's own. */
static enum rc get_desk(struct req *q, struct resp *r)
{
	struct listing x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, read_counts, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	return resp_redirect(r, x.counts.unassigned || !x.counts.mine ? STR("/desk/views/unassigned")
	                                                              : STR("/desk/views/mine"));
}

/* ---- search ---- */

struct searching {
	struct listing list;
	struct str words;
	int64_t before;
	struct search_page found;
	int64_t number; /* the words are a ticket's number */
	struct kb_found articles;
};

static enum rc read_search(struct db_tx *tx, void *arg, struct err *err)
{
	struct searching *s = arg;
	struct listing *x = &s->list;
	struct req *q = x->q;
	struct ticket t;
	enum rc rc = desk_counts(tx, q, &x->counts, err);

	if (rc != RC_OK || s->words.n == 0)
		return rc;
	if (ticket_number_parse(s->words, web_desk(q)->config.prefix, &s->number) != RC_OK ||
	    ticket_find(tx, q->arena, &q->actor, s->number, &t, NULL) != RC_OK)
		s->number = 0;
	if (s->number)
		return RC_OK;
	rc = search_tickets(tx, q->arena, s->words, s->before, PAGE_SIZE, &s->found, err);
	if (rc == RC_OK && !s->before) {
		struct kb_query k = { .words = s->words, .lang = str_of(i18n_tag(web_lang(q))), .max = ARTICLES };

		rc = kb_look(tx, q->arena, &q->actor, &k, q->now, &s->articles, err);
	}
	if (rc != RC_OK || s->found.n == 0)
		return rc;
	x->query.ids = arena_array(q->arena, struct ticket_id, s->found.n);
	for (size_t i = 0; i < s->found.n; i++)
		x->query.ids[x->query.n_ids++] = s->found.at[i].ticket;
	x->query.max = s->found.n;
	return ticket_list(tx, q->arena, &q->actor, &x->query, &x->rows, &x->n, &x->next, err);
}

static struct str search_url(struct req *q, struct str words, int64_t before)
{
	AUTO_BUF b;
	struct out u = { .b = &b };

	buf_init(&b, 4000);
	buf_addz(&b, "/desk/search?q=");
	out_url_part(&u, words);
	buf_addf(&b, "&before=%lld", (long long)before);
	return b.full ? STR("") : arena_str(q->arena, buf_str(&b));
}

static struct str url_part(struct req *q, struct str words)
{
	AUTO_BUF b;
	struct out u = { .b = &b };

	buf_init(&b, 4000);
	out_url_part(&u, words);
	return arena_str(q->arena, buf_str(&b));
}

static enum rc get_search(struct req *q, struct resp *r)
{
	struct searching s = { .list.q = q, .words = str_trim(req_field(q, "q")) };
	struct page page;

	req_int(q, "before", &s.before);
	enum rc rc = db_read(web_desk(q)->db, read_search, &s, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (s.number)
		return resp_redirect(r, desk_ticket_url(q, s.number));
	struct desk_search v = { .words = s.words.p ? s.words : STR(""),
		                 .rows = desk_rows(q, s.list.rows, s.list.n),
		                 .n = s.list.n,
		                 .next_url = s.found.more ? search_url(q, s.words, s.found.before) : STR("") };
	struct out o = web_out(q, r);

	v.articles = arena_array(q->arena, struct kb_hit_row, s.articles.n + 1);
	for (; v.n_articles < s.articles.n; v.n_articles++) {
		const struct kb_hit *h = &s.articles.at[v.n_articles];

		v.articles[v.n_articles] = (struct kb_hit_row){ h, kb_reader_url(q, h->slug, h->lang),
			                                        kb_reader_kind(web_lang(q), h->kind) };
	}
	v.articles_url = str_concat(q->arena, STR("/kb?q="), url_part(q, v.words));
	desk_page_init(&page, q, r, _(web_lang(q), "Search"), NAV_NONE, &s.list.counts);
	tmpl_desk_head(&o, &page);
	tmpl_desk_search(&o, &v);
	tmpl_desk_foot(&o, &page);
	return RC_OK;
}

static const struct field view_fields[] = {
	{"after", FIELD_TEXT, 200, false, NULL, "Cursor of the next page" },
	{ "team", FIELD_INT, 0, false, NULL, "Only of this team; 0: all" },
	{ .name = NULL   },
};
static const struct field search_fields[] = {
	{"q",   FIELD_TEXT, 500, false, NULL, "Words, \"exact phrases\", a prefix*, or a ticket's number" },
	{ "before",  FIELD_INT, 0, false, NULL, "Cursor of the next page" },
	{ .name = NULL},
};

const struct route desk_routes[] = {
	{HTTP_GET,             "/desk", CAP_AGENT, get_desk, NULL, 0, "To the first view", NULL, NULL },
	{ HTTP_GET,           "/desk/views/{view}", CAP_AGENT, get_view, view_fields, 0, "A view of tickets", NULL, NULL },
	{ HTTP_GET,                "/desk/search", CAP_AGENT, get_search, search_fields, 0, "Tickets and articles with these words", NULL, NULL },
	{ .path = NULL},
};

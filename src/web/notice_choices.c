/* What one is told, where and when: agents for themselves, administrators for those who chose nothing, people of
 * customers about mails of their own tickets and of their colleagues'. One form for all three. */
#include "account/account.h"
#include "notice/notice.h"
#include "tmpl.h"
#include "web/admin_view.h"
#include "web/desk_view.h"
#include "web/notice_view.h"

#define N_(text) text

struct choosing {
	struct req *q;
	struct notice_person person;
	struct notice_choice at[NOTICE_WHATS];
	struct notice_rhythm rhythm;
	bool own, ack, changed, back;
	struct str zone;
	struct view_counts counts;
};

static const struct {
	int what;
	const char *label, *hint; /* to agents */
	const char *customer;     /* NULL: customers are not asked */
} whats[] = {
	{NOTICE_NEW,          N_("A new ticket"),                                    "",	                                                 N_("A new ticket")      },
	{ NOTICE_ASSIGNED,    N_("A ticket is given to me, or to a team of mine"),   "",                                                         NULL                    },
	{ NOTICE_CUSTOMER,    N_("A customer writes"),                               N_("Or opens a ticket again, approves, asks to be called"),
         N_("A colleague writes")	                                                                                                                                },
	{ NOTICE_SUPPORT,     N_("Somebody of us answers"),                          "",                                                         N_("Support answers")   },
	{ NOTICE_NOTE,        N_("A colleague writes a note"),                       "",                                                         NULL                    },
	{ NOTICE_CHANGED,     N_("State, kind, criticality or priority change"),     "",
         N_("State, kind or criticality change")	                                                                                                                 },
	{ NOTICE_SOLVED,      N_("A ticket is solved"),                              "",	                                                 N_("A ticket is solved")},
	{ NOTICE_DUE,         N_("A promise is near, or broken"),                    N_("Who is on duty is paged all the same"),                 NULL                    },
	{ NOTICE_UNDELIVERED, N_("A mail of ours did not arrive"),                   "",                                                         NULL                    },
	{ NOTICE_RATED,       N_("A customer rates our help, or says it is solved"), "",                                                         NULL                    },
};

static enum rc load(struct db_tx *tx, void *arg, struct err *err)
{
	struct choosing *x = arg;
	struct contact_id me = { x->person.id };
	enum rc rc = notice_choices(tx, x->person, x->at, &x->own, &x->rhythm, err);

	if (rc == RC_OK && x->person.kind == ACTOR_CONTACT)
		rc = notice_own(tx, me, NOTICE_OWN_ACK, &x->ack, err);
	if (rc == RC_OK && x->person.kind == ACTOR_CONTACT)
		rc = notice_own(tx, me, NOTICE_OWN_CHANGED, &x->changed, err);
	return rc == RC_OK && x->person.kind == ACTOR_AGENT ? desk_counts(tx, x->q, &x->counts, err) : rc;
}

static struct str field_name(struct arena *a, const char *what, int i)
{
	return arena_strf(a, "%s%d", what, i);
}

static bool ticked(const struct req *q, const char *what, int i)
{
	return str_is(req_field(q, str_z(q->arena, field_name(q->arena, what, i))), "1");
}

static struct str clock_text(struct arena *a, int minute)
{
	return arena_strf(a, "%02d:%02d", minute / 60, minute % 60);
}

static bool clock_parse(struct str s, int *ret)
{
	struct str hour;
	int64_t h, m;

	if (!str_cut(&s, ':', &hour) || hour.n > 2 || s.n != 2 || str_to_i64(hour, &h) != RC_OK ||
	    str_to_i64(s, &m) != RC_OK || h < 0 || h > 23 || m < 0 || m > 59)
		return false;
	*ret = (int)(h * 60 + m);
	return true;
}

/* What the form says, over what was loaded. */
static enum rc read_form(struct choosing *x)
{
	struct req *q = x->q;
	struct str mail = req_field(q, "mail"), from = req_field(q, "from"), to = req_field(q, "to");
	int64_t hour = 8;

	for (size_t i = 0; i < COUNT(whats); i++) {
		int w = whats[i].what;
		struct str reach = req_field(q, str_z(q->arena, field_name(q->arena, "reach", w)));
		int64_t n = 0;

		if (x->person.kind == ACTOR_CONTACT) {
			bool yes = whats[i].customer && ticked(q, "mail", w);

			x->at[w] = (struct notice_choice){ w, yes ? NOTICE_OF_ALL : NOTICE_OF_NONE,
				                           yes ? NOTICE_MAIL : 0 };
			continue;
		}
		if (!reach.n || str_to_i64(reach, &n) != RC_OK || n < 0 || n > NOTICE_OF_ALL)
			n = x->at[w].reach;
		x->at[w] = (struct notice_choice){ w, (int)n,
			                           (ticked(q, "list", w) ? NOTICE_LIST : 0) |
			                                   (ticked(q, "mail", w) ? NOTICE_MAIL : 0) |
			                                   (ticked(q, "browser", w) ? NOTICE_BROWSER : 0) };
	}
	x->rhythm.mail = str_is(mail, "hourly") ? NOTICE_HOURLY : str_is(mail, "daily") ? NOTICE_DAILY : NOTICE_AT_ONCE;
	if (req_int(q, "hour", &hour) && hour <= 23)
		x->rhythm.hour = (int)hour;
	x->rhythm.weekend = str_is(req_field(q, "weekend"), "1");
	x->ack = str_is(req_field(q, "ack"), "1");
	x->changed = str_is(req_field(q, "changed"), "1");
	x->rhythm.quiet_from = x->rhythm.quiet_to = 0;
	if (!from.n && !to.n)
		return RC_OK;
	if (!clock_parse(from.p ? from : STR(""), &x->rhythm.quiet_from))
		return http_fail(q, RC_INVALID, "from",
		                 "Write a time like 22:00, or leave both empty. Nothing was changed.");
	if (!clock_parse(to.p ? to : STR(""), &x->rhythm.quiet_to))
		return http_fail(q, RC_INVALID, "to",
		                 "Write a time like 07:00, or leave both empty. Nothing was changed.");
	return RC_OK;
}

static enum rc save(struct db_tx *tx, void *arg, struct err *err)
{
	struct choosing *x = arg;
	enum rc rc;

	if (x->back)
		return notice_unchoose(tx, x->person, err);
	rc = notice_choose(tx, x->person, x->at + 1, NOTICE_WHATS - 1, &x->rhythm, err);
	if (rc == RC_OK && x->person.kind == ACTOR_CONTACT) {
		struct notice_choice own[] = {
			{NOTICE_OWN_ACK,      NOTICE_OF_NONE, x->ack ? NOTICE_MAIL : 0    },
			{ NOTICE_OWN_CHANGED, NOTICE_OF_NONE, x->changed ? NOTICE_MAIL : 0}
		};

		rc = notice_choose(tx, x->person, own, COUNT(own), NULL, err);
	}
	return rc;
}

/* ---- the page ---- */

static void fill(struct choosing *x, struct notice_form *v)
{
	struct req *q = x->q;
	struct arena *a = q->arena;
	bool customer = x->person.kind == ACTOR_CONTACT, quiet = x->rhythm.quiet_from != x->rhythm.quiet_to;

	v->rows = arena_array(a, struct notice_row, COUNT(whats));
	for (size_t i = 0; i < COUNT(whats); i++) {
		int w = whats[i].what;

		if (customer && !whats[i].customer)
			continue;
		v->rows[v->n++] = (struct notice_row){ .what = w,
			                               .label = customer ? whats[i].customer : whats[i].label,
			                               .hint = customer ? "" : whats[i].hint,
			                               .reach = x->at[w].reach,
			                               .list = x->at[w].channels & NOTICE_LIST,
			                               .mail = x->at[w].channels & NOTICE_MAIL,
			                               .browser = x->at[w].channels & NOTICE_BROWSER,
			                               .id_reach = field_name(a, "reach", w),
			                               .id_list = field_name(a, "list", w),
			                               .id_mail = field_name(a, "mail", w),
			                               .id_browser = field_name(a, "browser", w) };
	}
	v->r = x->rhythm;
	v->own = x->own;
	v->ack = x->ack;
	v->changed = x->changed;
	v->from = web_field_value(q, "from", quiet ? clock_text(a, x->rhythm.quiet_from) : STR(""));
	v->to = web_field_value(q, "to", quiet ? clock_text(a, x->rhythm.quiet_to) : STR(""));
	v->e_from = web_field_error(q, "from");
	v->e_to = web_field_error(q, "to");
	v->zone = q->actor.zone.n ? q->actor.zone : web_desk(q)->config.zone;
}

static enum rc show(struct choosing *x, struct resp *r)
{
	struct req *q = x->q;
	struct page p;
	struct notice_form v = { .p = &p,
		                 .house = !x->person.id,
		                 .customer = x->person.kind == ACTOR_CONTACT,
		                 .agent = x->person.kind == ACTOR_AGENT };

	fill(x, &v);
	if (v.house) {
		struct out o = admin_begin(q, r, &p, _(web_lang(q), "What agents are told"));

		v.action = "/desk/admin/notices";
		tmpl_admin_notices(&o, &v);
		return RC_OK;
	}
	struct out o = web_out(q, r);

	v.action = v.customer ? "/profile/mails" : "/desk/notices/settings";
	if (v.customer) {
		web_page_init(&p, q, r, _(o.lang, "Mails you get"));
		tmpl_profile_mails(&o, &v);
		return RC_OK;
	}
	desk_page_init(&p, q, r, _(o.lang, "What I am told"), NAV_NONE, &x->counts);
	tmpl_desk_head(&o, &p);
	tmpl_notice_settings(&o, &v);
	tmpl_desk_foot(&o, &p);
	return RC_OK;
}

static enum rc begin(struct choosing *x)
{
	return db_read(web_desk(x->q)->db, load, x, req_err(x->q));
}

static enum rc save_form(struct choosing *x, struct resp *r, struct str url)
{
	struct req *q = x->q;
	const struct i18n *l = web_lang(q);
	enum rc rc = begin(x);

	if (rc != RC_OK)
		return rc;
	if (web_fields_wrong(q, r))
		return show(x, r);
	x->back = str_is(req_field(q, "do"), "back");
	rc = x->back ? RC_OK : read_form(x);
	if (rc == RC_OK)
		rc = db_write(web_desk(q)->db, save, x, req_err(q));
	if (rc == RC_OK)
		return web_done(r, x->back ? _(l, "You are told what the desk has chosen for all.") : _(l, "Saved."),
		                url);
	return web_form_failed(q, r, rc) ? show(x, r) : rc;
}

static struct choosing of_agent(struct req *q)
{
	return (struct choosing){
		.q = q, .person = {ACTOR_AGENT, q->actor.agent.v}
	};
}

static struct choosing of_contact(struct req *q)
{
	return (struct choosing){
		.q = q, .person = {ACTOR_CONTACT, q->actor.contact.v}
	};
}

static enum rc get_mine(struct req *q, struct resp *r)
{
	struct choosing x = of_agent(q);
	enum rc rc = begin(&x);

	return rc == RC_OK ? show(&x, r) : rc;
}

static enum rc post_mine(struct req *q, struct resp *r)
{
	struct choosing x = of_agent(q);

	return save_form(&x, r, STR("/desk/notices/settings"));
}

static enum rc get_house(struct req *q, struct resp *r)
{
	struct choosing x = { .q = q };
	enum rc rc = begin(&x);

	return rc == RC_OK ? show(&x, r) : rc;
}

static enum rc post_house(struct req *q, struct resp *r)
{
	struct choosing x = { .q = q };

	return save_form(&x, r, STR("/desk/admin/notices"));
}

static enum rc get_mails(struct req *q, struct resp *r)
{
	struct choosing x = of_contact(q);
	enum rc rc = begin(&x);

	return rc == RC_OK ? show(&x, r) : rc;
}

static enum rc post_mails(struct req *q, struct resp *r)
{
	struct choosing x = of_contact(q);

	return save_form(&x, r, STR("/profile/mails"));
}

/* clang-format off */
#define ROW(n) \
	{ "reach" #n, FIELD_CHOICE, 0, false, "0|1|2|3|4", "Which tickets" }, { "list" #n, FIELD_BOOL, 0, false, NULL, "In the desk" }, \
	{ "mail" #n, FIELD_BOOL, 0, false, NULL, "By mail" }, { "browser" #n, FIELD_BOOL, 0, false, NULL, "In the browser" }
static const struct field choice_fields[] = {
	{ "do", FIELD_CHOICE, 0, false, "save|back", "What to do" },
	ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), ROW(7), ROW(8), ROW(9), ROW(10),
	{ "mail", FIELD_CHOICE, 0, false, "once|hourly|daily", "When mails go" },
	{ "hour", FIELD_INT, 23, false, NULL, "Hour of a daily mail" },
	{ "from", FIELD_TEXT, 5, false, NULL, "Quiet from" },
	{ "to", FIELD_TEXT, 5, false, NULL, "Quiet to" },
	{ "weekend", FIELD_BOOL, 0, false, NULL, "Quiet on Saturday and Sunday" },
	{ "ack", FIELD_BOOL, 0, false, NULL, "Acknowledgements of one's own tickets" },
	{ "changed", FIELD_BOOL, 0, false, NULL, "Changes of one's own tickets" },
	{ .name = NULL },
};
const struct route notice_choice_routes[] = {
	{ HTTP_GET, "/desk/notices/settings", CAP_AGENT, get_mine, NULL, 0, "What an agent is told", NULL, NULL },
	{ HTTP_POST, "/desk/notices/settings", CAP_AGENT, post_mine, choice_fields, ROUTE_LENIENT, "Chooses it", NULL, NULL },
	{ HTTP_GET, "/desk/admin/notices", CAP_ADMIN, get_house, NULL, 0, "What agents are told who chose nothing", NULL, NULL },
	{ HTTP_POST, "/desk/admin/notices", CAP_ADMIN, post_house, choice_fields, ROUTE_LENIENT, "Chooses it", NULL, NULL },
	{ HTTP_GET, "/profile/mails", CAP_CUSTOMER_READ, get_mails, NULL, 0, "Which mails one gets", NULL, NULL },
	{ HTTP_POST, "/profile/mails", CAP_CUSTOMER_READ, post_mails, choice_fields, ROUTE_LENIENT, "Chooses them", NULL, NULL },
	{ .path = NULL },
};
/* clang-format on */

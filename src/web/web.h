/* web: the pages. Whole HTML documents for every address, usable without scripts. This header is what all page files
 * share: who is asking, what he may do, how a page begins, how forms show what was wrong, and the tables of routes
 * that app/ puts together. Files: signin.c (signing in, profile, first run), people.c (people, subscriptions, sites of
 * a customer), admin.c (administration), portal*.c (customers' tickets), desk*.c (agents), kb.c, assets.
 *
 * A handler reads with db_read(), or changes with db_write(), in one transaction, then fills a page:
 *
 *	static enum rc show(struct req *q, struct resp *r)
 *	{
 *		struct things v = { .q = q };
 *		struct page page;
 *		enum rc rc = db_read(web_desk(q)->db, read_things, &v, req_err(q));
 *		if (rc != RC_OK)
 *			return rc;                      // http/ shows the error page
 *		struct out o = web_out(q, r);
 *		web_page_init(&page, q, r, _(o.lang, "Things"));
 *		portal_head(&o, &page);
 *		tmpl_things(&o, &v);
 *		portal_foot(&o, &page);
 *		return RC_OK;
 *	}
 *
 * Forms post to the address that shows them: wrong input shows the same page again with 422 and what was typed
 * (ROUTE_LENIENT and web_form_failed()), success is web_done(): a flash message and a 303. */
#pragma once
#include "desk/desk.h"
#include "http/http.h"
#include "http/out.h"
#include "i18n/i18n.h"

/* Marks a text for the catalogue that is translated later, where it is shown. */
#ifndef N_
#define N_(text) text
#endif

struct page;    /* web/page.h */
struct contact; /* account/account.h */

/* ---- for http_config ---- */
/* Session cookie or bearer token to actor. Looked up for every request, so that revoking takes effect at once. A
 * session whose second factor is due has q->session set (its forms need the CSRF token) and an actor who is nobody. */
enum rc web_identify(struct req *q, struct str session_cookie, struct str bearer, struct err *err);
bool web_allowed(const struct req *q, enum capability cap);
void web_error_page(struct req *q, struct resp *r, int status, const struct err *err);

/* ---- the request ---- */
struct desk *web_desk(const struct req *q);
/* The reader's language: the actor's, else the cookie "lang", else Accept-Language. */
const struct i18n *web_lang(const struct req *q);
/* The language a page's address asks for ("?lang=es"), for readers we do not know; "" when it asks for none of ours. */
struct str web_lang_asked(const struct req *q);
/* Where the public knowledge base is: kb-url, or base-url. */
struct str web_kb_base(const struct req *q);
/* The request came by the knowledge base's own name, where nobody signs in. */
bool web_on_kb(const struct req *q);
/* The reader's time zone: the actor's, else the desk's. */
struct str web_zone(const struct req *q);
bool web_is_agent(const struct req *q);
/* The contact who is asking, with all roles, for the domain's questions about scope. RC_DENIED for agents. */
MUST_USE enum rc web_contact(struct db_tx *tx, const struct req *q, struct contact *ret, struct err *err);
/* A path parameter that is an id: 0 when it is none (then answer RC_NOT_FOUND). */
int64_t web_path_id(const struct req *q, const char *name);
/* RC_NOT_FOUND with the usual sentence. */
enum rc web_not_found(struct req *q);
/* Where people belong who have no better place to go: "/desk" for agents, "/" for customers, "/sign-in" for others. */
struct str web_home(const struct req *q);
/* An absolute address for mails, on config.base_url only (S-44): web_url(q, "/sign-in/l/%.*s", ...). */
struct str web_url(const struct req *q, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- the answer ---- */
struct out web_out(const struct req *q, struct resp *r);
/* Fills everything of a page that follows from the request: language, theme, who is signed in, the navigation by role,
 * the desk's name and telephone, the flash message (taken: it shows once). `title` is text in the reader's language and
 * must live as long as the page. */
void web_page_init(struct page *p, struct req *q, struct resp *r, const char *title);
/* A sentence for the next page this browser opens, in the reader's language. */
void web_flash(struct resp *r, struct str text);
/* Flash (may be NULL) and 303 to `to`, a path. */
enum rc web_done(struct resp *r, const char *flash, struct str to);

/* ---- forms ---- */
/* True when the form shall be shown again with what was wrong: `rc` is RC_INVALID, RC_CONFLICT, RC_LIMIT or RC_DENIED
 * and req_err() says why; sets the status of `r`. Other outcomes are for the error page. */
bool web_form_failed(struct req *q, struct resp *r, enum rc rc);
/* There are field errors from http/ (ROUTE_LENIENT): check before doing anything. Sets 422. */
bool web_fields_wrong(struct req *q, struct resp *r);
/* What was wrong with a field, from http/ or the domain, else STR_NULL; shown at the field. "" asks for what belongs to
 * no field. */
struct str web_field_error(const struct req *q, const char *field);
/* What was typed, or `fallback` when the form was not sent: the value of an input. */
struct str web_field_value(const struct req *q, const char *field, struct str fallback);

/* ---- settings that the first-run page and administrators make; the configuration wins ---- */
struct web_settings {
	struct str product, phone, support_addr;
	struct str accent, logo; /* "#0A5A73"; "image/png 0123456789abcdef", type and hash; "" = built in */
	bool require_totp;
};
struct web_settings web_settings(const struct req *q); /* never fails: what cannot be read is empty */
struct web_settings web_settings_of(const struct desk *d, struct arena *a);

/* Counts a request of this token; true when it is one more than `most` within this minute of the clock. 0: no limit. */
bool web_rate_over(struct token_id token, int64_t most, struct instant now);

/* ---- jobs, put together in app/wire.c ---- */
struct job;
/* "signin.mail": the link to sign in or to choose a new password. A job, so that asking costs the same whether the
 * address is known or not (S-45). `app` is struct desk. */
enum rc signin_job_mail(void *app, const struct job *job, struct arena *scratch, struct err *err);
/* "web.touch", every minute: writes when sessions and tokens were last used, as event threads noted it. */
enum rc web_job_touch(void *app, const struct job *job, struct arena *scratch, struct err *err);
/* "reply.send": says a reply that waits, at its moment (ticket/held.h). What is refused for good stays, with the reason. */
enum rc desk_job_send(void *app, const struct job *job, struct arena *scratch, struct err *err);
enum rc desk_send_due(struct desk *desk, int64_t id, struct instant now, struct arena *a, struct err *err);
enum rc web_touch(struct desk *d, struct err *err);

/* ---- routes, put together in app/wire.c ---- */
extern const struct route asset_routes[];  /* assets.c */
extern const struct route signin_routes[]; /* signin.c: sign-in, sign-out, password, profile, setup */
extern const struct route people_routes[]; /* people.c: /people, /subscription, /sites */
extern const struct route portal_routes[]; /* "/" and the lists of a customer */
extern const struct route new_ticket_routes[];
extern const struct route ticket_details_routes[];
extern const struct route portal_ticket_routes[];
extern const struct route theme_routes[];
extern const struct route push_routes[], notice_routes[], notice_choice_routes[];
extern const struct route kb_routes[];
extern const struct route kb_public_routes[];
extern const struct route kb_use_routes[];
extern const struct route kb_find_routes[];
extern const struct route kb_source_routes[]; /* "/desk/admin/sources" */
extern const struct route kb_media_routes[]; /* "/kb/media": files of pages */
extern const struct route kb_edit_routes[], kb_life_routes[], kb_history_routes[], kb_ticket_routes[]; /* "/desk/kb": writers */
extern const struct route mail_file_routes[]; /* files that were too large for their mail */
extern const struct route claim_routes[]; /* the two links of an acknowledgement */
extern const struct route desk_routes[]; /* "/desk": agents */
extern const struct route desk_ticket_routes[];
extern const struct route desk_request_routes[], approve_routes[];
extern const struct route desk_problem_routes[], portal_problem_routes[];
extern const struct route triage_routes[];
extern const struct route clock_routes[]; /* each minute of a promise, for agents and customers */
extern const struct route call_routes[];
extern const struct route desk_new_routes[];
extern const struct route oncall_routes[]; /* "/desk/oncall", pages, feeds */
extern const struct route admin_oncall_routes[]; /* schedules, policies, calendars */
extern const struct route admin_schedule_routes[], admin_policy_routes[]; /* the forms of both */
extern const struct route report_routes[]; /* how promises were kept */
extern const struct route board_routes[]; /* "/desk/board/..." */
extern const struct route admin_routes[]; /* "/desk/admin" */

/* page: what every page shows around its own content. Filled by web_page_init(). */
#pragma once
#include "http/out.h"

enum nav { NAV_NONE, NAV_HOME, NAV_SUPPORT, NAV_KB, NAV_SUBSCRIPTION, NAV_SITES, NAV_PEOPLE,
	NAV_UNASSIGNED, NAV_MINE, NAV_TEAMS, NAV_INCIDENTS, NAV_REQUESTS, NAV_WAITING, NAV_ALL, NAV_CALLBACKS, NAV_TRIAGE, NAV_ADMIN, NAV_ONCALL, NAV_CALLS };
struct page_error { struct str field, text; };
struct page {
	struct str title;           /* text */
	const char *lang;           /* "en" */
	struct str theme;           /* "light", "dark" or "" = the system's */
	struct str product;         /* the desk's name */
	struct str actor;           /* who is signed in, "" = nobody */
	bool is_agent, is_admin, is_customer;
	enum nav nav;
	struct str flash;           /* "" = none */
	const struct page_error *errors; /* error summary; the title then begins with "Error:" */
	size_t n_errors;
	struct str theme_url, logo_url; /* of the provider, "" = built in */
	struct html head;           /* more of <head>: canonical address, languages, feeds */
	struct str phone, support_addr;
	struct str mail_to;         /* "mailto:..." of support_addr */
	bool phone_down;            /* the telephone line does not take calls now */
	struct str phone_to;        /* "tel:..." of phone */
	/* counts of the desk's views; text so that "999+" is possible, "" hides it */
	struct str n_unassigned, n_mine, n_incidents, n_requests, n_waiting, n_callbacks, n_teams;
};

/* What the pages of notices show: notices.c (the list of an agent, following) and notice_choices.c (what one is told).
 */
#pragma once
#include "notice/notice.h"
#include "web/page.h"

struct notice_line {
	struct str url, number, subject, account, sentence, text;
	struct instant at;
	bool unread;
};
struct notice_page {
	struct notice_line *at;
	size_t n;
	int64_t upto; /* the newest that is shown */
	bool unread;
	struct str next_url;
};
struct notice_row { /* of the form: names are "reach3", "list3", "mail3", "browser3" */
	int what;
	const char *label, *hint;
	int reach;
	bool list, mail, browser;
	struct str id_reach, id_list, id_mail, id_browser;
};
struct notice_form {
	struct page *p;
	const char *action;
	bool house, own, customer, agent; /* own: has choices of one's own */
	struct notice_row *rows;
	size_t n;
	struct notice_rhythm r;
	struct str from, to, zone, e_from, e_to; /* "22:00" */
	bool ack, changed;                       /* customers: mails about their own tickets */
};
struct stop_view {
	struct str token, number; /* number: of one ticket; "" = all */
	bool done, agent;
};

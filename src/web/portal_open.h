/* portal_open: what the pages of opening a ticket share (portal_new.c, portal_details.c). */
#pragma once
#include "search/search.h"
#include "web/portal_common.h"

#define TEXT_FIELD_MAX (200 << 10)
#define ANSWERS_MAX    3
#define DROPS_MAX      20

struct typed { /* what a draft of a new ticket holds */
	enum ticket_kind kind;
	int criticality;
	struct str summary, text, course, unit, affected_email, link, wanted_on;
	struct str article; /* address of the page that was not enough, "" = none */
};

struct opening {
	struct req *q;
	struct contact contact;
	struct entitlement ent;
	struct draft draft; /* id 0: there is none */
	struct typed f;
	struct str words, site_text;
	struct article about;     /* f.article, as far as the person may read it */
	struct article *articles; /* that may answer it */
	size_t n_articles;
	struct new_attachment *files; /* of this request */
	size_t n_files;
	struct str drop[DROPS_MAX];
	size_t n_drop;
	bool calls, may_call; /* calls: prepare a PIN */
	int64_t number;
	struct str pin, phone;
	struct ticket_opened opened;
};

struct str opening_json(struct arena *a, const struct typed *f);
/* RC_OK with id 0: there is none. */
MUST_USE enum rc opening_draft(struct db_tx *tx, struct opening *o, struct err *err);
MUST_USE enum rc opening_save(struct db_tx *tx, struct opening *o, struct err *err);
enum rc opening_gone(struct err *err); /* fails with the code that opening_is_gone() knows */
bool opening_is_gone(struct req *q, enum rc rc);
/* What was sent replaces what was kept; a field that was not sent stays. */
void opening_take(const struct req *q, const char *name, struct str *to);
void opening_take_details(const struct req *q, struct typed *f);
/* For db_read(): draft, contact, entitlement, the article that was not enough. */
MUST_USE enum rc opening_read(struct db_tx *tx, void *arg, struct err *err);
MUST_USE enum rc opening_site(struct db_tx *tx, struct req *q, struct str host, struct str *ret, struct err *err);
/* Articles that may answer `words`, into o->articles. */
MUST_USE enum rc opening_answers(struct db_tx *tx, struct opening *o, struct str words, struct err *err);
struct new_ticket opening_view(const struct opening *o);
void opening_map_error(struct req *q); /* the form calls some fields otherwise than the domain */
enum rc opening_to_tickets(struct req *q, struct resp *r);
enum rc opening_to_ticket(const struct opening *o, struct resp *r);
MUST_USE enum rc opening_open(struct db_tx *tx, struct opening *o, struct err *err);
/* Not entitled after all: the answer in full, in the form's place. The draft stays. */
enum rc opening_refuse(struct opening *o, struct resp *r, enum rc rc);

/* What templates show of requests: the agents' checklist (desk_request.c), a manager's word (portal_approve.c). */
#pragma once
#include "ticket/checklist.h"
#include "web/desk_view.h"

struct desk_checklist {
	struct checklist_item *items;
	size_t n, todo;
	struct request_type *types;
	size_t n_types;
};
/* desk_request.c: what desk_load() adds for requests. */
MUST_USE enum rc desk_checklist_load(struct db_tx *tx, const struct req *q, const struct ticket *t,
                                     struct desk_checklist *ret, struct err *err);

struct approve_view { /* the page of a mail's link */
	struct str number, subject, who, token, reason, e_reason;
	bool late, done, given;
};
struct request_types { /* administration */
	struct page *p;
	struct request_type *at;
	size_t n;
	int64_t refused; /* the form that was; -1: none */
	struct str name, items;
};

/* What the files of the customers' pages share. */
#pragma once
#include "tmpl.h"
#include "web/portal_view.h"
#include "web/web.h"

/* Draws head, the page and foot. `draw` writes the page itself. */
enum rc portal_show(struct req *q, struct resp *r, const char *title, enum nav nav, void (*draw)(struct out *o, const void *view), const void *view);
/* What a customer reads as the state of a ticket. */
const char *portal_status(const struct i18n *l, enum ticket_state s, enum waiting_for w, bool confirmed);
/* Rows of a list for showing. */
struct ticket_line *portal_lines(struct req *q, const struct i18n *l, const struct ticket_row *rows, size_t n);
struct str portal_ticket_url(struct req *q, int64_t number);
struct str portal_number(const struct req *q, int64_t number);
/* "tel:+5715550100" of a number as people write it. */
struct str portal_tel(struct arena *a, struct str phone);
/* The page of the ticket of the path, also with what was wrong with a form on it. */
enum rc portal_ticket_show(struct req *q, struct resp *r);
/* Judges for the signed-in contact. */
MUST_USE enum rc portal_entitlement(struct db_tx *tx, struct req *q, enum ticket_kind kind, int criticality, struct contact *ret_contact,
                                    struct entitlement *ret, struct err *err);
/* The page that stands in the form's place. */
enum rc portal_refuse(struct req *q, struct resp *r, const struct entitlement *e);
/* Uploads of a request as attachments: bytes go to the blob store, names and types are made safe. */
MUST_USE enum rc web_keep_uploads(struct req *q, const char *field, struct new_attachment **ret, size_t *ret_n, struct err *err);

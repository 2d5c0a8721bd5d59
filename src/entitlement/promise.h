/* promise: what a plan promises, as a sentence in the reader's language; the same words on pages and in mails. */
#pragma once
#include "entitlement/entitlement.h"
#include "i18n/i18n.h"

/* "Mon–Fri 08:00–18:00 (America/Bogota)", "around the clock". */
struct str promise_hours(struct arena *a, const struct i18n *l, const struct calendar *c);
/* "First answer within 4 hours, solution within 2 days, counted Mon–Fri ..." for an incident; for a request that it is
 * handled by complexity and priority. `cal` is the plan's calendar or NULL. */
struct str promise_text(struct arena *a, const struct i18n *l, const struct plan *p, const struct calendar *cal, enum ticket_kind kind,
                        int criticality);
/* What is missing, since when, as title and text; who can change it is shown beside it. */
struct refusal_text { struct str title, text; };
struct refusal_text promise_refusal(struct arena *a, const struct i18n *l, const struct entitlement *e, struct str zone);

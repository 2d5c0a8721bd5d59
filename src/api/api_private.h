/* What the files of api/ share: one way to read, one way to write, one shape per thing. */
#pragma once
#include "api/api.h"
#include "clock/clock.h"
#include "desk/desk.h"
#include "ticket/ticket.h"

static inline struct desk *api_desk(const struct req *q)
{
	return q->app;
}

/* One API call. A step may run again (see db/db.h), so it only talks to the database and writes `out` from its start. */
struct call {
	struct req *q;
	struct json json;   /* on the body's buffer, fresh for every run */
	struct arena *a;
	struct instant now;
	const struct actor *who;
	void *arg;          /* what the handler parsed for the step */
};
typedef enum rc call_step(struct db_tx *tx, struct call *c, struct err *err);
/* 200 with what the step wrote. */
enum rc api_read(struct req *q, struct resp *r, call_step *step, void *arg);
/* `status` with what the step wrote; honours Idempotency-Key: the same key and request again gets the first answer. */
enum rc api_write(struct req *q, struct resp *r, int status, call_step *step, void *arg);

/* Members of the JSON body; absent, null and wrong kinds give "none" (wrong kinds were refused before). */
struct str api_str(const struct req *q, const char *name);
int64_t api_i64(const struct req *q, const char *name, int64_t absent);
bool api_has(const struct req *q, const char *name);
/* {id} of the path; RC_NOT_FOUND when it is no number. */
enum rc api_path_id(struct req *q, const char *name, int64_t *ret);
/* {number} of the path, "CAR-1042-7" or "1042". */
enum rc api_path_number(struct req *q, int64_t *ret);
/* limit (1-100, 50) and after of lists. */
struct list_page api_page(const struct req *q, int64_t after_id, struct str after_name);
/* "next" member and Link header value for lists. */
void api_next(struct json *j, struct str cursor);

extern const struct field api_list_fields[];

/* shapes */
void api_ticket(struct json *j, const struct desk *d, const struct ticket *t, const struct clock_cycle *clocks, size_t n_clocks, struct instant now,
		const struct actor *who);
bool api_pauses_parse(struct str s, unsigned *ret); /* enum clock_pauses */
void api_message(struct json *j, const struct desk *d, const struct message *m, const struct actor *who);
void api_account(struct json *j, const struct account *a);
void api_subscription(struct json *j, const struct subscription *s);
void api_contact(struct json *j, const struct contact *c);
void api_plan(struct json *j, const struct plan *p);
const char *api_metric_name(enum metric m);
/* schemas.c: the "schemas" member of the OpenAPI file */
void api_schemas(struct json *j);
bool api_schema_known(const char *name);

/* A stored upload as its owner may name it: "<sha256>.<size>.<mac>". Stateless: nothing to clean, nothing to guess. */
struct str api_handle(struct arena *a, const struct desk *d, const struct actor *who, struct str sha256, int64_t size, struct str name, struct str type);
/* The "attachments" member: handles and names. */
enum rc api_attachments(struct req *q, struct new_attachment **ret, size_t *ret_n, struct err *err);

/* handlers, by file */
enum rc api_accounts_list(struct req *q, struct resp *r);
enum rc api_account_create(struct req *q, struct resp *r);
enum rc api_account_get(struct req *q, struct resp *r);
enum rc api_account_patch(struct req *q, struct resp *r);
enum rc api_contacts_list(struct req *q, struct resp *r);
enum rc api_contact_create(struct req *q, struct resp *r);
enum rc api_contact_get(struct req *q, struct resp *r);
enum rc api_contact_patch(struct req *q, struct resp *r);
enum rc api_subscriptions_list(struct req *q, struct resp *r);
enum rc api_subscription_create(struct req *q, struct resp *r);
enum rc api_subscription_get(struct req *q, struct resp *r);
enum rc api_subscription_patch(struct req *q, struct resp *r);
enum rc api_plans_list(struct req *q, struct resp *r);
enum rc api_teams_list(struct req *q, struct resp *r);
enum rc api_plan_create(struct req *q, struct resp *r);
enum rc api_plan_get(struct req *q, struct resp *r);
enum rc api_plan_put(struct req *q, struct resp *r);
enum rc api_tickets_list(struct req *q, struct resp *r);
enum rc api_ticket_create(struct req *q, struct resp *r);
enum rc api_ticket_get(struct req *q, struct resp *r);
enum rc api_ticket_patch(struct req *q, struct resp *r);
enum rc api_ticket_convert(struct req *q, struct resp *r);
enum rc api_ticket_resolve(struct req *q, struct resp *r);
enum rc api_ticket_reopen(struct req *q, struct resp *r);
enum rc api_ticket_confirm(struct req *q, struct resp *r);
enum rc api_ticket_rate(struct req *q, struct resp *r);
enum rc api_messages_list(struct req *q, struct resp *r);
enum rc api_message_create(struct req *q, struct resp *r);
enum rc api_upload(struct req *q, struct resp *r);
enum rc api_attachment_get(struct req *q, struct resp *r);
enum rc api_entitlement(struct req *q, struct resp *r);
enum rc api_openapi_get(struct req *q, struct resp *r);

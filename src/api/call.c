/* One way to read and one to write for every API handler: transaction, idempotency, answer. */
#include "api/api_private.h"
#include "util/crypt.h"

enum rc api_path_id(struct req *q, const char *name, int64_t *ret)
{
	if (str_to_i64(req_path(q, name), ret) != RC_OK || *ret <= 0)
		return fail(req_err(q), RC_NOT_FOUND, "there is nothing at this address");
	return RC_OK;
}

enum rc api_path_number(struct req *q, int64_t *ret)
{
	if (ticket_number_parse(req_path(q, "number"), api_desk(q)->config.prefix, ret) != RC_OK)
		return fail(req_err(q), RC_NOT_FOUND, "there is no such ticket");
	return RC_OK;
}

bool api_has(const struct req *q, const char *name)
{
	return q->json && json_object_get(q->json, name) != NULL;
}

struct str api_str(const struct req *q, const char *name)
{
	const json_t *v = q->json ? json_object_get(q->json, name) : NULL;

	return json_is_string(v) ? (struct str){ json_string_value(v), json_string_length(v) } : STR_NULL;
}

int64_t api_i64(const struct req *q, const char *name, int64_t absent)
{
	const json_t *v = q->json ? json_object_get(q->json, name) : NULL;

	return json_is_integer(v) ? json_integer_value(v) : absent;
}

struct list_page api_page(const struct req *q, int64_t after_id, struct str after_name)
{
	int64_t limit = 50;

	req_int(q, "limit", &limit);
	if (limit < 1)
		limit = 1;
	return (struct list_page){ .after_id = after_id, .after_name = after_name, .max = (size_t)limit };
}

void api_next(struct json *j, struct str cursor)
{
	json_kstr(j, "next", cursor.n ? cursor : STR_NULL);
}

struct run {
	struct call call;
	struct buf *body;
	call_step *step;
	int status;
	struct str owner, key, request;
	bool replayed;
};

static enum rc run_step(struct run *run, struct db_tx *tx, struct err *err)
{
	buf_clear(run->body);
	json_init(&run->call.json, run->body);
	enum rc rc = run->step(tx, &run->call, err);

	if (rc == RC_OK && run->body->full)
		rc = fail(err, RC_FAULT, "the answer is larger than the server sends");
	return rc;
}

static enum rc read_tx(struct db_tx *tx, void *arg, struct err *err)
{
	return run_step(arg, tx, err);
}

static enum rc write_tx(struct db_tx *tx, void *arg, struct err *err)
{
	struct run *run = arg;
	struct str before;
	enum rc rc;

	run->replayed = false;
	if (!run->key.n)
		return run_step(run, tx, err);
	rc = idempotency_begin(tx, run->call.a, run->owner, run->key, run->request, run->call.now, &run->status, &before, err);
	if (rc == RC_CONFLICT && err && strcmp(err->code, "replay") == 0) {
		run->replayed = true;
		buf_clear(run->body);
		buf_adds(run->body, before);
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	int status = run->status;
	rc = run_step(run, tx, err);
	return rc == RC_OK ? idempotency_done(tx, run->owner, run->key, status, buf_str(run->body), err) : rc;
}

static struct run start(struct req *q, struct resp *r, call_step *step, void *arg)
{
	return (struct run){
		.call = { .q = q, .a = q->arena, .now = q->now, .who = &q->actor, .arg = arg },
		.body = r->body,
		.step = step,
	};
}

enum rc api_read(struct req *q, struct resp *r, call_step *step, void *arg)
{
	struct run run = start(q, r, step, arg);
	enum rc rc = db_read(api_desk(q)->db, read_tx, &run, req_err(q));

	if (rc != RC_OK)
		return rc;
	/* The bytes name themselves: who polls is told in a few bytes that nothing changed. */
	struct sha256 h;
	char hex[65];

	sha256_init(&h);
	sha256_add(&h, r->body->p, r->body->n);
	sha256_end(&h, hex);
	r->etag = arena_str(q->arena, (struct str){ hex, 32 });
	return resp_json(r, 200);
}

enum rc api_write(struct req *q, struct resp *r, int status, call_step *step, void *arg)
{
	struct run run = start(q, r, step, arg);
	struct str key = req_header(q, "Idempotency-Key");

	run.status = status;
	if (key.n > 200)
		return fail_field(req_err(q), RC_INVALID, "Idempotency-Key", "an Idempotency-Key has at most 200 characters");
	if (key.n) {
		struct sha256 h;
		char hex[65];
		const char *method = q->method == HTTP_POST ? "POST " : q->method == HTTP_PATCH ? "PATCH " : "PUT ";

		sha256_init(&h);
		sha256_add(&h, method, strlen(method));
		sha256_add(&h, q->path.p, q->path.n);
		sha256_add(&h, "\n", 1);
		sha256_add(&h, q->body.p, q->body.n);
		sha256_end(&h, hex);
		run.key = key;
		run.request = arena_str(q->arena, (struct str){ hex, 64 });
		run.owner = arena_strf(q->arena, "token:%lld", (long long)q->actor.token.v);
	}
	enum rc rc = db_write(api_desk(q)->db, write_tx, &run, req_err(q));
	if (rc != RC_OK)
		return rc;
	if (run.replayed)
		resp_header(r, "Idempotency-Replayed", STR("true"));
	return resp_json(r, run.replayed ? run.status : status);
}

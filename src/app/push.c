/* Job "oncall.push": a message to all browsers of an agent. A browser that is gone (404, 410) is forgotten; when one
 * could not be reached all get it again, which the tag makes the same notification. The address came from a browser:
 * only public addresses are asked, no redirects are followed, answers are not read (S-21, SSRF). */
#include "oncall/push.h"
#include "app/app.h"
#include "util/outside.h"
#include <jansson.h>

#define LIVES_S "3600" /* a page that came an hour late helps nobody */

struct pushing {
	struct arena *a;
	struct agent_id agent;
	struct push_browser *at;
	size_t n;
	int64_t id;
	bool gone;
	struct instant now;
};

static enum rc read_browsers(struct db_tx *tx, void *arg, struct err *err)
{
	struct pushing *x = arg;

	return push_list(tx, x->a, x->agent, &x->at, &x->n, err);
}

static enum rc note(struct db_tx *tx, void *arg, struct err *err)
{
	struct pushing *x = arg;

	return x->gone ? push_drop(tx, x->agent, x->id, err) : push_used(tx, x->id, x->now, err);
}

static enum rc post(struct desk *d, struct arena *a, const struct vapid *v, const struct push_browser *b,
                    struct str tag, struct str text, long *status, struct err *err)
{
	bool inside = d->config.push_inside;
	struct push_to to;
	struct str body, auth;
	enum rc rc = push_keys(b->p256dh, b->auth, &to, err);

	if (rc == RC_OK)
		rc = push_encrypt(a, &to, text, NULL, NULL, &body, err);
	if (rc == RC_OK)
		rc = vapid_header(a, v, b->endpoint, arena_strf(a, "mailto:" STR_F, STR_A(d->config.support_addr)),
		                  time_add(time_now(), 12 * HOUR_US), &auth, err);
	if (rc != RC_OK)
		return rc;
	const char *headers[] = { "Content-Type: application/octet-stream",
		                  "Content-Encoding: aes128gcm",
		                  "TTL: " LIVES_S,
		                  "Urgency: high",
		                  arena_strf(a, "Topic: " STR_F, STR_A(tag)).p,
		                  arena_strf(a, "Authorization: " STR_F, STR_A(auth)).p,
		                  NULL };
	struct outside o = {
		.url = str_z(a, b->endpoint), .headers = headers, .body = body, .tls_only = true, .inside = inside
	};
	enum outside_why why;

	if (outside_ask(&o, status, &why, err) != RC_OK)
		return fail(err, RC_RETRY, "the push service was not reached: %s",
		            arena_strf(a, "%s", err ? err->text : "").p);
	if (*status == 404 || *status == 410 || (*status >= 200 && *status < 300))
		return RC_OK;
	return fail(err, *status == 429 || *status >= 500 ? RC_RETRY : RC_FAULT, "the push service answered %ld",
	            *status);
}

enum rc push_job(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct desk *d = app;
	json_t *o = json_loadb(job->args.p ? job->args.p : "", job->args.n, 0, NULL);
	struct str text = arena_str(scratch, str_of(json_string_value(json_object_get(o, "text")) ?: ""));
	struct str tag = arena_str(scratch, str_of(json_string_value(json_object_get(o, "tag")) ?: ""));
	struct pushing x = { .a = scratch,
		             .agent = { json_integer_value(json_object_get(o, "agent")) },
		             .now = time_now() };
	struct vapid v;

	json_decref(o);
	enum rc rc = vapid_from(d->pin_key, &v, err), last = RC_OK;

	if (rc == RC_OK)
		rc = db_read(d->db, read_browsers, &x, err);
	for (size_t i = 0; i < x.n && rc == RC_OK; i++) {
		long status = 0;
		enum rc sent = post(d, scratch, &v, &x.at[i], tag, text, &status, err);

		if (sent != RC_OK) {
			last = last == RC_RETRY ? last : sent;
			continue;
		}
		x.id = x.at[i].id;
		x.gone = status == 404 || status == 410;
		rc = db_write_behind(d->db, note, &x, err);
	}
	return rc == RC_OK ? last : rc;
}

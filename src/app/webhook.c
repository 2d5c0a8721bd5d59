/* Signed webhooks of escalations: a job posts JSON to an address that an administrator wrote into a policy. The
 * signature is HMAC-SHA256 of the body with the policy's secret, as hex, so that the receiver knows who speaks.
 * Failures come again with back-off; redirects are not followed, answers are not read, and addresses inside are asked
 * only if the configuration says so (S-24). */
#include "app/app.h"
#include "oncall/oncall.h"
#include "util/outside.h"
#include <jansson.h>
#include <openssl/hmac.h>

struct hook {
	struct arena *a;
	int64_t policy;
	struct oncall_policy p;
};

static enum rc find(struct db_tx *tx, void *arg, struct err *err)
{
	struct hook *h = arg;

	return oncall_policy_find(tx, h->a, h->policy, &h->p, err);
}

static struct str signature(struct arena *a, struct str key, struct str body)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char mac[32];
	unsigned n = 0;
	char *p = arena_alloc(a, 65);

	HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)body.p, body.n, mac, &n);
	for (unsigned i = 0; i < n; i++) {
		p[2 * i] = hex[mac[i] >> 4];
		p[2 * i + 1] = hex[mac[i] & 15];
	}
	return (struct str){ p, 2 * n };
}

static enum rc post(struct arena *a, const char *url, bool inside, struct str body, struct str sign, struct err *err)
{
	const char *headers[] = { "Content-Type: application/json",
		                  arena_strf(a, "X-Carrel-Signature: sha256=" STR_F, STR_A(sign)).p, NULL };
	struct outside o = { .url = url, .headers = headers, .body = body, .inside = inside };
	struct err why_not = { 0 };
	enum outside_why why;
	long status = 0;

	if (outside_ask(&o, &status, &why, &why_not) != RC_OK)
		return fail(err, RC_RETRY, "%s: %s%s", url, why_not.text,
		            why == OUTSIDE_NO_CONNECTION && !inside
		                    ? " (addresses inside are asked only with webhooks-inside = yes)"
		                    : "");
	if (status < 200 || status > 299)
		return fail(err, RC_RETRY, "%s answered %ld", url, status);
	return RC_OK;
}

enum rc webhook_job(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct desk *d = app;
	json_t *o = json_loadb(job->args.p ? job->args.p : "", job->args.n, 0, NULL);
	const char *url = json_string_value(json_object_get(o, "url")),
	           *body = json_string_value(json_object_get(o, "body"));
	struct hook h = { .a = scratch, .policy = json_integer_value(json_object_get(o, "policy")) };
	enum rc rc = url && body ? db_read(d->db, find, &h, err)
	                         : fail(err, RC_INVALID, "a webhook without an address");

	if (rc == RC_OK) {
		struct str text = arena_str(scratch, str_of(body));

		rc = post(scratch, url, d->config.webhooks_inside, text, signature(scratch, h.p.secret, text), err);
	}
	json_decref(o);
	return rc;
}

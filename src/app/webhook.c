/* Signed webhooks of escalations: a job posts JSON to an address that an administrator wrote into a policy. The signature
 * is HMAC-SHA256 of the body with the policy's secret, as hex, so that the receiver knows who speaks. Failures come again
 * with back-off; redirects are not followed, answers are not read. */
#include "app/app.h"
#include "oncall/oncall.h"
#include <curl/curl.h>
#include <jansson.h>
#include <openssl/hmac.h>

#define ANSWER_MAX 65536

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

static size_t swallow(char *p, size_t size, size_t n, void *arg)
{
	size_t *seen = arg;

	*seen += size * n;
	return *seen > ANSWER_MAX ? 0 : size * n;
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

static enum rc post(struct arena *a, const char *url, struct str body, struct str sign, struct err *err)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	char why[CURL_ERROR_SIZE] = "";
	size_t seen = 0;
	long status = 0;
	CURL *c = curl_easy_init();

	headers = curl_slist_append(headers, arena_strf(a, "X-Carrel-Signature: sha256=" STR_F, STR_A(sign)).p);
	headers = curl_slist_append(headers, "Expect:");
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.p);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, swallow);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &seen);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "carrel");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 10L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, 20L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	CURLcode code = curl_easy_perform(c);

	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(c);
	curl_slist_free_all(headers);
	if (code != CURLE_OK)
		return fail(err, RC_RETRY, "%s: %s", url, why[0] ? why : curl_easy_strerror(code));
	if (status < 200 || status > 299)
		return fail(err, RC_RETRY, "%s answered %ld", url, status);
	return RC_OK;
}

enum rc webhook_job(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	struct desk *d = app;
	json_t *o = json_loadb(job->args.p ? job->args.p : "", job->args.n, 0, NULL);
	const char *url = json_string_value(json_object_get(o, "url")), *body = json_string_value(json_object_get(o, "body"));
	struct hook h = { .a = scratch, .policy = json_integer_value(json_object_get(o, "policy")) };
	enum rc rc = url && body ? db_read(d->db, find, &h, err) : fail(err, RC_INVALID, "a webhook without an address");

	if (rc == RC_OK) {
		struct str text = arena_str(scratch, str_of(body));

		rc = post(scratch, url, text, signature(scratch, h.p.secret, text), err);
	}
	json_decref(o);
	return rc;
}

/* Access tokens for mailboxes: refreshed when they are about to end; a refresh token that comes back new replaces the
 * old one in its file before the access token is used, so that a stop in between locks nobody out. */
#include "mail/oauth_private.h"
#include "util/buf.h"
#include "util/time.h"
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_MAX 65536

static size_t take(char *p, size_t size, size_t n, void *arg)
{
	struct buf *b = arg;

	buf_add(b, p, size * n);
	return b->full ? 0 : size * n;
}

static enum rc read_secret(struct arena *a, struct str file, struct str *ret, struct err *err)
{
	char *text = arena_alloc(a, 16384);
	struct stat st;
	int fd = open(str_z(a, file), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, 16384) : -1;
	bool open_to_all = fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 077);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return fail(err, RC_RETRY, "the file " STR_F " cannot be read: %s", STR_A(file), strerror(errno));
	if (open_to_all)
		return fail(err, RC_RETRY, "the file " STR_F " can be read by others: chmod 600 it", STR_A(file));
	*ret = str_trim((struct str){ text, (size_t)n });
	return ret->n ? RC_OK : fail(err, RC_RETRY, "the file " STR_F " is empty", STR_A(file));
}

static enum rc write_secret(struct arena *a, struct str file, struct str text, struct err *err)
{
	char *path = str_z(a, file), *tmp = str_z(a, arena_strf(a, STR_F ".new", STR_A(file)));
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	if (!ok || rename(tmp, path) != 0)
		return fail(err, RC_RETRY, "the new refresh token could not be kept in " STR_F ": %s", STR_A(file),
		            strerror(errno));
	return RC_OK;
}

/* HTTPS; plain HTTP on this machine only, for whoever has a proxy there. */
bool oauth_may_ask(struct str url)
{
	return str_starts(url, STR("https://")) || str_starts(url, STR("http://127.0.0.1:")) ||
	       str_starts(url, STR("http://localhost:"));
}

enum rc oauth_post(struct arena *a, struct str url, struct str form, json_t **ret, struct err *err)
{
	AUTO_BUF answer;
	CURL *h = curl_easy_init();
	char why[CURL_ERROR_SIZE] = "";

	buf_init(&answer, ANSWER_MAX);
	*ret = NULL;
	if (!oauth_may_ask(url)) {
		curl_easy_cleanup(h);
		return fail(err, RC_RETRY, "the address of the token server must begin with https://");
	}
	curl_easy_setopt(h, CURLOPT_URL, str_z(a, url));
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(h, CURLOPT_POSTFIELDS, str_z(a, form));
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, &answer);
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_TIMEOUT, 30L);
	CURLcode code = curl_easy_perform(h);
	curl_easy_cleanup(h);
	if (code != CURLE_OK)
		return fail(err, RC_RETRY, "the token server cannot be asked: %s",
		            why[0] ? why : curl_easy_strerror(code));
	*ret = json_loadb(answer.p ? answer.p : "", answer.n, 0, NULL);
	return json_is_object(*ret) ? RC_OK : fail(err, RC_RETRY, "the token server did not answer in JSON");
}

struct str oauth_encode(struct arena *a, struct str s)
{
	AUTO_BUF b;

	buf_init(&b, s.n * 3 + 1);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
		    c == '.' || c == '_')
			buf_addc(&b, c);
		else
			buf_addf(&b, "%%%02X", (unsigned char)c);
	}
	return arena_str(a, buf_str(&b));
}

enum rc oauth_client(struct arena *a, const struct mailbox *m, struct str *ret, struct err *err)
{
	struct str secret = STR(""), id = oauth_encode(a, m->client_id);
	enum rc rc = m->client_secret_file.n ? read_secret(a, m->client_secret_file, &secret, err) : RC_OK;

	if (secret.n)
		secret = arena_strf(a, "&client_secret=" STR_F, STR_A(oauth_encode(a, secret)));
	*ret = arena_strf(a, "client_id=" STR_F STR_F, STR_A(id), STR_A(secret));
	return rc;
}

enum rc oauth_take(struct arena *a, const struct mailbox *m, struct oauth *o, json_t *j, struct str old,
                           struct err *err)
{
	const char *access = json_string_value(json_object_get(j, "access_token")),
	           *refresh = json_string_value(json_object_get(j, "refresh_token"));
	const char *why = json_string_value(json_object_get(j, "error_description")),
	           *code = json_string_value(json_object_get(j, "error"));
	int64_t seconds = json_integer_value(json_object_get(j, "expires_in"));

	if (!access || strlen(access) >= sizeof(o->token))
		return fail(err, RC_RETRY, "the token server refused: %.200s",
		            why    ? why
		            : code ? code
		                   : "it gave no access token");
	if (refresh && !str_is(old, refresh)) {
		enum rc rc = write_secret(a, m->refresh_token_file, str_of(refresh), err);

		if (rc != RC_OK)
			return rc;
	}
	snprintf(o->token, sizeof(o->token), "%s", access);
	seconds = seconds > 60 && seconds < 86400 * 7 ? seconds : 600;
	o->until = time_monotonic_us() + (seconds - 60) * SECOND_US;
	return RC_OK;
}

enum rc oauth_access(struct oauth *o, const struct mailbox *m, bool fresh, struct err *err)
{
	AUTO_ARENA a;
	struct str refresh, who;
	json_t *j = NULL;

	arena_init(&a);
	if (!fresh && o->token[0] && time_monotonic_us() < o->until)
		return RC_OK;
	o->token[0] = 0;
	enum rc rc = read_secret(&a, m->refresh_token_file, &refresh, err);
	if (rc == RC_OK)
		rc = oauth_client(&a, m, &who, err);
	if (rc == RC_OK) {
		struct str token = oauth_encode(&a, refresh), scope = oauth_encode(&a, m->scope);

		rc = oauth_post(&a, m->token_url,
		          arena_strf(&a, "grant_type=refresh_token&" STR_F "&refresh_token=" STR_F "%s" STR_F,
		                     STR_A(who), STR_A(token), scope.n ? "&scope=" : "", STR_A(scope)),
		          &j, err);
	}
	if (rc == RC_OK)
		rc = oauth_take(&a, m, o, j, refresh, err);
	json_decref(j);
	return rc;
}

static enum rc poll_device(struct arena *a, const struct mailbox *m, struct str who, const char *device, int64_t every,
                           int64_t until, struct err *err)
{
	struct oauth o = { 0 };
	struct str code = oauth_encode(a, str_of(device));

	while (time_monotonic_us() < until) {
		json_t *j = NULL;
		enum rc rc;

		sleep((unsigned)every);
		rc = oauth_post(a, m->token_url,
		          arena_strf(a,
		                     "grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3Adevice_code&" STR_F
		                     "&device_code=" STR_F,
		                     STR_A(who), STR_A(code)),
		          &j, err);
		const char *error = rc == RC_OK ? json_string_value(json_object_get(j, "error")) : NULL;
		bool slower = error && strcmp(error, "slow_down") == 0,
		     waiting = slower || (error && strcmp(error, "authorization_pending") == 0);
		if (rc == RC_OK && !waiting) {
			if (!error && !json_is_string(json_object_get(j, "refresh_token")))
				rc = fail(err, RC_INVALID,
				          "the server gave no refresh token; does the scope name offline access?");
			else
				rc = oauth_take(a, m, &o, j, STR(""), err);
			json_decref(j);
			return rc;
		}
		every += slower ? 5 : 0;
		json_decref(j);
	}
	return fail(err, RC_RETRY, "nobody entered the code in time; nothing was changed");
}

enum rc oauth_sign_in(const struct mailbox *m, struct err *err)
{
	AUTO_ARENA a;
	struct str who;
	json_t *j = NULL;

	arena_init(&a);
	if (!m->device_url.n)
		return fail(err, RC_INVALID, "the mailbox has no device-url; with --browser one signs in by a link");
	enum rc rc = oauth_client(&a, m, &who, err);
	struct str scope = oauth_encode(&a, m->scope);
	if (rc == RC_OK)
		rc = oauth_post(&a, m->device_url, arena_strf(&a, STR_F "&scope=" STR_F, STR_A(who), STR_A(scope)), &j, err);
	if (rc != RC_OK)
		return rc;
	const char *device = json_string_value(json_object_get(j, "device_code")),
	           *code = json_string_value(json_object_get(j, "user_code"));
	const char *where = json_string_value(json_object_get(j, "verification_uri"));
	int64_t every = json_integer_value(json_object_get(j, "interval")),
	        seconds = json_integer_value(json_object_get(j, "expires_in"));
	if (!where)
		where = json_string_value(json_object_get(j, "verification_url")); /* as Google calls it */
	if (!device || !code || !where) {
		const char *why = json_string_value(json_object_get(j, "error"));

		rc = fail(err, RC_INVALID, "the server gave no code: %.100s", why ? why : "its answer has none");
	} else {
		printf("Open %s as %.*s and enter the code %s\n", where, STR_A(m->user), code);
		fflush(stdout);
		rc = poll_device(&a, m, who, device, every > 0 && every < 60 ? every : 5,
		                 time_monotonic_us() + (seconds > 0 && seconds < 3600 ? seconds : 900) * SECOND_US,
		                 err);
	}
	json_decref(j);
	return rc;
}

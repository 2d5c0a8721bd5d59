/* Are addresses elsewhere still there? Asked by a job, a few at a time, each once a week at most. What authors write
 * must not make the desk knock at doors inside (SSRF): the address a name resolves to decides, for redirects, too. */
#include "db/db.h"
#include "kb/check.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <unistd.h>

#ifndef N_
#define N_(text) text /* translated where it is shown */
#endif
#define AT_ONCE   5
#define TIMEOUT_S 10L
#define WEEK_US   (7 * DAY_US)

DB_QUERY(q_due, "kb.links-due",
         "SELECT DISTINCT url FROM (SELECT l.url FROM kb_link l JOIN kb_page p ON p.id = l.page_id AND p.deleted_at IS "
         "NULL"
         " WHERE l.checked_at IS NULL OR l.checked_at < :before ORDER BY COALESCE(l.checked_at, 0) LIMIT 50) x LIMIT "
         ":max");
DB_QUERY(q_checked, "kb.links-checked",
         "UPDATE kb_link SET checked_at = :now, status = :status, error = :error WHERE url = :url");

static bool public4(uint32_t ip) /* host order; RFC 6890 and RFC 5735 */
{
	static const struct {
		uint32_t net;
		int bits;
	} inside[] = {
		{0x00000000,  8 },
                { 0x0a000000, 8 },
                { 0x64400000, 10},
                { 0x7f000000, 8 },
                { 0xa9fe0000, 16},
		{ 0xac100000, 12},
                { 0xc0000000, 24},
                { 0xc0000200, 24},
                { 0xc0586300, 24},
                { 0xc0a80000, 16},
		{ 0xc6120000, 15},
                { 0xc6336400, 24},
                { 0xcb007100, 24},
                { 0xe0000000, 3 },
	};

	for (size_t i = 0; i < COUNT(inside); i++)
		if (ip >> (32 - inside[i].bits) == inside[i].net >> (32 - inside[i].bits))
			return false;
	return true;
}

bool kb_public_address(const struct sockaddr *to)
{
	if (to->sa_family == AF_INET)
		return public4(ntohl(((const struct sockaddr_in *)(const void *)to)->sin_addr.s_addr));
	if (to->sa_family != AF_INET6)
		return false;
	const uint8_t *b = ((const struct sockaddr_in6 *)(const void *)to)->sin6_addr.s6_addr;
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(b, mapped, 12) == 0)
		return public4((uint32_t)b[12] << 24 | (uint32_t)b[13] << 16 | (uint32_t)b[14] << 8 | b[15]);
	/* Global unicast (2000::/3) only, without Teredo, 6to4 and documentation, which lead elsewhere or nowhere. */
	return (b[0] & 0xe0) == 0x20 && !(b[0] == 0x20 && b[1] == 0x01 && b[2] == 0 && b[3] == 0) &&
	       !(b[0] == 0x20 && b[1] == 0x02) && !(b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8);
}

static curl_socket_t open_public(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	const bool *inside = arg;

	if (purpose != CURLSOCKTYPE_IPCXN || (!*inside && !kb_public_address(&to->addr)))
		return CURL_SOCKET_BAD;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t ignore(char *p, size_t size, size_t n, void *arg)
{
	int64_t *left = arg;

	*left -= (int64_t)(size * n);
	return *left > 0 ? size * n : 0; /* enough seen: it answers */
}

struct asked {
	struct str url, error;
	long status;
};

static void ask(CURL *c, bool *inside, bool head, struct asked *x)
{
	char why[CURL_ERROR_SIZE] = "";
	int64_t left = 64 << 10;

	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_URL, x->url.p);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, 5L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_public);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, inside);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "Carrel link check");
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &left);
	curl_easy_setopt(c, CURLOPT_NOBODY, head ? 1L : 0L);
	CURLcode rc = curl_easy_perform(c);

	x->status = 0;
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &x->status);
	if (rc != CURLE_OK && rc != CURLE_WRITE_ERROR)
		x->error = str_of(rc == CURLE_OPERATION_TIMEDOUT         ? N_("no answer in time")
		                  : rc == CURLE_COULDNT_RESOLVE_HOST     ? N_("the name is unknown")
		                  : rc == CURLE_COULDNT_CONNECT          ? N_("no connection")
		                  : rc == CURLE_PEER_FAILED_VERIFICATION ? N_("its certificate is not valid")
		                                                         : N_("it cannot be fetched"));
	else
		x->error = x->status == 404 || x->status == 410 ? str_of(N_("it is not there any more"))
		           : x->status >= 500                   ? str_of(N_("the server is broken"))
		                                                : STR("");
}

struct step {
	struct arena *a;
	struct instant now;
	struct asked at[AT_ONCE];
	size_t n;
};

static enum rc read_due(struct db_tx *tx, void *arg, struct err *err)
{
	struct step *s = arg;
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_due, DB_ARGS(db_i64("before", s->now.us - WEEK_US), db_i64("max", AT_ONCE)), &r,
	                       err);

	s->n = 0;
	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		s->at[s->n++].url = db_col_str(&r, 0, s->a);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc write_checked(struct db_tx *tx, void *arg, struct err *err)
{
	struct step *s = arg;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < s->n && rc == RC_OK; i++)
		rc = db_exec(tx, &q_checked,
		             DB_ARGS(db_str("url", s->at[i].url), db_i64("now", s->now.us),
		                     db_i64("status", s->at[i].status), db_str("error", s->at[i].error)),
		             NULL, err);
	return rc;
}

enum rc kb_links_step(struct db *db, struct arena *a, bool inside, struct instant now, struct err *err)
{
	struct step s = { .a = a, .now = now };
	enum rc rc = db_read(db, read_due, &s, err);

	if (rc != RC_OK || !s.n)
		return rc == RC_OK ? RC_NOT_FOUND : rc;
	CURL *c = curl_easy_init();
	if (!c)
		return fail(err, RC_RETRY, "curl cannot be used");
	for (size_t i = 0; i < s.n; i++) {
		ask(c, &inside, true, &s.at[i]);
		/* Some servers do not like to be asked without being listened to. */
		if (s.at[i].error.n || s.at[i].status >= 400)
			ask(c, &inside, false, &s.at[i]);
	}
	curl_easy_cleanup(c);
	return db_write_behind(db, write_checked, &s, err);
}

void kb_url_ask(struct str url, bool inside, int64_t *status, int64_t *ms, struct str *error)
{
	struct asked x = { .url = url };
	CURL *c = curl_easy_init();
	int64_t from = time_monotonic_us();

	if (!c)
		die("no memory for a request");
	ask(c, &inside, false, &x);
	curl_easy_cleanup(c);
	*status = x.status;
	*ms = (time_monotonic_us() - from) / 1000;
	*error = x.error;
}

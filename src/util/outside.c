/* See outside.h. The check sits where curl opens the socket, behind name resolution and redirects: a name that says
 * something else the next time is looked at the next time. */
#include "util/outside.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <string.h>

#define ANSWER_MAX (64 << 10) /* read so far and no further: it answers, more is not wanted */

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

bool outside_is_public(const struct sockaddr *to)
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

static int port_of(const struct sockaddr *to)
{
	return to->sa_family == AF_INET ? ntohs(((const struct sockaddr_in *)(const void *)to)->sin_port)
	                                : ntohs(((const struct sockaddr_in6 *)(const void *)to)->sin6_port);
}

static curl_socket_t open_public(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	const struct outside *o = arg;
	int port = port_of(&to->addr);

	if (purpose != CURLSOCKTYPE_IPCXN || (!o->inside && !outside_is_public(&to->addr)))
		return CURL_SOCKET_BAD;
	if (port != 80 && port != 443 && port < 1024) /* mail, ssh and their like are no web servers */
		return CURL_SOCKET_BAD;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t ignore(char *p, size_t size, size_t n, void *arg)
{
	int64_t *left = arg;

	*left -= (int64_t)(size * n);
	return *left > 0 ? size * n : 0;
}

static enum outside_why why_of(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
	case CURLE_WRITE_ERROR: /* enough was read */
		return OUTSIDE_ANSWERED;
	case CURLE_OPERATION_TIMEDOUT:
		return OUTSIDE_LATE;
	case CURLE_COULDNT_RESOLVE_HOST:
		return OUTSIDE_NO_NAME;
	case CURLE_COULDNT_CONNECT:
		return OUTSIDE_NO_CONNECTION;
	case CURLE_PEER_FAILED_VERIFICATION:
		return OUTSIDE_BAD_CERTIFICATE;
	default:
		return OUTSIDE_OTHER;
	}
}

enum rc outside_ask(const struct outside *o, long *status, enum outside_why *why, struct err *err)
{
	static const char *const said[] = { "",
		                            "no answer in time",
		                            "the name is unknown",
		                            "no connection",
		                            "its certificate is not valid",
		                            "it cannot be asked" };
	const char *protocols = o->tls_only && !o->inside ? "https" : "http,https";
	struct curl_slist *h = curl_slist_append(NULL, "Expect:");
	int64_t left = ANSWER_MAX;
	CURL *c = curl_easy_init();

	*status = 0;
	if (!c || !h)
		die("no memory for a request");
	for (const char *const *p = o->headers; p && *p; p++)
		h = curl_slist_append(h, *p);
	curl_easy_setopt(c, CURLOPT_URL, o->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
	curl_easy_setopt(c, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, o->follow ? 1L : 0L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, 5L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, h);
	curl_easy_setopt(c, CURLOPT_NOBODY, o->head ? 1L : 0L);
	if (o->body.p) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, o->body.p);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)o->body.n);
	}
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_public);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, (void *)(uintptr_t)o);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &left);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "carrel");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 10L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)(o->seconds ? o->seconds : 20));
	*why = why_of(curl_easy_perform(c));
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
	curl_easy_cleanup(c);
	curl_slist_free_all(h);
	return *why == OUTSIDE_ANSWERED ? RC_OK : fail(err, RC_RETRY, "%s", said[*why]);
}

/* Decides who may come in: the Host the desk answers to, whose address a request has, whether a state change really
 * comes from our own pages, and whether the actor has the route's capability.
 *
 * Cross-site requests. A state-changing request with a session needs two things: an Origin (or Sec-Fetch-Site, or
 * Referer) that is ours when the browser says one, and the token of the session in the form. Without a session there is
 * nothing to ride on but sign-in itself, so there the Origin check stands alone: what a browser says must be ours, and
 * a request with cookies of which nothing is said is refused. No pre-session cookie is needed that way, and public
 * pages stay free of cookies. The session's cookie is SameSite=Lax besides.
 *
 * The token is salt + MAC(session cookie, salt) with a fresh salt in each answer: the compressed size of a page says
 * nothing about it (BREACH), it dies with its session, and no server secret is needed. */
#include "http/impl.h"
#include "util/crypt.h"
#include <arpa/inet.h>

#define SALT 16 /* letters of the token before the MAC */

/* ---- addresses ---- */
enum rc net_split(struct str listen, struct str *host, int *port)
{
	size_t colon = STR_NONE;
	for (size_t i = listen.n; i-- > 0;) {
		if (listen.p[i] == ']')
			break;
		if (listen.p[i] == ':') {
			colon = i;
			break;
		}
	}
	*host = colon == STR_NONE ? listen : str_sub(listen, 0, colon);
	*port = 0;
	if (colon != STR_NONE) {
		int64_t v;
		if (str_to_i64(str_from(listen, colon + 1), &v) != RC_OK || v < 0 || v > 65535)
			return RC_INVALID;
		*port = (int)v;
	}
	if (host->n >= 2 && host->p[0] == '[') {
		if (host->p[host->n - 1] != ']')
			return RC_INVALID;
		*host = str_sub(*host, 1, host->n - 2);
	} else if (str_find_byte(*host, ':') != STR_NONE) {
		return RC_INVALID;
	}
	return str_empty(*host) ? RC_INVALID : RC_OK;
}

/* An address as 16 bytes, IPv4 mapped into IPv6. */
static bool address_bytes(struct str s, unsigned char ret[16])
{
	char z[INET6_ADDRSTRLEN + 1];
	if (s.n == 0 || s.n >= sizeof z)
		return false;
	memcpy(z, s.p, s.n);
	z[s.n] = '\0';
	if (strlen(z) != s.n)
		return false;
	memset(ret, 0, 10);
	memset(ret + 10, 0xff, 2);
	return inet_pton(AF_INET, z, ret + 12) == 1 || inet_pton(AF_INET6, z, ret) == 1;
}

bool net_is_loopback(struct str address)
{
	static const unsigned char six[16] = { [15] = 1 };
	unsigned char b[16];
	if (str_eq_nocase(address, STR("localhost")))
		return true;
	if (!address_bytes(address, b))
		return false;
	return memcmp(b, six, 16) == 0 || (memcmp(b, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0 && b[12] == 127);
}

bool net_in_list(struct str address, const struct str *list, size_t n)
{
	unsigned char b[16], net[16];
	if (!address_bytes(address, b))
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t slash = str_find_byte(list[i], '/');
		struct str base = slash == STR_NONE ? list[i] : str_sub(list[i], 0, slash);
		int64_t bits = 128;
		if (!address_bytes(base, net))
			continue;
		if (slash != STR_NONE) {
			if (str_to_i64(str_from(list[i], slash + 1), &bits) != RC_OK || bits < 0)
				continue;
			if (str_find_byte(base, ':') == STR_NONE)
				bits += 96;
		}
		bool same = bits <= 128;
		for (int64_t k = 0; same && k < bits; k++)
			same = ((b[k / 8] ^ net[k / 8]) >> (7 - k % 8) & 1) == 0;
		if (same)
			return true;
	}
	return false;
}

/* ---- the core ---- */
static struct host_rule host_rule(struct arena *a, struct str s)
{
	struct host_rule r = { 0 };
	if (net_split(s, &r.host, &r.port) != RC_OK)
		r.host = STR("");
	r.host = str_lower(a, r.host);
	return r;
}

enum rc core_init(struct core *k, const struct http_config *c, struct err *err)
{
	memset(k, 0, sizeof *k);
	arena_init(&k->arena);
	k->c = *c;
	if (!k->c.max_body)
		k->c.max_body = 1 << 20;
	if (!k->c.max_upload)
		k->c.max_upload = 100 << 20;
	enum rc rc = router_make(&k->arena, c->routes, &k->router, err);
	if (rc != RC_OK)
		return rc;
	struct str base = c->base_url, host;
	size_t sep = str_find(base, STR("://"));
	if (sep == STR_NONE || (!str_starts(base, STR("http://")) && !str_starts(base, STR("https://"))))
		return fail(err, RC_INVALID, "The base URL \"" STR_F "\" is not an http or https URL.", STR_A(base));
	k->https = str_starts(base, STR("https://"));
	struct str authority = str_from(base, sep + 3);
	size_t slash = str_find_byte(authority, '/');
	if (slash != STR_NONE)
		authority = str_sub(authority, 0, slash);
	k->origin = str_lower(&k->arena, str_sub(base, 0, sep + 3 + authority.n));
	k->hosts = arena_array(&k->arena, struct host_rule, c->n_hosts + 1);
	k->hosts[k->n_hosts++] = host_rule(&k->arena, authority);
	for (size_t i = 0; i < c->n_hosts; i++)
		k->hosts[k->n_hosts++] = host_rule(&k->arena, c->hosts[i]);
	k->loopback = str_empty(c->listen);
	if (!k->loopback) {
		if (net_split(c->listen, &host, &k->port) != RC_OK)
			return fail(err, RC_INVALID,
			            "The listen address \"" STR_F "\" is not of the form 127.0.0.1:8080 or [::1]:8080.",
			            STR_A(c->listen));
		k->loopback = net_is_loopback(host);
	}
	return RC_OK;
}

void core_release(struct core *k)
{
	arena_release(&k->arena);
}

/* ---- peer and Host ---- */
/* The last address of X-Forwarded-For that no trusted proxy wrote itself. Only a trusted peer's word counts. */
void check_peer(struct exchange *x, struct str peer)
{
	const struct http_config *c = &x->core->c;
	x->q.peer = str_starts_nocase(peer, STR("::ffff:")) ? str_from(peer, 7) : peer;
	x->q.https = x->core->https;
	if (!c->n_proxies || !net_in_list(peer, c->proxies, c->n_proxies))
		return;
	struct str chain = req_header(&x->q, "X-Forwarded-For");
	while (!str_empty(chain)) {
		size_t comma = STR_NONE;
		for (size_t i = chain.n; i-- > 0 && comma == STR_NONE;)
			if (chain.p[i] == ',')
				comma = i;
		struct str one = str_trim(comma == STR_NONE ? chain : str_from(chain, comma + 1));
		unsigned char b[16];
		if (!address_bytes(one, b))
			break;
		x->q.peer = one;
		if (comma == STR_NONE || !net_in_list(one, c->proxies, c->n_proxies))
			break;
		chain = str_sub(chain, 0, comma);
	}
	struct str proto = req_header(&x->q, "X-Forwarded-Proto");
	if (!str_null(proto))
		x->q.https = str_eq_nocase(proto, STR("https"));
}

static bool host_fits(const struct core *k, struct str host, int port)
{
	bool usual = port == 0 || port == 80 || port == 443 || port == k->port;
	for (size_t i = 0; i < k->n_hosts; i++) {
		const struct host_rule *r = &k->hosts[i];
		if (!str_empty(r->host) && str_eq_nocase(r->host, host) &&
		    (r->port ? port == r->port || (port == 0 && (r->port == 80 || r->port == 443)) : usual))
			return true;
	}
	return k->loopback && net_is_loopback(host);
}

void check_host(struct exchange *x)
{
	size_t seen = 0;
	struct str host;
	int port;
	for (size_t i = 0; i < x->headers.n; i++) {
		if (str_eq_nocase(x->headers.at[i].name, STR("Host"))) {
			seen++;
			x->q.host = str_trim(x->headers.at[i].value);
		}
	}
	if (seen != 1)
		refuse(x, 400, "host", "A request needs exactly one Host header.");
	else if (net_split(x->q.host, &host, &port) != RC_OK || !host_fits(x->core, host, port))
		refuse(x, 421, "host", "This desk does not answer to the name in the address. Use its own address.");
}

/* ---- cross-site requests ---- */
static bool origin_ours(const struct exchange *x, struct str origin)
{
	if (str_eq_nocase(origin, x->core->origin))
		return true;
	/* Another of our accepted names: the Host was checked before. */
	struct str host = STR_NULL;
	if (str_starts_nocase(origin, STR("http://")) && !x->core->https)
		host = str_from(origin, 7);
	else if (str_starts_nocase(origin, STR("https://")))
		host = str_from(origin, 8);
	return !str_null(host) && !str_empty(host) && str_eq_nocase(host, x->q.host);
}

static bool changes_state(const struct exchange *x)
{
	return x->q.method != HTTP_GET && !(x->q.route->flags & (ROUTE_API | ROUTE_NO_CSRF));
}

void check_origin(struct exchange *x)
{
	if (!changes_state(x))
		return;
	struct str origin = req_header(&x->q, "Origin"), site = req_header(&x->q, "Sec-Fetch-Site");
	struct str referer = req_header(&x->q, "Referer");
	bool said = true, ours = true;
	if (!str_null(site))
		ours = str_is(site, "same-origin") || str_is(site, "none");
	if (!str_null(origin)) {
		ours = ours && origin_ours(x, origin);
	} else if (str_null(site)) {
		size_t sep = str_find(referer, STR("://"));
		said = sep != STR_NONE;
		if (said) {
			size_t end = str_find_byte(str_from(referer, sep + 3), '/');
			ours = origin_ours(x, end == STR_NONE ? referer : str_sub(referer, 0, sep + 3 + end));
		}
	}
	bool cookies = !str_null(req_header(&x->q, "Cookie"));
	bool session = !str_null(x->session_cookie) && !str_empty(x->session_cookie);
	if (!ours || (!said && cookies && !session))
		refuse(x, 403, "cross-site",
		       "This request did not come from a page of this desk, so nothing was done. Open the page here "
		       "and try again.");
}

struct str csrf_token(struct arena *a, struct str session_cookie)
{
	unsigned char salt[SALT / 2];
	random_bytes(salt, sizeof salt);
	struct str hex = hex_encode(a, (struct str){ (const char *)salt, sizeof salt });
	struct str mac = mac_token(a, session_cookie, str_concat(a, STR("csrf:"), hex));
	return str_concat(a, hex, mac);
}

bool csrf_valid(struct arena *a, struct str session_cookie, struct str token)
{
	if (str_empty(session_cookie) || token.n <= SALT)
		return false;
	struct str mac = mac_token(a, session_cookie, str_concat(a, STR("csrf:"), str_sub(token, 0, SALT)));
	return crypt_equal(mac, str_from(token, SALT));
}

/* After the body is read: the token is one of its fields, or in X-CSRF-Token for scripts of our own pages. */
void check_csrf(struct exchange *x)
{
	if (!changes_state(x) || str_empty(x->q.session))
		return;
	struct str token = req_field(&x->q, "csrf");
	if (str_null(token))
		token = req_header(&x->q, "X-CSRF-Token");
	if (!csrf_valid(&x->arena, x->session_cookie, token))
		refuse(x, 403, "csrf",
		       "This form was opened before you signed in or is from another window, so nothing was saved. "
		       "Reload the page and send it again.");
}

/* ---- rights ---- */
static struct str bearer_of(const struct exchange *x)
{
	struct str h = req_header(&x->q, "Authorization");
	return str_starts_nocase(h, STR("Bearer ")) ? str_trim(str_from(h, 7)) : STR_NULL;
}

static void deny(struct exchange *x)
{
	const struct route *r = x->q.route;
	bool nobody = x->q.actor.kind == ACTOR_NOBODY;
	if (r->cap == CAP_SETUP) {
		refuse(x, 404, "", "There is nothing at this address.");
	} else if ((r->flags & ROUTE_API) || r->cap == CAP_OPS) {
		if (nobody)
			refuse(x, 401, "token", "This address needs a valid API token in the Authorization header.");
		else
			refuse(x, 403, "scope", "The API token may not do this.");
	} else if (nobody && x->q.method == HTTP_GET) {
		refuse(x, 303, "", "Please sign in.");
	} else if (nobody) {
		refuse(x, 403, "signed-out",
		       "You are signed out, so nothing was saved. Sign in in another window, then come back and send "
		       "again.");
	} else if (r->cap >= CAP_AGENT && x->q.actor.kind != ACTOR_AGENT) {
		refuse(x, 404, "", "There is nothing at this address.");
	} else {
		refuse(x, 403, "role", "Your role does not allow this.");
	}
}

void check_actor(struct exchange *x)
{
	const struct http_config *c = &x->core->c;
	const struct route *r = x->q.route;
	if (x->allowed_done)
		return;
	x->allowed_done = true;
	bool api = r->flags & ROUTE_API;
	struct str bearer = api ? bearer_of(x) : STR_NULL;
	if (!api)
		x->session_cookie = req_cookie(&x->q, HTTP_SESSION_COOKIE);
	if (c->identify && !(str_null(bearer) && str_null(x->session_cookie))) {
		enum rc rc = c->identify(&x->q, x->session_cookie, bearer, &x->err);
		if (rc == RC_DENIED && api)
			refuse(x, 401, "token", "The API token is not valid, or no longer.");
		else if (rc != RC_OK && rc != RC_DENIED)
			refuse(x, rc == RC_LIMIT ? 429 : rc_http_status(rc), rc == RC_LIMIT ? "rate" : "", "%s",
			       x->err.text[0] ? x->err.text : "Who you are could not be looked up. Please try again.");
		if (rc == RC_DENIED) /* a stale cookie is no cookie */
			memset(&x->q.actor, 0, sizeof x->q.actor);
		memset(&x->err, 0, x->refused ? 0 : sizeof x->err);
	}
	if (str_empty(x->q.session))
		x->session_cookie = STR_NULL;
	else if (!api && !str_null(x->session_cookie))
		x->q.csrf = csrf_token(&x->arena, x->session_cookie);
	if (!x->refused && r->cap != CAP_PUBLIC && !(c->allowed && c->allowed(&x->q, r->cap)))
		deny(x);
	if (!x->refused)
		check_origin(x);
}

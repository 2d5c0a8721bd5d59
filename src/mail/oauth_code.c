/* A refresh token by a link in a browser: the authorization code flow (RFC 6749 section 4.1) of a native program (RFC
 * 8252) with PKCE (RFC 7636). The browser is sent back to a port of loopback that is open only meanwhile; on a server
 * without a browser the administrator pastes the address that could not be opened. Only an answer with our state
 * counts. */
#include "mail/oauth_private.h"
#include "util/crypt.h"
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_S     900
#define ANSWER_MAX 8192

struct waiting {
	struct arena *a;
	struct str state;
	struct str code, refused; /* one of them is the answer */
};

/* ---- the answer ---- */

static int hex_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static struct str decoded(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		int hi = s.p[i] == '%' && i + 2 < s.n ? hex_of(s.p[i + 1]) : -1, lo = hi >= 0 ? hex_of(s.p[i + 2]) : -1;

		if (lo >= 0) {
			p[n++] = (char)(hi << 4 | lo);
			i += 2;
		} else {
			p[n++] = s.p[i] == '+' ? ' ' : s.p[i];
		}
	}
	return (struct str){ p, n };
}

/* "...?code=x&state=y", or error and error_description. False: none of ours. */
static bool take_answer(struct waiting *w, struct str address)
{
	size_t at = str_find_byte(address, '?');
	struct str rest = at == STR_NONE ? STR("") : str_from(address, at + 1), one;
	struct str code = STR(""), state = STR(""), error = STR(""), why = STR("");

	rest = str_sub(rest, 0, str_find_byte(rest, '#'));
	while (str_cut(&rest, '&', &one)) {
		size_t is = str_find_byte(one, '=');
		struct str name = str_sub(one, 0, is),
		           value = decoded(w->a, is == STR_NONE ? STR("") : str_from(one, is + 1));

		if (str_is(name, "code"))
			code = value;
		else if (str_is(name, "state"))
			state = value;
		else if (str_is(name, "error"))
			error = value;
		else if (str_is(name, "error_description"))
			why = value;
	}
	if (state.n != w->state.n || sodium_memcmp(state.p, w->state.p, state.n) != 0 || (!code.n && !error.n))
		return false;
	w->code = error.n ? STR("") : code;
	w->refused = error.n ? (why.n ? why : error) : STR("");
	return true;
}

/* ---- where the browser is sent back to ---- */

static int open_door(int *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&at, n) == 0 && listen(fd, 8) == 0 &&
	    getsockname(fd, (struct sockaddr *)&at, &n) == 0) {
		*ret_port = ntohs(at.sin_port);
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static void say(int c, const char *status, const char *text)
{
	char answer[600];
	int n = snprintf(answer, sizeof(answer),
	                 "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
	                 "Referrer-Policy: no-referrer\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n%s",
	                 status, strlen(text), text);

	if (write(c, answer, (size_t)n) != n)
		return; /* the browser is gone; what it said was heard */
}

/* One request; a browser also asks for its icon. Slow ones are cut. */
static bool hear(struct waiting *w, int door)
{
	struct timeval slow = { .tv_sec = 5 };
	char *text = arena_alloc(w->a, ANSWER_MAX);
	int c = accept4(door, NULL, NULL, SOCK_CLOEXEC);
	ssize_t n = 0;
	bool good = false;

	if (c < 0)
		return false;
	setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &slow, sizeof(slow));
	for (ssize_t got = 1; got > 0 && n < ANSWER_MAX && !memchr(text, '\n', (size_t)n);) {
		got = read(c, text + n, (size_t)(ANSWER_MAX - n));
		n += got > 0 ? got : 0;
	}
	struct str line = { text, (size_t)n }, verb, target = STR("");

	line = str_sub(line, 0, str_find_byte(line, '\n'));
	if (str_cut(&line, ' ', &verb) && str_is(verb, "GET") && str_cut(&line, ' ', &target))
		good = take_answer(w, target);
	if (!good)
		say(c, "404 Not Found", "This is not the answer that is waited for.\n");
	else
		say(c, "200 OK",
		    w->code.n ? "Signed in. This window can be closed.\n" : "It was refused. The terminal says why.\n");
	close(c);
	return good;
}

/* Until the browser came or an address was pasted. */
static enum rc wait_for(struct waiting *w, int door, int in, struct err *err)
{
	int64_t until = time_monotonic_us() + WAIT_S * SECOND_US;
	char *line = arena_alloc(w->a, ANSWER_MAX);
	size_t n = 0;

	for (;;) {
		struct pollfd p[2] = {
			{.fd = door, .events = POLLIN},
                        { .fd = in,  .events = POLLIN}
		};
		int64_t left = until - time_monotonic_us();
		int got = left > 0 ? poll(p, 2, (int)(left / 1000) + 1) : 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail(err, RC_RETRY, "nobody signed in within a quarter of an hour; nothing was changed");
		if ((p[0].revents & POLLIN) && hear(w, door))
			return RC_OK;
		if (!(p[1].revents & (POLLIN | POLLHUP)))
			continue;
		ssize_t k = read(in, line + n, ANSWER_MAX - n);
		if (k <= 0) { /* no terminal: only the browser can answer */
			in = -1;
			continue;
		}
		n += (size_t)k;
		struct str rest = { line, n }, one;
		for (size_t end; (end = str_find_byte(rest, '\n')) != STR_NONE; rest = str_from(rest, end + 1)) {
			one = str_trim(str_sub(rest, 0, end));
			if (one.n && take_answer(w, one))
				return RC_OK;
			if (one.n)
				printf("That is not the address of this attempt: it has \"code=\" and \"state=\" in "
				       "it.\n");
		}
		fflush(stdout);
		n = rest.n < ANSWER_MAX ? rest.n : 0; /* a line without an end is thrown away when it is too long */
		memmove(line, rest.p, n);
	}
}

static struct str challenge(struct arena *a, struct str verifier)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char *p = arena_alloc(a, 64);

	crypto_hash_sha256(hash, (const unsigned char *)verifier.p, verifier.n);
	sodium_bin2base64(p, 64, hash, sizeof(hash), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return str_of(p);
}

static enum rc exchange(struct arena *a, const struct mailbox *m, struct str code, struct str back, struct str verifier,
                        struct err *err)
{
	struct oauth o = { 0 };
	struct str who;
	json_t *j = NULL;
	enum rc rc = oauth_client(a, m, &who, err);

	if (rc == RC_OK)
		rc = oauth_post(a, m->token_url,
		                arena_strf(a,
		                           "grant_type=authorization_code&" STR_F "&code=" STR_F "&redirect_uri=" STR_F
		                           "&code_verifier=" STR_F,
		                           STR_A(who), STR_A(oauth_encode(a, code)), STR_A(oauth_encode(a, back)),
		                           STR_A(verifier)),
		                &j, err);
	if (rc == RC_OK && !json_object_get(j, "error") && !json_is_string(json_object_get(j, "refresh_token")))
		rc = fail(err, RC_INVALID, "the server gave no refresh token; does the scope name offline access?");
	if (rc == RC_OK)
		rc = oauth_take(a, m, &o, j, STR(""), err);
	json_decref(j);
	return rc;
}

enum rc oauth_sign_in_browser(const struct mailbox *m, int in, struct err *err)
{
	AUTO_ARENA a;
	int port = 0, door;
	enum rc rc;

	arena_init(&a);
	if (!m->auth_url.n || !oauth_may_ask(m->auth_url))
		return fail(err, RC_INVALID, "the mailbox has no auth-url that begins with https://");
	if ((door = open_door(&port)) < 0)
		return fail(err, RC_RETRY, "no port of this machine can be opened: %s", strerror(errno));
	struct waiting w = { .a = &a, .state = random_token(&a), .code = STR(""), .refused = STR("") };
	struct str verifier = str_concat(&a, random_token(&a), random_token(&a));
	struct str back = arena_strf(&a, "http://127.0.0.1:%d/", port);

	printf("Open this address as " STR_F ":\n\n  " STR_F "%sresponse_type=code&client_id=" STR_F
	       "&redirect_uri=" STR_F "&scope=" STR_F "&state=" STR_F "&code_challenge=" STR_F
	       "&code_challenge_method=S256&login_hint=" STR_F STR_F
	       "\n\nIf that browser is on another machine, it ends at an address beginning with http://127.0.0.1 that "
	       "cannot be"
	       " opened:\npaste that address here.\n",
	       STR_A(m->user), STR_A(m->auth_url), str_find_byte(m->auth_url, '?') == STR_NONE ? "?" : "&",
	       STR_A(oauth_encode(&a, m->client_id)), STR_A(oauth_encode(&a, back)), STR_A(oauth_encode(&a, m->scope)),
	       STR_A(w.state), STR_A(challenge(&a, verifier)), STR_A(oauth_encode(&a, m->user)), STR_A(m->auth_more));
	fflush(stdout);
	rc = wait_for(&w, door, in, err);
	close(door);
	if (rc == RC_OK && !w.code.n)
		rc = fail(err, RC_DENIED, "it was refused: %.200s", str_z(&a, w.refused));
	return rc == RC_OK ? exchange(&a, m, w.code, back, verifier, err) : rc;
}

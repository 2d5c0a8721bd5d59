/* The LMTP dialogue. Sockets are lmtp.c's, what becomes of a message intake.c's. */
#include "mail/lmtp_session.h"
#include "util/arena.h"

enum state { IDLE, GREETED, MAIL, RCPT, DATA };
enum dot { AFTER_CRLF, AFTER_DOT, AFTER_DOT_CR, IN_LINE, AFTER_CR };
#define MAX_BAD 20

struct lmtp_session {
	const struct lmtp_calls *calls;
	void *arg;
	char *hostname;
	int64_t max_size, size; /* size: bytes of the message so far */
	enum state state;
	enum dot dot;
	size_t n_rcpt;
	int bad;
	bool quit, too_big;
	struct buf line;
};

struct lmtp_session *lmtp_new(const char *hostname, int64_t max_size, const struct lmtp_calls *calls, void *arg)
{
	struct lmtp_session *s = xcalloc(1, sizeof(*s));

	s->calls = calls;
	s->arg = arg;
	s->hostname = xstrdup(hostname);
	s->max_size = max_size;
	buf_init(&s->line, LMTP_MAX_LINE);
	return s;
}

void lmtp_free(struct lmtp_session *s)
{
	if (!s)
		return;
	if (s->state >= MAIL)
		s->calls->reset(s->arg);
	buf_release(&s->line);
	free(s->hostname);
	free(s);
}

void lmtp_greet(struct lmtp_session *s, struct buf *out)
{
	buf_addf(out, "220 %s LMTP ready\r\n", s->hostname);
}

/* A reply carries a sentence made by us; whatever could end the line early becomes a space. */
static void reply(struct buf *out, const char *code, const char *text)
{
	buf_addz(out, code);
	buf_addc(out, ' ');
	for (const char *p = text; *p; p++)
		buf_addc(out, (unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f ? ' ' : *p);
	buf_addz(out, "\r\n");
}

static void refuse(struct lmtp_session *s, struct buf *out, const char *code, const char *text)
{
	if (++s->bad >= MAX_BAD) {
		reply(out, "421 4.7.0", "Too many errors, closing the connection");
		s->quit = true;
		return;
	}
	reply(out, code, text);
}

static void forget(struct lmtp_session *s)
{
	if (s->state >= MAIL)
		s->calls->reset(s->arg);
	if (s->state > GREETED)
		s->state = GREETED;
	s->n_rcpt = 0;
	s->size = 0;
	s->too_big = false;
}

/* "<addr>" with optional source route and parameters behind it (RFC 5321 section 4.1.2). Quoted local parts may hold
 * '>' and spaces, so the end is searched outside quotes. */
static bool path_of(struct str arg, struct str *path, struct str *params)
{
	bool quoted = false;

	arg = str_trim(arg);
	if (arg.n < 2 || arg.p[0] != '<')
		return false;
	for (size_t i = 1; i < arg.n; i++) {
		if (quoted && arg.p[i] == '\\') {
			i++;
		} else if (arg.p[i] == '"') {
			quoted = !quoted;
		} else if (arg.p[i] == '>' && !quoted) {
			*path = str_sub(arg, 1, i - 1);
			*params = str_trim(str_from(arg, i + 1));
			if (path->n && path->p[0] == '@') { /* source route: obsolete, ignored */
				size_t colon = str_find_byte(*path, ':');

				if (colon == STR_NONE)
					return false;
				*path = str_from(*path, colon + 1);
			}
			return path->n <= 320 && !str_has_control(*path);
		}
	}
	return false;
}

static void cmd_mail(struct lmtp_session *s, struct str arg, struct buf *out)
{
	struct str from, params, word;
	struct err err = { 0 };
	int64_t size = -1;

	if (s->state != GREETED) {
		refuse(s, out, "503 5.5.1", s->state == IDLE ? "Say LHLO first" : "A transaction is open already");
		return;
	}
	if (!str_starts_nocase(arg, STR("FROM:")) || !path_of(str_from(arg, 5), &from, &params)) {
		refuse(s, out, "501 5.5.4", "The form is MAIL FROM:<address>");
		return;
	}
	while (str_cut(&params, ' ', &word))
		if (str_starts_nocase(word, STR("SIZE=")) && str_to_i64(str_from(word, 5), &size) != RC_OK)
			size = -1;
	if (size > s->max_size) {
		reply(out, "552 5.3.4", "The message is larger than this desk accepts");
		return;
	}
	enum rc rc = s->calls->mail(s->arg, from, size, &err);
	if (rc != RC_OK) {
		reply(out, rc_smtp_reply(rc), err.text);
		return;
	}
	s->state = MAIL;
	reply(out, "250 2.1.0", "Sender ok");
}

static void cmd_rcpt(struct lmtp_session *s, struct str arg, struct buf *out)
{
	struct str to, params;
	struct err err = { 0 };

	if (s->state != MAIL && s->state != RCPT) {
		refuse(s, out, "503 5.5.1", "Say MAIL first");
		return;
	}
	if (!str_starts_nocase(arg, STR("TO:")) || !path_of(str_from(arg, 3), &to, &params)) {
		refuse(s, out, "501 5.5.4", "The form is RCPT TO:<address>");
		return;
	}
	if (s->n_rcpt == LMTP_MAX_RCPT) {
		reply(out, "452 4.5.3", "Too many recipients in one transaction, send the rest in another");
		return;
	}
	enum rc rc = s->calls->rcpt(s->arg, to, &err);
	if (rc != RC_OK) {
		reply(out, rc == RC_NOT_FOUND ? "550 5.1.1" : rc_smtp_reply(rc), err.text);
		return;
	}
	s->n_rcpt++;
	s->state = RCPT;
	reply(out, "250 2.1.5", "Recipient ok");
}

static void cmd_data(struct lmtp_session *s, struct str arg, struct buf *out)
{
	struct err err = { 0 };

	if (s->state != RCPT) {
		refuse(s, out, "503 5.5.1", "There are no valid recipients");
		return;
	}
	if (str_trim(arg).n) { /* RFC 5321 section 4.1.1.4 */
		refuse(s, out, "501 5.5.4", "DATA stands alone");
		return;
	}
	enum rc rc = s->calls->begin(s->arg, &err);
	if (rc != RC_OK) {
		reply(out, rc_smtp_reply(rc), err.text);
		forget(s);
		return;
	}
	s->state = DATA;
	s->dot = AFTER_CRLF;
	s->size = 0;
	reply(out, "354", "End data with <CR><LF>.<CR><LF>");
}

static void command(struct lmtp_session *s, struct str line, struct buf *out)
{
	struct str arg = line, verb = STR(""); /* of an empty line nothing is cut */

	str_cut(&arg, ' ', &verb);
	if (str_has_control(line)) {
		refuse(s, out, "500 5.5.2", "Control characters in a command");
	} else if (str_eq_nocase(verb, STR("LHLO"))) {
		forget(s);
		s->state = GREETED;
		buf_addf(out, "250-%s\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 SIZE %lld\r\n", s->hostname,
			 (long long)s->max_size);
	} else if (str_eq_nocase(verb, STR("MAIL"))) {
		cmd_mail(s, arg, out);
	} else if (str_eq_nocase(verb, STR("RCPT"))) {
		cmd_rcpt(s, arg, out);
	} else if (str_eq_nocase(verb, STR("DATA"))) {
		cmd_data(s, arg, out);
	} else if (str_eq_nocase(verb, STR("RSET"))) {
		forget(s);
		reply(out, "250 2.0.0", "Forgotten");
	} else if (str_eq_nocase(verb, STR("NOOP"))) {
		reply(out, "250 2.0.0", "Still here");
	} else if (str_eq_nocase(verb, STR("QUIT"))) {
		reply(out, "221 2.0.0", "Goodbye");
		s->quit = true;
	} else if (str_eq_nocase(verb, STR("VRFY"))) {
		reply(out, "252 2.5.0", "Send the mail, it will be seen");
	} else if (str_eq_nocase(verb, STR("HELO")) || str_eq_nocase(verb, STR("EHLO"))) {
		refuse(s, out, "500 5.5.1", "This is LMTP: say LHLO");
	} else {
		refuse(s, out, "500 5.5.2", "Unknown command");
	}
}

static void end_of_data(struct lmtp_session *s, struct buf *out)
{
	enum rc results[LMTP_MAX_RCPT];
	struct err *errs = xcalloc(LMTP_MAX_RCPT, sizeof(*errs));

	if (s->too_big) {
		s->calls->reset(s->arg);
		for (size_t i = 0; i < s->n_rcpt; i++)
			reply(out, "552 5.3.4", "The message is larger than this desk accepts");
	} else {
		for (size_t i = 0; i < s->n_rcpt; i++)
			results[i] = RC_FAULT;
		s->calls->end(s->arg, results, errs, s->n_rcpt);
		for (size_t i = 0; i < s->n_rcpt; i++)
			reply(out, rc_smtp_reply(results[i]), results[i] == RC_OK ? "Kept" : errs[i].text);
	}
	free(errs);
	s->state = GREETED;
	s->n_rcpt = 0;
	s->too_big = false;
}

static void give(struct lmtp_session *s, const char *p, size_t n)
{
	if (n == 0)
		return;
	s->size += (int64_t)n;
	if (s->size > s->max_size)
		s->too_big = true; /* read to the end, kept no further */
	if (!s->too_big)
		s->calls->data(s->arg, (struct str){ p, n });
}

/* Eats message bytes up to the end of data or of `in`; returns how many. Runs of ordinary bytes are given in one piece;
 * a dot that opens a line is held back until it is clear whether it ends the message. */
static size_t data(struct lmtp_session *s, struct str in, struct buf *out)
{
	size_t i = 0, start = 0;

	while (i < in.n) {
		char c = in.p[i];

		switch (s->dot) {
		case AFTER_CRLF:
			if (c == '.') {
				give(s, in.p + start, i - start);
				start = i + 1; /* the dot is not data: it is the end, or stuffing */
				s->dot = AFTER_DOT;
				break;
			}
			s->dot = c == '\r' ? AFTER_CR : IN_LINE;
			break;
		case AFTER_DOT:
			if (c == '\r') {
				give(s, in.p + start, i - start);
				start = i + 1; /* held: "\r" of the end, or data after all */
				s->dot = AFTER_DOT_CR;
				break;
			}
			s->dot = IN_LINE;
			break;
		case AFTER_DOT_CR:
			if (c == '\n') {
				i++;
				end_of_data(s, out);
				return i;
			}
			give(s, "\r", 1);
			start = i;
			s->dot = c == '\r' ? AFTER_CR : IN_LINE;
			break;
		case AFTER_CR:
			s->dot = c == '\n' ? AFTER_CRLF : c == '\r' ? AFTER_CR : IN_LINE;
			break;
		case IN_LINE: {
			const char *cr = memchr(in.p + i, '\r', in.n - i);

			if (!cr) {
				i = in.n;
				continue;
			}
			i = (size_t)(cr - in.p);
			s->dot = AFTER_CR;
			break;
		}
		}
		i++;
	}
	give(s, in.p + start, in.n - start);
	return in.n;
}

bool lmtp_feed(struct lmtp_session *s, struct str in, struct buf *out)
{
	while (in.n && !s->quit) {
		if (s->state == DATA) {
			in = str_from(in, data(s, in, out));
			continue;
		}
		size_t nl = str_find_byte(in, '\n');
		size_t n = nl == STR_NONE ? in.n : nl + 1;

		buf_add(&s->line, in.p, n);
		in = str_from(in, n);
		if (s->line.full) {
			reply(out, "500 5.5.6", "The line is too long, closing the connection");
			s->quit = true;
			break;
		}
		if (nl == STR_NONE)
			break;
		struct str line = buf_str(&s->line);
		while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
			line.n--;
		command(s, line, out);
		buf_clear(&s->line);
	}
	return !s->quit;
}

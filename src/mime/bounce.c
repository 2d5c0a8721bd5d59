/* Bounces that are no delivery report (RFC 3464): what qmail, Exim, Sendmail, Exchange, Notes, Yahoo and their like
 * write in words. Two of three must agree before a mail counts as one: a daemon wrote it, its subject says so, its text
 * says so. Who was not reached is read from the text above the returned message; reports themselves are read in
 * parse.c. */
#include "mime/bounce_words.h"
#include "mime/private.h"

#define LOOK_AT 24000 /* of the text: what was returned comes below */

static struct str lower_utf8(struct arena *a, struct str s)
{
	/* ASCII is folded; the lists hold the other letters as they are usually written. */
	return str_lower(a, s);
}

static bool any(struct str hay, const char *const *needles, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_find(hay, str_of(needles[i])) != STR_NONE)
			return true;
	return false;
}
#define ANY(hay, list) any(hay, list, COUNT(list))

/* Machines that write other mails, too: to be a bounce one of theirs must say so in its subject and in its text. */
static bool is_machine(struct arena *a, const struct mail *m)
{
	static const char *const words[] = {
		"smtp",         "mailserver",   "mail-server", "mail_server",   "mail_service", "mailservice",
		"mailgateway",  "mail-gateway", "mailgw",      "antivirus",     "anti-virus",   "interscan",
		"imss",         "isvw",         "mailscan",    "mailsweeper",   "mimesweeper",  "mailmarshal",
		"listserv",     "no-reply",     "noreply",     "no_reply",      "donotreply",   "do-not-reply",
		"do_not_reply", "system admin", "systemadmin", "administrator", "mailadmin",    "mailer",
		"daemon",       "robot",        "inetgw",      "autoresponder", "notification"
	};

	if (m->from.n == 0)
		return false;
	struct str addr = str_lower(a, m->from.at[0].addr);
	return any(str_sub(addr, 0, str_find_byte(addr, '@')), words, COUNT(words));
}

/* How machines begin. Whoever quotes a bounce says something first. */
static bool opens_as_machine(struct str low)
{
	static const char *const words[] = {
		"message from interscan",
		"failed recipients",
		"non-delivery report",
		"this is an automatically gen",
		"created automatically",
		"this is the mail",
		"delivery failure notification",
		"automated message",
		"automatically generated",
		"undeliverable address",
		"message log follows",
		"failed addresses follow",
		"votre message n'a pas pu",
		"the attached message",
		"failed recipient:",
		"the following message to <",
		"a message that you sent",
		"your mail cannot be delivered to the following",
		"this message has been generated",
		"transcript of session",
		"fehlerbericht",
	};
	struct str head = str_sub(str_trim(low), 0, 400);

	return head.n && head.p[0] != '>' && any(head, words, COUNT(words));
}

bool mime_is_daemon(struct arena *a, const struct mail *m)
{
	static const char *const locals[] = {
		"mailer-daemon", "post_master",   "post.master",  "mailer_admin",  "mailerdaemon",      "mailer_daemon",
		"mail-daemon",   "maildaemon",    "postmaster",   "mdaemon",       "microsoftexchange", "double-bounce",
		"mailmaster",    "mail-delivery", "maildelivery", "mail.delivery", "bounce-",           "bounces",
		"mmdf",          "mta-daemon",    "delivery-",    "symantec"
	};
	static const char *const names[] = {
		"mail delivery",     "mailer-daemon",         "mailer daemon",      "mail system",
		"postmaster",        "system administrator",  "mail administrator", "delivery subsystem",
		"delivery system",   "returned mail",         "mail deliver",       "email delivery",
		"microsoft outlook", "internet mail delivery"
	};

	if (m->from.n == 0)
		return !str_null(m->return_path) && m->return_path.n == 0;
	struct str addr = str_lower(a, m->from.at[0].addr), name = str_lower(a, m->from.at[0].name);
	for (size_t i = 0; i < COUNT(locals); i++)
		if (str_starts(addr, str_of(locals[i])))
			return true;
	return ANY(name, names) || (!str_null(m->return_path) && m->return_path.n == 0);
}

/* ---- addresses in words ---- */

static bool address_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL || (c & 0x80);
}

/* The next address in s from *at on: its place and length. */
static bool next_address(struct str s, size_t *at, struct str *ret, size_t *ret_at)
{
	for (;;) {
		size_t sign = str_find_byte(str_from(s, *at), '@');

		if (sign == STR_NONE)
			return false;
		sign += *at;
		size_t from = sign, to = sign + 1, dots = 0;
		while (from > 0 && s.p[from - 1] && address_char(s.p[from - 1]))
			from--;
		while (to < s.n && s.p[to] && ((address_char(s.p[to]) && !strchr("!#$%&'*+/=?^_`{|}~", s.p[to])))) {
			dots += s.p[to] == '.';
			to++;
		}
		while (to > sign + 1 && strchr(".-", s.p[to - 1]))
			dots -= s.p[--to] == '.';
		while (from < sign && strchr("'*=./-`|", s.p[from]))
			from++;
		if (str_starts(str_sub(s, from, sign - from), STR("smtp=")))
			from += 5; /* "dda:SMTP=x@y", X.400 */
		*at = to;
		if (from == sign || dots == 0 || to - from > 254 || to <= sign + 3)
			continue;
		*ret = str_sub(s, from, to - from);
		*ret_at = from;
		return true;
	}
}

static bool is_one_of(struct str addr, const struct mail_addrs *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq_nocase(l->at[i].addr, addr))
			return true;
	return false;
}

/* How sure is it that this address is the one that failed? By the words around it. */
static int weigh(struct str low, size_t at, size_t n)
{
	static const char *const labels[] = { "recipient", "rcpt to",   "failed",    "to:",           "unknown",
		                              "address:",  "addresses", "user",      "undeliver",     "not delivered",
		                              "deliver",   "mailbox",   "addressed", "was addressed", "message to" };
	static const char *const not_it[] = { "from:",          "sender",        "contact",     "postmaster@",
		                              "mailer-daemon@", "help",          "abuse@",      "message-id",
		                              "mailto:",        "reporting-mta", "return-path", "please write",
		                              "mail from",      "questions" };
	size_t line = at, end = at + n;
	int points = 0;

	while (line > 0 && low.p[line - 1] != '\n')
		line--;
	struct str before = str_sub(low, line, at - line), bare = str_trim(before);
	struct str after = str_from(low, end);
	if (bare.n == 0 || str_is(bare, "<") || str_is(bare, ">") || str_is(bare, "--") || str_is(bare, ">>>") ||
	    str_is(bare, "*") || str_is(bare, "-") || str_is(bare, "[") || str_is(bare, "\"") || str_is(bare, "'"))
		points += 6; /* begins its line */
	if (str_starts(after, STR(">:")) || str_starts(after, STR(":")) || str_starts(after, STR(">...")) ||
	    str_starts(after, STR("...")))
		points += 4;
	struct str left = str_sub(after, 0, str_find_byte(after, '\n'));
	if (str_trim(left).n <= 1)
		points += 2;
	for (size_t i = 0; i < COUNT(labels); i++)
		points += str_find(before, str_of(labels[i])) != STR_NONE ? 2 : 0;
	/* The line above, when there is one: "could not be delivered to:" */
	size_t up = line > 300 ? line - 300 : 0;
	struct str above = str_sub(low, up, line - up);
	points += ANY(above, texts) ? 5 : 0;
	for (size_t i = 0; i < COUNT(not_it); i++)
		points -= str_find(before, str_of(not_it[i])) != STR_NONE ||
		                          str_starts(str_from(low, at), str_of(not_it[i]))
		                  ? 8
		                  : 0;
	return points;
}

/* "5.1.1", "#5.1.1", "(5.1.1)" or at least "550", "554:". */
static struct str find_status(struct arena *a, struct str s)
{
	struct str reply = STR_NULL;

	for (size_t i = 0; i + 4 < s.n; i++) {
		bool starts = i == 0 || !(address_char(s.p[i - 1]) && s.p[i - 1] != '#' && s.p[i - 1] != '-');
		char c = s.p[i];

		if (!starts || (c != '5' && c != '4'))
			continue;
		if (s.p[i + 1] == '.' && s.p[i + 2] >= '0' && s.p[i + 2] <= '9') {
			size_t k = i + 2, digits = 0;

			while (k < s.n && s.p[k] >= '0' && s.p[k] <= '9')
				k++;
			if (k + 1 < s.n && s.p[k] == '.' && k - i <= 5) {
				for (k++; k < s.n && s.p[k] >= '0' && s.p[k] <= '9'; k++)
					digits++;
				if (digits >= 1 && digits <= 3 && (k == s.n || s.p[k] != '.'))
					return arena_str(a, str_sub(s, i, k - i));
			}
		} else if (str_null(reply) && s.p[i + 1] >= '0' && s.p[i + 1] <= '5' && s.p[i + 2] >= '0' &&
		           s.p[i + 2] <= '9' && strchr(" -:,;])>\n", s.p[i + 3])) {
			reply = arena_strf(a, "%c.0.0", c);
		}
	}
	return reply;
}

/* The words behind the address, or the lines below it, up to an empty line. */
static struct str reason_after(struct arena *a, struct str text, size_t end)
{
	struct str rest = str_from(text, end);
	char *p = arena_alloc(a, 1002);
	size_t n = 0;

	while (rest.n && strchr(">:.\"') ]", rest.p[0]))
		rest = str_from(rest, 1);
	for (size_t i = 0; i < rest.n && n < 1000; i++) {
		char c = rest.p[i];

		if (c == '\n' && n && i + 1 < rest.n && rest.p[i + 1] == '\n')
			break;
		c = c == '\n' || c == '\t' ? ' ' : c;
		if (c == ' ' && (n == 0 || p[n - 1] == ' '))
			continue;
		p[n++] = c;
	}
	struct str s = str_utf8_clip(str_trim((struct str){ p, n }), 990);
	return s.n ? s : STR_NULL;
}

static struct str above_the_copy(struct str low)
{
	size_t end = str_utf8_clip(low, LOOK_AT).n;

	for (size_t i = 0; i < COUNT(returned); i++) {
		size_t at = str_find(str_sub(low, 0, end), str_of(returned[i]));

		if (at != STR_NONE && at > 20)
			end = at;
	}
	return str_sub(low, 0, end);
}

static void find_recipient(struct arena *a, struct str low, struct mail *m)
{
	struct str addr, best = STR_NULL;
	size_t at = 0, place, best_end = 0;
	int points = 0;

	for (int i = 0; i < 200 && next_address(low, &at, &addr, &place); i++) {
		int w = weigh(low, place, addr.n);

		if (is_one_of(addr, &m->from) || is_one_of(addr, &m->reply_to))
			continue;
		w -= is_one_of(addr, &m->to) ? 7 : 0; /* who wrote is rarely who was not reached */
		if (str_null(best) || w > points) {
			best = addr;
			best_end = place + addr.n;
			points = w;
		}
	}
	if (str_null(best) || points < 0)
		return;
	m->bounce.recipient = arena_str(a, str_sub(m->text, best_end - best.n, best.n));
	if (str_null(m->bounce.diagnostic))
		m->bounce.diagnostic = reason_after(a, m->text, best_end);
}

/* "To: x" of what was returned, when the words name nobody. */
static void find_returned_to(struct arena *a, struct str low, size_t from, struct mail *m)
{
	size_t to = str_find(str_from(low, from), STR("\nto:")), at, place;
	struct str addr;

	if (to == STR_NONE || !str_null(m->bounce.recipient))
		return;
	at = from + to + 4;
	size_t line = str_find_byte(str_from(low, at), '\n');
	struct str s = str_sub(low, 0, line == STR_NONE ? low.n : at + line);
	if (next_address(s, &at, &addr, &place) && !is_one_of(addr, &m->to))
		m->bounce.recipient = arena_str(a, str_sub(m->text, place, addr.n));
}

/* A Message-ID field of what was returned in the text. */
static void find_original(struct arena *a, struct str low, struct mail *m)
{
	size_t at = str_find(low, STR("message-id:")), lt, gt;

	if (at == STR_NONE || !str_null(m->bounce.original_id))
		return;
	struct str line = str_sub(str_from(m->text, at + 11), 0, 1000);
	lt = str_find_byte(line, '<');
	gt = str_find_byte(line, '>');
	if (lt != STR_NONE && gt != STR_NONE && lt < 80 && gt > lt + 1 &&
	    str_find_byte(str_sub(line, lt, gt - lt), ' ') == STR_NONE)
		m->bounce.original_id = arena_str(a, str_sub(line, lt + 1, gt - lt - 1));
}

/* What Amazon's notification service mails of a bounce is JSON: the value of a field, which has no escapes here. */
static struct str json_value(struct str json, const char *field)
{
	size_t at = str_find_nocase(json, str_of(field));
	struct str s = at == STR_NONE ? STR_NULL : str_from(json, at + str_of(field).n);
	size_t end = str_find_byte(s, '"');

	return at == STR_NONE || end == STR_NONE ? STR_NULL : str_sub(s, 0, end);
}

static void find_sns(struct mail *m)
{
	struct mail_bounce *b = &m->bounce;

	if (!str_starts(str_trim(m->text), STR("{\"notificationType\":\"Bounce\"")))
		return;
	b->is = true;
	b->recipient = json_value(m->text, "\"emailAddress\":\"");
	b->status = json_value(m->text, "\"status\":\"");
	b->diagnostic = json_value(m->text, "\"diagnosticCode\":\"");
}

void mime_find_bounce(struct arena *a, struct mail *m)
{
	struct mail_bounce *b = &m->bounce;
	bool from = mime_is_daemon(a, m);
	struct str subject = str_trim(lower_utf8(a, m->subject));
	bool forwarded = str_starts(subject, STR("re:")) || str_starts(subject, STR("fw:")) ||
	                 str_starts(subject, STR("fwd:")) || str_starts(subject, STR("aw:")) ||
	                 str_starts(subject, STR("rv:"));
	/* A gateway that answers in a person's way, with its verdict behind the subject. */
	forwarded = forwarded && !str_ends(subject, STR("(delivery failed)"));
	if (!b->is)
		find_sns(m);
	bool says = !forwarded && ANY(subject, subjects);

	if (!b->is && !from && !says)
		return;
	struct str low = lower_utf8(a, m->text), head = above_the_copy(low);
	bool tells = ANY(head, texts);
	/* Somebody who only writes about a bounce has neither a daemon's name nor two of the signs. */
	bool machine = !str_null(m->auto_reason) || str_null(m->identity) || is_machine(a, m) || opens_as_machine(head);
	if (!b->is && !((from && (says || tells)) || (says && tells && machine)))
		return;
	b->is = true;
	if (str_null(b->recipient))
		find_recipient(a, head, m);
	if (str_null(b->status))
		b->status = find_status(a, str_null(b->diagnostic) ? head : str_lower(a, b->diagnostic));
	if (str_null(b->status))
		b->status = find_status(a, head);
	find_returned_to(a, low, head.n, m);
	find_original(a, low, m);
	if (str_null(b->action))
		b->action = str_find(subject, STR("delay")) != STR_NONE ||
		                            str_starts(subject, STR("warning: could not send message for")) ||
		                            (b->status.n && b->status.p[0] == '4' &&
		                             str_find(head, STR("will be retried")) != STR_NONE)
		                    ? STR("delayed")
		                    : STR("failed");
}

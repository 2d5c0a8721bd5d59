/* Any client: however its bytes are cut into packets, the dialogue and what is taken are the same; a message ends at
 * CR LF . CR LF only; each command and each recipient of a message has one answer, of the form of RFC 5321. */
#include "mail/lmtp_session.h"
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_SIZE 5000

struct seen {
	struct buf said; /* what the dialogue asked for, in order */
	size_t rcpts, messages, results;
};

static enum rc on_mail(void *arg, struct str from, int64_t size, struct err *err)
{
	struct seen *s = arg;

	buf_addf(&s->said, "mail " STR_F " %lld\n", STR_A(from), (long long)size);
	s->rcpts = 0;
	return from.n > 200 ? fail(err, RC_DENIED, "no") : RC_OK;
}

static enum rc on_rcpt(void *arg, struct str to, struct err *err)
{
	struct seen *s = arg;

	buf_addf(&s->said, "rcpt " STR_F "\n", STR_A(to));
	if (to.n && to.p[0] == 'x')
		return fail(err, RC_NOT_FOUND, "nobody");
	if (++s->rcpts > LMTP_MAX_RCPT)
		die("more recipients than allowed");
	return RC_OK;
}

static enum rc on_begin(void *arg, struct err *err)
{
	buf_addz(&((struct seen *)arg)->said, "begin\n");
	return RC_OK;
}

static void on_data(void *arg, struct str bytes)
{
	buf_adds(&((struct seen *)arg)->said, bytes);
}

static void on_end(void *arg, enum rc *results, struct err *errs, size_t n)
{
	struct seen *s = arg;

	if (n != s->rcpts)
		die("a message for others than were accepted");
	s->messages++;
	s->results += n;
	buf_addf(&s->said, "\nend %zu\n", n);
	for (size_t i = 0; i < n; i++)
		results[i] = i % 3 == 2 ? fail(&errs[i], RC_RETRY, "later") : RC_OK;
	s->rcpts = 0;
}

static void on_reset(void *arg)
{
	struct seen *s = arg;

	s->rcpts = 0;
	buf_addz(&s->said, "reset\n");
}

static const struct lmtp_calls calls = { on_mail, on_rcpt, on_begin, on_data, on_end, on_reset };

static void talk(struct str in, size_t step, struct seen *seen, struct buf *out)
{
	struct lmtp_session *l = lmtp_new("desk.example", MAX_SIZE, &calls, seen);

	buf_init(&seen->said, 1 << 22);
	buf_init(out, 1 << 22);
	lmtp_greet(l, out);
	for (size_t at = 0; at < in.n; at += step)
		if (!lmtp_feed(l, str_sub(in, at, at + step < in.n ? step : in.n - at), out))
			break;
	lmtp_free(l);
}

/* At most so many messages: a dot alone, behind CR LF, or right behind a DATA that ended in LF. */
static size_t ends(struct str in)
{
	size_t n = 0;

	for (size_t at = 0; at + 4 <= in.n; at++) {
		size_t line = at;

		if (memcmp(in.p + at, "\n.\r\n", 4) != 0)
			continue;
		while (line > 0 && in.p[line - 1] != '\n')
			line--;
		n += (at > 0 && in.p[at - 1] == '\r') || str_starts_nocase(str_from(in, line), STR("DATA"));
	}
	return n;
}

static void check_answers(struct str out)
{
	struct str line;

	if (out.n < 2 || out.p[out.n - 2] != '\r' || out.p[out.n - 1] != '\n')
		die("an answer without an end");
	while (str_cut(&out, '\n', &line)) {
		if (!line.n)
			continue;
		if (line.n < 5 || line.n > 512 || line.p[line.n - 1] != '\r' || memchr(line.p, '\r', line.n - 1) ||
		    memchr(line.p, 0, line.n) || (line.p[3] != ' ' && line.p[3] != '-'))
			die("an answer of another form");
		for (int i = 0; i < 3; i++)
			if (line.p[i] < '0' || line.p[i] > '9')
				die("an answer without a code");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = { (const char *)data, size };
	struct seen whole = { 0 }, cut = { 0 };
	AUTO_BUF a;
	AUTO_BUF b;

	if (size > 100000)
		return 0;
	talk(in, size ? size : 1, &whole, &a);
	talk(in, size > 4 ? 1 + data[0] % 7 : 1, &cut, &b);
	if (!str_eq(buf_str(&a), buf_str(&b)))
		die("other answers when the bytes come in pieces");
	/* Of what is too big, as much is taken as came in whole pieces, and thrown away. */
	if (size < MAX_SIZE && !str_eq(buf_str(&whole.said), buf_str(&cut.said)))
		die("something else is taken when the bytes come in pieces");
	if (whole.messages > ends(in))
		die("more messages than ends");
	check_answers(buf_str(&a));
	buf_release(&whole.said);
	buf_release(&cut.said);
	return 0;
}

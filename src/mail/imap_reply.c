/* Reading one answer: see imap_reply.h. */
#include "mail/imap_reply.h"

static struct str word(struct str *s)
{
	size_t n = 0;

	while (s->n && s->p[0] == ' ')
		*s = str_from(*s, 1);
	while (n < s->n && s->p[n] != ' ')
		n++;
	struct str w = str_sub(*s, 0, n);
	*s = str_from(*s, n < s->n ? n + 1 : n);
	return w;
}

/* A number as IMAP has them: 32 bits, no sign. */
static bool number(struct str s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0 || s.n > 20)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (v > (max - (uint64_t)(s.p[i] - '0')) / 10)
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	*ret = v;
	return true;
}

int64_t imap_literal(struct str line)
{
	uint64_t v;
	size_t open = line.n;

	if (line.n < 3 || line.p[line.n - 1] != '}')
		return -1;
	while (open > 0 && line.p[open - 1] != '{')
		open--;
	if (open == 0)
		return -1;
	struct str n = str_sub(line, open, line.n - 1 - open);
	if (n.n && n.p[n.n - 1] == '+')
		n.n--;
	return number(n, UINT32_MAX, &v) ? (int64_t)v : -2;
}

bool imap_wants_body(struct str line)
{
	size_t open = line.n;

	while (open > 0 && line.p[open - 1] != '{')
		open--;
	struct str before = str_trim(str_sub(line, 0, open ? open - 1 : 0));
	return before.n > 7 && str_ends(before, STR(" BODY[]")) && str_starts(line, STR("* ")) &&
	       str_find_nocase(before, STR(" FETCH (")) != STR_NONE;
}

static enum imap_kind status(struct str w)
{
	static const struct {
		const char *name;
		enum imap_kind kind;
	} words[] = {
		{"OK",       IMAP_OK     },
		{ "NO",      IMAP_NO     },
		{ "BAD",     IMAP_BAD    },
		{ "BYE",     IMAP_BYE    },
		{ "PREAUTH", IMAP_PREAUTH}
	};

	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eq_nocase(w, str_of(words[i].name)))
			return words[i].kind;
	return IMAP_OTHER;
}

static void read_status(struct str rest, struct imap_reply *r)
{
	uint64_t v;

	if (rest.n && rest.p[0] == '[') {
		size_t end = str_find_byte(rest, ']');

		if (end == STR_NONE)
			return;
		struct str inside = str_sub(rest, 1, end - 1);
		rest = str_from(rest, end + 1);
		r->code = word(&inside);
		if (str_eq_nocase(r->code, STR("CAPABILITY")))
			r->capabilities = inside;
		else if (number(word(&inside), UINT32_MAX, &v))
			r->number = (uint32_t)v;
	}
	r->text = str_trim(rest);
}

/* One value of a FETCH answer; false when nobody knows where it ends. */
static bool value(struct str *s, struct str *ret)
{
	size_t n = 0;
	int depth = 0;

	while (s->n && s->p[0] == ' ')
		*s = str_from(*s, 1);
	if (s->n && s->p[0] == '"') {
		for (n = 1; n < s->n && s->p[n] != '"'; n++)
			n += s->p[n] == '\\';
		if (n >= s->n)
			return false;
		*ret = str_sub(*s, 1, n - 1);
		*s = str_from(*s, n + 1);
		return true;
	}
	for (; n < s->n; n++) {
		if (s->p[n] == '"')
			for (n++; n < s->n && s->p[n] != '"'; n++)
				n += s->p[n] == '\\';
		else if (s->p[n] == '(' || s->p[n] == '[')
			depth++;
		else if ((s->p[n] == ')' || s->p[n] == ']') && depth-- == 0)
			break;
		else if (s->p[n] == ' ' && depth == 0)
			break;
	}
	if (depth > 0 || n > s->n)
		return false;
	*ret = str_sub(*s, 0, n);
	*s = str_from(*s, n);
	return true;
}

static enum rc read_fetch(struct str rest, struct imap_reply *r, struct err *err)
{
	if (!str_starts(rest, STR("(")))
		return fail(err, RC_INVALID, "the server's FETCH has no list");
	rest = str_from(rest, 1);
	for (;;) {
		struct str name, v;
		uint64_t n;

		while (rest.n && rest.p[0] == ' ')
			rest = str_from(rest, 1);
		if (rest.n && rest.p[0] == ')')
			return RC_OK;
		if (!value(&rest, &name) || !name.n || !value(&rest, &v))
			return fail(err, RC_INVALID, "the server's FETCH cannot be read");
		if (str_eq_nocase(name, STR("UID"))) {
			if (!number(v, UINT32_MAX, &n) || n == 0)
				return fail(err, RC_INVALID, "the server gave a UID that is none");
			r->uid = (uint32_t)n;
		} else if (str_eq_nocase(name, STR("RFC822.SIZE"))) {
			if (!number(v, INT64_MAX / 16, &n))
				return fail(err, RC_INVALID, "the server gave a size that is none");
			r->size = (int64_t)n;
		} else if (str_starts_nocase(name, STR("BODY[]"))) {
			r->body = v.n == 1 && v.p[0] == IMAP_LITERAL;
			r->body_text = v;
		}
	}
}

enum rc imap_reply_read(struct str line, struct imap_reply *r, struct err *err)
{
	struct str rest = line, first;
	uint64_t n;

	*r = (struct imap_reply){ .size = -1 };
	if (str_starts(line, STR("+"))) {
		r->kind = IMAP_MORE;
		r->text = str_trim(str_from(line, 1));
		return RC_OK;
	}
	first = word(&rest);
	if (!first.n)
		return fail(err, RC_INVALID, "the server sent an empty line");
	if (!str_is(first, "*")) {
		r->tagged = true;
		r->tag = first;
		r->kind = status(word(&rest));
		if (r->kind != IMAP_OK && r->kind != IMAP_NO && r->kind != IMAP_BAD)
			return fail(err, RC_INVALID, "the server's answer has no result");
		read_status(rest, r);
		return RC_OK;
	}
	first = word(&rest);
	if (number(first, UINT32_MAX, &n)) {
		struct str what = word(&rest);

		r->number = (uint32_t)n;
		if (str_eq_nocase(what, STR("EXISTS")))
			r->kind = IMAP_EXISTS;
		else if (str_eq_nocase(what, STR("EXPUNGE")))
			r->kind = IMAP_EXPUNGE;
		else if (str_eq_nocase(what, STR("FETCH"))) {
			r->kind = IMAP_FETCH;
			return read_fetch(rest, r, err);
		}
		return RC_OK;
	}
	if (str_eq_nocase(first, STR("CAPABILITY"))) {
		r->kind = IMAP_CAPABILITY;
		r->capabilities = rest;
		return RC_OK;
	}
	r->kind = status(first);
	if (r->kind != IMAP_OTHER)
		read_status(rest, r);
	return RC_OK;
}

bool imap_can(struct str capabilities, const char *wanted)
{
	while (capabilities.n) {
		if (str_eq_nocase(word(&capabilities), str_of(wanted)))
			return true;
	}
	return false;
}

enum rc imap_quoted(struct arena *a, struct str s, struct str *ret)
{
	char *p = arena_alloc(a, s.n * 2 + 3);
	size_t n = 0;

	p[n++] = '"';
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] < ' ' || (unsigned char)s.p[i] >= 0x7f)
			return RC_INVALID;
		if (s.p[i] == '"' || s.p[i] == '\\')
			p[n++] = '\\';
		p[n++] = s.p[i];
	}
	p[n++] = '"';
	*ret = (struct str){ p, n };
	return RC_OK;
}

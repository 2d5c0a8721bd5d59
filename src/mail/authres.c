/* Authentication-Results (RFC 8601) of the MTA we trust. Anybody can write such a field into a mail: only the topmost one
 * that carries our MTA's own name counts, and the MTA must remove others of that name (docs/OPERATING.md). */
#include "mail/intake_private.h"

static struct str word(struct str *rest)
{
	size_t n = 0;

	*rest = str_trim(*rest);
	while (n < rest->n && !strchr(" \t;=", rest->p[n]))
		n++;
	struct str w = str_sub(*rest, 0, n);
	*rest = str_trim(str_from(*rest, n));
	return w;
}

static bool equals(struct str *rest)
{
	if (!rest->n || rest->p[0] != '=')
		return false;
	*rest = str_from(*rest, 1);
	return true;
}

/* Comments and quoted strings (RFC 8601 section 2.2) may hold anything, also "; dmarc=pass": the local part of an
 * envelope sender is its sender's to choose. Comments are removed before anything is read, and of what stands in quotes
 * the signs that mean something are not left. What stays open hides all. */
static struct str plain(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0, depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool escaped = (quoted || depth) && c == '\\' && i + 1 < s.n;

		if (escaped)
			c = s.p[++i];
		if (depth) {
			depth += !escaped && c == '(';
			depth -= !escaped && c == ')';
		} else if (c == '"' && !escaped) {
			quoted = !quoted;
		} else if (quoted) {
			out[n++] = strchr(" \t;=()", c) ? '?' : c;
		} else if (c == '(') {
			depth++;
			out[n++] = ' ';
		} else {
			out[n++] = c;
		}
	}
	return (struct str){ out, depth || quoted ? 0 : n };
}

static bool same_domain(struct str value, struct str domain)
{
	size_t at = str_find_byte(value, '@');

	return str_eq_nocase(at == STR_NONE ? value : str_from(value, at + 1), domain);
}

/* "dmarc=pass header.from=DOMAIN ...": `rest` is what stands behind the method. */
static enum auth_verdict dmarc(struct str rest, struct str from_domain)
{
	struct str result, key, value;

	if (!equals(&rest))
		return AUTH_NONE;
	result = word(&rest);
	if (str_eq_nocase(result, STR("fail")))
		return AUTH_FAIL;
	if (!str_eq_nocase(result, STR("pass")))
		return AUTH_NONE;
	/* A pass is for one domain: that of the From which was evaluated. */
	while ((key = word(&rest)).n && equals(&rest)) {
		value = word(&rest);
		if (str_eq_nocase(key, STR("header.from")))
			return same_domain(value, from_domain) ? AUTH_PASS : AUTH_NONE;
	}
	return AUTH_NONE;
}

/* Of several words about DMARC the worst counts: a server says one, and another is a sender's that slipped in. */
static enum auth_verdict one(struct str line, struct str from_domain)
{
	enum auth_verdict found = AUTH_NONE;
	bool any = false;
	struct str part;

	while (str_cut(&line, ';', &part)) {
		if (!str_eq_nocase(word(&part), STR("dmarc")))
			continue;
		enum auth_verdict v = dmarc(part, from_domain);
		if (v == AUTH_FAIL)
			return v;
		found = !any || v == AUTH_NONE ? v : found;
		any = true;
	}
	return found;
}

enum auth_verdict authres_verdict(struct str headers, struct str authserv_id, struct str from_domain)
{
	struct str line;
	AUTO_ARENA a;

	arena_init(&a);
	if (!authserv_id.n)
		return AUTH_NONE;
	while (str_cut(&headers, '\n', &line)) {
		struct str id, clean;

		if (str_starts_nocase(line, STR("Authentication-Results:")))
			line = str_from(line, 23);
		clean = plain(&a, line);
		if (!str_cut(&clean, ';', &id))
			return AUTH_NONE; /* whose it is cannot be read: it may be ours, made unreadable by a sender */
		id = word(&id); /* a version may follow the name */
		if (str_eq_nocase(id, authserv_id))
			return one(clean, from_domain);
	}
	return AUTH_NONE;
}

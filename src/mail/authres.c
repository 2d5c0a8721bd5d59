/* Authentication-Results (RFC 8601) of the MTA we trust. Anybody can write such a field into a mail: only the topmost one
 * that carries our MTA's own name counts, and the MTA must remove others of that name (docs/OPERATING.md). */
#include "mail/intake_private.h"

static struct str word(struct str *rest)
{
	size_t n = 0;

	*rest = str_trim(*rest);
	while (n < rest->n && !strchr(" \t;=()", rest->p[n]))
		n++;
	struct str w = str_sub(*rest, 0, n);
	*rest = str_from(*rest, n);
	return w;
}

/* Comments may hold anything, also "dmarc=pass": they are removed before anything is read. */
static struct str without_comments(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0, depth = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '(')
			depth++;
		else if (s.p[i] == ')' && depth)
			depth--;
		else if (!depth)
			out[n++] = s.p[i];
	}
	return (struct str){ out, depth ? 0 : n };
}

static bool same_domain(struct str value, struct str domain)
{
	size_t at = str_find_byte(value, '@');

	return str_eq_nocase(at == STR_NONE ? value : str_from(value, at + 1), domain);
}

static enum auth_verdict one(struct str line, struct str from_domain)
{
	struct str part;

	while (str_cut(&line, ';', &part)) {
		struct str method = word(&part), result, key, value;

		if (!str_eq_nocase(method, STR("dmarc")) || part.n == 0 || part.p[0] != '=')
			continue;
		part = str_from(part, 1);
		result = word(&part);
		if (str_eq_nocase(result, STR("fail")))
			return AUTH_FAIL;
		if (!str_eq_nocase(result, STR("pass")))
			return AUTH_NONE;
		/* A pass is for one domain: that of the From which was evaluated. */
		while ((key = word(&part)).n && part.n && part.p[0] == '=') {
			part = str_from(part, 1);
			value = word(&part);
			if (str_eq_nocase(key, STR("header.from")))
				return same_domain(value, from_domain) ? AUTH_PASS : AUTH_NONE;
		}
		return AUTH_NONE;
	}
	return AUTH_NONE;
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
		clean = without_comments(&a, line);
		if (!str_cut(&clean, ';', &id))
			continue;
		id = word(&id); /* a version may follow the name */
		if (str_eq_nocase(id, authserv_id))
			return one(clean, from_domain);
	}
	return AUTH_NONE;
}

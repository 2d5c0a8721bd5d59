/* Answers of an IMAP server, a line each: whatever they say, what is read stays inside of the bytes and its numbers are
 * numbers. */
#include "mail/imap_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(struct str part, struct str whole)
{
	return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = { (const char *)data, size }, line, quoted;
	AUTO_ARENA a;

	arena_init(&a);
	while (str_cut(&all, '\n', &line)) {
		struct imap_reply r;
		struct err err;

		if (imap_literal(line) > UINT32_MAX)
			die("a literal of more than four gigabytes");
		(void)imap_wants_body(line);
		if (imap_reply_read(line, &r, &err) != RC_OK)
			continue;
		if (!inside(r.tag, line) || !inside(r.text, line) || !inside(r.code, line) || !inside(r.capabilities, line) || !inside(r.body_text, line))
			die("words from outside of the line");
		if (r.kind == IMAP_FETCH && r.size < -1)
			die("a negative size");
		(void)imap_can(r.capabilities, "IDLE");
		if (imap_quoted(&a, line, &quoted) == RC_OK && memchr(quoted.p, '\r', quoted.n))
			die("a line end in a quoted string");
	}
	return 0;
}

/* Any bytes: CRLF and LF read the same, what is printed is UTF-8, and the socket's form of it is read back as it was.
 */
#include "jail/jail.h"
#include "util/crypt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMITS .parts = 50, .depth = 10, .addresses = 20, .ids = 10, .header = 20000

static void spoil(const char *p, size_t n)
{
	memset((char *)(uintptr_t)p, 'X', n);
}

/* Where it stands, and what was said to be read no more is: nothing else. */
static void check_spent(struct arena *a, const uint8_t *data, size_t size, const struct buf *want)
{
	char *own = arena_alloc(a, size + 1);
	struct mime_limits l = { LIMITS, .lf = true, .spent = spoil };
	struct mail m;
	struct err err;
	AUTO_BUF json;

	buf_init(&json, 1 << 26);
	memcpy(own, data, size);
	if (mime_parse(a, (struct str){ own, mime_lf_in_place(own, size) }, &l, &m, &err) != RC_OK)
		die("refused where it stands");
	mime_json(&json, &m);
	if (!str_eq(buf_str(&json), buf_str(want)))
		die("what was read once was read again");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mime_limits l = { LIMITS };
	struct str raw = { (const char *)data, size };
	struct mail m, n;
	struct err err;
	AUTO_ARENA a;
	AUTO_BUF wire, crlf, json, again;

	arena_init(&a);
	buf_init(&wire, 1 << 24);
	buf_init(&crlf, size * 2 + 16);
	buf_init(&json, 1 << 26);
	buf_init(&again, 1 << 26);
	crypt_init();
	if (mime_parse(&a, raw, &l, &m, &err) != RC_OK)
		return 0;
	if (m.reply.n + m.quoted.n != m.text.n)
		die("reply and quoted are not the text");
	mime_json(&json, &m);
	if (!str_utf8_valid(buf_str(&json)))
		die("malformed UTF-8");
	jail_put_mail(&wire, &m);
	if (jail_get_mail(&a, buf_str(&wire), &n, &err) != RC_OK)
		die("our own wire form is refused");
	mime_json(&again, &n);
	if (!str_eq(buf_str(&json), buf_str(&again)))
		die("something was lost on the wire");
	if (size && !memchr(data, '\r', size)) {
		for (size_t i = 0; i < size; i++) {
			if (data[i] == '\n')
				buf_addc(&crlf, '\r');
			buf_addc(&crlf, (char)data[i]);
		}
		buf_clear(&again);
		if (mime_parse(&a, buf_str(&crlf), &l, &n, &err) != RC_OK)
			die("refused with CRLF");
		mime_json(&again, &n);
		if (!str_eq(buf_str(&json), buf_str(&again)))
			die("CRLF reads differently");
	}
	check_spent(&a, data, size, &json);
	/* The same bytes as an answer of a lying worker. */
	if (jail_get_mail(&a, raw, &n, &err) == RC_OK)
		mime_json(&again, &n);
	return 0;
}

/* Log lines: one write a line, so that threads do not mix. */
#include "util/log.h"
#include "util/buf.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static _Atomic int least = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	atomic_store(&least, (int)level);
}

static void value(struct buf *b, struct str s)
{
	bool plain = s.n > 0;

	for (size_t i = 0; i < s.n && plain; i++)
		plain = (unsigned char)s.p[i] > 0x20 && (unsigned char)s.p[i] != 0x7f && s.p[i] != '"' && s.p[i] != '=' && s.p[i] != '\\';
	if (plain) {
		buf_adds(b, s);
		return;
	}
	buf_addc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_addf(b, "\\x%02x", c);
		else
			buf_addc(b, (char)c);
	}
	buf_addc(b, '"');
}

void log_write(enum log_level level, const char *event, const struct log_field *f, size_t n)
{
	static const char *const prefix[] = { "<7>", "<6>", "<4>", "<3>" };
	static const char *const word[] = { "debug ", "", "warning ", "error " };
	AUTO_BUF b = { 0 }; /* released on the early way out too */

	if ((int)level < atomic_load(&least))
		return;
	buf_init(&b, 8192);
	/* journald and its like set JOURNAL_STREAM and read the prefix; people read the word. */
	buf_addz(&b, getenv("JOURNAL_STREAM") ? prefix[level] : word[level]);
	buf_addf(&b, "event=%s", event);
	for (size_t i = 0; i < n; i++) {
		buf_addf(&b, " %s=", f[i].key);
		if (f[i].val.type == LOG_V_I64)
			buf_add_i64(&b, f[i].val.i);
		else
			value(&b, str_utf8_clip(f[i].val.s, 1000));
	}
	b.full = false;
	buf_addc(&b, '\n');
	if (write(STDERR_FILENO, b.p, b.n) < 0)
		return; /* a full log disk must not stop the desk */
}

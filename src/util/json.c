/* The JSON writer. */
#include "util/json.h"
#include <math.h>
#include <stdio.h>

void json_init(struct json *j, struct buf *out)
{
	*j = (struct json){ .out = out };
}

static void before(struct json *j)
{
	if (j->comma && !j->after_key)
		buf_addc(j->out, ',');
	j->after_key = false;
	j->comma = true;
}

static void open(struct json *j, char c)
{
	before(j);
	buf_addc(j->out, c);
	j->comma = false;
	j->depth++;
}

static void close_(struct json *j, char c)
{
	assert(j->depth > 0 && !j->after_key);
	buf_addc(j->out, c);
	j->comma = true;
	j->depth--;
}

void json_obj(struct json *j)
{
	open(j, '{');
}

void json_end_obj(struct json *j)
{
	close_(j, '}');
}

void json_arr(struct json *j)
{
	open(j, '[');
}

void json_end_arr(struct json *j)
{
	close_(j, ']');
}

static void special(struct buf *out, uint32_t cp)
{
	switch (cp) {
	case '"':
		buf_addz(out, "\\\"");
		break;
	case '\\':
		buf_addz(out, "\\\\");
		break;
	case '\n':
		buf_addz(out, "\\n");
		break;
	case '\r':
		buf_addz(out, "\\r");
		break;
	case '\t':
		buf_addz(out, "\\t");
		break;
	default:
		buf_addf(out, "\\u%04x", (unsigned)cp);
	}
}

static void quoted(struct buf *out, struct str s)
{
	size_t from = 0;

	buf_addc(out, '"');
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		size_t was = i;

		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&') {
			i++;
			continue;
		}
		uint32_t cp = str_utf8_next(s, &i);
		bool bad = cp == 0xfffd && i - was == 1;

		if (cp >= 0x7f && cp != 0x7f && cp != 0x2028 && cp != 0x2029 && !bad)
			continue;
		buf_add(out, s.p + from, was - from);
		special(out, cp);
		from = i;
	}
	if (s.n > from)
		buf_add(out, s.p + from, s.n - from);
	buf_addc(out, '"');
}

void json_key(struct json *j, const char *key)
{
	before(j);
	quoted(j->out, str_of(key));
	buf_addc(j->out, ':');
	j->after_key = true;
}

void json_str(struct json *j, struct str s)
{
	before(j);
	if (str_null(s))
		buf_addz(j->out, "null");
	else
		quoted(j->out, s);
}

void json_i64(struct json *j, int64_t v)
{
	before(j);
	buf_add_i64(j->out, v);
}

void json_bool(struct json *j, bool v)
{
	before(j);
	buf_addz(j->out, v ? "true" : "false");
}

void json_put_null(struct json *j)
{
	before(j);
	buf_addz(j->out, "null");
}

void json_time(struct json *j, struct instant t)
{
	struct civil c = time_civil(t);

	if (!time_is_set(t)) {
		json_put_null(j);
		return;
	}
	before(j);
	buf_addf(j->out, "\"%04d-%02d-%02dT%02d:%02d:%02dZ\"", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

void json_put_real(struct json *j, double v)
{
	if (!isfinite(v)) { /* JSON has no word for it */
		json_put_null(j);
		return;
	}
	before(j);
	buf_addf(j->out, "%.17g", v);
}

void json_kstr(struct json *j, const char *key, struct str s)
{
	json_key(j, key);
	json_str(j, s);
}

void json_ki64(struct json *j, const char *key, int64_t v)
{
	json_key(j, key);
	json_i64(j, v);
}

void json_kbool(struct json *j, const char *key, bool v)
{
	json_key(j, key);
	json_bool(j, v);
}

void json_ktime(struct json *j, const char *key, struct instant t)
{
	json_key(j, key);
	json_time(j, t);
}

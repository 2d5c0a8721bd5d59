/* winmail.dat: what Outlook wraps a mail's files in (MS-OXTNEF). Our own small reader, because it runs over strangers'
 * bytes in the jail and every length is checked here once: `take()` is the only way to a byte. What is read is the
 * files, and the text where the mail has none of its own. docs/decisions says why no library. */
#include "mime/private.h"
#include <stdio.h>

#define SIGNATURE 0x223e9f78u
#define DEPTH_MAX 5
#define PROPS_MAX 2000

enum attribute {
	ATT_BODY = 0x2800c,
	ATT_TITLE = 0x18010,
	ATT_DATA = 0x6800f,
	ATT_REND = 0x69002,
	ATT_ATTACHMENT = 0x69005,
	ATT_PROPS = 0x69003,
	ATT_CODEPAGE = 0x69007,
};

/* MAPI property numbers (MS-OXPROPS). */
enum property {
	PR_BODY = 0x1000,
	PR_HTML = 0x1013,
	PR_RTF = 0x1009,
	PR_DATA = 0x3701,
	PR_LONG_NAME = 0x3707,
	PR_NAME = 0x3704,
	PR_MIME = 0x370e,
	PR_CID = 0x3712,
	PR_DISPLAY = 0x3001,
};

struct tnef {
	struct arena *a;
	struct tnef_found *found;
	char codepage[16];
	struct mail_file file; /* being put together */
	bool has_file;
	int depth;
	size_t max_files;
};

static bool take(struct str *s, size_t n, struct str *ret)
{
	if (n > s->n)
		return false;
	*ret = str_sub(*s, 0, n);
	*s = str_from(*s, n);
	return true;
}

static bool take_u(struct str *s, size_t bytes, uint32_t *ret)
{
	struct str v;

	if (!take(s, bytes, &v))
		return false;
	*ret = 0;
	for (size_t i = bytes; i-- > 0;)
		*ret = *ret << 8 | (unsigned char)v.p[i];
	return true;
}

static struct str text_of(struct tnef *t, struct str bytes, bool unicode)
{
	bool bad = false;
	struct str s = mime_to_utf8(t->a, bytes, unicode ? STR("UTF-16LE") : str_of(t->codepage), 4u << 20, &bad);

	s = str_sub(s, 0, str_find_byte(s, 0)); /* they end with NUL */
	return s;
}

static void read_stream(struct tnef *t, struct str in);

static void end_file(struct tnef *t)
{
	if (t->has_file && t->file.bytes.p && t->found->n_files < t->max_files)
		*VEC_ADD(t->a, &t->found->files) = t->file, t->found->n_files++;
	t->file = (struct mail_file){ 0 };
	t->has_file = false;
}

static void take_property(struct tnef *t, uint32_t id, uint32_t type, struct str v)
{
	bool unicode = type == 0x1f;

	switch (id) {
	case PR_LONG_NAME:
	case PR_NAME:
	case PR_DISPLAY:
		if (t->has_file && (id == PR_LONG_NAME || str_null(t->file.name)))
			t->file.name = text_of(t, v, unicode);
		break;
	case PR_MIME:
		t->file.type = str_lower(t->a, str_utf8_clip(text_of(t, v, unicode), 127));
		break;
	case PR_CID:
		t->file.cid = text_of(t, v, unicode);
		break;
	case PR_DATA:
		if (t->has_file && type == 0x0d && v.n > 16 && t->depth < DEPTH_MAX) {
			/* A mail inside: its own files are what people look for. */
			struct tnef inner = *t;

			inner.depth++;
			inner.has_file = false;
			inner.file = (struct mail_file){ 0 };
			read_stream(&inner, str_from(v, 16));
		} else if (t->has_file) {
			t->file.bytes = v;
		}
		break;
	case PR_BODY:
		if (t->depth == 0 && !t->has_file && str_null(t->found->text))
			t->found->text = text_of(t, v, unicode);
		break;
	case PR_HTML:
		if (t->depth == 0 && !t->has_file)
			t->found->html = v;
		break;
	case PR_RTF:
		if (t->depth == 0 && !t->has_file)
			t->found->has_rtf = true;
		break;
	default:
		break;
	}
}

static size_t fixed_size(uint32_t type)
{
	switch (type) {
	case 0x02: /* short and boolean are padded to four */
	case 0x03:
	case 0x04:
	case 0x0a:
	case 0x0b:
		return 4;
	case 0x05:
	case 0x06:
	case 0x07:
	case 0x14:
	case 0x40:
		return 8;
	case 0x48:
		return 16;
	default:
		return 0;
	}
}

static bool skip_pad(struct str *s, size_t n)
{
	struct str pad;

	return take(s, (4 - n % 4) % 4, &pad) || s->n < 4;
}

/* A named property has its name in front of the value. */
static bool skip_name(struct str *s)
{
	struct str skipped;
	uint32_t kind, n;

	if (!take(s, 16, &skipped) || !take_u(s, 4, &kind))
		return false;
	if (kind == 0)
		return take(s, 4, &skipped);
	return take_u(s, 4, &n) && take(s, n, &skipped) && skip_pad(s, n);
}

static void read_properties(struct tnef *t, struct str s)
{
	uint32_t count, type, id;

	if (!take_u(&s, 4, &count))
		return;
	for (uint32_t i = 0; i < count && i < PROPS_MAX; i++) {
		uint32_t values = 1;

		if (!take_u(&s, 2, &type) || !take_u(&s, 2, &id) || (id >= 0x8000 && !skip_name(&s)))
			return;
		bool many = type & 0x1000;
		type &= 0xfff;
		size_t fixed = fixed_size(type);
		bool variable = type == 0x1e || type == 0x1f || type == 0x102 || type == 0x0d;
		if (!fixed && !variable)
			return; /* an unknown kind of value: nobody knows where the next begins */
		if ((many || variable) && !take_u(&s, 4, &values))
			return;
		for (uint32_t k = 0; k < values; k++) {
			struct str v;
			uint32_t n = (uint32_t)fixed;

			if (variable && !take_u(&s, 4, &n))
				return;
			if (!take(&s, n, &v) || (variable && !skip_pad(&s, n)))
				return;
			if (k == 0)
				take_property(t, id, type, v);
		}
	}
}

static void take_attribute(struct tnef *t, uint32_t id, struct str v)
{
	switch (id) {
	case ATT_CODEPAGE: {
		uint32_t cp;

		if (take_u(&v, 4, &cp) && cp < 70000)
			snprintf(t->codepage, sizeof(t->codepage), cp == 65001 ? "utf-8" : "cp%u", cp);
		break;
	}
	case ATT_BODY:
		if (t->depth == 0 && str_null(t->found->text))
			t->found->text = text_of(t, v, false);
		break;
	case ATT_PROPS:
		read_properties(t, v);
		break;
	case ATT_REND:
		end_file(t);
		t->has_file = true;
		break;
	case ATT_TITLE:
		if (t->has_file && str_null(t->file.name))
			t->file.name = text_of(t, v, false);
		break;
	case ATT_DATA:
		if (t->has_file)
			t->file.bytes = v.p ? v : STR("");
		break;
	case ATT_ATTACHMENT:
		if (t->has_file)
			read_properties(t, v);
		break;
	default:
		break;
	}
}

static void read_stream(struct tnef *t, struct str in)
{
	uint32_t n, level, id, len;
	struct str v, sum;

	if (!take_u(&in, 4, &n) || n != SIGNATURE || !take(&in, 2, &v))
		return;
	t->found->is = true;
	while (take_u(&in, 1, &level) && (level == 1 || level == 2) && take_u(&in, 4, &id) && take_u(&in, 4, &len)) {
		if (!take(&in, len, &v))
			break; /* cut off: what came before is good */
		take_attribute(t, id, v);
		if (!take(&in, 2, &sum))
			break;
	}
	end_file(t);
}

void mime_tnef(struct arena *a, struct str bytes, size_t max_files, struct tnef_found *ret)
{
	struct tnef t = { .a = a, .found = ret, .codepage = "cp1252", .max_files = max_files };

	*ret = (struct tnef_found){ 0 };
	read_stream(&t, bytes);
}

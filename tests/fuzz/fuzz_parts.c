/* What stands inside of parts: winmail.dat, uuencode, calendars, bounces in words, labels of character sets. The first
 * byte chooses. */
#include "mime/private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA a;
	struct tnef_found f;
	struct mail_invite v;
	mime_files files = { 0 };
	bool bad = false;

	arena_init(&a);
	if (size < 2)
		return 0;
	struct str s = { (const char *)data + 1, size - 1 }, out, text;
	switch (data[0] % 5) {
	case 0:
		mime_tnef(&a, s, 50, &f);
		for (size_t i = 0; i < f.files.n; i++)
			if (f.files.at[i].bytes.p < s.p || f.files.at[i].bytes.p + f.files.at[i].bytes.n > s.p + s.n)
				if (f.files.at[i].bytes.n)
					die("a file from outside of the bytes");
		if (f.text.n && !str_utf8_valid(f.text))
			die("malformed text");
		break;
	case 1:
		if (mime_uu_files(&a, s, 50, &out, &files) && out.n > s.n)
			die("a text that grew");
		break;
	case 2:
		mime_invite(&a, mime_to_utf8(&a, s, STR("utf-8"), 1 << 20, &bad), STR_NULL, &v);
		if ((v.summary.n && !str_utf8_valid(v.summary)) || (v.start.n && !str_utf8_valid(v.start)))
			die("malformed words");
		break;
	case 3: {
		text = mime_to_utf8(&a, s, STR("utf-8"), 1 << 20, &bad);
		struct mail m = { .text = text, .subject = STR("failure notice"), .return_path = STR("") };

		mime_find_bounce(&a, &m);
		if (m.bounce.recipient.n && !str_utf8_valid(m.bounce.recipient))
			die("a malformed recipient");
		break;
	}
	default: {
		size_t n = size > 40 ? 40 : s.n;

		text = mime_to_utf8(&a, str_from(s, n), str_sub(s, 0, n), 1 << 16, &bad);
		if (!str_utf8_valid(text))
			die("malformed UTF-8");
	}
	}
	return 0;
}

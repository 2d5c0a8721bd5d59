/* What a file is, by its first bytes only: what the sender says about it decides nothing (S-03). */
#include "blob/blob.h"

enum blob_type blob_sniff(struct str head)
{
	if (str_starts(head, STR("\x89PNG\r\n\x1a\n")))
		return BLOB_PNG;
	if (str_starts(head, STR("\xff\xd8\xff")))
		return BLOB_JPEG;
	if (str_starts(head, STR("GIF87a")) || str_starts(head, STR("GIF89a")))
		return BLOB_GIF;
	if (str_starts(head, STR("RIFF")) && str_eq(str_sub(head, 8, 4), STR("WEBP")))
		return BLOB_WEBP;
	if (str_starts(head, STR("RIFF")) && str_eq(str_sub(head, 8, 4), STR("WAVE")))
		return BLOB_WAV;
	if (str_starts(head, STR("%PDF-")))
		return BLOB_PDF;
	return BLOB_OTHER;
}

const char *blob_type_name(enum blob_type t)
{
	static const char *const names[] = {
		[BLOB_OTHER] = "application/octet-stream",
		[BLOB_PNG] = "image/png",
		[BLOB_JPEG] = "image/jpeg",
		[BLOB_GIF] = "image/gif",
		[BLOB_WEBP] = "image/webp",
		[BLOB_PDF] = "application/pdf",
		[BLOB_WAV] = "audio/wav",
	};
	return names[t];
}

bool blob_may_inline(enum blob_type sniffed, struct str declared)
{
	if (sniffed == BLOB_OTHER || sniffed == BLOB_PDF)
		return false;
	if (sniffed == BLOB_WAV)
		return str_eq_nocase(declared, STR("audio/wav"));
	/* A picture that calls itself SVG or a page is a polyglot until shown otherwise. */
	if (str_empty(declared) || str_eq_nocase(declared, STR("application/octet-stream")))
		return true;
	return str_starts_nocase(declared, STR("image/")) && str_find_nocase(declared, STR("svg")) == STR_NONE &&
	       str_find_nocase(declared, STR("xml")) == STR_NONE;
}

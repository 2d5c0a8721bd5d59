/* What a person typed becomes words: letters and digits of any script, folded nowhere here (the tokenizers do). Nothing
 * else reaches the engines: no operator, no column name, no quote (S-27). */
#include "search/search_private.h"
#include <unictype.h>

static bool letter(uint32_t cp)
{
	return cp < 0x80 ? (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') || cp == '_'
			 : uc_is_property_alphabetic(cp) || uc_is_general_category(cp, UC_NUMBER) || uc_is_general_category(cp, UC_MARK);
}

size_t search_words(struct str text, struct search_word *ret, size_t max)
{
	size_t n = 0, start = 0;
	bool in = false;

	text = str_utf8_clip(text, 1000);
	for (size_t i = 0; i <= text.n;) {
		size_t was = i;
		uint32_t cp = i < text.n ? str_utf8_next(text, &i) : (i++, 0);

		if (letter(cp) && !in) {
			in = true;
			start = was;
		} else if (!letter(cp) && in) {
			in = false;
			if (n < max)
				ret[n++] = (struct search_word){ str_sub(text, start, was - start), cp == '*' };
		}
	}
	return n;
}

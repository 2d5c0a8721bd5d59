/* What a person typed becomes words: letters and digits of any script. Nothing else reaches the engines: no operator,
 * no column name, no quote (S-27). On PostgreSQL words are folded here, for the index and the query alike: lower case,
 * and without the accents of Latin, Greek and Cyrillic letters; SQLite's tokenizer does the same by itself. */
#include "search/search_private.h"
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

static bool letter(uint32_t cp)
{
	if (cp < 0x80)
		return (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z');
	return uc_is_general_category(cp, UC_LETTER) || uc_is_general_category(cp, UC_NUMBER) ||
	       uc_is_general_category(cp, UC_MARK) || cp == 0x200c || cp == 0x200d;
}

bool search_next_word(struct str text, size_t *pos, int *quotes, struct str *ret)
{
	size_t start = STR_NONE;

	while (*pos < text.n) {
		size_t was = *pos;
		uint32_t cp = str_utf8_next(text, pos);

		if (letter(cp) && (start != STR_NONE || !(cp >= 0x300 && cp <= 0x36f))) {
			if (start == STR_NONE)
				start = was;
			continue;
		}
		if (start != STR_NONE) {
			*pos = was;
			break;
		}
		if (cp == '"' || cp == 0x201c || cp == 0x201d || cp == 0x201e || cp == 0xab || cp == 0xbb)
			++*quotes;
	}
	if (start == STR_NONE)
		return false;
	*ret = str_utf8_clip(str_sub(text, start, *pos - start), SEARCH_WORD_MAX);
	return true;
}

size_t search_words(struct str text, struct search_word *ret, size_t max)
{
	struct str word;
	size_t n = 0, pos = 0;
	int quotes = 0, before = 0;
	bool open;

	text = str_utf8_clip(text, 1000);
	while (n < max && search_next_word(text, &pos, &quotes, &word)) {
		open = quotes % 2 == 1;
		ret[n] = (struct search_word){
			.text = word,
			/* One letter would be a walk through half the index. */
			.prefix = !open && word.n > 1 && pos < text.n && text.p[pos] == '*',
			.joined = n > 0 && open && quotes == before,
		};
		before = quotes;
		n++;
	}
	return n;
}

/* One code point without its accents, in lower case. Canonical decompositions only: what looks alike stays apart. */
static void fold(struct buf *out, uint32_t cp)
{
	ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];

	if (cp < 0x80) {
		buf_addc(out, (char)(cp >= 'A' && cp <= 'Z' ? cp + 32 : cp));
		return;
	}
	if (cp >= 0x300 && cp <= 0x36f)
		return;
	while (cp < 0x2000 && uc_canonical_decomposition(cp, parts) > 0)
		cp = parts[0];
	cp = uc_tolower(cp);
	if (cp == 0x3c2)
		cp = 0x3c3; /* final sigma */
	buf_add_utf8(out, cp);
}

static void add_word(struct buf *out, struct str word, bool folded)
{
	for (size_t i = 0; i < word.n;) {
		uint32_t cp = str_utf8_next(word, &i);

		if (folded)
			fold(out, cp);
		else
			buf_add_utf8(out, cp);
	}
}

void search_fold(struct buf *out, struct str word)
{
	add_word(out, word, true);
}

bool search_expression(struct buf *out, bool postgres, struct str text)
{
	struct search_word w[SEARCH_WORDS];
	size_t n = search_words(text, w, SEARCH_WORDS);

	for (size_t i = 0; i < n; i++) {
		if (postgres) {
			buf_addz(out, w[i].joined ? " <-> '" : i ? " & '" : "'");
			add_word(out, w[i].text, true);
			buf_addz(out, w[i].prefix ? "':*" : "'");
			continue;
		}
		buf_addz(out, w[i].joined ? " " : i ? " \"" : "\"");
		add_word(out, w[i].text, false);
		if (i + 1 == n || !w[i + 1].joined)
			buf_addz(out, w[i].prefix ? "\"*" : "\"");
	}
	return n > 0 && !out->full;
}

void search_tsvector(struct buf *out, struct str text, char weight, int *pos)
{
	struct str word;
	size_t at = 0;
	int quotes = 0;

	while (!out->full && search_next_word(text, &at, &quotes, &word)) {
		buf_addz(out, out->n ? " '" : "'");
		add_word(out, word, true);
		buf_addf(out, "':%d%c", *pos < 16383 ? ++*pos : 16383, weight); /* the engine's own largest position */
	}
	++*pos; /* a phrase does not reach from one field into the next */
}

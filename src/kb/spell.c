/* Spelling with hunspell, where it is built in and a dictionary of the language is installed. Opening a dictionary
 * takes a tenth of a second: call it outside of transactions, on workers. */
#include "kb/check.h"
#ifdef HAVE_HUNSPELL
#include <glob.h>
#include <hunspell/hunspell.h>
#include <stdlib.h>
#include <uniconv.h>

#define WORDS_MAX 5000

/* The dictionary of the language itself, of the variant most people mean, else any. */
static bool dictionary(struct arena *a, struct str lang, char **ret_aff, char **ret_dic)
{
	static const char *const usual[] = { "en_US", "es_ES", "pt_BR", "fr_FR", "de_DE" };
	struct str stem = str_sub(lang, 0, 2);
	glob_t found = { 0 };
	char *best = NULL;

	if (glob(str_z(a, arena_strf(a, "/usr/share/hunspell/" STR_F "*.aff", STR_A(stem))), 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			struct str path = str_of(found.gl_pathv[i]);
			bool known = false;

			for (size_t k = 0; k < COUNT(usual); k++)
				known = known || str_find(path, str_of(usual[k])) != STR_NONE;
			if (!best || known)
				best = str_z(a, path);
			if (known)
				break;
		}
	}
	globfree(&found);
	if (!best)
		return false;
	*ret_aff = best;
	*ret_dic = str_z(a, arena_strf(a, STR_F ".dic", STR_A(str_sub(str_of(best), 0, strlen(best) - 4))));
	return true;
}

static bool letter(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 0x80;
}

/* What nobody means as a word: with digits, dots, slashes or signs inside, names of code, all capitals. */
static bool is_prose(struct str token)
{
	bool lower = false;

	for (size_t i = 0; i < token.n; i++) {
		unsigned char c = (unsigned char)token.p[i];

		lower = lower || (c >= 'a' && c <= 'z') || c >= 0x80;
		if (!letter(c) && c != '\'')
			return false;
		if (i && c >= 'A' && c <= 'Z')
			return false;
	}
	return lower && token.n > 2 && token.n < 60;
}

static bool knows(Hunhandle *h, struct arena *a, struct str word)
{
	const char *encoding = Hunspell_get_dic_encoding(h);
	char *z = str_z(a, word), *other = NULL;
	size_t n = 0;

	if (strcmp(encoding, "UTF-8") == 0)
		return Hunspell_spell(h, z) != 0;
	other = u8_conv_to_encoding(encoding, iconveh_error, (const uint8_t *)z, word.n + 1, NULL, NULL, &n);
	bool ok = !other || Hunspell_spell(h, other) != 0;

	free(other);
	return ok;
}

size_t kb_misspelt(struct arena *a, struct str lang, struct str plain, struct str *ret, size_t max)
{
	char *aff, *dic;
	size_t n = 0, looked = 0;

	if (!dictionary(a, lang, &aff, &dic))
		return 0;
	Hunhandle *h = Hunspell_create(aff, dic);

	for (size_t i = 0; h && i < plain.n && n < max && looked < WORDS_MAX;) {
		size_t from = i;

		while (i < plain.n && (unsigned char)plain.p[i] > ' ')
			i++;
		struct str token = str_sub(plain, from, i++ - from);

		while (token.n && !letter((unsigned char)token.p[0]) && token.p[0] != '/' && token.p[0] != '$')
			token = str_from(token, 1);
		while (token.n && !letter((unsigned char)token.p[token.n - 1]) && token.p[token.n - 1] != ')')
			token.n--;
		if (token.n && token.p[token.n - 1] == ')')
			token.n--;
		if (!is_prose(token) || !str_utf8_valid(token))
			continue;
		looked++;
		bool seen = knows(h, a, token);
		for (size_t k = 0; k < n && !seen; k++)
			seen = str_eq(ret[k], token);
		if (!seen)
			ret[n++] = arena_str(a, token);
	}
	if (h)
		Hunspell_destroy(h);
	return n;
}
#else
size_t kb_misspelt(struct arena *a, struct str lang, struct str plain, struct str *ret, size_t max)
{
	return 0;
}
#endif

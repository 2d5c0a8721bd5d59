/* In which language somebody writes, by the small words of it: enough to answer a stranger, not to know one. Languages
 * that look alike are told apart by the words that only one of them has, so these are counted and common ones are not.
 */
#include "i18n/i18n.h"

#define LOOK_AT 4000 /* bytes of the text */
#define LEAST   3    /* words, before anything is said */

static const struct {
	const char *tag;
	const char *words; /* between blanks, lower case */
} languages[] = {
	{"en",
         " the and you not is are with this that have for your when please my we cannot can from it was our don't "
	  "thanks hello regards dear would could there what how "                                                                 },
	{ "es", " el los las y usted puedo hola gracias pero cuando con por una del al está estoy tengo mi nuestro "
	        "nuestra muy también saludos buenos buenas días desde ya hay sin ser ha han quiero necesito nos "},
	{ "pt", " o os e você não uma em obrigado obrigada olá mas quando com meu minha nosso nossa estou está também "
	        "bom boa dia são do da dos das ao já há sem foi tenho preciso muito quero nós ter "            },
	{ "fr",
         " le les et vous ne pas est une dans bonjour merci mais quand avec mon ma mes notre je nous des du au aux "
	  "cordialement aussi sur pour cette être avons suis ai ce qui "                                                         },
	{ "de", " der die das und ich sie nicht ist ein eine mit für wir haben bitte danke hallo aber wenn auf dem den "
	        "mein meine unser freundlichen grüßen kann zu auch wird sich von im uns guten tag "              },
	{ "it", " il gli e non è una con per buongiorno grazie ma quando della del nel sono ho abbiamo mio mia nostro "
	        "anche saluti cordiali che di salve vorrei questo questa dei alla posso più "                     },
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '\'' || (c & 0x80);
}

/* A word between blanks, ASCII in lower case; false when it is too long to be a small one. */
static bool small_word(struct str s, char ret[24], size_t *n)
{
	if (s.n == 0 || s.n > 20)
		return false;
	ret[0] = ' ';
	for (size_t i = 0; i < s.n; i++)
		ret[i + 1] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 32) : s.p[i];
	ret[s.n + 1] = ' ';
	*n = s.n + 2;
	return true;
}

const char *i18n_guess(struct str text)
{
	size_t points[COUNT(languages)] = { 0 }, n = 0;
	int best = 0, second = -1;

	text = str_utf8_clip(text, LOOK_AT);
	for (size_t i = 0; i < text.n; i = i + n + 1) {
		char word[24];
		size_t len;

		for (n = 0; i + n < text.n && is_letter(text.p[i + n]);)
			n++;
		if (!small_word(str_sub(text, i, n), word, &len))
			continue;
		for (size_t k = 0; k < COUNT(languages); k++)
			points[k] += str_find(str_of(languages[k].words), (struct str){ word, len }) != STR_NONE;
	}
	for (int k = 1; k < (int)COUNT(languages); k++)
		if (points[k] > points[best])
			best = k;
	for (int k = 0; k < (int)COUNT(languages); k++)
		if (k != best && (second < 0 || points[k] > points[second]))
			second = k;
	return points[best] >= LEAST && points[best] * 4 >= points[second] * 5 ? languages[best].tag : NULL;
}

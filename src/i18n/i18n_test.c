/* Looking up, filling, and what people read as time and size. */
#include "i18n/i18n.h"
#include "test/test.h"

TEST(i18n_languages)
{
	static const struct {
		const char *why, *accept, *want;
	} row[] = {
		{"Spanish of any country is Spanish",         "es-CO,es;q=0.9,en;q=0.8",   "es"},
		{ "the weight decides, not the place",        "en;q=0.3, es;q=0.7",        "es"},
		{ "a language we do not have is passed over", "fr-FR, fr;q=0.9, es;q=0.2", "es"},
		{ "nothing known is English",                 "fr",                        "en"},
		{ "no header is English",                     "",                          "en"},
		{ "refused languages are not chosen",         "es;q=0, en;q=0.1",          "en"},
	};
	for (size_t i = 0; i < COUNT(row); i++)
		EXPECT_STR(row[i].why, str_of(i18n_tag(i18n_accept(str_of(row[i].accept)))), row[i].want);
}

TEST(i18n_fill)
{
	struct str s = TR_FILL(&t->arena, "{a} and {b}, {unknown} {a", { "a", STR("{b}") }, { "b", STR("<x>") });

	EXPECT_STR("values are put in once and unknown names stay", s, "{b} and <x>, {unknown} {a");
}

TEST(i18n_times)
{
	const struct i18n *en = i18n_lang(STR("en")), *es = i18n_lang(STR("es"));
	struct instant at;

	EXPECT_RC(RC_OK, time_parse_iso(STR("2026-05-04T02:05:00Z"), &at));
	EXPECT_STR("the reader's zone decides the day",
	           i18n_date(&t->arena, en, at, STR("America/Bogota"), DATE_MINUTE), "3 May 2026, 21:05");
	EXPECT_STR("a long date", i18n_date(&t->arena, en, at, STR("UTC"), DATE_LONG), "Monday 4 May 2026");
	EXPECT_STR("in Spanish", i18n_date(&t->arena, es, at, STR("UTC"), DATE_LONG), "lunes 4 de mayo de 2026");
	EXPECT_STR("one hour is singular", i18n_span(&t->arena, en, HOUR_US), "1 hour");
	EXPECT_STR("hours and minutes", i18n_span(&t->arena, en, 101 * MINUTE_US), "1 hour 41 minutes");
	EXPECT_STR("days", i18n_span(&t->arena, es, 49 * HOUR_US), "2 días");
	EXPECT_STR("ago", i18n_ago(&t->arena, en, at, time_add(at, 12 * MINUTE_US)), "12 minutes ago");
	EXPECT_STR("sizes", i18n_bytes(&t->arena, en, 1234567), "1.2 MB");
}

TEST(i18n_catalogue)
{
	const struct i18n *en = i18n_lang(STR("en")), *es = i18n_lang(STR("es-CO"));
	struct instant at;

	EXPECT_STR("a text is looked up", str_of(tr(es, "Knowledge base")), "Base de conocimiento");
	EXPECT_STR("a text that nobody translated is itself", str_of(tr(es, "no such text")), "no such text");
	EXPECT_STR("English is the source", str_of(tr(en, "Knowledge base")), "Knowledge base");
	EXPECT_STR("no language is English", str_of(tr(NULL, "Knowledge base")), "Knowledge base");
	EXPECT_STR("one in Spanish", str_of(tr_n(es, "{n} hour", "{n} hours", 1)), "{n} hora");
	EXPECT_STR("nothing is plural in Spanish", str_of(tr_n(es, "{n} hour", "{n} hours", 0)), "{n} horas");
	EXPECT_STR("plural without a catalogue", str_of(tr_n(en, "{n} hour", "{n} hours", 2)), "{n} hours");
	EXPECT_RC(RC_OK, time_parse_iso(STR("2026-05-04T02:05:00Z"), &at));
	EXPECT_STR("ago in Spanish", i18n_ago(&t->arena, es, at, time_add(at, 3 * HOUR_US)), "hace 3 horas");
	EXPECT_STR("a moment ago", i18n_ago(&t->arena, es, at, time_add(at, 2)), "ahora mismo");
	EXPECT_STR("a week ago is a date", i18n_ago(&t->arena, es, at, time_add(at, 8 * DAY_US)), "4 may 2026");
	EXPECT_STR("the decimal sign is the reader's", i18n_bytes(&t->arena, es, 1234567), "1,2 MB");
}

TEST(i18n_guesses_the_language_of_a_mail)
{
	static const struct {
		const char *tag, *text;
	} cases[] = {
		{ "en", "Hello,\nI cannot log in since this morning. The page says that my account is not active. Please help.\nThanks, Tom" },
		{ "en", "The video does not play when we open it from a phone." },
		{ "es", "Hola:\nNo puedo entrar en el curso desde esta mañana. ¿Me pueden ayudar con la contraseña?\nGracias y saludos, Ana" },
		{ "es", "Buenos días, el vídeo no se ve cuando los alumnos lo abren desde el teléfono." },
		{ "pt", "Olá, não consigo entrar no curso desde ontem. Você pode ajudar? Muito obrigado, Rui" },
		{ "pt", "Bom dia, o vídeo não abre quando os alunos usam o telefone. Obrigada" },
		{ "fr", "Bonjour, je ne peux pas ouvrir le cours depuis ce matin. Pouvez-vous nous aider ? Merci, Luc" },
		{ "de", "Guten Tag, ich kann mich seit heute nicht mehr anmelden. Bitte helfen Sie mir. Mit freundlichen Grüßen, Petra" },
		{ "it", "Buongiorno, non riesco ad aprire il corso da questa mattina. Potete aiutarmi? Grazie, Gino" },
		{ "it", "Salve, il video non si vede quando gli studenti lo aprono con il telefono." },
		{ NULL, "" },
		{ NULL, "OK" },
		{ NULL, "Error 500: NullPointerException at com.example.Main" },
		{ NULL, "こんにちは。ログインできません。" },
		{ NULL, "1234567890 abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got = i18n_guess(str_of(cases[i].text));

		EXPECT_STR(cases[i].text, str_of(got ? got : "none"), cases[i].tag ? cases[i].tag : "none");
	}
}

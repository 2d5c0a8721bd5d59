/* Where a reply ends and the quoted history or signature begins, in the forms mail programs write in English, Spanish,
 * Portuguese, French, German, Italian and a few more. A line is looked at a bounded number of times. */
#include "mime/mime.h"

#define LINES_MAX     20000
#define SIGNATURE_MAX 15 /* lines; a longer end is text */

struct lines {
	struct str *at;
	size_t n;
	const char *base;
};

static bool is_blank(struct str l)
{
	for (size_t i = 0; i < l.n; i++)
		if (l.p[i] != ' ' && l.p[i] != '\t' && l.p[i] != '\r')
			return str_is(str_trim(l), "\xc2\xa0");
	return true;
}

static bool is_quote(struct str l)
{
	l = str_trim(l);
	return l.n && (l.p[0] == '>' || (l.p[0] == '|' && l.n > 1 && l.p[1] == ' '));
}

static bool has_any(struct str l, const char *const *words)
{
	for (; *words; words++)
		if (str_find_nocase(l, str_of(*words)) != STR_NONE)
			return true;
	return false;
}

static bool starts_any(struct str l, const char *const *words)
{
	for (; *words; words++)
		if (str_starts_nocase(l, str_of(*words)))
			return true;
	return false;
}

/* "On ... wrote:" on one line. */
static bool is_attribution_line(struct str l)
{
	static const struct {
		const char *start, *verb;
	} forms[] = {
		{"On ",         "wrote"                },
		{ "El ",        "escribi"              },
		{ "Em ",        "escreveu"             },
		{ "No dia ",    "escreveu"             },
		{ "A ",         "escreveu"             },
		{ "Le ",        "crit"                 },
		{ "Am ",        "schrieb"              },
		{ "Il ",        "ha scritto"           },
		{ "Op ",        "schreef"              },
		{ "Den ",       "skrev"                },
		{ "W dniu ",    "pisze"                },
		{ "W dniu ",    "napisa"               },
		{ "Dne ",       "napsal"               },
		{ "O ",         "escreveu"             },
		{ "Il giorno ", "ha scritto"           },
		{ "Em ",        "escrev"               },
		{ "Em ",        "wrote"                },
		{ "P\xc3\xa5 ", "skrev"                },
		{ "Le ",        "\xc3\xa9"
		         "crit"},
	};
	static const char *const verbs[] = { " wrote:",
		                             " escribi\xc3\xb3:",
		                             " escreveu:",
		                             " a \xc3\xa9"
		                             "crit :",
		                             " a \xc3\xa9"
		                             "crit\xc2\xa0:",
		                             " a \xc3\xa9"
		                             "crit:",
		                             " schrieb:",
		                             " ha scritto:",
		                             " geschrieben:",
		                             NULL };
	static const char *const dated[] = { " escreveu no dia ", " wrote on ",
		                             " a \xc3\xa9"
		                             "crit le ",
		                             NULL };

	l = str_trim(l);
	if (l.n < 12 || l.n > 500 || l.p[l.n - 1] != ':')
		return false;
	for (size_t i = 0; i < COUNT(forms); i++)
		if (str_starts_nocase(l, str_of(forms[i].start)) &&
		    str_find_nocase(l, str_of(forms[i].verb)) != STR_NONE)
			return true;
	/* "Ana <a@b.example> wrote:", "2026-11-23 10:00 GMT+01:00 Ana <a@b.example>:" */
	if (has_any(str_from(l, l.n > 20 ? l.n - 20 : 0), verbs) && str_find_byte(l, '@') != STR_NONE)
		return true;
	/* "Ana <a@b.example> escreveu no dia ...:", "* Ana <a@b.example> [2026-11-23 10:00]:" */
	if (str_find(l, STR("@")) != STR_NONE && str_find(l, STR("> ")) != STR_NONE &&
	    (has_any(l, dated) || (str_starts(l, STR("* ")) && str_ends(l, STR("]:")))))
		return true;
	return l.p[0] >= '0' && l.p[0] <= '9' && l.p[l.n - 2] == '>' && str_find_byte(l, '@') != STR_NONE &&
	       str_find_byte(l, ':') < l.n - 1;
}

/* Yahoo's application puts the first words of the history behind the attribution, on its line. */
static bool is_attribution_with_text(struct str l)
{
	size_t gap = str_find(l, STR(":   "));

	return gap != STR_NONE && str_find_byte(str_sub(l, 0, gap), '@') != STR_NONE &&
	       is_attribution_line(str_sub(l, 0, gap + 1));
}

/* At line i; returns how many lines it takes (programs wrap it), 0 for none. */
static size_t attribution(struct arena *a, const struct lines *v, size_t i)
{
	static const char *const starts[] = { "On ", "El ", "Em ",  "No dia ", "A ", "Le ", "Am ",
		                              "Il ", "Op ", "Den ", "W dniu ", "O ", "20",  NULL };
	struct str l = str_trim(v->at[i]);

	if (is_attribution_line(l) || is_attribution_with_text(l))
		return 1;
	if ((!starts_any(l, starts) && !(str_find_byte(l, '@') != STR_NONE && str_find(l, STR("> ")) != STR_NONE)) ||
	    l.n > 200)
		return 0;
	for (size_t n = 2; n <= 3 && i + n <= v->n && !is_blank(v->at[i + n - 1]) && !is_quote(v->at[i + n - 1]); n++) {
		l = str_concat(a, str_concat(a, l, STR(" ")), str_trim(v->at[i + n - 1]));
		if (is_attribution_line(l))
			return n;
	}
	return 0;
}

/* "-----Original Message-----", "Begin forwarded message:", "write above this line". */
static bool is_separator(struct str l)
{
	static const char *const words[] = { "original message",
		                             "original-nachricht",
		                             "urspr\xc3\xbcngliche nachricht",
		                             "mensaje original",
		                             "mensagem original",
		                             "message d'origine",
		                             "message d\xe2\x80\x99origine",
		                             "message original",
		                             "mail original",
		                             "urspr\xc3\xbcngliche mail",
		                             "urspr\xc3\xbcngliche e-mail",
		                             "messaggio originale",
		                             "messaggio inoltrato",
		                             "forwarded message",
		                             "mensaje reenviado",
		                             "mensagem encaminhada",
		                             "message transf\xc3\xa9r\xc3\xa9",
		                             "weitergeleitete nachricht",
		                             "oorspronkelijk bericht",
		                             "original appointment",
		                             NULL };
	static const char *const whole[] = { "begin forwarded message:",
		                             "anfang der weitergeleiteten nachricht:",
		                             "inicio del mensaje reenviado:",
		                             "d\xc3\xa9"
		                             "but du message r\xc3\xa9"
		                             "exp\xc3\xa9"
		                             "di\xc3\xa9",
		                             "inizio messaggio inoltrato:",
		                             NULL };
	static const char *const above[] = { "reply above this line", "write above this line", NULL };

	l = str_trim(l);
	if (l.n < 10 || l.n > 120)
		return false;
	if (starts_any(l, whole) || has_any(l, above))
		return true;
	return (str_starts(l, STR("--")) || str_starts(l, STR("__")) || str_starts(l, STR("=="))) && has_any(l, words);
}

static struct str bare_label(struct str l)
{
	l = str_trim(l);
	while (l.n && l.p[0] == '*')
		l = str_from(l, 1);
	return l;
}

/* Outlook's "From: ... Sent: ... To: ... Subject: ..." at line i. */
static bool is_header_block(const struct lines *v, size_t i)
{
	static const char *const from[] = { "From:", "De:",          "De :", "Von:", "Da:",
		                            "Van:",  "Fr\xc3\xa5n:", "Fra:", "Od:",  NULL };
	static const char *const others[] = { "Sent:",
		                              "Date:",
		                              "To:",
		                              "Subject:",
		                              "Cc:",
		                              "Enviado:",
		                              "Enviado el:",
		                              "Enviada em:",
		                              "Enviado em:",
		                              "Fecha:",
		                              "Data:",
		                              "Para:",
		                              "Asunto:",
		                              "Assunto:",
		                              "Envoy\xc3\xa9 :",
		                              "Envoy\xc3\xa9:",
		                              "Envoy\xc3\xa9\xc2\xa0:",
		                              "Date :",
		                              "\xc3\x80 :",
		                              "\xc3\x80:",
		                              "Objet :",
		                              "Objet:",
		                              "Gesendet:",
		                              "Datum:",
		                              "An:",
		                              "Betreff:",
		                              "Inviato:",
		                              "Oggetto:",
		                              "A:",
		                              "\xc3\x80\xc2\xa0:",
		                              "Objet\xc2\xa0:",
		                              "Verzonden:",
		                              "Aan:",
		                              "Onderwerp:",
		                              "Skickat:",
		                              "Till:",
		                              "\xc3\x84mne:",
		                              NULL };
	/* Where the date comes first the writer must be the next, or it may be anybody's list. */
	static const char *const sent[] = { "Sent:",           "Gesendet:",      "Enviado:",
		                            "Enviada em:",     "Enviado em:",    "Inviato:",
		                            "Envoy\xc3\xa9 :", "Envoy\xc3\xa9:", NULL };
	size_t found = 0;

	if (starts_any(bare_label(v->at[i]), sent) ? i + 1 == v->n || !starts_any(bare_label(v->at[i + 1]), from)
	                                           : !starts_any(bare_label(v->at[i]), from))
		return false;
	for (size_t k = i + 1; k < v->n && k < i + 8; k++)
		found += starts_any(bare_label(v->at[k]), others);
	return found >= 2;
}

static bool is_rule(struct str l)
{
	l = str_trim(l);
	if (l.n < 8)
		return str_is(l, "---"); /* a rule of HTML made text */
	for (size_t i = 0; i < l.n; i++)
		if (l.p[i] != '_' && l.p[i] != '-')
			return false;
	return true;
}

static bool is_mobile_signature(struct str l)
{
	static const char *const starts[] = { "Sent from my ",
		                              "Sent from Mail",
		                              "Sent from Outlook",
		                              "Sent from Yahoo",
		                              "Sent via ",
		                              "Get Outlook for ",
		                              "Sent using ",
		                              "Enviado desde mi ",
		                              "Enviado desde ",
		                              "Enviado do ",
		                              "Enviado via ",
		                              "Envoy\xc3\xa9 de mon ",
		                              "Envoy\xc3\xa9 depuis ",
		                              "Envoy\xc3\xa9 \xc3\xa0 partir",
		                              "Von meinem ",
		                              "Gesendet von ",
		                              "Gesendet mit ",
		                              "Inviato da ",
		                              "Inviato dal ",
		                              "Obtener Outlook",
		                              "Obtenir Outlook",
		                              "Ottieni Outlook",
		                              "Enviado con ",
		                              "Enviado com ",
		                              "Envoy\xc3\xa9 avec ",
		                              "Inviato con ",
		                              "Von Yahoo Mail ",
		                              "Obter o Outlook",
		                              "T\xc3\xa9l\xc3\xa9"
		                              "charger Outlook",
		                              "Outlook f\xc3\xbcr ",
		                              "Scarica Outlook",
		                              "Verzonden ",
		                              "Sent with ",
		                              NULL };

	l = str_trim(l);
	while (l.n && (l.p[0] == '<' || l.p[0] == '*' || l.p[0] == '_'))
		l = str_from(l, 1);
	return l.n < 120 && starts_any(l, starts);
}

/* Is there text between the lines that is neither quoted nor blank nor of a signature? */
static bool has_own_text(const struct lines *v, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct str l = v->at[i];

		if (str_is(l, "-- ") || str_is(l, "--") || is_mobile_signature(l))
			return false;
		if (!is_blank(l) && !is_quote(l))
			return true;
	}
	return false;
}

/* First line of what is history for sure. */
static size_t cut_history(struct arena *a, const struct lines *v)
{
	for (size_t i = 0; i < v->n; i++) {
		size_t n, next;

		if (is_separator(v->at[i]))
			return i;
		if (!is_quote(v->at[i]) && is_header_block(v, i)) {
			while (i > 0 && (is_blank(v->at[i - 1]) || is_rule(v->at[i - 1])))
				i--;
			return i;
		}
		if (is_quote(v->at[i]) || !(n = attribution(a, v, i)))
			continue;
		for (next = i + n; next < v->n && is_blank(v->at[next]);)
			next++;
		/* Quoted lines with text behind or between them are answered below each: that is the reply. */
		if (next == v->n || !is_quote(v->at[next]) || !has_own_text(v, next, v->n))
			return i;
	}
	return v->n;
}

/* Quoted lines at the end, with nobody named. */
static size_t cut_quotes(const struct lines *v, size_t end)
{
	size_t i = end, last = end;

	while (i > 0 && (is_blank(v->at[i - 1]) || is_quote(v->at[i - 1])))
		if (is_quote(v->at[--i]))
			last = i;
	return last;
}

static size_t cut_signature(const struct lines *v, size_t end)
{
	size_t from = end > SIGNATURE_MAX ? end - SIGNATURE_MAX : 0;

	for (size_t i = from; i < end; i++) {
		struct str l = v->at[i];

		if (l.n && l.p[l.n - 1] == '\r')
			l.n--;
		if ((str_is(l, "-- ") || str_is(l, "--") || str_is(l, "-- \xc2\xa0") || str_is(l, "--\xc2\xa0")) &&
		    i > 0)
			return i;
		if (is_mobile_signature(l) && end - i <= 5 && i > 0)
			return i;
	}
	return end;
}

static size_t offset(const struct lines *v, size_t line, struct str text)
{
	return line < v->n ? (size_t)(v->at[line].p - v->base) : text.n;
}

size_t mime_reply_end(struct str text)
{
	AUTO_ARENA a;
	VEC(struct str) all = { 0 };
	struct str rest = text, line;

	arena_init(&a);
	while (all.n < LINES_MAX && str_cut(&rest, '\n', &line))
		*VEC_ADD(&a, &all) = line;
	struct lines v = { all.at, all.n, text.p };
	size_t end = all.n < LINES_MAX ? cut_history(&a, &v) : v.n;

	end = cut_quotes(&v, end);
	end = cut_signature(&v, end);
	end = cut_quotes(&v, end);
	while (end > 0 && end < v.n && is_blank(v.at[end - 1]))
		end--;
	for (size_t i = 0; i < end; i++)
		if (!is_blank(v.at[i]))
			return offset(&v, end, text);
	return text.n;
}

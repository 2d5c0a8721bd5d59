/* Where replies end, in the forms and languages of common mail programs. "|" in a row marks the cut. */
#include "mime/mime.h"
#include "test/test.h"

static const struct { const char *why, *marked; } rows[] = {
	{ "plain text is all reply", "Hello,\nthank you.\n" },
	{ "English, Gmail", "Thanks!\n|\nOn Mon, Nov 23, 2026 at 10:00 AM Support <support@desk.example> wrote:\n\n> Did it work?\n" },
	{ "English, wrapped over two lines", "Thanks!\n|\nOn Mon, Nov 23, 2026 at 10:00 AM Support\n<support@desk.example> wrote:\n> Did it work?\n" },
	{ "Spanish", "Gracias.\n|\nEl lun, 23 nov 2026 a las 10:00, Soporte (<support@desk.example>) escribi\xc3\xb3:\n\n> \xc2\xbf" "Funciona?\n" },
	{ "Portuguese", "Obrigado.\n|\nEm seg., 23 de nov. de 2026 \xc3\xa0s 10:00, Suporte <support@desk.example> escreveu:\n\n> Funciona?\n" },
	{ "French", "Merci.\n|\nLe lun. 23 nov. 2026 \xc3\xa0 10:00, Support <support@desk.example> a \xc3\xa9" "crit :\n\n> Oui ?\n" },
	{ "French with a no-break space", "Merci.\n|\nLe 23 nov. 2026 \xc3\xa0 10:00, Support <support@desk.example> a \xc3\xa9" "crit\xc2\xa0:\n\n> Oui ?\n" },
	{ "German", "Danke.\n|\nAm Mo., 23. Nov. 2026 um 10:00 Uhr schrieb Support <support@desk.example>:\n\n> Geht es?\n" },
	{ "Italian", "Grazie.\n|\nIl giorno lun 23 nov 2026 alle ore 10:00 Supporto <support@desk.example> ha scritto:\n\n> Funziona?\n" },
	{ "attribution without marks, as from Apple Mail's HTML", "Thanks\n|\nOn 23 Nov 2026, at 10:00, Support <s@desk.example> wrote:\n\nDid it work?\n" },
	{ "Outlook, English", "Thanks\n|\nFrom: Support <s@desk.example>\nSent: Monday\nTo: me\nSubject: Re: x\n\nDid it work?\n" },
	{ "Outlook with its rule", "Thanks\n|\n________________________________\nFrom: Support <s@desk.example>\nSent: Monday\nTo: me\nSubject: Re: x\n\nold\n" },
	{ "Outlook, Spanish", "Gracias\n|\nDe: Soporte <s@desk.example>\nEnviado: lunes\nPara: yo\nAsunto: Re: x\n\nviejo\n" },
	{ "Outlook, German", "Danke\n|\nVon: Support <s@desk.example>\nGesendet: Montag\nAn: ich\nBetreff: AW: x\n\nalt\n" },
	{ "Outlook, French", "Merci\n|\nDe : Support <s@desk.example>\nEnvoy\xc3\xa9 : lundi\n\xc3\x80 : moi\nObjet : RE: x\n\nvieux\n" },
	{ "Outlook, Italian", "Grazie\n|\nDa: Supporto <s@desk.example>\nInviato: luned\xc3\xac\nA: me\nOggetto: R: x\n\nvecchio\n" },
	{ "Outlook, Portuguese", "Obrigado\n|\nDe: Suporte <s@desk.example>\nEnviado: segunda\nPara: eu\nAssunto: RE: x\n\nvelho\n" },
	{ "a separator, English", "Yes\n|\n-----Original Message-----\nFrom: x\nold\n" },
	{ "a separator, German", "Ja\n|\n-----Urspr\xc3\xbcngliche Nachricht-----\nalt\n" },
	{ "a separator, Spanish", "S\xc3\xad\n|\n-----Mensaje original-----\nviejo\n" },
	{ "a separator, Portuguese", "Sim\n|\n-----Mensagem original-----\nvelho\n" },
	{ "a separator, French", "Oui\n|\n-----Message d'origine-----\nvieux\n" },
	{ "a separator, Italian", "S\xc3\xac\n|\n-----Messaggio originale-----\nvecchio\n" },
	{ "our own line", "Yes\n|\n-- reply above this line --\nold\n" },
	{ "quotes at the end with nobody named", "Yes\n|\n> old\n> older\n" },
	{ "a signature", "Yes\n|-- \nA Learner\nCampus\n" },
	{ "a telephone's signature", "Yes\n|\nSent from my iPhone\n" },
	{ "a telephone's signature, Spanish", "S\xc3\xad\n|\nEnviado desde mi iPhone\n" },
	{ "a telephone's signature, German", "Ja\n|\nVon meinem iPhone gesendet\n" },
	{ "signature, then quotes", "Yes\n|\n-- \nme\n\nOn Mon, 1 Jan 2026, S <s@d.example> wrote:\n> old\n" },
	{ "answers between the quotes stay", "On Mon, 1 Jan 2026, S <s@d.example> wrote:\n> one?\nyes\n> two?\nno\n" },
	{ "an answer below the quote stays", "On Mon, 1 Jan 2026, S <s@d.example> wrote:\n> one?\n\nyes\n" },
	{ "nothing but quotes is shown", "> old\n> older\n" },
	{ "nothing but a forwarded mail is shown", "---------- Forwarded message ---------\nFrom: x\nDate: y\nSubject: z\n\nbody\n" },
	{ "a sentence that begins like an attribution", "On Monday I wrote: nothing works.\nPlease help.\n" },
	{ "a word From is no header block", "From: my seat I see\nnothing on the screen\n" },
};

TEST(reply_is_cut_where_history_begins)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str marked = str_of(rows[i].marked);
		size_t bar = str_find(marked, STR("\n|"));
		struct str text = bar == STR_NONE ? marked : str_concat(&t->arena, str_sub(marked, 0, bar + 1), str_from(marked, bar + 2));

		EXPECT_EQ(rows[i].why, mime_reply_end(text), bar == STR_NONE ? text.n : bar + 1);
	}
	EXPECT_EQ("nothing has an end", mime_reply_end(STR_NULL), 0);
}

/* `carrel phone simulate`: the whole dialogue in a terminal, without telephones and without the desk: what a caller
 * hears is printed, keys are typed. For operators who try their set-up, and for those who translate. */
#include "phone/dialog.h"
#include "phone/phone.h"
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

struct play {
	struct dialog d;
	int64_t clock_ms, due_ms;
	bool playing[2];
	FILE *out;
};

static void show(struct play *p, const struct dialog_action *a)
{
	static const char *const who[] = { "customer", "engineer" };

	switch (a->kind) {
	case DA_PLAY:
		fprintf(p->out, "  %s hears:", who[a->leg]);
		for (size_t i = 0; i < a->n_clips; i++)
			fprintf(p->out, " %s",
			        a->clips[i] < CLIP_SPOKEN  ? prompt_texts[p->d.lang][a->clips[i]]
			        : a->clips[i] == CLIP_BEEP ? "(beep)"
			                                   : "(ringing)");
		fprintf(p->out, "\n");
		p->playing[a->leg] = true;
		break;
	case DA_QUIET:
		p->playing[a->leg] = false;
		break;
	case DA_TIMER:
		p->due_ms = a->ms ? p->clock_ms + a->ms : 0;
		break;
	case DA_LOOKUP:
		fprintf(p->out, "  -> desk: whose number is this?\n");
		break;
	case DA_VERIFY:
		fprintf(p->out, "  -> desk: is this PIN right? (digits are not shown)\n");
		break;
	case DA_RECORD:
		fprintf(p->out, "  recording the %s\n", a->text);
		break;
	case DA_RECORDED:
		fprintf(p->out, "  the %s is kept\n", a->text);
		break;
	case DA_OPEN:
		fprintf(p->out, "  -> desk: INCIDENT of criticality %d; its clock began when the call came\n",
		        a->criticality);
		break;
	case DA_DIAL:
		fprintf(p->out, a->leg == LEG_CUSTOMER ? "  calling the customer back\n" : "  ringing engineer %d\n",
		        a->index + 1);
		break;
	case DA_HANG_UP:
		fprintf(p->out, "  hanging up on the %s\n", who[a->leg]);
		break;
	case DA_LEG:
		fprintf(p->out, "  engineer %d: %s\n", a->index + 1, a->text);
		break;
	case DA_ACCEPTED:
		fprintf(p->out, "  -> desk: engineer %d has it\n", a->index + 1);
		break;
	case DA_BRIDGE:
		fprintf(p->out, "  customer and engineer talk\n");
		break;
	case DA_PAGE:
		fprintf(p->out, "  -> desk: nobody answers, tell everybody\n");
		break;
	case DA_END:
		fprintf(p->out, "  end: %s\n", a->text);
		break;
	}
}

static void happen(struct play *p, struct dialog_event e)
{
	dialog_step(&p->d, &e);
	for (size_t i = 0; i < p->d.n_actions; i++)
		show(p, &p->d.actions[i]);
	fprintf(p->out, "[%s]\n", dialog_state_name(p->d.state));
}

static const char help[] =
        "  DIGITS     the customer presses keys (123456#)      e DIGITS  the engineer does\n"
        "  .          what is being said ends                  silence   the recording hears nothing\n"
        "  known, stranger      the desk knows the number, or not\n"
        "  right, free, wrong   the desk's answer to the PIN: right, right without telephone in the plan, wrong\n"
        "  open       the desk opens the incident, two engineers are on duty\n"
        "  answer, busy         the engineer's telephone       back      the customer answers our call\n"
        "  bye, ebye  the customer, the engineer hangs up      wait      time passes until something happens\n"
        "  offline    begin again with the desk down           quit\n";

static bool command(struct play *p, const char *w)
{
	if (strcmp(w, ".") == 0)
		happen(p, (struct dialog_event){ .kind = DE_PLAYED,
		                                 .leg = p->d.engineer && p->d.state == DS_OFFER ? LEG_ENGINEER
		                                                                                : LEG_CUSTOMER });
	else if (strcmp(w, "silence") == 0)
		happen(p, (struct dialog_event){ .kind = DE_SILENCE });
	else if (strcmp(w, "known") == 0 || strcmp(w, "stranger") == 0)
		happen(p, (struct dialog_event){ .kind = DE_KNOWN, .known = w[0] == 'k', .lang = p->d.lang });
	else if (strcmp(w, "right") == 0 || strcmp(w, "free") == 0)
		happen(p, (struct dialog_event){ .kind = DE_VERIFIED, .may = w[0] == 'r' });
	else if (strcmp(w, "wrong") == 0)
		happen(p, (struct dialog_event){ .kind = DE_REFUSED });
	else if (strcmp(w, "open") == 0)
		happen(p, (struct dialog_event){ .kind = DE_OPENED, .number = 1042, .roster = 2 });
	else if (strcmp(w, "answer") == 0 || strcmp(w, "back") == 0)
		happen(p,
		       (struct dialog_event){ .kind = DE_ANSWERED, .leg = w[0] == 'a' ? LEG_ENGINEER : LEG_CUSTOMER });
	else if (strcmp(w, "busy") == 0)
		happen(p, (struct dialog_event){ .kind = DE_GONE, .leg = LEG_ENGINEER, .code = 486 });
	else if (strcmp(w, "bye") == 0 || strcmp(w, "ebye") == 0)
		happen(p, (struct dialog_event){ .kind = DE_GONE, .leg = w[0] == 'b' ? LEG_CUSTOMER : LEG_ENGINEER });
	else if (strcmp(w, "wait") == 0) {
		if (p->due_ms)
			p->clock_ms = p->due_ms;
		fprintf(p->out, "  %lld s after the call came\n", (long long)p->clock_ms / 1000);
		happen(p, (struct dialog_event){ .kind = DE_TIMEOUT });
	} else
		return false;
	return true;
}

static void begin(struct play *p, enum prompt_lang lang, bool offline)
{
	dialog_init(&p->d, NULL);
	p->clock_ms = p->due_ms = 0;
	happen(p, (struct dialog_event){ .kind = DE_CALL, .lang = lang, .offline = offline, .roster = 2 });
}

int phone_simulate(FILE *in, FILE *out, enum prompt_lang lang)
{
	struct play p = { .out = out };
	char line[200];

	fprintf(out, "A call comes. Type what happens; \"help\" lists the words.\n");
	begin(&p, lang, false);
	while (p.d.state != DS_OVER && fgets(line, sizeof(line), in)) {
		bool engineer = line[0] == 'e' && line[1] == ' ';

		line[strcspn(line, "\r\n")] = 0;
		if (strcmp(line, "quit") == 0)
			break;
		if (strcmp(line, "help") == 0)
			fputs(help, out);
		else if (strcmp(line, "offline") == 0)
			begin(&p, lang, true);
		else if (line[0] &&
		         strspn(line + (engineer ? 2 : 0), "0123456789*#") == strlen(line + (engineer ? 2 : 0)))
			for (const char *c = line + (engineer ? 2 : 0); *c; c++)
				happen(&p, (struct dialog_event){ .kind = DE_DIGIT,
				                                  .leg = engineer ? LEG_ENGINEER : LEG_CUSTOMER,
				                                  .digit = *c });
		else if (line[0] && !command(&p, line))
			fprintf(out, "There is no word \"%s\"; \"help\" lists them.\n", line);
	}
	return EX_OK;
}

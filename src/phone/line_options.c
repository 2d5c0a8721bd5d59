/* The command line of carrel-phone. The desk writes it (link.c). */
#include "phone/line_private.h"
#include <getopt.h>

/* Where the value of an option goes; `word` for text, `number` with what one of it is. */
struct option_row {
	const char *name;
	const char **word;
	unsigned *number, unit;
	bool *flag;
};

static void trust(struct line *l, const char *address)
{
	if (l->n_trust < TRUST_MAX && !sa_set_str(&l->trust[l->n_trust], address, 0))
		l->n_trust++;
}

static bool take(struct line *l, const char *name, const char *value)
{
	if (strcmp(name, "allow") == 0)
		trust(l, value);
	else if (strcmp(name, "prefix") == 0 && l->n_prefixes < PREFIX_MAX)
		l->prefix[l->n_prefixes++] = value;
	else if (strcmp(name, "rate") == 0)
		l->rate = l->bucket = strtod(value, NULL);
	else if (strcmp(name, "lang") == 0)
		l->lang = strncmp(value, "es", 2) == 0 ? PROMPT_ES : PROMPT_EN;
	else if (strcmp(name, "public") == 0)
		return sa_set_str(&l->public, value, 0) == 0;
	return true;
}

bool line_read_options(struct line *l, struct options *o, int argc, char **argv)
{
	const struct option_row rows[] = {
		{"listen",                        .word = &o->listen              },
		{ "socket",                       .word = &o->socket              },
		{ "spool",                        .word = &l->spool               },
		{ "registrar",                    .word = &o->registrar           },
		{ "user",                         .word = &l->user                },
		{ "aor",		          .word = &l->aor                 },
		{ "secret",                       .word = &o->secret              },
		{ "cert",                         .word = &o->cert                },
		{ "ca",		           .word = &o->ca                  },
		{ "trunk",                        .word = &l->trunk               },
		{ "prompts",                      .word = &o->prompts             },
		{ "srtp",                         .flag = &l->srtp                },
		{ "ring",                         .number = &l->dialog.ring_ms,     .unit = 1 },
		{ "offer",		              .number = &l->dialog.offer_ms,                                                       .unit = 1 },
		{ "redial",                      .number = &l->dialog.redial_ms,.unit = 1 },
		{ "calls",.number = &l->max_calls,     .unit = 1 },
		{ "out-calls",                        .number = &l->max_out,		                                      .unit = 1 },
		{ "out-minutes",                              .number = &l->out_day_s,                                                   .unit = 60 },
		{ "allow",                      NULL},
		{ "prefix",NULL},
		{ "rate",                        NULL                              },
		{ "lang",                       NULL		                                                        },
		{ "public",                         NULL                             },
	};
	enum { N = sizeof(rows) / sizeof(rows[0]) };
	struct option names[N + 1] = { 0 };
	int k, at = 0;

	for (int i = 0; i < N; i++)
		names[i] = (struct option){ rows[i].name, rows[i].flag ? no_argument : required_argument, NULL, 1 };
	while ((k = getopt_long(argc, argv, "", names, &at)) != -1) {
		const struct option_row *r = &rows[at];

		if (k != 1 || at < 0 || at >= N)
			return false;
		if (r->word)
			*r->word = optarg;
		else if (r->number)
			*r->number = (unsigned)strtoul(optarg, NULL, 10) * r->unit;
		else if (r->flag)
			*r->flag = true;
		else if (!take(l, r->name, optarg))
			return false;
	}
	return o->listen && o->socket && l->spool;
}

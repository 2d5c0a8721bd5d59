/* The command line of carrel-phone. The desk writes it (link.c). */
#include "phone/line_private.h"
#include <getopt.h>

bool line_read_options(struct line *l, struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{"listen",     1, NULL, 'l'},
                { "socket",    1, NULL, 's'},
                { "spool",     1, NULL, 'd'},
		{ "allow",     1, NULL, 'a'},
                { "registrar", 1, NULL, 'r'},
                { "user",      1, NULL, 'u'},
		{ "secret",    1, NULL, 'p'},
                { "cert",      1, NULL, 'c'},
                { "ca",        1, NULL, 'C'},
		{ "srtp",      0, NULL, 'S'},
                { "trunk",     1, NULL, 't'},
                { "prompts",   1, NULL, 'P'},
		{ "ring",      1, NULL, 'R'},
                { "redial",    1, NULL, 'D'},
                { "calls",     1, NULL, 'n'},
		{ "rate",      1, NULL, 'm'},
                { "prefix",    1, NULL, 'x'},
                { "lang",      1, NULL, 'L'},
		{ "offer",     1, NULL, 'o'},
                { "aor",       1, NULL, 'A'},
                { NULL,        0, NULL, 0  },
	};
	int k;

	while ((k = getopt_long(argc, argv, "", names, NULL)) != -1)
		switch (k) {
		case 'l':
			o->listen = optarg;
			break;
		case 's':
			o->socket = optarg;
			break;
		case 'd':
			l->spool = optarg;
			break;
		case 'a':
			if (l->n_trust < TRUST_MAX && !sa_set_str(&l->trust[l->n_trust], optarg, 0))
				l->n_trust++;
			break;
		case 'r':
			o->registrar = optarg;
			break;
		case 'u':
			l->user = optarg;
			break;
		case 'A':
			l->aor = optarg;
			break;
		case 'p':
			o->secret = optarg;
			break;
		case 'c':
			o->cert = optarg;
			break;
		case 'C':
			o->ca = optarg;
			break;
		case 'S':
			l->srtp = true;
			break;
		case 't':
			l->trunk = optarg;
			break;
		case 'P':
			o->prompts = optarg;
			break;
		case 'R':
			l->dialog.ring_ms = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'o':
			l->dialog.offer_ms = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'D':
			l->dialog.redial_ms = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'n':
			l->max_calls = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'm':
			l->rate = l->bucket = strtod(optarg, NULL);
			break;
		case 'x':
			if (l->n_prefixes < PREFIX_MAX)
				l->prefix[l->n_prefixes++] = optarg;
			break;
		case 'L':
			l->lang = strncmp(optarg, "es", 2) == 0 ? PROMPT_ES : PROMPT_EN;
			break;
		default:
			return false;
		}
	return o->listen && o->socket && l->spool;
}

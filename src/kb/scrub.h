/* kb/scrub: personal data taken out of a ticket's text before it becomes an article; each removal is shown to the agent,
 * who may keep what is no personal data after all. Found are: names, addresses and hosts the desk knows (given by the caller),
 * mail addresses, telephone numbers, IP addresses, and secrets in links (values of parameters called so or that look
 * random, passwords before the @). What a machine cannot know stays the agent's to see. */
#pragma once
#include "util/arena.h"

enum kb_private_kind { KB_NAME = 1, KB_EMAIL, KB_PHONE, KB_IP, KB_SECRET, KB_SITE };
struct kb_known { enum kb_private_kind kind; struct str text; }; /* text of at least 3 bytes counts; names do not count inside of host names */
struct kb_removal {
	enum kb_private_kind kind;
	struct str text; /* what stood there, as it stood */
	int64_t times;
	bool kept;       /* the agent wants it kept */
};
#define KB_REMOVALS 200
/* `keep`: removals that do not happen, by their text. What is found beyond KB_REMOVALS different ones goes, too, under
 * the last of them. */
void kb_scrub(struct arena *a, struct str text, const struct kb_known *known, size_t n_known, const struct str *keep, size_t n_keep,
              struct str *ret, struct kb_removal **ret_removed, size_t *ret_n);
/* What stands in its place: "[name]", "[mail address]", ... */
const char *kb_private_mark(enum kb_private_kind k);

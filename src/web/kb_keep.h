/* kb_keep: whole pages of the knowledge base that are the same for everybody who is not signed in, kept until anything
 * of the knowledge base changes (kb_stamp()), with a name (ETag), so that a reader who has one gets a few bytes. */
#pragma once
#include "http/http.h"

/* True: the answer is written. Only for readers without a session, a flash message or a film that plays. */
/* *stamp: what holds now, for kb_keep(): what is written after this call is at least that new. */
bool kb_kept(struct req *q, struct resp *r, int64_t *stamp);
/* Keeps what was just written to r, if kb_kept() would give it to the next one; `page` (0: none) is counted as read
 * each time it is. */
void kb_keep(struct req *q, struct resp *r, int64_t stamp, int64_t page);

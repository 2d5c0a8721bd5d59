/* recall: answers that took work, kept while they are true. An entry is bytes under a key, with a stamp: whoever asks
 * says which stamp holds now (event_stamp() of the snapshot he reads, say), and an entry with another stamp is as good
 * as none. So nothing has to remember to forget. What no stamp covers is bounded by age.
 *
 * Bounded in bytes and entries; the least recently written of a few goes first. Safe from several threads. A NULL
 * recall keeps nothing, for tests and commands. */
#pragma once
#include "util/arena.h"
#include "util/time.h"

struct recall;
struct recall *recall_new(size_t max_bytes);
void recall_free(struct recall *r);

/* True: there is an entry of this key with this stamp, put at most `max_age_us` before `now`; *ret is copied to `out`. */
bool recall_get(struct recall *r, struct str key, int64_t stamp, struct instant now, int64_t max_age_us,
                struct arena *out, struct str *ret);
void recall_put(struct recall *r, struct str key, int64_t stamp, struct instant now, struct str value);
void recall_drop(struct recall *r, struct str key);

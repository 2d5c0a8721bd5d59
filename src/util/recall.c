/* Kept answers: a table of small sets. A key belongs to one set, found by its hash, and to one of its few places, found
 * by comparing; a full set loses what was written longest ago. No lists to maintain, so a look costs one lock and one
 * copy. */
#include "util/recall.h"
#include <pthread.h>
#include <stdlib.h>

#define SETS   512 /* a power of two */
#define PLACES 4

struct entry {
	char *bytes; /* key, then value; NULL: free */
	size_t key_n, value_n;
	uint64_t hash;
	int64_t stamp;
	struct instant at;
};

struct recall {
	pthread_mutex_t lock;
	size_t bytes, max_bytes, hand;
	struct entry at[SETS][PLACES];
};

struct recall *recall_new(size_t max_bytes)
{
	struct recall *r = xcalloc(1, sizeof(*r));

	pthread_mutex_init(&r->lock, NULL);
	r->max_bytes = max_bytes;
	return r;
}

static void empty(struct recall *r, struct entry *e)
{
	r->bytes -= e->key_n + e->value_n;
	free(e->bytes);
	*e = (struct entry){ 0 };
}

void recall_free(struct recall *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < SETS * PLACES; i++)
		free(r->at[i / PLACES][i % PLACES].bytes);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* FNV-1a; keys are short. */
static uint64_t hash_of(struct str key)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < key.n; i++)
		h = (h ^ (unsigned char)key.p[i]) * 1099511628211u;
	return h ^ h >> 32;
}

static struct entry *find(struct recall *r, struct str key, uint64_t hash)
{
	struct entry *set = r->at[hash & (SETS - 1)];

	for (size_t i = 0; i < PLACES; i++)
		if (set[i].bytes && set[i].hash == hash && set[i].key_n == key.n &&
		    memcmp(set[i].bytes, key.p, key.n) == 0)
			return &set[i];
	return NULL;
}

bool recall_get(struct recall *r, struct str key, int64_t stamp, struct instant now, int64_t max_age_us,
                struct arena *out, struct str *ret)
{
	if (!r)
		return false;
	uint64_t hash = hash_of(key);

	pthread_mutex_lock(&r->lock);
	struct entry *e = find(r, key, hash);
	bool good = e && e->stamp == stamp && now.us - e->at.us <= max_age_us && now.us >= e->at.us;

	if (good)
		*ret = arena_str(out, (struct str){ e->bytes + e->key_n, e->value_n });
	pthread_mutex_unlock(&r->lock);
	return good;
}

/* The place for a key: its own, a free one, else the oldest of its set. */
static struct entry *place(struct recall *r, struct str key, uint64_t hash)
{
	struct entry *set = r->at[hash & (SETS - 1)], *best = find(r, key, hash);

	for (size_t i = 0; i < PLACES && !best; i++)
		if (!set[i].bytes)
			best = &set[i];
	if (best)
		return best;
	best = &set[0];
	for (size_t i = 1; i < PLACES; i++)
		if (time_before(set[i].at, best->at))
			best = &set[i];
	return best;
}

void recall_put(struct recall *r, struct str key, int64_t stamp, struct instant now, struct str value)
{
	if (!r || key.n + value.n > r->max_bytes / 16) /* one large answer must not push out all others */
		return;
	uint64_t hash = hash_of(key);
	char *bytes = xmalloc(key.n + value.n + 1);

	memcpy(bytes, key.p, key.n);
	if (value.n)
		memcpy(bytes + key.n, value.p, value.n);
	pthread_mutex_lock(&r->lock);
	struct entry *e = place(r, key, hash);

	if (e->bytes)
		empty(r, e);
	*e = (struct entry){ bytes, key.n, value.n, hash, stamp, now };
	r->bytes += key.n + value.n;
	while (r->bytes > r->max_bytes) { /* a hand goes round; what it meets goes, but not what was just put */
		struct entry *old = &r->at[r->hand / PLACES][r->hand % PLACES];

		r->hand = (r->hand + 1) % (SETS * PLACES);
		if (old->bytes && old != e)
			empty(r, old);
	}
	pthread_mutex_unlock(&r->lock);
}

void recall_drop(struct recall *r, struct str key)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	struct entry *e = find(r, key, hash_of(key));

	if (e)
		empty(r, e);
	pthread_mutex_unlock(&r->lock);
}

/* How often a token may ask: requests a minute, counted in memory, for the key api-rate. Not for guesses (160 random
 * bits need no throttle, and passwords are counted durably by auth/): for programs that run wild. A restart forgets. */
#include "web/web.h"
#include <pthread.h>

#define SLOTS 1024
#define NEAR  8 /* slots looked at for one token */

static struct {
	pthread_mutex_t lock;
	struct {
		int64_t token, minute, n;
	} at[SLOTS];
} counts = { .lock = PTHREAD_MUTEX_INITIALIZER };

bool web_rate_over(struct token_id token, int64_t most, struct instant now)
{
	int64_t minute = now.us / MINUTE_US, n = 0;

	if (most <= 0)
		return false;
	pthread_mutex_lock(&counts.lock);
	size_t mine = SLOTS;

	for (size_t i = 0; i < NEAR; i++) {
		size_t at = ((size_t)token.v + i) % SLOTS;

		if (counts.at[at].token == token.v) {
			mine = at;
			break;
		}
		if (mine == SLOTS && counts.at[at].minute != minute)
			mine = at;
	}
	if (mine < SLOTS) { /* else all are busy with others: not counted rather than counted wrongly */
		if (counts.at[mine].token != token.v || counts.at[mine].minute != minute)
			counts.at[mine].n = 0;
		counts.at[mine].token = token.v;
		counts.at[mine].minute = minute;
		n = ++counts.at[mine].n;
	}
	pthread_mutex_unlock(&counts.lock);
	return n > most;
}

/* Kept answers: true ones come back, others do not, and there is an end to how much is kept. */
#include "test/test.h"
#include "util/recall.h"

#define NOW ((struct instant){ 1000 * SECOND_US })
#define KEY STR("counts/7")

static bool get(struct recall *r, struct arena *a, struct str key, int64_t stamp, int64_t after_us, const char *want)
{
	struct str s = STR_NULL;
	bool found = recall_get(r, key, stamp, (struct instant){ NOW.us + after_us }, 10 * SECOND_US, a, &s);

	return found && (!want || str_is(s, want));
}

TEST(recall_by_stamp_and_age)
{
	struct recall *r = recall_new(64 << 10);
	AUTO_ARENA a;

	arena_init(&a);
	EXPECT("nothing was put yet", !get(r, &a, KEY, 5, 0, NULL));
	recall_put(r, KEY, 5, NOW, STR("one"));
	EXPECT("what was put comes back", get(r, &a, KEY, 5, SECOND_US, "one"));
	EXPECT("another stamp finds nothing", !get(r, &a, KEY, 6, SECOND_US, NULL));
	EXPECT("another key finds nothing", !get(r, &a, STR("counts/8"), 5, SECOND_US, NULL));
	EXPECT("it ends with its age", !get(r, &a, KEY, 5, 11 * SECOND_US, NULL));
	EXPECT("a clock that went back keeps nothing alive", !get(r, &a, KEY, 5, -SECOND_US, NULL));
	recall_put(r, KEY, 6, NOW, STR("two"));
	EXPECT("the later one replaces the earlier", get(r, &a, KEY, 6, 0, "two") && !get(r, &a, KEY, 5, 0, NULL));
	recall_drop(r, KEY);
	EXPECT("what was dropped is gone", !get(r, &a, KEY, 6, 0, NULL));
	recall_free(r);
	EXPECT("without a recall nothing is kept and nothing breaks", !get(NULL, &a, KEY, 6, 0, NULL));
	recall_put(NULL, KEY, 1, NOW, STR("x"));
}

TEST(recall_is_bounded)
{
	struct recall *r = recall_new(64 << 10);
	char big[4000], key[24];
	size_t kept = 0;
	AUTO_ARENA a;

	arena_init(&a);
	memset(big, 'x', sizeof(big));
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		recall_put(r, str_of(key), 1, NOW, (struct str){ big, sizeof(big) });
		EXPECT("what was just put is there", get(r, &a, str_of(key), 1, 0, NULL));
		arena_clear(&a);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		kept += get(r, &a, str_of(key), 1, 0, NULL);
		arena_clear(&a);
	}
	EXPECT("about as much is kept as was allowed", kept >= 8 && kept <= 16);
	recall_put(r, KEY, 1, NOW, (struct str){ big, sizeof(big) });
	recall_put(r, STR("huge"), 1, NOW, arena_str(&a, (struct str){ arena_alloc(&a, 8000), 8000 }));
	EXPECT("an answer too large to share the room is not kept", !get(r, &a, STR("huge"), 1, 0, NULL));
	EXPECT("and pushed nothing out", get(r, &a, KEY, 1, 0, NULL));
	recall_free(r);
}

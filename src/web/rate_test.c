/* A token that asks too often is stopped within its minute, and nobody else. */
#include "test/test.h"
#include "web/web.h"

TEST(web_rate)
{
	struct instant now = time_now(), next = time_add(now, MINUTE_US);
	struct token_id wild = { 70001 }, calm = { 70002 }, same_slot = { 70001 + 1024 };

	for (int i = 0; i < 5; i++)
		EXPECT("as often as allowed", !web_rate_over(wild, 5, now));
	EXPECT("then no more", web_rate_over(wild, 5, now));
	EXPECT("another token may", !web_rate_over(calm, 5, now));
	EXPECT("so may one whose place in the table is the same", !web_rate_over(same_slot, 5, now));
	EXPECT("still no more", web_rate_over(wild, 5, now));
	EXPECT("a minute later, again", !web_rate_over(wild, 5, next));
	for (int i = 0; i < 100; i++)
		EXPECT("without a limit, always", !web_rate_over(wild, 0, next));
}

/* Any text: the cut is inside it, at a line's beginning, and never leaves nothing of something. Addresses: canonical
 * twice is canonical once. */
#include "mime/addr.h"
#include "mime/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { (const char *)data, size }, c, again;
	size_t n = mime_reply_end(s);
	AUTO_ARENA a;

	arena_init(&a);
	if (n > size || (n > 0 && n < size && data[n - 1] != '\n'))
		die("cut in the middle of a line");
	if (size && n == 0)
		die("a reply cut to nothing");
	if (addr_canonical(&a, s, &c, NULL) == RC_OK &&
	    (addr_canonical(&a, c, &again, NULL) != RC_OK || !str_eq(c, again) || str_find_byte(c, ' ') != STR_NONE))
		die("not canonical");
	return 0;
}

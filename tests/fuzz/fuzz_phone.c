/* Any bytes as a call: events of the dialogue in any order, packets of a recording with any timestamps, keys of RFC 4733 and
 * SIP INFO. */
#include "phone/dialog.h"
#include "phone/sound.h"
#include "util/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dialog d;
	struct keys k = { 0 };
	struct recording r;
	int16_t v[160] = { 0 };

	dialog_init(&d, NULL);
	recording_begin(&r, 16000);
	for (size_t i = 0; i + 8 <= size; i += 8) {
		const uint8_t *p = data + i;
		uint32_t ts = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
		struct dialog_event e = { .kind = (enum dialog_event_kind)(p[0] % (DE_ROSTER + 1)),
			                  .leg = (enum dialog_leg)(p[1] & 1),
			                  .lang = (enum prompt_lang)(p[1] >> 1 & 1),
			                  .digit = "0123456789*#"[p[2] % 12],
			                  .known = p[3] & 1,
			                  .may = p[3] >> 1 & 1,
			                  .locked = p[3] >> 2 & 1,
			                  .offline = p[3] >> 3 & 1,
			                  .roster = p[4],
			                  .code = p[5] * 3,
			                  .number = p[6] };

		dialog_step(&d, &e);
		if (d.state >= DIALOG_STATES || (d.n_pin && d.state != DS_PIN))
			die("the dialogue lost its state, or kept a PIN");
		keys_rfc4733(&k, ts, p[4] & 1, p + 4, size - i - 4 < 8 ? size - i - 4 : 8);
		recording_add(&r, ts, v, p[5] % 161);
	}
	if (keys_info((const char *)data, size) < 0)
		die("a key is a character");
	recording_end(&r);
	return 0;
}

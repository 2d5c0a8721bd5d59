/* G.711 there and back, recordings out of order, keys. */
#include "phone/prompt.h"
#include "phone/sound.h"
#include "test/test.h"
#include <stdlib.h>

TEST(sound_g711_comes_back)
{
	int worst_u = 0, worst_a = 0;

	for (int i = 0; i < 256; i++) {
		int16_t u = sound_from_ulaw((uint8_t)i), a = sound_from_alaw((uint8_t)i);

		worst_u += sound_from_ulaw(sound_to_ulaw(u)) != u;
		worst_a += sound_from_alaw(sound_to_alaw(a)) != a;
	}
	EXPECT_EQ("every mu-law byte decodes to a sample that encodes to the same sound", worst_u, 0);
	EXPECT_EQ("and every A-law byte", worst_a, 0);
	EXPECT_EQ("the largest A-law sample is the standard's", sound_from_alaw(0xaa), 32256);
	EXPECT_EQ("silence in mu-law is 0xff", sound_to_ulaw(0), 0xff);
	EXPECT_EQ("a loud A-law sample is near itself", abs(sound_from_alaw(sound_to_alaw(-20000)) + 20000) < 600, 1);
}

TEST(sound_recording_puts_packets_in_order)
{
	struct recording r;
	int16_t v[3][SOUND_FRAME];

	for (int p = 0; p < 3; p++)
		for (int i = 0; i < SOUND_FRAME; i++)
			v[p][i] = (int16_t)(1000 + p);
	recording_begin(&r, 8000);
	recording_add(&r, 5000, v[0], SOUND_FRAME);
	recording_add(&r, 5320, v[2], SOUND_FRAME);
	recording_add(&r, 5160, v[1], SOUND_FRAME);
	EXPECT_EQ("three packets are 480 samples", r.n, 480);
	EXPECT_EQ("the late one lies where it belongs", r.at[200], 1001);
	EXPECT_EQ("and the third behind it", r.at[400], 1002);
	recording_add(&r, 1000, v[0], SOUND_FRAME);
	EXPECT_EQ("one from before the beginning is not kept", r.at[0], 1000);
	for (uint32_t i = 0; i < 100; i++)
		recording_add(&r, 5480 + i * SOUND_FRAME, v[0], SOUND_FRAME);
	EXPECT_EQ("no more is kept than was asked for", r.n, 8000);
	recording_add(&r, 2000000000, v[0], SOUND_FRAME);
	EXPECT_EQ("a clock that jumps is survived", r.n, 8000);
	recording_end(&r);
}

TEST(sound_keys)
{
	struct keys k = { 0 };
	const uint8_t one[4] = { 1, 0x0a, 0, 160 }, end[4] = { 1, 0x8a, 0, 160 }, strange[4] = { 77, 0, 0, 0 };

	EXPECT_EQ("an event is a key", keys_rfc4733(&k, 100, true, one, 4), '1');
	EXPECT_EQ("its further packets are not", keys_rfc4733(&k, 100, false, one, 4), 0);
	EXPECT_EQ("nor its three ends", keys_rfc4733(&k, 100, false, end, 4), 0);
	EXPECT_EQ("the same key again has another timestamp", keys_rfc4733(&k, 900, true, one, 4), '1');
	EXPECT_EQ("a lost end does not swallow the next one", keys_rfc4733(&k, 1700, true, one, 4), '1');
	EXPECT_EQ("events that are no keys are not", keys_rfc4733(&k, 2000, true, strange, 4), 0);
	EXPECT_EQ("nor is half a packet", keys_rfc4733(&k, 2000, true, one, 3), 0);
	EXPECT_EQ("dtmf-relay", keys_info("Signal=5\r\nDuration=160\r\n", 23), '5');
	EXPECT_EQ("with a space", keys_info("Signal= #\r\n", 11), '#');
	EXPECT_EQ("application/dtmf", keys_info("7", 1), '7');
	EXPECT_EQ("nothing", keys_info("", 0), 0);
	EXPECT_EQ("words are no keys", keys_info("5ive", 4), 0);
}

TEST(sound_prompts_are_all_there)
{
	struct prompts *p = prompts_open("");

	for (int l = 0; l < PROMPT_LANGS; l++)
		for (int c = 0; c < CLIPS; c++) {
			size_t n = 0;

			EXPECT("every clip has sound",
			       prompt_sound(p, (enum prompt_lang)l, (enum prompt_clip)c, &n) && n > 800);
		}
	EXPECT_EQ("the list of texts is the list of clips", prompt_texts[1][CLIP_SPOKEN - 1] != NULL, 1);
	EXPECT_STR("the last text is the last clip", str_of(prompt_names[CLIP_GONE]), "gone");
	prompts_close(p);
}

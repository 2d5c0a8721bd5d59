/* Samples: tables of ITU-T G.711, WAV, recordings in the order of their timestamps, keys. */
#include "phone/sound.h"
#include "util/err.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOUD 150 /* mean absolute sample of a packet that is taken for speech */

int16_t sound_from_ulaw(uint8_t b)
{
	b = (uint8_t)~b;
	int t = (((b & 15) << 3) + 0x84) << ((b & 0x70) >> 4);

	return (int16_t)(b & 0x80 ? 0x84 - t : t - 0x84);
}

int16_t sound_from_alaw(uint8_t b)
{
	b ^= 0x55;
	int t = (b & 15) << 4, seg = (b & 0x70) >> 4;

	t = seg == 0 ? t + 8 : (t + 0x108) << (seg - 1);
	return (int16_t)(b & 0x80 ? t : -t);
}

uint8_t sound_to_ulaw(int16_t s)
{
	int v = s, mask = 0xff, seg = 0;

	if (v < 0) {
		v = -v;
		mask = 0x7f;
	}
	v = (v > 32635 ? 32635 : v) + 0x84;
	for (int t = v >> 8; t; t >>= 1)
		seg++;
	return (uint8_t)(((seg << 4) | ((v >> (seg + 3)) & 15)) ^ mask);
}

uint8_t sound_to_alaw(int16_t s)
{
	int v = s, mask = 0xd5, seg = 0;

	if (v < 0) {
		v = -v - 1;
		mask = 0x55;
	}
	v = v > 32767 ? 32767 : v;
	for (int t = v >> 8; t; t >>= 1)
		seg++;
	return (uint8_t)(((seg << 4) | ((v >> (seg < 2 ? 4 : seg + 3)) & 15)) ^ mask);
}

/* ---- WAV ---- */

static uint32_t le32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

int16_t *sound_read_wav(const char *path, size_t max, size_t *ret_n)
{
	unsigned char h[44], chunk[8];
	int16_t *v = NULL;
	FILE *f = fopen(path, "rbe");

	*ret_n = 0;
	if (!f)
		return NULL;
	/* RIFF, then fmt, then whatever until data. */
	if (fread(h, 1, 36, f) == 36 && memcmp(h, "RIFF", 4) == 0 && memcmp(h + 8, "WAVEfmt ", 8) == 0 &&
	    le32(h + 16) >= 16 && h[20] == 1 && h[22] == 1 && le32(h + 24) == SOUND_RATE && h[34] == 16 &&
	    le32(h + 16) < 1024 && fseek(f, (long)le32(h + 16) - 16, SEEK_CUR) == 0) {
		while (!v && fread(chunk, 1, 8, f) == 8) {
			uint32_t n = le32(chunk + 4);

			if (memcmp(chunk, "data", 4) != 0) {
				if (n > 1 << 20 || fseek(f, (long)n, SEEK_CUR) != 0)
					break;
				continue;
			}
			if (n / 2 > max)
				break;
			v = xcalloc(n / 2 + 1, sizeof(*v));
			*ret_n = fread(v, 2, n / 2, f);
		}
	}
	fclose(f);
	return v;
}

static void put32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

void sound_wav_head(unsigned char ret[44], uint32_t samples)
{
	memset(ret, 0, 44);
	memcpy(ret, "RIFF", 4);
	put32(ret + 4, 36 + samples * 2);
	memcpy(ret + 8, "WAVEfmt ", 8);
	put32(ret + 16, 16);
	ret[20] = ret[22] = 1;
	put32(ret + 24, SOUND_RATE);
	put32(ret + 28, SOUND_RATE * 2);
	ret[32] = 2;
	ret[34] = 16;
	memcpy(ret + 36, "data", 4);
	put32(ret + 40, samples * 2);
}

/* ---- recordings ---- */

void recording_begin(struct recording *r, size_t max)
{
	*r = (struct recording){ .at = xcalloc(max ? max : 1, sizeof(int16_t)), .max = max };
}

void recording_add(struct recording *r, uint32_t ts, const int16_t *v, size_t n)
{
	size_t sum = 0, at;

	if (!r->at || !n)
		return;
	if (!r->begun) {
		r->base = ts;
		r->begun = true;
	}
	/* A clock that jumped (another source, a broken peer) goes on where we are. */
	if (ts - r->base > r->n + 8 * SOUND_RATE) {
		if ((int32_t)(ts - r->base) < 0)
			return; /* older than the first one */
		r->base = ts - (uint32_t)r->n;
	}
	at = ts - r->base;
	for (size_t i = 0; i < n; i++) {
		sum += (size_t)abs(v[i]);
		if (at + i < r->max)
			r->at[at + i] = v[i];
	}
	if (at + n > r->n)
		r->n = at + n < r->max ? at + n : r->max;
	if (sum / n > LOUD) {
		r->spoken += n;
		r->quiet = 0;
	} else {
		r->quiet += n;
	}
}

void recording_end(struct recording *r)
{
	free(r->at);
	*r = (struct recording){ 0 };
}

/* ---- keys ---- */

char keys_rfc4733(struct keys *k, uint32_t ts, bool marker, const uint8_t *p, size_t n)
{
	if (n < 4 || p[0] > 15)
		return 0;
	/* One timestamp is one event (2.5.1.2); some peers replay the same packets for the same key, with a new marker.
	 */
	bool fresh = !k->seen || k->ts != ts || k->event != p[0] || (marker && k->ended);

	k->seen = true;
	k->ts = ts;
	k->event = p[0];
	k->ended = (p[1] & 0x80) != 0;
	return fresh ? "0123456789*#ABCD"[p[0]] : 0;
}

char keys_info(const char *body, size_t n)
{
	static const char word[] = "signal=";
	size_t i = 0, at = 0;

	for (; i < n && at < sizeof(word) - 1; i++)
		at = ((body[i] | 32) == word[at] || body[i] == word[at]) ? at + 1 : (body[i] | 32) == word[0];
	if (at < sizeof(word) - 1)
		i = 0; /* application/dtmf: only the key */
	while (i < n && body[i] == ' ')
		i++;
	if (i >= n || !body[i] || !strchr("0123456789*#ABCD", body[i]))
		return 0;
	if (at < sizeof(word) - 1 && i + 1 < n && body[i + 1] > ' ')
		return 0;
	return body[i];
}

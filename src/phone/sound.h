/* sound: samples of 8 kHz: G.711, WAV files, a recorder that puts packets in order, and keys heard in RTP. No sockets.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOUND_RATE  8000
#define SOUND_FRAME 160

int16_t sound_from_ulaw(uint8_t b);
int16_t sound_from_alaw(uint8_t b);
uint8_t sound_to_ulaw(int16_t s);
uint8_t sound_to_alaw(int16_t s);

/* Mono 16 bit 8 kHz PCM; NULL when it is not one, or longer than `max` samples. */
int16_t *sound_read_wav(const char *path, size_t max, size_t *ret_n);
/* The 44 bytes before `samples` of 16 bit. */
void sound_wav_head(unsigned char ret[44], uint32_t samples);

/* ---- a recording: samples at the place their RTP timestamp says, so that packets out of order fall into place and
 *      lost ones are silence ---- */
struct recording {
	int16_t *at;
	size_t n, max; /* samples heard so far; the most that are kept */
	uint32_t base; /* timestamp of the first */
	bool begun;
	size_t spoken, quiet; /* samples of speech in all; of silence since */
};
void recording_begin(struct recording *r, size_t max);
void recording_add(struct recording *r, uint32_t ts, const int16_t *v, size_t n);
void recording_end(struct recording *r); /* frees */

/* ---- RFC 4733: one key for all packets of an event ---- */
struct keys {
	bool seen, ended;
	uint32_t ts;
	int event;
};
/* The key, or 0 when this packet repeats one. */
char keys_rfc4733(struct keys *k, uint32_t ts, bool marker, const uint8_t *p, size_t n);
/* SIP INFO: "Signal=5" of application/dtmf-relay, or the one character of application/dtmf; 0 when there is none. */
char keys_info(const char *body, size_t n);

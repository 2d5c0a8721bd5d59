/* crypt: the few primitives the rooms share, on libsodium. Call crypt_init() once in main. */
#pragma once
#include "util/arena.h"

void crypt_init(void);

struct sha256 { unsigned char opaque[128]; };          /* streaming; size checked in crypt.c */
void sha256_init(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *p, size_t n);
void sha256_end(struct sha256 *h, char ret_hex[65]);   /* lower-case hex, NUL-terminated */
struct str sha256_hex(struct arena *a, struct str bytes);

void random_bytes(void *p, size_t n);
struct str random_token(struct arena *a);              /* 160 bits, 32 lower-case base32 letters: safe in a mail's local part */
uint32_t random_below(uint32_t n);

/* Keyed BLAKE2b, 128 bits, as 26 lower-case base32 letters. `key` is any length. */
struct str mac_token(struct arena *a, struct str key, struct str text);
bool crypt_equal(struct str a, struct str b);          /* constant time in the bytes; lengths may leak */

struct str hex_encode(struct arena *a, struct str bytes);
struct str base64_encode(struct arena *a, struct str bytes);
MUST_USE enum rc base64_decode(struct arena *a, struct str text, struct str *ret); /* ignores white space */

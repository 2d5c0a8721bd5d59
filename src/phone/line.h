/* What the files of the program carrel-phone share. They speak to libre, whose names (str_cmp, base64_encode) are not
 * ours: so none of them includes util/str.h, and the program is linked without the rooms. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- client.c: the desk on its Unix socket. Every message is a JSON object behind four bytes of length, big-endian;
 *      answers carry the `id` of what they answer. What may not be lost is written to the spool, synced, while the desk
 *      is away, and said when it is back. ---- */
struct client;
typedef void client_answer(void *arg, const json_t *asked, const json_t *answer); /* answer NULL: the desk is away */
typedef void client_order(void *arg, const json_t *order);
struct client *client_open(const char *socket, const char *spool, client_answer *answer, client_order *order,
                           void *arg);
void client_close(struct client *c);
int client_fd(const struct client *c); /* -1: not connected */
bool client_connect(struct client *c); /* tries; true when it is newly connected */
void client_readable(struct client *c);
/* Takes over `message` ("op" and the rest). keep: may not be lost. */
void client_ask(struct client *c, json_t *message, bool keep);
size_t client_waiting(const struct client *c);
/* Writes a WAV into the spool, synced. */
bool client_spool_wav(struct client *c, const char *name, const int16_t *v, size_t n);

/* ---- seal.c ---- */
/* No programs, no files but the spool's, only the system calls that the line makes. False: the kernel does not do it.
 */
bool line_seal(const char *spool);

/* The line's end of the socket to the desk, and the spool of what the desk has not confirmed. Order is kept: what is
 * said of a call reaches the desk in the order it happened, also through the spool. */
#include "phone/line.h"
#include "phone/sound.h"
#include "util/err.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE_MAX (256 << 10)
#define WAITING_MAX 20000

struct asked {
	struct asked *next;
	json_t *message;
	int64_t id;
	bool keep, spooled, sent;
};
struct client {
	char path[108];
	int fd, dir;
	char *in;
	size_t n_in;
	int64_t next_id;
	struct asked *first, **last;
	size_t n_waiting;
	client_answer *answer;
	client_order *order;
	void *arg;
};

/* ---- the spool ---- */

static void spool_name(char *out, size_t n, int64_t id)
{
	snprintf(out, n, "m%016llx.json", (unsigned long long)id);
}

static bool write_all(int fd, const void *p, size_t n)
{
	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		p = (const char *)p + k;
		n -= (size_t)k;
	}
	return true;
}

static bool spool_file(struct client *c, const char *name, const void *head, size_t n_head, const void *p, size_t n)
{
	char tmp[300];

	snprintf(tmp, sizeof(tmp), ".%s", name);
	int fd = openat(c->dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok = fd >= 0 && write_all(fd, head, n_head) && write_all(fd, p, n) && fdatasync(fd) == 0;

	if (fd >= 0)
		close(fd);
	ok = ok && renameat(c->dir, tmp, c->dir, name) == 0;
	if (!ok)
		unlinkat(c->dir, tmp, 0);
	return ok && fsync(c->dir) == 0;
}

bool client_spool_wav(struct client *c, const char *name, const int16_t *v, size_t n)
{
	unsigned char head[44];

	sound_wav_head(head, (uint32_t)n);
	return spool_file(c, name, head, sizeof(head), v, n * 2);
}

static void spool(struct client *c, struct asked *a)
{
	char name[64], *text;

	if (a->spooled || !a->keep)
		return;
	text = json_dumps(a->message, JSON_COMPACT);
	spool_name(name, sizeof(name), a->id);
	a->spooled = text && spool_file(c, name, "", 0, text, strlen(text));
	free(text);
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

static void add(struct client *c, json_t *message, bool keep, bool spooled, int64_t id)
{
	struct asked *a = xcalloc(1, sizeof(*a));

	*a = (struct asked){ .message = message, .id = id, .keep = keep, .spooled = spooled };
	json_object_set_new(message, "id", json_integer(id));
	*c->last = a;
	c->last = &a->next;
	c->n_waiting++;
	if (id >= c->next_id)
		c->next_id = id + 1;
}

/* What a line before this one left behind. */
static void load(struct client *c, const char *spool_dir)
{
	char **names = NULL;
	size_t n = 0;
	struct dirent *e;
	DIR *d = opendir(spool_dir);

	while (d && (e = readdir(d)) != NULL && n < WAITING_MAX)
		if (e->d_name[0] == 'm' && strlen(e->d_name) == 22) {
			names = xrealloc(names, (n + 1) * sizeof(*names));
			names[n++] = xstrdup(e->d_name);
		}
	if (d)
		closedir(d);
	if (n)
		qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		int fd = openat(c->dir, names[i], O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
		json_t *m = f ? json_loadf(f, 0, NULL) : NULL;

		if (f)
			fclose(f);
		if (json_is_object(m))
			add(c, m, true, true, (int64_t)strtoull(names[i] + 1, NULL, 16));
		else
			json_decref(m);
		free(names[i]);
	}
	free(names);
}

/* ---- the socket ---- */

static void drop_first(struct client *c, struct asked **at)
{
	struct asked *a = *at;
	char name[64];

	*at = a->next;
	if (!*at)
		c->last = at;
	c->n_waiting--;
	if (a->spooled) {
		spool_name(name, sizeof(name), a->id);
		unlinkat(c->dir, name, 0);
	}
	json_decref(a->message);
	free(a);
}

/* The desk is away: questions get no answer, the rest goes to the spool. */
static void away(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->n_in = 0;
	for (struct asked **p = &c->first; *p;) {
		struct asked *a = *p;

		a->sent = false;
		if (a->keep) {
			spool(c, a);
			p = &a->next;
			continue;
		}
		json_t *m = json_incref(a->message);
		drop_first(c, p);
		c->answer(c->arg, m, NULL);
		json_decref(m);
	}
}

static bool send_one(struct client *c, struct asked *a)
{
	char *json = json_dumps(a->message, JSON_COMPACT);
	size_t n;
	uint32_t be;

	if (!json)
		return false;
	n = strlen(json);
	be = htonl((uint32_t)n);
	struct iovec v[2] = {
		{&be,   4},
                { json, n}
	};
	struct msghdr h = { .msg_iov = v, .msg_iovlen = 2 };
	ssize_t k = sendmsg(c->fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT);

	explicit_bzero(json, n); /* a PIN may be in it */
	free(json);
	a->sent = true;
	return k == (ssize_t)(n + 4);
}

static void flush(struct client *c)
{
	for (struct asked *a = c->first; a && c->fd >= 0; a = a->next)
		if (!a->sent && !send_one(c, a)) {
			away(c);
			return;
		}
}

bool client_connect(struct client *c)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (c->fd >= 0)
		return false;
	memcpy(sa.sun_path, c->path, sizeof(sa.sun_path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
		close(fd);
		return false;
	}
	c->fd = fd;
	flush(c);
	return c->fd >= 0;
}

static void got(struct client *c, json_t *m)
{
	int64_t id = json_integer_value(json_object_get(m, "id"));
	struct asked **p = &c->first;

	if (json_object_get(m, "op")) {
		c->order(c->arg, m);
		return;
	}
	while (*p && (*p)->id != id)
		p = &(*p)->next;
	if (!*p)
		return;
	if (json_is_true(json_object_get(m, "again"))) { /* the database is busy: said again with the next connection */
		(*p)->sent = false;
		return;
	}
	json_t *asked = json_incref((*p)->message);
	drop_first(c, p);
	c->answer(c->arg, asked, m);
	json_decref(asked);
}

void client_readable(struct client *c)
{
	for (;;) {
		ssize_t k = recv(c->fd, c->in + c->n_in, MESSAGE_MAX + 4 - c->n_in, MSG_DONTWAIT);

		if (k < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (k <= 0) {
			away(c);
			return;
		}
		c->n_in += (size_t)k;
		for (;;) {
			uint32_t be, n;

			if (c->n_in < 4)
				break;
			memcpy(&be, c->in, 4);
			n = ntohl(be);
			if (n > MESSAGE_MAX) {
				away(c);
				return;
			}
			if (c->n_in < 4 + (size_t)n)
				break;
			json_t *m = json_loadb(c->in + 4, n, 0, NULL);
			memmove(c->in, c->in + 4 + n, c->n_in - 4 - n);
			c->n_in -= 4 + n;
			if (json_is_object(m))
				got(c, m);
			json_decref(m);
			if (c->fd < 0)
				return;
		}
	}
}

void client_ask(struct client *c, json_t *message, bool keep)
{
	if (!keep && c->fd < 0) {
		c->answer(c->arg, message, NULL);
		json_decref(message);
		return;
	}
	add(c, message, keep, false, c->next_id);
	if (c->fd >= 0)
		flush(c);
	else
		away(c);
}

struct client *client_open(const char *socket_path, const char *spool_dir, client_answer *answer, client_order *order,
                           void *arg)
{
	struct client *c = xcalloc(1, sizeof(*c));

	snprintf(c->path, sizeof(c->path), "%s", socket_path);
	c->dir = open(spool_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->dir < 0) {
		free(c);
		return NULL;
	}
	c->fd = -1;
	c->in = xmalloc(MESSAGE_MAX + 4);
	c->last = &c->first;
	c->next_id = 1;
	c->answer = answer;
	c->order = order;
	c->arg = arg;
	load(c, spool_dir);
	return c;
}

void client_close(struct client *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	for (struct asked *a = c->first; a; a = a->next)
		spool(c, a);
	for (struct asked *a = c->first, *next; a; a = next) {
		next = a->next;
		json_decref(a->message);
		free(a);
	}
	close(c->dir);
	free(c->in);
	free(c);
}

int client_fd(const struct client *c)
{
	return c->fd;
}

size_t client_waiting(const struct client *c)
{
	return c->n_waiting;
}

/* Decides nothing: runs one request, given as text, through the road of request.c without a socket. For tests. It
 * splits lines and headers plainly; what a real server must refuse in them is libmicrohttpd's business. */
#include "http/impl.h"
#include <fcntl.h>
#include <unistd.h>

static void file_add(struct buf *out, const struct answer *a)
{
	char *to = buf_room(out, a->length);
	ssize_t n = to ? pread(a->fd, to, a->length, (off_t)a->from) : 0;
	if (n > 0)
		out->n += (size_t)n;
}

static void answer_write(struct exchange *x, struct buf *out)
{
	const struct answer *a = &x->a;
	buf_addf(out, "HTTP/1.1 %d %s\r\n", a->status, a->status < 400 ? "OK" : "Error");
	for (size_t i = 0; i < x->out_headers.n; i++)
		buf_addf(out, STR_F ": " STR_F "\r\n", STR_A(x->out_headers.at[i].name),
		         STR_A(x->out_headers.at[i].value));
	buf_addf(out, "Content-Length: %llu\r\n\r\n", (unsigned long long)(a->fd >= 0 ? a->length : a->body.n));
	if (x->head)
		return;
	if (a->fd >= 0)
		file_add(out, a);
	else
		buf_adds(out, a->body);
}

static void run(struct exchange *x, struct str raw)
{
	size_t end = str_find(raw, STR("\r\n\r\n"));
	struct str head = end == STR_NONE ? raw : str_sub(raw, 0, end), line, method, target;
	struct str body = end == STR_NONE ? STR("") : str_from(raw, end + 4);
	if (!str_cut(&head, '\n', &line))
		line = STR("");
	line = str_trim(line);
	if (!str_cut(&line, ' ', &method) || !str_cut(&line, ' ', &target))
		method = target = STR("");
	struct str one;
	while (str_cut(&head, '\n', &one)) {
		size_t colon = str_find_byte(one, ':');
		if (colon != STR_NONE)
			exchange_header(x, str_sub(one, 0, colon), str_trim(str_from(one, colon + 1)));
	}
	exchange_begin(x, method, target, STR("127.0.0.1"));
	if (exchange_early_rights(x))
		check_actor(x);
	if (x->has_body && !exchange_refuse_now(x))
		exchange_feed(x, body.p, x->length < body.n ? (size_t)x->length : body.n);
	exchange_run(x);
}

void http_loopback(const struct http_config *c, struct str raw, struct buf *out)
{
	struct core k;
	struct err err = { 0 };
	if (core_init(&k, c, &err) != RC_OK) {
		buf_addf(out, "HTTP/1.1 500 Error\r\n\r\n%s", err.text);
		core_release(&k);
		return;
	}
	struct exchange *x = exchange_new(&k);
	run(x, raw);
	answer_write(x, out);
	exchange_done(x);
	exchange_free(x);
	core_release(&k);
}

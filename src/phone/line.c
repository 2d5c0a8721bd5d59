/* carrel-phone: the telephone line. One thread, one loop: SIP and RTP by libre, the dialogue by dialog.c, the desk
 * behind client.c. A process of its own, because a parser that faces the network must not share the desk's memory, a
 * slow database must not break sound, and calls go on when the desk does not. Here: starting, the tick, stopping. */
#include "phone/line_private.h"
#define DEBUG_MODULE "phone"
#define DEBUG_LEVEL  3
#include <re_dbg.h>

void line_note(const char *event, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "event=phone.%s ", event);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

static void tick_h(void *arg) /* one timer for all calls */
{
	struct line *l = arg;
	uint64_t now = tmr_jiffies();

	if (now > l->next_tick && now - l->next_tick > l->late_max)
		l->late_max = now - l->next_tick;
	if (now > l->next_tick + LATE_MS)
		l->next_tick = now; /* a machine that slept: no burst */
	if (l->bucket < 2 * l->rate)
		l->bucket += l->rate * TICK_MS / 1000;
	for (struct le *le = list_head(&l->calls); le;) {
		struct call *c = le->data;

		le = le->next;
		leg_serve(c, c->a, now);
		leg_serve(c, c->b, now);
		if (!c->dead && c->due && now >= c->due) {
			c->due = 0;
			call_happen(c, (struct dialog_event){ .kind = DE_TIMEOUT });
		}
		if (c->dead)
			mem_deref(c);
	}
	list_flush(&l->grave);
	l->next_tick += TICK_MS;
	now = tmr_jiffies();
	tmr_start(&l->tick, l->next_tick > now ? l->next_tick - now : 0, tick_h, l);
}

static void signal_h(int sig)
{
	(void)sig;
	re_cancel();
}

static char *read_secret(const char *path)
{
	char line[200] = "";
	FILE *f = fopen(path, "re");

	if (!f)
		return NULL;
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	line[strcspn(line, "\r\n")] = 0;
	return strdup(line);
}

static int start(struct line *l, const struct options *o)
{
	int err = 0;

	if (o->secret && !(l->secret = read_secret(o->secret)))
		return ENOENT;
	l->prompts = prompts_open(o->prompts ? o->prompts : "");
	l->client = client_open(o->socket, l->spool, line_answer, line_order, l);
	if (!l->client)
		return ENOENT;
	err = line_listen(l, o);
	if (o->registrar && strstr(o->registrar, "transport="))
		l->via = strstr(o->registrar, ";transport=");
	l->wants_registration = o->registrar != NULL;
	l->registrar = o->registrar;
	if (!err && o->registrar)
		err = line_register(l);
	return err;
}

static void stop(struct line *l)
{
	for (struct le *le = list_head(&l->calls); le;) {
		struct call *c = le->data;

		le = le->next;
		call_record_end(c);
		call_end(c, "line-stopped");
	}
	list_flush(&l->calls);
	list_flush(&l->grave);
	tmr_cancel(&l->tick);
	tmr_cancel(&l->link);
	mem_deref(l->reg);
	if (l->socks)
		sipsess_close_all(l->socks);
	mem_deref(l->guard);
	mem_deref(l->socks);
	if (l->sip)
		sip_close(l->sip, true);
	mem_deref(l->sip);
	mem_deref(l->tls);
	if (l->link_fd >= 0)
		fd_close(l->link_fd);
	client_close(l->client);
	if (l->prompts)
		prompts_close(l->prompts);
	free(l->secret);
}

int main(int argc, char **argv)
{
	static const char usage[] = "usage: carrel-phone --listen ADDRESS:PORT --socket PATH --spool DIR [--allow "
	                            "ADDRESS ...] (see docs/PHONE.md)\n";
	struct line l = { .user = "desk",
		          .aor = "sip:desk@localhost",
		          .trunk = "",
		          .via = "",
		          .max_out = 10,
		          .out_day_s = 300 * 60,
		          .max_calls = 60,
		          .rate = 5,
		          .bucket = 10,
		          .link_fd = -1,
		          .dialog = dialog_defaults };
	struct options o = { 0 };
	int err = libre_init();

	fd_setsize(8192);            /* the default of 1.1 is 128 descriptors, 30 calls */
	dbg_init(DBG_ERR, DBG_NONE); /* or every malformed packet writes a line */
	if (err || !line_read_options(&l, &o, argc, argv)) {
		fputs(usage, stderr);
		return 64;
	}
	err = start(&l, &o);
	if (err)
		line_note("failed", "error=\"%s\"", strerror(err));
	if (!err && !line_seal(l.spool))
		line_note("unsealed", "text=\"this kernel does not confine the line to its spool\"");
	if (!err) {
		line_note("ready", "listen=%s trusted=%u waiting=%zu", o.listen, l.n_trust, client_waiting(l.client));
		l.next_tick = tmr_jiffies() + TICK_MS;
		tmr_start(&l.tick, TICK_MS, tick_h, &l);
		tmr_start(&l.link, 0, line_link_tick, &l);
		re_main(signal_h);
	}
	stop(&l);
	libre_close();
	return err ? 1 : 0;
}

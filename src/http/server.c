/* Decides what runs where: libmicrohttpd's event threads read and write sockets and serve quick reads; a pool of
 * workers, started when needed, runs everything that may block while its connection is suspended; a reaper cuts
 * connections that dawdle, because libmicrohttpd's own time-out only sees complete silence. The road of a request is
 * request.c's; nothing here looks into one. */
#include "http/impl.h"
#include "util/log.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define POOLED      64 /* exchanges kept for reuse */
#define STOP_US     (10 * SECOND_US)
#define SILENCE_S   30u /* libmicrohttpd's own time-out: nothing moved at all */
#define CONN_MEMORY ((size_t)32 << 10)
#if defined(__SANITIZE_ADDRESS__)
#define WORKER_STACK ((size_t)2 << 20)
#else
#define WORKER_STACK ((size_t)256 << 10)
#endif

const struct server_limits server_limits_default = {
	.request_us = 60 * SECOND_US,
	.longest_us = 1800 * SECOND_US,
	.body_rate = 500,
	.queued_us = 60 * SECOND_US,
	.tick_us = SECOND_US,
	.idle_us = 30 * SECOND_US,
	.queue = 512,
};

enum phase { PHASE_HEADERS, PHASE_BODY, PHASE_RUN, PHASE_SEND };
struct conn {
	struct conn *next, *prev;
	struct http *h;
	struct MHD_Connection *mhd;
	struct exchange *x;
	int fd;
	struct str peer;
	char peer_text[INET6_ADDRSTRLEN];
	enum { CONN_NEW, CONN_EARLY, CONN_BODY, CONN_WORK, CONN_DONE } state;
	int64_t queued_us;
	/* read by the reaper */
	_Atomic int phase;
	_Atomic int64_t since_us;
	_Atomic uint64_t moved; /* bytes of the body, in or out */
};

struct http {
	struct core core;
	struct server_limits limits;
	struct MHD_Daemon *daemon;
	pthread_mutex_t conns_lock;
	struct conn conns; /* ring */
	pthread_mutex_t free_lock;
	struct exchange *free_list;
	int n_free;
	/* workers */
	pthread_mutex_t lock;
	pthread_cond_t work, gone;
	struct conn **queue;
	size_t head, queued;
	int workers, idle, max_workers;
	_Atomic bool stopping;
	pthread_t reaper;
	pthread_cond_t tick;
};

/* ---- exchanges ---- */
static struct exchange *exchange_take(struct http *h)
{
	pthread_mutex_lock(&h->free_lock);
	struct exchange *x = h->free_list;
	if (x) {
		h->free_list = x->next;
		h->n_free--;
	}
	pthread_mutex_unlock(&h->free_lock);
	atomic_fetch_add(&h->core.in_flight, 1);
	if (x)
		x->next = NULL;
	return x ? x : exchange_new(&h->core);
}

static void exchange_give(struct http *h, struct exchange *x)
{
	exchange_done(x);
	exchange_clear(x);
	pthread_mutex_lock(&h->free_lock);
	bool keep = h->n_free < POOLED;
	if (keep) {
		x->next = h->free_list;
		h->free_list = x;
		h->n_free++;
	}
	pthread_mutex_unlock(&h->free_lock);
	if (!keep)
		exchange_free(x);
	atomic_fetch_sub(&h->core.in_flight, 1);
}

static void conn_phase(struct conn *c, enum phase phase)
{
	atomic_store_explicit(&c->since_us, time_monotonic_us(), memory_order_relaxed);
	atomic_store_explicit(&c->phase, (int)phase, memory_order_relaxed);
}

/* ---- workers ---- */
static void run_one(struct http *h, struct conn *c)
{
	if (time_monotonic_us() - c->queued_us > h->limits.queued_us || h->stopping)
		refuse(c->x, 503, "busy",
		       "The desk is too busy at the moment; nothing was done. Please try again shortly.");
	if (c->state == CONN_EARLY) {
		if (!c->x->refused)
			check_actor(c->x);
	} else {
		exchange_run(c->x);
		c->state = CONN_DONE;
	}
	MHD_resume_connection(c->mhd);
}

static void deadline(struct timespec *ts, int64_t us)
{
	int64_t at = time_monotonic_us() + us;
	ts->tv_sec = at / SECOND_US;
	ts->tv_nsec = at % SECOND_US * 1000;
}

static void *worker_main(void *arg)
{
	struct http *h = arg;

	pthread_setname_np(pthread_self(), "http worker");
	pthread_mutex_lock(&h->lock);
	for (;;) {
		struct timespec until;
		deadline(&until, h->limits.idle_us);
		int late = 0;
		h->idle++;
		while (!h->queued && !h->stopping && !late)
			late = pthread_cond_timedwait(&h->work, &h->lock, &until);
		h->idle--;
		if (!h->queued)
			break;
		struct conn *c = h->queue[h->head];
		h->head = (h->head + 1) % h->limits.queue;
		h->queued--;
		pthread_mutex_unlock(&h->lock);
		run_one(h, c);
		pthread_mutex_lock(&h->lock);
	}
	h->workers--;
	pthread_cond_broadcast(&h->gone);
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

static bool worker_start(struct http *h)
{
	pthread_t id;
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, WORKER_STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	bool ok = pthread_create(&id, &attr, worker_main, h) == 0;
	pthread_attr_destroy(&attr);
	h->workers += ok;
	return ok;
}

/* Suspends the connection and queues it. False when the queue is full; nothing was done then. */
static bool to_worker(struct http *h, struct conn *c)
{
	pthread_mutex_lock(&h->lock);
	bool ok = !h->stopping && h->queued < h->limits.queue;
	/* Idle workers may have been promised to others already: count what waits. */
	if (ok && (size_t)h->idle <= h->queued && h->workers < h->max_workers)
		worker_start(h);
	ok = ok && h->workers > 0;
	if (ok) {
		conn_phase(c, PHASE_RUN);
		c->queued_us = time_monotonic_us();
		MHD_suspend_connection(c->mhd);
		h->queue[(h->head + h->queued++) % h->limits.queue] = c;
		pthread_cond_signal(&h->work);
	}
	pthread_mutex_unlock(&h->lock);
	return ok;
}

/* ---- answers ---- */
static enum MHD_Result send_answer(struct conn *c)
{
	struct exchange *x = c->x;
	struct answer *a = &x->a;
	struct MHD_Response *r;
	if (a->fd >= 0) {
		r = MHD_create_response_from_fd_at_offset64(a->length, a->fd, a->from);
		if (r)
			a->fd = -1; /* the response closes it */
	} else {
		/* Lives until on_completed(). */
		r = MHD_create_response_from_buffer(a->body.n, (void *)(uintptr_t)(a->body.n ? a->body.p : ""),
		                                    MHD_RESPMEM_PERSISTENT);
	}
	if (!r)
		return MHD_NO;
	for (size_t i = 0; i < x->out_headers.n; i++) {
		struct pair *p = &x->out_headers.at[i];
		/* Values are NUL-terminated where arena_str() or a literal made them; borrowed ones are copied. */
		if (str_empty(p->value))
			continue;
		MHD_add_response_header(r, p->name.p, str_z(&x->arena, p->value));
	}
	conn_phase(c, PHASE_SEND);
	atomic_store_explicit(&c->moved, 0, memory_order_relaxed);
	enum MHD_Result ok = MHD_queue_response(c->mhd, (unsigned)a->status, r);
	MHD_destroy_response(r);
	return ok;
}

static enum MHD_Result answer_here(struct conn *c)
{
	exchange_run(c->x);
	c->state = CONN_DONE;
	return send_answer(c);
}

/* ---- libmicrohttpd's callbacks ---- */
static enum MHD_Result each_header(void *cls, enum MHD_ValueKind kind, const char *name, size_t n_name,
                                   const char *value, size_t n_value)
{
	exchange_header(cls, (struct str){ name, n_name }, (struct str){ value ? value : "", n_value });
	return MHD_YES;
}

static enum MHD_Result take_headers(struct http *h, struct conn *c, const char *method)
{
	struct exchange *x = c->x;
	MHD_get_connection_values_n(c->mhd, MHD_HEADER_KIND, each_header, x);
	exchange_begin(x, str_of(method), x->target, c->peer);
	conn_phase(c, PHASE_BODY);
	c->state = CONN_BODY;
	if (exchange_refuse_now(x)) {
		x->a.close = true;
		return answer_here(c);
	}
	if (exchange_early_rights(x)) {
		c->state = CONN_EARLY;
		if (to_worker(h, c))
			return MHD_YES;
		x->a.close = true;
		refuse(x, 503, "busy",
		       "The desk is too busy at the moment; nothing was done. Please try again shortly.");
		return answer_here(c);
	}
	return MHD_YES;
}

static enum MHD_Result take_end(struct http *h, struct conn *c)
{
	if (!exchange_needs_worker(c->x))
		return answer_here(c);
	c->state = CONN_WORK;
	if (to_worker(h, c))
		return MHD_YES;
	refuse(c->x, 503, "busy", "The desk is too busy at the moment; nothing was done. Please try again shortly.");
	return answer_here(c);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                                  const char *version, const char *data, size_t *n, void **request)
{
	struct http *h = cls;
	struct conn *c = *request;
	if (!c)
		return MHD_NO;
	switch (c->state) {
	case CONN_NEW:
		return take_headers(h, c, method);
	case CONN_EARLY: /* called again as if for the first time; the rights are known now */
		conn_phase(c, PHASE_BODY);
		c->state = CONN_BODY;
		if (!c->x->refused)
			return MHD_YES;
		c->x->a.close = true;
		return answer_here(c);
	case CONN_BODY:
		if (*n == 0)
			return take_end(h, c);
		exchange_feed(c->x, data, *n);
		atomic_fetch_add_explicit(&c->moved, *n, memory_order_relaxed);
		*n = 0;
		/* A refused body is swallowed so that the answer is read, but not for ever. */
		return c->x->refused && c->x->received > c->x->limit + h->core.c.max_upload ? MHD_NO : MHD_YES;
	case CONN_DONE:
		return send_answer(c);
	default:
		return MHD_NO;
	}
}

static struct conn *conn_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return i ? i->socket_context : NULL;
}

static void conn_finish(struct conn *c)
{
	if (c->x)
		exchange_give(c->h, c->x);
	c->x = NULL;
	c->state = CONN_NEW;
	conn_phase(c, PHASE_HEADERS);
}

/* The request line has come. libmicrohttpd's own reading of the target is not used. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
	struct http *h = cls;
	struct conn *c = conn_of(mhd);
	if (!c)
		return NULL;
	conn_finish(c);
	c->x = exchange_take(h);
	atomic_store_explicit(&c->moved, 0, memory_order_relaxed);
	c->x->target = arena_str(&c->x->arena, str_of(target));
	return c;
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **request, enum MHD_RequestTerminationCode why)
{
	struct conn *c = *request;
	if (c)
		conn_finish(c);
	*request = NULL;
}

static void peer_read(struct conn *c, const struct sockaddr *sa)
{
	c->peer_text[0] = '\0';
	if (sa && sa->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, c->peer_text,
		          sizeof c->peer_text);
	else if (sa && sa->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, c->peer_text,
		          sizeof c->peer_text);
	c->peer = str_of(c->peer_text);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
	struct http *h = cls;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		struct conn *c = xcalloc(1, sizeof *c);
		c->h = h;
		c->mhd = mhd;
		c->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		peer_read(c, MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
		conn_phase(c, PHASE_HEADERS);
		pthread_mutex_lock(&h->conns_lock);
		c->next = &h->conns;
		c->prev = h->conns.prev;
		c->prev->next = c->next->prev = c;
		pthread_mutex_unlock(&h->conns_lock);
		*context = c;
		return;
	}
	struct conn *c = *context;
	if (!c)
		return;
	/* The socket is still open here, and shut by the reaper only under this lock: never somebody else's. */
	pthread_mutex_lock(&h->conns_lock);
	c->prev->next = c->next;
	c->next->prev = c->prev;
	pthread_mutex_unlock(&h->conns_lock);
	if (c->x)
		exchange_give(h, c->x);
	free(c);
	*context = NULL;
}

static size_t keep_escapes(void *cls, struct MHD_Connection *mhd, char *s)
{
	return strlen(s);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *cls, const char *fmt, va_list ap)
{
	char line[256];
	vsnprintf(line, sizeof line, fmt, ap);
	log_debug("http.library", { "text", LOG_STR(str_trim(str_of(line))) });
}

/* ---- the reaper ---- */
static bool overdue(const struct server_limits *l, struct conn *c, int64_t now)
{
	int phase = atomic_load_explicit(&c->phase, memory_order_relaxed);
	int64_t spent = now - atomic_load_explicit(&c->since_us, memory_order_relaxed);
	if (phase == PHASE_RUN || spent < l->request_us)
		return false;
	if (phase == PHASE_HEADERS || spent > l->longest_us)
		return true;
	if (phase == PHASE_SEND) /* how far it got is not ours to see: silence is cut by libmicrohttpd */
		return false;
	uint64_t due = (uint64_t)(spent / 1000 * l->body_rate / 1000);
	return atomic_load_explicit(&c->moved, memory_order_relaxed) < due;
}

static void *reaper_main(void *arg)
{
	struct http *h = arg;
	pthread_mutex_lock(&h->lock);
	while (!h->stopping) {
		struct timespec until;
		deadline(&until, h->limits.tick_us);
		pthread_cond_timedwait(&h->tick, &h->lock, &until);
		pthread_mutex_unlock(&h->lock);
		int64_t now = time_monotonic_us();
		pthread_mutex_lock(&h->conns_lock);
		for (struct conn *c = h->conns.next; c != &h->conns; c = c->next)
			if (overdue(&h->limits, c, now))
				shutdown(c->fd, SHUT_RDWR);
		pthread_mutex_unlock(&h->conns_lock);
		pthread_mutex_lock(&h->lock);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/* ---- start and stop ---- */
static enum rc socket_open(const struct http_config *c, int *ret, int *ret_port, struct err *err)
{
	struct str host;
	int port, one = 1;
	char host_z[256], port_z[16];
	if (net_split(c->listen, &host, &port) != RC_OK || host.n >= sizeof host_z)
		return fail(err, RC_INVALID, "The listen address \"" STR_F "\" is not of the form 127.0.0.1:8080.",
		            STR_A(c->listen));
	memcpy(host_z, host.p, host.n);
	host_z[host.n] = '\0';
	snprintf(port_z, sizeof port_z, "%d", port);
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *ai;
	if (getaddrinfo(str_is(host, "localhost") ? "127.0.0.1" : host_z, port_z, &hints, &ai) != 0)
		return fail(err, RC_INVALID, "The listen address \"" STR_F "\" is not known here.", STR_A(c->listen));
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
	          bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, 511) == 0;
	freeaddrinfo(ai);
	struct sockaddr_storage at;
	socklen_t n = sizeof at;
	if (!ok || getsockname(fd, (struct sockaddr *)&at, &n) != 0) {
		if (fd >= 0)
			close(fd);
		return fail(err, RC_FAULT, "Cannot listen on " STR_F ": %s.", STR_A(c->listen), strerror(errno));
	}
	*ret_port = ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)(void *)&at)->sin6_port
	                                           : ((struct sockaddr_in *)(void *)&at)->sin_port);
	*ret = fd;
	return RC_OK;
}

static unsigned connection_limit(void)
{
	struct rlimit r;
	rlim_t n = getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur > 256 ? r.rlim_cur / 2 : 128;
	return n < 8192 ? (unsigned)n : 8192;
}

static struct MHD_Daemon *daemon_start(struct http *h, int fd)
{
	int cores = h->core.c.threads > 0 ? h->core.c.threads : (int)sysconf(_SC_NPROCESSORS_ONLN);
	struct MHD_OptionItem pool[] = {
		{MHD_OPTION_THREAD_POOL_SIZE, cores, NULL},
                { MHD_OPTION_END,             0,     NULL}
	};
	if (cores < 2)
		pool[0].option = MHD_OPTION_END;
	return MHD_start_daemon(
	        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, NULL,
	        NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_log, h, MHD_OPTION_LISTEN_SOCKET, fd,
	        MHD_OPTION_URI_LOG_CALLBACK, on_target, h, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, h,
	        MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
	        MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_S, MHD_OPTION_CONNECTION_LIMIT, connection_limit(),
	        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONN_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1,
	        MHD_OPTION_THREAD_STACK_SIZE, (size_t)1 << 20, MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
}

static void http_release(struct http *h)
{
	while (h->free_list) {
		struct exchange *x = h->free_list;
		h->free_list = x->next;
		exchange_free(x);
	}
	pthread_mutex_destroy(&h->lock);
	pthread_mutex_destroy(&h->conns_lock);
	pthread_mutex_destroy(&h->free_lock);
	pthread_cond_destroy(&h->work);
	pthread_cond_destroy(&h->gone);
	pthread_cond_destroy(&h->tick);
	core_release(&h->core);
	free(h->queue);
	free(h);
}

static struct http *http_new(const struct server_limits *l)
{
	struct http *h = xcalloc(1, sizeof *h);
	h->limits = *l;
	h->conns.next = h->conns.prev = &h->conns;
	h->queue = xcalloc(l->queue, sizeof *h->queue);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->work, &attr);
	pthread_cond_init(&h->gone, &attr);
	pthread_cond_init(&h->tick, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&h->lock, NULL);
	pthread_mutex_init(&h->conns_lock, NULL);
	pthread_mutex_init(&h->free_lock, NULL);
	return h;
}

enum rc server_start(const struct http_config *c, const struct server_limits *l, struct http **ret, struct err *err)
{
	struct http *h = http_new(l);
	int fd = -1, port = 0;
	enum rc rc = core_init(&h->core, c, err);
	if (rc == RC_OK)
		rc = socket_open(c, &fd, &port, err);
	if (rc != RC_OK) {
		http_release(h);
		return rc;
	}
	h->core.port = port;
	h->max_workers = c->workers > 0 ? c->workers : 64;
	if (pthread_create(&h->reaper, NULL, reaper_main, h) != 0)
		die("http: no thread for the reaper");
	h->daemon = daemon_start(h, fd);
	if (!h->daemon) {
		close(fd);
		pthread_mutex_lock(&h->lock);
		h->stopping = true;
		pthread_cond_broadcast(&h->tick);
		pthread_mutex_unlock(&h->lock);
		pthread_join(h->reaper, NULL);
		http_release(h);
		return fail(err, RC_FAULT, "The web server could not start its threads.");
	}
	log_info("http.start", { "listen", LOG_STR(c->listen) }, { "port", LOG_I64(port) });
	*ret = h;
	return RC_OK;
}

enum rc http_start(const struct http_config *c, struct http **ret, struct err *err)
{
	return server_start(c, &server_limits_default, ret, err);
}

int http_port(const struct http *h)
{
	return h->core.port;
}

/* No new connections, then the running requests are waited for; only then may libmicrohttpd go, which must not be
 * stopped while a connection is suspended. */
void http_stop(struct http *h)
{
	int64_t until_us = time_monotonic_us() + STOP_US;
	struct timespec until;
	MHD_socket fd = MHD_quiesce_daemon(h->daemon);
	pthread_mutex_lock(&h->lock);
	h->stopping = true;
	pthread_cond_broadcast(&h->work);
	pthread_cond_broadcast(&h->tick);
	int late = 0;
	deadline(&until, STOP_US);
	while (h->workers && !late)
		late = pthread_cond_timedwait(&h->gone, &h->lock, &until);
	bool stuck = h->workers > 0;
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->reaper, NULL);
	if (fd >= 0)
		close(fd);
	if (stuck) {
		/* A handler does not end; the process will, and takes all this with it. */
		log_warn("http.stop", { "stuck", LOG_I64(h->workers) });
		return;
	}
	while (atomic_load(&h->core.in_flight) > 0 && time_monotonic_us() < until_us)
		usleep(2000); /* the last answers leave */
	MHD_stop_daemon(h->daemon);
	http_release(h);
}

void http_stats(const struct http *h, struct http_stats *ret)
{
	struct http *w = (struct http *)(uintptr_t)h;
	for (size_t i = 0; i < COUNT(ret->requests); i++)
		ret->requests[i] = atomic_load(&w->core.requests[i]);
	ret->bytes_out = atomic_load(&w->core.bytes_out);
	ret->microseconds = atomic_load(&w->core.microseconds);
	ret->in_flight = atomic_load(&w->core.in_flight);
	pthread_mutex_lock(&w->lock);
	ret->workers = w->workers;
	pthread_mutex_unlock(&w->lock);
}

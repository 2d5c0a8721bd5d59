/* What monitoring asks: is it healthy, why not, and the numbers. */
#include "app/ops.h"
#include "account/account.h"
#include "blob/blob.h"
#include "desk/desk.h"
#include "event/event.h"
#include "jail/jail.h"
#include "jobs/jobs.h"
#include "inbox/inbox.h"
#include "util/json.h"

struct health {
	struct req *q;
	struct job_counts jobs;
	struct intake_counts mail;
	int64_t notify_lag, search_lag;
	struct str phone_why; /* why the telephone line is down, if it said so */
	struct intake_counts channel[4]; /* by enum intake_channel */
	struct mail_channel *ways;
	size_t n_ways;
	struct instant oldest; /* mail that waits to be filed */
};

static enum rc read_health(struct db_tx *tx, void *arg, struct err *err)
{
	struct health *h = arg;
	enum rc rc = job_count(tx, h->q->now, &h->jobs, err);

	for (int c = INTAKE_LMTP; c <= INTAKE_IMAP && rc == RC_OK; c++) {
		rc = intake_count(tx, (enum intake_channel)c, &h->channel[c], err);
		h->mail.accepted += h->channel[c].accepted;
		for (int s = INTAKE_RECEIVED; s <= INTAKE_DUPLICATE; s++)
			h->mail.state[s] += h->channel[c].state[s];
	}
	if (rc == RC_OK && setting_get(tx, h->q->arena, "phone-why", &h->phone_why, err) != RC_OK)
		h->phone_why = STR_NULL;
	if (rc == RC_OK)
		rc = intake_oldest(tx, &h->oldest, err);
	return rc == RC_OK ? mail_channels(tx, h->q->arena, &h->ways, &h->n_ways, err) : rc;
}

static enum rc gather(struct health *h, struct err *err)
{
	struct desk *d = h->q->app;
	enum rc rc = db_read(d->db, read_health, h, err);

	if (rc == RC_OK)
		rc = event_lag(d->db, "notify", &h->notify_lag, err);
	return rc == RC_OK ? event_lag(d->db, "search", &h->search_lag, err) : rc;
}

static void issue(struct json *j, bool *healthy, struct str text)
{
	*healthy = false;
	json_str(j, text);
}

static enum rc get_healthz(struct req *q, struct resp *r)
{
	struct desk *d = q->app;
	struct health h = { .q = q };
	struct err err = { 0 };
	struct json j;
	bool healthy = true;
	enum rc rc = gather(&h, &err);
	int64_t space = blob_free_bytes(d->blobs);

	json_init(&j, r->body);
	json_obj(&j);
	json_key(&j, "issues");
	json_arr(&j);
	if (rc != RC_OK)
		issue(&j, &healthy, arena_strf(q->arena, "The database does not answer: %s", err.text));
	if (space < d->config.min_free)
		issue(&j, &healthy, arena_strf(q->arena, "Little disk space: %lld MB are free; mail and uploads are refused below %lld MB. Free some space.",
					       (long long)(space >> 20), (long long)(d->config.min_free >> 20)));
	if (h.jobs.dead)
		issue(&j, &healthy, arena_strf(q->arena, "%lld jobs gave up: see Administration, Jobs.", (long long)h.jobs.dead));
	if (h.mail.state[INTAKE_QUARANTINE])
		issue(&j, &healthy, arena_strf(q->arena, "%lld mails are in quarantine: see Mail triage.", (long long)h.mail.state[INTAKE_QUARANTINE]));
	for (size_t i = 0; i < h.n_ways; i++)
		if (mail_channel_alarms(&h.ways[i], q->now))
			issue(&j, &healthy, arena_strf(q->arena, "Mail way " STR_F ": " STR_F, STR_A(h.ways[i].name),
						       STR_A(h.ways[i].error.n ? h.ways[i].error : STR("nothing was heard of it for a quarter of an hour."))));
	if (time_is_set(h.oldest) && q->now.us - h.oldest.us > INTAKE_STUCK_US)
		issue(&j, &healthy, arena_strf(q->arena, "Mail has been waiting to be filed for %lld minutes. It is kept; the log says why (mail.not-filed).",
					       (long long)((q->now.us - h.oldest.us) / MINUTE_US)));
	if (__atomic_load_n(&d->phone_line, __ATOMIC_RELAXED) == PHONE_DOWN)
		issue(&j, &healthy, arena_strf(q->arena, "The telephone line is down: " STR_F, STR_A(h.phone_why.n ? h.phone_why : STR("it does not run; see phone.line_ended in the log."))));
	if (h.jobs.oldest_due_us > 10 * MINUTE_US)
		issue(&j, &healthy, STR("Jobs have been waiting for more than ten minutes."));
	json_end_arr(&j);
	json_kbool(&j, "healthy", healthy);
	json_end_obj(&j);
	/* Degraded is still serving: only a desk that cannot read answers 503. */
	return resp_json(r, rc == RC_OK ? 200 : 503);
}

static void metric(struct buf *b, const char *name, const char *labels, const char *kind, const char *help, int64_t v)
{
	if (help)
		buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
	buf_addf(b, "%s%s %lld\n", name, labels, (long long)v);
}

static enum rc get_metrics(struct req *q, struct resp *r)
{
	struct desk *d = q->app;
	struct health h = { .q = q };
	struct jail_stats jail;
	enum rc rc = gather(&h, req_err(q));

	if (rc != RC_OK)
		return rc;
	jail_stats(d->jail, &jail);
	metric(r->body, "carrel_uptime_seconds", "", "gauge", "Since the start", (q->now.us - d->started_at.us) / SECOND_US);
	metric(r->body, "carrel_disk_free_bytes", "", "gauge", "Free space for attachments and mail", blob_free_bytes(d->blobs));
	metric(r->body, "carrel_jobs", "{state=\"waiting\"}", "gauge", "Jobs by state", h.jobs.waiting);
	metric(r->body, "carrel_jobs", "{state=\"running\"}", NULL, NULL, h.jobs.running);
	metric(r->body, "carrel_jobs", "{state=\"dead\"}", NULL, NULL, h.jobs.dead);
	static const char *const names[] = { "", "lmtp", "pipe", "imap" };
	for (int c = INTAKE_LMTP; c <= INTAKE_IMAP; c++)
		metric(r->body, "carrel_mail_accepted_total", arena_strf(q->arena, "{channel=\"%s\"}", names[c]).p, "counter",
		       c == INTAKE_LMTP ? "Mails accepted" : NULL, h.channel[c].accepted);
	for (int c = INTAKE_LMTP; c <= INTAKE_IMAP; c++)
		for (int i = INTAKE_RECEIVED; i <= INTAKE_DUPLICATE; i++) {
			struct str label = arena_strf(q->arena, "{channel=\"%s\",state=\"%s\"}", names[c], intake_state_name((enum intake_state)i));

			metric(r->body, "carrel_mail", label.p, "gauge", c == INTAKE_LMTP && i == INTAKE_RECEIVED ? "Mails by what became of them" : NULL,
			       h.channel[c].state[i]);
		}
	for (size_t i = 0; i < h.n_ways; i++)
		metric(r->body, "carrel_mail_channel_up", arena_strf(q->arena, "{channel=\"" STR_F "\"}", STR_A(h.ways[i].name)).p, "gauge",
		       i == 0 ? "Mailboxes: 1 is read, 0 fails or is silent" : NULL, !mail_channel_alarms(&h.ways[i], q->now));
	metric(r->body, "carrel_mail_oldest_waiting_seconds", "", "gauge", "How long the mail has waited that waits longest to be filed",
	       time_is_set(h.oldest) && q->now.us > h.oldest.us ? (q->now.us - h.oldest.us) / SECOND_US : 0);
	int line = __atomic_load_n(&d->phone_line, __ATOMIC_RELAXED);
	if (line != PHONE_NONE)
		metric(r->body, "carrel_phone_line_up", "", "gauge", "1: the telephone line takes calls", line == PHONE_UP);
	metric(r->body, "carrel_reader_lag_events", "{reader=\"notify\"}", "gauge", "Events a reader of the log is behind", h.notify_lag);
	metric(r->body, "carrel_reader_lag_events", "{reader=\"search\"}", NULL, NULL, h.search_lag);
	metric(r->body, "carrel_jail_requests_total", "", "counter", "Mails and markup parsed in the jail", (int64_t)jail.requests);
	metric(r->body, "carrel_jail_crashes_total", "", "counter", "Workers of the jail that crashed or ran out of time", (int64_t)(jail.crashes + jail.timeouts));
	r->type = STR("text/plain; version=0.0.4; charset=utf-8");
	return RC_OK;
}

const struct route ops_routes[] = {
	{ HTTP_GET, "/healthz", CAP_PUBLIC, get_healthz, NULL, ROUTE_SLOW, "Whether the desk is healthy, with reasons", NULL, NULL },
	{ HTTP_GET, "/metrics", CAP_OPS, get_metrics, NULL, ROUTE_SLOW, "Numbers in Prometheus text", NULL, NULL },
	{ .path = NULL },
};

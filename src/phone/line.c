/* carrel-phone: the telephone line. One thread, one loop: SIP and RTP by libre, the dialogue by dialog.c, the desk
 * behind client.c. A process of its own, because a parser that faces the network must not share the desk's memory, a
 * slow database must not break sound, and calls go on when the desk does not. It never dials a number that a caller
 * gave. */
#define JSON_STRING RE_JSON_STRING /* jansson has the same names */
#define JSON_INT    RE_JSON_INT
#define JSON_DOUBLE RE_JSON_DOUBLE
#define JSON_BOOL   RE_JSON_BOOL
#define JSON_NULL   RE_JSON_NULL
#include <re.h>
#include <rem.h>
#undef JSON_STRING
#undef JSON_INT
#undef JSON_DOUBLE
#undef JSON_BOOL
#undef JSON_NULL
#define DEBUG_MODULE "phone"
#define DEBUG_LEVEL  3
#include <re_dbg.h>

#include "phone/dialog.h"
#include "phone/line.h"
#include "phone/sdes.h"
#include "phone/sound.h"
#include <getopt.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { TICK = 20, LOST_MS = 30000, TRUST_MAX = 32, PREFIX_MAX = 16, LATENESS = 200 };

struct line;
struct call;
struct leg { /* one SIP dialog and its RTP stream */
	struct le le;
	struct call *call; /* NULL once buried */
	struct line *line;
	enum dialog_leg who;
	struct sipsess *sess;
	struct sdp_session *sdp;
	struct sdp_media *m;
	struct rtp_sock *rtp;
	struct sdes *srtp;
	struct dtmf_dec *dec; /* in-band detector, only where RFC 4733 was not agreed */
	struct sa peer, sig;  /* RTP peer; where the signalling comes from */
	uint8_t clips[DIALOG_CLIPS];
	size_t n_clips, clip, pos;
	struct keys keys;
	uint32_t ts, shift, rx, tx, relayed;
	uint64_t media;
	int pt, te;
	bool latched, alaw, up, heard_any;
};
struct engineer {
	int64_t agent;
	char number[80];
};
struct call {
	struct le le;
	struct line *line;
	struct dialog d;
	struct leg *a, *b; /* the customer; the engineer */
	struct recording rec;
	struct engineer roster[DIALOG_ROSTER];
	uint64_t due, described;
	char key[36], from[48], to[48], callee[80], recording[16];
	int legs;
	int64_t wish, rung_ms;
	struct dialog_event next[32]; /* what happened and is not told to the dialogue yet */
	size_t n_next;
	bool dead, said_end, busy;
};
struct line {
	struct sip *sip;
	struct sipsess_sock *socks;
	struct sipreg *reg;
	struct sip_lsnr *guard;
	struct tls *tls;
	struct list calls, grave;
	struct sa local, trust[TRUST_MAX];
	struct tmr tick, link;
	struct client *client;
	struct prompts *prompts;
	struct dialog_config dialog;
	struct engineer roster[DIALOG_ROSTER]; /* the last one the desk told */
	int n_roster;
	uint64_t next_tick, late_max, said_state;
	unsigned n_trust, n_calls, max_calls, dropped, total, n_prefixes;
	double bucket, rate;
	const char *spool, *user, *aor, *trunk, *password, *prefix[PREFIX_MAX];
	char *secret;
	enum prompt_lang lang;
	enum sip_transp out;
	bool srtp, registered, wants_registration, was_registered, linked;
	int link_fd;
};

static void happen(struct call *c, struct dialog_event e);
static void rtp_h(const struct sa *src, const struct rtp_header *h, struct mbuf *mb, void *arg);

static void note(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(const char *event, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "event=phone.%s ", event);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

static uint64_t wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void tell(struct call *c, const char *op, json_t *more, bool keep)
{
	json_t *m = more ? more : json_object();

	json_object_set_new(m, "op", json_string(op));
	json_object_set_new(m, "key", json_string(c->key));
	json_object_set_new(m, "at", json_integer((json_int_t)wall_us()));
	client_ask(c->line->client, m, keep);
}

/* ---- legs ---- */

static void leg_free(void *arg)
{
	struct leg *l = arg;

	list_unlink(&l->le);
	mem_deref(l->sess);
	mem_deref(l->srtp);
	mem_deref(l->rtp);
	mem_deref(l->sdp);
	mem_deref(l->dec);
}

/* Never freed inside its own handler: buried, and the tick empties the grave. */
static void bury(struct leg **lp)
{
	struct leg *l = *lp;

	*lp = NULL;
	if (!l)
		return;
	l->call = NULL;
	list_append(&l->line->grave, &l->le, l);
}

static void on_key(struct leg *l, char key)
{
	if (l->call && l->up)
		happen(l->call, (struct dialog_event){ .kind = DE_DIGIT, .leg = l->who, .digit = key });
}

static void inband_h(char digit, void *arg)
{
	if (digit)
		on_key(arg, digit);
}

static int leg_alloc(struct leg **lp, struct call *c, enum dialog_leg who, bool srtp)
{
	struct leg *l = mem_zalloc(sizeof(*l), leg_free);
	struct sa ip = c->line->local;
	int err;

	if (!l)
		return ENOMEM;
	l->call = c;
	l->line = c->line;
	l->who = who;
	l->te = l->pt = -1;
	l->ts = rand_u32();
	sa_set_port(&ip, 0);
	err = sdp_session_alloc(&l->sdp, &ip);
	if (!err)
		err = rtp_listen(&l->rtp, IPPROTO_UDP, &ip, 20000, 29999, true, rtp_h, NULL, l);
	if (!err)
		err = sdp_media_add(&l->m, l->sdp, sdp_media_audio, sa_port(rtp_local(l->rtp)),
		                    srtp ? sdp_proto_rtpsavp : sdp_proto_rtpavp);
	if (!err)
		err = sdp_format_add(NULL, l->m, false, "8", "PCMA", SOUND_RATE, 1, NULL, NULL, NULL, false, NULL);
	if (!err)
		err = sdp_format_add(NULL, l->m, false, "0", "PCMU", SOUND_RATE, 1, NULL, NULL, NULL, false, NULL);
	if (!err)
		err = sdp_format_add(NULL, l->m, false, "101", telev_rtpfmt, SOUND_RATE, 1, NULL, NULL, NULL, false,
		                     "0-15");
	if (!err && srtp)
		err = sdes_alloc(&l->srtp, l->rtp, l->m);
	if (err)
		mem_deref(l);
	else
		*lp = l;
	return err;
}

static int leg_sdp(struct leg *l, const struct sip_msg *msg, bool offer)
{
	const struct sdp_format *f = NULL, *te;
	int err = sdp_decode(l->sdp, msg->mb, offer);

	if (!err && l->srtp)
		err = sdes_peer(l->srtp, l->m);
	if (err)
		return err;
	for (struct le *le = list_head(sdp_media_format_lst(l->m, false)); le && !f; le = le->next) {
		const struct sdp_format *r = le->data;

		if (r->sup && (!str_casecmp(r->name, "PCMA") || !str_casecmp(r->name, "PCMU")))
			f = r;
	}
	te = sdp_media_rformat(l->m, telev_rtpfmt);
	if (!f || !sdp_media_rport(l->m))
		return ENOTSUP;
	l->pt = f->pt;
	l->alaw = !str_casecmp(f->name, "PCMA");
	l->te = te ? te->pt : -1;
	l->peer = *sdp_media_raddr(l->m);
	l->sig = msg->src;
	l->latched = false;
	return te || l->dec ? 0 : dtmf_dec_alloc(&l->dec, SOUND_RATE, 1, inband_h, l);
}

static int16_t next_sample(struct leg *l, bool *ended)
{
	while (l->clip < l->n_clips) {
		size_t n;
		const int16_t *v = prompt_sound(l->line->prompts, l->call->d.lang, (enum prompt_clip)l->clips[l->clip],
		                                &n);

		if (l->pos < n)
			return v[l->pos++];
		l->pos = 0;
		if (l->clips[l->clip] == CLIP_RINGING)
			continue;
		l->clip++;
		*ended = l->clip == l->n_clips;
	}
	return 0;
}

/* 20 ms of what is said, or silence. True: that was the end of it. */
static bool leg_frame(struct leg *l)
{
	uint8_t raw[RTP_HEADER_SIZE + SOUND_FRAME + 32];
	struct mbuf mb = {
		.buf = raw, .size = sizeof(raw), .pos = RTP_HEADER_SIZE, .end = RTP_HEADER_SIZE + SOUND_FRAME
	};
	bool ended = false;

	for (int i = 0; i < SOUND_FRAME; i++) {
		int16_t s = next_sample(l, &ended);

		raw[RTP_HEADER_SIZE + i] = l->alaw ? sound_to_alaw(s) : sound_to_ulaw(s);
	}
	rtp_send(l->rtp, &l->peer, false, l->tx++ == 0, (uint8_t)l->pt, l->ts, &mb);
	l->ts += SOUND_FRAME;
	return ended;
}

/* ---- SIP handlers of a leg ---- */

static void close_h(int err, const struct sip_msg *msg, void *arg)
{
	struct leg *l = arg;
	struct call *c = l->call;
	int code = msg && msg->scode >= 300 ? msg->scode : l->up ? 0 : 408;

	(void)err;
	if (!c)
		return;
	bury(l->who == LEG_CUSTOMER ? &c->a : &c->b);
	happen(c, (struct dialog_event){ .kind = DE_GONE, .leg = l->who, .code = code });
}

static int answer_h(const struct sip_msg *msg, void *arg)
{
	return leg_sdp(arg, msg, false);
}

static int offer_h(struct mbuf **mbp, const struct sip_msg *msg, void *arg) /* re-INVITE: hold, media move */
{
	struct leg *l = arg;
	bool has = mbuf_get_left(msg->mb) > 0;
	int err = has ? leg_sdp(l, msg, true) : 0;

	return err ? err : sdp_encode(mbp, l->sdp, !has);
}

static void progress_h(const struct sip_msg *msg, void *arg)
{
	struct leg *l = arg;
	struct call *c = l->call;

	if (c && l->who == LEG_ENGINEER && msg->scode >= 180 && !c->rung_ms) {
		c->rung_ms = (int64_t)(tmr_jiffies() - c->described);
		note("ringing", "call=%s code=%u after_description_ms=%lld", c->key, msg->scode, (long long)c->rung_ms);
	}
}

static void established_h(const struct sip_msg *msg, void *arg)
{
	struct leg *l = arg;
	struct call *c = l->call;

	(void)msg;
	if (!c)
		return;
	l->up = true;
	l->media = tmr_jiffies();
	if (l->who == LEG_CUSTOMER && c->d.state == DS_IDLE) {
		tell(c, "answered", NULL, true);
		happen(c, (struct dialog_event){ .kind = DE_CALL,
		                                 .lang = c->line->lang,
		                                 .offline = client_fd(c->line->client) < 0,
		                                 .roster = c->line->n_roster });
	} else {
		happen(c, (struct dialog_event){ .kind = DE_ANSWERED, .leg = l->who });
	}
}

static void info_h(struct sip *sip, const struct sip_msg *msg, void *arg)
{
	char key = keys_info((char *)mbuf_buf(msg->mb), mbuf_get_left(msg->mb));

	sip_reply(sip, msg, 200, "OK");
	if (key)
		on_key(arg, key);
}

static void refuse_h(struct sip *sip, const struct sip_msg *msg, void *arg) /* REFER: we call whom we know */
{
	(void)arg;
	sip_reply(sip, msg, 603, "Decline");
}

static int auth_h(char **user, char **pass, const char *realm, void *arg)
{
	struct line *l = arg;

	(void)realm;
	return str_dup(user, l->user) | str_dup(pass, l->secret ? l->secret : "");
}

/* sip:... as it is; a number by the trunk, if its prefix is allowed. */
static bool uri_of(const struct line *l, const char *number, char *out, size_t n)
{
	bool ok = l->n_prefixes == 0;

	if (strncmp(number, "sip:", 4) == 0 || strncmp(number, "sips:", 5) == 0)
		return (size_t)snprintf(out, n, "%s", number) < n;
	for (unsigned i = 0; i < l->n_prefixes; i++)
		ok = ok || strncmp(number, l->prefix[i], strlen(l->prefix[i])) == 0;
	if (!ok || !l->trunk[0] || strspn(number, "+0123456789") != strlen(number)) {
		note("refused", "reason=prefix number=%.20s", number);
		return false;
	}
	return (size_t)snprintf(out, n, "sip:%s@%s", number, l->trunk) < n;
}

static int dial(struct leg **lp, struct call *c, enum dialog_leg who, const char *number)
{
	struct line *l = c->line;
	struct mbuf *mb = NULL;
	char uri[200];
	int err;

	if (!uri_of(l, number, uri, sizeof(uri)))
		return EPERM;
	err = leg_alloc(lp, c, who, l->srtp);
	if (err)
		return err;
	err = sdp_encode(&mb, (*lp)->sdp, true);
	if (!err)
		err = sipsess_connect(&(*lp)->sess, l->socks, uri, "Support desk", l->aor, l->user, NULL, 0,
		                      "application/sdp", mb, auth_h, l, false, offer_h, answer_h, progress_h,
		                      established_h, info_h, refuse_h, close_h, *lp, NULL);
	mem_deref(mb);
	if (err)
		*lp = mem_deref(*lp);
	return err;
}

/* ---- the dialogue's wishes ---- */

static void play(struct leg *l, const struct dialog_action *a)
{
	if (!l)
		return;
	memcpy(l->clips, a->clips, sizeof(l->clips));
	l->n_clips = a->n_clips;
	l->clip = l->pos = 0;
}

static void hush(struct leg *l)
{
	if (l)
		l->n_clips = l->clip = l->pos = 0;
}

static void record_end(struct call *c)
{
	char name[80];
	size_t n = c->rec.n;

	if (!c->rec.at)
		return;
	snprintf(name, sizeof(name), "%s-%s.wav", c->key, c->recording);
	if (n > SOUND_RATE / 4) {
		if (client_spool_wav(c->line->client, name, c->rec.at, n))
			tell(c, "audio",
			     json_pack("{s:s,s:s,s:I}", "kind", c->recording, "file", name, "ms", (json_int_t)(n / 8)),
			     true);
		else
			note("spool_failed", "call=%s samples=%zu", c->key, n);
	}
	recording_end(&c->rec);
}

static void dial_engineer(struct call *c, int index)
{
	const struct engineer *e = &c->roster[index];

	bury(&c->b);
	tell(c, "ring", NULL, false);
	if (dial(&c->b, c, LEG_ENGINEER, e->number))
		happen(c, (struct dialog_event){ .kind = DE_GONE, .leg = LEG_ENGINEER, .code = 500 });
}

static void end(struct call *c, const char *cause)
{
	if (c->said_end)
		return;
	c->said_end = c->dead = true;
	tell(c, "end",
	     json_pack("{s:s,s:I,s:I}", "cause", cause, "rx", (json_int_t)(c->a ? c->a->rx : 0), "relayed",
	               (json_int_t)(c->a ? c->a->relayed : 0)),
	     true);
	note("end", "call=%s cause=%s", c->key, cause);
}

static void carry_out(struct call *c, const struct dialog_action *a)
{
	struct leg *l = a->leg == LEG_CUSTOMER ? c->a : c->b;
	const struct engineer *e = &c->roster[a->index];

	switch (a->kind) {
	case DA_PLAY:
		play(l, a);
		break;
	case DA_QUIET:
		hush(l);
		break;
	case DA_TIMER:
		c->due = a->ms ? tmr_jiffies() + a->ms : 0;
		break;
	case DA_LOOKUP:
		tell(c, "lookup", json_pack("{s:s}", "from", c->from), false);
		break;
	case DA_VERIFY:
		tell(c, "verify", json_pack("{s:s,s:s}", "pin", a->text, "from", c->from), false);
		break;
	case DA_RECORD:
		snprintf(c->recording, sizeof(c->recording), "%s", a->text);
		recording_begin(&c->rec, (size_t)SOUND_RATE *
		                                 (c->d.leaving ? c->d.config->message_ms : c->d.config->describe_ms) /
		                                 1000);
		break;
	case DA_RECORDED:
		record_end(c);
		break;
	case DA_OPEN:
		c->described = tmr_jiffies();
		tell(c, "open", json_pack("{s:i,s:b}", "criticality", a->criticality, "offline", !c->d.verified), true);
		if (client_fd(c->line->client) < 0) /* opened when the desk is back; whom it last named is rung now */
			happen(c, (struct dialog_event){ .kind = DE_OPENED, .roster = c->d.roster });
		break;
	case DA_DIAL:
		if (a->leg == LEG_ENGINEER)
			dial_engineer(c, a->index);
		else if (dial(&c->a, c, LEG_CUSTOMER, c->callee))
			happen(c, (struct dialog_event){ .kind = DE_GONE, .leg = LEG_CUSTOMER, .code = 500 });
		break;
	case DA_HANG_UP:
		bury(a->leg == LEG_CUSTOMER ? &c->a : &c->b);
		break;
	case DA_LEG:
		tell(c, "leg",
		     json_pack("{s:i,s:I,s:s,s:s}", "n", ++c->legs, "agent", (json_int_t)e->agent, "number", e->number,
		               "result", a->text),
		     true);
		break;
	case DA_ACCEPTED:
		tell(c, "accepted", json_pack("{s:I}", "agent", (json_int_t)e->agent), true);
		break;
	case DA_BRIDGE:
		if (c->a && c->b)
			c->a->relayed = c->b->relayed = 0;
		break;
	case DA_PAGE:
		tell(c, "page", NULL, true);
		break;
	case DA_END:
		end(c, a->text);
		break;
	}
}

static void one_step(struct call *c, const struct dialog_event *e)
{
	enum dialog_state was = c->d.state;

	dialog_step(&c->d, e);
	if (c->d.state != was)
		note("state", "call=%s from=%s to=%s", c->key, dialog_state_name(was), dialog_state_name(c->d.state));
	for (size_t i = 0; i < c->d.n_actions; i++)
		carry_out(c, &c->d.actions[i]);
	explicit_bzero(c->d.actions, sizeof(c->d.actions));
	c->d.n_actions = 0;
}

/* What an action brings about (a number that cannot be dialled, a desk that is away) waits until all actions are done.
 */
static void happen(struct call *c, struct dialog_event e)
{
	if (c->dead || c->n_next == sizeof(c->next) / sizeof(c->next[0]))
		return;
	c->next[c->n_next++] = e;
	if (c->busy)
		return;
	c->busy = true;
	for (size_t i = 0; i < c->n_next && !c->dead; i++) {
		struct dialog_event now = c->next[i];

		one_step(c, &now);
	}
	c->n_next = 0;
	c->busy = false;
}

/* ---- the desk ---- */

static int roster_of(const json_t *list, struct engineer ret[DIALOG_ROSTER])
{
	int n = 0;
	size_t i;
	json_t *e;

	json_array_foreach((json_t *)(uintptr_t)list, i, e)
	{
		const char *number = json_string_value(json_object_get(e, "number"));

		if (!number || n == DIALOG_ROSTER || strlen(number) >= sizeof(ret[n].number))
			continue;
		ret[n].agent = json_integer_value(json_object_get(e, "agent"));
		snprintf(ret[n++].number, sizeof(ret[0].number), "%s", number);
	}
	return n;
}

static struct call *find(struct line *l, const char *key)
{
	for (struct le *le = list_head(&l->calls); le && key; le = le->next)
		if (strcmp(((struct call *)le->data)->key, key) == 0)
			return le->data;
	return NULL;
}

static enum prompt_lang lang_of(const json_t *o, enum prompt_lang fallback)
{
	const char *s = json_string_value(json_object_get(o, "lang"));

	return !s ? fallback : strncmp(s, "es", 2) == 0 ? PROMPT_ES : PROMPT_EN;
}

static void answer_open(struct call *c, const json_t *answer)
{
	const json_t *roster = json_object_get(answer, "roster");

	if (roster)
		c->d.roster = roster_of(roster, c->roster);
	happen(c, (struct dialog_event){ .kind = DE_OPENED,
	                                 .number = json_integer_value(json_object_get(answer, "number")),
	                                 .roster = c->d.roster });
}

static void on_answer(void *arg, const json_t *asked, const json_t *answer)
{
	struct line *l = arg;
	const char *op = json_string_value(json_object_get(asked, "op"));
	struct call *c = find(l, json_string_value(json_object_get(asked, "key")));
	bool ok = json_is_true(json_object_get(answer, "ok"));

	if (!op)
		return;
	if (strcmp(op, "hello") == 0 && answer)
		l->n_roster = roster_of(json_object_get(answer, "roster"), l->roster);
	if (!c || c->dead)
		return;
	if (strcmp(op, "lookup") == 0)
		happen(c, answer ? (struct dialog_event){ .kind = DE_KNOWN,
		                                          .known = json_is_true(json_object_get(answer, "known")),
		                                          .lang = lang_of(answer, l->lang) }
		                 : (struct dialog_event){ .kind = DE_TIMEOUT });
	else if (strcmp(op, "verify") == 0 && !answer)
		happen(c, (struct dialog_event){ .kind = DE_TIMEOUT });
	else if (strcmp(op, "verify") == 0)
		happen(c, (struct dialog_event){ .kind = ok ? DE_VERIFIED : DE_REFUSED,
		                                 .may = json_is_true(json_object_get(answer, "may")),
		                                 .locked = json_is_true(json_object_get(answer, "locked")) });
	else if (strcmp(op, "open") == 0 && answer)
		answer_open(c, answer);
	else if (strcmp(op, "ring") == 0 && json_is_true(json_object_get(answer, "taken")))
		happen(c, (struct dialog_event){ .kind = DE_TAKEN });
}

static void call_free(void *arg)
{
	struct call *c = arg;

	recording_end(&c->rec);
	list_unlink(&c->le);
	c->line->n_calls--;
	mem_deref(c->a);
	mem_deref(c->b);
}

static struct call *call_new(struct line *l, const char *key)
{
	struct call *c = mem_zalloc(sizeof(*c), call_free);
	unsigned char r[16];

	if (!c)
		return NULL;
	c->line = l;
	c->described = tmr_jiffies();
	dialog_init(&c->d, &l->dialog);
	memcpy(c->roster, l->roster, sizeof(c->roster));
	rand_bytes(r, sizeof(r));
	for (size_t i = 0; i < sizeof(r) && !key; i++)
		snprintf(c->key + 2 * i, 3, "%02x", r[i]);
	if (key)
		snprintf(c->key, sizeof(c->key), "%s", key);
	list_append(&l->calls, &c->le, c);
	l->n_calls++;
	l->total++;
	return c;
}

/* The desk wishes a call: engineer first, then the customer. */
static void order_call(struct line *l, const json_t *o)
{
	const char *to = json_string_value(json_object_get(o, "to")),
	           *key = json_string_value(json_object_get(o, "key"));
	struct call *c;

	if (!to || !key || strlen(key) > 34 || find(l, key) || l->n_calls >= l->max_calls || !(c = call_new(l, key)))
		return;
	snprintf(c->callee, sizeof(c->callee), "%s", to);
	c->d.roster = roster_of(json_object_get(o, "roster"), c->roster);
	c->d.lang = lang_of(o, l->lang);
	happen(c, (struct dialog_event){ .kind = DE_CALL_BACK,
	                                 .number = json_integer_value(json_object_get(o, "number")),
	                                 .criticality = (int)json_integer_value(json_object_get(o, "criticality")),
	                                 .roster = c->d.roster });
}

static void on_order(void *arg, const json_t *o)
{
	struct line *l = arg;
	const char *op = json_string_value(json_object_get(o, "op"));
	struct call *c = find(l, json_string_value(json_object_get(o, "key")));

	if (op && strcmp(op, "call") == 0)
		order_call(l, o);
	else if (op && strcmp(op, "taken") == 0 && c)
		happen(c, (struct dialog_event){ .kind = DE_TAKEN });
	else if (op && strcmp(op, "stop") == 0)
		re_cancel();
}

static void link_h(int flags, void *arg)
{
	struct line *l = arg;

	(void)flags;
	client_readable(l->client);
	if (client_fd(l->client) < 0 && l->link_fd >= 0) {
		fd_close(l->link_fd);
		l->link_fd = -1;
		note("desk", "state=away");
	}
}

static bool is_up(const struct line *l)
{
	return !l->wants_registration || l->registered;
}

/* Connects, and says every ten seconds how the line is. */
static void link_tick_h(void *arg)
{
	struct line *l = arg;

	if (client_fd(l->client) < 0 && l->link_fd >= 0) { /* sending found it closed */
		fd_close(l->link_fd);
		l->link_fd = -1;
	}
	if (client_connect(l->client)) {
		l->link_fd = client_fd(l->client);
		fd_listen(l->link_fd, FD_READ, link_h, l);
		note("desk", "state=connected waiting=%zu", client_waiting(l->client));
		client_ask(l->client, json_pack("{s:s}", "op", "hello"), false);
		l->said_state = 0;
	}
	if (l->link_fd >= 0 && (tmr_jiffies() > l->said_state + 10000 || l->was_registered != l->registered)) {
		struct rusage u;

		getrusage(RUSAGE_SELF, &u);
		l->said_state = tmr_jiffies();
		l->was_registered = l->registered;
		client_ask(l->client,
		           json_pack("{s:s,s:b,s:i,s:i,s:i,s:I,s:I,s:I}", "op", "state", "up", is_up(l), "calls",
		                     (int)l->n_calls, "total", (int)l->total, "dropped", (int)l->dropped, "late_ms",
		                     (json_int_t)l->late_max, "cpu_ms",
		                     (json_int_t)((u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
		                                  (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000),
		                     "rss_kb", (json_int_t)u.ru_maxrss),
		           false);
		l->late_max = 0;
	}
	tmr_start(&l->link, 250, link_tick_h, l);
}

/* ---- sound ---- */

static void relay(struct leg *l, struct leg *o, const struct rtp_header *h, struct mbuf *mb)
{
	int pt = h->pt == l->pt ? o->pt : o->te;

	if (pt < 0)
		return;
	for (size_t i = mb->pos; h->pt == l->pt && l->alaw != o->alaw && i < mb->end; i++)
		mb->buf[i] = o->alaw ? sound_to_alaw(sound_from_ulaw(mb->buf[i]))
		                     : sound_to_ulaw(sound_from_alaw(mb->buf[i]));
	if (!o->relayed++)
		o->shift = o->ts - h->ts;
	rtp_send(o->rtp, &o->peer, false, h->m, (uint8_t)pt, h->ts + o->shift, mb);
}

static void listen_to(struct leg *l, const struct rtp_header *h, struct mbuf *mb)
{
	struct call *c = l->call;
	int16_t s[480];
	size_t n = mbuf_get_left(mb) < 480 ? mbuf_get_left(mb) : 480;
	const uint8_t *p = mbuf_buf(mb);

	for (size_t i = 0; i < n; i++)
		s[i] = l->alaw ? sound_from_alaw(p[i]) : sound_from_ulaw(p[i]);
	if (l->dec)
		dtmf_dec_probe(l->dec, s, n);
	if (!l->call || l != c->a || !c->rec.at)
		return;
	recording_add(&c->rec, h->ts, s, n);
	if (c->rec.quiet > (c->rec.spoken > SOUND_RATE / 2 ? 4U : 10U) * SOUND_RATE)
		happen(c, (struct dialog_event){ .kind = DE_SILENCE });
}

static void rtp_h(const struct sa *src, const struct rtp_header *h, struct mbuf *mb, void *arg)
{
	struct leg *l = arg, *o;
	struct call *c = l->call;

	if (!c || !l->up || (!sa_cmp(src, &l->peer, SA_ADDR) && (l->latched || !sa_cmp(src, &l->sig, SA_ADDR))))
		return;
	if (!l->latched) { /* symmetric RTP, but never to a third address */
		l->latched = true;
		l->peer = *src;
	}
	l->rx++;
	l->media = tmr_jiffies();
	if (l->te >= 0 && h->pt == l->te) {
		char key = keys_rfc4733(&l->keys, h->ts, h->m, mbuf_buf(mb), mbuf_get_left(mb));

		if (key)
			on_key(l, key);
		if (!l->call)
			return;
	} else if (h->pt != l->pt) {
		return;
	}
	o = l == c->a ? c->b : c->a;
	if (c->d.state == DS_TALK && o && o->up)
		relay(l, o, h, mb);
	else if (h->pt == l->pt && (l->dec || (l == c->a && c->rec.at)))
		listen_to(l, h, mb);
}

static void serve_leg(struct call *c, struct leg *l, uint64_t now)
{
	if (!l || !l->up || c->dead)
		return;
	if (now > l->media + LOST_MS) {
		enum dialog_leg who = l->who;

		note("media_lost", "call=%s leg=%d", c->key, (int)who);
		bury(who == LEG_CUSTOMER ? &c->a : &c->b);
		happen(c, (struct dialog_event){ .kind = DE_GONE, .leg = who, .code = 408 });
		return;
	}
	if ((c->d.state != DS_TALK || l->clip < l->n_clips) && leg_frame(l))
		happen(c, (struct dialog_event){ .kind = DE_PLAYED, .leg = l->who });
}

static void tick_h(void *arg) /* one timer for all calls */
{
	struct line *l = arg;
	uint64_t now = tmr_jiffies();

	if (now > l->next_tick && now - l->next_tick > l->late_max)
		l->late_max = now - l->next_tick;
	if (now > l->next_tick + LATENESS)
		l->next_tick = now; /* a machine that slept: no burst */
	if (l->bucket < 2 * l->rate)
		l->bucket += l->rate * TICK / 1000;
	for (struct le *le = list_head(&l->calls); le;) {
		struct call *c = le->data;

		le = le->next;
		serve_leg(c, c->a, now);
		serve_leg(c, c->b, now);
		if (!c->dead && c->due && now >= c->due) {
			c->due = 0;
			happen(c, (struct dialog_event){ .kind = DE_TIMEOUT });
		}
		if (c->dead)
			mem_deref(c);
	}
	list_flush(&l->grave);
	l->next_tick += TICK;
	now = tmr_jiffies();
	tmr_start(&l->tick, l->next_tick > now ? l->next_tick - now : 0, tick_h, l);
}

/* ---- arrivals ---- */

/* P-Asserted-Identity of who we trust, or From; only what a number is made of. */
static void number_of(char *out, size_t n, const struct sip_msg *msg)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_P_ASSERTED_IDENTITY);
	struct sip_addr pai;
	struct pl u = h && !sip_addr_decode(&pai, &h->val) ? pai.uri.user : msg->from.uri.user;
	size_t k = 0;

	for (size_t i = 0; i < u.l && k + 1 < n && k < 24; i++)
		if ((u.p[i] >= '0' && u.p[i] <= '9') || (k == 0 && u.p[i] == '+'))
			out[k++] = u.p[i];
	out[k] = 0;
}

static bool guard_h(const struct sip_msg *msg, void *arg) /* ahead of everything: strangers get no answer at all */
{
	struct line *l = arg;
	bool ok = false;

	for (unsigned i = 0; i < l->n_trust && !ok; i++)
		ok = sa_cmp(&l->trust[i], &msg->src, SA_ADDR);
	if (!ok) {
		l->dropped++;
		return true;
	}
	if (!msg->req)
		return false;
	return !pl_strcmp(&msg->met, "OPTIONS") && !sip_reply(l->sip, msg, 200, "OK");
}

static void connect_h(const struct sip_msg *msg, void *arg)
{
	struct line *l = arg;
	struct mbuf *mb = NULL;
	struct call *c;
	char to[48] = "";
	size_t k = 0;
	int err;
	bool srtp = !re_regex((char *)mbuf_buf(msg->mb), mbuf_get_left(msg->mb), "RTP/SAVP");

	if (l->bucket < 1 || l->n_calls >= l->max_calls || !(c = call_new(l, NULL))) {
		l->dropped++;
		sip_replyf(l->sip, msg, 503, "Busy", "Retry-After: 5\r\nContent-Length: 0\r\n\r\n");
		return;
	}
	l->bucket -= 1;
	number_of(c->from, sizeof(c->from), msg);
	for (size_t i = 0; i < msg->uri.user.l && k < 40; i++)
		if ((msg->uri.user.p[i] >= '0' && msg->uri.user.p[i] <= '9') || msg->uri.user.p[i] == '+')
			to[k++] = msg->uri.user.p[i];
	snprintf(c->callee, sizeof(c->callee), "%s", c->from);
	err = l->srtp && !srtp ? ENOTSUP : leg_alloc(&c->a, c, LEG_CUSTOMER, srtp);
	if (!err)
		err = leg_sdp(c->a, msg, true);
	if (!err)
		err = sdp_encode(&mb, c->a->sdp, false);
	if (!err)
		err = sipsess_accept(&c->a->sess, l->socks, msg, 200, "OK", l->user, "application/sdp", mb, auth_h, l,
		                     false, offer_h, answer_h, established_h, info_h, refuse_h, close_h, c->a,
		                     "Allow: INVITE,ACK,BYE,CANCEL,INFO,OPTIONS\r\n");
	mem_deref(mb);
	if (err) {
		note("refused", "code=488 err=%d", err);
		sip_reply(l->sip, msg, 488, "Not Acceptable Here");
		c->dead = true;
		return;
	}
	tell(c, "begin", json_pack("{s:s,s:s}", "from", c->from, "to", to), true);
	note("incoming", "call=%s transport=%s srtp=%d", c->key, sip_transp_name(msg->tp), c->a->srtp != NULL);
}

/* ---- starting ---- */

static void register_h(int err, const struct sip_msg *msg, void *arg)
{
	struct line *l = arg;
	bool was = l->registered;

	l->registered = !err && msg && msg->scode / 100 == 2;
	if (was != l->registered || !l->registered)
		note("register", "code=%u err=%d", msg ? msg->scode : 0, err);
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

struct options {
	const char *listen, *socket, *registrar, *secret, *cert, *ca, *host, *prompts;
	bool insecure_no_seal;
};

static bool read_options(struct line *l, struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{"listen",     1, NULL, 'l'},
                { "socket",    1, NULL, 's'},
                { "spool",     1, NULL, 'd'},
		{ "allow",     1, NULL, 'a'},
                { "registrar", 1, NULL, 'r'},
                { "user",      1, NULL, 'u'},
		{ "secret",    1, NULL, 'p'},
                { "cert",      1, NULL, 'c'},
                { "ca",        1, NULL, 'C'},
		{ "srtp",      0, NULL, 'S'},
                { "trunk",     1, NULL, 't'},
                { "prompts",   1, NULL, 'P'},
		{ "ring",      1, NULL, 'R'},
                { "redial",    1, NULL, 'D'},
                { "calls",     1, NULL, 'n'},
		{ "rate",      1, NULL, 'm'},
                { "prefix",    1, NULL, 'x'},
                { "lang",      1, NULL, 'L'},
		{ "offer",     1, NULL, 'o'},
                { "aor",       1, NULL, 'A'},
                { NULL,        0, NULL, 0  },
	};
	int k;

	while ((k = getopt_long(argc, argv, "", names, NULL)) != -1)
		switch (k) {
		case 'l':
			o->listen = optarg;
			break;
		case 's':
			o->socket = optarg;
			break;
		case 'd':
			l->spool = optarg;
			break;
		case 'a':
			if (l->n_trust < TRUST_MAX && !sa_set_str(&l->trust[l->n_trust], optarg, 0))
				l->n_trust++;
			break;
		case 'r':
			o->registrar = optarg;
			break;
		case 'u':
			l->user = optarg;
			break;
		case 'A':
			l->aor = optarg;
			break;
		case 'p':
			o->secret = optarg;
			break;
		case 'c':
			o->cert = optarg;
			break;
		case 'C':
			o->ca = optarg;
			break;
		case 'S':
			l->srtp = true;
			break;
		case 't':
			l->trunk = optarg;
			break;
		case 'P':
			o->prompts = optarg;
			break;
		case 'R':
			l->dialog.ring_ms = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'o':
			l->dialog.offer_ms = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'D':
			l->dialog.redial_ms = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'n':
			l->max_calls = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'm':
			l->rate = l->bucket = strtod(optarg, NULL);
			break;
		case 'x':
			if (l->n_prefixes < PREFIX_MAX)
				l->prefix[l->n_prefixes++] = optarg;
			break;
		case 'L':
			l->lang = strncmp(optarg, "es", 2) == 0 ? PROMPT_ES : PROMPT_EN;
			break;
		default:
			return false;
		}
	return o->listen && o->socket && l->spool;
}

/* libre 1.1 does not check a server's certificate: we say so to OpenSSL ourselves, with the name it must have. */
static int verified_tls(struct line *l, const struct options *o)
{
	char host[200];
	const char *p = o->registrar;
	SSL_CTX *ctx;
	int err = tls_alloc(&l->tls, TLS_METHOD_SSLV23, o->cert, NULL);

	if (err)
		return err;
	ctx = tls_openssl_context(l->tls);
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	if (!p)
		return 0;
	if (o->ca ? tls_add_ca(l->tls, o->ca) : !SSL_CTX_set_default_verify_paths(ctx))
		return EINVAL;
	p = strchr(p, ':') ? strchr(p, ':') + 1 : p;
	snprintf(host, sizeof(host), "%.*s", (int)strcspn(p, ":;>"), p);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);
	if (!X509_VERIFY_PARAM_set1_ip_asc(param, host) && !X509_VERIFY_PARAM_set1_host(param, host, 0))
		return EINVAL;
	return 0;
}

static int listen_sip(struct line *l, const struct options *o)
{
	struct dnsc *dns = NULL;
	struct sa servers[4], at;
	uint32_t n = 4;
	int err = sa_decode(&l->local, o->listen, strlen(o->listen));

	if (!err && !dns_srv_get(NULL, 0, servers, &n) && n)
		dnsc_alloc(&dns, NULL, servers, n);
	if (!err)
		err = sip_alloc(&l->sip, dns, 64, 64, 64, "Carrel", NULL, NULL);
	mem_deref(dns);
	if (!err)
		err = sip_transp_add(l->sip, SIP_TRANSP_UDP, &l->local);
	if (!err)
		err = sip_transp_add(l->sip, SIP_TRANSP_TCP, &l->local);
	if (!err &&
	    (o->cert || (o->registrar && (strstr(o->registrar, "sips:") || strstr(o->registrar, "transport=tls"))))) {
		at = l->local;
		sa_set_port(&at, (uint16_t)(sa_port(&l->local) + 1));
		err = verified_tls(l, o);
		if (!err)
			err = sip_transp_add(l->sip, SIP_TRANSP_TLS, &at, l->tls);
	}
	if (!err)
		err = sip_listen(&l->guard, l->sip, true, guard_h, l);
	if (!err)
		err = sipsess_listen(&l->socks, l->sip, 64, connect_h, l);
	return err;
}

static int start(struct line *l, const struct options *o)
{
	int err = 0;

	if (o->secret && !(l->secret = read_secret(o->secret)))
		return ENOENT;
	l->prompts = prompts_open(o->prompts ? o->prompts : "");
	l->client = client_open(o->socket, l->spool, on_answer, on_order, l);
	if (!l->client)
		return ENOENT;
	err = listen_sip(l, o);
	l->wants_registration = o->registrar != NULL;
	if (!err && o->registrar)
		err = sipreg_register(&l->reg, l->sip, o->registrar, l->aor, NULL, l->aor, 60, l->user, NULL, 0, 0,
		                      auth_h, l, false, register_h, l, NULL, NULL);
	return err;
}

static void stop(struct line *l)
{
	for (struct le *le = list_head(&l->calls); le;) {
		struct call *c = le->data;

		le = le->next;
		record_end(c);
		end(c, "line-stopped");
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
		          .max_calls = 60,
		          .rate = 5,
		          .bucket = 10,
		          .link_fd = -1,
		          .dialog = dialog_defaults };
	struct options o = { 0 };
	int err = libre_init();

	fd_setsize(8192);            /* the default of 1.1 is 128 descriptors, 30 calls */
	dbg_init(DBG_ERR, DBG_NONE); /* or every malformed packet writes a line */
	if (err || !read_options(&l, &o, argc, argv)) {
		fputs(usage, stderr);
		return 64;
	}
	err = start(&l, &o);
	if (err)
		note("failed", "error=\"%s\"", strerror(err));
	if (!err && !line_seal(l.spool))
		note("unsealed", "text=\"this kernel does not confine the line to its spool\"");
	if (!err) {
		note("ready", "listen=%s trusted=%u waiting=%zu", o.listen, l.n_trust, client_waiting(l.client));
		l.next_tick = tmr_jiffies() + TICK;
		tmr_start(&l.tick, TICK, tick_h, &l);
		tmr_start(&l.link, 0, link_tick_h, &l);
		re_main(signal_h);
	}
	stop(&l);
	libre_close();
	return err ? 1 : 0;
}

/* A leg: one SIP dialog and its RTP socket: what is offered, which codec and keys are agreed, what SIP tells of it,
 * and dialling. It never dials a number that a caller gave. */
#include "phone/line_private.h"
#include <time.h>

static void spend(struct leg *l);

static void leg_free(void *arg)
{
	struct leg *l = arg;

	spend(l);
	list_unlink(&l->le);
	mem_deref(l->sess);
	mem_deref(l->srtp);
	mem_deref(l->rtp);
	mem_deref(l->sdp);
	mem_deref(l->dec);
}

/* Never freed inside its own handler: buried, and the tick empties the grave. */
void leg_bury(struct leg **lp)
{
	struct leg *l = *lp;

	*lp = NULL;
	if (!l)
		return;
	l->call = NULL;
	list_append(&l->line->grave, &l->le, l);
}

void leg_key(struct leg *l, char key)
{
	if (l->call && l->up)
		call_happen(l->call, (struct dialog_event){ .kind = DE_DIGIT, .leg = l->who, .digit = key });
}

static void inband_h(char digit, void *arg)
{
	if (digit)
		leg_key(arg, digit);
}

int leg_alloc(struct leg **lp, struct call *c, enum dialog_leg who, bool srtp)
{
	struct leg *l = mem_zalloc(sizeof(*l), leg_free);
	struct sa ip = c->line->local, said = c->line->public;
	int err;

	if (!l)
		return ENOMEM;
	l->call = c;
	l->line = c->line;
	l->who = who;
	l->te = l->pt = -1;
	l->ts = rand_u32();
	sa_set_port(&ip, 0);
	err = sdp_session_alloc(&l->sdp, sa_isset(&said, SA_ADDR) ? &said : &ip);
	if (!err)
		err = rtp_listen(&l->rtp, IPPROTO_UDP, &ip, 20000, 29999, true, leg_rtp, NULL, l);
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

int leg_sdp(struct leg *l, const struct sip_msg *msg, bool offer)
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

static void leg_closed(int err, const struct sip_msg *msg, void *arg)
{
	struct leg *l = arg;
	struct call *c = l->call;
	int code = msg && msg->scode >= 300 ? msg->scode : l->up ? 0 : 408;

	(void)err;
	if (!c)
		return;
	leg_bury(l->who == LEG_CUSTOMER ? &c->a : &c->b);
	call_happen(c, (struct dialog_event){ .kind = DE_GONE, .leg = l->who, .code = code });
}

static int leg_answered(const struct sip_msg *msg, void *arg)
{
	return leg_sdp(arg, msg, false);
}

static int leg_offered(struct mbuf **mbp, const struct sip_msg *msg, void *arg) /* re-INVITE: hold, media move */
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
		line_note("ringing", "call=%s code=%u after_description_ms=%lld", c->key, msg->scode,
		          (long long)c->rung_ms);
	}
}

static void leg_up(const struct sip_msg *msg, void *arg)
{
	struct leg *l = arg;
	struct call *c = l->call;

	(void)msg;
	if (!c)
		return;
	l->up = true;
	l->media = l->up_at = tmr_jiffies();
	if (l->who == LEG_CUSTOMER && c->d.state == DS_IDLE) {
		call_tell(c, "answered", NULL, true);
		call_happen(c, (struct dialog_event){ .kind = DE_CALL,
		                                      .lang = c->line->lang,
		                                      .offline = client_fd(c->line->client) < 0,
		                                      .roster = c->line->n_roster });
	} else {
		call_happen(c, (struct dialog_event){ .kind = DE_ANSWERED, .leg = l->who });
	}
}

static void leg_info(struct sip *sip, const struct sip_msg *msg, void *arg)
{
	char key = keys_info((char *)mbuf_buf(msg->mb), mbuf_get_left(msg->mb));

	sip_reply(sip, msg, 200, "OK");
	if (key)
		leg_key(arg, key);
}

static void leg_refuse(struct sip *sip, const struct sip_msg *msg, void *arg) /* REFER: we call whom we know */
{
	(void)arg;
	sip_reply(sip, msg, 603, "Decline");
}

int leg_auth(char **user, char **pass, const char *realm, void *arg)
{
	struct line *l = arg;

	(void)realm;
	return str_dup(user, l->user) | str_dup(pass, l->secret ? l->secret : "");
}

/* ---- calling out: numbers on file only, and not without end ---- */

static uint64_t today(void)
{
	return (uint64_t)time(NULL) / 86400;
}

static void spend(struct leg *l)
{
	struct line *s = l->line;
	uint64_t ms = tmr_jiffies() - l->up_at;

	if (!l->out || !l->up)
		return;
	if (s->spent_day != today())
		s->spent_ms = 0;
	s->spent_day = today();
	s->spent_ms += ms;
	if (s->client)
		client_ask(s->client, json_pack("{s:s,s:I}", "op", "spent", "ms", (json_int_t)ms), true);
}

uint64_t line_spent(struct line *l)
{
	uint64_t ms = l->spent_day == today() ? l->spent_ms : 0, now = tmr_jiffies();

	for (struct le *le = list_head(&l->calls); le; le = le->next) {
		const struct call *c = le->data;

		ms += c->a && c->a->out && c->a->up ? now - c->a->up_at : 0;
		ms += c->b && c->b->out && c->b->up ? now - c->b->up_at : 0;
	}
	return ms;
}

static const char *may_dial(struct line *l)
{
	unsigned n = 0;

	for (struct le *le = list_head(&l->calls); le; le = le->next) {
		const struct call *c = le->data;

		n += (c->a && c->a->out) + (c->b && c->b->out);
	}
	return n >= l->max_out                                  ? "simultaneous"
	       : line_spent(l) >= (uint64_t)l->out_day_s * 1000 ? "minutes-today"
	                                                        : NULL;
}

/* sip:... as it is; a number by the trunk. A number has an allowed beginning, also as the user of a SIP address. */
static bool uri_of(const struct line *l, const char *number, char *out, size_t n)
{
	bool sip = strncmp(number, "sip:", 4) == 0 || strncmp(number, "sips:", 5) == 0, ok = l->n_prefixes == 0;
	const char *user = sip ? strchr(number, ':') + 1 : number;
	size_t digits = strspn(user, "+0123456789");

	for (unsigned i = 0; i < l->n_prefixes; i++)
		ok = ok || strncmp(user, l->prefix[i], strlen(l->prefix[i])) == 0;
	if (sip && (ok || user[digits] != '@'))
		return (size_t)snprintf(out, n, "%s", number) < n;
	if (sip || !ok || !l->trunk[0] || digits < 3 || user[digits]) {
		line_note("refused", "reason=prefix number=%.20s", number);
		return false;
	}
	return (size_t)snprintf(out, n, "sip:%s@%s%s", number, l->trunk, strstr(l->trunk, "transport=") ? "" : l->via) <
	       n;
}

int leg_dial(struct leg **lp, struct call *c, enum dialog_leg who, const char *number)
{
	struct line *l = c->line;
	struct mbuf *mb = NULL;
	char uri[200];
	const char *why = may_dial(l);
	int err;

	if (why)
		line_note("refused", "reason=%s spent_s=%llu", why, (unsigned long long)line_spent(l) / 1000);
	if (why || !uri_of(l, number, uri, sizeof(uri)))
		return EPERM;
	err = leg_alloc(lp, c, who, l->srtp);
	if (err)
		return err;
	(*lp)->out = true;
	err = sdp_encode(&mb, (*lp)->sdp, true);
	if (!err)
		err = sipsess_connect(&(*lp)->sess, l->socks, uri, "Support desk", l->aor, l->user, NULL, 0,
		                      "application/sdp", mb, leg_auth, l, false, leg_offered, leg_answered, progress_h,
		                      leg_up, leg_info, leg_refuse, leg_closed, *lp, NULL);
	mem_deref(mb);
	if (err)
		*lp = mem_deref(*lp);
	return err;
}

int leg_accept(struct leg *l, const struct sip_msg *msg)
{
	struct mbuf *mb = NULL;
	int err = sdp_encode(&mb, l->sdp, false);

	if (!err)
		err = sipsess_accept(&l->sess, l->line->socks, msg, 200, "OK", l->line->user, "application/sdp", mb,
		                     leg_auth, l->line, false, leg_offered, leg_answered, leg_up, leg_info, leg_refuse,
		                     leg_closed, l, "Allow: INVITE,ACK,BYE,CANCEL,INFO,OPTIONS\r\n");
	mem_deref(mb);
	return err;
}

/* Sound of a leg: what is said to it, what is heard from it (keys, recordings), and the bridge between two. */
#include "phone/line_private.h"

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
		call_happen(c, (struct dialog_event){ .kind = DE_SILENCE });
}

void leg_rtp(const struct sa *src, const struct rtp_header *h, struct mbuf *mb, void *arg)
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
			leg_key(l, key);
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

void leg_serve(struct call *c, struct leg *l, uint64_t now)
{
	if (!l || !l->up || c->dead)
		return;
	if (now > l->media + LOST_MS) {
		enum dialog_leg who = l->who;

		line_note("media_lost", "call=%s leg=%d", c->key, (int)who);
		leg_bury(who == LEG_CUSTOMER ? &c->a : &c->b);
		call_happen(c, (struct dialog_event){ .kind = DE_GONE, .leg = who, .code = 408 });
		return;
	}
	if ((c->d.state != DS_TALK || l->clip < l->n_clips) && leg_frame(l))
		call_happen(c, (struct dialog_event){ .kind = DE_PLAYED, .leg = l->who });
}

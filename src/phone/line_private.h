/* What the line's files share: the line, its calls, their legs. Everything runs in one thread; libre frees (mem_deref).
 */
#pragma once
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

#include "phone/dialog.h"
#include "phone/line.h"
#include "phone/sdes.h"
#include "phone/sound.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 20, LOST_MS = 30000, TRUST_MAX = 32, PREFIX_MAX = 16, LATE_MS = 200 };

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
	uint64_t media, up_at;
	int pt, te;
	bool latched, alaw, up, out; /* out: we rang it */
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
	int64_t rung_ms;
	struct dialog_event next[32]; /* what happened and is not told to the dialogue yet */
	size_t n_next;
	bool dead, said_end, busy;
};
struct line {
	struct sip *sip;
	struct sipsess_sock *socks;
	struct sipreg *reg;
	struct sip_lsnr *guard;
	const char *registrar;
	struct tls *tls;
	struct list calls, grave;
	struct sa local, public, trust[TRUST_MAX]; /* public: what the SDP says, behind a translation of addresses */
	struct tmr tick, link;
	struct client *client;
	struct prompts *prompts;
	struct dialog_config dialog;
	struct engineer roster[DIALOG_ROSTER]; /* the last one the desk told */
	int n_roster;
	uint64_t next_tick, late_max, said_state, register_at,
	        register_wait; /* register_at: when it is tried anew; 0: it need not be */
	unsigned n_trust, n_calls, max_calls, dropped, total, n_prefixes;
	unsigned max_out, out_day_s;  /* outgoing legs at a time; seconds of them a day. 0: none may be made */
	uint64_t spent_ms, spent_day; /* of today, UTC */
	double bucket, rate;
	const char *spool, *user, *aor, *trunk, *via, *prefix[PREFIX_MAX]; /* via: ";transport=tls", as the registrar */
	char why[160], said_why[160];                                                     /* why the line is down */
	char *secret;
	enum prompt_lang lang;
	bool srtp, registered, wants_registration, was_registered, refused, greeted; /* refused: the certificate was */
	int link_fd;
};

struct options {
	const char *listen, *socket, *registrar, *secret, *cert, *ca, *prompts;
};

/* ---- line.c ---- */
/* One line of the log: event=phone.EVENT and what else. */
void line_note(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- line_options.c ---- */
bool line_read_options(struct line *l, struct options *o, int argc, char **argv);

/* ---- line_sip.c ---- */
int line_listen(struct line *l, const struct options *o);
int line_register(struct line *l);   /* anew; what was tried before is forgotten */
uint64_t line_spent(struct line *l); /* milliseconds of outgoing legs today, running ones included */
void line_registered(int err, const struct sip_msg *msg, void *arg);

/* ---- line_leg.c ---- */
int leg_alloc(struct leg **lp, struct call *c, enum dialog_leg who, bool srtp);
int leg_sdp(struct leg *l, const struct sip_msg *msg, bool offer);
/* Rings `number` (EPERM: it may not be called). */
int leg_dial(struct leg **lp, struct call *c, enum dialog_leg who, const char *number);
/* 200 to an INVITE. */
int leg_accept(struct leg *l, const struct sip_msg *msg);
void leg_bury(struct leg **lp); /* hangs up; freed with the next tick, never inside its own handler */
void leg_key(struct leg *l, char key);
int leg_auth(char **user, char **pass, const char *realm, void *arg);

/* ---- line_media.c ---- */
void leg_rtp(const struct sa *src, const struct rtp_header *h, struct mbuf *mb, void *arg);
void leg_serve(struct call *c, struct leg *l, uint64_t now); /* 20 ms of it */

/* ---- line_call.c ---- */
struct call *call_new(struct line *l, const char *key); /* key NULL: a fresh one */
void call_happen(struct call *c, struct dialog_event e);
/* Tells the desk; takes over `more`. keep: may not be lost. */
void call_tell(struct call *c, const char *op, json_t *more, bool keep);
void call_record_end(struct call *c);
void call_end(struct call *c, const char *cause);

/* ---- line_desk.c ---- */
void line_answer(void *arg, const json_t *asked, const json_t *answer);
void line_order(void *arg, const json_t *order);
void line_link_tick(void *arg);

/* SRTP for one RTP socket: packets are encrypted and decrypted by a helper below the RTP layer.
 * AES_CM_128_HMAC_SHA1_80 only, which every peer has. */
#include "phone/sdes.h"
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

enum { KEYLEN = 30, LAYER = 10 };
static const char suite[] = "AES_CM_128_HMAC_SHA1_80";
struct sdes {
	struct srtp *tx, *rx;
	struct udp_helper *uh;
	uint8_t key[KEYLEN];
	uint32_t tag;
	unsigned bad;
};

static bool send_h(int *err, struct sa *dst, struct mbuf *mb, void *arg)
{
	struct sdes *s = arg;
	(void)dst;
	/* true: stop here, nothing in the clear */
	if (!s->rx)
		return true;
	*err = srtp_encrypt(s->tx, mb);
	return *err != 0;
}
static bool recv_h(struct sa *src, struct mbuf *mb, void *arg)
{
	struct sdes *s = arg;
	(void)src;
	if (!s->rx || mbuf_get_left(mb) < RTP_HEADER_SIZE || srtp_decrypt(s->rx, mb)) {
		s->bad++;
		return true;
	}
	return false;
}
static void destroy(void *arg)
{
	struct sdes *s = arg;
	mem_deref(s->uh);
	mem_deref(s->tx);
	mem_deref(s->rx);
	memset(s->key, 0, sizeof s->key);
}
static int answer(struct sdes *s, struct sdp_media *m)
{
	char b64[64];
	size_t n = sizeof b64 - 1;
	int err = base64_encode(s->key, KEYLEN, b64, &n);
	b64[n] = 0;
	return err ? err : sdp_media_set_lattr(m, true, "crypto", "%u %s inline:%s", s->tag, suite, b64);
}
int sdes_alloc(struct sdes **sp, struct rtp_sock *rtp, struct sdp_media *m)
{
	struct sdes *s = mem_zalloc(sizeof *s, destroy);
	int err;
	if (!s)
		return ENOMEM;
	s->tag = 1;
	rand_bytes(s->key, KEYLEN);
	err = srtp_alloc(&s->tx, SRTP_AES_CM_128_HMAC_SHA1_80, s->key, KEYLEN, 0);
	err |= udp_register_helper(&s->uh, rtp_sock(rtp), LAYER, send_h, recv_h, s);
	err |= answer(s, m);
	if (err)
		mem_deref(s);
	else
		*sp = s;
	return err;
}
static bool crypto_h(const char *name, const char *value, void *arg)
{
	struct sdes *s = arg;
	struct pl tag, su, key;
	uint8_t k[KEYLEN + 3];
	size_t n = sizeof k;
	(void)name;
	if (re_regex(value, str_len(value), "[0-9]+ [^ ]+ inline:[^|]+", &tag, &su, &key) || pl_strcmp(&su, suite))
		return false;
	if (base64_decode(key.p, key.l, k, &n) || n != KEYLEN)
		return false;
	s->rx = mem_deref(s->rx);
	if (srtp_alloc(&s->rx, SRTP_AES_CM_128_HMAC_SHA1_80, k, KEYLEN, 0))
		return false;
	s->tag = pl_u32(&tag);
	return true;
}
int sdes_peer(struct sdes *s, struct sdp_media *m)
{
	if (!sdp_media_rattr_apply(m, "crypto", crypto_h, s))
		return ENOTSUP;
	return answer(s, m);
}

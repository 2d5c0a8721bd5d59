/* Any bytes as the session description of a peer: what libre reads of it, and our reading of its keys (RFC 4568). Linked with libre
 * and without the rest of the desk, as the line is. */
#include "phone/sdes.h"
#include <re.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void nobody_listens(const struct sa *from, const struct rtp_header *h, struct mbuf *mb, void *arg)
{
	(void)from, (void)h, (void)mb, (void)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rtp_sock *rtp; /* one for all: a socket costs more than the rest */
	struct sdp_session *session = NULL;
	struct sdp_media *media = NULL;
	struct sdes *keys = NULL;
	struct mbuf *answer = NULL, mb = { .buf = (uint8_t *)(uintptr_t)data, .size = size, .pos = 0, .end = size };
	struct sa local;

	sa_set_str(&local, "127.0.0.1", 0);
	if (!rtp && (libre_init() != 0 || rtp_listen(&rtp, IPPROTO_UDP, &local, 12000, 31000, false, nobody_listens, NULL, NULL) != 0))
		return 0;
	if (sdp_session_alloc(&session, &local) == 0 && sdp_media_add(&media, session, "audio", 9, "RTP/SAVP") == 0 &&
	    sdp_format_add(NULL, media, false, "0", "PCMU", 8000, 1, NULL, NULL, NULL, false, NULL) == 0 &&
	    sdes_alloc(&keys, rtp, media) == 0 && sdp_decode(session, &mb, true) == 0) {
		sdes_peer(keys, media);
		sdp_media_rformat(media, NULL);
		if (sdp_encode(&answer, session, false) == 0 && answer->end > 65536)
			__builtin_trap();
	}
	mem_deref(answer);
	mem_deref(keys);
	mem_deref(session);
	return 0;
}

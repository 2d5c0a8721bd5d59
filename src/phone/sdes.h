/* sdes: SRTP for one RTP socket with keys in the SDP (RFC 4568): ours offered in a=crypto, the peer's read from it. For
 * legs over TLS: over anything else the keys can be read by whoever reads the SDP. */
#pragma once
#include <re.h>
struct sdes;
int sdes_alloc(struct sdes **sp, struct rtp_sock *rtp, struct sdp_media *m);
int sdes_peer(struct sdes *s, struct sdp_media *m); /* after the remote description was decoded */

/* Where SIP comes in and who may: transports, the certificate that is checked, registration, strangers, new calls. */
#include "phone/line_private.h"
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

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
	err = l->srtp && !srtp ? ENOTSUP : leg_alloc(&c->a, c, LEG_CUSTOMER, srtp);
	if (!err)
		err = leg_sdp(c->a, msg, true);
	if (!err)
		err = leg_accept(c->a, msg);
	if (err) {
		line_note("refused", "code=488 err=%d", err);
		sip_reply(l->sip, msg, 488, "Not Acceptable Here");
		c->dead = true;
		return;
	}
	call_tell(c, "begin", json_pack("{s:s,s:s}", "from", c->from, "to", to), true);
	line_note("incoming", "call=%s transport=%s srtp=%d", c->key, sip_transp_name(msg->tp), c->a->srtp != NULL);
}

void line_registered(int err, const struct sip_msg *msg, void *arg)
{
	struct line *l = arg;
	bool was = l->registered;

	l->registered = !err && msg && msg->scode / 100 == 2;
	l->register_at = l->registered ? 0 : tmr_jiffies() + l->register_wait;
	if (l->registered)
		l->why[0] = l->refused = 0;
	else if (!l->refused && msg)
		snprintf(l->why, sizeof(l->why), "the registrar answered %u %.*s", msg->scode,
		         (int)(msg->reason.l > 60 ? 60 : msg->reason.l), msg->reason.p ? msg->reason.p : "");
	else if (!l->refused)
		snprintf(l->why, sizeof(l->why), "the registrar does not answer: %s", strerror(err));
	if (was != l->registered || !l->registered)
		line_note("register", "code=%u err=%d why=\"%s\"", msg ? msg->scode : 0, err, l->why);
}

/* libre waits half a minute and more after a failure; a line that is down is tried after two seconds, later after up to
 * a minute. */
int line_register(struct line *l)
{
	l->register_at = 0;
	l->register_wait = l->registered || !l->register_wait ? 2000
	                   : l->register_wait * 2 > 60000     ? 60000
	                                                      : l->register_wait * 2;
	l->reg = mem_deref(l->reg);
	return sipreg_register(&l->reg, l->sip, l->registrar, l->aor, NULL, l->aor, 60, l->user, NULL, 0, 0, leg_auth,
	                       l, false, line_registered, l, NULL, NULL);
}

/* Says why a certificate is refused; what to do about it is said in docs/PHONE.md. */
static int judge(int ok, X509_STORE_CTX *x)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct line *l = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if (!ok) {
		l->refused = true;
		snprintf(l->why, sizeof(l->why), "the certificate of the registrar is refused: %s",
		         X509_verify_cert_error_string(X509_STORE_CTX_get_error(x)));
		line_note("certificate", "error=\"%s\"", l->why);
	}
	return ok;
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
	if (o->ca ? tls_add_ca(l->tls, o->ca) : !SSL_CTX_set_default_verify_paths(ctx))
		return EINVAL;
	SSL_CTX_set_app_data(ctx, l);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, judge);
	p = p && strchr(p, ':') ? strchr(p, ':') + 1 : p ? p : l->trunk;
	snprintf(host, sizeof(host), "%.*s", (int)strcspn(p, ":;>"), p);
	if (!host[0]) /* engineers at SIP addresses of their own: whoever our authority vouches for */
		return 0;
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);
	if (!X509_VERIFY_PARAM_set1_ip_asc(param, host) && !X509_VERIFY_PARAM_set1_host(param, host, 0))
		return EINVAL;
	return 0;
}

int line_listen(struct line *l, const struct options *o)
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

/* DMARC (RFC 7489): SPF and DKIM, and whether what they vouch for is the domain in From. Where a domain publishes no
 * DMARC record, the same alignment is asked for, and what fails is merely unproven. */
#include "mime/origin_private.h"
#include <arpa/inet.h>
#include <libpsl.h>

struct policy {
	bool is, strict_dkim, strict_spf;
	struct str p;
};

struct dns_found origin_look(struct origin_run *r, struct str name, enum dns_type type)
{
	struct dns_ask ask = { str_lower(r->a, name), type };

	for (size_t i = 0; i < r->m->n_facts; i++) {
		const struct dns_fact *f = &r->m->facts[i];

		if (f->ask.type == type && str_eq(f->ask.name, ask.name))
			return f->packet.n ? dns_read(r->a, f->packet, &ask)
			                   : (struct dns_found){ .state = DNS_SILENT };
	}
	for (size_t i = 0; i < r->asks.n; i++)
		if (r->asks.at[i].type == type && str_eq(r->asks.at[i].name, ask.name))
			return (struct dns_found){ .state = DNS_UNKNOWN };
	*VEC_ADD(r->a, &r->asks) = ask;
	return (struct dns_found){ .state = DNS_UNKNOWN };
}

const char *origin_spf_name(enum origin_spf s)
{
	static const char *const name[] = { "none",     "neutral",   "pass",      "fail",
		                            "softfail", "temperror", "permerror", "not checked" };

	return name[s];
}

/* ---- Received ---- */

static bool to_ip(struct arena *a, struct str s, struct str *ret)
{
	unsigned char b[16];
	static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	if (str_starts_nocase(s, STR("IPv6:")))
		s = str_from(s, 5);
	if (s.n == 0 || s.n > 60)
		return false;
	char *z = str_z(a, s);
	if (inet_pton(AF_INET, z, b) == 1) {
		*ret = arena_str(a, (struct str){ (char *)b, 4 });
		return true;
	}
	if (inet_pton(AF_INET6, z, b) != 1)
		return false;
	bool v4 = memcmp(b, mapped, 12) == 0;
	*ret = arena_str(a, (struct str){ (char *)b + (v4 ? 12 : 0), v4 ? 4 : 16 });
	return true;
}

/* The last [address] of s; what a client said of itself (HELO) must be cut off before. */
static bool bracketed(struct arena *a, struct str s, struct str *ip)
{
	size_t from = STR_NONE;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '[')
			from = i;
	if (from == STR_NONE)
		return false;
	s = str_from(s, from + 1);
	return to_ip(a, str_sub(s, 0, str_find_byte(s, ']')), ip);
}

/* "from HELO (name [ip])" of Postfix, Sendmail and Exchange; "from name ([ip] helo=HELO)", "from [ip] (helo=HELO)" of
 * Exim. The word behind "from" is the client's own, and may well look like an address: it counts in Exim's form only.
 */
static bool received(struct arena *a, struct str v, struct str *ip, struct str *helo)
{
	v = str_trim(v);
	if (!str_starts_nocase(v, STR("from ")))
		return false;
	v = str_trim(str_from(v, 5));
	size_t n = 0;
	while (n < v.n && !strchr(" \t\r\n(", v.p[n]))
		n++;
	struct str word = str_sub(v, 0, n), rest = str_trim(str_from(v, n));
	*helo = word;
	if (!rest.n || rest.p[0] != '(')
		return false;
	rest = str_sub(rest, 1, str_find_byte(rest, ')') - 1);
	struct str low = str_lower(a, rest);
	size_t said = str_find(low, STR("helo=")), ident = str_find(low, STR("ident="));
	if (said != STR_NONE) {
		*helo = str_from(rest, said + 5);
		*helo = str_sub(*helo, 0, str_find_byte(*helo, ' '));
	}
	struct str before = str_sub(rest, 0, said < ident ? said : ident);
	if (bracketed(a, before, ip))
		return true;
	return said != STR_NONE && bracketed(a, word, ip);
}

bool origin_client(struct arena *a, struct str raw, int hops, struct str *ip, struct str *helo)
{
	origin_fields f = { 0 };

	origin_fields_read(a, raw, &f);
	for (size_t i = 0; i < f.n; i++)
		if (str_eq_nocase(f.at[i].name, STR("Received")) && --hops <= 0)
			return received(a, str_from(f.at[i].whole, str_find_byte(f.at[i].whole, ':') + 1), ip, helo);
	return false;
}

/* ---- DMARC ---- */

static struct str organisation(struct arena *a, struct str domain)
{
	const char *org;

	if (!dns_name_ok(domain))
		return domain;
	org = psl_registrable_domain(psl_builtin(), str_z(a, domain));
	return org ? arena_str(a, str_of(org)) : domain;
}

struct alignment {
	struct arena *a;
	struct str from;
	bool strict;
};

static bool is_aligned(void *arg, struct str domain)
{
	struct alignment *al = arg;

	if (al->strict || !dns_name_ok(domain))
		return str_eq(domain, al->from);
	return str_eq(organisation(al->a, domain), organisation(al->a, al->from));
}

static enum dns_state policy_at(struct origin_run *r, struct str domain, bool sub, struct policy *ret)
{
	struct str name = arena_strf(r->a, "_dmarc." STR_F, STR_A(domain));
	struct str record = STR_NULL;
	struct dns_found f;

	if (!dns_name_ok(name))
		return DNS_VOID;
	f = origin_look(r, name, DNS_TXT);
	if (f.state != DNS_FOUND)
		return f.state;
	for (size_t i = 0; i < f.n; i++) {
		if (!str_starts(f.at[i], STR("v=DMARC1")) || !str_is(origin_tag(f.at[i], "v"), "DMARC1"))
			continue;
		if (record.p)
			return DNS_VOID; /* two are none (6.6.3) */
		record = f.at[i];
	}
	if (!record.p)
		return DNS_VOID;
	*ret = (struct policy){ .is = true,
		                .strict_dkim = str_eq_nocase(origin_tag(record, "adkim"), STR("s")),
		                .strict_spf = str_eq_nocase(origin_tag(record, "aspf"), STR("s")),
		                .p = origin_tag(record, "p") };
	struct str sp = origin_tag(record, "sp");
	if (sub && sp.n)
		ret->p = sp;
	return DNS_FOUND;
}

static enum dns_state find_policy(struct origin_run *r, struct policy *ret)
{
	struct str from = r->m->from_domain, org = organisation(r->a, from);
	enum dns_state s = policy_at(r, from, false, ret);

	return s == DNS_VOID && !str_eq(org, from) ? policy_at(r, org, true, ret) : s;
}

static struct str crlf(struct arena *a, struct str s)
{
	size_t lone = 0, n = 0;

	for (size_t i = 0; i < s.n; i++)
		lone += s.p[i] == '\n' && (i == 0 || s.p[i - 1] != '\r');
	if (!lone)
		return s;
	char *p = arena_alloc(a, s.n + lone + 1);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n' && (i == 0 || s.p[i - 1] != '\r'))
			p[n++] = '\r';
		p[n++] = s.p[i];
	}
	return (struct str){ p, n };
}

/* What a stranger's record says goes into a sentence: only what is plain. */
static struct str plain(struct str s)
{
	size_t n = 0;

	while (n < s.n && n < 60 && s.p[n] > ' ' && s.p[n] < 0x7f)
		n++;
	return str_sub(s, 0, n);
}

static struct str in_words(struct arena *a, const struct origin *o, struct str spf_domain, const struct dkim_found *d,
                           const struct policy *p, enum dns_state state)
{
	static const char *const dkim[] = { "none", "pass", "fail", "temperror", "not checked" };
	AUTO_BUF b;

	buf_init(&b, 1000);
	buf_addf(&b, "SPF %s", origin_spf_name(o->spf));
	if (plain(spf_domain).n)
		buf_addf(&b, " (" STR_F ")", STR_A(plain(spf_domain)));
	buf_addf(&b, ", DKIM %s", dkim[d->any]);
	if (plain(d->domain).n)
		buf_addf(&b, " (" STR_F ")", STR_A(plain(d->domain)));
	buf_addf(&b, ", DMARC %s",
	         state == DNS_SILENT         ? "temperror"
	         : !p->is                    ? "none"
	         : o->verdict == ORIGIN_PASS ? "pass"
	                                     : "fail");
	if (p->is && plain(p->p).n)
		buf_addf(&b, " (p=" STR_F ")", STR_A(plain(p->p)));
	return arena_str(a, buf_str(&b));
}

static enum origin_verdict judge(const struct origin_run *r, const struct origin *o, const struct dkim_found *d,
                                 bool spf_aligned, const struct policy *p, enum dns_state state)
{
	if (state == DNS_UNKNOWN) /* how strict the domain is decides what aligned means */
		return ORIGIN_WAIT;
	if (state != DNS_SILENT && ((o->spf == SPF_PASS && spf_aligned) || d->aligned == DKIM_PASS))
		return ORIGIN_PASS;
	if (r->asks.n || d->aligned == DKIM_WAIT || o->spf == SPF_WAIT)
		return ORIGIN_WAIT;
	if (state == DNS_SILENT || d->aligned == DKIM_TEMPERROR || (o->spf == SPF_TEMPERROR && spf_aligned))
		return ORIGIN_SILENT;
	return p->is || (o->spf == SPF_FAIL && spf_aligned) ? ORIGIN_FAIL : ORIGIN_NONE;
}

static struct str return_path(const origin_fields *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (str_eq_nocase(f->at[i].name, STR("Return-Path"))) {
			struct str v = str_trim(str_from(f->at[i].whole, str_find_byte(f->at[i].whole, ':') + 1));
			size_t lt = str_find_byte(v, '<'), gt = str_find_byte(v, '>');

			return lt < gt && gt != STR_NONE ? str_sub(v, lt + 1, gt - lt - 1) : v;
		}
	return STR("");
}

void origin_check(struct arena *a, const struct origin_mail *m, struct origin *ret)
{
	struct origin_run r = { .a = a, .m = m };
	struct str raw = crlf(a, m->raw), head = raw, body = STR(""), ip, helo = STR(""), spf_domain = STR("");
	struct policy policy = { 0 };
	origin_fields f = { 0 };

	size_t cut = str_find(raw, STR("\r\n\r\n"));
	if (cut != STR_NONE) {
		head = str_sub(raw, 0, cut + 2);
		body = str_from(raw, cut + 4);
	}
	origin_fields_read(a, head, &f);
	*ret = (struct origin){ .spf = SPF_NONE };
	r.mail_from = m->mail_from.p ? m->mail_from : return_path(&f);
	enum dns_state state = find_policy(&r, &policy);
	if (origin_client(a, head, m->hops, &ip, &helo))
		ret->spf = spf_check(&r, ip, helo, &spf_domain);
	struct alignment by_dkim = { a, m->from_domain, policy.strict_dkim },
	                 by_spf = { a, m->from_domain, policy.strict_spf };
	struct dkim_found d = signature_check(&r, &f, body, is_aligned, &by_dkim);
	ret->dkim = d.any;
	ret->verdict = judge(&r, ret, &d, is_aligned(&by_spf, spf_domain), &policy, state);
	ret->said = in_words(a, ret, spf_domain, &d, &policy, state);
	ret->asks = r.asks.at;
	ret->n_asks = ret->verdict == ORIGIN_WAIT ? r.asks.n : 0;
}
